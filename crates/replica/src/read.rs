//! A read: the text that this client is to see, with the number that names it.
//!
//! With the relay in reach a client is served confirmed text, or the version
//! recorded at its own save while that is not confirmed. With the relay away it
//! is served what the point of presence can see of other people's saves too,
//! under a version object. Never older than the client's session allows.

mod shown;
mod unconfirmed;

use std::sync::Arc;

use redwedding_document::View;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::ClientRequest;
use crate::keys;
use crate::limits;
use crate::load::{Freshness, LoadError};
use crate::overlap::{Overlapping, overlapping};
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Cache, Ports};

impl<P: Ports> ClientRequest<'_, P> {
    /// What the client is to see of a document. Its session takes in what was served.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn read(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, LoadError> {
        let snapshot = match (self.session.own(key), self.session.unsettled(key)) {
            (None, None | Some(VersionName::Revision(_))) => self.read_shared(key)?,
            _ => self.read_unconfirmed(key)?,
        };
        self.session.see(key.shard(limits::SHARDS), snapshot.cursor);
        match VersionName::of(snapshot.id) {
            None | Some(VersionName::Entry { .. }) => self.session.settled(key),
            Some(version) => self.session.served(key, version),
        }
        Ok(snapshot)
    }

    /// What [`Self::read`] gives, and the text that `number` names; `None` where nobody
    /// can resolve it.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn read_version(
        &mut self,
        key: &DocumentKey,
        number: u64,
    ) -> Result<(Arc<PageSnapshot>, Option<String>), LoadError> {
        let snapshot = self.read(key)?;
        if snapshot.id == number {
            let text = snapshot.text.clone();
            return Ok((snapshot, Some(text)));
        }
        // What goes from the outbox into the log between two looks is in neither.
        for freshness in [Freshness::Fresh, Freshness::Now] {
            let loaded = self.context.load(key, self.session, freshness)?;
            let text = self.text_of(&loaded.cached, number)?;
            if text.is_some() {
                return Ok((snapshot, text));
            }
        }
        Ok((snapshot, None))
    }

    /// Where the client's saves that version `number` was served for met
    /// concurrent edits. Nothing where it cannot be resolved.
    #[must_use]
    pub fn report(&mut self, key: &DocumentKey, number: u64) -> Vec<Overlapping> {
        let Ok(loaded) = self.context.load(key, self.session, Freshness::Fresh) else {
            return Vec::new();
        };
        let Some((view, version)) = self.view_naming(&loaded.cached, number) else {
            return Vec::new();
        };
        let saves = view.beyond_root(&version).unwrap_or_default();
        saves.into_iter().flat_map(|actor| overlapping(&view, actor)).collect()
    }

    /// The text that `number` names: kept, archived, or in a view.
    fn text_of(
        &mut self,
        cached: &Arc<CachedDocument>,
        number: u64,
    ) -> Result<Option<String>, LoadError> {
        if let Some(text) = self.context.archived_text(cached.confirmed(), number)? {
            return Ok(Some(text));
        }
        let reaching = self.context.reaching(cached, number)?;
        let cached = reaching.as_ref().unwrap_or(cached);
        let found = self.view_naming(cached, number);
        Ok(found.and_then(|(view, version)| view.text_of(&view.resolve_version(&version).ok()?)))
    }

    /// A view in which the version named `number` resolves, and the version.
    fn view_naming(&mut self, cached: &CachedDocument, number: u64) -> Option<(View, VersionRef)> {
        let key = cached.key();
        let version = match VersionName::of(number)? {
            VersionName::Object(id) => {
                self.context.version_store().object_of(cached.confirmed(), id)?
            }
            name => cached.named(name).ok()?,
        };
        let own = self.session.own(key);
        let own = own.and_then(|edit| self.context.saves_up_to(cached, edit));
        let view = self.context.view_resolving(cached, &own.unwrap_or_default(), &version)?;
        Some((view, version))
    }

    /// What every client may be served that has seen nothing unconfirmed: from memory,
    /// from the point of presence's cache, or loaded now.
    fn read_shared(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, LoadError> {
        let Self { context, session } = self;
        if let Some(snapshot) = context.document_cache().fresh_snapshot(key, session) {
            return Ok(snapshot);
        }
        let lookup = context.ports.cache().lookup(&keys::snapshot(key));
        let found = lookup.value.and_then(|bytes| PageSnapshot::decode(&bytes).ok());
        let good = |snapshot: &PageSnapshot| {
            snapshot.satisfies(key, session) && (lookup.fresh || lookup.revalidation.is_none())
        };
        if let Some(snapshot) = found.filter(good)
            && !context.relay_client().in_backoff()
        {
            let snapshot = Arc::new(snapshot);
            context.document_cache().remember_snapshot(key, snapshot.clone());
            return Ok(snapshot);
        }
        let loaded = context.load(key, session, Freshness::Now)?;
        if let Some(revalidation) = lookup.revalidation {
            // Those who wait for this very look-up are let go by its own insert.
            let fresh_ms = context.replica.config.staleness_ms;
            let snapshot = context.document_cache().snapshot_of(&loaded.cached).encode();
            let name = keys::snapshot(key);
            context.ports.cache().insert(Some(revalidation), &name, snapshot, fresh_ms);
        }
        Ok(context.shown(&loaded.cached))
    }
}
