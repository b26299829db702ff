//! What a campaign says in languages beside Japanese and English, on pages: who writes it, how
//! staff see what is missing or old, and what the public gets.

use axum::http::StatusCode;
use todoke::{access::roles::Role, isps, notices::prepare, notices::wordings::shipped};

use crate::{
    centre::{Centre, Visitor, form, run, texts},
    oneoff::{draft_fields, looks, with_campaign},
    people::{of_the_other, signed_in},
};

const PAGE: &str = "/admin/campaigns/emotet";
const VI: &str = "/admin/campaigns/emotet/draft/vi";

/// What is typed in Vietnamese, but for some fields.
fn typed(but: &[(&str, &'static str)]) -> String {
    let all = [
        ("title", "Thông báo về thiết bị nhiễm Emotet"),
        ("source", "cảnh sát Hà Lan"),
        ("by", "Interpol và cảnh sát Nhật Bản"),
        ("basis", "thỏa thuận trao đổi thông tin"),
        ("happened", "Một máy tính có thể đã bị nhiễm **Emotet**."),
        ("to_do", "1. Kiểm tra xem máy có bị nhiễm không."),
    ];
    let value = |(name, value): (&'static str, &'static str)| {
        let other = but.iter().find(|(other, _)| *other == name);
        (name, other.map_or(value, |(_, value)| value))
    };
    let more = but.iter().filter(|(name, _)| matches!(*name, "checked" | "of")).copied();
    let fields: Vec<(&str, &str)> = all.map(value).into_iter().chain(more).collect();
    form(&fields)
}

async fn agree(centre: &Centre, office: &mut Visitor, reviewer: &str) {
    let decide = format!("{PAGE}/decide");
    office.post(&decide, "act=publish").await;
    let mut reviewer = signed_in(centre, reviewer, Role::Reviewer).await;
    reviewer.post(&decide, "act=publish").await;
}

#[tokio::test]
async fn an_editor_writes_what_a_campaign_says_in_vietnamese_and_sees_when_it_is_old() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
        let shown = editor.get(PAGE).await;
        let missing = "<dt>ベトナム語</dt><dd>まだありません。<br>\
                       <a href=\"/admin/campaigns/emotet/draft/vi\">ベトナム語の文を書く</a>";
        assert!(shown.body.contains(missing), "{}", shown.body);
        looks("campaign-language-new", &editor.get(VI).await);
        refuses_half_a_text(&mut editor).await;
        let kept = editor.post(VI, &typed(&[])).await;
        assert_eq!(kept.to(), "/admin/campaigns/emotet#languages");
        assert!(editor.get(PAGE).await.body.contains("あります（第2版から）。"));
        let leaves = "SELECT detail FROM audit_leaves WHERE act = 'campaign.add' ORDER BY no";
        let last = texts!(&centre.app.db, leaves).pop().unwrap();
        assert_eq!(last, "{\"version\":2,\"language\":\"vi\"}");
        assert_eq!(editor.post(VI, &typed(&[])).await.to(), kept.to());
        assert!(office.get(PAGE).await.body.contains("<dt>内容の版</dt><dd>2</dd>"), "no change");

        // The form of the Japanese keeps what there is in other languages, and marks it.
        let fields: Vec<(&str, &str)> = draft_fields(&[("title_ja", "改題")]);
        let changed = office.post(&format!("{PAGE}/draft"), &form(&fields)).await;
        assert_eq!(changed.status, StatusCode::SEE_OTHER);
        let stale = "日本語より古い文です。日本語は第3版で変わりました。";
        for page in [PAGE.to_owned(), format!("{PAGE}/draft"), VI.to_owned()] {
            assert!(office.get(&page).await.body.contains(stale), "{page}");
        }
        looks("campaign-language", &editor.get(VI).await);
        let late = editor.post(VI, &typed(&[("of", "2"), ("title", "Thông báo khác")])).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(late.body.contains("その間に日本語が変わりました"), "{}", late.body);
        assert!(late.body.contains("改題") && late.body.contains("Thông báo khác"));
        editor.post(VI, &typed(&[("checked", "yes"), ("of", "3")])).await;
        assert!(!editor.get(PAGE).await.body.contains(stale), "somebody held it against it");
        let empty = ["title", "source", "by", "basis", "happened", "to_do"].map(|id| (id, ""));
        editor.post(VI, &typed(&empty)).await;
        assert!(editor.get(PAGE).await.body.contains(missing), "empty fields take it out");
        assert_eq!(editor.get(&format!("/en{VI}")).await.status, StatusCode::OK);
        is_written_by_nobody_else(&centre).await;
    }
}

async fn refuses_half_a_text(editor: &mut Visitor) {
    for (but, field, words) in [
        (("title", " "), "title", "書かないときは、すべての欄を空にします"),
        (("by", ""), "by", "書かないときは"),
        (("to_do", ""), "to_do", "書かないときは"),
        (("basis", "a\u{7}"), "basis", "表示できない文字"),
    ] {
        let refused = editor.post(VI, &typed(&[but])).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{but:?}");
        assert!(refused.body.contains("<title>エラー："), "{but:?}");
        let (error, kept) = (format!("id=\"{field}-error\">＊"), "có thể đã bị nhiễm");
        assert!(refused.body.contains(&error) && refused.body.contains(words), "{but:?}");
        assert!(refused.body.contains(kept), "{but:?}");
    }
    let long = form(&[
        ("title", &"a".repeat(121)[..]),
        ("source", "a"),
        ("by", "a"),
        ("basis", "a"),
        ("happened", "a"),
        ("to_do", "a"),
    ]);
    let refused = editor.post(VI, &long).await;
    assert!(refused.body.contains("120字以内にしてください。いまは121字です。"));
}

async fn is_written_by_nobody_else(centre: &Centre) {
    let mut reviewer = signed_in(centre, "reviewer-9", Role::Reviewer).await;
    assert!(!reviewer.get(PAGE).await.body.contains("/draft/vi"));
    for (name, role) in [("reviewer-8", Role::Reviewer), ("m-1", Role::IspManager)] {
        let mut other = signed_in(centre, name, role).await;
        assert_eq!(other.get(VI).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(other.post(VI, &typed(&[])).await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let mut editor = signed_in(centre, "editor-2", Role::Editor).await;
    for none in ["ja", "en", "fr"] {
        let page = format!("{PAGE}/draft/{none}");
        assert_eq!(editor.get(&page).await.status, StatusCode::NOT_FOUND, "{none}");
    }
    let other = editor.post("/admin/campaigns/other/draft/vi", &typed(&[])).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_public_page_offers_the_languages_that_two_people_agreed_to_and_no_other() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let mut public = centre.visitor();
        agree(&centre, &mut office, "reviewer-1").await;
        let alone = public.get("/campaigns/emotet").await;
        assert!(!alone.body.contains("ほかの言語で読む"), "{}", alone.body);
        office.post(VI, &typed(&[])).await;
        let waits = public.get("/campaigns/emotet/vi").await;
        assert_eq!(waits.status, StatusCode::NOT_FOUND, "nobody agreed yet");
        agree(&centre, &mut office, "reviewer-2").await;
        let page = public.get("/campaigns/emotet").await;
        let link =
            "<li lang=\"vi\"><a href=\"/campaigns/emotet/vi\" hreflang=\"vi\">Tiếng Việt</a>";
        assert!(page.body.contains(link), "{}", page.body);
        looks("campaign-public", &page);
        let share = "<th scope=\"row\">注意喚起実施率</th><td class=\"td-count\">–</td>";
        assert!(page.body.contains(share), "nothing was distributed, and nothing is withheld");
        let vietnamese = public.get("/campaigns/emotet/vi").await;
        looks("campaign-public-vi", &vietnamese);
        for other in ["オランダ警察", "the Dutch police", "感染を確かめます"] {
            assert!(!vietnamese.body.contains(other), "{other}");
        }
        assert_eq!(public.get("/en/campaigns/emotet/vi").await.status, StatusCode::OK);
        for none in ["ko", "ja", "en", "xx"] {
            let page = public.get(&format!("/campaigns/emotet/{none}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{none}");
        }
        office
            .post(&format!("{PAGE}/decide"), &form(&[("act", "take_down"), ("reason", "x")]))
            .await;
        let down = public.get("/campaigns/emotet/vi").await;
        assert_eq!(down.status, StatusCode::NOT_FOUND, "it goes with the rest");
    }
}

#[tokio::test]
async fn a_provider_sees_in_which_languages_there_are_notices_and_which_lines_get_none() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        shipped::begin_with(&centre.app).await.unwrap();
        let mut manager = of_the_other(&centre, "manager-b").await;
        let offer = "/isp/campaigns/emotet";
        let waits = manager.get(offer).await;
        assert!(waits.body.contains("<dt>お知らせの言語</dt><dd>文面の合意を待っています。</dd>"));
        office.post(VI, &typed(&[])).await;
        agree(&centre, &mut office, "reviewer-1").await;
        let spoken = manager.get(offer).await;
        let words = "<dt>お知らせの言語</dt><dd>日本語、英語、ベトナム語</dd>";
        assert!(spoken.body.contains(words), "{}", spoken.body);
        let changed = form(&draft_fields(&[("title_ja", "まだ合意のない題")]));
        office.post(&format!("{PAGE}/draft"), &changed).await;
        assert!(!manager.get(offer).await.body.contains("まだ合意のない題"));
        manager.post(offer, "answer=join").await;
        let isp = isps::by_code(&centre.app.db, "isp-b").await.unwrap().unwrap();
        let notice = prepare::for_isp(&centre.app, &isp).await.unwrap().unwrap();
        let counted = |lang: &str| format!("/isp/kit/mail/{lang}?list={}", notice.list_id);
        let vietnamese = manager.get(&counted("vi")).await;
        assert!(vietnamese.body.contains("文面を渡す行は、1行です"), "{}", vietnamese.body);
        let korean = manager.get(&counted("ko")).await;
        let why = "1行: キャンペーン emotet には、韓国語の文がまだありません。";
        assert!(korean.body.contains(why), "{}", korean.body);
    }
}

/// A version as it was written before there were other languages.
const OLD: &str = "{\"title\":{\"ja\":\"古い題\",\"en\":\"Old title\"},\"provenance\":{\"source\":\
    {\"ja\":\"警察\",\"en\":\"Police\"},\"handed_over_by\":{\"ja\":\"警察庁\",\"en\":\"Police\"},\
    \"handed_over_at\":1777561200000000,\"basis\":{\"ja\":\"協定\",\"en\":\"An agreement\"}},\
    \"happened\":{\"ja\":\"あ\",\"en\":\"a\"},\"to_do\":{\"ja\":\"い\",\"en\":\"b\"},\
    \"from\":1777906800000000,\"to\":null,\"report_by\":1781017200000000,\"is_public\":true,\
    \"feeds\":[\"police\"]}";

#[tokio::test]
async fn a_version_of_an_earlier_edition_is_read_shown_and_goes_on() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        run!(&centre.app.db, "UPDATE campaign_versions SET body = $1", OLD);
        agree(&centre, &mut office, "reviewer-1").await;
        let public = centre.visitor().get("/campaigns/emotet").await;
        assert!(public.body.contains("<h1>古い題</h1>"), "{}", public.body);
        assert!(office.get(PAGE).await.body.contains("まだありません。"));
        let kept = office.post(VI, &typed(&[])).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER);
        let shown = office.get(PAGE).await;
        assert!(shown.body.contains("<h1>古い題</h1>") && shown.body.contains("（第2版から）"));
    }
}
