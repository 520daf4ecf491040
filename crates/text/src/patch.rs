//! An edit of a text as hunks in order: what is kept, what goes, what comes.
//!
//! Positions and lengths are UTF-8 bytes. May assume nothing about the text that a patch is applied
//! to: whether it fits is checked. Must never hold hunks in another than the canonical form, so
//! that equal edits are equal values and hash alike.

use std::ops::Range;

/// One replaced stretch: after `skip` kept bytes, `delete` bytes go and `insert` bytes come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hunk {
    /// Bytes kept since the end of the previous hunk, or since the beginning of the text.
    pub skip: u32,
    /// Bytes of the old text that go.
    pub delete: u32,
    /// Bytes that come, taken in turn from [`Patch::inserted`].
    pub insert: u32,
}

/// An edit of a text, in canonical form: no empty hunk, and at least one kept byte between two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Patch {
    hunks: Vec<Hunk>,
    inserted: String,
}

/// What [`Patch::apply`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The text after the edit.
    pub text: String,
    /// All that the edit deleted, concatenated; [`Patch::undo`] wants it back.
    pub removed: String,
}

/// Why hunks and inserted text do not make a patch. The caller's input is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// A hunk that neither deletes nor inserts.
    #[error("a hunk neither deletes nor inserts")]
    EmptyHunk,
    /// Two hunks with nothing kept between them.
    #[error("two hunks have nothing kept between them")]
    AdjacentHunks,
    /// Kept, deleted or inserted bytes do not fit 32 bits.
    #[error("the patch's lengths do not fit 32 bits")]
    TooLong,
    /// The hunks' insert lengths do not add up to the inserted text.
    #[error("the insert lengths do not add up to the inserted text")]
    InsertedLength,
    /// A hunk's insertion begins or ends inside a character.
    #[error("an insertion begins or ends inside a character")]
    InsertedBoundary,
}

/// Why a patch does not fit a text. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// The patch reaches past the end of the text.
    #[error("the patch reaches past the end of the text")]
    PastEnd,
    /// A hunk begins or ends inside a character of the text.
    #[error("a hunk begins or ends inside a character of the text")]
    InsideCharacter,
    /// The result would not fit 32 bits.
    #[error("the resulting text does not fit 32 bits")]
    TooLong,
    /// What an undo is to take away is not what stands there, or the removed text's length is not
    /// that of the deletions.
    #[error("the text to take back is not what stands there")]
    Mismatch,
}

impl Patch {
    /// A patch of these hunks; `inserted` is all insertions concatenated.
    ///
    /// # Errors
    /// If the hunks are not canonical or do not match `inserted`.
    pub fn new(hunks: Vec<Hunk>, inserted: String) -> Result<Self, PatchError> {
        let mut old_end = 0u32;
        let mut used = 0u32;
        for (index, hunk) in hunks.iter().enumerate() {
            if hunk.delete == 0 && hunk.insert == 0 {
                return Err(PatchError::EmptyHunk);
            }
            if index > 0 && hunk.skip == 0 {
                return Err(PatchError::AdjacentHunks);
            }
            old_end = old_end
                .checked_add(hunk.skip)
                .and_then(|end| end.checked_add(hunk.delete))
                .ok_or(PatchError::TooLong)?;
            used = used.checked_add(hunk.insert).ok_or(PatchError::TooLong)?;
            if used as usize > inserted.len() {
                return Err(PatchError::InsertedLength);
            }
            if !inserted.is_char_boundary(used as usize) {
                return Err(PatchError::InsertedBoundary);
            }
        }
        if used as usize != inserted.len() {
            return Err(PatchError::InsertedLength);
        }
        Ok(Self { hunks, inserted })
    }

    /// The patch that changes nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { hunks: Vec::new(), inserted: String::new() }
    }

    /// Builds a patch from left to right.
    #[must_use]
    pub fn builder() -> PatchBuilder {
        PatchBuilder::default()
    }

    /// The hunks, in order.
    #[must_use]
    pub fn hunks(&self) -> &[Hunk] {
        &self.hunks
    }

    /// All insertions concatenated.
    #[must_use]
    pub fn inserted(&self) -> &str {
        &self.inserted
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hunks.is_empty()
    }

    /// How many bytes of the old text it looks at: the end of the last hunk.
    #[must_use]
    pub fn reach(&self) -> u32 {
        self.hunks.iter().map(|hunk| hunk.skip + hunk.delete).sum()
    }

    /// How many bytes it deletes.
    #[must_use]
    pub fn deleted_len(&self) -> u32 {
        self.hunks.iter().map(|hunk| hunk.delete).sum()
    }

    /// The hunks with their place in the old text and their inserted text: (start, deleted, text).
    pub fn edits(&self) -> impl Iterator<Item = (u32, u32, &str)> {
        let (mut at, mut used) = (0u32, 0usize);
        self.hunks.iter().map(move |hunk| {
            let start = at + hunk.skip;
            at = start + hunk.delete;
            let text = &self.inserted[used..used + hunk.insert as usize];
            used += hunk.insert as usize;
            (start, hunk.delete, text)
        })
    }

    /// Where each hunk is in the text that those before it left: (place, deleted, inserted) bytes.
    pub fn in_turn(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let (mut came, mut went) = (0, 0);
        self.edits().map(move |(at, deleted, text)| {
            let place = at + came - went;
            came += text.len() as u32;
            went += deleted;
            (place, deleted, text.len() as u32)
        })
    }

    /// The text after this edit, and what the edit deleted. O(text).
    ///
    /// # Errors
    /// If the patch does not fit the text.
    pub fn apply(&self, text: &str) -> Result<Applied, FitError> {
        let len = (text.len() + self.inserted.len())
            .checked_sub(self.deleted_len() as usize)
            .ok_or(FitError::PastEnd)?;
        if u32::try_from(len).is_err() {
            return Err(FitError::TooLong);
        }
        let mut after = String::with_capacity(len);
        let mut removed = String::with_capacity(self.deleted_len() as usize);
        let mut kept = 0usize;
        for (start, deleted, coming) in self.edits() {
            let (start, end) = (start as usize, start as usize + deleted as usize);
            if end > text.len() {
                return Err(FitError::PastEnd);
            }
            if !text.is_char_boundary(start) || !text.is_char_boundary(end) {
                return Err(FitError::InsideCharacter);
            }
            after.push_str(&text[kept..start]);
            after.push_str(coming);
            removed.push_str(&text[start..end]);
            kept = end;
        }
        after.push_str(&text[kept..]);
        Ok(Applied { text: after, removed })
    }

    /// The text before this edit, given the text after it and what it deleted.
    ///
    /// # Errors
    /// If the text is not one that this edit can have left, or `removed` not what it can have
    /// deleted, as far as that can be seen.
    pub fn undo(&self, after: &str, removed: &str) -> Result<String, FitError> {
        let applied = self.inverse(removed)?.apply(after)?;
        if applied.removed != self.inserted {
            return Err(FitError::Mismatch);
        }
        Ok(applied.text)
    }

    /// The patch that takes this edit back; `removed` is what it deleted.
    ///
    /// # Errors
    /// If `removed` has not the length of the deletions, or splits inside a character.
    pub fn inverse(&self, removed: &str) -> Result<Self, FitError> {
        let turned =
            |hunk: &Hunk| Hunk { skip: hunk.skip, delete: hunk.insert, insert: hunk.delete };
        let hunks = self.hunks.iter().map(turned).collect();
        Self::new(hunks, removed.to_owned()).map_err(|error| match error {
            PatchError::TooLong => FitError::TooLong,
            _ => FitError::Mismatch,
        })
    }
}

/// Builds a [`Patch`] from left to right; neighbouring edits fall into one hunk.
#[derive(Clone, Debug, Default)]
pub struct PatchBuilder {
    hunks: Vec<Hunk>,
    inserted: String,
    skip: u64,
    delete: u64,
    insert: u64,
    at: u64,
    too_long: bool,
}

impl PatchBuilder {
    /// Keeps the next `len` bytes.
    #[must_use]
    pub fn keep(mut self, len: u32) -> Self {
        self.push_keep(len);
        self
    }

    /// Deletes the next `len` bytes.
    #[must_use]
    pub fn delete(mut self, len: u32) -> Self {
        self.push_delete(len);
        self
    }

    /// Inserts `text` here.
    #[must_use]
    pub fn insert(mut self, text: &str) -> Self {
        self.push_insert(text);
        self
    }

    /// The patch.
    ///
    /// # Errors
    /// [`PatchError::TooLong`] only.
    pub fn build(mut self) -> Result<Patch, PatchError> {
        self.close_hunk();
        let fits = self.at <= u64::from(u32::MAX) && u32::try_from(self.inserted.len()).is_ok();
        if self.too_long || !fits {
            return Err(PatchError::TooLong);
        }
        Ok(Patch { hunks: self.hunks, inserted: self.inserted })
    }

    /// Keeps all up to byte `to` of the old text; a place already passed is left as it is.
    pub(crate) fn keep_to(&mut self, to: u32) {
        let len = u64::from(to).saturating_sub(self.at);
        self.push_keep(u32::try_from(len).unwrap_or(u32::MAX));
    }

    /// As [`Self::keep`].
    pub fn push_keep(&mut self, len: u32) {
        if len > 0 {
            self.close_hunk();
            self.skip += u64::from(len);
            self.at += u64::from(len);
        }
    }

    /// As [`Self::delete`].
    pub fn push_delete(&mut self, len: u32) {
        self.delete += u64::from(len);
        self.at += u64::from(len);
    }

    /// As [`Self::insert`].
    pub fn push_insert(&mut self, text: &str) {
        self.insert += text.len() as u64;
        self.inserted.push_str(text);
    }

    fn close_hunk(&mut self) {
        if self.delete == 0 && self.insert == 0 {
            return;
        }
        let narrow = |len: u64| u32::try_from(len).ok();
        match (narrow(self.skip), narrow(self.delete), narrow(self.insert)) {
            (Some(skip), Some(delete), Some(insert)) => {
                self.hunks.push(Hunk { skip, delete, insert });
            }
            _ => self.too_long = true,
        }
        (self.skip, self.delete, self.insert) = (0, 0, 0);
    }
}
/// Where a range of a text is once that was edited, here and there, each in the text that the edit
/// before left ([`Patch::in_turn`]): with all that came where something of it went. And how much of
/// it went, in bytes. O(edits).
#[must_use]
pub fn grown(at: &Range<u32>, edits: impl Iterator<Item = (u32, u32, u32)>) -> (Range<u32>, usize) {
    let (mut at, mut gone) = (at.clone(), 0);
    for (place, deleted, inserted) in edits {
        let end = place + deleted;
        if end <= at.start {
            at = at.start - deleted + inserted..at.end - deleted + inserted;
        } else if place < at.end {
            gone += (end.min(at.end) - place.max(at.start)) as usize;
            at = at.start.min(place)..at.end.max(end) - deleted + inserted;
        }
    }
    (at, gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_grows_by_what_comes_where_something_of_it_goes() {
        for (edit, then) in [
            ((0, 1, 3), (6..11, 0)),
            ((4, 0, 2), (6..11, 0)),
            ((2, 4, 1), (2..6, 2)),
            ((5, 2, 0), (4..7, 2)),
            ((8, 3, 2), (4..10, 1)),
            ((9, 1, 5), (4..9, 0)),
        ] {
            assert_eq!(grown(&(4..9), [edit].into_iter()), then, "{edit:?}");
        }
    }
}
