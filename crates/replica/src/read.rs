//! A read: the text that this client is to see, with the number that names it.
//!
//! That is the head of the document at this point of presence (`crate::head`), where
//! it holds what the client has seen. Else a text is made that holds both, and put into
//! the head before it is served: confirmed text with the relay in reach, as soon as
//! that holds what was answered to saves; with the relay away what the point of
//! presence can see of other people's saves, too. What the log may not hold is served
//! under a version object. Never older than the client's session allows, nor than what
//! was shown here before.

mod held;

use std::sync::Arc;

use redwedding_document::View;
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::ClientRequest;
use crate::document_cache::{Revalidation, Shown};
use crate::head::Made;
use crate::keys;
use crate::load::{Freshness, LoadError};
use crate::overlap::{Overlapping, overlapping};
use crate::page_snapshot::{AuthorTag, PageSnapshot, author_tag};
use crate::ports::Ports;

impl<P: Ports> ClientRequest<'_, P> {
    /// What the client is to see of a document. Its session takes in what was served.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn read(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, LoadError> {
        let shown = self.context.document_cache().shown_now(key);
        let snapshot = match shown.filter(|shown| shown.head.covers(key, self.session)) {
            Some(shown) => shown.snapshot,
            None => self.read_head(key)?,
        };
        self.session.see_document(key, snapshot.cursor, snapshot.place);
        match VersionName::of(snapshot.id) {
            None | Some(VersionName::Entry { .. }) => {
                // The log holds all that the client has seen and written.
                self.session.settled(key);
                self.session.confirmed(key);
            }
            Some(version) => self.session.served(key, version),
        }
        Ok(snapshot)
    }

    /// The author that saves of this client's are by: of the name, where it has one. 0 where it has
    /// neither that nor a session.
    #[must_use]
    pub fn author(&self, name: &str) -> AuthorTag {
        let number = match self.session.client() {
            0 => 0,
            _ => self.session.author_number(&self.context.replica.config.edit_key),
        };
        author_tag(name, number)
    }

    /// What [`Self::read`] gives, and where saves of the client's met concurrent edits of which the
    /// log has decided since: what their answers could not say is said once.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn read_told(
        &mut self,
        key: &DocumentKey,
    ) -> Result<(Arc<PageSnapshot>, Vec<Overlapping>), LoadError> {
        let waited = self.session.own(key);
        let snapshot = self.read(key)?;
        if waited.is_empty() || !self.session.own(key).is_empty() {
            return Ok((snapshot, Vec::new()));
        }
        let Ok(loaded) = self.context.load(key, self.session, Freshness::Any) else {
            return Ok((snapshot, Vec::new()));
        };
        let document = loaded.cached.confirmed();
        let changes = waited.into_iter().filter_map(|edit| document.change_of(edit));
        let told = changes.flat_map(|change| overlapping(document, change.actor)).collect();
        Ok((snapshot, told))
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

    /// Where the saves that brought version `number` met concurrent edits: the one right before
    /// it, where the log names it, else those that the log may not hold. Nothing where it cannot
    /// be resolved.
    #[must_use]
    pub fn report(&mut self, key: &DocumentKey, number: u64) -> Vec<Overlapping> {
        let Ok(loaded) = self.context.load(key, self.session, Freshness::Fresh) else {
            return Vec::new();
        };
        let Some((view, version)) = self.view_naming(&loaded.cached, number) else {
            return Vec::new();
        };
        let saves = match version.extra.is_empty() {
            true => view.brought_by(version.root),
            false => view.beyond_root(&version).unwrap_or_default(),
        };
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
    pub(crate) fn view_naming(
        &mut self,
        cached: &CachedDocument,
        number: u64,
    ) -> Option<(View, VersionRef)> {
        let key = cached.key();
        let version = match VersionName::of(number)? {
            VersionName::Object(id) => {
                self.context.version_store().object_of(cached.confirmed(), id)?
            }
            name => cached.named(name).ok()?,
        };
        let own = self.session.own(key);
        let own = self.context.saves_of(cached, &own);
        let view = self.context.view_resolving(cached, &own.unwrap_or_default(), &version)?;
        Some((view, version))
    }

    /// The head, if it is fresh, or another request refreshes it; else a fresh one.
    fn read_head(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, LoadError> {
        let lookup = self.context.look_up(&keys::head(key));
        let shown = lookup.value.and_then(|found| self.context.document_cache().shown(key, found));
        let good = shown
            .as_ref()
            .filter(|shown| shown.head.is_whole() && shown.head.covers(key, self.session));
        let good = good.map(|good| good.snapshot.clone());
        if let Some(snapshot) = &good
            && (lookup.fresh || lookup.revalidation.is_none())
        {
            return Ok(snapshot.clone());
        }
        let session = self.session.clone();
        let read = self.refresh_head(key, shown, lookup.revalidation);
        read.or_else(|error| {
            *self.session = session.clone();
            let error = match error {
                LoadError::Behind => self.let_go(key),
                error => error,
            };
            // An old text that holds all that was shown is better than none, but not for ever.
            good.filter(|_| *self.session == session).ok_or(error)
        })
    }

    /// A text that holds what the head and the client ask for, put into the head. It stays there as
    /// long as it took to make, at least, up to the time for which any text does: where a crowd's
    /// saves come into the log each text takes long, and to make one after the other would leave
    /// little time for anything else.
    fn refresh_head(
        &mut self,
        key: &DocumentKey,
        shown: Option<Shown>,
        revalidation: Option<Revalidation<P>>,
    ) -> Result<Arc<PageSnapshot>, LoadError> {
        let head = shown.as_ref().map(|shown| &shown.head);
        let session = self.session.clone();
        let begun_ms = self.context.ports.monotonic_ms();
        if let Some(head) = head {
            head.seen_by(key, self.session);
        }
        let mut made = head.map_or(Made::Alone, Made::On);
        let mut read = self.read_held(key);
        if let (Err(LoadError::Behind), Some(head)) = (&read, head)
            && self.context.is_lost(key, head)
        {
            *self.session = session;
            made = Made::Without(head);
            read = self.read_held(key);
        }
        let snapshot = read?;
        let (now_ms, fresh_ms) =
            (self.context.ports.now_ms(), self.context.replica.config.staleness_ms);
        let age_ms = now_ms.checked_sub(snapshot.exchanged_ms).filter(|age| *age < fresh_ms);
        let took_ms = self.context.ports.monotonic_ms().saturating_sub(begun_ms);
        let left_ms = (fresh_ms - age_ms.unwrap_or(0)).max(took_ms.min(fresh_ms));
        let fresh_until_ms = now_ms + left_ms;
        self.context.document_cache().show(key, &snapshot, (made, fresh_until_ms), revalidation);
        Ok(snapshot)
    }
}
