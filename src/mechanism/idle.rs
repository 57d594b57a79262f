//! Room that is kept from one use to the next, one a thread at work.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Rooms between two uses: there are as many as threads were at work at a time.
pub struct Idle<T>(Mutex<Vec<T>>);

impl<T: Default> Idle<T> {
    /// Works in a room that nobody else uses.
    #[inline]
    pub fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let rooms = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = rooms().pop().unwrap_or_default();
        let done = work(&mut room);
        rooms().push(room);
        done
    }
}

impl<T> Default for Idle<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> fmt::Debug for Idle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}
