//! Claims about the reader, with a small registry of its own.

use crate::error::{Issue, Severity};
use crate::mechanism::spec::{Role, Scope, Spec};
use crate::parameter::Value;
use crate::parameters;
use crate::scenario::digest::digest;
use crate::scenario::preset::Preset;
use crate::scenario::resolve::{Catalogue, Checked, Input, resolve, resolve_bytes};
use crate::scenario::resolved::resolved_toml;
use crate::scenario::{Origin, Scenario, Setting};
use std::path::Path;

parameters! {
    /// Parameters of every test mechanism.
    pub struct Knobs {
        /// How strong it is.
        strength: f64 = "1.0", "1", 0.0, 10.0, A, "assumed";
        /// How many there are.
        size: u32 = "2", "members", 2.0, 100.0, A, "assumed";
        /// Who may join.
        pool: String = "\"public\"", "1", ["public", "friends"], A, "assumed";
        /// Weights.
        shares: Vec<f64> = "[0.5, 0.5]", "1", 0.0, 1.0, A, "assumed";
        /// Whether it is loud.
        loud: bool = "false", "1", A, "assumed";
    }
}

const fn spec(name: &'static str, scope: Scope, role: Role, on_by_default: bool) -> Spec {
    Spec {
        name,
        summary: "a mechanism of the tests",
        scope,
        role,
        on_by_default,
        needed: None,
        followers: false,
        sweeps_ties: false,
        paid: false,
        channels: &[],
        parameters: Knobs::DECLARED,
        streams: &[],
        load: None,
        build: |_, _| unreachable!("the reader builds nothing"),
    }
}

static CHOICE: Spec = spec("choice", Scope::World, Role::Decider, true);
static STOCK: Spec = spec("stock", Scope::Platform, Role::Clearing, true);
static QUEUE: Spec = spec("queue", Scope::Platform, Role::Clearing, false);
static GROUP_BUY: Spec = spec("group_buy", Scope::Platform, Role::Sender, false);
static NEEDS: Spec = spec("needs", Scope::World, Role::Process, true);

const CATALOGUE: Catalogue = Catalogue {
    platforms: 3,
    mechanisms: &[&NEEDS, &CHOICE, &STOCK, &QUEUE, &GROUP_BUY],
    presets: &[
        Preset { name: "shelf", text: "summary = \"a shelf\"" },
        Preset {
            name: "viral",
            text: "summary = \"friends\"\n[group_buy]\nstrength = 3.0\nsize = 5\n[needs]\nsize = 7",
        },
        Preset { name: "lazy", text: "summary = \"off\"\n[group_buy]\nenabled = false" },
    ],
};

fn read(text: &str, sets: &[&str]) -> Result<Checked, Vec<Issue>> {
    let sets: Vec<String> = sets.iter().map(|&one| one.to_owned()).collect();
    let input = Input { name: "test.toml", text, folder: Path::new("/nowhere"), sets: &sets };
    resolve(&input, &CATALOGUE)
}

fn scenario(text: &str, sets: &[&str]) -> Scenario {
    match read(text, sets) {
        Ok(checked) => checked.scenario,
        Err(issues) => panic!("{issues:#?}"),
    }
}

fn setting<'a>(scenario: &'a Scenario, arm: &str, name: &str) -> &'a Setting {
    let arm = scenario.arms.iter().find(|one| one.name == arm).expect("the arm");
    let all = arm.mechanisms.iter().chain(&arm.platforms[0].mechanisms);
    all.into_iter().find(|one| one.spec.name == name).expect("the mechanism")
}

fn value<'a>(scenario: &'a Scenario, arm: &str, path: (&str, &str)) -> (&'a Value, &'a Origin) {
    let setting = setting(scenario, arm, path.0);
    (setting.values.value(path.1), &setting.origins[path.1])
}

/// The text's only issue has this code, line and column, and its message or help has these words.
fn check_issue(text: &str, code: &str, position: (usize, usize), words: &str) {
    let issues = read(text, &[]).err().unwrap_or_default();
    let found: Vec<_> = issues.iter().map(|one| (one.code, (one.line(), one.column()))).collect();
    assert_eq!(found, [(code, position)], "{text}: {issues:#?}");
    let said = format!("{} {}", issues[0].message, issues[0].help.clone().unwrap_or_default());
    assert!(said.contains(words), "`{said}` does not say `{words}`");
}

#[test]
fn one_arm_is_enough_and_everything_else_has_a_default() {
    let scenario = scenario("[arm.a]", &[]);
    assert_eq!((scenario.days, scenario.replicates, scenario.seed), (180, 5, 20_261_122));
    assert_eq!((scenario.baseline.as_str(), scenario.name.as_str()), ("a", "scenario"));
    assert_eq!((scenario.segments.len(), scenario.categories.len()), (1, 1));
    assert!(setting(&scenario, "a", "choice").enabled);
    assert!(!setting(&scenario, "a", "group_buy").enabled);
}

#[test]
fn later_layers_win() {
    let text = "[group_buy]\nshares = [0.1]\nsize = 6\n[arm.a]\npreset = \"viral\"\n\
                [arm.a.group_buy]\nsize = 8\n[arm.b]\npreset = \"viral\"";
    let file = scenario(text, &[]);
    let strength = value(&file, "a", ("group_buy", "strength"));
    assert_eq!(strength, (&Value::Number(3.0), &Origin::Preset("viral")));
    let size = |scenario: &Scenario, arm| value(scenario, arm, ("group_buy", "size")).0.clone();
    assert_eq!((size(&file, "a"), size(&file, "b")), (Value::Integer(8), Value::Integer(6)));
    assert_eq!(value(&file, "a", ("needs", "size")).0, &Value::Integer(7), "a preset's world");
    assert_eq!(value(&file, "a", ("group_buy", "loud")).1, &Origin::Default);
    let set = scenario(text, &["group_buy.size=9", "arm.b.group_buy.size=10"]);
    assert_eq!((size(&set, "a"), size(&set, "b")), (Value::Integer(9), Value::Integer(10)));
    assert_eq!(value(&set, "b", ("group_buy", "size")).1, &Origin::CommandLine);
}

#[test]
fn presets_switch_on_and_enabled_has_the_last_word() {
    let text = "[arm.a]\npreset = \"viral\"\n[arm.b]\npreset = \"viral\"\n[arm.b.group_buy]\n\
                enabled = false\n[arm.c]\npreset = \"lazy\"\n[arm.d.group_buy]\nenabled = true";
    let scenario = scenario(text, &[]);
    let on = ["a", "b", "c", "d"].map(|arm| setting(&scenario, arm, "group_buy").enabled);
    assert_eq!(on, [true, false, false, true]);
}

#[test]
fn an_arm_may_hold_several_platforms() {
    let text = "[arm.a]\npreset = \"viral\"\n[arm.a.group_buy]\nstrength = 4\n\
                [arm.a.platform.x]\n[arm.a.platform.y]\npreset = \"shelf\"\n\
                [arm.a.platform.y.group_buy]\nenabled = true\nsize = 3";
    let scenario = scenario(text, &[]);
    let platforms = &scenario.arms[0].platforms;
    let seen: Vec<_> = platforms.iter().map(|one| (one.name.as_str(), one.preset)).collect();
    assert_eq!(seen, [("x", Some("viral")), ("y", Some("shelf"))]);
    let sizes = [0, 1].map(|at| platforms[at].mechanisms[2].values.value("size").clone());
    assert_eq!(sizes, [Value::Integer(5), Value::Integer(3)]);
    let strengths = [0, 1].map(|at| platforms[at].mechanisms[2].values.value("strength").clone());
    assert_eq!(strengths, [Value::Number(4.0), Value::Number(4.0)]);
}

#[test]
fn counts_may_be_written_with_exponent_or_separators() {
    for number in ["1000000", "1_000_000", "1e6", "1000000.0"] {
        let sets = [format!("population.consumers={number}")];
        let scenario = scenario("[arm.a]", &[&sets[0]]);
        assert_eq!(scenario.population.consumers, 1_000_000);
    }
}

#[test]
fn every_kind_of_mistake_is_named_and_located() {
    let arm = "[arm.a]\n";
    let check = |line: &str, code, position, words| {
        check_issue(&format!("{line}\n{arm}"), code, position, words);
    };
    check("[population]\nconsumer = 5", "GX0101", (2, 1), "did you mean `consumers`?");
    check("dayz = 5", "GX0101", (1, 1), "did you mean `days`?");
    check("[popluation]\nconsumers = 5", "GX0102", (1, 2), "did you mean `population`?");
    check("[choise]\nsize = 5", "GX0102", (1, 2), "did you mean `choice`?");
    check("days = \"five\"", "GX0104", (1, 8), "a whole number from 1 to 3650");
    check("[choice]\nloud = 1", "GX0104", (2, 8), "true or false");
    check("[choice]\nshares = 1", "GX0104", (2, 10), "a list of numbers from 0 to 1");
    check("[choice]\nstrength = nan", "GX0105", (2, 12), "finite");
    check("[choice]\nsize = inf", "GX0105", (2, 8), "finite");
    check("[choice]\nstrength = -1", "GX0106", (2, 12), "less than 0");
    check("[choice]\nstrength = 11", "GX0106", (2, 12), "more than 10");
    check("[choice]\nshares = [0.5, 2]", "GX0106", (2, 16), "more than 1");
    check("[choice]\nsize = 2.5", "GX0107", (2, 8), "whole");
    check("seed = 9223372036854775808", "GX0107", (1, 8), "2^63");
    check("seed = 1e19", "GX0107", (1, 8), "2^63");
    check("[choice]\npool = \"freinds\"", "GX0108", (2, 8), "\"public\", \"friends\"");
    check("baseline = \"b\"", "GX0202", (1, 12), "accepted: a");
    check("name = \"a/b\"", "GX0203", (1, 8), "a/b");
    check("market = 5", "GX0104", (1, 10), "write [market]");
    check("population = { segment = 5 }", "GX0104", (1, 26), "[[population.segment]]");
    check("[queue]\nenabled = 1", "GX0104", (2, 11), "true or false");
    check("[stock]\nenabled = false", "GX0209", (2, 11), "exactly one clearing rule");
    check("[queue]\nenabled = true", "GX0209", (3, 6), "2 (stock and queue)");
    check("[choice]\nenabled = false", "GX0208", (2, 11), "exactly one decider");
    check("[[population.segment]]\nweight = 0", "GX0205", (2, 10), "more than 0");
    let twice = "[[market.category]]\nname = \"x\"\n[[market.category]]\nname = \"x\"";
    check(twice, "GX0204", (4, 8), "both called `x`");
    check("[network]\nkind = \"file\"", "GX0210", (2, 8), "network.file");
    let absent = "[network]\nkind = \"file\"\nfile = \"t.csv\"";
    check(absent, "GX0210", (3, 8), "/nowhere/t.csv");
    check_issue("days = 3", "GX0201", (1, 1), "[arm.viral]");
    check_issue("[arm.a]\npreset = \"virla\"", "GX0103", (2, 10), "did you mean `viral`?");
    check_issue("[arm.\"a b\"]", "GX0203", (1, 6), "a b");
    let misplaced = "[arm.a.platform.x.choice]\nsize = 3";
    check_issue(misplaced, "GX0207", (1, 1), "[arm.a.choice]");
    check_issue("[arm.a\n", "GX0001", (1, 7), "");
}

#[test]
fn all_mistakes_are_reported_at_once_in_order() {
    let text = "days = -1\n[population]\nconsumers = nan\nfoo = 1\n[arm.a]\npreset = \"x\"\n\
                [arm.a.group_buy]\nsize = 1\n[arm.b.stock]\nenabled = false";
    let issues = read(text, &["market.merchants=0", "nonsense"]).err().unwrap_or_default();
    let found: Vec<_> = issues.iter().map(|one| (one.code, one.line())).collect();
    let expected = [
        ("GX0106", 1),
        ("GX0105", 3),
        ("GX0101", 4),
        ("GX0103", 6),
        ("GX0106", 8),
        ("GX0209", 10),
        ("GX0106", 1),
        ("GX0110", 1),
    ];
    assert_eq!(found, expected, "{issues:#?}");
    assert_eq!(issues[6].file(), "--set market.merchants=0");
}

#[test]
fn one_mistake_at_the_top_is_reported_once_for_all_arms() {
    let text = "[choice]\nsize = 1\n[arm.a]\n[arm.b]";
    assert_eq!(read(text, &[]).err().unwrap_or_default().len(), 1);
}

#[test]
fn elements_of_a_list_are_changed_by_name_in_set() {
    let text =
        "[[population.segment]]\nname = \"x\"\n[[population.segment]]\nname = \"y\"\n[arm.a]";
    let weights = |sets: &[&str]| -> Vec<f64> {
        scenario(text, sets).segments.iter().map(|one| one.weight).collect()
    };
    assert_eq!(weights(&["population.segment.y.weight=5"]), [1.0, 5.0]);
    assert_eq!(weights(&["population.segment=[{name=\"z\", weight=3}]"]), [3.0]);
    let everyday = scenario("[arm.a]", &["market.category.everyday.weight=2"]);
    assert_eq!(everyday.categories[0].weight, 2.0);
    let issues = read(text, &["population.segment.z.weight=5"]).err().unwrap_or_default();
    assert_eq!((issues.len(), issues[0].code), (1, "GX0102"));
    let issues = read(text, &["population.segment.y.weight=-5"]).err().unwrap_or_default();
    assert!(issues[0].message.starts_with("`population.segment.y.weight` is -5"));
}

#[test]
fn arms_are_not_made_by_a_slip_in_set() {
    let issues = read("[arm.viral]", &["arm.virla.group_buy.size=3"]).err().unwrap_or_default();
    assert_eq!(issues[0].code, "GX0102");
    assert_eq!(issues[0].help.as_deref(), Some("did you mean `viral`?"));
}

#[test]
fn parameters_of_a_mechanism_that_is_off_are_warned_of() {
    let codes = |text: &str| -> Vec<&str> {
        let checked = read(text, &[]).expect("no error");
        assert!(checked.warnings.iter().all(|one| one.severity == Severity::Warning));
        checked.warnings.iter().map(|one| one.code).collect()
    };
    assert_eq!(codes("[arm.a.group_buy]\nsize = 3"), ["GX0301"]);
    assert_eq!(codes("[group_buy]\nsize = 3\n[arm.a]\n[arm.b]"), ["GX0301"]);
    assert!(codes("[group_buy]\nsize = 3\n[arm.a]\n[arm.b]\npreset = \"viral\"").is_empty());
    assert!(codes("[arm.a.group_buy]\nenabled = false\nsize = 3").is_empty());
}

#[test]
fn what_is_written_out_resolves_to_the_same_values() {
    let text = "name = \"群\"\nquestion = \"\"\"why \"so\"\nor not\"\"\"\n\
                [[population.segment]]\nname = \"x\"\nweight = 3\n[[population.segment]]\n\
                name = \"y\"\n[needs]\nstrength = 0.1\n[arm.\"群买\"]\npreset = \"viral\"\n\
                [arm.two]\npreset = \"shelf\"\n[arm.two.platform.p]\n[arm.two.platform.q]\n\
                preset = \"viral\"\n[arm.two.platform.q.group_buy]\nshares = [0.25, 1]";
    let first = scenario(text, &["seed=7"]);
    let written = resolved_toml(&first);
    let second = scenario(&written, &[]);
    assert_eq!(digest(&first), digest(&second), "{written}");
    assert_eq!(first.arms[0].platforms[1].preset, second.arms[0].platforms[1].preset);
    assert!(written.contains("size = 5 # members; preset viral; given; the default is 2"));
    assert!(written.contains("seed = 7 # no unit; command line;"), "{written}");
    assert!(written.contains("strength = 0.1 # no unit; scenario; given"));
    let again = resolved_toml(&second);
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split(" # ").next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(values(&written), values(&again));
}

#[test]
fn the_digest_sees_values_and_nothing_else() {
    let base = digest(&scenario("days = 9\n[market]\nmerchants = 50\n[arm.a]\n[arm.b]", &[]));
    let check = |text: &str, same: bool| {
        assert_eq!(digest(&scenario(text, &[])) == base, same, "{text}");
    };
    check("# said\n[arm.b]\n[arm.a]\n[market]\nmerchants = 5e1\n[start]\n", false);
    check("# said\ndays = 9\n[arm.b]\n[arm.a]\n[market]\nmerchants = 5e1\n[start]", true);
    check("days = 9\nseed = 20261122\n[market]\nmerchants = 50\n[arm.a]\n[arm.b]", true);
    check("days = 9\n[market]\nmerchants = 50\n[arm.a]\n[arm.b.group_buy]\nsize = 9", true);
    check("days = 9\n[market]\nmerchants = 50\n[arm.a]\n[arm.b.choice]\nsize = 9", false);
    check("days = 9\n[market]\nmerchants = 50\n[arm.a]\n[arm.c]\n", false);
}

#[test]
fn a_file_that_is_not_text_is_an_issue() {
    let input = Input { name: "x", text: "", folder: Path::new("."), sets: &[] };
    let issues = resolve_bytes(b"days = 1\nname = \"\xff\"", &input, &CATALOGUE);
    let issue = &issues.err().unwrap_or_default()[0];
    assert_eq!((issue.code, issue.line(), issue.column()), ("GX0002", 2, 9));
}

#[test]
fn any_text_is_answered_without_panic() {
    let pieces =
        ["arm", ".a", "[", "]", "=", "\"", "1e999", "-", "\n", "{", "}", ",", "群", "preset"];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                let text = format!("{a}{b}{c}");
                let _ = read(&text, &[&text]);
                let _ = read(&format!("[arm.a]\n{text}"), &[&format!("arm.a={text}")]);
            }
        }
    }
}
