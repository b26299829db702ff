//! The campaign (緊急支援キャンペーン) of the demo country: a one-off list on the last day of the year.
//!
//! Eight providers stand to it in every way that there is; those that take part report on most of
//! their lines, but for one. Its addresses are set aside for documentation (RFC 5737, RFC 3849) and
//! no scan tries them, so that nothing of the year, and of its true effect, depends on it. Owns no
//! table.

use std::{fmt::Write as _, net::IpAddr};

use formats::{
    Detail, Stream,
    isp_list::Line as Listed,
    report_back::{Channel, DeliveryResult, Identified, ReasonCode, Recipient, Report, State},
};
use ipnet::IpNet;
use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;

use super::{
    Country, DAYS, Feed, FeedFile, HOUR, answers,
    chance::{Purpose, coin, later},
    day,
    houses::{self, Answer},
    scans::{self, Run},
};
use crate::time::Moment;

/// Its name.
pub const NAME: &str = "spring-2026";

/// What it says, as an editor wrote it.
pub const DRAFT: &str = include_str!("campaign.toml");

/// The feed that brings its list.
pub const FEED: Feed = Feed { name: "police-list", format: "scan-list", stream: "campaign" };

/// How a provider stands to it (参加状況).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "参加状況")]
pub enum Part {
    /// Nobody asked it.
    NotAsked,
    /// It was asked, and says nothing.
    Asked,
    /// It takes part.
    Joined,
    /// It takes no part.
    Declined,
}

/// What of the list is a provider's, and what it does about it.
struct Share {
    isp: &'static str,
    prefix: &'static str,
    entries: usize,
    part: Part,
    reports: bool,
}

const fn share(
    isp: &'static str,
    prefix: &'static str,
    entries: usize,
    (part, reports): (Part, bool),
) -> Share {
    Share { isp, prefix, entries, part, reports }
}

/// By provider; the second part of the first one is what its apartment houses have of it.
static SHARES: [Share; 8] = [
    share("isp-a", "192.0.2.0/26", 16, (Part::Joined, true)),
    share("isp-b", "192.0.2.64/26", 12, (Part::Joined, true)),
    share("isp-c", "192.0.2.128/26", 9, (Part::Joined, true)),
    share("isp-d", "192.0.2.192/26", 6, (Part::Declined, false)),
    share("isp-e", "198.51.100.0/26", 5, (Part::Asked, false)),
    share("isp-f", "198.51.100.64/26", 4, (Part::Joined, true)),
    share("isp-g", "198.51.100.128/26", 3, (Part::NotAsked, false)),
    share("isp-h", "198.51.100.192/26", 7, (Part::Joined, false)),
];

/// Entries of it that nobody is known to serve.
const NOBODYS: [IpAddr; 2] = [
    IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 200)),
    IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 201)),
];

/// Shares of lines that a provider warns, cannot find any more, and does not reach; of the others
/// it does not know yet.
const WARNED: f64 = 0.7;
const LOG_EXPIRED: f64 = 0.1;
const NO_CONTACT: f64 = 0.1;

/// Networks that the register declares for its sake: provider, prefix, kind.
fn networks() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let homes = SHARES.iter().map(|share| (share.isp, share.prefix, "declared"));
    homes.chain(houses::NETWORKS.map(|prefix| (houses::ISP, prefix, "apartment")))
}

impl Country {
    /// The providers of which somebody asked whether they take part, or nobody did.
    pub fn campaign_parts(&self) -> impl Iterator<Item = (&'static str, Part)> {
        SHARES.iter().map(|share| (share.isp, share.part))
    }

    /// The list, as it was handed over.
    pub fn campaign_list(&self) -> FeedFile {
        let mut rng = self.chance.stream(Purpose::Campaign, 0);
        let mut hits = Vec::new();
        for share in &SHARES {
            let drawn = some_of(&mut rng, share);
            hits.extend(drawn.into_iter().map(|ip| (ip, Some(rng.random_range(1024..u16::MAX)))));
        }
        hits.extend(houses::SEEN.map(|(ip, port)| (houses::address(ip), port)));
        hits.extend(NOBODYS.map(|ip| (ip, Some(rng.random_range(1024..u16::MAX)))));
        let first = day(DAYS - 12);
        let hits = hits.into_iter().map(|(ip, port)| {
            let at = later(first, rng.random::<f64>() * 8.0);
            let detail = Detail { malware_family: Some("emotet".into()), ..Detail::default() };
            formats::Detection { port, ..scans::infected((ip, at), "emotet", detail) }
        });
        let run = Run { name: "police-2026-03", method: "list-1", first: 1 };
        let hits = scans::numbered(hits.collect(), &run);
        scans::file((FEED, Stream::Campaign), "police-2026-03-27", &hits)
    }

    /// What a provider reports at `at` on these lines of one list.
    pub fn campaign_reports(&self, isp: &str, lines: &[Listed], at: Moment) -> Vec<Report> {
        let Some(no) = SHARES.iter().position(|share| share.isp == isp && share.reports) else {
            return Vec::new();
        };
        let mut rng = self.chance.stream(Purpose::Campaign, no + 1);
        let own = lines.iter().filter(|line| line.campaign.is_some());
        let mut reports = Vec::new();
        for line in own {
            let drawn = drawn(&mut rng, line, at);
            reports.extend(match houses::answer(line.ip) {
                Answer::Warned(recipient, placement) => Some(Report {
                    recipient: Some(recipient),
                    placement: Some(placement),
                    ..warned(line, at, Channel::Post)
                }),
                Answer::Silent => None,
                Answer::Elsewhere => drawn,
            });
        }
        reports
    }
}

/// Addresses of a share, each once.
fn some_of(rng: &mut ChaCha20Rng, share: &Share) -> Vec<IpAddr> {
    let net: IpNet = share.prefix.parse().expect("the table above holds prefixes only");
    let mut hosts: Vec<IpAddr> = net.hosts().collect();
    let drawn = (0..share.entries).map(|_| hosts.swap_remove(rng.random_range(0..hosts.len())));
    drawn.collect()
}

/// What becomes of a line of a home, so far as its provider knows.
fn drawn(rng: &mut ChaCha20Rng, line: &Listed, at: Moment) -> Option<Report> {
    let (share, by_mail): (f64, bool) = (rng.random(), coin(rng, 0.5));
    let channel = if by_mail { Channel::Email } else { Channel::Post };
    let because = |reason| Some(Report { reported_at: at.0, ..answers::untold(line, at, reason) });
    match share {
        share if share < WARNED => Some(warned(line, at, channel)),
        share if share < WARNED + LOG_EXPIRED => because(ReasonCode::LogExpired),
        share if share < WARNED + LOG_EXPIRED + NO_CONTACT => because(ReasonCode::NoContact),
        _ => None,
    }
}

fn warned(line: &Listed, at: Moment, channel: Channel) -> Report {
    Report {
        reported_at: at.0,
        identified: Some(Identified::Yes),
        notice_channel: Some(channel),
        notice_at: Some(at.0 - HOUR),
        delivery_result: Some(DeliveryResult::Unknown),
        recipient: Some(Recipient::Subscriber),
        ..answers::blank(line, at, State::Notified)
    }
}

/// The rows of the register that the campaign and the apartment houses need, each behind `head`.
pub(super) fn register_rows(isp: &str, head: &str, csv: &mut String) {
    for (_, prefix, kind) in networks().filter(|(code, ..)| *code == isp) {
        let _ = write!(csv, "{head},{prefix},{kind},2024-04-01,\r\n");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use formats::{Reading, Row, scan_list};

    use super::*;
    use crate::demo::{
        SEED,
        providers::{Block, PROVIDERS},
    };

    fn seen(seed: u64) -> Vec<IpAddr> {
        let list = Country::draw(seed).campaign_list();
        let rows = scan_list::open(Cursor::new(list.body), Reading::at(day(DAYS).0)).unwrap();
        let ip = |row| match row {
            Row::Detection(row) => row.ip,
            refused @ Row::Refused(_) => panic!("{refused:?}"),
        };
        rows.map(|row| ip(row.unwrap())).collect()
    }

    #[test]
    fn the_list_is_the_same_for_a_seed_and_names_each_address_once() {
        let list = seen(SEED);
        assert_eq!(list, seen(SEED));
        assert_ne!(list, seen(SEED + 1));
        let entries: usize = SHARES.iter().map(|share| share.entries).sum();
        assert_eq!(list.len(), entries + houses::SEEN.len() + NOBODYS.len());
        let each: std::collections::BTreeSet<_> = list.iter().collect();
        assert_eq!(each.len(), list.len());
    }

    #[test]
    fn no_scan_of_the_year_tries_an_address_of_the_campaign() {
        let blocks: Vec<IpNet> =
            PROVIDERS.iter().flat_map(|one| one.blocks).map(Block::net).collect();
        for (_, prefix, _) in networks() {
            let net: IpNet = prefix.parse().unwrap();
            assert!(blocks.iter().all(|block| !block.contains(&net) && !net.contains(block)));
        }
    }
}
