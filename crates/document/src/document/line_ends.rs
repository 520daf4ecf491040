//! Keeps lines of two writers apart.
//!
//! The beginning and the end of a text count as a line's (the rule is ours). Many an origin trims
//! the end, and so do people's editors; who wrote below the last line meanwhile wrote a line of
//! their own, and it stays one: what was trimmed shows again. Nothing is inserted anew, and the
//! version of the tip goes on being the bytes that the origin has. Only where neither wrote a
//! line's end, since each had one there, one comes in between.
//!
//! Only the log does so. A view gives the texts that its versions name, and those say nothing of
//! it.

use redwedding_text::{Merged, Part, Patch, Version};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::{Change, ChangeKind, State};

impl State {
    /// Keeps the lines of a change that was just merged apart from those of others.
    pub(super) fn keep_lines(
        &mut self,
        (by, place, logged_ms): (u32, Place, u64),
        merged: &Merged,
    ) {
        if place == Place::START {
            return;
        }
        let mut glued = merged.glued.clone();
        for trimmed_by in &merged.trimming {
            // The same whoever stands behind it: it is made once.
            let first = self.line_end(*trimmed_by).filter(|actor| self.index_of(*actor).is_none());
            let Some(actor) = first else { continue };
            let base = self.closure(*trimmed_by);
            let shown = self.set_line_end((actor, place, logged_ms), &base, *trimmed_by, true);
            for (start, _, text) in shown.iter().flat_map(Patch::edits) {
                let behind = glued.iter_mut().filter(|at| **at >= start);
                behind.for_each(|at| *at += text.len() as u32);
            }
        }
        self.part_lines((by, place, logged_ms), &glued);
    }

    /// Puts a line's end where a change met a line of somebody else's; at these places of the text.
    fn part_lines(&mut self, (by, place, logged_ms): (u32, Place, u64), at: &[u32]) {
        // What was trimmed and shows again may be that end.
        let glued = |at: &u32| {
            let before = at.checked_sub(1).map(|before| before as usize..=*at as usize);
            let around = before.and_then(|around| self.text().as_bytes().get(around));
            around.is_some_and(|around| !around.contains(&b'\n'))
        };
        let at: Vec<u32> = at.iter().copied().filter(glued).collect();
        let Some(by) = self.changes.get(by as usize).filter(|_| !at.is_empty()) else { return };
        let actor = Actor::of("lines", &[&by.actor.0.to_le_bytes()]);
        let mut from = 0;
        let parted = at.iter().fold(Patch::builder(), |patch, at| {
            let kept = at - from;
            from = *at;
            patch.keep(kept).insert("\n")
        });
        let Ok(patch) = parted.build() else { return };
        let change = self.change(actor, place, logged_ms, ChangeKind::Difference);
        // It stands on the text that there is, so it meets nobody.
        let merged = self.merge(change, self.text.head(), patch);
        debug_assert!(merged.is_ok(), "{merged:?}");
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
    ) -> Option<Patch> {
        let trimmed = self.text.trimmed_end(trimmed_by)?;
        let part = Part::Deletions([trimmed].into());
        // Where it is so already there is nothing to do.
        let effect = self.text.suppress(actor.0, base, (trimmed_by, part, shown)).ok()?;
        let bytes = self.text().len() as u32;
        let change = self.change(actor, place, logged_ms, ChangeKind::Difference);
        self.changes.push(Change { bytes, ..change });
        Some(effect)
    }
}
