//! Mean-field network: everybody hears everybody. Nothing is stored.

use crate::network::{Network, NetworkError, Request, Ties, even_ranges};

/// The network in which all pairs are tied.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    Ok(Network {
        ties: Ties::Complete { n: request.n },
        strong: Vec::new(),
        neighbourhoods: even_ranges(request.n, request.parameters.neighbourhood_size),
        ids: None,
        weights: Vec::new(),
    })
}
