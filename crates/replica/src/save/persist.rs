//! A merged save made durable, and what is left to do once it is answered.

use std::sync::Arc;

use redwedding_document::entry::Body;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{DocumentKey, EditId};

use crate::cached_document::CachedDocument;
use crate::client_session::ClientSession;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::{Cache, Level, Ports, Store, StoreError};
use crate::relay_client::{PendingExchange, pull};
use crate::save::error::SaveError;
use crate::save::merge::Merged;
use crate::sync::{Answer, Receipt};

/// A save that is durable in the store, the log or both, with what is left to do once it is
/// answered.
#[must_use]
pub struct PersistedSave<P: Ports> {
    cached: Arc<CachedDocument>,
    edit: EditId,
    outbox_entry: OutboxEntry,
    push: Push<P>,
}

/// The exchange that pushes a save to the relay.
pub(super) enum Push<P: Ports> {
    UnderWay(PendingExchange<P>),
    /// Its answer is taken in, but for this.
    TakenIn(Remaining),
    /// There is none: the relay was left alone.
    None,
}

/// What is left to do of an exchange once its news are taken in.
pub(super) struct Remaining {
    /// What became of the save.
    receipt: Option<Receipt>,
    /// A document that was leased to this point of presence.
    due: Option<DocumentKey>,
}

impl Remaining {
    fn of(answer: &Answer) -> Self {
        let due = answer.due.first().map(|lease| lease.document.clone());
        Self { receipt: answer.receipts.last().cloned(), due }
    }
}

/// Where a save is durable.
pub(super) enum Durable<P: Ports> {
    /// In the store, with the version object that the client is answered with.
    Stored(Push<P>),
    /// In the log, as far as this document has it. The store may have nothing of it, so no version
    /// object of it is named to anybody.
    Logged(Arc<CachedDocument>, Remaining),
    /// Nowhere: the log, as far as this document has it, does not meet its condition.
    Unmet(Arc<CachedDocument>),
}

impl<P: Ports> PersistedSave<P> {
    pub(super) fn new(
        cached: Arc<CachedDocument>,
        edit: EditId,
        outbox_entry: OutboxEntry,
        push: Push<P>,
    ) -> Self {
        Self { cached, edit, outbox_entry, push }
    }
}

impl<P: Ports> Context<'_, P> {
    /// Makes a merged save durable. `Ok`: it is in the store, or in the log. Nothing else lets
    /// an answer go.
    ///
    /// # Errors
    /// [`SaveError::NotAcknowledged`].
    pub(super) fn persist(&mut self, merged: &Merged) -> Result<Durable<P>, SaveError> {
        if merged.is_conditional() {
            return self.persist_in_log(merged);
        }
        let key = merged.cached.key();
        let mut writes = Vec::new();
        if let Some(base) = &merged.base
            && let Body::Base(page) = &base.body
        {
            let name = keys::detached_base(key, page.name());
            writes.push(self.ports.store().begin_insert(&name, base.encode()));
        }
        let object = keys::object(key, merged.served.object_id(key));
        let served = merged.served.encode();
        writes.push(self.ports.store().begin_insert(&object, served.clone()));
        let waiting = self.outbox().begin_insert(&merged.outbox_entry);
        let waiting = waiting.ok_or(SaveError::NotAcknowledged)?;
        let push = self.begin_push(merged).map_or(Push::None, Push::UnderWay);
        let others: Result<Vec<()>, StoreError> =
            writes.into_iter().map(|write| self.ports.store().finish_insert(write)).collect();
        let written = others.and_then(|_| self.outbox().finish_insert(waiting));
        if let Err(error) = written {
            self.ports.log(Level::Warning, &error.to_string());
            let Push::UnderWay(pending) = push else { return Err(SaveError::NotAcknowledged) };
            self.budget.await_durable();
            return self.persist_by_relay(merged, pending)?.ok_or(SaveError::NotAcknowledged);
        }
        // For whoever reads or saves next on what is answered.
        self.ports.cache().insert(None, &object, served, limits::CACHE_MS);
        let based = (&merged.view, merged.base.as_ref());
        self.overlay_saved(&merged.cached, based, &merged.outbox_entry);
        Ok(Durable::Stored(push))
    }

    /// A save with a condition, of which nobody may know before the log has judged it. What it
    /// stands on may wait in the outbox: that goes first then.
    fn persist_in_log(&mut self, merged: &Merged) -> Result<Durable<P>, SaveError> {
        self.budget.await_durable();
        // Who waits for nothing but the relay may as well find out that it is back.
        if !self.relay_client().is_asked() {
            return Err(SaveError::NotAcknowledged);
        }
        let pending = self.begin_push(merged).ok_or(SaveError::NotAcknowledged)?;
        if let Some(durable) = self.persist_by_relay(merged, pending)? {
            return Ok(durable);
        }
        self.sweep_document(merged.cached.key());
        let pending = self.begin_push(merged).ok_or(SaveError::NotAcknowledged)?;
        self.persist_by_relay(merged, pending)?.ok_or(SaveError::NotAcknowledged)
    }

    /// The store has nothing of the save, which is acknowledged once the log is seen to have it.
    /// `None` where the relay has answered, and the log has not got it.
    fn persist_by_relay(
        &mut self,
        merged: &Merged,
        pending: PendingExchange<P>,
    ) -> Result<Option<Durable<P>>, SaveError> {
        let answer = self.relay_client().finish(pending).ok_or(SaveError::NotAcknowledged)?;
        let (cached, remaining) = (merged.cached.clone(), Remaining::of(&answer));
        let logged = self.take_in(cached, answer).ok_or(SaveError::NotAcknowledged)?;
        let newest = logged.exchanged_ms() != 0;
        let has = self.has_save(logged.confirmed(), newest, merged.edit);
        Ok(match (has, &remaining.receipt) {
            (true, _) => Some(Durable::Logged(logged, remaining)),
            (false, Some(Receipt::Unmet)) => Some(Durable::Unmet(logged)),
            (false, _) => None,
        })
    }

    /// Hears the relay on a save that is pushed, for a little while. The document with the save, if
    /// the log has it by then.
    pub(super) fn heard_soon(
        &mut self,
        merged: &Merged,
        push: Push<P>,
    ) -> (Push<P>, Option<Arc<CachedDocument>>) {
        let Push::UnderWay(pending) = push else { return (push, None) };
        // Whoever is not heard is pushed again by the sweep.
        self.budget.await_decision();
        let Some(answer) = self.relay_client().finish(pending) else { return (Push::None, None) };
        let remaining = Remaining::of(&answer);
        let logged = self.take_in(merged.cached.clone(), answer);
        let has = logged.filter(|logged| {
            let newest = logged.exchanged_ms() != 0;
            self.has_save(logged.confirmed(), newest, merged.edit)
        });
        (Push::TakenIn(remaining), has)
    }

    fn begin_push(&mut self, merged: &Merged) -> Option<PendingExchange<P>> {
        let document = merged.cached.confirmed();
        let mut pushes: Vec<_> = merged.base.iter().map(Encode::encode).collect();
        let mut bytes = 0;
        // What does not fit is missed, and swept.
        pushes.extend(merged.first.iter().map(Encode::encode).take_while(|push| {
            bytes += push.len();
            bytes <= limits::PUSH_BYTES
        }));
        pushes.push(merged.outbox_entry.entry.encode());
        // Who may be told that nothing was saved would not write a document to the origin.
        let leases = u16::from(!merged.is_conditional());
        self.relay_client().begin(pushes, vec![pull(document.key(), Some(document))], leases)
    }

    /// What is left of a save after its answer: hear the relay, take in what it
    /// gave, and delete the outbox's copy once the log has the save. A relay that was left
    /// alone is probed, where that is due.
    pub fn finish_save(&mut self, persisted: PersistedSave<P>) {
        let PersistedSave { cached, edit, outbox_entry, push } = persisted;
        let key = cached.key().clone();
        let remaining = match push {
            Push::UnderWay(pending) => match self.relay_client().finish(pending) {
                Some(answer) => {
                    let remaining = Remaining::of(&answer);
                    self.take_in(cached, answer).map(|_| remaining)
                }
                // The sweep pushes it again.
                None => return self.wait_for_relay(&key),
            },
            Push::TakenIn(remaining) => Some(remaining),
            Push::None => {
                if self.relay_client().is_asked() {
                    self.sweep_document(&key);
                }
                return self.wait_for_relay(&key);
            }
        };
        let Some(Remaining { receipt, due }) = remaining else { return };
        self.note_logged(&key, edit, &outbox_entry);
        if let Some(receipt) = receipt {
            self.heed(&key, edit, outbox_entry, receipt);
        }
        if let Some(due) = due.filter(|_| self.may_flush()) {
            self.flush(&due);
        }
        if !self.replica.is_spent() {
            self.sweep_sometimes();
        }
    }

    /// After a save that waits for the relay: keeps what others need who save and read meanwhile.
    fn wait_for_relay(&mut self, key: &DocumentKey) {
        self.add_merge_node(key);
        self.join_waiting(key);
        self.leave_document(key);
    }

    /// Folds in what came with the receipt. `None` where that does not give the document: the
    /// relay was lost on the way, or the origin was, of which a page has to be asked.
    pub(crate) fn take_in(
        &mut self,
        cached: Arc<CachedDocument>,
        answer: Answer,
    ) -> Option<Arc<CachedDocument>> {
        let key = cached.key().clone();
        // With no reference left in memory the document is changed in place.
        self.document_cache().forget(&key);
        let (known, origin) = Arc::unwrap_or_clone(cached).into_parts();
        let exchanged = self.relay_client().take_in(&key, Some(known), answer)?;
        if !self.salvaged(&exchanged) {
            return None;
        }
        let lost = exchanged.before.is_some();
        let (document, complete) = (exchanged.document, exchanged.complete);
        let session = &mut ClientSession::new();
        let cached = self.with_origin(document, complete, origin, session).ok()?;
        Some(self.document_cache().keep(cached, lost))
    }

    /// Does what the relay's receipt for a save asks for.
    fn heed(&mut self, key: &DocumentKey, edit: EditId, waiting: OutboxEntry, receipt: Receipt) {
        match receipt {
            receipt if receipt.is_settled() => self.outbox().delete(key, edit),
            Receipt::Deferred(_) => {
                self.sweep_document(key);
            }
            Receipt::Refused(why) => {
                let kept = self.set_aside(&waiting, &why);
                if kept {
                    self.outbox().delete(key, edit);
                }
            }
            _ => {}
        }
    }
}
