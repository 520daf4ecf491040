//! Edits that are the same in another place.
//!
//! Where a row stands twice, whoever deletes one of the two may have deleted either, and a row put
//! below one like it may as well have been put above. The text after it is the same, so the edit
//! is: one of the second edit is taken for one of the first that gives the same text.

use std::collections::HashMap;
use std::ops::Range;

use super::edit::Edit;
use super::passage::Passage;

/// Bytes that an edit is slid over, at most.
const SLID: usize = 4_096;

/// Passages in a row in which both edits may have come to the same by other changes, at most,
const ROW: usize = 8;

/// and bytes of what stays between two of them.
const BETWEEN: usize = 64;

/// The second edit's hunks, those that are as good as one of the first edit in its place. O(what
/// they are slid over).
pub(super) fn slid<'a>(
    base: &str,
    firsts: &[Edit<'a>],
    mut seconds: Vec<Edit<'a>>,
) -> Vec<Edit<'a>> {
    let goes_or_comes = |edit: &&Edit<'_>| edit.is_insertion() != edit.text.is_empty();
    let leftmost = |edit: &Edit<'_>| (leftmost(base, edit), edit.is_insertion(), length(edit));
    let there: HashMap<_, &Edit<'a>> =
        firsts.iter().filter(goes_or_comes).map(|edit| (leftmost(edit), edit)).collect();
    if there.is_empty() {
        return seconds;
    }
    for at in 0..seconds.len() {
        let edit = &seconds[at];
        let Some(other) = goes_or_comes(&edit).then(|| there.get(&leftmost(edit))).flatten() else {
            continue;
        };
        let before = at.checked_sub(1).map_or(0, |before| seconds[before].range.end);
        let behind = seconds.get(at + 1).map_or(base.len(), |next| next.range.start);
        let fits = before <= other.range.start && other.range.end <= behind;
        if fits && gives_the_same(base, edit, other) {
            let Edit { range, text, .. } = (*other).clone();
            seconds[at] = Edit { range, text, was: text, ..seconds[at].clone() };
        }
    }
    seconds
}

/// Passages, those made one in which both edits come to the same text by different changes: which
/// of two line ends went with what was deleted between them, differences tell now so, now so.
/// O(passages and what they hold).
pub(super) fn alike<'a>(base: &str, passages: Vec<Passage<'a>>) -> Vec<Passage<'a>> {
    let mut found: Vec<Passage<'a>> = Vec::with_capacity(passages.len());
    let mut at = 0;
    while at < passages.len() {
        let upto = alike_upto(base, &passages[at..]);
        let mut row = passages[at..at + upto].iter().cloned();
        if let Some(mut first) = row.next() {
            row.for_each(|next| first.join(next));
            found.push(first);
        }
        at += upto;
    }
    found
}

/// How many of some passages, from the first on, are one such; 1 where none is.
fn alike_upto(base: &str, passages: &[Passage<'_>]) -> usize {
    let grows = |edits: &[Edit<'_>]| -> isize {
        edits.iter().map(|edit| edit.text.len() as isize - edit.range.len() as isize).sum()
    };
    let (mut by, mut end) = (0, passages[0].hull().end);
    let mut all = passages[0].clone();
    for (at, passage) in passages.iter().enumerate().take(ROW) {
        let hull = passage.hull();
        if hull.start > end + BETWEEN {
            break;
        }
        end = hull.end;
        by += grows(&passage.firsts) - grows(&passage.seconds);
        if at > 0 {
            all.join(passage.clone());
        }
        // Only where as much came of both can it be the same.
        if by == 0 && all.first(base) == all.second(base) {
            return at + 1;
        }
    }
    1
}

fn length(edit: &Edit<'_>) -> usize {
    edit.range.len() + edit.text.len()
}

/// How far to the left an edit can be slid that deletes or inserts: where it begins then.
fn leftmost(base: &str, edit: &Edit<'_>) -> usize {
    let (base, text) = (base.as_bytes(), edit.text.as_bytes());
    let start = edit.range.start;
    let least = start.saturating_sub(SLID);
    // The byte that leaves at the end: of what goes, or of what comes, which turns round.
    let last = |slid: usize| match edit.is_insertion() {
        false => base[edit.range.end - 1 - slid],
        true if slid < text.len() => text[text.len() - 1 - slid],
        true => base[start - 1 - (slid - text.len())],
    };
    let slides = |slid: &usize| base[start - 1 - slid] == last(*slid);
    start - (0..start - least).take_while(slides).count()
}

/// Whether a text is the same after either of two edits that go or come.
fn gives_the_same(base: &str, one: &Edit<'_>, two: &Edit<'_>) -> bool {
    let hull = one.range.start.min(two.range.start)..one.range.end.max(two.range.end);
    let made = |edit: &Edit<'_>, hull: &Range<usize>| {
        let Range { start, end } = edit.range;
        [&base[hull.start..start], edit.text, &base[end..hull.end]].concat()
    };
    made(one, &hull) == made(two, &hull)
}
