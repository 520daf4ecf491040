//! What is done to a change after it is in: held back, released, erased.
//!
//! May assume that the log's keeper asked who may. Must never lose what others wrote inside or around
//! what is judged.

use super::fold::{Fault, Verdict};
use super::{Change, ChangeKind, State};
use crate::entry::Judgement;
use crate::identity::Actor;
use crate::limits;
use crate::text::MergeError;
use crate::version::Place;

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
        let (about, position) = (judged.change.0.to_le_bytes(), place.position.to_le_bytes());
        let actor = Actor::of("judgement", &[&self.key.digest().0, &about, &position]);
        let out = matches!(kind, ChangeKind::Hold);
        if self.text().len() > limits::MERGED_BYTES {
            return Verdict::Quarantined(Fault::TooLong(self.text().len()));
        }
        match self.text.toggle(actor.0, target, out) {
            Ok(_) => {
                self.changes.push(Change {
                    note: judged.note.clone(),
                    time_ms: judged.time_ms,
                    bytes: self.text().len() as u32,
                    ..self.change(actor, place, logged_ms, kind)
                });
                Verdict::Counted
            }
            Err(MergeError::Toggled) => Verdict::Lost,
            Err(error) => Verdict::Quarantined(Fault::Patch(error.to_string())),
        }
    }

    /// Makes a change unreadable. What the origin has is another text then, and has to be written.
    pub(super) fn apply_erase(&mut self, judged: &Judgement) -> Verdict {
        let Some(index) = self.index_of(judged.change) else {
            return Verdict::Quarantined(Fault::Change(judged.change));
        };
        if let Err(error) = self.text.erase(index) {
            return Verdict::Quarantined(Fault::Patch(error.to_string()));
        }
        self.changes.erase(index as usize);
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
}
