//! What a relay node tells of its work, as plain data.
//!
//! Whoever runs the node counts it or writes it down. Must never name an author or a client, nor
//! carry page content.

use redwedding_replica::sync::{Pulled, Receipt};
use redwedding_wire::identity::{Digest, DocumentKey};

use crate::fold_error::FoldError;
use crate::log::{AppendError, ReadError};
use crate::store::{NodeStoreError, RetainedRefusals};

/// Something that happened in a relay node.
#[derive(Clone, PartialEq, Debug)]
pub enum Event<'a> {
    /// A batch is in the log.
    Appended {
        /// How many records it has.
        records: usize,
    },
    /// The log did not confirm a batch.
    NotAppended {
        /// The log's shard.
        shard: u16,
        /// How many records the batch has.
        records: usize,
        /// What the log says.
        error: &'a AppendError,
    },
    /// What the log holds beyond the state could not be folded.
    NotFolded {
        /// The log's shard.
        shard: u16,
        /// At which record, and why.
        error: &'a FoldError,
    },
    /// The state of a shard is there after a start.
    Recovered {
        /// Which shard's.
        shard: u16,
        /// How many documents it has.
        documents: usize,
        /// How many records came after the snapshots.
        replayed: u64,
    },
    /// The snapshots of a shard do not fit its log, which is replayed from its start.
    SnapshotsOfAnotherLog {
        /// Which shard's.
        shard: u16,
    },
    /// A snapshot cannot be read; the log is replayed from its start.
    UnreadableSnapshot {
        /// The shard.
        shard: u16,
        /// The document, by the digest of its key.
        document: Digest,
        /// Why.
        why: &'a str,
    },
    /// A document's snapshot does not fit the log, which is replayed from its start.
    SnapshotOfAnotherLog {
        /// The shard.
        shard: u16,
        /// The document.
        document: &'a DocumentKey,
    },
    /// Snapshots were written.
    SnapshotsWritten {
        /// Of how many documents.
        documents: usize,
    },
    /// The snapshots of a shard could not be written.
    SnapshotsNotWritten {
        /// Which shard's.
        shard: u16,
        /// What the store says.
        error: &'a NodeStoreError,
    },
    /// The floor of a document was moved up.
    FloorMoved,
    /// The log did not take a floor.
    FloorNotMoved {
        /// The document.
        document: &'a DocumentKey,
        /// What became of the entry.
        receipt: &'a Receipt,
    },
    /// The store did not take a segment.
    SegmentNotKept {
        /// The document.
        document: &'a DocumentKey,
        /// What the store says.
        error: &'a NodeStoreError,
    },
    /// The store does not give a segment that is needed.
    SegmentMissing {
        /// The document, by the digest of its key.
        document: Digest,
        /// The segment's name.
        segment: Digest,
        /// Why.
        why: &'a str,
    },
    /// An entry was pushed, and this became of it.
    Received(&'a Receipt),
    /// A pull was answered with this.
    Answered(&'a Pulled),
    /// A pull could not be answered.
    NotAnswered {
        /// What the log says.
        error: &'a ReadError,
    },
    /// Entries were refused, and retained for an operator as far as there is room.
    Refused {
        /// What became of them.
        retained: RetainedRefusals,
        /// Why the first of them was refused.
        reason: &'a str,
    },
    /// Refused entries could not be retained.
    RefusalsNotRetained {
        /// What the store says.
        error: &'a NodeStoreError,
    },
}

/// Who is told what happens.
///
/// An implementation MUST return soon: it is called in the middle of the work.
pub trait Observer: Send + Sync {
    /// Takes note of an event.
    fn observe(&self, event: Event<'_>);
}

/// Nobody.
impl Observer for () {
    fn observe(&self, _event: Event<'_>) {}
}
