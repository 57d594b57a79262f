//! The registry: the one place that knows all mechanisms. A newcomer adds a file
//! and a line here; generic tests say what is missing.

pub mod attention;
pub mod feed;
pub mod need;
pub mod outside_ads;
pub mod registration;
pub mod search;

use crate::mechanism::spec::Spec;

/// All mechanisms, in the order in which they act within a beat.
pub const MECHANISMS: &[&Spec] = &[
    &registration::SPEC,
    &attention::SPEC,
    &need::SPEC,
    &outside_ads::SPEC,
    &search::SPEC,
    &feed::SPEC,
];

/// The mechanism of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Spec> {
    MECHANISMS.iter().copied().find(|spec| spec.name == name)
}
