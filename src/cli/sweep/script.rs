//! Scripts that run the shards of a sweep: a job array of SLURM, or a loop of the shell.

use crate::cli::memory;
use crate::cli::sweep::planning::Space;
use crate::scenario::design::Kind;
use clap::ValueEnum;
use std::path::Path;

/// A kind of script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Script {
    /// A job array for `sbatch`.
    Slurm,
    /// A loop, one shard after the other.
    Shell,
}

/// What the script runs.
pub struct Job<'a> {
    /// Name of the scenario.
    pub name: &'a str,
    /// What is swept.
    pub space: &'a Space,
    /// The folder of the whole.
    pub folder: &'a Path,
    /// Memory of the largest world.
    pub bytes: u64,
}

/// A word as a shell takes it.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+%@".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

impl Job<'_> {
    /// The script for so many shards.
    #[must_use]
    pub fn script(&self, kind: Script, shards: u32) -> String {
        match kind {
            Script::Slurm => self.slurm(shards),
            Script::Shell => self.shell(shards),
        }
    }

    /// The command of one shard, whose number stands in a variable of the shell.
    fn sweep(&self, variable: &str, shards: u32) -> String {
        let Space { file, design, vary, points, over } = self.space;
        let mut words = vec![file.to_string_lossy().into_owned()];
        if *design != Kind::Grid {
            words.extend(["--design".to_owned(), design.word().to_owned()]);
        }
        words.extend(vary.iter().flat_map(|one| ["--vary".to_owned(), one.clone()]));
        words.extend(points.iter().flat_map(|n| ["--points".to_owned(), n.to_string()]));
        words.extend(over.all().into_iter().flat_map(|set| ["--set".to_owned(), set]));
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        format!(
            "guanxi sweep {} \\\n    --shard \"${variable}/{shards}\" -o {}\"-shard-${variable}\"",
            words.join(" "),
            self.folder(),
        )
    }

    fn folder(&self) -> String {
        quoted(&self.folder.to_string_lossy())
    }

    /// The command that puts the shards together.
    fn merge(&self) -> String {
        let folder = self.folder();
        format!("guanxi merge {folder}-shard-* -o {folder}")
    }

    fn slurm(&self, shards: u32) -> String {
        let name = quoted(self.name);
        let mebibytes = self.bytes.div_ceil(1 << 20).max(1) + 256;
        format!(
            "#!/bin/sh\n\
             # Submit with sbatch; submit again what was cut short: it goes on where it was.\n\
             #SBATCH --job-name={name}\n\
             #SBATCH --array=1-{shards}\n\
             #SBATCH --cpus-per-task=1\n\
             #SBATCH --mem={mebibytes}M\n\
             set -eu\n\
             {} \\\n    --threads \"${{SLURM_CPUS_PER_TASK:-1}}\" --progress plain\n\
             # When all have ended:\n\
             # {}\n",
            self.sweep("SLURM_ARRAY_TASK_ID", shards),
            self.merge(),
        )
    }

    fn shell(&self, shards: u32) -> String {
        format!(
            "#!/bin/sh\n\
             # {} of memory a world at most. Begun again, it goes on where it was.\n\
             set -eu\n\
             shard=1\n\
             while [ \"$shard\" -le {shards} ]; do\n\
             # Runs that fail are recorded (4), and the others go on.\n\
             {} || [ $? -eq 4 ]\n\
             shard=$((shard + 1))\n\
             done\n\
             {}\n",
            memory::amount(self.bytes),
            self.sweep("shard", shards),
            self.merge(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_reach_the_program_as_they_are() {
        assert_eq!(quoted("arm.a.x=2..5:4"), "arm.a.x=2..5:4");
        assert_eq!(quoted("name=it's $HOME"), "'name=it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
