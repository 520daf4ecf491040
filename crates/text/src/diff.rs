//! A whole-page save as an edit: which words of the base text went, and which came.
//!
//! First what both texts begin and end with, then lines, then words within changed lines. May
//! assume nothing about the texts. Must never depend on time, on the platform or on hashing: equal
//! inputs give equal patches everywhere, so every limit is a count of steps. The rules have
//! versions, since the fold of a log goes by those of each entry for ever: `first` has version 1,
//! `fine` version 2.

mod fine;
mod first;
mod pairs;
mod sides;
mod weights;

use crate::patch::Patch;
pub(crate) use sides::longest_ascending;

/// Changes whenever [`between`] could give another patch for the same texts.
pub const DIFF_VERSION: u8 = 2;

/// The rules that compare by words, whatever lines they stand in, wherever that is cheap enough:
/// they keep the most, and are for edits that are carried over onto another text ([`map_through`]).
///
/// [`map_through`]: crate::map_through
pub const BY_WORDS: u8 = 1;

/// The edit that leads from `old` to `new`, by the newest rules. Inserting or deleting whole words
/// or lines at one place gives a single hunk that does nothing else, and puts it where everyone's
/// would stand who does the same. O(text), plus a bounded number of steps for what changed.
///
/// A text beyond 32 bits cannot be described; both must be shorter than 2^32 bytes.
#[must_use]
pub fn between(old: &str, new: &str) -> Patch {
    between_by(DIFF_VERSION, old, new)
}

/// As [`between`], by the rules of a version; those of a later one than is known are the newest.
#[must_use]
pub fn between_by(version: u8, old: &str, new: &str) -> Patch {
    match version {
        0 | 1 => first::between(old, new),
        _ => fine::between(old, new),
    }
}
