//! The Bass model fitted to a course of adoption.
//!
//! N(t) = N₀ + m·F(t), F(t) = (1 − e^{−(p+q)t}) / (1 + (q/p)·e^{−(p+q)t}) (Bass 1969,
//! doi:10.1287/mnsc.15.5.215), by least squares over the days (Srinivasan & Mason 1986,
//! doi:10.1287/mksc.5.2.169): m follows from p and q in closed form, and these two from a
//! search by simplex (Nelder & Mead 1965) in their logarithms.

use crate::quantity::math;

/// A fitted course.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bass {
    /// Adoption of one's own accord, by day.
    pub p: f64,
    /// Adoption by imitation, by day.
    pub q: f64,
    /// Everybody who will adopt after the first day.
    pub m: f64,
    /// Adopters on the first day.
    pub start: f64,
    /// Share of the variance that the curve explains.
    pub r2: f64,
}

/// F(t) for given p and q.
fn share(p: f64, q: f64, t: f64) -> f64 {
    let e = math::exp(-(p + q) * t);
    (1.0 - e) / (1.0 + q / p * e)
}

impl Bass {
    /// Adopters on a day, counted from the first, which is 0.
    #[must_use]
    pub fn at(&self, t: f64) -> f64 {
        self.start + self.m * share(self.p, self.q, t)
    }

    /// Whether the end lies so far beyond what was seen that m is a guess.
    #[must_use]
    pub fn is_open(&self, last: f64) -> bool {
        self.m > 2.0 * (last - self.start)
    }
}

/// The best m and the sum of squares for p and q.
fn squares(p: f64, q: f64, grown: &[f64]) -> (f64, f64) {
    let (mut ff, mut fy, mut yy) = (0.0, 0.0, 0.0);
    for (t, y) in grown.iter().enumerate() {
        let f = share(p, q, t as f64);
        ff += f * f;
        fy += f * y;
        yy += y * y;
    }
    let m = if ff > 0.0 { fy / ff } else { 0.0 };
    (m, (yy - m * fy).max(0.0))
}

/// Fits a cumulative course by day; none where fewer than ten days or nothing grows.
#[must_use]
pub fn fit(course: &[f64]) -> Option<Bass> {
    let (start, last) = (*course.first()?, *course.last()?);
    if course.len() < 10 || last - start <= 0.0 {
        return None;
    }
    let grown: Vec<f64> = course.iter().map(|y| y - start).collect();
    let cost = |x: [f64; 2]| {
        let bounded = x[0].clamp(-16.0, 0.7) == x[0] && x[1].clamp(-16.0, 1.7) == x[1];
        if bounded { squares(math::exp(x[0]), math::exp(x[1]), &grown).1 } else { f64::INFINITY }
    };
    let starts = [[-6.0, -3.0], [-4.0, -6.0], [-8.0, -2.0], [-5.0, -1.0]];
    let found = starts.map(|start| simplex(start, &cost));
    let best = found.into_iter().min_by(|a, b| cost(*a).total_cmp(&cost(*b)))?;
    let (p, q) = (math::exp(best[0]), math::exp(best[1]));
    let (m, rest) = squares(p, q, &grown);
    let mean = grown.iter().sum::<f64>() / grown.len() as f64;
    let all: f64 = grown.iter().map(|y| (y - mean) * (y - mean)).sum();
    (m > 0.0 && m.is_finite()).then_some(Bass { p, q, m, start, r2: 1.0 - rest / all })
}

/// The lowest point that a simplex finds in 200 steps.
fn simplex(start: [f64; 2], cost: &dyn Fn([f64; 2]) -> f64) -> [f64; 2] {
    let along = |from: [f64; 2], to: [f64; 2], part: f64| {
        [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]
    };
    let corners = [start, [start[0] + 1.0, start[1]], [start[0], start[1] + 1.0]];
    let mut all = corners.map(|x| (cost(x), x));
    for _ in 0..200 {
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let middle = along(all[0].1, all[1].1, 0.5);
        let point = |part: f64| {
            let x = along(middle, all[2].1, part);
            (cost(x), x)
        };
        let over = point(-1.0);
        let next = if over.0 < all[0].0 {
            let far = point(-2.0);
            if far.0 < over.0 { far } else { over }
        } else if over.0 < all[1].0 {
            over
        } else {
            point(if over.0 < all[2].0 { -0.5 } else { 0.5 })
        };
        if next.0 < all[2].0 {
            all[2] = next;
        } else {
            for k in 1..3 {
                let x = along(all[0].1, all[k].1, 0.5);
                all[k] = (cost(x), x);
            }
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all[0].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bass_course_gives_its_own_parameters_back() {
        let truth = Bass { p: 0.01, q: 0.12, m: 50_000.0, start: 1000.0, r2: 1.0 };
        let course: Vec<f64> = (0..180).map(|t| truth.at(f64::from(t))).collect();
        let found = fit(&course).unwrap();
        for (a, b) in [(found.p, truth.p), (found.q, truth.q), (found.m, truth.m)] {
            assert!((a / b - 1.0).abs() < 1e-3, "{found:?}");
        }
        assert!(found.r2 > 0.9999 && !found.is_open(course[179]));
    }

    #[test]
    fn what_does_not_grow_is_not_fitted() {
        assert_eq!(fit(&[5.0; 40]), None);
        assert_eq!(fit(&[1.0, 2.0, 3.0]), None);
        assert!(fit(&(0..40).map(f64::from).collect::<Vec<_>>()).unwrap().is_open(39.0));
    }
}
