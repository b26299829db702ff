//! Chance (偶然): every draw of the demo country, repeatable to the byte.
//!
//! Each purpose and each line has a stream of its own under one seed, so that one more draw here
//! moves no draw there, and the order in which lists are answered changes nothing. Owns no table.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::time::{DAY, Moment};

/// What a stream of draws is for (用途).
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Which device stands at a line, and since when.
    Device,
    /// What becomes of a device that nobody speaks of.
    Fate,
    /// When a line gets another address, and which.
    Address,
    /// Which devices a NOTICE scan meets.
    Scan,
    /// Which infections the darknet hears on a day.
    Darknet,
    /// What an ISP does about a line.
    Answer,
    /// What becomes of a device whose owner was told.
    Person,
    /// Whether the owner comes to the site.
    Visit,
    /// The ISP's own secret.
    Secret,
    /// Whom the list of the campaign names, and what a provider does about it.
    Campaign,
}

/// The seed of a country (乱数の種).
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    /// The stream of draws for `purpose`, number `no`: a line, a day, a month or an ISP.
    pub(super) fn stream(self, purpose: Purpose, no: usize) -> ChaCha20Rng {
        let mut rng = ChaCha20Rng::seed_from_u64(self.0);
        rng.set_stream(((purpose as u64) << 40) | no as u64);
        rng
    }
}

/// Days until something happens that happens `per_day` times a day; never, where it never does.
pub(super) fn wait_days(rng: &mut ChaCha20Rng, per_day: f64) -> f64 {
    let share: f64 = rng.random();
    if per_day <= 0.0 { f64::INFINITY } else { -(1.0 - share).ln() / per_day }
}

/// The moment `days` after `at`, to the microsecond; at most three centuries later.
pub(super) fn later(at: Moment, days: f64) -> Moment {
    #[expect(clippy::cast_possible_truncation, reason = "bounded just above to 1e16")]
    let micros = (days.clamp(0.0, 1e5) * DAY as f64) as i64;
    Moment(at.0 + micros)
}

/// Whether a coin falls on the side that it shows with probability `share`.
pub(super) fn coin(rng: &mut ChaCha20Rng, share: f64) -> bool {
    rng.random::<f64>() < share
}

/// One of `weights`, as likely as its weight says.
pub(super) fn weighted(rng: &mut ChaCha20Rng, weights: impl Iterator<Item = u32> + Clone) -> usize {
    let mut left = rng.random_range(0..weights.clone().sum::<u32>().max(1));
    for (place, weight) in weights.enumerate() {
        if left < weight {
            return place;
        }
        left -= weight;
    }
    0
}
