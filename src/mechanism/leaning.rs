//! What the segments add to the utility of an alternative: taste for kinds of channels,
//! impulse, and the days that parcels take longer to where they live.
//!
//! lean(k, c) = taste of segment k for the family of channel c + impulse of k without a
//! need − β_D·extra days of k's tier by parcel. The decider makes a small table of it.

use crate::market::platform::{Carriage, Platform};
use crate::population::Segment;

/// What a segment adds to the utility of alternatives of a channel, without a need and with
/// one; `delay` is the utility lost with a day.
#[must_use]
pub fn lean(segment: &Segment, platform: &Platform, channel: usize, delay: f64) -> [f64; 2] {
    let terms = &platform.channels[channel];
    let days = match terms.carriage {
        Carriage::Parcel => platform.tier_days[segment.tier_index()],
        Carriage::Pickup => 0.0,
    };
    let taste = segment.taste(terms.family);
    [taste + segment.impulse - delay * days, taste - delay * days]
}
