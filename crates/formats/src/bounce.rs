//! 不達通知: what a mail server says of a mail that it could not deliver.
//!
//! A delivery status notification (RFC 3464) says it in fields; Japanese carriers and old servers
//! say it in words. A notice of delay is no bounce, an answer that a machine gives for its owner
//! (RFC 3834) is neither, and a complaint (RFC 5965) is something else. Which mail a bounce is
//! about is not asked here: it tells to whom it came, and whoever signs return addresses knows.

mod text;

use crate::mail::{self, Part};

/// A mail of a mail server about another mail (不達通知).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// What became of the mail.
    pub fate: Fate,
    /// All addresses that it came to, the outermost first.
    pub to: Vec<String>,
    /// Whom the mail did not reach.
    pub recipient: Option<String>,
    /// The enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// Why, in the words of the server.
    pub diagnostic: Option<String>,
}

/// What became of a mail (配送結果).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is not delivered and never will be.
    Failed,
    /// It is still tried.
    Delayed,
    /// It was delivered, or handed on to a server that tells no more.
    Delivered,
}

/// Why a mail is no bounce (不達通知でない理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBounce {
    /// It has no header, or its parts cannot be told apart.
    NoMail,
    /// A machine answers for its owner, who is away.
    AutoReply,
    /// Somebody complains of a mail that was delivered.
    Complaint,
    /// Nothing in it says that a mail was not delivered.
    Nothing,
}

impl NoBounce {
    /// It in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoMail => "it is no mail",
            Self::AutoReply => "a machine answers for its owner",
            Self::Complaint => "it complains of a mail that was delivered",
            Self::Nothing => "nothing in it says that a mail was not delivered",
        }
    }
}

/// Header fields that name whom a mail came to.
const ARRIVED: [&str; 5] = ["delivered-to", "x-original-to", "envelope-to", "to", "received"];

/// Reads a mail.
pub fn read(raw: &[u8]) -> Result<Bounce, NoBounce> {
    let raw = mail::with_line_feeds(raw);
    let head = mail::head(&raw);
    if head.is_empty() {
        return Err(NoBounce::NoMail);
    }
    let parts = mail::parts(&raw).map_err(|_| NoBounce::NoMail)?;
    if parts.iter().any(|part| part.kind == "message/feedback-report") {
        return Err(NoBounce::Complaint);
    }
    let to = arrived(&head);
    let is_status = |part: &&Part| {
        matches!(part.kind.as_str(), "message/delivery-status" | "message/global-delivery-status")
    };
    if let Some(bounce) = parts.iter().find(is_status).and_then(|part| by_fields(&part.text)) {
        return Ok(Bounce { to, ..bounce });
    }
    text::read(&head, &parts).map(|bounce| Bounce { to, ..bounce })
}

/// The addresses that a mail came to.
fn arrived(head: &[(String, String)]) -> Vec<String> {
    let mut to: Vec<String> = Vec::new();
    for wanted in ARRIVED {
        for (_, value) in head.iter().filter(|(name, _)| name == wanted) {
            // A trace names many addresses; for whom it was is behind `for`.
            let value = match wanted {
                "received" => value.split_once(" for ").map_or("", |(_, whom)| whom),
                _ => value,
            };
            to.extend(addresses(value).filter(|one| !to.contains(one)).collect::<Vec<_>>());
        }
    }
    to
}

/// What looks like a mail address in a text.
fn addresses(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|c: char| c.is_whitespace() || "<>,;()\"'[]".contains(c));
    let parts = parts.map(|part| part.trim_matches([':', '.']));
    let is_one = |part: &&str| {
        part.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && host.len() > 1)
    };
    parts.filter(is_one).map(str::to_owned)
}

/// Reads the fields of a delivery status notification: a group for the mail, and one per recipient.
fn by_fields(text: &str) -> Option<Bounce> {
    let mut bounce: Option<Bounce> = None;
    for group in text.replace("\r\n", "\n").split("\n\n") {
        let fields = mail::head(group.as_bytes());
        let field = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let status = field("status").and_then(|value| {
            value.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(code)
        });
        let Some(fate) = fate(field("action").as_deref(), status.as_deref()) else { continue };
        let recipient = field("final-recipient").or_else(|| field("original-recipient"));
        let recipient = recipient.map(|value| match value.split_once(';') {
            Some((_, address)) => address.trim().trim_matches(['<', '>']).to_owned(),
            None => value,
        });
        let diagnostic = field("diagnostic-code").map(|value| match value.split_once(';') {
            Some((_, words)) => words.trim().to_owned(),
            None => value,
        });
        // Of several recipients, the one that fares worst tells.
        let is_worse = bounce.as_ref().is_none_or(|known| rank(fate) > rank(known.fate));
        if is_worse {
            bounce = Some(Bounce { fate, to: Vec::new(), recipient, status, diagnostic });
        }
    }
    bounce
}

fn rank(fate: Fate) -> u8 {
    match fate {
        Fate::Delivered => 0,
        Fate::Delayed => 1,
        Fate::Failed => 2,
    }
}

fn fate(action: Option<&str>, status: Option<&str>) -> Option<Fate> {
    let action = action.map(str::to_ascii_lowercase);
    let word = action.as_deref().and_then(|text| text.split([' ', '(', ';']).next());
    let said = match word.unwrap_or_default() {
        "failed" | "failure" | "error" => Some(Fate::Failed),
        "delayed" | "deferred" => Some(Fate::Delayed),
        "delivered" | "relayed" | "expanded" => Some(Fate::Delivered),
        _ => None,
    };
    // What says no known word is told by its code.
    said.or_else(|| match status?.chars().next()? {
        '5' => Some(Fate::Failed),
        '4' => Some(Fate::Delayed),
        '2' => Some(Fate::Delivered),
        _ => None,
    })
}

/// An enhanced status code, if `text` is one.
fn code(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim_matches('.').split('.').collect();
    let fits =
        |part: &&str| (1..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_digit());
    let [class, subject, detail] = parts[..] else { return None };
    let known = matches!(class, "2" | "4" | "5") && fits(&subject) && fits(&detail);
    known.then(|| format!("{class}.{subject}.{detail}"))
}
