//! `cargo xtask conformance`: every sample of the peers through our readers, held against what the
//! peers' own tests expect of it.
//!
//! A difference, a refused row and a file that is no sample are fine where
//! `docs/formats/differences.md` names them with a reason. One that stands nowhere fails, and so
//! does a line of that page that the samples do not bear out any more.

mod differences;
mod feeds;
mod intelmq;
mod mails;
mod mappings;
mod n6;
mod outcome;
mod page;
mod refusals;
mod samples;
mod threats;
mod visited;
mod xarf;

use std::collections::BTreeMap;

use anyhow::Result;

use differences::Differences;
use outcome::{Difference, Outcome, Refusal};
use page::PAGE;
use refusals::Refusals;
use samples::Samples;
use visited::Visited;

/// Runs all samples; true where everything agrees or is explained.
pub(crate) fn run() -> Result<bool> {
    let Some(samples) = Samples::find()? else {
        println!("conformance: skipped: the folder of samples is not there");
        return Ok(true);
    };
    let mut outcomes = gather(&samples)?;
    outcomes.iter_mut().for_each(Outcome::settle);
    let page = page::read()?;
    let verdict = Verdict::of(&page, &outcomes)?;
    let visited = Visited::of(&page, &samples.all()?, &samples.opened())?;
    for file in &visited.unvisited {
        println!("{file}: nothing reads it, and nothing says that it is no sample");
    }
    for line in verdict.wrong.iter().chain(&visited.idle) {
        println!("{PAGE}: {line}");
    }
    totals(&outcomes, &verdict, &visited);
    let lines = verdict.wrong.len() + visited.idle.len();
    Ok(verdict.differing + verdict.refused + visited.unvisited.len() + lines == 0)
}

/// Every comparison, peer by peer.
fn gather(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = intelmq::reports(samples)?;
    outcomes.extend(n6::reports(samples)?);
    outcomes.extend(n6::own_records(samples)?);
    outcomes.extend(feeds::events(samples)?);
    outcomes.extend(feeds::inputs(samples)?);
    outcomes.extend(xarf::reports(samples)?);
    outcomes.extend(threats::all(samples)?);
    outcomes.extend(mails::reports(samples)?);
    outcomes.extend(mails::all(samples)?);
    Ok(outcomes)
}

/// Columns for the name of a sample; a few are longer.
const WIDTH: usize = 62;

/// What nothing explains.
#[derive(Default)]
struct Verdict {
    differing: usize,
    refused: usize,
    /// Lines of the page that the samples do not bear out.
    wrong: Vec<String>,
}

impl Verdict {
    /// Prints a line for each sample, and below it what nothing explains.
    fn of(page: &str, outcomes: &[Outcome]) -> Result<Self> {
        let (mut differences, mut refusals) = (Differences::of(page)?, Refusals::of(page)?);
        let mut verdict = Self::default();
        println!(
            "{:<WIDTH$} {:>5} {:>7} {:>8} {:>9} {:>7}",
            "sample", "rows", "records", "agreeing", "differing", "refused"
        );
        for outcome in outcomes {
            let Outcome { name, rows, records, agreeing, differing, refused, .. } = outcome;
            let (differ, refuse) = (differing.len(), refused.len());
            println!("{name:<WIDTH$} {rows:>5} {records:>7} {agreeing:>8} {differ:>9} {refuse:>7}");
            for one in differing.iter().filter(|one| !differences.explains(name, one)) {
                let Difference { field, row, theirs, ours } = one;
                println!(
                    "  row {row}, {field}: they say {theirs:?}, we {ours:?}, and nothing says why"
                );
                verdict.differing += 1;
            }
            let unexplained = refusals.unexplained(outcome);
            verdict.refused += unexplained.len();
            tell_refused(&unexplained);
        }
        verdict.wrong = differences.idle();
        verdict.wrong.extend(refusals.wrong());
        Ok(verdict)
    }
}

/// So many refused rows of one reason are told in the reader's own words.
const TOLD_MAX: usize = 3;

fn tell_refused(unexplained: &[&Refusal]) {
    let mut by_code: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Refusal { code, words } in unexplained {
        by_code.entry(code).or_default().push(words);
    }
    for (code, words) in by_code {
        for words in words.iter().take(TOLD_MAX) {
            println!("  refused ({code}): {words}; nothing says why");
        }
        if words.len() > TOLD_MAX {
            println!("  refused ({code}): {} more", words.len() - TOLD_MAX);
        }
    }
}

fn totals(outcomes: &[Outcome], verdict: &Verdict, visited: &Visited) {
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let refused = sum(|one| one.refused.len());
    let demanded = sum(|one| if one.must_be_refused { one.refused.len() } else { 0 });
    println!(
        "\n{} samples, {} rows, {} records of peers; {} values agree, {} differ ({} unexplained)",
        outcomes.len(),
        sum(|one| one.rows),
        sum(|one| one.records),
        sum(|one| one.agreeing),
        sum(|one| one.differing.len()),
        verdict.differing
    );
    println!(
        "{refused} rows or files refused: {demanded} as the sample demands, {} as the page says, \
         {} unexplained",
        refused - demanded - verdict.refused,
        verdict.refused
    );
    println!(
        "{} files visited, {} are no samples, {} unvisited; {} lines of the page are wrong",
        visited.read,
        visited.no_samples,
        visited.unvisited.len(),
        verdict.wrong.len() + visited.idle.len()
    );
}
