//! Keeping (取込): the lines that a report names are read in a few statements, judged in memory, and
//! what is new is written, whatever the number of rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use formats::report_back::{ReasonCode, Report, State};

use super::{
    HandedIn, Imported,
    judge::{Fresh, Judged, Known, KnownLine, Past, RecordKey, judge},
    receipt::{self, Receipt},
};
use crate::{
    access::tenancy::Tenant,
    audit::{self, Leaf},
    cases::{
        inquiry_id::InquiryId,
        lines::{self, LineToken},
        register,
    },
    db::Tx,
    ids::{CaseId, NoticeId},
    notices::{
        Notice,
        apartments::Own,
        readable::{self, Reader},
        store::reports as store,
    },
    time::Moment,
};

/// What keeping it would do.
pub(super) async fn rehearse(
    tenant: &Tenant,
    handed_in: &HandedIn<'_>,
) -> anyhow::Result<Imported> {
    let own = Own::of(tenant).await?;
    let mut tx = tenant.snapshot().await?;
    let known = known(&mut tx, (tenant, own.as_ref()), handed_in.reports).await?;
    let again = receipt::of_content(&mut tx, tenant, handed_in.sha256.as_deref()).await?;
    let done = told(handed_in, &judge(&known, handed_in.reports, tenant.now()));
    Ok(Imported { is_again: again.is_some(), receipt: again, ..done })
}

/// Keeps it.
pub(super) async fn keep(tenant: &Tenant, handed_in: &HandedIn<'_>) -> anyhow::Result<Imported> {
    let own = Own::of(tenant).await?;
    let mut tx = tenant.begin().await?;
    // Of two reports at once each would overlook what the other one says.
    register::hold(&mut tx).await?;
    let known = known(&mut tx, (tenant, own.as_ref()), handed_in.reports).await?;
    settle(&mut tx, tenant, &known).await?;
    let judged = judge(&known, handed_in.reports, tenant.now());
    let done = told(handed_in, &judged);
    let again = receipt::of_content(&mut tx, tenant, handed_in.sha256.as_deref()).await?;
    let is_again = again.is_some();
    let receipt = match (again, &handed_in.sha256) {
        (Some(receipt), _) => Some(receipt.again(tenant, &done)),
        (None, Some(sha256)) => Some(Receipt::fresh(tenant, sha256, &done)),
        (None, None) => None,
    };
    write(&mut tx, tenant, &judged, receipt.as_ref()).await?;
    if let Some(receipt) = &receipt {
        receipt::note(&mut tx, tenant, receipt, &done.errors).await?;
    }
    let detail = serde_json::json!({
        "rows": done.rows, "accepted": done.accepted, "unchanged": done.unchanged,
        "refused": done.errors.len(),
    });
    let on = receipt.as_ref().map_or("rows without a file", |receipt| &receipt.number);
    let leaf = Leaf {
        at: tenant.now(),
        by: tenant.by(),
        act: "report_back.import",
        on,
        isp: Some(tenant.code()),
        detail: Some(&detail.to_string()),
    };
    audit::note(&mut tx, leaf).await?;
    tx.commit().await?;
    Ok(Imported { receipt, is_again, ..done })
}

/// Where lists are named that nobody has fetched, lines that the provider may not read leave them
/// before it counts as begun that they were told.
async fn settle(tx: &mut Tx, tenant: &Tenant, known: &Known) -> anyhow::Result<()> {
    let named: HashSet<NoticeId> = known.lines.keys().map(|(list, _)| *list).collect();
    for notice in store::notices(tx, tenant.isp()).await? {
        if named.contains(&notice.id) {
            readable::settle(tenant.app(), tx, &notice).await?;
        }
    }
    Ok(())
}

/// What is told of it.
fn told(handed_in: &HandedIn<'_>, judged: &Judged<'_>) -> Imported {
    let mut errors = handed_in.errors.clone();
    errors.extend(judged.errors.iter().cloned());
    errors.sort_by_key(|error| error.line);
    // A line of which no row of the file stands is one whose standing report is dated later.
    let standing: HashSet<RecordKey> =
        judged.fresh.iter().filter(|fresh| fresh.stands).map(|fresh| fresh.key).collect();
    let (news, older): (Vec<_>, Vec<_>) =
        judged.fresh.iter().partition(|fresh| standing.contains(&fresh.key));
    let mut asked = judged.asked.clone();
    asked.sort_by_key(|one| one.line);
    Imported {
        asked,
        rows: handed_in.reports.len() + handed_in.errors.len(),
        accepted: judged.fresh.len(),
        corrections: news.iter().filter(|fresh| fresh.corrects.is_some()).count(),
        older: older.len(),
        unchanged: judged.unchanged,
        errors,
        ..Imported::default()
    }
}

/// Reads what is known of the lines that these reports name.
async fn known(
    tx: &mut Tx,
    (tenant, own): (&Tenant, Option<&Own>),
    reports: &[Report],
) -> anyhow::Result<Known> {
    let notices = store::notices(tx, tenant.isp()).await?;
    let mut known = Known { isp: tenant.code().to_owned(), ..Known::default() };
    let mut wanted: BTreeMap<NoticeId, (i64, i64)> = BTreeMap::new();
    let mut named: BTreeSet<RecordKey> = BTreeSet::new();
    let mut want = |list: NoticeId, record: i64| {
        named.insert((list, record));
        let range = wanted.entry(list).or_insert((record, record));
        *range = (range.0.min(record), range.1.max(record));
    };
    let ids: HashMap<&str, Vec<u8>> = tags(tenant, reports);
    let tags: Vec<Vec<u8>> = ids.values().cloned().collect();
    let mut by_tag: HashMap<Vec<u8>, RecordKey> = HashMap::new();
    for (tag, list, record) in store::by_tags(tx, tenant.isp(), &tags, tenant.now()).await? {
        by_tag.insert(tag, (list, record));
        want(list, record);
    }
    let keyed = |(typed, tag): (&str, Vec<u8>)| Some((typed.to_owned(), *by_tag.get(&tag)?));
    known.by_id = ids.into_iter().filter_map(keyed).collect();
    let by_name: HashMap<&str, &Notice> =
        notices.iter().map(|notice| (notice.list_id.as_str(), notice)).collect();
    for report in reports {
        if let Some(notice) = by_name.get(report.list_id.as_str()) {
            want(notice.id, i64::try_from(report.record_no).unwrap_or(i64::MAX));
        }
    }
    let reader = Reader::of(tenant.app(), tenant.isp()).await?;
    for notice in &notices {
        let Some(range) = wanted.get(&notice.id) else { continue };
        let unreadable = readable::among(&reader, tx, notice, *range).await?;
        for (record, mut line) in lines(tx, tenant, notice.id, *range).await? {
            // As on the list itself: of what the provider may not read it never heard, or has it as
            // withdrawn.
            if !unreadable.hides(record) {
                line.is_withdrawn |= unreadable.told.contains(&record);
                known.lines.insert((notice.id, record), line);
            }
        }
    }
    if let Some(own) = own {
        place(tx, (tenant, own), (&mut known, &named)).await?;
    }
    known.lists =
        notices.iter().map(|notice| (notice.list_id.clone(), (notice.id, notice.lines))).collect();
    Ok(known)
}

/// Says of the lines that are named what is known of their places in apartment houses.
async fn place(
    tx: &mut Tx,
    (tenant, own): (&Tenant, &Own),
    (known, named): (&mut Known, &BTreeSet<RecordKey>),
) -> anyhow::Result<()> {
    let lines = named.iter().filter_map(|key| known.lines.get(key));
    let cases: BTreeSet<CaseId> = lines.map(|line| line.case).collect();
    let cases: Vec<CaseId> = cases.into_iter().collect();
    let placed = own.placed_without_reports(tx, tenant, &cases).await?;
    for key in named {
        if let Some(line) = known.lines.get_mut(key) {
            line.placed = placed.get(&line.case).cloned();
        }
    }
    Ok(())
}

/// The look-up tags of the inquiry IDs that can be ones, by what was typed.
fn tags<'a>(tenant: &Tenant, reports: &'a [Report]) -> HashMap<&'a str, Vec<u8>> {
    let typed = reports.iter().filter_map(|report| report.inquiry_id.as_ref());
    typed
        .filter_map(|typed| {
            let id = InquiryId::parse(&typed.0).ok()?;
            Some((typed.0.as_str(), id.tag(&tenant.app().keys).to_vec()))
        })
        .collect()
}

/// The lines of a list within these numbers, each with what was reported.
async fn lines(
    tx: &mut Tx,
    tenant: &Tenant,
    list: NoticeId,
    range: (i64, i64),
) -> crate::db::Result<HashMap<i64, KnownLine>> {
    let mut lines = HashMap::new();
    for line in store::lines(tx, tenant.isp(), list, range).await? {
        let known = KnownLine {
            case: line.case_id,
            seen_at: line.seen_at,
            is_withdrawn: line.is_withdrawn,
            past: Vec::new(),
            placed: None,
        };
        lines.insert(line.record_no, known);
    }
    for said in store::said(tx, tenant.isp(), list, range).await? {
        if let Some(line) = lines.get_mut(&said.record_no) {
            line.past.push(Past {
                version: said.version,
                reported_at: said.reported_at,
                received_at: said.received_at,
                body: said.body,
            });
        }
    }
    Ok(lines)
}

/// Appends what is new, and says on each line how it stands from now on.
async fn write(
    tx: &mut Tx,
    tenant: &Tenant,
    judged: &Judged<'_>,
    receipt: Option<&Receipt>,
) -> anyhow::Result<()> {
    let upload = receipt.map(|receipt| receipt.id);
    store::insert(tx, tenant.isp(), &judged.fresh, (tenant.now(), upload)).await?;
    let mut standing: BTreeMap<(NoticeId, &str, i64), Vec<i64>> = BTreeMap::new();
    for fresh in judged.fresh.iter().filter(|fresh| fresh.stands) {
        let (list, record) = fresh.key;
        let word = standing_word(fresh.report);
        standing.entry((list, word, fresh.version)).or_default().push(record);
    }
    for ((list, word, version), records) in standing {
        store::set_said(tx, (tenant.isp(), list), (word, version), &records).await?;
    }
    let author = format!("isp {}", tenant.code());
    let tokens: Vec<_> = judged.fresh.iter().filter_map(token).collect();
    lines::bind_all(tx, tenant.isp(), &tokens, (tenant.now(), &author)).await
}

/// How a line stands by its report: who told nobody because somebody is still being asked is at it.
fn standing_word(report: &Report) -> &'static str {
    match report.reason_code {
        Some(ReasonCode::Pending) if report.state == State::NotNotified => State::Pending.code(),
        _ => report.state.code(),
    }
}

fn token<'a>(fresh: &'a Fresh<'_>) -> Option<(crate::ids::CaseId, LineToken<'a>)> {
    let (token, epoch) = (fresh.report.line_token?, fresh.report.token_epoch.as_deref()?);
    let said_at = Moment(fresh.report.reported_at);
    Some((fresh.case, LineToken { epoch, token, said_at }))
}
