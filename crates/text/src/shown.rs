//! What is shown of a text of which some ranges are hidden, and in which other text is put; and
//! edits of that.
//!
//! A version may say how what it shows differs from the text that its changes come to, as a patch
//! of that text. Who reads it has the result before them, and edits that; the changes of a history
//! are edits of whole texts. So an edit of what is shown is told as one of the whole text that
//! leaves what is hidden where it is, and knows nothing of what was put there. The rules are ours:
//! Eg-walker knows no such text.
//! May assume that the patch fits the text. Must never change what nobody could see.

use std::iter::Peekable;
use std::ops::Range;

use crate::patch::{Patch, PatchBuilder, PatchError};

/// Where a place of a text is in what is shown of it: in front of what is put there.
#[must_use]
pub fn place(at: u32, shown: &Patch) -> u32 {
    let (mut came, mut gone) = (0, 0);
    for (start, hidden, put) in shown.edits().take_while(|(start, ..)| *start < at) {
        came += put.len() as u32;
        gone += hidden.min(at - start);
    }
    at + came - gone
}

/// Where a range of a text is in what is shown of it, and how much that is.
#[must_use]
pub fn left_of(start: u32, length: u32, shown: &Patch) -> (u32, u32) {
    let (from, to) = (place(start, shown), place(start + length, shown));
    (from, to - from)
}

/// An edit of what is shown of a text as one of the whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfWhole {
    /// The edit of the whole text.
    pub patch: Patch,
    /// Which of its hunks each hunk of the edit of what is shown is: two, where something is hidden
    /// in between; none, where it deletes what was put there; the same, where only that is in
    /// between.
    pub hunks: Vec<Range<u32>>,
    /// Whether each hunk changes something that was put there, or puts something beside that: then
    /// it says less of the whole text than of what is shown.
    pub beside_put: Vec<bool>,
}

/// An edit of what is shown of a text as one of the whole text. What it deletes on both sides of
/// what is hidden is two hunks of that, and what it puts there stands behind the last. What it
/// deletes of what was put there is in no text of a history.
///
/// # Errors
/// [`PatchError::TooLong`] only.
pub fn of_whole(edit: &Patch, shown: &Patch) -> Result<OfWhole, PatchError> {
    let next = shown.edits().map(|(at, gone, put)| (at, gone, put.len() as u32)).peekable();
    let patch = Patch::builder();
    let mut whole = Whole {
        patch,
        at: 0,
        put: 0,
        hidden: 0,
        near_put: false,
        first: None,
        count: 0,
        open: false,
        next,
    };
    let (mut hunks, mut beside_put) = (Vec::new(), Vec::new());
    let mut at = 0;
    for (start, gone, came) in edit.edits() {
        whole.pass(start - at, false);
        (whole.first, whole.near_put) = (None, whole.near_put || whole.is_before_put());
        whole.pass(gone, true);
        whole.insert(came);
        hunks.push(whole.first.unwrap_or(whole.count)..whole.count);
        beside_put.push(whole.near_put || whole.is_before_put());
        at = start + gone;
    }
    Ok(OfWhole { patch: whole.patch.build()?, hunks, beside_put })
}

/// An edit of a whole text, from left to right.
struct Whole<I: Iterator<Item = (u32, u32, u32)>> {
    patch: PatchBuilder,
    /// How far it has come in that text.
    at: u32,
    /// How much of what is put there is still to come,
    put: u32,
    /// and of what is hidden behind that.
    hidden: u32,
    /// Whether what was passed last, or is changed, was put there or stands right beside it.
    near_put: bool,
    /// The first hunk of those of this change,
    first: Option<u32>,
    /// how many there are, and whether the last one may go on.
    count: u32,
    open: bool,
    next: Peekable<I>,
}

impl<I: Iterator<Item = (u32, u32, u32)>> Whole<I> {
    /// Goes on by so much of what is shown, and by what is hidden before and in it.
    fn pass(&mut self, mut shown: u32, deletes: bool) {
        while shown > 0 {
            if self.put > 0 {
                let len = self.put.min(shown);
                (self.put, shown) = (self.put - len, shown - len);
                self.near_put = true;
                continue;
            }
            if self.hidden > 0 {
                let hidden = std::mem::take(&mut self.hidden);
                self.keep(hidden);
                continue;
            }
            let left = self.next.peek().map_or(u32::MAX, |(start, ..)| start - self.at);
            if left == 0 {
                self.enter();
                continue;
            }
            let len = left.min(shown);
            match deletes {
                true => self.delete(len),
                false => {
                    self.keep(len);
                    self.near_put = false;
                }
            }
            shown -= len;
        }
    }

    /// Begins with what is put and hidden next.
    fn enter(&mut self) {
        if let Some((_, hidden, put)) = self.next.next() {
            (self.hidden, self.put) = (hidden, put);
        }
    }

    /// Whether something is put right here.
    fn is_before_put(&mut self) -> bool {
        let here = |(start, _, put): &(u32, u32, u32)| *start == self.at && *put > 0;
        self.put > 0 || self.hidden == 0 && self.next.peek().is_some_and(here)
    }

    fn keep(&mut self, len: u32) {
        if len > 0 {
            self.patch.push_keep(len);
            self.at = self.at.saturating_add(len);
            self.open = false;
        }
    }

    fn delete(&mut self, len: u32) {
        self.patch.push_delete(len);
        self.at = self.at.saturating_add(len);
        self.change();
    }

    fn insert(&mut self, text: &str) {
        self.patch.push_insert(text);
        if !text.is_empty() {
            self.change();
        }
    }

    fn change(&mut self) {
        self.count += u32::from(!self.open);
        self.open = true;
        self.first.get_or_insert(self.count - 1);
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
            text in "[ab\n]{0,30}", shown in "[abd\n]{0,30}", to in "[abcd\n]{0,20}",
        ) {
            let differs = diff::between(&text, &shown);
            let edit = diff::between(&shown, &to);
            let of_whole = of_whole(&edit, &differs).expect("it is short");
            let OfWhole { patch: whole, hunks, beside_put } = &of_whole;
            let made = whole.apply(&text).expect("it fits");
            prop_assert_eq!(whole.inserted(), edit.inserted());
            // What it takes away of the whole text it takes away of what is shown.
            prop_assert!(whole.deleted_len() <= edit.deleted_len());
            if differs.inserted().is_empty() {
                let removed = edit.apply(&shown).expect("it fits").removed;
                prop_assert_eq!(&made.removed, &removed);
                prop_assert!(beside_put.iter().all(|beside| !beside));
            }
            // All hunks of the one are all of the other.
            let mut hunks: Vec<u32> = hunks.iter().cloned().flatten().collect();
            hunks.dedup();
            prop_assert_eq!(hunks, (0..whole.hunks().len() as u32).collect::<Vec<_>>());
        }
    }

    #[test]
    fn of_one_hunk_around_what_is_hidden_there_are_two() {
        // `ab` hides nothing, `XY` and `Z` are hidden.
        let hidden = Patch::builder().keep(1).delete(2).keep(2).delete(1).build().expect("one");
        let edit = Patch::builder().delete(2).insert("n").keep(1).delete(1).build().expect("one");
        let whole = of_whole(&edit, &hidden).expect("one");
        assert_eq!(whole.patch.apply("aXYbcZde").map(|made| made.text), Ok("XYncZe".into()));
        assert_eq!(whole.hunks, [0..2, 2..3]);
        assert_eq!(left_of(2, 5, &hidden), (1, 3));
    }

    #[test]
    fn what_was_put_there_stays_away() {
        // `pq` stands in front of `b`, which is hidden.
        let shown = Patch::builder().keep(1).delete(1).insert("pq").build().expect("one");
        let of = |edit: Patch| of_whole(&edit, &shown).expect("one");
        let made = |edit: Patch| of(edit).patch.apply("abc").map(|made| made.text);
        let edit = || Patch::builder();
        let within = edit().keep(2).delete(1).insert("x").build().expect("one");
        assert_eq!(made(within.clone()), Ok("axbc".into()));
        let OfWhole { hunks, beside_put, .. } = of(within);
        assert_eq!((hunks.len(), &hunks[0], beside_put), (1, &(0..1), vec![true]));
        let only = edit().keep(1).delete(2).build().expect("one");
        assert_eq!(made(only.clone()), Ok("abc".into()));
        assert_eq!(of(only).hunks.iter().map(Range::len).sum::<usize>(), 0);
        let two = edit().delete(1).insert("y").keep(1).delete(1).insert("z").build().expect("one");
        assert_eq!((made(two.clone()), of(two).hunks), (Ok("yzbc".into()), vec![0..1, 0..1]));
        assert_eq!((place(1, &shown), place(2, &shown), place(3, &shown)), (1, 3, 4));
    }
}
