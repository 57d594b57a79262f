//! The parts of the page, in the order in which they are read: evidence, then method. A part
//! whose tables hold nothing is left out.

pub mod adoption;
pub mod assumptions;
pub mod cascades;
pub mod cohorts;
pub mod course;
pub mod decision;
pub mod forest;
pub mod funnel;
pub mod missing;
pub mod money;

use crate::report::data::Data;
use crate::report::page::Section;
use crate::report::verdict::Standing;

/// All parts that have something to show.
#[must_use]
pub fn all(data: &Data, standings: &[Standing]) -> Vec<Section> {
    let found = if data.places.is_empty() {
        Vec::new()
    } else {
        vec![
            forest::section(data, standings),
            course::section(data),
            course::spread(data),
            course::market(data),
            adoption::section(data),
            funnel::section(data),
            cohorts::section(data),
            money::section(data),
            funnel::channels(data),
            cascades::section(data),
            course::supply(data),
            decision::section(data, standings),
        ]
    };
    let method =
        [assumptions::section(data), Some(missing::section(data)), Some(assumptions::again(data))];
    found.into_iter().chain(method).flatten().collect()
}
