//! Classical diffusion against closed forms, plain programs and itself.
//!
//! Seeds are fixed. Scores are held to 3.89 standard errors, a false alarm in 10⁻⁴ of seeds
//! each, where nothing else is said.

mod common;
#[path = "diffusion/plain.rs"]
mod plain;

use common::{column, environment, metric, of, on_threads, run, scenario, trace};
use guanxi::mechanism::world::Environment;
use guanxi::network::Ties;
use guanxi::quantity::math::exp;
use guanxi::scenario::Scenario;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// A market in which nothing but a diffusion happens.
const QUIET: &str = "
    [market]
    merchants = 1
    offers_per_merchant = 1
    [start]
    registered_share = 0
    [attention]
    waves = 1
    [need]
    enabled = false
    [arm.it.search]
    enabled = false
    [arm.it.feed]
    enabled = false
    [arm.it.sharing]
    enabled = false
";

/// A quiet scenario: `head` before its tables, `diffusion` in its table, `more` after it.
fn quiet(head: &str, diffusion: &str, more: &str) -> Scenario {
    scenario(&format!("{head}\n{QUIET}\n[diffusion]\nenabled = true\n{diffusion}\n{more}\n"))
}

/// On a graph of preferential attachment.
fn on_graph(n: u32, head: &str, diffusion: &str) -> Scenario {
    let network =
        "[network]\nkind = \"barabasi_albert\"\nmean_degree = 8\nneighbourhoods = \"even\"";
    let people = format!("[population]\nconsumers = {n}\ninfluencers = 0\nfollows_mean = 0");
    quiet(head, diffusion, &format!("{people}\n{network}"))
}

/// On computed ties, in blocks of 100 and across, some of which lead back.
fn computed(n: u32, head: &str, diffusion: &str) -> Scenario {
    let network = format!(
        "[network]\nkind = \"implicit\"\nmean_degree = 9\nblocks = {}\nneighbourhood_size = 20",
        n / 100
    );
    let people = format!("[population]\nconsumers = {n}\ninfluencers = 0\nfollows_mean = 0");
    quiet(head, diffusion, &format!("{people}\n{network}"))
}

/// On everybody's ties to everybody.
fn complete(n: u32, head: &str, diffusion: &str) -> Scenario {
    let people = format!("[population]\nconsumers = {n}\ninfluencers = 0\nfollows_mean = 0");
    quiet(head, diffusion, &format!("{people}\n[network]\nkind = \"complete\""))
}

/// On the ties and seeds of files of one's own, in which a row's first influences its second.
fn on_ties(name: &str, ties: &str, seeds: &str, head: &str, diffusion: &str) -> Scenario {
    let folder = std::env::temp_dir().join(format!("guanxi-diffusion-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let file = |part: &str, text: &str| -> PathBuf {
        let path = folder.join(format!("{name}.{part}"));
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    let (ties, seeds) = (file("ties", ties), file("seeds", seeds));
    let seeds = format!("seed_by = \"file\"\nseed_file = {seeds:?}\n{diffusion}");
    let network =
        format!("[network]\nkind = \"file\"\nfile = {ties:?}\ndirection = \"influences\"");
    let people = "[population]\ninfluencers = 0\nfollows_mean = 0";
    quiet(head, &seeds, &format!("{people}\n{network}"))
}

/// Values of a metric over replicates.
fn values(scenario: &Scenario, name: &str) -> Vec<f64> {
    run(scenario).iter().map(|record| metric(record, name)).collect()
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (mean, (square / (n - 1.0) / n).sqrt())
}

/// Two samples have one mean: |z| < 3.89.
fn alike(what: &str, a: &[f64], b: &[f64]) {
    let ((mean_a, error_a), (mean_b, error_b)) = (mean_and_error(a), mean_and_error(b));
    let z = (mean_a - mean_b) / (error_a * error_a + error_b * error_b).sqrt();
    println!("{what}: {mean_a:.4} ± {error_a:.4}, {mean_b:.4} ± {error_b:.4}, z = {z:.2}");
    assert!(z.abs() < 3.89, "{what}: {mean_a} ± {error_a} and {mean_b} ± {error_b}");
}

/// `hits` of `n` have probability `p`: |z| < 3.89.
fn has_share(what: &str, hits: f64, n: f64, p: f64) {
    let z = (hits / n - p) / (p * (1.0 - p) / n).sqrt();
    println!("{what}: {:.4} of {n}, expected {p:.4}, z = {z:.2}", hits / n);
    assert!(z.abs() < 3.89, "{what}: {hits} of {n}, not {p}");
}

/// Every kind, by name, as the table says it; those with two ways twice.
fn kinds() -> Vec<(&'static str, String)> {
    let mut kinds = Vec::new();
    for method in ["events", "sweep"] {
        for (kind, more) in [
            ("si", "infection_probability = 0.04"),
            ("sis", "infection_probability = 0.08\nrecovery_probability = 0.3"),
            ("sir", "infection_probability = 0.08\nrecovery_probability = 0.2"),
            ("independent_cascade", "activation_probability = 0.3"),
        ] {
            let table = format!("kind = \"{kind}\"\nseed_count = 9\nmethod = \"{method}\"\n{more}");
            kinds.push((kind, table));
        }
    }
    for law in ["uniform", "same"] {
        let table = format!(
            "kind = \"linear_threshold\"\nseed_by = \"degree\"\nseed_count = 60\n\
             threshold_law = \"{law}\"\nthreshold = 0.15"
        );
        kinds.push(("linear_threshold", table));
    }
    let table = "kind = \"bass\"\nseed_count = 3\nperiod_days = 8\ninnovation = 0.1";
    kinds.push(("bass", table.to_owned()));
    kinds
}

#[test]
fn results_and_state_do_not_depend_on_the_number_of_threads() {
    let made = |table: &str| [on_graph, computed].map(|world| world(3_000, "days = 20", table));
    for (kind, table, scenario) in
        kinds().iter().flat_map(|(kind, table)| made(table).map(|made| (kind, table, made)))
    {
        let traced =
            |threads| on_threads(threads, || trace(&scenario.arms[0], &environment(&scenario, 0)));
        let one = traced(1);
        assert!(one.tables.contains("# diffusion"), "{kind} has a table");
        assert!(one == traced(2) && one == traced(3), "{kind}: {table}");
    }
}

#[test]
fn packed_ties_give_what_stored_ones_give() {
    for (kind, table) in kinds() {
        let scenario = on_graph(3_000, "days = 20", &table);
        let traced = |env: Arc<Environment>| trace(&scenario.arms[0], &env);
        let mut env = Arc::into_inner(environment(&scenario, 0)).expect("nobody else has it");
        env.network = Arc::new((*env.network).clone().packed());
        assert!(matches!(env.network.ties, Ties::Packed(_)));
        assert!(traced(Arc::new(env)) == traced(environment(&scenario, 0)), "{kind}: {table}");
    }
}

#[test]
fn the_engine_is_a_plain_program_consumer_after_consumer() {
    for (kind, table) in kinds() {
        for scenario in [
            on_graph(700, "days = 25", &table),
            computed(700, "days = 25", &table),
            complete(300, "days = 12", &table.replace("0.0", "0.00")),
        ] {
            let env = environment(&scenario, 0);
            let expected = plain::run(&scenario, &env);
            let records = run(&with_one_replicate(&scenario));
            let columns = ["susceptible_count", "infected_count", "recovered_count", "new_count"];
            let found = columns.map(|name| column(&records[0], "diffusion", name));
            for (day, row) in expected.iter().enumerate() {
                let engine = [0, 1, 2, 3].map(|k| found[k][day]);
                assert_eq!(engine, row.map(|count| count as f64), "{kind}, day {day}: {table}");
            }
            let reached = expected.iter().map(|row| row[3]).sum::<u64>();
            assert!(reached > 10, "{kind} reaches {reached}");
        }
    }
}

fn with_one_replicate(scenario: &Scenario) -> Scenario {
    Scenario { replicates: 1, ..scenario.clone() }
}

#[test]
fn where_it_is_off_it_changes_nothing() {
    let market = |more: &str| {
        let head = "days = 10\nreplicates = 1\n[population]\nconsumers = 500";
        scenario(&format!("{head}\n{more}\n[arm.viral]\npreset = \"viral\"\n"))
    };
    let without = run(&market(""));
    let with = run(&market("[diffusion]\nenabled = false\nkind = \"bass\"\nseed_share = 0.5"));
    assert_eq!(common::content(&without[0]), common::content(&with[0]));
    let on = run(&market("[diffusion]\nenabled = true"));
    let daily =
        |records: &[guanxi::observer::RunRecord]| common::text(common::table(&records[0], "daily"));
    assert_eq!(daily(&without), daily(&on), "the market does not notice what spreads");
}

/// p = 0.03 and q = 0.38 a year of 24 steps, 10⁵ consumers, against
/// F(t) = (1 − e^−(p+q)t) / (1 + q/p·e^−(p+q)t) (Bass 1969). Criterion: largest distance below
/// 0.02, peak of adoption within 3 %. The standard error of F is at most 0.004; the peak is
/// the middle of the days on which smoothed adoption is largest, see the code.
#[test]
fn bass_follows_its_curve_on_the_complete_graph() {
    let (p, q, steps) = (0.03, 0.38, 24.0);
    let table = "kind = \"bass\"\nperiod_days = 24\nseed_share = 0";
    let scenario = complete(100_000, "days = 360\nreplicates = 1", table);
    let records = run(&scenario);
    let adopted = column(&records[0], "diffusion", "infected_count");
    let curve = |day: f64| {
        let faded = exp(-(p + q) * day / steps);
        (1.0 - faded) / (1.0 + q / p * faded)
    };
    let far = |(day, count): (usize, &f64)| (count / 1e5 - curve((day + 1) as f64)).abs();
    let largest = adopted.iter().enumerate().map(far).fold(0.0, f64::max);
    // Adoption over a window of two thirds of a year around each day is a smooth bell.
    let window = 16;
    let bell = |day: usize| adopted[day + window] - adopted[day - window];
    let peak = (window..adopted.len() - window).max_by(|a, b| bell(*a).total_cmp(&bell(*b)));
    let peak = peak.map_or(0.0, |day| day as f64 + 1.0) / steps;
    let expected = guanxi::quantity::math::ln(q / p) / (p + q);
    println!("largest distance {largest:.4}; peak {peak:.3} of {expected:.3}");
    assert!(largest < 0.02, "{largest}");
    assert!((peak / expected - 1.0).abs() < 0.03, "{peak}, not {expected}");
}

/// 3,000 copies of a path a → b → c → d and of a diamond a → b, a → c, b → d, c → d, seeds a.
/// P(b) = p, P(d) on the path p³, in the diamond 1 − (1 − p²)², whatever the way.
#[test]
fn cascades_have_the_probabilities_of_percolation() {
    let (copies, p) = (3_000, 0.4);
    let (mut path, mut diamond, mut seeds) = (String::new(), String::new(), String::new());
    for k in 0..copies {
        let id = |part: usize| 4 * k + part;
        let _ = writeln!(path, "{} {}\n{} {}\n{} {}", id(0), id(1), id(1), id(2), id(2), id(3));
        let ties = [(0, 1), (0, 2), (1, 3), (2, 3)].map(|(a, b)| format!("{} {}\n", id(a), id(b)));
        diamond.push_str(&ties.concat());
        let _ = writeln!(seeds, "{}", id(0));
    }
    let n = f64::from(copies as u32);
    for method in ["events", "sweep"] {
        let table = format!(
            "kind = \"independent_cascade\"\nactivation_probability = {p}\nmethod = \"{method}\""
        );
        let head = "days = 5\nreplicates = 1";
        let scenario = on_ties(&format!("path-{method}"), &path, &seeds, head, &table);
        let new = column(&run(&scenario)[0], "diffusion", "new_count");
        for (day, p) in [p, p * p, p * p * p].into_iter().enumerate() {
            has_share(&format!("{method}, generation {}", day + 1), new[day], n, p);
        }
        let scenario = on_ties(&format!("diamond-{method}"), &diamond, &seeds, head, &table);
        let new = column(&run(&scenario)[0], "diffusion", "new_count");
        has_share(&format!("{method}, diamond, sides"), new[0], 2.0 * n, p);
        let end = 1.0 - (1.0 - p * p) * (1.0 - p * p);
        has_share(&format!("{method}, diamond, end"), new[1], n, end);
    }
}

/// 3,000 copies of a → b of weight 0.2 and b → c of weight 0.7.
#[test]
fn cascades_take_the_weights_of_ties() {
    let (mut ties, mut seeds) = (String::from("source target weight\n"), String::new());
    for k in 0..3_000 {
        let _ = writeln!(ties, "{} {} 0.2\n{} {} 0.7", 3 * k, 3 * k + 1, 3 * k + 1, 3 * k + 2);
        let _ = writeln!(seeds, "{}", 3 * k);
    }
    let table = "kind = \"independent_cascade\"\nweights = true";
    let scenario = on_ties("weights", &ties, &seeds, "days = 3\nreplicates = 1", table);
    let new = column(&run(&scenario)[0], "diffusion", "new_count");
    has_share("first", new[0], 3_000.0, 0.2);
    has_share("second", new[1], new[0], 0.7);
}

/// Thresholds of 0.5 and a graph done by hand: c hears a and b, d hears a and c, e hears b, c
/// and f, g hears e. Seed a: c and d on the first day (one of two); e never (one of three).
#[test]
fn thresholds_are_met_as_by_hand() {
    let ties = "1 3\n2 3\n1 4\n3 4\n2 5\n3 5\n6 5\n5 7\n";
    let table = "kind = \"linear_threshold\"\nthreshold_law = \"same\"\nthreshold = 0.5";
    let head = "days = 3\nreplicates = 1";
    let new = |threshold: &str, name: &str| {
        let table = table.replace("0.5", threshold);
        let scenario = on_ties(name, ties, "1\n", head, &table);
        column(&run(&scenario)[0], "diffusion", "new_count")
    };
    assert_eq!(new("0.5", "half"), [2.0, 0.0, 0.0]);
    assert_eq!(new("0.3", "third"), [2.0, 1.0, 1.0]);
    assert_eq!(new("0.6", "more"), [0.0, 0.0, 0.0]);
}

/// With uniform thresholds, a consumer of whose k ties one is active is active with 1/k: 3,000
/// copies of a → x, b → x and a → y, seeds a.
#[test]
fn uniform_thresholds_are_met_in_proportion() {
    let (mut ties, mut seeds) = (String::new(), String::new());
    for k in 0..3_000 {
        let [a, b, x, y] = [0, 1, 2, 3].map(|part| 4 * k + part);
        let _ = writeln!(ties, "{a} {x}\n{b} {x}\n{a} {y}");
        let _ = writeln!(seeds, "{a}");
    }
    let table = "kind = \"linear_threshold\"";
    let scenario = on_ties("uniform", &ties, &seeds, "days = 2\nreplicates = 1", table);
    let new = column(&run(&scenario)[0], "diffusion", "new_count");
    has_share("one of two", new[0] - 3_000.0, 3_000.0, 0.5);
}

/// Final size, and infectious on day 12, of 60 epidemics by events, by asking, and by a
/// program that tries every tie every day with draws of its own.
#[test]
fn both_ways_infect_like_a_trial_a_tie_and_day() {
    for (kind, beta, gamma) in
        [("si", 0.01, 0.0), ("sis", 0.06, 0.3), ("sir", 0.06, 0.25), ("sir", 0.2, 1.0)]
    {
        let table = |method: &str| {
            format!(
                "kind = \"{kind}\"\nmethod = \"{method}\"\nseed_count = 20\n\
                 infection_probability = {beta}\nrecovery_probability = {gamma}"
            )
        };
        let scenarios = ["events", "sweep"]
            .map(|method| on_graph(1_000, "days = 30\nreplicates = 60", &table(method)));
        let naive: Vec<[f64; 2]> = (0..60)
            .map(|replicate| {
                let env = environment(&scenarios[0], replicate);
                plain::trials(&env, kind == "sis", (beta, gamma), u64::from(replicate) + 1)
            })
            .collect();
        let mut found = Vec::new();
        for scenario in &scenarios {
            let records = run(scenario);
            let ever: Vec<f64> = records.iter().map(|r| metric(r, "final_spread_share")).collect();
            let ill = records.iter().map(|r| column(r, "diffusion", "infected_count")[11] / 1e3);
            found.push([ever, ill.collect::<Vec<f64>>()]);
        }
        for (k, what) in ["ever infected", "infectious on day 12"].into_iter().enumerate() {
            let trials: Vec<f64> = naive.iter().map(|row| row[k]).collect();
            alike(&format!("{kind}, {what}, events and trials"), &found[0][k], &trials);
            alike(&format!("{kind}, {what}, sweep and trials"), &found[1][k], &trials);
        }
    }
}

/// Consumers of largest degree reach more than random ones. Sign test over 20 replicates: 15
/// or more has a false-alarm rate of 2 %.
#[test]
fn hubs_carry_it_further_than_random_seeds() {
    let spread = |by: &str| {
        let table = format!(
            "kind = \"independent_cascade\"\nactivation_probability = 0.06\nseed_count = 10\nseed_by = \"{by}\""
        );
        values(&on_graph(2_000, "days = 15\nreplicates = 20", &table), "final_spread_share")
    };
    let (hubs, random) = (spread("degree"), spread("random"));
    let wins = hubs.iter().zip(&random).filter(|(hubs, random)| hubs > random).count();
    assert!(wins >= 15, "{wins} of 20");
}

/// A longer run begins like a shorter one: no draw looks at the end.
#[test]
fn a_longer_run_begins_like_a_shorter_one() {
    for (kind, table) in kinds() {
        let days = |days: &str| {
            let scenario = on_graph(1_000, &format!("days = {days}\nreplicates = 1"), &table);
            column(&run(&scenario)[0], "diffusion", "new_count")
        };
        assert_eq!(days("8"), days("20")[..8], "{kind}");
    }
}

#[test]
fn seeds_are_as_many_as_asked_for() {
    for (table, expected) in
        [("seed_share = 0.01", 20.0), ("seed_count = 7", 7.0), ("seed_share = 1", 2_000.0)]
    {
        let table = format!("kind = \"si\"\ninfection_probability = 0\n{table}");
        let scenario = on_graph(2_000, "days = 2\nreplicates = 1", &table);
        let records = run(&scenario);
        assert_eq!(column(of(&records, "it"), "diffusion", "infected_count"), [expected; 2]);
    }
}

/// Final sizes of 60 epidemics and 60 cascades on computed ties and on stored ones of the same
/// law, 8,000 consumers each, new ties in every replicate. In blocks of 1,600 two ties in a
/// thousand are there twice.
#[test]
fn things_spread_over_computed_ties_as_over_stored_ones() {
    let of = |kind: &str, network: &str, table: &str| {
        let people = "[population]\nconsumers = 8_000\ninfluencers = 0\nfollows_mean = 0";
        let network = format!("[network]\nkind = \"{kind}\"\n{network}");
        let head = "days = 40\nreplicates = 60";
        values(&quiet(head, table, &format!("{people}\n{network}")), "final_spread_share")
    };
    let blocks = "mean_degree = 8\nblocks = 5\nblock_share = 0.9\nneighbourhood_size = 400";
    let power = "mean_degree = 8\ndegree_exponent = 2.5";
    for (stored, law, like) in [
        ("block_model", blocks, format!("{blocks}\nstrong_share = 0")),
        (
            "configuration",
            &format!("{power}\nneighbourhoods = \"even\""),
            format!("{power}\nblocks = 1\nstrong_share = 0\ndegree_law = \"power_law\""),
        ),
    ] {
        for (kind, more) in [
            ("sir", "infection_probability = 0.05\nrecovery_probability = 0.2"),
            ("independent_cascade", "activation_probability = 0.2"),
        ] {
            let table = format!("kind = \"{kind}\"\nseed_count = 40\n{more}");
            let found = [of(stored, law, &table), of("implicit", &like, &table)];
            alike(&format!("{stored}, {kind}"), &found[0], &found[1]);
        }
    }
}

/// The market runs on computed ties, whoever speaks: those that lead back reach nobody.
#[test]
fn a_market_runs_on_computed_ties() {
    let text = "days = 20\nreplicates = 1\n[population]\nconsumers = 3_000\n\
                [network]\nkind = \"implicit\"\nblocks = 40\nneighbourhood_size = 25\n\
                [start]\nregistered_share = 0.2\n[word_of_mouth]\nenabled = true\n\
                [arm.viral]\npreset = \"viral\"\n\
                [arm.viral.sharing]\nstrong_first = true\ngroup_chat_share = 0.3\n";
    let scenario = scenario(text);
    let traced =
        |threads| on_threads(threads, || trace(&scenario.arms[0], &environment(&scenario, 0)));
    assert!(traced(1) == traced(2), "the same on any number of threads");
    let shared = column(&run(&scenario)[0], "funnel", "exposed_count");
    assert!(shared.iter().sum::<f64>() > 1_000.0);
}

/// Where nobody sends and nobody is a member there are no records of members, and nothing
/// that spreads notices.
#[test]
fn members_who_cannot_be_are_not_kept() {
    let table = "kind = \"sir\"\nseed_count = 9";
    let scenario = on_graph(2_000, "days = 9", table);
    let members = |scenario: &Scenario| {
        let built = guanxi::model::build(&scenario.arms[0], &environment(scenario, 0));
        built.world.platforms[0].members.len()
    };
    assert_eq!(members(&scenario), 0);
    let open = Scenario {
        start: guanxi::market::Start { registered_share: 0.01, ..scenario.start.clone() },
        ..scenario.clone()
    };
    assert_eq!(members(&open), 2_000);
    let spread = |scenario: &Scenario| column(&run(scenario)[0], "diffusion", "new_count");
    assert_eq!(spread(&scenario), spread(&open));
}
