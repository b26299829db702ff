//! Pages of providers and of the office that supports them.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use todoke::{
    access::{roles::Role, tokens},
    ids::IspId,
    isps::{self, Isp, register},
    notices::{Notice, board, chasing, export::Form, figures, prepare},
};

use crate::{
    centre::{ADDRESS, Answer, Centre, Planted, Visitor, form, run, texts},
    oneoff::sends,
    people::{ISP, signed_in},
};

pub(crate) const AT: &str = "2026-05-09T10:00:00+09:00";

/// Gives a provider of the register the key under which tests know it.
pub(crate) async fn has_key(centre: &Centre, (id, code): (IspId, &str)) {
    let of_prefixes = "UPDATE isp_prefixes SET isp_id = $1
          WHERE isp_id = (SELECT id FROM isps WHERE code = $2)";
    run!(&centre.app.db, of_prefixes, id, code);
    run!(&centre.app.db, "UPDATE isps SET id = $1 WHERE code = $2", id, code);
}

/// The provider of the tests' people, and a list of two of its cases.
pub(crate) async fn listed(centre: &Centre) -> Notice {
    let file = "code,name,lease_policy,prefix\n\
                isp-a,Provider A,dynamic:30,203.0.113.0/24\n\
                isp-b,Provider B,static,198.51.100.0/24\n";
    register::import(&centre.app, file.as_bytes()).await.unwrap().unwrap();
    has_key(centre, ISP).await;
    for no in [1, 2] {
        centre.plant(Planted { no, model: Some("AB-100"), ..Planted::default() }).await;
    }
    // Planted ones open under no key.
    run!(&centre.app.db, "DELETE FROM inquiry_ids");
    let isp: Isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
    prepare::for_isp(&centre.app, &isp).await.unwrap().expect("two cases wait")
}

pub(crate) fn report(list: &str) -> String {
    let head =
        "list_id,record_no,reported_at,state,identified,reason_code,notice_channel,notice_at";
    let told = format!("{list},1,{AT},notified,yes,,email,{AT}");
    let bad = format!("{list},7,{AT},notified,yes,,email,{AT}");
    format!("{head},mood\n{told},fine\n{bad},\n")
}

/// Sends a report as a browser does.
pub(crate) async fn uploads(visitor: &mut Visitor, csv: &str) -> Answer {
    sends(visitor, "/isp/report", ("r.csv", csv), "").await
}

pub(crate) fn data_of(page: &str) -> String {
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
        // What the form cannot hold until it is handed in, and what it does not even take.
        for size in [37 << 20, 49 << 20] {
            let large = uploads(&mut staff, &"x".repeat(size)).await;
            assert_eq!(large.status, StatusCode::UNPROCESSABLE_ENTITY, "{size}");
            assert!(large.body.contains("35MiBより大きいファイルです"), "{size}");
        }
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
        assert_eq!(leaves, ["abuse-desk", "abuse-desk"], "each time is a write");
        let page = staff.get(&receipt).await;
        for words in ["すでに受け付けている報告です", "（2回目）", "この番号の行はありません"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let first = staff.get(&format!("{receipt}?attempt=1")).await;
        assert!(first.body.contains("お返しする行 （1回目）"), "{}", first.body);
        let csv = staff.get(&format!("{receipt}/errors.csv?attempt=1")).await;
        assert!(csv.header("content-disposition").contains("errors.csv"));
        assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
        assert_eq!(staff.get(&format!("{receipt}?attempt=9")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_file_of_which_no_row_can_be_taken_is_offered_no_button_and_no_success() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let head = "list_id,record_no,reported_at,state,reason_code";
        let list = &notice.list_id;
        let file = format!("{head}\n{list},8,{AT},pending,\n{list},1,2026-05-09 10:00,pending,\n");
        let checked = uploads(&mut staff, &file).await;
        assert_eq!(checked.status, StatusCode::OK);
        assert!(checked.body.contains("報告できる行がありません"), "{}", checked.body);
        assert!(checked.body.contains("日本時間かどうかが分からない書き方です"));
        assert!(!checked.body.contains("行を報告する") && !checked.body.contains("フィード"));
        assert!(checked.body.contains("直したファイルを選ぶ"));
        // Whoever hands it in all the same, as when a line is taken back meanwhile, is not told
        // that it was taken.
        let data = form(&[("data", &data_of(&checked.body))]);
        let done = staff.post("/isp/report/confirm", &data).await;
        let page = staff.get(done.to().trim_end_matches("#main")).await;
        assert!(page.body.contains("<h1>受け付けた行はありません</h1>"), "{}", page.body);
        assert!(!page.body.contains("報告を受け付けました"));
        for words in ["2行目", "3行目", "この番号の行はありません", "2026/5/1 9:00"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let english = staff.get(&format!("/en{}", done.to().trim_end_matches("#main"))).await;
        assert!(english.body.contains("<h1>No row was taken</h1>"), "{}", english.body);
        let kept = texts!(&centre.app.db, "SELECT code FROM report_refusals ORDER BY no");
        assert_eq!(kept, ["unknown_record", "no_zone"]);
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
        let download = format!("/isp/downloads/{}", notice.list_id);
        let pages =
            ["/isp", "/isp/lines", filtered, &line, "/isp/downloads", &download, "/isp/report"];
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
        for strange in [
            "/isp/lines/isp-b-1/1",
            "/isp/lines/x/y",
            "/isp/receipts/R-1",
            "/isp/downloads/isp-b-1",
        ] {
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
async fn a_sight_of_one_line_tells_nothing_of_those_that_are_somebody_elses() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        // The second line's address is nobody's: 192.0.2.9 in place of 203.0.113.77.
        run!(
            &centre.app.db,
            "UPDATE notice_lines SET body = replace(body, 'cb00714d', 'c0000209')
              WHERE record_no = $1",
            2_i64
        );
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        for _ in 0..2 {
            let page = staff.get("/isp/lines").await;
            assert!(page.body.contains(ADDRESS) && !page.body.contains("192.0.2.9"));
            let withdrawn = staff.get("/isp/lines?state=withdrawn").await;
            assert!(!withdrawn.body.contains("192.0.2.9"));
            let other = format!("/isp/lines/{}/2", notice.list_id);
            assert_eq!(staff.get(&other).await.status, StatusCode::NOT_FOUND);
        }
        let lines = texts!(&centre.app.db, "SELECT CAST(record_no AS TEXT) FROM notice_lines");
        assert_eq!(lines, ["1"], "it left the list before the first sight was entered");
    }
}

#[tokio::test]
async fn one_line_that_was_seen_is_not_a_list_that_was_fetched() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let taken = async || {
            let list = chasing::standings(&centre.app).await.unwrap().remove(0);
            let figures = figures::of(&centre.app.db, Some(ISP.0), None, centre.app.now());
            (list.untaken, figures.await.unwrap().remove(0).fetched)
        };
        assert_eq!(taken().await, (2, 0));
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        staff.get(&format!("/isp/lines/{}/1", notice.list_id)).await;
        assert_eq!(taken().await, (1, 1), "the other line waits");
        staff.get(&format!("/isp/lines/{}/1", notice.list_id)).await;
        assert_eq!(taken().await, (1, 1));
        let page = staff.get("/isp").await;
        assert!(page.body.contains("1件"), "{}", page.body);
        staff.post("/isp/lines/export", "").await;
        assert_eq!(taken().await, (0, 2), "line by line it is all of them");
        let of_lists =
            texts!(&centre.app.db, "SELECT format FROM notice_exports WHERE is_part = 0");
        assert!(of_lists.is_empty(), "{of_lists:?}");
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
        let one = "/admin/isps/one?isp=isp-a";
        let shown = office.get(one).await;
        for words in [&notice.list_id[..], "期限を過ぎて、報告がない", "リストを受け取っていない"]
        {
            assert!(shown.body.contains(words), "{words}");
        }
        for page in [&board, &shown] {
            assert!(!page.body.contains(ADDRESS), "no address on it");
            assert!(page.body.contains("注意喚起の窓口の登録がありません"), "{}", page.body);
        }
        let place = |words: &str| board.body.find(words).unwrap_or_else(|| panic!("no {words}"));
        let asked = "期限を過ぎて、報告がない";
        assert!(place(">isp-a</a> Provider A") < place(asked), "the urgent one stands first");
        assert!(place(asked) < place(">isp-b</a> Provider B"));
        assert_eq!(office.get("/admin/isps/one?isp=isp-z").await.status, StatusCode::NOT_FOUND);
        let bad = form(&[("isp", "isp-a"), ("list", &notice.list_id), ("way", "pigeon")]);
        let refused = office.post("/admin/isps/reminded", &bad).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let strange = form(&[("isp", "isp-b"), ("list", &notice.list_id), ("way", "phone")]);
        let strange = office.post("/admin/isps/reminded", &strange).await;
        assert_eq!(strange.status, StatusCode::NOT_FOUND);
        let good = form(&[("isp", "isp-a"), ("list", &notice.list_id), ("way", "phone")]);
        let noted = office.post("/admin/isps/reminded", &good).await;
        assert_eq!(noted.to(), format!("{one}#main"));
        let kept = texts!(&centre.app.db, "SELECT way || ' ' || author FROM reminders");
        assert_eq!(kept, ["phone office-1"]);
        assert_eq!(office.get("/en/admin/isps").await.status, StatusCode::OK);
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        assert_eq!(staff.get("/admin/isps").await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn the_row_of_one_provider_is_that_of_the_board_whether_it_left_the_register_or_not() {
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        centre.at("2026-06-20T09:00:00");
        let of = async |code: &str| {
            let isp = isps::by_code(&centre.app.db, code).await.unwrap().unwrap();
            board::one(&centre.app, &isp).await.unwrap().map(|row| format!("{row:?}"))
        };
        for removed in [None, Some("isp-a"), Some("isp-b")] {
            if let Some(code) = removed {
                run!(&centre.app.db, "UPDATE isps SET removed_at = 7 WHERE code = $1", code);
            }
            let rows = board::rows(&centre.app).await.unwrap();
            for code in ["isp-a", "isp-b"] {
                let row = rows.iter().find(|row| row.isp == code).map(|row| format!("{row:?}"));
                assert_eq!(of(code).await, row, "{code}, {removed:?} left");
            }
        }
        assert!(of("isp-a").await.is_some(), "it is asked about its list still");
        assert!(of("isp-b").await.is_none(), "and there is nothing to ask the other one");
    }
}

#[tokio::test]
async fn a_board_of_many_providers_is_read_page_by_page_with_sums_and_as_a_file() {
    for centre in Centre::on_each_engine().await {
        let many: Vec<_> = (0..120).map(|n| format!("isp-{n:03},Net {n:03},static")).collect();
        let many = many.join("\n");
        let file = format!("code,name,lease_policy\nisp-x,=Provider X,static\n{many}\n");
        register::import(&centre.app, file.as_bytes()).await.unwrap().unwrap();
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let rows = |page: &Answer| page.body.matches("<th scope=\"row\"><a ").count();
        let first = office.get("/admin/isps").await;
        assert_eq!(rows(&first), 50);
        assert!(first.body.contains("3ページ中の1ページ") && first.body.contains("<dd>121</dd>"));
        assert!(first.body.contains("name=&#38;only=all&#38;page=2#isps"), "{}", first.body);
        let last = office.get("/admin/isps?page=3").await;
        assert_eq!(rows(&last), 21);
        assert!(last.body.contains("<dd>121</dd>"), "the sums are of all pages");
        assert_eq!(rows(&office.get("/admin/isps?page=99").await), 21);
        let found = office.get("/admin/isps?name=net+11&only=unreached").await;
        assert_eq!(rows(&found), 10, "110 to 119");
        let none = office.get("/admin/isps?name=net+11&only=chased").await;
        assert!(none.body.contains("当てはまる事業者はありません"));
        let csv = office.get("/admin/isps/file.csv?name=&only=all").await;
        assert!(csv.header("content-disposition").contains("isps.csv"));
        assert!(csv.body.starts_with("\u{feff}短い名前,名前,理由,"), "{}", csv.body);
        assert_eq!(csv.body.lines().count(), 122);
        assert!(csv.body.contains("\r\nisp-x,'=Provider X,注意喚起の窓口の登録がありません,0,"));
        let some = office.get("/en/admin/isps/file.csv?name=net+11").await;
        assert!(some.body.starts_with("\u{feff}Short name,") && some.body.lines().count() == 11);
        let mut desk = signed_in(&centre, "desk-1", Role::Operator).await;
        for path in ["/admin/isps/file.csv", "/admin/isps/one?isp=isp-x"] {
            assert_eq!(desk.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

/// What the machine of the provider of the tests' people gets.
async fn fetched(centre: &Centre, token: &str, path: &str) -> Answer {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    centre.visitor().send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_list_is_taken_on_its_page_as_the_api_gives_it_and_leaves_a_receipt() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let scope = (tokens::Scope::Isp(ISP.1.to_owned()), Some(ISP.0));
        let (_, token) = tokens::make(&centre.app, scope, 30, "test").await.unwrap();
        let page = format!("/isp/downloads/{}", notice.list_id);
        let all = staff.get("/isp/downloads").await;
        assert!(all.body.contains(&format!("href=\"{page}\"")), "{}", all.body);
        assert!(all.body.contains("初版") && all.body.contains("まだ渡したリストはありません"));
        let mut hashes = Vec::new();
        for form in Form::ALL {
            let wanted = format!("format={}", form.word());
            let taken = staff.post(&page, &wanted).await;
            let api = format!("/api/v1/lists/{}?{wanted}", notice.list_id);
            let api = fetched(&centre, &token, &api).await;
            assert_eq!((taken.status, api.status), (StatusCode::OK, StatusCode::OK), "{wanted}");
            assert!(!taken.body.is_empty() && taken.body == api.body, "{wanted}");
            for name in ["etag", "content-type", "content-disposition", "content-digest"] {
                assert_eq!(taken.header(name), api.header(name), "{wanted} {name}");
            }
            assert_eq!(staff.post(&page, &wanted).await.body, taken.body, "{wanted} again");
            hashes.push(taken.header("etag").trim_matches('"').to_owned());
        }
        let shown = staff.get(&page).await;
        for hash in &hashes {
            assert!(shown.body.contains(hash), "{hash}");
        }
        assert!(shown.body.contains("abuse-desk") && shown.body.contains("2026-05-10 09:00"));
        let leaves = "SELECT DISTINCT author FROM audit_leaves WHERE act = 'notice.fetch'
             AND author = 'abuse-desk'";
        assert_eq!(texts!(&centre.app.db, leaves), ["abuse-desk"]);
        for bad in ["format=pdf", ""] {
            let refused = staff.post(&page, bad).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.body.contains("形式を選んでください"));
        }
        let strange = staff.post("/isp/downloads/isp-b-20260510-001", "format=csv").await;
        assert_eq!(strange.status, StatusCode::NOT_FOUND);
        run!(
            &centre.app.db,
            "INSERT INTO line_recalls (isp_id, notice_id, record_no, case_id, at, author, reason)
             SELECT isp_id, notice_id, record_no, case_id, 1, 'desk-1', 'a wrong file'
               FROM notice_lines WHERE record_no = $1",
            1_i64
        );
        let corrected = staff.get(&page).await;
        assert!(corrected.body.contains("1行を取り消した版"), "{}", corrected.body);
        assert!(staff.get("/isp/downloads").await.body.contains("1行を取り消した版"));
        let second = staff.post(&page, "format=jsonl").await;
        assert!(
            second.body.contains("withdrawn")
                && !hashes.contains(&second.header("etag").trim_matches('"').to_owned()),
            "another version"
        );
    }
}

#[tokio::test]
async fn a_list_that_was_withdrawn_before_it_was_taken_is_marked_and_not_given() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        run!(&centre.app.db, "UPDATE notices SET withdrawn_at = $1", 1_i64);
        let page = format!("/isp/downloads/{}", notice.list_id);
        let shown = staff.get(&page).await;
        assert!(
            shown.body.contains("取り消されました")
                && !shown.body.contains("<form method=\"post\" action=\"/isp/downloads")
        );
        assert_eq!(staff.post(&page, "format=csv").await.to(), format!("{page}#main"));
        assert!(texts!(&centre.app.db, "SELECT format FROM notice_exports").is_empty());
    }
}

#[tokio::test]
async fn who_sits_behind_whom_is_proposed_by_one_and_decided_by_another() {
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let mut second = signed_in(&centre, "office-2", Role::Office).await;
        let empty = manager.get("/isp/resellers").await;
        assert!(empty.body.contains("再販先の登録はありません"), "{}", empty.body);
        let ask = |act: &str, code: &str, reason: &str| {
            form(&[("act", act), ("code", code), ("reason", reason)])
        };
        for bad in [
            ask("add", "nobody", "契約"),
            ask("release", "isp-b", "契約"),
            ask("upstream", "isp-a", "契約"),
            ask("add", "isp-b", ""),
        ] {
            let refused = manager.post("/isp/resellers", &bad).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        }
        let asked = manager.post("/isp/resellers", &ask("add", "isp-b", "契約")).await;
        assert_eq!(asked.to(), "/isp/resellers#main");
        let waits = manager.get("/isp/resellers").await;
        assert!(waits.body.contains("センターの決裁待ち") && waits.body.contains("isp-b"));
        let tiers = office.get("/admin/resellers").await;
        assert!(tiers.body.contains("再販先の事業者 isp-b"), "{}", tiers.body);
        let claims = office.get("/admin/claims").await;
        let (_, rest) = claims.body.split_once("action=\"/admin/proposals/").unwrap();
        let decide = format!("/admin/proposals/{}", rest.split(['#', '"']).next().unwrap());
        let approve = form(&[("act", "approve"), ("reason", "双方に確認")]);
        assert_eq!(office.post(&decide, &approve).await.to(), "/admin/claims#main");
        let stands = manager.get("/isp/resellers").await;
        assert!(stands.body.contains("<th scope=\"row\">isp-b Provider B</th>"), "{}", stands.body);
        assert!(stands.body.contains("台帳に反映済み"));
        assert!(!stands.body.contains(ADDRESS));
        // Somebody of the centre says it for a provider; somebody else decides.
        let gone = form(&[("isp", "isp-b"), ("code", ""), ("reason", "契約の終了")]);
        assert_eq!(office.post("/admin/resellers", &gone).await.to(), "/admin/resellers#main");
        let claims = office.get("/admin/claims").await;
        let (_, rest) = claims.body.split_once("action=\"/admin/proposals/").unwrap();
        let decide = format!("/admin/proposals/{}", rest.split(['#', '"']).next().unwrap());
        let own = office.post(&decide, &approve).await;
        assert!(own.body.contains("別の人"), "{}", own.body);
        assert_eq!(second.post(&decide, &approve).await.to(), "/admin/claims#main");
        assert!(manager.get("/isp/resellers").await.body.contains("再販先の登録はありません"));
        assert_eq!(manager.get("/admin/resellers").await.status, StatusCode::FORBIDDEN);
        assert_eq!(office.get("/isp/resellers").await.status, StatusCode::FORBIDDEN);
        for (visitor, page) in
            [(&mut manager, "/en/isp/resellers"), (&mut office, "/en/admin/resellers")]
        {
            let english = visitor.get(page).await;
            assert!(!english.body.contains("Unknown localization"), "{page}");
            assert_eq!(english.body.matches("<h1").count(), 1, "{page}");
        }
    }
}
