//! Writes snapshots of what changed, so that a start replays little.
//!
//! May run beside the writers. A document counts as written only as it was
//! written: one that changed meanwhile stays dirty. Must never note a position
//! before every document changed up to it is in the store.

use std::sync::Arc;

use redwedding_wire::codec::Encode;

use crate::event::Event;
use crate::materialized::MaterializedDocument;
use crate::node::RelayNode;
use crate::shard::Shard;
use crate::store::{DocumentSnapshot, NodeStoreError};

/// Bytes of snapshots in one transaction; the log's commits wait for it.
const CHUNK_BYTES: usize = 4 << 20;

/// Writes the snapshots of all documents of all shards that changed. Blocks.
///
/// A shard that fails is told; the others are written all the same.
pub(crate) fn write_all(node: &RelayNode, shards: &[Shard]) {
    let _before = node.take_appended();
    let mut written = 0;
    for shard in shards {
        match write(node, shard) {
            Ok(many) => written += many,
            Err(error) => {
                node.tell(Event::SnapshotsNotWritten { shard: shard.number, error: &error });
            }
        }
    }
    if written > 0 {
        node.tell(Event::SnapshotsWritten { documents: written });
    }
}

/// Writes those of one shard; gives how many.
fn write(node: &RelayNode, shard: &Shard) -> Result<usize, NodeStoreError> {
    let (dirty, head): (Vec<Arc<MaterializedDocument>>, _) = {
        let state = shard.read();
        let dirty = state.dirty.iter().filter_map(|key| state.documents.get(key));
        (dirty.map(Arc::clone).collect(), state.head)
    };
    if dirty.is_empty() {
        return Ok(0);
    }
    let (mut chunk, mut bytes): (Vec<DocumentSnapshot>, _) = (Vec::new(), 0);
    for materialized in &dirty {
        let encoded = materialized.encode();
        bytes += encoded.len();
        let document = materialized.document.key().digest();
        chunk.push(DocumentSnapshot { document, encoded });
        if bytes >= CHUNK_BYTES {
            node.store.put_snapshots(shard.number, &chunk)?;
            chunk.clear();
            bytes = 0;
        }
    }
    node.store.put_snapshots(shard.number, &chunk)?;
    // Only now: a node that dies before this replays from the older position, onto documents some
    // of which are newer. An entry that such a document has already changes nothing.
    node.store.set_folded(shard.number, head)?;
    clear_dirty(shard, &dirty);
    Ok(dirty.len())
}

/// Marks documents as written, except those that changed since.
fn clear_dirty(shard: &Shard, written: &[Arc<MaterializedDocument>]) {
    let mut state = shard.write();
    for materialized in written {
        let key = materialized.document.key();
        let same =
            |now: &Arc<MaterializedDocument>| now.document.place() == materialized.document.place();
        if state.documents.get(key).is_some_and(same) {
            state.dirty.remove(key);
        }
    }
}
