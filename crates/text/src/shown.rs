//! What is shown of a text of which some ranges are hidden, and edits of that.
//!
//! A version may say which ranges of its text it hides, as (start, length) in bytes, ascending,
//! with something shown between two. Who reads it has the rest before them, and edits that; the
//! changes of a history are edits of whole texts. So an edit of what is shown is told as one of the
//! whole text that leaves what is hidden where it is. The rules are ours: Eg-walker knows no such
//! text.
//! May assume that the ranges are in order. Must never change what nobody could see.

use std::iter::Peekable;
use std::ops::Range;

use crate::patch::{Patch, PatchBuilder, PatchError};

/// A range that is hidden: where it begins, and its length.
pub type Hidden = (u32, u32);

/// A text without what is hidden of it. `None` where that does not fit it.
#[must_use]
pub fn without(text: &str, hidden: &[Hidden]) -> Option<String> {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (start, len) in hidden {
        shown.push_str(text.get(at..*start as usize)?);
        at = *start as usize + *len as usize;
    }
    shown.push_str(text.get(at..)?);
    Some(shown)
}

/// Where a range of a text is in what is shown of it, and how much of it is.
#[must_use]
pub fn left_of(start: u32, length: u32, hidden: &[Hidden]) -> (u32, u32) {
    let (from, to) = (place(start, hidden), place(start + length, hidden));
    (from, to - from)
}

/// Where a place of a text is in what is shown of it.
pub(crate) fn place(at: u32, hidden: &[Hidden]) -> u32 {
    let gone = hidden.iter().map(|(start, len)| at.saturating_sub(*start).min(*len));
    at - gone.sum::<u32>()
}

/// An edit of what is shown of a text as one of the whole text. What it deletes on both sides of
/// what is hidden is two hunks of that, and what it puts there stands behind the last.
///
/// # Errors
/// [`PatchError::TooLong`] only.
pub fn of_whole(edit: &Patch, hidden: &[Hidden]) -> Result<Patch, PatchError> {
    let mut whole = Whole { patch: Patch::builder(), at: 0, hidden: hidden.iter().peekable() };
    let mut shown = 0;
    for (start, gone, came) in edit.edits() {
        whole.pass(start - shown, PatchBuilder::push_keep);
        whole.pass(gone, PatchBuilder::push_delete);
        whole.patch.push_insert(came);
        shown = start + gone;
    }
    whole.patch.build()
}

/// Which hunks of the whole text's edit each hunk of an edit of what is shown is.
#[must_use]
pub fn hunks_of_whole(edit: &Patch, hidden: &[Hidden]) -> Vec<Range<u32>> {
    let places: Vec<u32> = hidden.iter().map(|(at, _)| place(*at, hidden)).collect();
    let mut next = 0;
    let hunks = edit.edits().map(|(start, gone, _)| {
        let inside = places.iter().filter(|at| start < **at && **at < start + gone);
        let first = next;
        next += 1 + inside.count() as u32;
        first..next
    });
    hunks.collect()
}

/// An edit of a whole text, from left to right.
struct Whole<'a> {
    patch: PatchBuilder,
    /// How far it has come in that text.
    at: u32,
    hidden: Peekable<std::slice::Iter<'a, Hidden>>,
}

impl Whole<'_> {
    /// Goes on by so much of what is shown, and by what is hidden before and in it.
    fn pass(&mut self, mut shown: u32, does: fn(&mut PatchBuilder, u32)) {
        while shown > 0 {
            let left = self.hidden.peek().map_or(u32::MAX, |(start, _)| start - self.at);
            if let (0, Some((_, len))) = (left, self.hidden.peek()) {
                self.patch.push_keep(*len);
                self.at += len;
                self.hidden.next();
                continue;
            }
            let len = left.min(shown);
            does(&mut self.patch, len);
            self.at = self.at.saturating_add(len);
            shown -= len;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diff;

    proptest! {
        #[test]
        fn an_edit_of_what_is_shown_leaves_what_is_hidden(
            text in "[ab\n]{0,30}", to in "[abc\n]{0,20}",
            lens in proptest::collection::vec((0..4u32, 1..4u32), 0..6),
        ) {
            let mut at = 0;
            let ranges = lens.into_iter().enumerate().map(|(index, (skip, len))| {
                let start = at + skip + u32::from(index > 0);
                at = start + len;
                (start, len)
            });
            let hidden: Vec<_> =
                ranges.filter(|(start, len)| (start + len) as usize <= text.len()).collect();
            let shown = without(&text, &hidden).expect("they fit");
            let edit = diff::between(&shown, &to);
            let whole = of_whole(&edit, &hidden).expect("it is short");
            let made = whole.apply(&text).expect("it fits");
            prop_assert_eq!(&made.removed, &edit.apply(&shown).expect("it fits").removed);
            prop_assert_eq!(whole.inserted(), edit.inserted());
            let what_is_hidden: String =
                hidden.iter().map(|(at, len)| &text[*at as usize..(at + len) as usize]).collect();
            let letters = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                letters.sort_unstable();
                letters
            };
            prop_assert_eq!(letters(&made.text), letters(&(what_is_hidden + &to)));
            // All hunks of the one are all of the other.
            let hunks: Vec<u32> = hunks_of_whole(&edit, &hidden).into_iter().flatten().collect();
            prop_assert_eq!(hunks, (0..whole.hunks().len() as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn of_one_hunk_around_what_is_hidden_there_are_two() {
        // `ab` hides nothing, `XY` and `Z` are hidden.
        let hidden = [(1, 2), (5, 1)];
        let edit = Patch::builder().delete(2).insert("n").keep(1).delete(1).build().expect("one");
        let whole = of_whole(&edit, &hidden).expect("one");
        assert_eq!(whole.apply("aXYbcZde").map(|made| made.text), Ok("XYncZe".into()));
        assert_eq!(hunks_of_whole(&edit, &hidden), [0..2, 2..3]);
        assert_eq!(left_of(2, 5, &hidden), (1, 3));
    }
}
