//! The overlay's durable copy: acknowledged saves that the log may not hold.
//!
//! A value is written before the acknowledgement and deleted only after the
//! relay has settled that very entry for whoever deletes it.

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Entry, Missing, Note, OriginPage};
use redwedding_document::{Unresolved, Verdict, View};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{ObjectId, OriginText, VersionRef};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Origin, Ports, Store};
use crate::replica::Replica;
use crate::sync::Receipt;

const FORMAT: u8 = 1;

/// A save in the outbox.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct OutboxEntry {
    /// The entry to be pushed.
    pub(crate) entry: Entry,
    /// The same client's unconfirmed saves before it, oldest first.
    pub(crate) own: Vec<EditId>,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    entry: ByteBuf,
    own: Vec<EditId>,
}

impl Encode for OutboxEntry {
    fn encode(&self) -> Vec<u8> {
        let entry = ByteBuf::from(self.entry.encode());
        codec::to_vec(&Wire { format: FORMAT, entry, own: self.own.clone() })
    }
}

impl Decode for OutboxEntry {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::ENTRY_BYTES * 2)?;
        let wire: Wire = codec::from_slice(bytes)?;
        codec::known_format(wire.format, FORMAT)?;
        if wire.own.len() > limits::OWN_UNCONFIRMED {
            return Err(DecodeError::invalid("too many unconfirmed saves"));
        }
        Ok(Self { entry: Entry::decode(&wire.entry)?, own: wire.own })
    }
}

impl OutboxEntry {
    fn accepted_ms(&self) -> u64 {
        match &self.entry.body {
            Body::Edit(edit) => edit.accepted_ms,
            _ => 0,
        }
    }
}

impl Replica {
    /// The client's unconfirmed saves up to `edit`, oldest first; `None` where
    /// they are not visible here.
    pub(crate) fn unconfirmed_saves<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        edit: EditId,
    ) -> Option<Vec<OutboxEntry>> {
        let last = self.entry_of(ports, key, edit)?;
        let mut unconfirmed = Vec::with_capacity(last.own.len() + 1);
        for edit in &last.own {
            // One that is gone has been confirmed meanwhile; the view will tell.
            unconfirmed.extend(self.entry_of(ports, key, *edit));
        }
        unconfirmed.push(last);
        Some(unconfirmed)
    }

    pub(crate) fn entry_of<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        edit: EditId,
    ) -> Option<OutboxEntry> {
        let cached = ports.cache().peek(&keys::entry(edit));
        let found = match cached {
            Some(bytes) => Some(bytes),
            None => ports.store().get(&keys::outbox(key, edit)).ok().flatten(),
        };
        let outbox_entry = OutboxEntry::decode(&found?).ok()?;
        (outbox_entry.entry.document == *key).then_some(outbox_entry)
    }

    /// Those of these changes that this point of presence took just now.
    pub(crate) fn taken_here<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        changes: &BTreeSet<Actor>,
    ) -> Vec<OutboxEntry> {
        let found = changes.iter().filter_map(|actor| {
            let outbox_entry =
                OutboxEntry::decode(&ports.cache().peek(&keys::entry_by(key, *actor))?).ok()?;
            let asked =
                outbox_entry.entry.document == *key && outbox_entry.entry.actor() == Some(*actor);
            asked.then_some(outbox_entry)
        });
        found.collect()
    }

    /// The outbox's saves of a document that are visible here.
    pub(crate) fn outbox_of<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
    ) -> Vec<OutboxEntry> {
        let prefix = keys::outbox_document(key);
        let listed = ports.store().list(&prefix, None, limits::OVERLAY_EDITS);
        let mut entries = Vec::new();
        for name in listed.unwrap_or_default() {
            let Ok(Some(bytes)) = ports.store().get(&name) else { continue };
            match OutboxEntry::decode(&bytes) {
                Ok(outbox_entry) if outbox_entry.entry.document == *key => {
                    entries.push(outbox_entry)
                }
                _ => ports.log(Level::Alarm, &format!("outbox value {name} cannot be read")),
            }
        }
        entries
    }

    /// Adds saves to a view, parents first, as far as their parents are there.
    pub(crate) fn add_all<'a, P: Ports>(
        &mut self,
        ports: &mut P,
        view: &mut View,
        entries: impl IntoIterator<Item = &'a OutboxEntry>,
    ) {
        let mut waiting: Vec<&OutboxEntry> = entries.into_iter().collect();
        loop {
            let before = waiting.len();
            waiting.retain(|outbox_entry| {
                let added = self.add(ports, view, &outbox_entry.entry);
                matches!(added, Err(Unresolved::Missing(_)))
            });
            if waiting.is_empty() || waiting.len() == before {
                return;
            }
        }
    }

    /// Adds an entry to a view, and before it the version object that it was
    /// made on, which the log need not hold.
    pub(crate) fn add<P: Ports>(
        &mut self,
        ports: &mut P,
        view: &mut View,
        entry: &Entry,
    ) -> Result<Verdict, Unresolved> {
        let added = view.add(entry);
        let Err(Unresolved::Missing(Missing::Object(id))) = added else { return added };
        let Some(version) = self.object(ports, &entry.document, id) else { return added };
        view.add(&Entry::new(entry.document.clone(), Body::Version(version)))?;
        view.add(entry)
    }

    /// The entries that have to be in the log before one that misses `missing`.
    pub(crate) fn dependency<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        missing: &Missing,
    ) -> Option<Entry> {
        match missing {
            Missing::Object(id) => {
                let version = self.object(ports, key, *id)?;
                Some(Entry::new(key.clone(), Body::Version(version)))
            }
            Missing::Origin(text) => self.detached_base(ports, key, *text),
            // The log may have lost what it once had.
            Missing::Actor(actor) => {
                let taken = self.taken_here(ports, key, &BTreeSet::from([*actor]));
                taken.into_iter().next().map(|outbox_entry| outbox_entry.entry)
            }
            Missing::Position(_) | Missing::Segment(_) => None,
        }
    }

    /// A text of the origin, as the store has it, else as the origin has it.
    fn detached_base<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        name: OriginText,
    ) -> Option<Entry> {
        let stored = ports.store().get(&keys::detached_base(key, name)).ok().flatten();
        let stored = stored.and_then(|bytes| Entry::decode(&bytes).ok());
        if let Some(entry) = stored.filter(|entry| entry.document == *key) {
            return Some(entry);
        }
        self.count_call();
        let text = ports.origin().revision_text(key.key(), name.revision).ok()?;
        let page = OriginPage { revision: name.revision, text, time_ms: 0, note: Note::default() };
        (page.name() == name).then(|| Entry::new(key.clone(), Body::Base(page)))
    }

    /// The version object `id`, as the store has it.
    pub(crate) fn object<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        id: ObjectId,
    ) -> Option<VersionRef> {
        let name = keys::object(key, id);
        let cached = ports.cache().peek(&name);
        let bytes = cached.or_else(|| ports.store().get(&name).ok().flatten())?;
        let version = VersionRef::decode(&bytes).ok()?;
        (version.object_id(key) == id).then_some(version)
    }

    /// Pushes saves of one document, with what they depend on, and deletes
    /// those that the relay settled. Bounded; what remains is for the next
    /// sweep. Returns how many are settled.
    pub(crate) fn push_entries<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        entries: &[OutboxEntry],
    ) -> usize {
        let mut waiting: Vec<&OutboxEntry> = entries.iter().collect();
        let mut before: Vec<Entry> = Vec::new();
        let mut settled = 0;
        for _ in 0..4 {
            let batch = waiting.len().min(limits::PUSH_ENTRIES - before.len());
            let mut pushes: Vec<_> = before.drain(..).map(|entry| entry.encode()).collect();
            let first = pushes.len();
            pushes.extend(waiting[..batch].iter().map(|outbox_entry| outbox_entry.entry.encode()));
            let pending = self.begin_exchange(ports, pushes, Vec::new(), 0);
            let Ok(answer) = self.finish_exchange(ports, pending) else { return settled };
            let receipts = answer.receipts.get(first..).unwrap_or_default();
            let mut left = Vec::new();
            for (outbox_entry, receipt) in waiting.iter().zip(receipts) {
                if receipt.is_settled() {
                    settled += 1;
                    self.discard(ports, outbox_entry);
                    continue;
                }
                left.push(*outbox_entry);
                self.note_refusal(ports, outbox_entry, receipt);
                let needed = match receipt {
                    Receipt::Deferred(missing) => self.dependency(ports, key, missing),
                    _ => None,
                };
                before.extend(needed.filter(|entry| !before.contains(entry)));
            }
            let progress = left.len() < batch || !before.is_empty();
            left.extend_from_slice(waiting.get(receipts.len()..).unwrap_or_default());
            waiting = left;
            if waiting.is_empty() || !progress {
                break;
            }
        }
        settled
    }

    fn note_refusal<P: Ports>(
        &mut self,
        ports: &mut P,
        outbox_entry: &OutboxEntry,
        receipt: &Receipt,
    ) {
        if let Receipt::Refused(why) = receipt {
            let document = &outbox_entry.entry.document;
            ports.log(
                Level::Alarm,
                &format!("an acknowledged save of {document} is refused: {why}"),
            );
        }
    }

    fn discard<P: Ports>(&mut self, ports: &mut P, outbox_entry: &OutboxEntry) {
        if let Body::Edit(edit) = &outbox_entry.entry.body {
            // What is not deleted now is pushed once more and deleted then.
            let key = keys::outbox(&outbox_entry.entry.document, edit.delta.edit);
            let _ = ports.store().delete(&key);
        }
    }

    /// Pushes what has waited in a bucket of the outbox. Returns how many saves
    /// were settled.
    pub(crate) fn sweep<P: Ports>(&mut self, ports: &mut P, bucket: u16) -> usize {
        let listed = ports.store().list(&keys::outbox_bucket(bucket), None, limits::PUSH_ENTRIES);
        let now_ms = ports.now_ms();
        let mut waiting: Vec<OutboxEntry> = Vec::new();
        for name in listed.unwrap_or_default() {
            let Ok(Some(bytes)) = ports.store().get(&name) else { continue };
            match OutboxEntry::decode(&bytes) {
                Ok(outbox_entry) => waiting.push(outbox_entry),
                Err(error) => {
                    ports.log(Level::Alarm, &format!("outbox value {name}: {error}"));
                }
            }
        }
        // A clock that is ahead must not keep a save waiting for ever.
        waiting.retain(|outbox_entry| {
            now_ms.abs_diff(outbox_entry.accepted_ms()) >= limits::OUTBOX_AGE_MS
        });
        waiting.sort_by_key(|outbox_entry| {
            (outbox_entry.entry.document.clone(), outbox_entry.accepted_ms())
        });
        waiting
            .chunk_by(|a, b| a.entry.document == b.entry.document)
            .map(|of_one| self.push_entries(ports, &of_one[0].entry.document.clone(), of_one))
            .sum()
    }
}
