//! What is done to a change after it is in: held back, released, erased.
//!
//! May assume that the log's keeper asked who may. Must never lose what others wrote inside or around
//! what is judged.

use redwedding_text::{MergeError, Patch};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Place;

use super::fold::{Fault, Verdict};
use super::{Change, ChangeKind, State};
use crate::entry::Judgement;
use crate::limits;

/// As it is in a list of changes.
const ERASE: u8 = ChangeKind::Erase as u8;

impl State {
    /// Whether a change is held back.
    pub fn is_held(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.text.history().is_out(index))
    }

    /// Holds a change back, or releases it.
    pub(super) fn apply_hold(
        &mut self,
        place: Place,
        logged_ms: u64,
        judged: &Judgement,
        kind: ChangeKind,
    ) -> Verdict {
        let Some(target) = self.index_of(judged.change) else {
            return Verdict::Quarantined(Fault::Change(judged.change));
        };
        let actor = self.judgement(place, judged);
        let out = matches!(kind, ChangeKind::Hold);
        if self.text().len() > limits::MERGED_BYTES {
            return Verdict::Quarantined(Fault::TooLong(self.text().len()));
        }
        match self.text.toggle(actor.0, target, out) {
            Ok(_) => {
                let change = self.change(actor, place, logged_ms, kind);
                self.note(change, judged, target);
                Verdict::Counted
            }
            Err(MergeError::Toggled) => Verdict::Superseded,
            Err(error) => Verdict::Quarantined(Fault::Patch(error.to_string())),
        }
    }

    /// Makes a change unreadable. What the origin has is another text then, and has to be written.
    pub(super) fn apply_erase(
        &mut self,
        place: Place,
        logged_ms: u64,
        judged: &Judgement,
    ) -> Verdict {
        let found = self.index_of(judged.change).filter(|index| self.text.history().holds(*index));
        let Some(index) = found else {
            return Verdict::Quarantined(Fault::Change(judged.change));
        };
        let before = |change: &Change| (change.kind, change.about) == (ERASE, index.into());
        if self.changes.indexed().any(|(_, change)| before(change)) {
            return Verdict::Superseded;
        }
        let actor = self.judgement(place, judged);
        let head = self.text.head();
        let merged = self.text.merge(actor.0, &head, &Patch::default());
        if let Err(error) = merged.and_then(|_| self.text.erase(index)) {
            return Verdict::Quarantined(Fault::Patch(error.to_string()));
        }
        self.changes.erase(index as usize);
        let change = self.change(actor, place, logged_ms, ChangeKind::Erase);
        self.note(change, judged, index);
        for seed in &mut self.seeds {
            let made = seed.mapped.iter().position(|mapped| *mapped == index);
            if let Some(made) = made {
                // It is there: the seed's own text is its first change.
                let erased = seed.text.erase(made as u32 + 1);
                debug_assert!(erased.is_ok());
            }
        }
        let tip = self.origin.tip.clone();
        if let Some(tip) = tip.filter(|tip| tip.version.contains(index)) {
            let exact = self.has_text(&tip.version, tip.stored.text);
            self.origin.set_exact(tip.exact && exact);
        }
        Verdict::Counted
    }

    /// Who a judgement is by, among the changes: nobody who could have made another one.
    fn judgement(&self, place: Place, judged: &Judgement) -> Actor {
        let (about, position) = (judged.change.0.to_le_bytes(), place.position.to_le_bytes());
        Actor::of("judgement", &[&self.key.digest().0, &about, &position])
    }

    fn note(&mut self, change: Change, judged: &Judgement, target: u32) {
        self.changes.push(Change {
            note: judged.note.clone(),
            time_ms: judged.time_ms,
            about: target.into(),
            bytes: self.text().len() as u32,
            ..change
        });
    }
}
