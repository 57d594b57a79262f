//! What every platform must have: one decider, one clearing rule, the mechanisms without
//! which nothing happens, and shares of budget and attention that are not overspent.

use crate::error::{BUDGET, CLEARINGS, DECIDERS, Issue, NEEDED, Place, SHARES, UNUSED, clipped};
use crate::mechanism::spec::{Role, Spec};
use crate::parameter::Value;
use crate::scenario::raw::{Item, Node};
use crate::scenario::resolve::{Resolver, at};
use crate::scenario::value::plain;
use crate::scenario::{Arm, Platform, Setting};

/// The parameter by which a mechanism claims a share of the marketing budget.
const BUDGET_SHARE: &str = "budget_share";

/// The parameter by which a mechanism claims a share of the consumers' attention.
const ATTENTION_SHARE: &str = "attention_share";

/// Reports platforms that have not exactly one decider and one clearing rule. A
/// registry without any such mechanism is not asked for one.
pub(super) fn roles(resolver: &mut Resolver<'_>, arm: &Arm) {
    for (role, code, noun) in
        [(Role::Decider, DECIDERS, "decider"), (Role::Clearing, CLEARINGS, "clearing rule")]
    {
        let specs = resolver.catalogue.mechanisms.iter().filter(|spec| spec.role == role);
        let known: Vec<&Spec> = specs.copied().collect();
        for platform in arm.platforms.iter().filter(|_| !known.is_empty()) {
            let on = enabled(arm, platform).filter(|one| one.spec.role == role);
            let on: Vec<&str> = on.map(|one| one.spec.name).collect();
            if on.len() != 1 {
                let issue = count(resolver, (arm, platform), (code, noun), &known, &on);
                resolver.issues.push(issue);
            }
        }
    }
}

/// The issue of a platform in which not exactly one mechanism of a role is on.
fn count(
    resolver: &Resolver<'_>,
    (arm, platform): (&Arm, &Platform),
    (code, noun): (&'static str, &str),
    known: &[&Spec],
    on: &[&str],
) -> Issue {
    let names: Vec<&str> = known.iter().map(|spec| spec.name).collect();
    let names = names.join(", ");
    let help = format!("switch exactly one of {names} on with `enabled = true`, the others off");
    let place = home(resolver, arm, platform);
    let name = clipped(&platform.name);
    if !on.is_empty() {
        let (n, found) = (on.len(), on.join(" and "));
        let message = format!("`{name}` needs exactly one {noun}, but has {n} ({found})");
        return Issue::new(code, &place, message).label("in this one").help(help);
    }
    match known.iter().find_map(|spec| switched_off(resolver, (arm, platform), spec)) {
        Some(place) => {
            let (off, help) = match known {
                [one] => (
                    format!("{} is off", one.name),
                    format!("leave {} on; there is no other {noun}", one.name),
                ),
                _ => (format!("none of {names} is on"), help),
            };
            let message = format!("exactly one {noun} is needed, but {off}");
            Issue::new(code, &place, message).label("off here").help(help)
        }
        None => {
            let message = format!("`{name}` needs exactly one {noun}, but has none");
            Issue::new(code, &place, message).label("in this one").help(help)
        }
    }
}

/// Reports mechanisms that are off although nothing happens without them.
pub(super) fn needed(resolver: &mut Resolver<'_>, arm: &Arm) {
    for platform in &arm.platforms {
        let all = arm.mechanisms.iter().chain(&platform.mechanisms);
        for spec in all.filter(|one| !one.enabled).map(|one| one.spec) {
            let Some(why) = spec.needed else { continue };
            let place = switched_off(resolver, (arm, platform), spec)
                .unwrap_or_else(|| home(resolver, arm, platform));
            let message = format!("{} cannot be off: {why}", spec.name);
            let help = format!("leave it on; `guanxi explain {}` shows what it can do", spec.name);
            let issue = Issue::new(NEEDED, &place, message).label("off here").help(help);
            resolver.issues.push(issue);
        }
    }
}

/// Parameters that ask for something of the network, and the kinds of network that have it.
const TIES: &[(&str, &[&str], &str)] = &[
    ("household_fills", &["community"], "households"),
    ("strong_first", &["community", "file"], "strong ties"),
];

/// Warns of parameters without effect for want of what the network does not know.
pub(super) fn ties(resolver: &mut Resolver<'_>, arms: &[Arm], kind: &str) {
    for (key, kinds, what) in TIES.iter().filter(|(_, kinds, _)| !kinds.contains(&kind)) {
        let asks = |one: &Setting| match one.values.0.get(key) {
            Some(Value::Number(share)) => *share > 0.0,
            Some(Value::Flag(yes)) => *yes,
            _ => false,
        };
        let platforms = arms.iter().flat_map(|a| a.platforms.iter().map(move |p| (a, p)));
        let found = platforms
            .flat_map(|(a, p)| enabled(a, p).map(move |one| (a, p, one)))
            .find(|(_, _, one)| asks(one));
        if let Some((arm, platform, setting)) = found {
            let place = nodes(resolver, (arm, platform), setting.spec, key)
                .into_iter()
                .next()
                .map_or_else(|| home(resolver, arm, platform), |node| node.place.clone());
            let name = setting.spec.name;
            let message =
                format!("{name}.{key} has no effect with network.kind = \"{kind}\": no {what}");
            let help = format!("leave it out, or use one of the kinds {}", kinds.join(", "));
            resolver
                .issues
                .push(Issue::new(UNUSED, &place, message).label("without effect").help(help));
        }
    }
}

/// Where a mechanism of a platform is switched off by the user.
fn switched_off(
    resolver: &Resolver<'_>,
    (arm, platform): (&Arm, &Platform),
    spec: &Spec,
) -> Option<Place> {
    let off = |node: &&Node| matches!(node.item, Item::Flag(false));
    let nodes = nodes(resolver, (arm, platform), spec, "enabled");
    nodes.into_iter().find(off).map(|node| node.place.clone())
}

/// Where the user gives a key of a mechanism for a platform, the strongest first.
fn nodes<'a>(
    resolver: &Resolver<'a>,
    (arm, platform): (&Arm, &Platform),
    spec: &Spec,
    key: &str,
) -> Vec<&'a Node> {
    let arm = ["arm", &arm.name];
    let own = ["arm", arm[1], "platform", &platform.name];
    let paths: [&[&str]; 3] = [&own, &arm, &[]];
    let tables = [resolver.sets, resolver.file].into_iter();
    let below = |root, path: &&[&str]| at(at(root, path)?, &[spec.name, key]);
    tables.flat_map(|root| paths.iter().filter_map(move |p| below(root, p))).collect()
}

/// Reports platforms whose mechanisms claim more than the whole marketing budget.
pub(super) fn budget(resolver: &mut Resolver<'_>, arm: &Arm) {
    for platform in &arm.platforms {
        if let Some((sum, list)) = overspent(arm, platform, BUDGET_SHARE) {
            let name = clipped(&platform.name);
            let message = format!("the budget shares of `{name}` sum to {sum}");
            let help = format!("lower them to at most 1 in all: {list}");
            let issue = Issue::new(BUDGET, &home(resolver, arm, platform), message);
            resolver.issues.push(issue.label("in this one").help(help));
        }
    }
}

/// Warns of mechanisms that are on and do nothing for want of a budget.
pub(super) fn paid(resolver: &mut Resolver<'_>, arm: &Arm) {
    for platform in &arm.platforms {
        let claims = |one: &&Setting| match one.values.0.get(BUDGET_SHARE) {
            Some(Value::Number(share)) => one.spec.paid && *share == 0.0,
            _ => false,
        };
        for spec in enabled(arm, platform).filter(claims).map(|one| one.spec) {
            let place = nodes(resolver, (arm, platform), spec, BUDGET_SHARE)
                .first()
                .map_or_else(|| home(resolver, arm, platform), |node| node.place.clone());
            let name = clipped(&platform.name);
            let message =
                format!("{} is on in `{name}`, but no money is set aside for it", spec.name);
            let help = format!(
                "give it a share of the marketing budget with {}.{BUDGET_SHARE} (all shares of a \
                 platform sum to at most 1), or switch it off",
                spec.name
            );
            let issue = Issue::new(UNUSED, &place, message).label("nothing will come of it");
            resolver.issues.push(issue.help(help));
        }
    }
}

/// Warns of platforms whose mechanisms claim more than the whole attention.
pub(super) fn attention(resolver: &mut Resolver<'_>, arm: &Arm) {
    for platform in &arm.platforms {
        if let Some((sum, list)) = overspent(arm, platform, ATTENTION_SHARE) {
            let name = clipped(&platform.name);
            let message = format!("the attention shares of `{name}` sum to {sum}");
            let help = format!(
                "its members look at {sum} times as many item pages as attention.slots_mean \
                 says, and other arms' members do not; lower them to at most 1 in all: {list}"
            );
            let issue = Issue::new(SHARES, &home(resolver, arm, platform), message);
            resolver.issues.push(issue.label("in this one").help(help));
        }
    }
}

/// The sum of a share over the mechanisms that are on, and the list of them, if it is
/// more than 1.
fn overspent(arm: &Arm, platform: &Platform, key: &str) -> Option<(String, String)> {
    let claim = |one: &Setting| match one.values.0.get(key) {
        Some(Value::Number(share)) if *share > 0.0 => Some((one.spec.name, *share)),
        _ => None,
    };
    let claims: Vec<_> = enabled(arm, platform).filter_map(claim).collect();
    let sum: f64 = claims.iter().map(|claim| claim.1).sum();
    // Shares such as 0.1 + 0.2 + 0.7 may miss 1 by their last binary digit.
    if sum <= 1.0 + 1e-9 {
        return None;
    }
    let list: Vec<_> = claims.iter().map(|(name, x)| format!("{name} {x}")).collect();
    Some((plain((sum * 1e4).round() / 1e4), list.join(", ")))
}

/// All mechanisms that run in a platform.
fn enabled<'a>(arm: &'a Arm, platform: &'a Platform) -> impl Iterator<Item = &'a Setting> {
    arm.mechanisms.iter().chain(&platform.mechanisms).filter(|one| one.enabled)
}

/// Where a platform's name stands, or its arm's.
fn home(resolver: &Resolver<'_>, arm: &Arm, platform: &Platform) -> Place {
    let own = ["arm", &arm.name, "platform", &platform.name];
    let path = if at(resolver.file, &own).is_some() { &own[..] } else { &own[..2] };
    resolver.key_place(path)
}

impl Resolver<'_> {
    /// Where the key of a table stands in the file.
    pub(super) fn key_place(&self, path: &[&str]) -> Place {
        let entry = path
            .split_last()
            .and_then(|(last, parents)| at(self.file, parents).and_then(Node::table)?.get(*last));
        entry.map_or_else(|| self.file.place.clone(), |entry| entry.key.clone())
    }
}
