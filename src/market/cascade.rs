//! Cascades: who bought because who shared, as trees with size, depth and
//! structural virality (Goel et al. 2016, doi 10.1287/mnsc.2015.2158).

use super::message::Node;
use super::trees::{Large, SMALL, Tree, Trees};
use crate::columns::{Columns, State};
use crate::exchange::link::Link;
use crate::exchange::{AHEAD, add, add_all};
use crate::parallel;
use crate::simd::prefetch;
use std::collections::BTreeMap;

/// Cascades that went the same way: so many nodes, so deep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shape {
    /// Number of cascades.
    pub count: u64,
    /// Sum of the distances of all pairs of nodes, over all of them: a whole number, so that
    /// the order of filing does not show.
    pub distances: u64,
}

impl Shape {
    /// Adds a cascade whose nodes have so large a sum of distances.
    #[inline]
    fn enter(&mut self, distances: u64) {
        self.add(Self { count: 1, distances });
    }

    #[inline]
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.distances += other.distances;
    }

    /// Mean over cascades of so many nodes of their structural virality, the mean distance
    /// between two different nodes (0 for a lone root).
    #[must_use]
    pub fn mean_virality(&self, size: u32) -> f64 {
        let n = f64::from(size);
        let pairs = (n * (n - 1.0) / 2.0).max(1.0);
        self.distances as f64 / (pairs * self.count as f64)
    }
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
    /// Whether one of that size and depth may take its place.
    #[inline]
    fn may_yield_to(&self, size: u32, depth: u32) -> bool {
        (size, depth) >= (self.size, self.depth)
    }

    /// Takes the place of another where it is larger.
    fn rival(&mut self, size: u32, depth: u32, parents: &[u32]) {
        if !self.may_yield_to(size, depth) {
            return;
        }
        let shown = &parents[..parents.len().min(DRAWN - 1)];
        if (size, depth) > (self.size, self.depth) || shown < self.parents.as_slice() {
            *self = Self { size, depth, parents: shown.to_vec() };
        }
    }
}

/// The cascades of one platform: a rank holds those that it planted.
#[derive(Clone, Debug, Default)]
pub struct Cascades {
    /// The own rank's trees; the number of the one at slot s of rank r of R is s·R + r.
    trees: Trees,
    free: Vec<u32>,
    keep_days: u16,
    shapes: BTreeMap<(u32, u32), Shape>,
    largest: Largest,
}

crate::state! {
    Shape { count, distances }
    Largest { size, depth, parents }
    Cascades { trees, free, shapes, largest; except keep_days }
}

/// Pieces of the trees that are looked through side by side; they shape no result.
const MAX_PIECES: usize = 64;

/// Fewer trees are one piece.
const LEAST_PIECE: usize = 1_024;

/// Sizes and depths of small trees, the root counted.
const SIZES: usize = SMALL + 2;

/// Shapes of small trees, by size and then by depth: nearly all of them.
type Small = [[Shape; SIZES]; SIZES];

/// What is filed of a piece of the trees.
struct Filed {
    small: Box<Small>,
    shapes: BTreeMap<(u32, u32), Shape>,
    largest: Largest,
    free: Vec<u32>,
    /// Of the free slots those of large trees.
    large: Vec<u32>,
}

impl Filed {
    /// Files the trees that grew last before a day, the first of them at slot `first`.
    fn of(trees: &mut [Tree], large: &Large, first: usize, before: u16) -> Self {
        let mut filed = Self {
            small: Box::default(),
            shapes: BTreeMap::new(),
            largest: Largest::default(),
            free: Vec::new(),
            large: Vec::new(),
        };
        for (slot, tree) in (first as u32..).zip(trees) {
            if tree.live && tree.last_day < before {
                tree.live = false;
                filed.free.push(slot);
                match tree.few() {
                    Some(parents) => filed.enter_small(parents),
                    None => filed.enter_large(slot, large),
                }
            }
        }
        filed
    }

    fn enter_small(&mut self, parents: &[u8]) {
        let (size, depth, distances) = match parents {
            // As it mostly is.
            [] => (1, 0, 0),
            [_] => (2, 1, 1),
            parents => shape_of(parents, &mut [1; SIZES], &mut [0; SIZES]),
        };
        self.small[size as usize][depth as usize].enter(distances);
        if self.largest.may_yield_to(size, depth) {
            let parents: Vec<u32> = parents.iter().copied().map(u32::from).collect();
            self.largest.rival(size, depth, &parents);
        }
    }

    fn enter_large(&mut self, slot: u32, large: &Large) {
        let parents = large.get(&slot).map_or(&[][..], Vec::as_slice);
        let n = parents.len() + 1;
        let (size, depth, distances) = shape_of(parents, &mut vec![1; n], &mut vec![0; n]);
        self.shapes.entry((size, depth)).or_default().enter(distances);
        self.largest.rival(size, depth, parents);
        self.large.push(slot);
    }
}

impl Cascades {
    /// Keeps a silent cascade for at least so many days, since a message of it may
    /// still be under way.
    pub fn keep_for(&mut self, days: u16) {
        self.keep_days = self.keep_days.max(days);
    }

    /// A new cascade; returns its root.
    pub fn plant(&mut self, link: &Link, day: u16) -> Node {
        let (trees, tree) = (&mut self.trees.all, Tree::planted(day));
        let slot = match self.free.pop() {
            Some(slot) => {
                trees[slot as usize] = tree;
                slot
            }
            None => {
                add(trees, tree);
                trees.len() as u32 - 1
            }
        };
        Node { cascade: slot * link.count() as u32 + link.rank() as u32, index: 0 }
    }

    /// New cascades, whose roots take the place of all nodes of some lists.
    pub fn plant_all(&mut self, link: &Link, mut lists: Vec<Vec<&mut Node>>, day: u16) {
        let n = lists.iter().map(Vec::len).sum();
        let roots: Vec<Node> = (0..n).map(|_| self.plant(link, day)).collect();
        scatter(&mut lists, &roots);
    }

    /// Gives every item of a list its place: a new node below the one that it has, or the root of
    /// a new cascade. For a rank that is alone.
    pub fn place<T>(
        &mut self,
        link: &Link,
        items: &mut [T],
        node: impl Fn(&mut T) -> &mut Node,
        day: u16,
    ) {
        debug_assert!(link.is_alone(), "other ranks' cascades are asked for");
        let touch = |trees: &Trees, item: &mut T| {
            prefetch(&trees.all, node(item).cascade as usize);
        };
        items.iter_mut().take(AHEAD).for_each(|item| touch(&self.trees, item));
        for k in 0..items.len() {
            if let Some(later) = items.get_mut(k + AHEAD) {
                touch(&self.trees, later);
            }
            let node = node(&mut items[k]);
            *node = match *node {
                Node::NONE => self.plant(link, day),
                parent => self.grow_at(parent.cascade, parent, day),
            };
        }
    }

    /// New nodes below those of a list, which they replace. Who planted a cascade is asked
    /// for a node of it, and answers at once.
    pub fn grow_all(&mut self, link: &Link, nodes: &mut [Node], day: u16) {
        if link.is_alone() {
            // Trees lie anywhere: they are asked for on the way.
            for k in 0..nodes.len() {
                if let Some(later) = nodes.get(k + AHEAD) {
                    prefetch(&self.trees.all, later.cascade as usize);
                }
                nodes[k] = self.grow_at(nodes[k].cascade, nodes[k], day);
            }
            return;
        }
        let owner = |node: &Node| node.cascade as usize % link.count();
        let mut asked = vec![Vec::new(); link.count()];
        nodes.iter().for_each(|node| asked[owner(node)].push(*node));
        let mut asked = link.deliver(asked);
        for node in asked.iter_mut().flatten() {
            *node = self.grow_at(node.cascade / link.count() as u32, *node, day);
        }
        let mut grown: Vec<_> = link.deliver(asked).into_iter().map(Vec::into_iter).collect();
        for node in nodes {
            let new = grown[owner(node)].next();
            assert!(new.is_some(), "a node for every one that was asked for");
            *node = new.unwrap_or(Node::NONE);
        }
    }

    /// A new node below `parent`, whose cascade is in a slot of this rank.
    #[inline]
    fn grow_at(&mut self, slot: u32, parent: Node, day: u16) -> Node {
        debug_assert!(self.trees.all[slot as usize].live, "a message outlived its cascade");
        Node { cascade: parent.cascade, index: self.trees.grow(slot, parent.index, day) }
    }

    /// Files the cascades that can grow no more; at the end of a run, all of them.
    pub fn retire(&mut self, today: u16, all: bool) {
        let before = if all { u16::MAX } else { today.saturating_sub(self.keep_days) };
        let Trees { all: trees, large } = &mut self.trees;
        let size = trees.len().div_ceil(MAX_PIECES).max(LEAST_PIECE);
        let mut pieces: Vec<_> = (0..).step_by(size).zip(trees.chunks_mut(size)).collect();
        let filed: Vec<Filed> =
            parallel::map(&mut pieces, |(first, trees)| Filed::of(trees, large, *first, before));
        let mut small = Small::default();
        for filed in filed {
            // Piece after piece into one table: maps would be searched for every shape of each.
            let pairs = small.as_flattened_mut().iter_mut().zip(filed.small.as_flattened());
            pairs.for_each(|(sum, shape)| sum.add(*shape));
            add_shapes(&mut self.shapes, filed.shapes);
            let Largest { size, depth, parents } = &filed.largest;
            self.largest.rival(*size, *depth, parents);
            filed.large.iter().for_each(|slot| self.trees.forget(*slot));
            add_all(&mut self.free, filed.free.into_iter());
        }
        for (size, depths) in (0..).zip(&small) {
            for (depth, shape) in (0..).zip(depths).filter(|(_, shape)| shape.count > 0) {
                self.shapes.entry((size, depth)).or_default().add(*shape);
            }
        }
    }

    /// The own rank's filed cascades by (size, depth).
    #[must_use]
    pub fn shapes(&self) -> &BTreeMap<(u32, u32), Shape> {
        &self.shapes
    }

    /// All ranks' filed cascades.
    #[must_use]
    pub fn all_shapes(&self, link: &Link) -> BTreeMap<(u32, u32), Shape> {
        let mut all = BTreeMap::new();
        link.gather(self.shapes.clone()).into_iter().for_each(|part| add_shapes(&mut all, part));
        all
    }

    /// The trees, in or out of a checkpoint: all ranks' as of one that planted them all. A
    /// number keeps its meaning, so that nodes need not change; whose slot it is depends on
    /// how many ranks there are.
    pub fn columns(&mut self, io: &mut Columns<'_>) {
        let (rank, ranks) = io.rank();
        if io.is_loading() {
            self.visit(io);
            return if ranks > 1 {
                self.keep_own(rank, ranks)
            };
        }
        match io.of_all(|io| self.visit(io)) {
            None => self.visit(io),
            Some(parts) => Self::joined(&parts).visit(io),
        }
    }

    /// One that holds what all ranks do.
    fn joined(parts: &[Vec<u8>]) -> Self {
        let ranks = parts.len();
        let mut all = Self::default();
        for (rank, mut bytes) in parts.iter().map(Vec::as_slice).enumerate() {
            let (mut part, n) = (Self::default(), bytes.len() as u64);
            part.visit(&mut Columns::load(&mut bytes, n));
            all.trees.spread(part.trees, rank, ranks);
            add_shapes(&mut all.shapes, part.shapes);
            let Largest { size, depth, parents } = part.largest;
            all.largest.rival(size, depth, &parents);
        }
        let trees = &all.trees.all;
        let is_free = |slot: &u32| !trees[*slot as usize].live;
        all.free = (0..trees.len() as u32).rev().filter(is_free).collect();
        all
    }

    /// Keeps of all trees those of a rank; what was filed is the first one's.
    fn keep_own(&mut self, rank: usize, ranks: usize) {
        self.trees.keep(rank, ranks);
        self.free.retain(|slot| *slot as usize % ranks == rank);
        self.free.iter_mut().for_each(|slot| *slot /= ranks as u32);
        if rank > 0 {
            self.forget_filed();
        }
    }

    /// Forgets what was filed, at the end of a burn-in.
    pub fn forget_filed(&mut self) {
        self.shapes.clear();
        self.largest = Largest::default();
    }

    /// The largest of all ranks' filed cascades; nothing where none is filed.
    #[must_use]
    pub fn largest(&self, link: &Link) -> Largest {
        let mut all = Largest::default();
        for Largest { size, depth, parents } in link.gather(self.largest.clone()) {
            all.rival(size, depth, &parents);
        }
        all
    }
}

/// Fewer nodes are written by one thread: to wake another takes longer. Shapes no result.
const FEW: usize = 4_096;

/// Puts others in the place of the nodes of some lists; many side by side.
fn scatter(lists: &mut [Vec<&mut Node>], nodes: &[Node]) {
    let put = |list: &mut [&mut Node], nodes: &[Node]| {
        list.iter_mut().zip(nodes).for_each(|(node, new)| **node = *new);
    };
    let mut rest = nodes;
    let parts = lists.iter_mut().map(|list| {
        let (part, later) = rest.split_at(list.len());
        rest = later;
        (list, part)
    });
    if nodes.len() < FEW {
        parts.for_each(|(list, part)| put(list, part));
    } else {
        parallel::each(&mut parts.collect::<Vec<_>>(), |_, (list, part)| put(list, part));
    }
}

/// Adds to some shapes others.
fn add_shapes(all: &mut BTreeMap<(u32, u32), Shape>, more: BTreeMap<(u32, u32), Shape>) {
    more.into_iter().for_each(|(key, shape)| all.entry(key).or_default().add(shape));
}

/// Size, depth and the sum of the distances of all pairs of nodes, whose parents are given but
/// the root's; the numbers of nodes below and including each begin with 1, depths with 0.
fn shape_of<P: Copy + Into<u32>>(
    parents: &[P],
    below: &mut [u64],
    depth: &mut [u32],
) -> (u32, u32, u64) {
    let n = parents.len() + 1;
    let mut deepest = 0;
    for (node, parent) in (1..).zip(parents) {
        depth[node] = depth[(*parent).into() as usize] + 1;
        deepest = deepest.max(depth[node]);
    }
    // An edge with s nodes below it lies between s (n - s) pairs (Wiener 1947).
    let mut pairs = 0;
    for (node, parent) in (1..n).zip(parents).rev() {
        pairs += below[node] * (n as u64 - below[node]);
        below[(*parent).into() as usize] += below[node];
    }
    (n as u32, deepest, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(parents: &[u32]) -> (u32, u32, u64) {
        let n = parents.len() + 1;
        super::shape_of(parents, &mut vec![1; n], &mut vec![0; n])
    }

    #[test]
    fn shapes_of_small_trees_are_those_counted_by_hand() {
        assert_eq!(shape_of(&[]), (1, 0, 0));
        assert_eq!(shape_of(&[0]), (2, 1, 1));
        // A star of four: three pairs at distance 1, three at 2.
        assert_eq!(shape_of(&[0, 0, 0]), (4, 1, 9));
        // A chain of four: distances 1, 1, 1, 2, 2, 3.
        assert_eq!(shape_of(&[0, 1, 2]), (4, 3, 10));
        assert_eq!(Shape { count: 2, distances: 19 }.mean_virality(4), 19.0 / 12.0);
        assert_eq!(Shape { count: 3, distances: 0 }.mean_virality(1), 0.0);
    }

    /// Bytes of what ranks hold together, as the first one writes them.
    fn written(parts: &mut [Cascades]) -> Vec<u8> {
        let bytes = |one: &mut Cascades| {
            let mut bytes = Vec::new();
            one.visit(&mut Columns::save(&mut bytes));
            bytes
        };
        let parts: Vec<Vec<u8>> = parts.iter_mut().map(bytes).collect();
        bytes(&mut Cascades::joined(&parts))
    }

    #[test]
    fn trees_keep_their_numbers_among_other_ranks() {
        let mut trees = Trees { all: vec![Tree::planted(0); 11], ..Trees::default() };
        for slot in 0..11 {
            for _ in 0..2 * slot {
                trees.grow(slot, 0, 0);
            }
            let tree = &mut trees.all[slot as usize];
            (tree.last_day, tree.live) = (slot as u16, slot % 4 != 1);
        }
        let free = (0..11).rev().filter(|k| k % 4 == 1).collect();
        let shapes = BTreeMap::from([((2, 1), Shape { count: 3, distances: 3 })]);
        let largest = Largest { size: 2, depth: 1, parents: vec![0] };
        let all = Cascades { trees, free, keep_days: 0, shapes, largest };
        let of = |rank, ranks| {
            let mut own = all.clone();
            own.keep_own(rank, ranks);
            own
        };
        let expected = written(&mut [all.clone()]);
        for ranks in 2..14 {
            let mut parts: Vec<Cascades> = (0..ranks).map(|rank| of(rank, ranks)).collect();
            for (rank, part) in parts.iter().enumerate() {
                let days = part.trees.all.iter().map(|tree| usize::from(tree.last_day));
                assert!(days.eq((rank..11).step_by(ranks)), "{rank} of {ranks}");
            }
            assert!(written(&mut parts) == expected, "{ranks} ranks");
        }
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
        let link = Link::alone();
        let root = cascades.plant(&link, 0);
        let mut node = root;
        for _ in 0..2 {
            cascades.place(&link, &mut [&mut node], |node| node, 1);
        }
        cascades.retire(3, false);
        assert!(cascades.shapes().is_empty());
        cascades.retire(4, false);
        assert_eq!(cascades.shapes()[&(3, 2)].count, 1);
        assert_eq!(cascades.plant(&link, 4).cascade, root.cascade);
    }
}
