//! A line is known by its tokens: whoever has none that can be compared may be any line.

use crate::{
    builders::{Row, hit, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const HOME: &str = "198.18.0.7";
const MOVED: &str = "198.18.0.90";
const THIRD: &str = "198.18.0.91";

const DAYS: [&str; 6] =
    ["2026-05-01", "2026-05-06", "2026-05-11", "2026-05-16", "2026-05-21", "2026-05-26"];

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// A provider whose addresses change hands, and one device seen on the first day.
fn one_device(centre: &mut Centre) {
    centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
    centre.scans(DAYS[0], NET, &[seen(DAYS[0], HOME)]);
}

/// The provider says of a case that it is the line of `digit`, under the key of `epoch`.
fn says(centre: &Centre, list: &str, ip: &str, (digit, epoch): (char, &str)) {
    let record = centre.record_of(list, ip);
    let told = notified(list, record, "2026-05-01T08:00:00+09:00")
        .with("line_token", token(digit))
        .with("token_epoch", epoch);
    assert_eq!(centre.reports("isp-a", &[told]).number("accepted"), 1);
}

/// Lists the waiting case at `ip` and says whose it is; gives the list.
fn lists(centre: &Centre, ip: &str, line: (char, &str)) -> String {
    let list = centre.prepares("isp-a").expect("a case waits");
    says(centre, &list, ip, line);
    list
}

fn speaker_of(centre: &Centre, ip: &str) -> String {
    let case = centre.case_of(ip);
    case["line_of"].as_str().unwrap_or(case["id"].as_str().unwrap()).to_owned()
}

on_both_engines! {
    fn a_line_is_not_called_fixed_because_its_provider_changed_its_key(centre) {
        one_device(&mut centre);
        let list = lists(&centre, HOME, ('a', "2026"));
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        lists(&centre, MOVED, ('b', "2027"));
        for day in &DAYS[2..4] {
            centre.scans(day, NET, &[seen(day, MOVED)]);
        }
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "unknown", "it may be the one that was found");
        says(&centre, &list, HOME, ('b', "2027"));
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open", "it is the one that was found");
    }

    fn a_fix_that_was_proven_under_an_old_key_stands(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[]);
        centre.scans(DAYS[3], NET, &[seen(DAYS[3], MOVED)]);
        lists(&centre, MOVED, ('b', "2027"));
        centre.scans(DAYS[4], NET, &[seen(DAYS[4], MOVED)]);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified");
    }

    fn a_case_told_under_both_keys_holds_its_line_together(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        let second = lists(&centre, MOVED, ('a', "2026"));
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], THIRD)]);
        says(&centre, &second, MOVED, ('b', "2027"));
        lists(&centre, THIRD, ('b', "2027"));
        let home = centre.case_of(HOME)["id"].as_str().unwrap().to_owned();
        assert!(centre.case_of(HOME)["line_of"].is_null());
        for ip in [MOVED, THIRD] {
            assert_eq!(speaker_of(&centre, ip), home, "{ip}");
        }
        says(&centre, &second, MOVED, ('c', "2026"));
        assert_eq!(speaker_of(&centre, MOVED), speaker_of(&centre, THIRD));
        assert_ne!(speaker_of(&centre, MOVED), home, "a corrected token takes its line along");
    }

    fn whoever_was_seen_first_speaks_even_if_that_is_learnt_late(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        for (day, ip) in [(DAYS[1], HOME), (DAYS[2], MOVED)] {
            centre.scans(day, NET, &[seen(day, ip)]);
            lists(&centre, ip, ('a', "2026"));
        }
        assert_eq!(speaker_of(&centre, MOVED), speaker_of(&centre, HOME));
        assert!(centre.case_of(HOME)["line_of"].is_null());
        centre.takes(&[seen(DAYS[0], MOVED)]);
        centre.verifies();
        assert!(centre.case_of(MOVED)["line_of"].is_null());
        assert_eq!(speaker_of(&centre, HOME), speaker_of(&centre, MOVED));
        assert!(centre.facts_of(HOME).contains(&"joined".to_owned()), "and says so");
        let hash = centre.state_hash();
        assert_eq!((centre.verifies().number("changed"), centre.state_hash()), (0, hash));
    }

    fn a_verified_line_that_is_seen_again_is_reopened_as_a_whole(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        lists(&centre, MOVED, ('a', "2026"));
        centre.scans(DAYS[2], NET, &[]);
        centre.scans(DAYS[3], NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified");
        centre.scans(DAYS[4], NET, &[seen(DAYS[4], HOME)]);
        assert_eq!(centre.state_of(HOME), "verified", "it left there: this is somebody else");
        centre.scans(DAYS[5], NET, &[seen(DAYS[5], MOVED)]);
        let states = || [HOME, MOVED].map(|ip| centre.state_of(ip));
        assert_eq!(states(), ["recurred", "recurred"], "the intake says so at once");
        let facts = centre.facts_of(HOME);
        centre.verifies();
        assert_eq!(states(), ["recurred", "recurred"]);
        assert_eq!(centre.facts_of(HOME), facts, "and the review tells the same");
    }
}
