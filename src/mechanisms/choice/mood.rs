//! What consumers have in common: the terms of a utility that depend on the platform, the
//! segment, the channel and whether there is a need. Made once a wave.

use super::batch::NO_LURE;
use crate::market::platform::{Carriage, Platform};
use crate::market::tally::MAX_CHANNELS;
use crate::market::utility::Coefficients;
use crate::mechanism::leaning::lean;
use crate::population::{People, Segment};

/// What a platform is to a segment, without a need or with one.
pub struct Mood {
    /// β_P·s.
    pub sensitivity: f64,
    /// κ with a need, else 0.
    pub need: f64,
    /// What of a strain on the purse counts: nothing with a need, else all. A product costs less
    /// than a branch that nobody can foretell.
    pub straining: f64,
    /// By channel.
    ways: [Way; MAX_CHANNELS],
    /// What buying in the first other way gains before its hassle, by channel; −∞ where there
    /// is none.
    lures: [f64; MAX_CHANNELS],
}

/// What a channel of the platform is.
#[derive(Clone, Copy)]
pub struct Way {
    /// The constant, and that of what is to the consumer's taste.
    pub constants: [f64; 2],
    /// What the segment adds.
    pub lean: f64,
    /// β_D·days.
    pub of_delay: f64,
}

impl Way {
    /// Of a channel that nothing comes through.
    const NONE: Self = Self { constants: [0.0; 2], lean: 0.0, of_delay: 0.0 };
}

impl Mood {
    /// A channel.
    #[inline]
    #[must_use]
    pub fn way(&self, channel: u8) -> &Way {
        &self.ways[usize::from(channel) % MAX_CHANNELS]
    }

    /// The lure of a channel's first other way of buying.
    #[inline]
    #[must_use]
    pub fn lure(&self, channel: u8) -> f64 {
        self.lures[usize::from(channel) % MAX_CHANNELS]
    }

    fn new(segment: &Segment, platform: &Platform, c: &Coefficients, need: bool) -> Self {
        let sensitivity = c.price * segment.price_sensitivity;
        let first = platform.variants.first();
        let lure = first.map_or(NO_LURE, |variant| -sensitivity * variant.ln_price);
        let (mut ways, mut lures) = ([Way::NONE; MAX_CHANNELS], [NO_LURE; MAX_CHANNELS]);
        for (channel, terms) in platform.channels.iter().enumerate() {
            ways[channel] = Way {
                constants: [terms.constant, terms.matched],
                lean: lean(segment, platform, channel, c.delay)[usize::from(need)],
                of_delay: c.delay * c.delay_days(terms.carriage == Carriage::Pickup),
            };
            if terms.variants {
                lures[channel] = lure;
            }
        }
        let (need, straining) = if need { (c.need, 0.0) } else { (0.0, 1.0) };
        Self { sensitivity, need, straining, ways, lures }
    }
}

/// What a platform is to all segments.
pub struct Moods(Vec<Mood>);

impl Moods {
    /// It, in one wave.
    #[must_use]
    pub fn new(people: &People, platform: &Platform, c: &Coefficients) -> Self {
        let of = |segment| [false, true].map(|need| Mood::new(segment, platform, c, need));
        Self(people.segments.iter().flat_map(of).collect())
    }

    /// What it is to a segment, without a need or with one.
    #[inline]
    #[must_use]
    pub fn of(&self, segment: u8, need: bool) -> &Mood {
        &self.0[2 * usize::from(segment) + usize::from(need)]
    }
}
