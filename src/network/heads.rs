//! The beginnings of senders' rows, for those who read many: where the columns lie is looked up
//! once.

use super::gap_rows::{Head, Reader};
use super::{Network, Ties};
use crate::simd::prefetch;

/// Reads where rows begin and how long they are.
#[derive(Clone, Copy, Debug)]
pub struct Heads<'a> {
    network: &'a Network,
    strong: &'a [u8],
    packed: Option<Reader<'a>>,
}

impl<'a> Heads<'a> {
    #[inline]
    pub(super) fn of(network: &'a Network) -> Self {
        let packed = match &network.ties {
            Ties::Packed(rows) => Some(rows.reader()),
            _ => None,
        };
        Self { network, strong: &network.strong, packed }
    }

    /// The beginning of the row of `i`.
    #[inline]
    #[must_use]
    pub fn get(self, i: u32) -> Head {
        match self.packed {
            Some(rows) => rows.head(i),
            None => Head::of(self.network.degree(i)),
        }
    }

    /// Asks for where the row of `i` starts and how many strong ties are in it.
    #[inline]
    pub(super) fn touch_start(self, i: u32) {
        prefetch(self.strong, i as usize);
        match (self.packed, &self.network.ties) {
            (Some(rows), _) => rows.touch_start(i),
            (None, Ties::Stored(csr)) => csr.touch_start(i),
            _ => {}
        }
    }

    /// Asks for the row of `i`; its start should be near already.
    #[inline]
    pub(super) fn touch_row(self, i: u32) {
        match (self.packed, &self.network.ties) {
            (Some(rows), _) => rows.touch_row(i),
            (None, Ties::Stored(csr)) => csr.touch_row(i),
            _ => {}
        }
    }
}
