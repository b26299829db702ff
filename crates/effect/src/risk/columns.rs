//! Columns: the rows of a study as the caller holds them, checked before they are counted.

use crate::Error;

/// Borrowed columns of equal length, one entry per row.
///
/// Times are in any one unit (days in this project), finite and not negative.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// When the row came under observation; `None` when all did at the beginning.
    pub entry: Option<&'a [f64]>,
    /// When the row left.
    pub exit: &'a [f64],
    /// Whether it left by the event (true) or censored (false).
    pub event: &'a [bool],
    /// Group of the row; `None` puts all into group 0.
    pub group: Option<&'a [u16]>,
}

/// What the check learned on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// The latest exit, if every exit is a whole day below 2^16 and nobody enters late.
    pub(super) last_whole_day: Option<u16>,
    /// The highest group label.
    pub(super) last_group: u16,
}

impl<'a> Rows<'a> {
    /// Rows of one group, all under observation from the beginning.
    pub fn right_censored(exit: &'a [f64], event: &'a [bool]) -> Self {
        Self { entry: None, exit, event, group: None }
    }

    /// Rows of one group over (entry, exit]: late entry, or one subject cut into pieces.
    pub fn counting(entry: &'a [f64], exit: &'a [f64], event: &'a [bool]) -> Self {
        Self { entry: Some(entry), exit, event, group: None }
    }

    /// The same rows with a group each.
    #[must_use]
    pub fn in_groups(self, group: &'a [u16]) -> Self {
        Self { group: Some(group), ..self }
    }

    pub(super) fn group_of(&self, row: usize) -> u16 {
        self.group.map_or(0, |group| group[row])
    }

    pub(super) fn check(&self) -> Result<Extent, Error> {
        let rows = self.exit.len();
        if rows == 0 {
            return Err(Error::Empty);
        }
        same_length(rows, self.event.len())?;
        self.group.map_or(Ok(()), |group| same_length(rows, group.len()))?;
        let last_whole_day = if let Some(entry) = self.entry {
            same_length(rows, entry.len())?;
            check_times(entry)?;
            check_times(self.exit)?;
            match (0..rows).find(|&row| entry[row] >= self.exit[row]) {
                Some(row) => return Err(Error::NotAfterStart { row }),
                None => None,
            }
        } else {
            let day = last_whole_day(self.exit);
            if day.is_none() {
                check_times(self.exit)?;
            }
            day
        };
        let last_group = self.group.map_or(0, highest);
        Ok(Extent { last_whole_day, last_group })
    }

    /// The rows with the given numbers, as columns of their own.
    pub(super) fn pick(&self, members: &[usize]) -> Picked {
        Picked {
            entry: self.entry.map(|entry| members.iter().map(|&row| entry[row]).collect()),
            exit: members.iter().map(|&row| self.exit[row]).collect(),
            event: members.iter().map(|&row| self.event[row]).collect(),
            group: members.iter().map(|&row| self.group_of(row)).collect(),
        }
    }
}

/// Owned columns of one stratum.
pub(super) struct Picked {
    entry: Option<Vec<f64>>,
    exit: Vec<f64>,
    event: Vec<bool>,
    group: Vec<u16>,
}

impl Picked {
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows {
            entry: self.entry.as_deref(),
            exit: &self.exit,
            event: &self.event,
            group: Some(&self.group),
        }
    }
}

pub(super) fn same_length(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::LengthsDiffer { expected, found }) }
}

fn check_times(times: &[f64]) -> Result<(), Error> {
    for (row, &time) in times.iter().enumerate() {
        if !time.is_finite() {
            return Err(Error::NotFinite { row });
        }
        if time < 0.0 {
            return Err(Error::NegativeTime { row });
        }
    }
    Ok(())
}

/// The highest value of a column. A fold, unlike `Iterator::max`, compares many at a time.
pub(super) fn highest(values: &[u16]) -> u16 {
    values.iter().fold(0, |highest, &value| highest.max(value))
}

/// The last of the times, if all are whole days below 2^16.
///
/// No early return: without one the loop runs on many values at a time.
fn last_whole_day(times: &[f64]) -> Option<u16> {
    let (all_whole, last) = times.iter().fold((true, 0), |(all_whole, last), &time| {
        let day = to_day(time);
        // The cast saturates and turns NaN into 0; the bits tell whether it changed anything.
        (all_whole & (f64::from(day).to_bits() == time.to_bits()), day.max(last))
    });
    all_whole.then_some(last)
}

/// A time as a whole day, cut off and saturating.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "used on whole days below 2^16, or to find out whether a time is one"
)]
pub(super) fn to_day(time: f64) -> u16 {
    time as u16
}
