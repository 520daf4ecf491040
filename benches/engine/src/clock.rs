//! The clock that everything is measured with: the thread's own, which stands still while others
//! have the processor. All engines do their work on the thread that asks for it.

#[cfg(not(target_family = "wasm"))]
pub use cpu_time::ThreadTime as Clock;

/// Wasm has none but the one on the wall.
#[cfg(target_family = "wasm")]
pub use std::time::Instant as Clock;
