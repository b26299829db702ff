//! Whatever a person writes on a page leaves a leaf: every route that takes a form is walked.

#[path = "leaves/accounts.rs"]
mod accounts;
#[path = "leaves/campaigns.rs"]
mod campaigns;
#[path = "leaves/desk.rs"]
mod desk;
#[path = "leaves/providers.rs"]
mod providers;
#[path = "leaves/wordings.rs"]
mod wordings;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use todoke::router;

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    intake::with_report,
    office::listed,
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
    ("/isp/buildings", "it looks at a file and keeps nothing"),
    ("/isp/keys", "it looks at a file and keeps nothing"),
    ("/isp/delivery", "it shows a way before it holds and keeps nothing but that it was read"),
    ("/isp/campaigns/{name}/check", "it shows an answer before it is given and keeps nothing"),
    ("/admin/campaigns/{name}/lists", "it looks at a file and keeps nothing"),
    ("/api/v1/feeds/{name}/files", "a machine; the file stands in `feed_files`"),
    ("/api/v1/report-back", "a machine; the file stands in `report_uploads`"),
    ("/taxii2/lists/collections/{id}/objects/", "it refuses whatever comes"),
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
    let (desks, yards) = (Centre::on_each_engine().await, Centre::on_each_engine().await);
    for ((centre, desk), yard) in Centre::on_each_engine().await.iter().zip(&desks).zip(&yards) {
        let mut walk = Walk { centre, walked: BTreeSet::new() };
        let list = listed(centre).await.list_id;
        accounts::of_accounts(&mut walk).await;
        accounts::of_outside_ids(&mut walk).await;
        providers::of_providers(&mut walk).await;
        providers::of_ways_out(&mut walk, &list).await;
        providers::of_office(&mut walk, &list).await;
        providers::of_downloads(&mut walk, &list).await;
        wordings::of_wordings(&mut walk, &list).await;
        providers::of_reports(&mut walk, &list).await;
        providers::of_lines(&mut walk, &list).await;
        // Cases that are planted bear numbers that files taken in would give them.
        walk.centre = desk;
        let file = with_report(desk).await;
        desk::of_intake(&mut walk, &file).await;
        walk.centre = yard;
        campaigns::of_campaigns(&mut walk).await;
        campaigns::of_buildings(&mut walk).await;
        campaigns::of_apartments(&mut walk).await;
        campaigns::of_resellers(&mut walk).await;
        is_complete(&walk.walked);
    }
}

/// Every route that takes a form was walked, or stands above with the reason why not.
fn is_complete(walked: &BTreeSet<&'static str>) {
    let routes: BTreeSet<&str> = router::list()
        .into_iter()
        .filter(|route| route.method.as_str() == "POST")
        .map(|route| route.path)
        .collect();
    let idle: BTreeSet<&str> = NO_WRITE_BY_A_PERSON.iter().map(|(path, _)| *path).collect();
    let told: BTreeSet<&str> = walked.union(&idle).copied().collect();
    let missing: Vec<_> = routes.difference(&told).collect();
    assert!(missing.is_empty(), "walk these, with a form that is taken: {missing:?}");
    let gone: Vec<_> = told.difference(&routes).collect();
    assert!(gone.is_empty(), "these are no routes: {gone:?}");
    let both: Vec<_> = walked.intersection(&idle).collect();
    assert!(both.is_empty(), "these write after all: {both:?}");
    let others: Vec<_> = router::list()
        .into_iter()
        .filter(|route| !["GET", "POST"].contains(&route.method.as_str()))
        .collect();
    assert!(others.is_empty(), "no form sends these: {others:?}");
}
