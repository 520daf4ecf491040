//! What a view hides of the text that its changes come to.
//!
//! A view merges saves character by character, and that knows nothing of moves: what one save
//! deletes and another one, or what the log decided, has put elsewhere would show again there, and
//! whoever deleted it, or saw it gone, would see it back until the log has the save. A version
//! states which ranges of its text it hides, for ever: it is one text, whatever the log decides
//! later. An edit made on it deletes them, as others did: its author did not have them before them.
//! Must never hide what nobody deleted, nor a word that the log will show anywhere with the save,
//! or tell as an alternative: where two wrote it, the edit could delete the one that stays.

use std::ops::Range;

use redwedding_text::attribution::Run;
use redwedding_text::three_way::{share_words, surplus};
use redwedding_text::{Patch, PatchError};
use redwedding_wire::version::Place;

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
    /// Whether an edit was made on all that there is.
    pub(super) fn is_on_all(&self, entry: &Entry) -> bool {
        let Body::Edit(edit) = &entry.body else { return false };
        let resolved = self.resolve(&edit.delta.base);
        resolved.is_ok_and(|it| it.detached.is_none() && it.version == self.text.head())
    }

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
        let patch = &edit.delta.patch;
        let Some(met) = self.met(edit) else {
            let log = (looks && self.is_detached(edit)).then(|| {
                let gone = self.removed_by(edit).into_iter().collect();
                self.as_logged(entry, hidden, gone)
            });
            return (log.flatten(), false);
        };
        let both = [patch, &met.since.patch];
        let gone = both.map(|it| it.apply(&met.old).map(|it| it.removed).unwrap_or_default());
        let [own, others] = &gone;
        let came_again =
            share_words(own, met.since.patch.inserted()) || share_words(others, patch.inserted());
        let log = (looks && came_again).then(|| self.as_logged(entry, hidden, gone.to_vec()));
        (log.flatten(), told && self.is_decided(&met, edit))
    }

    fn is_detached(&self, edit: &Edit) -> bool {
        self.resolve(&edit.delta.base).is_ok_and(|it| it.detached.is_some())
    }

    fn removed_by(&self, edit: &Edit) -> Option<String> {
        let on = self.text_of(&self.resolve(&edit.delta.base).ok()?)?;
        Some(edit.delta.patch.apply(&on).ok()?.removed)
    }

    fn as_logged(
        &self,
        entry: &Entry,
        hidden: &HiddenRanges,
        gone: Vec<String>,
    ) -> Option<AsLogged> {
        let (mut log, before) = (self.clone(), self.changes.len());
        let next = Place { position: self.cursor.position + 1, ..Place::START };
        if log.apply(next, 0, entry) != Verdict::Counted {
            return None;
        }
        let mut hidden = hidden.clone();
        hidden.shift(&log, before as u32);
        // Of what is an alternative already another copy is told nowhere else.
        let alternatives = log.alternatives().iter().map(|it| it.text.to_owned()).collect();
        Some(AsLogged { text: hidden.without(log.text())?, alternatives, gone })
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
        without(text, &self.pairs(usize::MAX))
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

/// A text without these ranges of it. `None` where they do not fit it.
pub(super) fn without(text: &str, hidden: &[(u32, u32)]) -> Option<String> {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for (start, len) in hidden {
        shown.push_str(text.get(at..*start as usize)?);
        at = *start as usize + *len as usize;
    }
    shown.push_str(text.get(at..)?);
    Some(shown)
}

/// Where a range of a text is in what is shown of it, and how much of it is.
pub(super) fn left_of(start: u32, length: u32, hidden: &[(u32, u32)]) -> (u32, u32) {
    let shown_before = |place: u32| {
        let gone = hidden.iter().map(|(at, len)| place.saturating_sub(*at).min(*len));
        place - gone.sum::<u32>()
    };
    let (from, to) = (shown_before(start), shown_before(start + length));
    (from, to - from)
}

/// An edit of what is shown of a text as one of the whole text, that deletes what is hidden, too.
/// Nothing, where it changes nothing.
pub(super) fn of_whole(edit: &Patch, hidden: &[(u32, u32)]) -> Result<Patch, PatchError> {
    if edit.is_empty() || hidden.is_empty() {
        return Ok(edit.clone());
    }
    // Where it is in the whole text.
    let (mut whole, mut at, mut shown) = (Patch::builder(), 0, 0);
    let mut hidden = hidden.iter().copied().peekable();
    let end = (u32::MAX, 0, "");
    for (start, gone, came) in edit.edits().chain([end]) {
        for (upto, goes) in [(start, false), (start.saturating_add(gone), true)] {
            while shown < upto {
                let next = hidden.peek().map(|(next, _)| next - at);
                if next.is_none() && upto == u32::MAX {
                    break;
                }
                let len = next.unwrap_or(u32::MAX).min(upto - shown);
                whole = if goes { whole.delete(len) } else { whole.keep(len) };
                (at, shown) = (at + len, shown + len);
                if next == Some(len)
                    && let Some((_, len)) = hidden.next()
                {
                    whole = whole.delete(len);
                    at += len;
                }
            }
        }
        whole = whole.insert(came);
    }
    whole.build()
}

/// Where what is shown of a text comes from, of where the whole text does.
pub(super) fn runs_without(runs: Vec<Run>, hidden: &[(u32, u32)]) -> Vec<Run> {
    let mut at = 0;
    let shown = runs.into_iter().map(|run| {
        let (_, len) = left_of(at, run.len, hidden);
        at += run.len;
        Run { len, ..run }
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redwedding_text::diff;

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

    proptest! {
        #[test]
        fn an_edit_of_what_is_shown_deletes_what_is_hidden(
            text in "[ab\n]{0,30}", to in "[abc\n]{0,20}",
            lens in proptest::collection::vec((0..4u32, 1..4u32), 0..6),
        ) {
            let mut at = 0;
            let ranges = lens.into_iter().enumerate().map(|(index, (skip, len))| {
                let start = at + skip + u32::from(index > 0);
                at = start + len;
                (start, len)
            });
            let hidden: Vec<_> =
                ranges.filter(|(start, len)| (start + len) as usize <= text.len()).collect();
            let shown = without(&text, &hidden).expect("they fit");
            let edit = diff::between(&shown, &to);
            let whole = of_whole(&edit, &hidden).expect("it is short");
            match shown == to {
                true => prop_assert!(whole.is_empty()),
                false => prop_assert_eq!(whole.apply(&text).expect("it fits").text, to),
            }
        }
    }
}
