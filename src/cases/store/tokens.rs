//! SQL of line tokens.

use crate::{
    cases::{CaseRef, lines::LineToken},
    db::{Tx, on_tx},
    ids::{CaseId, IspId},
    time::Moment,
};

/// Whether another token of that epoch stands for a case, which the ISP said later; of two that it
/// said at the same moment the greater one stands, so that their order does not matter.
pub(in crate::cases) async fn is_outdated(
    tx: &mut Tx,
    case: CaseRef,
    token: &LineToken<'_>,
) -> sqlx::Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM line_tokens
         WHERE isp_id = $1 AND case_id = $2 AND epoch = $3 AND token <> $4 AND ended_at IS NULL
           AND (said_at > $5 OR (said_at = $5 AND token > $4))";
    let later: i64 = on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(case.isp)
        .bind(case.id)
        .bind(token.epoch)
        .bind(&token.token[..])
        .bind(token.said_at)
        .fetch_one(conn)
        .await)?;
    Ok(later > 0)
}

/// Binds a token to a case at a time by an author; one that stands already may be said anew.
pub(in crate::cases) async fn insert(
    tx: &mut Tx,
    case: CaseRef,
    token: &LineToken<'_>,
    (at, author): (Moment, &str),
) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO line_tokens
         (isp_id, epoch, token, case_id, said_at, bound_at, author)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (isp_id, epoch, token, case_id) DO UPDATE SET ended_at = NULL,
             said_at = CASE WHEN line_tokens.said_at > excluded.said_at
                 THEN line_tokens.said_at ELSE excluded.said_at END";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(case.isp)
        .bind(token.epoch)
        .bind(&token.token[..])
        .bind(case.id)
        .bind(token.said_at)
        .bind(at)
        .bind(author)
        .execute(conn)
        .await
        .map(|_| ()))
}

/// Ends what other tokens of that epoch say of a case; gives these tokens.
pub(in crate::cases) async fn end_others(
    tx: &mut Tx,
    case: CaseRef,
    token: &LineToken<'_>,
    at: Moment,
) -> sqlx::Result<Vec<Vec<u8>>> {
    const SQL: &str = "UPDATE line_tokens SET ended_at = $1
         WHERE isp_id = $2 AND case_id = $3 AND epoch = $4 AND token <> $5 AND ended_at IS NULL
         RETURNING token";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(at)
        .bind(case.isp)
        .bind(case.id)
        .bind(token.epoch)
        .bind(&token.token[..])
        .fetch_all(conn)
        .await)
}

/// A case that a token of an epoch still stands for, if any is left.
pub(in crate::cases) async fn any_case(
    tx: &mut Tx,
    isp: IspId,
    (epoch, token): (&str, &[u8]),
) -> sqlx::Result<Option<CaseId>> {
    const SQL: &str = "SELECT case_id FROM line_tokens
         WHERE isp_id = $1 AND epoch = $2 AND token = $3 AND ended_at IS NULL LIMIT 1";
    on_tx!(tx, conn => {
        sqlx::query_scalar(SQL).bind(isp).bind(epoch).bind(token).fetch_optional(conn).await
    })
}

/// A case and all that share a token with it, or with one that does, in order of their first
/// sighting: each with the case that speaks for it, and its spot. `CROSS JOIN` keeps SQLite to this
/// order; it would look through all tokens of the provider first.
pub(in crate::cases) async fn sharing(
    tx: &mut Tx,
    case: CaseRef,
) -> sqlx::Result<Vec<(CaseId, Option<CaseId>, Vec<u8>)>> {
    const SQL: &str = "WITH RECURSIVE line (case_id) AS (
             SELECT id FROM case_rows WHERE isp_id = $1 AND id = $2
             UNION
             SELECT b.case_id FROM line CROSS JOIN line_tokens a CROSS JOIN line_tokens b
              WHERE a.isp_id = $1 AND a.case_id = line.case_id AND a.ended_at IS NULL
                AND b.isp_id = $1 AND b.epoch = a.epoch AND b.token = a.token
                AND b.ended_at IS NULL)
         SELECT c.id, c.line_of, c.spot FROM line
           JOIN cases c ON c.isp_id = $1 AND c.id = line.case_id
         ORDER BY c.first_seen, c.spot";
    on_tx!(tx, conn => {
        sqlx::query_as(SQL).bind(case.isp).bind(case.id).fetch_all(conn).await
    })
}

/// Counts that lines of a provider may have changed.
pub(in crate::cases) async fn count_join(tx: &mut Tx, isp: IspId) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO line_joins (isp_id, joins) VALUES ($1, 1)
         ON CONFLICT (isp_id) DO UPDATE SET joins = line_joins.joins + 1";
    on_tx!(tx, conn => sqlx::query(SQL).bind(isp).execute(conn).await.map(|_| ()))
}

/// How often lines of a provider may have changed.
pub(in crate::cases) async fn joins(tx: &mut Tx, isp: IspId) -> sqlx::Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(joins), 0) FROM line_joins WHERE isp_id = $1";
    on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(isp).fetch_one(conn).await)
}
