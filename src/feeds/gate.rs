//! Gate (量の関門): a batch out of all measure waits for a person before any list holds its cases.
//!
//! A scanner that goes wrong names tens of thousands who have nothing wrong, and a letter cannot be
//! unsent. So a file is weighed when it is in: against what its feed mostly sends, and against the
//! addresses of each provider. What is out of measure stays in the store, where it can be looked
//! at, and its cases stand on no list until somebody approves; declining withdraws the file. Owns
//! `file_addresses`, `file_gates`.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{
    receive::FeedFile,
    store::{gate as store, undo},
    withdrawal::Word,
};
use crate::{
    app::App,
    audit::{self, Deed},
    db::{Db, Tx, retry},
    ids::{FeedId, FileId, IspId},
    time::Moment,
};

/// A file with more than so many times the median waits: a feed that doubles is news, one that
/// triples from one day to the next is mostly a fault.
pub const TIMES_MEDIAN: i64 = 3;
/// Days over which the median is taken: a month holds every kind of day that a feed knows.
pub const MEDIAN_DAYS: i64 = 30;
/// Files of one delivery, or of one run, that came within so many days are one batch: split into
/// small ones it is no smaller.
pub const BATCH_DAYS: i64 = 1;
/// Fewer files than this have no median worth the name.
pub const MEDIAN_FILES: usize = 5;
/// Of each hundred addresses of a provider so many: national scans find weak devices at about one
/// address in a thousand, so ten times that is no finding but a fault.
pub const PERCENT_OF_ISP: i64 = 1;
/// Up to so many hits nobody is asked: a person can look through them, and small feeds would nag.
pub const FLOOR: i64 = 100;

/// No reasons, as they are stored: the file waits since it is being read again.
const NOT_WEIGHED: &str = "[]";

/// In which way a file is out of measure (超過).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
#[doc(alias = "超過")]
pub enum Excess {
    /// Far more hits than the feed mostly sends.
    Median {
        /// Hits of the file.
        hits: i64,
        /// The median of the files before it.
        median: i64,
        /// How many those are.
        files: usize,
    },
    /// Too many addresses of one provider.
    Share {
        /// Its code.
        isp: String,
        /// Its addresses that the file and the rest of its batch name; one that is named in several
        /// parts counts in each.
        addresses: i64,
        /// The addresses or lines it has.
        of: i64,
    },
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Median { hits, median, files } => write!(
                f,
                "{hits} hits are more than {TIMES_MEDIAN} times the median of {median} \
                 ({files} files of {MEDIAN_DAYS} days)"
            ),
            Self::Share { isp, addresses, of } => {
                write!(f, "{addresses} addresses are over {PERCENT_OF_ISP} % of the {of} of {isp}")
            }
        }
    }
}

/// Reasons in one sentence.
pub fn told(excess: &[Excess]) -> String {
    if excess.is_empty() {
        return "its rows are being read again, and are not weighed yet".to_owned();
    }
    excess.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Addresses of one provider that a file names, out of those that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfIsp {
    /// Its code.
    pub isp: String,
    /// Addresses that the file names.
    pub addresses: i64,
    /// Addresses or lines it has; 0 where nobody knows.
    pub of: i64,
}

/// In which ways a file of so many `hits` is out of measure, after files of `before` hits each.
pub fn weigh(hits: i64, before: &[i64], isps: &[OfIsp]) -> Vec<Excess> {
    let mut excess = Vec::new();
    if let Some(median) = median(before).filter(|_| before.len() >= MEDIAN_FILES)
        && hits > FLOOR
        && hits > TIMES_MEDIAN.saturating_mul(median)
    {
        excess.push(Excess::Median { hits, median, files: before.len() });
    }
    let over = |one: &&OfIsp| {
        one.addresses > FLOOR
            && one.of > 0
            && one.addresses.saturating_mul(100) > one.of.saturating_mul(PERCENT_OF_ISP)
    };
    excess.extend(isps.iter().filter(over).map(|one| Excess::Share {
        isp: one.isp.clone(),
        addresses: one.addresses,
        of: one.of,
    }));
    excess
}

/// The middle one; of two in the middle the greater one, so that nobody is asked for half a row.
fn median(numbers: &[i64]) -> Option<i64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Notes how many addresses of each provider a batch of `file` names.
pub(crate) async fn note(
    tx: &mut Tx,
    file: &FeedFile,
    addresses: &BTreeMap<IspId, i64>,
) -> crate::db::Result<()> {
    store::add_addresses(tx, file.id, addresses).await
}

/// What a file is weighed by: its hits, those of the files before it, and of each provider that it
/// names often enough the addresses.
pub(crate) async fn measures(
    db: &Db,
    feed: FeedId,
    file: &FeedFile,
) -> crate::db::Result<(i64, Vec<i64>, Vec<(IspId, i64)>)> {
    let hits = store::hits_of(db, file.id).await?;
    let since = file.received_at.plus_days(-MEDIAN_DAYS);
    let before = store::hits_before(db, feed, (since, file.received_at), file.id).await?;
    let batch = file.received_at.plus_days(-BATCH_DAYS);
    Ok((hits, before, store::addresses_over(db, (feed, file.id), batch, FLOOR).await?))
}

/// Lets the cases of a file that is in already wait while rows of it are read again, unless
/// somebody has decided about it: a list made meanwhile must not hold what is weighed only then.
/// Where the reading is cut off, the file waits until it is read again or somebody decides.
pub(crate) async fn hold_while_read(app: &App, file: FileId) -> crate::db::Result<()> {
    let hold = || async {
        let mut tx = app.db.begin().await?;
        store::insert(&mut tx, file, app.now(), NOT_WEIGHED).await?;
        tx.commit().await
    };
    retry::until_settled(hold).await
}

/// Says how a file stands that waited while rows of it were read again: it goes on, or waits for
/// somebody. What was decided before stays.
pub(crate) async fn settle(app: &App, file: FileId, excess: &[Excess]) -> anyhow::Result<()> {
    let why = serde_json::to_string(excess)?;
    let settle = || async {
        let mut tx = app.db.begin().await?;
        store::let_go(&mut tx, file, NOT_WEIGHED).await?;
        if !excess.is_empty() {
            store::insert(&mut tx, file, app.now(), &why).await?;
        }
        tx.commit().await
    };
    Ok(retry::until_settled(settle).await?)
}

/// A file that waits for approval (承認待ち).
#[derive(Clone, Debug, FromRow)]
#[doc(alias = "承認待ち")]
pub struct Held {
    /// Its key.
    pub id: FileId,
    /// The name of its feed.
    pub feed: String,
    /// The name it came under.
    pub name: String,
    /// The hash of its content.
    pub sha256: String,
    /// Since when it waits.
    pub at: Moment,
    /// Cases that it opened and that stand.
    pub cases: i64,
    /// Why, as it is stored; no reason while it is read again.
    why: String,
}

impl Held {
    /// Why it waits; no reason while it is read again.
    pub fn excess(&self) -> anyhow::Result<Vec<Excess>> {
        Ok(serde_json::from_str(&self.why)?)
    }
}

/// The files that wait, oldest first.
pub async fn waiting(db: &Db) -> crate::db::Result<Vec<Held>> {
    store::waiting(db).await
}

/// Why a file waits for approval; nothing if it does not.
pub async fn why(db: &Db, file: FileId) -> anyhow::Result<Option<String>> {
    let why = store::why(db, file).await?;
    why.map(|why| Ok(told(&serde_json::from_str::<Vec<Excess>>(&why)?))).transpose()
}

/// Why nothing is approved (承認できない理由).
#[derive(Debug, thiserror::Error)]
#[error("the file {0} waits for no approval; see `todoke feed approvals`")]
pub struct NotWaiting(pub String);

/// Lets the cases of a file go on lists. Tells whether it was waiting.
pub async fn approve(app: &App, file: FileId, word: Word<'_>) -> anyhow::Result<bool> {
    let mut tx = app.db.begin().await?;
    if !store::approve(&mut tx, file, app.now()).await? {
        return Ok(false);
    }
    undo::insert_event(&mut tx, file, ("approved", &word), app.now()).await?;
    let name = file.to_string();
    audit::note(&mut tx, Deed::new("file.approve", &name).by(word.author, app.now())).await?;
    tx.commit().await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(addresses: i64, of: i64) -> OfIsp {
        OfIsp { isp: "isp-a".to_owned(), addresses, of }
    }

    #[test]
    fn a_file_waits_above_three_times_the_median_of_five_files_and_not_before() {
        let usual = [90, 100, 110, 100, 95];
        assert_eq!(weigh(300, &usual, &[]), []);
        let excess = Excess::Median { hits: 301, median: 100, files: 5 };
        assert_eq!(weigh(301, &usual, &[]), [excess]);
        assert_eq!(weigh(301, &usual[..4], &[]), [], "four files have no median");
        assert_eq!(weigh(100, &[1; 9], &[]), [], "nobody is asked about a hundred");
    }

    #[test]
    fn a_file_waits_above_a_hundredth_of_a_provider_and_a_hundred_addresses() {
        assert_eq!(weigh(0, &[], &[share(100, 200)]), []);
        assert_eq!(weigh(0, &[], &[share(101, 10_100)]), []);
        assert_eq!(weigh(0, &[], &[share(101, 10_099)]).len(), 1);
        assert_eq!(weigh(0, &[], &[share(5_000, 0)]), [], "nobody knows how many it has");
    }

    proptest! {
        #[test]
        fn more_of_the_same_never_lets_a_file_through(
            hits in 0..10_000_i64, before in prop::collection::vec(0..1_000_i64, 0..20),
            addresses in 0..10_000_i64, of in 0..1_000_000_i64,
        ) {
            let held = weigh(hits, &before, &[share(addresses, of)]).len();
            prop_assert!(weigh(hits + 1, &before, &[share(addresses + 1, of)]).len() >= held);
        }
    }
}
