//! SQL of decisions.

use anyhow::Context as _;
use sqlx::FromRow;

use crate::{
    db::{Tx, on_tx},
    ids::{ClaimId, IspId},
    isps::decisions::{Decided, Decision, New},
    time::Moment,
};

/// A decision as it is stored beside what it is about; nothing of it where none was taken.
#[derive(FromRow)]
pub(in crate::isps) struct StoredDecision {
    decided: Option<String>,
    decided_at: Option<Moment>,
    decided_by: Option<String>,
    decided_for: Option<String>,
    import_no: Option<i64>,
    undone_at: Option<Moment>,
    beside: Option<String>,
}

/// Its columns.
pub(super) const COLUMNS: &str = "d.decided, d.decided_at, d.decided_by, d.reason AS decided_for,
             d.import_no, m.undone_at, d.beside";

/// The decisions about the rows of `table`, each with the import that it led to.
pub(super) fn join(table: &str) -> String {
    format!(
        "LEFT JOIN isp_decisions d ON d.isp_id = {table}.isp_id AND d.subject_id = {table}.id
          LEFT JOIN isp_imports m ON m.no = d.import_no"
    )
}

impl StoredDecision {
    /// The decision, if there is one.
    pub(in crate::isps) fn decision(self) -> anyhow::Result<Option<Decision>> {
        let Some(word) = self.decided else { return Ok(None) };
        let decided = Decided::ALL.into_iter().find(|one| one.word() == word);
        let beside = self.beside.as_deref().map(serde_json::from_str).transpose()?;
        Ok(Some(Decision {
            decided: decided.with_context(|| format!("stored decision `{word}`"))?,
            at: self.decided_at.context("a decision without a date")?,
            by: self.decided_by.context("a decision of nobody")?,
            reason: self.decided_for.unwrap_or_default(),
            import_no: self.import_no,
            undone_at: self.undone_at,
            beside: beside.unwrap_or_default(),
        }))
    }
}

/// Writes a decision; a second one about the same counts as a clash.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    at: Moment,
    (isp, subject): (IspId, ClaimId),
    one: &New<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_decisions
             (isp_id, subject_id, decided, decided_at, decided_by, reason, import_no, beside)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(isp)
        .bind(subject)
        .bind(one.decided.word())
        .bind(at)
        .bind(one.word.author)
        .bind(one.word.reason.trim())
        .bind(one.import_no)
        .bind(one.beside.as_deref())
        .execute(conn)
        .await
        .map(|_| ()))
}
