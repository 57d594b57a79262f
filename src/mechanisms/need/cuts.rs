//! The category of a need, by a word drawn for it.

use crate::market::catalogue::Catalogue;
use crate::rng::unit;
use crate::simd::{self, Kernel};

/// From which word on a category drawn is beyond the first, the second, and so on: categories
/// rise with the word. Those that no word reaches are left out.
#[derive(Debug, Default)]
pub(super) struct Cuts(Vec<u32>);

impl Cuts {
    /// The cuts between the categories of what is sold.
    pub(super) fn of(catalogue: &Catalogue) -> Self {
        let category = |word: u64| usize::from(catalogue.category_at(unit(word as u32)));
        let cut = |k| {
            let (mut low, mut high) = (0, 1 << 32);
            while low < high {
                let middle = (low + high) / 2;
                if category(middle) > k { high = middle } else { low = middle + 1 }
            }
            u32::try_from(low).ok()
        };
        Self((1..catalogue.category_share.len()).map_while(|k| cut(k - 1)).collect())
    }

    /// The category for a word.
    pub(super) fn category(&self, word: u32) -> u16 {
        self.0.iter().map(|cut| u16::from(word >= *cut)).sum()
    }

    /// [`Cuts::category`] of every word.
    pub(super) fn find_categories(&self, words: &[u32], categories: &mut Vec<u32>) {
        categories.clear();
        categories.resize(words.len(), 0);
        simd::widest(Categories { cuts: &self.0, words, categories });
    }
}

/// Cut after cut, since there are few of them and many words.
struct Categories<'a> {
    cuts: &'a [u32],
    words: &'a [u32],
    categories: &'a mut [u32],
}

impl Kernel for Categories<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for cut in self.cuts {
            for (category, word) in self.categories.iter_mut().zip(self.words) {
                *category += u32::from(word >= cut);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_categories_are_those_of_each_word() {
        let cuts = Cuts(vec![0, 7, 1 << 20, 1 << 31, u32::MAX]);
        let mut words: Vec<u32> = (0..100).map(|k: u32| k.wrapping_mul(0x9e37_79b9)).collect();
        words.extend([0, 6, 7, 8, (1 << 31) - 1, 1 << 31, u32::MAX - 1, u32::MAX]);
        let mut categories = vec![9];
        cuts.find_categories(&words, &mut categories);
        let plain = words.iter().map(|word| u32::from(cuts.category(*word)));
        assert_eq!(categories, plain.collect::<Vec<_>>());
    }
}
