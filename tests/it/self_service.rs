//! What providers keep of the register themselves: contacts, claims, settings, resellers.

use serde_json::{Value, json};

use crate::{
    builders::{hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const BLOCK: &str = "198.18.1.0/24";

/// Accounts of the centre: one that decides, one that does not.
fn is_staffed(centre: &Centre) {
    centre.does(&["account", "add", "desk-1", "--role", "isp-office", "--by", "init"]);
    centre.does(&["account", "add", "keeper", "--role", "administrator", "--by", "init"]);
    centre.everybody_has_signed_in();
}

/// A claim to a prefix from a day on, by somebody of the provider.
fn claim<'a>(isp: &'a str, prefix: &'a str, from: &'a str) -> Vec<&'a str> {
    let what = ["--isp", isp, "--prefix", prefix, "--from", from];
    let why = ["--reason", "it is ours", "--by", "noc"];
    [&["isp", "claim", "add"], &what[..], &why].concat()
}

fn made(answer: &Answer) -> String {
    answer.one()["claim"].as_str().unwrap().to_owned()
}

fn decides<'a>(act: &'a str, id: &'a str, by: &'a str, how: &[&'a str]) -> Vec<&'a str> {
    [&["isp", "claim", act, id, "--by", by, "--reason", "letter seen"], how].concat()
}

fn who(centre: &Centre, ip: &str, at: &str) -> Value {
    centre.does(&["lookup", ip, "--at", at]).one()["isp"].clone()
}

fn state(centre: &Centre, id: &str) -> String {
    let all = centre.does(&["isp", "claim", "list"]).lines;
    let found = all.iter().find(|one| one["claim"] == id).expect("it was made");
    found["state"].as_str().unwrap().to_owned()
}

on_both_engines! {
    fn an_approved_claim_attributes_from_its_moment_on_and_is_undone_as_an_import(centre) {
        centre.serves(&[provider("east", "static", ""), provider("west", "static", "")]);
        is_staffed(&centre);
        let asked = claim("east", BLOCK, "2026-03-01");
        let shown = centre.does(&[&asked[..], &["--dry-run"]].concat());
        assert_eq!((&shown.one()["made"], &shown.one()["claim"]), (&false.into(), &Value::Null));
        assert!(centre.does(&["isp", "claim", "list"]).lines.is_empty(), "nothing was claimed");
        let made_it = centre.does(&claim("east", BLOCK, "2026-03-01"));
        assert_eq!(made_it.one()["difference"], shown.one()["difference"]);
        assert_eq!(made_it.one()["difference"]["prefixes"]["added"], 1);
        assert_eq!(made_it.one()["hands"]["hands"], json!([
            {"from": null, "to": "east", "addresses": 256, "networks": 0}
        ]));
        let id = made(&made_it);
        assert!(who(&centre, "198.18.1.1", MARCH).is_null(), "nobody has decided");
        assert_eq!(centre.tries(&claim("east", BLOCK, "2026-03-01")).status, 1, "it waits");
        centre.does(&decides("approve", &id, "desk-1", &[]));
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "east");
        assert!(who(&centre, "198.18.1.1", "2026-02-28T10:00:00+09:00").is_null());
        centre.takes(&[hit("r1", MARCH, "198.18.1.1")]);
        assert_eq!(centre.case_of("198.18.1.1")["isp"], "east");
        let again = centre.tries(&decides("decline", &id, "desk-1", &[]));
        assert!(again.status == 1 && again.stderr.contains("decided already"), "{again:?}");
        let history = centre.does(&["isp", "history"]).lines;
        assert_eq!(history.len(), 2, "the register, then the claim");
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "the letter was forged"]);
        assert!(who(&centre, "198.18.1.1", MARCH).is_null());
        assert_eq!(state(&centre, &id), "undone");
        assert_eq!(centre.case_of("198.18.1.1")["isp"], "east", "a fact stays");
        assert!(centre.prepares("east").is_none(), "and is no longer theirs to read");
    }

    fn whoever_claims_does_not_decide_nor_does_an_account_that_may_not(centre) {
        centre.serves(&[provider("east", "static", "")]);
        is_staffed(&centre);
        centre.does(&["account", "add", "noc", "--role", "isp-office", "--by", "init"]);
        centre.everybody_has_signed_in();
        centre.does(&["account", "add", "ghost", "--role", "isp-office", "--by", "init"]);
        let id = made(&centre.does(&claim("east", BLOCK, "2026-03-01")));
        for (by, why) in [
            ("noc", "somebody else at the centre decides"),
            ("NOC", "somebody else at the centre decides"),
            ("keeper", "no account of the centre that decides"),
            ("nobody", "no account of the centre that decides"),
            ("ghost", "nobody has signed in by it yet"),
        ] {
            let refused = centre.tries(&decides("approve", &id, by, &[]));
            assert!(refused.status == 1 && refused.stderr.contains(why), "{by}: {refused:?}");
        }
        centre.does(&["account", "end", "desk-1", "--by", "init"]);
        assert_eq!(centre.tries(&decides("approve", &id, "desk-1", &[])).status, 1, "it ended");
        assert_eq!(state(&centre, &id), "waiting");
        let back = ["isp", "claim", "withdraw", &id, "--isp", "east", "--reason", "a slip"];
        centre.does(&[&back[..], &["--by", "noc"]].concat());
        assert_eq!(state(&centre, &id), "withdrawn");
        assert!(who(&centre, "198.18.1.1", MARCH).is_null());
    }

    fn an_overlapping_claim_waits_until_the_other_gives_it_back(centre) {
        centre.serves(&[provider("old", "static", BLOCK), provider("new", "static", "")]);
        is_staffed(&centre);
        centre.takes(&[hit("r1", MARCH, "198.18.1.1")]);
        let shown = centre.does(&claim("new", "198.18.1.0/25", "2026-03-15"));
        let id = made(&shown);
        let conflict = &shown.one()["conflicts"][0];
        assert_eq!((&conflict["isp"], &conflict["how"]), (&"old".into(), &"wider".into()));
        assert_eq!(shown.one()["cases"], json!([{"from": "old", "to": "new", "cases": 1}]));
        let refused = centre.tries(&decides("approve", &id, "desk-1", &[]));
        assert!(refused.status == 1 && refused.stderr.contains("old declared"), "{refused:?}");
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "old");
        let back = [&claim("old", BLOCK, "2026-03-15")[..], &["--give-back"]].concat();
        let back = made(&centre.does(&back));
        centre.does(&decides("approve", &back, "desk-1", &[]));
        assert!(who(&centre, "198.18.1.1", MARCH).is_null(), "given back, and not yet claimed");
        centre.does(&decides("approve", &id, "desk-1", &[]));
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "new");
        assert_eq!(who(&centre, "198.18.1.1", "2026-03-01T00:00:00+09:00"), "old");
    }

    fn the_centre_hands_over_or_lets_both_stand_with_a_reason_that_is_kept(centre) {
        centre.serves(&[provider("old", "static", BLOCK), provider("new", "static", "")]);
        is_staffed(&centre);
        let id = made(&centre.does(&claim("new", BLOCK, "2026-03-15")));
        let shown = centre.does(&decides("approve", &id, "desk-1", &["--hand-over", "--dry-run"]));
        assert_eq!(shown.one()["applied"], false);
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "old");
        let done = centre.does(&decides("approve", &id, "desk-1", &["--hand-over"]));
        assert_eq!(done.one()["difference"], shown.one()["difference"]);
        assert_eq!(done.one()["hands"]["addresses_changing_hands"], 256);
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "new");
        let narrow = made(&centre.does(&claim("old", "198.18.1.0/26", "2026-03-20")));
        centre.does(&decides("approve", &narrow, "desk-1", &["--beside"]));
        let all = centre.does(&["isp", "claim", "list"]).lines;
        let kept = all.iter().find(|one| one["claim"] == *narrow).unwrap();
        assert_eq!(kept["decision"]["beside"][0]["isp"], "new");
        assert_eq!(kept["decision"]["reason"], "letter seen");
        assert_eq!(who(&centre, "198.18.1.1", MARCH), "old", "the longest prefix decides");
        assert_eq!(who(&centre, "198.18.1.200", MARCH), "new");
    }

    fn what_was_detected_after_a_hand_over_is_never_listed_for_the_old_holder(centre) {
        centre.serves(&[provider("old", "static", BLOCK), provider("new", "static", "")]);
        is_staffed(&centre);
        let before = "2026-03-10T10:00:00+09:00";
        centre.takes(&[hit("r1", before, "198.18.1.1"), hit("r1", before, "198.18.1.9")]);
        let sent = centre.prepares("old").unwrap();
        assert_eq!(centre.lines_of(&sent).len(), 2);
        let same = centre.exports(&sent, "csv");
        centre.takes(&[
            hit("r2", MARCH, "198.18.1.2"), hit("r2", MARCH, "198.18.1.3"),
            hit("r2", before, "198.18.1.4"),
        ]);
        let unsent = centre.prepares("old").unwrap();
        centre.on("2026-04-02");
        let id = made(&centre.does(&claim("new", BLOCK, "2026-03-15")));
        centre.does(&decides("approve", &id, "desk-1", &["--hand-over"]));
        // Prepared before the hand-over was known, and fetched after it.
        let lines = centre.lines_of(&unsent);
        let ips: Vec<&str> = lines.iter().map(|line| line["ip"].as_str()).collect();
        assert_eq!(ips, ["198.18.1.4"], "it was seen while the address was theirs");
        assert_eq!(centre.exports(&sent, "csv"), same, "what they had and may read stays");
        let answer = centre.does(&["notice", "prepare", "--isp", "old"]);
        assert!(answer.one()["notice"].is_null(), "{answer:?}");
        assert_eq!(answer.number("handed_over"), 2);
        // The device is the new holder's once it is seen again, under a case of their own.
        centre.on("2026-04-03");
        let april = "2026-04-03T08:00:00+09:00";
        centre.takes(&[hit("r3", april, "198.18.1.2")]);
        let theirs = centre.prepares("new").unwrap();
        assert_eq!(centre.lines_of(&theirs)[0]["ip"], "198.18.1.2");
        assert!(centre.does(&["notice", "prepare", "--isp", "old"]).one()["notice"].is_null());
        assert_eq!(centre.is_clean()["ok"], true);
        // Undone, what waits is theirs again.
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "the letter was forged"]);
        let again = centre.prepares("old").unwrap();
        assert_eq!(centre.lines_of(&again).len(), 2);
    }

    fn a_report_on_one_line_tells_nothing_of_those_that_are_another_providers(centre) {
        centre.serves(&[provider("old", "static", BLOCK), provider("new", "static", "")]);
        is_staffed(&centre);
        let before = "2026-03-10T10:00:00+09:00";
        centre.takes(&[hit("r1", before, "198.18.1.4"), hit("r1", MARCH, "198.18.1.2")]);
        let unsent = centre.prepares("old").unwrap();
        centre.on("2026-04-02");
        let id = made(&centre.does(&claim("new", BLOCK, "2026-03-15")));
        centre.does(&decides("approve", &id, "desk-1", &["--hand-over"]));
        let head = "list_id,record_no,reported_at,state,identified,notice_channel,notice_at";
        let at = "2026-04-01T10:00:00+09:00";
        let rows: String =
            [1, 2].map(|no| format!("{unsent},{no},{at},notified,yes,email,{at}\n")).concat();
        let report = centre.file("report.csv", format!("{head}\n{rows}"));
        let answer = centre.tries(&["report-back", "import", "--isp", "old", &report]);
        assert_eq!(answer.number("accepted"), 1, "the other line is none of theirs: {answer:?}");
        let lines = centre.lines_of(&unsent);
        assert_eq!(lines.iter().map(|line| &line["ip"]).collect::<Vec<_>>(), ["198.18.1.4"]);
    }

    fn a_line_that_the_old_holder_has_is_marked_where_the_hand_over_was_earlier(centre) {
        centre.serves(&[provider("old", "static", BLOCK), provider("new", "static", "")]);
        is_staffed(&centre);
        let early = "2026-03-10T10:00:00+09:00";
        centre.takes(&[hit("r1", MARCH, "198.18.1.2"), hit("r1", early, "198.18.1.3")]);
        let list = centre.prepares("old").unwrap();
        let first = centre.exports(&list, "csv");
        let id = made(&centre.does(&claim("new", BLOCK, "2026-03-15")));
        centre.does(&decides("approve", &id, "desk-1", &["--hand-over"]));
        let action = |centre: &Centre, ip: &str| {
            let lines = centre.lines_of(&list);
            let line = lines.iter().find(|line| line["ip"] == ip).unwrap();
            (line["action"].clone(), line["list_version"].clone())
        };
        assert_eq!(action(&centre, "198.18.1.2"), ("withdrawn".into(), "2".into()));
        assert_eq!(action(&centre, "198.18.1.3"), ("new".into(), "2".into()));
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "the letter was forged"]);
        assert_eq!(centre.exports(&list, "csv"), first, "the same bytes again");
    }

    fn an_as_number_that_passes_takes_its_detections_with_it(centre) {
        let of_old = provider("old", "static", "").with("asns", "64500");
        centre.serves(&[of_old, provider("new", "static", "")]);
        is_staffed(&centre);
        let table = centre.file("table.csv", "198.19.0.0,198.19.255.255,64500,Network\n");
        centre.does(&["networks", "import", &table, "--yes"]);
        let early = "2026-03-10T10:00:00+09:00";
        centre.takes(&[hit("r1", early, "198.19.0.1"), hit("r1", MARCH, "198.19.0.2")]);
        let shown = centre.does(&claim("new", "198.19.0.0/24", "2026-03-15"));
        let announced = &shown.one()["announced"][0];
        assert_eq!((&announced["asn"], &announced["isps"]), (&64500.into(), &json!(["old"])));
        assert_eq!(announced["addresses"], 256);
        let asn = ["isp", "claim", "add", "--isp", "new", "--asn", "64500", "--from", "2026-03-15"];
        let why = ["--reason", "we took it over", "--by", "noc"];
        let asn = centre.does(&[&asn[..], &why].concat());
        let nobody = json!([{"from": "old", "to": null, "cases": 1}]);
        assert_eq!(asn.one()["cases"], nobody, "an AS that two announce decides nothing");
        let done = centre.does(&decides("approve", &made(&asn), "desk-1", &["--hand-over"]));
        assert_eq!(done.one()["cases"], json!([{"from": "old", "to": "new", "cases": 1}]));
        assert_eq!(who(&centre, "198.19.0.2", MARCH), "new");
        assert_eq!(who(&centre, "198.19.0.1", early), "old");
        let list = centre.prepares("old").unwrap();
        let lines = centre.lines_of(&list);
        assert_eq!(lines.iter().map(|line| &line["ip"]).collect::<Vec<_>>(), ["198.19.0.1"]);
    }

    fn two_who_decide_at_once_decide_once(centre) {
        centre.serves(&[provider("east", "static", "")]);
        is_staffed(&centre);
        let id = made(&centre.does(&claim("east", BLOCK, "2026-03-01")));
        let answers = centre.tries_at_once(4, &decides("approve", &id, "desk-1", &[]));
        let done = answers.iter().filter(|answer| answer.status == 0).count();
        assert_eq!(done, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.status < 2), "{answers:?}");
        assert_eq!(centre.does(&["isp", "history"]).lines.len(), 2);
    }

    fn contacts_are_confirmed_in_time_and_doubted_when_a_mail_comes_back(centre) {
        centre.serves(&[provider("east", "static", ""), provider("west", "static", "")]);
        let add = |isp: &str, role: &str, mail: &str| {
            let who = ["--isp", isp, "--role", role, "--post", "abuse desk", "--mail", mail];
            let added = [&["isp", "contact", "add", "--by", "noc"], &who[..]].concat();
            centre.does(&added).one()["contact"].as_str().unwrap().to_owned()
        };
        let id = add("east", "abuse_desk", "abuse@east.example");
        let other = add("east", "technical", "noc@east.example");
        let due = |centre: &Centre| -> Vec<(Value, Value)> {
            let all = centre.does(&["isp", "contact", "due"]).lines;
            all.iter().map(|one| (one["isp"].clone(), one["standing"].clone())).collect()
        };
        assert_eq!(due(&centre), [("west".into(), "missing".into())]);
        centre.on("2026-09-05");
        let both = [("west", "missing"), ("east", "due"), ("east", "due")];
        assert_eq!(due(&centre), both.map(|(isp, how)| (isp.into(), how.into())));
        let ours = ["--isp", "east", "--by", "noc"];
        centre.does(&[&["isp", "contact", "confirm", &id], &ours[..]].concat());
        centre.on("2026-10-20");
        assert_eq!(due(&centre)[1], ("east".into(), "overdue".into()));
        let back = ["isp", "contact", "doubt", "Abuse@East.example", "--reason", "550 5.1.1"];
        let doubted = centre.does(&[&back[..], &["--by", "mail"]].concat());
        assert_eq!(doubted.number("doubted"), 1);
        assert_eq!(due(&centre)[1], ("east".into(), "doubtful".into()), "the most urgent first");
        let list = |centre: &Centre| {
            centre.does(&[&["isp", "contact", "list"], &ours[..]].concat()).lines
        };
        let shown = list(&centre);
        assert_eq!(shown[0]["mail"], "abuse@east.example");
        assert_eq!((&shown[0]["standing"], &shown[0]["doubted_for"]),
            (&"doubtful".into(), &"550 5.1.1".into()));
        let anew = ["--post", "abuse desk", "--mail", "abuse@new.example", "--language", "en"];
        centre.does(&[&["isp", "contact", "change", &id], &anew[..], &ours[..]].concat());
        let gone = ["isp", "contact", "remove", &other, "--isp", "east", "--reason", "moved"];
        let gone = [&gone[..], &["--by", "noc"]].concat();
        centre.does(&gone);
        let shown = list(&centre);
        assert_eq!(shown.len(), 1);
        assert_eq!((&shown[0]["version"], &shown[0]["standing"]), (&2.into(), &"confirmed".into()));
        assert_eq!((&shown[0]["mail"], &shown[0]["languages"]),
            (&"abuse@new.example".into(), &json!(["en"])));
        assert_eq!(centre.tries(&gone).status, 1, "it is gone");
        let west = ["isp", "contact", "confirm", &id, "--isp", "west", "--by", "noc"];
        assert_eq!(centre.tries(&west).status, 1, "it is another provider's");
    }

    fn a_lease_policy_waits_for_approval_and_the_rest_holds_at_once(centre) {
        centre.serves(&[provider("east", "dynamic:30", BLOCK)]);
        is_staffed(&centre);
        let propose = |field: &str, value: &str| {
            let what = ["isp", "propose", field, value, "--isp", "east", "--by", "noc"];
            centre.tries(&[&what[..], &["--reason", "since April"]].concat())
        };
        let isp = |centre: &Centre| centre.does(&["isp", "list"]).one().clone();
        assert_eq!(propose("lines", "30000").one()["state"], "approved");
        assert_eq!(propose("name", "ひがし光").one()["state"], "approved");
        assert_eq!((&isp(&centre)["lines"], &isp(&centre)["name"]),
            (&30_000.into(), &"ひがし光".into()));
        assert_eq!(propose("lines", "30000").status, 1, "it stands so already");
        assert_eq!(propose("announcement_page", "http://east.example/").status, 1);
        assert_eq!(propose("log_retention_days", "180").one()["state"], "approved");
        assert_eq!(propose("log_retention_days", "180").status, 1, "it stands so already");
        let waits = propose("lease_policy", "static");
        let twice = propose("lease_policy", "static");
        assert!(twice.status == 1 && twice.stderr.contains("waits"), "{twice:?}");
        assert_eq!(waits.one()["state"], "waiting");
        assert_eq!(isp(&centre)["lease_policy"], "dynamic:30");
        let id = waits.one()["proposal"].as_str().unwrap().to_owned();
        let decide = |by: &str| {
            let what = ["isp", "proposal", "approve", &id, "--by", by, "--reason", "asked them"];
            centre.tries(&what)
        };
        assert_eq!(decide("noc").status, 1, "whoever proposes does not decide");
        assert_eq!(decide("desk-1").status, 0);
        assert_eq!(isp(&centre)["lease_policy"], "static");
        assert_eq!(isp(&centre)["prefixes"][0]["prefix"], BLOCK, "its networks stay");
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "it was dynamic after all"]);
        assert_eq!(isp(&centre)["lease_policy"], "dynamic:30");
    }

    fn anybody_reads_by_what_a_notice_is_known_once_the_centre_agrees(centre) {
        centre.serves(&[provider("east", "static", BLOCK)]);
        is_staffed(&centre);
        let reads = || {
            let page = centre.opens_its_site().visitor().opens("/en/genuine");
            assert_eq!(page.status, 200);
            page.text
        };
        let approves = |field: &str, value: &str| {
            let what = ["isp", "propose", field, value, "--isp", "east", "--by", "noc"];
            let waits = centre.does(&[&what[..], &["--reason", "new"]].concat());
            assert_eq!(waits.one()["state"], "waiting", "the centre vouches for it");
            assert!(!reads().contains(value), "{value}");
            let id = waits.one()["proposal"].as_str().unwrap();
            let what = ["isp", "proposal", "approve", id, "--by", "desk-1", "--reason", "looked"];
            assert_eq!(centre.does(&what).one()["state"], "approved");
            assert_eq!(centre.tries(&["isp", "propose", field, value, "--isp", "east", "--by",
                "noc", "--reason", "again"]).status, 1, "it stands so already");
        };
        approves("announcement_page", "https://east.example/notice");
        approves("sender_domain", "mail.east.example");
        let page = reads();
        let (_, known) = page.split_once("<h3>east K.K.</h3>").expect("it is named");
        let at = |words: &str| known.find(words).unwrap_or_else(|| panic!("{words}: {page}"));
        assert!(at("<dd>https://east.example/notice</dd>") < at("<dd>mail.east.example</dd>"));
    }

    fn a_provider_sees_how_its_resellers_report_and_no_address_of_theirs(centre) {
        let behind = |code: &str, upper: &str, prefix: &str| {
            provider(code, "static", prefix).with("upstream", upper)
        };
        centre.serves(&[
            behind("carrier", "", "198.18.0.0/24"), behind("region", "carrier", "198.18.6.0/24"),
            behind("shop", "region", "198.18.7.0/24"), behind("other", "", "198.18.8.0/24"),
        ]);
        let listed = centre.does(&["isp", "list"]).lines;
        let tree: Vec<_> = listed.iter().map(|one| (&one["code"], &one["depth"])).collect();
        let wanted = [("carrier", 0), ("region", 1), ("shop", 2), ("other", 0)];
        let wanted = wanted.map(|(code, depth)| (Value::from(code), Value::from(depth)));
        assert_eq!(tree, wanted.iter().map(|(code, depth)| (code, depth)).collect::<Vec<_>>());
        centre.takes(&[hit("r1", MARCH, "198.18.7.1"), hit("r1", MARCH, "198.18.7.2")]);
        let list = centre.prepares("shop").unwrap();
        let row = crate::builders::notified(&list, 1, "2026-04-01T08:00:00+09:00");
        assert_eq!(centre.reports("shop", &[row]).status, 0);
        centre.on("2026-06-01");
        let of = |code: &str| {
            centre.does(&["isp", "resellers", "--isp", code, "--by", "noc"]).lines
        };
        let seen = of("carrier");
        assert_eq!((&seen[0]["isp"], &seen[1]["isp"]), (&"region".into(), &"shop".into()));
        let shop = &seen[1];
        assert_eq!(shop["through"], json!(["region"]));
        assert_eq!((&shop["lines"], &shop["reported"]), (&2.into(), &1.into()));
        assert_eq!((&shop["no_report"], &shop["overdue"]), (&1.into(), &1.into()));
        assert!(!seen.iter().any(|one| one.to_string().contains("198.18.")));
        assert!(of("shop").is_empty() && of("other").is_empty());
    }
}
