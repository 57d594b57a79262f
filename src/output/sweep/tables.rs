//! From the journal to the final tables: sorted by key, under another name, renamed.

use crate::output::csv;
use crate::output::declared::{self, Declared, Keys, Table};
use crate::output::dictionary;
use crate::output::error::{OutputError, reading, writing};
use crate::output::files::{self, Digest, DigestedFile};
use crate::output::forms::{self, EXCEL, Forms, Places};
use crate::output::sweep::journal::{Entry, RunPart};
use crate::output::sweep::manifest::{Counts, Manifest};
use crate::output::sweep::plan::{Plan, SweepKey};
use crate::output::sweep::statistics::statistics;
use crate::output::sweep::{manifest, plan};
use crate::rng::Key;
use crate::scenario::design::Piece;
use crate::table::{Cell, Rows, Schema};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, copy};
use std::path::{Path, PathBuf};

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
pub(super) type Block = (Vec<Cell>, Rows);

/// A run whose rows are in the journal.
pub(super) struct Stored<'a> {
    /// Which.
    pub key: SweepKey,
    /// What the journal says of it.
    pub part: &'a RunPart,
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

/// The folder of the tables.
const TABLES: &str = "tables";

/// The tables that a sweep has, but for `plan.csv`, which stands beside them.
fn all_tables() -> Vec<Table> {
    let all = Declared::REGISTRY.all_of_sweep().into_iter();
    all.filter(|table| table.schema.name != declared::PLAN.name).collect()
}

/// Where a folder is written before it takes its name.
fn new(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.new"))
}

/// Removes what a killed process left of folders under other names.
fn clear(folder: &Path) -> Result<(), OutputError> {
    for name in [TABLES, EXCEL] {
        for path in [new(folder, name), folder.join(format!("{name}.old"))] {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), OutputError> {
    match path.exists() {
        true => std::fs::remove_dir_all(path).map_err(writing(path)),
        false => Ok(()),
    }
}

/// Puts a new folder into the place of an old one, which goes even where there is no new one.
fn swap(folder: &Path, name: &str) -> Result<(), OutputError> {
    let (new, path) = (new(folder, name), folder.join(name));
    let old = folder.join(format!("{name}.old"));
    if path.exists() {
        std::fs::rename(&path, &old).map_err(writing(&path))?;
    }
    if new.exists() {
        std::fs::rename(&new, &path).map_err(writing(&path))?;
    }
    files::sync_folder(folder)?;
    remove(&old)
}

/// Writes the forms of a whole sweep's tables that it has not yet, and enters them.
///
/// # Errors
/// Where they cannot be written; what was there stays.
pub fn add_forms(folder: &Path, manifest: &mut Manifest, asked: Forms) -> Result<(), OutputError> {
    let has = |start: &str, end: &str| {
        manifest.files.keys().any(|name| name.starts_with(start) && name.ends_with(end))
    };
    let lacking = Forms {
        parquet: asked.parquet && !has("tables/", ".parquet"),
        excel: asked.excel && !has("excel/", ".csv"),
    };
    if lacking == Forms::default() {
        return Ok(());
    }
    clear(folder)?;
    let (tables, parquet, excel) = (folder.join(TABLES), new(folder, TABLES), new(folder, EXCEL));
    std::fs::create_dir(&parquet).map_err(writing(&parquet))?;
    let places = Places { csv: &tables, parquet: &parquet, excel: &excel };
    let written = forms::write(&all_tables(), places, lacking);
    if written.is_err() {
        // What is left where this fails, the next one removes.
        let _ = clear(folder);
    }
    let written = written?;
    for (name, _) in written.iter().filter(|(name, _)| name.ends_with(".parquet")) {
        let path = folder.join(name);
        let name = path.file_name().unwrap_or_default();
        std::fs::rename(parquet.join(name), &path).map_err(writing(&path))?;
    }
    files::sync_folder(&tables)?;
    remove(&parquet)?;
    if lacking.excel {
        swap(folder, EXCEL)?;
    }
    manifest.files.extend(written);
    manifest.write(folder)
}

impl Tables<'_> {
    /// Writes all tables, in further forms where these are asked for, and the plan; the
    /// digests of what was written, by path. Tables are written side by side.
    ///
    /// # Errors
    /// Where they cannot be written; what was there before then stays.
    pub fn write(&self, forms: Forms) -> Result<BTreeMap<String, Digest>, OutputError> {
        // What a killed process left is no table.
        clear(self.folder)?;
        let written = self.write_new(forms);
        if written.is_err() {
            // What is left where this fails, the next one removes.
            let _ = clear(self.folder);
        }
        let mut files = written?;
        swap(self.folder, TABLES)?;
        swap(self.folder, EXCEL)?;
        files.insert("plan.csv".to_owned(), self.write_plan()?);
        Ok(files)
    }

    fn write_new(&self, forms: Forms) -> Result<BTreeMap<String, Digest>, OutputError> {
        let (folder, excel) = (new(self.folder, TABLES), new(self.folder, EXCEL));
        std::fs::create_dir(&folder).map_err(writing(&folder))?;
        let runs = self.stored();
        let (rows, others) = rayon::join(
            || {
                let all = Declared::REGISTRY.tables.par_iter().enumerate();
                let one = |(index, schema): (usize, &&Schema)| {
                    Ok((schema.name, self.assemble(&folder, schema, index, &runs)?))
                };
                all.map(one).collect::<Result<Vec<_>, OutputError>>()
            },
            || {
                let mut all = statistics(self.plan, &runs);
                let table = Table { keys: Keys::None, schema: &declared::DICTIONARY };
                all.push((table, vec![(Vec::new(), self.dictionary())]));
                let one = |(table, rows): (Table, Vec<Block>)| {
                    Ok((table.schema.name, write_table(&folder, &table, rows)?))
                };
                all.into_par_iter().map(one).collect::<Result<Vec<_>, OutputError>>()
            },
        );
        let named = |(name, digest): (&str, Digest)| (format!("tables/{name}.csv"), digest);
        let mut files: BTreeMap<String, Digest> =
            rows?.into_iter().chain(others?).map(named).collect();
        let places = Places { csv: &folder, parquet: &folder, excel: &excel };
        files.extend(forms::write(&all_tables(), places, forms)?);
        files::sync_folder(&folder)?;
        if forms.excel {
            files::sync_folder(&excel)?;
        }
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

    /// Every column of every table and of the plan, then every metric.
    fn dictionary(&self) -> Rows {
        let declared = Declared::REGISTRY;
        let mut rows = Rows::new(&declared::DICTIONARY);
        for table in declared.all_of_sweep() {
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
