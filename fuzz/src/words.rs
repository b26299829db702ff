//! 値: single cells: addresses, prefixes, times. What is read is written and read again alike.

use formats::{address, coverage, stamp};

use crate::own_formats::{input, reading};

pub(crate) fn address(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(ip) = address::parse(text) {
        assert_eq!(address::parse(&ip.to_string()), Ok(ip));
        let _ = address::is_special(ip);
    }
    let _ = address::port(text);
    let _ = formats::credentials::without_userinfo(text);
    let guarded = formats::safe_csv::guard(text);
    assert_eq!(formats::safe_csv::unguard(&guarded), text);
}

/// A prefix is read as a cell of a coverage file.
pub(crate) fn prefix(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let cell = text.replace('"', "\"\"");
    let file = format!(
        "scan_run,from,to,prefix,proto,ports,weakness_code,method_version,status,attempted,\
         completeness,excluded_prefixes\n\
         r1,2026-11-01T00:00:00Z,2026-11-01T01:00:00Z,\"{cell}\",tcp,23,weak_credentials,1,\
         complete,10,1.0,\"{cell}\"\n"
    );
    let Ok((good, _)) = coverage::read(input(file.as_bytes()), reading()) else { return };
    for covered in good {
        let canonical = covered.prefix.trunc();
        assert_eq!(covered.prefix, canonical, "bits behind the prefix");
    }
}

pub(crate) fn stamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for offset in [None, Some(9 * 3600), Some(-12 * 3600)] {
        if let Ok(at) = stamp::parse(text, offset) {
            assert_eq!(stamp::parse(&stamp::utc(at), None), Ok(at));
            let _ = stamp::japan(at);
        }
    }
}
