//! Memory: what is free, what a scenario takes, and what would fit.

use crate::model::estimate::{Estimate, estimate};
use crate::scenario::Scenario;
use std::fs::read_to_string;
use std::path::Path;

const UNITS: [(&str, u64); 12] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("t", 1 << 40),
    ("g", 1 << 30),
    ("m", 1 << 20),
    ("b", 1),
];

/// Bytes from a text such as `8GiB`, `500 MB` or `1000000`.
///
/// # Errors
/// Where it is no amount of memory.
pub fn parse(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let unit = UNITS.iter().find(|(suffix, _)| lower.ends_with(suffix));
    let digits = unit
        .map_or(lower.as_str(), |(suffix, _)| lower.strip_suffix(suffix).unwrap_or(&lower))
        .trim();
    let amount: f64 = digits.parse().map_err(|_| "write it as 8GiB or 500MB".to_owned())?;
    let bytes = amount * unit.map_or(1.0, |(_, size)| *size as f64);
    match bytes.is_finite() && (1.0..1e18).contains(&bytes) {
        true => Ok(bytes as u64),
        false => Err("it must be from 1 byte to 10^18".to_owned()),
    }
}

/// Bytes as people read them.
#[must_use]
pub fn amount(bytes: u64) -> String {
    let found = UNITS[..4].iter().find(|(_, size)| bytes >= *size);
    let names = ["TiB", "GiB", "MiB", "KiB"];
    match found.and_then(|unit| UNITS.iter().position(|other| other == unit)) {
        Some(index) => format!("{:.1} {}", bytes as f64 / UNITS[index].1 as f64, names[index]),
        None => format!("{bytes} bytes"),
    }
}

/// The memory that this process may still take; none where the system does not say.
#[must_use]
pub fn available() -> Option<u64> {
    let free = read_to_string("/proc/meminfo").ok();
    let free = free.and_then(|text| kibibytes(&text, "MemAvailable:"));
    [free, cgroup_two(), cgroup_one()].into_iter().flatten().min()
}

/// The amount in a line of the kernel's tables, in bytes.
fn kibibytes(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The most memory that this process has had so far; none where the system does not say.
#[must_use]
pub fn peak() -> Option<u64> {
    read_to_string("/proc/self/status").ok().and_then(|text| kibibytes(&text, "VmHWM:"))
}

/// The tightest limit of the process's control group and its parents, version 2.
fn cgroup_two() -> Option<u64> {
    let groups = read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
    let root = Path::new("/sys/fs/cgroup");
    let folder = root.join(own);
    let folders = folder.ancestors().take_while(|path| path.starts_with(root));
    folders.filter_map(|path| left(&path.join("memory.max"), &path.join("memory.current"))).min()
}

fn cgroup_one() -> Option<u64> {
    let folder = Path::new("/sys/fs/cgroup/memory");
    left(&folder.join("memory.limit_in_bytes"), &folder.join("memory.usage_in_bytes"))
}

fn left(limit: &Path, used: &Path) -> Option<u64> {
    let number = |path| read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(number(limit)?.saturating_sub(number(used)?))
}

/// The sum of an estimate and its parts in one line.
#[must_use]
pub fn line(estimate: &Estimate) -> String {
    let part = |(what, bytes): &(&str, u64)| format!("{what} {}", amount(*bytes));
    let parts: Vec<_> = estimate.parts.iter().map(part).collect();
    format!("{} ({})", amount(estimate.total_bytes()), parts.join(", "))
}

/// The parts of an estimate, one a line, with the sum.
fn breakdown(estimate: &Estimate) -> String {
    let part = |(what, bytes): &(&str, u64)| format!("  {:>12}  {what}\n", amount(*bytes));
    let parts: String = estimate.parts.iter().map(part).collect();
    format!("{parts}  {:>12}  in all", amount(estimate.total_bytes()))
}

/// The sentence of refusal, if the estimate is more than is free.
#[must_use]
pub fn refusal(scenario: &Scenario, needed: &Estimate, free: Option<u64>) -> Option<String> {
    let free = free.filter(|&free| needed.total_bytes() > free)?;
    let advice = match fitting(scenario, free) {
        _ if scenario.network.kind == "file" => {
            "the population is given by the network's file".to_owned()
        }
        Some(consumers) => {
            format!("about {consumers} consumers would fit: --set population.consumers={consumers}")
        }
        None => "not even the smallest population would fit".to_owned(),
    };
    Some(format!(
        "the scenario needs {} of memory, but only {} is available\n{}\n{advice}\n\
         --memory-limit states how much may be taken if this is wrong",
        amount(needed.total_bytes()),
        amount(free),
        breakdown(needed),
    ))
}

/// The most consumers, to two digits, that fit in so many bytes.
fn fitting(scenario: &Scenario, free: u64) -> Option<u32> {
    let fits = |consumers: u32| estimate(scenario, consumers).total_bytes() <= free;
    let (mut low, mut high) = (2, scenario.population.consumers);
    if !fits(low) {
        return None;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(middle) { low = middle } else { high = middle }
    }
    let scale = 10_u32.pow(low.ilog10().saturating_sub(1));
    Some(low / scale * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, bytes) in [("8GiB", 8 << 30), ("500 MB", 500_000_000), ("1024", 1024)] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "lots", "-1GB", "nan", "1e30GB", "0"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(amount(3 << 29), "1.5 GiB");
        assert_eq!(amount(12), "12 bytes");
    }

    #[test]
    fn the_kernels_table_is_read() {
        let text = "MemTotal: 100 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(kibibytes(text, "MemAvailable:"), Some(2 << 20));
        assert_eq!(kibibytes("MemTotal: 1 kB", "MemAvailable:"), None);
    }
}
