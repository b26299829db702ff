//! Columns of a CSV: found by name, read as numbers, and refused with the line where they are not.

use std::{collections::BTreeMap, io::Read};

use effect::turnbull::Span;

use super::Refusal;

/// A CSV with a header, held as text until a column is asked for.
pub(super) struct Table {
    header: Vec<String>,
    lines: Vec<u64>,
    rows: Vec<csv::StringRecord>,
}

/// Rows of a study as columns.
pub(super) struct Study {
    pub(super) formula: String,
    pub(super) exit: Vec<f64>,
    pub(super) entry: Option<Vec<f64>>,
    pub(super) event: Vec<bool>,
    pub(super) group: Option<Labels>,
}

/// A column of labels: names in order, and per row the place of its name.
pub(super) struct Labels {
    pub(super) column: String,
    pub(super) names: Vec<String>,
    pub(super) of: Vec<u16>,
}

impl Study {
    pub(super) fn rows(&self) -> effect::risk::Rows<'_> {
        effect::risk::Rows {
            entry: self.entry.as_deref(),
            exit: &self.exit,
            event: &self.event,
            group: self.group.as_ref().map(|group| group.of.as_slice()),
        }
    }
}

impl Table {
    pub(super) fn read(from: impl Read) -> csv::Result<Self> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(from);
        let header = reader.headers()?.iter().map(|name| name.trim_start_matches('\u{feff}'));
        let header: Vec<String> = header.map(str::to_owned).collect();
        let rows = reader.records().collect::<csv::Result<Vec<_>>>()?;
        let lines = rows.iter().map(|row| row.position().map_or(0, csv::Position::line)).collect();
        Ok(Self { header, lines, rows })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The cells of a column, each with its line.
    fn cells(&self, name: &str) -> Result<impl Iterator<Item = (u64, &str)>, Refusal> {
        let place = self.header.iter().position(|known| known == name);
        let place = place.ok_or_else(|| Refusal::NoColumn {
            name: name.to_owned(),
            known: self.header.join(", "),
        })?;
        let rows = self.lines.iter().zip(&self.rows);
        Ok(rows.map(move |(line, row)| (*line, row.get(place).unwrap_or_default())))
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, Refusal> {
        self.cells(name)?.map(|(line, cell)| number(name, line, cell)).collect()
    }

    /// 1 or 0, also written true or false.
    pub(super) fn events(&self, name: &str) -> Result<Vec<bool>, Refusal> {
        let event = |(line, cell): (u64, &str)| match cell {
            "1" | "true" | "TRUE" => Ok(true),
            "0" | "false" | "FALSE" => Ok(false),
            _ => Err(refuse(name, line, cell, "event: write 1 or 0")),
        };
        self.cells(name)?.map(event).collect()
    }

    /// (left, right] per row.
    pub(super) fn spans(&self, left: &str, right: &str) -> Result<Vec<Span>, Refusal> {
        let ends = self.cells(left)?.zip(self.cells(right)?);
        let span = |((line, from), (_, to)): ((u64, &str), (u64, &str))| {
            let from_time = if from.is_empty() { 0.0 } else { number(left, line, from)? };
            if to.is_empty() {
                return Ok(Span::after(from_time));
            }
            let to_time = number(right, line, to)?;
            if to_time < from_time {
                return Err(refuse(right, line, to, "time at or after the left end"));
            }
            Ok(Span::between(from_time, to_time))
        };
        ends.map(span).collect()
    }

    /// Names sorted as numbers where all are, else as text.
    pub(super) fn labels(&self, name: &str) -> Result<Labels, Refusal> {
        let mut places: BTreeMap<&str, u16> = BTreeMap::new();
        for (line, cell) in self.cells(name)? {
            if cell.is_empty() {
                return Err(refuse(name, line, cell, "group"));
            }
            places.insert(cell, 0);
        }
        let mut names: Vec<&str> = places.keys().copied().collect();
        if names.iter().all(|name| name.parse::<f64>().is_ok()) {
            let value = |name: &str| name.parse::<f64>().unwrap_or(f64::NAN);
            names.sort_by(|a, b| value(a).total_cmp(&value(b)));
        }
        for (place, label) in names.iter().enumerate() {
            let place = u16::try_from(place).map_err(|_| {
                Refusal::Statistic(format!("column `{name}` names more than 65,536 groups"))
            })?;
            places.insert(label, place);
        }
        let of = self.cells(name)?.map(|(_, cell)| places[cell]).collect();
        let names = names.into_iter().map(str::to_owned).collect();
        Ok(Labels { column: name.to_owned(), names, of })
    }
}

fn number(column: &str, line: u64, cell: &str) -> Result<f64, Refusal> {
    let value: Option<f64> = cell.parse().ok();
    let known = value.filter(|value| value.is_finite() && *value >= 0.0);
    known.ok_or_else(|| refuse(column, line, cell, "number from 0 on"))
}

fn refuse(column: &str, line: u64, found: &str, wanted: &'static str) -> Refusal {
    Refusal::Cell { line, column: column.to_owned(), found: found.to_owned(), wanted }
}
