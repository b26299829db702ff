//! A batch out of all measure waits for a person before any list holds its cases.

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const SAID: [&str; 4] = ["--reason", "looked at", "--by", "an operator"];

/// Hits at so many addresses of 198.18.0.0/16, from the `from`th on.
fn hits(run: &str, at: &str, from: u32, many: u32) -> Vec<Row> {
    let ip = |no: u32| format!("198.18.{}.{}", no / 256, no % 256);
    (from..from + many).map(|no| hit(run, at, &ip(no))).collect()
}

fn takes(centre: &Centre, name: &str, rows: &[Row]) -> Answer {
    let answer = centre.ingests(SCANNER, &format!("{name}.csv"), csv(rows));
    assert_eq!(answer.status, 0, "{answer:?}");
    answer
}

fn decides(centre: &Centre, verb: &str, id: &str) -> Answer {
    centre.does(&[&["feed", verb, id][..], &SAID].concat())
}

const MARCH: &str = "2026-03-30T10:00:00+09:00";

on_both_engines! {
    fn a_file_over_a_hundredth_of_a_provider_waits_until_somebody_approves(centre) {
        let lines = provider("isp-b", "static", "203.0.113.0/24").with("lines", 1_000_000);
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/16"), lines]);
        let usual = takes(&centre, "usual", &hits("r1", MARCH, 0, 655));
        assert!(usual.one()["waits_for_approval"].is_null(), "{usual:?}");
        let many = takes(&centre, "many", &hits("r2", MARCH, 600, 656));
        let why = many.one()["waits_for_approval"].as_str().unwrap();
        assert_eq!(why, "656 addresses are over 1 % of the 65536 of isp-a");
        let again = takes(&centre, "again", &hits("r2", MARCH, 600, 656));
        assert_eq!(again.one()["waits_for_approval"], why, "the answer is the same each time");

        let list = centre.does(&["notice", "prepare", "--isp", "isp-a"]);
        assert_eq!((list.number("lines"), list.number("held")), (655, 601));
        let waits = centre.does(&["feed", "approvals"]);
        assert_eq!((waits.number("cases"), &waits.one()["why"]), (601, &why.into()));
        assert_eq!(waits.one()["excess"][0]["of"], 65536);
        let id = waits.one()["id"].as_str().unwrap().to_owned();
        assert_eq!(centre.prepares("isp-a"), None, "nothing slips through");

        decides(&centre, "approve", &id);
        assert!(centre.does(&["feed", "approvals"]).lines.is_empty());
        let list = centre.does(&["notice", "prepare", "--isp", "isp-a"]);
        assert_eq!((list.number("lines"), list.number("held")), (601, 0));
        let said = "SELECT kind || ' ' || author || ' ' || reason FROM feed_file_events";
        assert_eq!(centre.stored(said), ["approved an operator looked at"]);
    }

    fn a_batch_that_is_split_into_files_is_weighed_as_one(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/16")]);
        let waits = |name: &str, rows: &[Row]| {
            let taken = takes(&centre, name, rows);
            !taken.one()["waits_for_approval"].is_null()
        };
        assert!(!waits("one", &hits("r1", MARCH, 0, 400)));
        assert!(!waits("other", &hits("r2", MARCH, 400, 400)), "another run");
        assert!(waits("two", &hits("r1", MARCH, 1_000, 300)));
        let id = centre.does(&["feed", "approvals"]).one()["id"].as_str().unwrap().to_owned();
        decides(&centre, "approve", &id);
        assert!(!waits("three", &hits("r1", MARCH, 2_000, 200)), "what was approved is no news");
        assert!(waits("four", &hits("r1", MARCH, 3_000, 200)));
    }

    fn a_declined_file_is_withdrawn(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/20")]);
        let before = centre.another();
        before.serves(&[provider("isp-a", "static", "198.18.0.0/20")]);
        takes(&centre, "many", &hits("r1", MARCH, 0, 101));
        let id = centre.does(&["feed", "approvals"]).one()["id"].as_str().unwrap().to_owned();
        let done = decides(&centre, "decline", &id);
        assert_eq!((done.number("cases_removed"), done.number("sightings")), (101, 101));
        assert!(centre.does(&["feed", "approvals"]).lines.is_empty());
        assert_eq!(centre.state_hash(), before.state_hash());
    }

    fn a_file_over_three_times_what_its_feed_mostly_sends_waits(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/15").with("lines", 9_000_000)]);
        for (no, many) in [30, 50, 40, 45, 35].into_iter().enumerate() {
            let from = 100 * u32::try_from(no).unwrap();
            takes(&centre, &format!("usual-{no}"), &hits("r1", MARCH, from, many));
        }
        let at_most = takes(&centre, "at-most", &hits("r1", MARCH, 1_000, 120));
        assert!(at_most.one()["waits_for_approval"].is_null(), "{at_most:?}");
        centre.on("2026-04-20");
        let more = takes(&centre, "more", &hits("r1", MARCH, 2_000, 136));
        let why = more.one()["waits_for_approval"].as_str().unwrap();
        assert!(why.contains("more than 3 times the median of 45"), "{why}");
        centre.on("2026-06-20");
        let later = takes(&centre, "later", &hits("r1", MARCH, 3_000, 136));
        assert!(later.one()["waits_for_approval"].is_null(), "a month later there is no median");
    }

    fn a_case_that_only_a_waiting_file_saw_recur_waits_too(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/20")]);
        let net = "198.18.0.0/20";
        let at = |day: &str| format!("{day}T02:00:00+09:00");
        centre.scans("2026-05-01", net, &hits("2026-05-01", &at("2026-05-01"), 0, 1));
        centre.prepares("isp-a").unwrap();
        centre.scans("2026-05-08", net, &[]);
        centre.scans("2026-05-15", net, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("198.18.0.0"), "verified");
        centre.on("2026-05-22");
        takes(&centre, "many", &hits("2026-05-22", &at("2026-05-22"), 0, 150));
        centre.learns(&[covered("2026-05-22", "2026-05-22", net)]);
        centre.verifies();
        assert_eq!(centre.state_of("198.18.0.0"), "recurred");
        let list = centre.does(&["notice", "prepare", "--isp", "isp-a"]);
        assert_eq!((list.number("lines"), list.number("held")), (0, 150));
        let id = centre.does(&["feed", "approvals"]).one()["id"].as_str().unwrap().to_owned();
        decides(&centre, "decline", &id);
        centre.verifies();
        assert_eq!(centre.state_of("198.18.0.0"), "verified", "it was a mistake");
        assert_eq!(centre.prepares("isp-a"), None);
    }
}
