//! SQL of places.

use sqlx::FromRow;

use crate::{
    cases::CaseRef,
    db::{Db, Tx, bulk, on, on_tx},
    ids::{CaseId, IspId},
    time::Moment,
};

/// A word about to be written.
pub(in crate::cases) struct Row<'a> {
    pub(in crate::cases) no: i64,
    pub(in crate::cases) at: Moment,
    pub(in crate::cases) kind: &'a str,
    pub(in crate::cases) value: Option<String>,
    pub(in crate::cases) used: Option<&'a str>,
    pub(in crate::cases) author: &'a str,
    pub(in crate::cases) reason: &'a str,
}

/// Appends a word.
pub(in crate::cases) async fn append(
    tx: &mut Tx,
    case: CaseRef,
    row: &Row<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO case_places
             (isp_id, case_id, no, at, kind, value, address_use, author, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(case.isp)
        .bind(case.id)
        .bind(row.no)
        .bind(row.at)
        .bind(row.kind)
        .bind(row.value.as_deref())
        .bind(row.used)
        .bind(row.author)
        .bind(row.reason)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// A word as it is stored.
#[derive(FromRow)]
pub(in crate::cases) struct Stored {
    pub(in crate::cases) case_id: CaseId,
    pub(in crate::cases) no: i64,
    pub(in crate::cases) at: Moment,
    pub(in crate::cases) kind: String,
    pub(in crate::cases) value: Option<String>,
    pub(in crate::cases) address_use: Option<String>,
    pub(in crate::cases) author: String,
    pub(in crate::cases) reason: String,
}

/// Everything that was said of these cases of a provider, in no order.
pub(in crate::cases) async fn of(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<Stored>> {
    const SQL: &str = "SELECT case_id, no, at, kind, value, address_use, author, reason
         FROM case_places WHERE isp_id = $1 AND case_id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), cases).await
}

#[derive(FromRow)]
struct OfIsp {
    isp_id: IspId,
    #[sqlx(flatten)]
    word: Stored,
}

/// The last decision about each case, where it was not taken back; the latest first.
pub(in crate::cases) async fn decided(db: &Db, limit: i64) -> sqlx::Result<Vec<(IspId, Stored)>> {
    const SQL: &str = "SELECT isp_id, case_id, no, at, kind, value, address_use, author, reason
         FROM case_places p
         WHERE kind = 'decided' AND value IS NOT NULL AND no = (SELECT MAX(l.no)
               FROM case_places l WHERE l.isp_id = p.isp_id AND l.case_id = p.case_id
                AND l.kind = 'decided')
         ORDER BY at DESC, case_id LIMIT $1";
    let found: Vec<OfIsp> = on!(db, pool => sqlx::query_as(SQL).bind(limit).fetch_all(pool).await)?;
    Ok(found.into_iter().map(|one| (one.isp_id, one.word)).collect())
}
