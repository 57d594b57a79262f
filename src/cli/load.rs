//! Reading a scenario that the command line names.

use crate::cli::failure::Failure;
use crate::engine::experiment;
use crate::error::{Issue, NOT_YET, Place, Source};
use crate::scenario::resolve::{CATALOGUE, Checked, Input, resolve_bytes};
use clap::Args;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
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
