//! SQL of passwords, second factors and recovery codes.

use crate::{
    access::factors::Factor,
    db::{Db, Tx, on, on_tx},
    ids::{AccountId, FactorId},
    time::Moment,
};

/// The hash of an account's password.
pub(in crate::access) async fn password(
    db: &Db,
    account: AccountId,
) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT hash FROM account_passwords WHERE account_id = $1";
    on!(db, pool => sqlx::query_scalar(SQL).bind(account).fetch_optional(pool).await)
}

/// Sets the hash of an account's password.
pub(in crate::access) async fn set_password(
    tx: &mut Tx,
    account: AccountId,
    hash: &str,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_passwords (account_id, hash, set_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(account).bind(hash).bind(at).execute(conn).await.map(|_| ()))
}

/// The second factors of an account that stand, oldest first.
pub(in crate::access) async fn standing(db: &Db, id: AccountId) -> sqlx::Result<Vec<Factor>> {
    const SQL: &str = "SELECT id, kind, label, sealed, added_at, used_at, last_step
         FROM account_factors WHERE account_id = $1 AND removed_at IS NULL ORDER BY added_at, id";
    on!(db, pool => sqlx::query_as(SQL).bind(id).fetch_all(pool).await)
}

/// Adds a factor.
pub(in crate::access) async fn insert(
    tx: &mut Tx,
    account: AccountId,
    factor: &Factor,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO account_factors
             (account_id, id, kind, label, sealed, added_at, used_at, last_step)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(account)
        .bind(factor.id)
        .bind(factor.kind.word())
        .bind(&factor.label)
        .bind(&factor.sealed)
        .bind(factor.added_at)
        .bind(factor.used_at)
        .bind(factor.last_step)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Notes that a code of that step was used; tells whether it is later than any used before.
pub(in crate::access) async fn use_step(
    tx: &mut Tx,
    account: AccountId,
    factor: FactorId,
    (step, now): (i64, Moment),
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE account_factors SET last_step = $1, used_at = $2
         WHERE account_id = $3 AND id = $4 AND removed_at IS NULL
           AND (last_step IS NULL OR last_step < $1)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(step)
        .bind(now)
        .bind(account)
        .bind(factor)
        .execute(conn)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// Notes that a passkey was used, with what it says of itself now.
pub(in crate::access) async fn use_passkey(
    tx: &mut Tx,
    account: AccountId,
    factor: FactorId,
    (sealed, now): (&[u8], Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE account_factors SET sealed = $1, used_at = $2
         WHERE account_id = $3 AND id = $4 AND removed_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(sealed).bind(now).bind(account).bind(factor).execute(conn).await.map(|_| ()))
}

/// Takes a factor away; tells whether it stood.
pub(in crate::access) async fn remove(
    tx: &mut Tx,
    account: AccountId,
    factor: FactorId,
    now: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE account_factors SET removed_at = $1
         WHERE account_id = $2 AND id = $3 AND removed_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(account).bind(factor).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}

/// Takes everything away by which an account was entered.
pub(in crate::access) async fn clear(
    tx: &mut Tx,
    account: AccountId,
    now: Moment,
) -> sqlx::Result<()> {
    const FACTORS: &str = "UPDATE account_factors SET removed_at = $2
         WHERE account_id = $1 AND removed_at IS NULL";
    const CODES: &str = "UPDATE account_recovery_codes SET used_at = $2
         WHERE account_id = $1 AND used_at IS NULL";
    const PASSWORD: &str = "DELETE FROM account_passwords WHERE account_id = $1 AND set_at <= $2";
    const LINKS: &str = "UPDATE account_links SET used_at = $2
         WHERE account_id = $1 AND used_at IS NULL";
    for sql in [FACTORS, CODES, PASSWORD, LINKS] {
        on_tx!(&mut *tx, conn => sqlx::query(sql)
            .bind(account).bind(now).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// Replaces the recovery codes of an account.
pub(in crate::access) async fn set_codes(
    tx: &mut Tx,
    account: AccountId,
    tags: &[[u8; 32]],
    now: Moment,
) -> sqlx::Result<()> {
    const OLD: &str = "DELETE FROM account_recovery_codes WHERE account_id = $1";
    const NEW: &str =
        "INSERT INTO account_recovery_codes (account_id, tag, made_at) VALUES ($1, $2, $3)";
    on_tx!(&mut *tx, conn => sqlx::query(OLD).bind(account).execute(conn).await.map(|_| ()))?;
    for tag in tags {
        on_tx!(&mut *tx, conn => sqlx::query(NEW)
            .bind(account).bind(&tag[..]).bind(now).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// How many recovery codes are left.
pub(in crate::access) async fn codes_left(db: &Db, account: AccountId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM account_recovery_codes
         WHERE account_id = $1 AND used_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(account).fetch_one(pool).await)
}

/// Uses a recovery code up; tells whether it was there to be used.
pub(in crate::access) async fn use_code(
    tx: &mut Tx,
    account: AccountId,
    tag: &[u8],
    now: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE account_recovery_codes SET used_at = $1
         WHERE account_id = $2 AND tag = $3 AND used_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(account).bind(tag).execute(conn).await
        .map(|done| done.rows_affected() == 1))
}
