//! Shelf by shelf (棚): hits against cases, cases against their register, and both against nobody's.
//!
//! Hits, cases, the register and the list of the unattributed are read side by side in order of
//! addresses, so that no more than the 65,536 addresses of one shelf are held at a time.

use std::collections::{BTreeMap, HashMap};

use super::{
    Findings, Kind,
    hits::{self, Sum},
    register::{self, behind_term},
    served::{self, Register},
    store::{self, Case, Heads, Views},
};
use crate::ids::{FileId, IspId};

/// Bytes of a spot that name its shelf.
const SHELF: usize = 14;

/// A case that hits of a spot must have: provider and term, first and latest hit.
type Due = (IspId, i64, (i64, i64));

/// What the store holds of a file (取込回).
#[derive(Clone, Copy, Default)]
pub(super) struct Seen {
    /// Its hits.
    pub(super) hits: Sum,
    /// The cases that a row of it opened.
    pub(super) cases: i64,
}

/// What the hits of a spot say.
struct Spot {
    /// Whether the register has stood as it is since before the first of them.
    is_told: bool,
    /// All of them.
    span: (i64, i64),
    due: Vec<Due>,
    nobodys: Option<(i64, i64)>,
}

/// One shelf, and what is known of all.
struct Shelf<'a> {
    register: &'a Register,
    came: &'a HashMap<FileId, i64>,
    spots: BTreeMap<Vec<u8>, Spot>,
    cases: Vec<Case>,
    /// Which of the cases have the hit that opened them.
    opened: Vec<bool>,
    nobodys: Vec<(Vec<u8>, i64, i64)>,
}

/// Compares all shelves; gives what the store holds of each file, and the number of cases.
pub(super) async fn check(
    views: &mut Views,
    files: &[store::File],
    findings: &mut Findings,
) -> anyhow::Result<(HashMap<FileId, Seen>, u64)> {
    let served = Register::read(&mut views[0]).await?;
    let came: HashMap<FileId, i64> = files.iter().map(|one| (one.id, one.received_at)).collect();
    let [one, two, three, four] = views;
    let mut hits = Heads::of(store::hits(one)).await?;
    let mut cases = Heads::of(store::cases(two)).await?;
    let mut entries = Heads::of(store::register(three)).await?;
    let mut nobodys = Heads::of(store::unattributed(four)).await?;
    let mut seen: HashMap<FileId, Seen> = HashMap::new();
    let (mut count, mut untold) = (0, 0);
    loop {
        let heads = [
            hits.peek().map(|row| shelf_of(&row.shelf)),
            cases.peek().map(|case| shelf_of(&case.spot)),
            entries.peek().map(|(name, _)| shelf_of(behind_term(name))),
            nobodys.peek().map(|(spot, ..)| shelf_of(spot)),
        ];
        let Some(name) = heads.into_iter().flatten().min().map(<[u8]>::to_vec) else { break };
        let on = |spot: &[u8]| shelf_of(spot) == name;
        let mut shelf = Shelf {
            register: &served,
            came: &came,
            spots: BTreeMap::new(),
            cases: cases.all(|case| on(&case.spot)).await?,
            opened: Vec::new(),
            nobodys: nobodys.all(|(spot, ..)| on(spot)).await?,
        };
        shelf.opened = vec![false; shelf.cases.len()];
        count += shelf.cases.len() as u64;
        for file in shelf.cases.iter().filter_map(|case| case.feed_file_id) {
            seen.entry(file).or_default().cases += 1;
        }
        let bodies = entries.all(|(name, _)| on(behind_term(name))).await?;
        register::compare(&shelf.cases, &bodies, findings);
        while let Some(row) = hits.next_if(|row| on(&row.shelf)).await? {
            let of_file = seen.entry(row.feed_file_id).or_default();
            shelf.take(&row, &mut of_file.hits, findings);
        }
        untold += shelf.against_hits(findings);
    }
    if untold > 0 {
        findings.skip(format!(
            "whose the hits at {untold} places are: some came in a file from before the last \
             change of the register of providers or of the address table"
        ));
    }
    Ok((seen, count))
}

fn shelf_of(spot: &[u8]) -> &[u8] {
    spot.get(..SHELF).unwrap_or(spot)
}

impl Shelf<'_> {
    /// Takes packed hits of one file.
    fn take(&mut self, row: &store::Packed, sum: &mut Sum, findings: &mut Findings) {
        let file = row.feed_file_id;
        let came = self.came.get(&file).copied();
        if came.is_none() {
            findings.add(
                Kind::HitForeign,
                format!("file {file}"),
                "hits of a file that never came",
            );
        }
        let is_told = came.is_some_and(|came| came >= self.register.changed_at);
        let (mut span, mut identified): (Option<(i64, i64)>, _) = (None, 0);
        let unpacked = hits::unpack(&row.shelf, row.from_at, &row.body, |hit| {
            sum.add(hit.print());
            span = Some(wider(span, hit.at));
            identified += i64::from(!hit.identities.is_empty());
            self.see(&hit, file, is_told);
        });
        if let Err(broken) = unpacked {
            let what = format!("{broken}: hits of this file are lost");
            findings.add(Kind::HitMissing, format!("file {file}"), what);
        } else if span != Some((row.from_at, row.to_at)) {
            let what = "packed hits lie at other times than their row says";
            findings.add(Kind::HitMoved, format!("file {file}"), what);
        } else if identified != row.identified {
            let what = "packed hits tell more or fewer devices apart than their row says";
            findings.add(Kind::HitMoved, format!("file {file}"), what);
        }
    }

    fn see(&mut self, hit: &hits::Hit, file: FileId, is_told: bool) {
        let from = self.cases.partition_point(|case| case.spot < hit.spot);
        for (case, opened) in self.cases[from..].iter().zip(&mut self.opened[from..]) {
            if case.spot != hit.spot {
                break;
            }
            *opened |= case.opened_at == hit.at && case.feed_file_id == Some(file);
        }
        let fresh = || Spot { is_told, span: (hit.at, hit.at), due: Vec::new(), nobodys: None };
        let spot = self.spots.entry(hit.spot.clone()).or_insert_with(fresh);
        spot.is_told &= is_told;
        spot.span = wider(Some(spot.span), hit.at);
        if !spot.is_told {
            return;
        }
        let owner = self.register.owner(&hit.spot, hit.at);
        let Some(isp) = owner.isp else {
            spot.nobodys = Some(wider(spot.nobodys, hit.at));
            return;
        };
        if served::opens_no_case(&hit.spot) {
            return;
        }
        let same = |(by, term, _): &&mut Due| *by == isp && *term == owner.term;
        match spot.due.iter_mut().find(same) {
            Some((_, _, span)) => *span = wider(Some(*span), hit.at),
            None => spot.due.push((isp, owner.term, (hit.at, hit.at))),
        }
    }

    /// Compares cases with hits; gives the number of spots of which too little is known.
    fn against_hits(mut self, findings: &mut Findings) -> u64 {
        let mut untold = 0;
        let spots = std::mem::take(&mut self.spots);
        let nobodys: BTreeMap<_, _> =
            self.nobodys.iter().map(|(spot, first, last)| (spot, (*first, *last))).collect();
        for (case, opened) in self.cases.iter().zip(&self.opened) {
            let place = || format!("case {}", case.id);
            if !spots.contains_key(&case.spot) {
                findings.add(Kind::CaseForeign, place(), "no hit was ever at its spot");
            } else if !opened {
                findings.add(Kind::CaseTimes, place(), "its file has no hit that opened it");
            }
        }
        for (spot, said) in &spots {
            let from = self.cases.partition_point(|case| case.spot < *spot);
            let cases: Vec<&Case> =
                self.cases[from..].iter().take_while(|case| case.spot == *spot).collect();
            let listed = nobodys.get(spot).copied();
            if said.is_told {
                self.told(spot, said, &cases, findings);
                if listed != said.nobodys {
                    let what = "the list of the unattributed and the hits at a spot differ";
                    findings.add(Kind::Unattributed, at_spot(said), what);
                }
                continue;
            }
            untold += 1;
            let within = |case: &Case| {
                let (first, last) = span_of(case);
                said.span.0 <= first && last <= said.span.1
            };
            for case in cases.iter().filter(|case| !within(case)) {
                let what = "it was seen outside the time of all hits at its spot";
                findings.add(Kind::CaseTimes, format!("case {}", case.id), what);
            }
            if cases.is_empty() && listed.is_none() && !served::opens_no_case(spot) {
                findings.add(Kind::CaseMissing, at_spot(said), "hits have neither case nor list");
            }
        }
        for (spot, _) in nobodys.iter().filter(|(spot, _)| !spots.contains_key(**spot)) {
            let what = format!("a spot of {} bytes is listed that no hit was ever at", spot.len());
            findings.add(Kind::Unattributed, "the unattributed", what);
        }
        untold
    }

    /// Compares cases at a spot with those that its hits must have.
    fn told(&self, spot: &[u8], said: &Spot, cases: &[&Case], findings: &mut Findings) {
        let mut due = said.due.clone();
        let mut strangers = Vec::new();
        for case in cases {
            let place = format!("case {}", case.id);
            let own = |(isp, term, _): &Due| *isp == case.isp_id && *term == case.term;
            let Some(found) = due.iter().position(own) else {
                strangers.push(*case);
                continue;
            };
            let (_, _, span) = due.swap_remove(found);
            if span_of(case) != span {
                let what = "it was seen at other times than its hits";
                findings.add(Kind::CaseTimes, &place, what);
            }
            let owner = self.register.owner(spot, case.opened_at);
            if owner.asn != case.asn || Some(owner.basis) != case.basis.as_deref() {
                let what = "its AS, or why it is its provider's, is not what the register says";
                findings.add(Kind::Attribution, place, what);
            }
        }
        for case in strangers {
            let place = format!("case {}", case.id);
            if due.pop().is_some() {
                let what = "it stands under another provider or term than its hits";
                findings.add(Kind::Attribution, place, what);
            } else {
                findings.add(Kind::CaseForeign, place, "no hit at its spot makes this case");
            }
        }
        for _ in due {
            findings.add(Kind::CaseMissing, at_spot(said), "somebody serves hits without a case");
        }
    }
}

/// Where hits without a case are: when, since their address is nobody's business here.
fn at_spot(said: &Spot) -> String {
    let at = crate::time::Moment(said.span.0).rfc3339();
    format!("the spot first seen at {at}")
}

fn wider(span: Option<(i64, i64)>, at: i64) -> (i64, i64) {
    span.map_or((at, at), |(first, last)| (first.min(at), last.max(at)))
}

/// From when to when a case says it was seen.
fn span_of(case: &Case) -> (i64, i64) {
    let first = case.first_seen.map_or(case.opened_at, |first| first.min(case.opened_at));
    (first, case.last_seen.map_or(case.opened_at, |last| last.max(case.opened_at)))
}
