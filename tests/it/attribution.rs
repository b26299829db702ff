//! Who serves an address: what a provider declared, for as long as it holds, then the public table.

use crate::{
    actors::SCANNER,
    builders::{csv, hit, provider},
    centre::{Centre, on_both_engines},
};

const WIDE: &str = "198.18.0.0,198.18.255.255,64500,Wide Networks\n";
const NARROW: &str = "198.18.4.0,198.18.4.255,64501,Narrow Lines\n";

fn puts_in_force(centre: &Centre, name: &str, table: &str) {
    let file = centre.file(name, table);
    centre.does(&["networks", "import", &file, "--yes"]);
}

/// Provider, AS and basis of an address at a time.
fn who(centre: &Centre, ip: &str, at: &str) -> (String, i64, String) {
    let answer = centre.does(&["lookup", ip, "--at", at]);
    let line = answer.one();
    let isp = line["isp"].as_str().unwrap_or("-").to_owned();
    (isp, line["asn"].as_i64().unwrap_or(0), line["basis"].as_str().unwrap().to_owned())
}

fn is(isp: &str, asn: i64, basis: &str) -> (String, i64, String) {
    (isp.to_owned(), asn, basis.to_owned())
}

on_both_engines! {
    fn what_a_provider_declared_goes_before_the_table(centre) {
        let table = provider("isp-t", "static", "").with("asns", "AS64500");
        centre.serves(&[table, provider("isp-d", "static", "198.18.8.0/24")]);
        puts_in_force(&centre, "table.csv", WIDE);
        let now = "2026-04-01T00:00:00+09:00";
        assert_eq!(who(&centre, "198.18.0.1", now), is("isp-t", 64500, "table"));
        assert_eq!(who(&centre, "198.18.8.1", now), is("isp-d", 64500, "declared"));
        assert_eq!(who(&centre, "::ffff:198.18.8.1", now), is("isp-d", 64500, "declared"));
        assert_eq!(who(&centre, "203.0.113.1", now), is("-", 0, "none"));
        let named = centre.does(&["lookup", "198.18.0.1"]);
        assert_eq!(named.one()["organisation"], "Wide Networks");
    }

    fn a_prefix_changes_hands_at_midnight_in_japan(centre) {
        let old = provider("isp-o", "static", "198.18.8.0/24").with("valid_to", "2026-03-30");
        let new = provider("isp-n", "static", "198.18.8.0/24").with("valid_from", "2026-03-30");
        centre.serves(&[old, new]);
        let (before, after) = ("2026-03-29T23:59:59+09:00", "2026-03-30T00:00:00+09:00");
        assert_eq!(who(&centre, "198.18.8.1", before).0, "isp-o");
        assert_eq!(who(&centre, "198.18.8.1", after).0, "isp-n");
        centre.takes(&[hit("r1", before, "198.18.8.1"), hit("r1", after, "198.18.8.1")]);
        let isps: Vec<_> = centre.cases().iter().map(|case| case["isp"].clone()).collect();
        assert_eq!(isps, ["isp-o", "isp-n"], "one device, but two providers' subscribers");
    }

    fn an_as_number_changes_hands_at_midnight_in_japan(centre) {
        let of = |code, column, day| {
            provider(code, "static", "").with("asns", "64500").with(column, day)
        };
        let prefix = provider("isp-n", "static", "198.18.9.0/24").with("asns", "AS64500");
        let new = of("isp-n", "valid_from", "2026-03-30");
        centre.serves(&[of("isp-o", "valid_to", "2026-03-30"), prefix, new]);
        puts_in_force(&centre, "table.csv", WIDE);
        let (before, after) = ("2026-03-29T23:59:59+09:00", "2026-03-30T00:00:00+09:00");
        assert_eq!(who(&centre, "198.18.8.1", before), is("isp-o", 64500, "table"));
        assert_eq!(who(&centre, "198.18.8.1", after), is("isp-n", 64500, "table"));
        assert_eq!(who(&centre, "198.18.9.1", before), is("isp-n", 64500, "declared"));
        // The file of last month comes after the one of this month.
        centre.takes(&[hit("r2", after, "198.18.8.1")]);
        centre.takes(&[hit("r1", before, "198.18.8.1")]);
        let mut isps: Vec<_> = centre.cases().iter().map(|case| case["isp"].to_string()).collect();
        isps.sort_unstable();
        assert_eq!(isps, ["\"isp-n\"", "\"isp-o\""]);
        assert_eq!(centre.does(&["check"]).status, 0);
    }

    fn where_ranges_of_the_table_overlap_the_narrower_one_decides(centre) {
        let wide = provider("isp-w", "static", "").with("asns", "64500");
        centre.serves(&[wide, provider("isp-n", "static", "").with("asns", "AS64501")]);
        for table in [[WIDE, NARROW].concat(), [NARROW, WIDE].concat()] {
            puts_in_force(&centre, "table.csv", &table);
            let now = "2026-04-01T00:00:00+09:00";
            assert_eq!(who(&centre, "198.18.4.9", now), is("isp-n", 64501, "table"));
            assert_eq!(who(&centre, "198.18.5.0", now), is("isp-w", 64500, "table"));
        }
    }

    fn an_as_that_two_providers_announce_decides_nothing(centre) {
        let one = provider("isp-a", "static", "").with("asns", "64500;64501");
        centre.serves(&[one, provider("isp-b", "static", "").with("asns", "64500")]);
        puts_in_force(&centre, "table.csv", &[WIDE, NARROW].concat());
        let now = "2026-04-01T00:00:00+09:00";
        assert_eq!(who(&centre, "198.18.0.1", now), is("-", 64500, "none"));
        assert_eq!(who(&centre, "198.18.4.1", now), is("isp-a", 64501, "table"));
    }

    fn a_broken_table_changes_nothing_and_says_where(centre) {
        puts_in_force(&centre, "one.csv", WIDE);
        for (bad, place) in [
            ("198.18.9.0,198.18.8.0,64500,Backwards\n", "bad.csv, line 2"),
            ("198.18.9.0,2001:db8::,64500,Mixed\n", "line 2"),
            ("198.18.9.0,198.18.9.9,many,No number\n", "line 2"),
        ] {
            let file = centre.file("bad.csv", [WIDE, bad].concat());
            let answer = centre.tries(&["networks", "import", &file, "--yes"]);
            assert_eq!(answer.status, 1, "{answer:?}");
            assert!(answer.stderr.contains(place), "{answer:?}");
            assert!(answer.stderr.contains("nothing was changed"), "{answer:?}");
        }
        assert_eq!(who(&centre, "198.18.0.1", "2026-04-01T00:00:00+09:00").1, 64500);
    }

    fn a_register_says_what_is_wrong_by_line_and_column(centre) {
        let good = provider("isp-a", "static", "198.18.8.0/24");
        for (column, cell) in [
            ("code", ""),
            ("code", "with space"),
            ("lease_policy", "forever"),
            ("asns", "64500;none"),
            ("lines", "many"),
            ("prefix", "198.18.8.1/24"),
            ("prefix", "everything"),
            ("kind", "castle"),
            ("wholesale", "perhaps"),
            ("notify", "owner"),
            ("network_name", "Sunny House"),
            ("valid_from", "2026-04-01T00:00:00"),
            ("valid_to", "1999-01-01"),
        ] {
            let bad = good.clone().with("valid_from", "2020-01-01").with(column, cell);
            let file = centre.file("register.csv", csv(&[good.clone(), bad]));
            let answer = centre.tries(&["isp", "import", &file]);
            assert_eq!(answer.status, 1, "{column} {cell}: {answer:?}");
            let error = &answer.one()["errors"][0];
            assert_eq!((&error["line"], &error["column"]), (&3.into(), &column.into()), "{cell}");
            assert!(answer.stderr.contains(&format!("line 3, column {column}")), "{answer:?}");
        }
        assert_eq!(centre.does(&["isp", "list"]).one()["code"], "isp-a", "the good row went in");
    }

    fn a_register_that_is_no_table_is_refused(centre) {
        for (name, bytes) in [
            ("ragged.csv", &b"code,name,lease_policy\nisp-a,A,static,too,many\n"[..]),
            ("sjis.csv", b"code,name,lease_policy\nisp-a,\x83\x8b,static\n"),
            ("headless.csv", b"isp-a,A,static\nisp-b,B,static\n"),
            ("empty.csv", b""),
        ] {
            let file = centre.file(name, bytes);
            let answer = centre.tries(&["isp", "import", &file]);
            assert_eq!(answer.status, 1, "{name}: {answer:?}");
            assert!(!answer.stderr.is_empty(), "{name}: {answer:?}");
        }
    }

    fn a_provider_in_a_new_register_is_replaced_whole_and_others_stay(centre) {
        let a = provider("isp-a", "static", "198.18.1.0/24");
        centre.serves(&[a, provider("isp-b", "dynamic:30", "198.18.2.0/24")]);
        centre.registers(&[provider("isp-a", "sticky:400", "198.18.3.0/24")]);
        let now = "2026-04-01T00:00:00+09:00";
        assert_eq!(who(&centre, "198.18.1.1", now).0, "-");
        assert_eq!(who(&centre, "198.18.2.1", now).0, "isp-b");
        assert_eq!(who(&centre, "198.18.3.1", now).0, "isp-a");
        let list = centre.does(&["isp", "list"]).lines;
        let policies: Vec<_> = list.iter().map(|isp| isp["lease_policy"].clone()).collect();
        assert_eq!(policies, ["sticky:400", "dynamic:30"]);
        assert_eq!(centre.ingests(SCANNER, "e.csv", csv(&[hit("r", now, "198.18.3.1")])).status, 0);
    }

    fn a_bad_row_takes_nothing_away_from_its_provider(centre) {
        let row = |code: &str, prefix: &str| provider(code, "static", prefix);
        let serves = |ip: &str| centre.does(&["lookup", ip]).one()["isp"].clone();
        centre.serves(&[row("isp-a", "198.18.0.0/24"), row("isp-a", "198.18.1.0/24")]);
        centre.registers(&[row("isp-b", "198.18.2.0/24")]);
        let next = [
            row("isp-a", "198.18.0.0/24"),
            row("isp-a", "198.18.1.0/33"),
            row("isp-a", "198.18.3.0/24"),
            row("isp-b", "198.18.4.0/24"),
        ];
        let file = centre.file("register.csv", csv(&next));
        let answer = centre.tries(&["isp", "import", &file]);
        assert_eq!((answer.status, &answer.one()["kept"]), (1, &serde_json::json!(["isp-a"])));
        assert!(answer.stderr.contains("isp-a: a row did not go in"), "{answer:?}");
        for (ip, isp) in [
            ("198.18.0.9", "isp-a"),
            ("198.18.1.9", "isp-a"),
            ("198.18.3.9", "isp-a"),
            ("198.18.4.9", "isp-b"),
        ] {
            assert_eq!(serves(ip), isp, "{ip}");
        }
        assert!(serves("198.18.2.9").is_null(), "the other one is replaced whole");
        // Whose row it is that has a cell too many, nobody knows.
        let text = csv(&[row("isp-a", "198.18.5.0/24"), row("isp-b", "198.18.6.0/24")]);
        let ragged = centre.file("ragged.csv", format!("{text}isp-a,x,y,z,static,1,2,3,4,5,6,7\n"));
        let answer = centre.tries(&["isp", "import", &ragged]);
        assert_eq!(answer.one()["kept"], serde_json::json!(["isp-a", "isp-b"]));
        assert_eq!((serves("198.18.1.9"), serves("198.18.4.9")), ("isp-a".into(), "isp-b".into()));
        // Once all rows are good, the register is what it says.
        centre.registers(&[row("isp-a", "198.18.5.0/24")]);
        assert!(serves("198.18.1.9").is_null());
    }
}
