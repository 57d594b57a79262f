//! What the tests of sweeps share: a small scenario, the program, and looking at tables.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

pub const SMALL: &str = "name = \"small\"\nseed = 7\ndays = 6\nreplicates = 2\n[population]\n\
                     consumers = 150\n[arm.a]\npreset = \"traditional\"\n[arm.b]\n\
                     preset = \"viral\"\n";

/// Twelve points: 24 pieces, 48 runs.
pub const GRID: &[&str] = &["--vary", "arm.b.group_buy.size=2..5", "--vary", "days=4,5,6"];

/// Somebody without rights, on every Unix.
pub const NOBODY: u32 = 65_534;

/// What the program said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let [out, err] =
            [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        Self { code: output.status.code().unwrap_or(-1), out, err }
    }
}

/// A fresh folder with a scenario.
pub fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.toml"), text).expect("written");
    folder
}

pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder).env("NO_COLOR", "1").args(arguments);
    command
}

pub fn guanxi(folder: &Path, arguments: &[&str]) -> Said {
    command(folder, arguments).output().expect("the program can be started").into()
}

/// Arguments of a sweep over the grid.
pub fn sweep<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let head = ["sweep", "s.toml", "-q", "--progress", "none", "-o", output];
    [&head[..], GRID, more].concat()
}

pub fn assert_code(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, code, "{}{}", said.out, said.err);
    for word in words {
        let there = said.err.contains(word) || said.out.contains(word);
        assert!(there, "no `{word}` in:\n{}{}", said.out, said.err);
    }
}

/// Names of everything in a folder, sorted.
pub fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The tables of a sweep by name.
pub fn tables(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let tables = folder.join("tables");
    let read = |name: String| {
        let bytes = fs::read(tables.join(&name)).expect("a table");
        (name, bytes)
    };
    entries(&tables).into_iter().map(read).collect()
}

pub fn assert_same_tables(found: &Path, expected: &BTreeMap<String, Vec<u8>>, what: &str) {
    let found = tables(found);
    let names = |tables: &BTreeMap<String, Vec<u8>>| tables.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(expected), "{what}");
    for (name, bytes) in expected {
        assert!(found[name] == *bytes, "{what}: `{name}` differs");
    }
}

/// A folder with the scenario and the grid swept in one go, into `whole`.
pub fn swept() -> (TempDir, BTreeMap<String, Vec<u8>>) {
    let folder = with(SMALL);
    assert_code(&guanxi(folder.path(), &sweep("whole", &[])), 0, &["48 complete", "0 missing"]);
    let expected = tables(&folder.path().join("whole"));
    assert!(expected["daily.csv"].len() > 10_000 && expected.contains_key("dictionary.csv"));
    (folder, expected)
}

/// Waits for an instant; nothing is waited for but the clock.
pub fn pass(time: Duration) {
    let (_alive, never) = channel::<()>();
    let _ = never.recv_timeout(time);
}

/// Starts the program and does not wait for it.
pub fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = command(folder, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be started")
}
