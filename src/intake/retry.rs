//! Reading quarantined rows again (再読取), after the feed or the reader was mended.
//!
//! The bytes come from the archive; what is understood now goes through the same stages as any row
//! and leaves quarantine in the same transaction. Owns no table.

use std::{collections::HashSet, path::Path};

use formats::Row;
use serde::Serialize;

use super::{Chain, gate};
use crate::{
    app::App,
    attribution::Attributor,
    audit::{self, Deed},
    feeds::{Feed, archive, coverage, files::Holds, format, gate as measure, quarantine},
};

/// What came of reading rows again (再読取結果).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Rows that waited.
    pub tried: u64,
    /// Rows that are understood now.
    pub released: u64,
}

impl Retried {
    /// Adds what came of others.
    pub fn add(&mut self, more: Self) {
        self.tried += more.tried;
        self.released += more.released;
    }
}

/// Reads all waiting rows of a feed again.
pub async fn of_feed(app: &App, feed: &Feed) -> anyhow::Result<Retried> {
    let attributor = Attributor::load(app).await?;
    let waiting = quarantine::list(&app.db, Some(feed.id)).await?;
    if !waiting.is_empty() {
        audit::note_first(app, Deed::new("quarantine.retry", &feed.name)).await?;
    }
    let mut all = Retried::default();
    for file in quarantine::files(&app.db, feed.id).await? {
        let of_file = waiting.iter().filter(|row| row.feed_file_id == file.id);
        let numbers: HashSet<i64> = of_file.map(|row| row.row_no).collect();
        let laid = archive::lay_out(app, &file)?;
        let released = match file.holds {
            Holds::Coverage => coverage::retry(app, feed, &file, laid.path(), &numbers).await?,
            Holds::Hits => {
                let chain = Chain { app, feed, attributor: &attributor, file: &file };
                hits(&chain, laid.path(), &numbers).await?
            }
        };
        all.add(Retried { tried: numbers.len() as u64, released });
    }
    Ok(all)
}

async fn hits(chain: &Chain<'_>, path: &Path, numbers: &HashSet<i64>) -> anyhow::Result<u64> {
    let rows = format::open_rows(chain.feed, &chain.file.name, path, chain.app.now())?;
    let wanted = (1..).zip(rows).filter(|(row_no, _)| numbers.contains(row_no));
    let wanted: Vec<_> = wanted.filter_map(|(row_no, row)| Some((row_no, row.ok()?))).collect();
    if !wanted.iter().any(|(_, row)| matches!(row, Row::Detection(_))) {
        return Ok(0);
    }
    measure::hold_while_read(chain.app, chain.file.id).await?;
    let released = chain.take_released(wanted).await?;
    gate::weigh_again(chain.app, chain.feed, chain.file, chain.attributor).await?;
    Ok(released)
}
