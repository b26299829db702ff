//! Every file that came is known with its outcome; coverage is a file like any other.

use std::fs;

use serde_json::Value;

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, gzipped, hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const IP: &str = "198.18.0.7";
const DAY: &str = "2026-05-08";

fn covers(centre: &Centre, name: &str, content: impl AsRef<[u8]>) -> Answer {
    let file = centre.file(name, content);
    centre.tries(&["coverage", "--feed", SCANNER, &file])
}

fn one_device(centre: &mut Centre) {
    centre.serves(&[provider("isp-a", "static", NET)]);
    centre.on("2026-05-01").takes(&[hit("may", "2026-05-01T02:00:00+09:00", IP)]);
    centre.on(DAY);
}

fn silent(day: &str) -> Row {
    covered(day, day, NET).with("hits", 0)
}

fn counts(answer: &Answer) -> [i64; 5] {
    ["rows", "runs", "prefixes", "addresses", "quarantined"].map(|name| answer.number(name))
}

fn files(centre: &Centre, args: &[&str]) -> Vec<Value> {
    centre.does(&[&["feed", "files"], args].concat()).lines
}

on_both_engines! {
    fn coverage_goes_in_once_by_content_and_its_raw_bytes_stay(centre) {
        one_device(&mut centre);
        let body = csv(&[silent(DAY), silent(DAY).with("prefix", "198.18.1.0/24")]);
        let first = covers(&centre, "coverage.csv", &body);
        assert_eq!((first.status, counts(&first)), (0, [2, 1, 2, 508, 0]));
        assert_eq!(first.one()["already_ingested"], false);
        let hash = first.one()["sha256"].as_str().unwrap();
        let archived = centre.data().join("archive").join(format!("{hash}.zst"));
        let raw = zstd::decode_all(fs::File::open(archived).unwrap()).unwrap();
        assert_eq!(raw, body.as_bytes());
        let linked = centre.stored("SELECT DISTINCT file_sha256 FROM scan_coverage");
        assert_eq!(linked, [hash]);
        let before = centre.state_hash();
        let again = covers(&centre, "renamed.csv", &body);
        assert_eq!((again.status, counts(&again)), (0, [2, 1, 2, 508, 0]));
        assert_eq!(again.one()["already_ingested"], true);
        assert_eq!(centre.state_hash(), before);
    }

    fn an_old_coverage_file_given_again_takes_no_correction_back(centre) {
        one_device(&mut centre);
        let wrong = csv(&[silent(DAY)]);
        covers(&centre, "first.csv", &wrong);
        covers(&centre, "correction.csv", csv(&[silent(DAY).with("status", "aborted")]));
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open");
        assert_eq!(covers(&centre, "first.csv", &wrong).one()["already_ingested"], true);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open");
    }

    fn a_bad_row_of_coverage_waits_and_goes_in_once_it_is_understood(centre) {
        one_device(&mut centre);
        let early = silent("2026-05-12");
        let bits = silent(DAY).with("prefix", "198.18.0.7/24");
        let body = csv(&[early, bits, covered("x", DAY, "198.18.9.0/24").with("hits", 0)]);
        let answer = covers(&centre, "coverage.csv", &body);
        assert_eq!((answer.status, counts(&answer)), (1, [3, 1, 1, 254, 2]));
        let waiting = centre.quarantine();
        let told = |row: &Value| {
            ["file", "line", "column", "reason"].map(|field| row[field].to_string()).join(" ")
        };
        assert_eq!(told(&waiting[0]), r#""coverage.csv" 2 "from" "future_time""#);
        assert_eq!(told(&waiting[1]), r#""coverage.csv" 3 "prefix" "bad_prefix""#);
        let shown = centre.does(&["quarantine", "show", waiting[1]["id"].as_str().unwrap()]);
        assert_eq!(shown.one()["bytes"], body.lines().nth(2).unwrap());
        assert_eq!(covers(&centre, "coverage.csv", &body).status, 1, "as often as it is given");
        let tries = |centre: &Centre| {
            let retry = centre.does(&["quarantine", "retry", "--feed", SCANNER]);
            (retry.number("tried"), retry.number("released"))
        };
        assert_eq!(tries(&centre), (2, 0));
        centre.on("2026-05-13");
        assert_eq!(tries(&centre), (2, 1));
        centre.verifies();
        assert_eq!(centre.state_of(IP), "clean_once");
        assert_eq!((centre.quarantine().len(), tries(&centre)), (1, (1, 0)));
    }

    fn a_row_that_waited_corrects_nothing_that_was_said_since(centre) {
        one_device(&mut centre);
        covers(&centre, "coverage.csv", csv(&[silent("2026-05-12")]));
        centre.on("2026-05-13");
        covers(&centre, "later.csv", csv(&[silent("2026-05-12").with("status", "aborted")]));
        assert_eq!(centre.does(&["quarantine", "retry"]).number("released"), 1);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open");
    }

    fn coverage_refused_as_a_whole_is_told_and_listed(centre) {
        one_device(&mut centre);
        let body = csv(&[silent(DAY).without("ports")]);
        let answer = covers(&centre, "coverage.csv", body);
        assert_eq!((answer.status, counts(&answer)), (1, [0; 5]));
        assert!(answer.one()["refused"].as_str().unwrap().contains("\"ports\" is missing"));
        let listed = files(&centre, &["--refused"]);
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!((&listed[0]["holds"], &listed[0]["outcome"]),
            (&"coverage".into(), &"refused".into()));
        assert_eq!(listed[0]["reason"], answer.one()["refused"]);
    }

    fn hits_given_as_coverage_by_mistake_go_in_as_hits_afterwards(centre) {
        one_device(&mut centre);
        let body = csv(&[hit("r2", "2026-05-08T02:00:00+09:00", "198.18.0.9")]);
        assert_eq!(covers(&centre, "hits.csv", &body).status, 1);
        let answer = centre.ingests(SCANNER, "hits.csv", &body);
        assert_eq!((answer.status, answer.number("cases_opened")), (0, 1));
    }

    fn an_operator_finds_what_came_and_what_was_refused(centre) {
        one_device(&mut centre);
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let bad = hit("r2", "2026-05-08T02:00:00+09:00", "no address");
        centre.ingests(SCANNER, "ragged.csv", csv(&[bad]));
        centre.ingests(SCANNER, "odd.csv", "what,is,this\n1,2,3\n");
        centre.ingests("telnet", "holiday.csv", "timestamp,ip\n");
        let names = |args: &[&str]| {
            let told = |file: &Value| {
                let told = ["feed", "file", "outcome"].map(|name| file[name].as_str().unwrap());
                told.join(" ")
            };
            let mut names: Vec<String> = files(&centre, args).iter().map(told).collect();
            names.sort();
            names
        };
        let refused = ["scanner odd.csv refused", "telnet holiday.csv refused"];
        assert_eq!(names(&["--refused"]), refused);
        assert_eq!(names(&["--feed", "telnet"]), refused[1..]);
        let taken = ["scanner hits.csv taken", refused[0], "scanner ragged.csv taken", refused[1]];
        assert_eq!(names(&[]), taken);
        let listed = files(&centre, &["--feed", SCANNER]);
        let ragged = listed.iter().find(|file| file["file"] == "ragged.csv").unwrap();
        assert_eq!((&ragged["rows"], &ragged["quarantined"]), (&1.into(), &1.into()));
        assert_eq!((&ragged["holds"], &ragged["reason"]), (&"hits".into(), &Value::Null));
        let output = centre.command(&["feed", "files", "--refused"]).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains("odd.csv") && told.contains("are missing"), "{told}");
        assert_eq!(centre.tries(&["feed", "files", "--feed", "nobody"]).status, 1);
    }

    fn a_refused_file_is_not_in_however_often_it_is_given(centre) {
        one_device(&mut centre);
        for _ in 0..2 {
            let hits = centre.ingests(SCANNER, "odd.csv", "what,is,this\n1,2,3\n");
            assert_eq!((hits.status, &hits.one()["already_ingested"]), (1, &false.into()));
            let coverage = covers(&centre, "odd.csv", "what,is,this\n1,2,3\n");
            assert_eq!((coverage.status, &coverage.one()["already_ingested"]), (1, &false.into()));
        }
    }

    fn a_file_that_was_cut_short_is_told_so_with_what_to_do(centre) {
        one_device(&mut centre);
        let rows: Vec<Row> = (0..9000)
            .map(|no| hit("r2", "2026-05-08T02:00:00+09:00", "198.18.0.9").with("record_no", no))
            .collect();
        let packed = gzipped(&csv(&rows));
        for (name, bytes, words) in [
            ("head.csv.gz", &packed[..6], "is cut short; fetch it again"),
            ("half.csv.gz", &packed[..packed.len() / 2], "the file breaks off: it is cut short"),
            ("cut.zip", b"PK\x03\x04\x14\0\0\0\x08\0 cut off", "or give what is inside it"),
        ] {
            let answer = centre.ingests(SCANNER, name, bytes);
            assert_eq!(answer.status, 1, "{answer:?}");
            let refused = answer.one()["refused"].as_str().unwrap_or_default();
            assert!(refused.contains(words), "{name}: {refused}");
        }
    }
}
