//! SQL of claims.

use anyhow::Context as _;
use formats::report_back::Recipient;
use sqlx::FromRow;

use super::decisions::{self, StoredDecision};
use crate::{
    access::tenancy::Tenant,
    db::{Db, Tx, on, on_tx},
    ids::{ClaimId, IspId},
    isps::claims::{Act, Asked, Claim, Subject},
    time::Moment,
};

/// A claim as it is stored, with what was decided.
#[derive(FromRow)]
pub(in crate::isps) struct Stored {
    isp_id: IspId,
    code: String,
    id: ClaimId,
    act: String,
    prefix: Option<String>,
    asn: Option<i64>,
    kind: Option<String>,
    name: Option<String>,
    notify: Option<String>,
    valid_from: Moment,
    valid_to: Option<Moment>,
    reason: String,
    claimed_at: Moment,
    claimed_by: String,
    #[sqlx(flatten)]
    decision: StoredDecision,
}

impl Stored {
    /// The claim.
    pub(in crate::isps) fn claim(self) -> anyhow::Result<Claim> {
        let act = match self.act.as_str() {
            "claim" => Act::Take,
            "give_back" => Act::GiveBack,
            other => anyhow::bail!("stored claim {} is `{other}`", self.id),
        };
        let subject = match (self.prefix, self.asn) {
            (Some(prefix), _) => Subject::Prefix {
                prefix: prefix.parse().with_context(|| format!("stored prefix {prefix}"))?,
                kind: self.kind.as_deref().unwrap_or("declared").parse()?,
                name: self.name,
                notify: self.notify.map(|word| word.parse::<Recipient>()).transpose()?,
            },
            (None, asn) => Subject::Asn(u32::try_from(asn.context("a claim of nothing")?)?),
        };
        Ok(Claim {
            isp: self.isp_id,
            code: self.code,
            id: self.id,
            asked: Asked { act, subject, from: self.valid_from, to: self.valid_to },
            reason: self.reason,
            claimed_at: self.claimed_at,
            claimed_by: self.claimed_by,
            decision: self.decision.decision()?,
        })
    }
}

fn select(which: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        "SELECT c.isp_id, i.code, c.id, c.act, c.prefix, c.asn, c.kind, c.name, c.notify,
             c.valid_from, c.valid_to, c.reason, c.claimed_at, c.claimed_by, {}
          FROM isp_claims c JOIN isps i ON i.id = c.isp_id {}
          {which} ORDER BY c.claimed_at DESC, c.id DESC",
        decisions::COLUMNS,
        decisions::join("c"),
    ))
}

/// The claims of a provider, the latest first.
pub(in crate::isps) async fn of(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Stored>> {
    let sql = select("WHERE c.isp_id = $1");
    on_tx!(tx, conn => sqlx::query_as(sql).bind(isp).fetch_all(conn).await)
}

/// All claims, the latest first.
pub(in crate::isps) async fn all(db: &Db) -> sqlx::Result<Vec<Stored>> {
    on!(db, pool => sqlx::query_as(select("")).fetch_all(pool).await)
}

/// Writes a claim of the provider.
pub(in crate::isps) async fn insert(
    tx: &mut Tx,
    tenant: &Tenant,
    (id, asked): (ClaimId, &Asked),
    reason: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_claims (isp_id, id, act, prefix, asn, kind, name, notify,
             valid_from, valid_to, reason, claimed_at, claimed_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let (mut prefix, mut asn, mut kind, mut name, mut notify) = (None, None, None, None, None);
    match &asked.subject {
        Subject::Asn(number) => asn = Some(i64::from(*number)),
        Subject::Prefix { prefix: net, kind: of, name: called, notify: whom } => {
            (prefix, kind) = (Some(net.to_string()), Some(of.word()));
            (name, notify) = (called.as_deref(), whom.map(Recipient::code));
        }
    }
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tenant.isp())
        .bind(id)
        .bind(asked.act.word())
        .bind(prefix)
        .bind(asn)
        .bind(kind)
        .bind(name)
        .bind(notify)
        .bind(asked.from)
        .bind(asked.to)
        .bind(reason)
        .bind(tenant.now())
        .bind(tenant.by())
        .execute(conn)
        .await
        .map(|_| ()))
}
