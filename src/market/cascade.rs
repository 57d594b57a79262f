//! Cascades: who bought because who shared, as trees with size, depth and
//! structural virality (Goel et al. 2016, doi 10.1287/mnsc.2015.2158).

use super::message::Node;
use crate::exchange::add;
use smallvec::SmallVec;
use std::collections::BTreeMap;

/// Cascades that went the same way: so many nodes, so deep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// Number of cascades.
    pub count: u64,
    /// Sum of their structural viralities (mean distance between two nodes).
    pub virality_sum: f64,
}

/// Most nodes of a tree that are kept to be drawn.
const DRAWN: usize = 200;

/// The largest of the filed cascades: of equal size the deeper one, of equal depth the one
/// whose list of parents is smaller, so that the order of filing does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// Its nodes.
    pub size: u32,
    /// Its depth.
    pub depth: u32,
    /// Parents of its first nodes but the root; a node's parent comes before it.
    pub parents: Vec<u32>,
}

impl Largest {
    /// Takes the place of another where it is larger.
    fn rival(&mut self, size: u32, depth: u32, parents: &[u32]) {
        if (size, depth) < (self.size, self.depth) {
            return;
        }
        let shown = &parents[..parents.len().min(DRAWN - 1)];
        if (size, depth) > (self.size, self.depth) || shown < self.parents.as_slice() {
            *self = Self { size, depth, parents: shown.to_vec() };
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Tree {
    /// Parent of node k + 1; a node's parent has a smaller index. Most trees are small.
    parents: SmallVec<[u32; 4]>,
    last_day: u16,
    live: bool,
}

/// The cascades of one platform.
#[derive(Clone, Debug, Default)]
pub struct Cascades {
    trees: Vec<Tree>,
    free: Vec<u32>,
    keep_days: u16,
    shapes: BTreeMap<(u32, u32), Shape>,
    largest: Largest,
}

crate::state! {
    Shape { count, virality_sum }
    Largest { size, depth, parents }
    Tree { parents, last_day, live }
    Cascades { trees, free, shapes, largest; except keep_days }
}

impl Cascades {
    /// Keeps a silent cascade for at least so many days, since a message of it may
    /// still be under way.
    pub fn keep_for(&mut self, days: u16) {
        self.keep_days = self.keep_days.max(days);
    }

    /// A new cascade; returns its root.
    pub fn plant(&mut self, day: u16) -> Node {
        let tree = Tree { parents: SmallVec::new(), last_day: day, live: true };
        let cascade = match self.free.pop() {
            Some(slot) => {
                self.trees[slot as usize] = tree;
                slot
            }
            None => {
                add(&mut self.trees, tree);
                self.trees.len() as u32 - 1
            }
        };
        Node { cascade, index: 0 }
    }

    /// A new node below `parent`.
    pub fn grow(&mut self, parent: Node, day: u16) -> Node {
        let tree = &mut self.trees[parent.cascade as usize];
        debug_assert!(tree.live, "a message outlived its cascade");
        tree.parents.push(parent.index);
        tree.last_day = day;
        Node { cascade: parent.cascade, index: tree.parents.len() as u32 }
    }

    /// Files the cascades that can grow no more; at the end of a run, all of them.
    pub fn retire(&mut self, today: u16, all: bool) {
        for slot in 0..self.trees.len() {
            let tree = &mut self.trees[slot];
            if tree.live && (all || tree.last_day + self.keep_days < today) {
                tree.live = false;
                let parents = std::mem::take(&mut tree.parents);
                let (size, depth, virality) = shape_of(&parents);
                self.largest.rival(size, depth, &parents);
                let shape = self.shapes.entry((size, depth)).or_default();
                shape.count += 1;
                shape.virality_sum += virality;
                self.free.push(slot as u32);
            }
        }
    }

    /// Filed cascades by (size, depth).
    #[must_use]
    pub fn shapes(&self) -> &BTreeMap<(u32, u32), Shape> {
        &self.shapes
    }

    /// Forgets what was filed, at the end of a burn-in.
    pub fn forget_filed(&mut self) {
        self.shapes.clear();
        self.largest = Largest::default();
    }

    /// The largest filed cascade; nothing where none is filed.
    #[must_use]
    pub fn largest(&self) -> &Largest {
        &self.largest
    }
}

/// Size, depth and mean distance between two different nodes (0 for a lone root).
fn shape_of(parents: &[u32]) -> (u32, u32, f64) {
    let n = parents.len() + 1;
    if n == 1 {
        return (1, 0, 0.0);
    }
    let mut below = vec![1_u64; n];
    let mut depth = vec![0_u32; n];
    for node in 1..n {
        depth[node] = depth[parents[node - 1] as usize] + 1;
    }
    // An edge with s nodes below it lies between s (n - s) pairs (Wiener 1947).
    let mut pairs = 0;
    for node in (1..n).rev() {
        pairs += below[node] * (n as u64 - below[node]);
        below[parents[node - 1] as usize] += below[node];
    }
    let all_pairs = n as f64 * (n as f64 - 1.0) / 2.0;
    let deepest = depth.iter().copied().max().unwrap_or(0);
    (n as u32, deepest, pairs as f64 / all_pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_small_trees_are_those_counted_by_hand() {
        assert_eq!(shape_of(&[]), (1, 0, 0.0));
        assert_eq!(shape_of(&[0]), (2, 1, 1.0));
        // A star of four: three pairs at distance 1, three at 2.
        assert_eq!(shape_of(&[0, 0, 0]), (4, 1, 1.5));
        // A chain of four: distances 1, 1, 1, 2, 2, 3.
        assert_eq!(shape_of(&[0, 1, 2]), (4, 3, 10.0 / 6.0));
    }

    #[test]
    fn the_largest_is_the_same_in_whatever_order_they_are_filed() {
        let trees: [&[u32]; 4] = [&[0, 0, 0], &[0, 1, 2], &[0, 1, 1], &[0]];
        let of = |order: [usize; 4]| {
            let mut largest = Largest::default();
            for k in order {
                let (size, depth, _) = shape_of(trees[k]);
                largest.rival(size, depth, trees[k]);
            }
            largest
        };
        assert_eq!(of([0, 1, 2, 3]).parents, [0, 1, 2], "of equal size the deeper one");
        assert_eq!(of([0, 1, 2, 3]), of([3, 2, 1, 0]));
        let mut many = Largest::default();
        many.rival(5000, 1, &vec![0; 4999]);
        assert_eq!((many.size, many.parents.len()), (5000, 199));
    }

    #[test]
    fn a_silent_cascade_is_filed_once_and_its_place_reused() {
        let mut cascades = Cascades::default();
        cascades.keep_for(2);
        let root = cascades.plant(0);
        let child = cascades.grow(root, 1);
        cascades.grow(child, 1);
        cascades.retire(3, false);
        assert!(cascades.shapes().is_empty());
        cascades.retire(4, false);
        assert_eq!(cascades.shapes()[&(3, 2)].count, 1);
        assert_eq!(cascades.plant(4).cascade, root.cascade);
    }
}
