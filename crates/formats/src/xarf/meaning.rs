//! What a report says is wrong with the device, in the words the Shadowserver reader uses where
//! they mean the same.

use crate::json_value::{Fault, Object, keep};
use crate::shadowserver::ReportType;
use crate::{
    Detail, Detection, Exposure, Kind, Notes, Outcome, Proto, Reason, Severity, Weakness, address,
};

/// The meaning of a report: the exposure, and how grave it is where the report does not say.
pub(super) struct Meaning {
    pub(super) exposure: Exposure,
    pub(super) severity: Severity,
    pub(super) proto: Proto,
}

/// The report is about something, but not about a weak device.
pub(super) const fn no_device(why: &'static str) -> Reason {
    Reason::NotAboutDevice(why)
}

/// Attacks by a device: the word of the kind, and how grave.
pub(super) fn infected(kind: &str, severity: Severity) -> Meaning {
    let exposure = Exposure { weakness: Weakness::Infected, kind: Kind::bent(kind) };
    Meaning { exposure, severity, proto: Proto::Other }
}

/// A service on the device. Severity and protocol are those of the scan of that service.
pub(super) fn service(weakness: Weakness, name: &str) -> Meaning {
    let kind = Kind::bent(name);
    let scan = ReportType::named(&format!("scan_{kind}")).filter(|scan| scan.listed);
    let proto = scan.as_ref().map_or(Proto::Other, |scan| scan.proto);
    // How grave an open service is, says its scan; a password that is known is graver than any.
    let severity = match weakness {
        Weakness::WeakCredentials => Severity::Critical,
        Weakness::VulnerableFirmware => Severity::High,
        _ => scan.map_or(Severity::Medium, |scan| scan.severity),
    };
    Meaning { exposure: Exposure { weakness, kind }, severity, proto }
}

/// A service that reflected an attack, out of the word for the attack: `dns_amplification`.
pub(super) fn reflector(attack: &str) -> Option<Meaning> {
    let attack = attack.to_ascii_lowercase();
    let end = attack.find("amplification").or_else(|| attack.find("reflection"))?;
    let name = attack[..end].trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut meaning = service(Weakness::Amplifier, name);
    if meaning.proto == Proto::Other {
        meaning.proto = Proto::Udp;
    }
    Some(meaning)
}

/// The protocol a report names, if it is one of the two with ports.
pub(super) fn proto(word: Option<&str>) -> Option<Proto> {
    match word?.to_ascii_lowercase().as_str() {
        "tcp" => Some(Proto::Tcp),
        "udp" => Some(Proto::Udp),
        _ => None,
    }
}

/// A detection of this meaning, of which neither ports nor the other side are known yet.
pub(super) fn detection(
    meaning: Meaning,
    line: u64,
    ip: std::net::IpAddr,
    detected_at: i64,
) -> Detection {
    let mut detail = Detail::default();
    if address::is_special(ip) {
        detail.notes.add(Notes::SPECIAL_ADDRESS);
    }
    Detection {
        line,
        detected_at,
        ip,
        port: None,
        proto: meaning.proto,
        peer_ip: None,
        peer_port: None,
        exposure: meaning.exposure,
        outcome: Outcome::Detected,
        severity: meaning.severity,
        severity_from_row: false,
        detail,
    }
}

/// Takes the other side from its members. It is not what the report is about, so what cannot be
/// read there is kept as text.
pub(super) fn peer(
    detection: &mut Detection,
    report: &Object<'_>,
    [ip, port]: [&str; 2],
) -> Result<(), Fault> {
    if let Some(value) = report.get(ip) {
        match value.as_str().map(address::parse) {
            Some(Ok(address)) => detection.peer_ip = Some(address),
            Some(Err(Reason::NoSourceAddress | Reason::UnspecifiedAddress)) => {}
            _ => {
                detection.detail.notes.add(Notes::PEER_UNREADABLE);
                keep(&mut detection.detail, ip, value)?;
            }
        }
    }
    match (report.port(port), report.get(port)) {
        (Ok(read), _) => detection.peer_port = read,
        (Err(_), Some(value)) => {
            detection.detail.notes.add(Notes::PEER_UNREADABLE);
            keep(&mut detection.detail, port, value)?;
        }
        (Err(_), None) => {}
    }
    Ok(())
}

/// A command server as `address`, `address:port` or a name; only an address is the other side.
pub(super) fn command_server(detection: &mut Detection, text: &str) {
    if let Ok(ip) = address::parse(text) {
        detection.peer_ip = detection.peer_ip.or(Some(ip));
    } else if let Some((ip, port)) = text.rsplit_once(':')
        && let (Ok(ip), Ok(port)) = (address::parse(ip), address::port(port))
        && detection.peer_ip.is_none()
    {
        (detection.peer_ip, detection.peer_port) = (Some(ip), port);
    }
}
