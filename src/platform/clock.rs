//! The platform's clock: the one place where this program asks for the time.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in ms since 1970; 0 where the clock stands before that.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
