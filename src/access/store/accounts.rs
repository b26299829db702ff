//! SQL of accounts, what became of them, and their links.

use crate::{
    access::accounts::Account,
    db::{Db, Tx, on, on_tx},
    ids::AccountId,
    time::Moment,
};

/// What became of an account (アカウントの事実).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::access) enum Fact {
    Invited,
    Linked,
    Confirmed,
    Suspended,
    Restored,
    Recovered,
    Ended,
    PasswordSet,
    FactorAdded,
    FactorRemoved,
    CodesMade,
    OutsideIdBound,
    OutsideIdUnbound,
    SignedIn,
    Proven,
    Locked,
}

impl Fact {
    pub(in crate::access) fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Linked => "linked",
            Self::Confirmed => "confirmed",
            Self::Suspended => "suspended",
            Self::Restored => "restored",
            Self::Recovered => "recovered",
            Self::Ended => "ended",
            Self::PasswordSet => "password-set",
            Self::FactorAdded => "factor-added",
            Self::FactorRemoved => "factor-removed",
            Self::CodesMade => "codes-made",
            Self::OutsideIdBound => "outside-id-bound",
            Self::OutsideIdUnbound => "outside-id-unbound",
            Self::SignedIn => "signed-in",
            Self::Proven => "proven",
            Self::Locked => "locked",
        }
    }
}

pub(super) const ACCOUNT: &str = "a.id, a.name, a.role, a.isp_id, a.isp, a.invited_at,
     a.confirmed_at, a.suspended_at, a.ended_at";

/// All accounts by name.
pub(in crate::access) async fn all(db: &Db) -> sqlx::Result<Vec<Account>> {
    let sql = format!("SELECT {ACCOUNT} FROM accounts a ORDER BY a.name");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}

/// The account of that name.
pub(in crate::access) async fn named(db: &Db, name: &str) -> sqlx::Result<Option<Account>> {
    let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.name = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(name).fetch_optional(pool).await
    })
}

/// Writes an account.
pub(in crate::access) async fn insert(tx: &mut Tx, account: &Account) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO accounts (id, name, role, isp_id, isp, invited_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(account.id)
        .bind(&account.name)
        .bind(account.role.word())
        .bind(account.isp_id)
        .bind(&account.isp)
        .bind(account.invited_at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Sets how an account stands after that fact.
pub(in crate::access) async fn set(
    tx: &mut Tx,
    id: AccountId,
    fact: Fact,
    at: Moment,
) -> sqlx::Result<()> {
    let sql = match fact {
        Fact::Confirmed => "UPDATE accounts SET confirmed_at = $1 WHERE id = $2",
        Fact::Suspended => "UPDATE accounts SET suspended_at = $1 WHERE id = $2",
        // Whoever was suspended later than now stays so.
        Fact::Restored => {
            "UPDATE accounts SET suspended_at = NULL WHERE suspended_at <= $1 AND id = $2"
        }
        Fact::Recovered => "UPDATE accounts SET invited_at = $1, confirmed_at = NULL WHERE id = $2",
        Fact::Ended => "UPDATE accounts SET ended_at = $1 WHERE id = $2",
        _ => return Ok(()),
    };
    on_tx!(tx, conn => sqlx::query(sql).bind(at).bind(id).execute(conn).await.map(|_| ()))
}

/// Keeps what became of an account.
pub(in crate::access) async fn insert_event(
    tx: &mut Tx,
    id: AccountId,
    fact: Fact,
    (by, at): (&str, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_events (account_id, no, at, kind, author)
         SELECT $1, COALESCE(MAX(no), 0) + 1, $2, $3, $4 FROM account_events
          WHERE account_id = $1";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id).bind(at).bind(fact.word()).bind(by).execute(conn).await.map(|_| ()))
}

/// Writes a one-time link.
pub(in crate::access) async fn insert_link(
    tx: &mut Tx,
    (tag, account): (&[u8], AccountId),
    by: &str,
    (made_at, ends_at): (Moment, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_links (tag, account_id, made_at, made_by, ends_at)
         VALUES ($1, $2, $3, $4, $5)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tag)
        .bind(account)
        .bind(made_at)
        .bind(by)
        .bind(ends_at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Uses a link up; gives the account that it was for, if it was good.
pub(in crate::access) async fn use_link(
    tx: &mut Tx,
    tag: &[u8],
    now: Moment,
) -> sqlx::Result<Option<Account>> {
    const USE: &str = "UPDATE account_links SET used_at = $1
         WHERE tag = $2 AND used_at IS NULL AND ends_at > $1
           AND account_id IN (SELECT id FROM accounts
                WHERE ended_at IS NULL AND suspended_at IS NULL AND confirmed_at IS NULL
                  AND invited_at <= account_links.made_at)";
    let used = on_tx!(&mut *tx, conn => sqlx::query(USE)
        .bind(now).bind(tag).execute(conn).await.map(|done| done.rows_affected()))?;
    if used == 0 {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {ACCOUNT} FROM account_links l JOIN accounts a ON a.id = l.account_id
          WHERE l.tag = $1"
    );
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tag).fetch_optional(conn).await
    })
}
