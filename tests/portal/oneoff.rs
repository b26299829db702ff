//! One-off lists on pages: by the office, by a provider, and by another one.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use todoke::{
    access::roles::Role,
    feeds::{self, Format, Registration},
    isps::{self, register},
    notices::prepare,
};

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    office::has_key,
    people::{ISP, OTHER, of_the_other, signed_in},
};

const MARK: &str = "----todoke-boundary";
const SEEN: &str = "2026-05-02T10:00:00+09:00";

/// A form with a file as a browser sends it, after what else it holds: its kind, and its bytes.
pub(crate) fn multipart(more: &str, (name, text): (&str, &str)) -> (String, String) {
    let body = format!(
        "{more}--{MARK}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{text}\r\n--{MARK}--\r\n"
    );
    (format!("multipart/form-data; boundary={MARK}"), body)
}

/// Sends a file as a browser does, with what else the form holds.
pub(crate) async fn sends(
    visitor: &mut Visitor,
    path: &str,
    file: (&str, &str),
    more: &str,
) -> Answer {
    let (kind, body) = multipart(more, file);
    let request = Request::post(path).header(header::CONTENT_TYPE, kind);
    visitor.send(request.body(Body::from(body)).unwrap()).await
}

/// A hidden field of a page.
pub(crate) fn hidden<'a>(page: &'a Answer, name: &str) -> &'a str {
    let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).expect(name);
    rest.split('"').next().unwrap()
}

/// What is between the bars of a page, kept as it was agreed.
pub(crate) fn looks(name: &str, page: &Answer) {
    assert_eq!(page.body.matches("<h1").count(), 1, "{name}");
    assert!(!page.body.contains("Unknown localization") && !page.body.contains(" style="));
    let main = page.body.split("<main id=\"main\" tabindex=\"-1\">").nth(1).unwrap();
    let main = main.split("</main>").next().unwrap();
    let lines: Vec<&str> = main.lines().filter(|line| !line.trim().is_empty()).collect();
    insta::with_settings!({
        snapshot_path => "oneoff", prepend_module_to_snapshot => false, omit_expression => true
    }, {
        insta::assert_snapshot!(name, lines.join("\n"));
    });
}

/// Both providers of the tests' people; the first one lets flats.
pub(crate) async fn with_providers(centre: &Centre) {
    let file = "code,name,lease_policy,prefix,kind\n\
                isp-a,Provider A,static,203.0.113.0/25,apartment\n\
                isp-b,Provider B,static,203.0.113.128/25,declared\n\
                isp-c,Provider C,static,198.51.100.0/24,declared\n";
    register::import(&centre.app, file.as_bytes()).await.unwrap().unwrap();
    for provider in [ISP, OTHER] {
        has_key(centre, provider).await;
    }
}

/// The feed of the lists.
pub(crate) async fn with_feed(centre: &Centre) {
    let new = Registration {
        name: "police".to_owned(),
        format: Format::ScanList,
        stream: formats::Stream::Campaign,
        utc_offset_minutes: None,
        completeness_floor: 0.9,
    };
    feeds::add(&centre.app, &new).await.unwrap().unwrap();
}

/// What is typed into the form of a campaign, but for some fields.
pub(crate) fn draft_fields(but: &[(&str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let typed = [
        ("name", "emotet"),
        ("title_ja", "Emotet感染機器の注意喚起"),
        ("title_en", "Help for devices infected by Emotet"),
        ("source_ja", "オランダ警察"),
        ("source_en", "the Dutch police"),
        ("by_ja", "ICPO→警察庁"),
        ("by_en", "Interpol and the National Police Agency"),
        ("at", "2026-05-01"),
        ("basis_ja", "情報提供に関する取決め"),
        ("basis_en", "an agreement on the exchange of information"),
        ("happened_ja", "パソコンが **Emotet** に感染している可能性があります。"),
        ("happened_en", "A computer may be infected by **Emotet**."),
        ("to_do_ja", "1. 感染を確かめます。"),
        ("to_do_en", "1. Check for the infection."),
        ("from", "2026-05-05"),
        ("to", ""),
        ("report_by", "2026-06-10"),
        ("public", "yes"),
        ("feeds", "police"),
    ];
    let value = |(name, value): (&'static str, &'static str)| {
        let other = but.iter().find(|(other, _)| *other == name);
        (name, other.map_or(value, |(_, value)| value))
    };
    typed.map(value).to_vec()
}

fn draft(but: &[(&str, &'static str)]) -> String {
    form_of(&draft_fields(but))
}

/// A list of two devices of the first provider and one of the second, and two rows that are none.
pub(crate) fn list() -> String {
    let row = |run: &str, ip: &str| {
        format!("{run},{ip},campaign,{SEEN},{ip},tcp,40000,m1,detected,emotet,infected\n")
    };
    let head = "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome,\
                application,weakness_code\n";
    let good = ["203.0.113.5", "203.0.113.6", "203.0.113.200"].map(|ip| row("list", ip));
    let bad = [row("list", "203.0.113.500"), row("list", "203.0.113.7").replace(SEEN, "spring")];
    [head.to_owned(), good.concat(), bad.concat()].concat()
}

/// Which feed a list belongs to, as a part of its form.
pub(crate) const FEED: &str = "------todoke-boundary\r\n\
    Content-Disposition: form-data; name=\"feed\"\r\n\r\npolice\r\n";

#[tokio::test]
async fn the_office_runs_a_campaign_on_pages_from_its_start_to_its_end() {
    for centre in Centre::on_each_engine().await {
        with_providers(&centre).await;
        with_feed(&centre).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let page = "/admin/campaigns/emotet";
        assert!(office.get("/admin/campaigns").await.body.contains("キャンペーンはまだありません"));
        refuses_bad_drafts(&mut office).await;
        looks("campaign-new", &office.get("/admin/new-campaign").await);
        let made = office.post("/admin/new-campaign", &draft(&[])).await;
        assert_eq!(made.to(), "/admin/campaigns/emotet#main");
        let taken = office.post("/admin/new-campaign", &draft(&[])).await;
        assert!(taken.body.contains("この名前はすでに使われています"));
        for (isp, words) in [("", "事業者を選んでください"), ("isp-x", "事業者を選んでください")]
        {
            let form = form(&[("act", "invite"), ("isp", isp)]);
            let refused = office.post(&format!("{page}/run"), &form).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.body.contains(words));
        }
        for isp in ["isp-a", "isp-b"] {
            let form = form(&[("act", "invite"), ("isp", isp)]);
            assert_eq!(office.post(&format!("{page}/run"), &form).await.to(), made.to());
        }
        takes_a_list(&centre, &mut office, page).await;
        is_published_by_two(&centre, &mut office, page).await;
        is_closed_and_opened_again(&mut office, page).await;
        let changed = office.post(&format!("{page}/draft"), &draft(&[("title_ja", "改題")])).await;
        assert_eq!(changed.to(), made.to());
        let shown = office.get(page).await;
        assert!(shown.body.contains("<h1>改題</h1>") && shown.body.contains("第1版を公開中"));
        looks("campaign-draft", &office.get(&format!("{page}/draft")).await);
        assert_eq!(office.get("/en/admin/campaigns/emotet").await.status, StatusCode::OK);
        assert_eq!(office.get("/admin/campaigns/other").await.status, StatusCode::NOT_FOUND);
        is_run_by_nobody_else(&centre, page).await;
    }
}

async fn refuses_bad_drafts(office: &mut Visitor) {
    for (but, field, words) in [
        (("title_en", " "), "title_ja", "日本語と英語の両方"),
        (("basis_ja", ""), "basis_ja", "日本語と英語の両方"),
        (("from", "spring"), "from", "2026-04-01のように日付"),
        (("report_by", "2026-05-01"), "report_by", "始まりの日より後"),
        (("feeds", "telnet"), "feeds", "キャンペーン用のフィード"),
        (("name", "Emotet 1"), "name", "英小文字"),
    ] {
        let refused = office.post("/admin/new-campaign", &draft(&[but])).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{but:?}");
        assert!(refused.body.contains("<title>エラー："), "{but:?}");
        assert!(refused.body.contains(&format!("href=\"#{field}\">")), "{but:?}");
        let (error, kept) = (format!("id=\"{field}-error\">＊{words}"), "the Dutch police");
        assert!(refused.body.contains(&error) && refused.body.contains(kept), "{but:?}");
    }
}

async fn is_closed_and_opened_again(office: &mut Visitor, page: &str) {
    let why = |act, reason| form(&[("act", act), ("reason", reason)]);
    let close = office.post(&format!("{page}/run"), &why("close", " ")).await;
    assert!(close.body.contains("id=\"reason-error\""), "a reason is asked for");
    office.post(&format!("{page}/run"), &why("close", "終わったため")).await;
    let closed = office.get(page).await;
    assert!(
        closed.body.contains("2026年5月10日(日)に閉じました")
            && closed.body.contains("終わったため")
    );
    assert!(!closed.body.contains("value=\"invite\""), "nobody is asked any more");
    office.post(&format!("{page}/run"), &why("reopen", "続けるため")).await;
    let again = office.get(page).await;
    assert!(again.body.contains("value=\"close\"") && again.body.contains("続けるため"));
}

async fn is_run_by_nobody_else(centre: &Centre, page: &str) {
    let mut editor = signed_in(centre, "editor-1", Role::Editor).await;
    assert!(!editor.get(page).await.body.contains("<form method=\"post\" action=\"/admin"));
    for (name, role) in [("root", Role::Administrator), ("m-1", Role::IspManager)] {
        let mut other = signed_in(centre, name, role).await;
        assert_eq!(other.get(page).await.status, StatusCode::FORBIDDEN, "{role}");
        let answer = other.post(&format!("{page}/run"), "act=enrol").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role}");
    }
}

/// The list is looked at, then taken in; the figures and their file say the same.
async fn takes_a_list(centre: &Centre, office: &mut Visitor, page: &str) {
    let lists = format!("{page}/lists");
    let none = sends(office, &lists, ("list.csv", ""), FEED).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    let senseless = sends(office, &lists, ("list.csv", "mood\nfine\n"), FEED).await;
    assert!(senseless.body.contains("このファイルは読めませんでした"), "{}", senseless.body);
    let other = FEED.replace("police", "telnet");
    let other = sends(office, &lists, ("list.csv", &list()), &other).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "a feed of another undertaking");
    let checked = sends(office, &lists, ("list.csv", &list()), FEED).await;
    looks("list-check", &without_data(&checked));
    for words in ["5行目", "<code>ip</code>", "6行目", "<code>detected_at</code>"] {
        assert!(checked.body.contains(words), "{words}: {}", checked.body);
    }
    let cases = "SELECT state FROM case_rows";
    assert!(texts!(&centre.app.db, cases).is_empty(), "nothing was taken in");
    let form = ["feed", "name", "data"].map(|name| (name, hidden(&checked, name)));
    let done = office.post(&format!("{lists}/confirm"), &form_of(&form)).await;
    assert_eq!(done.to(), format!("{page}#main"));
    assert_eq!(texts!(&centre.app.db, cases).len(), 3);
    let leaves = "SELECT author FROM audit_leaves WHERE act = 'file.enter'";
    assert_eq!(texts!(&centre.app.db, leaves), ["office-1"]);
    let shown = office.get(page).await;
    assert!(shown.body.contains("list.csv (police)") && !shown.body.contains("203.0.113."));
    looks("campaign", &shown);
    tells(office, page, ["3", "0", "0", "0", "0", "0", "0", "–"]).await;
}

/// The page of a campaign and the file of its figures tell these numbers: obtained, distributed,
/// participating, reporting, notices, those reported late, those outside the period, and the rate.
async fn tells(office: &mut Visitor, page: &str, numbers: [&str; 8]) {
    let shown = office.get(page).await;
    let csv = office.get(&format!("{page}/figures.csv")).await;
    let rows = [
        ("入手件数", None),
        ("配布件数", Some("distributed_total")),
        ("参加ISP（社）", Some("participating_isps")),
        ("実施報告のあったISP（社）", Some("reporting_isps")),
        ("注意喚起実施件数", Some("notices_sent")),
        ("期限のあとに報告された注意喚起", None),
        ("期間の外で行われた注意喚起", None),
        ("注意喚起実施率", Some("notice_rate_percent")),
    ];
    for ((label, key), number) in rows.into_iter().zip(numbers) {
        let row = format!("<th scope=\"row\">{label}</th><td class=\"td-count\">{number}</td>");
        assert!(shown.body.contains(&row), "{row}: {}", shown.body);
        let Some(key) = key else { continue };
        let told = csv.body.lines().find(|line| line.starts_with(&format!("{key},"))).unwrap();
        let number = number.trim_end_matches('％').replace('–', "");
        assert_eq!(told.split(',').nth(1), Some(number.as_str()), "{key}");
    }
}

fn form_of(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

pub(crate) fn without_data(page: &Answer) -> Answer {
    let body = page.body.replace(hidden(page, "data"), "…");
    Answer { status: page.status, headers: page.headers.clone(), body }
}

async fn is_published_by_two(centre: &Centre, office: &mut Visitor, page: &str) {
    let publish = "act=publish";
    office.post(&format!("{page}/decide"), publish).await;
    let alone = office.post(&format!("{page}/decide"), publish).await;
    assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(alone.body.contains("提案した人とは別の人の合意"), "{}", alone.body);
    let mut public = centre.visitor();
    assert_eq!(public.get("/campaigns/emotet").await.status, StatusCode::NOT_FOUND);
    let mut reviewer = signed_in(centre, "reviewer-1", Role::Reviewer).await;
    assert!(reviewer.get(page).await.body.contains("第1版に合意する"));
    reviewer.post(&format!("{page}/decide"), publish).await;
    assert_eq!(public.get("/campaigns/emotet").await.status, StatusCode::OK);
    let form = form(&[("act", "take_down"), ("reason", "電話番号の誤り")]);
    reviewer.post(&format!("{page}/decide"), &form).await;
    assert_eq!(public.get("/campaigns/emotet").await.status, StatusCode::NOT_FOUND);
    office.post(&format!("{page}/decide"), publish).await;
    reviewer.post(&format!("{page}/decide"), publish).await;
    assert_eq!(public.get("/campaigns/emotet").await.status, StatusCode::OK);
    let back = reviewer.post(&format!("{page}/run"), "act=close&reason=x").await;
    assert_eq!(back.status, StatusCode::FORBIDDEN, "a reviewer closes nothing");
}

#[tokio::test]
async fn what_a_campaign_for_providers_alone_says_is_agreed_to_and_stays_off_the_public_site() {
    for centre in Centre::on_each_engine().await {
        with_providers(&centre).await;
        with_feed(&centre).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let page = "/admin/campaigns/emotet";
        let made = office.post("/admin/new-campaign", &draft(&[("public", "")])).await;
        assert_eq!(made.to(), "/admin/campaigns/emotet#main");
        office.post(&format!("{page}/decide"), "act=publish").await;
        let mut reviewer = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
        reviewer.post(&format!("{page}/decide"), "act=publish").await;
        let shown = office.get(page).await;
        assert!(
            shown.body.contains("第1版に2人が合意しています。公開はしません。"),
            "{}",
            shown.body
        );
        assert!(!shown.body.contains("/campaigns/emotet\">公開のページを見る"));
        let mut public = centre.visitor();
        assert_eq!(public.get("/campaigns/emotet").await.status, StatusCode::NOT_FOUND);
        assert!(!public.get("/campaigns").await.body.contains("Emotet"));
    }
}

/// A campaign with its list, which the office asked both providers about.
pub(crate) async fn with_campaign(centre: &Centre) -> Visitor {
    with_providers(centre).await;
    with_feed(centre).await;
    let mut office = signed_in(centre, "office-1", Role::Office).await;
    office.post("/admin/new-campaign", &draft(&[])).await;
    let lists = "/admin/campaigns/emotet/lists";
    let checked = sends(&mut office, lists, ("list.csv", &list()), FEED).await;
    let form_ = ["feed", "name", "data"].map(|name| (name, hidden(&checked, name)));
    office.post(&format!("{lists}/confirm"), &form_of(&form_)).await;
    for isp in ["isp-a", "isp-b"] {
        let form = form(&[("act", "invite"), ("isp", isp)]);
        office.post("/admin/campaigns/emotet/run", &form).await;
    }
    office
}

#[tokio::test]
async fn a_provider_says_whether_it_takes_part_and_sees_its_own_figures_alone() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let page = "/isp/campaigns/emotet";
        looks("offered", &manager.get("/isp/campaigns").await);
        looks("offer", &manager.get(page).await);
        let none = manager.post(&format!("{page}/check"), "reason=x").await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(none.body.contains("href=\"#answer\">") && none.body.contains("value=\"x\""));
        let withdraws = manager.post(&format!("{page}/check"), "answer=withdraw").await;
        assert_eq!(withdraws.status, StatusCode::UNPROCESSABLE_ENTITY, "it takes no part yet");
        let join = form(&[("answer", "join"), ("reason", "契約者への案内は済み")]);
        let checked = manager.post(&format!("{page}/check"), &join).await;
        looks("offer-check", &checked);
        let said = "SELECT kind || ' ' || author FROM campaign_isp_facts ORDER BY isp_id, no";
        assert_eq!(texts!(&centre.app.db, said), ["invited office-1", "invited office-1"]);
        for path in [format!("{page}/check"), page.to_owned()] {
            let refused = staff.post(&path, &join).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "the manager answers");
        }
        assert!(!staff.get(page).await.body.contains("name=\"answer\""));
        let done = manager.post(page, &join).await;
        assert_eq!(done.to(), "/isp/campaigns/emotet/receipt#main");
        looks("offer-receipt", &manager.get("/isp/campaigns/emotet/receipt").await);
        assert_eq!(manager.post(page, &join).await.to(), done.to(), "again changes nothing");
        let said = texts!(&centre.app.db, said);
        assert_eq!(said, ["invited office-1", "joined manager-1", "invited office-1"]);
        let isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
        prepare::for_isp(&centre.app, &isp).await.unwrap().expect("its lines of the campaign");
        let own = manager.get(page).await;
        assert!(own.body.contains("<dt>届いた行</dt><dd>2行</dd>"), "{}", own.body);
        let office_page = "/admin/campaigns/emotet";
        tells(&mut office, office_page, ["3", "2", "1", "0", "0", "0", "0", "0.00％"]).await;
        let list = &texts!(&centre.app.db, "SELECT list_id FROM notices")[0];
        // One was warned in the period, and one before it.
        let rows = [(1, "2026-05-09T10:00:00+09:00"), (2, "2026-05-04T23:59:59+09:00")];
        let rows = rows.map(|(no, at)| format!("{list},{no},{at},notified,email,{at}\n"));
        let head = "list_id,record_no,reported_at,state,notice_channel,notice_at\n";
        let file = format!("{head}{}", rows.concat());
        let checked = sends(&mut manager, "/isp/report", ("r.csv", &file), "").await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/report/confirm", &data).await;
        tells(&mut office, office_page, ["3", "2", "1", "1", "1", "0", "1", "50.00％"]).await;
        let own = manager.get(page).await;
        assert!(own.body.contains("<dt>期間の外で行われた注意喚起</dt><dd>1行</dd>"));
        shows_nothing_to_another_one(&centre, page).await;
        let shown = office.get("/admin/campaigns/emotet").await;
        assert!(shown.body.contains("isp-a: 参加 (manager-1)"), "{}", shown.body);
        changes_until_the_deadline(&centre, page).await;
        let mut manager = signed_in(&centre, "manager-3", Role::IspManager).await;
        assert_eq!(manager.get("/isp/campaigns/other").await.status, StatusCode::NOT_FOUND);
        assert_eq!(manager.get("/en/isp/campaigns/emotet").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_provider_sees_what_two_people_agreed_to_and_a_draft_is_called_one() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let mut reviewer = signed_in(&centre, "reviewer-1", Role::Reviewer).await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let (all, page) = ("/isp/campaigns", "/isp/campaigns/emotet");
        let draft_is = "この内容は下書きです。";
        for path in [all, page] {
            assert!(manager.get(path).await.body.contains(draft_is), "{path}");
        }
        let admin = "/admin/campaigns/emotet";
        for visitor in [&mut office, &mut reviewer] {
            visitor.post(&format!("{admin}/decide"), "act=publish").await;
        }
        let changes = [("title_ja", "まだ決まらない題"), ("report_by", "2026-05-08")];
        office.post(&format!("{admin}/draft"), &draft(&changes)).await;
        for path in [all, page] {
            let shown = manager.get(path).await.body;
            assert!(shown.contains("Emotet感染機器の注意喚起"), "{shown}");
            assert!(shown.contains("2026年6月10日(水)"), "the deadline agreed to: {shown}");
            assert!(!shown.contains(draft_is) && !shown.contains("まだ決まらない題"), "{shown}");
        }
        let asks = manager.post(&format!("{page}/check"), "answer=join").await;
        assert_eq!(asks.status, StatusCode::OK, "the earlier deadline is nobody's yet");
        assert!(!asks.body.contains("まだ決まらない題"));
        let shown = office.get(admin).await.body;
        assert!(shown.contains("次の合意まで、配布と期限は第1版に従います。"), "{shown}");
        let down = form(&[("act", "take_down"), ("reason", "電話番号の誤り")]);
        reviewer.post(&format!("{admin}/decide"), &down).await;
        let shown = manager.get(page).await.body;
        assert!(shown.contains("文面は取りやめました。いま見直しています。"), "{shown}");
        assert!(!shown.contains("感染を確かめます") && !shown.contains("まだ決まらない題"));
        for visitor in [&mut office, &mut reviewer] {
            visitor.post(&format!("{admin}/decide"), "act=publish").await;
        }
        let shown = manager.get(page).await.body;
        assert!(shown.contains("まだ決まらない題") && shown.contains("感染を確かめます"));
        let refused = manager.post(&format!("{page}/check"), "answer=join").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "now the deadline is over");
    }
}

async fn shows_nothing_to_another_one(centre: &Centre, page: &str) {
    let mut other = of_the_other(centre, "manager-b").await;
    let others = other.get(page).await;
    assert!(others.body.contains("<dt>一覧にある行</dt><dd>1行</dd>"), "{}", others.body);
    assert!(others.body.contains("<dt>届いた行</dt><dd>0行</dd>"));
    for hidden in ["isp-a", "manager-1", "office-1", "契約者への案内は済み"] {
        assert!(!others.body.contains(hidden), "{hidden}");
    }
    let none = other.get(&format!("{page}/receipt")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "it has answered nothing");
}

async fn changes_until_the_deadline(centre: &Centre, page: &str) {
    let receipt = "/isp/campaigns/emotet/receipt#main";
    let withdraw = form(&[("answer", "withdraw"), ("reason", "")]);
    centre.at("2026-06-10T23:00:00");
    let mut other = of_the_other(centre, "manager-c").await;
    let declines = other.post(page, "answer=decline").await;
    assert_eq!(declines.to(), receipt, "it is open until the deadline");
    centre.at("2026-06-11T00:00:00");
    let mut other = of_the_other(centre, "manager-d").await;
    let late = other.post(page, "answer=join").await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("回答の期限を過ぎました"), "{}", late.body);
    let mut manager = signed_in(centre, "manager-2", Role::IspManager).await;
    assert_eq!(manager.post(page, &withdraw).await.to(), receipt, "nobody is kept in it");
    let mut office = signed_in(centre, "office-2", Role::Office).await;
    let close = form(&[("act", "close"), ("reason", "x")]);
    office.post("/admin/campaigns/emotet/run", &close).await;
    let closed = manager.post(page, "answer=join").await;
    assert!(closed.body.contains("このキャンペーンは終わりました"), "{}", closed.body);
    assert!(!closed.body.contains("回答の期限を過ぎました"));
}
