//! The clock of the program.
//!
//! Must never be asked by the fold: what it says is an argument there.

use std::sync::Arc;

/// Gives the time, in ms since 1970. It may jump; log time will not go back.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;
