//! Networks from a user's file.
use crate::network::{Network, NetworkError, Parameters, Request};
use std::path::Path;
/// Counts of what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Nodes with at least one tie.
    pub nodes: u32,
    /// Distinct ties.
    pub ties: u64,
    /// Rows dropped as self-loops.
    pub self_loops: u64,
    /// Rows dropped as repetitions.
    pub duplicates: u64,
    /// Whether the file has weights.
    pub weighted: bool,
}
pub(super) fn network(_request: &Request<'_>) -> Result<Network, NetworkError> {
    Err(NetworkError::NoFile)
}
/// Loads the network that the parameters name.
pub fn load(
    _path: &Path,
    _parameters: &Parameters,
) -> Result<(Network, ImportReport), NetworkError> {
    Err(NetworkError::NoFile)
}
/// Number of nodes of a file.
pub fn nodes_in_file(_path: &Path) -> Result<u32, NetworkError> {
    Err(NetworkError::NoFile)
}
