//! Coupons, prices that merchants set, and goods that take their time.

use crate::market::{Market, part};
use crate::rules::basis_points;
use guanxi::market::message::{Answer, Exposure, NO_CATEGORY, Order, Verdict, flag};
use guanxi::mechanisms::stock::Parameters;
use guanxi::quantity::math::{ln, quick_ln};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;

const HOLDER: Stream = Stream::new("coupon/holder");
const TRIAL: Stream = Stream::new("pricing/trial");

/// What coupons may cost, and did.
#[derive(Clone, Debug, Default)]
pub struct Coupons {
    /// Part of the coupons handed out today.
    part: f64,
    pub left_fen: i64,
    asked_fen: i64,
    /// What all coupons of a day are expected to ask for.
    asked_of_all: Option<f64>,
    /// Orders whose coupon was paid.
    pub paid: u64,
    /// Orders whose coupon was not paid.
    pub late: u64,
}

/// What the merchant of an offer remembers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Price {
    earned_fen: i64,
    smoothed: Option<f64>,
    up: bool,
}

impl Market {
    pub fn open_coupons(&mut self) {
        let Some(p) = &self.rules.coupon else { return };
        let (budget, newcomers) = (self.allotment(p.budget_share), p.newcomer_share);
        self.coupons.left_fen += budget;
        let prices = self.env.catalogue.reference_price_fen.iter();
        let dearest = prices.map(|fen| self.coupon_fen(*fen as u32)).max().unwrap_or(0);
        let guess = self.n_live() as f64 * newcomers * dearest as f64;
        let all = *self.coupons.asked_of_all.get_or_insert(guess);
        let planned = self.coupons.left_fen as f64 / 2.0;
        self.coupons.part = if planned < all { planned / all } else { 1.0 };
    }

    /// Holders see prices with coupons.
    pub fn hand_out_coupons(&mut self, at: Clock, seen: &mut [Exposure]) {
        if self.rules.coupon.is_none() || self.coupons.left_fen == 0 {
            return;
        }
        for e in seen.iter_mut().filter(|e| e.platform() == self.platform) {
            let considered = e.flags & flag::DROPPED == 0 && e.category != NO_CATEGORY;
            if considered && self.holds_coupon(at.day, e.to) {
                e.flags |= flag::COUPON;
            }
        }
    }

    fn holds_coupon(&self, day: u16, i: u32) -> bool {
        let Some(p) = &self.rules.coupon else { return false };
        let member = &self.members[i as usize];
        let share = if member.orders == 0 { p.newcomer_share } else { p.member_share };
        let unit = self.env.key.unit(HOLDER, i, Clock::start_of(day), self.platform.into());
        member.is_live() && unit < share * self.coupons.part
    }

    /// What a coupon is worth at a price.
    fn coupon_fen(&self, price: u32) -> i64 {
        let Some(p) = &self.rules.coupon else { return 0 };
        if price < p.minimum_fen {
            return 0;
        }
        let off = part(i64::from(price), basis_points(p.value_share)) + i64::from(p.value_fen);
        off.min(i64::from(p.most_fen)).min(i64::from(price) - 1).clamp(0, 65_535)
    }

    /// ln of what is left to pay with a coupon.
    pub fn ln_coupon(&self, e: &Exposure, price: u32) -> f64 {
        let off = self.coupon_fen(price);
        if e.flags & flag::COUPON == 0 || off == 0 {
            return 0.0;
        }
        quick_ln((f64::from(price) - off as f64) / f64::from(price))
    }

    /// The order of somebody who holds a coupon.
    pub fn redeem(&self, mut order: Order) -> Order {
        let off = self.coupon_fen(order.price_fen);
        order.coupon_fen = off as u16;
        order.price_fen -= off as u32;
        order
    }

    /// The coupons of a wave's own orders are paid while the pool lasts, by priority if it does not.
    pub fn pay_coupons(&mut self, orders: &mut [Order]) {
        let is_own = |order: &Order| order.platform == self.platform;
        let mut queue: Vec<usize> = (0..orders.len()).filter(|&k| is_own(&orders[k])).collect();
        let asked: i64 = queue.iter().map(|&k| i64::from(orders[k].coupon_fen)).sum();
        self.coupons.asked_fen += asked;
        let scarce = asked > self.coupons.left_fen;
        queue.sort_by_key(|&k| (orders[k].priority, orders[k].consumer, orders[k].offer));
        for k in queue {
            let off = i64::from(orders[k].coupon_fen);
            if scarce && off > self.coupons.left_fen {
                orders[k].coupon_fen = 0;
                orders[k].price_fen += off as u32;
                self.coupons.late += 1;
            } else {
                self.coupons.left_fen -= off;
                self.coupons.paid += u64::from(off > 0);
            }
        }
    }

    /// What refused orders held is free again.
    pub fn free_coupons(&mut self, answers: &[Answer]) {
        let refused = answers.iter().filter(|a| a.verdict != Verdict::Granted);
        self.coupons.left_fen += refused.map(|a| i64::from(a.order.coupon_fen)).sum::<i64>();
    }

    pub fn count_coupons(&mut self) {
        let returned = self.outcomes.iter().filter(|o| o.returned);
        let back: i64 = returned.map(|o| i64::from(o.order.coupon_fen)).sum();
        let coupons = &mut self.coupons;
        coupons.left_fen += back;
        let asked = std::mem::take(&mut coupons.asked_fen);
        if let (Some(known), true) = (coupons.asked_of_all, coupons.part > 0.0) {
            coupons.asked_of_all = Some(known * 0.5 + asked as f64 / coupons.part * 0.5);
        }
    }

    /// Goods come in and are paid.
    pub fn receive_supplies(&mut self) {
        for (day, k, units) in std::mem::take(&mut self.supplies) {
            if day > self.day {
                self.supplies.push((day, k, units));
                continue;
            }
            self.take_in(k, units);
        }
    }

    /// Orders what is wanted beyond what is there and under way.
    pub fn order_supplies(&mut self) {
        for k in 0..self.goods.len() {
            let (demand, there) = (f64::from(self.goods[k].demand), self.goods[k].stock as u32);
            let wanted = wanted(&self.rules.stock, k, (demand, there), &self.supplies);
            self.supplies
                .extend(wanted.map(|w| (self.day + 1 + self.rules.stock.lead_time_days, k, w)));
        }
    }

    /// Profits of the day, and new prices every few days.
    pub fn review_prices(&mut self, at: Clock) {
        let Some(p) = self.rules.pricing.clone() else { return };
        let fees = &self.rules.experience;
        let fees = basis_points(fees.commission_share) + basis_points(fees.ad_fee_share);
        for (k, good) in self.goods.iter().enumerate() {
            let price = i64::from(good.price_fen);
            let cost = i64::from(self.env.catalogue.offers[k].unit_cost_fen);
            let left = price - part(price, fees) - cost - self.env.catalogue.parcel_cost_fen;
            self.prices[k].earned_fen += left * i64::from(good.sold_today);
        }
        if p.step_share == 0.0 || !(self.day + 1).is_multiple_of(p.review_days) {
            return;
        }
        let before = (self.goods.clone(), self.prices.clone());
        for k in 0..self.goods.len() {
            let offer = &self.env.catalogue.offers[k];
            let same = |j: &usize| self.env.catalogue.offers[*j].category == offer.category;
            let peers: Vec<usize> = (0..self.goods.len()).filter(same).collect();
            let n = peers.len() as f64;
            let earned: i64 = peers.iter().map(|&j| before.1[j].earned_fen).sum();
            let prices: u64 = peers.iter().map(|&j| u64::from(before.0[j].price_fen)).sum();
            let mut draws = self.env.key.draws(TRIAL, k as u32, at, self.platform.into());
            let (looks, tries) = (draws.unit(), draws.unit());
            let up = draws.unit() < 0.5;
            let memory = &mut self.prices[k];
            let own = memory.earned_fen;
            let relative = if earned > 0 { own as f64 * n / earned as f64 } else { 0.0 };
            let stay = memory.smoothed.map(|s| relative >= s);
            memory.up = match (own.signum(), stay) {
                (-1, _) => true,
                (0, _) => false,
                (_, Some(stay)) if tries >= p.trial_share => memory.up == stay,
                _ => up,
            };
            let keep = p.memory_share;
            memory.smoothed =
                Some(memory.smoothed.map_or(relative, |s| s * keep + relative * (1.0 - keep)));
            memory.earned_fen = 0;
            let price = f64::from(before.0[k].price_fen);
            let (more, less) = (price * (1.0 + p.step_share), price * (1.0 - p.step_share));
            let dear = price > prices as f64 / n * (1.0 - p.step_share);
            let price = match (looks < p.undercut_share, memory.up, dear) {
                (true, _, true) => less,
                (true, _, false) => price,
                (false, true, _) => more,
                (false, false, _) => less,
            };
            let cost = f64::from(offer.unit_cost_fen);
            let floor = cost * (1.0 + p.least_markup);
            let price = price.min((cost * (1.0 + p.most_markup)).max(floor)).max(floor);
            let price = price.round().max(1.0);
            let reference = self.env.catalogue.reference_price_fen[offer.category as usize];
            self.goods[k].price_fen = price as u32;
            self.goods[k].ln_price_ratio = ln(price / reference as f64) as f32;
        }
    }
}

/// Units to order of an offer that is asked for and there so much, by the (s, S) rule.
pub fn wanted(
    p: &Parameters,
    offer: usize,
    (demand, there): (f64, u32),
    supplies: &[(u16, usize, u32)],
) -> Option<u32> {
    let under_way = supplies.iter().filter(|s| s.1 == offer).map(|s| s.2).sum::<u32>();
    let there = there + under_way;
    let days = f64::from(p.lead_time_days + p.review_days) + p.safety_days;
    let full = (demand * days + demand * p.cover_days).ceil() as u32;
    let full = full.max(p.least_units);
    (f64::from(there) <= demand * days && full > there).then(|| full - there)
}
