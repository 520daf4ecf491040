//! The folded state of one shard, and the step that folds a logged record in.
//!
//! May assume that records come in order, each once. Must never decide by
//! anything but folded state and the record: every node comes to the same.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redwedding_document::Verdict;
use redwedding_document::entry::{Body, Entry};
use redwedding_replica::sync::StoredRecord;
use redwedding_wire::codec::{self, Decode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, Position};

use crate::fold_error::FoldError;
use crate::log::Logged;
use crate::materialized::{MaterializedDocument, ends_flush};
use crate::node::RelayNode;
use crate::segment_store::SegmentStore;

/// A shard that one writes and all read.
#[derive(Debug)]
pub struct Shard {
    /// Which one.
    pub number: u16,
    state: RwLock<ShardState>,
    /// The right to write, and whether the log may hold more than was folded.
    writing: Mutex<bool>,
}

/// What a shard's log came to, up to `head`.
#[derive(Debug)]
pub struct ShardState {
    /// The last record folded in.
    pub head: Cursor,
    /// When the log took it; log time never decreases.
    pub logged_ms: u64,
    /// The documents. A reader keeps one as it was by cloning its `Arc`.
    pub documents: HashMap<DocumentKey, Arc<MaterializedDocument>>,
    /// Documents changed since their last snapshot.
    pub dirty: HashSet<DocumentKey>,
    /// Records that this program could not read, since its start.
    pub unreadable: u64,
}

/// A record that was folded in.
#[derive(Clone, PartialEq, Debug)]
pub struct FoldedRecord {
    /// Where.
    pub cursor: Cursor,
    /// Which document it is of.
    pub document: DocumentKey,
    /// What became of it.
    pub verdict: Verdict,
    /// Whether it ended a flush well.
    pub ends_flush: bool,
}

impl Shard {
    /// The empty shard of a log of this epoch.
    #[must_use]
    pub fn new(number: u16, epoch: u64) -> Self {
        let state = ShardState {
            head: Cursor::start(epoch),
            logged_ms: 0,
            documents: HashMap::new(),
            dirty: HashSet::new(),
            unreadable: 0,
        };
        Self { number, state: RwLock::new(state), writing: Mutex::new(false) }
    }

    /// The state, to read. Held briefly.
    pub fn read(&self) -> RwLockReadGuard<'_, ShardState> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to write the shard, and whether the log may hold more than was folded. That is
    /// so after a panic: it may have come between the append and what follows it.
    pub(crate) fn writing(&self) -> MutexGuard<'_, bool> {
        self.writing.lock().unwrap_or_else(|poisoned| {
            self.writing.clear_poison();
            let mut unsure = poisoned.into_inner();
            *unsure = true;
            unsure
        })
    }

    /// The state, to change. Only whoever writes the shard does.
    pub fn write(&self) -> RwLockWriteGuard<'_, ShardState> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ShardState {
    /// Folds in the record after `head`; the node's store has the archives. `None` where it could
    /// not be read: it is counted and stepped over, as on every node of this version.
    ///
    /// # Errors
    /// If the store could not be read or written, or lacks a segment that the entry needs. Neither
    /// the head nor the document changed then.
    pub(crate) fn fold(
        &mut self,
        logged: &Logged,
        node: &RelayNode,
    ) -> Result<Option<FoldedRecord>, FoldError> {
        let folded = self.folded(logged, node)?;
        self.head = logged.cursor;
        Ok(folded)
    }

    fn folded(
        &mut self,
        logged: &Logged,
        node: &RelayNode,
    ) -> Result<Option<FoldedRecord>, FoldError> {
        let position = logged.cursor.position;
        let stored: Option<StoredRecord> = codec::from_slice(&logged.record).ok();
        // Not even a frame: nobody knows of which document it is. Positions go on.
        let Some(stored) = stored else {
            self.unreadable += 1;
            return Ok(None);
        };
        let entry = match Entry::decode(&stored.entry) {
            Ok(entry) => entry,
            // Of a newer format, most likely: another node of this log runs a newer version.
            Err(error) => {
                self.logged_ms = self.logged_ms.max(stored.logged_ms);
                self.carry(logged.cursor, &stored.entry, error.to_string());
                return Ok(None);
            }
        };
        let materialized = self.document(&entry.document, position);
        let segments = SegmentStore::of(node, &entry.document);
        // Whoever chose the floor has its segment; this node has to have it before it prunes, too.
        // It still can make it: nothing is pruned yet.
        if let Body::Floor(floor) = &entry.body {
            segments.keep(&materialized.document, floor)?;
        }
        let verdict =
            materialized.document.apply_with(&segments, logged.cursor, stored.logged_ms, &entry);
        // Stepping over it would give this node another document than all others have.
        if let Verdict::Below { segment } = verdict {
            return Err(FoldError::Archive { position, segment });
        }
        materialized.note(position, stored.entry.len());
        self.logged_ms = self.logged_ms.max(stored.logged_ms);
        let ends_flush = ends_flush(&entry, &verdict);
        Ok(Some(FoldedRecord {
            cursor: logged.cursor,
            document: entry.document,
            verdict,
            ends_flush,
        }))
    }

    /// An entry that this version cannot read is listed with its document.
    fn carry(&mut self, cursor: Cursor, entry: &[u8], reason: String) {
        self.unreadable += 1;
        if let Some(key) = document_of(entry) {
            let materialized = self.document(&key, cursor.position);
            materialized.document.carry(cursor, reason);
            materialized.note(cursor.position, entry.len());
        }
    }

    fn document(&mut self, key: &DocumentKey, position: Position) -> &mut MaterializedDocument {
        let epoch = self.head.epoch;
        let new = || Arc::new(MaterializedDocument::new(key.clone(), epoch));
        // A snapshot can be ahead of the shard's head; then this entry is in it already.
        let materialized = self.documents.entry(key.clone()).or_insert_with(new);
        if materialized.document.cursor().position < position {
            self.dirty.insert(key.clone());
        }
        // A reader that has the document keeps it as it was: it is copied before it changes.
        Arc::make_mut(materialized)
    }
}

/// The document of an entry of which the rest cannot be read.
fn document_of(entry: &[u8]) -> Option<DocumentKey> {
    let fields: Vec<ciborium::Value> = codec::from_slice(entry).ok()?;
    let key: DocumentKey = fields.get(1)?.deserialized().ok()?;
    key.check().ok().map(|()| key)
}
