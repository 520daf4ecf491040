//! Limits of the server alone, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where.

use std::time::Duration;

pub use redwedding_fold::limits::*;

/// Exchanges whose pushes may wait for the worker of one shard.
pub const QUEUED_PUSHES: usize = 512;
/// How long the entries of one batch are folded, about. Who pushed waits two seconds
/// ([`RELAY_BACKGROUND_MS`](redwedding_replica::limits::RELAY_BACKGROUND_MS)), and perhaps for the
/// batch before.
pub const BATCH_TIME: Duration = Duration::from_millis(500);
/// Exchanges and questions for segments that are answered at a time.
pub const EXCHANGES: usize = 512;
/// KiB of request bodies that are in memory at a time.
pub const BODY_KIB: usize = 256 << 10;
/// Connections at a time.
pub const CONNECTIONS: usize = 4_096;
