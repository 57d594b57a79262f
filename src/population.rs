//! Who the consumers are: segments and static traits.

use crate::market::catalogue::position;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
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
        /// City tier, 1 (largest cities) to 5; a label for tables.
        tier: u32 = "3", "1", 1.0, 5.0, A, "the middle";
        /// Age band, a label for tables.
        age_band: String = "\"all\"", "1", A, "no reliable joint table is published";
        /// Share of women, a label for tables.
        women_share: f64 = "0.5", "1", 0.0, 1.0, A, "assumed";
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
    /// Segment of each consumer.
    pub segment: Vec<u8>,
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
        let one = |i| position(&shares, key.unit(SEGMENT, i, Clock::default(), 0)) as u8;
        let segment = (0..n).into_par_iter().map(one).collect();
        let taste_clusters = parameters.taste_clusters;
        Self { segment, segments: segments.to_vec(), shares, taste_clusters }
    }

    /// The segment of a consumer.
    #[inline]
    #[must_use]
    pub fn of(&self, consumer: u32) -> &Segment {
        &self.segments[self.segment[consumer as usize] as usize]
    }

    /// The taste cluster of a consumer, drawn anew whenever it is asked for.
    #[inline]
    #[must_use]
    pub fn taste(&self, consumer: u32, key: Key) -> u8 {
        key.draws(TASTE, consumer, Clock::default(), 0).below(self.taste_clusters) as u8
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
