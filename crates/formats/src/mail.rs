//! メール納品: the files a mail brings, taken out of MIME.
//!
//! The tree of a mail is cut here, within its bounds, and only single header fields and single
//! bodies are handed to the library: a hostile mail of a million parts costs one pass over its
//! bytes. Nothing in a mail is fetched, and its HTML is never shown.
//!
//! A mail brings its attachments. Where it has none, its text is the report.

mod fields;
mod subject;
mod tree;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use crate::FileRefused;
use crate::unfold::bare;
use fields::Encoding;
pub(crate) use subject::Subject;
use tree::Leaf;

/// A mail is no larger.
pub(crate) const BYTES_MAX: u64 = 25 << 20;
/// No longer text is taken to UTF-8: it may grow threefold, beside the mail it came in.
const RECODED_BYTES_MAX: usize = 4 << 20;
/// A header that is read has no more fields.
const HEAD_FIELDS_MAX: usize = 1_000;
/// So much of a file tells whether it is a mail.
pub(crate) const LOOK: usize = 4 << 10;

/// Header fields of which a mail has several, and no list has two.
const FIELDS: [&[u8]; 11] = [
    b"received:",
    b"message-id:",
    b"mime-version:",
    b"return-path:",
    b"delivered-to:",
    b"content-type:",
    b"from:",
    b"to:",
    b"date:",
    b"subject:",
    b"dkim-signature:",
];

/// Whether a file is a mail: it begins with a field of a header where its name ends with `.eml`,
/// else with several that mails have.
pub(crate) fn is_mail(name: &str, beginning: &[u8]) -> bool {
    use crate::unfold::magic::Magic;
    if Magic::of(beginning) != Magic::Plain {
        return false;
    }
    let mut lines = beginning.split(|b| matches!(b, b'\n' | b'\r')).filter(|line| !line.is_empty());
    if name.to_ascii_lowercase().ends_with(".eml") {
        return lines.next().is_some_and(is_header_line);
    }
    let mut known = 0;
    for line in lines {
        let is_field = |field: &&[u8]| {
            line.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field))
        };
        if FIELDS.iter().any(is_field) {
            known += 1;
        } else if !is_header_line(line) {
            break;
        }
    }
    known >= 3
}

/// A field, the continuation of one, or the line before the header in a mailbox.
fn is_header_line(line: &[u8]) -> bool {
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    line.starts_with(b" ")
        || line.starts_with(b"\t")
        || line.starts_with(b"From ")
        || (name > 0 && line.get(name) == Some(&b':'))
}

/// 添付: one file of a mail, out of its transfer encoding.
pub(crate) struct Enclosure {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// What the subject says of it, where it is the only file of its mail.
    pub(crate) subject: Subject,
}

/// The files a mail brings.
pub(crate) fn enclosures(mut raw: Vec<u8>) -> Result<Vec<Enclosure>, FileRefused> {
    end_lines_with_line_feeds(&mut raw);
    let leaves = tree::leaves(&raw)?;
    let mut brought: Vec<&Leaf<'_>> = leaves.iter().filter(|leaf| leaf.is_attached()).collect();
    if brought.is_empty() {
        brought = leaves.iter().filter(|leaf| leaf.is_text()).collect();
    }
    let is_alone = brought.len() == 1;
    let enclosure = |(at, leaf): (usize, &Leaf<'_>)| Enclosure {
        name: leaf.name.as_deref().map_or_else(|| unnamed(at, leaf), bare),
        bytes: decoded(leaf),
        subject: if is_alone { Subject::of(&leaf.subject) } else { Subject::default() },
    };
    Ok(brought.into_iter().enumerate().map(enclosure).collect())
}

/// 部分: what a reader of single mails sees of a part that holds no other.
pub(crate) struct Part {
    /// `text/plain`, in lower case; empty where nothing is said.
    pub(crate) kind: String,
    /// Its text, with what is in no encoding that it names replaced.
    pub(crate) text: String,
}

/// The parts of one mail that hold no other.
pub(crate) fn parts(raw: &[u8]) -> Result<Vec<Part>, FileRefused> {
    let leaves = tree::leaves(raw)?;
    let part = |leaf: &Leaf<'_>| Part {
        kind: leaf.kind.clone(),
        text: String::from_utf8_lossy(&decoded(leaf)).into_owned(),
    };
    Ok(leaves.iter().map(part).collect())
}

/// The same mail with line feeds at the ends of its lines.
pub(crate) fn with_line_feeds(raw: &[u8]) -> Vec<u8> {
    let mut raw = raw.to_vec();
    end_lines_with_line_feeds(&mut raw);
    raw
}

/// The fields at the front of `raw`: names in lower case, values unfolded.
pub(crate) fn head(raw: &[u8]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (at, line) in raw.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        if line.is_empty() || fields.len() > HEAD_FIELDS_MAX {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':')
            && name.bytes().all(|byte| byte.is_ascii_graphic())
        {
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        } else if at > 0 || !line.starts_with("From ") {
            break;
        }
    }
    fields
}

/// Old mailboxes end their lines with CR alone.
fn end_lines_with_line_feeds(raw: &mut [u8]) {
    if memchr::memchr(b'\n', raw).is_none() {
        raw.iter_mut().filter(|b| **b == b'\r').for_each(|b| *b = b'\n');
    }
}

/// A name for what has none: its number and what its type says.
fn unnamed(at: usize, leaf: &Leaf<'_>) -> String {
    let ending = match leaf.kind.as_str() {
        "text/csv" | "text/comma-separated-values" => "csv",
        "application/json" | "text/json" => "json",
        "application/xml" | "text/xml" => "xml",
        "application/x-yaml" | "application/yaml" | "text/yaml" | "text/x-yaml" => "yaml",
        "message/rfc822" | "message/global" => "eml",
        kind if kind.is_empty() || kind.starts_with("text/") || kind.starts_with("message/") => {
            "txt"
        }
        _ => "bin",
    };
    format!("part-{}.{ending}", at + 1)
}

/// The bytes of a part. What its encoding does not fit stays as it stands, for the reader of the
/// list to judge.
fn decoded(leaf: &Leaf<'_>) -> Vec<u8> {
    let bytes = match leaf.encoding {
        Encoding::None => None,
        Encoding::Base64 => base64_decode(leaf.body),
        Encoding::QuotedPrintable => quoted_printable_decode(leaf.body),
    };
    let bytes = bytes.unwrap_or_else(|| leaf.body.to_vec());
    let is_text = leaf.kind.starts_with("text/") && bytes.len() <= RECODED_BYTES_MAX;
    let Some(charset) = leaf.charset.as_deref().filter(|_| is_text) else { return bytes };
    // A list is UTF-8 or CP932; in any other encoding only the mail knows which one it is.
    match encoding_rs::Encoding::for_label(charset.as_bytes()) {
        Some(encoding) if encoding != encoding_rs::UTF_8 => {
            let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
            text.map(|text| text.into_owned().into_bytes()).unwrap_or(bytes)
        }
        _ => bytes,
    }
}
