//! What the folder promises while it is written, when it is whole, and when it is not.

use super::fixture::{DECLARED, keys, meta, record, written};
use super::*;
use crate::output::read;
use std::fs;

fn names(path: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.unwrap().file_name().to_string_lossy().into_owned()
    };
    let mut all: Vec<String> = fs::read_dir(path).unwrap().map(name).collect();
    all.sort();
    all
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_whole_folder_has_every_file_and_nothing_else() {
    let temporary = tempfile::tempdir().unwrap();
    let path = written(&temporary.path().join("new/parent/q"), false, &[0, 1, 2, 3]).unwrap();
    assert_eq!(
        names(&path),
        ["manifest.json", "plan.csv", "resolved.toml", "scenario.toml", "tables"]
    );
    let tables = ["daily", "decision", "dictionary", "differences", "metrics", "summary"];
    let tables = tables.map(|name| format!("{name}.csv"));
    assert_eq!(names(&path.join("tables")), tables);
    assert_eq!(fs::read(path.join("scenario.toml")).unwrap(), meta().scenario_bytes);
    assert_eq!(names(path.parent().unwrap()), ["q"]);
}

#[test]
fn rows_are_sorted_by_key_and_guarded() {
    let temporary = tempfile::tempdir().unwrap();
    let path = written(&temporary.path().join("q"), false, &[3, 0, 2, 1]).unwrap();
    let daily = text(&path.join("tables/daily.csv"));
    let lines: Vec<&str> = daily.lines().collect();
    assert_eq!(lines[0], "run_id,scenario,arm,platform,replicate,day,gmv_fen,note");
    let first =
        "traditional-r000,quickstart,traditional,traditional,0,0,100,\"'=团购, \"\"now\"\"\"";
    assert_eq!(lines[1], first);
    assert_eq!(lines.len(), 13);
    let order: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert!(!daily.contains('\r'));
}

#[test]
fn tables_do_not_depend_on_the_order_of_arrival() {
    let temporary = tempfile::tempdir().unwrap();
    let a = written(&temporary.path().join("a"), false, &[0, 1, 2, 3]).unwrap();
    let b = written(&temporary.path().join("b"), false, &[2, 3, 1, 0]).unwrap();
    for name in names(&a.join("tables")) {
        let table = |path: &Path| fs::read(path.join("tables").join(&name)).unwrap();
        assert!(table(&a) == table(&b), "{name}");
    }
    let digest = |path| read::manifest(path).unwrap().tables_digest;
    assert_eq!(digest(&a), digest(&b));
}

#[test]
fn the_arms_are_summed_up_and_compared() {
    let temporary = tempfile::tempdir().unwrap();
    let path = written(&temporary.path().join("q"), false, &[0, 1, 2, 3]).unwrap();
    let summary = text(&path.join("tables/summary.csv"));
    let lines: Vec<&str> = summary.lines().collect();
    assert!(lines[0].starts_with("scenario,arm,platform,metric,unit,better,n,mean,sd,ci95_low"));
    assert!(lines[1].starts_with("quickstart,traditional,traditional,gmv_fen,fen,higher,2,301.5,"));
    assert_eq!(
        lines[2],
        "quickstart,traditional,traditional,repeat_share,1,higher,1,0.25,,,,0.25,0.25,0.25,0.25,0.25"
    );
    let differences = text(&path.join("tables/differences.csv"));
    let gmv = "quickstart,viral,viral,traditional,traditional,gmv_fen,fen,higher,2,301.5,601.5,300,0,300,300,";
    assert!(differences.lines().nth(1).unwrap().starts_with(gmv), "{differences}");
    // Two pairs with one difference: no skewness, too few for a bootstrap, no gain to tell.
    assert!(differences.lines().nth(1).unwrap().ends_with(",1,1,,,,t,2,"), "{differences}");
    assert_eq!(differences.lines().count(), 3);
    let decision = text(&path.join("tables/decision.csv"));
    let lines: Vec<&str> = decision.lines().skip(1).collect();
    assert_eq!(
        lines[..2],
        [
            "quickstart,traditional,traditional,gmv_fen,fen,higher,2,301.5,0,0,300,300",
            "quickstart,viral,viral,gmv_fen,fen,higher,2,601.5,1,1,0,0"
        ]
    );
    assert!(lines[2].ends_with("repeat_share,1,higher,1,0.25,0.5,,,0"), "{decision}");
}

#[test]
fn other_forms_stand_beside_tables_that_stay_the_same() {
    let temporary = tempfile::tempdir().unwrap();
    let plain = written(&temporary.path().join("plain"), false, &[0, 1, 2, 3]).unwrap();
    let target = temporary.path().join("q");
    let forms = Forms { parquet: cfg!(feature = "parquet"), excel: true };
    let folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    let mut folder = folder.with_forms(forms);
    keys().iter().for_each(|key| folder.add(&record(key, 3), None).unwrap());
    let path = folder.finish(Status::Complete, None).unwrap();
    for name in names(&plain.join("tables")) {
        let tables = text(&path.join("tables").join(&name));
        assert_eq!(tables, text(&plain.join("tables").join(&name)));
        assert_eq!(text(&path.join("excel").join(&name)), format!("\u{feff}{tables}"));
        let parquet = path.join("tables").join(&name).with_extension("parquet");
        assert_eq!(parquet.exists(), forms.parquet, "{name}");
    }
    let digest = |path| read::manifest(path).unwrap().tables_digest;
    assert_eq!(digest(&path), digest(&plain));
    assert_eq!(read::verify_digests(&path).unwrap(), []);
}

#[test]
fn a_folder_that_was_planned_anew_is_the_one_that_was_planned_so() {
    let temporary = tempfile::tempdir().unwrap();
    let few = |mut meta: Meta| {
        meta.runs.retain(|run| run.replicate == 0);
        meta.resolved = "replicates = 1\n".to_owned();
        meta
    };
    let first = |mut folder: RunFolder| {
        keys().iter().filter(|key| key.replicate == 0).for_each(|key| {
            folder.add(&record(key, 3), None).unwrap();
        });
        folder
    };
    let [a, b] = ["a", "b"].map(|name| temporary.path().join(name));
    let mut folder = first(RunFolder::create_declared(&b, false, meta(), DECLARED).unwrap());
    folder.replan(&a, few(meta())).unwrap();
    let planned = first(RunFolder::create_declared(&b, false, few(meta()), DECLARED).unwrap());
    for folder in [folder, planned] {
        folder.finish(Status::Complete, None).unwrap();
    }
    let manifest = text(&a.join("manifest.json"));
    assert_eq!(manifest, text(&b.join("manifest.json")));
    assert!(manifest.contains("\"planned\": 2"), "{manifest}");
    assert_eq!(read::verify_digests(&a).unwrap(), []);
}

#[test]
fn while_it_is_written_only_the_temporary_folder_is_there() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    let mut folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    folder.add(&record(&keys()[0], 3), None).unwrap();
    assert!(!target.exists());
    let partial = folder.partial().to_path_buf();
    assert!(partial.file_name().unwrap().to_string_lossy().starts_with(".q.partial-"));
    assert!(text(&partial.join("manifest.json")).contains("\"status\": \"running\""));
    drop(folder);
    assert!(partial.exists() && !target.exists());
}

#[test]
fn two_at_once_do_not_share_a_temporary_folder() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    let create = || RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    let (first, second) = (create(), create());
    assert_ne!(first.partial(), second.partial());
    first.finish(Status::Interrupted, None).unwrap();
    let error = second.finish(Status::Interrupted, None).unwrap_err();
    assert!(matches!(error, OutputError::Exists { .. }), "{error}");
}

#[test]
fn an_interrupted_folder_says_so_and_keeps_what_was_done() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    let mut folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    folder.add(&record(&keys()[0], 3), Some(1.5)).unwrap();
    folder.add(&record(&keys()[2], 2), None).unwrap();
    let path = folder.finish(Status::Interrupted, None).unwrap();
    let manifest = read::manifest(&path).unwrap();
    assert_eq!(manifest.status, Status::Interrupted);
    let runs = manifest.runs;
    assert_eq!((runs.planned, runs.complete, runs.interrupted), (4, 1, 1));
    let plan = text(&path.join("plan.csv"));
    let ends: Vec<&str> = plan.lines().map(|line| line.splitn(8, ',').nth(7).unwrap()).collect();
    assert_eq!(
        ends,
        [
            "status,days_done,wall_seconds",
            "complete,3,1.5",
            "missing,0,",
            "interrupted,2,",
            "missing,0,"
        ]
    );
    let daily = text(&path.join("tables/daily.csv"));
    assert_eq!(daily.lines().count(), 1 + 3 + 2);
}

#[test]
fn a_folder_is_not_replaced_unless_asked() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    written(&target, false, &[0, 1, 2, 3]).unwrap();
    let error = written(&target, false, &[0, 1, 2, 3]).unwrap_err();
    assert!(error.to_string().contains("already exists"), "{error}");
    assert_eq!(names(temporary.path()), ["q"]);
}

#[test]
fn with_force_the_old_folder_stays_until_the_new_one_is_whole() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    written(&target, false, &[0, 1, 2, 3]).unwrap();
    fs::write(target.join("mine.txt"), "old").unwrap();
    let folder = RunFolder::create_declared(&target, true, meta(), DECLARED).unwrap();
    assert!(target.join("mine.txt").exists());
    folder.finish(Status::Complete, None).unwrap();
    assert!(!target.join("mine.txt").exists());
    assert_eq!(names(temporary.path()), ["q"]);
}

#[test]
fn days_that_were_cut_short_do_not_replace_a_folder_even_with_force() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    written(&target, false, &[0, 1, 2, 3]).unwrap();
    for name in ["q.interrupted-1", "q.interrupted-2"] {
        let folder = RunFolder::create_declared(&target, true, meta(), DECLARED).unwrap();
        let path = folder.finish(Status::Interrupted, None).unwrap();
        assert_eq!(path, temporary.path().join(name));
        assert_eq!(read::manifest(&path).unwrap().status, Status::Interrupted);
    }
    assert_eq!(read::manifest(&target).unwrap().status, Status::Complete);
}

#[test]
fn what_is_given_up_stays_only_where_a_run_is_in_it() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    let folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    assert_eq!(folder.leave(), None);
    assert!(names(temporary.path()).is_empty());
    let mut folder = RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap();
    folder.add(&record(&keys()[0], 3), None).unwrap();
    let partial = folder.partial().to_path_buf();
    assert_eq!(folder.leave(), Some(partial));
}

#[test]
fn force_replaces_nothing_but_run_folders() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("home");
    fs::create_dir(&target).unwrap();
    fs::write(target.join("thesis.txt"), "years").unwrap();
    let error = written(&target, true, &[]).unwrap_err();
    assert!(error.to_string().contains("is not a run folder"), "{error}");
    fs::remove_file(target.join("thesis.txt")).unwrap();
    written(&target, true, &[]).unwrap();
}

#[test]
fn a_path_that_cannot_be_written_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("file");
    fs::write(&file, "text").unwrap();
    let error = written(&file.join("q"), false, &[]).unwrap_err();
    assert!(matches!(error, OutputError::NotWritable { .. }), "{error}");
    assert!(error.to_string().contains("file"), "{error}");
    let error = written(Path::new("/"), true, &[]).unwrap_err();
    assert!(error.to_string().contains('/'), "{error}");
    let error = written(&temporary.path().join("missing/.."), false, &[]).unwrap_err();
    assert!(matches!(error, OutputError::NoName { .. }), "{error}");
}

#[test]
fn runs_of_one_name_are_refused_before_anything_is_written() {
    let temporary = tempfile::tempdir().unwrap();
    let mut meta = meta();
    meta.runs.push(keys()[0].clone());
    let target = temporary.path().join("q");
    let error = RunFolder::create_declared(&target, false, meta, DECLARED).err().unwrap();
    assert!(error.to_string().contains("`traditional-r000`"), "{error}");
    assert!(names(temporary.path()).is_empty());
}

#[test]
fn what_was_given_up_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let target = temporary.path().join("q");
    RunFolder::create_declared(&target, false, meta(), DECLARED).unwrap().abandon();
    assert!(names(temporary.path()).is_empty());
}
