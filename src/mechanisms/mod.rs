//! The registry: the one place that knows all mechanisms. A newcomer adds a file
//! and a line here; generic tests say what is missing.

pub mod attention;
pub mod choice;
pub mod coupon;
pub mod delivery;
pub mod diffusion;
pub mod experience;
pub mod fatigue;
pub mod feed;
pub mod group_buy;
pub mod leader;
pub mod listing;
pub mod livestream;
pub mod need;
pub mod outside_ads;
pub mod pricing;
pub mod registration;
pub mod reviews;
pub mod search;
pub mod sharing;
pub mod stock;
pub mod word_of_mouth;

use crate::mechanism::spec::Spec;

/// All mechanisms, in the order in which they act within a beat.
pub const MECHANISMS: &[&Spec] = &[
    &attention::SPEC,
    &registration::SPEC,
    &listing::SPEC,
    &fatigue::SPEC,
    &need::SPEC,
    &outside_ads::SPEC,
    &search::SPEC,
    &feed::SPEC,
    &livestream::SPEC,
    &leader::SPEC,
    &group_buy::SPEC,
    &coupon::SPEC,
    &choice::SPEC,
    &pricing::SPEC,
    &stock::SPEC,
    &delivery::SPEC,
    &experience::SPEC,
    &reviews::SPEC,
    &word_of_mouth::SPEC,
    &sharing::SPEC,
    &diffusion::SPEC,
];

/// The mechanism of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Spec> {
    MECHANISMS.iter().copied().find(|spec| spec.name == name)
}
