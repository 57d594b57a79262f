//! `guanxi bench` end to end: rows in processes of their own, what is skipped, signals; and
//! the estimate of memory against the peak of such processes.
#![cfg(target_os = "linux")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn bench(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder).env("NO_COLOR", "1").arg("bench");
    command.args(arguments.split(' ')).args(["-o", "out"]);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The rows of a bench that ends well.
fn rows(folder: &Path, arguments: &str) -> Vec<Value> {
    let output = bench(folder, arguments).args(["--format", "json"]).output();
    let Output { status, stdout, stderr } = output.expect("the program can be started");
    assert!(status.success(), "{status}: {}", text(&stderr));
    serde_json::from_slice(&stdout).expect("JSON rows")
}

/// A bench under way, and what it says line by line.
fn begun(folder: &Path, arguments: &str) -> (Child, impl Iterator<Item = String>) {
    let mut command = bench(folder, arguments);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the program can be started");
    let said = BufReader::new(child.stderr.take().expect("piped")).lines();
    (child, said.map_while(Result::ok))
}

/// The file of results, line by line.
fn lines(folder: &Path) -> Vec<String> {
    let file = fs::read_to_string(folder.join("out/bench.csv")).expect("it is there");
    file.lines().map(str::to_owned).collect()
}

fn number(row: &Value, column: &str) -> f64 {
    row[column].as_f64().unwrap_or_else(|| panic!("no {column} in {row}"))
}

#[test]
fn rows_are_measured_and_added_to_the_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = "--suite smoke --agents 2e3 --threads 1,2 --days 3 --cases viral,sir_events";
    let found = rows(folder.path(), &format!("{arguments} --repeats 1"));
    assert_eq!(found.len(), 4);
    for row in &found {
        assert_eq!((number(row, "agents"), number(row, "days")), (2e3, 3.0));
        for column in ["build_seconds", "step_seconds", "peak_bytes", "consumer_days_per_second"] {
            assert!(number(row, column) > 0.0, "{column} of {row}");
        }
    }
    assert!(found[0]["orders_per_member_day"].is_number(), "people buy: {}", found[0]);
    assert!(found[2]["orders_per_member_day"].is_null(), "nobody is a member: {}", found[2]);
    assert_eq!(lines(folder.path()).len(), 5);
    rows(folder.path(), "--agents 2e3 --threads 1 --days 2 --cases kol --repeats 1");
    let lines = lines(folder.path());
    assert_eq!(lines.len(), 6);
    assert!(lines[0].starts_with("suite,case,agents,days,threads,ranks,"), "{}", lines[0]);
    let cells = |line: &String| line.split(',').count();
    assert!(lines.iter().all(|line| cells(line) == cells(&lines[0])), "{lines:?}");
}

#[test]
fn what_does_not_fit_is_skipped_and_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = "--agents 1e6 --threads 1 --cases viral --memory-limit 50MB --repeats 3";
    let output = bench(folder.path(), arguments).args(["--format", "json"]).output();
    let Output { stdout, stderr, .. } = output.expect("the program can be started");
    assert_eq!(text(&stderr).matches("skipped: needs ").count(), 1, "{}", text(&stderr));
    assert_eq!(lines(folder.path()).len(), 2);
    let found: Vec<Value> = serde_json::from_slice(&stdout).expect("JSON rows");
    let note = found[0]["note"].as_str().unwrap_or_default();
    assert!(note.starts_with("skipped: needs ") && note.contains("47.7 MiB"), "{note}");
    assert!(found[0]["step_seconds"].is_null());
}

#[test]
fn a_file_with_other_columns_is_not_added_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("out")).expect("made");
    fs::write(folder.path().join("out/bench.csv"), "mine\n").expect("written");
    let said = bench(folder.path(), "--agents 2e3").output().expect("it can be started");
    assert_eq!(said.status.code(), Some(7));
    assert!(text(&said.stderr).contains("has other columns"), "{}", text(&said.stderr));
    assert_eq!(lines(folder.path()), ["mine"]);
}

#[test]
fn a_row_is_in_the_file_before_the_next_is_begun() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = "--agents 1e3 --threads 1,2 --days 2 --cases viral --repeats 2";
    let (mut child, mut said) = begun(folder.path(), arguments);
    assert!(said.any(|line| line.starts_with("2/2 ") && line.ends_with(", 2 of 2")));
    assert!(lines(folder.path()).len() >= 2, "a row that is whole would be lost");
    assert_eq!(said.count(), 2, "its outcome, and the last line");
    assert!(child.wait().expect("it ends").success());
    assert_eq!(lines(folder.path()).len(), 3);
}

#[test]
fn a_signal_ends_it_and_leaves_what_was_measured() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let arguments = "--agents 1e3,2e6 --threads 1 --days 3650 --cases viral --repeats 1";
    let (mut child, mut said) = begun(folder.path(), arguments);
    assert!(said.any(|line| line.starts_with("2/2 viral, 2000000 consumers")), "it never began");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.expect("kill can be started").success());
    let rest: Vec<String> = said.collect();
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("what was measured is in out/bench.csv")));
    assert_eq!(lines(folder.path()).len(), 2);
}

/// The band is that of the promise, −5 … +20 %, for every preset, young and grown, and for
/// epidemics, with a tenth of a million consumers, and over a year. The program's own pages, which are more
/// without optimisation, are those of a world of a thousand.
#[test]
fn the_estimate_is_near_the_peak() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let least = rows(folder.path(), "--agents 1e3 --threads 1 --days 1 --cases viral --repeats 1");
    let pages = number(&least[0], "peak_bytes") - number(&least[0], "estimate_bytes");
    let mut outside = Vec::new();
    for world in ["--days 30", "--days 365 --cases viral,community"] {
        let world = format!("--agents 1e5 --threads 1 --repeats 1 {world}");
        for row in rows(folder.path(), &world) {
            let ratio = (number(&row, "estimate_bytes") + pages) / number(&row, "peak_bytes");
            if !(0.95..=1.2).contains(&ratio) {
                outside.push(format!("{}, {} days: {ratio:.3}", row["case"], row["days"]));
            }
        }
    }
    assert!(outside.is_empty(), "estimate / peak is outside of 0.95 … 1.2: {outside:?}");
}
