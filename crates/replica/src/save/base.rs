//! What a save stands on: the client's own saves, and the version it names.

use redwedding_document::Unresolved;
use redwedding_document::entry::{Body, Entry, Missing, Note, OriginPage};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Root, VersionName, VersionRef};

use super::{Save, SaveError};
use crate::client_session::ClientSession;
use crate::limits;
use crate::load::LoadError;
use crate::outbox::OutboxEntry;
use crate::ports::{Origin, OriginError, Ports};
use crate::replica::{CachedDocument, Replica};

impl Replica {
    /// The client's own saves that are not confirmed. One that is not visible
    /// here must not be passed over: the client has seen it.
    pub(super) fn unconfirmed_saves_of<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        authoritative: bool,
        session: &ClientSession,
    ) -> Result<Vec<OutboxEntry>, SaveError> {
        let key = held.document.key();
        let Some(edit) = session.own(key) else { return Ok(Vec::new()) };
        if self.has_own(ports, held, authoritative, edit) {
            return Ok(Vec::new());
        }
        // Not visible: pull, then it is confirmed or the client has to wait.
        self.unconfirmed_saves(ports, key, edit).ok_or(SaveError::Load(LoadError::Behind))
    }

    /// Whether this is a retry of a save that made the page and is not kept any more.
    pub(super) fn created<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        save: &Save,
        edit: EditId,
    ) -> bool {
        let oldest = held.document.archive().first().filter(|_| save.base.is_none()).copied();
        let oldest = oldest.map(|oldest| self.segment(ports, held.document.key(), oldest));
        oldest.is_some_and(|oldest| oldest.is_ok_and(|oldest| oldest.knows(edit).is_some()))
    }

    /// The version that the client names, in full; with the text of the origin
    /// that it stands on, where the log may not know that.
    pub(super) fn base_of<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        authoritative: bool,
        save: &Save,
    ) -> Result<(VersionRef, Option<Entry>), SaveError> {
        let key = held.document.key();
        let latest = held.id();
        let Some(number) = save.base else {
            return match latest {
                0 => Ok((VersionRef { root: Root::EMPTY, extra: Vec::new() }, None)),
                _ => Err(SaveError::Exists { latest }),
            };
        };
        let name = VersionName::of(number).ok_or(SaveError::UnknownVersion)?;
        match (held.named(name), name) {
            (Ok(version), _) => Ok((version, None)),
            (Err(Unresolved::Missing(Missing::Object(id))), _) => {
                // It was written before it was served; absence proves nothing.
                let version = self.object(ports, key, id).ok_or(LoadError::Behind)?;
                Ok((version, None))
            }
            (Err(Unresolved::Missing(_)), _) if !authoritative => Err(LoadError::Behind.into()),
            (Err(_), VersionName::Revision(revision)) => {
                self.origin_base(ports, key, revision.get())
            }
            _ => Err(SaveError::UnknownVersion),
        }
    }

    /// Whether the client names a version after the end of the log, as it is known
    /// here.
    pub(super) fn names_ahead<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        save: &Save,
    ) -> bool {
        let position = match save.base.and_then(VersionName::of) {
            Some(VersionName::Entry { position, .. }) => Some(position),
            Some(VersionName::Object(id)) => {
                self.known_object(ports, held, id).map(|version| version.root.position())
            }
            _ => None,
        };
        position.is_some_and(|position| position > held.document.cursor().position)
    }

    /// A revision of the origin that the log does not know: its text becomes a
    /// base of its own.
    fn origin_base<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        revision: u64,
    ) -> Result<(VersionRef, Option<Entry>), SaveError> {
        self.count_call();
        let text = match ports.origin().revision_text(key.key(), revision) {
            Ok(text) if text.len() <= limits::PAGE_BYTES => text,
            Ok(_) | Err(OriginError::Rejected(_)) => return Err(SaveError::UnknownVersion),
            Err(error) => return Err(LoadError::Unreachable(error.to_string()).into()),
        };
        let page = OriginPage { revision, text, time_ms: 0, note: Note::default() };
        let version = VersionRef { root: Root::Origin(page.name()), extra: Vec::new() };
        Ok((version, Some(Entry::new(key.clone(), Body::Base(page)))))
    }

    /// The text of the origin that a version stands on, where the log holds the
    /// document and not that text.
    pub(super) fn unknown_root<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        named: &VersionRef,
        detached: Option<&Entry>,
    ) -> Option<Entry> {
        if held.document.is_empty() {
            return None;
        }
        let standing = VersionRef { root: named.root, extra: Vec::new() };
        match (held.document.resolve_version(&standing), detached) {
            (Err(Unresolved::Missing(Missing::Origin(_))), Some(detached)) => {
                Some(detached.clone())
            }
            (Err(Unresolved::Missing(missing @ Missing::Origin(_))), None) => {
                self.dependency(ports, held.document.key(), &missing)
            }
            _ => None,
        }
    }
}
