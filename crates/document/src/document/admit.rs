//! Folding with the right to refuse: what the relay does before it appends.
//!
//! After an entry is logged nobody may refuse it; before, an entry that breaks a
//! rule or changes nothing need not be logged at all. The rules are the fold's own
//! (see `fold`); what is added here is the right to leave an entry out. Must never
//! decide otherwise than [`Document::apply`].

use redwedding_wire::version::Cursor;

use super::{Archive, Document, Verdict};
use crate::entry::{Body, Entry, Missing};

/// What [`Document::admit_with`] found.
#[must_use]
#[derive(Clone, PartialEq, Debug)]
pub struct Admission {
    /// What became of the entry.
    pub verdict: Verdict,
    /// Whether it changed anything. If not, the document is as it was before,
    /// and the log needs no such entry.
    pub changed: bool,
}

impl Document {
    /// As [`Document::apply_with`] for an entry that is not in the log yet and would
    /// be logged at `cursor`; but one that would be quarantined, or would change
    /// nothing, is not folded in.
    ///
    /// # Errors
    /// What it needs that is not in yet, or that the archive did not give. Nothing is changed then.
    pub fn admit_with(
        &mut self,
        archive: &impl Archive,
        cursor: Cursor,
        logged_ms: u64,
        entry: &Entry,
    ) -> Result<Admission, Missing> {
        // What an entry may leave behind although it does not count. The newest are compared, since
        // a list that is full stays as long.
        let kept = |document: &Self| {
            let state = &document.state;
            let newest_detached = (
                state.detached_bases.len(),
                state.detached_bases.last().map(|detached| detached.name),
            );
            let newest_object = state.objects.last().map(|object| object.0);
            (state.aliases.last().copied(), newest_object, newest_detached)
        };
        let before = kept(self);
        // Segments that are taken back change the document, and are to stay only with an entry that
        // needs them: every node takes back the same, at the same entry.
        let whole = self.needs_archive(entry).then(|| self.clone());
        let place = cursor.place();
        let fetched = whole.as_ref().and_then(|_| self.fetch(archive, place, logged_ms, entry));
        let waits = match &fetched {
            // Out of reach now. It is no fault of the entry's.
            Some(Verdict::Below { segment }) => Some(Missing::Segment(*segment)),
            // It was carried over from far below, or recognised there.
            Some(_) => None,
            // What was taken back may stand on what is not in yet.
            None => self.state.missing(entry).ok().flatten(),
        };
        if let Some(missing) = waits {
            whole.into_iter().for_each(|whole| *self = whole);
            return Err(missing);
        }
        let verdict = fetched.unwrap_or_else(|| self.state_mut().apply(place, logged_ms, entry));
        let changed = match &verdict {
            // A version always counts, also one that is known.
            Verdict::Counted if matches!(entry.body, Body::Version(_)) => before != kept(self),
            Verdict::Counted => true,
            // A retry may bring an alias, or the version that its answer showed; a base that is
            // superseded may be kept as a detached one.
            Verdict::Duplicate { .. } | Verdict::Alias { .. } | Verdict::Superseded => {
                before != kept(self)
            }
            Verdict::Unmet | Verdict::Quarantined(_) | Verdict::Below { .. } => false,
        };
        if changed {
            let state = self.state_mut();
            (state.cursor, state.place) = (cursor, cursor.place());
        } else if let Some(whole) = whole {
            *self = whole;
        }
        Ok(Admission { verdict, changed })
    }
}
