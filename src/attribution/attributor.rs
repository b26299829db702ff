//! The attributor (帰属判定器): who served any address at any moment, worked out beforehand.
//!
//! Prefixes and ranges cut the addresses into spans, and all addresses of a span have the same
//! answers: one for each time in which declarations and the edition of the table stay as they are.
//! Most spans have one answer for all time. So a look-up finds the span and reads the answer. Owns
//! no table; reads the ISP register.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

use super::{
    Attribution, Why, editions,
    holders::Holders,
    identify::Identifier,
    is_special,
    networks::Networks,
    spans::{Bits, Spans},
};
use crate::{
    app::App,
    db::Db,
    ids::IspId,
    isps::{DeclaredPrefix, Register},
    time::Moment,
};

/// An edition of the address table (アドレス表の版), and from when it holds.
#[derive(Debug)]
pub struct Edition {
    /// From this moment until the next one does; the first one holds for all time before, too.
    pub from: Moment,
    /// What it says.
    pub networks: Networks,
}

/// Everything that attribution asks, loaded once for many addresses.
#[derive(Debug)]
pub struct Attributor {
    v4: Spans<u32>,
    v6: Spans<u128>,
    /// From when each answer holds. A span's number is where its answers begin, the first of them
    /// holding from the beginning of time.
    answers: Vec<(Moment, Attribution)>,
    declared: Vec<DeclaredPrefix>,
    identifier: Identifier,
}

/// Before every moment that anybody names.
const BEGINNING: Moment = Moment(i64::MIN);

/// Set in a span's number where it has several answers; they end before the next that begins a
/// span's. Most spans have one, and are spared the search.
const SEVERAL: u32 = 1 << 31;

impl Attributor {
    /// Loads the register, every edition of the address table, and what tells devices apart.
    pub async fn load(app: &App) -> anyhow::Result<Self> {
        let editions = editions::load(&app.db).await?;
        let served = Self::new(Register::load(&app.db).await?, &editions);
        Ok(Self { identifier: Identifier::load(&app.data)?, ..served })
    }

    /// Loads what providers declared, without the address table: enough for
    /// [`Attributor::declared_isp`] and for what kind of network it is.
    pub async fn of_declarations(db: &Db) -> anyhow::Result<Self> {
        Ok(Self::new(Register::load(db).await?, &[]))
    }

    /// Works out who serves what, given the editions in the order of time.
    pub fn new(register: Register, editions: &[Edition]) -> Self {
        let (mut v4, mut v6) = (Layers::default(), Layers::default());
        for Edition { networks, .. } in editions {
            v4.tables.push(networks.v4());
            v6.tables.push(networks.v6());
        }
        for (place, one) in register.prefixes.iter().enumerate() {
            match one.prefix {
                IpNet::V4(net) => {
                    v4.nets.push((net.network().to_bits(), net.broadcast().to_bits(), place));
                }
                IpNet::V6(net) => {
                    v6.nets.push((net.network().to_bits(), net.broadcast().to_bits(), place));
                }
            }
        }
        let mut answers = Working::of(&register, editions);
        let (v4, v6) = (v4.spans(&mut answers), v6.spans(&mut answers));
        let answers = answers.answers;
        Self { v4, v6, answers, declared: register.prefixes, identifier: Identifier::default() }
    }

    /// Who served `ip` at `at`.
    pub fn attribute(&self, ip: IpAddr, at: Moment) -> Attribution {
        let span = match ip {
            IpAddr::V4(v4) => self.v4.find(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.find(v6.to_bits()),
        };
        let mut found = &self.answers[(span & !SEVERAL) as usize].1;
        if span & SEVERAL != 0 {
            let later = self.answers[(span & !SEVERAL) as usize + 1..].iter();
            // Where the next span's answers begin, time begins anew.
            let later = later.take_while(|(from, _)| *from > BEGINNING && *from <= at);
            found = later.last().map_or(found, |(_, answer)| answer);
        }
        if found.why == Why::NotInTable && is_special(ip) {
            return Attribution { network_kind: "special", ..*found };
        }
        *found
    }

    /// What tells which device a sighting shows.
    pub(crate) fn identifier(&self) -> &Identifier {
        &self.identifier
    }

    /// The declared prefix that decides who served `ip` at `at`, if one does.
    pub fn declared(&self, ip: IpAddr, at: Moment) -> Option<&DeclaredPrefix> {
        let found = self.attribute(ip, at);
        let held = self.declared.iter().filter(|one| one.prefix.contains(&ip) && one.held_at(at));
        let of_holder =
            held.filter(|one| found.isp.or(found.carrier).is_none_or(|isp| isp == one.isp));
        of_holder.max_by_key(|one| (one.prefix.prefix_len(), one.from))
    }

    /// The ISP that declared `ip` for `at`, if one did.
    pub fn declared_isp(&self, ip: IpAddr, at: Moment) -> Option<IspId> {
        let found = self.attribute(ip, at);
        let declared = found.why != Why::AnnouncedCarrier && found.why != Why::Announced;
        found.isp.or(found.carrier).filter(|_| declared)
    }

    /// How many addresses each ISP serves at `at`, in one walk over all spans. Of IPv6, networks of
    /// 56 bits count, which one line mostly has.
    pub fn addresses(&self, at: Moment) -> HashMap<IspId, i64> {
        let (v4, v6) = self.starts();
        let mut addresses: HashMap<IspId, i64> = HashMap::new();
        let ends = v4[1..].iter().map(|next| i64::from(*next)).chain([1 << 32]);
        for (start, end) in v4.iter().zip(ends) {
            if let Some(isp) = self.attribute(Ipv4Addr::from(*start).into(), at).isp {
                *addresses.entry(isp).or_default() += end - i64::from(*start);
            }
        }
        let mut reached: HashMap<IspId, u128> = HashMap::new();
        let ends = v6[1..].iter().map(|next| *next - 1).chain([u128::MAX]);
        for (start, last) in v6.iter().zip(ends) {
            let Some(isp) = self.attribute(Ipv6Addr::from(*start).into(), at).isp else { continue };
            let (first, last) = (start >> 72, last >> 72);
            let shared = u128::from(reached.insert(isp, last) == Some(first));
            let networks = i64::try_from(last + 1 - first - shared).unwrap_or(i64::MAX);
            let sum = addresses.entry(isp).or_default();
            *sum = sum.saturating_add(networks);
        }
        addresses
    }

    /// Where spans of addresses begin.
    pub(super) fn starts(&self) -> (&[u32], &[u128]) {
        (self.v4.starts(), self.v6.starts())
    }
}

/// Answers on the way, each list of them worked out once.
struct Working<'a> {
    holders: Holders<'a>,
    register: &'a Register,
    editions: &'a [Edition],
    known: HashMap<Vec<u64>, u32>,
    answers: Vec<(Moment, Attribution)>,
}

impl<'a> Working<'a> {
    fn of(register: &'a Register, editions: &'a [Edition]) -> Self {
        Self {
            holders: Holders::of(register),
            register,
            editions,
            known: HashMap::new(),
            answers: Vec::new(),
        }
    }

    /// The number of the answers for what `said` says: for each edition 0 or an AS number plus 1,
    /// then the places of the declared prefixes.
    fn number(&mut self, said: &[u64]) -> u32 {
        if let Some(known) = self.known.get(said) {
            return *known;
        }
        let (table, declared) = said.split_at(self.editions.len());
        let place = |place: &u64| usize::try_from(*place).unwrap_or(usize::MAX);
        let declared: Vec<usize> = declared.iter().map(place).collect();
        let mut times: Vec<Moment> = vec![BEGINNING];
        times.extend(self.editions.iter().skip(1).map(|edition| edition.from));
        for place in &declared {
            let one = &self.register.prefixes[*place];
            times.push(one.from);
            times.extend(one.to);
        }
        for asn in table.iter().filter_map(|said| as_number(*said)) {
            times.extend(self.holders.changes_of(asn));
        }
        times.sort_unstable();
        times.dedup();
        let begin = self.answers.len();
        for at in times {
            let later = self.editions.iter().skip(1).take_while(|edition| edition.from <= at);
            let asn = table.get(later.count()).and_then(|said| as_number(*said));
            let answer = self.holders.decide(&declared, asn, at);
            let same = self.answers[begin..].last().is_some_and(|(_, last)| *last == answer);
            if !same {
                self.answers.push((at, answer));
            }
        }
        let several = if self.answers.len() - begin > 1 { SEVERAL } else { 0 };
        let begin = u32::try_from(begin).expect("fewer answers than addresses of IPv4");
        let number = begin | several;
        self.known.insert(said.to_vec(), number);
        number
    }
}

/// The AS number that an edition says: one more than it, and 0 for none.
fn as_number(said: u64) -> Option<u32> {
    said.checked_sub(1).and_then(|asn| u32::try_from(asn).ok())
}

/// What is said of the addresses of one family.
#[derive(Default)]
struct Layers<'a, T> {
    /// Ranges with their AS, in order and apart; a table for each edition.
    tables: Vec<&'a [(T, T, u32)]>,
    /// First and last address of each declared prefix, and its place in the register.
    nets: Vec<(T, T, usize)>,
}

impl<T: Bits> Layers<'_, T> {
    fn spans(mut self, answers: &mut Working<'_>) -> Spans<T> {
        // The wider one first, so that those within it lie above it.
        self.nets.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        let cuts = self.cuts();
        let mut nets = self.nets.iter().peekable();
        let mut over: Vec<(T, usize)> = Vec::new();
        let mut said: Vec<u64> = Vec::new();
        let spans = cuts.into_iter().map(|start| {
            said.clear();
            for table in &mut self.tables {
                while table.first().is_some_and(|(_, last, _)| *last < start) {
                    *table = &table[1..];
                }
                let here = table.first().filter(|(first, _, _)| *first <= start);
                said.push(here.map_or(0, |(_, _, asn)| u64::from(*asn) + 1));
            }
            while over.last().is_some_and(|(last, _)| *last < start) {
                over.pop();
            }
            while let Some((_, last, place)) = nets.next_if(|(first, _, _)| *first <= start) {
                over.push((*last, *place));
            }
            said.extend(over.iter().map(|(_, place)| *place as u64));
            (start, answers.number(&said))
        });
        Spans::new(spans.collect::<Vec<_>>())
    }

    /// Every address at which something begins or has just ended.
    fn cuts(&self) -> Vec<T> {
        let nets = self.nets.iter().map(|(first, last, _)| (*first, *last));
        let ranges = self.tables.iter().flat_map(|table| table.iter());
        let ranges = ranges.map(|(first, last, _)| (*first, *last)).chain(nets);
        let mut cuts = vec![T::FIRST];
        for (first, last) in ranges {
            cuts.push(first);
            cuts.extend(last.next());
        }
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}
