//! Making (作成): the message of a delivery, made once and kept until the other side has it.
//!
//! Encrypting one text twice gives two messages; so the bytes are kept, sealed, and a repeat sends
//! them again. To where they go is sealed as well. Where no fit key stands, nothing is made, and
//! the delivery says why.

use std::time::Duration;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use super::{Delivery, carry::Outcome, repeat, store, words};
use crate::{
    access::{
        keys::to_hex,
        seal::{self, Place},
    },
    app::App,
    config::MailServer,
    db::{Tx, retry},
    ids::{DeliveryId, IspId},
    isps::{
        Isp,
        delivery::{self as preferences, Preference, Way},
        keys::{self, IspKey},
    },
    jobs::queue::Lease,
    mail::{
        Certificate, MailRefused,
        compose::{self, Letter},
        own_keys::OwnKeys,
    },
    notices::{
        Notice,
        export::{self, Form},
        readable,
        store::{find_in, outbox},
    },
};

/// What is handed over.
pub(super) struct Message {
    /// By which way, and to where: what its provider prefers as it leaves.
    pub(super) preference: Preference,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

impl Message {
    /// To where it goes.
    pub(super) fn target(&self) -> &str {
        self.preference.target.as_deref().unwrap_or_default()
    }
}

/// What a provider prefers, and the key that mails to it are encrypted to, if they are.
pub(super) async fn in_force(
    app: &App,
    tx: &mut Tx,
    isp: IspId,
) -> anyhow::Result<(Option<Preference>, Option<IspKey>)> {
    let preference = preferences::in_force(app, tx, isp).await?;
    let key = match preference.as_ref().and_then(|one| one.way.standard()) {
        Some(standard) => keys::in_force(tx, isp, standard).await?,
        None => None,
    };
    Ok((preference, key))
}

/// Where the message of a delivery is kept.
pub(super) fn place(delivery: &DeliveryId) -> Place<'_> {
    // The key of a delivery is one of a kind among all providers'.
    Place { table: "delivery_messages", column: "sealed", row: delivery.0.as_bytes() }
}

/// Where it is kept to where the message of that delivery was made for.
pub(super) fn target_place(delivery: &DeliveryId) -> Place<'_> {
    Place { table: "deliveries", column: "sealed_target", row: delivery.0.as_bytes() }
}

/// To where a message that was made goes.
pub(super) fn target(app: &App, delivery: &Delivery) -> anyhow::Result<Option<String>> {
    let Some(sealed) = &delivery.sealed_target else { return Ok(delivery.target.clone()) };
    let opened = seal::open(app, target_place(&delivery.id), sealed);
    let opened = opened.context("the target of a delivery does not open under this key")?;
    Ok(Some(String::from_utf8(opened)?))
}

/// The message of a delivery: the one that was made, as long as it is still for whom lists go to,
/// or a fresh one; or why there is none.
pub(super) async fn message(
    app: &App,
    lease: &Lease,
    delivery: &Delivery,
) -> anyhow::Result<Result<Message, Outcome>> {
    if let Some(kept) = repeat::kept(app, delivery).await? {
        return Ok(Ok(kept));
    }
    let notice = crate::notices::find(&app.db, &delivery.list_id).await?;
    let notice = notice.context("the list of a delivery is gone")?;
    if notice.withdrawn_at.is_some() {
        return Ok(needless("all lines of the list were withdrawn before it was sent"));
    }
    let isp = crate::isps::by_code(&app.db, &delivery.isp).await?;
    let isp = isp.context("the provider of a delivery is gone")?;
    retry::looking_again(|| make(app, lease, delivery, (&notice, &isp))).await
}

fn later(why: String) -> Result<Message, Outcome> {
    Err(Outcome::Later(why, Duration::ZERO))
}

fn needless(why: &str) -> Result<Message, Outcome> {
    Err(Outcome::Needless(why.to_owned()))
}

/// Makes a message: that the list was handed out, and the bytes, stand in one transaction, so that
/// whoever is cut off leaves neither.
async fn make(
    app: &App,
    lease: &Lease,
    delivery: &Delivery,
    (notice, isp): (&Notice, &Isp),
) -> anyhow::Result<Result<Message, Outcome>> {
    let mut tx = app.db.begin().await?;
    let (preference, key) = in_force(app, &mut tx, delivery.isp_id).await?;
    let Some(preference) = preference.filter(|one| one.way != Way::Portal) else {
        return Ok(needless("the provider fetches its lists now"));
    };
    // What nobody has seen for certain, and the register gives to somebody else by now, stays here.
    readable::clear(app, &mut tx, notice).await?;
    let left = find_in(&mut tx, isp.id, &notice.list_id).await?;
    if left.is_none_or(|notice| notice.withdrawn_at.is_some()) {
        lease.check(&mut tx).await?;
        tx.commit().await?;
        return Ok(needless("all lines of the list are another provider's by now"));
    }
    let form: Form = preference.form.parse()?;
    preference.target.as_ref().context("a preference leads nowhere")?;
    let fingerprint = key.as_ref().map(|key| key.fingerprint.as_str());
    let sending =
        Sending { delivery, notice, isp, preference: &preference, form, key: fingerprint };
    let bytes = match preference.way.standard() {
        None => export::to_send(app, &mut tx, (notice, isp), form).await?.bytes,
        Some(standard) => {
            let Some(key) = &key else {
                return Ok(later(format!("no {} key of the provider stands", standard.word())));
            };
            let certificate = match key.checked(app.now()) {
                Ok(certificate) => certificate,
                Err(refused) => return Ok(later(format!("key {}: {refused}", key.fingerprint))),
            };
            match mail(app, &mut tx, &sending, &certificate).await? {
                Ok(bytes) => bytes,
                Err(refused) => return Ok(later(refused.to_string())),
            }
        }
    };
    lease.check(&mut tx).await?;
    keep(app, &mut tx, &sending, &bytes).await?;
    tx.commit().await?;
    Ok(Ok(Message { preference, bytes }))
}

/// A list about to be sent.
struct Sending<'a> {
    delivery: &'a Delivery,
    notice: &'a Notice,
    isp: &'a Isp,
    preference: &'a Preference,
    form: Form,
    /// The fingerprint of the key that mails are encrypted to.
    key: Option<&'a str>,
}

/// The list as a mail that its provider alone can open.
async fn mail(
    app: &App,
    tx: &mut Tx,
    sending: &Sending<'_>,
    certificate: &Certificate,
) -> anyhow::Result<Result<Vec<u8>, MailRefused>> {
    let Some(MailServer { from, .. }) = &app.centre.mail else {
        return Ok(Err(MailRefused::NoServer));
    };
    // Before the list is written: what cannot be sent was not handed out.
    let own = match OwnKeys::load(app) {
        Ok(own) => own,
        Err(refused) => return Ok(Err(refused)),
    };
    let Some((_, domain)) = from.rsplit_once('@') else {
        return Ok(Err(MailRefused::NoAddress(from.clone())));
    };
    let list = export::to_send(app, tx, (sending.notice, sending.isp), sending.form).await?;
    let name = format!("{}.{}", sending.notice.list_id, words::ending(&sending.preference.form));
    let letter = Letter {
        from: format!("\"{}\" <{from}>", app.centre.name_ja.replace(['"', '\\'], "")),
        to: sending.preference.target.clone().unwrap_or_default(),
        subject: words::subject(&app.centre, sending.notice),
        message_id: format!("<{}@{domain}>", sending.delivery.id.0.simple()),
        at: app.now(),
        text: words::text(&app.centre, sending.notice, list.lines),
        file: Some((name, words::media_type(&sending.preference.form), list.bytes)),
    };
    Ok(Ok(compose::sealed(app, letter, &own, certificate)?))
}

/// Keeps the message, so that a repeat sends the same.
async fn keep(app: &App, tx: &mut Tx, sending: &Sending<'_>, bytes: &[u8]) -> anyhow::Result<()> {
    let delivery = sending.delivery;
    let target = sending.preference.target.as_deref().unwrap_or_default();
    let sha256 = to_hex(&Sha256::digest(bytes));
    let edition = export::edition(app, tx, sending.notice).await?;
    let made = store::Made {
        way: sending.preference.way,
        server: &words::server_of(target),
        target: &seal::seal(app, target_place(&delivery.id), target.as_bytes()),
        form: &sending.preference.form,
        key: sending.key,
        edition: &edition,
        at: app.now(),
        sha256: &sha256,
        bytes: i64::try_from(bytes.len())?,
        sealed: &seal::seal(app, place(&delivery.id), bytes),
    };
    let key = (delivery.isp_id, delivery.id);
    store::keep(tx, key, &made).await?;
    let word = outbox::Word { kind: "made", detail: Some(&sha256), by: "system", fence: None };
    Ok(outbox::append(tx, key, app.now(), word).await?)
}
