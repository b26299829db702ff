//! The register of buildings (建物台帳): a provider says how its apartment houses are built.
//!
//! A building in the file is replaced whole; others stay. Each word is kept with date and author,
//! and the last one counts. A building with a bad row stays as it was. Owns
//! `apartment_buildings`.

use std::{collections::BTreeSet, io::Read};

use serde::Serialize;

use super::{
    buildings::Building,
    rows::{self, Contents},
};
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    db::{Tx, retry},
    ids::IspId,
    isps::{register::RowError, store::apartments as store},
};

pub use super::rows::BuildingsRefused;

/// What an import did, or would do (取込結果).
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Buildings of the file that go in.
    pub buildings: usize,
    /// Parts of theirs.
    pub parts: usize,
    /// Buildings that the register did not have.
    pub added: usize,
    /// Buildings that are another than before.
    pub changed: usize,
    /// Rows that did not go in.
    pub errors: Vec<RowError>,
    /// Buildings that stay as they were, since a row of theirs did not go in.
    pub kept: BTreeSet<String>,
    /// Whether the register stands so now.
    pub applied: bool,
}

/// Reads a file of buildings; with `dry_run` only says what it would do.
pub async fn import(
    tenant: &Tenant,
    file: impl Read,
    dry_run: bool,
) -> anyhow::Result<Result<Imported, BuildingsRefused>> {
    let mut tx = tenant.snapshot().await?;
    let networks = store::networks(&mut tx, tenant.isp()).await?;
    drop(tx);
    let contents = match rows::read(file, &networks)? {
        Ok(contents) => contents,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut tries = 0;
    loop {
        match enter(tenant, &contents, dry_run).await {
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            done => return done.map(Ok),
        }
    }
}

async fn enter(tenant: &Tenant, contents: &Contents, dry_run: bool) -> anyhow::Result<Imported> {
    let mut tx = tenant.begin().await?;
    let standing = store::latest(&mut tx, tenant.isp()).await?;
    let mut done = Imported {
        buildings: contents.buildings.len(),
        parts: contents.buildings.values().map(|one| one.parts.len()).sum(),
        errors: contents.errors.clone(),
        kept: contents.kept.clone(),
        applied: !dry_run,
        ..Imported::default()
    };
    let mut words = Vec::new();
    for (label, building) in &contents.buildings {
        let body = serde_json::to_string(building)?;
        let old = standing.iter().find(|(known, _, _)| known == label);
        match old {
            Some((_, _, Some(before))) if *before == body => continue,
            Some((_, _, Some(_))) => done.changed += 1,
            _ => done.added += 1,
        }
        let no = old.map_or(0, |(_, no, _)| *no) + 1;
        words.push((label.clone(), no, Some(body)));
    }
    if dry_run || words.is_empty() {
        return Ok(done);
    }
    let (at, by) = (tenant.now(), tenant.by());
    store::append(&mut tx, tenant.isp(), (at, by), words).await?;
    let detail = format!("{{\"added\":{},\"changed\":{}}}", done.added, done.changed);
    let (on, isp) = (tenant.code(), Some(tenant.code()));
    let leaf = Leaf { at, by, act: "apartments.import", on, isp, detail: Some(&detail) };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(done)
}

/// The buildings of a provider, by label.
pub async fn all(tenant: &Tenant) -> anyhow::Result<Vec<Building>> {
    let mut tx = tenant.snapshot().await?;
    of(&mut tx, tenant.isp()).await
}

/// The buildings of a provider as a transaction sees them.
pub(crate) async fn of(tx: &mut Tx, isp: IspId) -> anyhow::Result<Vec<Building>> {
    let standing = store::latest(tx, isp).await?;
    let bodies = standing.iter().filter_map(|(_, _, body)| body.as_ref());
    bodies.map(|body| Ok(serde_json::from_str(body)?)).collect()
}

/// Takes a building off the register; tells whether it was there.
pub async fn remove(tenant: &Tenant, label: &str) -> anyhow::Result<bool> {
    let mut tx = tenant.begin().await?;
    let standing = store::latest(&mut tx, tenant.isp()).await?;
    let known = standing.into_iter().find(|(known, _, body)| known == label && body.is_some());
    let Some((_, no, _)) = known else { return Ok(false) };
    let (at, by) = (tenant.now(), tenant.by());
    let words = vec![(label.to_owned(), no + 1, None)];
    store::append(&mut tx, tenant.isp(), (at, by), words).await?;
    let isp = Some(tenant.code());
    let leaf = Leaf { at, by, act: "apartments.remove", on: label, isp, detail: None };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(true)
}
