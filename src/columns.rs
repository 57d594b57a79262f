//! What is stored of a state, in one description for both ways: the same code writes a
//! checkpoint and reads it, so that saving and loading cannot disagree.
//!
//! A type that changes during a run is a [`State`]; [`state!`](crate::state) writes the
//! implementation from the names of the fields, and does not compile where one was forgotten.
//! Records that stand in a list are stored field by field, for columns of like numbers are
//! small once packed. All numbers are little-endian; a list begins with its length.

mod split;
mod state;

pub use split::Ranks;
pub use state::State;

use crate::parallel::Shards;
use std::io::{Error, ErrorKind, Read, Write};
use std::sync::Arc;

/// Bytes that are collected before they are passed on, and asked for at once.
const ROOM: usize = 1 << 16;

/// The way of the bytes.
enum Way<'a> {
    Save(&'a mut dyn Write),
    Load(&'a mut dyn Read),
}

/// Columns on their way to a file or from one.
///
/// Nothing fails in the middle: the first fault is kept, what follows is without effect on
/// the file and empty in memory, and [`Columns::finish`] tells.
pub struct Columns<'a> {
    way: Way<'a>,
    room: Vec<u8>,
    /// How much of the room was read.
    read: usize,
    /// Bytes that passed.
    passed: u64,
    /// Bytes that a file still has.
    left: u64,
    fault: Option<Fault>,
    refused: Vec<String>,
    tenure: Tenure,
    day: u16,
    /// Among whom the state is split; none where it is not.
    ranks: Option<Arc<dyn Ranks>>,
    /// How consumers lie in shards.
    consumers: Option<Shards>,
}

/// Whether a mechanism can be switched on or off where a state goes on under other values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tenure {
    /// On and off.
    #[default]
    Free,
    /// On, but not off: something of others would be left undone.
    Stays,
    /// Neither.
    Always,
}

crate::state_words! { Tenure { Free, Stays, Always } }

/// Why columns could not be stored or brought back.
#[derive(Debug)]
pub enum Fault {
    /// The file could not be written or read.
    Io(Error),
    /// The columns are not those that are expected here.
    Layout(String),
    /// Other values than when the state was made, by name; the state depends on them.
    Refused(Vec<String>),
}

impl<'a> Columns<'a> {
    /// Columns that are written.
    pub fn save(file: &'a mut dyn Write) -> Self {
        Self::new(Way::Save(file), 0)
    }

    /// Columns that are read from a file of so many bytes.
    pub fn load(file: &'a mut dyn Read, bytes: u64) -> Self {
        Self::new(Way::Load(file), bytes)
    }

    fn new(way: Way<'a>, left: u64) -> Self {
        Self {
            way,
            room: Vec::with_capacity(ROOM),
            read: 0,
            passed: 0,
            left,
            fault: None,
            refused: Vec::new(),
            tenure: Tenure::Free,
            day: 0,
            ranks: None,
            consumers: None,
        }
    }

    /// Whether a state is brought back.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        matches!(self.way, Way::Load(_))
    }

    /// Whether all went well so far; what was loaded after a fault is empty.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.fault.is_none()
    }

    /// Columns within columns have the same day.
    #[must_use]
    pub fn on_day(mut self, day: u16) -> Self {
        self.day = day;
        self
    }

    /// The first day that is still to come.
    #[must_use]
    pub fn day(&self) -> u16 {
        self.day
    }

    /// Notes the first day that is still to come.
    pub fn goes_on_at(&mut self, day: u16) {
        self.day = day;
    }

    /// Notes what a mechanism holds that keeps it from being switched on or off.
    pub fn holds(&mut self, tenure: Tenure) {
        self.tenure = tenure;
    }

    /// What was noted by [`Columns::holds`].
    #[must_use]
    pub fn tenure(&self) -> Tenure {
        self.tenure
    }

    /// Takes over what went wrong in columns within these.
    pub fn take(&mut self, ending: Result<u64, Fault>) {
        match ending {
            Ok(_) => {}
            Err(Fault::Refused(names)) => self.refused.extend(names),
            Err(fault) => {
                self.fault.get_or_insert(fault);
            }
        }
    }

    /// Ends the columns: the bytes that passed.
    ///
    /// # Errors
    /// The first fault, or bytes of the file that nobody asked for.
    pub fn finish(mut self) -> Result<u64, Fault> {
        self.pass_on();
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if !self.refused.is_empty() {
            return Err(Fault::Refused(self.refused));
        }
        if matches!(self.way, Way::Load(_)) && self.left + self.unread() as u64 > 0 {
            return Err(Fault::Layout("it holds more than belongs there".to_owned()));
        }
        Ok(self.passed)
    }

    /// A name that must be found again where it was written: what follows belongs to it.
    pub fn name(&mut self, name: &str) {
        let mut found = name.to_owned();
        found.visit(self);
        if self.is_sound() && found != name {
            self.misses(format!("`{name}` is expected where `{}` stands", found.escape_debug()));
        }
    }

    /// The names of the fields that follow: a short sum of them must be found again.
    pub fn fields(&mut self, names: &str) {
        let sum = names
            .bytes()
            .fold(0x811c_9dc5, |h: u32, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
        let mut found = sum;
        found.visit(self);
        if self.is_sound() && found != sum {
            self.misses(format!("its records do not have the fields {names}"));
        }
    }

    /// A value of the scenario that has acted already: a state that was made with another
    /// cannot go on with this one, and the value is refused by its name.
    pub fn acted<T: State + Clone + PartialEq>(&mut self, name: &str, value: &T) {
        let mut found = value.clone();
        found.visit(self);
        if self.is_sound() && found != *value {
            self.refused.push(name.to_owned());
        }
    }

    /// A value that cannot be changed, for a reason that no column tells.
    pub fn refuse(&mut self, name: impl Into<String>) {
        self.refused.push(name.into());
    }

    /// A list that is empty where what fills it is switched off. Where that differs from
    /// what was stored, the list stays as it was built.
    pub fn where_on<T: State>(&mut self, list: &mut Vec<T>) {
        if !self.is_loading() {
            return list.visit(self);
        }
        let mut found = Vec::new();
        found.visit(self);
        if found.is_empty() == list.is_empty() {
            *list = found;
        }
    }

    /// A list with an entry a day, month or the like: in a longer run the first entries of it.
    pub fn first_of<T: State>(&mut self, list: &mut Vec<T>) {
        if !self.is_loading() {
            return list.visit(self);
        }
        let mut found: Vec<T> = Vec::new();
        found.visit(self);
        if found.len() > list.len() && self.is_sound() {
            self.refuse("days");
        }
        list.iter_mut().zip(found).for_each(|(place, one)| *place = one);
    }

    /// Bytes as they are.
    pub fn block(&mut self, block: &mut Vec<u8>) {
        let n = self.length(block.len());
        if let Way::Save(_) = self.way {
            return self.raw(block);
        }
        block.clear();
        while block.len() < n && self.is_sound() {
            if self.unread() == 0 {
                self.ask(1);
            }
            let some = self.unread().min(n - block.len());
            block.extend_from_slice(&self.room[self.read..self.read + some]);
            self.read += some;
        }
    }

    /// Bytes that are saved as they are.
    fn raw(&mut self, bytes: &[u8]) {
        self.pass_on();
        let Way::Save(file) = &mut self.way else { return };
        if self.fault.is_none()
            && let Err(error) = file.write_all(bytes)
        {
            self.fault = Some(Fault::Io(error));
        }
        self.passed += bytes.len() as u64;
    }

    /// A length that must be the same here and there.
    pub fn same_length(&mut self, n: usize) {
        let mut found = n as u64;
        found.visit(self);
        if self.is_sound() && found != n as u64 {
            self.misses(format!("there are {found} rows where {n} belong"));
        }
    }

    /// Notes that the columns are not as expected.
    pub fn misses(&mut self, what: String) {
        self.fault.get_or_insert(Fault::Layout(what));
    }

    /// A length; when read, no larger than what the file still has.
    pub fn length(&mut self, known: usize) -> usize {
        let mut n = known as u64;
        n.visit(self);
        if !self.is_loading() {
            return known;
        }
        if n > self.left + self.unread() as u64 {
            self.misses(format!("a list of {n} entries is longer than the file"));
        }
        if self.is_sound() { n as usize } else { 0 }
    }

    /// Bytes of one number.
    #[inline]
    fn bytes<const N: usize>(&mut self, bytes: &mut [u8; N]) {
        if matches!(self.way, Way::Save(_)) {
            if self.room.len() + N > ROOM {
                self.pass_on();
            }
            self.room.extend_from_slice(bytes);
            return;
        }
        if self.unread() < N {
            self.ask(N);
        }
        match self.room.get(self.read..self.read + N) {
            Some(found) => bytes.copy_from_slice(found),
            None => *bytes = [0; N],
        }
        self.read = (self.read + N).min(self.room.len());
    }

    fn unread(&self) -> usize {
        self.room.len() - self.read
    }

    /// Brings what was collected to the file.
    fn pass_on(&mut self) {
        let Way::Save(file) = &mut self.way else { return };
        self.passed += self.room.len() as u64;
        if self.fault.is_none()
            && let Err(error) = file.write_all(&self.room)
        {
            self.fault = Some(Fault::Io(error));
        }
        self.room.clear();
    }

    /// Asks the file for more, at least `n` bytes.
    fn ask(&mut self, n: usize) {
        self.room.drain(..self.read);
        self.read = 0;
        let Way::Load(file) = &mut self.way else { return };
        let wanted = ((ROOM - self.room.len()) as u64).min(self.left);
        let found = match self.fault {
            None => file.take(wanted).read_to_end(&mut self.room),
            Some(_) => Ok(0),
        };
        match found {
            Ok(found) => {
                self.passed += found as u64;
                self.left -= (found as u64).min(self.left);
                if self.room.len() < n {
                    let short = Error::from(ErrorKind::UnexpectedEof);
                    self.fault.get_or_insert(Fault::Io(short));
                }
            }
            Err(error) => {
                self.fault.get_or_insert(Fault::Io(error));
            }
        }
        if self.fault.is_some() {
            self.room.clear();
        }
    }
}

#[cfg(test)]
mod tests;
