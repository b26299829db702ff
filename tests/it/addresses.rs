//! An address is not a line: where addresses change hands, each month asks anew whose it is.

use crate::{
    builders::{Row, covered, hit, infected, notified, provider, token},
    centre::{Centre, on_both_engines},
};

const NET: &str = "198.18.0.0/24";
const IP: &str = "198.18.0.9";

/// A device at [`IP`] on that day; its model names the case.
fn found(day: &str, model: &str) -> Row {
    hit(day, &format!("{day}T06:00:00+09:00"), IP).with("device_model", model)
}

/// The next list is prepared and its one line is said to be the line of that token.
fn asks(centre: &mut Centre, day: &str, digit: char) -> String {
    centre.on(day);
    let list = centre.prepares("isp-a").expect("a case waits to be asked for");
    assert_eq!(centre.lines_of(&list).len(), 1);
    let told = notified(&list, 1, &format!("{day}T08:00:00+09:00"));
    let told = told.with("line_token", token(digit)).with("token_epoch", "2026");
    assert_eq!(centre.reports("isp-a", &[told]).number("accepted"), 1);
    list
}

/// A device at another address.
fn elsewhere(day: &str, model: &str) -> Row {
    found(day, model).with("ip", "198.18.0.90")
}

fn both(infected: &str, weak: &str) -> (String, String) {
    (infected.to_owned(), weak.to_owned())
}

on_both_engines! {
    fn whoever_stands_at_an_address_next_month_gets_a_case_and_an_inquiry_id_of_their_own(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "first")]);
        let april = asks(&mut centre, "2026-04-11", 'a');
        centre.scans("2026-05-10", NET, &[found("2026-05-10", "second")]);
        assert_eq!(centre.cases().len(), 2);
        let may = asks(&mut centre, "2026-05-11", 'b');
        let id = |list: &str| centre.lines_of(list)[0]["inquiry_id"].clone();
        assert_ne!(id(&april), id(&may), "nobody is led to the case of a stranger");
        assert_eq!(centre.lines_of(&may)[0]["action"], "new");
        centre.scans("2026-06-10", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("first"), "verified", "gone in May and in June");
        assert_eq!(centre.state_of("second"), "clean_once");
        assert_eq!(centre.facts_of("first"), ["opened", "listed", "clean_once", "verified"]);
    }

    fn the_same_line_found_again_next_month_is_one_line_and_was_never_clean(centre) {
        centre.serves(&[provider("isp-a", "sticky:200", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "first")]);
        asks(&mut centre, "2026-04-11", 'a');
        centre.scans("2026-05-10", NET, &[found("2026-05-10", "second")]);
        centre.verifies();
        assert_eq!(centre.state_of("first"), "open", "nobody has said yet whose it is in May");
        asks(&mut centre, "2026-05-11", 'a');
        centre.verifies();
        assert_eq!(centre.case_of("second")["line_of"], centre.case_of("first")["id"]);
        assert_eq!(centre.state_of("first"), "open");
    }

    fn a_line_that_came_back_is_not_asked_for_twice(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "first")]);
        asks(&mut centre, "2026-04-11", 'a');
        centre.scans("2026-05-10", NET, &[]);
        centre.scans("2026-06-10", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("first"), "verified");
        centre.scans("2026-07-10", NET, &[found("2026-07-10", "second")]);
        asks(&mut centre, "2026-07-11", 'a');
        centre.verifies();
        assert_eq!(centre.state_of("first"), "recurred");
        assert_eq!(centre.prepares("isp-a"), None, "its provider was asked when it came back");
    }

    fn one_month_is_one_case_whatever_comes_first(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.on("2026-07-01");
        let days = ["2026-05-31", "2026-04-10", "2026-05-01", "2026-04-30"];
        let opened = days.map(|day| centre.takes(&[found(day, day)]).number("cases_opened"));
        assert_eq!(opened, [1, 1, 0, 0]);
        let cases = centre.cases();
        let firsts: Vec<_> = cases.iter().map(|case| case["first_seen"].clone()).collect();
        assert_eq!(firsts, ["2026-04-09T21:00:00Z", "2026-04-30T21:00:00Z"]);
    }

    fn a_restart_that_drives_an_infection_out_closes_no_weakness_of_that_line(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.on("2026-04-11");
        let sick = infected("s", "2026-04-10T09:00:00+09:00", IP, 40_001);
        centre.takes(&[found("2026-04-10", "weak"), sick.with("device_model", "infected")]);
        let list = centre.prepares("isp-a").unwrap();
        for record in [1, 2] {
            let told = notified(&list, record, "2026-04-11T09:00:00+09:00");
            let told = told.with("line_token", token('a')).with("token_epoch", "2026");
            assert_eq!(centre.reports("isp-a", &[told]).number("accepted"), 1);
        }
        assert!(centre.cases().iter().all(|case| case["line_of"].is_null()), "followed apart");
        centre.on("2026-04-15");
        let heard = |day| covered(day, day, NET).with("weakness_code", "infected").with("hits", 0);
        centre.learns(&[heard("2026-04-12"), heard("2026-04-13")]);
        centre.verifies();
        let states = (centre.state_of("infected"), centre.state_of("weak"));
        assert_eq!(states, both("verified", "open"));
    }

    fn a_case_that_waits_for_its_report_holds_back_every_run_that_sees_it(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "old")]);
        asks(&mut centre, "2026-04-11", 'a');
        for day in ["2026-04-14", "2026-04-15", "2026-04-16"] {
            centre.scans(day, NET, &[elsewhere(day, "new")]);
            centre.verifies();
            assert_eq!(centre.state_of("old"), "open", "it may have moved, on {day} too");
        }
        asks(&mut centre, "2026-04-17", 'a');
        centre.verifies();
        assert_eq!(centre.state_of("old"), "open", "and it had");
    }

    fn a_line_that_comes_back_to_an_old_address_is_not_called_clean(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "old")]);
        asks(&mut centre, "2026-04-11", 'a');
        centre.scans("2026-04-14", NET, &[elsewhere("2026-04-14", "new")]);
        asks(&mut centre, "2026-04-15", 'a');
        for day in ["2026-04-17", "2026-04-18", "2026-04-19"] {
            centre.scans(day, NET, &[found(day, "old")]);
            centre.verifies();
            assert_eq!(centre.state_of("old"), "open", "somebody is there; it may be the line");
        }
    }

    fn a_prefix_that_changed_providers_leaves_each_its_own_sightings(centre) {
        let a = provider("isp-a", "static", NET);
        let b = provider("isp-b", "static", NET);
        let june = "2026-06-01";
        centre.serves(&[a.with("valid_to", june), b.with("valid_from", june)]);
        centre.scans("2026-05-01", NET, &[found("2026-05-01", "first")]);
        centre.scans("2026-05-08", NET, &[]);
        centre.scans("2026-05-15", NET, &[]);
        centre.verifies();
        assert_eq!(centre.state_of("first"), "verified");
        centre.scans("2026-07-01", NET, &[found("2026-07-01", "second")]);
        centre.verifies();
        assert_eq!((centre.state_of("first"), centre.state_of("second")), both("verified", "open"));
        assert_eq!(centre.facts_of("second"), ["opened"], "none of it is the new one's");
    }

    fn where_the_address_is_the_line_a_case_goes_on_for_good(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.on("2027-07-01");
        let days = ["2026-04-10", "2026-05-31", "2027-05-01"];
        let opened = days.map(|day| centre.takes(&[found(day, day)]).number("cases_opened"));
        assert_eq!(opened, [1, 0, 0]);
    }

    fn a_provider_that_begins_to_hand_addresses_on_ends_what_its_old_cases_may_claim(centre) {
        centre.serves(&[provider("isp-a", "static", NET)]);
        centre.scans("2026-04-10", NET, &[found("2026-04-10", "old")]);
        centre.registers(&[provider("isp-a", "dynamic:30", NET)]);
        centre.scans("2026-05-10", NET, &[found("2026-05-10", "new")]);
        assert_eq!(centre.cases().len(), 2);
        let list = centre.prepares("isp-a").unwrap();
        let old = centre.lines_of(&list).iter().position(|line| line["device_model"] == "old");
        for (at, digit) in [(old.unwrap(), 'a'), (1 - old.unwrap(), 'b')] {
            let record = u64::try_from(at).unwrap() + 1;
            let told = notified(&list, record, "2026-05-10T09:00:00+09:00");
            let told = told.with("line_token", token(digit)).with("token_epoch", "2026");
            assert_eq!(centre.reports("isp-a", &[told]).number("accepted"), 1);
        }
        centre.verifies();
        assert_eq!(centre.state_of("old"), "clean_once", "who stands there now is another line");
        assert_eq!(centre.state_of("new"), "open");
    }
}
