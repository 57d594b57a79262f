//! Small worlds for the comparison, written as scenarios.

use guanxi::mechanism::world::Environment;
use guanxi::model;
use guanxi::scenario::Scenario;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use std::path::Path;
use std::sync::Arc;

/// What a test asks for.
#[derive(Clone, Debug)]
pub struct World {
    pub preset: &'static str,
    pub kind: &'static str,
    pub seed: u64,
    pub consumers: u32,
    /// Whose the marketing budget is.
    pub budget_of: &'static str,
}

/// What all worlds have in common: few people, several kinds of everything, money.
const COMMON: &str = r#"
days = 60

[[population.segment]]
name = "busy"
weight = 2
income = 1.4
activity = 0.8
price_sensitivity = 0.7
social_propensity = 1.5
tier = 1
trust_shift = 0.1
lapse_shift = -0.2
search_utility = 0.2
friend_utility = -0.3

[[population.segment]]
name = "calm"
weight = 1
income = 0.6
activity = 0.4
price_sensitivity = 1.4
social_propensity = 0.5
tier = 4
trust_shift = -0.2
impulse = 0.5
lapse_shift = 0.4
feed_utility = 0.3
live_utility = 0.4
leader_utility = 0.5

[[market.category]]
name = "food"
weight = 3
reference_price_fen = 2_000

[[market.category]]
name = "clothing"
weight = 1
reference_price_fen = 9_000

[start]
registered_share = 0.35

[need]
needs_per_day = 0.3
"#;

/// Everything on, and strained: little stock, large groups, leaders who quit.
const HYBRID: &str = r#"
[arm.one.outside_ads]
budget_share = 0.2
join = -4.0

[arm.one.livestream]
enabled = true
budget_share = 0.2
join = -3.0
show_days_per_week = 4
fatigue_gain = 0.1
fatigue_half_life_days = 3.0
carry_over_share = 0.6
carry_over_half_life_days = 2.0

[fatigue]
enabled = true
half_life_days = 2.0

[arm.one.feed]
personal_share = 0.5
opt_out_share = 0.2

[arm.one.leader]
enabled = true
bonus_fen = 4_000
budget_share = 0.3
join = -3.0
min_batch = 2
trial_days = 7
reservation_fen = 100
outside_reach_share = 0.5

[arm.one.group_buy]
size = 3
window_days = 2
auto_fill_share = 0.3
reopen_share = 0.4
public_share = 0.6
join = -1.0

[arm.one.sharing]
budget_share = 0.2
base = -0.5
personal_ties = 5
broadcast_reach = 0.3
strong_first = true
group_chat_share = 0.4

[arm.one.stock]
least_units = 1
cover_days = 4.0
review_days = 4
lead_time_days = 2
safety_days = 1.0

[arm.one.coupon]
enabled = true
budget_share = 0.1
member_share = 0.5
value_fen = 30
minimum_fen = 1_500

[arm.one.pricing]
enabled = true
review_days = 3
step_share = 0.05
least_markup = 0.6
undercut_share = 0.3

[arm.one.delivery]
days_per_tier = 0.4

[arm.one.registration]
win_back_shift = -0.3

[arm.one.need]
lapse_a = 0.5
household_fills = 0.7

[arm.one.reviews]
enabled = true
base = 0.2
surprise_weight = 2.0
prior_reviews = 1.0
start_reviews = 1.5

[arm.one.word_of_mouth]
enabled = true
tell_share = 0.6
trust_gain = 0.05
"#;

/// Platforms that come as they are.
const FOUR_PRESETS: &str = r#"
[arm.one.stock]
least_units = 1
cover_days = 3.0
[arm.one.platform.community]
preset = "community"
[arm.one.platform.kol]
preset = "kol"
[arm.one.platform.traditional]
preset = "traditional"
[arm.one.platform.viral]
preset = "viral"
"#;

/// Two platforms with all mechanisms, which differ a little.
const TWO_HYBRIDS: &str = r#"
[arm.one.platform.east]
preset = "viral"
[arm.one.platform.west]
preset = "viral"
[arm.one.platform.west.listing]
price_level = 0.95
[arm.one.platform.west.feed]
attention_share = 0.3
[arm.one.platform.west.group_buy]
size = 2
[arm.one.platform.west.livestream]
attention_share = 0.2
[arm.one.platform.west.coupon]
value_share = 0.2
[arm.one.platform.west.pricing]
review_days = 5
undercut_share = 0.0
[arm.one.platform.west.delivery]
days_per_tier = 0.0
[arm.one.platform.west.sharing]
group_chat_share = 0.7
"#;

/// The scenario of a world, and its environment.
pub fn prepared(world: &World) -> (Scenario, Arc<Environment>) {
    let preset = world.preset;
    let own = match preset {
        "hybrid" => format!("[arm.one]\npreset = \"viral\"\n{HYBRID}"),
        "four presets" => FOUR_PRESETS.to_owned(),
        "two hybrids" => format!("{TWO_HYBRIDS}{HYBRID}"),
        _ => format!("[arm.one]\npreset = \"{preset}\"\n"),
    };
    let World { kind, seed, consumers, budget_of, .. } = world;
    let text = format!(
        "name = \"reference\"\nseed = {seed}\n{COMMON}
[population]\nconsumers = {consumers}\ninfluencers = 12\nfollows_mean = 4.0\ntaste_clusters = 3
tier_sorting = 0.6
[network]\nkind = \"{kind}\"\nmean_degree = 12\nneighbourhood_size = 70\ninterest_group_size = 40
[market]\nmerchants = 35\nmarketing_budget_fen_per_consumer_day = 60.0\nbudget_of = \"{budget_of}\"
{own}"
    );
    let input = Input { name: "reference.toml", text: &text, folder: Path::new("."), sets: &[] };
    let checked = resolve(&input, &CATALOGUE).unwrap_or_else(|issues| panic!("{issues:#?}"));
    // What shapes one kind of network has no effect in others, and the hybrid's members look
    // at more than the others'; both are warned of.
    let known = |text: &str| text.contains("network.kind") || text.contains("attention shares");
    let warned = checked.warnings.iter().filter(|issue| !known(&issue.message));
    assert_eq!(warned.count(), 0, "{:#?}", checked.warnings);
    let scenario = checked.scenario;
    let env = model::environment(&scenario, 0, None).expect("the network can be made");
    (scenario, Arc::new(env))
}
