//! Deliveries column by column: how they turn out, and what they teach.
//!
//! Columns are in blocks of [`WIDE`], which become vectors; what stands in the last block after
//! the last delivery is worked out with the others and means nothing.

use super::Parameters;
use crate::market::member::{Member, from_share16, share16};
use crate::market::message::Shipment;
use crate::quantity::math::quick_logistic;
use crate::rng::normals::normals;
use crate::rng::unit;
use crate::simd::{self, Kernel};

/// Deliveries that are worked out side by side.
const WIDE: usize = 16;

/// A column in blocks.
type Column<T> = Vec<[T; WIDE]>;

/// Columns of some deliveries; which offer and channel they are of, and what their buyers think, is
/// filled in by whoever knows.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The draws: what a delivery adds to the offer's quality, and whether it goes back.
    pub(super) pairs: Vec<[u32; 2]>,
    quality: Column<f32>,
    expected: Column<f64>,
    shift: Column<f64>,
    /// What the delivery adds, in standard deviations.
    noise: Vec<f64>,
    surprise: Column<f32>,
    returned: Column<bool>,
    /// What buyers think, before and after.
    trust: Column<u16>,
    satisfaction: Column<u16>,
    habit: Column<u16>,
}

impl Room {
    /// How the deliveries turn out whose draws are there, each by quality of the offer, quality
    /// that is expected, and what the channel adds to the log-odds of a return.
    pub(super) fn look(
        &mut self,
        p: &Parameters,
        part: &[Shipment],
        promise: impl Fn(&Shipment) -> (f32, f64, f64),
    ) {
        let blocks = part.len().div_ceil(WIDE);
        let Self { pairs, quality, expected, shift, noise, surprise, returned, .. } = self;
        pairs.resize(blocks * WIDE, [0; 2]);
        quality.resize(blocks, [0.0; WIDE]);
        expected.resize(blocks, [0.0; WIDE]);
        shift.resize(blocks, [0.0; WIDE]);
        let columns = quality.as_flattened_mut().iter_mut().zip(expected.as_flattened_mut());
        for (((quality, expected), shift), order) in columns.zip(shift.as_flattened_mut()).zip(part)
        {
            (*quality, *expected, *shift) = promise(order);
        }
        normals(pairs.iter().map(|pair| pair[0]), noise);
        surprise.resize(blocks, [0.0; WIDE]);
        returned.resize(blocks, [false; WIDE]);
        simd::widest(Look { p, pairs, quality, expected, shift, noise, surprise, returned });
    }

    /// What the deliveries teach their buyers, as if everybody got one.
    pub(super) fn learn<'a>(&mut self, p: &Parameters, buyers: impl Iterator<Item = &'a Member>) {
        let Self { surprise, returned, trust, satisfaction, habit, .. } = self;
        let blocks = surprise.len();
        for column in [&mut *trust, satisfaction, habit] {
            column.resize(blocks, [0; WIDE]);
        }
        let columns = trust.as_flattened_mut().iter_mut().zip(satisfaction.as_flattened_mut());
        for (((trust, satisfaction), habit), buyer) in
            columns.zip(habit.as_flattened_mut()).zip(buyers)
        {
            (*trust, *satisfaction, *habit) = (buyer.trust, buyer.satisfaction, buyer.habit);
        }
        simd::widest(Learn { p, surprise, returned, trust, satisfaction, habit });
    }

    /// Of each of so many deliveries the surprise, whether it goes back, and what its buyer thinks then.
    pub(super) fn found(&self, n: usize) -> impl Fn(usize) -> (f32, bool, Views) {
        let [trust, satisfaction, habit] = [&self.trust, &self.satisfaction, &self.habit]
            .map(|column| &column.as_flattened()[..n]);
        let surprise = &self.surprise.as_flattened()[..n];
        let returned = &self.returned.as_flattened()[..n];
        move |k| {
            let views = Views { trust: trust[k], satisfaction: satisfaction[k], habit: habit[k] };
            (surprise[k], returned[k], views)
        }
    }
}

/// How deliveries turn out.
struct Look<'a> {
    p: &'a Parameters,
    pairs: &'a [[u32; 2]],
    quality: &'a [[f32; WIDE]],
    expected: &'a [[f64; WIDE]],
    shift: &'a [[f64; WIDE]],
    noise: &'a [f64],
    surprise: &'a mut [[f32; WIDE]],
    returned: &'a mut [[bool; WIDE]],
}

impl Kernel for Look<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Parameters { quality_noise_sd, return_base, return_disappointment, .. } = *self.p;
        let offers = self.quality.iter().zip(self.noise.as_chunks::<WIDE>().0);
        let channels = self.expected.iter().zip(self.shift);
        let ends = self.surprise.iter_mut().zip(self.returned);
        let pairs = self.pairs.as_chunks::<WIDE>().0;
        for ((((quality, noise), (expected, shift)), pairs), (surprises, ends)) in
            offers.zip(channels).zip(pairs).zip(ends)
        {
            let (mut surprise, mut returned) = ([0.0; WIDE], [false; WIDE]);
            for i in 0..WIDE {
                let realised = f64::from(quality[i]) + quality_noise_sd * noise[i];
                let felt = realised - expected[i];
                let odds = return_base - return_disappointment * felt + shift[i];
                surprise[i] = felt as f32;
                returned[i] = unit(pairs[i][1]) < quick_logistic(odds);
            }
            (*surprises, *ends) = (surprise, returned);
        }
    }
}

/// What buyers learn.
struct Learn<'a> {
    p: &'a Parameters,
    surprise: &'a [[f32; WIDE]],
    returned: &'a [[bool; WIDE]],
    trust: &'a mut [[u16; WIDE]],
    satisfaction: &'a mut [[u16; WIDE]],
    habit: &'a mut [[u16; WIDE]],
}

impl Kernel for Learn<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let lesson = Lesson::of(self.p);
        let views = self.trust.iter_mut().zip(self.satisfaction).zip(self.habit);
        for (((trusts, satisfactions), habits), (surprise, returned)) in
            views.zip(self.surprise.iter().zip(self.returned))
        {
            let (mut trust, mut satisfaction, mut habit) = (*trusts, *satisfactions, *habits);
            for i in 0..WIDE {
                let before =
                    Views { trust: trust[i], satisfaction: satisfaction[i], habit: habit[i] };
                let after = before.after(lesson, surprise[i], returned[i]);
                (trust[i], satisfaction[i], habit[i]) =
                    (after.trust, after.satisfaction, after.habit);
            }
            (*trusts, *satisfactions, *habits) = (trust, satisfaction, habit);
        }
    }
}

/// How much is learned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lesson {
    trust_gain: f64,
    trust_loss: f64,
    full_loss_at: f64,
    habit_gain: f64,
}

impl Lesson {
    /// The part of the parameters that says so.
    #[inline(always)]
    pub(super) fn of(p: &Parameters) -> Self {
        let &Parameters { trust_gain, trust_loss, full_loss_at, habit_gain, .. } = p;
        Self { trust_gain, trust_loss, full_loss_at, habit_gain }
    }
}

/// What a buyer thinks of the platform, as the record holds it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Views {
    trust: u16,
    satisfaction: u16,
    habit: u16,
}

impl Views {
    /// As a record says.
    pub(super) fn of(member: &Member) -> Self {
        let &Member { trust, satisfaction, habit, .. } = member;
        Self { trust, satisfaction, habit }
    }

    /// After a delivery. Both ways are worked out and one is taken: nothing tells beforehand which.
    #[inline(always)]
    pub(super) fn after(self, lesson: Lesson, surprise: f32, returned: bool) -> Self {
        let surprise = f64::from(surprise);
        let trust = from_share16(self.trust);
        let bad = (-surprise / lesson.full_loss_at).clamp(0.0, 1.0);
        let gain = lesson.trust_gain * (1.0 - trust);
        let loss = -lesson.trust_loss * trust * bad.max(if returned { 0.25 } else { 0.0 });
        let change = if surprise >= 0.0 && !returned { gain } else { loss };
        let satisfaction = from_share16(self.satisfaction);
        let seen = if returned { 0.0 } else { (0.5 + surprise).clamp(0.0, 1.0) };
        let habit = from_share16(self.habit);
        let more = share16(habit + lesson.habit_gain * (1.0 - habit));
        Self {
            trust: share16(trust + change),
            satisfaction: share16(0.7 * satisfaction + 0.3 * seen),
            habit: if returned { self.habit } else { more },
        }
    }

    /// Enters it into the record; returns by how much the sum of members' trust changes.
    #[inline]
    pub(super) fn enter(self, member: &mut Member) -> i64 {
        (member.satisfaction, member.habit) = (self.satisfaction, self.habit);
        member.believe(self.trust)
    }
}
