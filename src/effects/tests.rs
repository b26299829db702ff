//! Effects over a real store, filled through the tables of the migration.
//!
//! SQLite in a folder that is thrown away; with `TODOKE_TEST_POSTGRES`, PostgreSQL too, in a
//! database of its own.

mod country;

use effect::turnbull::Span;

use super::{
    By, Draw, Scope, cohort,
    cohort::Observation,
    compare, funnel,
    funnel::{Step, share_of},
    naive, survival,
};
use crate::time::Moment;
use country::{Country, Told, day};

const DRAW: Draw = Draw { replicates: 60, seed: 7 };

/// Everything of one stream, as known after the last scan of the country.
fn notice() -> Scope {
    Scope::of_stream("notice", day(400))
}

async fn observations(country: &Country) -> Vec<Observation> {
    let lines = cohort::lines(&country.db, &notice()).await.unwrap();
    lines.iter().map(cohort::Line::observation).collect()
}

#[tokio::test]
async fn a_fix_lies_between_the_last_sighting_and_the_first_clean_scan() {
    for mut it in Country::on_every_engine().await {
        it.runs(&[0, 30, 60, 90, 120]).await;
        let list = it.notice(3, &[]).await;
        // Seen at 60 for the last time, clean at 90 and 120.
        let fixed = it.case("static", 0, 60, ("verified", Some(91))).await;
        let open = it.case("static", 0, 120, ("open", None)).await;
        let once = it.case("static", 0, 90, ("clean_once", Some(121))).await;
        let back = it.case("static", 0, 120, ("recurred", None)).await;
        let lost = it.case("dynamic:30", 0, 0, ("unknown", None)).await;
        let before = it.case("static", 0, 0, ("verified", Some(2))).await;
        let never = it.case("static", 0, 0, ("open", None)).await;
        it.list(list, &[fixed, open, once, back, lost, before]).await;
        it.reported_all(day(20)).await;
        let seen = observations(&it).await;
        // Follow-up ends with the run of day 90, which ended on day 91: day 88 of the list.
        let expected = [
            Observation::Followed(Span::between(57.0, 88.0)),
            Observation::Followed(Span::after(88.0)),
            Observation::Followed(Span::after(87.0)),
            Observation::Followed(Span::after(88.0)),
            Observation::BeforeList,
            Observation::Unlisted,
            Observation::Untraceable,
        ];
        let _ = never;
        assert_eq!(seen, expected);
        it.end().await;
    }
}

#[tokio::test]
async fn a_line_is_followed_over_its_addresses_and_counts_once() {
    for mut it in Country::on_every_engine().await {
        it.runs(&[0, 30, 60, 90]).await;
        let list = it.notice(2, &[]).await;
        let first = it.case("dynamic:30", 0, 0, ("verified", Some(61))).await;
        let second = it.member(first, 30, 30).await;
        it.list(list, &[first]).await;
        it.token(second).await;
        it.reported_all(day(20)).await;
        // Moved by day 30, seen there, clean on day 60: by its first address, gone since day 0.
        assert_eq!(observations(&it).await, [Observation::Followed(Span::between(28.0, 59.0))]);
        let naive = naive::by_address(&it.db, &notice()).await.unwrap();
        assert_eq!((naive.n, naive.gone), (1, 1));
        it.end().await;
    }
}

#[tokio::test]
async fn a_run_that_waits_for_a_report_proves_nothing() {
    for mut it in Country::on_every_engine().await {
        it.runs(&[300, 330, 360, 390]).await;
        let list = it.notice(302, &[]).await;
        let open = it.case("static", 300, 390, ("open", None)).await;
        it.list(list, &[open]).await;
        it.reported_all(day(310)).await;
        assert_eq!(observations(&it).await, [Observation::Followed(Span::after(59.0))]);
        // A new case of the last run that nobody has spoken of.
        it.case("static", 390, 390, ("open", None)).await;
        let seen = observations(&it).await;
        assert_eq!(seen[0], Observation::Followed(Span::after(29.0)));
        it.end().await;
    }
}

#[tokio::test]
async fn the_funnel_counts_lines_and_names_what_nobody_reported() {
    for mut it in Country::on_every_engine().await {
        it.runs(&[0, 30, 60]).await;
        let list = it.notice(3, &[day(4)]).await;
        let by_post = it.case("static", 0, 0, ("verified", Some(31))).await;
        let waits = it.case("static", 0, 60, ("open", None)).await;
        let silent = it.case("static", 0, 60, ("open", None)).await;
        let unlisted = it.case("static", 0, 60, ("open", None)).await;
        it.list(list, &[by_post, waits, silent]).await;
        let post = Told { channel: Some("post"), delivery: Some("delivered"), arm: Some("post") };
        it.report(by_post, 1, ("pending", Told::default()), day(9)).await;
        it.report(by_post, 2, ("notified", post), day(10)).await;
        let arm = Told { arm: Some("wait"), ..Told::default() };
        it.report(waits, 1, ("not_notified", arm), day(10)).await;
        it.came(by_post, day(12)).await;
        it.came(by_post, day(13)).await;
        it.marks(by_post, &["stuck", "not_needed"]).await;
        it.claimed(by_post, day(12)).await;
        let _ = unlisted;

        let rows = funnel::funnel(&it.db, &notice(), None).await.unwrap();
        let counts: Vec<(u64, u64)> =
            rows.iter().map(|row| (row.of_detected.count, row.of_warned.count)).collect();
        let expected = [4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1].into_iter();
        let of_warned = [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1];
        assert_eq!(counts, expected.zip(of_warned).collect::<Vec<_>>());
        assert!(rows.iter().all(|row| row.of_detected.n == 4 && row.of_warned.n == 1));
        let listed = share_of(&rows, "all", Step::Listed).unwrap();
        assert_eq!(listed.estimate, Some(0.75));

        // Before the report came, nobody had been warned.
        let early = Scope { as_of: day(9), ..notice() };
        let rows = funnel::funnel(&it.db, &early, None).await.unwrap();
        let warned = share_of(&rows, "all", Step::Warned).unwrap();
        let silent = share_of(&rows, "all", Step::NoReport).unwrap();
        assert_eq!((warned.count, silent.count), (0, 2));

        let rows = funnel::funnel(&it.db, &notice(), Some(By::Channel)).await.unwrap();
        let groups: Vec<&str> = rows.iter().step_by(11).map(|row| &*row.group).collect();
        assert_eq!(groups, ["no_report", "not_notified", "post", "unlisted"]);
        it.end().await;
    }
}

#[tokio::test]
async fn an_arm_is_compared_with_waiting_and_the_answer_repeats() {
    for mut it in Country::on_every_engine().await {
        it.runs(&(0..10).map(|month| month * 30).collect::<Vec<_>>()).await;
        let list = it.notice(0, &[]).await;
        for (arm, fixed) in [("wait", 10), ("post", 30)] {
            for place in 0..40 {
                // Every second fix comes within the first two months.
                let last = if place % 2 == 0 { 30 } else { 120 };
                let state =
                    if place < fixed { ("verified", Some(last + 31)) } else { ("open", None) };
                let seen = if place < fixed { last } else { 270 };
                let case = it.case("static", 0, seen, state).await;
                it.list(list, &[case]).await;
                let told = Told { arm: Some(arm), ..Told::default() };
                it.report(case, 1, ("pending", told), day(5)).await;
            }
        }
        let found = compare::compare(&it.db, &notice(), 180, DRAW).await.unwrap();
        assert_eq!(found.len(), 1);
        let post = &found[0];
        assert_eq!((post.arm.as_str(), post.n, post.n_wait), ("post", 40, 40));
        assert!((post.difference - 0.5).abs() < 1e-6, "{post:?}");
        assert!(post.interval.lower > 0.25 && post.interval.upper < 0.75, "{post:?}");
        assert_eq!(found, compare::compare(&it.db, &notice(), 180, DRAW).await.unwrap());

        let curves = survival::survival(&it.db, &notice(), Some(By::Arm), DRAW).await.unwrap();
        let post = curves.iter().find(|curve| curve.group == "post").unwrap();
        let (fixed, interval) = post.at(90).unwrap().fixed();
        assert!((fixed - 0.375).abs() < 1e-6 && interval.unwrap().lower < 0.375);
        assert_eq!(post.at(0).unwrap().at_risk, 40);
        it.end().await;
    }
}

#[tokio::test]
async fn sensors_that_look_every_day_give_kaplan_meier() {
    for mut it in Country::on_every_engine().await {
        it.stream("nicter").await;
        it.runs(&(0..60).collect::<Vec<_>>()).await;
        let list = it.notice(0, &[]).await;
        for place in 0..20 {
            let state = if place < 10 { ("verified", Some(10 + place)) } else { ("open", None) };
            let seen = if place < 10 { 9 + place } else { 59 };
            let case = it.case("static", 0, seen, state).await;
            it.list(list, &[case]).await;
        }
        it.reported_all(day(1)).await;
        let scope = Scope::of_stream("nicter", day(400));
        let curves = survival::survival(&it.db, &scope, None, DRAW).await.unwrap();
        assert_eq!(curves[0].method, survival::Method::KaplanMeier);
        assert!((curves[0].at(30).unwrap().open - 0.5).abs() < 1e-12);
        assert!(curves[0].at(90).is_none(), "nothing is known after the last look");
        it.end().await;
    }
}

#[test]
fn the_same_question_has_the_same_scope() {
    let scope = Scope::of_stream("notice", Moment(5));
    assert_eq!((scope.from, scope.to), (Moment(i64::MIN), Moment(i64::MAX)));
}
