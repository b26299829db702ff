//! Tiers and kinds of network: who is told through whom, and what a list says to find the line.

use std::collections::HashMap;

use crate::{
    builders::{Row, csv, hit, infected, provider},
    centre::{Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

fn carrier(code: &str, word: &str) -> Row {
    provider(code, "static", "198.18.0.0/16").with("kind", "wholesale").with("wholesale", word)
}

fn told(centre: &Centre, ip: &str) -> serde_json::Value {
    centre.does(&["lookup", ip, "--at", MARCH]).one().clone()
}

/// The provider, and the kind of its network.
fn kind_of(found: &serde_json::Value) -> (&str, &str) {
    (found["isp"].as_str().unwrap(), found["network_kind"].as_str().unwrap())
}

fn why(found: &serde_json::Value) -> &str {
    found["why"].as_str().unwrap()
}

on_both_engines! {
    fn a_wholesale_prefix_goes_to_the_retail_provider_else_to_a_carrier_that_forwards(centre) {
        let retail = provider("shop", "static", "198.18.7.0/24").with("upstream", "vne");
        centre.serves(&[carrier("vne", "forwards"), retail]);
        let of_retail = told(&centre, "198.18.7.1");
        assert_eq!(kind_of(&of_retail), ("shop", "declared"));
        assert_eq!(of_retail["upstream_path"], serde_json::json!(["vne"]));
        let of_carrier = told(&centre, "198.18.8.1");
        assert_eq!(kind_of(&of_carrier), ("vne", "wholesale"));
        assert!(why(&of_carrier).contains("sells lines wholesale"), "{of_carrier}");
        centre.registers(&[carrier("vne", "silent")]);
        let nobody = told(&centre, "198.18.8.1");
        assert!(nobody["isp"].is_null() && nobody["carrier"] == "vne", "{nobody}");
        assert!(why(&nobody).contains("does not forward"), "{nobody}");
        assert_eq!(told(&centre, "198.18.7.1")["isp"], "shop");
        let rows = ["198.18.8.1", "198.18.7.1"].map(|ip| hit("r1", MARCH, ip));
        let answer = centre.takes(&rows);
        assert_eq!((answer.number("unattributed"), answer.number("cases_opened")), (1, 1));
    }

    fn an_as_of_a_carrier_that_many_share_goes_to_the_carrier_if_it_forwards(centre) {
        let of_as = |code: &str| provider(code, "static", "").with("asns", "64500");
        centre.serves(&[of_as("vne").with("wholesale", "forwards"), of_as("shop"), of_as("mart")]);
        let table = centre.file("table.csv", "198.19.0.0,198.19.255.255,64500,Carrier\n");
        centre.does(&["networks", "import", &table, "--yes"]);
        let found = told(&centre, "198.19.0.1");
        assert_eq!((&found["isp"], &found["basis"]), (&"vne".into(), &"table".into()));
        centre.registers(&[of_as("vne")]);
        let several = told(&centre, "198.19.0.1");
        assert!(several["isp"].is_null(), "{several}");
        assert!(why(&several).contains("several providers announce"), "{several}");
    }

    fn a_list_names_every_provider_above_the_one_that_gets_it(centre) {
        let shop = provider("shop", "static", "198.18.7.0/24").with("upstream", "region");
        let region = provider("region", "static", "198.18.6.0/24").with("upstream", "vne");
        centre.serves(&[carrier("vne", "forwards"), region, shop]);
        centre.takes(&[hit("r1", MARCH, "198.18.7.1")]);
        let list = centre.prepares("shop").unwrap();
        assert_eq!(centre.lines_of(&list)[0]["upstream_path"], "vne;region");
        let jsonl = centre.exports(&list, "jsonl");
        let jsonl: serde_json::Value = serde_json::from_slice(&jsonl).unwrap();
        assert_eq!(jsonl["upstream_path"], serde_json::json!(["vne", "region"]));
    }

    fn either_side_proposes_who_sits_behind_whom_and_the_centre_approves(centre) {
        let prefixes = ["198.18.1.0/24", "198.18.2.0/24", "198.18.3.0/24"];
        let of = |code: &str, at: usize| provider(code, "static", prefixes[at]);
        centre.serves(&[of("carrier", 0), of("region", 1), of("shop", 2)]);
        centre.does(&["account", "add", "desk-1", "--role", "isp-office", "--by", "init"]);
        centre.everybody_has_signed_in();
        let propose = |isp: &str, field: &str, value: &str| {
            let what = ["isp", "propose", field, value, "--isp", isp, "--by", "noc"];
            centre.tries(&[&what[..], &["--reason", "a contract"]].concat())
        };
        let approve = |id: &str, by: &str| {
            centre.tries(&["isp", "proposal", "approve", id, "--by", by, "--reason", "asked both"])
        };
        let id = |answer: &crate::centre::Answer| {
            assert_eq!((answer.status, &answer.one()["state"]), (0, &"waiting".into()));
            answer.one()["proposal"].as_str().unwrap().to_owned()
        };
        let path = |ip: &str| told(&centre, ip)["upstream_path"].clone();
        let first = id(&propose("region", "reseller", "shop"));
        assert_eq!(path("198.18.3.1"), serde_json::json!([]), "nobody has approved it");
        assert_eq!(approve(&first, "noc").status, 1, "whoever asks does not decide");
        assert_eq!(approve(&first, "desk-1").status, 0);
        assert_eq!(path("198.18.3.1"), serde_json::json!(["region"]));
        let second = id(&propose("region", "upstream", "carrier"));
        assert_eq!(approve(&second, "desk-1").status, 0);
        assert_eq!(path("198.18.3.1"), serde_json::json!(["carrier", "region"]));
        for (isp, field, value) in [
            ("region", "reseller", "shop"),
            ("region", "reseller", "nobody"),
            ("carrier", "upstream", "shop"),
            ("carrier", "reseller", "-shop"),
        ] {
            assert_eq!(propose(isp, field, value).status, 1, "{isp} {field} {value}");
        }
        let third = id(&propose("region", "reseller", "-shop"));
        assert_eq!(approve(&third, "desk-1").status, 0);
        assert_eq!(path("198.18.3.1"), serde_json::json!([]));
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "a slip"]);
        assert_eq!(path("198.18.3.1"), serde_json::json!(["carrier", "region"]));
    }

    fn a_circle_of_upstreams_is_refused_by_line(centre) {
        let behind = |code: &str, upper: &str, prefix: &str| {
            provider(code, "static", prefix).with("upstream", upper)
        };
        centre.serves(&[behind("a", "b", "198.18.1.0/24"), behind("b", "c", "198.18.2.0/24")]);
        let file = centre.file("register.csv", csv(&[behind("c", "a", "198.18.3.0/24")]));
        let answer = centre.tries(&["isp", "import", &file]);
        assert_eq!(answer.status, 1, "{answer:?}");
        let error = &answer.one()["errors"][0];
        assert_eq!((&error["line"], &error["column"]), (&2.into(), &"upstream".into()));
        assert!(answer.stderr.contains("c > a > b > c"), "{answer:?}");
        assert!(told(&centre, "198.18.3.1")["isp"].is_null(), "it did not go in");
        // Turned round in one file it is no circle.
        centre.registers(&[behind("b", "a", "198.18.2.0/24"), behind("a", "", "198.18.1.0/24")]);
        assert_eq!(told(&centre, "198.18.2.1")["upstream_path"], serde_json::json!(["a"]));
    }

    fn an_apartment_network_has_a_name_and_somebody_to_tell_and_no_guessed_place(centre) {
        let house = provider("isp-m", "static", "198.18.5.0/24").with("kind", "apartment");
        let house = house.with("network_name", "Sunny House").with("notify", "association");
        let homes = provider("isp-m", "static", "198.18.6.0/24").with("kind", "declared");
        centre.serves(&[house, homes]);
        let found = told(&centre, "198.18.5.1");
        assert_eq!(kind_of(&found), ("isp-m", "apartment"));
        assert_eq!(found["network_name"], "Sunny House");
        assert_eq!(found["notify"], "association");
        assert!(why(&found).contains("Sunny House"), "{found}");
        centre.takes(&[hit("r1", MARCH, "198.18.5.1"), hit("r1", MARCH, "198.18.6.1")]);
        let list = centre.prepares("isp-m").unwrap();
        let lines = centre.lines_of(&list);
        let hint = |line: &HashMap<String, String>| {
            [line["network_kind"].clone(), line["placement_hint"].clone()]
        };
        let hints: Vec<_> = lines.iter().map(hint).collect();
        assert_eq!(hints, [["apartment", "unknown"], ["declared", ""]]);
    }

    fn where_lines_share_an_address_the_list_has_both_ports_and_the_second(centre) {
        let shared = provider("isp-g", "static", "198.18.4.0/24").with("kind", "shared");
        let own = provider("isp-g", "static", "198.18.3.0/24").with("kind", "declared");
        centre.serves(&[shared, own]);
        let found = told(&centre, "198.18.4.1");
        assert_eq!((kind_of(&found), &found["needs_port"]), (("isp-g", "shared"), &true.into()));
        assert!(why(&found).contains("several lines share"), "{found}");
        let at = "2026-03-30T10:11:12+09:00";
        centre.takes(&[
            infected("r1", MARCH, "198.18.4.1", 40_001).with("peer_port", 23),
            infected("r2", at, "198.18.4.1", 40_002).with("peer_port", 2323),
            infected("r2", at, "198.18.4.2", 1).with("port", ""),
            infected("r2", at, "198.18.3.3", 1).with("port", ""),
            hit("r2", at, "198.18.4.4").with("peer_port", 50_123),
        ]);
        let list = centre.prepares("isp-g").unwrap();
        let lines = centre.lines_of(&list);
        let of = |ip: &str| {
            let line = lines.iter().find(|line| line["ip"] == ip).unwrap();
            ["detected_at", "port", "peer_port", "reason_hint"].map(|column| line[column].clone())
        };
        assert_eq!(of("198.18.4.1"), [at, "40002", "2323", ""], "of the latest sighting");
        assert_eq!(of("198.18.4.2"), [at, "", "", "IP_SHARED_NO_PORT"], "told as such");
        assert_eq!(of("198.18.3.3"), [at, "", "", ""], "it has the address to itself");
        assert_eq!(of("198.18.4.4"), [at, "23", "50123", ""]);
    }
}
