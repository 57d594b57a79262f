//! The presets on ties between real people. The graphs are not part of the repository:
//! with `GUANXI_DATA` naming the folder that holds `graphs/` they are read, else skipped.

mod common;

use common::{PRESETS, column, metric, of};
use std::path::PathBuf;

/// The path of a graph, if it is there.
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

/// Ten days of every preset among the nodes of a graph; the file says how many there are.
fn check(name: &str, people: u32) {
    let Some(path) = graph(name) else { return };
    let file = path.to_string_lossy().replace('\\', "/");
    let head = format!(
        "days = 10\nreplicates = 1\n[start]\nregistered_share = 0.2\n\
         [network]\nkind = \"file\"\nfile = \"{file}\"\n"
    );
    let scenario = common::scenario(&format!("{head}{}", common::four_arms()));
    let env = common::environment(&scenario, 0);
    assert_eq!((env.network.n(), env.consumers.n()), (people, people));
    let records = common::run(&scenario);
    for preset in PRESETS {
        let record = of(&records, preset);
        let registered = column(record, "daily", "registered_count");
        assert_eq!(registered.len(), 10);
        assert!(registered[9] <= f64::from(people));
        assert!(registered[9] > registered[0], "{preset}: nobody registers");
        assert!(
            (0.15..0.25).contains(&(registered[0] / f64::from(people))),
            "{preset}: {registered:?}"
        );
        assert!(metric(record, "orders_count") > 0.0, "{preset}: nobody buys");
    }
    let shares: f64 = column(of(&records, "viral"), "daily", "shares_count").iter().sum();
    assert!(shares > 0.0, "friends share along the file's ties");
}

#[test]
fn the_presets_run_on_the_trust_network_of_epinions() {
    check("epinions_trust.txt", 75_877);
}

#[test]
fn the_presets_run_on_friendships_of_facebook() {
    check("facebook_ego.txt", 4_039);
}
