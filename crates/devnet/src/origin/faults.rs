//! Ways in which the origin can be told to misbehave.
//!
//! The faults are those of real origins: slow, away, and the worst of all,
//! failing after the write was committed. They act on answers only: what is
//! stored is never wrong.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a client of a committed write gets to see instead of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterCommit {
    /// No answer, for as long as the client waits (ten minutes at most).
    Hang,
    /// `504 Gateway Timeout`, after this long.
    GatewayTimeout(Duration),
}

#[derive(Debug, Default)]
struct Switches {
    delay: Duration,
    down: bool,
    /// What the next writes meet, the last one first.
    after_commit: Vec<AfterCommit>,
}

/// Switches for faults. All are off at the start.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Switches>);

impl Faults {
    fn with<T>(&self, change: impl FnOnce(&mut Switches) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Delays every request by this long before it is handled.
    pub fn set_delay(&self, delay: Duration) {
        self.with(|switches| switches.delay = delay);
    }

    /// While down, every request is answered `503`, and nothing is done.
    pub fn set_down(&self, down: bool) {
        self.with(|switches| switches.down = down);
    }

    /// Lets the next `count` writes that make a revision fail after they were
    /// committed.
    pub fn fail_after_commit(&self, count: u32, how: AfterCommit) {
        self.with(|switches| {
            switches.after_commit = vec![how; count as usize];
        });
    }

    /// Switches everything off.
    pub fn clear(&self) {
        self.with(|switches| *switches = Switches::default());
    }

    /// How long to wait before a request, and whether to refuse it then.
    pub(super) fn before(&self) -> (Duration, bool) {
        self.with(|switches| (switches.delay, switches.down))
    }

    /// Takes the fault for a write that was just committed, if one is due.
    pub(super) fn take_after_commit(&self) -> Option<AfterCommit> {
        self.with(|switches| switches.after_commit.pop())
    }
}
