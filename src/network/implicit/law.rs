//! Degree laws as short tables: how many of a block's consumers have how many ties.
//!
//! The numbers are those that the law expects, rounded so that they add up, and not drawn: of
//! N consumers, N·P(D ≥ k) have k ties or more. Where the law is a power, D is a Pareto number
//! rounded up or down at random, as in `degrees`, hence P(D ≥ k) = ∫ P(X > x) dx from k − 1 to
//! k. Above 64 ties degrees go in steps of a thirty-second of themselves; P(D ≥ k) is then the
//! mean of P(X > x) over a step, which leaves the mean of D as it is.

use crate::network::degrees::Pareto;
use crate::quantity::math::{exp, ln};

/// Degrees from here on go in steps.
const FINE: u32 = 64;

/// Consumers with equally many ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub degree: u32,
    pub people: u32,
}

/// How many ties consumers have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Law {
    /// All the same number.
    Regular(u32),
    /// Poisson, as in a random graph.
    Poisson(f64),
    /// P(k) ∝ k^(−γ).
    Power(Pareto),
}

impl Law {
    /// The degrees of `size` consumers, from the largest down.
    pub(super) fn steps(self, size: u32) -> Vec<Step> {
        let (degrees, at_least) = match self {
            Self::Regular(degree) => (vec![degree], vec![1.0]),
            Self::Poisson(mean) => poisson(mean, size),
            Self::Power(law) => power(law),
        };
        let ranks = |share: &f64| (share * f64::from(size) + 0.5) as u32;
        let mut steps = Vec::with_capacity(degrees.len());
        let mut above = 0;
        for (degree, share) in degrees.into_iter().zip(&at_least).rev() {
            let people = ranks(share).clamp(above, size) - above;
            steps.push(Step { degree, people });
            above += people;
        }
        steps.retain(|step| step.people > 0);
        steps
    }
}

/// Degrees from 0 on, and the probability of so many and more.
fn poisson(mean: f64, size: u32) -> (Vec<u32>, Vec<f64>) {
    if mean <= 0.0 {
        return (vec![0], vec![1.0]);
    }
    // Logarithms to those of the mode, so that nothing is lost at large means; as far as
    // anybody could be expected.
    let (mode, least) = (mean.floor(), -ln(f64::from(size)) - 20.0);
    let mut logs = vec![0.0];
    let mut k = mode;
    while k > 0.0 {
        logs.push(logs[logs.len() - 1] + ln(k / mean));
        k -= 1.0;
    }
    logs.reverse();
    k = mode;
    while logs[logs.len() - 1] > least {
        k += 1.0;
        logs.push(logs[logs.len() - 1] + ln(mean / k));
    }
    let mut at_least: Vec<f64> = logs.iter().map(|log| exp(*log)).collect();
    for k in (0..at_least.len() - 1).rev() {
        at_least[k] += at_least[k + 1];
    }
    let all = at_least[0];
    at_least.iter_mut().for_each(|share| *share /= all);
    ((0..at_least.len() as u32).collect(), at_least)
}

/// Degrees on their grid, and the probability of so many and more.
fn power(law: Pareto) -> (Vec<u32>, Vec<f64>) {
    let (mut degrees, mut at_least) = (vec![0], vec![1.0]);
    loop {
        let last: u32 = degrees[degrees.len() - 1];
        let next = last + (last / (FINE / 2)).max(1);
        let (from, to) = (f64::from(last), f64::from(next));
        let share = law.above(from, to) / (to - from);
        if share <= 0.0 {
            return (degrees, at_least);
        }
        degrees.push(next);
        at_least.push(share);
    }
}

/// Every consumer's ties in two parts, of which the first has this share of all but never
/// more than `limit`: two sequences whose ranks are the same consumers'.
pub(super) fn split(steps: &[Step], share: f64, limit: u32) -> [Vec<Step>; 2] {
    let (mut near, mut far) = (Vec::new(), Vec::new());
    let mut owed = 0.0;
    for step in steps {
        let exact = (share * f64::from(step.degree)).min(f64::from(limit));
        let whole = exact as u32;
        owed += (exact - f64::from(whole)) * f64::from(step.people);
        let more = ((owed + 0.5).max(0.0) as u32).min(step.people);
        let more = if whole < step.degree.min(limit) { more } else { 0 };
        owed -= f64::from(more);
        for (own, people) in [(whole + 1, more), (whole, step.people - more)] {
            if people > 0 {
                near.push(Step { degree: own, people });
                far.push(Step { degree: step.degree - own, people });
            }
        }
    }
    [near, far]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(steps: &[Step]) -> f64 {
        let ends: u64 = steps.iter().map(|s| u64::from(s.degree) * u64::from(s.people)).sum();
        ends as f64 / people(steps) as f64
    }

    fn people(steps: &[Step]) -> u64 {
        steps.iter().map(|step| u64::from(step.people)).sum()
    }

    /// Rounding moves nobody by more than one, so that the mean is met to the largest degree
    /// over the size.
    #[test]
    fn steps_have_the_mean_of_their_law() {
        for size in [1, 2, 3, 300, 100_000, 1_000_000_000] {
            for wanted in [0.0, 0.4, 1.0, 16.0, 900.0] {
                let most = 40.0 * (1.0 + wanted);
                let mut laws = vec![Law::Poisson(wanted), Law::Regular(wanted as u32)];
                if wanted > 0.0 {
                    let exponents = [2.1, 2.5, 3.5];
                    laws.extend(exponents.map(|e| Law::Power(Pareto::of_mean(wanted, most, e))));
                }
                for law in laws {
                    let steps = law.steps(size);
                    assert_eq!(people(&steps), u64::from(size), "{law:?}");
                    assert!(steps.len() < 2_000 && steps.is_sorted_by_key(|s| u32::MAX - s.degree));
                    let asked = if let Law::Regular(k) = law { f64::from(k) } else { wanted };
                    let off = (mean(&steps) - asked).abs();
                    let room = (1.0 + most) / f64::from(size);
                    assert!(off <= room + 1e-6, "{law:?}: {off} off for {size}");
                }
            }
        }
    }

    #[test]
    fn poisson_numbers_are_those_of_the_law() {
        let steps = Law::Poisson(2.0).steps(1_000_000);
        for (degree, people) in [(0, 135_335), (1, 270_671), (2, 270_671), (5, 36_089)] {
            let found = steps.iter().find(|step| step.degree == degree).map(|step| step.people);
            assert!(found.is_some_and(|n| n.abs_diff(people) <= 1), "{found:?} with {degree}");
        }
    }

    #[test]
    fn parts_add_up_and_keep_the_share() {
        for law in
            [Law::Regular(13), Law::Poisson(7.3), Law::Power(Pareto::of_mean(9.0, 300.0, 2.3))]
        {
            let steps = law.steps(10_000);
            for (share, limit) in [(0.0, 900), (0.37, 900), (0.8, 900), (1.0, 900), (0.8, 4)] {
                let [near, far] = split(&steps, share, limit);
                assert!((mean(&near) + mean(&far) - mean(&steps)).abs() < 1e-9);
                assert!(near.iter().all(|step| step.degree <= limit));
                if limit > 500 {
                    assert!((mean(&near) - share * mean(&steps)).abs() < 1e-3, "{share}");
                }
            }
        }
    }
}
