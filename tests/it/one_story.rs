//! One story of a line: its pages, its timeline and `case show` say the same, whoever asks.

use serde_json::Value;

use crate::{
    builders::{Row, hit, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const FIRST: &str = "198.18.0.1";
const SECOND: &str = "198.18.0.2";

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// The ISP says that a record of `list` is of the one line.
fn told(centre: &Centre, list: &str, ip: &str, at: &str) {
    let record = centre.record_of(list, ip);
    let report = notified(list, record, at).with("line_token", token('a'));
    assert_eq!(centre.reports("isp-a", &[report.with("token_epoch", "1")]).status, 0);
}

/// A line that was found on 1 May, moved, and was found on 1 June and 20 June; both its IDs.
fn a_line_that_moved(centre: &mut Centre) -> Vec<String> {
    centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
    let mut ids = Vec::new();
    for (day, ip) in [("2026-05-01", FIRST), ("2026-06-01", SECOND)] {
        centre.on(day).takes(&[seen(day, ip)]);
        let list = centre.prepares("isp-a").unwrap();
        ids.push(centre.lines_of(&list).remove(0)["inquiry_id"].clone());
        told(centre, &list, ip, &format!("{day}T08:00:00+09:00"));
    }
    centre.on("2026-06-20").takes(&[seen("2026-06-20", SECOND)]);
    ids
}

/// The days and words of the timeline of a page.
fn timeline(page: &str) -> Vec<String> {
    let list = page.split("<ol class=\"td-timeline\">").nth(1).unwrap().split("</ol>").next();
    let lines = list.unwrap().split("<span class=\"td-when\">").skip(1);
    lines.map(|line| line.split("</li>").next().unwrap().replace("</span>", "")).collect()
}

fn days(shown: &Value) -> Vec<String> {
    let lines = shown["told"]["timeline"].as_array().unwrap();
    let line = |line: &Value| {
        format!("{} {}", &line["on"].as_str().unwrap()[..10], line["what"].as_str().unwrap())
    };
    lines.iter().map(line).collect()
}

on_both_engines! {
    fn page_timeline_and_case_show_tell_one_story_of_a_line_that_moved(centre) {
        let ids = a_line_that_moved(&mut centre);
        centre.verifies();
        let site = centre.opens_its_site();
        for id in &ids {
            let visitor = site.visitor();
            visitor.enters(id);
            let page = visitor.opens("/en/case").text;
            assert!(page.contains("<dt>First found on</dt><dd>1 May 2026</dd>"), "{page}");
            assert!(page.contains("<dt>Last found on</dt><dd>20 June 2026</dd>"), "{page}");
            let result = visitor.opens("/en/case/result").text;
            assert_eq!(timeline(&result), [
                "1 May 2026 The device was found",
                "1 June 2026 It was found again",
                "20 June 2026 It was found again",
            ]);
            assert!(result.contains("As of 20 June 2026"), "{result}");
        }
        let (first, second) = (centre.case_of(FIRST), centre.case_of(SECOND));
        for case in [&first, &second] {
            let shown = centre.does(&["case", "show", case["id"].as_str().unwrap()]);
            let shown = &shown.lines[0];
            assert_eq!(shown["line"]["cases"], serde_json::json!([first["id"], second["id"]]));
            assert_eq!(shown["line"]["first_seen"], "2026-04-30T17:00:00Z");
            assert_eq!(shown["line"]["last_seen"], "2026-06-19T17:00:00Z");
            assert_eq!(days(shown), ["2026-04-30 opened", "2026-05-31 seen", "2026-06-19 seen"]);
        }
    }

    fn what_a_person_says_with_one_letter_is_known_with_the_other(centre) {
        let ids = a_line_that_moved(&mut centre);
        let site = centre.opens_its_site();
        let (with_first, with_second) = (site.visitor(), site.visitor());
        with_second.enters(&ids[1]);
        with_second.says_done();
        with_first.enters(&ids[0]);
        let result = with_first.opens("/en/case/result").text;
        assert!(result.contains("Not yet scanned"), "{result}");
        let told = timeline(&result);
        assert_eq!(told.last().unwrap(), "20 June 2026 You told us that you were done");
    }

    fn two_presses_of_a_button_are_one_claim(centre) {
        let ids = a_line_that_moved(&mut centre);
        let claims = |centre: &Centre| {
            let facts = centre.facts_of(SECOND);
            facts.iter().filter(|kind| *kind == "claimed").count()
        };
        for (time, known) in [("12:00:00.9", 1), ("12:00:01.2", 1), ("12:00:30", 2)] {
            centre.on(&format!("2026-06-21T{time}+09:00"));
            let site = centre.opens_its_site();
            let visitor = site.visitor();
            visitor.enters(&ids[1]);
            visitor.says_done();
            assert_eq!(claims(&centre), known, "{time}");
        }
    }

    fn lines_and_cases_are_counted_apart_and_a_joined_case_is_marked(centre) {
        a_line_that_moved(&mut centre);
        centre.takes(&[seen("2026-06-20", "198.18.0.9")]);
        let review = centre.verifies();
        assert_eq!((review.number("lines"), review.number("cases")), (2, 3));
        let words = |args: &[&str]| {
            String::from_utf8(centre.command(args).output().unwrap().stdout).unwrap()
        };
        assert!(words(&["verify"]).starts_with("2 lines (3 cases): 2 open"));
        let speaker = centre.case_of(FIRST)["id"].as_str().unwrap().to_owned();
        let listed = words(&["case", "list"]);
        let joined: Vec<&str> = listed.lines().filter(|line| line.contains("joined to")).collect();
        assert_eq!(joined.len(), 1, "{listed}");
        assert!(joined[0].ends_with(&format!("joined to {speaker}")), "{listed}");
    }

    fn a_step_that_does_not_exist_is_not_found(centre) {
        let ids = a_line_that_moved(&mut centre);
        let site = centre.opens_its_site();
        let visitor = site.visitor();
        visitor.enters(&ids[0]);
        for no in ["x", "0", "99", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(visitor.opens(&format!("/case/manual/{no}")).status, 404, "{no}");
        }
        assert_eq!(visitor.sends("/case/manual/x", &[("outcome", "done")]).status, 404);
        assert_eq!(visitor.opens("/case/manual/1").status, 200);
    }
}
