//! A store in memory: the obvious implementation, for tests.
//!
//! May assume nothing. Must never be offered by the program: it forgets.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

use super::{
    DocumentSnapshot, NodeStore, NodeStoreError, RefusedEntry, RetainedRefusals, refusal_digest,
};
use crate::limits::REFUSED_ENTRIES;

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryNodeStore(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    snapshots: BTreeMap<(u16, Digest), Vec<u8>>,
    folded: BTreeMap<u16, Cursor>,
    segments: BTreeMap<(Digest, Digest), Vec<u8>>,
    refused: BTreeMap<Digest, RefusedEntry>,
}

impl MemoryNodeStore {
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NodeStore for MemoryNodeStore {
    fn put_snapshots(
        &self,
        shard: u16,
        snapshots: &[DocumentSnapshot],
    ) -> Result<(), NodeStoreError> {
        let mut memory = self.lock();
        for snapshot in snapshots {
            memory.snapshots.insert((shard, snapshot.document), snapshot.encoded.clone());
        }
        Ok(())
    }

    fn set_folded(&self, shard: u16, cursor: Cursor) -> Result<(), NodeStoreError> {
        self.lock().folded.insert(shard, cursor);
        Ok(())
    }

    fn folded(&self, shard: u16) -> Result<Option<Cursor>, NodeStoreError> {
        Ok(self.lock().folded.get(&shard).copied())
    }

    fn snapshots(
        &self,
        shard: u16,
        take: &mut dyn FnMut(DocumentSnapshot),
    ) -> Result<(), NodeStoreError> {
        let memory = self.lock();
        for ((of, document), encoded) in &memory.snapshots {
            if *of == shard {
                take(DocumentSnapshot { document: *document, encoded: encoded.clone() });
            }
        }
        Ok(())
    }

    fn put_segment(
        &self,
        document: Digest,
        name: Digest,
        bytes: &[u8],
    ) -> Result<(), NodeStoreError> {
        self.lock().segments.entry((document, name)).or_insert_with(|| bytes.to_vec());
        Ok(())
    }

    fn segment(&self, document: Digest, name: Digest) -> Result<Option<Vec<u8>>, NodeStoreError> {
        Ok(self.lock().segments.get(&(document, name)).cloned())
    }

    fn retain_refused(
        &self,
        refusals: &[RefusedEntry],
        _now_ms: u64,
    ) -> Result<RetainedRefusals, NodeStoreError> {
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

    fn refused(&self) -> Result<u64, NodeStoreError> {
        Ok(self.lock().refused.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance;

    #[test]
    fn keeps_the_contract() {
        conformance::check(MemoryNodeStore::default);
    }
}
