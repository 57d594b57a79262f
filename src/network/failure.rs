//! What can go wrong with a network.

use std::path::PathBuf;

/// A network could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Fewer than two consumers.
    #[error("a network needs at least 2 consumers, not {n}")]
    TooFew {
        /// The number asked for.
        n: u32,
    },
    /// No generator of that name.
    #[error("no network of kind `{kind}`")]
    UnknownKind {
        /// The word found.
        kind: String,
    },
    /// More ties than the matching can number.
    #[error("{stubs} ends of ties are more than 4,294,967,295; lower mean_degree")]
    TooManyTies {
        /// Ends of ties wanted.
        stubs: u64,
    },
    /// A degree that the number of consumers does not allow.
    #[error(
        "{n} consumers cannot all have {degree} ties, since every tie has two ends; \
         accepted: an even number of consumers, or an even mean_degree"
    )]
    OddRegular {
        /// Consumers.
        n: u32,
        /// Ties of each.
        degree: u32,
    },
    /// Degrees so large that no network without repeated ties was found.
    #[error(
        "no network without self-loops and repeated ties was found for a mean of {mean:.1} ties \
         among {n} consumers; lower mean_degree"
    )]
    TooDense {
        /// Consumers.
        n: u32,
        /// Mean of the degrees drawn.
        mean: f64,
    },
    /// The file cannot be read.
    #[error("cannot read the network file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A graph file that is not what was written.
    #[error("the graph file `{}` cannot be used: {what}; {advice}", path.display())]
    BadGraphFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
        /// What helps.
        advice: &'static str,
    },
    /// A network that no graph file can hold.
    #[error("a graph file cannot be made of this network: {why}")]
    NoGraphFile {
        /// Why.
        why: &'static str,
    },
    /// No file was named.
    #[error("network kind `file` needs `file`, the path of a list of ties")]
    NoFile,
    /// The file holds no ties.
    #[error(
        "`{}` holds no ties; accepted: a row for each tie with two ids and perhaps a weight, \
         separated by blanks, tabs, commas or semicolons",
        path.display()
    )]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A line that is no tie.
    #[error("`{}`, line {line}: found `{found}`; accepted: {accepted}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: u64,
        /// What the line says.
        found: String,
        /// What would be accepted.
        accepted: &'static str,
    },
    /// All ties lead from a node to itself.
    #[error("all {rows} ties of `{}` lead from a node to itself", path.display())]
    OnlySelfLoops {
        /// The file.
        path: PathBuf,
        /// Rows read.
        rows: u64,
    },
    /// More nodes than consumers can be numbered.
    #[error("`{}` has {nodes} nodes; at most 4,294,967,294 are accepted", path.display())]
    TooManyNodes {
        /// The file.
        path: PathBuf,
        /// Nodes found.
        nodes: u64,
    },
    /// A file of ids cannot be read.
    #[error("cannot read the file of ids `{}`: {source}", path.display())]
    NoIds {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of a file of ids that is nobody's.
    #[error("`{}`, line {line}: found `{found}`; accepted: {accepted}", path.display())]
    UnknownId {
        /// The file.
        path: PathBuf,
        /// Number of the line, from one.
        line: u64,
        /// What the line says.
        found: String,
        /// What would be accepted.
        accepted: String,
    },
    /// The file's nodes are not the consumers.
    #[error("`{}` has {nodes} nodes, but the population has {n} consumers", path.display())]
    OtherNumber {
        /// The file.
        path: PathBuf,
        /// Nodes found.
        nodes: u32,
        /// Consumers of the population.
        n: u32,
    },
}
