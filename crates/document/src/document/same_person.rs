//! What one person made of one text, again and again: what they saved later stands in place of what
//! they had saved before, where the two conflict or are mostly the same.
//!
//! A save names those that its author had made of the same text before it, so it does not matter
//! which of two the log has first. What others made, too, or worked on is nobody's own any more.
//! (The rule is ours.) May assume that what a save names is true: whoever took it knew its author.
//! Must never take two for one person who only have no name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use redwedding_text::three_way::{self, Beside, Met, Outcome, Own, OwnPart, ThreeWay};
use redwedding_text::{Patch, Since, SpanSince, Version, diff};
use redwedding_wire::identity::EditId;
use redwedding_wire::version::VersionRef;

use super::change::is_same_person;
use super::resolve::Resolved;
use super::{Change, ChangeKind, Hidden, State};
use crate::entry::{Client, Edit, Note};
use crate::limits;

/// What the author of a save made before of the same text: hunks of what came since,
#[derive(Default)]
pub(super) struct Theirs {
    pub(super) hunks: BTreeMap<u32, Own>,
    /// and parts of hunks, of which others made the rest.
    pub(super) parts: BTreeMap<u32, OwnPart>,
}

impl State {
    /// Which of what came since a version the author of another save of it made alone, of that
    /// version, and when; and of what they made a part. What others made, too, or built on is not
    /// among it. O(hunks and who made them, and changes since the version).
    pub(super) fn own(
        &self,
        version: &Version,
        (since, spans): (&Since, &[&[SpanSince]]),
        replaces: Option<&Edit>,
    ) -> Theirs {
        let Some(by) = replaces else { return Theirs::default() };
        let is_own = |save: &u32| self.is_own(*save, version, by);
        let saves = |by: &[u32]| by.iter().map(|by| self.save_of(*by)).collect::<BTreeSet<u32>>();
        let all = since.by.iter().flatten().map(|by| self.save_of(*by));
        let Some(first) = all.filter(is_own).min() else { return Theirs::default() };
        let of_hunks: Vec<BTreeSet<u32>> = since.by.iter().map(|by| saves(by)).collect();
        let later = self.changes.indexed_from(first as usize + 1);
        let others = later.filter(|(index, _)| !is_own(&self.save_of(*index as u32)));
        let made_too = others.flat_map(|(_, change)| made_too(change));
        let built_on = of_hunks.iter().flat_map(|saves| {
            let (own, others): (Vec<u32>, Vec<u32>) = saves.iter().copied().partition(is_own);
            let had = |save: &u32| others.iter().any(|other| self.had_before(*other, *save));
            own.into_iter().filter(had).collect::<Vec<u32>>()
        });
        let shared: BTreeSet<u32> = made_too.chain(built_on).collect();
        // Each names what it came after; the log may have had the later one first.
        let when = |save: &u32| {
            let change = self.changes.get(*save as usize);
            let later = |of: &Change| names(of.client.as_deref(), by.delta.edit);
            match change.is_some_and(|of| names(by.client.as_deref(), of.edit)) {
                true => Own::Earlier,
                false if change.is_some_and(|of| later(of)) => Own::Later,
                false => Own::AtOnce,
            }
        };
        let mut theirs = Theirs::default();
        let is_all_own = |saves: &BTreeSet<u32>| !saves.is_empty() && saves.iter().all(is_own);
        // What only stands elsewhere than its author was shown it was taken away by nobody, nor
        // put: who replaces it would put it again.
        let is_known = |spans: &[SpanSince]| {
            !since.is_of_shown() || spans.iter().all(|span| !span.by.is_empty())
        };
        let hunks = (0..).zip(of_hunks.iter().zip(spans));
        for (hunk, (saves, spans)) in hunks {
            let own: BTreeSet<u32> = saves.iter().copied().filter(is_own).collect();
            let Some(at) = own.iter().map(when).max().filter(|_| own.is_disjoint(&shared)) else {
                continue;
            };
            if is_all_own(saves) && is_known(spans) {
                theirs.hunks.insert(hunk, at);
            } else if let Some(part) = own_part(spans, |by| own.contains(&self.save_of(by))) {
                theirs.parts.insert(hunk, OwnPart { when: at, part });
            }
        }
        theirs
    }

    /// Hunks of a save in place of which its author has put something else since, in a save that
    /// the log had before, whatever it shows of that. Of such saves the newest
    /// [`limits::EARLIER_SAVES`] count. O(changes since the version), and a merge beside each.
    pub(super) fn withdrawn(
        &self,
        (version, old): (&Version, &str),
        patch: &Patch,
        replaces: Option<&Edit>,
    ) -> BTreeSet<u32> {
        let Some(by) = replaces else { return BTreeSet::new() };
        let since = self.changes.indexed_from(version.prefix() as usize);
        let later = since.filter(|(_, change)| names(change.client.as_deref(), by.delta.edit));
        let later = later.map(|(index, _)| index as u32);
        let later: Vec<u32> = later.filter(|save| self.is_own(*save, version, by)).collect();
        // What its author had before them is not what the others had.
        if later.is_empty() || self.text.text_at(version).is_ok_and(|text| text != old) {
            return BTreeSet::new();
        }
        let edits = edits(patch);
        let met = later.into_iter().rev().take(limits::EARLIER_SAVES).filter_map(|index| {
            let saved = version.clone().joined(&Version::new(0, vec![index]));
            let made = diff::between(old, &self.text.text_at(&saved).ok()?);
            let own = (0..made.hunks().len() as u32).map(|hunk| (hunk, Own::Later)).collect();
            let beside = Beside { own, creates: *version == Version::EMPTY, ..(&made).into() };
            Some(three_way::merge(old, beside, patch).met)
        });
        let gone = met.flatten().filter(|met| met.outcome == Outcome::Same);
        gone.flat_map(|met| hunks_within(&met.base, &edits)).collect()
    }

    /// What its author had replaced with hunks of a save that are `withdrawn`, and the page shows:
    /// an edit of that, by which it is as it was before. O(changes since the version), and a merge
    /// beside each of the saves that the author had made before.
    pub(super) fn replaced_before(
        &self,
        (version, old): (&Version, &str),
        (patch, replaces): (&Patch, Option<&Edit>),
        (beside, spans): (&Beside<'_>, &[&[SpanSince]]),
    ) -> Patch {
        let Some(by) = replaces else { return Patch::empty() };
        let edits = edits(patch);
        let since = self.changes.indexed_from(version.prefix() as usize);
        let earlier = since.filter(|(_, change)| names(by.client.as_deref(), change.edit));
        let earlier = earlier.map(|(index, _)| index as u32);
        let earlier: BTreeSet<u32> =
            earlier.filter(|save| self.is_own(*save, version, by)).collect();
        let mut replaced: Vec<(u32, Range<u32>)> = Vec::new();
        for save in earlier {
            let passages = self.passages_replaced((version, old), save, patch).unwrap_or_default();
            let is_withdrawn = |passage: &Range<u32>| {
                let mut own = hunks_within(passage, &edits);
                !own.is_empty() && own.all(|hunk| beside.withdrawn.contains(&hunk))
            };
            replaced.extend(passages.into_iter().filter(is_withdrawn).map(|it| (save, it)));
        }
        let is_replaced = |span: &&SpanSince| {
            replaced.iter().any(|(save, at)| {
                let within = at.start <= span.gone.start && span.gone.end <= at.end;
                within && !span.by.is_empty() && span.by.iter().all(|by| self.save_of(*by) == *save)
            })
        };
        // What others made, too, or worked on is nobody's own any more.
        let hunks = (0..).zip(spans);
        let own = hunks.filter(|(hunk, _)| {
            beside.own.contains_key(hunk) || beside.own_parts.contains_key(hunk)
        });
        let (mut back, mut at) = (Patch::builder(), 0);
        for span in own.flat_map(|(_, spans)| *spans).filter(is_replaced) {
            back.push_keep(span.came.start - at);
            let gone = old.get(span.gone.start as usize..span.gone.end as usize);
            back.push_insert(gone.unwrap_or_default());
            back.push_delete(span.came.end - span.came.start);
            at = span.came.end;
        }
        back.build().unwrap_or_default()
    }

    /// The passages of a text in which an edit of it stands in place of what a save of its author
    /// had made there before.
    fn passages_replaced(
        &self,
        (version, old): (&Version, &str),
        save: u32,
        patch: &Patch,
    ) -> Option<Vec<Range<u32>>> {
        let saved = version.clone().joined(&Version::new(0, vec![save]));
        let made = diff::between(old, &self.text.text_at(&saved).ok()?);
        let own = (0..made.hunks().len() as u32).map(|hunk| (hunk, Own::Earlier)).collect();
        let beside = Beside { own, creates: *version == Version::EMPTY, ..(&made).into() };
        let met = three_way::merge(old, beside, patch).met.into_iter();
        Some(met.filter(|met| met.outcome == Outcome::Larger).map(|met| met.base).collect())
    }

    /// What the same person made of the same text before a save, as far as it is known here: the
    /// newest, [`limits::EARLIER_SAVES`] at most, of the newest changes.
    #[must_use]
    pub fn earlier_saves(&self, base: &VersionRef, by: (&Note, &Client)) -> Vec<EditId> {
        let Ok(Resolved { version, .. }) = self.resolve_unchecked(base) else { return Vec::new() };
        let newest = self.changes.indexed().rev().take(limits::LOOKED_CHANGES);
        let person = (by.0, Some(by.1));
        let same = newest.filter(|(index, _)| self.is_save_of(*index as u32, &version, person));
        same.map(|(_, change)| change.edit).take(limits::EARLIER_SAVES).collect()
    }

    /// Whether a change is a save that the author of this one made of the text at a version, and of
    /// no older text of the origin.
    fn is_own(&self, save: u32, version: &Version, by: &Edit) -> bool {
        let person = (&by.delta.note, by.client.as_deref());
        self.is_save_of(save, version, person) && !self.is_on_detached_base(save)
    }

    /// Whether a change is a save that this person made of the text at a version.
    fn is_save_of(&self, index: u32, version: &Version, person: (&Note, Option<&Client>)) -> bool {
        let is_theirs = |change: &Change| {
            change.kind == ChangeKind::Edit as u8
                && is_same_person((&change.note, change.client.as_deref()), person)
        };
        self.changes.get(index as usize).is_some_and(|change| is_theirs(change))
            && self.text.history().is_on(index, version)
    }
}

/// Whether a save's author had made this one of the same text before.
fn names(client: Option<&Client>, edit: EditId) -> bool {
    client.is_some_and(|client| client.earlier.contains(&edit))
}

/// Merges a save beside what others did. Of what its author had withdrawn by then nobody is told.
/// O(hunks · log hunks) beyond the merge, where they had.
pub(super) fn as_meant(old: &str, beside: Beside<'_>, patch: &Patch) -> ThreeWay {
    let withdrawn = beside.withdrawn.clone();
    let mut meant = three_way::merge(old, beside, patch);
    if !withdrawn.is_empty() {
        let edits = edits(patch);
        let is_told = |met: &Met| {
            let mut own = hunks_within(&met.base, &edits);
            own.is_empty() || !own.all(|hunk| withdrawn.contains(&hunk))
        };
        meant.met.retain(is_told);
    }
    meant
}

/// What of a text each hunk of a patch changes, in order.
fn edits(patch: &Patch) -> Vec<(u32, u32)> {
    patch.edits().map(|(at, gone, _)| (at, at + gone)).collect()
}

/// Which hunks lie within a passage of the text that they change. O(log hunks).
fn hunks_within(base: &Range<u32>, edits: &[(u32, u32)]) -> Range<u32> {
    let from = edits.partition_point(|(at, _)| *at < base.start);
    let upto = edits.partition_point(|(_, end)| *end <= base.end);
    from as u32..upto.max(from) as u32
}

/// The saves whose changes a later one made, too, or worked on.
fn made_too(change: &Change) -> impl Iterator<Item = u32> {
    let shows = |start: u32, length: u32| {
        let meets = |it: &Hidden| it.at.start <= start + length && start <= it.at.end;
        !change.hidden.iter().any(meets)
    };
    let met = change.overlaps.iter().filter(move |(start, length, _)| shows(*start, *length));
    met.map(|(.., with)| *with)
}

/// What of the text that a hunk put some saves did, if that is in one piece, and all that the hunk
/// took away they did, too. O(its spans).
fn own_part(spans: &[SpanSince], is_own: impl Fn(u32) -> bool) -> Option<Range<usize>> {
    let is_own = |span: &&SpanSince| !span.by.is_empty() && span.by.iter().all(|by| is_own(*by));
    let came = || spans.iter().filter(|span| span.gone.is_empty());
    let start = came().next()?.came.start;
    let first = came().find(is_own)?;
    let last = came().filter(is_own).last()?;
    let part = first.came.start..last.came.end;
    let others = |span: &SpanSince| span.came.end <= part.start || part.end <= span.came.start;
    let alone = spans.iter().all(|span| match span.gone.is_empty() {
        true => is_own(&span) != others(span),
        false => is_own(&span),
    });
    alone.then_some((part.start - start) as usize..(part.end - start) as usize)
}
