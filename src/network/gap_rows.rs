//! Stored ties in little room: each row as the gaps between its targets.
//!
//! Most ties lead to people near by in the order of numbers, and of the targets of a row each
//! is written as its distance from the one before (Boldi & Vigna 2004, doi
//! 10.1145/988672.988752): a byte or two where a number takes four. A row begins with its
//! length; its strong ties and the others, which are sorted apart, begin each with the distance
//! from the row's own number. A row is read from its beginning, so that what is asked of many
//! targets in any order (`mechanisms::diffusion`) is better left in rows of numbers.

use super::csr::{Csr, Offsets, blocks};
use super::row_starts::{RowStarts, Starts};
use super::varint;
use crate::simd::{Column, bytes_of, number_sums, prefetch, room_of_sums};
use rayon::prelude::*;
use std::hint::select_unpredictable;

/// Rows of targets, written as gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapRows {
    /// The byte at which a row begins.
    starts: RowStarts,
    /// The bytes of all rows, four in a word.
    words: Column<u32>,
    n_ties: u64,
}

impl GapRows {
    /// Packs rows of which the first `strong` targets are sorted apart (none where the list is
    /// empty), in the room that they have.
    ///
    /// # Errors
    /// The rows as they were, where some would take more room.
    pub fn pack(mut rows: Csr, strong: &[u8]) -> Result<Self, Csr> {
        let strong_of = |row: u32| strong.get(row as usize).map_or(0, |n| usize::from(*n));
        let (starts, n_ties) = (blocks(rows.n()), rows.n_ties());
        let fits = starts.par_windows(2).all(|block| {
            let needed: usize =
                (block[0]..block[1]).map(|i| length(i, rows.of(i), strong_of(i))).sum();
            needed.div_ceil(4) <= rows.start(block[1]) - rows.start(block[0])
        });
        if !fits {
            return Err(rows);
        }
        let lengths = rows.in_blocks(&starts, |_, block| {
            let (mut bytes, mut lengths) = (Vec::new(), Vec::new());
            for i in block.rows() {
                let before = bytes.len();
                write(i, block.row(i), strong_of(i), &mut bytes);
                lengths.push((bytes.len() - before) as u32);
            }
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            let words = bytes.chunks_exact(4).map(|b| u32::from_ne_bytes([b[0], b[1], b[2], b[3]]));
            block.all().iter_mut().zip(words).for_each(|(word, packed)| *word = packed);
            lengths
        });
        let words = closed_up(&mut rows, &starts, &lengths);
        Ok(Self { starts: begins(&lengths), words, n_ties })
    }

    /// The rows as numbers.
    #[must_use]
    pub fn stored(&self, strong: &[u8]) -> Csr {
        let strong_of = |row: u32| strong.get(row as usize).map_or(0, |n| u32::from(*n));
        let (mut targets, mut ends) = (Vec::with_capacity(self.n_ties as usize), vec![0]);
        for i in 0..self.n() {
            let mut row = self.row(i, strong_of(i));
            targets.extend((0..row.len()).map(|_| row.next()));
            ends.push(targets.len() as u64);
        }
        let starts = Offsets::of(ends.len(), self.n_ties, ends.into_iter());
        Csr::of_columns(starts, targets.into())
    }

    /// Number of rows.
    #[inline]
    #[must_use]
    pub fn n(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Number of all targets.
    #[inline]
    #[must_use]
    pub fn n_ties(&self) -> u64 {
        self.n_ties
    }

    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.starts.bytes() + 4 * self.words.len() as u64
    }

    /// Number of targets of row `i`.
    #[inline]
    #[must_use]
    pub fn degree(&self, i: u32) -> u32 {
        self.head(i).length
    }

    /// The beginning of row `i`.
    #[inline]
    #[must_use]
    pub fn head(&self, i: u32) -> Head {
        self.reader().head(i)
    }

    /// Where the columns lie, for those who read the beginnings of many rows.
    #[inline]
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { starts: self.starts.view(), bytes: bytes_of(&self.words) }
    }

    /// Row `i`, of whose targets the first `strong` are sorted apart.
    #[inline]
    #[must_use]
    pub fn row(&self, i: u32, strong: u32) -> GapRow<'_> {
        let (bytes, mut at) = (bytes_of(&self.words), self.starts.at(i));
        let length = varint::read(bytes, &mut at);
        GapRow { bytes, begin: at, at, of: i, length, strong, place: 0, target: i }
    }

    /// All targets of row `i`, of which the first `strong` are sorted apart: read into `room`
    /// at once, which is quicker than one by one where all are asked for.
    #[inline]
    pub fn read<'a>(&self, i: u32, strong: u32, room: &'a mut Vec<u32>) -> &'a [u32] {
        let n = self.sums(self.head(i), usize::MAX, room);
        let [near, others] = lacks(i, strong as usize, &room[..n]);
        for eight in room.as_chunks_mut::<8>().0.iter_mut().take(n.div_ceil(8)) {
            eight.iter_mut().for_each(|sum| *sum = sum.wrapping_add(others));
        }
        let more = near.wrapping_sub(others);
        room[..n.min(strong as usize)].iter_mut().for_each(|sum| *sum = sum.wrapping_add(more));
        &room[..n]
    }

    /// Row `i`, of which the first `strong` targets are sorted apart, for those who ask for
    /// some of its first `most` targets in any order: what they need of it is read into `room` at
    /// once.
    #[inline]
    pub fn sums_of<'a>(
        &self,
        (i, head): (u32, Head),
        strong: u32,
        most: usize,
        room: &'a mut Vec<u32>,
    ) -> SumRow<'a> {
        let n = self.sums(head, most, room);
        let sums = &room[..n];
        SumRow { sums, strong, lacks: lacks(i, strong as usize, sums) }
    }

    /// Reads the sums of the numbers of a row into `room`, of the first `most` at most; returns
    /// how many they are.
    #[inline]
    fn sums(&self, head: Head, most: usize, room: &mut Vec<u32>) -> usize {
        let n = (head.length as usize).min(most);
        if room.len() < room_of_sums(n) {
            room.resize(room_of_sums(n), 0);
        }
        number_sums(bytes_of(&self.words), head.at, n, room);
        n
    }
}

/// What the sums of the numbers by which the targets of row `i` are written lack of the targets:
/// those of the first `strong`, which are sorted apart, and the others'.
#[inline]
fn lacks(i: u32, strong: usize, sums: &[u32]) -> [u32; 2] {
    // What the first of those that are sorted together lacks, all of them lack.
    let lack = |first: u32, before: u32| {
        i.wrapping_add(unfolded(first.wrapping_sub(before))).wrapping_sub(first)
    };
    let near = sums.first().map_or(0, |first| lack(*first, 0));
    match sums.get(strong.wrapping_sub(1)..) {
        Some([before, first, ..]) => [near, lack(*first, *before)],
        _ => [near, near],
    }
}

/// Reads the beginnings of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    starts: Starts<'a>,
    bytes: &'a [u8],
}

impl Reader<'_> {
    /// The beginning of row `i`.
    #[inline(always)]
    pub(super) fn head(self, i: u32) -> Head {
        let mut at = self.starts.at(i);
        let length = varint::read_short(self.bytes, &mut at);
        Head { at, length }
    }

    /// Asks for where row `i` starts ahead of its use.
    #[inline(always)]
    pub(super) fn touch_start(self, i: u32) {
        self.starts.touch(i);
    }

    /// Asks for row `i` ahead of its use; its start should be near already.
    #[inline(always)]
    pub(super) fn touch_row(self, i: u32) {
        // A cache line has 64 bytes: two cover most rows, wherever they begin.
        let at = self.starts.at(i);
        prefetch(self.bytes, at);
        prefetch(self.bytes, at + 32);
    }
}

/// The beginning of a row: for those who ask for its length before they ask for targets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head {
    /// Where the first target stands.
    at: usize,
    length: u32,
}

impl Head {
    /// That of a row of so many targets, wherever they stand.
    pub(super) fn of(length: u32) -> Self {
        Self { at: 0, length }
    }

    /// Number of targets.
    #[inline]
    #[must_use]
    pub fn len(self) -> u32 {
        self.length
    }

    /// Whether nobody hears.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// A row that was read as sums of distances.
#[derive(Clone, Copy, Debug)]
pub struct SumRow<'a> {
    sums: &'a [u32],
    strong: u32,
    /// What the sums of the strong lack, and those of the others.
    lacks: [u32; 2],
}

impl SumRow<'_> {
    /// Number of targets.
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        self.sums.len() as u32
    }

    /// Whether nobody hears.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// The `k`-th target, k < len.
    #[inline]
    #[must_use]
    pub fn get(&self, k: u32) -> u32 {
        let [strong, others] = self.lacks;
        self.sums[k as usize].wrapping_add(select_unpredictable(k < self.strong, strong, others))
    }
}

/// A row that is read from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct GapRow<'a> {
    bytes: &'a [u8],
    /// Where the first target stands.
    begin: usize,
    /// Where the next one stands.
    at: usize,
    of: u32,
    length: u32,
    strong: u32,
    /// Targets read so far, and the last of them.
    place: u32,
    target: u32,
}

impl GapRow<'_> {
    /// Number of targets.
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        self.length
    }

    /// Whether nobody hears.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The next target, of which there must be one.
    #[inline]
    pub fn next(&mut self) -> u32 {
        let word = varint::read(self.bytes, &mut self.at);
        // Both are made, since which it is cannot be foreseen.
        let (near, next) = (self.of.wrapping_add(unfolded(word)), self.target.wrapping_add(word));
        let begins = self.place == 0 || self.place == self.strong;
        self.target = select_unpredictable(begins, near, next);
        self.place += 1;
        self.target
    }

    /// The `k`-th target, k < len. Quickest in ascending order.
    #[inline]
    pub fn get(&mut self, k: u32) -> u32 {
        if k + 1 < self.place {
            (self.at, self.place) = (self.begin, 0);
        }
        while self.place <= k {
            self.next();
        }
        self.target
    }
}

/// A distance of either sign as a small number: 0, −1, 1, −2, 2 … become 0, 1, 2, 3, 4 …
#[inline]
fn folded(distance: u32) -> u32 {
    let signed = distance as i32;
    (distance << 1) ^ (signed >> 31) as u32
}

/// The distance again.
#[inline]
fn unfolded(word: u32) -> u32 {
    (word >> 1) ^ (word & 1).wrapping_neg()
}

/// The numbers by which the targets of row `i` are written.
fn written<'a>(i: u32, row: &'a [u32], strong: usize) -> impl Iterator<Item = u32> + 'a {
    row.iter().enumerate().map(move |(k, target)| match k {
        _ if k == 0 || k == strong => folded(target.wrapping_sub(i)),
        _ => target - row[k - 1],
    })
}

fn length(i: u32, row: &[u32], strong: usize) -> usize {
    varint::length(row.len() as u32) + written(i, row, strong).map(varint::length).sum::<usize>()
}

fn write(i: u32, row: &[u32], strong: usize, into: &mut Vec<u8>) {
    varint::write(row.len() as u32, into);
    written(i, row, strong).for_each(|number| varint::write(number, into));
}

/// Words that the rows of a block take.
fn words_of(lengths: &[u32]) -> usize {
    lengths.iter().map(|length| *length as usize).sum::<usize>().div_ceil(4)
}

/// Takes the packed words from where the blocks of rows begin, and the room behind them.
fn closed_up(rows: &mut Csr, starts: &[u32], lengths: &[Vec<u32>]) -> Column<u32> {
    let froms: Vec<usize> = starts.iter().map(|row| rows.start(*row)).collect();
    let mut words = rows.take_targets();
    let (held, mut end) = (words.held(), 0);
    for (from, lengths) in froms.into_iter().zip(lengths) {
        let n = words_of(lengths);
        held.copy_within(from..from + n, end);
        end += n;
    }
    held.truncate(end);
    held.shrink_to_fit();
    words
}

/// Where rows of such lengths begin; blocks begin at words.
fn begins(lengths: &[Vec<u32>]) -> RowStarts {
    let block_begins = lengths.iter().scan(0, |begin, block| {
        let room = 4 * words_of(block) as u64;
        *begin += room;
        Some((*begin - room, block))
    });
    let all = block_begins.flat_map(|(begin, block)| {
        let next =
            |at: &mut u64, length: &u32| Some(std::mem::replace(at, *at + u64::from(*length)));
        block.iter().scan(begin, next)
    });
    RowStarts::of(
        lengths.iter().map(Vec::len).sum(),
        4 * lengths.iter().map(|block| words_of(block) as u64).sum::<u64>(),
        all,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(rows: &Csr, strong: &[u8]) -> GapRows {
        let packed = GapRows::pack(rows.clone(), strong).expect("it takes less room");
        assert_eq!((packed.n(), packed.n_ties()), (rows.n(), rows.n_ties()));
        assert!(packed.bytes() < rows.bytes());
        packed
    }

    /// Rows of any length, some of them empty, some over more than a block.
    fn rows(n: u32, reach: u32) -> Csr {
        let pairs = (0..n).flat_map(|i| {
            let count = if i % 7 == 0 { 0 } else { i % 40 };
            let far = move |k: u32| (i + (k * k * k).wrapping_mul(reach) % n) % n;
            (1..=count).map(move |k| (i, far(k))).filter(|(i, j)| i != j)
        });
        Csr::from_pairs(n, &pairs.collect::<Vec<_>>())
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        for (n, reach) in [(10_000, 1), (50_000, 1_000_003)] {
            let rows = rows(n, reach);
            let (packed, mut room) = (packed(&rows, &[]), Vec::new());
            assert_eq!(packed.stored(&[]), rows);
            for i in 0..n {
                let mut row = packed.row(i, 0);
                let list = rows.of(i);
                assert_eq!((row.len(), packed.degree(i)), (list.len() as u32, list.len() as u32));
                let backwards: Vec<u32> = (0..row.len()).rev().map(|k| row.get(k)).collect();
                assert!(backwards.iter().rev().eq(list));
                assert!((0..row.len()).all(|k| row.get(k) == list[k as usize]));
                assert_eq!(packed.read(i, 0, &mut room), list);
                let row = packed.sums_of((i, packed.head(i)), 0, usize::MAX, &mut room);
                assert!((0..row.len()).map(|k| row.get(k)).eq(list.iter().copied()));
            }
        }
    }

    #[test]
    fn strong_ties_are_sorted_apart() {
        let mut rows = rows(9_000, 1);
        let strong: Vec<u8> = (0..9_000).map(|i| (rows.degree(i) / 3) as u8).collect();
        rows.in_blocks(&[0, 9_000], |_, block| {
            for i in 0..9_000 {
                let (row, strong) = (block.row(i), usize::from(strong[i as usize]));
                row.rotate_right(strong);
                row[..strong].sort_unstable();
                row[strong..].sort_unstable();
            }
        });
        let (packed, mut room) = (packed(&rows, &strong), Vec::new());
        assert_eq!(packed.stored(&strong), rows);
        for (i, strong) in (0..9_000).zip(strong) {
            assert_eq!(packed.read(i, u32::from(strong), &mut room), rows.of(i));
            for most in [0, 1, 2, 5, usize::MAX] {
                let row = packed.sums_of((i, packed.head(i)), u32::from(strong), most, &mut room);
                let first = rows.of(i).iter().take(most).copied();
                assert!((0..row.len()).map(|k| row.get(k)).eq(first));
            }
        }
    }

    #[test]
    fn what_would_take_more_room_stays() {
        let far: Vec<(u32, u32)> = (0..9).map(|i| (i, u32::MAX - 1 - (1 << 30) - i)).collect();
        let rows = Csr::from_pairs(9, &far);
        assert_eq!(GapRows::pack(rows.clone(), &[]), Err(rows));
        assert_eq!(GapRows::pack(Csr::from_pairs(0, &[]), &[]).map(|rows| rows.n()), Ok(0));
    }
}
