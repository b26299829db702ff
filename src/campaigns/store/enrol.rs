//! SQL of enrolling.

use crate::{
    cases::CaseRef,
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CampaignId, CaseId, FileId, IspId},
    time::Moment,
};

/// Lets go of cases that a withdrawn file named; files that stand name theirs again.
pub(in crate::campaigns) async fn forget_withdrawn(
    tx: &mut Tx,
    campaign: CampaignId,
) -> sqlx::Result<()> {
    const CASES: &str = "DELETE FROM campaign_cases WHERE campaign_id = $1 AND feed_file_id IN
             (SELECT id FROM feed_files WHERE withdrawn_at IS NOT NULL)";
    const FILES: &str = "DELETE FROM campaign_files WHERE campaign_id = $1";
    let gone = on_tx!(&mut *tx, conn => {
        sqlx::query(CASES).bind(campaign).execute(conn).await.map(|done| done.rows_affected())
    })?;
    if gone > 0 {
        on_tx!(tx, conn => sqlx::query(FILES).bind(campaign).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// A file, when it was in to its end, and how many of its rows have left quarantine.
pub(in crate::campaigns) type File = (FileId, Moment, i64);

/// Files of the campaign that are in to their end and were not read since.
pub(in crate::campaigns) async fn files(db: &Db, campaign: CampaignId) -> sqlx::Result<Vec<File>> {
    const SQL: &str = "SELECT w.id, w.completed_at, w.released FROM
             (SELECT f.id, f.received_at, f.completed_at,
                     (SELECT COUNT(*) FROM quarantined_rows q WHERE q.feed_file_id = f.id
                         AND q.released_at IS NOT NULL) AS released
                FROM feed_files f JOIN campaign_feeds d ON d.feed_id = f.feed_id
               WHERE d.campaign_id = $1 AND f.holds = 'hits' AND f.completed_at IS NOT NULL
                 AND f.withdrawn_at IS NULL) w
         WHERE NOT EXISTS (SELECT 1 FROM campaign_files m
                 WHERE m.campaign_id = $1 AND m.feed_file_id = w.id AND m.released = w.released
                   AND m.completed_at = w.completed_at)
         ORDER BY w.received_at, w.id";
    on!(db, pool => sqlx::query_as(SQL).bind(campaign).fetch_all(pool).await)
}

/// Remembers that a file was read when it stood so.
pub(in crate::campaigns) async fn mark(
    tx: &mut Tx,
    campaign: CampaignId,
    (file, completed_at, released): File,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO campaign_files
             (campaign_id, feed_file_id, completed_at, released, at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (campaign_id, feed_file_id) DO UPDATE SET
             completed_at = excluded.completed_at, released = excluded.released, at = excluded.at";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(campaign)
        .bind(file)
        .bind(completed_at)
        .bind(released)
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Enrols cases; gives how many were not enrolled yet.
pub(in crate::campaigns) async fn insert(
    tx: &mut Tx,
    (campaign, file): (CampaignId, FileId),
    cases: &[CaseRef],
    at: Moment,
) -> sqlx::Result<u64> {
    let target = Target {
        table: "campaign_cases",
        columns: "isp_id, campaign_id, case_id, feed_file_id, enrolled_at",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let columns = [
        Column::Bytes(cases.iter().map(|one| one.isp.0.as_bytes().to_vec()).collect()),
        Column::Bytes(vec![campaign.0.as_bytes().to_vec(); cases.len()]),
        Column::Bytes(cases.iter().map(|one| one.id.0.as_bytes().to_vec()).collect()),
        Column::Bytes(vec![file.0.as_bytes().to_vec(); cases.len()]),
        Column::Int(vec![at.0; cases.len()]),
    ];
    bulk::insert(tx, target, columns).await
}

/// The cases of a provider that open campaigns name in which it takes part, the first naming first.
pub(in crate::campaigns) async fn named(
    db: &Db,
    isp: IspId,
) -> sqlx::Result<Vec<(CaseId, CampaignId, String)>> {
    const SQL: &str = "SELECT e.case_id, o.id, o.name FROM campaign_cases e
           JOIN campaign_standings s ON s.isp_id = e.isp_id AND s.campaign_id = e.campaign_id
           JOIN open_campaigns o ON o.id = e.campaign_id
         WHERE e.isp_id = $1 AND s.kind = 'joined' ORDER BY e.enrolled_at, o.name";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}
