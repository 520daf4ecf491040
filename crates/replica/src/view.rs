//! Views: a confirmed document with acknowledged saves that the log does not hold
//! yet, on a text of the origin where the log holds nothing.
//!
//! A view is made for one request, is as small as will do, and is never stored.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use redwedding_document::entry::{Body, Entry, Missing};
use redwedding_document::{Unresolved, Verdict, View};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::{Root, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::overlay::Waiting;
use crate::ports::Ports;
use crate::waiting::ListingAge;

/// A view, and the text of the origin that it stands on where the log holds nothing.
pub(crate) struct BasedView {
    pub(crate) view: View,
    pub(crate) base: Option<Entry>,
    /// How much waits for the log, where all that waits is in it; else nothing.
    pub(crate) waiting: Waiting,
}

/// What became of saves that were to be added to a view.
pub(crate) struct AddedToView<E> {
    /// They are in it, parents before children.
    pub(crate) added: Vec<E>,
    /// Something that they stand on is not there.
    pub(crate) parked: Vec<E>,
}

/// What a view is made for.
pub(crate) struct Wanted<'a> {
    /// The client's own unconfirmed saves, oldest first.
    pub(crate) own: &'a [OutboxEntry],
    /// The versions that it is to hold or resolve.
    pub(crate) versions: &'a [&'a VersionRef],
    /// A text of the origin that is at hand.
    pub(crate) detached: Option<&'a Entry>,
}

impl<P: Ports> Context<'_, P> {
    /// A view that is `good`. With the relay in reach it is made of as little as will do: the
    /// state, the client's own saves, then others' that the wanted versions name and this point
    /// of presence took just now. Else, and while the relay is away, of all that waits; where that
    /// does not do, with those others' saves.
    /// `None` where nothing of it is good enough.
    pub(crate) fn view_where(
        &mut self,
        cached: &CachedDocument,
        wanted: &Wanted<'_>,
        good: impl Fn(&View) -> bool,
    ) -> Option<BasedView> {
        let known = cached.confirmed().cursor().position;
        let ahead = wanted.versions.iter().any(|version| version.root.position() > known);
        if !self.relay_client().is_away()
            && let Some(small) = self.small_view(cached, wanted, ahead, &good)
        {
            return Some(small);
        }
        if ahead {
            // Only the log tells what stands there.
            return None;
        }
        let all = self.view_of_all(cached, wanted, ListingAge::Fresh);
        if all.as_ref().is_some_and(|all| good(&all.view)) {
            return all;
        }
        let mut all = self.view_of_all(cached, wanted, ListingAge::Now)?;
        if !good(&all.view) {
            // What a sweep has pushed waits no more, and the log was not heard since.
            let near = self.near(cached, &all.view, wanted);
            self.add_to_view(&mut all.view, wanted.own.iter().chain(&near));
        }
        good(&all.view).then_some(all)
    }

    /// A view of the state, the client's own saves, and those that the wanted versions name.
    fn small_view(
        &mut self,
        cached: &CachedDocument,
        wanted: &Wanted<'_>,
        ahead: bool,
        good: impl Fn(&View) -> bool,
    ) -> Option<BasedView> {
        let base = self.base_of_view(cached, wanted);
        let mut view = View::of(cached.confirmed());
        if let Some(base) = &base {
            // A base has no parents and nothing is there: it counts.
            view.add(base).ok()?;
        }
        self.add_to_view(&mut view, wanted.own);
        if good(&view) {
            return Some(BasedView { view, base, waiting: Waiting::default() });
        }
        if ahead {
            return None;
        }
        let near = self.near(cached, &view, wanted);
        self.add_to_view(&mut view, wanted.own.iter().chain(&near));
        good(&view).then_some(BasedView { view, base, waiting: Waiting::default() })
    }

    /// The saves that the wanted versions name and the view lacks, with those that they stand on
    /// in turn, as far as this point of presence took them just now and they are few.
    fn near(
        &mut self,
        cached: &CachedDocument,
        view: &View,
        wanted: &Wanted<'_>,
    ) -> Vec<OutboxEntry> {
        let named = wanted.versions.iter().flat_map(|version| version.extra.iter().copied());
        let lacks = |actor: &Actor| view.change_by(*actor).is_none();
        let mut missing: BTreeSet<Actor> = named.filter(lacks).collect();
        let (mut near, mut sought) = (Vec::new(), missing.len());
        while !missing.is_empty() && sought <= limits::PEEKED_ENTRIES {
            let found = self.outbox().taken_here(cached.key(), &missing);
            let parents = found.iter().flat_map(|entry| entry.parents().iter().copied());
            missing = parents.filter(lacks).collect();
            sought += missing.len();
            near.extend(found);
        }
        near
    }

    /// A view of the state and all that waits, the client's own saves included. `None` where it
    /// would have to stand on another text of the origin.
    fn view_of_all(
        &mut self,
        cached: &CachedDocument,
        wanted: &Wanted<'_>,
        listing: ListingAge,
    ) -> Option<BasedView> {
        let base = self.base_of_view(cached, wanted);
        let (mut view, waiting) = match base == cached.base_entry() {
            true => {
                let overlay = self.overlay(cached, listing);
                (overlay.view().clone(), overlay.waiting())
            }
            false => {
                // Another text of the origin than the one that is cached, and what stands on it.
                let mut view = View::of(cached.confirmed());
                view.add(base.as_ref()?).ok()?;
                let overlay = self.whole_overlay(cached, listing);
                self.add_to_view(&mut view, overlay.all());
                (view, overlay.waiting())
            }
        };
        self.add_to_view(&mut view, wanted.own);
        Some(BasedView { view, base, waiting })
    }

    /// A view in which `version` resolves, the client's own saves added.
    pub(crate) fn view_resolving(
        &mut self,
        cached: &CachedDocument,
        own: &[OutboxEntry],
        version: &VersionRef,
    ) -> Option<View> {
        let wanted = Wanted { own, versions: &[version], detached: None };
        let good = |view: &View| view.resolve_version(version).is_ok();
        self.view_where(cached, &wanted, good).map(|based| based.view)
    }

    /// The text of the origin that a view stands on where the log holds nothing:
    /// the newest that a wanted version stands on, else the one that is cached.
    fn base_of_view(&mut self, cached: &CachedDocument, wanted: &Wanted<'_>) -> Option<Entry> {
        if cached.is_logged() {
            return None;
        }
        let texts = wanted.versions.iter().filter_map(|version| match &version.root {
            Root::Origin(text) => Some(*text),
            Root::Log(_) => None,
        });
        let Some(newest) = texts.max() else { return cached.base_entry() };
        let at_hand = [cached.base_entry(), wanted.detached.cloned()]
            .into_iter()
            .flatten()
            .find(|entry| matches!(&entry.body, Body::Base(page) if page.name() == newest));
        at_hand.or_else(|| self.dependency(cached.key(), &Missing::Origin(newest)))
    }

    /// Adds saves to a view, parents first, as far as their parents are there. Cost: each is tried
    /// once, and once more for each of its parents that comes later.
    pub(crate) fn add_to_view<E: Borrow<OutboxEntry>>(
        &mut self,
        view: &mut View,
        entries: impl IntoIterator<Item = E>,
    ) -> AddedToView<E> {
        let mut ready: VecDeque<E> = entries.into_iter().collect();
        let mut blocked: BTreeMap<Actor, Vec<E>> = BTreeMap::new();
        let (mut added, mut parked) = (Vec::new(), Vec::new());
        while let Some(waiting) = ready.pop_front() {
            // One that is in is not told anew.
            let is_in = |edit| view.change_of(edit).is_some();
            if waiting.borrow().edit().is_some_and(is_in) {
                added.push(waiting);
                continue;
            }
            let entry = &waiting.borrow().entry;
            match self.add_entry(view, entry) {
                Err(Unresolved::Missing(Missing::Actor(actor))) => {
                    blocked.entry(actor).or_default().push(waiting);
                }
                Err(Unresolved::Missing(_)) => parked.push(waiting),
                // It is of a log that lost its tail: nothing can stand on it.
                Err(Unresolved::Stale) => {}
                Ok(_) => {
                    let actor = entry.actor().filter(|_| !blocked.is_empty());
                    let after = actor.and_then(|actor| blocked.remove(&actor));
                    ready.extend(after.unwrap_or_default());
                    added.push(waiting);
                }
            }
        }
        parked.extend(blocked.into_values().flatten());
        AddedToView { added, parked }
    }

    /// Adds an entry to a view, and before it the version object that it was
    /// made on, which the log need not hold.
    fn add_entry(&mut self, view: &mut View, entry: &Entry) -> Result<Verdict, Unresolved> {
        let added = view.add(entry);
        let Err(Unresolved::Missing(Missing::Object(id))) = added else { return added };
        let Some(version) = self.version_store().object(&entry.document, id) else {
            return added;
        };
        view.add(&Entry::new(entry.document.clone(), Body::Version(version)))?;
        view.add(entry)
    }
}
