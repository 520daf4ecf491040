//! A document at its log: pull it, append to it, keep what came in.
//!
//! What the relay gives is complete or not: only from a complete answer can it be
//! said what the log lacks. An answer to a push never moves a cursor; what was
//! appended is seen in what is pulled with it.

use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, OriginPage};
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::ports::{Level, OriginError, Ports};

/// A document as an exchange with the relay left it.
pub(crate) struct FromLog {
    pub(crate) cached: Arc<CachedDocument>,
    /// Whether it is all that the log held.
    pub(crate) complete: bool,
}

impl<P: Ports> Context<'_, P> {
    /// The document as the relay has it now; `None` where it cannot be asked.
    pub(crate) fn pull_from_log(&mut self, key: &DocumentKey) -> Option<FromLog> {
        let cached = self.document_cache().document(key);
        let (known, origin) = match cached {
            Some(cached) => (Some(cached.confirmed().clone()), cached.origin_page().cloned()),
            None => (None, None),
        };
        self.exchange_and_keep(key, known, origin, Vec::new())
    }

    /// Appends an entry and gives the document after it: what became of the entry is
    /// to be seen there. `None` where the relay cannot be asked.
    pub(crate) fn append_to_log(
        &mut self,
        document: ConfirmedDocument,
        body: Body,
    ) -> Option<FromLog> {
        let key = document.key().clone();
        let entry = Entry::new(key.clone(), body).encode();
        self.exchange_and_keep(&key, Some(document), None, vec![entry])
    }

    fn exchange_and_keep(
        &mut self,
        key: &DocumentKey,
        known: Option<ConfirmedDocument>,
        origin: Option<OriginPage>,
        pushes: Vec<Vec<u8>>,
    ) -> Option<FromLog> {
        let exchanged = self.relay_client().exchange(key, known, pushes)?;
        if !self.salvaged(&exchanged) {
            return None;
        }
        let lost = exchanged.before.is_some();
        let (document, complete) = (exchanged.document, exchanged.complete);
        // Nobody in particular asks.
        let session = &mut ClientSession::new();
        let cached = self.with_origin(document, complete, origin, session).ok()?;
        Some(FromLog { cached: self.document_cache().keep(cached, lost), complete })
    }

    /// A document as the relay gave it: where its log holds nothing, with the page as
    /// the origin has it. `origin` is that page as far as it is known; it does if the
    /// client has not seen a newer one. The document counts as exchanged now if it is
    /// `complete`.
    ///
    /// # Errors
    /// The origin had to be asked and did not answer. Nothing changed.
    pub(crate) fn with_origin(
        &mut self,
        document: ConfirmedDocument,
        complete: bool,
        origin: Option<OriginPage>,
        session: &mut ClientSession,
    ) -> Result<CachedDocument, OriginError> {
        let exchanged_ms = if complete { self.ports.now_ms() } else { 0 };
        if !document.is_empty() {
            return Ok(CachedDocument::new(document, None, exchanged_ms));
        }
        let seen = session.revision(document.key());
        let origin = match origin.filter(|page| page.revision >= seen) {
            Some(page) => Some(page),
            None => {
                let page = self.ask_origin(document.key())?;
                if page.as_ref().map_or(0, |page| page.revision) < seen {
                    // What the client saw was deleted there since.
                    session.forget_revisions(document.key());
                }
                page
            }
        };
        Ok(CachedDocument::new(document, origin, exchanged_ms))
    }

    fn ask_origin(&mut self, key: &DocumentKey) -> Result<Option<OriginPage>, OriginError> {
        let page = self.origin_client().page(key);
        page.inspect_err(|error| self.ports.log(Level::Warning, &error.to_string()))
    }
}
