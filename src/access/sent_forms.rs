//! Sent forms (送った様式): what makes a secret is taken once, however often its form is sent.
//!
//! The page that shows such a form gives it a key. Whoever makes the secret takes the form in the
//! same transaction: sent again, by a reload or a second click, it makes nothing. Owns
//! `sent_forms`.

use super::store;
use crate::{db::Tx, ids::FormId, time::Moment};

/// Takes a form as sent by somebody at that moment; tells whether it was for the first time.
pub(crate) async fn take(
    tx: &mut Tx,
    form: FormId,
    sent: (&str, Moment),
) -> crate::db::Result<bool> {
    store::insert_sent_form(tx, form, sent).await
}
