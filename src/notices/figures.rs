//! Figures per provider (事業者別実績): of what was detected, how much came how far, with each
//! denominator named.
//!
//! A line counts once, whatever its addresses and lists. Shares of what was *distributed* tell how
//! much of the work was done; shares of what was *identified* leave out what nobody could find.
//! `no_report` is a figure of its own and never zero by silence; of these, `log_expired` can be
//! found no more. Owns no table; reads `cases`, `log_terms` and the tables of notices.

use std::collections::{BTreeMap, HashSet};

use effect::{Level, proportions};
use serde::Serialize;
use sqlx::FromRow;

use super::{clock::LOG_DAYS, report_back::body, store::figures as store};
use crate::{db::Db, ids::IspId, time::Moment};

/// How far the lines of a provider came (事業者別実績).
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow, Serialize)]
#[doc(alias = "事業者別実績")]
pub struct Figures {
    /// The provider's code.
    pub isp: String,
    /// Its name.
    pub name: String,
    /// Lines on which something was detected.
    pub detected: i64,
    /// Lines that stood on a list: those distributed.
    pub listed: i64,
    /// Lines that were handed out, with their list or as part of it.
    pub fetched: i64,
    /// Lines for which a report says how they ended.
    pub reported: i64,
    /// Lines that their provider says it is still at.
    pub pending: i64,
    /// Lines for which none came.
    pub no_report: i64,
    /// Lines for which none says how they ended and that can be found no more.
    pub log_expired: i64,
    /// Lines whose subscriber was found.
    pub identified: i64,
    /// Lines whose subscriber was told.
    pub notified: i64,
    /// Lines whose notice arrived.
    pub delivered: i64,
    /// Lines whose notice came back.
    pub bounced: i64,
}

/// A share with its interval (割合).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// What is counted.
    pub figure: &'static str,
    /// Of what: `detected`, `distributed`, `identified` or `notified`.
    pub denominator: &'static str,
    /// How many.
    pub count: i64,
    /// Of how many.
    pub n: i64,
    /// The share; nothing of nothing has none.
    pub estimate: Option<f64>,
    /// The lower end of Wilson's interval at 95 %.
    pub lower: Option<f64>,
    /// Its upper end.
    pub upper: Option<f64>,
}

impl Figures {
    /// The shares of what was distributed, of what was identified, of what was detected, and of
    /// what was notified.
    pub fn shares(&self) -> Vec<Share> {
        let distributed = [
            ("fetched", self.fetched),
            ("reported", self.reported),
            ("identified", self.identified),
            ("notified", self.notified),
            ("delivered", self.delivered),
            ("bounced", self.bounced),
        ];
        let identified =
            [("notified", self.notified), ("delivered", self.delivered), ("bounced", self.bounced)];
        let of = |denominator, n: i64| move |(figure, count)| share(figure, denominator, count, n);
        let (detected, notified) = ([("notified", self.notified)], [identified[1], identified[2]]);
        let first = distributed.into_iter().map(of("distributed", self.listed));
        let first = first.chain(identified.into_iter().map(of("identified", self.identified)));
        let first = first.chain(detected.into_iter().map(of("detected", self.detected)));
        first.chain(notified.into_iter().map(of("notified", self.notified))).collect()
    }
}

fn share(figure: &'static str, denominator: &'static str, count: i64, n: i64) -> Share {
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let rate = proportions::wilson(number(count), number(n), Level::P95).ok();
    Share {
        figure,
        denominator,
        count,
        n,
        estimate: rate.map(|rate| rate.value),
        lower: rate.map(|rate| rate.interval.lower),
        upper: rate.map(|rate| rate.interval.upper),
    }
}

/// The figures of one provider or of all, of lines that were first seen at `since` or later.
pub async fn of(
    db: &Db,
    isp: Option<IspId>,
    since: Option<Moment>,
    now: Moment,
) -> crate::db::Result<Vec<Figures>> {
    let mut tx = db.snapshot().await?;
    store::figures(&mut tx, isp, since.unwrap_or(Moment(i64::MIN)), (now, LOG_DAYS)).await
}

/// How many lines were told by a channel and in a wording, and what came of it (方法と文面の実績).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[doc(alias = "方法と文面の実績")]
pub struct ByWording {
    /// The provider's code.
    #[serde(skip)]
    pub isp: String,
    /// The channel, in the word of the wire.
    pub channel: String,
    /// The wording that was used; nothing where none was said.
    pub template_version: Option<String>,
    /// Lines whose subscriber was told so.
    pub told: usize,
    /// Lines whose notice arrived.
    pub delivered: usize,
    /// Lines whose notice came back.
    pub bounced: usize,
}

/// The same for each channel and wording, as the reports that stand say; a line counts once for
/// each.
pub async fn by_wording(
    db: &Db,
    isp: Option<IspId>,
    since: Option<Moment>,
) -> crate::db::Result<Vec<ByWording>> {
    type Lines = HashSet<Vec<u8>>;
    let mut tx = db.snapshot().await?;
    let rows = store::tellings(&mut tx, isp, since.unwrap_or(Moment(i64::MIN))).await?;
    let mut all: BTreeMap<(String, String, String), [Lines; 3]> = BTreeMap::new();
    for row in rows {
        // Before there was a column for it, the wording stood in the report alone.
        let before = || body::read(&row.body.unwrap_or_default())?.template_version;
        let wording = row.template_version.or_else(before).unwrap_or_default();
        let counted = all.entry((row.isp, row.channel, wording)).or_default();
        for (lines, is_it) in counted.iter_mut().zip([row.is_told, row.is_there, row.is_back]) {
            if is_it {
                lines.insert(row.speaker.clone());
            }
        }
    }
    let one = |((isp, channel, wording), [told, delivered, bounced]): (_, [Lines; 3])| ByWording {
        isp,
        channel,
        template_version: Some(wording).filter(|name: &String| !name.is_empty()),
        told: told.len(),
        delivered: delivered.len(),
        bounced: bounced.len(),
    };
    Ok(all.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_denominators_are_told_and_a_share_of_nothing_is_none() {
        let figures = Figures {
            isp: "isp-a".to_owned(),
            name: "A".to_owned(),
            detected: 30_000,
            listed: 20_845,
            fetched: 20_845,
            reported: 20_000,
            pending: 0,
            no_report: 845,
            log_expired: 0,
            identified: 2_000,
            notified: 1_680,
            delivered: 0,
            bounced: 0,
        };
        let share = |figures: &Figures, denominator: &str| {
            let shares = figures.shares();
            let one = |one: &&Share| one.figure == "notified" && one.denominator == denominator;
            shares.iter().find(one).unwrap().clone()
        };
        let distributed = share(&figures, "distributed");
        assert_eq!(format!("{:.2}", distributed.estimate.unwrap() * 100.0), "8.06");
        assert!(
            distributed.lower < distributed.estimate && distributed.estimate < distributed.upper
        );
        assert_eq!(share(&figures, "identified").estimate, Some(0.84));
        let nothing = Figures { listed: 0, identified: 0, notified: 0, ..figures };
        assert_eq!(share(&nothing, "identified").estimate, None);
    }
}
