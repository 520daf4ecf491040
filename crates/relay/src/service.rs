//! What a relay does for a point of presence, with threads: exchanges over the fold.
//!
//! May assume that who asks was authorised for the request's site. Must never decide anything by
//! itself: the steps of an exchange are those of [`Relay::exchange`], taken apart so that none
//! blocks the others.

use std::sync::Arc;

use redwedding_fold::pushes::{Pushes, ShardPushes};
use redwedding_fold::relay::Measures;
use redwedding_fold::{FloorPolicy, Relay, RelayNode};
use redwedding_replica::member::Members;
use redwedding_replica::sync::{Answer, Pull, Pulled, Receipt, Request};
use serde_bytes::ByteBuf;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::workers::Workers;

/// A relay's service, whoever calls it.
pub struct RelayService {
    /// The logs and what they came to.
    pub relay: Arc<Relay>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    clock: Clock,
    workers: Workers,
}

/// Why the service could not start. Nothing is served then, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state could not be recovered.
    #[error(transparent)]
    Recovery(#[from] redwedding_fold::RecoveryError),
    /// The system gives no more threads.
    #[error("a worker could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

impl RelayService {
    /// Recovers the node's state, then starts to work. `metrics` is what observes the node. Blocks
    /// for as long as the logs have to be replayed.
    ///
    /// # Errors
    /// If the state cannot be recovered, or a thread not started.
    pub fn start(
        node: RelayNode,
        floors: FloorPolicy,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> Result<Arc<Self>, StartError> {
        let relay = Arc::new(Relay::recover(node, floors)?);
        let workers = Workers::start(&relay, &clock, &metrics)?;
        Ok(Arc::new(Self { relay, metrics, clock, workers }))
    }

    /// What the clock says, in ms since 1970. Log time follows from it; nothing that comes from
    /// elsewhere with an end, such as a token, is held against log time.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    /// Answers an exchange, as [`Relay::exchange`] does.
    pub async fn exchange(self: &Arc<Self>, request: Request) -> Answer {
        let now_ms = self.now_ms();
        let members = self.relay.meet(&request.members, now_ms);
        self.relay.hear_outbox(&request, now_ms);
        let mut answer = Answer::new(self.relay.node.log_time(now_ms), members);
        answer.receipts = self.push(&request.site, request.pushes).await;
        answer.pulled = self.pull(request.pulls).await;
        answer.due = self.relay.lease(&request.site, request.leases, self.now_ms());
        answer
    }

    /// Has pushed entries appended; one receipt for each, in order.
    async fn push(self: &Arc<Self>, site: &str, pushes: Vec<ByteBuf>) -> Vec<Receipt> {
        let (mut pushes, shards) = Pushes::sort(site, pushes);
        // All shards are asked before the first is waited for: they commit together.
        let mut asked = Vec::new();
        for ShardPushes { shard, indices, entries } in shards {
            let service = Arc::clone(self);
            let task = async move { service.workers.push(shard, entries).await };
            asked.push((indices, tokio::spawn(task)));
        }
        for (indices, receipts) in asked {
            // A task that panicked told nothing; its entries are pushed again.
            pushes.answer(&indices, receipts.await.unwrap_or_default());
        }
        let (receipts, refused) = self.relay.conclude(pushes);
        if !refused.is_empty() {
            let service = Arc::clone(self);
            let retain = move || service.relay.retain(&refused, service.now_ms());
            // A panic there is logged by the runtime; the receipts stand.
            let _ended = tokio::task::spawn_blocking(retain).await;
        }
        receipts
    }

    async fn pull(self: &Arc<Self>, pulls: Vec<Pull>) -> Vec<Pulled> {
        if pulls.is_empty() {
            return Vec::new();
        }
        let many = pulls.len();
        let service = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || service.relay.pull(&pulls)).await;
        // After a panic: ask again.
        read.unwrap_or_else(|_| vec![Pulled::NotNow; many])
    }

    /// The members known.
    #[must_use]
    pub fn members(&self) -> Members {
        self.relay.members().clone()
    }

    /// Moves floors. Gives how many it moved. Blocks.
    pub fn move_floors(&self) -> usize {
        self.relay.move_floors(self.now_ms())
    }

    /// Measures what is shown as it is at this moment.
    pub fn measure(&self) -> Measures {
        let measures = self.relay.measure(self.now_ms());
        self.metrics.show(&measures);
        measures
    }

    /// Takes no more, finishes what was taken, and writes snapshots. Blocks.
    pub fn stop(&self) {
        self.workers.stop();
        self.relay.write_snapshots();
    }
}
