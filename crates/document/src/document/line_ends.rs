//! Keeps the end of a line where something stands behind it.
//!
//! The end of a text counts as the end of a line (the rule is ours). Many an origin trims it, and
//! so do people's editors; who wrote below the last line meanwhile wrote a line of their own, and
//! it stays one: what was trimmed shows again. Nothing is inserted anew, and the version of the tip
//! goes on being the bytes that the origin has.
//!
//! Only the log does so. A view gives the texts that its versions name, and those say nothing of
//! it.

use redwedding_text::{Part, Version};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::{Change, ChangeKind, State};

impl State {
    /// Shows again what these changes trimmed, if they did.
    pub(super) fn keep_line_ends(&mut self, place: Place, logged_ms: u64, trimming: &[u32]) {
        for trimmed_by in trimming {
            // The same whoever stands behind it: it is made once.
            if let Some(actor) = self.line_end(*trimmed_by)
                && self.index_of(actor).is_none()
            {
                let base = self.closure(*trimmed_by);
                self.set_line_end((actor, place, logged_ms), &base, *trimmed_by, true);
            }
        }
    }

    /// Counts what a change trimmed as trimmed again: the whole change is about to be suppressed.
    pub(super) fn let_line_end_go(&mut self, place: Place, logged_ms: u64, trimmed_by: u32) {
        self.set_line_end_again("line end gone", place, logged_ms, trimmed_by, false);
    }

    /// Takes that back: the change was released.
    pub(super) fn keep_line_end_again(&mut self, place: Place, logged_ms: u64, trimmed_by: u32) {
        self.set_line_end_again("line end again", place, logged_ms, trimmed_by, true);
    }

    fn set_line_end_again(
        &mut self,
        what: &str,
        place: Place,
        logged_ms: u64,
        trimmed_by: u32,
        shown: bool,
    ) {
        let Some(first) = self.line_end(trimmed_by) else { return };
        if self.index_of(first).is_some() {
            let name = [&first.0.to_le_bytes()[..], &place.position.to_le_bytes()];
            let base = self.text.head();
            self.set_line_end((Actor::of(what, &name), place, logged_ms), &base, trimmed_by, shown);
        }
    }

    /// Who shows again what a change trimmed.
    fn line_end(&self, trimmed_by: u32) -> Option<Actor> {
        let by = self.changes.get(trimmed_by as usize)?;
        Some(Actor::of("line end", &[&by.actor.0.to_le_bytes()]))
    }

    fn set_line_end(
        &mut self,
        (actor, place, logged_ms): (Actor, Place, u64),
        base: &Version,
        trimmed_by: u32,
        shown: bool,
    ) {
        let Some(trimmed) = self.text.trimmed_end(trimmed_by) else { return };
        let part = Part::Deletions([trimmed].into());
        // Where it is so already there is nothing to do.
        if self.text.suppress(actor.0, base, (trimmed_by, part, shown)).is_ok() {
            let bytes = self.text().len() as u32;
            let change = self.change(actor, place, logged_ms, ChangeKind::Difference);
            self.changes.push(Change { bytes, ..change });
        }
    }
}
