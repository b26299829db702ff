//! A line is known by its tokens: whoever has none that can be compared may be any line.

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, hit, not_notified, notified, provider, token},
    centre::{Centre, on_both_engines},
};

pub(crate) const NET: &str = "198.18.0.0/24";
pub(crate) const HOME: &str = "198.18.0.7";
pub(crate) const MOVED: &str = "198.18.0.90";
pub(crate) const THIRD: &str = "198.18.0.91";

pub(crate) const DAYS: [&str; 6] =
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
    let told = notified(list, record, &centre.after_detection(list, record))
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

    fn a_device_that_every_run_lists_at_its_address_is_not_fixed_whatever_the_month(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        for day in ["2026-06-02", "2026-06-09"] {
            centre.scans(day, NET, &[seen(day, HOME).with("device_model", "in June")]);
        }
        let list = centre.prepares("isp-a").expect("the case of June waits");
        let lost = not_notified(&list, 1, "2026-06-09T08:00:00+09:00", "LOG_EXPIRED");
        assert_eq!(centre.reports("isp-a", &[lost]).number("accepted"), 1);
        centre.on("2026-06-10").verifies();
        assert_eq!(centre.state_of(HOME), "open", "nobody knows that this is another device");
        // What a scan misses now and then is not missed in a row.
        for (day, is_seen) in [(12, false), (14, true), (16, false), (18, true)] {
            let day = &format!("2026-06-{day}");
            let found = seen(day, HOME).with("device_model", "in June");
            centre.scans(day, NET, if is_seen { std::slice::from_ref(&found) } else { &[] });
        }
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "unknown");
        centre.scans("2026-06-20", NET, &[]);
        centre.scans("2026-06-22", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified", "two in a row");
    }

    fn a_report_that_is_still_to_come_settles_nothing(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        for day in &DAYS[1..3] {
            centre.scans(day, NET, &[seen(day, MOVED)]);
        }
        let list = centre.prepares("isp-a").expect("a case waits");
        let pending = notified(&list, 1, "2026-05-11T08:00:00+09:00").with("state", "pending");
        let pending = pending.without("notice_channel").without("notice_at");
        assert_eq!(centre.reports("isp-a", &[pending]).number("accepted"), 1);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open");
    }

    fn a_row_that_nobody_could_read_may_be_the_line_at_another_address(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        for day in &DAYS[1..3] {
            centre.on(day);
            let naive = seen(day, MOVED).with("detected_at", format!("{day}T02:00:00"));
            assert_eq!(centre.ingests(SCANNER, "naive.csv", csv(&[naive])).status, 1);
            centre.learns(&[covered(day, day, NET)]);
        }
        let review = centre.verifies();
        assert_eq!(centre.state_of(HOME), "open");
        assert!(review.stderr.contains("says nothing of 1 address"), "{review:?}");
    }

    fn a_device_weak_in_two_ways_is_fixed_when_scans_of_both_miss_it(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        let web = |day: &str, hour: &str| {
            let at = format!("{day}T{hour}:00:00+09:00");
            hit(day, &at, HOME).with("port", 80).with("device_model", "web")
        };
        centre.scans(DAYS[0], NET, &[seen(DAYS[0], HOME), web(DAYS[0], "03")]);
        let list = centre.prepares("isp-a").expect("both wait");
        let say = |record| {
            notified(&list, record, "2026-05-01T08:00:00+09:00")
                .with("line_token", token('a'))
                .with("token_epoch", "2026")
        };
        assert_eq!(centre.reports("isp-a", &[say(1), say(2)]).number("accepted"), 2);
        let silent = |centre: &mut Centre, day: &str, port: u16| {
            let run = covered(&format!("{day}-{port}"), day, NET);
            centre.on(day).learns(&[run.with("ports", port).with("hits", 0)]);
            centre.verifies();
            [HOME, "web"].map(|model| centre.state_of(model))
        };
        assert_eq!(silent(&mut centre, DAYS[1], 80), ["open", "open"]);
        assert_eq!(silent(&mut centre, DAYS[2], 80), ["open", "open"], "telnet was not looked at");
        assert_eq!(silent(&mut centre, DAYS[3], 23), ["clean_once", "clean_once"]);
        assert_eq!(silent(&mut centre, DAYS[4], 23), ["verified", "verified"]);
        let again = [seen(DAYS[5], HOME), web(DAYS[5], "01")];
        assert_eq!(centre.on(DAYS[5]).takes(&again).number("cases_recurred"), 1, "one line");
        let facts = centre.facts_of(HOME);
        assert_eq!(centre.verifies().number("changed"), 0, "the intake told it rightly");
        assert_eq!((centre.state_of("web"), centre.facts_of(HOME)), ("recurred".into(), facts));
    }

    fn an_address_of_a_line_that_no_scan_looked_at_again_is_not_fixed_by_another(centre) {
        let other = "198.18.7.7";
        let nets = [NET, "198.18.7.0/24"].map(|net| provider("isp-a", "static", net));
        centre.serves(&nets);
        centre.scans(DAYS[0], NET, &[seen(DAYS[0], HOME), seen(DAYS[0], other)]);
        let list = centre.prepares("isp-a").expect("both wait");
        for ip in [HOME, other] {
            says(&centre, &list, ip, ('a', "2026"));
        }
        for day in &DAYS[1..3] {
            centre.scans(day, "198.18.7.0/24", &[]);
        }
        centre.verifies();
        assert_eq!([HOME, other].map(|ip| centre.state_of(ip)), ["open", "open"]);
        for day in &DAYS[3..5] {
            centre.scans(day, NET, &[]);
        }
        centre.verifies();
        assert_eq!([HOME, other].map(|ip| centre.state_of(ip)), ["verified", "verified"]);
    }

    fn the_token_that_is_said_last_counts_whenever_it_comes(centre) {
        one_device(&mut centre);
        lists(&centre, HOME, ('a', "2026"));
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED)]);
        let list = lists(&centre, MOVED, ('b', "2026"));
        let early = format!("{}T07:00:00+09:00", DAYS[1]);
        let early = notified(&list, centre.record_of(&list, MOVED), &early);
        let early = early.with("line_token", token('a')).with("token_epoch", "2026");
        assert_eq!(centre.reports("isp-a", &[early]).number("accepted"), 1);
        assert_ne!(speaker_of(&centre, MOVED), speaker_of(&centre, HOME));
    }

    fn two_reports_at_once_overlook_no_token_of_each_other(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans(DAYS[0], NET, &[HOME, MOVED].map(|ip| seen(DAYS[0], ip)));
        let list = centre.prepares("isp-a").expect("both wait");
        let report = |ip| {
            let told = notified(&list, centre.record_of(&list, ip), "2026-05-01T08:00:00+09:00")
                .with("line_token", token('a'))
                .with("token_epoch", "2026");
            let file = centre.file(&format!("{ip}.csv"), csv(&[told]));
            centre.command(&["report-back", "import", "--isp", "isp-a", &file]).spawn().unwrap()
        };
        for mut running in [HOME, MOVED].map(report) {
            assert!(running.wait().unwrap().success());
        }
        assert_eq!(speaker_of(&centre, MOVED), speaker_of(&centre, HOME));
    }
}
