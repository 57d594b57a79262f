//! The degrees of a block's consumers, and whose each end of a tie is.
//!
//! A degree sequence is a short table of runs: so many consumers with so many ends. Its ranks
//! are spread over the block by the golden section (rank = (g·place + h) mod size), so that
//! any stretch of consumers has its share of every degree. Ends are numbered by rank, and
//! whose an end is follows from its run, a division and the inverse of g.

use super::law::Step;

/// A number by which whole numbers are divided without dividing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Divisor {
    of: u64,
    magic: u64,
}

impl Divisor {
    /// Divides by `of`, which is above 0.
    pub(super) fn new(of: u64) -> Self {
        Self { of, magic: u64::MAX / of }
    }

    /// The number itself.
    pub(super) fn of(self) -> u64 {
        self.of
    }

    /// Quotient and rest. The quotient by the inverse that was rounded down is at most two
    /// too small.
    #[inline(always)]
    pub(super) fn split(self, x: u64) -> (u64, u64) {
        let mut quotient = ((u128::from(x) * u128::from(self.magic)) >> 64) as u64;
        let mut rest = x - quotient * self.of;
        while rest >= self.of {
            (quotient, rest) = (quotient + 1, rest - self.of);
        }
        (quotient, rest)
    }
}

/// Consumers with equally many ends.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    /// Their first rank.
    rank: u32,
    degree: u32,
    by: Divisor,
    /// The first end.
    start: u64,
}

/// Where to begin to look for a run.
#[derive(Clone, Debug, PartialEq)]
struct Guide {
    shift: u32,
    runs: Vec<u16>,
}

/// Most entries of a guide.
const ENTRIES: u64 = 1024;

impl Guide {
    fn new(total: u64, runs: &[Run], first: impl Fn(&Run) -> u64) -> Self {
        let shift = (0..64).find(|shift| total >> shift < ENTRIES).unwrap_or(0);
        let of = |entry: u64| runs.partition_point(|run| first(run) <= entry << shift) - 1;
        Self { shift, runs: (0..=total >> shift).map(|entry| of(entry) as u16).collect() }
    }

    #[inline(always)]
    fn at(&self, x: u64) -> usize {
        usize::from(self.runs[(x >> self.shift) as usize])
    }
}

/// The degrees of a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sequence {
    size: Divisor,
    /// By rank; one more stands behind the last.
    runs: Vec<Run>,
    by_rank: Guide,
    by_end: Guide,
    /// The stride of ranks, its inverse, and the rank of the first consumer.
    stride: [u64; 2],
    first: u64,
}

impl Sequence {
    /// The sequence of these steps over `size` consumers, spread by a share of the block and
    /// from a first rank on.
    pub(super) fn new(steps: &[Step], size: u32, section: f64, first: u32) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let (mut rank, mut start) = (0, 0);
        for step in steps.iter().filter(|step| step.people > 0) {
            if runs.last().is_none_or(|run| run.degree != step.degree) {
                let by = Divisor::new(u64::from(step.degree.max(1)));
                runs.push(Run { rank, degree: step.degree, by, start });
            }
            rank += step.people;
            start += u64::from(step.people) * u64::from(step.degree);
        }
        assert!(rank == size, "every consumer has a degree");
        assert!(runs.len() < usize::from(u16::MAX), "a sequence has few runs");
        runs.push(Run { rank, degree: 0, by: Divisor::new(1), start });
        Self {
            size: Divisor::new(u64::from(size)),
            by_rank: Guide::new(rank.into(), &runs, |run| run.rank.into()),
            by_end: Guide::new(start, &runs, |run| run.start),
            stride: stride(u64::from(size), section),
            first: u64::from(first % size),
            runs,
        }
    }

    /// Number of ends.
    pub(super) fn ends(&self) -> u64 {
        self.runs[self.runs.len() - 1].start
    }

    /// First end and number of ends of the consumer at a place of the block.
    #[inline(always)]
    pub(super) fn of(&self, place: u32) -> (u64, u32) {
        let rank = self.size.split(u64::from(place) * self.stride[0] + self.first).1 as u32;
        let mut k = self.by_rank.at(rank.into());
        while self.runs[k + 1].rank <= rank {
            k += 1;
        }
        let run = &self.runs[k];
        (run.start + u64::from(rank - run.rank) * u64::from(run.degree), run.degree)
    }

    /// The place of the consumer whose an end is.
    #[inline(always)]
    pub(super) fn owner(&self, end: u64) -> u32 {
        let mut k = self.by_end.at(end);
        while self.runs[k + 1].start <= end {
            k += 1;
        }
        let run = &self.runs[k];
        let rank = u64::from(run.rank) + run.by.split(end - run.start).0;
        let size = self.size.of();
        let past = if rank < self.first { rank + size } else { rank } - self.first;
        self.size.split(past * self.stride[1]).1 as u32
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        let guides = 2 * (self.by_rank.runs.len() + self.by_end.runs.len());
        (self.runs.len() * size_of::<Run>() + guides) as u64
    }
}

/// A number near this share of `size` that has no divisor with it, and its inverse.
fn stride(size: u64, section: f64) -> [u64; 2] {
    let wanted = (size as f64 * section) as u64;
    (wanted.max(1)..)
        .find_map(|g| inverse(g, size).map(|inverse| [g % size.max(1), inverse]))
        .unwrap_or([1, 1])
}

/// The inverse of g modulo m by Euclid's algorithm; none where they have a common divisor.
fn inverse(g: u64, m: u64) -> Option<u64> {
    let (mut rests, mut factors) = ((m as i128, (g % m) as i128), (0_i128, 1_i128));
    while rests.1 != 0 {
        let quotient = rests.0 / rests.1;
        rests = (rests.1, rests.0 - quotient * rests.1);
        factors = (factors.1, factors.0 - quotient * factors.1);
    }
    (rests.0 == 1).then(|| factors.0.rem_euclid(m as i128) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn divisions_are_exact(x: u64, of in 1_u64..) {
            prop_assert_eq!(Divisor::new(of).split(x), (x / of, x % of));
        }

        #[test]
        fn every_end_is_found_with_its_owner(
            people in proptest::collection::vec((0_u32..9, 0_u32..40), 1..9),
            first: u32, section in 0.0..1.0,
        ) {
            let steps: Vec<Step> =
                people.iter().map(|&(degree, people)| Step { degree, people }).collect();
            let size: u32 = steps.iter().map(|step| step.people).sum();
            prop_assume!(size > 0);
            let sequence = Sequence::new(&steps, size, section, first);
            let mut seen = vec![0; sequence.ends() as usize];
            let mut ends = 0;
            for place in 0..size {
                let (start, degree) = sequence.of(place);
                for end in start..start + u64::from(degree) {
                    prop_assert_eq!(sequence.owner(end), place);
                    seen[end as usize] += 1;
                    ends += 1;
                }
            }
            prop_assert!(ends == sequence.ends() && seen.iter().all(|seen| *seen == 1));
        }
    }

    /// Any 256 neighbours of 100,000 hold 18 of the hubs, which are 7 % of all, give or take 3.
    #[test]
    fn hubs_are_spread_evenly() {
        let steps = [Step { degree: 50, people: 7_000 }, Step { degree: 2, people: 93_000 }];
        let sequence = Sequence::new(&steps, 100_000, super::super::SECTIONS[0], 71);
        for from in (0..99_000).step_by(333) {
            let hubs = (from..from + 256).filter(|place| sequence.of(*place).1 == 50).count();
            assert!((15..=21).contains(&hubs), "{hubs} hubs from {from}");
        }
    }
}
