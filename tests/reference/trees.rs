//! Sharing trees as plain lists of parents; their shapes are counted pair by pair.

use guanxi::market::message::Node;
use std::collections::BTreeMap;

/// One cascade.
struct Tree {
    /// The parent of every node; the root is its own.
    parents: Vec<u32>,
    last_day: u16,
    filed: bool,
    /// In which order trees that are filed on the same day are added up: floating
    /// sums depend on it. Places of filed trees are given away again, the last first.
    place: usize,
}

/// All cascades, none ever forgotten.
#[derive(Default)]
pub struct Trees {
    trees: Vec<Tree>,
    free_places: Vec<usize>,
    n_places: usize,
    /// Days for which a silent cascade may still grow.
    pub keep_days: u16,
    /// By (size, depth): how many, and the sum of their structural viralities.
    pub shapes: BTreeMap<(u32, u32), (u64, u64)>,
}

impl Trees {
    /// A new cascade; returns its root.
    pub fn plant(&mut self, day: u16) -> Node {
        let place = self.free_places.pop().unwrap_or_else(|| {
            self.n_places += 1;
            self.n_places - 1
        });
        self.trees.push(Tree { parents: vec![0], last_day: day, filed: false, place });
        Node { cascade: self.trees.len() as u32 - 1, index: 0 }
    }

    /// A new node below another.
    pub fn grow(&mut self, parent: Node, day: u16) -> Node {
        let tree = &mut self.trees[parent.cascade as usize];
        assert!(!tree.filed, "a filed cascade does not grow");
        tree.parents.push(parent.index);
        tree.last_day = day;
        Node { cascade: parent.cascade, index: tree.parents.len() as u32 - 1 }
    }

    /// Counts the cascades that have been silent for too long, or all of them.
    pub fn file(&mut self, today: u16, all: bool) {
        let keep = self.keep_days;
        let is_due = |t: &&mut Tree| !t.filed && (all || t.last_day + keep < today);
        let mut due: Vec<&mut Tree> = self.trees.iter_mut().filter(is_due).collect();
        due.sort_by_key(|tree| tree.place);
        for tree in due {
            tree.filed = true;
            self.free_places.push(tree.place);
            let (size, depth, distances) = shape(&tree.parents);
            let entry = self.shapes.entry((size, depth)).or_default();
            entry.0 += 1;
            entry.1 += distances;
        }
    }
}

/// Size, depth and the distances between all pairs of nodes, added up.
fn shape(parents: &[u32]) -> (u32, u32, u64) {
    let n = parents.len();
    let way_up = |node: usize| {
        let mut way = vec![node];
        let mut here = node;
        while here != 0 {
            here = parents[here] as usize;
            way.push(here);
        }
        way
    };
    let ways: Vec<Vec<usize>> = (0..n).map(way_up).collect();
    let mut sum = 0;
    for a in 0..n {
        for b in 0..a {
            let shared = ways[a].iter().filter(|node| ways[b].contains(node)).count();
            sum += ways[a].len() + ways[b].len() - 2 * shared;
        }
    }
    let deepest = ways.iter().map(Vec::len).max().unwrap_or(1) - 1;
    (n as u32, deepest as u32, sum as u64)
}
