//! The documents that this sandbox has in memory and its point of presence in its
//! cache, and what readers are shown of them.
//!
//! Both may be lost or old at any time. In the point of presence's cache is nothing but confirmed
//! state: no overlay, and nothing that was taken back from an archive.

use std::sync::Arc;

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::confirmed_document::Tail;
use crate::keys;
use crate::limits;
use crate::overlay::Overlay;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Ports};

/// What a sandbox has in memory, the newest first.
#[derive(Default)]
pub(crate) struct SandboxMemory {
    documents: Vec<Arc<CachedDocument>>,
    /// What readers were shown last, for as long as that is fresh.
    snapshots: Vec<(DocumentKey, Arc<PageSnapshot>)>,
    /// What waits for the log, of documents that were served without the relay.
    overlays: Vec<(DocumentKey, Arc<Overlay>)>,
}

impl SandboxMemory {
    /// What waits for the log on top of a document, as it was known last.
    pub(crate) fn overlay(&self, key: &DocumentKey) -> Option<&Arc<Overlay>> {
        self.overlays.iter().find(|(of, _)| of == key).map(|(_, overlay)| overlay)
    }

    /// The same, given away, so that it can be changed in place.
    pub(crate) fn take_overlay(&mut self, key: &DocumentKey) -> Option<Arc<Overlay>> {
        let found = self.overlays.iter().position(|(of, _)| of == key)?;
        Some(self.overlays.remove(found).1)
    }

    pub(crate) fn put_overlay(&mut self, key: &DocumentKey, overlay: Arc<Overlay>) {
        self.take_overlay(key);
        self.overlays.insert(0, (key.clone(), overlay));
        self.overlays.truncate(limits::HELD_DOCUMENTS);
    }

    fn document(&self, key: &DocumentKey) -> Option<&Arc<CachedDocument>> {
        self.documents.iter().find(|cached| cached.key() == key)
    }

    fn put_document(&mut self, cached: Arc<CachedDocument>) {
        self.forget_document(cached.key());
        self.documents.insert(0, cached);
        self.documents.truncate(limits::HELD_DOCUMENTS);
    }

    fn forget_document(&mut self, key: &DocumentKey) {
        self.documents.retain(|cached| cached.key() != key);
    }

    fn snapshot(&self, key: &DocumentKey) -> Option<&Arc<PageSnapshot>> {
        self.snapshots.iter().find(|(of, _)| of == key).map(|(_, snapshot)| snapshot)
    }

    fn put_snapshot(&mut self, key: &DocumentKey, snapshot: Arc<PageSnapshot>) {
        self.snapshots.retain(|(of, _)| of != key);
        self.snapshots.insert(0, (key.clone(), snapshot));
        self.snapshots.truncate(limits::HELD_DOCUMENTS);
    }
}

/// The tiers in front of the relay: the sandbox's memory, then the point of
/// presence's cache.
pub(crate) struct DocumentCache<'a, P: Ports> {
    memory: &'a mut SandboxMemory,
    ports: &'a mut P,
    /// How long a snapshot is fresh, in ms.
    fresh_ms: u64,
}

impl<'a, P: Ports> DocumentCache<'a, P> {
    pub(crate) fn new(memory: &'a mut SandboxMemory, ports: &'a mut P, fresh_ms: u64) -> Self {
        Self { memory, ports, fresh_ms }
    }

    /// The document, if this sandbox or its point of presence has it.
    pub(crate) fn document(&mut self, key: &DocumentKey) -> Option<Arc<CachedDocument>> {
        if let Some(cached) = self.memory.document(key) {
            return Some(cached.clone());
        }
        let base = self.ports.cache().peek(&keys::document(key))?;
        let mut cached = CachedDocument::decode(&base, key)?;
        let name = keys::tail(key, cached.confirmed().cursor());
        let tail = self.ports.cache().peek(&name);
        if let Some(tail) = tail.and_then(|bytes| Tail::decode(&bytes).ok()) {
            cached = cached.with_tail(tail);
        }
        let cached = Arc::new(cached);
        self.memory.put_document(cached.clone());
        Some(cached)
    }

    /// Keeps a document in memory and in the cache, and what is shown of it.
    pub(crate) fn keep(&mut self, cached: CachedDocument) -> Arc<CachedDocument> {
        let mut cached = cached;
        let key = &cached.key().clone();
        let exchanged_ms = cached.exchanged_ms();
        // What stands on a text of the origin has no entries of its own.
        let logged = cached.is_logged();
        let tail = cached.confirmed().tail(exchanged_ms).filter(|_| logged);
        if tail.is_none() {
            let base = cached.encode();
            self.ports.cache().insert(None, &keys::document(key), base, limits::CACHE_MS);
            cached.confirmed_mut().rebase();
        }
        // Even an empty one: an older may have entries that the log has lost since.
        if let Some(tail) = tail.or_else(|| cached.confirmed().tail(exchanged_ms)) {
            let name = keys::tail(key, tail.base());
            self.ports.cache().insert(None, &name, tail.encode(), limits::CACHE_MS);
        }
        self.keep_unchanged(cached)
    }

    /// Keeps a document that an exchange found unchanged. The cached base and tail
    /// may stay behind in their cursor: nothing lies between.
    pub(crate) fn keep_unchanged(&mut self, cached: CachedDocument) -> Arc<CachedDocument> {
        let snapshot = Arc::new(cached.snapshot());
        let cached = Arc::new(cached);
        let key = cached.key();
        let encoded = snapshot.encode();
        self.ports.cache().insert(None, &keys::snapshot(key), encoded, self.fresh_ms);
        self.memory.put_snapshot(key, snapshot);
        self.memory.put_document(cached.clone());
        cached
    }

    /// Gives up the document in memory, so that whoever has the other reference
    /// owns it.
    pub(crate) fn forget(&mut self, key: &DocumentKey) {
        self.memory.forget_document(key);
    }

    /// What is shown of a document, from this sandbox's memory, if that is fresh and
    /// holds what the client has seen.
    pub(crate) fn fresh_snapshot(
        &mut self,
        key: &DocumentKey,
        session: &ClientSession,
    ) -> Option<Arc<PageSnapshot>> {
        let now_ms = self.ports.now_ms();
        let snapshot = self.memory.snapshot(key)?;
        let age = now_ms.checked_sub(snapshot.exchanged_ms)?;
        (age < self.fresh_ms && snapshot.satisfies(key, session)).then(|| snapshot.clone())
    }

    /// What is shown of this state, no overlay added.
    pub(crate) fn snapshot_of(&self, cached: &CachedDocument) -> Arc<PageSnapshot> {
        let last = self.memory.snapshot(cached.key());
        let same = last.filter(|snapshot| {
            (snapshot.cursor, snapshot.exchanged_ms, snapshot.id)
                == (cached.confirmed().cursor(), cached.exchanged_ms(), cached.id())
        });
        same.cloned().unwrap_or_else(|| Arc::new(cached.snapshot()))
    }

    /// Keeps in memory what is shown of a document.
    pub(crate) fn remember_snapshot(&mut self, key: &DocumentKey, snapshot: Arc<PageSnapshot>) {
        self.memory.put_snapshot(key, snapshot);
    }
}
