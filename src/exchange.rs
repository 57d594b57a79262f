//! Messages between agents: sent in parallel, routed by receiver, sorted by a key.
//!
//! A sender writes into bins by the receiver's shard; routing gathers a shard's
//! bins and sorts them by the message's key. The key is unique to the message, so
//! neither the number of shards nor the order of sending shows in what arrives.

use crate::parallel::{self, Shards};
use rayon::prelude::*;

/// A message with a receiver.
pub trait Message: Copy + Send + Sync {
    /// A key by which messages are put in order.
    type Key: Ord;
    /// The receiving agent.
    fn to(&self) -> u32;
    /// The order in which a receiver's messages are read; begins with the receiver.
    fn key(&self) -> Self::Key;
}

/// Messages of one beat, by sending part and receiving shard.
#[derive(Debug)]
pub struct Outbox<T> {
    cells: Vec<Vec<Vec<T>>>,
    to: Shards,
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
        self.cells[self.to.shard_of(message.to())].push(message);
    }
}

impl<T: Message> Outbox<T> {
    /// An outbox from `parts` sending parts to the agents of `to`.
    #[must_use]
    pub fn new(parts: usize, to: Shards) -> Self {
        let cells = (0..parts).map(|_| (0..to.count()).map(|_| Vec::new()).collect()).collect();
        Self { cells, to }
    }

    /// Lets every sending part send, in parallel. Called once a sender; what is
    /// there already stays.
    pub fn send(&mut self, work: impl Fn(usize, &mut Bins<'_, T>) + Sync + Send) {
        let to = self.to;
        parallel::each(&mut self.cells, |part, cells| work(part, &mut Bins { cells, to }));
    }

    /// Number of sending parts.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.cells.len()
    }

    /// Lets every sending part send from its own local state.
    pub fn send_with<L: Send>(
        &mut self,
        locals: &mut [L],
        work: impl Fn(usize, &mut L, &mut Bins<'_, T>) + Sync + Send,
    ) {
        assert_eq!(locals.len(), self.cells.len(), "one local state a sending part");
        let to = self.to;
        self.cells
            .par_iter_mut()
            .zip(locals.par_iter_mut())
            .enumerate()
            .for_each(|(part, (cells, local))| work(part, local, &mut Bins { cells, to }));
    }

    /// Moves everything to the receivers' shards, each in the order of the key,
    /// and leaves the outbox empty. Returns the number of messages.
    pub fn route(&mut self, inbox: &mut Inbox<T>) -> u64 {
        let cells = &self.cells;
        parallel::each(&mut inbox.shards, |shard, messages| {
            messages.clear();
            for part in cells {
                messages.extend_from_slice(&part[shard]);
            }
            messages.sort_unstable_by_key(Message::key);
        });
        parallel::each(&mut self.cells, |_, bins| bins.iter_mut().for_each(Vec::clear));
        inbox.len()
    }
}

/// Messages that have arrived, by receiving shard, in the order of their keys.
#[derive(Debug)]
pub struct Inbox<T> {
    /// One list a shard of the receivers.
    pub shards: Vec<Vec<T>>,
}

impl<T: Message> Inbox<T> {
    /// An empty inbox.
    #[must_use]
    pub fn new(to: Shards) -> Self {
        Self { shards: (0..to.count()).map(|_| Vec::new()).collect() }
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

/// The runs of messages to one receiver, in order.
pub fn by_receiver<T: Message>(messages: &[T]) -> impl Iterator<Item = &[T]> {
    messages.chunk_by(|a, b| a.to() == b.to())
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
            for k in 0..50 {
                let from = part as u32 * 50 + k;
                bins.push(Note { to: (from * 37) % 1_000, from });
            }
        });
        let mut inbox = Inbox::new(to);
        assert_eq!(outbox.route(&mut inbox), 350);
        let all: Vec<Note> = inbox.shards.concat();
        assert!(all.windows(2).all(|w| w[0].key() < w[1].key()));
        assert_eq!(outbox.route(&mut inbox), 0);
    }
}
