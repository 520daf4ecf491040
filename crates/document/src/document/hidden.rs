//! What a view hides of the text that its changes come to.
//!
//! A view merges saves character by character, and that knows nothing of moves: what one save
//! deletes and another one, or what the log decided, has put elsewhere would show again there, and
//! whoever deleted it, or saw it gone, would see it back until the log has the save. Nor does it
//! know what several made alike: that would show as often as they made it. A version states which
//! ranges of its text it hides, for ever: it is one text, whatever the log decides later. An edit
//! made on it is one of what is shown: what is hidden stays, and to who made it that came since
//! ([`redwedding_text::Since::of_shown`]), where the log shows it. Must never hide what nobody
//! deleted, nor a word that the log will show anywhere with the save, or tell as an alternative,
//! but for a copy of what is shown.

use std::collections::BTreeSet;
use std::ops::Range;

use redwedding_text::three_way::{Outcome, ThreeWay, surplus};
use redwedding_text::{Since, Version, shown};
use redwedding_wire::version::Place;

use super::fold::Verdict;
use super::state::State;
use super::three_way::Met;
use crate::entry::{Body, Delta, Edit, Entry};
use crate::limits;

/// A passage that a save and others changed differently, as the log will show it.
pub(super) struct Conflict {
    /// Where, in that text.
    pub(super) at: Range<u32>,
    /// What the save made of it.
    pub(super) text: String,
    /// The changes that made what the log will show there.
    pub(super) by: BTreeSet<u32>,
}

/// What a save was made on: the changes, and what of their text its author had not before them.
pub(super) struct SeenBy {
    pub(super) version: Version,
    pub(super) not_seen: Vec<shown::Hidden>,
}

/// What the log will show with a save.
pub(super) struct AsLogged {
    /// The text, of what is shown now,
    pub(super) text: String,
    /// and what is told beside it.
    told: Vec<String>,
    /// What the save deleted, and what others did since it was begun.
    gone: Vec<String>,
    /// What the save and others changed differently, where that is known, and what it was made on.
    pub(super) conflicts: Vec<Conflict>,
    pub(super) seen: SeenBy,
}

impl State {
    /// What the log will show with a save, if it has it next, and whether it decides something of
    /// it. It costs comparing the passages that the save and others changed; and a copy of the
    /// state, and folding the save, where it was made on a text that the log did not know.
    pub(super) fn ask_log(
        &mut self,
        entry: &Entry,
        hidden: &HiddenRanges,
    ) -> (Option<AsLogged>, bool) {
        let Body::Edit(edit) = &entry.body else { return (None, false) };
        let Some(met) = self.met(edit, &hidden.pairs(usize::MAX)) else {
            return (self.as_logged_of_detached(entry, edit, hidden), false);
        };
        let meant = self.meant(&met, edit);
        let (basis, Met { old, now, since }) = met;
        let Ok(text) = meant.patch.apply(&now).map(|made| made.text) else { return (None, false) };
        // Of what is an alternative already another copy is told nowhere else.
        let mut told = self.told();
        told.extend(meant.met.iter().filter_map(|met| match &met.outcome {
            Outcome::Hidden(text) | Outcome::Replaced(text) => Some(text.clone()),
            Outcome::Both | Outcome::Same | Outcome::Larger => None,
        }));
        let gone = [&edit.delta.patch, &since.patch].map(|it| it.apply(&old).map(|it| it.removed));
        let gone = gone.into_iter().flatten().collect();
        let decided = !meant.decided.is_empty();
        let conflicts = conflicts(&meant, &since);
        let seen = SeenBy { version: basis.version, not_seen: basis.hidden };
        (decided.then_some(AsLogged { text, told, gone, conflicts, seen }), decided)
    }

    fn told(&self) -> Vec<String> {
        self.alternatives().iter().map(|it| it.text.to_owned()).collect()
    }

    fn as_logged_of_detached(
        &self,
        entry: &Entry,
        edit: &Edit,
        hidden: &HiddenRanges,
    ) -> Option<AsLogged> {
        let on = self.resolve(&edit.delta.base).ok().filter(|on| on.detached.is_some())?;
        let gone = edit.delta.patch.apply(&self.text_of(&on)?).ok()?.removed;
        let (mut log, before) = (self.clone(), self.changes.len());
        let next = Place { position: self.cursor.position + 1, ..Place::START };
        if log.apply(next, 0, entry) != Verdict::Counted {
            return None;
        }
        let mut hidden = hidden.clone();
        hidden.shift(&log, before as u32);
        let text = hidden.without(log.text())?;
        let (told, gone, conflicts) = (log.told(), vec![gone], Vec::new());
        let seen = SeenBy { version: on.version, not_seen: Vec::new() };
        Some(AsLogged { text, told, gone, conflicts, seen })
    }
}

/// Passages of which the log will show another version than a save's.
fn conflicts(meant: &ThreeWay, since: &Since) -> Vec<Conflict> {
    let hunks = || since.patch.edits().zip(&since.by);
    let met = meant.met.iter().filter_map(|met| {
        let Outcome::Hidden(text) = &met.outcome else { return None };
        let there =
            hunks().filter(|((at, gone, _), _)| *at <= met.base.end && met.base.start <= at + gone);
        let by = there.flat_map(|(_, by)| by.iter().copied()).collect();
        Some(Conflict { at: met.range.clone(), text: text.clone(), by })
    });
    met.collect()
}

/// Saves of a view that were held against what the log would make of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Looked {
    /// How many there are that others were beside.
    pub(super) saves: u32,
    /// What the first few made that made what nobody else had ([`Delta::made`]).
    pub(super) made: Vec<u64>,
}

impl Looked {
    /// Whether so few were that one more may be, on a page of this many bytes.
    pub(super) fn may(&self, bytes: usize) -> bool {
        let saves = self.saves as usize + 1;
        saves <= limits::LOOKED_SAVES && saves * bytes <= limits::LOOKED_BYTES
    }

    /// Whether a save makes just what another one of the view made of the same text.
    pub(super) fn is_twin(&self, delta: &Delta) -> bool {
        self.made.contains(&delta.made())
    }

    /// A save that is no twin is in, made on this of the changes before it.
    pub(super) fn took(&mut self, delta: &Delta, (base, before): (&Version, u32)) {
        self.saves += u32::from(*base != Version::up_to(before));
        let puts = !delta.patch.inserted().is_empty() && delta.rules > 1;
        if puts && self.made.len() < limits::LOOKED_TWINS {
            self.made.push(delta.made());
        }
    }
}

/// Ranges of a view's text, in bytes, ascending and apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct HiddenRanges(Vec<Range<u32>>);

impl HiddenRanges {
    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// As a version states them: the first few. `None` where there are none.
    pub(super) fn stated(&self) -> Option<Vec<(u32, u32)>> {
        let stated = self.pairs(limits::HIDDEN_RANGES);
        (!stated.is_empty()).then_some(stated)
    }

    /// The same as they were stated.
    pub(super) fn of_stated(stated: &[(u32, u32)]) -> Self {
        Self(stated.iter().map(|(at, len)| *at..at.saturating_add(*len)).collect())
    }

    /// They are where they are after the changes from an index on.
    pub(super) fn shift(&mut self, state: &State, from: u32) {
        if self.0.is_empty() {
            return;
        }
        for change in from..state.changes.len() as u32 {
            self.edited(state.text.effects(change));
        }
    }

    /// They are where they are once the text was edited, here and there, each in the text that the
    /// edit before left.
    pub(super) fn edited(&mut self, edits: impl Iterator<Item = (u32, u32, u32)>) {
        for edit in edits {
            let ranges = std::mem::take(&mut self.0);
            ranges.iter().flat_map(|at| shifted(at, edit)).for_each(|at| self.push(at));
        }
    }

    /// Whether a byte is in one of them.
    pub(super) fn has(&self, at: u32) -> bool {
        self.0.iter().any(|range| range.contains(&at))
    }

    /// Where the next of them begins or ends behind a place.
    pub(super) fn next_edge(&self, at: u32) -> u32 {
        let edges = self.0.iter().flat_map(|range| [range.start, range.end]);
        edges.filter(|edge| *edge > at).min().unwrap_or(u32::MAX)
    }

    /// Hides this no more.
    pub(super) fn remove(&mut self, at: &Range<u32>) {
        let ranges = std::mem::take(&mut self.0);
        for it in ranges {
            let parts = [it.start..it.end.min(at.start), it.start.max(at.end)..it.end];
            parts.into_iter().filter(|part| part.start < part.end).for_each(|part| self.push(part));
        }
    }

    pub(super) fn ranges(&self) -> &[Range<u32>] {
        &self.0
    }

    /// Hides all that a change put into the text, which is there as somebody else put it.
    pub(super) fn add_twin(&mut self, state: &State, change: u32) {
        let came = state.text.effects(change).map(|(place, _, came)| place..place + came);
        self.add_ranges(came.filter(|came| !came.is_empty()).collect());
    }

    pub(super) fn add_ranges(&mut self, mut all: Vec<Range<u32>>) {
        all.append(&mut self.0);
        all.sort_unstable_by_key(|at| at.start);
        all.into_iter().for_each(|at| self.push(at));
    }

    /// Takes in a range that begins after all others do.
    fn push(&mut self, at: Range<u32>) {
        match self.0.last_mut() {
            Some(last) if at.start <= last.end => last.end = last.end.max(at.end),
            _ => self.0.push(at),
        }
    }

    /// Hides what the last change brought to what is shown of a text that the log will not show.
    pub(super) fn add(&mut self, state: &State, log: &AsLogged) {
        let Some(shown) = self.without(state.text()) else { return };
        let own = self.brought(state);
        let told = log.told.iter().map(String::as_str);
        let gone = log.gone.iter().map(String::as_str);
        let found = surplus((&shown, &own), &log.text, told, gone);
        let whole = found.iter().map(|at| self.whole(at.start, false)..self.whole(at.end, true));
        let whole = whole.collect();
        self.add_ranges(whole);
    }

    /// Where what the last change put is in what is shown.
    fn brought(&self, state: &State) -> Vec<Range<u32>> {
        let last = state.changes.len() as u32 - 1;
        let hidden = self.pairs(usize::MAX);
        let came = state.text.effects(last).map(|(at, _, came)| shown::left_of(at, came, &hidden));
        came.filter(|(_, len)| *len > 0).map(|(at, len)| at..at + len).collect()
    }

    /// Where a place in what is shown is in the whole text: behind what is hidden there, or before
    /// it, where something `ends` there.
    pub(super) fn whole(&self, place: u32, ends: bool) -> u32 {
        self.0.iter().fold(place, |place, at| {
            match at.start < place || (at.start == place && !ends) {
                true => place + at.end - at.start,
                false => place,
            }
        })
    }

    pub(super) fn without(&self, text: &str) -> Option<String> {
        shown::without(text, &self.pairs(usize::MAX))
    }

    pub(super) fn pairs(&self, most: usize) -> Vec<(u32, u32)> {
        self.0.iter().take(most).map(|at| (at.start, at.end - at.start)).collect()
    }
}

/// What is left of a range after an edit, and where: what comes in the middle of it is shown.
fn shifted(
    at: &Range<u32>,
    (place, gone, came): (u32, u32, u32),
) -> impl Iterator<Item = Range<u32>> {
    let end = place + gone;
    let behind = |at: u32| at.max(end) - gone + came;
    let before = at.start.min(place)..at.end.min(place);
    let after = behind(at.start)..behind(at.end);
    let parts = match came == 0 && before.end == after.start && !before.is_empty() {
        true => [before.start..after.end, 0..0],
        false => [before, after],
    };
    parts.into_iter().filter(|part| part.start < part.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_the_middle_of_what_is_hidden_is_shown() {
        let parts = |edit| {
            let parts = shifted(&(10..20), edit);
            parts.map(|part| (part.start, part.end)).collect::<Vec<_>>()
        };
        assert_eq!(parts((3, 2, 5)), [(13, 23)]);
        assert_eq!(parts((25, 2, 5)), [(10, 20)]);
        assert_eq!(parts((15, 0, 4)), [(10, 15), (19, 24)]);
        assert_eq!(parts((15, 2, 0)), [(10, 18)]);
        assert_eq!(parts((8, 4, 1)), [(9, 17)]);
        assert_eq!(parts((18, 4, 1)), [(10, 18)]);
        assert_eq!(parts((10, 10, 3)), []);
        assert_eq!(parts((20, 0, 3)), [(10, 20)]);
        assert_eq!(parts((10, 0, 3)), [(13, 23)]);
    }
}
