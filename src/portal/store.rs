//! SQL of visits, step marks, device choices and the look-up budget; reads `cases`, `notices`,
//! `notice_lines`, `campaign_lines` and `campaign_cases`.

use super::{
    Visit,
    budget::{Bucket, GLOBAL, GLOBAL_KEY, Rule},
    marks::{Became, Mark},
};
use crate::{
    cases::{Case, CaseRef, store::OF_LINE},
    db::{Db, Tx, on, on_tx, retry},
    ids::{CampaignId, CaseId, IspId, VisitId},
    time::Moment,
};

/// Drops buckets untouched since `before`, all but `kept`: they are full again.
pub(super) async fn forget_buckets(db: &Db, before: Moment, kept: &str) -> sqlx::Result<()> {
    const ANY: &str =
        "SELECT bucket FROM lookup_budget WHERE refreshed_at < $1 AND bucket <> $2 LIMIT 1";
    const SQL: &str = "DELETE FROM lookup_budget WHERE refreshed_at < $1 AND bucket <> $2";
    let old: Option<String> = on!(db, pool => {
        sqlx::query_scalar(ANY).bind(before).bind(kept).fetch_optional(pool).await
    })?;
    if old.is_none() {
        return Ok(());
    }
    retry::again(async || {
        let mut tx = db.begin().await?;
        on_tx!(&mut tx, conn => {
            sqlx::query(SQL).bind(before).bind(kept).execute(conn).await.map(|_| ())
        })?;
        tx.commit().await
    })
    .await
}

/// Changes the buckets of a source and that of all by `change`, and gives what it says beside them.
///
/// Each row is locked as it is read, in the order given, so that nodes queue and never race. A
/// bucket of a source that is full afterwards is as good as none and leaves no row.
pub(super) async fn change_buckets<T>(
    db: &Db,
    own: &[(String, Rule)],
    now: Moment,
    change: impl Fn(&[Bucket], Bucket) -> (Vec<Bucket>, Bucket, T),
) -> sqlx::Result<T> {
    retry::again(async || {
        let mut tx = db.begin().await?;
        let mut before = Vec::with_capacity(own.len());
        for (key, rule) in own {
            before.push(locked_bucket(&mut tx, key, rule.full(now)).await?);
        }
        let all = locked_bucket(&mut tx, GLOBAL_KEY, GLOBAL.full(now)).await?;
        let (after, all, said) = change(&before, all);
        for ((key, rule), bucket) in own.iter().zip(after) {
            if rule.is_full(bucket, now) {
                drop_bucket(&mut tx, key).await?;
            } else {
                set_bucket(&mut tx, key, bucket).await?;
            }
        }
        set_bucket(&mut tx, GLOBAL_KEY, all).await?;
        tx.commit().await?;
        Ok(said)
    })
    .await
}

async fn drop_bucket(tx: &mut Tx, key: &str) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM lookup_budget WHERE bucket = $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(key).execute(conn).await.map(|_| ()))
}

async fn locked_bucket(tx: &mut Tx, key: &str, full: Bucket) -> sqlx::Result<Bucket> {
    const SQL: &str = "INSERT INTO lookup_budget (bucket, tokens, refreshed_at)
         VALUES ($1, $2, $3)
         ON CONFLICT (bucket) DO UPDATE SET tokens = lookup_budget.tokens
         RETURNING tokens, refreshed_at, place_at";
    let (tokens, at, place) = on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(key).bind(full.tokens).bind(full.at).fetch_one(conn).await
    })?;
    Ok(Bucket { tokens, at, place })
}

async fn set_bucket(tx: &mut Tx, key: &str, bucket: Bucket) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE lookup_budget SET tokens = $1, refreshed_at = $2, place_at = $3
         WHERE bucket = $4";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(bucket.tokens)
        .bind(bucket.at)
        .bind(bucket.place)
        .bind(key)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Keeps a visit with the hash of its secret.
pub(super) async fn insert_visit(db: &Db, visit: &Visit, tag: &[u8]) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO visits
         (id, session_tag, isp_id, case_id, opened_at, seen_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query(SQL)
        .bind(visit.id)
        .bind(tag)
        .bind(visit.case.isp)
        .bind(visit.case.id)
        .bind(visit.opened_at)
        .bind(visit.seen_at)
        .bind(visit.ends_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// The visit of a session tag.
pub(super) async fn visit(db: &Db, tag: &[u8]) -> sqlx::Result<Option<Visit>> {
    const SQL: &str = "SELECT id, isp_id, case_id, opened_at, seen_at, ends_at
         FROM visits WHERE session_tag = $1";
    type Row = (VisitId, IspId, CaseId, Moment, Moment, Moment);
    let row: Option<Row> = on!(db, pool => {
        sqlx::query_as(SQL).bind(tag).fetch_optional(pool).await
    })?;
    Ok(row.map(|(id, isp, case, opened_at, seen_at, ends_at)| Visit {
        id,
        case: CaseRef { isp, id: case },
        opened_at,
        seen_at,
        ends_at,
    }))
}

/// The campaign that the latest line about a case names; where there is no line yet, the first one
/// whose list names the case, if a one-off list opened it.
pub(super) async fn campaign(db: &Db, case: CaseRef) -> sqlx::Result<Option<CampaignId>> {
    const LISTED: &str = "SELECT k.campaign_id FROM notice_lines l
           JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
           LEFT JOIN campaign_lines k ON k.isp_id = l.isp_id AND k.notice_id = l.notice_id
                AND k.record_no = l.record_no
         WHERE l.isp_id = $1 AND l.case_id = $2
         ORDER BY n.prepared_at DESC, l.notice_id DESC, l.record_no DESC LIMIT 1";
    const ENROLLED: &str = "SELECT e.campaign_id FROM campaign_cases e
           JOIN cases c ON c.isp_id = e.isp_id AND c.id = e.case_id
         WHERE e.isp_id = $1 AND e.case_id = $2 AND c.stream = 'campaign'
         ORDER BY e.enrolled_at, e.campaign_id LIMIT 1";
    let listed: Option<Option<CampaignId>> = on!(db, pool => {
        sqlx::query_scalar(LISTED).bind(case.isp).bind(case.id).fetch_optional(pool).await
    })?;
    match listed {
        Some(named) => Ok(named),
        None => on!(db, pool => {
            sqlx::query_scalar(ENROLLED).bind(case.isp).bind(case.id).fetch_optional(pool).await
        }),
    }
}

/// Notes that a visit was seen now.
pub(super) async fn touch_visit(db: &Db, visit: VisitId, now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE visits SET seen_at = $1 WHERE id = $2";
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => {
        sqlx::query(SQL).bind(now).bind(visit).execute(conn).await.map(|_| ())
    })?;
    tx.commit().await
}

/// Ends a visit now.
pub(super) async fn end_visit(db: &Db, tag: &[u8], now: Moment) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE visits SET ends_at = $1 WHERE session_tag = $2 AND ends_at > $1";
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => {
        sqlx::query(SQL).bind(now).bind(tag).execute(conn).await.map(|_| ())
    })?;
    tx.commit().await
}

/// Notes what became of a step.
pub(super) async fn insert_mark(
    db: &Db,
    case: CaseRef,
    at: Moment,
    (manual, mark): (&str, &Mark),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO step_marks (isp_id, case_id, at, manual, step, outcome, cause)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (isp_id, case_id, at, manual, step)
         DO UPDATE SET outcome = excluded.outcome, cause = excluded.cause";
    let (outcome, cause) = mark.became.words();
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query(SQL)
        .bind(case.isp)
        .bind(case.id)
        .bind(at)
        .bind(manual)
        .bind(i64::from(mark.step))
        .bind(outcome)
        .bind(cause)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// What became of the steps of a manual, oldest first.
pub(super) async fn marks(db: &Db, case: CaseRef, manual: &str) -> sqlx::Result<Vec<Mark>> {
    const SQL: &str = "SELECT step, outcome, cause FROM step_marks
         WHERE isp_id = $1 AND case_id = $2 AND manual = $3 ORDER BY at, step";
    let rows: Vec<(i64, String, Option<String>)> = on!(db, pool => {
        sqlx::query_as(SQL).bind(case.isp).bind(case.id).bind(manual).fetch_all(pool).await
    })?;
    let mark = |(step, outcome, cause): (i64, String, Option<String>)| Mark {
        step: u32::try_from(step).unwrap_or(0),
        became: Became::of_words(&outcome, cause),
    };
    Ok(rows.into_iter().map(mark).collect())
}

/// Notes which device the person says it is.
pub(super) async fn insert_choice(
    db: &Db,
    case: CaseRef,
    at: Moment,
    choice: &str,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO device_choices (isp_id, case_id, at, choice)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (isp_id, case_id, at) DO UPDATE SET choice = excluded.choice";
    let mut tx = db.begin().await?;
    on_tx!(&mut tx, conn => sqlx::query(SQL)
        .bind(case.isp)
        .bind(case.id)
        .bind(at)
        .bind(choice)
        .execute(conn)
        .await
        .map(|_| ()))?;
    tx.commit().await
}

/// The latest word on which device it is.
pub(super) async fn choice(db: &Db, case: CaseRef) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT choice FROM device_choices
         WHERE isp_id = $1 AND case_id = $2 ORDER BY at DESC LIMIT 1";
    on!(db, pool => {
        sqlx::query_scalar(SQL).bind(case.isp).bind(case.id).fetch_optional(pool).await
    })
}

/// The cases of the line that `speaker` speaks for, its own first.
pub(super) async fn line(db: &Db, speaker: CaseRef) -> sqlx::Result<Vec<Case>> {
    let sql = format!(
        "SELECT * FROM cases WHERE {OF_LINE}
         ORDER BY CASE WHEN id = $2 THEN 0 ELSE 1 END, first_seen, id"
    );
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(speaker.isp).bind(speaker.id).fetch_all(pool).await
    })
}

/// Cases that anybody has visited.
pub(super) async fn visited(db: &Db) -> sqlx::Result<Vec<CaseId>> {
    const SQL: &str = "SELECT DISTINCT case_id FROM visits";
    on!(db, pool => sqlx::query_scalar(SQL).fetch_all(pool).await)
}
