//! A TAXII collection, read from a real server: page by page, and on from where it stood.

use serde_json::Value;

use super::{came, fault};
use crate::{
    centre::{Answer, Centre, on_both_engines},
    peers::{COLLECTION, Medallion, READER, object},
};

fn ready(centre: &Centre, server: &Medallion, options: &[&str]) {
    centre.is_ready();
    let secret = centre.secret("taxii.toml", READER);
    let discovery = server.discovery();
    let usual = [
        "--discovery",
        &discovery,
        "--allow-private",
        "--secret-file",
        &secret,
        "--page-size",
        "2",
    ];
    centre.has_way("taxii", &[&usual, options].concat());
}

/// The ids of all objects that came, page by page.
fn objects(centre: &Centre) -> Vec<Value> {
    let pages = centre.archived().into_iter().map(|(name, raw)| {
        assert!(name.starts_with(&format!("taxii-{COLLECTION}-2026-")), "{name}");
        serde_json::from_slice::<Value>(&raw).unwrap()
    });
    let mut all: Vec<Value> =
        pages.flat_map(|page| page["objects"].as_array().unwrap().clone()).collect();
    all.sort_by_key(|object| object["id"].to_string());
    all
}

/// Pages that came, whether or not they can be read: a feed of scan lists reads no STIX.
fn pages(answer: &Answer) -> i64 {
    assert_eq!(answer.one()["fault"], Value::Null, "{answer:?}");
    came(answer.one()).iter().sum()
}

on_both_engines! {
    fn all_pages_come_and_then_only_what_is_new(centre) {
        let Some(server) = Medallion::start(5) else { return };
        ready(&centre, &server, &["--collection", "Detections"]);
        assert_eq!(pages(&centre.runs_way("taxii")), 3);
        assert_eq!(objects(&centre), (0..5).map(object).collect::<Vec<_>>());
        assert_eq!(pages(&centre.runs_way("taxii")), 0);
        server.gets(5);
        server.gets(6);
        server.gets(7);
        assert_eq!(pages(&centre.runs_way("taxii")), 2);
        assert_eq!(objects(&centre), (0..8).map(object).collect::<Vec<_>>());
        assert_eq!(pages(&centre.runs_way("taxii")), 0);
    }

    fn filters_and_a_first_time_narrow_what_comes(centre) {
        let Some(server) = Medallion::start(6) else { return };
        ready(&centre, &server, &["--collection", COLLECTION,
            "--added-after", "2026-03-01T00:00:00Z"]);
        assert_eq!(pages(&centre.runs_way("taxii")), 2);
        assert_eq!(objects(&centre), (2..6).map(object).collect::<Vec<_>>());
        let discovery = server.discovery();
        let secret = centre.desk().join("taxii.toml");
        let one = format!("match[id]={}", object(0)["id"].as_str().unwrap());
        centre.has_way("taxii", &["--name", "one", "--discovery", &discovery, "--allow-private",
            "--secret-file", secret.to_str().unwrap(), "--collection", COLLECTION,
            "--filter", &one]);
        assert_eq!(pages(&centre.runs_way("one")), 1);
        assert_eq!(objects(&centre)[0], object(0));
        assert_eq!(objects(&centre).len(), 5);
    }
}

#[test]
fn a_server_that_does_not_give_what_is_asked_for_is_told_so() {
    let Some(server) = Medallion::start(1) else { return };
    let centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    ready(&centre, &server, &["--collection", "Nothing"]);
    let answer = centre.runs_way("taxii");
    assert!(fault(answer.one()).contains("has no collection `Nothing`"), "{answer:?}");
    centre.secret("taxii.toml", "token = \"geheim\"\n");
    let answer = centre.runs_way("taxii");
    assert!(fault(answer.one()).contains("look at the secret file (status 401)"), "{answer:?}");
    let discovery = server.discovery();
    centre.has_way(
        "taxii",
        &[
            "--name",
            "lost",
            "--discovery",
            &discovery,
            "--allow-private",
            "--collection",
            "Detections",
            "--api-root",
            &discovery.replace("taxii2", "nowhere"),
        ],
    );
    centre.secret("taxii.toml", READER);
    let answer = centre.runs_way("lost");
    assert_eq!(answer.status, 1, "{answer:?}");
    assert!(centre.archived().is_empty());
}
