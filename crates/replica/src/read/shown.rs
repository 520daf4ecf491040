//! What is shown of a loaded state: it alone, or with the saves that the outbox
//! shows while the relay is away.
//!
//! Whatever is not in the log is shown under a version object that is written
//! before it is served.

use std::sync::Arc;

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::version::Root;

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::keys;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Ports};
use crate::view::BasedView;
use crate::waiting::Listing;

impl<P: Ports> Context<'_, P> {
    /// What is served of a loaded state: it alone, or with what the store shows
    /// of the outbox while the relay is away.
    pub(super) fn shown(&mut self, cached: &CachedDocument) -> Arc<PageSnapshot> {
        if !self.relay_client().in_backoff() {
            return self.document_cache().snapshot_of(cached);
        }
        let key = cached.key();
        let least = self.document_cache().snapshot_of(cached);
        let lookup = self.ports.cache().lookup(&keys::overlay(key));
        let found = lookup.value.and_then(|bytes| PageSnapshot::decode(&bytes).ok());
        // One made of an older state may lack what this client has seen.
        let found = found.filter(|snapshot| {
            snapshot.cursor.epoch == least.cursor.epoch
                && snapshot.cursor.position >= least.cursor.position
                && snapshot.revision >= least.revision
        });
        match found {
            Some(snapshot) if lookup.fresh || lookup.revalidation.is_none() => Arc::new(snapshot),
            _ => {
                let snapshot = Arc::new(self.overlaid(cached));
                let (name, fresh_ms) = (keys::overlay(key), self.replica.config.staleness_ms);
                let encoded = snapshot.encode();
                self.ports.cache().insert(lookup.revalidation, &name, encoded, fresh_ms);
                snapshot
            }
        }
    }

    /// The state with the outbox's visible saves.
    fn overlaid(&mut self, cached: &CachedDocument) -> PageSnapshot {
        let overlay = self.overlay(cached, Listing::Fresh);
        let (view, base) = (overlay.view().clone(), overlay.base().cloned());
        let based = BasedView { view, base, waiting_bytes: overlay.bytes() };
        let more = !based.view.overlay().is_empty();
        let snapshot = more.then(|| self.shown_of_view(cached, &based)).flatten();
        let mut snapshot = snapshot.unwrap_or_else(|| cached.snapshot());
        snapshot.stale = true;
        snapshot
    }

    /// What is shown of a view, its version written before it is served. `None` where
    /// it cannot be written.
    pub(super) fn shown_of_view(
        &mut self,
        cached: &CachedDocument,
        based: &BasedView,
    ) -> Option<PageSnapshot> {
        let version = based.view.version();
        if let (Root::Origin(_), Some(base)) = (version.root, &based.base) {
            // Who edits this version elsewhere needs the text that it stands on.
            self.version_store().write_detached_base(base)?;
        }
        let id = self.version_store().write_object(cached.key(), &version)?;
        Some(PageSnapshot::of_view(&based.view, id, cached.exchanged_ms()))
    }
}
