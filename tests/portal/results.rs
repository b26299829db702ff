//! The result over HTTP: one story that holds together, and no day that nobody knows.

use crate::centre::{Centre, Planted, Visitor};

/// The lines of the timeline, without their days.
fn story(page: &str) -> Vec<String> {
    let list = page.split("<ol class=\"td-timeline\">").nth(1).unwrap().split("</ol>").next();
    let lines = list.unwrap().split("<li>").skip(1);
    lines
        .map(|line| {
            let words = line.split("</span>").nth(1).unwrap().split("</li>").next().unwrap();
            words.trim().to_owned()
        })
        .collect()
}

fn heading(page: &str) -> &str {
    page.split("<h2>").nth(1).unwrap().split("</h2>").next().unwrap()
}

/// What is said of the next scan.
fn next(page: &str) -> &str {
    let after = page.split("<dt>次の調査</dt><dd>").nth(1).unwrap();
    after.split("</dd>").next().unwrap()
}

async fn arrived(centre: &Centre) -> Visitor {
    let id = centre.plant(Planted::default()).await;
    let mut visitor = centre.visitor();
    visitor.enters(&id).await;
    visitor
}

const FOUND: &str = "機器が見つかりました";
const ONCE: &str = "1回目の調査で見つかりませんでした";
const TWICE: &str = "2回続けて見つかりませんでした";

#[tokio::test]
async fn a_verdict_that_later_evidence_upset_is_told_no_more() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut visitor = arrived(&centre).await;
        centre.covers("june", "2026-06-01", "complete").await;
        centre.covers("july", "2026-07-01", "complete").await;
        centre.reviews("2026-07-02T09:00:00").await;
        visitor = centre.again(visitor).await;
        let page = visitor.get("/case/result").await.body;
        assert_eq!(heading(&page), "見つからなくなりました");
        assert_eq!(story(&page), [FOUND, ONCE, TWICE], "the first scan is dated too");

        // The second run turns out to have been broken off, and then the first one.
        centre.covers("july", "2026-07-01", "aborted").await;
        centre.reviews("2026-07-03T09:00:00").await;
        visitor = centre.again(visitor).await;
        let page = visitor.get("/case/result").await.body;
        assert_eq!(heading(&page), "1回目は見つかりませんでした");
        assert_eq!(story(&page), [FOUND, ONCE]);
        centre.covers("june", "2026-06-01", "aborted").await;
        centre.reviews("2026-07-04T09:00:00").await;
        visitor = centre.again(visitor).await;
        let page = visitor.get("/case/result").await.body;
        assert_eq!(heading(&page), "まだ見つかっています");
        assert_eq!(story(&page), [FOUND], "as if neither had been");
        assert!(!visitor.get("/case").await.body.contains("2回続けて"));

        centre.covers("august", "2026-08-01", "complete").await;
        centre.covers("september", "2026-09-01", "complete").await;
        centre.reviews("2026-09-02T09:00:00").await;
        visitor = centre.again(visitor).await;
        let page = visitor.get("/case/result").await.body;
        assert_eq!(story(&page), [FOUND, ONCE, TWICE]);
        assert!(page.contains("2026年8月1日") && !page.contains("2026年7月1日"));
    }
}

#[tokio::test]
async fn what_was_seen_after_its_verdict_is_not_called_gone() {
    for centre in Centre::on_each_engine().await {
        let mut visitor = arrived(&centre).await;
        for (state, words) in [("clean_once", "まだ見つかっています"), ("verified", "もう一度")]
        {
            centre.state(1, state, "2026-04-30T04:00:00").await;
            let page = visitor.get("/case/result").await.body;
            assert!(heading(&page).starts_with(words), "seen on 1 May, {state} before: {page}");
            assert!(!page.contains("td-good"));
        }
    }
}

#[tokio::test]
async fn the_next_scan_is_dated_by_the_rhythm_of_those_that_covered_the_place() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut visitor = arrived(&centre).await;
        assert_eq!(next(&visitor.get("/case/result").await.body), "まだ分かりません");
        centre.covers("march", "2026-03-01", "complete").await;
        centre.covers("april", "2026-04-01", "complete").await;
        centre.covers("april-again", "2026-04-20", "aborted").await;
        let two = visitor.get("/case/result").await.body;
        assert_eq!(next(&two), "まだ分かりません", "two runs are no rhythm");
        centre.covers("may", "2026-05-01", "complete").await;
        let page = visitor.get("/case/result").await.body;
        assert_eq!(next(&page), "5月31日ごろの見込みです");
        let english = visitor.get("/en/case/result").await.body;
        assert!(english.contains("Around 31 May"), "{english}");
        visitor.post("/case/done/check", "step-1=on").await;
        let sent = visitor.get("/case/done/sent").await.body;
        assert!(sent.contains("5月31日ごろに、もう一度調べます"), "{sent}");

        centre.at("2026-06-03T09:00:00");
        visitor = centre.again(visitor).await;
        assert_eq!(next(&visitor.get("/case/result").await.body), "まもなくの見込みです");
        centre.at("2026-07-10T09:00:00");
        visitor = centre.again(visitor).await;
        assert_eq!(next(&visitor.get("/case/result").await.body), "まだ分かりません");
    }
}
