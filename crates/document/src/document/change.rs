//! What is known of one change beside what it does to the text.

use std::ops::Range;
use std::sync::Arc;

use redwedding_wire::codec;
use redwedding_wire::identity::{Actor, Digest, EditId, digest};
use redwedding_wire::version::Place;

use crate::entry::{Client, Note};

/// What is known of a change beside what it does to the text.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Change {
    /// Who made its dots.
    pub actor: Actor,
    /// Its entry in the log; [`Place::START`] while it is only in an overlay.
    pub place: Place,
    /// Where it came from, as [`ChangeKind`]'s number.
    pub kind: u8,
    /// The save, all zero for what came from the origin.
    pub edit: EditId,
    /// Author, comment and so on.
    pub note: Note,
    /// The client that saved it, where something is known of it.
    pub client: Option<Box<Client>>,
    /// When it was accepted, or stored at the origin, in ms since 1970.
    pub time_ms: u64,
    /// When the log took it, in ms since 1970.
    pub logged_ms: u64,
    /// The origin's revision that it came from; of a moderation, and of what stands for a save, the
    /// index of the change that it is about; 0 for an edit made here.
    pub about: u64,
    /// Length of the text after it.
    pub bytes: u32,
    /// Spans, in the text after it, that a concurrent change touched too:
    /// (start, length, index of the other change).
    pub overlaps: Vec<(u32, u32, u32)>,
    /// What of it the page does not show, since others had changed the same passages; of a save
    /// that the log does not have yet, what its view does not.
    pub hidden: Vec<Hidden>,
    /// What its author decided of versions that were open before it.
    pub settles: Vec<Settled>,
}

/// What a save made of a version of a passage that the page did not show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The index of the change that says that it is not shown, and which of what that says so of.
    pub of: (u32, u32),
    /// Where its passage is right after the save's entry; `None` where it is closed.
    pub at: Option<Range<u32>>,
}

/// A passage of which the page shows another writer's version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hidden {
    /// Where it is in the text right after the save's entry, in bytes.
    pub at: Range<u32>,
    /// What the save made of it.
    pub text: String,
    /// Where the same lines stand in the text right after the save's entry: who chooses this one
    /// takes them away there. Of what is not shown of a move only.
    pub elsewhere: Option<Range<u32>>,
}

/// An alternative that was open at the floor, of a save that is not kept.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct OpenBelow {
    /// As in [`Settled`].
    pub(super) of: (u32, u32),
    /// The index of the save,
    pub(super) save: u32,
    /// and what is known of it, but for what it met.
    pub(super) change: Arc<Change>,
    /// The passage, in the text at the floor.
    pub(super) at: Range<u32>,
    /// What the save made of it.
    pub(super) text: String,
    /// As in [`Hidden`], in the text at the floor.
    pub(super) elsewhere: Option<Range<u32>>,
}

/// Where a change came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ChangeKind {
    /// A save at the edge.
    Edit = 0,
    /// The first text taken from the origin.
    Base = 1,
    /// An edit made at the origin.
    Import = 2,
    /// What the origin changed in a text that it stored.
    Difference = 3,
    /// A save at the edge that was made far below the floor: carried over onto it.
    CarriedOver = 4,
    /// Another change was suppressed.
    Suppress = 5,
    /// A change that was suppressed was released.
    Release = 6,
    /// Another change was made unreadable. It changes no text of its own: it stands for the text's
    /// being another one, under an id of its own.
    Erase = 7,
    /// What a save was meant to do, where others had changed the same: hunks of it that are taken
    /// out, or what stands in their place.
    Meant = 8,
    /// Nothing: what a point of presence had put together, under one dot
    /// ([`crate::entry::Edit::is_merge_node`]).
    MergeNode = 9,
}

impl Change {
    /// Whether one person made both, as far as that is known.
    #[must_use]
    pub fn is_by_author_of(&self, other: &Self) -> bool {
        is_same_person((&self.note, self.client.as_deref()), (&other.note, other.client.as_deref()))
    }

    /// Whether it was made here, not at the origin.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        use ChangeKind::{Base, Difference, Import, Meant, MergeNode};
        let others = [Base, Import, Difference, Meant, MergeNode];
        !others.iter().any(|kind| self.kind == *kind as u8)
    }

    /// Whether nobody made it, and it changes nothing.
    #[must_use]
    pub fn is_merge_node(&self) -> bool {
        self.kind == ChangeKind::MergeNode as u8
    }
}

/// Whether one person saved both, as far as that is known: by name, or by the client.
pub(super) fn is_same_person(
    one: (&Note, Option<&Client>),
    other: (&Note, Option<&Client>),
) -> bool {
    let number = |of: Option<&Client>| of.map_or(0, |client| client.number);
    match [one, other].map(|(note, _)| note.author.as_str()) {
        ["", ""] => number(one.1) != 0 && number(one.1) == number(other.1),
        [one, other] => one == other,
    }
}

/// The hash of changes, one more of them.
pub(super) fn after(hash: Digest, change: &Change) -> Digest {
    let told = (change.actor, change.kind, &change.note, change.time_ms, change.bytes);
    digest("revision", &[&hash.0, &codec::to_vec(&told)])
}
