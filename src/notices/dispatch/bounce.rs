//! Bounces (不達): mails that came back, matched by the signed address that they came back to.
//!
//! A mail is known by its bytes: handed over by hand, fetched, or both, it is written once.

use formats::bounce::{self, Fate};
use sha2::{Digest as _, Sha256};

use super::{
    Delivery, State,
    carry::{MAIL_SERVER, hidden},
    make, store,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::retry,
    ids::{DeliveryId, ReminderMailId},
    isps::contacts,
    mail::return_address,
    notices::{
        reminders::{ReminderMail, carry as reminders},
        store::{outbox, returns},
    },
};

/// What a mail was that came back (不達のメール).
#[derive(Clone, Debug)]
pub enum Mail {
    /// A list.
    List(Box<Delivery>),
    /// A reminder; whom it went to is doubted from now on.
    Reminder(Box<ReminderMail>),
}

impl Mail {
    /// The code of the provider that it went to.
    pub fn isp(&self) -> &str {
        match self {
            Self::List(delivery) => &delivery.isp,
            Self::Reminder(mail) => &mail.isp,
        }
    }

    /// The list that it was or that it is a reminder.
    pub fn name(&self) -> &str {
        match self {
            Self::List(delivery) => &delivery.list_id,
            Self::Reminder(_) => "reminder",
        }
    }

    /// Its key.
    pub fn id(&self) -> String {
        match self {
            Self::List(delivery) => delivery.id.to_string(),
            Self::Reminder(mail) => mail.id.to_string(),
        }
    }
}

/// What came of a mail to the return address (不達の扱い).
#[derive(Debug)]
pub struct Returned {
    /// What came back, as it stands now.
    pub mail: Mail,
    /// `bounced`; or `delayed` or `delivered`, which are no bounce.
    pub kind: &'static str,
    /// In whose words.
    pub detail: String,
    /// Whether this very mail was taken before.
    pub is_known: bool,
}

/// Why a mail to the return address says nothing of a delivery (不達通知の拒否).
#[derive(Debug, thiserror::Error)]
pub enum NotReturned {
    /// It is a mail, but no word of a mail server about another mail.
    #[error("this is no bounce: {0}")]
    NoBounce(&'static str),
    /// It did not come to one of our addresses.
    #[error("it came to none of our signed return addresses, so nobody knows what it is about")]
    NotOurs,
    /// What it is about is gone.
    #[error("the delivery that it is about is not in the store")]
    Unknown,
}

/// Takes a mail that came to the return address. Said twice, it is written once.
///
/// Contacts at the address that a list came back from become doubtful.
pub async fn take(app: &App, raw: &[u8]) -> anyhow::Result<Result<Returned, NotReturned>> {
    let bounce = match bounce::read(raw) {
        Ok(bounce) => bounce,
        Err(why) => return Ok(Err(NotReturned::NoBounce(why.words()))),
    };
    let mail = bounce.to.iter().find_map(|address| return_address::mail_of(&app.keys, address));
    let Some(mail) = mail else { return Ok(Err(NotReturned::NotOurs)) };
    let kind = match bounce.fate {
        Fate::Failed => "bounced",
        Fate::Delayed => "delayed",
        Fate::Delivered => "delivered",
    };
    let words = [bounce.status, bounce.diagnostic].into_iter().flatten().collect::<Vec<_>>();
    let detail: String = words.join(" ").chars().filter(|c| !c.is_control()).take(300).collect();
    let sha256 = Sha256::digest(raw);
    let id = DeliveryId(mail);
    let Some(delivery) = store::by_id(&app.db, id).await? else {
        return reminder(app, ReminderMailId(mail), (kind, detail), &sha256).await;
    };
    let target = make::target(app, &delivery)?.unwrap_or_default();
    let detail = hidden(&detail, &target);
    let write = || write(app, (id, &target), (kind, &detail), &sha256);
    Ok(match retry::looking_again(write).await? {
        Some((delivery, is_new)) => {
            let mail = Mail::List(Box::new(delivery));
            Ok(Returned { mail, kind, detail, is_known: !is_new })
        }
        None => Err(NotReturned::Unknown),
    })
}

/// Takes a mail that says something of a reminder.
async fn reminder(
    app: &App,
    id: ReminderMailId,
    (kind, detail): (&'static str, String),
    sha256: &[u8],
) -> anyhow::Result<Result<Returned, NotReturned>> {
    let reminder = reminders::came_back(app, id, (kind, &detail), sha256).await?;
    Ok(match reminder {
        Some((mail, is_new)) => {
            let mail = Mail::Reminder(Box::new(mail));
            Ok(Returned { mail, kind, detail, is_known: !is_new })
        }
        None => Err(NotReturned::Unknown),
    })
}

/// Writes what a mail says of a delivery, and who is doubted for it; gives how it stands then, and
/// whether that is news.
async fn write(
    app: &App,
    (id, target): (DeliveryId, &str),
    (kind, detail): (&str, &str),
    sha256: &[u8],
) -> anyhow::Result<Option<(Delivery, bool)>> {
    let mut tx = app.db.begin().await?;
    let Some(delivery) = store::by_id_in(&mut tx, id).await? else { return Ok(None) };
    if !returns::insert(&mut tx, (sha256, id.0), kind, app.now()).await? {
        return Ok(Some((delivery, false)));
    }
    if kind == "bounced" && !target.is_empty() {
        let why = if detail.is_empty() { "a list came back" } else { detail };
        contacts::doubt_in(app, &mut tx, target, (MAIL_SERVER, why)).await?;
    }
    let key = (delivery.isp_id, delivery.id);
    // One that bounced did so for good; one that still waits was taken without a word.
    if kind == "bounced" && delivery.state != State::Bounced {
        outbox::set_state(&mut tx, key, (State::Bounced, 0), detail, Some(app.now())).await?;
        store::drop_message(&mut tx, key).await?;
    }
    if delivery.state != State::Bounced {
        let word = outbox::Word { kind, detail: Some(detail), by: MAIL_SERVER, fence: None };
        outbox::append(&mut tx, key, app.now(), word).await?;
    }
    let deed = Deed::new("notice.bounce", &delivery.list_id).of_isp(&delivery.isp);
    audit::note_deed(app, &mut tx, deed).await?;
    let after = store::by_id_in(&mut tx, id).await?;
    tx.commit().await?;
    Ok(after.map(|after| (after, true)))
}
