//! The abuse desk of a provider: it reports line by line, takes what it filtered, and finds what is
//! urgent first; the office notes calls and takes them back.

use axum::http::StatusCode;
use todoke::{
    access::roles::Role,
    isps::{
        self,
        contacts::{self, Reach},
    },
};

use crate::{
    centre::{ADDRESS, Answer, Centre, Visitor, form, run, texts},
    office::listed,
    oneoff::hidden,
    people::{ISP, between, signed_in},
};

const AT: &str = "2026-05-09 10:00";

/// The form about a line, filled in as nothing but these say.
async fn checks(staff: &mut Visitor, line: &str, fields: &[(&str, &str)]) -> Answer {
    staff.post(&format!("{line}/report"), &form(fields)).await
}

async fn confirms(staff: &mut Visitor, line: &str, checked: &Answer) -> Answer {
    let data = form(&[("data", hidden(checked, "data"))]);
    staff.post(&format!("{line}/report/confirm"), &data).await
}

#[tokio::test]
async fn one_line_is_reported_on_its_page_looked_at_again_and_corrected_later() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        assert!(staff.get(&line).await.body.contains(&format!("href=\"{line}/report\"")));
        let empty = staff.get(&format!("{line}/report")).await;
        assert!(!empty.body.contains(" checked") && !empty.body.contains("前回の報告が"));
        let told = [
            ("state", "notified"),
            ("identified", "yes"),
            ("notice_channel", "post"),
            ("notice_at", "２０２６/5/9 10:00"),
            ("delivery_result", "delivered"),
            ("note", "ポストに投函"),
        ];
        let checked = checks(&mut staff, &line, &told).await;
        assert_eq!(checked.status, StatusCode::OK, "{}", checked.body);
        for words in ["通知した", "特定できた", "郵便", "届いた", "ポストに投函"]
        {
            assert!(checked.body.contains(&format!("<dd>{words}</dd>")), "{words}");
        }
        let reports = "SELECT state || ' ' || COALESCE(channel, '') || ' ' || COALESCE(corrects, 0)
             FROM line_reports ORDER BY version";
        assert!(texts!(&centre.app.db, reports).is_empty(), "nothing was handed in");
        let change = [&told[..], &[("act", "change")]].concat();
        let back = checks(&mut staff, &line, &change).await;
        assert!(back.status == StatusCode::OK && back.body.contains("value=\"post\" selected"));
        let done = confirms(&mut staff, &line, &checked).await;
        assert!(done.to().starts_with("/isp/receipts/R-20260510-"), "{}", done.body);
        assert_eq!(confirms(&mut staff, &line, &checked).await.to(), done.to(), "sent twice");
        assert_eq!(texts!(&centre.app.db, reports), ["notified post 0"]);

        centre.at("2026-05-10T09:10:00");
        let filled = staff.get(&format!("{line}/report")).await;
        for words in ["前回の報告が", "value=\"post\" selected", "2026-05-09 10:00", "ポストに投函"]
        {
            assert!(filled.body.contains(words), "{words}");
        }
        let same = checks(&mut staff, &line, &told).await;
        assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(same.body.contains("前回の報告と同じ内容です"));
        let returned = [
            ("state", "notified"),
            ("reason_code", "BOUNCED"),
            ("notice_channel", "post"),
            ("notice_at", AT),
            ("delivery_result", "returned"),
        ];
        let checked = checks(&mut staff, &line, &returned).await;
        assert!(checked.body.contains("前回の報告の訂正になります"), "{}", checked.body);
        confirms(&mut staff, &line, &checked).await;
        assert_eq!(texts!(&centre.app.db, reports), ["notified post 0", "notified post 1"]);
        let page = staff.get(&line).await;
        for words in ["（1回目の訂正）", "通知が戻ってきた", "郵便が戻った", "報告を訂正する"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let leaves = "SELECT author FROM audit_leaves WHERE act = 'report_back.import'";
        assert_eq!(texts!(&centre.app.db, leaves), ["abuse-desk"; 3], "each time is a write");
    }
}

#[tokio::test]
async fn a_report_that_came_while_somebody_looked_is_shown_before_another_is_handed_in() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let mut other = signed_in(&centre, "night-shift", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let slow = checks(&mut staff, &line, &[("state", "pending")]).await;
        assert_eq!(slow.status, StatusCode::OK, "{}", slow.body);
        centre.at("2026-05-10T09:05:00");
        let quick = [("state", "notified"), ("notice_channel", "post"), ("notice_at", AT)];
        let checked = checks(&mut other, &line, &quick).await;
        assert!(confirms(&mut other, &line, &checked).await.to().starts_with("/isp/receipts/"));
        let late = confirms(&mut staff, &line, &slow).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", late.body);
        assert!(late.body.contains("新しい報告が入りました"), "{}", late.body);
        let states = "SELECT state FROM line_reports";
        assert_eq!(texts!(&centre.app.db, states), ["notified"], "nothing was handed in");
        // Looked at again, it is handed in.
        let again = checks(&mut staff, &line, &[("state", "pending")]).await;
        assert!(confirms(&mut staff, &line, &again).await.to().starts_with("/isp/receipts/"));
    }
}

/// Lines that wait for a report by that word, as their page shows them.
async fn waiting(staff: &mut Visitor, waits: &str) -> usize {
    let page = staff.get(&format!("/isp/lines?waits={waits}")).await;
    assert_eq!(page.status, StatusCode::OK, "{waits}");
    page.body.matches("<th scope=\"row\"><a href=\"/isp/lines/").count()
}

#[tokio::test]
async fn one_line_that_is_due_earlier_makes_no_other_line_overdue_and_each_number_opens_its_lines()
{
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        let earlier = todoke::time::Moment::parse("2026-05-20T23:59:59+09:00").unwrap();
        let sql = "UPDATE notice_lines SET report_by = $1 WHERE record_no = 1";
        run!(&centre.app.db, sql, earlier);
        for (at, open, soon, over) in [
            ("2026-05-11T09:00:00", 2, 0, 0),
            ("2026-05-20T09:00:00", 2, 1, 0),
            ("2026-05-21T00:00:00", 2, 0, 1),
        ] {
            centre.at(at);
            let desk = format!("desk-{}", &at[8..10]);
            let mut staff = signed_in(&centre, &desk, Role::IspStaff).await;
            let page = staff.get("/isp").await;
            for (waits, lines) in [("open", open), ("soon", soon), ("over", over)] {
                let link = format!("?waits={waits}\">{lines}行</a>");
                assert!(page.body.contains(&link), "{at} {link}: {}", page.body);
                assert_eq!(waiting(&mut staff, waits).await, lines, "{at} {waits}");
            }
        }
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let strange = staff.get("/isp/lines?waits=never").await;
        assert_eq!(strange.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(strange.body.contains("href=\"#waits\""), "{}", strange.body);
    }
}

#[tokio::test]
async fn a_question_without_an_answer_s_body_hands_nothing_out() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        for path in ["/isp/lines".to_owned(), format!("/isp/lines/{}/1", notice.list_id)] {
            let head = axum::http::Request::head(&path).body(axum::body::Body::empty()).unwrap();
            let answer = staff.send(head).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
        let gone = "SELECT form FROM (SELECT format AS form FROM notice_exports UNION ALL
             SELECT 'line' FROM lines_handed_out) all_forms";
        assert!(texts!(&centre.app.db, gone).is_empty(), "nothing was handed out");
    }
}

#[tokio::test]
async fn a_letter_is_reported_by_its_day_and_all_that_was_said_stands_in_the_history() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let told = [
            ("state", "notified"),
            ("notice_channel", "post"),
            ("notice_at", "2026/5/9"),
            ("template_version", "letter-ja-1"),
            ("recipient", "subscriber"),
            ("placement", "private"),
            ("note", "窓口で受領"),
        ];
        let checked = checks(&mut staff, &line, &told).await;
        assert_eq!(checked.status, StatusCode::OK, "{}", checked.body);
        confirms(&mut staff, &line, &checked).await;
        let page = staff.get(&line).await;
        assert!(page.body.contains("郵便, 2026-05-09</dd>"), "no hour is made up: {}", page.body);
        for words in ["（letter-ja-1）</dd>", "窓口で受領</dd>", "契約者</dd>", "専有部</dd>"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let filled = staff.get(&format!("{line}/report")).await;
        assert!(filled.body.contains("value=\"2026-05-09\""), "{}", filled.body);
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let board = office.get("/admin/isps/one?isp=isp-a").await;
        assert!(board.body.contains("通知の方法と文面ごと"), "{}", board.body);
        assert!(board.body.contains("（letter-ja-1）</span></th><td>1</td><td>0</td><td>0</td>"));
    }
}

#[tokio::test]
async fn what_a_file_said_and_the_form_does_not_ask_for_is_said_again() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let token = "ab".repeat(32);
        let file = format!(
            "list_id,record_no,reported_at,state,line_token,token_epoch\n\
             {},1,2026-05-09T10:00:00+09:00,pending,{token},2026\n",
            notice.list_id
        );
        let checked = crate::office::uploads(&mut staff, &file).await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        staff.post("/isp/report/confirm", &data).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let checked = checks(&mut staff, &line, &[("state", "forwarded")]).await;
        confirms(&mut staff, &line, &checked).await;
        let bodies = "SELECT body FROM line_reports WHERE state = 'forwarded'";
        let bodies = texts!(&centre.app.db, bodies);
        assert!(bodies[0].contains(&format!("{token},2026")), "{bodies:?}");
    }
}

/// What may not be said of a line: the form, the field at fault, and words for it.
const UNTRUE: [(&str, &str, &str); 14] = [
    ("", "state", "この行がどうなったかを選んでください"),
    ("state=told", "state", "一覧から選び直してください"),
    ("state=notified", "notice_channel", "通知の方法を選んでください"),
    ("state=notified&notice_channel=sms", "notice_at", "通知した日を入力してください"),
    ("state=notified&notice_channel=sms&notice_at=kinou", "notice_at", "通知した日を、2026-05-09"),
    (
        "state=notified&notice_channel=sms&notice_at=2026-05",
        "notice_at",
        "通知した日を、2026-05-09",
    ),
    ("state=notified&notice_channel=post&notice_at=2026-04-30", "notice_at", "検知より前の日です"),
    (
        "state=notified&notice_channel=sms&notice_at=2026-04-30+10:00",
        "notice_at",
        "検知より前の日です",
    ),
    (
        "state=notified&notice_channel=sms&notice_at=2026-06-09+10:00",
        "notice_at",
        "通知した日が未来です",
    ),
    (
        "state=notified&notice_channel=sms&notice_at=2026-05-09+10:00&identified=no",
        "identified",
        "ほかの答えと合いません",
    ),
    ("state=not_notified", "reason_code", "理由を1つ選んでください"),
    (
        "state=not_notified&reason_code=LOG_EXPIRED&identified=yes",
        "identified",
        "ほかの答えと合いません",
    ),
    (
        "state=not_notified&reason_code=NO_CONTACT&note=abuse@example.jp",
        "note",
        "連絡先を書くことはできません",
    ),
    ("state=not_notified&reason_code=NO_CONTACT&note=%3D1", "note", "先頭の記号"),
];

#[tokio::test]
async fn what_a_file_may_not_say_of_a_line_its_form_may_not_say_either() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        for (said, field, words) in UNTRUE {
            let refused = staff.post(&format!("{line}/report"), said).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
            assert!(refused.body.contains("<title>エラー："), "{said}");
            let link = format!("<a href=\"#{field}\">");
            assert!(refused.body.contains(&link), "{said}: {}", refused.body);
            assert!(refused.body.contains(&format!("id=\"{field}\"")), "{field}");
            assert_eq!(refused.body.matches(words).count(), 2, "{said}: {}", refused.body);
        }
        let nothing = "SELECT receipt FROM report_uploads";
        assert!(texts!(&centre.app.db, nothing).is_empty(), "nothing was handed in");
        for strange in ["/isp/lines/isp-b-1/1", "/isp/lines/x/y"] {
            let gone = staff.get(&format!("{strange}/report")).await;
            assert_eq!(gone.status, StatusCode::NOT_FOUND, "{strange}");
            let gone = checks(&mut staff, strange, &[("state", "pending")]).await;
            assert_eq!(gone.status, StatusCode::NOT_FOUND, "{strange}");
        }
    }
}

#[tokio::test]
async fn a_line_that_was_taken_back_meanwhile_is_reported_on_no_more() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let checked = checks(&mut staff, &line, &[("state", "pending")]).await;
        let other = format!("/isp/lines/{}/2", notice.list_id);
        let strange = confirms(&mut staff, &other, &checked).await;
        assert_eq!(strange.to(), format!("{other}/report#main"), "a row of another line");
        run!(
            &centre.app.db,
            "INSERT INTO line_recalls (isp_id, notice_id, record_no, case_id, at, author, reason)
             SELECT isp_id, notice_id, record_no, case_id, 1, 'desk-1', 'a wrong file'
               FROM notice_lines WHERE record_no = $1",
            1_i64
        );
        let late = confirms(&mut staff, &line, &checked).await;
        let change = staff.post(&format!("{line}/report"), "act=change&state=pending").await;
        let filling = staff.get(&format!("{line}/report")).await;
        let looked = checks(&mut staff, &line, &[("state", "pending")]).await;
        for told in [late, change, filling, looked] {
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY);
            let summary = between(&told.body, "id=\"errors\"", "</div>");
            for words in ["取り消されました", "報告は送っていません", "href=\"#state\""]
            {
                assert!(summary.contains(words), "{words}: {summary}");
            }
            assert!(told.body.contains("<dd id=\"state\" tabindex=\"-1\">取消し</dd>"));
            assert!(
                !told.body.contains(&format!("href=\"{line}/report\"")),
                "there is no way to report"
            );
        }
        assert!(!staff.get(&line).await.body.contains(&format!("{line}/report\"")));
        let nothing = "SELECT receipt FROM report_uploads";
        assert!(texts!(&centre.app.db, nothing).is_empty(), "nothing was handed in");
    }
}

#[tokio::test]
async fn what_a_filter_shows_is_taken_as_a_file_and_counts_as_handed_out() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        run!(
            &centre.app.db,
            "UPDATE notice_lines SET body = replace(body, 'AB-100', '=AB-100'), model = '=AB-100'
              WHERE record_no = $1",
            2_i64
        );
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let path = "/isp/lines/export";
        let file = staff.post(path, "").await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.header("content-type").starts_with("text/csv"));
        assert!(file.header("content-disposition").contains("lines-2026-05-10.csv"));
        let rows: Vec<&str> = file.body.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(rows.len(), 3, "{}", file.body);
        assert!(rows[0].starts_with("list_id,record_no,detected_at,ip,port,device_vendor"));
        let seen = "2026-05-01T03:04:05+09:00";
        let first = format!("{},1,{seen},{ADDRESS},54321,,AB-100,high,no_report", notice.list_id);
        assert!(rows[1].starts_with(&first), "{}", rows[1]);
        assert!(rows[2].contains(",'=AB-100,"), "no cell is a formula: {}", rows[2]);
        let exports = "SELECT format || ' ' || author FROM notice_exports";
        assert_eq!(texts!(&centre.app.db, exports), ["lines abuse-desk"]);
        let leaf = "SELECT detail FROM audit_leaves WHERE act = 'notice.lines.take'";
        assert!(texts!(&centre.app.db, leaf)[0].contains("\"lines\":2"));
        let one = staff.post(path, &form(&[("model", "AB-100")])).await;
        assert_eq!(one.body.lines().count(), 2, "{}", one.body);
        let none = staff.post(path, &form(&[("state", "pending")])).await;
        assert_eq!(none.body.lines().count(), 1, "{}", none.body);
        let page = staff.get("/isp/lines?model=AB-100&state=no_report").await;
        assert!(page.body.contains("name=\"model\" value=\"AB-100\""), "{}", page.body);
        let shown = staff.get("/isp/downloads").await;
        assert!(shown.body.contains("絞り込んだ行のCSV"), "{}", shown.body);
    }
}

#[tokio::test]
async fn who_gave_addresses_away_takes_no_line_of_them_in_a_file() {
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        run!(
            &centre.app.db,
            "UPDATE isp_prefixes SET valid_to = valid_from + 1 WHERE isp_id = $1",
            ISP.0
        );
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let file = staff.post("/isp/lines/export", "").await;
        assert_eq!(file.body.lines().count(), 1, "{}", file.body);
        let exports = texts!(&centre.app.db, "SELECT format FROM notice_exports");
        assert!(exports.is_empty(), "it was told nothing: {exports:?}");
    }
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused_at_its_field_and_shows_no_line() {
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        for (query, field, words) in [
            ("state=told", "state", "対応状況を、一覧から選び直してください"),
            ("since=2026-13-01", "since", "日付を、2026-05-01のように入力してください"),
            ("since=kinou&state=pending", "since", "日付を、2026-05-01のように入力してください"),
        ] {
            let page = staff.get(&format!("/isp/lines?{query}")).await;
            let taken = staff.post("/isp/lines/export", query).await;
            for refused in [page, taken] {
                assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
                let title = refused.body.contains("<title>エラー：");
                assert!(title && refused.body.contains(&format!("href=\"#{field}\"")), "{query}");
                assert_eq!(refused.body.matches(words).count(), 2, "{query}");
                assert!(!refused.body.contains(ADDRESS), "{query}");
                assert!(!refused.body.contains("当てはまる行はありません"), "{query}");
            }
        }
        let read = "SELECT act FROM audit_leaves WHERE act LIKE 'notice.line%'";
        assert!(texts!(&centre.app.db, read).is_empty(), "no line was read");
    }
}

/// Lists of the provider without a line, so many.
async fn many_lists(centre: &Centre, many: u32) {
    for no in 0..many {
        run!(
            &centre.app.db,
            "INSERT INTO notices (isp_id, id, list_id, prepared_at, report_by, lines)
             VALUES ($1, $2, $3, $4, $4, 0)",
            ISP.0,
            todoke::ids::NoticeId(uuid::Uuid::from_u128(1_000 + u128::from(no))),
            format!("isp-a-old-{no:03}"),
            todoke::time::Moment::parse("2026-01-01T00:00:00+09:00").unwrap()
        );
    }
}

#[tokio::test]
async fn the_first_page_shows_twenty_lists_the_urgent_ones_first_and_sums_all_up() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        many_lists(&centre, 45).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let page = staff.get("/isp").await;
        let rows = |page: &Answer| page.body.matches("<a href=\"/isp/lines?list=isp-a").count();
        assert_eq!(rows(&page), 20);
        let (_, table) = page.body.split_once("<tbody>").unwrap();
        let first = table.find(&notice.list_id).expect("what is open comes first");
        assert!(first < table.find("isp-a-old-000").unwrap());
        for words in ["すべて（46件）", "<td>2 / 2</td>", "46件のうち1件目から20件目"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(page.body.contains("/isp?page=2#lists-caption") && !page.body.contains("前へ"));
        let last = staff.get("/isp?page=3").await;
        assert!(rows(&last) == 6 && last.body.contains("/isp?page=2#lists-caption"));
        assert!(!last.body.contains("page=4"));
        for strange in ["/isp?page=99", "/isp?page=x", "/isp?page="] {
            assert_eq!(staff.get(strange).await.status, StatusCode::OK, "{strange}");
        }
        let letter = staff.get(&format!("/isp/lines?list={}", notice.list_id)).await;
        assert!(letter.body.contains(ADDRESS), "the name in a letter leads to its lines");
    }
}

#[tokio::test]
async fn the_office_finds_whom_to_call_and_that_it_read_so_is_kept() {
    for centre in Centre::on_each_engine().await {
        listed(&centre).await;
        centre.at("2026-06-20T09:00:00");
        let isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
        let tenant =
            todoke::access::tenancy::Tenant::of(&centre.app, isp.id, &isp.code, "manager-1");
        let reach = Reach {
            post: "セキュリティ窓口".into(),
            mail: "abuse@isp-a.example".into(),
            phone: Some("03-0000-0000".into()),
            hours: None,
            languages: vec!["ja".into()],
        };
        contacts::add(&tenant, contacts::Role::AbuseDesk, reach).await.unwrap().unwrap();
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let one = "/admin/isps/one?isp=isp-a";
        let board = office.get(one).await;
        assert!(!board.body.contains("03-0000-0000"), "not on the board itself");
        let link = "/admin/isps/isp-a/contacts";
        assert!(board.body.contains(&format!("href=\"{link}\"")), "{}", board.body);
        let read = "SELECT author FROM audit_leaves WHERE act = 'contact.read'";
        assert!(texts!(&centre.app.db, read).is_empty());
        let page = office.get(link).await;
        assert!(page.body.contains("href=\"tel:0300000000\"") && page.body.contains("窓口"));
        assert_eq!(texts!(&centre.app.db, read), ["office-1"]);
        assert_eq!(office.get("/admin/isps/nobody/contacts").await.status, StatusCode::NOT_FOUND);
        let none = office.get("/admin/isps/isp-b/contacts").await;
        assert!(none.body.contains("連絡先の登録がありません"));
        let mut auditor = signed_in(&centre, "auditor-1", Role::Auditor).await;
        assert_eq!(auditor.get(link).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_call_is_noted_once_somebody_says_how_and_a_slip_is_taken_back() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        centre.at("2026-06-20T09:00:00");
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let one = "/admin/isps/one?isp=isp-a";
        let board = office.get(one).await;
        // Nothing is preselected, and nothing is noted before somebody says how.
        assert!(!board.body.contains("<option value=\"phone\" selected"));
        let said =
            |way: &str| form(&[("isp", "isp-a"), ("list", notice.list_id.as_str()), ("way", way)]);
        let refused = office.post("/admin/isps/reminded", &said("")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("id=\"way\"") && refused.body.contains("id=\"way-error\""));
        office.post("/admin/isps/reminded", &said("phone")).await;
        let noted = office.get(one).await;
        assert!(noted.body.contains("電話（office-1）"), "{}", noted.body);

        // A slip is taken back by a later fact: the list waits as if nobody had called.
        let id = hidden(&noted, "id").to_owned();
        let back = form(&[("isp", "isp-a"), ("id", &id)]);
        let foreign = form(&[("isp", "isp-b"), ("id", &id)]);
        let strange = office.post("/admin/isps/reminded/back", &foreign).await;
        assert_eq!(strange.status, StatusCode::UNPROCESSABLE_ENTITY);
        let facts = "SELECT state || ' ' || author FROM reminders ORDER BY at, state";
        assert_eq!(texts!(&centre.app.db, facts), ["noted office-1"], "not of that provider");
        centre.at("2026-06-20T09:10:00");
        let done = office.post("/admin/isps/reminded/back", &back).await;
        assert_eq!(done.to(), "/admin/isps/one?isp=isp-a#main");
        // A colleague was quicker: nothing is changed, and the page says so.
        let late = office.post("/admin/isps/reminded/back", &back).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        let told = between(&late.body, "id=\"errors\"", "</div>");
        assert!(
            told.contains("もう取り消されたか") && told.contains("何も変えていません"),
            "{told}"
        );
        assert!(noted.body.contains("/admin/isps/reminded/back#errors"), "{}", noted.body);
        assert_eq!(texts!(&centre.app.db, facts), ["noted office-1", "taken_back office-1"]);
        let board = office.get(one).await;
        assert!(!board.body.contains("電話（office-1）") && board.body.contains("まだありません"));
        let leaf = "SELECT author FROM audit_leaves WHERE act = 'isp.reminded.back'";
        assert_eq!(texts!(&centre.app.db, leaf), ["office-1"]);
    }
}
