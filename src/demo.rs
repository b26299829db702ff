//! The demo country (架空の国): a year of detections whose true effect is known.
//!
//! A pure simulation of fiscal year 2025: eight invented ISPs, some four thousand weak devices, a
//! monthly NOTICE scan and a daily NICTER feed, addresses that change hands, ISPs that tell some
//! subscribers and hold others back by lot, people who fix things or do not. It hands out feed
//! files, ISP answers and visitors' acts, day by day; the product does the rest by its ordinary
//! verbs. What the product then finds can be held against [`truth`]. Knows no database and no
//! network. Owns no table.
//!
//! Each day, in this order: [`Country::next_day`] gives the files, then the coverage;
//! [`Country::reports_due`] and [`Country::acts_due`] give what ISPs and visitors do; then
//! verification, where the day asks for it; then lists, where the day asks for them, each of which
//! goes to [`Country::answer`]. When the year is over, `campaign` and `houses` show what else there
//! is to be seen.

pub mod answers;
pub mod campaign;
pub mod coverage;
pub mod devices;
pub mod fate;
pub mod houses;
pub mod naive;
pub mod people;
pub mod providers;
pub mod scans;
pub mod truth;

mod addresses;
mod chance;

#[cfg(test)]
mod tests;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use formats::report_back::Report;
use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;

use self::{
    addresses::Addresses,
    answers::Entry,
    chance::{Chance, Purpose, later, wait_days},
    devices::Device,
    fate::{Fate, Infectable},
    naive::Followed,
    people::Act,
    providers::{Declared, PROVIDERS},
};
use crate::time::{DAY, Moment};

/// The seed of the country that is shown when nobody asks for another.
pub const SEED: u64 = 7;

/// Midnight in Japan at the beginning of fiscal year 2025 (2025-04-01).
pub const BEGINS: Moment = Moment(1_743_433_200_000_000);

/// Days of the year (2025-04-01 to 2026-03-31).
pub const DAYS: usize = 365;

/// Feeds that the country delivers.
pub const FEEDS: [Feed; 2] = [
    Feed { name: "notice-scan", format: "scan-list", stream: "notice" },
    Feed { name: "darknet", format: "scan-list", stream: "nicter" },
];

/// Microseconds in an hour.
const HOUR: i64 = DAY / 24;

/// Share of the devices that are there when the year begins; the others come in its course.
const THERE_AT_FIRST: f64 = 0.7;

/// Shares of devices that are infected already, and that can be infected later.
const INFECTED_ALREADY: f64 = 0.08;
const INFECTABLE: f64 = 0.05;

/// A feed as it is registered (フィード).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "フィード")]
pub struct Feed {
    /// Its name.
    pub name: &'static str,
    /// Its format.
    pub format: &'static str,
    /// Its stream.
    pub stream: &'static str,
}

/// A file that a feed delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedFile {
    /// The feed's name.
    pub feed: &'static str,
    /// The file's name.
    pub name: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// A day of the year (日).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Seven in the morning in Japan.
    pub at: Moment,
    /// Detections to take in.
    pub files: Vec<FeedFile>,
    /// Coverage to take in after them.
    pub coverage: Vec<FeedFile>,
    /// Whether lists go out today: every Monday.
    pub lists_due: bool,
    /// Whether verdicts are due today: every Monday, when the reports of the week are in, and on
    /// the last day.
    pub verify: bool,
}

/// A line (回線) with a weak device at it.
#[derive(Debug)]
struct Line {
    isp: usize,
    block: usize,
    device: Device,
    fate: Fate,
    /// Why the ISP cannot tell whose it is, if so.
    unidentified: Option<formats::report_back::ReasonCode>,
    entry: Option<Entry>,
}

/// What happens to a line's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Arrives,
    Moves,
    Ends,
}

/// The demo country (架空の国).
#[derive(Debug)]
pub struct Country {
    chance: Chance,
    today: usize,
    lines: Vec<Line>,
    addresses: Addresses,
    changes: BinaryHeap<Reverse<(Moment, usize, Change)>>,
    movers: Vec<ChaCha20Rng>,
    reports: BTreeMap<(Moment, usize, String), (&'static str, Vec<Report>)>,
    acts: BTreeMap<(Moment, usize, usize), Act>,
    followed: Followed,
}

impl Country {
    /// The country of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut country = Self {
            chance: Chance(seed),
            today: 0,
            lines: Vec::new(),
            addresses: Addresses::default(),
            changes: BinaryHeap::new(),
            movers: Vec::new(),
            reports: BTreeMap::new(),
            acts: BTreeMap::new(),
            followed: Followed::default(),
        };
        for (isp, provider) in PROVIDERS.iter().enumerate() {
            for (block, of) in provider.blocks.iter().enumerate() {
                (0..of.devices).for_each(|_| country.settle(isp, block));
            }
        }
        country
    }

    /// Puts a device at a line of its own.
    fn settle(&mut self, isp: usize, block: usize) {
        let no = self.lines.len();
        let mut rng = self.chance.stream(Purpose::Device, no);
        let device = Device::draw(&mut rng);
        let share: f64 = rng.random();
        let apartment = PROVIDERS[isp].blocks[block].declared == Declared::Apartments;
        let infectable = match share {
            // The darknet listens on IPv4 alone.
            _ if PROVIDERS[isp].blocks[block].net().addr().is_ipv6() => Infectable::Never,
            share if share < INFECTED_ALREADY => Infectable::Already,
            share if share < INFECTED_ALREADY + INFECTABLE => Infectable::Later,
            _ => Infectable::Never,
        };
        let (at_first, day) = (rng.random_bool(THERE_AT_FIRST), rng.random::<f64>());
        let from = if at_first { BEGINS } else { later(BEGINS, day * DAYS as f64) };
        let unidentified = answers::unidentified(&mut rng, apartment);
        let fate = Fate::draw(from, infectable, &mut self.chance.stream(Purpose::Fate, no));
        let mut mover = self.chance.stream(Purpose::Address, no);
        let moves = later(from, wait_days(&mut mover, PROVIDERS[isp].lease.moves_per_day()));
        self.movers.push(mover);
        self.changes.push(Reverse((from, no, Change::Arrives)));
        self.changes.push(Reverse((moves, no, Change::Moves)));
        self.changes.push(Reverse((fate.ended, no, Change::Ends)));
        self.lines.push(Line { isp, block, device, fate, unidentified, entry: None });
    }

    /// The ISP register (事業者台帳) as CSV.
    pub fn isp_register_csv(&self) -> String {
        providers::register_csv()
    }

    /// The public address table (アドレス表) as CSV without header.
    pub fn network_table_csv(&self) -> String {
        providers::network_table_csv()
    }

    /// The feeds to register.
    pub fn feeds(&self) -> [Feed; 2] {
        FEEDS
    }

    /// The next day of the year, until it is over.
    pub fn next_day(&mut self) -> Option<Day> {
        if self.today >= DAYS {
            return None;
        }
        let no = self.today;
        self.today += 1;
        let at = Moment(day(no).0 + 7 * HOUR);
        self.change_addresses(at);
        let monday = no % 7 == 6;
        Some(Day {
            at,
            files: self.files_of(no),
            coverage: Self::coverage_of(no),
            lists_due: monday,
            verify: monday || no + 1 == DAYS,
        })
    }

    /// Lets lines arrive, change their address and end, up to `until`.
    fn change_addresses(&mut self, until: Moment) {
        while let Some(Reverse((at, no, change))) = self.changes.pop() {
            if at > until {
                self.changes.push(Reverse((at, no, change)));
                return;
            }
            let line = &self.lines[no];
            if change != Change::Arrives {
                self.addresses.release(no, at);
            }
            if change == Change::Ends || at >= line.fate.ended {
                continue;
            }
            let (provider, rng) = (&PROVIDERS[line.isp], &mut self.movers[no]);
            self.addresses.take(no, &provider.blocks[line.block], at, rng);
            if change == Change::Moves {
                let moves = later(at, wait_days(rng, provider.lease.moves_per_day()));
                self.changes.push(Reverse((moves, no, Change::Moves)));
            }
        }
    }
}

/// Midnight of a day of the year, the first being 0.
fn day(no: usize) -> Moment {
    later(BEGINS, no as f64)
}
