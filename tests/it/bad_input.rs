//! What is not understood waits in quarantine, with line, column, reason and bytes; the rest goes
//! in, and nothing is lost. Passwords that a feed brings along are kept nowhere.

use crate::{
    actors::SCANNER,
    builders::{Row, csv, hit, provider, telnet_report},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:02:03+09:00";
const GOOD: &str = "192.0.2.200";

fn good() -> Row {
    hit("r1", MARCH, GOOD)
}

/// Every row of a file is a sighting, a repeat, in quarantine or another outcome.
#[track_caller]
fn adds_up(answer: &Answer) {
    let parts = ["sightings", "repeats", "quarantined", "other_outcomes"];
    let sum: i64 = parts.iter().map(|part| answer.number(part)).sum();
    assert_eq!(answer.number("rows"), sum, "{answer:?}");
}

/// One bad row between two good ones: it waits with `reason` at `column`, the others go in.
#[track_caller]
fn waits(centre: &Centre, name: &str, bad: Row, column: &str, reason: &str) {
    let marker = bad.clone();
    let body = csv(&[good().with("record_no", name), bad, good().with("record_no", 3)]);
    let answer = centre.ingests(SCANNER, name, &body);
    adds_up(&answer);
    assert_eq!((answer.status, answer.number("quarantined")), (1, 1), "{marker:?} {answer:?}");
    let waiting = centre.quarantine();
    let row = waiting.iter().find(|row| row["file"] == name).expect("it waits");
    assert_eq!((&row["line"], &row["reason"]), (&3.into(), &reason.into()), "{row}");
    assert_eq!(row["column"], column, "{row}");
    let shown = centre.does(&["quarantine", "show", row["id"].as_str().unwrap()]);
    let line = body.lines().nth(2).unwrap();
    assert_eq!(shown.one()["bytes"], line);
}

on_both_engines! {
    fn a_bad_row_waits_with_line_column_reason_and_bytes(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        for (number, (column, cell, reason)) in [
            ("ip", "not-an-address", "bad_address"),
            ("ip", "192.0.2.0/24", "prefix_not_address"),
            ("ip", "192.0.2.1.5", "bad_address"),
            ("ip", "0.0.0.0", "unspecified_address"),
            ("ip", "", "missing_value"),
            ("port", "70000", "bad_port"),
            ("detected_at", "2026-03-30 10:02:03", "no_zone"),
            ("detected_at", "yesterday", "bad_time"),
            ("detected_at", "2026-04-02T00:00:00+09:00", "future_time"),
            ("outcome", "maybe", "unknown_word"),
            ("record_no", "4.82E+14", "rounded_number"),
        ].into_iter().enumerate() {
            let bad = good().with("record_no", 2).with(column, cell);
            waits(&centre, &format!("{number}.csv"), bad, column, reason);
        }
        assert_eq!(centre.cases().len(), 1);
    }

    fn a_file_without_a_needed_column_is_refused_and_says_which(centre) {
        centre.serves(&[]);
        let answer = centre.ingests(SCANNER, "a.csv", csv(&[good().without("ip")]));
        assert_eq!((answer.status, answer.number("rows")), (1, 0));
        assert!(answer.one()["refused"].as_str().unwrap().contains("\"ip\" is missing"));
        let file = centre.file("b.csv", csv(&[good().without("outcome")]));
        let told = centre.command(&["ingest", "--feed", SCANNER, &file]).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert!(told.contains("b.csv: refused: the column \"outcome\" is missing"), "{told}");
    }

    fn a_file_that_is_no_table_is_refused_and_nothing_breaks(centre) {
        centre.serves(&[]);
        let zip = b"PK\x03\x04\x14\0\0\0\x08\0 cut off in the middle of its first entry";
        for (name, bytes) in [
            ("cut.zip", &zip[..]),
            ("empty.csv", b""),
            ("noise.csv", &[0xff, 0xfe, 0, 1, 2, 0x80, 0x81, b'\n'][..]),
            ("cut.csv.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]),
        ] {
            let answer = centre.ingests(SCANNER, name, bytes);
            assert_eq!(answer.status, 1, "{name}: {answer:?}");
            assert!(answer.one()["refused"].is_string(), "{name}: {answer:?}");
            assert!(!answer.stderr.contains("panicked"), "{answer:?}");
        }
    }

    fn a_row_with_too_many_or_too_few_cells_waits(centre) {
        centre.serves(&[]);
        let body = csv(&[good(), good(), good()]);
        let mut lines: Vec<String> = body.lines().map(str::to_owned).collect();
        lines[1] += ",one,two";
        lines[2] = lines[2].split(',').take(4).collect::<Vec<_>>().join(",");
        let answer = centre.ingests(SCANNER, "ragged.csv", lines.join("\n"));
        adds_up(&answer);
        assert_eq!((answer.number("sightings"), answer.number("quarantined")), (1, 2));
        let reasons: Vec<_> = centre.quarantine().iter().map(|row| row["reason"].clone()).collect();
        assert_eq!(reasons, ["too_many_cells", "too_few_cells"]);
    }

    fn a_row_in_another_encoding_waits(centre) {
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let row = |ip: &str, host: &str| {
            telnet_report("2026-03-30 01:02:03", ip).with("hostname", host)
        };
        let body = csv(&[row("192.0.2.7", "ルータ"), row("192.0.2.8", "??"), row("192.0.2.9", "c")]);
        let mut bytes = body.into_bytes();
        let at = bytes.windows(2).position(|two| two == b"??").unwrap();
        bytes[at..at + 2].copy_from_slice(&[0x83, 0x8b]);
        let answer = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", bytes);
        adds_up(&answer);
        assert_eq!((answer.number("sightings"), answer.number("quarantined")), (2, 1));
        let row = &centre.quarantine()[0];
        assert_eq!((&row["reason"], &row["line"]), (&"bad_encoding".into(), &3.into()));
    }

    fn control_characters_are_replaced_and_noted(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let row = telnet_report("2026-03-30 01:02:03", "192.0.2.7").with("hostname", "a\u{7}b");
        let answer = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", csv(&[row]));
        assert_eq!((answer.status, answer.number("sightings")), (0, 1));
        let detail = centre.opening_of(&centre.cases()[0])["detail"].to_string();
        assert!(detail.contains("a\u{fffd}b"), "{detail:?}");
        assert!(detail.contains("control_replaced"), "{detail:?}");
    }

    fn a_row_with_a_nul_byte_waits_with_its_bytes(centre) {
        centre.serves(&[]);
        let bad = good().with("record_no", 2).with("device_model", "a\0b");
        waits(&centre, "nul.csv", bad, "device_model", "nul_byte");
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let row = |ip: &str| telnet_report("2026-03-30 01:02:03", ip);
        let body = csv(&[row("192.0.2.7").with("tag", "a\0b"), row("192.0.2.8")]);
        let answer = centre.ingests("telnet", "2026-03-30-scan_telnet-jp.csv", &body);
        adds_up(&answer);
        assert_eq!((answer.status, answer.number("quarantined")), (1, 1));
        let waiting = centre.quarantine();
        let row = waiting.iter().find(|row| row["column"] == "tag").expect("it waits");
        assert_eq!((&row["line"], &row["reason"]), (&2.into(), &"nul_byte".into()));
        let shown = centre.does(&["quarantine", "show", row["id"].as_str().unwrap()]);
        assert_eq!(shown.one()["bytes"], body.lines().nth(1).unwrap());
    }

    fn a_row_cut_off_by_the_end_of_its_file_waits_and_the_rest_goes_in(centre) {
        centre.serves(&[]);
        centre.does(&["feed", "add", "telnet", "--format", "shadowserver", "--stream", "notice"]);
        let list = csv(&[good(), good().with("ip", "192.0.2.201")]);
        let at = list.rfind("detected,").unwrap();
        let row = |ip: &str| telnet_report("2026-03-30 01:02:03", ip).with("tag", "telnet, iot");
        let report = csv(&[row("192.0.2.7"), row("192.0.2.8")]);
        let quote = report.rfind(", iot").unwrap();
        for (feed, name, body, reason) in [
            (SCANNER, "list.csv", &list[..at + 3], "cut_row"),
            ("telnet", "2026-03-30-scan_telnet-jp.csv", &report[..quote + 3], "unclosed_quote"),
        ] {
            let answer = centre.ingests(feed, name, body);
            adds_up(&answer);
            assert_eq!((answer.status, answer.number("sightings")), (1, 1), "{answer:?}");
            let waiting = centre.quarantine();
            let row = waiting.iter().find(|row| row["file"] == name).expect("it waits");
            assert_eq!((&row["line"], &row["reason"]), (&3.into(), &reason.into()), "{row}");
            let shown = centre.does(&["quarantine", "show", row["id"].as_str().unwrap()]);
            assert_eq!(shown.one()["bytes"], body.lines().last().unwrap());
        }
    }

    fn one_stray_byte_costs_its_row_and_not_the_names_of_all_others(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let row = |ip: &str, model: &str| hit("r1", MARCH, ip).with("device_model", model);
        let body = csv(&[row("192.0.2.1", "??"), row("192.0.2.2", "ルータ"), row("192.0.2.3", "録画")]);
        let mut bytes = body.into_bytes();
        let at = bytes.windows(2).position(|two| two == b"??").unwrap();
        bytes[at..at + 2].copy_from_slice(&[0x83, 0x8b]);
        let answer = centre.ingests(SCANNER, "mixed.csv", bytes);
        adds_up(&answer);
        assert_eq!((answer.number("sightings"), answer.number("quarantined")), (2, 1));
        assert_eq!(centre.quarantine()[0]["reason"], "bad_encoding");
        let models: Vec<_> = centre.cases().iter().map(|case| case["model"].clone()).collect();
        assert!(models.contains(&"ルータ".into()) && models.contains(&"録画".into()), "{models:?}");
    }

    fn a_row_dated_in_the_future_goes_in_once_its_day_has_come(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let early = hit("r1", "2026-04-03T10:00:00+09:00", "192.0.2.7");
        let answer = centre.ingests(SCANNER, "early.csv", csv(&[early, good()]));
        assert_eq!((answer.status, answer.number("quarantined")), (1, 1));
        let retry = centre.does(&["quarantine", "retry"]);
        assert_eq!((retry.number("tried"), retry.number("released")), (1, 0));
        centre.on("2026-04-04");
        let retry = centre.does(&["quarantine", "retry", "--feed", SCANNER]);
        assert_eq!((retry.number("tried"), retry.number("released")), (1, 1));
        assert_eq!(centre.case_of("192.0.2.7")["row"], 1);
        assert!(centre.quarantine().is_empty());
        let hash = centre.state_hash();
        let retry = centre.does(&["quarantine", "retry"]);
        assert_eq!((retry.number("tried"), retry.number("released")), (0, 0));
        assert_eq!(centre.state_hash(), hash);
    }

    fn the_order_of_retry_and_new_files_does_not_matter(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let early = csv(&[hit("r1", "2026-04-03T10:00:00+09:00", "192.0.2.7")]);
        centre.ingests(SCANNER, "early.csv", &early);
        centre.on("2026-04-05");
        centre.takes(&[hit("r2", "2026-04-04T10:00:00+09:00", "192.0.2.7")]);
        centre.does(&["quarantine", "retry"]);
        let case = centre.case_of("192.0.2.7");
        assert_eq!(case["first_seen"], "2026-04-03T01:00:00Z");
        assert_eq!(case["last_seen"], "2026-04-04T01:00:00Z");
    }

    fn a_planted_password_is_kept_nowhere_but_in_the_archive(centre) {
        const PLANTED: &str = "hunter2-Geheimnis-4711";
        centre.does(&["feed", "add", "brute", "--format", "shadowserver", "--stream", "notice"]);
        centre.registers(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let row = |ip: &str| {
            telnet_report("2026-03-30 01:02:03", ip)
                .with("username", format!("root-{PLANTED}"))
                .with("password", PLANTED)
                .with("banner", format!("ftp://admin:{PLANTED}@198.51.100.1/"))
        };
        // A good row, one with a bad address, one whose cells slipped, one cut off in its password.
        let body = csv(&[row("192.0.2.7"), row("broken"), row("192.0.2.8"), row("192.0.2.9")]);
        let mut lines: Vec<String> = body.lines().map(str::to_owned).collect();
        lines[3] = format!("slip,{}", lines[3]);
        lines[4] = format!("{}\"{PLANTED}", lines[4].split(PLANTED).next().unwrap());
        let name = "2026-03-30-scan_telnet-jp.csv";
        let answer = centre.ingests("brute", name, lines.join("\n"));
        assert_eq!((answer.number("sightings"), answer.number("quarantined")), (1, 3));
        for row in centre.quarantine() {
            let shown = centre.does(&["quarantine", "show", row["id"].as_str().unwrap()]);
            assert!(!format!("{shown:?}").contains(PLANTED), "{shown:?}");
        }
        assert!(!answer.stderr.contains(PLANTED) && !centre.keeps_anywhere(PLANTED));
        // The word is found where it does stand: the search itself works.
        assert!(centre.keeps_anywhere("192.0.2.8"));
    }
}
