//! Folds what the log says about the origin: texts taken from it, and attempts to write to it.
//!
//! An entry counts if it names the tip that the log has by then; one that does not was superseded.
//! So replicas race without asking each other, and the log's order decides. (This is compare and
//! set, with the tip for the register; that the log does it is ours.) May assume that entries are
//! folded in the log's order. Must never let the tip stand for other bytes than the origin has.

use redwedding_text::{Patch, Version, diff, map_through};
use redwedding_wire::identity::{Actor, Digest, FlushId};
use redwedding_wire::version::{OriginText, Place};

use super::change::{Change, ChangeKind};
use super::fold::{Fault, Verdict};
use super::origin::{Announced, IntentState, Tip};
use super::resolve::Basis;
use super::state::State;
use crate::entry::{Abandoned, Checkpoint, Committed, Import, Intent, Moved, OriginPage, RULES};
use crate::limits;

impl State {
    /// The text at a version of this document's own changes.
    #[must_use]
    pub fn text_at(&self, version: &Version) -> Option<String> {
        self.text.text_at(version).ok()
    }

    /// The text right after `upto`, with its version.
    #[must_use]
    pub fn text_upto(&self, upto: Place) -> Option<(Version, String)> {
        let version = self.version_at(upto).ok()?;
        let text = self.text.text_at(&version).ok()?;
        Some((version, text))
    }

    /// Whether the text at a version has this digest.
    pub(super) fn has_text(&self, version: &Version, text: Digest) -> bool {
        self.text.text_at(version).is_ok_and(|found| Digest::of_text(&found) == text)
    }

    /// Whether patches, one after the other from the text at `version` on, each give the text that
    /// is named with it: the tip must never stand for other bytes than the origin has.
    fn leads_to(&self, version: &Version, patches: &[(&Patch, Digest)]) -> Result<(), Fault> {
        let fault = |error: &dyn std::fmt::Display| Fault::Patch(error.to_string());
        let mut text = self.text.text_at(version).map_err(|error| fault(&error))?;
        for (patch, name) in patches {
            text = patch.apply(&text).map_err(|error| fault(&error))?.text;
            if Digest::of_text(&text) != *name {
                return Err(Fault::Text);
            }
        }
        Ok(())
    }

    /// What an import says of somebody who made `text` of the tip's: how that differs from the text
    /// at its version, and the edit. `stored` are the tip's bytes, where it is not exact. `None` if
    /// the version's text is not here.
    #[must_use]
    pub fn edit_at_origin(&self, stored: Option<&str>, text: &str) -> Option<(Patch, Patch)> {
        let version = self.origin.tip.as_ref().map(|tip| tip.version.clone()).unwrap_or_default();
        let ours = self.text_at(&version)?;
        let Some(stored) = stored else {
            return Some((Patch::empty(), diff::between(&ours, text)));
        };
        let (shown, patch) = (diff::between(&ours, stored), diff::between(stored, text));
        // What was erased stands there yet. It must not be written again, not even as that.
        Some(match self.holds_erased(&version) {
            true => (Patch::empty(), map_through(&patch, &shown)),
            false => (shown, patch),
        })
    }

    /// Whether an import leads from the tip's bytes to those of its revision.
    fn extends_tip(&self, import: &Import) -> bool {
        let edit = (&import.patch, import.to.text);
        match &self.origin.tip {
            Some(Tip { stored, version, .. }) => {
                self.leads_to(version, &[(&import.shown, stored.text), edit]).is_ok()
            }
            None => import.shown.is_empty() && self.leads_to(&Version::EMPTY, &[edit]).is_ok(),
        }
    }

    pub(super) fn apply_base(
        &mut self,
        place: Place,
        logged_ms: u64,
        page: &OriginPage,
    ) -> Verdict {
        // The first base of a text counts; whoever took the same text meant that one.
        if self.known(page.name()).is_some() {
            return Verdict::Superseded;
        }
        // Where anything is in, the text may hold some of it already: a flush of
        // ours that is not known to be committed. It counts as an import only.
        if !self.changes.is_empty() || self.origin.tip.is_some() {
            return self.add_detached_base(logged_ms, page);
        }
        let actor = page.actor(&self.key);
        let patch = diff::between("", &page.text);
        let change = self.change(actor, place, logged_ms, ChangeKind::Base);
        let change = Change {
            note: page.note.clone(),
            time_ms: page.time_ms,
            about: page.revision,
            ..change
        };
        match self.merge(change, Version::EMPTY, patch) {
            Ok(index) => {
                let version = Version::new(0, vec![index]);
                self.origin.move_tip(page.name(), version, true);
                Verdict::Counted
            }
            Err(fault) => Verdict::Quarantined(fault),
        }
    }

    pub(super) fn apply_import(
        &mut self,
        place: Place,
        logged_ms: u64,
        import: &Import,
    ) -> Verdict {
        let tip = self.origin.tip.clone();
        // It must begin exactly at the tip: otherwise another entry has accounted for that
        // revision, or one between is not accounted for.
        let extends = import.to.revision > self.origin.revision();
        if !extends || import.from != tip.as_ref().map(|tip| tip.stored) {
            return Verdict::Superseded;
        }
        if import.rules > RULES {
            return Verdict::Quarantined(Fault::Rules(import.rules));
        }
        // On a tip that is not the text at its version, an import is not either.
        let exact = tip.as_ref().is_none_or(|tip| tip.exact);
        // It may have been made on such a tip, before a checkpoint said which version its text is:
        // whoever looks next brings in what it was to bring. One that does not say how the tip's
        // text differs is an edit of the version's, as well as that can be told.
        let is_mapped = !exact && import.shown.is_empty();
        if !is_mapped && !self.extends_tip(import) {
            return Verdict::Superseded;
        }
        let version = tip.map(|tip| tip.version).unwrap_or_default();
        let change = self.change(import.actor(&self.key), place, logged_ms, ChangeKind::Import);
        let change = Change {
            note: import.note.clone(),
            time_ms: import.time_ms,
            about: import.to.revision,
            ..change
        };
        // A person at the origin had seen the tip and nothing else, so the import is concurrent to
        // all that is not written yet: it is merged, and nothing of either is lost. Where the two
        // conflict it shows, and the other version is offered.
        let basis = Basis { version: version.clone(), shown: import.shown.clone() };
        let merged = match (import.rules, basis.whole(&import.patch)) {
            (0..=1, Ok(whole)) => self.merge(change, version.clone(), whole.patch),
            _ => self.merge_as_meant(change, basis, &import.patch, None),
        };
        match merged {
            Ok(index) => {
                let version = version.joined(&Version::new(0, vec![index]));
                let (from, merged) = (self.origin.revision(), self.text.head());
                self.origin.move_tip(import.to, version, exact);
                self.complete_detached_bases(place, logged_ms, from);
                self.tell_hidden(index, &merged, None);
                Verdict::Counted
            }
            Err(fault) => Verdict::Quarantined(fault),
        }
    }

    pub(super) fn apply_intent(
        &mut self,
        place: Place,
        logged_ms: u64,
        intent: &Intent,
    ) -> Verdict {
        // One attempt at a time, on the tip that the log agreed on: the first intent wins the right
        // to write, whoever holds a lease.
        if self.origin.open().is_some() || intent.tip != self.origin.revision() {
            return Verdict::Superseded;
        }
        if self.origin.announced(intent.flush).is_some() {
            return Verdict::Superseded;
        }
        // What will be sent must be the text at its position, or an outcome could not be
        // recognised.
        match self.text_upto(intent.upto) {
            Some((_, text)) if Digest::of_text(&text) == intent.text => {}
            Some(_) => return Verdict::Quarantined(Fault::Text),
            None => return Verdict::Quarantined(Fault::Position(intent.upto.position)),
        }
        if self.origin.intents.len() == limits::INTENTS {
            self.origin.intents.remove(0);
        }
        let announced =
            Announced { intent: intent.clone(), place, logged_ms, state: IntentState::Open as u8 };
        self.origin.intents.push(announced);
        Verdict::Counted
    }

    pub(super) fn apply_committed(
        &mut self,
        place: Place,
        logged_ms: u64,
        committed: &Committed,
    ) -> Verdict {
        // Only an intent that counted says which text was sent. It may be abandoned by now: then
        // the write came late, and the origin has it all the same.
        let Some(announced) = self.origin.announced(committed.flush).cloned() else {
            return Verdict::Quarantined(Fault::Intent(committed.flush));
        };
        // Where the origin would have stored what it has, it makes no revision.
        let tip = self.origin.tip.as_ref().map(|tip| tip.stored.text);
        let unchanged = committed.revision == committed.from && tip == Some(committed.stored);
        let extends = committed.revision > committed.from || unchanged;
        // Two that reconcile log the same: the first has moved the tip.
        if committed.from != self.origin.revision() || !extends {
            return Verdict::Superseded;
        }
        let Ok(version) = self.version_at(announced.intent.upto) else {
            return Verdict::Quarantined(Fault::Position(announced.intent.upto.position));
        };
        let sent = announced.intent.text;
        let stored = OriginText { revision: committed.revision, text: committed.stored };
        // The origin may store other bytes than were sent (it trims, signs, or merges). The
        // difference is a change of its own on the version that was sent, so that the tip's version
        // is always the tip's bytes.
        let version = match &committed.difference {
            None if committed.stored != sent => return Verdict::Quarantined(Fault::Stored),
            None => version,
            Some(patch) => {
                if let Err(fault) = self.leads_to(&version, &[(patch, committed.stored)]) {
                    return Verdict::Quarantined(fault);
                }
                let actor = match unchanged {
                    // The same text can be sent on one revision more than once.
                    true => Actor::of("unchanged", &[&committed.flush.0, &committed.stored.0]),
                    false => committed.actor(&self.key, sent),
                };
                let change = self.change(actor, place, logged_ms, ChangeKind::Difference);
                let change =
                    Change { time_ms: committed.time_ms, about: committed.revision, ..change };
                match self.merge(change, version.clone(), patch.clone()) {
                    Ok(index) => version.joined(&Version::new(0, vec![index])),
                    Err(fault) => return Verdict::Quarantined(fault),
                }
            }
        };
        self.origin.close(committed.flush, IntentState::Committed);
        // Something of what was sent may have been erased since.
        let exact = self.has_text(&version, committed.stored);
        self.origin.move_tip(stored, version, exact);
        self.complete_detached_bases(place, logged_ms, committed.from);
        Verdict::Counted
    }

    pub(super) fn apply_checkpoint(&mut self, checkpoint: &Checkpoint) -> Verdict {
        let Some(tip) = self.origin.tip.clone() else { return Verdict::Superseded };
        if checkpoint.revision != tip.stored.revision {
            return Verdict::Superseded;
        }
        // Nothing was written: edits that took each other back lead to the text that the origin
        // has.
        match self.text_upto(checkpoint.upto) {
            Some((version, text)) if Digest::of_text(&text) == tip.stored.text => {
                // An intent that is open is of a flush that began meanwhile. If it writes, its
                // revision is known by its id, whatever became of the intent.
                if let Some(open) = self.origin.open().map(|announced| announced.intent.flush) {
                    self.origin.close(open, IntentState::Committed);
                }
                self.origin.move_tip(tip.stored, version, true);
                Verdict::Counted
            }
            // Something of it may have been erased since. A flush is due.
            Some(_) => Verdict::Superseded,
            None => Verdict::Quarantined(Fault::Position(checkpoint.upto.position)),
        }
    }

    pub(super) fn apply_abandoned(&mut self, abandoned: &Abandoned) -> Verdict {
        match self.origin.open() {
            Some(open) if open.intent.flush == abandoned.flush => {
                self.origin.close(abandoned.flush, IntentState::Abandoned);
                Verdict::Counted
            }
            // It has been committed, or somebody else has abandoned it.
            _ => Verdict::Superseded,
        }
    }

    pub(super) fn apply_moved(&mut self, place: Place, logged_ms: u64, moved: &Moved) -> Verdict {
        if moved.from != self.origin.revision() || moved.to.revision <= moved.from {
            return Verdict::Superseded;
        }
        // A flush of ours that the origin merged with something else by itself. What the log makes
        // of the two is the nearest to it that there is, and what is edited there is carried over
        // from the one to the other. Where they differ the tip is not exact until the next flush.
        let held = self.origin.tip.as_ref().map(|tip| tip.version.clone()).unwrap_or_default();
        let version = match moved.flush.and_then(|flush| self.version_sent(flush)) {
            Some(sent) => held.joined(&sent),
            // It is in the archive: the tip has passed it.
            None => held,
        };
        let exact = moved.flush.is_some() && self.has_text(&version, moved.to.text);
        if let Some(flush) = moved.flush {
            self.origin.close(flush, IntentState::Committed);
        }
        self.origin.move_tip(moved.to, version, exact);
        self.complete_detached_bases(place, logged_ms, moved.from);
        Verdict::Counted
    }

    /// The version that a flush has sent, if it is kept.
    fn version_sent(&self, flush: FlushId) -> Option<Version> {
        self.version_at(self.origin.announced(flush)?.intent.upto).ok()
    }
}
