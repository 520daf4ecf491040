//! Conditions of saves: what has to be so right before one, or nothing of it is taken.
//!
//! Decided where the log has the entry, by the state and the entry alone, so the same everywhere;
//! and of two saves that exclude each other the first one in the log counts, wherever they were
//! sent. Must never leave a trace of a save that is not taken: its author may send it again.

use redwedding_text::{diff, grown};
use redwedding_wire::version::Place;

use super::three_way::Meeting;
use super::{Document, State, Verdict};
use crate::entry::{Body, Condition, Edit, Entry};

impl State {
    /// Applies a save that is not in yet, if its condition is met.
    pub(super) fn apply_if(
        &mut self,
        edit: &Edit,
        apply: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        let met = match edit.condition {
            None => true,
            Some(Condition::Unchanged(text)) => self.value_hash() == text,
            Some(Condition::Absent) => self.is_empty(),
            // What it meets is known once it is merged, and a merge cannot be taken back.
            Some(Condition::NoOverlap) => return self.apply_where_alone(edit, apply),
        };
        if met { apply(self) } else { Verdict::Unmet }
    }

    /// Costs a copy of the state.
    fn apply_where_alone(
        &mut self,
        edit: &Edit,
        apply: impl FnOnce(&mut Self) -> Verdict,
    ) -> Verdict {
        let mut merged = self.clone();
        let verdict = apply(&mut merged);
        let change = merged.change_of(edit.delta.edit);
        if change.is_some_and(|change| !change.overlaps.is_empty() || !change.hidden.is_empty()) {
            return Verdict::Unmet;
        }
        *self = merged;
        verdict
    }
}

impl Document {
    /// Whether a save would not be taken if the log had it next, for its condition; with where it
    /// would meet others, if that is what it is not to do. `None` too where it cannot be said: what
    /// it stands on is not in. Costs a copy of the state and a merge.
    #[must_use]
    pub fn would_not_take(&self, entry: &Entry) -> Option<Vec<Meeting>> {
        let Body::Edit(edit) = &entry.body else { return None };
        edit.condition?;
        if self.missing(entry) != Ok(None) {
            return None;
        }
        let next = Place { position: self.cursor.position + 1, ..Place::START };
        if State::clone(&self.state).apply(next, 0, entry) != Verdict::Unmet {
            return None;
        }
        Some(match edit.condition {
            Some(Condition::NoOverlap) => self.meetings(next, edit),
            _ => Vec::new(),
        })
    }

    fn meetings(&self, next: Place, edit: &Edit) -> Vec<Meeting> {
        let mut merged = State::clone(&self.state);
        let taken = Body::Edit(Edit { condition: None, ..edit.clone() });
        merged.apply(next, 0, &Entry::new(self.key().clone(), taken));
        let Some(change) = merged.change_of(edit.delta.edit) else { return Vec::new() };
        let back = diff::between(merged.text(), self.text());
        let meeting = |(start, length, with): &(u32, u32, u32)| {
            let (at, _) = grown(&(*start..start + length), back.in_turn());
            Meeting { start: at.start, length: at.end - at.start, with: *with }
        };
        change.overlaps.iter().map(meeting).collect()
    }
}
