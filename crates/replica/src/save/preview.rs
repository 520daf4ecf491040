//! What a save would give, before it is made.

use std::sync::Arc;

use redwedding_wire::identity::DocumentKey;

use crate::context::ClientRequest;
use crate::page_snapshot::PageSnapshot;
use crate::ports::Ports;
use crate::save::error::SaveError;
use crate::save::merge::Outcome;
use crate::save::submission::Save;

/// What a save would give, as far as that is known before the log has it.
pub struct Preview {
    /// The page as the client is to see it now.
    pub shown: Arc<PageSnapshot>,
    /// The text that it would show after the save.
    pub text: String,
    /// Whether it shows another text now than the one that the client edited.
    pub changed: bool,
}

impl<P: Ports> ClientRequest<'_, P> {
    /// Merges a save as [`Self::save`] does, and keeps nothing of it.
    ///
    /// # Errors
    /// Why the save would not be taken.
    pub fn preview(&mut self, key: &DocumentKey, save: &Save) -> Result<Preview, SaveError> {
        let (shown, base) = match save.base {
            Some(number) => self.read_version(key, number)?,
            None => (self.read(key)?, None),
        };
        let head = self.context.document_cache().head(key);
        let (outcome, _) = self.merge_on(key, save, head.as_ref())?;
        let text = match outcome {
            Outcome::Go(merged) => merged.view.shown().to_owned(),
            // Nothing would be written.
            Outcome::Done | Outcome::Again(_) | Outcome::Unmet(_) => shown.text.clone(),
        };
        let changed = base.is_some_and(|base| base != shown.text);
        Ok(Preview { shown, text, changed })
    }
}
