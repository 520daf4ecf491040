//! Applies entries: the deterministic step from one state to the next.
//!
//! The same code runs at the edge and at the relay. It decides by fold state and
//! the entry alone; it never asks who pushed, when, or what is cached. So the log's
//! order settles every race: of two entries that exclude each other the first
//! counts, and the second is superseded without any effect.
//!
//! | entry | counts if | what it changes |
//! |---|---|---|
//! | `Edit` | its base is in, the patch fits, its condition is met; not in yet | text: one change |
//! | `Version` | all that it names is in | the list of version objects |
//! | `Base` | there is no change and no tip | the text, the tip (else: a detached base is kept) |
//! | `Import` | it stands on the tip, and its revision is newer | the text: one change; the tip |
//! | `Intent` | none is open, and it names the tip and a text that is here | opens the intent |
//! | `Committed` | its intent counted, and it stands on the tip | the tip; the text (difference) |
//! | `Checkpoint` | the text at its position is the tip's | the tip's version; closes the intent |
//! | `Abandoned` | it names the open intent | closes the intent |
//! | `Moved` | it stands on the tip, and its revision is newer | the tip, which is not exact then |
//! | `Floor` | it begins where a segment ends, and all may be pruned | what is kept; the archive |
//! | `Suppress`, `Release` | the change is in, and is not so already | the text: one change |
//! | `Erase` | the change is kept, and not erased yet | its characters; one change |
//! | unknown | never | nothing: quarantined |
//!
//! `Committed` closes its intent, too; its difference is where the origin stored other bytes than
//! were sent.

use std::fmt;

use redwedding_text::{Merged, Overlap, Patch, Version, diff};
use redwedding_wire::identity::{Actor, Digest, EditId, FlushId};
use redwedding_wire::version::Place;

use super::resolve::Basis;
use super::{Change, ChangeKind, Quarantined, Resolved, State};
use crate::entry::{Body, Edit, Entry, RULES};
use crate::limits;

/// By which rules the fold finds differences ([`redwedding_text::diff`]) where no entry says it.
pub(super) const FOLD_RULES: u8 = diff::BY_WORDS;

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
    /// It was made on a text that is not kept here: it needs a segment of the archive. Nothing
    /// changed.
    Below {
        /// Which.
        segment: Digest,
    },
    /// Something that came earlier in the log is about the same (or there is nothing to do).
    /// Nothing changed.
    Superseded,
    /// The save's condition is not met. Nothing changed, and the save is not known: sent again it
    /// is judged anew.
    Unmet,
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
    /// It is about a change that there is not.
    Change(Actor),
    /// It says that other bytes were stored, but not which.
    Stored,
    /// The text that it leads to is not the one whose hash it names.
    Text,
    /// The text would become longer than a page may be.
    TooLong(usize),
    /// What it says to be in the archive is not what lies below the floor.
    Segment,
    /// A kind of entry that this program does not know.
    Kind(u8),
    /// It is merged by rules that this program does not know.
    Rules(u8),
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
            Self::Change(actor) => write!(f, "there is no change {actor}"),
            Self::Segment => f.write_str("the segment it names is not what lies below the floor"),
            Self::Kind(kind) => write!(f, "entry kind {kind} is not known here"),
            Self::Rules(rules) => write!(f, "merge rules {rules} are not known here"),
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
            Body::Committed(committed) => self.apply_committed(place, logged_ms, committed),
            Body::Checkpoint(checkpoint) => self.apply_checkpoint(checkpoint),
            Body::Abandoned(abandoned) => self.apply_abandoned(abandoned),
            Body::Moved(moved) => self.apply_moved(place, logged_ms, moved),
            Body::Floor(floor) => self.apply_floor(floor),
            Body::Suppress(moderation) => {
                self.apply_suppression(place, logged_ms, moderation, ChangeKind::Suppress)
            }
            Body::Release(moderation) => {
                self.apply_suppression(place, logged_ms, moderation, ChangeKind::Release)
            }
            Body::Erase(moderation) => self.apply_erase(place, logged_ms, moderation),
            Body::Unknown { kind, .. } => Verdict::Quarantined(Fault::Kind(*kind)),
        }
    }

    pub(super) fn apply_edit(&mut self, place: Place, logged_ms: u64, edit: &Edit) -> Verdict {
        let actor = edit.delta.actor();
        // A save is one change, however often it is sent: the first delta of an edit id counts.
        // What follows names the same change (an alias, where a retry was diffed on another base).
        let first = self.changes.by_edit(edit.delta.edit);
        if let Some((index, change)) = first {
            return self.recognise(actor, (index, change.actor, change.place), edit);
        }
        if edit.delta.rules > RULES {
            return Verdict::Quarantined(Fault::Rules(edit.delta.rules));
        }
        self.apply_if(edit, |state| state.apply_new(actor, (place, logged_ms), edit))
    }

    /// A save that is not in yet, whatever its condition.
    fn apply_new(
        &mut self,
        actor: Actor,
        (place, logged_ms): (Place, u64),
        edit: &Edit,
    ) -> Verdict {
        let resolved = match self.resolve(&edit.delta.base) {
            Ok(resolved) => resolved,
            Err(error) => return Verdict::Quarantined(Fault::Base(error.to_string())),
        };
        let kind = match edit.is_merge_node() {
            true => ChangeKind::MergeNode,
            false => ChangeKind::Edit,
        };
        let change = Change {
            edit: edit.delta.edit,
            note: edit.delta.note.clone(),
            client: edit.client.clone(),
            time_ms: edit.accepted_ms,
            ..self.change(actor, place, logged_ms, kind)
        };
        // An edit on a text in the log's line merges exactly. One on a text that the log did not
        // know is carried over by the difference of the two texts.
        let delta = &edit.delta;
        // Where something was put a merge by characters would not tell.
        let fits = resolved.shown.is_empty()
            || self.text_of(&resolved).is_some_and(|old| delta.patch.apply(&old).is_ok());
        let Resolved { version, shown, detached } = resolved;
        let basis = Basis { version, shown };
        let decides = place != Place::START && delta.rules > 1 && kind == ChangeKind::Edit;
        let before = decides.then(|| self.before_save()).flatten();
        let shown = basis.shown.clone();
        let merged = match detached {
            _ if !fits => Err(Fault::Patch("it does not fit what its author had".into())),
            None if delta.rules > 1 && kind != ChangeKind::MergeNode => {
                self.merge_as_meant(change, basis, &delta.patch, edit.replacing()).map(|_| ())
            }
            None => {
                let whole = basis.whole(&delta.patch);
                let whole = whole.map_err(|error| Fault::Patch(error.to_string()));
                whole.and_then(|whole| self.merge(change, basis.version, whole.patch)).map(|_| ())
            }
            Some(on) => {
                self.merge_from_detached_base(change, basis, &on, (&delta.patch, delta.rules))
            }
        };
        match merged {
            Ok(()) => {
                if let Some(before) = &before {
                    self.yield_to_choice(edit, &shown);
                    self.settle(before, edit);
                }
                // The answer's id has to stay resolvable: somebody may edit on it.
                self.note_served(edit);
                Verdict::Counted
            }
            Err(fault) => Verdict::Quarantined(fault),
        }
    }

    /// A save that is in already: what it was served as stays resolvable.
    pub(super) fn recognise(
        &mut self,
        actor: Actor,
        (index, first_actor, first): (usize, Actor, Place),
        edit: &Edit,
    ) -> Verdict {
        let known = first_actor == actor || self.aliases.iter().any(|alias| alias.0 == actor);
        if !known {
            self.aliases.push((actor, index as u32));
            if self.aliases.len() > limits::ALIASES {
                self.aliases.remove(0);
            }
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
            client: None,
            time_ms: logged_ms,
            logged_ms,
            about: 0,
            bytes: 0,
            overlaps: Vec::new(),
            hidden: Vec::new(),
            settles: Vec::new(),
        }
    }

    /// Merges a change into the text and lists it; on an error nothing changed.
    pub(super) fn merge(
        &mut self,
        change: Change,
        base: Version,
        patch: Patch,
    ) -> Result<u32, Fault> {
        let (place, logged_ms) = (change.place, change.logged_ms);
        let (index, merged) = self.merge_alone(change, base, patch)?;
        self.keep_lines((index, place, logged_ms), &merged);
        Ok(index)
    }

    /// As [`Self::merge`], without what keeps its lines apart from those of others.
    pub(super) fn merge_alone(
        &mut self,
        mut change: Change,
        base: Version,
        patch: Patch,
    ) -> Result<(u32, Merged), Fault> {
        // Concurrent edits that each fit can together be longer than a page may be. The bound is
        // checked before the merge, since a merge cannot be taken back.
        let longest = self.text().len() + patch.inserted().len();
        if longest > limits::MERGED_BYTES {
            return Err(Fault::TooLong(longest));
        }
        let index = self.changes.len() as u32;
        let merged = self
            .text
            .merge(change.actor.0, &base, &patch)
            .map_err(|error| Fault::Patch(error.to_string()))?;
        change.bytes = self.text().len() as u32;
        change.overlaps = overlaps(&merged.overlaps);
        self.changes.push(change);
        Ok((index, merged))
    }

    pub(super) fn quarantine(&mut self, place: Place, reason: String) {
        if self.quarantined.len() < limits::QUARANTINED {
            self.quarantined.push(Quarantined { position: place.position, reason });
        }
    }
}

fn overlaps(found: &[Overlap]) -> Vec<(u32, u32, u32)> {
    let spans = found.iter().take(limits::OVERLAPS);
    spans.map(|o| (o.range.start, o.range.end - o.range.start, o.with)).collect()
}
