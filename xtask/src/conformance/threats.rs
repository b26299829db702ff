//! What platforms for threats exchange: STIX bundles, the content of a TAXII server, MISP events.
//!
//! No peer says what should come of them, so they are counted: each row is read or refused, and
//! why it is refused stands on the page.

use anyhow::Result;
use formats::{misp, stix};
use serde_json::{Value, json};

use super::outcome::Outcome;
use super::samples::{Open, Samples, below, list, read};

/// All of them.
pub(super) fn all(samples: &Samples) -> Result<Vec<Outcome>> {
    let folders: [(&str, &str, &str, Open); 2] = [
        ("stix", "STIX", "stix-taxii/stix2-json-schemas/examples", stix::open),
        ("misp", "MISP", "misp", misp::open),
    ];
    let mut outcomes = Vec::new();
    for (peer, reader, folder, open) in folders {
        for file in samples.files(folder, &[".json"])? {
            let mut outcome = Outcome::of(format!("{peer}/{}", below(&file, folder)));
            outcome.take(&read(reader, open, samples.bytes(&file)?));
            outcomes.push(outcome);
        }
    }
    outcomes.push(taxii(samples)?);
    Ok(outcomes)
}

/// The content of a TAXII server: the objects of each collection as the envelope in which the
/// server would hand them out.
fn taxii(samples: &Samples) -> Result<Outcome> {
    let content = samples.json("stix-taxii/medallion/default_data.json")?;
    let mut outcome = Outcome::of("stix/medallion/default_data.json");
    for objects in collections(&content) {
        let envelope = json!({ "more": false, "objects": objects });
        outcome.take(&read("STIX", stix::open, envelope.to_string().into_bytes()));
    }
    Ok(outcome)
}

/// The objects of each collection of each API root that holds any.
fn collections(content: &Value) -> Vec<&Value> {
    let roots = content.as_object().into_iter().flatten().map(|(_, root)| root);
    let collections = roots.flat_map(|root| list(root, "collections"));
    let objects = collections.filter_map(|collection| collection.get("objects"));
    objects.filter(|objects| objects.as_array().is_some_and(|list| !list.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_objects_of_every_collection_are_found() {
        let content = json!({
            "discovery": {"title": "own"},
            "api": {"collections": [{"objects": []}, {"objects": [{"type": "indicator"}]}]},
        });
        assert_eq!(collections(&content).len(), 1);
    }
}
