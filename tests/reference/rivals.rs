//! Several plain markets in an arm: what their consumers and merchants share.
//!
//! Each platform is a market of its own. Clocks of needs, open needs and tiredness belong to
//! the consumers and are lent to one market after the other; what a market must know of the
//! others (how attention is divided, who is a member elsewhere) it finds in [`Others`].

use crate::market::{Good, Luck, Market, sort};
use crate::supply::wanted;
use guanxi::market::ledger::Postings;
use guanxi::market::member::{NEVER, from_share16};
use guanxi::market::message::{Answer, Exposure, Order, Verdict};
use guanxi::market::tally::Tally;
use guanxi::mechanism::world::{Environment, OpenNeed};
use guanxi::quantity::math::quick_exp;
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::scenario::Arm;
use std::mem::{swap, take};
use std::sync::Arc;

const PLATFORM: Stream = Stream::new("attention/platform");

/// What a consumer does on the other platforms of the arm.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    /// How strongly the platforms before this one pull, this one, and all.
    pulls: (f64, f64, f64),
    /// Whether the consumer is a member of any other.
    pub is_member: bool,
    /// Day of the last order on any other.
    pub last_order_day: u16,
}

impl Default for Others {
    fn default() -> Self {
        Self { pulls: (0.0, 1.0, 1.0), is_member: false, last_order_day: NEVER }
    }
}

impl Others {
    /// The share of a member's attention that falls to the platform.
    pub fn share(&self) -> f64 {
        self.pulls.1 / self.pulls.2
    }
}

/// What happened only because there are several platforms.
#[derive(Debug, Default)]
pub struct Events {
    /// Members of several platforms, day by day.
    pub at_home_in_several: u64,
    /// Orders whose buyer's last order was on another platform.
    pub switches: u64,
    /// Members who left a platform and stayed on another.
    pub left_one_of_several: u64,
    /// Accounts of an offer that were overdrawn in the evening.
    pub overdrawn: u64,
    /// Orders of a category of which several platforms showed goods at once.
    pub compared: u64,
    /// Goods that came in at once for several accounts.
    pub divided: u64,
    /// Orders with a coupon, and such as came too late for one, where there are fewest.
    pub coupons: u64,
    pub late_coupons: u64,
    /// Needs that others of the household filled.
    pub filled_at_home: u64,
    /// Words heard.
    pub words: u64,
}

impl Events {
    /// Adds what happened in another world.
    pub fn add(&mut self, other: &Self) {
        self.at_home_in_several += other.at_home_in_several;
        self.switches += other.switches;
        self.left_one_of_several += other.left_one_of_several;
        self.overdrawn += other.overdrawn;
        self.compared += other.compared;
        self.divided += other.divided;
        self.coupons += other.coupons;
        self.late_coupons += other.late_coupons;
        self.filled_at_home += other.filled_at_home;
        self.words += other.words;
    }
}

/// The market of an arm with several platforms.
pub struct Rivals {
    pub markets: Vec<Market>,
    pub clocks: Vec<u32>,
    pub needs: Vec<OpenNeed>,
    pub tired: Vec<(u32, u32)>,
    /// Goods under way: morning of arrival, offer, units.
    supplies: Vec<(u16, usize, u32)>,
    /// Platform of each consumer's last order.
    last: Vec<Option<u8>>,
    pub events: Events,
}

impl Rivals {
    /// The market before its first day.
    pub fn new(env: &Arc<Environment>, arm: &Arm) -> Self {
        let market = |platform| Market::empty(env, arm, platform, Luck::Plan);
        let n = env.consumers.n() as usize;
        let mut all = Self {
            markets: (0..arm.platforms.len()).map(market).collect(),
            clocks: vec![u32::MAX; n],
            needs: Vec::new(),
            tired: vec![(0, 0); n],
            supplies: Vec::new(),
            last: vec![None; n],
            events: Events::default(),
        };
        all.each(|market| market.start_clocks(0, 0));
        all.each(|market| market.joined.clear());
        all.fill_up(env.start.stock_days);
        all
    }

    /// One day; returns every platform's counts and money.
    pub fn step(&mut self) -> Vec<(Tally, Postings)> {
        let day = self.markets[0].day;
        let start = Clock::start_of(day);
        self.lend(0, |market| market.forget_contacts(start));
        self.lend(0, |market| market.wake_needs(start));
        self.each(Market::open_coupons);
        self.receive_supplies(day);
        for wave in 0..self.markets[0].rules.attention.waves as u8 {
            self.wave(Clock { day, wave });
        }
        self.each(|market| {
            market.unpack_arrivals(start);
            market.spread_word(start);
            market.review(start);
        });
        self.each(|market| market.start_clocks(day, day + 1));
        self.each(|market| market.tire_of_idle_contacts(start));
        self.each(|market| {
            market.judge_influencers();
            market.judge_leaders();
            market.count_coupons();
            market.review_prices(start);
            market.smooth_demand();
        });
        let p = self.markets[0].rules.stock.clone();
        if (day + 1).is_multiple_of(p.review_days) {
            match p.lead_time_days {
                0 => self.fill_up(p.cover_days),
                _ => self.order_supplies(day),
            }
        }
        self.each(Market::reward_sharers);
        self.count();
        self.markets.iter_mut().map(Market::close).collect()
    }

    /// One wave, from what is shown to what is bought.
    fn wave(&mut self, at: Clock) {
        self.look_around();
        let mut seen = Vec::new();
        self.each(|market| market.send(at, &mut seen));
        sort(&mut seen);
        self.lend(0, |market| market.open_messages(at, &mut seen));
        self.each(|market| market.register(at, &mut seen));
        self.each(|market| market.hand_out_coupons(at, &mut seen));
        self.lend(0, |market| market.tire(&seen));
        self.each(|market| market.note_viewers(at, &seen));
        self.look_around();
        let orders = Market::choose(&mut self.markets, at, &seen);
        self.count_comparisons(&seen, &orders);
        self.lend(0, |market| market.fill_needs(at, &orders));
        let mut released = Vec::new();
        let mut answers = Vec::new();
        self.each(|market| {
            let is_own = |o: &&Order| o.platform == market.platform;
            let mut own: Vec<Order> = orders.iter().filter(is_own).copied().collect();
            market.spare_buyers(&own);
            market.hold_for_leaders(at, &mut own, &mut answers);
            market.form_groups(at, &mut own, &mut answers);
            released.append(&mut own);
        });
        self.grant(released, &mut answers);
        for p in 0..self.markets.len() {
            let of = |a: &&Answer| usize::from(a.order.platform) == p;
            let mut own: Vec<Answer> = answers.iter().filter(of).copied().collect();
            self.look_around();
            let lapsed = self.markets[p].tally.lapsed;
            let before = self.at_home_in_several();
            self.lend(p, |market| market.hear(at, &mut own));
            if self.markets[p].tally.lapsed > lapsed {
                self.events.left_one_of_several += before - self.at_home_in_several();
            }
        }
        self.count_switches(&answers);
    }

    /// Orders of an offer get what is in stock on all accounts together, by priority.
    fn grant(&mut self, mut orders: Vec<Order>, answers: &mut Vec<Answer>) {
        orders.sort_by_key(|o| (o.offer, o.priority, o.consumer, o.day, o.wave));
        for order in orders {
            let in_stock = self.in_stock(order.offer as usize);
            self.markets[usize::from(order.platform)].answer(order, in_stock, answers);
        }
    }

    fn in_stock(&self, offer: usize) -> i32 {
        self.markets.iter().map(|market| market.goods[offer].stock).sum()
    }

    fn demand(&self, offer: usize) -> f64 {
        self.markets.iter().map(|market| f64::from(market.goods[offer].demand)).sum()
    }

    /// Fills every offer up to some days of all platforms' demand.
    fn fill_up(&mut self, days: f64) {
        let least = self.markets[0].rules.stock.least_units;
        for offer in 0..self.markets[0].goods.len() {
            let level = ((self.demand(offer) * days).ceil() as u32).max(least);
            let units = level.saturating_sub(self.in_stock(offer).max(0) as u32);
            self.take_in(offer, units);
        }
    }

    /// Orders what is wanted beyond what is there on all accounts, and under way.
    fn order_supplies(&mut self, day: u16) {
        let p = self.markets[0].rules.stock.clone();
        for offer in 0..self.markets[0].goods.len() {
            let there = self.in_stock(offer).max(0) as u32;
            let wanted = wanted(&p, offer, (self.demand(offer), there), &self.supplies);
            self.supplies.extend(wanted.map(|units| (day + 1 + p.lead_time_days, offer, units)));
        }
    }

    fn receive_supplies(&mut self, day: u16) {
        let (due, later) = take(&mut self.supplies).into_iter().partition(|s| s.0 <= day);
        self.supplies = later;
        due.into_iter().for_each(|(_, offer, units)| self.take_in(offer, units));
    }

    /// Takes units of an offer into stock. Of u units the first k platforms pay for u · their
    /// lacks ÷ all lacks together, rounded; an account lacks what it is short of its part, by
    /// demand, of what is there then. Where nothing is asked for the first platform's part is
    /// everything.
    fn take_in(&mut self, offer: usize, units: u32) {
        let demand = self.demand(offer);
        let there = f64::from(self.in_stock(offer)) + f64::from(units);
        let part = |k: usize, own: f32| match demand > 0.0 {
            true => f64::from(own) / demand,
            false => f64::from(u8::from(k == 0)),
        };
        let short = |(k, good): (usize, &Good)| {
            (there * part(k, good.demand) - f64::from(good.stock)).max(0.0)
        };
        let goods = self.markets.iter().map(|market| &market.goods[offer]);
        let lacks: Vec<f64> = goods.enumerate().map(short).collect();
        let mut given = 0;
        for (k, market) in self.markets.iter_mut().enumerate() {
            let first: f64 = lacks[..=k].iter().sum();
            let share = f64::from(units) * first / lacks.iter().sum::<f64>();
            let upto = if k + 1 == lacks.len() { units } else { (share + 0.5).floor() as u32 };
            market.take_in(offer, upto - given);
            self.events.divided += u64::from(given > 0 && upto > given);
            given = upto;
        }
    }

    /// Tells every market what its consumers do on the others.
    fn look_around(&mut self) {
        for i in 0..self.clocks.len() {
            let pulls: Vec<f64> = self.markets.iter().map(|market| market.pull(i)).collect();
            let all: f64 = pulls.iter().sum();
            for p in 0..self.markets.len() {
                let others = self.markets.iter().enumerate().filter(|(q, _)| *q != p);
                let members = others.map(|(_, market)| &market.members[i]);
                let days = members.clone().map(|m| m.last_order_day);
                self.markets[p].others[i] = Others {
                    pulls: (pulls[..p].iter().sum(), pulls[p], all),
                    is_member: members.clone().any(|member| member.is_live()),
                    last_order_day: days.filter(|&day| day != NEVER).max().unwrap_or(NEVER),
                };
            }
        }
    }

    /// Lets one market act with what is the consumers'.
    fn lend(&mut self, p: usize, act: impl FnOnce(&mut Market)) {
        self.exchange(p);
        act(&mut self.markets[p]);
        self.exchange(p);
    }

    fn exchange(&mut self, p: usize) {
        let market = &mut self.markets[p];
        swap(&mut market.clocks, &mut self.clocks);
        swap(&mut market.needs, &mut self.needs);
        swap(&mut market.tired, &mut self.tired);
    }

    /// Lets one market after the other act.
    fn each(&mut self, mut act: impl FnMut(&mut Market)) {
        for p in 0..self.markets.len() {
            self.lend(p, &mut act);
        }
    }

    fn homes(&self, i: usize) -> usize {
        self.markets.iter().filter(|market| market.members[i].is_live()).count()
    }

    fn at_home_in_several(&self) -> u64 {
        (0..self.clocks.len()).filter(|&i| self.homes(i) > 1).count() as u64
    }

    /// What the evening leaves to be counted.
    fn count(&mut self) {
        self.events.at_home_in_several += self.at_home_in_several();
        let markets = &self.markets;
        self.events.coupons = markets.iter().map(|m| m.coupons.paid).min().unwrap_or(0);
        self.events.late_coupons = markets.iter().map(|m| m.coupons.late).min().unwrap_or(0);
        self.events.filled_at_home = markets.iter().map(|m| m.filled_at_home).sum();
        self.events.words = markets.iter().map(|m| m.tally_words).sum();
        let goods = self.markets.iter().flat_map(|market| &market.goods);
        self.events.overdrawn += goods.filter(|good| good.stock < 0).count() as u64;
    }

    fn count_switches(&mut self, answers: &[Answer]) {
        for order in answers.iter().filter(|a| a.verdict == Verdict::Granted).map(|a| &a.order) {
            let before = self.last[order.consumer as usize].replace(order.platform);
            let has_moved = before.is_some_and(|platform| platform != order.platform);
            self.events.switches += u64::from(has_moved);
        }
    }

    fn count_comparisons(&mut self, seen: &[Exposure], orders: &[Order]) {
        let category = |offer| self.markets[0].category(offer);
        let elsewhere = |o: &&Order| {
            let rival = |e: &Exposure| {
                (e.to, e.category) == (o.consumer, category(o.offer)) && e.platform() != o.platform
            };
            seen.iter().any(rival)
        };
        self.events.compared += orders.iter().filter(elsewhere).count() as u64;
    }
}

impl Market {
    /// How strongly the platform pulls at a consumer; not at all where no member.
    fn pull(&self, i: usize) -> f64 {
        let (p, member) = (&self.rules.attention, &self.members[i]);
        let habit = p.platform_habit * from_share16(member.habit);
        let trust = p.platform_trust * from_share16(member.trust);
        if member.is_live() { quick_exp(habit + trust) } else { 0.0 }
    }

    /// Whether the consumer opens an item page of the day on this platform.
    pub fn is_opened_here(&self, i: u32, day: u16, page: u32) -> bool {
        let (before, own, all) = self.others[i as usize].pulls;
        let place = all * self.env.key.unit(PLATFORM, i, Clock::start_of(day), page);
        before <= place && place < before + own
    }

    /// The attention of all members together, a full one being 1.
    pub fn attending(&self) -> f64 {
        let live = self.members.iter().zip(&self.others).filter(|(member, _)| member.is_live());
        live.map(|(_, others)| others.share()).sum()
    }

    /// Day of a consumer's last order, wherever it was placed.
    pub fn last_order_day(&self, i: u32) -> u16 {
        let days =
            [self.members[i as usize].last_order_day, self.others[i as usize].last_order_day];
        days.into_iter().filter(|&day| day != NEVER).max().unwrap_or(NEVER)
    }
}
