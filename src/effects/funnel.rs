//! The funnel (経過の各段): of those detected and of those warned, how many came how far.
//!
//! Each count stands on its own and none is forced below the one before: a line may be verified
//! without ever having been warned, and that is the point of counting it. The visitor's own check
//! of the address (再確認) has no row, since no such check is made yet.

use std::collections::BTreeMap;

use effect::Interval;

use super::{By, Reading, Scope, cohort, cohort::Line, rate};
use crate::{db::Db, time::Moment};

/// A step on the way from detection to proof (段階).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[doc(alias = "段階")]
pub enum Step {
    /// A scan or sensor saw it.
    Detected,
    /// It stands on a list for its ISP.
    Listed,
    /// The ISP fetched that list.
    Fetched,
    /// The ISP has said nothing about it.
    NoReport,
    /// The ISP found the subscriber.
    Identified,
    /// The subscriber was told.
    Warned,
    /// The notice arrived.
    Delivered,
    /// The inquiry ID was entered.
    Came,
    /// Every marked step of the manual was done.
    Finished,
    /// The person said that it is done.
    Claimed,
    /// Two scans in a row found nothing.
    Verified,
}

/// Every step in order, with its word.
pub const STEPS: [(Step, &str); 11] = [
    (Step::Detected, "detected"),
    (Step::Listed, "listed"),
    (Step::Fetched, "fetched"),
    (Step::NoReport, "no_report"),
    (Step::Identified, "identified"),
    (Step::Warned, "warned"),
    (Step::Delivered, "delivered"),
    (Step::Came, "came"),
    (Step::Finished, "finished_steps"),
    (Step::Claimed, "claimed"),
    (Step::Verified, "verified"),
];

impl Step {
    /// Its word in commands and files.
    pub fn word(self) -> &'static str {
        STEPS.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    fn reached(self, line: &Line, as_of: Moment) -> bool {
        let of = |ask: fn(&cohort::Notice) -> bool| line.notice.as_ref().is_some_and(ask);
        match self {
            Self::Detected => true,
            Self::Listed => line.notice.is_some(),
            Self::Fetched => of(|notice| notice.fetched),
            Self::NoReport => of(|notice| !notice.reported),
            Self::Identified => of(|notice| notice.identified),
            Self::Warned => of(|notice| notice.warned),
            Self::Delivered => of(|notice| notice.delivered),
            Self::Came => line.came,
            Self::Finished => line.finished,
            Self::Claimed => line.claimed,
            Self::Verified => line.verified(as_of),
        }
    }
}

/// A share of one of the two denominators (割合).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// `detected` or `warned`.
    pub denominator: &'static str,
    /// Lines counted.
    pub count: u64,
    /// Lines they are a share of.
    pub n: u64,
    /// The share; nothing of nothing has none.
    pub estimate: Option<f64>,
    /// Its Wilson interval.
    pub interval: Option<Interval>,
}

/// One step of one group.
#[derive(Clone, Debug)]
pub struct Row {
    /// The group; `all` when not grouped.
    pub group: String,
    /// The step.
    pub step: Step,
    /// Lines of the group that reached it, as a share of those detected.
    pub of_detected: Share,
    /// Warned lines of the group that reached it, as a share of those warned.
    pub of_warned: Share,
    /// What a difference between groups may be called; nothing when not grouped.
    pub reading: Option<Reading>,
}

/// Counts per group and step, groups in order of their names.
pub async fn funnel(db: &Db, scope: &Scope, by: Option<By>) -> anyhow::Result<Vec<Row>> {
    Ok(count(&cohort::lines(db, scope).await?, scope.as_of, by))
}

/// The share of those detected that one group has at one step.
pub fn share_of(rows: &[Row], group: &str, step: Step) -> Option<Share> {
    rows.iter().find(|row| row.group == group && row.step == step).map(|row| row.of_detected)
}

/// The funnel of these lines.
pub(super) fn count(lines: &[Line], as_of: Moment, by: Option<By>) -> Vec<Row> {
    let mut counts: BTreeMap<String, [(u64, u64); STEPS.len()]> = BTreeMap::new();
    if by.is_none() {
        counts.insert("all".to_owned(), [(0, 0); STEPS.len()]);
    }
    for line in lines {
        let group = by.map_or_else(|| "all".to_owned(), |by| line.group(by));
        let cells = counts.entry(group).or_insert([(0, 0); STEPS.len()]);
        let warned = Step::Warned.reached(line, as_of);
        for (cell, (step, _)) in cells.iter_mut().zip(STEPS) {
            let reached = step.reached(line, as_of);
            cell.0 += u64::from(reached);
            cell.1 += u64::from(reached && warned);
        }
    }
    let reading = by.map(Reading::of);
    let rows = counts.into_iter().flat_map(|(group, cells)| {
        let detected = cells[0].0;
        let warned = cells[0].1;
        STEPS.iter().zip(cells).map(move |((step, _), (all, of_those_warned))| Row {
            group: group.clone(),
            step: *step,
            of_detected: share("detected", all, detected),
            of_warned: share("warned", of_those_warned, warned),
            reading,
        })
    });
    rows.collect()
}

fn share(denominator: &'static str, count: u64, n: u64) -> Share {
    let rate = rate(count, n);
    Share {
        denominator,
        count,
        n,
        estimate: rate.map(|rate| rate.value),
        interval: rate.map(|rate| rate.interval),
    }
}
