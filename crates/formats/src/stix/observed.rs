//! Observed data: which of the observables in it is the device, and which the other side.

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::Value;

use super::bundle::{Bundle, ids, text};
use crate::json_value::{Fault, at};
use crate::{Proto, address};

/// One device as it was observed.
pub(super) struct Seen {
    pub(super) ip: Result<IpAddr, Fault>,
    pub(super) port: Option<u16>,
    pub(super) proto: Proto,
    pub(super) peer_ip: Option<IpAddr>,
    pub(super) peer_port: Option<u16>,
}

/// The devices among observables: the source of traffic, else each address.
pub(super) fn seen(bundle: &Bundle, observed: &Value) -> Vec<Seen> {
    let objects = || ids(observed, "object_refs").filter_map(|id| Some((id, bundle.get(id)?)));
    let ip = |id: Option<&str>| {
        let value = id.and_then(|id| text(bundle.get(id)?, "value")).unwrap_or_default();
        address::parse(value).map_err(|reason| at("value", reason))
    };
    let (mut seen, mut ends) = (Vec::new(), HashSet::new());
    for (_, traffic) in objects().filter(|(_, o)| text(o, "type") == Some("network-traffic")) {
        let (source, target) = (text(traffic, "src_ref"), text(traffic, "dst_ref"));
        ends.extend(source.into_iter().chain(target));
        let port = |key| {
            let port = traffic.get(key).and_then(Value::as_u64);
            port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
        };
        let named = |name: &str| ids(traffic, "protocols").any(|p| p.eq_ignore_ascii_case(name));
        let proto = match (named("tcp"), named("udp")) {
            (true, _) => Proto::Tcp,
            (false, true) => Proto::Udp,
            _ => Proto::Other,
        };
        let (peer_ip, peer_port) = (ip(target).ok(), port("dst_port"));
        seen.push(Seen { ip: ip(source), port: port("src_port"), proto, peer_ip, peer_port });
    }
    for (id, object) in objects() {
        let is_ip = matches!(text(object, "type"), Some("ipv4-addr" | "ipv6-addr"));
        if is_ip && !ends.contains(id) {
            let (port, proto) = (None, Proto::Other);
            seen.push(Seen { ip: ip(Some(id)), port, proto, peer_ip: None, peer_port: None });
        }
    }
    seen
}
