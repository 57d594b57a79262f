//! Folders that the command line names: what is no run folder, or no sweep, is told as such.

use crate::cli::failure::Failure;
use crate::output::error::OutputError;
use crate::output::manifest::Manifest;
use crate::output::read;
use crate::output::sweep::manifest::Manifest as SweepManifest;
use crate::output::sweep::merge::Found;
use std::path::Path;

/// The manifest of a run folder.
///
/// # Errors
/// Where there is none, or something else, or it cannot be read.
pub fn run(folder: &Path) -> Result<Manifest, Failure> {
    is_folder(folder, "a run folder")?;
    let shown = folder.display();
    if sweep(folder)?.is_some() {
        return Err(Failure::Usage(format!("`{shown}` is a sweep, and a run folder is wanted")));
    }
    read::manifest(folder).map_err(runtime)
}

/// A sweep where one is in the folder; none where something else is there, or nothing.
///
/// # Errors
/// Where it cannot be read.
pub fn sweep(folder: &Path) -> Result<Option<Found>, Failure> {
    if !folder.is_dir() {
        return Ok(None);
    }
    match SweepManifest::read(folder) {
        Ok(Some(_)) => {}
        Ok(None) | Err(OutputError::NotASweep { .. }) => return Ok(None),
        Err(error) => return Err(runtime(error)),
    }
    Found::read(folder).map(Some).map_err(runtime)
}

/// A sweep that has to be there.
///
/// # Errors
/// Where it is not, or cannot be read.
pub fn a_sweep(folder: &Path) -> Result<Found, Failure> {
    is_folder(folder, "the folder of a sweep")?;
    let shown = folder.display();
    sweep(folder)?.ok_or_else(|| Failure::Usage(format!("`{shown}` is no folder of a sweep")))
}

/// Refuses what is no folder, or an empty one.
fn is_folder(path: &Path, wanted: &str) -> Result<(), Failure> {
    let shown = path.display();
    let why = if !path.exists() {
        "is not there"
    } else if !path.is_dir() {
        "is a file"
    } else if !path.join("manifest.json").exists() {
        "has no manifest.json"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(format!("`{shown}` {why}; {wanted} is wanted")))
}

fn runtime(error: OutputError) -> Failure {
    Failure::Runtime(error.into())
}
