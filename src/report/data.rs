//! What a report reads: the tables of one or more run folders, and nothing else.
//!
//! Complete runs count; a run that was interrupted has seen fewer days and is left out, as
//! it is from the summary. A table or a column that an older folder lacks is empty here.

use crate::output::comparison::{Measured, RunMetrics};
use crate::output::csv::unguarded;
use crate::output::error::OutputError;
use crate::output::manifest::Manifest;
use crate::output::read;
use crate::output::statistics::{Moments, moments};
use crate::report::say;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longest name in a chart, in cells of the screen.
const LABEL: usize = 22;

/// One run folder.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name of the folder.
    pub label: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// `resolved.toml`, where it is there.
    pub resolved: String,
    /// Name of each of its arms in this report.
    renamed: BTreeMap<String, String>,
}

/// A platform of an arm: what is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The arm.
    pub arm: String,
    /// The platform.
    pub platform: String,
    /// What it is called in charts.
    pub label: String,
}

/// A value by replicate.
pub type ByReplicate = BTreeMap<u32, f64>;

/// Values by day, by replicate.
pub type Course = BTreeMap<u32, Vec<Option<f64>>>;

/// A line of the ledger: name, payer, payee.
pub type LedgerLine = (String, String, String);

/// Everything that is shown, by place.
#[derive(Clone, Debug, Default)]
pub struct PlaceData {
    /// Columns of `daily` and `diffusion` by day, column by column.
    pub daily: BTreeMap<&'static str, Course>,
    /// Counts of `funnel` over all days: (channel, column) by replicate.
    pub funnel: BTreeMap<(String, &'static str), ByReplicate>,
    /// Money by line, over all days.
    pub ledger: BTreeMap<LedgerLine, ByReplicate>,
    /// Buyers by (cohort, age), and replicate.
    pub cohorts: BTreeMap<(u32, u32), ByReplicate>,
    /// Cascades of all replicates by (size, depth).
    pub cascades: BTreeMap<(u32, u32), f64>,
    /// Share of GMV by month, where platforms compete.
    pub shares: Course,
    /// Part of the money by (group, part of the group in thousandths).
    pub lorenz: BTreeMap<(String, u32), ByReplicate>,
    /// Gini coefficients by group.
    pub gini: BTreeMap<String, ByReplicate>,
    /// How many of a group have any money.
    pub having: BTreeMap<String, ByReplicate>,
    /// Largest cascades by replicate: size of the whole, parents of the first nodes.
    pub largest: BTreeMap<u32, (u32, Vec<u32>)>,
}

impl PlaceData {
    /// A replicate without a row of what other replicates have counted none of it.
    fn know_zeros(&mut self, replicates: &[u32]) {
        let counts = self.funnel.values_mut().chain(self.ledger.values_mut());
        for count in counts.chain(self.cohorts.values_mut()) {
            for replicate in replicates {
                count.entry(*replicate).or_insert(0.0);
            }
        }
    }
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Data {
    /// The run folders.
    pub sources: Vec<Source>,
    /// Metrics of every run.
    pub measured: Measured,
    /// Arms and platforms with complete runs, in order.
    pub places: Vec<Place>,
    /// Their tables.
    pub of: Vec<PlaceData>,
    /// Whether replicates of several seeds are paired by number only.
    pub seeds_differ: bool,
    /// Folders and their files that are not as they were written.
    pub changed: Vec<(String, String)>,
}

/// Columns of `daily` that are shown.
const DAILY: &[&str] = &[
    "registered_count",
    "members_count",
    "orders_count",
    "gmv_fen",
    "active_buyers_count",
    "trust_mean",
    "marketing_spend_fen",
    "placed_count",
    "out_of_stock_count",
    "unfilled_count",
    "kept_count",
    "returned_count",
    "delivery_days_mean",
];

/// Columns of `diffusion` that are shown.
const SPREAD: &[&str] = &["infected_count", "new_count", "ever_count"];

/// Counts of `funnel` that are shown.
pub const FUNNEL: &[&str] = &[
    "exposed_count",
    "considered_count",
    "placed_count",
    "ordered_count",
    "kept_count",
    "new_members_count",
    "new_buyers_count",
];

/// Where to find a row's run.
struct Runs<'a> {
    source: &'a Source,
    places: &'a [Place],
    complete: &'a BTreeSet<(String, String, u32)>,
}

impl Runs<'_> {
    /// The place and the replicate of a row of a complete run.
    fn of(&self, row: &[String]) -> Option<(usize, u32)> {
        let arm = self.source.arm(&row[0]);
        let platform = if row[1] == row[0] { arm.clone() } else { row[1].clone() };
        let replicate = row[2].parse().ok()?;
        let place = self.places.iter().position(|p| p.arm == arm && p.platform == platform)?;
        self.complete.contains(&(arm, platform, replicate)).then_some((place, replicate))
    }
}

impl Source {
    fn read(folder: &Path) -> Result<Self, OutputError> {
        let manifest = read::manifest(folder)?;
        let path = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let label = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let resolved = std::fs::read(folder.join("resolved.toml")).unwrap_or_default();
        Ok(Self {
            label: label.unwrap_or_default(),
            manifest,
            resolved: String::from_utf8_lossy(&resolved).into_owned(),
            renamed: BTreeMap::new(),
        })
    }

    /// An arm's name in this report.
    fn arm(&self, name: &str) -> String {
        self.renamed.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }
}

impl Data {
    /// Reads run folders. Folders of one scenario with other replicates are one experiment;
    /// an arm that several others have is called `folder:arm`.
    ///
    /// # Errors
    /// Where a folder is none, or its tables do not read as tables.
    pub fn read(folders: &[PathBuf]) -> Result<Self, OutputError> {
        let mut sources = Vec::new();
        let mut all = Vec::new();
        for folder in folders {
            sources.push(Source::read(folder)?);
            all.push(read::read_metrics(folder)?);
        }
        name_apart(&mut sources, &all);
        let measured = pooled(folders, &sources, all)?;
        let places = places(&measured);
        let mut of = vec![PlaceData::default(); places.len()];
        let complete = complete(&measured);
        for (source, folder) in sources.iter().zip(folders) {
            let runs = Runs { source, places: &places, complete: &complete };
            fill(folder, &runs, &mut of)?;
        }
        for (place, of) in places.iter().zip(&mut of) {
            let own = complete.iter().filter(|key| key.0 == place.arm && key.1 == place.platform);
            of.know_zeros(&own.map(|key| key.2).collect::<Vec<_>>());
        }
        let seeds: BTreeSet<u64> = sources.iter().map(|source| source.manifest.seed).collect();
        let mut changed = Vec::new();
        for (source, folder) in sources.iter().zip(folders) {
            let files = read::verify_digests(folder)?;
            changed.extend(files.into_iter().map(|file| (source.label.clone(), file.name())));
        }
        Ok(Self { sources, measured, places, of, seeds_differ: seeds.len() > 1, changed })
    }

    /// The values of a metric at a place by replicate.
    #[must_use]
    pub fn values(&self, place: usize, metric: &str) -> ByReplicate {
        let place = &self.places[place];
        let Some(at) = self.measured.metrics.iter().position(|m| m.name == metric) else {
            return ByReplicate::new();
        };
        let here = |run: &&RunMetrics| {
            run.complete && run.key.arm == place.arm && run.key.platform == place.platform
        };
        let value = |run: &RunMetrics| Some((run.key.replicate, run.values[at]?));
        self.measured.runs.iter().filter(here).filter_map(value).collect()
    }

    /// Complete replicates, of the place that has most.
    #[must_use]
    pub fn replicates(&self) -> usize {
        let n = |place: &Place| {
            let here = |run: &&RunMetrics| {
                run.complete && run.key.arm == place.arm && run.key.platform == place.platform
            };
            self.measured.runs.iter().filter(here).count()
        };
        self.places.iter().map(n).max().unwrap_or(0)
    }

    /// The label of an arm's platform.
    #[must_use]
    pub fn label(&self, arm: &str, platform: &str) -> String {
        let place = self.places.iter().find(|p| p.arm == arm && p.platform == platform);
        place.map_or_else(|| say::ends(arm, LABEL), |place| place.label.clone())
    }
}

/// Mean and interval of values by replicate.
#[must_use]
pub fn over(values: &ByReplicate) -> Moments {
    moments(&values.values().copied().collect::<Vec<_>>())
}

/// Gives arms that several experiments have the folder's name in front.
fn name_apart(sources: &mut [Source], all: &[Measured]) {
    let runs = |measured: &Measured| -> BTreeSet<(String, String, u32)> {
        let key =
            |run: &RunMetrics| (run.key.arm.clone(), run.key.platform.clone(), run.key.replicate);
        measured.runs.iter().map(key).collect()
    };
    let sets: Vec<_> = all.iter().map(runs).collect();
    let one =
        sources.iter().map(|s| &s.manifest.scenario_digest).collect::<BTreeSet<_>>().len() == 1;
    let total: usize = sets.iter().map(BTreeSet::len).sum();
    let union: BTreeSet<_> = sets.iter().flatten().collect();
    if one && union.len() == total {
        return;
    }
    let arms: Vec<BTreeSet<&String>> =
        sets.iter().map(|set| set.iter().map(|key| &key.0).collect()).collect();
    for (source, own) in sources.iter_mut().zip(&arms) {
        for arm in own {
            if arms.iter().filter(|other| other.contains(arm)).count() > 1 {
                source.renamed.insert((*arm).clone(), format!("{}:{arm}", source.label));
            }
        }
    }
}

/// The metrics of all folders together.
fn pooled(
    folders: &[PathBuf],
    sources: &[Source],
    all: Vec<Measured>,
) -> Result<Measured, OutputError> {
    let mut joined: Option<Measured> = None;
    for ((mut measured, source), folder) in all.into_iter().zip(sources).zip(folders) {
        measured.baseline = source.arm(&measured.baseline);
        for run in &mut measured.runs {
            let alone = run.key.arm == run.key.platform;
            run.key.arm = source.arm(&run.key.arm);
            if alone {
                run.key.platform.clone_from(&run.key.arm);
            }
        }
        match &mut joined {
            None => joined = Some(measured),
            Some(first) if first.metrics == measured.metrics || measured.runs.is_empty() => {
                first.runs.extend(measured.runs);
            }
            Some(_) => {
                let why = "it does not have the metrics of the first folder";
                return Err(OutputError::malformed(&folder.join("tables/metrics.csv"), why));
            }
        }
    }
    let Some(mut joined) = joined else {
        return Err(OutputError::malformed(Path::new(""), "no run folder is given"));
    };
    joined.runs.sort_by(|a, b| a.key.cmp(&b.key));
    if let Some(twice) = joined.runs.windows(2).find(|pair| pair[0].key == pair[1].key) {
        let why = format!("the run `{}` is given twice", twice[0].key.run_id());
        return Err(OutputError::malformed(Path::new("tables/metrics.csv"), why));
    }
    Ok(joined)
}

fn complete(measured: &Measured) -> BTreeSet<(String, String, u32)> {
    let done = measured.runs.iter().filter(|run| run.complete);
    done.map(|run| (run.key.arm.clone(), run.key.platform.clone(), run.key.replicate)).collect()
}

/// Arms and platforms with complete runs; the names in charts are all different.
fn places(measured: &Measured) -> Vec<Place> {
    let mut all: Vec<Place> = Vec::new();
    let whole = |run: &RunMetrics| {
        let (arm, platform) = (&run.key.arm, &run.key.platform);
        if arm == platform { arm.clone() } else { format!("{arm} / {platform}") }
    };
    for run in measured.runs.iter().filter(|run| run.complete) {
        let (arm, platform) = (&run.key.arm, &run.key.platform);
        let known = all.last().is_some_and(|last| last.arm == *arm && last.platform == *platform);
        if !known {
            let mut label = say::ends(&whole(run), LABEL);
            if all.iter().any(|other| other.label == label) {
                label = format!("{} #{}", say::name(&whole(run), LABEL - 4), all.len() + 1);
            }
            all.push(Place { arm: arm.clone(), platform: platform.clone(), label });
        }
    }
    all
}

/// Reads a table row by row: arm, platform, replicate, then the columns asked for, each
/// empty where the table has no such column. A table that is not there has no rows.
pub(crate) fn rows(
    folder: &Path,
    name: &str,
    columns: &[&str],
    mut each: impl FnMut(&[String]),
) -> Result<(), OutputError> {
    let path = folder.join("tables").join(format!("{name}.csv"));
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(OutputError::reading(&path, error)),
    };
    let malformed = |error: csv::Error| OutputError::malformed(&path, error);
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(file));
    let header = reader.headers().map_err(malformed)?.clone();
    let place = |column: &&str| header.iter().position(|other| other == *column);
    let keys = ["arm", "platform", "replicate"];
    let places: Vec<Option<usize>> = keys.iter().chain(columns).map(place).collect();
    let mut row = vec![String::new(); places.len()];
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(malformed)? {
        for (cell, place) in row.iter_mut().zip(&places) {
            cell.clear();
            cell.push_str(unguarded(place.and_then(|at| record.get(at)).unwrap_or("")));
        }
        each(&row);
    }
    Ok(())
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|x: &f64| x.is_finite())
}

/// Reads everything but the metrics.
fn fill(folder: &Path, runs: &Runs<'_>, of: &mut [PlaceData]) -> Result<(), OutputError> {
    for (table, columns) in [("daily", DAILY), ("diffusion", SPREAD)] {
        rows(folder, table, columns, |row| {
            let Some((place, replicate)) = runs.of(row) else { return };
            for (column, cell) in columns.iter().zip(&row[3..]) {
                let course = of[place].daily.entry(column).or_default();
                course.entry(replicate).or_default().push(number(cell));
            }
        })?;
    }
    rows(folder, "funnel", &[&["channel"], FUNNEL].concat(), |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        for (column, cell) in FUNNEL.iter().zip(&row[4..]) {
            let count = of[place].funnel.entry((row[3].clone(), column)).or_default();
            *count.entry(replicate).or_default() += number(cell).unwrap_or(0.0);
        }
    })?;
    rows(folder, "ledger", &["line", "payer", "payee", "amount_fen"], |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        let line = (row[3].clone(), row[4].clone(), row[5].clone());
        let sum = of[place].ledger.entry(line).or_default();
        *sum.entry(replicate).or_default() += number(&row[6]).unwrap_or(0.0);
    })?;
    rows(folder, "cohorts", &["cohort_month", "age_months", "buyers_count"], |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        let (Ok(cohort), Ok(age)) = (row[3].parse(), row[4].parse()) else { return };
        let buyers = number(&row[5]).unwrap_or(0.0);
        of[place].cohorts.entry((cohort, age)).or_default().insert(replicate, buyers);
    })?;
    rows(folder, "cascades", &["size_count", "depth_count", "cascades_count"], |row| {
        let Some((place, _)) = runs.of(row) else { return };
        let (Ok(size), Ok(depth)) = (row[3].parse(), row[4].parse()) else { return };
        *of[place].cascades.entry((size, depth)).or_default() += number(&row[5]).unwrap_or(0.0);
    })?;
    evenness(folder, runs, of)?;
    rows(folder, "largest_cascade", &["node", "parent", "size_count"], |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        let tree = of[place].largest.entry(replicate).or_default();
        tree.0 = row[5].parse().unwrap_or(0);
        tree.1.extend(row[4].parse::<u32>());
    })?;
    rows(folder, "market_shares", &["gmv_share"], |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        of[place].shares.entry(replicate).or_default().push(number(&row[3]));
    })
}

/// Reads how evenly money spreads.
fn evenness(folder: &Path, runs: &Runs, of: &mut [PlaceData]) -> Result<(), OutputError> {
    let columns = ["group", "part_share", "money_share", "having_count", "gini"];
    rows(folder, "concentration", &columns, |row| {
        let Some((place, replicate)) = runs.of(row) else { return };
        let [part, share, having, gini] = [4, 5, 6, 7].map(|k| number(&row[k]));
        let (Some(part), Some(share)) = (part, share) else { return };
        let (of, group) = (&mut of[place], row[3].clone());
        let thousandths = (part * 1000.0).round() as u32;
        of.lorenz.entry((group.clone(), thousandths)).or_default().insert(replicate, share);
        if let (Some(having), Some(gini)) = (having, gini) {
            of.having.entry(group.clone()).or_default().insert(replicate, having);
            of.gini.entry(group).or_default().insert(replicate, gini);
        }
    })
}
