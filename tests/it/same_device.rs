//! A device that shows the same key at another address is followed there, if nobody else shows it.

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, hit, not_notified, notified, provider, token},
    centre::{Centre, on_both_engines},
    lines::{DAYS, HOME, MOVED, NET, THIRD},
};

/// A sighting of a device that shows the host key of `digit`.
fn seen(day: &str, ip: &str, digit: char) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip).with("hostkey_sha256", key(digit))
}

fn key(digit: char) -> String {
    format!("{}f", digit.to_string().repeat(63))
}

/// A provider whose addresses change hands, and a device with a key on the first day, whose line
/// the provider names.
fn one_device(centre: &mut Centre) {
    centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
    centre.scans(DAYS[0], NET, &[seen(DAYS[0], HOME, 'a')]);
    says(centre, HOME, Some('a'));
}

/// The provider names the line of the case at `ip`, or says that its logs are gone; gives the list.
fn says(centre: &Centre, ip: &str, line: Option<char>) -> String {
    let list = centre.prepares("isp-a").expect("a case waits");
    let record = centre.record_of(&list, ip);
    let at = &centre.after_detection(&list, record);
    let row = match line {
        Some(digit) => {
            notified(&list, record, at).with("line_token", token(digit)).with("token_epoch", "2026")
        }
        None => not_notified(&list, record, at, "LOG_EXPIRED"),
    };
    assert_eq!(centre.reports("isp-a", &[row]).number("accepted"), 1);
    list
}

/// From the second day to the fourth a device with that key is seen at another address, of which
/// the provider cannot say whose it is; gives the list that asked.
fn another_appears(centre: &mut Centre, digit: char) -> String {
    centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED, digit)]);
    let list = says(centre, MOVED, None);
    for day in &DAYS[2..4] {
        centre.scans(day, NET, &[seen(day, MOVED, digit)]);
    }
    list
}

/// As which cases the device of the case of that model was seen too, and whether before or after.
fn seen_as(centre: &Centre, model: &str) -> Vec<(String, String)> {
    let case = centre.case_of(model);
    let shown = centre.does(&["case", "show", case["id"].as_str().unwrap()]);
    let links = shown.lines[0]["same_device"].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert!(links.iter().all(|link| link["by"] == "host_key"), "{links:?}");
    links.iter().map(|link| (text(&link["case"]), text(&link["is"]))).collect()
}

fn id(centre: &Centre, ip: &str) -> String {
    centre.case_of(ip)["id"].as_str().unwrap().to_owned()
}

on_both_engines! {
    fn a_line_is_not_called_fixed_while_its_device_shows_itself_elsewhere(centre) {
        one_device(&mut centre);
        another_appears(&mut centre, 'a');
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open", "its host key was seen since");
        assert_eq!(seen_as(&centre, HOME), [(id(&centre, MOVED), "later".to_owned())]);
        assert_eq!(seen_as(&centre, MOVED), [(id(&centre, HOME), "earlier".to_owned())]);
        assert!(centre.case_of(MOVED)["line_of"].is_null(), "no token says so");
        let hash = centre.state_hash();
        assert_eq!((centre.verifies().number("changed"), centre.state_hash()), (0, hash));
        for day in &DAYS[4..] {
            centre.scans(day, NET, &[]);
        }
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "unknown", "it may have got another key");
        centre.is_clean();
    }

    fn a_certificate_or_a_serial_number_tells_a_device_as_a_host_key_does(centre) {
        centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
        let kinds = [("cert_sha256", "certificate", 10), ("serial_hash", "serial", 20)];
        let at = |host: u8| format!("198.18.0.{host}");
        let shows = |day: &str, ip: &str, column: &str| {
            seen(day, ip, 'a').without("hostkey_sha256").with(column, key('c'))
        };
        let found = |day: &str, moved: u8| {
            kinds.map(|(column, _, host)| shows(day, &at(host + moved), column))
        };
        centre.scans(DAYS[0], NET, &found(DAYS[0], 0));
        centre.scans(DAYS[1], NET, &found(DAYS[1], 1));
        centre.verifies();
        for (_, kind, host) in kinds {
            let case = centre.case_of(&at(host));
            let shown = centre.does(&["case", "show", case["id"].as_str().unwrap()]);
            let link = &shown.lines[0]["same_device"][0];
            assert_eq!((link["by"].as_str(), link["is"].as_str()), (Some(kind), Some("later")));
            assert_eq!(link["case"], centre.case_of(&at(host + 1))["id"]);
        }
        centre.is_clean();
    }

    fn another_device_at_another_address_holds_no_fix_back(centre) {
        one_device(&mut centre);
        another_appears(&mut centre, 'b');
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified");
        assert!(seen_as(&centre, HOME).is_empty());
    }

    fn a_key_that_two_devices_show_at_once_tells_neither(centre) {
        one_device(&mut centre);
        another_appears(&mut centre, 'a');
        // Of the day on which the first was seen, a list comes late.
        centre.takes(&[seen(DAYS[0], THIRD, 'a'), seen(DAYS[1], THIRD, 'a')]);
        says(&centre, THIRD, None);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified");
        assert!(seen_as(&centre, HOME).is_empty());
    }

    fn the_word_of_the_provider_counts_more_than_a_key(centre) {
        one_device(&mut centre);
        let list = another_appears(&mut centre, 'a');
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open");
        let told = notified(&list, centre.record_of(&list, MOVED), "2026-05-27T08:00:00+09:00")
            .with("line_token", token('b'))
            .with("token_epoch", "2026");
        assert_eq!(centre.on("2026-05-28").reports("isp-a", &[told]).number("accepted"), 1);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified", "it is another line, with the same box");
        assert!(seen_as(&centre, HOME).is_empty());
    }

    fn a_device_is_followed_only_where_a_scan_found_its_place_empty(centre) {
        one_device(&mut centre);
        centre.on(DAYS[1]).takes(&[seen(DAYS[1], MOVED, 'a')]);
        centre.learns(&[covered(DAYS[1], DAYS[1], &format!("{MOVED}/32"))]);
        says(&centre, MOVED, None);
        for day in &DAYS[2..4] {
            centre.scans(day, NET, &[seen(day, MOVED, 'a')]);
        }
        centre.verifies();
        assert!(seen_as(&centre, HOME).is_empty(), "both may have stood there at that time");
        assert_eq!(centre.state_of(HOME), "verified");
    }

    fn a_case_of_another_line_ends_the_walk_of_a_device(centre) {
        one_device(&mut centre);
        centre.scans(DAYS[1], NET, &[seen(DAYS[1], MOVED, 'a')]);
        says(&centre, MOVED, Some('b'));
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], THIRD, 'a')]);
        says(&centre, THIRD, None);
        centre.scans(DAYS[3], NET, &[seen(DAYS[3], THIRD, 'a')]);
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified", "its box is another line's by now");
        assert_eq!(seen_as(&centre, HOME), []);
        assert_eq!(seen_as(&centre, MOVED), [(id(&centre, THIRD), "later".to_owned())]);
        assert_eq!(centre.state_of(MOVED), "open");
    }

    fn what_a_device_showed_on_its_way_to_a_known_place_counts(centre) {
        one_device(&mut centre);
        another_appears(&mut centre, 'a');
        centre.scans(DAYS[4], NET, &[seen(DAYS[4], THIRD, 'a')]);
        says(&centre, THIRD, Some('a'));
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open", "it was never missed");
        assert!(!centre.facts_of(HOME).contains(&"verified".to_owned()));
        let there_and_back = ["later", "earlier"].map(|is| (id(&centre, MOVED), is.to_owned()));
        assert_eq!(seen_as(&centre, HOME), there_and_back);
    }

    fn the_key_of_whoever_comes_to_stand_at_an_address_is_not_the_lines(centre) {
        one_device(&mut centre);
        centre.scans(DAYS[1], NET, &[]);
        centre.scans(DAYS[2], NET, &[seen(DAYS[2], HOME, 'b')]);
        centre.scans(DAYS[3], NET, &[seen(DAYS[3], MOVED, 'b')]);
        says(&centre, MOVED, None);
        centre.verifies();
        assert_eq!(seen_as(&centre, HOME), []);
    }

    fn a_device_that_stays_is_followed_into_the_next_month_and_never_back(centre) {
        one_device(&mut centre);
        centre.scans(DAYS[3], NET, &[]);
        let june = "2026-06-03";
        centre.scans(june, NET, &[seen(june, HOME, 'a').with("device_model", "in June")]);
        says(&centre, HOME, None);
        for day in ["2026-06-08", "2026-06-13"] {
            centre.scans(day, NET, &[seen(day, HOME, 'a').with("device_model", "in June")]);
        }
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open");
        assert_eq!(seen_as(&centre, HOME), [(id(&centre, "in June"), "later".to_owned())]);
        assert_eq!(seen_as(&centre, "in June"), [(id(&centre, HOME), "earlier".to_owned())]);
        assert_eq!(centre.facts_of("in June"), ["opened", "listed"]);
    }

    fn what_a_withdrawn_file_showed_follows_no_device(centre) {
        one_device(&mut centre);
        another_appears(&mut centre, 'a');
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "open");
        let files = centre.does(&["feed", "files"]).lines;
        let came = |file: &serde_json::Value| file["received_at"].as_str().unwrap().to_owned();
        let first = files.iter().map(came).min();
        let later = files.iter().filter(|file| Some(came(file)) > first);
        for file in later.filter(|file| file["holds"] == "hits") {
            let id = file["id"].as_str().unwrap();
            centre.does(&["feed", "withdraw", id, "--by", "desk-1", "--reason", "a wrong month"]);
        }
        centre.is_clean();
        assert!(seen_as(&centre, HOME).is_empty());
        centre.verifies();
        assert_eq!(centre.state_of(HOME), "verified");
        centre.is_clean();
    }

    fn files_in_any_order_tell_the_same_of_a_device(centre) {
        let mut other = centre.another();
        let days = [DAYS[0], DAYS[1], DAYS[2]];
        let of = |day: &str| seen(day, if day == DAYS[0] { HOME } else { MOVED }, 'a');
        for (centre, order) in [(&mut centre, [0, 1, 2]), (&mut other, [2, 0, 1])] {
            centre.serves(&[provider("isp-a", "dynamic:30", NET)]);
            centre.on(DAYS[3]);
            for day in order.map(|place| days[place]) {
                centre.ingests(SCANNER, &format!("{day}.csv"), csv(&[of(day)]));
                centre.learns(&[covered(day, day, NET)]);
            }
            centre.verifies();
            assert_eq!(centre.state_of(HOME), "open");
        }
        assert_eq!(centre.state_hash(), other.state_hash());
    }
}
