//! Figures of a campaign (キャンペーン集計): distributed, participating, reporting, notices, rate.
//!
//! Stands with notices rather than with campaigns, since it counts lines of lists and what was
//! reported on them, which a campaign knows nothing of. Everything is counted from line-level data
//! each time.
//!
//! One population bears all sums: the providers that take part, and those that withdrew after they
//! were given lines. A provider that leaves takes neither its lines nor its silence out of the
//! rate, since what was distributed to it was distributed. Of lines, those count that stand: one
//! that was taken back, and the line that tells of it, were no part of the campaign, whatever was
//! reported. A notice counts where it went out in the period and its report came by the deadline;
//! others are told beside it. A provider that never reported is in a state of its own, and what
//! reached nobody is told beside what was distributed. Owns no table; reads `campaign_cases`,
//! `campaign_standings`, `unattributed`, `cases`, and the tables of notices.

use std::collections::BTreeMap;

use super::store::campaign::{self as store, Lines};
use crate::{
    access::tenancy::Tenant,
    campaigns::{
        Campaign, Said,
        participants::{self, Standing},
    },
    db::{Db, Tx},
    ids::IspId,
    time::Moment,
};

/// How a participating provider stands with its reports (報告状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "報告状況")]
pub enum Reporting {
    /// A report came on at least one of its lines.
    Reported,
    /// It has lines, and no report came: nobody knows whether anybody was warned.
    NoReport,
    /// None of the list's lines is its own, so that it has nothing to report.
    NoLines,
}

impl Reporting {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::NoReport => "no_report",
            Self::NoLines => "no_lines",
        }
    }
}

/// One provider's part in the figures (事業者別集計).
#[derive(Clone, Debug, Default)]
pub struct OfIsp {
    /// How it stands to the campaign; nothing where nobody asked it.
    pub standing: Option<Standing>,
    /// Cases on the list that are its own.
    pub named: i64,
    /// Those of them that stand on its lists under the campaign's name.
    pub distributed: i64,
    /// Those of these whose list was handed out.
    pub handed_out: i64,
    /// Those on which a report came.
    pub reported: i64,
    /// Those whose latest report says that somebody was warned: in the period of the campaign, and
    /// reported by its deadline.
    pub notices: i64,
    /// Those of which it says so, in the period, and that were reported after the deadline alone.
    pub late: i64,
    /// Those of which it says so, before the period or after it.
    pub outside: i64,
    /// Cases on the list that it had been told of before, under another heading.
    pub told_before: i64,
}

impl OfIsp {
    /// How it stands with its reports.
    pub fn reporting(&self) -> Reporting {
        match self {
            Self { reported: 1.., .. } => Reporting::Reported,
            Self { distributed: 1.., .. } => Reporting::NoReport,
            _ => Reporting::NoLines,
        }
    }

    /// Whether it withdrew after it was given lines.
    pub fn left(&self) -> bool {
        self.standing == Some(Standing::Withdrew) && self.distributed > 0
    }

    /// Whether it belongs to the population of the sums.
    fn is_counted(&self) -> bool {
        self.standing == Some(Standing::Joined) || self.left()
    }
}

/// The figures of a campaign (キャンペーン集計).
#[derive(Clone, Debug, Default)]
#[doc(alias = "キャンペーン集計")]
pub struct Figures {
    /// By the code of the provider.
    pub isps: BTreeMap<String, OfIsp>,
    /// Entries of the list that nobody is known to have served.
    pub unattributed: i64,
}

impl Figures {
    fn counted(&self) -> impl Iterator<Item = &OfIsp> {
        self.isps.values().filter(|one| one.is_counted())
    }

    fn sum(&self, of: impl Fn(&OfIsp) -> i64) -> i64 {
        self.counted().map(of).sum()
    }

    fn participants(&self, is: impl Fn(&OfIsp) -> bool) -> usize {
        self.counted().filter(|one| is(one)).count()
    }

    /// Entries of the list, whoever takes part: cases that it names, and what nobody is known to
    /// have served.
    pub fn obtained(&self) -> i64 {
        self.isps.values().map(|one| one.named).sum::<i64>() + self.unattributed
    }

    /// Lines distributed (配布件数).
    pub fn distributed(&self) -> i64 {
        self.sum(|one| one.distributed)
    }

    /// Cases that went to nobody, by how their provider stands to the campaign: those of a
    /// participant wait for its next list.
    pub fn to_nobody(&self) -> BTreeMap<Option<Standing>, i64> {
        let mut all = BTreeMap::new();
        for one in self.isps.values() {
            let left = one.named - one.distributed - one.told_before;
            if left > 0 {
                *all.entry(one.standing).or_insert(0) += left;
            }
        }
        all
    }

    /// Participating providers (参加ISP), those that left with lines among them.
    pub fn participating(&self) -> usize {
        self.participants(|_| true)
    }

    /// Those of them that left.
    pub fn left(&self) -> usize {
        self.participants(OfIsp::left)
    }

    /// Those from which any report came (実施報告).
    pub fn reporting(&self) -> usize {
        self.participants(|one| one.reporting() == Reporting::Reported)
    }

    /// Those with lines from which no report came.
    pub fn no_report(&self) -> usize {
        self.participants(|one| one.reporting() == Reporting::NoReport)
    }

    /// Lines whose subscribers were warned (注意喚起実施件数), in the period and reported in time.
    pub fn notices(&self) -> i64 {
        self.sum(|one| one.notices)
    }

    /// Lines whose subscribers were warned in the period, reported after the deadline.
    pub fn late(&self) -> i64 {
        self.sum(|one| one.late)
    }

    /// Lines whose subscribers were warned before the period or after it.
    pub fn outside(&self) -> i64 {
        self.sum(|one| one.outside)
    }

    /// Notices of each hundred lines distributed, with two decimals (注意喚起実施率); nothing of
    /// nothing has none.
    pub fn rate(&self) -> Option<String> {
        percent(self.notices(), self.distributed())
    }
}

/// `part` of each hundred of `whole`, rounded to two decimals, a half up.
fn percent(part: i64, whole: i64) -> Option<String> {
    let hundredths = (part.checked_mul(20_000)? + whole).checked_div(whole.checked_mul(2)?)?;
    Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
}

/// Counts a campaign, by the period and the deadline of what it says.
pub async fn of(db: &Db, campaign: &Campaign) -> anyhow::Result<Figures> {
    let mut figures = Figures::default();
    for said in participants::standings(db, campaign.id).await? {
        figures.isps.entry(said.isp).or_default().standing = Some(said.kind);
    }
    let mut tx = db.snapshot().await?;
    count(&mut tx, &mut figures, (campaign, None)).await?;
    drop(tx);
    figures.unattributed = store::unattributed(db, campaign.id).await?;
    Ok(figures)
}

/// Counts one provider's part in a campaign, and nobody else's.
pub async fn of_isp(tenant: &Tenant, campaign: &Campaign) -> anyhow::Result<OfIsp> {
    let mut figures = Figures::default();
    let mut tx = tenant.snapshot().await?;
    count(&mut tx, &mut figures, (campaign, Some(tenant.isp()))).await?;
    Ok(figures.isps.remove(tenant.code()).unwrap_or_default())
}

/// Adds what is counted of a campaign, of all providers or of one.
async fn count(
    tx: &mut Tx,
    figures: &mut Figures,
    (campaign, own): (&Campaign, Option<IspId>),
) -> crate::db::Result<()> {
    for one in store::enrolled(tx, campaign.id, own).await? {
        let isp = figures.isps.entry(one.isp).or_default();
        (isp.named, isp.told_before) = (one.cases, one.told_before);
    }
    let said = &campaign.holds;
    let in_time = said.report_by.next_midnight();
    let times = (said.from, said.to.unwrap_or(Moment(i64::MAX)), in_time);
    for Lines { isp, distributed, handed_out, reported, notices, late, outside } in
        store::lines(tx, campaign.id, times, own).await?
    {
        let of = figures.isps.entry(isp).or_default();
        (of.distributed, of.handed_out, of.reported) = (distributed, handed_out, reported);
        (of.notices, of.late, of.outside) = (notices, late, outside);
    }
    Ok(())
}

/// The fiscal year of a moment as the tables of the activity report name it: `R2` is 令和2年度.
pub fn fiscal_year(at: Moment) -> String {
    let day = at.in_japan();
    let year = if day.month() < 4 { day.year() - 1 } else { day.year() };
    if year < 2019 { format!("H{}", year - 1988) } else { format!("R{}", year - 2018) }
}

/// The edition of the figures as a CSV file (集計表), laid out as that of the Emotet campaign.
pub fn csv(said: &Said, figures: &Figures) -> anyhow::Result<Vec<u8>> {
    let rate = figures.rate().unwrap_or_default();
    let source = format!("{}からの入手データ（配布件数）総件数", said.provenance.source.ja);
    let way = format!("{}からの情報提供", said.provenance.handed_over_by.ja);
    let (distributed, notices) = (figures.distributed(), figures.notices());
    let rows = [
        ("distributed_total", distributed.to_string(), "件", source.as_str()),
        ("participating_isps", figures.participating().to_string(), "社", "参加ISP"),
        ("reporting_isps", figures.reporting().to_string(), "社", "実施報告"),
        ("notices_sent", notices.to_string(), "件", "注意喚起実施件数"),
        ("notice_rate_percent", rate, "%", "注意喚起実施率"),
        ("fiscal_year", fiscal_year(said.from), "", way.as_str()),
    ];
    let mut file =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    file.write_record(["key", "value", "unit", "note"])?;
    for (key, value, unit, note) in &rows {
        file.write_record([key, value.as_str(), unit, note])?;
    }
    Ok(file.into_inner()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_of_what_was_distributed_with_two_decimals() {
        assert_eq!(percent(1_680, 20_845).as_deref(), Some("8.06"));
        assert_eq!(percent(1, 8_000).as_deref(), Some("0.01"));
        assert_eq!(percent(1, 1).as_deref(), Some("100.00"));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn who_left_with_lines_is_counted_with_them_and_nobody_else_that_takes_no_part() {
        let isp = |standing, distributed, notices| OfIsp {
            standing,
            distributed,
            notices,
            reported: notices,
            ..OfIsp::default()
        };
        let isps = [
            ("joined", isp(Some(Standing::Joined), 90, 9)),
            ("left", isp(Some(Standing::Withdrew), 10, 0)),
            ("left-at-once", isp(Some(Standing::Withdrew), 0, 0)),
            ("declined", isp(Some(Standing::Declined), 5, 5)),
        ];
        let isps = isps.map(|(code, isp)| (code.to_owned(), isp)).into();
        let figures = Figures { isps, unattributed: 0 };
        assert_eq!((figures.participating(), figures.left()), (2, 1));
        assert_eq!((figures.reporting(), figures.no_report()), (1, 1));
        assert_eq!((figures.distributed(), figures.notices()), (100, 9));
        assert_eq!(figures.rate().as_deref(), Some("9.00"));
    }

    #[test]
    fn a_fiscal_year_begins_in_april() {
        let year = |day: &str| fiscal_year(Moment::parse_day(day).unwrap());
        assert_eq!(year("2021-02-22"), "R2");
        assert_eq!(year("2021-03-31"), "R2");
        assert_eq!(year("2021-04-01"), "R3");
        assert_eq!(year("2019-03-31"), "H30");
        assert_eq!(year("2019-04-01"), "R1");
    }

    #[test]
    fn a_participant_without_lines_owes_no_report_and_one_with_lines_does() {
        let isp = |distributed, reported| OfIsp { distributed, reported, ..OfIsp::default() };
        assert_eq!(isp(0, 0).reporting(), Reporting::NoLines);
        assert_eq!(isp(9, 0).reporting(), Reporting::NoReport);
        assert_eq!(isp(9, 1).reporting(), Reporting::Reported);
    }
}
