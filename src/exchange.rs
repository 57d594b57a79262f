//! Messages between agents: sent in parallel, routed by receiver, sorted by a key.
//!
//! A sender writes two lists, of what is for its own shard and of what is for others; routing
//! puts the second in the order of the receivers' shards, gathers what is for a shard
//! and sorts it by the message's key. The key is unique to the message, so
//! neither the number of shards nor the order of sending shows in what arrives.
//!
//! How a shard's messages are sorted stands in `exchange/sort.rs`; only those to the same
//! receiver are compared.
//!
//! Where a world is split among ranks, a rank's own shards send, and what is for another's
//! shards goes over the [`link`] on its way.

pub mod link;
mod sort;

pub use sort::{Sorter, merge};

use crate::parallel::{self, Rooms, Shards};
use link::Link;
use std::ops::Range;
use std::sync::Arc;

/// A message with a receiver.
pub trait Message: Copy + Send + Sync + 'static {
    /// A key by which messages are put in order.
    type Key: Ord;
    /// The receiving agent.
    fn to(&self) -> u32;
    /// The order in which a receiver's messages are read; begins with the receiver.
    fn key(&self) -> Self::Key;
    /// What the key says after the receiver, as far as it fits one number, so that keys are
    /// compared only where ranks are equal.
    #[inline]
    fn rank(&self) -> u64 {
        0
    }
}

/// Adds an item to a list that is kept and filled anew again and again: it grows by an
/// eighth, not to the double, so that little room stays unused.
#[inline]
pub fn add<T>(list: &mut Vec<T>, item: T) {
    room_for_one(list);
    list.push(item);
}

/// Makes room for an item as [`add`] does: whoever makes the item after that need not keep it
/// meanwhile.
#[inline]
pub fn room_for_one<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        grow(list, 1);
    }
}

/// [`add`] for several items, for which room is made once.
#[inline]
pub fn add_all<T>(list: &mut Vec<T>, items: impl ExactSizeIterator<Item = T>) {
    make_room(list, items.len());
    list.extend(items);
}

#[inline]
fn make_room<T>(list: &mut Vec<T>, more: usize) {
    if list.capacity() - list.len() < more {
        grow(list, more);
    }
}

/// Makes room for so many more, and some at once: up to the double while the list is short.
#[cold]
#[inline(never)]
fn grow<T>(list: &mut Vec<T>, more: usize) {
    let n = list.len();
    list.reserve_exact((n / 8).max(n.clamp(4, 16)).max(more));
}

/// Messages of one beat, by sending part.
#[derive(Debug)]
pub struct Outbox<T> {
    parts: Vec<Part<T>>,
    to: Shards,
    /// The parts that send: those of the own rank.
    own: Range<usize>,
    link: Arc<Link>,
}

/// What one part sends.
#[derive(Debug)]
struct Part<T> {
    /// To the shard of the part's own number: much of what is sent.
    near: Vec<T>,
    /// What of it is known to be in the order of the key.
    runs: Vec<Range<u32>>,
    /// To any shard. A list for each would be short, and keep the room of its fullest time.
    far: Vec<T>,
    /// Where in `far`, once it is in order, what is for a shard begins, and where the last ends.
    starts: Vec<u32>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { near: Vec::new(), runs: Vec::new(), far: Vec::new(), starts: Vec::new() }
    }
}

impl<T: Message> Part<T> {
    /// Lets a sender send.
    fn sends(&mut self, own: usize, to: Shards, work: impl FnOnce(&mut Bins<'_, T>)) {
        parallel::apart(self, |part| {
            work(&mut Bins { part, own, to });
            part.end_run();
        });
    }

    /// Ends the run that the last sender has promised, if it has.
    fn end_run(&mut self) {
        let Some(run) = self.runs.pop_if(|run| run.start == run.end) else { return };
        let run = run.start..self.near.len() as u32;
        debug_assert!(
            self.near[run.start as usize..].is_sorted_by_key(Message::key),
            "a run in the order of the key"
        );
        if !run.is_empty() {
            self.runs.push(run);
        }
    }

    /// Puts `far` in the order of the receivers' shards; its room is changed for that of `spare`.
    fn in_order(&mut self, to: Shards, spare: &mut Vec<T>) {
        let Self { far, starts, .. } = self;
        starts.clear();
        let Some(&first) = far.first() else { return };
        starts.resize(to.count() + 1, 0);
        far.iter().for_each(|message| starts[to.shard_of(message.to()) + 1] += 1);
        let mut sum = 0;
        for start in &mut *starts {
            sum += *start;
            *start = sum;
        }
        spare.truncate(far.len());
        spare.reserve_exact(far.len() - spare.len());
        spare.resize(far.len(), first);
        // Counts up from where a shard begins to where it ends, where the next begins.
        for message in &*far {
            let place = &mut starts[to.shard_of(message.to())];
            spare[*place as usize] = *message;
            *place += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
        std::mem::swap(far, spare);
    }

    /// What is for a shard of `far`; in order.
    fn of(&self, shard: usize) -> &[T] {
        match self.starts.get(shard..shard + 2) {
            Some(&[start, end]) => &self.far[start as usize..end as usize],
            // Nothing was sent.
            _ => &[],
        }
    }
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
    part: &'a mut Part<T>,
    own: usize,
    to: Shards,
}

impl<T: Message> Bins<'_, T> {
    /// Sends a message.
    #[inline]
    pub fn push(&mut self, message: T) {
        let Part { near, far, .. } = &mut *self.part;
        add(if self.to.shard_of(message.to()) == self.own { near } else { far }, message);
    }

    /// Sends several messages to any shards: what is the part's own may go the longer way.
    #[inline]
    pub fn push_all(&mut self, messages: impl ExactSizeIterator<Item = T>) {
        add_all(&mut self.part.far, messages);
    }

    /// Sends a message to an agent of the shard of the part's own number, where it is known to be
    /// one.
    #[inline]
    pub fn push_near(&mut self, message: T) {
        debug_assert_eq!(self.to.shard_of(message.to()), self.own, "a message to the own shard");
        add(&mut self.part.near, message);
    }

    /// Promises that what this sender sends from here on to the own shard comes in the order of the
    /// key, so that nobody need look. Called once a sender at most.
    pub fn begin_run(&mut self) {
        let start = self.part.near.len() as u32;
        self.part.runs.push(start..start);
    }

    /// [`Bins::push_near`] for several messages.
    #[inline]
    pub fn push_all_near(&mut self, messages: impl ExactSizeIterator<Item = T>) {
        let first = self.part.near.len();
        add_all(&mut self.part.near, messages);
        debug_assert!(
            self.part.near[first..].iter().all(|m| self.to.shard_of(m.to()) == self.own),
            "messages to the own shard"
        );
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
        let (own, link) = (link.own(parts), Arc::clone(link));
        Self { parts: (0..parts).map(|_| Part::default()).collect(), to, own, link }
    }

    /// Lets every own sending part send, in parallel. Called once a sender; what is
    /// there already stays.
    pub fn send(&mut self, work: impl Fn(usize, &mut Bins<'_, T>) + Sync + Send) {
        let (to, first) = (self.to, self.own.start);
        parallel::each(&mut self.parts[self.own.clone()], |k, part| {
            part.sends(first + k, to, |bins| work(first + k, bins));
        });
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
        assert_eq!(locals.len(), self.parts.len(), "one local state a sending part");
        let (to, first) = (self.to, self.own.start);
        let (parts, own) = (&mut self.parts[self.own.clone()], &mut locals[self.own.clone()]);
        parallel::each_pair(parts, own, |k, part, local| {
            part.sends(first + k, to, |bins| work(first + k, local, bins));
        });
    }

    /// Routes lists of messages, one a sending part, and leaves them empty with room.
    pub fn carry(&mut self, lists: &mut [Vec<T>], inbox: &mut Inbox<T>) -> u64 {
        assert_eq!(lists.len(), self.parts.len(), "one list a sending part");
        let mut swap = |parts: &mut [Part<T>]| {
            let pairs = parts.iter_mut().zip(&mut *lists);
            pairs.for_each(|(part, list)| std::mem::swap(&mut part.far, list));
        };
        swap(&mut self.parts);
        let n = self.route(inbox);
        swap(&mut self.parts);
        n
    }

    /// Takes out what is for other ranks' shards, and returns what those sent to the own ones.
    fn cross(&mut self) -> Part<T> {
        let (owners, to) = (self.link.owners(self.to.count()), self.to);
        let owner = |message: &T| owners[to.shard_of(message.to())];
        let rank = self.link.rank();
        let mut parcels: Vec<Vec<T>> = vec![Vec::new(); self.link.count()];
        for part in &mut self.parts {
            for list in [&mut part.near, &mut part.far] {
                let leaving = list.extract_if(.., |message| owner(message) != rank);
                leaving.for_each(|message| parcels[owner(&message)].push(message));
            }
        }
        let far = self.link.deliver(parcels).concat();
        Part { far, ..Part::default() }
    }

    /// Takes back the room of an inbox that has been read, so that the same room serves the
    /// messages while they are sent and while they are read.
    pub fn take_back(&mut self, inbox: &mut Inbox<T>) {
        for (read, part) in inbox.shards.iter_mut().zip(&mut self.parts) {
            read.clear();
            std::mem::swap(read, &mut part.near);
        }
    }

    /// Moves everything to the receivers' shards, each in the order of the key,
    /// and leaves the outbox empty. Returns the number of messages to the own shards.
    pub fn route(&mut self, inbox: &mut Inbox<T>) -> u64 {
        let mut arrived = if self.link.is_alone() { Part::default() } else { self.cross() };
        let Self { parts, to, .. } = self;
        let Inbox { shards, idle } = inbox;
        // What is sent to the sender's own shard moves without a copy.
        shards.iter_mut().for_each(Vec::clear);
        for (messages, part) in shards.iter_mut().zip(&mut *parts) {
            std::mem::swap(messages, &mut part.near);
        }
        let n_far: usize = parts.iter().chain([&arrived]).map(|part| part.far.len()).sum();
        if n_far < parts.len() * shards.len() {
            // Less than one for each pair of shards: to look at all pairs costs more.
            for message in parts.iter_mut().chain([&mut arrived]).flat_map(|p| p.far.drain(..)) {
                add(&mut shards[to.shard_of(message.to())], message);
            }
            parallel::each_with(shards, idle, |Room { sorter, .. }, shard, messages| {
                parallel::apart(messages, |messages| {
                    sorter.sort_messages(messages, known(parts, shard), *to);
                });
            });
        } else {
            parallel::each_with(parts, idle, |room, _, part| part.in_order(*to, &mut room.far));
            arrived.in_order(*to, &mut Vec::new());
            parallel::each_with(shards, idle, |Room { sorter, .. }, shard, messages| {
                let sent = &*parts;
                let parts = sent.iter().chain([&arrived]);
                parallel::apart(messages, |messages| {
                    for of_part in parts.map(|part| part.of(shard)) {
                        make_room(messages, of_part.len());
                        messages.extend_from_slice(of_part);
                    }
                    sorter.sort_messages(messages, known(sent, shard), *to);
                });
            });
            parts.iter_mut().for_each(|part| part.far.clear());
        }
        parts.iter_mut().for_each(|part| part.runs.clear());
        inbox.len()
    }
}

/// The runs that a shard is known to have sent to itself.
fn known<T>(parts: &[Part<T>], shard: usize) -> &[Range<u32>] {
    parts.get(shard).map_or(&[], |part| &part.runs)
}

/// Room that a thread needs where messages are routed.
#[derive(Debug)]
struct Room<T> {
    far: Vec<T>,
    sorter: Sorter<T>,
}

impl<T> Default for Room<T> {
    fn default() -> Self {
        Self { far: Vec::new(), sorter: Sorter::default() }
    }
}

/// Messages that have arrived, by receiving shard, in the order of their keys.
#[derive(Debug)]
pub struct Inbox<T> {
    /// One list a shard of the receivers.
    pub shards: Vec<Vec<T>>,
    idle: Rooms<Room<T>>,
}

impl<T: Message> Inbox<T> {
    /// An empty inbox.
    #[must_use]
    pub fn new(to: Shards) -> Self {
        Self { shards: (0..to.count()).map(|_| Vec::new()).collect(), idle: Rooms::default() }
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

/// The runs of messages to one receiver, in order.
pub fn by_receiver<T: Message>(messages: &[T]) -> impl Iterator<Item = &[T]> {
    messages.chunk_by(|a, b| a.to() == b.to())
}

/// Messages that are asked for ahead of those being read: enough to hide the way to
/// the main memory, few enough to stay in the nearest cache.
///
/// Rows are asked for one by one on the way, as [`ahead`] does it: a processor that is asked for
/// dozens at once forgets those beyond the twenty or so that it can wait for.
pub const AHEAD: usize = 16;

/// Every message with its place and the one [`AHEAD`] places later, whose rows are to be asked for.
pub fn ahead<T>(messages: &[T]) -> impl Iterator<Item = (usize, &T, Option<&T>)> {
    messages.iter().enumerate().map(|(k, message)| (k, message, messages.get(k + AHEAD)))
}

/// The messages before which [`ahead`] asks for nothing.
pub fn nearest<T>(messages: &[T]) -> &[T] {
    &messages[..AHEAD.min(messages.len())]
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
            // More than agents in one shard, and few in others.
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

    #[test]
    fn few_and_many_items_are_put_in_the_same_order() {
        let to = Shards::of(16_384 * 64);
        for n in [1, 2, 95, 96, 97, 2_000, 2_047, 2_048, 9_000] {
            let note = |k: u32| Note { to: k.wrapping_mul(2_654_435_761) % 16_384, from: k };
            let mut items: Vec<Note> = (0..n).map(note).collect();
            let mut wanted = items.clone();
            wanted.sort_by_key(Message::key);
            Sorter::default().sort(&mut items, to, Message::to, Message::key);
            assert_eq!(items, wanted, "{n}");
        }
    }

    #[test]
    fn runs_in_the_order_of_receivers_are_sorted_like_any_messages() {
        let to = Shards::of(4_096);
        for (runs, length) in [(1, 40), (3, 50), (7, 64), (8, 16), (9, 64), (2, 3)] {
            let mut outbox = Outbox::new(to.count(), to);
            outbox.send(|part, bins| {
                for k in 0..runs * length {
                    // A receiver gets several of a run, and not in the order of the key.
                    let to = part as u32 * 64 + k % length / 3;
                    bins.push(Note { to, from: k ^ 1 });
                }
            });
            let mut inbox = Inbox::new(to);
            assert_eq!(outbox.route(&mut inbox), u64::from(runs * length) * 64);
            let all: Vec<Note> = inbox.shards.concat();
            assert!(all.windows(2).all(|w| w[0].key() < w[1].key()), "{runs} of {length}");
        }
    }

    #[test]
    fn promised_runs_are_woven_with_what_others_send() {
        let to = Shards::of(4_096);
        let (near, far) = (|part: u32, k: u32| part * 64 + k, |k: u32| k * 65 % 4_096);
        for (promised, others, few) in [(200, 0, 0), (0, 100, 2), (200, 100, 2), (40, 3, 60)] {
            let mut outbox = Outbox::new(to.count(), to);
            outbox.send(|part, bins| {
                bins.begin_run();
                let note = |k| Note { to: near(part as u32, k * 64 / promised), from: k };
                bins.push_all_near((0..promised).map(note));
            });
            outbox.send(|part, bins| {
                // A receiver gets several, and not in the order of the key.
                let note = |k| Note { to: near(part as u32, k / 4 % 64), from: 300 + (k ^ 3) };
                bins.push_all_near((0..others).map(note));
                let from = 1_000 + part as u32;
                (0..few).for_each(|k| bins.push(Note { to: far(from + k * 7), from: from + k }));
            });
            let mut inbox = Inbox::new(to);
            assert_eq!(outbox.route(&mut inbox), 64 * u64::from(promised + others + few));
            let all: Vec<Note> = inbox.shards.concat();
            assert!(all.is_sorted_by_key(Message::key), "{promised}, {others} and {few}");
        }
    }

    #[test]
    fn too_many_in_one_pigeonhole_are_sorted_too() {
        let to = Shards::of(16_384 * 64);
        let mut items: Vec<Note> = (0..5_000).map(|k| Note { to: 7, from: 5_000 - k }).collect();
        Sorter::default().sort(&mut items, to, Message::to, Message::key);
        assert!(items.is_sorted_by_key(Message::key));
    }

    #[test]
    fn few_messages_go_one_by_one_and_many_in_order_with_the_same_result() {
        let to = Shards::of(4_096);
        let sent = |k: u32, n: u32| (0..n).map(move |j| (k * n + j) * 2_653 % 4_096);
        for n in [1, 63, 64, 65, 200] {
            let mut outbox = Outbox::new(64, to);
            outbox.send(|part, bins| {
                let from = part as u32;
                sent(from, n).for_each(|to| bins.push(Note { to, from }));
            });
            let mut wanted: Vec<(u32, u32)> =
                (0..64).flat_map(|from| sent(from, n).map(move |to| (to, from))).collect();
            wanted.sort_unstable();
            let mut inbox = Inbox::new(to);
            outbox.route(&mut inbox);
            assert!(inbox.shards.iter().flatten().map(Message::key).eq(wanted), "{n}");
        }
    }

    #[test]
    fn what_is_added_to_a_list_in_order_is_merged_into_it() {
        for (sorted, added) in [(0, 0), (0, 5), (5, 0), (40, 3), (3, 40), (30, 30)] {
            let note = |k: u32| Note { to: k * 37 % 11, from: k };
            let mut list: Vec<Note> = (0..sorted).map(note).collect();
            list.sort_by_key(Message::key);
            list.extend((sorted..sorted + added).map(note));
            let mut wanted = list.clone();
            wanted.sort_by_key(Message::key);
            merge(&mut list, sorted as usize);
            assert_eq!(list, wanted);
        }
    }
}
