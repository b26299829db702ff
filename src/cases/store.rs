//! SQL of cases and their facts.

pub(super) mod ids;
pub(super) mod moved;
pub(super) mod opening;
pub(super) mod places;
pub(super) mod register;
pub(super) mod tokens;
pub(super) mod verdicts;
pub(super) mod withdrawn;

use super::{Case, CaseEvent, CaseRef, Filter, devices::Words, verdicts::Verdict};
use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CaseId, IspId},
    time::Moment,
};

/// A fact that is about to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) at: Moment,
    pub(crate) kind: &'a str,
    pub(crate) author: &'a str,
    pub(crate) detail: Option<&'a str>,
}

/// Of provider `$1`: the case `$2` and those that it speaks for.
///
/// Two look-ups by key. Told `id = $2 OR line_of = $2`, or `line_of` beside the columns of the view
/// `cases`, SQLite passes its index over and reads all cases of the provider.
pub(crate) const OF_LINE: &str = "isp_id = $1 AND id IN
         (SELECT o.id FROM case_rows o WHERE o.isp_id = $1 AND o.id = $2 UNION ALL
          SELECT m.id FROM case_rows m WHERE m.isp_id = $1 AND m.line_of = $2)";

/// The case of that name.
pub(super) async fn find(db: &Db, which: CaseRef) -> sqlx::Result<Option<Case>> {
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1 AND id = $2";
    on!(db, pool => {
        sqlx::query_as(SQL).bind(which.isp).bind(which.id).fetch_optional(pool).await
    })
}

/// The case of that name, as a transaction sees it.
pub(super) async fn find_in(tx: &mut Tx, which: CaseRef) -> sqlx::Result<Option<Case>> {
    const SQL: &str = "SELECT * FROM cases WHERE isp_id = $1 AND id = $2";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(which.isp).bind(which.id).fetch_optional(conn).await
    })
}

/// All cases of the line of that case.
pub(super) async fn line_of(tx: &mut Tx, case: CaseRef) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "WITH speaker AS (
             SELECT COALESCE(line_of, id) AS id FROM case_rows WHERE isp_id = $1 AND id = $2)
         SELECT * FROM cases WHERE isp_id = $1 AND id IN
             (SELECT id FROM speaker UNION ALL
              SELECT r.id FROM case_rows r JOIN speaker s ON r.line_of = s.id
               WHERE r.isp_id = $1)";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(conn).await)
}

/// Facts of a case in order of time.
pub(super) async fn events(db: &Db, which: CaseRef) -> sqlx::Result<Vec<CaseEvent>> {
    const SQL: &str = "SELECT at, kind, author, detail, withdrawn_at FROM case_events
         WHERE isp_id = $1 AND case_id = $2
         UNION ALL SELECT c.opened_at, 'opened', 'feed ' || f.name, NULL, NULL
          FROM cases c JOIN feeds f ON f.id = c.feed_id WHERE c.isp_id = $1 AND c.id = $2
         ORDER BY at, kind";
    on!(db, pool => sqlx::query_as(SQL).bind(which.isp).bind(which.id).fetch_all(pool).await)
}

/// Cases that pass the filter.
pub(super) async fn list(db: &Db, filter: &Filter, limit: i64) -> sqlx::Result<Vec<Case>> {
    const SQL: &str = "SELECT * FROM cases
         WHERE (CAST($1 AS BYTEA) IS NULL OR isp_id = $1)
           AND (CAST($2 AS TEXT) IS NULL OR state = $2)
           AND (CAST($3 AS TEXT) IS NULL OR stream = $3)
           AND (CAST($4 AS BIGINT) IS NULL OR last_seen >= $4)
           AND (CAST($5 AS BYTEA) IS NULL OR id = $5)
         ORDER BY first_seen, spot LIMIT $6";
    on!(db, pool => {
        sqlx::query_as(SQL)
            .bind(filter.isp)
            .bind(filter.state.map(super::State::word))
            .bind(filter.stream.as_deref())
            .bind(filter.since)
            .bind(filter.id)
            .bind(limit)
            .fetch_all(pool)
            .await
    })
}

/// Words of open cases whose device the rule of that name told, or none, most frequent first.
pub(super) async fn in_words_of(db: &Db, rule: &str) -> sqlx::Result<Vec<Words>> {
    const SQL: &str = "SELECT maker, model, device_kind, COUNT(*) AS cases FROM cases
         WHERE state IN ('open', 'recurred') AND COALESCE(identified_by, $1) = $1
         GROUP BY maker, model, device_kind
         ORDER BY COUNT(*) DESC, COALESCE(maker, ''), COALESCE(model, ''),
                  COALESCE(device_kind, '')";
    on!(db, pool => sqlx::query_as(SQL).bind(rule).fetch_all(pool).await)
}

/// How many cases were seen first at `until` or before.
pub(super) async fn count(db: &Db, until: Moment) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM cases WHERE first_seen <= $1";
    on!(db, pool => sqlx::query_scalar(SQL).bind(until).fetch_one(pool).await)
}

/// Sets the state unless it is already so; tells whether it changed. An open case whose first
/// sighting turns out to be older stays as open as it was.
pub(super) async fn set_state(tx: &mut Tx, case: CaseRef, verdict: &Verdict) -> sqlx::Result<bool> {
    const SQL: &str = "UPDATE case_rows SET state = $1, state_since = $2, first_clean = $3
         WHERE isp_id = $4 AND id = $5
           AND (state <> $1 OR (state <> 'open' AND COALESCE(state_since, opened_at) <> $2)
                OR COALESCE(first_clean, 0) <> COALESCE($3, 0))";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(verdict.state.word())
        .bind(verdict.since)
        .bind(verdict.first_clean)
        .bind(case.isp)
        .bind(case.id)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// Writes a fact; the same fact at the same moment stands once.
pub(crate) async fn write_event(tx: &mut Tx, case: CaseRef, event: Event<'_>) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO case_events (isp_id, case_id, at, kind, author, detail)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    insert_event(tx, SQL, case, event).await
}

/// Runs `sql`, which names the columns of a fact in this order and says what happens to its like.
async fn insert_event(
    tx: &mut Tx,
    sql: &'static str,
    case: CaseRef,
    event: Event<'_>,
) -> sqlx::Result<()> {
    on_tx!(tx, conn => sqlx::query(sql)
        .bind(case.isp)
        .bind(case.id)
        .bind(event.at)
        .bind(event.kind)
        .bind(event.author)
        .bind(event.detail)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// The sealed inquiry ID of a case, if one was issued.
pub(super) async fn sealed_id(tx: &mut Tx, case: CaseRef) -> sqlx::Result<Option<Vec<u8>>> {
    const SQL: &str = "SELECT sealed FROM inquiry_ids WHERE isp_id = $1 AND case_id = $2";
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(case.isp).bind(case.id).fetch_optional(conn).await
    })
}

/// Keeps a fresh inquiry ID; false when its tag is already taken.
pub(super) async fn insert_id(
    tx: &mut Tx,
    case: CaseRef,
    tag: &[u8],
    sealed: &[u8],
    at: Moment,
) -> sqlx::Result<bool> {
    const SQL: &str = "INSERT INTO inquiry_ids (tag, isp_id, case_id, sealed, issued_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tag) DO NOTHING";
    let done = on_tx!(tx, conn => sqlx::query(SQL)
        .bind(tag)
        .bind(case.isp)
        .bind(case.id)
        .bind(sealed)
        .bind(at)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(done == 1)
}

/// The case a tag leads to, unless the ID has ended.
pub(super) async fn by_tag(db: &Db, tag: &[u8], now: Moment) -> sqlx::Result<Option<CaseRef>> {
    const SQL: &str = "SELECT isp_id, case_id FROM inquiry_ids
         WHERE tag = $1 AND (ends_at IS NULL OR ends_at > $2)";
    let found: Option<(IspId, CaseId)> = on!(db, pool => {
        sqlx::query_as(SQL).bind(tag).bind(now).fetch_optional(pool).await
    })?;
    Ok(found.map(|(isp, id)| CaseRef { isp, id }))
}

/// Sets or lifts the end of the inquiry ID of a case.
pub(super) async fn set_id_end(
    tx: &mut Tx,
    case: CaseRef,
    ends_at: Option<Moment>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE inquiry_ids SET ends_at = $1 WHERE isp_id = $2 AND case_id = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(ends_at).bind(case.isp).bind(case.id).execute(conn).await.map(|_| ()))
}

/// Says which case speaks for `case`.
pub(super) async fn set_line_of(
    tx: &mut Tx,
    case: CaseRef,
    canonical: Option<CaseId>,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE case_rows SET line_of = $1 WHERE isp_id = $2 AND id = $3";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(canonical).bind(case.isp).bind(case.id).execute(conn).await.map(|_| ()))
}

/// Writes on each case that it stands on a list.
pub(super) async fn write_listed(
    tx: &mut Tx,
    cases: &[CaseRef],
    at: Moment,
    list_id: &str,
) -> sqlx::Result<()> {
    let target = Target {
        table: "case_events",
        columns: "isp_id, case_id, at, kind, author, detail",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let same = |text: &str| Column::Text(vec![text.to_owned(); cases.len()]);
    let columns = [
        Column::Bytes(cases.iter().map(|case| case.isp.0.as_bytes().to_vec()).collect()),
        Column::Bytes(cases.iter().map(|case| case.id.0.as_bytes().to_vec()).collect()),
        Column::Int(vec![at.0; cases.len()]),
        same("listed"),
        same("centre"),
        same(list_id),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}
