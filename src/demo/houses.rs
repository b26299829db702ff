//! Apartment houses (集合住宅) of the demo country: three buildings, in which each row of the
//! decision table occurs.
//!
//! What was seen there stands on the list of the campaign. Two of it go to a person, two wait for
//! the provider's word. Owns no table.

use std::net::IpAddr;

use formats::report_back::{Placement, Recipient};

/// The provider that has them.
pub const ISP: &str = "isp-a";

/// Its networks of kind `apartment`.
pub(super) const NETWORKS: [&str; 2] = ["203.0.113.0/25", "2001:db8:a::/48"];

/// The register of the buildings, as their provider hands it in.
pub const REGISTER: &str = "\
building,name,contract_party,unit,placement,prefix,ports,addressing,valid_from,valid_to
house-1,みなと台マンション,association,common,shared,203.0.113.2/32,,global,2025-04-01,
house-1,みなと台マンション,association,101,private,203.0.113.3/32,,global,2025-04-01,
house-1,みなと台マンション,association,102,,203.0.113.4/32,,global,2025-04-01,
house-2,やま台ハイツ,management_company,,private,203.0.113.16/32,,port_forwarding,2025-04-01,
house-2,やま台ハイツ,management_company,,private,203.0.113.17/32,,private,2025-04-01,
house-2,やま台ハイツ,management_company,201,private,203.0.113.18/32,1024-2047,port_shared,2025-04-01,
house-2,やま台ハイツ,management_company,,private,203.0.113.19/32,,port_shared,2025-04-01,
house-3,かわべコーポ,owner,common,shared,2001:db8:a:100::/64,,ipv6_shared,2025-04-01,
house-3,かわべコーポ,owner,301,private,2001:db8:a:101::/64,,ipv6_per_home,2025-04-01,
house-3,かわべコーポ,owner,,private,2001:db8:a:102::/64,,ipv6_shared,2025-04-01,
house-3,かわべコーポ,owner,302,private,203.0.113.32/32,,own_provider,2025-04-01,
";

/// What was seen in them, and from which port, where that is known; the last stands in no building
/// that the provider told of.
pub(super) const SEEN: [(&str, Option<u16>); 12] = [
    ("203.0.113.2", Some(40_001)),
    ("203.0.113.3", Some(40_002)),
    ("203.0.113.4", Some(40_003)),
    ("203.0.113.16", Some(40_004)),
    ("203.0.113.17", Some(40_005)),
    ("203.0.113.18", Some(1_500)),
    ("203.0.113.19", None),
    ("2001:db8:a:100::7", Some(40_006)),
    ("2001:db8:a:101::7", Some(40_007)),
    ("2001:db8:a:102::7", Some(40_008)),
    ("203.0.113.32", Some(40_009)),
    ("203.0.113.60", Some(40_010)),
];

/// An address of [`SEEN`].
pub(super) fn address(text: &str) -> IpAddr {
    text.parse().expect("the table above holds addresses only, as its test shows")
}

/// What the provider reports on what was seen at an address.
pub(super) enum Answer {
    /// It warned somebody of a device that stands there.
    Warned(Recipient, Placement),
    /// It says nothing yet.
    Silent,
    /// It is a home like any other.
    Elsewhere,
}

/// What it reports on that address.
pub(super) fn answer(ip: IpAddr) -> Answer {
    match SEEN.iter().position(|(seen, _)| address(seen) == ip) {
        None => Answer::Elsewhere,
        Some(0) => Answer::Warned(Recipient::Association, Placement::Shared),
        Some(1 | 5 | 8) => Answer::Warned(Recipient::Tenant, Placement::Private),
        Some(_) => Answer::Silent,
    }
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    #[test]
    fn whatever_was_seen_lies_in_a_network_of_apartment_houses() {
        let networks = NETWORKS.map(|net| net.parse::<IpNet>().unwrap());
        for (ip, _) in SEEN {
            assert!(networks.iter().any(|net| net.contains(&address(ip))), "{ip}");
        }
    }
}
