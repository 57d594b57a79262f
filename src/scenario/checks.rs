//! Checks of meaning, after every value has its type and range.

use crate::error::{
    BAD_NAME, BAD_NETWORK_FILE, DUPLICATE, Issue, Issues, NO_BASELINE, NO_ID_FILE, NO_NETWORK_FILE,
    clipped,
};
use crate::error::{NO_WEIGHT, Place, SHARES, TOO_MANY, UNUSED};
use crate::network::{has_weights, nodes_in_file};
use crate::parameter::{Only, Value};
use crate::scenario::layers::Read;
use crate::scenario::nearest::advice;
use crate::scenario::resolve::Resolver;
use crate::scenario::sections::section;
use crate::scenario::value::plain;
use crate::scenario::{Arm, Origin, Scenario, Setting};
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, absolute};

/// Whether a name can be a folder, a key and a cell.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&length) && !name.starts_with('.') && name.chars().all(fits)
}

/// Reports an unusable name.
pub(super) fn name(issues: &mut Issues, what: &str, name: &str, place: &Place) {
    if !is_name(name) {
        let shown =
            if name.is_empty() { "an empty text".into() } else { format!("`{}`", clipped(name)) };
        let message = format!("{shown} cannot be the name of {what}");
        let help = "use 1 to 64 letters, digits, `-`, `_` and `.`, not beginning with a dot";
        issues.push(Issue::new(BAD_NAME, place, message).label("this name").help(help));
    }
}

/// The place of a key, of its table where the key is not given, or of the file's beginning.
fn place(resolver: &Resolver<'_>, read: &Read, key: &str) -> Place {
    let top = || Place { source: resolver.file.place.source.clone(), span: 0..0 };
    read.places.get(key).or(read.home.as_ref()).cloned().unwrap_or_else(top)
}

/// The baseline: the one that is given, else the first arm.
pub(super) fn baseline(resolver: &mut Resolver<'_>, head: &Read, arms: &[Arm]) -> String {
    let given = text(head, "baseline");
    let names: Vec<&str> = arms.iter().map(|arm| arm.name.as_str()).collect();
    if given.is_empty() {
        return names.first().copied().unwrap_or_default().to_owned();
    }
    if !names.is_empty() && !names.contains(&given.as_str()) {
        let place = place(resolver, head, "baseline");
        let message = format!("the baseline `{}` is not an arm of the scenario", clipped(&given));
        let issue = Issue::new(NO_BASELINE, &place, message).label("no such arm");
        resolver.issues.push(issue.help(advice(&given, &names)));
    }
    given
}

/// The name of the scenario, which is its run folder's.
pub(super) fn head(resolver: &mut Resolver<'_>, scenario: &Scenario, head: &Read) {
    let at = place(resolver, head, "name");
    name(&mut resolver.issues, "a scenario", &scenario.name, &at);
}

/// Names of a list's tables differ, and their weights are not all zero.
pub(super) fn weights(resolver: &mut Resolver<'_>, path: &str, list: &[Read]) {
    let most = section(path).and_then(|section| section.most).unwrap_or(usize::MAX);
    if let Some(read) = list.get(most) {
        let at = place(resolver, read, "name");
        let message = format!("{} tables [[{path}]] are more than {most}", list.len());
        let issue = Issue::new(TOO_MANY, &at, message).label("the first that is too many");
        resolver.issues.push(issue.help("put those together that are alike"));
    }
    for (index, read) in list.iter().enumerate() {
        let own = text(read, "name");
        let at = place(resolver, read, "name");
        if own.trim().is_empty() || own.chars().any(char::is_control) {
            let what = if own.trim().is_empty() { "is empty" } else { "has control characters" };
            let message = format!("a name of [[{path}]] {what}");
            let issue = Issue::new(BAD_NAME, &at, message).label("this name");
            resolver.issues.push(issue.help("it stands in cells of tables: give it a word or two"));
        }
        if list[..index].iter().any(|other| text(other, "name") == own) {
            let message = format!("two tables [[{path}]] are both called `{}`", clipped(&own));
            let issue = Issue::new(DUPLICATE, &at, message).label("the second one");
            resolver.issues.push(issue.help("give each its own `name`"));
        }
    }
    let zero =
        |read: &Read| matches!(read.values.0.get("weight"), Some(Value::Number(x)) if *x <= 0.0);
    if list.iter().all(zero) {
        let at = place(resolver, &list[0], "weight");
        let message = format!("all weights of [[{path}]] are zero");
        let issue = Issue::new(NO_WEIGHT, &at, message).label("here");
        resolver.issues.push(issue.help("give at least one a weight of more than 0"));
    }
}

fn text(read: &Read, key: &str) -> String {
    match read.values.0.get(key) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The path of the network's file as it was written, after a look at whether it is needed.
pub(super) fn network_file(resolver: &mut Resolver<'_>, network: &Read) -> String {
    let written = text(network, "file");
    let needed = text(network, "kind") == "file";
    if needed && written.is_empty() {
        let at = place(resolver, network, "kind");
        let message = "network.kind is \"file\", but network.file is not given";
        let issue = Issue::new(NO_NETWORK_FILE, &at, message).label("needs a file");
        resolver.issues.push(issue.help("add file = \"ties.csv\", the path of an edge list"));
    }
    written
}

/// Warns of shares of the weak ties that are more than all of them.
pub(super) fn tie_shares(resolver: &mut Resolver<'_>, network: &Read) {
    let share = |key: &str| match network.values.0.get(key) {
        Some(Value::Number(share)) => *share,
        _ => 0.0,
    };
    let sum = share("local_share") + share("interest_share");
    if text(network, "kind") == "community" && sum > 1.0 + 1e-9 {
        let key = ["interest_share", "local_share"]
            .into_iter()
            .find(|key| network.places.contains_key(key));
        let at = place(resolver, network, key.unwrap_or_default());
        let sum = plain((sum * 1e4).round() / 1e4);
        let message = format!("network.local_share and network.interest_share sum to {sum}");
        let help = "interest groups get what neighbourhoods leave, and no tie goes anywhere else; \
                    lower one of them so that they sum to at most 1";
        let issue = Issue::new(SHARES, &at, message).label("more than all weak ties");
        resolver.issues.push(issue.help(help));
    }
}

/// Makes the path absolute: from the scenario's folder, in `--set` from the working folder.
pub(super) fn place_network_file(
    resolver: &mut Resolver<'_>,
    scenario: &mut Scenario,
    tables: (&Read, &Read),
    folder: &Path,
) {
    let (population, network) = tables;
    let written = &scenario.network_file_written;
    if written.is_empty() {
        return;
    }
    let from_command = network.origins.get("file") == Some(&Origin::CommandLine);
    let base = if from_command { Path::new("") } else { folder };
    let joined = base.join(written);
    let path = absolute(&joined).unwrap_or(joined);
    if scenario.network.kind == "file" {
        match path.is_file() {
            true => count_nodes(resolver, scenario, (population, network), &path),
            false => no_file(resolver, network, &path, from_command),
        }
    }
    scenario.network.file = path.to_string_lossy().into_owned();
}

fn no_file(resolver: &mut Resolver<'_>, network: &Read, path: &Path, from_command: bool) {
    let at = place(resolver, network, "file");
    let shown = path.display();
    let message = match path.metadata() {
        Ok(data) if data.is_dir() => format!("`{shown}` is a folder, not a file"),
        Ok(_) => format!("`{shown}` is not a file that can be read twice"),
        Err(error) if error.kind() == ErrorKind::NotFound => format!("there is no file `{shown}`"),
        Err(error) => format!("cannot read `{shown}`: {error}"),
    };
    let issue = Issue::new(NO_NETWORK_FILE, &at, message).label("named here");
    let folder = if from_command { "the working folder" } else { "the scenario's folder" };
    resolver.issues.push(issue.help(format!("a relative path starts from {folder}")));
}

/// The population of an imported network is the number of its nodes.
fn count_nodes(
    resolver: &mut Resolver<'_>,
    scenario: &mut Scenario,
    (population, network): (&Read, &Read),
    path: &Path,
) {
    let nodes = match nodes_in_file(path) {
        Ok(nodes) => nodes,
        Err(error) => {
            let at = place(resolver, network, "file");
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            let issue = Issue::new(BAD_NETWORK_FILE, &at, format!("{error}{cause}"));
            return resolver.issues.push(issue.label("named here"));
        }
    };
    let given = population.origins.get("consumers") != Some(&Origin::Default);
    if given && scenario.population.consumers != nodes {
        let at = place(resolver, population, "consumers");
        let message = format!(
            "population.consumers is {}, but the network's file names {nodes}, which counts",
            scenario.population.consumers
        );
        let issue = Issue::new(UNUSED, &at, message).label("without effect");
        resolver.issues.push(issue.help("every id of the file is a consumer"));
    }
    scenario.population.consumers = nodes;
}

/// Reports files of ids that are needed and not there.
pub(super) fn id_files(resolver: &mut Resolver<'_>, scenario: &Scenario) {
    for arm in &scenario.arms {
        for (written, path) in scenario.id_files(arm) {
            if written.is_empty() || !path.is_file() {
                let at = resolver.key_place(&["arm", &arm.name]);
                let name = clipped(&arm.name);
                let message = match written.is_empty() {
                    true => format!("arm `{name}` has seed_by = \"file\", but no seed_file"),
                    false => format!("arm `{name}` needs the file `{}`", clipped(written)),
                };
                let help = "seed_file = \"seeds.txt\" names a file with an id in each line; \
                            a relative path starts from the scenario's folder";
                let issue = Issue::new(NO_ID_FILE, &at, message).label("in this arm");
                resolver.issues.push(issue.help(help));
            }
        }
    }
}

/// Warns of weights that are asked for where ties have none.
pub(super) fn tie_weights(resolver: &mut Resolver<'_>, scenario: &Scenario) {
    let asks = |setting: &&Setting| setting.enabled && is_weighted(setting);
    let asking = scenario.arms.iter().filter(|arm| arm.mechanisms.iter().any(|one| asks(&one)));
    let asking: Vec<&Arm> = asking.collect();
    let kind = &scenario.network.kind;
    let known = kind == "file" && !asking.is_empty();
    if asking.is_empty() || known && has_weights(Path::new(&scenario.network.file)) {
        return;
    }
    for arm in asking {
        let at = resolver.key_place(&["arm", &arm.name]);
        let network = if known {
            "the network's file".to_owned()
        } else {
            format!("a network of kind {kind}")
        };
        let message = format!(
            "arm `{}` has weights = true, but {network} has no weights",
            clipped(&arm.name)
        );
        let issue = Issue::new(UNUSED, &at, message).label("without effect in this arm");
        let help = "activation_probability counts for every tie; weights are a third column of the \
                    file of network.kind = \"file\"";
        resolver.issues.push(issue.help(help));
    }
}

/// Whether a mechanism takes the weights of ties, as its values and its declaration say.
fn is_weighted(setting: &Setting) -> bool {
    let declared = setting.spec.parameters.iter().find(|parameter| parameter.name == "weights");
    let acts = |only: &Only| match setting.values.0.get(only.key) {
        Some(Value::Text(word)) => only.values.contains(&word.as_str()),
        _ => false,
    };
    setting.values.0.get("weights") == Some(&Value::Flag(true))
        && declared.is_some_and(|parameter| parameter.only.as_ref().is_none_or(acts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_as_folders() {
        for good in ["viral", "v1.2", "群买", "a_b-c"] {
            assert!(is_name(good), "{good}");
        }
        let long = "x".repeat(65);
        for bad in ["", ".hidden", "..", "a/b", "a b", "a\u{0}", "a\nb", "*", long.as_str()] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
