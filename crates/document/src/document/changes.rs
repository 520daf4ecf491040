//! What is known of the changes of a document beside their text: who, when, where from.
//!
//! Changes are counted from the document's first. Those below the floor are not kept, but for the
//! last one of them: a page always shows who wrote it last. Must never forget what the revision
//! hash is of.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use redwedding_wire::codec;
use redwedding_wire::identity::{Actor, Digest, EditId, digest};
use redwedding_wire::version::Place;

use crate::entry::{Client, Note};

/// What is known of a change beside what it does to the text.
#[derive(Clone, PartialEq, Debug)]
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
}

/// A passage of which the page shows another writer's version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hidden {
    /// Where it is in the text right after the save's entry, in bytes.
    pub at: Range<u32>,
    /// What the save made of it.
    pub text: String,
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
    /// ([`crate::entry::Delta::is_merge_node`]).
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

/// The changes of a document, in order.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    floor: usize,
    /// The last change below the floor.
    below: Option<Arc<Change>>,
    /// The hash of all changes below the floor.
    hash: Digest,
    kept: Vec<Arc<Change>>,
    index: Index,
}

/// Where changes stand in the list of those kept. The newest are looked through one by one, and so
/// is what was there at first, which most who load a document ask for once or twice: a list that
/// does not grow by much needs no index. Clones share it.
#[derive(Clone, Debug, Default)]
struct Index {
    by_actor: Arc<BTreeMap<Actor, usize>>,
    by_edit: Arc<BTreeMap<EditId, usize>>,
    /// How many were there at first, and are not in it.
    first: usize,
    /// Up to where it goes.
    settled: usize,
}

impl Index {
    /// How many of the newest are not in it at most,
    const NEWEST: usize = 256;

    /// and how many of those that were there at first.
    const FIRST: usize = 4_096;

    fn of(kept: &[Arc<Change>]) -> Self {
        let first = if kept.len() > Self::FIRST { 0 } else { kept.len() };
        Self { first, settled: first, ..Self::default() }
    }

    fn settle(&mut self, kept: &[Arc<Change>]) {
        if kept.len() - self.settled > Self::NEWEST {
            let new = || kept.iter().enumerate().skip(self.settled);
            put_all(&mut self.by_actor, new().map(|(at, change)| (change.actor, at)));
            let edits = new().filter(|(_, change)| change.edit != EditId::default());
            put_all(&mut self.by_edit, edits.map(|(at, change)| (change.edit, at)));
            self.settled = kept.len();
        }
    }
}

/// Puts all of these into an index: at once where that is empty, which takes far less than one by
/// one.
fn put_all<K: Ord + Clone>(
    index: &mut Arc<BTreeMap<K, usize>>,
    new: impl Iterator<Item = (K, usize)>,
) {
    match index.is_empty() {
        true => *index = Arc::new(new.collect()),
        false => Arc::make_mut(index).extend(new),
    }
}

impl PartialEq for Changes {
    fn eq(&self, other: &Self) -> bool {
        let below = |changes: &Self| (changes.floor, changes.hash);
        below(self) == below(other) && self.below == other.below && self.kept == other.kept
    }
}

impl Changes {
    /// Changes from a floor on, with the last one below it and the hash of all below.
    pub(super) fn above(
        floor: usize,
        below: Option<Arc<Change>>,
        hash: Digest,
        kept: Vec<Arc<Change>>,
    ) -> Self {
        let index = Index::of(&kept);
        Self { floor, below, hash, kept, index }
    }

    /// How many there are, those that are not kept among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.floor + self.kept.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many are not kept.
    #[must_use]
    pub fn floor(&self) -> usize {
        self.floor
    }

    /// Those that are kept.
    #[must_use]
    pub fn kept(&self) -> &[Arc<Change>] {
        &self.kept
    }

    /// Those that are kept, with their index.
    #[must_use]
    pub fn indexed(&self) -> impl DoubleEndedIterator<Item = (usize, &Arc<Change>)> {
        let floor = self.floor;
        self.kept.iter().enumerate().map(move |(at, change)| (floor + at, change))
    }

    /// The change with an index; `None` if it is not kept, or is not at all.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Change>> {
        match index.checked_sub(self.floor) {
            Some(at) => self.kept.get(at),
            None if index + 1 == self.floor => self.below.as_ref(),
            None => None,
        }
    }

    /// The last change.
    #[must_use]
    pub fn last(&self) -> Option<&Arc<Change>> {
        self.kept.last().or(self.below.as_ref())
    }

    /// The last change that changed something: who wrote the page last. The very last, where only
    /// merge nodes are kept.
    #[must_use]
    pub fn last_written(&self) -> Option<&Arc<Change>> {
        let all = self.below.iter().chain(&self.kept);
        all.rev().find(|change| !change.is_merge_node()).or_else(|| self.last())
    }

    /// The last change below the floor.
    pub(super) fn below(&self) -> Option<&Arc<Change>> {
        self.below.as_ref()
    }

    /// The hash of all changes below the floor.
    pub(super) fn hash_below(&self) -> Digest {
        self.hash
    }

    /// Amends what is said about a change that is kept.
    pub(super) fn amend(&mut self, index: usize, amend: impl FnOnce(&mut Change)) {
        let at = index.checked_sub(self.floor);
        if let Some(change) = at.and_then(|at| self.kept.get_mut(at)) {
            amend(Arc::make_mut(change));
        }
    }

    /// Forgets what was said about a change.
    pub(super) fn erase(&mut self, index: usize) {
        self.amend(index, |change| {
            change.note.comment.clear();
            change.hidden.clear();
        });
    }

    pub(super) fn push(&mut self, change: Change) {
        self.kept.push(Arc::new(change));
        self.index.settle(&self.kept);
    }

    /// The change with these dots, with its index.
    pub(super) fn by_actor(&self, actor: Actor) -> Option<(usize, &Change)> {
        self.found(|change| change.actor == actor, self.index.by_actor.get(&actor))
    }

    /// The change that a save became, with its index.
    pub(super) fn by_edit(&self, edit: EditId) -> Option<(usize, &Change)> {
        if edit == EditId::default() {
            return None;
        }
        self.found(|change| change.edit == edit, self.index.by_edit.get(&edit))
    }

    fn found(
        &self,
        is: impl Fn(&Change) -> bool,
        settled: Option<&usize>,
    ) -> Option<(usize, &Change)> {
        let within = |from: usize, to: usize| {
            let found = self.kept[from..to].iter().rposition(|change| is(change));
            found.map(|at| from + at)
        };
        let newest = within(self.index.settled, self.kept.len());
        let at = newest.or(settled.copied()).or_else(|| within(0, self.index.first));
        let kept = at.map(|at| (self.floor + at, self.kept[at].as_ref()));
        let below = || self.below.as_deref().filter(|change| is(change));
        kept.or_else(|| below().map(|change| (self.floor.saturating_sub(1), change)))
    }

    /// The hash of all changes, whatever of them is kept.
    pub(super) fn hash(&self) -> Digest {
        self.kept.iter().fold(self.hash, |hash, change| after(hash, change))
    }

    /// Keeps no change below an index any more; those that were.
    pub(super) fn prune(&mut self, floor: usize) -> Vec<Arc<Change>> {
        let pruned: Vec<_> = self.kept.drain(..floor - self.floor).collect();
        self.hash = pruned.iter().fold(self.hash, |hash, change| after(hash, change));
        self.below = pruned.last().cloned().or(self.below.take());
        self.floor = floor;
        self.index = Index::of(&self.kept);
        pruned
    }
}

/// The hash of changes, one more of them.
fn after(hash: Digest, change: &Change) -> Digest {
    let told = (change.actor, change.kind, &change.note, change.time_ms, change.bytes);
    digest("revision", &[&hash.0, &codec::to_vec(&told)])
}
