//! `cargo xtask conformance`: every sample of the peers through our readers, held against what the
//! peers' own tests expect of it.
//!
//! A difference is fine where `docs/formats/differences.md` names it with a reason; one that stands
//! nowhere fails, and so does a line of that page that no sample bears out any more.

mod differences;
mod intelmq;
mod n6;
mod others;
mod samples;

use anyhow::Result;

use differences::Differences;

/// What one sample file came to (適合結果).
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The peer and the name of the sample.
    pub(crate) name: String,
    /// Rows in it.
    pub(crate) rows: usize,
    /// Values that a peer asserts and that we say too.
    pub(crate) agreeing: usize,
    /// Values on which we differ.
    pub(crate) differing: Vec<Difference>,
    /// Rows, or the file, that we refuse.
    pub(crate) refused: usize,
}

/// One value on which we differ.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) field: &'static str,
    pub(crate) row: usize,
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

impl Outcome {
    pub(crate) fn of(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Compares one value: alike, without regard to case, or not.
    pub(crate) fn compare(&mut self, field: &'static str, row: usize, theirs: &str, ours: &str) {
        if theirs.eq_ignore_ascii_case(ours) {
            self.agreeing += 1;
        } else {
            let (theirs, ours) = (theirs.to_owned(), ours.to_owned());
            self.differing.push(Difference { field, row, theirs, ours });
        }
    }
}

/// Runs all samples; true where everything agrees or is explained.
pub(crate) fn run() -> Result<bool> {
    let Some(shared) = samples::folder() else {
        println!("conformance: skipped: the folder of samples is not there");
        return Ok(true);
    };
    let mut outcomes = intelmq::shadowserver(&shared)?;
    outcomes.extend(n6::shadowserver(&shared)?);
    outcomes.extend(others::all(&shared)?);
    let mut explained = Differences::read()?;
    println!(
        "{:<58} {:>6} {:>8} {:>9} {:>7}",
        "sample", "rows", "agreeing", "differing", "refused"
    );
    let mut unexplained = 0;
    for outcome in &outcomes {
        let Outcome { name, rows, agreeing, differing, refused } = outcome;
        println!("{name:<58} {rows:>6} {agreeing:>8} {:>9} {refused:>7}", differing.len());
        for one in differing.iter().filter(|one| !explained.explains(name, one)) {
            let Difference { field, row, theirs, ours } = one;
            println!(
                "  row {row}, {field}: they say {theirs:?}, we {ours:?}, and nothing says why"
            );
            unexplained += 1;
        }
    }
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let differing = sum(|one| one.differing.len());
    println!(
        "\n{} samples, {} rows; {} values agree, {differing} differ ({unexplained} unexplained); \
         {} rows or files refused",
        outcomes.len(),
        sum(|one| one.rows),
        sum(|one| one.agreeing),
        sum(|one| one.refused)
    );
    let idle = explained.idle();
    for line in &idle {
        println!("{}: explains nothing any more: {line}", differences::PAGE);
    }
    Ok(unexplained == 0 && idle.is_empty())
}
