//! Apartment houses: how they are built, where a device stands, who is told, and what waits.

use std::time::Instant;

use serde_json::Value;

use crate::{
    builders::{Row, csv, hit, not_notified, notified, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const APRIL: &str = "2026-04-01T08:00:00+09:00";

/// A unit with an address of its own, one behind forwarded ports, the house as a whole, two that
/// share an address by ports, and what all share.
pub(crate) const HOUSES: &str = "\
building,name,contract_party,unit,placement,prefix,ports,addressing,valid_from,valid_to
b1,みなと台マンション,association,,,192.0.2.0/25,,private,2025-04-01,
b1,,,u1,,192.0.2.7/32,,global,2025-04-01,
b1,,,u2,,192.0.2.8/32,,port_forwarding,2025-04-01,
b1,,,u3,,192.0.2.10/32,1-1023,port_shared,2025-04-01,
b1,,,hall,shared,192.0.2.11/32,,global,2025-04-01,
";

pub(crate) fn lets_flats(centre: &Centre) {
    centre.serves(&[
        provider("isp-a", "static", "192.0.2.0/24").with("kind", "apartment"),
        provider("isp-b", "static", "198.51.100.0/24"),
    ]);
}

pub(crate) fn says(centre: &Centre, houses: &str, more: &[&str]) -> Answer {
    let file = centre.file("houses.csv", houses);
    let args = ["isp", "apartments", "import", "--isp", "isp-a", &file, "--by", "isp-a-1"];
    centre.tries(&[&args, more].concat())
}

/// What waits: the address's last number, for whom, and the question.
fn waiting(centre: &Centre) -> Vec<(String, String, String)> {
    let cases = centre.cases();
    let mut waiting: Vec<_> = centre
        .does(&["apartments", "waiting"])
        .lines
        .iter()
        .map(|one| {
            let case = cases.iter().find(|case| case["id"] == one["id"]).unwrap();
            let last = case["model"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
            let word = |field: &str| one[field].as_str().unwrap().to_owned();
            (last, word("for"), word("question"))
        })
        .collect();
    waiting.sort();
    waiting
}

/// What is known of the case at an address.
fn house_of(centre: &Centre, ip: &str) -> Value {
    let id = centre.case_of(ip)["id"].as_str().unwrap().to_owned();
    centre.does(&["case", "show", &id]).lines[0]["apartment"].clone()
}

fn route_of(centre: &Centre, ip: &str) -> String {
    house_of(centre, ip)["route"].as_str().unwrap().to_owned()
}

pub(crate) fn all_found(centre: &Centre) {
    let ips = ["192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11"];
    centre.takes(&ips.map(|ip| hit("r1", MARCH, ip)));
}

on_both_engines! {
    fn the_place_that_the_provider_reports_and_the_use_of_the_address_say_who_is_told(centre) {
        lets_flats(&centre);
        let done = says(&centre, HOUSES, &[]);
        assert_eq!((done.status, done.number("buildings"), done.number("parts")), (0, 1, 5));
        all_found(&centre);
        let ask = |last: &str| (last.into(), "provider".into(), "place".into());
        let asked = ["10", "7", "8", "9"].map(ask);
        assert_eq!(waiting(&centre), asked, "the hall is known to be shared");
        assert_eq!(route_of(&centre, "192.0.2.7"), "nobody:PENDING");
        assert_eq!(route_of(&centre, "192.0.2.11"), "tell:association");
        let list = centre.prepares("isp-a").unwrap();
        let report = |ip: &str, place: &str| {
            let record = centre.record_of(&list, ip);
            not_notified(&list, record, APRIL, "PENDING").with("placement", place)
        };
        let rows = [report("192.0.2.7", "private"), report("192.0.2.8", "private"),
            report("192.0.2.9", "private"), report("192.0.2.10", "private")];
        assert_eq!(centre.reports("isp-a", &rows).number("accepted"), 4);
        assert_eq!(route_of(&centre, "192.0.2.7"), "tell:tenant");
        assert_eq!(route_of(&centre, "192.0.2.8"), "nobody:APARTMENT_SHARED_DEVICE");
        assert_eq!(route_of(&centre, "192.0.2.9"), "decide");
        assert_eq!(route_of(&centre, "192.0.2.10"), "tell:tenant", "the port names the unit");
        let u1 = house_of(&centre, "192.0.2.7");
        assert_eq!((&u1["building"], &u1["unit"]), (&"b1".into(), &"u1".into()));
        assert_eq!(u1["placed_by"], "report");
        assert_eq!(u1["contract_party"], "association");
        assert_eq!(waiting(&centre), [("9".into(), "person".into(), "decide".into())]);
        let both = report("192.0.2.7", "both").with("reported_at", "2026-04-01T08:30:00+09:00");
        centre.reports("isp-a", &[both]);
        assert_eq!(waiting(&centre)[0], ask("7"), "the last report counts");
    }

    fn a_person_decides_what_the_table_leaves_open_and_can_take_it_back(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.9"), hit("r1", MARCH, "198.51.100.9")]);
        let id = centre.case_of("192.0.2.9")["id"].as_str().unwrap().to_owned();
        let says = |verb: &[&str], word: &[&str]| {
            let rest = ["--reason", "asked on the phone", "--by", "desk-1"];
            centre.tries(&[verb, &[&id], word, &rest].concat())
        };
        let place = |word: &[&str]| says(&["case", "place"], word);
        let decide = |word: &[&str]| says(&["apartments", "decide"], word);
        assert_eq!(place(&["--as", "private"]).one()["route"], "decide");
        assert_eq!(decide(&["--as", "tenant"]).one()["route"], "tell:tenant");
        assert_eq!(waiting(&centre), []);
        assert_eq!(decide(&["--as", "tenant"]).one()["changed"], false);
        assert_eq!(decide(&["--as", "nobody:APARTMENT_SHARED_DEVICE"]).status, 0);
        let list = centre.prepares("isp-a").unwrap();
        let line = centre.lines_of(&list).remove(0);
        assert_eq!(line["placement_hint"], "private");
        assert_eq!(line["reason_hint"], "APARTMENT_SHARED_DEVICE");
        assert_eq!(decide(&["--undo"]).one()["route"], "decide");
        assert_eq!(waiting(&centre), [("9".into(), "person".into(), "decide".into())]);
        assert_eq!(place(&["--as", "private", "--use", "global"]).one()["route"], "tell:tenant");
        assert_eq!(place(&["--undo"]).one()["question"], "place");
        assert_eq!(decide(&["--as", "everybody"]).status, 2);
        for open in ["nobody:PENDING", "nobody:SUPPRESSED_BY_TRIAL_ARM"] {
            let refused = decide(&["--as", open]);
            assert_eq!(refused.status, 2);
            assert!(refused.stderr.contains("decides nothing"), "{refused:?}");
        }
        let outside = centre.case_of("198.51.100.9")["id"].as_str().unwrap().to_owned();
        let args = ["case", "place", &outside, "--as", "shared", "--reason", "x", "--by", "desk-1"];
        assert_eq!(centre.tries(&args).status, 1, "it stands in no apartment house");
    }

    fn what_was_once_kept_as_a_decision_and_leaves_it_open_waits_again(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.9")]);
        let id = centre.case_of("192.0.2.9")["id"].as_str().unwrap().to_owned();
        let said = ["--reason", "asked on the phone", "--by", "desk-1"];
        centre.does(&[&["case", "place", &id, "--as", "private"][..], &said].concat());
        centre.does(&[&["apartments", "decide", &id, "--as", "tenant"][..], &said].concat());
        assert_eq!(waiting(&centre), []);
        for sql in ["UPDATE case_places SET value = 'nobody:PENDING' WHERE kind = 'decided'",
            "UPDATE case_places SET value = 'nobody:SUPPRESSED_BY_TRIAL_ARM'
              WHERE kind = 'decided'"] {
            centre.spoils(sql);
            assert_eq!(waiting(&centre), [("9".into(), "person".into(), "decide".into())]);
            assert_eq!(route_of(&centre, "192.0.2.9"), "decide");
            assert_eq!(house_of(&centre, "192.0.2.9")["decided"], Value::Null);
        }
    }

    fn what_waits_is_found_however_many_cases_that_are_settled_stand_before_it(centre) {
        centre.serves(&[provider("isp-a", "static", "198.16.0.0/12").with("kind", "apartment")]);
        // What all share has its answer; it is seen first, and has more cases than are looked at
        // together.
        let houses = "building,placement,prefix,addressing\n\
            hall,shared,198.18.0.0/18,global\nflats,private,198.19.0.0/24,private\n";
        assert_eq!(says(&centre, houses, &[]).status, 0);
        let shared = (0..5_000).map(|no| format!("198.18.{}.{}", no / 250, no % 250));
        let hits: Vec<Row> = shared.map(|ip| hit("r1", MARCH, &ip)).collect();
        centre.takes(&hits);
        let flats = (1..=120).map(|no| format!("198.19.0.{no}"));
        let hits: Vec<Row> = flats.map(|ip| hit("r2", "2026-03-31T10:00:00+09:00", &ip)).collect();
        centre.takes(&hits);
        let waits = |args: &[&str]| {
            let all = centre.does(&[&["apartments", "waiting"], args].concat()).lines;
            all.iter().filter(|one| one["for"] == "person").count()
        };
        assert_eq!(waits(&[]), 120);
        assert_eq!(waits(&["--for", "person", "--limit", "7"]), 7);
        assert_eq!(waits(&["--for", "provider"]), 0);
    }

    fn what_a_report_said_of_the_place_and_took_back_decides_nothing(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        let record = centre.record_of(&list, "192.0.2.7");
        let shared = not_notified(&list, record, APRIL, "PENDING").with("placement", "shared");
        centre.reports("isp-a", std::slice::from_ref(&shared));
        assert_eq!(route_of(&centre, "192.0.2.7"), "tell:association");
        let later = "2026-04-01T08:30:00+09:00";
        let corrected = shared.with("placement", "").with("reported_at", later);
        assert_eq!(centre.reports("isp-a", &[corrected]).number("corrections"), 1);
        assert_eq!(route_of(&centre, "192.0.2.7"), "nobody:PENDING", "the place is asked about");
    }

    fn what_the_register_says_of_one_part_says_nothing_of_another(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        // The hall is on the register, with a global address; a home behind its router is not.
        let record = centre.record_of(&list, "192.0.2.11");
        let at_home = notified(&list, record, APRIL).with("placement", "private");
        let kept = centre.reports("isp-a", &[at_home.with("recipient", "tenant")]);
        assert_eq!(kept.one()["asked"][0]["question"], "address_use", "{kept:?}");
        assert_eq!(route_of(&centre, "192.0.2.11"), "nobody:PENDING");
    }

    fn who_is_still_asked_where_the_device_stands_is_at_it(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        let asked = not_notified(&list, 1, APRIL, "PENDING").with("placement", "unknown");
        assert_eq!(centre.reports("isp-a", &[asked]).number("accepted"), 1);
        let figures = centre.does(&["isp", "figures", "--isp", "isp-a"]);
        assert_eq!((figures.number("reported"), figures.number("pending")), (0, 1));
        centre.on("2026-05-20");
        let chased = centre.does(&["isp", "chase"]).lines;
        let list = chased.iter().find(|one| one["notice"].is_string()).expect("it is asked about");
        assert_eq!(list["unreported"], 1);
    }

    fn where_nothing_is_on_the_register_nothing_is_guessed(centre) {
        lets_flats(&centre);
        centre.takes(&[hit("r1", MARCH, "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        let line = centre.lines_of(&list).remove(0);
        assert_eq!((&line["placement_hint"][..], &line["reason_hint"][..]), ("unknown", ""));
        let record = centre.record_of(&list, "192.0.2.7");
        let row = not_notified(&list, record, APRIL, "PENDING").with("placement", "private");
        centre.reports("isp-a", &[row]);
        let asks = [("7".into(), "provider".into(), "address_use".into())];
        assert_eq!(waiting(&centre), asks);
        assert_eq!(route_of(&centre, "192.0.2.7"), "nobody:PENDING");
    }

    fn a_building_goes_in_whole_or_stays_as_it_was(centre) {
        lets_flats(&centre);
        let dry = says(&centre, HOUSES, &["--dry-run"]);
        assert_eq!((dry.status, dry.number("added")), (0, 1));
        let list = |centre: &Centre| {
            let args = ["isp", "apartments", "list", "--isp", "isp-a", "--by", "isp-a-1"];
            centre.does(&args).lines
        };
        assert!(list(&centre).is_empty(), "a dry run keeps nothing");
        assert_eq!(says(&centre, HOUSES, &[]).number("added"), 1);
        let again = says(&centre, HOUSES, &[]);
        assert_eq!((again.number("added"), again.number("changed")), (0, 0));
        let bad = "building,contract_party,unit,placement,prefix,ports,addressing,valid_from,\
            valid_to
b1,owner,,,192.0.2.0/25,,private,,
b1,association,,,192.0.2.0/26,,private,,
b2,,,,198.51.100.0/25,,global,,
b2,,,,192.0.2.128/33,,global,,
b3,,,,192.0.2.128/26,,ipv6_per_home,,
b3,,,,192.0.2.128/26,,perhaps,,
b3,tenant,,,192.0.2.128/26,,global,,
b3,,,both,192.0.2.128/26,,global,,
b3,,,,192.0.2.128/26,9-3,port_shared,,
b3,,,,192.0.2.128/26,,global,2026-04-01,2026-04-01
b4,,x,,192.0.2.192/27,,global,,
b4,,y,,192.0.2.192/27,,private,,
b5,,,,192.0.2.224/27,,global,,
";
        let done = says(&centre, bad, &[]);
        assert_eq!((done.status, done.number("buildings"), done.number("added")), (1, 1, 1));
        let errors = done.one()["errors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| {
            (error["line"].as_i64().unwrap(), error["column"].as_str().unwrap())
        }).collect();
        let wanted = [(3, "contract_party"), (4, "prefix"), (5, "prefix"), (6, "addressing"),
            (7, "addressing"), (8, "contract_party"), (9, "placement"), (10, "ports"),
            (11, "valid_to"), (13, "prefix")];
        assert_eq!(told, wanted);
        assert_eq!(done.one()["kept"], serde_json::json!(["b1", "b2", "b3", "b4"]));
        let stands = list(&centre);
        assert_eq!((&stands[0]["building"], &stands[1]["building"]), (&"b1".into(), &"b5".into()));
        assert_eq!(stands[0]["parts"].as_array().unwrap().len(), 5);
        let say = |verb: &[&str]| {
            let rest = ["--isp", "isp-a", "b5", "--by", "isp-a-1"];
            centre.tries(&[&["isp", "apartments"], verb, &rest].concat()).status
        };
        let to = |centre: &Centre| list(centre)[1]["parts"][0]["to"].clone();
        let ends = ["2026-10-01", "2026-11-01"].map(|day| say(&["end", "--on", day]));
        assert_eq!(ends, [0, 1]);
        assert_eq!(to(&centre), "2026-09-30T15:00:00Z", "it ends once, and not later");
        assert_eq!((say(&["undo"]), to(&centre)), (0, Value::Null));
        let remove = ["isp", "apartments", "remove", "--isp", "isp-a", "b5", "--by", "isp-a-1"];
        centre.does(&remove);
        assert_eq!(centre.tries(&remove).status, 1);
        assert_eq!(list(&centre).len(), 1);
        let file = centre.file("houses.csv", HOUSES);
        let other = ["isp", "apartments", "import", "--isp", "isp-b", &file, "--by", "isp-b-1"];
        let other = centre.tries(&other);
        assert_eq!((other.status, other.number("buildings")), (1, 0), "another one's addresses");
    }

    fn a_report_that_says_what_cannot_be_comes_back_with_the_answer_of_the_table(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        let told = |ip: &str, who: &str| {
            notified(&list, centre.record_of(&list, ip), APRIL).with("recipient", who)
        };
        let not = |ip: &str, reason: &str| {
            not_notified(&list, centre.record_of(&list, ip), APRIL, reason)
        };
        let home = |row: Row| row.with("placement", "private");
        let rows = [
            home(told("192.0.2.8", "tenant")),
            told("192.0.2.11", "tenant"),
            home(not("192.0.2.7", "APARTMENT_SHARED_DEVICE")),
            home(notified(&list, centre.record_of(&list, "192.0.2.8"), APRIL)),
            home(told("192.0.2.7", "tenant")),
            home(told("192.0.2.9", "tenant")),
            told("192.0.2.10", "tenant"),
        ];
        let file = centre.file("report.csv", csv(&rows));
        let hash = centre.state_hash();
        let dry = ["report-back", "import", "--isp", "isp-a", &file, "--dry-run"];
        let dry = centre.tries(&dry);
        assert_eq!(centre.state_hash(), hash, "a dry run keeps nothing");
        let done = centre.reports("isp-a", &rows);
        assert_eq!((done.status, done.number("accepted")), (1, 3), "{done:?}");
        let errors = done.one()["errors"].as_array().unwrap();
        let told: Vec<_> = errors.iter().map(|error| {
            let word = |field: &str| error[field].as_str().unwrap().to_owned();
            (error["line"].as_i64().unwrap(), word("column"), word("code"))
        }).collect();
        let wanted = [(2, "recipient", "house_nobody"), (3, "recipient", "house_recipient"),
            (4, "reason_code", "house_reason"), (5, "state", "house_nobody")];
        let wanted = wanted.map(|(line, column, code)| (line, column.into(), code.into()));
        assert_eq!(told, wanted);
        let reason = |no: usize| errors[no]["reason"].as_str().unwrap();
        assert!(reason(0).ends_with("not_notified with APARTMENT_SHARED_DEVICE"), "{}", reason(0));
        assert!(reason(1).contains("owner, management_company or association"), "{}", reason(1));
        assert!(errors.iter().all(|error| !error["what_to_do"].as_str().unwrap().is_empty()));
        let asked = |done: &Answer| {
            let line = |one: &Value| one["line"].as_i64().unwrap();
            let asked = done.one()["asked"].as_array().unwrap().iter();
            asked.map(|one| (line(one), one["question"].clone())).collect::<Vec<_>>()
        };
        let wanted: Vec<(i64, Value)> = vec![(7, "decide".into()), (8, "place".into())];
        assert_eq!(asked(&done), wanted, "nobody knows yet, and nothing is guessed");
        assert_eq!((asked(&dry), &dry.one()["errors"]), (wanted, &done.one()["errors"]));
        let kept = centre.standing(&list)["reported"].as_i64().unwrap();
        assert_eq!(kept, 3, "what came back left nothing");
        assert_eq!(waiting(&centre), [
            ("10".into(), "provider".into(), "place".into()),
            ("8".into(), "provider".into(), "place".into()),
            ("9".into(), "person".into(), "decide".into()),
        ]);
        let mended = [home(not("192.0.2.8", "APARTMENT_SHARED_DEVICE"))];
        assert_eq!(centre.reports("isp-a", &mended).number("accepted"), 1);
    }

    fn what_was_kept_stays_known_whatever_the_register_says_later(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        let record = centre.record_of(&list, "192.0.2.7");
        let row = notified(&list, record, APRIL).with("placement", "private");
        let row = row.with("recipient", "tenant");
        assert_eq!(centre.reports("isp-a", std::slice::from_ref(&row)).number("accepted"), 1);
        let others = HOUSES.replace("192.0.2.7/32,,global", "192.0.2.7/32,,port_forwarding");
        says(&centre, &others, &[]);
        let again = centre.reports("isp-a", std::slice::from_ref(&row));
        assert_eq!((again.status, again.number("unchanged")), (0, 1), "{again:?}");
        let later = row.with("note", "again");
        let later = [later.clone(), later];
        let later = centre.reports("isp-a", &later);
        let errors = later.one()["errors"].as_array().unwrap().len();
        assert_eq!((later.number("accepted"), errors), (0, 2), "doubled rows come back alike");
    }

    fn rows_of_one_line_are_judged_alike_in_whatever_order_they_come(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        let judged = |ip: &str, is_turned: bool| {
            let record = centre.record_of(&list, ip);
            let first = not_notified(&list, record, APRIL, "PENDING").with("placement", "private");
            let later = notified(&list, record, "2026-04-01T08:10:00+09:00");
            let mut rows = [first, later];
            if is_turned {
                rows.reverse();
            }
            rows.map(|row| centre.reports("isp-a", &[row]).number("accepted"))
        };
        assert_eq!(judged("192.0.2.7", false), [1, 1]);
        assert_eq!(judged("192.0.2.8", false), [1, 1], "the second row alone says no place");
        assert_eq!(judged("192.0.2.9", true), [1, 1]);
        assert_eq!(judged("192.0.2.10", true), [1, 1]);
    }

    fn what_a_person_decided_is_what_reports_are_held_against(centre) {
        lets_flats(&centre);
        says(&centre, HOUSES, &[]);
        all_found(&centre);
        let list = centre.prepares("isp-a").unwrap();
        let id = centre.case_of("192.0.2.9")["id"].as_str().unwrap().to_owned();
        let decide = |word: &[&str]| {
            let rest = ["--reason", "the log names nobody", "--by", "desk-1"];
            centre.does(&[&["apartments", "decide", &id], word, &rest].concat())
        };
        decide(&["--as", "nobody:LOG_EXPIRED"]);
        let record = centre.record_of(&list, "192.0.2.9");
        let row = notified(&list, record, APRIL).with("placement", "private");
        let done = centre.reports("isp-a", std::slice::from_ref(&row));
        assert_eq!(done.one()["errors"][0]["column"], "state");
        assert!(done.stderr.contains("not_notified with LOG_EXPIRED"), "{done:?}");
        decide(&["--undo"]);
        let done = centre.reports("isp-a", &[row]);
        assert_eq!((done.number("accepted"), &done.one()["asked"][0]["question"]),
            (1, &"decide".into()));
    }

    fn ten_thousand_rows_of_apartment_houses_are_judged_and_kept_in_seconds(centre) {
        centre.serves(&[provider("isp-a", "static", "198.16.0.0/12").with("kind", "apartment")]);
        let houses = "building,prefix,addressing\nb1,198.18.0.0/18,global\n";
        assert_eq!(says(&centre, houses, &[]).status, 0);
        let ips: Vec<String> =
            (0..10_000).map(|no| format!("198.18.{}.{}", no / 250, no % 250)).collect();
        let hits: Vec<Row> = ips.iter().map(|ip| hit("r1", MARCH, ip)).collect();
        centre.takes(&hits);
        let list = centre.prepares("isp-a").unwrap();
        let rows: Vec<Row> = (1..=10_000)
            .map(|record| notified(&list, record, APRIL).with("placement", "private"))
            .collect();
        let begun = Instant::now();
        let done = centre.reports("isp-a", &rows);
        let took = begun.elapsed();
        assert_eq!((done.status, done.number("accepted")), (0, 10_000));
        assert_eq!(done.one()["asked"], serde_json::json!([]));
        println!("{took:?}");
        assert!(took.as_secs() < 60, "{took:?}: one statement for each row");
    }
}
