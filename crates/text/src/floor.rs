//! What a document forgets of its past, and takes back.
//!
//! Below the floor only the text is kept. May assume that what is taken back is what was forgotten:
//! that it leads to the text at the floor is checked. Must never change the text, nor what a later
//! merge comes to.

use crate::history::{History, Suppression};
use crate::ops::{Edit, Ops};
use crate::text::{MergeError, PartsError, Text};
use crate::version::Version;

impl Text {
    /// The greatest floor up to `wanted` that this may be pruned to: everything from there on, and
    /// every version in `used`, must have seen all that is below. O(links).
    #[must_use]
    pub fn prunable<'a>(&self, wanted: u32, used: impl Iterator<Item = &'a Version>) -> u32 {
        let wanted = used.map(Version::prefix).min().unwrap_or(wanted).min(wanted);
        let history = self.history();
        history.anchor(&Version::up_to(wanted), history.len()).max(history.floor())
    }

    /// What is below `floor`, which must be one that [`Text::prunable`] gives, and what is not.
    #[must_use]
    pub fn divided(&self, floor: u32) -> (History, Self) {
        let history = self.history();
        let mut below = History::above(history.floor());
        copy(history, (history.floor(), floor), &mut below);
        let mut above = History::above(floor);
        copy(history, (floor, history.len()), &mut above);
        let applied = (!above.is_plain()).then(|| {
            let mut applied = Ops::default();
            applied.push_rows(self.applied(), (floor, history.len()));
            applied
        });
        let deleted = self.applied().deleted_before(floor) as usize;
        let removed = self.removed().get(deleted..).unwrap_or_default().to_owned();
        (below, self.with_parts(above, applied, removed))
    }

    /// Takes back what was below the floor, where `start` stood below that. O(text + edits of
    /// both), and a merge for each change taken back that had not seen all before it.
    ///
    /// # Errors
    /// If that does not lead to the text at the floor; nothing is changed then.
    pub fn restore(&mut self, start: &str, below: &History) -> Result<(), RestoreError> {
        let floor = self.history().floor();
        if below.len() != floor {
            return Err(RestoreError::Gap);
        }
        let mut text = Self::above(start.to_owned(), below.floor());
        for change in below.floor()..floor {
            if let (Some(suppression), Some(id)) = (below.suppression(change), below.id(change)) {
                let base = below.base(change).ok_or(RestoreError::Gap)?;
                let Suppression { target, part, suppressed, .. } = suppression.clone();
                text.suppress_as_told(id, &base, (target, part, suppressed))?;
                continue;
            }
            let parts = (below.id(change), below.base(change), below.patch(change));
            let (Some(id), Some(base), Some(patch)) = parts else { return Err(RestoreError::Gap) };
            text.merge(id, &base, &patch)?;
        }
        if self.prefix_text(floor).as_deref() != Ok(text.text()) {
            return Err(RestoreError::OtherText);
        }
        let since = (floor, self.history().len());
        let mut history = text.history().clone();
        copy(self.history(), since, &mut history);
        let applied = (!history.is_plain()).then(|| {
            let mut applied = text.applied().clone();
            applied.push_rows(self.applied(), since);
            applied
        });
        let removed = [text.removed(), self.removed()].concat();
        *self = self.with_parts(history, applied, removed);
        Ok(())
    }
}

/// Why nothing was taken back. What was to be taken back is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// It does not end where the floor is.
    #[error("the changes do not end at the floor")]
    Gap,
    /// It leads to another text.
    #[error("the changes lead to another text than the one at the floor")]
    OtherText,
    /// A change does not fit.
    #[error("{0}")]
    Merge(#[from] MergeError),
    /// The parts do not fit each other.
    #[error("{0}")]
    Parts(#[from] PartsError),
}

/// Appends some changes of one history to another.
fn copy(from: &History, (first, end): (u32, u32), to: &mut History) {
    let mut edits: Vec<Edit> = Vec::new();
    for change in first..end {
        let (Some(id), Some(base)) = (from.id(change), from.base(change)) else { continue };
        if let Some(suppression) = from.suppression(change) {
            let Suppression { target, part, suppressed, .. } = suppression.clone();
            to.push_suppression(id, &base, (target, part, suppressed));
            continue;
        }
        edits.clear();
        edits.extend(from.made().of_change(change).map(|op| (op.at, op.delete, op.insert)));
        to.push(id, &base, &edits, from.inserted_by(change));
    }
}
