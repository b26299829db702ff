//! Preparing (作成): which cases go on an ISP's next list.

pub mod by_schedule;

use std::collections::{HashMap, HashSet};

use super::{
    Notice, dispatch,
    line::{LineBody, Listing},
    others,
    recall::{CORRECTED, WITHDRAWN},
    store::{self, NewLine},
};
use crate::{
    app::App,
    audit::{self, Deed},
    cases::{Case, CaseRef, State, find_in, inquiry_id, listed},
    db::{Tx, retry},
    ids::{CampaignId, CaseId, FileId, NoticeId},
    isps::Isp,
    sightings::{self, retract},
    time::Moment,
};

/// Days the ISP has to report.
pub const REPORT_DAYS: i64 = 30;
/// Lines of one list; what is over goes on the next.
pub const LINES_MAX: i64 = 100_000;

/// What came of preparing (作成結果).
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// The list, unless nothing waits.
    pub notice: Option<Notice>,
    /// Its lines that take back what an earlier list said, or say it anew.
    pub recalls: i64,
    /// Cases that stand on no list before somebody approves the file that brought them, or before
    /// that file is in to its end.
    pub held: i64,
    /// Cases whose latest sighting the provider may not read of: the addresses were somebody
    /// else's by then.
    pub handed_over: i64,
    /// Cases of one-off lists that go to providers that take part in their campaign alone.
    pub not_joined: i64,
}

impl Prepared {
    /// Whether nothing waited, and nothing is held back.
    pub fn is_nothing(&self) -> bool {
        self.notice.is_none() && self.held + self.handed_over + self.not_joined == 0
    }
}

/// Prepares the next list of `isp`; nothing when no case waits.
pub async fn for_isp(app: &App, isp: &Isp) -> anyhow::Result<Option<Notice>> {
    Ok(all_for_isp(app, isp).await?.notice)
}

/// Prepares the next list of `isp`, and says what is held back from it.
///
/// A case waits when it is open and stands on no list, or recurred after it was listed. A case that
/// another one of its line speaks for is never listed again.
pub async fn all_for_isp(app: &App, isp: &Isp) -> anyhow::Result<Prepared> {
    retry::looking_again(|| prepare(app, isp)).await
}

async fn prepare(app: &App, isp: &Isp) -> anyhow::Result<Prepared> {
    let now = app.now();
    let mut tx = app.db.begin().await?;
    // Counted before the cases are read: of two that prepare at once, either both take the same
    // number and one starts over, or the later one sees the lines of the earlier.
    let number = store::count(&mut tx, isp.id).await? + 1;
    let files = store::recall::held_files(&mut tx).await?;
    let Sorted { free: waiting, held, not_joined } = waiting(&mut tx, (isp, now), &files).await?;
    let untold = store::recall::untold(&mut tx, isp.id).await?;
    if waiting.is_empty() && untold.is_empty() {
        return Ok(Prepared { held, not_joined, ..Prepared::default() });
    }
    let report_by = now.plus_days(REPORT_DAYS);
    // Before the register is read, so that what changes meanwhile is looked at once more.
    let mark = store::collection::mark(&mut tx).await?;
    let listing = Listing::of(app, isp, report_by).await?;
    let (waiting, bodies, handed_over) = readable(&mut tx, &listing, waiting).await?;
    let recalls = recalls(&mut tx, (isp, &listing), untold, (&waiting, &files)).await?;
    let recalled = i64::try_from(recalls.lines.len())?;
    if waiting.is_empty() && recalls.lines.is_empty() {
        return Ok(Prepared { held, handed_over, not_joined, ..Prepared::default() });
    }
    let notice = Notice {
        isp_id: isp.id,
        id: NoticeId(app.fresh_id()),
        list_id: format!("{}-{}-{number:03}", isp.code, now.date_jst().replace('-', "")),
        prepared_at: now,
        report_by,
        lines: i64::try_from(waiting.len())? + recalled,
        withdrawn_at: None,
    };
    store::insert(&mut tx, &notice).await?;
    others::begin(&mut tx, &notice, &mark).await?;
    let mut lines = recalls.lines;
    let ids: Vec<CaseId> = waiting.iter().map(|case| case.id).collect();
    inquiry_id::issue_all(app, &mut tx, isp.id, &ids).await?;
    lines.extend(bodies);
    store::campaign::insert(&mut tx, &notice, &of_campaigns(&listing, &lines)).await?;
    store::insert_lines(&mut tx, &notice, lines).await?;
    for told in recalls.told {
        store::recall::set_told(&mut tx, &notice, told).await?;
    }
    let cases: Vec<_> = waiting.iter().map(Case::reference).collect();
    listed(&mut tx, &cases, now, &notice.list_id).await?;
    // What is to be sent is entered here, so that no list is prepared and forgotten.
    dispatch::enter(app, &mut tx, &notice).await?;
    let detail = serde_json::json!({ "lines": notice.lines }).to_string();
    let deed = Deed::new("notice.prepare", &notice.list_id).of_isp(&isp.code).with(&detail);
    audit::note_deed(app, &mut tx, deed).await?;
    tx.commit().await?;
    Ok(Prepared { notice: Some(notice), recalls: recalled, held, handed_over, not_joined })
}

/// Of the cases that wait those that the provider may read of, with what stands on their lines; and
/// how many others there are.
async fn readable(
    tx: &mut Tx,
    listing: &Listing,
    waiting: Vec<(Case, i64)>,
) -> anyhow::Result<(Vec<Case>, Vec<NewLine>, i64)> {
    let action = |listings: i64| if listings == 0 { "new" } else { "repeat" };
    let asked: Vec<_> = waiting.iter().map(|(case, listings)| (case, action(*listings))).collect();
    let lines = listing.lines(tx, &asked).await?;
    let (mut cases, mut bodies, mut others) = (Vec::new(), Vec::new(), 0);
    for ((case, _), line) in waiting.into_iter().zip(lines) {
        match line {
            Some(body) => {
                bodies.push(body.on_line_of(case.id)?);
                cases.push(case);
            }
            None => others += 1,
        }
    }
    Ok((cases, bodies, others))
}

/// The lines of a list that campaigns name: their numbers, cases and campaigns.
fn of_campaigns(listing: &Listing, lines: &[NewLine]) -> Vec<(i64, CaseId, CampaignId)> {
    let lines = (1..).zip(lines);
    let named = lines.filter_map(|(no, line)| {
        listing.campaign_of(line.case).map(|campaign| (no, line.case, campaign.id))
    });
    named.collect()
}

/// What goes on the list, each case with how often it was listed, and what is held back.
#[derive(Default)]
struct Sorted {
    free: Vec<(Case, i64)>,
    held: i64,
    not_joined: i64,
}

/// The cases that go on the list, and how many these `files` or a campaign hold back.
async fn waiting(
    tx: &mut Tx,
    (isp, now): (&Isp, Moment),
    files: &[FileId],
) -> anyhow::Result<Sorted> {
    let mut waiting = store::waiting(tx, isp.id, (LINES_MAX, now)).await?;
    if files.is_empty() && !store::campaign::is_any(tx).await? {
        return Ok(Sorted { free: waiting, ..Sorted::default() });
    }
    let (mut held, mut not_joined) = store::held(tx, isp.id, now).await?;
    if not_joined > 0 {
        let found_elsewhere = found_elsewhere(tx, isp, now).await?;
        not_joined -= i64::try_from(found_elsewhere.len())?;
        waiting.extend(found_elsewhere);
        waiting.sort_by(|(a, _), (b, _)| (a.first_seen, &a.spot).cmp(&(b.first_seen, &b.spot)));
        waiting.truncate(usize::try_from(LINES_MAX)?);
    }
    if files.is_empty() {
        return Ok(Sorted { free: waiting, held, not_joined });
    }
    let mut free = Vec::with_capacity(waiting.len());
    for (case, listings) in waiting.drain(..) {
        // A case that recurred is held where only files that wait say so.
        if case.state == State::Recurred {
            let spots = store::recall::spots_of_line(tx, isp.id, case.id).await?;
            let by = sightings::retract::seen_by(tx, &spots, case.state_since).await?;
            if !by.is_empty() && by.iter().all(|file| files.contains(file)) {
                held += 1;
                continue;
            }
        }
        free.push((case, listings));
    }
    Ok(Sorted { free, held, not_joined })
}

/// Cases that a one-off list opened and that a feed of another undertaking saw as well: the
/// provider hears of them as it would without the campaign.
async fn found_elsewhere(tx: &mut Tx, isp: &Isp, now: Moment) -> anyhow::Result<Vec<(Case, i64)>> {
    let mut cases = store::held_and_seen_again(tx, isp.id, (LINES_MAX, now)).await?;
    if cases.is_empty() {
        return Ok(cases);
    }
    let one_off: HashSet<FileId> = store::campaign::files(tx).await?.into_iter().collect();
    let shelves = retract::shelves_of(cases.iter().map(|(case, _)| &case.spot[..]));
    let mut seen: HashMap<Vec<u8>, Vec<Moment>> = HashMap::new();
    for one in retract::told(tx, None, &shelves).await? {
        if !one_off.contains(&one.file) {
            seen.entry(one.spot).or_default().push(one.at);
        }
    }
    cases.retain(|(case, _)| {
        let times = seen.get(&case.spot).map_or(&[][..], Vec::as_slice);
        times.iter().any(|at| (case.first_seen..=case.last_seen).contains(at))
    });
    Ok(cases)
}

/// What the provider is told of lines that were taken back.
#[derive(Default)]
struct Recalls {
    lines: Vec<store::NewLine>,
    /// As what each case is told of, on a line of its own or on the one that it has anyway.
    told: Vec<(CaseId, &'static str)>,
}

/// Lines that take back what the provider was told, or say it anew: each case once. Of a case that
/// one of the `held` files opened, the provider hears once that file waits no more.
async fn recalls(
    tx: &mut Tx,
    (isp, listing): (&Isp, &Listing),
    untold: Vec<(CaseId, String)>,
    (waiting, held): (&[Case], &[FileId]),
) -> anyhow::Result<Recalls> {
    let (mut recalls, mut known) = (Recalls::default(), HashSet::new());
    let listed: HashSet<CaseId> = waiting.iter().map(|case| case.id).collect();
    for (id, body) in untold {
        if !known.insert(id) {
            continue;
        }
        if listed.contains(&id) {
            recalls.told.push((id, CORRECTED));
            continue;
        }
        let case = find_in(tx, CaseRef { isp: isp.id, id }).await?.filter(speaks);
        let anew = match case {
            Some(case) if held.contains(&case.feed_file_id) => continue,
            Some(case) => listing.line(tx, &case, CORRECTED).await?,
            None => None,
        };
        let (body, told_as) = if let Some(body) = anew {
            (body, CORRECTED)
        } else {
            let body: LineBody = serde_json::from_str(&body)?;
            (LineBody { action: WITHDRAWN.to_owned(), ..body }, WITHDRAWN)
        };
        recalls.lines.push(body.on_line_of(id)?);
        recalls.told.push((id, told_as));
    }
    Ok(recalls)
}

/// Whether a case is one that a list may speak of: not fixed, and not another one's part.
fn speaks(case: &Case) -> bool {
    case.line_of.is_none() && matches!(case.state, State::Open | State::CleanOnce | State::Recurred)
}
