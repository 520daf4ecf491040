//! Repeats a measure until its median is worth something.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::failure::Failure;

/// What repeated runs took.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Sample {
    pub median_ns: u64,
    pub least_ns: u64,
    /// A quarter of the runs took less, a quarter more than these.
    pub quartiles_ns: (u64, u64),
    pub runs: usize,
}

/// How often something is run: until the time is up, within these bounds.
const RUNS: std::ops::Range<usize> = 3..101;
const TIME: Duration = Duration::from_millis(1_000);

/// A run this long is not repeated: nobody waits for its spread.
const LONG: Duration = Duration::from_secs(10);

impl Sample {
    /// The sample of these durations; `None` of none.
    pub fn of(mut runs: Vec<Duration>) -> Option<Sample> {
        runs.sort_unstable();
        let at = |part: usize| {
            let run = runs.get((runs.len().checked_sub(1)? * part + 2) / 4)?;
            u64::try_from(run.as_nanos()).ok()
        };
        Some(Sample {
            median_ns: at(2)?,
            least_ns: at(0)?,
            quartiles_ns: (at(1)?, at(3)?),
            runs: runs.len(),
        })
    }

    /// Runs `measured` on what `prepared` gives. Preparing does not count, nor does what comes
    /// afterwards: `checked`, and giving memory back.
    pub fn take<P, R>(
        mut prepared: impl FnMut() -> Result<P, Failure>,
        mut measured: impl FnMut(P) -> Result<R, Failure>,
        mut checked: impl FnMut(&R) -> Result<(), Failure>,
    ) -> Result<Sample, Failure> {
        let begun = Clock::now();
        let mut runs = Vec::new();
        loop {
            let input = prepared()?;
            let run = Clock::now();
            let output = measured(input)?;
            runs.push(run.elapsed());
            checked(&output)?;
            drop(output);
            let long = runs.last().is_some_and(|run| *run > LONG);
            let enough = runs.len() >= RUNS.start && begun.elapsed() > TIME;
            if long || enough || runs.len() == RUNS.end {
                return Sample::of(runs).ok_or(Failure::Absent);
            }
        }
    }
}
