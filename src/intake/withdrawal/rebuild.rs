//! Openings anew (開始行の再取得): cases whose opening row was withdrawn get the row of another file.

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use formats::{Outcome, Row};

use crate::{
    app::App,
    attribution::{self, Attributor},
    cases::{
        register,
        withdrawn::{self, Numbered},
    },
    db::retry,
    feeds::{Feed, archive, files, format, receive::FeedFile, withdrawal},
    ids::FileId,
    sightings::{
        Sheaf, Sighting,
        retract::{self, Told},
    },
};

/// Cases looked for at once.
const AT_ONCE: i64 = 50_000;
/// Shelves read at once, and rows written at once.
const SHELVES: usize = 256;
const ROWS: usize = 5_000;

/// What stands by the word of a withdrawn file.
#[derive(Debug)]
enum Orphan {
    Case(Box<Numbered>),
    Unserved(Vec<u8>),
}

impl Orphan {
    fn spot(&self) -> &[u8] {
        match self {
            Self::Case(one) => &one.case.spot,
            Self::Unserved(spot) => spot,
        }
    }
}

/// By file and line, what stands by that row from now on.
type Picked = BTreeMap<FileId, HashMap<i64, Vec<Orphan>>>;

/// Gives every case that `file` opened, and that stays, the first row of the others.
pub(super) async fn openings(
    app: &App,
    file: &FeedFile,
    attributor: &Attributor,
) -> anyhow::Result<()> {
    loop {
        let orphans = orphans(app, file.id).await?;
        if orphans.is_empty() {
            return Ok(());
        }
        let many = orphans.len();
        let picked = pick(app, file.id, attributor, orphans).await?;
        let found: usize = picked.values().flat_map(HashMap::values).map(Vec::len).sum();
        ensure!(
            found == many,
            "{} of {many} cases that {} opened were seen by no other file after all; was the \
             register changed meanwhile? Run this again",
            many - found,
            file.name
        );
        for (other, lines) in picked {
            stand_by(app, other, lines, attributor).await?;
        }
    }
}

async fn orphans(app: &App, file: FileId) -> anyhow::Result<Vec<Orphan>> {
    let mut tx = app.db.begin().await?;
    let cases = withdrawn::opened_by(&mut tx, file, AT_ONCE).await?;
    let unserved = attribution::retract::named_by(&mut tx, file, AT_ONCE).await?;
    let cases = cases.into_iter().map(|one| Orphan::Case(Box::new(one)));
    Ok(cases.chain(unserved.into_iter().map(Orphan::Unserved)).collect())
}

/// Picks the row for each: of the file that came first, the earliest.
async fn pick(
    app: &App,
    file: FileId,
    attributor: &Attributor,
    orphans: Vec<Orphan>,
) -> anyhow::Result<Picked> {
    let mut by_shelf: BTreeMap<Vec<u8>, Vec<Orphan>> = BTreeMap::new();
    for orphan in orphans {
        let shelf = retract::shelves_of([orphan.spot()].into_iter()).pop().unwrap_or_default();
        by_shelf.entry(shelf).or_default().push(orphan);
    }
    let mut picked = Picked::new();
    let mut shelves: Vec<_> = by_shelf.into_iter().collect();
    while !shelves.is_empty() {
        let some: Vec<_> = shelves.drain(..shelves.len().min(SHELVES)).collect();
        let names: Vec<Vec<u8>> = some.iter().map(|(name, _)| name.clone()).collect();
        let mut tx = app.db.begin().await?;
        let told = retract::told(&mut tx, None, &names).await?;
        drop(tx);
        let mut at: HashMap<&[u8], Vec<&Told>> = HashMap::new();
        told.iter().for_each(|one| at.entry(&one.spot).or_default().push(one));
        for orphan in some.into_iter().flat_map(|(_, orphans)| orphans) {
            let told = at.get(orphan.spot()).map_or(&[][..], Vec::as_slice);
            let row = match &orphan {
                Orphan::Case(one) => withdrawn::opener(attributor, (&one.case, file), told),
                Orphan::Unserved(_) => attribution::retract::namer(attributor, file, told),
            };
            if let Some(row) = row {
                let lines = picked.entry(row.file).or_default();
                lines.entry(row.line).or_default().push(orphan);
            }
        }
    }
    Ok(picked)
}

/// Reads these lines of a file from the archive, and lets what is picked stand by them.
async fn stand_by(
    app: &App,
    file: FileId,
    mut lines: HashMap<i64, Vec<Orphan>>,
    attributor: &Attributor,
) -> anyhow::Result<()> {
    let (feed, file) = files::named(&app.db, &file.to_string()).await??;
    let laid = archive::lay_out(app, &file)?;
    let mut found: Vec<(Sheaf, Vec<Orphan>)> = Vec::new();
    let rows = format::open_as_taken(&app.db, &feed, &file, laid.path(), app.now()).await??;
    for (row_no, row) in (1..).zip(rows) {
        // A file that breaks off has no row behind that place.
        let Ok(row) = row else { break };
        let Row::Detection(row) = row else { continue };
        if row.outcome != Outcome::Detected {
            continue;
        }
        // Several rows may stand on one line, each at a spot of its own.
        let line = row.line.cast_signed();
        if let Some(here) = lines.remove(&line) {
            let mut sheaf = Sheaf::of(file.id);
            sheaf.lay(row_no, &row);
            let spot = sheaf.sightings().next().map(|one| one.spot.to_vec());
            let is_here = |orphan: &Orphan| Some(orphan.spot()) == spot.as_deref();
            let (here, others): (Vec<_>, Vec<_>) = here.into_iter().partition(is_here);
            if !others.is_empty() {
                lines.insert(line, others);
            }
            if !here.is_empty() {
                found.push((sheaf, here));
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    ensure!(lines.is_empty(), "{} has lost rows that it had: is the archive whole?", file.name);
    for some in found.chunks(ROWS) {
        write_again(app, &feed, some, attributor).await?;
    }
    Ok(())
}

async fn write_again(
    app: &App,
    feed: &Feed,
    rows: &[(Sheaf, Vec<Orphan>)],
    attributor: &Attributor,
) -> anyhow::Result<()> {
    retry::looking_again(|| write(app, feed, rows, attributor)).await
}

async fn write(
    app: &App,
    feed: &Feed,
    rows: &[(Sheaf, Vec<Orphan>)],
    attributor: &Attributor,
) -> anyhow::Result<()> {
    let sightings: Vec<Sighting<'_>> =
        rows.iter().flat_map(|(sheaf, _)| sheaf.sightings()).collect();
    let mut tx = app.db.begin().await?;
    register::hold(&mut tx).await?;
    let by = sightings.first().map(|one| one.file);
    if let Some(file) = by {
        let stands = withdrawal::stands(&mut tx, file).await?;
        ensure!(stands, "another file is being withdrawn at the same time: run this again");
    }
    let mut cases = Vec::new();
    for (sighting, (_, orphans)) in sightings.iter().zip(rows) {
        for orphan in orphans {
            match orphan {
                Orphan::Unserved(_) => attribution::retract::stand_by(&mut tx, sighting).await?,
                Orphan::Case(one) => {
                    let served = attributor.attribute(sighting.ip(), sighting.detected_at);
                    cases.push((&**one, sighting, served));
                }
            }
        }
    }
    withdrawn::reopen(&mut tx, feed, &cases, attributor.identifier()).await?;
    retract::keep(&mut tx, sightings.iter().collect()).await?;
    tx.commit().await?;
    Ok(())
}
