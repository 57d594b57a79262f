//! One day of one arm, beat by beat.
//!
//! open → (waves: expose → attend → choose → gather → settle → fulfil) → experience →
//! adapt. Every beat is: send in parallel, route by receiver, act on the own row.

use crate::columns::{Columns, State};
use crate::engine::beats::Beats;
use crate::exchange::{self, Inbox, Message, Outbox};
use crate::market::history::MONTH_DAYS;
use crate::market::ledger::Postings;
use crate::market::member::Member;
use crate::market::message::{Answer, Exposure, Order};
use crate::market::platform::Inventory;
use crate::market::tally::Tally;
use crate::mechanism::world::World;
use crate::mechanism::{Digest, Mechanism};
use crate::model::{self, Built, Installed};
use crate::parallel::{self, Shards};
use crate::quantity::time::Clock;
use crate::simd;

/// Memory freed in pieces is given back every so many days, and on each of the first ones, in which
/// lists grow most; shapes no result.
const GIVING_DAYS: u16 = 8;

/// Silent cascades are looked for every so many days; shapes no result.
const RETIRING_DAYS: u16 = 2;

/// An inbox for each platform.
fn of_each<T: Message>(world: &World, to: Shards) -> Vec<Inbox<T>> {
    world.platforms.iter().map(|_| Inbox::new(to)).collect()
}

/// What consumers send to the agents of `to`.
fn of_consumers<T: Message>(world: &World, to: Shards) -> Outbox<T> {
    Outbox::over(&world.link, world.env.consumers.count(), to)
}

/// Watches the orders of an arm as they pass; used by the audit.
pub trait Watch {
    /// Orders just placed, by shard of consumers.
    fn placed(&mut self, _world: &World, _placed: &[Vec<Order>]) {}
    /// Answers, by consumer.
    fn answered(&mut self, _world: &World, _answers: &Inbox<Answer>) {}
    /// The end of a day, before its counts are cleared.
    fn closed(&mut self, _world: &World, _day: &Day) {}
}

/// What one platform leaves of a day.
#[derive(Clone, Debug)]
pub struct DayBook {
    /// Counts.
    pub tally: Tally,
    /// Money.
    pub postings: Postings,
}

/// What a day leaves: one entry a platform.
#[derive(Clone, Debug)]
pub struct Day {
    /// The day, burn-in included.
    pub day: u16,
    /// By platform.
    pub books: Vec<DayBook>,
}

/// One arm with its buffers.
pub struct Arm {
    /// The world.
    pub world: World,
    mechanisms: Vec<Installed>,
    exposures: (Outbox<Exposure>, Inbox<Exposure>),
    placed: Vec<Vec<Order>>,
    /// What is sent, and what has arrived of each platform.
    orders: (Outbox<Order>, Vec<Inbox<Order>>),
    answers: (Outbox<Answer>, Vec<Inbox<Answer>>),
    day: u16,
    beats: Beats,
}

impl Arm {
    /// An arm before its first day.
    #[must_use]
    pub fn new(built: Built) -> Self {
        let Built { mut world, mechanisms } = built;
        let (consumers, offers) = (world.env.consumers, world.env.catalogue.shards);
        for platform in &mut world.platforms {
            // The lists of the first members are long, those of a day short.
            platform.joined.iter_mut().for_each(|joined| *joined = Vec::new());
        }
        Self {
            mechanisms,
            exposures: (of_consumers(&world, consumers), Inbox::new(consumers)),
            placed: vec![Vec::new(); consumers.count()],
            orders: (of_consumers(&world, offers), of_each(&world, offers)),
            answers: (
                Outbox::over(&world.link, offers.count(), consumers),
                of_each(&world, consumers),
            ),
            world,
            day: 0,
            beats: Beats::default(),
        }
    }

    /// Steps one day.
    pub fn step(&mut self, watch: &mut dyn Watch) -> Day {
        let start = Clock::start_of(self.day);
        self.each("open", |mechanism, world| mechanism.open(world, start));
        self.world.keep_counts();
        for wave in 0..self.world.attention.waves {
            self.wave(Clock { day: self.day, wave }, watch);
        }
        self.each("experience", |mechanism, world| mechanism.experience(world, start));
        self.beats.time(("agree", ""), || self.world.agree_on_counts());
        self.each("adapt", |mechanism, world| mechanism.adapt(world, start));
        self.close(watch)
    }

    fn each(&mut self, beat: &'static str, mut hook: impl FnMut(&mut dyn Mechanism, &mut World)) {
        let Self { world, mechanisms, beats, .. } = self;
        for Installed { name, mechanism, .. } in mechanisms {
            beats.time((beat, *name), || hook(mechanism.as_mut(), world));
        }
    }

    /// One wave: from exposures to granted orders.
    fn wave(&mut self, at: Clock, watch: &mut dyn Watch) {
        let Self { world, mechanisms, exposures, placed, orders, answers, beats, .. } = self;
        let mut all =
            |beats: &mut Beats, beat: &'static str, hook: &mut dyn FnMut(&mut dyn Mechanism)| {
                for Installed { name, mechanism, .. } in mechanisms.iter_mut() {
                    beats.time((beat, *name), || hook(mechanism.as_mut()));
                }
            };
        exposures.0.take_back(&mut exposures.1);
        all(beats, "expose", &mut |m| m.expose(world, at, &mut exposures.0));
        beats.time(("route exposures", ""), || exposures.0.route(&mut exposures.1));
        all(beats, "attend", &mut |m| m.attend(world, at, &mut exposures.1));
        placed.iter_mut().for_each(Vec::clear);
        all(beats, "choose", &mut |m| m.choose(world, at, &exposures.1, placed));
        all(beats, "notice", &mut |m| m.notice(world, at, placed));
        beats.time(("audit", ""), || watch.placed(world, placed));
        beats.time(("route orders", ""), || {
            orders.0.take_back(&mut orders.1[0]);
            orders.0.carry(placed, &mut orders.1[0]);
            exchange::deal(&mut orders.1, |order| usize::from(order.platform));
        });
        answers.0.take_back(&mut answers.1[0]);
        for Installed { name, platform, mechanism } in mechanisms.iter_mut() {
            if let Some(platform) = *platform {
                beats.time(("gather", *name), || {
                    mechanism.gather(world, at, &mut orders.1[platform], &mut answers.0);
                });
            }
        }
        exchange::collect(&mut orders.1);
        let settle = |i: &mut Installed| {
            let name = ("settle", i.name);
            beats.time(name, || i.mechanism.settle(world, at, &mut orders.1[0], &mut answers.0));
        };
        mechanisms.iter_mut().for_each(settle);
        beats.time(("route answers", ""), || answers.0.route(&mut answers.1[0]));
        beats.time(("audit", ""), || watch.answered(world, &answers.1[0]));
        exchange::deal(&mut answers.1, |answer| usize::from(answer.order.platform));
        for Installed { name, platform, mechanism } in mechanisms {
            for (index, answers) in answers.1.iter_mut().enumerate() {
                if platform.is_none_or(|own| own == index) {
                    beats.time(("fulfil", *name), || mechanism.fulfil(world, index, at, answers));
                }
            }
        }
    }

    /// Where the time went so far.
    #[must_use]
    pub fn beats(&self) -> &Beats {
        &self.beats
    }

    /// Closes the books of the day.
    fn close(&mut self, watch: &mut dyn Watch) -> Day {
        let Self { world, beats, day: today, .. } = self;
        let day = beats.time(("close", ""), || closed(world, *today));
        beats.time(("audit", ""), || watch.closed(world, &day));
        self.day += 1;
        beats.time(("close", ""), || make_ready(world, self.day));
        day
    }

    /// Everything that lives over the night, in or out of a checkpoint; the messages of a day
    /// have all arrived.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let Self {
            world,
            mechanisms,
            day,
            exposures: _,
            placed: _,
            orders: _,
            answers: _,
            beats: _,
        } = self;
        day.visit(io);
        io.goes_on_at(*day);
        world.columns(io);
        model::columns(mechanisms, io);
    }

    /// Days that were stepped.
    #[must_use]
    pub fn days_done(&self) -> u16 {
        self.day
    }

    /// What is left behind the last day.
    #[must_use]
    pub fn into_world(self) -> World {
        self.world
    }

    /// A digest of everything that is stored, so that tests see a wrong state before it
    /// shows in a table.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Digest::over(&self.world.link);
        let shards = self.world.env.consumers;
        hash.add([u64::from(self.day)]);
        for platform in &self.world.platforms {
            // Where nobody can register there are no records.
            let members = &platform.members;
            let held = |i: u32| members.get(members.place(i));
            let bits = |m: &Member| {
                [
                    u64::from(m.referrer),
                    u64::from(m.trust) << 48
                        | u64::from(m.habit) << 32
                        | u64::from(m.satisfaction) << 16
                        | u64::from(m.orders),
                    u64::from(m.acquired_day) << 48
                        | u64::from(m.first_order_day) << 32
                        | u64::from(m.last_order_day) << 16
                        | u64::from(m.standing) << 8
                        | u64::from(m.channel),
                ]
            };
            hash.shards(shards.count(), |shard| {
                shards.range(shard).filter_map(held).flat_map(bits)
            });
            hash.shards(shards.count(), |shard| platform.live.of_shard(shards, shard).to_vec());
            let offer = |o: &Inventory| [o.stock as u64, u64::from(o.demand.to_bits())];
            hash.add(platform.inventory.iter().flat_map(offer));
            hash.add(platform.opinions.bits());
            let pool = Some(platform.coupon_pool).filter(|pool| pool.given_fen > 0);
            hash.add(pool.map(|pool| pool.left_fen as u64));
        }
        let levels = &self.world.fatigue.levels;
        let level = |i: u32| levels.get(i as usize).map(|&level| u64::from(level));
        hash.shards(shards.count(), |shard| shards.range(shard).filter_map(level));
        hash.lists(&self.world.needs, |n| {
            [u64::from(n.consumer) << 32 | u64::from(n.category) << 16 | u64::from(n.expires)]
        });
        for installed in &self.mechanisms {
            installed.mechanism.digest(&mut hash);
        }
        hash.hex()
    }
}

/// What a day leaves, whose books are closed.
fn closed(world: &mut World, day: u16) -> Day {
    let mut books = Vec::with_capacity(world.platforms.len());
    for platform in &mut world.platforms {
        let (tally, mut postings) = platform.take_books(&world.link);
        platform.ledger.take(&mut postings);
        let month = usize::from(day / MONTH_DAYS);
        platform.history.members[month] += tally.over_channels(|c| c.registered as i64) as u64;
        platform.trust_sum += tally.trust_change;
        if (day + 1).is_multiple_of(RETIRING_DAYS) {
            platform.cascades.retire(day, false);
        }
        platform.joined.iter_mut().for_each(Vec::clear);
        books.push(DayBook { tally, postings: platform.ledger.close() });
    }
    Day { day, books }
}

/// Makes ready what the morning of a day will ask for, beside what is left of the evening.
fn make_ready(world: &mut World, day: u16) {
    for platform in &mut world.platforms {
        platform.popularity.foresee(day, &platform.inventory);
    }
    if day < GIVING_DAYS || day.is_multiple_of(GIVING_DAYS) {
        parallel::beside(simd::give_back);
    }
}
