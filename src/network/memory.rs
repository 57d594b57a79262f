//! What a network needs, before anything is allocated: the ties themselves, as numbers or
//! packed, and what the kind of network keeps beside them until they are in place.

use super::row_starts::bytes_of_starts;
use super::{Parameters, graph_file, implicit};
use crate::quantity::math::exp;
use std::path::Path;

/// Bytes of the parts of a stored network.
struct Parts {
    /// Targets of ties.
    targets: u64,
    /// What is kept of consumers and neighbourhoods.
    others: u64,
}

/// The parts of a stored network of `n` consumers; what is known of it altogether where it is
/// not stored, or lies in a file.
fn parts(parameters: &Parameters, n: u32) -> Result<Parts, u64> {
    if parameters.kind == "file"
        && let Some(bytes) = graph_file::bytes_of_columns(Path::new(&parameters.file))
    {
        return Err(bytes);
    }
    let n = u64::from(n);
    let neighbourhoods = 4 * (n.div_ceil(u64::from(parameters.neighbourhood_size.max(1))) + 1);
    match parameters.kind.as_str() {
        "complete" => return Err(neighbourhoods),
        "implicit" => return Err(neighbourhoods + implicit::BYTES),
        _ => {}
    }
    let targets = match parameters.kind.as_str() {
        "file" => targets_in_file(Path::new(&parameters.file)),
        _ => (degree(parameters, n as f64) * n as f64) as u64,
    };
    let ids = if parameters.kind == "file" { 8 * n } else { 0 };
    let strong = if matches!(parameters.kind.as_str(), "community" | "file") { n } else { 0 };
    Ok(Parts { targets, others: strong + neighbourhoods + ids })
}

/// Bytes of where rows start, in something of `length`.
fn starts(n: u32, length: u64) -> u64 {
    let width = if length <= u64::from(u32::MAX) { 4 } else { 8 };
    width * (u64::from(n) + 1)
}

/// Bytes that the built network will hold, with stored ties as numbers.
#[must_use]
pub fn estimate_bytes(parameters: &Parameters, n: u32) -> u64 {
    match parts(parameters, n) {
        Ok(Parts { targets, others }) => 4 * targets + starts(n, targets) + others,
        Err(bytes) => bytes,
    }
}

/// The same with stored ties packed.
#[must_use]
pub fn packed_bytes(parameters: &Parameters, n: u32) -> u64 {
    match parts(parameters, n) {
        Ok(Parts { targets, others }) => {
            let rows = (f64::from(n) * row_bytes(parameters, n, targets)) as u64;
            rows.min(4 * targets) + bytes_of_starts(u64::from(n)) + others
        }
        Err(bytes) => bytes,
    }
}

/// Bytes that the ties take once they are written down, which computed ones are to be looked
/// at as a whole.
#[must_use]
pub fn written_bytes(parameters: &Parameters, n: u32) -> u64 {
    let stored = || Parameters { kind: "random_regular".to_owned(), ..parameters.clone() };
    match parameters.kind.as_str() {
        "implicit" => estimate_bytes(&stored(), n),
        _ => estimate_bytes(parameters, n),
    }
}

/// Most bytes at a time while a network of `n` consumers is made.
#[must_use]
pub fn building_bytes(parameters: &Parameters, n: u32) -> u64 {
    estimate_bytes(parameters, n) + u64::from(n) * beside(parameters.kind.as_str())
}

/// Mean number of ties.
fn degree(parameters: &Parameters, n: f64) -> f64 {
    parameters.mean_degree.min((n - 1.0).max(0.0))
}

/// A bound for the targets of a file's ties: a row of text has four bytes or more;
/// about ten are usual, and a mutual tie has two targets.
fn targets_in_file(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() / 10 * 2)
}

/// Bytes of a mean row of packed ties: its length, and the gaps between targets that lie
/// scattered over ranges of numbers near the row's own.
fn row_bytes(parameters: &Parameters, n: u32, targets: u64) -> f64 {
    let p = parameters;
    let n = f64::from(n.max(1));
    let d = degree(p, n);
    let (home, region) = (f64::from(p.neighbourhood_size), f64::from(p.region_size));
    let weak = d * (1.0 - p.strong_share);
    let ranges = match p.kind.as_str() {
        "community" => {
            let interest = weak * p.interest_share * p.region_share;
            let local = weak * p.local_share;
            vec![(d - weak, home), (local, home), (interest, region), (weak - local - interest, n)]
        }
        "watts_strogatz" => {
            let away = d * p.rewire_probability;
            vec![(d - away, d), (away, n)]
        }
        "block_model" => {
            let own = d * p.block_share;
            vec![(own, n / f64::from(p.blocks)), (d - own, n)]
        }
        _ => vec![(targets as f64 / n, n)],
    };
    let bytes = |(count, range): (f64, f64)| count * gap_bytes(range.min(n) / (count + 1.0));
    1.0 + ranges.into_iter().map(bytes).sum::<f64>()
}

/// Expected bytes of an exponential gap: one, and one more beyond each power of 128.
fn gap_bytes(mean: f64) -> f64 {
    let beyond = |bytes: u32| exp(-f64::from(1 << (7 * bytes)) / mean.max(1.0));
    1.0 + (1..=4).map(beyond).sum::<f64>()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Ties, generate};
    use crate::rng::Key;

    #[test]
    fn packed_ties_take_what_is_expected() {
        for kind in ["community", "erdos_renyi", "watts_strogatz", "block_model", "configuration"] {
            for n in [3_000, 60_000] {
                let parameters = Parameters { kind: kind.to_owned(), ..Parameters::default() };
                let segments = vec![0; n as usize];
                let network = generate(&parameters, n, &segments, Key::new(5, 0)).expect("made");
                let plain = network.bytes() as f64 / estimate_bytes(&parameters, n) as f64;
                assert!((plain - 1.0).abs() < 0.02, "{kind}, {n}: {plain}");
                let network = network.packed();
                assert!(matches!(network.ties, Ties::Packed(_)), "{kind}");
                let ratio = packed_bytes(&parameters, n) as f64 / network.bytes() as f64;
                assert!((0.93..1.12).contains(&ratio), "{kind}, {n}: {ratio}");
            }
        }
    }
}
