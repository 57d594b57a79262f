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
    /// A situation by its first exposure, that one's position in the shard's list and its row, and
    /// how many there are.
    #[inline(always)]
    #[must_use]
    pub fn of(first: &Exposure, (place, row): (usize, usize), length: u32, facts: u16) -> Self {
        let address = Address::new(first.to, u32::from(first.category));
        Self { address, shift: place.wrapping_sub(row) as u32, length, facts }
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
        Whole { situation, facts: self.facts }
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
}

impl Whole<'_> {
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
pub struct Extent {
    /// How many exposures it has.
    pub length: u32,
    /// As of [`Whole`].
    pub facts: u16,
    /// Whether goods of it reach the decider.
    pub is_considered: bool,
}

impl Extent {
    /// Of the first situation of a list that is not empty, of any number of exposures; each is told
    /// to `touch`, which may ask for its offer.
    #[inline(never)]
    #[must_use]
    pub fn of_several(list: &[Exposure], touch: &impl Fn(&Exposure)) -> Self {
        let [first, others @ ..] = list else {
            return Self { length: 0, facts: 0, is_considered: false };
        };
        touch(first);
        // If a friend sent one exposure of several, that counts for some and not for others.
        const NOT_PLAIN: u8 = flag::DROPPED | flag::COUPON | flag::FRIEND;
        let (mut any, mut all, mut cut) = (first.flags, first.flags, first.price_bp ^ FULL_PRICE);
        let (mut may_repeat, mut offer, mut length) = (false, first.offer, 1);
        for e in others {
            if !e.is_weighed_with(first) {
                break;
            }
            touch(e);
            (any, all, cut) = (any | e.flags, all & e.flags, cut | (e.price_bp ^ FULL_PRICE));
            may_repeat |= e.offer == offer;
            (offer, length) = (e.offer, length + 1);
        }
        let is_plain = any & NOT_PLAIN == 0 && cut == 0 && !may_repeat;
        let is_considered = first.category != NO_CATEGORY && all & flag::DROPPED == 0;
        Self { length, facts: facts(any, is_plain), is_considered }
    }
}

/// The facts of a situation of one exposure that is considered.
#[inline(always)]
#[must_use]
pub fn facts_of(e: &Exposure) -> u16 {
    let cut = e.price_bp ^ FULL_PRICE;
    facts(e.flags, u16::from(e.flags & flag::COUPON) | cut == 0)
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

    /// As the batch reads it.
    fn extent(list: &[Exposure]) -> Extent {
        let extent = Extent::of_several(list, &|_: &Exposure| ());
        if let [one] = list
            && is_considered(one)
        {
            return Extent { facts: facts_of(one), ..extent };
        }
        extent
    }

    #[test]
    fn a_situation_is_one_consumers_exposures_of_one_category() {
        let list = [exposure(3, 1, 7, 0), exposure(3, 1, 8, flag::NEED), exposure(3, 2, 9, 0)];
        let Extent { length, facts, is_considered } = extent(&list);
        let situation = Situation::of(&list[0], (0, 0), length, facts);
        assert_eq!((situation.length, situation.has_need()), (2, true));
        let whole = situation.among(&list, 0);
        assert!(whole.is_plain() && is_considered && !whole.has_friend());
        assert_eq!(extent(&list[2..]).length, 1);
    }

    #[test]
    fn what_needs_more_than_sums_is_not_plain() {
        let is_plain = |list: &[Exposure]| extent(list).facts & PLAIN != 0;
        let (one, friend) = (exposure(3, 1, 7, 0), exposure(3, 1, 8, flag::FRIEND));
        assert!(is_plain(&[one]) && is_plain(&[friend]));
        assert!(!is_plain(&[one, friend]), "a friend's among others");
        assert!(!is_plain(&[one, one]), "the same twice");
        assert!(!is_plain(&[Exposure { price_bp: 9_000, ..one }]), "at another price");
        for flags in [flag::COUPON, flag::DROPPED] {
            assert!(!is_plain(&[one, Exposure { flags, offer: 9, ..one }]));
        }
        let dropped = Exposure { flags: flag::DROPPED, ..one };
        assert!(!extent(&[dropped, dropped]).is_considered);
        assert!(extent(&[dropped, one]).is_considered);
        let whole = Whole { situation: &[friend, friend, one], facts: 0 };
        assert_eq!(whole.friends(&friend), 2);
    }
}
