//! Folders that become read-only or are taken away while something is written into them.

use crate::room::{KEPT, assert_same_tables};
use crate::{NOBODY, Said, assert_output, entries, guanxi, with};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUN: &str = "run s.toml -q --progress none --checkpoint-every 1d";
const SWEEP: &str = "sweep s.toml -q --progress none --set population.consumers=200 --days 20 \
                     --vary seed=1..40:40";

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

/// A folder in which anybody may write, with the scenario; everything that is written there is
/// written by somebody without rights, whom permissions keep out.
struct Open {
    folder: tempfile::TempDir,
    privileged: bool,
}

impl Open {
    fn new() -> Self {
        let folder = with(KEPT);
        allow(folder.path(), 0o777);
        let locked = folder.path().join("locked");
        fs::create_dir(&locked).expect("made");
        allow(&locked, 0o555);
        let privileged = fs::write(locked.join("probe"), "").is_ok();
        let _ = fs::remove_file(locked.join("probe"));
        Self { folder, privileged }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = guanxi(self.root());
        command.args(line.split_whitespace()).stderr(Stdio::piped());
        if self.privileged {
            command.uid(NOBODY);
        }
        command
    }

    /// Starts a line; none where nobody else may start the program here.
    fn start(&self, line: &str) -> Option<Child> {
        let child = self.command(line).spawn();
        if child.is_err() {
            eprintln!("skipped: nobody else may start the program here");
        }
        child.ok()
    }

    fn done(&self, line: &str) {
        let said = Said::from(self.command(line).output().expect("it can be started"));
        assert_eq!(said.code, 0, "guanxi {line}\n{}", said.err);
    }

    /// What a run that is under way, or did not end, has written.
    fn partial(&self) -> Option<PathBuf> {
        let names = entries(self.root());
        let name = names.into_iter().find(|name| name.starts_with(".x.partial-"));
        name.map(|name| self.root().join(name))
    }
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("changed");
}

#[test]
fn checkpoints_that_may_not_be_written_any_more_leave_the_older_ones() {
    let open = Open::new();
    let Some(mut child) = open.start(&format!("{RUN} -o x --days 120")) else { return };
    let checkpoints = || open.partial().map(|path| path.join("checkpoints"));
    let n = || checkpoints().and_then(|path| fs::read_dir(path).ok()).map_or(0, Iterator::count);
    assert!(wait_until(|| n() > 3 || child.try_wait().expect("asked").is_some()));
    let kept = checkpoints().expect("there");
    allow(&kept, 0o555);
    let said = Said::from(child.wait_with_output().expect("it ends"));
    assert_output(&said, &[".x.partial-", ".checkpoint", "cannot be written", "guanxi resume"]);
    let before = entries(&kept).len();
    assert!(before >= 3, "{before}");
    allow(&kept, 0o755);
    open.done("resume x -q --progress none");
    open.done(&format!("{RUN} -o y --days 120"));
    assert_same_tables(&open.root().join("x"), &open.root().join("y"));
}

#[test]
fn a_sweep_that_may_not_write_its_tables_keeps_its_runs() {
    let open = Open::new();
    let Some(mut child) = open.start(&format!("{SWEEP} -o x")) else { return };
    let folder = open.root().join("x");
    let begun = || fs::metadata(folder.join("runs.journal")).is_ok_and(|one| one.len() > 20_000);
    assert!(wait_until(|| begun() || child.try_wait().expect("asked").is_some()));
    allow(&folder, 0o555);
    let said = Said::from(child.wait_with_output().expect("it ends"));
    assert_output(&said, &["`x/tables.new`", "cannot be written", "are kept in `x`"]);
    allow(&folder, 0o755);
    open.done(&format!("{SWEEP} -o x"));
    open.done(&format!("{SWEEP} -o y"));
    assert_same_tables(&folder, &open.root().join("y"));
}

#[test]
fn a_merge_into_what_may_not_be_written_is_refused_and_costs_no_shard() {
    let open = Open::new();
    if open.start("list mechanisms").map(|child| child.wait_with_output()).is_none() {
        return;
    }
    for index in 1..=2 {
        open.done(&format!("{SWEEP} --shard {index}/2 -o part{index}"));
    }
    let line = "merge part1 part2 -q -o";
    let merge = |place: &str| {
        Said::from(open.command(&format!("{line} {place}")).output().expect("it can be started"))
    };
    assert_output(&merge("locked/x"), &["`locked/x`", "cannot be written"]);
    open.done(&format!("{line} x"));
    allow(&open.root().join("x"), 0o555);
    // What is whole needs nothing to be written.
    assert_eq!(merge("x").code, 0);
    assert_eq!(entries(&open.root().join("locked")), [""; 0]);
}

/// A merge is so quick that it may be through before its folder is taken away; of twenty some
/// are caught, and each of these names its folder.
#[test]
fn a_merge_whose_folder_is_taken_away_names_it() {
    let folder = with(KEPT);
    let root = folder.path();
    for index in 1..=2 {
        let line = format!("{SWEEP} --shard {index}/2 -o part{index}");
        let said = guanxi(root).args(line.split_whitespace()).output();
        assert_eq!(Said::from(said.expect("it can be started")).code, 0);
    }
    let mut caught = 0;
    for k in 0..20 {
        let mut command = guanxi(root);
        command.args(["merge", "part1", "part2", "-q", "-o", "x"]).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let journal = root.join("x/runs.journal");
        let begun = || fs::metadata(&journal).is_ok_and(|one| one.len() > 1_000);
        assert!(wait_until(|| begun() || child.try_wait().expect("asked").is_some()));
        fs::rename(root.join("x"), root.join(format!("away{k}"))).expect("moved");
        let said = Said::from(child.wait_with_output().expect("it ends"));
        if said.code != 0 {
            assert_output(&said, &["`x/"]);
            caught += 1;
        }
    }
    assert!(caught > 0, "every merge was through before its folder was taken away");
    let said = guanxi(root).args(["merge", "part1", "part2", "-q", "-o", "x"]).output();
    assert_eq!(Said::from(said.expect("it can be started")).code, 0, "the shards are whole");
}
