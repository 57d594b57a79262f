//! What a run will need, before anything is allocated.

use super::{enabled, trades, uses_followers};
use crate::market::catalogue::Offer;
use crate::market::member::Member;
use crate::market::platform::OfferState;
use crate::network;
use crate::parameter::Value;
use crate::scenario::Scenario;

/// The memory that one replicate takes, part by part.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    /// (what, bytes), in order of building.
    pub parts: Vec<(&'static str, u64)>,
}

impl Estimate {
    /// All parts together, in bytes.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.1).sum()
    }
}

/// Bytes a consumer of orders, messages, groups and cascades under way and the room that
/// their lists keep, in a year of the viral preset, which has the most of them (`massif`).
const MESSAGE_BYTES: f64 = 75.0;

/// The memory of one replicate of `n` consumers. Arms run one after the other, so that
/// one arm's state is held at a time.
#[must_use]
pub fn estimate(scenario: &Scenario, n: u32) -> Estimate {
    let consumers = u64::from(n);
    let platforms = scenario.arms.iter().map(|a| a.platforms.len() as u64).max().unwrap_or(1);
    let offers =
        u64::from(scenario.market.merchants) * u64::from(scenario.market.offers_per_merchant);
    let follows_mean =
        if uses_followers(scenario) { scenario.population.follows_mean } else { 0.0 };
    let follows = (follows_mean * f64::from(n)) as u64;
    let days = u64::from(scenario.days + scenario.start.burn_in_days);
    let trading = scenario.arms.iter().any(|arm| trades(arm, scenario.start.registered_share));
    // Without members: a bit and a segment. With them, records, clocks of needs and more.
    let (record, messages) = if trading {
        (1 + 12 + platforms * (size_of::<Member>() as u64 + 1), MESSAGE_BYTES)
    } else {
        (1 + platforms.div_ceil(8), 0.0)
    };
    let mut estimate = Estimate {
        parts: vec![
            ("network", network::estimate_bytes(&scenario.network, n)),
            ("followers", follows * 2),
            ("consumers", consumers * record),
            (
                "offers",
                offers * (size_of::<Offer>() as u64 + platforms * size_of::<OfferState>() as u64),
            ),
            ("orders and messages", (f64::from(n) * messages) as u64),
            ("tables", days * 64 * 64),
        ],
    };
    if spreads(scenario) {
        // A bit for each state, and the contacts of the days to come.
        estimate.parts.push(("diffusion", consumers * 16));
    }
    if is_positive(scenario, "group_chat_share") {
        estimate.parts.push(("chat groups", consumers * 16));
    }
    estimate.parts.retain(|part| part.1 > 0);
    estimate
}

/// Whether a parameter of that name is above 0 for any mechanism that is on.
fn is_positive(scenario: &Scenario, key: &str) -> bool {
    enabled(scenario).any(|one| matches!(one.values.0.get(key), Some(Value::Number(x)) if *x > 0.0))
}

/// Whether something spreads from seeds in any arm.
fn spreads(scenario: &Scenario) -> bool {
    let mut on = scenario.arms.iter().flat_map(|arm| &arm.mechanisms).filter(|one| one.enabled);
    on.any(|one| one.values.0.contains_key("seed_by"))
}
