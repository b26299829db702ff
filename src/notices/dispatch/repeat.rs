//! Repeating (再送): a message that was made goes out again, the same to the byte.
//!
//! As long as it tells of the list as it stands and is for whom lists go to now, that is. What
//! tells of lines that were taken back since, or that may not be read any more, what was encrypted
//! to a key that was taken out, perhaps since a stranger holds it, or is bound for an address that
//! was given up, leaves no more: a message of the same Message-ID is made in its place.

use anyhow::Context as _;

use super::{
    Delivery,
    make::{self, Message},
    store,
};
use crate::{
    access::seal,
    app::App,
    isps::{delivery::Preference, keys::IspKey},
    notices::{self, export},
};

/// The message that was made of a delivery; nothing where none was, or where another one is due.
pub(super) async fn kept(app: &App, delivery: &Delivery) -> anyhow::Result<Option<Message>> {
    let mut tx = app.db.snapshot().await?;
    let Some(sealed) = store::message(&mut tx, (delivery.isp_id, delivery.id)).await? else {
        return Ok(None);
    };
    let notice = notices::find(&app.db, &delivery.list_id).await?;
    let notice = notice.context("the list of a delivery is gone")?;
    // What was taken back meanwhile, or is another provider's by now, leaves no more as it stood.
    let edition = export::edition(app, &mut tx, &notice).await?;
    if delivery.edition.as_ref() != Some(&edition) {
        return Ok(None);
    }
    let (preference, key) = make::in_force(app, &mut tx, delivery.isp_id).await?;
    drop(tx);
    let target = make::target(app, delivery)?.context("a message that was made goes nowhere")?;
    let is_wished = |one: &Preference| goes_so(delivery, &target, one);
    let Some(preference) = preference.filter(is_wished) else { return Ok(None) };
    if !is_to(app, delivery, key.as_ref()) {
        return Ok(None);
    }
    let bytes = seal::open(app, make::place(&delivery.id), &sealed);
    let bytes = bytes.context("a message does not open under this key")?;
    Ok(Some(Message { preference, bytes }))
}

/// Whether a message goes by the way, in the form and to where lists go now.
fn goes_so(delivery: &Delivery, target: &str, preference: &Preference) -> bool {
    let form = delivery.form.as_deref();
    preference.way == delivery.way
        && form == Some(preference.form.as_str())
        && preference.target.as_deref() == Some(target)
}

/// Whether a message is encrypted to the key that mails are encrypted to now, if they are, and that
/// key is fit still.
fn is_to(app: &App, delivery: &Delivery, key: Option<&IspKey>) -> bool {
    let Some(standard) = delivery.way.standard() else { return true };
    let is_same = |key: &IspKey| {
        key.standard == standard
            && delivery.key_fingerprint.as_ref() == Some(&key.fingerprint)
            && key.checked(app.now()).is_ok()
    };
    key.is_some_and(is_same)
}
