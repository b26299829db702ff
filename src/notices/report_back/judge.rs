//! Judging (照合): what each row of a report means, given what is known of the provider's lines.
//!
//! Plain functions over plain values: the same rows give the same answer in whatever order they
//! stand, and whether they are doubled.

use std::collections::{BTreeMap, HashMap, HashSet};

use formats::{
    report_back::{ReasonCode, Report, TypedId},
    stamp,
};

use super::{Asked, RowError, body};
use crate::{
    ids::{CaseId, NoticeId},
    isps::apartments::contradiction::Weighed,
    notices::apartments::Placed,
    time::Moment,
};

/// A record of a list: which list, which number.
pub(in crate::notices) type RecordKey = (NoticeId, i64);

/// A report that was kept earlier.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) version: i64,
    pub(super) reported_at: Moment,
    pub(super) received_at: Moment,
    pub(super) body: String,
}

/// A line as the provider may report on it.
#[derive(Clone, Debug)]
pub(super) struct KnownLine {
    pub(super) case: CaseId,
    pub(super) seen_at: Moment,
    pub(super) is_withdrawn: bool,
    pub(super) past: Vec<Past>,
    /// What is known of its place, where it is in an apartment house.
    pub(super) placed: Option<Placed>,
}

/// What is known of the provider's lines that a report may name.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) isp: String,
    /// Lists by name, each with how many lines it has.
    pub(super) lists: HashMap<String, (NoticeId, i64)>,
    pub(super) lines: HashMap<RecordKey, KnownLine>,
    /// Which record an inquiry ID stands on, by what was typed: its latest.
    pub(super) by_id: HashMap<String, RecordKey>,
}

/// A report that says something new.
#[derive(Debug)]
pub(in crate::notices) struct Fresh<'a> {
    pub(in crate::notices) key: RecordKey,
    pub(in crate::notices) case: CaseId,
    pub(in crate::notices) version: i64,
    /// The one that stood for its line when it came.
    pub(in crate::notices) corrects: Option<i64>,
    /// Whether it stands for its line from now on.
    pub(in crate::notices) stands: bool,
    pub(in crate::notices) report: &'a Report,
    pub(in crate::notices) body: String,
}

/// What comes of a report.
#[derive(Debug, Default)]
pub(super) struct Judged<'a> {
    pub(super) fresh: Vec<Fresh<'a>>,
    pub(super) unchanged: usize,
    pub(super) errors: Vec<RowError>,
    pub(super) asked: Vec<Asked>,
}

/// Why a row that can be read comes back (差戻し理由).
#[derive(Clone, Debug, thiserror::Error)]
enum Refusal {
    #[error("{isp} has no list `{list}`")]
    UnknownList { isp: String, list: String },
    #[error("the list has {lines} lines; this is {record}")]
    UnknownRecord { lines: i64, record: u64 },
    #[error("no line of {0} has this inquiry ID")]
    UnknownId(String),
    #[error("this inquiry ID belongs to another line than the one that list_id and record_no name")]
    OtherLine,
    #[error("this line was withdrawn: it was listed by mistake")]
    Withdrawn,
    #[error("this is before the detection, which was at {0}")]
    BeforeDetection(String),
}

impl Refusal {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownList { .. } => "unknown_list",
            Self::UnknownRecord { .. } => "unknown_record",
            Self::UnknownId(_) => "unknown_id",
            Self::OtherLine => "other_line",
            Self::Withdrawn => "withdrawn_line",
            Self::BeforeDetection(_) => "before_detection",
        }
    }
}

/// What comes of `reports` that came at `now`.
pub(super) fn judge<'a>(known: &Known, reports: &'a [Report], now: Moment) -> Judged<'a> {
    let mut judged = Judged::default();
    let mut by_line: BTreeMap<RecordKey, Vec<(&Report, String)>> = BTreeMap::new();
    let names: HashMap<NoticeId, &str> =
        known.lists.iter().map(|(name, (id, _))| (*id, name.as_str())).collect();
    for report in reports {
        match record_of(known, report).and_then(|key| in_time(known, report, key)) {
            Ok(key) => {
                let list = names.get(&key.0).copied().unwrap_or_default();
                by_line.entry(key).or_default().push((report, body::written(report, list, key.1)));
            }
            Err((column, why)) => {
                judged.errors.push(RowError::of(report.line, Some(column), why.code(), &why));
            }
        }
    }
    for (key, mut said) in by_line {
        // In the order in which the provider dated them, whatever their order in the file.
        said.sort_by(|(a, text), (b, other)| (a.reported_at, text).cmp(&(b.reported_at, other)));
        if let Some(line) = known.lines.get(&key) {
            of_line(&mut judged, (key, line), said, now);
        }
    }
    judged
}

fn of_line<'a>(
    judged: &mut Judged<'a>,
    (key, line): (RecordKey, &KnownLine),
    said: Vec<(&'a Report, String)>,
    now: Moment,
) {
    let mut texts: HashSet<String> = line.past.iter().map(|past| past.body.clone()).collect();
    let mut version = line.past.iter().map(|past| past.version).max().unwrap_or(0);
    // The one that is dated last, then the one that came last; of one moment, whatever it says.
    let order = |past: &Past| (past.reported_at, past.received_at, past.body.clone(), past.version);
    let mut standing = line.past.iter().map(order).max();
    let first = judged.fresh.len();
    for (report, body) in said {
        // An old file sent again after a newer one is no news either.
        if texts.contains(&body) {
            judged.unchanged += 1;
            continue;
        }
        if !stands_in_the_table(judged, line, report) {
            continue;
        }
        texts.insert(body.clone());
        version += 1;
        let corrects = standing.as_ref().map(|standing| standing.3);
        standing = standing.max(Some((Moment(report.reported_at), now, body.clone(), version)));
        let case = line.case;
        judged.fresh.push(Fresh { key, case, version, corrects, stands: false, report, body });
    }
    for fresh in &mut judged.fresh[first..] {
        fresh.stands = standing.as_ref().is_some_and(|one| one.3 == fresh.version);
    }
}

/// Whether what a new report says of an apartment house can be; it comes back where it cannot, and
/// is asked about where nobody knows yet.
fn stands_in_the_table(judged: &mut Judged<'_>, line: &KnownLine, report: &Report) -> bool {
    match line.placed.as_ref().map(|placed| placed.weigh(report)) {
        Some(Weighed::Contradicts { column, code, instead, reason }) => {
            let error = RowError::of(report.line, Some(column), code, reason);
            judged.errors.push(RowError { instead, ..error });
            false
        }
        Some(Weighed::Asks(question)) => {
            judged.asked.push(Asked::of(report.line, question));
            true
        }
        Some(Weighed::Fits) | None => true,
    }
}

/// Which record a row speaks of.
fn record_of(known: &Known, report: &Report) -> Result<RecordKey, (&'static str, Refusal)> {
    let by_id = |typed: &TypedId| {
        let unknown = || ("inquiry_id", Refusal::UnknownId(known.isp.clone()));
        known.by_id.get(&typed.0).copied().ok_or_else(unknown)
    };
    let key = match &report.inquiry_id {
        Some(typed) if report.list_id.is_empty() => by_id(typed)?,
        typed => {
            let key = by_number(known, report)?;
            let case = |key: &RecordKey| known.lines.get(key).map(|line| line.case);
            // An ID may stand on several lists: it is the right one where the case is the same.
            if let Some(typed) = typed
                && case(&by_id(typed)?) != case(&key)
            {
                return Err(("inquiry_id", Refusal::OtherLine));
            }
            key
        }
    };
    match known.lines.get(&key) {
        Some(line) if line.is_withdrawn => Err(("record_no", Refusal::Withdrawn)),
        _ => Ok(key),
    }
}

fn by_number(known: &Known, report: &Report) -> Result<RecordKey, (&'static str, Refusal)> {
    let Some((list, lines)) = known.lists.get(&report.list_id).copied() else {
        let (isp, list) = (known.isp.clone(), report.list_id.clone());
        return Err(("list_id", Refusal::UnknownList { isp, list }));
    };
    let key = (list, i64::try_from(report.record_no).unwrap_or(i64::MAX));
    if known.lines.contains_key(&key) {
        return Ok(key);
    }
    Err(("record_no", Refusal::UnknownRecord { lines, record: report.record_no }))
}

/// Nobody is told of what was not yet seen. The list shows whole seconds, and so do reports; where
/// a report names the day alone, days in Japan are compared.
fn in_time(
    known: &Known,
    report: &Report,
    key: RecordKey,
) -> Result<RecordKey, (&'static str, Refusal)> {
    const SECOND: i64 = 1_000_000;
    let Some(line) = known.lines.get(&key) else { return Ok(key) };
    let seen = line.seen_at.0.div_euclid(SECOND) * SECOND;
    let earlier = || Refusal::BeforeDetection(line.seen_at.rfc3339());
    if report.reported_at < seen {
        return Err(("reported_at", earlier()));
    }
    // Who was told before, for the same matter, was told before this detection.
    let may_be_earlier = report.reason_code == Some(ReasonCode::AlreadyNotified);
    let earliest = if report.notice_is_day { stamp::day_of(seen) } else { seen };
    match report.notice_at {
        Some(at) if at < earliest && !may_be_earlier => Err(("notice_at", earlier())),
        _ => Ok(key),
    }
}
