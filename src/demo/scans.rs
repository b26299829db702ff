//! Scans (走査) of the demo country: the monthly NOTICE survey and the daily NICTER feed.
//!
//! Each comes with its coverage, a week after the hits: by then the ISPs have reported on them, so
//! that a line that moved is known by its token before silence at its old address counts. Two
//! faults are built in: one run on one ISP is broken off, and the method changes once. Owns no
//! table.

use std::{collections::HashSet, net::IpAddr};

use formats::{
    Detail, Detection, Exposure, Kind, Outcome, Proto, Severity, Stream, Weakness, scan_list,
};
use rand::RngExt as _;

use super::{
    Country, FEEDS, Feed, FeedFile, Line,
    chance::{Purpose, coin, later},
    day,
    fate::Infectable,
    naive::Seen,
    providers::{PROVIDERS, Provider},
};
use crate::time::Moment;

/// Share of the live devices that a NOTICE scan misses.
pub const MISSED: f64 = 0.1;

/// Probability that the darknet hears a live infection on a day.
pub const HEARD_PER_DAY: f64 = 0.6;

/// First day of each NOTICE scan, counted from the beginning of the year, and its length in days.
const SCANS: [(usize, usize); 12] = [
    (9, 3),
    (39, 2),
    (70, 3),
    (100, 2),
    (131, 3),
    (162, 2),
    (192, 3),
    (223, 2),
    (253, 3),
    (284, 2),
    (315, 3),
    (343, 2),
];

/// From this scan on the longer list of passwords is used, a break in the series.
pub const NEW_METHOD_FROM: usize = 6;

/// The scan that is broken off at one ISP, and how much of it was done by then.
pub const BROKEN_OFF: (usize, &str, f64) = (7, "isp-e", 0.35);

/// When a NOTICE scan begins and ends.
pub(super) fn span(scan: usize) -> (Moment, Moment) {
    let (first, days) = SCANS[scan];
    (day(first), day(first + days))
}

/// The NOTICE scan whose hits are delivered on day `no`: the first Monday after its end.
pub(super) fn delivered_on(no: usize) -> Option<usize> {
    // Day 6 is a Monday, so a Monday's number and one is a multiple of seven.
    let delivery = |(first, days): &(usize, usize)| (first + days + 1).div_ceil(7) * 7;
    SCANS.iter().position(|scan| delivery(scan) == no + 1)
}

impl Country {
    /// The hits that are delivered on day `no`.
    pub(super) fn files_of(&mut self, no: usize) -> Vec<FeedFile> {
        let scan = delivered_on(no).map(|scan| self.notice_hits(scan));
        let darknet = no.checked_sub(1).map(|day| self.darknet_hits(day));
        scan.into_iter().chain(darknet).collect()
    }

    /// Every weak device that a NOTICE scan finds at the moment it gets there.
    fn notice_hits(&mut self, scan: usize) -> FeedFile {
        let mut rng = self.chance.stream(Purpose::Scan, scan);
        let (from, to) = span(scan);
        let mut hits = Vec::new();
        let mut spots = HashSet::new();
        for (no, line) in self.lines.iter().enumerate() {
            let at = later(from, rng.random::<f64>() * to.days_since(from));
            let missed = coin(&mut rng, MISSED);
            let known = scan >= NEW_METHOD_FROM || !line.device.needs_new_method;
            let open = line.fate.infectable != Infectable::Already;
            if missed || !known || !open || line.fate.weak_at(at).is_none() {
                continue;
            }
            let address = self.addresses.of(no, at);
            if let Some(ip) = address.filter(|ip| reached(scan, &PROVIDERS[line.isp], *ip)) {
                spots.insert((ip, line.device.door.port));
                hits.push(weak_device(line, ip, at));
            }
        }
        self.followed.scans.push(Seen { from, to, spots });
        let run = scan_run(scan);
        file(
            (FEEDS[0], Stream::Notice),
            &run,
            &numbered(hits, &Run { name: &run, method: method(scan), first: 1 }),
        )
    }

    /// Every infection that the darknet heard on day `no`.
    fn darknet_hits(&self, no: usize) -> FeedFile {
        let mut rng = self.chance.stream(Purpose::Darknet, no);
        let mut hits = Vec::new();
        let infectable = |(_, line): &(_, &Line)| line.fate.infectable != Infectable::Never;
        for (line_no, line) in self.lines.iter().enumerate().filter(infectable) {
            let at = later(day(no), rng.random());
            let (heard, port) = (coin(&mut rng, HEARD_PER_DAY), rng.random_range(1024..u16::MAX));
            if !heard || line.fate.infected_at(at).is_none() {
                continue;
            }
            let sensor = IpAddr::from([203, 0, 113, rng.random_range(1..255)]);
            if let Some(ip) = self.addresses.of(line_no, at) {
                hits.push(Detection {
                    port: Some(port),
                    peer_ip: Some(sensor),
                    ..infection(ip, at)
                });
            }
        }
        let week = week_run(no);
        // The rows of a run are numbered through its week.
        let run = Run { name: &week, method: DARKNET_METHOD, first: no * 10_000 + 1 };
        let name = format!("nicter-{}", day(no).date_jst());
        file((FEEDS[1], Stream::Nicter), &name, &numbered(hits, &run))
    }
}

/// What the rows of a file say of the run they belong to.
pub(super) struct Run<'a> {
    pub(super) name: &'a str,
    pub(super) method: &'static str,
    pub(super) first: usize,
}

/// Whether the scan got as far as `ip`.
fn reached(scan: usize, provider: &Provider, ip: IpAddr) -> bool {
    let (broken, code, share) = BROKEN_OFF;
    if scan != broken || provider.code != code {
        return true;
    }
    let block = provider.blocks.iter().find(|block| block.net().contains(&ip));
    block.is_some_and(|block| {
        let (IpAddr::V4(ip), IpAddr::V4(first)) = (ip, block.net().network()) else { return true };
        f64::from(u32::from(ip) - u32::from(first)) < share * block.targets() as f64
    })
}

pub(super) fn scan_run(scan: usize) -> String {
    format!("notice-{}", &span(scan).0.date_jst()[..7])
}

pub(super) fn method(scan: usize) -> &'static str {
    if scan < NEW_METHOD_FROM { "notice-2025a" } else { "notice-2025b" }
}

pub(super) const DARKNET_METHOD: &str = "nicter-1";

/// The first day of the week that day `no` belongs to; the year begins on a Tuesday.
pub(super) fn week_of(no: usize) -> usize {
    if no < 6 { 0 } else { no - (no - 6) % 7 }
}

pub(super) fn week_run(no: usize) -> String {
    format!("nicter-week-{}", day(week_of(no)).date_jst())
}

fn weak_device(line: &Line, ip: IpAddr, at: Moment) -> Detection {
    let device = &line.device;
    let mut detail = detail(line);
    detail.hostkey_sha256 = device.hostkey.as_deref().map(Into::into);
    detail.fw_version = Some(device.firmware.into());
    detail.extra.push(("credential_class".into(), device.credential.code().into()));
    Detection {
        port: Some(device.door.port),
        severity: device.severity(),
        ..hit((ip, at), (Weakness::WeakCredentials, device.door.application), detail)
    }
}

/// The darknet hears the malware, not the model; which device it is, the scan may know.
fn infection(ip: IpAddr, at: Moment) -> Detection {
    let detail = Detail { malware_family: Some("mirai".into()), ..Detail::default() };
    infected((ip, at), "darknet", detail)
}

/// An infection that was found in that way.
pub(super) fn infected(at: (IpAddr, Moment), kind: &str, detail: Detail) -> Detection {
    hit(at, (Weakness::Infected, kind), detail)
}

fn hit(
    (ip, at): (IpAddr, Moment),
    (weakness, kind): (Weakness, &str),
    detail: Detail,
) -> Detection {
    Detection {
        line: 0,
        // Feeds tell times to the second.
        detected_at: at.0 - at.0 % 1_000_000,
        ip,
        port: None,
        proto: Proto::Tcp,
        peer_ip: None,
        peer_port: None,
        exposure: Exposure { weakness, kind: Kind::bent(kind) },
        outcome: Outcome::Detected,
        severity: Severity::High,
        severity_from_row: true,
        detail,
    }
}

fn detail(line: &Line) -> Detail {
    let model = line.device.model;
    Detail {
        device_vendor: Some(model.maker.into()),
        device_type: Some(model.kind.into()),
        device_model: Some(model.name.into()),
        ..Detail::default()
    }
}

/// In order of time, with the run, its method and a number on each row.
pub(super) fn numbered(mut hits: Vec<Detection>, run: &Run<'_>) -> Vec<Detection> {
    hits.sort_by_key(|hit| hit.detected_at);
    for (no, hit) in hits.iter_mut().enumerate() {
        hit.detail.scan_run = Some(run.name.into());
        hit.detail.record_no = Some((run.first + no).to_string().into());
        hit.detail.method_version = Some(run.method.into());
    }
    hits
}

/// The rows as a file of a feed of that stream.
pub(super) fn file((feed, stream): (Feed, Stream), name: &str, hits: &[Detection]) -> FeedFile {
    let mut out = scan_list::Writer::new(Vec::new(), false).expect(IN_MEMORY);
    for hit in hits {
        out.write(stream, hit).expect(IN_MEMORY);
    }
    let body = out.finish().expect(IN_MEMORY);
    FeedFile { feed: feed.name, name: format!("{name}.csv"), body }
}

pub(super) const IN_MEMORY: &str = "writing to memory does not fail";
