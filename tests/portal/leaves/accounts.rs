//! Accounts: they are invited, choose their factors, and sign in.

use todoke::access::{
    accounts,
    doors::Level,
    outside_ids::{self, OutsideId},
    roles::Role,
};

use super::{Walk, on_page};
use crate::{
    centre::{Answer, Visitor, form},
    device::Device,
    people::{code_of, link, session, signed_in},
};

const PASSWORD: &str = "four quiet words here";

/// An account is made, chooses its factors, signs in, and is changed by others.
pub(super) async fn of_accounts(walk: &mut Walk<'_>) {
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
pub(super) async fn of_passkeys(walk: &mut Walk<'_>, person: &mut Visitor) {
    let mut device = Device::new();
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
pub(super) async fn of_outside_ids(walk: &mut Walk<'_>) {
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
