//! Marks (手順の記録): what became of each step, and where a person is stuck.
//!
//! They are kept with the case and not in the browser, so that somebody who comes back, on another
//! machine or by phone, goes on from where they stopped.

use std::collections::BTreeMap;

use super::{Visit, store};
use crate::{app::App, manuals::Manual};

/// What a person says of a step (手順の結果).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "手順の結果")]
pub enum Became {
    /// 「できた」
    Done,
    /// 「この手順はいらない」: nothing to do here, which is no trouble.
    NotNeeded,
    /// 「できない」, with the known cause in the words of the Japanese manual where one was named,
    /// or [`NO_KNOWN_CAUSE`].
    Stuck(Option<String>),
}

/// What stands for "none of these causes".
pub const NO_KNOWN_CAUSE: &str = "other";

impl Became {
    /// Whether the step is behind the person.
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Done | Self::NotNeeded)
    }

    /// The word in the store, and the cause beside it.
    pub(super) fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Done => ("done", None),
            Self::NotNeeded => ("not_needed", None),
            Self::Stuck(cause) => ("stuck", cause.as_deref()),
        }
    }

    /// What those words in the store mean; a word that is not known settles nothing.
    pub(super) fn of_words(outcome: &str, cause: Option<String>) -> Self {
        match outcome {
            "done" => Self::Done,
            "not_needed" => Self::NotNeeded,
            _ => Self::Stuck(cause),
        }
    }
}

/// What became of a step (手順の記録).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "手順の記録")]
pub struct Mark {
    /// Which step, from 1.
    pub step: u32,
    /// What became of it.
    pub became: Became,
}

/// How far a person got in a manual (進み具合): each step as it was marked last.
#[derive(Clone, Debug, Default)]
#[doc(alias = "進み具合")]
pub struct Progress {
    steps: BTreeMap<u32, Became>,
    /// The step that was marked as stuck last; it may have been done since.
    stuck_last: Option<u32>,
}

impl Progress {
    /// The progress that marks tell of, oldest first.
    pub fn of(marks: impl IntoIterator<Item = Mark>) -> Self {
        let mut progress = Self::default();
        for Mark { step, became } in marks {
            if matches!(became, Became::Stuck(_)) {
                progress.stuck_last = Some(step);
            }
            progress.steps.insert(step, became);
        }
        progress
    }

    /// What became of a step.
    pub fn at(&self, step: u32) -> Option<&Became> {
        self.steps.get(&step)
    }

    /// The steps that were last marked done.
    pub fn done(&self) -> Vec<u32> {
        let done = self.steps.iter().filter(|(_, became)| **became == Became::Done);
        done.map(|(step, _)| *step).collect()
    }

    /// Where a person goes on who has begun: the first of `count` steps that is not behind them, or
    /// nothing where none was marked yet or none is left.
    pub fn next(&self, count: u32) -> Option<u32> {
        let behind = |step: &u32| self.at(*step).is_some_and(Became::is_settled);
        if self.steps.is_empty() { None } else { (1..=count).find(|step| !behind(step)) }
    }

    /// Where the person is stuck, with the cause they named; the latest such step.
    pub fn stuck(&self) -> Option<(u32, Option<&str>)> {
        let stuck = |step: u32| match self.at(step)? {
            Became::Stuck(cause) => Some((step, cause.as_deref())),
            _ => None,
        };
        let latest = self.stuck_last.and_then(stuck);
        latest.or_else(|| self.steps.keys().rev().find_map(|step| stuck(*step)))
    }
}

/// Notes what became of a step of `manual`.
pub async fn note(app: &App, visit: &Visit, manual: &Manual, mark: &Mark) -> anyhow::Result<()> {
    Ok(store::insert_mark(&app.db, visit.case, app.now(), (&manual.fit.id, mark)).await?)
}

/// How far the person got in `manual`.
pub async fn progress(app: &App, visit: &Visit, manual: &Manual) -> anyhow::Result<Progress> {
    Ok(Progress::of(store::marks(&app.db, visit.case, &manual.fit.id).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(marks: &[(u32, Became)]) -> Progress {
        Progress::of(
            marks.iter().map(|(step, became)| Mark { step: *step, became: became.clone() }),
        )
    }

    fn no_hole() -> Became {
        Became::Stuck(Some("RESETが見つからない".to_owned()))
    }

    #[test]
    fn a_step_counts_as_it_was_marked_last() {
        let mended = progress(&[(2, no_hole()), (1, Became::Done), (2, Became::Done)]);
        assert_eq!((mended.done(), mended.stuck()), (vec![1, 2], None));
        let stuck = progress(&[(2, Became::Done), (2, no_hole())]);
        assert_eq!((stuck.done(), stuck.stuck()), (vec![], Some((2, Some("RESETが見つからない")))));
    }

    #[test]
    fn a_step_that_is_not_needed_is_neither_stuck_nor_done_and_lies_behind() {
        let marked = progress(&[(1, Became::Done), (2, Became::NotNeeded)]);
        assert_eq!((marked.done(), marked.stuck(), marked.next(4)), (vec![1], None, Some(3)));
        assert_eq!(marked.next(2), None, "no step is left");
    }

    #[test]
    fn one_goes_on_at_the_first_step_that_is_not_behind() {
        assert_eq!(progress(&[]).next(5), None, "nothing was begun");
        let skipped = progress(&[(1, Became::Done), (2, Became::Stuck(None)), (3, Became::Done)]);
        assert_eq!((skipped.next(5), skipped.stuck()), (Some(2), Some((2, None))));
    }

    #[test]
    fn of_two_steps_that_do_not_work_the_latest_one_is_told() {
        let two = progress(&[(4, Became::Stuck(None)), (2, no_hole())]);
        assert_eq!(two.stuck().map(|(step, _)| step), Some(2));
        let one = progress(&[(4, Became::Stuck(None)), (2, no_hole()), (2, Became::Done)]);
        assert_eq!(one.stuck(), Some((4, None)));
    }
}
