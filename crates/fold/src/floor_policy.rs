//! Which floor a document should have, and in how many segments what lies below it is kept.
//!
//! Decided from folded state and log time alone. Must never choose a floor that the document
//! itself does not allow ([`Document::prunable`]): nothing is pruned that the origin lacks, or that
//! a detached base stands on.

use redwedding_document::{Document, Segment};
use redwedding_wire::version::Place;

use crate::limits;
use crate::segment_store::{SegmentStore, below};

/// How much of a document's past is kept at hand, in memory and in every snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FloorPolicy {
    /// Log time in ms for which changes are kept.
    pub age_ms: u64,
    /// Changes of which no more are kept, however young they are.
    pub most: usize,
    /// How many of those are left then. Less than `most`, so that a busy page is not pruned with
    /// every flush.
    pub keep: usize,
    /// Changes that make a segment at least.
    pub least: usize,
    /// Bytes of a segment at most, if it has more than `least` changes.
    pub segment_bytes: usize,
}

impl Default for FloorPolicy {
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

/// A segment that is to be archived.
pub(crate) struct NextSegment {
    /// The entry after which it begins. Where it takes older segments in, that is before them.
    pub from: Place,
    /// The segment.
    pub segment: Segment,
}

/// A floor, with what lies between the present one and it.
struct Cut {
    floor: usize,
    segment: Segment,
}

impl FloorPolicy {
    /// The next segment of a document at log time `logged_ms`; `None` while there is nothing worth
    /// one, or no room for it.
    pub(crate) fn next(
        &self,
        document: &Document,
        logged_ms: u64,
        segments: &SegmentStore<'_>,
    ) -> Option<NextSegment> {
        let first = document.changes().floor();
        let floor = document.prunable(self.wanted(document, logged_ms));
        if floor < first + self.least {
            return None;
        }
        let cut = self.fitting(document, floor)?;
        let left = self.segments_beside(document, cut.floor - first, cut.segment.name().1)?;
        let from = match left.checked_sub(1) {
            // The first segment of all, or one that takes in all others.
            None => Place::START,
            // It begins where the last segment that stays ends: the archive has no gap.
            Some(last) => document.archive().get(last)?.upto,
        };
        if left == document.archive().len() {
            return Some(NextSegment { from, segment: cut.segment });
        }
        let segment = below(document, from, cut.floor, segments)?;
        Some(NextSegment { from, segment })
    }

    /// Up to which change a document should not keep them at log time `logged_ms`.
    fn wanted(&self, document: &Document, logged_ms: u64) -> usize {
        let changes = document.changes();
        let kept = changes.kept();
        // By age: log time does not decrease along the log, so the old ones come first.
        let old = kept.partition_point(|c| c.logged_ms.saturating_add(self.age_ms) <= logged_ms);
        // By number: a crowd on one page writes more in a day than a sandbox can read.
        let excess = if kept.len() > self.most { kept.len() - self.keep } else { 0 };
        changes.floor() + old.max(excess)
    }

    /// The cut at `floor`, or at a lower one whose segment is not too long.
    fn fitting(&self, document: &Document, floor: usize) -> Option<Cut> {
        let first = document.changes().floor();
        let mut cut = Cut { floor, segment: document.segment(floor)? };
        while cut.segment.name().1 as usize > self.segment_bytes {
            // The encoded length is known only once a segment is made; halving finds one that fits
            // in few attempts.
            let half = document.prunable(first + (cut.floor - first) / 2);
            if half < first + self.least {
                break;
            }
            cut = Cut { floor: half, segment: document.segment(half)? };
        }
        Some(cut)
    }

    /// How many segments of the archive stay beside a new one of so many changes and bytes. `None`
    /// where the archive is full.
    ///
    /// The new one takes the newer segments in as long as each is no longer than it has become. So
    /// the archive has few segments, and whenever a change is written anew, it comes into a segment
    /// at least twice as long as the one before: it is written once for each doubling.
    fn segments_beside(&self, document: &Document, changes: usize, bytes: u32) -> Option<usize> {
        let archive = document.archive();
        let (mut left, mut changes, mut bytes) = (archive.len(), changes, bytes as usize);
        while let Some(newest) = left.checked_sub(1).map(|at| archive[at]) {
            let begins = left.checked_sub(2).map_or(0, |at| archive[at].end);
            let has = (newest.end - begins) as usize;
            // A longer one stays; so does one with which the new one would no longer fit a sandbox.
            if has > changes || bytes + newest.bytes as usize > self.segment_bytes {
                break;
            }
            (left, changes, bytes) = (left - 1, changes + has, bytes + newest.bytes as usize);
        }
        (left < limits::SEGMENTS).then_some(left)
    }
}
