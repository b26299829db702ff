//! Trying again (再試行): the one helper for transactions that a server asks to repeat.
//!
//! A serialisation failure (SQLSTATE 40001), a deadlock (40P01) and a busy SQLite are answered by
//! running the whole closure again; it must be pure apart from its transaction. A connection that
//! dies inside a commit leaves open whether it landed: work that may run twice runs again
//! ([`until_settled`]); for anything else the caller asks the store (see `feeds::receive`).

use std::time::Duration;

/// How often a transaction is tried before its fault is passed on.
pub const TRIES: u32 = 8;

/// Whether the engine says that the same transaction may succeed when it runs again.
pub fn may_succeed_again(fault: &sqlx::Error) -> bool {
    let code = fault.as_database_error().and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01" | "5" | "517" | "261"))
}

/// Whether the connection broke, so that nobody knows what became of a commit.
pub fn is_connection_lost(fault: &sqlx::Error) -> bool {
    let code = fault.as_database_error().and_then(|e| e.code().map(|c| c.to_string()));
    matches!(fault, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed)
        || code.is_some_and(|c| c.starts_with("08") || c.starts_with("57P"))
}

/// Whether a failed batch is worth a look at the store and another try: the engine asked for it,
/// the connection died, or another node got further or wrote the same key in the meantime.
pub fn is_worth_asking(fault: &anyhow::Error) -> bool {
    fault.downcast_ref::<sqlx::Error>().is_some_and(|fault| {
        may_succeed_again(fault) || is_connection_lost(fault) || is_beaten(fault)
    })
}

/// Whether another node got further in the meantime: the row to change no longer stands so.
pub fn is_overtaken(fault: &anyhow::Error) -> bool {
    matches!(fault.downcast_ref::<sqlx::Error>(), Some(sqlx::Error::RowNotFound))
}

/// Whether another node got further or wrote the same key in the meantime.
pub fn is_beaten(fault: &sqlx::Error) -> bool {
    let is_taken = sqlx::error::DatabaseError::is_unique_violation;
    matches!(fault, sqlx::Error::RowNotFound) || fault.as_database_error().is_some_and(is_taken)
}

/// Runs `work` until it succeeds, fails for good, or [`TRIES`] are used up.
pub async fn again<T, F>(work: impl FnMut() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    while_worth_it(work, may_succeed_again).await
}

/// The same for work that leaves the same behind when it runs twice, such as entering a file or
/// closing it: here a lost connection is answered by running it again too.
pub async fn until_settled<T, F>(work: impl FnMut() -> F) -> sqlx::Result<T>
where
    F: Future<Output = sqlx::Result<T>>,
{
    while_worth_it(work, |fault| may_succeed_again(fault) || is_connection_lost(fault)).await
}

/// The same for work that looks at the store before it writes: whoever was beaten to it looks
/// again, and sees what the other one did; see [`is_worth_asking`].
pub async fn looking_again<T, F>(work: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>>,
{
    while_worth_it(work, is_worth_asking).await
}

async fn while_worth_it<T, E, F>(
    mut work: impl FnMut() -> F,
    is_worth_it: impl Fn(&E) -> bool,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut wait = Duration::from_millis(10);
    for _ in 1..TRIES {
        match work().await {
            Err(fault) if is_worth_it(&fault) => tokio::time::sleep(wait).await,
            done => return done,
        }
        wait *= 2;
    }
    work().await
}
