//! What opens an account and what does not: factors by role, their changes, floods, first pages.

use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use todoke::access::{
    accounts::{self, Change, Hand},
    doors::Level,
    roles::Role,
};

use crate::{
    centre::{Answer, Centre, Visitor, form, run, texts},
    device::Device,
    people::{PASSWORD, between, code_of, comes_by_link, invited, session, sets_up, signed_in},
};

const WRONG: &str = "password=wrong-wrong-wrong";

/// What a page hands to a device.
fn options(page: &Answer) -> String {
    between(&page.body, "data-options=\"", "\" data-cancelled").to_owned()
}

/// Adds a passkey on the page that asks for one.
async fn adds(person: &mut Visitor, device: &mut Device) -> Answer {
    let page = person.get("/account/setup").await;
    let answer = device.makes(&options(&page)).await;
    person.post("/account/passkey", &form(&[("label", "key"), ("answer", &answer)])).await
}

/// Enters by name and password; gives the page of the second step.
async fn comes(person: &mut Visitor, name: &str) -> Answer {
    let entered = person.post("/sign-in", &format!("name={name}&password={PASSWORD}")).await;
    assert_eq!(entered.to(), "/sign-in/second#main");
    person.get("/sign-in/second").await
}

/// The form by which the device answers a page.
async fn shown(device: &mut Device, page: &Answer) -> String {
    form(&[("answer", &device.shows(&options(page)).await)])
}

/// The details of the leaves of an act.
async fn details(centre: &Centre, act: &str) -> Vec<String> {
    let all = "SELECT act || ' ' || COALESCE(detail, '-') FROM audit_leaves ORDER BY no";
    let all = texts!(&centre.app.db, all);
    let wanted = format!("account.{act} ");
    all.iter().filter_map(|leaf| leaf.strip_prefix(&wanted)).map(str::to_owned).collect()
}

fn from(centre: &Centre, place: [u8; 4]) -> Visitor {
    let mut visitor = centre.visitor();
    visitor.from = IpAddr::from(place);
    visitor
}

#[tokio::test]
async fn an_administrator_gets_in_by_a_passkey_alone() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "root-1", Role::Administrator).await;
        let mut person = centre.visitor();
        comes_by_link(&centre, &mut person, "root-1").await;
        let page = person.get("/account/setup").await;
        assert!(!page.body.contains("/account/app"), "no app is offered");
        let app = person.post("/account/app", "label=x&code=123456").await;
        assert_eq!(app.status, 422);

        let (mut first, mut second) = (Device::new(), Device::new());
        let added = adds(&mut person, &mut first).await;
        assert_eq!(added.to(), "/account/setup#main", "no recovery codes, and another passkey");
        assert_eq!(person.get("/admin/accounts").await.status, 200);
        let asked = person.get("/account/setup").await;
        assert!(asked.body.contains("パスキーをもう一つ") && asked.body.contains("あとで登録する"));
        person.post("/sign-out", "").await;
        let page = comes(&mut person, "root-1").await;
        let proof = shown(&mut first, &page).await;
        assert_eq!(person.post("/sign-in/passkey", &proof).await.to(), "/account/setup#main");
        assert!(person.get("/account").await.body.contains("パスキーが一つだけです"));
        assert_eq!(adds(&mut person, &mut second).await.to(), "/account#main");
        let own = person.get("/account").await;
        assert!(!own.body.contains("パスキーが一つだけです"), "{}", own.body);
        assert!(!own.body.contains("/account/codes"), "{}", own.body);
        let codes = person.post("/account/codes", "").await;
        assert_eq!(codes.status, 422, "none are made");
        let kept = "SELECT 'one' FROM account_recovery_codes";
        assert!(texts!(&centre.app.db, kept).is_empty());

        for device in [&mut first, &mut second] {
            person.post("/sign-out", "").await;
            let page = comes(&mut person, "root-1").await;
            assert!(!page.body.contains("second-code"), "no code is asked for");
            let proof = shown(device, &page).await;
            let good = person.post("/sign-in/passkey", &proof).await;
            assert_eq!(good.to(), "/admin/accounts#main");
            person.post("/sign-out", "").await;
            comes(&mut person, "root-1").await;
            let replayed = person.post("/sign-in/passkey", &proof).await;
            assert_eq!(replayed.status, 422, "an answer to another question opens nothing");
        }
        let factors = details(&centre, "signed-in").await;
        assert!(factors.iter().all(|one| one == r#"{"factor":"passkey"}"#), "{factors:?}");
    }
}

#[tokio::test]
async fn codes_and_apps_from_before_open_nothing_once_the_role_needs_a_passkey() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (secret, codes) = sets_up(&centre, &mut person, "desk-1").await;
        person.post("/sign-out", "").await;
        centre.at("2026-05-10T09:01:00");
        comes(&mut person, "desk-1").await;
        let code = person.post("/sign-in/second", &format!("code={}", codes[0])).await;
        assert_eq!(code.status, 303);
        run!(&centre.app.db, "UPDATE accounts SET role = 'administrator'");
        person.post("/sign-out", "").await;
        centre.at("2026-05-10T09:02:00");
        let page = comes(&mut person, "desk-1").await;
        assert!(page.body.contains("この役割にはパスキーが要ります"), "{}", page.body);
        for (code, at) in [(code_of(&centre, &secret), "09:02"), (codes[1].clone(), "09:03")] {
            centre.at(&format!("2026-05-10T{at}:00"));
            let tried = person.post("/sign-in/second", &format!("code={code}")).await;
            assert_eq!(tried.status, 422, "{at}");
        }
        assert_eq!(person.get("/admin/accounts").await.to(), "/sign-in/second#main");
        let unused = "SELECT 'one' FROM account_recovery_codes WHERE used_at IS NULL";
        assert_eq!(texts!(&centre.app.db, unused).len(), 9, "what opens nothing is not used up");
        let factors = details(&centre, "signed-in").await;
        assert_eq!(factors, [r#"{"factor":"totp"}"#, r#"{"factor":"recovery-code"}"#]);
    }
}

#[tokio::test]
async fn whoever_changes_a_factor_is_in_alone_afterwards() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        sets_up(&centre, &mut person, "desk-1").await;
        adds(&mut person, &mut Device::new()).await;
        let page = person.get("/account").await;
        let id = between(&page.body, "name=\"id\" value=\"", "\"").to_owned();
        let password = format!("old={PASSWORD}&password=other+{PASSWORD}&again=other+{PASSWORD}");
        let changes = [
            ("/account/password", password),
            ("/account/codes", String::new()),
            ("/account/factors", format!("id={id}")),
        ];
        let account = accounts::named(&centre.app.db, "desk-1").await.unwrap().unwrap();
        for (path, change) in changes {
            let mut thief = centre.visitor();
            thief.cookie = Some(session(&centre, &account, Level::Full).await);
            let mut half = centre.visitor();
            half.cookie = Some(session(&centre, &account, Level::First).await);
            assert_eq!(thief.get("/account").await.status, 200);
            let changed = person.post(path, &change).await;
            assert!(!changed.body.contains("id=\"errors\""), "{path}: {}", changed.body);
            for other in [&mut thief, &mut half] {
                assert_eq!(other.get("/account").await.to(), "/sign-in#main", "{path}");
                assert_eq!(other.get("/sign-in/second").await.to(), "/sign-in#main", "{path}");
            }
            assert_eq!(person.get("/account").await.status, 200, "{path}");
        }
        assert_eq!(person.get("/account").await.body.matches("name=\"id\"").count(), 1);
    }
}

#[tokio::test]
async fn factors_are_changed_by_whoever_has_just_shown_one() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        let (secret, _) = sets_up(&centre, &mut person, "desk-1").await;
        centre.at("2026-05-10T09:11:00");
        assert_eq!(person.get("/account").await.status, 200);
        let password = format!("old={PASSWORD}&password=other+{PASSWORD}&again=other+{PASSWORD}");
        let id = uuid::Uuid::nil();
        for (path, change) in [
            ("/account/password", password.as_str()),
            ("/account/codes", ""),
            ("/account/factors", &format!("id={id}")),
            ("/account/app", "label=x&code=123456"),
            ("/account/passkey", "label=x&answer=x"),
            ("/account/oidc/unbind", ""),
        ] {
            let asked = person.post(path, change).await;
            assert_eq!(asked.to(), "/sign-in/second#main", "{path}");
        }
        assert_eq!(person.get("/account/setup").await.to(), "/sign-in/second#main");
        assert!(person.get("/sign-in/second").await.body.contains("確認方法を変える前に"));
        let before = person.cookie.clone();
        let code = format!("code={}", code_of(&centre, &secret));
        assert_eq!(person.post("/sign-in/second", &code).await.to(), "/account#main");
        assert_ne!(person.cookie, before, "a proof makes a new session");
        assert_eq!(person.post("/account/password", &password).await.to(), "/account#main");
        assert_eq!(details(&centre, "proven").await, [r#"{"factor":"totp"}"#]);
        assert_eq!(details(&centre, "signed-in").await.len(), 1);
        // The session runs no longer for it: twelve hours after signing in everything is over.
        for minutes in (40..12 * 60).step_by(20) {
            let (hour, minute) = (9 + minutes / 60, minutes % 60);
            centre.at(&format!("2026-05-10T{hour:02}:{minute:02}:00"));
            assert_eq!(person.get("/account").await.status, 200, "{hour}:{minute}");
        }
        centre.at("2026-05-10T21:00:01");
        assert_eq!(person.get("/account").await.to(), "/sign-in#main");
    }
}

#[tokio::test]
async fn the_old_password_is_guessed_no_faster_in_a_session_than_at_the_door() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        sets_up(&centre, &mut person, "desk-1").await;
        let guess = format!("old=guessed&password=other+{PASSWORD}&again=other+{PASSWORD}");
        let first = person.post("/account/password", &guess).await;
        assert!(first.status == 422 && first.body.contains("いまのパスワードがちがいます"));
        let right = guess.replace("guessed", PASSWORD);
        let second = person.post("/account/password", &right).await;
        assert!(second.status == 422 && second.body.contains("秒待って"), "{}", second.body);
        centre.at("2026-05-10T09:00:02");
        assert_eq!(person.post("/account/password", &right).await.to(), "/account#main");
    }
}

#[tokio::test]
async fn a_flood_from_one_source_is_slowed_down_and_keeps_nobody_else_out() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        sets_up(&centre, &mut centre.visitor(), "desk-1").await;
        let mut flood = from(&centre, [198, 51, 100, 77]);
        for number in 0..60 {
            let tried = flood.post("/sign-in", &format!("name=nobody-{number}&{WRONG}")).await;
            if number < 20 {
                assert_eq!(tried.status, 422, "{number}");
            } else {
                assert_eq!((tried.status.as_u16(), tried.header("retry-after")), (429, "6"));
            }
        }
        let rows = "SELECT 'one' FROM sign_in_failures";
        assert_eq!(texts!(&centre.app.db, rows).len(), 1, "a source, and no name");
        let form = format!("name=desk-1&password={PASSWORD}");
        let elsewhere = from(&centre, [192, 0, 2, 1]).post("/sign-in", &form).await;
        assert_eq!(elsewhere.status, 303, "everybody else comes in");
        centre.at("2026-05-10T09:00:05");
        assert_eq!(flood.post("/sign-in", &form).await.status, 303, "and whoever waits there too");
        assert_eq!(flood.post("/sign-in", &form).await.status, 303, "who is right costs nothing");
        for (name, status) in [("other-1", 422), ("other-2", 429)] {
            let tried = flood.post("/sign-in", &format!("name={name}&{WRONG}")).await;
            assert_eq!(tried.status, status, "{name}");
        }
        assert_eq!(flood.post("/sign-in", &form).await.status, 429);
    }
}

#[tokio::test]
async fn whoever_comes_while_too_many_wait_is_told_to_come_again_and_has_not_failed() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        sets_up(&centre, &mut centre.visitor(), "desk-1").await;
        let line: Vec<_> =
            std::iter::repeat_with(|| centre.app.hashing.join()).map_while(Result::ok).collect();
        assert!(line.len() < 50, "the line is a short one");
        for name in ["desk-1", "nobody"] {
            let form = format!("name={name}&password={PASSWORD}");
            let busy = centre.visitor().post("/sign-in", &form).await;
            assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "5"), "{name}");
            assert!(busy.body.contains("いま混み合っています"), "{}", busy.body);
        }
        drop(line);
        let form = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(centre.visitor().post("/sign-in", &form).await.status, 303, "at once");
        let rows = "SELECT 'one' FROM sign_in_failures";
        assert!(texts!(&centre.app.db, rows).is_empty());
    }
}

#[tokio::test]
async fn whoever_mistypes_the_first_code_of_an_app_is_shown_the_same_secret_again() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let mut person = centre.visitor();
        comes_by_link(&centre, &mut person, "desk-1").await;
        let secret = |page: &Answer| between(&page.body, "<code>", "</code>").to_owned();
        let picture = |page: &Answer| between(&page.body, "<svg", "</svg>").to_owned();
        let first = person.get("/account/setup").await;
        let wrong = person.post("/account/app", "label=phone&code=guessed").await;
        assert_eq!(wrong.status, 422);
        let says = "アプリがいま示している6けたの数字";
        assert!(wrong.body.contains(says), "{}", wrong.body);
        let no_key = person.post("/account/passkey", "label=key&answer=x").await;
        assert_eq!(no_key.status, 422);
        let anew = person.get("/account/setup").await;
        for page in [&wrong, &no_key, &anew] {
            assert_eq!((secret(page), picture(page)), (secret(&first), picture(&first)));
        }
        let code = code_of(&centre, &secret(&first));
        let added = person.post("/account/app", &format!("label=phone&code={code}")).await;
        assert!(added.body.contains("td-codes"), "{}", added.body);
        let another = person.get("/account/setup").await;
        assert_ne!(secret(&another), secret(&first), "what an app was added by is offered no more");
    }
}

/// So many wrong codes in a session that showed a password, each from a source of its own.
async fn guesses(thief: &mut Visitor, times: u8) {
    for number in 0..times {
        thief.from = IpAddr::from([203, 0, 113, number]);
        let tried = thief.post("/sign-in/second", "code=guessed").await;
        assert!(tried.status == 422 && tried.body.contains("この数字は使えません"), "{number}");
    }
}

#[tokio::test]
async fn codes_of_an_account_are_guessed_a_hundred_times_a_day_from_wherever_they_come() {
    for centre in Centre::on_each_engine().await {
        invited(&centre, "desk-1", Role::Intake).await;
        let (mut person, mut device) = (centre.visitor(), Device::new());
        let (secret, codes) = sets_up(&centre, &mut person, "desk-1").await;
        adds(&mut person, &mut device).await;
        centre.at("2026-05-10T09:05:00");
        let mut thief = centre.visitor();
        comes(&mut thief, "desk-1").await;
        guesses(&mut thief, 99).await;
        comes(&mut person, "desk-1").await;
        let code = format!("code={}", code_of(&centre, &secret));
        assert_eq!(person.post("/sign-in/second", &code).await.status, 303, "below, nobody waits");
        centre.at("2026-05-10T09:06:00");
        guesses(&mut thief, 100).await;
        centre.at("2026-05-10T23:55:00");
        comes(&mut person, "desk-1").await;
        for code in [code_of(&centre, &secret), codes[0].clone()] {
            let refused = person.post("/sign-in/second", &format!("code={code}")).await;
            assert!(refused.body.contains("きょうはもう数字を使えません"), "{}", refused.body);
        }
        assert_eq!(details(&centre, "locked").await, [r#"{"failures":100,"what":"code"}"#]);
        let page = person.get("/sign-in/second").await;
        let proof = shown(&mut device, &page).await;
        assert_eq!(person.post("/sign-in/passkey", &proof).await.status, 303, "a passkey opens");
        centre.at("2026-05-11T00:00:00");
        comes(&mut person, "desk-1").await;
        let code = format!("code={}", code_of(&centre, &secret));
        assert_eq!(person.post("/sign-in/second", &code).await.status, 303, "a new day");

        comes(&mut thief, "desk-1").await;
        guesses(&mut thief, 100).await;
        let hand = Hand::Machine("test");
        accounts::change(&centre.app, "desk-1", Change::Recover, hand).await.unwrap().unwrap();
        let mut person = from(&centre, [192, 0, 2, 9]);
        let (_, codes) = sets_up(&centre, &mut person, "desk-1").await;
        comes(&mut person, "desk-1").await;
        let code = format!("code={}", codes[0]);
        assert_eq!(person.post("/sign-in/second", &code).await.status, 303, "recovered: anew");
    }
}

/// What the program writes into its log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("sign")).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn many_failures_stand_in_the_log_and_a_lock_in_the_audit_log() {
    for centre in Centre::on_each_engine().await {
        let log = Log::default();
        let into = log.clone();
        let writes = tracing_subscriber::fmt()
            .with_writer(move || into.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        let _kept = tracing::subscriber::set_default(writes);
        // Beside another one it is asked too where a thread of another test comes to a line first.
        let _beside = tracing::Dispatch::new(tracing_subscriber::registry());
        invited(&centre, "desk-1", Role::Intake).await;
        sets_up(&centre, &mut centre.visitor(), "desk-1").await;
        let mut stranger = from(&centre, [198, 51, 100, 77]);
        for number in 1..=100 {
            let (minutes, seconds) = (number / 3, number % 3 * 20);
            centre.at(&format!("2026-05-10T10:{minutes:02}:{seconds:02}"));
            let names: &[&str] = if number <= 10 { &["desk-1", "hunter2"] } else { &["desk-1"] };
            for name in names {
                let tried = stranger.post("/sign-in", &format!("name={name}&{WRONG}")).await;
                assert_eq!(tried.status, 422, "{number} {name}");
            }
        }
        let lines = log.lines();
        let tells = |times: usize, who: &str| {
            let words = format!("failed {times} times from one source: {who} (password)");
            lines.iter().filter(|line| line.contains(&words)).count()
        };
        let told = [tells(10, "desk-1"), tells(10, "unknown name"), tells(100, "desk-1")];
        assert_eq!((told, lines.len()), ([1, 1, 1], 3), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("hunter2")), "a name may be a password");
        let locked = details(&centre, "locked").await;
        assert_eq!(locked, [r#"{"failures":100,"what":"password"}"#], "of an account alone");
        centre.at("2026-05-10T23:59:59");
        let right = format!("name=desk-1&password={PASSWORD}");
        assert_eq!(stranger.post("/sign-in", &right).await.status, 429, "till midnight");
        centre.at("2026-05-11T00:00:00");
        assert_eq!(stranger.post("/sign-in", &right).await.status, 303);
    }
}

#[tokio::test]
async fn everybody_begins_on_the_first_page_of_their_work() {
    let firsts = [
        (Role::Administrator, "/admin/accounts"),
        (Role::Intake, "/admin/feeds"),
        (Role::Office, "/admin/isps"),
        (Role::Auditor, "/admin/access"),
        (Role::Editor, "/admin/wordings"),
        (Role::Reviewer, "/admin/wordings"),
        (Role::IspManager, "/isp"),
        (Role::IspStaff, "/isp"),
        (Role::Operator, "/account"),
    ];
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        for (role, first) in firsts {
            let mut person = signed_in(&centre, role.word(), role).await;
            assert_eq!(person.get("/admin").await.to(), format!("{first}#main"));
            assert_eq!(person.get("/en/admin").await.to(), format!("/en{first}#main"));
            assert_eq!(person.get(first).await.status, 200, "{role}: {first} opens");
        }
        assert_eq!(centre.visitor().get("/admin").await.to(), "/sign-in#main");
        // And so does whoever has just shown both factors.
        invited(&centre, "office-9", Role::Office).await;
        let mut person = centre.visitor();
        let (_, codes) = sets_up(&centre, &mut person, "office-9").await;
        person.post("/sign-out", "").await;
        comes(&mut person, "office-9").await;
        let code = format!("code={}", codes[0]);
        assert_eq!(person.post("/sign-in/second", &code).await.to(), "/admin/isps#main");
    }
}
