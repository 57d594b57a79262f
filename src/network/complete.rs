//! Mean-field network: everybody hears everybody. Nothing is stored.

use crate::network::{Network, NetworkError, Request, Ties, even_ranges};

/// The network in which all pairs are tied.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    Ok(Network::plain(
        Ties::Complete { n: request.n },
        even_ranges(request.n, request.parameters.neighbourhood_size),
    ))
}
