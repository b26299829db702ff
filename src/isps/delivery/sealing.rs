//! Sealing (封緘) what once stood in the clear: to where providers wish their lists.
//!
//! Preferences that an earlier version took are sealed some at a time, until none is left; which of
//! them was is told by its row, so that it may be done again. Owns no table of its own.

use super::{TARGET, place, row, store};
use crate::{access::seal, app::App, db::retry};

/// Preferences of one transaction.
const SOME: i64 = 200;

/// Seals some; gives how many.
pub(in crate::isps) async fn some(app: &App) -> anyhow::Result<usize> {
    retry::looking_again(|| some_once(app)).await
}

async fn some_once(app: &App) -> anyhow::Result<usize> {
    // Looked at before anything is held: mostly there is none.
    if store::clear(&mut app.db.snapshot().await?, 1).await?.is_empty() {
        return Ok(0);
    }
    let mut tx = app.db.begin().await?;
    let clear = store::clear(&mut tx, SOME).await?;
    for one in &clear {
        let row = row(one.isp_id, one.no);
        let sealed = seal::seal(app, place(TARGET, &row), one.target.as_bytes());
        store::set_sealed(&mut tx, (one.isp_id, one.no), &sealed).await?;
    }
    tx.commit().await?;
    Ok(clear.len())
}
