//! The documents that this sandbox has in memory and its point of presence in its
//! cache, and what readers are shown of them.
//!
//! Both may be lost or old at any time. In the point of presence's cache is nothing but confirmed
//! state: no overlay, and nothing that was taken back from an archive. It does not go back there:
//! while the relay is away, nothing else is left of what clients have seen.

use std::sync::Arc;

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::VersionName;

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::confirmed_document::{Extent, Tail};
use crate::head::{Head, Made};
use crate::keys;
use crate::limits;
use crate::overlay::Overlay;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Ports, Value};
use crate::version_store::VersionStore;

/// What a sandbox has in memory, the newest first.
#[derive(Default)]
pub(crate) struct SandboxMemory {
    documents: Vec<Arc<CachedDocument>>,
    /// What readers were shown last.
    shown: Vec<Remembered>,
    /// What waits for the log, of documents that were served without the relay.
    overlays: Vec<(DocumentKey, Arc<Overlay>)>,
}

/// A head as it lay in the cache, with its snapshot.
struct Remembered {
    key: DocumentKey,
    metadata: Vec<u8>,
    shown: Shown,
}

/// What a point of presence shows of a document.
#[derive(Clone)]
pub(crate) struct Shown {
    pub(crate) head: Head,
    /// The snapshot beside the head, which need not hold all that the head names.
    pub(crate) snapshot: Arc<PageSnapshot>,
}

/// The right to refresh what is shown of a document.
pub(crate) type Revalidation<P> = <<P as Ports>::Cache as Cache>::Revalidation;

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

    fn shown(&self, key: &DocumentKey) -> Option<&Remembered> {
        self.shown.iter().find(|remembered| remembered.key == *key)
    }

    fn put_shown(&mut self, key: &DocumentKey, metadata: Vec<u8>, shown: Shown) {
        self.shown.retain(|remembered| remembered.key != *key);
        self.shown.insert(0, Remembered { key: key.clone(), metadata, shown });
        self.shown.truncate(limits::HELD_DOCUMENTS);
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
        let cached = Arc::new(self.document_of_pop(key)?);
        self.memory.put_document(cached.clone());
        Some(cached)
    }

    /// The same; where memory lacks what the client has seen, from the point of
    /// presence's cache, where another sandbox may have put it.
    pub(crate) fn document_for(
        &mut self,
        key: &DocumentKey,
        session: &ClientSession,
    ) -> Option<Arc<CachedDocument>> {
        let cached = self.document(key)?;
        if cached.satisfies(session) {
            return Some(cached);
        }
        let cached = self.with_news_of_pop(cached);
        if cached.satisfies(session) {
            return Some(cached);
        }
        let other = self.document_of_pop(key).filter(|other| other.satisfies(session));
        match other.map(Arc::new) {
            Some(other) => {
                self.memory.put_document(other.clone());
                Some(other)
            }
            None => Some(cached),
        }
    }

    fn document_of_pop(&mut self, key: &DocumentKey) -> Option<CachedDocument> {
        let base = self.base_of_pop(key)?;
        let Some(tail) = self.tail_of_pop(key) else { return Some(base) };
        // Both were written between the two look-ups.
        let base = match base.confirmed().base() == Some(tail.base()) {
            true => base,
            false => self.base_of_pop(key)?,
        };
        Some(base.with_tail(tail))
    }

    fn base_of_pop(&mut self, key: &DocumentKey) -> Option<CachedDocument> {
        CachedDocument::decode(&self.ports.cache().peek(&keys::document(key))?, key)
    }

    fn tail_of_pop(&mut self, key: &DocumentKey) -> Option<Tail> {
        Tail::decode(&self.ports.cache().peek(&keys::tail(key))?).ok()
    }

    /// A document of memory's with the entries after its own that lie in the cache, if there are
    /// any.
    fn with_news_of_pop(&mut self, cached: Arc<CachedDocument>) -> Arc<CachedDocument> {
        let tail = self.tail_of_pop(cached.key());
        let Some(tail) = tail.filter(|tail| cached.confirmed().base() == Some(tail.base())) else {
            return cached;
        };
        // With no reference left in memory the document is changed in place.
        self.forget(cached.key());
        let further = Arc::new(Arc::unwrap_or_clone(cached).with_tail(tail));
        self.memory.put_document(further.clone());
        further
    }

    /// Keeps a document in memory and in the cache, and what is shown of it. What lies in the
    /// cache and is a later state stays there; `lost` says whether the log was just found to have
    /// lost a part of what was known.
    pub(crate) fn keep(&mut self, cached: CachedDocument, lost: bool) -> Arc<CachedDocument> {
        let mut cached = cached;
        let lock = self.ports.cache().lock(&keys::document_lock(cached.key()));
        self.store(&mut cached, lost);
        self.show_confirmed(&cached);
        drop(lock);
        self.remember(cached)
    }

    /// Keeps a document that an exchange found unchanged. The cached base and tail
    /// may stay behind in their cursor: nothing lies between.
    pub(crate) fn keep_unchanged(&mut self, cached: CachedDocument) -> Arc<CachedDocument> {
        let lock = self.ports.cache().lock(&keys::document_lock(cached.key()));
        self.show_confirmed(&cached);
        drop(lock);
        self.remember(cached)
    }

    fn remember(&mut self, cached: CachedDocument) -> Arc<CachedDocument> {
        let cached = Arc::new(cached);
        self.memory.put_document(cached.clone());
        cached
    }

    /// Writes the document's base or its tail. Only who has the document's lock does, so that of
    /// two who write the one who knows less does not win.
    fn store(&mut self, cached: &mut CachedDocument, lost: bool) {
        let key = &cached.key().clone();
        let stored = self.stored(key);
        if stored.as_ref().is_some_and(|stored| self.goes_on_from(cached, stored, lost)) {
            return;
        }
        // What stands on a text of the origin has no entries of its own.
        let stored = stored.filter(|_| cached.is_logged());
        let extends = |stored: Extent| cached.confirmed_mut().rebase_on(stored.base);
        if !stored.is_some_and(extends) {
            let base = cached.encode();
            self.ports.cache().insert(None, &keys::document(key), base, limits::CACHE_MS);
            cached.confirmed_mut().rebase();
        }
        // Even an empty one: an older may have entries that the log has lost since.
        if let Some((tail, extent)) = cached.confirmed().tail(cached.exchanged_ms()) {
            let tail = Value { bytes: tail.encode(), metadata: extent.encode() };
            self.ports.cache().insert_with(None, &keys::tail(key), tail, limits::CACHE_MS);
        }
    }

    /// How far the document in the cache goes; `None` where there is no base for that.
    fn stored(&mut self, key: &DocumentKey) -> Option<Extent> {
        let extent = Extent::decode(&self.ports.cache().metadata(&keys::tail(key))?).ok()?;
        self.ports.cache().metadata(&keys::document(key)).map(|_| extent)
    }

    /// Whether what lies in the cache is a later state than this one. What goes further and does
    /// not hold the last entry of this is of a part that the log has lost. Where entries do not
    /// tell, as after such a loss was found, this is the newer one if the exchange that gave it
    /// cannot have begun before the other one's end. An end that is still to come was told by a
    /// clock that ran ahead, and says nothing.
    fn goes_on_from(&mut self, cached: &CachedDocument, stored: &Extent, lost: bool) -> bool {
        let document = cached.confirmed();
        if !stored.is_beyond(document) {
            return false;
        }
        let Some(tail) = self.tail_of_pop(cached.key()) else { return false };
        let latest_ms = self.ports.now_ms() + limits::RELAY_BACKGROUND_MS;
        let at_once = tail.exchanged_ms <= latest_ms
            && cached.exchanged_ms() < tail.exchanged_ms + limits::RELAY_BACKGROUND_MS;
        match (lost, cached.is_logged()) {
            (true, _) => at_once,
            (false, true) => tail.holds(document.place(), stored).unwrap_or(at_once),
            (false, false) => at_once && tail.is_logged(stored),
        }
    }

    /// Gives up the document in memory, so that whoever has the other reference
    /// owns it.
    pub(crate) fn forget(&mut self, key: &DocumentKey) {
        self.memory.forget_document(key);
    }

    /// The head of a document.
    pub(crate) fn head(&mut self, key: &DocumentKey) -> Option<Head> {
        Head::decode(&self.ports.cache().metadata(&keys::head(key))?).ok()
    }

    /// What this sandbox has shown, if that is what the point of presence shows now, and
    /// nobody need look for news.
    pub(crate) fn shown_now(&mut self, key: &DocumentKey) -> Option<Shown> {
        let now_ms = self.ports.now_ms();
        let shown = self.memory.shown(key)?;
        if !shown.shown.head.is_fresh(now_ms, self.fresh_ms) {
            return None;
        }
        let metadata = self.ports.cache().metadata(&keys::head(key))?;
        (metadata == shown.metadata).then(|| shown.shown.clone())
    }

    /// What was found where the head lies.
    pub(crate) fn shown(&mut self, key: &DocumentKey, found: Value) -> Option<Shown> {
        let same = self.memory.shown(key).filter(|shown| shown.metadata == found.metadata);
        if let Some(same) = same {
            return Some(same.shown.clone());
        }
        let head = Head::decode(&found.metadata).ok()?;
        let snapshot = Arc::new(PageSnapshot::decode(&found.bytes).ok()?);
        let shown = Shown { head, snapshot };
        self.memory.put_shown(key, found.metadata, shown.clone());
        Some(shown)
    }

    /// Puts into the head what is about to be shown, or answered to a save. It was made
    /// so, and is fresh until then.
    pub(crate) fn show(
        &mut self,
        key: &DocumentKey,
        snapshot: &Arc<PageSnapshot>,
        (made, fresh_until_ms): (Made<'_>, u64),
        revalidation: Option<Revalidation<P>>,
    ) {
        let fresh_until_ms = fresh_until_ms.max(self.ports.now_ms());
        let lock = self.ports.cache().lock(&keys::document_lock(key));
        let there = self.head(key);
        let head = Head::of(snapshot, fresh_until_ms).over(there.as_ref(), made);
        self.write_head(key, head, snapshot, revalidation);
        drop(lock);
    }

    /// Puts a confirmed state into the head, if it holds what is shown. Only who has the
    /// document's lock does.
    fn show_confirmed(&mut self, cached: &CachedDocument) {
        let key = cached.key();
        let there = self.head(key);
        let held = |there: &Head| there.versions().all(|version| self.holds(cached, version));
        if !there.as_ref().is_none_or(held) {
            return;
        }
        let snapshot = self.snapshot_of(cached);
        let made = there.as_ref().map_or(Made::Alone, Made::Beside);
        let fresh_until_ms = (cached.exchanged_ms() + self.fresh_ms).max(self.ports.now_ms());
        let head = Head::of(&snapshot, fresh_until_ms).over(there.as_ref(), made);
        let news = there.is_none_or(|there| {
            !there.says(&head) || there.fresh_until_ms() < head.fresh_until_ms()
        });
        if head.is_whole() && news {
            self.write_head(key, head, &snapshot, None);
        }
    }

    /// Whether a confirmed state holds a version, as far as this can be told here.
    fn holds(&mut self, cached: &CachedDocument, version: VersionName) -> bool {
        let VersionName::Object(id) = version else { return false };
        let version = VersionStore::new(self.ports).object_here(cached.confirmed(), id);
        version.is_some_and(|version| match cached.is_logged() {
            true => cached.confirmed().holds(&version),
            false => cached.view().holds(&version),
        })
    }

    fn write_head(
        &mut self,
        key: &DocumentKey,
        head: Head,
        snapshot: &Arc<PageSnapshot>,
        revalidation: Option<Revalidation<P>>,
    ) {
        let left = head.fresh_until_ms().saturating_sub(self.ports.now_ms()).min(self.fresh_ms);
        // One that is not whole is to be made so at once.
        let fresh_ms = if head.is_whole() { left } else { 0 };
        let metadata = head.encode();
        let value = Value { bytes: snapshot.encode(), metadata: metadata.clone() };
        self.ports.cache().insert_with(revalidation, &keys::head(key), value, fresh_ms);
        self.memory.put_shown(key, metadata, Shown { head, snapshot: snapshot.clone() });
    }

    /// What is shown of this state, no overlay added.
    pub(crate) fn snapshot_of(&self, cached: &CachedDocument) -> Arc<PageSnapshot> {
        let last = self.memory.shown(cached.key()).map(|last| &last.shown.snapshot);
        let same = last.filter(|snapshot| {
            !snapshot.stale
                && (snapshot.cursor, snapshot.exchanged_ms, snapshot.id)
                    == (cached.confirmed().cursor(), cached.exchanged_ms(), cached.id())
        });
        same.cloned().unwrap_or_else(|| Arc::new(cached.snapshot()))
    }
}
