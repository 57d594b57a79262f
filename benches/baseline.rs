//! What the seam costs: one epidemic by the engine and written by hand, in one run.
//!
//! SIR on a Barabási–Albert graph of degree 20, 50 days, 0.1 % seeds, γ = 0.1; β = 0.01 by
//! events, β = 0.1 by asking everybody. The programs by hand run on the same ties, on two
//! threads, with draws of their own and without addresses, tables or audit. Runs alternate;
//! told are the best of eleven, and the median ratio of a run to the one just before it: where
//! a machine moves its processors apart and together, the best two need not be of one time.
//!
//! ```text
//! cargo bench --bench baseline            # a million consumers
//! cargo bench --bench baseline -- 1e7
//! ```
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and has its own draws")]

use guanxi::engine::audit::Audit;
use guanxi::engine::step::{Arm, Day, Watch};
use guanxi::exchange::Inbox;
use guanxi::market::message::{Answer, Order};
use guanxi::mechanism::world::{Environment, World};
use guanxi::model;
use guanxi::network::{Csr, Ties};
use guanxi::observers::Observers;
use guanxi::scenario::Scenario;
use guanxi::scenario::resolve::{CATALOGUE, Input, resolve};
use guanxi::simd::prefetch;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const DAYS: usize = 50;
const GAMMA: f64 = 0.1;
const REPEATS: usize = 11;

fn main() {
    let n = std::env::args().filter_map(|word| word.parse::<f64>().ok()).next().unwrap_or(1e6);
    let n = n as u32;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("two threads");
    pool.install(|| {
        let env = environment(n);
        let Ties::Stored(ties) = &env.network.ties else { unreachable!("stored ties") };
        let seeds = (n / 1_000).max(1);
        let events = |seed| events(ties, 0.01, seeds, seed);
        compare("events, beta 0.01", &env, &scenario(n, 0.01, "auto"), events);
        let pull = |seed| pull(ties, 0.1, seeds, seed);
        compare("bit-pull, beta 0.1", &env, &scenario(n, 0.1, "auto"), pull);
        ways(n, &env);
    });
}

fn scenario(n: u32, beta: f64, method: &str) -> Scenario {
    let text = format!(
        "days = {DAYS}\nreplicates = 1\n\
         [population]\nconsumers = {n}\ninfluencers = 0\nfollows_mean = 0\n\
         [network]\nkind = \"barabasi_albert\"\nmean_degree = 20\nneighbourhoods = \"even\"\n\
         [market]\nmerchants = 1\noffers_per_merchant = 1\n[start]\nregistered_share = 0\n\
         [need]\nenabled = false\n[attention]\nwaves = 1\n\
         [diffusion]\nenabled = true\nkind = \"sir\"\nseed_share = 0.001\n\
         infection_probability = {beta}\nrecovery_probability = {GAMMA}\nmethod = \"{method}\"\n\
         [arm.sir.search]\nenabled = false\n[arm.sir.feed]\nenabled = false\n\
         [arm.sir.sharing]\nenabled = false\n"
    );
    let input = Input { name: "bench", text: &text, folder: Path::new(""), sets: &[] };
    resolve(&input, &CATALOGUE).expect("the bench's scenario is fine").scenario
}

fn environment(n: u32) -> Arc<Environment> {
    let begun = Instant::now();
    let env =
        model::environment(&scenario(n, 0.01, "auto"), 0, None).expect("a network can be made");
    println!("{n} consumers; building the world took {:.1} s", begun.elapsed().as_secs_f64());
    Arc::new(env)
}

/// Audit and observers, as in a run.
struct Watched {
    audit: Audit,
    observers: Observers,
}

impl Watch for Watched {
    fn placed(&mut self, world: &World, placed: &[Vec<Order>]) {
        self.audit.placed(world, placed);
    }

    fn answered(&mut self, world: &World, answers: &Inbox<Answer>) {
        self.audit.answered(world, answers);
    }

    fn closed(&mut self, world: &World, day: &Day) {
        self.audit.closed(world, day);
        let books = day.books.iter().map(|book| (&book.tally, &book.postings));
        self.observers.day(world, day.day, books);
    }
}

/// Seconds of stepping, and how many were ever infected.
fn engine(env: &Arc<Environment>, scenario: &Scenario) -> (f64, u64) {
    let mut arm = Arm::new(model::build(&scenario.arms[0], env));
    let audit = Audit::new(&arm.world);
    let mut watched = Watched { audit, observers: Observers::new(&arm.world, 0) };
    let begun = Instant::now();
    (0..DAYS).for_each(|_| drop(arm.step(&mut watched)));
    (begun.elapsed().as_secs_f64(), arm.world.spread.expect("something spreads").ever)
}

fn compare(
    name: &str,
    env: &Arc<Environment>,
    scenario: &Scenario,
    by_hand: impl Fn(u64) -> (f64, u64),
) {
    let n = f64::from(env.consumers.n());
    let run = |repeat| [by_hand(repeat), engine(env, scenario)];
    let runs: Vec<_> = (1..=REPEATS as u64).map(run).collect();
    let best = [0, 1].map(|k| runs.iter().map(|run| run[k].0).fold(f64::INFINITY, f64::min));
    let ever = runs[REPEATS - 1].map(|(_, infected)| infected);
    let mut ratios: Vec<f64> = runs.iter().map(|[hand, engine]| engine.0 / hand.0).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    println!("{name}");
    for (k, who) in ["by hand", "engine"].into_iter().enumerate() {
        let speed = n * DAYS as f64 / best[k] / 1e6;
        let (ms, share) = (best[k] * 1e3, ever[k] as f64 / n);
        println!("  {who:8} {ms:9.1} ms {speed:8.0} M agent-steps/s  ever infected {share:.4}");
    }
    println!("  ratio    {:.2}, median of pairs {:.2}", best[1] / best[0], ratios[REPEATS / 2]);
}

/// Where asking everybody becomes quicker than events.
fn ways(n: u32, env: &Arc<Environment>) {
    for beta in [0.02, 0.05, 0.1, 0.2] {
        let best = ["events", "sweep"].map(|method| {
            let scenario = scenario(n, beta, method);
            let seconds = (0..3).map(|_| engine(env, &scenario).0);
            1e3 * seconds.fold(f64::INFINITY, f64::min)
        });
        let [events, sweep] = best;
        println!("engine, beta {beta}: events {events:.1} ms, sweep {sweep:.1} ms");
    }
}

/// A small generator for the programs by hand (wyrand).
struct Dice(u64);

impl Dice {
    fn long(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0xa076_1d64_78bd_642f);
        let wide = u128::from(self.0) * u128::from(self.0 ^ 0xe703_7ed1_a0b4_28db);
        (wide >> 64) as u64 ^ wide as u64
    }

    fn unit(&mut self) -> f64 {
        ((self.long() >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
    }

    /// Failures before a success; `scale` is 1 / ln(1 − p).
    fn gap(&mut self, scale: f64) -> u64 {
        (self.unit().ln() * scale) as u64
    }
}

fn is_set(words: &[u64], i: u32) -> bool {
    words[(i >> 6) as usize] >> (i & 63) & 1 == 1
}

/// Different consumers, at random.
fn some(n: u32, count: u32, dice: &mut Dice) -> Vec<u32> {
    let mut taken = vec![false; n as usize];
    let mut picked = Vec::new();
    while picked.len() < count as usize {
        let i = ((u128::from(dice.long()) * u128::from(n)) >> 64) as u32;
        if !std::mem::replace(&mut taken[i as usize], true) {
            picked.push(i);
        }
    }
    picked
}

/// What one thread has to do: its half of the consumers.
struct Half {
    dice: Dice,
    /// Contacts that its consumers will make, by day and by the half of who is reached.
    calendar: Vec<[Vec<u32>; 2]>,
    new: Vec<u32>,
    first: u32,
    susceptible: Vec<u64>,
}

/// By events: who is infected draws the contacts of the whole period by geometric gaps.
fn events(ties: &Csr, beta: f64, n_seeds: u32, seed: u64) -> (f64, u64) {
    let n = ties.n();
    let middle = n / 128 * 64;
    let half = |k: u32| {
        let (first, end) = if k == 0 { (0, middle) } else { (middle, n) };
        Half {
            dice: Dice(seed << 8 | u64::from(k)),
            calendar: vec![[Vec::new(), Vec::new()]; DAYS],
            new: Vec::new(),
            first,
            susceptible: vec![u64::MAX; (end - first).div_ceil(64) as usize],
        }
    };
    let mut halves = [half(0), half(1)];
    for i in some(n, n_seeds, &mut Dice(seed)) {
        let own = &mut halves[usize::from(i >= middle)];
        let row = i - own.first;
        own.susceptible[(row >> 6) as usize] &= !(1 << (row & 63));
        own.new.push(i);
    }
    let scales = [beta, GAMMA].map(|p| 1.0 / (-p).ln_1p());
    let mut ever = u64::from(n_seeds);
    let begun = Instant::now();
    for day in 0..DAYS {
        let [a, b] = &mut halves;
        rayon::join(
            || reach(a, ties, (day, middle), scales),
            || reach(b, ties, (day, middle), scales),
        );
        let mut due = [&mut a.calendar[day], &mut b.calendar[day]].map(std::mem::take);
        let [[aa, ab], [ba, bb]] = &mut due;
        rayon::join(|| turn(a, [aa, ba]), || turn(b, [ab, bb]));
        ever += (a.new.len() + b.new.len()) as u64;
    }
    (begun.elapsed().as_secs_f64(), ever)
}

/// Contacts of who was infected, from day `first` on.
fn reach(half: &mut Half, ties: &Csr, (first, middle): (usize, u32), scales: [f64; 2]) {
    let mut reached: Vec<(&u32, usize)> = Vec::with_capacity(256);
    for batch in half.new.chunks(64) {
        batch.iter().for_each(|&i| ties.touch_start(i));
        for &i in batch {
            let row = ties.of(i);
            let days = (1 + half.dice.gap(scales[1])).min((DAYS - first) as u64) as usize;
            let mut cell = half.dice.gap(scales[0]) as usize;
            while cell < days * row.len() {
                let (day, k) = (cell / row.len(), cell % row.len());
                prefetch(row, k);
                reached.push((&row[k], first + day));
                cell = cell.saturating_add(1 + half.dice.gap(scales[0]) as usize);
            }
        }
        for (&to, day) in reached.drain(..) {
            half.calendar[day][usize::from(to >= middle)].push(to);
        }
    }
}

/// Who of a half is infected by the contacts of a day.
fn turn(half: &mut Half, contacts: [&mut Vec<u32>; 2]) {
    half.new.clear();
    for &mut to in contacts.into_iter().flatten() {
        let row = to - half.first;
        let (word, mask) = ((row >> 6) as usize, 1 << (row & 63));
        if half.susceptible[word] & mask != 0 {
            half.susceptible[word] &= !mask;
            half.new.push(to);
        }
    }
}

/// By asking: every susceptible counts the infectious among its ties, a bit each.
fn pull(ties: &Csr, beta: f64, n_seeds: u32, seed: u64) -> (f64, u64) {
    let n = ties.n();
    let words = n.div_ceil(64) as usize;
    let (mut susceptible, mut infectious) = (vec![u64::MAX; words], vec![0_u64; words]);
    if !n.is_multiple_of(64) {
        susceptible[words - 1] = (1 << (n % 64)) - 1;
    }
    for i in some(n, n_seeds, &mut Dice(seed)) {
        susceptible[(i >> 6) as usize] &= !(1 << (i & 63));
        infectious[(i >> 6) as usize] |= 1 << (i & 63);
    }
    let chance: Vec<f64> = (0..4_096).map(|c| 1.0 - (1.0 - beta).powi(c)).collect();
    let mut next = infectious.clone();
    let mut dice = [Dice(seed), Dice(!seed)];
    let mut ever = u64::from(n_seeds);
    let begun = Instant::now();
    for _ in 0..DAYS {
        let middle = words / 2;
        let (sa, sb) = susceptible.split_at_mut(middle);
        let (na, nb) = next.split_at_mut(middle);
        let [da, db] = &mut dice;
        let (a, b) = rayon::join(
            || ask(ties, &infectious, 0, sa, na, &chance, da),
            || ask(ties, &infectious, middle, sb, nb, &chance, db),
        );
        ever += a + b;
        std::mem::swap(&mut infectious, &mut next);
    }
    (begun.elapsed().as_secs_f64(), ever)
}

/// One day of some words; returns the number of infections.
fn ask(
    ties: &Csr,
    infectious: &[u64],
    first: usize,
    susceptible: &mut [u64],
    next: &mut [u64],
    chance: &[f64],
    dice: &mut Dice,
) -> u64 {
    let mut infected = 0;
    for (k, (open, next)) in susceptible.iter_mut().zip(next).enumerate() {
        let ill = infectious[first + k];
        let mut left = ill;
        let mut rest = ill;
        while rest != 0 {
            if dice.unit() < GAMMA {
                left &= !(rest & rest.wrapping_neg());
            }
            rest &= rest - 1;
        }
        let (mut rest, mut new) = (*open, 0);
        while rest != 0 {
            let row = rest.trailing_zeros();
            rest &= rest - 1;
            let heard = ties.of((64 * (first + k)) as u32 + row);
            let count = heard.iter().filter(|&&j| is_set(infectious, j)).count();
            if count > 0 && dice.unit() < chance[count.min(4_095)] {
                new |= 1 << row;
            }
        }
        infected += u64::from(u64::count_ones(new));
        *open &= !new;
        *next = left | new;
    }
    infected
}
