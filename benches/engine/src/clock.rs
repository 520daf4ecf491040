//! The clock that everything is measured with: the thread's own, which stands still while others
//! have the processor. All engines do their work on the thread that asks for it.

use std::time::Duration;

#[cfg(not(target_family = "wasm"))]
pub use cpu_time::ThreadTime as Clock;

/// Wasm has none but the one on the wall.
#[cfg(target_family = "wasm")]
pub use std::time::Instant as Clock;

use crate::failure::Failure;

/// When whatever runs step by step has to give up, by that clock.
#[derive(Clone, Copy)]
pub struct Deadline {
    begun: Clock,
    limit: Duration,
}

impl Deadline {
    /// `limit` from now.
    pub fn after(limit: Duration) -> Deadline {
        Deadline { begun: Clock::now(), limit }
    }

    /// Fails once the time is up.
    pub fn check(self) -> Result<(), Failure> {
        match self.begun.elapsed() > self.limit {
            true => Err(Failure::TooLong(self.limit)),
            false => Ok(()),
        }
    }
}
