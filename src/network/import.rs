//! Networks from a user's file: read, renumbered, told strong from weak.

use std::path::Path;

use crate::network::community::to_front;
use crate::network::csr::Csr;
use crate::network::edge_list::{self, EdgeList};
use crate::network::graph_file::{self, Check, is_graph_file};
use crate::network::partition::{Places, places};
use crate::network::strength::strong_friends;
use crate::network::{Names, Network, NetworkError, Parameters, Request, Ties, UserId};

/// Counts of what was read from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Ids that the file names; each is a consumer.
    pub nodes: u32,
    /// Distinct ties: pairs if they are mutual, else directed ties.
    pub ties: u64,
    /// Rows dropped because they tie a node to itself.
    pub self_loops: u64,
    /// Rows dropped because their tie was there before; in a mutual network also
    /// in the other direction.
    pub duplicates: u64,
    /// Whether the rows have weights.
    pub weighted: bool,
}

/// The network of the file that the parameters name.
pub(super) fn network(request: &Request<'_>) -> Result<Network, NetworkError> {
    let path = Path::new(&request.parameters.file);
    let (network, report) = load(path, request.parameters)?;
    if report.nodes != request.n {
        let (path, nodes) = (path.to_owned(), report.nodes);
        return Err(NetworkError::OtherNumber { path, nodes, n: request.n });
    }
    Ok(network)
}

/// Number of nodes of a list of ties or graph file, which is the number of consumers.
///
/// # Errors
/// A file that cannot be read or holds no ties, or a line that is no tie.
pub fn nodes_in_file(path: &Path) -> Result<u32, NetworkError> {
    if is_graph_file(named(path)?) {
        return graph_file::consumers(path);
    }
    let list = edge_list::read(named(path)?)?;
    check_loops(path, &list.pairs)?;
    Ok(list.ids.len() as u32)
}

/// Whether the ties of a file have weights; not if it cannot be read.
#[must_use]
pub fn has_weights(path: &Path) -> bool {
    named(path).and_then(edge_list::read).is_ok_and(|list| !list.weights.is_empty())
}

/// Loads the ties of a file; `parameters` give direction, size of neighbourhoods and
/// share of strong ties, and `path` counts instead of their `file`. A graph file, which
/// knows all of these, is mapped instead.
///
/// # Errors
/// A file that cannot be read or holds no ties, or a line that is no tie.
pub fn load(path: &Path, parameters: &Parameters) -> Result<(Network, ImportReport), NetworkError> {
    if is_graph_file(named(path)?) {
        let network = graph_file::open(path, Check::All)?;
        let report = network.report();
        return Ok((network, report));
    }
    let EdgeList { ids, mut pairs, weights } = edge_list::read(path)?;
    let n = ids.len() as u32;
    let self_loops = check_loops(path, &pairs)?;
    let Places { order, starts } = places(&Csr::from_mutual_pairs(n, &pairs), parameters);
    renumber(&mut pairs, &order);
    let friends = Csr::from_mutual_pairs(n, &pairs);
    let mut ties = audience(&friends, &pairs, &parameters.direction);
    let distinct = if is_mutual(parameters) { ties.n_ties() / 2 } else { ties.n_ties() };
    let report = ImportReport {
        nodes: n,
        ties: distinct,
        self_loops,
        duplicates: pairs.len() as u64 - self_loops - distinct,
        weighted: !weights.is_empty(),
    };
    let close = strong_friends(&friends, &pairs, &weights, parameters.strong_share);
    let strong = strong_first(&mut ties, &starts, &close);
    let weights = tie_weights(&ties, &pairs, &weights, &parameters.direction);
    let network = Network {
        strong: strong.into(),
        ids: Some(Names::new(&in_order(ids, &order))),
        weights: weights.into(),
        ..Network::plain(Ties::Stored(ties), starts)
    };
    Ok((network, report))
}

/// Number of ties that lead from a node to itself; some must not.
fn check_loops(path: &Path, pairs: &[(u32, u32)]) -> Result<u64, NetworkError> {
    let self_loops = pairs.iter().filter(|(a, b)| a == b).count() as u64;
    match self_loops == pairs.len() as u64 {
        true => Err(NetworkError::OnlySelfLoops { path: path.to_owned(), rows: self_loops }),
        false => Ok(self_loops),
    }
}

fn named(path: &Path) -> Result<&Path, NetworkError> {
    if path.as_os_str().is_empty() { Err(NetworkError::NoFile) } else { Ok(path) }
}

fn is_mutual(parameters: &Parameters) -> bool {
    parameters.direction == "mutual"
}

/// Numbers the nodes by their place in `order`.
fn renumber(pairs: &mut [(u32, u32)], order: &[u32]) {
    let mut place = vec![0; order.len()];
    (0..).zip(order).for_each(|(new, old)| place[*old as usize] = new);
    pairs.iter_mut().for_each(|(a, b)| (*a, *b) = (place[*a as usize], place[*b as usize]));
}

fn in_order(ids: Vec<UserId>, order: &[u32]) -> Vec<UserId> {
    let mut ids: Vec<Option<UserId>> = ids.into_iter().map(Some).collect();
    // Every old number stands once in the order.
    order.iter().filter_map(|old| ids[*old as usize].take()).collect()
}

/// Who hears whom, given what a row `a b` means.
fn audience(friends: &Csr, pairs: &[(u32, u32)], direction: &str) -> Csr {
    match direction {
        "influences" => Csr::from_pairs(friends.n(), pairs),
        "trusts" => {
            let turned: Vec<(u32, u32)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
            Csr::from_pairs(friends.n(), &turned)
        }
        _ => friends.clone(),
    }
}

/// The weight of every tie, row after row; of repeated rows of the file the largest counts.
fn tie_weights(ties: &Csr, pairs: &[(u32, u32)], weights: &[f64], direction: &str) -> Vec<f32> {
    if weights.is_empty() {
        return Vec::new();
    }
    let mut known: Vec<((u32, u32), f64)> = Vec::new();
    for (&(a, b), &weight) in pairs.iter().zip(weights) {
        if direction != "trusts" {
            known.push(((a, b), weight));
        }
        if direction != "influences" {
            known.push(((b, a), weight));
        }
    }
    known.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    known.dedup_by_key(|(tie, _)| *tie);
    let weight = |tie: (u32, u32)| {
        let place = known.binary_search_by_key(&tie, |(other, _)| *other);
        place.map_or(0.0, |place| known[place].1 as f32)
    };
    (0..ties.n()).flat_map(|i| ties.of(i).iter().map(move |j| (i, *j))).map(weight).collect()
}

fn strong_first(ties: &mut Csr, starts: &[u32], close: &[Vec<u32>]) -> Vec<u8> {
    let counts = ties.in_blocks(starts, |_, block| {
        let mut counts = Vec::new();
        for i in block.rows() {
            let close = &close[i as usize];
            counts.push(to_front(block.row(i), |t| close.binary_search(&t).is_ok()));
        }
        counts
    });
    counts.concat()
}
