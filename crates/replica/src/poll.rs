//! Looks whether the origin has edits that the log does not know, and takes them
//! over.

use redwedding_wire::identity::DocumentKey;

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::keys;
use crate::ports::{Cache, Ports};

impl<P: Ports> Context<'_, P> {
    /// After a read was answered, in whichever way: do many saves wait? Does a relay that was
    /// left alone answer again, or has something to be left for other points of presence? Has
    /// somebody edited the page at the origin?
    pub fn after_read(&mut self, key: &DocumentKey) {
        let now_ms = self.ports.now_ms();
        let config = &self.replica.config;
        let (poll_ms, staleness_ms) = (config.poll_ms, config.staleness_ms);
        self.join_waiting(key);
        // Not even the cache is asked more often than a reader may be behind.
        let asked = self.replica.polls.ask(key, now_ms, staleness_ms);
        if asked.is_some_and(|ago_ms| ago_ms < staleness_ms.min(poll_ms)) {
            return;
        }
        if self.relay_client().is_away() && self.relay_client().is_asked() {
            self.pull_from_log(key);
        }
        self.leave_document(key);
        self.poll_origin(key, false);
    }

    /// Looks whether the origin has edits that the log does not know, and takes
    /// them over. At most once in `poll_ms` per page and point of presence,
    /// unless `now`.
    pub fn poll_origin(&mut self, key: &DocumentKey, now: bool) {
        let poll_ms = self.replica.config.poll_ms;
        let lookup = self.look_up(&keys::polled(key));
        if !now && (lookup.fresh || lookup.revalidation.is_none()) {
            return;
        }
        self.ports.cache().insert(lookup.revalidation, &keys::polled(key), vec![1], poll_ms);
        let Ok(page) = self.origin_client().page(key) else { return };
        let Some(cached) = self.document_cache().document(key) else { return };
        if !cached.is_logged() {
            if cached.origin_page() != page.as_ref() {
                let log = cached.confirmed().clone();
                let news = CachedDocument::new(log, page, cached.exchanged_ms());
                self.document_cache().keep(news, false);
            }
            return;
        }
        let revision = page.map_or(0, |page| page.revision);
        if revision <= cached.revision() {
            return;
        }
        if let Some(pulled) = self.pull_from_log(key)
            && revision > pulled.cached.confirmed().origin().revision()
        {
            self.reconcile(pulled.cached.confirmed().clone(), false);
        }
    }
}
