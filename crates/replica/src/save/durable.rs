//! A merged save made durable, and what is left to do once it is answered.

use std::sync::Arc;

use redwedding_document::entry::Body;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{DocumentKey, EditId};

use super::{Merged, SaveError};
use crate::client_session::ClientSession;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::ports::{Cache, Level, Ports, Store, StoreError};
use crate::relay_client::pull_cursor;
use crate::replica::{CachedDocument, PendingExchange, Replica};
use crate::sync::{Answer, Pull, Receipt};

/// A save that is durable in the store, the log or both, with what is left to do once it is
/// answered.
pub struct PersistedSave<P: Ports> {
    pub(super) key: DocumentKey,
    pub(super) edit: EditId,
    pub(super) held: Arc<CachedDocument>,
    pub(super) outbox_entry: OutboxEntry,
    pub(super) push: Push<P>,
}

/// The exchange that pushes a save to the relay.
pub(super) enum Push<P: Ports> {
    UnderWay(PendingExchange<P>),
    Answered(Option<Answer>),
    None,
}

impl Replica {
    /// Makes a merged save durable. `Ok`: it is in the store, or in the log.
    pub(super) fn persist<P: Ports>(
        &mut self,
        ports: &mut P,
        merged: &Merged,
    ) -> Result<Push<P>, SaveError> {
        let key = merged.held.document.key();
        let mut writes = Vec::new();
        if let Some(base) = &merged.base
            && let Body::Base(page) = &base.body
        {
            let name = keys::detached_base(key, page.name());
            writes.push(ports.store().begin_insert(&name, base.encode()));
        }
        let object = keys::object(key, merged.served.object_id(key));
        let served = merged.served.encode();
        writes.push(ports.store().begin_insert(&object, served.clone()));
        let outbox_entry = merged.outbox_entry.encode();
        writes.push(
            ports.store().begin_insert(&keys::outbox(key, merged.edit), outbox_entry.clone()),
        );
        let push = match self.relay_in_backoff(ports) {
            true => Push::None,
            false => Push::UnderWay(self.begin_push(ports, merged)),
        };
        let written: Result<Vec<()>, StoreError> =
            writes.into_iter().map(|write| ports.store().finish_insert(write)).collect();
        let push = match written {
            Ok(_) => push,
            Err(error) => {
                ports.log(Level::Warning, &error.to_string());
                self.persist_by_relay(ports, push)?
            }
        };
        // Whoever reads or saves next on what is answered may be another sandbox.
        if let Some(actor) = merged.outbox_entry.entry.actor() {
            let name = keys::entry_by(key, actor);
            ports.cache().insert(None, &name, outbox_entry.clone(), limits::CACHE_MS);
        }
        ports.cache().insert(None, &keys::entry(merged.edit), outbox_entry, limits::CACHE_MS);
        ports.cache().insert(None, &object, served, limits::CACHE_MS);
        Ok(push)
    }

    /// The store failed: the save is acknowledged once the log has it.
    fn persist_by_relay<P: Ports>(
        &mut self,
        ports: &mut P,
        push: Push<P>,
    ) -> Result<Push<P>, SaveError> {
        let Push::UnderWay(pending) = push else { return Err(SaveError::NotAcknowledged) };
        let Ok(answer) = self.finish_exchange(ports, pending) else {
            return Err(SaveError::NotAcknowledged);
        };
        match answer.receipts.last() {
            Some(Receipt::Logged(_) | Receipt::Known(_)) => Ok(Push::Answered(Some(answer))),
            _ => Err(SaveError::NotAcknowledged),
        }
    }

    fn begin_push<P: Ports>(&mut self, ports: &mut P, merged: &Merged) -> PendingExchange<P> {
        let document = &merged.held.document;
        let mut pushes: Vec<_> = merged.base.iter().map(Encode::encode).collect();
        pushes.push(merged.outbox_entry.entry.encode());
        let pull = Pull { document: document.key().clone(), cursor: pull_cursor(document) };
        self.begin_exchange(ports, pushes, vec![pull], 1)
    }

    /// What is left of a save after its answer: hear the relay, take in what it
    /// told, and delete the outbox's copy once the log has the save.
    pub fn finish_save<P: Ports>(&mut self, ports: &mut P, after: PersistedSave<P>) {
        let PersistedSave { key, edit, held, outbox_entry, push } = after;
        let answer = match push {
            Push::UnderWay(pending) => self.finish_exchange(ports, pending).ok(),
            Push::Answered(answer) => answer,
            Push::None => None,
        };
        // The sweep pushes it again.
        let Some(answer) = answer else { return };
        self.forget(&key);
        let CachedDocument { document, origin, .. } = Arc::unwrap_or_clone(held);
        let receipt = answer.receipts.last().cloned();
        let due = answer.due.clone();
        let Ok(exchanged) = self.take_in(ports, &key, Some(document), answer) else { return };
        let (document, complete, session) =
            (exchanged.document, exchanged.complete, &mut ClientSession::new());
        if let Ok(held) = self.standing_on(ports, document, complete, origin, session) {
            self.keep(ports, held);
        }
        match receipt {
            Some(receipt) if receipt.is_settled() => {
                // What is not deleted now is pushed once more and deleted then.
                let _ = ports.store().delete(&keys::outbox(&key, edit));
            }
            Some(Receipt::Deferred(_)) => {
                let mut entries = self.outbox_of(ports, &key);
                if !entries.contains(&outbox_entry) {
                    entries.push(outbox_entry);
                }
                self.push_entries(ports, &key, &entries);
            }
            Some(Receipt::Refused(why)) => {
                ports
                    .log(Level::Alarm, &format!("an acknowledged save of {key} is refused: {why}"));
            }
            _ => {}
        }
        if let Some(lease) = due.first().filter(|_| !self.is_spent()) {
            self.flush(ports, &lease.document);
        }
    }
}
