//! The audit log (監査記録): who did what, and who read addresses or contact data.
//!
//! Base: each write by a person leaves one leaf in its own transaction, so that neither is without
//! the other; the leaf of a read is committed before anything read is handed out, and that of work
//! in many transactions before the first of them. The leaves are one chain: the hash of each covers
//! the one before it, and whoever adds one waits for whoever is adding. Jobs and machines leave
//! none: what they did stands beside what they wrote. Owns `audit_leaves`, `audit_head`.

pub mod checkpoint;
pub mod export;
pub mod key;
pub mod list;
pub mod pages;
mod store;

use sha2::{Digest as _, Sha256};

use crate::{
    app::App,
    db::{Tx, retry},
    time::Moment,
};

/// What somebody did or read (監査記録の一件).
#[derive(Clone, Copy, Debug)]
#[doc(alias = "監査記録")]
pub struct Leaf<'a> {
    /// When.
    pub at: Moment,
    /// Who: the name of an account, or whoever runs a command.
    pub by: &'a str,
    /// What was done: a stable word such as `notice.export`.
    pub act: &'a str,
    /// To what: the name of a list, a file, an account; never an address or an inquiry ID.
    pub on: &'a str,
    /// The code of the provider that it concerns, if it is one.
    pub isp: Option<&'a str>,
    /// What else is to be known, as a short JSON text; no address, ID or contact data.
    pub detail: Option<&'a str>,
}

/// What is done or read (行為), before it is said who does it and when.
#[derive(Clone, Copy, Debug)]
#[doc(alias = "行為")]
pub struct Deed<'a> {
    act: &'a str,
    on: &'a str,
    isp: Option<&'a str>,
    detail: Option<&'a str>,
}

impl<'a> Deed<'a> {
    /// `act` done to `on`; see [`Leaf`].
    pub fn new(act: &'a str, on: &'a str) -> Self {
        Self { act, on, isp: None, detail: None }
    }

    /// It concerns the provider of that code.
    #[must_use]
    pub fn of_isp(self, code: &'a str) -> Self {
        Self { isp: Some(code), ..self }
    }

    /// With what else is to be known, as a short JSON text.
    #[must_use]
    pub fn with(self, detail: &'a str) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// The leaf of it.
    pub fn by(self, by: &'a str, at: Moment) -> Leaf<'a> {
        let Self { act, on, isp, detail } = self;
        Leaf { at, by, act, on, isp, detail }
    }
}

/// Adds a leaf in the transaction that does or reads what it tells of; best as its last statement,
/// since everybody else who adds one waits from here on.
pub async fn note(tx: &mut Tx, leaf: Leaf<'_>) -> crate::db::Result<()> {
    let (before, last) = store::hold_head(tx).await?;
    let no = before + 1;
    let hash = hash(&last, no, &leaf);
    store::insert(tx, no, &leaf, &hash).await?;
    store::set_head(tx, no, &hash).await
}

/// Adds the leaf of what the person does in whose hands `app` is; none where that is nobody.
pub async fn note_deed(app: &App, tx: &mut Tx, deed: Deed<'_>) -> crate::db::Result<()> {
    match app.by() {
        Some(by) => note(tx, deed.by(by, app.now())).await,
        None => Ok(()),
    }
}

/// The same in a transaction of its own: before a read hands anything out, and before work that
/// takes many transactions.
pub async fn note_first(app: &App, deed: Deed<'_>) -> crate::db::Result<()> {
    if app.by().is_none() {
        return Ok(());
    }
    let note = || async {
        let mut tx = app.db.begin().await?;
        note_deed(app, &mut tx, deed).await?;
        tx.commit().await
    };
    retry::again(note).await
}

/// The hash of a leaf: SHA-256 over the hash before it and its fields, each as eight bytes of
/// length and its bytes, so that no two leaves have the same text.
fn hash(last: &[u8], no: i64, leaf: &Leaf<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(last);
    hash.update(no.to_be_bytes());
    hash.update(leaf.at.0.to_be_bytes());
    for field in [Some(leaf.by), Some(leaf.act), Some(leaf.on), leaf.isp, leaf.detail] {
        // A field that is missing differs from one that is empty.
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(field.unwrap_or_default().as_bytes());
    }
    hash.finalize().into()
}
