//! A read: the text that this client is to see, with the number that names it.
//!
//! With the relay in reach a client is served confirmed text, or the version
//! recorded at its own save while that is not confirmed. With the relay away it
//! is served what the point of presence can see of other people's saves too,
//! under a version object. Never older than the client's token allows.

use redwedding_crdt::codec::{self, Decode, Encode};
use redwedding_crdt::document::{Unresolved, View};
use redwedding_crdt::entry::{Body, Entry, Missing};
use redwedding_crdt::identity::{DocumentKey, EditId};
use redwedding_crdt::limits;
use redwedding_crdt::version::{ObjectId, Root, VersionName, VersionRef};

use crate::head::Head;
use crate::keys;
use crate::load::{Freshness, LoadError, satisfies};
use crate::outbox::{Parcel, add_all};
use crate::ports::{Cache, Ports, Store};
use crate::replica::{Held, Replica};
use crate::save::{Overlapping, overlapping};
use crate::token::Token;

/// Attempts to see a save of the client's own, with a pause between them.
const ATTEMPTS: usize = 4;
/// The pause, in ms.
const PAUSE_MS: u64 = 60;

impl Replica {
    /// What the client with this token is to see of a document. The token takes
    /// in what was served.
    pub fn read<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        token: &mut Token,
    ) -> Result<Head, LoadError> {
        let head = match token.own(key) {
            Some(edit) => self.read_own(ports, key, edit, token)?,
            None => self.read_shared(ports, key, token)?,
        };
        token.see(key.shard(limits::SHARDS), head.cursor);
        Ok(head)
    }

    /// What `read` gives, and the text that `number` names; `None` where nobody
    /// can resolve it.
    pub fn read_version<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        number: u64,
        token: &mut Token,
    ) -> Result<(Head, Option<String>), LoadError> {
        let head = self.read(ports, key, token)?;
        if head.id == number {
            let text = head.text.clone();
            return Ok((head, Some(text)));
        }
        let held = self.load(ports, key, token, Freshness::Fresh)?;
        let text = self.view_naming(ports, &held, number, token).and_then(|(view, version)| {
            view.text_of(&view.resolve_version(&version).ok()?)
        });
        Ok((head, text))
    }

    /// Where the client's saves that version `number` was served for met
    /// concurrent edits. Nothing where it cannot be resolved.
    pub fn report<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        number: u64,
        token: &mut Token,
    ) -> Vec<Overlapping> {
        let Ok(held) = self.load(ports, key, token, Freshness::Fresh) else { return Vec::new() };
        let Some((view, version)) = self.view_naming(ports, &held, number, token) else {
            return Vec::new();
        };
        version.extra.iter().flat_map(|actor| overlapping(&view, *actor)).collect()
    }

    /// A view in which the version named `number` resolves, and the version.
    fn view_naming<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Held,
        number: u64,
        token: &Token,
    ) -> Option<(View, VersionRef)> {
        let key = held.document.key();
        let version = match VersionName::of(number)? {
            VersionName::Object(id) => self.known_object(ports, held, id)?,
            name => held.view().named(name).ok()?,
        };
        let own = token.own(key).and_then(|edit| self.own_chain(ports, key, edit));
        let view = self.view_holding(ports, held, &own.unwrap_or_default(), &version, None)?;
        Some((view, version))
    }

    fn read_shared<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        token: &mut Token,
    ) -> Result<Head, LoadError> {
        if token.objects(key).next().is_some() {
            return self.read_after_overlay(ports, key, token);
        }
        if let Some(head) = self.fresh_head(ports, key, token) {
            return Ok(head);
        }
        let lookup = ports.cache().lookup(&keys::head(key));
        let cached = lookup.value.and_then(|bytes| Head::decode(&bytes).ok());
        if let Some(head) = cached {
            let good = satisfies(head.cursor, key, token);
            if good && (lookup.fresh || lookup.duty.is_none()) && !self.relay_rests(ports) {
                return Ok(head);
            }
        }
        let held = self.load(ports, key, token, Freshness::Now)?;
        if let Some(duty) = lookup.duty {
            // Those who wait for this very look-up are let go by its own insert.
            let fresh_ms = self.config.staleness_ms;
            ports.cache().insert(Some(duty), &keys::head(key), held.head().encode(), fresh_ms);
        }
        self.shown(ports, &held, token)
    }

    /// From this sandbox's memory, where that is fresh enough.
    fn fresh_head<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        token: &Token,
    ) -> Option<Head> {
        let now_ms = ports.now_ms();
        let held = self.recall(key)?;
        let age = now_ms.checked_sub(held.exchanged_ms)?;
        (age < self.config.staleness_ms && held.satisfies(token)).then(|| held.head())
    }

    /// What is served of a loaded state: it alone, or with what the store shows
    /// of the outbox while the relay is away.
    fn shown<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Held,
        token: &mut Token,
    ) -> Result<Head, LoadError> {
        if !self.relay_rests(ports) {
            return Ok(held.head());
        }
        let key = held.document.key().clone();
        let lookup = ports.cache().lookup(&keys::overlay(&key));
        let cached = lookup.value.and_then(|bytes| Head::decode(&bytes).ok());
        let head = match cached {
            Some(head) if lookup.fresh || lookup.duty.is_none() => head,
            _ => {
                let head = self.overlaid(ports, held);
                let fresh_ms = self.config.staleness_ms;
                ports.cache().insert(lookup.duty, &keys::overlay(&key), head.encode(), fresh_ms);
                head
            }
        };
        if let Some(VersionName::Object(id)) = VersionName::of(head.id) {
            token.served(&key, id);
        }
        Ok(head)
    }

    /// The state with the outbox's visible saves, under a version object that
    /// is written before it is served.
    fn overlaid<P: Ports>(&mut self, ports: &mut P, held: &Held) -> Head {
        let stale = |mut head: Head| {
            head.stale = true;
            head
        };
        let parcels = self.outbox_of(ports, held.document.key());
        let mut view = held.view();
        let confirmed = view.changes().len();
        add_all(&mut view, &parcels);
        if view.changes().len() == confirmed {
            return stale(held.head());
        }
        match self.write_object(ports, held.document.key(), &view.version()) {
            Some(id) => stale(Head::of_view(&view, id, held.exchanged_ms)),
            None => stale(held.head()),
        }
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
        let value = codec::to_vec(version);
        ports.cache().insert(None, &name, value.clone(), limits::CACHE_MS);
        let pending = ports.store().begin_insert(&name, value);
        ports.store().finish_insert(pending).ok()?;
        Some(VersionName::Object(id).number())
    }

    /// The client has a save that may not be confirmed.
    fn read_own<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        edit: EditId,
        token: &mut Token,
    ) -> Result<Head, LoadError> {
        for attempt in 0..ATTEMPTS {
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let held = self.load(ports, key, token, freshness)?;
            if held.document.change_of(edit).is_some() {
                token.confirmed(key);
                token.settled(key);
                return self.shown(ports, &held, token);
            }
            if let Some(chain) = self.own_chain(ports, key, edit)
                && let Some(head) = self.recorded(ports, &held, &chain)
            {
                return Ok(head);
            }
            ports.pause(PAUSE_MS);
        }
        Err(LoadError::Behind)
    }

    /// The version that was served at the chain's last save.
    fn recorded<P: Ports>(&mut self, ports: &mut P, held: &Held, chain: &[Parcel]) -> Option<Head> {
        let Body::Edit(last) = &chain.last()?.entry.body else { return None };
        let served = last.served.clone()?;
        let view = self.view_holding(ports, held, chain, &served, None)?;
        let text = view.text_of(&view.resolve_version(&served).ok()?)?;
        let id = served.object_id(held.document.key());
        let mut head = Head::of_view(&view, VersionName::Object(id).number(), held.exchanged_ms);
        head.note = last.delta.note.clone();
        head.time_ms = last.accepted_ms;
        head.text = text;
        Some(head)
    }

    /// A view in which `version` resolves: the client's own saves, then what
    /// the outbox shows of others'.
    pub(crate) fn view_holding<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Held,
        chain: &[Parcel],
        version: &VersionRef,
        seed: Option<&Entry>,
    ) -> Option<View> {
        let mut view = held.view();
        if let Some(seed) = seed {
            // Where it does not count, it is kept as a seed, which is enough.
            let _ = view.add(seed);
        }
        add_all(&mut view, chain);
        match view.resolve_version(version) {
            Ok(_) => return Some(view),
            Err(Unresolved::Missing(Missing::Origin(_) | Missing::Actor(_))) => {}
            Err(_) => return None,
        }
        let key = held.document.key();
        if let Some(seed) = self.seed_of(ports, key, version) {
            let _ = view.add(&seed);
        }
        let parcels = self.outbox_of(ports, key);
        add_all(&mut view, chain.iter().chain(&parcels));
        view.resolve_version(version).is_ok().then_some(view)
    }

    fn seed_of<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        version: &VersionRef,
    ) -> Option<Entry> {
        match version.root {
            Root::Origin(text) => self.dependency(ports, key, &Missing::Origin(text)),
            Root::Log(_) => None,
        }
    }

    /// The client was served a version object while the relay was away.
    fn read_after_overlay<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        token: &mut Token,
    ) -> Result<Head, LoadError> {
        let seen: Vec<ObjectId> = token.objects(key).collect();
        for attempt in 0..ATTEMPTS {
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let held = self.load(ports, key, token, freshness)?;
            let versions: Vec<_> =
                seen.iter().filter_map(|id| self.known_object(ports, &held, *id)).collect();
            if versions.len() < seen.len() {
                ports.pause(PAUSE_MS);
                continue;
            }
            let confirmed =
                versions.iter().all(|version| held.document.resolve_version(version).is_ok());
            if confirmed {
                token.settled(key);
                return self.shown(ports, &held, token);
            }
            if let Some(head) = self.dominating(ports, &held, &versions) {
                if let Some(VersionName::Object(id)) = VersionName::of(head.id) {
                    token.served(key, id);
                }
                return Ok(head);
            }
            ports.pause(PAUSE_MS);
        }
        Err(LoadError::Behind)
    }

    /// The version object `id`, from the document or the store.
    pub(crate) fn known_object<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Held,
        id: ObjectId,
    ) -> Option<VersionRef> {
        match held.document.named(VersionName::Object(id)) {
            Ok(version) => Some(version),
            Err(_) => self.object(ports, held.document.key(), id),
        }
    }

    /// A text that holds all of `versions`, the outbox's saves added.
    fn dominating<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Held,
        versions: &[VersionRef],
    ) -> Option<Head> {
        let parcels = self.outbox_of(ports, held.document.key());
        let mut view = held.view();
        add_all(&mut view, &parcels);
        let all = versions.iter().all(|version| view.resolve_version(version).is_ok());
        let id = all.then(|| self.write_object(ports, held.document.key(), &view.version()))??;
        Some(Head::of_view(&view, id, held.exchanged_ms))
    }
}
