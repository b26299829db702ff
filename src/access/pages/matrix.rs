//! `/admin/access`: who may do what, read off the router itself.

use askama::Template;

use crate::{
    access::{
        doors::{Answer, Door, Holder, Level, Standing},
        roles::Role,
    },
    web::{
        error::PageResult,
        page::{Page, show as answer},
        routes::{AllRoutes, Route, Signed},
    },
};

#[derive(Template)]
#[template(path = "access/matrix.html")]
struct Matrix {
    page: Page,
    roles: Vec<&'static str>,
    rows: Vec<(Route, String, Vec<bool>)>,
}

/// Who may use a route, in words.
fn condition(page: &Page, door: Door) -> String {
    match door {
        Door::Public => page.t("door-public"),
        Door::Entering => page.t("door-entering"),
        Door::Member => page.t("door-member"),
        Door::May(act) | Door::Provider(act) => page.t_of("act", act.word()),
        Door::FeedToken => page.t("door-feed-token"),
        Door::ProviderToken => page.t("door-provider-token"),
    }
}

/// Whether whoever has that role, both factors and an account in force gets through.
fn opens(door: Door, role: Role) -> bool {
    let holder = Holder { role, standing: Standing::Confirmed, level: Level::Full };
    door.answer(Some(holder)) == Answer::Opens
}

/// `GET /admin/access`
pub(super) async fn show(signed: Signed, routes: axum::Extension<AllRoutes>) -> PageResult {
    let (page, roles) = (signed.page, Role::ALL.map(Role::word).to_vec());
    let rows = routes.0.0.iter().map(|route| {
        let cells = Role::ALL.map(|role| opens(route.door, role)).to_vec();
        (route.clone(), condition(&page, route.door), cells)
    });
    let rows: Vec<_> = rows.collect();
    answer(&Matrix { page, roles, rows })
}
