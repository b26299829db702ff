//! SQL of reports: a few statements for a report of any length.

use formats::report_back::{Channel, DeliveryResult, Identified, ReasonCode};
use sqlx::FromRow;

use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::{CaseId, IspId, NoticeId, UploadId},
    notices::{Notice, report_back::Fresh},
    time::Moment,
};

/// All lists of a provider.
pub(in crate::notices) async fn notices(tx: &mut Tx, isp: IspId) -> sqlx::Result<Vec<Notice>> {
    let sql = format!("{} WHERE isp_id = $1", super::NOTICE);
    on_tx!(tx, conn => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(isp).fetch_all(conn).await
    })
}

/// A line that may be reported on.
#[derive(FromRow)]
pub(in crate::notices) struct Reportable {
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) case_id: CaseId,
    pub(in crate::notices) seen_at: Moment,
    /// It was taken back, or tells that another was.
    pub(in crate::notices) is_withdrawn: bool,
}

/// The lines of a list within these numbers.
pub(in crate::notices) async fn lines(
    tx: &mut Tx,
    isp: IspId,
    list: NoticeId,
    (first, last): (i64, i64),
) -> sqlx::Result<Vec<Reportable>> {
    const SQL: &str = "SELECT l.record_no, l.case_id, l.seen_at,
             (l.record_no IN (SELECT b.record_no FROM line_recalls b
                 WHERE b.isp_id = $1 AND b.notice_id = $2)
              OR l.case_id IN (SELECT b.case_id FROM line_recalls b
                 WHERE b.isp_id = $1 AND b.told_on = $2 AND b.told_as = 'withdrawn'))
               AS is_withdrawn
         FROM notice_lines l
        WHERE l.isp_id = $1 AND l.notice_id = $2 AND l.record_no BETWEEN $3 AND $4";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(list).bind(first).bind(last).fetch_all(conn).await
    })
}

/// A report that was kept.
#[derive(FromRow)]
pub(in crate::notices) struct Said {
    pub(in crate::notices) record_no: i64,
    pub(in crate::notices) version: i64,
    pub(in crate::notices) reported_at: Moment,
    pub(in crate::notices) received_at: Moment,
    pub(in crate::notices) body: String,
}

/// What was reported on the lines of a list within these numbers.
pub(in crate::notices) async fn said(
    tx: &mut Tx,
    isp: IspId,
    list: NoticeId,
    (first, last): (i64, i64),
) -> sqlx::Result<Vec<Said>> {
    const SQL: &str = "SELECT record_no, version, reported_at, received_at, body FROM line_reports
         WHERE isp_id = $1 AND notice_id = $2 AND record_no BETWEEN $3 AND $4";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(isp).bind(list).bind(first).bind(last).fetch_all(conn).await
    })
}

/// The latest record of each case to which one of these tags leads and has not ended.
pub(in crate::notices) async fn by_tags(
    tx: &mut Tx,
    isp: IspId,
    tags: &[Vec<u8>],
    now: Moment,
) -> sqlx::Result<Vec<(Vec<u8>, NoticeId, i64)>> {
    const SQL: &str = "SELECT i.tag, l.notice_id, l.record_no, n.prepared_at, i.ends_at
         FROM inquiry_ids i
         JOIN notice_lines l ON l.isp_id = i.isp_id AND l.case_id = i.case_id
         JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
        WHERE i.isp_id = $1 AND i.tag";
    type Row = (Vec<u8>, NoticeId, i64, Moment, Option<Moment>);
    let mut rows: Vec<Row> = bulk::select_of(tx, SQL, isp.0.as_bytes(), tags).await?;
    rows.retain(|(.., ends_at)| ends_at.is_none_or(|ends_at| ends_at > now));
    rows.sort_by_key(|(_, list, record, prepared_at, _)| (*prepared_at, *list, *record));
    Ok(rows.into_iter().map(|(tag, list, record, ..)| (tag, list, record)).collect())
}

/// The report that stands for that line, as it is kept.
pub(in crate::notices) async fn standing(
    tx: &mut Tx,
    isp: IspId,
    list_id: &str,
    record_no: i64,
) -> sqlx::Result<Option<String>> {
    const SQL: &str = "SELECT r.body FROM notice_lines l
          JOIN notices n ON n.isp_id = l.isp_id AND n.id = l.notice_id
          JOIN line_reports r ON r.isp_id = l.isp_id AND r.notice_id = l.notice_id
               AND r.record_no = l.record_no AND r.version = l.said_version
         WHERE l.isp_id = $1 AND n.list_id = $2 AND l.record_no = $3";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(isp).bind(list_id).bind(record_no).fetch_optional(conn).await)
}

fn words(fresh: &[Fresh<'_>], word: impl Fn(&Fresh<'_>) -> Option<&'static str>) -> Column {
    Column::TextOrNull(fresh.iter().map(|one| word(one).map(ToOwned::to_owned)).collect())
}

/// The wording that was used, as it was reported; nothing where none was said.
fn wording(fresh: &Fresh<'_>) -> String {
    fresh.report.template_version.clone().unwrap_or_default()
}

fn numbers(fresh: &[Fresh<'_>], number: impl Fn(&Fresh<'_>) -> i64) -> Column {
    Column::Int(fresh.iter().map(number).collect())
}

/// Appends reports; earlier ones stay.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    isp: IspId,
    fresh: &[Fresh<'_>],
    (now, upload): (Moment, Option<UploadId>),
) -> sqlx::Result<()> {
    let target = Target {
        table: "line_reports",
        columns: "isp_id, notice_id, record_no, version, reported_at, received_at, state,
            identified, reason_code, channel, notice_at, delivery, arm, body, upload_id, corrects,
            template_version",
        conflict: "",
    };
    for fresh in fresh.chunks(bulk::SLICE) {
        let columns = [
            Column::Bytes(vec![isp.0.as_bytes().to_vec(); fresh.len()]),
            Column::Bytes(fresh.iter().map(|one| one.key.0.0.as_bytes().to_vec()).collect()),
            numbers(fresh, |one| one.key.1),
            numbers(fresh, |one| one.version),
            numbers(fresh, |one| one.report.reported_at),
            Column::Int(vec![now.0; fresh.len()]),
            words(fresh, |one| Some(one.report.state.code())),
            words(fresh, |one| one.report.identified.map(Identified::code)),
            words(fresh, |one| one.report.reason_code.map(ReasonCode::code)),
            words(fresh, |one| one.report.notice_channel.map(Channel::code)),
            Column::IntOrNull(fresh.iter().map(|one| one.report.notice_at).collect()),
            words(fresh, |one| one.report.delivery_result.map(DeliveryResult::code)),
            Column::TextOrNull(fresh.iter().map(|one| one.report.arm.clone()).collect()),
            Column::Text(fresh.iter().map(|one| one.body.clone()).collect()),
            Column::BytesOrNull(vec![upload.map(|id| id.0.as_bytes().to_vec()); fresh.len()]),
            Column::IntOrNull(fresh.iter().map(|one| one.corrects).collect()),
            Column::Text(fresh.iter().map(|one| wording(one)).collect()),
        ];
        bulk::insert(tx, target, columns).await?;
    }
    Ok(())
}

/// Says on lines which report stands for them, and its state.
pub(in crate::notices) async fn set_said(
    tx: &mut Tx,
    (isp, list): (IspId, NoticeId),
    (word, version): (&str, i64),
    records: &[i64],
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE notice_lines SET said = $1, said_version = $2
         WHERE isp_id = $3 AND notice_id = $4 AND record_no IN";
    let parent = [isp.0.as_bytes().as_slice(), list.0.as_bytes().as_slice()];
    bulk::update_numbered(tx, SQL, (word, version), parent, records).await.map(|_| ())
}
