//! Outboxes of senders, inboxes of receivers, and the routing from the ones to the others.

use super::link::Link;
use super::lists::{add, make_room};
use super::part::{Bins, Part};
use super::{Message, Sorter};
use crate::parallel::{self, Rooms, Shards};
use std::ops::Range;
use std::sync::Arc;

/// Messages of one beat, by sending part.
#[derive(Debug)]
pub struct Outbox<T> {
    parts: Vec<Part<T>>,
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
        Part::arrived(self.link.deliver(parcels).concat())
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
