//! What a relay does: the deterministic fold over the logs, which entries are appended and what
//! the documents are, and all that follows from it.
//!
//! The way of a push, for one shard:
//!
//! ```text
//!   exchange   exchange   exchange          pushes of one shard, decoded and authorised
//!       |          |          |
//!       +----------+----------+
//!                  |  gathered: what waits by then, within bounds
//!                  v
//!   prepare: for each entry, in order       on copies of the documents:
//!     known already?            --------->  "known"                     not appended
//!     its parents missing?      --------->  "deferred" or "refused"     not appended
//!     fold it into the copy
//!       breaks a rule?          --------->  "refused"                   not appended
//!       changes nothing?        --------->  "known", "not counted"      not appended
//!       changes something       --------->  a record, and a receipt for later
//!                  |
//!                  v
//!   append: the log takes the records       durable on return; one sync for all that wait
//!                  |
//!                  v  install
//!       +----------+---------------+---------------------------+
//!       | where they were          | elsewhere: another node   | not confirmed
//!       | expected                 | appended in between       |
//!       v                          v                           v
//!   the copies take the        drop the copies, read the   drop the copies; "busy"; before
//!   documents' places          log and fold it; receipts   the next batch read the log
//!       |                      as the fold found them      and fold it
//!       v                          v
//!   receipts, due list         receipts, due list
//! ```
//!
//! Modules, in reading order: [`log`] and [`store`] (the ports), [`materialized`] (a document),
//! [`shard`] (a shard's state), [`node`] (what shards share), [`fold_error`]
//! and [`event`] (what a node tells),
//! [`batch`] (checking before appending), [`writer`] (who writes a shard), `tail` (folding what the
//! log has), [`recovery`] (the state after a start), `pull` (answers to readers), `snapshots` (what
//! makes the next start short), `segment_store`, [`floor_policy`] and `floors` (what documents keep
//! of their past, and where the rest is), [`due`] (what waits for the origin), [`pushes`] and
//! [`relay`] (exchanges).
//!
//! The crate is pure: no threads, no clock, no I/O. It may assume the contracts of
//! [`Log`](log::Log) and [`NodeStore`](store::NodeStore). It must never acknowledge what the log
//! has not taken, nor decide by anything that another node would not see.

pub mod batch;
pub mod due;
pub mod event;
pub mod floor_policy;
mod floors;
pub mod fold_error;
pub mod limits;
pub mod log;
mod log_time;
pub mod materialized;
pub mod node;
pub mod outbox;
mod pull;
pub mod pushes;
pub mod recovery;
pub mod relay;
mod segment_store;
pub mod shard;
mod snapshots;
pub mod store;
mod tail;
pub mod writer;

pub use floor_policy::FloorPolicy;
pub use node::RelayNode;
pub use recovery::RecoveryError;
pub use relay::Relay;
