//! A provider's collection, read by the client that the makers of TAXII publish.

use std::{collections::HashSet, process::Command};

use serde_json::Value;

use super::{MARCH, Machine};
use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
    peers::taxii_client,
    visitor::Site,
};

const MEDIA: &str = "application/taxii+json;version=2.1";

/// What the client sees; nothing where this run has none.
fn sees(site: &Site, isp: &str, token: &str, size: usize) -> Option<Value> {
    let python = taxii_client()?;
    let script = include_str!("../../support/taxii_client.py");
    let size = size.to_string();
    let args = ["-c", script, &site.url("/taxii2/"), isp, token, &size];
    let seen = Command::new(python).args(args).output().unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    Some(serde_json::from_slice(&seen.stdout).unwrap())
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

/// Id and version of each.
fn names(objects: &Value) -> Vec<(String, String)> {
    let text = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    list(objects).iter().map(|object| (text(object, "id"), text(object, "modified"))).collect()
}

/// The objects of a list, as the export has them.
fn exported(centre: &Centre, list: &str) -> Vec<Value> {
    let bundle: Value = serde_json::from_slice(&centre.exports(list, "stix")).unwrap();
    bundle["objects"].as_array().unwrap().clone()
}

/// Follows `next` over all versions, four a page: each once, so many in all.
#[track_caller]
fn every_version_stands_once(centre: &Centre, token: &str, wanted: usize) {
    let site = centre.opens_its_site();
    let machine = Machine::with(&site, token);
    let base = "/taxii2/lists/collections/lists/objects/?match[version]=all&limit=4";
    let (mut path, mut seen) = (base.to_owned(), Vec::new());
    loop {
        let page = machine.gets(&path).json();
        seen.extend(names(&page["objects"]));
        let Some(next) = page["next"].as_str().filter(|_| page["more"] == true) else { break };
        path = format!("{base}&next={next}");
    }
    assert_eq!(seen.len(), wanted);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), wanted, "each once: {seen:?}");
}

on_both_engines! {
    fn the_published_client_reads_every_object_once_page_by_page(centre) {
        let [first, other] = centre.has_lists();
        centre.takes(&[
            hit("r2", MARCH, "192.0.2.20"),
            // The same address with another weakness: the address itself is there already.
            hit("r2", MARCH, "192.0.2.7").with("port", 22).with("application", "ssh"),
        ]);
        let second = centre.prepares("isp-a").unwrap();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        for size in [7, 1_000] {
            let Some(seen) = sees(&site, "isp-a", &token, size) else { return };
            let names = names(&seen["objects"]);
            let ids: HashSet<&String> = names.iter().map(|(id, _)| id).collect();
            assert_eq!(ids.len(), names.len(), "each object once");
            let mut lists = [exported(&centre, &first), exported(&centre, &second)].concat();
            let expected: HashSet<String> = lists.iter().map(Value::to_string).collect();
            let found: HashSet<String> =
                list(&seen["objects"]).iter().map(Value::to_string).collect();
            assert_eq!(found, expected, "what the lists hold, and nothing else");
            lists.retain(|object| object["type"] == "sighting");
            assert_eq!(list(&seen["sightings"]).len(), lists.len());
            assert_eq!(lists.len(), 5);
            let text = seen["objects"].to_string();
            assert!(!text.contains("192.0.2.200") && !text.contains(&other), "another provider's");
            let manifest = list(&seen["manifest"]);
            let order: Vec<&str> =
                manifest.iter().map(|one| one["date_added"].as_str().unwrap()).collect();
            assert!(order.is_sorted_by(|one, next| one < next), "no two at one time: {order:?}");
            assert_eq!(manifest.len(), names.len());
            for (record, (id, modified)) in manifest.iter().zip(&names) {
                assert_eq!(record["id"].as_str(), Some(id.as_str()));
                let version = record["version"].as_str().unwrap();
                // What has no version has the time since when it is in.
                let added = record["date_added"].as_str().unwrap();
                assert_eq!(version, if modified.is_empty() { added } else { modified });
            }
            assert_eq!(seen["at_once"], names.len());
            let sizes = list(&seen["page_sizes"]);
            assert!(sizes[..sizes.len() - 1].iter().all(|one| *one == size), "{sizes:?}");
            assert_eq!(list(&seen["after"]).len(), 2, "what was added after is what is new");
            assert_eq!((list(&seen["one"]).len(), list(&seen["versions_of_one"]).len()), (1, 1));
            assert_eq!((&seen["can_read"], &seen["can_write"]), (&true.into(), &false.into()));
            assert_eq!(list(&seen["versions"]), &[Value::from(MEDIA)]);
            assert_eq!(list(&seen["old_stix"]).len(), 0);
            for (what, status) in [
                ("no_such_object", 404), ("no_such_collection", 404), ("write", 403),
                ("accept", 406), ("wrong_password", 401),
            ] {
                let told = &seen[what];
                let is = told == status || told.to_string().contains(&status.to_string());
                assert!(is, "{what}: {told}");
            }
        }
        assert_eq!(centre.standing(&first)["exports"], 2, "by machine, and by command");
        assert_eq!(centre.standing(&other)["exports"], 0);
        centre.is_clean();
    }

    fn a_line_that_is_taken_back_is_a_new_version_that_is_revoked(centre) {
        let [first, _] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let objects = "/taxii2/lists/collections/lists/objects/";
        let last = {
            let site = centre.opens_its_site();
            let got = Machine::with(&site, &token).gets(objects);
            assert_eq!(got.status, 200, "{}", got.text());
            got.header("x-taxii-date-added-last").to_owned()
        };
        centre.withdraws_last();
        centre.on("2026-04-02");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let new = machine.gets(&format!("{objects}?added_after={last}"));
        let new = new.json();
        let new = list(&new["objects"]);
        assert_eq!(new.len(), 3, "three sightings: {new:?}");
        assert!(new.iter().all(|one| one["type"] == "sighting" && one["revoked"] == true));
        let sighting = new[0]["id"].as_str().unwrap();
        let path = format!("{objects}{sighting}/");
        let versions = machine.gets(&format!("{path}versions/")).json();
        let versions = list(&versions["versions"]).clone();
        assert_eq!(versions.len(), 2);
        let of = |which: &str| {
            let got = machine.gets(&format!("{path}?match[version]={which}")).json();
            list(&got["objects"]).clone()
        };
        assert_eq!((of("all").len(), of("first").len(), of("last").len()), (2, 1, 1));
        assert_eq!(of("first")[0]["revoked"], Value::Null);
        assert_eq!(of("last")[0], new[0]);
        let stamps = versions.iter().map(|version| version.as_str().unwrap());
        for (version, object) in stamps.zip(of("all")) {
            assert_eq!(object["modified"].as_str(), Some(version));
            assert_eq!(of(version)[0], object);
        }
        // The next list says it too, under a name of its own.
        let told = exported(&centre, &first);
        assert_eq!(told.iter().filter(|object| object["revoked"] == true).count(), 3);
    }

    fn lines_that_turn_out_to_be_another_providers_are_revoked_and_what_was_given_stays(centre) {
        let [first, _] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let before = {
            let site = centre.opens_its_site();
            let Some(seen) = sees(&site, "isp-a", &token, 4) else { return };
            seen
        };
        centre.on("2026-04-02");
        // The register learns that the addresses had passed before anything was seen there.
        let gone = || provider("isp-a", "static", "198.51.100.0/24").with("asns", "64496");
        let holder = |prefix: &str| {
            provider("isp-b", "static", prefix).with("asns", "64497")
        };
        centre.registers(&[gone(), holder("192.0.2.128/25"), holder("192.0.2.0/25")]);
        let after = {
            let site = centre.opens_its_site();
            sees(&site, "isp-a", &token, 4).unwrap()
        };
        let sightings = |seen: &Value| -> Vec<Value> { list(&seen["sightings"]).clone() };
        let (told, revoked) = (sightings(&before), sightings(&after));
        assert_eq!((told.len(), revoked.len()), (3, 3));
        assert!(told.iter().all(|one| one["revoked"].is_null()));
        for one in &revoked {
            let old = told.iter().find(|old| old["id"] == one["id"]).unwrap();
            assert_eq!(one["revoked"], true, "{one}");
            assert!(one["modified"].as_str() > old["modified"].as_str(), "{one}");
            assert!(one["modified"].as_str().unwrap().starts_with("2026-04-02"), "{one}");
            assert_eq!(one["created"], old["created"]);
        }
        assert_eq!(list(&after["all_versions"]).len(), 2);
        let original = &list(&after["first_version"])[0];
        assert!(told.contains(original), "what was given stays as it was given: {original}");
        let plain = |seen: &Value| -> HashSet<String> {
            let all = list(&seen["objects"]).iter().filter(|one| one["type"] != "sighting");
            all.map(Value::to_string).collect()
        };
        assert_eq!(plain(&after), plain(&before), "observables and the rest are the same");
        let names = names(&after["objects"]);
        let ids: HashSet<&String> = names.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), names.len(), "the latest version of each object once");
        every_version_stands_once(&centre, &token, names.len() + 3);
        // Revoked is so for good, also where the register changes its mind again.
        centre.on("2026-04-03");
        centre.does(&["isp", "undo", "--by", "desk-1", "--reason", "a forged letter"]);
        every_version_stands_once(&centre, &token, names.len() + 3);
        let again = exported(&centre, &first);
        assert!(again.iter().all(|one| one["revoked"].is_null()), "the list has its first bytes");
        centre.is_clean();
    }

    fn what_a_client_must_not_ask_is_refused_as_taxii_says(centre) {
        centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let objects = "/taxii2/lists/collections/lists/objects/";
        let check = |path: &str, accept: &str, status: u16| {
            let got = machine.asks(path, &[("Accept", accept)]);
            assert_eq!(got.status, status, "{path} {accept}: {}", got.text());
            assert_eq!(got.header("content-type"), MEDIA, "{path}");
            if status != 200 {
                assert_eq!(got.json()["http_status"], status.to_string());
            }
        };
        check("/taxii2/", MEDIA, 200);
        check("/taxii2/", "application/json", 406);
        check(objects, "application/taxii+json;version=2.0", 406);
        check(&format!("{objects}?limit=-1"), MEDIA, 400);
        check(&format!("{objects}?next=xyz"), MEDIA, 400);
        check(&format!("{objects}?added_after=yesterday"), MEDIA, 400);
        check(&format!("{objects}?match[colour]=red"), MEDIA, 400);
        check("/taxii2/lists/status/1/", MEDIA, 404);
        check("/taxii2/other/", MEDIA, 404);
        check("/taxii2/lists/collections/other/", MEDIA, 404);
        let nobody = Machine::with(&site, "guessed").gets("/taxii2/");
        assert_eq!(nobody.status, 401);
        assert!(nobody.header("www-authenticate").contains("Basic"));
        check("/taxii2", MEDIA, 404);
        let posted = machine.posts("/taxii2/lists/", "{}");
        assert_eq!((posted.status, posted.header("allow")), (405, "GET,HEAD"));
        // The doors and the router speak TAXII there as well.
        for refused in [&nobody, &posted] {
            assert_eq!(refused.header("content-type"), MEDIA);
            assert_eq!(refused.json()["http_status"], refused.status.to_string());
        }
    }
}
