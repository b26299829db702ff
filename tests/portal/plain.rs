//! Japanese pages of providers and of the office hold no word of the wire: where a code must be
//! seen, its plain word stands before it.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use formats::report_back as wire;
use todoke::{
    access::{doors::Door, roles::Role},
    isps::{self, delivery::Way, settings::Field},
    notices::{export::Form, lines::LineState, prepare, wordings::shipped},
    router,
};

use crate::{
    centre::{Centre, Visitor, form, texts},
    office_keys::{CERTIFICATE, hands_in},
    oneoff::{hidden, sends, with_campaign},
    people::{between, signed_in},
};

/// Pages of other parts of the centre, which have their own tests, and one that stands only after a
/// form.
const ELSEWHERE: [&str; 8] = [
    "/admin/access",
    "/admin/accounts",
    "/admin/approvals",
    "/admin/audit",
    "/admin/feeds",
    "/admin/files",
    "/admin/quarantine",
    "/isp/buildings",
];

/// Every word of the wire that a page of these might let slip.
fn codes() -> Vec<&'static str> {
    let mut codes: Vec<&str> = LineState::ALL.iter().map(|one| one.word()).collect();
    codes.extend(wire::State::ALL.iter().map(|one| one.code()));
    codes.extend(wire::Identified::ALL.iter().map(|one| one.code()));
    codes.extend(wire::ReasonCode::ALL.iter().map(|one| one.code()));
    codes.extend(wire::Channel::ALL.iter().map(|one| one.code()));
    codes.extend(wire::DeliveryResult::ALL.iter().map(|one| one.code()));
    codes.extend(wire::Recipient::ALL.iter().map(|one| one.code()));
    codes.extend(wire::Placement::ALL.iter().map(|one| one.code()));
    codes.extend(Form::ALL.iter().map(|one| one.word()).filter(|word| *word != "n6"));
    codes.extend(Way::ALL.iter().map(|one| one.word()));
    codes.extend(Field::ALL.iter().map(|one| one.word()));
    codes.extend(["static", "sticky", "dynamic", "at_once", "daily", "in_use", "unfit", "waiting"]);
    codes.extend(["page", "lines", "taxii", "mail-ja", "letter-ja", "sms-ja", "true", "false"]);
    codes
}

/// What a reader sees of a page: without what stands in `<code>` and in samples, and without codes
/// in parentheses behind their plain word.
fn seen(page: &str) -> String {
    let main = between(page, "<main", "</main>");
    let mut text = String::new();
    let mut rest = main.split_once('>').unwrap().1;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let (name, after) = tag.split_once('>').unwrap();
        let end = match name.split_whitespace().next().unwrap_or_default() {
            "code" => "</code>",
            "textarea" => "</textarea>",
            "pre" => "</pre>",
            _ => "",
        };
        rest = if end.is_empty() { after } else { after.split_once(end).unwrap().1 };
    }
    text.push_str(rest);
    let is_code = |text: &str| text.chars().all(|c| c.is_ascii() && c != '（');
    let mut plain = String::new();
    for part in text.split('（') {
        match part.split_once('）') {
            Some((inner, after)) if is_code(inner) => plain.push_str(after),
            _ => plain.push_str(part),
        }
    }
    plain
}

/// Codes that a reader sees.
fn slips(page: &str, codes: &[&str]) -> Vec<String> {
    let text = seen(page);
    // A name such as `list.csv` is one word.
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let words = text.split(|c| !is_part(c)).map(|word| word.trim_matches('.'));
    let words = words.filter(|word| codes.contains(word));
    words.map(str::to_owned).collect()
}

#[test]
fn a_code_is_found_where_a_reader_sees_it_and_nowhere_else() {
    let page = |text: &str| format!("<main id=\"main\">{text}</main>");
    for text in ["<p>email, 2026</p>", "<dd>(LOG_EXPIRED)</dd>", "<td>page</td>", "<b>yes</b>"] {
        assert_eq!(slips(&page(text), &codes()).len(), 1, "{text}");
    }
    for text in [
        "<p>メール（email）</p>",
        "<code>LOG_EXPIRED</code>",
        "<option value=\"pending\">対応中</option>",
        "<td>abuse-page</td>",
        "<textarea>\npage</textarea>",
    ] {
        assert!(slips(&page(text), &codes()).is_empty(), "{text}");
    }
}

/// A provider hands a key in, says how its lists reach it, makes an API token, and proposes how it
/// is to be known; gives the fingerprint.
async fn keeps_its_entry(manager: &mut Visitor) -> String {
    let checked = hands_in(manager, CERTIFICATE).await;
    let compared = form(&[("data", hidden(&checked, "data")), ("compared", "yes")]);
    let key = manager.post("/isp/keys/confirm", &compared).await;
    let way = [("way", "mail-smime"), ("form", "jsonl"), ("to", "abuse@isp-a.example")];
    let when = [("when", "kept"), ("pattern", "30 6 * * *")];
    let wish = [&way[..], &when].concat();
    let checked = manager.post("/isp/delivery", &form(&wish)).await;
    let wish = [&wish[..], &[("once", hidden(&checked, "once"))]].concat();
    manager.post("/isp/delivery/confirm", &form(&wish)).await;
    let page = manager.get("/isp/tokens").await;
    let token = [("name", "夜間の取込み機"), ("days", "30"), ("once", hidden(&page, "once"))];
    manager.post("/isp/tokens", &form(&token)).await;
    for (field, value) in [("lease_policy", "sticky:30"), ("sender_domain", "mail.isp-a.example")] {
        let proposal = [("field", field), ("value", value), ("reason", "案内用")];
        manager.post("/isp/settings", &form(&proposal)).await;
    }
    between(key.to(), "/isp/keys/", "#").to_owned()
}

/// A list with reports of every kind, taken in several ways, and a campaign that has it.
async fn at_work(centre: &Centre) -> Vec<(&'static str, String)> {
    shipped::begin_with(&centre.app).await.unwrap();
    with_campaign(centre).await;
    let mut manager = signed_in(centre, "manager-1", Role::IspManager).await;
    manager.post("/isp/campaigns/emotet", "answer=join").await;
    let isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
    let notice = prepare::for_isp(&centre.app, &isp).await.unwrap().unwrap();
    let list = notice.list_id;
    let at = "2026-05-09T10:00:00+09:00";
    let file = format!(
        "list_id,record_no,reported_at,state,identified,reason_code,notice_channel,notice_at,\
         delivery_result,recipient,mood\n\
         {list},1,{at},not_notified,no,LOG_EXPIRED,,,,,\n\
         {list},2,{at},notified,yes,,email,{at},delivered,,\n\
         {list},2,{at},notified,,,,,,,fine\n\
         {list},999,{at},notified,yes,,email,{at},,,\n"
    );
    let checked = sends(&mut manager, "/isp/report", ("r.csv", &file), "").await;
    let slipped = slips(&checked.body, &codes());
    assert!(slipped.is_empty(), "{slipped:?}: {}", checked.body);
    let data = form(&[("data", hidden(&checked, "data"))]);
    let done = manager.post("/isp/report/confirm", &data).await;
    let number = between(done.to(), "/isp/receipts/", "#").to_owned();
    for form in Form::ALL {
        let taken = format!("format={}", form.word());
        manager.post(&format!("/isp/downloads/{list}"), &taken).await;
    }
    manager.post("/isp/lines/export", "").await;
    manager.post("/isp/kit/mail/ja", &format!("list={list}")).await;
    let key = keeps_its_entry(&mut manager).await;
    let sql = "SELECT lower(hex(id)) FROM case_rows ORDER BY no LIMIT 1";
    let case = uuid::Uuid::parse_str(&texts!(&centre.app.db, sql)[0]).unwrap();
    vec![
        ("{list}", list),
        ("{record}", "1".to_owned()),
        ("{number}", number),
        ("{kind}", "mail".to_owned()),
        ("draft/{language}", "draft/ja-easy".to_owned()),
        ("{language}", "ja".to_owned()),
        ("{name}", "emotet".to_owned()),
        ("{isp}", "isp-a".to_owned()),
        ("{id}", case.to_string()),
        ("{fingerprint}", key),
    ]
}

#[tokio::test]
async fn no_japanese_page_of_the_desk_or_the_office_holds_a_word_of_the_wire() {
    let centre = Centre::on_sqlite().await;
    let filled = at_work(&centre).await;
    // Later on the lists are overdue, and stand on the board of the office.
    centre.at("2026-06-20T09:00:00");
    let manager = signed_in(&centre, "manager-2", Role::IspManager).await;
    let codes = codes();
    let mut people: BTreeMap<&str, Visitor> = BTreeMap::from([("manager", manager)]);
    let mut walked = 0;
    for route in router::list() {
        let is_page = route.method == Method::GET && !route.path.contains('.');
        let is_here = route.path.starts_with("/isp") || route.path.starts_with("/admin/");
        if !is_page || !is_here || ELSEWHERE.iter().any(|one| route.path.starts_with(one)) {
            continue;
        }
        let mut path = route.path.to_owned();
        for (name, value) in &filled {
            path = path.replace(name, value);
        }
        if path == "/admin/isps/one" {
            path += "?isp=isp-a";
        }
        assert!(!path.contains('{'), "say above with what {path} is filled in");
        let who = match route.door {
            Door::Provider(_) => people.get_mut("manager").unwrap(),
            Door::May(act) => {
                let role = Role::ALL.into_iter().find(|role| role.may(act)).unwrap();
                if !people.contains_key(role.word()) {
                    let name = format!("worker-{}", people.len());
                    people.insert(role.word(), signed_in(&centre, &name, role).await);
                }
                people.get_mut(role.word()).unwrap()
            }
            door => panic!("{path}: {door:?}"),
        };
        let page = who.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.to());
        assert!(!page.body.contains("Unknown localization"), "{path}");
        let slipped = slips(&page.body, &codes);
        assert!(slipped.is_empty(), "{path} shows {slipped:?}");
        walked += 1;
    }
    assert!(walked > 20, "{walked}");
}
