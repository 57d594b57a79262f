//! Who the consumers are: segments and static traits.

use crate::parameters;

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
