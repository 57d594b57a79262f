//! Sweeps lose nothing: killed, stopped, starved of room or cut into shards, they end in
//! the tables of one undisturbed go, byte for byte; and what there is can be read and verified.
#![cfg(unix)]

#[path = "sweep/after.rs"]
mod after;
#[path = "sweep/harness.rs"]
mod harness;
#[path = "sweep/kills.rs"]
mod kills;

use harness::{
    GRID, NOBODY, SMALL, Said, assert_code, assert_same_tables, command, entries, guanxi, pass,
    start, sweep, swept, tables, with,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[test]
fn a_sweep_is_one_file_a_table_and_is_documented() {
    let (folder, tables) = swept();
    let whole = folder.path().join("whole");
    let names = ["manifest.json", "plan.csv", "resolved.toml", "scenario.toml", "sweep.json"];
    assert_eq!(entries(&whole)[..5], names);
    assert_eq!(entries(&whole)[5..], ["tables"]);
    let plan = fs::read_to_string(whole.join("plan.csv")).expect("there");
    let mut lines = plan.lines();
    let header = "run_id,scenario,point,arm,platform,replicate,arm.b.group_buy.size,days,seed,\
                  draw_key,status,days_done,wall_seconds,identity,why";
    assert_eq!(lines.next(), Some(header));
    assert_eq!(lines.clone().count(), 48);
    let last = lines.next_back().expect("a last line");
    assert!(last.starts_with("p0011-b-r001,small,11,b,b,1,5,6,7,0x"), "{last}");
    assert!(lines.all(|line| line.contains(",complete,")));
    let dictionary = String::from_utf8_lossy(&tables["dictionary.csv"]).into_owned();
    for row in ["plan,arm.b.group_buy.size,text,members,", "summary,point,integer,1,"] {
        assert!(dictionary.contains(row), "no `{row}` in the dictionary");
    }
    let manifest = fs::read_to_string(whole.join("manifest.json")).expect("there");
    for word in ["\"status\": \"complete\"", "\"results_epoch\"", "tables/daily.csv"] {
        assert!(manifest.contains(word), "no `{word}` in the manifest");
    }
}

#[test]
fn a_point_of_a_sweep_is_the_run_with_its_values() {
    let (folder, tables) = swept();
    let root = folder.path();
    let run = ["run", "s.toml", "-q", "--progress", "none", "-o", "run", "--set"];
    let values = ["arm.b.group_buy.size=3", "--set", "days=5"];
    assert_code(&guanxi(root, &[&run[..], &values].concat()), 0, &[]);
    for (name, keys) in [("daily.csv", 5), ("metrics.csv", 5)] {
        let text = fs::read_to_string(root.join("run/tables").join(name)).expect("there");
        // Behind run, scenario and point a row of the sweep is a row of the run.
        let own = |line: &str, skipped: usize| -> String {
            line.splitn(skipped + 1, ',').last().unwrap_or_default().to_owned()
        };
        let expected: Vec<String> = text.lines().skip(1).map(|line| own(line, keys - 3)).collect();
        let swept = String::from_utf8_lossy(&tables[name]).into_owned();
        let point = |line: &&str| line.starts_with("p0004-");
        let found: Vec<String> =
            swept.lines().filter(point).map(|line| own(line, keys - 2)).collect();
        assert!(!found.is_empty() && found == expected, "{name}");
    }
}

#[test]
fn shards_merge_to_the_tables_of_one_go() {
    let (folder, expected) = swept();
    let root = folder.path();
    for of in [1, 2, 3, 7] {
        let parts: Vec<String> = (1..=of).map(|index| format!("part-{of}-{index}")).collect();
        for (index, part) in parts.iter().enumerate() {
            let shard = format!("{}/{of}", index + 1);
            assert_code(&guanxi(root, &sweep(part, &["--shard", &shard])), 0, &["0 missing"]);
        }
        if of == 1 {
            assert_same_tables(&root.join(&parts[0]), &expected, "one shard");
            continue;
        }
        // One file a table in every shard.
        assert_eq!(entries(&root.join(&parts[0])).len(), 7);
        let whole = format!("merged-{of}");
        let arguments: Vec<&str> = parts.iter().map(String::as_str).rev().collect();
        // A shard that is not given is named, and nothing is begun.
        let said = guanxi(root, &[&["merge", "-o", &whole], &arguments[1..]].concat());
        assert_code(&said, 2, &["missing: p00", &format!("no folder holds shard {of}/{of}")]);
        assert!(!root.join(&whole).exists());
        let said = guanxi(root, &[&["merge", "-o", &whole], &arguments[..]].concat());
        assert_code(&said, 0, &["48 complete"]);
        assert_same_tables(&root.join(&whole), &expected, &format!("{of} shards"));
    }
    let said = guanxi(root, &["merge", "part-2-1", "part-3-1", "whole", "-o", "no"]);
    assert_code(&said, 2, &["`whole` is a whole sweep"]);
}

#[test]
fn shards_of_different_plans_are_not_merged() {
    let folder = with(SMALL);
    let root = folder.path();
    for (part, more) in [("a", &["--shard", "1/2"][..]), ("b", &["--shard", "2/2", "--seed", "8"])]
    {
        assert_code(&guanxi(root, &sweep(part, more)), 0, &[]);
    }
    assert_code(&guanxi(root, &["merge", "a", "b", "-o", "c"]), 2, &["`b` is of another plan"]);
    assert!(!root.join("c").exists());
}

#[test]
fn how_many_worlds_run_at_a_time_moves_no_result() {
    let (folder, expected) = swept();
    for (k, more) in [
        &["--threads", "1"][..],
        &["--threads", "3", "--worlds", "1"],
        &["--threads", "4", "--worlds", "4"],
        &["--threads", "4", "--worlds", "2"],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("w{k}");
        assert_code(&guanxi(folder.path(), &sweep(&name, more)), 0, &[]);
        assert_same_tables(&folder.path().join(&name), &expected, &format!("{more:?}"));
    }
}

/// Waits until a journal holds a piece, which is a replicate's two runs in some 75 kB.
fn until_begun(folder: &Path, child: &mut Child) {
    let journal = folder.join("runs.journal");
    let begun = || fs::metadata(&journal).is_ok_and(|data| data.len() > 50_000);
    while !begun() {
        assert!(child.try_wait().expect("known").is_none(), "it ended before it was stopped");
        pass(Duration::from_millis(2));
    }
}

/// A grid so large that it is still running when it is stopped.
fn long(output: &str) -> Vec<&str> {
    let head = ["sweep", "s.toml", "--days", "60", "--progress", "none", "-o", output];
    [&head[..], &["--vary", "seed=1..400:400"]].concat()
}

#[test]
fn a_signal_keeps_what_is_done() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = with(SMALL);
        let root = folder.path();
        let mut child = command(root, &long("x"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be started");
        until_begun(&root.join("x"), &mut child);
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success());
        let said = Said::from(child.wait_with_output().expect("it ends"));
        assert_code(&said, code, &["interrupted", "of 1600 runs are kept in x"]);
        let status = guanxi(root, &["status", "x", "--format", "json"]);
        assert_code(&status, 0, &["\"status\": \"stopped\"", "\"planned\": 1600"]);
        let document: serde_json::Value = serde_json::from_str(&status.out).expect("JSON");
        let runs = &document[0]["runs"];
        let number = |key: &str| runs[key].as_u64().expect("a number");
        assert!(number("complete") >= 2 && number("missing") > 0, "{runs}");
        assert_eq!(number("complete") + number("missing"), 1_600);
        assert!(document[0]["seconds_left"].as_f64().expect("a number") > 0.0);
        assert!(said.err.contains(&format!("{} of 1600 runs", number("complete"))));
        // A merge of what there is does not pass for the whole.
        assert_code(&guanxi(root, &["merge", "x", "-o", "y"]), 2, &["missing: p"]);
    }
}

/// Odd numbers of consumers cannot all have three ties.
const ODD: &[&str] = &[
    "--set",
    "network.kind=random_regular",
    "--set",
    "network.mean_degree=3",
    "--vary",
    "population.consumers=100..103",
];

#[test]
fn a_run_that_fails_is_recorded_and_the_others_go_on() {
    let folder = with(SMALL);
    let root = folder.path();
    let line = [&["sweep", "s.toml", "-q", "--progress", "none", "-o", "x"], ODD].concat();
    let said = guanxi(root, &line);
    let words = ["8 complete, 8 failed, 0 missing", "p0001, replicate 1 failed: 101 consumers"];
    assert_code(&said, 4, &words);
    let plan = fs::read_to_string(root.join("x/plan.csv")).expect("there");
    assert_eq!(plan.matches(",failed,").count(), 8);
    assert!(plan.contains("101 consumers cannot all have 3 ties"), "{plan}");
    let before = tables(&root.join("x"));
    // What has failed is not run again unless asked for.
    let again = guanxi(root, &line);
    assert_code(&again, 4, &["8 failed"]);
    assert!(!again.err.contains("replicate 1 failed"), "{}", again.err);
    let retried = guanxi(root, &[&line[..], &["--retry"]].concat());
    assert_code(&retried, 4, &words);
    assert_same_tables(&root.join("x"), &before, "after --retry");
    assert_code(&guanxi(root, &["status", "x"]), 0, &["complete", "p0003, replicate 2"]);
    // Shards with failures merge to the same.
    for index in ["1/2", "2/2"] {
        let part = format!("part{}", &index[..1]);
        let head = ["sweep", "s.toml", "-q", "--progress", "none", "-o", &part, "--shard", index];
        assert_eq!(guanxi(root, &[&head[..], ODD].concat()).code, 4);
    }
    assert_code(&guanxi(root, &["merge", "part1", "part2", "-o", "m"]), 4, &["8 failed"]);
    let onto = ["merge", "part1", "part2", "-o", "part1", "--force"];
    assert_code(&guanxi(root, &onto), 2, &["`part1` is one of the shards"]);
    // The printed script passes over failed runs, too, and ends as the sweep does.
    let plan = ["plan", "s.toml", "-q", "-o", "by script", "--script", "shell", "--shards", "2"];
    assert_code(&by_shell(root, &[&plan[..], ODD].concat()), 4, &["8 failed"]);
    assert_same_tables(&root.join("by script"), &before, "by the script");
    assert_same_tables(&root.join("m"), &before, "merged");
}

#[test]
fn what_is_there_is_never_replaced_unasked() {
    let (folder, expected) = swept();
    let root = folder.path();
    fs::write(root.join("file"), "mine").expect("written");
    fs::create_dir(root.join("mine")).expect("made");
    fs::write(root.join("mine/thesis.txt"), "mine").expect("written");
    assert_eq!(guanxi(root, &["run", "s.toml", "-q", "-o", "run", "--progress", "none"]).code, 0);
    std::os::unix::fs::symlink("nowhere", root.join("link")).expect("made");
    for path in ["file", "mine", "run", "link"] {
        for force in [&[][..], &["--force"]] {
            let said = guanxi(root, &sweep(path, force));
            assert_code(&said, 7, &[&format!("`{path}`"), "something else than a sweep"]);
        }
    }
    let said = guanxi(root, &sweep("whole", &["--seed", "8"]));
    assert_code(&said, 7, &["`whole` holds another sweep", "12 points", "--force"]);
    let said = guanxi(root, &sweep("whole", &["--shard", "1/2"]));
    assert_code(&said, 7, &["shard 1/1 of this one"]);
    assert_same_tables(&root.join("whole"), &expected, "refused");
    assert_code(&guanxi(root, &sweep("whole", &["--seed", "8", "--force"])), 0, &["48 complete"]);
    assert!(tables(&root.join("whole"))["daily.csv"] != expected["daily.csv"]);
    assert_code(&guanxi(root, &sweep("new", &["--resume"])), 2, &["no sweep in `new`"]);
    assert!(!root.join("new").exists());
    assert_eq!(fs::read_to_string(root.join("mine/thesis.txt")).expect("there"), "mine");
    let hidden: Vec<_> = entries(root).into_iter().filter(|name| name.starts_with('.')).collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn what_force_replaces_stays_until_the_new_sweep_is_whole() {
    let (folder, expected) = swept();
    let root = folder.path();
    let limited = |blocks: &str| {
        let line = sweep("whole", &["--seed", "8", "--force"]).join("' '");
        let program = env!("CARGO_BIN_EXE_guanxi");
        let line = format!("ulimit -f {blocks}; exec '{program}' '{line}'");
        let output = Command::new("sh").args(["-c", &line]).current_dir(root).output();
        assert_code(&output.expect("a shell can be started").into(), 7, &["largest size"]);
    };
    // In blocks of 512 bytes: where it cannot even be begun, the old one is back in its place.
    let before = entries(&root.join("whole"));
    for blocks in ["8", "60"] {
        limited(blocks);
        assert_same_tables(&root.join("whole"), &expected, "put back");
        assert_eq!(entries(&root.join("whole")), before);
    }
    assert!(!entries(root).iter().any(|name| name.contains("replaced")), "{:?}", entries(root));
    // Where the journal is full, the old one waits, and the new one is gone on with.
    limited("100");
    assert_same_tables(&root.join("whole.replaced-1"), &expected, "aside");
    assert_code(&guanxi(root, &sweep("whole", &["--seed", "8"])), 0, &["48 complete"]);
    assert!(tables(&root.join("whole"))["daily.csv"] != expected["daily.csv"]);
    assert_same_tables(&root.join("whole.replaced-1"), &expected, "aside still");
}

#[test]
fn a_limit_on_the_size_of_files_loses_no_finished_run() {
    let (folder, expected) = swept();
    let root = folder.path();
    // In blocks of 512 bytes: the first file, the journal, the largest table do not fit.
    for blocks in ["8", "60", "150"] {
        let line = sweep("x", &[]).join("' '");
        let program = env!("CARGO_BIN_EXE_guanxi");
        let line = format!("ulimit -f {blocks}; exec '{program}' '{line}'");
        let output = Command::new("sh").args(["-c", &line]).current_dir(root).output();
        let said: Said = output.expect("a shell can be started").into();
        assert_code(&said, 7, &["`x/", "largest size that a file may have"]);
        assert!(!root.join("x/tables").exists());
    }
    let status = guanxi(root, &["status", "x"]);
    assert_code(&status, 0, &["stopped"]);
    assert_code(&guanxi(root, &sweep("x", &["--resume"])), 0, &["48 complete"]);
    assert_same_tables(&root.join("x"), &expected, "after the limits");
}

/// Runs a shell script in a folder with a mount namespace of its own.
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
fn a_full_disk_is_named_and_loses_no_finished_run() {
    let (folder, expected) = swept();
    fs::create_dir(folder.path().join("disk")).expect("made");
    let line = sweep("disk/x", &[]).join("' '");
    let mut text = "mount -t tmpfs -o size=20k none disk || exit 9; echo MOUNTED; ".to_owned();
    // More and more room; in the end there is enough, and what came out is copied.
    for room in ["20k", "100k", "200k", "400k"] {
        text += &format!("mount -o remount,size={room} disk; $GUANXI '{line}'; echo code $?; ");
    }
    text +=
        &format!("mount -o remount,size=9m disk; $GUANXI '{line}'; echo last $?; cp -r disk/x y");
    let Some(said) = script(folder.path(), &text) else {
        eprintln!("skipped: no disk can be mounted here");
        return;
    };
    assert_eq!(said.matches("code 7").count(), 4, "{said}");
    assert_eq!(said.matches("the disk is full (while writing `disk/x/").count(), 4, "{said}");
    assert!(said.contains("last 0"), "{said}");
    assert_same_tables(&folder.path().join("y"), &expected, "after a full disk");
}

#[test]
fn a_folder_that_is_removed_meanwhile_is_named() {
    let folder = with(SMALL);
    let root = folder.path();
    let mut command = command(root, &long("x"));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be started");
    until_begun(&root.join("x"), &mut child);
    fs::rename(root.join("x"), root.join("away")).expect("moved");
    let said = Said::from(child.wait_with_output().expect("it ends"));
    assert_code(&said, 7, &["`x/runs.journal`"]);
    assert!(!root.join("x").exists());
    // What was done by then is whole.
    assert_code(&guanxi(root, &["status", "away"]), 0, &["stopped"]);
}

#[test]
fn a_read_only_folder_is_named() {
    let (folder, expected) = swept();
    let root = folder.path();
    let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
    let locked = root.join("locked");
    fs::create_dir(&locked).expect("made");
    fs::rename(root.join("whole"), locked.join("whole")).expect("moved");
    allow(root, 0o755).expect("changed");
    allow(&locked, 0o555).expect("changed");
    let privileged = fs::write(locked.join("probe"), "").is_ok();
    for (path, more) in [("locked/x", &[][..]), ("locked/whole", &["--force", "--seed", "8"])] {
        let mut command = command(root, &sweep(path, more));
        // Whoever may do everything writes there all the same: somebody else tries.
        if privileged {
            let _ = fs::remove_file(locked.join("probe"));
            command.uid(NOBODY);
        }
        let Ok(output) = command.output() else {
            eprintln!("skipped: nobody else may start the program here");
            return;
        };
        assert_code(&output.into(), 7, &["locked", "cannot be written"]);
    }
    allow(&locked, 0o755).expect("changed");
    assert_eq!(entries(&locked), ["whole"]);
    assert_same_tables(&locked.join("whole"), &expected, "locked");
}

#[test]
fn two_processes_do_not_write_one_sweep() {
    let folder = with(SMALL);
    let root = folder.path();
    let mut child = start(root, &long("x"));
    until_begun(&root.join("x"), &mut child);
    let second = guanxi(root, &long("x"));
    let forced = guanxi(root, &[&long("x")[..], &["--force"]].concat());
    let status = guanxi(root, &["status", "x"]);
    child.kill().expect("killed");
    child.wait().expect("it ends");
    for said in [second, forced] {
        assert_code(&said, 7, &["`x` is still being written by another process"]);
    }
    assert_code(&status, 0, &["running"]);
}

#[test]
fn mistakes_are_told_all_at_once_before_anything_runs() {
    let folder = with(SMALL);
    let root = folder.path();
    let head = ["sweep", "s.toml", "-o", "x"];
    let cases: [(&[&str], i32, &[&str]); 7] = [
        (
            &["--vary", "arm.b.group_buy.size=1..201:3", "--vary", "dayz=1,2"],
            3,
            &[
                "is 1, which is less than 2",
                "is 201, which is more than 100",
                "did you mean `days`?",
                "3 mistakes",
            ],
        ),
        (&["--vary", "network.kind=comunity"], 3, &["did you mean \"community\"?"]),
        (
            &["--vary", "a", "--vary", "b=2..1:3", "--points", "3"],
            2,
            &["no equals sign", "smaller end", "--points goes with"],
        ),
        (&["--design", "lhs", "--vary", "days=3..5"], 2, &["needs --points"]),
        (
            &["--vary", "arm.b.group_buy.size=2..5:7"],
            2,
            &["3 of 7 levels are not", "write arm.b.group_buy.size=2..5:4,"],
        ),
        // Each value is well by itself, and two of them together are not.
        (
            &[
                "--set",
                "arm.b.sharing.budget_share=0.5",
                "--vary",
                "arm.b.coupon.budget_share=0.4,0.7",
                "--set",
                "arm.b.coupon.enabled=true",
            ],
            3,
            &["budget"],
        ),
        (&["--design", "no.csv"], 2, &["cannot read `no.csv`"]),
    ];
    for (more, code, words) in cases {
        assert_code(&guanxi(root, &[&head[..], more].concat()), code, words);
        assert_eq!(entries(root), ["s.toml"], "{more:?} left something");
    }
}

#[test]
fn lists_and_samples_are_swept() {
    let folder = with(SMALL);
    let root = folder.path();
    let list = "days,arm.b.group_buy.size,arm.b.preset\n3,2,viral\n4,,kol\n";
    fs::write(root.join("points.csv"), list).expect("written");
    let said = guanxi(root, &["sweep", "s.toml", "-q", "-o", "list", "--design", "points.csv"]);
    assert_code(&said, 0, &["8 runs of 2 points: 8 complete"]);
    let plan = fs::read_to_string(root.join("list/plan.csv")).expect("there");
    assert!(plan.contains("p0001-b-r001,small,1,b,b,1,4,,kol,7,"), "{plan}");
    for design in ["lhs", "sobol"] {
        let vary =
            ["--vary", "arm.b.group_buy.size=2..5", "--vary", "market.bad_quality_share=0..0.4"];
        let head = ["sweep", "s.toml", "-q", "--days", "2", "--design", design, "--points", "5"];
        let line = [&head[..], &vary, &["-o", design]].concat();
        assert_code(&guanxi(root, &line), 0, &["20 runs of 5 points"]);
        let plan = fs::read_to_string(root.join(design).join("plan.csv")).expect("there");
        let values: std::collections::BTreeSet<&str> =
            plan.lines().skip(1).filter_map(|line| line.split(',').nth(7)).collect();
        assert_eq!(values.len(), 5, "{design}");
    }
}

/// Carries out the script that a line prints.
fn by_shell(root: &Path, plan: &[&str]) -> Said {
    let said = guanxi(root, plan);
    assert_eq!(said.code, 0, "{}", said.err);
    fs::write(root.join("all.sh"), &said.out).expect("written");
    let program = Path::new(env!("CARGO_BIN_EXE_guanxi"));
    let path = program.parent().expect("a folder").display();
    let path = format!("{path}:{}", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh").arg("all.sh").env("PATH", path).current_dir(root).output();
    output.expect("a shell can be started").into()
}

#[test]
fn the_printed_script_runs_the_shards_and_merges_them() {
    let (folder, expected) = swept();
    let root = folder.path();
    let plan = [&["plan", "s.toml", "-q", "-o", "a b", "--script", "shell", "--shards", "3"], GRID];
    assert_code(&by_shell(root, &plan.concat()), 0, &["results: a b"]);
    assert_same_tables(&root.join("a b"), &expected, "by the script");
    let plan = [&["plan", "s.toml", "-q", "--script", "slurm", "--shards", "3"], GRID].concat();
    let said = guanxi(root, &plan);
    for word in ["#SBATCH --array=1-3", "--shard \"$SLURM_ARRAY_TASK_ID/3\"", "guanxi merge"] {
        assert!(said.out.contains(word), "no `{word}` in {}", said.out);
    }
    let said = guanxi(root, &[&["plan", "s.toml", "-q"], GRID].concat());
    assert_eq!(said.out.lines().count(), 13, "{}", said.out);
}
