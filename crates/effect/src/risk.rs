//! Risk table: who was under observation when, and who left how.
//!
//! Rows are counted once into one entry per group and distinct time; every estimator then reads
//! counts, so a million rows on whole days cost one pass over the columns.
//!
//! A row is followed over (entry, exit] and leaves by the event or censored. Without an entry it
//! is at risk from the beginning, day 0 included, as R's `Surv(time, event)` has it. At equal
//! times events come before censorings, and a row that enters at t is not yet at risk at t.
//!
//! Times are equal when they are the same number. R first joins times that differ by rounding
//! alone (its `timefix`); round computed times before they come here.

mod columns;
mod counting;

pub use columns::Rows;

use crate::Error;

/// Counts of entries and exits per group and time.
#[derive(Debug, Clone, PartialEq)]
pub struct RiskTable {
    groups: Vec<Group>,
}

/// One group of a [`RiskTable`]; its exits are sorted by time, each time once.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) label: u16,
    pub(crate) rows: u64,
    pub(crate) exits: Vec<Exit>,
    /// Sorted (time, rows); empty when every row is at risk from the beginning.
    entries: Vec<(f64, u64)>,
}

/// Rows of one group that leave at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Exit {
    pub(crate) time: f64,
    pub(crate) events: u64,
    pub(crate) censored: u64,
}

impl RiskTable {
    /// Counts rows in any order; groups keep their label, sorted, and empty ones do not appear.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthsDiffer`], [`Error::NotFinite`],
    /// [`Error::NegativeTime`], [`Error::NotAfterStart`] (entry ≥ exit).
    pub fn from_rows(rows: &Rows<'_>) -> Result<Self, Error> {
        let extent = rows.check()?;
        let dense = extent.last_whole_day.and_then(|day| counting::dense(rows, day, extent));
        Ok(Self { groups: dense.unwrap_or_else(|| counting::sorted(rows, extent)) })
    }

    /// Counts whole days, the fastest way in: `days[i]` is the day on which row i left.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::LengthsDiffer`].
    pub fn from_days(days: &[u16], event: &[bool], group: &[u16]) -> Result<Self, Error> {
        columns::same_length(days.len(), event.len())?;
        columns::same_length(days.len(), group.len())?;
        if days.is_empty() {
            return Err(Error::Empty);
        }
        let cells = counting::Cells::new(columns::highest(days), columns::highest(group));
        if cells.affordable(days.len()) {
            let rows = days.iter().zip(event).zip(group);
            return Ok(Self { groups: cells.count(rows.map(|((&d, &e), &g)| (d, e, g))) });
        }
        let exit: Vec<f64> = days.iter().map(|&day| f64::from(day)).collect();
        Self::from_rows(&Rows::right_censored(&exit, event).in_groups(group))
    }

    /// One table per stratum, in the order of the stratum labels, for stratified tests.
    ///
    /// # Errors
    /// As [`RiskTable::from_rows`]; row numbers are those of `rows`.
    pub fn by_stratum(rows: &Rows<'_>, stratum: &[u32]) -> Result<Vec<Self>, Error> {
        rows.check()?;
        columns::same_length(rows.exit.len(), stratum.len())?;
        let mut order: Vec<usize> = (0..stratum.len()).collect();
        order.sort_by_key(|&row| stratum[row]);
        order
            .chunk_by(|&a, &b| stratum[a] == stratum[b])
            .map(|members| Self::from_rows(&rows.pick(members).rows()))
            .collect()
    }

    /// Rows counted, over all groups.
    pub fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// Labels of the groups, ascending.
    pub fn labels(&self) -> impl Iterator<Item = u16> + '_ {
        self.groups.iter().map(|group| group.label)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }
}

impl Group {
    /// Walks the group forward in time.
    pub(crate) fn walk(&self) -> Walk<'_> {
        let at_risk = if self.entries.is_empty() { self.rows } else { 0 };
        Walk { exits: &self.exits, entries: &self.entries, at_risk }
    }
}

/// A walk through one group; [`Walk::to`] must be called with ascending times.
pub(crate) struct Walk<'a> {
    exits: &'a [Exit],
    entries: &'a [(f64, u64)],
    at_risk: u64,
}

impl Walk<'_> {
    /// Rows at risk just before `time`, and the events at it.
    pub(crate) fn to(&mut self, time: f64) -> (u64, u64) {
        while let [(entry, rows), rest @ ..] = self.entries
            && *entry < time
        {
            self.at_risk += rows;
            self.entries = rest;
        }
        while let [exit, rest @ ..] = self.exits
            && exit.time < time
        {
            self.at_risk -= exit.events + exit.censored;
            self.exits = rest;
        }
        let events = self.exits.first().filter(|exit| exit.time <= time);
        (self.at_risk, events.map_or(0, |exit| exit.events))
    }
}

#[cfg(test)]
mod tests;
