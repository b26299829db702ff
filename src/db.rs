//! The store (保管): SQLite or PostgreSQL behind one small enum.
//!
//! One SQL text in the subset that both engines share; what differs stands in [`dialect`]. Writes
//! go through [`Tx`]: on SQLite there is one writer and each transaction begins immediately, since
//! a deferred one that upgrades fails at once whatever the busy timeout says.

pub mod bulk;
pub mod dialect;
pub mod migrate;
pub mod packed;
pub mod retry;
pub mod state_hash;

use std::{path::Path, str::FromStr as _, time::Duration};

use anyhow::Context as _;
use sqlx::{
    Connection as _, PgConnection, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

/// What the store answers, or the engine's fault.
pub type Result<T> = sqlx::Result<T>;

/// A store, open and migrated.
#[derive(Clone, Debug)]
pub enum Db {
    /// The embedded engine: many readers, one writer.
    Sqlite {
        /// Read-only connections.
        readers: SqlitePool,
        /// The one connection that writes.
        writer: SqlitePool,
    },
    /// A server for several stateless nodes.
    Postgres {
        /// Connections for single readings. Whoever holds a transaction may read beside it: with
        /// one pool, as many as it has connections would each hold one and wait for another.
        readers: PgPool,
        /// Connections for transactions.
        writers: PgPool,
    },
}

/// A transaction on either engine; dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub enum Tx {
    /// On the one SQLite writer.
    Sqlite(Transaction<'static, Sqlite>),
    /// On one PostgreSQL connection.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one expression on the pool of whichever engine is open: `on!(db, pool => …)`.
macro_rules! on {
    ($db:expr, $pool:ident => $run:expr) => {
        match $db {
            $crate::db::Db::Sqlite { readers: $pool, .. } => $run,
            $crate::db::Db::Postgres { readers: $pool, .. } => $run,
        }
    };
}

/// Runs one expression on the connection of a transaction: `on_tx!(tx, conn => …)`.
macro_rules! on_tx {
    ($tx:expr, $conn:ident => $run:expr) => {
        match $tx {
            $crate::db::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $run
            }
            $crate::db::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $run
            }
        }
    };
}

pub(crate) use {on, on_tx};

impl Db {
    /// Opens SQLite at `file`, making it where it is missing, and reads the pragmas back.
    pub async fn open_sqlite(file: &Path) -> anyhow::Result<Self> {
        let base = dialect::sqlite_options(file);
        let writer = sqlite_pool(base.clone(), 1).await?;
        dialect::check_sqlite(&writer).await?;
        let readers = sqlite_pool(base.pragma("query_only", "ON"), 4).await?;
        Ok(Self::Sqlite { readers, writer })
    }

    /// Connects to PostgreSQL at `url`; where that fails, the fault is a [`NotReached`].
    pub async fn connect_postgres(url: &str) -> anyhow::Result<Self> {
        // Row policies show a connection nothing unless it says for whom it works.
        let options = postgres_options(url)?.options([("todoke.scope", "centre")]);
        // A pool that gets no connection says no more than that its time is over.
        knock(&options).await?;
        let writers = postgres_pool(options.clone(), 8).await?;
        dialect::check_postgres(&writers).await?;
        let readers = postgres_pool(options, 4).await?;
        Ok(Self::Postgres { readers, writers })
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { writers, .. } => Tx::Postgres(begun(writers, "BEGIN").await?),
        })
    }

    /// Begins a transaction that reads the store as it stands at its first query, and holds no
    /// writer up.
    pub async fn snapshot(&self) -> sqlx::Result<Tx> {
        const STATEMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres { writers, .. } => Tx::Postgres(begun(writers, STATEMENT).await?),
        })
    }

    /// Asks the store for nothing, to learn whether it answers.
    pub async fn answers(&self) -> sqlx::Result<()> {
        on!(self, pool => sqlx::query("SELECT 1").execute(pool).await.map(|_| ()))
    }

    /// Why row policies hold nothing back in this store, where they should: who runs the program
    /// has to be told. SQLite has none, and there the statements alone keep providers apart.
    pub async fn above_policies(&self) -> sqlx::Result<Option<AbovePolicies>> {
        match self {
            Self::Sqlite { .. } => Ok(None),
            Self::Postgres { readers, .. } => dialect::above_policies(readers).await,
        }
    }

    /// Closes all connections; on SQLite this folds the write-ahead log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { readers, writers } => {
                readers.close().await;
                writers.close().await;
            }
        }
    }
}

impl Tx {
    /// Makes everything done in this transaction lasting.
    pub async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }
}

/// A role that row policies do not bind (行単位の制限が効かない役割), and what to do about it.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "row-level security holds nothing back: PostgreSQL's role `{role}` {by}, so a fault of ours \
     could show one provider the rows of another. Connect as an ordinary role that owns the \
     tables: run `ALTER ROLE \"{role}\" NOSUPERUSER NOBYPASSRLS` as another superuser, or make a \
     role and name it in the database URL (docs/operate/people.md)"
)]
pub struct AbovePolicies {
    role: String,
    by: &'static str,
}

/// Why a PostgreSQL server is not used (接続できない理由); none of them shows a password.
#[derive(Debug, thiserror::Error)]
pub enum NotReached {
    /// The text is no URL of a database.
    #[error("the database URL {0}; it looks like postgres://user@host:5432/name")]
    NoUrl(String),
    /// Nobody answers there.
    #[error("cannot reach the database at {0}: {1}. Is it running?")]
    Silent(String, String),
    /// The server answers, and lets nobody in.
    #[error("the database at {0} lets nobody in: {1}")]
    Shut(String, String),
}

/// Begins a transaction in a task of its own, which ends also where its caller is cut off.
///
/// sqlx 0.9.0 counts a transaction once the server has answered. Whoever is dropped before that, as
/// a page is whose reader leaves, would put a connection back on which a transaction stands open,
/// and the next one on it would begin inside that one.
async fn begun(
    pool: &PgPool,
    statement: &'static str,
) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    #[expect(clippy::disallowed_methods, reason = "it waits for one answer and is waited for")]
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

fn postgres_options(url: &str) -> std::result::Result<PgConnectOptions, NotReached> {
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(NotReached::NoUrl("does not begin with postgres://".to_owned()));
    }
    PgConnectOptions::from_str(url).map_err(|_| NotReached::NoUrl("is malformed".to_owned()))
}

/// Makes one connection and lets go of it.
async fn knock(options: &PgConnectOptions) -> std::result::Result<(), NotReached> {
    let place = format!("{}:{}", options.get_host(), options.get_port());
    let connecting = PgConnection::connect_with(options);
    match tokio::time::timeout(Duration::from_secs(10), connecting).await {
        Ok(Ok(connection)) => {
            // Whatever comes of the farewell, the pool makes its own connections.
            let _ = connection.close().await;
            Ok(())
        }
        Ok(Err(sqlx::Error::Database(why))) => {
            Err(NotReached::Shut(place, why.message().to_owned()))
        }
        Ok(Err(sqlx::Error::Io(why))) => Err(NotReached::Silent(place, why.to_string())),
        Ok(Err(why)) => Err(NotReached::Silent(place, why.to_string())),
        Err(_) => Err(NotReached::Silent(place, "no answer within 10 seconds".to_owned())),
    }
}

async fn postgres_pool(options: PgConnectOptions, connections: u32) -> anyhow::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        // See `sqlite_pool`; a connection that died is noticed before it is used.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .context("cannot connect to PostgreSQL")
}

async fn sqlite_pool(
    options: SqliteConnectOptions,
    connections: u32,
) -> anyhow::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_mins(1))
        // Without an end of connections sqlx runs no upkeep of the pool. That upkeep counts idle
        // connections while others take them, and when it reads the count in the wrong moment it
        // goes through 2^64 of them and never ends (seen in sqlx 0.9.0, once in thousands of
        // starts under load).
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .context("cannot open the SQLite database")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn while_all_transactions_there_can_be_stand_open_each_can_read_beside_its_own() {
        let Ok(url) = std::env::var("TODOKE_TEST_POSTGRES") else {
            return println!("skipped: TODOKE_TEST_POSTGRES names no server");
        };
        let db = Db::connect_postgres(&url).await.unwrap();
        let mut open = Vec::new();
        for _ in 0..8 {
            open.push(db.begin().await.unwrap());
        }
        for _ in &open {
            db.answers().await.unwrap();
        }
    }

    #[tokio::test]
    async fn whoever_is_cut_off_while_a_transaction_begins_leaves_none_open() {
        let Ok(url) = std::env::var("TODOKE_TEST_POSTGRES") else {
            return println!("skipped: TODOKE_TEST_POSTGRES names no server");
        };
        let db = Db::connect_postgres(&url).await.unwrap();
        let ask = async |tx: &mut Tx| {
            let sql = "SELECT current_setting('transaction_read_only')";
            let said: sqlx::Result<String> =
                on_tx!(tx, conn => sqlx::query_scalar(sql).fetch_one(conn).await);
            said.unwrap()
        };
        for polls in 0..200 {
            let mut cut_off = Box::pin(db.snapshot());
            for _ in 0..polls % 40 {
                if futures::poll!(cut_off.as_mut()).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(cut_off);
            assert_eq!(ask(&mut db.snapshot().await.unwrap()).await, "on");
            assert_eq!(ask(&mut db.begin().await.unwrap()).await, "off");
        }
    }
}
