//! SQL of recalls.

use sqlx::FromRow;

use crate::{
    cases::store::OF_LINE,
    db::{Tx, bulk, on_tx},
    ids::{CaseId, FileId, IspId, NoticeId},
    notices::{Notice, recall::Listed, store::NewLine},
    time::Moment,
};

/// The lines on which these cases stand, and whether anybody outside has seen them.
pub(in crate::notices) async fn listed(
    tx: &mut Tx,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<Listed>> {
    const SQL: &str = concat!(
        "SELECT l.isp_id, l.notice_id, l.record_no, l.case_id, ",
        is_told!("l.isp_id", "l.notice_id", "l.record_no"),
        " AS is_sent FROM notice_lines l"
    );
    bulk::select_in(tx, SQL, "l.case_id", cases).await
}

/// A line and what stands on it.
#[derive(FromRow)]
pub(in crate::notices) struct Standing {
    #[sqlx(flatten)]
    pub(in crate::notices) listed: Listed,
    pub(in crate::notices) body: String,
    is_recalled: bool,
}

/// The lines on which these cases stand and that were not taken back.
pub(in crate::notices) async fn standing(
    tx: &mut Tx,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = concat!(
        "SELECT l.isp_id, l.notice_id, l.record_no, l.case_id, l.body, ",
        is_told!("l.isp_id", "l.notice_id", "l.record_no"),
        " AS is_sent,
             EXISTS (SELECT 1 FROM line_recalls b WHERE b.isp_id = l.isp_id
                 AND b.notice_id = l.notice_id AND b.record_no = l.record_no) AS is_recalled
         FROM notice_lines l"
    );
    let mut lines: Vec<Standing> = bulk::select_in(tx, SQL, "l.case_id", cases).await?;
    lines.retain(|line| !line.is_recalled);
    Ok(lines)
}

/// Drops a line that was not handed out, and counts its list anew; what is ready of it for clients
/// of TAXII goes with it.
pub(in crate::notices) async fn drop_line(
    tx: &mut Tx,
    line: &Listed,
    at: Moment,
) -> sqlx::Result<()> {
    const LINE: &str = "DELETE FROM notice_lines
         WHERE isp_id = $1 AND notice_id = $2 AND record_no = $3";
    const LIST: &str = "UPDATE notices SET lines = lines - 1, edition = edition + 1,
             withdrawn_at = CASE WHEN lines <= 1 THEN CAST($3 AS BIGINT) ELSE withdrawn_at END
         WHERE isp_id = $1 AND id = $2";
    super::collection::forget(tx, line).await?;
    on_tx!(&mut *tx, conn => sqlx::query(LINE)
        .bind(line.isp_id).bind(line.notice_id).bind(line.record_no)
        .execute(conn).await.map(|_| ()))?;
    on_tx!(tx, conn => sqlx::query(LIST)
        .bind(line.isp_id).bind(line.notice_id).bind(at).execute(conn).await.map(|_| ()))
}

/// Notes that what stands on lines of a list changed.
async fn changed(tx: &mut Tx, isp: IspId, list: NoticeId) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notices SET edition = edition + 1 WHERE isp_id = $1 AND id = $2";
    on_tx!(tx, conn => sqlx::query(SQL).bind(isp).bind(list).execute(conn).await.map(|_| ()))
}

/// Marks a line as taken back; again = no change.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    line: &Listed,
    at: Moment,
    (author, reason): (&str, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO line_recalls
         (isp_id, notice_id, record_no, case_id, at, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    changed(tx, line.isp_id, line.notice_id).await?;
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(line.isp_id)
        .bind(line.notice_id)
        .bind(line.record_no)
        .bind(line.case_id)
        .bind(at)
        .bind(author)
        .bind(reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Recalls of which the provider does not know yet, each case once: its latest line.
pub(in crate::notices) async fn untold(
    tx: &mut Tx,
    isp: IspId,
) -> sqlx::Result<Vec<(CaseId, String)>> {
    const SQL: &str = "SELECT b.case_id, l.body FROM line_recalls b
         JOIN notices n ON n.isp_id = b.isp_id AND n.id = b.notice_id
         JOIN notice_lines l ON l.isp_id = b.isp_id AND l.notice_id = b.notice_id
          AND l.record_no = b.record_no
         WHERE b.isp_id = $1 AND b.told_on IS NULL
         ORDER BY n.prepared_at DESC, b.notice_id, b.record_no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).fetch_all(conn).await)
}

/// Notes on which list, and as what, the provider is told that lines of a case were taken back.
pub(in crate::notices) async fn set_told(
    tx: &mut Tx,
    notice: &Notice,
    (case, told_as): (CaseId, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE line_recalls SET told_on = $1, told_as = $2
         WHERE isp_id = $3 AND case_id = $4 AND told_on IS NULL";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.id).bind(told_as).bind(notice.isp_id).bind(case)
        .execute(conn).await.map(|_| ()))
}

/// The records of a list that were taken back, and when.
pub(in crate::notices) async fn records(
    tx: &mut Tx,
    notice: &Notice,
) -> sqlx::Result<Vec<(i64, Moment)>> {
    const SQL: &str = "SELECT record_no, at FROM line_recalls WHERE isp_id = $1 AND notice_id = $2";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).fetch_all(conn).await
    })
}

/// A line of a list that nobody outside has seen.
#[derive(FromRow)]
pub(in crate::notices) struct Unsent {
    pub(in crate::notices) isp_id: IspId,
    pub(in crate::notices) notice_id: NoticeId,
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) body: String,
    pub(in crate::notices) report_by: Moment,
}

impl Unsent {
    /// Which line it is.
    pub(in crate::notices) fn listed(&self) -> Listed {
        let Self { isp_id, notice_id, record_no, case_id, .. } = *self;
        Listed { isp_id, notice_id, record_no, case_id, is_sent: false }
    }
}

/// Lines of all lists that nobody outside has seen, of cases that stand.
pub(in crate::notices) async fn unsent(tx: &mut Tx) -> sqlx::Result<Vec<Unsent>> {
    const SQL: &str = concat!(
        "SELECT l.isp_id, l.notice_id, l.record_no, l.case_id, l.body, n.report_by
         FROM notices n JOIN notice_lines l ON l.isp_id = n.isp_id AND l.notice_id = n.id
         JOIN case_rows c ON c.isp_id = l.isp_id AND c.id = l.case_id AND c.state <> 'withdrawn'
         WHERE n.withdrawn_at IS NULL AND NOT ",
        // Asked of the list first, so that lines of lists that left are not looked at one by one.
        is_out!("n.isp_id", "n.id"),
        " AND NOT ",
        is_told!("l.isp_id", "l.notice_id", "l.record_no"),
        " ORDER BY l.isp_id, l.notice_id, l.record_no"
    );
    on_tx!(tx, conn => sqlx::query_as(SQL).fetch_all(conn).await)
}

/// Says anew what stands on a line.
pub(in crate::notices) async fn set_body(
    tx: &mut Tx,
    line: &Unsent,
    new: &NewLine,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notice_lines SET body = $1, seen_at = $2, report_by = $3, model = $4
         WHERE isp_id = $5 AND notice_id = $6 AND record_no = $7";
    changed(tx, line.isp_id, line.notice_id).await?;
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(&new.body).bind(new.seen_at).bind(new.report_by).bind(new.model.as_deref())
        .bind(line.isp_id).bind(line.notice_id).bind(line.record_no)
        .execute(conn).await.map(|_| ()))
}

/// Files that hold their cases back: they wait for approval, or are not in to their end.
pub(in crate::notices) async fn held_files(tx: &mut Tx) -> sqlx::Result<Vec<FileId>> {
    const SQL: &str = "SELECT feed_file_id FROM file_gates WHERE approved_at IS NULL
         UNION SELECT id FROM feed_files WHERE completed_at IS NULL AND holds = 'hits'";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).fetch_all(conn).await)
}

/// The spots of the line that a case speaks for.
pub(in crate::notices) async fn spots_of_line(
    tx: &mut Tx,
    isp: IspId,
    speaker: CaseId,
) -> sqlx::Result<Vec<Vec<u8>>> {
    let sql = format!("SELECT spot FROM case_rows WHERE {OF_LINE}");
    on_tx!(tx, conn => {
        let spots = sqlx::query_scalar(sqlx::AssertSqlSafe(sql));
        spots.bind(isp).bind(speaker).fetch_all(conn).await
    })
}
