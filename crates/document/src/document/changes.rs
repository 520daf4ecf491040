//! What is known of the changes of a document beside their text: who, when, where from.
//!
//! Changes are counted from the document's first. Those below the floor are not kept, but for the
//! last one of them: a page always shows who wrote it last. Must never forget what the revision
//! hash is of.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use redwedding_wire::identity::{Actor, Digest, EditId};
use redwedding_wire::version::Place;

use super::change::{Change, after};
use super::past::{Past, mark_of_actor, mark_of_edit};

/// The changes of a document, in order.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    floor: usize,
    /// The last change below the floor.
    below: Option<Arc<Change>>,
    /// The hash of all changes below the floor.
    hash: Digest,
    /// Of those that are kept the first ones, as a cache had them,
    past: Option<Arc<Past>>,
    /// and all others.
    newest: Vec<Arc<Change>>,
    /// Both, once somebody has asked for one list of them.
    whole: OnceLock<Vec<Arc<Change>>>,
    index: Index,
    /// Before this one no change hides anything; `None` where none does at all.
    first_hiding: Option<usize>,
}

/// Where changes stand in the list of those kept. The newest are looked through one by one; what
/// was there at first is sorted into buckets once somebody asks: a list that does not grow by much
/// needs no index beside that. Clones share both.
#[derive(Clone, Debug, Default)]
struct Index {
    by_actor: Arc<BTreeMap<Actor, usize>>,
    by_edit: Arc<BTreeMap<EditId, usize>>,
    /// Of each change some bits of its actor and of its edit id, side by side: looking through
    /// these touches nothing of the changes themselves.
    actor_marks: Vec<u32>,
    edit_marks: Vec<u32>,
    /// How many were there at first, and are not in the maps.
    first: usize,
    /// Those, by actor and by edit.
    first_actors: OnceLock<Arc<Buckets>>,
    first_edits: OnceLock<Arc<Buckets>>,
    /// Up to where they go.
    settled: usize,
}

impl Index {
    /// How many of the newest are not in the maps at most,
    const NEWEST: usize = 256;

    /// and how many of those that were there at first: more than may wait on one page.
    const FIRST: usize = 20_480;

    fn of(kept: &[Arc<Change>]) -> Self {
        let first = if kept.len() > Self::FIRST { 0 } else { kept.len() };
        let actor_marks = kept.iter().map(|change| mark_of_actor(change.actor)).collect();
        let edit_marks = kept.iter().map(|change| mark_of_edit(change.edit)).collect();
        Self { actor_marks, edit_marks, first, settled: first, ..Self::default() }
    }

    fn of_past(past: &Past) -> Self {
        let (actor_marks, edit_marks) = past.marks();
        Self { actor_marks, edit_marks, first: past.len(), settled: past.len(), ..Self::default() }
    }

    /// Counts in the last one of the newest changes, which are all but so many.
    fn push(&mut self, past: usize, newest: &[Arc<Change>]) {
        let Some(change) = newest.last() else { return };
        self.actor_marks.push(mark_of_actor(change.actor));
        self.edit_marks.push(mark_of_edit(change.edit));
        if past + newest.len() - self.settled > Self::NEWEST {
            let new = || (past..).zip(newest).skip(self.settled - past);
            put_all(&mut self.by_actor, new().map(|(at, change)| (change.actor, at)));
            let edits = new().filter(|(_, change)| change.edit != EditId::default());
            put_all(&mut self.by_edit, edits.map(|(at, change)| (change.edit, at)));
            self.settled = past + newest.len();
        }
    }
}

/// Places of marks, by their upper bits: about one in each bucket, since marks are of digests.
#[derive(Debug)]
struct Buckets {
    /// How far a mark is shifted to give its bucket,
    shift: u32,
    /// where each bucket begins in `places`, and where the last one ends,
    starts: Vec<u32>,
    /// and, for each bucket, where marks of it stand, ascending.
    places: Vec<u32>,
}

impl Buckets {
    /// O(marks).
    fn of(marks: &[u32]) -> Self {
        let bits = marks.len().max(2).ilog2();
        let shift = u32::BITS - bits;
        let bucket = |mark: u32| (mark >> shift) as usize;
        let mut starts = vec![0u32; (1 << bits) + 1];
        marks.iter().for_each(|mark| starts[bucket(*mark) + 1] += 1);
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let (mut next, mut places) = (starts.clone(), vec![0; marks.len()]);
        for (place, mark) in (0..).zip(marks) {
            let at = &mut next[bucket(*mark)];
            places[*at as usize] = place;
            *at += 1;
        }
        Self { shift, starts, places }
    }

    /// Where marks like this one may stand, ascending.
    fn of_mark(&self, mark: u32) -> &[u32] {
        let bucket = (mark >> self.shift) as usize;
        &self.places[self.starts[bucket] as usize..self.starts[bucket + 1] as usize]
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
        below(self) == below(other) && self.below == other.below && self.kept() == other.kept()
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
        let first_hiding = kept.iter().position(|change| !change.hidden.is_empty());
        let first_hiding = first_hiding.map(|at| floor + at);
        Self { floor, below, hash, newest: kept, index, first_hiding, ..Self::default() }
    }

    /// The same of changes that a cache had.
    pub(super) fn of_past(
        floor: usize,
        below: Option<Arc<Change>>,
        hash: Digest,
        past: Past,
    ) -> Self {
        if past.len() > Index::FIRST {
            return Self::above(floor, below, hash, past.all().cloned().collect());
        }
        let index = Index::of_past(&past);
        let first_hiding = past.first_hiding().map(|at| floor + at);
        let past = Some(Arc::new(past));
        Self { floor, below, hash, past, index, first_hiding, ..Self::default() }
    }

    /// How many there are, those that are not kept among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.floor + self.past_len() + self.newest.len()
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

    fn past_len(&self) -> usize {
        self.past.as_ref().map_or(0, |past| past.len())
    }

    /// Those that are kept, as a cache has them: of the first ones, of which a cache had them, and
    /// the others.
    pub(super) fn past_and_newest(&self) -> (Option<&Past>, &[Arc<Change>]) {
        (self.past.as_deref(), &self.newest)
    }

    /// Those that are kept. Where they are of a cache, all of them are read: O(changes) once. Who
    /// wants few of them asks for these.
    #[must_use]
    pub fn kept(&self) -> &[Arc<Change>] {
        let Some(past) = &self.past else { return &self.newest };
        self.whole.get_or_init(|| past.all().chain(&self.newest).cloned().collect())
    }

    /// Those that are kept, with their index.
    #[must_use]
    pub fn indexed(&self) -> impl DoubleEndedIterator<Item = (usize, &Arc<Change>)> {
        self.indexed_from(self.floor)
    }

    /// The same from an index on.
    pub(super) fn indexed_from(
        &self,
        first: usize,
    ) -> impl DoubleEndedIterator<Item = (usize, &Arc<Change>)> + Clone {
        let first = first.max(self.floor);
        (first..self.len()).map(|index| (index, self.at(index - self.floor)))
    }

    /// The index of the first one that hides something; that behind the last where none does.
    pub(super) fn first_hiding(&self) -> usize {
        self.first_hiding.unwrap_or(self.len())
    }

    /// One of those that are kept, which must be there.
    fn at(&self, at: usize) -> &Arc<Change> {
        match &self.past {
            Some(past) if at < past.len() => past.change(at),
            Some(past) => &self.newest[at - past.len()],
            None => &self.newest[at],
        }
    }

    /// Where in the log those stand that are kept.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        let past = self.past.iter().flat_map(|past| past.places());
        past.chain(self.newest.iter().map(|change| change.place))
    }

    /// How many changes there are up to the first whose place does not hold this, which none behind
    /// that does. O(log changes).
    pub(super) fn count_upto(&self, upto: impl Fn(Place) -> bool) -> usize {
        let past = self.past.as_ref().map_or(0, |past| past.count_upto(&upto));
        let newest = || self.newest.partition_point(|change| upto(change.place));
        self.floor + past + if past < self.past_len() { 0 } else { newest() }
    }

    /// The greatest index that an overlap names.
    pub(super) fn greatest_met(&self) -> Option<u32> {
        let newest = self.newest.iter().flat_map(|change| &change.overlaps);
        let past = self.past.as_ref().and_then(|past| past.greatest_met());
        newest.map(|overlap| overlap.2).chain(past).max()
    }

    /// The change with an index; `None` if it is not kept, or is not at all.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<Change>> {
        match index.checked_sub(self.floor) {
            Some(at) => (index < self.len()).then(|| self.at(at)),
            None if index + 1 == self.floor => self.below.as_ref(),
            None => None,
        }
    }

    /// The last change.
    #[must_use]
    pub fn last(&self) -> Option<&Arc<Change>> {
        self.get(self.len().checked_sub(1)?)
    }

    /// The last change that changed something: who wrote the page last. The very last, where only
    /// merge nodes are kept.
    #[must_use]
    pub fn last_written(&self) -> Option<&Arc<Change>> {
        let kept = self.indexed().rev().map(|(_, change)| change);
        kept.chain(&self.below).find(|change| !change.is_merge_node()).or_else(|| self.last())
    }

    /// The last change below the floor.
    pub(super) fn below(&self) -> Option<&Arc<Change>> {
        self.below.as_ref()
    }

    /// The hash of all changes below the floor.
    pub(super) fn hash_below(&self) -> Digest {
        self.hash
    }

    /// All that are kept, in one list that may be changed.
    fn kept_mut(&mut self) -> &mut Vec<Arc<Change>> {
        if self.past.is_some() {
            self.newest = self.kept().to_vec();
            self.past = None;
        }
        self.whole = OnceLock::new();
        &mut self.newest
    }

    /// Amends what is said about a change that is kept.
    pub(super) fn amend(&mut self, index: usize, amend: impl FnOnce(&mut Change)) {
        let Some(at) = index.checked_sub(self.floor).filter(|_| index < self.len()) else { return };
        // What is amended is mostly what has just come in.
        let change = match at.checked_sub(self.past_len()) {
            Some(newest) => {
                self.whole = OnceLock::new();
                &mut self.newest[newest]
            }
            None => &mut self.kept_mut()[at],
        };
        let change = Arc::make_mut(change);
        amend(change);
        if !change.hidden.is_empty() {
            self.note_hiding(index);
        }
    }

    fn note_hiding(&mut self, index: usize) {
        self.first_hiding = Some(self.first_hiding.map_or(index, |first| first.min(index)));
    }

    /// Forgets what was said about a change.
    pub(super) fn erase(&mut self, index: usize) {
        self.amend(index, |change| {
            change.note.comment.clear();
            change.hidden.clear();
        });
    }

    pub(super) fn push(&mut self, change: Change) {
        if !change.hidden.is_empty() {
            self.note_hiding(self.len());
        }
        self.whole = OnceLock::new();
        self.newest.push(Arc::new(change));
        self.index.push(self.past_len(), &self.newest);
    }

    /// The change with these dots, with its index.
    pub(super) fn by_actor(&self, actor: Actor) -> Option<(usize, &Change)> {
        let Index { actor_marks, first_actors, by_actor, .. } = &self.index;
        let marked = (&actor_marks[..], mark_of_actor(actor), first_actors);
        self.found(|change| change.actor == actor, marked, by_actor.get(&actor))
    }

    /// The change that a save became, with its index.
    pub(super) fn by_edit(&self, edit: EditId) -> Option<(usize, &Change)> {
        if edit == EditId::default() {
            return None;
        }
        let Index { edit_marks, first_edits, by_edit, .. } = &self.index;
        let marked = (&edit_marks[..], mark_of_edit(edit), first_edits);
        self.found(|change| change.edit == edit, marked, by_edit.get(&edit))
    }

    fn found(
        &self,
        is: impl Fn(&Change) -> bool,
        (marks, mark, firsts): (&[u32], u32, &OnceLock<Arc<Buckets>>),
        settled: Option<&usize>,
    ) -> Option<(usize, &Change)> {
        let is_at = |at: &usize| marks[*at] == mark && is(self.at(*at));
        let newest = (self.index.settled..marks.len()).rev().find(is_at);
        let first = || {
            let of_first = || Arc::new(Buckets::of(&marks[..self.index.first]));
            let places = firsts.get_or_init(of_first).of_mark(mark).iter().rev();
            places.map(|at| *at as usize).find(is_at)
        };
        let at = newest.or(settled.copied()).or_else(first);
        let kept = at.map(|at| (self.floor + at, self.at(at).as_ref()));
        let below = || self.below.as_deref().filter(|change| is(change));
        kept.or_else(|| below().map(|change| (self.floor.saturating_sub(1), change)))
    }

    /// The hash of all changes, whatever of them is kept.
    pub(super) fn hash(&self) -> Digest {
        self.kept().iter().fold(self.hash, |hash, change| after(hash, change))
    }

    /// Keeps no change below an index any more; those that were.
    pub(super) fn prune(&mut self, floor: usize) -> Vec<Arc<Change>> {
        let count = floor - self.floor;
        let pruned: Vec<_> = self.kept_mut().drain(..count).collect();
        self.hash = pruned.iter().fold(self.hash, |hash, change| after(hash, change));
        self.below = pruned.last().cloned().or(self.below.take());
        self.floor = floor;
        self.index = Index::of(&self.newest);
        pruned
    }
}
