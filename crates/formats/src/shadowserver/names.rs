//! The name a report was delivered under, and the type it gives away.

use super::ReportType;

/// The type of report a delivered file is, by its name.
///
/// `2026-03-24-scan_telnet-japan-geo.csv`, with a number after the date or `-delayed` behind, or
/// the bare type: `scan_telnet.csv`, `Accessible-Rsync.csv`, `drone.csv`. Folders, the endings
/// `.zip` and `.gz`, and what follows `~` are passed over. `None` where no rule knows the type.
pub fn report_type(file_name: &str) -> Option<ReportType> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name).trim();
    let mut stem = name;
    for ending in [".gz", ".zip", ".csv", ".CSV"] {
        stem = stem.strip_suffix(ending).unwrap_or(stem);
    }
    let stem = stem.split('~').next().unwrap_or(stem);
    let stem = without_n6(without_date(stem));
    let parts: Vec<&str> = stem.split('-').collect();
    let known = (1..=parts.len()).rev().find_map(|n| ReportType::known(&parts[..n].join("-")));
    known.or_else(|| ReportType::named(parts[0]))
}

/// `2026-03-24-` and a number after it are no part of the type.
fn without_date(stem: &str) -> &str {
    let shape = stem.as_bytes();
    let dated = shape.len() > 11
        && shape[..11].iter().enumerate().all(|(at, b)| match at {
            4 | 7 | 10 => *b == b'-',
            _ => b.is_ascii_digit(),
        });
    if !dated {
        return stem;
    }
    let rest = &stem[11..];
    match rest.split_once('-') {
        Some((id, rest)) if id.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => rest,
    }
}

/// CERT Polska names its reports `n6_telnet_201412_1`: source, type, month of the rule, number.
fn without_n6(stem: &str) -> &str {
    let Some(rest) = stem.strip_prefix("n6_") else { return stem };
    let mut parts = rest.rsplitn(3, '_');
    let (number, month, name) = (parts.next(), parts.next(), parts.next());
    match (number, month, name) {
        (Some(n), Some(m), Some(name))
            if m.len() == 6 && n.bytes().chain(m.bytes()).all(|b| b.is_ascii_digit()) =>
        {
            name
        }
        _ => rest,
    }
}
