//! Troubles of the surroundings: folders that cannot be written, disks that are full,
//! signals. The program ends with its code, names the path, keeps earlier results, and
//! leaves nothing that it does not mention.
#![cfg(unix)]

#[path = "troubles/away.rs"]
mod away;
#[path = "troubles/room.rs"]
mod room;

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SMALL: &str = "name = \"small\"\ndays = 2\nreplicates = 2\n[population]\nconsumers = 200\n\
                     [arm.a]\n[arm.b]\n";

/// Somebody without rights, on every Unix.
const NOBODY: u32 = 65_534;

struct Said {
    code: i32,
    err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        Self { code: code.unwrap_or_else(|| panic!("killed: {}\n{err}", output.status)), err }
    }
}

fn guanxi(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder).env("NO_COLOR", "1").stdout(Stdio::null());
    command
}

/// A run in a folder, told in a few words.
fn run(folder: &Path, arguments: &str) -> Said {
    let mut command = guanxi(folder);
    command.args(["run", "s.toml", "-q", "--progress", "none"]).args(arguments.split(' '));
    command.output().expect("the program can be started").into()
}

/// A fresh folder with a scenario.
fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.toml"), text).expect("written");
    folder
}

/// Names of everything in a folder, sorted.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn assert_output(said: &Said, words: &[&str]) {
    assert_eq!(said.code, 7, "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "no `{word}` in:\n{}", said.err);
    }
}

#[test]
fn what_is_in_the_way_is_named_and_stays() {
    let folder = with(SMALL);
    let root = folder.path();
    fs::write(root.join("file"), "mine").expect("written");
    fs::create_dir(root.join("full")).expect("made");
    fs::write(root.join("full/thesis.txt"), "mine").expect("written");
    std::os::unix::fs::symlink("nowhere", root.join("link")).expect("made");
    let before = entries(root);
    for path in ["file", "full", "link"] {
        let quoted = format!("`{path}`");
        assert_output(&run(root, &format!("-o {path}")), &[&quoted, "already exists", "--force"]);
        assert_output(&run(root, &format!("-o {path} --force")), &[&quoted, "not a run folder"]);
    }
    for path in ["file/x", "file/x/y", "link/x"] {
        let parent = path.split('/').next().expect("a first part");
        assert_output(&run(root, &format!("-o {path}")), &[parent, "cannot be written"]);
    }
    assert_output(&run(root, "-o .."), &["`..`"]);
    assert_output(&run(root, "-o / --force"), &["`/`"]);
    assert_eq!(entries(root), before, "something was left");
    assert_eq!(fs::read_to_string(root.join("file")).expect("there"), "mine");
    assert_eq!(fs::read_to_string(root.join("full/thesis.txt")).expect("there"), "mine");
}

#[test]
fn a_missing_parent_is_made() {
    let folder = with(SMALL);
    let said = run(folder.path(), "-o a/b/c");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(folder.path().join("a/b/c/manifest.json").is_file());
    assert_eq!(entries(&folder.path().join("a/b")), ["c"]);
}

#[test]
fn a_read_only_folder_is_named_and_nothing_is_left() {
    let folder = with(SMALL);
    let root = folder.path();
    let locked = root.join("locked");
    fs::create_dir(&locked).expect("made");
    assert_eq!(run(root, "-o locked/old").code, 0);
    let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
    allow(root, 0o755).expect("changed");
    allow(&locked, 0o555).expect("changed");
    for (path, shown) in [("locked/x", "locked"), ("locked/old --force", "locked")] {
        let mut command = guanxi(root);
        command.args(["run", "s.toml", "-q", "-o"]).args(path.split(' '));
        // Whoever may do everything writes there all the same: somebody else tries.
        let privileged = fs::write(locked.join("probe"), "").is_ok();
        if privileged {
            fs::remove_file(locked.join("probe")).expect("removed");
            command.uid(NOBODY);
        }
        let Ok(output) = command.output() else {
            eprintln!("skipped: nobody else may start the program here");
            return;
        };
        assert_output(&output.into(), &[shown, "cannot be written"]);
        assert_eq!(entries(&locked), ["old"]);
        assert!(locked.join("old/manifest.json").is_file());
    }
    allow(&locked, 0o755).expect("changed");
}

/// Runs a shell script in a folder with `$GUANXI` as the program; the output of both
/// streams. The script is given a mount namespace of its own.
fn script(folder: &Path, text: &str) -> Option<String> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", text]).current_dir(folder);
    command.env("GUANXI", env!("CARGO_BIN_EXE_guanxi")).env("NO_COLOR", "1");
    let output = command.output().ok()?;
    let [out, err] =
        [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    out.contains("MOUNTED").then(|| out + &err)
}

#[test]
fn a_full_disk_is_named_and_the_old_results_stay() {
    for (room, what, leaves) in
        [("24k", "at the beginning", false), ("640k", "when runs arrive", true)]
    {
        let folder = with(SMALL);
        fs::create_dir(folder.path().join("disk")).expect("made");
        let text = format!(
            "mount -t tmpfs -o size={room} none disk || exit 9; echo MOUNTED; \
             mkdir disk/old; echo '{{\"format\": \"guanxi-run\"}}' > disk/old/manifest.json; \
             echo kept > disk/old/mine; \
             $GUANXI run s.toml -q --progress none --days 300 --replicates 30 --set \
             population.consumers=50 -o disk/old --force; \
             echo code $?; cat disk/old/mine; ls -A disk"
        );
        let Some(said) = script(folder.path(), &text) else {
            eprintln!("skipped: no disk can be mounted here");
            return;
        };
        assert!(said.contains("code 7"), "{what}: {said}");
        assert!(said.contains("the disk is full (while writing `disk/.old.partial-"), "{said}");
        assert!(said.contains("kept"), "{what}: the old folder is gone: {said}");
        let listed: Vec<&str> = said.lines().filter(|line| line.starts_with(".old.")).collect();
        assert_eq!(listed.len(), usize::from(leaves), "{what}: {said}");
        for left in listed {
            let mentioned = format!("are left in `disk/{left}`");
            assert!(said.contains(&mentioned), "{what}: `{left}` is not mentioned: {said}");
        }
    }
}

#[test]
fn a_limit_on_the_size_of_files_is_a_failure_of_writing() {
    let folder = with(SMALL);
    let root = folder.path();
    assert_eq!(run(root, "-o x").code, 0);
    let manifest = fs::read(root.join("x/manifest.json")).expect("there");
    let program = env!("CARGO_BIN_EXE_guanxi");
    for (blocks, left) in [("8", 0), ("300", 1)] {
        let line = format!(
            "ulimit -f {blocks}; exec '{program}' run s.toml -q --progress none -o x --force \
             --days 300 --replicates 30 --set population.consumers=50"
        );
        let output = Command::new("sh").args(["-c", &line]).current_dir(root).output();
        let said: Said = output.expect("a shell can be started").into();
        assert_output(&said, &["`.x.partial-", "largest size that a file may have", "ulimit -f"]);
        assert_eq!(fs::read(root.join("x/manifest.json")).expect("there"), manifest);
        let rubbish: Vec<String> =
            entries(root).into_iter().filter(|name| name.starts_with(".x.")).collect();
        assert_eq!(rubbish.len(), left, "{rubbish:?} with a limit of {blocks} blocks");
        for name in rubbish {
            assert!(said.err.contains(&format!("left in `{name}`")), "{}", said.err);
        }
    }
}

#[test]
fn init_loses_no_scenario_where_it_cannot_write() {
    let folder = with(SMALL);
    let root = folder.path();
    fs::write(root.join("scenario.toml"), "mine").expect("written");
    let line = format!("ulimit -f 1; exec '{}' init . --force", env!("CARGO_BIN_EXE_guanxi"));
    let output = Command::new("sh").args(["-c", &line]).current_dir(root).output();
    assert_output(&output.expect("a shell can be started").into(), &["`./scenario.toml`"]);
    assert_eq!(fs::read_to_string(root.join("scenario.toml")).expect("there"), "mine");
    assert_eq!(entries(root), ["s.toml", "scenario.toml"]);
}

#[test]
#[cfg(target_os = "linux")]
fn data_that_cannot_be_shown_are_a_failure() {
    let folder = with(SMALL);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("it is there");
    let mut command = guanxi(folder.path());
    command.args(["list", "mechanisms"]).stdout(full);
    let said = Said::from(command.output().expect("the program can be started"));
    assert_output(&said, &["cannot write to standard output"]);
}

#[test]
#[cfg(target_os = "linux")]
fn what_has_no_end_is_no_scenario() {
    let folder = with(SMALL);
    for (file, words) in [("/dev/zero", "longer than 64 MiB"), (".", "`.` is a folder")] {
        let mut command = guanxi(folder.path());
        let said = Said::from(command.args(["check", file]).output().expect("it can be started"));
        assert!(said.code == 2 && said.err.contains(words), "{file}: {}", said.err);
    }
}

fn send(signal: &str, process: u32) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.expect("kill can be started").success());
}

/// A world so large that it is still being built when both signals have come: the first
/// one waits for the end of a day, the second does not.
#[test]
fn a_second_signal_stops_at_once_and_says_what_is_left() {
    for (first, second, code) in [("-INT", "-INT", 130), ("-INT", "-TERM", 143)] {
        let folder = with(SMALL);
        let mut command = guanxi(folder.path());
        command.args(["run", "s.toml", "-v", "-o", "x", "--progress", "plain", "--threads", "1"]);
        command.args(["--set", "population.consumers=2e6", "--memory-limit", "64GiB"]);
        let mut run = command.stderr(Stdio::piped()).spawn().expect("the program can be started");
        let mut lines =
            BufReader::new(run.stderr.take().expect("piped")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "replicate 1: building"), "it never began");
        send(first, run.id());
        assert!(lines.any(|line| line.starts_with("stopping after this day")), "not heard");
        send(second, run.id());
        let rest: Vec<String> = lines.collect();
        assert_eq!(run.wait().expect("it ends").code(), Some(code), "{rest:?}");
        let left = entries(folder.path()).into_iter().find(|name| name.starts_with(".x.partial-"));
        let left = left.expect("what was begun is there");
        assert_eq!(rest, [format!("stopped at once; `{left}` is left")]);
        assert!(!folder.path().join("x").exists());
    }
}

#[test]
fn a_run_that_is_stopped_does_not_replace_a_whole_one() {
    let folder = with(SMALL);
    assert_eq!(run(folder.path(), "-o x").code, 0);
    let before = fs::read(folder.path().join("x/manifest.json")).expect("there");
    let mut command = guanxi(folder.path());
    command.args(["run", "s.toml", "-v", "-o", "x", "--force", "--progress", "plain"]);
    command.args(["--days", "3650", "--replicates", "10000"]).stderr(Stdio::piped());
    let mut run = command.spawn().expect("the program can be started");
    let mut lines = BufReader::new(run.stderr.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "replicate 1: building"), "it never began");
    send("-TERM", run.id());
    let rest: Vec<String> = lines.collect();
    assert_eq!(run.wait().expect("it ends").code(), Some(143), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("x.interrupted-1")), "{rest:?}");
    assert_eq!(fs::read(folder.path().join("x/manifest.json")).expect("there"), before);
    assert_eq!(entries(folder.path()), ["s.toml", "x", "x.interrupted-1"]);
}

/// The least time of ten starts: other work on the machine is not the program's.
#[test]
#[expect(clippy::disallowed_methods, reason = "the claim is one of time")]
fn what_is_ten_times_too_large_is_refused_at_once_with_the_sum() {
    let folder = with(SMALL);
    let ties: String = (0..2_000).map(|i| format!("{} {}\n", i, (i * 7 + 1) % 2_000)).collect();
    fs::write(folder.path().join("ties.txt"), ties).expect("written");
    let generated = "--set population.consumers=1e9 --memory-limit 10GiB";
    let own = "--set network.kind=file --set network.file=ties.txt --memory-limit 700kB";
    for (more, advice) in [
        (generated, "consumers would fit: --set population.consumers="),
        (own, "the population is given by the network's file"),
    ] {
        let mut least = Duration::MAX;
        for _ in 0..10 {
            let begun = Instant::now();
            let said = run(folder.path(), more);
            least = least.min(begun.elapsed());
            assert_eq!(said.code, 5, "{}", said.err);
            let words = ["the scenario needs", "is available", "network", "in all", advice];
            for word in words {
                assert!(said.err.contains(word), "no `{word}` in:\n{}", said.err);
            }
        }
        assert!(least < Duration::from_millis(200), "refused only after {least:?}");
    }
    assert_eq!(entries(folder.path()), ["s.toml", "ties.txt"]);
}

#[test]
fn more_consumers_than_there_may_be_are_a_mistake_of_the_scenario() {
    let folder = with(SMALL);
    let said = run(folder.path(), "--set population.consumers=4_000_000_000");
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("1_000_000_000"), "{}", said.err);
}
