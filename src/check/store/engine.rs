//! SQL by which an engine checks itself.

use crate::db::{Db, Tx};

/// What SQLite says of its own file: one line, `ok`, where nothing is wrong.
pub(in crate::check) async fn sqlite_says(tx: &mut Tx) -> sqlx::Result<(Vec<String>, usize)> {
    let Tx::Sqlite(tx) = tx else { return Ok((Vec::new(), 0)) };
    let said = sqlx::query_scalar("PRAGMA integrity_check(100)").fetch_all(&mut **tx).await?;
    let loose = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut **tx).await?;
    Ok((said, loose.len()))
}

/// Whether PostgreSQL has the extension that checks indexes.
pub(in crate::check) async fn has_amcheck(tx: &mut Tx) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'amcheck'";
    let Tx::Postgres(tx) = tx else { return Ok(false) };
    Ok(sqlx::query_scalar::<_, i64>(SQL).fetch_one(&mut **tx).await? > 0)
}

/// The B-tree indexes of this schema, as PostgreSQL spells them.
pub(in crate::check) async fn indexes(tx: &mut Tx) -> sqlx::Result<Vec<String>> {
    const SQL: &str = "SELECT CAST(CAST(i.indexrelid AS REGCLASS) AS TEXT) FROM pg_index i
         JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
         WHERE a.amname = 'btree' AND c.relnamespace = CAST(current_schema() AS REGNAMESPACE)
         ORDER BY 1";
    let Tx::Postgres(tx) = tx else { return Ok(Vec::new()) };
    sqlx::query_scalar(SQL).fetch_all(&mut **tx).await
}

/// Has PostgreSQL check one of its indexes, against the table too; a damaged one is a fault.
pub(in crate::check) async fn check_index(db: &Db, index: &str) -> sqlx::Result<()> {
    const SQL: &str = "SELECT bt_index_check(CAST($1 AS REGCLASS), true)";
    let Db::Postgres { readers: pool, .. } = db else { return Ok(()) };
    sqlx::query(SQL).bind(index).execute(pool).await.map(|_| ())
}

/// Whether the account of this process lacks the right to do it.
pub(in crate::check) fn is_forbidden(fault: &sqlx::Error) -> bool {
    let code = fault.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.as_deref() == Some("42501")
}
