//! The header of a graph file: counts, the records of its columns, and what it was made from.

/// The first bytes: one that no text has, the letters, and the line ends that a transfer of
/// text would change.
pub const MAGIC: [u8; 8] = *b"\x89GXN\r\n\x1a\n";
/// The version of the format.
pub const VERSION: u32 = 1;
/// Tells in which order the bytes of a number stand.
const ORDER: u32 = 0x0A0B_0C0D;
/// Bytes before the records, of a record, and between the beginnings of columns.
pub const UNIT: usize = 64;
/// Bytes of a digest.
const DIGEST: usize = 32;
/// Longest name of a column.
const NAME: usize = 15;
/// No header is longer; what says so is damaged.
const LONGEST: usize = 16 << 20;

/// One column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Name.
    pub name: String,
    /// Bytes a value.
    pub width: u8,
    /// First byte in the file.
    pub from: u64,
    /// Number of values.
    pub count: u64,
    /// BLAKE3 of the bytes.
    pub digest: [u8; DIGEST],
}

impl Record {
    /// The byte behind the last one.
    pub fn until(&self) -> u64 {
        self.from.saturating_add(self.count.saturating_mul(u64::from(self.width)))
    }
}

/// All that stands before the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Number of consumers.
    pub consumers: u64,
    /// Number of stored targets.
    pub targets: u64,
    /// The columns, in the order of the file.
    pub columns: Vec<Record>,
    /// What the network was made from.
    pub about: String,
}

/// What is wrong with a graph file, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What was found, and where.
    pub what: String,
    /// What helps.
    pub advice: &'static str,
}

const AGAIN: &str = "copy it again, or make it again with `guanxi graph generate` or `import`";

/// The bytes are not those that were written.
pub fn altered(what: impl Into<String>) -> Wrong {
    Wrong { what: what.into(), advice: AGAIN }
}

impl Header {
    /// Length of the header.
    pub fn len(&self) -> usize {
        (UNIT + UNIT * self.columns.len() + self.about.len() + DIGEST).next_multiple_of(UNIT)
    }

    /// Gives every column its place behind the header.
    pub fn place(&mut self) {
        let mut end = self.len() as u64;
        for column in &mut self.columns {
            column.from = end.next_multiple_of(UNIT as u64);
            end = column.until();
        }
    }

    /// Length of the whole file.
    pub fn file_len(&self) -> u64 {
        self.columns.last().map_or(self.len() as u64, Record::until)
    }

    /// The record of a name.
    pub fn column(&self, name: &str) -> Option<&Record> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The bytes of the header.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let numbers = [VERSION, ORDER, self.len() as u32, self.columns.len() as u32];
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        let numbers = [self.consumers, self.targets, self.file_len(), self.about.len() as u64];
        numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes.resize(UNIT, 0);
        for column in &self.columns {
            let mut name = column.name.clone().into_bytes();
            name.resize(NAME, 0);
            bytes.extend(name);
            bytes.push(column.width);
            bytes.extend(column.from.to_le_bytes());
            bytes.extend(column.count.to_le_bytes());
            bytes.extend(column.digest);
        }
        bytes.extend(self.about.as_bytes());
        bytes.resize(self.len() - DIGEST, 0);
        let digest = blake3::hash(&bytes);
        bytes.extend(digest.as_bytes());
        bytes
    }

    /// Reads the header at the beginning of a file and compares its digest and the length of
    /// the file.
    pub fn read(file: &[u8]) -> Result<Self, Wrong> {
        let length = sound(file)?;
        let (body, digest) = file[..length].split_at(length - DIGEST);
        if blake3::hash(body).as_bytes() != digest {
            return Err(altered(format!("its header (bytes 0 to {length}) was altered")));
        }
        let header = Self::parsed(body).ok_or_else(|| altered("its header makes no sense"))?;
        let (wanted, found) = (header.file_len().max(length as u64), file.len() as u64);
        match found.cmp(&wanted) {
            std::cmp::Ordering::Less => Err(cut(found, wanted)),
            std::cmp::Ordering::Greater => {
                Err(altered(format!("it has {} bytes behind its end", found - wanted)))
            }
            std::cmp::Ordering::Equal => Ok(header),
        }
    }

    /// The fields of a header whose digest is right.
    fn parsed(body: &[u8]) -> Option<Self> {
        let n_columns = small(body, 20)? as usize;
        let about_len = usize::try_from(large(body, 48)?).ok()?;
        let records = body.get(UNIT..UNIT.checked_add(UNIT.checked_mul(n_columns)?)?)?;
        let about = body.get(UNIT + records.len()..)?.get(..about_len)?;
        Some(Self {
            consumers: large(body, 24)?,
            targets: large(body, 32)?,
            columns: records.chunks(UNIT).map(record).collect::<Option<_>>()?,
            about: String::from_utf8(about.to_vec()).ok()?,
        })
    }
}

/// The length of the header, after a look at what can be told without its digest.
fn sound(file: &[u8]) -> Result<usize, Wrong> {
    let start = &file[..file.len().min(MAGIC.len())];
    if !MAGIC.starts_with(start) {
        return Err(match start.starts_with(&MAGIC[..4]) {
            true => altered("its line ends were changed, as a transfer of text does"),
            false => Wrong {
                what: "it is no graph file of guanxi".to_owned(),
                advice: "make one with `guanxi graph generate` or `guanxi graph import`",
            },
        });
    }
    let short = || cut(file.len() as u64, UNIT as u64);
    let version = small(file, 8).ok_or_else(short)?;
    if version != VERSION {
        return Err(Wrong {
            what: format!("its format has version {version}; this program reads version {VERSION}"),
            advice: "use the program that wrote it, or make it again with this one",
        });
    }
    if small(file, 12).ok_or_else(short)? != ORDER || cfg!(target_endian = "big") {
        return Err(Wrong {
            what: "the bytes of its numbers stand in another order than here".to_owned(),
            advice: "make it again on this machine",
        });
    }
    let length = small(file, 16).ok_or_else(short)? as usize;
    if !(UNIT + DIGEST..=LONGEST).contains(&length) || !length.is_multiple_of(UNIT) {
        return Err(altered("the length of its header (bytes 16 to 20) was altered"));
    }
    if file.len() < length { Err(cut(file.len() as u64, length as u64)) } else { Ok(length) }
}

fn cut(found: u64, wanted: u64) -> Wrong {
    altered(format!("it ends after {found} of at least {wanted} bytes: it was cut short"))
}

fn small(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn large(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn record(bytes: &[u8]) -> Option<Record> {
    let name = bytes[..NAME].split(|byte| *byte == 0).next()?;
    Some(Record {
        name: String::from_utf8(name.to_vec()).ok()?,
        width: bytes[NAME],
        from: large(bytes, 16)?,
        count: large(bytes, 24)?,
        digest: bytes[32..UNIT].try_into().ok()?,
    })
}
