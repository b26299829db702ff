//! What stands around a sighting: how often, by whom, and how far it may be told.

use serde_json::Value;

use super::bundle::{Bundle, ids, text};
use crate::Detail;
use crate::json_value::{Fault, keep, keep_text};

/// How often, since when, by whom, and how far it may be told.
pub(super) fn keep_context(
    bundle: &Bundle,
    detail: &mut Detail,
    said: &Value,
    observed: &Value,
) -> Result<(), Fault> {
    let places = [
        (said, "count"),
        (said, "first_seen"),
        (said, "confidence"),
        (said, "labels"),
        (observed, "number_observed"),
        (observed, "first_observed"),
    ];
    for (object, key) in places {
        if let Some(value) = object.get(key) {
            keep(detail, key, value)?;
        }
    }
    let creator = text(said, "created_by_ref").and_then(|id| bundle.get(id));
    if let Some(name) = creator.and_then(|creator| text(creator, "name")) {
        keep_text(detail, "reporter", name)?;
    }
    let marks = ids(said, "object_marking_refs").chain(ids(observed, "object_marking_refs"));
    let mut levels: Vec<&str> = marks.filter_map(|id| tlp(bundle, id)).collect();
    levels.sort_unstable();
    levels.dedup();
    if levels.is_empty() { Ok(()) } else { keep_text(detail, "tlp", &levels.join(";")) }
}

/// The traffic light of a marking; the four of TLP 1 have ids that never change.
fn tlp<'a>(bundle: &'a Bundle, id: &'a str) -> Option<&'a str> {
    const FIXED: [(&str, &str); 4] = [
        ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
        ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
        ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
        ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
    ];
    let fixed = FIXED.iter().find(|(known, _)| *known == id).map(|(_, level)| *level);
    fixed.or_else(|| {
        let marking = bundle.get(id)?;
        let level = marking.get("definition").and_then(|definition| text(definition, "tlp"));
        // A marking that is not understood still limits: its name is kept, else its id.
        level.or(text(marking, "name")).or(Some(id))
    })
}
