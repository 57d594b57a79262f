//! Writing a graph file.

use crate::network::csr::Offsets;
use crate::network::graph_file::header::{Header, Record, UNIT};
use crate::network::graph_file::{Origin, name};
use crate::network::{Names, Network, NetworkError, Ties};
use crate::simd::{Plain, bytes_of};
use std::io::{Result as IoResult, Write};

/// Bytes that are written at a time.
const PIECE: usize = 8 << 20;

/// A graph file that is ready to be written: its columns are digested.
pub struct Draft<'a> {
    header: Header,
    columns: Vec<&'a [u8]>,
}

impl<'a> Draft<'a> {
    /// The file of a network.
    ///
    /// # Errors
    /// Where ties are computed instead of stored, or numbers stand in another order here.
    pub fn new(network: &'a Network, origin: &Origin) -> Result<Self, NetworkError> {
        if cfg!(target_endian = "big") {
            return Err(NetworkError::NoGraphFile { why: "numbers stand in another order here" });
        }
        let mut draft = Self { header: Header::default(), columns: Vec::new() };
        draft.header.consumers = u64::from(network.n());
        draft.header.about = origin.text();
        match &network.ties {
            Ties::Stored(ties) => {
                let (starts, targets) = ties.columns();
                match starts {
                    Offsets::Narrow(starts) => draft.add(name::STARTS, starts),
                    Offsets::Wide(starts) => draft.add(name::STARTS, starts),
                }
                draft.header.targets = ties.n_ties();
                draft.add(name::TARGETS, targets);
            }
            Ties::Packed(_) => {
                return Err(NetworkError::NoGraphFile { why: "its ties are packed for a run" });
            }
            Ties::Computed(_) => {
                let why = "its ties are computed when they are asked for, and need no file";
                return Err(NetworkError::NoGraphFile { why });
            }
            Ties::Complete { .. } => {}
        }
        if !network.strong.is_empty() {
            draft.add(name::STRONG, &network.strong);
        }
        draft.add(name::NEIGHBOURHOODS, &network.neighbourhoods);
        if !network.weights.is_empty() {
            draft.add(name::WEIGHTS, &network.weights);
        }
        match &network.ids {
            Some(Names::Numbers(numbers)) => draft.add(name::NUMBERS, numbers),
            Some(Names::Texts { starts, texts }) => {
                draft.add(name::TEXT_STARTS, starts);
                draft.add(name::TEXTS, texts);
            }
            None => {}
        }
        draft.header.place();
        Ok(draft)
    }

    /// Adds a column.
    fn add<T: Plain>(&mut self, name: &str, column: &'a [T]) {
        let bytes = bytes_of(column);
        let mut hasher = blake3::Hasher::new();
        hasher.update_rayon(bytes);
        let digest = *hasher.finalize().as_bytes();
        let (width, count) = (size_of::<T>() as u8, column.len() as u64);
        self.header.columns.push(Record { name: name.to_owned(), width, from: 0, count, digest });
        self.columns.push(bytes);
    }

    /// Length of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.header.file_len()
    }

    /// Writes all of it; `told` hears now and then how many bytes were written, and may end it.
    ///
    /// # Errors
    /// Where it cannot be written, or `told` ends it.
    pub fn write(
        &self,
        out: &mut dyn Write,
        told: &mut dyn FnMut(u64) -> IoResult<()>,
    ) -> IoResult<()> {
        let header = self.header.bytes();
        out.write_all(&header)?;
        let mut at = header.len() as u64;
        for (record, bytes) in self.header.columns.iter().zip(&self.columns) {
            out.write_all(&[0; UNIT][..(record.from - at) as usize])?;
            at = record.from;
            for piece in bytes.chunks(PIECE) {
                told(at)?;
                out.write_all(piece)?;
                at += piece.len() as u64;
            }
        }
        told(at)
    }
}
