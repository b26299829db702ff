//! Apartment houses on pages: a provider keeps its buildings, the office decides what is open.

use axum::http::StatusCode;
use todoke::{
    access::roles::Role,
    isps,
    notices::{export, prepare},
};

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    oneoff::{FEED, hidden, list, looks, sends, with_campaign, with_providers, without_data},
    people::{of_the_other, signed_in},
};

/// A unit with a public address, one behind forwarded ports, what all share, and the rest.
const HOUSES: &str = "building,name,contract_party,unit,placement,prefix,ports,addressing\n\
    b1,みなと台,association,,,203.0.113.0/26,,private\n\
    b1,,,u1,,203.0.113.5/32,,global\n\
    b1,,,u2,,203.0.113.6/32,,port_forwarding\n";

#[tokio::test]
async fn a_provider_keeps_its_buildings_by_file_and_one_by_one() {
    for centre in Centre::on_each_engine().await {
        with_providers(&centre).await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let page = "/isp/buildings";
        assert!(manager.get(page).await.body.contains("建物の登録がありません"));
        for (text, words) in [
            ("", "建物のCSVを選んでください"),
            ("mood\n", "列 building がありません"),
            ("building,prefix\n", "列 addressing がありません"),
        ] {
            let refused = sends(&mut manager, page, ("b.csv", text), "").await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(refused.body.contains(words), "{words}: {}", refused.body);
        }
        let bad =
            format!("{HOUSES}b2,,,,,198.51.100.0/25,,global\nb3,,,,,203.0.113.64/26,,perhaps\n");
        let checked = sends(&mut manager, page, ("b.csv", &bad), "").await;
        looks("buildings-check", &without_data(&checked));
        let stored = "SELECT building FROM apartment_buildings ORDER BY building, no";
        assert!(texts!(&centre.app.db, stored).is_empty(), "nothing is entered");
        let data = form(&[("data", hidden(&checked, "data"))]);
        let done = manager.post("/isp/buildings/confirm", &data).await;
        assert_eq!(done.to(), "/isp/buildings#buildings");
        assert_eq!(texts!(&centre.app.db, stored), ["b1"], "a building with a bad row stays away");
        looks("buildings", &manager.get(page).await);
        let file = manager.get("/isp/buildings/file.csv").await;
        let again = sends(&mut manager, page, ("b.csv", &file.body), "").await;
        assert!(again.body.contains("新しく登録するものはありません"), "{}", again.body);
        let changed = file.body.replace("みなと台", "みなと台1号館");
        let checked = sends(&mut manager, page, ("b.csv", &changed), "").await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/buildings/confirm", &data).await;
        let one = "/isp/buildings/one?building=b1";
        looks("building", &manager.get(one).await);
        // A label that a spreadsheet would run is none in the file, and comes back as it was.
        let formula = file.body.replace("みなと台", "=みなと台1号館");
        let checked = sends(&mut manager, page, ("b.csv", &formula), "").await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/buildings/confirm", &data).await;
        let file = manager.get("/isp/buildings/file.csv").await;
        assert!(file.body.contains(",'=みなと台1号館,"), "{}", file.body);
        let again = sends(&mut manager, page, ("b.csv", &file.body), "").await;
        assert!(again.body.contains("新しく登録するものはありません"), "{}", again.body);
        is_ended_removed_and_taken_back(&mut manager).await;
        let acts = "SELECT act || ' ' || author FROM audit_leaves
             WHERE act LIKE 'apartments.%' AND act <> 'apartments.read' ORDER BY no";
        let acts = texts!(&centre.app.db, acts);
        let wanted = ["import", "import", "import", "end", "take_back", "remove", "take_back"];
        assert_eq!(acts, wanted.map(|act| format!("apartments.{act} manager-1")));
        are_kept_by_nobody_else(&centre, &mut manager).await;
        assert_eq!(manager.get("/en/isp/buildings").await.status, StatusCode::OK);
        assert_eq!(manager.get("/en/isp/buildings/one?building=b1").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn what_the_table_leaves_open_is_decided_by_a_person_and_shown_on_the_line() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        manager.post("/isp/campaigns/emotet", "answer=join").await;
        let houses = HOUSES.replace("203.0.113.5/32,,global", "203.0.113.5/32,,private");
        let checked = sends(&mut manager, "/isp/buildings", ("b.csv", &houses), "").await;
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/buildings/confirm", &data).await;
        let isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
        let notice = prepare::for_isp(&centre.app, &isp).await.unwrap().unwrap();
        let lines = export::lines(&centre.app, &notice, &isp).await.unwrap();
        let record =
            |ip: &str| 1 + lines.iter().position(|line| line.ip.to_string() == ip).unwrap();
        let (open, shared) = (record("203.0.113.5"), record("203.0.113.6"));
        let on_page = format!("/isp/lines/{}/{open}", notice.list_id);
        let line = manager.get(&on_page).await;
        assert!(line.body.contains("b1 / u1") && line.body.contains("まだ決まりません"));
        let at = "2026-05-09T10:00:00+09:00";
        let head = "list_id,record_no,reported_at,state,reason_code,notice_channel,notice_at,\
                    recipient,placement\n";
        let row = |record: usize, rest: &str| format!("{},{record},{at},{rest}\n", notice.list_id);
        let told = |record: usize| {
            head.to_owned() + &row(record, &format!("notified,,email,{at},tenant,private"))
        };
        let both = format!("{}{}", told(shared), &told(open)[head.len()..]);
        let checked = sends(&mut manager, "/isp/report", ("r.csv", &both), "").await;
        for words in [
            "2行目 <code>recipient</code>: ここでは、知らせる相手を特定できません",
            "3行目: 知らせる相手を、センターの担当者が判断します",
        ] {
            assert!(checked.body.contains(words), "{words}: {}", checked.body);
        }
        let data = form(&[("data", hidden(&checked, "data"))]);
        manager.post("/isp/report/confirm", &data).await;
        assert_eq!(texts!(&centre.app.db, "SELECT state FROM line_reports"), ["notified"]);
        let line = manager.get(&on_page).await;
        assert!(line.body.contains("専有部（事業者の報告による）"), "{}", line.body);
        assert!(line.body.contains("センターの担当者が判断します"));
        let case = is_decided_and_taken_back(&mut office, &mut manager, &on_page).await;
        is_decided_by_nobody_else(&centre, &mut office, &case).await;
    }
}

#[tokio::test]
async fn every_case_that_waits_is_on_one_page_of_the_queue() {
    for centre in Centre::on_each_engine().await {
        let mut office = with_campaign(&centre).await;
        let first = list();
        let row = first.lines().find(|row| row.contains("203.0.113.5")).unwrap();
        let rows = (10..70).map(|no| row.replace("203.0.113.5", &format!("203.0.113.{no}")));
        let file =
            format!("{}\n{}\n", first.lines().next().unwrap(), rows.collect::<Vec<_>>().join("\n"));
        let lists = "/admin/campaigns/emotet/lists";
        let checked = sends(&mut office, lists, ("more.csv", &file), FEED).await;
        let form_ = ["feed", "name", "data"].map(|name| (name, hidden(&checked, name)));
        office.post(&format!("{lists}/confirm"), &form(&form_)).await;
        let cases = |page: &Answer| page.body.matches("<h3><a href=\"/admin/apartments/").count();
        let queue = "/admin/apartments?for=provider";
        let one = office.get(queue).await;
        assert_eq!(cases(&one), 50);
        assert!(one.body.contains("62件のうち1～50件目です。"), "{}", one.body);
        assert!(one.body.contains("href=\"/admin/apartments?for=provider&#38;page=2#waiting\""));
        let two = office.get(&format!("{queue}&page=2")).await;
        assert_eq!(cases(&two), 12);
        assert!(two.body.contains("62件のうち51～62件目です。") && two.body.contains("前へ"));
        assert!(!two.body.contains("次へ"));
        for beyond in ["page=3", "page=0", "page=x", "page=99999999999999"] {
            assert_eq!(office.get(&format!("{queue}&{beyond}")).await.status, StatusCode::OK);
        }
        let person = office.get("/admin/apartments").await;
        assert_eq!(cases(&person), 0);
        assert!(person.body.contains("<td class=\"td-count\">62</td>"), "{}", person.body);
    }
}

async fn is_ended_removed_and_taken_back(manager: &mut Visitor) {
    let (page, one) = ("/isp/buildings", "/isp/buildings/one?building=b1");
    let say = |act, to| form(&[("building", "b1"), ("act", act), ("to", to)]);
    for (to, words) in [("spring", "2026-04-01のように日付")] {
        let refused = manager.post("/isp/buildings/one", &say("end", to)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(words) && refused.body.contains("value=\"spring\""));
    }
    let ends = manager.post("/isp/buildings/one", &say("end", "2026-06-01")).await;
    assert_eq!(ends.to(), "/isp/buildings/one?building=b1#main");
    assert!(manager.get(one).await.body.contains("当初～2026-06-01"));
    let again = manager.post("/isp/buildings/one", &say("end", "2026-07-01")).await;
    assert!(again.body.contains("すでにその日までに終わります"), "{}", again.body);
    manager.post("/isp/buildings/one", &say("take_back", "")).await;
    assert!(manager.get(one).await.body.contains("当初～期限なし"));
    manager.post("/isp/buildings/one", &say("remove", "")).await;
    assert!(manager.get(one).await.body.contains("この建物は登録にありません"));
    assert!(manager.get(page).await.body.contains("建物の登録がありません"));
    manager.post("/isp/buildings/one", &say("take_back", "")).await;
    assert!(manager.get(page).await.body.contains("みなと台1号館"));
}

async fn are_kept_by_nobody_else(centre: &Centre, manager: &mut Visitor) {
    let (page, one) = ("/isp/buildings", "/isp/buildings/one?building=b1");
    let remove = form(&[("building", "b1"), ("act", "remove")]);
    let mut other = of_the_other(centre, "manager-b").await;
    assert_eq!(other.get(one).await.status, StatusCode::NOT_FOUND);
    assert!(!other.get(page).await.body.contains("みなと台"));
    other.post("/isp/buildings/one", &remove).await;
    assert!(manager.get(page).await.body.contains("みなと台1号館"), "another one's stays");
    let foreign = sends(&mut other, page, ("b.csv", HOUSES), "").await;
    assert!(foreign.body.contains("<code>prefix</code>"), "another one's addresses");
    for (name, role) in [("abuse-desk", Role::IspStaff), ("office-1", Role::Office)] {
        let mut nobody = signed_in(centre, name, role).await;
        assert_eq!(nobody.get(page).await.status, StatusCode::FORBIDDEN, "{role}");
    }
}

/// What is decided, and what is noted as decided or said.
fn decide(who: &str, reason: &str) -> String {
    form(&[("act", "decide"), ("who", who), ("reason", reason)])
}

/// Gives the page of the case.
async fn is_decided_and_taken_back(
    office: &mut Visitor,
    manager: &mut Visitor,
    on_page: &str,
) -> String {
    let queue = office.get("/admin/apartments").await;
    assert!(queue.body.contains("isp-a: b1 / u1") && !queue.body.contains("203.0.113."));
    let case = queue.body.split("href=\"/admin/apartments/").nth(1).unwrap();
    let case = format!("/admin/apartments/{}", case.split('"').next().unwrap());
    let asked = office.get("/admin/apartments?for=provider").await;
    assert!(asked.body.contains("isp-a: b1 / u2"), "its place is not known");
    for (who, reason, field) in
        [("", "x", "who"), ("everybody", "x", "who"), ("tenant", " ", "reason")]
    {
        let refused = office.post(&case, &decide(who, reason)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains(&format!("id=\"{field}-error\"")), "{who}");
    }
    let done = office.post(&case, &decide("tenant", "変換記録に住戸がある")).await;
    assert_eq!(done.to(), format!("{case}#main"));
    assert!(manager.get(on_page).await.body.contains("<dd>入居者</dd>"));
    let queue = office.get("/admin/apartments").await;
    assert!(queue.body.contains("入居者に知らせる") && queue.body.contains("変換記録に住戸がある"));
    let back = form(&[("act", "decision_back"), ("reason", "別の日の記録だった")]);
    office.post(&case, &back).await;
    let shown = office.get(&case).await;
    assert!(shown.body.contains("判断の取消し") && shown.body.contains("office-1"));
    assert!(shown.body.contains("センターの担当者が判断します"));
    let place = form(&[("act", "place"), ("placement", "shared"), ("use", ""), ("reason", "電話")]);
    office.post(&case, &place).await;
    let line = manager.get(on_page).await;
    assert!(line.body.contains("<dd>管理組合</dd>"), "{}", line.body);
    assert!(line.body.contains("共用部（センターの記録による）"), "no name of its people");
    office.post(&case, &form(&[("act", "place_back"), ("reason", "誤り")])).await;
    case
}

async fn is_decided_by_nobody_else(centre: &Centre, office: &mut Visitor, case: &str) {
    for (name, role) in [("root", Role::Administrator), ("manager-9", Role::IspManager)] {
        let mut nobody = signed_in(centre, name, role).await;
        assert_eq!(nobody.get(case).await.status, StatusCode::FORBIDDEN, "{role}");
        let answer = nobody.post(case, &decide("tenant", "x")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role}");
    }
    for path in ["/admin/apartments/x", "/admin/apartments/0199aabb-0000-7000-8000-000000000000"] {
        assert_eq!(office.get(path).await.status, StatusCode::NOT_FOUND);
        let answer = office.post(path, &decide("tenant", "x")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(office.get(&format!("/en{case}")).await.status, StatusCode::OK);
}
