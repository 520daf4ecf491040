//! The archive of one document: segments in the node's store.
//!
//! May assume that the store keeps what it took. Must never let a floor prune before its segment is
//! there: a node that folds a floor made elsewhere, or once more, keeps the segment itself first.

use redwedding_document::entry::Floor;
use redwedding_document::{Archive, Document, Segment};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::Place;

use crate::event::Event;
use crate::node::RelayNode;
use crate::store::NodeStoreError;

/// The segments of a document that a node's store has.
#[derive(Clone, Copy)]
pub(crate) struct SegmentStore<'a> {
    node: &'a RelayNode,
    document: Digest,
}

impl<'a> SegmentStore<'a> {
    pub(crate) fn of(node: &'a RelayNode, document: &DocumentKey) -> Self {
        Self { node, document: document.digest() }
    }

    /// Keeps a segment; gives its name and the length of its content.
    ///
    /// # Errors
    /// If the store cannot keep it.
    pub(crate) fn put(&self, segment: &Segment) -> Result<(Digest, u32), NodeStoreError> {
        let name = segment.name();
        self.node.store.put_segment(self.document, name.0, &segment.packed())?;
        Ok(name)
    }

    /// Sees to it that what a floor of `document` prunes is kept, before it is folded.
    ///
    /// # Errors
    /// If the store cannot be read, or cannot keep it.
    pub(crate) fn keep(&self, document: &Document, floor: &Floor) -> Result<(), NodeStoreError> {
        // This node chose the floor, or folds the entry once more.
        if self.node.store.segment(self.document, floor.segment)?.is_some() {
            return Ok(());
        }
        // A floor that names no version of this document does not count: the fold says so.
        let Ok(upto) = document.version_at(floor.upto) else { return Ok(()) };
        // Segments are named by their content: made from the same entries, it has the same name on
        // every node. Otherwise the floor does not fit this document, and does not count either.
        match below(document, floor.from, upto.prefix() as usize, self) {
            Some(segment) if segment.name().0 == floor.segment => self.put(&segment).map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl Archive for SegmentStore<'_> {
    fn segment(&self, name: Digest) -> Option<Segment> {
        let found = self.node.store.segment(self.document, name).map_err(|error| error.to_string());
        let opened = found.and_then(|bytes| match bytes {
            Some(bytes) => Segment::open(&bytes, name).map_err(|error| error.to_string()),
            None => Err("it is not there".to_owned()),
        });
        match opened {
            Ok(segment) => Some(segment),
            Err(why) => {
                let document = self.document;
                self.node.tell(Event::SegmentMissing { document, segment: name, why: &why });
                None
            }
        }
    }
}

/// What a document has between the entry `from`, where a segment of its archive ends, and `floor`,
/// the segments between included. `None` if no segment ends there, or one is out of reach.
pub(crate) fn below(
    document: &Document,
    from: Place,
    floor: usize,
    archive: &impl Archive,
) -> Option<Segment> {
    let mut whole = document.clone();
    // Segments are stacked: the newest comes back first, and only onto the floor where it ends.
    while let Some(newest) = whole.archive().last().filter(|newest| newest.upto != from) {
        let newest = archive.segment(newest.digest)?;
        whole.restore(&newest).ok()?;
    }
    let begins = whole.archive().last().map_or(Place::START, |newest| newest.upto);
    // All came back, and none ended at `from`.
    if begins == from { whole.segment(floor) } else { None }
}
