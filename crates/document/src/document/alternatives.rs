//! Versions of passages that the page does not show, and what becomes of them.
//!
//! A change says what of it is not shown, and where. Such a version is open, an alternative, until
//! somebody who could see it decides: who brings it into the page, or writes the most of the
//! passage anew. What a save decided of those that were open before it is found when the log folds
//! it, and stands with it (`Settled`): choosing one version of a passage ends the choice, whatever
//! is made of the passage later, and a passage that is moved takes its versions along. Must never
//! close what its author could not know to be there.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use redwedding_text::{Patch, Version, grown, shown};

use super::change::{OpenBelow, Settled};
use super::effects::Effects;
use super::open::{AllOpen, Closed, Open};
use super::three_way::of_whole;
use super::{Change, ChangeKind, Hidden, State};
use crate::entry::{AlternativeName, Edit};
use crate::{limits, passage};

/// What somebody made of a passage of which the page shows another version.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative<'a> {
    /// Its name; `None` where the log has not decided that it is one.
    pub name: Option<AlternativeName>,
    /// The index of the save,
    pub save: usize,
    /// and what is known of it.
    pub change: &'a Change,
    /// The passage, in the text that there is; empty where the page shows nothing there.
    pub at: Range<u32>,
    /// What the save made of it; empty where it deleted it.
    pub text: &'a str,
    /// Where the same lines stand in the text that there is, if the save had moved them here: who
    /// uses this version takes them away there.
    pub elsewhere: Option<Range<u32>>,
}

/// What there was before a save, where something was open.
pub(super) struct BeforeSave {
    text: String,
    changes: usize,
}

impl State {
    /// Passages of which somebody wrote another version than the page shows, which nobody who could
    /// see it wrote anew, and where that version does not stand by now: oldest save first.
    /// O(changes since the last that the log folded, and what is open).
    #[must_use]
    pub fn alternatives(&self) -> Vec<Alternative<'_>> {
        let open = self.open_upto(self.changes.len());
        let mut found: Vec<_> = self.versions_of(&open).collect();
        for (_, it) in &mut found {
            it.elsewhere.take_if(|at| at.start == at.end);
        }
        // Who keeps both leaves the passage as it was.
        found.retain(|(_, it)| {
            let at = it.at.start as usize..it.at.end as usize;
            !passage::stands(self.text(), &at, it.text)
        });
        tell_once(&mut found);
        found.into_iter().map(|(_, it)| it).collect()
    }

    /// What will be open of what lies below a floor that is about to be moved up: the newest
    /// [`limits::OPEN_BELOW`]; those before are in the history alone.
    pub(super) fn open_at(&self, floor: usize) -> Vec<Arc<OpenBelow>> {
        let open = self.open_upto(floor);
        let mut told: Vec<_> = self.versions_of(&open).collect();
        tell_once(&mut told);
        let excess = told.len().saturating_sub(limits::OPEN_BELOW);
        let kept = told.into_iter().skip(excess).map(|(of, it)| {
            let change = Change {
                overlaps: Vec::new(),
                hidden: Vec::new(),
                settles: Vec::new(),
                ..it.change.clone()
            };
            let (save, change) = (it.save as u32, Arc::new(change));
            let text = it.text.to_owned();
            let (at, elsewhere) = (it.at, it.elsewhere);
            Arc::new(OpenBelow { of, save, change, at, text, elsewhere })
        });
        kept.collect()
    }

    /// Those, with what is known of them.
    fn versions_of<'a>(
        &'a self,
        open: &AllOpen,
    ) -> impl Iterator<Item = ((u32, u32), Alternative<'a>)> {
        open.found.iter().filter_map(|open| {
            let (change, text) = self.version_of_open(open)?;
            let (name, save, at) = (self.name_of(open), open.save, open.at.clone());
            let elsewhere = open.elsewhere.clone();
            Some((open.of, Alternative { name, save, change, at, text, elsewhere }))
        })
    }

    /// What is kept of one that lies below the floor.
    fn below(&self, open: &Open) -> Option<&OpenBelow> {
        let lies_below = (open.of.0 as usize) < self.changes.floor();
        let mut kept = self.open_below.iter().filter(|_| lies_below);
        kept.find(|it| it.of == open.of).map(Arc::as_ref)
    }

    fn name_of(&self, open: &Open) -> Option<AlternativeName> {
        let (of, number) = open.of;
        let below = self.below(open).map(|it| &it.change);
        let by = below.or_else(|| self.changes.get(of as usize)).map(|change| change.actor)?;
        Some(AlternativeName { by, number })
    }

    /// The save that made a version, and what it made.
    fn version_of_open(&self, open: &Open) -> Option<(&Change, &str)> {
        if let Some(it) = self.below(open) {
            return Some((&it.change, &it.text));
        }
        let of = self.changes.get(open.of.0 as usize)?;
        let text = &of.hidden.get(open.of.1 as usize)?.text;
        Some((self.changes.get(open.save)?, text))
    }

    /// Those that are open before a change, whether their version stands by now or not.
    pub(super) fn open_upto(&self, end: usize) -> AllOpen {
        let mut open = match self.open.upto {
            0 => self.open_at_floor(),
            upto if upto > end => self.open_at_floor(),
            _ => self.open.clone(),
        };
        self.go_on(&mut open, end);
        open
    }

    /// What a save that is about to be folded may decide about; `None` where nothing is open.
    pub(super) fn before_save(&mut self) -> Option<BeforeSave> {
        let mut open = std::mem::take(&mut self.open);
        if open.upto == 0 {
            open = self.open_at_floor();
        }
        self.go_on(&mut open, self.changes.len());
        self.open = open;
        let AllOpen { found, closed, .. } = &self.open;
        let any = !found.is_empty() || !closed.is_empty();
        any.then(|| BeforeSave { text: self.text().to_owned(), changes: self.changes.len() })
    }

    /// A save that was just merged chose a version that another choice, which its author had not
    /// seen, had chosen before it: where the two differ the first stands, whole, and the second is
    /// an alternative of it.
    pub(super) fn yield_to_choice(&mut self, edit: &Edit, shown: &Patch) {
        let save = self.open.upto as u32;
        let Some((at, hunks, text)) = self.chosen_before(save, edit, shown) else { return };
        let Ok(whole) = shown::of_whole(&edit.delta.patch, shown) else { return };
        let hunks = of_whole(&whole, &hunks);
        if hunks.is_empty() {
            // It changed nothing but what a view had put there, and that is gone.
            return;
        }
        let taken = self.take_aside(save, hunks);
        debug_assert!(taken.is_ok(), "{taken:?}");
        if taken.is_err() {
            // Both stand then, and nothing is lost.
            return;
        }
        let edits = self.edits_of(save as usize..self.changes.len());
        let at = tight(self.text(), grown(&at, edits.iter().copied()).0);
        self.changes.amend(save as usize, |change| {
            change.hidden.push(Hidden { at, text, elsewhere: None })
        });
    }

    /// The passage of which a save chose a version that was chosen already, before the save, the
    /// save's hunks that did so, and what its author made of the passage.
    fn chosen_before(
        &self,
        save: u32,
        edit: &Edit,
        shown: &Patch,
    ) -> Option<(Range<u32>, Vec<u32>, String)> {
        let base = self.text.history().base(save)?;
        // Of others nothing was decided, as where two choose the same.
        let alone = self.aside_of(save).is_none() && self.instead_of(save).is_none();
        let patch = &edit.delta.patch;
        let unseen = self.open.closed.iter().filter(|it| {
            alone && !base.contains(it.by as u32) && base.contains(it.open.save as u32)
        });
        unseen.rev().find_map(|it| {
            // Both saw the page alike: else nothing tells that they speak of one passage.
            let seen = shown.apply(&self.text.text_at(&base).ok()?).ok()?.text;
            let then = self.text.text_at(&Version::up_to(it.by as u32)).ok()?;
            let made = patch.apply(&seen).ok().filter(|_| seen == then)?.text;
            let edits: Vec<_> = patch.in_turn().collect();
            let own = widened(&it.before, &edits)?;
            let (_, version) = self.version_of_open(&it.open)?;
            let kept = grown(&it.before, edits.iter().copied()).0;
            let chose = [&kept, &own]
                .into_iter()
                .any(|at| passage::stands(&made, &(at.start as usize..at.end as usize), version));
            let text = made.get(own.start as usize..own.end as usize)?.trim_matches(' ');
            let shown = self.text().get(it.open.at.start as usize..it.open.at.end as usize);
            let near = (0..).zip(patch.edits()).filter(|(_, (start, gone, _))| {
                *start <= it.before.end + SPACE && it.before.start <= start + gone + SPACE
            });
            let hunks = near.map(|(hunk, _)| hunk).collect();
            let same = shown.is_some_and(|shown| shown.trim_matches(' ') == text);
            (chose && !same).then(|| (it.open.at.clone(), hunks, text.to_owned()))
        })
    }

    /// With a save folded: notes what its author decided of what was open. O(what was open, and the
    /// text where the save comes near one).
    pub(super) fn settle(&mut self, before: &BeforeSave, edit: &Edit) {
        let save = before.changes;
        let mut settles = Vec::new();
        if let Some(closes) = &edit.closes {
            let named = |open: &&Open| self.name_of(open).is_some_and(|it| closes.0.contains(&it));
            let closed = self.open.found.iter().filter(named);
            settles.extend(closed.map(|open| Settled { of: open.of, at: None }));
        }
        settles.extend(self.decided(before, &settles));
        if !settles.is_empty() {
            self.changes.amend(save, |change| change.settles = settles);
        }
    }

    /// What follows for what was open from what a save made of the text, but for those that it
    /// closes by name.
    fn decided(&self, before: &BeforeSave, closed: &[Settled]) -> Vec<Settled> {
        let save = before.changes;
        let Some(base) = self.text.history().base(save as u32) else { return Vec::new() };
        let shows_all = self.changes.get(save).is_some_and(|of| of.hidden.is_empty());
        let edits = self.edits_of(save..self.changes.len());
        let undone = self.undone(&base, &edits);
        let near: Vec<(&Open, Range<u32>)> = self
            .open
            .found
            .iter()
            .rev()
            .take(limits::OPEN_BELOW)
            .filter(|open| base.contains(open.save as u32))
            .filter(|open| closed.iter().all(|it| it.of != open.of))
            .filter_map(|open| {
                let now = widened(&open.at, &edits)?;
                let then = before.text.get(open.at.start as usize..open.at.end as usize)?;
                let loose = then.starts_with(' ') || then.ends_with(' ');
                Some((open, if loose { now } else { tight(self.text(), now) }))
            })
            .collect();
        if near.is_empty() {
            return undone;
        }
        let stands = |text: &str, at: &Range<u32>, open: &Open| {
            let version = self.version_of_open(open).map(|(_, version)| version);
            let at = at.start as usize..at.end as usize;
            version.is_some_and(|version| passage::stands(text, &at, version))
        };
        // Who keeps both leaves the passage as it was, with the other beside it.
        let kept = |open: &Open| grown(&open.at, edits.iter().copied()).0;
        let chosen = near.iter().filter(|(open, now)| {
            let stands_now = [&kept(open), now].into_iter().any(|at| stands(self.text(), at, open));
            stands_now && !stands(&before.text, &open.at, open)
        });
        let chosen: Vec<&Open> = chosen.map(|(open, _)| *open).collect();
        let is_kept = |open: &Open| {
            let [then, now] = [(&*before.text, open.at.clone()), (self.text(), kept(open))]
                .map(|(text, at)| text.get(at.start as usize..at.end as usize));
            !open.at.is_empty() && then == now
        };
        let settled = near.iter().filter_map(|(open, now)| {
            let at = match chosen.iter().find(|it| meet(&it.at, &open.at)) {
                Some(it) if it.of == open.of => None,
                // What was chosen stands in place of all versions of what it replaced.
                Some(it) if !is_kept(it) && holds(&it.at, &open.at) => None,
                Some(_) if is_anew(&open.at, &edits) => None,
                Some(_) => Some(now.clone()),
                None if !shows_all || !is_anew(&open.at, &edits) => return None,
                None => Some(moved(&open.at, (&before.text, self.text()))?),
            };
            Some(Settled { of: open.of, at })
        });
        settled.chain(undone).collect()
    }

    /// The save that made what a change says is not shown: it itself, but where it is an import,
    /// against which others' versions are not.
    fn author_of(&self, hidden: &Hidden, by: (usize, &Change)) -> usize {
        let with = kept_off(hidden, by.1).next();
        with.filter(|with| self.changes.get(*with).is_some()).unwrap_or(by.0)
    }

    /// Whether a version is its author's alone: what an import keeps off the page may be several
    /// people's.
    fn is_of_one(&self, open: &Open) -> bool {
        let (by, number) = (open.of.0 as usize, open.of.1 as usize);
        let by = self.changes.get(by);
        by.is_some_and(|by| by.hidden.get(number).is_some_and(|it| kept_off(it, by).count() < 2))
    }

    /// What a change closed that chose between versions, by changing the passage.
    fn closed(&self, open: Open, index: usize, change: &Change) -> Option<Closed> {
        change.settles.iter().find(|it| it.of == open.of && it.at.is_none())?;
        let settled = self.settled_by(index, change.place);
        let edits = self.edits_of(index..settled);
        let (at, before) = (widened(&open.at, &edits)?, open.at.clone());
        let elsewhere = open.elsewhere.as_ref().map(|at| grown(at, edits.iter().copied()).0);
        Some(Closed { open: Open { at, elsewhere, settled, ..open }, by: index, before })
    }

    /// Goes on with those that were closed: what a change opens again, and where the others are.
    fn open_again(&self, open: &mut AllOpen, (index, change): (usize, &Change), effects: &Effects) {
        let AllOpen { found, closed, .. } = open;
        closed.retain_mut(|it| {
            if it.open.settled > index {
                return true;
            }
            let opened = change.settles.iter().find(|settled| settled.of == it.open.of);
            if let Some(at) = opened.and_then(|settled| settled.at.clone()) {
                let settled = self.settled_by(index, change.place);
                // What was taken away from there is put back, too.
                let edits = self.edits_of(index..settled);
                let back = |at: &Range<u32>| {
                    widened(at, &edits).unwrap_or_else(|| grown(at, edits.iter().copied()).0)
                };
                let elsewhere = it.open.elsewhere.as_ref().map(back);
                found.push(Open { at, elsewhere, settled, ..it.open.clone() });
                return false;
            }
            it.open.follow(effects);
            true
        });
    }

    /// What some changes made of the text, in turn.
    fn edits_of(&self, made: Range<usize>) -> Effects {
        made.flat_map(|index| self.effects(index as u32)).collect()
    }

    /// Those that are open again, since whoever had seen the choice put the passage back as it was.
    fn undone(&self, base: &Version, edits: &[(u32, u32, u32)]) -> Vec<Settled> {
        let seen = self.open.closed.iter().filter(|it| base.contains(it.by as u32));
        let undone = seen.filter_map(|it| {
            let now = widened(&it.open.at, edits)?;
            let then = self.text.text_at(&Version::up_to(it.by as u32)).ok()?;
            let shown = then.get(it.before.start as usize..it.before.end as usize)?;
            let kept = grown(&it.open.at, edits.iter().copied()).0;
            let at = [tight(self.text(), now.clone()), now, kept]
                .into_iter()
                .find(|at| self.text().get(at.start as usize..at.end as usize) == Some(shown));
            Some(Settled { of: it.open.of, at: Some(at?) })
        });
        undone.collect()
    }

    /// Whether an alternative is open after a change, and where its passage is then. Who could see
    /// it and wrote the passage anew, the most of it, has closed it; nobody else.
    fn stays_open(
        &self,
        open: &mut Open,
        (index, change): (usize, &Change),
        effects: &Effects,
    ) -> bool {
        if let Some(settled) = change.settles.iter().find(|it| it.of == open.of) {
            let Some(at) = &settled.at else { return false };
            let settled = self.settled_by(index, change.place);
            open.follow(&self.edits_of(index..settled));
            (open.at, open.settled) = (at.clone(), settled);
            return true;
        }
        let before = open.at.len();
        let gone = open.follow(effects);
        let anew = gone * 2 >= before;
        let touched = gone > 0 || open.at.len() != before;
        // What is taken out of a save, or put back, is no decision of its author.
        let aside = change.kind == ChangeKind::Meant as u8
            && self.text.history().suppression(index as u32).is_some();
        if aside || !touched || !anew {
            return true;
        }
        // What the log decided of a save is the save's.
        let meant = change.kind == ChangeKind::Meant as u8;
        let save = if meant { change.about as usize } else { index };
        let base = self.text.history().base(save as u32);
        let saw = base.is_none_or(|base| base.contains(open.save as u32));
        // What is not all shown itself may have changed nothing there.
        !saw || self.changes.get(save).is_some_and(|of| !of.hidden.is_empty())
    }

    /// Whether an alternative is what the author of a later change made of the same text before.
    fn is_replaced(&self, open: &Open, index: usize, change: &Change) -> bool {
        let base = |save: usize| self.text.history().base(save as u32);
        let meet = |hidden: &Hidden| meet(&hidden.at, &open.at);
        change.hidden.iter().any(meet)
            && self.is_of_one(open)
            && self.version_of_open(open).is_some_and(|(by, _)| change.is_by_author_of(by))
            && base(index).is_some_and(|of| Some(of) == base(open.save))
    }

    /// What is open of what lies below the floor.
    fn open_at_floor(&self) -> AllOpen {
        let settled = self.changes.floor();
        let below = self.open_below.iter().map(|it| {
            let OpenBelow { of, save, at, elsewhere, .. } = it.as_ref();
            let (at, elsewhere) = (at.clone(), elsewhere.clone());
            Open { of: *of, save: *save as usize, at, elsewhere, settled }
        });
        let found: Vec<Open> = below.collect();
        let upto = if found.is_empty() { self.changes.first_hiding() } else { settled };
        AllOpen { upto, found, closed: Vec::new() }
    }

    /// Goes on to what is open before a later change. O(changes in between, and what is open).
    fn go_on(&self, open: &mut AllOpen, end: usize) {
        let later = self.changes.indexed_from(open.upto);
        for (index, change) in later.take_while(|(index, _)| *index < end) {
            let any = !open.found.is_empty() || !open.closed.is_empty();
            let effects = if any { self.effects(index as u32) } else { Effects::new() };
            self.open_again(open, (index, change), &effects);
            let AllOpen { found, closed, .. } = open;
            found.retain_mut(|open| {
                // What stands for the save itself is not what came after it.
                if open.settled > index {
                    return true;
                }
                let before = open.clone();
                let stays = self.stays_open(open, (index, change), &effects);
                closed.extend((!stays).then(|| self.closed(before, index, change)).flatten());
                stays
            });
            let excess = closed.len().saturating_sub(limits::KNOWN_CLOSED);
            closed.drain(..excess);
            if change.hidden.is_empty() {
                continue;
            }
            open.found.retain(|open| !self.is_replaced(open, index, change));
            let settled = self.settled_by(index, change.place);
            let hidden = (0..).zip(&change.hidden).map(|(number, hidden)| {
                let save = self.author_of(hidden, (index, change));
                let Hidden { at, elsewhere, .. } = hidden;
                let (at, elsewhere) = (at.clone(), elsewhere.clone());
                Open { of: (index as u32, number), save, at, elsewhere, settled }
            });
            open.found.extend(hidden);
        }
        open.upto = open.upto.max(end);
    }
}

/// The saves of which an import keeps something off the page there: the author first.
fn kept_off(hidden: &Hidden, by: &Change) -> impl Iterator<Item = usize> {
    let is_import = by.kind == ChangeKind::Import as u8;
    let at = hidden.at.clone();
    let here = move |it: &&(u32, u32, u32)| is_import && (it.0..it.0 + it.1) == at;
    by.overlaps.iter().filter(here).map(|(.., with)| *with as usize)
}

/// What several wrote alike is one.
fn tell_once<T>(found: &mut Vec<(T, Alternative<'_>)>) {
    let mut told: HashSet<(u32, u32, &str)> = HashSet::new();
    found.retain(|(_, it)| told.insert((it.at.start, it.at.end, it.text)));
}

/// Whether two passages overlap, or one begins where the other ends.
fn meet(one: &Range<u32>, other: &Range<u32>) -> bool {
    one.start <= other.end && other.start <= one.end
}

/// Whether a passage is a part of another one.
fn holds(whole: &Range<u32>, part: &Range<u32>) -> bool {
    whole.start <= part.start && part.end <= whole.end
}

/// Whether edits take away the most of a passage.
fn is_anew(at: &Range<u32>, edits: &[(u32, u32, u32)]) -> bool {
    let (_, gone) = grown(at, edits.iter().copied());
    gone > 0 && gone * 2 >= at.len()
}

/// Where a passage is once edits were made, with all that came in it or beside it, as a word comes
/// behind the space after another; `None` where they come near it nowhere.
fn widened(at: &Range<u32>, edits: &[(u32, u32, u32)]) -> Option<Range<u32>> {
    let (mut at, mut near) = (at.clone(), false);
    for (place, deleted, inserted) in edits.iter().copied() {
        let end = place + deleted;
        if end + SPACE < at.start {
            at = at.start - deleted + inserted..at.end - deleted + inserted;
        } else if place <= at.end + SPACE {
            near = true;
            at = at.start.min(place)..at.end.max(end) - deleted + inserted;
        }
    }
    near.then_some(at)
}

/// A passage without the spaces that it begins and ends with.
fn tight(text: &str, at: Range<u32>) -> Range<u32> {
    let Some(passage) = text.get(at.start as usize..at.end as usize) else { return at };
    let (begins, ends) = (passage.trim_start_matches(' '), passage.trim_end_matches(' '));
    let start = at.start + (passage.len() - begins.len()) as u32;
    start..start.max(at.start + ends.len() as u32)
}

/// Bytes of what stands between two words.
const SPACE: u32 = 1;

/// Where a passage is that went from its place, if it stands elsewhere, just as it was, and once.
fn moved(at: &Range<u32>, (then, now): (&str, &str)) -> Option<Range<u32>> {
    let passage = then.get(at.start as usize..at.end as usize)?;
    let only = |text: &str| {
        let mut found = text.match_indices(passage);
        let (start, _) = found.next()?;
        found.next().is_none().then_some(start as u32)
    };
    let is_said = passage.contains(char::is_alphanumeric);
    let start = is_said.then(|| only(then).and_then(|_| only(now))).flatten()?;
    Some(start..start + at.len() as u32)
}
