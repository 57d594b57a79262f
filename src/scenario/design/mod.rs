//! Designs: which points of a scenario's parameters a sweep looks at.
//!
//! - **grid**: every combination of the levels of all axes, the last axis fastest.
//! - **lhs**: a Latin hypercube (McKay, Beckman, Conover 1979, doi:10.1080/00401706.1979.10489755):
//!   each axis is cut into as many strata as there are points, and each stratum is met once.
//! - **sobol**: a Sobol sequence with Owen's scrambling (Burley 2020, JCGT 9(4)), which fills
//!   the space evenly at every number of points, best at powers of two.
//! - **list**: the rows of a CSV file whose header holds dotted names.
//!
//! A design knows no value's meaning: a point is a row of texts as `--set` takes them, and
//! [`crate::scenario::resolve`] checks them as it checks a scenario.

pub mod axis;
pub mod list;
pub mod sample;

use crate::scenario::design::axis::Axis;
use crate::scenario::nearest::nearest;

/// Most points of a design.
pub const MOST_POINTS: u64 = 100_000;

/// The unit of work of a sweep: all arms of one replicate of one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// The point, from 0.
    pub point: u32,
    /// The replicate, from 0.
    pub replicate: u32,
}

/// How points are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Every combination.
    Grid,
    /// A Latin hypercube.
    Lhs,
    /// A scrambled Sobol sequence.
    Sobol,
    /// The rows of a file, as it was named.
    List(String),
}

impl Kind {
    /// Reads `grid`, `lhs`, `sobol` or the path of a CSV file.
    ///
    /// # Errors
    /// Where it is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "grid" => Self::Grid,
            "lhs" => Self::Lhs,
            "sobol" => Self::Sobol,
            path if path.to_lowercase().ends_with(".csv") => Self::List(path.to_owned()),
            other => {
                let near = nearest(other, ["grid", "lhs", "sobol"]);
                let near = near.map_or(String::new(), |name| format!("; did you mean `{name}`?"));
                return Err(format!("accepted: grid, lhs, sobol, or a file PATH.csv{near}"));
            }
        })
    }

    /// The word by which it is written.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Grid => "grid",
            Self::Lhs => "lhs",
            Self::Sobol => "sobol",
            Self::List(path) => path,
        }
    }
}

/// Points: the names that vary, and one text a name and point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// Dotted names, in the order in which they were given.
    pub keys: Vec<String>,
    /// The points; none where a point leaves the scenario's own value.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Points {
    /// A point as arguments of `--set`.
    #[must_use]
    pub fn sets(&self, point: usize) -> Vec<String> {
        let cells = self.keys.iter().zip(&self.rows[point]);
        cells.filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?))).collect()
    }
}

/// The points of a design over axes; `seed` is that of the scenario.
///
/// # Errors
/// All that is wrong with the design itself, a sentence each.
pub fn points(
    kind: &Kind,
    axes: &[Axis],
    n: Option<u32>,
    seed: u64,
) -> Result<Points, Vec<String>> {
    let mistakes = mistakes(kind, axes, n);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let rows = match kind {
        Kind::Grid => grid(axes),
        Kind::Lhs => Ok(sample::lhs(axes, n.unwrap_or(1), seed)),
        Kind::Sobol => Ok(sample::sobol(axes, n.unwrap_or(1), seed)),
        Kind::List(_) => Ok(Vec::new()),
    };
    let keys = axes.iter().map(|axis| axis.key.clone()).collect();
    Ok(Points { keys, rows: rows.map_err(|mistake| vec![mistake])? })
}

/// What does not go together.
fn mistakes(kind: &Kind, axes: &[Axis], n: Option<u32>) -> Vec<String> {
    let mut found = Vec::new();
    let sampled = matches!(kind, Kind::Lhs | Kind::Sobol);
    if axes.is_empty() {
        found.push("nothing varies; add --vary KEY=LOW..HIGH:LEVELS or --vary KEY=A,B".to_owned());
    }
    for (index, axis) in axes.iter().enumerate() {
        if axes[..index].iter().any(|other| other.key == axis.key) {
            found.push(format!("`{}` varies twice; give it one --vary", axis.key));
        }
        found.extend(axis.mistake(sampled));
    }
    match (sampled, n) {
        (true, None) => found.push(format!("--design {} needs --points N", kind.word())),
        (false, Some(_)) => {
            found.push("--points goes with --design lhs and --design sobol".to_owned());
        }
        _ => {}
    }
    let most = if *kind == Kind::Sobol { sample::MOST_SOBOL } else { MOST_POINTS as u32 };
    if let Some(n) = n.filter(|&n| sampled && !(1..=most).contains(&n)) {
        found.push(format!("--points {n} cannot be had; accepted: 1 to {most}"));
    }
    if *kind == Kind::Sobol && axes.len() > sample::MOST_AXES {
        let most = sample::MOST_AXES;
        found.push(format!("a Sobol sequence has at most {most} axes, not {}", axes.len()));
    }
    found
}

/// Every combination, the last axis fastest.
fn grid(axes: &[Axis]) -> Result<Vec<Vec<Option<String>>>, String> {
    let levels: Vec<Vec<String>> = axes.iter().map(Axis::levels).collect();
    let n = levels.iter().try_fold(1_u64, |n, all| n.checked_mul(all.len() as u64));
    let Some(n) = n.filter(|&n| n <= MOST_POINTS) else {
        return Err(format!("the grid has more than {MOST_POINTS} points; take fewer levels"));
    };
    let row = |mut index: u64| {
        let mut row: Vec<Option<String>> = Vec::with_capacity(axes.len());
        for all in levels.iter().rev() {
            row.push(Some(all[(index % all.len() as u64) as usize].clone()));
            index /= all.len() as u64;
        }
        row.reverse();
        row
    };
    Ok((0..n).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(texts: &[&str]) -> Vec<Axis> {
        texts.iter().map(|text| Axis::parse(text).unwrap()).collect()
    }

    fn texts(points: &Points) -> Vec<String> {
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_default();
        points.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_grid_has_every_combination_and_the_last_axis_runs_fastest() {
        let axes = axes(&["arm.viral.group_buy.size=2..3", "choice.x=0..1:3"]);
        let points = points(&Kind::Grid, &axes, None, 1).unwrap();
        assert_eq!(texts(&points), ["2 0", "2 0.5", "2 1", "3 0", "3 0.5", "3 1"]);
        assert_eq!(points.sets(1), ["arm.viral.group_buy.size=2", "choice.x=0.5"]);
    }

    #[test]
    fn everything_wrong_with_a_design_is_told_at_once() {
        let axes = axes(&["a.b=0..1:3", "a.b=1,2", "c.d=0..1"]);
        let found = points(&Kind::Sobol, &axes, Some(1 << 17), 1).unwrap_err().join("\n");
        for words in ["`a.b` varies twice", "a.b=0..1:3", "1 to 65536"] {
            assert!(found.contains(words), "no `{words}` in\n{found}");
        }
        let found = points(&Kind::Grid, &axes, Some(3), 1).unwrap_err().join("\n");
        for words in ["`a.b` varies twice", "c.d=0..1:5", "--points goes with"] {
            assert!(found.contains(words), "no `{words}` in\n{found}");
        }
        assert!(points(&Kind::Grid, &[], None, 1).unwrap_err()[0].contains("nothing varies"));
    }

    #[test]
    fn a_grid_that_never_ends_is_refused() {
        let axes = axes(&["a.b=0..1:10000", "c.d=0..1:10000"]);
        assert!(points(&Kind::Grid, &axes, None, 1).unwrap_err()[0].contains("fewer levels"));
    }

    #[test]
    fn designs_are_found_by_name_or_file() {
        assert_eq!(Kind::parse("lhs"), Ok(Kind::Lhs));
        assert_eq!(Kind::parse("a/b.CSV"), Ok(Kind::List("a/b.CSV".to_owned())));
        assert!(Kind::parse("sobel").unwrap_err().contains("did you mean `sobol`?"));
    }
}
