//! Charts (図): a figure whose drawing, table and CSV are read from one value.
//!
//! Shares are rounded when they enter a [`Figure`], so that all three say the same digits. No
//! script, no style attribute, nothing fetched: the drawing prints and reads in a mail.

pub mod draw;

pub use draw::Width;

/// Groups with fewer are drawn grey.
pub const FEW: u64 = 30;

/// Curves over days with their bands (図).
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "図")]
pub struct Figure {
    /// Distinguishes the figures of one page; a word of letters and dashes.
    pub id: String,
    /// The finding as a sentence.
    pub title: String,
    /// What is drawn, and how to read it.
    pub desc: String,
    /// What the days are counted from.
    pub x_label: String,
    /// What the share is a share of.
    pub y_label: String,
    /// Above the numbers at risk.
    pub at_risk_label: String,
    /// The last day drawn.
    pub last_day: u16,
    /// Days that the table reads, ascending, from 0.
    pub table_days: Vec<u16>,
    /// Whether the share falls at once at a point, or evenly up to it.
    pub stepped: bool,
    /// One curve per group.
    pub series: Vec<Series>,
}

/// One group's curve (系列).
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The group's name.
    pub label: String,
    /// Its size.
    pub n: u64,
    /// Points in order of days.
    pub points: Vec<Point>,
}

/// A point of a curve; shares are kept in thousandths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The day.
    pub day: u16,
    /// The share.
    pub share: Thousandths,
    /// Its interval, where there is one.
    pub interval: Option<(Thousandths, Thousandths)>,
    /// How many were still at risk, where that may be told.
    pub at_risk: Option<u64>,
}

/// A share (割合) in thousandths: what is shown is what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thousandths(pub u16);

impl Thousandths {
    /// The share rounded; what lies outside 0–1 is cut.
    pub fn of(share: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "cut to 0–1000 before"
        )]
        let rounded = (share.clamp(0.0, 1.0) * 1000.0).round() as u16;
        Self(rounded)
    }

    /// In per cent with one digit.
    pub fn percent(self) -> String {
        format!("{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl Series {
    /// The point of that day.
    pub fn at(&self, day: u16) -> Option<&Point> {
        self.points.iter().find(|point| point.day == day)
    }
}

/// One line of the table under a figure: a group on a day.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// The group's name.
    pub label: String,
    /// Its size.
    pub n: u64,
    /// Per day of the table: per cent, interval, at risk; nothing where nothing is known.
    pub cells: Vec<Option<Cell>>,
}

/// One cell of the table, as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The share in per cent.
    pub percent: String,
    /// Lower and upper end of its interval in per cent.
    pub interval: Option<(String, String)>,
    /// How many were still at risk.
    pub at_risk: Option<u64>,
}

impl Figure {
    /// The table: one row per group, one cell per day of the table.
    pub fn table(&self) -> Vec<TableRow> {
        let cell = |point: &Point| Cell {
            percent: point.share.percent(),
            interval: point.interval.map(|(lower, upper)| (lower.percent(), upper.percent())),
            at_risk: point.at_risk,
        };
        let row = |series: &Series| TableRow {
            label: series.label.clone(),
            n: series.n,
            cells: self.table_days.iter().map(|day| series.at(*day).map(cell)).collect(),
        };
        self.series.iter().map(row).collect()
    }

    /// Every point as fields of a file: group, n, day, per cent, lower, upper, at risk.
    pub fn records(&self) -> Vec<[String; 7]> {
        let record = |series: &Series, point: &Point| {
            let ends = point.interval.map(|(lower, upper)| (lower.percent(), upper.percent()));
            let (lower, upper) = ends.unwrap_or_default();
            let at_risk = point.at_risk.map_or(String::new(), |n| n.to_string());
            let (n, day) = (series.n.to_string(), point.day.to_string());
            [series.label.clone(), n, day, point.share.percent(), lower, upper, at_risk]
        };
        let of = |series| move |point| record(series, point);
        self.series.iter().flat_map(|series| series.points.iter().map(of(series))).collect()
    }

    /// The drawing; all text in it is escaped.
    pub fn svg(&self, width: Width) -> String {
        draw::svg(self, width)
    }
}

#[cfg(test)]
mod tests;
