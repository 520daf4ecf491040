//! What documents do not keep any more: segments, from the cache or the relay.
//!
//! Asked only where nothing that is kept will do. May assume nothing of what is fetched: a
//! segment is named by its content. It must never fetch more than the request's budget allows.

use redwedding_document::{Change, Document, Segment, SegmentRef};
use redwedding_wire::identity::DocumentKey;

use crate::keys;
use crate::limits;
use crate::ports::{Cache, Ports};
use crate::relay_client::RelayClient;

/// The archives of documents.
pub(crate) struct Archive<'a, P: Ports> {
    relay: RelayClient<'a, P>,
}

impl<'a, P: Ports> Archive<'a, P> {
    pub(crate) fn new(relay: RelayClient<'a, P>) -> Self {
        Self { relay }
    }

    /// A segment of a document's archive; `None` where it cannot be had now.
    pub(crate) fn segment(&mut self, key: &DocumentKey, part: SegmentRef) -> Option<Segment> {
        let name = keys::segment(key, part.digest);
        let opened = |bytes: &[u8]| Segment::open_plain(bytes, part.digest).ok();
        let cached = self.relay.cache().peek(&name);
        if let Some(segment) = cached.and_then(|bytes| opened(&bytes)) {
            return Some(segment);
        }
        let bytes = self.relay.segment(key, part.digest)?;
        let segment = opened(&bytes)?;
        self.relay.cache().insert(None, &name, bytes, limits::CACHE_MS);
        Some(segment)
    }

    /// Whether a document's archive is known to have such a change. The newest segments are
    /// looked at first.
    pub(crate) fn has_change(&mut self, document: &Document, is: impl Fn(&Change) -> bool) -> bool {
        document.archive().iter().rev().any(|part| {
            let segment = self.segment(document.key(), *part);
            segment.is_some_and(|segment| segment.changes().iter().any(|change| is(change)))
        })
    }
}
