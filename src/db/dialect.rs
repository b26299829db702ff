//! Where SQLite and PostgreSQL differ (方言), side by side, and nowhere else.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use sqlx::{
    PgPool, Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{AbovePolicies, Tx};

/// The pragmas that durability and safety rest on, and what each must read back as.
///
/// `synchronous` 2 is FULL: with NORMAL none of 300 acknowledged commits survived a lost cache.
const SQLITE_PRAGMAS: [(&str, &str); 7] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("foreign_keys", "1"),
    ("busy_timeout", "5000"),
    ("trusted_schema", "0"),
    ("secure_delete", "1"),
    ("cell_size_check", "1"),
];

/// Bytes of a page of a new file: what is packed is long, and the engine works page by page.
const PAGE: u32 = 8_192;

/// Rows that wait between the engine's thread and the reader: with fewer the two wake each other
/// for every few rows.
const ROWS: usize = 1_000;

/// How the embedded engine is opened.
pub(crate) fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .pragma("trusted_schema", "OFF")
        .pragma("secure_delete", "ON")
        .pragma("cell_size_check", "ON")
        .page_size(PAGE)
        .row_buffer_size(ROWS)
        .pragma("cache_size", "-32768")
        .pragma("wal_autocheckpoint", "16000")
}

/// Reads the pragmas back and refuses to go on where one did not take.
pub(crate) async fn check_sqlite(pool: &SqlitePool) -> anyhow::Result<()> {
    for (name, wanted) in SQLITE_PRAGMAS {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
        let row = sqlx::query(sql).fetch_one(pool).await.context("cannot read a pragma")?;
        let got = row
            .try_get::<String, _>(0)
            .or_else(|_| row.try_get::<i64, _>(0).map(|n| n.to_string()))?;
        ensure!(got == wanted, "SQLite runs with {name} = {got}; Todoke needs {wanted}");
    }
    Ok(())
}

/// Reads the settings of the server back and refuses to go on where one would lose commits.
pub(crate) async fn check_postgres(pool: &PgPool) -> anyhow::Result<()> {
    for (name, unwanted) in
        [("synchronous_commit", "off"), ("fsync", "off"), ("full_page_writes", "off")]
    {
        let got: String = sqlx::query_scalar("SELECT current_setting($1)")
            .bind(name)
            .fetch_one(pool)
            .await
            .context("cannot read a server setting")?;
        ensure!(got != unwanted, "PostgreSQL runs with {name} = {got}, which loses commits");
    }
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(pool).await?;
    let number: u32 = version.parse().unwrap_or(0);
    ensure!(number >= 150_000, "PostgreSQL 15 or newer is needed; this is {version}");
    Ok(())
}

/// Whether row policies bind the role of this connection, or by what it stands above them.
pub(crate) async fn above_policies(pool: &PgPool) -> sqlx::Result<Option<AbovePolicies>> {
    const SQL: &str = "SELECT CAST(rolname AS TEXT), rolsuper, rolbypassrls FROM pg_roles
         WHERE rolname = current_user";
    let found: Option<(String, bool, bool)> = sqlx::query_as(SQL).fetch_optional(pool).await?;
    Ok(found.and_then(|(role, superuser, bypasses)| match (superuser, bypasses) {
        (true, _) => Some(AbovePolicies { role, by: "is a superuser" }),
        (_, true) => Some(AbovePolicies { role, by: "has BYPASSRLS" }),
        _ => None,
    }))
}

/// What follows a `SELECT` that takes rows for itself: rows that another node holds are passed over
/// rather than waited for. On SQLite there is one writer, and nobody to pass over.
pub(crate) fn for_update_skip_locked(tx: &Tx) -> &'static str {
    match tx {
        Tx::Sqlite(_) => "",
        Tx::Postgres(_) => "FOR UPDATE SKIP LOCKED",
    }
}

/// One migration text for both engines: on SQLite a table marked `/* clustered */` is kept in the
/// order of its primary key, which PostgreSQL has no word for; a key that is one number is the
/// number of the row itself, if it is called `INTEGER`; and text is read as JSON as it is.
pub(crate) fn for_sqlite(migration: &str) -> String {
    let migration = migration.replace("/* clustered */", "WITHOUT ROWID");
    let migration = migration.replace("CAST(body AS JSON)", "body");
    migration.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
}
