//! What consumers have in common: the terms of a utility that depend on the platform, the
//! segment, the channel and whether there is a need. Made once a wave.

use super::batch::NO_LURE;
use crate::market::platform::{Carriage, Platform};
use crate::market::tally::MAX_CHANNELS;
use crate::market::utility::Coefficients;
use crate::mechanism::leaning::lean;
use crate::population::{People, Segment};

/// What a platform is to a segment, without a need or with one, by channel.
pub struct Mood([Way; MAX_CHANNELS]);

/// What a channel of a platform is to a segment: a line of memory, since all of it is read of
/// every alternative.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Way {
    /// The constant, and that of what is to the consumer's taste.
    pub constants: [f64; 2],
    /// What the segment adds.
    pub lean: f64,
    /// κ with a need, else 0.
    pub need: f64,
    /// β_P·s.
    pub sensitivity: f64,
    /// β_D·days.
    pub of_delay: f64,
    /// What of a strain on the purse counts: nothing with a need, else all. A product costs less
    /// than a branch that nobody can foretell.
    pub straining: f64,
    /// What buying in the first other way gains before its hassle; −∞ where there is none.
    pub lure: f64,
}

impl Mood {
    /// A channel.
    #[inline(always)]
    #[must_use]
    pub fn way(&self, channel: u8) -> &Way {
        &self.0[usize::from(channel) % MAX_CHANNELS]
    }

    /// What is the same for all channels, too.
    #[inline(always)]
    #[must_use]
    pub fn any_way(&self) -> &Way {
        &self.0[0]
    }

    fn new(segment: &Segment, platform: &Platform, c: &Coefficients, has_need: bool) -> Self {
        let sensitivity = c.price * segment.price_sensitivity;
        let (need, straining) = if has_need { (c.need, 0.0) } else { (0.0, 1.0) };
        let (constants, lure) = ([0.0; 2], NO_LURE);
        // Of a channel that nothing comes through.
        let none = Way { constants, lean: 0.0, need, sensitivity, of_delay: 0.0, straining, lure };
        let first = platform.variants.first();
        let lure = first.map_or(NO_LURE, |variant| -sensitivity * variant.ln_price);
        let mut ways = [none; MAX_CHANNELS];
        for (channel, (way, terms)) in ways.iter_mut().zip(&platform.channels).enumerate() {
            way.constants = [terms.constant, terms.matched];
            way.lean = lean(segment, platform, channel, c.delay)[usize::from(has_need)];
            way.of_delay = c.delay * c.delay_days(terms.carriage == Carriage::Pickup);
            if terms.variants {
                way.lure = lure;
            }
        }
        Self(ways)
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
