//! Where floors are: how much of its past a document keeps, and in how many segments the rest lies.
//!
//! Decided from folded state and log time, apart from the workers, once the origin has what was
//! written. The log then says so in an entry as any other. Must never have that entry logged before
//! the store has the segment.

use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, Floor};
use redwedding_document::{Document, Segment};
use redwedding_replica::sync::Receipt;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::Place;
use serde_bytes::ByteBuf;

use super::batch::Pushed;
use super::segment_store::{SegmentStore, below};
use super::{Fold, MaterializedDocument};
use crate::limits;

/// Documents that are looked at in one pass.
const LOOKS: usize = 256;
/// Floors that are moved in one pass: making a segment takes its time.
const MOVES: usize = 8;

/// How much of a document's past is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Floors {
    /// Log time for which changes are kept.
    pub age_ms: u64,
    /// Changes of which no more are kept, however young they are.
    pub most: usize,
    /// How many of those are left then.
    pub keep: usize,
    /// Changes that make a segment at least.
    pub least: usize,
    /// Bytes of a segment at most, if it has more than `least`.
    pub segment_bytes: usize,
}

impl Default for Floors {
    fn default() -> Self {
        Self {
            age_ms: limits::FLOOR_MS,
            most: limits::FLOOR_CHANGES * 2,
            keep: limits::FLOOR_CHANGES,
            least: limits::FLOOR_LEAST,
            segment_bytes: limits::SEGMENT_BYTES,
        }
    }
}

impl Floors {
    /// Up to which change a document had better not keep them at log time `now_ms`.
    fn wanted(&self, document: &Document, now_ms: u64) -> usize {
        let changes = document.changes();
        let kept = changes.kept();
        let old = kept.partition_point(|c| c.logged_ms.saturating_add(self.age_ms) <= now_ms);
        let excess = if kept.len() > self.most { kept.len() - self.keep } else { 0 };
        changes.floor() + old.max(excess)
    }

    /// The next segment of a document, with the entry after which it begins; `None` while there is
    /// nothing worth one.
    fn next(
        &self,
        document: &Document,
        now_ms: u64,
        segments: &SegmentStore<'_>,
    ) -> Option<(Place, Segment)> {
        let first = document.changes().floor();
        let floor = document.prunable(self.wanted(document, now_ms));
        if floor < first + self.least {
            return None;
        }
        let (floor, segment) = self.fitting(document, floor)?;
        let left = self.segments_beside(document, floor - first, segment.name().1)?;
        let from = match left.checked_sub(1) {
            None => Place::START,
            Some(last) => document.archive().get(last)?.upto,
        };
        match left == document.archive().len() {
            true => Some((from, segment)),
            false => below(document, from, floor, segments).map(|merged| (from, merged)),
        }
    }

    /// A floor of which the segment is not too long, and the segment.
    fn fitting(&self, document: &Document, floor: usize) -> Option<(usize, Segment)> {
        let first = document.changes().floor();
        let (mut floor, mut segment) = (floor, document.segment(floor)?);
        while segment.name().1 as usize > self.segment_bytes {
            let half = document.prunable(first + (floor - first) / 2);
            if half < first + self.least {
                break;
            }
            (floor, segment) = (half, document.segment(half)?);
        }
        Some((floor, segment))
    }

    /// How many segments stay beside a new one of so many changes and bytes, which takes the newer
    /// ones in as long as they are no longer than it is. So their lengths at least double from the
    /// newest to the oldest, and each change is written anew once for each doubling. `None` where the
    /// archive is full.
    fn segments_beside(&self, document: &Document, changes: usize, bytes: u32) -> Option<usize> {
        let archive = document.archive();
        let (mut left, mut changes, mut bytes) = (archive.len(), changes, bytes as usize);
        while let Some(newest) = left.checked_sub(1).map(|at| archive[at]) {
            let begins = left.checked_sub(2).map_or(0, |at| archive[at].end);
            let has = (newest.end - begins) as usize;
            if has > changes || bytes + newest.bytes as usize > self.segment_bytes {
                break;
            }
            (left, changes, bytes) = (left - 1, changes + has, bytes + newest.bytes as usize);
        }
        (left < limits::SEGMENTS).then_some(left)
    }
}

impl Fold {
    /// Moves the floors of documents that were written to the origin since the last call, or of some
    /// of them. Gives how many it moved. Blocks.
    pub fn move_floors(&self) -> usize {
        let mut moved = 0;
        for _ in 0..LOOKS {
            let next = if moved < MOVES { self.node.flushed().pop_first() } else { None };
            let Some(key) = next else { break };
            moved += usize::from(self.move_floor(&key));
        }
        moved
    }

    /// What does not succeed is looked at again after the next flush.
    fn move_floor(&self, key: &DocumentKey) -> bool {
        let number = key.shard(limits::SHARDS);
        let Some((materialized, now_ms)) = self.materialized(number, key) else { return false };
        let segments = SegmentStore::of(&*self.node.store, key);
        let Some((from, segment)) =
            self.node.floors.next(&materialized.document, now_ms, &segments)
        else {
            return false;
        };
        let end = segment.first() + segment.changes().len();
        let Some(last) = materialized.document.changes().get(end - 1) else { return false };
        let (segment, bytes) = match segments.put(&segment) {
            Ok(name) => name,
            Err(error) => {
                tracing::error!(document = %key, %error, "a segment could not be kept");
                return false;
            }
        };
        let floor = Floor { from, upto: last.place, segment, bytes };
        let entry = Entry::new(key.clone(), Body::Floor(floor));
        let bytes = ByteBuf::from(entry.encode());
        let asked = self.submit(number, vec![Pushed { entry, bytes }]);
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

    /// A document and its shard's log time.
    fn materialized(
        &self,
        shard: u16,
        key: &DocumentKey,
    ) -> Option<(Arc<MaterializedDocument>, u64)> {
        let state = self.shards.get(usize::from(shard))?.read();
        state.documents.get(key).map(|materialized| (Arc::clone(materialized), state.logged_ms))
    }
}
