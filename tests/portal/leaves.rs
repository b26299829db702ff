//! Whatever a person writes on a page leaves a leaf: every route that takes a form is walked.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use todoke::{
    access::{
        accounts,
        doors::Level,
        outside_ids::{self, OutsideId},
        roles::Role,
    },
    attribution::Attributor,
    feeds, intake, isps, router,
};

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    intake::with_report,
    office::{data_of, listed, report, uploads},
    people::{code_of, link, session, signed_in},
};

/// Routes by which no person known by an account writes, and why.
const NO_WRITE_BY_A_PERSON: &[(&str, &str)] = &[
    ("/id", "a visitor has no account; the visit stands in `visits`"),
    ("/case/device", "a visitor has no account"),
    ("/case/manual/{no}", "a visitor has no account"),
    ("/case/done/check", "a visitor has no account; the claim is an event of the case"),
    ("/leave", "a visitor has no account"),
    ("/sign-in", "a password alone writes nothing but a session that opens nothing"),
    ("/sign-in/link", "a link alone writes nothing but a session that opens nothing"),
    ("/sign-in/oidc", "it sends out to a provider; what comes back signs in or opens nothing"),
    ("/account/oidc", "it sends out to a provider; what comes back is bound with a leaf then"),
    ("/sign-out", "a session ends, and nothing else"),
    ("/isp/report", "it looks at a file and keeps nothing"),
    ("/isp/report/errors", "it gives rows back and keeps nothing"),
    ("/api/v1/feeds/{name}/files", "a machine; the file stands in `feed_files`"),
    ("/api/v1/report-back", "a machine; the file stands in `report_uploads`"),
    ("/taxii2/lists/collections/{id}/objects/", "it refuses whatever comes"),
];

/// Routes that nobody walks yet: no form of theirs stands here, so nothing is held of them.
const NOT_WALKED: &[&str] = &[
    "/admin/campaigns/{name}/lists",
    "/admin/campaigns/{name}/lists/confirm",
    "/admin/apartments/{id}",
    "/admin/resellers",
    "/admin/new-campaign",
    "/admin/campaigns/{name}/draft",
    "/admin/campaigns/{name}/decide",
    "/admin/campaigns/{name}/run",
    "/isp/buildings",
    "/isp/buildings/confirm",
    "/isp/buildings/one",
    "/isp/downloads/{list}",
    "/isp/resellers",
    "/isp/resellers/withdraw",
    "/isp/campaigns/{name}/check",
    "/isp/campaigns/{name}",
    "/admin/wordings/{kind}/{language}/draft",
    "/admin/wordings/{kind}/{language}/withdraw",
    "/admin/wordings/{kind}/{language}/approve",
    "/admin/wordings/{kind}/{language}/retire",
    "/isp/kit/{kind}/{language}",
    "/isp/lines/{list}/{record}/notice",
];

/// What was walked so far.
struct Walk<'a> {
    centre: &'a Centre,
    walked: BTreeSet<&'static str>,
}

impl Walk<'_> {
    async fn leaves(&self) -> Vec<String> {
        texts!(&self.centre.app.db, "SELECT act || ' ' || author FROM audit_leaves ORDER BY no")
    }

    /// Sends a form that must be taken, by `who`; it leaves at least the leaf of that act and no
    /// leaf of anybody else.
    async fn writes(
        &mut self,
        (name, who): (&str, &mut Visitor),
        (route, path): (&'static str, &str),
        fields: &[(&str, &str)],
        act: &str,
    ) -> Answer {
        let before = self.leaves().await.len();
        let answer = who.post(path, &form(fields)).await;
        let taken = [StatusCode::SEE_OTHER, StatusCode::OK].contains(&answer.status);
        assert!(taken && !answer.body.contains("id=\"errors\""), "{path}: {}", answer.body);
        let left = self.leaves().await.split_off(before);
        assert!(left.contains(&format!("{act} {name}")), "{path} leaves {left:?}, and not {act}");
        let is_theirs = |leaf: &String| leaf.ends_with(&format!(" {name}"));
        assert!(left.iter().all(is_theirs), "{path}: {left:?}");
        self.walked.insert(route);
        answer
    }
}

/// What stands on a page between two marks, for the first time.
fn on_page(page: &Answer, before: &str) -> String {
    let (_, rest) =
        page.body.split_once(before).unwrap_or_else(|| panic!("{before}: {}", page.body));
    rest.split(['"', '#']).next().unwrap().to_owned()
}

#[tokio::test]
async fn every_form_that_a_person_sends_leaves_a_leaf_of_that_person() {
    let desks = Centre::on_each_engine().await;
    for (centre, desk) in Centre::on_each_engine().await.iter().zip(&desks) {
        let mut walk = Walk { centre, walked: BTreeSet::new() };
        let list = listed(centre).await.list_id;
        of_accounts(&mut walk).await;
        of_outside_ids(&mut walk).await;
        of_providers(&mut walk).await;
        of_office(&mut walk, &list).await;
        of_reports(&mut walk, &list).await;
        // Cases that are planted bear numbers that files taken in would give them.
        walk.centre = desk;
        let file = with_report(desk).await;
        of_intake(&mut walk, &file).await;
        let routes: BTreeSet<&str> = router::list()
            .into_iter()
            .filter(|route| route.method.as_str() == "POST")
            .map(|route| route.path)
            .collect();
        let idle = NO_WRITE_BY_A_PERSON.iter().map(|(path, _)| *path);
        let idle: BTreeSet<&str> = idle.chain(NOT_WALKED.iter().copied()).collect();
        let told: BTreeSet<&str> = walk.walked.union(&idle).copied().collect();
        let missing: Vec<_> = routes.difference(&told).collect();
        assert!(missing.is_empty(), "walk these, with a form that is taken: {missing:?}");
        let gone: Vec<_> = told.difference(&routes).collect();
        assert!(gone.is_empty(), "these are no routes: {gone:?}");
        let both: Vec<_> = walk.walked.intersection(&idle).collect();
        assert!(both.is_empty(), "these write after all: {both:?}");
        let others: Vec<_> = router::list()
            .into_iter()
            .filter(|route| !["GET", "POST"].contains(&route.method.as_str()))
            .collect();
        assert!(others.is_empty(), "no form sends these: {others:?}");
    }
}

const PASSWORD: &str = "four quiet words here";

/// An account is made, chooses its factors, signs in, and is changed by others.
async fn of_accounts(walk: &mut Walk<'_>) {
    let centre = walk.centre;
    let root = &mut signed_in(centre, "root-1", Role::Administrator).await;
    let invite = [("name", "desk-9"), ("role", "intake"), ("isp", "")];
    walk.writes(
        ("root-1", root),
        ("/admin/accounts", "/admin/accounts"),
        &invite,
        "account.invited",
    )
    .await;
    let path = "/admin/accounts/desk-9";
    for (act, leaf) in [("suspend", "account.suspended"), ("restore", "account.restored")] {
        walk.writes(("root-1", root), ("/admin/accounts/{name}", path), &[("act", act)], leaf)
            .await;
    }
    let person = &mut centre.visitor();
    let code = link(centre, "desk-9").await;
    person.post("/sign-in/link", &form(&[("code", &code)])).await;
    let chosen = [("password", PASSWORD), ("again", PASSWORD)];
    walk.writes(
        ("desk-9", person),
        ("/account/password", "/account/password"),
        &chosen,
        "account.password-set",
    )
    .await;
    let page = person.get("/account/setup").await;
    let secret = page.body.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    let app = [("label", "phone"), ("code", &code_of(centre, secret))];
    walk.writes(("desk-9", person), ("/account/app", "/account/app"), &app, "account.factor-added")
        .await;
    let codes = walk
        .writes(("desk-9", person), ("/account/codes", "/account/codes"), &[], "account.codes-made")
        .await;
    let recovery = codes.body.split("<code>").nth(1).unwrap()[..14].to_owned();
    person.post("/sign-out", "").await;
    centre.at("2026-05-10T09:01:00");
    person.post("/sign-in", &form(&[("name", "desk-9"), ("password", PASSWORD)])).await;
    walk.writes(
        ("desk-9", person),
        ("/sign-in/second", "/sign-in/second"),
        &[("code", &recovery)],
        "account.signed-in",
    )
    .await;
    of_passkeys(walk, person).await;
}

/// A passkey is added and signed in by, and the app is taken away.
async fn of_passkeys(walk: &mut Walk<'_>, person: &mut Visitor) {
    let mut device = crate::device::Device::new();
    let page = person.get("/account/setup").await;
    let answer = device.makes(&on_page_until(&page, "data-options=\"")).await;
    let made = [("label", "key"), ("answer", answer.as_str())];
    walk.writes(
        ("desk-9", person),
        ("/account/passkey", "/account/passkey"),
        &made,
        "account.factor-added",
    )
    .await;
    let own = person.get("/account").await;
    let id = on_page(&own, "name=\"id\" value=\"");
    walk.writes(
        ("desk-9", person),
        ("/account/factors", "/account/factors"),
        &[("id", &id)],
        "account.factor-removed",
    )
    .await;
    person.post("/sign-out", "").await;
    person.post("/sign-in", &form(&[("name", "desk-9"), ("password", PASSWORD)])).await;
    let page = person.get("/sign-in/second").await;
    let answer = device.shows(&on_page_until(&page, "data-options=\"")).await;
    walk.writes(
        ("desk-9", person),
        ("/sign-in/passkey", "/sign-in/passkey"),
        &[("answer", &answer)],
        "account.signed-in",
    )
    .await;
}

/// An identity at an outside provider is taken off again.
async fn of_outside_ids(walk: &mut Walk<'_>) {
    let who = OutsideId { issuer: "https://id.example".into(), subject: "1".into() };
    let account = accounts::named(&walk.centre.app.db, "desk-9").await.unwrap().unwrap();
    let person = &mut walk.centre.visitor();
    person.cookie = Some(session(walk.centre, &account, Level::Full).await);
    outside_ids::bind(&walk.centre.app, &account, &who).await.unwrap().unwrap();
    let route = "/account/oidc/unbind";
    walk.writes(("desk-9", person), (route, route), &[], "account.outside-id-unbound").await;
}

fn on_page_until(page: &Answer, before: &str) -> String {
    let (_, rest) = page.body.split_once(before).unwrap();
    rest.split("\" data-cancelled").next().unwrap().to_owned()
}

/// A provider keeps its people, networks, contacts and settings.
async fn of_providers(walk: &mut Walk<'_>) {
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
async fn of_office(walk: &mut Walk<'_>, list: &str) {
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
}

/// A report is checked, which leaves nothing, and handed in.
async fn of_reports(walk: &mut Walk<'_>, list: &str) {
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

/// Rows in quarantine, and a file that waits for somebody.
async fn of_intake(walk: &mut Walk<'_>, file: &str) {
    let desk = &mut signed_in(walk.centre, "desk-1", Role::Intake).await;
    let row = format!("/admin/quarantine/{file}/2");
    let route = "/admin/quarantine/{file}/{row}";
    let feed = ("/admin/feeds/{name}/retry", "/admin/feeds/telnet/retry");
    walk.writes(("desk-1", desk), feed, &[], "quarantine.retry").await;
    for (act, leaf) in [("dismiss", "quarantine.dismiss"), ("reopen", "quarantine.reopen")] {
        let said = [("act", act), ("reason", "a test row")];
        walk.writes(("desk-1", desk), (route, &row), &said, leaf).await;
    }
    let mended = "2026-05-01 01:02:04,203.0.113.50,tcp,23,two";
    let mend = [("act", "mend"), ("reason", "typo"), ("text", mended)];
    walk.writes(("desk-1", desk), (route, &row), &mend, "quarantine.dismiss").await;
    for (day, act, leaf) in [("03", "approve", "file.approve"), ("04", "decline", "file.withdraw")]
    {
        let path = format!("/admin/approvals/{}", waiting(walk.centre, day).await);
        let said = [("act", act), ("reason", "a national scan")];
        walk.writes(("desk-1", desk), ("/admin/approvals/{id}", &path), &said, leaf).await;
    }
}

/// A file out of all measure, which waits until somebody approves it.
async fn waiting(centre: &Centre, day: &str) -> String {
    // The office approved of few lines, so that this is many.
    let register = "code,name,asns,lease_policy,lines,prefix\n\
        isp-a,Provider A,,static,1000,203.0.113.0/24\n";
    isps::register::import(&centre.app, register.as_bytes()).await.unwrap().unwrap();
    let feed = feeds::by_name(&centre.app.db, "telnet").await.unwrap().unwrap();
    let attributor = Attributor::load(&centre.app).await.unwrap();
    let path = centre.app.data.join(format!("2026-05-{day}-scan_telnet-jp.csv"));
    let hosts = if day == "03" { 1..=150 } else { 2..=151 };
    let rows = hosts.map(|n| format!("2026-05-{day} 01:02:03,203.0.113.{n},tcp,23,x\n"));
    let rows: String = rows.collect();
    std::fs::write(&path, format!("timestamp,ip,protocol,port,hostname\n{rows}")).unwrap();
    let taken = intake::take_one(&centre.app, (&feed, &attributor), &path).await.unwrap();
    assert!(taken.waits_for_approval.is_some(), "{taken:?}");
    taken.id.to_string()
}
