//! Coverage (走査範囲) of the demo country: what each run really covered, told a week after its hits.
//!
//! By then the ISPs have reported on the hits, so that a line that moved is known by its token
//! before the silence at its old address counts. The darknet is told of by the week: it misses two
//! live infections in five on a day, and hardly one in six hundred in a week. Owns no table.

use formats::{
    Proto, Weakness,
    coverage::{Covered, Status, write},
};

use super::{
    Country, FEEDS, FeedFile, day,
    devices::PORTS,
    providers::{Block, PROVIDERS, Provider},
    scans::{
        BROKEN_OFF, DARKNET_METHOD, IN_MEMORY, delivered_on, method, scan_run, span, week_of,
        week_run,
    },
};
use crate::time::Moment;

/// The ports the darknet is asked about; an infected device calls them from any port of its own.
pub const DARKNET_PORTS: [u16; 2] = [23, 2323];

impl Country {
    /// The coverage that is delivered on day `no`: that of the hits a week before.
    pub(super) fn coverage_of(no: usize) -> Vec<FeedFile> {
        let Some(before) = no.checked_sub(7) else { return Vec::new() };
        let scan = delivered_on(before).map(notice_coverage);
        let week = (before % 7 == 6).then(|| darknet_coverage(before));
        scan.into_iter().chain(week).collect()
    }
}

/// The coverage of a NOTICE scan, and how it was broken off.
fn notice_coverage(scan: usize) -> FeedFile {
    let (from, to) = span(scan);
    let (broken, code, share) = BROKEN_OFF;
    let row = |provider: &Provider, block: &Block| {
        let whole = covered(block, (from, to), Weakness::WeakCredentials);
        let whole = Covered {
            scan_run: scan_run(scan),
            ports: PORTS.to_vec(),
            method_version: method(scan).to_owned(),
            ..whole
        };
        if scan == broken && provider.code == code { cut_short(whole, share) } else { whole }
    };
    coverage_file(0, &scan_run(scan), row)
}

fn cut_short(whole: Covered, share: f64) -> Covered {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tries")]
    let attempted = (whole.attempted as f64 * share) as u64;
    Covered { status: Status::Aborted, completeness: share, attempted, ..whole }
}

/// The coverage of the darknet for the week that ended on the Monday `no`.
fn darknet_coverage(no: usize) -> FeedFile {
    let week = week_of(no - 1);
    let run = week_run(week);
    let row = |_: &Provider, block: &Block| Covered {
        scan_run: run.clone(),
        ports: DARKNET_PORTS.to_vec(),
        method_version: DARKNET_METHOD.to_owned(),
        ..covered(block, (day(week), day(no)), Weakness::Infected)
    };
    coverage_file(1, &run, row)
}

fn covered(block: &Block, (from, to): (Moment, Moment), weakness: Weakness) -> Covered {
    Covered {
        line: 0,
        scan_run: String::new(),
        from: from.0,
        to: to.0,
        prefix: block.net(),
        proto: Proto::Tcp,
        ports: Vec::new(),
        weakness,
        method_version: String::new(),
        status: Status::Complete,
        attempted: block.targets(),
        completeness: 1.0,
        answered: None,
        hits: None,
        vantage: None,
        excluded_prefixes: Vec::new(),
    }
}

/// The darknet listens on IPv4 alone.
fn coverage_file(feed: usize, run: &str, row: impl Fn(&Provider, &Block) -> Covered) -> FeedFile {
    let row = &row;
    let rows: Vec<Covered> = PROVIDERS
        .iter()
        .flat_map(|provider| provider.blocks.iter().map(move |block| row(provider, block)))
        .filter(|row| feed == 0 || row.prefix.addr().is_ipv4())
        .collect();
    let mut body = Vec::new();
    write(&mut body, &rows, false).expect(IN_MEMORY);
    FeedFile { feed: FEEDS[feed].name, name: format!("{run}-coverage.csv"), body }
}
