//! What every platform must have: one decider, one clearing rule, a budget that is not overspent.

use crate::error::{BUDGET, CLEARINGS, DECIDERS, Issue, Place};
use crate::mechanism::spec::Role;
use crate::parameter::Value;
use crate::scenario::raw::Node;
use crate::scenario::resolve::{Resolver, at};
use crate::scenario::{Arm, Platform, Setting};

/// The parameter by which a mechanism claims a share of the marketing budget.
const BUDGET_SHARE: &str = "budget_share";

/// Reports platforms that have not exactly one decider and one clearing rule. A
/// registry without any such mechanism is not asked for one.
pub(super) fn roles(resolver: &mut Resolver<'_>, arm: &Arm) {
    for (role, code, noun) in
        [(Role::Decider, DECIDERS, "decider"), (Role::Clearing, CLEARINGS, "clearing rule")]
    {
        let specs = resolver.catalogue.mechanisms.iter().filter(|spec| spec.role == role);
        let known: Vec<&str> = specs.map(|spec| spec.name).collect();
        for platform in arm.platforms.iter().filter(|_| !known.is_empty()) {
            let on: Vec<&str> = (enabled(arm, platform))
                .filter(|one| one.spec.role == role)
                .map(|one| one.spec.name)
                .collect();
            if on.len() != 1 {
                let found = if on.is_empty() { "none".to_owned() } else { on.join(" and ") };
                let (name, n) = (&platform.name, on.len());
                let message = format!("`{name}` needs exactly one {noun}, but has {n} ({found})");
                let help = format!(
                    "switch exactly one of {} on with `enabled = true`, the others off",
                    known.join(", ")
                );
                let issue = Issue::new(code, &home(resolver, arm, platform), message);
                resolver.issues.push(issue.label("in this one").help(help));
            }
        }
    }
}

/// Reports platforms whose mechanisms claim more than the whole marketing budget.
pub(super) fn budget(resolver: &mut Resolver<'_>, arm: &Arm) {
    for platform in &arm.platforms {
        let claim = |one: &Setting| match one.values.0.get(BUDGET_SHARE) {
            Some(Value::Number(share)) if *share > 0.0 => Some((one.spec.name, *share)),
            _ => None,
        };
        let claims: Vec<_> = enabled(arm, platform).filter_map(claim).collect();
        let sum: f64 = claims.iter().map(|claim| claim.1).sum();
        // Shares such as 0.1 + 0.2 + 0.7 may miss 1 by their last binary digit.
        if sum > 1.0 + 1e-9 {
            let list: Vec<_> = claims.iter().map(|(name, x)| format!("{name} {x}")).collect();
            let message = format!("the budget shares of `{}` sum to {sum:.4}", platform.name);
            let help = format!("lower them to at most 1 in all: {}", list.join(", "));
            let issue = Issue::new(BUDGET, &home(resolver, arm, platform), message);
            resolver.issues.push(issue.label("in this one").help(help));
        }
    }
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
