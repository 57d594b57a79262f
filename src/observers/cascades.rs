//! The table `cascades`: how far sharing carried, one row a size and depth.

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

/// The rows of a run.
#[must_use]
pub fn rows(cascades: &Cascades, link: &Link) -> Rows {
    let mut rows = Rows::new(&Shapes::SCHEMA);
    for ((size, depth), shape) in cascades.all_shapes(link) {
        rows.push(Shapes::row(&ShapeView { size, depth, shape }));
    }
    rows
}
