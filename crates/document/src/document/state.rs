//! Everything that is known of one document, whether the log confirmed it or not.
//!
//! The other files of this module are what is done with it: each says of which part it keeps what
//! must hold. This one holds the data and answers what needs no more than a look at it.

use std::num::NonZeroU64;
use std::sync::Arc;

use redwedding_text::{Text, Version};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, digest};
use redwedding_wire::version::{
    Cursor, ObjectId, OriginText, Place, Position, VersionName, VersionRef,
};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::change::Change;
use super::change::OpenBelow;
use super::changes::Changes;
use super::open::AllOpen;
use super::origin::Origin;
use super::segment::SegmentRef;
use crate::limits;

/// Everything that is known of a document. Read through [`Document`](super::Document) or
/// [`View`](super::View).
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    pub(super) key: DocumentKey,
    /// How far the shard's log is folded in.
    pub(super) cursor: Cursor,
    /// The document's own last entry.
    pub(super) place: Place,
    pub(super) text: Text,
    /// What is known of each change of `text`.
    pub(super) changes: Changes,
    /// Where to find the changes that are not kept, oldest first.
    pub(super) archive: Vec<SegmentRef>,
    /// What is open of what those brought that the page did not show.
    pub(super) open_below: Vec<Arc<OpenBelow>>,
    /// What is open after some of the changes.
    pub(super) open: AllOpen,
    pub(super) origin: Origin,
    pub(super) detached_bases: Vec<DetachedBase>,
    /// The newest version objects that were served, oldest first. One that is
    /// not here any more is in the store, and comes back as an entry when needed.
    pub(super) objects: Vec<(ObjectId, Arc<VersionRef>)>,
    /// Other dots for a change that is in, oldest first: a retry whose delta came
    /// out different.
    pub(super) aliases: Vec<(Actor, u32)>,
    pub(super) quarantined: Vec<Quarantined>,
    /// Fields of later versions, carried unread.
    pub(super) extensions: Vec<u8>,
}

/// A text of the origin that is not in the log's line, and the edits made on
/// it. They enter the document transposed.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct DetachedBase {
    pub(super) name: OriginText,
    /// The detached base's text as change 0, then the edits as they were written.
    pub(super) text: Text,
    /// Index in the document of each change of `text` from 1 on.
    pub(super) mapped: Vec<u32>,
    /// The document's version that stands for the detached base's text: never another.
    pub(super) onto: Version,
}

/// An entry that was refused after it was logged, with an alarm.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Quarantined {
    /// Its position.
    pub position: Position,
    /// What was wrong with it.
    pub reason: String,
}

impl State {
    /// The document's key.
    #[must_use]
    pub fn key(&self) -> &DocumentKey {
        &self.key
    }

    /// How far the shard's log is folded in.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The document's own last entry.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.text()
    }

    /// All changes, in order.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether nothing was ever written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What was agreed with the origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Entries that were refused after they were logged.
    #[must_use]
    pub fn quarantined(&self) -> &[Quarantined] {
        &self.quarantined
    }

    /// Changes that the origin does not hold. Merge nodes bring it nothing.
    pub fn pending(&self) -> impl Iterator<Item = &Arc<Change>> {
        let held = self.origin.tip.as_ref().map(|tip| tip.version.clone()).unwrap_or_default();
        let indexed = self.changes.indexed_from(held.prefix() as usize);
        let pending = indexed.filter(move |(index, _)| !held.contains(*index as u32));
        pending.map(|(_, change)| change).filter(|change| !change.is_merge_node())
    }

    /// Whether the origin has just this text: nothing is to be written there.
    #[must_use]
    pub fn is_at_origin(&self) -> bool {
        self.origin.tip.as_ref().is_none_or(|tip| tip.exact) && self.pending().next().is_none()
    }

    /// The hash of the value alone.
    #[must_use]
    pub fn value_hash(&self) -> Digest {
        Digest::of_text(self.text())
    }

    fn number_of(&self, place: Place) -> NonZeroU64 {
        VersionName::entry(place, self.key.shard(limits::SHARDS)).number()
    }

    /// The id under which clients know the text right after change `index`;
    /// `None` for one that the log does not hold.
    #[must_use]
    pub fn version_id(&self, index: usize) -> Option<NonZeroU64> {
        let place = self.changes.get(index)?.place;
        (place != Place::START).then(|| self.number_of(place))
    }

    /// The id under which clients know the text right after a save; `None` for one that the log
    /// does not hold.
    #[must_use]
    pub fn version_of(&self, edit: EditId) -> Option<NonZeroU64> {
        let (index, _) = self.changes.by_edit(edit)?;
        self.version_id(index)
    }
}

/// The hash of position, the actors of an overlay, value and revisions.
pub(super) fn state_hash(state: &State, overlay: &[Actor]) -> Digest {
    let dots: Vec<u8> = overlay.iter().flat_map(|actor| actor.0.to_le_bytes()).collect();
    digest(
        "state",
        &[
            &state.place.position.to_le_bytes(),
            &dots,
            &state.value_hash().0,
            &state.changes.hash().0,
        ],
    )
}
