//! SQL of collections.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, FromRow};

use super::NOTICE;
use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::{IspId, NoticeId},
    notices::{
        Notice,
        collection::{Entry, Filter, Which},
        recall::Listed,
    },
    time::Moment,
};

/// A list of which the collection does not know all.
#[derive(FromRow)]
pub(in crate::notices) struct Pending {
    #[sqlx(flatten)]
    pub(in crate::notices) notice: Notice,
    pub(in crate::notices) recalled: i64,
    /// Whether it is in already, and only lines of it were taken back since.
    pub(in crate::notices) is_in: bool,
}

/// The state of the register and of the address table, by which a provider may read its lines.
pub(in crate::notices) async fn mark(tx: &mut Tx) -> sqlx::Result<String> {
    const SQL: &str = "SELECT
             (SELECT COALESCE(MAX(no), 0) * 1000000 + COUNT(undone_at) FROM isp_imports),
             (SELECT COALESCE(MAX(no), 0) * 1000000 + COUNT(undone_at) FROM network_imports)";
    let (register, table): (i64, i64) =
        on_tx!(tx, conn => sqlx::query_as(SQL).fetch_one(conn).await)?;
    Ok(format!("{register} {table}"))
}

/// Lists of which the collection does not know all, oldest first.
pub(in crate::notices) async fn pending(
    tx: &mut Tx,
    isp: IspId,
    mark: &str,
) -> sqlx::Result<Vec<Pending>> {
    const SQL: &str = "SELECT n.isp_id, n.id, n.list_id, n.prepared_at, n.report_by, n.lines,
             n.withdrawn_at, n.recalled, t.notice_id IS NOT NULL AS is_in
         FROM (SELECT m.*, (SELECT COUNT(*) FROM line_recalls b
                             WHERE b.isp_id = m.isp_id AND b.notice_id = m.id) AS recalled
                 FROM notices m WHERE m.isp_id = $1 AND m.withdrawn_at IS NULL) n
         LEFT JOIN taxii_lists t ON t.isp_id = n.isp_id AND t.notice_id = n.id
         WHERE t.notice_id IS NULL OR t.recalled <> n.recalled OR t.looked_at <> $2
         ORDER BY n.prepared_at, n.id";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).bind(mark).fetch_all(conn).await)
}

/// Sightings of a list that have a version later than this: they are revoked, for good.
pub(in crate::notices) async fn revoked(
    tx: &mut Tx,
    notice: &Notice,
    first: i64,
) -> sqlx::Result<HashSet<String>> {
    const SQL: &str = "SELECT object_id FROM taxii_objects
         WHERE isp_id = $1 AND notice_id = $2 AND kind = 'sighting' AND version > $3";
    let ids: Vec<String> = on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(first).fetch_all(conn).await)?;
    Ok(ids.into_iter().collect())
}

/// The time of the object that was added last.
pub(in crate::notices) async fn last(tx: &mut Tx, isp: IspId) -> sqlx::Result<Option<Moment>> {
    const SQL: &str = "SELECT MAX(added_at) FROM taxii_objects WHERE isp_id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(isp).fetch_one(conn).await)
}

/// Adds objects; one that is in already, in the same version, stays as it is.
pub(in crate::notices) async fn add(
    tx: &mut Tx,
    isp: IspId,
    entries: &[Entry],
) -> sqlx::Result<()> {
    let target = Target {
        table: "taxii_objects",
        columns: "isp_id, added_at, object_id, version, kind, notice_id, record_no",
        conflict: "ON CONFLICT (isp_id, object_id, version) DO NOTHING",
    };
    for entries in entries.chunks(bulk::SLICE) {
        let all = || entries.iter();
        let columns = [
            Column::Bytes(vec![isp.0.as_bytes().to_vec(); entries.len()]),
            Column::Int(all().map(|entry| entry.added_at.0).collect()),
            Column::Text(all().map(|entry| entry.object_id.clone()).collect()),
            Column::Int(all().map(|entry| entry.version).collect()),
            Column::Text(all().map(|entry| entry.kind.clone()).collect()),
            Column::Bytes(all().map(|entry| entry.notice_id.0.as_bytes().to_vec()).collect()),
            Column::Int(all().map(|entry| entry.record_no).collect()),
        ];
        bulk::insert(tx, target, columns).await?;
    }
    Ok(())
}

/// Takes objects of a line out that were never given. What other lines of the provider share with
/// it, such as an address, enters anew with them at the next request.
pub(in crate::notices) async fn forget(tx: &mut Tx, line: &Listed) -> sqlx::Result<()> {
    const OBJECTS: &str = "DELETE FROM taxii_objects
         WHERE isp_id = $1 AND notice_id = $2 AND record_no = $3";
    const LISTS: &str = "DELETE FROM taxii_lists WHERE isp_id = $1";
    let gone = on_tx!(&mut *tx, conn => sqlx::query(OBJECTS)
        .bind(line.isp_id).bind(line.notice_id).bind(line.record_no)
        .execute(conn).await.map(|done| done.rows_affected()))?;
    if gone == 0 {
        return Ok(());
    }
    on_tx!(tx, conn => sqlx::query(LISTS).bind(line.isp_id).execute(conn).await.map(|_| ()))
}

/// Notes that a list is in, with so many lines taken back, as the register stands.
pub(in crate::notices) async fn set_in(
    tx: &mut Tx,
    notice: &Notice,
    (recalled, mark): (i64, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO taxii_lists (isp_id, notice_id, recalled, looked_at)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (isp_id, notice_id) DO UPDATE SET recalled = excluded.recalled,
             looked_at = excluded.looked_at";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.isp_id).bind(notice.id).bind(recalled).bind(mark)
        .execute(conn).await.map(|_| ()))
}

/// Objects of a collection that fit, by the time they were added; one more than asked for where
/// there are more.
pub(in crate::notices) async fn entries(
    tx: &mut Tx,
    isp: IspId,
    filter: &Filter,
) -> sqlx::Result<Vec<Entry>> {
    let ids = any_of("object_id", 3, filter.ids.len());
    let kinds = any_of("kind", 3 + filter.ids.len(), filter.kinds.len());
    let sql = format!(
        "SELECT o.added_at, o.object_id, o.version, o.kind, o.notice_id, o.record_no
         FROM taxii_objects o WHERE o.isp_id = $1 AND o.added_at > $2 {ids} {kinds} AND ({})
         ORDER BY o.added_at LIMIT {}",
        versions(&filter.versions),
        filter.limit + 1
    );
    on_tx!(tx, conn => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(isp).bind(filter.after());
        for text in filter.ids.iter().chain(&filter.kinds) {
            query = query.bind(text);
        }
        query.fetch_all(conn).await
    })
}

/// A condition on a column with so many values from parameter `$first` on; none = no condition.
fn any_of(column: &str, first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..).take(count).map(|n| format!("${n}")).collect();
    if count == 0 { String::new() } else { format!("AND o.{column} IN ({})", marks.join(", ")) }
}

/// Which versions are wanted, any of these; all of it is program text and numbers.
fn versions(which: &[Which]) -> String {
    let other = |than: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM taxii_objects v WHERE v.isp_id = o.isp_id
                 AND v.object_id = o.object_id AND v.version {than} o.version)"
        )
    };
    let one = |which: &Which| match which {
        Which::Last => other(">"),
        Which::First => other("<"),
        Which::All => "1 = 1".to_owned(),
        Which::At(at) => format!("o.version = {at} OR (o.version = 0 AND o.added_at = {at})"),
    };
    which.iter().map(one).collect::<Vec<_>>().join(" OR ")
}

/// Lists of a provider by their keys.
pub(in crate::notices) async fn lists(
    tx: &mut Tx,
    isp: IspId,
    keys: &[NoticeId],
) -> sqlx::Result<Vec<Notice>> {
    let mut found = Vec::new();
    for key in keys {
        let sql = format!("{NOTICE} WHERE isp_id = $1 AND id = $2");
        let notice: Option<Notice> = on_tx!(&mut *tx, conn => sqlx::query_as(AssertSqlSafe(sql))
            .bind(isp).bind(*key).fetch_optional(conn).await)?;
        found.extend(notice);
    }
    Ok(found)
}
