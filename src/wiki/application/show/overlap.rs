//! Where a save met concurrent edits, as pages and the REST API show it.

use std::ops::Range;

use redwedding_replica::overlap::Overlapping;

use crate::wiki::time::Moment;
use crate::wiki::view::{Author, Excerpt, Overlap};

/// Bytes of context on each side of an excerpt.
const EXCERPT_BYTES: usize = 60;

/// What is shown of the spans `found` in `text`, each with an excerpt. Places are counted in
/// characters, as clients of the REST API count.
pub(super) fn overlaps<'a>(text: &'a str, found: &'a [Overlapping]) -> Vec<Overlap<'a>> {
    let one = |met: &'a Overlapping| {
        let start = met.start as usize;
        let at = start..start + met.length as usize;
        Overlap {
            id: met.id.unwrap_or(0),
            author: Author::named(&met.note.author),
            at: Moment(met.time_ms),
            comment: &met.note.comment,
            start: characters(text, at.start),
            end: characters(text, at.end),
            excerpt: excerpt(text, &at),
        }
    };
    found.iter().map(one).collect()
}

/// A passage, in bytes, with what stands around it.
pub(super) fn excerpt<'a>(text: &'a str, at: &Range<usize>) -> Excerpt<'a> {
    let (start, end) = (within(text, at.start), within(text, at.end));
    let before = within(text, start.saturating_sub(EXCERPT_BYTES));
    let after = text.ceil_char_boundary((end + EXCERPT_BYTES).min(text.len()));
    Excerpt { before: &text[before..start], marked: &text[start..end], after: &text[end..after] }
}

/// How many characters stand before a byte.
pub(super) fn characters(text: &str, at: usize) -> u64 {
    text[..within(text, at)].chars().count() as u64
}

fn within(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at.min(text.len()))
}
