//! What is said later, or looked at later, corrects; it never contradicts what stands.

use std::os::unix::fs::PermissionsExt as _;

use crate::{
    actors::SCANNER,
    builders::{Row, csv, hit, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const IP: &str = "198.18.0.7";

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// What the ISP says of a record at an hour of 8 April: this channel, this line.
fn told(list: &str, record: u64, hour: &str, digit: char) -> Row {
    let at = format!("2026-04-08T{hour}:00:00+09:00");
    notified(list, record, &at).with("line_token", token(digit)).with("token_epoch", "1")
}

/// The verdict on one device that two feeds saw, of which one tells its coverage.
fn verdict_when(centre: &mut Centre, feeds: [&str; 2]) -> String {
    centre.serves(&[provider("isp-a", "static", NET)]);
    centre.does(&["feed", "add", "silent", "--format", "scan-list", "--stream", "notice"]);
    centre.on("2026-05-02");
    for feed in feeds {
        let hour = if feed == SCANNER { "02" } else { "03" };
        let at = &format!("2026-05-01T{hour}:00:00+09:00");
        assert_eq!(centre.ingests(feed, "hits.csv", csv(&[hit("may", at, IP)])).status, 0);
    }
    centre.scans("2026-06-01", NET, &[]);
    centre.scans("2026-07-01", NET, &[]);
    centre.verifies();
    centre.state_of(IP)
}

on_both_engines! {
    fn the_feed_that_tells_its_coverage_decides_when_it_came_first(centre) {
        assert_eq!(verdict_when(&mut centre, [SCANNER, "silent"]), "verified");
    }

    fn the_feed_that_tells_its_coverage_decides_when_it_came_last(centre) {
        assert_eq!(verdict_when(&mut centre, ["silent", SCANNER]), "verified");
    }

    fn a_look_back_shows_what_was_known_and_keeps_nothing(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.scans("2026-05-01", NET, &[seen("2026-05-01", IP)]);
        centre.scans("2026-06-01", NET, &[]);
        centre.scans("2026-07-01", NET, &[]);
        centre.verifies();
        let (facts, hash) = (centre.facts_of(IP), centre.state_hash());
        let back = centre.does(&["verify", "--at", "2026-06-02T00:00:00+09:00"]);
        assert_eq!((back.number("clean_once"), back.number("verified")), (1, 0));
        assert_eq!((centre.state_of(IP).as_str(), centre.facts_of(IP)), ("verified", facts));
        assert_eq!(centre.state_hash(), hash);
    }

    fn a_corrected_token_leaves_its_old_line_for_good(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.on("2026-04-08");
        let ips = ["198.18.0.1", "198.18.0.2", "198.18.0.3"];
        centre.takes(&ips.map(|ip| seen("2026-04-01", ip)));
        let list = centre.prepares("isp-a").unwrap();
        let record = |n: usize| centre.record_of(&list, ips[n]);
        let joined = |n: usize| !centre.case_of(ips[n])["line_of"].is_null();
        let say = |rows: &[Row]| assert_eq!(centre.reports("isp-a", rows).status, 0);
        say(&[told(&list, record(0), "06", 'a'), told(&list, record(1), "06", 'a')]);
        assert!(joined(1));
        say(&[told(&list, record(1), "07", 'b')]);
        assert!(!joined(1), "the newer word ends the older one");
        say(&[told(&list, record(2), "08", 'a')]);
        assert_eq!((joined(1), joined(2)), (false, true), "the old word does not come back");
    }

    fn the_report_that_is_dated_last_counts_whenever_it_comes(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.on("2026-04-08");
        centre.takes(&[seen("2026-04-01", IP)]);
        let list = centre.prepares("isp-a").unwrap();
        let late = told(&list, 1, "08", 'a');
        let early = told(&list, 1, "06", 'a').with("state", "pending");
        let early = early.without("notice_channel").without("notice_at");
        centre.reports("isp-a", &[late]);
        assert_eq!(centre.reports("isp-a", &[early]).number("accepted"), 1);
        assert_eq!(centre.standing(&list)["notified"], 1);
    }

    fn nobody_else_on_the_machine_looks_into_the_map(centre) {
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&centre.data()) & 0o077, 0);
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.on("2026-04-08");
        centre.takes(&[seen("2026-04-01", IP)]);
        let list = centre.prepares("isp-a").unwrap();
        centre.exports(&list, "csv");
        assert_eq!(mode(&centre.desk().join(format!("{list}.csv"))) & 0o077, 0);
        std::fs::set_permissions(centre.data(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let refused = centre.tries(&["case", "list"]);
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("chmod 700"), "{refused:?}");
    }
}
