//! What is stored of values: numbers, texts, lists, and records that are declared.

use super::Columns;
use smallvec::{Array, SmallVec};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64};

/// What changes during a run and is stored.
pub trait State: Sized {
    /// A value to be read over.
    fn blank() -> Self;

    /// Writes the value, or reads it.
    fn visit(&mut self, io: &mut Columns<'_>);

    /// Writes or reads the values of a list whose length is known.
    fn visit_all(list: &mut [Self], io: &mut Columns<'_>) {
        list.iter_mut().for_each(|one| one.visit(io));
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl State for $number {
            fn blank() -> Self {
                Self::default()
            }

            #[inline]
            fn visit(&mut self, io: &mut Columns<'_>) {
                let mut bytes = self.to_le_bytes();
                io.bytes(&mut bytes);
                *self = Self::from_le_bytes(bytes);
            }
        }
    )*};
}

numbers!(u8, u16, u32, u64, i32, i64, f32, f64);

impl State for usize {
    fn blank() -> Self {
        0
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut wide = *self as u64;
        wide.visit(io);
        *self = wide as Self;
    }
}

impl State for bool {
    fn blank() -> Self {
        false
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut byte = u8::from(*self);
        byte.visit(io);
        *self = byte != 0;
    }
}

impl State for AtomicU32 {
    fn blank() -> Self {
        Self::new(0)
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.get_mut().visit(io);
    }
}

impl State for AtomicU64 {
    fn blank() -> Self {
        Self::new(0)
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.get_mut().visit(io);
    }
}

impl State for String {
    fn blank() -> Self {
        Self::new()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut bytes = std::mem::take(self).into_bytes();
        bytes.visit(io);
        match Self::from_utf8(bytes) {
            Ok(text) => *self = text,
            Err(_) => io.misses("what stands for a text is none".to_owned()),
        }
    }
}

impl<T: State> State for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let n = io.length(self.len());
        // A column that is as long as it was is filled where it lies.
        self.resize_with(n, T::blank);
        T::visit_all(self, io);
    }
}

impl<T: State> State for VecDeque<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let n = io.length(self.len());
        self.resize_with(n, T::blank);
        T::visit_all(self.make_contiguous(), io);
    }
}

impl<A: Array<Item: State>> State for SmallVec<A> {
    fn blank() -> Self {
        Self::new()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let n = io.length(self.len());
        self.resize_with(n, A::Item::blank);
        A::Item::visit_all(self, io);
    }
}

impl<T: State> State for Option<T> {
    fn blank() -> Self {
        None
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut there = self.is_some();
        there.visit(io);
        if there {
            self.get_or_insert_with(T::blank).visit(io);
        } else {
            *self = None;
        }
    }
}

impl<T: State, const N: usize> State for [T; N] {
    fn blank() -> Self {
        std::array::from_fn(|_| T::blank())
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        T::visit_all(self, io);
    }
}

impl<A: State, B: State> State for (A, B) {
    fn blank() -> Self {
        (A::blank(), B::blank())
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        self.0.visit(io);
        self.1.visit(io);
    }
}

impl<K: State + Clone + Ord, V: State + Clone> State for BTreeMap<K, V> {
    fn blank() -> Self {
        Self::new()
    }

    fn visit(&mut self, io: &mut Columns<'_>) {
        let mut pairs: Vec<(K, V)> = std::mem::take(self).into_iter().collect();
        pairs.visit(io);
        *self = pairs.into_iter().collect();
    }
}

/// Declares what is stored of records: all fields, and after `except` those that are not,
/// which are built anew. A field that is in neither list does not compile.
///
/// ```
/// struct Well { depth: u32, litres: f64, log: Vec<u8> }
/// guanxi::state! { Well { depth, litres; except log } }
/// use guanxi::columns::{Columns, State};
/// let (mut bytes, mut well) = (Vec::new(), Well { depth: 7, litres: 0.5, log: vec![1] });
/// let mut io = Columns::save(&mut bytes);
/// well.visit(&mut io);
/// assert_eq!(io.finish().unwrap(), 12);
/// let (mut other, mut file) = (Well { depth: 0, litres: 0.0, log: vec![2] }, &bytes[..]);
/// let mut io = Columns::load(&mut file, 12);
/// other.visit(&mut io);
/// io.finish().unwrap();
/// assert_eq!((other.depth, other.litres, other.log), (7, 0.5, vec![2]));
/// ```
#[macro_export]
macro_rules! state {
    ($($type:ident { $($field:ident),* $(,)? $(; except $($skip:ident),+)? })+) => {$(
        impl $crate::columns::State for $type {
            fn blank() -> Self {
                Self {
                    $($field: $crate::columns::State::blank(),)*
                    $($($skip: Default::default(),)+)?
                }
            }

            #[inline]
            fn visit(&mut self, io: &mut $crate::columns::Columns<'_>) {
                let Self { $($field,)* $($($skip: _,)+)? } = self;
                $($crate::columns::State::visit($field, io);)*
            }

            fn visit_all(list: &mut [Self], io: &mut $crate::columns::Columns<'_>) {
                io.fields(concat!($(stringify!($field), " "),*));
                $(for one in &mut *list {
                    $crate::columns::State::visit(&mut one.$field, io);
                })*
            }
        }
    )+};
}

/// Declares what is stored of types that are one of a few words, as the word's number.
#[macro_export]
macro_rules! state_words {
    ($($type:ident { $first:ident $(, $word:ident)* $(,)? })+) => {$(
        impl $crate::columns::State for $type {
            fn blank() -> Self {
                Self::$first
            }

            fn visit(&mut self, io: &mut $crate::columns::Columns<'_>) {
                const WORDS: &[$type] = &[<$type>::$first $(, <$type>::$word)*];
                // A word that is in no place does not compile.
                let _ = |one: &Self| match one { Self::$first => {} $(Self::$word => {})* };
                let place = WORDS.iter().position(|word| word == self).unwrap_or_default();
                let mut number = place as u8;
                $crate::columns::State::visit(&mut number, io);
                match WORDS.get(usize::from(number)) {
                    Some(word) => *self = *word,
                    None => io.misses(format!("{number} stands for no word")),
                }
            }
        }
    )+};
}
