//! The check (点検): whether what the store says follows from the raw files, and from nothing else.
//!
//! Stands above the stages and shares no code with those that write, so that a mistake of theirs
//! is not made again by whoever looks for it: spots, terms, providers, cases and states are
//! computed here anew from the archive and compared. What it does share, and why: the readers of
//! the crate `formats`, since what a row means is their word alone; the numbers and byte strings
//! of `db/packed.rs`, since a second decoder of varints would prove nothing; the calendar and
//! typed keys of the base. Owns no table, reads nearly all, writes nothing but a working copy of
//! a raw file too large for memory, which it removes.

pub mod audit;
pub mod chain;
mod compare;
mod coverage;
mod engine;
mod files;
mod hits;
mod kept;
mod mapped;
mod raw;
mod register;
mod reminders;
mod served;
mod shelves;
mod states;
mod store;
mod table;

use serde::Serialize;

use crate::app::App;

/// What is wrong (指摘の種類), as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The engine finds its own file or index damaged.
    Engine,
    /// Raw bytes are missing in the archive, or are others than came.
    Archive,
    /// A file was read once and cannot be read again.
    Unreadable,
    /// Counts of a file do not add up.
    Counts,
    /// A row of a file is neither a hit nor in quarantine.
    HitMissing,
    /// A hit stands at another spot or time than its row says.
    HitMoved,
    /// A row is a hit more than once.
    HitDoubled,
    /// A hit has no row in its file.
    HitForeign,
    /// Quarantine holds what its file does not.
    Quarantine,
    /// What a file says of runs is not what was noted.
    RunHits,
    /// A row of a coverage file is not recorded.
    Coverage,
    /// A sighting that was kept whole differs from its row.
    Kept,
    /// Hits have no case, and somebody serves their address.
    CaseMissing,
    /// A case has no hit.
    CaseForeign,
    /// A case was seen at other times than it says.
    CaseTimes,
    /// A case belongs to another provider than its hits.
    Attribution,
    /// The list of the unattributed differs from its hits.
    Unattributed,
    /// A case stands otherwise than its facts tell.
    State,
    /// The register of cases differs from the cases.
    Register,
    /// An inquiry ID leads to no case, or two to one.
    InquiryId,
    /// A line of a list leads to no case or list.
    NoticeLine,
    /// A reminder, its mail, or what came back of a mail does not hold together.
    Reminder,
    /// Something names what is not there.
    Reference,
    /// The audit log does not hold together.
    Audit,
}

/// Something wrong (指摘).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[doc(alias = "指摘")]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// In which file, case or table; never an address.
    pub place: String,
    /// In words.
    pub what: String,
}

/// What a check tells (点検結果).
#[derive(Clone, Debug, Serialize)]
#[doc(alias = "点検結果")]
pub struct Report {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What is wrong; of each kind at most a hundred, and then how many more.
    pub findings: Vec<Finding>,
    /// What should be otherwise and makes nothing in the store wrong; each says what to do.
    pub warnings: Vec<String>,
    /// What was not looked at, and why.
    pub skipped: Vec<String>,
    /// Files whose rows were read again.
    pub files: u64,
    /// Hits that were compared.
    pub hits: u64,
    /// Cases that were compared.
    pub cases: u64,
}

/// Findings of a kind that are told one by one.
const TOLD_MAX: usize = 100;

/// Findings on their way, bounded whatever is wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    told: Vec<Finding>,
    untold: Vec<(Kind, u64)>,
    warnings: Vec<String>,
    skipped: Vec<String>,
}

impl Findings {
    fn add(&mut self, kind: Kind, place: impl Into<String>, what: impl Into<String>) {
        if self.told.iter().filter(|one| one.kind == kind).count() < TOLD_MAX {
            self.told.push(Finding { kind, place: place.into(), what: what.into() });
            return;
        }
        match self.untold.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, more)) => *more += 1,
            None => self.untold.push((kind, 1)),
        }
    }

    fn warn(&mut self, what: impl Into<String>) {
        self.warnings.push(what.into());
    }

    fn skip(&mut self, what: impl Into<String>) {
        self.skipped.push(what.into());
    }

    fn report(mut self) -> Report {
        for (kind, more) in self.untold {
            let what = format!("and {more} more of this kind");
            self.told.push(Finding { kind, place: "-".to_owned(), what });
        }
        let ok = self.told.is_empty();
        let (findings, warnings, skipped) = (self.told, self.warnings, self.skipped);
        Report { ok, findings, warnings, skipped, files: 0, hits: 0, cases: 0 }
    }
}

/// Checks the whole store; tells `progress` what it is at.
pub async fn run(app: &App, progress: &(dyn Fn(&str) + Sync)) -> anyhow::Result<Report> {
    let mut findings = Findings::default();
    progress("the engine's own check");
    engine::check(&app.db, &mut findings).await?;
    match contents(app, progress, &mut findings).await {
        Ok((files, hits, cases)) => Ok(Report { files, hits, cases, ..findings.report() }),
        // An engine that finds its file damaged may well be unable to read it.
        Err(fault) if !findings.told.is_empty() => {
            findings.skip(format!("the rest, since the store cannot be read: {fault:#}"));
            Ok(findings.report())
        }
        Err(fault) => Err(fault),
    }
}

async fn contents(
    app: &App,
    progress: &(dyn Fn(&str) + Sync),
    findings: &mut Findings,
) -> anyhow::Result<(u64, u64, u64)> {
    let mut views = store::views(&app.db).await?;
    let files = store::files(&mut views[0]).await?;
    progress("names that lead somewhere");
    for (kind, what, sql) in store::loose::LOOSE.into_iter().chain(store::reminders::LOOSE) {
        let count = store::count(&mut views[0], sql).await?;
        if count > 0 {
            findings.add(kind, "the store", format!("{count} {what}"));
        }
    }
    progress("reminders that went as mail");
    reminders::check(&mut views[0], findings).await?;
    progress("the chain of the audit log");
    audit::check(app, &mut views[0], findings).await?;
    progress("states of cases");
    states::check(&mut views[0], findings).await?;
    progress("hits, cases and their register");
    let (seen, cases) = shelves::check(&mut views, &files, findings).await?;
    let hits = seen.values().map(|of_file| of_file.hits.hits).sum();
    let mut read = 0;
    for (number, file) in (1..).zip(&files) {
        progress(&format!("file {number} of {}: {}", files.len(), file.name));
        let sum = seen.get(&file.id).copied().unwrap_or_default();
        read += u64::from(files::check(app, &mut views[0], (file, sum), findings).await?);
    }
    Ok((read, hits, cases))
}
