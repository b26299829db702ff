//! The register of providers: an import tells what it changes, and can be undone.

use serde_json::json;

use crate::{
    builders::{Row, csv, hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

fn imports(centre: &Centre, rows: &[Row], options: &[&str]) -> Answer {
    let file = centre.file("register.csv", csv(rows));
    centre.does(&[&["isp", "import", &file], options].concat())
}

fn who(centre: &Centre, ip: &str) -> serde_json::Value {
    centre.does(&["lookup", ip]).one()["isp"].clone()
}

const UNDO: [&str; 6] = ["isp", "undo", "--by", "desk", "--reason", "a column was shifted"];

on_both_engines! {
    fn an_import_tells_what_it_adds_removes_and_changes(centre) {
        let a = provider("isp-a", "static", "198.18.1.0/24").with("asns", "64500;64501");
        let first = imports(&centre, std::slice::from_ref(&a), &[]);
        let difference = &first.one()["difference"];
        assert_eq!(difference["providers"], json!({"added": 1, "removed": 0, "changed": 0}));
        assert_eq!(difference["asns"]["added"], 2);
        let next = [
            a.clone().with("asns", "64501").with("kind", "shared").with("name", "Renamed"),
            a.with("asns", "64501").with("name", "Renamed").with("prefix", "198.18.2.0/24"),
            provider("isp-b", "static", "198.18.3.0/24"),
        ];
        let shown = imports(&centre, &next, &["--dry-run"]);
        assert_eq!(shown.one()["applied"], false);
        assert!(who(&centre, "198.18.3.1").is_null(), "nothing was changed");
        let applied = imports(&centre, &next, &[]);
        assert_eq!(applied.one()["difference"], shown.one()["difference"]);
        let difference = &applied.one()["difference"];
        assert_eq!(difference["providers"], json!({"added": 1, "removed": 0, "changed": 1}));
        assert_eq!(difference["prefixes"], json!({"added": 2, "removed": 0, "changed": 1}));
        assert_eq!(difference["asns"], json!({"added": 0, "removed": 1, "changed": 0}));
        let changes = difference["changes"].as_array().unwrap();
        let removed = changes.iter().find(|one| one["change"] == "removed").unwrap();
        assert_eq!((&removed["isp"], &removed["value"]), (&"isp-a".into(), &"AS64500".into()));
        let again = imports(&centre, &next, &[]);
        assert_eq!(again.one()["difference"]["changes"], json!([]));
        assert_eq!(centre.does(&["isp", "history"]).lines.len(), 2, "what changes nothing is none");
    }

    fn an_import_is_undone_to_what_stood_before_and_what_was_attributed_stays(centre) {
        let a = provider("isp-a", "static", "198.18.1.0/24");
        centre.serves(std::slice::from_ref(&a));
        let b = provider("isp-b", "static", "198.18.1.0/24");
        imports(&centre, &[a.with("prefix", "198.18.2.0/24"), b.clone()], &[]);
        centre.takes(&[hit("r1", MARCH, "198.18.1.1")]);
        assert_eq!(centre.case_of("198.18.1.1")["isp"], "isp-b");
        let shown = centre.does(&[&UNDO[..], &["--dry-run"]].concat());
        assert_eq!(who(&centre, "198.18.1.1"), "isp-b", "nothing was changed");
        let undone = centre.does(&UNDO);
        assert_eq!(undone.one()["difference"], shown.one()["difference"]);
        assert_eq!(undone.number("undone"), 2);
        assert_eq!(undone.one()["difference"]["providers"]["removed"], 1);
        assert_eq!(who(&centre, "198.18.1.1"), "isp-a");
        assert!(who(&centre, "198.18.2.1").is_null());
        assert_eq!(centre.does(&["isp", "list"]).one()["code"], "isp-a");
        assert_eq!(centre.case_of("198.18.1.1")["isp"], "isp-b", "a fact stays, and can be told");
        assert!(centre.prepares("isp-b").is_none(), "the address was never theirs to read");
        let history = centre.does(&["isp", "history"]).lines;
        assert_eq!((&history[0]["no"], &history[0]["undone_by"]), (&2.into(), &"desk".into()));
        assert_eq!(history[0]["undone_reason"], "a column was shifted");
        centre.does(&UNDO);
        assert!(centre.does(&["isp", "list"]).lines.is_empty());
        assert_eq!(centre.tries(&UNDO).status, 1, "there is nothing left to undo");
        // Whoever comes back has the cases they had, and reads them.
        imports(&centre, &[b], &[]);
        let list = centre.prepares("isp-b").expect("its case still waits for a list");
        assert_eq!(centre.lines_of(&list).len(), 1);
        assert_eq!(centre.does(&["isp", "list"]).one()["code"], "isp-b");
        centre.takes(&[hit("r2", "2026-03-31T10:00:00+09:00", "198.18.1.1")]);
        assert_eq!(centre.cases().len(), 1);
    }

    fn the_times_of_an_as_number_are_told_changed_and_undone(centre) {
        let prefix = provider("isp-a", "static", "198.18.1.0/24").with("asns", "64500");
        let announced = provider("isp-a", "static", "").with("asns", "64500");
        let dated = |day| announced.clone().with("valid_to", day);
        imports(&centre, std::slice::from_ref(&prefix), &[]);
        let told = |answer: &Answer| {
            let changes = answer.one()["difference"]["changes"].as_array().unwrap().clone();
            let words = |one: &serde_json::Value| format!("{} {}", one["change"], one["value"]);
            changes.iter().map(words).collect::<Vec<_>>().join("; ").replace('"', "")
        };
        let ended = imports(&centre, &[prefix.clone(), dated("2026-04-01")], &[]);
        assert_eq!(told(&ended), "changed AS64500 to 2026-03-31T15:00:00Z");
        let undone = centre.does(&UNDO);
        assert_eq!(told(&undone), "changed AS64500");
        imports(&centre, &[prefix.clone(), dated("2026-04-01")], &[]);
        let listed = centre.does(&["isp", "list"]);
        let until = "2026-03-31T15:00:00Z";
        assert_eq!(listed.one()["asns"], json!([{"asn": 64500, "from": null, "to": until}]));
        assert_eq!(listed.one()["prefixes"][0]["prefix"], "198.18.1.0/24");
        let idle = provider("isp-a", "static", "").with("valid_to", "2026-04-01");
        let file = centre.file("idle.csv", csv(&[prefix, idle]));
        let answer = centre.tries(&["isp", "import", &file]);
        assert_eq!((answer.status, &answer.one()["errors"][0]["column"]), (1, &"valid_to".into()));
    }

    fn imports_at_the_same_time_are_all_remembered(centre) {
        let row = provider("isp-a", "static", "198.18.1.0/24");
        let file = centre.file("register.csv", csv(&[row]));
        let answers = centre.tries_at_once(4, &["isp", "import", &file]);
        assert!(answers.iter().all(|answer| answer.status == 0), "{answers:?}");
        let history = centre.does(&["isp", "history"]).lines;
        assert_eq!(history.len(), 1, "one of them changed something");
        centre.does(&UNDO);
        assert!(who(&centre, "198.18.1.1").is_null());
    }
}
