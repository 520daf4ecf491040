//! The overlay: what is acknowledged and not in the log, on top of a confirmed document.
//!
//! A sandbox keeps it for the documents that it serves while the relay is away, and adds to it
//! what is new, so that neither a save nor a read costs more the more there is. For sandboxes that
//! start, it lies in the point of presence's cache, too (module `stored`): the view, and of the
//! saves their names alone. It may be lost at any time: then it is made again from the outbox. How
//! a request comes by it is in [`crate::waiting`].

mod stored;

use std::collections::BTreeSet;
use std::sync::Arc;

use redwedding_document::View;
use redwedding_document::entry::Entry;
use redwedding_wire::identity::EditId;
use redwedding_wire::version::Cursor;

use crate::cached_document::CachedDocument;
use crate::keys;
use crate::limits;
use crate::outbox::{OutboxEntry, OutboxValue, own_saves};

/// A confirmed document with all that is known to wait for the log.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    /// The confirmed state that it is made on.
    cursor: Cursor,
    /// The text of the origin that it stands on where the log holds nothing.
    base: Option<Entry>,
    view: View,
    /// Saves that are in the view and were never read here, parents before children; before all
    /// others.
    unread: Vec<EditId>,
    /// Those of them that are under no joined name that was read.
    unread_single: Vec<EditId>,
    /// What else is in the view, parents before children.
    entries: Vec<Arc<OutboxEntry>>,
    /// What stands on something that is not visible here.
    parked: Vec<Arc<OutboxEntry>>,
    /// Which saves all of them are.
    edits: BTreeSet<EditId>,
    /// About how many bytes they have.
    bytes: usize,
    /// The joined names of which the values were read.
    names: BTreeSet<String>,
    /// Saves that are under one of these.
    joined: BTreeSet<EditId>,
    /// Whether the last listing shows all of these.
    joined_listed: bool,
    /// Saves that have a name of their own in the last listing, and those made here since.
    single: Vec<EditId>,
    /// How many saves were read or made here since the cache held what is known.
    news: usize,
    /// When the outbox was listed last, in ms since 1970; 0 for never.
    listed_ms: u64,
}

/// How much waits for the log.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Waiting {
    pub(crate) saves: usize,
    /// About how many.
    pub(crate) bytes: usize,
}

impl Waiting {
    /// Whether it is so much that no more is taken.
    pub(crate) fn is_full(self) -> bool {
        self.saves >= limits::OVERLAY_EDITS || self.bytes >= limits::OVERLAY_BYTES
    }

    /// Whether it is so much that no more is read, either. What is beyond the bound for taking was
    /// answered, and is in what others have seen: who does not read it makes up for it each time.
    pub(crate) fn is_beyond_reading(self) -> bool {
        self.saves >= limits::OVERLAY_EDITS + limits::OVERLAY_EXCESS_EDITS
            || self.bytes >= limits::OVERLAY_BYTES + limits::OVERLAY_EXCESS_BYTES
    }
}

/// What an overlay knows of a client's saves up to one.
#[derive(PartialEq, Debug)]
pub(crate) enum OwnSaves {
    /// These wait, oldest first.
    Found(Vec<OutboxEntry>),
    /// It waits, and it or one before it is in the view and was never read here.
    Unread,
    /// That one does not wait here, as far as is known.
    Unknown,
}

impl Overlay {
    /// Nothing waits, as far as is known.
    pub(crate) fn of(cached: &CachedDocument) -> Self {
        Self {
            cursor: cached.confirmed().cursor(),
            base: cached.base_entry(),
            view: cached.view(),
            unread: Vec::new(),
            unread_single: Vec::new(),
            entries: Vec::new(),
            parked: Vec::new(),
            edits: BTreeSet::new(),
            bytes: 0,
            names: BTreeSet::new(),
            joined: BTreeSet::new(),
            joined_listed: false,
            single: Vec::new(),
            news: 0,
            listed_ms: 0,
        }
    }

    /// The same knowledge on another confirmed state, or the same one: nothing is in the view yet,
    /// and all that this state does not hold is parked. Where some of it was never read here, the
    /// outbox has to be listed and read anew.
    pub(crate) fn moved_onto(&self, cached: &CachedDocument) -> Self {
        let whole = self.is_whole();
        let mut moved = Self {
            names: if whole { self.names.clone() } else { BTreeSet::new() },
            joined: if whole { self.joined.clone() } else { BTreeSet::new() },
            joined_listed: whole && self.joined_listed,
            single: self.single.clone(),
            listed_ms: if whole { self.listed_ms } else { 0 },
            ..Self::of(cached)
        };
        let waits = |edit| cached.confirmed().change_of(edit).is_none();
        let all = self.entries.iter().chain(&self.parked);
        all.filter(|entry| entry.edit().is_some_and(waits)).for_each(|entry| moved.park(entry));
        moved
    }

    /// Whether all saves that are in the view were read or made here.
    pub(crate) fn is_whole(&self) -> bool {
        self.unread.is_empty()
    }

    /// Whether so much was read or made here since the cache held what is known, `least` saves and
    /// one in [`limits::OVERLAY_NEWS_SHARE`] of all, that it is to hold it again. To write it takes
    /// the longer the more waits, so it is not done for every few saves.
    pub(crate) fn is_outdated_in_cache(&self, least: usize) -> bool {
        self.news >= least.max(self.edits.len() / limits::OVERLAY_NEWS_SHARE)
    }

    /// The cache holds what is known.
    pub(crate) fn is_cached(&mut self) {
        self.news = 0;
    }

    /// Whether it is made on this state.
    pub(crate) fn is_on(&self, cached: &CachedDocument) -> bool {
        self.cursor == cached.confirmed().cursor() && self.base == cached.base_entry()
    }

    /// The text of the origin that it stands on where the log holds nothing.
    pub(crate) fn base(&self) -> Option<&Entry> {
        self.base.as_ref()
    }

    /// What is shown of it.
    pub(crate) fn view(&self) -> &View {
        &self.view
    }

    /// The same, for saves to be added.
    pub(crate) fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    /// How much waits, as far as is known.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting { saves: self.edits.len(), bytes: self.bytes }
    }

    /// When the outbox was listed last, in ms since 1970; 0 for never.
    pub(crate) fn listed_ms(&self) -> u64 {
        self.listed_ms
    }

    /// All that is known to wait and was read here.
    pub(crate) fn all(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.entries.iter().chain(&self.parked).map(Arc::as_ref)
    }

    /// A client's saves up to `edit`, oldest first, as far as they wait.
    pub(crate) fn saves_up_to(&self, edit: EditId) -> OwnSaves {
        let mut unread = false;
        let mut find = |edit| {
            let found = self.entry(edit).map(Arc::as_ref);
            let parked = || self.parked.iter().any(|entry| entry.edit() == Some(edit));
            unread |= found.is_none() && self.edits.contains(&edit) && !parked();
            found
        };
        let saves = find(edit).map(|last| own_saves(last, find));
        match saves {
            _ if unread => OwnSaves::Unread,
            Some(saves) => OwnSaves::Found(saves),
            None => OwnSaves::Unknown,
        }
    }

    fn entry(&self, edit: EditId) -> Option<&Arc<OutboxEntry>> {
        let known = self.edits.contains(&edit);
        known.then(|| self.entries.iter().rev().find(|entry| entry.edit() == Some(edit)))?
    }

    /// Takes in a listing. Gives the names of which the values are to be read.
    pub(crate) fn listed(&mut self, names: Vec<String>, now_ms: u64) -> Vec<String> {
        self.listed_ms = now_ms;
        self.joined_listed = self.is_among(&names);
        self.single = names.iter().filter_map(|name| keys::single(name)).collect();
        names.into_iter().filter(|name| !self.has_read(name)).collect()
    }

    fn has_read(&self, name: &str) -> bool {
        match keys::single(name) {
            Some(edit) => self.edits.contains(&edit),
            None => self.names.contains(name),
        }
    }

    /// Whether all joined names that were read are among these.
    pub(crate) fn is_among(&self, names: &[String]) -> bool {
        let names: BTreeSet<&String> = names.iter().collect();
        self.names.iter().all(|name| names.contains(name))
    }

    /// Whether all saves that were never read here are under one of the joined names, or in the
    /// last listing.
    pub(crate) fn waits_as_listed(&self) -> bool {
        let single: BTreeSet<&EditId> = self.single.iter().collect();
        self.unread_single.iter().all(|edit| single.contains(edit))
    }

    /// Parks the saves of a value that was read.
    pub(crate) fn read(&mut self, value: OutboxValue) {
        let key = self.view.key().clone();
        self.news += value.entries.len();
        if keys::is_joined(&value.name) {
            self.joined.extend(value.entries.iter().filter_map(OutboxEntry::edit));
            self.unread_single.retain(|edit| !self.joined.contains(edit));
            self.names.insert(value.name);
        }
        for entry in value.entries.into_iter().filter(|entry| *entry.document() == key) {
            self.park(&Arc::new(entry));
        }
    }

    fn park(&mut self, entry: &Arc<OutboxEntry>) {
        // It may be met under a key of its own and among joined ones.
        if entry.edit().is_some_and(|edit| self.edits.insert(edit)) {
            self.bytes += entry.bytes();
            self.parked.push(Arc::clone(entry));
        }
    }

    /// What is parked, to be added to the view.
    pub(crate) fn take_parked(&mut self) -> Vec<Arc<OutboxEntry>> {
        std::mem::take(&mut self.parked)
    }

    /// What became of what was parked: these are in the view, parents before children; those wait
    /// for something else.
    pub(crate) fn put_back(&mut self, added: Vec<Arc<OutboxEntry>>, parked: Vec<Arc<OutboxEntry>>) {
        self.entries.extend(added);
        self.parked.extend(parked);
    }

    /// A save was merged into a copy of the view and is durable: the copy takes the view's place,
    /// if it stands on the same text of the origin and nothing else was added to it.
    pub(crate) fn saved(&mut self, based: (&View, Option<&Entry>), entry: &OutboxEntry) {
        let Some(edit) = entry.edit() else { return };
        let (view, base) = based;
        if base != self.base.as_ref() {
            return;
        }
        if view.waiting() != self.view.waiting() + 1 || !self.edits.insert(edit) {
            return;
        }
        self.view = view.clone();
        self.bytes += entry.bytes();
        self.entries.push(Arc::new(entry.clone()));
        self.single.push(edit);
        self.news += 1;
    }

    /// How many saves have a key of their own, as far as is known.
    pub(crate) fn single_names(&self) -> usize {
        self.single.len()
    }

    /// Names of one save each that the last listing has shown to be joined as well. None where a
    /// joined name is gone: the log had its saves, and what it has lost since lies under their own
    /// names alone.
    pub(crate) fn spare_names(&self) -> Vec<String> {
        if !self.joined_listed {
            return Vec::new();
        }
        let spare = self.single.iter().filter(|edit| self.joined.contains(edit));
        spare.map(|edit| keys::outbox(self.view.key(), *edit)).collect()
    }

    /// The saves that have nothing but a key of their own, parents before children; `None` beside
    /// one that was never read here.
    pub(crate) fn to_join(&self) -> Vec<(EditId, Option<Arc<OutboxEntry>>)> {
        let single: BTreeSet<&EditId> = self.single.iter().collect();
        let alone = |edit: &EditId| single.contains(edit) && !self.joined.contains(edit);
        let unread = self.unread_single.iter().map(|edit| (*edit, None));
        let read = self.entries.iter().filter_map(|entry| Some((entry.edit()?, Some(entry))));
        let all = unread.chain(read).filter(|(edit, _)| alone(edit));
        all.map(|(edit, entry)| (edit, entry.cloned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use redwedding_document::Document;

    use super::*;
    use crate::confirmed_document::ConfirmedDocument;
    use crate::outbox::example::{chain, page, save};

    fn cached(position: u64) -> CachedDocument {
        let cursor = Cursor { epoch: 7, position, ..Cursor::default() };
        CachedDocument::new(ConfirmedDocument::new(Document::new(page(), cursor)), None, 1)
    }

    fn name(entry: &OutboxEntry) -> String {
        keys::outbox(&page(), entry.edit().expect("a save"))
    }

    fn value(entry: &OutboxEntry) -> OutboxValue {
        OutboxValue { name: name(entry), entries: vec![entry.clone()] }
    }

    /// All of these are in the view, each read under its own name.
    fn overlay(entries: &[OutboxEntry]) -> Overlay {
        let mut overlay = Overlay::of(&cached(0));
        overlay.listed(entries.iter().map(name).collect(), 50);
        entries.iter().for_each(|entry| overlay.read(value(entry)));
        let parked = overlay.take_parked();
        parked.iter().for_each(|entry| drop(overlay.view_mut().add(&entry.entry)));
        overlay.put_back(parked, Vec::new());
        overlay
    }

    #[test]
    fn a_name_is_read_once_on_whatever_state() {
        let entries = chain(3);
        let mut overlay = overlay(&entries);
        let names = || entries.iter().map(name).collect::<Vec<_>>();
        assert_eq!(overlay.listed(names(), 60), Vec::<String>::new());
        let mut moved = overlay.moved_onto(&cached(4));
        assert!(moved.is_on(&cached(4)) && !moved.is_on(&cached(5)) && !moved.is_on(&cached(0)));
        assert_eq!((moved.listed_ms(), moved.single_names()), (60, 3));
        assert_eq!(moved.take_parked().len(), 3, "all are to be put into the new view");
        assert_eq!(moved.waiting(), overlay.waiting());
        assert_eq!(moved.listed(names(), 70), Vec::<String>::new());
        let further = name(&save(9, 9, None, "x\n"));
        assert_eq!(moved.listed(vec![further.clone()], 80), [further]);
    }

    #[test]
    fn what_was_joined_is_not_joined_again_and_its_own_names_are_spare() {
        let entries = chain(4);
        let mut overlay = overlay(&entries);
        assert_eq!(overlay.to_join().len(), 4);
        assert_eq!(overlay.spare_names(), Vec::<String>::new());
        let name_of_both = keys::outbox_joined(&page(), 1, Default::default());
        overlay
            .listed([entries.iter().map(name).collect(), vec![name_of_both.clone()]].concat(), 60);
        overlay.read(OutboxValue { name: name_of_both.clone(), entries: entries[..2].to_vec() });
        assert_eq!(overlay.all().count(), 4, "the same save under two keys is one");
        for overlay in [&overlay, &overlay.moved_onto(&cached(4))] {
            assert_eq!(overlay.spare_names(), [name(&entries[0]), name(&entries[1])]);
        }
        let left: Vec<_> = overlay.to_join().iter().map(|(edit, _)| Some(*edit)).collect();
        assert_eq!(left, [entries[2].edit(), entries[3].edit()]);
        // Where the joined name is gone, the log has had its saves: what it loses is not spare.
        let singles: Vec<String> = entries.iter().map(name).collect();
        let names = [singles.clone(), vec![name_of_both]].concat();
        for (listing, spare) in [(names.clone(), 2), (singles, 0), (names, 2)] {
            overlay.listed(listing, 80);
            assert_eq!(overlay.spare_names().len(), spare);
        }
        overlay.listed(vec![name(&entries[3])], 90);
        assert_eq!(overlay.to_join().len(), 1, "the others have no key of their own any more");
    }

    #[test]
    fn a_clients_saves_are_found_oldest_first() {
        let entries = chain(3);
        let overlay = overlay(&entries);
        let found = overlay.saves_up_to(entries[2].edit().expect("a save"));
        assert_eq!(found, OwnSaves::Found(entries.clone()));
        let other = save(9, 9, None, "x\n").edit().expect("a save");
        assert_eq!(overlay.saves_up_to(other), OwnSaves::Unknown);
    }

    #[test]
    fn it_is_full_by_bytes_alone() {
        let long = "x".repeat(limits::PAGE_BYTES);
        let large: Vec<_> = (1..9).map(|number| save(number, 1, None, &long)).collect();
        let mut overlay = overlay(&large[..7]);
        assert!(!overlay.waiting().is_full());
        overlay.read(value(&large[7]));
        assert!(overlay.waiting().is_full());
        assert_eq!(overlay.bytes, large.iter().map(OutboxEntry::bytes).sum::<usize>());
    }

    #[test]
    fn a_save_takes_the_views_place_only_if_it_stands_on_it() {
        let entries = chain(4);
        let before = overlay(&entries[..2]);
        let with = |entries: &[OutboxEntry]| overlay(entries).view().clone();
        let mut good = before.clone();
        good.saved((&with(&entries[..3]), None), &entries[2]);
        assert_eq!((good.all().count(), good.single_names()), (3, 3));
        assert_eq!(good.view().waiting(), 3);
        assert_eq!(good.bytes, entries[..3].iter().map(OutboxEntry::bytes).sum::<usize>());
        assert_eq!(good.listed(vec![name(&entries[2])], 60), Vec::<String>::new());
        // The view has two more than this one knows.
        let mut other = before.clone();
        other.saved((&with(&entries), None), &entries[3]);
        assert_eq!(other.view().waiting(), 2);
        // It stands on a text of the origin, and this one does not.
        let mut other = before.clone();
        let base = entries[0].entry.clone();
        other.saved((&with(&entries[..3]), Some(&base)), &entries[2]);
        assert_eq!(other.view().waiting(), 2);
        // It was there already.
        let mut same = good.clone();
        same.saved((&with(&entries), None), &entries[2]);
        assert_eq!((same.all().count(), same.view().waiting()), (3, 3));
    }
}
