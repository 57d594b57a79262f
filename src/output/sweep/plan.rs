//! The plan of a sweep: every point with its values, and every run with its identity.

use crate::output::declared::{Declared, Keys, RunKey};
use crate::output::error::{OutputError, reading};
use crate::output::manifest::{ArmEntry, FORMAT_VERSION};
use crate::scenario::design::Piece;
use crate::table::Cell;
use std::fmt;
use std::path::Path;

/// Name of the plan's file.
pub const FILE: &str = "sweep.json";

/// A parameter that varies.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Varied {
    /// Dotted name: a column of `plan.csv`.
    pub key: String,
    /// Unit.
    pub unit: String,
    /// Meaning.
    pub meaning: String,
}

/// How the points were chosen.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Design {
    /// `grid`, `lhs`, `sobol` or the list's file.
    pub kind: String,
    /// The arguments of `--vary`.
    pub vary: Vec<String>,
    /// The arguments of `--set`.
    pub set: Vec<String>,
}

/// A point: a scenario of its own.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Point {
    /// One value a varied parameter; none where it is the scenario's own.
    pub values: Vec<Option<String>>,
    /// Digest of the resolved scenario and of the files that it reads.
    pub digest: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Reported days.
    pub days: u16,
    /// Number of replicates.
    pub replicates: u32,
    /// The arm that the others are compared with.
    pub baseline: String,
    /// Arms and platforms.
    pub arms: Vec<ArmEntry>,
}

/// All that is planned; equal plans are equal byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Version of the folder's format.
    pub format_version: u32,
    /// Version of the results.
    pub results_epoch: u32,
    /// Digest of the names of all tables, columns and metrics.
    pub columns: String,
    /// Name of the scenario.
    pub scenario: String,
    /// How the points were chosen.
    pub design: Design,
    /// What varies.
    pub varied: Vec<Varied>,
    /// The points.
    pub points: Vec<Point>,
}

/// A run of a sweep; sorted by point, arm, platform, replicate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SweepKey {
    /// The point.
    pub point: u32,
    /// The run within the point.
    pub run: RunKey,
}

impl SweepKey {
    /// The run's short name: `p0007-viral-r003`.
    #[must_use]
    pub fn run_id(&self) -> String {
        format!("p{:04}-{}", self.point, self.run.run_id())
    }

    /// The cells of [`Keys::SweepRun`].
    #[must_use]
    pub fn cells(&self, scenario: &str) -> Vec<Cell> {
        let mut cells = self.run.cells(scenario);
        cells[0] = Cell::Text(self.run_id());
        cells.insert(2, Cell::from(self.point));
        cells
    }
}

/// Which part of a sweep a folder holds: every `of`-th piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { index: 1, of: 1 };

    /// Reads `I/N`.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, of)| {
            Some((index.trim().parse::<u32>().ok()?, of.trim().parse::<u32>().ok()?))
        });
        match numbers {
            Some((index, of)) if 1 <= index && index <= of && of <= 100_000 => {
                Ok(Self { index, of })
            }
            _ => Err("write it as I/N, such as 2/7: the second of seven shards".to_owned()),
        }
    }

    /// Whether the piece of this number belongs to it.
    #[must_use]
    pub fn holds(self, number: usize) -> bool {
        number % self.of as usize == self.index as usize - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl Plan {
    /// A plan of points that were checked.
    #[must_use]
    pub fn new(
        epoch: u32,
        scenario: &str,
        design: Design,
        varied: Vec<Varied>,
        points: Vec<Point>,
    ) -> Self {
        let scenario = scenario.to_owned();
        let columns = columns(&Declared::REGISTRY);
        let format_version = FORMAT_VERSION;
        Self { format_version, results_epoch: epoch, columns, scenario, design, varied, points }
    }

    /// As JSON, the bytes of `sweep.json`.
    ///
    /// # Errors
    /// Where a value has no form in JSON, which none of this has.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The digest by which a sweep is known.
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(&self.to_json().unwrap_or_default()).to_hex().to_string()
    }

    /// Reads the plan of a folder, whose manifest knows its digest.
    ///
    /// # Errors
    /// Where it cannot be read or is another one.
    pub fn read(folder: &Path, digest: &str) -> Result<Self, OutputError> {
        let path = folder.join(FILE);
        let bytes = std::fs::read(&path).map_err(reading(&path))?;
        if blake3::hash(&bytes).to_hex().as_str() != digest {
            return Err(OutputError::malformed(
                &path,
                "it is not the plan that the manifest names",
            ));
        }
        serde_json::from_slice(&bytes).map_err(|error| OutputError::malformed(&path, error))
    }

    /// All pieces, by point and replicate.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let of = |(index, point): (usize, &Point)| {
            (0..point.replicates).map(move |replicate| Piece { point: index as u32, replicate })
        };
        self.points.iter().enumerate().flat_map(of).collect()
    }

    /// The pieces of a shard.
    #[must_use]
    pub fn pieces_of(&self, shard: Shard) -> Vec<Piece> {
        let all = self.pieces().into_iter().enumerate();
        all.filter(|(number, _)| shard.holds(*number)).map(|(_, piece)| piece).collect()
    }

    /// What a piece is: equal exactly where its results are.
    #[must_use]
    pub fn identity(&self, piece: Piece) -> String {
        let point = &self.points[piece.point as usize];
        let line = format!(
            "{} {} {} {} {}",
            self.results_epoch, self.columns, point.digest, point.seed, piece.replicate
        );
        blake3::hash(line.as_bytes()).to_hex()[..32].to_owned()
    }

    /// The runs of a piece, sorted.
    #[must_use]
    pub fn runs(&self, piece: Piece) -> Vec<SweepKey> {
        let key = |arm: &str, platform: &str| SweepKey {
            point: piece.point,
            run: RunKey {
                arm: arm.to_owned(),
                platform: platform.to_owned(),
                replicate: piece.replicate,
            },
        };
        let arms = self.points[piece.point as usize].arms.iter();
        let of = |arm: &ArmEntry| -> Vec<SweepKey> {
            arm.platforms.iter().map(|platform| key(&arm.name, platform)).collect()
        };
        let mut runs: Vec<SweepKey> = arms.flat_map(of).collect();
        runs.sort();
        runs
    }
}

/// A value without its quotation marks.
#[must_use]
pub fn bare(value: &str) -> &str {
    let inner = |mark| value.strip_prefix(mark)?.strip_suffix(mark);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// A digest of all names of columns and metrics: folders of other columns do not mix.
fn columns(declared: &Declared) -> String {
    let mut hasher = blake3::Hasher::new();
    for schema in declared.tables {
        hasher.update(format!("\n{}", schema.name).as_bytes());
        for column in Keys::SweepRun.columns().iter().chain(schema.columns) {
            hasher.update(format!(",{}", column.name).as_bytes());
        }
    }
    for metric in declared.metrics {
        hasher.update(format!("\n{}", metric.name).as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_hold_every_piece_once() {
        for of in [1, 2, 3, 7, 40] {
            for number in 0..30 {
                let holding = (1..=of).filter(|&index| Shard { index, of }.holds(number)).count();
                assert_eq!(holding, 1);
            }
        }
        assert_eq!(Shard::parse("2/7"), Ok(Shard { index: 2, of: 7 }));
        for bad in ["", "2", "0/3", "4/3", "a/b", "1/0", "1/2/3"] {
            assert!(Shard::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_run_of_a_sweep_is_called_by_point_and_run() {
        let run = RunKey { arm: "everyone".to_owned(), platform: "shelf".to_owned(), replicate: 3 };
        let key = SweepKey { point: 7, run };
        assert_eq!(key.run_id(), "p0007-everyone.shelf-r003");
        let names: Vec<_> = Keys::SweepRun.columns().iter().map(|column| column.name).collect();
        assert_eq!(names, ["run_id", "scenario", "point", "arm", "platform", "replicate"]);
        let cells = key.cells("duel");
        assert_eq!(cells.len(), names.len());
        assert_eq!(cells[2..4], [Cell::from(7_u32), Cell::from("everyone")]);
    }
}
