//! The port for what a node keeps beside the log: snapshots to start from,
//! segments of archives, and entries that it refused.
//!
//! May assume that snapshots can be made again from the log: one that is missing
//! costs a longer replay. A segment cannot once the log is compacted; without it
//! nothing that stands on it is folded.

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod memory;

use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

/// Why the store could not do it. Nothing, or all of one call, was stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the node's store failed: {0}")]
pub struct NodeStoreError(pub String);

/// A materialized document as the store has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentSnapshot {
    /// The digest of its key.
    pub document: Digest,
    /// Its encoded state.
    pub encoded: Vec<u8>,
}

/// An entry that was not appended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedEntry {
    /// Why.
    pub reason: String,
    /// What was pushed.
    pub bytes: Vec<u8>,
}

/// What became of refusals that were to be retained.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct RetainedRefusals {
    /// Retained by this call.
    pub new: usize,
    /// Retained before, with the same content.
    pub known: usize,
    /// Not retained: the table is full.
    pub dropped: usize,
}

/// What a node keeps beside the log.
///
/// An implementation MUST make each call atomic and durable on return. It MAY
/// block. It MAY lose all of it at once (a new disk): the caller replays the log.
/// It MUST NOT lose a segment otherwise: what lies there is pruned everywhere else.
pub trait NodeStore: Send + Sync {
    /// Puts snapshots of documents of `shard`, each in place of an older one.
    ///
    /// # Errors
    /// If the store could not be written; none of them is stored then.
    fn put_snapshots(
        &self,
        shard: u16,
        snapshots: &[DocumentSnapshot],
    ) -> Result<(), NodeStoreError>;

    /// Notes that every document of `shard`, as of `cursor`, has its snapshot.
    ///
    /// # Errors
    /// If the store could not be written.
    fn set_folded(&self, shard: u16, cursor: Cursor) -> Result<(), NodeStoreError>;

    /// What [`set_folded`](NodeStore::set_folded) noted last; `None` at first.
    ///
    /// # Errors
    /// If the store could not be read.
    fn folded(&self, shard: u16) -> Result<Option<Cursor>, NodeStoreError>;

    /// Gives each snapshot of `shard` to `take`.
    ///
    /// # Errors
    /// If the store could not be read.
    fn snapshots(
        &self,
        shard: u16,
        take: &mut dyn FnMut(DocumentSnapshot),
    ) -> Result<(), NodeStoreError>;

    /// Keeps a segment of a document's archive under its name, for good. One that is kept already
    /// stays as it is.
    ///
    /// # Errors
    /// If the store could not be read or written.
    fn put_segment(
        &self,
        document: Digest,
        name: Digest,
        bytes: &[u8],
    ) -> Result<(), NodeStoreError>;

    /// The segment of a document with this name, as it was put; `None` if it never was.
    ///
    /// # Errors
    /// If the store could not be read.
    fn segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, NodeStoreError>;

    /// Retains refused entries for an operator, each content once, within
    /// [`REFUSED_ENTRIES`](crate::limits::REFUSED_ENTRIES) and
    /// [`REFUSED_BYTES`](crate::limits::REFUSED_BYTES).
    ///
    /// # Errors
    /// If the store could not be read or written; none of them is retained then.
    fn retain_refused(
        &self,
        refusals: &[RefusedEntry],
        now_ms: u64,
    ) -> Result<RetainedRefusals, NodeStoreError>;

    /// How many refused entries are retained.
    ///
    /// # Errors
    /// If the store could not be read.
    fn refused(&self) -> Result<u64, NodeStoreError>;
}

/// The name of a refused entry: each content is retained once.
#[must_use]
pub fn refusal_digest(bytes: &[u8]) -> Digest {
    redwedding_wire::identity::digest("refused", &[bytes])
}
