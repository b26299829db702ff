//! 文面による不達: bounces that say it in words alone.
//!
//! The words are those of servers that are in use; what says neither that a mail failed nor that it
//! is late is no bounce.

use super::{Bounce, Fate, NoBounce, addresses, code};
use crate::mail::Part;

/// Who speaks for a mail server.
const SPEAKERS: [&str; 9] = [
    "mailer-daemon",
    "mailerdaemon",
    "mailer_daemon",
    "postmaster",
    "mail delivery",
    "mail administrator",
    "mail system",
    "mdaemon",
    "delivery subsystem",
];

/// It is late, and still tried.
const LATE: [&str; 12] = [
    "delivery delayed",
    "delayed mail",
    "is delayed",
    "has been delayed",
    "delivery of your message has been delayed",
    "will retry",
    "will continue to",
    "still being retried",
    "not yet been delivered",
    "message warning",
    "you do not need to resend",
    "再送を試みます",
];

/// It is not delivered.
const FAILED: [&str; 34] = [
    "undeliverable",
    "undelivered",
    "undeliverd",
    "delivery failure",
    "delivery failed",
    "delivery has failed",
    "failure notice",
    "delivery status notification (failure)",
    "returned mail",
    "returned to sender",
    "returning message to sender",
    "could not be delivered",
    "couldn't be delivered",
    "cannot be delivered",
    "can't be delivered",
    "was not delivered",
    "not be delivered",
    "unable to deliver",
    "wasn't able to deliver",
    "couldn't deliver",
    "could not deliver",
    "was rejected",
    "user unknown",
    "unknown user",
    "no such user",
    "does not exist",
    "mailbox is full",
    "mailbox full",
    "permanent error",
    "permanent failure",
    "エラーのため",
    "送信できませんでした",
    "配信できませんでした",
    "お届けできません",
];

/// So much of the text is looked at: behind it stands the mail that came back.
const LOOK: usize = 8 << 10;

/// Reads a mail whose words alone tell.
pub(super) fn read(head: &[(String, String)], parts: &[Part]) -> Result<Bounce, NoBounce> {
    let field = |wanted: &str| {
        let found = head.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value.trim())
    };
    let named = field("x-failed-recipients");
    let from = field("from").to_lowercase();
    let back = field("return-path").to_lowercase();
    let speaks = |who: &str| SPEAKERS.iter().any(|known| who.contains(known));
    let is_server = speaks(&from) || speaks(&back) || !named.is_empty();
    let is_answer = field("subject").to_lowercase().starts_with("automatic reply");
    // Answers of machines have no return address either.
    if !is_server && (back != "<>" || is_answer) {
        let submitted = field("auto-submitted").to_ascii_lowercase();
        let answers = is_answer
            || submitted.starts_with("auto-replied")
            || ["x-autoreply", "x-autorespond", "x-auto-response-suppress"]
                .iter()
                .any(|name| !field(name).is_empty());
        return Err(if answers { NoBounce::AutoReply } else { NoBounce::Nothing });
    }
    let is_words = |part: &&Part| part.kind.is_empty() || part.kind.starts_with("text/");
    let body = parts.iter().find(is_words).map_or("", |part| part.text.as_str());
    let mut end = body.len().min(LOOK);
    while !body.is_char_boundary(end) {
        end -= 1;
    }
    let body = &body[..end];
    let whole = format!("{}\n{body}", field("subject")).to_lowercase().replace('\u{2019}', "'");
    let fate = if LATE.iter().any(|words| whole.contains(words)) {
        Fate::Delayed
    } else if FAILED.iter().any(|words| whole.contains(words)) || reply(&whole).is_some() {
        Fate::Failed
    } else {
        return Err(NoBounce::Nothing);
    };
    let recipient = addresses(named).next().or_else(|| addresses(body).next());
    let status = body.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(code);
    let diagnostic = body.lines().find(|line| reply(line).is_some());
    let diagnostic = diagnostic.map(|line| line.trim().chars().take(300).collect());
    Ok(Bounce { fate, to: Vec::new(), recipient, status, diagnostic })
}

/// A reply code of SMTP that refuses for good, standing by itself.
fn reply(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let is_code = |word: &&str| matches!(*word, "550" | "551" | "552" | "553" | "554");
    words.into_iter().find(is_code)
}
