//! The state of one document: confirmed by the log, or seen through an overlay.
//!
//! [`Document`] is the *confirmed* state: the fold of the document's log up to a
//! cursor, the same everywhere. [`View`] adds acknowledged changes that the log
//! does not hold yet. A view is discardable and cannot be stored in place of a
//! document: they are different types.
//!
//! Modules: `state` is what both are made of, `changes` lists who changed it (`change` is one of
//! them, `past` has those of a cache, as `rows` of bytes), `fold` applies entries, `condition`
//! says which saves are taken at all, `admit` applies those that are not logged yet, `torn` finds
//! lines that came into others', `expected` is what a view shows of its saves, `origin` is what was
//! agreed with the origin and `origin_entries` how that came, `resolve` finds the text that a name
//! means, `detached` carries
//! over edits on texts that are not in the log's line, `line_ends` keeps lines apart where an end
//! was trimmed, `floor` is what is kept of older changes and `segment` where the rest is,
//! `moderation` suppresses changes, releases them or makes them unreadable, `erased` keeps what was
//! erased out of later saves, `attribution` tells who wrote what, `stored` is the encoding.

mod admit;
mod alternatives;
mod attribution;
mod change;
mod changes;
mod condition;
mod detached;
mod effects;
mod erased;
mod expected;
mod floor;
mod fold;
mod line_ends;
mod moderation;
mod open;
mod origin;
mod origin_entries;
mod past;
mod resolve;
mod rows;
mod same_person;
mod segment;
mod state;
mod stored;
mod three_way;
mod torn;

pub use admit::Admission;
pub use alternatives::Alternative;
pub use attribution::Attribution;
pub use change::{Change, ChangeKind, Hidden, Settled};
pub use changes::Changes;
pub use erased::Erased;
pub use floor::RestoreFault;
pub use fold::{Fault, Verdict};
pub use origin::{Announced, IntentState, Known, Origin, Tip};
pub use resolve::{Resolved, Unresolved};
pub use segment::{Archive, NoArchive, Segment, SegmentRef};
pub use state::{Quarantined, State};
pub use three_way::Meeting;

use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::Arc;

use redwedding_text::{Text, Version};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId};
use redwedding_wire::version::{Cursor, Place, Root, VersionRef, text_check};

use crate::entry::{Body, Edit, Entry, Missing};
use expected::{Expected, Shown};
use state::state_hash;

/// The confirmed state of a document.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Shared with the views of it.
    state: Arc<State>,
}

impl Deref for Document {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Document {
    /// The document `key` of which the log, up to `cursor`, holds nothing.
    #[must_use]
    pub fn new(key: DocumentKey, cursor: Cursor) -> Self {
        Self {
            state: Arc::new(State {
                key,
                cursor,
                place: Place::START,
                text: Text::default(),
                changes: Changes::default(),
                archive: Vec::new(),
                open_below: Vec::new(),
                open: Default::default(),
                origin: Origin::default(),
                detached_bases: Vec::new(),
                objects: Vec::new(),
                aliases: Vec::new(),
                quarantined: Vec::new(),
                extensions: Vec::new(),
            }),
        }
    }

    /// The id under which clients know the text; `None` while there is none.
    #[must_use]
    pub fn id(&self) -> Option<NonZeroU64> {
        self.version_id(self.changes.len().checked_sub(1)?)
    }

    /// The version of the text.
    #[must_use]
    pub fn version(&self) -> VersionRef {
        VersionRef::log(self.changes.last().map_or(Place::START, |change| change.place))
    }

    /// The hash of position, value and revisions, as a view without overlay has.
    #[must_use]
    pub fn state_hash(&self) -> Digest {
        state_hash(self, &[])
    }

    /// Counts the log as folded up to `cursor`, entries of other documents
    /// included. A cursor behind the present one changes nothing.
    pub fn advance(&mut self, cursor: Cursor) {
        if cursor.epoch == self.state.cursor.epoch && cursor.position > self.state.cursor.position {
            self.state_mut().cursor = cursor;
        }
    }

    fn state_mut(&mut self) -> &mut State {
        Arc::make_mut(&mut self.state)
    }

    /// Folds in the document's next entry: the log's prefix up to and including
    /// it is `cursor`, the log took it at `logged_ms`.
    ///
    /// An entry at or before the present cursor has been folded in already and
    /// changes nothing. Cost: the merge; linear in the text where the entry was
    /// made on the present text.
    pub fn apply(&mut self, cursor: Cursor, logged_ms: u64, entry: &Entry) -> Verdict {
        self.apply_with(&NoArchive, cursor, logged_ms, entry)
    }

    /// As [`Document::apply`], where what lies below the floor can be had. If an
    /// entry needs some of it and it cannot, nothing changes, not even the cursor.
    #[must_use = "where it lies below, the entry was not folded in"]
    pub fn apply_with(
        &mut self,
        archive: &impl Archive,
        cursor: Cursor,
        logged_ms: u64,
        entry: &Entry,
    ) -> Verdict {
        let place = cursor.place();
        if cursor.position <= self.state.cursor.position {
            return Verdict::Duplicate { first: place };
        }
        let whole = self.needs_archive(entry).then(|| self.clone());
        let fetched = whole.as_ref().and_then(|_| self.fetch(archive, place, logged_ms, entry));
        let verdict = fetched.unwrap_or_else(|| self.state_mut().apply(place, logged_ms, entry));
        if let Verdict::Below { .. } = verdict {
            whole.into_iter().for_each(|whole| *self = whole);
            return verdict;
        }
        let state = self.state_mut();
        (state.cursor, state.place) = (cursor, place);
        if let Verdict::Quarantined(fault) = &verdict {
            state.quarantine(place, fault.to_string());
        }
        verdict
    }

    /// Lists an entry that cannot be decoded here, as [`Document::apply`] would.
    pub fn carry(&mut self, cursor: Cursor, reason: String) {
        if cursor.position > self.state.cursor.position {
            let state = self.state_mut();
            (state.cursor, state.place) = (cursor, cursor.place());
            state.quarantine(cursor.place(), reason);
        }
    }
}

/// A document with acknowledged changes that the log does not hold yet.
#[derive(Clone, Debug)]
pub struct View {
    state: Arc<State>,
    confirmed: usize,
    /// Whether a change beyond the confirmed ones was made on a text of the origin.
    on_origin: bool,
    expected: Expected,
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        let both = [self, other];
        let [one, two] = both.map(|it| (&it.state, it.confirmed, it.on_origin));
        let [shown, others] = both.map(|it| (it.expected.shown(&it.state), &it.expected.looked));
        one == two && shown == others
    }
}

impl Deref for View {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl View {
    /// The confirmed state, nothing added. It is copied when something is.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let (state, confirmed) = (Arc::clone(&document.state), document.changes.len());
        let expected = Expected::on(Arc::clone(&state));
        Self { state, confirmed, on_origin: false, expected }
    }

    /// Adds an acknowledged entry. Parents come first; an entry whose parents
    /// are missing changes nothing and is to be parked.
    ///
    /// A view's changes come to the very text that the log will give of them (but for the line
    /// ends that only the log keeps, and for what only the log decides: see [`Self::shown`]). So
    /// it takes a text of the origin only where nothing is in yet: how edits on any other are
    /// carried over is for the log to say. And where it stands on such a text, it takes only what
    /// was made on that very text: the text may hold any other edit already.
    ///
    /// # Errors
    /// With what has to be added first, or if what the entry names does not exist.
    pub fn add(&mut self, entry: &Entry) -> Result<Verdict, Unresolved> {
        Ok(self.add_beside(entry, false)?.0)
    }

    /// As [`Self::add`], and whether the log will show something else of a save, once it has it,
    /// than merging it character by character gives: what several changed differently only the log
    /// decides.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn add_save(&mut self, entry: &Entry) -> Result<(Verdict, bool), Unresolved> {
        self.add_beside(entry, true)
    }

    fn add_beside(&mut self, entry: &Entry, told: bool) -> Result<(Verdict, bool), Unresolved> {
        if matches!(entry.body, Body::Base(_)) && !self.state.is_empty() {
            return Ok((Verdict::Superseded, false));
        }
        if let Some(missing) = self.state.missing(entry)? {
            return Err(Unresolved::Missing(missing));
        }
        if self.confirmed == 0 && self.misses_base(entry) {
            return Err(Unresolved::Missing(Missing::Position(0)));
        }
        match &entry.body {
            Body::Edit(edit) if self.state.change_of(edit.delta.edit).is_none() => {
                self.add_new((entry, edit), told)
            }
            Body::Edit(_) | Body::Version(_) => Ok((self.apply(entry), false)),
            Body::Base(_) => {
                let verdict = self.apply(entry);
                self.expected = Expected::on(Arc::clone(&self.state));
                Ok((verdict, false))
            }
            _ => {
                let verdict = self.apply(entry);
                self.expected.let_go();
                Ok((verdict, false))
            }
        }
    }

    /// Adds a save that is not in yet.
    fn add_new(
        &mut self,
        (entry, edit): (&Entry, &Edit),
        told: bool,
    ) -> Result<(Verdict, bool), Unresolved> {
        self.on_origin |= matches!(self.state.root_of(&edit.delta.base), Some(Root::Origin(_)));
        let on = self.state.resolve(&edit.delta.base)?;
        // What is written on a text that the log does not stand on is never made on all before.
        let beside = on.detached.is_some() || !on.shown.is_empty();
        let concurrent = beside || on.version != self.state.text.head();
        let few = self.expected.may_be_few(concurrent, self.state.text().len());
        let asked = told && concurrent && !self.expected.is_shown(&self.state, &on);
        let next = (!few).then(|| self.expected.next(&self.state, (edit, &on), told));
        let before = self.changes.len() as u32;
        let verdict = self.apply(entry);
        if verdict != Verdict::Counted {
            return Ok((verdict, false));
        }
        let decides = match next {
            Some((next, decides)) => {
                self.expected.went_on((&self.state, self.confirmed), before, next);
                decides
            }
            None => {
                self.expected.add(&self.state, (before, edit), concurrent);
                asked && self.expected.decides(&self.state)
            }
        };
        let base = self.state.text.history().base(before).unwrap_or_default();
        self.expected.looked.took(&edit.delta, (&base, before));
        Ok((verdict, decides))
    }

    fn apply(&mut self, entry: &Entry) -> Verdict {
        Arc::make_mut(&mut self.state).apply(Place::START, 0, entry)
    }

    /// The text that is shown: that of [`Self::version`]. It is what the log would show if it had
    /// the saves in the order in which they were accepted, each after those that it was made on.
    /// With more of them than [`LOOKED_SAVES`](crate::limits::LOOKED_SAVES), or than
    /// [`LOOKED_BYTES`](crate::limits::LOOKED_BYTES) of page, those beyond are merged onto it, by
    /// characters after some more.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.expectation().map_or(self.text(), |shown| &shown.text)
    }

    fn expectation(&self) -> Option<&Arc<Shown>> {
        self.expected.shown(&self.state)
    }

    /// What is not shown of saves, as [`State::alternatives`], where it is in what is shown: what
    /// the log has decided, and what it may yet decide otherwise.
    #[must_use]
    pub fn alternatives(&self) -> Vec<Alternative<'_>> {
        match self.expectation() {
            Some(shown) => shown.alternatives(&self.state),
            None => self.state.alternatives(),
        }
    }

    /// Where a save met others, in what is shown, as [`State::meetings_of`].
    #[must_use]
    pub fn shown_meetings(&self, actor: Actor) -> Vec<Meeting> {
        self.expected.meetings(&self.state, actor)
    }

    /// Whether the view stands on a text of the origin, and a new edit does not.
    fn misses_base(&self, entry: &Entry) -> bool {
        let Body::Edit(edit) = &entry.body else { return false };
        self.begins_with_base()
            && self.state.change_of(edit.delta.edit).is_none()
            && matches!(self.state.root_of(&edit.delta.base), Some(Root::Log(_)))
    }

    /// Whether the text may hold an edit twice that is in: it was made where there was no page, and
    /// the log begins with a text of the origin.
    #[must_use]
    pub fn may_double(&self, entry: &Entry) -> bool {
        let Body::Edit(edit) = &entry.body else { return false };
        let waits =
            || self.changes.by_edit(edit.delta.edit).is_some_and(|it| it.0 >= self.confirmed);
        self.begins_with_base()
            && self.state.root_of(&edit.delta.base) == Some(Root::EMPTY)
            && waits()
    }

    /// A change beyond the confirmed ones that the text may hold twice, for the reason that
    /// [`Self::may_double`] gives. O(overlay).
    #[must_use]
    pub fn doubled(&self) -> Option<Actor> {
        let on_nothing = |(index, _): &(usize, &Arc<Change>)| {
            let base = self.state.text.history().base(*index as u32);
            base.is_some_and(|base| base == Version::EMPTY)
        };
        let from = if self.begins_with_base() { self.confirmed } else { self.changes.len() };
        self.changes.indexed_from(from).find(on_nothing).map(|(_, change)| change.actor)
    }

    fn begins_with_base(&self) -> bool {
        self.state.changes.get(0).is_some_and(|first| first.kind == ChangeKind::Base as u8)
    }

    /// Where the last of the saves that wait stands by time ([`Edit::stands_ms`]); `None` if none
    /// waits, or more than are ordered by that.
    #[must_use]
    pub fn newest_ms(&self) -> Option<u64> {
        self.expected.newest_ms()
    }

    /// How many changes are confirmed.
    #[must_use]
    pub fn confirmed(&self) -> usize {
        self.confirmed
    }

    /// Whether a version is the confirmed state's, nothing added.
    #[must_use]
    pub fn is_of_confirmed(&self, version: &Resolved) -> bool {
        let confirmed = Version::up_to(self.confirmed as u32);
        version.detached.is_none() && version.shown.is_empty() && version.version == confirmed
    }

    /// How many changes there are beyond the confirmed ones.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.changes.len() - self.confirmed
    }

    /// The changes beyond the confirmed ones. Of a cache, each is read once it comes up.
    pub fn overlay(&self) -> impl DoubleEndedIterator<Item = &Arc<Change>> + Clone {
        self.changes.indexed_from(self.confirmed).map(|(_, change)| change)
    }

    /// The version of the text: the confirmed part, or the origin's text where nothing is
    /// confirmed, and the newest dots of the overlay. A dot brings along all that it was made
    /// on, so those that a later one had seen are left out: a chain of saves is one dot,
    /// however long.
    #[must_use]
    pub fn version(&self) -> VersionRef {
        let (root, first) = self.root_and_first();
        let mut extra = self.newest_from(first);
        extra.sort_unstable();
        let mut version = VersionRef { extra, ..VersionRef::of_root(root) };
        self.expectation().into_iter().for_each(|shown| shown.state(&mut version));
        let on_origin = self.on_origin && !version.extra.is_empty();
        let checked = version.shows_another() || on_origin;
        version.check = checked.then(|| text_check(self.text()));
        version
    }

    /// Whether the author of a save had seen another one.
    #[must_use]
    pub fn had_seen(&self, later: EditId, earlier: EditId) -> bool {
        let index = |edit| self.state.changes.by_edit(edit).map(|(index, _)| index as u32);
        let both = index(later).zip(index(earlier));
        both.is_some_and(|(later, earlier)| self.state.closure(later).contains(earlier))
    }

    /// What the text stands on, and the index of the first change beyond.
    fn root_and_first(&self) -> (Root, usize) {
        let tip = self.origin.tip.as_ref().filter(|_| self.begins_with_base());
        match (self.confirmed.checked_sub(1), tip) {
            (None, Some(tip)) => (Root::Origin(tip.stored), 1),
            (None, None) => (Root::EMPTY, 0),
            (Some(last), _) => {
                let last = self.changes.get(last);
                (Root::Log(last.map_or(Place::START, |change| change.place)), self.confirmed)
            }
        }
    }

    /// The dots of the changes from an index on, without those that another of them had seen.
    fn newest_from(&self, first: usize) -> Vec<Actor> {
        let mut seen = Version::EMPTY;
        let mut newest = Vec::new();
        // Nothing is made on what comes after it.
        for index in (first..self.changes.len()).rev() {
            if !seen.contains(index as u32) {
                newest.extend(self.changes.get(index).map(|change| change.actor));
                seen.join(&self.state.closure(index as u32));
            }
        }
        newest
    }

    /// The hash of position, overlay, value and revisions.
    #[must_use]
    pub fn state_hash(&self) -> Digest {
        let (_, first) = self.root_and_first();
        let overlay = self.changes.indexed_from(first);
        let mut dots: Vec<_> = overlay.map(|(_, change)| change.actor).collect();
        dots.sort_unstable();
        state_hash(&self.state, &dots)
    }
}
