//! A relay node: its shards, and what it does for points of presence.
//!
//! [`Relay::exchange`] is all of an exchange. A server that has threads takes the same steps apart:
//! [`Relay::meet`], [`Pushes::sort`], a [`Writer`] for each shard, [`Relay::conclude`],
//! [`Relay::pull`], [`Relay::lease`].
//!
//! May assume that who asks was authorised for the request's site. Time is an argument and may
//! jump. Must never touch another site's documents.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redwedding_document::Segment;
use redwedding_replica::member::Members;
use redwedding_replica::sync::{ANSWER_BYTES, Answer, Lease, Pull, Pulled, Receipt, Request};
use redwedding_wire::identity::{Digest, DocumentKey};

use crate::event::Event;
use crate::floor_policy::FloorPolicy;
use crate::floors::FloorPass;
use crate::limits;
use crate::node::RelayNode;
use crate::outbox::{OutboxMeasures, OutboxReports};
use crate::pull;
use crate::pushes::{Pushes, ShardPushes};
use crate::recovery::{RecoveryError, recover};
use crate::shard::Shard;
use crate::snapshots;
use crate::store::{NodeStoreError, RefusedEntry};
use crate::writer::Writer;

/// Room in an answer for all but what was pulled.
const REST_BYTES: usize = 1 << 20;

/// A relay node.
pub struct Relay {
    /// What its shards share.
    pub node: RelayNode,
    /// The shards, by number.
    pub shards: Vec<Shard>,
    floor_policy: FloorPolicy,
    members: Mutex<Members>,
    outbox: OutboxReports,
}

/// A relay node, measured at one moment.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Measures {
    /// Documents held.
    pub documents: usize,
    /// Logged entries that documents keep out.
    pub quarantined: usize,
    /// Logged records that could not be read.
    pub unreadable: u64,
    /// Documents that the origin does not hold in full.
    pub pending: usize,
    /// Those of them that are due and nobody's.
    pub due: usize,
    /// Points of presence known.
    pub members: usize,
    /// Refused entries that are retained.
    pub refused_kept: u64,
    /// How far log time is ahead of the clock, in ms: it jumped ahead, and back.
    pub log_time_ahead_ms: u64,
    /// For how long the oldest edit that the origin lacks has been in the log, in ms.
    pub oldest_pending_ms: u64,
    /// The documents that the origin has lacked something of for longest, the oldest first.
    pub longest_pending: Vec<PendingDocument>,
    /// What sweeps found waiting in the outbox, last time.
    pub outbox: OutboxMeasures,
}

/// A document that the origin lacks something of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingDocument {
    /// Which.
    pub key: DocumentKey,
    /// Edits that the origin lacks.
    pub edits: usize,
    /// For how long the first of them has been in the log, in ms.
    pub waiting_ms: u64,
    /// Whether a write of it is announced and not concluded.
    pub announced: bool,
}

/// How many documents [`Measures::longest_pending`] names.
const LONGEST_PENDING: usize = 10;

impl Relay {
    /// Recovers the shards' state from snapshots and logs, with floors where this policy wants
    /// them. Blocks for as long as the logs have to be replayed.
    ///
    /// # Errors
    /// If the state cannot be recovered. Nothing must be served then, and nothing was changed.
    pub fn recover(node: RelayNode, floor_policy: FloorPolicy) -> Result<Self, RecoveryError> {
        let shards = (0..limits::SHARDS).map(|number| recover(&node, number));
        let shards = shards.collect::<Result<_, _>>()?;
        Ok(Self {
            node,
            shards,
            floor_policy,
            members: Mutex::default(),
            outbox: OutboxReports::default(),
        })
    }

    /// The shard that a document is in.
    #[must_use]
    pub fn shard_of(&self, document: &DocumentKey) -> &Shard {
        &self.shards[usize::from(document.shard(limits::SHARDS))]
    }

    /// The right to write the shard of this number. Waits until nobody else has it.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn writer(&self, shard: u16) -> Writer<'_> {
        Writer::of(&self.node, &self.shards[usize::from(shard)])
    }

    /// Answers an exchange: pushes, then pulls, then leases. In this order, so that who pushed
    /// pulls its own entries at once, and a lease is given by what came in with them. Blocks.
    pub fn exchange(&self, request: Request, now_ms: u64) -> Answer {
        let mut answer = Answer::new(self.node.log_time(now_ms), Members::default());
        answer.members = self.meet(&request.members, now_ms);
        self.hear_outbox(&request, now_ms);
        let (mut pushes, shards) = Pushes::sort(&request.site, request.pushes);
        for ShardPushes { shard, indices, entries } in shards {
            let receipts = self.writer(shard).write(vec![entries], now_ms, &|_| false);
            pushes.answer(&indices, receipts.into_iter().flatten().collect());
        }
        let (receipts, refused) = self.conclude(pushes);
        self.retain(&refused, now_ms);
        answer.receipts = receipts;
        answer.pulled = self.pull(&request.pulls);
        answer.due = self.lease(&request.site, request.leases, now_ms);
        answer
    }

    /// The members known.
    pub fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins what an exchange says of members, and gives all that are known. One whose clock is far
    /// ahead would never be forgotten, and is not believed.
    pub fn meet(&self, said: &Members, now_ms: u64) -> Members {
        let now_ms = self.node.log_time(now_ms);
        let mut members = self.members();
        for (pop, member) in said.iter() {
            if member.heartbeat_ms <= now_ms.saturating_add(limits::MEMBER_MS) {
                members.observe(pop, member.clone());
            }
        }
        members.forget(now_ms.saturating_sub(limits::MEMBER_MS));
        members.clone()
    }

    /// The receipts of an exchange whose pushes were written, and what was refused of them:
    /// that is to be retained.
    pub fn conclude(&self, pushes: Pushes) -> (Vec<Receipt>, Vec<RefusedEntry>) {
        let (receipts, refused) = pushes.finish();
        receipts.iter().for_each(|receipt| self.node.tell(Event::Received(receipt)));
        (receipts, refused)
    }

    /// Retains refused entries: what the edge acknowledged must not be lost, even if it cannot be
    /// used. Blocks.
    pub fn retain(&self, refused: &[RefusedEntry], now_ms: u64) {
        let Some(RefusedEntry { reason, .. }) = refused.first() else { return };
        match self.node.store.retain_refused(refused, self.node.log_time(now_ms)) {
            Ok(retained) => self.node.tell(Event::Refused { retained, reason }),
            Err(error) => self.node.tell(Event::RefusalsNotRetained { error: &error }),
        }
    }

    /// Answers pulls in their order; what one takes of the room in an answer the next ones do not
    /// have. Blocks.
    pub fn pull(&self, pulls: &[Pull]) -> Vec<Pulled> {
        self.pull_within(pulls, ANSWER_BYTES - REST_BYTES)
    }

    /// The same, with so much room in bytes.
    pub fn pull_within(&self, pulls: &[Pull], room: usize) -> Vec<Pulled> {
        let mut room = room;
        let answer = |pull: &Pull| {
            let pulled = match pull::answer(&self.node, self.shard_of(&pull.document), pull, room) {
                Ok(answer) => {
                    room = room.saturating_sub(answer.bytes);
                    answer.pulled
                }
                Err(error) => {
                    self.node.tell(Event::NotAnswered { error: &error });
                    Pulled::NotNow
                }
            };
            self.node.tell(Event::Answered(&pulled));
            pulled
        };
        pulls.iter().map(answer).collect()
    }

    /// Leases up to `most` due documents of a site.
    #[must_use = "a lease that nobody gets keeps the document waiting"]
    pub fn lease(&self, site: &str, most: u16, now_ms: u64) -> Vec<Lease> {
        match usize::from(most).min(limits::PULL_DOCUMENTS) {
            0 => Vec::new(),
            most => self.node.due().lease(site, most, self.node.log_time(now_ms)),
        }
    }

    /// The segment of a document's archive with this name, nothing in it compressed; `None` if
    /// there is none. Blocks.
    ///
    /// # Errors
    /// If the store cannot be read, or what it has is no segment.
    pub fn segment(
        &self,
        document: &DocumentKey,
        name: Digest,
    ) -> Result<Option<Vec<u8>>, NodeStoreError> {
        let found = self.node.store.segment(document.digest(), name)?;
        let plain = found.map(|packed| Segment::plain(&packed));
        plain.transpose().map_err(|error| NodeStoreError(error.to_string()))
    }

    /// Moves the floors of documents that were written to the origin since the last call, or of
    /// some of them. Gives how many it moved. Blocks.
    pub fn move_floors(&self, now_ms: u64) -> usize {
        let (node, shards, policy) = (&self.node, self.shards.as_slice(), self.floor_policy);
        FloorPass { node, shards, policy, now_ms }.run()
    }

    /// Writes the snapshots of all documents that changed. Blocks.
    pub fn write_snapshots(&self) {
        snapshots::write_all(&self.node, &self.shards);
    }

    /// The documents that the origin has lacked something of for longest.
    fn longest_pending(&self, now_ms: u64) -> Vec<PendingDocument> {
        let now_ms = self.node.log_time(now_ms);
        let keys = self.node.due().keys();
        let pending = keys.into_iter().filter_map(|key| {
            let document = self.shard_of(&key).read().documents.get(&key).map(Arc::clone)?;
            let document = &document.document;
            let since_ms = document.pending().next()?.logged_ms;
            Some(PendingDocument {
                edits: document.pending().count(),
                waiting_ms: now_ms.saturating_sub(since_ms),
                announced: document.origin().open().is_some(),
                key,
            })
        });
        let mut pending: Vec<_> = pending.collect();
        pending.sort_by_key(|document| std::cmp::Reverse(document.waiting_ms));
        pending.truncate(LONGEST_PENDING);
        pending
    }

    /// Takes in what an exchange says of the outbox.
    pub fn hear_outbox(&self, request: &Request, now_ms: u64) {
        self.outbox.hear(&request.site, request.outbox_reports(), now_ms);
    }

    /// Measures the node as it is at this moment. Blocks.
    #[must_use]
    pub fn measure(&self, now_ms: u64) -> Measures {
        let mut measures = Measures::default();
        for shard in &self.shards {
            let state = shard.read();
            measures.documents += state.documents.len();
            measures.unreadable += state.unreadable;
            let documents = state.documents.values();
            let kept_out = documents.map(|found| found.document.quarantined().len());
            measures.quarantined += kept_out.sum::<usize>();
        }
        let due = self.node.due().counts(self.node.log_time(now_ms));
        (measures.pending, measures.due) = (due.pending, due.available);
        measures.members = self.members().iter().count();
        measures.longest_pending = self.longest_pending(now_ms);
        measures.oldest_pending_ms =
            measures.longest_pending.first().map_or(0, |document| document.waiting_ms);
        measures.outbox = self.outbox.measure(now_ms);
        measures.log_time_ahead_ms = self.node.log_time_ahead_ms(now_ms);
        measures.refused_kept = self.node.store.refused().unwrap_or_default();
        measures
    }
}
