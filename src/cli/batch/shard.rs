//! Which part of a batch this process does, when several machines share it without a
//! coordinator.

use std::num::NonZeroUsize;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};

/// `--shard` as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardChoice {
    /// `I/N`.
    Given(Shard),
    /// `auto` or `auto/N`: as the scheduler says.
    Auto(Option<NonZeroUsize>),
}

/// Part `index` (from 0) of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: NonZeroUsize,
}

impl Shard {
    /// The part that is the whole.
    pub const WHOLE: Self = Self { index: 0, count: NonZeroUsize::MIN };

    fn new(index: usize, count: NonZeroUsize) -> Result<Self> {
        ensure!(
            index < count.get(),
            "part {} of {count} does not exist; parts are 1/{count} to {count}/{count}",
            index + 1
        );
        Ok(Self { index, count })
    }

    /// Which part it is, from 1.
    pub fn number(self) -> usize {
        self.index + 1
    }

    /// Of how many.
    pub fn count(self) -> usize {
        self.count.get()
    }

    /// Whether the `nth` thing (from 0) belongs to this part.
    pub fn has(self, nth: usize) -> bool {
        nth % self.count == self.index
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

impl FromStr for ShardChoice {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let how = || anyhow!("write I/N, such as 2/8, or auto, or auto/N");
        let (index, count) = match text.split_once('/') {
            Some((index, count)) => (index, Some(count.parse().map_err(|_| how())?)),
            None => (text, None),
        };
        if index == "auto" {
            return Ok(Self::Auto(count));
        }
        let index: NonZeroUsize = index.parse().map_err(|_| how())?;
        Ok(Self::Given(Shard::new(index.get() - 1, count.ok_or_else(how)?)?))
    }
}

impl ShardChoice {
    /// The part that is meant; `get` reads the environment.
    ///
    /// # Errors
    /// If no scheduler says which, or not how many parts there are.
    pub fn resolve(self, get: impl Fn(&str) -> Option<String>) -> Result<Shard> {
        let count = match self {
            Self::Given(shard) => return Ok(shard),
            Self::Auto(count) => count,
        };
        let number = |name: &str| -> Result<Option<usize>> {
            let text = get(name).filter(|text| !text.is_empty());
            text.map(|t| t.parse().with_context(|| format!("{name}={t} is no number"))).transpose()
        };
        if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let tasks = number("SLURM_ARRAY_TASK_COUNT")?.and_then(NonZeroUsize::new);
            let count = count.or(tasks).context("SLURM_ARRAY_TASK_COUNT is not set")?;
            return Shard::new(id.saturating_sub(first) / step, count);
        }
        let index = number("JOB_COMPLETION_INDEX")?.context(
            "--shard auto: neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set; write \
             --shard I/N",
        )?;
        let count = count.context(
            "--shard auto: Kubernetes does not say how many parts there are; write --shard auto/N",
        )?;
        Shard::new(index, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str, environment: &[(&str, &str)]) -> Result<Shard, String> {
        let get = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
        };
        let choice: Result<ShardChoice> = text.parse();
        choice.and_then(|choice| choice.resolve(get)).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn every_thing_belongs_to_one_part() {
        for nth in 0..20 {
            let parts = (1..=3).filter(|i| resolve(&format!("{i}/3"), &[]).unwrap().has(nth));
            assert_eq!(parts.count(), 1);
        }
        assert!((0..9).all(|nth| Shard::WHOLE.has(nth)));
    }

    #[test]
    fn schedulers_are_understood() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(resolve("auto", &slurm).unwrap().to_string(), "4/4");
        let indexed = [("JOB_COMPLETION_INDEX", "0")];
        assert_eq!(resolve("auto/8", &indexed).unwrap().to_string(), "1/8");
        assert!(resolve("auto", &indexed).unwrap_err().contains("write --shard auto/N"));
        assert!(resolve("auto", &[]).unwrap_err().contains("write --shard I/N"));
    }

    #[test]
    fn nonsense_is_told() {
        let how = "write I/N, such as 2/8, or auto, or auto/N";
        for text in ["3", "0/3", "a/3", "1/0", "1/", ""] {
            assert_eq!(resolve(text, &[]).unwrap_err(), how, "{text}");
        }
        assert_eq!(
            resolve("4/3", &[]).unwrap_err(),
            "part 4 of 3 does not exist; parts are 1/3 to 3/3"
        );
    }
}
