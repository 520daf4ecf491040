//! How far a document reaches: what it holds and resolves, with its archive where
//! what it keeps does not do.
//!
//! What is taken back is for one request; it must never be kept as the confirmed
//! document.

use std::sync::Arc;

use redwedding_document::entry::Missing;
use redwedding_document::{Document, Unresolved};
use redwedding_wire::identity::EditId;
use redwedding_wire::version::{Root, VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::limits;
use crate::load::LoadError;
use crate::ports::Ports;

impl<P: Ports> Context<'_, P> {
    /// A document that keeps what the version with this number needs: `cached` itself, if it
    /// does. `None` where that is more than may be taken back.
    ///
    /// # Errors
    /// [`LoadError::Archived`] where a segment cannot be had now.
    pub(crate) fn reaching(
        &mut self,
        cached: &Arc<CachedDocument>,
        number: u64,
    ) -> Result<Option<Arc<CachedDocument>>, LoadError> {
        let Some(name) = VersionName::of(number) else { return Ok(Some(cached.clone())) };
        let mut restored = cached.clone();
        let (mut changes, mut bytes) = (0, 0);
        while self.is_below(&restored, name) {
            let newest = restored.confirmed().archive().last().copied();
            let Some(newest) = newest else { break };
            bytes += newest.bytes as usize;
            if bytes > limits::RESTORED_BYTES || changes > limits::RESTORED_CHANGES {
                return Ok(None);
            }
            let segment = self.archive().segment(cached.key(), newest);
            let segment = segment.ok_or(LoadError::Archived)?;
            changes += segment.changes().len();
            let document = Arc::make_mut(&mut restored).confirmed_mut();
            document.restore(&segment).map_err(|_| LoadError::Archived)?;
        }
        Ok(Some(restored))
    }

    /// Whether a version stands on what is not kept.
    fn is_below(&mut self, cached: &CachedDocument, name: VersionName) -> bool {
        let below = |unresolved| matches!(unresolved, Unresolved::Missing(Missing::Segment(_)));
        let document = cached.confirmed();
        if document.archive().is_empty() {
            return false;
        }
        let version = match name {
            VersionName::Object(id) => self.version_store().object_of(document, id),
            name => match cached.named(name) {
                Ok(version) => Some(version),
                Err(error) => return below(error),
            },
        };
        let resolved = version.map(|version| document.resolve_version(&version));
        resolved.is_some_and(|resolved| resolved.is_err_and(below))
    }

    /// Whether a save is in the document, the archive included, which is asked only if the
    /// state is the relay's newest, or what the save stands on is not kept.
    pub(crate) fn has_save(&mut self, document: &Document, newest: bool, edit: EditId) -> bool {
        if document.change_of(edit).is_some() {
            return true;
        }
        if document.archive().is_empty() {
            return false;
        }
        let asked = match self.outbox().entry(document.key(), edit) {
            Some(waiting) => {
                matches!(document.missing(&waiting.entry), Ok(Some(Missing::Segment(_))))
            }
            None => newest,
        };
        asked && self.archive().has_change(document, |change| change.edit == edit)
    }

    /// Whether the document holds all that a version had, the archive included, which is asked
    /// only if the state is the relay's newest.
    pub(crate) fn holds(
        &mut self,
        document: &Document,
        newest: bool,
        version: &VersionRef,
    ) -> bool {
        if document.holds(version) {
            return true;
        }
        let root = VersionRef::of_root(version.root);
        // What was not in the log up to a version came later: it is kept if that is.
        let kept = matches!(root.root, Root::Log(_)) && document.resolve_version(&root).is_ok();
        if !newest || kept || document.archive().is_empty() || !document.holds(&root) {
            return false;
        }
        let unknown = |actor: &&_| document.change_by(**actor).is_none();
        let mut unknown = version.extra.iter().filter(unknown);
        unknown.all(|actor| self.archive().has_change(document, |change| change.actor == *actor))
    }
}
