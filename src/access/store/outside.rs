//! SQL of outside identities, and of browsers that were sent out.

use super::accounts::ACCOUNT;
use crate::{
    access::{accounts::Account, outside_ids::Bound},
    db::{Db, Tx, on, on_tx},
    ids::{AccountId, FactorId},
    time::Moment,
};

/// The identity that an account is bound to.
pub(in crate::access) async fn standing(db: &Db, id: AccountId) -> sqlx::Result<Option<Bound>> {
    const SQL: &str = "SELECT issuer, bound_at FROM account_outside_ids
         WHERE account_id = $1 AND unbound_at IS NULL";
    on!(db, pool => sqlx::query_as(SQL).bind(id).fetch_optional(pool).await)
}

/// The account that the identity of that hash is bound to.
pub(in crate::access) async fn account(db: &Db, tag: &[u8]) -> sqlx::Result<Option<Account>> {
    let sql = format!(
        "SELECT {ACCOUNT} FROM account_outside_ids o JOIN accounts a ON a.id = o.account_id
          WHERE o.tag = $1 AND o.unbound_at IS NULL"
    );
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tag).fetch_optional(pool).await
    })
}

/// Binds an identity; tells whether both it and the account were free.
pub(in crate::access) async fn bind(
    tx: &mut Tx,
    (account, id): (AccountId, FactorId),
    (tag, issuer): (&[u8], &str),
    (by, at): (&str, Moment),
) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO account_outside_ids
             (account_id, id, tag, issuer, bound_at, bound_by)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(account)
        .bind(id)
        .bind(tag)
        .bind(issuer)
        .bind(at)
        .bind(by)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Takes its identity off an account; tells whether it had one.
pub(in crate::access) async fn unbind(
    tx: &mut Tx,
    account: AccountId,
    (by, at): (&str, Moment),
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE account_outside_ids SET unbound_at = $1, unbound_by = $2
         WHERE account_id = $3 AND unbound_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(at).bind(by).bind(account).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Keeps that a browser was sent out.
pub(in crate::access) async fn insert_outing(
    tx: &mut Tx,
    (tag, account): (&[u8], Option<AccountId>),
    sealed: &[u8],
    ends_at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_outings (tag, account_id, sealed, ends_at)
         VALUES ($1, $2, $3, $4)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tag).bind(account).bind(sealed).bind(ends_at).execute(conn).await.map(|_| ()))
}

/// Takes what was kept of a browser that is back in time; it is there no more.
pub(in crate::access) async fn take_outing(
    tx: &mut Tx,
    tag: &[u8],
    now: Moment,
) -> sqlx::Result<Option<Vec<u8>>> {
    const SQL: &str = "DELETE FROM account_outings WHERE tag = $1 AND ends_at > $2
         RETURNING sealed";
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(tag).bind(now).fetch_optional(conn).await
    })
}

/// Forgets browsers that did not come back in time.
pub(in crate::access) async fn sweep_outings(tx: &mut Tx, now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM account_outings WHERE ends_at <= $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(now).execute(conn).await.map(|_| ()))
}
