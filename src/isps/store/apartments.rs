//! SQL of the register of buildings.

use anyhow::Context as _;
use ipnet::IpNet;

use crate::{
    db::{
        Tx,
        bulk::{self, Column, Target},
        on_tx,
    },
    ids::IspId,
    time::Moment,
};

/// The networks that a provider declared to be those of apartment houses, whenever.
pub(in crate::isps) async fn networks(tx: &mut Tx, isp: IspId) -> anyhow::Result<Vec<IpNet>> {
    const SQL: &str =
        "SELECT DISTINCT prefix FROM isp_prefixes WHERE isp_id = $1 AND kind = 'apartment'";
    let all: Vec<String> =
        on_tx!(tx, conn => sqlx::query_scalar(SQL).bind(isp).fetch_all(conn).await)?;
    let read = |prefix: &String| prefix.parse().with_context(|| format!("stored prefix {prefix}"));
    all.iter().map(read).collect()
}

/// The last word about each building: its label, the number of the word, and its text.
pub(in crate::isps) async fn latest(
    tx: &mut Tx,
    isp: IspId,
) -> sqlx::Result<Vec<(String, i64, Option<String>)>> {
    const SQL: &str = "SELECT b.building, b.no, b.body FROM apartment_buildings b
         WHERE b.isp_id = $1 AND b.no = (SELECT MAX(l.no) FROM apartment_buildings l
                 WHERE l.isp_id = b.isp_id AND l.building = b.building)
         ORDER BY b.building";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).fetch_all(conn).await)
}

/// Appends words about buildings: label, number, text.
pub(in crate::isps) async fn append(
    tx: &mut Tx,
    isp: IspId,
    (at, by): (Moment, &str),
    words: Vec<(String, i64, Option<String>)>,
) -> sqlx::Result<()> {
    let target = Target {
        table: "apartment_buildings",
        columns: "isp_id, building, no, at, author, body",
        conflict: "",
    };
    let count = words.len();
    let columns = [
        Column::Bytes(vec![isp.0.as_bytes().to_vec(); count]),
        Column::Text(words.iter().map(|(label, _, _)| label.clone()).collect()),
        Column::Int(words.iter().map(|(_, no, _)| *no).collect()),
        Column::Int(vec![at.0; count]),
        Column::Text(vec![by.to_owned(); count]),
        Column::TextOrNull(words.into_iter().map(|(_, _, body)| body).collect()),
    ];
    bulk::insert(tx, target, columns).await.map(|_| ())
}

/// A word about a building: its number, when, by whom, its text.
pub(in crate::isps) type Stored = (i64, Moment, String, Option<String>);

/// Every word about one building, the first one first.
pub(in crate::isps) async fn words(
    tx: &mut Tx,
    isp: IspId,
    label: &str,
) -> sqlx::Result<Vec<Stored>> {
    const SQL: &str = "SELECT no, at, author, body FROM apartment_buildings
         WHERE isp_id = $1 AND building = $2 ORDER BY no";
    on_tx!(tx, conn => sqlx::query_as(SQL).bind(isp).bind(label).fetch_all(conn).await)
}
