//! An edit that others made, as fine as it can be told.
//!
//! What the log or several saves come to takes text away and puts much of it in again. What is
//! there again is what it was: only the difference is an edit. May assume that the edit fits the
//! text. Must never come to another text.

use std::collections::BTreeMap;

use super::again::{Cut, PutAgain};
use super::edit::{Edit, edits};
use super::lines::{begins_line, ends_line};
use crate::diff;
use crate::patch::{Patch, PatchBuilder};
use crate::words;

/// What is known of how others' edit was made.
pub(super) struct Making<'a> {
    /// What it took away at one place and put at another.
    pub(super) again: &'a [PutAgain],
    /// Whether what it put may be what it took away, though that is not known.
    pub(super) puts_back: bool,
    /// Hunks in which what came is no version of what went.
    pub(super) apart: &'a BTreeMap<u32, usize>,
}

/// The same edit, without what it takes away and puts back: what is there again is what it was.
pub(super) fn refined(
    base: &str,
    patch: &Patch,
    seconds: &[Edit<'_>],
    Making { again, puts_back, apart }: Making<'_>,
) -> Patch {
    // Where what was put in again is known nothing is to be guessed, nor where nobody can have.
    let guesses = again.is_empty() && puts_back;
    if patch.edits().all(|(_, deleted, text)| deleted == 0 || text.is_empty()) {
        return if guesses { smaller(base, patch, patch.clone()) } else { patch.clone() };
    }
    let mut finer = Patch::builder();
    let mut shift = 0;
    for edit in edits(patch) {
        let Edit { range, text, .. } = &edit;
        let cut = Cut::of(again, range, range.start as isize + shift, text.len());
        shift += text.len() as isize - range.len() as isize;
        finer.keep_to(range.start as u32);
        // What the second edit does just so is what it was.
        let place = seconds.binary_search_by_key(&edit.place(), Edit::place);
        let within = cut.between(&base[range.clone()], text);
        let whole = apart.contains_key(&edit.index)
            || place.is_ok_and(|at| seconds[at].text == *text)
            || !keeps_words(&base[range.clone()], &within);
        let within = match whole {
            true => last_line_apart(base, &edit, seconds)
                .unwrap_or_else(|| Patch::builder().delete(range.len() as u32).insert(text))
                .build(),
            false => Ok(within),
        };
        for (at, deleted, text) in within.iter().flat_map(Patch::edits) {
            let gone = &base[range.start + at as usize..range.start + (at + deleted) as usize];
            // What came where something went, with the white space behind that, touches nothing
            // that is done to the next word: it is no conflict.
            let kept = if whole { 0 } else { white_end(gone, text) };
            finer.keep_to(range.start as u32 + at);
            finer.push_delete(deleted - kept as u32);
            finer.push_insert(&text[..text.len() - kept]);
        }
        finer.keep_to(range.end as u32);
    }
    let finer = finer.build().unwrap_or_default();
    if guesses { smaller(base, patch, finer) } else { finer }
}

/// Of an edit that ends within a line what it does in that line by itself, where it puts others in
/// place of all lines before that: a line that the second edit puts right in front of that one
/// stays. O(the edit and those of the second one).
fn last_line_apart(base: &str, edit: &Edit<'_>, seconds: &[Edit<'_>]) -> Option<PatchBuilder> {
    let (range, new) = (&edit.range, edit.text);
    let old = &base[range.clone()];
    let [gone, came] = [old, new].map(|text| text.rfind('\n'));
    let (gone, came) = gone.zip(came)?;
    let line = range.start + gone + 1;
    let place = seconds.partition_point(|it| it.place() < (line, line));
    let is_front =
        seconds.get(place).is_some_and(|it| it.range.start == line && it.puts_lines(base));
    let within = [&old[gone + 1..], &new[came + 1..]].iter().all(|part| words::has_word(part));
    let goes_on = !ends_line(base, range.end) && begins_line(base, range.start);
    (is_front && within && goes_on).then(|| {
        let lines = Patch::builder().delete(gone as u32).insert(&new[..came]).keep(1);
        lines.delete((old.len() - gone - 1) as u32).insert(&new[came + 1..])
    })
}

/// What leads to the same text and changes less of it: an edit of many saves may have taken away
/// here what it put back there.
fn smaller(base: &str, patch: &Patch, finer: Patch) -> Patch {
    if !puts_back(base, &finer) {
        return finer;
    }
    let Ok(made) = patch.apply(base) else { return finer };
    let plain = diff::between(base, &made.text);
    let changed = |patch: &Patch| -> usize {
        patch.edits().map(|(_, deleted, text)| deleted as usize + text.len()).sum()
    };
    if changed(&plain) < changed(&finer) { plain } else { finer }
}

/// Whether half of the words that go, or of those that come, are among the others.
fn puts_back(base: &str, patch: &Patch) -> bool {
    let (mut gone, mut came) = (BTreeMap::<&str, usize>::new(), 0);
    for edit in edits(patch) {
        base[edit.range].split_whitespace().for_each(|word| *gone.entry(word).or_default() += 1);
    }
    let (all, mut back) = (gone.values().sum::<usize>(), 0);
    for word in patch.edits().flat_map(|(_, _, text)| text.split_whitespace()) {
        came += 1;
        if let Some(left) = gone.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            back += 1;
        }
    }
    back > 0 && back * 2 >= all.min(came)
}

/// How much white space two texts both end with, in bytes, where each has something before it.
fn white_end(one: &str, two: &str) -> usize {
    let same = one.bytes().rev().zip(two.bytes().rev());
    let same = same.take_while(|(one, two)| one == two && matches!(one, b' ' | b'\t')).count();
    if same < one.len().min(two.len()) { same } else { 0 }
}

/// Whether an edit keeps more of a text than white space and signs.
fn keeps_words(text: &str, edit: &Patch) -> bool {
    let mut at = 0;
    let mut kept = edits(edit).into_iter().map(|edit| {
        let kept = &text[at..edit.range.start];
        at = edit.range.end;
        words::has_word(kept)
    });
    let before = kept.any(|kept| kept);
    before || words::has_word(&text[at..])
}
