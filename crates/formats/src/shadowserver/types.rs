//! 報告種別: the types of Shadowserver report and what each says of a device.
//!
//! A table of our own, from the public descriptions of the reports. It is data: a new type is a
//! new line. A type without a line is read by the beginning of its name.

use crate::{Exposure, Kind, Proto, Severity, Weakness};
use Proto::{Other, Tcp, Udp};
use Severity::{Critical, High, Info, Low, Medium};
use Weakness::{Amplifier, ExposedService, Infected, VulnerableFirmware};

/// 報告種別: one type of Shadowserver report, and what its rows mean.
#[doc(alias = "報告種別")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportType {
    /// Today's name of the type: `scan_telnet`. IPv6 twins bear the name of the IPv4 type.
    pub name: String,
    /// What a row of this type says is wrong.
    pub exposure: Exposure,
    /// The severity of a row that names none.
    pub severity: Severity,
    /// The transport protocol of a row that names none.
    pub proto: Proto,
    /// Whether the type has a line in the table, or only the beginning of its name spoke.
    pub listed: bool,
}

type Line = (&'static str, Weakness, &'static str, Severity, Proto);

/// Name, weakness, kind, severity, protocol; in alphabetical order.
#[rustfmt::skip]
const TYPES: &[Line] = &[
    ("blocklist", Infected, "blocklist", Info, Other),
    ("compromised_account", Infected, "compromised_account", High, Other),
    ("compromised_iot", Infected, "compromised_iot", Critical, Tcp),
    ("compromised_website", Infected, "compromised_website", Critical, Tcp),
    ("device_id", ExposedService, "device_id", Info, Tcp),
    ("event4_ddos_participant", Infected, "ddos_participant", High, Other),
    ("event4_honeypot_adb_scan", Infected, "adb_scan", High, Tcp),
    ("event4_honeypot_brute_force", Infected, "brute_force", Critical, Tcp),
    ("event4_honeypot_darknet", Infected, "darknet", High, Other),
    ("event4_honeypot_ddos", Infected, "ddos", High, Other),
    ("event4_honeypot_ddos_amp", Amplifier, "ddos_victim", Info, Udp),
    ("event4_honeypot_ddos_target", Infected, "ddos_target", Info, Other),
    ("event4_honeypot_http_scan", Infected, "http_scan", High, Tcp),
    ("event4_honeypot_ics_scan", Infected, "ics_scan", High, Tcp),
    ("event4_honeypot_ikev2_scan", Infected, "ikev2_scan", High, Udp),
    ("event4_honeypot_rdp_scan", Infected, "rdp_scan", High, Tcp),
    ("event4_honeypot_rocketmq_scan", Infected, "rocketmq_scan", High, Tcp),
    ("event4_honeypot_smb_scan", Infected, "smb_scan", High, Tcp),
    ("event4_ip_spoofer", ExposedService, "ip_spoofing", Medium, Other),
    ("event4_microsoft_sinkhole", Infected, "microsoft_sinkhole", Critical, Tcp),
    ("event4_microsoft_sinkhole_http", Infected, "microsoft_sinkhole_http", Critical, Tcp),
    ("event4_sinkhole", Infected, "sinkhole", Critical, Other),
    ("event4_sinkhole_dns", Infected, "sinkhole_dns", Medium, Udp),
    ("event4_sinkhole_http", Infected, "sinkhole_http", Critical, Tcp),
    ("event4_sinkhole_http_referer", Infected, "sinkhole_http_referer", Critical, Tcp),
    ("malware_url", Infected, "malware_url", Critical, Tcp),
    ("outdated_dnssec_key", VulnerableFirmware, "outdated_dnssec_key", Low, Udp),
    ("phish_url", Infected, "phish_url", High, Tcp),
    ("population_bgp", ExposedService, "bgp", Info, Tcp),
    ("population_http_proxy", ExposedService, "http_proxy", Low, Tcp),
    ("population_msmq", ExposedService, "msmq", Info, Tcp),
    ("ransomware_victim", Infected, "ransomware", Critical, Other),
    ("sandbox_conn", Infected, "sandbox_conn", Low, Tcp),
    ("sandbox_dns", Infected, "sandbox_dns", Low, Udp),
    ("sandbox_url", Infected, "sandbox_url", Low, Tcp),
    ("scan_activemq", ExposedService, "activemq", High, Tcp),
    ("scan_adb", ExposedService, "adb", Critical, Tcp),
    ("scan_afp", ExposedService, "afp", Medium, Tcp),
    ("scan_amqp", ExposedService, "amqp", Medium, Tcp),
    ("scan_ard", Amplifier, "ard", Medium, Udp),
    ("scan_bgp", ExposedService, "bgp", Low, Tcp),
    ("scan_chargen", Amplifier, "chargen", Medium, Udp),
    ("scan_cisco_smart_install", ExposedService, "cisco_smart_install", Critical, Tcp),
    ("scan_coap", Amplifier, "coap", Medium, Udp),
    ("scan_couchdb", ExposedService, "couchdb", High, Tcp),
    ("scan_cwmp", ExposedService, "cwmp", Medium, Tcp),
    ("scan_db2", Amplifier, "db2", High, Udp),
    ("scan_ddos_middlebox", Amplifier, "ddos_middlebox", Medium, Tcp),
    ("scan_dns", Amplifier, "dns", Medium, Udp),
    ("scan_docker", ExposedService, "docker", Critical, Tcp),
    ("scan_dvr_dhcpdiscover", Amplifier, "dvr_dhcpdiscover", High, Udp),
    ("scan_elasticsearch", ExposedService, "elasticsearch", High, Tcp),
    ("scan_epmd", ExposedService, "epmd", Medium, Tcp),
    ("scan_exchange", VulnerableFirmware, "exchange", Critical, Tcp),
    ("scan_ftp", ExposedService, "ftp", Low, Tcp),
    ("scan_hadoop", ExposedService, "hadoop", High, Tcp),
    ("scan_http", ExposedService, "http", Info, Tcp),
    ("scan_http_vulnerable", VulnerableFirmware, "http", High, Tcp),
    ("scan_ics", ExposedService, "ics", Critical, Tcp),
    ("scan_ip_tunnel", ExposedService, "ip_tunnel", Medium, Other),
    ("scan_ipmi", ExposedService, "ipmi", High, Udp),
    ("scan_ipp", ExposedService, "ipp", Medium, Tcp),
    ("scan_isakmp", VulnerableFirmware, "isakmp", High, Udp),
    ("scan_kubernetes", ExposedService, "kubernetes", High, Tcp),
    ("scan_ldap_tcp", ExposedService, "ldap", High, Tcp),
    ("scan_ldap_udp", Amplifier, "cldap", High, Udp),
    ("scan_loop_dos", Amplifier, "loop_dos", High, Udp),
    ("scan_mdns", Amplifier, "mdns", Medium, Udp),
    ("scan_memcached", Amplifier, "memcached", High, Udp),
    ("scan_mongodb", ExposedService, "mongodb", High, Tcp),
    ("scan_mqtt", ExposedService, "mqtt", Medium, Tcp),
    ("scan_mqtt_anon", ExposedService, "mqtt_anon", High, Tcp),
    ("scan_msmq", ExposedService, "msmq", High, Tcp),
    ("scan_msrdpeudp", Amplifier, "msrdpeudp", Medium, Udp),
    ("scan_mssql", Amplifier, "mssql", High, Udp),
    ("scan_mysql", ExposedService, "mysql", High, Tcp),
    ("scan_nat_pmp", ExposedService, "nat_pmp", High, Udp),
    ("scan_netbios", Amplifier, "netbios", Medium, Udp),
    ("scan_netis_router", VulnerableFirmware, "netis_router", Critical, Udp),
    ("scan_ntp", Amplifier, "ntp", Medium, Udp),
    ("scan_ntpmonitor", Amplifier, "ntp_monitor", Medium, Udp),
    ("scan_portmapper", Amplifier, "portmapper", Medium, Udp),
    ("scan_post_exploitation_framework", Infected, "post_exploitation", Critical, Tcp),
    ("scan_postgres", ExposedService, "postgres", High, Tcp),
    ("scan_qotd", Amplifier, "qotd", Medium, Udp),
    ("scan_quic", ExposedService, "quic", Info, Udp),
    ("scan_radmin", ExposedService, "radmin", High, Tcp),
    ("scan_rdp", ExposedService, "rdp", High, Tcp),
    ("scan_rdpeudp", Amplifier, "msrdpeudp", Medium, Udp),
    ("scan_redis", ExposedService, "redis", High, Tcp),
    ("scan_rsync", ExposedService, "rsync", Medium, Tcp),
    ("scan_sccm", ExposedService, "sccm", Info, Tcp),
    ("scan_sip", Amplifier, "sip", High, Udp),
    ("scan_slp", Amplifier, "slp", High, Udp),
    ("scan_smb", ExposedService, "smb", High, Tcp),
    ("scan_smtp", ExposedService, "smtp", Info, Tcp),
    ("scan_smtp_vulnerable", VulnerableFirmware, "smtp", Critical, Tcp),
    ("scan_snmp", Amplifier, "snmp", High, Udp),
    ("scan_socks", ExposedService, "socks", High, Tcp),
    ("scan_ssdp", Amplifier, "ssdp", High, Udp),
    ("scan_ssh", ExposedService, "ssh", Info, Tcp),
    ("scan_ssl", ExposedService, "ssl", Info, Tcp),
    ("scan_ssl_freak", VulnerableFirmware, "ssl_freak", Medium, Tcp),
    ("scan_ssl_poodle", VulnerableFirmware, "ssl_poodle", Medium, Tcp),
    ("scan_stun", Amplifier, "stun", Info, Udp),
    ("scan_synfulknock", Infected, "synfulknock", Critical, Tcp),
    ("scan_telnet", ExposedService, "telnet", High, Tcp),
    ("scan_tftp", Amplifier, "tftp", Info, Udp),
    ("scan_ubiquiti", Amplifier, "ubiquiti", Medium, Udp),
    ("scan_vnc", ExposedService, "vnc", High, Tcp),
    ("scan_ws_discovery", Amplifier, "ws_discovery", High, Udp),
    ("scan_xdmcp", Amplifier, "xdmcp", Medium, Udp),
    ("spam_url", Infected, "spam_url", Medium, Tcp),
];

/// Names that no longer exist or stand for another, and today's name.
#[rustfmt::skip]
const ALIASES: &[(&str, &str)] = &[
    ("amplification_ddos_victim", "event4_honeypot_ddos_amp"),
    ("blacklist", "blocklist"),
    ("botnet_drone", "event4_sinkhole"),
    ("botnet_drone_hadoop", "event4_sinkhole"),
    ("brute_force_attack", "event4_honeypot_brute_force"),
    ("caida_ip_spoofer", "event4_ip_spoofer"),
    ("cisco_smart_install", "scan_cisco_smart_install"),
    ("darknet", "event4_honeypot_darknet"),
    ("device_info", "device_id"),
    ("dns_open_resolvers", "scan_dns"),
    ("drone", "event4_sinkhole"),
    ("drone_brute_force", "event4_honeypot_brute_force"),
    ("drone_hadoop", "event4_sinkhole"),
    ("honeypot_ddos_amp", "event4_honeypot_ddos_amp"),
    ("hp_http_scan", "event4_honeypot_http_scan"),
    ("hp_ics_scan", "event4_honeypot_ics_scan"),
    ("http_scanners", "event4_honeypot_http_scan"),
    ("ics_scanners", "event4_honeypot_ics_scan"),
    ("ldap", "scan_ldap_udp"),
    ("microsoft_sinkhole", "event4_microsoft_sinkhole_http"),
    ("nat_pmp", "scan_nat_pmp"),
    ("ntp_monitor", "scan_ntpmonitor"),
    ("ntp_version", "scan_ntp"),
    ("scan_cldap", "scan_ldap_udp"),
    ("scan_ldap", "scan_ldap_udp"),
    ("scan_log4shell_vulnerable", "scan_log4shell_vulnerable"),
    ("scan_sinkholedns", "event4_sinkhole_dns"),
    ("sinkhole_dns", "event4_sinkhole_dns"),
    ("sinkhole_http", "event4_sinkhole_http"),
    ("sinkhole_http_drone", "event4_sinkhole_http"),
    ("sinkhole_http_referer", "event4_sinkhole_http_referer"),
    ("sinkhole6_http", "event4_sinkhole_http"),
    ("smart_install", "scan_cisco_smart_install"),
    ("ssl_scan", "scan_ssl"),
    ("sslv3_poodle", "scan_ssl_poodle"),
    ("telnet_alt", "scan_telnet"),
    ("test_smb", "scan_smb"),
];

/// Beginnings and endings older names were decorated with.
const FRONTS: [&str; 5] = ["accessible_", "open_", "vulnerable_", "scan_", ""];
const BACKS: [&str; 6] = ["_scan", "_servers", "_server", "_report", "_service", ""];

impl ReportType {
    /// The type of a name, living or dead: `scan_telnet`, `scan6_telnet`, `drone`, `snmp`,
    /// `accessible_vnc`, `Ssl-Freak-Scan`.
    ///
    /// A name no table holds is still understood where its beginning speaks: `scan_`, `event4_`,
    /// `population_` and so on. `None` for every other name.
    pub fn named(name: &str) -> Option<Self> {
        let name = plain(name);
        listed(&name).map(Self::of_line).or_else(|| Self::spoken(&name))
    }

    /// The type of a name that stands in one of the tables.
    pub(super) fn known(name: &str) -> Option<Self> {
        listed(&plain(name)).map(Self::of_line)
    }

    fn of_line((name, weakness, kind, severity, proto): Line) -> Self {
        let exposure = Exposure { weakness, kind: Kind::bent(kind) };
        Self { name: name.to_owned(), exposure, severity, proto, listed: true }
    }

    /// What the beginning of an unlisted name says.
    fn spoken(name: &str) -> Option<Self> {
        let (weakness, kind) = if let Some(kind) = name.strip_prefix("scan_") {
            match kind.strip_suffix("_vulnerable") {
                Some(kind) => (VulnerableFirmware, kind),
                None if kind.contains("cve") => (VulnerableFirmware, kind),
                None if kind.contains("compromised") => (Infected, kind),
                None => (ExposedService, kind),
            }
        } else if let Some(kind) = name.strip_prefix("event4_") {
            (Infected, kind.strip_prefix("honeypot_").unwrap_or(kind))
        } else if let Some(kind) = name.strip_prefix("population_") {
            (ExposedService, kind)
        } else if name.starts_with("device_id") {
            (ExposedService, "device_id")
        } else if name.starts_with("special") {
            (VulnerableFirmware, "special")
        } else if INFECTED_FRONTS.iter().any(|front| name.starts_with(front)) {
            (Infected, name)
        } else {
            return None;
        };
        let exposure = Exposure { weakness, kind: Kind::bent(kind) };
        let severity = Severity::Unknown;
        Some(Self { name: name.to_owned(), exposure, severity, proto: Other, listed: false })
    }
}

/// Beginnings of unlisted names that speak of malware.
const INFECTED_FRONTS: [&str; 9] = [
    "botnet",
    "compromised",
    "drone",
    "honeypot",
    "hp_",
    "malware",
    "ransomware",
    "sandbox",
    "sinkhole",
];

/// Lower case, `_` between words, the IPv6 twin under the name of the IPv4 type.
fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let name = name.strip_suffix("_reconstructed").unwrap_or(&name);
    if let Some(rest) = name.strip_prefix("scan6_") {
        return format!("scan_{rest}");
    }
    if let Some(rest) = name.strip_prefix("event6_").or_else(|| name.strip_prefix("event46_")) {
        return format!("event4_{rest}");
    }
    match name {
        "device_id6" => "device_id".to_owned(),
        "compromised_iot6" => "compromised_iot".to_owned(),
        _ => name.to_owned(),
    }
}

fn listed(name: &str) -> Option<Line> {
    let line = |name: &str| TYPES.iter().find(|line| line.0 == name).copied();
    if let Some(line) = line(name) {
        return Some(line);
    }
    if let Some((_, today)) = ALIASES.iter().find(|(dead, _)| *dead == name) {
        return line(today);
    }
    for front in FRONTS {
        for back in BACKS {
            let Some(core) = name.strip_prefix(front) else { continue };
            let Some(core) = core.strip_suffix(back) else { continue };
            if let Some(line) = line(&format!("scan_{core}")) {
                return Some(line);
            }
            if core != name
                && let Some(line) = line(core)
            {
                return Some(line);
            }
        }
    }
    None
}
