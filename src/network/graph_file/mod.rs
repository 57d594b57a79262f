//! Graph files: a network as it lies in memory, written once and mapped whenever it is used.
//!
//! | bytes | what |
//! |---|---|
//! | 0 … 7 | `89 47 58 4E 0D 0A 1A 0A`: a graph file, and not changed as text is in a transfer |
//! | 8 … 11 | version of the format, 1 |
//! | 12 … 15 | `0D 0C 0B 0A`: the number 0x0A0B0C0D, least byte first, as all numbers are |
//! | 16 … 19 | length of the header, a multiple of 64 |
//! | 20 … 23 | number of columns |
//! | 24 … 31 | consumers |
//! | 32 … 39 | stored targets of ties: a mutual tie has two |
//! | 40 … 47 | length of the file |
//! | 48 … 63 | length of the text below (4 bytes), zeros |
//! | 64 … | a record of 64 bytes a column: name (15), bytes a value (1), first byte (8), values (8), BLAKE3 (32) |
//! | then | what the network was made from, as TOML ([`Origin`]); zeros |
//! | last 32 of the header | BLAKE3 of the header before |
//! | from multiples of 64 | the columns, whose values are those of the processor |
//!
//! Columns are `starts` (of rows; 4 or 8 bytes a value; absent where everybody is tied to
//! everybody), `targets`, `strong`, `neighbourhoods`, `weights`, and the user's ids as
//! `numbers`, or as `text_starts` and `texts`. Nothing of the time, the machine or the
//! number of threads is written: the same network gives the same file.
//!
//! A network that is read lies in the file's pages, which the system brings and takes as it
//! likes. Before that the digests of header and columns are compared, and that rows and
//! targets are possible: what was cut, altered or written by a newer version is refused.

mod header;
mod origin;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use origin::Origin;
pub use read::{Check, bytes_of_columns, consumers, is_graph_file, open, origin_of};
pub use write::Draft;

/// Names of the columns.
mod name {
    pub const STARTS: &str = "starts";
    pub const TARGETS: &str = "targets";
    pub const STRONG: &str = "strong";
    pub const NEIGHBOURHOODS: &str = "neighbourhoods";
    pub const WEIGHTS: &str = "weights";
    pub const NUMBERS: &str = "numbers";
    pub const TEXT_STARTS: &str = "text_starts";
    pub const TEXTS: &str = "texts";
}
