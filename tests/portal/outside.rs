//! Outside identities: a provider says who somebody is, and no account is opened by that alone.

use std::{fs, io::Write as _, net::IpAddr};

use todoke::{
    access::{
        accounts::{self, Change, Hand},
        keys,
        roles::Role,
    },
    config::{Centre as Settings, Oidc},
    time::{Clock, Moment},
};

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    issuer::{CLIENT, Issuer, Lie, OidcProvider},
    people::{PASSWORD, between, code_of, invited, link, sets_up, signed_in},
};

/// The same centre, which lets the provider of that name say who people are.
fn trusting(mut centre: Centre, issuer: &str) -> Centre {
    let secret = centre.app.data.join("oidc.secret");
    let mut file = keys::private().write(true).create(true).truncate(true).open(&secret).unwrap();
    writeln!(file, "{}", CLIENT.1).unwrap();
    let oidc = Oidc {
        issuer: issuer.to_owned(),
        client_id: CLIENT.0.to_owned(),
        client_secret_file: Some(secret),
        name_ja: "県庁ID".to_owned(),
        name_en: "Prefecture ID".to_owned(),
        servers: Vec::new(),
        allow_private: true,
        ca_file: None,
    };
    let settings = Settings { oidc: Some(oidc), ..Settings::placeholder() };
    settings.fit_to_serve(IpAddr::from([127, 0, 0, 1])).unwrap();
    centre.app = centre.app.clone().run_by(settings);
    centre
}

/// Where a page sends a browser, with nobody pressing anything or by its button.
fn address(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.body);
    let by_itself = between(&page.body, "content=\"0; url=", "\"").to_owned();
    let by_button = between(&page.body, "class=\"td-button\" href=\"", "\"");
    assert_eq!(by_itself, by_button);
    by_itself.replace("&#38;", "&")
}

/// Goes out from the page of that address as `subject`; gives the path of the way back.
async fn goes_out(
    (centre, issuer): (&Centre, &Issuer),
    who: &mut Visitor,
    from: &str,
    said: (&str, Lie),
) -> String {
    let url = address(&who.post(from, "").await);
    let back = issuer.says(&url, said, centre.app.now());
    back.strip_prefix("http://localhost:8080").unwrap().to_owned()
}

/// The same, and comes back.
async fn comes_back(
    places: (&Centre, &Issuer),
    who: &mut Visitor,
    from: &str,
    said: (&str, Lie),
) -> Answer {
    let back = goes_out(places, who, from, said).await;
    who.get(&back).await
}

/// Somebody new at another address.
fn stranger(centre: &Centre, number: u8) -> Visitor {
    let mut who = centre.visitor();
    who.from = IpAddr::from([198, 51, 100, number]);
    who
}

/// Makes an account with a password and an app, and binds it; gives its person and the app.
async fn bound(places: (&Centre, &Issuer), name: &str, subject: &str) -> (Visitor, String) {
    let (centre, _) = places;
    invited(centre, name, Role::Intake).await;
    let mut person = centre.visitor();
    let (secret, _) = sets_up(centre, &mut person, name).await;
    let back = comes_back(places, &mut person, "/account/oidc", (subject, Lie::None)).await;
    assert_eq!(back.to(), "/account#main", "{}", back.body);
    (person, secret)
}

const ACTS: &str = "SELECT act FROM audit_leaves WHERE act LIKE 'account.%' ORDER BY no";
const SESSIONS: &str = "SELECT level FROM account_sessions WHERE level = 'first'";

#[tokio::test]
async fn whoever_bound_an_identity_signs_in_by_it_and_still_shows_the_second_factor() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        let (mut person, secret) = bound(places, "desk-1", "person-1").await;
        let account = person.get("/account").await;
        assert!(account.body.contains("2026年5月10日(日)に結びました"), "{}", account.body);
        person.post("/sign-out", "").await;
        let form = person.get("/en/sign-in").await;
        assert!(form.body.contains("Sign in with Prefecture ID"), "{}", form.body);

        let back =
            comes_back(places, &mut person, "/en/sign-in/oidc", ("person-1", Lie::None)).await;
        assert_eq!(back.to(), "/en/sign-in/second#main", "{}", back.body);
        for path in ["/admin/feeds", "/account"] {
            assert_eq!(person.get(path).await.to(), "/sign-in/second#main", "{path}");
        }
        let further = person.post("/account/oidc", "").await;
        assert_eq!(further.to(), "/sign-in/second#main", "one factor binds nothing");
        centre.at("2026-05-10T09:01:00");
        let code = format!("code={}", code_of(&centre, &secret));
        assert_eq!(person.post("/sign-in/second", &code).await.to(), "/admin/feeds#main");

        let off = person.post("/account/oidc/unbind", "").await;
        assert_eq!(off.to(), "/account#outside");
        person.post("/sign-out", "").await;
        let back = comes_back(places, &mut person, "/sign-in/oidc", ("person-1", Lie::None)).await;
        assert_eq!(back.status, 422);
        let acts = texts!(&centre.app.db, ACTS);
        let wanted = ["account.outside-id-bound", "account.outside-id-unbound"];
        let told: Vec<_> = acts.iter().filter(|act| act.contains("outside")).collect();
        assert_eq!(told, wanted);
    }
}

#[tokio::test]
async fn what_the_provider_does_not_prove_opens_nothing() {
    let issuer = Issuer::start();
    let centre = trusting(Centre::on_sqlite().await, &issuer.name());
    let places = (&centre, &issuer);
    bound(places, "desk-1", "person-1").await;
    let before = texts!(&centre.app.db, SESSIONS).len();
    for (number, lie) in Lie::ALL.into_iter().enumerate() {
        let mut who = stranger(&centre, 10 + u8::try_from(number).unwrap());
        let back = comes_back(places, &mut who, "/sign-in/oidc", ("person-1", lie)).await;
        assert_eq!(back.status, 422, "{lie:?}");
        assert!(
            back.body.contains("県庁IDの答えを確かめられませんでした"),
            "{lie:?} {}",
            back.body
        );
        assert_eq!(who.cookie, None, "{lie:?}");
    }
    assert_eq!(texts!(&centre.app.db, SESSIONS).len(), before);
    let mut who = stranger(&centre, 9);
    let back = comes_back(places, &mut who, "/sign-in/oidc", ("person-1", Lie::None)).await;
    assert_eq!(back.to(), "/sign-in/second#main", "the truth opens");
}

#[tokio::test]
async fn a_way_back_is_good_once_in_the_browser_that_went_out_and_for_ten_minutes() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        bound(places, "desk-1", "person-1").await;
        let said = ("person-1", Lie::None);
        let lost = |answer: &Answer| {
            assert_eq!(answer.status, 422, "{}", answer.to());
            assert!(answer.body.contains("始めた画面と合わないか"), "{}", answer.body);
            assert!(!answer.body.contains("code="), "no link carries the code on");
        };

        let mut owner = stranger(&centre, 1);
        let back = goes_out(places, &mut owner, "/sign-in/oidc", said).await;
        lost(&stranger(&centre, 2).get(&back).await);
        let mut thief = stranger(&centre, 3);
        goes_out(places, &mut thief, "/sign-in/oidc", said).await;
        lost(&thief.get(&back).await);
        let mut again = owner.clone();
        assert_eq!(owner.get(&back).await.to(), "/sign-in/second#main");
        again.from = IpAddr::from([198, 51, 100, 4]);
        lost(&again.get(&back).await);

        for (number, query) in
            ["error=access_denied", "iss=https%3A%2F%2Fother.example&code=x", "code=guessed"]
                .into_iter()
                .enumerate()
        {
            let mut who = stranger(&centre, 20 + u8::try_from(number).unwrap());
            let back = goes_out(places, &mut who, "/sign-in/oidc", said).await;
            let state = back.rsplit_once("state=").unwrap().1;
            let back = format!("/sign-in/oidc/back?state={state}&{query}");
            let answer = who.get(&back).await;
            assert_eq!(answer.status, 422, "{query}");
            assert!(answer.body.contains("もう一度お試しください"), "{query} {}", answer.body);
        }
        let mut late = stranger(&centre, 5);
        let back = goes_out(places, &mut late, "/sign-in/oidc", said).await;
        centre.at("2026-05-10T09:10:00");
        lost(&late.get(&back).await);
        let mut next = stranger(&centre, 6);
        goes_out(places, &mut next, "/sign-in/oidc", said).await;
        let kept = texts!(&centre.app.db, "SELECT 'one' FROM account_outings");
        assert_eq!(kept.len(), 1, "whoever did not come back is forgotten");
    }
}

#[tokio::test]
async fn whoever_goes_out_again_and_again_waits_and_locks_nobody_out() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        bound(places, "desk-1", "person-1").await;
        let mut pest = stranger(&centre, 7);
        // Coming back with nothing counts for nothing, however often.
        for _ in 0..120 {
            assert_eq!(pest.get("/sign-in/oidc/back?code=x&state=y").await.status, 422);
        }
        let out = pest.post("/sign-in/oidc", "").await;
        assert_eq!(out.status, 200);
        let again = pest.post("/sign-in/oidc", "").await;
        assert_eq!((again.status.as_u16(), again.header("retry-after")), (429, "2"));
        let kept = texts!(&centre.app.db, "SELECT 'one' FROM account_outings");
        assert_eq!(kept.len(), 1, "whoever waits leaves nothing behind");
        for second in 0..120 {
            centre.at(&format!("2026-05-10T10:{:02}:{:02}", second / 10, second % 10 * 6));
            assert_eq!(pest.post("/sign-in/oidc", "").await.status, 200, "{second}");
        }
        // Six seconds on, somebody with the same source gets in, and with that all is forgotten.
        centre.at("2026-05-10T10:12:00");
        let mut owner = stranger(&centre, 7);
        let back = comes_back(places, &mut owner, "/sign-in/oidc", ("person-1", Lie::None)).await;
        assert_eq!(back.to(), "/sign-in/second#main");
        assert_eq!(pest.post("/sign-in/oidc", "").await.status, 200);
        assert_eq!(pest.post("/sign-in/oidc", "").await.status, 429);
    }
}

#[tokio::test]
async fn an_identity_that_nobody_bound_opens_nothing_whatever_its_mail() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        bound(places, "desk-1", "person-1").await;
        // Every token of this provider bears the same mail, and one bears the name of an account.
        for (number, subject) in ["person-2", "desk-1", "PERSON-1"].into_iter().enumerate() {
            let mut who = stranger(&centre, 10 + u8::try_from(number).unwrap());
            let back = comes_back(places, &mut who, "/sign-in/oidc", (subject, Lie::None)).await;
            assert_eq!(back.status, 422, "{subject}");
            let words = "パスワードで入り、「自分のアカウント」で結んでください";
            assert!(back.body.contains(words), "{}", back.body);
            assert_eq!(who.cookie, None);
        }
        let names: Vec<_> = accounts::all(&centre.app.db).await.unwrap();
        assert_eq!(names.len(), 1, "no account comes of it");
    }
}

#[tokio::test]
async fn a_suspended_recovered_or_ended_account_is_opened_by_no_identity() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        bound(places, "desk-1", "person-1").await;
        let hand = Hand::Machine("test");
        let changes = [
            (Change::Suspend, 422),
            (Change::Restore, 303),
            (Change::Recover, 422),
            (Change::End, 422),
        ];
        for (number, (change, status)) in changes.into_iter().enumerate() {
            accounts::change(&centre.app, "desk-1", change, hand).await.unwrap().unwrap();
            let mut who = stranger(&centre, 10 + u8::try_from(number).unwrap());
            let said = ("person-1", Lie::None);
            let back = comes_back(places, &mut who, "/sign-in/oidc", said).await;
            assert_eq!(back.status, status, "{change:?}");
        }
        let by = "SELECT unbound_by FROM account_outside_ids WHERE unbound_at IS NOT NULL";
        assert_eq!(texts!(&centre.app.db, by), ["test"]);
    }
}

#[tokio::test]
async fn an_identity_is_bound_to_one_account_by_its_own_person() {
    for centre in Centre::on_each_engine().await {
        let issuer = Issuer::start();
        let centre = trusting(centre, &issuer.name());
        let places = (&centre, &issuer);
        let (mut first, _) = bound(places, "desk-1", "person-1").await;
        let mut second = signed_in(&centre, "desk-2", Role::Auditor).await;
        second.from = IpAddr::from([198, 51, 100, 2]);
        let taken = comes_back(places, &mut second, "/account/oidc", ("person-1", Lie::None)).await;
        assert_eq!(taken.status, 422);
        assert!(taken.body.contains("ほかのアカウントと結ばれています"), "{}", taken.body);
        first.from = IpAddr::from([198, 51, 100, 3]);
        let other = comes_back(places, &mut first, "/account/oidc", ("person-9", Lie::None)).await;
        assert!(other.body.contains("もう別のIDと結ばれています"), "{}", other.body);
        first.from = IpAddr::from([198, 51, 100, 4]);
        let again = comes_back(places, &mut first, "/account/oidc", ("person-1", Lie::None)).await;
        assert_eq!(again.to(), "/account#main", "once more changes nothing");

        // Whoever sits there when the browser comes back is not who went out.
        let said = ("person-3", Lie::None);
        let mut third = signed_in(&centre, "desk-3", Role::Auditor).await;
        third.from = IpAddr::from([198, 51, 100, 5]);
        let back = goes_out(places, &mut third, "/account/oidc", said).await;
        let out = third.cookie.clone().unwrap();
        let out = out.split("; ").find(|one| one.contains("-out=")).unwrap().to_owned();
        third.cookie = Some(format!("{}; {out}", second.cookie.clone().unwrap()));
        let answer = third.get(&back).await;
        assert!(answer.body.contains("途中で作業が終わりました"), "{}", answer.body);
        let bound = texts!(&centre.app.db, "SELECT bound_by FROM account_outside_ids");
        assert_eq!(bound, ["desk-1"]);
    }
}

#[tokio::test]
async fn an_invited_person_may_bind_an_identity_instead_of_choosing_a_password() {
    let issuer = Issuer::start();
    let centre = trusting(Centre::on_sqlite().await, &issuer.name());
    let places = (&centre, &issuer);
    invited(&centre, "desk-1", Role::Intake).await;
    let code = link(&centre, "desk-1").await;
    let mut person = centre.visitor();
    person.post("/sign-in/link", &format!("code={code}")).await;
    let page = person.get("/account/setup").await;
    assert!(page.body.contains("県庁IDと結ぶ"), "{}", page.body);
    let back = comes_back(places, &mut person, "/account/oidc", ("person-1", Lie::None)).await;
    assert_eq!(back.to(), "/account/setup#main");
    let page = person.get("/account/setup").await;
    let secret = between(&page.body, "<code>", "</code>").to_owned();
    let app = format!("label=phone&code={}", code_of(&centre, &secret));
    assert!(person.post("/account/app", &app).await.body.contains("td-codes"));
    assert_eq!(person.get("/admin/feeds").await.status, 200);

    let only = person.post("/account/oidc/unbind", "").await;
    assert_eq!(only.status, 422);
    assert!(only.body.contains("先にパスワードを決めてください"), "{}", only.body);
    let chosen = format!("password={PASSWORD}&again={PASSWORD}");
    assert_eq!(person.post("/account/password", &chosen).await.to(), "/account#main");
    assert_eq!(person.post("/account/oidc/unbind", "").await.to(), "/account#outside");
}

#[tokio::test]
async fn an_administrator_who_comes_by_an_identity_still_needs_the_passkey() {
    let issuer = Issuer::start();
    let centre = trusting(Centre::on_sqlite().await, &issuer.name());
    let places = (&centre, &issuer);
    invited(&centre, "root-1", Role::Administrator).await;
    let code = link(&centre, "root-1").await;
    let mut person = centre.visitor();
    person.post("/sign-in/link", &format!("code={code}")).await;
    comes_back(places, &mut person, "/account/oidc", ("root", Lie::None)).await;
    assert_eq!(person.post("/account/app", "label=x&code=123456").await.status, 422);
    let mut device = crate::device::Device::new();
    let page = person.get("/account/setup").await;
    let options = between(&page.body, "data-options=\"", "\" data-cancelled");
    let answer = device.makes(options).await;
    let made = form(&[("label", "key"), ("answer", &answer)]);
    let made = person.post("/account/passkey", &made).await;
    assert_eq!(made.to(), "/account/setup#main", "no recovery codes, and another passkey");

    person.post("/sign-out", "").await;
    let back = comes_back(places, &mut person, "/sign-in/oidc", ("root", Lie::None)).await;
    assert_eq!(back.to(), "/sign-in/second#main");
    assert_eq!(person.get("/admin/accounts").await.to(), "/sign-in/second#main");
    let page = person.get("/sign-in/second").await;
    let options = between(&page.body, "data-options=\"", "\" data-cancelled").to_owned();
    let shown = form(&[("answer", &device.shows(&options).await)]);
    assert_eq!(person.post("/sign-in/passkey", &shown).await.to(), "/account/setup#main");
    assert_eq!(person.get("/admin/accounts").await.status, 200);
}

#[tokio::test]
async fn without_a_provider_there_is_neither_button_nor_page() {
    let centre = Centre::on_sqlite().await;
    let mut person = signed_in(&centre, "desk-1", Role::Intake).await;
    for page in ["/sign-in", "/account"] {
        let body = person.get(page).await.body;
        assert!(!body.contains("oidc") && !body.contains("外部のID"), "{body}");
    }
    assert_eq!(person.post("/sign-in/oidc", "").await.status, 404);
    assert_eq!(person.post("/account/oidc", "").await.status, 404);
    assert_eq!(person.get("/sign-in/oidc/back?code=x&state=y").await.status, 404);
}

#[tokio::test]
async fn a_provider_is_asked_seldom_and_one_out_of_reach_is_said_to_be() {
    let issuer = Issuer::start();
    let centre = trusting(Centre::on_sqlite().await, &issuer.name());
    let places = (&centre, &issuer);
    bound(places, "desk-1", "person-1").await;
    for number in 1..6 {
        address(&stranger(&centre, number).post("/sign-in/oidc", "").await);
    }
    assert_eq!(issuer.asked("/jwks"), 1);
    // It signs by a new key, which is fetched when the first token bears it.
    issuer.changes_its_key();
    centre.at("2026-05-10T09:02:00");
    let mut person = stranger(&centre, 7);
    let back = comes_back(places, &mut person, "/sign-in/oidc", ("person-1", Lie::None)).await;
    assert_eq!(back.to(), "/sign-in/second#main", "{}", back.body);
    assert_eq!(issuer.asked("/jwks"), 2);

    let centre = trusting(centre, "http://127.0.0.1:9");
    let away = centre.visitor().post("/sign-in/oidc", "").await;
    assert_eq!(away.status, 502);
    assert!(away.body.contains("いま県庁IDにつながりません"), "{}", away.body);
}

#[test]
fn settings_by_which_nobody_could_come_in_are_refused_before_anybody_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let here = IpAddr::from([127, 0, 0, 1]);
    let secret = folder.path().join("secret");
    fs::write(&secret, "open to all\n").unwrap();
    let begin = "name_ja = \"窓口\"\nname_en = \"Desk\"\nphone = \"0120-111-222\"\n\
        hours_ja = \"毎日\"\nhours_en = \"daily\"\ndomain = \"desk.example.jp\"\n[oidc]\n\
        client_id = \"todoke\"\nname_ja = \"県庁ID\"\nname_en = \"Prefecture ID\"\n";
    let said = |rest: &str| {
        fs::write(folder.path().join("centre.toml"), format!("{begin}{rest}")).unwrap();
        let settings = Settings::load(folder.path());
        settings.and_then(|it| it.fit_to_serve(here)).map_err(|why| format!("{why:#}"))
    };
    assert!(said("issuer = \"https://id.example.jp\"\n").is_ok());
    let open = format!(
        "issuer = \"https://id.example.jp\"\nclient_secret_file = \"{}\"\n",
        secret.display()
    );
    assert!(said(&open).unwrap_err().contains("chmod 600"));
    assert!(said("issuer = \"id.example.jp\"\n").unwrap_err().contains("https://"));
    assert!(said("issuer = \"https://id.example.jp\"\nsecret = \"x\"\n").is_err());
}

#[tokio::test]
async fn a_published_provider_and_this_centre_understand_each_other() {
    let Some(provider) = OidcProvider::start() else { return };
    for centre in Centre::on_each_engine().await {
        let mut centre = trusting(centre, &provider.issuer());
        // Its tokens bear the time of day.
        centre.app = centre.app.clone().on_clock(Clock::standing_at(Clock::Wall.now()));
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (secret, _) = sets_up(&centre, &mut person, "desk-1").await;
        let comes = async |who: &mut Visitor, from: &str, subject: &str| {
            let url = address(&who.post(from, "").await);
            let back = OidcProvider::says(&url, subject);
            who.get(back.strip_prefix("http://localhost:8080").unwrap()).await
        };
        let back = comes(&mut person, "/account/oidc", "person-1").await;
        assert_eq!(back.to(), "/account#main", "{}", back.body);
        person.post("/sign-out", "").await;
        let back = comes(&mut person, "/sign-in/oidc", "person-1").await;
        assert_eq!(back.to(), "/sign-in/second#main", "{}", back.body);
        let later = Moment(centre.app.now().0 + 60_000_000);
        centre.app.clock.set(later);
        let code = format!("code={}", code_of(&centre, &secret));
        assert_eq!(person.post("/sign-in/second", &code).await.to(), "/admin/feeds#main");
        let other = comes(&mut stranger(&centre, 2), "/sign-in/oidc", "person-2").await;
        assert_eq!(other.status, 422);
        // Its tokens are good for an hour of its own clock, and this centre reads another one.
        let hours = Clock::standing_at(Moment(later.0 + 2 * 60 * 60_000_000));
        centre.app = centre.app.clone().on_clock(hours);
        let late = comes(&mut stranger(&centre, 3), "/sign-in/oidc", "person-1").await;
        assert_eq!(late.status, 422);
        assert!(late.body.contains("県庁IDの答えを確かめられませんでした"), "{}", late.body);
    }
}

#[tokio::test]
async fn failures_to_sign_in_are_forgotten_after_two_days_and_sessions_after_thirty() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        sets_up(&centre, &mut person, "desk-1").await;
        let wrong = "name=desk-1&password=wrong-wrong-wrong";
        for number in 0..5 {
            assert_eq!(stranger(&centre, number).post("/sign-in", wrong).await.status, 422);
        }
        let failures = "SELECT 'one' FROM sign_in_failures";
        assert_eq!(texts!(&centre.app.db, failures).len(), 10, "a pair and a source each");
        let sessions = "SELECT level FROM account_sessions";
        assert_eq!(texts!(&centre.app.db, sessions), ["first", "full"]);
        centre.at("2026-05-12T09:00:01");
        stranger(&centre, 9).post("/sign-in", wrong).await;
        assert_eq!(texts!(&centre.app.db, failures).len(), 2);
        centre.at("2026-06-20T09:00:00");
        let right = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(centre.visitor().post("/sign-in", &right).await.status, 303);
        assert_eq!(texts!(&centre.app.db, sessions), ["first"], "the ended ones are gone");
        assert_eq!(texts!(&centre.app.db, failures).len(), 0);
    }
}
