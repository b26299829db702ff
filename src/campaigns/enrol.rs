//! Enrolling (編入): which cases the list of a campaign names.
//!
//! Pulls from the files of the campaign's feeds: every case that one of them saw belongs to it,
//! also where another feed opened the case before. Running it again adds what came since, and lets
//! go of what only withdrawn files had named. Owns `campaign_cases` and `campaign_files`.

use std::collections::HashMap;

use super::{Campaign, store::enrol as store};
use crate::{
    app::App,
    attribution::Attributor,
    audit::{self, Deed},
    cases::withdrawn,
    db::{Db, retry},
    ids::{CaseId, FileId, IspId},
    sightings::retract,
    time::Moment,
};

/// Shelves of one transaction: they bound what is held at once, whatever the size of the list.
const SHELVES: i64 = 1_000;

/// Enrols the cases of every open campaign; gives how many are new, by campaign.
pub async fn all(app: &App) -> anyhow::Result<Vec<(String, u64)>> {
    let mut done = Vec::new();
    for campaign in super::all(&app.db).await? {
        if campaign.decided.closed_at.is_none() {
            let new = of(app, &campaign).await?;
            done.push((campaign.name, new));
        }
    }
    Ok(done)
}

/// The same as [`of`] when somebody asks for it: it leaves the leaf of the person in whose hands
/// `app` is.
pub async fn asked(app: &App, campaign: &Campaign) -> anyhow::Result<u64> {
    // It takes many transactions.
    audit::note_first(app, Deed::new("campaign.enrol", &campaign.name)).await?;
    of(app, campaign).await
}

/// Enrols the cases that the files of a campaign saw; gives how many are new.
pub async fn of(app: &App, campaign: &Campaign) -> anyhow::Result<u64> {
    let forget = || async {
        let mut tx = app.db.begin().await?;
        store::forget_withdrawn(&mut tx, campaign.id).await?;
        tx.commit().await
    };
    retry::until_settled(forget).await?;
    let files = store::files(&app.db, campaign.id).await?;
    if files.is_empty() {
        return Ok(0);
    }
    let attributor = Attributor::load(app).await?;
    let mut new = 0;
    for read in files {
        let (file, ..) = read;
        let mut after = Vec::new();
        while let Some((last, more)) = some(app, (campaign, file), &attributor, &after).await? {
            (after, new) = (last, new + more);
        }
        let mark = || async {
            let mut tx = app.db.begin().await?;
            store::mark(&mut tx, campaign.id, read, app.now()).await?;
            tx.commit().await
        };
        retry::until_settled(mark).await?;
    }
    Ok(new)
}

/// Enrols what the file saw on the next shelves; gives the last of these, and how many are new.
async fn some(
    app: &App,
    (campaign, file): (&Campaign, FileId),
    attributor: &Attributor,
    after: &[u8],
) -> anyhow::Result<Option<(Vec<u8>, u64)>> {
    let mut tries = 0;
    loop {
        let mut tx = app.db.begin().await?;
        let shelves = retract::shelves(&mut tx, file, after, SHELVES).await?;
        let Some(last) = shelves.last().cloned() else { return Ok(None) };
        let told = retract::told(&mut tx, None, &shelves).await?;
        let cases = withdrawn::touched(&mut tx, attributor, file, &told).await?;
        let cases: Vec<_> = cases.iter().map(|one| one.case.reference()).collect();
        let entered = store::insert(&mut tx, (campaign.id, file), &cases, app.now()).await;
        let done = match entered {
            Ok(new) => tx.commit().await.map(|()| new),
            Err(fault) => Err(fault),
        };
        match done {
            Ok(new) => return Ok(Some((last, new))),
            Err(fault) => {
                let fault = fault.into();
                tries += 1;
                if tries >= retry::TRIES || !retry::is_worth_asking(&fault) {
                    return Err(fault);
                }
            }
        }
    }
}

/// A campaign as a line of a list names it (案件のキャンペーン).
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The campaign.
    pub(crate) id: crate::ids::CampaignId,
    /// Its name.
    pub(crate) name: String,
    /// By when the provider is asked to report.
    pub(crate) report_by: Moment,
}

/// Which open campaign that runs at `now`, and that the provider takes part in, names which of its
/// cases; where several do, the one that did so first.
pub(crate) async fn named(
    db: &Db,
    isp: IspId,
    now: Moment,
) -> anyhow::Result<HashMap<CaseId, Named>> {
    // By when the reports of those that run are asked for.
    let mut deadlines: HashMap<String, Option<Moment>> = HashMap::new();
    let mut named = HashMap::new();
    for (case, id, name) in store::named(db, isp).await? {
        if !deadlines.contains_key(&name) {
            let Some(campaign) = super::load(db, id, name.clone()).await? else { continue };
            let said = campaign.holds;
            deadlines.insert(name.clone(), said.runs_at(now).then_some(said.report_by));
        }
        if let Some(report_by) = deadlines[&name] {
            named.entry(case).or_insert(Named { id, name, report_by });
        }
    }
    Ok(named)
}
