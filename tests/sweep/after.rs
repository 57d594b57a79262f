//! What is done with a sweep that is there: other forms of its tables, `verify`, `compare`, and
//! the messages of verbs that are for runs.

use crate::harness::{
    GRID, SMALL, assert_code, assert_same_tables, entries, guanxi, start, sweep, swept, with,
};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Names of the tables with an ending, without it.
fn named(folder: &Path, end: &str) -> Vec<String> {
    let names = entries(folder).into_iter();
    names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect()
}

#[test]
#[cfg(feature = "parquet")]
fn other_forms_are_those_of_the_csv_and_can_be_asked_for_later() {
    let (folder, expected) = swept();
    let root = folder.path();
    let both = ["--tables", "both", "--csv-excel"];
    assert_code(&guanxi(root, &sweep("both", &both)), 0, &["48 complete"]);
    let all = named(&root.join("whole/tables"), ".csv");
    assert_eq!(named(&root.join("both/tables"), ".csv"), all);
    assert_eq!(named(&root.join("both/tables"), ".parquet"), all);
    assert_eq!(named(&root.join("both/excel"), ".csv"), all);
    for (name, bytes) in &expected {
        assert!(fs::read(root.join("both/tables").join(name)).expect("there") == *bytes, "{name}");
        let marked = fs::read(root.join("both/excel").join(name)).expect("there");
        assert!(marked == [&b"\xef\xbb\xbf"[..], bytes].concat(), "{name}");
    }
    // The digest of tables is that of the CSV, whatever stands beside it.
    let digest = |folder: &str| {
        let text = fs::read_to_string(root.join(folder).join("manifest.json")).expect("there");
        let line = text.lines().find(|line| line.contains("tables_digest")).map(str::to_owned);
        line.expect("a line")
    };
    assert_eq!(digest("both"), digest("whole"));
    let both_tables = crate::tables(&root.join("both"));
    // A sweep that is whole gets them when they are asked for, and runs nothing again.
    let later = guanxi(root, &[&["sweep", "s.toml", "-o", "whole"], GRID, &both[..]].concat());
    assert_code(&later, 0, &["every run is there already", "48 complete"]);
    assert_same_tables(&root.join("whole"), &both_tables, "asked for later");
    assert_eq!(entries(&root.join("whole/excel")).len(), all.len());
    assert_code(&guanxi(root, &["verify", "whole"]), 0, &["verified: whole"]);
    for index in ["1/2", "2/2"] {
        let part = format!("part{}", &index[..1]);
        assert_code(&guanxi(root, &sweep(&part, &["--shard", index])), 0, &[]);
    }
    let merge = ["merge", "part1", "part2", "-o", "merged", "--tables", "both"];
    assert_code(&guanxi(root, &merge), 0, &["48 complete"]);
    assert_same_tables(&root.join("merged"), &both_tables, "merged");
}

/// Rows and types of every table, as Parquet has them.
#[test]
#[cfg(feature = "parquet")]
fn parquet_of_a_sweep_has_the_rows_of_its_csv_behind_the_point() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let folder = with(SMALL);
    let root = folder.path();
    assert_code(&guanxi(root, &sweep("x", &["--tables", "both"])), 0, &[]);
    let tables = root.join("x/tables");
    for name in named(&tables, ".parquet") {
        let file = fs::File::open(tables.join(format!("{name}.parquet"))).expect("there");
        let reader = SerializedFileReader::new(file).expect("Parquet");
        let meta = reader.metadata().file_metadata();
        let columns: Vec<&str> = meta.schema().get_fields().iter().map(|one| one.name()).collect();
        let text = fs::read_to_string(tables.join(format!("{name}.csv"))).expect("there");
        let mut csv = csv::Reader::from_reader(text.as_bytes());
        assert!(csv.headers().expect("a header").iter().eq(columns), "{name}");
        assert_eq!(meta.num_rows(), csv.records().count() as i64, "{name}");
    }
}

#[test]
fn a_sweep_and_its_shards_are_verified_and_what_was_changed_is_found() {
    let (folder, _) = swept();
    let root = folder.path();
    let words = ["verified: whole, 6 runs again with the same bytes"];
    assert_code(&guanxi(root, &["verify", "whole", "--threads", "1"]), 0, &words);
    assert_code(&guanxi(root, &sweep("part", &["--shard", "2/3"])), 0, &[]);
    assert_code(&guanxi(root, &["verify", "part"]), 0, &["verified: part, 6 runs again"]);
    // A digit of a table, then with its digest renewed; a record of the journal.
    let table = root.join("whole/tables/daily.csv");
    let text = fs::read_to_string(&table).expect("there");
    fs::write(&table, text.replacen(",0.5", ",0.6", 1)).expect("written");
    let said = guanxi(root, &["verify", "whole"]);
    assert_code(&said, 6, &["tables/daily.csv has other bytes", "1 disagreement"]);
    let manifest = root.join("whole/manifest.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&fs::read(&manifest).expect("there")).expect("JSON");
    let digest = blake3::hash(&fs::read(&table).expect("there")).to_hex().to_string();
    json["files"]["tables/daily.csv"]["blake3"] = digest.into();
    fs::write(&manifest, json.to_string()).expect("written");
    let said = guanxi(root, &["verify", "whole", "--runs", "24"]);
    assert_code(&said, 6, &["manifest.json: tables_digest is not that"]);
    let files = serde_json::from_value(json["files"].clone()).expect("digests");
    json["tables_digest"] = guanxi::output::manifest::tables_digest(&files).into();
    fs::write(&manifest, json.to_string()).expect("written");
    assert_code(&guanxi(root, &["verify", "whole", "--runs", "24"]), 6, &["comes out otherwise"]);
    let journal = root.join("part/runs.journal");
    let mut bytes = fs::read(&journal).expect("there");
    bytes[500] ^= 1;
    fs::write(&journal, bytes).expect("written");
    assert_code(&guanxi(root, &["verify", "part"]), 2, &["`part` is not finished", "go on with"]);
}

#[test]
fn points_of_a_sweep_are_compared_one_by_one_and_with_each_other() {
    let (folder, _) = swept();
    let root = folder.path();
    let compare = |arguments: &[&str]| guanxi(root, &[&["compare"], arguments].concat());
    let gmv = ["--metrics", "gmv_fen", "--format", "json"];
    let said = compare(&[&["whole@point=4"], &gmv[..]].concat());
    assert_code(&said, 0, &["\"baseline\": \"a\"", "\"arm\": \"b\""]);
    // The same as `differences.csv` says of the point.
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let found = found["differences"][0]["difference"].as_f64().expect("a number");
    let table = fs::read_to_string(root.join("whole/tables/differences.csv")).expect("there");
    let row = table.lines().find(|line| line.starts_with("small,4,b,b,a,a,gmv_fen,"));
    let row = row.expect("a row");
    assert!(row.split(',').nth(12).is_some_and(|cell| cell.parse() == Ok(found)), "{row}");
    let two = ["whole@point=4", "whole@point=1", "--baseline", "whole@point=1:b"];
    assert_code(&compare(&[&two, &gmv[..]].concat()), 0, &["whole@point=4:b", "whole@point=1:a"]);
    for (source, words) in [
        ("whole", "name one of 0 to 11, such as whole@point=0"),
        ("whole@point=12", "name one of 0 to 11"),
        ("whole@point=x", "name one of 0 to 11"),
        ("nothing@point=1", "`nothing` is no sweep"),
    ] {
        assert_code(&compare(&[source]), 2, &[words]);
    }
}

#[test]
fn verbs_for_runs_say_what_is_done_with_a_sweep_instead() {
    let (folder, _) = swept();
    let root = folder.path();
    let resume = guanxi(root, &["resume", "whole"]);
    assert_code(&resume, 2, &["`whole` is a sweep", "goes on with it", "sweep s.toml"]);
    let branch = guanxi(root, &["branch", "whole@day=3"]);
    assert_code(&branch, 2, &["`whole` is a sweep, and a run folder is wanted"]);
    fs::create_dir(root.join("empty")).expect("made");
    for verb in ["verify", "compare", "status", "merge"] {
        for (path, words) in [("empty", "`empty` has no manifest.json"), ("no", "`no`")] {
            assert_code(&guanxi(root, &[verb, path]), 2, &[words]);
        }
    }
    for (more, words) in [
        (&["--checkpoint-every", "5d"][..], "keeps every finished replicate"),
        (&["--watch"], "guanxi status DIR"),
    ] {
        let said = guanxi(root, &[&["sweep", "s.toml", "-o", "x"], GRID, more].concat());
        assert_code(&said, 2, &[words]);
        assert!(!root.join("x").exists());
    }
}

/// Every task of the job array runs its shard, wherever the scheduler starts it; the command of
/// its last line puts them together.
#[test]
fn the_job_array_runs_a_shard_a_task() {
    let (folder, expected) = swept();
    let root = folder.path();
    let plan = ["plan", "s.toml", "-q", "-o", "a b", "--script", "slurm", "--shards", "3"];
    let said = guanxi(root, &[&plan, GRID].concat());
    assert_code(&said, 0, &["#SBATCH --array=1-3"]);
    fs::write(root.join("job.sh"), &said.out).expect("written");
    let program = Path::new(env!("CARGO_BIN_EXE_guanxi")).parent().expect("a folder").display();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap_or_default());
    let shell = |line: &str, task: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PATH", &path).env("SLURM_ARRAY_TASK_ID", task);
        let output = command.env("SLURM_CPUS_PER_TASK", "2").current_dir(root).output();
        crate::Said::from(output.expect("a shell can be started"))
    };
    // A task that is cut short is submitted again, and one that is done does nothing more.
    for task in ["2", "1", "3", "2"] {
        assert_code(&shell("sh job.sh", task), 0, &["0 missing", "of shard"]);
    }
    let merge = said.out.lines().last().expect("a last line").trim_start_matches("# ");
    assert_code(&shell(merge, ""), 0, &["results: a b"]);
    assert_same_tables(&root.join("a b"), &expected, "by the job array");
    // Without a task there is no shard.
    let alone = Command::new("sh").arg("job.sh").env("PATH", &path).current_dir(root).output();
    assert!(!alone.expect("a shell can be started").status.success());
}

#[test]
fn a_sweep_under_way_is_told_and_not_verified() {
    let folder = with(SMALL);
    let root = folder.path();
    let line = ["sweep", "s.toml", "--days", "60", "--progress", "none", "-o", "x", "--vary"];
    let mut child = start(root, &[&line[..], &["seed=1..400:400"]].concat());
    let manifest = root.join("x/manifest.json");
    while !manifest.exists() {
        assert!(child.try_wait().expect("known").is_none(), "it ended before it was looked at");
    }
    let said = guanxi(root, &["verify", "x"]);
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_code(&said, 2, &["`x` is not finished", "of 1600 runs are missing"]);
}
