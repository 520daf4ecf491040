//! What waits for the log, as a request comes to know it: from the sandbox's memory, and from the
//! outbox where that is too old.

use std::sync::Arc;

use redwedding_document::View;
use redwedding_document::entry::Entry;
use redwedding_wire::identity::{DocumentKey, EditId};

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::{OutboxEntry, base_by_base, own_saves};
use crate::overlay::{Overlay, OwnSaves};
use crate::ports::{Cache, Ports};

/// How old the last look at the outbox may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListingAge {
    /// As old as what readers are shown.
    Fresh,
    /// It is made now.
    Now,
}

impl<P: Ports> Context<'_, P> {
    /// What waits for the log on top of this state.
    pub(crate) fn overlay(&mut self, cached: &CachedDocument, listing: ListingAge) -> Arc<Overlay> {
        let key = cached.key();
        let mut overlay = match self.replica.memory.take_overlay(key) {
            Some(kept) if kept.is_on(cached) => kept,
            Some(kept) => {
                let mut moved = kept.moved_onto(cached);
                self.add_parked(&mut moved);
                Arc::new(moved)
            }
            None => {
                let found = self.overlay_of_pop(cached);
                Arc::new(found.unwrap_or_else(|| Overlay::of(cached)))
            }
        };
        let age = self.ports.now_ms().checked_sub(overlay.listed_ms());
        let fresh = age.is_some_and(|age| age < self.replica.config.staleness_ms);
        if listing == ListingAge::Now || !fresh {
            self.learn(key, Arc::make_mut(&mut overlay));
        }
        self.replica.memory.put_overlay(key, overlay.clone());
        overlay
    }

    /// The same, with all saves that are in its view.
    pub(crate) fn whole_overlay(
        &mut self,
        cached: &CachedDocument,
        listing: ListingAge,
    ) -> Arc<Overlay> {
        let overlay = self.overlay(cached, listing);
        if overlay.is_whole() {
            return overlay;
        }
        let mut whole = overlay.moved_onto(cached);
        self.add_parked(&mut whole);
        self.learn(cached.key(), &mut whole);
        let whole = Arc::new(whole);
        self.replica.memory.put_overlay(cached.key(), whole.clone());
        whole
    }

    /// What waits as another sandbox of this point of presence knew it, and what is new in the
    /// outbox since. Only with the relay away, and only if the outbox still shows all of it: what
    /// the log has had meanwhile it may have lost again.
    fn overlay_of_pop(&mut self, cached: &CachedDocument) -> Option<Overlay> {
        if !self.relay_client().is_away() {
            return None;
        }
        let key = cached.key();
        let found = self.ports.cache().peek(&keys::overlay(key))?;
        let mut overlay = Overlay::decode(&found, cached)?;
        let names = self.outbox().names_of(key).ok()?;
        if !overlay.is_among(&names) {
            return None;
        }
        self.read_listed(&mut overlay, names);
        overlay.waits_as_listed().then_some(overlay)
    }

    /// Puts what is known to wait into the cache, for sandboxes that start, while the relay is
    /// away. O(what waits).
    pub(crate) fn keep_overlay(&mut self, key: &DocumentKey) {
        if !self.relay_client().is_away() {
            return;
        }
        let Some(mut overlay) = self.replica.memory.take_overlay(key) else { return };
        if let Some(bytes) = overlay.encode() {
            self.ports.cache().insert(None, &keys::overlay(key), bytes, limits::CACHE_MS);
            Arc::make_mut(&mut overlay).is_cached();
        }
        self.replica.memory.put_overlay(key, overlay);
    }

    /// Reads what the outbox holds that is not known yet. Bounded: names by
    /// [`limits::OUTBOX_NAMES`], saves by what may wait.
    fn learn(&mut self, key: &DocumentKey, overlay: &mut Overlay) {
        let Ok(names) = self.outbox().names_of(key) else { return };
        self.read_listed(overlay, names);
    }

    fn read_listed(&mut self, overlay: &mut Overlay, names: Vec<String>) {
        for name in overlay.listed(names, self.ports.now_ms()) {
            // A joined value may be where something lies by now that is known already.
            let sought = keys::is_joined(&name) && !overlay.waits_as_listed();
            if overlay.waiting().is_beyond_reading() && !sought {
                break;
            }
            let value = self.outbox().value(name);
            value.into_iter().for_each(|value| overlay.read(value));
        }
        self.add_parked(overlay);
    }

    /// Adds what is parked as far as what it stands on is there.
    fn add_parked(&mut self, overlay: &mut Overlay) {
        let parked = base_by_base(overlay.take_parked());
        let became = self.add_to_view(overlay.view_mut(), parked);
        overlay.put_back(became.added, became.parked);
    }

    /// A save was merged into a copy of the overlay's view, perhaps, and is durable.
    pub(crate) fn overlay_saved(
        &mut self,
        cached: &CachedDocument,
        based: (&View, Option<&Entry>),
        entry: &OutboxEntry,
    ) {
        let kept = self.replica.memory.take_overlay(cached.key());
        if let Some(mut kept) = kept.filter(|kept| kept.is_on(cached)) {
            Arc::make_mut(&mut kept).saved(based, entry);
            self.replica.memory.put_overlay(cached.key(), kept);
        }
    }

    /// A client's unconfirmed saves up to its latest ones, oldest first; `None` where one
    /// of these is not visible here.
    pub(crate) fn saves_of(
        &mut self,
        cached: &CachedDocument,
        latest: &[EditId],
    ) -> Option<Vec<OutboxEntry>> {
        let mut saves: Vec<OutboxEntry> = Vec::new();
        for edit in latest {
            let further = self.saves_up_to(cached, *edit)?;
            saves.extend(
                further.into_iter().filter(|save| !saves.contains(save)).collect::<Vec<_>>(),
            );
        }
        Some(saves)
    }

    /// What follows for a client's session of these saves of its own: one that a later one names as
    /// made before it goes without saying.
    pub(crate) fn note_superseded(
        session: &mut ClientSession,
        key: &DocumentKey,
        saves: &[OutboxEntry],
    ) {
        for edit in session.own(key) {
            if saves.iter().any(|save| save.own.contains(&edit)) {
                session.confirmed_one(key, edit);
            }
        }
    }

    /// Those up to `edit`.
    fn saves_up_to(&mut self, cached: &CachedDocument, edit: EditId) -> Option<Vec<OutboxEntry>> {
        let key = cached.key();
        let overlay = self.replica.memory.overlay(key);
        if let Some(OwnSaves::Found(saves)) = overlay.map(|overlay| overlay.saves_up_to(edit)) {
            return Some(saves);
        }
        if let Some(last) = self.outbox().entry(key, edit) {
            // One that is gone has been confirmed or joined meanwhile; the view will tell.
            return Some(own_saves(last, |edit| self.outbox().entry(key, edit)));
        }
        // It may have been joined with others.
        let mut found = self.overlay(cached, ListingAge::Now).saves_up_to(edit);
        if found == OwnSaves::Unread {
            found = self.whole_overlay(cached, ListingAge::Fresh).saves_up_to(edit);
        }
        match found {
            OwnSaves::Found(saves) => Some(saves),
            OwnSaves::Unread | OwnSaves::Unknown => None,
        }
    }
}
