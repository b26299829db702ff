//! What nobody was known to serve: a list of its own, and another look once more is known.

use std::fs;

use crate::{
    actors::SCANNER,
    builders::{Row, csv, hit, infected, provider},
    centre::{Centre, on_both_engines},
};

const EARLY: &str = "2026-02-10T10:00:00+09:00";
const LATE: &str = "2026-03-30T10:00:00+09:00";

/// What two files saw of several providers' devices.
fn files() -> [Vec<Row>; 2] {
    let other = hit("r1", LATE, "198.18.9.2").with("port", 2323);
    [
        vec![hit("r1", LATE, "198.18.9.1"), other, infected("r1", EARLY, "198.18.7.1", 4001)],
        vec![
            hit("r2", EARLY, "198.18.9.1"),
            hit("r2", LATE, "198.18.9.1"),
            infected("r2", LATE, "198.18.7.1", 4002),
            hit("r2", LATE, "203.0.113.5"),
            hit("r2", LATE, "198.18.7.9").with("outcome", "no_answer"),
        ],
    ]
}

fn register() -> [Row; 3] {
    [
        provider("isp-a", "static", "198.18.9.0/24"),
        provider("isp-b", "dynamic:30", "198.18.7.0/24"),
        provider("isp-c", "static", "198.18.4.0/24"),
    ]
}

/// Takes them in one after the other, the second a day later.
fn takes_files(centre: &mut Centre) {
    let days = ["2026-04-01", "2026-04-02"];
    for ((name, rows), day) in ["one.csv", "two.csv"].into_iter().zip(files()).zip(days) {
        centre.on(day);
        assert_eq!(centre.ingests(SCANNER, name, csv(&rows)).status, 0);
    }
}

on_both_engines! {
    fn sightings_that_nobody_serves_stand_on_a_list_of_their_own(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.8.0/24")]);
        let (early, late) = ("2026-03-29T10:00:00+09:00", "2026-03-30T10:00:00+09:00");
        let rows = [hit("r1", late, "198.18.9.1"), hit("r1", early, "198.18.9.1")];
        let answer = centre.takes(&rows);
        assert_eq!((answer.number("unattributed"), answer.number("cases_opened")), (2, 0));
        centre.takes(&[hit("r2", "2026-03-31T10:00:00+09:00", "198.18.9.1")]);
        let list = centre.does(&["unattributed"]);
        let row = list.one();
        assert_eq!((&row["address"], &row["port"]), (&"198.18.9.1".into(), &23.into()));
        assert_eq!(row["exposure"], "weak_credentials/telnet");
        assert_eq!(row["first_seen"], "2026-03-29T01:00:00Z");
        assert_eq!(row["last_seen"], "2026-03-31T01:00:00Z");
    }


    fn another_look_gives_the_cases_that_a_register_known_before_would_have_given(centre) {
        centre.serves(&[]);
        takes_files(&mut centre);
        assert!(centre.cases().is_empty());
        centre.registers(&register());
        let answer = centre.does(&["unattributed", "retry"]);
        let counts = ["tried", "served", "cases_opened", "left"].map(|name| answer.number(name));
        // At a changing address, two months are two cases.
        assert_eq!(counts, [4, 3, 4, 1]);
        let mut twin = centre.another();
        twin.serves(&register());
        takes_files(&mut twin);
        assert_eq!(twin.cases().len(), 4);
        assert_eq!(centre.state_hash(), twin.state_hash());
        // The words of the first sighting of each case are there.
        for (case, same) in centre.cases().iter().zip(twin.cases()) {
            assert_eq!(case["model"], same["model"]);
            assert_eq!(centre.opening_of(case)["detail"], twin.opening_of(&same)["detail"]);
            assert!(!centre.opening_of(case)["detail"].is_null(), "{case}");
        }
        assert_eq!(centre.does(&["unattributed"]).one()["address"], "203.0.113.5");
    }

    fn another_look_opens_each_case_once(centre) {
        centre.serves(&[]);
        takes_files(&mut centre);
        centre.registers(&register());
        let answers = centre.tries_at_once(3, &["unattributed", "retry"]);
        assert!(answers.iter().all(|answer| answer.status == 0), "{answers:?}");
        let opened: i64 = answers.iter().map(|answer| answer.number("cases_opened")).sum();
        assert_eq!((opened, centre.cases().len()), (4, 4));
        let again = centre.does(&["unattributed", "retry"]);
        assert_eq!((again.number("tried"), again.number("cases_opened")), (1, 0));
        let before = centre.state_hash();
        takes_files(&mut centre);
        assert_eq!(centre.state_hash(), before);
    }

    fn a_spot_leaves_the_list_for_the_time_in_which_somebody_served_it(centre) {
        centre.serves(&[]);
        takes_files(&mut centre);
        centre.registers(&[register()[0].clone().with("valid_from", "2026-03-01")]);
        let answer = centre.does(&["unattributed", "retry"]);
        assert_eq!((answer.number("cases_opened"), answer.number("left")), (2, 3));
        let list = centre.does(&["unattributed"]).lines;
        let row = list.iter().find(|row| row["address"] == "198.18.9.1").unwrap();
        assert_eq!(row["first_seen"], "2026-02-10T01:00:00Z");
        assert_eq!(row["last_seen"], "2026-02-10T01:00:00Z");
        let case = centre.case_of("198.18.9.1");
        assert_eq!(case["first_seen"], "2026-03-30T01:00:00Z", "as of the time of each sighting");
    }

    fn a_case_that_stands_already_is_found_again_and_seen_earlier(centre) {
        centre.serves(&[]);
        takes_files(&mut centre);
        centre.registers(&register());
        centre.takes(&[hit("r3", "2026-03-31T10:00:00+09:00", "198.18.9.1")]);
        let answer = centre.does(&["unattributed", "retry"]);
        assert_eq!(answer.number("cases_opened"), 3);
        assert_eq!(centre.case_of("198.18.9.1")["first_seen"], "2026-02-10T01:00:00Z");
    }

    fn what_is_no_longer_in_the_archive_stays_on_the_list(centre) {
        centre.serves(&[]);
        takes_files(&mut centre);
        centre.registers(&register());
        fs::remove_dir_all(centre.data().join("archive")).unwrap();
        fs::create_dir(centre.data().join("archive")).unwrap();
        let answer = centre.tries(&["unattributed", "retry"]);
        assert_eq!((answer.status, answer.number("left")), (1, 4), "{answer:?}");
        assert!(answer.stderr.contains("one.csv: no longer in the archive"), "{answer:?}");
        assert!(centre.cases().is_empty());
    }
}
