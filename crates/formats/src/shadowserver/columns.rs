//! What each column of a report means: resolved once from the header, by name, for every row.

use std::sync::Arc;

use crate::{FileRefused, credentials};

/// Context columns dropped on purpose, under each of [`SIDES`]: where the address is thought to
/// be, and the trade of its holder. Todoke looks both up itself, and the raw file is archived.
pub const DROPPED: [&str; 8] =
    ["geo", "region", "city", "naics", "sic", "sector", "hostname_source", "country"];

/// Beginnings that say whose context a column is. `asn` is dropped for the other sides only.
pub const SIDES: [&str; 7] = ["", "src_", "dst_", "dest_", "cc_", "http_referer_", "device_"];

/// Where the address of the device stands; the first one in the header counts.
const ADDRESSES: [&str; 3] = ["ip", "src_ip", "http_referer_ip"];
/// The port on the device.
const PORTS: [&str; 3] = ["port", "src_port", "http_referer_port"];
/// The transport protocol; old reports say it in `type`.
const PROTOCOLS: [&str; 2] = ["protocol", "type"];
/// The other side: sensor, sinkhole or command server.
const PEER_ADDRESSES: [&str; 4] = ["dst_ip", "dest_ip", "cc_ip", "cc"];
/// The port on the other side.
const PEER_PORTS: [&str; 3] = ["dst_port", "dest_port", "cc_port"];

/// Columns the current reports have in all types that this reader looks at.
const EXPECTED: [&str; 1] = ["severity"];

/// What becomes of a cell.
#[derive(Debug, Clone)]
pub(super) enum Slot {
    /// Nothing: a key column, a context column, a credential.
    Skip,
    Severity,
    Asn,
    Hostname,
    Tag,
    Family,
    Infection,
    Vendor,
    DeviceType,
    Model,
    Firmware,
    Certificate,
    HostKey,
    Serial,
    /// Kept under its name.
    Extra(Arc<str>),
}

/// Where the columns without which no row can be read stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) time: usize,
    pub(super) ip: Option<usize>,
    pub(super) port: Option<usize>,
    pub(super) proto: Option<usize>,
    pub(super) peer_ip: Option<usize>,
    pub(super) peer_port: Option<usize>,
}

/// The meaning of each column of one file.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) keys: Keys,
    pub(super) slots: Vec<Slot>,
    pub(super) withheld: Vec<bool>,
    pub(super) unknown: Vec<String>,
    pub(super) missing: Vec<String>,
}

/// Gives each column its meaning, or says why no row can be read under this header.
pub(super) fn resolve(names: Vec<String>) -> Result<Columns, FileRefused> {
    let needed = |n: &str| n == "timestamp" || ADDRESSES.contains(&n) || PORTS.contains(&n);
    let doubled = |at: usize| needed(&names[at]) && names[..at].contains(&names[at]);
    if let Some(at) = (0..names.len()).find(|at| doubled(*at)) {
        return Err(FileRefused::DuplicateColumn(names[at].clone()));
    }
    let missing = |name: &str| FileRefused::MissingColumn(name.to_owned());
    let at = |name: &str| names.iter().position(|n| n == name);
    let first = |list: &[&str]| list.iter().find_map(|name| at(name));
    let time = at("timestamp").ok_or_else(|| missing("timestamp"))?;
    let (ip, peer_ip) = (first(&ADDRESSES), first(&PEER_ADDRESSES));
    if ip.is_none() && peer_ip.is_none() {
        return Err(missing("ip"));
    }
    let keys = Keys {
        time,
        ip,
        port: first(&PORTS),
        proto: first(&PROTOCOLS),
        peer_ip,
        peer_port: first(&PEER_PORTS),
    };
    let taken = [Some(time), ip, keys.port, keys.proto, keys.peer_ip, keys.peer_port];
    let (mut slots, mut unknown) = (Vec::new(), Vec::new());
    let withheld: Vec<bool> = names.iter().map(|n| credentials::is_withheld(n)).collect();
    for (index, name) in names.iter().enumerate() {
        let repeated = names[..index].contains(name);
        let is_dropped = credentials::is_credential(name)
            || credentials::is_hardware_address(name)
            || is_dropped(name);
        slots.push(if taken.contains(&Some(index)) || is_dropped {
            Slot::Skip
        } else if let Some(slot) = meaning(name).filter(|_| !repeated) {
            slot
        } else {
            unknown.push(name.clone());
            Slot::Extra(Arc::from(name.as_str()))
        });
    }
    let missing = EXPECTED.iter().filter(|n| at(n).is_none()).map(|n| (*n).to_owned()).collect();
    Ok(Columns { names, keys, slots, withheld, unknown, missing })
}

/// Whether a column is context that is dropped on purpose.
pub fn is_dropped(name: &str) -> bool {
    SIDES.iter().any(|side| {
        name.strip_prefix(side).is_some_and(|rest| {
            DROPPED.contains(&rest) || (rest == "asn" && !matches!(*side, "" | "src_"))
        })
    })
}

fn meaning(name: &str) -> Option<Slot> {
    Some(match name {
        "severity" => Slot::Severity,
        "asn" | "src_asn" => Slot::Asn,
        "hostname" | "src_hostname" => Slot::Hostname,
        "tag" => Slot::Tag,
        "family" => Slot::Family,
        "infection" => Slot::Infection,
        "device_vendor" => Slot::Vendor,
        "device_type" => Slot::DeviceType,
        "device_model" => Slot::Model,
        "device_version" | "firmware" => Slot::Firmware,
        "sha256_fingerprint" => Slot::Certificate,
        "server_host_key_sha256" => Slot::HostKey,
        name if credentials::is_serial(name) => Slot::Serial,
        _ => return None,
    })
}
