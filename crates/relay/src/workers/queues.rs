//! The way to the shards' workers: one bounded queue for each.
//!
//! May assume that a worker answers each submission or drops it. Must never make a caller wait
//! for room: a full queue is an answer.

use std::sync::{Mutex, PoisonError};

use redwedding_fold::batch::PushedEntry;
use redwedding_replica::sync::Receipt;
use tokio::sync::{mpsc, oneshot};

use crate::limits;

/// What one exchange pushes to one shard, in its order.
#[derive(Debug)]
pub(super) struct QueuedPush {
    /// The entries.
    pub pushes: Vec<PushedEntry>,
    /// Where the receipts go, one per entry.
    pub done: oneshot::Sender<Vec<Receipt>>,
}

/// The queues of all workers.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<Vec<mpsc::Sender<QueuedPush>>>);

impl Queues {
    /// Adds the queue of the next shard; gives the end that its worker reads.
    pub(super) fn open(&self) -> mpsc::Receiver<QueuedPush> {
        let (sender, queue) = mpsc::channel(limits::QUEUED_PUSHES);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        queue
    }

    /// Hands entries to a shard's worker; `None` where it has too much to do, or takes no more.
    #[must_use]
    pub(super) fn submit(
        &self,
        shard: u16,
        pushes: Vec<PushedEntry>,
    ) -> Option<oneshot::Receiver<Vec<Receipt>>> {
        let queue = {
            let queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            queues.get(usize::from(shard)).cloned()
        };
        let (done, receipts) = oneshot::channel();
        queue?.try_send(QueuedPush { pushes, done }).ok()?;
        Some(receipts)
    }

    /// Takes no more; the workers finish what they were given.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
