//! A mailbox (受信箱): mails with reports, fetched by IMAP and kept as they are.
//!
//! Each unseen mail is looked at by size and sender first, fetched without marking it, handed over
//! as `<uidvalidity>-<uid>.eml`, remembered, and only then marked as seen or moved. A mail that is
//! refused stays unseen, for people to look at.

use std::{fmt::Debug, time::Duration};

use anyhow::Context as _;
use async_imap::{
    Client, Session,
    imap_proto::Address,
    types::{Fetch, Uid},
};
use futures::{Stream, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};

use super::run::Run;
use crate::net::{Trouble, dial::Dialling};

/// The largest mail.
const MAIL_MAX: u32 = 25 << 20;
/// Mails of one run; what is left comes with the next.
const MAILS_MAX: usize = 1_000;
/// Mails that are looked at in one go.
const HANDFUL: usize = 100;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

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
    pub(super) fn objection(&self) -> Option<String> {
        let texts = [&self.host, &self.user, &self.mailbox];
        let odd = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        if texts.iter().any(|text| odd(text)) || self.processed.as_deref().is_some_and(odd) {
            return Some("host, user and folders must be named, on one line each".to_owned());
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

/// The numbers of mails hold as long as this stays the same (RFC 9051, section 2.3.1.1).
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    uidvalidity: Option<u32>,
}

/// Whatever mails come over.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

type Mails = Session<Box<dyn Wire>>;

pub(super) async fn fetch(run: &mut Run<'_>, settings: &Settings) -> Result<(), Trouble> {
    let secret = run.needed_secret()?;
    let mut mails = log_in(settings, secret.password()).await?;
    let selected = within("select", mails.select(&settings.mailbox)).await?;
    let validity = selected.uid_validity.ok_or_else(|| {
        Trouble::new("the mail server numbers no mails for good (it tells no UIDVALIDITY)")
    })?;
    let position: Position = run.position();
    if position.uidvalidity != Some(validity) {
        if position.uidvalidity.is_some() {
            tracing::warn!("{}: the server has numbered all mails anew", run.way);
        }
        run.go_on_from(&Position { uidvalidity: Some(validity) }).await?;
    }
    let unseen = within("search", mails.uid_search("UNSEEN UNDELETED")).await?;
    let mut unseen: Vec<Uid> = unseen.into_iter().collect();
    unseen.sort_unstable();
    // Those that were refused stay unseen; they take no place from the others.
    let mut fresh = Vec::new();
    for uid in unseen {
        if fresh.len() == MAILS_MAX {
            break;
        }
        if !matches!(run.known(&format!("{validity}-{uid}")).await?, Some(Some(_))) {
            fresh.push(uid);
        }
    }
    let unseen = fresh;
    for some in unseen.chunks(HANDFUL) {
        for head in heads(&mut mails, some).await? {
            take(run, settings, &mut mails, (validity, &head)).await?;
        }
    }
    // All is done; whether the server heard the farewell does not matter.
    let _ = tokio::time::timeout(Duration::from_secs(5), mails.logout()).await;
    Ok(())
}

async fn log_in(settings: &Settings, password: &str) -> Result<Mails, Trouble> {
    let place = (settings.host.as_str(), settings.port);
    let stream = settings.dialling.connect(place, settings.plain).await?;
    let wire: Box<dyn Wire> = if settings.plain {
        Box::new(stream)
    } else {
        Box::new(settings.dialling.secure(stream, &settings.host).await?)
    };
    let mut client = Client::new(wire);
    let greeting = within("greet", async { client.read_response().await.map_err(Into::into) });
    if greeting.await?.is_none() {
        return Err(Trouble::new("the mail server closes the connection at once"));
    }
    let login = async { client.login(&settings.user, password).await.map_err(|(fault, _)| fault) };
    within("log in", login).await
}

/// Waits for an answer of the server.
async fn within<T>(
    what: &str,
    answer: impl Future<Output = async_imap::error::Result<T>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(answer) => answer
            .map_err(|fault| Trouble::new(format!("the mail server does not {what}: {fault}"))),
        Err(_) => Err(Trouble::new(format!("the mail server does not answer ({what})"))),
    }
}

async fn all<T>(
    what: &str,
    stream: impl Stream<Item = async_imap::error::Result<T>>,
) -> Result<Vec<T>, Trouble> {
    within(what, stream.try_collect()).await
}

/// What is known of a mail before it is fetched.
struct Head {
    uid: Uid,
    bytes: u32,
    sender: String,
}

async fn heads(mails: &mut Mails, uids: &[Uid]) -> Result<Vec<Head>, Trouble> {
    let set = uids.iter().map(Uid::to_string).collect::<Vec<_>>().join(",");
    let query = "(UID RFC822.SIZE ENVELOPE)";
    let found = all("list", within("list", mails.uid_fetch(set, query)).await?).await?;
    let mut heads: Vec<Head> = found.iter().filter_map(head).collect();
    // A server may tell more than it was asked for.
    heads.retain(|head| uids.contains(&head.uid));
    heads.sort_by_key(|head| head.uid);
    Ok(heads)
}

fn head(found: &Fetch) -> Option<Head> {
    let sender = found.envelope().and_then(|envelope| envelope.from.as_ref()?.first());
    Some(Head {
        uid: found.uid?,
        bytes: found.size?,
        sender: sender.map(written).unwrap_or_default(),
    })
}

fn written(address: &Address<'_>) -> String {
    let text = |part: &Option<std::borrow::Cow<'_, [u8]>>| {
        part.as_deref().map(|part| String::from_utf8_lossy(part).into_owned()).unwrap_or_default()
    };
    format!("{}@{}", text(&address.mailbox), text(&address.host))
}

/// Takes one mail: handed over, remembered, and only then marked.
async fn take(
    run: &mut Run<'_>,
    settings: &Settings,
    mails: &mut Mails,
    (validity, head): (u32, &Head),
) -> Result<(), Trouble> {
    let item = format!("{validity}-{}", head.uid);
    match run.known(&item).await? {
        // It stays unseen on purpose.
        Some(Some(_refused)) => return Ok(()),
        // An earlier run was cut off between remembering and marking.
        Some(None) => return mark(settings, mails, head.uid).await,
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
    let found = within("send", mails.uid_fetch(head.uid.to_string(), "(UID BODY.PEEK[])")).await?;
    let found = all("send", found).await?;
    let body = found.iter().find(|one| one.uid == Some(head.uid)).and_then(Fetch::body);
    // Somebody removed it in the meantime.
    let Some(body) = body else { return Ok(()) };
    if body.len() > MAIL_MAX as usize {
        let why = format!("the mail has {} bytes; at most {MAIL_MAX} are taken", body.len());
        return Ok(run.refuse(&item, &why).await?);
    }
    let path = run.room_for(&format!("{item}.eml"))?;
    std::fs::write(&path, body).context("a mail cannot be written")?;
    if let Some(why) = run.hand_over_fetched(&path).await?.refusal() {
        // What is remembered as refused stays unseen; this mail is durable, and done with.
        mark(settings, mails, head.uid).await?;
        return Ok(run.remember(&item, Some(why)).await?);
    }
    run.remember(&item, None).await?;
    mark(settings, mails, head.uid).await
}

/// Marks a mail as seen, or moves it where it is kept.
async fn mark(settings: &Settings, mails: &mut Mails, uid: Uid) -> Result<(), Trouble> {
    if let Some(folder) = &settings.processed {
        return within(&format!("move mails to {folder}"), mails.uid_mv(uid.to_string(), folder))
            .await;
    }
    let marked = within("mark", mails.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)")).await?;
    all("mark", marked).await.map(drop)
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
