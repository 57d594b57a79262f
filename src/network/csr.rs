//! Stored ties: one sorted list of targets a row, all lists in one column.
//!
//! A list is built without storing pairs: the source of the pairs is asked twice,
//! once to count and once to fill. Sources are pure functions of addressed draws,
//! so both answers agree. Threads fill a row in any order; sorting every row
//! afterwards makes the bytes the same for any number of threads. The counts become the
//! ends of the rows in place, and filling moves each end down to its start, so that nothing
//! is held beside the rows themselves. Rows may also lie in a graph file (`graph_file`).

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use crate::simd::{Column, column, prefetch};

/// Rows that are sorted and compacted together; shapes no result.
const BLOCK: u32 = 4096;

/// Chunks of a source that are asked for together. Chunks of one layer of a network may be
/// dearer than another's: long runs would leave one thread alone with the dearest.
const CHUNKS: usize = 8;

/// A source of pairs (row, target), cut into chunks that can be asked for apart.
pub type Source<'a> = dyn Fn(u32, &mut dyn FnMut(u32, u32)) + Sync + 'a;

/// Starts of the rows, in 32 bits where the number of ties allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offsets {
    Narrow(Column<u32>),
    Wide(Column<u64>),
}

impl Offsets {
    /// `n` ascending starts, the last of which is `most`, whether `starts` gives it or not.
    pub(super) fn of(n: usize, most: u64, mut starts: impl Iterator<Item = u64>) -> Self {
        if most <= u64::from(u32::MAX) {
            Self::Narrow(column(n, || starts.next().unwrap_or(most) as u32).into())
        } else {
            Self::Wide(column(n, || starts.next().unwrap_or(most)).into())
        }
    }

    /// Moves the starts of some rows towards the beginning.
    fn lower(&mut self, rows: std::ops::RangeInclusive<u32>, by: usize) {
        let rows = *rows.start() as usize..*rows.end() as usize + 1;
        match self {
            Self::Narrow(starts) => starts.held()[rows].iter_mut().for_each(|x| *x -= by as u32),
            Self::Wide(starts) => starts.held()[rows].iter_mut().for_each(|x| *x -= by as u64),
        }
    }

    #[inline]
    pub(super) fn at(&self, row: u32) -> usize {
        match self {
            Self::Narrow(starts) => starts[row as usize] as usize,
            Self::Wide(starts) => starts[row as usize] as usize,
        }
    }

    /// The row that holds the target of a number.
    fn row_of(&self, number: u64) -> u32 {
        let after = match self {
            Self::Narrow(starts) => starts.partition_point(|start| u64::from(*start) <= number),
            Self::Wide(starts) => starts.partition_point(|start| *start <= number),
        };
        (after - 1) as u32
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(starts) => starts.len(),
            Self::Wide(starts) => starts.len(),
        }
    }

    /// Asks for the start of a row ahead of its use.
    #[inline]
    pub(super) fn touch(&self, row: u32) {
        match self {
            Self::Narrow(starts) => prefetch(starts, row as usize),
            Self::Wide(starts) => prefetch(starts, row as usize),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Narrow(starts) => 4 * starts.len() as u64,
            Self::Wide(starts) => 8 * starts.len() as u64,
        }
    }
}

/// Compressed sparse rows: for each row a list of distinct targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    offsets: Offsets,
    targets: Column<u32>,
}

/// The row entries of a pair: called with the pair and with what takes (row, entry).
type PairRows<'a> = dyn Fn((u32, u32), &mut dyn FnMut(u32, u32)) + Sync + 'a;

impl Csr {
    /// Number of rows.
    #[inline]
    #[must_use]
    pub fn n(&self) -> u32 {
        (self.offsets.len() - 1) as u32
    }

    /// Number of targets of row `i`.
    #[inline]
    #[must_use]
    pub fn degree(&self, i: u32) -> u32 {
        (self.offsets.at(i + 1) - self.offsets.at(i)) as u32
    }

    /// Targets of row `i`.
    #[inline]
    #[must_use]
    pub fn of(&self, i: u32) -> &[u32] {
        &self.targets[self.offsets.at(i)..self.offsets.at(i + 1)]
    }

    /// The number of the first target of row `i`, over all rows.
    #[inline]
    #[must_use]
    pub fn start(&self, i: u32) -> usize {
        self.offsets.at(i)
    }

    /// Asks for where row `i` starts ahead of its use.
    #[inline]
    pub fn touch_start(&self, i: u32) {
        self.offsets.touch(i);
    }

    /// Asks for row `i` ahead of its use; its start should be near already.
    #[inline]
    pub fn touch_row(&self, i: u32) {
        // A cache line has 16 targets: two cover most rows.
        let start = self.offsets.at(i);
        prefetch(&self.targets, start);
        prefetch(&self.targets, start + 16);
    }

    /// Number of stored targets; a mutual tie counts twice, once in each row.
    #[inline]
    #[must_use]
    pub fn n_ties(&self) -> u64 {
        self.targets.len() as u64
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.offsets.bytes() + 4 * self.targets.len() as u64
    }

    /// Rows from pairs (row, target): sorted, without repetitions and self-loops.
    #[must_use]
    pub fn from_pairs(n: u32, pairs: &[(u32, u32)]) -> Self {
        Self::of_slices(n, pairs, &|(a, b), emit| emit(a, b))
    }

    /// Rows from unordered pairs: each tie stands in the rows of both ends.
    #[must_use]
    pub fn from_mutual_pairs(n: u32, pairs: &[(u32, u32)]) -> Self {
        Self::of_slices(n, pairs, &|(a, b), emit| {
            emit(a, b);
            emit(b, a);
        })
    }

    fn of_slices(n: u32, pairs: &[(u32, u32)], rows: &PairRows<'_>) -> Self {
        const SLICE: usize = 1 << 14;
        Self::build(n, pairs.len().div_ceil(SLICE) as u32, &|chunk, emit| {
            let from = chunk as usize * SLICE;
            let to = (from + SLICE).min(pairs.len());
            pairs[from..to].iter().filter(|(a, b)| a != b).for_each(|pair| rows(*pair, emit));
        })
    }

    /// Rows from a source that is asked twice for every one of its chunks and
    /// must say the same both times; repetitions are dropped, self-loops kept.
    #[must_use]
    pub fn build(n: u32, n_chunks: u32, source: &Source<'_>) -> Self {
        let counts = column(n as usize + 1, || AtomicU32::new(0));
        (0..n_chunks).into_par_iter().with_max_len(CHUNKS).for_each(|chunk| {
            source(chunk, &mut |row, _| {
                counts[row as usize].fetch_add(1, Relaxed);
            });
        });
        let mut rows = Self::filled(counts, n_chunks, source);
        rows.sort();
        rows
    }

    /// `n` rows of known lengths, sorted, from a source that is asked once; repetitions and
    /// self-loops stay.
    pub(super) fn of_lengths(
        n: u32,
        length: impl Fn(u32) -> u32,
        n_chunks: u32,
        source: &Source<'_>,
    ) -> Self {
        let mut lengths = (0..n).map(length);
        let next = || AtomicU32::new(lengths.next().unwrap_or(0));
        let counts = column(n as usize + 1, next);
        let mut rows = Self::filled(counts, n_chunks, source);
        rows.in_blocks(&blocks(rows.n()), |_, block| {
            block.rows().for_each(|row| block.row(row).sort_unstable());
        });
        rows
    }

    /// Rows in the order in which the threads find their targets; `counts` has the length of
    /// every row, and a zero behind.
    fn filled(mut counts: Vec<AtomicU32>, n_chunks: u32, source: &Source<'_>) -> Self {
        let total: u64 = counts.par_iter().map(|count| u64::from(count.load(Relaxed))).sum();
        let (mut offsets, mut sum) = (None, 0_u64);
        if total > u64::from(u32::MAX) {
            let n = counts.len();
            let mut counts = std::mem::take(&mut counts).into_iter();
            let mut end = || {
                sum += u64::from(counts.next().map_or(0, AtomicU32::into_inner));
                AtomicU64::new(sum)
            };
            offsets = Some(column(n, &mut end));
        }
        for count in &mut counts {
            sum += u64::from(*count.get_mut());
            *count.get_mut() = sum as u32;
        }
        let targets = column(total as usize, || AtomicU32::new(0));
        // Collected in place: plain and atomic numbers have one layout.
        let offsets = match offsets {
            None => {
                let place = |row| counts[row as usize].fetch_sub(1, Relaxed) as usize - 1;
                fill(&targets, n_chunks, source, place);
                let starts = counts.into_iter().map(AtomicU32::into_inner);
                Offsets::Narrow(starts.collect::<Vec<u32>>().into())
            }
            Some(ends) => {
                let place = |row| ends[row as usize].fetch_sub(1, Relaxed) as usize - 1;
                fill(&targets, n_chunks, source, place);
                let starts = ends.into_iter().map(AtomicU64::into_inner);
                Offsets::Wide(starts.collect::<Vec<u64>>().into())
            }
        };
        let targets: Vec<u32> = targets.into_iter().map(AtomicU32::into_inner).collect();
        Self { offsets, targets: targets.into() }
    }

    /// Rows of columns that are known to fit each other.
    pub(super) fn of_columns(offsets: Offsets, targets: Column<u32>) -> Self {
        Self { offsets, targets }
    }

    /// Where the rows start, and their targets.
    pub(super) fn columns(&self) -> (&Offsets, &Column<u32>) {
        (&self.offsets, &self.targets)
    }

    /// Takes all targets out, row after row.
    pub(super) fn take_targets(&mut self) -> Column<u32> {
        std::mem::take(&mut self.targets)
    }

    /// Whether the rows lie in a mapped file.
    pub(super) fn is_mapped(&self) -> bool {
        self.targets.map().is_some()
    }

    /// Row and target of a stored target, by its number.
    pub(super) fn entry(&self, number: u64) -> (u32, u32) {
        (self.offsets.row_of(number), self.targets[number as usize])
    }

    /// Whether `target` stands in row `i`, which is sorted.
    #[must_use]
    pub fn has(&self, i: u32, target: u32) -> bool {
        self.of(i).binary_search(&target).is_ok()
    }

    /// Replaces one `old` of a sorted row by `new`; the row stays sorted.
    pub(super) fn replace(&mut self, row: u32, old: u32, new: u32) {
        let range = self.offsets.at(row)..self.offsets.at(row + 1);
        let row = &mut self.targets.held()[range];
        let from = row.partition_point(|target| *target < old);
        assert!(row.get(from) == Some(&old), "what is replaced stands in the row");
        let to = row.partition_point(|target| *target < new);
        if to > from {
            row[from..to].rotate_left(1);
            row[to - 1] = new;
        } else {
            row[to..=from].rotate_right(1);
            row[to] = new;
        }
    }

    /// Sorts every row and drops repetitions.
    fn sort(&mut self) {
        let shorter = self.in_blocks(&blocks(self.n()), |_, block| {
            let mut shorter = Vec::new();
            for row in block.rows() {
                let targets = block.row(row);
                let kept = distinct(targets);
                if (kept as usize) < targets.len() {
                    shorter.push((row, kept));
                }
            }
            shorter
        });
        self.compact(&shorter.concat());
    }

    /// Keeps fewer targets of some rows: the first ones, as many as are told.
    fn compact(&mut self, shorter: &[(u32, u32)]) {
        if shorter.is_empty() {
            return;
        }
        let n = self.n();
        let targets = self.targets.held();
        let (mut from, mut lost, mut first) = (0, 0, 0);
        for (row, kept) in shorter {
            let until = self.offsets.at(*row) + *kept as usize;
            let next = self.offsets.at(*row + 1);
            targets.copy_within(from..until, from - lost);
            self.offsets.lower(first..=*row, lost);
            lost += next - until;
            (from, first) = (next, *row + 1);
        }
        targets.copy_within(from.., from - lost);
        self.offsets.lower(first..=n, lost);
        targets.truncate(targets.len() - lost);
        targets.shrink_to_fit();
    }

    /// Works on contiguous blocks of rows in parallel; block k holds rows
    /// `starts[k]..starts[k + 1]` and `starts` covers all rows.
    pub(super) fn in_blocks<R: Send>(
        &mut self,
        starts: &[u32],
        work: impl Fn(u32, &mut Block<'_>) -> R + Sync,
    ) -> Vec<R> {
        let offsets = &self.offsets;
        let mut rest = self.targets.held().as_mut_slice();
        let mut blocks = Vec::with_capacity(starts.len());
        for range in starts.windows(2) {
            let length = offsets.at(range[1]) - offsets.at(range[0]);
            let (targets, after) = rest.split_at_mut(length);
            rest = after;
            blocks.push(Block { first: range[0], end: range[1], offsets, targets });
        }
        blocks
            .par_iter_mut()
            .with_max_len(1)
            .enumerate()
            .map(|(k, block)| work(k as u32, block))
            .collect()
    }
}

/// Asks a source for its pairs and puts each target where its row has room.
fn fill(
    targets: &[AtomicU32],
    n_chunks: u32,
    source: &Source<'_>,
    place: impl Fn(u32) -> usize + Sync,
) {
    (0..n_chunks).into_par_iter().with_max_len(CHUNKS).for_each(|chunk| {
        source(chunk, &mut |row, target| targets[place(row)].store(target, Relaxed));
    });
}

/// Starts of the blocks of `n` rows.
pub(super) fn blocks(n: u32) -> Vec<u32> {
    (0..=n.div_ceil(BLOCK)).map(|block| block.saturating_mul(BLOCK).min(n)).collect()
}

/// Rows that one thread may reorder.
pub(super) struct Block<'a> {
    first: u32,
    end: u32,
    offsets: &'a Offsets,
    targets: &'a mut [u32],
}

impl Block<'_> {
    /// The rows of the block.
    pub(super) fn rows(&self) -> std::ops::Range<u32> {
        self.first..self.end
    }

    /// The targets of all of the block's rows.
    pub(super) fn all(&mut self) -> &mut [u32] {
        self.targets
    }

    /// The targets of one of the block's rows.
    pub(super) fn row(&mut self, row: u32) -> &mut [u32] {
        let base = self.offsets.at(self.first);
        &mut self.targets[self.offsets.at(row) - base..self.offsets.at(row + 1) - base]
    }
}

/// Sorts a row, moves its distinct targets to the front and counts them.
fn distinct(row: &mut [u32]) -> u32 {
    row.sort_unstable();
    let mut kept = 0;
    for k in 0..row.len() {
        if kept == 0 || row[k] != row[kept - 1] {
            row[kept] = row[k];
            kept += 1;
        }
    }
    kept as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_distinct_without_self_loops() {
        let csr = Csr::from_pairs(4, &[(0, 3), (2, 2), (0, 1), (0, 3), (3, 0)]);
        assert_eq!(csr.of(0), [1, 3]);
        assert_eq!(csr.of(1), [] as [u32; 0]);
        assert_eq!(csr.of(2), [] as [u32; 0]);
        assert_eq!(csr.of(3), [0]);
        assert_eq!((csr.n(), csr.n_ties(), csr.degree(0)), (4, 3, 2));
    }

    #[test]
    fn mutual_pairs_stand_in_both_rows() {
        let csr = Csr::from_mutual_pairs(3, &[(0, 2), (2, 0), (1, 2)]);
        assert_eq!((csr.of(0), csr.of(1), csr.of(2)), (&[2][..], &[2][..], &[0, 1][..]));
    }

    #[test]
    fn many_blocks_compact_as_one() {
        let n = 3 * BLOCK + 5;
        let pairs: Vec<(u32, u32)> =
            (0..n).flat_map(|i| [(i, (i + 1) % n), (i, (i + 1) % n), (i, i / 2)]).collect();
        let csr = Csr::from_pairs(n, &pairs);
        for i in 0..n {
            let mut expected: Vec<u32> =
                [(i + 1) % n, i / 2].into_iter().filter(|t| *t != i).collect();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(csr.of(i), expected);
        }
        assert_eq!(csr.bytes(), 4 * (u64::from(n) + 1) + 4 * csr.n_ties());
    }

    #[test]
    fn replaced_targets_leave_the_row_sorted() {
        let pairs: Vec<(u32, u32)> = [2, 4, 6, 8].map(|t| (0, t)).to_vec();
        for (old, new, row) in
            [(4, 7, [2, 6, 7, 8]), (6, 1, [1, 2, 4, 8]), (8, 9, [2, 4, 6, 9]), (2, 2, [2, 4, 6, 8])]
        {
            let mut csr = Csr::from_pairs(10, &pairs);
            csr.replace(0, old, new);
            assert_eq!(csr.of(0), row);
        }
    }

    #[test]
    fn entries_know_their_rows() {
        let csr = Csr::from_pairs(6, &[(0, 3), (0, 1), (3, 0), (5, 2)]);
        let entries: Vec<_> = (0..4).map(|number| csr.entry(number)).collect();
        assert_eq!(entries, [(0, 1), (0, 3), (3, 0), (5, 2)]);
    }

    #[test]
    fn no_rows_and_no_pairs_are_fine() {
        assert_eq!(Csr::from_pairs(0, &[]).n(), 0);
        assert_eq!(Csr::from_pairs(2, &[]).of(1).len(), 0);
    }
}
