//! From the journal to the final tables: sorted by key, under another name, renamed.

use crate::output::comparison::{self, Measured, MetricName, RunMetrics};
use crate::output::csv;
use crate::output::declared::{self, Declared, Keys, Table};
use crate::output::dictionary;
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{self, Digest, DigestedFile};
use crate::output::sweep::journal::{Entry, RunPart};
use crate::output::sweep::manifest::{Counts, Manifest};
use crate::output::sweep::plan::{Plan, SweepKey};
use crate::output::sweep::{manifest, plan};
use crate::rng::Key;
use crate::scenario::design::Piece;
use crate::table::{Cell, Rows, Schema};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, copy};
use std::path::Path;

/// What the tables are made of.
pub struct Tables<'a> {
    /// The sweep's folder.
    pub folder: &'a Path,
    /// The plan.
    pub plan: &'a Plan,
    /// The pieces of the shard.
    pub pieces: &'a [Piece],
    /// Those that are done or failed.
    pub done: &'a BTreeMap<Piece, Entry>,
    /// The journal that holds their rows.
    pub journal: &'a Path,
}

/// Rows behind their cells of the keys.
type Block = (Vec<Cell>, Rows);

/// A run whose rows are in the journal.
struct Stored<'a> {
    key: SweepKey,
    part: &'a RunPart,
    /// Where its rows begin.
    rows: u64,
}

/// Runs of some pieces and how they ended.
#[must_use]
pub fn counts(plan: &Plan, pieces: &[Piece], done: &BTreeMap<Piece, Entry>) -> Counts {
    let mut counts = Counts::default();
    for piece in pieces {
        let arms = plan.points[piece.point as usize].arms.iter();
        let n: usize = arms.map(|arm| arm.platforms.len()).sum();
        counts.planned += n;
        match done.get(piece) {
            None => counts.missing += n,
            Some(entry) if entry.record.failed.is_some() => counts.failed += n,
            Some(_) => counts.complete += n,
        }
    }
    counts
}

/// Whether the files that a manifest names are there in their length.
///
/// # Errors
/// With the first that is not.
pub fn check(folder: &Path, manifest: &Manifest) -> Result<(), OutputError> {
    for (name, digest) in &manifest.files {
        let path = folder.join(name);
        let length = std::fs::metadata(&path).map_err(reading(&path))?.len();
        if length != digest.bytes {
            return Err(OutputError::malformed(&path, "it is not the file that was written"));
        }
    }
    Ok(())
}

impl Tables<'_> {
    /// Writes all tables and the plan; the digests of what was written, by path.
    ///
    /// # Errors
    /// Where they cannot be written; what was there before then stays.
    pub fn write(&self) -> Result<BTreeMap<String, Digest>, OutputError> {
        let [new, old, tables] =
            ["tables.new", "tables.old", "tables"].map(|name| self.folder.join(name));
        // What a killed process left is no table.
        for path in [&new, &old] {
            if path.exists() {
                std::fs::remove_dir_all(path).map_err(writing(path))?;
            }
        }
        let mut files = match self.write_into(&new) {
            Ok(files) => files,
            Err(error) => {
                let _ = std::fs::remove_dir_all(&new);
                return Err(error);
            }
        };
        if tables.exists() {
            std::fs::rename(&tables, &old).map_err(writing(&tables))?;
        }
        std::fs::rename(&new, &tables).map_err(writing(&tables))?;
        files::sync_folder(self.folder)?;
        if old.exists() {
            std::fs::remove_dir_all(&old).map_err(writing(&old))?;
        }
        files.insert("plan.csv".to_owned(), self.write_plan()?);
        Ok(files)
    }

    fn write_into(&self, folder: &Path) -> Result<BTreeMap<String, Digest>, OutputError> {
        std::fs::create_dir(folder).map_err(writing(folder))?;
        let runs = self.stored();
        let mut files = BTreeMap::new();
        let mut enter = |name: &str, digest| files.insert(format!("tables/{name}.csv"), digest);
        for (index, schema) in Declared::REGISTRY.tables.iter().enumerate() {
            enter(schema.name, self.assemble(folder, schema, index, &runs)?);
        }
        for (table, rows) in self.statistics(&runs) {
            enter(table.schema.name, write_table(folder, &table, rows)?);
        }
        let table = Table { keys: Keys::None, schema: &declared::DICTIONARY };
        let rows = [(Vec::new(), self.dictionary())];
        enter(table.schema.name, write_table(folder, &table, rows)?);
        files::sync_folder(folder)?;
        Ok(files)
    }

    /// The runs that have rows, sorted by key.
    fn stored(&self) -> Vec<Stored<'_>> {
        let mut runs = Vec::new();
        for piece in self.pieces {
            let Some(entry) = self.done.get(piece) else { continue };
            let mut rows = entry.rows;
            for (key, part) in self.plan.runs(*piece).into_iter().zip(&entry.record.runs) {
                runs.push(Stored { key, part, rows });
                rows += part.tables.iter().sum::<u64>();
            }
        }
        runs.sort_by(|a, b| a.key.cmp(&b.key));
        runs
    }

    /// Copies one table's rows of all runs out of the journal.
    fn assemble(
        &self,
        folder: &Path,
        schema: &Schema,
        index: usize,
        runs: &[Stored<'_>],
    ) -> Result<Digest, OutputError> {
        let path = folder.join(format!("{}.csv", schema.name));
        let mut out = DigestedFile::create(&path)?;
        csv::write_header(&mut out, Keys::SweepRun.columns(), schema.columns)
            .map_err(writing(&path))?;
        let failed = reading(self.journal);
        let mut journal = BufReader::new(File::open(self.journal).map_err(failed)?);
        for run in runs {
            let start = run.rows + run.part.tables[..index].iter().sum::<u64>();
            let length = run.part.tables[index];
            journal.seek(SeekFrom::Start(start)).map_err(reading(self.journal))?;
            let copied =
                copy(&mut journal.by_ref().take(length), &mut out).map_err(writing(&path))?;
            if copied != length {
                return Err(OutputError::malformed(self.journal, "it was cut short meanwhile"));
            }
        }
        out.seal()
    }

    /// Metrics of every run; their summary and differences point by point.
    fn statistics(&self, runs: &[Stored<'_>]) -> Vec<(Table, Vec<Block>)> {
        let names: Vec<MetricName> =
            Declared::REGISTRY.metrics.iter().map(MetricName::from).collect();
        let name = self.plan.scenario.as_str();
        let (mut metrics, mut summary, mut differences) = (Vec::new(), Vec::new(), Vec::new());
        for group in runs.chunk_by(|a, b| a.key.point == b.key.point) {
            let point = group[0].key.point;
            let measured = self.measured(point, group, &names);
            for (run, stored) in measured.runs.iter().zip(group) {
                metrics.push((stored.key.cells(name), comparison::metrics_rows(&names, run)));
            }
            let arm = |arm: &str, platform: &str| {
                vec![name.into(), point.into(), arm.into(), platform.into()]
            };
            for one in measured.summary() {
                summary.push((arm(&one.arm, &one.platform), comparison::summary_row(&one)));
            }
            for one in measured.differences() {
                differences.push((arm(&one.arm, &one.platform), comparison::difference_row(&one)));
            }
        }
        let table = |keys, schema| Table { keys, schema };
        vec![
            (table(Keys::SweepRun, &declared::METRICS), metrics),
            (table(Keys::SweepArm, &declared::SUMMARY), summary),
            (table(Keys::SweepArm, &declared::DIFFERENCES), differences),
        ]
    }

    fn measured(&self, point: u32, group: &[Stored<'_>], names: &[MetricName]) -> Measured {
        let planned = &self.plan.points[point as usize];
        let run = |stored: &Stored<'_>| RunMetrics {
            key: stored.key.run.clone(),
            days_done: stored.part.days_done,
            complete: stored.part.days_done >= planned.days,
            values: stored.part.metrics.iter().map(|bits| bits.map(f64::from_bits)).collect(),
        };
        Measured {
            scenario: self.plan.scenario.clone(),
            baseline: planned.baseline.clone(),
            metrics: names.to_vec(),
            runs: group.iter().map(run).collect(),
        }
    }

    /// Every column of every table and of the plan, then every metric.
    fn dictionary(&self) -> Rows {
        let declared = Declared::REGISTRY;
        let mut rows = Rows::new(&declared::DICTIONARY);
        for mut table in declared.all() {
            table.keys = match table.keys {
                Keys::Run => Keys::SweepRun,
                Keys::Arm => Keys::SweepArm,
                other => other,
            };
            dictionary::push_columns(&mut rows, table);
            if table.schema.name == declared::PLAN.name {
                self.explain_plan(&mut rows);
            }
        }
        dictionary::push_metrics(&mut rows, &declared);
        rows
    }

    fn explain_plan(&self, rows: &mut Rows) {
        let name = declared::PLAN.name;
        for varied in &self.plan.varied {
            let meaning = format!("value of the parameter at the point: {}", varied.meaning);
            let cells = [name, &varied.key, "text", &varied.unit, &meaning, "该设计点的参数取值"];
            rows.push(cells.map(Cell::from));
        }
        for (column, meaning, meaning_zh) in PLAN_MORE {
            let cells = [name, column, "text", "", meaning, meaning_zh];
            rows.push(cells.map(Cell::from));
        }
    }

    /// Writes `plan.csv`: keys, values of the point, then how the run ended.
    fn write_plan(&self) -> Result<Digest, OutputError> {
        let path = self.folder.join("plan.csv");
        let mut out = ::csv::WriterBuilder::new()
            .terminator(::csv::Terminator::Any(b'\n'))
            .from_writer(Vec::new());
        let failed = |error: ::csv::Error| OutputError::malformed(&path, error);
        let mut runs: Vec<(SweepKey, Piece)> = Vec::new();
        for piece in self.pieces {
            runs.extend(self.plan.runs(*piece).into_iter().map(|key| (key, *piece)));
        }
        runs.sort();
        out.write_record(self.plan_header()).map_err(failed)?;
        for (key, piece) in &runs {
            let cells = self.plan_row(key, *piece);
            out.write_record(cells.iter().map(|cell| csv::written(cell).into_owned()))
                .map_err(failed)?;
        }
        let bytes = out.into_inner().map_err(|error| OutputError::malformed(&path, error))?;
        manifest::write(&path, &bytes)
    }

    fn plan_header(&self) -> Vec<&str> {
        let keys = Keys::SweepRun.columns().iter().map(|column| column.name);
        let varied = self.plan.varied.iter().map(|varied| varied.key.as_str());
        let own = declared::PLAN.columns.iter().map(|column| column.name);
        keys.chain(varied).chain(own).chain(PLAN_MORE.map(|more| more.0)).collect()
    }

    fn plan_row(&self, key: &SweepKey, piece: Piece) -> Vec<Cell> {
        let point = &self.plan.points[key.point as usize];
        let entry = self.done.get(&piece);
        let part = entry.and_then(|entry| {
            let same =
                |part: &&RunPart| part.arm == key.run.arm && part.platform == key.run.platform;
            entry.record.runs.iter().find(same)
        });
        let failed = entry.and_then(|entry| entry.record.failed.as_deref());
        let status = match (part, failed) {
            (Some(_), _) => "complete",
            (None, Some(_)) => "failed",
            (None, None) => "missing",
        };
        let [low, high] = Key::new(point.seed, piece.replicate).words();
        let mut cells = key.cells(&self.plan.scenario);
        cells.extend(point.values.iter().map(|value| match value {
            Some(value) => Cell::from(plan::bare(value)),
            None => Cell::Missing,
        }));
        cells.extend([
            Cell::Text(point.seed.to_string()),
            Cell::Text(format!("0x{high:08x}{low:08x}")),
            Cell::from(status),
            Cell::from(u32::from(part.map_or(0, |part| part.days_done))),
            part.map_or(Cell::Missing, |part| Cell::number(part.seconds)),
            Cell::Text(self.plan.identity(piece)),
            failed.map_or(Cell::Missing, Cell::from),
        ]);
        cells
    }
}

/// Columns of a sweep's plan beyond those of a run's: name, meaning, 含义.
const PLAN_MORE: [(&str, &str, &str); 2] = [
    (
        "identity",
        "digest of resolved scenario, seed, replicate and version of the results",
        "由完整情景、种子、重复序号与结果版本得到的摘要",
    ),
    ("why", "why a failed run cannot be run", "运行失败的原因"),
];

fn write_table(
    folder: &Path,
    table: &Table,
    rows: impl IntoIterator<Item = Block>,
) -> Result<Digest, OutputError> {
    let path = folder.join(format!("{}.csv", table.schema.name));
    let mut file = DigestedFile::create(&path)?;
    csv::write_header(&mut file, table.keys.columns(), table.schema.columns)
        .map_err(writing(&path))?;
    for (cells, rows) in rows {
        csv::write_rows(&mut file, &cells, &rows).map_err(writing(&path))?;
    }
    file.seal()
}
