//! Coverage files (走査範囲): each row is recorded, or in quarantine.

use super::{Findings, Kind, files::Checking, store};
use crate::db::Tx;

impl Checking<'_> {
    /// Checks that each row of a coverage file is recorded.
    pub(super) async fn coverage(
        &self,
        tx: &mut Tx,
        findings: &mut Findings,
    ) -> anyhow::Result<bool> {
        if self.file.completed_at.is_none() || self.file.refused.is_some() {
            return Ok(false);
        }
        let rows = match self.raw.coverage(self.file, self.now) {
            Ok(rows) => rows,
            Err(why) => {
                self.find(findings, Kind::Unreadable, why.to_string());
                return Ok(false);
            }
        };
        let waiting = self.waiting();
        let (mut count, mut rows) = (0, rows);
        // A reader may not be held over a wait, so rows are taken a few at a time.
        loop {
            let some: Vec<_> = rows.by_ref().take(1_000).collect();
            if some.is_empty() {
                break;
            }
            for row in some {
                count += 1;
                match row {
                    Err(fault) => self.find(findings, Kind::Unreadable, fault.to_string()),
                    Ok(_) if waiting.contains(&count) => {}
                    Ok(Err(_)) => {
                        let what = format!("row {count} is not understood and not in quarantine");
                        self.find(findings, Kind::Quarantine, what);
                    }
                    Ok(Ok(row)) => {
                        let (prefix, proto) = (row.prefix.to_string(), row.proto.number());
                        let weakness = row.weakness.code();
                        let key = (&*row.scan_run, &*prefix, i64::from(proto), weakness);
                        if store::covered(tx, self.file.feed_id, key).await? == 0 {
                            let what = format!("row {count} is not recorded");
                            self.find(findings, Kind::Coverage, what);
                        }
                    }
                }
            }
        }
        if count != self.file.rows_done {
            self.find(findings, Kind::Counts, "it has other rows than are in");
        }
        Ok(true)
    }
}
