//! What of a save goes together where a part of it is not shown.
//!
//! Of a phrase one version is shown, whole. Where a change of the save is hidden, another one
//! beside it may be of the same: a few words that stayed between them stayed by chance, or both
//! versions have them. May assume that the two passages stand in a row. Must never take along what
//! stands by itself: lines that were added beside it, and words of other lines.

use super::edit::Edit;
use super::lines::is_lines;
use super::passage::{Passage, is_near};
use super::versions::has_words;
use crate::words;

/// Words of a line that may stand between what is hidden and what goes with it: as many as so much
/// of the words changed in it,
const REWRITTEN: usize = 8;

/// but no more than that.
const FAR: usize = 16;

/// Whether what a save did in two passages is of one, where either of them is hidden. O(what stands
/// between them).
pub(super) fn belong(base: &str, passages: [&Passage<'_>; 2], hidden: [bool; 2]) -> bool {
    let [one, two] = passages;
    let between = &base[one.hull().end..two.hull().start];
    let Some((last, first)) = one.seconds.last().zip(two.seconds.first()) else { return false };
    if is_near(between) {
        return true;
    }
    let hidden_ones = || passages.into_iter().zip(hidden);
    if between.trim().is_empty() {
        // Blank lines tell nothing of what stands around them.
        let lines = is_of_lines(base, last) && is_of_lines(base, first);
        let shown = hidden_ones().find(|(_, hidden)| !hidden);
        return lines || shown.is_some_and(|(passage, _)| only_takes_away(base, passage));
    }
    // With a line end between them words went from the one into the other.
    let goes = |from: &Edit<'_>, to: &Edit<'_>| {
        let gone = base[from.range.clone()].trim_matches(|c: char| !c.is_alphanumeric());
        from.text.is_empty() && !gone.is_empty() && to.text.contains(gone)
    };
    if !words::has_word(between) {
        return goes(last, first) || goes(first, last);
    }
    if between.contains('\n') {
        return false;
    }
    // Who wrote so much anew has not left so little in between for its own sake.
    let changed = hidden_ones().filter(|(_, hidden)| *hidden).map(|it| changed(base, it.0));
    let reach = changed.max().unwrap_or(0) / REWRITTEN;
    let many = || words::bare(between).take(FAR + 1).count();
    reach > 0 && many() <= reach.min(FAR)
}

/// Whether an edit is of whole lines, or of more than one.
fn is_of_lines(base: &str, edit: &Edit<'_>) -> bool {
    let Edit { range, text, .. } = edit;
    let whole = is_lines(base, range);
    let several = text.contains('\n') || base[range.clone()].contains('\n');
    several || whole && !edit.is_insertion()
}

/// Whether the save changed nothing but white space, or put no word where others changed something.
fn only_takes_away(base: &str, passage: &Passage<'_>) -> bool {
    let puts = passage.seconds.iter().any(|edit| has_words(edit.text, 1));
    passage.is_white(base, &passage.seconds) || !passage.firsts.is_empty() && !puts
}

/// How many words a save changed in a passage, as far as that matters.
fn changed(base: &str, passage: &Passage<'_>) -> usize {
    let mut left = REWRITTEN * FAR;
    for edit in &passage.seconds {
        for text in [&base[edit.range.clone()], edit.text] {
            left -= words::bare(text).take(left).count();
        }
        if left == 0 {
            break;
        }
    }
    REWRITTEN * FAR - left
}
