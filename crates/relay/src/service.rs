//! What a relay does for a point of presence: exchanges over the fold, the due list and the
//! members.
//!
//! May assume that who asks was authorised for the request's site. Must never
//! touch another site's documents for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redwedding_document::entry::Entry;
use redwedding_replica::member::Members;
use redwedding_replica::sync::{ANSWER_BYTES, Answer, Pull, Pulled, Receipt, Request};
use redwedding_wire::codec::Decode;
use serde_bytes::ByteBuf;

use crate::fold::{Fold, PushedEntry};
use crate::limits;
use crate::store::RefusedEntry;

/// Room in an answer for all but what was pulled.
const REST_BYTES: usize = 1 << 20;

/// What one exchange pushes to one shard.
#[derive(Default)]
struct ShardPushes {
    /// The number of each entry in the exchange.
    indices: Vec<usize>,
    pushes: Vec<PushedEntry>,
}

/// A relay's service, whoever calls it.
pub struct RelayService {
    /// The logs and what they came to.
    pub fold: Fold,
    members: Mutex<Members>,
}

impl RelayService {
    /// The service over this fold.
    #[must_use]
    pub fn new(fold: Fold) -> Arc<Self> {
        Arc::new(Self { fold, members: Mutex::default() })
    }

    /// The members known.
    pub fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers an exchange: pushes, then pulls, then leases. In this order, so that who pushed
    /// pulls its own entries at once, and a lease is given by what came in with them.
    pub async fn exchange(self: &Arc<Self>, request: Request) -> Answer {
        let now_ms = self.fold.node.now_ms();
        let members = self.meet(&request.members, now_ms);
        let mut answer = Answer::new(now_ms, members);
        answer.receipts = self.push(&request.site, request.pushes).await;
        answer.pulled = self.pull(request.pulls).await;
        if request.leases > 0 {
            let most = usize::from(request.leases).min(limits::PULL_DOCUMENTS);
            let now_ms = self.fold.node.now_ms();
            answer.due = self.fold.node.due().lease(&request.site, most, now_ms);
        }
        answer
    }

    /// Joins what an exchange says of members; one whose clock is far ahead would
    /// never be forgotten, and is not believed.
    fn meet(&self, said: &Members, now_ms: u64) -> Members {
        let mut members = self.members();
        for (pop, member) in said.iter() {
            if member.heartbeat_ms <= now_ms.saturating_add(limits::MEMBER_MS) {
                members.observe(pop, member.clone());
            }
        }
        members.forget(now_ms.saturating_sub(limits::MEMBER_MS));
        members.clone()
    }

    /// Has pushed entries appended; one receipt for each, in order.
    async fn push(self: &Arc<Self>, site: &str, pushes: Vec<ByteBuf>) -> Vec<Receipt> {
        let mut receipts: Vec<Option<Receipt>> = vec![None; pushes.len()];
        let mut shards: Vec<ShardPushes> = Vec::new();
        shards.resize_with(usize::from(limits::SHARDS), ShardPushes::default);
        for (index, bytes) in pushes.iter().enumerate() {
            match decode(site, bytes) {
                Ok(entry) => {
                    let shard = &mut shards[usize::from(entry.document.shard(limits::SHARDS))];
                    shard.indices.push(index);
                    shard.pushes.push(PushedEntry { entry, bytes: bytes.clone() });
                }
                Err(reason) => receipts[index] = Some(Receipt::Refused(reason)),
            }
        }
        // All shards are asked before the first is waited for: they commit together.
        let mut asked = Vec::new();
        for (shard, ShardPushes { indices, pushes }) in (0u16..).zip(shards) {
            if !pushes.is_empty() {
                let relay = Arc::clone(self);
                let task = async move { relay.fold.push(shard, pushes).await };
                asked.push((indices, tokio::spawn(task)));
            }
        }
        for (indices, answers) in asked {
            // A task that panicked told nothing; its entries get "busy" below, and are pushed
            // again.
            let answers = answers.await.unwrap_or_default();
            for (index, receipt) in indices.into_iter().zip(answers) {
                receipts[index] = Some(receipt);
            }
        }
        let receipts: Vec<Receipt> =
            receipts.into_iter().map(|receipt| receipt.unwrap_or(Receipt::Busy)).collect();
        receipts.iter().for_each(|receipt| self.fold.node.metrics.count_receipt(receipt));
        self.retain_refused(pushes, &receipts).await;
        receipts
    }

    /// What the edge acknowledged must not be lost, even if it cannot be used.
    async fn retain_refused(self: &Arc<Self>, pushes: Vec<ByteBuf>, receipts: &[Receipt]) {
        let refusals = pushes.into_iter().zip(receipts).filter_map(|(bytes, receipt)| {
            let Receipt::Refused(reason) = receipt else { return None };
            Some(RefusedEntry { reason: reason.clone(), bytes: bytes.into_vec() })
        });
        let refusals: Vec<_> = refusals.collect();
        if refusals.is_empty() {
            return;
        }
        let relay = Arc::clone(self);
        let keep = move || {
            let node = &relay.fold.node;
            match node.store.retain_refused(&refusals, node.now_ms()) {
                Ok(retained) => {
                    node.metrics.refused_dropped.inc_by(retained.dropped as u64);
                    if retained.new > 0 || retained.dropped > 0 {
                        let reason = &refusals[0].reason;
                        tracing::error!(
                            retained.new,
                            retained.dropped,
                            reason,
                            "entries were refused"
                        );
                    }
                }
                Err(error) => tracing::error!(%error, "refused entries could not be retained"),
            }
        };
        // A panic there is logged by the runtime; the receipts stand.
        let _ended = tokio::task::spawn_blocking(keep).await;
    }

    async fn pull(self: &Arc<Self>, pulls: Vec<Pull>) -> Vec<Pulled> {
        if pulls.is_empty() {
            return Vec::new();
        }
        let many = pulls.len();
        let relay = Arc::clone(self);
        let read = move || relay.read(&pulls);
        let read = tokio::task::spawn_blocking(read).await;
        // After a panic: ask again.
        read.unwrap_or_else(|_| vec![Pulled::NotNow; many])
    }

    /// Answers pulls in their order; what one takes of the budget the next ones do not have.
    fn read(&self, pulls: &[Pull]) -> Vec<Pulled> {
        let mut budget = ANSWER_BYTES - REST_BYTES;
        let answer = |pull: &Pull| {
            let pulled = match self.fold.pull(pull, budget) {
                Ok(answer) => {
                    budget = budget.saturating_sub(answer.bytes);
                    answer.pulled
                }
                Err(error) => {
                    tracing::error!(%error, "a pull could not be answered");
                    Pulled::NotNow
                }
            };
            self.fold.node.metrics.count_pulled(&pulled);
            pulled
        };
        pulls.iter().map(answer).collect()
    }

    /// Measures what is shown as it is at this moment.
    pub fn measure(&self) {
        let node = &self.fold.node;
        let (mut documents, mut quarantined, mut unreadable) = (0, 0, 0);
        for shard in &self.fold.shards {
            let state = shard.read();
            documents += state.documents.len();
            unreadable += state.unreadable;
            let kept_out = state
                .documents
                .values()
                .map(|materialized| materialized.document.quarantined().len());
            quarantined += kept_out.sum::<usize>();
        }
        let due = node.due().counts(node.now_ms());
        let gauges = node.metrics.gauges();
        gauges.documents.set(documents as i64);
        gauges.quarantined.set(quarantined as i64);
        gauges.unreadable.set(unreadable as i64);
        gauges.pending.set(due.pending as i64);
        gauges.due.set(due.available as i64);
        gauges.members.set(self.members().iter().count() as i64);
        gauges.refused_kept.set(node.store.refused().unwrap_or_default() as i64);
    }
}

/// An entry that a point of presence may have logged for this site; else why not.
fn decode(site: &str, bytes: &[u8]) -> Result<Entry, String> {
    let entry = Entry::decode(bytes).map_err(|error| error.to_string())?;
    // Who holds a key can add edits. Floors and moderation could take others' away.
    if entry.body.is_relay_only() {
        return Err("only the relay may log this".to_owned());
    }
    // The caller was authorised for the request's site alone.
    match entry.document.site() == site {
        true => Ok(entry),
        false => Err("the entry is of another site".to_owned()),
    }
}
