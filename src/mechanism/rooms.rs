//! Room for the work of one shard, kept from one to the next.

use std::sync::{Mutex, PoisonError};

/// Rooms to work in, between two uses: there come to be as many as threads at work, and what
/// one has grown to stays.
#[derive(Debug)]
pub struct Rooms<R>(Mutex<Vec<R>>);

impl<R> Default for Rooms<R> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<R: Default> Rooms<R> {
    /// Works in a room that nobody else is in.
    pub fn lent<T>(&self, work: impl FnOnce(&mut R) -> T) -> T {
        let hold = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = hold().pop().unwrap_or_default();
        let done = work(&mut room);
        hold().push(room);
        done
    }
}
