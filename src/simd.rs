//! The one module with `unsafe`: calls into code compiled for wider vectors, and hints
//! to the memory and the operating system.
//!
//! The program is built for any processor of its architecture. On x86-64 that
//! means vectors of two u64; a processor with AVX2 has four. [`widest`] compiles
//! a piece of code twice and chooses when the program runs. Both versions do the
//! same operations on the same numbers (the compiler never fuses or reorders
//! floating-point operations by itself), so results do not depend on the choice.

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
    #[cfg(target_arch = "x86_64")]
    if let Some(place) = column.get(row) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64; a prefetch reads nothing that the program sees.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (column, row);
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

#[cfg(test)]
mod tests {
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
