//! Where a save met concurrent edits.

use std::num::NonZeroU64;

use redwedding_document::State;
use redwedding_document::entry::Note;
use redwedding_wire::identity::Actor;

/// A span that a concurrent edit touched too.
#[derive(Clone, PartialEq, Debug)]
pub struct Overlapping {
    /// Where it begins in the text, in bytes.
    pub start: u32,
    /// How long it is, in bytes.
    pub length: u32,
    /// Author and comment of the other edit.
    pub note: Note,
    /// When the other edit was made, in ms since 1970.
    pub time_ms: u64,
    /// The number of the version right after the other edit, where it has one.
    pub id: Option<u64>,
}

/// Where the change with these dots met concurrent ones.
pub(crate) fn overlapping(state: &State, actor: Actor) -> Vec<Overlapping> {
    let changes = state.changes();
    let Some(change) = state.change_by(actor) else { return Vec::new() };
    let spans = change.overlaps.iter().filter_map(|(start, length, with)| {
        let other = changes.get(*with as usize)?;
        Some(Overlapping {
            start: *start,
            length: *length,
            note: other.note.clone(),
            time_ms: other.time_ms,
            id: state.version_id(*with as usize).map(NonZeroU64::get),
        })
    });
    spans.collect()
}
