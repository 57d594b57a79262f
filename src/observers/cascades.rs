//! The tables `cascades`: how far sharing carried, one row a size and depth; and
//! `largest_cascade`: who brought whom in the largest, so that it can be drawn.

use crate::exchange::link::Link;
use crate::market::cascade::{Cascades, Shape};
use crate::table::{Cell, Rows};

/// Cascades of one size and depth.
pub struct ShapeView {
    size: u32,
    depth: u32,
    shape: Shape,
}

crate::table! {
    /// One row a size and depth.
    Shapes("cascades", "one row a size and depth: cascades of sharing and buying that ended or stood at the end", v: ShapeView) {
        size_count: Integer, "consumers", "nodes: the first sharer and all who bought through the shares", "规模" => Cell::from(v.size);
        depth_count: Integer, "generations", "longest chain from the first sharer", "深度" => Cell::from(v.depth);
        cascades_count: Integer, "cascades", "cascades of that size and depth", "级联数" => Cell::from(v.shape.count);
        structural_virality_mean: Number, "1", "mean distance between two nodes (Goel et al. 2016), mean over these cascades", "结构病毒性均值" => Cell::Number(v.shape.mean_virality(v.size));
    }
}

/// A node of the largest cascade.
pub struct NodeView {
    node: u32,
    parent: Option<u32>,
    size: u32,
}

crate::table! {
    /// One row a node of the largest cascade.
    Largest("largest_cascade", "one row a consumer of the run's largest cascade, in the order of joining: whose share brought them; at most its first 200", v: NodeView) {
        node: Integer, "1", "consumer within the cascade, from 0, the first sharer", "级联内序号,0 为首位分享者" => Cell::from(v.node);
        parent: Integer, "1", "whose share brought them, an earlier node; empty for the first", "由谁的分享带来(更早的序号);首位为空" => v.parent.map_or(Cell::Missing, Cell::from);
        size_count: Integer, "consumers", "size of the whole cascade", "整个级联的规模" => Cell::from(v.size);
    }
}

/// The rows of a run's largest cascade; none where nobody brought anybody.
#[must_use]
pub fn largest_rows(cascades: &Cascades, link: &Link) -> Rows {
    let mut rows = Rows::new(&Largest::SCHEMA);
    let tree = cascades.largest(link);
    let root = (!tree.parents.is_empty()).then_some(None);
    let parents = tree.parents.iter().map(|parent| Some(*parent));
    for (node, parent) in root.into_iter().chain(parents).enumerate() {
        rows.push(Largest::row(&NodeView { node: node as u32, parent, size: tree.size }));
    }
    rows
}

/// The rows of a run.
#[must_use]
pub fn rows(cascades: &Cascades, link: &Link) -> Rows {
    let mut rows = Rows::new(&Shapes::SCHEMA);
    for ((size, depth), shape) in cascades.all_shapes(link) {
        rows.push(Shapes::row(&ShapeView { size, depth, shape }));
    }
    rows
}
