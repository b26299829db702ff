//! The naive number (素朴な数え方): what one would claim who follows the address on the list.
//!
//! It counts a device as fixed when its address and port are not on a later list. Addresses change
//! hands, scans miss, runs break off: all of that looks like success. Owns no table.

use std::{collections::HashSet, net::IpAddr};

use formats::{Stream, isp_list::Line as Listed};

use super::{BEGINS, Country, DAYS, chance::later, providers::Lease, truth::HORIZON_DAYS};
use crate::time::Moment;

type Spot = (IpAddr, u16);

/// What a NOTICE scan found, by address and port alone.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) spots: HashSet<Spot>,
}

/// All that follows by address (追跡).
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) scans: Vec<Seen>,
    listed: Vec<(Spot, Moment, Lease)>,
}

/// What following by address claims (素朴な数え方), for one lease policy or for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Naive {
    /// Under which policy; nothing for all lines.
    pub lease: Option<Lease>,
    /// Lines listed that a later scan could have shown again.
    pub lines: usize,
    /// Share that the next scan did not show at that address and port.
    pub gone_next_scan: f64,
    /// Lines listed at least [`HORIZON_DAYS`] before the year ends.
    pub lines_to_horizon: usize,
    /// Share of these that the last scan within the horizon did not show there.
    pub gone_within_horizon: f64,
}

impl Country {
    /// Notes what was listed where.
    pub(super) fn follow(&mut self, lines: &[Listed], lease: Lease, at: Moment) {
        let scanned = lines.iter().filter(|line| line.stream == Stream::Notice);
        let spots = scanned.filter_map(|line| Some(((line.ip, line.port?), at, lease)));
        self.followed.listed.extend(spots);
    }

    /// What following by address would claim: for all lines first, then by lease policy.
    pub fn naive_by_address(&self) -> Vec<Naive> {
        let mut leases: Vec<Lease> = self.followed.listed.iter().map(|(.., l)| *l).collect();
        leases.sort_unstable();
        leases.dedup();
        let each = leases.into_iter().map(Some);
        std::iter::once(None).chain(each).map(|lease| self.followed.naive(lease)).collect()
    }
}

impl Followed {
    fn naive(&self, lease: Option<Lease>) -> Naive {
        let listed = self.listed.iter().filter(|(.., of)| lease.is_none_or(|lease| lease == *of));
        let ends = later(BEGINS, DAYS as f64);
        let (mut next, mut horizon) = (Vec::new(), Vec::new());
        for (spot, at, _) in listed {
            if let Some(scan) = self.scans.iter().find(|scan| scan.from >= *at) {
                next.push(!scan.spots.contains(spot));
            }
            let until = later(*at, HORIZON_DAYS);
            let last = self.scans.iter().rev().find(|scan| scan.to <= until);
            if let Some(scan) = last.filter(|_| until <= ends) {
                horizon.push(!scan.spots.contains(spot));
            }
        }
        Naive {
            lease,
            lines: next.len(),
            gone_next_scan: share(&next),
            lines_to_horizon: horizon.len(),
            gone_within_horizon: share(&horizon),
        }
    }
}

fn share(gone: &[bool]) -> f64 {
    gone.iter().filter(|gone| **gone).count() as f64 / gone.len().max(1) as f64
}
