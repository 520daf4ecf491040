//! What to run, and what came of it.
//!
//! Must never hold what does not follow from the plan, times on a clock above all.

use redwedding_replica::testing::Struck;

/// Of which kind runs are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Runs {
    /// Faults of all kinds.
    Short,
    /// The same, and a few waiting saves are joined and kept already, as hundreds are else.
    Joining,
    /// Faults of all kinds, and some saves are on a condition.
    Conditional,
    /// The relay is away for long, with many saves meanwhile.
    Long,
}

impl Runs {
    /// What `scripts/simulate` calls them.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Short => "",
            Self::Joining => "joining ",
            Self::Conditional => "conditional ",
            Self::Long => "long ",
        }
    }
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Of which kind the run is.
    pub(crate) runs: Runs,
    /// Everything follows from it.
    pub(crate) seed: u64,
    /// How many things happen before the end; 0 lets the seed choose.
    pub(crate) actions: usize,
    /// Kinds of faults that are left out, one bit each.
    pub(crate) without: u64,
    /// Whether to write down what happens.
    pub(crate) traced: bool,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What was wrong; empty for a good run.
    pub(crate) failures: Vec<String>,
    /// What happened, where it was asked for.
    pub(crate) trace: Vec<String>,
    /// Acknowledged saves.
    pub(crate) saves: usize,
    /// Reads that were answered.
    pub(crate) reads: usize,
    /// Saves and reads that were refused for now.
    pub(crate) refused: usize,
    /// Sandboxes that died.
    pub(crate) deaths: usize,
    /// The most calls to ports that one request made.
    pub(crate) calls: usize,
    /// Actions before the end.
    pub(crate) actions: usize,
    /// Rounds that it took to settle.
    pub(crate) rounds: usize,
    /// The most saves that waited for the log at the end of an outage.
    pub(crate) waiting: usize,
    /// How often each kind of fault happened.
    pub(crate) struck: Struck,
    /// Virtual time that passed, in ms.
    pub(crate) passed_ms: u64,
}

impl Report {
    /// Adds another run to what runs came to.
    pub(crate) fn add(&mut self, other: &Self) {
        self.saves += other.saves;
        self.reads += other.reads;
        self.refused += other.refused;
        self.deaths += other.deaths;
        self.calls = self.calls.max(other.calls);
        self.rounds = self.rounds.max(other.rounds);
        self.waiting = self.waiting.max(other.waiting);
        self.struck.add(&other.struck);
        self.passed_ms += other.passed_ms;
    }
}
