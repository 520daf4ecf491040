//! Where a save met concurrent edits, as pages and the REST API show it.

use redwedding_replica::overlap::Overlapping;

use crate::wiki::time::Moment;
use crate::wiki::view::{Author, Excerpt, Overlap};

/// Bytes of context on each side of an excerpt.
const EXCERPT_BYTES: usize = 60;

/// What is shown of the spans `found` in `text`, each with an excerpt. Places are counted in
/// characters, as clients of the REST API count.
pub(super) fn overlaps<'a>(text: &'a str, found: &'a [Overlapping]) -> Vec<Overlap<'a>> {
    let within = |at: usize| text.floor_char_boundary(at.min(text.len()));
    let one = |met: &'a Overlapping| {
        let start = within(met.start as usize);
        let end = within(met.start as usize + met.length as usize);
        let before = within(start.saturating_sub(EXCERPT_BYTES));
        let after = text.ceil_char_boundary((end + EXCERPT_BYTES).min(text.len()));
        Overlap {
            id: met.id.unwrap_or(0),
            author: Author::named(&met.note.author),
            at: Moment(met.time_ms),
            comment: &met.note.comment,
            start: text[..start].chars().count() as u64,
            end: text[..end].chars().count() as u64,
            excerpt: Excerpt {
                before: &text[before..start],
                marked: &text[start..end],
                after: &text[end..after],
            },
        }
    };
    found.iter().map(one).collect()
}
