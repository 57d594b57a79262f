//! Sorting what belongs to the agents of one shard.
//!
//! Senders go through their consumers in order, so that what a shard sends to itself is often
//! a few runs in the order of the receivers: these are woven together.
//!
//! Else, where an item goes is nearly told by its agent and the first bits of its rank: items
//! are counted in some more pigeonholes than there are items, and each is moved once to
//! where its hole begins. What then stands wrong, seldom far from its place, is put back
//! among its neighbours. Only where agents and ranks are equal are keys compared.

use super::Message;
use crate::parallel::Shards;
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Room for sorting, kept from one time to the next.
#[derive(Debug)]
pub struct Sorter<T> {
    /// By pigeonhole, where its items begin.
    places: Vec<u32>,
    sorted: Vec<T>,
}

impl<T> Default for Sorter<T> {
    fn default() -> Self {
        Self { places: Vec::new(), sorted: Vec::new() }
    }
}

/// First bits of the rank that tell pigeonholes apart, where there are more than agents.
const RANK_BITS: u32 = 16;

/// Most runs that are woven together; to look at more costs more than to distribute.
const MOST_RUNS: usize = 8;

/// Messages in a run, on average, below which to weave costs more than to distribute.
const RUN_LENGTH: usize = 16;

/// Items that one may pass on its way back, on average; where it is more, too many are in
/// one pigeonhole, and all are sorted by comparing.
const MOVES: usize = 8;

impl<T: Copy> Sorter<T> {
    /// Sorts items of one shard of `to` by agent, and those of an agent by their key. What is
    /// sorted stays in its own room; the sorter's can go.
    pub fn sort<K: Ord>(
        &mut self,
        items: &mut [T],
        to: Shards,
        agent: impl Fn(&T) -> u32,
        key: impl Fn(&T) -> K,
    ) {
        let row = |item: &T| to.row_of(agent(item)) as u64;
        self.distribute(items, to.log_size(), row);
        let place = |item: &T| u128::from(agent(item));
        mend(&mut self.sorted, place, |a, b| key(a).cmp(&key(b)));
        items.copy_from_slice(&self.sorted);
    }

    /// Puts a copy of the items into `sorted`, in the order of the first of so many bits of a
    /// number of each: of as many bits as tell two pigeonholes an item apart.
    fn distribute(&mut self, items: &[T], bits: u32, number: impl Fn(&T) -> u64) {
        let Self { places, sorted } = self;
        let used = (items.len() * 2).next_power_of_two().ilog2().min(bits);
        let hole = |item: &T| (number(item) >> (bits - used)) as usize;
        places.clear();
        places.resize(1 << used, 0);
        items.iter().for_each(|item| places[hole(item)] += 1);
        let mut sum = 0;
        places.iter_mut().for_each(|n| sum += std::mem::replace(n, sum));
        fit(sorted, items);
        for item in items {
            let place = &mut places[hole(item)];
            sorted[*place as usize] = *item;
            *place += 1;
        }
    }
}

impl<T: Message> Sorter<T> {
    /// Sorts the messages of one shard of `to`, and changes their room for the sorter's.
    pub(super) fn sort_messages(&mut self, messages: &mut Vec<T>, to: Shards) {
        if messages.len() < 2 {
            return;
        }
        if let Some(runs) = runs(messages) {
            self.weave(messages, runs);
        } else {
            let (bits, row) = (to.log_size(), |message: &T| to.row_of(message.to()) as u32);
            if messages.len() <= to.size() {
                self.distribute(messages, bits, |message| u64::from(row(message)));
            } else {
                self.distribute(messages, bits + RANK_BITS, |message| {
                    number(row(message), message)
                });
            }
            mend(&mut self.sorted, place, by_key);
        }
        std::mem::swap(messages, &mut self.sorted);
    }

    /// Puts a sorted copy of runs of messages into `sorted`: of the run that is furthest back
    /// it takes all up to where another goes on.
    fn weave(&mut self, messages: &[T], mut runs: Runs<'_, T>) {
        fit(&mut self.sorted, messages);
        runs.sort_unstable_by_key(|run| run.place);
        let (sorted, mut runs) = (&mut self.sorted[..], &mut runs[..]);
        let (mut n, mut last) = (0, 0);
        while let Some(run) = runs.first() {
            let bound = runs.get(1).map_or(u128::MAX, |other| other.place);
            let taken = n;
            for message in run.rest {
                let this = place(message);
                if this > bound {
                    break;
                }
                sorted[n] = *message;
                if this > last {
                    last = this;
                } else {
                    // A receiver gets little of one run, and most of it in order.
                    put_back(sorted, n, &place, &by_key);
                    last = place(&sorted[n]);
                }
                n += 1;
            }
            let rest = &run.rest[n - taken..];
            runs = queue_up(runs, rest);
        }
    }

    /// Puts a list in the order of the key again whose first `sorted` messages are in order.
    pub fn merge(&mut self, messages: &mut [T], sorted: usize) {
        let Some(tail) = messages.get(sorted..) else { return };
        let receivers = || tail.iter().map(Message::to);
        let (Some(first), Some(last)) = (receivers().min(), receivers().max()) else { return };
        let bits = u32::BITS - (last - first).leading_zeros();
        self.distribute(tail, bits + RANK_BITS, |message| number(message.to() - first, message));
        mend(&mut self.sorted, place, by_key);
        // From the end: the room of the tail takes in what is larger, and none is overtaken.
        let (mut left, mut end) = (sorted, messages.len());
        for last in self.sorted.iter().rev() {
            end -= 1;
            while left > 0 && is_after(&messages[left - 1], last, place, by_key) {
                left -= 1;
                messages[end] = messages[left];
                end -= 1;
            }
            messages[end] = *last;
        }
    }
}

/// Puts a list in the order of the key again whose first `sorted` messages are in order.
pub fn merge<T: Message>(messages: &mut [T], sorted: usize) {
    Sorter::default().merge(messages, sorted);
}

/// What is left of a run of messages that are in the order of their receivers.
#[derive(Clone, Copy)]
struct Run<'a, T> {
    /// Of the first message.
    place: u128,
    rest: &'a [T],
}

type Runs<'a, T> = SmallVec<[Run<'a, T>; MOST_RUNS]>;

/// The runs of a list where they are few.
fn runs<T: Message>(messages: &[T]) -> Option<Runs<'_, T>> {
    let most = MOST_RUNS.min(messages.len() / RUN_LENGTH);
    let (mut runs, mut begin) = (Runs::new(), 0);
    for (end, pair) in (1..).zip(messages.windows(2)) {
        if pair[0].to() > pair[1].to() {
            runs.push(Run { place: place(&messages[begin]), rest: &messages[begin..end] });
            begin = end;
            if runs.len() >= most {
                return None;
            }
        }
    }
    runs.push(Run { place: place(&messages[begin]), rest: &messages[begin..] });
    Some(runs)
}

/// Gives what is left of the first run its place among the runs; what is empty leaves them.
fn queue_up<'r, 'a, T: Message>(runs: &'r mut [Run<'a, T>], rest: &'a [T]) -> &'r mut [Run<'a, T>] {
    let Some(first) = rest.first() else { return &mut runs[1..] };
    let place = place(first);
    let mut k = 0;
    while let Some(next) = runs.get(k + 1)
        && next.place < place
    {
        runs[k] = *next;
        k += 1;
    }
    runs[k] = Run { place, rest };
    runs
}

/// A receiver's row and the first bits of the rank.
#[inline]
fn number<T: Message>(row: u32, message: &T) -> u64 {
    u64::from(row) << RANK_BITS | message.rank() >> (u64::BITS - RANK_BITS)
}

/// Receiver and rank.
#[inline]
fn place<T: Message>(message: &T) -> u128 {
    u128::from(message.to()) << u64::BITS | u128::from(message.rank())
}

#[inline]
fn by_key<T: Message>(a: &T, b: &T) -> Ordering {
    a.key().cmp(&b.key())
}

/// Gives a list the length of `items`; what is in it does not matter.
fn fit<T: Copy>(list: &mut Vec<T>, items: &[T]) {
    let n = items.len();
    if list.capacity() < n {
        // What is in the old room need not be moved.
        *list = Vec::new();
        list.reserve_exact(n + n / 8);
    }
    list.truncate(n);
    list.extend_from_slice(&items[list.len()..]);
}

/// Whether an item belongs after another: by its place, or by comparing where that is equal.
#[inline]
fn is_after<T>(
    a: &T,
    b: &T,
    place: impl Fn(&T) -> u128,
    compare: impl Fn(&T, &T) -> Ordering,
) -> bool {
    let (first, second) = (place(a), place(b));
    first > second || first == second && compare(a, b) == Ordering::Greater
}

/// Sorts items of which few stand far from their place.
fn mend<T: Copy>(
    items: &mut [T],
    place: impl Fn(&T) -> u128,
    compare: impl Fn(&T, &T) -> Ordering,
) {
    let Some(first) = items.first() else { return };
    let mut last = place(first);
    let mut moves_left = MOVES * items.len();
    for next in 1..items.len() {
        let this = place(&items[next]);
        if this > last {
            last = this;
            continue;
        }
        let moves = put_back(items, next, &place, &compare);
        last = place(&items[next]);
        if moves > moves_left {
            let order = |a: &T, b: &T| place(a).cmp(&place(b)).then_with(|| compare(a, b));
            return items.sort_unstable_by(order);
        }
        moves_left -= moves;
    }
}

/// Puts an item where it belongs among those before it: past how many.
#[inline(never)]
fn put_back<T: Copy>(
    items: &mut [T],
    from: usize,
    place: &impl Fn(&T) -> u128,
    compare: &impl Fn(&T, &T) -> Ordering,
) -> usize {
    let item = items[from];
    let mut to = from;
    while to > 0 && is_after(&items[to - 1], &item, place, compare) {
        items[to] = items[to - 1];
        to -= 1;
    }
    items[to] = item;
    from - to
}
