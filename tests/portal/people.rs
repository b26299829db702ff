//! People who work here: they are invited, choose two factors, sign in; what each may open.

use todoke::{
    access::{
        accounts::{self, Account, Change, Hand, Invitation},
        doors::{Answer as Opening, Door, Holder, Level, Standing},
        factors::{Kind, Shown},
        roles::Role,
        sessions,
    },
    ids::IspId,
    router,
    web::routes::Route,
};

use crate::{
    centre::{Centre, Visitor},
    log::has_key,
};

/// The provider of the tests' people.
pub(crate) const ISP: (IspId, &str) = (IspId(uuid::Uuid::from_u128(1)), "isp-a");

/// Another provider.
pub(crate) const OTHER: (IspId, &str) = (IspId(uuid::Uuid::from_u128(2)), "isp-b");

/// An account of that role, invited; those of providers belong to [`ISP`].
pub(crate) async fn invited(centre: &Centre, name: &str, role: Role) -> Account {
    let isp = role.is_of_provider().then_some(ISP);
    invited_to(centre, Invitation { name, role, isp }).await
}

async fn invited_to(centre: &Centre, invitation: Invitation<'_>) -> Account {
    accounts::invite(&centre.app, invitation, Hand::Machine("test")).await.unwrap().unwrap()
}

/// What stands behind a one-time link of that account.
pub(crate) async fn link(centre: &Centre, name: &str) -> String {
    accounts::link(&centre.app, name, Hand::Machine("test")).await.unwrap().unwrap()
}

/// Somebody of that role, signed in by both factors.
pub(crate) async fn signed_in(centre: &Centre, name: &str, role: Role) -> Visitor {
    let account = invited(centre, name, role).await;
    at_work(centre, &account).await
}

/// Somebody who manages the other provider, signed in by both factors.
pub(crate) async fn of_the_other(centre: &Centre, name: &str) -> Visitor {
    let invitation = Invitation { name, role: Role::IspManager, isp: Some(OTHER) };
    let account = invited_to(centre, invitation).await;
    at_work(centre, &account).await
}

async fn at_work(centre: &Centre, account: &Account) -> Visitor {
    let mut visitor = centre.visitor();
    visitor.cookie = Some(session(centre, account, Level::Full).await);
    visitor
}

/// The cookie of a session of that account that got so far.
pub(crate) async fn session(centre: &Centre, account: &Account, level: Level) -> String {
    let first = sessions::open(&centre.app, account, Level::First).await.unwrap();
    let secret = match level {
        Level::First => first,
        Level::Full => {
            let session = sessions::resume(&centre.app, &first).await.unwrap().unwrap();
            let shown = Shown::Factor(Kind::Totp);
            sessions::raise(&centre.app, &session, shown).await.unwrap()
        }
    };
    format!("__Host-todoke-staff={secret}")
}

/// What a page shows between two marks.
pub(crate) fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split_once(after).unwrap().0
}

/// The code that an app shows which was given the secret of this page.
pub(crate) fn code_of(centre: &Centre, secret: &str) -> String {
    let seconds = u64::try_from(centre.app.now().0 / 1_000_000).unwrap();
    let secret = totp_rs::Secret::try_from_base32(secret.replace(' ', "")).unwrap();
    totp_rs::Builder::new().with_secret(secret).build().unwrap().generate(seconds).to_string()
}

pub(crate) const PASSWORD: &str = "four%20quiet%20words%20here";

/// Enters by a link and chooses a password.
pub(crate) async fn comes_by_link(centre: &Centre, who: &mut Visitor, name: &str) {
    let code = link(centre, name).await;
    let entered = who.post("/sign-in/link", &format!("code={code}")).await;
    assert_eq!(entered.to(), "/account/setup#main");
    let chosen = format!("password={PASSWORD}&again={PASSWORD}");
    assert_eq!(who.post("/account/password", &chosen).await.to(), "/account/setup#main");
}

/// Enters by a link, chooses a password and an app; gives the app's secret and the recovery codes.
pub(crate) async fn sets_up(
    centre: &Centre,
    who: &mut Visitor,
    name: &str,
) -> (String, Vec<String>) {
    comes_by_link(centre, who, name).await;
    let page = who.get("/account/setup").await;
    let secret = between(&page.body, "<code>", "</code>").to_owned();
    let form = format!("label=phone&code={}", code_of(centre, &secret));
    let shown = who.post("/account/app", &form).await;
    let list = between(&shown.body, "<ol class=\"td-codes\">", "</ol>");
    let codes = list.split("<code>").skip(1).map(|one| one[..14].to_owned()).collect();
    (secret, codes)
}

#[tokio::test]
async fn an_invited_person_chooses_two_factors_and_then_signs_in_by_both() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (secret, codes) = sets_up(&centre, &mut person, "desk-1").await;
        assert_eq!(codes.len(), 10);
        assert_eq!(person.get("/admin/feeds").await.status, 200);
        person.post("/sign-out", "").await;
        assert_eq!(person.get("/admin/feeds").await.to(), "/sign-in#main");

        let form = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(person.post("/sign-in", &form).await.to(), "/sign-in/second#main");
        // A password alone opens nothing, and adds no factor either.
        for path in ["/admin/feeds", "/account", "/account/setup"] {
            assert_eq!(person.get(path).await.to(), "/sign-in/second#main", "{path}");
        }
        let code = code_of(&centre, &secret);
        let used = person.post("/sign-in/second", &format!("code={code}")).await;
        assert_eq!(used.status, 422, "the code that added the app is used up");
        centre.at("2026-05-10T09:01:00");
        let before = person.cookie.clone();
        let code = code_of(&centre, &secret);
        let good = person.post("/sign-in/second", &format!("code={code}")).await;
        assert_eq!(good.to(), "/admin/feeds#main");
        assert_ne!(person.cookie, before, "the second factor makes a new session");
        person.cookie = before;
        assert_eq!(person.get("/account").await.to(), "/sign-in#main", "the old one is over");
    }
}

#[tokio::test]
async fn a_recovery_code_opens_once() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (_, codes) = sets_up(&centre, &mut person, "desk-1").await;
        let form = format!("name=desk-1&password={PASSWORD}");
        for status in [303, 422] {
            person.post("/sign-out", "").await;
            centre.at(if status == 303 { "2026-05-10T09:01:00" } else { "2026-05-10T09:02:00" });
            person.post("/sign-in", &form).await;
            let code = format!("code={}", codes[3].to_uppercase());
            assert_eq!(person.post("/sign-in/second", &code).await.status, status);
        }
    }
}

#[tokio::test]
async fn a_link_opens_once_within_its_hour_and_no_confirmed_account() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let (code, late) = (link(&centre, "desk-1").await, link(&centre, "desk-1").await);
        let mut person = centre.visitor();
        let wrong = person.post("/sign-in/link", "code=guessed").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.body.contains("このリンクは使えません"));
        let form = format!("code=+{code}+");
        assert_eq!(person.post("/sign-in/link", &form).await.status, 303);
        assert_eq!(centre.visitor().post("/sign-in/link", &form).await.status, 422);
        centre.at("2026-05-10T10:00:01");
        let form = format!("code={late}");
        assert_eq!(centre.visitor().post("/sign-in/link", &form).await.status, 422);
        let mut person = centre.visitor();
        sets_up(&centre, &mut person, "desk-1").await;
        let refused = accounts::link(&centre.app, "desk-1", Hand::Machine("test")).await.unwrap();
        assert!(refused.is_err(), "a confirmed account is recovered, not linked");
    }
}

#[tokio::test]
async fn whoever_guesses_waits_longer_each_time_and_a_stranger_locks_nobody_out() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        sets_up(&centre, &mut person, "desk-1").await;
        let mut stranger = centre.visitor();
        stranger.from = "198.51.100.77".parse().unwrap();
        for name in ["desk-1", "nobody"] {
            let wrong = format!("name={name}&password=wrong-wrong-wrong");
            let first = stranger.post("/sign-in", &wrong).await;
            assert_eq!(first.status, 422);
            let second = stranger.post("/sign-in", &wrong).await;
            assert_eq!((second.status.as_u16(), second.header("retry-after")), (429, "2"));
        }
        // From elsewhere the owner is let in at once.
        let form = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(centre.visitor().post("/sign-in", &form).await.status, 303);
    }
}

#[tokio::test]
async fn a_recovered_account_is_entered_by_nothing_it_had_before() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (secret, codes) = sets_up(&centre, &mut person, "desk-1").await;
        let hand = Hand::Machine("test");
        accounts::change(&centre.app, "desk-1", Change::Recover, hand).await.unwrap().unwrap();
        assert_eq!(person.get("/account").await.to(), "/sign-in#main");
        let form = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(centre.visitor().post("/sign-in", &form).await.status, 422);
        let mut person = centre.visitor();
        person.from = "198.51.100.9".parse().unwrap();
        let code = link(&centre, "desk-1").await;
        person.post("/sign-in/link", &format!("code={code}")).await;
        for old in [code_of(&centre, &secret), codes[0].clone()] {
            let tried = person.post("/sign-in/second", &format!("code={old}")).await;
            assert_ne!(tried.status, 303, "nothing old opens");
        }
        assert_eq!(person.get("/admin/feeds").await.to(), "/account/setup#main");
    }
}

#[tokio::test]
async fn whoever_may_use_an_app_may_choose_a_passkey_on_the_same_page() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        comes_by_link(&centre, &mut person, "desk-1").await;
        let page = person.get("/account/setup").await;
        assert!(page.body.contains("/account/app"), "both are offered");
        let mut device = crate::device::Device::new();
        let options = between(&page.body, "data-options=\"", "\" data-cancelled");
        let answer = device.makes(options).await;
        let form = crate::centre::form(&[("label", "key"), ("answer", &answer)]);
        let codes = person.post("/account/passkey", &form).await;
        assert!(codes.body.contains("td-codes"), "{}", codes.body);
        assert_eq!(person.get("/admin/feeds").await.status, 200);
    }
}

#[tokio::test]
async fn a_manager_reaches_the_own_people_and_nobody_elses() {
    for centre in Centre::on_each_engine().await {
        let mut manager = signed_in(&centre, "manager-a", Role::IspManager).await;
        invited(&centre, "desk-1", Role::Intake).await;
        let other = (IspId(uuid::Uuid::from_u128(2)), "isp-b");
        let theirs = Invitation { name: "b-1", role: Role::IspStaff, isp: Some(other) };
        let hand = Hand::Machine("test");
        accounts::invite(&centre.app, theirs, hand).await.unwrap().unwrap();
        let made = manager.post("/isp/colleagues", "name=a-1&role=isp-staff").await;
        assert!(made.body.contains("/sign-in#"), "{}", made.body);
        for name in ["b-1", "desk-1", "manager-a", "nobody"] {
            for act in ["suspend", "end", "recover", "link"] {
                let path = format!("/isp/colleagues/{name}");
                let answer = manager.post(&path, &format!("act={act}")).await;
                assert_eq!(answer.status, 422, "{name} {act}");
                assert!(!answer.body.contains("/sign-in#"));
            }
        }
        for role in ["intake", "administrator"] {
            let form = format!("name=x-1&role={role}");
            assert_eq!(manager.post("/isp/colleagues", &form).await.status, 422);
        }
        let listed = manager.get("/isp/colleagues").await;
        assert!(listed.body.contains("a-1") && !listed.body.contains("b-1"));
        let before = accounts::named(&centre.app.db, "b-1").await.unwrap().unwrap();
        assert_eq!(before.standing(), Standing::Invited);
    }
}

#[tokio::test]
async fn whoever_invites_a_taken_name_learns_no_more_of_it_than_concerns_them() {
    for centre in Centre::on_each_engine().await {
        let mut manager = signed_in(&centre, "manager-a", Role::IspManager).await;
        let mut root = signed_in(&centre, "root-1", Role::Administrator).await;
        for name in ["desk-1", "desk-2"] {
            invited(&centre, name, Role::Intake).await;
        }
        let hand = Hand::Machine("test");
        accounts::change(&centre.app, "desk-2", Change::End, hand).await.unwrap().unwrap();
        for (name, known) in [("desk-1", "この名前はもうあります"), ("desk-2", "終了しています")]
        {
            let told = root.post("/admin/accounts", &format!("name={name}&role=intake")).await;
            assert!(told.status == 422 && told.body.contains(known), "{}", told.body);
            let form = format!("name={name}&role=isp-staff");
            let told = manager.post("/isp/colleagues", &form).await;
            assert!(told.body.contains("この名前は使えません。別の名前"), "{}", told.body);
            assert!(told.status == 422 && !told.body.contains(known), "{}", told.body);
        }
        for number in 0..10 {
            let (mut one, mut other) = (manager.clone(), manager.clone());
            let form = format!("name=a-{number}&role=isp-staff");
            let (one, other) = tokio::join!(
                one.post("/isp/colleagues", &form),
                other.post("/isp/colleagues", &form)
            );
            let mut answers = [one.status.as_u16(), other.status.as_u16()];
            answers.sort_unstable();
            assert_eq!(answers, [200, 422], "one is invited, whoever asks at once is refused");
        }
    }
}

/// Every pair of a role and a way to stand, with a session that got so far.
fn holders() -> Vec<Holder> {
    let mut holders = Vec::new();
    for role in Role::ALL {
        for standing in Standing::ALL {
            for level in [Level::First, Level::Full] {
                holders.push(Holder { role, standing, level });
            }
        }
    }
    holders
}

/// The cookie of a session whose account stands so.
async fn cookie_of(centre: &Centre, holder: Holder) -> String {
    let name = format!("{}-{:?}-{:?}", holder.role.word(), holder.standing, holder.level);
    let account = invited(centre, &name, holder.role).await;
    let confirmed = holder.standing != Standing::Invited;
    if confirmed {
        session(centre, &account, Level::Full).await;
    }
    let account = accounts::named(&centre.app.db, &name).await.unwrap().unwrap();
    // A session that ends with its account is of interest, so it is there before.
    let secret = sessions::open(&centre.app, &account, holder.level).await.unwrap();
    let change = match holder.standing {
        Standing::Suspended => Some(Change::Suspend),
        Standing::Ended => Some(Change::End),
        Standing::Invited | Standing::Confirmed => None,
    };
    if let Some(change) = change {
        let hand = Hand::Machine("test");
        accounts::change(&centre.app, &name, change, hand).await.unwrap().unwrap();
    }
    format!("__Host-todoke-staff={secret}")
}

/// What an answer of the site amounts to, in either language.
fn opening(answer: &crate::centre::Answer) -> Opening {
    let to = answer.to();
    match (answer.status.as_u16(), to.strip_prefix("/en").unwrap_or(to)) {
        (303, "/sign-in#main") => Opening::SignIn,
        (303, "/sign-in/second#main" | "/account/setup#main") => Opening::SecondFactor,
        (403, _) => Opening::Forbidden,
        (401, _) => Opening::NoToken,
        _ => Opening::Opens,
    }
}

/// Asks at a door as somebody; fails where it does not answer as it says.
async fn knocks(visitor: &mut Visitor, (route, twin): (&Route, &str), holder: Option<Holder>) {
    let path = route.path.replace(['{', '}'], "").replace('*', "");
    let path = format!("{twin}{path}");
    let cookie = visitor.cookie.clone();
    let answer = match route.method.as_str() {
        "GET" => visitor.get(&path).await,
        _ => visitor.post(&path, "").await,
    };
    visitor.cookie = cookie;
    let said = format!("{} {path} {} {holder:?}: {}", route.method, route.door, answer.status);
    assert!(answer.status.as_u16() < 500, "{said}");
    match (route.door, route.door.answer(holder), opening(&answer)) {
        // Behind this one a session is looked at once more: what comes next is asked for.
        (Door::Entering, Opening::Opens, is) => {
            assert!(matches!(is, Opening::Opens | Opening::SecondFactor), "{said}");
        }
        (_, wanted, is) => assert_eq!(is, wanted, "{said}"),
    }
}

#[tokio::test]
async fn every_route_opens_to_whom_its_door_says_and_to_nobody_else() {
    let mut holders: Vec<Option<Holder>> = holders().into_iter().map(Some).collect();
    holders.push(None);
    // Where everybody may go tells nothing of a door.
    let routes = router::list().into_iter().filter(|route| route.door != Door::Public);
    let routes: Vec<_> = routes.collect();
    for centre in Centre::on_each_engine().await {
        // Without one there is no export of the audit log for anybody.
        has_key(&centre);
        let (mut cells, mut twins) = (0, 0);
        for &holder in &holders {
            let mut visitor = centre.visitor();
            if let Some(holder) = holder {
                visitor.cookie = Some(cookie_of(&centre, holder).await);
            }
            let is_in =
                |one: Holder| one.level == Level::Full && one.standing == Standing::Confirmed;
            for route in &routes {
                knocks(&mut visitor, (route, ""), holder).await;
                cells += 1;
                // Machines are answered in one language.
                let is_page = !matches!(route.door, Door::FeedToken | Door::ProviderToken);
                if is_page && holder.is_none_or(is_in) {
                    knocks(&mut visitor, (route, "/en"), holder).await;
                    twins += 1;
                }
            }
        }
        println!("{} routes, {cells} cells, {twins} of them in English as well", routes.len());
        assert!(cells > 1_000 && twins > 1_000);
    }
}

#[test]
fn the_matrix_of_who_may_do_what_is_as_it_was_agreed() {
    let mut lines = Vec::new();
    for route in router::list() {
        let opens = |role: &Role| {
            let (standing, level) = (Standing::Confirmed, Level::Full);
            route.door.answer(Some(Holder { role: *role, standing, level })) == Opening::Opens
        };
        let who: Vec<&str> = Role::ALL.into_iter().filter(opens).map(Role::word).collect();
        let who = if who.len() == Role::ALL.len() { "all".to_owned() } else { who.join(" ") };
        lines.push(format!("{} {} | {} | {who}", route.method, route.path, route.door));
    }
    insta::with_settings!({ snapshot_path => "access" }, {
        insta::assert_snapshot!(lines.join("\n"));
    });
}
