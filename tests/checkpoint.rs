//! What is stored of a run between two days is enough to go on with it: the same state, the
//! same tables to the byte, whatever the day and the number of threads and ranks before and
//! after.

mod common;
#[path = "reference/worlds.rs"]
mod worlds;

use common::on_threads;
use guanxi::columns::{Columns, Fault};
use guanxi::engine::course::Course;
use guanxi::engine::ranks::side_by_side;
use guanxi::exchange::link::Link;
use guanxi::mechanism::world::Environment;
use guanxi::mechanisms::MECHANISMS;
use guanxi::scenario::Scenario;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A world that is stopped and gone on with.
struct Case {
    name: String,
    scenario: Scenario,
}

/// A scenario of one kind of diffusion.
fn diffusion(kind: &str, network: &str, more: &str) -> Case {
    let text = format!(
        "seed = 3\ndays = 40\n[population]\nconsumers = 3_000\n[network]\nkind = \"{network}\"\n\
         [start]\nregistered_share = 0.0\nburn_in_days = 3\n[diffusion]\nenabled = true\n\
         kind = \"{kind}\"\nseed_count = 5\n{more}\n[arm.one]\n"
    );
    Case { name: format!("{kind} on {network}"), scenario: common::scenario(&text) }
}

fn market(preset: &'static str, kind: &'static str, seed: u64) -> Case {
    let world = worlds::World { preset, kind, seed, consumers: 900, budget_of: "platform" };
    let (mut scenario, _) = worlds::prepared(&world);
    scenario.days = 36;
    Case { name: preset.to_owned(), scenario }
}

/// Every mechanism, competition, the presets, and every way of spreading.
fn cases() -> Vec<Case> {
    let infection = "infection_probability = 0.03\nrecovery_probability = 0.1";
    let mut cases = vec![
        market("hybrid", "community", 11),
        market("two hybrids", "community", 12),
        market("four presets", "watts_strogatz", 13),
    ];
    for preset in common::PRESETS {
        cases.push(market(preset, "community", 14));
    }
    cases.push(diffusion("sir", "watts_strogatz", infection));
    cases.push(diffusion("sis", "watts_strogatz", infection));
    cases.push(diffusion("sir", "implicit", infection));
    let cascade = "activation_probability = 0.15";
    cases.push(diffusion("independent_cascade", "watts_strogatz", cascade));
    cases.push(diffusion("sis", "complete", "infection_probability = 0.0002"));
    cases.push(diffusion("bass", "watts_strogatz", "period_days = 10.0"));
    cases.push(diffusion("linear_threshold", "watts_strogatz", "seed_by = \"degree\""));
    // A burn-in, behind which the tables begin.
    for case in &mut cases[..2] {
        case.scenario.start.burn_in_days = 5;
    }
    cases
}

fn only_arm<'a>(scenario: &'a Scenario, env: &Arc<Environment>) -> Course<'a> {
    Course::new(&scenario.arms[0], env, 0)
}

fn step_to(course: &mut Course<'_>, day: u16) {
    while course.days_done() < day {
        course.step().unwrap_or_else(|error| panic!("{error}"));
    }
}

fn saved(course: &mut Course<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut io = Columns::save(&mut bytes);
    course.columns(&mut io);
    io.finish().unwrap_or_else(|fault| panic!("{fault:?}"));
    bytes
}

fn load(course: &mut Course<'_>, bytes: &[u8]) -> Result<u64, Fault> {
    let mut file = bytes;
    let mut io = Columns::load(&mut file, bytes.len() as u64);
    course.columns(&mut io);
    io.finish()
}

/// Tables and metrics of a run that has ended, and what it stored.
fn left(course: Course<'_>) -> (String, String) {
    let digest = course.digest();
    let records = course.finish();
    (records.iter().map(common::content).collect(), digest)
}

/// Threads and ranks at work.
type Crew = (usize, usize);

/// What each rank of a crew comes to; all of them come to the same but for what only the
/// first one writes, which is returned.
fn at_work<T: Send>((threads, ranks): Crew, work: impl Fn(Link) -> T + Sync + Send) -> T {
    let all = on_threads(threads, || side_by_side(ranks, work));
    let first = all.unwrap_or_else(|error| panic!("{error}")).into_iter().next();
    first.unwrap_or_else(|| panic!("no rank of {ranks}"))
}

/// A run from its first day to another, as it is saved, and the digest of its state.
fn begun(case: &Case, env: &Arc<Environment>, crew: Crew, day: u16) -> (Vec<u8>, String) {
    at_work(crew, |link| {
        let mut course = Course::among(&case.scenario.arms[0], env, 0, link);
        step_to(&mut course, day);
        let bytes = saved(&mut course);
        assert_eq!(bytes, saved(&mut course), "{}: saving changes nothing", case.name);
        (bytes, course.digest())
    })
}

/// A run from where it was saved to its end: its digest and bytes there, and what it leaves.
fn gone_on(
    case: &Case,
    env: &Arc<Environment>,
    crew: Crew,
    bytes: &[u8],
) -> (String, Vec<u8>, (String, String)) {
    at_work(crew, |link| {
        let mut course = Course::among(&case.scenario.arms[0], env, 0, link);
        let loaded = load(&mut course, bytes);
        assert!(loaded.is_ok(), "{}: {loaded:?}", case.name);
        let (digest, stored) = (course.digest(), saved(&mut course));
        step_to(&mut course, env.days);
        (digest, stored, left(course))
    })
}

#[test]
fn a_run_that_goes_on_from_any_day_ends_in_the_same_bytes() {
    // Threads and ranks before and after.
    let crews: [(Crew, Crew); 5] =
        [((1, 1), (2, 1)), ((2, 1), (4, 2)), ((3, 3), (1, 1)), ((2, 2), (3, 3)), ((2, 1), (3, 1))];
    let mut tried = 0;
    for (number, case) in cases().iter().enumerate() {
        let env = common::environment(&case.scenario, 0);
        let mut plain = only_arm(&case.scenario, &env);
        step_to(&mut plain, env.days);
        let expected = left(plain);
        let again = common::environment(&case.scenario, 0);
        // The first day, the last but one, and three that are moved from world to world.
        let moved = number as u16;
        let days = [1, 2 + moved, 9 + moved, 17 + moved, env.days - 1];
        for (day, (before, after)) in days.into_iter().zip(crews) {
            let what = format!("{}, day {day}, {before:?}, then {after:?}", case.name);
            let (bytes, digest) = begun(case, &env, before, day);
            let (loaded, stored, found) = gone_on(case, &again, after, &bytes);
            assert_eq!(loaded, digest, "{what}: what is stored");
            // Among ranks, slots of cascades are free in another order.
            if (before.1 > 1) == (after.1 > 1) {
                assert!(stored == bytes, "{what}: what was loaded is stored otherwise");
            }
            assert_eq!(found.1, expected.1, "{what}: what is stored at the end");
            let mut lines = found.0.lines().zip(expected.0.lines());
            if let Some((a, b)) = lines.find(|(a, b)| a != b) {
                panic!("{what}: the tables differ:\n  {a}\n  {b}");
            }
            assert!(found.0 == expected.0, "{what}: one table is longer");
            tried += 1;
        }
    }
    assert!(tried >= 60, "{tried} cases");
}

#[test]
fn every_mechanism_is_on_in_some_world() {
    let mut met = BTreeSet::new();
    for case in cases() {
        let on = case.scenario.arms[0].settings().filter(|setting| setting.enabled);
        met.extend(on.map(|setting| setting.spec.name));
    }
    let missing: Vec<_> = MECHANISMS.iter().filter(|spec| !met.contains(spec.name)).collect();
    let names: Vec<_> = missing.iter().map(|spec| spec.name).collect();
    assert!(names.is_empty(), "no world of this test has {names:?}");
}

#[test]
fn a_state_does_not_go_into_another_world() {
    let (viral, kol) = (market("viral", "community", 14), market("kol", "community", 14));
    let env = common::environment(&viral.scenario, 0);
    let mut course = only_arm(&viral.scenario, &env);
    step_to(&mut course, 9);
    let bytes = saved(&mut course);
    let fault = load(&mut only_arm(&kol.scenario, &env), &bytes);
    assert!(
        matches!(&fault, Err(Fault::Refused(names)) if names.contains(&"group_buy".to_owned())),
        "{fault:?}"
    );
    // A torn state is told, wherever it is torn.
    for cut in (0..bytes.len()).step_by(bytes.len() / 50) {
        let fault = load(&mut only_arm(&viral.scenario, &env), &bytes[..cut]);
        assert!(fault.is_err(), "{cut} bytes of {}", bytes.len());
    }
}
