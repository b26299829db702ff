//! SQL of line tokens.

use sqlx::FromRow;

use crate::{
    cases::CaseRef,
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::{CaseId, IspId},
    time::Moment,
};

/// A token as it stands for a case, or stood.
#[derive(Clone, Debug, FromRow)]
pub(in crate::cases) struct Standing {
    pub(in crate::cases) epoch: String,
    pub(in crate::cases) token: Vec<u8>,
    pub(in crate::cases) case_id: CaseId,
    pub(in crate::cases) said_at: Moment,
    pub(in crate::cases) ended_at: Option<Moment>,
}

/// The tokens of these cases, the ended ones too.
pub(in crate::cases) async fn of_cases(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = "SELECT epoch, token, case_id, said_at, ended_at FROM line_tokens
         WHERE isp_id = $1 AND case_id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), cases).await
}

/// For which cases these tokens stand, in whichever epoch.
pub(in crate::cases) async fn of_tokens(
    tx: &mut Tx,
    isp: IspId,
    tokens: &[Vec<u8>],
) -> sqlx::Result<Vec<Standing>> {
    const SQL: &str = "SELECT epoch, token, case_id, said_at, ended_at FROM line_tokens
         WHERE isp_id = $1 AND ended_at IS NULL AND token";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), tokens).await
}

/// Writes how tokens stand; one that is known stands as is said now.
pub(in crate::cases) async fn put(
    tx: &mut Tx,
    isp: IspId,
    tokens: &[Standing],
    (at, author): (Moment, &str),
) -> sqlx::Result<()> {
    let target = Target {
        table: "line_tokens",
        columns: "isp_id, epoch, token, case_id, said_at, bound_at, author, ended_at",
        conflict: "ON CONFLICT (isp_id, epoch, token, case_id) DO UPDATE SET
             ended_at = excluded.ended_at, said_at = excluded.said_at",
    };
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); tokens.len()]),
        Column::Text(tokens.iter().map(|one| one.epoch.clone()).collect()),
        Column::Bytes(tokens.iter().map(|one| one.token.clone()).collect()),
        Column::Bytes(tokens.iter().map(|one| one.case_id.0.as_bytes().to_vec()).collect()),
        Column::Int(tokens.iter().map(|one| one.said_at.0).collect()),
        Column::Int(vec![at.0; tokens.len()]),
        Column::Text(vec![author.to_owned(); tokens.len()]),
        Column::IntOrNull(tokens.iter().map(|one| one.ended_at.map(|at| at.0)).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

/// A case on a line.
#[derive(Clone, Debug, FromRow)]
pub(in crate::cases) struct OfLine {
    pub(in crate::cases) id: CaseId,
    pub(in crate::cases) line_of: Option<CaseId>,
    pub(in crate::cases) spot: Vec<u8>,
    pub(in crate::cases) first_seen: Moment,
}

/// Those of these cases that stand.
pub(in crate::cases) async fn cases(
    tx: &mut Tx,
    isp: IspId,
    cases: &[Vec<u8>],
) -> sqlx::Result<Vec<OfLine>> {
    const SQL: &str = "SELECT id, line_of, spot, first_seen FROM cases WHERE isp_id = $1 AND id";
    bulk::select_of(tx, SQL, isp.0.as_bytes(), cases).await
}

/// Says which case speaks for each of these, with a fact on each.
pub(in crate::cases) async fn set_speakers(
    tx: &mut Tx,
    isp: IspId,
    links: &[(CaseId, Option<CaseId>)],
    (at, author): (Moment, &str),
) -> sqlx::Result<()> {
    let key = |id: &CaseId| id.0.as_bytes().to_vec();
    let values: Vec<_> =
        links.iter().map(|(id, speaker)| (key(id), speaker.as_ref().map(key))).collect();
    bulk::set_of(tx, ("case_rows", "line_of"), isp.0.as_bytes(), &values).await?;
    let target = Target {
        table: "case_events",
        columns: "isp_id, case_id, at, kind, author, detail",
        conflict: "ON CONFLICT DO NOTHING",
    };
    let kind = |speaker: &Option<CaseId>| if speaker.is_some() { "joined" } else { "parted" };
    let detail = |speaker: &Option<CaseId>| {
        speaker.map_or_else(|| "speaks for its line".to_owned(), |id| id.to_string())
    };
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); links.len()]),
        Column::Bytes(links.iter().map(|(id, _)| key(id)).collect()),
        Column::Int(vec![at.0; links.len()]),
        Column::Text(links.iter().map(|(_, speaker)| kind(speaker).to_owned()).collect()),
        Column::Text(vec![author.to_owned(); links.len()]),
        Column::Text(links.iter().map(|(_, speaker)| detail(speaker)).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
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
