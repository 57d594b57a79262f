//! The world of one arm as mechanisms see it.

/// The world of one arm.
pub struct World {}
