//! The port for what a node keeps beside the log: snapshots to start from,
//! segments of archives, and entries that it refused.
//!
//! May assume that snapshots can be made again from the log: one that is missing
//! costs a longer replay. A segment cannot once the log is compacted; without it
//! nothing that stands on it is folded.

pub mod conformance;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

/// Refused entries that are retained; further ones are only counted.
pub const REFUSED_ENTRIES: usize = 4_096;
/// Bytes of refused entries that are retained.
pub const REFUSED_BYTES: u64 = 256 << 20;

/// Why the store could not do it. Nothing, or all of one call, was stored.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the node's store failed: {0}")]
pub struct StoreError(pub String);

/// A document's encoded state under its digest.
pub type Snapshot = (Digest, Vec<u8>);

/// An entry that was not appended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
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
pub trait Store: Send + Sync {
    /// Puts snapshots of documents of `shard`, each in place of an older one.
    fn put_snapshots(&self, shard: u16, snapshots: &[Snapshot]) -> Result<(), StoreError>;

    /// Notes that every document of `shard`, as of `cursor`, has its snapshot.
    fn set_folded(&self, shard: u16, cursor: Cursor) -> Result<(), StoreError>;

    /// What [`set_folded`](Store::set_folded) noted last; `None` at first.
    fn folded(&self, shard: u16) -> Result<Option<Cursor>, StoreError>;

    /// Gives each snapshot of `shard` to `take`.
    fn snapshots(&self, shard: u16, take: &mut dyn FnMut(Snapshot)) -> Result<(), StoreError>;

    /// Keeps a segment of a document's archive under its name, for good. One that is kept already
    /// stays as it is.
    fn put_segment(&self, document: Digest, name: Digest, bytes: &[u8]) -> Result<(), StoreError>;

    /// The segment of a document with this name, as it was put; `None` if it never was.
    fn segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Retains refused entries for an operator, each content once, within
    /// [`REFUSED_ENTRIES`] and [`REFUSED_BYTES`].
    fn retain_refused(
        &self,
        refusals: &[Refusal],
        now_ms: u64,
    ) -> Result<RetainedRefusals, StoreError>;

    /// How many refused entries are retained.
    fn refused(&self) -> Result<u64, StoreError>;
}

/// The name of a refused entry.
pub fn refusal_digest(bytes: &[u8]) -> Digest {
    redwedding_wire::identity::digest("refused", &[bytes])
}

/// A store in memory, for tests; the program must never offer it.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    snapshots: BTreeMap<(u16, Digest), Vec<u8>>,
    folded: BTreeMap<u16, Cursor>,
    segments: BTreeMap<(Digest, Digest), Vec<u8>>,
    refused: BTreeMap<Digest, Refusal>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn put_snapshots(&self, shard: u16, snapshots: &[Snapshot]) -> Result<(), StoreError> {
        let mut memory = self.lock();
        for (digest, bytes) in snapshots {
            memory.snapshots.insert((shard, *digest), bytes.clone());
        }
        Ok(())
    }

    fn set_folded(&self, shard: u16, cursor: Cursor) -> Result<(), StoreError> {
        self.lock().folded.insert(shard, cursor);
        Ok(())
    }

    fn folded(&self, shard: u16) -> Result<Option<Cursor>, StoreError> {
        Ok(self.lock().folded.get(&shard).copied())
    }

    fn snapshots(&self, shard: u16, take: &mut dyn FnMut(Snapshot)) -> Result<(), StoreError> {
        let memory = self.lock();
        for ((of, digest), bytes) in &memory.snapshots {
            if *of == shard {
                take((*digest, bytes.clone()));
            }
        }
        Ok(())
    }

    fn put_segment(&self, document: Digest, name: Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.lock().segments.entry((document, name)).or_insert_with(|| bytes.to_vec());
        Ok(())
    }

    fn segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.lock().segments.get(&(document, name)).cloned())
    }

    fn retain_refused(
        &self,
        refusals: &[Refusal],
        _now_ms: u64,
    ) -> Result<RetainedRefusals, StoreError> {
        let mut memory = self.lock();
        let mut retained = RetainedRefusals::default();
        for refusal in refusals {
            let digest = refusal_digest(&refusal.bytes);
            if memory.refused.contains_key(&digest) {
                retained.known += 1;
            } else if memory.refused.len() < REFUSED_ENTRIES {
                retained.new += 1;
                memory.refused.insert(digest, refusal.clone());
            } else {
                retained.dropped += 1;
            }
        }
        Ok(retained)
    }

    fn refused(&self) -> Result<u64, StoreError> {
        Ok(self.lock().refused.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_contract() {
        conformance::check(MemoryStore::default);
    }
}
