//! `guanxi graph inspect` end to end: edge lists, scenarios, and what is refused.

use assert_cmd::Command;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

struct Said {
    code: i32,
    out: String,
    err: String,
}

/// Runs `guanxi graph inspect` in a folder.
fn inspect(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::cargo_bin("guanxi").expect("the program is built with its tests");
    let command = command.current_dir(folder).env("NO_COLOR", "1").args(["graph", "inspect"]);
    let output = command.args(arguments).output().expect("the program can be started");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("stdout is text"),
        err: String::from_utf8(output.stderr).expect("stderr is text"),
    }
}

/// The document of one source.
fn seen(folder: &Path, arguments: &[&str]) -> Value {
    let said = inspect(folder, &[&["--format", "json"], arguments].concat());
    assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
    let mut documents: Value = serde_json::from_str(&said.out).expect("one document");
    documents[0].take()
}

fn with(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(name), text).expect("written");
    folder
}

#[test]
fn an_edge_list_is_described() {
    let folder = with("ties.csv", "a,b\nb,c\nc,a\nc,d\nd,d\na,b\n");
    let one = seen(folder.path(), &["ties.csv"]);
    for (key, value) in [("nodes", 4), ("ties", 4), ("components", 1), ("largest_component", 4)] {
        assert_eq!(one[key], value, "{key}");
    }
    assert_eq!((&one["self_loops_dropped"], &one["duplicates_dropped"]), (&1.into(), &1.into()));
    assert_eq!((&one["degree"]["mean"], &one["degree"]["max"]), (&2.0.into(), &3.into()));
    assert_eq!((&one["clustering_global"], &one["mutual"]), (&0.6.into(), &true.into()));
    assert_eq!((&one["local_share"], &one["tail"]), (&1.0.into(), &Value::Null));
    let text = inspect(folder.path(), &["ties.csv"]).out;
    for words in ["nodes", "1 self-loops, 1 repetitions", "mutual", "0.6000", "built in"] {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn directions_are_those_of_the_scenario() {
    let folder = with("trust.txt", "1 2\n2 1\n1 3\n");
    for (arguments, most) in [
        (&["trust.txt", "--directed"][..], 2),
        (&["trust.txt", "--direction", "influences"], 2),
        (&["trust.txt", "--direction", "trusts"], 1),
        (&["trust.txt", "--set", "network.direction=trusts"], 1),
    ] {
        let one = seen(folder.path(), arguments);
        assert_eq!(one["degree"]["max"], most, "{arguments:?}");
        assert_eq!((&one["ties"], &one["mutual"]), (&3.into(), &false.into()));
        let reciprocity = one["reciprocity"].as_f64().expect("a number");
        assert!((reciprocity - 2.0 / 3.0).abs() < 1e-12);
    }
}

#[test]
fn the_network_of_a_scenario_is_built_and_described() {
    let folder = with("s.toml", "seed = 3\n[population]\nconsumers = 3_000\n[arm.a]\n");
    for kind in ["community", "erdos_renyi", "random_regular", "watts_strogatz", "barabasi_albert"]
        .into_iter()
        .chain(["configuration", "block_model", "complete"])
    {
        let set = format!("network.kind={kind}");
        let one = seen(folder.path(), &["s.toml", "--set", &set]);
        assert_eq!((&one["kind"], &one["nodes"]), (&kind.into(), &3000.into()));
        let mean = one["degree"]["mean"].as_f64().expect("a number");
        assert!(kind == "complete" || (mean - 16.0).abs() < 1.0, "{kind}: {mean}");
        let is_regular = kind == "random_regular" || kind == "complete";
        assert_eq!(one["degree_assortativity"].is_null(), is_regular, "{kind}");
        let alone = seen(folder.path(), &["s.toml", "--set", &set, "--threads", "1"]);
        let without_time = |mut one: Value| {
            one["build_seconds"].take();
            one
        };
        assert_eq!(without_time(one), without_time(alone), "{kind}");
    }
    let other = seen(folder.path(), &["s.toml", "--replicate", "1"]);
    assert!(other["ties"] != seen(folder.path(), &["s.toml"])["ties"]);
}

#[test]
fn mistakes_are_shown_in_the_edge_list() {
    let folder = with("ties.csv", "1,2\n2,3\n3,\n4,5\n");
    let said = inspect(folder.path(), &["ties.csv"]);
    assert_eq!((said.code, said.out.as_str()), (3, ""));
    for words in ["GX0211", "ties.csv:3:1", "found `3,`", "accepted: two ids"] {
        assert!(said.err.contains(words), "no `{words}` in:\n{}", said.err);
    }
    fs::write(folder.path().join("empty.txt"), "# nothing\n").expect("written");
    let said = inspect(folder.path(), &["empty.txt", "--format", "json"]);
    let issues: Value = serde_json::from_str(&said.err).expect("issues as JSON");
    assert_eq!((said.code, &issues[0]["code"]), (3, &"GX0211".into()));
}

#[test]
fn what_cannot_be_asked_ends_with_2_or_3() {
    let folder = with("s.toml", "[population]\nconsumers = 7\n[arm.a]\n");
    for arguments in [&[][..], &["absent.txt"], &["absent.toml"], &["s.toml", "--direction", "up"]]
    {
        let said = inspect(folder.path(), arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{arguments:?}: {}", said.err);
    }
    let odd = ["--set", "network.kind=random_regular", "--set", "network.mean_degree=3"];
    let said = inspect(folder.path(), &[&["s.toml"], &odd[..]].concat());
    assert_eq!(said.code, 3);
    assert!(said.err.contains("7 consumers cannot all have 3 ties"), "{}", said.err);
    let said = inspect(folder.path(), &["s.toml", "--set", "network.kind=barabasi"]);
    assert!(said.code == 3 && said.err.contains("did you mean"), "{}", said.err);
}

/// The folder of public graphs, where the machine has it.
fn graph(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("GUANXI_DATA") else {
        println!("skipped: GUANXI_DATA does not name the folder that holds graphs/{name}");
        return None;
    };
    let path = PathBuf::from(folder).join("graphs").join(name);
    if !path.is_file() {
        println!("skipped: there is no {}", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn the_friends_of_facebook_cluster_as_published() {
    let Some(path) = graph("facebook_ego.txt") else { return };
    let path = path.to_string_lossy();
    let one = seen(Path::new("."), &[&path]);
    let number = |key: &str| one[key].as_f64().expect("a number");
    assert_eq!((&one["nodes"], &one["ties"]), (&4039.into(), &88_234.into()));
    // SNAP's page of ego-Facebook: mean local clustering 0.6055, in which the 75 people
    // with one friend count as 0; one component.
    let counted = number("clustering_local") * (4039.0 - 75.0) / 4039.0;
    assert!((counted - 0.6055).abs() < 0.0001, "{one}");
    assert_eq!(one["components"], 1);
    // Measured when the partition was chosen; it may improve, but not fall.
    assert!(number("local_share") > 0.90, "{one}");
    assert!(number("joined_share") > 0.85, "{one}");
}
