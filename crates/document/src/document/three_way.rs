//! Merges a save as its author meant it, where others have changed the same passage meanwhile.
//!
//! What [`redwedding_text::three_way`] makes of the two goes onto the text, as a change of its own
//! that has seen all others; the save itself is kept out of it. So what later saves were made on is
//! the text that their authors had before them, in every version that names the save, and what the
//! page shows was decided once: where the log has the save. Where character by character the same
//! comes of it, that does.
//!
//! Only the log does so. A view gives the texts that its versions name, and those say nothing of
//! it. Must never drop what somebody wrote without a trace: what is not shown of a save is told
//! with it.

use std::ops::Range;

use redwedding_text::three_way::{self, Outcome, ThreeWay};
use redwedding_text::{Patch, Since, Version, diff};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::{Change, ChangeKind, Fault, Hidden, State};
use crate::limits;

/// What somebody made of a passage of which the page shows another version.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative<'a> {
    /// The index of the save,
    pub save: usize,
    /// and what is known of it.
    pub change: &'a Change,
    /// The passage, in the text that there is; empty where the page shows nothing there.
    pub at: Range<u32>,
    /// What the save made of it; empty where it deleted it.
    pub text: &'a str,
    /// From which change on the passage may have been changed.
    settled: usize,
}

/// Names the change that stands for a save.
const AS_MEANT: &str = "as meant";

impl State {
    pub(super) fn merge_as_meant(
        &mut self,
        change: Change,
        base: Version,
        patch: &Patch,
    ) -> Result<(), Fault> {
        if change.place == Place::START || base == self.text.head() {
            return self.merge(change, base, patch.clone()).map(|_| ());
        }
        let fault = |error: &dyn std::fmt::Display| Fault::Patch(error.to_string());
        let page = self.text().to_owned();
        let old = self.text.text_at(&base).map_err(|error| fault(&error))?;
        patch.apply(&old).map_err(|error| fault(&error))?;
        let since = self.text.since(&base).map_err(|error| fault(&error))?;
        let meant = three_way::merge(&old, &since.patch, patch);
        let longest = page.len() + meant.patch.inserted().len();
        if longest > limits::MERGED_BYTES {
            return Err(Fault::TooLong(longest));
        }
        let text = meant.patch.apply(&page).map_err(|error| fault(&error))?.text;
        let (place, logged_ms) = (change.place, change.logged_ms);
        let (index, merged) = self.merge_alone(change, base, patch.clone())?;
        self.keep_lines((index, place, logged_ms), &merged);
        if meant.is_plain() || self.text() == text {
            return Ok(());
        }
        let (overlaps, hidden) = (overlaps(&meant, &since), hidden(&meant));
        // All that could go wrong was looked at before anything changed.
        let put = self.put_in_place(index, &page, (meant.patch, &text));
        debug_assert!(put.is_ok(), "{put:?}");
        let bytes = self.text().len() as u32;
        self.changes.told(index as usize, |change| {
            change.bytes = bytes;
            change.overlaps = overlaps;
            change.hidden = hidden;
        });
        put
    }

    /// Takes a save out of the text that was just merged, and makes that what it was to be; with
    /// how that comes of the page as it was before.
    fn put_in_place(
        &mut self,
        save: u32,
        page: &str,
        (patch, text): (Patch, &str),
    ) -> Result<(), Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::Patch(error.to_string());
        let Some(of) = self.changes.get(save as usize).cloned() else { return Ok(()) };
        let about = |name: &str, kind| Change {
            time_ms: of.time_ms,
            about: save.into(),
            ..self.change(
                Actor::of(name, &[&of.actor.0.to_le_bytes()]),
                of.place,
                of.logged_ms,
                kind,
            )
        };
        let aside = about("aside", ChangeKind::Difference);
        let meant = Change { note: of.note.clone(), ..about(AS_MEANT, ChangeKind::Meant) };
        self.text.set_suppressed(aside.actor.0, save, true).map_err(|error| fault(&error))?;
        self.changes.push(Change { bytes: self.text().len() as u32, ..aside });
        // What shows again of the save is what keeps lines apart.
        let patch = match self.text() == page {
            true => patch,
            false => diff::between(self.text(), text),
        };
        self.merge_alone(meant, self.text.head(), patch).map(|_| ())
    }

    /// Passages of which somebody wrote another version than the page shows, and which nobody
    /// changed since: oldest save first. O(changes since the first such save).
    #[must_use]
    pub fn alternatives(&self) -> Vec<Alternative<'_>> {
        let mut found: Vec<Alternative<'_>> = Vec::new();
        for (index, change) in self.changes.indexed() {
            let effect = self.text.effect(index as u32);
            let effect = effect.filter(|effect| !effect.is_empty());
            if let Some(effect) = effect {
                found.retain_mut(|open| {
                    // What stands for the save itself is not what came after it.
                    let own = open.settled > index;
                    let at = if own { Some(open.at.clone()) } else { moved(&open.at, &effect) };
                    at.map(|at| open.at = at).is_some()
                });
            }
            let settled = self.shown_as(index as u32) as usize + 1;
            let hidden = change.hidden.iter().map(|hidden| Alternative {
                save: index,
                change,
                at: hidden.at.clone(),
                text: &hidden.text,
                settled,
            });
            found.extend(hidden);
        }
        found
    }

    /// The change that shows on the page what a save was meant to do: itself, if nothing else does.
    pub(super) fn shown_as(&self, save: u32) -> u32 {
        let change = self.changes.get(save as usize);
        let actor = change.map(|of| Actor::of(AS_MEANT, &[&of.actor.0.to_le_bytes()]));
        actor.and_then(|actor| self.index_of(actor)).unwrap_or(save)
    }
}

/// What the page does not show of a save.
fn hidden(meant: &ThreeWay) -> Vec<Hidden> {
    let found = meant.met.iter().filter_map(|met| match &met.outcome {
        Outcome::Hidden(text) => Some(Hidden { at: met.range.clone(), text: text.clone() }),
        _ => None,
    });
    found.take(limits::HIDDEN).collect()
}

/// Where a range of a text is once that was edited; `None` where it was touched.
fn moved(at: &Range<u32>, patch: &Patch) -> Option<Range<u32>> {
    let (mut came, mut went) = (0, 0);
    for (start, deleted, text) in patch.edits() {
        if start >= at.end {
            break;
        }
        if start + deleted > at.start {
            return None;
        }
        came += text.len() as u32;
        went += deleted;
    }
    Some(at.start + came - went..at.end + came - went)
}

/// The passages that a save and others changed, and one of those others for each.
fn overlaps(meant: &ThreeWay, since: &Since) -> Vec<(u32, u32, u32)> {
    let met = meant.met.iter().filter(|met| met.outcome != Outcome::Both);
    let told = met.map(|met| {
        let by =
            since.patch.edits().zip(&since.by).filter(|((at, deleted, _), _)| {
                *at <= met.base.end && met.base.start <= at + deleted
            });
        let with = by.flat_map(|(_, by)| by).copied().last().unwrap_or_default();
        (met.range.start, met.range.end - met.range.start, with)
    });
    told.take(limits::OVERLAPS).collect()
}
