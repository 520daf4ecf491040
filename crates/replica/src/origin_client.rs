//! The way to the origin: each call is counted and has an end.
//!
//! May assume nothing of an answer; who calls checks it. It must never repeat a
//! call by itself: a sandbox may make few.

use redwedding_document::entry::OriginPage;
use redwedding_wire::identity::DocumentKey;

use crate::budget::Budget;
use crate::ports::{Origin, OriginError, Ports, Revision, Write, Written};

/// Calls to the origin.
pub(crate) struct OriginClient<'a, P: Ports> {
    calls: &'a mut u32,
    budget: &'a mut Budget,
    ports: &'a mut P,
}

impl<'a, P: Ports> OriginClient<'a, P> {
    pub(crate) fn new(calls: &'a mut u32, budget: &'a mut Budget, ports: &'a mut P) -> Self {
        Self { calls, budget, ports }
    }

    /// Asks, told how long that may take in ms, if there are calls and time left.
    fn ask<T>(
        &mut self,
        ask: impl FnOnce(&mut P::Origin, u64) -> Result<T, OriginError>,
    ) -> Result<T, OriginError> {
        if self.budget.origin.is_spent() {
            return Err(OriginError::TimedOut);
        }
        if !self.budget.take_call(self.calls) {
            return Err(OriginError::Unavailable("this request has no calls left".to_owned()));
        }
        self.budget.origin.spend(self.ports, |ports, wait_ms| ask(ports.origin(), wait_ms))
    }

    /// The page as it is now; `None` where there is none.
    ///
    /// # Errors
    /// As [`Origin::page`].
    pub(crate) fn page(&mut self, key: &DocumentKey) -> Result<Option<OriginPage>, OriginError> {
        self.ask(|origin, wait_ms| origin.page(key.key(), wait_ms))
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
        self.ask(|origin, wait_ms| origin.write(key.key(), write, wait_ms))
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
        self.ask(|origin, wait_ms| origin.revisions(key.key(), after, wait_ms))
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
        self.ask(|origin, wait_ms| origin.revision_text(key.key(), revision, wait_ms))
    }
}
