//! What the decider reads of offers: written anew in every wave, in room that is kept.

use crate::market::platform::{OfferState, Platform};
use crate::parallel;

/// What is read of an offer: a quarter of a line of its own, since offers are met at random.
#[derive(Clone, Copy, Default)]
#[repr(align(16))]
pub struct Standing {
    /// ln(P/P⁰), alone.
    pub ln_price_ratio: f32,
    /// The utility of what others say of it.
    pub utility: f32,
    /// The list price.
    pub price_fen: u32,
}

impl From<&OfferState> for Standing {
    fn from(offer: &OfferState) -> Self {
        let &OfferState { ln_price_ratio, standing_utility: utility, price_fen, .. } = offer;
        Self { ln_price_ratio, utility, price_fen }
    }
}

/// How the offers of all platforms stand in a wave, by platform.
#[derive(Default)]
pub struct Standings(Vec<Vec<Standing>>);

/// Offers that are read in one piece.
const PIECE: usize = 4_096;

impl Standings {
    /// Reads all offers.
    pub fn read(&mut self, platforms: &[Platform]) {
        self.0.resize_with(platforms.len(), Vec::new);
        for (standings, Platform { offers, .. }) in self.0.iter_mut().zip(platforms) {
            standings.resize(offers.len(), Standing::default());
            let pieces = standings.chunks_mut(PIECE).zip(offers.chunks(PIECE));
            parallel::each(&mut pieces.collect::<Vec<_>>(), |_, (standings, offers)| {
                standings.iter_mut().zip(*offers).for_each(|(one, offer)| *one = offer.into());
            });
        }
    }

    /// The offers of a platform.
    pub fn of(&self, platform: usize) -> &[Standing] {
        &self.0[platform]
    }
}
