//! Addresses (アドレス) of the demo country: which line holds which, and who held it when.
//!
//! A line gives its address back and takes another; the one given back may go to a neighbour.
//! That is why following an address follows nobody. Owns no table.

use std::{collections::HashMap, net::IpAddr};

use rand_chacha::ChaCha20Rng;

use super::providers::Block;
use crate::time::Moment;

/// One line holding one address (保持).
#[derive(Clone, Copy, Debug)]
struct Hold {
    line: usize,
    from: Moment,
    to: Option<Moment>,
}

impl Hold {
    fn covers(&self, at: Moment) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// The connection logs of all ISPs (接続記録).
#[derive(Debug, Default)]
pub(super) struct Addresses {
    of_address: HashMap<IpAddr, Vec<Hold>>,
    /// The addresses of each line in order of time.
    of_line: HashMap<usize, Vec<(Moment, IpAddr)>>,
}

impl Addresses {
    /// Gives `line` any free address of `block` from `at` on.
    pub(super) fn take(&mut self, line: usize, block: &Block, at: Moment, rng: &mut ChaCha20Rng) {
        loop {
            let ip = block.address(rng);
            let holds = self.of_address.entry(ip).or_default();
            if holds.last().is_some_and(|hold| hold.to.is_none()) {
                continue;
            }
            holds.push(Hold { line, from: at, to: None });
            self.of_line.entry(line).or_default().push((at, ip));
            return;
        }
    }

    /// Takes the address of `line` back at `at`.
    pub(super) fn release(&mut self, line: usize, at: Moment) {
        let last = self.of_line.get(&line).and_then(|held| held.last());
        let holds = last.and_then(|(_, ip)| self.of_address.get_mut(ip));
        if let Some(hold) = holds.and_then(|holds| holds.last_mut()) {
            hold.to = Some(at);
        }
    }

    /// The address that `line` held at `at`.
    pub(super) fn of(&self, line: usize, at: Moment) -> Option<IpAddr> {
        let held = self.of_line.get(&line)?;
        let (_, ip) = held[..held.partition_point(|(from, _)| *from <= at)].last()?;
        (self.holder(*ip, at) == Some(line)).then_some(*ip)
    }

    /// The line that held `ip` at `at`.
    pub(super) fn holder(&self, ip: IpAddr, at: Moment) -> Option<usize> {
        let holds = self.of_address.get(&ip)?;
        holds.iter().rev().find(|hold| hold.covers(at)).map(|hold| hold.line)
    }

    /// How many addresses `line` has held so far.
    #[cfg(test)]
    pub(super) fn count(&self, line: usize) -> usize {
        self.of_line.get(&line).map_or(0, Vec::len)
    }

    /// How many addresses more than one line has held so far.
    #[cfg(test)]
    pub(super) fn shared(&self) -> usize {
        let several = |holds: &&Vec<Hold>| holds.iter().any(|hold| hold.line != holds[0].line);
        self.of_address.values().filter(several).count()
    }
}
