//! The deterministic fold over the logs: which entries are appended, and what the
//! documents are.
//!
//! Modules, in reading order: `materialized` (a document), `shard` (a shard's state),
//! `batch` (checking before appending), `worker` (the thread that owns a shard),
//! `recovery` (the state after a start), `pull` (answers to readers), `snapshot`
//! (what makes the next start short), `segment_store` and `floors` (what documents keep of
//! their past, and where the rest is).
//!
//! May assume the contracts of [`Log`] and [`Store`]. Must never acknowledge what
//! the log has not taken, nor decide by anything that another node would not see.

mod batch;
mod floors;
mod materialized;
mod pull;
mod recovery;
mod segment_store;
mod shard;
mod snapshot;
mod worker;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use redwedding_document::Segment;
use redwedding_replica::sync::Receipt;
use redwedding_wire::identity::{Digest, DocumentKey};
use tokio::sync::{mpsc, oneshot};

use crate::limits;

pub use batch::Pushed;
pub use floors::Floors;
pub use materialized::MaterializedDocument;
pub use recovery::RecoveryError;
pub use shard::{FoldError, Shard, ShardState};

use crate::due::{DueList, due_ms};
use crate::log::{AppendError, Log};
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use worker::{Submission, Worker};

/// Gives the time, in ms since 1970. It may jump; log time will not go back.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Exchanges that may wait for one shard.
const QUEUE: usize = 512;

/// What all shards share.
pub struct Node {
    /// The logs.
    pub log: Arc<dyn Log>,
    /// What is kept beside them.
    pub store: Arc<dyn Store>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    clock: Clock,
    latest_ms: AtomicU64,
    flush_interval_ms: u64,
    due: Mutex<DueList>,
    floors: Floors,
    /// Documents written to the origin since their floors were looked at.
    flushed: Mutex<BTreeSet<DocumentKey>>,
    /// Whether the last append reached the log.
    writable: AtomicBool,
    /// Entries appended since the last snapshots.
    appended: AtomicU64,
}

impl Node {
    /// A node over these.
    pub fn new(
        log: Arc<dyn Log>,
        store: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        clock: Clock,
        flush_interval_ms: u64,
    ) -> Self {
        Self {
            log,
            store,
            metrics,
            clock,
            latest_ms: AtomicU64::new(0),
            flush_interval_ms,
            due: Mutex::default(),
            floors: Floors::default(),
            flushed: Mutex::default(),
            writable: AtomicBool::new(true),
            appended: AtomicU64::new(0),
        }
    }

    /// The same, with floors as these say.
    pub fn with_floors(self, floors: Floors) -> Self {
        Self { floors, ..self }
    }

    fn flushed(&self) -> MutexGuard<'_, BTreeSet<DocumentKey>> {
        self.flushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Log time: the clock's, but never less than before.
    pub fn now_ms(&self) -> u64 {
        let now_ms = (self.clock)();
        self.latest_ms.fetch_max(now_ms, Ordering::Relaxed).max(now_ms)
    }

    /// The due list. Held briefly.
    pub fn due(&self) -> MutexGuard<'_, DueList> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the log took the last batch.
    pub fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    /// Tries whether the log can be written (again). Blocks.
    pub fn probe(&self) -> bool {
        let writable = self.log.append(0, Vec::new()).is_ok();
        self.writable.store(writable, Ordering::Relaxed);
        writable
    }

    /// Entries appended since this was called last.
    pub fn take_appended(&self) -> u64 {
        self.appended.swap(0, Ordering::Relaxed)
    }

    /// Entries appended since [`take_appended`](Self::take_appended).
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    fn note_append(&self, shard: u16, records: usize, error: Option<&AppendError>) {
        self.writable.store(error.is_none(), Ordering::Relaxed);
        match error {
            None => {
                self.appended.fetch_add(records as u64, Ordering::Relaxed);
                self.metrics.appended.inc_by(records as u64);
                self.metrics.batches.inc();
            }
            Some(error) => {
                self.metrics.append_failures.inc();
                tracing::error!(shard, records, %error, "a batch could not be appended");
            }
        }
    }

    fn note_changed<'a>(&self, changed: impl Iterator<Item = (&'a MaterializedDocument, bool)>) {
        let due = |(materialized, ended): (&'a MaterializedDocument, bool)| {
            (materialized, ended, due_ms(&materialized.document, self.flush_interval_ms))
        };
        let all: Vec<_> = changed.map(due).collect();
        let ended = all.iter().filter(|(_, ended, _)| *ended);
        self.flushed().extend(ended.map(|(materialized, ..)| materialized.document.key().clone()));
        let mut list = self.due();
        for (materialized, ended, due_ms) in all {
            list.note(materialized.document.key(), due_ms, ended);
        }
    }
}

/// All shards with their workers.
pub struct Fold {
    /// What they share.
    pub node: Arc<Node>,
    /// The shards, by number.
    pub shards: Vec<Arc<Shard>>,
    queues: Mutex<Vec<mpsc::Sender<Submission>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Fold {
    /// Recovers the shards' state from snapshots and logs, then starts to work.
    pub fn start(node: Node) -> Result<Self, RecoveryError> {
        let node = Arc::new(node);
        let (mut shards, mut queues, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..limits::SHARDS {
            shards.push(Arc::new(recovery::recover(&node, number)?));
        }
        for shard in &shards {
            let (sender, queue) = mpsc::channel(QUEUE);
            let worker = Worker::new(Arc::clone(&node), Arc::clone(shard), queue);
            let thread = std::thread::Builder::new().name(format!("shard-{}", shard.number));
            threads.push(thread.spawn(move || worker.run()).map_err(RecoveryError::Thread)?);
            queues.push(sender);
        }
        Ok(Self { node, shards, queues: Mutex::new(queues), threads: Mutex::new(threads) })
    }

    /// Has entries of one shard appended, in order. Gives one receipt for each.
    pub async fn push(&self, shard: u16, pushes: Vec<Pushed>) -> Vec<Receipt> {
        let busy = vec![Receipt::Busy; pushes.len()];
        match self.submit(shard, pushes) {
            Some(receipts) => receipts.await.unwrap_or(busy),
            None => busy,
        }
    }

    /// Hands entries to a shard's worker; `None` where it has too much to do.
    fn submit(&self, shard: u16, pushes: Vec<Pushed>) -> Option<oneshot::Receiver<Vec<Receipt>>> {
        let queue = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.get(usize::from(shard)).cloned()
        };
        let (done, receipts) = oneshot::channel();
        // A full queue is an answer, not a wait.
        queue?.try_send(Submission { pushes, done }).ok()?;
        Some(receipts)
    }

    /// The segment of a document's archive with this name, nothing in it compressed; `None` if there is
    /// none. Blocks.
    pub fn segment(
        &self,
        document: &DocumentKey,
        name: Digest,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.node.store.segment(document.digest(), name)?;
        let plain = found.map(|packed| Segment::plain(&packed));
        plain.transpose().map_err(|error| StoreError(error.to_string()))
    }

    /// Takes no more, finishes what was taken, and writes snapshots. Blocks.
    pub fn stop(&self) {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner).clear();
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
