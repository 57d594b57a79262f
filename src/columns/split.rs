//! Columns of a state that is split among ranks. A rank holds what is of its own shards,
//! which are a run of all; the first one writes the file, so that what is by shard is the
//! ranks' parts one behind the other, and no file shows how many they were.

use super::{Columns, State};
use crate::parallel::{Column, Shards};
use std::ops::Range;
use std::sync::Arc;

/// What columns ask of the ranks among which a state is split.
pub trait Ranks: Send + Sync {
    /// The own rank, from 0, and their number.
    fn place(&self) -> (usize, usize);
    /// The own ones of so many shards.
    fn own_of(&self, shards: usize) -> Range<usize>;
    /// Gives bytes to the first rank, which gets those of all in their order; the others get
    /// none. All ranks call it.
    fn to_first(&self, bytes: Vec<u8>) -> Vec<Vec<u8>>;
}

impl Columns<'_> {
    /// Notes how the state lies that follows, and among whom it is split.
    pub fn among(&mut self, ranks: Arc<dyn Ranks>, consumers: Shards) {
        self.ranks = Some(ranks).filter(|ranks| ranks.place().1 > 1);
        self.consumers = Some(consumers);
    }

    /// Columns within others: of the same day, and split like them. What is only looked
    /// at while others are loaded has nobody to give its parts to.
    #[must_use]
    pub fn within(mut self, others: &Columns<'_>) -> Self {
        self.ranks = others.ranks.clone().filter(|_| others.is_loading() == self.is_loading());
        self.consumers = others.consumers;
        self.on_day(others.day())
    }

    /// The own rank, from 0, and the number of ranks.
    #[must_use]
    pub fn rank(&self) -> (usize, usize) {
        self.ranks.as_ref().map_or((0, 1), |ranks| ranks.place())
    }

    fn own_of(&self, shards: usize) -> Range<usize> {
        self.ranks.as_ref().map_or(0..shards, |ranks| ranks.own_of(shards))
    }

    /// What all ranks save, at the first one; nothing at the others, and none where there is
    /// one rank only or a state is loaded.
    pub fn of_all(&self, part: impl FnOnce(&mut Columns<'_>)) -> Option<Vec<Vec<u8>>> {
        let ranks = self.ranks.as_ref().filter(|_| !self.is_loading())?;
        let mut bytes = Vec::new();
        let mut inner = Columns::save(&mut bytes).on_day(self.day());
        part(&mut inner);
        assert!(inner.finish().is_ok(), "memory takes what is written");
        Some(ranks.to_first(bytes))
    }

    /// Rows by shard, `length` in each. A rank has those of its own shards; of the others'
    /// nothing is changed.
    pub fn rows<T: State>(&mut self, mut parts: Vec<&mut [T]>, length: impl Fn(usize) -> usize) {
        let own = self.own_of(parts.len());
        if self.is_loading() {
            for (shard, part) in parts.iter_mut().enumerate() {
                if own.contains(&shard) && part.len() == length(shard) {
                    T::visit_all(part, self);
                } else {
                    let mut others: Vec<T> = (0..length(shard)).map(|_| T::blank()).collect();
                    T::visit_all(&mut others, self);
                }
            }
            return;
        }
        let given = self.of_all(|io| parts[own].iter_mut().for_each(|part| T::visit_all(part, io)));
        match given {
            Some(given) => given.iter().for_each(|bytes| self.raw(bytes)),
            None => parts.iter_mut().for_each(|part| T::visit_all(part, self)),
        }
    }

    /// An entry a shard, of which a rank holds its own.
    pub fn by_shard<T: State>(&mut self, list: &mut [T]) {
        self.same_length(list.len());
        self.rows(list.iter_mut().map(std::slice::from_mut).collect(), |_| 1);
    }

    /// An entry a shard, or none where what fills it is switched off, see
    /// [`Columns::where_on`].
    pub fn by_shard_where_on<T: State>(&mut self, list: &mut [T]) {
        let n = self.length(list.len());
        self.where_as_long(list, n, |io, list| {
            io.rows(list.iter_mut().map(std::slice::from_mut).collect(), |_| 1);
        });
    }

    /// An entry a consumer, or none where what fills it is switched off. All consumers' are
    /// there, of which the own ones count.
    pub fn by_consumer_where_on<T: State>(&mut self, column: &mut [T]) {
        let n = self.length(column.len());
        self.where_as_long(column, n, |io, column| io.cut(column, 1));
    }

    /// Rows of consumers, of which a rank holds its own; none where nobody can have any.
    pub fn by_consumer<T: State>(&mut self, column: &mut Column<T>) {
        self.same_length(usize::from(!column.is_empty()));
        if let Some(shards) = self.consumers.filter(|_| !column.is_empty()) {
            self.rows(column.by_shard(shards), |shard| shards.range(shard).len());
        }
    }

    /// A bit a consumer, or none. All consumers' are there, of which the own ones count.
    pub fn by_bit<T: State>(&mut self, words: &mut [T]) {
        self.same_length(words.len());
        if !words.is_empty() {
            self.cut(words, 64);
        }
    }

    /// Sums to which every rank adds; together they are what is stored, and afterwards the
    /// first rank's.
    pub fn added_up(&mut self, sums: &mut Vec<i64>) {
        if self.is_loading() {
            sums.visit(self);
            return if self.rank().0 > 0 {
                sums.fill(0)
            };
        }
        let n = sums.len();
        let Some(parts) = self.of_all(|io| sums.visit(io)) else { return sums.visit(self) };
        let mut all = vec![0; n];
        for mut bytes in parts.iter().map(Vec::as_slice) {
            let (mut part, length): (Vec<i64>, _) = (Vec::new(), bytes.len() as u64);
            part.visit(&mut Columns::load(&mut bytes, length));
            all.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
        }
        all.visit(self);
    }

    /// What was stored of a list if it is as long as that here, or else nothing.
    fn where_as_long<T: State>(
        &mut self,
        list: &mut [T],
        n: usize,
        visit: impl FnOnce(&mut Self, &mut [T]),
    ) {
        if n == list.len() {
            return if n > 0 {
                visit(self, list)
            };
        }
        let mut others: Vec<T> = (0..n).map(|_| T::blank()).collect();
        visit(self, &mut others);
    }

    /// The rows of a column of all consumers, so many consumers in each.
    fn cut<T: State>(&mut self, mut column: &mut [T], in_row: usize) {
        let n = column.len();
        let Some(shards) = self.consumers.filter(|all| (all.n() as usize).div_ceil(in_row) == n)
        else {
            return self.misses(format!("{n} rows are not those of all consumers"));
        };
        let length = |shard| shards.range(shard).len().div_ceil(in_row);
        let mut parts = Vec::with_capacity(shards.count());
        for shard in 0..shards.count() {
            let (part, rest) = column.split_at_mut(length(shard));
            parts.push(part);
            column = rest;
        }
        self.rows(parts, length);
    }
}
