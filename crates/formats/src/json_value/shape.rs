//! Shapes of texts: what a mail address, a host name, a UUID and the like look like.
//!
//! Shapes, not truths: a host name that fits may still not exist.

/// Whether this is a host name (RFC 1123): labels of letters, digits and inner hyphens.
pub(crate) fn is_hostname(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether this is a mail address: something without blanks before the last `@`, a host behind.
pub(crate) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, host)| {
        (1..=64).contains(&local.len())
            && !local.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
            && is_hostname(host)
    })
}

/// Whether this is a UUID: 8-4-4-4-12 hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether this is Base64 (RFC 4648); missing padding is forgiven.
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len() - body.len() <= 2
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
        && body.len() % 4 != 1
}

/// Whether this is a digest with its method: `sha256:` and hexadecimal digits.
pub(crate) fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(method, digest)| {
        ["md5", "sha1", "sha256", "sha512"].contains(&method)
            && !digest.is_empty()
            && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Whether this is a URI with a scheme (RFC 3986) and no blank in it.
pub(crate) fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    })
}

/// Whether this is a tag of XARF: `namespace:value` in lower case.
pub(crate) fn is_tag(text: &str) -> bool {
    let part = |part: &str| {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b);
        part.bytes().all(fits) && part.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.split_once(':').is_some_and(|(namespace, value)| part(namespace) && part(value))
}

/// Whether this is the number of a vulnerability: `CVE-2024-12345`.
fn is_cve(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let rest = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'));
    rest.is_some_and(|(year, number)| {
        year.len() == 4 && (4..=7).contains(&number.len()) && digits(year) && digits(number)
    })
}

/// The numbers of vulnerabilities in upper case, each once, joined by `;`; `None` if one is none.
pub(crate) fn cves<'a>(texts: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        let cve = text.trim().to_ascii_uppercase();
        if !is_cve(&cve) {
            return None;
        }
        if !seen.contains(&cve) {
            seen.push(cve);
        }
    }
    Some(seen.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_right_passes_and_what_does_not_is_told_apart() {
        assert!(is_hostname("a-b.example") && is_hostname("xn--wgv71a.example."));
        assert!(!is_hostname("this is not") && !is_hostname("-a.b") && !is_hostname("a..b"));
        assert!(is_email("a.b+c@example.jp") && !is_email("example.jp") && !is_email("a b@c.d"));
        assert!(is_uuid("550e8400-e29b-41d4-a716-446655440000") && !is_uuid("550e8400"));
        assert!(is_base64("bWFpbA==") && !is_base64("a b") && is_base64("AAAAAA"));
        assert!(is_digest("sha256:0af9") && !is_digest("sha256:") && !is_digest("crc:0a"));
        assert!(is_uri("https://example.jp/a") && !is_uri("example.jp") && !is_uri("http:/ a"));
        assert!(is_tag("malware:mirai") && !is_tag("Malware:mirai") && !is_tag("malware"));
        let two = ["cve-2024-12345", "CVE-2024-12345", "CVE-2020-0001"];
        assert_eq!(cves(two.into_iter()).as_deref(), Some("CVE-2024-12345;CVE-2020-0001"));
        assert_eq!(cves(["CVE-NOW-23112"].into_iter()), None);
    }
}
