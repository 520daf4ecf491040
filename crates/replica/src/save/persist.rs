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
    Answered(Answer),
    /// There is none: the relay was left alone.
    None,
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
    pub(super) fn persist(&mut self, merged: &Merged) -> Result<Push<P>, SaveError> {
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
        let (name, value) = (keys::outbox(key, merged.edit), merged.outbox_entry.encode());
        writes.push(self.ports.store().begin_insert(&name, value.clone()));
        let push = self.begin_push(merged).map_or(Push::None, Push::UnderWay);
        let written: Result<Vec<()>, StoreError> =
            writes.into_iter().map(|write| self.ports.store().finish_insert(write)).collect();
        let push = match written {
            Ok(_) => push,
            Err(error) => {
                self.ports.log(Level::Warning, &error.to_string());
                self.persist_by_relay(push)?
            }
        };
        // Whoever reads or saves next on what is answered may be another sandbox.
        let cache = self.ports.cache();
        if let Some(actor) = merged.outbox_entry.entry.actor() {
            cache.insert(None, &keys::entry_by(key, actor), value.clone(), limits::CACHE_MS);
        }
        cache.insert(None, &keys::entry(merged.edit), value, limits::CACHE_MS);
        cache.insert(None, &object, served, limits::CACHE_MS);
        let based = (&merged.view, merged.base.as_ref());
        self.overlay_saved(&merged.cached, based, &merged.outbox_entry);
        Ok(push)
    }

    /// The store failed: the save is acknowledged once the log has it.
    fn persist_by_relay(&mut self, push: Push<P>) -> Result<Push<P>, SaveError> {
        let Push::UnderWay(pending) = push else { return Err(SaveError::NotAcknowledged) };
        self.budget.await_durable();
        let Some(answer) = self.relay_client().finish(pending) else {
            return Err(SaveError::NotAcknowledged);
        };
        match answer.receipts.last() {
            Some(Receipt::Logged(_) | Receipt::Known(_)) => Ok(Push::Answered(answer)),
            _ => Err(SaveError::NotAcknowledged),
        }
    }

    fn begin_push(&mut self, merged: &Merged) -> Option<PendingExchange<P>> {
        let document = merged.cached.confirmed();
        let mut pushes: Vec<_> = merged.base.iter().map(Encode::encode).collect();
        pushes.push(merged.outbox_entry.entry.encode());
        self.relay_client().begin(pushes, vec![pull(document.key(), Some(document))], 1)
    }

    /// What is left of a save after its answer: hear the relay, take in what it
    /// gave, and delete the outbox's copy once the log has the save. A relay that was left
    /// alone is probed, where that is due.
    pub fn finish_save(&mut self, persisted: PersistedSave<P>) {
        let PersistedSave { cached, edit, outbox_entry, push } = persisted;
        let answer = match push {
            Push::UnderWay(pending) => self.relay_client().finish(pending),
            Push::Answered(answer) => Some(answer),
            Push::None if self.relay_client().is_asked() => {
                self.sweep_document(cached.key());
                None
            }
            Push::None => None,
        };
        let key = cached.key().clone();
        // The sweep pushes it again.
        let Some(answer) = answer else { return self.join_waiting(&key) };
        let receipt = answer.receipts.last().cloned();
        let due = answer.due.first().map(|lease| lease.document.clone());
        if !self.take_in(&key, cached, answer) {
            return;
        }
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

    /// Folds in what came with the receipt. `false` where the relay was lost on the way.
    fn take_in(&mut self, key: &DocumentKey, cached: Arc<CachedDocument>, answer: Answer) -> bool {
        // With no reference left in memory the document is changed in place.
        self.document_cache().forget(key);
        let (known, origin) = Arc::unwrap_or_clone(cached).into_parts();
        let exchanged = self.relay_client().take_in(key, Some(known), answer);
        let Some(exchanged) = exchanged else { return false };
        let (document, complete) = (exchanged.document, exchanged.complete);
        let session = &mut ClientSession::new();
        if let Ok(cached) = self.with_origin(document, complete, origin, session) {
            self.document_cache().keep(cached);
        }
        true
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
