//! Disks of many sizes under checkpoints, tables, Parquet, sweeps and merges: what has no room
//! is named, what was there before stays whole, and with more room it is gone on with to the
//! same tables.

use crate::{Said, entries, script};
use guanxi::model::checkpoint;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Two arms, of which 16 checkpoints are kept.
pub const KEPT: &str = "name = \"room\"\nseed = 4\ndays = 40\nreplicates = 2\n[population]\n\
                    consumers = 1_500\n[arm.viral]\npreset = \"viral\"\n[arm.shelf]\n\
                    preset = \"traditional\"\n";

/// What is run on every disk.
const RUN: &str = "run s.toml -q --progress none --checkpoint-every 10d";

/// What is swept on every disk.
const SWEEP: &str = "sweep s.toml -q --progress none --set population.consumers=150 --days 6 \
                     --vary arm.viral.group_buy.size=2..5 --vary seed=1,2,3";

/// Whether Parquet can be asked for.
const FORMS: &str = if cfg!(feature = "parquet") { "--tables both" } else { "--tables csv" };

/// Runs a line in a folder, which ends well.
fn done(root: &Path, line: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guanxi"));
    command.current_dir(root).args(line.split_whitespace());
    let said = Said::from(command.output().expect("the program can be started"));
    assert_eq!(said.code, 0, "guanxi {line}\n{}", said.err);
}

/// A folder with the scenario, an empty folder `disk`, and what a line writes into `whole`.
fn prepared(line: &str) -> TempDir {
    let folder = crate::with(KEPT);
    fs::create_dir(folder.path().join("disk")).expect("made");
    done(folder.path(), &format!("{line} {FORMS} -o whole"));
    folder
}

/// The tables of a folder by name.
pub fn tables(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let tables = folder.join("tables");
    let read = |name: String| {
        let bytes = fs::read(tables.join(&name)).expect("a table");
        (name, bytes)
    };
    entries(&tables).into_iter().map(read).collect()
}

pub fn assert_same_tables(found: &Path, expected: &Path) {
    let (found_tables, expected) = (tables(found), tables(expected));
    let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found_tables), names(&expected), "{}", found.display());
    for (name, bytes) in &expected {
        assert!(found_tables[name] == *bytes, "`{name}` of {} differs", found.display());
    }
}

/// Which files had no room, one a `code 7`.
fn without_room(said: &str) -> Vec<&str> {
    let words = "the disk is full (while writing `";
    let named: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_once(words)?.1.split_once('`').map(|parts| parts.0))
        .collect();
    assert_eq!(named.len(), said.matches("code 7").count(), "{said}");
    named
}

/// Checks that some of the files are of each kind.
fn assert_kinds(named: &[&str], kinds: &[&str]) {
    for kind in kinds {
        let is_parquet = *kind == ".parquet" && !cfg!(feature = "parquet");
        let there = is_parquet || named.iter().any(|name| name.contains(kind));
        assert!(there, "no disk was too small for `{kind}`: {named:?}");
    }
}

/// Rooms of a run, in KiB: from less than what stands before the first day to nearly enough.
const ROOMS: [u32; 14] = [24, 64, 100, 160, 240, 360, 480, 600, 700, 780, 860, 920, 950, 980];

#[test]
fn checkpoints_and_tables_without_room_cost_nothing_that_was_written_before() {
    let folder = prepared(RUN);
    let root = folder.path();
    let rooms = ROOMS.map(|room| room.to_string()).join(" ");
    let text = format!(
        "mount -t tmpfs -o size=24k none disk || exit 9; echo MOUNTED
        for room in {rooms}; do
            mount -o remount,size=${{room}}k disk
            $GUANXI {RUN} {FORMS} -o disk/x; echo code $?
            if [ -d disk/.x.partial-* ]; then
                cp -r disk/.x.partial-* left-$room
                mount -o remount,size=64m disk
                $GUANXI resume disk/x -q --progress none; echo resumed $?
                cp -r disk/x x-$room
            fi
            rm -rf disk/x disk/.x.*
        done"
    );
    let Some(said) = script(root, &text) else {
        return eprintln!("skipped: no disk can be mounted here");
    };
    assert_eq!(said.matches("code 7").count(), ROOMS.len(), "{said}");
    let named = without_room(&said);
    assert!(named.iter().all(|name| name.starts_with("disk/.x.partial-")), "{named:?}");
    assert_kinds(&named, &[".checkpoint", "tables/", ".parquet"]);
    let (mut resumed, mut older) = (0, 0);
    for room in ROOMS {
        let left = root.join(format!("left-{room}"));
        if !left.exists() {
            continue;
        }
        resumed += 1;
        let listed = checkpoint::in_folder(&left.join("checkpoints"));
        let (whole, others) = listed.expect("listed");
        assert!(others.is_empty(), "{room} KiB: {others:?}");
        older += usize::from(!whole.is_empty());
        let kept = left.join("checkpoints");
        let begun = |name: &String| name.ends_with(".new");
        assert!(!kept.exists() || !entries(&kept).iter().any(begun), "{room} KiB");
        assert_same_tables(&root.join(format!("x-{room}")), &root.join("whole"));
    }
    assert_eq!(said.matches("resumed 0").count(), resumed, "{said}");
    assert!(older >= 8, "only {older} of {resumed} had a checkpoint to go on from");
}

/// A run that was stopped is copied before it is gone on with: where there is no room for the
/// copy the folder stays as it is.
#[test]
fn a_stopped_run_stays_where_there_is_no_room_to_go_on_with_it() {
    let folder = prepared(RUN);
    let root = folder.path();
    let text = format!(
        "mount -t tmpfs -o size=64m none disk || exit 9; echo MOUNTED
        $GUANXI {RUN} {FORMS} -o disk/x --days 3000 & process=$!
        while kill -0 $process && ! ls disk/.x.partial-*/checkpoints/*day00010*; do :; done \
            > /dev/null 2>&1
        kill -INT $process; wait $process; echo stopped $?
        cp -r disk/x before
        mount -o remount,size=$(($(df -k --output=used disk | tail -1) + 40))k disk
        $GUANXI resume disk/x -q --progress none; echo code $?
        ls -A disk; cp -r disk/x after"
    );
    let Some(said) = script(root, &text) else {
        return eprintln!("skipped: no disk can be mounted here");
    };
    assert!(said.contains("stopped 130") && said.contains("code 7"), "{said}");
    assert!(without_room(&said)[0].starts_with("disk/.x.partial-"), "{said}");
    assert_eq!(said.lines().filter(|line| line.contains(".x.")).count(), 1, "left over: {said}");
    assert_same_tables(&root.join("after"), &root.join("before"));
    assert_eq!(entries(&root.join("after/checkpoints")), entries(&root.join("before/checkpoints")));
}

/// Gives a line more and more room until it comes through, and copies what came out to `y`.
/// Tables that are there although the line failed behind them are whole, too.
fn with_more_and_more_room(root: &Path, line: &str) -> Option<String> {
    let text = format!(
        "mount -t tmpfs -o size=8k none disk || exit 9; echo MOUNTED
        room=20; code=7
        while [ $code = 7 ] && [ $room -lt 20000 ]; do
            mount -o remount,size=${{room}}k disk
            $GUANXI {line} {FORMS} -o disk/x; code=$?; echo code $code
            [ ! -d disk/x/tables ] || cp -r disk/x there-$room
            room=$((room + (room < 120 ? 4 : 24)))
        done
        cp -r disk/x y"
    );
    let said = script(root, &text)?;
    assert!(said.contains("code 0"), "{said}");
    for name in entries(root).iter().filter(|name| name.starts_with("there-")) {
        assert_same_tables(&root.join(name), &root.join("whole"));
    }
    Some(said)
}

#[test]
fn sweeps_and_their_parquet_without_room_go_on_where_they_were() {
    let folder = prepared(SWEEP);
    let root = folder.path();
    let Some(said) = with_more_and_more_room(root, SWEEP) else {
        return eprintln!("skipped: no disk can be mounted here");
    };
    let named = without_room(&said);
    assert!(named.iter().all(|name| name.starts_with("disk/x")), "{named:?}");
    assert_kinds(&named, &["runs.journal", "tables.new/", ".parquet"]);
    assert_same_tables(&root.join("y"), &root.join("whole"));
    assert!(!root.join("y/tables.new").exists());
}

#[test]
fn merges_without_room_go_on_where_they_were_and_cost_no_shard() {
    let folder = prepared(SWEEP);
    let root = folder.path();
    for index in 1..=2 {
        done(root, &format!("{SWEEP} --shard {index}/2 -o part{index}"));
    }
    let before = [1, 2].map(|index| fs::read(root.join(format!("part{index}/runs.journal"))));
    let line = "merge part1 part2 -q";
    let Some(said) = with_more_and_more_room(root, line) else {
        return eprintln!("skipped: no disk can be mounted here");
    };
    assert_kinds(&without_room(&said), &["runs.journal", "tables.new/", ".parquet"]);
    assert_same_tables(&root.join("y"), &root.join("whole"));
    let after = [1, 2].map(|index| fs::read(root.join(format!("part{index}/runs.journal"))));
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.as_ref().expect("there"), after.as_ref().expect("there"));
    }
}

/// Parquet of a sweep that is whole: where there is no room for it, the sweep stays whole.
#[test]
#[cfg(feature = "parquet")]
fn parquet_that_is_asked_for_later_costs_a_whole_sweep_nothing() {
    let folder = prepared(SWEEP);
    let root = folder.path();
    let text = format!(
        "mount -t tmpfs -o size=64m none disk || exit 9; echo MOUNTED
        $GUANXI {SWEEP} -o disk/x; echo swept $?
        mount -o remount,size=$(($(df -k --output=used disk | tail -1) + 12))k disk
        $GUANXI {SWEEP} --tables both -o disk/x; echo code $?
        cp -r disk/x full; $GUANXI verify full; echo verified $?
        mount -o remount,size=64m disk
        $GUANXI {SWEEP} --tables both -o disk/x; echo later $?
        $GUANXI verify disk/x; echo verified $?; cp -r disk/x y"
    );
    let Some(said) = script(root, &text) else {
        return eprintln!("skipped: no disk can be mounted here");
    };
    for words in ["swept 0", "code 7", "later 0"] {
        assert!(said.contains(words), "no `{words}` in {said}");
    }
    assert_eq!(said.matches("verified 0").count(), 2, "{said}");
    assert!(without_room(&said)[0].ends_with(".parquet"), "{said}");
    assert!(tables(&root.join("full")).keys().all(|name| name.ends_with(".csv")));
    assert_same_tables(&root.join("y"), &root.join("whole"));
}
