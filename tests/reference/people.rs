//! Who registers, who needs something, who looks, who leaves.

use crate::market::Market;
use guanxi::market::member::{NEVER, from_share16, share16, standing};
use guanxi::market::message::{Answer, Exposure, NONE, Order, Verdict, flag};
use guanxi::mechanism::world::OpenNeed;
use guanxi::quantity::math::{logit, quick_ln, quick_logistic};
use guanxi::quantity::time::Clock;
use guanxi::rng::Stream;
use guanxi::rng::sample::continuous::{beta, gamma, normal_from};

const ACTIVE: Stream = Stream::new("attention/active");
const OPENED: Stream = Stream::new("attention/opened");
const RESISTANCE: Stream = Stream::new("registration/resistance");
const JOIN: Stream = Stream::new("registration/join");
const RATE: Stream = Stream::new("need/rate");
const NEXT: Stream = Stream::new("need/next");
const HOUSEHOLD: Stream = Stream::new("need/household");
const LAPSE_RATE: Stream = Stream::new("need/lapse_rate");
const LAPSE: Stream = Stream::new("need/lapse");

impl Market {
    /// The willing are members from the beginning.
    pub fn found(&mut self) {
        for i in 0..self.members.len() as u32 {
            let trust = self.env.start.trust + self.env.people.of(i).trust_shift;
            self.members[i as usize].trust = share16(trust);
            let rank = self.key.unit(RESISTANCE, i, Clock::default(), 0);
            if rank < self.env.start.registered_share {
                let member = &mut self.members[i as usize];
                member.standing = standing::REGISTERED;
                member.acquired_day = 0;
                self.joined.push(i);
            }
        }
    }

    /// The word that tells whether a consumer looks today, and at how much of the feed.
    pub fn daily_word(&self, i: u32, day: u16) -> u32 {
        self.env.key.lane(ACTIVE, i, Clock::start_of(day))
    }

    /// Whether a consumer looks at the platform today.
    pub fn is_active(&self, i: u32, day: u16) -> bool {
        self.daily_word(i, day) < word_below(self.env.people.of(i).activity)
    }

    /// Of several messages from friends, each is opened with a chance.
    pub fn open_messages(&self, at: Clock, seen: &mut [Exposure]) {
        for i in 0..self.members.len() as u32 {
            let is_message = |e: &Exposure| e.flags & flag::FRIEND != 0;
            let mine = || seen.iter().filter(|e| e.to == i);
            let messages = mine().filter(|e| is_message(e)).count();
            if messages == 0 {
                continue;
            }
            let limit = self.rules.attention.messages_per_wave;
            let chance = 1.0 / (1.0 + (messages - 1) as f64 / limit) * self.openness(i);
            for (ordinal, e) in seen.iter_mut().filter(|e| e.to == i).enumerate() {
                let unit = self.env.key.unit(OPENED, i, at, ordinal as u32);
                if is_message(e) && unit >= chance {
                    e.flags |= flag::DROPPED;
                }
            }
        }
    }

    /// Strangers join when persuaded; what does not persuade them goes no further.
    pub fn register(&mut self, at: Clock, seen: &mut [Exposure]) {
        for i in 0..self.members.len() as u32 {
            if self.members[i as usize].is_live() {
                continue;
            }
            let lapsed = self.members[i as usize].is_registered();
            let key = (i, self.platform);
            let own = |e: &&mut Exposure| (e.to, e.platform()) == key;
            for (ordinal, e) in seen.iter_mut().filter(own).enumerate() {
                if e.flags & flag::DROPPED != 0 || self.members[i as usize].is_live() {
                    continue;
                }
                if self.is_persuaded(at, e, ordinal as u32, lapsed) {
                    self.admit(at, e);
                } else {
                    e.flags |= flag::DROPPED;
                }
            }
        }
    }

    fn is_persuaded(&self, at: Clock, e: &Exposure, ordinal: u32, lapsed: bool) -> bool {
        let terms = &self.channels[e.channel() as usize];
        let shift = if lapsed { self.rules.registration.win_back_shift } else { 0.0 };
        let lost = if terms.name == "outside_ads" { self.advert_loss(e.to) } else { 0.0 };
        let persuasion = terms.join + shift - lost;
        let probability = quick_logistic(persuasion - self.resistance(e.to)) / terms.thinning;
        self.key.unit(JOIN, e.to, at, ordinal) < probability
    }

    /// How hard it is to win somebody over.
    pub fn resistance(&self, i: u32) -> f64 {
        let p = &self.rules.registration;
        let deviate = normal_from(self.key.word(RESISTANCE, i, Clock::default(), 0));
        p.resistance_mean + p.resistance_sd * deviate.clamp(-3.5, 3.5)
    }

    fn admit(&mut self, at: Clock, e: &Exposure) {
        let member = &mut self.members[e.to as usize];
        member.standing |= standing::REGISTERED;
        if member.acquired_day == NEVER {
            member.acquired_day = at.day;
            member.channel = e.channel();
            member.referrer = e.source;
            self.tally.channels[e.channel() as usize].registered += 1;
        } else {
            member.standing |= standing::WON_BACK;
            member.standing &= !standing::LAPSED;
            self.tally.won_back += 1;
        }
        self.joined.push(e.to);
    }

    /// Needs a day of a consumer.
    fn rate(&self, i: u32) -> f64 {
        let p = &self.rules.need;
        let mut draws = self.env.key.draws(RATE, i, Clock::default(), 0);
        let spread = gamma(&mut draws, p.rate_shape) / p.rate_shape;
        f64::from((p.needs_per_day * self.env.people.of(i).income * spread) as f32)
    }

    /// Starts the clocks of who joined on `day`, at the morning of `from`.
    pub fn start_clocks(&mut self, day: u16, from: u16) {
        for &i in &self.joined {
            if self.clocks[i as usize] != u32::MAX {
                continue;
            }
            let mut draws = self.env.key.draws(NEXT, i, Clock { day, wave: 15 }, 0);
            let gap_days = -quick_ln(draws.unit()) / self.rate(i);
            self.clocks[i as usize] = later(u32::from(from) * 65_536, gap_days);
        }
    }

    /// Old needs close; new ones open whose time comes today.
    pub fn wake_needs(&mut self, at: Clock) {
        self.needs.retain(|need| need.expires >= at.day);
        for i in 0..self.members.len() as u32 {
            let mut ordinal = 0;
            while self.clocks[i as usize] < (u32::from(at.day) + 1) * 65_536 {
                let mut draws = self.env.key.draws(NEXT, i, at, ordinal);
                let category = self.env.catalogue.category_at(draws.unit());
                if !self.needs.iter().any(|n| (n.consumer, n.category) == (i, category)) {
                    let expires = at.day + self.rules.need.patience_days - 1;
                    self.needs.push(OpenNeed { consumer: i, category, expires });
                }
                let gap_days = -quick_ln(draws.unit()) / self.rate(i);
                let gap_days = gap_days.max(1.0 / 65_536.0);
                self.clocks[i as usize] = later(self.clocks[i as usize], gap_days);
                ordinal += 1;
            }
        }
    }

    /// What was bought for a need fills it.
    pub fn fill_needs(&mut self, at: Clock, orders: &[Order]) {
        for order in orders.iter().filter(|o| o.flags & flag::NEED != 0) {
            let category = self.category(order.offer);
            self.needs.retain(|n| (n.consumer, n.category) != (order.consumer, category));
            self.share_at_home(at, order, category);
        }
    }

    /// What was bought for a need may fill that of the others at home.
    fn share_at_home(&mut self, at: Clock, order: &Order, category: u16) {
        let p = self.rules.need.household_fills;
        if p == 0.0 {
            return;
        }
        for i in self.env.society.household(order.consumer, self.members.len() as u32) {
            let fills = self.env.key.unit(HOUSEHOLD, i, at, order.offer) < p;
            if i != order.consumer && fills {
                let before = self.needs.len();
                self.needs.retain(|n| (n.consumer, n.category) != (i, category));
                self.filled_at_home += (before - self.needs.len()) as u64;
            }
        }
    }

    /// After a repeat order a member may leave.
    pub fn lapse(&mut self, at: Clock, answers: &[Answer]) {
        if self.rules.need.lapse_a == 0.0 {
            return;
        }
        let mut buyers = Vec::new();
        for answer in answers.iter().filter(|a| a.verdict == Verdict::Granted) {
            let (i, offer) = (answer.order.consumer, answer.order.offer);
            let member = &self.members[i as usize];
            let is_repeat = member.orders > 0 || buyers.contains(&i);
            buyers.push(i);
            if !is_repeat || !member.is_live() {
                continue;
            }
            if self.env.key.unit(LAPSE, i, at, offer) < self.lapse_probability(i) {
                self.members[i as usize].standing |= standing::LAPSED;
                if !self.others[i as usize].is_member {
                    self.clocks[i as usize] = u32::MAX;
                }
                self.tally.lapsed += 1;
            }
        }
    }

    fn lapse_probability(&self, i: u32) -> f64 {
        let (p, member) = (&self.rules.need, &self.members[i as usize]);
        let mut draws = self.env.key.draws(LAPSE_RATE, i, Clock::default(), 0);
        let own = beta(&mut draws, p.lapse_a, p.lapse_b).clamp(1e-12, 1.0 - 1e-12);
        let referred = if member.referrer == NONE { 0.0 } else { p.lapse_referred };
        let satisfied = p.lapse_satisfaction * 2.0 * (from_share16(member.satisfaction) - 0.5);
        let trusting = p.lapse_trust * 2.0 * (from_share16(member.trust) - 0.5);
        let own = logit(own) + self.env.people.of(i).lapse_shift;
        quick_logistic(f64::from(own as f32) + (referred - satisfied - trusting))
    }
}

/// The bound below which a word lies with probability `p`.
pub fn word_below(p: f64) -> u32 {
    (p * 4_294_967_296.0) as u32
}

/// A need clock some days later.
fn later(clock: u32, gap_days: f64) -> u32 {
    let steps = f64::from(clock) + gap_days * 65_536.0;
    if steps < f64::from(u32::MAX) { steps as u32 } else { u32::MAX }
}
