//! The search shelf: an open need looks for goods of its category.
//!
//! A visit shows a handful of offers of the category, drawn with weights
//! (1 + sales)^ω: what sold is ranked higher. The decider then chooses among what
//! was shown (two-stage choice: consideration set, then logit).

use crate::columns::Columns;
use crate::exchange::{Bins, Outbox};
use crate::market::member::bit;
use crate::market::message::{Exposure, flag};
use crate::market::platform::Family;
use crate::mechanism::Mechanism;
use crate::mechanism::homes::Homes;
use crate::mechanism::load::{Extent, Load};
use crate::mechanism::reach::any_slot;
use crate::mechanism::spec::{Channel, Placement, Role, Scope, Spec};
use crate::mechanism::world::{ACTIVE, Environment, OpenNeed, World};
use crate::parallel::{self, Rooms};
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::time::Clock;
use crate::rng::lanes::{first_words, lane_words, long_words};
use crate::rng::sample::discrete::Alias;
use crate::rng::{Stream, unit};
use crate::simd::{self, Kernel};
use std::sync::Arc;

/// Whether a need is searched for today.
const VISIT: Stream = Stream::new("search/visit");
/// What a visit shows.
const SHOWN: Stream = Stream::new("search/shown");

parameters! {
    /// The search shelf.
    pub struct Parameters {
        /// Share of an active consumer's item pages that go to searching.
        attention_share: f64 = "0.45", "1", 0.0, 1.0, A, "attention of the traditional preset";
        /// Offers that a visit compares.
        shown: u32 = "6", "offers", 1.0, 64.0, A, "assumed";
        /// Constant of the utility of what search shows.
        constant: f64 = "-2.6", "utility", -20.0, 20.0, A, "with an open need about two visits in three end in an order";
        /// Exponent ω of sales in the ranking.
        popularity_exponent: f64 = "0.5", "1", 0.0, 3.0, A, "assumed; rich get richer, but slowly";
        /// Persuasion of search among non-users; nobody is reached this way.
        join: f64 = "-30.0", "log-odds", -30.0, 10.0, A, "search is for members";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "search",
    summary: "Open needs search a shelf that ranks what sold",
    scope: Scope::Platform,
    role: Role::Sender,
    on_by_default: true,
    needed: None,
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[Channel {
        name: "search",
        summary: "searching the shelf for a need",
        organic: true,
        family: Family::Search,
    }],
    parameters: Parameters::DECLARED,
    streams: &[VISIT, SHOWN],
    load: Some(load),
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Search {
        p: Parameters::from_values(values),
        platform: placement.platform,
        channel: placement.first_channel,
        shelves: Vec::new(),
        rooms: Rooms::default(),
    })
}

/// What visits show.
fn load(values: &Values, extent: &Extent) -> Load {
    let p = Parameters::from_values(values);
    let visits = extent.activity * any_slot(extent.known.slots * p.attention_share);
    let near = extent.known.needs * visits * f64::from(p.shown) * extent.members;
    Load { near, bytes: 24.0 * extent.offers, ..Load::default() }
}

struct Search {
    p: Parameters,
    platform: usize,
    channel: u8,
    /// Ranking of each category's offers.
    shelves: Vec<Option<Arc<Alias>>>,
    rooms: Rooms<Room>,
}

/// Room for the visits of a shard.
#[derive(Debug, Default)]
struct Room {
    /// The needs that are searched for.
    today: Vec<OpenNeed>,
    words: Vec<u32>,
    /// What they are shown: the first offer of each, the second of each, and so on.
    shown: Vec<u32>,
}

impl Mechanism for Search {
    fn start(&mut self, world: &mut World) {
        let terms = &mut world.platforms[self.platform].channels[self.channel as usize];
        terms.constant = self.p.constant;
        terms.join = self.p.join;
        terms.variants = true;
    }

    /// (sales) → the day's ranking.
    fn open(&mut self, world: &mut World, at: Clock) {
        let ranking = world.platforms[self.platform].ranking(at.day, self.p.popularity_exponent);
        let mut shelves: Vec<_> = world.env.catalogue.by_category.iter().collect();
        self.shelves = parallel::map(&mut shelves, |ids| ranking.of_some(ids));
    }

    /// (open needs of active members) → what their visits show.
    fn expose(&mut self, world: &mut World, at: Clock, out: &mut Outbox<Exposure>) {
        if at.wave != 0 {
            return;
        }
        let World { env, platforms, attention, needs, .. } = world;
        let mut books = std::mem::take(&mut platforms[self.platform].books);
        let (homes, live) = (Homes::new(platforms, attention), &platforms[self.platform].live);
        let slots = attention.slots_mean * self.p.attention_share;
        let (visits, key) = (any_slot(slots), env.key_of(self.platform));
        let morning = Clock::start_of(at.day);
        out.send_with(&mut books, |shard, book, bins| {
            self.rooms.lent(|room| {
                let Room { today, words, .. } = room;
                today.clear();
                today.extend_from_slice(&needs[shard]);
                lane_words(env.key, ACTIVE, morning, today.iter().map(|n| n.consumer), words);
                // Nearly all needs are members': all are asked, and both questions answered at once.
                let (live, is_active) = (&live.0[..], attention.activity(env));
                keep(today, words, |&OpenNeed { consumer, .. }, word| {
                    bit(live, consumer) & is_active(consumer, word)
                });
                first_words(key, VISIT, at, today.iter().map(address), words);
                if homes.is_single() {
                    keep(today, words, |_, word| unit(word) < visits);
                } else {
                    let thinning =
                        |need: &OpenNeed| homes.thinning(need.consumer, self.platform, slots);
                    keep(today, words, |need, word| unit(word) < visits * thinning(need));
                }
                // Two words an offer, four a block.
                let blocks = self.p.shown.div_ceil(2);
                long_words(key, SHOWN, at, blocks, today.iter().map(address), words);
                book.tally.channels[self.channel as usize].exposed +=
                    u64::from(self.p.shown) * today.len() as u64;
                self.show(env, room, bins);
            });
        });
        platforms[self.platform].books = books;
    }

    fn columns(&mut self, _io: &mut Columns<'_>) {
        let Self { p: _, platform: _, channel: _, shelves: _, rooms: _ } = self;
    }
}

/// The address of the draws of a need.
fn address(need: &OpenNeed) -> (u32, u32) {
    (need.consumer, u32::from(need.category))
}

/// Keeps the needs that pass, each with the word drawn for it. Who passes cannot be foretold:
/// each need is written to the next place, which then is taken or not.
fn keep(needs: &mut Vec<OpenNeed>, words: &[u32], passes: impl Fn(&OpenNeed, u32) -> bool) {
    let mut kept = 0;
    let list = &mut needs[..];
    for (k, word) in words[..list.len()].iter().enumerate() {
        let need = list[k];
        list[kept] = need;
        kept += usize::from(passes(&need, *word));
    }
    needs.truncate(kept);
}

impl Search {
    /// What the visits show, by two words an offer; the same offer twice counts once.
    fn show(&self, env: &Environment, room: &mut Room, bins: &mut Bins<'_, Exposure>) {
        let Room { today, words, shown } = room;
        let (n_shown, n) = (self.p.shown as usize, today.len());
        shown.resize(n_shown * n, 0);
        let shown = &mut shown[..];
        let visits = today.iter().zip(words.chunks_exact(2 * n_shown.next_multiple_of(2)));
        for (k, (need, words)) in visits.enumerate() {
            let category = usize::from(need.category);
            let Some(shelf) = &self.shelves[category] else { continue };
            let (offers, pick) = (&env.catalogue.by_category[category][..], shelf.picks());
            let mut place = k;
            for [word0, word1] in &words.as_chunks().0[..n_shown] {
                shown[place] = offers[pick(*word0, *word1) as usize];
                place += n;
            }
        }
        // As they will be read: what arrives in order costs no sorting of messages.
        bins.begin_run();
        simd::widest(InOrder { columns: shown, n });
        for (k, need) in today.iter().enumerate() {
            if self.shelves[usize::from(need.category)].is_some() {
                let exposure = Exposure {
                    category: need.category,
                    flags: flag::NEED,
                    ..Exposure::new(need.consumer, self.platform, self.channel)
                };
                let mut place = k;
                bins.push_all_near((0..n_shown).map(|_| {
                    let offer = shown[place];
                    place += n;
                    Exposure { offer, ..exposure }
                }));
            }
        }
    }
}

/// Columns of `n` numbers each, one after the other: puts each row in order.
struct InOrder<'a> {
    columns: &'a mut [u32],
    n: usize,
}

impl Kernel for InOrder<'_> {
    type Output = ();

    /// Neighbours change places where they should, in all rows side by side: as many times over as
    /// there are columns, by turns from the first one on and from the second.
    #[inline(always)]
    fn run(self) {
        let Self { columns, n } = self;
        if n == 0 {
            return;
        }
        for turn in 0..columns.len() / n {
            let start = (turn % 2 * n).min(columns.len());
            for two in columns[start..].chunks_exact_mut(2 * n) {
                let (left, right) = two.split_at_mut(n);
                for (a, b) in left.iter_mut().zip(right) {
                    (*a, *b) = ((*a).min(*b), (*a).max(*b));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_in_order() {
        for n_columns in [1, 2, 3, 6, 7] {
            for n in [0, 1, 5, 40] {
                let mut columns: Vec<u32> =
                    (0..n * n_columns).map(|k| (k as u32 * 7_919) % 101).collect();
                let row = |columns: &[u32], k: usize| -> Vec<u32> {
                    columns[k..].iter().step_by(n).copied().collect()
                };
                let mut rows: Vec<_> = (0..n).map(|k| row(&columns, k)).collect();
                rows.iter_mut().for_each(|row| row.sort_unstable());
                simd::widest(InOrder { columns: &mut columns, n });
                assert!((0..n).all(|k| row(&columns, k) == rows[k]), "{n_columns} columns of {n}");
            }
        }
    }
}
