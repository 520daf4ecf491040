//! What the shards of one relay node share: log, store, clock, counters, due list.
//!
//! May assume nothing of who calls: workers, readers and the passes beside them do so at the same
//! time. Must never hold a lock while it waits for the log or the store.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redwedding_wire::identity::DocumentKey;

use super::floor_policy::FloorPolicy;
use super::materialized::MaterializedDocument;
use crate::due::{DueList, due_ms};
use crate::log::{AppendError, Log};
use crate::metrics::Metrics;
use crate::store::NodeStore;

/// Gives the time, in ms since 1970. It may jump; log time will not go back.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// What all shards share.
pub struct RelayNode {
    /// The logs.
    pub log: Arc<dyn Log>,
    /// What is kept beside them.
    pub store: Arc<dyn NodeStore>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where floors are to be.
    pub(super) floor_policy: FloorPolicy,
    clock: Clock,
    latest_ms: AtomicU64,
    flush_interval_ms: u64,
    due: Mutex<DueList>,
    /// Documents written to the origin since their floors were looked at.
    flushed: Mutex<BTreeSet<DocumentKey>>,
    /// Whether the last append reached the log.
    writable: AtomicBool,
    /// Entries appended since the last snapshots.
    appended: AtomicU64,
}

/// A document that entries changed, as it is after them.
#[derive(Clone, Debug)]
pub(super) struct ChangedDocument {
    /// The document.
    pub document: Arc<MaterializedDocument>,
    /// Whether one of the entries ended a flush of it well.
    pub ends_flush: bool,
}

impl RelayNode {
    /// A node over these. Edits wait up to `flush_interval_ms` to be written to the origin
    /// together.
    #[must_use]
    pub fn new(
        log: Arc<dyn Log>,
        store: Arc<dyn NodeStore>,
        metrics: Arc<Metrics>,
        clock: Clock,
        flush_interval_ms: u64,
    ) -> Self {
        Self {
            log,
            store,
            metrics,
            floor_policy: FloorPolicy::default(),
            clock,
            latest_ms: AtomicU64::new(0),
            flush_interval_ms,
            due: Mutex::default(),
            flushed: Mutex::default(),
            writable: AtomicBool::new(true),
            appended: AtomicU64::new(0),
        }
    }

    /// The same, with floors where this policy wants them.
    #[must_use]
    pub fn with_floor_policy(self, floor_policy: FloorPolicy) -> Self {
        Self { floor_policy, ..self }
    }

    /// Log time: the clock's, but never less than before.
    pub fn now_ms(&self) -> u64 {
        let now_ms = (self.clock)();
        self.latest_ms.fetch_max(now_ms, Ordering::Relaxed).max(now_ms)
    }

    /// Lets log time go on from `latest_ms`, which a log that was replayed had come to.
    pub(super) fn continue_from(&self, latest_ms: u64) {
        self.latest_ms.fetch_max(latest_ms, Ordering::Relaxed);
    }

    /// The due list. Held briefly.
    pub fn due(&self) -> MutexGuard<'_, DueList> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn flushed(&self) -> MutexGuard<'_, BTreeSet<DocumentKey>> {
        self.flushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the documents that were written to the origin since their floors were looked
    /// at.
    pub(super) fn take_flushed(&self) -> Option<DocumentKey> {
        self.flushed().pop_first()
    }

    /// Whether the log took the last batch.
    #[must_use]
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
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    /// Counts an append of so many records, which ended well or with `error`.
    pub(super) fn note_append(&self, shard: u16, records: usize, error: Option<&AppendError>) {
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

    /// Brings the due list up to date, and notes whose floors are to be looked at.
    pub(super) fn note_changed(&self, changed: &[ChangedDocument]) {
        // Looking through the changes of a document takes time; the locks are held after that.
        let due =
            |changed: &ChangedDocument| due_ms(&changed.document.document, self.flush_interval_ms);
        let due: Vec<Option<u64>> = changed.iter().map(due).collect();
        let ended = changed.iter().filter(|changed| changed.ends_flush);
        self.flushed().extend(ended.map(|changed| changed.document.document.key().clone()));
        let mut list = self.due();
        for (changed, due_ms) in changed.iter().zip(due) {
            let key = changed.document.document.key();
            if changed.ends_flush {
                list.end_lease(key);
            }
            list.note(key, due_ms);
        }
    }
}
