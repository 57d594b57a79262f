//! What one part of the senders sends.

use super::Message;
use super::lists::{add, add_all};
use crate::parallel::{self, Shards};
use std::ops::Range;

/// What one part sends.
#[derive(Debug)]
pub(super) struct Part<T> {
    /// To the shard of the part's own number: much of what is sent.
    pub near: Vec<T>,
    /// What of it is known to be in the order of the key.
    pub runs: Vec<Range<u32>>,
    /// To any shard. A list for each would be short, and keep the room of its fullest time.
    pub far: Vec<T>,
    /// Where in `far`, once it is in order, what is for a shard begins, and where the last ends.
    starts: Vec<u32>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { near: Vec::new(), runs: Vec::new(), far: Vec::new(), starts: Vec::new() }
    }
}

impl<T: Message> Part<T> {
    /// What others' parts sent, to any shard.
    pub fn arrived(far: Vec<T>) -> Self {
        Self { far, ..Self::default() }
    }

    /// Lets a sender send.
    pub fn sends(&mut self, own: usize, to: Shards, work: impl FnOnce(&mut Bins<'_, T>)) {
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
    pub fn in_order(&mut self, to: Shards, spare: &mut Vec<T>) {
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
    pub fn of(&self, shard: usize) -> &[T] {
        match self.starts.get(shard..shard + 2) {
            Some(&[start, end]) => &self.far[start as usize..end as usize],
            // Nothing was sent.
            _ => &[],
        }
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
