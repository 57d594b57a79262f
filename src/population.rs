//! Who the consumers are: segments and static traits.

use crate::market::catalogue::position;
use crate::market::platform::Family;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
use crate::simd;
use rayon::prelude::*;

parameters! {
    /// The table `[population]`.
    pub struct Parameters {
        /// Number of consumers. With an imported network it is the number of its nodes.
        consumers: u32 = "100_000", "consumers", 2.0, 1_000_000_000.0, A, "a city's worth";
        /// Number of influencers.
        influencers: u32 = "200", "influencers", 0.0, 100_000.0, A, "two per thousand consumers";
        /// Number of influencers a consumer follows on average.
        follows_mean: f64 = "5.0", "influencers", 0.0, 100.0, A, "assumed";
        /// Exponent s of the influencers' popularity: followers of rank r go with r^-s.
        follow_zipf_exponent: f64 = "0.8", "1", 0.0, 2.0, A, "heavy tail below Zipf's 1, assumed";
        /// Odds by which a consumer prefers an influencer of the own taste cluster.
        interest_bias: f64 = "4.0", "1", 1.0, 100.0, A, "assumed";
        /// Probability that somebody is of the tier of the own place: places stand in order of
        /// tier, and a consumer's number says where; 0 mixes all segments everywhere.
        tier_sorting: f64 = "0.0", "1", 0.0, 1.0, A, "none unless the scenario says more";
        /// Number of taste clusters.
        taste_clusters: u32 = "16", "clusters", 1.0, 64.0, A, "16 to 64 in the recommender's design";
    }
}

parameters! {
    /// One `[[population.segment]]`.
    pub struct Segment {
        /// Name of the segment.
        name: String = "\"everyone\"", "1", A, "one segment unless the scenario says more";
        /// Share of the population; the weights of all segments are scaled to sum to 1.
        weight: f64 = "1.0", "1", 0.0, 1_000_000.0, A, "equal segments";
        /// Income relative to the mean; scales how often needs arise.
        income: f64 = "1.0", "mean income", 0.01, 100.0, A, "the mean";
        /// Multiplier of price sensitivity in the utility.
        price_sensitivity: f64 = "1.0", "1", 0.0, 10.0, A, "the elasticity's mean";
        /// Probability of being active on a platform on a day.
        activity: f64 = "0.45", "1/day", 0.0, 1.0, A, "model, section 5 (attention)";
        /// Multiplier of the odds of sharing.
        social_propensity: f64 = "1.0", "1", 0.0, 100.0, A, "the mean";
        /// Added to the trust in every platform on day 0.
        trust_shift: f64 = "0.0", "1", -1.0, 1.0, A, "none unless the scenario says more";
        /// Added to the utility of goods that no need asks for: buying on impulse.
        impulse: f64 = "0.0", "utility", -20.0, 20.0, A, "none unless the scenario says more";
        /// Added to the log-odds of lapsing after a repeat order.
        lapse_shift: f64 = "0.0", "log-odds", -20.0, 20.0, A, "none unless the scenario says more";
        /// Added to the utility of what is found by searching.
        search_utility: f64 = "0.0", "utility", -20.0, 20.0, A, "no taste for it unless the scenario says more";
        /// Added to the utility of what is seen while browsing.
        feed_utility: f64 = "0.0", "utility", -20.0, 20.0, A, "no taste for it unless the scenario says more";
        /// Added to the utility of what an influencer shows in a session.
        live_utility: f64 = "0.0", "utility", -20.0, 20.0, A, "no taste for it unless the scenario says more";
        /// Added to the utility of what a neighbourhood's leader posts.
        leader_utility: f64 = "0.0", "utility", -20.0, 20.0, A, "no taste for it unless the scenario says more";
        /// Added to the utility of what friends share or invite to.
        friend_utility: f64 = "0.0", "utility", -20.0, 20.0, A, "no taste for it unless the scenario says more";
        /// City tier, 1 (largest cities) to 5: how much longer parcels take
        /// (`delivery.days_per_tier`), and where people live (`population.tier_sorting`).
        tier: u32 = "3", "1", 1.0, 5.0, A, "the middle";
        /// Age band, a label for tables.
        age_band: String = "\"all\"", "1", A, "no reliable joint table is published";
        /// Share of women, a label for tables.
        women_share: f64 = "0.5", "1", 0.0, 1.0, A, "assumed";
    }
}

/// Number of city tiers.
pub const TIERS: usize = 5;

impl Segment {
    /// Utility that the segment adds to a kind of channel.
    #[must_use]
    pub fn taste(&self, family: Family) -> f64 {
        match family {
            Family::Outside => 0.0,
            Family::Search => self.search_utility,
            Family::Feed => self.feed_utility,
            Family::Live => self.live_utility,
            Family::Leader => self.leader_utility,
            Family::Friend => self.friend_utility,
        }
    }

    /// The tier as an index, 0 … 4.
    #[must_use]
    pub fn tier_index(&self) -> usize {
        (self.tier.clamp(1, TIERS as u32) - 1) as usize
    }
}

/// Draws of a consumer's segment.
pub const SEGMENT: Stream = Stream::new("population/segment");
/// Draws of a consumer's taste cluster.
pub const TASTE: Stream = Stream::new("population/taste");
/// Draws of an influencer's credibility and goods.
pub const INFLUENCER: Stream = Stream::new("population/influencer");

/// The consumers' static traits.
#[derive(Clone, Debug)]
pub struct People {
    /// Segment of each consumer; none is kept where there is one segment.
    segment: Vec<u8>,
    /// The segments.
    pub segments: Vec<Segment>,
    /// Share of each segment; sums to 1.
    pub shares: Vec<f64>,
    /// Number of taste clusters.
    pub taste_clusters: u32,
}

impl People {
    /// Draws `n` consumers.
    #[must_use]
    pub fn draw(n: u32, parameters: &Parameters, segments: &[Segment], key: Key) -> Self {
        let total: f64 = segments.iter().map(|s| s.weight).sum();
        let shares: Vec<f64> = segments.iter().map(|s| s.weight / total).collect();
        let places = Places::new(segments, &shares);
        let one = |i| {
            let mut draws = key.draws(SEGMENT, i, Clock::default(), 0);
            let u = draws.unit();
            if parameters.tier_sorting > 0.0 && draws.chance(parameters.tier_sorting) {
                return places.segment((f64::from(i) + 0.5) / f64::from(n), u);
            }
            position(&shares, u) as u8
        };
        let known = if segments.len() > 1 { n } else { 0 };
        let segment = (0..known).into_par_iter().map(one).collect();
        let taste_clusters = parameters.taste_clusters;
        Self { segment, segments: segments.to_vec(), shares, taste_clusters }
    }

    /// The segment of a consumer.
    #[inline]
    #[must_use]
    pub fn of(&self, consumer: u32) -> &Segment {
        &self.segments[usize::from(self.segment_column().of(consumer))]
    }

    /// The segments of all consumers.
    #[inline]
    #[must_use]
    pub fn segment_column(&self) -> SegmentColumn<'_> {
        SegmentColumn(&self.segment)
    }

    /// The taste cluster of a consumer, drawn anew whenever it is asked for.
    #[inline]
    #[must_use]
    pub fn taste(&self, consumer: u32, key: Key) -> u8 {
        key.draws(TASTE, consumer, Clock::default(), 0).below(self.taste_clusters) as u8
    }
}

/// Segments by consumer.
#[derive(Clone, Copy, Debug)]
pub struct SegmentColumn<'a>(&'a [u8]);

impl<'a> SegmentColumn<'a> {
    /// The segment of a consumer, by its number.
    #[inline(always)]
    #[must_use]
    pub fn of(self, consumer: u32) -> u8 {
        self.0.get(consumer as usize).copied().unwrap_or_default()
    }

    /// Asks for the segment of a consumer ahead of its use.
    #[inline(always)]
    pub fn touch(self, consumer: u32) {
        simd::prefetch(self.0, consumer as usize);
    }

    /// As it is kept: one a consumer, or none where all are of the same.
    #[must_use]
    pub fn kept(self) -> &'a [u8] {
        self.0
    }
}

/// Where the tiers live: places stand in order of tier, each tier with as much room as it
/// has people, so that sorting people changes nobody's chances but by where they are.
struct Places {
    /// Segments in order of tier.
    order: Vec<u8>,
    /// Their tiers.
    tiers: Vec<u32>,
    /// Their shares.
    shares: Vec<f64>,
}

impl Places {
    fn new(segments: &[Segment], shares: &[f64]) -> Self {
        let mut order: Vec<u8> = (0..segments.len()).map(|k| k as u8).collect();
        order.sort_by_key(|k| segments[usize::from(*k)].tier);
        let tiers = order.iter().map(|k| segments[usize::from(*k)].tier).collect();
        let shares = order.iter().map(|k| shares[usize::from(*k)]).collect();
        Self { order, tiers, shares }
    }

    /// A segment of the tier that lives at `place` (0 … 1), by the number `u` (0 … 1).
    fn segment(&self, place: f64, u: f64) -> u8 {
        let tier = self.tiers[position(&self.shares, place)];
        let from = self.tiers.partition_point(|other| *other < tier);
        let until = self.tiers.partition_point(|other| *other <= tier);
        let own = &self.shares[from..until];
        let total: f64 = own.iter().sum();
        self.order[from + position(own, u * total)]
    }
}

/// The influencers' static traits, by popularity rank.
#[derive(Clone, Debug, Default)]
pub struct Influencers {
    /// How far followers believe what is recommended, 0 … 1.
    pub credibility: Vec<f64>,
    /// Taste cluster.
    pub taste: Vec<u8>,
}

impl Influencers {
    /// Draws `n` influencers: credibility uniform in 0.5 … 0.9 (A).
    #[must_use]
    pub fn draw(n: u32, taste_clusters: u32, key: Key) -> Self {
        let draws = |i| key.draws(INFLUENCER, i, Clock::default(), 0);
        let credibility = (0..n).map(|i| 0.5 + 0.4 * draws(i).unit()).collect();
        let taste = |i| {
            let mut d = draws(i);
            d.word();
            d.below(taste_clusters) as u8
        };
        Self { credibility, taste: (0..n).map(taste).collect() }
    }

    /// Number of influencers.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.credibility.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(tier_sorting: f64) -> People {
        let segment = |weight, tier| Segment { weight, tier, ..Segment::default() };
        let segments = [segment(2.0, 4), segment(1.0, 1), segment(1.0, 4)];
        let parameters = Parameters { tier_sorting, ..Parameters::default() };
        People::draw(20_000, &parameters, &segments, Key::new(3, 0))
    }

    fn count(segments: &[u8], segment: u8) -> usize {
        segments.iter().filter(|s| **s == segment).count()
    }

    /// n = 20,000 consumers; 0.02 is six standard deviations of a share.
    #[test]
    fn sorting_by_tier_keeps_the_shares_and_parts_the_places() {
        for sorting in [0.0, 0.5, 1.0] {
            let people = drawn(sorting);
            for (segment, share) in [(0, 0.5), (1, 0.25), (2, 0.25)] {
                let found = count(&people.segment, segment) as f64 / 20_000.0;
                assert!((found - share).abs() < 0.02, "{segment} at {sorting}: {found}");
            }
            let large = count(&people.segment[..5_000], 1) as f64 / 5_000.0;
            let expected = 0.25 + 0.75 * sorting;
            assert!((large - expected).abs() < 0.04, "{large} of the first quarter at {sorting}");
        }
        assert_eq!(count(&drawn(1.0).segment[5_000..], 1), 0);
    }
}
