//! The board of the office (支援状況一覧): how every provider stands, one row each, the most urgent
//! first, with sums of them all.
//!
//! Numbers alone: what is to be asked about, who cannot be reached for sure, what did not arrive,
//! and how far the lines came. Reads what chasing, figures and the contacts of providers tell.

use std::collections::BTreeMap;

use super::{
    chasing::{self, Chased, ListStanding, Reason},
    dispatch::{Delivery, undelivered},
    figures::{self, Figures},
};
use crate::{
    app::App,
    isps::{
        Isp,
        contacts::desk::{self, Unreached},
    },
    time::Moment,
};

/// Reasons to ask, the gravest first.
const GRAVEST: [Reason; 6] = [
    Reason::Expiring,
    Reason::NotReported,
    Reason::PartlyReported,
    Reason::NotFetched,
    Reason::DueSoon,
    Reason::LogExpired,
];

/// How a provider stands (事業者の状況).
#[derive(Clone, Debug)]
#[doc(alias = "事業者の状況")]
pub struct Row {
    /// The provider's code.
    pub isp: String,
    /// Its name.
    pub name: String,
    /// Why it cannot be reached for sure, if so.
    pub unreached: Option<Unreached>,
    /// Its lists to be asked about, and why.
    pub chased: Vec<Chased>,
    /// Its lists that were to be sent and did not arrive.
    pub undelivered: Vec<Delivery>,
    /// How far its lines came.
    pub figures: Figures,
}

impl Row {
    fn sum(&self, of: impl Fn(&ListStanding) -> i64) -> i64 {
        self.chased.iter().map(|(list, _)| of(list)).sum()
    }

    /// Lines of lists to be asked about.
    pub fn lines(&self) -> i64 {
        self.sum(|list| list.lines)
    }

    /// Of these, lines without a report.
    pub fn unreported(&self) -> i64 {
        self.sum(|list| list.unreported)
    }

    /// Of those, lines that can soon be found no more.
    pub fn expiring(&self) -> i64 {
        self.sum(|list| list.expiring)
    }

    /// The gravest reason to ask it, if there is one.
    pub fn reason(&self) -> Option<Reason> {
        let is_one = |reason: &Reason| self.chased.iter().any(|(_, all)| all.contains(reason));
        GRAVEST.into_iter().find(is_one)
    }

    /// The first date by which it is asked to report on such a list.
    pub fn report_by(&self) -> Option<Moment> {
        self.chased.iter().map(|(list, _)| list.report_by).min()
    }

    /// Since when a reminder of such a list waits to go out.
    pub fn due_since(&self) -> Option<Moment> {
        self.chased.iter().filter_map(|(list, _)| list.due_since()).min()
    }

    /// When it was reminded of such a list last.
    pub fn reminded_at(&self) -> Option<Moment> {
        self.chased.iter().filter_map(|(list, _)| list.reminded_at).max()
    }

    /// Its place on the board: the smaller, the more urgent.
    fn place(&self) -> (usize, usize, i64, i64) {
        let gravest = self.reason();
        let reason = GRAVEST.iter().position(|one| Some(*one) == gravest);
        let reached = usize::from(self.unreached.is_none() && self.undelivered.is_empty());
        (reason.unwrap_or(GRAVEST.len()), reached, -self.expiring(), -self.unreported())
    }
}

/// Which providers are looked at (絞り込み).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "絞り込み")]
pub enum Only {
    /// All of them.
    #[default]
    All,
    /// Those to be asked about a list.
    Chased,
    /// Those that cannot be reached for sure.
    Unreached,
    /// Those that a list did not arrive at.
    Undelivered,
}

impl Only {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::All, Self::Chased, Self::Unreached, Self::Undelivered];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Chased => "chased",
            Self::Unreached => "unreached",
            Self::Undelivered => "undelivered",
        }
    }

    /// What that word names; all where it names nothing.
    pub fn of_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|only| only.word() == word).unwrap_or_default()
    }

    fn takes(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::Chased => !row.chased.is_empty(),
            Self::Unreached => row.unreached.is_some(),
            Self::Undelivered => !row.undelivered.is_empty(),
        }
    }
}

/// Sums over rows (合計).
#[derive(Clone, Debug)]
#[doc(alias = "合計")]
pub struct Totals {
    /// Providers.
    pub providers: usize,
    /// Of these, such as cannot be reached for sure.
    pub unreached: usize,
    /// Of these, such as are to be asked about a list.
    pub chased: usize,
    /// Lists that did not arrive.
    pub undelivered: usize,
    /// Lists to be asked about.
    pub lists: usize,
    /// Their lines.
    pub lines: i64,
    /// Of these, lines without a report.
    pub unreported: i64,
    /// Of those, lines that can soon be found no more.
    pub expiring: i64,
    /// How far all lines came.
    pub figures: Figures,
}

impl Totals {
    /// The sums of these rows.
    pub fn of(rows: &[Row]) -> Self {
        let of = |count: fn(&Figures) -> i64| rows.iter().map(|row| count(&row.figures)).sum();
        let figures = Figures {
            detected: of(|one| one.detected),
            listed: of(|one| one.listed),
            fetched: of(|one| one.fetched),
            reported: of(|one| one.reported),
            pending: of(|one| one.pending),
            no_report: of(|one| one.no_report),
            log_expired: of(|one| one.log_expired),
            identified: of(|one| one.identified),
            notified: of(|one| one.notified),
            delivered: of(|one| one.delivered),
            bounced: of(|one| one.bounced),
            ..Figures::default()
        };
        Self {
            providers: rows.len(),
            unreached: rows.iter().filter(|row| row.unreached.is_some()).count(),
            chased: rows.iter().filter(|row| !row.chased.is_empty()).count(),
            undelivered: rows.iter().map(|row| row.undelivered.len()).sum(),
            lists: rows.iter().map(|row| row.chased.len()).sum(),
            lines: rows.iter().map(Row::lines).sum(),
            unreported: rows.iter().map(Row::unreported).sum(),
            expiring: rows.iter().map(Row::expiring).sum(),
            figures,
        }
    }
}

/// How every provider stands, the most urgent first; those that left the register only where a list
/// of theirs is to be asked about.
pub async fn rows(app: &App) -> anyhow::Result<Vec<Row>> {
    let mut unreached: BTreeMap<String, Unreached> =
        desk::unreached(app).await?.into_iter().map(|one| (one.isp.clone(), one)).collect();
    let mut chased: BTreeMap<String, Vec<Chased>> = BTreeMap::new();
    for one in chasing::list(app).await? {
        chased.entry(one.0.isp.clone()).or_default().push(one);
    }
    let mut lost: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    let mut tx = app.db.snapshot().await?;
    for one in undelivered::all(&mut tx, None).await? {
        lost.entry(one.isp.clone()).or_default().push(one);
    }
    drop(tx);
    let figures = figures::of(&app.db, None, None, app.now()).await?;
    let mut rows: Vec<Row> = figures
        .into_iter()
        .map(|figures| Row {
            unreached: unreached.remove(&figures.isp),
            chased: chased.remove(&figures.isp).unwrap_or_default(),
            undelivered: lost.remove(&figures.isp).unwrap_or_default(),
            isp: figures.isp.clone(),
            name: figures.name.clone(),
            figures,
        })
        .collect();
    rows.extend(chased.into_iter().filter_map(|(isp, chased)| left(isp, chased)));
    rows.sort_by_cached_key(|row| (row.place(), row.isp.clone()));
    Ok(rows)
}

/// Who left the register is asked about its lists still.
fn left(isp: String, chased: Vec<Chased>) -> Option<Row> {
    let name = chased.first()?.0.name.clone();
    let (undelivered, figures) = (Vec::new(), Figures::default());
    Some(Row { isp, name, unreached: None, chased, undelivered, figures })
}

/// How one provider stands, as its row of them all says; nothing of the others is read.
pub async fn one(app: &App, isp: &Isp) -> anyhow::Result<Option<Row>> {
    let chased = chasing::list_one(app, isp.id).await?;
    let figures = figures::of(&app.db, Some(isp.id), None, app.now()).await?.pop();
    let Some(figures) = figures else { return Ok(left(isp.code.clone(), chased)) };
    let unreached = desk::unreached_one(app, isp).await?;
    let mut tx = app.db.snapshot().await?;
    let undelivered = undelivered::all(&mut tx, Some(isp.id)).await?;
    let (isp, name) = (figures.isp.clone(), figures.name.clone());
    Ok(Some(Row { isp, name, unreached, chased, undelivered, figures }))
}

/// The rows whose code or name holds `name`, of those that are looked at.
pub fn filtered(rows: Vec<Row>, name: &str, only: Only) -> Vec<Row> {
    let wanted = name.trim().to_lowercase();
    let is_meant =
        |row: &Row| [&row.isp, &row.name].iter().any(|text| text.to_lowercase().contains(&wanted));
    rows.into_iter().filter(|row| only.takes(row) && is_meant(row)).collect()
}
