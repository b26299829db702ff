//! SQL of cases that a withdrawn file saw.

use crate::{
    cases::{
        CaseRef,
        store::OF_LINE,
        withdrawn::{Numbered, Withdrawn},
    },
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::{CaseId, FileId, IspId},
    sightings::Sighting,
    time::Moment,
};

/// The cases of these numbers. No index leads from number to case: the table is read once for all.
pub(in crate::cases) async fn of_numbers(
    tx: &mut Tx,
    numbers: &[i64],
) -> sqlx::Result<Vec<Numbered>> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    bulk::select_numbered(tx, "SELECT * FROM cases WHERE no IN", numbers).await
}

/// Says from when to when a case was seen.
pub(in crate::cases) async fn set_times(
    tx: &mut Tx,
    no: i64,
    (first, last): (Moment, Moment),
) -> sqlx::Result<()> {
    let target = Target {
        table: "case_times",
        columns: "no, first_seen, last_seen",
        conflict: "ON CONFLICT (no) DO UPDATE SET
             first_seen = excluded.first_seen, last_seen = excluded.last_seen",
    };
    let columns = [vec![no], vec![first.0], vec![last.0]].map(Column::Int);
    bulk::insert(tx, target, columns).await.map(|_| ())
}

/// Says when the row was seen that opens a case.
pub(in crate::cases) async fn set_opened_at(
    tx: &mut Tx,
    case: CaseRef,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE case_rows SET opened_at = $1 WHERE isp_id = $2 AND id = $3";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(at).bind(case.isp).bind(case.id).execute(conn).await.map(|_| ())
    })
}

/// Says which row opens a case, and which traits it shares.
pub(in crate::cases) async fn set_opening(
    tx: &mut Tx,
    case: CaseRef,
    (traits, sighting, asn): (i64, &Sighting<'_>, Option<u32>),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE case_rows SET traits = $1, row_no = $2, asn = $3, opened_at = $4
         WHERE isp_id = $5 AND id = $6";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(traits)
        .bind(sighting.row_no)
        .bind(asn.map(i64::from))
        .bind(sighting.detected_at)
        .bind(case.isp)
        .bind(case.id)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Deletes cases of a provider with all that hangs on them.
pub(in crate::cases) async fn delete(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
) -> sqlx::Result<()> {
    for sql in [
        "DELETE FROM case_events WHERE isp_id = $1 AND case_id",
        "DELETE FROM inquiry_ids WHERE isp_id = $1 AND case_id",
        "DELETE FROM line_tokens WHERE isp_id = $1 AND case_id",
        "DELETE FROM case_rows WHERE isp_id = $1 AND id",
    ] {
        bulk::delete_of(tx, sql, isp.0.as_bytes(), cases).await?;
    }
    Ok(())
}

/// Deletes when a case was seen.
pub(in crate::cases) async fn delete_times(tx: &mut Tx, no: i64) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM case_times WHERE no = $1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(no).execute(conn).await.map(|_| ()))
}

/// Ends the tokens of cases and cuts their links; gives the cases that they spoke for.
pub(in crate::cases) async fn part(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
    at: Moment,
) -> sqlx::Result<Vec<CaseId>> {
    const FOLLOWERS: &str = "SELECT id FROM case_rows WHERE isp_id = $1 AND line_of = $2";
    const TOKENS: &str = "UPDATE line_tokens SET ended_at = $3
         WHERE isp_id = $1 AND case_id = $2 AND ended_at IS NULL";
    let parted = format!("UPDATE case_rows SET line_of = NULL WHERE {OF_LINE}");
    let mut followers = Vec::new();
    for case in cases {
        let own: Vec<CaseId> = on_tx!(&mut *tx, conn => {
            sqlx::query_scalar(FOLLOWERS).bind(isp).bind(case).fetch_all(conn).await
        })?;
        on_tx!(&mut *tx, conn => {
            sqlx::query(TOKENS).bind(isp).bind(case).bind(at).execute(conn).await.map(|_| ())
        })?;
        on_tx!(&mut *tx, conn => {
            let part = sqlx::query(sqlx::AssertSqlSafe(parted.clone()));
            part.bind(isp).bind(case).execute(conn).await.map(|_| ())
        })?;
        followers.extend(own);
    }
    followers.retain(|id| !cases.iter().any(|case| case[..] == id.0.as_bytes()[..]));
    Ok(followers)
}

/// Marks a case as withdrawn.
pub(in crate::cases) async fn set_withdrawn(
    tx: &mut Tx,
    case: CaseRef,
    at: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE case_rows SET state = 'withdrawn', state_since = $1,
             first_clean = NULL WHERE isp_id = $2 AND id = $3";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(at).bind(case.isp).bind(case.id).execute(conn).await.map(|_| ())
    })
}

/// Whether a case is withdrawn.
pub(in crate::cases) async fn stands_withdrawn(db: &Db, case: CaseRef) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM case_rows
         WHERE isp_id = $1 AND id = $2 AND state = 'withdrawn'";
    let found: i64 = on!(db, pool => {
        sqlx::query_scalar(SQL).bind(case.isp).bind(case.id).fetch_one(pool).await
    })?;
    Ok(found > 0)
}

/// Cases that stand and that a row of this file opened.
pub(in crate::cases) async fn opened_by(
    tx: &mut Tx,
    file: FileId,
    limit: i64,
) -> sqlx::Result<Vec<Numbered>> {
    const SQL: &str = "SELECT * FROM cases WHERE feed_file_id = $1 ORDER BY spot, no LIMIT $2";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(file).bind(limit).fetch_all(conn).await)
}

/// Drops traits of a file that no case has any more.
pub(in crate::cases) async fn drop_traits(tx: &mut Tx, file: FileId) -> sqlx::Result<()> {
    const SQL: &str = "DELETE FROM case_traits WHERE feed_file_id = $1
         AND no NOT IN (SELECT traits FROM case_rows)";
    on_tx!(tx, conn => sqlx::query(SQL).bind(file).execute(conn).await.map(|_| ()))
}

/// The withdrawn case of that key.
pub(in crate::cases) async fn find(db: &Db, id: CaseId) -> sqlx::Result<Option<Withdrawn>> {
    const SQL: &str = "SELECT c.isp_id, c.id, c.spot, e.at, e.author,
             COALESCE(e.detail, '') AS reason
         FROM case_events e JOIN every_case c ON c.isp_id = e.isp_id AND c.id = e.case_id
         WHERE e.isp_id IN (SELECT id FROM isps) AND e.case_id = $1 AND e.kind = 'withdrawn'";
    on!(db, pool => sqlx::query_as(SQL).bind(id).fetch_optional(pool).await)
}
