//! SQL of verdicts: the facts of a case that verification tells and takes back.

use crate::{
    cases::{CaseRef, store::Event, verdicts::Fact},
    db::{Db, Tx, on, on_tx},
    ids::IspId,
    time::Moment,
};

/// The facts of verdicts that stand on the cases of a provider.
pub(in crate::cases) async fn standing(db: &Db, isp: IspId) -> sqlx::Result<Vec<Fact>> {
    const SQL: &str = "SELECT case_id, at, kind, detail FROM case_events
         WHERE isp_id = $1 AND withdrawn_at IS NULL
           AND kind IN ('reopened', 'clean_once', 'verified', 'recurred', 'unknown')";
    on!(db, pool => sqlx::query_as(SQL).bind(isp).fetch_all(pool).await)
}

/// Takes a fact back; it stays, with the date of that.
pub(in crate::cases) async fn withdraw(
    tx: &mut Tx,
    case: CaseRef,
    (at, kind): (Moment, &str),
    now: Moment,
) -> sqlx::Result<()> {
    const SQL: &str = "UPDATE case_events SET withdrawn_at = $1
         WHERE isp_id = $2 AND case_id = $3 AND at = $4 AND kind = $5";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(now).bind(case.isp).bind(case.id).bind(at).bind(kind)
        .execute(conn).await.map(|_| ()))
}

/// Writes the fact of a verdict; one that was taken back stands again.
pub(in crate::cases) async fn tell(
    tx: &mut Tx,
    case: CaseRef,
    event: Event<'_>,
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO case_events (isp_id, case_id, at, kind, author, detail)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (isp_id, case_id, at, kind) DO UPDATE
             SET author = excluded.author, detail = excluded.detail, withdrawn_at = NULL";
    super::insert_event(tx, SQL, case, event).await
}
