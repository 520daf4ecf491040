//! Saves from before something was erased.
//!
//! Who had opened a page by then has the erased text before them, and sends it along with the whole
//! page: it must not come back. What was erased there is not known any more, only where it stood.
//! The rules are ours. In doubt a save is refused: its author can load the page again, but what has
//! come back was read again. May assume that the base's text is the version's. Must never touch
//! what was not erased, nor drop what somebody wrote: where the two cannot be told apart, there is
//! no edit.

use redwedding_text::attribution::{Run, Source, of_shown};
use redwedding_text::{PLACEHOLDERS, Patch, Version, diff, replaced};

use super::{ChangeKind, Resolved, State};

/// The save changes text that was erased since its base was served: what of that is new, nobody can
/// tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a part of the text that you changed was erased since; load the page again")]
pub struct Erased;

/// Stand for erased characters, by length: control characters and what is no character.
const MASKS: [char; 4] = ['\u{1}', '\u{86}', '\u{fdd0}', '\u{1fffe}'];

impl State {
    /// The edit that the save of a whole text makes of the text `base`, which is the version's, as
    /// far as it is shown. What was erased there, and is saved as it was, stays erased. O(text),
    /// and O(history) where something was erased since.
    ///
    /// # Errors
    /// If it changes what was erased since. Deleting it is no such change.
    pub fn edit(&self, on: &Resolved, base: &str, submitted: &str) -> Result<Patch, Erased> {
        let erased = self.erased_since(&on.version);
        // The usual case: the author saw what stands here.
        if erased.is_empty() {
            return Ok(diff::between(base, submitted));
        }
        // A placeholder may stand in the submitted text as well (a star does often). A mask does
        // not, so the diff says for each what the author has in its place.
        let sources = of_shown(&self.sources(on), &on.shown);
        let masked = masked(base, &sources, |change| erased.contains(&change));
        let patch = diff::between(&masked, submitted);
        let mut edit = Patch::builder();
        // What was erased is deleted here, and stands unchanged there.
        let (mut shortest, mut unchanged): (usize, Vec<&str>) = (usize::MAX, Vec::new());
        let mut inserted = String::new();
        let mut done = 0;
        for (start, delete, came) in patch.edits() {
            let (start, end) = (start as usize, (start + delete) as usize);
            let gone = masked.get(start..end).unwrap_or_default();
            // By characters: there may be less between two masked ones than a token.
            let (before, gone, came) = without_shared(gone, came);
            let (start, end) = (start + before, start + before + gone.len());
            // Something stands in the place of erased text. It counts as the erased text itself if
            // it replaces nothing else and its characters are as long, one by one: then the edit
            // leaves it out, and the placeholders stay. No more can be known of what was erased.
            if gone.contains(is_masked) && !came.is_empty() {
                let whole = gone.chars().all(|c| c == '\n' || is_masked(c));
                if !whole || base.get(start..end) != Some(&replaced(came, PLACEHOLDERS)) {
                    return Err(Erased);
                }
                unchanged.push(came);
                continue;
            }
            // Erased text may be deleted, as any other.
            let runs = gone.split(|c| !is_masked(c)).map(str::len).filter(|len| *len > 0);
            shortest = runs.fold(shortest, usize::min);
            edit = edit.keep((start - done) as u32).delete(gone.len() as u32).insert(came);
            inserted.push_str(came);
            done = end;
        }
        // It may have been moved, in pieces too, or copied. Whatever came may be it, if it is as
        // long as the shortest part that was deleted. (A copy of up to three bytes proves nothing.)
        let copied = unchanged.iter().any(|it| it.len() > 3 && inserted.contains(it));
        if inserted.len() >= shortest || copied {
            return Err(Erased);
        }
        edit.build().map_err(|_| Erased)
    }

    /// Whether a version holds something that was erased meanwhile. O(changes).
    pub(super) fn holds_erased(&self, version: &Version) -> bool {
        let erased =
            self.changes.indexed().filter(|(_, change)| change.kind == ChangeKind::Erase as u8);
        erased
            .filter_map(|(_, change)| u32::try_from(change.about).ok())
            .any(|index| version.contains(index))
    }

    /// The changes that were erased by what a version does not hold.
    fn erased_since(&self, version: &Version) -> Vec<u32> {
        let since =
            self.changes.indexed_from(version.prefix() as usize).filter(|(index, change)| {
                change.kind == ChangeKind::Erase as u8 && !version.contains(*index as u32)
            });
        let erased = since.filter_map(|(_, change)| u32::try_from(change.about).ok());
        erased.flat_map(|index| std::iter::once(index).chain(self.instead_of(index))).collect()
    }

    /// Who wrote which part of a version's text, by the document's changes.
    fn sources(&self, on: &Resolved) -> Vec<Run> {
        let Some(on_base) = &on.detached else {
            return self.text.attribution_at(&on.version);
        };
        let Some(detached) = self.detached_bases.get(on_base.base) else { return Vec::new() };
        let mut runs = detached.text.attribution_at(&on_base.within);
        for run in &mut runs {
            if let Source::Change(change) = &mut run.source {
                // Change 0 is the detached base's own text, which no change of the document wrote.
                let mapped = change.checked_sub(1).and_then(|at| detached.mapped.get(at as usize));
                *change = mapped.copied().unwrap_or(u32::MAX);
            }
        }
        runs
    }
}

/// A text in which the characters of some changes are ones that nobody writes.
fn masked(text: &str, runs: &[Run], erased: impl Fn(u32) -> bool) -> String {
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    for run in runs {
        let end = at + run.len as usize;
        let part = text.get(at..end).unwrap_or_default();
        match run.source {
            Source::Change(change) if erased(change) => masked.push_str(&replaced(part, MASKS)),
            _ => masked.push_str(part),
        }
        at = end;
    }
    masked
}

/// Two texts without what both begin and end with, and how long the beginning was.
fn without_shared<'a>(one: &'a str, two: &'a str) -> (usize, &'a str, &'a str) {
    let same = |(a, b): &(char, char)| a == b;
    let start = one.chars().zip(two.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (one, two) = (&one[start..], &two[start..]);
    let end: usize = {
        let both = one.chars().rev().zip(two.chars().rev());
        both.take_while(same).map(|(c, _)| c.len_utf8()).sum()
    };
    (start, &one[..one.len() - end], &two[..two.len() - end])
}

fn is_masked(c: char) -> bool {
    MASKS.contains(&c)
}
