//! The trees of cascades in little room: most have a few nodes.

use std::collections::BTreeMap;

/// Nodes of a small tree but the root.
pub(super) const SMALL: usize = 12;

/// Stands for the number of nodes of a larger tree, whose parents stand elsewhere.
const LARGE: u8 = u8::MAX;

/// A tree by the parents of its nodes: node k + 1 has the k-th, whose index is smaller.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tree {
    parents: [u8; SMALL],
    n: u8,
    /// Whether it can still grow.
    pub(super) live: bool,
    /// Day on which it was planted or grew last.
    pub(super) last_day: u16,
}

/// Trees by their slots.
#[derive(Clone, Debug, Default)]
pub(super) struct Trees {
    /// All of them.
    pub(super) all: Vec<Tree>,
    /// Parents of the large ones.
    pub(super) large: Large,
}

/// Parents of the nodes of large trees, by slot.
pub(super) type Large = BTreeMap<u32, Vec<u32>>;

crate::state! {
    Tree { parents, n, live, last_day }
    Trees { all, large }
}

impl Tree {
    /// A root that was planted on a day.
    pub(super) fn planted(day: u16) -> Self {
        Self { live: true, last_day: day, ..Self::default() }
    }

    /// Parents of all nodes but the root; none where the tree is large, and they stand elsewhere.
    #[inline]
    pub(super) fn few(&self) -> Option<&[u8]> {
        self.parents.get(..usize::from(self.n))
    }
}

impl Trees {
    /// Adds a node to the tree in a slot; returns its index.
    #[inline]
    pub(super) fn grow(&mut self, slot: u32, parent: u32, day: u16) -> u32 {
        let tree = &mut self.all[slot as usize];
        tree.last_day = day;
        if let Some(place) = tree.parents.get_mut(usize::from(tree.n)) {
            *place = parent as u8;
            tree.n += 1;
            return u32::from(tree.n);
        }
        self.grow_large(slot, parent)
    }

    #[cold]
    fn grow_large(&mut self, slot: u32, parent: u32) -> u32 {
        let Self { all, large } = self;
        let tree = &mut all[slot as usize];
        let parents = large.entry(slot).or_insert_with(|| tree.parents.map(u32::from).to_vec());
        tree.n = LARGE;
        parents.push(parent);
        parents.len() as u32
    }

    /// Forgets the parents of a tree that is filed.
    pub(super) fn forget(&mut self, slot: u32) {
        self.large.remove(&slot);
    }

    /// Keeps every `step`-th slot from `first` on, as the first, second …
    pub(super) fn keep(&mut self, first: usize, step: usize) {
        let own = |slot: &u32| *slot as usize % step == first;
        self.all = std::mem::take(&mut self.all).into_iter().skip(first).step_by(step).collect();
        let large = std::mem::take(&mut self.large).into_iter().filter(|(slot, _)| own(slot));
        self.large = large.map(|(slot, parents)| (slot / step as u32, parents)).collect();
    }

    /// Puts other trees at every `step`-th slot from `first` on.
    pub(super) fn spread(&mut self, others: Self, first: usize, step: usize) {
        let slot = |k: usize| k * step + first;
        if let Some(last) = others.all.len().checked_sub(1) {
            let n = self.all.len().max(slot(last) + 1);
            self.all.resize_with(n, Tree::default);
        }
        for (k, tree) in others.all.into_iter().enumerate() {
            self.all[slot(k)] = tree;
        }
        for (k, parents) in others.large {
            self.large.insert(slot(k as usize) as u32, parents);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree that grows at its end, and one that grows at its root, beside each other.
    fn grown(n: u32) -> Trees {
        let mut trees = Trees { all: vec![Tree::planted(3); 2], large: Large::new() };
        for k in 0..n {
            assert_eq!(trees.grow(0, k, 4), k + 1);
            assert_eq!(trees.grow(1, 0, 5), k + 1);
        }
        trees
    }

    fn parents(trees: &Trees, slot: u32) -> Vec<u32> {
        let few = trees.all[slot as usize].few();
        few.map_or_else(
            || trees.large[&slot].clone(),
            |few| few.iter().map(|p| u32::from(*p)).collect(),
        )
    }

    #[test]
    fn trees_grow_from_small_to_large() {
        for n in [0, 1, 11, 12, 13, 300] {
            let trees = grown(n);
            assert!(parents(&trees, 0).into_iter().eq(0..n), "{n}");
            assert_eq!(parents(&trees, 1), vec![0; n as usize], "{n}");
            assert_eq!(trees.large.len(), if n > 12 { 2 } else { 0 });
        }
    }

    #[test]
    fn trees_are_divided_and_put_together_again() {
        let mut all = Trees::default();
        for (k, n) in [0, 20, 3, 40, 12, 13, 1].into_iter().enumerate() {
            let part = grown(n);
            all.spread(Trees { all: vec![part.all[0]], large: part.large }, k, 1);
            all.large.remove(&(k as u32 + 1));
        }
        for step in 1..9 {
            let mut again = Trees::default();
            for first in 0..step {
                let mut part = all.clone();
                part.keep(first, step);
                again.spread(part, first, step);
            }
            for slot in 0..7 {
                assert_eq!(parents(&again, slot), parents(&all, slot), "{slot} of {step}");
            }
        }
    }
}
