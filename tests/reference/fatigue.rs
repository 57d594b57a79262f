//! Who is tired of messages and advertising.

use crate::gaps::successes;
use crate::market::Market;
use guanxi::market::message::{Exposure, flag};
use guanxi::quantity::math::exp;
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;

const FORGET: Stream = Stream::new("fatigue/forget");
const IDLE: Stream = Stream::new("fatigue/idle");

impl Market {
    /// Share of messages that a consumer still opens.
    pub fn openness(&self, i: u32) -> f64 {
        let level = f64::from(self.tired[i as usize].0);
        self.rules.fatigue.as_ref().map_or(1.0, |p| exp(-p.message_gain * level))
    }

    /// Log-odds that advertising has lost with a consumer.
    pub fn advert_loss(&self, i: u32) -> f64 {
        let level = f64::from(self.tired[i as usize].1);
        self.rules.fatigue.as_ref().map_or(0.0, |p| p.advert_gain * level)
    }

    /// Everything that is remembered is forgotten with a chance of its own, by the quantile
    /// of a binomial law.
    pub fn forget_contacts(&mut self, at: Clock) {
        let Some(p) = self.rules.fatigue.clone() else { return };
        let kept = exp(-std::f64::consts::LN_2 / p.half_life_days);
        for i in 0..self.tired.len() as u32 {
            let word = self.env.key.lane(FORGET, i, at);
            let level = &mut self.tired[i as usize];
            level.0 = quantile(level.0, kept, word & 0xffff);
            level.1 = quantile(level.1, kept, word >> 16);
        }
    }

    /// What is seen is remembered.
    pub fn tire(&mut self, seen: &[Exposure]) {
        if self.rules.fatigue.is_none() {
            return;
        }
        let advert = self.channel("outside_ads");
        for e in seen {
            let level = &mut self.tired[e.to as usize];
            if e.flags & flag::FRIEND != 0 {
                level.0 = (level.0 + 1).min(15);
            } else if e.channel() == advert {
                level.1 = (level.1 + 1).min(15);
            }
        }
    }

    /// Advertisements that could persuade nobody are remembered all the same.
    pub fn tire_of_idle_contacts(&mut self, at: Clock) {
        if self.rules.fatigue.is_none() {
            return;
        }
        let n = self.members.len() as u32;
        for block in 0..n.div_ceil(64) {
            let mut draws = self.env.key.draws(IDLE, block, at, u32::from(self.platform));
            let size = (n - 64 * block).min(64);
            successes(&mut draws, size, self.idle_contact, |k| {
                let i = (64 * block + k) as usize;
                if !self.members[i].is_live() {
                    self.tired[i].1 = (self.tired[i].1 + 1).min(15);
                }
            });
        }
    }
}

/// How many of `level` are left where each is kept with probability `kept`.
fn quantile(level: u32, kept: f64, half_word: u32) -> u32 {
    let unit = guanxi::rng::unit(half_word << 16);
    let mut law = vec![1.0];
    for n in 1..=level as usize {
        let before = law.clone();
        law = (0..=n)
            .map(|s| {
                let stays = if s < n { before[s] } else { 0.0 };
                let one_more = if s > 0 { before[s - 1] } else { 0.0 };
                stays * (1.0 - kept) + one_more * kept
            })
            .collect();
    }
    let mut below = 0.0;
    for (s, share) in law.iter().enumerate() {
        below += share;
        if unit < below {
            return s as u32;
        }
    }
    level
}
