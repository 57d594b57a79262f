//! Experience: what arrives is seen, kept or sent back, and trust moves.
//!
//! realised = quality + ε; P(return) = σ(r₀ + r₁·(expected − realised) + shift of the
//! channel). Trust rises by η₊(1 − τ)·g and falls by η₋·τ·v, η₋ > η₊: losses weigh
//! more than gains.

use crate::columns::Columns;
use crate::exchange::{AHEAD, Inbox, add};
use crate::market::ledger::Line;
use crate::market::member::{from_share16, share16};
use crate::market::message::{Answer, Outcome, Shipment, Verdict};
use crate::market::platform::{ChannelTerms, Fees, Rows};
use crate::mechanism::Mechanism;
use crate::mechanism::load::{Extent, Load, kept};
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::{Environment, World};
use crate::parallel;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::quick_logistic;
use crate::quantity::money::Fen;
use crate::quantity::time::Clock;
use crate::rng::lanes::{normals, word_pairs};
use crate::rng::{Stream, unit};
use crate::simd::prefetch;

/// How the goods turn out, and whether they go back.
const OUTCOME: Stream = Stream::new("experience/outcome");

parameters! {
    /// What buyers find, and what it does to them.
    pub struct Parameters {
        /// Quality that buyers expect.
        expected_quality: f64 = "0.65", "1", 0.0, 1.0, A, "a little below the mean of what is sold";
        /// Standard deviation of what one delivery adds to an offer's quality.
        quality_noise_sd: f64 = "0.08", "1", 0.0, 1.0, A, "assumed";
        /// r₀: log-odds of returning goods that are as expected.
        return_base: f64 = "-2.1", "log-odds", -30.0, 10.0, D, "gives 10 to 15 % returns on the shelf (V, press)";
        /// r₁: log-odds of returning per unit of disappointment.
        return_disappointment: f64 = "3.0", "log-odds", 0.0, 50.0, A, "assumed";
        /// η₊: trust gained with a good delivery, as a share of what is missing.
        trust_gain: f64 = "0.02", "1", 0.0, 1.0, A, "model, section 6";
        /// η₋: trust lost with a bad delivery, as a share of what is there.
        trust_loss: f64 = "0.08", "1", 0.0, 1.0, A, "losses weigh three to five times as much";
        /// Disappointment at which trust falls by the full η₋; less falls in proportion.
        full_loss_at: f64 = "0.30", "1", 0.01, 1.0, A, "assumed";
        /// Trust lost where a group does not fill or stock runs out, as a share of what is there.
        refusal_loss: f64 = "0.01", "1", 0.0, 1.0, A, "a little, assumed";
        /// Share by which habit moves towards 1 with each kept order.
        habit_gain: f64 = "0.05", "1", 0.0, 1.0, A, "assumed";
        /// The platform's commission on kept orders.
        commission_share: f64 = "0.0034", "1", 0.0, 1.0, V, "Pinduoduo 2018: transaction services 0.34 % of GMV";
        /// The platform's fees for being shown, as a share of kept orders.
        ad_fee_share: f64 = "0.0244", "1", 0.0, 1.0, V, "Pinduoduo 2018: marketing services 2.44 % of GMV";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "experience",
    summary: "Quality is seen on delivery; goods are kept or returned; trust, habit and money follow",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nothing that arrives would be paid for"),
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[OUTCOME],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    let p = Parameters::from_values(values);
    Box::new(Experience { p, platform: placement.platform })
}

/// How the orders of a day ended.
fn load(_values: &Values, extent: &Extent) -> Load {
    let outcomes = kept(extent.known.orders, extent.shards, extent.days, size_of::<Outcome>());
    Load { bytes: outcomes, ..Load::default() }
}

struct Experience {
    p: Parameters,
    platform: usize,
}

impl Mechanism for Experience {
    fn start(&mut self, world: &mut World) {
        let basis_points = |share: f64| (share * 10_000.0).round() as u32;
        let fees = &mut world.platforms[self.platform].fees;
        fees.commission_bp = basis_points(self.p.commission_share);
        fees.ad_fee_bp = basis_points(self.p.ad_fee_share);
    }

    /// (refused orders) → a little trust lost.
    fn fulfil(
        &mut self,
        world: &mut World,
        platform: usize,
        _at: Clock,
        answers: &mut Inbox<Answer>,
    ) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[platform];
        parallel::each(&mut platform.rows(env.consumers), |shard, rows| {
            for answer in answers.shards[shard].iter().filter(|a| disappoints(a.verdict)) {
                let trust = from_share16(rows.member(answer.order.consumer).trust);
                rows.believe(answer.order.consumer, trust - self.p.refusal_loss * trust);
            }
        });
    }

    /// (arrivals) → outcomes, trust, habit, money; returned units go back into stock.
    fn experience(&mut self, world: &mut World, at: Clock) {
        let World { env, platforms, .. } = world;
        let platform = &mut platforms[self.platform];
        let (channels, fees) = (platform.channels.clone(), platform.fees);
        let key = env.key_of(self.platform);
        parallel::each(&mut platform.rows(env.consumers), |_, rows| {
            rows.outcomes.clear();
            let addresses = rows.arrivals.iter().map(|o| (o.consumer, o.occasion()));
            let (mut pairs, mut noise) = (Vec::with_capacity(rows.arrivals.len()), Vec::new());
            word_pairs(key, OUTCOME, at, addresses, &mut pairs);
            normals(pairs.iter().map(|pair| pair[0]), &mut noise);
            for (k, ([_, word], noise)) in pairs.into_iter().zip(noise).enumerate() {
                if let Some(later) = rows.arrivals.get(k + AHEAD) {
                    rows.touch(later.consumer);
                    prefetch(&env.catalogue.offers, later.offer as usize);
                }
                let order = rows.arrivals[k];
                let terms = &channels[order.channel as usize];
                let outcome = self.unpack(env, (noise, unit(word)), order, terms);
                self.learn(rows, &outcome);
                account(env.catalogue.parcel_cost_fen, fees, rows, &outcome, (at, terms));
                add(rows.outcomes, outcome);
            }
        });
        for outcome in platform.outcomes.iter().flatten().filter(|o| o.returned) {
            platform.offers[outcome.order.offer as usize].stock += 1;
        }
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _ } = self;
    }
}

/// Whether a refusal costs trust; being late for a friend's group does not.
fn disappoints(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::OutOfStock | Verdict::Unfilled)
}

impl Experience {
    fn unpack(
        &self,
        env: &Environment,
        (noise, chance): (f64, f64),
        order: Shipment,
        terms: &ChannelTerms,
    ) -> Outcome {
        let quality = f64::from(env.catalogue.offers[order.offer as usize].quality);
        let realised = quality + self.p.quality_noise_sd * noise;
        let surprise = realised - (self.p.expected_quality + terms.hype);
        let odds =
            self.p.return_base - self.p.return_disappointment * surprise + terms.return_shift;
        Outcome { order, returned: chance < quick_logistic(odds), surprise: surprise as f32 }
    }

    fn learn(&self, rows: &mut Rows<'_>, outcome: &Outcome) {
        let consumer = outcome.order.consumer;
        let surprise = f64::from(outcome.surprise);
        let trust = from_share16(rows.member(consumer).trust);
        let bad = (-surprise / self.p.full_loss_at).clamp(0.0, 1.0);
        let change = if surprise >= 0.0 && !outcome.returned {
            self.p.trust_gain * (1.0 - trust)
        } else {
            -self.p.trust_loss * trust * bad.max(if outcome.returned { 0.25 } else { 0.0 })
        };
        rows.believe(consumer, trust + change);
        let member = rows.member(consumer);
        let satisfaction = from_share16(member.satisfaction);
        let seen = if outcome.returned { 0.0 } else { (0.5 + surprise).clamp(0.0, 1.0) };
        member.satisfaction = share16(0.7 * satisfaction + 0.3 * seen);
        if !outcome.returned {
            let habit = from_share16(member.habit);
            member.habit = share16(habit + self.p.habit_gain * (1.0 - habit));
        }
    }
}

/// Books one outcome: the money of a kept order is shared out, that of a returned one goes back.
fn account(
    parcel_cost_fen: i64,
    fees: Fees,
    rows: &mut Rows<'_>,
    outcome: &Outcome,
    (at, terms): (Clock, &ChannelTerms),
) {
    let order = &outcome.order;
    let price = Fen(i64::from(order.price_fen));
    let book = &mut *rows.book;
    let channel = &mut book.tally.channels[order.channel as usize];
    book.tally.delivery_days += u64::from(at.day - order.day);
    if outcome.returned {
        channel.returned += 1;
        book.tally.units_back += 1;
        book.postings.post(Line::Refund, price);
        book.postings.post(Line::ReturnPostage, Fen(parcel_cost_fen));
        return;
    }
    channel.kept += 1;
    channel.kept_fen += price.0;
    let whole = order.full_price();
    book.postings.post(Line::Settlement, price);
    book.postings.post(Line::Subsidy, Fen(whole.0 - price.0));
    book.postings.post(Line::Commission, whole.basis_points(fees.commission_bp));
    book.postings.post(Line::AdFee, whole.basis_points(fees.ad_fee_bp));
    if let Some(line) = terms.commission_line {
        book.postings.post(line, whole.basis_points(terms.commission_bp));
    }
}
