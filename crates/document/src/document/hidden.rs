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

use std::ops::Range;

use redwedding_text::three_way::{share_words, surplus};
use redwedding_text::{Patch, shown};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::ChangeKind;
use super::fold::Verdict;
use super::state::State;
use crate::entry::{Body, Edit, Entry};
use crate::limits;

/// What the log will show with a save.
pub(super) struct AsLogged {
    /// The text, of what is shown now,
    text: String,
    /// and what is told beside it.
    alternatives: Vec<String>,
    /// What the save deleted, and what others did since it was begun.
    gone: Vec<String>,
}

impl State {
    /// What the log will show with a save, if it has it next, and whether it decides something of
    /// it. The former is asked where the view `looks`, and only where something of what somebody
    /// deleted came elsewhere: it costs a copy of the state, and folding the save. The latter where
    /// it is to be `told`: it costs comparing the passages that both changed.
    pub(super) fn ask_log(
        &mut self,
        entry: &Entry,
        hidden: &HiddenRanges,
        (looks, told): (bool, bool),
    ) -> (Option<AsLogged>, bool) {
        let Body::Edit(edit) = &entry.body else { return (None, false) };
        if !looks && !told {
            return (None, false);
        }
        let mut shown = (!hidden.is_nothing()).then(|| self.as_shown(hidden));
        shown.as_mut().unwrap_or(self).ask_log_of_shown(entry, edit, (looks, told))
    }

    /// A state as it is shown.
    fn as_shown(&self, hidden: &HiddenRanges) -> Self {
        let mut shown = self.clone();
        let mut deletion = Patch::builder();
        let mut at = 0;
        for range in &hidden.0 {
            deletion = deletion.keep(range.start - at).delete(range.end - range.start);
            at = range.end;
        }
        let name = Actor::of("hidden", &[&self.changes.len().to_le_bytes()]);
        let change = self.change(name, Place::START, 0, ChangeKind::Difference);
        let deletion = deletion.build().unwrap_or_default();
        let deleted = shown.merge_alone(change, self.text.head(), deletion);
        debug_assert!(deleted.is_ok(), "{deleted:?}");
        shown
    }

    fn ask_log_of_shown(
        &mut self,
        entry: &Entry,
        edit: &Edit,
        (looks, told): (bool, bool),
    ) -> (Option<AsLogged>, bool) {
        let Some(met) = self.met(edit) else {
            let log = (looks && self.is_detached(edit)).then(|| {
                let gone = self.removed_by(edit).into_iter().collect();
                self.as_logged(entry, gone)
            });
            return (log.flatten(), false);
        };
        let (patch, since) = (&edit.delta.patch, &met.1.since.patch);
        let gone = [patch, since].map(|it| it.apply(&met.1.old).map(|it| it.removed));
        let gone = gone.map(Result::unwrap_or_default);
        let [own, others] = &gone;
        let twice = share_words(own, since.inserted())
            || share_words(others, patch.inserted())
            || share_words(patch.inserted(), since.inserted());
        let decided = (told || looks && twice) && self.is_decided(&met, edit);
        let log = (looks && twice && decided).then(|| self.as_logged(entry, gone.to_vec()));
        (log.flatten(), told && decided)
    }

    fn is_detached(&self, edit: &Edit) -> bool {
        self.resolve(&edit.delta.base).is_ok_and(|it| it.detached.is_some())
    }

    fn removed_by(&self, edit: &Edit) -> Option<String> {
        let on = self.text_of(&self.resolve(&edit.delta.base).ok()?)?;
        Some(edit.delta.patch.apply(&on).ok()?.removed)
    }

    fn as_logged(&self, entry: &Entry, gone: Vec<String>) -> Option<AsLogged> {
        let mut log = self.clone();
        let next = Place { position: self.cursor.position + 1, ..Place::START };
        if log.apply(next, 0, entry) != Verdict::Counted {
            return None;
        }
        // Of what is an alternative already another copy is told nowhere else.
        let alternatives = log.alternatives().iter().map(|it| it.text.to_owned()).collect();
        Some(AsLogged { text: log.text().to_owned(), alternatives, gone })
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
            for edit in state.text.effects(change) {
                let ranges = std::mem::take(&mut self.0);
                ranges.iter().flat_map(|at| shifted(at, edit)).for_each(|at| self.push(at));
            }
        }
    }

    /// Takes in a range that begins after all others do.
    fn push(&mut self, at: Range<u32>) {
        match self.0.last_mut() {
            Some(last) if at.start <= last.end => last.end = last.end.max(at.end),
            _ => self.0.push(at),
        }
    }

    /// Hides what the last change brought to what is shown of a text that the log will not show.
    pub(super) fn add(&mut self, text: &str, log: &AsLogged) {
        let Some(shown) = self.without(text) else { return };
        let told = log.alternatives.iter().map(String::as_str);
        let gone = log.gone.iter().map(String::as_str);
        let found = surplus(&shown, &log.text, told, gone);
        let whole = found.iter().map(|at| self.whole(at.start, false)..self.whole(at.end, true));
        let mut all: Vec<Range<u32>> = whole.collect();
        all.append(&mut self.0);
        all.sort_unstable_by_key(|at| at.start);
        all.into_iter().for_each(|at| self.push(at));
    }

    /// Where a place in what is shown is in the whole text: behind what is hidden there, or before
    /// it, where something `ends` there.
    fn whole(&self, place: u32, ends: bool) -> u32 {
        self.0.iter().fold(place, |place, at| {
            match at.start < place || (at.start == place && !ends) {
                true => place + at.end - at.start,
                false => place,
            }
        })
    }

    fn without(&self, text: &str) -> Option<String> {
        shown::without(text, &self.pairs(usize::MAX))
    }

    fn pairs(&self, most: usize) -> Vec<(u32, u32)> {
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
