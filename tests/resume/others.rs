//! What is left under one name, by one run or by several, and what reads other files now.

use super::{assert_same, entries, kill_at, left, prepared, run};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder in which a run called `x` was killed on the way; what it left.
fn killed() -> (tempfile::TempDir, PathBuf) {
    for checkpoints in [9, 5, 3, 1] {
        let folder = prepared();
        if kill_at(folder.path(), checkpoints, true) {
            let left = left(folder.path()).expect("a killed run leaves a folder");
            return (folder, left);
        }
    }
    panic!("a run of 24 days ends before its first checkpoints are seen");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("made");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => fs::copy(entry.path(), &to).map(|_| ()).expect("copied"),
        }
    }
}

/// Puts other words into a manifest.
fn rewrite(folder: &Path, from: &str, to: &str) {
    let path = folder.join("manifest.json");
    let text = fs::read_to_string(&path).expect("read");
    assert!(text.contains(from), "no {from} in {text}");
    fs::write(&path, text.replacen(from, to, 1)).expect("written");
}

#[test]
fn what_is_complete_is_not_replaced_by_what_a_killed_run_left() {
    let (folder, left) = killed();
    let root = folder.path();
    copy(&root.join("whole"), &root.join("x"));
    rewrite(&left, "\"force\": false", "\"force\": true");
    let said = run(root, "resume x --progress none", 2);
    let name = left.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(said.contains("`x` is complete") && said.contains(&name), "{said}");
    assert_same(&root.join("x"), &root.join("whole"), "untouched");
    assert!(left.is_dir());
    // Who names it goes on with it, and has allowed it to replace.
    run(root, &format!("resume {name} --progress none"), 0);
    assert_same(&root.join("x"), &root.join("whole"), "replaced");
    assert_eq!(entries(root), ["s.toml", "whole", "x"]);
}

#[test]
fn a_stopped_run_whose_resumption_was_killed_comes_to_its_end() {
    let (folder, left) = killed();
    let root = folder.path();
    // What was stopped has the name, and has come less far than what was killed.
    copy(&left, &root.join("x"));
    rewrite(&root.join("x"), "\"status\": \"running\"", "\"status\": \"interrupted\"");
    fs::remove_dir_all(root.join("x/checkpoints")).expect("removed");
    run(root, "resume x --progress none", 0);
    assert_same(&root.join("x"), &root.join("whole"), "resumed twice");
    assert_eq!(entries(root), ["s.toml", "whole", "x"]);
}

#[test]
fn what_another_run_left_under_the_name_is_not_taken_for_this_one() {
    let (folder, left) = killed();
    let root = folder.path();
    let other = root.join(".x.partial-1");
    copy(&left, &other);
    rewrite(&other, "\"scenario_digest\": \"", "\"scenario_digest\": \"0");
    let said = run(root, "resume x --progress none", 2);
    assert!(said.contains("several runs") && said.contains(".x.partial-1"), "{said}");
    copy(&left, &root.join("x"));
    rewrite(&root.join("x"), "\"status\": \"running\"", "\"status\": \"interrupted\"");
    let said = run(root, "resume x --progress none", 0);
    assert!(said.contains("another run was left there") && said.contains(".x.partial-1"), "{said}");
    assert_same(&root.join("x"), &root.join("whole"), "its own");
    assert!(other.is_dir());
}

/// A circle of so many consumers.
fn circle(path: &Path, n: u32, step: u32) {
    let lines: Vec<String> = (0..n).map(|i| format!("{i},{}\n", (i + step) % n)).collect();
    fs::write(path, lines.concat()).expect("written");
}

#[test]
fn other_ties_in_a_file_of_the_same_name_are_another_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let text = "name = \"n\"\ndays = 9\nreplicates = 2\n[market]\nmerchants = 10\n[network]\n\
                kind = \"file\"\nfile = \"net.csv\"\n[arm.a]\npreset = \"viral\"\n[arm.b]\n\
                preset = \"community\"\n";
    fs::write(root.join("n.toml"), text).expect("written");
    circle(&root.join("net.csv"), 300, 1);
    run(root, "run n.toml -q -o r --progress none --checkpoint-every 3d", 0);
    run(root, "verify r --progress none", 0);
    let first = run(root, "compare n.toml --progress none --metrics gmv_fen", 0);
    circle(&root.join("net.csv"), 300, 7);
    for line in ["verify r", "branch r@day=3 -q"] {
        let said = run(root, &format!("{line} --progress none"), 2);
        assert!(said.contains("reads other files"), "{line}: {said}");
    }
    let second = run(root, "compare n.toml --progress none --metrics gmv_fen", 0);
    assert!(!second.contains("reading outputs") && first != second, "{second}");
    assert_eq!(entries(&root.join("outputs")).len(), 2);
    circle(&root.join("net.csv"), 300, 1);
    run(root, "verify r --progress none", 0);
}
