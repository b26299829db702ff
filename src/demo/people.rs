//! People (来訪者): who of the notified comes to the site, how far they get, and what they claim.
//!
//! Most who fix something come first; most who come fix nothing. A claim is right three times out
//! of four, and many who fix never claim, which is why a claim proves nothing. Owns no table.

use formats::isp_list::Line as Listed;
use rand::RngExt as _;
use rand_chacha::ChaCha20Rng;

use super::{
    Country,
    chance::{Purpose, coin, later, wait_days},
    truth::Arm,
};
use crate::time::Moment;

/// Of those whom a notice moved to act: share that visits, and share of these that claims.
const ACTING_VISITS: f64 = 0.6;
const ACTING_CLAIMS: f64 = 0.6;

/// Of those whom a notice reached and did not move: share that visits, by mail, letter and call.
const fn idle_visits(way: Arm) -> f64 {
    match way {
        Arm::Wait => 0.0,
        Arm::Email => 0.05,
        Arm::Post => 0.12,
        Arm::Phone => 0.2,
    }
}

/// Share of idle visitors that claim all the same: so large that a quarter of the claims is wrong.
const IDLE_CLAIMS: f64 = 0.43;

/// Steps of a manual.
pub const STEPS: u32 = 4;

/// How a step went (手順の結果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepOutcome {
    /// 「できた」
    Done,
    /// 「できない」
    Failed,
}

/// What a visitor does (行為).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActKind {
    /// Enters the inquiry ID.
    Visit,
    /// Marks a step of the manual, counted from 1.
    StepMark {
        /// Which.
        step: u32,
        /// How it went.
        outcome: StepOutcome,
    },
    /// Says that it is done.
    Claim,
}

/// A dated act of a visitor (行為).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub at: Moment,
    /// Which line of the country.
    pub line: usize,
    /// The inquiry ID as the notice had it.
    pub inquiry_id: String,
    /// The code of the ISP whose list had it.
    pub isp_code: String,
    /// What.
    pub kind: ActKind,
}

/// That a notice arrived (到達), and what came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) way: Arm,
    pub(super) at: Moment,
    pub(super) acted: Option<Moment>,
}

impl Country {
    /// The acts that have happened by `at` and were not handed out yet, in order of time.
    pub fn acts_due(&mut self, at: Moment) -> Vec<Act> {
        let mut due = Vec::new();
        while let Some(first) = self.acts.first_entry().filter(|first| first.key().0 <= at) {
            due.push(first.remove());
        }
        due
    }

    /// Plans what the subscriber of `no` does, who got the inquiry ID of `listed`.
    pub(super) fn plan_acts(&mut self, no: usize, heard: Heard, listed: &Listed) {
        let mut rng = self.chance.stream(Purpose::Visit, no);
        let plan = match heard.acted {
            Some(acted) => acting(heard.at, acted, &mut rng),
            None => idle(heard, &mut rng),
        };
        for (at, kind) in plan {
            let (inquiry_id, isp_code) = (listed.inquiry_id.clone(), listed.isp_code.clone());
            let act = Act { at, line: no, inquiry_id, isp_code, kind };
            self.acts.insert((at, no, self.acts.len()), act);
        }
    }
}

type Plan = Vec<(Moment, ActKind)>;

/// Who is about to act comes an hour or a day before, and gets through the manual.
fn acting(heard: Moment, acted: Moment, rng: &mut ChaCha20Rng) -> Plan {
    let (visits, claims) = (coin(rng, ACTING_VISITS), coin(rng, ACTING_CLAIMS));
    let ahead: f64 = rng.random();
    let stumbles = rng.random_bool(0.25);
    if !visits {
        return Vec::new();
    }
    let visit = Moment(heard.0.max(acted.0 - later(Moment(0), ahead).0));
    let mut plan = vec![(visit, ActKind::Visit)];
    if stumbles {
        plan.push(mark(visit, 2, StepOutcome::Failed));
    }
    plan.extend((1..=STEPS).map(|step| mark(acted, step, StepOutcome::Done)));
    if claims {
        plan.push((later(acted, 0.05), ActKind::Claim));
    }
    plan
}

/// Who does not act may still look, try a step or two, and say that it is done.
fn idle(heard: Heard, rng: &mut ChaCha20Rng) -> Plan {
    let (visits, claims) = (coin(rng, idle_visits(heard.way)), coin(rng, IDLE_CLAIMS));
    let visit = later(heard.at, wait_days(rng, 0.2).min(45.0));
    let last = rng.random_range(0..=STEPS);
    if !visits {
        return Vec::new();
    }
    let mut plan = vec![(visit, ActKind::Visit)];
    plan.extend((1..last).map(|step| mark(visit, step, StepOutcome::Done)));
    if last > 0 && !claims {
        plan.push(mark(visit, last, StepOutcome::Failed));
    }
    if claims {
        plan.push((later(visit, 0.05), ActKind::Claim));
    }
    plan
}

/// A step takes five minutes.
fn mark(from: Moment, step: u32, outcome: StepOutcome) -> (Moment, ActKind) {
    let at = later(from, f64::from(step) * 5.0 / 1440.0);
    (at, ActKind::StepMark { step, outcome })
}
