//! Applies entries: the deterministic step from one state to the next.
//!
//! The same code runs at the edge and at the relay. It decides by fold state and
//! the entry alone; it never asks who pushed, when, or what is cached.

use std::fmt;

use super::{Change, ChangeKind, Quarantined, Seed, State};
use crate::entry::{Body, Edit, Entry, OriginPage};
use crate::identity::{Actor, EditId, FlushId};
use crate::limits;
use crate::text::{self, Patch, Text, Version, diff};
use crate::version::Place;

/// What became of an entry.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// It counts.
    Counted,
    /// The same change is in already, or the entry was folded before.
    Duplicate {
        /// Where it is; [`Place::START`] in an overlay.
        first: Place,
    },
    /// Another delta of the same save is in already; this one names it too.
    Alias {
        /// Where the first one is.
        first: Place,
    },
    /// Somebody else was first (or there is nothing to do). Nothing changed.
    Lost,
    /// It breaks a rule: kept out, and an alarm.
    Quarantined(Fault),
}

/// Why an entry was quarantined.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// Its patch does not fit the text it names.
    Patch(String),
    /// Its base does not exist.
    Base(String),
    /// It names a position that is no version of the document.
    Position(u64),
    /// It names an intent that never counted.
    Intent(FlushId),
    /// It says that other bytes were stored, but not which.
    Stored,
    /// The text that it leads to is not the one whose hash it names.
    Text,
    /// The text would become longer than a page may be.
    TooLong(usize),
    /// A kind of entry that this program does not know.
    Kind(u8),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patch(why) => write!(f, "the patch does not fit its base: {why}"),
            Self::Base(why) => write!(f, "the base cannot be resolved: {why}"),
            Self::Position(position) => write!(f, "position {position} is no version"),
            Self::Intent(flush) => write!(f, "intent {flush} never counted"),
            Self::Stored => write!(f, "stored bytes differ, and the difference is not given"),
            Self::Text => write!(f, "it does not lead to the text that it names"),
            Self::TooLong(bytes) => write!(f, "the text would have {bytes} bytes"),
            Self::Kind(kind) => write!(f, "entry kind {kind} is not known here"),
        }
    }
}

impl State {
    pub(super) fn apply(&mut self, place: Place, logged_ms: u64, entry: &Entry) -> Verdict {
        match &entry.body {
            Body::Edit(edit) => self.apply_edit(place, logged_ms, edit),
            Body::Version(version) => match self.resolve_version(version) {
                Ok(_) => {
                    self.add_object(version);
                    Verdict::Counted
                }
                Err(error) => Verdict::Quarantined(Fault::Base(error.to_string())),
            },
            Body::Base(page) => self.apply_base(place, logged_ms, page),
            Body::Import(import) => self.apply_import(place, logged_ms, import),
            Body::Intent(intent) => self.apply_intent(place, logged_ms, intent),
            Body::Landed(landed) => self.apply_landed(place, logged_ms, landed),
            Body::Checkpoint(checkpoint) => self.apply_checkpoint(checkpoint),
            Body::Abandoned(abandoned) => self.apply_abandoned(abandoned),
            Body::Moved(moved) => self.apply_moved(moved),
            Body::Unknown { kind, .. } => Verdict::Quarantined(Fault::Kind(*kind)),
        }
    }

    fn apply_edit(&mut self, place: Place, logged_ms: u64, edit: &Edit) -> Verdict {
        let actor = edit.delta.actor();
        let first = self.changes.iter().rposition(|change| change.edit == edit.delta.edit);
        if let Some(index) = first {
            return self.recognise(actor, index, edit);
        }
        let resolved = match self.resolve(&edit.delta.base) {
            Ok(resolved) => resolved,
            Err(error) => return Verdict::Quarantined(Fault::Base(error.to_string())),
        };
        let change = Change {
            edit: edit.delta.edit,
            note: edit.delta.note.clone(),
            time_ms: edit.accepted_ms,
            ..self.change(actor, place, logged_ms, ChangeKind::Edit)
        };
        let merged = match resolved.seed {
            None => self.merge(change, resolved.version, edit.delta.patch.clone()).map(|_| ()),
            Some((seed, within)) => {
                self.merge_from_seed(change, resolved.version, seed, within, &edit.delta.patch)
            }
        };
        match merged {
            Ok(()) => {
                self.note_served(edit);
                Verdict::Counted
            }
            Err(fault) => Verdict::Quarantined(fault),
        }
    }

    /// A save that is in already: what it was served as stays resolvable.
    fn recognise(&mut self, actor: Actor, index: usize, edit: &Edit) -> Verdict {
        let Change { actor: first_actor, place: first, .. } = self.changes[index];
        let known = first_actor == actor || self.aliases.iter().any(|alias| alias.0 == actor);
        if !known {
            self.aliases.push((actor, index as u32));
        }
        self.note_served(edit);
        match first_actor == actor {
            true => Verdict::Duplicate { first },
            false => Verdict::Alias { first },
        }
    }

    fn note_served(&mut self, edit: &Edit) {
        if let Some(served) = &edit.served {
            self.add_object(served);
        }
    }

    pub(super) fn change(
        &self,
        actor: Actor,
        place: Place,
        logged_ms: u64,
        kind: ChangeKind,
    ) -> Change {
        Change {
            actor,
            place,
            kind: kind as u8,
            edit: EditId::default(),
            note: Default::default(),
            time_ms: logged_ms,
            logged_ms,
            revision: 0,
            bytes: 0,
            overlaps: Vec::new(),
        }
    }

    /// Merges a change into the text and lists it; on an error nothing changed.
    pub(super) fn merge(
        &mut self,
        mut change: Change,
        base: Version,
        patch: Patch,
    ) -> Result<u32, Fault> {
        let longest = self.text().len() + patch.inserted().len();
        if longest > limits::MERGED_BYTES {
            return Err(Fault::TooLong(longest));
        }
        let index = self.changes.len() as u32;
        let merged = self
            .text
            .merge(change.actor.0, base, patch)
            .map_err(|error| Fault::Patch(error.to_string()))?;
        change.bytes = self.text().len() as u32;
        change.overlaps = overlaps(&merged.overlaps);
        self.changes.push(change);
        Ok(index)
    }

    /// Keeps a text of the origin that is not in the log's line, so that edits
    /// made on it can be transposed.
    pub(super) fn add_seed(&mut self, page: &OriginPage) -> Verdict {
        let name = page.name();
        if self.seeds.iter().any(|seed| seed.name == name) {
            return Verdict::Lost;
        }
        let mut text = Text::default();
        let written = diff::between("", &page.text);
        if let Err(error) = text.merge(page.actor(&self.key).0, Version::EMPTY, written) {
            return Verdict::Quarantined(Fault::Patch(error.to_string()));
        }
        if self.seeds.len() == limits::SEEDS {
            self.seeds.remove(0);
        }
        let onto = self.origin.tip.as_ref().map(|tip| tip.version.clone()).unwrap_or_default();
        self.seeds.push(Seed { name, text, mapped: Vec::new(), onto });
        Verdict::Lost
    }

    /// Merges an edit that was written on a seed's text: the edit is mapped
    /// through the difference between the document's text and the seed's.
    fn merge_from_seed(
        &mut self,
        change: Change,
        onto: Version,
        seed: usize,
        within: Version,
        patch: &Patch,
    ) -> Result<(), Fault> {
        let fault = |error: &dyn fmt::Display| Fault::Patch(error.to_string());
        let ours = self.text.text_at(&onto).map_err(|error| fault(&error))?;
        let theirs = self.seeds[seed].text.text_at(&within).map_err(|error| fault(&error))?;
        patch.apply(&theirs).map_err(|error| fault(&error))?;
        let mapped = text::map_through(patch, &diff::between(&ours, &theirs));
        let (actor, place, logged_ms) = (change.actor.0, change.place, change.logged_ms);
        let index = self.merge(change, onto, mapped)?;
        let (index_of_seed, seed) = (seed, &mut self.seeds[seed]);
        // It fits: it was applied to this very text above.
        if seed.text.merge(actor, within, patch.clone()).is_ok() {
            seed.mapped.push(index);
        }
        let (name, made) = (seed.name, seed.mapped.len() as u32);
        if let Some(known) = self.known(name).cloned() {
            self.complete_edit(place, logged_ms, &known, index_of_seed, made);
        }
        Ok(())
    }

    /// A seed's text has come in at `version`. What its edits deleted of the text
    /// while it was not in is deleted now. What they stand on stays: versions
    /// that were served have to go on being the same texts.
    pub(super) fn complete_seed(&mut self, place: Place, logged_ms: u64, version: &Version) {
        let Some(tip) = self.origin.tip.as_ref().map(|tip| tip.stored) else { return };
        let Some(seed) = self.seed_of(tip) else { return };
        for made in 1..=self.seeds[seed].mapped.len() as u32 {
            self.complete_edit(place, logged_ms, version, seed, made);
        }
    }

    /// Deletes what change `made` of a seed deleted of the seed's own text, which
    /// is in at `version`.
    fn complete_edit(
        &mut self,
        place: Place,
        logged_ms: u64,
        version: &Version,
        seed: usize,
        made: u32,
    ) {
        let Some(patch) = self.deletions_on_seed(seed, made) else { return };
        let Some(mapped) = self.seeds[seed].mapped.get(made as usize - 1) else { return };
        let edited = self.changes[*mapped as usize].clone();
        let name = [&edited.actor.0.to_le_bytes()[..], &self.seeds[seed].name.text.0];
        let actor = Actor::of("completion", &name);
        let change = Change {
            note: edited.note,
            time_ms: edited.time_ms,
            ..self.change(actor, place, logged_ms, ChangeKind::Difference)
        };
        // The text at `version` is the seed's: what fits the one fits the other.
        let merged = self.merge(change, version.clone(), patch);
        debug_assert!(merged.is_ok());
    }

    /// What change `made` of a seed deleted, as an edit of the seed's own text;
    /// `None` for nothing.
    fn deletions_on_seed(&self, seed: usize, made: u32) -> Option<Patch> {
        let text = &self.seeds[seed].text;
        let record = text.history().get(made)?;
        let (own, base) = (text.prefix_text(1).ok()?, text.text_at(&record.base).ok()?);
        let deleted = record.patch.edits().filter(|edit| edit.1 > 0);
        let mut at = 0;
        let deletions = deleted.fold(Patch::builder(), |builder, (start, length, _)| {
            let kept = start - at;
            at = start + length;
            builder.keep(kept).delete(length)
        });
        let mapped = text::map_through(&deletions.build().ok()?, &diff::between(&own, &base));
        (mapped.deleted_len() > 0).then_some(mapped)
    }

    pub(super) fn quarantine(&mut self, place: Place, reason: String) {
        if self.quarantined.len() < limits::QUARANTINED {
            self.quarantined.push(Quarantined { position: place.position, reason });
        }
    }
}

fn overlaps(found: &[text::Overlap]) -> Vec<(u32, u32, u32)> {
    let spans = found.iter().take(limits::OVERLAPS);
    spans.map(|o| (o.range.start, o.range.end - o.range.start, o.with)).collect()
}
