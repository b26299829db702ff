//! Campaigns, the houses of whose cases somebody decides, and who sits behind whom.

use todoke::access::roles::Role;

use super::{Walk, on_page};
use crate::{
    centre::{Visitor, form, texts},
    oneoff::{FEED, draft_fields, hidden, list, sends, with_feed, with_providers},
    people::{of_the_other, signed_in},
};

/// A unit behind the address of its house.
const HOUSES: &str = "building,name,contract_party,unit,placement,prefix,ports,addressing\n\
    b1,みなと台,association,,,203.0.113.0/26,,private\n";

/// The office runs a campaign, and providers answer.
pub(super) async fn of_campaigns(walk: &mut Walk<'_>) {
    with_providers(walk.centre).await;
    with_feed(walk.centre).await;
    let office = &mut signed_in(walk.centre, "office-1", Role::Office).await;
    let page = "/admin/campaigns/emotet";
    let new = "/admin/new-campaign";
    walk.writes(("office-1", office), (new, new), &draft_fields(&[]), "campaign.add").await;
    let draft = format!("{page}/draft");
    let route = ("/admin/campaigns/{name}/draft", draft.as_str());
    let changed = draft_fields(&[("title_ja", "改題")]);
    walk.writes(("office-1", office), route, &changed, "campaign.add").await;
    is_written_in_vietnamese(walk, &draft).await;
    takes_a_list(walk, office).await;
    let run = format!("{page}/run");
    let route = ("/admin/campaigns/{name}/run", run.as_str());
    for (act, isp, leaf) in [
        ("invite", "isp-a", "campaign.invite"),
        ("invite", "*", "campaign.invite"),
        ("enrol", "", "campaign.enrol"),
        ("close", "", "campaign.close"),
        ("reopen", "", "campaign.reopen"),
    ] {
        let said = [("act", act), ("isp", isp), ("reason", "試行")];
        walk.writes(("office-1", office), route, &said, leaf).await;
    }
    let decide = format!("{page}/decide");
    let route = ("/admin/campaigns/{name}/decide", decide.as_str());
    let publish = [("act", "publish")];
    walk.writes(("office-1", office), route, &publish, "campaign.propose").await;
    let reviewer = &mut signed_in(walk.centre, "reviewer-1", Role::Reviewer).await;
    walk.writes(("reviewer-1", reviewer), route, &publish, "campaign.publish").await;
    let down = [("act", "take_down"), ("reason", "誤り")];
    walk.writes(("reviewer-1", reviewer), route, &down, "campaign.take_down").await;
    answers(walk).await;
}

/// An editor writes what it says in one more language.
async fn is_written_in_vietnamese(walk: &mut Walk<'_>, draft: &str) {
    let editor = &mut signed_in(walk.centre, "editor-1", Role::Editor).await;
    let path = format!("{draft}/vi");
    let route = ("/admin/campaigns/{name}/draft/{language}", path.as_str());
    let fields = ["title", "source", "by", "basis", "happened", "to_do"].map(|id| (id, "Emotet"));
    walk.writes(("editor-1", editor), route, &fields, "campaign.add").await;
}

/// A list is looked at, which leaves nothing, and taken in.
async fn takes_a_list(walk: &mut Walk<'_>, office: &mut Visitor) {
    let path = "/admin/campaigns/emotet/lists";
    let before = walk.leaves().await;
    let checked = sends(office, path, ("list.csv", &list()), FEED).await;
    assert_eq!(walk.leaves().await, before, "a look at a list takes nothing in");
    let files = "SELECT name FROM feed_files";
    assert!(texts!(&walk.centre.app.db, files).is_empty(), "nothing is kept of it");
    let fields = ["feed", "name", "data"].map(|name| (name, hidden(&checked, name)));
    let confirm = format!("{path}/confirm");
    let route = "/admin/campaigns/{name}/lists/confirm";
    walk.writes(("office-1", office), (route, &confirm), &fields, "file.enter").await;
    assert_eq!(texts!(&walk.centre.app.db, files), ["list.csv"]);
    // What stood in it before is looked for again, and the search is somebody's too.
    walk.writes(("office-1", office), (route, &confirm), &fields, "campaign.enrol").await;
}

/// An answer is looked at, which leaves nothing, and given.
async fn answers(walk: &mut Walk<'_>) {
    let manager = &mut signed_in(walk.centre, "manager-1", Role::IspManager).await;
    let (route, page) = ("/isp/campaigns/{name}", "/isp/campaigns/emotet");
    let words = "SELECT kind FROM campaign_isp_facts ORDER BY isp_id, no";
    let before = (walk.leaves().await, texts!(&walk.centre.app.db, words));
    let join = [("answer", "join"), ("reason", "")];
    let checked = manager.post(&format!("{page}/check"), &form(&join)).await;
    assert_eq!(hidden(&checked, "answer"), "join", "it was taken to be looked at");
    let after = (walk.leaves().await, texts!(&walk.centre.app.db, words));
    assert_eq!(before, after, "a look at an answer is none");
    for (answer, leaf) in [("join", "campaign.join"), ("withdraw", "campaign.withdraw")] {
        let said = [("answer", answer), ("reason", "")];
        walk.writes(("manager-1", manager), (route, page), &said, leaf).await;
    }
    let other = &mut of_the_other(walk.centre, "manager-b").await;
    let decline = [("answer", "decline"), ("reason", "")];
    walk.writes(("manager-b", other), (route, page), &decline, "campaign.decline").await;
}

/// A register of buildings is looked at, which leaves nothing, handed in, and changed.
pub(super) async fn of_buildings(walk: &mut Walk<'_>) {
    let manager = &mut signed_in(walk.centre, "manager-2", Role::IspManager).await;
    let path = "/isp/buildings";
    let before = walk.leaves().await;
    let checked = sends(manager, path, ("b.csv", HOUSES), "").await;
    assert_eq!(walk.leaves().await, before, "a look at a register enters nothing");
    let kept = texts!(&walk.centre.app.db, "SELECT building FROM apartment_buildings");
    assert!(kept.is_empty(), "{kept:?}");
    let data = [("data", hidden(&checked, "data"))];
    let confirm = "/isp/buildings/confirm";
    walk.writes(("manager-2", manager), (confirm, confirm), &data, "apartments.import").await;
    let one = "/isp/buildings/one";
    for (act, leaf) in [
        ("end", "apartments.end"),
        ("take_back", "apartments.take_back"),
        ("remove", "apartments.remove"),
        ("take_back", "apartments.take_back"),
    ] {
        let said = [("building", "b1"), ("act", act), ("to", "2026-06-01")];
        walk.writes(("manager-2", manager), (one, one), &said, leaf).await;
    }
}

/// The office says where a device stands, and who is told.
pub(super) async fn of_apartments(walk: &mut Walk<'_>) {
    let office = &mut signed_in(walk.centre, "office-2", Role::Office).await;
    let queue = office.get("/admin/apartments?for=provider").await;
    let path = format!("/admin/apartments/{}", on_page(&queue, "href=\"/admin/apartments/"));
    let route = ("/admin/apartments/{id}", path.as_str());
    for (act, leaf) in [
        ("place", "case.place"),
        ("place_back", "case.place"),
        ("decide", "case.decide"),
        ("decision_back", "case.decide"),
    ] {
        let said = [
            ("act", act),
            ("who", "tenant"),
            ("placement", "shared"),
            ("use", ""),
            ("reason", "電話で確認"),
        ];
        walk.writes(("office-2", office), route, &said, leaf).await;
    }
}

/// A step between providers is proposed, and withdrawn, or proposed by the office.
pub(super) async fn of_resellers(walk: &mut Walk<'_>) {
    let manager = &mut signed_in(walk.centre, "manager-3", Role::IspManager).await;
    let (own, withdraw) = ("/isp/resellers", "/isp/resellers/withdraw");
    let ask = [("act", "add"), ("code", "isp-b"), ("reason", "契約")];
    walk.writes(("manager-3", manager), (own, own), &ask, "isp_setting.propose").await;
    let id = on_page(&manager.get(own).await, "name=\"id\" value=\"");
    let id = [("id", id.as_str())];
    walk.writes(("manager-3", manager), (withdraw, withdraw), &id, "isp_setting.withdraw").await;
    let office = &mut signed_in(walk.centre, "office-3", Role::Office).await;
    let tiers = "/admin/resellers";
    let said = [("isp", "isp-b"), ("code", "isp-c"), ("reason", "契約")];
    walk.writes(("office-3", office), (tiers, tiers), &said, "isp_setting.propose").await;
}
