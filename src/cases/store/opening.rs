//! SQL of opening: whole batches of cases, and what a later sighting changes.

use std::collections::HashMap;

use crate::{
    attribution::{Attribution, identify::Named},
    cases::{
        open::{Group, Opening},
        register::Entry,
    },
    db::{
        Tx,
        bulk::{self, Column, Target},
    },
    feeds::Feed,
    ids::{CaseId, FileId},
    sightings::Sighting,
    time::Moment,
};

const CASES: Target = Target {
    table: "case_rows",
    columns: "isp_id, id, no, spot, term, traits, row_no, asn, opened_at",
    conflict: "",
};

const TRAITS: Target = Target {
    table: "case_traits",
    columns: "no, stream, feed_id, feed_file_id, maker, model, device_kind, confidence,
         identified_by, severity, basis",
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

/// What many cases of a batch have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Traits<'a> {
    file: FileId,
    device: &'a Named,
    severity: &'static str,
    basis: &'static str,
}

/// Writes cases as they are opened. Their common traits bear the number of the first that has them.
pub(in crate::cases) async fn insert(
    tx: &mut Tx,
    feed: &Feed,
    opened: &[Opening<'_>],
) -> sqlx::Result<()> {
    let mut known: HashMap<Traits<'_>, i64> = HashMap::new();
    let mut traits = Vec::with_capacity(opened.len());
    for Opening { group, no, device, .. } in opened {
        let seen = Traits {
            file: group.first.file,
            device,
            severity: group.first.severity.code(),
            basis: group.attribution.basis.word(),
        };
        traits.push(*known.entry(seen).or_insert(*no));
    }
    insert_traits(tx, feed, known).await?;
    let bytes = |of: fn(&Opening<'_>) -> Vec<u8>| Column::Bytes(opened.iter().map(of).collect());
    let ints = |of: fn(&Opening<'_>) -> i64| Column::Int(opened.iter().map(of).collect());
    let asns = opened.iter().map(|one| one.group.attribution.asn.map(i64::from)).collect();
    let columns = [
        bytes(|one| one.group.holder.isp.0.as_bytes().to_vec()),
        bytes(|one| one.id.0.as_bytes().to_vec()),
        ints(|one| one.no),
        bytes(|one| one.group.first.spot.to_vec()),
        ints(|one| one.group.holder.term.0),
        Column::Int(traits),
        ints(|one| one.group.first.row_no),
        Column::IntOrNull(asns),
        ints(|one| one.group.first.detected_at.0),
    ];
    bulk::insert(tx, CASES, columns).await?;
    Ok(())
}

/// Writes the traits of one case, under a number of their own.
pub(in crate::cases) async fn insert_trait(
    tx: &mut Tx,
    feed: &Feed,
    (no, sighting, attribution): (i64, &Sighting<'_>, &Attribution),
    device: &Named,
) -> sqlx::Result<()> {
    let seen = Traits {
        file: sighting.file,
        device,
        severity: sighting.severity.code(),
        basis: attribution.basis.word(),
    };
    insert_traits(tx, feed, HashMap::from([(seen, no)])).await
}

async fn insert_traits(
    tx: &mut Tx,
    feed: &Feed,
    traits: HashMap<Traits<'_>, i64>,
) -> sqlx::Result<()> {
    let traits: Vec<_> = traits.into_iter().collect();
    let device = |of: fn(&Named) -> &Option<String>| {
        Column::TextOrNull(traits.iter().map(|(one, _)| of(one.device).clone()).collect())
    };
    let confidence = traits.iter().map(|(one, _)| one.device.confidence.map(i64::from));
    let words = |of: fn(&Traits<'_>) -> &'static str| {
        Column::Text(traits.iter().map(|(one, _)| of(one).to_owned()).collect())
    };
    let columns = [
        Column::Int(traits.iter().map(|(_, no)| *no).collect()),
        Column::Text(vec![feed.stream.clone(); traits.len()]),
        Column::Bytes(vec![feed.id.0.as_bytes().to_vec(); traits.len()]),
        Column::Bytes(traits.iter().map(|(one, _)| one.file.0.as_bytes().to_vec()).collect()),
        device(|named| &named.maker),
        device(|named| &named.model),
        device(|named| &named.kind),
        Column::IntOrNull(confidence.collect()),
        device(|named| &named.rule),
        words(|one| one.severity),
        words(|one| one.basis),
    ];
    bulk::insert(tx, TRAITS, columns).await?;
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
) -> sqlx::Result<Vec<(i64, CaseId, Moment)>> {
    const SQL: &str = "SELECT no, id, state_since FROM case_rows
         WHERE state = 'verified' AND no IN";
    bulk::select_numbered(tx, SQL, numbers).await
}
