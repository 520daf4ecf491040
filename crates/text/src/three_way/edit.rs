//! An edit, hunk by hunk.

use std::ops::Range;

use crate::patch::Patch;

/// A change of an edit: what it replaces, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit<'a> {
    pub(super) range: Range<usize>,
    pub(super) text: &'a str,
    /// What stands there without what the other edit changed in it; else as `text`.
    pub(super) was: &'a str,
    /// Which hunk of its patch it is.
    pub(super) index: u32,
    /// What is special about it.
    pub(super) kind: Kind,
}

/// What may be special about an edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Plain,
    /// Nobody wrote it: the author of the other edit had both versions of the passage before them.
    /// Which hunk of its patch it is of.
    Yields(u32),
    /// Somebody else had made just the same, whatever has become of that.
    Known,
    /// The other edit takes what it is in elsewhere, and it has gone along.
    Along,
}

impl Edit<'_> {
    /// By which edits are ordered: what comes in front of something stands in front of it.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.range.start, self.range.end)
    }

    pub(super) fn is_insertion(&self) -> bool {
        self.range.is_empty()
    }
}

/// The hunks of a patch, in order.
pub(super) fn edits(patch: &Patch) -> Vec<Edit<'_>> {
    let edit = |(index, (at, deleted, text)): (u32, (u32, u32, _))| {
        let range = at as usize..(at + deleted) as usize;
        Edit { range, text, was: text, index, kind: Kind::Plain }
    };
    (0..).zip(patch.edits()).map(edit).collect()
}
