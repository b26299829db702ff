//! Pages of providers and of the office that supports them.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use todoke::{
    access::roles::Role,
    isps::{self, Isp, register},
    notices::{Notice, prepare},
};

use crate::{
    centre::{ADDRESS, Answer, Centre, Planted, Visitor, form, run, texts},
    people::{ISP, signed_in},
};

const MARK: &str = "----todoke-boundary";
const AT: &str = "2026-05-09T10:00:00+09:00";

/// The provider of the tests' people, and a list of two of its cases.
pub(crate) async fn listed(centre: &Centre) -> Notice {
    let file = "code,name,lease_policy,prefix\n\
                isp-a,Provider A,dynamic:30,203.0.113.0/24\n\
                isp-b,Provider B,static,198.51.100.0/24\n";
    register::import(&centre.app, file.as_bytes()).await.unwrap().unwrap();
    run!(
        &centre.app.db,
        "UPDATE isp_prefixes SET isp_id = $1
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
        ISP.0
    );
    run!(&centre.app.db, "UPDATE isps SET id = $1 WHERE code = 'isp-a'", ISP.0);
    for no in [1, 2] {
        centre.plant(Planted { no, model: Some("AB-100"), ..Planted::default() }).await;
    }
    // Planted ones open under no key.
    run!(&centre.app.db, "DELETE FROM inquiry_ids");
    let isp: Isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
    prepare::for_isp(&centre.app, &isp).await.unwrap().expect("two cases wait")
}

fn report(list: &str) -> String {
    let head =
        "list_id,record_no,reported_at,state,identified,reason_code,notice_channel,notice_at";
    let told = format!("{list},1,{AT},notified,yes,,email,{AT}");
    let bad = format!("{list},7,{AT},notified,yes,,email,{AT}");
    format!("{head},mood\n{told},fine\n{bad},\n")
}

/// Sends a report as a browser does.
pub(crate) async fn uploads(visitor: &mut Visitor, csv: &str) -> Answer {
    let body = format!(
        "--{MARK}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"r.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{csv}\r\n--{MARK}--\r\n"
    );
    let kind = format!("multipart/form-data; boundary={MARK}");
    let request = Request::post("/isp/report").header(header::CONTENT_TYPE, kind);
    visitor.send(request.body(Body::from(body)).unwrap()).await
}

fn data_of(page: &str) -> String {
    let rest = page.split("name=\"data\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_report_is_checked_looked_at_and_only_then_handed_in() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let reports = "SELECT state FROM line_reports";
        let none = uploads(&mut staff, "").await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.body.contains("<title>エラー：") && none.body.contains("id=\"errors\""));
        let senseless = uploads(&mut staff, "state,note\n").await;
        assert_eq!(senseless.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(senseless.body.contains("list_id, record_no, reported_at"));
        let checked = uploads(&mut staff, &report(&notice.list_id)).await;
        assert_eq!(checked.status, StatusCode::OK);
        for words in
            ["3行目", "<code>record_no</code>", "<code>mood</code>", "この番号の行はありません"]
        {
            assert!(checked.body.contains(words), "{words}: {}", checked.body);
        }
        assert!(texts!(&centre.app.db, reports).is_empty(), "nothing was handed in");
        let data = form(&[("data", &data_of(&checked.body))]);
        let csv = staff.post("/isp/report/errors", &data).await;
        assert!(csv.header("content-disposition").contains("errors.csv"));
        assert_eq!(csv.body.lines().count(), 2);
        let done = staff.post("/isp/report/confirm", &data).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER);
        let receipt = done.to().trim_end_matches("#main").to_owned();
        let page = staff.get(&receipt).await;
        assert!(page.body.contains("報告を受け付けました") && page.body.contains("abuse-desk"));
        assert_eq!(texts!(&centre.app.db, reports), ["notified"]);
        let again = staff.post("/isp/report/confirm", &data).await;
        assert_eq!(again.to(), done.to(), "the same file has the same receipt");
        assert!(staff.get("/isp/report").await.body.contains(&receipt));
        let leaves = texts!(
            &centre.app.db,
            "SELECT author FROM audit_leaves
             WHERE act = 'report_back.import'"
        );
        assert_eq!(leaves, ["abuse-desk"]);
    }
}

#[tokio::test]
async fn a_provider_sees_its_lines_in_both_languages_and_nobody_else_does() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let filtered = "/isp/lines?state=no_report&urgent=1&model=AB-100&since=2026-05-01";
        let pages = ["/isp", "/isp/lines", filtered, &line, "/isp/downloads", "/isp/report"];
        for page in pages {
            for path in [page.to_owned(), format!("/en{page}")] {
                let answer = staff.get(&path).await;
                assert_eq!(answer.status, StatusCode::OK, "{path}");
                assert!(!answer.body.contains("Unknown localization"), "{path}");
                assert_eq!(answer.body.matches("<h1").count(), 1, "{path}");
                assert!(!answer.body.contains(" style="), "{path}");
            }
            assert_eq!(office.get(page).await.status, StatusCode::FORBIDDEN, "{page}");
            assert_eq!(centre.visitor().get(page).await.to(), "/sign-in#main", "{page}");
        }
        assert!(staff.get("/isp/lines").await.body.contains(ADDRESS), "it is the provider's own");
        assert!(
            staff.get("/isp/lines?state=pending").await.body.contains("当てはまる行はありません")
        );
        for strange in ["/isp/lines/isp-b-1/1", "/isp/lines/x/y", "/isp/receipts/R-1"] {
            assert_eq!(staff.get(strange).await.status, StatusCode::NOT_FOUND, "{strange}");
        }
        let read = texts!(
            &centre.app.db,
            "SELECT DISTINCT act FROM audit_leaves
             WHERE act LIKE 'notice.line%' ORDER BY act"
        );
        assert_eq!(read, ["notice.line.read", "notice.lines.read"]);
    }
}

/// The addresses of the provider were somebody else's when they were seen, as the register learns.
async fn gave_its_addresses_away(centre: &Centre) {
    run!(
        &centre.app.db,
        "UPDATE isp_prefixes SET valid_to = valid_from + 1 WHERE isp_id = $1",
        ISP.0
    );
}

#[tokio::test]
async fn who_gave_addresses_away_reads_no_line_of_them_on_a_page() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        gave_its_addresses_away(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let page = staff.get("/isp/lines").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains(ADDRESS));
        let line = format!("/isp/lines/{}/1", notice.list_id);
        assert_eq!(staff.get(&line).await.status, StatusCode::NOT_FOUND);
        let exports = texts!(&centre.app.db, "SELECT format FROM notice_exports");
        assert!(exports.is_empty(), "it was told nothing: {exports:?}");
    }
}

#[tokio::test]
async fn a_line_that_was_seen_on_a_page_counts_as_told_and_is_then_marked_as_withdrawn() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        assert!(staff.get(&line).await.body.contains(ADDRESS));
        staff.get("/isp/lines").await;
        let exports = texts!(&centre.app.db, "SELECT format FROM notice_exports");
        assert_eq!(exports, ["page"], "the first sight alone is entered");
        gave_its_addresses_away(&centre).await;
        let page = staff.get(&line).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("取消し"), "{}", page.body);
    }
}

#[tokio::test]
async fn the_office_sees_whom_to_ask_in_numbers_and_notes_that_it_did() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        centre.at("2026-06-20T09:00:00");
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let board = office.get("/admin/isps").await;
        assert_eq!(board.status, StatusCode::OK);
        for words in [&notice.list_id[..], "期限を過ぎて、報告がない", "リストを受け取っていない"]
        {
            assert!(board.body.contains(words), "{words}");
        }
        assert!(!board.body.contains(ADDRESS), "no address on it");
        let bad = form(&[("isp", "isp-a"), ("list", &notice.list_id), ("way", "pigeon")]);
        let refused = office.post("/admin/isps/reminded", &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let strange = form(&[("isp", "isp-b"), ("list", &notice.list_id), ("way", "phone")]);
        let strange = office.post("/admin/isps/reminded", &strange).await;
        assert_eq!(strange.status, StatusCode::NOT_FOUND);
        let good = form(&[("isp", "isp-a"), ("list", &notice.list_id), ("way", "phone")]);
        let noted = office.post("/admin/isps/reminded", &good).await;
        assert_eq!(noted.to(), "/admin/isps#main");
        let kept = texts!(&centre.app.db, "SELECT way || ' ' || author FROM reminders");
        assert_eq!(kept, ["phone office-1"]);
        assert_eq!(office.get("/en/admin/isps").await.status, StatusCode::OK);
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        assert_eq!(staff.get("/admin/isps").await.status, StatusCode::FORBIDDEN);
    }
}
