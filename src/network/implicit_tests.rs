//! Computed ties against their laws, and against the stored networks of the same laws.

use crate::network::statistics::{assortativity, clustering, components, degree_counts};
use crate::network::tests::{made, parameters};
use crate::network::{Implicit, Network, Parameters, Ties, estimate_bytes};
use crate::quantity::math::exp;
use crate::rng::Key;
use proptest::prelude::*;

const LAWS: [&str; 3] = ["regular", "poisson", "power_law"];

fn of_law(law: &str, mean_degree: f64, strong_share: f64, blocks: u32) -> Parameters {
    let degree_law = law.to_owned();
    Parameters { degree_law, mean_degree, strong_share, blocks, ..parameters("implicit") }
}

/// Computed ties of a network.
fn computed(network: &Network) -> &Implicit {
    let Ties::Computed(ties) = &network.ties else { unreachable!("ties are computed") };
    ties
}

/// The same network with its ties written down.
fn written(network: &Network) -> Network {
    Network { ties: Ties::Stored(computed(network).stored()), ..network.clone() }
}

proptest! {
    #[test]
    fn every_tie_is_seen_from_both_ends(
        n in prop_oneof![2_u32..40, 2_u32..3_000], law in 0..3_usize, mean in 0.0..12.0,
        strong in 0.0..1.0, blocks in 1_u32..60, share in 0.0..=1.0, size in 10_u32..400,
        seed: u64,
    ) {
        let p = Parameters {
            block_share: share,
            neighbourhood_size: size,
            ..of_law(LAWS[law], mean, strong, blocks)
        };
        every_tie_leads_back(&made(&p, n, seed))?;
    }
}

/// Whoever hears is heard, as often, and strong ties stay in neighbourhoods.
fn every_tie_leads_back(network: &Network) -> Result<(), TestCaseError> {
    let n = network.n();
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut room = Vec::new();
    for i in 0..n {
        let friends = network.hearers(i, &mut room).to_vec();
        let one_by_one: Vec<u32> =
            (0..network.degree(i)).map(|k| network.audience(i, k)).filter(|j| *j != i).collect();
        prop_assert_eq!(&one_by_one, &friends);
        for j in friends {
            prop_assert!(j < n && network.hears(j, i));
            there.push((i, j));
            back.push((j, i));
        }
        for k in 0..network.n_strong(i) {
            let j = network.audience(i, k);
            prop_assert_eq!(network.neighbourhood_of(i), network.neighbourhood_of(j));
        }
    }
    there.sort_unstable();
    back.sort_unstable();
    prop_assert_eq!(there, back);
    Ok(())
}

/// Where all blocks but the last keep their ties to themselves: the last, of one consumer, can
/// have none at home, so that all ends that go anywhere are its own.
#[test]
fn only_the_last_block_may_have_ties_across() -> Result<(), TestCaseError> {
    let law = of_law("regular", 2.0, 0.0, 21);
    let network = made(&Parameters { block_share: 0.986, neighbourhood_size: 10, ..law }, 101, 0);
    prop_assert!(network.degree(100) == 2 && network.audience(100, 0) == 100);
    every_tie_leads_back(&network)
}

#[test]
fn the_tiniest_worlds_have_ties() {
    for n in 2..8 {
        for law in LAWS {
            for (mean, blocks) in [(0.0, 1), (1.0, 1), (1.0, 5), (3.0, 2), (900.0, 1)] {
                let network = made(&of_law(law, mean, 0.25, blocks), n, u64::from(n));
                let ends: u32 = (0..n).map(|i| network.degree(i)).sum();
                assert!(f64::from(ends) <= mean * f64::from(n) + f64::from(n), "{law} {n} {mean}");
            }
        }
    }
    // Two people with a tie each are tied to each other.
    let network = made(&of_law("regular", 1.0, 0.0, 1), 2, 1);
    assert_eq!((network.audience(0, 0), network.audience(1, 0)), (1, 0));
    // Of three ends one has no partner: whose it is hears nobody.
    let network = made(&of_law("regular", 1.0, 0.0, 1), 3, 1);
    assert_eq!((0..3).filter(|i| network.audience(*i, 0) == *i).count(), 1);
}

#[test]
fn degrees_are_exactly_those_of_the_law() {
    let network = made(&of_law("regular", 12.0, 0.0, 7), 10_001, 3);
    assert!((0..10_001).all(|i| network.degree(i) == 12));
    let network = made(&of_law("regular", 12.0, 0.25, 1), 10_001, 3);
    assert!((0..10_001).all(|i| network.degree(i) == 12 && network.n_strong(i) == 3));

    // A million consumers with four ties on average in the mean of Poisson's law: e⁻⁴·4ᵏ/k!.
    let p = Parameters { block_share: 0.5, ..of_law("poisson", 4.0, 0.0, 1) };
    let counts = degree_counts(&made(&p, 1_000_000, 3));
    for (degree, expected) in [(0, 18_316), (1, 73_263), (4, 195_367), (9, 13_231)] {
        assert!(counts[degree].abs_diff(expected) <= 1, "{} with {degree}", counts[degree]);
    }
}

/// In blocks and across, Poisson degrees have nothing to do with each other, so that their
/// sums are Poisson: n = 200,000, mean 10, largest distance of the distributions below 0.002.
/// (Sums of two lattices, no draws: nothing is left to chance.)
#[test]
fn sums_of_poisson_degrees_are_poisson() {
    let p = Parameters { block_share: 0.6, ..of_law("poisson", 10.0, 0.0, 4) };
    let counts = degree_counts(&made(&p, 200_000, 4));
    let (mut probability, mut below, mut found, mut most) = (exp(-10.0), 0.0, 0.0, 0.0_f64);
    for (k, count) in counts.iter().enumerate() {
        below += probability;
        found += *count as f64 / 2e5;
        most = most.max((found - below).abs());
        probability *= 10.0 / (k + 1) as f64;
    }
    assert!(most < 0.002, "{most}");
}

/// Quantiles of the degrees of 10⁵ consumers, as of a stored configuration model, whose
/// degrees are drawn from the same law: the largest distance of the two distributions below
/// the Kolmogorov–Smirnov value for one sample of n = 10⁵, 1.95/√n = 0.0062, false alarms
/// 0.001 and less, beside the grid: above 64 ties a step holds less than 3 % of 1 % of them.
#[test]
fn power_laws_are_those_of_the_stored_kind() {
    for exponent in [2.2, 2.5, 3.0] {
        let law = |kind: &str| {
            let p = of_law("power_law", 12.0, 0.0, 1);
            let p = Parameters { kind: kind.to_owned(), degree_exponent: exponent, ..p };
            made(&Parameters { neighbourhoods: "even".to_owned(), ..p }, 100_000, 4)
        };
        let counts = [law("configuration"), law("implicit")].map(|n| degree_counts(&n));
        let (mut sums, mut most) = ([0_u64; 2], 0);
        for k in 0..counts[0].len().max(counts[1].len()) {
            for (sum, counts) in sums.iter_mut().zip(&counts) {
                *sum += counts.get(k).copied().unwrap_or(0);
            }
            most = most.max(sums[0].abs_diff(sums[1]));
        }
        assert!(most < 620, "{most} apart at {exponent}");
        let mean = |counts: &[u64]| {
            let sum: f64 = counts.iter().enumerate().map(|(k, c)| k as f64 * *c as f64).sum();
            sum / 1e5
        };
        // Drawn degrees have a standard error of up to 0.2; computed ones are met to 0.01.
        assert!((mean(&counts[1]) - 12.0).abs() < 0.02, "{}", mean(&counts[1]));
    }
}

/// What a network is like, in numbers that a plain random one has, too.
fn likeness(network: &Network) -> [f64; 6] {
    let n = f64::from(network.n());
    let segments: Vec<u8> = (0..network.n()).map(|i| (i % 7 * i % 11 % 3) as u8).collect();
    let blocks: Vec<u8> =
        (0..network.n()).map(|i| (u64::from(i) * 10 / u64::from(network.n())) as u8).collect();
    let parts = components(network);
    let found = clustering(network);
    [
        found.global,
        found.local,
        f64::from(parts[0]) / n,
        parts.len() as f64 / n,
        assortativity(network, &segments),
        assortativity(network, &blocks),
    ]
}

/// Ten computed networks of 20,000 against ten stored ones: six numbers each, |t| < 4.5 with
/// 18 degrees of freedom, a false alarm in 3·10⁻⁴ of seeds each, or nearer than a thousandth.
#[test]
fn computed_networks_are_like_stored_ones() {
    let sample = |p: &Parameters, computed: bool| -> Vec<[f64; 6]> {
        (0..10)
            .map(|seed| made(p, 20_000, 40 + seed))
            .map(|network| match computed {
                true => likeness(&written(&network)),
                false => likeness(&network),
            })
            .collect()
    };
    let block = |kind: &str| {
        let p = of_law("poisson", 3.0, 0.0, 10);
        Parameters { kind: kind.to_owned(), neighbourhood_size: 500, ..p }
    };
    let power = |kind: &str| {
        let p = of_law("power_law", 4.0, 0.0, 1);
        Parameters { kind: kind.to_owned(), neighbourhoods: "even".to_owned(), ..p }
    };
    let regular = |kind: &str| Parameters { kind: kind.to_owned(), ..power("") };
    let regular = |kind: &str| Parameters { degree_law: "regular".to_owned(), ..regular(kind) };
    for (stored, like) in [
        (block("block_model"), block("implicit")),
        (power("configuration"), power("implicit")),
        (regular("random_regular"), regular("implicit")),
    ] {
        let (a, b) = (sample(&stored, false), sample(&like, true));
        for k in 0..6 {
            let [(mean, square), (other, other_square)] = [&a, &b].map(|list| {
                let mean = list.iter().map(|x| x[k]).sum::<f64>() / 10.0;
                let square = list.iter().map(|x| (x[k] - mean) * (x[k] - mean)).sum::<f64>();
                (mean, square / 9.0 / 10.0)
            });
            let t = (mean - other) / (square + other_square).sqrt();
            println!("{} {k}: {mean:.5} and {other:.5}, t = {t:.1}", stored.kind);
            assert!(t.abs() < 4.5 || (mean - other).abs() < 1e-3, "{} {k}", stored.kind);
        }
    }
}

#[test]
fn ties_stay_in_blocks_as_asked() {
    for (law, share, blocks) in
        [("regular", 0.8, 10), ("poisson", 0.37, 7), ("power_law", 0.6, 13), ("power_law", 0.0, 3)]
    {
        let p = Parameters { block_share: share, ..of_law(law, 15.0, 0.2, blocks) };
        let network = made(&p, 60_000, 9);
        let (mut ties, mut inside, mut strong) = (0_u64, 0_u64, 0_u64);
        let size = 60_000_u32.div_ceil(blocks);
        // Blocks are of whole neighbourhoods, here of 297 to 300 consumers.
        let size = size.div_ceil(size.div_ceil(300)) * size.div_ceil(300);
        for i in 0..60_000 {
            let first = network.n_strong(i);
            strong += u64::from(first);
            for k in first..network.degree(i) {
                ties += 1;
                inside += u64::from(network.audience(i, k) / size == i / size);
            }
        }
        assert_eq!(strong, 3 * 60_000, "three of fifteen");
        // What goes anywhere falls into the own block by chance, with its size.
        let expected = share.max(f64::from(size) / 60_000.0);
        let found = inside as f64 / ties as f64;
        // 3.3 standard errors of 360,000 pairs, false alarms 0.001, beside what a last
        // block of another size changes.
        assert!((found - expected).abs() < 0.005, "{law}: {found} for {expected}");
    }
}

#[test]
fn ties_that_lead_back_are_as_rare_as_in_the_configuration_model() {
    // Regular degree k among n people, all in one block: (k − 1)/2 loops and (k − 1)²/4
    // repeated ties in all (Bollobás 1980), Poisson numbers; sums over 40 seeds of 60 and 90
    // expected lie within 3.29 deviations, false alarms 0.001 each.
    let (mut loops, mut twice) = (0, 0);
    for seed in 0..40 {
        let network = made(&of_law("regular", 4.0, 0.0, 1), 2_000, seed);
        let (mut there, mut room) = (0, Vec::new());
        for i in 0..2_000 {
            loops += 4 - network.hearers(i, &mut room).len();
            there += network.hearers(i, &mut room).len();
        }
        twice += there - computed(&network).stored().n_ties() as usize;
    }
    // Ends are counted: two for every loop, two for every tie that is there once more.
    assert!((loops as f64 / 2.0 - 60.0).abs() < 3.29 * 60_f64.sqrt(), "{loops}");
    assert!((twice as f64 / 2.0 - 90.0).abs() < 3.29 * 90_f64.sqrt(), "{twice}");
}

#[test]
fn computed_ties_take_next_to_nothing() {
    for law in LAWS {
        let p = of_law(law, 16.0, 0.25, 30);
        let (found, estimate) = (made(&p, 300_000, 1).bytes(), estimate_bytes(&p, 300_000));
        assert!(found < estimate && estimate < found + (1 << 17), "{law}: {found} of {estimate}");
    }
}

#[test]
fn the_last_of_a_thousand_million_consumers_has_ties() {
    let last = 999_999_999;
    for (law, blocks) in LAWS.into_iter().flat_map(|law| [(law, 1), (law, 30_000)]) {
        let ties = Implicit::new(&of_law(law, 16.0, 0.25, blocks), last + 1, Key::new(1, 0));
        assert!((ties.n_ends() as f64 / 16e9 - 1.0).abs() < 1e-3, "{law}: {}", ties.n_ends());
        let (mut hearers, mut back) = (Vec::new(), Vec::new());
        ties.audience(last, &mut hearers);
        assert!(!hearers.is_empty(), "{law}");
        for j in hearers {
            ties.audience(j, &mut back);
            assert!(back.contains(&last), "{law}: {j} hears the last");
        }
    }
    let same = |key| Implicit::new(&of_law("poisson", 16.0, 0.25, 10), 5_000, Key::new(key, 0));
    assert!(same(1) == same(1) && same(1) != same(2));
}
