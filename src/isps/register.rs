//! The register of providers (事業者台帳): importing a file.
//!
//! The file is CSV by column name, one row per declared prefix; rows of one provider repeat its
//! fields. A provider in the file is replaced whole; others stay as they are. Of a provider with a
//! bad row nothing is dropped: what it declared before stays beside the new. Each import keeps what
//! stood before it, so that it can be undone; see [`super::imports`].

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use serde::Serialize;

pub use super::rows::RowError;
use super::{
    Register,
    difference::Difference,
    entry::{self, Standing},
    rows::{self, Told},
    store,
    upstream::{self, Above},
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Tx, retry},
    ids::IspId,
};

/// What an import did, or would do.
#[derive(Debug, Default, Serialize)]
pub struct Imported {
    /// Providers in the file that go in.
    pub isps: usize,
    /// Prefixes of theirs in the file.
    pub prefixes: usize,
    /// Rows that did not go in.
    pub errors: Vec<RowError>,
    /// Providers of which nothing was dropped, since a row that may be theirs did not go in.
    pub kept: Vec<String>,
    /// What it changes.
    pub difference: Difference,
    /// Whether the register stands so now.
    pub applied: bool,
}

/// Why a register is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum RegisterRefused {
    /// No header that names the columns which every row needs.
    #[error("the column `{0}` is missing: the header names code, name and lease_policy at least")]
    MissingColumn(&'static str),
    /// Not even a header can be read.
    #[error("the header is no CSV in UTF-8: {0}")]
    NotATable(csv::Error),
}

/// Reads a register and writes the providers in it; bad rows are reported, good ones go in.
pub async fn import(
    app: &App,
    file: impl Read,
) -> anyhow::Result<Result<Imported, RegisterRefused>> {
    read_in(app, file, true).await
}

/// What [`import`] would do.
pub async fn rehearse(
    app: &App,
    file: impl Read,
) -> anyhow::Result<Result<Imported, RegisterRefused>> {
    read_in(app, file, false).await
}

/// What is wrong with the rows of a file, whatever register it is for.
pub fn errors_in(file: impl Read) -> anyhow::Result<Result<Vec<RowError>, RegisterRefused>> {
    Ok(rows::read(file)?.map(|contents| contents.errors))
}

async fn read_in(
    app: &App,
    file: impl Read,
    apply: bool,
) -> anyhow::Result<Result<Imported, RegisterRefused>> {
    let contents = match rows::read(file)? {
        Ok(contents) => contents,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut tries = 0;
    loop {
        // Read first: whoever imports meanwhile takes the next number, and this starts over.
        let number = store::imports::last(&app.db).await? + 1;
        let register = Register::load(&app.db).await?;
        let mut errors = contents.errors.clone();
        let told = without_circles(&register, contents.told.iter().collect(), &mut errors);
        let (before, after) = standing(&register, &told);
        let difference = Difference::between(&before, &after);
        let kept = told.iter().filter(|told| !told.is_whole);
        let done = Imported {
            isps: told.len(),
            prefixes: told.iter().map(|told| told.entry.prefixes.len()).sum(),
            errors,
            kept: kept
                .map(|told| told.entry.code.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            applied: apply,
            difference,
        };
        if !apply || done.difference.is_empty() {
            return Ok(Ok(done));
        }
        let before = of_changed(before, &done.difference);
        let after = of_changed(after, &done.difference);
        match write_import(app, number, (&before, &after), &done.difference).await {
            Ok(()) => return Ok(Ok(done)),
            Err(fault) if tries < retry::TRIES && retry::is_worth_asking(&fault) => tries += 1,
            Err(fault) => return Err(fault),
        }
    }
}

/// Refuses providers whose upstream leads back to themselves, of each circle the last one told.
fn without_circles<'a>(
    register: &Register,
    mut told: Vec<&'a Told>,
    errors: &mut Vec<RowError>,
) -> Vec<&'a Told> {
    loop {
        let mut above: Above<'_> = upstream::above(&register.isps);
        for Told { entry, .. } in &told {
            match &entry.upstream {
                Some(upper) => above.insert(&entry.code, upper),
                None => above.remove(entry.code.as_str()),
            };
        }
        let circle = told.iter().enumerate().rev().find_map(|(place, told)| {
            upstream::circle(&told.entry.code, &above).map(|circle| (place, circle))
        });
        let Some((place, circle)) = circle else { return told };
        let line = told.remove(place).line;
        let reason = format!("the upstream leads back to the provider: {circle}");
        errors.push(RowError { line, column: "upstream", reason });
    }
}

/// How the providers that are told of stand, and how they stand once they are in.
fn standing(register: &Register, told: &[&Told]) -> (Standing, Standing) {
    let mut by_isp = entry::entries(register);
    let ids: BTreeMap<&str, IspId> = register
        .isps
        .iter()
        .filter(|isp| isp.removed_at.is_none())
        .map(|isp| (isp.code.as_str(), isp.id))
        .collect();
    let (mut before, mut after) = (Standing::new(), Standing::new());
    for Told { entry, is_whole, .. } in told {
        let old = ids.get(entry.code.as_str()).and_then(|id| by_isp.remove(id));
        let mut new = entry.clone();
        if let Some(old) = old.as_ref().filter(|_| !is_whole) {
            new.asns.clone_from(&old.asns);
            entry.asns.iter().for_each(|one| new.announce(*one));
            new.prefixes.clone_from(&old.prefixes);
            entry.prefixes.iter().for_each(|one| new.declare(one.clone()));
        }
        before.insert(entry.code.clone(), old);
        after.insert(entry.code.clone(), Some(new));
    }
    (before, after)
}

fn of_changed(mut all: Standing, difference: &Difference) -> Standing {
    let changed: BTreeSet<&str> = difference.changes.iter().map(|one| one.isp.as_str()).collect();
    all.retain(|code, _| changed.contains(code.as_str()));
    all
}

async fn write_import(
    app: &App,
    number: i64,
    standings: (&Standing, &Standing),
    difference: &Difference,
) -> anyhow::Result<()> {
    let mut tx = app.db.begin().await?;
    write_in(&mut tx, app, number, standings, difference).await?;
    let detail = serde_json::json!({ "providers": standings.1.len() }).to_string();
    let number = number.to_string();
    audit::note_deed(app, &mut tx, Deed::new("isp.import", &number).with(&detail)).await?;
    tx.commit().await?;
    Ok(())
}

/// Remembers an import of that number, which leads from one standing to another, and has the
/// providers stand so.
pub(super) async fn write_in(
    tx: &mut Tx,
    app: &App,
    number: i64,
    (before, after): (&Standing, &Standing),
    difference: &Difference,
) -> anyhow::Result<()> {
    let texts = (serde_json::to_string(before)?, serde_json::to_string(difference)?);
    store::imports::insert(tx, number, app.now(), &texts).await?;
    for (code, entry) in after {
        store::write(tx, (code, entry.as_ref()), IspId(app.fresh_id()), app.now()).await?;
    }
    Ok(())
}
