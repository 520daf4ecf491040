//! What a save stands on: the version that the client names.

use redwedding_document::Unresolved;
use redwedding_document::entry::{Body, Entry, Missing, Note, OriginPage};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Root, VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::Context;
use crate::limits;
use crate::load::LoadError;
use crate::ports::{OriginError, Ports};
use crate::save::error::SaveError;
use crate::save::submission::Save;

/// The version that a client names.
pub(super) struct Named {
    /// In full.
    pub(super) version: VersionRef,
    /// The text of the origin that it stands on, where the log may not know that.
    pub(super) detached: Option<Entry>,
}

impl Named {
    fn known(version: VersionRef) -> Self {
        Self { version, detached: None }
    }
}

impl<P: Ports> Context<'_, P> {
    /// The version that the client names.
    ///
    /// # Errors
    /// [`SaveError::Exists`], [`SaveError::UnknownVersion`], or [`SaveError::Load`] where it
    /// may be known elsewhere.
    pub(super) fn base_of(
        &mut self,
        cached: &CachedDocument,
        authoritative: bool,
        save: &Save,
    ) -> Result<Named, SaveError> {
        let latest = cached.id();
        let Some(number) = save.base else {
            let empty = VersionRef::of_root(Root::EMPTY);
            return match latest {
                0 => Ok(Named::known(empty)),
                _ => Err(SaveError::Exists { latest }),
            };
        };
        let name = VersionName::of(number).ok_or(SaveError::UnknownVersion)?;
        match (cached.named(name), name) {
            (Ok(version), _) => Ok(Named::known(version)),
            (Err(Unresolved::Missing(Missing::Object(id))), _) => {
                // It was written before it was served; absence proves nothing.
                let version = self.version_store().object(cached.key(), id);
                Ok(Named::known(version.ok_or(LoadError::Behind)?))
            }
            (Err(Unresolved::Missing(_)), _) if !authoritative => Err(LoadError::Behind.into()),
            (Err(_), VersionName::Revision(revision)) => {
                self.origin_base(cached.key(), revision.get())
            }
            _ => Err(SaveError::UnknownVersion),
        }
    }

    /// A revision of the origin that the log does not know: its text becomes a
    /// detached base.
    fn origin_base(&mut self, key: &DocumentKey, revision: u64) -> Result<Named, SaveError> {
        let text = match self.origin_client().revision_text(key, revision) {
            Ok(text) if text.len() <= limits::PAGE_BYTES => text,
            Ok(_) | Err(OriginError::Rejected(_)) => return Err(SaveError::UnknownVersion),
            Err(error) => return Err(LoadError::from(error).into()),
        };
        let page = OriginPage { revision, text, time_ms: 0, note: Note::default() };
        let version = VersionRef::of_root(Root::Origin(page.name()));
        let detached = Some(Entry::new(key.clone(), Body::Base(page)));
        Ok(Named { version, detached })
    }

    /// The text of the origin that a version stands on, where the log holds the
    /// document and not that text.
    pub(super) fn unknown_root(&mut self, cached: &CachedDocument, named: &Named) -> Option<Entry> {
        if !cached.is_logged() {
            return None;
        }
        let root = VersionRef::of_root(named.version.root);
        match (cached.confirmed().resolve_version(&root), &named.detached) {
            (Err(Unresolved::Missing(Missing::Origin(_))), Some(detached)) => {
                Some(detached.clone())
            }
            (Err(Unresolved::Missing(missing @ Missing::Origin(_))), None) => {
                self.dependency(cached.key(), &missing)
            }
            _ => None,
        }
    }

    /// Whether the client names a version after the end of the log, as it is known
    /// here.
    pub(super) fn names_ahead(&mut self, cached: &CachedDocument, save: &Save) -> bool {
        let position = match save.base.and_then(VersionName::of) {
            Some(VersionName::Entry { position, .. }) => Some(position),
            Some(VersionName::Object(id)) => {
                let version = self.version_store().object_of(cached.confirmed(), id);
                version.map(|version| version.root.position())
            }
            _ => None,
        };
        position.is_some_and(|position| position > cached.confirmed().cursor().position)
    }
}
