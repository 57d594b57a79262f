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
mod lists;
mod outbox;
mod part;
mod sort;
#[cfg(test)]
mod tests;

pub use lists::{add, add_all, room_for_one};
pub use outbox::{Crew, Inbox, Outbox};
pub use part::Bins;
pub use sort::{Sorter, merge};

use crate::parallel;

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
