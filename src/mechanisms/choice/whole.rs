//! Situations as they are read: the exposures of one consumer to goods of one category.

use crate::market::message::{Exposure, FULL_PRICE, NO_CATEGORY, flag};
use crate::market::platform::is_considered;
use crate::rng::addressed::Address;

/// All exposures are alternatives of their own at the list price, and as many friends recommend
/// each. Most situations are plain: weighing them needs no more than sums.
const PLAIN: u16 = 1 << u8::BITS;

/// A situation, as long as its exposures are elsewhere.
#[derive(Clone, Copy, Default)]
pub struct Situation {
    /// Who is in it, and the category.
    pub address: Address,
    /// What is added to the rows of its alternatives for the positions of their exposures in the
    /// shard's list, modulo 2³².
    shift: u32,
    /// How many exposures it has.
    pub length: u32,
    /// As of [`Whole`].
    facts: u16,
}

impl Situation {
    /// A situation whose first exposure stands at `place`, and has the row `row`.
    #[inline(always)]
    #[must_use]
    pub fn of(whole: &Whole<'_>, place: usize, row: usize) -> Self {
        let Whole { situation, facts, .. } = *whole;
        let address = Address::new(situation[0].to, u32::from(situation[0].category));
        let (shift, length) = (place.wrapping_sub(row) as u32, situation.len() as u32);
        Self { address, shift, length, facts }
    }

    /// The position in the shard's list of the exposure that has a row.
    #[inline(always)]
    #[must_use]
    pub fn place(&self, row: usize) -> usize {
        self.shift.wrapping_add(row as u32) as usize
    }

    /// It with its exposures, out of the shard's list, where its first row is `row`.
    #[inline(always)]
    #[must_use]
    pub fn among<'a>(&self, list: &'a [Exposure], row: usize) -> Whole<'a> {
        let first = self.place(row);
        let situation = &list[first..first + self.length as usize];
        Whole { situation, facts: self.facts, is_considered: true }
    }

    /// Whether a need of the category is open.
    #[inline(always)]
    #[must_use]
    pub fn has_need(&self) -> bool {
        self.facts & u16::from(flag::NEED) != 0
    }
}

/// A situation as its alternatives see it.
#[derive(Clone, Copy)]
pub struct Whole<'a> {
    /// Its exposures, at least one.
    pub situation: &'a [Exposure],
    /// Flags that any of its exposures has, and [`PLAIN`].
    facts: u16,
    /// Whether goods of it reach the decider.
    pub is_considered: bool,
}

impl<'a> Whole<'a> {
    /// The first situation of a list that is not empty. Most have a single exposure.
    #[inline(always)]
    #[must_use]
    pub fn first_of(list: &'a [Exposure]) -> Self {
        let first = &list[0];
        match list.get(1) {
            Some(next) if next.is_weighed_with(first) => {
                let Extent { length, facts, is_considered } = Extent::of_several(list);
                Self { situation: &list[..length as usize], facts, is_considered }
            }
            _ => Self::single(first),
        }
    }

    /// A situation of one exposure.
    #[inline(always)]
    fn single(e: &'a Exposure) -> Self {
        let (not_plain, cut) = (e.flags & (flag::DROPPED | flag::COUPON), e.price_bp ^ FULL_PRICE);
        let facts = facts(e.flags, u16::from(not_plain) | cut == 0);
        let is_considered = (e.flags & flag::DROPPED == 0) & (e.category != NO_CATEGORY);
        Self { situation: std::slice::from_ref(e), facts, is_considered }
    }

    /// Whether weighing it needs no more than sums, see [`PLAIN`].
    #[inline(always)]
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.facts & PLAIN != 0
    }

    /// Whether a need of the category is open.
    #[inline(always)]
    #[must_use]
    pub fn has_need(&self) -> bool {
        self.facts & u16::from(flag::NEED) != 0
    }

    /// Whether a friend sent any of it.
    #[inline(always)]
    #[must_use]
    pub fn has_friend(&self) -> bool {
        self.facts & u16::from(flag::FRIEND) != 0
    }

    /// Friends whose opened messages recommend an exposure's offer in this situation.
    #[must_use]
    pub fn friends(&self, of: &Exposure) -> usize {
        let recommends =
            |e: &&Exposure| e.offer == of.offer && e.flags & flag::FRIEND != 0 && is_considered(e);
        self.situation.iter().filter(recommends).count()
    }
}

/// How far a situation goes, and its facts: few enough bytes to be handed back in a register.
struct Extent {
    length: u32,
    facts: u16,
    is_considered: bool,
}

impl Extent {
    /// Of the first situation of a list, of any number of exposures.
    #[inline(never)]
    fn of_several(list: &[Exposure]) -> Self {
        let first = &list[0];
        let (mut flags, mut cut, mut n) = (first.flags, first.price_bp ^ FULL_PRICE, 1);
        // If a friend sent one exposure of several, that counts for some and not for others.
        let (mut not_plain, mut may_repeat) = (flag::DROPPED | flag::COUPON, false);
        while let Some(e) = list.get(n)
            && e.is_weighed_with(first)
        {
            flags |= e.flags;
            cut |= e.price_bp ^ FULL_PRICE;
            may_repeat |= e.offer == list[n - 1].offer;
            not_plain |= flag::FRIEND;
            n += 1;
        }
        let is_plain = flags & not_plain == 0 && cut == 0 && !may_repeat;
        let is_considered = first.category != NO_CATEGORY
            && (flags & flag::DROPPED == 0 || list[..n].iter().any(is_considered));
        Self { length: n as u32, facts: facts(flags, is_plain), is_considered }
    }
}

/// Flags, and whether they are of a plain situation, in one number: what is written at once can
/// be read at once.
#[inline(always)]
fn facts(flags: u8, is_plain: bool) -> u16 {
    u16::from(flags) | u16::from(is_plain) << u8::BITS
}

/// Whether two neighbours in the order of keys are the same alternative.
#[inline]
#[must_use]
pub fn repeats(a: &Exposure, b: &Exposure) -> bool {
    a.offer == b.offer && a.source == b.source && a.context == b.context && a.way == b.way
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposure(to: u32, category: u16, offer: u32, flags: u8) -> Exposure {
        Exposure { category, offer, flags, ..Exposure::new(to, 0, 1) }
    }

    #[test]
    fn a_situation_is_one_consumers_exposures_of_one_category() {
        let list = [exposure(3, 1, 7, 0), exposure(3, 1, 8, flag::NEED), exposure(3, 2, 9, 0)];
        let whole = Whole::first_of(&list);
        assert_eq!((whole.situation.len(), whole.has_need()), (2, true));
        assert!(whole.is_plain() && whole.is_considered && !whole.has_friend());
        assert_eq!(Whole::first_of(&list[2..]).situation.len(), 1);
    }

    #[test]
    fn what_needs_more_than_sums_is_not_plain() {
        let is_plain = |list: &[Exposure]| Whole::first_of(list).is_plain();
        let (one, friend) = (exposure(3, 1, 7, 0), exposure(3, 1, 8, flag::FRIEND));
        assert!(is_plain(&[one]) && is_plain(&[friend]));
        assert!(!is_plain(&[one, friend]), "a friend's among others");
        assert!(!is_plain(&[one, one]), "the same twice");
        assert!(!is_plain(&[Exposure { price_bp: 9_000, ..one }]), "at another price");
        for flags in [flag::COUPON, flag::DROPPED] {
            assert!(!is_plain(&[one, Exposure { flags, offer: 9, ..one }]));
        }
        let dropped = Exposure { flags: flag::DROPPED, ..one };
        assert!(!Whole::first_of(&[dropped, dropped]).is_considered);
        assert!(Whole::first_of(&[dropped, one]).is_considered);
        assert_eq!(Whole::first_of(&[friend, friend, one]).friends(&friend), 2);
    }
}
