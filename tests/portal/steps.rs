//! Steps over HTTP: what became of each, what is in the way, and where one goes on.

use axum::http::StatusCode;

use crate::{
    arrived,
    centre::{Centre, Planted, texts},
};

const MARKS: &str = "SELECT step || ' ' || outcome || ' ' || COALESCE(cause, '-')
     FROM step_marks ORDER BY at, step";

#[tokio::test]
async fn whoever_cannot_do_a_step_names_the_cause_and_it_is_kept_and_shown() {
    for centre in Centre::on_each_engine().await {
        let mut visitor = arrived(&centre).await;
        let stuck = visitor.post("/case/manual/2", "outcome=stuck").await;
        assert_eq!(stuck.to(), "/case/manual/2#causes");
        let page = visitor.get("/case/manual/2").await.body;
        assert!(page.contains("id=\"causes\"") && page.contains("どれに近いですか"));
        assert!(page.contains("value=\"1\">RESETが見つからない"), "{page}");
        assert!(!page.contains("「初期化」「INIT」と書いた"), "a remedy answers a cause");

        centre.at("2026-05-10T09:01:00");
        let named = visitor.post("/en/case/manual/2", "outcome=stuck&cause=1").await;
        assert_eq!(named.to(), "/en/case/manual/2#causes");
        let page = visitor.get("/case/manual/2").await.body;
        assert!(page.contains("「RESETが見つからない」とき"));
        assert!(page.contains("「初期化」「INIT」と書いた"), "{page}");
        assert!(!page.contains("value=\"1\">RESETが見つからない"), "the others are offered");
        let english = visitor.get("/en/case/manual/2").await.body;
        assert!(english.contains("There is no RESET") && english.contains("0120"));
        let help = visitor.get("/case/help").await.body;
        assert!(help.contains(
            "手順2の『機器を最初の状態にもどします』で止まりました。『RESETが見つからない』"
        ));
        assert_eq!(
            texts!(&centre.app.db, MARKS),
            ["2 stuck -", "2 stuck RESETが見つからない"],
            "in the words of the Japanese manual, whatever language the page was in"
        );

        centre.at("2026-05-10T09:02:00");
        visitor.post("/case/manual/2", "outcome=stuck&cause=0").await;
        let page = visitor.get("/case/manual/2").await.body;
        assert!(page.contains("電話でいっしょに進めます") && page.contains("0120"));
        assert!(texts!(&centre.app.db, MARKS).contains(&"2 stuck other".to_owned()));

        centre.at("2026-05-10T09:03:00");
        visitor.post("/case/manual/2", "outcome=done").await;
        assert!(!visitor.get("/case/manual/2").await.body.contains("id=\"causes\""));
        assert!(!visitor.get("/case/help").await.body.contains("止まりました"));
    }
}

#[tokio::test]
async fn a_step_that_is_not_needed_is_no_trouble_and_the_next_one_follows() {
    for centre in Centre::on_each_engine().await {
        let mut visitor = arrived(&centre).await;
        let none = visitor.get("/case").await.body;
        assert!(none.contains("手順を始める") && !none.contains("続きから"));
        visitor.post("/case/manual/1", "outcome=done").await;
        let onwards = visitor.post("/case/manual/2", "outcome=not_needed").await;
        assert_eq!(onwards.to(), "/case/manual/3#main");
        assert_eq!(texts!(&centre.app.db, MARKS), ["1 done -", "2 not_needed -"]);
        assert!(!visitor.get("/case/manual/2").await.body.contains("id=\"causes\""));
        assert!(!visitor.get("/case/help").await.body.contains("止まりました"));
        let back = visitor.get("/case").await.body;
        assert!(back.contains("続きから始める（手順3）") && back.contains("/case/manual/3#main"));
        let done = visitor.get("/case/done").await.body;
        assert_eq!(done.matches(" checked").count(), 1, "what was not needed was not done");
    }
}

#[tokio::test]
async fn an_outcome_or_a_cause_that_no_page_offers_is_refused_and_not_kept() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    for form in ["outcome=perhaps", "outcome=stuck&cause=9", "outcome=stuck&cause=-1", "cause=1"] {
        let refused = visitor.post("/case/manual/2", form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
    }
    assert_eq!(texts!(&centre.app.db, MARKS), [""; 0]);
}

#[tokio::test]
async fn a_claim_is_checked_before_it_is_sent_and_the_form_comes_back_when_nothing_is_ticked() {
    for centre in Centre::on_each_engine().await {
        let id = centre.plant(Planted { no: 2, ..Planted::default() }).await;
        let mut visitor = centre.visitor();
        visitor.enters(&id).await;
        let nothing = visitor.get("/case/done/check").await;
        assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nothing.body.contains("<title>エラー："));
        assert!(
            nothing.body.contains("href=\"#step-1\"") && nothing.body.contains("id=\"step-1\"")
        );
        assert_eq!(visitor.get("/case/done/check?step-99=on").await.status, nothing.status);
        let check = visitor.get("/case/done/check?step-2=on&step-99=on").await;
        assert_eq!(check.status, StatusCode::OK);
        assert!(check.body.contains("href=\"/case/done?step-2=on#main\""), "it can be changed");
        let change = visitor.get("/case/done?step-2=on").await.body;
        assert_eq!(change.matches(" checked").count(), 1, "what was ticked is kept");
        let unsent = texts!(&centre.app.db, "SELECT kind FROM case_events WHERE kind = 'claimed'");
        assert!(unsent.is_empty(), "to look is not to send");
        assert_eq!(visitor.post("/case/done/check", "").await.to(), "/case/done#main");
        let sent = visitor.post("/case/done/check", "step-2=on").await;
        assert_eq!(sent.to(), "/case/done/sent#main");
    }
}
