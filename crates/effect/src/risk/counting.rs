//! Counting: two ways from rows to a table, with the same result.
//!
//! Whole days are counted into cells, one per group, day and manner of leaving: no sorting, one
//! increment per row. Any other times are sorted within their group. The cells are used only
//! while there are few of them beside the rows, so memory stays in proportion to the input.

use super::columns::{Extent, Rows, to_day};
use super::{Exit, Group};

/// Cells may outnumber the rows by this factor; beyond it sorting is both smaller and faster.
const CELLS_PER_ROW: usize = 4;
/// So small a table is always affordable.
const CELLS_FREE: usize = 1 << 14;

/// The grid of cells for groups 0 to the last one and days 0 to the last one.
pub(super) struct Cells {
    groups: usize,
    days: usize,
}

impl Cells {
    pub(super) fn new(last_day: u16, last_group: u16) -> Self {
        Self { groups: usize::from(last_group) + 1, days: usize::from(last_day) + 1 }
    }

    /// Whether the grid is small beside `rows`, whose counts must fit 32 bits.
    pub(super) fn affordable(&self, rows: usize) -> bool {
        let cells = self.groups * self.days * 2;
        cells <= CELLS_FREE.max(rows.saturating_mul(CELLS_PER_ROW)) && u32::try_from(rows).is_ok()
    }

    /// Counts (day, event, group) triples that lie within the grid.
    pub(super) fn count(&self, rows: impl Iterator<Item = (u16, bool, u16)>) -> Vec<Group> {
        // Half the cells are for censored rows, half for events, interleaved by day.
        let mut cells = vec![0_u32; self.groups * self.days * 2];
        for (day, event, group) in rows {
            let cell = (usize::from(group) * self.days + usize::from(day)) * 2;
            cells[cell + usize::from(event)] += 1;
        }
        let per_group = cells.chunks_exact(self.days * 2);
        (0..=u16::MAX)
            .zip(per_group)
            .filter_map(|(label, days)| group_of_days(label, days))
            .collect()
    }
}

fn group_of_days(label: u16, days: &[u32]) -> Option<Group> {
    let exits: Vec<Exit> = days
        .chunks_exact(2)
        .enumerate()
        .filter(|(_, ends)| ends[0] + ends[1] > 0)
        .map(|(day, ends)| Exit {
            time: day as f64,
            events: u64::from(ends[1]),
            censored: u64::from(ends[0]),
        })
        .collect();
    let rows = exits.iter().map(|exit| exit.events + exit.censored).sum();
    (rows > 0).then_some(Group { label, rows, exits, entries: Vec::new() })
}

/// Counts right-censored rows on whole days; `None` if the grid would be too large.
pub(super) fn dense(rows: &Rows<'_>, last_day: u16, extent: Extent) -> Option<Vec<Group>> {
    let cells = Cells::new(last_day, extent.last_group);
    if !cells.affordable(rows.exit.len()) {
        return None;
    }
    let ends = rows.exit.iter().map(|&time| to_day(time)).zip(rows.event.iter().copied());
    Some(match rows.group {
        Some(group) => cells.count(ends.zip(group).map(|((day, event), &g)| (day, event, g))),
        None => cells.count(ends.map(|(day, event)| (day, event, 0))),
    })
}

/// Counts any rows by sorting the times of each group.
///
/// The bits of a non-negative float order like the float itself, so one integer holds the time
/// and, in the place of the sign, which manner of leaving comes first.
pub(super) fn sorted(rows: &Rows<'_>, extent: Extent) -> Vec<Group> {
    let groups = usize::from(extent.last_group) + 1;
    let mut exits = vec![Vec::new(); groups];
    let mut entries = vec![Vec::new(); groups];
    for (row, &time) in rows.exit.iter().enumerate() {
        let group = usize::from(rows.group_of(row));
        exits[group].push(bits(time) << 1 | u64::from(!rows.event[row]));
        if let Some(entry) = rows.entry {
            entries[group].push(bits(entry[row]));
        }
    }
    let labels = 0..=u16::MAX;
    labels
        .zip(exits.into_iter().zip(entries))
        .filter(|(_, (exits, _))| !exits.is_empty())
        .map(|(label, (exits, entries))| group_of_times(label, exits, entries))
        .collect()
}

fn group_of_times(label: u16, mut exits: Vec<u64>, mut entries: Vec<u64>) -> Group {
    exits.sort_unstable();
    entries.sort_unstable();
    let runs = exits.chunk_by(|a, b| a >> 1 == b >> 1).map(|run| {
        let events = run.partition_point(|key| key & 1 == 0) as u64;
        let censored = run.len() as u64 - events;
        Exit { time: f64::from_bits(run[0] >> 1), events, censored }
    });
    let arrivals =
        entries.chunk_by(|a, b| a == b).map(|run| (f64::from_bits(run[0]), run.len() as u64));
    Group { label, rows: exits.len() as u64, exits: runs.collect(), entries: arrivals.collect() }
}

/// Bits of a time; adding 0 turns −0 into 0, which would sort apart.
fn bits(time: f64) -> u64 {
    (time + 0.0).to_bits()
}
