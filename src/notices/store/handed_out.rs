//! SQL of what left the centre.

use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::{IspId, NoticeId},
    notices::{Notice, handed_out::Receipt},
    time::Moment,
};

/// Enters a receipt: for the whole list, or for a part of it.
pub(in crate::notices) async fn insert(
    tx: &mut Tx,
    notice: &Notice,
    receipt: Receipt<'_>,
    is_part: bool,
) -> sqlx::Result<()> {
    const SQL: &str =
        "INSERT INTO notice_exports (isp_id, notice_id, format, at, sha256, author, is_part)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(notice.isp_id)
        .bind(notice.id)
        .bind(receipt.form)
        .bind(receipt.at)
        .bind(receipt.sha256)
        .bind(receipt.by)
        .bind(i64::from(is_part))
        .execute(conn)
        .await
        .map(|_| ()))
}

/// What the bytes of a list follow from, and how many lines it has: as long as that is the same, so
/// are they.
pub(in crate::notices) async fn edition(
    tx: &mut Tx,
    notice: &Notice,
) -> sqlx::Result<(String, i64)> {
    const SQL: &str = "SELECT edition, lines FROM notices WHERE isp_id = $1 AND id = $2";
    let mark = super::collection::mark(tx).await?;
    let (edition, lines): (i64, i64) = on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(notice.isp_id).bind(notice.id).fetch_one(conn).await
    })?;
    Ok((format!("{mark} {edition}"), lines))
}

/// How often what stands on the lines of a list was changed.
pub(in crate::notices) async fn changes(tx: &mut Tx, notice: &Notice) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT edition FROM notices WHERE isp_id = $1 AND id = $2";
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(notice.isp_id).bind(notice.id).fetch_one(conn).await
    })
}

/// Whether anything of a list was handed out, in any form.
pub(in crate::notices) async fn is_begun(tx: &mut Tx, notice: &Notice) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM notice_exports WHERE isp_id = $1 AND notice_id = $2";
    let times: i64 = on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(notice.isp_id).bind(notice.id).fetch_one(conn).await
    })?;
    Ok(times > 0)
}

/// Whether a list was handed out as a whole.
pub(in crate::notices) async fn is_whole(
    tx: &mut Tx,
    isp: IspId,
    list: NoticeId,
) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM whole_lists WHERE isp_id = $1 AND notice_id = $2";
    let times: i64 = on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(isp).bind(list).fetch_one(conn).await
    })?;
    Ok(times > 0)
}

/// The records of a list that its provider has: they were handed out, or reported on.
pub(in crate::notices) async fn given(tx: &mut Tx, notice: &Notice) -> sqlx::Result<Vec<i64>> {
    const SQL: &str = concat!(
        "SELECT l.record_no FROM notice_lines l WHERE l.isp_id = $1 AND l.notice_id = $2 AND ",
        is_given!("l.isp_id", "l.notice_id", "l.record_no")
    );
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(notice.isp_id).bind(notice.id).fetch_all(conn).await
    })
}

/// Enters lines that left as part of their list; when they first did stands.
pub(in crate::notices) async fn insert_lines(
    tx: &mut Tx,
    (isp, list): (IspId, NoticeId),
    records: &[i64],
    at: Moment,
) -> sqlx::Result<()> {
    let target = Target {
        table: "lines_handed_out",
        columns: "isp_id, notice_id, record_no, at",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); records.len()]),
        Column::Bytes(vec![list.0.as_bytes().to_vec(); records.len()]),
        Column::Int(records.to_vec()),
        Column::Int(vec![at.0; records.len()]),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}
