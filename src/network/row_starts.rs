//! Where packed rows begin, in two bytes a row and the beginning of every 64th.

use super::csr::Offsets;
use crate::simd::{Column, column, prefetch};

/// Rows that share a base.
const SHARE: usize = 64;

/// The bytes at which rows begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowStarts {
    /// A base for every few rows, and each row's distance from it.
    Near { bases: Column<u64>, distances: Column<u16> },
    /// Some distances would not fit, behind rows of ten thousands of ties.
    Far(Offsets),
}

impl RowStarts {
    /// The starts of `n` rows, in ascending order, of bytes that end at `end`.
    pub(super) fn of(n: usize, end: u64, starts: impl Iterator<Item = u64> + Clone) -> Self {
        let mut base = 0;
        let near = starts.clone().enumerate().all(|(row, start)| {
            base = if row % SHARE == 0 { start } else { base };
            start - base <= u64::from(u16::MAX)
        });
        if !near {
            return Self::Far(Offsets::of(n, end, starts));
        }
        let mut all = starts.clone();
        let bases = column(n.div_ceil(SHARE), || {
            let base = all.next().unwrap_or(end);
            all.by_ref().take(SHARE - 1).for_each(drop);
            base
        });
        let mut rows = starts.enumerate();
        let distances =
            column(n, || rows.next().map_or(0, |(row, start)| (start - bases[row / SHARE]) as u16));
        Self::Near { bases: bases.into(), distances: distances.into() }
    }

    /// Where a row begins.
    #[inline(always)]
    pub(super) fn at(&self, row: u32) -> usize {
        self.view().at(row)
    }

    /// The starts, for those who ask for many.
    #[inline(always)]
    pub(super) fn view(&self) -> Starts<'_> {
        match self {
            Self::Near { bases, distances } => Starts::Near { bases, distances },
            Self::Far(starts) => Starts::Far(starts),
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Near { distances, .. } => distances.len(),
            Self::Far(starts) => starts.len(),
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Near { bases, distances } => 8 * bases.len() as u64 + 2 * distances.len() as u64,
            Self::Far(starts) => starts.bytes(),
        }
    }
}

/// The starts of rows, where their columns lie.
#[derive(Clone, Copy, Debug)]
pub(super) enum Starts<'a> {
    Near { bases: &'a [u64], distances: &'a [u16] },
    Far(&'a Offsets),
}

impl Starts<'_> {
    /// Where a row begins.
    #[inline(always)]
    pub(super) fn at(self, row: u32) -> usize {
        match self {
            Self::Near { bases, distances } => {
                bases[row as usize / SHARE] as usize + usize::from(distances[row as usize])
            }
            Self::Far(starts) => starts.at(row),
        }
    }

    /// Asks for the start of a row ahead of its use.
    #[inline(always)]
    pub(super) fn touch(self, row: u32) {
        match self {
            Self::Near { distances, .. } => prefetch(distances, row as usize),
            Self::Far(starts) => starts.touch(row),
        }
    }
}

/// Bytes that the starts of `n` rows take, where no row is very long.
pub(super) fn bytes_of_starts(n: u64) -> u64 {
    2 * n + 8 * n.div_ceil(SHARE as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_come_out_as_they_went_in() {
        for (length, near) in [(27, true), (1_040, true), (1_041, false), (100_000, false)] {
            let list: Vec<u64> = (0..1_000).map(|row| row * length).collect();
            let starts = RowStarts::of(list.len(), 1_000 * length, list.iter().copied());
            assert_eq!(matches!(starts, RowStarts::Near { .. }), near, "{length}");
            assert_eq!(starts.len(), list.len());
            assert!(list.iter().zip(0..).all(|(start, row)| starts.at(row) == *start as usize));
            if near {
                assert_eq!(starts.bytes(), bytes_of_starts(1_000));
            }
        }
    }
}
