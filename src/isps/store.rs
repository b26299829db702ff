//! SQL of the ISP register.

use anyhow::Context as _;

use super::{DeclaredPrefix, Isp};
use crate::{
    db::{Db, Tx, on, on_tx},
    ids::IspId,
    time::Moment,
};

/// All providers by code.
pub(super) async fn all(db: &Db) -> sqlx::Result<Vec<Isp>> {
    const SQL: &str =
        "SELECT id, code, name, upstream, lease_policy, lines FROM isps ORDER BY code";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// The provider with that code.
pub(super) async fn by_code(db: &Db, code: &str) -> sqlx::Result<Option<Isp>> {
    const SQL: &str =
        "SELECT id, code, name, upstream, lease_policy, lines FROM isps WHERE code = $1";
    on!(db, pool => sqlx::query_as(SQL).bind(code).fetch_optional(pool).await)
}

/// All declared prefixes.
pub(super) async fn prefixes(db: &Db) -> anyhow::Result<Vec<DeclaredPrefix>> {
    const SQL: &str = "SELECT isp_id, prefix, kind, valid_from, valid_to FROM isp_prefixes
         ORDER BY prefix, valid_from, isp_id";
    type Row = (IspId, String, String, Moment, Option<Moment>);
    let rows: Vec<Row> = on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|(isp, prefix, kind, from, to)| {
            let prefix = prefix.parse().with_context(|| format!("stored prefix {prefix}"))?;
            Ok(DeclaredPrefix { isp, prefix, kind, from, to })
        })
        .collect()
}

/// AS numbers and who announces them.
pub(super) async fn asns(db: &Db) -> sqlx::Result<Vec<(i64, IspId)>> {
    const SQL: &str = "SELECT asn, isp_id FROM isp_asns ORDER BY asn, isp_id";
    on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)
}

/// Writes a provider; gives the key it had before or has now.
pub(super) async fn upsert(tx: &mut Tx, isp: &Isp, at: Moment) -> sqlx::Result<IspId> {
    const SQL: &str = "INSERT INTO isps (id, code, name, upstream, lease_policy, lines, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, upstream = excluded.upstream,
             lease_policy = excluded.lease_policy, lines = excluded.lines,
             changed_at = excluded.changed_at
         RETURNING id";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(isp.id)
        .bind(&isp.code)
        .bind(&isp.name)
        .bind(isp.upstream.as_deref())
        .bind(isp.lease_policy.to_string())
        .bind(isp.lines)
        .bind(at)
        .fetch_one(conn)
        .await)
}

/// Forgets what `isp` declared, before its new declaration is written.
pub(super) async fn clear(tx: &mut Tx, isp: IspId) -> sqlx::Result<()> {
    for sql in
        ["DELETE FROM isp_asns WHERE isp_id = $1", "DELETE FROM isp_prefixes WHERE isp_id = $1"]
    {
        on_tx!(&mut *tx, conn => sqlx::query(sql).bind(isp).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

/// Adds an AS number.
pub(super) async fn add_asn(tx: &mut Tx, isp: IspId, asn: u32) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_asns (isp_id, asn) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    on_tx!(tx, conn => {
        sqlx::query(SQL).bind(isp).bind(i64::from(asn)).execute(conn).await.map(|_| ())
    })
}

/// Adds a declared prefix, or says anew until when it holds and what it is.
pub(super) async fn add_prefix(tx: &mut Tx, prefix: &DeclaredPrefix) -> sqlx::Result<()> {
    const SQL: &str = "INSERT INTO isp_prefixes (isp_id, prefix, valid_from, valid_to, kind)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (isp_id, prefix, valid_from)
             DO UPDATE SET valid_to = excluded.valid_to, kind = excluded.kind";
    on_tx!(tx, conn => sqlx::query(SQL)
        .bind(prefix.isp)
        .bind(prefix.prefix.to_string())
        .bind(prefix.from)
        .bind(prefix.to)
        .bind(&prefix.kind)
        .execute(conn)
        .await
        .map(|_| ()))
}
