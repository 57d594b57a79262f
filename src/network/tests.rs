//! Properties of generated networks.

use statrs::distribution::{Binomial, Discrete};

use crate::network::statistics::{assortativity, clustering, components, degree_counts};
use crate::network::{GENERATORS, Network, Parameters, Ties, estimate_bytes, generate};
use crate::quantity::time::Clock;
use crate::rng::{Key, Stream};

pub(super) fn parameters(kind: &str) -> Parameters {
    Parameters { kind: kind.to_owned(), ..Parameters::default() }
}

fn segments(n: u32) -> Vec<u8> {
    let stream = Stream::new("test/segments");
    (0..n).map(|i| (Key::new(77, 0).lane(stream, i, Clock::default()) >> 30) as u8).collect()
}

pub(super) fn made(parameters: &Parameters, n: u32, seed: u64) -> Network {
    generate(parameters, n, &segments(n), Key::new(seed, 0)).expect("the network can be made")
}

fn list(network: &Network, i: u32) -> Vec<u32> {
    (0..network.degree(i)).map(|k| network.audience(i, k)).collect()
}

/// No self-loops, no repetitions, mutual, strong ties mutual and at the front.
pub(super) fn check_simple(network: &Network) {
    let n = network.n();
    for i in 0..n {
        let mut friends = list(network, i);
        for (k, friend) in friends.iter().enumerate() {
            assert!(*friend < n && *friend != i);
            let back = list(network, *friend).iter().position(|j| *j == i);
            let back = back.expect("the tie stands in both rows") as u32;
            assert_eq!(network.is_strong(i, k as u32), network.is_strong(*friend, back));
        }
        friends.sort_unstable();
        assert!(friends.is_sorted_by(|a, b| a < b));
    }
    let starts = &network.neighbourhoods;
    assert!(starts[0] == 0 && starts[starts.len() - 1] == n);
    assert!(starts.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 500));
}

#[test]
fn every_kind_of_the_manual_has_a_generator() {
    let declared = Parameters::DECLARED.iter().find(|p| p.name == "kind");
    let kinds: Vec<&str> = GENERATORS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(declared.map(|p| p.choices.to_vec()), Some(kinds));
}

#[test]
fn random_degrees_follow_the_binomial_law() {
    let (n, mean) = (50_000_u32, 16.0);
    let network = made(&parameters("erdos_renyi"), n, 11);
    let counts = degree_counts(&network);
    let law = Binomial::new(mean / f64::from(n - 1), u64::from(n - 1)).expect("a law");
    // Degrees 5 … 29 one by one, the tails as two classes: 27 classes, 26 degrees of
    // freedom, critical value 54.05, false alarms 0.001. (Ends of a tie are shared,
    // which at this mean changes the variance by less than 1 in 1,000.)
    let expected = |d: u64| law.pmf(d) * f64::from(n);
    let seen = |d: u64| counts.get(d as usize).map_or(0.0, |count| *count as f64);
    let (low, high) = (0..5, 30..200);
    let mut classes: Vec<(f64, f64)> = (5..30).map(|d| (seen(d), expected(d))).collect();
    classes.push((low.clone().map(seen).sum(), low.map(expected).sum()));
    classes.push((high.clone().map(seen).sum(), high.map(expected).sum()));
    let chi2: f64 = classes.iter().map(|(seen, law)| (seen - law) * (seen - law) / law).sum();
    assert!(chi2 < 54.05, "chi-square {chi2}");
    // The number of ties is binomial with variance near its mean 400,000; 3.29, 0.001.
    let ties = network.mean_degree() * f64::from(n) / 2.0;
    let z = (ties - 400_000.0) / 400_000_f64.sqrt();
    assert!(z.abs() < 3.29, "z = {z}");
    assert!(clustering(&network).global < 0.001);
}

#[test]
fn random_networks_are_simple() {
    for (n, mean) in
        [(2, 1.0), (3, 16.0), (50, 4.0), (2000, 16.0), (100, 0.0), (1100, 1e3), (150, 1e4)]
    {
        let mut p = parameters("erdos_renyi");
        p.mean_degree = mean;
        let network = made(&p, n, 3);
        check_simple(&network);
        if mean > f64::from(n) {
            assert_eq!(network.mean_degree(), f64::from(n - 1), "certain ties are all there");
        }
    }
}

#[test]
fn community_networks_have_the_asked_degree_and_shape() {
    for (n, mean) in [(10_000, 16.0), (30_000, 16.0), (10_000, 8.0), (10_000, 30.0)] {
        let mut p = parameters("community");
        p.mean_degree = mean;
        let network = made(&p, n, 5);
        check_simple(&network);
        let (found, clusters) = (network.mean_degree(), clustering(&network));
        assert!((found / mean - 1.0).abs() < 0.03, "mean degree {found} for {mean}");
        assert!((0.1..0.4).contains(&clusters.local), "{n} {mean}: {clusters:?}");
        assert!((0.1..0.4).contains(&clusters.global), "{n} {mean}: {clusters:?}");
        let largest = f64::from(components(&network)[0]) / f64::from(n);
        assert!(largest > 0.99, "largest component {largest}");
        let alike = assortativity(&network, &segments(n));
        assert!(alike > 0.1, "assortativity {alike}");
        let strong: u64 = network.strong.iter().map(|s| u64::from(*s)).sum();
        let share = strong as f64 / (f64::from(n) * found);
        // At a mean degree of 8 the households alone are more than a quarter.
        let expected = f64::max(0.25, 2.24 / found);
        assert!((share - expected).abs() < 0.02, "strong share {share}");
    }
}

#[test]
fn homophily_off_leaves_segments_unsorted() {
    let mut p = parameters("community");
    p.homophily = 1.0;
    let alike = assortativity(&made(&p, 20_000, 6), &segments(20_000));
    // 160,000 ties, four segments: deviation about 0.0025 for independent ties, a
    // few times that with households; critical value 0.02.
    assert!(alike.abs() < 0.02, "assortativity {alike}");
}

#[test]
fn weak_ties_have_a_heavy_tail() {
    let network = made(&parameters("community"), 100_000, 8);
    let counts = degree_counts(&network);
    let largest = counts.len() - 1;
    // A Poisson degree of mean 16 exceeds 60 once in 10¹⁵ consumers.
    assert!(largest > 200, "largest degree {largest}");
    let beyond = |d: usize| counts.iter().skip(d).sum::<u64>() as f64;
    // P(X > x) ~ x^(−1.5) for the default exponent: ln ratio over a doubling 1.04.
    let slope = crate::quantity::math::ln(beyond(80) / beyond(160)) / std::f64::consts::LN_2;
    assert!((1.2..2.2).contains(&slope), "tail slope {slope}");
}

#[test]
fn tiny_worlds_work() {
    for n in (2..40).chain([100, 299, 300, 301, 599, 601, 1000]) {
        for mean in [0.0, 1.0, 4.0, 16.0, 300.0] {
            if mean > 100.0 && n > 300 {
                continue; // dense worlds of several neighbourhoods stay below the wish
            }
            let mut p = parameters("community");
            p.mean_degree = mean;
            let network = made(&p, n, u64::from(n));
            check_simple(&network);
            let wanted = mean.min(f64::from(n - 1));
            let slack = if n > 300 { 0.25 * wanted + 0.5 } else { 0.5 };
            let found = network.mean_degree();
            assert!((found - wanted).abs() <= slack, "n {n}: {found} for {wanted}");
        }
    }
}

#[test]
fn everybody_hears_everybody_in_the_complete_network() {
    let network = made(&parameters("complete"), 600, 1);
    check_simple(&network);
    assert_eq!(network.mean_degree(), 599.0);
    assert_eq!(network.ties, Ties::Complete { n: 600 });
    assert!(network.bytes() < 100);
    assert_eq!(list(&network, 2)[..4], [0, 1, 3, 4]);
}

#[test]
fn neighbourhoods_are_found_by_consumer() {
    let network = made(&parameters("community"), 5000, 2);
    for k in 0..network.n_neighbourhoods() {
        let range = network.neighbourhoods[k as usize]..network.neighbourhoods[k as usize + 1];
        assert!(range.clone().all(|i| network.neighbourhood_of(i) == k));
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    for kind in ["community", "erdos_renyi"] {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| made(&parameters(kind), 20_000, 4))
        };
        let one = on(1);
        assert!([2, 3, 8].into_iter().all(|threads| on(threads) == one));
        assert!(made(&parameters(kind), 20_000, 5) != one, "another seed, another network");
    }
}

#[test]
fn followers_do_not_depend_on_the_number_of_threads() {
    let tastes = [0, 1, 2, 3, 0, 1, 2, 3];
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let draw =
            || super::follow(30_000, 8, 1.5, 1.0, &|i| (i % 4) as u8, &tastes, 3.0, Key::new(1, 1));
        pool.expect("a pool").install(draw)
    };
    let one = on(1);
    assert!([2, 3, 8].into_iter().all(|threads| on(threads) == one));
}

#[test]
fn memory_is_estimated_within_a_tenth() {
    for kind in ["community", "erdos_renyi", "complete"] {
        let n = 20_000;
        let (estimate, held) =
            (estimate_bytes(&parameters(kind), n), made(&parameters(kind), n, 1).bytes());
        let ratio = estimate as f64 / held as f64;
        assert!((0.9..1.1).contains(&ratio), "{kind}: {estimate} estimated, {held} held");
    }
}

#[test]
fn one_consumer_is_refused() {
    let message =
        generate(&parameters("community"), 1, &[0], Key::new(0, 0)).map_err(|e| e.to_string());
    assert_eq!(message, Err("a network needs at least 2 consumers, not 1".to_owned()));
}
