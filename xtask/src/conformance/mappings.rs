//! Mappings for senders' lists in CSV: those that IntelMQ's tests state, in our words, and those
//! that we write for a list of known shape.

use anyhow::Result;
use formats::mapped_csv::{Columns, Mapping, Required};
use serde_json::Value;

use super::samples::{list, text};

/// Spamhaus' list of infected addresses; what the address does is the family or an activity.
const SPAMHAUS: &str = r#"
skip_header = true
zone = "UTC"
time_format = "epoch"
columns = ["ip", "asn", "__IGNORE__", "detected_at", "malware_family", "extra.domain", "peer_ip",
    "peer_port", "port", "proto"]
columns_required = [true, true, false, true, true, false, false, false, false, false]
constants = { exposure = "infected/feed" }
column_regex_search = { asn = "[0-9]+" }
"#;

/// Team Cymru's list of what it saw of addresses.
const CYMRU: &str = r#"
delimiter = "|"
skip_header = true
zone = "UTC"
columns = ["exposure", "ip", "asn", "detected_at", "extra.comments", "__IGNORE__"]

[type_translation]
bots = "infected/bots"
bruteforce = "infected/brute_force"
openresolvers = "amplifier/dns"
proxy = "exposed_service/openproxy"
spam = "infected/spam"
"#;

/// CERT-EU's list: most of it is about pages.
const CERT_EU: &str = r#"
zone = "UTC"

[columns]
"source ip" = "ip"
"source time" = "detected_at"
"source port" = "port"
"source asn" = "asn"
"type" = "exposure"

[type_translation]
"malware url" = "infected/malware_url"
"#;

/// Zone-H's lists of defaced sites: the server is in a stranger's hand.
const ZONE_H: &str = r#"
zone = "UTC"
constants = { exposure = "infected/compromised_website" }
column_regex_search = { hostname = "[a-z0-9-]+([.][a-z0-9-]+)+" }

[columns]
"add_date" = "detected_at"
"ip_address" = "ip"
"domain" = "hostname"
"#;

/// AbuseHub's own CSV, whose times are Dutch and do not say so.
const ABUSE_HUB: &str = r#"
zone = "+01:00"
constants = { exposure = "infected/sinkhole" }

[columns]
"infection_type" = "malware_family"
"event_date" = "detected_at"
"event_time" = "detected_at"
"src_asn" = "asn"
"src_ip" = "ip"
"src_port" = "port"
"protocol" = "proto"
"dst_ip" = "peer_ip"
"dst_port" = "peer_port"
"src_hostname" = "hostname"
"#;

/// The mapping of AbuseHub's CSV.
pub(super) fn abusehub() -> Result<Mapping> {
    Ok(toml::from_str(ABUSE_HUB)?)
}

/// The mapping for the input of a bundle of that name, if it is a list in CSV.
pub(super) fn of(name: &str, parameters: &Value) -> Result<Option<Mapping>> {
    if name.starts_with("generic__") {
        return Ok(Some(generic(name, parameters)));
    }
    let mapping = match name.split_once("__") {
        Some(("spamhaus", _)) => SPAMHAUS,
        Some(("cymru", _)) => CYMRU,
        Some(("cert_eu", _)) => CERT_EU,
        Some(("zoneh", _)) => ZONE_H,
        _ => return Ok(None),
    };
    Ok(Some(toml::from_str(mapping)?))
}

/// The parameters of IntelMQ's generic parser, with what it guesses and a mapping has to state.
fn generic(name: &str, parameters: &Value) -> Mapping {
    let mut mapping = translated(parameters);
    if name.ends_with("csv_invalid_values.json") {
        // The times of Apache's log, and a name of a host that is none.
        mapping.time_format = Some("%d/%b/%Y:%H:%M:%S %z".to_owned());
        mapping.columns_required = Some(Required::Flags(vec![true, true, false]));
    }
    mapping
}

fn translated(parameters: &Value) -> Mapping {
    let names = list(parameters, "columns").filter_map(Value::as_str);
    let mut mapping = Mapping::of(Columns::ByPosition(names.map(field).collect()));
    parameters["delimiter"].as_str().unwrap_or(",").clone_into(&mut mapping.delimiter);
    mapping.skip_header = parameters["skip_header"].as_bool().unwrap_or(false);
    mapping.time_format = text(parameters, "time_format");
    mapping.zone = Some("UTC".to_owned());
    for (name, pattern) in parameters["column_regex_search"].as_object().into_iter().flatten() {
        let pattern = pattern.as_str().unwrap_or_default().to_owned();
        mapping.column_regex_search.insert(field(name), pattern);
    }
    let words = text(parameters, "type_translation").and_then(|t| serde_json::from_str(&t).ok());
    let words: Value = words.unwrap_or_default();
    for (word, class) in words.as_object().into_iter().flatten() {
        let exposure = exposure(class.as_str().unwrap_or_default());
        mapping.type_translation.insert(word.clone(), exposure.to_owned());
    }
    let class = text(parameters, "type").unwrap_or_default();
    mapping.constants.insert("exposure".to_owned(), exposure(&class).to_owned());
    mapping
}

/// What a class of IntelMQ's is in our words.
fn exposure(class: &str) -> &'static str {
    match class {
        "malware-distribution" => "infected/malware_url",
        _ => "infected/feed",
    }
}

/// The field of ours for a column of IntelMQ's.
fn field(name: &str) -> String {
    let ours = match name {
        "time.source" => "detected_at",
        "source.ip" => "ip",
        "source.port" => "port",
        "source.asn" => "asn",
        "source.fqdn" => "hostname",
        "destination.ip" => "peer_ip",
        "destination.port" => "peer_port",
        "malware.name" => "malware_family",
        "classification.type" => "exposure",
        "__IGNORE__" => name,
        other => return format!("extra.{}", other.strip_prefix("extra.").unwrap_or(other)),
    };
    ours.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mapping_of_ours_can_be_read() {
        for name in ["spamhaus__a", "cymru__a", "cert_eu__a", "zoneh__a"] {
            assert!(of(name, &Value::Null).unwrap().is_some(), "{name}");
        }
        assert!(of("own__a", &Value::Null).unwrap().is_none());
    }
}
