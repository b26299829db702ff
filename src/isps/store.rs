//! SQL of the ISP register.

pub(super) mod apartments;
pub(super) mod claims;
pub(super) mod contacts;
pub(super) mod decisions;
pub(super) mod delivery;
pub(super) mod imports;
pub(super) mod keys;
pub(super) mod log_terms;
pub(super) mod settings;

use anyhow::Context as _;
use formats::report_back::Recipient;

use super::{AnnouncedAs, DeclaredPrefix, Isp, entry::Entry};
use crate::{
    db::{
        Db, Tx,
        bulk::{self, Column, Target},
        on, on_tx,
    },
    ids::IspId,
    time::Moment,
};

const ISP: &str =
    "SELECT id, code, name, upstream, lease_policy, lines, wholesale, removed_at FROM isps";

/// All providers by code.
pub(super) async fn all(db: &Db) -> sqlx::Result<Vec<Isp>> {
    let sql = format!("{ISP} ORDER BY code");
    on!(db, pool => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await)
}

/// The provider with that code.
pub(super) async fn by_code(db: &Db, code: &str) -> sqlx::Result<Option<Isp>> {
    let sql = format!("{ISP} WHERE code = $1");
    on!(db, pool => {
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(code).fetch_optional(pool).await
    })
}

/// All declared prefixes.
pub(super) async fn prefixes(db: &Db) -> anyhow::Result<Vec<DeclaredPrefix>> {
    const SQL: &str = "SELECT isp_id, prefix, kind, valid_from, valid_to, name, notify
         FROM isp_prefixes ORDER BY prefix, valid_from, isp_id";
    type Row = (IspId, String, String, Moment, Option<Moment>, Option<String>, Option<String>);
    let rows: Vec<Row> = on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|(isp, prefix, kind, from, to, name, notify)| {
            let prefix = prefix.parse().with_context(|| format!("stored prefix {prefix}"))?;
            let notify = notify.map(|word| word.parse::<Recipient>()).transpose()?;
            Ok(DeclaredPrefix { isp, prefix, kind: kind.parse()?, from, to, name, notify })
        })
        .collect()
}

/// AS numbers and who announces them.
pub(super) async fn asns(db: &Db) -> anyhow::Result<Vec<AnnouncedAs>> {
    const SQL: &str = "SELECT isp_id, asn, valid_from, valid_to FROM isp_asns
         ORDER BY asn, valid_from, isp_id";
    let rows: Vec<(IspId, i64, Moment, Option<Moment>)> =
        on!(db, pool => sqlx::query_as(SQL).fetch_all(pool).await)?;
    rows.into_iter()
        .map(|(isp, asn, from, to)| {
            let asn = u32::try_from(asn).with_context(|| format!("stored AS number {asn}"))?;
            Ok(AnnouncedAs { isp, asn, from, to })
        })
        .collect()
}

/// Has the provider of that code stand as `entry` says: whole, or off the register. `fresh` is its
/// key if it has none yet; its key stays, since its cases bear it.
pub(super) async fn write(
    tx: &mut Tx,
    (code, entry): (&str, Option<&Entry>),
    fresh: IspId,
    at: Moment,
) -> sqlx::Result<()> {
    let Some(entry) = entry else {
        const SQL: &str =
            "UPDATE isps SET removed_at = $2, changed_at = $2 WHERE code = $1 RETURNING id";
        let id: Option<IspId> = on_tx!(&mut *tx, conn => {
            sqlx::query_scalar(SQL).bind(code).bind(at).fetch_optional(conn).await
        })?;
        return match id {
            Some(id) => clear(tx, id).await,
            None => Ok(()),
        };
    };
    let isp = upsert(tx, entry, fresh, at).await?;
    clear(tx, isp).await?;
    add_asns(tx, isp, entry).await?;
    add_prefixes(tx, isp, entry).await
}

async fn upsert(tx: &mut Tx, entry: &Entry, fresh: IspId, at: Moment) -> sqlx::Result<IspId> {
    const SQL: &str = "INSERT INTO isps
             (id, code, name, upstream, lease_policy, lines, wholesale, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (code) DO UPDATE SET name = excluded.name, upstream = excluded.upstream,
             lease_policy = excluded.lease_policy, lines = excluded.lines,
             wholesale = excluded.wholesale, removed_at = NULL, changed_at = excluded.changed_at
         RETURNING id";
    on_tx!(tx, conn => sqlx::query_scalar(SQL)
        .bind(fresh)
        .bind(&entry.code)
        .bind(&entry.name)
        .bind(entry.upstream.as_deref())
        .bind(&entry.lease_policy)
        .bind(entry.lines)
        .bind(entry.wholesale.word())
        .bind(at)
        .fetch_one(conn)
        .await)
}

/// Forgets what `isp` declared, before its new declaration is written.
async fn clear(tx: &mut Tx, isp: IspId) -> sqlx::Result<()> {
    for sql in
        ["DELETE FROM isp_asns WHERE isp_id = $1", "DELETE FROM isp_prefixes WHERE isp_id = $1"]
    {
        on_tx!(&mut *tx, conn => sqlx::query(sql).bind(isp).execute(conn).await.map(|_| ()))?;
    }
    Ok(())
}

async fn add_asns(tx: &mut Tx, isp: IspId, entry: &Entry) -> sqlx::Result<()> {
    let target =
        Target { table: "isp_asns", columns: "isp_id, asn, valid_from, valid_to", conflict: "" };
    let all = || entry.asns.iter();
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); entry.asns.len()]),
        Column::Int(all().map(|one| one.asn.into()).collect()),
        Column::Int(all().map(|one| one.from.0).collect()),
        Column::IntOrNull(all().map(|one| one.to.map(|to| to.0)).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}

async fn add_prefixes(tx: &mut Tx, isp: IspId, entry: &Entry) -> sqlx::Result<()> {
    let target = Target {
        table: "isp_prefixes",
        columns: "isp_id, prefix, valid_from, valid_to, kind, name, notify",
        conflict: "",
    };
    let all = || entry.prefixes.iter();
    let notify = |one: &super::entry::Declared| one.notify.map(|who| who.code().to_owned());
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); entry.prefixes.len()]),
        Column::Text(all().map(|one| one.prefix.to_string()).collect()),
        Column::Int(all().map(|one| one.from.0).collect()),
        Column::IntOrNull(all().map(|one| one.to.map(|to| to.0)).collect()),
        Column::Text(all().map(|one| one.kind.word().to_owned()).collect()),
        Column::TextOrNull(all().map(|one| one.name.clone()).collect()),
        Column::TextOrNull(all().map(notify).collect()),
    ];
    bulk::insert(tx, target, columns).await?;
    Ok(())
}
