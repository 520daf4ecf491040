//! The way to the origin: each call is counted.
//!
//! May assume nothing of an answer; who calls checks it. It must never repeat a
//! call by itself: a sandbox may make few.

use redwedding_document::entry::OriginPage;
use redwedding_wire::identity::DocumentKey;

use crate::ports::{Origin, OriginError, Ports, Revision, Write, Written};

/// Calls to the origin.
pub(crate) struct OriginClient<'a, P: Ports> {
    calls: &'a mut u32,
    ports: &'a mut P,
}

impl<'a, P: Ports> OriginClient<'a, P> {
    pub(crate) fn new(calls: &'a mut u32, ports: &'a mut P) -> Self {
        Self { calls, ports }
    }

    fn counted(&mut self) -> &mut P::Origin {
        *self.calls += 1;
        self.ports.origin()
    }

    /// The page as it is now; `None` where there is none.
    ///
    /// # Errors
    /// As [`Origin::page`].
    pub(crate) fn page(&mut self, key: &DocumentKey) -> Result<Option<OriginPage>, OriginError> {
        self.counted().page(key.key())
    }

    /// Writes a page on the revision that `write` names.
    ///
    /// # Errors
    /// As [`Origin::write`].
    pub(crate) fn write(
        &mut self,
        key: &DocumentKey,
        write: &Write,
    ) -> Result<Written, OriginError> {
        self.counted().write(key.key(), write)
    }

    /// The revisions after `after`, oldest first, at most some tens.
    ///
    /// # Errors
    /// As [`Origin::revisions`].
    pub(crate) fn revisions(
        &mut self,
        key: &DocumentKey,
        after: u64,
    ) -> Result<Vec<Revision>, OriginError> {
        self.counted().revisions(key.key(), after)
    }

    /// The stored text of a revision.
    ///
    /// # Errors
    /// As [`Origin::revision_text`].
    pub(crate) fn revision_text(
        &mut self,
        key: &DocumentKey,
        revision: u64,
    ) -> Result<String, OriginError> {
        self.counted().revision_text(key.key(), revision)
    }
}
