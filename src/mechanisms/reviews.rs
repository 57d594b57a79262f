//! Reviews: some buyers say in public what they found, and the choice listens.
//!
//! P(review) = ρ₀ + ρ₁·|surprise|, so that the pleased and the angry speak and the
//! content keep silent: the J-shape of Hu, Zhang & Pavlou (2009, doi
//! 10.1145/1562764.1562800). A merchant's reputation R is a Beta mean in stars, an
//! offer's volume V the number of its reviews; both forget. The decider adds to the
//! offer's utility β_R·(R − R⁰) + β_V·(ln(1 + V) − v⁰), v⁰ = ln(1 + V⁰), where R⁰ and V⁰
//! are references outside the platforms: with an arm's own means in their place, goods
//! that got better everywhere would win nothing.

use crate::columns::{Columns, Tenure};
use crate::market::catalogue::Catalogue;
use crate::market::message::Outcome;
use crate::market::opinion::{Opinions, Reputation, Reviews};
use crate::market::platform::Platform;
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::ln_1p;
use crate::quantity::time::Clock;
use crate::rng::Stream;
use crate::rng::lanes::draws_of;

/// Whether a buyer reviews.
const REVIEW: Stream = Stream::new("reviews/review");

parameters! {
    /// Who reviews, and what reviews do.
    pub struct Parameters {
        /// ρ₀: probability of reviewing goods that are as expected.
        base: f64 = "0.03", "1", 0.0, 1.0, A, "few of the content speak; assumed";
        /// ρ₁: probability added per unit of surprise, good or bad.
        surprise_weight: f64 = "0.5", "1", 0.0, 20.0, A, "assumed; the form is that of J-shaped ratings (Hu, Zhang & Pavlou 2009)";
        /// Stars for goods that are as expected.
        stars_expected: f64 = "4.0", "stars", 1.0, 5.0, A, "assumed";
        /// Stars more per unit of surprise; rounded and cut to 1 … 5.
        stars_per_surprise: f64 = "10.0", "stars", 0.0, 100.0, A, "a tenth of quality is a star; assumed";
        /// Stars that a merchant without reviews is believed to have.
        prior_stars: f64 = "4.0", "stars", 1.0, 5.0, A, "as expected";
        /// Reviews that this belief weighs as much as.
        prior_reviews: f64 = "2.0", "reviews", 0.001, 1_000_000.0, A, "little; assumed";
        /// Reviews that every offer has on day 0, of the stars that are believed.
        start_reviews: f64 = "0.0", "reviews", 0.0, 1_000_000.0, A, "a young platform";
        /// Share of the evidence that is left after a day.
        keep: f64 = "0.995", "1/day", 0.0, 1.0, A, "half after 138 days; model, section 5";
        /// β_R: utility of a star of the merchant's reputation.
        stars_weight: f64 = "0.30", "utility/star", 0.0, 10.0, A, "model, section 6; one star = 5 to 9 % of revenue (Luca 2011) would be 0.05 to 0.09";
        /// R⁰: stars outside the platforms.
        reference_stars: f64 = "4.0", "stars", 1.0, 5.0, A, "fixed, equal in all arms";
        /// β_V: utility of a unit of ln(1 + reviews) of the offer.
        volume_weight: f64 = "0.236", "utility", 0.0, 10.0, V, "elasticity of sales by volume of reviews (You, Vadakkepatt & Joshi 2015)";
        /// V⁰: reviews of an offer outside the platforms.
        reference_reviews: f64 = "10.0", "reviews", 0.0, 1_000_000.0, A, "fixed, equal in all arms";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "reviews",
    summary: "Surprised buyers review; merchants' reputation and offers' reviews enter the choice",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: false,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[REVIEW],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    let prior = Reputation::of(p.prior_stars, p.prior_reviews);
    Box::new(Reviewing { p, platform: placement.platform, prior, written: Vec::new() })
}

/// The reviews of a day, and those that are known.
fn load(_values: &Values, extent: &Extent) -> Load {
    let written = kept(extent.known.orders, extent.shards, extent.days, size_of::<(u32, u8)>());
    Load { bytes: 2.0 * written + 40.0 * extent.offers, ..Load::default() }
}

struct Reviewing {
    p: Parameters,
    platform: usize,
    /// What is believed of a merchant without reviews.
    prior: Reputation,
    /// Today's reviews, offer and stars, by shard of consumers.
    written: Vec<Vec<(u32, u8)>>,
}

impl Mechanism for Reviewing {
    fn start(&mut self, world: &mut World) {
        self.written = vec![Vec::new(); world.env.consumers.count()];
        let catalogue = &world.env.catalogue;
        let platform = &mut world.platforms[self.platform];
        let volume = self.p.start_reviews;
        let merchants = catalogue.offers.last().map_or(0, |offer| offer.merchant as usize + 1);
        let mut opinions = Opinions {
            merchants: vec![Reputation::default(); merchants],
            offers: vec![Reviews { volume, ..Reviews::default() }; catalogue.offers.len()],
        };
        let earlier = Reputation::of(self.p.prior_stars, volume);
        for offer in &catalogue.offers {
            let merchant = &mut opinions.merchants[offer.merchant as usize];
            merchant.good += earlier.good;
            merchant.bad += earlier.bad;
        }
        platform.opinions = opinions;
        self.rate(platform, catalogue);
    }

    /// (what arrived today) → reviews, reputation, what the decider adds.
    fn adapt(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, link, .. } = world;
        let platform = &mut platforms[self.platform];
        let (p, read, key) = (&self.p, &*platform, env.key_of(self.platform));
        parallel::each(&mut self.written, |shard, written| {
            written.clear();
            let arrived = read.outcomes(shard);
            let addresses = arrived.clone().map(|o| (o.order.consumer, o.order.occasion()));
            let draws = draws_of(key, REVIEW, at, addresses);
            for (outcome, mut draws) in arrived.zip(draws) {
                if draws.chance(p.base + p.surprise_weight * f64::from(outcome.surprise.abs())) {
                    written.push((outcome.order.offer, p.stars(&outcome)));
                }
            }
        });
        // Counts are whole numbers: the order of adding them up does not matter.
        for (offer, stars) in self.written.iter().flatten() {
            platform.opinions.offers[*offer as usize].add(*stars);
        }
        link.merge(&mut platform.opinions.offers, |sum, other| {
            sum.today += other.today;
            sum.steps_today += other.steps_today;
        });
        self.read(platform, &env.catalogue);
        self.rate(platform, &env.catalogue);
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p, platform: _, prior: _, written: _ } = self;
        io.holds(Tenure::Stays);
        io.acted("reviews.start_reviews", &p.start_reviews);
    }
}

impl Parameters {
    /// The stars that a buyer gives.
    fn stars(&self, outcome: &Outcome) -> u8 {
        let stars = self.stars_expected + self.stars_per_surprise * f64::from(outcome.surprise);
        stars.round().clamp(1.0, 5.0) as u8
    }
}

impl Reviewing {
    /// Today's reviews become evidence, and yesterday's fades.
    fn read(&self, platform: &mut Platform, catalogue: &Catalogue) {
        let Opinions { merchants, offers } = &mut platform.opinions;
        // A merchant's offers are neighbours.
        let goods = catalogue.offers.chunk_by(|a, b| a.merchant == b.merchant);
        let mut next = 0;
        for (merchant, goods) in merchants.iter_mut().zip(goods) {
            let own = &mut offers[next..next + goods.len()];
            next += goods.len();
            let (mut reviews, mut steps) = (0, 0);
            for offer in own {
                reviews += offer.today;
                steps += offer.steps_today;
                let volume = offer.volume * self.p.keep + f64::from(offer.today);
                *offer = Reviews { volume, today: 0, steps_today: 0 };
            }
            merchant.pass(self.p.keep, reviews, steps);
        }
    }

    /// What the decider adds to each offer until tomorrow.
    fn rate(&self, platform: &mut Platform, catalogue: &Catalogue) {
        let Platform { opinions, offers, .. } = platform;
        let p = &self.p;
        let usual = ln_1p(p.reference_reviews);
        for ((state, reviews), offer) in
            offers.iter_mut().zip(&opinions.offers).zip(&catalogue.offers)
        {
            let stars = opinions.merchants[offer.merchant as usize].stars_with(self.prior);
            let valence = p.stars_weight * (stars - p.reference_stars);
            let volume = p.volume_weight * (ln_1p(reviews.volume) - usual);
            state.standing_utility = (valence + volume) as f32;
        }
    }
}
