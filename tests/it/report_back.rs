//! What a provider reports of each line: good rows go in, bad ones come back, the latest counts.

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
        let note = "2026-03-30 に郵送 48213-90417-66206";
        assert_eq!(counts(&centre, &[notified(&list, 1, APRIL).with("note", note)]), (1, 0, 0));
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
}
