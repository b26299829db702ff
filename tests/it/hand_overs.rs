//! Addresses pass to another provider after part of a list was shown: whoever held them hears of no
//! more of them, by no way, and is asked about none.

use serde_json::Value;

use crate::{
    builders::{hit, notified, provider},
    centre::{Centre, on_both_engines},
    hook::Hook,
    machines::Machine,
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const BLOCK: &str = "192.0.2.0/25";
const SHOWN: &str = "192.0.2.9";
const NEVER_SHOWN: [&str; 2] = ["192.0.2.7", "192.0.2.8"];

/// A list of three lines of isp-a.
fn is_listed(centre: &Centre) -> String {
    centre.serves(&[provider("isp-a", "static", BLOCK), provider("isp-b", "static", "")]);
    is_found(centre);
    centre.prepares("isp-a").unwrap()
}

fn is_found(centre: &Centre) {
    centre.takes(&[
        hit("r1", MARCH, NEVER_SHOWN[0]),
        hit("r1", MARCH, NEVER_SHOWN[1]),
        // The latest, which a question for one event gets.
        hit("r1", "2026-03-31T10:00:00+09:00", SHOWN),
    ]);
}

/// That day the register learns that the addresses were isp-b's before anything was seen there.
fn passes_on(centre: &mut Centre, day: &str) {
    centre.on(day);
    centre.registers(&[
        provider("isp-a", "static", BLOCK).with("valid_to", "2026-03-01"),
        provider("isp-b", "static", BLOCK).with("valid_from", "2026-03-01"),
    ]);
}

#[track_caller]
fn says_nothing_of_the_rest(text: &str) {
    for ip in NEVER_SHOWN {
        assert!(!text.contains(&format!("{ip}\"")) && !text.contains(&format!("{ip},")), "{text}");
    }
}

/// Lines without a report of the one list that is asked about, and of how many.
fn asked_about(centre: &Centre) -> Option<(i64, i64)> {
    let chased = centre.does(&["isp", "chase"]).lines;
    let list = chased.iter().find(|one| one["notice"].is_string())?;
    Some((list["unreported"].as_i64().unwrap(), list["lines"].as_i64().unwrap()))
}

on_both_engines! {
    fn of_a_list_that_was_asked_for_in_part_the_rest_leaves_with_the_addresses(centre) {
        let list = is_listed(&centre);
        let token = centre.token_of("isp-a");
        let events = "/api/v1/report/inside.sjson?time.min=2026-03-01T00:00:00Z";
        {
            let site = centre.opens_its_site();
            let part = Machine::with(&site, &token).gets(&format!("{events}&opt.limit=1")).text();
            assert!(part.contains(SHOWN), "{part}");
            says_nothing_of_the_rest(&part);
        }
        passes_on(&mut centre, "2026-04-02");
        {
            let site = centre.opens_its_site();
            let machine = Machine::with(&site, &token);
            let told = machine.gets(events);
            assert_eq!(told.json()["status"], "delisted", "it learns that what it has is void");
            says_nothing_of_the_rest(&told.text());
            let whole = machine.gets(&format!("/api/v1/lists/{list}?format=jsonl"));
            assert_eq!((&whole.json()["ip"], &whole.json()["action"]),
                (&SHOWN.into(), &"withdrawn".into()));
            says_nothing_of_the_rest(&whole.text());
        }
        assert_eq!(centre.is_clean()["ok"], true);
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "a wrong file"]);
        let again = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.lines_of(&again).len(), 2, "undone, what left the list waits again");
        assert_eq!(centre.lines_of(&list)[0]["action"], "new");
    }

    fn objects_that_no_client_was_given_leave_the_collection_with_the_addresses(centre) {
        is_listed(&centre);
        let token = centre.token_of("isp-a");
        let objects = "/taxii2/lists/collections/lists/objects/?match[version]=all";
        let next = {
            let site = centre.opens_its_site();
            // What all lines share, then an address and what was seen there: the first line alone.
            let page = Machine::with(&site, &token).gets(&format!("{objects}&limit=6"));
            assert!(page.text().contains(&format!("{}\"", NEVER_SHOWN[0])), "{}", page.text());
            page.json()["next"].as_str().unwrap().to_owned()
        };
        passes_on(&mut centre, "2026-04-02");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        for path in [objects.to_owned(), format!("{objects}&next={next}")] {
            let page = machine.gets(&path);
            assert_eq!(page.status, 200, "{}", page.text());
            for ip in [NEVER_SHOWN[1], SHOWN] {
                assert!(!page.text().contains(&format!("{ip}\"")), "{}", page.text());
            }
            let all = page.json()["objects"].as_array().cloned().unwrap_or_default();
            let revoked = all.iter().filter(|one| one["revoked"] == true).count();
            assert_eq!(revoked, 1, "what was given is void: {all:?}");
        }
        let manifest = machine.gets("/taxii2/lists/collections/lists/manifest/?match[version]=all");
        let known = manifest.json()["objects"].as_array().unwrap().len();
        let given = machine.gets(objects).json()["objects"].as_array().unwrap().len();
        assert_eq!(known, given);
        drop(site);
        assert_eq!(centre.is_clean()["ok"], true);
    }

    fn what_two_lines_share_stays_in_the_collection_when_one_of_them_leaves(centre) {
        centre.serves(&[provider("isp-a", "static", BLOCK)]);
        centre.takes(&[hit("r1", MARCH, "192.0.2.20")]);
        let wrong = [hit("r2", MARCH, "192.0.2.7"), hit("r2", MARCH, "192.0.2.8")];
        centre.takes(&wrong);
        let list = centre.prepares("isp-a").unwrap();
        // Another weakness at an address of the file that is taken back.
        let other = hit("r3", MARCH, "192.0.2.8").with("port", 22).with("application", "ssh");
        let bytes = crate::builders::csv(&[other]);
        centre.ingests(crate::actors::SCANNER, "other.csv", bytes);
        centre.prepares("isp-a").unwrap();
        let token = centre.token_of("isp-a");
        let objects = "/taxii2/lists/collections/lists/objects/";
        {
            let site = centre.opens_its_site();
            let manifest = Machine::with(&site, &token)
                .gets("/taxii2/lists/collections/lists/manifest/");
            assert_eq!(manifest.status, 200, "{}", manifest.text());
        }
        let files = centre.does(&["feed", "files", "--feed", crate::actors::SCANNER]).lines;
        let of_two = files.iter().find(|file| file["rows"] == 2).unwrap_or_else(|| {
            panic!("no file of two rows: {files:?}")
        });
        let id = of_two["sha256"].as_str().unwrap();
        centre.does(&["feed", "withdraw", id, "--by", "desk-1", "--reason", "a wrong list"]);
        assert_eq!(centre.lines_of(&list).len(), 1, "nobody was told of the others");
        let site = centre.opens_its_site();
        let page = Machine::with(&site, &token).gets(objects);
        let all = page.json()["objects"].as_array().unwrap().clone();
        let ids: Vec<&Value> = all.iter().map(|one| &one["id"]).collect();
        for one in &all {
            for wanted in one["object_refs"].as_array().into_iter().flatten() {
                assert!(ids.contains(&wanted), "{wanted} is gone: {all:?}");
            }
        }
        assert!(page.text().contains("192.0.2.8\""), "{}", page.text());
        assert!(!page.text().contains("192.0.2.7\""), "{}", page.text());
    }

    fn a_message_that_waits_tells_nothing_of_what_is_another_providers_by_now(centre) {
        let hook = Hook::start();
        centre.serves(&[provider("isp-a", "static", BLOCK), provider("isp-b", "static", "")]);
        let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "webhook", "--form"];
        let to = ["jsonl", "--to", &hook.url(), "--allow-private"];
        centre.does(&[&set[..], &to[..]].concat());
        is_found(&centre);
        centre.prepares("isp-a").unwrap();
        hook.answers(&["503 No\r\n"]);
        assert_eq!(centre.tries(&["notice", "send"]).one()["state"], "waiting");
        passes_on(&mut centre, "2026-04-02");
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "withdrawn");
        assert_eq!(hook.posted().len(), 1, "nothing more was sent");
        assert_eq!(centre.is_clean()["ok"], true);
    }

    fn a_message_that_waits_tells_what_was_taken_back_meanwhile(centre) {
        let hook = Hook::start();
        centre.serves(&[provider("isp-a", "static", BLOCK)]);
        let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "webhook", "--form"];
        let to = ["jsonl", "--to", &hook.url(), "--allow-private"];
        centre.does(&[&set[..], &to[..]].concat());
        is_found(&centre);
        centre.prepares("isp-a").unwrap();
        hook.answers(&["503 No\r\n", "503 No\r\n"]);
        for _ in 0..2 {
            centre.tries(&["notice", "send"]);
        }
        let table = centre.file("table.csv", "192.0.2.0,192.0.2.255,64500,Network\n");
        centre.does(&["networks", "import", &table, "--yes"]);
        hook.answers(&["503 No\r\n"]);
        centre.tries(&["notice", "send"]);
        let posted = hook.posted();
        assert!(posted.iter().all(|one| one.body == posted[0].body), "nothing of it changed");
        centre.withdraws_last();
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        let last = hook.posted().pop().unwrap();
        assert_eq!(last.header["idempotency-key"], posted[0].header["idempotency-key"]);
        for line in String::from_utf8(last.body).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["action"], "withdrawn", "nobody is warned by it: {line}");
        }
    }

    fn nobody_is_asked_about_what_is_another_providers_by_now_nor_may_report_on_it(centre) {
        let list = is_listed(&centre);
        centre.exports(&list, "csv");
        centre.on("2026-05-20");
        assert_eq!(asked_about(&centre), Some((3, 3)), "the day to report by is over");
        passes_on(&mut centre, "2026-05-21");
        assert_eq!(asked_about(&centre), None);
        let figures = centre.does(&["isp", "figures", "--isp", "isp-a"]);
        assert_eq!(figures.one()["no_report"], 0, "{figures:?}");
        let report = [notified(&list, 1, "2026-05-01T10:00:00+09:00")];
        let file = centre.file("report.csv", crate::builders::csv(&report));
        for more in [&["--dry-run"][..], &[]] {
            let import = ["report-back", "import", "--isp", "isp-a", &file];
            let answer = centre.tries(&[&import, more].concat());
            assert_eq!(answer.number("accepted"), 0, "{answer:?}");
            let why = answer.one()["errors"].to_string();
            assert!(why.contains("withdrawn"), "{why}");
        }
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "a wrong file"]);
        assert_eq!(asked_about(&centre), Some((3, 3)), "undone, nothing of it is left");
    }

    fn what_was_being_looked_into_and_is_taken_back_is_asked_about_no_more(centre) {
        let list = is_listed(&centre);
        centre.exports(&list, "csv");
        let at = "2026-04-01T08:00:00+09:00";
        let pending = notified(&list, 1, at).with("state", "pending")
            .with("notice_channel", "").with("notice_at", "").with("identified", "");
        centre.reports("isp-a", &[pending]);
        centre.withdraws_last();
        centre.on("2026-05-20");
        assert_eq!(asked_about(&centre), None);
    }
}
