//! Samplers over addressed draws.
