//! What a provider reports of each line: good rows go in, bad ones come back, the latest counts.

use std::time::Instant;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{
    builders::{Row, csv, hit, not_notified, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const APRIL: &str = "2026-04-01T08:00:00+09:00";

/// A provider with a list of three devices.
fn listed(centre: &Centre) -> String {
    listed_since(centre, MARCH)
}

/// The same, found at that moment.
fn listed_since(centre: &Centre, at: &str) -> String {
    centre.serves(&[
        provider("isp-a", "dynamic:30", "192.0.2.0/25"),
        provider("isp-b", "dynamic:30", "192.0.2.128/25"),
    ]);
    let hits = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|ip| hit("r1", at, ip));
    centre.takes(&hits);
    centre.prepares("isp-a").unwrap()
}

fn on_line(told: Row, epoch: &str, digit: char) -> Row {
    told.with("line_token", token(digit)).with("token_epoch", epoch)
}

/// Rows accepted, unchanged and returned.
#[track_caller]
fn counts(centre: &Centre, rows: &[Row]) -> (i64, i64, usize) {
    let answer = centre.reports("isp-a", rows);
    let errors = answer.one()["errors"].as_array().unwrap().len();
    assert_eq!(answer.status, i32::from(errors > 0), "{answer:?}");
    assert_eq!(answer.number("rows"), i64::try_from(rows.len()).unwrap());
    (answer.number("accepted"), answer.number("unchanged"), errors)
}

/// Lines reported, notified and without a report.
#[track_caller]
fn stands(centre: &Centre, list: &str) -> [i64; 3] {
    let standing = centre.standing(list);
    ["reported", "notified", "no_report"].map(|field| standing[field].as_i64().unwrap())
}

on_both_engines! {
    fn a_line_without_a_report_is_a_number_of_its_own(centre) {
        let list = listed(&centre);
        assert_eq!(stands(&centre, &list), [0, 0, 3]);
        let bad = not_notified(&list, 2, APRIL, "LOG_EXPIRED");
        assert_eq!(counts(&centre, &[notified(&list, 1, APRIL), bad]), (2, 0, 0));
        assert_eq!(stands(&centre, &list), [2, 1, 1]);
    }

    fn the_same_report_again_changes_nothing_even_when_another_came_in_between(centre) {
        let list = listed(&centre);
        let first = [not_notified(&list, 1, MARCH, "PENDING"), notified(&list, 2, MARCH)];
        let second = [notified(&list, 1, APRIL)];
        assert_eq!(counts(&centre, &first), (2, 0, 0));
        let hash = centre.state_hash();
        assert_eq!(counts(&centre, &first), (0, 2, 0));
        assert_eq!(centre.state_hash(), hash);
        assert_eq!(counts(&centre, &second), (1, 0, 0));
        assert_eq!(stands(&centre, &list), [2, 2, 1], "the latest counts");
        assert_eq!(counts(&centre, &first), (0, 2, 0));
        assert_eq!(stands(&centre, &list), [2, 2, 1], "an old file sent again is no news");
    }

    fn a_later_report_replaces_an_earlier_one(centre) {
        let list = listed(&centre);
        counts(&centre, &[notified(&list, 1, MARCH)]);
        let back = not_notified(&list, 1, APRIL, "BOUNCED");
        assert_eq!(counts(&centre, &[back]), (1, 0, 0));
        assert_eq!(stands(&centre, &list), [1, 0, 2]);
    }

    fn a_dry_run_says_what_it_would_do_and_keeps_nothing(centre) {
        let list = listed(&centre);
        let hash = centre.state_hash();
        let rows = [on_line(notified(&list, 1, APRIL), "1", 'a'), notified(&list, 99, APRIL)];
        let file = centre.file("report.csv", csv(&rows));
        let args = ["report-back", "import", "--isp", "isp-a", &file, "--dry-run"];
        let answer = centre.tries(&args);
        assert_eq!((answer.status, answer.number("accepted")), (1, 1));
        assert_eq!((centre.state_hash(), stands(&centre, &list)), (hash, [0, 0, 3]));
        assert_eq!(centre.facts_of("192.0.2.1"), ["opened", "listed"]);
    }

    fn bad_rows_come_back_with_line_and_column_and_good_ones_go_in(centre) {
        let list = listed(&centre);
        let good = |record| notified(&list, record, APRIL);
        let rows = [
            good(1),
            good(9),
            good(2).with("list_id", "isp-a-19990101-001"),
            good(2).with("state", "perhaps"),
            good(2).with("notice_channel", ""),
            good(2).with("reported_at", "2026-04-01T08:00:00"),
            good(2).with("reported_at", "2026-04-02T08:00:00+09:00"),
            not_notified(&list, 2, APRIL, ""),
            good(2).with("line_token", "short"),
            good(2).with("record_no", "4.82E+14"),
            good(3),
        ];
        let answer = centre.reports("isp-a", &rows);
        assert_eq!((answer.status, answer.number("accepted")), (1, 2), "{answer:?}");
        let errors = answer.one()["errors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| {
            (error["line"].as_i64().unwrap(), error["column"].as_str().unwrap())
        }).collect();
        let columns = ["record_no", "list_id", "state", "notice_channel", "reported_at",
            "reported_at", "reason_code", "line_token", "record_no"];
        assert_eq!(told, (3..).zip(columns).collect::<Vec<_>>());
        assert!(answer.stderr.contains("line 5, column state: "), "{answer:?}");
        assert_eq!(stands(&centre, &list), [2, 2, 1]);
    }

    fn contact_data_in_a_note_is_refused_and_not_repeated(centre) {
        let list = listed(&centre);
        for secret in ["taro@example.jp", "０３－１２３４－５６７８", "+81 3 1234 5678"] {
            let note = format!("電話 {secret} へ連絡");
            let answer = centre.reports("isp-a", &[notified(&list, 1, APRIL).with("note", note)]);
            assert_eq!((answer.status, answer.number("accepted")), (1, 0), "{secret}");
            assert_eq!(answer.one()["errors"][0]["column"], "note");
            assert!(!format!("{answer:?}").contains(secret), "{answer:?}");
            assert!(!centre.keeps_anywhere(secret));
        }
        // A file of which the columns moved by one.
        for column in ["template_version", "token_epoch", "arm"] {
            let moved = notified(&list, 1, APRIL).with(column, "090-1234-5678");
            let answer = centre.reports("isp-a", &[moved]);
            assert_eq!((answer.status, answer.number("accepted")), (1, 0), "{column}");
            assert_eq!(answer.one()["errors"][0]["column"], column);
            assert!(!centre.keeps_anywhere("090-1234-5678"), "{column}");
        }
        let note = "2026-03-30 に郵送 48213-90417-66206";
        assert_eq!(counts(&centre, &[notified(&list, 1, APRIL).with("note", note)]), (1, 0, 0));
    }

    fn a_report_that_is_dated_before_the_one_that_stands_is_told_to_be_history(centre) {
        let list = listed(&centre);
        centre.on("2026-04-03");
        let told = |at: &str| notified(&list, 1, at);
        let answer = centre.reports("isp-a", &[told("2026-04-02T10:00:00+09:00")]);
        assert_eq!((answer.number("corrections"), answer.number("older")), (0, 0));
        let pending = not_notified(&list, 1, APRIL, "LOG_EXPIRED");
        let answer = centre.reports("isp-a", &[pending]);
        let told_of = ["accepted", "corrections", "older"].map(|field| answer.number(field));
        assert_eq!(told_of, [1, 0, 1], "{answer:?}");
        assert_eq!(stands(&centre, &list), [1, 1, 2], "what is dated later stands");
        // Two of one file: the later one stands, and neither is older than what was known.
        let two = [told("2026-04-02T11:00:00+09:00"), told("2026-04-02T12:00:00+09:00")];
        let answer = centre.reports("isp-a", &two);
        assert_eq!((answer.number("corrections"), answer.number("older")), (2, 0));
    }

    fn nobody_reports_on_the_list_of_another_provider(centre) {
        let list = listed(&centre);
        let answer = centre.reports("isp-b", &[notified(&list, 1, APRIL)]);
        assert_eq!((answer.status, answer.number("accepted")), (1, 0));
        let unknown = centre.reports("isp-b", &[notified("isp-b-20260401-001", 1, APRIL)]);
        let reason = |answer: &crate::centre::Answer, list: &str| {
            answer.one()["errors"][0]["reason"].as_str().unwrap().replace(list, "LIST")
        };
        let unknown = reason(&unknown, "isp-b-20260401-001");
        assert_eq!(reason(&answer, &list), unknown, "a stranger's list looks like none");
        assert_eq!(stands(&centre, &list), [0, 0, 3]);
    }

    fn a_report_that_is_no_table_is_refused(centre) {
        let list = listed(&centre);
        let row = notified(&list, 1, APRIL);
        let noise = String::from("\u{1}\u{2}\n,,,\n");
        for body in [String::new(), noise, csv(&[row.without("state")])] {
            let file = centre.file("report.csv", body);
            let answer = centre.tries(&["report-back", "import", "--isp", "isp-a", &file]);
            assert_eq!((answer.status, answer.lines.len()), (1, 0), "{answer:?}");
            assert!(!answer.stderr.contains("panicked") && !answer.stderr.is_empty());
        }
    }

    fn a_line_token_joins_cases_and_a_joined_case_is_never_listed(centre) {
        let list = listed(&centre);
        counts(&centre, &[on_line(notified(&list, 1, APRIL), "2026", 'a')]);
        centre.on("2026-04-10");
        let later = "2026-04-09T10:00:00+09:00";
        let moved = ["192.0.2.11", "192.0.2.12"].map(|ip| hit("r2", later, ip));
        centre.takes(&moved);
        let next = centre.prepares("isp-a").unwrap();
        let eleven = centre.record_of(&next, "192.0.2.11");
        let twelve = centre.record_of(&next, "192.0.2.12");
        let at = "2026-04-10T08:00:00+09:00";
        counts(&centre, &[
            on_line(notified(&next, eleven, at), "2026", 'a'),
            on_line(notified(&next, twelve, at), "2027", 'a'),
        ]);
        let speaker = centre.case_of("192.0.2.1");
        assert_eq!(centre.case_of("192.0.2.11")["line_of"], speaker["id"]);
        assert!(speaker["line_of"].is_null());
        assert!(centre.case_of("192.0.2.12")["line_of"].is_null(), "epochs are never compared");
        assert_eq!(centre.facts_of("192.0.2.11"), ["opened", "joined", "listed"]);
    }

    fn a_joined_case_is_never_listed_again_whatever_becomes_of_it(centre) {
        let list = listed_since(&centre, "2026-04-01T06:00:00+09:00");
        let own = on_line(notified(&list, 2, APRIL), "2025", 'b');
        counts(&centre, &[on_line(notified(&list, 1, APRIL), "2026", 'a'), own]);
        centre.scans("2026-04-08", "192.0.2.0/24", &[]);
        centre.scans("2026-04-15", "192.0.2.0/24", &[]);
        assert_eq!(centre.verifies().number("verified"), 2);
        // The provider finds that both were one line; then the second address is seen again.
        let at = "2026-04-15T08:00:00+09:00";
        counts(&centre, &[on_line(notified(&list, 2, at), "2026", 'a')]);
        assert_eq!(centre.case_of("192.0.2.2")["line_of"], centre.case_of("192.0.2.1")["id"]);
        let back = hit("r3", "2026-04-22T01:00:00+09:00", "192.0.2.2");
        centre.scans("2026-04-22", "192.0.2.0/24", &[back]);
        assert_eq!(["192.0.2.1", "192.0.2.2"].map(|ip| centre.state_of(ip)), ["recurred"; 2]);
        let next = centre.prepares("isp-a").expect("the line has it again");
        let lines = centre.lines_of(&next);
        assert_eq!((lines.len(), lines[0]["ip"].as_str()), (1, "192.0.2.2"), "where it is now");
        centre.verifies();
        assert_eq!(centre.prepares("isp-a"), None, "the line's first case speaks for it");
    }

    fn an_earlier_case_that_comes_late_speaks_for_its_line(centre) {
        let list = listed(&centre);
        counts(&centre, &[on_line(notified(&list, 1, APRIL), "1", 'a')]);
        centre.takes(&[hit("r0", "2026-03-01T10:00:00+09:00", "192.0.2.50")]);
        let next = centre.prepares("isp-a").unwrap();
        counts(&centre, &[on_line(notified(&next, 1, APRIL), "1", 'a')]);
        let speaker = centre.case_of("192.0.2.50");
        assert!(speaker["line_of"].is_null());
        assert_eq!(centre.case_of("192.0.2.1")["line_of"], speaker["id"]);
    }

    fn a_token_of_one_provider_says_nothing_of_another(centre) {
        let list = listed(&centre);
        counts(&centre, &[on_line(notified(&list, 1, APRIL), "1", 'a')]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.200")]);
        let other = centre.prepares("isp-b").unwrap();
        let answer = centre.reports("isp-b", &[on_line(notified(&other, 1, APRIL), "1", 'a')]);
        assert_eq!(answer.number("accepted"), 1);
        assert!(centre.case_of("192.0.2.200")["line_of"].is_null());
        assert!(centre.case_of("192.0.2.1")["line_of"].is_null());
    }

    fn a_token_without_its_epoch_comes_back(centre) {
        let list = listed(&centre);
        let bare = notified(&list, 1, APRIL).with("line_token", token('a'));
        let answer = centre.reports("isp-a", &[bare]);
        assert_eq!((answer.status, answer.number("accepted")), (1, 0), "{answer:?}");
        assert_eq!(answer.one()["errors"][0]["column"], "token_epoch");
    }

    fn a_report_that_differs_is_kept_beside_the_one_that_it_corrects(centre) {
        let list = listed(&centre);
        counts(&centre, &[notified(&list, 1, APRIL)]);
        let same_day = not_notified(&list, 1, APRIL, "BOUNCED");
        centre.on("2026-04-01T09:05:00+09:00");
        let answer = centre.reports("isp-a", std::slice::from_ref(&same_day));
        assert_eq!((answer.number("accepted"), answer.number("corrections")), (1, 1));
        assert_eq!(stands(&centre, &list), [1, 0, 2], "of one date the one that came later");
        counts(&centre, &[not_notified(&list, 1, MARCH, "PENDING")]);
        assert_eq!(stands(&centre, &list), [1, 0, 2], "the one that is dated last counts");
        let kept = "SELECT CAST(version AS TEXT) || ' ' || state || ' corrects '
              || COALESCE(CAST(corrects AS TEXT), 'none') FROM line_reports ORDER BY version";
        assert_eq!(
            centre.stored(kept),
            ["1 notified corrects none", "2 not_notified corrects 1", "3 not_notified corrects 2"]
        );
        assert_eq!(counts(&centre, &[same_day]), (0, 1, 0));
    }

    fn a_date_before_the_detection_comes_back(centre) {
        let list = listed(&centre);
        let before = "2026-03-30T09:59:59+09:00";
        let answer = centre.reports("isp-a", &[
            notified(&list, 1, APRIL).with("notice_at", before),
            not_notified(&list, 2, before, "LOG_EXPIRED"),
            notified(&list, 3, MARCH),
            not_notified(&list, 1, APRIL, "ALREADY_NOTIFIED").with("notice_at", before),
        ]);
        assert_eq!(answer.number("accepted"), 2, "{answer:?}");
        let errors = answer.one()["errors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| {
            (error["line"].as_i64().unwrap(), error["column"].as_str().unwrap(),
                error["code"].as_str().unwrap())
        }).collect();
        let code = "before_detection";
        assert_eq!(told, [(2, "notice_at", code), (3, "reported_at", code)]);
        assert!(errors[0]["what_to_do"].as_str().unwrap().contains("ALREADY_NOTIFIED"));
    }

    fn every_row_that_comes_back_says_what_to_do(centre) {
        let list = listed(&centre);
        let good = notified(&list, 1, APRIL);
        let rows = [
            good.clone().with("list_id", "nobody's"),
            good.clone().with("record_no", 44),
            good.clone().with("note", "=HYPERLINK(1)"),
            good.clone().with("identified", "no"),
            good.clone().with("state", "未定"),
            good.clone().with("reported_at", "soon"),
            good.clone().with("inquiry_id", "1"),
            good.with("delivery_result", "bounced"),
        ];
        let answer = centre.reports("isp-a", &rows);
        assert_eq!(answer.number("accepted"), 1, "a notice that came back was given: {answer:?}");
        let errors = answer.one()["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 7);
        for error in errors {
            let advice = error["what_to_do"].as_str().unwrap();
            assert!(!advice.is_empty() && !advice.contains("Unknown localization"), "{error}");
        }
        let file = centre.file("report.csv", csv(&rows));
        let out = centre.desk().join("errors.csv").display().to_string();
        let args = ["report-back", "import", "--isp", "isp-a", &file, "--errors", &out];
        assert_eq!(centre.tries(&args).status, 1);
        let csv = std::fs::read(&out).unwrap();
        let mut reader = csv::Reader::from_reader(csv.strip_prefix(b"\xEF\xBB\xBF").unwrap());
        let columns = ["line", "column", "reason", "what_to_do"];
        assert_eq!(reader.headers().unwrap(), columns.as_slice());
        assert_eq!(reader.records().count(), 7);
    }

    fn a_row_may_go_by_the_inquiry_id_alone(centre) {
        let list = listed(&centre);
        let other = {
            centre.takes(&[hit("r1", MARCH, "192.0.2.200")]);
            centre.prepares("isp-b").unwrap()
        };
        let id = |list: &str, record: usize| {
            centre.lines_of(list)[record - 1]["inquiry_id"].clone()
        };
        let by_id = |id: &str| {
            notified("", 0, APRIL).without("list_id").without("record_no").with("inquiry_id", id)
        };
        let wide: String = id(&list, 2).chars()
            .map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(0xff10 + d).unwrap()))
            .collect();
        let strange = id(&other, 1);
        let rows = [by_id(&id(&list, 1)), by_id(&wide), by_id(&strange),
            by_id("48213-90417-66206"), by_id("48213-90417-66207")];
        let answer = centre.reports("isp-a", &rows);
        assert_eq!(answer.number("accepted"), 2, "{answer:?}");
        let errors = answer.one()["errors"].as_array().unwrap();
        let alike: Vec<_> = errors.iter().map(|error| {
            (error["column"].clone(), error["reason"].clone(), error["what_to_do"].clone())
        }).collect();
        assert!(alike.iter().all(|one| *one == alike[0]), "another's looks like none: {alike:?}");
        assert_eq!(alike.len(), 3);
        assert!(!format!("{answer:?}").contains(&strange));
        // By whatever it is named, it is the same report.
        assert_eq!(counts(&centre, &[notified(&list, 1, APRIL)]), (0, 1, 0));
        let mixed = notified(&list, 3, APRIL).with("inquiry_id", id(&list, 1));
        assert_eq!(centre.reports("isp-a", &[mixed]).one()["errors"][0]["code"], "other_line");
    }

    fn a_file_is_receipted_once_and_its_receipt_can_be_asked_for_again(centre) {
        let list = listed(&centre);
        let rows = [notified(&list, 1, APRIL), notified(&list, 9, APRIL).with("comment", "x")];
        let file = centre.file("report.csv", csv(&rows));
        let import = ["report-back", "import", "--isp", "isp-a", &file];
        let dry = centre.tries(&[&import[..], &["--dry-run"]].concat());
        assert!(dry.one()["receipt"].is_null(), "nothing was handed in: {dry:?}");
        assert_eq!(dry.one()["unknown_columns"], serde_json::json!(["comment"]));
        let first = centre.tries(&import);
        let receipt = first.one()["receipt"]["number"].as_str().unwrap().to_owned();
        assert!(receipt.starts_with("R-20260401-"), "{receipt}");
        let again = centre.tries(&import);
        assert_eq!((again.number("accepted"), again.number("unchanged")), (0, 1));
        assert_eq!(again.one()["receipt"]["number"], receipt.as_str());
        assert_eq!(again.one()["is_again"], true);
        let args = ["report-back", "receipts", "--isp", "isp-a", &receipt];
        let told = centre.does(&args);
        let figures = ["rows", "accepted", "unchanged", "refused"].map(|name| told.number(name));
        assert_eq!(figures, [2, 0, 1, 1], "the latest time");
        let times = told.one()["attempts"].as_array().unwrap().clone();
        let came: Vec<_> = times.iter()
            .map(|one| ["no", "accepted", "unchanged", "refused"].map(|n| one[n].clone()))
            .collect();
        assert_eq!(serde_json::json!(came), serde_json::json!([[2, 0, 1, 1], [1, 1, 0, 1]]));
        assert_eq!(told.one()["at"], "2026-04-01T00:00:00Z");
        let stranger = ["report-back", "receipts", "--isp", "isp-b", &receipt];
        assert_eq!(centre.tries(&stranger).status, 1, "it is no receipt of theirs");
        let leaves = "SELECT act || ' ' || object || ' ' || isp FROM audit_leaves
             WHERE act LIKE 'report_back%'";
        let leaf = format!("report_back.import {receipt} isp-a");
        assert_eq!(centre.stored(leaves), [leaf.clone(), leaf], "each time is a write");
    }

    fn a_file_of_which_nothing_was_taken_is_told_with_its_reasons_and_counts_once_it_is(centre) {
        let list = listed(&centre);
        let strange = "taro@example.jp";
        let early = "2026-04-02T08:00:00+09:00";
        let rows = [notified(&list, 1, early), notified(&list, 1, APRIL).with("list_id", strange)];
        let file = centre.file("report.csv", csv(&rows));
        let import = ["report-back", "import", "--isp", "isp-a", &file];
        let first = centre.tries(&import);
        let receipt = first.one()["receipt"]["number"].as_str().unwrap().to_owned();
        let asks = ["report-back", "receipts", "--isp", "isp-a", &receipt];
        let told = centre.does(&asks);
        let errors = told.one()["errors"].as_array().unwrap().clone();
        let kept: Vec<_> = errors.iter().map(|error| {
            (error["line"].as_i64().unwrap(), error["column"].as_str().unwrap(),
                error["code"].as_str().unwrap())
        }).collect();
        assert_eq!(kept, [(2, "notice_at", "future_time"), (3, "list_id", "unknown_list")]);
        assert!(errors[0]["what_to_do"].as_str().unwrap().contains("time"), "{errors:?}");
        assert!(!centre.keeps_anywhere(strange), "what was typed is not kept");
        centre.tries(&import);
        let rows_kept = "SELECT CAST(attempt_no AS TEXT) FROM report_refusals";
        assert_eq!(centre.stored(rows_kept), ["1", "1"], "the same rows are kept once");
        // A day later the first row is no more of the future.
        centre.on("2026-04-03");
        assert_eq!(centre.tries(&import).number("accepted"), 1);
        let told = centre.does(&asks);
        let figures = ["accepted", "unchanged", "refused", "times"].map(|name| told.number(name));
        assert_eq!(figures, [1, 0, 1, 3]);
        assert_eq!(told.one()["at"], "2026-04-01T00:00:00Z");
        assert_eq!(told.one()["last_at"], "2026-04-03T00:00:00Z");
        assert_eq!(told.one()["errors"].as_array().unwrap().len(), 1);
        assert_eq!(told.one()["attempts"][2]["refused"], 2, "the first time stands as it was");
    }

    fn a_letter_has_a_day_and_no_hour(centre) {
        let list = listed_since(&centre, "2026-03-30T23:30:00+09:00");
        let on = |record: u64, day: &str| notified(&list, record, APRIL).with("notice_at", day);
        let rows = [on(1, "2026-03-30"), on(2, "2026/3/31"), on(3, "2026-03-29")];
        let answer = centre.reports("isp-a", &rows);
        assert_eq!(answer.number("accepted"), 2, "{answer:?}");
        let error = &answer.one()["errors"][0];
        assert_eq!((&error["line"], &error["code"]), (&4.into(), &"before_detection".into()));
        let kept = "SELECT CAST(record_no AS TEXT) || ' ' || body FROM line_reports
             ORDER BY record_no";
        let bodies = centre.stored(kept);
        assert!(bodies[0].contains(",2026-03-30,") && bodies[1].contains(",2026-03-31,"));
        // However the day is written it is the same report, and another than its midnight.
        assert_eq!(counts(&centre, &[on(2, "2026-03-31")]), (0, 1, 0));
        assert_eq!(counts(&centre, &[on(2, "2026-03-31T00:00:00+09:00")]), (1, 0, 0));
        let tomorrow = centre.reports("isp-a", &[on(3, "2026-04-02")]);
        assert_eq!(tomorrow.one()["errors"][0]["code"], "future_time");
        // As JSON lines a machine says the same.
        let row = serde_json::json!({
            "list_id": list, "record_no": 1, "reported_at": APRIL, "state": "notified",
            "identified": "yes", "notice_channel": "email", "notice_at": "2026-03-30",
        });
        let file = centre.file("report.jsonl", row.to_string());
        let answer = centre.tries(&["report-back", "import", "--isp", "isp-a", &file]);
        assert_eq!(answer.number("unchanged"), 1, "{answer:?}");
    }

    fn a_time_of_a_japanese_spreadsheet_is_read_and_one_of_a_program_is_asked_about(centre) {
        let list = listed(&centre);
        let told = |record: u64, at: &str| {
            notified(&list, record, at).with("notice_at", "2026/3/31 9:00")
        };
        assert_eq!(counts(&centre, &[told(1, "2026/4/1 8:00")]), (1, 0, 0));
        let kept = centre.stored("SELECT body FROM line_reports");
        assert!(kept[0].contains(",2026-04-01T08:00:00+09:00,"), "{kept:?}");
        assert!(kept[0].contains(",2026-03-31T09:00:00+09:00,"), "{kept:?}");
        for at in ["2026-04-01 08:00:00", "2026-04-01T08:00:00"] {
            let answer = centre.reports("isp-a", &[told(2, at)]);
            let error = &answer.one()["errors"][0];
            assert_eq!(error["code"], "no_zone", "{at}: it may be UTC");
            assert!(!error["reason"].as_str().unwrap().contains("feed"), "{error}");
            let advice = error["what_to_do"].as_str().unwrap();
            assert!(advice.contains("2026/5/1 9:00"), "{advice}");
        }
    }

    fn a_file_that_is_sent_twice_at_once_goes_in_once(centre) {
        let list = listed(&centre);
        let rows = [1, 2, 3].map(|record| on_line(notified(&list, record, APRIL), "1", 'a'));
        let file = centre.file("report.csv", csv(&rows));
        let sent = centre.tries_at_once(3, &["report-back", "import", "--isp", "isp-a", &file]);
        let accepted: i64 = sent.iter().map(|answer| answer.number("accepted")).sum();
        assert_eq!(accepted, 3, "{sent:?}");
        let receipt = |answer: &crate::centre::Answer| answer.one()["receipt"]["number"].clone();
        assert!(sent.iter().all(|answer| receipt(answer) == receipt(&sent[0])));
        assert_eq!(stands(&centre, &list), [3, 3, 0]);
        assert_eq!(centre.stored("SELECT sha256 FROM report_uploads").len(), 1);
    }

    fn a_report_leads_to_the_same_facts_however_it_is_cut_and_shuffled(centre) {
        let list = listed(&centre);
        let copy = centre.keeps();
        // Eleven words on three lines, some of one moment, some of two epochs, some of no use.
        let hour = |hour: u64| format!("2026-04-01T0{hour}:00:00+09:00");
        let mut rows: Vec<Row> = (0..8).map(|no| {
            let row = notified(&list, no % 3 + 1, &hour(no / 3 + 1));
            let (epoch, letter) = if no.is_multiple_of(2) { ("1", 'a') } else { ("2", 'b') };
            on_line(row, epoch, letter)
        }).collect();
        rows.push(not_notified(&list, 1, &hour(3), "BOUNCED"));
        rows.push(notified(&list, 77, APRIL));
        rows.push(notified(&list, 2, APRIL).with("note", "@"));
        let facts = |centre: &Centre, parts: &[Vec<Row>]| {
            centre.has_again(&copy);
            for part in parts.iter().filter(|part| !part.is_empty()) {
                centre.reports("isp-a", part);
            }
            let lines = "SELECT CAST(l.record_no AS TEXT) || ' ' || r.body FROM notice_lines l
                  LEFT JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
                   AND r.record_no = l.record_no AND r.version = l.said_version
                 ORDER BY l.record_no";
            (centre.state_hash(), centre.stored(lines))
        };
        let whole = facts(&centre, std::slice::from_ref(&rows));
        let order: Vec<usize> = (0..rows.len()).chain(0..rows.len()).collect();
        let ways = (Just(order).prop_shuffle(), 0..=rows.len() * 2, 0..=rows.len() * 2);
        let mut runner = TestRunner::new(Config { cases: 6, failure_persistence: None,
            ..Config::default() });
        runner.run(&ways, |(order, one, two)| {
            let (one, two) = (one.min(two), one.max(two));
            let part = |range: &[usize]| range.iter().map(|no| rows[*no].clone()).collect();
            let parts: [Vec<Row>; 3] =
                [part(&order[..one]), part(&order[one..two]), part(&order[two..])];
            prop_assert_eq!(facts(&centre, &parts), whole.clone());
            Ok(())
        }).unwrap();
    }

    fn ten_thousand_rows_are_judged_and_kept_in_seconds(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", "198.16.0.0/12")]);
        let hits: Vec<Row> = (0..10_000)
            .map(|no| hit("r1", MARCH, &format!("198.18.{}.{}", no / 250, no % 250)))
            .collect();
        centre.takes(&hits);
        let list = centre.prepares("isp-a").unwrap();
        let mut rows: Vec<Row> = (1..=10_000).map(|record| {
            let token = format!("{record:064x}");
            notified(&list, record, APRIL).with("line_token", token).with("token_epoch", "1")
        }).collect();
        rows[4_999] = rows[4_999].clone().with("state", "");
        let file = centre.file("report.csv", csv(&rows));
        let import = ["report-back", "import", "--isp", "isp-a", &file];
        for (more, accepted) in [(&["--dry-run"][..], 9_999), (&[], 9_999), (&[], 0)] {
            let started = Instant::now();
            let answer = centre.tries(&[&import[..], more].concat());
            println!("{more:?}: {:?}", started.elapsed());
            assert_eq!(answer.number("accepted"), accepted);
            assert_eq!(answer.one()["errors"][0]["line"], 5_001);
        }
        assert_eq!(stands(&centre, &list), [9_999, 9_999, 1]);
        // As JSON lines, which a machine writes, the same rows are the same facts.
        let json = |(no, record): (usize, i64)| {
            let mut row = serde_json::json!({
                "list_id": list, "record_no": record, "reported_at": APRIL, "state": "notified",
                "identified": "yes", "notice_channel": "email", "notice_at": APRIL,
                "line_token": format!("{record:064x}"), "token_epoch": "1",
            });
            if no == 4_999 {
                row["state"] = "gone".into();
            }
            row.to_string() + "\n"
        };
        let lines: String = (1..=10_000).enumerate().map(json).collect();
        let file = centre.file("report.jsonl", lines);
        let started = Instant::now();
        let answer = centre.tries(&["report-back", "import", "--isp", "isp-a", &file]);
        println!("JSON lines: {:?}", started.elapsed());
        assert_eq!((answer.number("rows"), answer.number("unchanged")), (10_000, 9_999));
        let error = &answer.one()["errors"][0];
        assert_eq!((&error["line"], &error["column"]), (&5_000.into(), &"state".into()));
    }
}
