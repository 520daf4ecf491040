//! The outbox: acknowledged saves in the store that the log may not hold.
//!
//! A value is written before the acknowledgement and deleted only after the
//! relay has settled that very entry for whoever deletes it. Absence proves
//! nothing: the store may show late what it has.

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Entry};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Ports, Store};

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
    /// The document that it is about.
    pub(crate) fn document(&self) -> &DocumentKey {
        &self.entry.document
    }

    /// Which save it is.
    pub(crate) fn edit(&self) -> Option<EditId> {
        match &self.entry.body {
            Body::Edit(edit) => Some(edit.delta.edit),
            _ => None,
        }
    }

    /// When it was accepted, in ms since 1970.
    pub(crate) fn accepted_ms(&self) -> u64 {
        match &self.entry.body {
            Body::Edit(edit) => edit.accepted_ms,
            _ => 0,
        }
    }
}

/// The saves that wait for the log, in the store; and of those that this point of
/// presence took just now, the copies in its cache.
pub(crate) struct Outbox<'a, P: Ports> {
    ports: &'a mut P,
}

impl<'a, P: Ports> Outbox<'a, P> {
    pub(crate) fn new(ports: &'a mut P) -> Self {
        Self { ports }
    }

    /// One save of a document, if it is visible here.
    pub(crate) fn entry(&mut self, key: &DocumentKey, edit: EditId) -> Option<OutboxEntry> {
        let cached = self.ports.cache().peek(&keys::entry(edit));
        let found = match cached {
            Some(bytes) => Some(bytes),
            None => self.ports.store().get(&keys::outbox(key, edit)).ok().flatten(),
        };
        let waiting = OutboxEntry::decode(&found?).ok()?;
        (waiting.document() == key).then_some(waiting)
    }

    /// A client's unconfirmed saves up to `edit`, oldest first; `None` where they are
    /// not visible here.
    pub(crate) fn unconfirmed_saves(
        &mut self,
        key: &DocumentKey,
        edit: EditId,
    ) -> Option<Vec<OutboxEntry>> {
        let last = self.entry(key, edit)?;
        let mut saves = Vec::with_capacity(last.own.len() + 1);
        for edit in &last.own {
            // One that is gone has been confirmed meanwhile; the view will tell.
            saves.extend(self.entry(key, *edit));
        }
        saves.push(last);
        Some(saves)
    }

    /// Those of these changes that this point of presence took just now.
    pub(crate) fn taken_here(
        &mut self,
        key: &DocumentKey,
        changes: &BTreeSet<Actor>,
    ) -> Vec<OutboxEntry> {
        let found = changes.iter().filter_map(|actor| {
            let bytes = self.ports.cache().peek(&keys::entry_by(key, *actor))?;
            let taken = OutboxEntry::decode(&bytes).ok()?;
            let asked = taken.document() == key && taken.entry.actor() == Some(*actor);
            asked.then_some(taken)
        });
        found.collect()
    }

    /// A document's saves that are visible here, at most [`limits::OVERLAY_EDITS`].
    /// A listing, which is the dearest call of the store.
    pub(crate) fn entries_of(&mut self, key: &DocumentKey) -> Vec<OutboxEntry> {
        let names = self.names(&keys::outbox_document(key), limits::OVERLAY_EDITS);
        let mut entries = Vec::new();
        for (name, found) in self.values(names) {
            match found {
                Ok(waiting) if waiting.document() == key => entries.push(waiting),
                _ => {
                    let event = format!("outbox value {name} cannot be read");
                    self.ports.log(Level::Alarm, &event);
                }
            }
        }
        entries
    }

    /// The saves of a bucket that have waited for long, by document and then by age.
    pub(crate) fn overdue(&mut self, bucket: u16) -> Vec<OutboxEntry> {
        let names = self.names(&keys::outbox_bucket(bucket), limits::PUSH_ENTRIES);
        let now_ms = self.ports.now_ms();
        let mut overdue = Vec::new();
        for (name, found) in self.values(names) {
            match found {
                Ok(waiting) => overdue.push(waiting),
                Err(error) => {
                    self.ports.log(Level::Alarm, &format!("outbox value {name}: {error}"));
                }
            }
        }
        // A clock that is ahead must not keep a save waiting for ever.
        overdue.retain(|waiting: &OutboxEntry| {
            now_ms.abs_diff(waiting.accepted_ms()) >= limits::OUTBOX_AGE_MS
        });
        overdue.sort_by_key(|waiting| (waiting.document().clone(), waiting.accepted_ms()));
        overdue
    }

    /// At most so many names with this prefix; none where the store does not answer.
    fn names(&mut self, prefix: &str, most: usize) -> Vec<String> {
        self.ports.store().list(prefix, None, most).unwrap_or_default()
    }

    /// The values with these names. One that is gone when it is read is left out.
    fn values(&mut self, names: Vec<String>) -> Vec<(String, Result<OutboxEntry, DecodeError>)> {
        let mut found = Vec::new();
        for name in names {
            if let Ok(Some(bytes)) = self.ports.store().get(&name) {
                found.push((name, OutboxEntry::decode(&bytes)));
            }
        }
        found
    }

    /// Deletes a save that the log has.
    pub(crate) fn delete(&mut self, key: &DocumentKey, edit: EditId) {
        // What is not deleted now is pushed once more and deleted then.
        let _ = self.ports.store().delete(&keys::outbox(key, edit));
    }
}
