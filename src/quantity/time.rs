//! Simulated time: days, and social waves within a day.

/// A moment of the simulation: a day and a social wave within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// Day since the start of the run, burn-in included; 0 … 65,534.
    pub day: u16,
    /// Social wave within the day; 0 … 15.
    pub wave: u8,
}

crate::state! { Clock { day, wave } }

impl Clock {
    /// The start of a day.
    #[must_use]
    pub fn start_of(day: u16) -> Self {
        Self { day, wave: 0 }
    }
}
