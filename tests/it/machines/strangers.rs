//! A token of one provider opens nothing of another one, at any address that there is.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::{Got, Machine};
use crate::{
    builders::{csv, notified},
    centre::on_both_engines,
};

/// What stands for a part of an address: of the provider that asks, or of another one.
struct Names {
    list: String,
    object: String,
    collection: String,
}

/// Every address of machines of providers, with a place for what belongs to somebody. Those of the
/// API are read from its own description, so that none is forgotten.
fn addresses(described: &Value) -> Vec<String> {
    let api = described["paths"].as_object().unwrap();
    let api = api.iter().filter(|(path, _)| !path.starts_with("/api/v1/feeds/"));
    let mut all: Vec<String> =
        api.filter(|(_, ways)| ways.get("get").is_some()).map(|(path, _)| path.clone()).collect();
    assert!(all.len() >= 3, "{all:?}");
    let collection = "/taxii2/lists/collections/{id}/";
    for rest in ["", "manifest/", "objects/", "objects/{object}/", "objects/{object}/versions/"] {
        all.push(format!("{collection}{rest}"));
    }
    all.extend(["/taxii2/", "/taxii2/lists/", "/taxii2/lists/collections/"].map(str::to_owned));
    all
}

/// An address with these names in it, in each way of asking that shows lines.
fn filled(address: &str, names: &Names) -> Vec<String> {
    let plain = address
        .replace("{list_id}", &names.list)
        .replace("{id}", &names.collection)
        .replace("{object}", &names.object);
    match address {
        "/api/v1/report/{name}" => ["json", "sjson", "csv"]
            .map(|end| plain.replace("{name}", &format!("inside.{end}?time.min=2026-01-01")))
            .to_vec(),
        "/api/v1/lists/{list_id}" => ["csv", "jsonl", "intelmq", "xarf", "n6", "stix", "csv-sjis"]
            .map(|form| format!("{plain}?format={form}"))
            .to_vec(),
        _ if plain.ends_with("objects/") => {
            ["", "?match[version]=all", "?limit=3"].map(|end| format!("{plain}{end}")).to_vec()
        }
        _ => vec![plain],
    }
}

on_both_engines! {
    fn no_address_shows_a_line_of_another_provider(centre) {
        let lists = centre.has_lists();
        let tokens = ["isp-a", "isp-b"].map(|isp| centre.token_of(isp));
        let site = centre.opens_its_site();
        let machines = tokens.each_ref().map(|token| Machine::with(&site, token));
        let described = machines[0].gets("/api/openapi.json").json();
        let names: Vec<Names> = lists.iter().zip(&machines).map(|(list, machine)| {
            let all = machine.gets("/taxii2/lists/collections/").json();
            let collection = all["collections"][0]["id"].as_str().unwrap().to_owned();
            let objects = format!("/taxii2/lists/collections/{collection}/objects/");
            let objects = machine.gets(&format!("{objects}?match[type]=sighting")).json();
            let object = objects["objects"][0]["id"].as_str().unwrap().to_owned();
            Names { list: list.clone(), object, collection }
        }).collect();
        // What nobody but its provider may ever see: addresses, inquiry IDs, names of lists.
        let secrets = lists.each_ref().map(|list| {
            let lines = centre.lines_of(list);
            let mut secrets: HashSet<String> =
                lines.iter().flat_map(|l| [l["ip"].clone(), l["inquiry_id"].clone()]).collect();
            secrets.insert(list.clone());
            secrets
        });
        let mut asked = 0;
        for (own, machine) in machines.iter().enumerate() {
            let other = 1 - own;
            let shows = |got: &Got, whose: usize| {
                secrets[whose].iter().filter(|secret| got.text().contains(*secret)).count()
            };
            let mut shown = 0;
            for address in addresses(&described) {
                let belongs = ["{list_id}", "{id}", "{object}"].iter().any(|p| address.contains(p));
                for path in filled(&address, &names[own]) {
                    let got = machine.gets(&path);
                    assert_eq!(got.status, 200, "{path}: {}", got.text());
                    assert_eq!(shows(&got, other), 0, "{path}");
                    shown += shows(&got, own);
                    asked += 1;
                }
                // A mixture: one's own collection, and an object of another one's.
                let mixed = Names {
                    object: names[other].object.clone(),
                    collection: names[own].collection.clone(),
                    list: names[other].list.clone(),
                };
                let mixed = address.contains("{object}").then_some(&mixed);
                for strange in [Some(&names[other]), mixed].into_iter().flatten() {
                    for path in filled(&address, strange).into_iter().filter(|_| belongs) {
                        let got = machine.gets(&path);
                        assert_eq!(got.status, 404, "{path}: {}", got.text());
                        assert_eq!(shows(&got, other), 0, "{path}");
                        asked += 1;
                    }
                }
            }
            assert!(shown > 10, "the search itself works: {shown}");
            let after = machine.gets(&format!("/api/v1/lists?after={}", lists[other]));
            assert_eq!(after.status, 404);
            let row = notified(&lists[other], 1, "2026-04-01T08:00:00+09:00");
            let told = machine.posts("/api/v1/report-back", &csv(&[row])).json();
            assert_eq!(told["accepted"], 0, "{told}");
        }
        println!("{asked} questions");
        for (list, own) in lists.iter().zip(["isp-a", "isp-b"]) {
            assert_eq!(centre.standing(list)["reported"], 0, "{own}");
        }
    }

    fn without_a_good_token_of_a_provider_nothing_opens(centre) {
        let lists = centre.has_lists();
        let token = centre.token_of("isp-a");
        let feed = ["token", "add", "--feed", crate::actors::SCANNER, "--by", "an administrator"];
        let feed = centre.does(&feed).one()["token"].as_str().unwrap().to_owned();
        let gone = centre.does(&["token", "add", "--isp", "isp-a", "--by", "an administrator"]);
        let (gone, id) = (&gone.one()["token"], &gone.one()["id"]);
        let (gone, id) = (gone.as_str().unwrap(), id.as_str().unwrap());
        centre.does(&["token", "withdraw", id, "--by", "an administrator"]);
        let site = centre.opens_its_site();
        let basic = |user: &str, password: &str| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        };
        let described = Machine::with(&site, &token).gets("/api/openapi.json").json();
        let names = Names {
            list: lists[0].clone(),
            object: "sighting--x".to_owned(),
            collection: "lists".to_owned(),
        };
        let shown = [
            String::new(), format!("Bearer {feed}"), format!("Bearer {gone}"), "Bearer".to_owned(),
            basic("isp-a", "guessed"), basic(&token, ""),
            format!("Digest {token}"), token.clone(),
        ];
        for authorization in &shown {
            let machine = Machine::showing(&site, authorization);
            for path in addresses(&described).iter().flat_map(|path| filled(path, &names)) {
                let got = machine.gets(&path);
                assert_eq!(got.status, 401, "{authorization} {path}: {}", got.text());
                assert!(got.header("www-authenticate").contains("Bearer"));
            }
            assert_eq!(machine.posts("/api/v1/report-back", "x").status, 401);
        }
        for authorization in [basic("isp-a", &token), format!("bearer {token}")] {
            let machine = Machine::showing(&site, &authorization);
            assert_eq!(machine.gets("/api/v1/lists").status, 200, "{authorization}");
            assert_eq!(machine.gets("/taxii2/").status, 200, "{authorization}");
        }
    }
}
