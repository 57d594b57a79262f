//! Runs that are stopped or killed lose nothing: `resume` ends in the same bytes, whatever the
//! instant and the numbers of threads and ranks. What is torn is not taken for whole; what cannot be
//! written is named and costs no earlier result. `branch` and `verify` from outside.
#![cfg(unix)]

#[path = "resume/others.rs"]
mod others;

use guanxi::model::checkpoint::{self, Checkpoint};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Two arms with most mechanisms, for a second or two.
const SCENARIO: &str = r#"name = "kept"
seed = 9
days = 24
replicates = 2
baseline = "viral"
[population]
consumers = 2_000
influencers = 20
[market]
merchants = 30
[start]
registered_share = 0.2
burn_in_days = 2
[arm.viral]
preset = "viral"
[arm.everyone.platform.kol]
preset = "kol"
[arm.everyone.platform.community]
preset = "community"
"#;

fn guanxi(folder: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder).env("NO_COLOR", "1").args(line.split(' '));
    command
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// Runs a line, which ends with `code`; what it says on both streams.
fn run(folder: &Path, line: &str, code: i32) -> String {
    let output = guanxi(folder, line).output().expect("the program can be started");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "guanxi {line}\n{said}");
    said
}

/// A fresh folder with the scenario, run to the end under the name `whole`.
fn prepared() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.toml"), SCENARIO).expect("written");
    run(folder.path(), "run s.toml -q -o whole --progress none", 0);
    folder
}

/// The tables of a run folder.
fn tables(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(&path).expect("a file"))
    };
    fs::read_dir(folder.join("tables")).expect("tables").map(read).collect()
}

fn assert_same(one: &Path, other: &Path, what: &str) {
    let (one, other) = (tables(one), tables(other));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in &one {
        assert!(*bytes == other[name], "{what}: {name} differs");
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = fs::read_dir(folder).expect("a folder").map(name).collect();
    names.sort();
    names
}

/// What a killed run left.
fn left(folder: &Path) -> Option<PathBuf> {
    let found = entries(folder).into_iter().find(|name| name.starts_with(".x.partial-"));
    found.map(|name| folder.join(name))
}

/// Waits for `is_so`, at most a minute.
#[expect(clippy::disallowed_methods, reason = "whoever waits for what never comes must end")]
fn wait_until(mut is_so: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if is_so() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// How far a killed run is to come: so many checkpoint files, begun ones counted too.
fn kill_at(folder: &Path, checkpoints: usize, whole_only: bool) -> bool {
    let line = "run s.toml -q -o x --progress none --checkpoint-every 1d --threads 2";
    let mut child = guanxi(folder, line).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.as_mut().expect("the program can be started");
    let mut ended = false;
    let found = wait_until(|| {
        ended = child.try_wait().expect("asked").is_some();
        let names = left(folder).map(|left| left.join("checkpoints"));
        let names = names.filter(|path| path.is_dir());
        let names: Vec<String> = names
            .and_then(|path| fs::read_dir(path).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        let is_begun = names.iter().any(|name| name.ends_with(".new"));
        ended || names.len() >= checkpoints && (whole_only || is_begun)
    });
    assert!(found, "it never came to {checkpoints} checkpoints");
    // Kill: no chance to tidy up.
    let _ = child.kill();
    child.wait().expect("it ends");
    !ended
}

#[test]
fn a_killed_run_is_gone_on_with_and_ends_in_the_same_bytes() {
    let folder = prepared();
    let root = folder.path();
    // From the first days to the last, in the middle of a file and between two.
    let instants = [1, 2, 9, 26, 27, 30, 51, 60, 77, 90];
    let mut killed = 0;
    for (k, checkpoints) in instants.into_iter().enumerate() {
        killed += u32::from(kill_at(root, checkpoints, k % 2 == 0));
        if let Some(left) = left(root) {
            // A file that was only begun is not taken for a checkpoint.
            let (whole, others) = checkpoint::in_folder(&left.join("checkpoints")).expect("listed");
            assert!(others.is_empty(), "{others:?}");
            assert!(!whole.is_empty() || k < 2);
            let crew = format!("--threads {} --ranks {}", 1 + k % 3, 1 + k % 2);
            let said = run(root, &format!("resume x --progress none {crew}"), 0);
            assert!(said.contains("results: x"), "{said}");
        }
        assert_same(&root.join("x"), &root.join("whole"), &format!("killed at {checkpoints}"));
        assert_eq!(entries(root), ["s.toml", "whole", "x"], "after {checkpoints}");
        fs::remove_dir_all(root.join("x")).expect("removed");
    }
    assert!(killed >= 8, "only {killed} of ten were killed before their end");
}

#[test]
fn a_run_that_is_resumed_may_be_killed_again() {
    let folder = prepared();
    let root = folder.path();
    assert!(kill_at(root, 12, true));
    for _ in 0..3 {
        let mut child = guanxi(root, "resume x -q --progress none --threads 2")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program can be started");
        let before = left(root).map_or(0, |left| entries(&left.join("checkpoints")).len());
        assert!(wait_until(|| {
            let now =
                left(root).map_or(usize::MAX, |left| entries(&left.join("checkpoints")).len());
            now > before + 8 || child.try_wait().expect("asked").is_some()
        }));
        let _ = child.kill();
        child.wait().expect("it ends");
    }
    if left(root).is_some() {
        run(root, "resume x -q --progress none", 0);
    }
    assert_same(&root.join("x"), &root.join("whole"), "killed four times");
}

#[test]
fn a_run_that_is_stopped_writes_a_checkpoint_says_where_and_goes_on_from_it() {
    let folder = prepared();
    let root = folder.path();
    for (signal, code, ranks) in [("-INT", 130, (3, 1)), ("-TERM", 143, (2, 4))] {
        let line = format!("run s.toml -v -o x --progress plain --threads 2 --ranks {}", ranks.0);
        let mut command = guanxi(root, &line);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let child = child.expect("the program can be started");
        assert!(wait_until(|| left(root).is_some_and(|left| left.join("spool/journal").exists())));
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success());
        let output = child.wait_with_output().expect("it ends");
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("go on with: guanxi resume x"), "{said}");
        if let Some(path) = said.lines().find_map(|line| line.strip_prefix("checkpoint: ")) {
            assert!(Checkpoint::open(&root.join(path)).is_ok(), "{path}");
        }
        run(root, "verify x --runs 1 --progress none", 0);
        let said = run(root, "run s.toml -o x", 7);
        assert!(said.contains("it was interrupted; go on with: guanxi resume x"), "{said}");
        run(root, &format!("resume x -q --progress none --threads 1 --ranks {}", ranks.1), 0);
        assert_same(&root.join("x"), &root.join("whole"), signal);
        assert_eq!(entries(root), ["s.toml", "whole", "x"]);
        let said = run(root, "resume x", 2);
        assert!(said.contains("`x` is complete"), "{said}");
        fs::remove_dir_all(root.join("x")).expect("removed");
    }
}

#[test]
fn damaged_checkpoints_are_left_out_and_told() {
    let folder = prepared();
    let root = folder.path();
    assert!(kill_at(root, 14, true));
    let checkpoints = left(root).expect("something is left").join("checkpoints");
    let names: Vec<String> =
        entries(&checkpoints).into_iter().filter(|name| name.ends_with(".checkpoint")).collect();
    // The three newest: torn, altered, foreign.
    for (k, name) in names.iter().rev().take(3).enumerate() {
        let path = checkpoints.join(name);
        let mut bytes = fs::read(&path).expect("read");
        let middle = bytes.len() / 2;
        match k {
            0 => bytes.truncate(middle),
            1 => bytes[middle] ^= 1,
            _ => bytes = b"day,orders_count\n1,2\n".to_vec(),
        }
        fs::write(&path, bytes).expect("written");
    }
    let said = run(root, "resume x --progress none", 0);
    assert_eq!(said.matches("it is left out").count(), 3, "{said}");
    assert!(said.contains("is damaged") && said.contains("is not a checkpoint"), "{said}");
    assert_same(&root.join("x"), &root.join("whole"), "from an older checkpoint");
}

#[test]
fn a_run_that_is_still_written_is_not_gone_on_with() {
    let folder = prepared();
    let root = folder.path();
    let line = "run s.toml -q -o x --progress none --days 3000 --set replicates=1";
    let mut child = guanxi(root, line).stdout(Stdio::null()).spawn().expect("started");
    assert!(wait_until(|| left(root).is_some_and(
        |left| left.join("spool/journal").exists() && left.join("manifest.json").exists()
    )));
    let said = run(root, "resume x --progress none", 7);
    assert!(said.contains("still being written by another process"), "{said}");
    let _ = child.kill();
    child.wait().expect("it ends");
}

#[test]
fn a_branch_has_the_past_of_its_parent_and_a_future_of_its_own() {
    let folder = prepared();
    let root = folder.path();
    run(root, "run s.toml -q -o p --progress none --checkpoint-every 10d", 0);
    assert_same(&root.join("p"), &root.join("whole"), "checkpoints change nothing");
    // Nothing changed: the same tables, wherever it branches off.
    for day in [10, 20] {
        run(root, &format!("branch p@day={day} -q -o same{day} --progress none"), 0);
        assert_same(&root.join(format!("same{day}")), &root.join("whole"), "an idle branch");
    }
    let line = "branch p@day=10 -q -o other --progress none --set arm.viral.sharing.base=-1.0 \
                --set coupon.enabled=true --set stock.lead_time_days=2 \
                --set market.marketing_budget_fen_per_consumer_day=9.0 \
                --set delivery.parcel_days_max=9 --set days=30";
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    run(root, &line, 0);
    let days = |folder: &str| {
        let daily = fs::read_to_string(root.join(folder).join("tables/daily.csv")).expect("read");
        let of_viral = daily.lines().filter(|line| line.starts_with("viral-r000"));
        of_viral.map(str::to_owned).collect::<Vec<_>>()
    };
    let (old, new) = (days("whole"), days("other"));
    // Two days of burn-in and eight reported ones are shared; the ninth is different.
    assert_eq!(old[..8], new[..8]);
    assert_ne!(old[8], new[8]);
    assert_eq!(new.len(), 30);
    let said = run(root, "verify other --progress none", 0);
    assert!(said.contains("verified: other, 4 runs again"), "{said}");
    let refused = [
        ("population.consumers=3000", "population.consumers"),
        ("network.mean_degree=9", "network.mean_degree"),
        ("start.trust=0.9", "start.trust"),
        ("market.merchants=40", "market.merchants"),
        ("seed=2", "seed"),
        ("replicates=3", "replicates"),
        ("arm.viral.group_buy.size=5", "group_buy.size"),
        ("listing.price_level=0.9", "listing.price_level"),
        ("need.enabled=false", "need"),
        ("arm.viral.group_buy.enabled=false", "group_buy"),
        ("diffusion.enabled=true", "diffusion"),
    ];
    for (set, name) in refused {
        let said = run(root, &format!("branch p@day=10 -q -o no --progress none --set {set}"), 3);
        assert!(said.contains("cannot be changed") && said.contains(name), "{set}: {said}");
    }
    let said = run(root, "branch p@day=11 -q", 2);
    assert!(said.contains("no checkpoint of day 11") && said.contains("10, 20"), "{said}");
    assert!(run(root, "branch p -q", 2).contains("DIR@day=90"));
    let said = run(root, "branch p@day=10 -q --set days=5", 3);
    assert!(said.contains("the run ends on day 7"), "{said}");
    let said = run(root, "branch p@day=10 -q -o ./p --force", 2);
    assert!(
        said.contains("cannot take its place") && root.join("p/checkpoints").is_dir(),
        "{said}"
    );
    assert!(left(root).is_none());
    assert!(!root.join("no").exists());
}

#[test]
fn what_a_folder_says_is_verified() {
    let folder = prepared();
    let root = folder.path();
    let said = run(root, "verify whole --progress none", 0);
    assert!(said.contains("verified: whole") && said.contains("same bytes"), "{said}");
    let table = root.join("whole/tables/ledger.csv");
    let text = fs::read_to_string(&table).expect("read");
    fs::write(&table, text.replacen("outside_ads", "slot_fee", 1)).expect("written");
    let said = run(root, "verify whole --progress none", 6);
    assert!(said.contains("tables/ledger.csv has other bytes"), "{said}");
    // Whoever renews the digests, too, is found out by the ledger or by running again.
    for (file, from, to, expected) in [
        ("daily.csv", ",0.5", ",0.6", "comes out otherwise"),
        ("ledger.csv", "outside_ads", "slot_fee", "has other parties"),
        ("ledger.csv", "platform,suppliers", "x,y", ""),
    ] {
        fs::write(&table, &text).expect("written");
        renew(root, "ledger.csv");
        let path = root.join("whole/tables").join(file);
        let before = fs::read_to_string(&path).expect("read");
        let after = before.replacen(from, to, 1);
        if expected.is_empty() || before == after {
            continue;
        }
        fs::write(&path, after).expect("written");
        renew(root, file);
        let said = run(root, "verify whole --progress none --runs 9", 6);
        assert!(said.contains(expected), "{file}: {said}");
        fs::write(&path, before).expect("written");
        renew(root, file);
    }
    run(root, "verify whole --progress none", 0);
    // What the manifest itself says follows from its files, and three tables from the metrics.
    let manifest = root.join("whole/manifest.json");
    let before = fs::read_to_string(&manifest).expect("read");
    for (from, to, name) in [
        ("\"seed\":9", "\"seed\":8", "seed"),
        ("\"replicates\":2", "\"replicates\":3", "replicates"),
        ("\"status\":\"complete\"", "\"status\":\"interrupted\"", "status"),
        ("\"tables_digest\":\"", "\"tables_digest\":\"0", "tables_digest"),
    ] {
        assert!(before.contains(from), "no {from} in {before}");
        fs::write(&manifest, before.replacen(from, to, 1)).expect("written");
        let said = run(root, "verify whole --progress none", 6);
        assert!(said.contains(&format!("manifest.json: {name} is")), "{said}");
    }
    fs::write(&manifest, &before).expect("written");
    let path = root.join("whole/tables/summary.csv");
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, text.replacen(",gmv_fen,fen,", ",gmv_fen,yuan,", 1)).expect("written");
    renew(root, "summary.csv");
    let said = run(root, "verify whole --progress none", 6);
    assert!(said.contains("summary.csv does not follow from metrics.csv"), "{said}");
}

/// Makes the manifest agree with a table.
fn renew(root: &Path, table: &str) {
    let path = root.join("whole/manifest.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("read")).expect("JSON");
    let bytes = fs::read(root.join("whole/tables").join(table)).expect("read");
    let entry = &mut json["files"][format!("tables/{table}")];
    entry["bytes"] = bytes.len().into();
    entry["blake3"] = blake3::hash(&bytes).to_hex().to_string().into();
    let files = serde_json::from_value(json["files"].clone()).expect("digests");
    json["tables_digest"] = guanxi::output::manifest::tables_digest(&files).into();
    fs::write(&path, json.to_string()).expect("written");
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_named_and_costs_nothing() {
    let folder = prepared();
    let root = folder.path();
    let manifest = fs::read(root.join("whole/manifest.json")).expect("there");
    let program = env!("CARGO_BIN_EXE_guanxi");
    // Checkpoints are the largest files: 200 blocks of 512 or 1,024 bytes do not hold them.
    let line = format!(
        "ulimit -f 200; exec '{program}' run s.toml -q --progress none -o whole --force \
         --checkpoint-every 4d --set population.consumers=40000"
    );
    let output = Command::new("sh").args(["-c", &line]).current_dir(root).output();
    let output = output.expect("a shell can be started");
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert!(said(&output).contains("largest size that a file may have"), "{}", said(&output));
    assert!(said(&output).contains("day00004.checkpoint"), "{}", said(&output));
    assert_eq!(fs::read(root.join("whole/manifest.json")).expect("there"), manifest);
    // The folder is removed under a run: the run ends, and says which.
    let line = "run s.toml -q -o x --progress none --checkpoint-every 1d --days 2000";
    let child = guanxi(root, line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let child = child.expect("the program can be started");
    let begun = || left(root).filter(|left| left.join("checkpoints").exists());
    assert!(wait_until(|| begun().is_some()));
    let gone = left(root).expect("there");
    assert!(wait_until(|| fs::remove_dir_all(&gone).is_ok() || !gone.exists()));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(7), "{}", said(&output));
    assert!(said(&output).contains(".x.partial-"), "{}", said(&output));
}
