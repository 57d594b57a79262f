//! A cascade drawn as a tree: the first sharer on top, whom a share brought below.
//!
//! Leaves take the places in a row; whoever brought others stands above the middle of them.

use crate::report::charts::WIDTH;
use crate::report::say::Both;
use crate::report::svg::{INK, Sheet, colour};

/// Where the tree begins below the title.
const TOP: f64 = 40.0;

/// The depth of each node, where parents come before their children.
fn depths(parents: &[u32]) -> Vec<usize> {
    let mut depths = vec![0; parents.len() + 1];
    for (k, parent) in parents.iter().enumerate() {
        depths[k + 1] = depths[*parent as usize] + 1;
    }
    depths
}

/// The place of each node in its row, in leaves from the left; and the number of leaves.
fn places(parents: &[u32]) -> (Vec<f64>, usize) {
    let n = parents.len() + 1;
    let mut children = vec![Vec::new(); n];
    for (k, parent) in parents.iter().enumerate() {
        children[*parent as usize].push(k + 1);
    }
    let (mut places, mut leaves) = (vec![0.0; n], 0);
    // Down on the way in, the middle of the children on the way out.
    let mut stack = vec![(0, false)];
    while let Some((node, seen)) = stack.pop() {
        let own = &children[node];
        if own.is_empty() {
            places[node] = leaves as f64;
            leaves += 1;
        } else if seen {
            let (first, last) = (own[0], own[own.len() - 1]);
            places[node] = (places[first] + places[last]) / 2.0;
        } else {
            stack.push((node, true));
            stack.extend(own.iter().rev().map(|child| (*child, false)));
        }
    }
    (places, leaves)
}

/// The parents as the table has them, if they are those of a tree.
#[must_use]
pub fn is_tree(parents: &[u32]) -> bool {
    !parents.is_empty() && parents.iter().enumerate().all(|(k, parent)| *parent as usize <= k)
}

/// A tree: the parents of all nodes but the first.
#[must_use]
pub fn tree(title: Both, parents: &[u32], place: usize) -> Sheet {
    let (depths, (places, leaves)) = (depths(parents), places(parents));
    let deepest = depths.iter().copied().max().unwrap_or(0).max(1);
    let gap = ((WIDTH - 40.0) / (leaves.max(2) - 1) as f64).min(40.0);
    let step = (240.0 / deepest as f64).clamp(8.0, 46.0);
    let radius = (gap * 0.38).min(step * 0.3).clamp(1.0, 5.0);
    let left = (WIDTH - gap * (leaves.max(1) - 1) as f64) / 2.0;
    let at = |node: usize| (left + gap * places[node], TOP + step * depths[node] as f64);
    let mut sheet = Sheet::new(title, WIDTH, TOP + step * deepest as f64 + 14.0);
    for (k, parent) in parents.iter().enumerate() {
        sheet.line(at(*parent as usize), at(k + 1), "#999999", 1.0);
    }
    for node in 1..depths.len() {
        let (x, y) = at(node);
        sheet.dot(x, y, (radius * 10.0).round() / 10.0, colour(place));
    }
    let (x, y) = at(0);
    sheet.dot(x, y, (radius * 16.0).round() / 10.0, INK);
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_stand_above_the_middle_of_whom_they_brought() {
        // 0 brought 1 and 2; 2 brought 3 and 4.
        let parents = [0, 0, 2, 2];
        assert!(is_tree(&parents) && !is_tree(&[1]) && !is_tree(&[]));
        let (places, leaves) = places(&parents);
        assert_eq!(leaves, 3);
        assert_eq!(places, [0.75, 0.0, 1.5, 1.0, 2.0]);
        assert_eq!(depths(&parents), [0, 1, 1, 2, 2]);
    }
}
