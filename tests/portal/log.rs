//! The audit log as its reader sees it: filtered, page by page, as a file, and for nobody else.

use axum::http::StatusCode;
use rand::SeedableRng as _;
use todoke::{
    access::roles::Role,
    audit::{self, Deed, list},
    time::Moment,
};

use crate::{
    centre::{Answer, Centre},
    people::signed_in,
};

/// Adds a leaf of that day; gives its number.
async fn notes(centre: &Centre, day: &str, by: &str, deed: Deed<'_>) {
    let mut tx = centre.app.db.begin().await.unwrap();
    let at = Moment::parse(&format!("{day}T10:00:00+09:00")).unwrap();
    audit::note(&mut tx, deed.by(by, at)).await.unwrap();
    tx.commit().await.unwrap();
}

/// Gives the centre the key of its log, as `todoke init` does.
pub(crate) fn has_key(centre: &Centre) {
    let folder = centre.app.data.join("keys");
    std::fs::create_dir_all(&folder).unwrap();
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
    assert!(audit::key::create(&folder, &mut rng).unwrap());
}

/// The numbers of the leaves on a page, in its order.
fn numbers(page: &Answer) -> Vec<i64> {
    let parts = page.body.split("<h2>").skip(1);
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    parts.map(|part| number(part).parse().unwrap()).collect()
}

/// The number of the last leaf in the log.
async fn last(centre: &Centre) -> i64 {
    list::latest(&centre.app.db, &list::Filter::default(), 1).await.unwrap()[0].no
}

/// Five deeds of three people on two days, and whoever reads of them.
async fn told(centre: &Centre) -> (crate::centre::Visitor, i64) {
    let auditor = signed_in(centre, "auditor-1", Role::Auditor).await;
    let before = last(centre).await;
    let list = "isp-a-20260501-001";
    notes(centre, "2026-05-01", "desk-1", Deed::new("feed.add", "telnet")).await;
    let export = Deed::new("notice.export", list).of_isp("isp-a").with("{\"lines\":5}");
    notes(centre, "2026-05-01", "desk-2", export).await;
    notes(centre, "2026-05-02", "desk-1", Deed::new("notice.read", list).of_isp("isp-a")).await;
    notes(centre, "2026-05-02", "desk-2", Deed::new("noticeable", "<b>x</b>")).await;
    notes(centre, "2026-05-02", "desk-3", Deed::new("contact.read", "isp-b").of_isp("isp-b")).await;
    (auditor, before)
}

#[tokio::test]
async fn an_auditor_reads_who_did_what_the_latest_first_and_filters_it() {
    for centre in Centre::on_each_engine().await {
        let (mut auditor, before) = told(&centre).await;
        let all = auditor.get("/admin/audit").await;
        assert_eq!(all.status, StatusCode::OK);
        let shown: Vec<i64> = (1..=before + 5).rev().collect();
        assert_eq!(numbers(&all), shown);
        assert!(all.body.contains("&#60;b&#62;x") && !all.body.contains("<b>x"), "{}", all.body);
        for (asked, wanted) in [
            ("by=desk-1", &[3, 1][..]),
            ("act=notice.export", &[2]),
            // A word up to a dot stands for its kin, and for no other that begins like it.
            ("act=notice", &[3, 2]),
            ("isp=isp-b", &[5]),
            ("isp=isp-a&by=desk-2&act=", &[2]),
            ("by=+desk-3+", &[5]),
            ("by=desk-1&since=2026-05-02", &[3]),
            ("by=desk-1&since=2026-05-01T12:00:00%2B09:00", &[3]),
            ("by=desk", &[]),
        ] {
            let page = auditor.get(&format!("/admin/audit?{asked}")).await;
            assert_eq!(page.status, StatusCode::OK, "{asked}");
            let wanted: Vec<i64> = wanted.iter().map(|no| before + no).collect();
            assert_eq!(numbers(&page), wanted, "{asked}");
            assert_eq!(page.body.contains("当てはまる記録はありません"), wanted.is_empty());
        }
        let kept = auditor.get("/admin/audit?by=desk-1&act=notice&isp=isp-a").await;
        for typed in ["value=\"desk-1\"", "value=\"notice\"", "value=\"isp-a\""] {
            assert!(kept.body.contains(typed), "{typed} is kept: {}", kept.body);
        }
    }
}

#[tokio::test]
async fn a_day_that_is_none_is_said_at_its_field_and_shows_no_leaf() {
    let centre = Centre::on_sqlite().await;
    let (mut auditor, _) = told(&centre).await;
    for typed in ["yesterday", "2026-13-01", "1%3Cb%3E"] {
        let page = auditor.get(&format!("/admin/audit?by=desk-1&since={typed}")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        for words in [
            "<title>エラー：",
            "id=\"errors\"",
            "href=\"#since\"",
            "aria-invalid=\"true\"",
            "日付が読み取れません",
            "value=\"desk-1\"",
        ] {
            assert!(page.body.contains(words), "{typed}: {words}: {}", page.body);
        }
        assert!(numbers(&page).is_empty() && !page.body.contains("1<b>"), "{}", page.body);
        assert!(!page.body.contains("当てはまる記録はありません"), "nobody looked");
    }
    // An address that somebody shortened shows the latest leaves, and no bare refusal.
    let page = auditor.get("/admin/audit?before=x").await;
    assert_eq!((page.status, numbers(&page).is_empty()), (StatusCode::OK, false));
}

#[tokio::test]
async fn a_long_log_is_read_page_by_page_under_the_same_filter() {
    for centre in Centre::on_each_engine().await {
        let mut auditor = signed_in(&centre, "auditor-1", Role::Auditor).await;
        for no in 0..120 {
            let by = ["desk-1", "desk-2"][no % 2];
            notes(&centre, "2026-05-01", by, Deed::new("feed.add", &format!("feed-{no}"))).await;
        }
        for (asked, wanted) in
            [("/admin/audit?by=desk-1", 60_usize), ("/admin/audit?act=feed", 120)]
        {
            let (mut path, mut pages, mut read) = (asked.to_owned(), 0, Vec::new());
            loop {
                let page = auditor.get(&path).await;
                let numbers = numbers(&page);
                assert!(numbers.len() <= 50 && !numbers.is_empty());
                (pages, read) = (pages + 1, [read, numbers].concat());
                let Some((_, next)) = page.body.split_once("td-pages") else { break };
                let next = next.split("href=\"").nth(1).unwrap().split('"').next().unwrap();
                let next = next.trim_end_matches("#log").replace("&#38;", "&");
                path = format!("/admin/audit{next}");
                assert!(pages < 9, "it goes on and on: {path}");
            }
            assert_eq!((read.len(), pages), (wanted, wanted.div_ceil(50)), "{asked}");
            assert!(read.windows(2).all(|two| two[0] > two[1]), "each once, the latest first");
        }
    }
}

#[tokio::test]
async fn the_whole_log_is_fetched_as_a_file_that_holds_together_by_itself() {
    for centre in Centre::on_each_engine().await {
        let (mut auditor, before) = told(&centre).await;
        let without = auditor.get("/admin/audit/export").await;
        assert_eq!(without.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(without.body.contains("監査の鍵が読めません"), "{}", without.body);
        has_key(&centre);
        assert!(auditor.get("/admin/audit").await.body.contains("href=\"/admin/audit/export\""));
        let file = auditor.get("/admin/audit/export").await;
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"audit.jsonl\"");
        assert_eq!(file.header("content-type"), "application/jsonl");
        let lines: Vec<serde_json::Value> =
            file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            (&lines[0]["format"], &lines[0]["leaves"]),
            (&"todoke/audit/1".into(), &(before + 5).into())
        );
        assert_eq!(lines.len(), usize::try_from(before).unwrap() + 6);
        assert_eq!(lines.last().unwrap()["hash"], lines[0]["hash"]);
        // The very bytes that the command writes.
        let mut written = Vec::new();
        audit::export::write(&centre.app, &mut written).await.unwrap();
        assert_eq!(file.body.as_bytes(), written);
    }
}

#[tokio::test]
async fn nobody_but_an_auditor_reads_the_log() {
    let centre = Centre::on_sqlite().await;
    has_key(&centre);
    for path in ["/admin/audit", "/en/admin/audit", "/admin/audit/export"] {
        let stranger = centre.visitor().get(path).await;
        assert!(stranger.to().ends_with("/sign-in#main"), "{path}: {}", stranger.to());
        for role in Role::ALL {
            let name = format!("{}{}", role.word(), path.replace('/', "-"));
            let answer = signed_in(&centre, &name, role).await.get(path).await;
            let may = role == Role::Auditor;
            let wanted = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, wanted, "{path} {role}");
            assert_eq!(answer.body.contains("auditor-"), may, "no name stands on a refusal");
        }
    }
}

#[tokio::test]
async fn the_page_is_as_it_was_agreed_in_both_languages() {
    let centre = Centre::on_sqlite().await;
    let (mut auditor, _) = told(&centre).await;
    for (name, path) in [
        ("log", "/admin/audit?since=2026-05-01"),
        ("log-en", "/en/admin/audit?by=desk-2"),
        ("log-refused", "/admin/audit?since=x"),
        ("log-none", "/en/admin/audit?by=nobody"),
    ] {
        let page = auditor.get(path).await;
        assert!(!page.body.contains("Unknown localization") && !page.body.contains(" style="));
        assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
        let main = page.body.split("<main id=\"main\" tabindex=\"-1\">").nth(1).unwrap();
        let main = main.split("</main>").next().unwrap();
        let lines: Vec<&str> = main.lines().filter(|line| !line.trim().is_empty()).collect();
        insta::with_settings!({ snapshot_path => "log", prepend_module_to_snapshot => false,
            omit_expression => true }, {
            insta::assert_snapshot!(name, lines.join("\n"));
        });
    }
}
