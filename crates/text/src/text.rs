//! A document: its text, the changes that led to it, and how one more is merged.
//!
//! A change against the current head is a plain edit of a string. Only one that had not seen all
//! before it needs a walker, which replays what came after the latest version that everyone
//! involved had seen. Both are Eg-walker's rules (Gentle and Kleppmann, EuroSys 2025). That effects
//! are kept, and that a change can be suppressed, is ours. May assume that the text is what the
//! recorded effects lead to. Must never change anything when it returns an error.

mod replay;
mod since;
mod walker_cache;

use std::borrow::Cow;

use crate::columns::{self, ColumnsError, Makers};
use crate::history::{ChangeId, History, Part, RecordError, Suppression};
use crate::line_end;
use crate::ops::{self, Edit, Op, Ops};
use crate::overlap::{self, Contents, Effect, Overlap};
use crate::patch::{FitError, Patch};
use crate::rope::Rope;
use crate::version::{Stretch, Version};
use crate::walker::Walker;

use self::walker_cache::{Replayed, WalkerCache};

pub use since::{Since, SpanSince};

/// A text and the changes that led to it, from a floor on.
///
/// Equality is of text and history; a clone shares the cached walker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    text: String,
    history: History,
    /// What each change did to the text of all before it; `None` where all had seen that text, so
    /// that it is what they were made to do.
    applied: Option<Ops>,
    /// All that this deleted.
    removed: String,
    walker_cache: WalkerCache,
}

/// What [`Text::merge`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The change as it changed the text that stood before, in that text's coordinates.
    pub effect: Patch,
    /// Where concurrent changes touched the same words; ranges are in the merged text.
    pub overlaps: Vec<Overlap>,
    /// Changes that may have trimmed a line's end behind which something stands now: of those,
    /// [`Text::trimmed_end`] says which.
    pub trimming: Vec<u32>,
    /// Places in the merged text between two lines that two wrote at one place, without a line's
    /// end between them; ascending.
    pub glued: Vec<u32>,
}

impl Merged {
    /// What came of a change that met nobody.
    #[must_use]
    pub fn plain(effect: Patch) -> Self {
        Self { effect, overlaps: Vec::new(), trimming: Vec::new(), glued: Vec::new() }
    }
}

/// Why a change was not merged. The change is at fault; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A change with this id is already in.
    #[error("a change with this id is already merged")]
    DuplicateId,
    /// The base names changes that are not here.
    #[error("the base names changes that are not here")]
    UnknownBase,
    /// The base lacks changes that are not kept here any more.
    #[error("the base lies below what is kept")]
    BelowFloor,
    /// The base contains a change without all that this had seen.
    #[error("the base lacks what its own changes had seen")]
    OpenBase,
    /// The patch does not fit the text at its base, or the result would be too long.
    #[error("the change does not fit its base: {0}")]
    Fit(FitError),
    /// There is no room: 2^32 - 2 changes, 2^30 bytes inserted by them.
    #[error("the document cannot hold more changes")]
    Full,
    /// The change is suppressed already, or released already; or it is a suppression itself.
    #[error("the change is suppressed or released already, or can be neither")]
    NothingToSuppress,
}

/// Why there is no text at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The version names changes that are not here; the caller is at fault.
    #[error("the version names changes that are not here")]
    Unknown,
    /// The version lacks changes that are not kept here any more.
    #[error("the version lies below what is kept")]
    BelowFloor,
    /// The version contains a change without all that this had seen; the caller is at fault.
    #[error("the version lacks what its own changes had seen")]
    Open,
    /// Recorded effects do not lead to the text: the document was put together wrongly.
    #[error("the recorded effects do not fit: {0}")]
    Corrupt(FitError),
}

/// A change as [`Text::from_changes`] takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Identity within the document.
    pub id: ChangeId,
    /// What its author had seen; closed.
    pub base: Version,
    /// The edit, in coordinates of the text at `base`.
    pub patch: Patch,
    /// The edit as it changed the text of all changes before it in the list; `None`: as `patch`.
    pub effect: Option<Patch>,
    /// The text that the effect deleted.
    pub removed: String,
}

/// A document as it is stored: see [`Text::columns`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// What the changes' authors did.
    pub made: Vec<u8>,
    /// All that they inserted.
    pub inserted: Cow<'a, str>,
    /// What that came to, where it is something else.
    pub applied: Vec<u8>,
    /// All that was deleted in effect.
    pub removed: Cow<'a, str>,
}

/// Why changes do not lead to a text. The input is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartsError {
    /// A change cannot stand where it stands.
    #[error("change {0}: {1}")]
    Record(u32, RecordError),
    /// Two changes have one id.
    #[error("change {0} repeats an id")]
    DuplicateId(u32),
    /// What an effect inserts is not what the change inserts.
    #[error("change {0}'s effect inserts another text")]
    Effect(u32),
    /// The removed text is not as long as what the effects delete.
    #[error("the removed text does not match the effects")]
    Removed,
    /// The columns are none.
    #[error("{0}")]
    Columns(#[from] ColumnsError),
    /// Effects cannot lead to a text of this length.
    #[error("the effects do not lead to a text of this length")]
    Length,
}

impl Text {
    /// A document that begins with a text; its version is [`Version::EMPTY`].
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// A document of a text and the changes that led to it, as decoded from elsewhere.
    ///
    /// Checks ids, bases and lengths. That the effects really lead to the text is taken on trust;
    /// where they do not, later calls give errors or another text, and never panic.
    ///
    /// # Errors
    /// At the first record that cannot stand where it stands.
    pub fn from_changes(
        text: String,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<Self, PartsError> {
        let (mut history, mut applied) = (History::default(), Ops::default());
        let mut removed = String::new();
        for record in records {
            let at = history.len();
            if history.index_of(record.id).is_some() {
                return Err(PartsError::DuplicateId(at));
            }
            history
                .record(record.id, &record.base, &record.patch)
                .map_err(|error| PartsError::Record(at, error))?;
            let effect = record.effect.as_ref().unwrap_or(&record.patch);
            if effect.inserted() != record.patch.inserted() {
                return Err(PartsError::Effect(at));
            }
            applied.push(at, ops::edits_of(effect));
            removed.push_str(&record.removed);
        }
        let applied = (!history.is_plain()).then_some(applied);
        Self::from_parts(text, history, applied, removed)
    }

    /// As [`Text::from_changes`], of parts that were put together already.
    pub(crate) fn from_parts(
        text: String,
        history: History,
        applied: Option<Ops>,
        removed: String,
    ) -> Result<Self, PartsError> {
        let text = Self { text, history, applied, removed, walker_cache: WalkerCache::default() };
        if text.removed.len() != text.applied().deleted_len() as usize {
            return Err(PartsError::Removed);
        }
        match text.lengths_fit() {
            true => Ok(text),
            false => Err(PartsError::Length),
        }
    }

    /// The current text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The changes that led to it.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Length of the current text in bytes.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    /// Whether the current text is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The version of the current text: all changes.
    #[must_use]
    pub fn head(&self) -> Version {
        Version::up_to(self.history.len())
    }

    /// The edit of a change, as it changed the text of all changes before it; `None` for a
    /// suppression.
    #[must_use]
    pub fn effect(&self, change: u32) -> Option<Patch> {
        let edits = self.applied().of_change(change);
        let inserted = self.history.inserted_by(change);
        let made = self.history.holds(change) && self.history.suppression(change).is_none();
        made.then(|| ops::patch_of(edits, inserted))
    }

    /// Where a change, or a suppression, changed the text of all before it: place, bytes deleted
    /// and bytes inserted, each in the text that the one before left.
    pub fn effects(&self, change: u32) -> impl Iterator<Item = (u32, u32, u32)> + '_ {
        let held = self.history.holds(change);
        let rows = self.applied().of_change(change).filter(move |_| held);
        rows.map(|row| (row.at, row.deleted_len(), row.insert))
    }

    /// The text that the effect of a change deleted.
    #[must_use]
    pub fn removed_by(&self, change: u32) -> &str {
        let from = self.applied().deleted_before(change) as usize;
        let to = self.applied().deleted_before(change.saturating_add(1)) as usize;
        self.removed.get(from..to).unwrap_or_default()
    }

    /// Merges a change that its author made to the text at `base`, which must be closed.
    ///
    /// Against the head: O(text). Else O(text + changes since the latest version that all of them
    /// had seen), and less if the last merge was near. What another concurrent change has deleted
    /// already is not deleted again. Concurrent insertions at one place stand whole, one after the
    /// other, ordered by id.
    ///
    /// # Errors
    /// If the change cannot be merged; nothing is changed then.
    pub fn merge(
        &mut self,
        id: impl Into<ChangeId>,
        base: &Version,
        patch: &Patch,
    ) -> Result<Merged, MergeError> {
        let id = id.into();
        self.check(id, base)?;
        let longest = self.text.len() + patch.inserted().len();
        if u32::try_from(longest).is_err() || !self.history.has_room(patch.inserted().len()) {
            return Err(MergeError::Full);
        }
        let edits: Vec<Edit> = ops::edits_of(patch).collect();
        // Eg-walker: who had seen all wrote in the text that stands here. Prepare version and
        // effect version are the same, and there is nothing to transform.
        if *base == self.head() {
            return self.merge_plain(id, base, patch, &edits);
        }
        // Eg-walker: else the change is brought from its base, the prepare version, to the text
        // that stands here, the effect version.
        let mut replayed = self.replayed(base);
        let merged = self.merge_replayed(&mut replayed, id, base, patch, &edits);
        // A walker in which an application went wrong halfway is dropped.
        if merged.is_ok() {
            self.walker_cache.put(replayed);
        }
        merged
    }

    /// Suppresses a change, or releases it, by one who has seen all others: see
    /// [`Text::suppress`].
    ///
    /// # Errors
    /// As [`Text::suppress`].
    pub fn set_suppressed(
        &mut self,
        id: impl Into<ChangeId>,
        target: u32,
        suppressed: bool,
    ) -> Result<Patch, MergeError> {
        self.suppress(id, &self.head(), (target, Part::All, suppressed))
    }

    /// Suppresses a part of a change, or releases it, by one who had seen `base`. What a suppressed
    /// change inserted is not shown, and what it deleted is, unless another change deleted that,
    /// too. Nothing is inserted anew, so whatever was written on earlier versions merges as ever.
    /// What is suppressed already is not suppressed once more, in another part of the change: what
    /// takes back one deletion twice would take back somebody else's. The suppression is a change
    /// of its own. O(text + changes since the one it is about).
    ///
    /// # Errors
    /// If there is no such change here, or no such part of it, or something of that is suppressed
    /// already; nothing is changed then.
    pub fn suppress(
        &mut self,
        id: impl Into<ChangeId>,
        base: &Version,
        (target, part, suppressed): (u32, Part, bool),
    ) -> Result<Patch, MergeError> {
        if suppressed && self.history.is_any_suppressed(target, &part) {
            return Err(MergeError::NothingToSuppress);
        }
        self.suppress_as_told(id.into(), base, (target, part, suppressed))
    }

    /// The same of a suppression that was listed once, whatever else is suppressed.
    pub(crate) fn suppress_as_told(
        &mut self,
        id: ChangeId,
        base: &Version,
        (target, part, suppressed): (u32, Part, bool),
    ) -> Result<Patch, MergeError> {
        self.check(id, base)?;
        if target >= self.history.len() {
            return Err(MergeError::UnknownBase);
        }
        if target < self.history.floor() {
            return Err(MergeError::BelowFloor);
        }
        if !self.history.may_suppress(base, (target, &part, suppressed)) {
            return Err(MergeError::NothingToSuppress);
        }
        let change = self.history.len();
        // Our own event, not one of the paper's. Its target has to be in the walker, so the replay
        // begins below that.
        let reach = self.history.reach_of(target).min(base.prefix());
        let mut replayed = self.replayed(&Version::up_to(reach));
        replayed.walker.set_prepare_version(&self.history, base.seen());
        let mut done = Effect::default();
        let suppression = Suppression { change, target, part, suppressed };
        replayed.walker.apply_suppression(&self.history, &suppression, &mut done);
        replayed.end = change + 1;
        let contents = self.contents(&replayed.walker);
        let inserted: String = done.shown.iter().map(|id| contents.restored(*id)).collect();
        let rows =
            done.edits.iter().map(|&(at, delete, insert)| Op::edit(change, at, delete, insert));
        let effect = ops::patch_of(rows, &inserted);
        let applied = effect.apply(&self.text).map_err(MergeError::Fit)?;
        self.text = applied.text;
        self.applied_mut().push(change, done.edits.iter().copied());
        let Suppression { part, .. } = suppression;
        self.history.push_suppression(id, base, (target, part, suppressed));
        self.removed.push_str(&applied.removed);
        self.walker_cache.put(replayed);
        Ok(effect)
    }

    /// What a change deleted of the white space that its author's text ended with, and put nothing
    /// there: from where to where in the row of all that it deleted. O(text +
    /// changes since).
    #[must_use]
    pub fn trimmed_end(&self, change: u32) -> Option<Stretch> {
        let rows = self.history.made().of_change(change);
        let with = |(all, _): (u32, _), row: Op| (all + row.deleted_len(), Some(row));
        let (deleted, last) = rows.fold((0, None), with);
        let last = last.filter(|row| row.insert == 0 && row.delete > 0)?;
        let text = self.text_at(&self.history.base(change)?).ok()?;
        let trimmed = text.get(text.len().checked_sub(last.delete as usize)?..)?;
        let patch = self.history.patch(change)?;
        let to_the_end = patch.reach() as usize == text.len();
        (to_the_end && trimmed.trim().is_empty()).then_some((deleted - last.delete, deleted))
    }

    /// The text at a version, which must be closed. O(text + changes since its prefix).
    ///
    /// # Errors
    /// If the version is not one of this document's.
    pub fn text_at(&self, version: &Version) -> Result<String, VersionError> {
        self.history.check_version(version)?;
        // Effects are kept as they came one after the other, so a prefix of the list is had by
        // taking back. Any other version lacks a change between others: from the latest critical
        // version below it on, it is replayed.
        if version.is_prefix() {
            return self.prefix_text(version.prefix());
        }
        let anchor = self.history.anchor_of(version);
        let mut rope = self.rope_at(anchor).map_err(VersionError::Corrupt)?;
        let played = self.history.play(&mut rope, anchor, version);
        played.and_then(|()| rope.into_text()).map_err(VersionError::Corrupt)
    }

    /// The text of the first `n` changes. O(text + changes since).
    ///
    /// # Errors
    /// If there are fewer changes.
    pub fn prefix_text(&self, n: u32) -> Result<String, VersionError> {
        if n > self.history.len() {
            return Err(VersionError::Unknown);
        }
        if n < self.history.floor() {
            return Err(VersionError::BelowFloor);
        }
        if n == self.history.len() {
            return Ok(self.text.clone());
        }
        self.rope_at(n).and_then(Rope::into_text).map_err(VersionError::Corrupt)
    }

    /// A document that begins with a text after so many changes that are not kept here.
    pub(crate) fn above(text: String, floor: u32) -> Self {
        Self { text, history: History::above(floor), ..Self::default() }
    }

    /// The same text with other parts.
    pub(crate) fn with_parts(
        &self,
        history: History,
        applied: Option<Ops>,
        removed: String,
    ) -> Self {
        Self {
            text: self.text.clone(),
            history,
            applied,
            removed,
            walker_cache: WalkerCache::default(),
        }
    }

    /// The three places where characters stand: the text, what was inserted, and what was removed.
    pub(crate) fn contents_mut(&mut self) -> (&mut String, &mut String, &mut String) {
        (&mut self.text, self.history.inserted_mut(), &mut self.removed)
    }

    /// What each change did to the text of all before it.
    pub(crate) fn applied(&self) -> &Ops {
        self.applied.as_ref().unwrap_or(self.history.made())
    }

    /// The same, from now on apart from what the changes were made to do.
    fn applied_mut(&mut self) -> &mut Ops {
        let made = self.history.made();
        self.applied.get_or_insert_with(|| made.clone())
    }

    pub(crate) fn removed(&self) -> &str {
        &self.removed
    }

    /// What to store of it, without the actors of its changes: each change is an actor's first.
    #[must_use]
    pub fn columns(&self) -> Columns<'_> {
        Columns {
            text: Cow::Borrowed(&self.text),
            made: columns::write(&self.history, &Makers::Known(&[])),
            inserted: Cow::Borrowed(self.history.inserted()),
            applied: columns::write_applied(&self.history, self.applied()),
            removed: Cow::Borrowed(&self.removed),
        }
    }

    /// What [`Text::columns`] gave, with the actors of its changes.
    ///
    /// Checks what [`Text::from_changes`] does.
    ///
    /// # Errors
    /// If the parts do not fit each other.
    pub fn from_columns(columns: Columns<'_>, actors: &[u64]) -> Result<Self, PartsError> {
        let inserted = columns.inserted.into_owned();
        let history = columns::read(&columns.made, inserted, &Makers::Known(actors))?;
        let applied = columns::read_applied(&columns.applied, &history)?;
        let (text, removed) = (columns.text.into_owned(), columns.removed.into_owned());
        Self::from_parts(text, history, applied, removed)
    }

    /// The text of the first `n` changes, by taking back what came after.
    fn rope_at(&self, n: u32) -> Result<Rope, FitError> {
        let mut rope = Rope::new(&self.text);
        let since = (n, self.history.len());
        for row in self.applied().of(since).iter().rev() {
            let row = row.within(since);
            let from = row.deleted_before as usize;
            let removed = self.removed.get(from..from + row.deleted_len() as usize);
            let removed = removed.ok_or(FitError::InsideCharacter)?;
            let inserted = row.insert * row.count;
            // What was removed stands in the order of the changes. Those that delete backwards
            // removed the last part of the text first.
            match row.back && row.count > 1 {
                false => rope.replace(row.at, inserted, removed)?,
                true => rope.replace(row.lowest(), inserted, &reversed(removed, row.delete)?)?,
            }
        }
        Ok(rope)
    }

    fn check(&self, id: ChangeId, base: &Version) -> Result<(), MergeError> {
        if self.history.index_of(id).is_some() {
            return Err(MergeError::DuplicateId);
        }
        if base.end() > self.history.len() {
            return Err(MergeError::UnknownBase);
        }
        if base.prefix() < self.history.floor() {
            return Err(MergeError::BelowFloor);
        }
        if !self.history.is_closed(base) {
            return Err(MergeError::OpenBase);
        }
        Ok(())
    }

    fn merge_plain(
        &mut self,
        id: ChangeId,
        base: &Version,
        patch: &Patch,
        edits: &[Edit],
    ) -> Result<Merged, MergeError> {
        let applied = patch.apply(&self.text).map_err(MergeError::Fit)?;
        self.text = applied.text;
        self.push(id, base, patch, edits, edits, &applied.removed);
        Ok(Merged::plain(patch.clone()))
    }

    fn merge_replayed(
        &mut self,
        replayed: &mut Replayed,
        id: ChangeId,
        base: &Version,
        patch: &Patch,
        edits: &[Edit],
    ) -> Result<Merged, MergeError> {
        let change = self.history.len();
        let walker = &mut replayed.walker;
        walker.set_prepare_version(&self.history, base.seen());
        let contents = self.contents(walker);
        walker.fits(edits, |span, at| contents.splits(span, at)).map_err(MergeError::Fit)?;
        let mut done = Effect::default();
        walker.apply(&self.history, id, edits, &mut done);
        // What that did to the effect version is an edit of the text that stands here.
        replayed.end = change + 1;
        let rows =
            done.edits.iter().map(|&(at, delete, insert)| Op::edit(change, at, delete, insert));
        let effect = ops::patch_of(rows, patch.inserted());
        let applied = effect.apply(&self.text).map_err(MergeError::Fit)?;
        self.text = applied.text;
        self.push(id, base, patch, edits, &done.edits, &applied.removed);
        let contents = self.contents(walker);
        let overlaps = overlap::find(&contents, change, &done);
        let trimming = line_end::trimming(&contents, walker, change, &done);
        let glued = line_end::glued(&contents, &done);
        Ok(Merged { effect, overlaps, trimming, glued })
    }

    /// Lists a change that was applied to the text.
    fn push(
        &mut self,
        id: ChangeId,
        base: &Version,
        patch: &Patch,
        edits: &[Edit],
        done: &[Edit],
        removed: &str,
    ) {
        let change = self.history.len();
        // As long as all effects are what the changes were made to do, one list says both.
        if *base != self.head() || self.applied.is_some() {
            self.applied_mut().push(change, done.iter().copied());
        }
        self.history.push(id, base, edits, patch.inserted());
        self.removed.push_str(removed);
    }

    fn contents<'a>(&'a self, walker: &'a Walker) -> Contents<'a> {
        Contents {
            sequence: walker.sequence(),
            history: &self.history,
            applied: self.applied(),
            removed: &self.removed,
            text: &self.text,
        }
    }

    /// Length of the text of the first `n` changes.
    fn len_at(&self, n: u32) -> u32 {
        self.applied().len_before(n, self.len())
    }

    /// Whether the effects can lead to a text of this length, as far as lengths show it.
    fn lengths_fit(&self) -> bool {
        let mut len = u64::from(self.len());
        self.applied().rows().iter().rev().all(|row| {
            let before = (len + u64::from(row.deleted_len()))
                .checked_sub(u64::from(row.insert) * u64::from(row.count));
            let reach = u64::from(row.lowest()) + u64::from(row.deleted_len());
            len = before.unwrap_or_default();
            before.is_some_and(|before| before >= reach && before <= u64::from(u32::MAX))
        })
    }
}

/// What was deleted backwards, in the order in which it stood.
fn reversed(removed: &str, unit: u32) -> Result<String, FitError> {
    let units = removed.as_bytes().rchunks(unit.max(1) as usize);
    String::from_utf8(units.flatten().copied().collect()).map_err(|_| FitError::InsideCharacter)
}
