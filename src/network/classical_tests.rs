//! The classical networks against their laws.

use crate::network::statistics::{clustering, degree_counts};
use crate::network::tests::{check_simple, made, parameters};
use crate::network::{GENERATORS, Network, Parameters, Ties, acts, generate};
use crate::rng::Key;

/// The kinds that are tested here.
const KINDS: [&str; 5] =
    ["random_regular", "watts_strogatz", "barabasi_albert", "configuration", "block_model"];

fn of_degree(kind: &str, mean_degree: f64) -> Parameters {
    Parameters { mean_degree, ..parameters(kind) }
}

#[test]
fn classical_networks_are_simple_in_worlds_of_any_size() {
    for kind in KINDS {
        for n in (2..24).chain([150, 1001, 5000]) {
            for mean in [0.0, 1.0, 2.0, 4.0, 7.0, 16.0] {
                let p = of_degree(kind, mean);
                match generate(&p, n, &vec![0; n as usize], Key::new(u64::from(n), 0)) {
                    Ok(network) => check_simple(&network),
                    Err(error) => {
                        let text = format!("{kind} {n} {mean}: {error}");
                        assert!(kind == "random_regular" && n % 2 == 1, "{text}");
                        assert!(mean as u32 % 2 == 1 && text.contains("even"), "{text}");
                    }
                }
            }
        }
    }
}

#[test]
fn classical_networks_do_not_depend_on_the_number_of_threads() {
    for kind in KINDS {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| made(&parameters(kind), 9_000, 4))
        };
        let one = on(1);
        assert!([2, 3, 8].into_iter().all(|threads| on(threads) == one), "{kind}");
        assert!(made(&parameters(kind), 9_000, 5) != one, "another seed, another network");
    }
}

#[test]
fn everybody_has_the_same_degree_in_a_regular_network() {
    for (n, degree) in [(10_000, 16), (9_999, 4), (10_000, 3), (40, 30), (41, 40), (20, 10)] {
        let network = made(&of_degree("random_regular", f64::from(degree)), n, 7);
        assert!((0..n).all(|i| network.degree(i) == degree), "degree {degree} of {n}");
    }
}

#[test]
fn dense_networks_are_simple_too() {
    for (kind, mean) in [
        ("random_regular", 60.0),
        ("random_regular", 98.0),
        ("configuration", 50.0),
        ("barabasi_albert", 150.0),
        ("watts_strogatz", 98.0),
        ("block_model", 90.0),
    ] {
        let mut p = of_degree(kind, mean);
        p.rewire_probability = 1.0;
        check_simple(&made(&p, 100, 3));
    }
}

#[test]
fn degrees_that_were_drawn_are_met_exactly() {
    let n = 50_000;
    let p = of_degree("configuration", 12.0);
    let drawn = super::degrees::power_law(n, 12.0, p.degree_exponent, p.tie_limit, Key::new(6, 0));
    let network = made(&p, n, 6);
    let mut counts = vec![0_u64; degree_counts(&network).len()];
    drawn.iter().for_each(|degree| counts[*degree as usize] += 1);
    assert_eq!(degree_counts(&network), counts);
}

/// Maximum likelihood of a discrete power law from `least` on (Clauset, Shalizi & Newman
/// 2009, equation 3.7, good for least ≥ 6), and the number of people in the tail.
#[expect(clippy::disallowed_methods, reason = "the last bit does not matter here")]
fn exponent(network: &Network, least: usize) -> (f64, f64) {
    let counts = degree_counts(network);
    let tail = || counts.iter().enumerate().skip(least);
    let people: u64 = tail().map(|(_, count)| *count).sum();
    let sum: f64 =
        tail().map(|(k, count)| *count as f64 * (k as f64 / (least as f64 - 0.5)).ln()).sum();
    (1.0 + people as f64 / sum, people as f64)
}

#[test]
fn preferential_attachment_gives_the_third_power() {
    let network = made(&of_degree("barabasi_albert", 16.0), 400_000, 9);
    let (found, people) = exponent(&network, 60);
    // P(k) ~ (k (k + 1) (k + 2))⁻¹ is flatter than k⁻³ by about 3 / (2 · 60) = 0.025 here.
    // 7,870 people in the tail expected: standard error 2 / √7,870 = 0.023; a band of ± 0.1
    // around 3 has false alarms below 0.001.
    assert!((found - 3.0).abs() < 0.1, "exponent {found} of {people} people");
    // P(8) = 2 / (8 + 2) of people have the least degree: n = 400,000, critical value 3.29,
    // false alarms below 0.001 (counts are negatively correlated).
    let least = degree_counts(&network)[8] as f64;
    assert!((least - 80_000.0).abs() < 3.29 * 64_000_f64.sqrt(), "{least} with eight ties");
    // Every newcomer brings eight ties, the first nine people have 36.
    assert_eq!(network.mean_degree(), 2.0 * (8.0 * 399_991.0 + 36.0) / 400_000.0);
}

#[test]
fn the_configuration_model_has_the_asked_exponent() {
    let mut p = of_degree("configuration", 8.0);
    for asked in [2.2, 3.0] {
        p.degree_exponent = asked;
        let network = made(&p, 200_000, 2);
        // The cut at √(8 n) = 1,265 takes the share (30/1265)^(γ−1) of the tail: 1 % at
        // γ = 2.2, which makes it steeper by less than 0.05. Tails hold 5,000 people and
        // more: standard error below 0.03; ± 0.13 is 2.7 of them beside the cut.
        let (found, people) = exponent(&network, 30);
        assert!((found - asked).abs() < 0.13, "{found} for {asked}, {people} people");
    }
}

#[test]
fn clustering_of_the_small_world_falls_with_the_cube() {
    for (mean, p) in [(16.0, 0.0), (16.0, 0.1), (20.0, 0.3), (40.0, 0.6)] {
        let mut asked = of_degree("watts_strogatz", mean);
        asked.rewire_probability = p;
        let network = made(&asked, 30_000, 8);
        assert_eq!(network.mean_degree(), mean);
        let half = mean / 2.0;
        let ring = 3.0 * (half - 1.0) / (4.0 * half - 2.0);
        let kept = (1.0 - p) * (1.0 - p) * (1.0 - p);
        // Barrat & Weigt count pairs of friends at the mean degree; degrees vary by
        // h p (2 − p), so that there are more pairs. Triangles by chance are 2 h / n of all.
        let pairs = mean * (mean - 1.0);
        let expected = ring * kept * pairs / (pairs + half * p * (2.0 - p)) + mean / 30_000.0;
        // 10⁵ triangles and more: deviation below 0.5 %; ± 2 % has false alarms below 0.001.
        let found = clustering(&network).global;
        assert!((found / expected - 1.0).abs() < 0.02, "{found} for {expected} at p = {p}");
    }
}

#[test]
fn rewired_ties_lead_anywhere() {
    let mut asked = of_degree("watts_strogatz", 8.0);
    asked.rewire_probability = 1.0;
    let (n, counts) = (40_000, degree_counts(&made(&asked, 40_000, 3)));
    // Four ties of one's own, and the others' by chance: Poisson with mean 4 (n large).
    let zero = counts[4] as f64 - f64::from(n) * 0.018_316;
    assert!(counts[..4].iter().all(|count| *count == 0));
    assert!(zero.abs() < 3.29 * (f64::from(n) * 0.018_f64).sqrt(), "{} with four", counts[4]);
}

#[test]
fn blocks_have_the_asked_densities() {
    let mut p = of_degree("block_model", 20.0);
    (p.blocks, p.block_share) = (7, 0.7);
    let n = 20_001_u32;
    let network = made(&p, n, 4);
    let starts: Vec<u32> = (0..=7_u64).map(|k| (k * u64::from(n) / 7) as u32).collect();
    assert!(starts.iter().all(|start| network.neighbourhoods.contains(start)));
    let block = |i: u32| starts.partition_point(|start| *start <= i) - 1;
    let mut ties = [[0_u64; 7]; 7];
    for i in 0..n {
        for k in 0..network.degree(i) {
            ties[block(i)][block(network.audience(i, k))] += 1;
        }
    }
    // 28 densities within 3 standard errors each: one of 13 seeds would fail somewhere.
    let size = |k: usize| f64::from(starts[k + 1] - starts[k]);
    for (a, row) in ties.iter().enumerate() {
        for (b, ends) in row.iter().enumerate().skip(a) {
            let inside = 0.7 * 20.0 / (size(a) - 1.0) * size(a) * (size(a) - 1.0) / 2.0;
            let between = 0.3 * 20.0 / (f64::from(n) * 6.0 / 7.0) * size(a) * size(b);
            let (found, expected) =
                if a == b { (*ends as f64 / 2.0, inside) } else { (*ends as f64, between) };
            let z = (found - expected) / expected.sqrt();
            assert!(z.abs() < 3.0, "blocks {a} and {b}: z = {z}");
        }
    }
}

#[test]
fn parameters_of_some_kinds_act_in_them_only() {
    for parameter in Parameters::DECLARED {
        let Some(only) = parameter.only else { continue };
        for (kind, _) in GENERATORS {
            assert_eq!(acts(parameter.name, kind), only.values.contains(kind));
        }
        assert!(only.values.iter().all(|own| GENERATORS.iter().any(|(kind, _)| kind == own)));
    }
    assert!(acts("mean_degree", "community") && !acts("blocks", "community"));
}

#[test]
fn classical_networks_store_their_ties_only() {
    for kind in KINDS {
        let network = made(&parameters(kind), 20_000, 1);
        let estimate = super::estimate_bytes(&parameters(kind), 20_000);
        let ratio = estimate as f64 / network.bytes() as f64;
        assert!((0.9..1.1).contains(&ratio), "{kind}: {estimate} estimated");
        assert!(network.strong.is_empty() && matches!(network.ties, Ties::Stored(_)));
    }
}

#[test]
fn odd_degrees_of_odd_numbers_are_refused() {
    let error = generate(&of_degree("random_regular", 3.0), 7, &[0; 7], Key::new(1, 0));
    let said = error.map_err(|e| e.to_string()).expect_err("no such network");
    assert!(said.starts_with("7 consumers cannot all have 3 ties"), "{said}");
}
