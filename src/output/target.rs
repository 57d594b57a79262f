//! The place of a run folder: what may be replaced there, and the change of names.

use crate::output::error::{OutputError, writing};
use crate::output::files;
use crate::output::manifest::FORMAT;
use std::path::{Path, PathBuf};

/// Refuses a target that exists, but for a run folder with `force`.
pub(crate) fn check(path: &Path, force: bool) -> Result<(), OutputError> {
    let owned = || path.to_path_buf();
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    match (force, replaceable(path)) {
        (false, _) => Err(OutputError::Exists { path: owned() }),
        (true, false) => Err(OutputError::NotARunFolder { path: owned() }),
        (true, true) => Ok(()),
    }
}

/// Whether a path is an empty folder or holds a manifest of any version.
fn replaceable(path: &Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(path) else {
        return false;
    };
    let format = || {
        let text = std::fs::read(path.join("manifest.json")).ok()?;
        let json: serde_json::Value = serde_json::from_slice(&text).ok()?;
        Some(json.get("format")? == FORMAT)
    };
    entries.next().is_none() || format() == Some(true)
}

pub(crate) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Makes a new hidden folder beside `path`; the parent is made where missing.
pub(crate) fn new_sibling(path: &Path, what: &str) -> Result<PathBuf, OutputError> {
    let Some(name) = path.file_name() else {
        return Err(OutputError::NoName { path: path.to_path_buf() });
    };
    let parent = parent_of(path);
    std::fs::create_dir_all(&parent).map_err(writing(&parent))?;
    let base = format!(".{}.{what}-{}", name.to_string_lossy(), std::process::id());
    let mut sibling = path.with_file_name(&base);
    // A number is added only where this process writes the same name twice.
    for attempt in 1..1_000 {
        match std::fs::create_dir(&sibling) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                sibling = path.with_file_name(format!("{base}-{attempt}"));
            }
            made => return made.map(|()| sibling.clone()).map_err(writing(&sibling)),
        }
    }
    Err(OutputError::Exists { path: sibling })
}

/// A path beside `path` that nothing has.
pub(crate) fn beside(path: &Path, what: &str) -> Result<PathBuf, OutputError> {
    let Some(name) = path.file_name() else {
        return Err(OutputError::NoName { path: path.to_path_buf() });
    };
    let named = |n: u32| path.with_file_name(format!("{}.{what}-{n}", name.to_string_lossy()));
    let free = (1..1_000).map(named).find(|path| std::fs::symlink_metadata(path).is_err());
    free.ok_or_else(|| OutputError::Exists { path: named(1) })
}

/// Gives a whole folder its name; what it replaces is moved aside first and
/// removed last, so that one of the two is on the disk at every moment.
pub(crate) fn place(folder: &Path, target: &Path, force: bool) -> Result<(), OutputError> {
    check(target, force)?;
    let parent = parent_of(target);
    if std::fs::symlink_metadata(target).is_err() {
        std::fs::rename(folder, target).map_err(writing(target))?;
        return files::sync_folder(&parent);
    }
    let aside = new_sibling(target, "old")?;
    let old = aside.join("folder");
    std::fs::rename(target, &old).map_err(writing(target))?;
    if let Err(error) = std::fs::rename(folder, target) {
        // The new one could not take the name: the old one gets it back.
        let _ = std::fs::rename(&old, target);
        let _ = std::fs::remove_dir(&aside);
        return Err(OutputError::writing(target, error));
    }
    files::sync_folder(&parent)?;
    // The new folder is in place; a remainder of the old one only takes room.
    let _ = std::fs::remove_dir_all(&aside);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_old_folder_gets_its_name_back_where_the_new_one_cannot_take_it() {
        let temporary = tempfile::tempdir().unwrap();
        let target = temporary.path().join("q");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("manifest.json"), "{\"format\": \"guanxi-run\"}").unwrap();
        let missing = temporary.path().join("nowhere");
        assert!(place(&missing, &target, true).is_err());
        assert!(target.join("manifest.json").exists());
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_target_that_appeared_meanwhile_is_not_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, target) = (temporary.path().join("new"), temporary.path().join("q"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&target).unwrap();
        let error = place(&folder, &target, false).unwrap_err();
        assert!(matches!(error, OutputError::Exists { .. }), "{error}");
        assert!(folder.exists());
    }
}
