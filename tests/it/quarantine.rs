//! An operator looks at what was not understood, says so with name and reason, and takes it back.

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:02:03+09:00";
const NET: &str = "192.0.2.0/24";

/// A list of one good row and so many bad ones.
fn list(bad: usize) -> String {
    let bad = (0..bad).map(|_| hit("r1", MARCH, "nowhere"));
    csv(&std::iter::once(hit("r1", MARCH, "192.0.2.7")).chain(bad).collect::<Vec<Row>>())
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn says(centre: &Centre, verb: &str, ids: &[&str], reason: &str) -> Answer {
    let said = ["--by", "desk-1", "--reason", reason];
    centre.tries(&[&["quarantine", verb], ids, &said].concat())
}

fn history(centre: &Centre, id: &str) -> Vec<String> {
    let shown = centre.does(&["quarantine", "show", id]);
    let said = shown.one()["history"].as_array().unwrap().clone();
    let line = |one: &Value| {
        ["at", "kind", "author", "reason"].map(|field| one[field].as_str().unwrap()).join(" ")
    };
    said.iter().map(line).collect()
}

on_both_engines! {
    fn an_operator_closes_a_row_with_name_and_reason_and_takes_it_back(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.ingests(SCANNER, "hits.csv", list(1));
        let id = &ids(&centre.quarantine())[0];
        let hash = centre.state_hash();
        centre.on("2026-04-02");
        let done = says(&centre, "dismiss", &[id], "the sender's test row");
        assert_eq!((done.status, done.number("dismissed")), (0, 1));
        assert!(centre.quarantine().is_empty());
        assert_ne!(centre.state_hash(), hash);
        let closed = centre.does(&["quarantine", "list", "--dismissed"]);
        assert_eq!((ids(&closed.lines), &closed.one()["dismissed_at"]),
            (vec![id.clone()], &"2026-04-02T00:00:00Z".into()));
        let retry = centre.does(&["quarantine", "retry"]);
        assert_eq!(retry.number("tried"), 0, "it waits no more");
        let again = says(&centre, "dismiss", &[id], "once more");
        assert_eq!((again.number("dismissed"), again.number("unchanged")), (0, 1));

        centre.on("2026-04-03");
        let back = says(&centre, "reopen", &[id], "it was none");
        assert_eq!((back.status, back.number("reopened")), (0, 1));
        assert_eq!(ids(&centre.quarantine()), std::slice::from_ref(id));
        assert_eq!(centre.state_hash(), hash, "as it was");
        assert_eq!(history(&centre, id), [
            "2026-04-02T00:00:00Z dismissed desk-1 the sender's test row",
            "2026-04-03T00:00:00Z reopened desk-1 it was none",
        ]);
    }

    fn a_file_given_again_is_done_once_nothing_of_it_waits(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let first = centre.ingests(SCANNER, "hits.csv", list(2));
        assert_eq!((first.status, first.number("waiting")), (1, 2));
        let rows = ids(&centre.quarantine());
        says(&centre, "dismiss", &[&rows[0]], "x");
        let again = centre.ingests(SCANNER, "hits.csv", list(2));
        assert_eq!((again.status, again.number("waiting")), (1, 1), "one is left to look at");
        says(&centre, "dismiss", &[&rows[1]], "x");
        let done = centre.ingests(SCANNER, "hits.csv", list(2));
        assert_eq!((done.status, done.number("waiting"), done.number("quarantined")), (0, 0, 2));
        assert_eq!(done.one()["already_ingested"], true);
        says(&centre, "reopen", &[&rows[1]], "x");
        assert_eq!(centre.ingests(SCANNER, "hits.csv", list(2)).status, 1);
        let files = centre.does(&["feed", "files"]);
        let told = (&files.one()["quarantined"], &files.one()["dismissed"]);
        assert_eq!(told, (&1.into(), &1.into()));

        // The same holds for coverage.
        let bad = covered("r1", "2026-03-30", "192.0.2.7/24");
        let file = centre.file("coverage.csv", csv(&[bad]));
        let take = || centre.tries(&["coverage", "--feed", SCANNER, &file]).status;
        assert_eq!((take(), take()), (1, 1));
        let waiting = ids(&centre.quarantine());
        assert_eq!(says(&centre, "dismiss", &[&waiting[0], &waiting[1]], "x").status, 0);
        assert_eq!(take(), 0);
    }

    fn all_rows_of_a_file_are_closed_at_once_and_of_several_all_or_none(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.ingests(SCANNER, "hits.csv", list(3));
        let rows = ids(&centre.quarantine());
        let nobody = "00000000-0000-7000-8000-000000000000/1";
        let refused = says(&centre, "dismiss", &[&rows[0], nobody], "x");
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains(nobody), "{refused:?}");
        assert_eq!(centre.quarantine().len(), 3);
        let file = rows[0].split('/').next().unwrap();
        assert_eq!(says(&centre, "dismiss", &[file], "x").number("dismissed"), 3);
        assert!(centre.quarantine().is_empty());
    }

    fn a_row_that_has_gone_in_cannot_be_dismissed(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let early = hit("r1", "2026-04-03T10:00:00+09:00", "192.0.2.7");
        centre.ingests(SCANNER, "early.csv", csv(&[early]));
        let id = &ids(&centre.quarantine())[0];
        centre.on("2026-04-04");
        centre.does(&["quarantine", "retry"]);
        let refused = says(&centre, "dismiss", &[id], "x");
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("has been understood since"), "{refused:?}");
    }

    fn a_row_holds_verdicts_back_until_somebody_closes_it(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        let seen = |at: &str, ip: &str| hit("may", at, ip);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "192.0.2.8")]);
        centre.on("2026-05-02");
        // Of the first row nobody can tell the device, of the second one what was found there.
        let unread = [seen(MARCH, "nowhere"), seen("2026-03-30 10:00:00", "192.0.2.8")];
        centre.ingests(SCANNER, "may.csv", csv(&unread));
        centre.learns(&[covered("may", "2026-05-01", NET)]);
        let rows = ids(&centre.quarantine());
        centre.on("2026-06-01");
        let stand = |centre: &Centre| {
            let review = centre.verifies();
            let states = ["192.0.2.7", "192.0.2.8"].map(|ip| centre.state_of(ip));
            (review.number("runs_waiting"), states.join(" "))
        };
        assert_eq!(stand(&centre), (1, "open open".into()));
        says(&centre, "dismiss", &[&rows[0]], "the sender's test row");
        assert_eq!(stand(&centre), (0, "clean_once open".into()));
        says(&centre, "dismiss", &[&rows[1]], "a row of last year");
        assert_eq!(stand(&centre), (0, "clean_once clean_once".into()));
        centre.learns(&[covered("may", "2026-05-01", NET).with("hits", 2)]);
        assert_eq!(stand(&centre), (0, "clean_once clean_once".into()), "what is closed has come");
        says(&centre, "reopen", &[&rows[0]], "it was none");
        assert_eq!(stand(&centre), (1, "open open".into()), "told anew");
    }

    fn whoever_looks_at_a_row_learns_what_is_wrong_and_what_to_do(centre) {
        centre.serves(&[]);
        let naive = hit("r1", "2026-03-30 10:02:03", "192.0.2.7");
        centre.ingests(SCANNER, "hits.csv", csv(&[naive]));
        let id = &ids(&centre.quarantine())[0];
        let shown = centre.does(&["quarantine", "show", id]);
        assert_eq!(shown.one()["reason"], "no_zone");
        let means = "The time has no offset from UTC, and the feed declares no zone.";
        assert_eq!(shown.one()["means"], means);
        assert!(shown.one()["advice"].as_str().unwrap().contains("--utc-offset-minutes 540"));
        let output = centre.command(&["quarantine", "show", id]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains(means) && told.contains("2026-03-30 10:02:03"), "{told}");
    }
}
