//! Multi-homing: how a consumer who uses several platforms of an arm divides attention.
//!
//! Of the item pages of a consumer the share s_p = e^(w_H·habit_p + w_T·trust_p) / Σ_q …
//! falls to platform p, over the platforms q of which the consumer is a member. A Poisson
//! number of pages that is divided at random gives independent Poisson numbers, so that
//! every sender can take its own part without asking the others.

use super::reach::any_slot;
use super::world::{Attention, Environment};
use crate::market::member::from_share16;
use crate::market::platform::Platform;
use crate::quantity::math::quick_exp;
use crate::quantity::time::Clock;
use crate::rng::Stream;

/// Draws of the platform on which an item page is opened.
pub const PLATFORM: Stream = Stream::new("attention/platform");

/// The platforms of an arm, and what draws consumers to them.
#[derive(Clone, Copy, Debug)]
pub struct Homes<'a> {
    platforms: &'a [Platform],
    habit: f64,
    trust: f64,
}

impl<'a> Homes<'a> {
    /// The platforms as they stand.
    #[must_use]
    pub fn new(platforms: &'a [Platform], attention: &Attention) -> Self {
        let Attention { platform_habit: habit, platform_trust: trust, .. } = *attention;
        Self { platforms, habit, trust }
    }

    /// Whether nobody has a choice: all attention falls to the only platform.
    #[inline]
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.platforms.len() == 1
    }

    /// How strongly a platform draws a consumer; 0 for whoever is no member.
    fn pull(&self, platform: &Platform, consumer: u32) -> f64 {
        if !platform.live.get(consumer) {
            return 0.0;
        }
        let member = &platform.members[consumer as usize];
        quick_exp(self.habit * from_share16(member.habit) + self.trust * from_share16(member.trust))
    }

    /// What the platforms before one pull at a consumer, the one itself, and all.
    fn pulls(&self, consumer: u32, platform: usize) -> [f64; 3] {
        let mut pulls = [0.0; 3];
        for (k, other) in self.platforms.iter().enumerate() {
            let pull = self.pull(other, consumer);
            pulls[0] += if k < platform { pull } else { 0.0 };
            pulls[1] += if k == platform { pull } else { 0.0 };
            pulls[2] += pull;
        }
        pulls
    }

    /// The share of a member's attention that falls to a platform, 0 … 1.
    #[inline]
    #[must_use]
    pub fn share(&self, consumer: u32, platform: usize) -> f64 {
        if self.is_single() {
            return 1.0;
        }
        let [_, own, all] = self.pulls(consumer, platform);
        own / all.max(f64::MIN_POSITIVE)
    }

    /// Whether a member's item page of a day is opened on a platform: one draw a page, which
    /// all platforms ask for.
    #[inline]
    #[must_use]
    pub fn has_page(
        &self,
        env: &Environment,
        (consumer, day, page): (u32, u16, u32),
        platform: usize,
    ) -> bool {
        if self.is_single() {
            return true;
        }
        let [below, own, all] = self.pulls(consumer, platform);
        let place = all * env.key.unit(PLATFORM, consumer, Clock::start_of(day), page);
        below <= place && place < below + own
    }

    /// What is left of the chance that any of `slots` item pages on average falls to a
    /// channel, of a member who has other platforms too, 0 … 1.
    #[inline]
    #[must_use]
    pub fn thinning(&self, consumer: u32, platform: usize, slots: f64) -> f64 {
        if self.is_single() || slots == 0.0 {
            return 1.0;
        }
        any_slot(slots * self.share(consumer, platform)) / any_slot(slots)
    }
}
