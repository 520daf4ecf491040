//! A read: the text that this client is to see, with the number that names it.
//!
//! With the relay in reach a client is served confirmed text, or the version
//! recorded at its own save while that is not confirmed. With the relay away it
//! is served what the point of presence can see of other people's saves too,
//! under a version object. Never older than the client's session allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use redwedding_document::View;
use redwedding_document::entry::{Body, Entry, Missing};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{ObjectId, Root, VersionName, VersionRef};

use crate::client_session::ClientSession;
use crate::keys;
use crate::limits;
use crate::load::{Freshness, LoadError, satisfies};
use crate::outbox::OutboxEntry;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Ports, Store};
use crate::replica::{CachedDocument, Replica};
use crate::save::{Overlapping, overlapping};

/// Attempts to see what a client has saved or seen, with a pause between them.
pub(crate) const ATTEMPTS: usize = 3;
/// The pause, in ms.
pub(crate) const PAUSE_MS: u64 = 60;

/// A view, and the text of the origin that it stands on where the log holds nothing.
pub(crate) struct BasedView {
    pub(crate) view: View,
    pub(crate) base: Option<Entry>,
}

impl Replica {
    /// What the client with this session is to see of a document. The session takes
    /// in what was served.
    pub fn read<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        session: &mut ClientSession,
    ) -> Result<Arc<PageSnapshot>, LoadError> {
        self.fetched = 0;
        let snapshot = match (session.own(key), session.unsettled(key)) {
            (None, None | Some(VersionName::Revision(_))) => {
                self.read_shared(ports, key, session)?
            }
            _ => self.read_unconfirmed(ports, key, session)?,
        };
        session.see(key.shard(limits::SHARDS), snapshot.cursor);
        match VersionName::of(snapshot.id) {
            None | Some(VersionName::Entry { .. }) => session.settled(key),
            Some(version) => session.served(key, version),
        }
        Ok(snapshot)
    }

    /// What `read` gives, and the text that `number` names; `None` where nobody
    /// can resolve it.
    pub fn read_version<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        number: u64,
        session: &mut ClientSession,
    ) -> Result<(Arc<PageSnapshot>, Option<String>), LoadError> {
        let snapshot = self.read(ports, key, session)?;
        if snapshot.id == number {
            let text = snapshot.text.clone();
            return Ok((snapshot, Some(text)));
        }
        // What goes from the outbox into the log between two looks is in neither.
        for freshness in [Freshness::Fresh, Freshness::Now] {
            let held = self.load(ports, key, session, freshness)?;
            let text = match self.archived_text(ports, &held.document, number)? {
                Some(text) => Some(text),
                None => {
                    let held = self.reaching(ports, &held, number)?.unwrap_or(held);
                    let found = self.view_naming(ports, &held, number, session);
                    found.and_then(|(view, version)| {
                        view.text_of(&view.resolve_version(&version).ok()?)
                    })
                }
            };
            if text.is_some() {
                return Ok((snapshot, text));
            }
        }
        Ok((snapshot, None))
    }

    /// Where the client's saves that version `number` was served for met
    /// concurrent edits. Nothing where it cannot be resolved.
    pub fn report<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        number: u64,
        session: &mut ClientSession,
    ) -> Vec<Overlapping> {
        let Ok(held) = self.load(ports, key, session, Freshness::Fresh) else { return Vec::new() };
        let Some((view, version)) = self.view_naming(ports, &held, number, session) else {
            return Vec::new();
        };
        version.extra.iter().flat_map(|actor| overlapping(&view, *actor)).collect()
    }

    /// A view in which the version named `number` resolves, and the version.
    fn view_naming<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        number: u64,
        session: &ClientSession,
    ) -> Option<(View, VersionRef)> {
        let key = held.document.key();
        let version = match VersionName::of(number)? {
            VersionName::Object(id) => self.known_object(ports, held, id)?,
            name => held.named(name).ok()?,
        };
        let own = session.own(key).and_then(|edit| self.unconfirmed_saves(ports, key, edit));
        let view = self.view_holding(ports, held, &own.unwrap_or_default(), &version)?;
        Some((view, version))
    }

    fn read_shared<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        session: &mut ClientSession,
    ) -> Result<Arc<PageSnapshot>, LoadError> {
        if let Some(snapshot) = self.fresh_snapshot(ports, key, session) {
            return Ok(snapshot);
        }
        let lookup = ports.cache().lookup(&keys::snapshot(key));
        let cached = lookup.value.and_then(|bytes| PageSnapshot::decode(&bytes).ok());
        if let Some(snapshot) = cached {
            let good = satisfies(snapshot.cursor, snapshot.revision, key, session);
            if good
                && (lookup.fresh || lookup.revalidation.is_none())
                && !self.relay_in_backoff(ports)
            {
                let snapshot = Arc::new(snapshot);
                self.remember_snapshot(key, snapshot.clone());
                return Ok(snapshot);
            }
        }
        let held = self.load(ports, key, session, Freshness::Now)?;
        if let Some(revalidation) = lookup.revalidation {
            // Those who wait for this very look-up are let go by its own insert.
            let fresh_ms = self.config.staleness_ms;
            let snapshot = self.snapshot_of(&held).encode();
            ports.cache().insert(Some(revalidation), &keys::snapshot(key), snapshot, fresh_ms);
        }
        Ok(self.shown(ports, &held))
    }

    /// From this sandbox's memory, where that is fresh enough.
    fn fresh_snapshot<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        session: &ClientSession,
    ) -> Option<Arc<PageSnapshot>> {
        let now_ms = ports.now_ms();
        let snapshot = self.recall_snapshot(key)?;
        let age = now_ms.checked_sub(snapshot.exchanged_ms)?;
        let good = satisfies(snapshot.cursor, snapshot.revision, key, session);
        (age < self.config.staleness_ms && good).then(|| snapshot.clone())
    }

    /// What is shown of a loaded state, no overlay added.
    fn snapshot_of(&self, held: &CachedDocument) -> Arc<PageSnapshot> {
        let last = self.recall_snapshot(held.document.key());
        let same = last.filter(|snapshot| {
            (snapshot.cursor, snapshot.exchanged_ms) == (held.document.cursor(), held.exchanged_ms)
                && snapshot.id == held.id()
        });
        same.cloned().unwrap_or_else(|| Arc::new(held.snapshot()))
    }

    /// What is served of a loaded state: it alone, or with what the store shows
    /// of the outbox while the relay is away.
    fn shown<P: Ports>(&mut self, ports: &mut P, held: &CachedDocument) -> Arc<PageSnapshot> {
        if !self.relay_in_backoff(ports) {
            return self.snapshot_of(held);
        }
        let key = held.document.key().clone();
        let least = self.snapshot_of(held);
        let lookup = ports.cache().lookup(&keys::overlay(&key));
        let cached = lookup.value.and_then(|bytes| PageSnapshot::decode(&bytes).ok());
        // One made of an older state may lack what this client has seen.
        let cached = cached.filter(|snapshot| {
            snapshot.cursor.epoch == least.cursor.epoch
                && snapshot.cursor.position >= least.cursor.position
                && snapshot.revision >= least.revision
        });
        match cached {
            Some(snapshot) if lookup.fresh || lookup.revalidation.is_none() => Arc::new(snapshot),
            _ => {
                let snapshot = Arc::new(self.overlaid(ports, held));
                let fresh_ms = self.config.staleness_ms;
                ports.cache().insert(
                    lookup.revalidation,
                    &keys::overlay(&key),
                    snapshot.encode(),
                    fresh_ms,
                );
                snapshot
            }
        }
    }

    /// The state with the outbox's visible saves, under a version object that
    /// is written before it is served.
    fn overlaid<P: Ports>(&mut self, ports: &mut P, held: &CachedDocument) -> PageSnapshot {
        let entries = self.outbox_of(ports, held.document.key());
        let mut based = BasedView { view: held.view(), base: held.base_entry() };
        let confirmed = based.view.changes().len();
        self.add_all(ports, &mut based.view, &entries);
        let more = based.view.changes().len() > confirmed;
        let snapshot = more.then(|| self.snapshot_of_view(ports, held, &based)).flatten();
        let mut snapshot = snapshot.unwrap_or_else(|| held.snapshot());
        snapshot.stale = true;
        snapshot
    }

    /// What is shown of a view, its version written before it is served.
    fn snapshot_of_view<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        based: &BasedView,
    ) -> Option<PageSnapshot> {
        let (key, version) = (held.document.key(), based.view.version());
        if let (Root::Origin(text), Some(base)) = (version.root, &based.base) {
            // Who edits this version elsewhere needs the text that it stands on.
            let pending =
                ports.store().begin_insert(&keys::detached_base(key, text), base.encode());
            ports.store().finish_insert(pending).ok()?;
        }
        let id = self.write_object(ports, key, &version)?;
        Some(PageSnapshot::of_view(&based.view, id, held.exchanged_ms))
    }

    /// Writes a version object, and gives the number that names it.
    fn write_object<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        version: &VersionRef,
    ) -> Option<u64> {
        let id = version.object_id(key);
        let name = keys::object(key, id);
        let value = version.encode();
        ports.cache().insert(None, &name, value.clone(), limits::CACHE_MS);
        let pending = ports.store().begin_insert(&name, value);
        ports.store().finish_insert(pending).ok()?;
        Some(VersionName::Object(id).number().get())
    }

    /// The client has seen what may not be confirmed: a save of its own, or a
    /// version object.
    fn read_unconfirmed<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        session: &mut ClientSession,
    ) -> Result<Arc<PageSnapshot>, LoadError> {
        for attempt in 0..ATTEMPTS {
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let held = self.load(ports, key, session, freshness)?;
            if let Some(snapshot) = self.holding_all(ports, &held, session, attempt) {
                return Ok(snapshot);
            }
            ports.pause(PAUSE_MS);
        }
        Err(LoadError::Behind)
    }

    /// A text that holds what the client has written and seen, if it can be had
    /// from this state and the outbox; from the second attempt on from the archive,
    /// too, and at the second the origin is looked at.
    fn holding_all<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Arc<CachedDocument>,
        session: &mut ClientSession,
        attempt: usize,
    ) -> Option<Arc<PageSnapshot>> {
        let key = held.document.key();
        if let Some(edit) = session.own(key) {
            if !self.has_own(ports, held, attempt > 0, edit) {
                let unconfirmed = self.unconfirmed_saves(ports, key, edit)?;
                // What the client was answered. The save's copy can be that of
                // another answer, to a retry or to an attempt that was retried.
                let served = match session.unsettled(key) {
                    Some(VersionName::Object(id)) => self.known_object(ports, held, id)?,
                    _ => recorded(&unconfirmed)?,
                };
                return self.snapshot_at(ports, held, &unconfirmed, &served).map(Arc::new);
            }
            session.confirmed(key);
        }
        let Some(VersionName::Object(id)) = session.unsettled(key) else {
            return Some(self.shown(ports, held));
        };
        let seen = self.known_object(ports, held, id)?;
        let confirmed = match held.document.is_empty() {
            true => held.view().holds(&seen),
            false => self.holds(ports, &held.document, attempt > 0, &seen),
        };
        if confirmed {
            return Some(self.shown(ports, held));
        }
        let lacks = attempt == 1 && !held.document.is_empty() && lacks_root(held, &seen);
        if lacks && !self.relay_in_backoff(ports) {
            // The log does not have the edits that were made at the origin.
            let held = self.with_news_of_origin(ports, held.clone());
            return held.document.holds(&seen).then(|| self.shown(ports, &held));
        }
        let based = self.view_where(ports, held, &[], None, &[&seen], |view| view.holds(&seen))?;
        self.snapshot_of_view(ports, held, &based).map(Arc::new)
    }

    /// The client's last save, at the version that it was answered with.
    fn snapshot_at<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        unconfirmed: &[OutboxEntry],
        served: &VersionRef,
    ) -> Option<PageSnapshot> {
        let Body::Edit(last) = &unconfirmed.last()?.entry.body else { return None };
        let view = self.view_holding(ports, held, unconfirmed, served)?;
        let text = view.text_of(&view.resolve_version(served).ok()?)?;
        let id = served.object_id(held.document.key());
        let mut snapshot =
            PageSnapshot::of_view(&view, VersionName::Object(id).number().get(), held.exchanged_ms);
        snapshot.note = last.delta.note.clone();
        snapshot.time_ms = last.accepted_ms;
        snapshot.text = text;
        Some(snapshot)
    }

    /// A view in which `version` resolves.
    fn view_holding<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        unconfirmed: &[OutboxEntry],
        version: &VersionRef,
    ) -> Option<View> {
        let good = |view: &View| view.resolve_version(version).is_ok();
        self.view_where(ports, held, unconfirmed, None, &[version], good).map(|s| s.view)
    }

    /// A view that is `good`: the state, the client's own saves, then others' that
    /// the `asked` versions name and this point of presence took just now, then
    /// what the outbox shows, which is the dearest call. Where the log holds
    /// nothing it stands on the text of the origin that is asked for; `detached` is
    /// one that is at hand.
    pub(crate) fn view_where<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        unconfirmed: &[OutboxEntry],
        detached: Option<&Entry>,
        asked: &[&VersionRef],
        good: impl Fn(&View) -> bool,
    ) -> Option<BasedView> {
        let base = self.base_for(ports, held, detached, asked);
        let mut view = View::of(&held.document);
        if let Some(base) = &base {
            // A base has no parents and nothing is there: it counts.
            view.add(base).ok()?;
        }
        self.add_all(ports, &mut view, unconfirmed);
        if good(&view) {
            return Some(BasedView { view, base });
        }
        let known = held.document.cursor().position;
        if asked.iter().any(|version| version.root.position() > known) {
            // Only the log tells what stands there.
            return None;
        }
        let named = asked.iter().flat_map(|version| version.extra.iter().copied());
        let missing = named.filter(|actor| view.change_by(*actor).is_none());
        let missing: BTreeSet<_> = missing.collect();
        if missing.len() <= limits::PEEKED_ENTRIES {
            let near = self.taken_here(ports, held.document.key(), &missing);
            self.add_all(ports, &mut view, unconfirmed.iter().chain(&near));
            if good(&view) {
                return Some(BasedView { view, base });
            }
        }
        let entries = self.outbox_of(ports, held.document.key());
        self.add_all(ports, &mut view, unconfirmed.iter().chain(&entries));
        good(&view).then_some(BasedView { view, base })
    }

    /// The text of the origin that a view stands on where the log holds nothing:
    /// the newest that is asked for, else the one that is held.
    fn base_for<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        detached: Option<&Entry>,
        asked: &[&VersionRef],
    ) -> Option<Entry> {
        if !held.document.is_empty() {
            return None;
        }
        let texts = asked.iter().filter_map(|version| match &version.root {
            Root::Origin(text) => Some(*text),
            Root::Log(_) => None,
        });
        let Some(newest) = texts.max() else { return held.base_entry() };
        let at_hand = [held.base_entry(), detached.cloned()]
            .into_iter()
            .flatten()
            .find(|entry| matches!(&entry.body, Body::Base(page) if page.name() == newest));
        let missing = Missing::Origin(newest);
        at_hand.or_else(|| self.dependency(ports, held.document.key(), &missing))
    }

    /// The version object `id`, from the document or the store.
    pub(crate) fn known_object<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        id: ObjectId,
    ) -> Option<VersionRef> {
        match held.document.named(VersionName::Object(id)) {
            Ok(version) => Some(version),
            Err(_) => self.object(ports, held.document.key(), id),
        }
    }
}

/// The version that the copy of the last of these saves says it was answered with.
fn recorded(unconfirmed: &[OutboxEntry]) -> Option<VersionRef> {
    match &unconfirmed.last()?.entry.body {
        Body::Edit(last) => last.served.clone(),
        _ => None,
    }
}

/// Whether a version stands on a text of the origin that is newer than the state.
fn lacks_root(held: &CachedDocument, version: &VersionRef) -> bool {
    matches!(version.root, Root::Origin(text) if held.document.origin().revision() < text.revision)
}
