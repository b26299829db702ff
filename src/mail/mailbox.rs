//! A mailbox (受信箱): mails on a server, looked at and fetched by IMAP.
//!
//! A mail is looked at by size and sender first, and fetched without marking it. Whoever fetches it
//! makes it durable and only then marks it as seen or moves it, so that one who is cut off in
//! between fetches it again. Knows no stage. Owns no table.

use std::{fmt::Debug, time::Duration};

use async_imap::{
    Client, Session,
    imap_proto::Address,
    types::{Fetch, Uid},
};
use futures::{Stream, TryStreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::net::{Trouble, dial::Dialling};

/// The largest mail that is fetched.
pub(crate) const MAIL_MAX: u32 = 25 << 20;
/// Mails that are looked at in one go.
pub(crate) const HANDFUL: usize = 100;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where a mailbox is, and who logs in there (受信箱の場所).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The server and its port.
    pub(crate) host: (&'a str, u16),
    /// Without TLS, which is allowed to this machine alone.
    pub(crate) plain: bool,
    /// Who logs in.
    pub(crate) user: &'a str,
    /// The folder that mails come into.
    pub(crate) folder: &'a str,
    /// The folder that mails are moved to; nothing = they stay, marked as seen.
    pub(crate) processed: Option<&'a str>,
    /// How to connect.
    pub(crate) dialling: &'a Dialling,
}

impl Place<'_> {
    /// What shows to be wrong before anybody logs in.
    pub(crate) fn objection(&self) -> Option<String> {
        let texts = [self.host.0, self.user, self.folder];
        let odd = |text: &str| text.is_empty() || text.chars().any(char::is_control);
        let is_odd = texts.iter().any(|text| odd(text)) || self.processed.is_some_and(odd);
        is_odd.then(|| "host, user and folders must be named, on one line each".to_owned())
    }
}

/// Whatever mails come over.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Wire for T {}

/// A mailbox that somebody is logged in to (受信箱).
#[derive(Debug)]
#[doc(alias = "受信箱")]
pub(crate) struct Mailbox<'a> {
    session: Session<Box<dyn Wire>>,
    place: Place<'a>,
    /// The numbers of mails hold as long as this stays the same (RFC 9051, section 2.3.1.1).
    pub(crate) validity: u32,
}

/// What is known of a mail before it is fetched.
pub(crate) struct Head {
    /// Its number.
    pub(crate) uid: Uid,
    /// How large it is.
    pub(crate) bytes: u32,
    /// From whom it says to be.
    pub(crate) sender: String,
}

impl<'a> Mailbox<'a> {
    /// Logs in and opens the folder.
    pub(crate) async fn open(place: Place<'a>, password: &str) -> Result<Self, Trouble> {
        let mut session = log_in(&place, password).await?;
        let selected = within("select", session.select(place.folder)).await?;
        let validity = selected.uid_validity.ok_or_else(|| {
            Trouble::new("the mail server numbers no mails for good (it tells no UIDVALIDITY)")
        })?;
        Ok(Self { session, place, validity })
    }

    /// The numbers of mails that nobody has seen, in order.
    pub(crate) async fn unseen(&mut self) -> Result<Vec<Uid>, Trouble> {
        let unseen = within("search", self.session.uid_search("UNSEEN UNDELETED")).await?;
        let mut unseen: Vec<Uid> = unseen.into_iter().collect();
        unseen.sort_unstable();
        Ok(unseen)
    }

    /// What is known of these mails.
    pub(crate) async fn heads(&mut self, uids: &[Uid]) -> Result<Vec<Head>, Trouble> {
        let set = uids.iter().map(Uid::to_string).collect::<Vec<_>>().join(",");
        let query = "(UID RFC822.SIZE ENVELOPE)";
        let found = all("list", within("list", self.session.uid_fetch(set, query)).await?).await?;
        let mut heads: Vec<Head> = found.iter().filter_map(head).collect();
        // A server may tell more than it was asked for.
        heads.retain(|head| uids.contains(&head.uid));
        heads.sort_by_key(|head| head.uid);
        Ok(heads)
    }

    /// The bytes of a mail, unmarked; nothing where somebody removed it in the meantime.
    pub(crate) async fn body(&mut self, uid: Uid) -> Result<Option<Vec<u8>>, Trouble> {
        let query = "(UID BODY.PEEK[])";
        let found = within("send", self.session.uid_fetch(uid.to_string(), query)).await?;
        let found = all("send", found).await?;
        let body = found.iter().find(|one| one.uid == Some(uid)).and_then(Fetch::body);
        Ok(body.map(<[u8]>::to_vec))
    }

    /// Marks a mail as seen, or moves it where it is kept.
    pub(crate) async fn mark(&mut self, uid: Uid) -> Result<(), Trouble> {
        let uid = uid.to_string();
        if let Some(folder) = self.place.processed {
            let moved = self.session.uid_mv(uid, folder);
            return within(&format!("move mails to {folder}"), moved).await;
        }
        let marked = within("mark", self.session.uid_store(uid, "+FLAGS.SILENT (\\Seen)")).await?;
        all("mark", marked).await.map(drop)
    }

    /// Logs out. All is done then; whether the server heard the farewell does not matter.
    pub(crate) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(5), self.session.logout()).await;
    }
}

async fn log_in(place: &Place<'_>, password: &str) -> Result<Session<Box<dyn Wire>>, Trouble> {
    let stream = place.dialling.connect(place.host, place.plain).await?;
    let wire: Box<dyn Wire> = if place.plain {
        Box::new(stream)
    } else {
        Box::new(place.dialling.secure(stream, place.host.0).await?)
    };
    let mut client = Client::new(wire);
    let greeting = within("greet", async { client.read_response().await.map_err(Into::into) });
    if greeting.await?.is_none() {
        return Err(Trouble::new("the mail server closes the connection at once"));
    }
    let login = async { client.login(place.user, password).await.map_err(|(fault, _)| fault) };
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
