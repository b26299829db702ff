//! The menu of those who work here: short, in groups where there is much, the present page marked.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use todoke::access::roles::Role;

use crate::{
    centre::{Answer, Centre},
    office::listed,
    people::{between, signed_in},
};

/// What the menu of a page leads to, each with how it is marked.
fn ways(page: &Answer) -> Vec<(String, String)> {
    let menu = between(&page.body, "<nav class=\"td-work\"", "</nav>");
    let link = |one: &str| {
        let tag = one.split('>').next().unwrap();
        let current = tag.split_once("aria-current=\"").map_or("", |(_, rest)| rest);
        (tag.split('"').next().unwrap().to_owned(), current.trim_end_matches('"').to_owned())
    };
    menu.split("<a href=\"").skip(1).map(link).collect()
}

#[tokio::test]
async fn a_manager_finds_every_page_in_a_group_and_sees_where_it_is() {
    let centre = Centre::on_sqlite().await;
    let list = listed(&centre).await.list_id;
    let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
    let first = ways(&manager.get("/isp").await);
    let mut seen = BTreeSet::new();
    for (group, _) in &first {
        let menu = ways(&manager.get(group).await);
        assert!(menu.len() <= 12, "{group}: {menu:?}");
        seen.extend(menu.into_iter().map(|(path, _)| path));
    }
    let all = "/account /isp /isp/buildings /isp/campaigns /isp/colleagues /isp/contacts \
         /isp/delivery /isp/downloads /isp/keys /isp/kit /isp/lines /isp/networks /isp/report \
         /isp/resellers /isp/settings /isp/tokens";
    assert_eq!(seen, all.split_whitespace().map(str::to_owned).collect());
    for path in &seen {
        let page = manager.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        let marked: Vec<_> = ways(&page).into_iter().filter(|(_, mark)| !mark.is_empty()).collect();
        assert!(marked.contains(&(path.clone(), "page".to_owned())), "{path}: {marked:?}");
        assert!((1..=2).contains(&marked.len()), "its group, and itself: {marked:?}");
    }
    // Behind a page of the menu it is marked as the way one came, also in English.
    let english = ways(&manager.get(&format!("/en/isp/lines/{list}/1")).await);
    assert!(english.contains(&("/en/isp/lines".to_owned(), "true".to_owned())), "{english:?}");
}

#[tokio::test]
async fn whoever_may_open_few_pages_has_them_side_by_side() {
    let centre = Centre::on_sqlite().await;
    for (role, path, others) in [
        (Role::IspStaff, "/isp/kit", 6),
        (Role::Office, "/admin/isps", 6),
        (Role::Auditor, "/admin/audit", 2),
    ] {
        let mut somebody = signed_in(&centre, &format!("x-{}", role.word()), role).await;
        let menu = ways(&somebody.get(path).await);
        assert_eq!(menu.len(), others + 1, "and the own account: {menu:?}");
        let marked: Vec<_> = menu.iter().filter(|(_, mark)| !mark.is_empty()).collect();
        assert_eq!(marked, [&(path.to_owned(), "page".to_owned())]);
    }
}
