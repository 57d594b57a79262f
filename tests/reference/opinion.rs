//! What buyers say: to everybody in reviews, to friends by word of mouth.

use crate::market::Market;
use guanxi::market::member::{from_share16, share16};
use guanxi::market::message::Shipment;
use guanxi::quantity::math::ln_1p;
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::discrete::pick_distinct;

const REVIEW: Stream = Stream::new("reviews/review");
const TELL: Stream = Stream::new("word_of_mouth/tell");

/// Reviews of all offers and merchants.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Evidence for and against each merchant.
    pub merchants: Vec<(f64, f64)>,
    /// Reviews of each offer.
    pub volumes: Vec<f64>,
}

fn occasion(order: &Shipment) -> u32 {
    order.offer ^ (u32::from(order.day) << 24) ^ (u32::from(order.wave) << 20)
}

impl Market {
    /// Before the first day every offer has the same reviews.
    pub fn start_reviews(&mut self) {
        let Some(p) = self.rules.reviews.clone() else { return };
        let offers = &self.env.catalogue.offers;
        let merchants = offers.iter().map(|o| o.merchant as usize + 1).max().unwrap_or(0);
        self.said.merchants = vec![(0.0, 0.0); merchants];
        self.said.volumes = vec![p.start_reviews; offers.len()];
        let good = p.start_reviews * (p.prior_stars - 1.0) / 4.0;
        for offer in offers {
            let merchant = &mut self.said.merchants[offer.merchant as usize];
            *merchant = (merchant.0 + good, merchant.1 + (p.start_reviews - good));
        }
        self.rate_offers();
    }

    /// Some of those whose goods arrived review them.
    pub fn review(&mut self, at: Clock) {
        let Some(p) = self.rules.reviews.clone() else { return };
        let mut given: Vec<Vec<u32>> = vec![Vec::new(); self.goods.len()];
        for outcome in &self.outcomes {
            let surprise = f64::from(outcome.surprise);
            let order = &outcome.order;
            let unit = self.key.unit(REVIEW, order.consumer, at, occasion(order));
            if unit < p.base + p.surprise_weight * surprise.abs() {
                let stars = (p.stars_expected + p.stars_per_surprise * surprise).round();
                given[order.offer as usize].push(stars.clamp(1.0, 5.0) as u32);
            }
        }
        for merchant in 0..self.said.merchants.len() {
            let own = |k: &usize| self.env.catalogue.offers[*k].merchant as usize == merchant;
            let all: Vec<u32> =
                (0..given.len()).filter(own).flat_map(|k| given[k].clone()).collect();
            let good = f64::from(all.iter().map(|stars| stars - 1).sum::<u32>()) / 4.0;
            let (for_it, against) = self.said.merchants[merchant];
            self.said.merchants[merchant] =
                (for_it * p.keep + good, against * p.keep + (all.len() as f64 - good));
        }
        for (volume, given) in self.said.volumes.iter_mut().zip(&given) {
            *volume = *volume * p.keep + given.len() as f64;
        }
        self.tally_reviews += given.iter().map(|given| given.len() as u64).sum::<u64>();
        self.rate_offers();
    }

    fn rate_offers(&mut self) {
        let Some(p) = self.rules.reviews.clone() else { return };
        for (k, offer) in self.env.catalogue.offers.iter().enumerate() {
            let believed = p.prior_reviews * (p.prior_stars - 1.0) / 4.0;
            let (good, bad) = self.said.merchants[offer.merchant as usize];
            let (good, bad) = (good + believed, bad + (p.prior_reviews - believed));
            let stars = 1.0 + 4.0 * good / (good + bad);
            let volume = ln_1p(self.said.volumes[k]) - ln_1p(p.reference_reviews);
            let utility = p.stars_weight * (stars - p.reference_stars) + p.volume_weight * volume;
            self.goods[k].standing_utility = utility as f32;
        }
    }

    /// The pleased and the displeased tell some friends, who trust more or less.
    pub fn spread_word(&mut self, at: Clock) {
        let Some(p) = self.rules.word_of_mouth.clone() else { return };
        let mut words = Vec::new();
        for outcome in &self.outcomes {
            let (order, surprise) = (&outcome.order, f64::from(outcome.surprise));
            let bad = surprise <= -p.displeased_at;
            let good = surprise >= p.pleased_at && !outcome.returned && !bad;
            let by = order.consumer;
            let mut draws = self.key.draws(TELL, by, at, occasion(order));
            if !(good || bad) || draws.unit() >= p.tell_share {
                continue;
            }
            let mut ties = Vec::new();
            pick_distinct(&mut draws, self.env.network.degree(by), p.ties as usize, &mut ties);
            for tie in ties {
                words.push((self.env.network.audience(by, tie), by, occasion(order), good));
            }
        }
        words.sort_unstable();
        for &(to, _, _, good) in &words {
            let member = &mut self.members[to as usize];
            let trust = from_share16(member.trust);
            let moved = if good {
                trust + p.trust_gain * (1.0 - trust)
            } else {
                (trust - p.negative_weight * p.trust_gain * trust).max(0.0)
            };
            member.trust = share16(moved);
        }
        self.tally_words += words.len() as u64;
    }
}
