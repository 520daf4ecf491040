//! Moderation: a change that is in is suppressed, released or erased.
//!
//! May assume that the relay asked who may. Must never lose what others wrote inside or around
//! the change that is moderated.

use redwedding_text::{MergeError, Patch};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::fold::{Fault, Verdict};
use super::open::AllOpen;
use super::{Change, ChangeKind, State};
use crate::entry::Moderation;
use crate::limits;

/// As it is in a list of changes.
const ERASE: u8 = ChangeKind::Erase as u8;

impl State {
    /// Whether a change is suppressed.
    #[must_use]
    pub fn is_suppressed(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.text.history().is_suppressed(index))
    }

    /// Suppresses a change, or releases it: an event of the text that has seen all others, so that
    /// what was written concurrently merges as ever.
    pub(super) fn apply_suppression(
        &mut self,
        place: Place,
        logged_ms: u64,
        moderation: &Moderation,
        kind: ChangeKind,
    ) -> Verdict {
        let Some(target) = self.index_of(moderation.change) else {
            return Verdict::Quarantined(Fault::Change(moderation.change));
        };
        let actor = self.moderation_actor(place, moderation);
        let suppressed = matches!(kind, ChangeKind::Suppress);
        if self.text().len() > limits::MERGED_BYTES {
            return Verdict::Quarantined(Fault::TooLong(self.text().len()));
        }
        // Of what a suppressed change did nothing may be taken back twice.
        if suppressed && !self.text.history().is_suppressed(target) {
            self.let_line_end_go(place, logged_ms, target);
            self.let_decided_go(place, logged_ms, target);
        }
        match self.text.set_suppressed(actor.0, target, suppressed) {
            Ok(_) => {
                let change = self.change(actor, place, logged_ms, kind);
                self.note(change, moderation, target);
                if !suppressed {
                    self.keep_line_end_again(place, logged_ms, target);
                    self.decide_again(place, logged_ms, target);
                }
                Verdict::Counted
            }
            Err(MergeError::NothingToSuppress) => Verdict::Superseded,
            Err(error) => Verdict::Quarantined(Fault::Patch(error.to_string())),
        }
    }

    /// Makes a change unreadable. What the origin has is another text then, and has to be written.
    pub(super) fn apply_erase(
        &mut self,
        place: Place,
        logged_ms: u64,
        moderation: &Moderation,
    ) -> Verdict {
        let found =
            self.index_of(moderation.change).filter(|index| self.text.history().holds(*index));
        let Some(index) = found else {
            return Verdict::Quarantined(Fault::Change(moderation.change));
        };
        let before = |change: &Change| (change.kind, change.about) == (ERASE, index.into());
        if self.changes.indexed().any(|(_, change)| before(change)) {
            return Verdict::Superseded;
        }
        let actor = self.moderation_actor(place, moderation);
        // An erasure is a change without edits. From it on the text has another version, so that a
        // save made before it is known as such.
        let head = self.text.head();
        let merged = self.text.merge(actor.0, &head, &Patch::default());
        if let Err(error) = merged.and_then(|_| self.text.erase(index)) {
            return Verdict::Quarantined(Fault::Patch(error.to_string()));
        }
        self.changes.erase(index as usize);
        // Whoever looks through the changes from now on finds other texts.
        self.open = AllOpen::default();
        // What stands in its place on the page says the same.
        if let Some(instead) = self.instead_of(index) {
            let erased = self.text.erase(instead);
            debug_assert!(erased.is_ok());
        }
        let change = self.change(actor, place, logged_ms, ChangeKind::Erase);
        self.note(change, moderation, index);
        for detached in &mut self.detached_bases {
            let made = detached.mapped.iter().position(|mapped| *mapped == index);
            if let Some(made) = made {
                // It is there: the detached base's own text is its first change.
                let erased = detached.text.erase(made as u32 + 1);
                debug_assert!(erased.is_ok());
            }
        }
        // The origin still has the characters: its bytes are not the text at the tip's version any
        // more, and a flush is due.
        let tip = self.origin.tip.clone();
        if let Some(tip) = tip.filter(|tip| tip.version.contains(index)) {
            let exact = self.has_text(&tip.version, tip.stored.text);
            self.origin.set_exact(tip.exact && exact);
        }
        Verdict::Counted
    }

    /// Who a moderation is by, among the changes: nobody who could have made another one. (The
    /// hashed name of it is older than the word.)
    fn moderation_actor(&self, place: Place, moderation: &Moderation) -> Actor {
        let (about, position) = (moderation.change.0.to_le_bytes(), place.position.to_le_bytes());
        Actor::of("judgement", &[&self.key.digest().0, &about, &position])
    }

    fn note(&mut self, change: Change, moderation: &Moderation, target: u32) {
        self.changes.push(Change {
            note: moderation.note.clone(),
            time_ms: moderation.time_ms,
            about: target.into(),
            bytes: self.text().len() as u32,
            ..change
        });
    }
}
