//! What the shards of one relay node share: log, store, observer, log time, due list.
//!
//! May assume nothing of who calls: writers, readers and the passes beside them do so at the same
//! time. Must never hold a lock while it waits for the log or the store.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redwedding_wire::identity::DocumentKey;

use crate::due::{DueList, due_ms};
use crate::event::{Event, Observer};
use crate::log::{AppendError, Log};
use crate::log_time::LogTime;
use crate::materialized::MaterializedDocument;
use crate::store::NodeStore;

/// What all shards share.
pub struct RelayNode {
    /// The logs.
    pub log: Arc<dyn Log>,
    /// What is kept beside them.
    pub store: Arc<dyn NodeStore>,
    /// Who is told what happens.
    observer: Arc<dyn Observer>,
    log_time: LogTime,
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
pub(crate) struct ChangedDocument {
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
        observer: Arc<dyn Observer>,
        flush_interval_ms: u64,
    ) -> Self {
        Self {
            log,
            store,
            observer,
            log_time: LogTime::default(),
            flush_interval_ms,
            due: Mutex::default(),
            flushed: Mutex::default(),
            writable: AtomicBool::new(true),
            appended: AtomicU64::new(0),
        }
    }

    /// Log time where the clock says `now_ms`: the clock's, but never less than before.
    pub fn log_time(&self, now_ms: u64) -> u64 {
        self.log_time.at(now_ms)
    }

    /// Log time goes on from what the log has, whatever the clock says.
    pub(crate) fn go_on_from(&self, latest_ms: u64) {
        self.log_time.go_on_from(latest_ms);
    }

    /// How far log time is ahead of a clock that says `now_ms`, in ms.
    pub(crate) fn log_time_ahead_ms(&self, now_ms: u64) -> u64 {
        self.log_time.ahead_ms(now_ms)
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
    pub(crate) fn take_flushed(&self) -> Option<DocumentKey> {
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
    pub(crate) fn take_appended(&self) -> u64 {
        self.appended.swap(0, Ordering::Relaxed)
    }

    /// Entries appended since snapshots were written.
    #[must_use]
    pub fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    /// Tells the observer.
    pub(crate) fn tell(&self, event: Event<'_>) {
        self.observer.observe(event);
    }

    /// Notes an append of so many records, which ended well or with `error`.
    pub(crate) fn note_append(&self, shard: u16, records: usize, error: Option<&AppendError>) {
        self.writable.store(error.is_none(), Ordering::Relaxed);
        match error {
            None => {
                self.appended.fetch_add(records as u64, Ordering::Relaxed);
                self.tell(Event::Appended { records });
            }
            Some(error) => self.tell(Event::NotAppended { shard, records, error }),
        }
    }

    /// Brings the due list up to date, and notes whose floors are to be looked at.
    pub(crate) fn note_changed(&self, changed: &[ChangedDocument]) {
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
