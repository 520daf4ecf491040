//! What a document does not keep any more: segments, from the cache or the relay.
//!
//! Asked only where nothing that is kept will do. May assume nothing of what is fetched: a segment is
//! named by its content. What is taken back is for one request; it must never be kept as the confirmed
//! document.

use std::sync::Arc;

use redwedding_document::entry::Missing;
use redwedding_document::{Change, Document, Segment, SegmentRef, Unresolved};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Root, VersionName, VersionRef};

use crate::keys;
use crate::limits;
use crate::load::LoadError;
use crate::ports::{Cache, Level, Ports, Relay};
use crate::replica::{CachedDocument, Replica};

impl Replica {
    /// A segment of a document's archive.
    pub(crate) fn segment<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        part: SegmentRef,
    ) -> Result<Segment, LoadError> {
        let name = keys::segment(key, part.digest);
        let opened = |bytes: &[u8]| Segment::open_plain(bytes, part.digest).ok();
        if let Some(segment) = ports.cache().peek(&name).and_then(|bytes| opened(&bytes)) {
            return Ok(segment);
        }
        if self.relay_in_backoff(ports) || self.fetched >= limits::FETCHED_SEGMENTS {
            return Err(LoadError::Archived);
        }
        self.fetched += 1;
        self.count_call();
        let found = match ports.relay().segment(key, part.digest) {
            Ok(found) => found,
            Err(error) => {
                ports.log(Level::Warning, &error.to_string());
                None
            }
        };
        let bytes = found.ok_or(LoadError::Archived)?;
        let segment = opened(&bytes).ok_or(LoadError::Archived)?;
        ports.cache().insert(None, &name, bytes, limits::CACHE_MS);
        Ok(segment)
    }

    /// A state that keeps what the version with this number needs: `held` itself, if it does. `None`
    /// where that is more than may be taken back.
    pub(crate) fn reaching<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Arc<CachedDocument>,
        number: u64,
    ) -> Result<Option<Arc<CachedDocument>>, LoadError> {
        let Some(name) = VersionName::of(number) else { return Ok(Some(held.clone())) };
        let mut restored = held.clone();
        let (mut changes, mut bytes) = (0, 0);
        while self.is_below(ports, &restored, name) {
            let Some(newest) = restored.document.archive().last().copied() else { break };
            bytes += newest.bytes as usize;
            if bytes > limits::RESTORED_BYTES || changes > limits::RESTORED_CHANGES {
                return Ok(None);
            }
            let segment = self.segment(ports, held.document.key(), newest)?;
            changes += segment.changes().len();
            let taken_back = Arc::make_mut(&mut restored).document.restore(&segment);
            taken_back.map_err(|_| LoadError::Archived)?;
        }
        Ok(Some(restored))
    }

    /// Whether a version stands on what is not kept.
    fn is_below<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        name: VersionName,
    ) -> bool {
        let below = |unresolved| matches!(unresolved, Unresolved::Missing(Missing::Segment(_)));
        if held.document.archive().is_empty() {
            return false;
        }
        let version = match name {
            VersionName::Object(id) => self.known_object(ports, held, id),
            name => match held.document.named(name) {
                Ok(version) => Some(version),
                Err(error) => return below(error),
            },
        };
        let resolved = version.map(|version| held.document.resolve_version(&version));
        resolved.is_some_and(|resolved| resolved.is_err_and(below))
    }

    /// Whether a save of the client's is in the document, the archive included, which is asked only if
    /// the state is the relay's newest, or what the save stands on is not kept.
    pub(crate) fn has_own<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &CachedDocument,
        newest: bool,
        edit: EditId,
    ) -> bool {
        if held.document.change_of(edit).is_some() {
            return true;
        }
        let document = &held.document;
        if document.archive().is_empty() {
            return false;
        }
        let asked = match self.entry_of(ports, document.key(), edit) {
            Some(outbox_entry) => {
                matches!(document.missing(&outbox_entry.entry), Ok(Some(Missing::Segment(_))))
            }
            None => newest,
        };
        asked && self.any_archived(ports, document, |change| change.edit == edit)
    }

    /// Whether the document holds all that a version had, the archive included, which is asked only if
    /// the state is the relay's newest.
    pub(crate) fn holds<P: Ports>(
        &mut self,
        ports: &mut P,
        document: &Document,
        newest: bool,
        version: &VersionRef,
    ) -> bool {
        if document.holds(version) {
            return true;
        }
        let root = VersionRef { root: version.root, extra: Vec::new() };
        // What was not in the log up to a version came later: it is kept if that is.
        let kept = matches!(root.root, Root::Log(_)) && document.resolve_version(&root).is_ok();
        if !newest || kept || document.archive().is_empty() || !document.holds(&root) {
            return false;
        }
        let unknown = |actor: &&_| document.change_by(**actor).is_none();
        let unknown: Vec<_> = version.extra.iter().filter(unknown).copied().collect();
        unknown
            .iter()
            .all(|actor| self.any_archived(ports, document, |change| change.actor == *actor))
    }

    /// Whether the archive is known to have such a change.
    pub(crate) fn any_archived<P: Ports>(
        &mut self,
        ports: &mut P,
        document: &Document,
        is: impl Fn(&Change) -> bool,
    ) -> bool {
        document.archive().iter().rev().any(|part| {
            let segment = self.segment(ports, document.key(), *part);
            segment.is_ok_and(|segment| segment.changes().iter().any(|change| is(change)))
        })
    }
}
