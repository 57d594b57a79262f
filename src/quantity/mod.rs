//! Quantities with a meaning: money, time and portable mathematics.

pub mod math;
pub mod money;
pub mod time;
pub mod wide;
