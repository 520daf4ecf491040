//! The deterministic fold over the logs: which entries are appended, and what the
//! documents are.
//!
//! The way of a push, for one shard:
//!
//! ```text
//!   exchange   exchange   exchange          pushes of one shard, decoded and authorised
//!       |          |          |
//!       +----------+----------+
//!                  |  queues                full: "busy", at once
//!                  v
//!   worker: gather a batch                  what waits by then, within bounds
//!                  |
//!                  v
//!   batch: for each entry, in order         on copies of the documents:
//!     known already?            --------->  "known"                     not appended
//!     its parents missing?      --------->  "deferred" or "refused"     not appended
//!     fold it into the copy
//!       breaks a rule?          --------->  "refused"                   not appended
//!       changes nothing?        --------->  "known", "not counted"      not appended
//!       changes something       --------->  a record, and a receipt for later
//!                  |
//!                  v
//!   log: append the records                 durable on return; one sync for all that wait
//!                  |
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
//! Modules, in reading order: `materialized` (a document), `shard` (a shard's state), `node`
//! (what shards share), `queues` and `batch` (checking before appending), `worker` (the thread
//! that owns a shard), `tail` (folding what the log has), `recovery` (the state after a start),
//! `pull` (answers to readers), `snapshots` (what makes the next start short), `segment_store`,
//! `floor_policy` and `floors` (what documents keep of their past, and where the rest is).
//!
//! May assume the contracts of [`Log`](crate::log::Log) and [`NodeStore`](crate::store::NodeStore).
//! Must never acknowledge what the log has not taken, nor decide by anything that another node
//! would not see.

mod batch;
mod floor_policy;
mod floors;
mod materialized;
mod node;
mod pull;
mod queues;
mod recovery;
mod segment_store;
mod shard;
mod snapshots;
mod tail;
mod worker;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redwedding_document::Segment;
use redwedding_replica::sync::{Pull, Receipt};
use redwedding_wire::identity::{Digest, DocumentKey};

pub use floor_policy::FloorPolicy;
pub use materialized::{EntryAt, MaterializedDocument};
pub use node::{Clock, RelayNode};
pub use pull::PullAnswer;
pub use queues::PushedEntry;
pub use recovery::RecoveryError;
pub use shard::{FoldError, Shard, ShardState};

use crate::limits;
use crate::log::ReadError;
use crate::store::NodeStoreError;
use floors::FloorPass;
use queues::Queues;
use worker::Worker;

/// All shards with their workers.
pub struct Fold {
    /// What they share.
    pub node: Arc<RelayNode>,
    /// The shards, by number.
    pub shards: Vec<Arc<Shard>>,
    queues: Queues,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Fold {
    /// Recovers the shards' state from snapshots and logs, then starts to work. Blocks for as long
    /// as the logs have to be replayed.
    ///
    /// # Errors
    /// If the state cannot be recovered, or a thread not started. Nothing is served then, and
    /// nothing was changed.
    pub fn start(node: RelayNode) -> Result<Self, RecoveryError> {
        let node = Arc::new(node);
        let (mut shards, mut threads) = (Vec::new(), Vec::new());
        for number in 0..limits::SHARDS {
            shards.push(Arc::new(recovery::recover(&node, number)?));
        }
        let queues = Queues::default();
        for shard in &shards {
            let worker = Worker::new(Arc::clone(&node), Arc::clone(shard), queues.open());
            let thread = std::thread::Builder::new().name(format!("shard-{}", shard.number));
            threads.push(thread.spawn(move || worker.run()).map_err(RecoveryError::Thread)?);
        }
        Ok(Self { node, shards, queues, threads: Mutex::new(threads) })
    }

    /// Has entries of one shard appended, in order. Gives one receipt for each.
    pub async fn push(&self, shard: u16, pushes: Vec<PushedEntry>) -> Vec<Receipt> {
        let busy = vec![Receipt::Busy; pushes.len()];
        match self.queues.submit(shard, pushes) {
            Some(receipts) => receipts.await.unwrap_or(busy),
            None => busy,
        }
    }

    /// What is new for `pull`, in at most `budget` bytes. Blocks.
    ///
    /// # Errors
    /// If the log cannot be read, or is damaged.
    pub fn pull(&self, pull: &Pull, budget: usize) -> Result<PullAnswer, ReadError> {
        let shard = &self.shards[usize::from(pull.document.shard(limits::SHARDS))];
        pull::answer(&self.node, shard, pull, budget)
    }

    /// The segment of a document's archive with this name, nothing in it compressed; `None` if
    /// there is none. Blocks.
    ///
    /// # Errors
    /// If the store cannot be read, or what it has is no segment.
    pub fn segment(
        &self,
        document: &DocumentKey,
        name: Digest,
    ) -> Result<Option<Vec<u8>>, NodeStoreError> {
        let found = self.node.store.segment(document.digest(), name)?;
        let plain = found.map(|packed| Segment::plain(&packed));
        plain.transpose().map_err(|error| NodeStoreError(error.to_string()))
    }

    /// Moves the floors of documents that were written to the origin since the last call, or of
    /// some of them. Gives how many it moved. Blocks.
    pub fn move_floors(&self) -> usize {
        FloorPass { node: &self.node, shards: &self.shards, queues: &self.queues }.run()
    }

    /// Writes the snapshots of all documents that changed. Blocks.
    pub fn write_snapshots(&self) {
        snapshots::write_all(&self.node, &self.shards);
    }

    /// Takes no more, finishes what was taken, and writes snapshots. Blocks.
    pub fn stop(&self) {
        self.queues.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard's worker ended in a panic");
            }
        }
        self.write_snapshots();
    }
}
