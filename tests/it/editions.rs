//! Editions of the address table: each holds from a date, is shown first, and can be undone.

use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
};

const ONE: &str = "198.18.0.0,198.18.255.255,64500,One\n";
const TWO: &str = "198.18.0.0,198.18.127.255,64501,Two\n198.18.128.0,198.18.255.255,64500,One\n\
                   2001:db8::,2001:db8:0:3:ffff:ffff:ffff:ffff,64501,Two\n";

fn imports(centre: &Centre, table: &str, from: &str) {
    let file = centre.file("table.csv", table);
    centre.does(&["networks", "import", &file, "--from", from, "--yes"]);
}

fn asn(centre: &Centre, at: &str) -> Option<i64> {
    centre.does(&["lookup", "198.18.0.1", "--at", at]).one()["asn"].as_i64()
}

on_both_engines! {
    fn an_edition_is_shown_before_it_is_in_force(centre) {
        let file = centre.file("one.csv", ONE);
        let shown = centre.does(&["networks", "import", &file]);
        assert_eq!((shown.number("prefixes"), shown.number("added")), (1, 1));
        let now = "2026-04-01T09:00:00+09:00";
        assert_eq!(asn(&centre, now), None, "nothing was applied");
        centre.does(&["networks", "import", &file, "--yes"]);
        assert_eq!(asn(&centre, now), Some(64500));
        let next = centre.file("next.csv", ONE.replace("64500", "64502"));
        let other = centre.file("other.csv", "203.0.113.0,203.0.113.255,64503,New\n");
        let shown = centre.does(&["networks", "import", &next, &other]);
        let counts = ["prefixes", "added", "removed", "changed"].map(|name| shown.number(name));
        assert_eq!(counts, [2, 1, 0, 1]);
        assert_eq!(asn(&centre, now), Some(64500), "nothing was applied");
        centre.on("2026-04-02").does(&["networks", "import", &next, &other, "--yes"]);
        let (before, after) = ("2026-04-02T08:59:59+09:00", "2026-04-02T09:00:00+09:00");
        assert_eq!([asn(&centre, before), asn(&centre, after)], [Some(64500), Some(64502)]);
        let again = centre.does(&["networks", "import", &next, &other, "--yes"]);
        assert_eq!([again.number("added"), again.number("changed")], [0, 0]);
        assert_eq!(centre.does(&["networks", "list"]).lines.len(), 2, "nothing new was said");
        centre.on("2026-04-03").does(&["networks", "import", &file, "--yes"]);
        assert_eq!(asn(&centre, "2026-04-04T00:00:00Z"), Some(64500), "an old one comes back");
        assert_eq!(asn(&centre, after), Some(64502));
    }

    fn a_list_that_comes_late_is_attributed_by_the_edition_of_then(centre) {
        let a = provider("isp-a", "static", "").with("asns", "64500");
        centre.serves(&[a, provider("isp-b", "static", "").with("asns", "64501")]);
        imports(&centre, TWO, "2026-03-01T00:00:00+09:00");
        // Said later of an earlier time: it holds until the next one does.
        imports(&centre, ONE, "2026-02-01T00:00:00+09:00");
        centre.takes(&[
            hit("r1", "2026-01-10T10:00:00+09:00", "198.18.0.1"),
            hit("r1", "2026-02-28T23:59:59+09:00", "198.18.0.2"),
            hit("r1", "2026-03-01T00:00:00+09:00", "198.18.0.3"),
        ]);
        let isp = |model: &str| centre.case_of(model)["isp"].clone();
        let isps = ["198.18.0.1", "198.18.0.2", "198.18.0.3"].map(isp);
        assert_eq!(isps, ["isp-a", "isp-a", "isp-b"], "the first one holds for all before");
        let told = centre.does(&["lookup", "198.18.0.1", "--at", "2026-02-10T00:00:00Z"]);
        assert_eq!(told.one()["edition_from"], "2026-01-31T15:00:00Z");
    }

    fn an_import_tells_how_many_addresses_change_hands(centre) {
        let a = provider("isp-a", "static", "198.18.1.0/24").with("asns", "64500");
        centre.serves(&[a, provider("isp-b", "static", "").with("asns", "64501")]);
        let first = centre.file("one.csv", ONE);
        centre.does(&["networks", "import", &first, "--yes"]);
        let second = centre.file("two.csv", TWO);
        let shown = centre.does(&["networks", "import", &second]);
        // The /24 that isp-a declared stays its own, whatever the table says.
        assert_eq!(shown.number("addresses_changing_hands"), 32_768 - 256);
        assert_eq!(shown.number("networks_changing_hands"), 0);
        let hands = shown.one()["hands"].as_array().unwrap().clone();
        let from_a = hands.iter().find(|hand| hand["from"] == "isp-a").unwrap();
        assert_eq!((&from_a["to"], &from_a["addresses"]), (&"isp-b".into(), &32_512.into()));
        let new = hands.iter().find(|hand| hand["from"].is_null()).unwrap();
        assert_eq!((&new["to"], &new["networks"]), (&"isp-b".into(), &4.into()));
    }

    fn an_import_is_undone_with_a_name_and_a_reason_and_what_was_attributed_stays(centre) {
        let a = provider("isp-a", "static", "").with("asns", "64500");
        centre.serves(&[a, provider("isp-b", "static", "").with("asns", "64501")]);
        imports(&centre, ONE, "2026-02-01T00:00:00+09:00");
        imports(&centre, TWO, "2026-03-01T00:00:00+09:00");
        let march = "2026-03-10T10:00:00+09:00";
        centre.takes(&[hit("r1", march, "198.18.0.1")]);
        let undo = ["networks", "undo", "--by", "desk", "--reason", "half of it is missing"];
        let undone = centre.does(&undo);
        assert_eq!((undone.number("undone"), undone.number("changed")), (2, 0));
        assert_eq!(undone.number("addresses_changing_hands"), 32_768);
        assert_eq!(asn(&centre, march), Some(64500));
        assert_eq!(centre.case_of("198.18.0.1")["isp"], "isp-b", "a fact stays");
        let list = centre.does(&["networks", "list"]).lines;
        assert_eq!((&list[0]["no"], &list[0]["undone_by"]), (&2.into(), &"desk".into()));
        assert_eq!(list[0]["undone_reason"], "half of it is missing");
        assert!(list[1]["undone_at"].is_null());
        centre.does(&undo);
        assert_eq!(asn(&centre, march), None);
        let third = centre.tries(&undo);
        assert_eq!(third.status, 1, "{third:?}");
        imports(&centre, TWO, "2026-03-01T00:00:00+09:00");
        assert_eq!(asn(&centre, march), Some(64501), "what was undone can be said again");
    }
}
