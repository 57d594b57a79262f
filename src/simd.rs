//! The one module with `unsafe`: calls into code compiled for wider vectors, four words side by
//! side ([`Quad`]), sums of packed numbers ([`number_sums`]), hints to the memory and the operating system, and columns that are read out
//! of a mapped file.
//!
//! The program is built for any processor of its architecture. On x86-64 that
//! means vectors of two u64; a processor with AVX2 has four. [`widest`] compiles
//! a piece of code twice and chooses when the program runs. Both versions do the
//! same operations on the same numbers (the compiler never fuses or reorders
//! floating-point operations by itself), so results do not depend on the choice.

mod numbers;
mod quad;

pub use numbers::{number_sums, room_of_sums};
pub use quad::{Quad, Quads, quads};

use std::fs::File;
use std::ops::Deref;
use std::sync::Arc;

/// A piece of code that is worth wider vectors: loops of some dozens of elements and above.
///
/// `run`, and what it calls, must be `#[inline(always)]`: only what is inlined is compiled
/// for the wider vectors. A closure cannot be marked so, and stays as it is.
pub trait Kernel {
    /// What comes out.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

/// Runs a kernel, compiled for the widest vectors that this processor has.
#[inline]
pub fn widest<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: `with_avx2` needs a processor with AVX2, which was just asked for.
        return unsafe { with_avx2(kernel) };
    }
    kernel.run()
}

/// The kernel, compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

/// Asks for a row of a column to be brought near, before it is read. Changes nothing but time.
#[inline(always)]
pub fn prefetch<T>(column: &[T], row: usize) {
    if let Some(place) = column.get(row) {
        prefetch_one(place);
    }
}

/// [`prefetch`] of a row that the column should have: whether it does is not asked, since a hint to
/// a place where there is nothing is ignored.
#[inline(always)]
pub fn prefetch_known<T>(column: &[T], row: usize) {
    prefetch_at(column.as_ptr().wrapping_add(row));
}

/// [`prefetch`] of a single place: of its first line of memory and, where a value may lie across two,
/// of its last. A quarter of records of 20 bytes do.
#[inline(always)]
pub fn prefetch_one<T>(place: &T) {
    prefetch_at(std::ptr::from_ref(place));
}

#[inline(always)]
fn prefetch_at<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        const LINE: usize = 64;
        let first = place.cast::<i8>();
        // SAFETY: SSE is part of x86-64; a prefetch reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(first) };
        if !LINE.is_multiple_of(size_of::<T>()) {
            let last = first.wrapping_add(size_of::<T>().saturating_sub(1));
            // SAFETY: as above.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(last) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Gives memory that was freed in pieces back to the system: lists that grow while a market
/// grows leave gaps behind. Changes nothing but the memory that is held.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator of the C library may be trimmed at any time, from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Takes every piece of memory from 256 KiB on from the system by itself, so that it leaves no gap when it
/// is freed. The allocator would draw that line higher and higher, up to 32 MiB, and keep what is below
/// it in common with small pieces. Changes nothing but the memory that is held.
pub fn keep_large_apart() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the line may be drawn anew at any time; where it cannot, it stays.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10);
    }
}

/// A column of `n` values for random access, on large pages where the system has them: a
/// table of pages that fits the processor saves a walk at most accesses.
#[must_use]
pub fn column<T>(n: usize, value: impl FnMut() -> T) -> Vec<T> {
    let mut column = Vec::with_capacity(n);
    advise(column.spare_capacity_mut());
    column.resize_with(n, value);
    column
}

/// Asks for large pages for a piece of memory that nobody has touched.
fn advise<T>(room: &mut [std::mem::MaybeUninit<T>]) {
    #[cfg(target_os = "linux")]
    {
        const PAGE: usize = 4_096;
        let start = (room.as_mut_ptr() as usize).next_multiple_of(PAGE);
        let end = (room.as_mut_ptr() as usize + size_of_val(room)) / PAGE * PAGE;
        if end > start + (4 << 20) {
            // SAFETY: the pages lie within `room`; the advice changes none of their bytes,
            // and a refusal is of no consequence.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = room;
}

/// Plain values without padding, of which every pattern of bits is one.
pub trait Plain: Copy + Send + Sync + sealed::Sealed + 'static {}

mod sealed {
    /// Keeps other types out.
    pub trait Sealed {}
}

macro_rules! plain {
    ($($type:ty),+) => {
        $(impl sealed::Sealed for $type {} impl Plain for $type {})+
    };
}

plain!(u8, u16, u32, u64, f32);

/// The bytes of a column as they lie in memory.
#[must_use]
pub fn bytes_of<T: Plain>(column: &[T]) -> &[u8] {
    // SAFETY: plain values have no padding, so all of the bytes are initialised, and the
    // slice of bytes covers the same memory for the same time.
    unsafe { std::slice::from_raw_parts(column.as_ptr().cast(), size_of_val(column)) }
}

/// A file that is mapped into memory, to be read only.
#[derive(Debug)]
pub struct Map(memmap2::Mmap);

impl Map {
    /// Maps a whole file, which nobody may change or cut while it is mapped.
    ///
    /// # Errors
    /// Where the system refuses, as it does for what is no regular file.
    pub fn of(file: &File) -> std::io::Result<Arc<Self>> {
        // SAFETY: the map is read only and its bytes are plain. Whoever changes the file
        // meanwhile changes what is read, or ends the process where it is cut short: the
        // manual says so, and no mapping can prevent it.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Arc::new(Self(map)))
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `count` values from byte `from` on; none where they are not all inside, or not aligned.
    #[must_use]
    pub fn column<T: Plain>(self: &Arc<Self>, from: usize, count: usize) -> Option<Column<T>> {
        let until = count.checked_mul(size_of::<T>())?.checked_add(from)?;
        let bytes = self.0.get(from..until)?;
        if !bytes.as_ptr().addr().is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: the bytes are inside the map, aligned, and as many as the values take;
        // every pattern of bits is a plain value. The slice lives as long as the map, which
        // the column holds on to, and nobody gets it for longer than the column is borrowed.
        let rows: &'static [T] =
            unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), count) };
        Some(Column(Rows::Mapped { rows, map: Arc::clone(self) }))
    }
}

/// A column of values: held, or read out of a mapped file without a copy.
#[derive(Clone)]
pub struct Column<T: Plain>(Rows<T>);

#[derive(Clone)]
enum Rows<T: 'static> {
    Held(Vec<T>),
    Mapped { rows: &'static [T], map: Arc<Map> },
}

impl<T: Plain> Column<T> {
    /// The values, to be changed; those of a mapped file are copied first.
    pub fn held(&mut self) -> &mut Vec<T> {
        if let Rows::Mapped { rows, .. } = &self.0 {
            self.0 = Rows::Held(rows.to_vec());
        }
        match &mut self.0 {
            Rows::Held(rows) => rows,
            Rows::Mapped { .. } => unreachable!("what was mapped is held now"),
        }
    }

    /// The file that the values are read out of.
    #[must_use]
    pub fn map(&self) -> Option<&Arc<Map>> {
        match &self.0 {
            Rows::Held(_) => None,
            Rows::Mapped { map, .. } => Some(map),
        }
    }
}

impl<T: Plain> Deref for Column<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        match &self.0 {
            Rows::Held(rows) => rows,
            Rows::Mapped { rows, .. } => rows,
        }
    }
}

impl<T: Plain> From<Vec<T>> for Column<T> {
    fn from(rows: Vec<T>) -> Self {
        Self(Rows::Held(rows))
    }
}

impl<T: Plain> Default for Column<T> {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl<T: Plain + PartialEq> PartialEq for Column<T> {
    /// Equal values are equal columns, wherever they lie.
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Plain + Eq> Eq for Column<T> {}

impl<T: Plain + std::fmt::Debug> std::fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_read_out_of_a_file_without_a_copy() {
        let path = std::env::temp_dir().join(format!("guanxi-map-{}", std::process::id()));
        let values: Vec<u32> = (0..1_000).map(|k| k * 77).collect();
        std::fs::write(&path, bytes_of(&values)).expect("written");
        let map = Map::of(&File::open(&path).expect("there")).expect("mapped");
        let mut column: Column<u32> = map.column(8, 998).expect("inside and aligned");
        assert_eq!(column, Column::from(values[2..].to_vec()));
        assert_eq!(column.as_ptr().addr(), map.bytes().as_ptr().addr() + 8);
        assert!(map.column::<u32>(8, 999).is_none(), "beyond the end");
        assert!(map.column::<u32>(6, 1).is_none(), "not aligned");
        assert!(map.column::<u64>(0, usize::MAX).is_none(), "no number of bytes");
        drop(map);
        column.held()[0] = 1;
        assert_eq!((column[0], column[1], column.map().is_none()), (1, 231, true));
        std::fs::remove_file(&path).expect("removed");
    }

    #[test]
    fn columns_hold_what_they_are_asked_for() {
        let mut k = 0;
        let mut next = || {
            k += 1;
            k
        };
        assert_eq!(column(3, &mut next), [1, 2, 3]);
        assert_eq!(column(2_000_000, || 7_u32).iter().filter(|x| **x == 7).count(), 2_000_000);
    }

    use super::*;

    struct Polynomial<'a>(&'a [f64]);

    impl Kernel for Polynomial<'_> {
        type Output = Vec<u64>;

        #[inline(always)]
        fn run(self) -> Vec<u64> {
            self.0.iter().map(|x| (x * x + 0.1) * x - 0.7).map(f64::to_bits).collect()
        }
    }

    #[test]
    fn wide_code_gives_the_bits_of_plain_code() {
        let column: Vec<f64> = (0..1_000).map(|i| 1.0 / (f64::from(i) + 0.3)).collect();
        assert_eq!(widest(Polynomial(&column)), Polynomial(&column).run());
    }
}
