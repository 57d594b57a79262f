//! Both ways of columns, and what is told of files that are not as they should be.

use super::*;
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug, PartialEq)]
struct Record {
    id: u32,
    share: f64,
    word: Word,
    notes: Vec<String>,
    cache: u8,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Word {
    One,
    Two,
}

crate::state! { Record { id, share, word, notes; except cache } }
crate::state_words! { Word { One, Two } }

fn saved<T: State>(value: &mut T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut io = Columns::save(&mut bytes);
    value.visit(&mut io);
    let n = io.finish().unwrap();
    assert_eq!(n, bytes.len() as u64);
    bytes
}

fn loaded<T: State>(mut bytes: &[u8]) -> Result<T, String> {
    let mut value = T::blank();
    let n = bytes.len() as u64;
    let mut io = Columns::load(&mut bytes, n);
    value.visit(&mut io);
    match io.finish() {
        Ok(_) => Ok(value),
        Err(Fault::Io(error)) => Err(error.to_string()),
        Err(Fault::Layout(what)) => Err(what),
        Err(Fault::Refused(names)) => Err(names.join(", ")),
    }
}

fn check<T: State + Clone + PartialEq + std::fmt::Debug>(value: T) {
    let bytes = saved(&mut value.clone());
    assert_eq!(loaded::<T>(&bytes), Ok(value));
    // Whatever is cut off is missed.
    for cut in 0..bytes.len().min(300) {
        assert!(loaded::<T>(&bytes[..cut]).is_err(), "{cut} bytes of {}", bytes.len());
    }
    let more = [&bytes[..], &[0]].concat();
    assert!(loaded::<T>(&more).is_err(), "a byte more");
}

fn record(id: u32, word: Word) -> Record {
    Record { id, share: -0.0, word, notes: vec!["团购".to_owned(), String::new()], cache: 0 }
}

#[test]
fn what_is_read_is_what_was_written() {
    check(vec![record(1, Word::Two), record(u32::MAX, Word::One)]);
    check(VecDeque::from([Some((3_u16, true)), None]));
    check(BTreeMap::from([((1_u32, 2_u32), i64::MIN), ((1, 3), 7)]));
    check([f32::MIN_POSITIVE, 1.0]);
    check((0..100_000_u64).collect::<Vec<_>>());
    let mut small = SmallVec::<[u32; 4]>::from_slice(&[5, 6, 7, 8, 9]);
    assert_eq!(loaded::<SmallVec<[u32; 4]>>(&saved(&mut small)).unwrap(), small);
}

#[test]
fn bits_of_numbers_are_kept() {
    let mut undefined = f64::NAN;
    let bytes = saved(&mut undefined);
    assert_eq!(loaded::<f64>(&bytes).unwrap().to_bits(), f64::NAN.to_bits());
    assert!(loaded::<f64>(&saved(&mut -0.0_f64)).unwrap().is_sign_negative());
}

#[test]
fn a_length_beyond_the_file_is_told_before_anything_is_allocated() {
    let mut length = u64::MAX;
    let error = loaded::<Vec<u64>>(&saved(&mut length)).unwrap_err();
    assert!(error.contains("longer than the file"), "{error}");
}

#[test]
fn other_names_and_other_fields_are_told() {
    let with = |name: &str, bytes: &mut Vec<u8>| {
        let mut io = Columns::save(bytes);
        io.name(name);
        io.finish().unwrap();
    };
    let mut bytes = Vec::new();
    with("members", &mut bytes);
    let mut file = &bytes[..];
    let mut io = Columns::load(&mut file, bytes.len() as u64);
    io.name("offers");
    let Err(Fault::Layout(what)) = io.finish() else { panic!("not told") };
    assert_eq!(what, "`offers` is expected where `members` stands");
    let mut other = saved(&mut vec![record(1, Word::One)]);
    other[8] ^= 1;
    assert!(loaded::<Vec<Record>>(&other).unwrap_err().contains("do not have the fields"));
}

#[test]
fn values_that_have_acted_are_refused_by_name_all_at_once() {
    let mut bytes = Vec::new();
    let mut io = Columns::save(&mut bytes);
    io.acted("start.trust", &0.5);
    io.acted("stock.least_units", &12_u32);
    io.acted("reviews.start_reviews", &1.0);
    io.finish().unwrap();
    let mut file = &bytes[..];
    let mut io = Columns::load(&mut file, bytes.len() as u64);
    io.acted("start.trust", &0.6);
    io.acted("stock.least_units", &12_u32);
    io.acted("reviews.start_reviews", &2.0);
    let Err(Fault::Refused(names)) = io.finish() else { panic!("not refused") };
    assert_eq!(names, ["start.trust", "reviews.start_reviews"]);
}
