//! What a consumer buys of what was seen.

use crate::groups::team_price_bp;
use crate::market::Market;
use guanxi::market::ledger::Line;
use guanxi::market::member::{NEVER, from_share16};
use guanxi::market::message::{Exposure, FULL_PRICE, NO_CATEGORY, Order, flag};
use guanxi::quantity::math::{ln, ln_1p, quick_exp, quick_ln};
use guanxi::quantity::time::Clock;
use guanxi::rng::{Stream, unit};
use std::f64::consts::LN_2;

const TASTE: Stream = Stream::new("choice/taste");
const OUTSIDE: Stream = Stream::new("choice/outside");
const PRIORITY: Stream = Stream::new("choice/priority");

/// One way of buying one thing, and when it arrives in the race.
struct Runner<'a> {
    time: f64,
    exposure: &'a Exposure,
    variant: u8,
}

impl Market {
    /// At most one order of every consumer in every category, wherever the goods were seen.
    pub fn choose(markets: &mut [Self], at: Clock, seen: &[Exposure]) -> Vec<Order> {
        let mut orders = Vec::new();
        for i in 0..markets[0].members.len() as u32 {
            let mine: Vec<&Exposure> = seen.iter().filter(|e| e.to == i).collect();
            for category in 0..markets[0].env.catalogue.by_category.len() as u16 {
                let of = |e: &&&Exposure| e.category == category && e.category != NO_CATEGORY;
                let situation: Vec<&Exposure> = mine.iter().filter(of).copied().collect();
                orders.extend(Self::decide(markets, at, (i, category), &situation));
            }
        }
        markets.iter_mut().for_each(|market| market.pay_coupons(&mut orders));
        for order in &orders {
            let market = &mut markets[usize::from(order.platform)];
            market.tally.channels[order.channel as usize].placed += 1;
            market.pay(Line::Payment, i64::from(order.price_fen));
        }
        orders
    }

    fn decide(
        markets: &mut [Self],
        at: Clock,
        (i, category): (u32, u16),
        situation: &[&Exposure],
    ) -> Option<Order> {
        let morning = Clock::start_of(at.day);
        let need = situation.iter().any(|e| e.flags & flag::NEED != 0);
        let mut runners = Vec::new();
        for e in situation.iter().filter(|e| e.flags & flag::DROPPED == 0) {
            let market = &mut markets[usize::from(e.platform())];
            market.tally.channels[e.channel() as usize].considered += 1;
            let opened = |o: &Exposure| o.flags & flag::DROPPED == 0 && o.flags & flag::FRIEND != 0;
            let recommends = |o: &&&Exposure| opened(o) && o.offer == e.offer;
            let friends = situation.iter().filter(recommends).count();
            market.race(morning, e, need, friends as f64, &mut runners);
        }
        let nothing = markets[0].env.key.word(OUTSIDE, i, morning, u32::from(category));
        let nothing = exponential(nothing);
        let mut best: Option<&Runner<'_>> = None;
        for runner in &runners {
            if runner.time < best.map_or(nothing, |b| b.time) {
                best = Some(runner);
            }
        }
        best.map(|runner| {
            let market = &markets[usize::from(runner.exposure.platform())];
            let order = market.order(at, runner, need);
            let holds = runner.exposure.flags & flag::COUPON != 0;
            if holds { market.redeem(order) } else { order }
        })
    }

    /// Lets an offer run, alone and in a team.
    fn race<'a>(
        &self,
        morning: Clock,
        e: &'a Exposure,
        need: bool,
        friends: f64,
        runners: &mut Vec<Runner<'a>>,
    ) {
        let mut taste = self.env.key.draws(TASTE, e.to, morning, e.offer);
        let strike = exponential(taste.word());
        let alone = self.ln_coupon(e, self.price(e, 0));
        let utility = self.utility(morning.day, e, need, friends, alone);
        runners.push(Runner { time: strike * quick_exp(-utility), exposure: e, variant: 0 });
        let Some(p) = &self.rules.group_buy else { return };
        if self.channels[e.channel() as usize].team {
            let hassle = p.hassle * exponential(taste.word());
            let sensitivity = self.env.people.of(e.to).price_sensitivity;
            let ln_team = ln(f64::from(team_price_bp(p.discount_share)) / 10_000.0);
            let ln_team = ln_team + (self.ln_coupon(e, self.price(e, 1)) - alone);
            let gain = -(self.rules.choice.price * sensitivity) * ln_team - hassle;
            let time = strike * quick_exp(-(utility + gain));
            runners.push(Runner { time, exposure: e, variant: 1 });
        }
    }

    /// What buying alone is worth, term by term in the order of the formula.
    fn utility(&self, day: u16, e: &Exposure, need: bool, friends: f64, ln_coupon: f64) -> f64 {
        let (c, terms) = (&self.rules.choice, &self.channels[e.channel() as usize]);
        let member = &self.members[e.to as usize];
        let mut ln_price = f64::from(self.goods[e.offer as usize].ln_price_ratio);
        if e.price_bp != FULL_PRICE {
            ln_price += quick_ln(f64::from(e.price_bp) / 10_000.0);
        }
        ln_price += ln_coupon;
        let mut trust = from_share16(member.trust);
        if e.trust > 0 {
            trust += c.recommender_weight * (from_share16(e.trust) - trust);
        }
        let matched = e.flags & flag::MATCH != 0;
        let mut u = if matched { terms.matched } else { terms.constant };
        u += f64::from(self.goods[e.offer as usize].standing_utility);
        u += self.leaning(e, need);
        u += if need { c.need } else { 0.0 };
        u -= c.price * self.env.people.of(e.to).price_sensitivity * ln_price;
        u += c.trust * (trust - 0.5);
        u += c.friends * if friends > 0.0 { ln_1p(friends) } else { 0.0 };
        u -= c.delay * if terms.pickup { c.pickup_days } else { c.parcel_days };
        u += c.habit * from_share16(member.habit);
        let last_order_day = self.last_order_day(e.to);
        if !need && last_order_day != NEVER && c.refractory != 0.0 {
            let days = f64::from(day - last_order_day);
            u -= c.refractory * quick_exp(-LN_2 * days / c.refractory_half_life_days);
        }
        u
    }

    /// What the consumer's segment adds.
    fn leaning(&self, e: &Exposure, need: bool) -> f64 {
        let (terms, own) = (&self.channels[e.channel() as usize], self.env.people.of(e.to));
        let taste = match terms.name {
            "search" => own.search_utility,
            "feed" => own.feed_utility,
            "live" => own.live_utility,
            "leader" => own.leader_utility,
            "invitation" | "share" | "broadcast" | "group_chat" => own.friend_utility,
            _ => 0.0,
        };
        let impulse = if need { 0.0 } else { own.impulse };
        let extra = self.rules.delivery.days_per_tier * f64::from(own.tier - 1);
        let extra = if terms.pickup { 0.0 } else { extra };
        taste + impulse - self.rules.choice.delay * extra
    }

    fn order(&self, at: Clock, runner: &Runner<'_>, need: bool) -> Order {
        let e = runner.exposure;
        let need = if need { flag::NEED } else { 0 };
        Order {
            consumer: e.to,
            offer: e.offer,
            source: e.source,
            context: e.context,
            node: e.node,
            price_fen: self.price(e, runner.variant),
            day: at.day,
            priority: (self.env.key.word(PRIORITY, e.to, at, e.offer) >> 16) as u16,
            channel: e.channel(),
            flags: (e.flags & flag::IMPULSE) | need,
            variant: runner.variant,
            platform: e.platform(),
            wave: at.wave,
            coupon_fen: 0,
        }
    }

    /// What an offer costs alone (0) or in a team (1), before a coupon.
    pub fn price(&self, e: &Exposure, variant: u8) -> u32 {
        let mut price_bp = u64::from(e.price_bp);
        if let (1, Some(p)) = (variant, &self.rules.group_buy) {
            price_bp = price_bp * u64::from(team_price_bp(p.discount_share)) / 10_000;
        }
        (u64::from(self.goods[e.offer as usize].price_fen) * price_bp / 10_000) as u32
    }
}

/// An exponential number of mean 1.
fn exponential(word: u32) -> f64 {
    -quick_ln(unit(word))
}
