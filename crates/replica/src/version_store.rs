//! What versions name and the log need not hold: version objects, and detached
//! bases, which are texts of the origin that the log does not know.
//!
//! Both are written before anything that names them is served, under keys that
//! say what the value is, so a value is checked against its key when it is read.
//! Absence proves nothing: the store may show late what it has.

use redwedding_document::Document;
use redwedding_document::entry::{Body, Entry};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{ObjectId, OriginText, VersionName, VersionRef};

use crate::keys;
use crate::limits;
use crate::ports::{Cache, Ports, Store};

/// Version objects and detached bases in the store and the cache.
pub(crate) struct VersionStore<'a, P: Ports> {
    ports: &'a mut P,
}

impl<'a, P: Ports> VersionStore<'a, P> {
    pub(crate) fn new(ports: &'a mut P) -> Self {
        Self { ports }
    }

    /// The version object `id`, if it is visible here.
    pub(crate) fn object(&mut self, key: &DocumentKey, id: ObjectId) -> Option<VersionRef> {
        let name = keys::object(key, id);
        let cached = self.ports.cache().peek(&name);
        let bytes = cached.or_else(|| self.ports.store().get(&name).ok().flatten())?;
        let version = VersionRef::decode(&bytes).ok()?;
        (version.object_id(key) == id).then_some(version)
    }

    /// The version object `id`, as the document has it, else as the store has it.
    pub(crate) fn object_of(&mut self, document: &Document, id: ObjectId) -> Option<VersionRef> {
        match document.named(VersionName::Object(id)) {
            Ok(version) => Some(version),
            Err(_) => self.object(document.key(), id),
        }
    }

    /// The same without asking the store.
    pub(crate) fn object_here(&mut self, document: &Document, id: ObjectId) -> Option<VersionRef> {
        if let Ok(version) = document.named(VersionName::Object(id)) {
            return Some(version);
        }
        let cached = self.ports.cache().peek(&keys::object(document.key(), id))?;
        let version = VersionRef::decode(&cached).ok()?;
        (version.object_id(document.key()) == id).then_some(version)
    }

    /// Writes a version object, and gives the number that names it. `None` where the
    /// store did not take it: the version must not be served then.
    #[must_use]
    pub(crate) fn write_object(&mut self, key: &DocumentKey, version: &VersionRef) -> Option<u64> {
        let id = version.object_id(key);
        let name = keys::object(key, id);
        // What lies in the cache was written before.
        if self.ports.cache().metadata(&name).is_none() {
            let value = version.encode();
            let pending = self.ports.store().begin_insert(&name, value.clone());
            self.ports.store().finish_insert(pending).ok()?;
            self.ports.cache().insert(None, &name, value, limits::CACHE_MS);
        }
        Some(VersionName::Object(id).number().get())
    }

    /// A text of the origin that edits were made on, as the entry that brings it
    /// into the log.
    pub(crate) fn detached_base(&mut self, key: &DocumentKey, name: OriginText) -> Option<Entry> {
        let stored = self.ports.store().get(&keys::detached_base(key, name)).ok().flatten();
        let stored = stored.and_then(|bytes| Entry::decode(&bytes).ok());
        stored.filter(|entry| entry.document == *key)
    }

    /// Writes a detached base. `None` where the store did not take it.
    #[must_use]
    pub(crate) fn write_detached_base(&mut self, base: &Entry) -> Option<()> {
        let Body::Base(page) = &base.body else { return None };
        let name = keys::detached_base(&base.document, page.name());
        let pending = self.ports.store().begin_insert(&name, base.encode());
        self.ports.store().finish_insert(pending).ok()
    }
}
