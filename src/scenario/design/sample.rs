//! Sampled designs: Latin hypercube and Sobol sequence. Point i of axis d is a function of
//! the scenario's seed, i, d (and for the hypercube of the number of points) alone.

use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};
use crate::scenario::design::axis::Axis;

/// Ranks of the points by which each gets a stratum of its own.
pub const STRATUM: Stream = Stream::new("design/stratum");
/// The place of a point within its stratum.
pub const JITTER: Stream = Stream::new("design/jitter");
/// All streams of designs.
pub const STREAMS: &[Stream] = &[STRATUM, JITTER];

/// Most points of the Sobol sequence at hand.
pub const MOST_SOBOL: u32 = 1 << 16;
/// Most axes of it.
pub const MOST_AXES: usize = sobol_burley::NUM_DIMENSIONS as usize;

/// A design has no day.
const AT: Clock = Clock { day: 0, wave: 0 };

/// A Latin hypercube of n points.
pub(super) fn lhs(axes: &[Axis], n: u32, seed: u64) -> Vec<Vec<Option<String>>> {
    let key = Key::new(seed, 0);
    let strata: Vec<Vec<u32>> = (0..axes.len() as u32).map(|d| strata(n, d, key)).collect();
    let cell = |i: u32, d: usize| {
        let share = f64::from(strata[d][i as usize]) + key.unit(JITTER, i, AT, d as u32);
        Some(axes[d].at(share / f64::from(n)))
    };
    (0..n).map(|i| (0..axes.len()).map(|d| cell(i, d)).collect()).collect()
}

/// A random order of the strata: the rank of each point's draw.
fn strata(n: u32, axis: u32, key: Key) -> Vec<u32> {
    let mut order: Vec<(u64, u32)> =
        (0..n).map(|i| (key.draws(STRATUM, i, AT, axis).long(), i)).collect();
    order.sort_unstable();
    let mut ranks = vec![0; n as usize];
    for (rank, &(_, i)) in order.iter().enumerate() {
        ranks[i as usize] = rank as u32;
    }
    ranks
}

/// The first n points of a scrambled Sobol sequence.
pub(super) fn sobol(axes: &[Axis], n: u32, seed: u64) -> Vec<Vec<Option<String>>> {
    let [low, high] = Key::new(seed, 0).words();
    let cell = |i: u32, d: usize| {
        Some(axes[d].at(f64::from(sobol_burley::sample(i, d as u32, low ^ high))))
    };
    (0..n).map(|i| (0..axes.len()).map(|d| cell(i, d)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Design = fn(&[Axis], u32, u64) -> Vec<Vec<Option<String>>>;

    fn coordinates(design: Design, axes: usize, n: u32, seed: u64) -> Vec<Vec<f64>> {
        let axes: Vec<Axis> =
            (0..axes).map(|d| Axis::parse(&format!("a.x{d}=0..1")).unwrap()).collect();
        let number = |cell: &Option<String>| cell.as_deref().unwrap().parse().unwrap();
        design(&axes, n, seed).iter().map(|row| row.iter().map(number).collect()).collect()
    }

    fn assert_each_stratum_once(points: &[Vec<f64>], axis: usize, strata: usize) {
        let mut met: Vec<usize> =
            points.iter().map(|point| (point[axis] * strata as f64) as usize).collect();
        met.sort_unstable();
        let each = points.len() / strata;
        let expected: Vec<usize> = (0..points.len()).map(|k| k / each).collect();
        assert_eq!(met, expected, "axis {axis}");
    }

    #[test]
    fn a_latin_hypercube_meets_each_stratum_of_each_axis_once() {
        for n in [1, 2, 7, 200] {
            let points = coordinates(lhs, 5, n, 9);
            (0..5).for_each(|axis| assert_each_stratum_once(&points, axis, n as usize));
        }
    }

    /// Orders of different axes are independent: the correlation of ranks of n = 1,000
    /// points has standard deviation 1/√999; 4.06 of them are passed by chance in one of
    /// 20,000 pairs, so that ten pairs raise a false alarm in one of 2,000 seeds.
    #[test]
    fn axes_of_a_latin_hypercube_are_not_correlated() {
        let points = coordinates(lhs, 5, 1_000, 77);
        for a in 0..5 {
            for b in 0..a {
                let product = |p: &Vec<f64>| (p[a] - 0.5) * (p[b] - 0.5);
                let correlation = 12.0 * points.iter().map(product).sum::<f64>() / 1_000.0;
                assert!(correlation.abs() < 4.06 / 999.0_f64.sqrt(), "{a}, {b}: {correlation}");
            }
        }
    }

    /// In two dimensions the first 2^m points of a Sobol sequence lie one in each of the
    /// boxes 2^-k × 2^(k-m), for every k.
    #[test]
    fn a_sobol_sequence_meets_each_elementary_box_once() {
        let points = coordinates(sobol, 2, 256, 3);
        for k in 0..=8 {
            let (across, up) = (1 << k, 1 << (8 - k));
            let mut boxes: Vec<usize> = points
                .iter()
                .map(|p| (p[0] * across as f64) as usize * up + (p[1] * up as f64) as usize)
                .collect();
            boxes.sort_unstable();
            assert_eq!(boxes, (0..256).collect::<Vec<_>>(), "{across} by {up}");
        }
        assert_each_stratum_once(&coordinates(sobol, 40, 64, 3), 39, 64);
    }

    #[test]
    fn designs_are_frozen_and_follow_the_seed() {
        let first = |design: Design, seed| coordinates(design, 2, 8, seed)[0].clone();
        assert_eq!(first(lhs, 1), FROZEN[0]);
        assert_eq!(first(sobol, 1), FROZEN[1]);
        assert_ne!(first(lhs, 1), first(lhs, 2));
        assert_ne!(first(sobol, 1), first(sobol, 2));
        // More points of a Sobol sequence leave the first ones where they were.
        assert_eq!(coordinates(sobol, 2, 8, 1), coordinates(sobol, 2, 16, 1)[..8]);
    }

    const FROZEN: [[f64; 2]; 2] =
        [[0.784_174_690_561, 0.991_716_281_002], [0.704_735_875_13, 0.228_095_531_464]];
}
