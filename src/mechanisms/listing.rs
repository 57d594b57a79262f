//! Listing: merchants offer their goods on the platform, at what price, and what a pickup
//! costs them.
//!
//! Every merchant lists every offer on each platform of an arm; what is for sale is one
//! stock (see `stock`), whatever the platform.

use crate::columns::Columns;
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Placement, Role, Scope, Spec};
use crate::mechanism::world::World;
use crate::parameter::Values;
use crate::parameters;
use crate::quantity::math::ln;

parameters! {
    /// What goods cost on a platform.
    pub struct Parameters {
        /// Price of every offer relative to the list price.
        price_level: f64 = "1.0", "1", 0.01, 10.0, A, "list prices";
        /// Postage of a pickup, paid by the merchant.
        pickup_cost_fen: i64 = "80", "fen", 0.0, 1_000_000.0, A, "shared by the drop's orders, assumed";
    }
}

/// The mechanism.
pub const SPEC: Spec = Spec {
    name: "listing",
    summary: "Merchants list their offers on the platform at a price level of its own",
    scope: Scope::Platform,
    role: Role::Process,
    on_by_default: true,
    needed: Some("nothing would have a price"),
    followers: false,
    sweeps_ties: false,
    paid: false,
    channels: &[],
    parameters: Parameters::DECLARED,
    streams: &[],
    load: None,
    build,
};

fn build(values: &Values, placement: &Placement) -> Box<dyn Mechanism> {
    Box::new(Listing { p: Parameters::from_values(values), platform: placement.platform })
}

struct Listing {
    p: Parameters,
    platform: usize,
}

impl Mechanism for Listing {
    /// (list prices) → prices on the platform.
    fn start(&mut self, world: &mut World) {
        let catalogue = &world.env.catalogue;
        let platform = &mut world.platforms[self.platform];
        platform.fees.pickup_cost_fen = self.p.pickup_cost_fen;
        for (state, offer) in platform.offers.iter_mut().zip(&catalogue.offers) {
            let price = (f64::from(offer.list_price_fen) * self.p.price_level).round().max(1.0);
            let reference = catalogue.reference_price_fen[offer.category as usize] as f64;
            state.price_fen = price as u32;
            state.ln_price_ratio = ln(price / reference) as f32;
        }
    }

    fn columns(&mut self, io: &mut Columns<'_>) {
        let Self { p, platform: _ } = self;
        io.acted("listing.price_level", &p.price_level);
    }
}
