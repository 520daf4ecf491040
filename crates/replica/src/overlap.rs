//! Where a save met concurrent edits.

use std::num::NonZeroU64;

use redwedding_document::entry::{Entry, Note};
use redwedding_document::{Document, Meeting, State, View};
use redwedding_wire::identity::{Actor, Digest};

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

/// Where the change with these dots met concurrent ones, in the text that there is by now.
pub(crate) fn overlapping(state: &State, actor: Actor) -> Vec<Overlapping> {
    state.meetings_of(actor).into_iter().filter_map(|meeting| met(state, meeting)).collect()
}

/// The same in what is shown of a view.
pub(crate) fn shown_overlaps(view: &View, actor: Actor) -> Vec<Overlapping> {
    view.shown_meetings(actor).into_iter().filter_map(|meeting| met(view, meeting)).collect()
}

/// Where a save that is not taken would meet others, in one text.
#[derive(Default)]
pub(crate) struct WouldMeet {
    text: Digest,
    found: Vec<Overlapping>,
}

impl WouldMeet {
    /// Whether the log would not take a save now, for its condition; with where it would meet
    /// others, if that is why.
    pub(crate) fn unless_taken(document: &Document, entry: &Entry) -> Option<Self> {
        let meetings = document.would_not_take(entry)?;
        let found = meetings.into_iter().filter_map(|meeting| met(document, meeting)).collect();
        Some(Self { text: document.value_hash(), found })
    }

    /// The same in a text that is shown: nothing where it is another one.
    pub(crate) fn within(self, shown: &str) -> Vec<Overlapping> {
        match self.text == Digest::of_text(shown) {
            true => self.found,
            false => Vec::new(),
        }
    }
}

fn met(state: &State, meeting: Meeting) -> Option<Overlapping> {
    let Meeting { start, length, with } = meeting;
    let other = state.changes().get(with as usize)?;
    let id = state.version_id(with as usize).map(NonZeroU64::get);
    Some(Overlapping { start, length, note: other.note.clone(), time_ms: other.time_ms, id })
}
