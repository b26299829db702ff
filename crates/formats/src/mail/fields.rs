//! ヘッダー項目: the four header fields that tell what a part of a mail is.
//!
//! Each is bounded before the library sees it; all others are passed over unread.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use mail_parser::{ContentType, HeaderValue};

use crate::FileRefused;

/// The header of a mail or of a part is no longer.
const HEADER_BYTES_MAX: usize = 1 << 20;
/// A field that is read is no longer; RFC 5322 has lines of 998 bytes.
const FIELD_BYTES_MAX: usize = 16 << 10;

/// How a body is encoded for its way (転送符号化).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    #[default]
    None,
    Base64,
    QuotedPrintable,
}

/// What a header says of what follows it.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// `text/plain`, in lower case; empty where nothing is said.
    pub(super) kind: String,
    pub(super) boundary: Option<Vec<u8>>,
    pub(super) charset: Option<String>,
    /// By RFC 2231 or 2047, still with the path it may have.
    pub(super) name: Option<String>,
    pub(super) is_attachment: bool,
    pub(super) encoding: Encoding,
    pub(super) subject: Option<String>,
    /// The mail says it is an X-ARF report, whose second text is the report.
    pub(super) is_xarf: bool,
}

/// The line that begins at `at`, without its end, and where the next one begins.
pub(super) fn line(bytes: &[u8], at: usize) -> (&[u8], usize) {
    let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |len| at + len);
    let text = &bytes[at..end];
    (text.strip_suffix(b"\r").unwrap_or(text), (end + 1).min(bytes.len()))
}

/// Reads the header at the front of `bytes`; gives what it says and where the body begins.
pub(super) fn read(bytes: &[u8]) -> Result<(Fields, usize), FileRefused> {
    let mut fields = Fields::default();
    let mut at = 0;
    while at < bytes.len() {
        let (text, mut next) = line(bytes, at);
        if text.is_empty() {
            return Ok((fields, next));
        }
        // A field goes on in the lines that begin with a blank.
        while matches!(bytes.get(next), Some(b' ' | b'\t')) && !line(bytes, next).0.is_empty() {
            next = line(bytes, next).1;
        }
        if next > HEADER_BYTES_MAX {
            return Err(FileRefused::BadMail("its header is too long".to_owned()));
        }
        fields.take(&bytes[at..next])?;
        at = next;
    }
    Ok((fields, bytes.len()))
}

impl Fields {
    /// Takes in one field with its line ends.
    fn take(&mut self, field: &[u8]) -> Result<(), FileRefused> {
        let Some(colon) = memchr::memchr(b':', &field[..field.len().min(80)]) else {
            return Ok(());
        };
        let name = field[..colon].trim_ascii().to_ascii_lowercase();
        let known: [&[u8]; 6] = [
            b"content-type",
            b"content-disposition",
            b"content-transfer-encoding",
            b"subject",
            b"x-arf",
            b"x-xarf",
        ];
        if !known.contains(&&name[..]) {
            return Ok(());
        }
        if field.len() > FIELD_BYTES_MAX {
            return Err(FileRefused::BadMail("a field of its header is too long".to_owned()));
        }
        // The library wants the end of the line, which the last line of a file may lack.
        let value = [field[colon + 1..].trim_ascii_end(), b"\n"].concat();
        match &name[..] {
            b"content-type" => self.content_type(&value),
            b"content-disposition" => self.disposition(&value),
            b"content-transfer-encoding" => self.encoding = encoding(&value),
            b"subject" => self.subject = text(&value),
            _ => self.is_xarf = true,
        }
        Ok(())
    }

    fn content_type(&mut self, value: &[u8]) {
        let Some(read) = parameters(value) else { return };
        let (kind, subtype) = (read.ctype(), read.subtype().unwrap_or("*"));
        self.kind = format!("{kind}/{subtype}").to_ascii_lowercase();
        let text = |key| read.attribute(key).map(ToOwned::to_owned);
        self.boundary = text("boundary").filter(|b| !b.is_empty()).map(String::into_bytes);
        self.charset = text("charset");
        self.name = self.name.take().or_else(|| text("name").map(decoded_name));
    }

    fn disposition(&mut self, value: &[u8]) {
        let Some(read) = parameters(value) else { return };
        self.is_attachment = read.ctype().eq_ignore_ascii_case("attachment");
        if let Some(name) = read.attribute("filename") {
            self.name = Some(decoded_name(name.to_owned()));
        }
    }
}

fn parameters(value: &[u8]) -> Option<ContentType<'_>> {
    match MessageStream::new(value).parse_content_type() {
        HeaderValue::ContentType(read) => Some(read),
        _ => None,
    }
}

/// Words encoded by RFC 2047, and raw bytes of CP932, as text.
fn text(value: &[u8]) -> Option<String> {
    let value = match std::str::from_utf8(value) {
        Ok(_) => Cow::Borrowed(value),
        Err(_) => Cow::Owned(encoding_rs::SHIFT_JIS.decode(value).0.into_owned().into_bytes()),
    };
    match MessageStream::new(&value).parse_unstructured() {
        HeaderValue::Text(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// RFC 2047 forbids encoded words in a parameter, and most senders write them there.
fn decoded_name(name: String) -> String {
    if !name.contains("=?") {
        return name;
    }
    text(format!(" {name}\n").as_bytes()).unwrap_or(name)
}

fn encoding(value: &[u8]) -> Encoding {
    let word = value.trim_ascii();
    if word.eq_ignore_ascii_case(b"base64") {
        Encoding::Base64
    } else if word.eq_ignore_ascii_case(b"quoted-printable") {
        Encoding::QuotedPrintable
    } else {
        Encoding::None
    }
}
