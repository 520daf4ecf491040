//! Views: a confirmed document with acknowledged saves that the log does not hold
//! yet, on a text of the origin where the log holds nothing.
//!
//! A view is made for one request, is as small as will do, and is never stored.

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Entry, Missing};
use redwedding_document::{Unresolved, Verdict, View};
use redwedding_wire::version::{Root, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::Ports;

/// A view, and the text of the origin that it stands on where the log holds nothing.
pub(crate) struct BasedView {
    pub(crate) view: View,
    pub(crate) base: Option<Entry>,
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
    /// A view that is `good`, made of as little as will do: the state, the client's
    /// own saves, then others' that the wanted versions name and this point of
    /// presence took just now, then what the outbox shows, which is the dearest call.
    /// `None` where nothing of it is good enough.
    pub(crate) fn view_where(
        &mut self,
        cached: &CachedDocument,
        wanted: &Wanted<'_>,
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
            return Some(BasedView { view, base });
        }
        let known = cached.confirmed().cursor().position;
        if wanted.versions.iter().any(|version| version.root.position() > known) {
            // Only the log tells what stands there.
            return None;
        }
        let named = wanted.versions.iter().flat_map(|version| version.extra.iter().copied());
        let missing = named.filter(|actor| view.change_by(*actor).is_none());
        let missing: BTreeSet<_> = missing.collect();
        if missing.len() <= limits::PEEKED_ENTRIES {
            let near = self.outbox().taken_here(cached.key(), &missing);
            self.add_to_view(&mut view, wanted.own.iter().chain(&near));
            if good(&view) {
                return Some(BasedView { view, base });
            }
        }
        let entries = self.outbox().entries_of(cached.key());
        self.add_to_view(&mut view, wanted.own.iter().chain(&entries));
        good(&view).then_some(BasedView { view, base })
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

    /// Adds saves to a view, parents first, as far as their parents are there.
    pub(crate) fn add_to_view<'a>(
        &mut self,
        view: &mut View,
        entries: impl IntoIterator<Item = &'a OutboxEntry>,
    ) {
        let mut waiting: Vec<&OutboxEntry> = entries.into_iter().collect();
        loop {
            let before = waiting.len();
            waiting.retain(|outbox_entry| {
                let added = self.add_entry(view, &outbox_entry.entry);
                matches!(added, Err(Unresolved::Missing(_)))
            });
            if waiting.is_empty() || waiting.len() == before {
                return;
            }
        }
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
