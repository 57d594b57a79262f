//! The command line end to end: exit codes, messages, and what is left behind.

use assert_cmd::Command;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A scenario that is fine and small.
const SMALL: &str = "name = \"small\"\ndays = 2\nreplicates = 2\n[population]\nconsumers = 200\n\
                     [arm.a]\n[arm.b]\n";

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program in a folder, without colours.
fn guanxi(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::cargo_bin("guanxi").expect("the program is built with its tests");
    let output = command.current_dir(folder).env("NO_COLOR", "1").args(arguments).output();
    let output = output.expect("the program can be started");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("stdout is text"),
        err: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

/// A fresh folder with a scenario.
fn with(text: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("s.toml"), text).expect("written");
    folder
}

/// Names of everything in a folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().to_string_lossy().into_owned()
    };
    entries.map(name).collect()
}

/// A wrong scenario ends `check` and `run` with 3, says these words, and leaves nothing.
fn check_wrong(text: &str, words: &[&str]) {
    for verb in ["check", "run"] {
        let folder = with(text);
        let said = guanxi(folder.path(), &[verb, "s.toml"]);
        assert_eq!((said.code, said.out.as_str()), (3, ""), "{verb}: {}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{verb} does not say `{word}`:\n{}", said.err);
        }
        assert_eq!(entries(folder.path()), ["s.toml"], "{verb} left something");
    }
}

#[test]
fn wrong_scenarios_are_refused_with_place_and_advice() {
    let arm = "[arm.a]\n";
    let cases: [(&str, &[&str]); 12] = [
        ("dayz = 1\n", &["GX0101", "s.toml:1:1", "did you mean `days`?"]),
        ("days = \"x\"\n", &["GX0104", "s.toml:1:8", "a whole number from 1 to 3650"]),
        ("[market]\nprice_spread = nan\n", &["GX0105", "s.toml:2:16", "not nan"]),
        ("[market]\nprice_spread = inf\n", &["GX0105", "not inf"]),
        ("[market]\nprice_spread = -1\n", &["GX0106", "less than 0"]),
        ("[market]\nprice_spread = 9\n", &["GX0106", "more than 0.5"]),
        ("seed = 9223372036854775808\n", &["GX0107", "2^63"]),
        ("[network]\nkind = \"comunity\"\n", &["GX0108", "did you mean \"community\"?"]),
        ("[arm.b]\npreset = \"virla\"\n", &["GX0103", "s.toml:2:10", "did you mean `viral`?"]),
        ("[choice]\nenabled = false\n", &["GX0208", "s.toml:2:11", "exactly one decider"]),
        ("[stock]\nenabled = false\n", &["GX0209", "exactly one clearing rule"]),
        ("days = \n", &["GX0001", "s.toml:1:"]),
    ];
    for (text, words) in cases {
        check_wrong(&format!("{text}{arm}"), words);
    }
    check_wrong("", &["GX0201", "the scenario has no arm"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "dayz = 1\n[market]\nmerchants = 0\nprice_spread = nan\n[arm.a]\npreset = \"x\"\n";
    check_wrong(text, &["GX0101", "GX0106", "GX0105", "GX0103", "4 mistakes"]);
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = with(SMALL);
    fs::write(folder.path().join("w.toml"), "dayz = 1\n").expect("written");
    let said = guanxi(folder.path(), &["check", "absent.toml", "s.toml", "gone.toml", "w.toml"]);
    assert_eq!(said.code, 2, "{}", said.err);
    for words in ["`absent.toml`", "`gone.toml`", "GX0101"] {
        assert!(said.err.contains(words), "no {words} in:\n{}", said.err);
    }
    assert!(said.out.contains("s.toml: fine"), "{}", said.out);
}

#[test]
fn check_as_json_names_file_line_and_column() {
    let folder = with("dayz = 1\n[arm.a]\n");
    let said = guanxi(folder.path(), &["check", "s.toml", "--format", "json"]);
    assert_eq!(said.code, 3);
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("one document");
    let issue = &json[0]["issues"][0];
    assert_eq!(
        (&issue["code"], &issue["line"], &issue["column"]),
        (&"GX0101".into(), &1.into(), &1.into())
    );
    assert_eq!(
        (&issue["file"], &issue["help"]),
        (&"s.toml".into(), &"did you mean `days`?".into())
    );
}

#[test]
fn a_fine_scenario_is_fine_and_its_resolved_form_too() {
    let folder = with(SMALL);
    let said = guanxi(folder.path(), &["check", "s.toml", "--set", "population.consumers=1e3"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let fine = "fine (a without a preset, b without a preset; 1000 consumers, 2 days, 2 replicates";
    assert!(said.out.contains(fine), "{}", said.out);
    let resolved = guanxi(folder.path(), &["check", "s.toml", "--show", "resolved"]).out;
    fs::write(folder.path().join("r.toml"), &resolved).expect("written");
    let digest = |file: &str| {
        let said = guanxi(folder.path(), &["check", file, "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&said.out).expect("one document");
        json[0]["digest"].clone()
    };
    assert!(digest("s.toml").is_string());
    assert_eq!(digest("s.toml"), digest("r.toml"));
}

#[test]
fn wrong_command_lines_end_with_2() {
    let folder = with(SMALL);
    for arguments in [
        &["runn"][..],
        &["run"],
        &["run", "absent.toml"],
        &["run", "s.toml", "--threads", "0"],
        &["run", "s.toml", "--memory-limit", "lots"],
        &["explain", "nonsense"],
        &["list", "nonsense"],
        &["list", "presets", "--print", "virla"],
        &["compare", "absent"],
    ] {
        let said = guanxi(folder.path(), arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
        assert!(!said.err.is_empty());
    }
}

#[test]
fn init_writes_once_and_what_it_writes_is_fine() {
    for template in [
        "compare-four",
        "viral",
        "kol",
        "community",
        "traditional",
        "hybrid",
        "competition",
        "calibration",
    ] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let said = guanxi(folder.path(), &["init", "new", "--template", template]);
        assert_eq!((said.code, said.out.trim()), (0, "new/scenario.toml"));
        let said = guanxi(folder.path(), &["check", "new/scenario.toml"]);
        assert_eq!(said.code, 0, "{template}: {}", said.err);
        let said = guanxi(folder.path(), &["init", "new"]);
        assert_eq!(said.code, 7);
        assert!(said.err.contains("--force"), "{}", said.err);
        assert_eq!(guanxi(folder.path(), &["init", "new", "--force"]).code, 0);
    }
}

#[test]
fn shipped_scenarios_are_fine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = guanxi(
        root,
        &[
            "check",
            "scenarios/quickstart.toml",
            "scenarios/own_network.toml",
            "scenarios/price_war.toml",
            "scenarios/classical_diffusion.toml",
            "scenarios/bass.toml",
            "scenarios/implicit.toml",
        ],
    );
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("400 consumers"), "{}", said.out);
    assert!(!said.err.contains("warning"), "{}", said.err);
}

#[test]
fn a_network_file_is_found_beside_the_scenario_or_in_set_beside_the_caller() {
    let folder = with(SMALL);
    let root = folder.path();
    let own = "[network]\nkind = \"file\"\nfile = \"ties.csv\"\n[arm.a]\n";
    fs::create_dir(root.join("sub")).expect("made");
    fs::write(root.join("sub/s.toml"), own).expect("written");
    fs::write(root.join("sub/ties.csv"), "1,2\n2,3\n").expect("written");
    fs::write(root.join("ties.csv"), "1,2\n2,3\n3,4\n").expect("written");
    let check = |arguments: &[&str]| guanxi(root, &[&["check", "sub/s.toml"], arguments].concat());
    assert!(check(&[]).out.contains("3 consumers"), "{}", check(&[]).err);
    assert!(check(&["--set", "network.file=ties.csv"]).out.contains("4 consumers"));
    let said = check(&["--set", "population.consumers=7"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("3 consumers"), "{}", said.out);
    assert!(said.err.contains("the network's file names 3"), "{}", said.err);
    fs::write(root.join("sub/ties.csv"), "1,2\n2\n").expect("written");
    let said = check(&[]);
    assert!(said.code == 3 && said.err.contains("GX0211") && said.err.contains("line 2"));
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_unicode_are_taken() {
    use std::os::unix::ffi::OsStrExt;
    let folder = with(SMALL);
    let name = std::ffi::OsStr::from_bytes(b"bad\xff");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(folder.path()).args(["run", "s.toml", "-q", "-o"]).arg(name);
    assert!(command.status().expect("the program can be started").success());
    assert!(folder.path().join(name).join("manifest.json").exists());
}

#[test]
fn everything_listed_can_be_explained() {
    let folder = with(SMALL);
    for what in ["mechanisms", "presets", "tables", "metrics", "parameters", "channels"] {
        let said = guanxi(folder.path(), &["list", what, "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&said.out).expect("one document");
        let rows = json.as_array().expect("a list");
        // The first of each kind stands for all: the lookup is the same loop.
        let key = what.trim_end_matches('s');
        for row in rows.iter().take(2) {
            let name = row[key].as_str().expect("a name");
            let said = guanxi(folder.path(), &["explain", name]);
            assert_eq!(said.code, 0, "{name}: {}", said.err);
        }
    }
    assert!(guanxi(folder.path(), &["explain", "gx0106"]).out.contains("out of range"));
    let said = guanxi(folder.path(), &["explain", "population.consumer"]);
    assert!(said.err.contains("did you mean `population.consumers`?"), "{}", said.err);
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let folder = with(SMALL);
    let said = guanxi(folder.path(), &["run", "s.toml", "-n", "--seed", "7", "--format", "json"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("200 consumers, 2 arms (a, b), 2 days, 2 replicates, seed 7"));
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("one document");
    assert_eq!(json["seed"], 7);
    assert_eq!(entries(folder.path()), ["s.toml"]);
}

#[test]
fn a_run_leaves_a_folder_and_never_replaces_one_unasked() {
    let folder = with(SMALL);
    let run = |more: &[&str]| {
        let arguments = [&["run", "s.toml", "-o", "out/x", "--threads", "2"], more].concat();
        guanxi(folder.path(), &arguments)
    };
    let said = run(&[]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("results: out/x"), "{}", said.out);
    for file in ["manifest.json", "scenario.toml", "resolved.toml", "tables/summary.csv"] {
        assert!(folder.path().join("out/x").join(file).is_file(), "{file}");
    }
    let bytes = fs::read_to_string(folder.path().join("out/x/scenario.toml")).expect("a copy");
    assert_eq!(bytes, SMALL);
    let said = run(&[]);
    assert_eq!(said.code, 7);
    assert!(said.err.contains("`out/x` already exists") && said.err.contains("--force"));
    assert_eq!(run(&["--force", "-q"]).code, 0);
    assert_eq!(entries(&folder.path().join("out")), ["x"]);
}

#[test]
fn ranks_leave_the_same_bytes() {
    let folder = with(&SMALL.replace("200", "400"));
    for (ranks, output) in [("1", "one"), ("3", "three")] {
        let said = guanxi(folder.path(), &["run", "s.toml", "--ranks", ranks, "-o", output]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let tables = folder.path().join("one/tables");
    for name in entries(&tables) {
        let of = |run: &str| fs::read(folder.path().join(run).join("tables").join(&name));
        assert_eq!(of("one").expect("a table"), of("three").expect("a table"), "{name}");
    }
    assert!(entries(&tables).len() > 3);
}

#[test]
fn a_folder_is_named_by_scenario_and_digest() {
    let folder = with(SMALL);
    assert_eq!(guanxi(folder.path(), &["run", "s.toml", "--progress", "none"]).code, 0);
    let names = entries(&folder.path().join("outputs"));
    assert!(names.len() == 1 && names[0].starts_with("small-"), "{names:?}");
    assert_eq!(names[0].len(), "small-".len() + 8);
}

#[test]
fn what_does_not_fit_in_memory_is_refused_before_it_begins() {
    let folder = with(SMALL);
    let arguments =
        ["run", "s.toml", "--memory-limit", "64MiB", "--set", "population.consumers=1e8"];
    let said = guanxi(folder.path(), &arguments);
    assert_eq!((said.code, said.out.as_str()), (5, ""), "{}", said.err);
    for words in ["only 64.0 MiB is available", "network", "in all", "would fit: --set"] {
        assert!(said.err.contains(words), "no `{words}` in:\n{}", said.err);
    }
    assert_eq!(entries(folder.path()), ["s.toml"]);
}

#[test]
fn more_budget_than_there_is_and_too_many_platforms_are_refused() {
    let text = "[arm.a.outside_ads]\nenabled = true\nbudget_share = 0.7\n[arm.a.livestream]\n\
                enabled = true\nbudget_share = 0.7\n";
    check_wrong(text, &["GX0212", "s.toml:1:6", "outside_ads 0.7, livestream 0.7"]);
    let five: String =
        ["v", "w", "x", "y", "z"].map(|p| format!("[arm.a.platform.{p}]\n")).concat();
    check_wrong(&five, &["GX0213", "at most 4"]);
}

#[test]
fn arms_are_compared_from_files_and_from_run_folders() {
    let folder = with(SMALL);
    let compare = |arguments: &[&str]| {
        guanxi(folder.path(), &[&["compare", "--format", "json"], arguments].concat())
    };
    let first = compare(&["s.toml", "--metrics", "orders_count"]);
    assert_eq!(first.code, 0, "{}", first.err);
    let json: serde_json::Value = serde_json::from_str(&first.out).expect("one document");
    assert_eq!(json["baseline"], "a");
    let list = json["differences"].as_array().expect("a list");
    assert_eq!((list.len(), &list[0]["arm"], &list[0]["n"]), (1, &"b".into(), &2.into()));
    let again = compare(&["s.toml", "--metrics", "orders_count"]);
    assert!(again.err.contains("reading outputs"), "{}", again.err);
    assert_eq!(again.out, first.out);
    let run = format!("outputs/{}", entries(&folder.path().join("outputs"))[0]);
    assert_eq!(compare(&[&run, "--metrics", "orders_count"]).out, first.out);
    // What was run already takes no other values.
    let said = compare(&[&run, "--days", "3"]);
    assert!(said.code == 2 && said.err.contains("`days=3` is for scenario files"), "{}", said.err);
    let turned = compare(&[&run, "--baseline", "b", "--metrics", "orders_count"]);
    assert!(turned.out.contains("\"arm\": \"a\""), "{}", turned.out);
    let said = compare(&[&run, "--baseline", "c"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("accepted: a, b"), "{}", said.err);
    let said = compare(&[&run, "--metrics", "order_count"]);
    assert!(said.err.contains("did you mean `orders_count`?"), "{}", said.err);
}

#[test]
fn runs_of_different_values_are_compared_arm_by_arm() {
    let folder = with(SMALL);
    for (name, set) in [("one", "start.trust=0.2"), ("two", "start.trust=0.8")] {
        let said = guanxi(folder.path(), &["run", "s.toml", "-q", "-o", name, "--set", set]);
        assert_eq!(said.code, 0, "{}", said.err);
    }
    let arguments = ["compare", "one", "two", "--metrics", "trust_mean"];
    let said = guanxi(folder.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    for words in ["baseline: one:a", "two:a", "two:b", "one:b"] {
        assert!(said.out.contains(words), "no `{words}` in:\n{}", said.out);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_after_the_day_and_keeps_what_is_done() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = with(SMALL);
        let mut run = Command::new(env!("CARGO_BIN_EXE_guanxi"));
        run.current_dir(folder.path()).args([
            "run",
            "s.toml",
            "-v",
            "-o",
            "x",
            "--progress",
            "plain",
        ]);
        run.args(["--days", "3650", "--replicates", "10000"]).stderr(Stdio::piped());
        let mut run = run.stdout(Stdio::null()).spawn().expect("the program can be started");
        let mut lines = BufReader::new(run.stderr.take().expect("piped")).lines();
        let second = |line: &str| line == "replicate 2: building";
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| second(line)));
        assert!(line.is_some(), "the run ended before its second replicate");
        let sent = Command::new("kill").args([signal, &run.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success());
        let rest: Vec<String> = lines.map_while(Result::ok).collect();
        assert_eq!(run.wait().expect("it ends").code(), Some(code), "{rest:?}");
        assert!(rest.iter().any(|line| line.starts_with("interrupted")), "{rest:?}");
        let manifest = fs::read_to_string(folder.path().join("x/manifest.json")).expect("written");
        assert!(manifest.contains("\"status\": \"interrupted\""), "{manifest}");
    }
}
