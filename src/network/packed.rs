//! Ascending lists of consumers in little room: the gaps between them, seven bits a byte.
//!
//! A list is cut into blocks of 256, each of which can be read alone. A gap g of 1 … 127
//! takes one byte, up to 16,383 two, where a number would take four.

use crate::network::csr::Csr;
use crate::network::varint;
use crate::simd::{number_sums, room_of_sums};
use rayon::prelude::*;

/// Entries of a block.
pub const BLOCK: usize = 256;

/// Ascending lists, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packed {
    /// Length of each list.
    lengths: Vec<u32>,
    /// First block of each list.
    firsts: Vec<u32>,
    /// First entry of each block, and where the gaps to the others begin.
    heads: Vec<(u32, u64)>,
    gaps: Vec<u8>,
}

impl Packed {
    /// The rows of a graph.
    #[must_use]
    pub fn new(rows: &Csr) -> Self {
        let lists: Vec<Vec<(u32, Vec<u8>)>> =
            (0..rows.n()).into_par_iter().map(|row| blocks(rows.of(row))).collect();
        let mut packed = Self::default();
        for (row, blocks) in lists.into_iter().enumerate() {
            packed.lengths.push(rows.of(row as u32).len() as u32);
            packed.firsts.push(packed.heads.len() as u32);
            for (first, gaps) in blocks {
                packed.heads.push((first, packed.gaps.len() as u64));
                packed.gaps.extend(gaps);
            }
        }
        packed.gaps.shrink_to_fit();
        packed
    }

    /// Number of lists.
    #[must_use]
    pub fn n(&self) -> u32 {
        self.lengths.len() as u32
    }

    /// Length of a list.
    #[must_use]
    pub fn len(&self, list: u32) -> usize {
        self.lengths[list as usize] as usize
    }

    /// Entries of all lists.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.lengths.iter().map(|&length| u64::from(length)).sum()
    }

    /// Whether a list is empty.
    #[must_use]
    pub fn is_empty(&self, list: u32) -> bool {
        self.len(list) == 0
    }

    /// Reads block `block` of a list: its entries `block * BLOCK` to `(block + 1) * BLOCK`.
    pub fn read(&self, list: u32, block: usize, into: &mut Vec<u32>) {
        let (first, start) = self.heads[self.firsts[list as usize] as usize + block];
        let n = BLOCK.min(self.len(list) - block * BLOCK);
        into.resize(1 + room_of_sums(n - 1), 0);
        into[0] = 0;
        number_sums(&self.gaps, start as usize, n - 1, &mut into[1..]);
        into.truncate(n);
        into.iter_mut().for_each(|entry| *entry = entry.wrapping_add(first));
    }

    /// A whole list.
    #[must_use]
    pub fn of(&self, list: u32) -> Vec<u32> {
        let (mut all, mut part) = (Vec::new(), Vec::new());
        for block in 0..self.len(list).div_ceil(BLOCK) {
            self.read(list, block, &mut part);
            all.extend_from_slice(&part);
        }
        all
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (8 * self.lengths.len() + 16 * self.heads.len() + self.gaps.len()) as u64
    }
}

/// The blocks of a list: first entry and gaps.
fn blocks(list: &[u32]) -> Vec<(u32, Vec<u8>)> {
    let block = |entries: &[u32]| {
        let mut gaps = Vec::new();
        entries.windows(2).for_each(|pair| varint::write(pair[1] - pair[0], &mut gaps));
        (entries[0], gaps)
    };
    list.chunks(BLOCK).map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_come_out_as_they_went_in() {
        let list = |row: u32| {
            let step = [0, 1, 127, 128, 16_383, 16_384, 2_000_000][row as usize];
            (0..if row == 0 { 0 } else { 1 + 300 * row })
                .map(|k| 5 + k * step.min(u32::MAX / 2_101))
                .collect::<Vec<u32>>()
        };
        let rows = Csr::build(7, 7, &|row, emit| list(row).iter().for_each(|&i| emit(row, i)));
        let packed = Packed::new(&rows);
        assert_eq!(packed.n(), 7);
        for row in 0..7 {
            assert_eq!(packed.of(row), list(row), "list {row}");
            assert_eq!(packed.is_empty(row), row == 0);
        }
        assert!(packed.bytes() < rows.bytes());
    }
}
