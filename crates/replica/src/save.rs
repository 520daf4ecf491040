//! A save: check all of it, merge, persist, answer; push after the answer.
//!
//! Success is answered only after the save is in the store or in the relay's
//! log. Until then nothing else descends from it: it is applied to a copy. Before it is
//! answered it is in the document's head, so that everybody sees it who reads next.

mod base;
mod condition;
mod error;
mod full;
mod merge;
mod persist;
mod preview;
mod submission;

use std::num::NonZeroU64;
use std::sync::Arc;

use redwedding_document::Document;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::VersionName;

use crate::cached_document::CachedDocument;
use crate::client_session::draw_client;
use crate::context::ClientRequest;
use crate::head::{Head, Made};
use crate::limits;
use crate::load::{Freshness, LoadError};
use crate::overlap::{Overlapping, WouldMeet, overlapping, shown_overlaps};
use crate::page_snapshot::PageSnapshot;
use crate::ports::Ports;
use crate::save::merge::{Merged, Outcome};
use crate::save::persist::{Durable, Push, Remaining};

pub use error::{SaveError, Unmet};
pub use persist::PersistedSave;
pub use preview::Preview;
pub use submission::{OnlyIf, Save, Submitted};

/// A save that was taken.
pub struct Saved<P: Ports> {
    /// The text that came of it, with the number that names it.
    pub snapshot: Arc<PageSnapshot>,
    /// The number of the version right after it, under which [`ClientRequest::report`] tells of
    /// it; `None` where there was nothing to save.
    pub id: Option<u64>,
    /// Where it met concurrent edits.
    pub overlaps: Vec<Overlapping>,
    /// Whether it brought the page into being.
    pub created: bool,
    /// What is left to do after the answer.
    pub after: Option<PersistedSave<P>>,
}

impl<P: Ports> ClientRequest<'_, P> {
    /// Takes a save. The client's session takes in what was written and served.
    ///
    /// # Errors
    /// [`SaveError`]. Nothing of the save is kept, except where it says so.
    pub fn save(&mut self, key: &DocumentKey, save: &Save) -> Result<Saved<P>, SaveError> {
        let bytes = save.submitted.text().len();
        if bytes > limits::PAGE_BYTES {
            return Err(SaveError::TooLong { bytes });
        }
        self.name_client();
        let head = self.context.document_cache().head(key);
        let merged = self.merge_on(key, save, head.as_ref());
        let (merged, made) = merged.map_err(|error| match error {
            SaveError::Load(LoadError::Behind) => self.let_go(key).into(),
            error => error,
        })?;
        let merged = match merged {
            Outcome::Go(merged) => *merged,
            Outcome::Unmet(would_meet) => return Err(self.unmet(key, save, would_meet)),
            Outcome::Done => return Ok(Saved::nothing(self.read_again(key)?, None)),
            Outcome::Again(edit) => return self.answer_again(key, edit),
        };
        // What others saved elsewhere since the last exchange, the log says first.
        let fresh_ms = self.context.replica.config.staleness_ms;
        let is_stale = merged.cached.exchanged_ms() + fresh_ms <= self.context.ports.now_ms();
        let saved = match self.context.persist(&merged)? {
            Durable::Stored(push) if merged.log_decides || is_stale => {
                self.answer_as_decided(merged, push, made)
            }
            Durable::Stored(push) => self.answer(merged, push, made),
            Durable::Logged(logged, remaining) => {
                self.answer_from_log(merged, logged, remaining)?
            }
            Durable::Unmet(logged) => {
                let document = logged.confirmed();
                self.session.see_document(key, document.cursor(), document.place());
                let entry = &merged.outbox_entry.entry;
                let would_meet = WouldMeet::unless_taken(document, entry);
                return Err(self.unmet(key, save, would_meet.unwrap_or_default()));
            }
        };
        self.context.replica.membership.count_save();
        Ok(saved)
    }

    /// Whoever saves is known again by its session.
    fn name_client(&mut self) {
        if self.session.client() == 0 {
            self.session.name(draw_client(self.context.ports));
        }
    }

    /// Merges a save into what the client has seen and the point of presence shows. Gives
    /// what became of the head, too.
    fn merge_on<'h>(
        &mut self,
        key: &DocumentKey,
        save: &Save,
        head: Option<&'h Head>,
    ) -> Result<(Outcome, Made<'h>), SaveError> {
        let Some(head) = head else { return Ok((self.merge(key, save)?, Made::Alone)) };
        let session = self.session.clone();
        head.seen_by(key, self.session);
        match self.merge(key, save) {
            Ok(merged) => Ok((merged, Made::On(head))),
            Err(error) => {
                *self.session = session;
                match error {
                    SaveError::Load(LoadError::Behind) if self.context.is_lost(key, head) => {
                        Ok((self.merge(key, save)?, Made::Without(head)))
                    }
                    error => Err(error),
                }
            }
        }
    }

    /// The answer to a save that is not taken: what there is in its place.
    fn unmet(&mut self, key: &DocumentKey, save: &Save, would_meet: WouldMeet) -> SaveError {
        match self.read_again(key) {
            Ok(shown) => {
                let overlaps = would_meet.within(&shown.text);
                let submitted = save.submitted.text().to_owned();
                SaveError::Unmet(Box::new(Unmet { shown, submitted, overlaps }))
            }
            Err(error) => error,
        }
    }

    /// The answer to a save that was sent again. Nobody may have read the first one, so it tells
    /// the same: where the save met others, as far as that is known by now.
    fn answer_again(&mut self, key: &DocumentKey, edit: EditId) -> Result<Saved<P>, SaveError> {
        let snapshot = self.read_again(key)?;
        let mut saved = Saved::nothing(snapshot.clone(), Some(snapshot.id));
        let Ok(loaded) = self.context.load(key, self.session, Freshness::Any) else {
            return Ok(saved);
        };
        let document = loaded.cached.confirmed();
        if let Some(change) = document.change_of(edit) {
            saved.overlaps = overlapping(document, change.actor);
            saved.id = number_of(document, edit).or(saved.id);
        } else if let Some((view, _)) = self.view_naming(&loaded.cached, snapshot.id) {
            let change = view.change_of(edit).map(|change| change.actor);
            saved.overlaps = change.map(|actor| shown_overlaps(&view, actor)).unwrap_or_default();
        }
        Ok(saved)
    }

    /// The answer to a save of which nothing is to be written: a read, which may fetch as
    /// many segments as any other.
    fn read_again(&mut self, key: &DocumentKey) -> Result<Arc<PageSnapshot>, SaveError> {
        self.context.budget.segments = limits::FETCHED_SEGMENTS;
        Ok(self.read(key)?)
    }

    /// The answer to a save that the log has and the store may not: what it is read as. A version
    /// object that lies in no store would name it only until the document forgets it.
    fn answer_from_log(
        &mut self,
        merged: Merged,
        logged: Arc<CachedDocument>,
        remaining: Remaining,
    ) -> Result<Saved<P>, SaveError> {
        let key = logged.key();
        let document = logged.confirmed();
        self.session.see_document(key, document.cursor(), document.place());
        let snapshot = self.read_again(key)?;
        Ok(decided(merged, logged, snapshot, Push::TakenIn(remaining)))
    }

    /// The answer to a save that is durable in the store, where others changed the same, or may
    /// have: what the log decides, if that is known soon.
    fn answer_as_decided(&mut self, merged: Merged, push: Push<P>, made: Made<'_>) -> Saved<P> {
        let (push, logged) = self.context.heard_soon(&merged, push);
        let snapshot = logged.as_ref().and_then(|logged| {
            let document = logged.confirmed();
            self.session.see_document(logged.key(), document.cursor(), document.place());
            self.read_again(logged.key()).ok()
        });
        let (Some(logged), Some(snapshot)) = (logged, snapshot) else {
            return self.answer(merged, push, made);
        };
        decided(merged, logged, snapshot, push)
    }

    /// The answer to a save that is durable in the store.
    fn answer(&mut self, merged: Merged, push: Push<P>, made: Made<'_>) -> Saved<P> {
        let key = merged.cached.key().clone();
        let served = VersionName::Object(merged.served.object_id(&key));
        let now_ms = self.context.ports.now_ms();
        let mut snapshot = PageSnapshot::of_view(&merged.view, served.number().get(), now_ms);
        snapshot.time_ms = now_ms;
        let document = merged.cached.confirmed();
        self.session.see_document(&key, document.cursor(), document.place());
        self.session.wrote(&key, merged.edit, &merged.apart);
        self.session.served(&key, served);
        let snapshot = Arc::new(snapshot);
        let fresh_ms = self.context.replica.config.staleness_ms;
        let fresh_until_ms = match made {
            Made::On(head) => head.fresh_until_ms(),
            _ => merged.cached.exchanged_ms() + fresh_ms,
        };
        self.context.document_cache().show(&key, &snapshot, (made, fresh_until_ms), None);
        let (overlaps, created) = (merged.overlaps, merged.created);
        let after = PersistedSave::new(merged.cached, merged.edit, merged.outbox_entry, push);
        Saved { id: Some(snapshot.id), snapshot, overlaps, created, after: Some(after) }
    }
}

impl<P: Ports> Saved<P> {
    /// The answer where nothing was to be written.
    fn nothing(snapshot: Arc<PageSnapshot>, id: Option<u64>) -> Self {
        Self { snapshot, id, overlaps: Vec::new(), created: false, after: None }
    }
}

/// The answer to a save of which the log has decided.
fn decided<P: Ports>(
    merged: Merged,
    logged: Arc<CachedDocument>,
    snapshot: Arc<PageSnapshot>,
    push: Push<P>,
) -> Saved<P> {
    let document = logged.confirmed();
    let actor = merged.outbox_entry.entry.actor();
    let overlaps = actor.map(|actor| overlapping(document, actor)).unwrap_or_default();
    let id = number_of(document, merged.edit).unwrap_or(snapshot.id);
    let created = merged.created;
    let after = PersistedSave::new(logged, merged.edit, merged.outbox_entry, push);
    Saved { snapshot, id: Some(id), overlaps, created, after: Some(after) }
}

/// The number of the version right after a save, where the log has it.
fn number_of(document: &Document, edit: EditId) -> Option<u64> {
    document.version_of(edit).map(NonZeroU64::get)
}
