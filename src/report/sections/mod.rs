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
pub mod gains;
pub mod missing;
pub mod money;
pub mod sensitivity;

use crate::report::data::Data;
use crate::report::page::Section;
use crate::report::sweeps::Sweep;
use crate::report::verdict::Standing;

/// All parts that have something to show.
#[must_use]
pub fn all(data: &Data, standings: &[Standing], sweeps: &[Sweep]) -> Vec<Section> {
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
            gains::section(data),
            course::supply(data),
            sensitivity::section(sweeps),
            decision::section(data, standings),
        ]
    };
    let method = [
        assumptions::section(data),
        missing::section(data, sweeps),
        Some(assumptions::again(data)),
        sensitivity::again(sweeps),
    ];
    found.into_iter().chain(method).flatten().collect()
}
