//! The names senders give a feed or an identifier, and the type of report they stand for.

use crate::shadowserver::{ReportType, report_type};

/// Names that no rule leads to today's name of the type, in alphabetical order.
const ALIASES: [(&str, &str); 10] = [
    ("accessible_http_proxy", "population_http_proxy"),
    ("http_microsoft_sinkhole", "event4_microsoft_sinkhole_http"),
    ("microsoft_sinkhole_http", "event4_microsoft_sinkhole_http"),
    ("open_anonymous_mqtt", "scan_mqtt_anon"),
    ("open_db2_discovery", "scan_db2"),
    ("open_db2_discovery_service", "scan_db2"),
    ("open_ldap_tcp", "scan_ldap_tcp"),
    ("open_ldap_udp", "scan_ldap_udp"),
    ("open_resolver", "scan_dns"),
    ("openresolver", "scan_dns"),
];

/// Words that say nothing of the type.
const NOISE: [&str; 6] = ["shadowserver", "events", "event", "ipv4", "ipv6", "report"];

/// The type of report a name stands for, if a table lists it. `transport` tells LDAP over TCP from
/// LDAP over UDP, of which only the latter amplifies.
pub(super) fn report(name: &str, transport: Option<&str>) -> Option<ReportType> {
    let name = plain(name);
    let today = |name: &str| ReportType::named(name).filter(|report| report.listed);
    if matches!(name.as_str(), "ldap" | "open_ldap" | "accessible_ldap") {
        return today(if transport == Some("tcp") { "scan_ldap_tcp" } else { "scan_ldap_udp" });
    }
    if let Some((_, name)) = ALIASES.iter().find(|(other, _)| *other == name) {
        return today(name);
    }
    if name == "dns_open_resolver" {
        return today("scan_dns");
    }
    // A plain `vulnerable_smtp` is more than an open one.
    let vulnerable = name.strip_prefix("vulnerable_");
    vulnerable
        .and_then(|name| today(&format!("scan_{name}_vulnerable")))
        .or_else(|| today(&name))
        .or_else(|| today(&format!("event4_{name}")))
}

/// The type of report a delivered file name stands for, if a table lists it.
pub(super) fn report_of_file(name: &str) -> Option<ReportType> {
    report_type(name).filter(|report| report.listed)
}

/// Lower case, `_` between words, without [`NOISE`].
pub(super) fn plain(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|w| !w.is_empty() && !NOISE.contains(w)).collect();
    words.join("_")
}
