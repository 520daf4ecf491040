//! The platform's clocks: the one place where this program asks for the time.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// When this sandbox first looked at the clock that does not jump.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The time in ms since 1970; 0 where the clock stands before that.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// Milliseconds on a clock that never goes back, for durations.
pub(crate) fn monotonic_ms() -> u64 {
    START.elapsed().as_millis() as u64
}

/// A moment until which something is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(u64);

impl Deadline {
    /// So many ms from now on.
    pub(crate) fn after(wait_ms: u64) -> Self {
        Self(monotonic_ms().saturating_add(wait_ms))
    }

    /// How much time is left, in ms.
    pub(crate) fn left_ms(self) -> u64 {
        self.0.saturating_sub(monotonic_ms())
    }
}
