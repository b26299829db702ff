//! A mailbox (受信箱): mails with reports, fetched by IMAP and kept as they are.
//!
//! Each unseen mail is looked at by size and sender first, fetched without marking it, handed over
//! as `<uidvalidity>-<uid>.eml`, remembered, and only then marked as seen or moved. A mail that is
//! refused stays unseen, for people to look at.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::{
    mail::mailbox::{HANDFUL, Head, MAIL_MAX, Mailbox, Place},
    net::{Trouble, dial::Dialling},
};

/// Mails of one run; what is left comes with the next.
const MAILS_MAX: usize = 1_000;

/// What a mailbox is reached by (受信箱の設定).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[doc(alias = "受信箱の設定")]
pub struct Settings {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Without TLS, which is allowed to this machine alone.
    #[serde(default)]
    pub plain: bool,
    /// Who logs in.
    pub user: String,
    /// The folder that mails come into.
    pub mailbox: String,
    /// The folder that mails are moved to; nothing = they stay, marked as seen.
    #[serde(default)]
    pub processed: Option<String>,
    /// From whom mails are taken: an address, or `@` and a domain. Empty = from everybody.
    #[serde(default)]
    pub senders: Vec<String>,
    /// How to connect.
    #[serde(default)]
    pub dialling: Dialling,
}

impl Settings {
    fn place(&self) -> Place<'_> {
        Place {
            host: (&self.host, self.port),
            plain: self.plain,
            user: &self.user,
            folder: &self.mailbox,
            processed: self.processed.as_deref(),
            dialling: &self.dialling,
        }
    }

    pub(super) fn objection(&self) -> Option<String> {
        if let Some(why) = self.place().objection() {
            return Some(why);
        }
        let sender = self.senders.iter().find(|sender| !sender.contains('@'))?;
        Some(format!("`{sender}` is neither an address nor `@` and a domain"))
    }

    /// Whether a mail from `sender` is taken. Senders can be forged: this keeps stray mail out, and
    /// proves nothing.
    fn takes(&self, sender: &str) -> bool {
        let sender = sender.to_lowercase();
        self.senders.is_empty()
            || self.senders.iter().map(|one| one.to_lowercase()).any(|one| {
                if one.starts_with('@') { sender.ends_with(&one) } else { sender == one }
            })
    }
}

/// Whether the numbers of mails still hold.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    uidvalidity: Option<u32>,
}

pub(super) async fn fetch(run: &mut Run<'_>, settings: &Settings) -> Result<(), Trouble> {
    let secret = run.needed_secret()?;
    let mut mails = Mailbox::open(settings.place(), secret.password()).await?;
    let validity = mails.validity;
    let position: Position = run.position();
    if position.uidvalidity != Some(validity) {
        if position.uidvalidity.is_some() {
            tracing::warn!("{}: the server has numbered all mails anew", run.way);
        }
        run.go_on_from(&Position { uidvalidity: Some(validity) }).await?;
    }
    // Those that were refused stay unseen; they take no place from the others.
    let mut fresh = Vec::new();
    for uid in mails.unseen().await? {
        if fresh.len() == MAILS_MAX {
            break;
        }
        if !matches!(run.known(&format!("{validity}-{uid}")).await?, Some(Some(_))) {
            fresh.push(uid);
        }
    }
    for some in fresh.chunks(HANDFUL) {
        for head in mails.heads(some).await? {
            take(run, settings, &mut mails, &head).await?;
        }
    }
    mails.close().await;
    Ok(())
}

/// Takes one mail: handed over, remembered, and only then marked.
async fn take(
    run: &mut Run<'_>,
    settings: &Settings,
    mails: &mut Mailbox<'_>,
    head: &Head,
) -> Result<(), Trouble> {
    let item = format!("{}-{}", mails.validity, head.uid);
    match run.known(&item).await? {
        // It stays unseen on purpose.
        Some(Some(_refused)) => return Ok(()),
        // An earlier run was cut off between remembering and marking.
        Some(None) => return mails.mark(head.uid).await,
        None => {}
    }
    if !settings.takes(&head.sender) {
        let why = format!("the mail is from {}, who is not among the senders", head.sender);
        return Ok(run.refuse(&item, &why).await?);
    }
    if head.bytes > MAIL_MAX {
        let why = format!("the mail has {} bytes; at most {MAIL_MAX} are fetched", head.bytes);
        return Ok(run.refuse(&item, &why).await?);
    }
    // Somebody removed it in the meantime.
    let Some(body) = mails.body(head.uid).await? else { return Ok(()) };
    if body.len() > MAIL_MAX as usize {
        let why = format!("the mail has {} bytes; at most {MAIL_MAX} are taken", body.len());
        return Ok(run.refuse(&item, &why).await?);
    }
    let path = run.room_for(&format!("{item}.eml"))?;
    std::fs::write(&path, body).context("a mail cannot be written")?;
    if let Some(why) = run.hand_over_fetched(&path).await?.refusal() {
        // What is remembered as refused stays unseen; this mail is durable, and done with.
        mails.mark(head.uid).await?;
        return Ok(run.remember(&item, Some(why)).await?);
    }
    run.remember(&item, None).await?;
    mails.mark(head.uid).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(senders: &[&str]) -> Settings {
        Settings {
            host: "mail.example".into(),
            port: 993,
            plain: false,
            user: "reports".into(),
            mailbox: "INBOX".into(),
            processed: None,
            senders: senders.iter().map(|one| (*one).to_owned()).collect(),
            dialling: Dialling::default(),
        }
    }

    #[test]
    fn senders_are_addresses_or_domains() {
        let some = settings(&["autoreports@shadowserver.example", "@Scans.Example"]);
        for (sender, taken) in [
            ("AutoReports@shadowserver.example", true),
            ("other@shadowserver.example", false),
            ("anybody@scans.example", true),
            ("anybody@evil-scans.example", false),
            ("anybody@sub.scans.example", false),
            ("@", false),
            ("", false),
        ] {
            assert_eq!(some.takes(sender), taken, "{sender}");
        }
        assert!(settings(&[]).takes("") && settings(&["nobody"]).objection().is_some());
        assert!(settings(&["@a.example"]).objection().is_none());
    }
}
