//! The pass that moves floors: it makes a segment of a document's older part, and has the log say
//! so.
//!
//! Runs apart from the workers, on documents that were written to the origin. May assume that a
//! floor that is not moved now is looked at again after the next flush. Must never have a floor
//! logged before the store has its segment.

use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, Floor};
use redwedding_replica::sync::Receipt;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;
use serde_bytes::ByteBuf;

use super::materialized::MaterializedDocument;
use super::node::RelayNode;
use super::queues::{PushedEntry, Queues};
use super::segment_store::SegmentStore;
use super::shard::Shard;
use crate::limits;

/// Documents that are looked at in one pass.
const LOOKS: usize = 256;
/// Floors that are moved in one pass: making a segment takes its time.
const MOVES: usize = 8;

/// A pass over what one node has.
pub(super) struct FloorPass<'a> {
    pub node: &'a RelayNode,
    pub shards: &'a [Arc<Shard>],
    pub queues: &'a Queues,
}

impl FloorPass<'_> {
    /// Moves floors of documents that were written to the origin since the last pass. Gives how
    /// many it moved. Blocks.
    pub(super) fn run(&self) -> usize {
        let mut moved = 0;
        for _ in 0..LOOKS {
            let next = if moved < MOVES { self.node.take_flushed() } else { None };
            let Some(key) = next else { break };
            moved += usize::from(self.move_floor(&key));
        }
        moved
    }

    /// Whether the floor was moved. What does not succeed is looked at again after the next flush.
    fn move_floor(&self, key: &DocumentKey) -> bool {
        let Some(entry) = self.next_floor(key) else { return false };
        let bytes = ByteBuf::from(entry.encode());
        let pushes = vec![PushedEntry { entry, bytes }];
        let asked = self.queues.submit(key.shard(limits::SHARDS), pushes);
        let receipts = asked.and_then(|receipts| receipts.blocking_recv().ok());
        match receipts.as_deref() {
            Some([Receipt::Logged(_)]) => {
                self.node.metrics.floors.inc();
                true
            }
            other => {
                tracing::debug!(document = %key, ?other, "a floor was not moved");
                false
            }
        }
    }

    /// The entry that moves a document's floor, its segment kept; `None` where nothing is to be
    /// moved, or the segment could not be kept.
    fn next_floor(&self, key: &DocumentKey) -> Option<Entry> {
        let Candidate { materialized, logged_ms } = self.candidate(key)?;
        let segments = SegmentStore::of(&*self.node.store, key);
        let document = &materialized.document;
        let next = self.node.floor_policy.next(document, logged_ms, &segments)?;
        let end = next.segment.first() + next.segment.changes().len();
        let upto = document.changes().get(end - 1)?.place;
        match segments.put(&next.segment) {
            Ok((segment, bytes)) => {
                let floor = Floor { from: next.from, upto, segment, bytes };
                Some(Entry::new(key.clone(), Body::Floor(floor)))
            }
            Err(error) => {
                tracing::error!(document = %key, %error, "a segment could not be kept");
                None
            }
        }
    }

    fn candidate(&self, key: &DocumentKey) -> Option<Candidate> {
        let state = self.shards.get(usize::from(key.shard(limits::SHARDS)))?.read();
        let materialized = Arc::clone(state.documents.get(key)?);
        Some(Candidate { materialized, logged_ms: state.logged_ms })
    }
}

/// A document, and its shard's log time at the same moment.
struct Candidate {
    materialized: Arc<MaterializedDocument>,
    logged_ms: u64,
}
