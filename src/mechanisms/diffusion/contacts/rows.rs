//! Rows of ties as contacts are drawn from them.

use crate::network::implicit::{End, Implicit, Row};
use crate::network::{Csr, Network};
use crate::simd::prefetch;

/// Ties, stored or computed, as the drawing of contacts asks for them: first rows, then
/// places in rows, and who stands there only after all places of a batch are known.
pub(super) trait Rows {
    type Row: Copy;
    type Place: Copy;
    /// Asks for a row ahead of its use.
    fn touch(&self, i: u32);
    fn row(&self, i: u32) -> Self::Row;
    fn len(row: Self::Row) -> u64;
    fn place(row: Self::Row, k: u64) -> Self::Place;
    /// Who stands at the places.
    fn read(&self, reached: &[(Self::Place, u16)], each: impl FnMut(u32, u16));
}

impl<'a> Rows for &'a Csr {
    type Row = &'a [u32];
    type Place = &'a u32;

    #[inline(always)]
    fn touch(&self, i: u32) {
        self.touch_start(i);
    }

    #[inline(always)]
    fn row(&self, i: u32) -> &'a [u32] {
        self.of(i)
    }

    #[inline(always)]
    fn len(row: &'a [u32]) -> u64 {
        row.len() as u64
    }

    #[inline(always)]
    fn place(row: &'a [u32], k: u64) -> &'a u32 {
        prefetch(row, k as usize);
        &row[k as usize]
    }

    #[inline(always)]
    fn read(&self, reached: &[(&'a u32, u16)], mut each: impl FnMut(u32, u16)) {
        reached.iter().for_each(|(to, day)| each(**to, *day));
    }
}

impl Rows for &Implicit {
    type Row = Row;
    type Place = End;

    #[inline(always)]
    fn touch(&self, _: u32) {}

    #[inline(always)]
    fn row(&self, i: u32) -> Row {
        Implicit::row(self, i)
    }

    #[inline(always)]
    fn len(row: Row) -> u64 {
        row.len().into()
    }

    #[inline(always)]
    fn place(row: Row, k: u64) -> End {
        row.end(k as u32)
    }

    /// Whoever reaches the own end of a tie is not susceptible, so that it is of no effect.
    fn read(&self, reached: &[(End, u16)], mut each: impl FnMut(u32, u16)) {
        let mut hearers = Vec::with_capacity(reached.len());
        self.hearers(reached.iter().map(|(end, _)| *end), &mut hearers);
        hearers.iter().zip(reached).for_each(|(to, (_, day))| each(*to, *day));
    }
}

/// Rows that are read from their beginning: a place is whose row it is, and which.
impl Rows for &Network {
    type Row = (u32, u32);
    type Place = (u32, u32);

    fn touch(&self, _: u32) {}

    fn row(&self, i: u32) -> (u32, u32) {
        (i, self.degree(i))
    }

    fn len((_, degree): (u32, u32)) -> u64 {
        degree.into()
    }

    fn place((i, _): (u32, u32), k: u64) -> (u32, u32) {
        (i, k as u32)
    }

    fn read(&self, reached: &[((u32, u32), u16)], mut each: impl FnMut(u32, u16)) {
        for &((i, k), day) in reached {
            each(self.audience(i, k), day);
        }
    }
}
