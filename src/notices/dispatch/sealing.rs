//! Sealing (封緘) what once stood in the clear: to where lists went, and what servers said of it.
//!
//! Deliveries that an earlier version made are taken some at a time, until none is left; which of
//! them was taken is told by its row, so that it may be done again. Owns no table of its own.

use super::{
    make::target_place,
    store,
    words::{hidden, server_of},
};
use crate::{access::seal, app::App, db::retry};

/// Deliveries of one transaction.
const SOME: i64 = 200;

/// Seals some; gives how many.
pub async fn some(app: &App) -> anyhow::Result<usize> {
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
        let key = (one.isp_id, one.id);
        let sealed = seal::seal(app, target_place(&one.id), one.target.as_bytes());
        let answer = one.answer.as_deref().map(|words| hidden(words, &one.target));
        let to = (&*server_of(&one.target), &*sealed);
        store::set_sealed(&mut tx, key, to, answer.as_deref()).await?;
        for (no, detail) in store::details(&mut tx, key).await? {
            let Some(detail) = detail else { continue };
            let kept = hidden(&detail, &one.target);
            if kept != detail {
                store::set_detail(&mut tx, key, (no, &kept)).await?;
            }
        }
    }
    tx.commit().await?;
    Ok(clear.len())
}
