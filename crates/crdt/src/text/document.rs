//! A document: its text, the changes that led to it, and how one more is merged.
//!
//! A change against the current head is a plain edit of a string. Only one that had not seen all
//! before it needs a walker, which replays what came after the latest version that everyone
//! involved had seen. May assume that the text is what the recorded effects lead to. Must never
//! change anything when it returns an error.

use std::fmt;
use std::sync::Arc;

use super::history::{History, HistoryError, Record};
use super::overlap::{self, Contents, Overlap};
use super::patch::{FitError, Patch, PatchBuilder};
use super::rope::Rope;
use super::version::Version;
use super::walker::{Touched, Walker};

/// A text and the changes that led to it.
///
/// Equality is of text and history; a clone shares both records and the walker kept between merges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    text: String,
    history: History,
    kept: Kept,
}

/// What [`Text::merge`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The change as it changed the text that stood before, in that text's coordinates.
    pub effect: Patch,
    /// Where concurrent changes touched the same words; ranges are in the merged text.
    pub overlaps: Vec<Overlap>,
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
    /// The base contains a change without all that this had seen.
    #[error("the base lacks what its own changes had seen")]
    OpenBase,
    /// The patch does not fit the text at its base, or the result would be too long.
    #[error("the change does not fit its base: {0}")]
    Fit(FitError),
    /// The list is full (2^32 - 2 changes).
    #[error("the document cannot hold more changes")]
    Full,
}

/// Why there is no text at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The version names changes that are not here; the caller is at fault.
    #[error("the version names changes that are not here")]
    Unknown,
    /// The version contains a change without all that this had seen; the caller is at fault.
    #[error("the version lacks what its own changes had seen")]
    Open,
    /// Recorded effects do not lead to the text: the document was put together wrongly.
    #[error("the recorded effects do not fit: {0}")]
    Corrupt(FitError),
}

impl Text {
    /// A document that begins with a text; its version is [`Version::EMPTY`].
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Text {
        Text { text: text.into(), ..Text::default() }
    }

    /// A document of a text and the changes that led to it, as decoded from elsewhere.
    ///
    /// Checks ids, bases and lengths. That the effects really lead to the text is taken on trust;
    /// where they do not, later calls give errors or another text, and never panic.
    ///
    /// # Errors
    /// At the first record that cannot stand where it stands.
    pub fn from_parts(text: String, records: Vec<Record>) -> Result<Text, HistoryError> {
        let history = History::from_records(records)?;
        history.check_lengths(text.len())?;
        Ok(Text { text, history, kept: Kept::default() })
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

    /// Text and changes.
    #[must_use]
    pub fn into_parts(self) -> (String, History) {
        (self.text, self.history)
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

    /// Merges a change that its author made to the text at `base`, which must be closed.
    ///
    /// Against the head: O(text). Else O(text + changes since the latest version that all of them
    /// had seen), and less if the last merge was near. What another concurrent change has deleted
    /// already is not deleted again. Concurrent insertions at one place stand whole, one after the
    /// other, ordered by id.
    ///
    /// # Errors
    /// If the change cannot be merged; nothing is changed then.
    pub fn merge(&mut self, id: u64, base: Version, patch: Patch) -> Result<Merged, MergeError> {
        self.check(id, &base)?;
        if base == self.head() {
            return self.merge_plain(id, base, patch);
        }
        let mut replayed = self.replayed(&base);
        let merged = self.merge_replayed(&mut replayed, id, base, patch);
        if merged.is_ok() {
            self.kept = Kept(Some(Arc::new(replayed)));
        }
        merged
    }

    /// The text at a version, which must be closed. O(text + changes since its prefix).
    ///
    /// # Errors
    /// If the version is not one of this document's.
    pub fn text_at(&self, version: &Version) -> Result<String, VersionError> {
        if version.end() > self.history.len() {
            return Err(VersionError::Unknown);
        }
        if !self.history.is_closed(version) {
            return Err(VersionError::Open);
        }
        let prefix = version.prefix();
        let mut text = self.prefix_text(prefix)?;
        if version.is_prefix() {
            return Ok(text);
        }
        let anchor = version
            .extra()
            .iter()
            .filter_map(|&change| self.history.get(change))
            .map(|record| self.history.anchor_within(&record.base, prefix))
            .min()
            .unwrap_or(prefix);
        let mut walker = Walker::new(anchor, self.len_at(anchor));
        self.replay(&mut walker, anchor..prefix);
        for &change in version.extra() {
            let Some(record) = self.history.get(change) else { continue };
            walker.go_to(&record.base);
            let touched = walker.apply(change, record.id, &record.patch);
            let effect =
                effect_of(&walker, &touched, &record.patch).map_err(VersionError::Corrupt)?;
            text = effect.apply(&text).map_err(VersionError::Corrupt)?.text;
        }
        Ok(text)
    }

    /// The text of the first `n` changes. O(text + changes since).
    ///
    /// # Errors
    /// If there are fewer changes.
    pub fn prefix_text(&self, n: u32) -> Result<String, VersionError> {
        if n > self.history.len() {
            return Err(VersionError::Unknown);
        }
        if n == self.history.len() {
            return Ok(self.text.clone());
        }
        let mut rope = Rope::new(&self.text);
        let since = self.history.len() - n;
        for record in self.history.iter().rev().take(since as usize) {
            rope.undo(record.effect(), &record.removed).map_err(VersionError::Corrupt)?;
        }
        Ok(rope.text())
    }

    fn check(&self, id: u64, base: &Version) -> Result<(), MergeError> {
        if self.history.len() >= u32::MAX - 1 {
            return Err(MergeError::Full);
        }
        if self.history.index_of(id).is_some() {
            return Err(MergeError::DuplicateId);
        }
        if base.end() > self.history.len() {
            return Err(MergeError::UnknownBase);
        }
        if !self.history.is_closed(base) {
            return Err(MergeError::OpenBase);
        }
        Ok(())
    }

    fn merge_plain(&mut self, id: u64, base: Version, patch: Patch) -> Result<Merged, MergeError> {
        let applied = patch.apply(&self.text).map_err(MergeError::Fit)?;
        self.text = applied.text;
        let effect = patch.clone();
        self.history.push(Record { id, base, patch, effect: None, removed: applied.removed });
        Ok(Merged { effect, overlaps: Vec::new() })
    }

    fn merge_replayed(
        &mut self,
        replayed: &mut Replayed,
        id: u64,
        base: Version,
        patch: Patch,
    ) -> Result<Merged, MergeError> {
        let change = self.history.len();
        let walker = &mut replayed.walker;
        walker.go_to(&base);
        let contents = Contents::new(walker.sequence(), &self.history, &self.text);
        walker.fits(&patch, |span, at| contents.splits(span, at)).map_err(MergeError::Fit)?;
        let touched = walker.apply(change, id, &patch);
        replayed.end = change + 1;
        let effect = effect_of(walker, &touched, &patch).map_err(MergeError::Fit)?;
        let applied = effect.apply(&self.text).map_err(MergeError::Fit)?;
        self.text = applied.text;
        let recorded = (effect != patch).then(|| effect.clone());
        self.history.push(Record { id, base, patch, effect: recorded, removed: applied.removed });
        let contents = Contents::new(walker.sequence(), &self.history, &self.text);
        Ok(Merged { effect, overlaps: overlap::find(&contents, change, &touched) })
    }

    /// A walker that has applied all changes so far, and can go to `base`.
    fn replayed(&mut self, base: &Version) -> Replayed {
        let anchor = self.history.anchor(base);
        let end = self.history.len();
        let mut replayed = self.kept.take_for(anchor, end).unwrap_or_else(|| Replayed {
            anchor,
            end: anchor,
            walker: Walker::new(anchor, self.len_at(anchor)),
        });
        self.replay(&mut replayed.walker, replayed.end..end);
        replayed.end = end;
        replayed
    }

    fn replay(&self, walker: &mut Walker, changes: std::ops::Range<u32>) {
        for change in changes {
            if let Some(record) = self.history.get(change) {
                walker.go_to(&record.base);
                walker.apply(change, record.id, &record.patch);
            }
        }
    }

    /// Length of the text of the first `n` changes.
    fn len_at(&self, n: u32) -> u32 {
        let since = self.history.len() - n;
        self.history.iter().rev().take(since as usize).fold(self.len(), |len, record| {
            let effect = record.effect();
            let inserted = u32::try_from(effect.inserted().len()).unwrap_or(u32::MAX);
            len.saturating_add(effect.deleted_len()).saturating_sub(inserted)
        })
    }
}

/// An applied change as an edit of the result before it.
fn effect_of(walker: &Walker, touched: &[Touched], patch: &Patch) -> Result<Patch, FitError> {
    let mut effect = PatchBuilder::default();
    for (hunk, (_, _, text)) in touched.iter().zip(patch.edits()) {
        if hunk.inserted.is_some() {
            effect.keep_to(hunk.inserted_at);
            effect.push_insert(text);
        }
        for &(span, at, shown) in &hunk.deleted {
            if shown {
                effect.keep_to(at);
                effect.push_delete(walker.sequence().span(span).len);
            }
        }
    }
    effect.build().map_err(|_| FitError::TooLong)
}

/// A walker that has applied the changes from `anchor` to `end`.
#[derive(Clone, Debug)]
struct Replayed {
    anchor: u32,
    end: u32,
    walker: Walker,
}

/// The walker of the last merge, kept because the next change is likely to be concurrent too.
/// Only ever saves work: no part of a document's value.
#[derive(Clone, Default)]
struct Kept(Option<Arc<Replayed>>);

impl Kept {
    /// Spans that a walker may hold for each change that is really needed, plus as many at least.
    const SPANS_PER_CHANGE: usize = 64;

    /// The kept walker, if it is of use for replaying the changes from `anchor` to `end`.
    fn take_for(&mut self, anchor: u32, end: u32) -> Option<Replayed> {
        let kept = self.0.take()?;
        let needed = (end - anchor) as usize + Self::SPANS_PER_CHANGE;
        let fresh = kept.anchor <= anchor && kept.end >= anchor;
        let small = kept.walker.sequence().span_count() <= needed * Self::SPANS_PER_CHANGE;
        (fresh && small).then(|| Arc::unwrap_or_clone(kept))
    }
}

impl PartialEq for Kept {
    fn eq(&self, _: &Kept) -> bool {
        true
    }
}

impl Eq for Kept {}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(kept) => write!(f, "Kept({}..{})", kept.anchor, kept.end),
            None => f.write_str("Kept(none)"),
        }
    }
}
