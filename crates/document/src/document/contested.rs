//! Passages that saves of a view changed differently: of each, one writer's version shows, whole.
//!
//! A merge by characters shows both, glued. Which one the page will show only the log decides;
//! until it does, a view shows one and tells of the others. Which one does not depend on the order
//! in which a view came to know them: where the log has one, that one; else the one on which
//! somebody has gone on, of two such the one of who did so last; else the one that was accepted
//! first. It is shown by leaving the others' words out of the text ([`HiddenRanges`]), where that
//! is all that it takes: what somebody deleted does not come back. Must never leave out what it
//! does not tell.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

use redwedding_text::attribution::{Run, Source};
use redwedding_text::shown::{self, Hidden as HiddenRange};
use redwedding_text::{Patch, Version, diff, grown};
use redwedding_wire::identity::Actor;

use super::alternatives::Alternative;
use super::hidden::{AsLogged, Conflict, HiddenRanges};
use super::state::State;
use crate::{limits, passage};

/// A passage of a view of which it shows one of several versions.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Contested {
    /// Where, in the whole text.
    pub(super) at: Range<u32>,
    /// The versions that are not shown, each with its newest save.
    pub(super) others: Vec<(u32, String)>,
}

impl Contested {
    fn meets(&self, at: &Range<u32>) -> bool {
        self.at.start <= at.end && at.start <= self.at.end
    }
}

/// All of a view.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AllContested {
    pub(super) passages: Vec<Contested>,
    /// What is hidden of the text for their sake.
    pub(super) hides: HiddenRanges,
}

/// What is known of the making of a text and of its last save.
struct Made<'a> {
    save: u32,
    version: &'a Version,
    /// What its author had not before them, in the text now.
    not_seen: &'a HiddenRanges,
    runs: &'a [Run],
}

/// One of two versions of a passage.
struct Side {
    text: String,
    /// The same with what is around it and not apart from it.
    whole: String,
    /// The changes that made it what it is,
    by: BTreeSet<u32>,
    /// and those on which these go on.
    on: BTreeSet<u32>,
}

/// A part of a passage, in the whole text.
struct Part {
    at: Range<u32>,
    /// Whether it is in the version that shows beside the last save, and in that save's own.
    of: [bool; 2],
    /// Whether it is hidden now for another one's sake.
    hidden: bool,
    by: Option<u32>,
}

impl AllContested {
    /// They are where they are after the changes from an index on.
    pub(super) fn shift(&mut self, state: &State, from: u32) {
        self.hides.shift(state, from);
        for change in from..state.changes.len() as u32 {
            for passage in &mut self.passages {
                passage.at = grown(&passage.at, state.text.effects(change)).0;
            }
        }
    }

    /// Decides which version of a passage shows that the last change, a save, and others changed
    /// differently. Nothing where neither can be shown by leaving out words. What came with the
    /// `confirmed` changes stands. O(text and its making).
    pub(super) fn decide(
        &mut self,
        (state, confirmed): (&mut State, usize),
        hidden: &mut HiddenRanges,
        log: &AsLogged,
    ) {
        let AsLogged { text: logged, conflicts, seen, .. } = log;
        if conflicts.is_empty() {
            return;
        }
        let save = state.changes.len() as u32 - 1;
        let mut not_seen = HiddenRanges::of_stated(&seen.not_seen);
        if !not_seen.is_nothing() {
            let Ok(since) = state.text.since(&seen.version) else { return };
            not_seen.edited(since.patch.in_turn());
        }
        let runs = state.text.attribution();
        for conflict in conflicts {
            let Some(shown) = hidden.without(state.text()) else { return };
            let [in_log, in_shown] = around(&conflict.at, &diff::between(logged, &shown));
            let at = hidden.whole(in_shown.start, true)..hidden.whole(in_shown.end, false);
            let made = Made { save, version: &seen.version, not_seen: &not_seen, runs: &runs };
            let parts = self.parts(&at, hidden, &made);
            let there = self.passages.iter().filter(|it| it.meets(&at));
            let noted = there.flat_map(|it| &it.others).map(|(save, _)| *save).collect();
            let mut sides = sides((logged, &in_log), (save, &noted), &parts, conflict);
            let mut by = sides[0].by.iter().chain(&conflict.by);
            let stands = by.any(|by| (*by as usize) < confirmed);
            for side in sides.iter_mut().filter(|_| !stands) {
                let on = side.by.iter().flat_map(|by| goes_on(state, *by, confirmed));
                side.on = on.collect();
            }
            if let Some(shows) = which(state, stands, &parts, &sides) {
                self.show(state, hidden, (&at, shows), (&parts, &sides));
            }
        }
    }

    /// The parts of a passage, each of one change and either hidden or not.
    fn parts(&self, at: &Range<u32>, hidden: &HiddenRanges, made: &Made<'_>) -> Vec<Part> {
        let Made { save, version, not_seen, runs } = *made;
        let mut parts = Vec::new();
        let mut end = 0;
        for run in runs {
            let (mut from, upto) = (at.start.max(end), at.end.min(end + run.len));
            end += run.len;
            let by = match run.source {
                Source::Change(change) => Some(change),
                Source::Below(_) => None,
            };
            let is_in = by.is_none_or(|by| by == save || version.contains(by));
            while from < upto {
                let edges = [hidden, &self.hides, not_seen].map(|of| of.next_edge(from));
                let to = edges.into_iter().fold(upto, u32::min);
                let (is_shown, for_other) = (!hidden.has(from), self.hides.has(from));
                let had = is_in && !not_seen.has(from);
                let of = [is_shown && by != Some(save), (is_shown || for_other) && had];
                parts.push(Part { at: from..to, of, hidden: for_other, by });
                from = to;
            }
        }
        parts
    }

    /// Shows one of two versions of a passage, unless too much would have to be hidden.
    fn show(
        &mut self,
        state: &State,
        hidden: &mut HiddenRanges,
        (at, shows): (&Range<u32>, usize),
        (parts, sides): (&[Part], &[Side; 2]),
    ) {
        let (mut now, mut hides) = (hidden.clone(), self.hides.clone());
        for part in parts {
            match (part.of[shows], part.of[1 - shows]) {
                (true, _) if part.hidden => {
                    now.remove(&part.at);
                    hides.remove(&part.at);
                }
                (false, true) if !part.hidden => {
                    now.add_ranges(vec![part.at.clone()]);
                    hides.add_ranges(vec![part.at.clone()]);
                }
                _ => {}
            }
        }
        let (kept, others) = (&sides[shows], &sides[1 - shows]);
        if now.ranges().len() > limits::HIDDEN_RANGES {
            return;
        }
        (*hidden, self.hides) = (now, hides);
        let newest = others.by.iter().max_by_key(|by| rank(state, **by)).copied();
        let mut passage = Contested { at: at.clone(), others: Vec::new() };
        for it in self.passages.extract_if(.., |it| it.meets(at)) {
            passage.at = passage.at.start.min(it.at.start)..passage.at.end.max(it.at.end);
            passage.others.extend(it.others);
        }
        let is_of = |side: &Side, save: u32| side.by.contains(&save) || side.on.contains(&save);
        passage.others.retain(|(save, _)| !is_of(kept, *save) && !is_of(others, *save));
        passage.others.extend(newest.map(|save| (save, others.text.clone())));
        let place = self.passages.partition_point(|it| it.at.start < passage.at.start);
        self.passages.insert(place, passage);
    }

    /// What is not shown, where it is in what is shown of the text.
    pub(super) fn alternatives<'a>(
        &'a self,
        state: &'a State,
        (shown, hidden): (&str, &[HiddenRange]),
    ) -> Vec<Alternative<'a>> {
        let place = |at: &Range<u32>| {
            let (start, length) = shown::left_of(at.start, at.end - at.start, hidden);
            start..start + length
        };
        let alternative = |save: u32, at: &Range<u32>, text: &'a str| {
            let change = state.changes.get(save as usize)?;
            let (save, at) = (save as usize, place(at));
            Some(Alternative { name: None, save, change, at, text, elsewhere: None })
        };
        let mut all = Vec::new();
        for Contested { at, others } in &self.passages {
            let other = |(save, text): &'a (u32, String)| alternative(*save, at, text);
            all.extend(others.iter().filter_map(other));
        }
        // What came into a version since is not in what was noted of it.
        let last = state.changes.len() as u32;
        for at in self.hides.ranges() {
            let part = state.text().get(at.start as usize..at.end as usize).unwrap_or_default();
            let noted = self.passages.iter().flat_map(|it| &it.others);
            let left = noted.fold(part.to_owned(), |left, (_, text)| match text.trim() {
                "" => left,
                text if text.contains(left.trim()) => String::new(),
                text => left.replace(text, " "),
            });
            if !left.trim().is_empty() {
                all.extend(alternative(last.saturating_sub(1), at, part));
            }
        }
        all.retain(|it| {
            let at = it.at.start as usize..it.at.end as usize;
            !passage::stands(shown, &at, it.text)
        });
        all
    }
}

/// The version that the log will show of a passage, and a save's own.
fn sides(
    (logged, in_log): (&str, &Range<u32>),
    (save, noted): (u32, &BTreeSet<u32>),
    parts: &[Part],
    conflict: &Conflict,
) -> [Side; 2] {
    let cut = |at: Range<u32>| logged.get(at.start as usize..at.end as usize).unwrap_or_default();
    let Conflict { at, text, by } = conflict;
    let whole = |text: &str| [cut(in_log.start..at.start), text, cut(at.end..in_log.end)].concat();
    let made = |side: usize| -> BTreeSet<u32> {
        let alone = parts.iter().filter(|part| part.of[side] && !part.of[1 - side]);
        alone.filter_map(|part| part.by).collect()
    };
    let (mut first_by, mut second_by) = (made(0), made(1));
    second_by.insert(save);
    // Who took away what others took, too, and put something else there, is none of them.
    if first_by.is_empty() {
        first_by.extend(by.difference(&second_by).filter(|by| !noted.contains(by)));
    }
    let side = |text: &str, by| Side {
        text: text.to_owned(),
        whole: whole(text),
        by,
        on: BTreeSet::new(),
    };
    [side(cut(at.clone()), first_by), side(text, second_by)]
}

/// Which of two versions shows, of those that can; or whether the first one `stands`.
fn which(state: &State, stands: bool, parts: &[Part], sides: &[Side; 2]) -> Option<usize> {
    let can = [0, 1].map(|side| {
        let text = |part: &&Part| part.of[side];
        let text: String = parts.iter().filter(text).filter_map(|part| part.of(state)).collect();
        text == sides[side].whole
    });
    if stands {
        return can[0].then_some(0);
    }
    let better = usize::from(compare(state, &sides[1], &sides[0]) == Ordering::Less);
    [better, 1 - better].into_iter().find(|side| can[*side])
}

/// Which of two versions is to be shown: the less.
fn compare(state: &State, one: &Side, other: &Side) -> Ordering {
    let is_built = |side: &Side, other: &Side| {
        let had = |save: u32| {
            let mut bases = other.by.iter().filter_map(|by| state.text.history().base(*by));
            other.by.contains(&save) || bases.any(|base| base.contains(save))
        };
        side.on.iter().any(|save| !had(*save))
    };
    let ranks = |side: &Side| -> Vec<_> { side.by.iter().map(|by| rank(state, *by)).collect() };
    let [first, second] = [one, other].map(ranks);
    match [is_built(one, other), is_built(other, one)] {
        [true, true] => second.iter().max().cmp(&first.iter().max()),
        [false, false] => first.iter().min().cmp(&second.iter().min()),
        [true, false] => Ordering::Less,
        [false, true] => Ordering::Greater,
    }
}

/// The changes beyond the confirmed ones in whose text a change deletes or puts something. O(text
/// and its making).
fn goes_on(state: &State, change: u32, confirmed: usize) -> BTreeSet<u32> {
    let history = state.text.history();
    let known = history.base(change).zip(history.patch(change));
    let is_beyond = |base: &Version| {
        let newest = base.extra().last().map_or(base.prefix(), |last| last + 1);
        newest as usize > confirmed
    };
    let Some((base, patch)) = known.filter(|(base, _)| is_beyond(base)) else {
        return BTreeSet::new();
    };
    let mut end = 0;
    let runs = state.text.attribution_at(&base).into_iter().map(|run| {
        end += run.len;
        (end - run.len..end, run.source)
    });
    let of = runs.filter_map(|(at, source)| match source {
        Source::Change(by) if by as usize >= confirmed => Some((at, by)),
        _ => None,
    });
    let touched = of.filter(|(at, _)| {
        let mut edits = patch.edits();
        edits.any(|(start, gone, _)| at.start <= start + gone && start <= at.end)
    });
    touched.map(|(_, by)| by).collect()
}

/// When a save was accepted, and its dots, where that was at once.
fn rank(state: &State, change: u32) -> (u64, Actor) {
    let of = state.changes.get(change as usize);
    of.map_or((0, Actor::default()), |of| (of.time_ms, of.actor))
}

impl Part {
    fn of<'a>(&self, state: &'a State) -> Option<&'a str> {
        state.text().get(self.at.start as usize..self.at.end as usize)
    }
}

/// A passage with all that an edit changes in it or beside it, in the text and in what comes of it.
fn around(at: &Range<u32>, edit: &Patch) -> [Range<u32>; 2] {
    let (mut whole, mut before, mut within) = (at.clone(), 0, 0);
    for (start, gone, came) in edit.edits() {
        let more = i64::from(came.len() as u32) - i64::from(gone);
        if start + gone < at.start {
            before += more;
        } else if start <= whole.end {
            whole = whole.start.min(start)..whole.end.max(start + gone);
            within += more;
        }
    }
    let place = |at: u32, by: i64| (i64::from(at) + by).max(0) as u32;
    let made = place(whole.start, before)..place(whole.end, before + within);
    [whole, made]
}
