//! What the log is expected to show of the saves of a view.
//!
//! The log merges saves as people meant them; a merge by characters, which is all that a version's
//! dots say, would show words of two glued together, what was moved where it was, and what several
//! made alike as often as they made it. So a view folds its saves into a copy of the confirmed
//! state with the very code of the log, in an order that is theirs whatever the view learnt first:
//! by when each was accepted, each after those that it was made on. What comes of that is what the
//! view shows, and what it tells beside it; how it differs from the text of the dots is stated with
//! the version.
//!
//! The fold costs what the log's costs, and a save that belongs before others means to fold these
//! anew: so it is made when somebody asks, and of so many saves ([`limits::LOOKED_SAVES`],
//! [`limits::LOOKED_BYTES`]). Where more wait the view goes on from what it shows: a save made on
//! that is an edit of it; so many more beside others are folded onto it; what somebody made before
//! is not shown twice; the others are merged by characters. Must never hide what it does not tell
//! but for what the log would not show, either.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use redwedding_text::{Patch, Version, diff, grown, map_through, shown};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::{Place, TextParts, VersionRef};

use super::alternatives::Alternative;
use super::fold::Verdict;
use super::resolve::{Basis, Resolved};
use super::state::State;
use super::three_way::Meeting;
use super::{Change, ChangeKind};
use crate::entry::{AlternativeName, Delta, Edit};
use crate::{limits, passage};

/// What a view shows in place of the text of its dots.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) text: String,
    /// From the text of the dots to it.
    pub(super) patch: Patch,
    /// What is told beside it.
    pub(super) told: Vec<Told>,
    /// The fold that it is of, where it is all of one.
    pub(super) log: Option<Arc<State>>,
}

/// The fold is only at hand, or is not.
impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, &self.patch, &self.told) == (&other.text, &other.patch, &other.told)
    }
}

/// What a save made of a passage of which another version is shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// Its name, where the log has decided that.
    pub(super) name: Option<AlternativeName>,
    /// The index of the save in the view.
    pub(super) save: u32,
    /// The passage in what is shown.
    pub(super) at: Range<u32>,
    pub(super) text: String,
    /// Where what is shown has the same lines, if the save moved them.
    pub(super) elsewhere: Option<Range<u32>>,
}

/// A save that waits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Waiting {
    /// When it was accepted, not before those that it was made on, whatever their clocks said; and
    /// how many it was made on, one on the other.
    pub(super) when: (u64, u32),
    pub(super) actor: Actor,
    /// Without its condition, which is met.
    pub(super) edit: Arc<Edit>,
}

/// The saves of a view, as long as they are few.
#[derive(Clone, Debug)]
pub(super) struct Few {
    /// What there is without them.
    pub(super) base: Arc<State>,
    /// In the order in which they are folded.
    pub(super) saves: Vec<Waiting>,
    /// Whether one of them was made on something else than all others before it.
    pub(super) concurrent: bool,
    /// The first of them, folded.
    pub(super) folded: (usize, Option<Arc<State>>),
}

/// What the log is expected to show of the saves of a view.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// `None` where they are too many.
    pub(super) few: Option<Few>,
    pub(super) looked: Looked,
    /// Nothing where it is the text of the dots, or where that was not looked for yet.
    pub(super) shown: OnceLock<Option<Arc<Shown>>>,
}

/// How a save is taken in of which the view does not look at all others anew.
pub(super) enum Next {
    /// What is shown stays.
    Same,
    /// It is this then, told beside it what was.
    Text(String),
    /// It is this fold's, which has the save.
    Folded(Box<State>),
    /// The save changes what it shows as it changes the text of the dots.
    ByCharacters,
}

impl Expected {
    /// Of a view that adds nothing to a state yet.
    pub(super) fn on(base: Arc<State>) -> Self {
        let few = Few { base, saves: Vec::new(), concurrent: false, folded: (0, None) };
        Self { few: Some(few), looked: Looked::default(), shown: OnceLock::new() }
    }

    /// Where the last of the saves stands by time.
    pub(super) fn newest_ms(&self) -> Option<u64> {
        self.few.as_ref()?.saves.last().map(|save| save.when.0)
    }

    /// Of one of which it is known what it shows.
    pub(super) fn known(shown: Option<Shown>, looked: Looked) -> Self {
        Self { few: None, looked, shown: OnceLock::from(shown.map(Arc::new)) }
    }

    /// What is shown of the state of the view, if it is not the text of its dots.
    pub(super) fn shown(&self, of: &State) -> Option<&Arc<Shown>> {
        self.shown.get_or_init(|| self.few.as_ref()?.shown(of).map(Arc::new)).as_ref()
    }

    /// Whether so few saves wait that all are folded, with one more, on a page of so many bytes.
    pub(super) fn may_be_few(&self, concurrent: bool, bytes: usize) -> bool {
        let Some(few) = &self.few else { return false };
        let saves = few.saves.len() + 1;
        let looks = concurrent || few.concurrent;
        saves <= limits::LOOKED_SAVES && (!looks || saves * bytes <= limits::LOOKED_BYTES)
    }

    /// What comes of a save that is about to be added to a state, beyond the few. `told` where it
    /// is asked whether the log decides something of it; that, too.
    pub(super) fn next(
        &self,
        of: &State,
        (edit, on): (&Edit, &Resolved),
        told: bool,
    ) -> (Next, bool) {
        let shown = self.shown(of);
        if self.is_shown(of, on) {
            let made = shown.map(|shown| edit.delta.patch.apply(&shown.text));
            let text = made.and_then(Result::ok).map(|made| made.text);
            return (text.map_or(Next::ByCharacters, Next::Text), false);
        }
        if edit.is_merge_node() {
            return (Next::Same, false);
        }
        if self.looked.is_twin(&edit.delta) {
            return (shown.map_or_else(|| Next::Text(of.text().to_owned()), |_| Next::Same), true);
        }
        if self.looked.may(of.text().len())
            && let Some(log) = folded_onto(of, shown, edit)
        {
            let decides = is_decided(&log, edit.delta.actor());
            return (Next::Folded(Box::new(log)), decides);
        }
        let carried = shown.and_then(|shown| carried_over(of, shown, (edit, on)));
        let next = carried.map_or(Next::ByCharacters, Next::Text);
        let basis = Basis { version: on.version.clone(), shown: on.shown.clone() };
        let meets = |basis| {
            let met = of.clone().meeting(basis, &edit.delta.patch);
            met.is_ok_and(|met| met.is_some())
        };
        (next, told && on.detached.is_none() && meets(&basis))
    }

    /// A save is in, which is among the few.
    pub(super) fn add(&mut self, of: &State, (save, edit): (u32, &Edit), concurrent: bool) {
        let Some(few) = &mut self.few else { return };
        let base = of.text.history().base(save).unwrap_or_default();
        let parents = few.saves.iter().filter(|it| {
            of.changes.by_actor(it.actor).is_some_and(|(index, _)| base.contains(index as u32))
        });
        let (mut when, actor) = ((edit.stands_ms(), 0), edit.delta.actor());
        for (after, number) in parents.map(|it| it.when) {
            when = (when.0.max(after), when.1.max(number + 1));
        }
        let edit = Arc::new(Edit { condition: None, ..edit.clone() });
        let place = few.saves.partition_point(|it| (it.when, it.actor) < (when, actor));
        let shown = self.shown.take().flatten().and_then(|shown| shown.log.clone());
        if let Some(log) = shown {
            few.folded = (few.saves.len(), Some(log));
        }
        if place < few.folded.0 {
            few.folded = (0, None);
        }
        few.saves.insert(place, Waiting { when, actor, edit });
        few.concurrent |= concurrent;
    }

    /// A save is in that is not among the few, the last of the changes of a state.
    pub(super) fn went_on(&mut self, (of, confirmed): (&State, usize), save: u32, next: Next) {
        let before = self.shown.take().flatten();
        let told = |text: &str| {
            let before = before.as_deref();
            before.map_or_else(Vec::new, |before| told_in(&before.told, (&before.text, text)))
        };
        let shown = match next {
            Next::Same => {
                before.and_then(|before| Shown::of(of, before.text.clone(), before.told.clone()))
            }
            Next::Text(text) => {
                let told = told(&text);
                Shown::of(of, text, told)
            }
            Next::Folded(log) => {
                let mut all = told(log.text());
                let of_log = told_by(&log, of, confirmed);
                let known =
                    |it: &Told| it.name.is_some() && all.iter().any(|one| one.name == it.name);
                let new: Vec<Told> = of_log.into_iter().filter(|it| !known(it)).collect();
                all.extend(new);
                Shown::of(of, log.text().to_owned(), all)
            }
            Next::ByCharacters => before.as_ref().and_then(|before| {
                let patch = carried(&before.patch, of, save);
                let text = patch.apply(of.text()).ok()?.text;
                let told = told(&text);
                Shown::of(of, text, told)
            }),
        };
        self.few = None;
        self.shown = OnceLock::from(shown.map(Arc::new));
    }

    /// Something else than a save was done: of what the view shows nothing else is known.
    pub(super) fn let_go(&mut self) {
        *self = Self::known(None, Looked { saves: self.looked.saves, made: Vec::new() });
    }

    /// Whether the log decides something of the few saves.
    pub(super) fn decides(&self, of: &State) -> bool {
        let log = self.shown(of).and_then(|shown| shown.log.as_deref());
        let saves = self.few.iter().flat_map(|few| &few.saves);
        log.is_some_and(|log| saves.into_iter().any(|save| is_decided(log, save.actor)))
    }

    /// Whether a version is what is shown.
    pub(super) fn is_shown(&self, of: &State, on: &Resolved) -> bool {
        let shown = self.shown(of).map(|shown| &shown.patch);
        let patch = shown.map_or(on.shown.is_empty(), |patch| *patch == on.shown);
        on.detached.is_none() && on.version == of.text.head() && patch
    }

    /// Where a save met others, in what is shown.
    pub(super) fn meetings(&self, of: &State, actor: Actor) -> Vec<Meeting> {
        let Some(shown) = self.shown(of) else { return of.meetings_of(actor) };
        let Some(log) = &shown.log else {
            let mut all = of.meetings_of(actor);
            for it in &mut all {
                (it.start, it.length) = shown::left_of(it.start, it.length, &shown.patch);
            }
            return all;
        };
        let with = |it: Meeting| Some(Meeting { with: index_in(log, of, it.with as usize)?, ..it });
        log.meetings_of(actor).into_iter().filter_map(with).collect()
    }
}

impl Few {
    /// What is shown of them: all folded, in their order.
    fn shown(&self, of: &State) -> Option<Shown> {
        if !self.concurrent {
            return None;
        }
        let (done, from) = &self.folded;
        let mut log = State::clone(from.as_ref().unwrap_or(&self.base));
        log.objects = of.objects.clone();
        for (number, save) in (0..).zip(&self.saves).skip(*done) {
            let position = log.cursor.position + 1 + number;
            let verdict = log.apply_edit(Place { position, check: 0 }, 0, &save.edit);
            if verdict != Verdict::Counted {
                return None;
            }
        }
        let told = told_by(&log, of, self.base.changes.len());
        let shown = Shown::of(of, log.text().to_owned(), told)?;
        Some(Shown { log: Some(Arc::new(log)), ..shown })
    }
}

impl Shown {
    /// A text beside that of the dots, if a version can state how they differ.
    fn of(of: &State, text: String, told: Vec<Told>) -> Option<Self> {
        let patch = stated(of.text(), &text)?;
        Some(Self { text, patch, told, log: None })
    }

    /// The same, as it was stored.
    pub(super) fn stored(of: &State, patch: Patch, told: Vec<Told>) -> Option<Self> {
        let text = patch.apply(of.text()).ok()?.text;
        Some(Self { text, patch, told, log: None })
    }

    /// What a version states of it.
    pub(super) fn state(&self, version: &mut VersionRef) {
        let edits = || self.patch.edits();
        let hidden: Vec<(u32, u32)> =
            edits().map(|(at, gone, _)| (at, gone)).filter(|(_, gone)| *gone > 0).collect();
        let put: Vec<(u32, String)> = edits()
            .filter(|it| !it.2.is_empty())
            .map(|(at, _, put)| (at, put.to_owned()))
            .collect();
        version.hidden = TextParts::of(hidden);
        version.put = TextParts::of(put);
    }

    /// What is told beside it.
    pub(super) fn alternatives<'a>(&'a self, of: &'a State) -> Vec<Alternative<'a>> {
        let alternative = |it: &'a Told| {
            let save = it.save as usize;
            let (name, change) = (it.name, of.changes.get(save)?);
            let (at, elsewhere) = (it.at.clone(), it.elsewhere.clone());
            Some(Alternative { name, save, change, at, text: &it.text, elsewhere })
        };
        self.told.iter().filter_map(alternative).collect()
    }
}

/// From the text of a view's dots to what is shown, in so few and short parts that a version can
/// state it.
fn stated(whole: &str, shown: &str) -> Option<Patch> {
    let patch = diff::between(whole, shown);
    let fits = |patch: &Patch| {
        let hidden = patch.edits().filter(|(_, gone, _)| *gone > 0).count();
        let put = patch.edits().filter(|(.., put)| !put.is_empty()).count();
        hidden <= limits::HIDDEN_RANGES
            && put <= limits::PUT_TEXTS
            && patch.inserted().len() <= limits::PUT_BYTES
    };
    if fits(&patch) {
        return Some(patch);
    }
    let coarser = [16, 64, 256, 1_024].map(|least| joined(&patch, whole, least));
    coarser.into_iter().flatten().find(fits)
}

/// The same edit of a text with hunks as one that have less than so much between them.
fn joined(patch: &Patch, text: &str, least: u32) -> Option<Patch> {
    let (mut coarse, mut at) = (Patch::builder(), None::<u32>);
    for (start, gone, put) in patch.edits() {
        let from = at.unwrap_or_default();
        let kept = start - from;
        match at {
            Some(_) if kept < least => {
                coarse.push_insert(text.get(from as usize..start as usize)?);
                coarse.push_delete(kept);
            }
            _ => coarse.push_keep(kept),
        }
        coarse.push_insert(put);
        coarse.push_delete(gone);
        at = Some(start + gone);
    }
    coarse.build().ok()
}

/// How what is shown differs from the text of the dots, once the last change, a save, is in that.
fn carried(patch: &Patch, of: &State, save: u32) -> Patch {
    let mut parts: Vec<(Range<u32>, &str)> =
        patch.edits().map(|(at, gone, put)| (at..at + gone, put)).collect();
    for edit in (save..of.changes.len() as u32).flat_map(|change| of.text.effects(change)) {
        parts = parts.into_iter().flat_map(|part| moved(part, edit)).collect();
    }
    let (mut carried, mut at) = (Patch::builder(), 0);
    for (range, put) in parts {
        carried.push_keep(range.start.saturating_sub(at));
        carried.push_insert(put);
        carried.push_delete(range.end - range.start.max(at).min(range.end));
        at = range.end.max(at);
    }
    carried.build().unwrap_or_default()
}

/// What is left of what is hidden after an edit, and where, with what was put in front of it: what
/// comes in the middle of it is shown.
fn moved(
    (at, put): (Range<u32>, &str),
    (place, gone, came): (u32, u32, u32),
) -> impl Iterator<Item = (Range<u32>, &str)> {
    let end = place + gone;
    let behind = |at: u32| at.max(end) - gone + came;
    let before = at.start.min(place)..at.end.min(place);
    let after = behind(at.start)..behind(at.end);
    let parts = if at.end <= place {
        [Some((at, put)), None]
    } else if at.start >= end {
        [Some((after, put)), None]
    } else if came == 0 {
        [Some((before.start..after.end, put)), None]
    } else {
        [Some((before, put)), Some((after, ""))]
    };
    parts.into_iter().flatten().filter(|(at, put)| at.start < at.end || !put.is_empty())
}

/// What is shown with a save that was made on something else, where what was put there may be what
/// it deletes: as an edit of what is shown, through the difference. `None` where nothing was.
fn carried_over(of: &State, shown: &Shown, (edit, on): (&Edit, &Resolved)) -> Option<String> {
    if shown.patch.inserted().is_empty() && on.shown.inserted().is_empty() {
        return None;
    }
    let through = diff::between(&shown.text, &of.text_of(on)?);
    let carried = map_through(&edit.delta.patch, &through);
    carried.apply(&shown.text).ok().map(|made| made.text)
}

/// A save folded onto what a view shows, as the log would.
fn folded_onto(of: &State, shown: Option<&Arc<Shown>>, edit: &Edit) -> Option<State> {
    let mut log = of.clone();
    let mut place = Place { position: log.cursor.position + 1, check: 0 };
    if let Some(shown) = shown.filter(|shown| !shown.patch.is_empty()) {
        let actor = Actor::of("shown", &[shown.text.as_bytes()]);
        let change = log.change(actor, place, 0, ChangeKind::Difference);
        log.merge_alone(change, log.text.head(), shown.patch.clone()).ok()?;
        place.position += 1;
    }
    let edit = Edit { condition: None, ..edit.clone() };
    (log.apply_edit(place, 0, &edit) == Verdict::Counted).then_some(log)
}

/// Whether a fold shows something else of a save than a merge by characters gives.
fn is_decided(log: &State, actor: Actor) -> bool {
    let save = log.index_of(actor);
    save.is_some_and(|save| log.aside_of(save).is_some() || log.instead_of(save).is_some())
}

/// What a fold tells of saves, by their indices in a view of which so many changes are confirmed.
fn told_by(log: &State, of: &State, confirmed: usize) -> Vec<Told> {
    let told = log.alternatives().into_iter().map(|it| {
        let by = it.name.and_then(|name| log.index_of(name.by));
        let name = it.name.filter(|_| by.is_none_or(|by| (by as usize) < confirmed));
        let save = index_in(log, of, it.save).unwrap_or(of.changes.len().saturating_sub(1) as u32);
        Told { name, save, at: it.at, text: it.text.to_owned(), elsewhere: it.elsewhere }
    });
    told.collect()
}

/// What was told beside a text, where it is in another one that came of it, and does not stand.
fn told_in(told: &[Told], (before, now): (&str, &str)) -> Vec<Told> {
    if told.is_empty() {
        return Vec::new();
    }
    let edits = diff::between(before, now);
    let place = |at: &Range<u32>| grown(at, edits.in_turn()).0;
    let told = told.iter().map(|it| {
        let elsewhere = it.elsewhere.as_ref().map(place);
        Told { at: place(&it.at), elsewhere, ..it.clone() }
    });
    let stands =
        |it: &Told| passage::stands(now, &(it.at.start as usize..it.at.end as usize), &it.text);
    told.filter(|it| !stands(it)).collect()
}

/// The index in a view of a change of a fold.
fn index_in(log: &State, of: &State, index: usize) -> Option<u32> {
    let change: &Change = log.changes.get(index)?;
    let save = match change.kind == ChangeKind::Meant as u8 {
        true => log.changes.get(change.about as usize)?,
        false => change,
    };
    of.index_of(save.actor)
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
    fn may(&self, bytes: usize) -> bool {
        let saves = self.saves as usize + 1;
        saves <= limits::LOOKED_SAVES && saves * bytes <= limits::LOOKED_BYTES
    }

    /// Whether a save makes just what another one of the view made of the same text.
    fn is_twin(&self, delta: &Delta) -> bool {
        self.made.contains(&delta.made())
    }

    /// A save is in, made on this of the changes before it.
    pub(super) fn took(&mut self, delta: &Delta, (base, before): (&Version, u32)) {
        if self.is_twin(delta) {
            return;
        }
        self.saves += u32::from(*base != Version::up_to(before));
        let puts = !delta.patch.inserted().is_empty() && delta.rules > 1;
        if puts && self.made.len() < limits::LOOKED_TWINS {
            self.made.push(delta.made());
        }
    }
}
