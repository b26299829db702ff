//! SQL of accounts, links, sessions and tokens.

use sqlx::FromRow;

use super::{staff::Staff, tokens::Token};
use crate::{
    db::{Db, Tx, on, on_tx, retry},
    ids::{IspId, StaffId, TokenId},
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

const STAFF: &str = "s.id, s.name, s.role, s.added_at, s.ended_at";

/// All accounts by name.
pub(super) async fn staff(db: &Db) -> sqlx::Result<Vec<Staff>> {
    let sql = format!("SELECT {STAFF} FROM staff s ORDER BY s.name");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}

/// Writes an account.
pub(super) async fn insert_staff(db: &Db, staff: &Staff, by: &str) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO staff (id, name, role, added_at, added_by) VALUES ($1, $2, $3, $4, $5)";
    write!(db, SQL, staff.id, &staff.name, staff.role.word(), staff.added_at, by).map(|_| ())
}

/// Writes a one-time link.
pub(super) async fn insert_link(
    db: &Db,
    (tag, staff): (&[u8], StaffId),
    by: &str,
    (made_at, ends_at): (Moment, Moment),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO staff_links (tag, staff_id, made_at, made_by, ends_at)
         VALUES ($1, $2, $3, $4, $5)";
    write!(db, SQL, tag, staff, made_at, by, ends_at).map(|_| ())
}

/// Ends an account.
pub(super) async fn end_staff(db: &Db, id: StaffId, by: &str, at: Moment) -> sqlx::Result<()> {
    const SQL: &str =
        "UPDATE staff SET ended_at = $1, ended_by = $2 WHERE id = $3 AND ended_at IS NULL";
    write!(db, SQL, at, by, id).map(|_| ())
}

/// Uses a link up and opens a session by it, in one transaction; tells whether the link was good.
pub(super) async fn open_session(
    db: &Db,
    (link, session): (&[u8], &[u8]),
    now: Moment,
    until: Moment,
) -> sqlx::Result<bool> {
    const USE: &str = "UPDATE staff_links SET used_at = $1
         WHERE tag = $2 AND used_at IS NULL AND ends_at > $1
           AND staff_id IN (SELECT id FROM staff WHERE ended_at IS NULL)";
    const OPEN: &str = "INSERT INTO staff_sessions (tag, staff_id, opened_at, seen_at, ends_at)
         SELECT $1, staff_id, $2, $2, $3 FROM staff_links WHERE tag = $4";
    let open = async || {
        let mut tx = db.begin().await?;
        let used = on_tx!(&mut tx, conn => sqlx::query(USE)
            .bind(now).bind(link).execute(conn).await.map(|done| done.rows_affected()))?;
        if used == 1 {
            on_tx!(&mut tx, conn => sqlx::query(OPEN)
                .bind(session).bind(now).bind(until).bind(link).execute(conn).await.map(|_| ()))?;
        }
        tx.commit().await?;
        Ok(used == 1)
    };
    retry::again(open).await
}

#[derive(FromRow)]
struct Session {
    #[sqlx(flatten)]
    staff: Staff,
    seen_at: Moment,
    ends_at: Moment,
}

/// Whose session this is, when it was seen last, and when it ends.
pub(super) async fn session(db: &Db, tag: &[u8]) -> sqlx::Result<Option<(Staff, Moment, Moment)>> {
    let sql = format!(
        "SELECT {STAFF}, o.seen_at, o.ends_at
           FROM staff_sessions o JOIN staff s ON s.id = o.staff_id WHERE o.tag = $1"
    );
    let found: Option<Session> = on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tag).fetch_optional(pool).await
    })?;
    Ok(found.map(|one| (one.staff, one.seen_at, one.ends_at)))
}

/// Notes that a session was seen.
pub(super) async fn touch_session(db: &Db, tag: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE staff_sessions SET seen_at = $1 WHERE tag = $2";
    write!(db, SQL, now, tag).map(|_| ())
}

/// Ends a session.
pub(super) async fn end_session(db: &Db, tag: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE staff_sessions SET ends_at = $1 WHERE tag = $2 AND ends_at > $1";
    write!(db, SQL, now, tag).map(|_| ())
}

const TOKEN: &str = "SELECT id, scope, made_at, made_by, ends_at, used_at, withdrawn_at
         FROM api_tokens";

/// Writes a token.
pub(super) async fn insert_token(db: &Db, token: &Token, tag: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO api_tokens (id, tag, scope, made_at, made_by, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    let scope = token.scope.to_string();
    write!(db, SQL, token.id, tag, &scope, token.made_at, &token.made_by, token.ends_at).map(|_| ())
}

/// All tokens, latest first.
pub(super) async fn tokens(db: &Db) -> sqlx::Result<Vec<Token>> {
    let sql = format!("{TOKEN} ORDER BY made_at DESC, id");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
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
    db: &Db,
    id: TokenId,
    by: &str,
    now: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE api_tokens SET withdrawn_at = $1, withdrawn_by = $2
         WHERE id = $3 AND withdrawn_at IS NULL";
    write!(db, SQL, now, by, id).map(|changed| changed == 1)
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
