//! Bounces (不達): mails that came back, matched by the signed address that they came back to.

use formats::bounce::{self, Fate};

use super::{Delivery, State, store};
use crate::{
    app::App,
    db::retry,
    ids::{DeliveryId, ReminderMailId},
    mail::return_address,
    notices::reminders::{ReminderMail, carry as reminders},
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
    let write = || write(app, DeliveryId(mail), kind, &detail);
    if let Some(delivery) = retry::until_settled(write).await? {
        return Ok(Ok(Returned { mail: Mail::List(Box::new(delivery)), kind, detail }));
    }
    let reminder = reminders::came_back(app, ReminderMailId(mail), (kind, &detail)).await?;
    Ok(match reminder {
        Some(mail) => Ok(Returned { mail: Mail::Reminder(Box::new(mail)), kind, detail }),
        None => Err(NotReturned::Unknown),
    })
}

async fn write(
    app: &App,
    id: DeliveryId,
    kind: &str,
    detail: &str,
) -> crate::db::Result<Option<Delivery>> {
    let mut tx = app.db.begin().await?;
    let Some(delivery) = store::by_id_in(&mut tx, id).await? else { return Ok(None) };
    let key = (delivery.isp_id, delivery.id);
    // One that bounced did so for good; one that still waits was taken without a word.
    if kind == "bounced" && delivery.state != State::Bounced {
        store::set_state(&mut tx, key, (State::Bounced, 0), detail, Some(app.now())).await?;
        store::drop_message(&mut tx, key).await?;
    }
    if delivery.state != State::Bounced {
        let word = store::Word { kind, detail: Some(detail), by: "mail server", fence: None };
        store::append(&mut tx, key, app.now(), word).await?;
    }
    let delivery = store::by_id_in(&mut tx, id).await?;
    tx.commit().await?;
    Ok(delivery)
}
