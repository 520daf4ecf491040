//! Detached bases: texts of the origin that are not in the log's line, and the edits that
//! were made on them.
//!
//! The rules are ours. Eg-walker has none for an edit whose base is not in the event graph. Where
//! the document stands on a newer text of the origin, what the two differ in was done meanwhile,
//! and the edit is merged beside that (`three_way`): the newer text may hold the very edit already,
//! as one does that a log begins with which lost the page. On an older text it is transposed, as
//! operational transformation does (`map_through`).
//!
//! Such an edit enters the document carried over onto the version that stands for
//! the detached base's text. Its insertions are all in then; what it deleted is, as far as
//! the two texts correspond. The rest is deleted by changes of their own
//! (*completions*), each on a text that is known to hold it: what an earlier edit
//! on the detached base had inserted, and the detached base's own text once that is in.
//!
//! What an edit on a detached base stands on never changes, so that versions that were
//! served go on being the same texts.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use redwedding_text::{Patch, Text, Version, diff, grown, map_through, three_way};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::{OriginText, Place};

use super::fold::FOLD_RULES;
use super::resolve::{Basis, OnDetachedBase};
use super::state::DetachedBase;
use super::{Change, ChangeKind, Fault, State, Verdict};
use crate::entry::OriginPage;
use crate::limits;

impl Basis {
    /// The same of another text, which comes of that of the version: what is hidden stands there as
    /// it is, or is not hidden; what was put is put where that is, unless it stands there already.
    fn carried_over(&self, rules: u8, theirs: &str, ours: &str) -> Self {
        let mut carried = Self::from(self.version.clone());
        if self.shown.is_empty() {
            return carried;
        }
        let meanwhile = diff::between_by(rules, theirs, ours);
        let (mut shown, mut at) = (Patch::builder(), 0);
        for (start, len, put) in self.shown.edits() {
            let there = start..start + len;
            let (here, _) = grown(&there, meanwhile.in_turn());
            let place = here.start.max(at);
            shown.push_keep(place - at);
            let stands =
                |(before, behind): (&str, &str)| before.ends_with(put) || behind.starts_with(put);
            if !ours.split_at_checked(place as usize).is_some_and(stands) {
                shown.push_insert(put);
            }
            at = place;
            if here.start == place && part(theirs, &there) == part(ours, &here) {
                shown.push_delete(here.end - here.start);
                at = here.end;
            }
        }
        carried.shown = shown.build().unwrap_or_default();
        carried
    }
}

impl State {
    /// Keeps a text of the origin that is not in the log's line, so that edits
    /// made on it can be transposed. Where there is no room it is not kept, and
    /// edits made on it wait until there is.
    pub(super) fn add_detached_base(&mut self, logged_ms: u64, page: &OriginPage) -> Verdict {
        let name = page.name();
        // Whoever saved on the same text brought the same base along. It counts once.
        if self.detached_bases.iter().any(|detached| detached.name == name) {
            return Verdict::Superseded;
        }
        let mut text = Text::default();
        let written = diff::between("", &page.text);
        if let Err(error) = text.merge(page.actor(&self.key).0, &Version::EMPTY, &written) {
            return Verdict::Quarantined(Fault::Patch(error.to_string()));
        }
        if !self.make_room(logged_ms, page.text.len()) {
            return Verdict::Superseded;
        }
        let onto = self.nearest(name);
        self.detached_bases.push(DetachedBase { name, text, mapped: Vec::new(), onto });
        Verdict::Superseded
    }

    /// The version of the origin's text that is nearest to this one: the one whose revision is. So
    /// an edit stands on the same in every log that has that text, also in one that lost its tail
    /// and was told of the edit anew; and clients name versions by their edits.
    fn nearest(&self, name: OriginText) -> Version {
        let nearest = self.origin.known.iter().min_by_key(|known| {
            let revision = known.text.revision;
            (revision.abs_diff(name.revision), revision)
        });
        let tip = || self.origin.tip.as_ref().map(|tip| &tip.version);
        nearest.map(|known| &known.version).or_else(tip).cloned().unwrap_or_default()
    }

    /// Makes room for a detached base of this length, or changes nothing. One that edits
    /// were made on stays as long as an edit that stands on them may still be on
    /// its way.
    fn make_room(&mut self, logged_ms: u64, bytes: usize) -> bool {
        let newest_ms = |detached: &DetachedBase| {
            let last = detached.mapped.last().and_then(|index| self.changes.get(*index as usize));
            last.map_or(0, |change| change.logged_ms)
        };
        let unused = |detached: &DetachedBase| detached.mapped.is_empty();
        let over = |detached: &DetachedBase| {
            newest_ms(detached).saturating_add(limits::DETACHED_MS) < logged_ms
        };
        // The oldest go first. What no edit was made on may go: whoever makes one brings the text
        // along again. What edits were made on may not, until the log's time says that none is on
        // its way any more (the clock of a node would not say the same everywhere).
        let mut spare = self.detached_bases.iter().filter(|detached| unused(detached)).count();
        let mut total = self.detached_bases.iter().map(length).sum::<usize>() + bytes;
        let mut kept = vec![true; self.detached_bases.len()];
        for (detached, kept) in self.detached_bases.iter().zip(&mut kept) {
            let too_many = unused(detached) && spare >= limits::DETACHED_BASES;
            let too_long = total > limits::DETACHED_BYTES && (unused(detached) || over(detached));
            if too_many || too_long {
                *kept = false;
                total -= length(detached);
                spare -= usize::from(unused(detached));
            }
        }
        // What would make no room is not thrown away for nothing.
        let fits = total <= limits::DETACHED_BYTES;
        if fits {
            let mut kept = kept.into_iter();
            self.detached_bases.retain(|_| kept.next().unwrap_or(true));
        }
        fits
    }

    /// Merges an edit that was written on a detached base's text: the edit is mapped
    /// through the difference between the document's text and the detached base's.
    pub(super) fn merge_from_detached_base(
        &mut self,
        change: Change,
        basis: Basis,
        on: &OnDetachedBase,
        (patch, rules): (&Patch, u8),
    ) -> Result<(), Fault> {
        let fault = |error: &dyn fmt::Display| Fault::Patch(error.to_string());
        let ours = self.text.text_at(&basis.version).map_err(|error| fault(&error))?;
        let theirs =
            self.detached_bases[on.base].text.text_at(&on.within).map_err(|error| fault(&error))?;
        let (onto, whole) = (basis.carried_over(rules, &theirs, &ours), basis.whole(patch));
        let whole = whole.map_err(|error| fault(&error))?.patch;
        let ours = onto.shown.apply(&ours).map_err(|error| fault(&error))?.text;
        let theirs = basis.shown.apply(&theirs).map_err(|error| fault(&error))?.text;
        // A patch that does not fit its own base is a fault, as with any other edit. Once it is
        // mapped, it might fit by accident.
        patch.apply(&theirs).map_err(|error| fault(&error))?;
        let meant = (rules > 1 && self.is_older(on.base)).then(|| {
            let meanwhile = diff::between_by(rules, &theirs, &ours);
            three_way::merge(&theirs, &meanwhile, patch)
        });
        let mapped = match &meant {
            Some(meant) => meant.patch.clone(),
            None => map_through(patch, &diff::between_by(rules, &ours, &theirs)),
        };
        let after = mapped.apply(&ours).map_err(|error| fault(&error))?.text;
        let (actor, place, logged_ms) = (change.actor.0, change.place, change.logged_ms);
        let (index, by_characters) = match rules {
            0..=1 => {
                let mapped = onto.whole(&mapped).map_err(|error| fault(&error))?.patch;
                self.merge_alone(change, onto.version, mapped).map(|it| (it.0, Some(it.1)))?
            }
            _ => self.merge_decided(change, onto, &mapped, None)?,
        };
        if let Some(mut merged) = by_characters {
            if meant.is_none() {
                merged.glued.extend(line_bounds(&theirs, patch, &merged.effect));
                merged.glued.sort_unstable();
                merged.glued.dedup();
            }
            self.keep_lines((index, place, logged_ms), &merged);
        }
        let merged = self.text.head();
        let detached = &mut self.detached_bases[on.base];
        // It fits: it was applied to this very text above.
        if detached.text.merge(actor, &on.within, &whole).is_ok() {
            detached.mapped.push(index);
        }
        let made = detached.mapped.len() as u32;
        self.complete_edit(place, logged_ms, on.base, made);
        if rules > 1 {
            self.tell_hidden(index, &merged, meant.as_ref().map(|meant| (meant, after.as_str())));
        }
        Ok(())
    }

    /// Whether a change was written on a detached base: on another text than that of the version
    /// that it was carried over onto.
    pub(super) fn is_on_detached_base(&self, index: u32) -> bool {
        self.detached_bases.iter().any(|detached| detached.mapped.binary_search(&index).is_ok())
    }

    /// Whether a detached base is an older text of the origin than the one that stands for it: what
    /// the two differ in was done since, and an edit of the older one is merged beside that.
    fn is_older(&self, detached: usize) -> bool {
        let DetachedBase { name, onto, .. } = &self.detached_bases[detached];
        let stands = self.origin.known.iter().find(|known| known.version == *onto);
        stands.is_some_and(|known| name.revision < known.text.revision)
    }

    /// The tip has moved, from this revision. What was deleted of a text up to it by edits on that
    /// text as a detached base, while it was not in, is deleted now.
    pub(super) fn complete_detached_bases(&mut self, place: Place, logged_ms: u64, from: u64) {
        let mut completed = Vec::new();
        for detached in 0..self.detached_bases.len() {
            let revision = self.detached_bases[detached].name.revision;
            if revision <= from || revision > self.origin.revision() {
                continue;
            }
            for made in 1..=self.detached_bases[detached].mapped.len() as u32 {
                completed.extend(self.complete_on_own(place, logged_ms, detached, made));
            }
        }
        completed.iter().for_each(|(index, then)| self.tell_hidden(*index, then, None));
    }

    /// Deletes what change `made` of a detached base deleted, wherever it can be found.
    fn complete_edit(&mut self, place: Place, logged_ms: u64, detached: usize, made: u32) {
        let mut completed: Vec<_> =
            self.complete_on_own(place, logged_ms, detached, made).into_iter().collect();
        // What earlier edits inserted is in the document, but not in the version that this edit was
        // carried over onto: there its deletions of it found nothing.
        for earlier in 1..made {
            let Some(patch) = self.deletions_of(detached, made, earlier) else { continue };
            let Some(on) = self.detached_bases[detached].mapped.get(earlier as usize - 1).copied()
            else {
                continue;
            };
            let Some(change) = self.changes.get(on as usize) else { continue };
            let name = change.actor.0.to_le_bytes();
            let version = self.closure(on);
            completed.extend(self.complete(
                place,
                logged_ms,
                (detached, made),
                &name,
                version,
                patch,
            ));
        }
        completed.iter().for_each(|(index, then)| self.tell_hidden(*index, then, None));
    }

    /// Deletes what change `made` of a detached base deleted of the detached base's own text, if
    /// that is in. The change that does so, and the version right after it.
    fn complete_on_own(
        &mut self,
        place: Place,
        logged_ms: u64,
        detached: usize,
        made: u32,
    ) -> Option<(u32, Version)> {
        let DetachedBase { name, text, .. } = &self.detached_bases[detached];
        let name = *name;
        let patch = deletions(text, made, &Version::up_to(1))?;
        let tip = self.origin.tip.as_ref().map(|tip| tip.stored);
        let passed =
            self.origin.revision() >= name.revision && self.lacks_deletions(detached, made);
        let (version, patch) = match self.known(name) {
            Some(version) => (version.clone(), patch),
            // It is in, since the tip has come to it, and no version is its text, since the origin
            // has merged by itself: what was deleted is sought in the text that there is. Where the
            // tip has passed it the log alone does so: a view's versions say nothing of it.
            None if tip == Some(name) || (place != Place::START && passed) => {
                let own = text.text_at(&Version::up_to(1)).ok()?;
                let mapped = map_through(&patch, &diff::between_by(FOLD_RULES, self.text(), &own));
                (self.text.head(), mapped)
            }
            None => return None,
        };
        match patch.deleted_len() {
            0 => None,
            _ => self.complete(place, logged_ms, (detached, made), &name.text.0, version, patch),
        }
    }

    /// Whether something that change `made` of a detached base deleted was not found when it was
    /// carried over.
    fn lacks_deletions(&self, detached: usize, made: u32) -> bool {
        let DetachedBase { text, mapped, .. } = &self.detached_bases[detached];
        let deleted = |text: &Text, index| text.history().patch(index).map(|it| it.deleted_len());
        let there = mapped.get(made as usize - 1).and_then(|index| deleted(&self.text, *index));
        deleted(text, made) > there
    }

    fn complete(
        &mut self,
        place: Place,
        logged_ms: u64,
        (detached, made): (usize, u32),
        name: &[u8],
        version: Version,
        patch: Patch,
    ) -> Option<(u32, Version)> {
        let mapped = self.detached_bases[detached].mapped.get(made as usize - 1)?;
        let edited = self.changes.get(*mapped as usize)?;
        let edited = Change::clone(edited);
        // The same for everyone, and for every time that this is tried: it is made once.
        let actor = Actor::of("completion", &[&edited.actor.0.to_le_bytes(), name]);
        if self.index_of(actor).is_some() {
            return None;
        }
        let change = Change {
            note: edited.note,
            time_ms: edited.time_ms,
            ..self.change(actor, place, logged_ms, ChangeKind::Difference)
        };
        // The patch was made for the text at this version. What it deletes may stand on the page by
        // another change by now, as it was decided.
        let decided = |change: &Arc<Change>| change.kind == ChangeKind::Meant as u8;
        let merged = match self.changes.kept().iter().any(decided) {
            true => self.merge_as_meant(change, version.into(), &patch, None),
            false => self.merge(change, version, patch),
        };
        debug_assert!(merged.is_ok());
        merged.ok().map(|index| (index, self.text.head()))
    }

    /// What change `made` of a detached base deleted of what change `earlier` of it had
    /// inserted, as an edit of the document's text right after the latter.
    fn deletions_of(&self, detached: usize, made: u32, earlier: u32) -> Option<Patch> {
        let text = &self.detached_bases[detached].text;
        let written = text.history().patch(earlier)?;
        // A deletion is about what its author saw (Eg-walker's rule, kept here by hand).
        if !text.history().base(made)?.contains(earlier) {
            return None;
        }
        let after = super::resolve::closure_in(text, earlier);
        let deleted = deletions(text, made, &after)?;
        let index = *self.detached_bases[detached].mapped.get(earlier as usize - 1)?;
        let carried = self.text.history().patch(index)?;
        if carried.inserted() != written.inserted() {
            // Something of it was there already, and is found there.
            return None;
        }
        let there = inserted(&carried);
        // From places after the detached base's change, by the inserted bytes, to places
        // after the document's.
        let mut found = Vec::new();
        for (start, length, _) in deleted.edits() {
            for run in inserted(&written) {
                let from = start.max(run.at).saturating_sub(run.at) + run.offset;
                let to = (start + length).min(run.at + run.length).saturating_sub(run.at);
                let to = to + run.offset;
                for run in &there {
                    let (from, to) = (from.max(run.offset), to.min(run.offset + run.length));
                    if from < to {
                        found.push((run.at + from - run.offset, to - from));
                    }
                }
            }
        }
        patch_of(&found)
    }
}

/// What a detached base holds, in bytes: its text and what edits inserted.
fn length(detached: &DetachedBase) -> usize {
    detached.text.history().inserted_len()
}

/// A run of inserted text: where it is in the result, and where in all that was
/// inserted; in bytes.
struct Run {
    at: u32,
    offset: u32,
    length: u32,
}

fn inserted(patch: &Patch) -> Vec<Run> {
    let (mut runs, mut offset, mut gone) = (Vec::new(), 0, 0);
    for (start, deleted, text) in patch.edits() {
        let length = text.len() as u32;
        if length > 0 {
            runs.push(Run { at: start - gone + offset, offset, length });
        }
        offset += length;
        gone += deleted;
    }
    runs
}

/// Where lines that an edit inserted into a text begin and end, in what the text became that it was
/// carried over onto: there they may stand within others.
fn line_bounds(text: &str, patch: &Patch, effect: &Patch) -> Vec<u32> {
    let there = inserted(effect);
    let place = |offset: u32| {
        let run =
            there.iter().find(|run| (run.offset..run.offset + run.length).contains(&offset))?;
        Some(run.at + offset - run.offset)
    };
    let is_end = |at: u32| matches!(text.as_bytes().get(at as usize), None | Some(b'\n'));
    let (mut bounds, mut offset) = (Vec::new(), 0);
    for (start, deleted, written) in patch.edits().filter(|edit| !edit.2.is_empty()) {
        let last = offset + written.len() as u32 - 1;
        if start == 0 || is_end(start - 1) {
            bounds.extend(place(offset));
        }
        if is_end(start + deleted) {
            bounds.extend(place(last).map(|at| at + 1));
        }
        offset = last + 1;
    }
    bounds
}

/// What a change deleted, as an edit of the text at an earlier version.
fn deletions(text: &Text, change: u32, version: &Version) -> Option<Patch> {
    let made = text.history().patch(change)?;
    let deleted: Vec<_> = made.edits().map(|(start, length, _)| (start, length)).collect();
    let deleted = patch_of(&deleted)?;
    let base = text.history().base(change)?;
    let (then, base) = (text.text_at(version).ok()?, text.text_at(&base).ok()?);
    let mapped = map_through(&deleted, &diff::between_by(FOLD_RULES, &then, &base));
    (mapped.deleted_len() > 0).then_some(mapped)
}

/// The patch that deletes these spans; `None` for nothing.
fn patch_of(spans: &[(u32, u32)]) -> Option<Patch> {
    let mut spans: Vec<_> = spans.iter().copied().filter(|span| span.1 > 0).collect();
    spans.sort_unstable();
    let mut at = 0;
    let patch = spans.iter().fold(Patch::builder(), |builder, (start, length)| {
        let kept = start - at;
        at = start + length;
        builder.keep(kept).delete(*length)
    });
    patch.build().ok().filter(|patch| !patch.is_empty())
}

fn part<'a>(text: &'a str, at: &Range<u32>) -> Option<&'a str> {
    text.get(at.start as usize..at.end as usize)
}
