//! Sorting what belongs to the agents of one shard.
//!
//! Senders go through their consumers in order, so that what a shard sends to itself is often
//! a few runs in the order of the receivers: these are woven together. Some senders promise the
//! order of the key; what others send is looked at, and what stands wrong among the messages to one
//! receiver is put right.
//!
//! Else, where an item goes is nearly told by its agent and the first bits of its rank: items
//! are counted in some more pigeonholes than there are items, and each is moved once to
//! where its hole begins. What then stands wrong, seldom far from its place, is put back
//! among its neighbours. Only where agents and ranks are equal are keys compared.

use super::Message;
use crate::parallel::Shards;
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::ops::Range;

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

/// Messages of a list whose order is looked at together.
const LOOKED_AT: usize = 16;

/// Where less than one message of so many is left after a run, these few are sorted by themselves.
const FEW: usize = 32;

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
    /// Sorts the messages of one shard of `to`, of which some stretches are known to be in the order
    /// of the key, and changes their room for the sorter's.
    pub(super) fn sort_messages(
        &mut self,
        messages: &mut Vec<T>,
        known: &[Range<u32>],
        to: Shards,
    ) {
        if messages.len() < RUN_LENGTH {
            return messages.sort_unstable_by(in_full);
        }
        if let Some(starts) = runs(messages, known) {
            if starts.0.len() == 1 {
                return;
            }
            self.weave(messages, &starts);
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
    fn weave(&mut self, messages: &[T], starts: &Starts) {
        fit(&mut self.sorted, messages);
        let mut runs = starts.runs(messages);
        let (mut sorted, mut runs) = (&mut self.sorted[..], &mut runs[..]);
        while let [run, other, ..] = *runs {
            let taken = take(sorted, run, &other[0]);
            sorted = &mut sorted[taken..];
            runs = queue_up(runs, &run[taken..]);
        }
        runs.iter().for_each(|last| sorted.copy_from_slice(last));
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

/// What is left of some runs of messages.
type Runs<'a, T> = SmallVec<[&'a [T]; MOST_RUNS]>;

/// Where runs begin.
#[derive(Default)]
struct Starts(SmallVec<[usize; MOST_RUNS]>);

impl Starts {
    /// The runs of a list, in the order of their first messages.
    fn runs<'a, T: Message>(&self, messages: &'a [T]) -> Runs<'a, T> {
        let ends = self.0[1..].iter().copied().chain([messages.len()]);
        let run = |(start, end): (&usize, usize)| &messages[*start..end];
        let mut runs: Runs<'_, T> = self.0.iter().zip(ends).map(run).collect();
        runs.sort_unstable_by(|a, b| in_full(&a[0], &b[0]));
        runs
    }

    /// Begins a run, if there may be another. Where little is left, from here and there, it is put in
    /// order and makes the last run.
    fn begin<T: Message>(&mut self, messages: &mut [T], start: usize) -> Next {
        let n = messages.len();
        if self.0.len() >= most_runs(n) && start > 0 {
            return Next::TooMany;
        }
        self.0.push(start);
        if (n - start) * FEW < n {
            messages[start..].sort_unstable_by(in_full);
            return Next::Done;
        }
        Next::Look
    }

    /// Finds the runs of a stretch. Those to one receiver, of which a run has little and most
    /// of it in order, are put in order.
    fn look<T: Message>(&mut self, messages: &mut [T], stretch: Range<usize>) -> Next {
        let mut begin = stretch.start;
        for from in (begin + 1..stretch.end).step_by(LOOKED_AT) {
            let (falls, n) = falls(&messages[from - 1..stretch.end.min(from + LOOKED_AT)]);
            for fall in &falls[..n] {
                let k = from + usize::from(*fall);
                if messages[k - 1].to() == messages[k].to() {
                    mend_run(&mut messages[begin..stretch.end], k - begin);
                    continue;
                }
                begin = k;
                match self.begin(messages, begin) {
                    Next::Look => {}
                    next => return next,
                }
            }
        }
        Next::Look
    }
}

/// What is to be done after a run has begun.
enum Next {
    Look,
    Done,
    TooMany,
}

/// The runs of a list where they are few; of some stretches it is known that they are runs.
fn runs<T: Message>(messages: &mut [T], known: &[Range<u32>]) -> Option<Starts> {
    let (n, mut starts, mut from) = (messages.len(), Starts::default(), 0);
    if known.is_empty() && is_disordered(messages) {
        return None;
    }
    let known = known.iter().map(|run| run.start as usize..run.end as usize);
    for run in known.chain(std::iter::once(n..n)) {
        // What nothing is known of, then a run.
        for (stretch, is_run) in [(from..run.start, false), (run.clone(), true)] {
            if stretch.is_empty() {
                continue;
            }
            let mut next = starts.begin(messages, stretch.start);
            if matches!(next, Next::Look) && !is_run {
                next = starts.look(messages, stretch);
            }
            match next {
                Next::Look => {}
                Next::Done => return Some(starts),
                Next::TooMany => return None,
            }
        }
        from = run.end;
    }
    Some(starts)
}

/// Whether already the first messages make more runs than are woven together.
fn is_disordered<T: Message>(messages: &[T]) -> bool {
    let first = &messages[..messages.len().min(4 * MOST_RUNS)];
    let falls = first.windows(2).filter(|pair| pair[1].to() < pair[0].to());
    falls.count() >= most_runs(messages.len())
}

/// Most runs of so many messages that are woven together.
fn most_runs(n: usize) -> usize {
    MOST_RUNS.min(n / RUN_LENGTH)
}

/// Of some messages those that do not belong after the one before them: how many, and which. They
/// cannot be foreseen: every one takes the next place.
#[inline]
fn falls<T: Message>(messages: &[T]) -> ([u8; LOOKED_AT], usize) {
    let (mut falls, mut n) = ([0; LOOKED_AT], 0);
    let Some((first, others)) = messages.split_first() else { return (falls, n) };
    let mut last = place(first);
    for (k, message) in others.iter().enumerate() {
        let this = place(message);
        falls[n % LOOKED_AT] = k as u8;
        n += usize::from(this <= last);
        last = this;
    }
    (falls, n)
}

/// Puts the message at `from` of a run in order, and those to the same receiver after it.
#[inline]
fn mend_run<T: Message>(run: &mut [T], from: usize) {
    let mut k = from;
    while k < run.len() && run[k - 1].to() == run[k].to() && place(&run[k]) <= place(&run[k - 1]) {
        put_back(run, k, &place, &by_key);
        k += 1;
    }
}

/// Copies what is left of a run as far as it belongs before the first message of another: how many.
#[inline]
fn take<T: Message>(sorted: &mut [T], rest: &[T], bound: &T) -> usize {
    let (receiver, mut n) = (bound.to(), 0);
    for (to, message) in sorted.iter_mut().zip(rest) {
        if message.to() >= receiver {
            break;
        }
        *to = *message;
        n += 1;
    }
    // Few receivers get something of both runs.
    if rest.get(n).is_some_and(|message| message.to() == receiver) {
        let upto = |message: &&T| in_full(*message, bound) != Ordering::Greater;
        let same = rest[n..].iter().take_while(upto).count();
        sorted[n..n + same].copy_from_slice(&rest[n..n + same]);
        n += same;
    }
    n
}

/// Gives what is left of the first run its place among the runs; what is empty leaves them.
fn queue_up<'r, 'a, T: Message>(runs: &'r mut [&'a [T]], rest: &'a [T]) -> &'r mut [&'a [T]] {
    let Some(first) = rest.first() else { return &mut runs[1..] };
    let mut k = 0;
    while let Some(next) = runs.get(k + 1)
        && belongs_before(&next[0], first)
    {
        runs[k] = next;
        k += 1;
    }
    runs[k] = rest;
    runs
}

/// Whether a message stands before another: mostly the receivers tell.
#[inline]
fn belongs_before<T: Message>(a: &T, b: &T) -> bool {
    a.to() < b.to() || a.to() == b.to() && in_full(a, b) == Ordering::Less
}

/// The order of the key, for which the rank is looked at first.
#[inline(never)]
fn in_full<T: Message>(a: &T, b: &T) -> Ordering {
    place(a).cmp(&place(b)).then_with(|| by_key(a, b))
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
