//! Building: from a checked scenario to an environment (constant, shared by the
//! arms of a replicate) and to the world of each arm.

pub mod checkpoint;
pub mod estimate;

use crate::columns::{Columns, State, Tenure};
use crate::exchange::link::Link;
use crate::market::catalogue::Catalogue;
use crate::market::member::{Member, share16};
use crate::market::platform::{ChannelTerms, Platform};
use crate::mechanism::Mechanism;
use crate::mechanism::spec::{Channel, Placement, Role, Spec};
use crate::mechanism::world::{Attention, Environment, Following, World};
use crate::mechanisms::MECHANISMS;
use crate::network::{self, Network, NetworkError, Society};
use crate::parallel::{Column, Shards};
use crate::population::{Influencers, People, Segment};
use crate::quantity::money::Fen;
use crate::rng::Key;
use crate::scenario::{Arm, Scenario, Setting};
use crate::simd::column;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// All channels, numbered through the registry.
pub fn channels() -> impl Iterator<Item = &'static Channel> {
    MECHANISMS.iter().flat_map(|spec| spec.channels)
}

/// The number of a mechanism's first channel.
#[must_use]
pub fn first_channel(spec: &Spec) -> u8 {
    let before = MECHANISMS.iter().take_while(|other| other.name != spec.name);
    before.map(|other| other.channels.len() as u8).sum()
}

/// The network that a scenario imports, read once for all replicates; none where it
/// is generated.
///
/// # Errors
/// Where the file cannot be read.
pub fn imported(scenario: &Scenario) -> Result<Option<Arc<Network>>, NetworkError> {
    if scenario.network.kind != "file" {
        return Ok(None);
    }
    let path = std::path::Path::new(&scenario.network.file);
    let (network, _report) = network::load(path, &scenario.network)?;
    Ok(Some(Arc::new(as_needed(network, scenario))))
}

/// The network of a replicate where it is generated.
///
/// # Errors
/// Where the network cannot be made.
pub fn generated(scenario: &Scenario, replicate: u32) -> Result<Network, NetworkError> {
    let key = Key::new(scenario.seed, replicate);
    let n = scenario.population.consumers;
    let people = People::draw(n, &scenario.population, &scenario.segments, key);
    network::generate(&scenario.network, n, people.segment_column().kept(), key)
}

/// The settings of all mechanisms that are on, arm after arm.
fn enabled(scenario: &Scenario) -> impl Iterator<Item = &Setting> {
    scenario.arms.iter().flat_map(Arm::settings).filter(|setting| setting.enabled)
}

/// Whether any arm asks who follows whom.
fn uses_followers(scenario: &Scenario) -> bool {
    enabled(scenario).any(|setting| setting.spec.followers)
}

/// Whether any arm reads the ties of many people at once.
fn sweeps_ties(scenario: &Scenario) -> bool {
    enabled(scenario).any(|setting| setting.spec.sweeps_ties)
}

/// A network in the form in which the arms read it best.
fn as_needed(network: Network, scenario: &Scenario) -> Network {
    if sweeps_ties(scenario) { network } else { network.packed() }
}

/// Draws what the arms of a replicate share.
///
/// # Errors
/// Where the network cannot be made or read.
pub fn environment(
    scenario: &Scenario,
    replicate: u32,
    imported: Option<&Arc<Network>>,
) -> Result<Environment, NetworkError> {
    let key = Key::new(scenario.seed, replicate);
    let n = imported.map_or(scenario.population.consumers, |network| network.n());
    let people = People::draw(n, &scenario.population, &scenario.segments, key);
    let network = match imported {
        Some(network) => Arc::clone(network),
        None => {
            let network =
                network::generate(&scenario.network, n, people.segment_column().kept(), key)?;
            Arc::new(as_needed(network, scenario))
        }
    };
    let p = &scenario.population;
    let influencers = Influencers::draw(p.influencers, p.taste_clusters, key);
    let mut lists = BTreeMap::new();
    for (written, path) in scenario.arms.iter().flat_map(|arm| scenario.id_files(arm)) {
        lists.insert(written.to_owned(), network::consumers_in_file(&path, &network)?);
    }
    // Households and chat groups are those of the draws that made the network.
    let society = match &network.origin {
        Some(made) => Society::new(&made.parameters, Key::new(made.seed, made.replicate)),
        None => Society::new(&scenario.network, key),
    };
    let budget = scenario.market.marketing_budget_fen_per_consumer_day * f64::from(n);
    Ok(Environment {
        key,
        keys: std::array::from_fn(|platform| key.part(platform as u32)),
        consumers: Shards::of(n),
        catalogue: Catalogue::draw(&scenario.market, &scenario.categories, key),
        people,
        network,
        society,
        influencers,
        following: Following::new(p),
        start: scenario.start.clone(),
        lists,
        daily_budget: Fen(budget.round() as i64),
        budget_of_arm: scenario.market.budget_of == "arm",
        days: scenario.days + scenario.start.burn_in_days,
    })
}

/// An arm that is ready to step: its world and its mechanisms in acting order.
pub struct Built {
    /// The world.
    pub world: World,
    /// The mechanisms that are on.
    pub mechanisms: Vec<Installed>,
}

/// A mechanism in its place.
pub struct Installed {
    /// Its name.
    pub name: &'static str,
    /// Index of its platform; none for a mechanism of the world.
    pub platform: Option<usize>,
    /// The mechanism.
    pub mechanism: Box<dyn Mechanism>,
}

/// The state of mechanisms, in or out of a checkpoint. Each stands in a block of its own, so
/// that one that has been switched off since can be left out; one that has been switched on
/// since begins as it was built. What cannot be so is refused by name.
pub fn columns(mechanisms: &mut [Installed], io: &mut Columns<'_>) {
    let mut met = vec![false; mechanisms.len()];
    for k in 0..io.length(mechanisms.len()) {
        let mut stored = match (io.is_loading(), mechanisms.get_mut(k)) {
            (false, Some(installed)) => installed.stored(io),
            _ => Stored::blank(),
        };
        stored.visit(io);
        io.block(&mut stored.block);
        if !io.is_loading() {
            continue;
        }
        let is_it = |one: &Installed| one.place() == (&stored.name, stored.platform);
        match mechanisms.iter_mut().enumerate().find(|(_, one)| is_it(one)) {
            Some((at, installed)) => {
                met[at] = true;
                installed.restore(&stored, io);
            }
            None if stored.tenure != Tenure::Free && io.is_sound() => io.refuse(&stored.name),
            None => {}
        }
    }
    if io.is_loading() && io.is_sound() {
        for (installed, _) in mechanisms.iter_mut().zip(met).filter(|(_, met)| !met) {
            if installed.stored(io).tenure == Tenure::Always {
                io.refuse(installed.name);
            }
        }
    }
}

/// A mechanism as it is stored.
struct Stored {
    name: String,
    /// The platform's index and 1; 0 for a mechanism of the world.
    platform: u8,
    tenure: Tenure,
    block: Vec<u8>,
}

crate::state! { Stored { name, platform, tenure; except block } }

impl Installed {
    fn place(&self) -> (&str, u8) {
        (self.name, self.platform.map_or(0, |platform| platform as u8 + 1))
    }

    /// The state of the mechanism as bytes.
    fn stored(&mut self, io: &Columns<'_>) -> Stored {
        let (name, platform) = self.place();
        let (name, mut block) = (name.to_owned(), Vec::new());
        let mut inner = Columns::save(&mut block).within(io);
        self.mechanism.columns(&mut inner);
        let tenure = inner.tenure();
        assert!(inner.finish().is_ok(), "memory takes what is written");
        Stored { name, platform, tenure, block }
    }

    /// The state of the mechanism from bytes.
    fn restore(&mut self, stored: &Stored, io: &mut Columns<'_>) {
        let mut file = &stored.block[..];
        let mut inner = Columns::load(&mut file, stored.block.len() as u64).within(io);
        self.mechanism.columns(&mut inner);
        io.take(inner.finish());
    }
}

/// Builds the world of an arm and starts its mechanisms.
#[must_use]
pub fn build(arm: &Arm, env: &Arc<Environment>) -> Built {
    build_part(arm, env, Link::alone())
}

/// Builds the world of one rank of an arm; all ranks do so side by side.
#[must_use]
pub fn build_part(arm: &Arm, env: &Arc<Environment>, link: Link) -> Built {
    let names = arm.platforms.iter().map(|platform| platform.name.as_str());
    let sharers = if env.budget_of_arm { arm.platforms.len() as i64 } else { 1 };
    let budget = Fen(env.daily_budget.0 / sharers);
    let trades = trades(arm, env.start.registered_share);
    let own = if trades { link.own_agents(env.consumers) } else { 0..0 };
    let platform = |name| platform(name, env, own.clone(), budget);
    let platforms: Vec<Platform> = names.map(platform).collect();
    let mut world = World {
        env: Arc::clone(env),
        link: Arc::new(link),
        platforms,
        coefficients: crate::market::utility::Coefficients::default(),
        attention: Attention::default(),
        fatigue: crate::market::fatigue::Fatigue::default(),
        needs: vec![Vec::new(); env.consumers.count()],
        spread: None,
        agreed: Vec::new(),
    };
    if !arm.settings().any(|setting| setting.enabled && setting.spec.followers) {
        env.following.forget();
    }
    let mut mechanisms = instances(arm);
    for installed in &mut mechanisms {
        installed.mechanism.start(&mut world);
    }
    Built { world, mechanisms }
}

/// Whether anybody is, or can become, a member of the arm's platforms: without members and
/// without anybody who sends, nobody ever will.
pub(crate) fn trades(arm: &Arm, registered_share: f64) -> bool {
    let mut on = arm.settings().filter(|setting| setting.enabled);
    registered_share > 0.0 || on.any(|setting| setting.spec.role == Role::Sender)
}

/// A platform with the records of the consumers of `members`.
fn platform(name: &str, env: &Environment, members: Range<u32>, daily_budget: Fen) -> Platform {
    let days = usize::from(env.days);
    let records = column(members.len(), || Member::stranger(env.start.trust));
    let records = Column::new(members.start, records);
    let mut platform = Platform::new(name, env.consumers, &env.catalogue, records, days);
    platform.daily_budget = daily_budget;
    lend_trust(&mut platform.members, env);
    if env.people.segments.len() > 1 {
        platform.history.watch_segments(env.people.segments.len(), env.start.burn_in_days);
    }
    platform.channels = channels()
        .map(|channel| ChannelTerms {
            thinning: 1.0,
            organic: channel.organic,
            family: channel.family,
            ..ChannelTerms::default()
        })
        .collect();
    platform
}

/// Gives everybody the trust of the own segment, where segments differ in it.
fn lend_trust(members: &mut Column<Member>, env: &Environment) {
    let people = &env.people;
    if people.segments.iter().all(|segment| segment.trust_shift == 0.0) {
        return;
    }
    let trust = |segment: &Segment| share16(env.start.trust + segment.trust_shift);
    let trusts: Vec<u16> = people.segments.iter().map(trust).collect();
    let (own, members) = members.held();
    let segments = people.segment_column();
    let pairs = members.par_iter_mut().zip(own);
    pairs.for_each(|(member, i)| member.trust = trusts[usize::from(segments.of(i as u32))]);
}

/// The mechanisms that are on, in the order of the registry.
fn instances(arm: &Arm) -> Vec<Installed> {
    let build = |setting: &Setting, platform: Option<usize>| {
        let first_channel = first_channel(setting.spec);
        let placement = Placement { platform: platform.unwrap_or(0), first_channel };
        let mechanism = (setting.spec.build)(&setting.values, &placement);
        Installed { name: setting.spec.name, platform, mechanism }
    };
    let mut built = Vec::new();
    for spec in MECHANISMS {
        let is_on = |setting: &&Setting| setting.enabled && setting.spec.name == spec.name;
        built.extend(arm.mechanisms.iter().find(is_on).map(|setting| build(setting, None)));
        for (k, platform) in arm.platforms.iter().enumerate() {
            built.extend(
                platform.mechanisms.iter().find(is_on).map(|setting| build(setting, Some(k))),
            );
        }
    }
    built
}
