//! The plain market: the whole state of one platform, and a day of it, one thing
//! after the other.

use crate::groups::Groups;
use crate::leaders::Leader;
use crate::live::Live;
use crate::opinion::Said;
use crate::rivals::Others;
use crate::rules::{Rules, Terms, terms};
use crate::sharing::Share;
use crate::supply::{Coupons, Price};
use crate::trees::Trees;
use guanxi::market::ledger::{Line, Postings};
use guanxi::market::member::Member;
use guanxi::market::message::{Answer, Exposure, Order, Outcome};
use guanxi::market::tally::Tally;
use guanxi::mechanism::world::{Environment, OpenNeed};
use guanxi::quantity::money::Fen;
use guanxi::quantity::time::Clock;
use guanxi::rng::Key;
use guanxi::scenario::Arm;
use std::sync::Arc;

/// An offer's state.
#[derive(Clone, Debug)]
pub struct Good {
    pub stock: i32,
    pub price_fen: u32,
    pub asked_today: u32,
    pub sold_today: u32,
    pub ln_price_ratio: f32,
    pub demand: f32,
    pub standing_utility: f32,
}

/// How senders draw whom they reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// By the mechanisms' draw plan: gaps over blocks, exposures thinned out.
    Plan,
    /// By one trial a consumer from a stream of its own, nothing thinned out.
    Trials,
}

/// One platform's world.
pub struct Market {
    pub env: Arc<Environment>,
    /// The number of the platform, and the key of its own draws.
    pub platform: u8,
    pub key: Key,
    pub daily_budget: i64,
    /// What each consumer does on the other platforms.
    pub others: Vec<Others>,
    pub rules: Rules,
    pub luck: Luck,
    pub channels: Vec<Terms>,
    pub day: u16,
    pub members: Vec<Member>,
    pub goods: Vec<Good>,
    /// When each consumer's next need arises, in 1/65536 days; `u32::MAX` for never.
    pub clocks: Vec<u32>,
    pub needs: Vec<OpenNeed>,
    /// The chance of an advertisement today that is too weak to persuade anybody.
    pub idle_contact: f64,
    /// Who joined or came back today.
    pub joined: Vec<u32>,
    pub fan_trust: Vec<f64>,
    pub live_purse: i64,
    pub live: Live,
    /// How many messages and advertisements of late each consumer has not forgotten.
    pub tired: Vec<(u32, u32)>,
    pub leaders: Vec<Leader>,
    /// Neighbourhoods in the order in which they get leaders, and the next place in it.
    pub recruiting: (Vec<u32>, usize),
    pub leader_purse: i64,
    /// Orders through leaders that wait for the cut-off.
    pub held: Vec<Order>,
    pub groups: Groups,
    pub shares: Vec<Share>,
    /// Share of the last day's claims for rewards that was paid.
    pub paid_share: f64,
    /// Goods under way with their day of arrival.
    pub parcels: Vec<(u16, Order)>,
    pub outcomes: Vec<Outcome>,
    pub coupons: Coupons,
    /// What merchants remember of each offer's price.
    pub prices: Vec<Price>,
    /// Goods that merchants ordered: morning of arrival, offer, units.
    pub supplies: Vec<(u16, usize, u32)>,
    pub said: Said,
    /// Reviews written and words heard since the first day.
    pub tally_reviews: u64,
    pub tally_words: u64,
    /// Needs that others of the household filled since the first day.
    pub filled_at_home: u64,
    pub trees: Trees,
    pub tally: Tally,
    pub money: Postings,
    /// The sum of all live members' trust at the end of the last day.
    pub trust_sum: i64,
}

impl Market {
    /// The market before its first day.
    pub fn new(env: &Arc<Environment>, arm: &Arm, luck: Luck) -> Self {
        let mut market = Self::empty(env, arm, 0, luck);
        market.start_clocks(0, 0);
        market.fill_up(env.start.stock_days);
        market.joined.clear();
        market
    }

    /// The market of a platform before needs arise and goods come in.
    pub fn empty(env: &Arc<Environment>, arm: &Arm, platform: usize, luck: Luck) -> Self {
        let rules = Rules::of(arm, platform);
        let n = env.consumers.n() as usize;
        let sharers = if env.budget_of_arm { arm.platforms.len() as i64 } else { 1 };
        let mut market = Self {
            platform: platform as u8,
            key: env.key_of(platform),
            daily_budget: env.daily_budget.0 / sharers,
            others: vec![Others::default(); n],
            channels: terms(&rules, 0.0),
            day: 0,
            members: vec![Member::stranger(env.start.trust); n],
            goods: Vec::new(),
            clocks: vec![u32::MAX; n],
            needs: Vec::new(),
            idle_contact: 0.0,
            joined: Vec::new(),
            fan_trust: env.influencers.credibility.clone(),
            live_purse: 0,
            live: Live::new(env.influencers.n()),
            tired: vec![(0, 0); n],
            leaders: vec![Leader::default(); env.network.neighbourhoods.len() - 1],
            recruiting: (Vec::new(), 0),
            leader_purse: 0,
            held: Vec::new(),
            groups: Groups::default(),
            shares: Vec::new(),
            paid_share: 0.0,
            parcels: Vec::new(),
            outcomes: Vec::new(),
            coupons: Coupons::default(),
            prices: Vec::new(),
            supplies: Vec::new(),
            said: Said::default(),
            tally_reviews: 0,
            tally_words: 0,
            filled_at_home: 0,
            trees: Trees::default(),
            tally: Tally::default(),
            money: Postings::default(),
            trust_sum: 0,
            env: Arc::clone(env),
            rules,
            luck,
        };
        market.begin();
        market
    }

    fn begin(&mut self) {
        self.found();
        self.queue_neighbourhoods();
        self.list_goods();
        self.start_reviews();
        let invitation = self.solved_invitation();
        self.channels = terms(&self.rules, invitation);
        if self.luck == Luck::Trials {
            self.channels.iter_mut().for_each(|terms| terms.thinning = 1.0);
        }
        self.trees.keep_days = match &self.rules.group_buy {
            Some(p) => p.window_days + 2,
            None => 1,
        };
        let rewards = self.rules.sharing.as_ref().is_some_and(|p| p.budget_share > 0.0);
        self.paid_share = if rewards { 1.0 } else { 0.0 };
    }

    /// One day; returns its counts and its money.
    pub fn step(&mut self) -> (Tally, Postings) {
        let start = Clock::start_of(self.day);
        self.forget_contacts(start);
        self.wake_needs(start);
        self.open_coupons();
        self.receive_supplies();
        for wave in 0..self.rules.attention.waves as u8 {
            self.wave(Clock { day: self.day, wave });
        }
        self.unpack_arrivals(start);
        self.spread_word(start);
        self.review(start);
        self.start_clocks(self.day, self.day + 1);
        self.tire_of_idle_contacts(start);
        self.judge_influencers();
        self.judge_leaders();
        self.count_coupons();
        self.review_prices(start);
        self.reorder_goods();
        self.reward_sharers();
        self.close()
    }

    /// One wave, from what is shown to what is bought.
    fn wave(&mut self, at: Clock) {
        let mut seen = Vec::new();
        self.send(at, &mut seen);
        sort(&mut seen);
        self.open_messages(at, &mut seen);
        self.register(at, &mut seen);
        self.hand_out_coupons(at, &mut seen);
        self.tire(&seen);
        self.note_viewers(at, &seen);
        let mut orders = Self::choose(std::slice::from_mut(self), at, &seen);
        self.fill_needs(at, &orders);
        self.spare_buyers(&orders);
        let mut answers = Vec::new();
        self.hold_for_leaders(at, &mut orders, &mut answers);
        self.form_groups(at, &mut orders, &mut answers);
        self.grant(orders, &mut answers);
        self.hear(at, &mut answers);
    }

    /// Everything that is shown in a wave.
    pub fn send(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        if at.wave == 0 {
            self.advertise(at, seen);
            self.search(at, seen);
            self.browse(at, seen);
            self.stream(at, seen);
            self.post(at, seen);
        }
        self.invite(at, seen);
        self.show_shares(at, seen);
    }

    /// What follows from the answers to a wave's orders.
    pub fn hear(&mut self, at: Clock, answers: &mut [Answer]) {
        answers.sort_by_key(|a| (a.order.consumer, a.order.offer, a.order.day, a.order.wave));
        self.free_coupons(answers);
        self.lapse(at, answers);
        self.record(at, answers);
        self.disappoint(answers);
        self.decide_to_share(at, answers);
    }

    /// The counts and the money of the day.
    pub fn close(&mut self) -> (Tally, Postings) {
        let live = self.members.iter().filter(|m| m.is_live());
        let trust: i64 = live.map(|m| i64::from(m.trust)).sum();
        self.tally.trust_change = trust - self.trust_sum;
        self.trust_sum = trust;
        self.trees.file(self.day, false);
        self.joined.clear();
        self.day += 1;
        (std::mem::take(&mut self.tally), std::mem::take(&mut self.money))
    }

    /// The number of a channel.
    pub fn channel(&self, name: &str) -> u8 {
        let found = self.channels.iter().position(|terms| terms.name == name);
        found.expect("the channel is known") as u8
    }

    /// How many consumers are members now.
    pub fn n_live(&self) -> u64 {
        self.members.iter().filter(|m| m.is_live()).count() as u64
    }

    /// A share of the daily budget, in whole fen.
    pub fn allotment(&self, share: f64) -> i64 {
        (self.daily_budget as f64 * share).floor() as i64
    }

    /// Books an amount.
    pub fn pay(&mut self, line: Line, fen: i64) {
        self.money.post(line, Fen(fen));
    }

    /// Gives an order's price back and says why.
    pub fn refuse(&mut self, answer: Answer, answers: &mut Vec<Answer>) {
        self.pay(Line::Refund, i64::from(answer.order.price_fen));
        answers.push(answer);
    }

    /// The category of an offer.
    pub fn category(&self, offer: u32) -> u16 {
        self.env.catalogue.offers[offer as usize].category
    }

    /// Weights of all offers by a power of what was asked for.
    pub fn popularity(&self, power: impl Fn(f64) -> f64) -> Vec<f64> {
        self.goods.iter().map(|good| power(1.0 + f64::from(good.demand))).collect()
    }

    /// An exposure to an offer through a channel, by default unrecommended.
    pub fn exposure(&self, to: u32, offer: u32, channel: u8) -> Exposure {
        Exposure { offer, category: self.category(offer), ..self.to_stranger(to, channel) }
    }

    /// An exposure to the platform itself.
    pub fn to_stranger(&self, to: u32, channel: u8) -> Exposure {
        Exposure::new(to, usize::from(self.platform), channel)
    }
}

/// Puts what is seen in order: what is weighed together stands together.
pub fn sort(seen: &mut [Exposure]) {
    seen.sort_by_key(|e| {
        (e.to, e.category, e.platform(), e.channel(), e.offer, e.source, e.context)
    });
}

/// The probability of at least one of a Poisson number of slots.
pub fn at_least_one(slots: f64) -> f64 {
    1.0 - guanxi::quantity::math::exp(-slots)
}

/// A share of an amount in whole fen, rounded down.
pub fn part(fen: i64, basis_points: u32) -> i64 {
    (i128::from(fen) * i128::from(basis_points)).div_euclid(10_000) as i64
}
