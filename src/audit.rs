//! The audit log (監査記録): who did what, and who read addresses or contact data.
//!
//! Base: each write by a person and each such read leaves one leaf in its own transaction, so that
//! neither is without the other. The leaves are one chain: the hash of each covers the one before
//! it, and whoever adds one waits for whoever is adding. Owns `audit_leaves`, `audit_head`.

mod store;

use sha2::{Digest as _, Sha256};

use crate::{db::Tx, time::Moment};

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

/// Adds a leaf in the transaction that does or reads what it tells of; best as its last statement,
/// since everybody else who adds one waits from here on.
pub async fn note(tx: &mut Tx, leaf: Leaf<'_>) -> crate::db::Result<()> {
    let (before, last) = store::hold_head(tx).await?;
    let no = before + 1;
    let hash = hash(&last, no, &leaf);
    store::insert(tx, no, &leaf, &hash).await?;
    store::set_head(tx, no, &hash).await
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
