//! What a sweep tells of its parameters: by how much a metric changes along each, and where
//! two arms cross.
//!
//! A metric's means by point are fitted by least squares with one straight line a parameter,
//! y = b₀ + Σ bⱼ·uⱼ, uⱼ from 0 at the lowest to 1 at the highest value (in logarithms where
//! the highest is thirty times the lowest): bⱼ is the change along the whole swept range with
//! the others held (Saltelli et al. 2008, doi:10.1002/9780470725184, §1.2.5). Each replicate is
//! fitted for itself, which gives the interval; R² says how much of it straight lines tell.

use crate::output::comparison::{MetricName, better_from};
use crate::output::error::OutputError;
use crate::output::sweep::manifest::{FORMAT, Manifest};
use crate::output::sweep::plan::{self, Plan, Varied};
use crate::quantity::math;
use crate::report::charts::Point;
use crate::report::data::{ByReplicate, Place, over, rows};
use crate::report::sections::assumptions;
use crate::report::verdict::JUDGED;
use std::collections::BTreeMap;
use std::path::Path;

/// Ratio of the highest to the lowest value from which logarithms are taken.
const LOGS: f64 = 30.0;

/// Lists by point that may have holes, by replicate.
type Partial = BTreeMap<u32, Vec<Option<f64>>>;

/// Values of a metric along a parameter.
type Course = Vec<(f64, f64)>;

/// A parameter that was swept, as numbers.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// What it is.
    pub varied: Varied,
    /// Its value at each point.
    pub at: Vec<f64>,
    /// Its lowest and highest value.
    pub ends: (f64, f64),
    /// Whether it is fitted in logarithms.
    pub logs: bool,
}

/// A sweep, as far as numbers go.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Name of the folder.
    pub label: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its plan.
    pub plan: Plan,
    /// Parameters whose values are numbers and differ.
    pub parameters: Vec<Parameter>,
    /// Names of parameters that are left out: words, or one value only.
    pub left_out: Vec<String>,
    /// Arms and platforms.
    pub places: Vec<(String, String)>,
    /// The place in a page's colours of each.
    pub inks: Vec<usize>,
    /// Metrics that judge, in their order.
    pub metrics: Vec<MetricName>,
    /// Values by (metric, place): a list by point for each replicate that has all points.
    values: BTreeMap<(usize, usize), BTreeMap<u32, Vec<f64>>>,
}

/// Straight lines along all parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Value where every parameter is lowest.
    pub base: f64,
    /// Change along each parameter.
    pub slopes: Vec<f64>,
    /// Share of the variance over points that the lines tell.
    pub r2: f64,
}

impl Parameter {
    fn of(varied: &Varied, at: Option<Vec<f64>>) -> Option<Self> {
        let at = at?;
        let low = at.iter().copied().fold(f64::INFINITY, f64::min);
        let high = at.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let logs = low > 0.0 && high / low >= LOGS;
        (high > low).then(|| Self { varied: varied.clone(), at, ends: (low, high), logs })
    }

    /// From 0 at the lowest to 1 at the highest value.
    fn unit(&self, x: f64) -> f64 {
        let (low, high) = self.ends;
        if self.logs {
            return math::ln(x / low) / math::ln(high / low);
        }
        (x - low) / (high - low)
    }

    /// The value at a part of the way.
    fn value(&self, unit: f64) -> f64 {
        let (low, high) = self.ends;
        if self.logs {
            low * math::exp(unit * math::ln(high / low))
        } else {
            low + unit * (high - low)
        }
    }

    /// Its different values, ascending.
    fn levels(&self) -> Vec<f64> {
        let mut levels = self.at.clone();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        levels
    }
}

impl Sweep {
    /// Whether a folder is that of a sweep.
    #[must_use]
    pub fn is_one(folder: &Path) -> bool {
        let bytes = std::fs::read(folder.join("manifest.json")).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        json["format"] == FORMAT
    }

    /// Reads a sweep's folder.
    ///
    /// # Errors
    /// Where it cannot be read, or has no tables yet.
    pub fn read(folder: &Path) -> Result<Self, OutputError> {
        let Some(manifest) = Manifest::read(folder)? else {
            return Err(OutputError::NotASweep { path: folder.to_path_buf() });
        };
        let plan = Plan::read(folder, &manifest.plan)?;
        let resolved = std::fs::read(folder.join("resolved.toml")).unwrap_or_default();
        let own = assumptions::own_values(&String::from_utf8_lossy(&resolved));
        let (parameters, left_out) = parameters(&plan, &own);
        let path = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let label = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut sweep = Self {
            label: label.unwrap_or_default(),
            manifest,
            plan,
            parameters,
            left_out,
            places: Vec::new(),
            inks: Vec::new(),
            metrics: Vec::new(),
            values: BTreeMap::new(),
        };
        if !folder.join("tables/metrics.csv").exists() {
            let why = "the sweep has no tables yet: they are written when it ends (`guanxi sweep … --resume`)";
            return Err(OutputError::malformed(&folder.join("tables/metrics.csv"), why));
        }
        sweep.fill(folder)?;
        Ok(sweep)
    }

    fn fill(&mut self, folder: &Path) -> Result<(), OutputError> {
        let n = self.plan.points.len();
        let mut found: BTreeMap<(usize, usize), Partial> = BTreeMap::new();
        let columns = ["point", "metric", "unit", "better", "complete", "value"];
        rows(folder, "metrics", &columns, |row| {
            if row[7] != "1" || !JUDGED.contains(&row[4].as_str()) {
                return;
            }
            let (Ok(replicate), Ok(point)) = (row[2].parse::<u32>(), row[3].parse::<usize>())
            else {
                return;
            };
            let place = entered(&mut self.places, (row[0].clone(), row[1].clone()));
            let metric = MetricName {
                name: row[4].clone(),
                unit: row[5].clone(),
                better: better_from(&row[6]).unwrap_or(crate::observer::Better::Neither),
            };
            let metric = entered(&mut self.metrics, metric);
            let by_point = found.entry((metric, place)).or_default().entry(replicate);
            if let Some(cell) = by_point.or_insert_with(|| vec![None; n]).get_mut(point) {
                *cell = row[8].parse().ok();
            }
        })?;
        for (key, replicates) in found {
            let whole = replicates.into_iter().filter_map(|(replicate, values)| {
                Some((replicate, values.into_iter().collect::<Option<Vec<f64>>>()?))
            });
            self.values.insert(key, whole.collect());
        }
        self.inks = (0..self.places.len()).collect();
        Ok(())
    }

    /// Gives its arms the colours that they have in a page of runs.
    pub fn colour(&mut self, known: &[Place]) {
        let ink = |(k, place): (usize, &(String, String))| {
            let same = |other: &Place| (&other.arm, &other.platform) == (&place.0, &place.1);
            known.iter().position(same).unwrap_or(known.len() + k)
        };
        self.inks = self.places.iter().enumerate().map(ink).collect();
    }

    /// Whether a parameter is the arm's own or everybody's: an arm knows nothing of what is
    /// another's.
    #[must_use]
    pub fn is_own(&self, parameter: usize, place: usize) -> bool {
        let arm = &self.places[place].0;
        let rest = self.parameters[parameter].varied.key.strip_prefix("arm.");
        rest.is_none_or(|rest| rest.strip_prefix(arm.as_str()).is_some_and(|r| r.starts_with('.')))
    }

    /// Metrics in the order in which they judge.
    #[must_use]
    pub fn judged(&self) -> Vec<usize> {
        let place = |name: &str| JUDGED.iter().position(|judged| *judged == name);
        let mut order: Vec<usize> = (0..self.metrics.len()).collect();
        order.sort_by_key(|metric| place(&self.metrics[*metric].name));
        order
    }

    /// Replicates that count for a metric at a place.
    #[must_use]
    pub fn n(&self, metric: usize, place: usize) -> usize {
        self.values.get(&(metric, place)).map_or(0, BTreeMap::len)
    }

    /// What a metric's list by point gives, for the mean over replicates and for each
    /// replicate; none where it gives nothing for the mean.
    fn each<T>(
        &self,
        (metric, place): (usize, usize),
        of: impl Fn(&[f64]) -> Option<T>,
    ) -> Option<(T, BTreeMap<u32, T>)> {
        let values = self.values.get(&(metric, place)).filter(|values| !values.is_empty())?;
        let n = values.len() as f64;
        let mean = |point: usize| values.values().map(|all| all[point]).sum::<f64>() / n;
        let mean: Vec<f64> = (0..self.plan.points.len()).map(mean).collect();
        let each = values.iter().filter_map(|(r, all)| Some((*r, of(all)?))).collect();
        Some((of(&mean)?, each))
    }

    /// The lines of a metric at a place along all parameters that are the place's own; no
    /// slope along the others.
    #[must_use]
    pub fn fit(&self, metric: usize, place: usize) -> Option<(Fit, BTreeMap<u32, Fit>)> {
        self.each((metric, place), |y| self.lines(place, y))
    }

    fn lines(&self, place: usize, y: &[f64]) -> Option<Fit> {
        let own: Vec<usize> =
            (0..self.parameters.len()).filter(|k| self.is_own(*k, place)).collect();
        let column = |k: &usize| {
            let one = &self.parameters[*k];
            one.at.iter().map(|x| one.unit(*x)).collect::<Vec<f64>>()
        };
        let found = least_squares(&own.iter().map(column).collect::<Vec<_>>(), y)?;
        let mut slopes = vec![0.0; self.parameters.len()];
        for (k, slope) in own.into_iter().zip(&found.slopes) {
            slopes[k] = *slope;
        }
        Some(Fit { slopes, ..found })
    }

    /// Whether means by level are fair: every level of a parameter has seen the same others.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.parameters.len() == 1 || self.plan.design.kind == "grid"
    }

    /// A list by point along a parameter: means by level where that is fair, else the line
    /// with the others at their means.
    fn along(&self, (place, parameter): (usize, usize), y: &[f64]) -> Option<Course> {
        let one = &self.parameters[parameter];
        if self.is_balanced() {
            let mean = |level: &f64| {
                let own = one.at.iter().zip(y).filter(|(x, _)| *x == level);
                let own: Vec<f64> = own.map(|(_, y)| *y).collect();
                (*level, own.iter().sum::<f64>() / own.len() as f64)
            };
            return Some(one.levels().iter().map(mean).collect());
        }
        let mean = y.iter().sum::<f64>() / y.len() as f64;
        let slope = if self.is_own(parameter, place) {
            self.lines(place, y)?.slopes[parameter]
        } else {
            0.0
        };
        // A line of least squares passes through the means of all.
        let units = one.at.iter().map(|x| one.unit(*x)).sum::<f64>() / one.at.len() as f64;
        let at = |k: u32| {
            let unit = f64::from(k) / 10.0;
            (one.value(unit), mean + slope * (unit - units))
        };
        Some((0..=10).map(at).collect())
    }

    /// A metric at a place along a parameter: value, mean, and its interval over replicates.
    #[must_use]
    pub fn course(&self, metric: usize, place: usize, parameter: usize) -> Vec<Point> {
        let found = self.each((metric, place), |y| self.along((place, parameter), y));
        let Some((mean, each)) = found else { return Vec::new() };
        let ends = |k: usize| {
            let values: ByReplicate = each.iter().map(|(r, course)| (*r, course[k].1)).collect();
            over(&values).ci95
        };
        mean.iter().enumerate().map(|(k, at)| (at.0, at.1, ends(k))).collect()
    }

    /// Where two places have the same mean of a metric along a parameter: of the means, and
    /// of each replicate that has such a value; none where they do not cross just once.
    #[must_use]
    pub fn crossing(
        &self,
        metric: usize,
        (a, b): (usize, usize),
        parameter: usize,
    ) -> Option<(f64, ByReplicate)> {
        if !self.is_own(parameter, a) && !self.is_own(parameter, b) {
            return None;
        }
        let of = |place| self.each((metric, place), |y| self.along((place, parameter), y));
        let ((mean, each), (other, others)) = (of(a)?, of(b)?);
        let minus = |a: &Course, b: &Course| -> Course {
            a.iter().zip(b).map(|(a, b)| (a.0, a.1 - b.1)).collect()
        };
        let crossed =
            |(r, course): (&u32, &Course)| Some((*r, zero(&minus(course, others.get(r)?))?));
        Some((zero(&minus(&mean, &other))?, each.iter().filter_map(crossed).collect()))
    }
}

/// The place of an item in a list, to which it is added where it is not in it.
fn entered<T: PartialEq>(all: &mut Vec<T>, item: T) -> usize {
    all.iter().position(|other| *other == item).unwrap_or_else(|| {
        all.push(item);
        all.len() - 1
    })
}

/// The swept parameters as numbers, and the names of those that are none.
fn parameters(plan: &Plan, own: &BTreeMap<String, String>) -> (Vec<Parameter>, Vec<String>) {
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for (k, varied) in plan.varied.iter().enumerate() {
        let value = |point: &plan::Point| {
            let text = point.values.get(k)?.as_ref().or_else(|| own.get(&varied.key))?;
            text.replace('_', "").parse::<f64>().ok().filter(|x| x.is_finite())
        };
        match Parameter::of(varied, plan.points.iter().map(value).collect()) {
            Some(parameter) => found.push(parameter),
            None => left_out.push(varied.key.clone()),
        }
    }
    (found, left_out)
}

/// Where a course passes through zero; none where it does not do so just once.
fn zero(course: &[(f64, f64)]) -> Option<f64> {
    let mut found = None;
    for pair in course.windows(2) {
        let ((x, y), (next, other)) = (pair[0], pair[1]);
        if (y < 0.0) != (other < 0.0) {
            if found.is_some() {
                return None;
            }
            found = Some(x + (next - x) * y / (y - other));
        }
    }
    found
}

/// Fits y = b₀ + Σ bⱼ·xⱼ by the normal equations; none where points are too few or the
/// columns hang on one another.
fn least_squares(x: &[Vec<f64>], y: &[f64]) -> Option<Fit> {
    let (k, n) = (x.len() + 1, y.len());
    if n <= x.len() || x.is_empty() {
        return None;
    }
    let column = |j: usize, point: usize| if j == 0 { 1.0 } else { x[j - 1][point] };
    let product = |i: usize, of: &dyn Fn(usize) -> f64| {
        (0..n).map(|point| column(i, point) * of(point)).sum::<f64>()
    };
    let row = |i: usize| {
        let squares = (0..k).map(|j| product(i, &|point| column(j, point)));
        squares.chain([product(i, &|point| y[point])]).collect::<Vec<f64>>()
    };
    let b = solved((0..k).map(row).collect())?;
    let told = |point: usize| (0..k).map(|j| b[j] * column(j, point)).sum::<f64>();
    let mean = y.iter().sum::<f64>() / n as f64;
    let square = |x: f64| x * x;
    let rest: f64 = (0..n).map(|point| square(y[point] - told(point))).sum();
    let all: f64 = y.iter().map(|y| square(y - mean)).sum();
    let r2 = if all > 0.0 { 1.0 - rest / all } else { 1.0 };
    Some(Fit { base: b[0], slopes: b[1..].to_vec(), r2 })
}

/// The solution of linear equations, each with its right side last (Gauss, with pivots).
fn solved(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let k = rows.len();
    for i in 0..k {
        let pivot = (i..k).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs()))?;
        rows.swap(i, pivot);
        if rows[i][i].abs() < 1e-9 {
            return None;
        }
        for j in 0..k {
            if j != i {
                let part = rows[j][i] / rows[i][i];
                let above = rows[i].clone();
                rows[j].iter_mut().zip(&above).for_each(|(cell, above)| *cell -= part * above);
            }
        }
    }
    Some((0..k).map(|i| rows[i][k] / rows[i][i]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_give_their_own_slopes_back() {
        let x = vec![vec![0.0, 0.5, 1.0, 0.2, 0.9], vec![1.0, 0.1, 0.6, 0.3, 0.0]];
        let y: Vec<f64> = (0..5).map(|k| 3.0 + 2.0 * x[0][k] - 7.0 * x[1][k]).collect();
        let fit = least_squares(&x, &y).unwrap();
        assert!((fit.base - 3.0).abs() < 1e-9 && (fit.slopes[1] + 7.0).abs() < 1e-9, "{fit:?}");
        assert!(fit.r2 > 1.0 - 1e-12);
        assert_eq!(least_squares(&[vec![1.0, 1.0, 1.0]], &[1.0, 2.0, 3.0]), None, "nothing varies");
        assert_eq!(least_squares(&x, &y[..2]), None, "too few points");
    }

    #[test]
    fn a_crossing_is_where_the_difference_is_nothing() {
        assert_eq!(zero(&[(0.0, -1.0), (10.0, 3.0)]), Some(2.5));
        assert_eq!(zero(&[(0.0, 1.0), (10.0, 3.0)]), None);
        assert_eq!(zero(&[(0.0, -1.0), (1.0, 1.0), (2.0, -1.0)]), None, "twice is no break-even");
    }
}
