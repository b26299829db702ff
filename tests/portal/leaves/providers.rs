//! Providers: they keep their entry, take their lists, hand reports in, and decide.

use todoke::access::roles::Role;

use super::{Walk, on_page};
use crate::{
    centre::{Visitor, form, texts},
    office::{data_of, report, uploads},
    office_keys::{CERTIFICATE, hands_in},
    oneoff::hidden,
    people::signed_in,
};

/// A provider keeps its people, networks, contacts and settings.
pub(super) async fn of_providers(walk: &mut Walk<'_>) {
    let manager = &mut signed_in(walk.centre, "manager-1", Role::IspManager).await;
    let colleague = [("name", "a-9"), ("role", "isp-staff")];
    walk.writes(
        ("manager-1", manager),
        ("/isp/colleagues", "/isp/colleagues"),
        &colleague,
        "account.invited",
    )
    .await;
    walk.writes(
        ("manager-1", manager),
        ("/isp/colleagues/{name}", "/isp/colleagues/a-9"),
        &[("act", "suspend")],
        "account.suspended",
    )
    .await;
    claims(walk, manager, "192.0.2.0/25").await;
    let id = on_page(&manager.get("/isp/networks").await, "name=\"id\" value=\"");
    walk.writes(
        ("manager-1", manager),
        ("/isp/networks/withdraw", "/isp/networks/withdraw"),
        &[("id", &id)],
        "isp_claim.withdraw",
    )
    .await;
    claims(walk, manager, "192.0.2.128/25").await;
    let contact = [
        ("role", "abuse_desk"),
        ("post", "窓口"),
        ("mail", "abuse@isp-a.example"),
        ("languages", "ja"),
    ];
    walk.writes(
        ("manager-1", manager),
        ("/isp/contacts", "/isp/contacts"),
        &contact,
        "contact.add",
    )
    .await;
    let id = on_page(&manager.get("/isp/contacts").await, "action=\"/isp/contacts/");
    let path = format!("/isp/contacts/{id}");
    for (act, leaf) in [("confirm", "contact.confirm"), ("remove", "contact.remove")] {
        walk.writes(("manager-1", manager), ("/isp/contacts/{id}", &path), &[("act", act)], leaf)
            .await;
    }
    proposes(walk, manager, "static").await;
    let id = on_page(&manager.get("/isp/settings").await, "name=\"id\" value=\"");
    walk.writes(
        ("manager-1", manager),
        ("/isp/settings/withdraw", "/isp/settings/withdraw"),
        &[("id", &id)],
        "isp_setting.withdraw",
    )
    .await;
    proposes(walk, manager, "dynamic:7").await;
}

/// A provider hands keys in, says how its lists reach it, and makes tokens; so does the centre,
/// which sends a list again.
pub(super) async fn of_ways_out(walk: &mut Walk<'_>, list: &str) {
    let manager = &mut signed_in(walk.centre, "manager-9", Role::IspManager).await;
    let before = walk.leaves().await;
    let checked = hands_in(manager, CERTIFICATE).await;
    assert_eq!(walk.leaves().await, before, "a look at a key enters nothing");
    let confirm = ("/isp/keys/confirm", "/isp/keys/confirm");
    let fields = [("data", hidden(&checked, "data")), ("compared", "yes")];
    let taken = walk.writes(("manager-9", manager), confirm, &fields, "isp_key.add").await;
    let key = taken.to().trim_end_matches("#main").to_owned();
    let wish = [
        ("way", "mail-smime"),
        ("form", "csv"),
        ("to", "abuse@isp-a.example"),
        ("when", "at_once"),
    ];
    let before = texts!(&walk.centre.app.db, "SELECT way FROM isp_deliveries");
    let checked = manager.post("/isp/delivery", &form(&wish)).await;
    let after = texts!(&walk.centre.app.db, "SELECT way FROM isp_deliveries");
    assert_eq!(before, after, "a look at a way is none");
    let confirm = ("/isp/delivery/confirm", "/isp/delivery/confirm");
    let wish = [&wish[..], &[("once", hidden(&checked, "once"))]].concat();
    walk.writes(("manager-9", manager), confirm, &wish, "isp_delivery.set").await;
    let office = &mut signed_in(walk.centre, "office-9", Role::Office).await;
    let again = ("/admin/isps/again", "/admin/isps/again");
    let anew = [("isp", "isp-a"), ("list", list)];
    walk.writes(("office-9", office), again, &anew, "notice.send").await;
    let portal = [("way", "portal"), ("form", "csv")];
    let checked = manager.post("/isp/delivery", &form(&portal)).await;
    let portal = [&portal[..], &[("once", hidden(&checked, "once"))]].concat();
    walk.writes(("manager-9", manager), confirm, &portal, "isp_delivery.set").await;
    let route = ("/isp/keys/{fingerprint}", key.as_str());
    walk.writes(("manager-9", manager), route, &[], "isp_key.remove").await;
    let root = &mut signed_in(walk.centre, "root-9", Role::Administrator).await;
    let token = [("name", "fetcher"), ("kind", "isp"), ("what", "isp-a"), ("days", "30")];
    for (name, who, all, one) in [
        ("manager-9", manager, "/isp/tokens", "/isp/tokens/{id}"),
        ("root-9", root, "/admin/tokens", "/admin/tokens/{id}"),
    ] {
        let page = who.get(all).await;
        let token = [&token[..], &[("once", hidden(&page, "once"))]].concat();
        walk.writes((name, who), (all, all), &token, "token.made").await;
        let id = on_page(&who.get(all).await, &format!("action=\"{all}/"));
        let path = format!("{all}/{id}");
        walk.writes((name, who), (one, &path), &[], "token.withdrawn").await;
    }
}

async fn claims(walk: &mut Walk<'_>, manager: &mut Visitor, what: &str) {
    let claim = [
        ("act", "claim"),
        ("what", what),
        ("kind", "declared"),
        ("from", "2026-05-01"),
        ("reason", "新しい割当"),
    ];
    walk.writes(
        ("manager-1", manager),
        ("/isp/networks", "/isp/networks"),
        &claim,
        "isp_claim.add",
    )
    .await;
}

async fn proposes(walk: &mut Walk<'_>, manager: &mut Visitor, policy: &str) {
    let proposal = [("field", "lease_policy"), ("value", policy), ("reason", "改定")];
    walk.writes(
        ("manager-1", manager),
        ("/isp/settings", "/isp/settings"),
        &proposal,
        "isp_setting.propose",
    )
    .await;
}

/// The office decides, and notes that it reminded somebody.
pub(super) async fn of_office(walk: &mut Walk<'_>, list: &str) {
    let office = &mut signed_in(walk.centre, "office-1", Role::Office).await;
    let waits = office.get("/admin/claims").await;
    let approve = [("act", "approve"), ("reason", "届出を確認")];
    for (what, route, leaf) in [
        ("/admin/claims/", "/admin/claims/{id}", "isp_claim.approve"),
        ("/admin/proposals/", "/admin/proposals/{id}", "isp_setting.approve"),
    ] {
        let path = format!("{what}{}", on_page(&waits, &format!("action=\"{what}")));
        walk.writes(("office-1", office), (route, &path), &approve, leaf).await;
    }
    let reminded = [("isp", "isp-a"), ("list", list), ("way", "phone")];
    walk.writes(
        ("office-1", office),
        ("/admin/isps/reminded", "/admin/isps/reminded"),
        &reminded,
        "isp.reminded",
    )
    .await;
    let id = on_page(&office.get("/admin/isps/one?isp=isp-a").await, "name=\"id\" value=\"");
    let route = ("/admin/isps/reminded/back", "/admin/isps/reminded/back");
    let mistaken = [("isp", "isp-a"), ("id", id.as_str())];
    walk.writes(("office-1", office), route, &mistaken, "isp.reminded.back").await;
}

/// One line is reported on, which leaves nothing but a look at it before it is handed in; and what
/// a filter shows is taken.
pub(super) async fn of_lines(walk: &mut Walk<'_>, list: &str) {
    let staff = &mut signed_in(walk.centre, "staff-3", Role::IspStaff).await;
    let line = format!("/isp/lines/{list}/2");
    let (check, confirm) = (format!("{line}/report"), format!("{line}/report/confirm"));
    let route = ("/isp/lines/{list}/{record}/report", check.as_str());
    let checked =
        walk.writes(("staff-3", staff), route, &[("state", "pending")], "notice.line.read").await;
    let pending = "SELECT state FROM line_reports WHERE state = 'pending'";
    assert!(texts!(&walk.centre.app.db, pending).is_empty(), "a look at it is no report");
    let data = data_of(&checked.body);
    let route = ("/isp/lines/{list}/{record}/report/confirm", confirm.as_str());
    walk.writes(("staff-3", staff), route, &[("data", &data)], "report_back.import").await;
    let route = ("/isp/lines/export", "/isp/lines/export");
    walk.writes(("staff-3", staff), route, &[("state", "pending")], "notice.lines.take").await;
}

/// A report is checked, which leaves nothing, and handed in.
pub(super) async fn of_reports(walk: &mut Walk<'_>, list: &str) {
    let staff = &mut signed_in(walk.centre, "staff-1", Role::IspStaff).await;
    let before = walk.leaves().await;
    let checked = uploads(staff, &report(list)).await;
    let data = data_of(&checked.body);
    staff.post("/isp/report/errors", &form(&[("data", &data)])).await;
    assert_eq!(walk.leaves().await, before, "a look at a file is no report");
    let kept = texts!(&walk.centre.app.db, "SELECT state FROM line_reports");
    assert!(kept.is_empty(), "{kept:?}");
    walk.writes(
        ("staff-1", staff),
        ("/isp/report/confirm", "/isp/report/confirm"),
        &[("data", &data)],
        "report_back.import",
    )
    .await;
}

/// A list is taken.
pub(super) async fn of_downloads(walk: &mut Walk<'_>, list: &str) {
    let staff = &mut signed_in(walk.centre, "staff-2", Role::IspStaff).await;
    let path = format!("/isp/downloads/{list}");
    let route = ("/isp/downloads/{list}", path.as_str());
    walk.writes(("staff-2", staff), route, &[("format", "csv")], "notice.fetch").await;
}
