//! Stock, delivery and what buyers find.

use crate::market::{Good, Market, part};
use crate::rules::basis_points;
use crate::supply::Price;
use guanxi::market::ledger::Line;
use guanxi::market::member::{NEVER, from_share16, share16};
use guanxi::market::message::{Answer, Order, Outcome, Verdict, flag};
use guanxi::quantity::math::{ln, pow, quick_logistic};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::continuous::normal;

const DAYS: Stream = Stream::new("delivery/days");
const OUTCOME: Stream = Stream::new("experience/outcome");

impl Market {
    /// Prices and expected demand before the first day.
    pub fn list_goods(&mut self) {
        let p = &self.rules.stock;
        let catalogue = &self.env.catalogue;
        let per_offer = p.planned_orders * self.n_live() as f64 / catalogue.offers.len() as f64;
        for offer in &catalogue.offers {
            let price =
                (f64::from(offer.list_price_fen) * self.rules.listing.price_level).round().max(1.0);
            let reference = catalogue.reference_price_fen[offer.category as usize] as f64;
            self.goods.push(Good {
                stock: 0,
                price_fen: price as u32,
                asked_today: 0,
                sold_today: 0,
                ln_price_ratio: ln(price / reference) as f32,
                demand: per_offer as f32,
                standing_utility: 0.0,
            });
        }
        self.prices = vec![Price::default(); self.goods.len()];
    }

    /// Fills the shelves up to the demand of some days.
    pub fn fill_up(&mut self, days: f64) {
        for k in 0..self.goods.len() {
            let good = &self.goods[k];
            let level = (f64::from(good.demand) * days).ceil() as u32;
            let level = level.max(self.rules.stock.least_units);
            let units = level.saturating_sub(good.stock as u32);
            self.take_in(k, units);
        }
    }

    /// Units that come in and are paid for.
    pub fn take_in(&mut self, offer: usize, units: u32) {
        self.goods[offer].stock += units as i32;
        self.tally.units_in += u64::from(units);
        let cost = self.env.catalogue.offers[offer].unit_cost_fen;
        self.pay(Line::Goods, i64::from(units) * i64::from(cost));
    }

    /// Demand is smoothed, and every few days stock is filled up.
    pub fn reorder_goods(&mut self) {
        self.smooth_demand();
        if (self.day + 1).is_multiple_of(self.rules.stock.review_days) {
            match self.rules.stock.lead_time_days {
                0 => self.fill_up(self.rules.stock.cover_days),
                _ => self.order_supplies(),
            }
        }
    }

    /// What was asked for today moves what is expected.
    pub fn smooth_demand(&mut self) {
        let keep = pow(0.5, 1.0 / self.rules.stock.demand_half_life_days);
        for good in &mut self.goods {
            let today = f64::from(good.asked_today);
            good.demand = (f64::from(good.demand) * keep + today * (1.0 - keep)) as f32;
            good.asked_today = 0;
            good.sold_today = 0;
        }
    }

    /// Orders get what is in stock, in the order of their priority.
    pub fn grant(&mut self, mut orders: Vec<Order>, answers: &mut Vec<Answer>) {
        orders.sort_by_key(|o| (o.offer, o.priority, o.consumer, o.day, o.wave));
        for order in orders {
            let in_stock = self.goods[order.offer as usize].stock;
            self.answer(order, in_stock, answers);
        }
    }

    /// Grants an order of an offer of which so much is in stock, or refuses it.
    pub fn answer(&mut self, order: Order, in_stock: i32, answers: &mut Vec<Answer>) {
        let good = &mut self.goods[order.offer as usize];
        good.asked_today += 1;
        if in_stock == 0 {
            self.tally.out_of_stock += 1;
            self.refuse(Answer { order, verdict: Verdict::OutOfStock }, answers);
            return;
        }
        good.stock -= 1;
        good.sold_today += 1;
        self.tally.units_out += 1;
        let pickup = self.channels[order.channel as usize].pickup;
        let parcel = self.env.catalogue.parcel_cost_fen;
        let postage = if pickup { self.rules.listing.pickup_cost_fen } else { parcel };
        self.pay(Line::Postage, postage);
        answers.push(Answer { order, verdict: Verdict::Granted });
    }

    /// Granted orders take their places in cascades and histories, and set off.
    pub fn record(&mut self, at: Clock, answers: &mut [Answer]) {
        for answer in answers.iter_mut().filter(|a| a.verdict == Verdict::Granted) {
            let order = &mut answer.order;
            if order.node.is_some() && order.flags & flag::OWN_NODE == 0 {
                order.node = self.trees.grow(order.node, at.day);
                order.flags |= flag::OWN_NODE;
            }
            let arrives = at.day + self.days_under_way(at, order);
            self.parcels.push((arrives, *order));
            self.remember(at.day, order);
        }
    }

    fn days_under_way(&self, at: Clock, order: &Order) -> u16 {
        let p = &self.rules.delivery;
        if self.channels[order.channel as usize].pickup {
            return p.pickup_days;
        }
        let span = p.parcel_days_max.saturating_sub(p.parcel_days_min) + 1;
        let mut draws = self.key.draws(DAYS, order.consumer, at, order.offer);
        let days = p.parcel_days_min + draws.below(u32::from(span)) as u16;
        let tier = self.env.people.of(order.consumer).tier;
        let extra = p.days_per_tier * f64::from(tier - 1);
        let mut whole = extra as u16;
        if draws.unit() < extra - f64::from(whole) {
            whole += 1;
        }
        days + whole
    }

    fn remember(&mut self, day: u16, order: &Order) {
        let member = &mut self.members[order.consumer as usize];
        let channel = &mut self.tally.channels[order.channel as usize];
        channel.ordered += 1;
        channel.ordered_fen += i64::from(order.price_fen);
        if member.first_order_day != NEVER {
            self.tally.repeat_orders += 1;
        } else if let Some(by) = self.tally.channels.get_mut(member.channel as usize) {
            by.new_buyers += 1;
        }
        member.first_order_day = member.first_order_day.min(day);
        member.last_order_day = day;
        member.orders = member.orders.saturating_add(1);
    }

    /// A refused order costs a little trust.
    pub fn disappoint(&mut self, answers: &[Answer]) {
        for answer in answers {
            if matches!(answer.verdict, Verdict::OutOfStock | Verdict::Unfilled) {
                let member = &mut self.members[answer.order.consumer as usize];
                let trust = from_share16(member.trust);
                let loss = self.rules.experience.refusal_loss;
                member.trust = share16(trust - loss * trust);
            }
        }
    }

    /// What arrives today is seen, and kept or sent back.
    pub fn unpack_arrivals(&mut self, at: Clock) {
        let due = |(day, _): &&(u16, Order)| *day == at.day;
        let mut today: Vec<Order> = self.parcels.iter().filter(due).map(|(_, o)| *o).collect();
        today.sort_by_key(|o| (o.consumer, o.offer, o.day, o.wave));
        self.parcels.retain(|(day, _)| *day > at.day);
        self.outcomes.clear();
        for order in today {
            let outcome = self.unpack(at, order);
            self.learn(&outcome);
            self.share_out(at, &outcome);
            self.outcomes.push(outcome);
        }
    }

    fn unpack(&self, at: Clock, order: Order) -> Outcome {
        let p = &self.rules.experience;
        let terms = &self.channels[order.channel as usize];
        let moment = (u32::from(order.day) << 24) ^ (u32::from(order.wave) << 20);
        let item = order.offer ^ moment;
        let mut draws = self.key.draws(OUTCOME, order.consumer, at, item);
        let quality = f64::from(self.env.catalogue.offers[order.offer as usize].quality);
        let realised = quality + p.quality_noise_sd * normal(&mut draws);
        let surprise = realised - (p.expected_quality + terms.hype);
        let odds = p.return_base - p.return_disappointment * surprise + terms.return_shift;
        let returned = draws.unit() < quick_logistic(odds);
        Outcome { order: (&order).into(), returned, surprise: surprise as f32 }
    }

    fn learn(&mut self, outcome: &Outcome) {
        let p = &self.rules.experience;
        let member = &mut self.members[outcome.order.consumer as usize];
        let surprise = f64::from(outcome.surprise);
        let trust = from_share16(member.trust);
        let change = if surprise >= 0.0 && !outcome.returned {
            p.trust_gain * (1.0 - trust)
        } else {
            let least = if outcome.returned { 0.25 } else { 0.0 };
            let bad = (-surprise / p.full_loss_at).clamp(0.0, 1.0).max(least);
            -p.trust_loss * trust * bad
        };
        member.trust = share16(trust + change);
        let seen = if outcome.returned { 0.0 } else { (0.5 + surprise).clamp(0.0, 1.0) };
        let before = from_share16(member.satisfaction);
        member.satisfaction = share16(0.7 * before + 0.3 * seen);
        if !outcome.returned {
            let habit = from_share16(member.habit);
            member.habit = share16(habit + p.habit_gain * (1.0 - habit));
        }
    }

    /// Shares out the money of a kept order; that of a returned one goes back.
    fn share_out(&mut self, at: Clock, outcome: &Outcome) {
        let order = &outcome.order;
        let price = i64::from(order.price_fen);
        self.tally.delivery_days += u64::from(at.day - order.day);
        if outcome.returned {
            self.tally.channels[order.channel as usize].returned += 1;
            self.tally.units_back += 1;
            self.goods[order.offer as usize].stock += 1;
            self.pay(Line::Refund, price);
            self.pay(Line::ReturnPostage, self.env.catalogue.parcel_cost_fen);
            return;
        }
        let channel = &mut self.tally.channels[order.channel as usize];
        channel.kept += 1;
        channel.kept_fen += price;
        let p = &self.rules.experience;
        let commission = basis_points(p.commission_share);
        let ad_fee = basis_points(p.ad_fee_share);
        self.pay(Line::Settlement, price);
        self.pay(Line::Subsidy, i64::from(order.coupon_fen));
        let price = price + i64::from(order.coupon_fen);
        self.pay(Line::Commission, part(price, commission));
        self.pay(Line::AdFee, part(price, ad_fee));
        let terms = self.channels[order.channel as usize];
        if let Some(line) = terms.commission_line {
            self.pay(line, part(price, terms.commission_bp));
        }
    }
}
