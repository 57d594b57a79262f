//! Reading a run folder back: manifest, tables, metrics, digests.

use crate::output::comparison::{Measured, MetricName, RunMetrics, better_from};
use crate::output::csv::unguarded;
use crate::output::declared::RunKey;
use crate::output::error::{OutputError, reading};
use crate::output::files::{Digest, digest_of};
use crate::output::manifest::{FORMAT, FORMAT_VERSION, Manifest};
use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

/// The manifest of a run folder.
///
/// # Errors
/// Where there is none, or one of another format or version.
pub fn manifest(folder: &Path) -> Result<Manifest, OutputError> {
    let path = folder.join("manifest.json");
    let text = std::fs::read(&path).map_err(reading(&path))?;
    let malformed = |error: serde_json::Error| OutputError::malformed(&path, error);
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(malformed)?;
    let found = |key: &str| json.get(key).cloned().unwrap_or_default();
    if found("format") != FORMAT {
        let why = match found("format") == crate::output::sweep::manifest::FORMAT {
            true => "it is the manifest of a sweep, and a run folder is wanted",
            false => "it is not the manifest of a run folder",
        };
        return Err(OutputError::malformed(&path, why));
    }
    let version = found("format_version");
    if version != FORMAT_VERSION {
        return Err(OutputError::Version {
            path,
            found: version.to_string(),
            known: FORMAT_VERSION,
        });
    }
    serde_json::from_value(json).map_err(malformed)
}

/// A table as text: missing cells are empty, the guard against formulas is taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextTable {
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl TextTable {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

/// Reads a table of a run folder by name.
///
/// # Errors
/// Where there is none, or it is not CSV.
pub fn table(folder: &Path, name: &str) -> Result<TextTable, OutputError> {
    let path = folder.join("tables").join(format!("{name}.csv"));
    let file = std::fs::File::open(&path).map_err(reading(&path))?;
    let malformed = |error: csv::Error| OutputError::malformed(&path, error);
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(malformed)?.iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| record.iter().map(|c| unguarded(c).to_owned()).collect();
    let rows = reader.records().map(|record| record.map(row)).collect::<Result<_, _>>();
    Ok(TextTable { header, rows: rows.map_err(malformed)? })
}

/// One line of `metrics.csv`.
struct Line {
    scenario: String,
    metric: MetricName,
    run: RunMetrics,
}

/// The metrics of every run of a folder, as they were when it was written.
///
/// # Errors
/// Where manifest or table `metrics` cannot be read.
pub fn read_metrics(folder: &Path) -> Result<Measured, OutputError> {
    let manifest = manifest(folder)?;
    let table = table(folder, "metrics")?;
    measured(folder, &table, manifest.scenario, manifest.baseline)
}

/// The metrics of every run at one point of a sweep, compared with `baseline`.
///
/// # Errors
/// Where table `metrics` cannot be read.
pub fn read_point(
    folder: &Path,
    scenario: &str,
    baseline: &str,
    point: u32,
) -> Result<Measured, OutputError> {
    let mut table = table(folder, "metrics")?;
    let column = table.column("point");
    let point = point.to_string();
    table.rows.retain(|row| column.is_some_and(|at| row[at] == point));
    measured(folder, &table, scenario.to_owned(), baseline.to_owned())
}

/// What a table of metrics says.
fn measured(
    folder: &Path,
    table: &TextTable,
    scenario: String,
    baseline: String,
) -> Result<Measured, OutputError> {
    let path = folder.join("tables/metrics.csv");
    let mut measured = Measured { scenario, baseline, metrics: Vec::new(), runs: Vec::new() };
    for (index, row) in table.rows.iter().enumerate() {
        let place = |why| OutputError::malformed(&path, format!("row {}: {why}", index + 1));
        let line = line(table, row).map_err(place)?;
        enter(&mut measured, line).map_err(|why| place(why.to_owned()))?;
    }
    if let Some(run) = measured.runs.iter().find(|run| run.values.len() != measured.metrics.len()) {
        let why = format!("run `{}` lacks metrics", run.key.run_id());
        return Err(OutputError::malformed(&path, why));
    }
    Ok(measured)
}

fn line(table: &TextTable, row: &[String]) -> Result<Line, String> {
    let text = |name: &str| {
        let at = table.column(name).ok_or_else(|| format!("column `{name}` is missing"))?;
        Ok::<_, String>(row[at].clone())
    };
    let better = text("better")?;
    let metric = MetricName {
        name: text("metric")?,
        unit: text("unit")?,
        better: better_from(&better).ok_or_else(|| format!("`{better}` is no direction"))?,
    };
    let value = text("value")?;
    let run = RunMetrics {
        key: RunKey {
            arm: text("arm")?,
            platform: text("platform")?,
            replicate: number(&text("replicate")?)?,
        },
        days_done: number(&text("days_done")?)?,
        complete: text("complete")? == "1",
        values: vec![if value.is_empty() { None } else { Some(number(&value)?) }],
    };
    Ok(Line { scenario: text("scenario")?, metric, run })
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not the number that belongs there"))
}

/// Enters a line: the metrics of the first run give the order for all.
fn enter(measured: &mut Measured, line: Line) -> Result<(), &'static str> {
    if line.scenario != measured.scenario {
        return Err("it belongs to another scenario than the manifest");
    }
    match measured.runs.last_mut() {
        Some(run) if run.key == line.run.key => run.values.extend(line.run.values),
        Some(run) if run.key > line.run.key => return Err("rows are not sorted by key"),
        _ => measured.runs.push(line.run),
    }
    let at = measured.runs.last().map_or(0, |run| run.values.len() - 1);
    if measured.runs.len() == 1 {
        measured.metrics.push(line.metric);
    } else if measured.metrics.get(at) != Some(&line.metric) {
        return Err("the metrics are not those of the first run");
    }
    Ok(())
}

/// A file that is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The file is not there.
    Missing(String),
    /// The file has other bytes.
    Changed(String),
    /// The table is not in the manifest.
    Unlisted(String),
}

impl Mismatch {
    /// The file, by its path in the folder.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Missing(name) | Self::Changed(name) | Self::Unlisted(name) => name,
        }
    }
}

/// Compares every file with its digest in the manifest; nothing is found where all agree.
///
/// # Errors
/// Where the manifest or a file cannot be read.
pub fn verify_digests(folder: &Path) -> Result<Vec<Mismatch>, OutputError> {
    mismatches(folder, &manifest(folder)?.files)
}

/// Compares every file of a folder with its digest, by path.
///
/// # Errors
/// Where a file cannot be read.
pub fn mismatches(
    folder: &Path,
    files: &BTreeMap<String, Digest>,
) -> Result<Vec<Mismatch>, OutputError> {
    let mut found = Vec::new();
    for (name, digest) in files {
        let path = folder.join(name);
        if !path.is_file() {
            found.push(Mismatch::Missing(name.clone()));
        } else if digest_of(&path)? != *digest {
            found.push(Mismatch::Changed(name.clone()));
        }
    }
    let tables = folder.join("tables");
    let mut unlisted = Vec::new();
    for entry in std::fs::read_dir(&tables).map_err(reading(&tables))? {
        let entry = entry.map_err(reading(&tables))?;
        let name = format!("tables/{}", entry.file_name().to_string_lossy());
        if !files.contains_key(&name) {
            unlisted.push(name);
        }
    }
    unlisted.sort();
    found.extend(unlisted.into_iter().map(Mismatch::Unlisted));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::manifest::Status;
    use crate::output::run_folder::RunFolder;
    use crate::output::run_folder::fixture::{DECLARED, keys, meta, record, written};
    use std::fs;

    fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let temporary = tempfile::tempdir().unwrap();
        let path = written(&temporary.path().join("q"), false, &[0, 1, 2, 3]).unwrap();
        (temporary, path)
    }

    #[test]
    fn what_was_measured_is_read_back_exactly() {
        let temporary = tempfile::tempdir().unwrap();
        let target = temporary.path().join("q");
        let mut folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
        for key in keys() {
            folder.add(&record(&key, 3), None).unwrap();
        }
        let measured = folder.measured();
        let path = folder.finish(Status::Complete, None).unwrap();
        assert_eq!(read_metrics(&path).unwrap(), measured);
    }

    #[test]
    fn the_manifest_tells_what_was_run() {
        let (_keep, path) = folder();
        let manifest = manifest(&path).unwrap();
        assert_eq!(manifest.baseline, "traditional");
        let arms: Vec<_> = manifest.arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(arms, ["traditional", "viral"]);
        assert_eq!((manifest.replicates, manifest.runs.complete), (2, 4));
        assert_eq!(manifest.machine.wall_seconds, Some(2.0));
    }

    #[test]
    fn a_folder_of_another_version_is_refused() {
        let (_keep, path) = folder();
        let file = path.join("manifest.json");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("\"format_version\": 1", "\"format_version\": 99")).unwrap();
        let error = read_metrics(&path).unwrap_err().to_string();
        assert!(error.ends_with("has format version 99; this engine reads version 1"), "{error}");
        fs::write(&file, "{}").unwrap();
        let error = manifest(&path).unwrap_err().to_string();
        assert!(error.contains("not the manifest of a run folder"), "{error}");
    }

    #[test]
    fn changed_missing_and_foreign_files_are_found() {
        let (_keep, path) = folder();
        assert_eq!(verify_digests(&path).unwrap(), []);
        fs::write(path.join("tables/daily.csv"), "day\n").unwrap();
        fs::remove_file(path.join("plan.csv")).unwrap();
        fs::write(path.join("tables/extra.csv"), "").unwrap();
        let expected = [
            Mismatch::Missing("plan.csv".to_owned()),
            Mismatch::Changed("tables/daily.csv".to_owned()),
            Mismatch::Unlisted("tables/extra.csv".to_owned()),
        ];
        assert_eq!(verify_digests(&path).unwrap(), expected);
    }

    #[test]
    fn texts_come_back_without_their_guard() {
        let (_keep, path) = folder();
        let daily = table(&path, "daily").unwrap();
        let note = daily.column("note").unwrap();
        assert_eq!(daily.rows[0][note], "=团购, \"now\"");
    }

    #[test]
    fn an_arm_whose_name_looks_like_a_formula_comes_back_as_it_was() {
        let temporary = tempfile::tempdir().unwrap();
        let target = temporary.path().join("q");
        let key =
            RunKey { arm: "-团, \"x\"".to_owned(), platform: "=shelf".to_owned(), replicate: 7 };
        let mut meta = meta();
        meta.runs = vec![key.clone()];
        let mut folder = RunFolder::create_declared(&target, false, meta, DECLARED).unwrap();
        folder.add(&record(&key, 3), None).unwrap();
        let path = folder.finish(Status::Complete, None).unwrap();
        assert_eq!(read_metrics(&path).unwrap().runs[0].key, key);
    }

    #[test]
    fn a_table_that_was_tampered_with_is_refused_with_its_row() {
        let (_keep, path) = folder();
        let file = path.join("tables/metrics.csv");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(",300\n", ",many\n", 1)).unwrap();
        let error = read_metrics(&path).unwrap_err().to_string();
        assert!(error.contains("row 1: `many` is not the number"), "{error}");
    }
}
