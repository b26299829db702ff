//! Withdrawing a file (取下げ): what came of it is taken out of every stage, part by part.
//!
//! The order makes it safe to be killed anywhere and begun again. First the file is marked: no row
//! of it goes in any more, and it is no word on any run. Then, a few shelves at a time and each
//! time in one transaction, its hits go, and with them the cases that nobody else saw. Cases that
//! stay but were opened by it still name it, so that they are found again: the first row of the
//! file that came first among the others opens them instead, read from the archive. At last goes
//! what the file as a whole had. Whatever still names the file is what is left to do. Owns no
//! table.

mod rebuild;

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::{
    app::App,
    attribution::{self, Attributor},
    cases::{
        self,
        withdrawn::{self, Touched},
    },
    db::{Tx, retry},
    feeds::{
        Feed,
        receive::FeedFile,
        withdrawal::{self, NotUndone, Word},
    },
    ids::{CaseId, IspId},
    intake::{self, Taken},
    isps::{self, Isp},
    notices::recall::{self, Listed},
    portal,
    sightings::{
        Spot,
        retract::{self, Told},
    },
    time::Moment,
    verification,
};

/// Shelves of one transaction: tens of thousands of hits, about a second.
const SHELVES: i64 = 256;

/// What was taken back, or would be (取下げ結果).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[doc(alias = "取下げ結果")]
pub struct TakenBack {
    /// Its sightings.
    pub sightings: u64,
    /// Cases that nobody else saw and nobody was told of: they are gone.
    pub cases_removed: u64,
    /// Cases that nobody else saw, but somebody was told of: they stay as withdrawn.
    pub cases_withdrawn: u64,
    /// Cases that other files saw too: they stay open.
    pub cases_kept: u64,
    /// Spots that leave the list of the unattributed.
    pub unattributed: u64,
    /// Rows that stood in quarantine.
    pub quarantined: u64,
    /// Lines that nobody outside has seen: they are gone.
    pub lines_removed: u64,
    /// Lines that were sent and are taken back, by provider.
    pub lines_recalled: BTreeMap<String, u64>,
    /// Runs it spoke of whose coverage stays: without another file they are read as if they had
    /// found nothing.
    pub runs_without_hits: Vec<String>,
}

/// Everything that one part of the work asks.
struct Work<'a> {
    app: &'a App,
    file: &'a FeedFile,
    attributor: Attributor,
    isps: Vec<Isp>,
    /// Cases whose page somebody has opened.
    visited: HashSet<CaseId>,
    by: (String, String),
    now: Moment,
    dry_run: bool,
}

/// Withdraws a file, or goes on doing so; with `dry_run` only says what would go.
pub async fn withdraw(
    app: &App,
    file: &FeedFile,
    word: Word<'_>,
    dry_run: bool,
) -> anyhow::Result<Result<TakenBack, NotUndone>> {
    let mut by = (word.author.to_owned(), word.reason.to_owned());
    if let Err(why) = withdrawal::may_begin(&app.db, file).await? {
        return Ok(Err(why));
    }
    let runs_without_hits = withdrawal::covered_runs(&app.db, file.id).await?;
    if !dry_run {
        match withdrawal::begin(app, file, word).await? {
            Ok(said) => by = (said.author, said.reason),
            Err(why) => return Ok(Err(why)),
        }
    }
    let work = Work {
        app,
        file,
        attributor: Attributor::load(app).await?,
        isps: isps::all(&app.db).await?,
        visited: portal::visited(&app.db).await?,
        by,
        now: app.now(),
        dry_run,
    };
    let quarantined = withdrawal::in_quarantine(&app.db, file.id).await?.cast_unsigned();
    let mut all = TakenBack { quarantined, runs_without_hits, ..TakenBack::default() };
    let mut after = Vec::new();
    while let Some((last, part)) = work.part(&after).await? {
        all.add(part);
        after = last;
    }
    if !dry_run {
        rebuild::openings(app, file, &work.attributor).await?;
        work.end().await?;
    }
    Ok(Ok(all))
}

/// Brings a file back: its bytes lie in the archive and are taken in anew.
pub async fn restore(
    app: &App,
    (feed, file): (&Feed, &FeedFile),
    word: Word<'_>,
) -> anyhow::Result<Result<Taken, NotUndone>> {
    if let Err(why) = withdrawal::reopen(app, file, word).await? {
        return Ok(Err(why));
    }
    let file = withdrawal::anew(&app.db, file.id).await?;
    let attributor = Attributor::load(app).await?;
    Ok(Ok(intake::finish_one(app, (feed, &attributor), &file).await?))
}

impl Work<'_> {
    /// Does the next few shelves behind `after`, in one transaction; gives the last of them.
    async fn part(&self, after: &[u8]) -> anyhow::Result<Option<(Vec<u8>, TakenBack)>> {
        retry::looking_again(|| self.try_part(after)).await
    }

    async fn try_part(&self, after: &[u8]) -> anyhow::Result<Option<(Vec<u8>, TakenBack)>> {
        let file = self.file.id;
        let mut tx = self.app.db.begin().await?;
        // Whoever takes files or reports in would see half of it.
        cases::register::hold(&mut tx).await?;
        let shelves = retract::shelves(&mut tx, file, after, SHELVES).await?;
        let Some(last) = shelves.last().cloned() else { return Ok(None) };
        let told = retract::told(&mut tx, Some(file), &shelves).await?;
        let touched = withdrawn::touched(&mut tx, &self.attributor, file, &told).await?;
        let mut part = TakenBack {
            sightings: told.iter().filter(|one| one.file == file).count() as u64,
            unattributed: attribution::retract::take_off(&mut tx, &self.attributor, file, &told)
                .await?,
            ..TakenBack::default()
        };
        self.take_back(&mut tx, &touched, &mut part).await?;
        self.recall_unfounded(&mut tx, (&touched, &told), &mut part).await?;
        let kept: Vec<&Touched> = touched.iter().filter(|one| one.left.is_some()).collect();
        part.cases_kept = kept.len() as u64;
        withdrawn::retime(&mut tx, file, &kept).await?;
        retract::drop_hits(&mut tx, file, &shelves).await?;
        // A dry run does all of it and lets the transaction go.
        if !self.dry_run {
            tx.commit().await?;
        }
        Ok(Some((last, part)))
    }

    /// Takes back the cases that nobody else saw, and the lines on which they stand.
    async fn take_back(
        &self,
        tx: &mut Tx,
        touched: &[Touched],
        part: &mut TakenBack,
    ) -> anyhow::Result<()> {
        let (author, reason) = (&self.by.0[..], &self.by.1[..]);
        let gone: Vec<&Touched> = touched.iter().filter(|one| one.left.is_none()).collect();
        let ids: Vec<CaseId> = gone.iter().map(|one| one.case.id).collect();
        let lines = recall::listed(tx, &ids).await?;
        let sent: HashSet<CaseId> =
            lines.iter().filter(|line| line.is_sent).map(|line| line.case_id).collect();
        recall::take_back(tx, &lines, self.now, (author, reason)).await?;
        self.count(&lines, part);
        let is_known =
            |one: &&Touched| sent.contains(&one.case.id) || self.visited.contains(&one.case.id);
        let (known, unknown): (Vec<&Touched>, Vec<&Touched>) = gone.into_iter().partition(is_known);
        verification::evidence::forget(
            tx,
            touched.iter().filter(|one| one.left.is_none()).map(|one| one.case.reference()),
        )
        .await?;
        withdrawn::recall(tx, &known, self.now, (author, reason)).await?;
        withdrawn::remove(tx, &unknown, self.now, author).await?;
        part.cases_withdrawn = known.len() as u64;
        part.cases_removed = unknown.len() as u64;
        Ok(())
    }

    /// Takes back sent lines of cases that stand, where what they tell of is gone.
    async fn recall_unfounded(
        &self,
        tx: &mut Tx,
        (touched, told): (&[Touched], &[Told]),
        part: &mut TakenBack,
    ) -> anyhow::Result<()> {
        let (mut own, mut others) = (HashSet::new(), HashSet::new());
        for one in told {
            let by = if one.file == self.file.id { &mut own } else { &mut others };
            by.insert((&one.spot[..], one.at));
        }
        // What a case was seen at last may stand on the line of the one that speaks for it.
        let cases = touched.iter().flat_map(|one| [Some(one.case.id), one.case.line_of]);
        let cases: HashSet<CaseId> = cases.flatten().collect();
        let cases: Vec<CaseId> = cases.into_iter().collect();
        let is_gone = |spot: &Spot, at| {
            let seen = (&spot.0[..], at);
            own.contains(&seen) && !others.contains(&seen)
        };
        let lines = recall::unfounded(tx, &cases, is_gone).await?;
        recall::take_back(tx, &lines, self.now, (&self.by.0, &self.by.1)).await?;
        self.count(&lines, part);
        Ok(())
    }

    fn count(&self, lines: &[Listed], part: &mut TakenBack) {
        for line in lines {
            if line.is_sent {
                let code = self.code(line.isp_id).to_owned();
                *part.lines_recalled.entry(code).or_insert(0) += 1;
            } else {
                part.lines_removed += 1;
            }
        }
    }

    fn code(&self, isp: IspId) -> &str {
        self.isps.iter().find(|one| one.id == isp).map_or("-", |one| one.code.as_str())
    }

    /// Takes out what the file had as a whole, and corrects what nobody outside has read yet.
    async fn end(&self) -> anyhow::Result<()> {
        retry::looking_again(|| self.try_end()).await
    }

    async fn try_end(&self) -> anyhow::Result<()> {
        let file = self.file.id;
        let mut tx = self.app.db.begin().await?;
        cases::register::hold(&mut tx).await?;
        recall::correct_unsent(self.app, &mut tx, &self.isps).await?;
        retract::drop_kept(&mut tx, file).await?;
        withdrawn::drop_traits(&mut tx, file).await?;
        withdrawal::empty(&mut tx, file, self.now).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl TakenBack {
    fn add(&mut self, part: Self) {
        self.sightings += part.sightings;
        self.cases_removed += part.cases_removed;
        self.cases_withdrawn += part.cases_withdrawn;
        self.cases_kept += part.cases_kept;
        self.unattributed += part.unattributed;
        self.lines_removed += part.lines_removed;
        for (isp, lines) in part.lines_recalled {
            *self.lines_recalled.entry(isp).or_insert(0) += lines;
        }
    }
}
