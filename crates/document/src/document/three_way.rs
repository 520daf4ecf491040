//! Merges a save as its author meant it, where others have changed the same passage meanwhile.
//!
//! Each hunk of the save is merged character by character, unless [`redwedding_text::three_way`]
//! decides otherwise: such a one is taken out of the page again, and what is to stand there goes
//! onto it as a change of its own that has seen all others. So what later saves were made on is the
//! text that their authors had before them, in every version that names the save, and what the page
//! shows was decided once: where the log has the save.
//!
//! Only the log does so, and a copy of a view's state into which its saves are folded as the log
//! will (`expected`). Versions name the changes of saves alone, and what they show beside that is
//! stated with them: an edit of that is merged as one of the text that was shown, and put in place
//! of what it is as an edit of the changes' text. Must never drop what
//! somebody wrote without a trace: what is not shown of a save is told with it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use redwedding_text::shown::OfWhole;
use redwedding_text::three_way::{self, Beside, Outcome, PutAgain, ThreeWay};
use redwedding_text::{
    Merged, Part, Patch, PatchError, Since, SpanSince, Version, diff, grown, map_through,
};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::effects::Effects;
use super::resolve::Basis;
use super::same_person::{Theirs, as_meant};
use super::{Change, ChangeKind, Fault, Hidden, State};
use crate::entry::Edit;
use crate::limits;

/// Where a save meets another change, or would meet it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// Where, in the text that there is, in bytes.
    pub start: u32,
    /// How much of it, in bytes.
    pub length: u32,
    /// The index of the other change.
    pub with: u32,
}

/// What a save met.
pub(super) struct Met {
    /// What its author had before them,
    pub(super) old: String,
    /// what is there now,
    pub(super) now: String,
    /// and what others did since.
    pub(super) since: Since,
}

/// Names the change that takes hunks out of a save,
const ASIDE: &str = "aside";

/// and the one that puts something in their place.
const INSTEAD: &str = "instead";

impl State {
    /// What an edit comes near of what others did since the text that it was made on; `None` where
    /// it comes near nothing, and merging it character by character is all that there is to it.
    pub(super) fn meeting(&mut self, basis: &Basis, patch: &Patch) -> Result<Option<Met>, Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::Patch(error.to_string());
        let Basis { version, shown } = basis;
        if shown.is_empty() && *version == self.text.head() {
            return Ok(None);
        }
        let mut since = self.text.since(version).map_err(|error| fault(&error))?;
        if shown.is_empty() && !three_way::meet(&since.patch, patch) {
            return Ok(None);
        }
        let whole = since.text_then(self.text());
        let old = shown.apply(&whole).map_err(|error| fault(&error))?.text;
        if !shown.is_empty() {
            since = self.since_shown((since, basis), &old).map_err(|error| fault(&error))?;
        }
        debug_assert_eq!(since.text_then(self.text()), old, "it leads from there");
        Ok(Some(Met { old, now: self.text().to_owned(), since }))
    }

    /// What came since a version for who had before them what is shown of it. Where the log has
    /// come to that very text, that is what they had before them.
    fn since_shown(
        &mut self,
        (since, basis): (Since, &Basis),
        old: &str,
    ) -> Result<Since, PatchError> {
        let Basis { version, shown } = basis;
        if let Some(same) = self.shown_in_log(version, old)
            && let Ok(since) = self.text.since(&same)
        {
            return Ok(since.with_shown(shown));
        }
        let writers = self.text.attribution_at(version);
        since.of_shown(shown, (old, self.text()), &writers)
    }

    /// The version of the log that has the saves of this one and no others, if its text is this.
    fn shown_in_log(&self, version: &Version, text: &str) -> Option<Version> {
        let newest = version.extra().last().unwrap_or(version.prefix().checked_sub(1)?);
        let upto = self.settled_by(newest as usize, self.changes.get(newest as usize)?.place);
        let mut between = self.changes.indexed_from(version.prefix() as usize);
        let is_other = |change: &Change| {
            let kinds = [ChangeKind::Meant, ChangeKind::Difference];
            kinds.iter().all(|kind| change.kind != *kind as u8) && !change.is_merge_node()
        };
        let others = between.any(|(index, change)| {
            index < upto && !version.contains(index as u32) && is_other(change)
        });
        let same = Version::up_to(upto as u32);
        (!others && self.text.text_at(&same).is_ok_and(|it| it == text)).then_some(same)
    }

    /// Merges a change as its author meant it: which one it is then. It replaces what the author
    /// of this save made of the same text before, if one is given. On an error nothing changed.
    pub(super) fn merge_as_meant(
        &mut self,
        change: Change,
        basis: Basis,
        patch: &Patch,
        replaces: Option<&Edit>,
    ) -> Result<u32, Fault> {
        let (place, logged_ms) = (change.place, change.logged_ms);
        let (index, by_characters) = self.merge_decided(change, basis, patch, replaces)?;
        if let Some(merged) = by_characters {
            self.keep_lines((index, place, logged_ms), &merged);
        }
        Ok(index)
    }

    /// The same, but for what keeps its lines apart from those of others, where that is to be seen
    /// to: where nothing was decided, and all was merged character by character.
    pub(super) fn merge_decided(
        &mut self,
        change: Change,
        basis: Basis,
        patch: &Patch,
        replaces: Option<&Edit>,
    ) -> Result<(u32, Option<Merged>), Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::Patch(error.to_string());
        let whole = basis.whole(patch).map_err(|error| fault(&error))?;
        let is_logged = change.place != Place::START;
        let met = is_logged.then(|| self.meeting(&basis, patch)).transpose()?.flatten();
        let Some(met) = met else {
            let (index, merged) = self.merge_alone(change, basis.version, whole.patch)?;
            return Ok((index, Some(merged)));
        };
        patch.apply(&met.old).map_err(|error| fault(&error))?;
        // What the origin was not sent shows against nothing that somebody wrote there.
        let gives_way = change.kind == ChangeKind::Import as u8;
        let beside = self.beside(&basis.version, &met, patch, replaces);
        let beside = Beside { gives_way, ..beside };
        let own: BTreeSet<u32> = beside.own.keys().copied().collect();
        let parts: BTreeSet<u32> = beside.own_parts.keys().copied().collect();
        let back = self.comes_back(&basis.version, &met, (patch, replaces), &beside);
        let (index, merged) = self.merge_alone(change, basis.version, whole.patch.clone())?;
        let torn = self.torn(index, &met, patch);
        let meant = as_meant(&met.old, Beside { torn, ..beside }, patch);
        // Else what its author had before them may stand elsewhere than in its changes' text.
        let is_exact = basis.shown.is_empty();
        // What would not fit stays as merged by characters: after the merge nothing is refused.
        let longest = self.text().len() + met.now.len() + meant.instead.inserted().len();
        if is_exact && meant.decided.is_empty() || longest > limits::MERGED_BYTES {
            return Ok((index, Some(merged)));
        }
        // It is in the text, whatever comes of this: nobody may refuse it any more.
        let Ok(told) = meant.patch.apply(&met.now).map(|made| made.text) else {
            return Ok((index, Some(merged)));
        };
        let (is_exact, told) = match back.and_then(|it| carried_back(&it, &met.now, &told)) {
            Some(page) => (false, page),
            None => (is_exact, told),
        };
        if told == self.text() && (meant.by_chance || meant.decided.is_empty()) {
            return Ok((index, Some(merged)));
        }
        let instead = is_exact.then_some(&meant.instead);
        let decided = decided_of(&whole, &meant.decided);
        let put = self.put_instead(index, (&met.now, &told), (instead, decided));
        debug_assert!(put.is_ok(), "{put:?}");
        if put.is_err() {
            return Ok((index, Some(merged)));
        }
        // What stands at one place may stand there in another order.
        let order = diff::between(&told, self.text());
        let place = |at: &Range<u32>| grown(at, order.in_turn()).0;
        let bytes = self.text().len() as u32;
        let author = |by: u32| self.save_of(by);
        let last = author(index.saturating_sub(1));
        let others = |save: u32, newest: u32| !self.is_ones_own(save, newest);
        let by = (author, others, last);
        let overlaps = overlaps(&meant, &met.since, [&own, &parts], place, by);
        let hidden = hidden(&meant, place);
        self.changes.amend(index as usize, |change| {
            change.bytes = bytes;
            change.overlaps = overlaps;
            change.hidden = hidden;
        });
        Ok((index, None))
    }

    /// What its author had replaced with hunks of a save that they have withdrawn since, if any is
    /// shown: an edit by which it is as it was.
    fn comes_back(
        &self,
        version: &Version,
        met: &Met,
        save: (&Patch, Option<&Edit>),
        beside: &Beside<'_>,
    ) -> Option<Patch> {
        let some = !beside.withdrawn.is_empty();
        let spans = some.then(|| spans_of_hunks(&met.since))?;
        let back = self.replaced_before((version, &met.old), save, (beside, &spans));
        Some(back).filter(|back| !back.is_empty())
    }

    /// With all done that came of a save since the text was at a version: puts right where its
    /// passages are that are not shown, and tells those of a text that it was carried over from, by
    /// what it made of what is shown of the version that it was carried over onto.
    pub(super) fn tell_hidden(
        &mut self,
        save: u32,
        since: &Version,
        carried: Option<(&ThreeWay, &str)>,
    ) {
        let hides = self.changes.get(save as usize).is_some_and(|change| !change.hidden.is_empty());
        if !hides && carried.is_none() {
            return;
        }
        let done = self.text.since(since).map(|since| since.patch).unwrap_or_default();
        let own = self.closure(save);
        let beside = self.text.since(&own).map(|since| since.patch).unwrap_or_default();
        let place = |at: &Range<u32>, patch: &Patch| grown(at, patch.in_turn()).0;
        let bytes = self.text().len() as u32;
        let carried = carried.map(|(meant, made)| {
            let whole = self.text.text_at(&own).unwrap_or_default();
            let whole = diff::between(made, &whole);
            hidden(meant, |at| place(&place(at, &whole), &beside))
        });
        self.changes.amend(save as usize, |change| {
            for Hidden { at, elsewhere, .. } in &mut change.hidden {
                *at = place(at, &done);
                elsewhere.iter_mut().for_each(|at| *at = place(at, &done));
            }
            for (start, length, _) in &mut change.overlaps {
                let at = place(&(*start..*start + *length), &done);
                (*start, *length) = (at.start, at.end - at.start);
            }
            change.hidden.extend(carried.into_iter().flatten());
            debug_assert!(change.hidden.iter().all(|it| it.at.end <= bytes), "{change:?}");
        });
    }

    /// What others did since a version, beside which an edit of it is merged. What the log alone
    /// decided of changes that the version holds, and of those that they were decided against,
    /// yields to whoever saved on it: they had all of them before them.
    fn beside<'a>(
        &self,
        version: &Version,
        met: &'a Met,
        patch: &Patch,
        replaces: Option<&Edit>,
    ) -> Beside<'a> {
        let Met { old, now, since } = met;
        let decided = (0..).zip(&since.by);
        let decided = decided.filter(|(_, by)| by.iter().any(|by| self.is_meant(*by)));
        let decided = decided.map(|(hunk, _)| hunk).collect();
        let hides = self.hides((version, old), since);
        let spans = spans_of_hunks(since);
        let mut yields = self.yields(version, since);
        let own = self.own(version, (since, &spans), replaces);
        let Theirs { hunks: own, parts: own_parts } = own;
        let again = self.put_again((version, old, now), since);
        yield_with_origin(&mut yields, &hunks_of(&since.patch, &again));
        // What the log put in again of what the author had before them is not made anew.
        let theirs = |by: u32| {
            let meant = self.changes.get(by as usize).filter(|_| self.is_meant(by));
            meant.is_none_or(|meant| !version.contains(meant.about as u32))
        };
        let made = self.text.made_before(version, since, patch, theirs);
        let withdrawn = self.withdrawn((version, old), patch, replaces);
        let (patch, gives_way) = (&since.patch, false);
        let (puts_back, apart) = (self.puts_back(&since.spans), self.apart(&spans));
        Beside {
            patch,
            yields,
            own,
            own_parts,
            parts: self.parts(&spans),
            decided,
            hides,
            made,
            withdrawn,
            gives_way,
            creates: *version == Version::EMPTY,
            puts_back,
            apart,
            again,
            torn: BTreeSet::new(),
        }
    }

    /// Hunks of what came since a version that yield to whoever saved on it, those together that
    /// were decided together.
    fn yields(&self, version: &Version, since: &Since) -> Vec<BTreeSet<u32>> {
        // The first change that its author had not seen. Of what stands before it the log decided
        // against nothing else.
        let unseen = |index: &u32| !version.contains(*index) && !self.is_meant(*index);
        let seen_upto = (version.prefix()..self.changes.len() as u32).find(unseen);
        let seen = |by: &u32| {
            let about = self.changes.get(*by as usize).map(|change| change.about)?;
            let seen = seen_upto.is_none_or(|upto| about < upto.into());
            (seen && self.is_meant(*by)).then_some(about)
        };
        // What it put for a save, and somebody took away whom its author had not seen, stays away:
        // also where it was before.
        let undone = since.undone.iter().filter(|(_, by)| !by.iter().all(|by| seen(by).is_some()));
        let undone: BTreeSet<u64> = undone.filter_map(|(put, _)| seen(put)).collect();
        let mut yields: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        let mut stay = BTreeSet::new();
        for (hunk, by) in (0..).zip(&since.by) {
            let saves: Vec<Option<u64>> = by.iter().map(seen).collect();
            if saves.iter().any(|save| save.is_none_or(|save| undone.contains(&save))) {
                stay.insert(hunk);
            }
            // So does what the author had seen deleted, and was decided to stay.
            let restored = since.restored_by.get(hunk as usize).into_iter().flatten();
            for save in saves.into_iter().flatten().chain(restored.filter_map(seen)) {
                yields.entry(save).or_default().insert(hunk);
            }
        }
        let mut yields: Vec<BTreeSet<u32>> = yields.into_values().collect();
        yields.retain(|hunks| hunks.is_disjoint(&stay));
        // Nobody did what only differs from what the author was shown: they saw it decided, too.
        if since.is_of_shown() && since.spans.iter().any(|span| span.by.is_empty()) {
            yields.clear();
        }
        yields
    }

    /// Whether a change is what the log decided of a save.
    fn is_meant(&self, index: u32) -> bool {
        let change = self.changes.get(index as usize);
        change.is_some_and(|change| change.kind == ChangeKind::Meant as u8)
    }

    /// Whether somebody put something who had seen something go; what the log decided of a save is
    /// the save's. O(who put something, and what they had seen beyond a prefix).
    fn puts_back(&self, spans: &[SpanSince]) -> bool {
        let of = |gone: bool| {
            let spans = spans.iter().filter(move |span| span.came.is_empty() == gone);
            spans.flat_map(|span| &span.by).copied()
        };
        let is_meant = |by: &u32| self.save_of(*by) != *by;
        // What the log decided stands in place of what it was decided against.
        if of(true).chain(of(false)).any(|by| is_meant(&by)) {
            return true;
        }
        let gone: BTreeSet<u32> = of(true).collect();
        let Some(first) = gone.first() else { return false };
        of(false).collect::<BTreeSet<u32>>().into_iter().any(|put| {
            let base = self.text.history().base(put);
            base.is_some_and(|base| {
                *first < base.prefix() || base.extra().any(|change| gone.contains(&change))
            })
        })
    }

    /// Of hunks of what came since a version by which several put something, none of whom had seen
    /// another's, what each put: of what the hunk puts, in order. O(hunks and what they hold, and
    /// for each hunk the square of those who put something and had seen more than a prefix).
    fn parts(&self, hunks: &[&[SpanSince]]) -> BTreeMap<u32, Vec<Range<usize>>> {
        let of_hunk = |spans: &[SpanSince]| {
            let came = spans.iter().filter(|span| span.gone.is_empty());
            let came = came.filter_map(|span| Some((self.save_of(*span.by.first()?), &span.came)));
            let mut runs: Vec<(u32, Range<u32>)> = Vec::new();
            for (save, came) in came {
                match runs.last_mut() {
                    Some((last, run)) if *last == save => run.end = came.end,
                    _ => runs.push((save, came.clone())),
                }
                if runs.len() > limits::PARTS {
                    return None;
                }
            }
            let saves: BTreeSet<u32> = runs.iter().map(|(save, _)| *save).collect();
            // What the log decided of a save may be a part of what that put.
            let is_meant = |by: &u32| self.save_of(*by) != *by;
            let each = runs.len() > 1 && runs.len() == saves.len();
            let each = each && !spans.iter().flat_map(|span| &span.by).any(is_meant);
            let history = self.text.history();
            let saw = |one: &u32| history.had_seen(*one, saves.range(..*one).copied());
            let start = runs.first()?.1.start;
            let part = |run: &Range<u32>| (run.start - start) as usize..(run.end - start) as usize;
            let parts = runs.iter().map(|(_, run)| part(run)).collect();
            (each && !saves.iter().any(saw)).then_some(parts)
        };
        let hunks = (0..).zip(hunks);
        hunks.filter_map(|(hunk, spans)| Some((hunk, of_hunk(spans)?))).collect()
    }

    /// Hunks of what came since a version in which some took away and others put something, none of
    /// whom had seen the former; behind how much of what came that stood, in bytes. O(hunks and
    /// what they hold).
    fn apart(&self, hunks: &[&[SpanSince]]) -> BTreeMap<u32, usize> {
        let mut apart = BTreeMap::new();
        for (hunk, own) in (0..).zip(hunks) {
            let is_known = own.iter().all(|span| !span.by.is_empty());
            let of = |gone: bool| {
                let spans = own.iter().filter(move |span| span.came.is_empty() == gone);
                spans
                    .flat_map(|span| &span.by)
                    .map(|by| self.save_of(*by))
                    .collect::<BTreeSet<u32>>()
            };
            let took = of(true);
            if !is_known || took.is_empty() {
                continue;
            }
            let put = of(false);
            let two = !put.is_empty() && took.is_disjoint(&put);
            if two && !self.puts_back(own) {
                let before = own.iter().take_while(|span| span.gone.is_empty());
                apart.insert(hunk, before.map(|span| span.came.len()).sum());
            }
        }
        apart
    }

    /// Hunks of what came since a version by which the log shows another version of what was saved
    /// there. What stands elsewhere by now, or is held by what stands there, is none. O(hunks), and
    /// [`limits::SEARCHED_BYTES`].
    fn hides(&self, (version, old): (&Version, &str), since: &Since) -> BTreeSet<u32> {
        let mut left = limits::SEARCHED_BYTES;
        let mut is_told = |by: &u32, gone: &str| {
            let Some(change) = self.changes.get(*by as usize) else { return false };
            let save = change.about as u32;
            let aside = change.kind == ChangeKind::Meant as u8
                && version.contains(save)
                && self.made_for(save, ASIDE) == Some(*by);
            let told = self.changes.get(save as usize).filter(|_| aside);
            let mut told = told.into_iter().flat_map(|of| &of.hidden);
            told.any(|it| {
                left = left.saturating_sub(it.text.len());
                left > 0 && it.text.contains(gone)
            })
        };
        let hunks = (0..).zip(since.patch.edits().zip(&since.by));
        let hides = hunks.filter(|(_, ((at, gone, _), by))| {
            let gone = old.get(*at as usize..(at + gone) as usize).unwrap_or_default();
            !gone.is_empty() && by.iter().any(|by| is_told(by, gone))
        });
        hides.map(|(hunk, _)| hunk).collect()
    }

    /// Whether a change was made on a text that holds another one.
    pub(super) fn had_before(&self, change: u32, other: u32) -> bool {
        self.text.history().had_seen(change, [other])
    }

    /// Whether what a save and a newer one made of a text is the newer one's: its author made both
    /// of the same text, or had the older one before them.
    fn is_ones_own(&self, older: u32, newer: u32) -> bool {
        let of =
            |save: u32| Some((self.changes.get(save as usize)?, self.text.history().base(save)?));
        let same = of(older).zip(of(newer)).is_some_and(|((one, on), (other, base))| {
            base.contains(older) || base == on && one.is_by_author_of(other)
        });
        older == newer || same
    }

    /// The save that a change was made for: of what was decided of one, that one.
    pub(super) fn save_of(&self, index: u32) -> u32 {
        match self.changes.get(index as usize) {
            Some(change) if change.kind == ChangeKind::Meant as u8 => change.about as u32,
            _ => index,
        }
    }

    /// What the log took out of saves that a version holds and put in again, as far as that is the
    /// same. O(what went and came since).
    fn put_again(
        &self,
        (version, old, now): (&Version, &str, &str),
        since: &Since,
    ) -> Vec<PutAgain> {
        let about = |by: &u32| {
            let change = self.changes.get(*by as usize)?;
            let meant = change.kind == ChangeKind::Meant as u8;
            (meant && version.contains(change.about as u32)).then_some(change.about)
        };
        let mut of_saves: BTreeMap<u64, [Vec<Range<u32>>; 2]> = BTreeMap::new();
        for span in &since.spans {
            for save in span.by.iter().filter_map(about).collect::<BTreeSet<_>>() {
                let [gone, came] = of_saves.entry(save).or_default();
                let (of, part) = match span.came.is_empty() {
                    true => (gone, &span.gone),
                    false => (came, &span.came),
                };
                of.push(part.clone());
            }
        }
        let both = of_saves.values().filter(|[gone, came]| !gone.is_empty() && !came.is_empty());
        let mut again: Vec<PutAgain> =
            both.flat_map(|[gone, came]| same_of((old, gone), (now, came))).collect();
        for it in shown_elsewhere(old, since) {
            let meet = |one: &PutAgain| {
                let to = it.to..it.to + it.from.len() as u32;
                let there = one.to..one.to + one.from.len() as u32;
                one.from.start < it.from.end && it.from.start < one.from.end
                    || there.start < to.end && to.start < there.end
            };
            if !again.iter().any(meet) {
                again.push(it);
            }
        }
        again
    }

    /// Takes those hunks out of a save that was just merged that are decided otherwise, and puts in
    /// their place what is `meant`: of the page before it comes what was decided, but for the order
    /// of what stands at one place; that, too, where nothing else is known of it. On an error
    /// nothing of the save was taken out.
    fn put_instead(
        &mut self,
        save: u32,
        (page, told): (&str, &str),
        (meant, decided): (Option<&Patch>, Vec<u32>),
    ) -> Result<(), Fault> {
        let Some(of) = self.changes.get(save as usize).cloned() else { return Ok(()) };
        let instead = self.meant_of(&of, save, INSTEAD);
        if !decided.is_empty() {
            self.take_aside(save, decided)?;
        }
        let in_some_order = meant.is_some_and(Patch::is_empty);
        if self.text() == told || in_some_order && is_same_in_some_order(self.text(), told) {
            return Ok(());
        }
        let patch = match meant {
            Some(meant) => self.instead_of_hunks(save, (page, told), meant),
            None => diff::between(self.text(), told),
        };
        let put = self.merge_alone(instead, self.text.head(), patch).map(|_| ());
        if put.is_err() {
            self.let_decided_go(of.place, of.logged_ms, save);
        }
        put
    }

    /// Takes hunks of the whole text's edit out of a save that was just merged. On an error nothing
    /// was.
    pub(super) fn take_aside(&mut self, save: u32, hunks: Vec<u32>) -> Result<(), Fault> {
        let Some(of) = self.changes.get(save as usize).cloned() else { return Ok(()) };
        let aside = self.meant_of(&of, save, ASIDE);
        let (head, part) = (self.text.head(), Part::Edits(hunks.into()));
        let taken = self.text.suppress(aside.actor.0, &head, (save, part, true));
        taken.map_err(|error| Fault::Patch(error.to_string()))?;
        self.changes.push(Change { bytes: self.text().len() as u32, ..aside });
        Ok(())
    }

    /// The change of this name that is made for a save.
    fn meant_of(&self, of: &Change, save: u32, name: &str) -> Change {
        let actor = Actor::of(name, &[&of.actor.0.to_le_bytes()]);
        Change {
            note: of.note.clone(),
            time_ms: of.time_ms,
            about: save.into(),
            ..self.change(actor, of.place, of.logged_ms, ChangeKind::Meant)
        }
    }

    /// What is put in place of hunks that were taken out of a save, as an edit of the text without
    /// them.
    fn instead_of_hunks(&mut self, save: u32, (page, told): (&str, &str), of: &Patch) -> Patch {
        // From the page as it was before the save to what the other hunks have made of it.
        let since = self.text.since(&Version::up_to(save)).unwrap_or_default().patch;
        let removed = since.apply(page).map(|made| made.removed);
        let back = removed.and_then(|removed| since.inverse(&removed));
        let patch = back.map(|back| map_through(of, &back));
        // A merge by characters knows no lines: of what it left of the other hunks two may have
        // become one.
        let fits = |patch: &Patch| {
            patch.apply(self.text()).is_ok_and(|made| is_same_in_some_order(&made.text, told))
        };
        patch.ok().filter(fits).unwrap_or_else(|| diff::between(self.text(), told))
    }

    /// The whole save is about to be suppressed: with what stands in place of its hunks, and
    /// nothing of it may be taken back twice.
    pub(super) fn let_decided_go(&mut self, place: Place, logged_ms: u64, save: u32) {
        let aside = self.aside_of(save).map(|part| (save, part, false));
        let instead = self.instead_of(save).map(|instead| (instead, Part::All, true));
        self.set_decided(("aside gone", "instead gone"), (place, logged_ms), [aside, instead]);
    }

    /// Takes that back: the save was released.
    pub(super) fn decide_again(&mut self, place: Place, logged_ms: u64, save: u32) {
        let aside = self.aside_of(save).map(|part| (save, part, true));
        let instead = self.instead_of(save).map(|instead| (instead, Part::All, false));
        self.set_decided(("aside again", "instead again"), (place, logged_ms), [aside, instead]);
    }

    fn set_decided(
        &mut self,
        names: (&str, &str),
        (place, logged_ms): (Place, u64),
        parts: [Option<(u32, Part, bool)>; 2],
    ) {
        for (name, part) in [names.0, names.1].into_iter().zip(parts) {
            let Some((target, part, suppressed)) = part else { continue };
            let Some(of) = self.changes.get(target as usize) else { continue };
            let name = Actor::of(name, &[&of.actor.0.to_le_bytes(), &place.position.to_le_bytes()]);
            let change = self.change(name, place, logged_ms, ChangeKind::Meant);
            let head = self.text.head();
            // Where it is so already there is nothing to do.
            if self.text.suppress(name.0, &head, (target, part, suppressed)).is_ok() {
                let bytes = self.text().len() as u32;
                self.changes.push(Change { bytes, about: target.into(), ..change });
            }
        }
    }

    /// What stands on the page in place of hunks of a save, if something does.
    pub(super) fn instead_of(&self, save: u32) -> Option<u32> {
        self.made_for(save, INSTEAD)
    }

    /// Where the change with these dots met others, in the text that there is by now. O(changes
    /// since).
    #[must_use]
    pub fn meetings_of(&self, actor: Actor) -> Vec<Meeting> {
        let found = self.index_of(actor).and_then(|at| Some((at, self.changes.get(at as usize)?)));
        let Some((index, change)) = found else { return Vec::new() };
        let since = self.settled_by(index as usize, change.place)..self.changes.len();
        let since: Vec<Effects> = since.map(|later| self.effects(later as u32)).collect();
        let meeting = |(start, length, with): &(u32, u32, u32)| {
            let at = since
                .iter()
                .fold(*start..start + length, |at, effects| grown(&at, effects.iter().copied()).0);
            Meeting { start: at.start, length: at.end - at.start, with: *with }
        };
        change.overlaps.iter().map(meeting).collect()
    }

    /// The first change after those of a save's own entry.
    pub(super) fn settled_by(&self, save: usize, place: Place) -> usize {
        let later = self.changes.indexed_from(save + 1);
        save + 1 + later.take_while(|(_, change)| change.place == place).count()
    }

    /// Which hunks of a save are decided otherwise.
    pub(super) fn aside_of(&self, save: u32) -> Option<Part> {
        let aside = self.made_for(save, ASIDE)?;
        self.text.history().suppression(aside).map(|suppression| suppression.part.clone())
    }

    fn made_for(&self, save: u32, name: &str) -> Option<u32> {
        let of = self.changes.get(save as usize)?;
        self.index_of(Actor::of(name, &[&of.actor.0.to_le_bytes()]))
    }
}

/// Which hunks of the whole text's edit these of an edit of what is shown are, ascending.
pub(super) fn of_whole(of: &OfWhole, hunks: &[u32]) -> Vec<u32> {
    let all = hunks.iter().filter_map(|hunk| of.hunks.get(*hunk as usize)).cloned().flatten();
    all.collect::<BTreeSet<u32>>().into_iter().collect()
}

/// Which hunks of the whole text's edit are taken out where these of an edit of what is shown are
/// decided, ascending: all, where nothing else is known.
fn decided_of(whole: &OfWhole, decided: &[u32]) -> Vec<u32> {
    let mut hunks: BTreeSet<u32> = of_whole(whole, decided).into_iter().collect();
    let beside_put = (0..).zip(&whole.beside_put).filter(|(_, beside)| **beside);
    let beside_put: Vec<u32> = beside_put.map(|(hunk, _)| hunk).collect();
    hunks.extend(of_whole(whole, &beside_put));
    if hunks.is_empty() {
        hunks.extend(0..whole.patch.hunks().len() as u32);
    }
    hunks.into_iter().collect()
}

/// A text that came of one, with an edit of that one made in it, too, as far as that fits.
fn carried_back(back: &Patch, now: &str, told: &str) -> Option<String> {
    let mapped = map_through(back, &diff::between(told, now));
    mapped.apply(told).ok().map(|made| made.text)
}

/// What went and came by each hunk of what came since a version. O(hunks and what they hold).
fn spans_of_hunks(since: &Since) -> Vec<&[SpanSince]> {
    let mut spans = &since.spans[..];
    let places = since.patch.in_turn().map(|(place, _, came)| place + came);
    let of_hunk = since.patch.edits().zip(places).map(|((at, gone, _), upto)| {
        let within = |span: &&SpanSince| span.gone.end <= at + gone && span.came.end <= upto;
        let (own, rest) = spans.split_at(spans.iter().take_while(within).count());
        spans = rest;
        own
    });
    of_hunk.collect()
}

/// Whether two texts have the same lines, in any order, each of the same words in any order.
/// O(n log n) of the texts.
fn is_same_in_some_order(one: &str, two: &str) -> bool {
    let lines = |text: &str| {
        let words = |line: &str| {
            let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let mut lines: Vec<Vec<String>> = text.lines().map(words).collect();
        lines.sort_unstable();
        lines
    };
    one.len() == two.len() && (one == two || lines(one) == lines(two))
}

/// What the page does not show of a save, or by an import not of others.
fn hidden(meant: &ThreeWay, place: impl Fn(&Range<u32>) -> Range<u32>) -> Vec<Hidden> {
    let found = meant.met.iter().filter_map(|met| match &met.outcome {
        Outcome::Hidden(text) | Outcome::Replaced(text) => {
            let elsewhere = met.elsewhere.as_ref().map(&place);
            Some(Hidden { at: place(&met.range), text: text.clone(), elsewhere })
        }
        Outcome::Both | Outcome::Same | Outcome::Larger => None,
    });
    found.collect()
}

/// The passages that a save and others changed, and one of those others for each: a few, but all of
/// which others' version is hidden, since that one is its author then; with another one whose that
/// is, too, if it is not its author's alone.
fn overlaps(
    meant: &ThreeWay,
    since: &Since,
    [own, parts]: [&BTreeSet<u32>; 2],
    place: impl Fn(&Range<u32>) -> Range<u32>,
    (author, others, last): (impl Fn(u32) -> u32, impl Fn(u32, u32) -> bool, u32),
) -> Vec<(u32, u32, u32)> {
    let met = meant.met.iter().filter(|met| met.outcome != Outcome::Both);
    let told = met.filter_map(|met| {
        let hunks = (0..).zip(since.patch.edits().zip(&since.by));
        let there = hunks.filter(|(_, ((at, deleted, _), _))| {
            *at <= met.base.end && met.base.start <= at + deleted
        });
        let there: Vec<_> = there.map(|(hunk, (_, by))| (hunk, by)).collect();
        // Nobody is told of having replaced what they had written themselves.
        let hidden = matches!(met.outcome, Outcome::Hidden(_));
        let is_own = |hunk: &u32| own.contains(hunk) || !hidden && parts.contains(hunk);
        if !there.is_empty() && there.iter().all(|(hunk, _)| is_own(hunk)) {
            return None;
        }
        let by = there.iter().flat_map(|(_, by)| by.iter().copied());
        let by: BTreeSet<u32> = by.map(&author).collect();
        // Where it only differs from what the author was shown, it does so by what is there.
        let with = by.last().copied().unwrap_or(last);
        let hides = matches!(met.outcome, Outcome::Replaced(_));
        let another = by.into_iter().rev().find(|save| hides && others(*save, with));
        Some((hides, place(&met.range), [Some(with), another]))
    });
    let mut shown = 0;
    let few = told.filter(|(hides, ..)| {
        shown += usize::from(!hides);
        *hides || shown <= limits::OVERLAPS
    });
    let each = few.flat_map(|(_, at, saves)| {
        saves.into_iter().flatten().map(move |with| (at.start, at.end - at.start, with))
    });
    each.collect()
}

/// From which hunk of a patch to which one each text went. O(hunks, and for each text their log).
fn hunks_of(patch: &Patch, again: &[PutAgain]) -> Vec<(u32, u32)> {
    let base: Vec<(u32, u32)> = patch.edits().map(|(at, gone, _)| (at, at + gone)).collect();
    let new: Vec<u32> = patch.in_turn().map(|(place, ..)| place).collect();
    let hunks = again.iter().filter_map(|it| {
        let from = base.partition_point(|(_, end)| *end < it.from.end);
        let to = new.partition_point(|place| *place <= it.to).checked_sub(1)?;
        Some((from as u32, to as u32))
    });
    hunks.filter(|(from, to)| from != to).collect()
}

/// Where text was put stays what was, unless it yields where it was taken from, too: it would be
/// nowhere. O(hunks and texts), for each time that one keeps back another.
fn yield_with_origin(yields: &mut Vec<BTreeSet<u32>>, moves: &[(u32, u32)]) {
    loop {
        let all: BTreeSet<u32> = yields.iter().flatten().copied().collect();
        let stay = moves.iter().filter(|(from, _)| !all.contains(from));
        let stay: BTreeSet<u32> = stay.map(|(_, to)| *to).collect();
        let before = yields.len();
        yields.retain(|hunks| hunks.is_disjoint(&stay));
        if yields.len() == before {
            break;
        }
    }
}

/// Lines, or parts of some, that went since a version only in that its author was shown them
/// elsewhere: they came there, whole, and once. O(what went · what came), if that is little.
fn shown_elsewhere(old: &str, since: &Since) -> Vec<PutAgain> {
    if !since.is_of_shown() {
        return Vec::new();
    }
    let by_nobody = since.spans.iter().filter(|span| span.came.is_empty() && span.by.is_empty());
    let came: Vec<(u32, &str)> = since
        .patch
        .in_turn()
        .zip(since.patch.edits())
        .map(|((at, ..), (.., text))| (at, text))
        .collect();
    let lines = by_nobody.flat_map(|span| {
        let gone = old.get(span.gone.start as usize..span.gone.end as usize).unwrap_or_default();
        let mut start = span.gone.start;
        gone.split_inclusive('\n').map(move |line| {
            start += line.len() as u32;
            (start - line.len() as u32, line)
        })
    });
    let lines: Vec<(u32, &str)> = lines.collect();
    let bytes: usize = came.iter().map(|(_, came)| came.len()).sum();
    if lines.len().saturating_mul(bytes) > limits::SEARCHED_BYTES {
        return Vec::new();
    }
    let again = lines.into_iter().filter_map(|(start, line)| {
        let text = line.trim();
        let start = start + (line.len() - line.trim_start().len()) as u32;
        let is_whole = |came: &str, to: usize| {
            let (before, behind) = (&came[..to], &came[to + text.len()..]);
            !before.ends_with(char::is_alphanumeric) && !behind.starts_with(char::is_alphanumeric)
        };
        let found = |(at, came): &(u32, &str)| {
            let found = came.match_indices(text).filter(|(to, _)| is_whole(came, *to));
            found.map(|(to, _)| at + to as u32).collect::<Vec<u32>>()
        };
        let is_said = text.contains(char::is_alphanumeric);
        let places: Vec<u32> = came.iter().filter(|_| is_said).flat_map(found).take(2).collect();
        let &[to] = places.as_slice() else { return None };
        Some(PutAgain { from: start..start + text.len() as u32, to })
    });
    again.collect()
}

/// What parts of one text have in common with parts of another one.
fn same_of(
    (old, gone): (&str, &[Range<u32>]),
    (new, came): (&str, &[Range<u32>]),
) -> Vec<PutAgain> {
    let text = |of: &str, parts: &[Range<u32>]| -> Option<String> {
        let part = |part: &Range<u32>| of.get(part.start as usize..part.end as usize);
        parts.iter().map(part).collect()
    };
    let Some((then, now)) = text(old, gone).zip(text(new, came)) else { return Vec::new() };
    let (mut gone, mut came) = (Places::of(gone), Places::of(came));
    let mut same = Vec::new();
    let (mut at, mut to) = (0, 0);
    let patch = diff::between(&then, &now);
    let end = (then.len() as u32, 0, "");
    for (start, deleted, inserted) in patch.edits().chain([end]) {
        while at < start {
            let len = (start - at).min(gone.left(at)).min(came.left(to));
            let from = gone.place(at);
            let words = then[at as usize..(at + len) as usize].contains(char::is_alphanumeric);
            if words {
                same.push(PutAgain { from: from..from + len, to: came.place(to) });
            }
            (at, to) = (at + len, to + len);
        }
        (at, to) = (at + deleted, to + inserted.len() as u32);
    }
    same
}

/// Where what stands in parts of a text stands in the text; asked in order.
struct Places<'a> {
    parts: &'a [Range<u32>],
    /// How much is in the parts before.
    before: u32,
}

impl<'a> Places<'a> {
    fn of(parts: &'a [Range<u32>]) -> Self {
        Self { parts, before: 0 }
    }

    /// Goes on to the part that has a place.
    fn part(&mut self, at: u32) -> &'a Range<u32> {
        while let [part, _, ..] = self.parts
            && self.before + (part.end - part.start) <= at
        {
            self.before += part.end - part.start;
            self.parts = &self.parts[1..];
        }
        &self.parts[0]
    }

    fn place(&mut self, at: u32) -> u32 {
        self.part(at).start + at - self.before
    }

    /// How much of that part is left from a place on.
    fn left(&mut self, at: u32) -> u32 {
        let part = self.part(at);
        (part.end - part.start + self.before).saturating_sub(at).max(1)
    }
}
