//! A case is one exposure of one subscriber's device, opened once and followed to its end.

use crate::{
    actors::SCANNER,
    builders::{csv, hit, infected, provider, telnet_report},
    centre::on_both_engines,
};

const DAY_1: &str = "2026-03-29T10:00:00+09:00";
const DAY_2: &str = "2026-03-30T10:00:00+09:00";

on_both_engines! {
    fn a_sighting_opens_a_case_and_the_next_one_extends_it(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let first = centre.takes(&[hit("r1", DAY_1, "192.0.2.7").with("device_vendor", "メーカ")]);
        assert_eq!((first.number("cases_opened"), first.number("cases_extended")), (1, 0));
        let second = centre.takes(&[hit("r2", DAY_2, "192.0.2.7")]);
        assert_eq!((second.number("cases_opened"), second.number("cases_extended")), (0, 1));
        assert_eq!((second.number("sightings"), second.number("repeats")), (0, 1));
        let case = centre.case_of("192.0.2.7");
        assert_eq!((&case["state"], &case["isp"]), (&"open".into(), &"isp-a".into()));
        assert_eq!(case["first_seen"], "2026-03-29T01:00:00Z");
        assert_eq!(case["last_seen"], "2026-03-30T01:00:00Z");
        assert_eq!(case["maker"], "メーカ");
        assert_eq!(centre.facts_of("192.0.2.7"), ["opened"]);
    }

    fn another_port_or_weakness_of_an_address_is_another_case(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let one = hit("r1", DAY_1, "192.0.2.7");
        let weak = one.clone().with("weakness_code", "exposed_service");
        let port = one.clone().with("port", 2323);
        centre.takes(&[one.clone(), port, one.with("proto", "udp"), weak]);
        assert_eq!(centre.cases().len(), 4);
    }

    fn an_infection_is_one_case_whatever_port_it_calls_from(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let call = |at: &str, port| infected("r1", at, "192.0.2.7", port);
        let answer = centre.takes(&[call(DAY_1, 40_001), call(DAY_2, 40_002)]);
        assert_eq!((answer.number("cases_opened"), answer.number("repeats")), (1, 1));
        assert_eq!(centre.case_of("192.0.2.7")["exposure"], "infected/mirai");
    }

    fn cases_are_found_by_provider_stream_state_and_time(centre) {
        centre.serves(&[
            provider("isp-a", "static", "192.0.2.0/25"),
            provider("isp-b", "static", "192.0.2.128/25"),
        ]);
        centre.does(&["feed", "add", "sensor", "--format", "shadowserver", "--stream", "nicter"]);
        centre.takes(&[hit("r1", DAY_1, "192.0.2.7"), hit("r1", DAY_2, "192.0.2.200")]);
        let report = [telnet_report("2026-03-28 01:02:03", "192.0.2.8")];
        let name = "2026-03-28-scan_telnet-jp.csv";
        centre.ingests("sensor", name, csv(&report));
        let found = |more: &[&str]| {
            let args = [&["case", "list"], more].concat();
            centre.does(&args).lines.len()
        };
        assert_eq!(found(&[]), 3);
        assert_eq!(found(&["--isp", "isp-a"]), 2);
        assert_eq!(found(&["--stream", "nicter"]), 1);
        assert_eq!(found(&["--state", "open", "--isp", "isp-b"]), 1);
        assert_eq!(found(&["--state", "verified"]), 0);
        assert_eq!(found(&["--since", "2026-03-30T00:00:00+09:00"]), 1);
        assert_eq!(found(&["--limit", "2"]), 2);
    }

    fn a_device_seen_again_after_its_fix_was_verified_is_the_same_case_recurred(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        centre.scans("2026-05-01", "192.0.2.0/24", &[hit("1", "2026-05-01", "192.0.2.7")
            .with("detected_at", "2026-05-01T01:00:00+09:00")]);
        centre.scans("2026-05-08", "192.0.2.0/24", &[]);
        centre.scans("2026-05-15", "192.0.2.0/24", &[]);
        assert_eq!(centre.verifies().number("verified"), 1);
        centre.on("2026-05-22");
        let twice = [
            hit("4", "2026-05-22T01:00:00+09:00", "192.0.2.7"),
            hit("4", "2026-05-22T02:00:00+09:00", "192.0.2.7"),
        ];
        let answer = centre.takes(&twice);
        assert_eq!((answer.number("cases_opened"), answer.number("cases_recurred")), (0, 1));
        assert_eq!(centre.cases().len(), 1);
        let facts = ["opened", "clean_once", "verified", "recurred"];
        let told = centre.facts_of("192.0.2.7");
        assert_eq!(told.iter().filter(|fact| facts.contains(&fact.as_str())).count(), told.len());
        assert_eq!(centre.verifies().number("changed"), 0, "intake and review agree");
        assert_eq!(centre.facts_of("192.0.2.7"), told);
        let again = centre.ingests(SCANNER, "x.csv", csv(&twice));
        assert_eq!(again.one()["already_ingested"], true);
    }
}
