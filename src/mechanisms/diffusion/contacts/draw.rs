//! Drawing how long somebody is infectious, and whom that reaches on which day.

use super::super::CONTACT;
use super::Part;
use super::rows::Rows;
use crate::market::member::bit;
use crate::network::{Csr, Network, Ties};
use crate::quantity::time::Clock;
use crate::rng::Key;
use crate::rng::lanes::fine_exponential_pairs;

/// Infected consumers whose contacts are drawn before the ties are looked at; shapes no result.
const BATCH: usize = 64;

/// What is needed to draw contacts.
pub(super) struct Plan<'a> {
    pub key: Key,
    pub network: &'a Network,
    pub weighted: bool,
    pub scales: [f64; 2],
    pub first: u16,
    pub days: u16,
    pub susceptible: &'a [u64],
    pub again: bool,
}

/// An infectious period whose contacts are being drawn.
struct Period<R> {
    i: u32,
    row: R,
    /// Days × hearers.
    cells: u64,
    /// The next contact.
    cell: u64,
}

/// What is drawn for a batch.
struct Room<T: Rows> {
    open: Vec<Period<T::Row>>,
    pairs: Vec<[f64; 2]>,
    reached: Vec<(T::Place, u16)>,
}

impl<T: Rows> Room<T> {
    fn new() -> Self {
        let (open, pairs) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        Self { open, pairs, reached: Vec::with_capacity(4 * BATCH) }
    }
}

impl Plan<'_> {
    /// (who was infected) → how long, and whom that reaches when.
    pub(super) fn all(&self, new: &[u32], part: &mut Part) {
        match &self.network.ties {
            Ties::Stored(ties) if self.weighted => self.chances(new, ties, part),
            Ties::Stored(ties) => self.draw(new, ties, part),
            Ties::Packed(_) => self.draw(new, self.network, part),
            Ties::Computed(ties) => self.draw(new, &**ties, part),
            Ties::Complete { .. } => {}
        }
    }

    /// The contacts of those who were infected at once.
    fn draw<T: Rows>(&self, new: &[u32], ties: T, part: &mut Part) {
        let mut room = Room::new();
        for batch in new.chunks(BATCH) {
            self.open(batch, &ties, part, &mut room);
            let Room { open, pairs, reached } = &mut room;
            let mut item = 1;
            while !open.is_empty() {
                self.pairs(item, open.iter().map(|period| period.i), pairs);
                let mut gaps = pairs.iter();
                open.retain_mut(|period| {
                    let [a, b] = gaps.next().map_or([f64::INFINITY; 2], |pair| *pair);
                    self.reach::<T>(period, a, reached) && self.reach::<T>(period, b, reached)
                });
                item += 1;
            }
            ties.read(reached, |to, day| self.note(to, day, part));
            reached.clear();
        }
    }

    /// The infectious periods of some who were infected, in which somebody is reached.
    fn open<T: Rows>(&self, batch: &[u32], ties: &T, part: &mut Part, room: &mut Room<T>) {
        batch.iter().for_each(|i| ties.touch(*i));
        self.pairs(0, batch.iter().copied(), &mut room.pairs);
        for (&i, &[lasts, first]) in batch.iter().zip(&room.pairs) {
            let days = self.recovery(i, whole(lasts * self.scales[1]), part);
            let row = ties.row(i);
            let (cells, cell) = (T::len(row) * days, whole(first * self.scales[0]));
            if cell < cells {
                room.open.push(Period { i, row, cells, cell });
            }
        }
    }

    /// Notes a contact, unless it is idle already.
    #[inline(always)]
    fn note(&self, to: u32, day: u16, part: &mut Part) {
        // Who can be infected again may be reached by contacts that are idle now.
        if self.again || bit(self.susceptible, to) {
            part.contacts[usize::from(day)].push(to);
        }
    }

    /// One chance at each hearer, by the weight of the tie; all recover after a day.
    fn chances(&self, new: &[u32], ties: &Csr, part: &mut Part) {
        let at = Clock::start_of(self.first);
        for batch in new.chunks(BATCH) {
            batch.iter().for_each(|i| ties.touch_start(*i));
            for &i in batch {
                self.recovery(i, 0, part);
                let weights = &self.network.weights[ties.start(i)..];
                for (item, (&to, &weight)) in (1..).zip(ties.of(i).iter().zip(weights)) {
                    if self.key.unit(CONTACT, i, at, item) < f64::from(weight) {
                        self.note(to, self.first, part);
                    }
                }
            }
        }
    }

    /// The two numbers of a round of draws.
    fn pairs(&self, item: u32, list: impl Iterator<Item = u32>, pairs: &mut Vec<[f64; 2]>) {
        let at = Clock::start_of(self.first);
        fine_exponential_pairs(self.key, CONTACT, at, list.map(|i| (i, item)), pairs);
    }

    /// Notes when somebody recovers who is infectious for `lasts` days after the first;
    /// returns the days within the run.
    #[inline(always)]
    fn recovery(&self, i: u32, lasts: u64, part: &mut Part) -> u64 {
        let left = u64::from(self.days - self.first);
        if lasts < left {
            let last = usize::from(self.first + lasts as u16);
            part.recoveries[last] += 1;
            if self.again {
                part.recovering[last].push(i);
            }
        }
        lasts.saturating_add(1).min(left)
    }

    /// Takes a period's next contact and goes on by a gap; whether there is a further one.
    #[inline(always)]
    fn reach<T: Rows>(
        &self,
        period: &mut Period<T::Row>,
        gap: f64,
        reached: &mut Vec<(T::Place, u16)>,
    ) -> bool {
        let Period { row, cells, cell, .. } = period;
        let length = T::len(*row);
        let day = *cell / length;
        reached.push((T::place(*row, *cell - day * length), self.first + day as u16));
        *cell = cell.saturating_add(1).saturating_add(whole(gap * self.scales[0]));
        *cell < *cells
    }
}

/// The failures before a success, cut off to a whole number.
#[inline(always)]
fn whole(failures: f64) -> u64 {
    failures as u64
}
