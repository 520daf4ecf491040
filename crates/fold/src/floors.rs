//! The pass that moves floors: it makes a segment of a document's older part, and has the log say
//! so.
//!
//! Looks at documents that were written to the origin. May assume that a
//! floor that is not moved now is looked at again after the next flush. Must never have a floor
//! logged before the store has its segment.

use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, Floor};
use redwedding_replica::sync::Receipt;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;
use serde_bytes::ByteBuf;

use crate::batch::PushedEntry;
use crate::event::Event;
use crate::floor_policy::FloorPolicy;
use crate::limits;
use crate::materialized::MaterializedDocument;
use crate::node::RelayNode;
use crate::segment_store::SegmentStore;
use crate::shard::Shard;
use crate::writer::Writer;

/// Documents that are looked at in one pass.
const LOOKS: usize = 256;
/// Floors that are moved in one pass: making a segment takes its time.
const MOVES: usize = 8;

/// A pass over what one node has.
pub(crate) struct FloorPass<'a> {
    pub node: &'a RelayNode,
    pub shards: &'a [Shard],
    pub policy: FloorPolicy,
    /// What the clock says.
    pub now_ms: u64,
}

impl FloorPass<'_> {
    /// Moves floors of documents that were written to the origin since the last pass. Gives how
    /// many it moved. Blocks.
    pub(crate) fn run(&self) -> usize {
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
        let Some(shard) = self.shards.get(usize::from(key.shard(limits::SHARDS))) else {
            return false;
        };
        let Some(entry) = self.next_floor(shard, key) else { return false };
        let bytes = ByteBuf::from(entry.encode());
        let pushes = vec![vec![PushedEntry { entry, bytes }]];
        let receipts = Writer::of(self.node, shard).write(pushes, self.now_ms, &|_| false);
        let receipt = receipts.iter().flatten().next().unwrap_or(&Receipt::Busy);
        let moved = matches!(receipt, Receipt::Logged(_));
        self.node.tell(match moved {
            true => Event::FloorMoved,
            false => Event::FloorNotMoved { document: key, receipt },
        });
        moved
    }

    /// The entry that moves a document's floor, its segment kept; `None` where nothing is to be
    /// moved, or the segment could not be kept.
    fn next_floor(&self, shard: &Shard, key: &DocumentKey) -> Option<Entry> {
        let Candidate { materialized, logged_ms } = candidate(shard, key)?;
        let segments = SegmentStore::of(self.node, key);
        let document = &materialized.document;
        let next = self.policy.next(document, logged_ms, &segments)?;
        let end = next.segment.first() + next.segment.changes().len();
        let upto = document.changes().get(end - 1)?.place;
        match segments.put(&next.segment) {
            Ok((segment, bytes)) => {
                let floor = Floor { from: next.from, upto, segment, bytes };
                Some(Entry::new(key.clone(), Body::Floor(floor)))
            }
            Err(error) => {
                self.node.tell(Event::SegmentNotKept { document: key, error: &error });
                None
            }
        }
    }
}

fn candidate(shard: &Shard, key: &DocumentKey) -> Option<Candidate> {
    let state = shard.read();
    let materialized = Arc::clone(state.documents.get(key)?);
    Some(Candidate { materialized, logged_ms: state.logged_ms })
}

/// A document, and its shard's log time at the same moment.
struct Candidate {
    materialized: Arc<MaterializedDocument>,
    logged_ms: u64,
}
