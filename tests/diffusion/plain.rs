//! Classical diffusion written plainly: consumer after consumer, day after day.

use guanxi::mechanism::world::Environment;
use guanxi::parameter::Value;
use guanxi::quantity::math::{exp, ln_1p, quick_exp, quick_ln};
use guanxi::quantity::time::Clock;
use guanxi::rng::{Stream, unit};
use guanxi::scenario::Scenario;
use std::collections::BTreeSet;

const SEED: Stream = Stream::new("diffusion/seed");
const CONTACT: Stream = Stream::new("diffusion/contact");
const INFECTION: Stream = Stream::new("diffusion/infection");
const THRESHOLD: Stream = Stream::new("diffusion/threshold");

/// The state of everybody.
struct Plain<'a> {
    env: &'a Environment,
    scenario: &'a Scenario,
    /// Susceptible, infectious, recovered.
    state: Vec<u8>,
    /// Last day of being infectious.
    last: Vec<u64>,
    /// (day, consumer) of contacts that infect.
    contacts: BTreeSet<(u64, u32)>,
}

/// Susceptible, infected, recovered and new, by day.
pub fn run(scenario: &Scenario, env: &Environment) -> Vec<[u64; 4]> {
    let n = env.consumers.n() as usize;
    let (state, last) = (vec![0; n], vec![u64::MAX; n]);
    let mut plain = Plain { env, scenario, state, last, contacts: BTreeSet::new() };
    for i in plain.seeds() {
        plain.infect(i, 0);
    }
    (0..env.days).map(|day| plain.day(day)).collect()
}

impl Plain<'_> {
    fn value(&self, key: &str) -> &Value {
        let setting = self.scenario.arms[0].mechanisms.iter().find(|s| s.spec.name == "diffusion");
        setting.expect("it is there").values.value(key)
    }

    fn number(&self, key: &str) -> f64 {
        match self.value(key) {
            Value::Number(x) => *x,
            Value::Integer(n) => *n as f64,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn word(&self, key: &str) -> &str {
        match self.value(key) {
            Value::Text(text) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn n(&self) -> u32 {
        self.env.consumers.n()
    }

    /// The far ends of a consumer's ties; computed ones may lead back.
    fn row(&self, i: u32) -> Vec<u32> {
        let network = &self.env.network;
        (0..network.degree(i)).map(|k| network.audience(i, k)).collect()
    }

    fn heard(&self, i: u32) -> Vec<u32> {
        self.row(i).into_iter().filter(|j| *j != i).collect()
    }

    fn seeds(&self) -> Vec<u32> {
        let mut ranked: Vec<u32> = (0..self.n()).collect();
        let by_degree = self.word("seed_by") == "degree";
        ranked.sort_by_key(|&i| match by_degree {
            true => u32::MAX - self.env.network.degree(i),
            false => self.env.key.word(SEED, i, Clock::default(), 0),
        });
        ranked.truncate(self.number("seed_count") as usize);
        ranked
    }

    /// β, γ; none where it is no infection.
    fn course(&self) -> Option<(f64, f64)> {
        let beta = self.number("infection_probability");
        match self.word("kind") {
            "si" => Some((beta, 0.0)),
            "sis" | "sir" => Some((beta, self.number("recovery_probability"))),
            "independent_cascade" => Some((self.number("activation_probability"), 1.0)),
            _ => None,
        }
    }

    fn by_events(&self) -> bool {
        let complete = matches!(self.env.network.ties, guanxi::network::Ties::Complete { .. });
        !complete && self.word("method") == "events"
    }

    /// `i` is infectious from day `first` on.
    fn infect(&mut self, i: u32, first: u64) {
        self.state[i as usize] = 1;
        let Some((beta, gamma)) = self.course() else { return };
        let at = Clock::start_of(first as u16);
        let gaps = (0..).flat_map(|item| {
            let mut draws = self.env.key.draws(CONTACT, i, at, item);
            [draws.fine_unit(), draws.fine_unit()].map(|u| -quick_ln(u))
        });
        let failures = |e: f64, p: f64| match p {
            1.0 => 0,
            p => (e * (1.0 / ln_1p(-p).abs())) as u64,
        };
        let mut gaps = gaps.collect_lazily();
        self.last[i as usize] = first.saturating_add(failures(gaps.next(), gamma));
        if !self.by_events() {
            return;
        }
        let heard = self.row(i);
        let mut cell = 0_u64;
        loop {
            cell = cell.saturating_add(failures(gaps.next(), beta));
            let day = first + cell / heard.len() as u64;
            if day > self.last[i as usize] || day >= u64::from(self.env.days) {
                return;
            }
            self.contacts.insert((day, heard[(cell % heard.len() as u64) as usize]));
            cell += 1;
        }
    }

    /// Whether a susceptible consumer is infected today.
    fn is_infected(&self, j: u32, day: u16) -> bool {
        let at = Clock::start_of(day);
        if self.course().is_some() && self.by_events() {
            return self.contacts.contains(&(u64::from(day), j));
        }
        let heard = self.heard(j);
        let active = heard.iter().filter(|&&i| self.state[i as usize] == 1).count();
        let word = self.env.key.lane(INFECTION, j, at);
        let share = active as f64 / heard.len() as f64;
        match (self.course(), self.word("kind")) {
            (Some((beta, _)), _) => {
                let escaped = if active == 0 { 1.0 } else { exp(active as f64 * ln_1p(-beta)) };
                u64::from(word) < ((1.0 - escaped) * 4_294_967_296.0) as u64
            }
            (None, "bass") => {
                let period = self.number("period_days");
                let [p, q] = ["innovation", "imitation"].map(|key| self.number(key) / period);
                unit(word) < 1.0 - quick_exp(-(p + q * share))
            }
            _ => {
                let drawn = self.env.key.unit(THRESHOLD, j, Clock::default(), 0);
                let same = self.word("threshold_law") == "same";
                let threshold = if same { self.number("threshold") } else { drawn };
                active > 0 && active as f64 >= threshold * heard.len() as f64
            }
        }
    }

    fn day(&mut self, day: u16) -> [u64; 4] {
        let open = (0..self.n()).filter(|&j| self.state[j as usize] == 0);
        let new: Vec<u32> = open.filter(|&j| self.is_infected(j, day)).collect();
        let again = self.word("kind") == "sis";
        for i in 0..self.n() as usize {
            if self.state[i] == 1 && self.last[i] == u64::from(day) {
                self.state[i] = if again { 0 } else { 2 };
            }
        }
        new.iter().for_each(|&j| self.infect(j, u64::from(day) + 1));
        let count = |state| self.state.iter().filter(|s| **s == state).count() as u64;
        [count(0), count(1), count(2), new.len() as u64]
    }
}

/// Numbers one after the other, of an iterator without end.
struct Endless<I>(I);

impl<I: Iterator<Item = f64>> Endless<I> {
    fn next(&mut self) -> f64 {
        self.0.next().expect("there is no end")
    }
}

/// Turns an iterator into such numbers.
trait Lazily: Iterator<Item = f64> + Sized {
    fn collect_lazily(self) -> Endless<Self> {
        Endless(self)
    }
}

impl<I: Iterator<Item = f64>> Lazily for I {}

/// Every infectious consumer tries every tie every day, with a generator of its own; shares
/// ever infected and infectious after twelve days of thirty.
pub fn trials(env: &Environment, again: bool, (beta, gamma): (f64, f64), seed: u64) -> [f64; 2] {
    use rand::{RngExt, SeedableRng};
    let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
    let n = env.consumers.n();
    let (mut state, mut ever) = (vec![0; n as usize], vec![false; n as usize]);
    let mut seeds: Vec<u32> = (0..n).collect();
    seeds.sort_by_key(|&i| env.key.word(SEED, i, Clock::default(), 0));
    for &i in &seeds[..20] {
        (state[i as usize], ever[i as usize]) = (1, true);
    }
    let mut ill_on_day_12 = 0.0;
    for day in 0..30 {
        let mut next = state.clone();
        for i in (0..n).filter(|&i| state[i as usize] == 1) {
            for j in (0..env.network.degree(i)).map(|k| env.network.audience(i, k) as usize) {
                if dice.random_bool(beta) && state[j] == 0 {
                    (next[j], ever[j]) = (1, true);
                }
            }
            if dice.random_bool(gamma) {
                next[i as usize] = if again { 0 } else { 2 };
            }
        }
        state = next;
        if day == 11 {
            ill_on_day_12 = state.iter().filter(|s| **s == 1).count() as f64 / f64::from(n);
        }
    }
    [ever.iter().filter(|ever| **ever).count() as f64 / f64::from(n), ill_on_day_12]
}
