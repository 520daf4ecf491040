//! The archive of one document: segments in the node's store.
//!
//! May assume that the store keeps what it took. Must never prune anywhere before the segment is there:
//! a node that folds a floor made elsewhere, or once more, keeps the segment itself first.

use redwedding_document::entry::Floor;
use redwedding_document::{Archive, Document, Segment};
use redwedding_wire::identity::{Digest, DocumentKey};
use redwedding_wire::version::Place;

use crate::store::{NodeStore, NodeStoreError};

/// The segments of a document that a store has.
#[derive(Clone, Copy)]
pub(super) struct SegmentStore<'a> {
    store: &'a dyn NodeStore,
    document: Digest,
}

impl<'a> SegmentStore<'a> {
    pub(super) fn of(store: &'a dyn NodeStore, document: &DocumentKey) -> Self {
        Self { store, document: document.digest() }
    }

    /// Keeps a segment; gives its name and the length of its content.
    pub(super) fn put(&self, segment: &Segment) -> Result<(Digest, u32), NodeStoreError> {
        let name = segment.name();
        self.store.put_segment(self.document, name.0, &segment.packed())?;
        Ok(name)
    }

    /// Sees to it that what a floor of `document` prunes is kept. A floor that does not count is
    /// for the fold to find.
    pub(super) fn keep(&self, document: &Document, floor: &Floor) -> Result<(), NodeStoreError> {
        if self.store.segment(self.document, floor.segment)?.is_some() {
            return Ok(());
        }
        let Ok(upto) = document.version_at(floor.upto) else { return Ok(()) };
        match below(document, floor.from, upto.prefix() as usize, self) {
            Some(segment) if segment.name().0 == floor.segment => self.put(&segment).map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl Archive for SegmentStore<'_> {
    fn segment(&self, name: Digest) -> Option<Segment> {
        let found = self.store.segment(self.document, name).map_err(|error| error.to_string());
        let opened = found.and_then(|bytes| match bytes {
            Some(bytes) => Segment::open(&bytes, name).map_err(|error| error.to_string()),
            None => Err("it is not there".to_owned()),
        });
        match opened {
            Ok(segment) => Some(segment),
            Err(error) => {
                tracing::error!(document = %self.document, segment = %name, error, "the archive");
                None
            }
        }
    }
}

/// What a document has between the entry `from`, where a segment of its archive ends, and `floor`: the
/// segments between, too. `None` if there is no such segment, or one is out of reach.
pub(super) fn below(
    document: &Document,
    from: Place,
    floor: usize,
    archive: &impl Archive,
) -> Option<Segment> {
    let mut whole = document.clone();
    while let Some(newest) = whole.archive().last().filter(|newest| newest.upto != from) {
        let newest = archive.segment(newest.digest)?;
        whole.restore(&newest).ok()?;
    }
    let begins = whole.archive().last().map_or(Place::START, |newest| newest.upto);
    if begins == from { whole.segment(floor) } else { None }
}
