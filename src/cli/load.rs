//! Reading a scenario that the command line names.

use crate::cli::failure::Failure;
use crate::engine::experiment;
use crate::error::{Issue, NOT_YET, Place, Source};
use crate::output::error::{OutputError, reading};
use crate::scenario::resolve::{CATALOGUE, Checked, Input, resolve_bytes};
use crate::scenario::{Scenario, digest};
use clap::Args;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Values laid over the scenario.
#[derive(Clone, Debug, Default, Args)]
pub struct Sets {
    /// Lay a value over the scenario, such as population.consumers=1e6; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// A scenario that can run, with the bytes it came from.
pub struct Loaded {
    /// The scenario and its warnings.
    pub checked: Checked,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Most bytes of a scenario; what is longer is another file, or has no end.
const MOST: u64 = 64 << 20;

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let failed = |error: std::io::Error| {
        let advice = match error.kind() {
            ErrorKind::NotFound => "; `guanxi init` writes a scenario to start from",
            _ => "",
        };
        Failure::Usage(format!("cannot read `{shown}`: {error}{advice}"))
    };
    if path.is_dir() {
        let inner = path.join("scenario.toml");
        let advice = match inner.is_file() {
            true => format!("did you mean `{}`?", inner.display()),
            false => "a scenario is a file, such as scenario.toml".to_owned(),
        };
        return Err(Failure::Usage(format!("`{shown}` is a folder; {advice}")));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(Failure::Usage(format!("`{shown}` is longer than 64 MiB: no scenario is")));
    }
    Ok(bytes)
}

/// Checks bytes as a scenario at a path, and whether this version can run it.
pub fn check(path: &Path, bytes: &[u8], sets: &[String]) -> Result<Checked, Vec<Issue>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.display().to_string();
    let checked = resolve_bytes(bytes, &Input { name: &name, text: "", folder, sets }, &CATALOGUE)?;
    match experiment::check(&checked.scenario) {
        Ok(()) => Ok(checked),
        Err(error) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let source = Arc::new(Source { rank: 0, name, text });
            Err(vec![Issue::new(NOT_YET, &Place { source, span: 0..0 }, error.to_string())])
        }
    }
}

/// Reads and checks a scenario.
pub fn load(path: &Path, sets: &[String]) -> Result<Loaded, Failure> {
    let bytes = bytes(path)?;
    let checked = check(path, &bytes, sets).map_err(Failure::Scenario)?;
    Ok(Loaded { checked, bytes })
}

/// Digests of files by path.
pub type Digests = BTreeMap<PathBuf, String>;

/// The digest of a scenario and of the files that it reads: equal where results are; those of
/// known files are kept.
///
/// # Errors
/// Where a file cannot be read.
pub fn digest(scenario: &Scenario, known: &mut Digests) -> Result<String, Failure> {
    for path in files(scenario) {
        if let Entry::Vacant(place) = known.entry(path) {
            let own = digest_of(place.key());
            place.insert(own.map_err(|error| Failure::Inputs(error.to_string()))?);
        }
    }
    Ok(digest_by(scenario, known))
}

/// [`digest()`], by the known digests of the files.
#[must_use]
pub fn digest_by(scenario: &Scenario, known: &Digests) -> String {
    let own = files(scenario).into_iter().filter_map(|path| known.get(&path));
    own.fold(digest::digest(scenario), |all, own| {
        blake3::hash(format!("{all} {own}").as_bytes()).to_hex().to_string()
    })
}

/// The files that a scenario reads.
fn files(scenario: &Scenario) -> Vec<PathBuf> {
    let arms = scenario.arms.iter();
    let mut paths: Vec<PathBuf> =
        arms.flat_map(|arm| scenario.id_files(arm).map(|file| file.1)).collect();
    if scenario.network.kind == "file" {
        paths.push(PathBuf::from(&scenario.network.file));
    }
    paths
}

fn digest_of(path: &Path) -> Result<String, OutputError> {
    let mut hasher = blake3::Hasher::new();
    let file = File::open(path).map_err(reading(path))?;
    hasher.update_reader(file).map_err(reading(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}
