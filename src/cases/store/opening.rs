//! SQL of opening: whole batches of cases, and what a later sighting changes.

use std::{collections::HashMap, sync::Arc};

use crate::{
    cases::{open::Group, register::Entry},
    db::{
        Tx,
        bulk::{self, Column, Target},
    },
    feeds::Feed,
    time::Moment,
};

const CASES: Target = Target {
    table: "case_rows",
    columns: "isp_id, id, no, spot, term, stream, feed_id, feed_file_id, row_no, maker, model,
        device_kind, severity, asn, basis, opened_at",
    conflict: "",
};

const TIMES: Target = Target {
    table: "case_times",
    columns: "no, first_seen, last_seen",
    conflict: "ON CONFLICT (no) DO UPDATE SET
         first_seen = CASE WHEN excluded.first_seen < case_times.first_seen
             THEN excluded.first_seen ELSE case_times.first_seen END,
         last_seen = CASE WHEN excluded.last_seen > case_times.last_seen
             THEN excluded.last_seen ELSE case_times.last_seen END",
};

/// Writes cases as they are opened.
pub(in crate::cases) async fn insert(
    tx: &mut Tx,
    feed: &Feed,
    opened: &[&(Group<'_>, Entry)],
) -> sqlx::Result<()> {
    let ids = |of: fn(&(Group<'_>, Entry)) -> Vec<u8>| {
        Column::Bytes(opened.iter().map(|c| of(c)).collect())
    };
    let ints =
        |of: fn(&(Group<'_>, Entry)) -> i64| Column::Int(opened.iter().map(|c| of(c)).collect());
    let stream: Arc<str> = feed.stream.as_str().into();
    let detail = |of: fn(&formats::Detail) -> Option<&str>| {
        let texts = opened.iter().map(|(g, _)| of(&g.first.row.detail).map(str::to_owned));
        Column::TextOrNull(texts.collect())
    };
    let words = |of: fn(&Group<'_>) -> &'static str| {
        let mut known: HashMap<&str, Arc<str>> = HashMap::new();
        let mut shared = |word| known.entry(word).or_insert_with(|| word.into()).clone();
        Column::Word(opened.iter().map(|(group, _)| shared(of(group))).collect())
    };
    let asns = opened.iter().map(|(group, _)| group.attribution.asn.map(i64::from)).collect();
    let columns = [
        ids(|(g, _)| g.holder.isp.0.as_bytes().to_vec()),
        ids(|(_, entry)| entry.id.0.as_bytes().to_vec()),
        ints(|(_, entry)| entry.no),
        ids(|(g, _)| g.first.spot.0.clone()),
        ints(|(g, _)| g.holder.term.0),
        Column::Word(vec![stream; opened.len()]),
        Column::Bytes(vec![feed.id.0.as_bytes().to_vec(); opened.len()]),
        ids(|(g, _)| g.first.file.0.as_bytes().to_vec()),
        ints(|(g, _)| g.first.row_no),
        detail(|d| d.device_vendor.as_deref()),
        detail(|d| d.device_model.as_deref()),
        detail(|d| d.device_type.as_deref()),
        words(|g| g.first.row.severity.code()),
        Column::IntOrNull(asns),
        words(|g| g.attribution.basis.word()),
        ints(|(g, _)| g.first.detected_at.0),
    ];
    bulk::insert(tx, CASES, columns).await?;
    Ok(())
}

/// Widens the time in which cases were seen. A row that is not there yet starts from the opening.
pub(in crate::cases) async fn extend(
    tx: &mut Tx,
    seen: &[&(Group<'_>, Entry)],
) -> sqlx::Result<()> {
    let columns = [
        Column::Int(seen.iter().map(|(_, entry)| entry.no).collect()),
        Column::Int(seen.iter().map(|(group, _)| group.first.detected_at.0).collect()),
        Column::Int(seen.iter().map(|(group, _)| group.last.detected_at.0).collect()),
    ];
    bulk::insert(tx, TIMES, columns).await?;
    Ok(())
}

/// Which cases of these numbers are verified, and since when.
pub(in crate::cases) async fn verified(
    tx: &mut Tx,
    numbers: &[i64],
) -> sqlx::Result<Vec<(i64, Moment)>> {
    const SQL: &str = "SELECT no, state_since FROM case_rows WHERE state = 'verified' AND no IN";
    bulk::select_numbered(tx, SQL, numbers).await
}
