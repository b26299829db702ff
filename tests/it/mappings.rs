//! A mapping may be corrected; what was taken in by the old one is read by it for ever.

use crate::{
    builders::provider,
    centre::{Centre, on_both_engines},
};

const FEED: &str = "partner";
const HEADER: &str = "検知日時,IPアドレス,ポート\n";

/// Rows at these hosts, at five past nine.
fn list(hosts: &[&str]) -> String {
    let row = |host: &&str| format!("2026/05/01 09:05:00,198.18.0.{host},23\n");
    HEADER.to_owned() + &hosts.iter().map(row).collect::<String>()
}

/// Saves the mapping of the feed with these constants, and columns that it says otherwise.
fn maps(centre: &Centre, constants: &[&str], columns: &[&str]) {
    let file = centre.file("sample.csv", list(&["1", "2"]));
    let mut args = vec!["feed", "map", &file, "--save", "jp", "--by", "an editor"];
    constants.iter().for_each(|constant| args.extend(["--constant", constant]));
    columns.iter().for_each(|column| args.extend(["--set", column]));
    centre.does(&args);
}

/// A provider, and a feed that is read by a mapping with these constants.
fn begins(centre: &mut Centre, constants: &[&str]) {
    centre.on("2026-05-02");
    maps(centre, constants, &[]);
    centre.does(&["feed", "add", FEED, "--format", "csv:jp", "--stream", "nicter"]);
    centre.registers(&[provider("isp-a", "static", "198.18.0.0/24")]);
}

/// Two files that share two rows, taken in by a mapping that is corrected the day after.
fn corrected(centre: &mut Centre, first: &[&str], then: &[&str]) {
    begins(centre, first);
    for (name, hosts) in [("a.csv", ["1", "2", "3"]), ("b.csv", ["2", "3", "4"])] {
        let answer = centre.ingests(FEED, name, list(&hosts));
        assert_eq!(answer.status, 0, "{answer:?}");
    }
    centre.on("2026-05-03");
    maps(centre, then, &[]);
}

fn withdraws(centre: &Centre, name: &str) {
    let files = centre.does(&["feed", "files"]).lines;
    let file = files.iter().find(|file| file["file"] == name).expect("it came");
    let id = file["id"].as_str().unwrap();
    centre.does(&["feed", "withdraw", id, "--by", "desk-1", "--reason", "a wrong list"]);
}

fn first_seen(centre: &Centre) -> Vec<String> {
    let cases = centre.cases();
    cases.iter().map(|case| case["first_seen"].as_str().unwrap().to_owned()).collect()
}

const INFECTED: &str = "exposure=infected/mirai";
const JAPAN: &str = "zone=JST";

on_both_engines! {
    fn a_corrected_zone_leaves_what_is_in_as_it_is_and_the_store_clean(centre) {
        corrected(&mut centre, &[INFECTED, JAPAN], &[INFECTED, "zone=UTC"]);
        centre.is_clean();
        withdraws(&centre, "a.csv");
        assert_eq!(first_seen(&centre), vec!["2026-05-01T00:05:00Z"; 3]);
        centre.is_clean();
    }

    fn a_corrected_exposure_keeps_no_withdrawal_from_its_end(centre) {
        let weak = "exposure=exposed_service/telnet";
        corrected(&mut centre, &[INFECTED, JAPAN], &[weak, JAPAN]);
        withdraws(&centre, "a.csv");
        assert_eq!(centre.cases().len(), 3);
        centre.is_clean();
    }

    fn a_file_that_is_brought_back_is_read_by_the_corrected_mapping(centre) {
        corrected(&mut centre, &[INFECTED, "zone=UTC"], &[INFECTED, JAPAN]);
        for name in ["a.csv", "b.csv"] {
            withdraws(&centre, name);
        }
        let files = centre.does(&["feed", "files"]).lines;
        for file in &files {
            let id = file["id"].as_str().unwrap();
            centre.does(&["feed", "restore", id, "--by", "desk-1", "--reason", "mapped rightly"]);
        }
        assert_eq!(first_seen(&centre), vec!["2026-05-01T00:05:00Z"; 4]);
        centre.is_clean();
    }

    fn rows_that_a_corrected_mapping_lets_out_of_quarantine_are_in_by_it(centre) {
        begins(&mut centre, &[INFECTED, JAPAN]);
        let unsaid = format!("{}2026/05/01 09:05:00,198.18.0.2,不明\n", list(&["1"]));
        assert_eq!(centre.ingests(FEED, "a.csv", &unsaid).status, 1);
        centre.on("2026-05-03");
        maps(&centre, &[INFECTED, JAPAN], &["ポート=__IGNORE__"]);
        centre.does(&["quarantine", "retry", "--feed", FEED]);
        assert_eq!(first_seen(&centre), vec!["2026-05-01T00:05:00Z"; 2]);
        centre.is_clean();
    }

    fn a_file_refused_for_its_mapping_goes_in_once_the_mapping_is_corrected(centre) {
        begins(&mut centre, &[INFECTED, JAPAN]);
        let renamed = list(&["1", "2"]).replace("検知日時", "日時");
        assert_eq!(centre.ingests(FEED, "a.csv", &renamed).status, 1);
        centre.on("2026-05-03");
        let file = centre.file("sample.csv", &renamed);
        let args = ["feed", "map", &file, "--save", "jp", "--set", "日時=detected_at"];
        centre.does(&[&args[..], &["--constant", INFECTED, "--constant", JAPAN]].concat());
        let again = centre.ingests(FEED, "a.csv", &renamed);
        assert_eq!((again.status, again.number("cases_opened")), (0, 2), "{again:?}");
        centre.is_clean();
    }

    fn a_mapping_saved_while_rows_are_read_again_says_nothing_of_them(centre) {
        begins(&mut centre, &[INFECTED, JAPAN]);
        let unsaid = format!("{HEADER}2026/05/01 09:05:00,198.18.0.2,不明\n");
        assert_eq!(centre.ingests(FEED, "a.csv", &unsaid).status, 1);
        centre.on("2026-05-03");
        maps(&centre, &[INFECTED, JAPAN], &["ポート=__IGNORE__"]);
        centre.does(&["quarantine", "retry", "--feed", FEED]);
        // As if the retry had begun before the correction, and ended after it.
        centre.on("2026-05-04");
        maps(&centre, &[INFECTED, "zone=UTC"], &["ポート=__IGNORE__"]);
        let later = "UPDATE quarantined_rows SET released_at = released_at + 172800000000";
        centre.spoils(later);
        centre.is_clean();
        withdraws(&centre, "a.csv");
        assert!(centre.cases().is_empty());
    }

    fn rows_that_leave_quarantine_are_weighed_before_a_list_holds_their_cases(centre) {
        begins(&mut centre, &[INFECTED, JAPAN]);
        for (name, hosts) in [("few.csv", 1..3), ("many.csv", 3..153)] {
            let row = |host| format!("2026/05/01 09:05:00,198.18.0.{host},不明\n");
            let text = HEADER.to_owned() + &hosts.map(row).collect::<String>();
            assert_eq!(centre.ingests(FEED, name, &text).status, 1);
        }
        centre.on("2026-05-03");
        maps(&centre, &[INFECTED, JAPAN], &["ポート=__IGNORE__"]);
        assert_eq!(centre.does(&["quarantine", "retry", "--feed", FEED]).number("released"), 152);
        let waiting = centre.does(&["feed", "approvals"]);
        assert_eq!(waiting.one()["file"], "many.csv");
        assert_eq!(waiting.one()["why"], "150 addresses are over 1 % of the 256 of isp-a");
        let list = centre.prepares("isp-a").expect("two devices may be told of");
        assert_eq!(centre.lines_of(&list).len(), 2);
    }

    fn rows_of_one_file_that_two_corrections_let_out_are_each_in_by_its_own(centre) {
        begins(&mut centre, &[INFECTED, JAPAN]);
        let text = "検知日時,IPアドレス,ポート,別のIP\n\
            2026/05/01 09:05:00,198.18.0.1,23,198.18.0.1\n\
            2026/05/01 09:05:00,198.18.0.2,不明,198.18.0.2\n\
            2026/05/01 09:05:00,なし,23,198.18.0.3\n";
        assert_eq!(centre.ingests(FEED, "a.csv", text).status, 1);
        let file = centre.file("sample.csv", text);
        for (day, zone, columns, cases) in [
            ("2026-05-03", JAPAN, &["ポート=__IGNORE__"][..], 2),
            ("2026-05-04", "zone=UTC", &["IPアドレス=__IGNORE__", "別のIP=ip"][..], 3),
        ] {
            centre.on(day);
            let mut args = vec!["feed", "map", &file, "--save", "jp", "--by", "an editor"];
            args.extend(["--constant", INFECTED, "--constant", zone]);
            columns.iter().for_each(|column| args.extend(["--set", column]));
            centre.does(&args);
            centre.tries(&["quarantine", "retry", "--feed", FEED]);
            assert_eq!(centre.cases().len(), cases, "{day}");
            centre.is_clean();
        }
        let mut seen = first_seen(&centre);
        seen.sort_unstable();
        assert_eq!(seen, ["2026-05-01T00:05:00Z", "2026-05-01T00:05:00Z", "2026-05-01T09:05:00Z"]);
        withdraws(&centre, "a.csv");
        assert!(centre.cases().is_empty(), "{:?}", centre.cases());
        centre.is_clean();
    }
}
