//! Kills at ten instants each; `.ci/kills_sweep` takes fifty.

use crate::harness::{assert_code, assert_same_tables, entries, guanxi, pass, start, sweep, swept};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many instants are tried.
const KILLS: u32 = 10;

#[expect(clippy::disallowed_methods, reason = "the instants of a test's kills are measured")]
fn seconds_of(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// Instants from nearly 0 to nearly `seconds`, no two equally far apart.
fn instants(seconds: f64) -> impl Iterator<Item = Duration> {
    (0..KILLS).map(move |k| {
        let jitter = f64::from(k * 7919 % 1000) / 1000.0;
        Duration::from_secs_f64(seconds * (f64::from(k) + jitter) / f64::from(KILLS))
    })
}

/// Kills the command at many instants; what it left is no torn table, and the same
/// command again ends in the expected tables.
fn assert_kills_lose_nothing(
    root: &Path,
    arguments: impl Fn(&str) -> Vec<String>,
    expected: &BTreeMap<String, Vec<u8>>,
) {
    let words = |name: &str| arguments(name);
    let run = |name: &str| {
        let words = words(name);
        guanxi(root, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let seconds = seconds_of(|| assert_code(&run("first"), 0, &["0 missing"]));
    for (k, instant) in instants(seconds).enumerate() {
        let name = format!("killed{k}");
        let words = words(&name);
        let mut child = start(root, &words.iter().map(String::as_str).collect::<Vec<_>>());
        pass(instant);
        let _ = child.kill();
        child.wait().expect("it ends");
        let folder = root.join(&name);
        let what = format!("killed after {instant:?}");
        if folder.join("tables").exists() {
            assert_same_tables(&folder, expected, &what);
        }
        assert_code(&run(&name), 0, &["48 complete", "0 missing"]);
        assert_same_tables(&folder, expected, &what);
        assert_eq!(entries(&folder), entries(&root.join("first")), "{what}");
        fs::remove_dir_all(&folder).expect("removed");
    }
    let strange = entries(root).into_iter().find(|name| name.starts_with('.'));
    assert_eq!(strange, None, "something is left beside the folders");
}

#[test]
fn a_sweep_killed_at_any_instant_goes_on_to_the_same_tables() {
    let (folder, expected) = swept();
    let owned = |name: &str| sweep(name, &[]).into_iter().map(str::to_owned).collect();
    assert_kills_lose_nothing(folder.path(), owned, &expected);
}

#[test]
fn a_merge_killed_at_any_instant_goes_on_to_the_same_tables() {
    let (folder, expected) = swept();
    for index in ["1/2", "2/2"] {
        let part = format!("part{}", &index[..1]);
        assert_code(&guanxi(folder.path(), &sweep(&part, &["--shard", index])), 0, &[]);
    }
    let owned = |name: &str| ["merge", "part1", "part2", "-o", name].map(str::to_owned).to_vec();
    assert_kills_lose_nothing(folder.path(), owned, &expected);
}
