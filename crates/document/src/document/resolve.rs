//! Finds the text that a name means.
//!
//! A name is resolved to exactly the text it was given for, or not at all:
//! check bits tell a position of another log, and a part that is not here yet
//! is said, so that the caller can fetch it.

use std::sync::Arc;

use redwedding_text::shown::{self, OfWhole};
use redwedding_text::{Patch, PatchBuilder, PatchError, Text, Version};
use redwedding_wire::identity::{Actor, Digest, EditId};
use redwedding_wire::version::{
    Base, ObjectId, OriginText, Place, Position, Root, VersionName, VersionRef, low_bits,
    text_check,
};

use super::change::Change;
use super::segment::SegmentRef;
use super::state::{DetachedBase, State};
use crate::entry::{Body, Entry, Missing};
use crate::limits;

/// Why a name could not be resolved. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unresolved {
    /// It may be known elsewhere: ask the relay, or read the store.
    #[error("not known here yet: {0:?}")]
    Missing(Missing),
    /// Nobody can resolve it: it belongs to another document, or to a log whose
    /// tail was lost. The client has to load the page again.
    #[error("this version does not exist")]
    Stale,
}

/// A resolved version.
#[derive(Clone, PartialEq, Debug)]
pub struct Resolved {
    /// The changes of the document that it holds.
    pub version: Version,
    /// How what it shows differs from their text.
    pub(super) shown: Patch,
    /// Where it stands on a text outside the log's line.
    pub(super) detached: Option<OnDetachedBase>,
}

/// What an edit of the document's own text is made on.
pub(super) struct Basis {
    pub(super) version: Version,
    /// How what its author had before them differs from its text.
    pub(super) shown: Patch,
}

impl From<Version> for Basis {
    fn from(version: Version) -> Self {
        Self { version, shown: Patch::empty() }
    }
}

impl Basis {
    /// An edit of what its author had before them as one of the version's text.
    pub(super) fn whole(&self, patch: &Patch) -> Result<OfWhole, PatchError> {
        shown::of_whole(patch, &self.shown)
    }
}

/// A version of a detached base, which has changes of its own numbers.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct OnDetachedBase {
    /// The base's index in the document's list.
    pub(super) base: usize,
    /// The changes of the base that it holds.
    pub(super) within: Version,
}

impl State {
    pub(super) fn known(&self, text: OriginText) -> Option<&Version> {
        let found = self.origin.known.iter().rev().find(|known| known.text == text);
        found.map(|known| &known.version)
    }

    pub(super) fn index_of(&self, actor: Actor) -> Option<u32> {
        let direct = self.changes.by_actor(actor);
        let alias = || self.aliases.iter().find(|alias| alias.0 == actor).map(|alias| alias.1);
        direct.map(|(index, _)| index as u32).or_else(alias)
    }

    /// The change with these dots, if it is in.
    pub fn change_by(&self, actor: Actor) -> Option<&Change> {
        self.changes.get(self.index_of(actor)? as usize).map(Arc::as_ref)
    }

    /// The change that a save became, if it is in.
    #[must_use]
    pub fn change_of(&self, edit: EditId) -> Option<&Change> {
        self.changes.by_edit(edit).map(|(_, change)| change)
    }

    fn index_at(&self, position: Position) -> Result<usize, Unresolved> {
        // Overlay changes stand at the end and have no position. The last one: an entry can bring
        // more than one change.
        let upto = |place: Place| place != Place::START && place.position <= position;
        let end = self.changes.count_upto(upto);
        let last = end.checked_sub(1).and_then(|last| self.changes.get(last).map(|c| (last, c)));
        // Three ways not to find it: the log is further than this state, the entry was pruned into
        // the archive, or it is no entry of this document.
        match last.filter(|(_, change)| change.place.position == position) {
            Some((index, _)) => Ok(index),
            None if position > self.cursor.position => {
                Err(Unresolved::Missing(Missing::Position(position)))
            }
            None => Err(missing_segment(self.archived(position))),
        }
    }

    fn place_of(&self, index: usize) -> Place {
        self.changes.get(index).map_or(Place::START, |change| change.place)
    }

    /// The version right after `place`.
    ///
    /// # Errors
    /// If the place is no version of this document, is not known here yet, or lies below the floor.
    pub fn version_at(&self, place: Place) -> Result<Version, Unresolved> {
        if place == Place::START {
            return self.kept(&Version::EMPTY).map(|()| Version::EMPTY);
        }
        let index = self.index_at(place.position)?;
        // Another prefix hash: the position is of a log whose tail was lost.
        match self.place_of(index) == place {
            true => Ok(Version::up_to(index as u32 + 1)),
            false => Err(Unresolved::Stale),
        }
    }

    /// The full form of the version that a client names.
    ///
    /// # Errors
    /// If the version is not known here, or not yet; or its place holds another text than it says.
    pub fn named(&self, name: VersionName) -> Result<VersionRef, Unresolved> {
        match name {
            VersionName::Revision(revision) => {
                let known = self.origin.known.iter().rev();
                let mut found = known.filter(|known| known.text.revision == revision.get());
                match found.next() {
                    Some(known) => Ok(VersionRef::of_root(Root::Origin(known.text))),
                    None => Err(Unresolved::Stale),
                }
            }
            VersionName::Entry { position, shard, check } => {
                if shard != self.key.shard(limits::SHARDS) {
                    return Err(Unresolved::Stale);
                }
                let place = self.place_of(self.index_at(position)?);
                match low_bits(place.check) == check {
                    true => Ok(VersionRef::log(place)),
                    false => Err(Unresolved::Stale),
                }
            }
            VersionName::Object(id) => self.object(id).cloned(),
        }
    }

    pub(super) fn object(&self, id: ObjectId) -> Result<&VersionRef, Unresolved> {
        let found = self.objects.iter().rev().find(|object| object.0 == id);
        found.map(|object| &*object.1).ok_or(Unresolved::Missing(Missing::Object(id)))
    }

    /// What `base` stands on before its extra dots, as far as it is known here.
    pub(super) fn root_of(&self, base: &Base) -> Option<Root> {
        self.full_form(base).ok().map(|version| version.root)
    }

    /// The version that `base` names.
    pub(super) fn full_form<'a>(&'a self, base: &'a Base) -> Result<&'a VersionRef, Unresolved> {
        match base {
            Base::Version(version) => Ok(version),
            Base::Object(id) => self.object(*id),
        }
    }

    pub(super) fn add_object(&mut self, version: &VersionRef) {
        let id = version.object_id(&self.key);
        if self.object(id).is_ok() {
            return;
        }
        self.objects.push((id, Arc::new(version.clone())));
        if self.objects.len() > limits::OBJECTS {
            self.objects.remove(0);
        }
    }

    /// What `base` means here.
    ///
    /// # Errors
    /// If what it names is not in, or lies below the floor.
    pub fn resolve(&self, base: &Base) -> Result<Resolved, Unresolved> {
        self.resolve_version(self.full_form(base)?)
    }

    /// What `version` means here.
    ///
    /// # Errors
    /// If what it names is not in, or lies below the floor; or it names another text than it was
    /// given for.
    pub fn resolve_version(&self, version: &VersionRef) -> Result<Resolved, Unresolved> {
        let resolved = self.resolve_unchecked(version)?;
        let Some(check) = version.check else { return Ok(resolved) };
        let shown = patch_of(version);
        let text = self.whole_text_of(&resolved);
        // Edits of a text of the origin may have been carried over onto something else, where the
        // log lost them and was told of them anew.
        let is_it = |text: &String| text_check(text) == check && shown.apply(text).is_ok();
        match text.is_some_and(|text| is_it(&text)) {
            true => Ok(Resolved { shown, ..resolved }),
            false => Err(Unresolved::Stale),
        }
    }

    pub(super) fn resolve_unchecked(&self, version: &VersionRef) -> Result<Resolved, Unresolved> {
        match version.root {
            Root::Log(place) => {
                let root = self.version_at(place)?;
                let version = self.with_extra(root, &version.extra)?;
                let shown = Patch::empty();
                self.kept(&version).map(|()| Resolved { version, shown, detached: None })
            }
            // The detached base first: it has the very texts that its edits were made on.
            Root::Origin(text) => match (self.detached_base_of(text), self.known(text)) {
                (None, Some(known)) => {
                    self.kept(known)?;
                    let version = self.with_extra(known.clone(), &version.extra)?;
                    Ok(Resolved { version, shown: Patch::empty(), detached: None })
                }
                _ => self.resolve_on_detached_base(text, &version.extra),
            },
        }
    }

    pub(super) fn closure(&self, index: u32) -> Version {
        closure_in(&self.text, index)
    }

    fn with_extra(&self, root: Version, extra: &[Actor]) -> Result<Version, Unresolved> {
        extra.iter().try_fold(root, |version, actor| {
            let missing = || Unresolved::Missing(Missing::Actor(*actor));
            let index = self.index_of(*actor).ok_or_else(missing)?;
            // What is below the floor is in every version that is kept.
            match index as usize >= self.changes.floor() {
                true => Ok(version.joined(&self.closure(index))),
                false => Ok(version),
            }
        })
    }

    fn resolve_on_detached_base(
        &self,
        text: OriginText,
        extra: &[Actor],
    ) -> Result<Resolved, Unresolved> {
        let missing = Unresolved::Missing(Missing::Origin(text));
        let index = self.detached_base_of(text).ok_or(missing)?;
        let detached = &self.detached_bases[index];
        let mut within = Version::up_to(1);
        for actor in extra {
            within.join(&self.closure_on_detached_base(detached, *actor)?);
        }
        let version = self.with_extra(detached.onto.clone(), extra)?;
        self.kept(&version)?;
        let detached = Some(OnDetachedBase { base: index, within });
        Ok(Resolved { version, shown: Patch::empty(), detached })
    }

    pub(super) fn detached_base_of(&self, text: OriginText) -> Option<usize> {
        self.detached_bases.iter().position(|detached| detached.name == text)
    }

    fn closure_on_detached_base(
        &self,
        detached: &DetachedBase,
        actor: Actor,
    ) -> Result<Version, Unresolved> {
        let missing = || Unresolved::Missing(Missing::Actor(actor));
        let mapped = self.index_of(actor).ok_or_else(missing)?;
        let within =
            detached.mapped.iter().position(|index| *index == mapped).ok_or_else(missing)?;
        Ok(closure_in(&detached.text, within as u32 + 1))
    }

    /// The text of a resolved version. Cost: linear in the text and in the
    /// changes since.
    #[must_use]
    pub fn text_of(&self, resolved: &Resolved) -> Option<String> {
        let text = self.whole_text_of(resolved)?;
        match resolved.shown.is_empty() {
            true => Some(text),
            false => resolved.shown.apply(&text).ok().map(|made| made.text),
        }
    }

    /// That of its changes.
    fn whole_text_of(&self, resolved: &Resolved) -> Option<String> {
        match &resolved.detached {
            Some(on) => self.detached_bases.get(on.base)?.text.text_at(&on.within).ok(),
            None => self.text.text_at(&resolved.version).ok(),
        }
    }

    /// The changes that `version` holds beyond its root, those included that it names only by a
    /// later one.
    ///
    /// # Errors
    /// As [`Self::resolve_version`].
    pub fn beyond_root(&self, version: &VersionRef) -> Result<Vec<Actor>, Unresolved> {
        let root = VersionRef::of_root(version.root);
        let (root, whole) = (self.resolve_version(&root)?, self.resolve_version(version)?);
        let beyond = whole.version.minus(&root.version);
        Ok(beyond.filter_map(|index| Some(self.changes.get(index as usize)?.actor)).collect())
    }

    /// The changes of the entry right before a version of the log; none where they are not kept.
    pub fn brought_by(&self, root: Root) -> Vec<Actor> {
        let Root::Log(place) = root else { return Vec::new() };
        let Ok(last) = self.index_at(place.position) else { return Vec::new() };
        let of_it = (0..=last).rev().map_while(|index| self.changes.get(index));
        of_it.take_while(|change| change.place == place).map(|change| change.actor).collect()
    }

    /// Whether the text has taken in all that `version` had: whoever saw that
    /// does not go back in time with this one. `false`, too, where only the archive
    /// can tell.
    #[must_use]
    pub fn holds(&self, version: &VersionRef) -> bool {
        let root = match version.root {
            Root::Log(place) => match self.version_at(place) {
                Ok(_) | Err(Unresolved::Missing(Missing::Segment(_))) => true,
                Err(_) => false,
            },
            Root::Origin(text) => {
                self.known(text).is_some() || self.origin.revision() >= text.revision
            }
        };
        root && version.extra.iter().all(|actor| self.index_of(*actor).is_some())
    }

    /// The version that `entry` is about or was made on; `None` where there is none, or it is not
    /// known here, and for a save that is in already, of which it does not matter.
    #[must_use]
    pub fn stands_on(&self, entry: &Entry) -> Option<VersionRef> {
        match &entry.body {
            Body::Edit(edit) if self.change_of(edit.delta.edit).is_none() => {
                self.full_form(&edit.delta.base).ok().cloned()
            }
            Body::Version(version) => Some(version.clone()),
            Body::Intent(intent) => Some(VersionRef::log(intent.upto)),
            Body::Checkpoint(checkpoint) => Some(VersionRef::log(checkpoint.upto)),
            _ => None,
        }
    }

    /// What `entry` needs that is not in yet. The relay appends an entry only
    /// when this is nothing; a stale reference is refused.
    ///
    /// # Errors
    /// If what the entry names can never be found here.
    pub fn missing(&self, entry: &Entry) -> Result<Option<Missing>, Unresolved> {
        let found = match &entry.body {
            Body::Edit(edit) if self.change_of(edit.delta.edit).is_none() => {
                self.resolve(&edit.delta.base).map(|_| ())
            }
            Body::Version(version) => self.resolve_version(version).map(|_| ()),
            Body::Intent(intent) => self.version_at(intent.upto).map(|_| ()),
            Body::Checkpoint(checkpoint) => self.version_at(checkpoint.upto).map(|_| ()),
            Body::Suppress(moderation) | Body::Release(moderation) | Body::Erase(moderation) => {
                match self.index_of(moderation.change) {
                    Some(index) => self.kept(&Version::up_to(index)),
                    None => Err(Unresolved::Missing(Missing::Actor(moderation.change))),
                }
            }
            Body::Committed(committed) => match self.origin.announced(committed.flush) {
                // Any other reason is the fold's to find.
                Some(announced) => match self.version_at(announced.intent.upto) {
                    Err(segment @ Unresolved::Missing(Missing::Segment(_))) => Err(segment),
                    _ => Ok(()),
                },
                None => Ok(()),
            },
            _ => Ok(()),
        };
        match found {
            Ok(()) => Ok(None),
            Err(Unresolved::Missing(missing)) => Ok(Some(missing)),
            Err(stale) => Err(stale),
        }
    }
}

/// How what a version shows differs from the text of its changes.
pub(super) fn patch_of(version: &VersionRef) -> Patch {
    let mut patch = Patch::builder();
    let mut hidden = version.hidden_ranges().iter().peekable();
    let mut at = 0;
    let mut hide = |patch: &mut PatchBuilder, at: &mut u32, upto: u32| {
        while let Some((start, len)) = hidden.next_if(|(start, _)| *start < upto) {
            patch.push_keep(start.saturating_sub(*at));
            patch.push_delete(*len);
            *at = start + len;
        }
    };
    for (place, text) in version.put_texts() {
        hide(&mut patch, &mut at, *place);
        patch.push_keep(place.saturating_sub(at));
        patch.push_insert(text);
        at = *place;
    }
    hide(&mut patch, &mut at, u32::MAX);
    // It is too long for no version that is canonical.
    patch.build().unwrap_or_default()
}

/// The change at `index` and all that it had seen.
pub(super) fn closure_in(text: &Text, index: u32) -> Version {
    text.history().closure(index).unwrap_or_default()
}

/// Where the segment of a version that is not kept is missing.
pub(super) fn missing_segment(segment: Option<SegmentRef>) -> Unresolved {
    let name: Option<Digest> = segment.map(|segment| segment.digest);
    name.map_or(Unresolved::Stale, |name| Unresolved::Missing(Missing::Segment(name)))
}
