//! Who hears a consumer, one by one, in whatever way ties are kept.

use super::gap_rows::{GapRow, SumRow};
use super::implicit::{Implicit, Row};

/// The hearers of a consumer.
#[derive(Debug)]
pub struct Audience<'a>(pub(super) AudienceRow<'a>);

/// Where they stand.
#[derive(Debug)]
pub(super) enum AudienceRow<'a> {
    Stored(&'a [u32]),
    Packed(GapRow<'a>),
    Summed(SumRow<'a>),
    Computed(&'a Implicit, Row),
    Complete { i: u32, n: u32 },
}

impl Audience<'_> {
    /// Number of hearers; of ends of ties where ties are computed.
    #[inline]
    #[must_use]
    pub fn len(&self) -> u32 {
        match &self.0 {
            AudienceRow::Stored(row) => row.len() as u32,
            AudienceRow::Packed(row) => row.len(),
            AudienceRow::Summed(row) => row.len(),
            AudienceRow::Computed(_, row) => row.len(),
            AudienceRow::Complete { n, .. } => n - 1,
        }
    }

    /// Whether nobody hears.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a tie may lead back to the consumer itself.
    #[inline]
    #[must_use]
    pub fn may_lead_back(&self) -> bool {
        matches!(self.0, AudienceRow::Computed(..))
    }

    /// The `k`-th hearer, k < len; quickest in ascending order. A computed tie may lead back to
    /// the consumer itself, which is nobody.
    #[inline]
    pub fn get(&mut self, k: u32) -> u32 {
        match &self.0 {
            AudienceRow::Stored(row) => row[k as usize],
            AudienceRow::Summed(row) => row.get(k),
            _ => self.found(k),
        }
    }

    /// Calls `hear` with some places, quickest in ascending order, and the hearers there.
    #[inline]
    pub fn at_each(&mut self, places: impl Iterator<Item = u32>, mut hear: impl FnMut(u32, u32)) {
        match &self.0 {
            AudienceRow::Stored(row) => places.for_each(|k| hear(k, row[k as usize])),
            AudienceRow::Summed(row) => {
                // A copy, which nothing that is written can change.
                let row = *row;
                places.for_each(|k| hear(k, row.get(k)));
            }
            _ => places.for_each(|k| hear(k, self.found(k))),
        }
    }

    /// The `k`-th hearer, where it must be looked for.
    #[inline(never)]
    fn found(&mut self, k: u32) -> u32 {
        match &mut self.0 {
            AudienceRow::Stored(row) => row[k as usize],
            AudienceRow::Packed(row) => row.get(k),
            AudienceRow::Summed(row) => row.get(k),
            AudienceRow::Computed(ties, row) => ties.hearer(row.end(k)),
            AudienceRow::Complete { i, .. } => k + u32::from(k >= *i),
        }
    }
}
