//! SQL of tokens, sent forms, and the confines of a provider; accounts have files of their own.

pub(super) mod accounts;
pub(super) mod factors;
pub(super) mod locks;
pub(super) mod outside;
pub(super) mod sessions;

use super::tokens::Token;
use crate::{
    db::{Db, Tx, on, on_tx, retry},
    ids::{FormId, IspId, TokenId},
    time::Moment,
};

/// Runs one writing statement in a transaction of its own; gives how many rows it changed.
macro_rules! write {
    ($db:expr, $sql:expr $(, $value:expr)*) => {{
        let write = async || {
            let mut tx = $db.begin().await?;
            let changed = on_tx!(&mut tx, conn => sqlx::query($sql)$(.bind($value))*
                .execute(conn).await.map(|done| done.rows_affected()))?;
            tx.commit().await?;
            Ok(changed)
        };
        retry::again(write).await
    }};
}

const TOKEN: &str =
    "SELECT id, label, scope, isp_id, made_at, made_by, ends_at, used_at, withdrawn_at
         FROM api_tokens";

/// Writes a token.
pub(super) async fn insert_token(tx: &mut Tx, token: &Token, tag: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO api_tokens
             (id, tag, scope, isp_id, made_at, made_by, ends_at, label)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(token.id)
        .bind(tag)
        .bind(token.scope.to_string())
        .bind(token.isp_id)
        .bind(token.made_at)
        .bind(&token.made_by)
        .bind(token.ends_at)
        .bind(&token.label)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// All tokens, latest first.
pub(super) async fn tokens(db: &Db) -> sqlx::Result<Vec<Token>> {
    let sql = format!("{TOKEN} ORDER BY made_at DESC, id");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}

/// Tokens of one provider, latest first.
pub(super) async fn tokens_of(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Token>> {
    let sql = format!("{TOKEN} WHERE isp_id = $1 ORDER BY made_at DESC, id");
    on_tx!(tx, conn => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_all(conn).await)
}

/// The token of that hash.
pub(super) async fn token(db: &Db, tag: &[u8]) -> sqlx::Result<Option<Token>> {
    let sql = format!("{TOKEN} WHERE tag = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tag).fetch_optional(pool).await
    })
}

/// Notes that a token was used.
pub(super) async fn touch_token(db: &Db, id: TokenId, now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE api_tokens SET used_at = $1 WHERE id = $2";
    write!(db, SQL, now, id).map(|_| ())
}

/// Withdraws a token; tells whether it stood until now.
pub(super) async fn withdraw_token(
    tx: &mut Tx,
    id: TokenId,
    by: &str,
    now: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE api_tokens SET withdrawn_at = $1, withdrawn_by = $2
         WHERE id = $3 AND withdrawn_at IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(by).bind(id).execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// Notes that a form was sent; tells whether it was for the first time.
pub(super) async fn insert_sent_form(
    tx: &mut Tx,
    id: FormId,
    (by, at): (&str, Moment),
) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO sent_forms (id, sent_at, sent_by) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(id).bind(at).bind(by).execute(conn).await.map(|done| done.rows_affected() == 1))
}

/// Confines the rest of a transaction to the rows of one provider; see the row policies. SQLite has
/// none, and there the statements alone keep providers apart.
pub(super) async fn confine(tx: &mut Tx, isp: IspId) -> sqlx::Result<()> {
    let Tx::Postgres(tx) = tx else { return Ok(()) };
    let scope = isp.0.simple().to_string();
    sqlx::query("SELECT set_config('todoke.scope', $1, true)")
        .bind(scope)
        .execute(&mut **tx)
        .await
        .map(|_| ())
}

/// Whether there is a feed of that name.
pub(super) async fn is_feed(db: &Db, name: &str) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM feeds WHERE name = $1";
    on!(db, pool => {
        sqlx::query_scalar::<_, i64>(SQL).bind(name).fetch_one(pool).await.map(|n| n > 0)
    })
}

/// The key of the provider with that short name, as long as it is on the register.
pub(super) async fn isp_of_code(db: &Db, code: &str) -> sqlx::Result<Option<IspId>> {
    const SQL: &str = "SELECT id FROM isps WHERE code = $1 AND removed_at IS NULL";
    on!(db, pool => sqlx::query_scalar(SQL).bind(code).fetch_optional(pool).await)
}
