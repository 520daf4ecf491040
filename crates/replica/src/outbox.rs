//! The outbox: acknowledged saves in the store that the log may not hold.
//!
//! A value is written before the acknowledgement and deleted only after the
//! relay has settled that very entry for whoever deletes it. Absence proves
//! nothing: the store may show late what it has.
//!
//! A save has a key of its own. Where many of a document wait, they are joined: written once more
//! under one key (module [`joined`]), and only then deleted one by one. So a save can be met under
//! both, which changes nothing: it is the same save.

mod entry;
#[cfg(test)]
pub(crate) mod example;
pub(crate) mod joined;

use std::collections::BTreeSet;

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};

use crate::keys;
use crate::limits;
use crate::ports::{Cache, Level, Ports, Store, StoreError};

pub(crate) use entry::{OutboxEntry, base_by_base, in_causal_order, own_saves};
use joined::JoinedEntries;

/// What lies under one key of the outbox.
#[derive(Debug)]
pub(crate) struct OutboxValue {
    /// The key.
    pub(crate) name: String,
    /// One save, or several that were joined, parents before children.
    pub(crate) entries: Vec<OutboxEntry>,
}

/// A save on its way into the store.
pub(crate) struct PendingEntry<P: Ports> {
    write: <<P as Ports>::Store as Store>::Pending,
    value: Vec<u8>,
    /// The names under which the cache is to have it.
    cached: [String; 2],
}

/// The saves that wait for the log, in the store; and of those that this point of
/// presence took or saw just now, the copies in its cache.
pub(crate) struct Outbox<'a, P: Ports> {
    ports: &'a mut P,
}

impl<'a, P: Ports> Outbox<'a, P> {
    pub(crate) fn new(ports: &'a mut P) -> Self {
        Self { ports }
    }

    /// One save of a document, if it is visible here under a key of its own.
    pub(crate) fn entry(&mut self, key: &DocumentKey, edit: EditId) -> Option<OutboxEntry> {
        let cached = self.ports.cache().peek(&keys::entry(edit));
        let found = match cached {
            Some(bytes) => Some(bytes),
            None => self.ports.store().get(&keys::outbox(key, edit)).ok().flatten(),
        };
        let waiting = OutboxEntry::decode(&found?).ok()?;
        (waiting.document() == key).then_some(waiting)
    }

    /// Those of these changes that this point of presence took just now.
    pub(crate) fn taken_here(
        &mut self,
        key: &DocumentKey,
        changes: &BTreeSet<Actor>,
    ) -> Vec<OutboxEntry> {
        let found = changes.iter().filter_map(|actor| {
            let bytes = self.ports.cache().peek(&keys::entry_by(key, *actor))?;
            let taken = OutboxEntry::decode_own(&bytes).ok()?;
            let asked = taken.document() == key && taken.entry.actor() == Some(*actor);
            asked.then_some(taken)
        });
        found.collect()
    }

    /// Whether this point of presence took a save just now, whoever sent it.
    pub(crate) fn took(&mut self, edit: EditId) -> bool {
        self.ports.cache().metadata(&keys::entry(edit)).is_some()
    }

    /// Begins to write a save.
    pub(crate) fn begin_insert(&mut self, waiting: &OutboxEntry) -> Option<PendingEntry<P>> {
        let (edit, actor) = (waiting.edit()?, waiting.entry.actor()?);
        let value = waiting.encode();
        let name = keys::outbox(waiting.document(), edit);
        let write = self.ports.store().begin_insert(&name, value.clone());
        let cached = [keys::entry_by(waiting.document(), actor), keys::entry(edit)];
        Some(PendingEntry { write, value, cached })
    }

    /// Waits until a save is durable. Then it lies in the cache, too, for whoever reads or saves
    /// next on what is answered: it may be another sandbox.
    ///
    /// # Errors
    /// The store did not acknowledge it. It may be there all the same.
    pub(crate) fn finish_insert(&mut self, pending: PendingEntry<P>) -> Result<(), StoreError> {
        let PendingEntry { write, value, cached } = pending;
        self.ports.store().finish_insert(write)?;
        for name in cached {
            self.ports.cache().insert(None, &name, value.clone(), limits::CACHE_MS);
        }
        Ok(())
    }

    /// The names of a document's values that are visible here, the joined ones first. A listing,
    /// which is the dearest call of the store.
    ///
    /// # Errors
    /// The store does not answer. Nothing is known then.
    pub(crate) fn names_of(&mut self, key: &DocumentKey) -> Result<Vec<String>, StoreError> {
        let prefix = keys::outbox_document(key);
        self.ports.store().list(&prefix, None, limits::OUTBOX_NAMES)
    }

    /// The names of a bucket after `after`.
    ///
    /// # Errors
    /// The store does not answer. Nothing is known then.
    pub(crate) fn names_after(
        &mut self,
        bucket: u16,
        after: Option<&str>,
    ) -> Result<Vec<String>, StoreError> {
        self.ports.store().list(&keys::outbox_bucket(bucket), after, limits::OUTBOX_NAMES)
    }

    /// The names of a bucket's saves that the relay refused, the first [`limits::SET_ASIDE`].
    ///
    /// # Errors
    /// The store does not answer. Nothing is known then.
    pub(crate) fn names_set_aside(&mut self, bucket: u16) -> Result<Vec<String>, StoreError> {
        self.ports.store().list(&keys::set_aside_bucket(bucket), None, limits::SET_ASIDE)
    }

    /// What lies under a name; `None` where it is gone, not visible here or unreadable.
    pub(crate) fn value(&mut self, name: String) -> Option<OutboxValue> {
        let cached = keys::outbox_value(&name);
        let bytes = match self.ports.cache().peek(&cached) {
            Some(bytes) => bytes,
            None => {
                let bytes = self.ports.store().get(&name).ok().flatten()?;
                // It never changes, and sandboxes that come later ask for it, too.
                self.ports.cache().insert(None, &cached, bytes.clone(), limits::CACHE_MS);
                bytes
            }
        };
        let entries = match keys::is_joined(&name) {
            true => JoinedEntries::decode(&bytes).map(|joined| joined.0),
            false => OutboxEntry::decode(&bytes).map(|entry| Vec::from([entry])),
        };
        match entries {
            Ok(entries) => Some(OutboxValue { name, entries }),
            Err(error) => {
                let event = format!("outbox value {name} cannot be read: {error}");
                self.ports.log(Level::Alarm, &event);
                None
            }
        }
    }

    /// Deletes a save that the log has.
    pub(crate) fn delete(&mut self, key: &DocumentKey, edit: EditId) {
        self.delete_name(&keys::outbox(key, edit));
    }

    /// Deletes a value that nobody needs any more.
    pub(crate) fn delete_name(&mut self, name: &str) {
        // What is not deleted now is pushed once more and deleted then.
        let _ = self.ports.store().delete(name);
    }
}
