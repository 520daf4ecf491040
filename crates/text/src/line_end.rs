//! Line ends that one change trimmed, and behind which another wrote.
//!
//! The rule is ours: the end of a text counts as the end of a line. Many an origin trims it, and
//! then what somebody wrote below the last line would stand in that line. The change that trimmed
//! it may have come before or after the other. Only those that may be such are found here, by what
//! stands next to the change that was just applied; must never look further than that.

use std::collections::BTreeSet;

use crate::overlap::{Contents, Effect, Touched};
use crate::sequence::{Byte, Sequence, SpanId};
use crate::walker::Walker;

/// The changes that may have trimmed what the change in front of others, or others in front of it.
pub(crate) fn trimming(
    contents: &Contents<'_>,
    walker: &Walker,
    change: u32,
    effect: &Effect,
) -> Vec<u32> {
    let mut found = BTreeSet::new();
    for hunk in effect.touched() {
        if let Some(inserted) = hunk.inserted {
            for (first, len) in white_in_front(contents, inserted) {
                found.extend(walker.deleters(first, len));
            }
        }
    }
    if let Some(last) = effect.touched().last()
        && stands_in_front(contents, last)
    {
        found.insert(change);
        for (id, _) in &last.deleted {
            let span = contents.sequence.span(*id);
            found.extend(walker.deleters(span.first, span.len));
        }
    }
    found.into_iter().collect()
}

/// White space that the author had right in front of what they inserted, and that is gone.
fn white_in_front(contents: &Contents<'_>, inserted: SpanId) -> Vec<(Byte, u32)> {
    let sequence = contents.sequence;
    let mut white = Vec::new();
    let mut next = sequence.before(sequence.cursor_of(inserted));
    while let Some((id, cursor)) = next {
        let span = sequence.span(id);
        if span.is_shown() {
            break;
        }
        if span.prepare.is_there() {
            let content = contents.of(id);
            let other = content.trim_end().len() as u32;
            // How much of it stands in one span depends on what the walker has seen of the past.
            if other < span.len {
                white.push((span.first + other, span.len - other));
            }
            if other > 0 {
                break;
            }
        }
        next = sequence.before(cursor);
    }
    white
}

/// Whether a hunk deleted white space alone at the end of its author's text, and something that
/// they had not seen stands behind it.
fn stands_in_front(contents: &Contents<'_>, hunk: &Touched) -> bool {
    let Some(&(last, _)) = hunk.deleted.last() else { return false };
    let white = || hunk.deleted.iter().all(|(id, _)| contents.of(*id).trim().is_empty());
    hunk.inserted.is_none() && followed(contents.sequence, last) && white()
}

fn followed(sequence: &Sequence, last: SpanId) -> bool {
    let mut shown = false;
    let mut next = sequence.at(sequence.after(sequence.cursor_of(last)));
    while let Some((id, cursor)) = next {
        let span = sequence.span(id);
        if span.prepare.is_there() {
            return false;
        }
        shown |= span.is_shown();
        next = sequence.at(sequence.after(cursor));
    }
    shown
}
