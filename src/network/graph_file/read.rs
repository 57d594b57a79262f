//! Reading a graph file: mapped, compared with its digests, and looked through once.

use crate::network::csr::{Csr, Offsets};
use crate::network::graph_file::header::{Header, MAGIC, Record, Wrong, altered};
use crate::network::graph_file::{Origin, name};
use crate::network::{Names, Network, NetworkError, Ties};
use crate::simd::{Column, Map, Plain};
use rayon::prelude::*;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

/// How much of a file is compared with its digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The header alone, in no time.
    Header,
    /// Header and columns, by all threads at once, and that no target or row is impossible.
    All,
}

/// Whether a file begins as graph files do, whatever it is called.
#[must_use]
pub fn is_graph_file(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == MAGIC
}

/// Number of consumers, from the header.
///
/// # Errors
/// Where the file cannot be read or its header is wrong.
pub fn consumers(path: &Path) -> Result<u32, NetworkError> {
    let (_, header) = mapped(path)?;
    number_of_consumers(&header).map_err(wrong(path))
}

/// Bytes of all columns, from the header; none where it is no graph file.
#[must_use]
pub fn bytes_of_columns(path: &Path) -> Option<u64> {
    if !is_graph_file(path) {
        return None;
    }
    let (_, header) = mapped(path).ok()?;
    Some(header.columns.iter().map(|column| column.until() - column.from).sum())
}

/// What the network of a file was made from, from the header.
///
/// # Errors
/// Where the file cannot be read or its header is wrong.
pub fn origin_of(path: &Path) -> Result<Origin, NetworkError> {
    let (_, header) = mapped(path)?;
    origin(&header).map_err(wrong(path))
}

/// The network of a file. Its columns stay in the file, which nobody may change meanwhile.
///
/// # Errors
/// Where the file cannot be read, or is not what was written.
pub fn open(path: &Path, check: Check) -> Result<Network, NetworkError> {
    let (map, header) = mapped(path)?;
    let opened = if check == Check::All { compare(&map, &header) } else { Ok(()) };
    let opened = opened.and_then(|()| network(&map, &header)).and_then(|network| match check {
        Check::All if !is_possible(&network) => Err(altered("its columns do not fit each other")),
        _ => Ok(network),
    });
    opened.map_err(wrong(path))
}

fn wrong(path: &Path) -> impl FnOnce(Wrong) -> NetworkError + '_ {
    |Wrong { what, advice }| NetworkError::BadGraphFile { path: path.to_owned(), what, advice }
}

fn mapped(path: &Path) -> Result<(Arc<Map>, Header), NetworkError> {
    let map = File::open(path).and_then(|file| Map::of(&file));
    let map = map.map_err(|source| NetworkError::Unreadable { path: path.to_owned(), source })?;
    let header = Header::read(map.bytes()).map_err(wrong(path))?;
    Ok((map, header))
}

/// Compares the digests of all columns, and that nothing stands between them.
fn compare(map: &Map, header: &Header) -> Result<(), Wrong> {
    let mut end = header.len() as u64;
    for column in &header.columns {
        let between = map.bytes().get(end as usize..column.from as usize);
        if between.is_none_or(|bytes| bytes.iter().any(|byte| *byte != 0)) {
            let what =
                format!("its bytes {end} to {}, between two columns, were altered", column.from);
            return Err(altered(what));
        }
        end = column.until();
        let (from, until) = (column.from, column.until());
        let bytes = map.bytes().get(from as usize..until as usize);
        let bytes = bytes.ok_or_else(|| impossible(column))?;
        if blake3::Hasher::new().update_rayon(bytes).finalize().as_bytes() != &column.digest {
            let name = &column.name;
            return Err(altered(format!(
                "its column `{name}` (bytes {from} to {until}) was altered"
            )));
        }
    }
    Ok(())
}

fn impossible(column: &Record) -> Wrong {
    altered(format!("its column `{}` is not where it should be", column.name))
}

fn number_of_consumers(header: &Header) -> Result<u32, Wrong> {
    let n = u32::try_from(header.consumers).ok().filter(|n| (2..u32::MAX).contains(n));
    n.ok_or_else(|| altered(format!("it has {} consumers", header.consumers)))
}

fn origin(header: &Header) -> Result<Origin, Wrong> {
    let n = number_of_consumers(header)?;
    let origin = Origin::read(&header.about, n);
    origin.ok_or_else(|| altered("what it was made from cannot be read"))
}

/// A column, with the number of values that it must have; none where there is no such column.
fn column<T: Plain>(
    map: &Arc<Map>,
    header: &Header,
    name: &str,
    counts: &[u64],
) -> Result<Option<Column<T>>, Wrong> {
    let Some(record) = header.column(name) else { return Ok(None) };
    let fits = usize::from(record.width) == size_of::<T>()
        && (counts.is_empty() || counts.contains(&record.count));
    let found = fits.then(|| map.column(record.from as usize, record.count as usize)).flatten();
    found.map(Some).ok_or_else(|| impossible(record))
}

/// The network, in the columns of the map.
fn network(map: &Arc<Map>, header: &Header) -> Result<Network, Wrong> {
    let n = header.consumers;
    let targets = column(map, header, name::TARGETS, &[header.targets])?;
    let starts = match header.column(name::STARTS).map(|starts| starts.width) {
        None => None,
        Some(8) => column(map, header, name::STARTS, &[n + 1])?.map(Offsets::Wide),
        Some(_) => column(map, header, name::STARTS, &[n + 1])?.map(Offsets::Narrow),
    };
    let ties = match starts.zip(targets) {
        Some((starts, targets)) => Ties::Stored(Csr::of_columns(starts, targets)),
        None => Ties::Complete { n: number_of_consumers(header)? },
    };
    let text_starts = column(map, header, name::TEXT_STARTS, &[n + 1])?;
    let texts = column(map, header, name::TEXTS, &[])?;
    let numbers = column(map, header, name::NUMBERS, &[n])?.map(Names::Numbers);
    let texts = text_starts.zip(texts).map(|(starts, texts)| Names::Texts { starts, texts });
    let neighbourhoods = column(map, header, name::NEIGHBOURHOODS, &[])?;
    Ok(Network {
        ties,
        strong: column(map, header, name::STRONG, &[0, n])?.unwrap_or_default(),
        neighbourhoods: neighbourhoods.ok_or_else(|| altered("it has no neighbourhoods"))?,
        ids: numbers.or(texts),
        weights: column(map, header, name::WEIGHTS, &[0, header.targets])?.unwrap_or_default(),
        origin: Some(Box::new(origin(header)?)),
    })
}

/// Whether rows, targets, neighbourhoods and ids lie where they can.
fn is_possible(network: &Network) -> bool {
    let n = network.n();
    let areas = &network.neighbourhoods;
    let covered = areas.first() == Some(&0) && areas.last() == Some(&n);
    let texts = match &network.ids {
        Some(Names::Texts { starts, texts }) => rises(starts, texts.len() as u64),
        _ => true,
    };
    covered && areas.is_sorted_by(|a, b| a < b) && texts && ties_are_possible(network)
}

fn ties_are_possible(network: &Network) -> bool {
    let Ties::Stored(ties) = &network.ties else { return true };
    let (starts, targets) = ties.columns();
    let rows = match starts {
        Offsets::Narrow(starts) => rises(starts, targets.len() as u64),
        Offsets::Wide(starts) => rises(starts, targets.len() as u64),
    };
    let n = network.n();
    // Strong ties are asked for only where rows are known to be possible.
    rows && targets.par_chunks(1 << 16).all(|part| part.iter().all(|target| *target < n))
        && (0..n).into_par_iter().all(|i| network.n_strong(i) <= ties.degree(i))
}

/// Whether starts rise from 0 to an end.
fn rises<T: Plain + Ord + Into<u64>>(starts: &[T], end: u64) -> bool {
    let at = |place: Option<&T>| place.map(|start| (*start).into());
    at(starts.first()) == Some(0)
        && at(starts.last()) == Some(end)
        && starts.par_windows(2).all(|pair| pair[0] <= pair[1])
}
