//! Writes snapshots of what changed, so that a start replays little.
//!
//! May run beside the workers. A document counts as written only as it was
//! written: one that changed meanwhile stays dirty. Must never note a position
//! before every document changed up to it is in the store.

use std::sync::Arc;
use std::time::Instant;

use redwedding_wire::codec::Encode;

use super::{Fold, MaterializedDocument, Node, Shard};
use crate::store::{Snapshot, StoreError};

/// Bytes of snapshots in one transaction; the log's commits wait for it.
const CHUNK_BYTES: usize = 4 << 20;

impl Fold {
    /// Writes the snapshots of all documents that changed. Blocks.
    pub fn write_snapshots(&self) {
        let started = Instant::now();
        let _before = self.node.take_appended();
        let mut written = 0;
        for shard in &self.shards {
            match write(&self.node, shard) {
                Ok(many) => written += many,
                Err(error) => {
                    self.node.metrics.snapshot_failures.inc();
                    tracing::error!(shard = shard.number, %error, "snapshots could not be written");
                }
            }
        }
        if written > 0 {
            self.node.metrics.snapshots.inc_by(written as u64);
            tracing::debug!(written, took_ms = started.elapsed().as_millis(), "snapshots");
        }
    }
}

fn write(node: &Node, shard: &Shard) -> Result<usize, StoreError> {
    let (dirty, head): (Vec<Arc<MaterializedDocument>>, _) = {
        let state = shard.read();
        let dirty = state.dirty.iter().filter_map(|key| state.documents.get(key));
        (dirty.map(Arc::clone).collect(), state.head)
    };
    if dirty.is_empty() {
        return Ok(0);
    }
    let (mut chunk, mut bytes): (Vec<Snapshot>, _) = (Vec::new(), 0);
    for materialized in &dirty {
        let encoded = materialized.encode();
        bytes += encoded.len();
        chunk.push((materialized.document.key().digest(), encoded));
        if bytes >= CHUNK_BYTES {
            node.store.put_snapshots(shard.number, &chunk)?;
            chunk.clear();
            bytes = 0;
        }
    }
    node.store.put_snapshots(shard.number, &chunk)?;
    node.store.set_folded(shard.number, head)?;
    let mut state = shard.write();
    for materialized in &dirty {
        let key = materialized.document.key();
        let same =
            |now: &Arc<MaterializedDocument>| now.document.place() == materialized.document.place();
        if state.documents.get(key).is_some_and(same) {
            state.dirty.remove(key);
        }
    }
    Ok(dirty.len())
}
