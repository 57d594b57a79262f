//! How consumers buy: what is drawn of each once.

use super::{LAPSE_RATE, Parameters, RATE};
use crate::population::People;
use crate::quantity::math::logit;
use crate::quantity::time::Clock;
use crate::rng::Key;
use crate::rng::sample::continuous::{beta, gamma};

/// How one consumer buys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Habits {
    /// Needs a day.
    pub(super) rate: f32,
    /// Log-odds of lapsing after a repeat order, before what was lived through.
    pub(super) lapse_odds: f32,
}

impl Habits {
    /// Not drawn yet.
    pub(super) const UNKNOWN: Self = Self { rate: -1.0, lapse_odds: 0.0 };

    /// The habits of a consumer.
    #[cold]
    pub(super) fn draw(p: &Parameters, (key, people): (Key, &People), consumer: u32) -> Self {
        let once = |stream| key.draws(stream, consumer, Clock::default(), 0);
        let (for_rate, for_lapse) = (&mut once(RATE), &mut once(LAPSE_RATE));
        let spread = gamma(for_rate, p.rate_shape) / p.rate_shape;
        let segment = people.of(consumer);
        let rate = p.needs_per_day * segment.income * spread;
        let lapse = if p.lapse_a == 0.0 { 0.0 } else { beta(for_lapse, p.lapse_a, p.lapse_b) };
        let lapse_odds = logit(lapse.clamp(LEAST_LAPSE, 1.0 - LEAST_LAPSE)) + segment.lapse_shift;
        Self { rate: rate as f32, lapse_odds: lapse_odds as f32 }
    }

    pub(super) fn are_known(self) -> bool {
        self.rate >= 0.0
    }

    /// Days to the next need, by an exponential number of mean 1.
    pub(super) fn gap_days(self, exponential: f64) -> f64 {
        exponential / f64::from(self.rate)
    }

    /// Whether a word drawn for lapse might be low enough, all that was lived through adding
    /// `most_shift` to the log-odds at most. Those of a word are at least the logarithm of
    /// the number made of it, of which a first bit tells enough for most orders.
    pub(super) fn might_lapse(self, word: u32, most_shift: f64) -> bool {
        let least = -f64::from(word.leading_zeros() + 1) * std::f64::consts::LN_2;
        f64::from(self.lapse_odds) + most_shift > least - SLACK
    }
}

/// How near to 0 and 1 the probability of lapsing comes.
pub(super) const LEAST_LAPSE: f64 = 1e-12;

/// Far more than the rounding of log-odds.
const SLACK: f64 = 1e-6;
