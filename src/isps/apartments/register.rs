//! The register of buildings (建物台帳): a provider says how its apartment houses are built.
//!
//! A building in the file is replaced whole; others stay. Each word is kept with date and author,
//! and the last one counts. A building with a bad row stays as it was. Owns
//! `apartment_buildings`.

use std::{collections::BTreeSet, io::Read};

use ipnet::IpNet;
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
    time::Moment,
};

pub use super::rows::{BuildingsRefused, COLUMNS, csv};

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
    retry::looking_again(|| enter(tenant, &contents, dry_run)).await.map(Ok)
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

/// The networks that a provider declared to be those of apartment houses, whenever.
pub(crate) async fn networks(tx: &mut Tx, isp: IspId) -> anyhow::Result<Vec<IpNet>> {
    store::networks(tx, isp).await
}

/// The buildings of a provider as a transaction sees them.
pub(crate) async fn of(tx: &mut Tx, isp: IspId) -> anyhow::Result<Vec<Building>> {
    let standing = store::latest(tx, isp).await?;
    let bodies = standing.iter().filter_map(|(_, _, body)| body.as_ref());
    bodies.map(|body| Ok(serde_json::from_str(body)?)).collect()
}

/// A word about a building (建物の経過): as it was said to be then.
#[derive(Clone, Debug)]
#[doc(alias = "建物の経過")]
pub struct Word {
    /// Its number, from 1.
    pub no: i64,
    /// When.
    pub at: Moment,
    /// Who said it.
    pub author: String,
    /// The building; nothing where it was taken off the register.
    pub building: Option<Building>,
}

/// Every word about the building of that label, the first one first; none where nobody ever spoke
/// of it. It shows addresses, and that is noted.
pub async fn history(tenant: &Tenant, label: &str) -> anyhow::Result<Vec<Word>> {
    let mut tx = tenant.begin().await?;
    let words = store::words(&mut tx, tenant.isp(), label).await?;
    if !words.is_empty() {
        note(&mut tx, tenant, "apartments.read", label).await?;
        tx.commit().await?;
    }
    words.into_iter().map(word).collect()
}

fn word((no, at, author, body): store::Stored) -> anyhow::Result<Word> {
    let building = body.map(|body| serde_json::from_str(&body)).transpose()?;
    Ok(Word { no, at, author, building })
}

/// The buildings of a provider, by label; it shows addresses, and that is noted.
pub async fn read(tenant: &Tenant) -> anyhow::Result<Vec<Building>> {
    let mut tx = tenant.begin().await?;
    let all = of(&mut tx, tenant.isp()).await?;
    if !all.is_empty() {
        note(&mut tx, tenant, "apartments.read", tenant.code()).await?;
        tx.commit().await?;
    }
    Ok(all)
}

async fn note(tx: &mut Tx, tenant: &Tenant, act: &str, on: &str) -> crate::db::Result<()> {
    let (at, by, isp) = (tenant.now(), tenant.by(), Some(tenant.code()));
    audit::note(tx, Leaf { at, by, act, on, isp, detail: None }).await
}

/// Why a word about a building is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordRefused {
    /// The register has no such building.
    #[error("the register has no such building")]
    NoSuchBuilding,
    /// It would have ended before it began.
    #[error("no part of it began before that day; take it off the register instead")]
    EndsBeforeItBegins,
    /// All of it ends then or before.
    #[error("it ends then already, or before")]
    EndsAlready,
}

/// Takes a building off the register; tells whether it was there.
pub async fn remove(tenant: &Tenant, label: &str) -> anyhow::Result<bool> {
    let done = speak(tenant, label, "apartments.remove", |words| match words.last() {
        Some(Word { building: Some(_), .. }) => Ok(None),
        _ => Err(WordRefused::NoSuchBuilding),
    });
    Ok(done.await?.is_ok())
}

/// Says that a building is none of the provider's from `at` on; until then it stays as it was.
pub async fn end(
    tenant: &Tenant,
    label: &str,
    at: Moment,
) -> anyhow::Result<Result<(), WordRefused>> {
    let ended = |words: &[Word]| {
        let last = words.last().and_then(|word| word.building.clone());
        let mut building = last.ok_or(WordRefused::NoSuchBuilding)?;
        if building.parts.iter().all(|part| part.to.is_some_and(|to| to <= at)) {
            return Err(WordRefused::EndsAlready);
        }
        building.parts.retain(|part| part.from < at);
        for part in &mut building.parts {
            part.to = Some(part.to.map_or(at, |to| to.min(at)));
        }
        if building.parts.is_empty() {
            return Err(WordRefused::EndsBeforeItBegins);
        }
        Ok(Some(building))
    };
    speak(tenant, label, "apartments.end", ended).await
}

/// Takes the last word about a building back: the one before it counts again.
pub async fn take_back(tenant: &Tenant, label: &str) -> anyhow::Result<Result<(), WordRefused>> {
    let before = |words: &[Word]| match words {
        [] => Err(WordRefused::NoSuchBuilding),
        [_] => Ok(None),
        [.., before, _] => Ok(before.building.clone()),
    };
    speak(tenant, label, "apartments.take_back", before).await
}

/// Appends the word that `next` makes of those that were said of a building.
async fn speak(
    tenant: &Tenant,
    label: &str,
    act: &str,
    next: impl Fn(&[Word]) -> Result<Option<Building>, WordRefused>,
) -> anyhow::Result<Result<(), WordRefused>> {
    let mut tries = 0;
    loop {
        let mut tx = tenant.begin().await?;
        let words = store::words(&mut tx, tenant.isp(), label).await?;
        let words = words.into_iter().map(word).collect::<anyhow::Result<Vec<_>>>()?;
        let building = match next(&words) {
            Ok(building) => building,
            Err(refused) => return Ok(Err(refused)),
        };
        let body = building.map(|building| serde_json::to_string(&building)).transpose()?;
        let no = words.last().map_or(0, |word| word.no) + 1;
        let word = vec![(label.to_owned(), no, body)];
        // Of two who speak at once the later one finds the number taken, and looks again.
        let written = async {
            store::append(&mut tx, tenant.isp(), (tenant.now(), tenant.by()), word).await?;
            note(&mut tx, tenant, act, label).await?;
            tx.commit().await?;
            anyhow::Ok(())
        };
        match written.await {
            Ok(()) => return Ok(Ok(())),
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}
