//! What an operator or a test may know of a document here.

use std::num::NonZeroU64;

use redwedding_document::IntentState;
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::Cursor;

use crate::client_session::ClientSession;
use crate::context::Context;
use crate::load::{Freshness, LoadError};
use crate::ports::Ports;
use crate::waiting::ListingAge;

/// The state of one document at this point of presence.
#[derive(Clone, PartialEq, Debug)]
pub struct DocumentStatus {
    /// How far the shard's log is folded in.
    pub cursor: Cursor,
    /// The document's own last entry.
    pub position: u64,
    /// The number that names the confirmed text.
    pub id: Option<u64>,
    /// Hash of the value alone.
    pub value_hash: String,
    /// Hash of position, overlay, value and revisions.
    pub state_hash: String,
    /// Acknowledged saves in the outbox that the log does not hold.
    pub overlay: usize,
    /// Changes that the origin does not hold.
    pub pending: usize,
    /// The origin's newest known revision.
    pub checkpoint: u64,
    /// Whether a write to the origin is under way.
    pub intent_open: bool,
    /// Entries that were refused after they were logged: (position, why).
    pub quarantined: Vec<(u64, String)>,
}

impl<P: Ports> Context<'_, P> {
    /// Whether this point of presence leaves the relay alone now, since it could not be
    /// reached in time.
    pub fn relay_is_away(&mut self) -> bool {
        self.relay_client().is_away()
    }

    /// What is known of a document, exchanged with the relay where it can be
    /// reached, the outbox's visible saves added.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn document_status(&mut self, key: &DocumentKey) -> Result<DocumentStatus, LoadError> {
        let loaded = self.load(key, &mut ClientSession::new(), Freshness::Now)?;
        let overlay = self.overlay(&loaded.cached, ListingAge::Now);
        let view = overlay.view();
        let document = loaded.cached.confirmed();
        let origin = document.origin();
        Ok(DocumentStatus {
            cursor: document.cursor(),
            position: document.place().position,
            id: document.id().map(NonZeroU64::get),
            value_hash: view.value_hash().to_string(),
            state_hash: view.state_hash().to_string(),
            overlay: view.changes().len() - document.changes().len(),
            pending: document.pending().count(),
            checkpoint: origin.revision(),
            intent_open: origin.intents.iter().any(|i| i.state == IntentState::Open as u8),
            quarantined: document
                .quarantined()
                .iter()
                .map(|entry| (entry.position, entry.reason.clone()))
                .collect(),
        })
    }
}
