//! IPアドレス: reads the address of a device, strictly and fast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Reason;

/// Reads one address. An IPv4 address mapped into IPv6 (`::ffff:192.0.2.1`) is unfolded.
///
/// Refuses an empty cell ([`Reason::NoSourceAddress`]), a prefix or range, `0.0.0.0` and `::`, and
/// whatever else is no address, such as five octets or a leading zero (octal to some readers).
pub fn parse(text: &str) -> Result<IpAddr, Reason> {
    let text = text.trim();
    if let Some(ip) = fast_v4(text.as_bytes()) {
        return stated(IpAddr::V4(ip));
    }
    if text.is_empty() {
        return Err(Reason::NoSourceAddress);
    }
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<Ipv6Addr>() {
        Ok(ip) => stated(IpAddr::V6(ip).to_canonical()),
        Err(_) if is_prefix(text) => Err(Reason::PrefixNotAddress),
        Err(_) => Err(Reason::BadAddress),
    }
}

fn stated(ip: IpAddr) -> Result<IpAddr, Reason> {
    if ip.is_unspecified() { Err(Reason::UnspecifiedAddress) } else { Ok(ip) }
}

/// Whether the text is a prefix or a range of two addresses.
fn is_prefix(text: &str) -> bool {
    let first = text.split_once('/').or_else(|| text.split_once('-'));
    first.is_some_and(|(ip, _)| ip.trim().parse::<IpAddr>().is_ok())
}

/// Four decimal octets without leading zeros, in one pass.
fn fast_v4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() > 15 {
        return None;
    }
    let mut octets = [0_u8; 4];
    let mut index = 0;
    let mut value = 0_u16;
    let mut digits = 0;
    for &b in text {
        if b == b'.' {
            if digits == 0 || index == 3 {
                return None;
            }
            octets[index] = u8::try_from(value).ok()?;
            index += 1;
            value = 0;
            digits = 0;
        } else {
            let digit = b.wrapping_sub(b'0');
            if digit > 9 || digits == 3 || (digits == 1 && value == 0) {
                return None;
            }
            value = value * 10 + u16::from(digit);
            digits += 1;
        }
    }
    if index != 3 || digits == 0 {
        return None;
    }
    octets[3] = u8::try_from(value).ok()?;
    Some(Ipv4Addr::from(octets))
}

/// Whether no ISP can assign this address to a line: private (RFC 1918), shared (RFC 6598),
/// loopback, link-local, multicast, reserved, documentation, unique local (RFC 4193).
pub fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private()
                || ip.is_loopback()
                || ip.is_link_local()
                || ip.is_documentation()
                || (a == 100 && b & 0xC0 == 64)
                || a == 0
                || a >= 224
        }
        IpAddr::V6(ip) => {
            let [first, second, ..] = ip.segments();
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
                || ip.is_multicast()
                || (first == 0x2001 && second == 0xDB8)
        }
    }
}

/// Reads a port. Empty and 0 mean that none is known.
pub fn port(text: &str) -> Result<Option<u16>, Reason> {
    let text = text.trim();
    if text.len() > 5 {
        return Err(Reason::BadPort);
    }
    let mut value = 0_u32;
    for b in text.bytes() {
        let digit = b.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Reason::BadPort);
        }
        value = value * 10 + u32::from(digit);
    }
    match u16::try_from(value) {
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(Reason::BadPort),
    }
}
