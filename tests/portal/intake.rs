//! The centre's own people and its machines: signing in, files, quarantine, raw bytes, push.

use std::fs;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use todoke::{
    access::{
        accounts::{self, Change, Hand},
        roles::Role,
        tokens,
    },
    attribution::Attributor,
    feeds::{self, Format, Registration},
    intake, isps,
};

use crate::{
    centre::{Answer, Centre, texts},
    people::signed_in,
    ways::with_folder,
};

/// Two rows of a Shadowserver report: one good, one with an address that is none.
const REPORT: &str = "timestamp,ip,protocol,port,hostname\n\
    2026-05-01 01:02:03,203.0.113.5,tcp,23,one\n\
    2026-05-01 01:02:04,203.0.113.500,tcp,23,two\n";
const NAME: &str = "2026-05-01-scan_telnet-jp.csv";

/// Pages of the centre's own people, and what an administrator and intake get from them.
const PAGES: [(&str, u16, u16); 10] = [
    ("/admin/feeds", 200, 200),
    ("/admin/approvals", 200, 200),
    ("/admin/feeds/telnet", 200, 200),
    ("/admin/feeds/telnet/coverage", 200, 200),
    ("/admin/feeds/telnet/coverage?month=2026-05", 200, 200),
    ("/admin/feeds/telnet/quarantine", 403, 200),
    ("/admin/feeds/telnet/ways/drop", 200, 200),
    ("/admin/files/FILE", 200, 200),
    ("/admin/files/FILE/raw", 403, 200),
    ("/admin/quarantine/FILE/2", 403, 200),
];

/// A centre with a feed and that report; gives the key of the file.
pub(crate) async fn with_report(centre: &Centre) -> String {
    let new = Registration {
        name: "telnet".to_owned(),
        format: Format::Shadowserver,
        stream: formats::Stream::Notice,
        utc_offset_minutes: None,
        completeness_floor: 0.9,
    };
    let (feed, _) = feeds::add(&centre.app, &new).await.unwrap().unwrap();
    let path = centre.app.data.join(NAME);
    fs::write(&path, REPORT).unwrap();
    let attributor = Attributor::load(&centre.app).await.unwrap();
    let taken = intake::take_one(&centre.app, (&feed, &attributor), &path).await.unwrap();
    assert_eq!((taken.counts.rows, taken.waiting), (2, 1));
    taken.id.to_string()
}

#[tokio::test]
async fn a_session_lasts_twelve_hours_at_most_and_no_longer_than_its_account() {
    for centre in Centre::on_each_engine().await {
        let mut operator = signed_in(&centre, "desk-1", Role::Intake).await;
        for hour in 9..21 {
            for minute in [5, 30, 55] {
                centre.at(&format!("2026-05-10T{hour:02}:{minute:02}:00"));
                assert_eq!(operator.get("/admin/feeds").await.status, StatusCode::OK);
            }
        }
        centre.at("2026-05-10T21:00:01");
        assert_eq!(operator.get("/admin/feeds").await.to(), "/sign-in#main");
        let mut other = signed_in(&centre, "desk-2", Role::Intake).await;
        let hand = Hand::Machine("test");
        accounts::change(&centre.app, "desk-2", Change::End, hand).await.unwrap().unwrap();
        assert_eq!(other.get("/admin/feeds").await.to(), "/sign-in#main");
        let mut third = signed_in(&centre, "desk-3", Role::Intake).await;
        let out = third.post("/sign-out", "").await;
        assert_eq!(out.to(), "/signed-out#main");
        assert_eq!(third.get("/admin/feeds").await.to(), "/sign-in#main");
    }
}

#[tokio::test]
async fn addresses_and_raw_files_are_for_intake_alone() {
    for centre in Centre::on_each_engine().await {
        let file = with_report(&centre).await;
        with_folder(&centre).await;
        let mut nobody = centre.visitor();
        let mut administrator = signed_in(&centre, "administrator", Role::Administrator).await;
        let mut intake = signed_in(&centre, "desk-1", Role::Intake).await;
        for (page, for_administrator, for_intake) in PAGES {
            let page = page.replace("FILE", &file);
            assert_eq!(nobody.get(&page).await.to(), "/sign-in#main", "{page}");
            let answer = administrator.get(&page).await;
            assert_eq!(answer.status.as_u16(), for_administrator, "{page}");
            assert!(!answer.body.contains("203.0.113"), "{page}");
            assert_eq!(intake.get(&page).await.status.as_u16(), for_intake, "{page}");
        }
        let form = "act=dismiss&reason=none";
        let row = format!("/admin/quarantine/{file}/2");
        assert_eq!(administrator.post(&row, form).await.status, StatusCode::FORBIDDEN);
        let retry = administrator.post("/admin/feeds/telnet/retry", "").await;
        assert_eq!(retry.status, StatusCode::FORBIDDEN);
        for strange in ["/admin/feeds/nobody", "/admin/files/1", "/admin/quarantine/1/2"] {
            assert_eq!(intake.get(strange).await.status, StatusCode::NOT_FOUND, "{strange}");
        }
    }
}

#[tokio::test]
async fn whoever_fetches_a_raw_file_gets_its_bytes_and_is_noted() {
    for centre in Centre::on_each_engine().await {
        let file = with_report(&centre).await;
        let mut intake = signed_in(&centre, "desk-1", Role::Intake).await;
        let raw = intake.get(&format!("/admin/files/{file}/raw")).await;
        assert_eq!(raw.body, REPORT);
        let named = format!("attachment; filename=\"{NAME}\"");
        assert_eq!(raw.header("content-disposition"), named);
        let page = intake.get(&format!("/admin/files/{file}")).await;
        assert!(page.body.contains("2026-05-10 09:00 desk-1"), "{}", page.body);
    }
}

#[tokio::test]
async fn an_operator_mends_a_row_and_the_delivered_file_stays_as_it_is() {
    for centre in Centre::on_each_engine().await {
        let file = with_report(&centre).await;
        let mut intake = signed_in(&centre, "desk-1", Role::Intake).await;
        let row = format!("/admin/quarantine/{file}/2");
        let page = intake.get(&row).await;
        assert!(page.body.contains("203.0.113.500"), "{}", page.body);
        let silent = intake.post(&row, "act=mend&text=x&reason=").await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(silent.body.contains("理由を書いてください"));
        let typed = "act=mend&reason=typo&text=2026-05-01+01:02:04,203.0.113.501,tcp,23,two";
        let wrong = intake.post(&row, typed).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("203.0.113.501"), "what was typed is kept: {}", wrong.body);
        let good = "act=mend&reason=typo&text=2026-05-01+01:02:04,203.0.113.50,tcp,23,two";
        assert_eq!(intake.post(&row, good).await.to(), format!("{row}#main"));
        let page = intake.get(&row).await;
        assert!(page.body.contains("typo (mended: "), "{}", page.body);
        let waiting = intake.get("/admin/feeds/telnet/quarantine").await;
        assert!(waiting.body.contains("行はありません"));
        let raw = intake.get(&format!("/admin/files/{file}/raw")).await;
        assert_eq!(raw.body, REPORT);
        let counts = texts!(&centre.app.db, "SELECT counts FROM feed_files ORDER BY bytes");
        assert!(counts[0].contains("\"sightings\":1"), "{counts:?}");
        let again = intake.post(&row, good).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn an_operator_closes_a_row_and_lets_it_wait_again() {
    for centre in Centre::on_each_engine().await {
        let file = with_report(&centre).await;
        let mut intake = signed_in(&centre, "desk-1", Role::Intake).await;
        let row = format!("/admin/quarantine/{file}/2");
        intake.post(&row, "act=dismiss&reason=a+test+row").await;
        let closed = intake.get("/admin/feeds/telnet/quarantine?dismissed=1").await;
        assert!(closed.body.contains(NAME));
        intake.post(&row, "act=reopen&reason=it+was+none").await;
        let page = intake.get(&row).await;
        for said in ["a test row", "it was none", "が閉じました", "がもどしました"] {
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }
        assert_eq!(
            intake.post("/admin/feeds/telnet/retry", "").await.status,
            StatusCode::SEE_OTHER
        );
    }
}

#[tokio::test]
async fn a_file_out_of_all_measure_waits_until_somebody_approves_it_or_takes_it_back() {
    for centre in Centre::on_each_engine().await {
        let register = "code,name,asns,lease_policy,lines,prefix\n\
            isp-a,A,,static,1000,203.0.113.0/24\n";
        isps::register::import(&centre.app, register.as_bytes()).await.unwrap().unwrap();
        let small = with_report(&centre).await;
        let feed = feeds::by_name(&centre.app.db, "telnet").await.unwrap().unwrap();
        let attributor = Attributor::load(&centre.app).await.unwrap();
        let mut ids = Vec::new();
        for (day, hosts) in [("03", 1..=150), ("04", 2..=151)] {
            let path = centre.app.data.join(format!("2026-05-{day}-scan_telnet-jp.csv"));
            let rows = hosts.map(|n| format!("2026-05-{day} 01:02:03,203.0.113.{n},tcp,23,x\n"));
            let rows: String = rows.collect();
            fs::write(&path, format!("timestamp,ip,protocol,port,hostname\n{rows}")).unwrap();
            let taken = intake::take_one(&centre.app, (&feed, &attributor), &path).await.unwrap();
            assert!(taken.waits_for_approval.is_some(), "{taken:?}");
            ids.push(taken.id.to_string());
        }
        let mut administrator = signed_in(&centre, "administrator", Role::Administrator).await;
        let mut intake = signed_in(&centre, "desk-1", Role::Intake).await;
        let [one, two] = [&ids[0], &ids[1]].map(|id| format!("/admin/approvals/{id}"));
        let forbidden = administrator.post(&one, "act=approve&reason=x").await;
        assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
        assert!(intake.get("/admin/feeds").await.body.contains("承認を待つファイルが2件あります"));
        let silent = intake.post(&one, "act=approve&reason=").await;
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        let good = intake.post(&one, "act=approve&reason=a+national+scan").await;
        assert_eq!(good.to(), "/admin/approvals#main");
        let late = intake.post(&one, "act=decline&reason=x").await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        intake.post(&two, "act=decline&reason=the+wrong+list").await;
        let page = intake.get("/en/admin/approvals").await;
        assert!(page.body.contains("No file waits."), "{}", page.body);
        let file = intake.get(&format!("/en/admin/files/{}", ids[1])).await;
        assert!(file.body.contains("withdrawn"), "{}", file.body);
        let unknown = intake.post("/admin/approvals/0123456789", "act=approve&reason=x").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
        let idle = intake.post(&format!("/admin/approvals/{small}"), "act=approve&reason=x").await;
        assert_eq!(idle.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// A machine hands over `body` under `token`, saying that its digest is that of `digest_of`.
async fn pushes(centre: &Centre, token: &str, body: &str, digest_of: &str) -> Answer {
    pushes_as(centre, token, (NAME, body), digest_of).await
}

/// The same under another name, which is written as addresses are.
async fn pushes_as(
    centre: &Centre,
    token: &str,
    (name, body): (&str, &str),
    digest_of: &str,
) -> Answer {
    let digest = STANDARD.encode(Sha256::digest(digest_of));
    let request = Request::post(format!("/api/v1/feeds/telnet/files?file={name}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("content-digest", format!("sha-256=:{digest}:"))
        .body(Body::from(body.to_owned()));
    centre.visitor().send(request.unwrap()).await
}

#[tokio::test]
async fn a_machine_pushes_a_file_once_however_often_it_sends_it() {
    for centre in Centre::on_each_engine().await {
        with_report(&centre).await;
        let scope = tokens::Scope::Feed("telnet".to_owned());
        let (token, secret) = tokens::make(&centre.app, (scope, None), 30, "test").await.unwrap();
        let body = REPORT.replace(".500", ".50");
        let first = pushes(&centre, &secret, &body, &body).await;
        assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.body);
        let told: serde_json::Value = serde_json::from_str(&first.body).unwrap();
        assert_eq!(told["files"][0]["status"], "accepted");
        let done = intake::finish(&centre.app, 10).await.unwrap();
        assert_eq!((done.len(), done[0].counts.rows), (1, 2));
        let again = pushes(&centre, &secret, &body, &body).await;
        assert_eq!(again.status, StatusCode::OK);
        let told: serde_json::Value = serde_json::from_str(&again.body).unwrap();
        assert_eq!(told["files"][0]["status"], "taken");
        assert_eq!(told["files"][0]["counts"]["rows"], 2);
        let ask = Request::get(told["href"].as_str().unwrap())
            .header(header::AUTHORIZATION, format!("Bearer {secret}"))
            .body(Body::empty());
        assert_eq!(centre.visitor().send(ask.unwrap()).await.body, again.body);
        assert!(intake::finish(&centre.app, 10).await.unwrap().is_empty());
        tokens::withdraw(&centre.app, token.id, "test").await.unwrap();
        let late = pushes(&centre, &secret, &body, &body).await;
        assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn the_same_bytes_under_the_name_of_another_report_are_new() {
    for centre in Centre::on_each_engine().await {
        with_report(&centre).await;
        let scope = tokens::Scope::Feed("telnet".to_owned());
        let (_, secret) = tokens::make(&centre.app, (scope, None), 30, "test").await.unwrap();
        for (name, status, standing) in [
            ("2026-05-01-scan_telnet-jp.csv", 200, &["taken"][..]),
            ("2026-05-01-scan_ssh-jp.csv", 202, &["taken", "accepted"]),
            ("2026-05-02-scan_ssh-jp.csv", 200, &["taken", "accepted"]),
        ] {
            let answer = pushes_as(&centre, &secret, (name, REPORT), REPORT).await;
            assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.body);
            let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            let mut stand: Vec<&str> = told["files"]
                .as_array()
                .unwrap()
                .iter()
                .map(|file| file["status"].as_str().unwrap())
                .collect();
            stand.sort_unstable_by(|one, other| other.cmp(one));
            assert_eq!(stand, standing, "{name}");
        }
    }
}

#[tokio::test]
async fn a_name_that_a_terminal_would_obey_is_refused() {
    let centre = Centre::on_sqlite().await;
    with_report(&centre).await;
    let scope = tokens::Scope::Feed("telnet".to_owned());
    let (_, secret) = tokens::make(&centre.app, (scope, None), 30, "test").await.unwrap();
    for name in ["a%1b%5b31mred%0ax.csv", "a%00.csv", "a%c2%9bx.csv", "a%2fb.csv", ".csv", ""] {
        let answer = pushes_as(&centre, &secret, (name, REPORT), REPORT).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}: {}", answer.body);
        assert!(answer.body.contains("control characters"), "{name}: {}", answer.body);
    }
    assert_eq!(texts!(&centre.app.db, "SELECT name FROM feed_files").len(), 1);
}

#[tokio::test]
async fn a_machine_without_the_right_token_or_digest_is_told_so() {
    for centre in Centre::on_each_engine().await {
        with_report(&centre).await;
        let other = tokens::Scope::Feed("other".to_owned());
        let (_, wrong) = tokens::make(&centre.app, (other, None), 30, "test").await.unwrap();
        let scope = tokens::Scope::Feed("telnet".to_owned());
        let (_, secret) = tokens::make(&centre.app, (scope, None), 30, "test").await.unwrap();
        for token in ["", "guessed", &wrong] {
            let answer = pushes(&centre, token, REPORT, REPORT).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
        let torn = pushes(&centre, &secret, &REPORT[..80], REPORT).await;
        assert_eq!(torn.status, StatusCode::BAD_REQUEST);
        assert!(torn.body.contains("send it again"), "{}", torn.body);
        let bare = Request::post("/api/v1/feeds/telnet/files?file=../x.csv")
            .header(header::AUTHORIZATION, format!("Bearer {secret}"))
            .body(Body::from(REPORT));
        let answer = centre.visitor().send(bare.unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        centre.at("2026-06-10T09:00:00");
        let late = pushes(&centre, &secret, REPORT, REPORT).await;
        assert_eq!(late.status, StatusCode::UNAUTHORIZED);
        let files = texts!(&centre.app.db, "SELECT name FROM feed_files");
        assert_eq!(files.len(), 1);
        assert_eq!(fs::read_dir(centre.app.data.join("archive")).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn a_machine_that_errs_is_told_so_as_a_problem_wherever_it_errs() {
    let centre = Centre::on_sqlite().await;
    with_report(&centre).await;
    for (method, path, status, said) in [
        ("POST", "/api/v1/feeds/telnet/files", 401, "Authorization"),
        ("GET", "/api/v1/feeds/telnet/files", 405, "`Allow`"),
        ("DELETE", "/api/v1/feeds/telnet/files/00", 405, "`Allow`"),
        ("GET", "/api/v1/feeds/telnet/file", 404, "openapi.json"),
        ("GET", "/api/v2", 404, "openapi.json"),
        ("GET", "/api/v1/feeds/telnet/files/00", 401, "Authorization"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let answer = centre.visitor().send(request.unwrap()).await;
        let kind = answer.header("content-type");
        assert_eq!((answer.status.as_u16(), kind), (status, "application/problem+json"), "{path}");
        let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["status"], status, "{told}");
        assert!(told["detail"].as_str().unwrap().contains(said), "{told}");
    }
}

#[tokio::test]
async fn the_addresses_of_machines_are_described() {
    let centre = Centre::on_sqlite().await;
    let answer = centre.visitor().get("/api/openapi.json").await;
    let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    for path in ["/api/v1/feeds/{name}/files", "/api/v1/feeds/{name}/files/{sha256}"] {
        assert!(told["paths"][path].is_object(), "{told}");
    }
}
