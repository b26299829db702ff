//! A list for each provider: every open case once, with its inquiry ID, the same bytes each time.

use std::{collections::HashSet, process::Command};

use crate::{
    builders::{csv, hit, infected, provider},
    centre::on_both_engines,
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

/// Damm's quasigroup, written out here on its own: a check digit that one slip always breaks.
const DAMM: [&str; 10] = [
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
];

fn is_an_inquiry_id(text: &str) -> bool {
    let shape: Vec<usize> = text.split('-').map(str::len).collect();
    let digits: Vec<usize> =
        text.chars().filter_map(|c| c.to_digit(10)).map(|digit| digit as usize).collect();
    let step = |row: usize, digit: &usize| usize::from(DAMM[row].as_bytes()[*digit] - b'0');
    shape == [5, 5, 5] && digits.len() == 15 && digits.iter().fold(0, step) == 0
}

on_both_engines! {
    fn a_case_is_listed_once_with_an_inquiry_id_of_its_own(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "192.0.2.8")]);
        let list = centre.prepares("isp-a").expect("two cases wait");
        assert_eq!(list, "isp-a-20260401-001");
        let lines = centre.lines_of(&list);
        let ids: HashSet<_> = lines.iter().map(|line| line["inquiry_id"].clone()).collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.iter().all(|id| is_an_inquiry_id(id)), "{ids:?}");
        assert!(!ids.iter().any(|id| id.starts_with("34") || id.starts_with("37")));
        assert_eq!(centre.prepares("isp-a"), None, "nothing waits any more");
        assert_eq!(centre.facts_of("192.0.2.7"), ["opened", "listed"]);
        centre.takes(&[hit("r2", MARCH, "192.0.2.9")]);
        let next = centre.prepares("isp-a").expect("a new case waits");
        assert_eq!(centre.lines_of(&next).len(), 1);
    }

    fn a_list_is_the_same_bytes_as_often_as_it_is_asked_for(centre) {
        let a = provider("isp-a", "static", "192.0.2.0/24").with("upstream", "isp-u");
        centre.serves(std::slice::from_ref(&a));
        centre.takes(&[hit("r1", MARCH, "192.0.2.7").with("device_model", "ルータ")]);
        let list = centre.prepares("isp-a").unwrap();
        let formats = ["csv", "csv-sjis", "jsonl", "intelmq", "xarf", "n6", "stix"];
        let first = formats.map(|format| centre.exports(&list, format));
        centre.on("2026-05-01");
        centre.takes(&[hit("r2", "2026-04-30T10:00:00+09:00", "192.0.2.7")]);
        centre.registers(&[a.with("upstream", "isp-v").with("name", "New Name")]);
        assert_eq!(formats.map(|format| centre.exports(&list, format)), first);
        assert_eq!(centre.standing(&list)["exports"], 14);
    }

    fn a_list_says_where_when_and_until_when(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let later = "2026-03-31T23:59:59.75+09:00";
        centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", later, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        let lines = centre.lines_of(&list);
        let told = |column: &str| lines[0][column].clone();
        assert_eq!([told("ip"), told("port"), told("proto")], ["192.0.2.7", "23", "tcp"]);
        assert_eq!([told("action"), told("stream")], ["new", "notice"]);
        assert_eq!(told("first_seen"), MARCH);
        assert_eq!(told("detected_at"), "2026-03-31T23:59:59+09:00");
        assert_eq!(told("report_by"), "2026-05-01T09:00:00+09:00");
        assert_eq!(told("identify_by"), told("report_by"), "who reports has identified");
        assert_eq!(told("weakness_code"), "weak_credentials");
    }

    fn an_infected_line_carries_the_port_it_called_from_last(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let call = |at: &str, port| infected("r1", at, "192.0.2.7", port);
        centre.takes(&[call(MARCH, 40_001)]);
        let list = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.lines_of(&list)[0]["port"], "40001");
        centre.takes(&[infected("r1", MARCH, "192.0.2.8", 40_002)]);
        centre.takes(&[infected("r1", "2026-03-31T10:00:00+09:00", "192.0.2.8", 40_003)]);
        let list = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.lines_of(&list)[0]["port"], "40003");
        assert_eq!(centre.lines_of(&list)[0]["detected_at"], "2026-03-31T10:00:00+09:00");
    }

    fn a_list_in_cp932_opens_in_an_old_spreadsheet(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7").with("device_model", "ルータ㈱①～😀")]);
        let list = centre.prepares("isp-a").unwrap();
        let bytes = centre.exports(&list, "csv-sjis");
        let file = centre.file("sjis.csv", &bytes);
        let args = ["-f", "CP932", "-t", "UTF-8", &file];
        let text = Command::new("iconv").args(args).output().unwrap();
        assert!(text.status.success(), "{}", String::from_utf8_lossy(&text.stderr));
        assert!(String::from_utf8(text.stdout).unwrap().contains("ルータ㈱①～〓"));
        let out = centre.desk().join("again.csv").display().to_string();
        let args = ["notice", "export", &list, "--format", "csv-sjis", "--out", &out];
        let answer = centre.does(&args);
        assert_eq!(answer.number("unmappable"), 1);
        assert!(answer.stderr.contains("record 1, device_model"), "{answer:?}");
    }

    fn what_a_feed_calls_a_model_is_never_a_formula_on_a_list(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let evil = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "＝1", "\tx", "ok=1"];
        let hits: Vec<_> = (1..).zip(evil).map(|(number, model)| {
            hit("r1", MARCH, &format!("192.0.2.{number}")).with("device_model", model)
        }).collect();
        centre.takes(&hits);
        let list = centre.prepares("isp-a").unwrap();
        for line in centre.lines_of(&list) {
            let model = &line["device_model"];
            let formula = ["=", "+", "-", "@", "＝", "\t"].iter().any(|c| model.starts_with(c));
            assert!(!formula, "{model}");
            let shown = model.trim_start_matches('\'');
            assert!(evil.iter().any(|one| *one == shown || one.trim() == shown), "{model}");
        }
    }

    fn a_case_without_an_open_end_is_not_listed_and_one_that_recurred_is_listed_again(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let seen = |day: &str| hit(day, &format!("{day}T01:00:00+09:00"), "192.0.2.7");
        centre.scans("2026-05-01", "192.0.2.0/24", &[seen("2026-05-01")]);
        let first = centre.prepares("isp-a").unwrap();
        let id = centre.lines_of(&first)[0]["inquiry_id"].clone();
        centre.scans("2026-05-08", "192.0.2.0/24", &[]);
        centre.scans("2026-05-15", "192.0.2.0/24", &[]);
        centre.verifies();
        assert_eq!(centre.prepares("isp-a"), None);
        centre.scans("2026-05-22", "192.0.2.0/24", &[seen("2026-05-22")]);
        let second = centre.prepares("isp-a").expect("it recurred");
        let line = &centre.lines_of(&second)[0];
        assert_eq!((&line["action"], &line["inquiry_id"]), (&"repeat".to_owned(), &id));
        assert_eq!(centre.prepares("isp-a"), None);
    }

    fn every_provider_gets_its_own_cases_only(centre) {
        centre.serves(&[
            provider("isp-a", "static", "192.0.2.0/25"),
            provider("isp-b", "static", "192.0.2.128/25"),
            provider("isp-c", "static", "198.51.100.0/24"),
        ]);
        let hits = ["192.0.2.7", "192.0.2.8", "192.0.2.200"].map(|ip| hit("r1", MARCH, ip));
        centre.ingests("scanner", "hits.csv", csv(&hits));
        let answer = centre.does(&["notice", "prepare", "--all"]);
        let told: Vec<_> = answer.lines.iter().map(|line| line["lines"].as_i64()).collect();
        assert_eq!(told, [Some(2), Some(1), Some(0)]);
        assert!(answer.lines[2]["notice"].is_null());
        let list = answer.lines[1]["notice"].as_str().unwrap();
        let lines = centre.lines_of(list);
        assert_eq!((lines.len(), lines[0]["ip"].as_str()), (1, "192.0.2.200"));
        assert_eq!(lines[0]["isp_code"], "isp-b");
    }

    fn an_inquiry_id_stands_nowhere_in_the_clear(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        let id = centre.lines_of(&list)[0]["inquiry_id"].clone();
        assert!(!centre.keeps_anywhere(&id) && !centre.keeps_anywhere(&id.replace('-', "")));
        assert!(centre.keeps_anywhere(&list), "the search itself works");
    }
}
