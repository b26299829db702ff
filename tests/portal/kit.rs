//! What notices say, from a draft to the letter of a line: an editor, a second person, a provider.

use axum::http::StatusCode;
use todoke::{
    access::roles::Role,
    ids::IspId,
    isps,
    notices::{prepare, wordings::shipped},
};

use crate::{
    centre::{ADDRESS, Answer, Centre, Visitor, form, run, texts},
    office::listed,
    oneoff::{hidden, sends, with_campaign},
    people::signed_in,
};

const MAIL: &str = "/admin/wordings/mail/ja";

/// The fields of a draft.
fn draft(body: &str, act: &str) -> String {
    form(&[("subject", "機器のお知らせ"), ("body", body), ("act", act)])
}

/// A text that says what each notice must say.
fn text(words: &str) -> String {
    format!("{words}\r\n{{inquiry_id}}\r\n{{phone}} {{genuine}}")
}

/// Decides about a version of the mail.
async fn decides(who: &mut Visitor, act: &str, fields: &[(&str, &str)]) -> Answer {
    who.post(&format!("{MAIL}/{act}"), &form(fields)).await
}

/// The main part of a page as it was agreed.
fn takes(name: &str, page: &Answer) {
    let main = page.body.split("<main id=\"main\" tabindex=\"-1\">").nth(1).unwrap();
    let main = main.split("</main>").next().unwrap();
    let lines: Vec<&str> = main.lines().filter(|line| !line.trim().is_empty()).collect();
    insta::with_settings!({
        snapshot_path => "kit", prepend_module_to_snapshot => false, omit_expression => true
    }, {
        insta::assert_snapshot!(name, format!("{}\n{}", page.status, lines.join("\n")));
    });
}

#[tokio::test]
async fn a_draft_reaches_a_provider_once_another_person_approved_it() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
        let mut second = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let empty = staff.get("/isp/kit").await;
        assert!(empty.body.contains("使える文面は、まだありません"), "{}", empty.body);
        assert_eq!(staff.get("/isp/kit/mail/ja").await.status, StatusCode::NOT_FOUND);

        let path = format!("{MAIL}/draft");
        let looked = editor.post(&path, &draft(&text("{isp}からのお知らせ"), "look")).await;
        assert_eq!(looked.status, StatusCode::OK);
        assert!(looked.body.contains("見本プロバイダからのお知らせ"), "{}", looked.body);
        assert!(looked.body.contains("48213-90417-66206"));
        assert!(texts!(&centre.app.db, "SELECT kind FROM wordings").is_empty(), "nothing is kept");
        let kept = editor.post(&path, &draft(&text("{isp}からのお知らせ"), "keep")).await;
        assert_eq!(kept.to(), "/admin/wordings/mail/ja?version=1#main");
        assert!(second.get("/admin/wordings").await.body.contains("2人目の確認待ち"));

        let one = ("version", "1");
        let own = decides(&mut editor, "approve", &[one]).await;
        assert_eq!(own.status, StatusCode::FORBIDDEN, "an editor approves nothing");
        assert!(staff.get("/isp/kit").await.body.contains("まだありません"), "a draft is none");
        assert_eq!(decides(&mut second, "approve", &[one]).await.to(), format!("{MAIL}#main"));
        let twice = decides(&mut second, "approve", &[one]).await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(twice.body.contains("もう reviewer-1 さんが承認しています"), "{}", twice.body);

        // Who may do both does not do both to one text.
        office.post(&path, &draft(&text("事務局からのお知らせ"), "keep")).await;
        let page = office.get(&format!("{MAIL}?version=2")).await;
        assert!(page.body.contains("書いた人は承認できません") && !page.body.contains("/approve"));
        let own = decides(&mut office, "approve", &[("version", "2")]).await;
        assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(own.body.contains("<title>エラー：") && own.body.contains("id=\"errors\""));
        let page = second.get(&format!("{MAIL}?version=2")).await;
        let gone = "<del>{isp}からのお知らせ</del>";
        assert!(page.body.contains(gone) && page.body.contains("<ins>事務局からのお知らせ</ins>"));

        let kit = staff.get("/isp/kit/mail/ja").await;
        assert!(kit.body.contains("Provider Aからのお知らせ"), "{}", kit.body);
        assert!(kit.body.contains("«inquiry_id»"), "what differs from line to line stays open");
        assert!(!kit.body.contains("事務局"), "nobody approved the second version");
        let asked = form(&[("list", &notice.list_id), ("form", "csv")]);
        let csv = staff.post("/isp/kit/mail/ja", &asked).await;
        assert!(csv.header("content-disposition").contains("mail-ja.csv"));
        assert_eq!(csv.body.matches("Provider Aからのお知らせ").count(), 2, "{}", csv.body);
        assert!(!csv.body.contains(ADDRESS), "no address leaves in a text");
        let leaves = "SELECT author || ' ' || act FROM audit_leaves
             WHERE act LIKE 'wording.%' OR act = 'notice.texts' ORDER BY no";
        assert_eq!(
            texts!(&centre.app.db, leaves),
            [
                "editor-1 wording.draft",
                "reviewer-1 wording.approve",
                "office-1 wording.draft",
                "abuse-desk notice.texts",
            ]
        );
    }
}

#[tokio::test]
async fn what_a_text_lacks_or_names_wrongly_is_said_beside_its_field() {
    let centre = Centre::on_sqlite().await;
    let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
    let path = format!("{MAIL}/draft");
    let mut refused = async |subject: &str, body: &str| {
        let fields = [("subject", subject), ("body", body), ("act", "keep")];
        let answer = editor.post(&path, &form(&fields)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert!(answer.body.contains("<title>エラー："));
        answer.body
    };
    let good = "{inquiry_id} {phone} {genuine}";
    let unknown = refused("件名", &format!("{good}\r\n\r\n{{password}}")).await;
    assert!(
        unknown.contains("本文の3行目：この差し込みの言葉はありません：{password}"),
        "{unknown}"
    );
    assert!(unknown.contains("{password}</textarea>"), "what was typed is kept");
    let missing = refused("件名", "{inquiry_id} {phone}").await;
    assert!(missing.contains("必ず入れる言葉がありません：{genuine}"), "{missing}");
    assert!(refused("", good).await.contains("件名を書いてください"));
    assert!(refused("{oops", good).await.contains("件名：波かっこの片方がありません"));
    assert!(refused("件名", "").await.contains("本文を書いてください"));
    let advised = editor
        .post(&path, &draft(&format!("当該機器のパスワードを入力してください。\n{good}"), "look"))
        .await;
    assert!(advised.body.contains("「当該」は、別の言葉にします"), "{}", advised.body);
    assert!(advised.body.contains("秘密やお金を求めているように読めます"));
    assert!(texts!(&centre.app.db, "SELECT kind FROM wordings").is_empty());
}

#[tokio::test]
async fn a_retired_or_withdrawn_version_is_used_by_nobody() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        shipped::begin_with(&centre.app).await.unwrap();
        let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
        let mut second = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspManager).await;
        editor.post(&format!("{MAIL}/draft"), &draft(&text("次の版"), "keep")).await;
        let two = ("version", "2");
        let why = ("reason", "言葉をまちがえた");
        let other = decides(&mut editor, "withdraw", &[("version", "1"), why]).await;
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "it is no draft of theirs");
        let without = decides(&mut editor, "withdraw", &[two]).await;
        assert!(without.body.contains("理由を書いてください"), "{}", without.body);
        assert_eq!(decides(&mut editor, "withdraw", &[two, why]).await.status, 303);
        let late = decides(&mut second, "approve", &[two]).await;
        assert!(late.body.contains("もう editor-1 さんが廃止しています"), "{}", late.body);

        // Approved for a later day, it can be stopped before.
        editor.post(&format!("{MAIL}/draft"), &draft(&text("先の版"), "keep")).await;
        let three = ("version", "3");
        for (day, words) in
            [("2026-05-01", "過ぎた日からは使えません"), ("あした", "2026-05-01 のように")]
        {
            let refused = decides(&mut second, "approve", &[three, ("from", day)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{day}");
            assert!(refused.body.contains(words), "{day}");
        }
        decides(&mut second, "approve", &[three, ("from", "2026-06-01")]).await;
        assert!(second.get("/admin/wordings").await.body.contains("使用開始前"));
        assert!(staff.get("/isp/kit/mail/ja").await.body.contains("mail-ja-1"));
        decides(&mut second, "retire", &[three, why]).await;
        centre.at("2026-06-02T09:00:00");
        let mut staff = signed_in(&centre, "abuse-desk-2", Role::IspStaff).await;
        let mut second = signed_in(&centre, "reviewer-2", Role::Reviewer).await;
        let asked = form(&[("list", &notice.list_id)]);
        let gone = staff.get("/isp/kit/mail/ja").await;
        assert_eq!(gone.status, StatusCode::OK, "a day that never came replaces nothing");
        decides(&mut second, "retire", &[("version", "1"), why]).await;
        assert_eq!(staff.get("/isp/kit/mail/ja").await.status, StatusCode::NOT_FOUND);
        assert_eq!(staff.post("/isp/kit/mail/ja", &asked).await.status, StatusCode::NOT_FOUND);
        let line = format!("/isp/lines/{}/1", notice.list_id);
        let asked = form(&[("of", "mail.ja")]);
        let refused = staff.post(&format!("{line}/notice"), &asked).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("いま使えません"), "{}", refused.body);
        let exports = texts!(&centre.app.db, "SELECT format FROM notice_exports");
        assert_eq!(exports, ["page"], "the line was seen, and no text of it");
        let facts = texts!(
            &centre.app.db,
            "SELECT fact || ' ' || author FROM wording_events
              WHERE kind = 'mail' AND language = 'ja' ORDER BY version, at, fact"
        );
        let done = [
            "approved todoke (reviewer)",
            "retired reviewer-2",
            "retired editor-1",
            "approved reviewer-1",
            "retired reviewer-1",
        ];
        assert_eq!(facts, done);
    }
}

#[tokio::test]
async fn a_line_that_is_another_providers_stands_in_no_text_and_no_letter() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        shipped::begin_with(&centre.app).await.unwrap();
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let list = &notice.list_id;
        let line = |no: u32| format!("/isp/lines/{list}/{no}/notice");
        let of = |what: &str| form(&[("of", what)]);
        let made = staff.post(&line(1), &of("sms.vi")).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        assert!(made.body.contains("SMSの3通分") && made.body.contains("sms-vi-1"));
        let again = staff.post(&line(1), &of("letter.ja")).await;
        assert!(again.body.contains("手紙をPDFで受け取る"));
        let formats = texts!(&centre.app.db, "SELECT format FROM notice_exports");
        assert_eq!(formats, ["sms-vi"], "the list is in hand once, whatever line is asked for");
        let foreign = "/isp/lines/isp-b-20260510-001/1/notice";
        let asked = [(foreign.to_owned(), "sms.vi"), (line(7), "mail.ja"), (line(1), "mail.xx")];
        for (path, what) in asked {
            let status = staff.post(&path, &of(what)).await.status;
            let wanted = if what == "mail.xx" { 422 } else { 404 };
            assert_eq!(status, wanted, "{path} {what}");
        }
        let none = staff.post("/isp/kit/mail/ja", &form(&[("list", "isp-b-20260510-001")])).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.body.contains("この名前のものはありません"), "{}", none.body);

        // The register learns that the addresses had passed to somebody else.
        let other: IspId =
            todoke::isps::by_code(&centre.app.db, "isp-b").await.unwrap().unwrap().id;
        run!(&centre.app.db, "UPDATE isp_prefixes SET isp_id = $1", other);
        let asked = form(&[("list", list)]);
        let csv = staff.post("/isp/kit/mail/ja", &asked).await;
        assert_eq!((csv.status, csv.body.lines().count()), (StatusCode::OK, 1), "{}", csv.body);
        let refused = staff.post(&line(1), &of("mail.ja")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("契約者には知らせません"), "{}", refused.body);
        let letters = form(&[("list", list), ("form", "zip")]);
        let none = staff.post("/isp/kit/letter/ja", &letters).await;
        assert!(none.status == 422 || none.status == 503, "{}", none.status);
        assert!(!none.body.contains("%PDF"));
    }
}

#[tokio::test]
async fn lines_that_were_told_are_counted_and_made_again_only_where_that_is_chosen() {
    for centre in Centre::on_each_engine().await {
        let notice = listed(&centre).await;
        shipped::begin_with(&centre.app).await.unwrap();
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let tells = async |staff: &mut Visitor, line: i64| {
            let file = format!(
                "list_id,record_no,reported_at,state,notice_channel,notice_at\n\
                 {},{line},2026-05-09T10:00:00+09:00,notified,post,2026-05-09\n",
                notice.list_id
            );
            let checked = crate::office::uploads(staff, &file).await;
            let data = form(&[("data", hidden(&checked, "data"))]);
            staff.post("/isp/report/confirm", &data).await;
        };
        let counted = format!("/isp/kit/letter/ja?list={}", notice.list_id);
        assert!(!staff.get(&counted).await.body.contains("name=\"whom\""), "nobody was told yet");
        tells(&mut staff, 1).await;
        let page = staff.get(&counted).await;
        for words in ["渡す行は、1行です", "1行: すでに知らせた", "2行をもう一度作る"]
        {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        assert!(!page.body.contains("value=\"all\" checked"), "only those not yet told");
        let asked = [("list", &notice.list_id[..]), ("form", "csv")];
        let csv = staff.post("/isp/kit/letter/ja", &form(&asked)).await;
        let rows = |csv: &str| csv.matches("letter-ja-1").count();
        assert_eq!(rows(&csv.body), 1);
        let all = form(&[&asked[..], &[("whom", "all")]].concat());
        let csv = staff.post("/isp/kit/letter/ja", &all).await;
        assert_eq!(rows(&csv.body), 2, "a reprint");
        tells(&mut staff, 2).await;
        let refused = staff.post("/isp/kit/letter/ja", &form(&asked)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("<a href=\"#whom\">"), "{}", refused.body);
        assert!(refused.body.contains("まだ知らせていない行はありません"), "{}", refused.body);
        let one = format!("/isp/lines/{}/1/notice", notice.list_id);
        let one = staff.post(&one, &form(&[("of", "letter.ja")])).await;
        assert!(one.body.contains("すでに知らせたと報告されています"), "{}", one.body);
    }
}

/// A shared device, and a home whose address is private.
const HOUSES: &str = "building,name,contract_party,unit,placement,prefix,ports,addressing\n\
    b1,みなと台,association,,,203.0.113.0/26,,private\n\
    b1,,,hall,shared,203.0.113.5/32,,global\n\
    b1,,,u2,private,203.0.113.6/32,,private\n";

#[tokio::test]
async fn a_provider_sees_how_many_lines_get_no_text_and_why_before_it_takes_the_rest() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        shipped::begin_with(&centre.app).await.unwrap();
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        manager.post("/isp/campaigns/emotet", "answer=join").await;
        let isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
        let notice = prepare::for_isp(&centre.app, &isp).await.unwrap().unwrap();
        let counted = format!("/isp/kit/letter/ja?list={}", notice.list_id);
        let page = manager.get(&counted).await;
        assert!(page.body.contains("2行: 設置場所が分かりません"), "{}", page.body);
        assert!(page.body.contains("文面を渡す行は、0行です"));
        assert!(!page.body.contains("value=\"csv\""), "there is nothing to take");
        let checked = sends(&mut manager, "/isp/buildings", ("b.csv", HOUSES), "").await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/buildings/confirm", &data).await;
        let page = manager.get(&counted).await;
        assert!(page.body.contains("1行: センターの判断を待っています"), "{}", page.body);
        assert!(page.body.contains("1行: キャンペーン emotet の内容が未承認です"));
        let asked = form(&[("list", &notice.list_id), ("form", "csv")]);
        let refused = manager.post("/isp/kit/letter/ja", &asked).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("センターにお尋ねください"), "{}", refused.body);
        assert!(texts!(&centre.app.db, "SELECT format FROM notice_exports").is_empty());

        let publish = "act=publish";
        office.post("/admin/campaigns/emotet/decide", publish).await;
        let mut reviewer = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
        reviewer.post("/admin/campaigns/emotet/decide", publish).await;
        let page = manager.get(&counted).await;
        assert!(page.body.contains("文面を渡す行は、1行です"), "{}", page.body);
        assert!(manager.get(&format!("/en{counted}")).await.body.contains("get a text: 1"));
        let other = manager.get(&counted.replace("/ja?", "/vi?")).await;
        assert!(other.body.contains("ベトナム語の文がまだありません"), "{}", other.body);
        let csv = manager.post("/isp/kit/letter/ja", &asked).await;
        assert_eq!(csv.status, StatusCode::OK);
        assert!(csv.body.contains("letter-campaign-ja-1") && csv.body.contains("オランダ警察"));
        let lines = [1, 2].map(|no| format!("/isp/lines/{}/{no}/notice", notice.list_id));
        let (mut made, mut open) = (0, 0);
        for line in lines {
            let one = manager.post(&line, &form(&[("of", "mail.ja")])).await;
            made += usize::from(one.body.contains("管理組合") && one.body.contains("Emotet"));
            open += usize::from(one.status == 422 && one.body.contains("センターの判断"));
        }
        assert_eq!((made, open), (1, 1));
    }
}

#[tokio::test]
async fn the_letters_of_a_list_come_as_one_file_or_one_per_line() {
    let centre = Centre::on_sqlite().await;
    let notice = listed(&centre).await;
    shipped::begin_with(&centre.app).await.unwrap();
    let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
    let sample = staff.get("/isp/kit/letter/ja/sample.pdf").await;
    if sample.status == StatusCode::SERVICE_UNAVAILABLE {
        assert!(sample.body.contains("手紙を印刷できません"), "{}", sample.body);
        println!("skipped: no font, or a build without the press");
        return;
    }
    assert_eq!(sample.header("content-type"), "application/pdf");
    assert!(sample.body.starts_with("%PDF-"));
    assert_eq!(staff.get("/isp/kit/mail/ja/sample.pdf").await.status, StatusCode::NOT_FOUND);
    let ask = |form_of: &str, part: &str| {
        form(&[("list", &notice.list_id), ("form", form_of), ("part", part), ("window", "empty")])
    };
    for (part, words) in [("2", "1回目までです"), ("x", "回を数字で書いてください")]
    {
        let refused = staff.post("/isp/kit/letter/ja", &ask("pdf", part)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{part}");
        assert!(refused.body.contains(words), "{part}: {}", refused.body);
    }
    assert!(texts!(&centre.app.db, "SELECT format FROM notice_exports").is_empty());
    let pdf = staff.post("/isp/kit/letter/ja", &ask("pdf", "1")).await;
    assert!(pdf.body.starts_with("%PDF-"));
    let zip = staff.post("/isp/kit/letter/ja", &ask("zip", "")).await;
    assert!(zip.header("content-disposition").contains("letter-ja.1.zip"));
    assert!(zip.body.starts_with("PK"));
    for no in [1, 2] {
        let name = format!("{}.ja.{no:06}.pdf", notice.list_id);
        assert_eq!(zip.body.matches(&name).count(), 2, "in its place and in the directory");
    }
    let line = format!("/isp/lines/{}/2/notice", notice.list_id);
    let one = staff.post(&line, &form(&[("of", "letter.ja"), ("form", "pdf")])).await;
    assert!(one.body.starts_with("%PDF-") && one.header("content-disposition").contains(".2.pdf"));
    let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
    let shown = editor.get("/admin/wordings/letter/ja/sample.pdf?version=1").await;
    assert!(shown.body.starts_with("%PDF-"));
}

#[tokio::test]
async fn who_is_told_of_in_a_part_of_the_letters_stays_there_when_others_are_reported_on() {
    let centre = Centre::on_sqlite().await;
    let notice = listed(&centre).await;
    // A list so long that it has two parts.
    run!(&centre.app.db, "UPDATE notices SET lines = 501");
    run!(&centre.app.db, "UPDATE notice_lines SET record_no = 501 WHERE record_no = 2");
    shipped::begin_with(&centre.app).await.unwrap();
    let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
    if staff.get("/isp/kit/letter/ja/sample.pdf").await.status == StatusCode::SERVICE_UNAVAILABLE {
        println!("skipped: no font, or a build without the press");
        return;
    }
    let ask = |part| form(&[("list", &notice.list_id), ("form", "zip"), ("part", part)]);
    let first = staff.post("/isp/kit/letter/ja", &ask("1")).await;
    assert!(first.body.contains(".000001.pdf") && !first.body.contains(".000501.pdf"));
    run!(&centre.app.db, "UPDATE notice_lines SET said = 'notified' WHERE record_no = 1");
    let second = staff.post("/isp/kit/letter/ja", &ask("2")).await;
    assert!(second.body.contains(".000501.pdf"), "it did not move into the first part");
    let again = staff.post("/isp/kit/letter/ja", &ask("1")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("1回目の分には、知らせる相手が残っていません"), "{}", again.body);
}

#[tokio::test]
async fn the_pages_of_wordings_and_of_the_kit_look_as_they_were_agreed() {
    let centre = Centre::on_sqlite().await;
    let notice = listed(&centre).await;
    let mut editor = signed_in(&centre, "editor-1", Role::Editor).await;
    let second = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
    let staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
    takes("wording-none", &editor.get("/admin/wordings/sms/ko").await);
    shipped::begin_with(&centre.app).await.unwrap();
    let sms = "{isp}\n{inquiry_id}\n{genuine}\n{phone}";
    editor.post("/admin/wordings/sms/ja/draft", &form(&[("body", sms), ("act", "keep")])).await;
    let draft = "/admin/wordings/sms/ja?version=2";
    let line = format!("/isp/lines/{}/1", notice.list_id);
    let counted = format!("/isp/kit/letter/ja?list={}", notice.list_id);
    let mut people = [editor, second, staff];
    let pages = [
        ("wordings", 1, "/admin/wordings"),
        ("wording-waits", 1, draft),
        ("wording-shipped", 1, "/admin/wordings/mail/vi"),
        ("wording-draft", 0, "/admin/wordings/sms/ja/draft"),
        ("kit", 2, "/isp/kit"),
        ("kit-letter", 2, "/isp/kit/letter/ja-easy"),
        ("kit-sms", 2, "/isp/kit/sms/ja"),
        ("kit-manager", 2, "/isp/kit/letter-manager/ja"),
        ("kit-counted", 2, &counted[..]),
        ("wording-campaign", 1, "/admin/wordings/letter-campaign/ja"),
        ("line", 2, &line[..]),
    ];
    for (name, who, path) in pages {
        let who = &mut people[who];
        takes(name, &who.get(path).await);
        for path in [path.to_owned(), format!("/en{path}")] {
            let answer = who.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(!answer.body.contains("Unknown localization"), "{path}");
            assert_eq!(answer.body.matches("<h1").count(), 1, "{path}");
            assert!(!answer.body.contains(" style="), "{path}");
        }
    }
    let asked = form(&[("of", "phone.ja")]);
    let notice = people[2].post(&format!("{line}/notice"), &asked).await;
    takes("line-notice", &notice);
}
