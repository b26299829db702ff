//! Has it been fixed? Silence counts only where a scan really looked, and twice.

use serde_json::Value;

use crate::{
    builders::{Row, covered, hit, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const IP: &str = "198.18.0.7";
const MOVED: &str = "198.18.0.90";

const DAYS: [&str; 6] =
    ["2026-05-01", "2026-05-08", "2026-05-15", "2026-05-22", "2026-05-29", "2026-06-05"];

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// A provider whose lines keep addresses as `lease` says, and one device seen on the first day.
fn one_device(centre: &mut Centre, lease: &str) {
    centre.serves(&[provider("isp-a", lease, NET)]);
    centre.scans(DAYS[0], NET, &[seen(DAYS[0], IP)]);
}

/// The state after each of some scans that found nothing, given the parts that it covered.
fn after(centre: &mut Centre, scans: &[(&str, &[Row])]) -> String {
    for (day, coverage) in scans {
        centre.on(day);
        let silent: Vec<Row> = coverage.iter().map(|row| row.clone().with("hits", 0)).collect();
        centre.learns(&silent);
    }
    centre.verifies();
    centre.state_of(IP)
}

/// Lists the waiting cases and binds the device at `ip` to the line of `digit`.
fn says_line(centre: &Centre, day: &str, ip: &str, digit: char) {
    let list = centre.prepares("isp-a").expect("a case waits");
    let record = centre.record_of(&list, ip);
    let told = notified(&list, record, &format!("{day}T08:00:00+09:00"))
        .with("line_token", token(digit))
        .with("token_epoch", "2026");
    assert_eq!(centre.reports("isp-a", &[told]).number("accepted"), 1);
}

on_both_engines! {
    fn a_device_that_no_scan_covered_stays_open(centre) {
        one_device(&mut centre, "static");
        let elsewhere = |day| covered(day, day, "198.18.1.0/24");
        let port = |day: &str| covered(day, day, NET).with("ports", "80;443");
        let proto = |day: &str| covered(day, day, NET).with("proto", "udp");
        let other = |day: &str| covered(day, day, NET).with("weakness_code", "exposed_service");
        for kind in [&elsewhere as &dyn Fn(&'static str) -> Row, &port, &proto, &other] {
            let scans = [DAYS[1], DAYS[2], DAYS[3]].map(|day| (day, [kind(day)]));
            let scans = scans.each_ref().map(|(day, rows)| (*day, &rows[..]));
            assert_eq!(after(&mut centre, &scans), "open");
        }
        assert!(centre.case_of(IP)["first_clean"].is_null());
    }

    fn one_clean_scan_is_no_proof_and_two_are(centre) {
        one_device(&mut centre, "static");
        let once = after(&mut centre, &[(DAYS[1], &[covered(DAYS[1], DAYS[1], NET)])]);
        assert_eq!(once, "clean_once");
        let twice = after(&mut centre, &[(DAYS[2], &[covered(DAYS[2], DAYS[2], NET)])]);
        assert_eq!(twice, "verified");
        let case = centre.case_of(IP);
        assert_eq!(case["last_seen"], "2026-04-30T17:00:00Z");
        assert_eq!(case["first_clean"], "2026-05-07T21:00:00Z", "the fix lies between these");
        assert_eq!(centre.facts_of(IP), ["opened", "clean_once", "verified"]);
    }

    fn a_hit_between_two_clean_scans_starts_the_count_again(centre) {
        one_device(&mut centre, "static");
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], IP)]);
        centre.scans(DAYS[3], NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "clean_once");
    }

    fn a_scan_broken_off_or_too_thin_counts_for_nothing(centre) {
        one_device(&mut centre, "static");
        let aborted = |day: &str| covered(day, day, NET).with("status", "aborted");
        let thin = |day: &str| covered(day, day, NET).with("completeness", "0.89");
        let scans = [aborted(DAYS[1]), thin(DAYS[2]), aborted(DAYS[3]).with("completeness", "1")];
        let days = [DAYS[1], DAYS[2], DAYS[3]];
        for (day, row) in days.iter().zip(scans) {
            assert_eq!(after(&mut centre, &[(day, &[row])]), "open");
        }
        let corrected = covered(DAYS[2], DAYS[2], NET).with("completeness", "0.95");
        assert_eq!(after(&mut centre, &[(DAYS[3], &[corrected])]), "clean_once");
        assert_eq!(after(&mut centre, &[(DAYS[3], &[aborted(DAYS[2])])]), "open", "taken back");
    }

    fn a_device_in_an_excluded_prefix_was_not_scanned(centre) {
        one_device(&mut centre, "static");
        let but = |day: &str| covered(day, day, NET).with("excluded_prefixes", "198.18.0.0/28");
        let scans = [DAYS[1], DAYS[2]].map(|day| (day, [but(day)]));
        let scans = scans.each_ref().map(|(day, rows)| (*day, &rows[..]));
        assert_eq!(after(&mut centre, &scans), "open");
    }

    fn silence_at_an_address_that_may_have_changed_hands_is_unknown(centre) {
        one_device(&mut centre, "dynamic:30");
        for day in &DAYS[1..] {
            centre.scans(day, NET, &[]);
            let review = centre.verifies();
            assert_eq!((review.number("unknown"), review.number("verified")), (1, 0));
        }
        assert_eq!(centre.state_of(IP), "unknown");
        assert!(centre.case_of(IP)["first_clean"].is_null());
    }

    fn a_line_that_moved_to_another_address_is_still_open(centre) {
        one_device(&mut centre, "dynamic:30");
        says_line(&centre, DAYS[0], IP, 'a');
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        says_line(&centre, DAYS[1], MOVED, 'a');
        centre.verifies();
        assert_eq!(centre.case_of(MOVED)["line_of"], centre.case_of(IP)["id"]);
        assert_eq!(centre.state_of(IP), "open");
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], MOVED)]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open", "the line is scanned where it is now");
        centre.scans(DAYS[3], NET, &[]);
        centre.scans(DAYS[4], NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "verified");
        assert_eq!(centre.case_of(IP)["first_clean"], "2026-05-21T21:00:00Z");
    }

    fn a_new_case_that_waits_for_its_report_may_be_the_line_that_seems_clean(centre) {
        one_device(&mut centre, "dynamic:30");
        says_line(&centre, DAYS[0], IP, 'a');
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], MOVED)]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open", "both days wait, for both saw it");
        says_line(&centre, DAYS[2], MOVED, 'b');
        centre.verifies();
        assert_eq!(centre.state_of(IP), "verified", "the new one is another line");
    }

    fn what_nobody_reports_on_holds_a_verdict_back_for_45_days_only(centre) {
        one_device(&mut centre, "dynamic:30");
        says_line(&centre, DAYS[0], IP, 'a');
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "open");
        centre.on("2026-06-21").verifies();
        assert_eq!(centre.state_of(IP), "open", "44 days");
        centre.on("2026-06-23").verifies();
        assert_eq!(centre.state_of(IP), "clean_once");
    }

    fn a_fix_that_did_not_last_recurred_and_may_be_verified_again(centre) {
        one_device(&mut centre, "static");
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[]);
        centre.verifies();
        centre.scans(DAYS[3], NET, &[seen(DAYS[3], IP)]);
        assert_eq!(centre.state_of(IP), "recurred", "the intake says so at once");
        assert_eq!(centre.verifies().number("recurred"), 1);
        centre.scans(DAYS[4], NET, &[]);
        centre.scans(DAYS[5], NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "verified");
        assert_eq!(centre.case_of(IP)["first_clean"], "2026-05-28T21:00:00Z");
    }

    fn a_file_that_comes_late_upsets_the_verdict_as_if_it_had_come_in_time(centre) {
        one_device(&mut centre, "static");
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(IP), "verified");
        centre.takes(&[seen(DAYS[1], IP)]);
        assert_eq!(centre.state_of(IP), "verified", "what is older than a verdict reopens nothing");
        centre.verifies();
        assert_eq!(centre.state_of(IP), "clean_once");
        let case = centre.case_of(IP);
        let mut prompt = centre.another();
        one_device(&mut prompt, "static");
        prompt.scans(DAYS[1], NET, &[seen(DAYS[1], IP)]);
        prompt.scans(DAYS[2], NET, &[]);
        prompt.verifies();
        for field in ["state", "first_seen", "last_seen", "first_clean"] {
            assert_eq!(prompt.case_of(IP)[field], case[field]);
        }
        assert_eq!(centre.facts_of(IP), prompt.facts_of(IP), "one story, whatever came first");
        assert_eq!(centre.withdrawn_of(IP), ["clean_once", "verified"], "and nothing is lost");
    }

    fn a_fact_that_was_taken_back_stands_again_when_its_evidence_does(centre) {
        one_device(&mut centre, "static");
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[]);
        centre.verifies();
        let facts = centre.facts_of(IP);
        assert_eq!(centre.evidence_of(IP), [DAYS[1], DAYS[2]]);
        let broken = covered(DAYS[2], DAYS[2], NET).with("status", "aborted");
        assert_eq!(after(&mut centre, &[(DAYS[3], &[broken])]), "clean_once");
        assert_eq!(centre.withdrawn_of(IP), ["verified"]);
        assert_eq!(centre.evidence_of(IP), [DAYS[1]], "and its clean scan is none");
        // The first file given again would be in already and say nothing new.
        let restored = covered(DAYS[2], DAYS[2], NET).with("vantage", "checked again");
        assert_eq!(after(&mut centre, &[(DAYS[3], &[restored])]), "verified");
        assert_eq!((centre.facts_of(IP), centre.withdrawn_of(IP).len()), (facts, 0));
    }

    fn a_verdict_given_twice_changes_nothing(centre) {
        one_device(&mut centre, "static");
        centre.scans(DAYS[1], NET, &[]);
        assert_eq!(centre.verifies().number("changed"), 1);
        let (hash, facts) = (centre.state_hash(), centre.facts_of(IP));
        assert_eq!(centre.verifies().number("changed"), 0);
        assert_eq!((centre.state_hash(), centre.facts_of(IP)), (hash, facts));
    }

    fn an_infection_is_gone_when_a_sensor_that_listens_hears_nothing_twice(centre) {
        let infected = crate::builders::infected("s1", "2026-05-01T02:00:00+09:00", IP, 40_001);
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.on(DAYS[0]).takes(&[infected]);
        let heard = |day: &str| covered(day, day, NET).with("weakness_code", "infected");
        let weak = covered("w", DAYS[1], NET);
        assert_eq!(after(&mut centre, &[(DAYS[1], &[weak])]), "open");
        assert_eq!(after(&mut centre, &[(DAYS[1], &[heard(DAYS[1])])]), "clean_once");
        assert_eq!(after(&mut centre, &[(DAYS[2], &[heard(DAYS[2])])]), "verified");
    }

    fn coverage_says_which_of_its_rows_are_wrong(centre) {
        centre.serves(&[]);
        centre.on(DAYS[5]);
        let good = covered(DAYS[1], DAYS[1], NET);
        let bits = good.clone().with("prefix", "198.18.0.7/24");
        let future = good.clone().with("to", "2027-01-01T00:00:00+09:00");
        let file = centre.file("coverage.csv", crate::builders::csv(&[good, bits, future]));
        let answer = centre.tries(&["coverage", "--feed", "scanner", &file]);
        let counts = ["runs", "prefixes", "addresses", "quarantined"];
        let counts = counts.map(|name| answer.number(name));
        assert_eq!((answer.status, counts), (1, [1, 1, 254, 2]));
        let waiting = centre.quarantine();
        let told = |row: &Value| ["line", "column", "reason"].map(|field| row[field].to_string());
        assert_eq!(told(&waiting[0]), ["3", "\"prefix\"", "\"bad_prefix\""]);
        assert_eq!(told(&waiting[1]), ["4", "\"to\"", "\"future_time\""]);
    }
}
