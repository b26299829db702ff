//! SQL of what providers propose of themselves.

use sqlx::FromRow;

use super::decisions::{self, StoredDecision};
use crate::{
    access::tenancy::Tenant,
    db::{Db, Tx, on, on_tx},
    ids::{ClaimId, IspId},
    isps::settings::{Field, Proposal},
    time::Moment,
};

/// A proposal as it is stored, with what was decided.
#[derive(FromRow)]
pub(in crate::isps) struct Stored {
    isp_id: IspId,
    code: String,
    id: ClaimId,
    field: String,
    value: String,
    reason: String,
    proposed_at: Moment,
    proposed_by: String,
    held_from: Option<Moment>,
    #[sqlx(flatten)]
    decision: StoredDecision,
}

impl Stored {
    /// The proposal.
    pub(in crate::isps) fn proposal(self) -> anyhow::Result<Proposal> {
        Ok(Proposal {
            isp: self.isp_id,
            code: self.code,
            id: self.id,
            field: self.field.parse()?,
            value: self.value,
            reason: self.reason,
            proposed_at: self.proposed_at,
            proposed_by: self.proposed_by,
            held_from: self.held_from,
            decision: self.decision.decision()?,
        })
    }
}

fn select(which: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        "SELECT p.isp_id, i.code, p.id, p.field, p.value, p.reason AS reason, p.proposed_at,
             p.proposed_by, p.held_from, {}
          FROM isp_proposals p JOIN isps i ON i.id = p.isp_id {}
          {which} ORDER BY p.proposed_at DESC, p.id DESC",
        decisions::COLUMNS,
        decisions::join("p"),
    ))
}

/// What a provider proposed, the latest first.
pub(in crate::isps) async fn of(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Stored>> {
    let sql = select("WHERE p.isp_id = $1");
    on_tx!(tx, conn => sqlx::query_as(sql).bind(isp).fetch_all(conn).await)
}

/// What all providers proposed, the latest first.
pub(in crate::isps) async fn all(db: &Db) -> sqlx::Result<Vec<Stored>> {
    on!(db, pool => sqlx::query_as(select("")).fetch_all(pool).await)
}

/// Writes a proposal of the provider.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    tenant: &Tenant,
    (id, field): (ClaimId, Field),
    (value, reason): (&str, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_proposals
             (isp_id, id, field, value, reason, proposed_at, proposed_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tenant.isp())
        .bind(id)
        .bind(field.word())
        .bind(value)
        .bind(reason)
        .bind(tenant.now())
        .bind(tenant.by())
        .execute(conn)
        .await
        .map(|_| ()))
}
