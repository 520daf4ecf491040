//! What a change wrote, made unreadable wherever it stands.
//!
//! Each character becomes a placeholder of the same length in bytes, so that places and versions
//! stay what they are. May assume that the text is what the recorded effects lead to. Must never
//! change a length, nor leave a character readable.

use std::ops::Range;

use crate::sequence::{Cursor, Sequence, SpanId};
use crate::text::{MergeError, Text};
use crate::version::Version;
use crate::walker::Observer;

impl Text {
    /// Makes unreadable what a change inserted: in the text, in what it wrote and in what others
    /// removed of that. O(text + changes since).
    ///
    /// # Errors
    /// If the change is not here; nothing is changed then.
    pub fn erase(&mut self, change: u32) -> Result<(), MergeError> {
        let history = self.history();
        if change >= history.len() {
            return Err(MergeError::UnknownBase);
        }
        if change < history.floor() {
            return Err(MergeError::BelowFloor);
        }
        let bytes = history.made().inserted_between((change, change + 1));
        let anchor = history.anchor(&Version::up_to(change), history.len());
        let mut walker = self.walker_at(anchor);
        let mut removed = Removed { bytes: bytes.0..bytes.1, places: Vec::new() };
        walker.replay_exactly(history, (anchor, history.len()), &mut removed);
        let spans = walker.inserted_by(history, change);
        let sequence = walker.sequence();
        let shown = spans.into_iter().filter(|id| sequence.span(*id).is_shown());
        let shown: Vec<_> = shown
            .map(|id| {
                let start = sequence.effect_len_before_span(id);
                start..start + sequence.span(id).len
            })
            .collect();
        let (text, inserted, all_removed) = self.contents_mut();
        blank(inserted, &[removed.bytes]);
        blank(text, &shown);
        blank(all_removed, &removed.places);
        Ok(())
    }
}

/// Where in all that was removed stands what of some inserted bytes was.
struct Removed {
    bytes: Range<u32>,
    places: Vec<Range<u32>>,
}

impl Removed {
    fn note(&mut self, sequence: &Sequence, id: SpanId, removed_at: u32) {
        let span = sequence.span(id);
        let from = span.first.max(self.bytes.start);
        let to = (span.first + span.len).min(self.bytes.end);
        if from < to && span.is_shown() {
            let start = removed_at + from - span.first;
            self.places.push(start..start + to - from);
        }
    }
}

impl Observer for Removed {
    fn edit_begins(&mut self) {}

    fn inserted(&mut self, _: &Sequence, _: SpanId) {}

    fn deleting(&mut self, sequence: &Sequence, _: Cursor, id: SpanId, removed_at: u32) {
        self.note(sequence, id, removed_at);
    }

    fn hiding(&mut self, sequence: &Sequence, _: Cursor, id: SpanId, removed_at: u32) {
        self.note(sequence, id, removed_at);
    }

    fn showing(&mut self, _: &Sequence, _: Cursor, _: SpanId) {}
}

/// Replaces the characters of some ranges; ends of lines stay, so that a page keeps its shape.
fn blank(text: &mut String, ranges: &[Range<u32>]) {
    for range in ranges {
        let range = range.start as usize..range.end as usize;
        // A range that cuts a character is none of a document that is put together rightly.
        let Some(readable) = text.get(range.clone()) else { continue };
        let blanked = replaced(readable, PLACEHOLDERS);
        text.replace_range(range, &blanked);
    }
}

/// What an erased text shows, by the length of the character.
pub const PLACEHOLDERS: [char; 4] = ['*', '\u{a4}', '\u{2588}', '\u{1f7eb}'];

/// A text with other characters, each of the length of the one whose place it takes; ends of lines
/// stay.
#[must_use]
pub fn replaced(text: &str, by: [char; 4]) -> String {
    text.chars().map(|c| if c == '\n' { c } else { by[c.len_utf8() - 1] }).collect()
}
