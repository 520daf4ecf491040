//! Joining what waits in the outbox, so that a long outage does not make listings long.
//!
//! Saves of a document are written once more, many under one key. Only where a later listing
//! shows that key are their own keys deleted. A death in between leaves saves under two keys;
//! two sandboxes that join at once, too. Both are harmless: it is the same save.

use std::sync::Arc;

use redwedding_wire::codec::Encode;
use redwedding_wire::identity::DocumentKey;

use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::outbox::joined::JoinedEntries;
use crate::overlay::Overlay;
use crate::ports::{Cache, Ports, Store};

impl<P: Ports> Context<'_, P> {
    /// After an answer that was given without the relay: joins saves of the document, where there
    /// are many, and keeps what is known of them for sandboxes that start. At most once in
    /// [`crate::Joining::every_ms`] in a point of presence.
    pub(crate) fn join_waiting(&mut self, key: &DocumentKey) {
        let Some(overlay) = self.replica.memory.overlay(key).cloned() else { return };
        let joining = self.replica.config.joining;
        let outdated = overlay.is_outdated_in_cache(joining.news);
        if overlay.single_names() < joining.at && !outdated {
            return;
        }
        let lookup = self.look_up(&keys::joining(key));
        if lookup.fresh || lookup.revalidation.is_none() {
            return;
        }
        let name = keys::joining(key);
        self.ports.cache().insert(lookup.revalidation, &name, Vec::new(), joining.every_ms);
        for name in overlay.spare_names().into_iter().take(limits::JOINED_ENTRIES) {
            self.outbox().delete_name(&name);
        }
        self.join(key, &overlay);
        drop(overlay);
        if outdated {
            self.keep_overlay(key);
        }
    }

    fn join(&mut self, key: &DocumentKey, overlay: &Overlay) {
        let waiting = overlay.to_join();
        if waiting.len() < self.replica.config.joining.at {
            return;
        }
        let first = waiting.into_iter().take(limits::JOINED_ENTRIES);
        let found = first.filter_map(|(edit, entry)| {
            entry.or_else(|| self.outbox().entry(key, edit).map(Arc::new))
        });
        let found: Vec<Arc<OutboxEntry>> = found.collect();
        if found.is_empty() {
            return;
        }
        let joined = JoinedEntries::of(found.iter().map(Arc::as_ref));
        let encoded = joined.encode();
        let name = joined.name(key, &encoded);
        let pending = self.ports.store().begin_insert(&name, encoded.clone());
        if self.ports.store().finish_insert(pending).is_ok() {
            let cached = keys::outbox_value(&name);
            self.ports.cache().insert(None, &cached, encoded, limits::CACHE_MS);
        }
    }
}
