//! Group-buying: one list of all groups there ever were.

use crate::market::Market;
use crate::rules::basis_points;
use guanxi::market::member::share16;
use guanxi::market::message::{Answer, Exposure, NONE, Order, Verdict, flag};
use guanxi::quantity::math::{ln, logistic, pow};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::discrete::pick_distinct;

const POOL: Stream = Stream::new("group_buy/pool");
const AUTO_FILL: Stream = Stream::new("group_buy/auto_fill");
const REOPEN: Stream = Stream::new("group_buy/reopen");
const INVITE: Stream = Stream::new("group_buy/invite");

/// A group that was opened at some time.
pub struct Group {
    members: Vec<Order>,
    offer: u32,
    closes: Clock,
    open: bool,
}

/// All groups, by their number.
#[derive(Default)]
pub struct Groups {
    all: Vec<Group>,
    /// Groups opened in the last wave, with the opener's order.
    opened: Vec<(usize, Order)>,
}

/// The price of a team in 1/10000 of the price alone.
pub fn team_price_bp(discount_share: f64) -> u32 {
    basis_points(1.0 - discount_share)
}

impl Market {
    /// Openers invite friends to the groups of the last wave.
    pub fn invite(&mut self, at: Clock, seen: &mut Vec<Exposure>) {
        let Some(p) = self.rules.group_buy.clone() else { return };
        let channel = self.channel("invitation");
        for (number, order) in std::mem::take(&mut self.groups.opened) {
            let (by, offer) = (order.consumer, order.offer);
            let network = &self.env.network;
            let mut draws = self.key.draws(INVITE, by, at, offer);
            let mut ties = Vec::new();
            pick_distinct(&mut draws, network.degree(by), p.invitations as usize, &mut ties);
            self.tally.shares += 1;
            self.tally.channels[channel as usize].exposed += ties.len() as u64;
            for tie in ties {
                let strong = network.is_strong(by, tie);
                seen.push(Exposure {
                    source: by,
                    context: number as u32,
                    node: order.node,
                    trust: share16(if strong { p.strong_trust } else { p.weak_trust }),
                    flags: flag::FRIEND | flag::IMPULSE,
                    ..self.exposure(network.audience(by, tie), offer, channel)
                });
            }
        }
    }

    /// Team orders join and open groups; full groups are ordered, late ones paid back.
    pub fn form_groups(&mut self, at: Clock, orders: &mut Vec<Order>, answers: &mut Vec<Answer>) {
        if self.rules.group_buy.is_none() {
            return;
        }
        let mut team: Vec<Order> = orders.iter().filter(|o| o.variant == 1).copied().collect();
        team.sort_by_key(|o| (o.offer, o.priority, o.consumer, o.day, o.wave));
        orders.retain(|o| o.variant != 1);
        for order in team {
            match self.place(at, &order) {
                Some(number) => self.enrol(number, order, orders),
                None => self.refuse(Answer { order, verdict: Verdict::Late }, answers),
            }
        }
        self.close_groups(at, orders, answers);
        self.root_openers(at);
    }

    /// The group that a team order joins, opened where there is none; none for a friend
    /// who comes too late.
    fn place(&mut self, at: Clock, order: &Order) -> Option<usize> {
        let p = self.rules.group_buy.clone()?;
        let (key, i, offer) = (self.key, order.consumer, order.offer);
        let all = &self.groups.all;
        if order.channel == self.channel("invitation") && order.context != NONE {
            let group = &all[order.context as usize];
            if group.open && group.members.iter().all(|o| o.consumer != i) {
                return Some(order.context as usize);
            }
            if key.unit(REOPEN, i, at, offer) >= p.reopen_share {
                return None;
            }
        }
        let oldest = all.iter().position(|group| group.open && group.offer == offer);
        let public = oldest.filter(|&k| all[k].members.iter().all(|o| o.consumer != i));
        if key.unit(POOL, i, at, offer) < p.public_share && public.is_some() {
            return public;
        }
        let closes = Clock { day: at.day + p.window_days, wave: at.wave };
        self.groups.all.push(Group { members: Vec::new(), offer, closes, open: true });
        Some(self.groups.all.len() - 1)
    }

    fn enrol(&mut self, number: usize, mut order: Order, orders: &mut Vec<Order>) {
        let size = self.rules.group_buy.as_ref().map_or(2, |p| p.size) as usize;
        order.context = number as u32;
        let group = &mut self.groups.all[number];
        group.members.push(order);
        if group.members.len() == 1 {
            self.tally.groups_opened += 1;
            self.groups.opened.push((number, order));
        } else if group.members.len() == size {
            group.open = false;
            self.tally.groups_filled += 1;
            orders.append(&mut group.members);
            // Who opened it in this very wave invites nobody.
            self.groups.opened.retain(|(opened, _)| *opened != number);
        }
    }

    /// The groups end whose window is over.
    fn close_groups(&mut self, at: Clock, orders: &mut Vec<Order>, answers: &mut Vec<Answer>) {
        let auto_fill = self.rules.group_buy.as_ref().map_or(0.0, |p| p.auto_fill_share);
        for number in 0..self.groups.all.len() {
            let group = &mut self.groups.all[number];
            if !group.open || group.closes > at {
                continue;
            }
            group.open = false;
            let members = std::mem::take(&mut group.members);
            let (opener, offer) = (members[0].consumer, group.offer);
            if self.key.unit(AUTO_FILL, opener, at, offer) < auto_fill {
                self.tally.groups_filled += 1;
                orders.extend(members);
                continue;
            }
            self.tally.groups_failed += 1;
            for order in members {
                self.tally.unfilled += 1;
                self.refuse(Answer { order, verdict: Verdict::Unfilled }, answers);
            }
        }
    }

    /// Openers take their places in cascades.
    fn root_openers(&mut self, at: Clock) {
        for (number, order) in &mut self.groups.opened {
            order.node = match order.node.is_some() {
                true => self.trees.grow(order.node, at.day),
                false => self.trees.plant(at.day),
            };
            if let Some(first) = self.groups.all[*number].members.first_mut() {
                first.node = order.node;
                first.flags |= flag::OWN_NODE;
            }
        }
    }

    /// The constant of invitations at which an average member accepts as intended.
    pub fn solved_invitation(&self) -> f64 {
        let Some(p) = &self.rules.group_buy else { return 0.0 };
        let (mut low, mut high) = (-40.0, 40.0);
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if self.mean_acceptance(middle) < p.acceptance { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    fn mean_acceptance(&self, constant: f64) -> f64 {
        let Some(p) = &self.rules.group_buy else { return 0.0 };
        let c = &self.rules.choice;
        let ln_team = ln(f64::from(team_price_bp(p.discount_share)) / 10_000.0);
        let trust = self.env.start.trust;
        let friend = 0.5 * (p.strong_trust + p.weak_trust);
        let trust = trust + c.recommender_weight * (friend - trust);
        // The mean strain on the purse at 0.08 orders a day.
        let half = pow(0.5, 1.0 / c.refractory_half_life_days);
        let strain = 0.08 / (1.0 - (1.0 - 0.08) * half);
        let people = &self.env.people;
        let (mut sum, mut n) = (0.0, 0.0);
        for good in self.goods.iter().step_by(self.goods.len().div_ceil(256)) {
            for (segment, share) in people.segments.iter().zip(&people.shares) {
                let sensitivity = segment.price_sensitivity;
                let mut u = constant;
                u -= c.price * sensitivity * f64::from(good.ln_price_ratio);
                u += c.trust * (trust - 0.5);
                u += c.friends * ln(2.0);
                u -= c.delay * c.parcel_days;
                u -= c.refractory * strain;
                let gain = -c.price * sensitivity * ln_team;
                sum += share * logistic(u + (gain - p.hassle).max(0.0));
                n += share;
            }
        }
        sum / n
    }
}
