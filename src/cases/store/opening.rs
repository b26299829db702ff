//! SQL of opening: whole batches of cases, their first facts, and what a later sighting changes.

use crate::{
    cases::{
        State,
        open::{Group, Known},
    },
    db::{
        Tx,
        bulk::{self, Change, Column, Target},
    },
    feeds::Feed,
    ids::CaseId,
};

/// Cases at any of `spots`.
pub(in crate::cases) async fn at_spots(tx: &mut Tx, spots: &[Vec<u8>]) -> sqlx::Result<Vec<Known>> {
    const SQL: &str = "SELECT spot, isp_id, term, id, state, state_since FROM cases";
    bulk::select_in(tx, SQL, "spot", spots).await
}

const CASES: Target = Target {
    table: "cases",
    columns:
        "isp_id, id, spot, term, stream, feed_id, feed_file_id, row_no, maker, model, device_kind,
        severity, asn, basis, first_seen, last_seen, state, state_since",
    conflict: "",
};

const EVENTS: Target =
    Target { table: "case_events", columns: "isp_id, case_id, at, kind, author", conflict: "" };

/// Writes cases and the fact that they were opened.
pub(in crate::cases) async fn insert(
    tx: &mut Tx,
    feed: &Feed,
    author: &str,
    opened: &[(CaseId, Group<'_>)],
) -> sqlx::Result<()> {
    let ids =
        |of: fn(&(CaseId, Group<'_>)) -> Vec<u8>| Column::Bytes(opened.iter().map(of).collect());
    let ints = |of: fn(&(CaseId, Group<'_>)) -> i64| Column::Int(opened.iter().map(of).collect());
    let same = |text: &str| Column::Text(vec![text.to_owned(); opened.len()]);
    let detail = |of: fn(&formats::Detail) -> Option<&str>| {
        let texts = opened.iter().map(|(_, g)| of(&g.first.row.detail).map(str::to_owned));
        Column::TextOrNull(texts.collect())
    };
    let texts = |of: fn(&Group<'_>) -> String| {
        Column::Text(opened.iter().map(|(_, group)| of(group)).collect())
    };
    let asns = opened.iter().map(|(_, group)| group.attribution.asn.map(i64::from)).collect();
    let columns = [
        ids(|(_, g)| g.isp.0.as_bytes().to_vec()),
        ids(|(id, _)| id.0.as_bytes().to_vec()),
        ids(|(_, g)| g.first.spot.0.clone()),
        ints(|(_, g)| g.term.0),
        same(&feed.stream),
        Column::Bytes(vec![feed.id.0.as_bytes().to_vec(); opened.len()]),
        ids(|(_, g)| g.first.file.0.as_bytes().to_vec()),
        ints(|(_, g)| g.first.row_no),
        detail(|d| d.device_vendor.as_deref()),
        detail(|d| d.device_model.as_deref()),
        detail(|d| d.device_type.as_deref()),
        texts(|g| g.first.row.severity.code().to_owned()),
        Column::IntOrNull(asns),
        texts(|g| g.attribution.basis.word().to_owned()),
        ints(|(_, g)| g.first.row.detected_at),
        ints(|(_, g)| g.last.row.detected_at),
        same(State::Open.word()),
        ints(|(_, g)| g.first.row.detected_at),
    ];
    bulk::insert(tx, CASES, &columns).await?;
    let facts = [
        ids(|(_, g)| g.isp.0.as_bytes().to_vec()),
        ids(|(id, _)| id.0.as_bytes().to_vec()),
        ints(|(_, g)| g.first.row.detected_at),
        same("opened"),
        same(author),
    ];
    bulk::insert(tx, EVENTS, &facts).await?;
    Ok(())
}

/// Widens the time in which cases were seen.
pub(in crate::cases) async fn extend(
    tx: &mut Tx,
    extended: &[(&Known, Group<'_>)],
) -> sqlx::Result<()> {
    let change = Change {
        table: "cases",
        columns: "isp_id, id, first_at, last_at",
        set: "first_seen = CASE WHEN v.first_at < cases.first_seen
                 THEN v.first_at ELSE cases.first_seen END,
             last_seen = CASE WHEN v.last_at > cases.last_seen
                 THEN v.last_at ELSE cases.last_seen END",
        matching: "cases.isp_id = v.isp_id AND cases.id = v.id",
    };
    let columns = [
        Column::Bytes(extended.iter().map(|(k, _)| k.isp_id.0.as_bytes().to_vec()).collect()),
        Column::Bytes(extended.iter().map(|(k, _)| k.id.0.as_bytes().to_vec()).collect()),
        Column::Int(extended.iter().map(|(_, g)| g.first.row.detected_at).collect()),
        Column::Int(extended.iter().map(|(_, g)| g.last.row.detected_at).collect()),
    ];
    bulk::update(tx, change, &columns).await?;
    Ok(())
}
