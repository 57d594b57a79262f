//! The market's materials: catalogue, members, messages, ledger.

pub mod cascade;
pub mod catalogue;
pub mod coupon;
pub mod fatigue;
pub mod history;
pub mod ledger;
pub mod member;
pub mod message;
pub mod opinion;
pub mod platform;
pub mod popularity;
pub mod spread;
pub mod tally;
mod trees;
pub mod utility;

use crate::parameters;

parameters! {
    /// The table `[market]`.
    pub struct Parameters {
        /// Number of merchants.
        merchants: u32 = "1_000", "merchants", 1.0, 1_000_000.0, A, "assumed";
        /// Offers of one merchant.
        offers_per_merchant: u32 = "4", "offers", 1.0, 1_000.0, A, "assumed";
        /// Budget of every arm for winning and keeping customers, a consumer of the population and day.
        marketing_budget_fen_per_consumer_day: f64 = "4.0", "fen", 0.0, 10_000.0, D, "Pinduoduo 2018: 13,442 m yuan sales and marketing over about a thousand million people and 365 days (pdd_annual.csv)";
        /// Whose that budget is: the `arm`'s, divided equally among its platforms, or each
        /// `platform`'s, so that an arm with several spends several times as much as an arm
        /// with one.
        budget_of: String = "arm", "1", ["arm", "platform"], A, "arms are compared at equal budgets";
        /// Spread (standard deviation of the logarithm) of list prices around their category's reference.
        price_spread: f64 = "0.10", "1", 0.0, 0.5, A, "assumed; bounded at two standard deviations";
        /// Mean of the offers' true quality.
        quality_mean: f64 = "0.70", "1", 0.0, 1.0, A, "assumed";
        /// Standard deviation of the offers' true quality.
        quality_sd: f64 = "0.12", "1", 0.0, 0.5, A, "assumed";
        /// Share of offers that are of bad quality.
        bad_quality_share: f64 = "0.235", "1", 0.0, 1.0, V, "2024 inspections of goods sold online (quality_inspections.csv)";
        /// Unit cost as a share of the category's reference price.
        unit_cost_share: f64 = "0.60", "1", 0.0, 2.0, A, "assumed";
        /// Postage of a parcel, paid by the merchant.
        parcel_cost_fen: i64 = "300", "fen", 0.0, 1_000_000.0, A, "about 3 yuan, assumed";
    }
}

parameters! {
    /// One `[[market.category]]`.
    pub struct Category {
        /// Name of the category.
        name: String = "\"everyday\"", "1", A, "one category unless the scenario says more";
        /// Share of needs and offers; the weights of all categories are scaled to sum to 1.
        weight: f64 = "1.0", "1", 0.0, 1_000_000.0, A, "equal categories";
        /// Reference price outside the platforms, equal in all arms.
        reference_price_fen: i64 = "4_500", "fen", 1.0, 100_000_000.0, D, "Pinduoduo 2018: GMV 471.6 thousand million yuan over about 11 thousand million orders";
    }
}

parameters! {
    /// The table `[start]`.
    pub struct Start {
        /// Share of consumers registered on each platform on day 0.
        registered_share: f64 = "0.01", "1", 0.0, 1.0, A, "a young platform";
        /// Trust in the platform on day 0.
        trust: f64 = "0.5", "1", 0.0, 1.0, A, "neutral";
        /// Days simulated before the reported ones.
        burn_in_days: u16 = "0", "days", 0.0, 3_650.0, A, "the young platform is the subject";
        /// Days of expected demand in stock on day 0.
        stock_days: f64 = "14.0", "days", 0.0, 3_650.0, A, "assumed";
    }
}
