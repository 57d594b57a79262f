//! Reading a list of consumers: an id a line, as the network's file names them.
//!
//! Lines that are empty or start with `#` or `%` are passed over. Where the network is
//! generated and nobody has a name, an id is the consumer's number, from 0.

use std::path::Path;

use crate::network::{Network, NetworkError, UserId};

/// Longest piece of a line that an error quotes.
const QUOTED: usize = 60;

/// The consumers that a file names, ascending and distinct.
///
/// # Errors
/// A file that cannot be read, or a line that is nobody's id.
pub fn consumers_in_file(path: &Path, network: &Network) -> Result<Vec<u32>, NetworkError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| NetworkError::NoIds { path: path.to_owned(), source })?;
    let names = names(network);
    let mut found = Vec::new();
    for (line, id) in (1..).zip(text.trim_start_matches('\u{feff}').lines().map(str::trim)) {
        if id.is_empty() || id.starts_with(['#', '%']) {
            continue;
        }
        let consumer = match &names {
            Some(names) => named(names, id),
            None => id.parse().ok().filter(|number| *number < network.n()),
        };
        found.push(consumer.ok_or_else(|| NetworkError::UnknownId {
            path: path.to_owned(),
            line,
            found: id.chars().take(QUOTED).collect(),
            accepted: match names {
                Some(_) => "an id of the network's file".to_owned(),
                None => format!("a number from 0 to {}", network.n() - 1),
            },
        })?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The names of an imported network's consumers, sorted.
fn names(network: &Network) -> Option<Vec<(UserId, u32)>> {
    let mut names: Vec<(UserId, u32)> = network.ids.as_ref()?.iter().zip(0..).collect();
    names.sort_unstable();
    Some(names)
}

fn named(names: &[(UserId, u32)], id: &str) -> Option<u32> {
    let id = match &names.first()?.0 {
        UserId::Number(_) => UserId::Number(id.parse().ok()?),
        UserId::Text(_) => UserId::Text(id.into()),
    };
    let place = names.binary_search_by(|(name, _)| name.cmp(&id)).ok()?;
    Some(names[place].1)
}
