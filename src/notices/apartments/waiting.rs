//! The queue (判断待ち): cases in apartment houses that wait for an answer, and those decided.
//!
//! All that wait are looked at each time, however many stand before them: one provider's open cases
//! in the order of their keys, some thousands at once. A page holds what it shows and no more. Owns
//! no table; reads `cases` and `case_places`.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{Houses, Placed, is_in_one, of, store};
use crate::{
    attribution::Attributor,
    cases::{self, Case, places},
    db::{Db, Tx},
    ids::CaseId,
    isps::{self, Isp, Kind, apartments::contradiction::Question},
    sightings::Spot,
};

/// Cases that are looked at together: they bound what is held at once.
const TOGETHER: i64 = 4_000;

/// A case that waits for an answer, and for which.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The code of its provider.
    pub isp: String,
    /// The case.
    pub case: Case,
    /// What is known of it.
    pub placed: Placed,
    /// What is not.
    pub question: Question,
}

/// What waits at one provider (判断待ちの件数).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// For its word on places.
    pub place: usize,
    /// For its word on addresses.
    pub used: usize,
    /// For a person.
    pub decide: usize,
}

impl Counts {
    fn add(&mut self, question: Question) {
        match question {
            Question::Place => self.place += 1,
            Question::AddressUse => self.used += 1,
            Question::Decide => self.decide += 1,
        }
    }

    /// Those that wait for the provider, or for a person.
    pub fn of(&self, for_provider: bool) -> usize {
        if for_provider { self.place + self.used } else { self.decide }
    }
}

/// Which part of the queue is asked for (判断待ちの頁).
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// What waits for a provider's word, or else for a person.
    pub for_provider: bool,
    /// The number of the page, from 1.
    pub page: usize,
    /// How many are on one.
    pub size: usize,
}

/// A page of the queue (判断待ちの頁).
#[derive(Clone, Debug, Default)]
#[doc(alias = "判断待ちの頁")]
pub struct Queue {
    /// What is on it: of all providers, what was seen first goes first.
    pub shown: Vec<Waiting>,
    /// How much waits, by provider, whatever is asked for.
    pub counts: BTreeMap<String, Counts>,
    /// How much of what is asked for waits.
    pub all: usize,
}

/// The networks of one provider that are those of apartment houses, and what else places a case.
struct Quarter<'a> {
    isp: &'a Isp,
    networks: Vec<IpNet>,
    attributor: &'a Attributor,
    houses: Houses,
}

impl Quarter<'_> {
    /// Those of these cases that wait for an answer.
    async fn waiting(
        &self,
        tx: &mut Tx,
        open: Vec<(CaseId, Vec<u8>)>,
    ) -> anyhow::Result<Vec<Waiting>> {
        let is_near = |spot: Vec<u8>| {
            let place = Spot(spot).place();
            place.is_some_and(|place| self.networks.iter().any(|net| net.contains(&place.ip)))
        };
        let near: Vec<CaseId> =
            open.into_iter().filter_map(|(id, spot)| is_near(spot).then_some(id)).collect();
        let mut within = Vec::new();
        for case in store::cases(tx, self.isp.id, &near).await? {
            if is_in_one(self.attributor, &case)? {
                within.push(case);
            }
        }
        let placed = self.houses.place_all(tx, &within).await?;
        let one = |(case, placed): (Case, Placed)| {
            let question = placed.question?;
            Some(Waiting { isp: self.isp.code.clone(), case, placed, question })
        };
        Ok(within.into_iter().zip(placed).filter_map(one).collect())
    }
}

/// Looks at every case in an apartment house that waits for an answer, provider by provider.
pub async fn each(db: &Db, mut see: impl FnMut(Waiting)) -> anyhow::Result<()> {
    let attributor = Attributor::of_declarations(db).await?;
    let prefixes = isps::prefixes(db).await?;
    for isp in isps::all(db).await? {
        let own = prefixes.iter().filter(|one| one.isp == isp.id && one.kind == Kind::Apartment);
        let networks = IpNet::aggregate(&own.map(|one| one.prefix).collect());
        if networks.is_empty() {
            continue;
        }
        let houses = Houses::of(db, isp.id).await?;
        let quarter = Quarter { isp: &isp, networks, attributor: &attributor, houses };
        let mut tx = db.snapshot().await?;
        let mut after = CaseId(uuid::Uuid::nil());
        loop {
            let open = store::open(&mut tx, isp.id, after, TOGETHER).await?;
            let Some((last, _)) = open.last() else { break };
            after = *last;
            quarter.waiting(&mut tx, open).await?.into_iter().for_each(&mut see);
        }
    }
    Ok(())
}

/// A page of what waits, and how much there is of it.
pub async fn page(db: &Db, part: Part) -> anyhow::Result<Queue> {
    let end = part.page.max(1).saturating_mul(part.size);
    let mut queue = Queue::default();
    let mut kept: Vec<Waiting> = Vec::new();
    let sort = |kept: &mut Vec<Waiting>| {
        kept.sort_by_key(|one| (one.case.first_seen, one.case.id));
        kept.truncate(end);
    };
    each(db, |one| {
        queue.counts.entry(one.isp.clone()).or_default().add(one.question);
        if one.question.is_for_a_person() != part.for_provider {
            kept.push(one);
        }
        if kept.len() >= end.saturating_mul(2).saturating_add(1_000) {
            sort(&mut kept);
        }
    })
    .await?;
    sort(&mut kept);
    queue.all = queue.counts.values().map(|one| one.of(part.for_provider)).sum();
    queue.shown = kept.split_off((end - part.size).min(kept.len()));
    Ok(queue)
}

/// Decisions that nobody took back, each with its case and what is known of that; the latest first.
pub async fn decided(
    db: &Db,
    limit: i64,
) -> anyhow::Result<Vec<(places::Decided, Option<Placed>)>> {
    let mut all = Vec::new();
    for one in places::decided(db, limit).await? {
        let placed = match cases::find(db, one.case).await? {
            Some(case) => of(db, &case).await?,
            None => None,
        };
        all.push((one, placed));
    }
    Ok(all)
}
