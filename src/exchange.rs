//! Messages between agents: sent in parallel, routed by receiver, sorted by a key.
//!
//! A sender writes into bins by the receiver's shard; routing gathers a shard's
//! bins and sorts them by the message's key. The key is unique to the message, so
//! neither the number of shards nor the order of sending shows in what arrives.
//!
//! Sorting moves small tickets (receiver, position) and then every message once; only
//! messages to the same receiver are compared by their whole key.
//!
//! Where a world is split among ranks, a rank's own shards send, and what is for another's
//! shards goes over the [`link`] on its way.

pub mod link;

use crate::parallel::{self, Shards};
use link::Link;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A message with a receiver.
pub trait Message: Copy + Send + Sync + 'static {
    /// A key by which messages are put in order.
    type Key: Ord;
    /// The receiving agent.
    fn to(&self) -> u32;
    /// The order in which a receiver's messages are read; begins with the receiver.
    fn key(&self) -> Self::Key;
}

/// Adds an item to a list that is kept and filled anew again and again: it grows by an
/// eighth, not to the double, so that little room stays unused.
#[inline]
pub fn add<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(4));
    }
    list.push(item);
}

/// Messages of one beat, by sending part and receiving shard.
#[derive(Debug)]
pub struct Outbox<T> {
    cells: Vec<Vec<Vec<T>>>,
    to: Shards,
    /// The parts that send: those of the own rank.
    own: Range<usize>,
    link: Arc<Link>,
}

/// The sending parts of a rank, for senders whose work is not by shard.
#[derive(Clone, Copy, Debug)]
pub struct Crew {
    first: usize,
    count: usize,
}

impl Crew {
    /// What a part does of `0..n`.
    #[must_use]
    pub fn piece(self, n: u32, part: usize) -> Range<u32> {
        parallel::piece(n, part - self.first, self.count)
    }

    /// What a part does of a list: every so many, in turns.
    pub fn turns<T>(self, list: &[T], part: usize) -> impl Iterator<Item = &T> {
        list.iter().skip(part - self.first).step_by(self.count)
    }
}

/// Where one sending part puts its messages.
#[derive(Debug)]
pub struct Bins<'a, T> {
    cells: &'a mut [Vec<T>],
    to: Shards,
}

impl<T: Message> Bins<'_, T> {
    /// Sends a message.
    #[inline]
    pub fn push(&mut self, message: T) {
        add(&mut self.cells[self.to.shard_of(message.to())], message);
    }
}

impl<T: Message> Outbox<T> {
    /// An outbox from `parts` sending parts to the agents of `to`.
    #[must_use]
    pub fn new(parts: usize, to: Shards) -> Self {
        Self::over(&Arc::new(Link::alone()), parts, to)
    }

    /// An outbox of a rank: of `parts` sending parts, its own ones send.
    #[must_use]
    pub fn over(link: &Arc<Link>, parts: usize, to: Shards) -> Self {
        let cells = (0..parts).map(|_| (0..to.count()).map(|_| Vec::new()).collect()).collect();
        Self { cells, to, own: link.own(parts), link: Arc::clone(link) }
    }

    /// Lets every own sending part send, in parallel. Called once a sender; what is
    /// there already stays.
    pub fn send(&mut self, work: impl Fn(usize, &mut Bins<'_, T>) + Sync + Send) {
        let (to, first) = (self.to, self.own.start);
        let cells = &mut self.cells[self.own.clone()];
        parallel::each(cells, |part, cells| work(first + part, &mut Bins { cells, to }));
    }

    /// The own sending parts.
    #[must_use]
    pub fn crew(&self) -> Crew {
        Crew { first: self.own.start, count: self.own.len() }
    }

    /// Lets every own sending part send from its own local state.
    pub fn send_with<L: Send>(
        &mut self,
        locals: &mut [L],
        work: impl Fn(usize, &mut L, &mut Bins<'_, T>) + Sync + Send,
    ) {
        assert_eq!(locals.len(), self.cells.len(), "one local state a sending part");
        let (to, first) = (self.to, self.own.start);
        self.cells[self.own.clone()]
            .par_iter_mut()
            .zip(locals[self.own.clone()].par_iter_mut())
            .with_max_len(1)
            .enumerate()
            .for_each(|(part, (cells, local))| work(first + part, local, &mut Bins { cells, to }));
    }

    /// Takes out what is for other ranks' shards, and returns what those sent to the own ones:
    /// by shard, the lists of the ranks.
    fn cross(&mut self) -> Vec<Vec<Vec<T>>> {
        let mut parcels: Vec<Vec<(usize, Vec<T>)>> = vec![Vec::new(); self.link.count()];
        for (shard, owner) in self.link.owners(self.to.count()).into_iter().enumerate() {
            if owner != self.link.rank() {
                let lists = self.cells.iter_mut().map(|part| std::mem::take(&mut part[shard]));
                parcels[owner].extend(lists.filter(|l| !l.is_empty()).map(|list| (shard, list)));
            }
        }
        let mut arrived = vec![Vec::new(); self.to.count()];
        for (shard, list) in self.link.deliver(parcels).into_iter().flatten() {
            arrived[shard].push(list);
        }
        arrived
    }

    /// Takes back the room of an inbox that has been read, so that the same room serves the
    /// messages while they are sent and while they are read.
    pub fn take_back(&mut self, inbox: &mut Inbox<T>) {
        for (shard, (read, part)) in inbox.shards.iter_mut().zip(&mut self.cells).enumerate() {
            read.clear();
            std::mem::swap(read, &mut part[shard]);
        }
    }

    /// Moves everything to the receivers' shards, each in the order of the key,
    /// and leaves the outbox empty. Returns the number of messages to the own shards.
    pub fn route(&mut self, inbox: &mut Inbox<T>) -> u64 {
        let arrived = if self.link.is_alone() { Vec::new() } else { self.cross() };
        // Much of what is sent goes to the sender's own shard: it moves without a copy.
        inbox.shards.iter_mut().for_each(Vec::clear);
        for (shard, (messages, part)) in inbox.shards.iter_mut().zip(&mut self.cells).enumerate() {
            std::mem::swap(messages, &mut part[shard]);
        }
        let (cells, to) = (&self.cells, self.to);
        let idle = &inbox.idle;
        parallel::each(&mut inbox.shards, |shard, messages| {
            let more: usize = cells.iter().map(|part| part[shard].len()).sum();
            if messages.capacity() - messages.len() < more {
                messages.reserve_exact(more + more / 8);
            }
            for part in cells {
                messages.extend_from_slice(&part[shard]);
            }
            for list in arrived.get(shard).into_iter().flatten() {
                messages.extend_from_slice(list);
            }
            // As many sorters as threads at work: their room is kept and passed on.
            let mut sorter = taken(idle);
            sorter.exchange(messages, to, Message::to, Message::key);
            given_back(idle, sorter);
        });
        parallel::each(&mut self.cells, |_, bins| bins.iter_mut().for_each(Vec::clear));
        inbox.len()
    }
}

/// Room for sorting what belongs to the agents of one shard.
#[derive(Debug)]
pub struct Sorter<T> {
    tickets: Vec<Ticket>,
    spare: Vec<Ticket>,
    sorted: Vec<T>,
}

impl<T> Default for Sorter<T> {
    fn default() -> Self {
        Self { tickets: Vec::new(), spare: Vec::new(), sorted: Vec::new() }
    }
}

/// A sorter that nobody uses, or a new one.
fn taken<T>(idle: &Mutex<Vec<Sorter<T>>>) -> Sorter<T> {
    let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
    idle.pop().unwrap_or_default()
}

fn given_back<T>(idle: &Mutex<Vec<Sorter<T>>>, sorter: Sorter<T>) {
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(sorter);
}

/// An agent, as its place in the shard, in the upper half, and an item's place in the list.
type Ticket = u64;

/// Most bits that one pass of the radix sort looks at.
const DIGIT_BITS: u32 = 8;

/// Fewer tickets are sorted by comparing: counting costs what the number of digits costs.
const FEW: usize = 96;

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
        self.take_sorted(items, to, agent, key);
        items.copy_from_slice(&self.sorted);
    }

    /// [`Sorter::sort`] that changes the list's room for the sorter's instead of copying back.
    fn exchange<K: Ord>(
        &mut self,
        items: &mut Vec<T>,
        to: Shards,
        agent: impl Fn(&T) -> u32,
        key: impl Fn(&T) -> K,
    ) {
        self.take_sorted(items, to, agent, key);
        std::mem::swap(items, &mut self.sorted);
    }

    /// Leaves a sorted copy in `sorted`.
    fn take_sorted<K: Ord>(
        &mut self,
        items: &[T],
        to: Shards,
        agent: impl Fn(&T) -> u32,
        key: impl Fn(&T) -> K,
    ) {
        self.tickets.clear();
        let ticket = |(k, item): (usize, &T)| (to.row_of(agent(item)) as u64) << 32 | k as u64;
        self.tickets.extend(items.iter().enumerate().map(ticket));
        self.sort_tickets(to.size());
        self.sorted.clear();
        self.sorted.reserve_exact(items.len());
        self.sorted.extend(self.tickets.iter().map(|ticket| items[*ticket as u32 as usize]));
        for run in self.sorted.chunk_by_mut(|a, b| agent(a) == agent(b)) {
            if run.len() > 1 {
                run.sort_unstable_by_key(&key);
            }
        }
    }

    /// Sorts the tickets by receiver, one of `size`: digit by digit from the lowest, each
    /// pass keeping the order of the one before. Few tickets are sorted by comparing.
    fn sort_tickets(&mut self, size: usize) {
        let bits = size.ilog2();
        if self.tickets.len() < FEW {
            self.tickets.sort_unstable();
            return;
        }
        for low in (0..bits).step_by(DIGIT_BITS as usize) {
            let digit = |ticket: &Ticket| (ticket >> 32 >> low) as usize % (1 << DIGIT_BITS);
            let mut places = [0_u32; 1 << DIGIT_BITS];
            self.tickets.iter().for_each(|ticket| places[digit(ticket)] += 1);
            let mut sum = 0;
            places.iter_mut().for_each(|n| sum += std::mem::replace(n, sum));
            self.spare.resize(self.tickets.len(), 0);
            for ticket in &self.tickets {
                let place = &mut places[digit(ticket)];
                self.spare[*place as usize] = *ticket;
                *place += 1;
            }
            std::mem::swap(&mut self.tickets, &mut self.spare);
        }
    }
}

/// Messages that have arrived, by receiving shard, in the order of their keys.
#[derive(Debug)]
pub struct Inbox<T> {
    /// One list a shard of the receivers.
    pub shards: Vec<Vec<T>>,
    /// Sorters between two uses.
    idle: Mutex<Vec<Sorter<T>>>,
}

impl<T: Message> Inbox<T> {
    /// An empty inbox.
    #[must_use]
    pub fn new(to: Shards) -> Self {
        Self { shards: (0..to.count()).map(|_| Vec::new()).collect(), idle: Mutex::new(Vec::new()) }
    }

    /// Number of messages.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shards.iter().map(|messages| messages.len() as u64).sum()
    }

    /// Whether nothing has arrived.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.iter().all(Vec::is_empty)
    }
}

/// Deals the messages of the first of several inboxes out to all of them, keeping their
/// order: `part` says to which.
pub fn deal<T: Message>(inboxes: &mut [Inbox<T>], part: impl Fn(&T) -> usize + Sync) {
    let Some((first, others)) = inboxes.split_first_mut() else { return };
    for (k, other) in others.iter_mut().enumerate() {
        parallel::each_pair(&mut first.shards, &mut other.shards, |_, all, own| {
            own.clear();
            own.extend(all.extract_if(.., |message| part(message) == k + 1));
        });
    }
}

/// Puts the messages of several inboxes back into the first, in the order of their keys.
pub fn collect<T: Message>(inboxes: &mut [Inbox<T>]) {
    let Some((first, others)) = inboxes.split_first_mut() else { return };
    for other in &mut *others {
        parallel::each_pair(&mut first.shards, &mut other.shards, |_, all, own| all.append(own));
    }
    if !others.is_empty() {
        parallel::each(&mut first.shards, |_, all| all.sort_unstable_by_key(Message::key));
    }
}

/// Puts a list in the order of the key again whose first `sorted` messages are in order.
pub fn merge<T: Message>(messages: &mut [T], sorted: usize) {
    if sorted < messages.len() {
        messages[sorted..].sort_unstable_by_key(Message::key);
        // Finds the two runs and merges them.
        messages.sort_by_key(Message::key);
    }
}

/// The runs of messages to one receiver, in order.
pub fn by_receiver<T: Message>(messages: &[T]) -> impl Iterator<Item = &[T]> {
    messages.chunk_by(|a, b| a.to() == b.to())
}

/// Messages that are asked for ahead of those being read: enough to hide the way to
/// the main memory, few enough to stay in the nearest cache.
pub const AHEAD: usize = 16;

/// Every message in turn, after `touch` of one some way ahead: where each message leads to
/// a row somewhere else, `touch` asks for that row, and the way there is not waited for.
pub fn with_foresight<T>(messages: &[T], touch: impl Fn(&T)) -> impl Iterator<Item = &T> {
    messages.iter().take(AHEAD).for_each(&touch);
    messages.iter().enumerate().map(move |(k, message)| {
        if let Some(later) = messages.get(k + AHEAD) {
            touch(later);
        }
        message
    })
}

/// Acts with foresight on the runs of messages to one receiver; both the messages and what
/// `touch` and `act` share may be changed.
pub fn change_runs<T: Message, C>(
    messages: &mut [T],
    context: &mut C,
    touch: impl Fn(&C, &T),
    act: impl Fn(&mut C, &mut [T]),
) {
    messages.iter().take(AHEAD).for_each(|m| touch(context, m));
    let mut start = 0;
    while start < messages.len() {
        let to = messages[start].to();
        let same = messages[start..].iter().take_while(|m| m.to() == to).count();
        messages[start..].iter().skip(AHEAD).take(same).for_each(|m| touch(context, m));
        act(context, &mut messages[start..start + same]);
        start += same;
    }
}

/// [`by_receiver`] with the foresight of [`with_foresight`].
pub fn runs_with_foresight<T: Message>(
    messages: &[T],
    touch: impl Fn(&T),
) -> impl Iterator<Item = &[T]> {
    messages.iter().take(AHEAD).for_each(&touch);
    let mut next = AHEAD;
    by_receiver(messages).inspect(move |run| {
        let end = next + run.len();
        messages.get(next..end.min(messages.len())).into_iter().flatten().for_each(&touch);
        next = end;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Note {
        to: u32,
        from: u32,
    }

    impl Message for Note {
        type Key = (u32, u32);
        fn to(&self) -> u32 {
            self.to
        }
        fn key(&self) -> (u32, u32) {
            (self.to, self.from)
        }
    }

    #[test]
    fn every_message_arrives_once_in_order_of_receiver_and_key() {
        let to = Shards::of(1_000);
        let mut outbox = Outbox::new(7, to);
        outbox.send(|part, bins| {
            // Enough for the radix sort of a shard, and few enough in others to be compared.
            for k in 0..5_000 {
                let from = part as u32 * 5_000 + k;
                bins.push(Note { to: (from * 37) % if k < 3_000 { 1_000 } else { 64 }, from });
            }
        });
        let mut inbox = Inbox::new(to);
        assert_eq!(outbox.route(&mut inbox), 35_000);
        let all: Vec<Note> = inbox.shards.concat();
        assert!(all.windows(2).all(|w| w[0].key() < w[1].key()));
        assert_eq!(outbox.route(&mut inbox), 0);
    }
}
