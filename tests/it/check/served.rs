//! Whose a hit is, by every part of the rule: the check works it out anew and finds what differs.

use super::{found, seen};
use crate::{
    actors::SCANNER,
    builders::{Row, csv, provider},
    centre::{Centre, on_both_engines},
};

const ONE: &str = "198.18.0.0,198.18.255.255,64500,One\n203.0.113.0,203.0.113.255,64502,Carrier\n\
                   192.0.2.0,192.0.2.255,64503,Silent\n2001:db8::,2001:db8:0:3::,64501,Two\n\
                   198.51.100.0,198.51.100.127,64504,Shared\n\
                   198.51.100.128,198.51.100.255,64505,Both\n";

/// The same with half of the first range in other hands.
fn two() -> String {
    ONE.replace(
        "198.18.0.0,198.18.255.255,64500,One",
        "198.18.0.0,198.18.127.255,64501,Two\n198.18.128.0,198.18.255.255,64500,One",
    )
}

fn announces(code: &str, asns: &str) -> Row {
    provider(code, "static", "").with("asns", asns)
}

/// Carriers, providers behind others, prefixes and AS numbers with times, and two editions.
fn country(centre: &Centre) {
    let since = |row: Row| row.with("valid_from", "2025-04-01");
    let changes = |row: Row, from, to| row.with("valid_from", from).with("valid_to", to);
    centre.serves(&[
        announces("isp-a", "64500;64505"),
        announces("isp-b", "64501;64505"),
        announces("vne", "64502;64504").with("wholesale", "forwards"),
        announces("silent", "64503").with("wholesale", "silent"),
        announces("mart", "64504"),
        since(provider("vne", "static", "100.100.0.0/16"))
            .with("asns", "64502;64504")
            .with("wholesale", "forwards")
            .with("kind", "wholesale"),
        since(provider("shop", "dynamic:30", "100.100.7.0/24")).with("upstream", "region"),
        since(provider("region", "static", "100.100.7.0/24")).with("upstream", "vne"),
        since(provider("mart", "static", "100.100.8.0/24")).with("asns", "64504"),
        since(provider("region", "static", "100.100.8.0/24")).with("upstream", "vne"),
        changes(provider("old", "static", "100.101.0.0/24"), "2025-04-01", "2026-03-01"),
        changes(provider("new", "static", "100.101.0.0/24"), "2026-03-01", ""),
        changes(announces("old", "64506"), "2025-04-01", "2026-03-01"),
        changes(announces("new", "64506"), "2026-03-01", ""),
    ]);
    for (name, table, from) in
        [("one.csv", ONE.to_owned(), "2026-01-01"), ("two.csv", two(), "2026-03-01")]
    {
        let table = table + "100.102.0.0,100.102.255.255,64506,Changes\n";
        let file = centre.file(name, table);
        let from = format!("{from}T00:00:00+09:00");
        centre.does(&["networks", "import", &file, "--from", &from, "--yes"]);
    }
}

/// One address for each part of the rule, each of them before and after the first of March.
fn everywhere() -> Vec<Row> {
    let places = [
        "198.18.0.1",
        "198.18.200.1",
        "2001:db8:0:1::1",
        "203.0.113.1",
        "192.0.2.1",
        "198.51.100.1",
        "198.51.100.200",
        "100.100.0.1",
        "100.100.7.1",
        "100.100.8.1",
        "100.101.0.1",
        "100.102.0.1",
        "100.200.0.1",
    ];
    let days = ["2025-12-31", "2026-02-28", "2026-03-01", "2026-03-31"];
    places.iter().flat_map(|ip| days.map(|day| seen(day, ip))).collect()
}

/// What somebody changed behind the register's back, and what is found then.
const CHANGES: [(&str, &str, &[&str]); 9] = [
    (
        "two providers have each other's AS numbers",
        "UPDATE isp_asns SET isp_id = (SELECT id FROM isps WHERE code =
             CASE asn WHEN 64500 THEN 'isp-b' ELSE 'isp-a' END) WHERE asn IN (64500, 64501)",
        &["attribution", "case_times"],
    ),
    (
        "an edition was never undone, and does not hold",
        "UPDATE network_imports SET undone_at = 7 WHERE no = 2",
        &["case_foreign", "case_times"],
    ),
    (
        "an edition holds from another date",
        "UPDATE network_imports SET valid_from = valid_from - 2592000000000 WHERE no = 2",
        &["case_times"],
    ),
    (
        "a carrier forwards no more",
        "UPDATE isps SET wholesale = 'silent' WHERE code = 'vne'",
        &["case_foreign", "unattributed"],
    ),
    (
        "a silent carrier is none",
        "UPDATE isps SET wholesale = NULL WHERE code = 'silent'",
        &["case_missing", "unattributed"],
    ),
    (
        "a provider sits behind nobody",
        "UPDATE isps SET upstream = NULL WHERE code = 'shop'",
        &["case_foreign", "unattributed"],
    ),
    (
        "two that contradict each other sit behind each other",
        "UPDATE isps SET upstream = 'vne' WHERE code = 'mart';
         UPDATE isps SET upstream = 'mart' WHERE code = 'region'",
        &["case_missing", "unattributed"],
    ),
    (
        "a provider's own prefix is sold to others, for whom it does not forward",
        "UPDATE isp_prefixes SET kind = 'wholesale' WHERE prefix = '100.101.0.0/24'",
        &["case_foreign", "unattributed"],
    ),
    (
        "an AS changed hands on another day",
        "UPDATE isp_asns SET valid_from = valid_from - 2592000000000 WHERE asn = 64506
             AND valid_to IS NULL",
        &["case_times", "unattributed"],
    ),
];

on_both_engines! {
    fn whose_a_hit_is_is_worked_out_by_the_whole_rule(centre) {
        country(&centre);
        centre.on("2026-04-02");
        assert_eq!(centre.ingests(SCANNER, "all.csv", csv(&everywhere())).status, 0);
        assert!(centre.cases().len() > 12, "{:?}", centre.cases());
        let left = centre.is_clean()["skipped"].to_string();
        assert!(!left.contains("the register of providers"), "{left}");
        for (what, spoil, kinds) in CHANGES {
            let kept = centre.keeps();
            centre.spoils(spoil);
            assert_eq!(found(&centre), kinds, "{what}");
            centre.has_again(&kept);
        }
        assert!(found(&centre).is_empty());
    }

    fn of_imports_from_one_date_the_last_one_that_stands_is_asked(centre) {
        centre.serves(&[announces("isp-a", "64500"), announces("isp-b", "64501")]);
        let from = "2026-01-01T00:00:00+09:00";
        for (name, asn) in [("one.csv", "64501"), ("two.csv", "64500"), ("three.csv", "64501")] {
            let file = centre.file(name, format!("198.18.0.0,198.18.0.255,{asn},Name\n"));
            centre.does(&["networks", "import", &file, "--from", from, "--yes"]);
        }
        centre.does(&["networks", "undo", "--by", "desk", "--reason", "a test"]);
        centre.on("2026-04-02").takes(&[seen("2026-03-31", "198.18.0.1")]);
        assert_eq!(centre.case_of("198.18.0.1")["isp"], "isp-a");
        let left = centre.is_clean()["skipped"].to_string();
        assert!(!left.contains("the register of providers"), "{left}");
        centre.spoils("UPDATE network_imports SET undone_at = NULL");
        assert_eq!(found(&centre), ["attribution"]);
    }
}
