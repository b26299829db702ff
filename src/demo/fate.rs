//! Fate (経過): when a device is weak, when it is infected, and what ended each spell.
//!
//! The fate that a device has without any notice is drawn in advance. A notice changes only what
//! lies after it, so that the past, which feeds have told already, never changes. Owns no table.

use rand_chacha::ChaCha20Rng;

use super::{
    chance::{later, wait_days, weighted},
    truth::{
        Arm, ENDED_PER_DAY, Endpoint, FIXED_PER_DAY, INFECTED_AGAIN_PER_DAY, REMEMBERED_DAYS,
        RESET_PER_DAY, RESTARTED_PER_DAY,
    },
};
use crate::time::Moment;

/// Why a spell of weakness or infection ended (終了理由).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A password of its own was set; a reset brings the weakness back.
    PasswordChanged,
    /// The maker's new software closed it.
    FirmwareUpdated,
    /// The port no longer answers from outside.
    PortClosed,
    /// Another device stands there.
    Replaced,
    /// Nobody used it any more.
    SwitchedOff,
    /// A restart drove the infection out; the weakness stays.
    Restarted,
    /// The line ended, the device with it: nobody fixed anything.
    LineEnded,
}

/// Causes of a fix, and how often out of a hundred.
const FIXES: [(Cause, u32); 5] = [
    (Cause::PasswordChanged, 45),
    (Cause::FirmwareUpdated, 10),
    (Cause::PortClosed, 15),
    (Cause::Replaced, 20),
    (Cause::SwitchedOff, 10),
];

/// Spells that begin later than this many days after the first are not drawn.
const DRAWN_DAYS: f64 = 800.0;

/// First infections of a weak device that can be infected, per day.
const INFECTED_PER_DAY: f64 = 0.006;

/// How a device stands with infections (感染しやすさ).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infectable {
    /// Its kind is not attacked.
    Never,
    /// It may be infected while it is weak.
    Later,
    /// It is infected from the start, and the malware has closed the door behind it: the darknet
    /// hears it, and no scan finds it.
    Already,
}

/// A time in which something was wrong (期間), and what ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spell {
    pub(super) from: Moment,
    pub(super) to: Moment,
    pub(super) cause: Cause,
}

impl Spell {
    /// Whether it lasts at `at`.
    pub(super) fn holds(&self, at: Moment) -> bool {
        self.from <= at && at < self.to
    }
}

/// The spells of one device (経過).
#[derive(Clone, Debug)]
pub(super) struct Fate {
    pub(super) from: Moment,
    pub(super) ended: Moment,
    pub(super) infectable: Infectable,
    pub(super) weak: Vec<Spell>,
    pub(super) infected: Vec<Spell>,
}

impl Fate {
    /// The fate without any notice of a device that is there from `from` on.
    pub(super) fn draw(from: Moment, infectable: Infectable, rng: &mut ChaCha20Rng) -> Self {
        let ended = later(from, wait_days(rng, ENDED_PER_DAY));
        let mut fate = Self { from, ended, infectable, weak: Vec::new(), infected: Vec::new() };
        fate.weaken(from, rng);
        let first = match infectable {
            Infectable::Never => return fate,
            Infectable::Later => later(from, wait_days(rng, INFECTED_PER_DAY)),
            Infectable::Already => from,
        };
        fate.infect(first, rng);
        fate
    }

    /// The spell of weakness that lasts at `at`.
    pub(super) fn weak_at(&self, at: Moment) -> Option<Spell> {
        self.weak.iter().copied().find(|spell| spell.holds(at))
    }

    /// The spell of infection that lasts at `at`.
    pub(super) fn infected_at(&self, at: Moment) -> Option<Spell> {
        self.infected.iter().copied().find(|spell| spell.holds(at))
    }

    /// The spell that an arm is judged by whose list came at `at`, if the device counts at all.
    pub(super) fn counting_for(&self, endpoint: Endpoint, at: Moment) -> Option<Spell> {
        let hidden = self.infectable == Infectable::Already;
        match endpoint {
            Endpoint::WeaknessClosed if !hidden => self.weak_at(at),
            Endpoint::InfectionGone if hidden => self.infected_at(at),
            _ => None,
        }
    }

    /// Somebody `heard` of it by `arm`, and may act while it is remembered. Tells when.
    pub(super) fn hear(
        &mut self,
        heard: Moment,
        arm: Arm,
        rng: &mut ChaCha20Rng,
    ) -> Option<Moment> {
        let forgotten = later(heard, REMEMBERED_DAYS);
        let restart = later(heard, wait_days(rng, arm.adds_restarted_per_day()));
        let fix = later(heard, wait_days(rng, arm.adds_fixed_per_day()));
        let mut acted = None;
        if restart < forgotten && self.infected_at(heard).is_some_and(|spell| restart < spell.to) {
            self.restart(restart, rng);
            acted = Some(restart);
        }
        if fix < forgotten && self.weak_at(heard).is_some_and(|spell| fix < spell.to) {
            self.fix(fix, rng);
            acted = Some(acted.map_or(fix, |restart| restart.min(fix)));
        }
        acted
    }

    /// The device is made safe at `at`, within a spell of weakness.
    fn fix(&mut self, at: Moment, rng: &mut ChaCha20Rng) {
        let cause = cause(rng);
        self.weak.retain(|spell| spell.from <= at);
        if let Some(spell) = self.weak.last_mut() {
            (spell.to, spell.cause) = (at, cause);
        }
        self.infected.retain(|spell| spell.from < at);
        if let Some(spell) = self.infected.last_mut().filter(|spell| spell.to > at) {
            (spell.to, spell.cause) = (at, cause);
        }
        self.recur(at, rng);
    }

    /// The device is restarted at `at`, within a spell of infection.
    fn restart(&mut self, at: Moment, rng: &mut ChaCha20Rng) {
        self.infected.retain(|spell| spell.from <= at);
        if let Some(spell) = self.infected.last_mut() {
            (spell.to, spell.cause) = (at, Cause::Restarted);
        }
        self.infect(later(at, wait_days(rng, INFECTED_AGAIN_PER_DAY)), rng);
    }

    /// Weakness from `at` on: fixed by chance, and again after each reset, until the line ends.
    fn weaken(&mut self, at: Moment, rng: &mut ChaCha20Rng) {
        let fix = later(at, wait_days(rng, FIXED_PER_DAY));
        let cause = cause(rng);
        if fix >= self.ended {
            self.weak.push(Spell { from: at, to: self.ended, cause: Cause::LineEnded });
            return;
        }
        self.weak.push(Spell { from: at, to: fix, cause });
        self.recur(fix, rng);
    }

    /// A password set at `at` may be lost to a reset.
    fn recur(&mut self, at: Moment, rng: &mut ChaCha20Rng) {
        let again = later(at, wait_days(rng, RESET_PER_DAY));
        let lost = self.weak.last().is_some_and(|spell| spell.cause == Cause::PasswordChanged);
        if lost && again < self.ended && again < later(self.from, DRAWN_DAYS) {
            self.weaken(again, rng);
        }
    }

    /// Infection from `at` on, if the device is weak then: gone by a restart, and back again.
    fn infect(&mut self, mut at: Moment, rng: &mut ChaCha20Rng) {
        while let Some(weak) = self.weak_at(at) {
            let restart = later(at, wait_days(rng, RESTARTED_PER_DAY));
            if restart >= weak.to {
                self.infected.push(Spell { from: at, to: weak.to, cause: weak.cause });
                return;
            }
            self.infected.push(Spell { from: at, to: restart, cause: Cause::Restarted });
            at = later(restart, wait_days(rng, INFECTED_AGAIN_PER_DAY));
        }
    }
}

fn cause(rng: &mut ChaCha20Rng) -> Cause {
    FIXES[weighted(rng, FIXES.iter().map(|(_, often)| *often))].0
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn a_notice_leaves_the_past_alone_and_never_prolongs_a_spell() {
        let heard = Moment::parse_day("2025-06-01").unwrap();
        for seed in 0..500 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let before = Fate::draw(heard.plus_days(-50), Infectable::Already, &mut rng);
            let mut after = before.clone();
            after.hear(heard, Arm::Phone, &mut rng);
            for (old, new) in [(&before.weak, &after.weak), (&before.infected, &after.infected)] {
                let past = |spells: &[Spell]| {
                    spells.iter().filter(|s| s.to < heard).copied().collect::<Vec<_>>()
                };
                assert_eq!(past(old), past(new));
                assert!(new.iter().all(|spell| spell.from < spell.to), "{new:?}");
                assert!(new.windows(2).all(|pair| pair[0].to < pair[1].from), "{new:?}");
            }
            let current = (before.weak_at(heard), after.weak_at(heard));
            if let (Some(old), Some(new)) = current {
                assert!(new.to <= old.to);
            }
        }
    }

    #[test]
    fn an_infection_never_outlives_the_weakness() {
        for seed in 0..500 {
            let mut rng = ChaCha20Rng::seed_from_u64(seed);
            let from = Moment::parse_day("2025-04-01").unwrap();
            let mut fate = Fate::draw(from, Infectable::Already, &mut rng);
            fate.hear(from.plus_days(20), Arm::Phone, &mut rng);
            for spell in &fate.infected {
                let weak = fate.weak_at(spell.from);
                assert!(weak.is_some_and(|weak| spell.to <= weak.to), "{fate:?}");
            }
        }
    }
}
