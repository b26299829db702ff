//! MIMEの木: the parts of a mail, cut at their boundaries within bounds.

use super::fields::{self, Encoding, Fields, line};
use crate::FileRefused;

/// A mail has no more parts, those included that only hold others.
const PARTS_MAX: usize = 50;
/// Parts lie no deeper in one another.
const DEPTH_MAX: usize = 10;

/// A part that holds no other.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    pub(super) kind: String,
    pub(super) name: Option<String>,
    pub(super) charset: Option<String>,
    pub(super) encoding: Encoding,
    pub(super) body: &'a [u8],
    /// The subject of the mail it came in.
    pub(super) subject: String,
    is_attachment: bool,
    /// The mail is an X-ARF report, and this is not the text for people before it.
    is_report: bool,
}

impl Leaf<'_> {
    /// Whether it is a file, and not the words around one, a picture or a signature.
    pub(super) fn is_attached(&self) -> bool {
        const DECORATION: [&str; 5] = ["image/", "audio/", "video/", "font/", "text/html"];
        const SIGNATURES: [&str; 5] = [
            "application/pgp-signature",
            "application/pgp-keys",
            "application/pkcs7-signature",
            "application/x-pkcs7-signature",
            "text/calendar",
        ];
        let kind = self.kind.as_str();
        if SIGNATURES.contains(&kind) || DECORATION.iter().any(|front| kind.starts_with(front)) {
            return false;
        }
        let is_words = kind == "text/plain" || kind.is_empty();
        self.is_attachment || self.name.is_some() || self.is_report || !is_words
    }

    /// Whether it is text that may be a report.
    pub(super) fn is_text(&self) -> bool {
        self.kind == "text/plain" || self.kind.is_empty()
    }
}

/// A mail or part on its way through the tree.
#[derive(Clone, Copy)]
struct Around<'a> {
    depth: usize,
    subject: &'a str,
    is_xarf: bool,
    /// Within `multipart/report`, a mail is evidence and no delivery.
    is_report: bool,
    /// Within `multipart/digest`, what says nothing is a mail.
    is_digest: bool,
}

/// The parts of a mail that hold no other, in their order.
pub(super) fn leaves(raw: &[u8]) -> Result<Vec<Leaf<'_>>, FileRefused> {
    let mut tree = Tree { parts: 0, leaves: Vec::new() };
    let around =
        Around { depth: 0, subject: "", is_xarf: false, is_report: false, is_digest: false };
    tree.mail(raw, around)?;
    Ok(tree.leaves)
}

struct Tree<'a> {
    parts: usize,
    leaves: Vec<Leaf<'a>>,
}

impl<'a> Tree<'a> {
    /// A whole mail: the one delivered, or one attached to it.
    fn mail(&mut self, raw: &'a [u8], around: Around<'_>) -> Result<(), FileRefused> {
        let raw = without_mailbox_line(raw);
        let (fields, body) = fields::read(raw)?;
        let subject = fields.subject.clone().unwrap_or_default();
        let is_xarf = fields.is_xarf;
        let around =
            Around { subject: &subject, is_xarf, is_report: false, is_digest: false, ..around };
        self.part(fields, &raw[body..], around)
    }

    /// What stands behind a header.
    fn part(
        &mut self,
        fields: Fields,
        body: &'a [u8],
        around: Around<'_>,
    ) -> Result<(), FileRefused> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(FileRefused::BadMail(format!("it has more than {PARTS_MAX} parts")));
        }
        if around.depth > DEPTH_MAX {
            let why = format!("its parts lie more than {DEPTH_MAX} deep in one another");
            return Err(FileRefused::BadMail(why));
        }
        let inner = Around { depth: around.depth + 1, ..around };
        let is_mail = match fields.kind.as_str() {
            "message/rfc822" | "message/global" => true,
            kind => kind.is_empty() && around.is_digest,
        };
        if let (Some(boundary), true) = (&fields.boundary, fields.kind.starts_with("multipart/")) {
            let is_report = fields.kind == "multipart/report";
            let is_digest = fields.kind == "multipart/digest";
            if self.pieces(body, boundary, Around { is_report, is_digest, ..inner })? {
                return Ok(());
            }
        }
        let is_mail = is_mail && !around.is_report && fields.encoding == Encoding::None;
        if is_mail && may_begin_a_mail(body) {
            return self.mail(body, inner);
        }
        let is_first = self.leaves.is_empty();
        // A multipart without a boundary is the text it is.
        let kind = if fields.kind.starts_with("multipart/") { String::new() } else { fields.kind };
        self.leaves.push(Leaf {
            kind,
            name: fields.name,
            charset: fields.charset,
            encoding: fields.encoding,
            body,
            subject: around.subject.to_owned(),
            is_attachment: fields.is_attachment,
            is_report: around.is_xarf && !is_first,
        });
        Ok(())
    }

    /// The parts of a multipart, from one boundary to the next. What stands before the first and
    /// behind the last is no part; where the last is missing, the end of the mail takes its place.
    /// False where there is none.
    fn pieces(
        &mut self,
        body: &'a [u8],
        boundary: &[u8],
        around: Around<'_>,
    ) -> Result<bool, FileRefused> {
        let (mut at, mut begun, before) = (0, None, self.parts);
        while at < body.len() {
            let (text, next) = line(body, at);
            if let Some(is_last) = delimiter(text, boundary) {
                if let Some(start) = begun {
                    self.piece(without_line_end(&body[start..at]), around)?;
                }
                begun = (!is_last).then_some(next);
                if is_last {
                    break;
                }
            }
            at = next;
        }
        if let Some(start) = begun.filter(|start| *start < body.len()) {
            self.piece(&body[start..], around)?;
        }
        Ok(self.parts > before)
    }

    fn piece(&mut self, piece: &'a [u8], around: Around<'_>) -> Result<(), FileRefused> {
        let (fields, body) = fields::read(piece)?;
        self.part(fields, &piece[body..], around)
    }
}

/// Whether the line is `--boundary`, and whether it is the last one, `--boundary--`.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?.trim_ascii_end();
    match rest {
        b"" => Some(false),
        b"--" => Some(true),
        _ => None,
    }
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(piece: &[u8]) -> &[u8] {
    let piece = piece.strip_suffix(b"\n").unwrap_or(piece);
    piece.strip_suffix(b"\r").unwrap_or(piece)
}

/// What is attached as a mail and begins with neither a header nor the empty line behind one is no
/// mail. It stays the file it is: read as a header, all of it would be lost.
fn may_begin_a_mail(body: &[u8]) -> bool {
    let body = without_mailbox_line(body);
    let (first, _) = line(body, 0);
    first.trim_ascii().is_empty() || super::is_header_line(first)
}

/// Mailboxes write `From <sender> <date>` before the header.
fn without_mailbox_line(raw: &[u8]) -> &[u8] {
    if raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        &raw[line(raw, 0).1..]
    } else {
        raw
    }
}
