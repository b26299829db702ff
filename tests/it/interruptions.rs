//! Killed in the middle, started twice, run side by side: the same files give the same state.

use std::{fmt::Write as _, process::Stdio, time::Duration};

use crate::{
    actors::SCANNER,
    builders::{covered, csv, hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:02:03+09:00";

/// Rows of two batches: 95,000 spots, and 5,000 of them seen again at the end.
pub(crate) const ROWS: u32 = 100_000;
pub(crate) const SPOTS: u32 = 95_000;

pub(crate) fn big_file() -> String {
    let mut text = String::from(
        "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome\n",
    );
    for row in 0..ROWS {
        let (spot, hour) = (row % SPOTS, row / SPOTS);
        let (ip, port) = (spot % 65_536, 23 + spot / 65_536);
        let (third, last) = (ip / 256, ip % 256);
        let head = format_args!("r1,{row},notice,2026-03-30T0{hour}:00:00Z");
        writeln!(text, "{head},198.18.{third}.{last},tcp,{port},m1,detected").unwrap();
    }
    text
}

fn ready(centre: &Centre) {
    centre.serves(&[provider("isp-a", "static", "198.18.0.0/16")]);
}

/// Starts to take `file` in and kills the process once at least `rows` of it are committed.
fn killed_after(centre: &Centre, file: &str, rows: i64) {
    let mut command = centre.command(&["ingest", "--feed", SCANNER, file]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while committed(centre) < rows {
        assert!(child.try_wait().unwrap().is_none(), "it was over before it could be killed");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it was over before it could be killed");
}

fn committed(centre: &Centre) -> i64 {
    let done = centre.stored("SELECT CAST(rows_done AS TEXT) FROM feed_files");
    done.first().map_or(-1, |rows| rows.parse().unwrap())
}

#[track_caller]
fn is_whole(answer: &Answer) {
    assert_eq!(answer.status, 0, "{answer:?}");
    let counts = ["rows", "sightings", "repeats", "cases_opened", "cases_extended"];
    let counts = counts.map(|name| answer.number(name));
    // The repeats of a spot in one batch extend nothing: its case is opened in that batch.
    let again = i64::from(ROWS - SPOTS);
    assert_eq!(counts, [ROWS.into(), SPOTS.into(), again, SPOTS.into(), again], "{answer:?}");
}

on_both_engines! {
    fn killed_runs_and_runs_side_by_side_end_as_one_run_does(centre) {
        ready(&centre);
        let body = big_file();
        let file = centre.file("hits.csv", &body);
        killed_after(&centre, &file, 0);
        killed_after(&centre, &file, 1);
        centre.learns(&[covered("r1", "2026-03-30", "198.18.0.0/16")]);
        centre.on("2026-05-30");
        let waiting = |centre: &Centre| centre.verifies().number("runs_waiting");
        assert_eq!(waiting(&centre), 1, "half a list says of nobody that he is not on it");
        centre.is_clean();
        let resumed = centre.tries(&["ingest", "--feed", SCANNER, &file]);
        assert_eq!(resumed.one()["already_ingested"], false);
        is_whole(&resumed);
        assert_eq!(waiting(&centre), 0);
        centre.is_clean();
        let mut twice = centre.another();
        ready(&twice);
        twice.learns(&[covered("r1", "2026-03-30", "198.18.0.0/16")]);
        twice.on("2026-05-30");
        let file = twice.file("hits.csv", &body);
        for answer in twice.tries_at_once(2, &["ingest", "--feed", SCANNER, &file]) {
            is_whole(&answer);
        }
        assert_eq!(centre.state_hash(), twice.state_hash());
    }

    fn a_small_file_given_to_three_at_once_goes_in_once_and_all_answer_alike(centre) {
        ready(&centre);
        for round in 0..6 {
            let ip = format!("198.18.{round}.7");
            let rows = [hit("r1", MARCH, &ip), hit("r1", MARCH, "x")];
            let file = centre.file("hits.csv", csv(&rows));
            for answer in centre.tries_at_once(3, &["ingest", "--feed", SCANNER, &file]) {
                assert_eq!((answer.status, answer.number("rows")), (1, 2), "{answer:?}");
                assert_eq!((answer.number("sightings"), answer.number("quarantined")), (1, 1));
            }
        }
        assert_eq!((centre.cases().len(), centre.quarantine().len()), (6, 6));
    }

    fn two_files_of_one_device_at_once_open_one_case(centre) {
        ready(&centre);
        for round in 0..6 {
            let ip = format!("198.18.{round}.7");
            let running: Vec<_> = (0..3).map(|second| {
                let at = format!("2026-03-30T10:02:0{second}+09:00");
                let file = centre.file(&format!("{second}.csv"), csv(&[hit("r1", &at, &ip)]));
                let mut command = centre.command(&["ingest", "--feed", SCANNER, &file]);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            }).collect();
            for child in running {
                let output = child.wait_with_output().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
            let case = centre.case_of(&ip);
            assert_eq!(case["first_seen"], "2026-03-30T01:02:00Z");
            assert_eq!(case["last_seen"], "2026-03-30T01:02:02Z");
        }
        assert_eq!(centre.cases().len(), 6);
    }

    fn a_row_released_by_two_retries_at_once_goes_in_once(centre) {
        ready(&centre);
        let early = csv(&[hit("r1", "2026-04-03T10:00:00+09:00", "198.18.0.7")]);
        centre.ingests(SCANNER, "early.csv", early);
        centre.on("2026-04-04");
        let answers = centre.tries_at_once(3, &["quarantine", "retry"]);
        let released: i64 = answers.iter().map(|answer| {
            assert_eq!(answer.status, 0, "{answer:?}");
            answer.number("released")
        }).sum();
        assert_eq!((released, centre.cases().len()), (1, 1));
    }

    fn lists_prepared_twice_at_once_hold_each_case_once(centre) {
        ready(&centre);
        for round in 0..4 {
            let ip = format!("198.18.{round}.7");
            centre.takes(&[hit("r1", MARCH, &ip)]);
            let answers = centre.tries_at_once(3, &["notice", "prepare", "--isp", "isp-a"]);
            let lines: i64 = answers.iter().map(|answer| {
                assert_eq!(answer.status, 0, "{answer:?}");
                answer.number("lines")
            }).sum();
            assert_eq!(lines, 1, "{answers:?}");
        }
    }
}
