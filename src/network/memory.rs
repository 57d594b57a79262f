//! What a network needs while it is made, before anything is allocated: the ties themselves,
//! and what the kind of network keeps beside them until they are in place.

use super::{Parameters, estimate_bytes};

/// Most bytes at a time while a network of `n` consumers is made.
#[must_use]
pub fn building_bytes(parameters: &Parameters, n: u32) -> u64 {
    estimate_bytes(parameters, n) + u64::from(n) * beside(parameters.kind.as_str())
}

/// Bytes a consumer beside the ties: the length of every row while rows are filled, and more
/// by kind.
fn beside(kind: &str) -> u64 {
    const LENGTHS: u64 = 4;
    match kind {
        "complete" | "implicit" => 0,
        // Consumers by interest, and where the ends of weak ties begin.
        "community" => LENGTHS + 8 + 5,
        // Degrees, and where the ends of ties begin.
        "configuration" | "random_regular" => LENGTHS + 4 + 5,
        // Rows of the file before they are numbered.
        "file" => LENGTHS + 16,
        _ => LENGTHS,
    }
}
