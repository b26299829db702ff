//! IntelMQ's other feeds: their inputs to our reader of that type, and IntelMQ's events of them to
//! our reader of events.

use std::io::Cursor;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use formats::{Detection, intelmq, mapped_csv, n6, stamp};
use serde_json::Value;

use super::intelmq::{compare, utc};
use super::mappings;
use super::outcome::{Outcome, Taken};
use super::samples::{READING, Samples, list, name_of, read, taken, text};

const FOLDER: &str = "intelmq-other-feeds";

/// The events that IntelMQ's tests expect of its other feeds, given to our reader of events.
pub(super) fn events(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for file in samples.files(FOLDER, &[".json"])? {
        let mut outcome = Outcome::of(format!("intelmq-events/{}", name_of(&file)));
        for (row, event) in (1..).zip(expected(&samples.json(&file)?)) {
            outcome.records += 1;
            let rows = read("IntelMQ", intelmq::open, event.to_string().into_bytes());
            outcome.take(&rows);
            if let Some(Ok(ours)) = rows.first() {
                compare(&mut outcome, row, &event, ours);
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The events of a bundle. Some of its members are lists of them, and one may be what all of a
/// list have in common.
fn expected(bundle: &Value) -> Vec<Value> {
    let members = || bundle["expected"].as_object().into_iter().flatten();
    let common = members().find(|(name, _)| name.ends_with("_TEMPL")).map(|(_, event)| event);
    let whole = |part: &Value| {
        let mut event = common.cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        if let (Some(event), Some(part)) = (event.as_object_mut(), part.as_object()) {
            event.extend(part.clone());
        }
        event
    };
    let events = members().filter(|(name, _)| !name.ends_with("_TEMPL"));
    let events =
        events.flat_map(|(_, one)| one.as_array().map_or(vec![one], |l| l.iter().collect()));
    events.map(whole).collect()
}

/// The inputs of those feeds to the reader of their type: n6's records, and lists in CSV by a
/// mapping.
pub(super) fn inputs(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for file in samples.files(FOLDER, &[".json"])? {
        let name = name_of(&file);
        let bundle = samples.json(&file)?;
        let mut outcome = Outcome::of(format!("feeds/{name}"));
        let mapping = mappings::of(name, &bundle["parameters"])?;
        let mut rows = Vec::new();
        for input in texts(&bundle)? {
            let input = Cursor::new(input.into_bytes());
            rows.extend(match &mapping {
                Some(mapping) => {
                    taken("CSV by a mapping", mapped_csv::open(mapping, input, READING))
                }
                None if name.starts_with("n6__") => taken("n6", n6::open(input, READING)),
                None => {
                    outcome.refuse("no_reader", "no reader of ours takes this type of input");
                    continue;
                }
            });
        }
        if !rows.is_empty() {
            outcome.take(&rows);
            against(&mut outcome, &expected(&bundle), &rows);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The inputs of a bundle; where it holds none, they stand in its reports, in base64.
fn texts(bundle: &Value) -> Result<Vec<String>> {
    let plain: Vec<String> = list(bundle, "inputs").filter_map(|one| text(one, "text")).collect();
    if !plain.is_empty() {
        return Ok(plain);
    }
    let reports = bundle["reports"].as_object().into_iter().flatten();
    let raw = reports.filter_map(|(_, report)| text(report, "raw"));
    raw.map(|raw| String::from_utf8(STANDARD.decode(raw)?).context("a report is no text")).collect()
}

/// Compares each event with the first row, not yet taken by another, at its address and time.
fn against(outcome: &mut Outcome, events: &[Value], rows: &[Taken]) {
    let mut left: Vec<&Detection> = rows.iter().flatten().collect();
    let understood = left.len();
    for (number, event) in (1..).zip(events) {
        outcome.records += 1;
        let time = text(event, "time.source").map(|time| utc(&time));
        let ip = text(event, "source.ip");
        let same = |one: &&Detection| {
            ip == Some(one.ip.to_string()) && time == Some(stamp::utc(one.detected_at))
        };
        match left.iter().position(same) {
            Some(at) => compare(outcome, number, event, left.remove(at)),
            None => outcome.compare("row", number, "an event", "no row at its address and time"),
        }
    }
    outcome.compare("rows", 0, &events.len().to_string(), &understood.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_in_lists_are_events_too() {
        let bundle = json!({"expected": {
            "A": {"source.ip": "192.0.2.1"},
            "B": [{"source.ip": "192.0.2.2"}, {"source.ip": "192.0.2.3"}],
            "EVENT_TEMPL": {"feed.name": "Own"},
        }});
        let events = expected(&bundle);
        assert_eq!(events.len(), 3);
        assert!(events.iter().all(|event| event["feed.name"] == "Own"));
    }

    #[test]
    fn an_input_may_stand_in_its_report() {
        let bundle = json!({"inputs": [], "reports": {"A": {"raw": "YSxi"}}});
        assert_eq!(texts(&bundle).unwrap(), ["a,b"]);
    }

    #[test]
    fn each_row_answers_one_event() {
        let event = json!({
            "classification.type": "scanner", "source.ip": "192.0.2.7",
            "time.source": "2026-11-22T01:02:03+00:00",
        });
        let rows = read("IntelMQ", intelmq::open, event.to_string().into_bytes());
        let mut outcome = Outcome::of("own/a");
        against(&mut outcome, &[event.clone(), event], &rows);
        let fields: Vec<_> = outcome.differing.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["row", "rows"]);
    }
}
