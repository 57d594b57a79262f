//! What is sold: categories, merchants and their offers, equal in all arms.

use super::{Category, Parameters};
use crate::parallel::Shards;
use crate::quantity::math;
use crate::quantity::time::Clock;
use crate::rng::sample::continuous::normal;
use crate::rng::{Key, Stream};

/// Draws of an offer's category, price and quality.
pub const OFFER: Stream = Stream::new("market/offer");

/// One offer: a product of one merchant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// The merchant.
    pub merchant: u32,
    /// List price before a platform's price level.
    pub list_price_fen: u32,
    /// Unit cost.
    pub unit_cost_fen: u32,
    /// True quality, 0 … 1.
    pub quality: f32,
    /// The category.
    pub category: u16,
}

/// All offers, numbered so that a merchant's are contiguous.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The offers.
    pub offers: Vec<Offer>,
    /// Offers by category, ascending.
    pub by_category: Vec<Vec<u32>>,
    /// Reference price of each category.
    pub reference_price_fen: Vec<i64>,
    /// Share of needs in each category; sums to 1.
    pub category_share: Vec<f64>,
    /// Postage of a parcel.
    pub parcel_cost_fen: i64,
    /// Shards of the offers.
    pub shards: Shards,
}

impl Catalogue {
    /// Draws the catalogue of a replicate.
    #[must_use]
    pub fn draw(market: &Parameters, categories: &[Category], key: Key) -> Self {
        let n = market.merchants * market.offers_per_merchant;
        let total: f64 = categories.iter().map(|c| c.weight).sum();
        let category_share: Vec<f64> = categories.iter().map(|c| c.weight / total).collect();
        let offers: Vec<Offer> =
            (0..n).map(|id| offer(id, market, categories, &category_share, key)).collect();
        let mut by_category = vec![Vec::new(); categories.len()];
        for (id, offer) in offers.iter().enumerate() {
            by_category[offer.category as usize].push(id as u32);
        }
        Self {
            offers,
            by_category,
            reference_price_fen: categories.iter().map(|c| c.reference_price_fen).collect(),
            category_share,
            parcel_cost_fen: market.parcel_cost_fen,
            shards: Shards::of(n),
        }
    }

    /// The category into which a number in (0, 1) falls.
    #[inline]
    #[must_use]
    pub fn category_at(&self, u: f64) -> u16 {
        position(&self.category_share, u) as u16
    }
}

/// The index at which the running sum of `shares` passes `u`.
#[inline]
#[must_use]
pub fn position(shares: &[f64], u: f64) -> usize {
    let mut rest = u;
    for (k, share) in shares.iter().enumerate() {
        rest -= share;
        if rest < 0.0 {
            return k;
        }
    }
    shares.len() - 1
}

fn offer(id: u32, market: &Parameters, categories: &[Category], shares: &[f64], key: Key) -> Offer {
    let mut draws = key.draws(OFFER, id, Clock::default(), 0);
    let category = position(shares, draws.unit());
    let reference = categories[category].reference_price_fen as f64;
    // Bounded at two standard deviations: a tail of very cheap offers would draw all demand.
    let deviation = normal(&mut draws).clamp(-2.0, 2.0) * market.price_spread;
    let bad = draws.unit() < market.bad_quality_share;
    let spread = normal(&mut draws) * market.quality_sd;
    // Good and bad offers together keep the stated mean.
    let gap = 3.0 * market.quality_sd;
    let centre = market.quality_mean + gap * market.bad_quality_share - if bad { gap } else { 0.0 };
    Offer {
        merchant: id / market.offers_per_merchant,
        list_price_fen: (reference * math::exp(deviation)).round().max(1.0) as u32,
        unit_cost_fen: (reference * market.unit_cost_share).round() as u32,
        quality: (centre + spread).clamp(0.0, 1.0) as f32,
        category: category as u16,
    }
}
