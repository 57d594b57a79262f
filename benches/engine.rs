//! How fast a day is: each preset with 100,000 consumers, young and grown; and the parts that
//! a run is made of: networks, tables to pick from, lanes of draws, routing, the decider.
//!
//! Two populations are timed because an empty platform flatters: what costs time is
//! members who act, not people who are there.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use guanxi::engine::step::{Arm, Watch};
use guanxi::exchange::{Inbox, Message, Outbox};
use guanxi::mechanism::world::Environment;
use guanxi::model;
use guanxi::network;
use guanxi::parallel::Shards;
use guanxi::quantity::time::Clock;
use guanxi::rng::neighbours::{N_LANES, lanes};
use guanxi::rng::sample::discrete::{Alias, zipf_weights};
use guanxi::rng::{Key, Stream};
use guanxi::scenario::Scenario;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CONSUMERS: u32 = 100_000;
/// Days that pass before the timing starts: deliveries and groups are under way.
const WARM_UP_DAYS: usize = 20;
/// Days that are timed before the arm is built anew, so that a young platform stays young.
const TIMED_DAYS: u64 = 30;

/// Nobody watches.
struct Nobody;

impl Watch for Nobody {}

fn scenario(preset: &str, registered: f64) -> Scenario {
    let text = format!(
        "days = 60\n[population]\nconsumers = {CONSUMERS}\n\
         [start]\nregistered_share = {registered}\n[arm.{preset}]\npreset = \"{preset}\"\n"
    );
    let input = Input { name: "bench", text: &text, folder: Path::new(""), sets: &[] };
    resolve(&input, &CATALOGUE).expect("the bench's scenario is fine").scenario
}

/// The time that `n` days take, some days after the start.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
fn time_of(n: u64, scenario: &Scenario, env: &Arc<Environment>) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = n;
    while left > 0 {
        let mut arm = Arm::new(model::build(&scenario.arms[0], env));
        (0..WARM_UP_DAYS).for_each(|_| drop(arm.step(&mut Nobody)));
        let days = left.min(TIMED_DAYS);
        let begun = Instant::now();
        (0..days).for_each(|_| drop(arm.step(&mut Nobody)));
        spent += begun.elapsed();
        left -= days;
    }
    spent
}

fn days(c: &mut Criterion) {
    let mut group = c.benchmark_group("day");
    group.throughput(Throughput::Elements(u64::from(CONSUMERS))).sample_size(10);
    group.warm_up_time(Duration::from_secs(1));
    for preset in ["traditional", "viral", "kol", "community"] {
        for (age, registered) in [("young", 0.01), ("grown", 0.6)] {
            let scenario = scenario(preset, registered);
            let env = model::environment(&scenario, 0, None).expect("a network can be made");
            let env = Arc::new(env);
            group.bench_function(format!("{preset}/{age}"), |b| {
                b.iter_custom(|n| time_of(n, &scenario, &env));
            });
        }
    }
    group.finish();
}

fn draws(c: &mut Criterion) {
    const STREAM: Stream = Stream::new("bench/lanes");
    let (key, at) = (Key::new(1, 0), Clock::start_of(7));
    let mut group = c.benchmark_group("rng");
    group.throughput(Throughput::Elements(N_LANES as u64));
    group.bench_function("lanes", |b| b.iter(|| lanes(key, STREAM, black_box(6_400), at)));
    let single =
        |first| (0..N_LANES as u32).fold(0, |sum, i| sum ^ key.lane(STREAM, first + i, at));
    group.bench_function("lane by lane", |b| b.iter(|| single(black_box(6_400))));
    group.finish();
}

/// A message of the size of an order's key.
#[derive(Clone, Copy)]
struct Note {
    to: u32,
    from: u32,
}

impl Message for Note {
    type Key = (u32, u32);
    fn to(&self) -> u32 {
        self.to
    }
    fn key(&self) -> (u32, u32) {
        (self.to, self.from)
    }
}

fn routing(c: &mut Criterion) {
    const MESSAGES: u32 = 100_000;
    let shards = Shards::of(CONSUMERS);
    let filled = || {
        let mut outbox = Outbox::new(shards.count(), shards);
        let each = MESSAGES / shards.count() as u32;
        outbox.send(|part, bins| {
            for k in 0..each {
                let from = part as u32 * each + k;
                // A multiplier without a common factor with the range scatters receivers.
                bins.push(Note { to: from.wrapping_mul(48_271) % CONSUMERS, from });
            }
        });
        outbox
    };
    let mut inbox = Inbox::new(shards);
    let mut group = c.benchmark_group("exchange");
    group.throughput(Throughput::Elements(u64::from(MESSAGES)));
    group.bench_function("route", |b| {
        b.iter_batched(filled, |mut outbox| outbox.route(&mut inbox), BatchSize::LargeInput);
    });
    group.finish();
}

/// Networks of 100,000 consumers with 16 ties each.
fn networks(c: &mut Criterion) {
    let mut group = c.benchmark_group("network");
    group.throughput(Throughput::Elements(u64::from(CONSUMERS))).sample_size(10);
    for kind in ["community", "barabasi_albert", "configuration", "erdos_renyi"] {
        let parameters = network::Parameters { kind: kind.to_owned(), ..Default::default() };
        let segments = vec![0; CONSUMERS as usize];
        let made = || network::generate(&parameters, CONSUMERS, &segments, Key::new(1, 0));
        group.bench_function(kind, |b| b.iter(|| made().expect("a network can be made")));
    }
    group.finish();
}

/// Tables from which goods are picked in proportion to their popularity.
fn aliases(c: &mut Criterion) {
    const OPTIONS: usize = 4_000;
    let weights = zipf_weights(OPTIONS, 0.8);
    let table = Alias::new(&weights);
    let mut group = c.benchmark_group("alias");
    group.throughput(Throughput::Elements(OPTIONS as u64));
    group.bench_function("make", |b| b.iter(|| Alias::new(black_box(&weights))));
    let word = |k: u32| k.wrapping_mul(0x9E37_79B9);
    let picks = || (0..OPTIONS as u32).fold(0, |sum, k| sum ^ table.pick(word(k), word(!k)));
    group.bench_function("pick", |b| b.iter(picks));
    group.finish();
}

/// What the decider takes of a grown platform's days, by the books that the engine keeps.
fn deciding(c: &mut Criterion) {
    let scenario = scenario("viral", 0.6);
    let env = Arc::new(model::environment(&scenario, 0, None).expect("a network can be made"));
    let mut group = c.benchmark_group("decider");
    group.throughput(Throughput::Elements(u64::from(CONSUMERS))).sample_size(10);
    group.bench_function("viral/grown", |b| {
        b.iter_custom(|n| {
            let mut arm = Arm::new(model::build(&scenario.arms[0], &env));
            (0..n).for_each(|_| drop(arm.step(&mut Nobody)));
            let beats =
                arm.beats().ranking().into_iter().filter(|((beat, _), _)| *beat == "choose");
            Duration::from_secs_f64(beats.map(|(_, seconds)| seconds).sum())
        });
    });
    group.finish();
}

criterion_group!(benches, days, networks, aliases, draws, routing, deciding);
criterion_main!(benches);
