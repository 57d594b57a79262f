//! Sorting what belongs to the agents of one shard: first by agent, without comparing, then
//! what one agent gets by its key.
//!
//! Where items are many, those of each agent are counted and every item is moved once. Of
//! fewer, small tickets (agent, position) are put in order, digit by digit, and each item
//! is fetched once. Either way what an agent gets stays in the order in which it came, which
//! often is that of the key; what stands wrong is put in its place among its few neighbours.

use super::Message;
use crate::parallel::Shards;
use std::cmp::Ordering;

/// Room for sorting, kept from one time to the next.
#[derive(Debug)]
pub struct Sorter<T> {
    /// By agent, where its items begin.
    places: Vec<u32>,
    tickets: Vec<Ticket>,
    spare: Vec<Ticket>,
    sorted: Vec<T>,
}

impl<T> Default for Sorter<T> {
    fn default() -> Self {
        Self { places: Vec::new(), tickets: Vec::new(), spare: Vec::new(), sorted: Vec::new() }
    }
}

/// An agent, as its place in the shard, in the upper half; in the lower where its item is.
type Ticket = u64;

/// Bits of the place of an item.
const ITEM_BITS: u32 = u32::BITS;

/// Bits that one pass over the tickets looks at: those of a byte, which indexes a table of as
/// many places without a check.
const DIGIT_BITS: u32 = u8::BITS;

/// Fewer tickets are sorted by comparing: counting costs what the number of digits costs.
const FEW: usize = 40;

/// Agents of a shard for one item, above which tickets are cheaper than a count of each.
const SPARSE: usize = 4;

/// Items that one may move past; where it is more, all of the agent's are sorted.
const NEIGHBOURS: usize = 16;

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
        self.take_sorted(items, to, agent, |a, b| key(a).cmp(&key(b)));
        items.copy_from_slice(&self.sorted);
    }

    /// Sorts the messages of one shard of `to`, and changes their room for the sorter's.
    pub(super) fn sort_messages(&mut self, messages: &mut Vec<T>, to: Shards)
    where
        T: Message,
    {
        if messages.len() > 1 {
            self.take_sorted(messages, to, Message::to, in_run);
            std::mem::swap(messages, &mut self.sorted);
        }
    }

    /// Leaves a sorted copy of the items in `sorted`; `order` is that of an agent's items.
    fn take_sorted(
        &mut self,
        items: &[T],
        to: Shards,
        agent: impl Fn(&T) -> u32,
        order: impl Fn(&T, &T) -> Ordering,
    ) {
        let row = |item: &T| to.row_of(agent(item));
        fit(&mut self.sorted, items);
        if items.len() * SPARSE >= to.size() {
            self.count(items, row, to.size());
        } else {
            self.draw_tickets(items, row, to.size().ilog2());
        }
        mend(&mut self.sorted, |a, b| agent(a) == agent(b), order);
    }

    /// Puts the items in the order of their rows, of which there are `size`: counts those of
    /// each row, and moves every item to where its row's begin.
    fn count(&mut self, items: &[T], row: impl Fn(&T) -> usize, size: usize) {
        let Self { places, sorted, .. } = self;
        places.clear();
        places.resize(size, 0);
        items.iter().for_each(|item| places[row(item)] += 1);
        add_up(places);
        for item in items {
            let place = &mut places[row(item)];
            sorted[*place as usize] = *item;
            *place += 1;
        }
    }

    /// The same by tickets, for rows of so many bits: the order is found first.
    fn draw_tickets(&mut self, items: &[T], row: impl Fn(&T) -> usize, bits: u32) {
        let Self { tickets, spare, sorted, .. } = self;
        tickets.clear();
        tickets.reserve_exact(items.len());
        let ticket = |(place, item)| (row(item) as Ticket) << ITEM_BITS | place as Ticket;
        tickets.extend(items.iter().enumerate().map(ticket));
        let item = |ticket: Ticket| items[ticket as u32 as usize];
        if items.len() < FEW {
            tickets.sort_unstable();
            sorted.iter_mut().zip(tickets).for_each(|(place, ticket)| *place = item(*ticket));
            return;
        }
        // From the lowest digit, each pass keeps the order of the one before.
        spare.resize(items.len(), 0);
        let mut low = 0;
        while low + DIGIT_BITS < bits {
            by_digit(tickets, low, spare, |ticket| ticket);
            std::mem::swap(tickets, spare);
            low += DIGIT_BITS;
        }
        by_digit(tickets, low, sorted, item);
    }
}

/// The order of two messages to one receiver.
#[inline]
fn in_run<T: Message>(a: &T, b: &T) -> Ordering {
    a.rank().cmp(&b.rank()).then_with(|| a.key().cmp(&b.key()))
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

/// Makes of counts where each begins.
#[inline]
fn add_up(counts: &mut [u32]) {
    let mut sum = 0;
    counts.iter_mut().for_each(|n| sum += std::mem::replace(n, sum));
}

/// Fills `out` with what `of` makes of the tickets, in the order of the digit that begins at
/// bit `low` of the agent.
#[inline]
fn by_digit<U>(tickets: &[Ticket], low: u32, out: &mut [U], of: impl Fn(Ticket) -> U) {
    let digit = |ticket: Ticket| (ticket >> ITEM_BITS >> low) as u8 as usize;
    let mut places = [0_u32; 1 << DIGIT_BITS];
    tickets.iter().for_each(|ticket| places[digit(*ticket)] += 1);
    add_up(&mut places);
    for ticket in tickets {
        let place = &mut places[digit(*ticket)];
        out[*place as usize] = of(*ticket);
        *place += 1;
    }
}

/// Puts items that are in the order of their agents in that of an agent's items too.
fn mend<T: Copy>(
    items: &mut [T],
    same: impl Fn(&T, &T) -> bool,
    order: impl Fn(&T, &T) -> Ordering,
) {
    let mut next = 1;
    while next < items.len() {
        let (a, b) = (&items[next - 1], &items[next]);
        let is_wrong = same(a, b) && order(a, b) == Ordering::Greater;
        next = if is_wrong { put_back(items, next, &same, &order) } else { next + 1 };
    }
}

/// Puts an item among those of its agent before it, and returns up to where all is in order.
#[inline]
fn put_back<T: Copy>(
    items: &mut [T],
    from: usize,
    same: &impl Fn(&T, &T) -> bool,
    order: &impl Fn(&T, &T) -> Ordering,
) -> usize {
    let item = items[from];
    let wrong = |a: &T| same(a, &item) && order(a, &item) == Ordering::Greater;
    let mut to = from;
    while to > 0 && wrong(&items[to - 1]) {
        if from - to == NEIGHBOURS {
            items[to] = item;
            return sort_around(items, from, same, order);
        }
        items[to] = items[to - 1];
        to -= 1;
    }
    items[to] = item;
    from + 1
}

/// Sorts all items of one agent, and returns where they end.
#[inline(never)]
fn sort_around<T>(
    items: &mut [T],
    one: usize,
    same: &impl Fn(&T, &T) -> bool,
    order: &impl Fn(&T, &T) -> Ordering,
) -> usize {
    let other = |item: &T| !same(item, &items[one]);
    let begin = items[..one].iter().rposition(other).map_or(0, |last| last + 1);
    let end = items[one..].iter().position(other).map_or(items.len(), |first| one + first);
    items[begin..end].sort_unstable_by(order);
    end
}

/// Puts a list in the order of the key again whose first `sorted` messages are in order.
pub fn merge<T: Message>(messages: &mut [T], sorted: usize) {
    Sorter::default().merge(messages, sorted);
}

impl<T: Message> Sorter<T> {
    /// Does what [`merge`] does in room that is kept.
    pub fn merge(&mut self, messages: &mut [T], sorted: usize) {
        let Some(tail) = messages.get(sorted..) else { return };
        let receivers = || tail.iter().map(Message::to);
        let (Some(first), Some(last)) = (receivers().min(), receivers().max()) else { return };
        fit(&mut self.sorted, tail);
        let bits = (last - first).checked_ilog2().map_or(0, |top| top + 1);
        self.draw_tickets(tail, |message| (message.to() - first) as usize, bits);
        mend(&mut self.sorted, |a, b| a.to() == b.to(), in_run);
        // From the end: the room of the tail takes in what is larger, and none is overtaken.
        let (mut left, mut end) = (sorted, messages.len());
        for last in self.sorted.iter().rev() {
            end -= 1;
            while left > 0 && is_after(&messages[left - 1], last) {
                left -= 1;
                messages[end] = messages[left];
                end -= 1;
            }
            messages[end] = *last;
        }
    }
}

/// Whether one message comes later than another, whoever the receivers are.
#[inline]
fn is_after<T: Message>(a: &T, b: &T) -> bool {
    a.to() > b.to() || a.to() == b.to() && in_run(a, b) == Ordering::Greater
}
