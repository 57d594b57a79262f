//! What the segments add to the utility of an alternative: taste for kinds of channels,
//! impulse, and the days that parcels take longer to where they live.
//!
//! lean(k, c) = taste of segment k for the family of channel c + impulse of k without a
//! need − β_D·extra days of k's tier by parcel. A small table, made once a wave; there is
//! none where all segments are neutral.

use crate::market::platform::{Carriage, Platform};
use crate::market::utility::Coefficients;
use crate::population::{People, Segment};

/// What the segments of an arm add to utilities.
#[derive(Clone, Debug, Default)]
pub struct Leanings {
    /// By platform, channel, segment, and whether there is a need; empty where all are 0.
    table: Vec<[f64; 2]>,
    n_segments: usize,
    n_channels: usize,
}

impl Leanings {
    /// The table of an arm.
    #[must_use]
    pub fn new(people: &People, platforms: &[Platform], coefficients: &Coefficients) -> Self {
        let n_channels = platforms.first().map_or(0, |platform| platform.channels.len());
        let mut table = Vec::with_capacity(platforms.len() * n_channels * people.segments.len());
        for platform in platforms {
            for channel in 0..n_channels {
                let lean = |segment| lean(segment, platform, channel, coefficients.delay);
                table.extend(people.segments.iter().map(lean));
            }
        }
        if table.iter().all(|entry| *entry == [0.0; 2]) {
            table.clear();
        }
        Self { table, n_segments: people.segments.len(), n_channels }
    }

    /// What a segment adds to the utility of an alternative.
    #[inline]
    #[must_use]
    pub fn of(&self, platform: u8, channel: u8, segment: u8, need: bool) -> f64 {
        if self.table.is_empty() {
            return 0.0;
        }
        let row = usize::from(platform) * self.n_channels + usize::from(channel);
        self.table[row * self.n_segments + usize::from(segment)][usize::from(need)]
    }
}

/// Without a need, and with one.
fn lean(segment: &Segment, platform: &Platform, channel: usize, delay: f64) -> [f64; 2] {
    let terms = &platform.channels[channel];
    let days = match terms.carriage {
        Carriage::Parcel => platform.tier_days[segment.tier_index()],
        Carriage::Pickup => 0.0,
    };
    let taste = segment.taste(terms.family);
    [taste + segment.impulse - delay * days, taste - delay * days]
}
