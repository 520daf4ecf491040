//! The overlay: what is acknowledged and not in the log, on top of a confirmed document.
//!
//! A sandbox keeps it for the documents that it serves while the relay is away, and adds to it
//! what is new, so that neither a save nor a read costs more the more there is. It may be lost
//! at any time: then it is made again from the outbox.

use std::collections::BTreeSet;
use std::sync::Arc;

use redwedding_document::View;
use redwedding_document::entry::Entry;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::Cursor;

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::{OutboxEntry, OutboxValue};
use crate::ports::Ports;

/// A confirmed document with all that is known to wait for the log.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    /// The confirmed state that it is made on.
    cursor: Cursor,
    /// The text of the origin that it stands on where the log holds nothing.
    base: Option<Entry>,
    view: View,
    /// What is in the view, parents before children.
    entries: Vec<Arc<OutboxEntry>>,
    edits: BTreeSet<EditId>,
    /// What stands on something that is not visible here.
    parked: Vec<Arc<OutboxEntry>>,
    /// The names of which the values are in.
    names: BTreeSet<String>,
    /// Saves of the document that are under a joined name in the last listing.
    joined: BTreeSet<EditId>,
    /// Those of the last listing that have a key of their own.
    single: Vec<String>,
    bytes: usize,
    listed_ms: u64,
}

/// How old the last look at the outbox may be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// As old as what readers are shown.
    Fresh,
    /// It is made now.
    Now,
}

impl Overlay {
    /// Nothing waits, as far as is known.
    fn of(cached: &CachedDocument) -> Self {
        Self {
            cursor: cached.confirmed().cursor(),
            base: cached.base_entry(),
            view: cached.view(),
            entries: Vec::new(),
            edits: BTreeSet::new(),
            parked: Vec::new(),
            names: BTreeSet::new(),
            joined: BTreeSet::new(),
            single: Vec::new(),
            bytes: 0,
            listed_ms: 0,
        }
    }

    /// What is shown of it.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The text of the origin that it stands on where the log holds nothing.
    pub(crate) fn base(&self) -> Option<&Entry> {
        self.base.as_ref()
    }

    /// About how many bytes wait.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// All that is known to wait.
    pub(crate) fn all(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.entries.iter().chain(&self.parked).map(Arc::as_ref)
    }

    /// A save that waits.
    pub(crate) fn entry(&self, edit: EditId) -> Option<&Arc<OutboxEntry>> {
        let known = self.edits.contains(&edit);
        known.then(|| self.entries.iter().rev().find(|entry| entry.edit() == Some(edit)))?
    }

    fn is_on(&self, cached: &CachedDocument) -> bool {
        self.cursor == cached.confirmed().cursor() && self.base == cached.base_entry()
    }

    fn is_full(&self) -> bool {
        self.entries.len() + self.parked.len() >= limits::OVERLAY_EDITS
            || self.bytes >= limits::OVERLAY_BYTES
    }

    /// A client's unconfirmed saves up to `edit`, oldest first.
    fn saves_up_to(&self, edit: EditId) -> Option<Vec<OutboxEntry>> {
        let last = self.entry(edit)?;
        let before = last.own.iter().filter_map(|edit| self.entry(*edit));
        Some(before.chain([last]).map(|entry| OutboxEntry::clone(entry)).collect())
    }
}

impl<P: Ports> Context<'_, P> {
    /// What waits for the log on top of this state.
    pub(crate) fn overlay(&mut self, cached: &CachedDocument, listing: Listing) -> Arc<Overlay> {
        let key = cached.key();
        let kept = self.replica.memory.take_overlay(key);
        let mut overlay = match kept {
            Some(kept) if kept.is_on(cached) => kept,
            Some(kept) => Arc::new(self.moved_onto(cached, &kept)),
            None => Arc::new(Overlay::of(cached)),
        };
        let age = self.ports.now_ms().checked_sub(overlay.listed_ms);
        let fresh = age.is_some_and(|age| age < self.replica.config.staleness_ms);
        if listing == Listing::Now || !fresh {
            self.learn(key, Arc::make_mut(&mut overlay));
        }
        self.replica.memory.put_overlay(key, overlay.clone());
        overlay
    }

    /// The same saves on another confirmed state, without those that it holds.
    fn moved_onto(&mut self, cached: &CachedDocument, kept: &Overlay) -> Overlay {
        let mut overlay = Overlay { listed_ms: kept.listed_ms, ..Overlay::of(cached) };
        overlay.names.clone_from(&kept.names);
        overlay.joined.clone_from(&kept.joined);
        overlay.single.clone_from(&kept.single);
        let waits = |entry: &&Arc<OutboxEntry>| {
            let edit = entry.edit();
            edit.is_some_and(|edit| cached.confirmed().change_of(edit).is_none())
        };
        let entries = kept.entries.iter().chain(&kept.parked).filter(waits).cloned().collect();
        self.add_to_overlay(&mut overlay, entries);
        overlay
    }

    /// Reads what the outbox holds that is not known yet. Bounded: names by
    /// [`limits::OUTBOX_NAMES`], saves by what may wait.
    fn learn(&mut self, key: &DocumentKey, overlay: &mut Overlay) {
        let Ok(names) = self.outbox().names_of(key) else { return };
        overlay.listed_ms = self.ports.now_ms();
        let single = names.iter().filter(|name| !keys::is_joined(name));
        overlay.single = single.cloned().collect();
        for name in names {
            if overlay.is_full() || overlay.names.contains(&name) {
                continue;
            }
            let Some(value) = self.outbox().value(name) else { continue };
            self.add_value(key, overlay, value);
        }
        let parked = std::mem::take(&mut overlay.parked);
        overlay.bytes -= parked.iter().map(|entry| entry.bytes()).sum::<usize>();
        self.add_to_overlay(overlay, parked);
    }

    /// Parks the saves of a value, to be added with all others.
    fn add_value(&mut self, key: &DocumentKey, overlay: &mut Overlay, value: OutboxValue) {
        let joined = keys::is_joined(&value.name);
        overlay.names.insert(value.name);
        for entry in value.entries.into_iter().filter(|entry| entry.document() == key) {
            let Some(edit) = entry.edit() else { continue };
            if joined {
                overlay.joined.insert(edit);
            }
            if overlay.edits.insert(edit) {
                overlay.bytes += entry.bytes();
                overlay.parked.push(Arc::new(entry));
            }
        }
    }

    /// Adds saves to the view as far as what they stand on is there, and parks the others.
    fn add_to_overlay(&mut self, overlay: &mut Overlay, entries: Vec<Arc<OutboxEntry>>) {
        overlay.bytes += entries.iter().map(|entry| entry.bytes()).sum::<usize>();
        overlay.edits.extend(entries.iter().filter_map(|entry| entry.edit()));
        let added = self.add_to_view(&mut overlay.view, entries);
        overlay.entries.extend(added.added);
        overlay.parked.extend(added.parked);
    }

    /// A save was merged into a copy of the overlay's view and is durable: the copy takes the
    /// view's place, where nothing else came in between.
    pub(crate) fn overlay_saved(
        &mut self,
        cached: &CachedDocument,
        view: &View,
        entry: &OutboxEntry,
    ) {
        let Some(mut kept) = self.replica.memory.take_overlay(cached.key()) else { return };
        let follows = kept.view.overlay().len() + 1 == view.overlay().len();
        if let Some(edit) = entry.edit()
            && kept.is_on(cached)
            && follows
        {
            let overlay = Arc::make_mut(&mut kept);
            overlay.view = view.clone();
            overlay.names.insert(keys::outbox(cached.key(), edit));
            overlay.single.push(keys::outbox(cached.key(), edit));
            overlay.edits.insert(edit);
            overlay.bytes += entry.bytes();
            overlay.entries.push(Arc::new(entry.clone()));
        }
        self.replica.memory.put_overlay(cached.key(), kept);
    }

    /// A client's unconfirmed saves up to `edit`, oldest first; `None` where they are
    /// not visible here.
    pub(crate) fn saves_up_to(
        &mut self,
        cached: &CachedDocument,
        edit: EditId,
    ) -> Option<Vec<OutboxEntry>> {
        let key = cached.key();
        let overlay = self.replica.memory.overlay(key);
        if let Some(saves) = overlay.and_then(|overlay| overlay.saves_up_to(edit)) {
            return Some(saves);
        }
        if let Some(last) = self.outbox().entry(key, edit) {
            let mut saves = Vec::with_capacity(last.own.len() + 1);
            for edit in &last.own {
                // One that is gone has been confirmed or joined meanwhile; the view will tell.
                saves.extend(self.outbox().entry(key, *edit));
            }
            saves.push(last);
            return Some(saves);
        }
        // It may have been joined with others.
        self.overlay(cached, Listing::Now).saves_up_to(edit)
    }
}

impl Overlay {
    /// How many saves have keys of their own, as the last listing shows.
    pub(crate) fn single_names(&self) -> usize {
        self.single.len()
    }

    /// Names of saves under keys of their own that are joined as well, as the last listing shows.
    pub(crate) fn spare_names(&self, key: &DocumentKey) -> Vec<String> {
        let spare: BTreeSet<String> =
            self.joined.iter().map(|edit| keys::outbox(key, *edit)).collect();
        self.single.iter().filter(|name| spare.contains(*name)).cloned().collect()
    }

    /// The saves that have a key of their own alone, parents before children.
    pub(crate) fn to_join(&self, key: &DocumentKey) -> Vec<Arc<OutboxEntry>> {
        let single: BTreeSet<&String> = self.single.iter().collect();
        let alone = |entry: &&Arc<OutboxEntry>| {
            entry.edit().is_some_and(|edit| {
                !self.joined.contains(&edit) && single.contains(&keys::outbox(key, edit))
            })
        };
        self.entries.iter().filter(alone).cloned().collect()
    }
}
