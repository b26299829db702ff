//! Others' lines (他者の明細): lines that stand and that the register of today gives to another
//! provider than the one of their list.
//!
//! Pages and exports ask for each line that they show; see `readable`. Counts cannot, and so each
//! list is looked through once whenever the register or the address table changed: nobody is asked
//! about a line that it may not read. Undone, the change leaves nothing behind. Owns
//! `lines_of_others`.

use super::{
    Notice,
    readable::{self, Reader},
    store::{collection::mark, others as store},
};
use crate::{app::App, db::Tx, ids::IspId};

/// Looks those lists through, of one provider or of all, that were not since the register changed.
pub(crate) async fn look_through(app: &App, isp: Option<IspId>) -> anyhow::Result<()> {
    let mut tx = app.db.snapshot().await?;
    let mark_now = mark(&mut tx).await?;
    let lists = store::not_looked_through(&mut tx, isp, &mark_now).await?;
    drop(tx);
    let mut reader: Option<Reader> = None;
    for notice in lists {
        let of_list = match reader.take_if(|reader| reader.is_of(notice.isp_id)) {
            Some(reader) => reader,
            None => Reader::of(app, notice.isp_id).await?,
        };
        // List by list, so that whoever else writes waits for one of them at most.
        let mut tx = app.db.begin().await?;
        let lines = readable::bodies(&mut tx, &notice).await?;
        let unreadable = readable::unreadable(&of_list, &mut tx, &notice, &lines).await?;
        store::put(&mut tx, &notice, &unreadable.records(), &mark_now).await?;
        tx.commit().await?;
        reader = Some(of_list);
    }
    Ok(())
}

/// Notes that a list was made of lines that its provider may read, with that state of the register.
pub(super) async fn begin(tx: &mut Tx, notice: &Notice, mark: &str) -> crate::db::Result<()> {
    store::put(tx, notice, &[], mark).await
}
