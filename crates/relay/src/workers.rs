//! The threads that write shards: each gathers what exchanges pushed to its shard, has it written,
//! and answers.
//!
//! While one append is being synced to disk the next batch gathers, so the more are waiting the
//! fewer syncs each costs. Must never answer before the log has taken what it says.

mod queues;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use redwedding_fold::Relay;
use redwedding_fold::batch::{BatchSize, PushedEntry};
use redwedding_replica::sync::Receipt;
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::limits;
use crate::metrics::Metrics;
use queues::{QueuedPush, Queues};

/// The workers of all shards.
pub struct Workers {
    queues: Queues,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Workers {
    /// Starts to work for `relay`.
    ///
    /// # Errors
    /// If a thread could not be started.
    pub fn start(
        relay: &Arc<Relay>,
        clock: &Clock,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, std::io::Error> {
        let (queues, mut threads) = (Queues::default(), Vec::new());
        for shard in &relay.shards {
            let worker = Worker {
                relay: Arc::clone(relay),
                shard: shard.number,
                clock: Arc::clone(clock),
                metrics: Arc::clone(metrics),
                queue: queues.open(),
            };
            let thread = std::thread::Builder::new().name(format!("shard-{}", shard.number));
            threads.push(thread.spawn(move || worker.run())?);
        }
        Ok(Self { queues, threads: Mutex::new(threads) })
    }

    /// Has entries of one shard appended, in order. Gives one receipt for each.
    pub async fn push(&self, shard: u16, pushes: Vec<PushedEntry>) -> Vec<Receipt> {
        let busy = vec![Receipt::Busy; pushes.len()];
        match self.queues.submit(shard, pushes) {
            Some(receipts) => receipts.await.unwrap_or(busy),
            None => busy,
        }
    }

    /// Takes no more, and finishes what was taken. Blocks.
    pub fn stop(&self) {
        self.queues.close();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a shard's worker ended in a panic");
            }
        }
    }
}

/// A shard's worker.
struct Worker {
    relay: Arc<Relay>,
    shard: u16,
    clock: Clock,
    metrics: Arc<Metrics>,
    queue: mpsc::Receiver<QueuedPush>,
}

impl Worker {
    /// Works until the queue is closed and empty. A batch that panics changes
    /// nothing: it was folded into copies.
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let submissions = self.gather(first);
            // Whoever waits is told "busy" when the batch is dropped.
            let worked = panic::catch_unwind(AssertUnwindSafe(|| self.work(submissions)));
            if worked.is_err() {
                self.metrics.panics.inc();
                tracing::error!(shard = self.shard, "a batch ended in a panic");
            }
        }
    }

    /// What waits by now, within the bounds of a batch. Nobody is waited for: company comes by
    /// itself while an append is under way.
    fn gather(&mut self, first: QueuedPush) -> Vec<QueuedPush> {
        let mut size = BatchSize::default();
        size.add(&first.pushes);
        let mut submissions = vec![first];
        while !size.is_full() {
            let Ok(next) = self.queue.try_recv() else { break };
            size.add(&next.pushes);
            submissions.push(next);
        }
        submissions
    }

    fn work(&self, submissions: Vec<QueuedPush>) {
        let apart = submissions.into_iter().map(|QueuedPush { pushes, done }| (pushes, done));
        let (pushes, waiting): (Vec<_>, Vec<_>) = apart.unzip();
        // Each exchange has its share of the batch's time.
        let (begun, share) = (Instant::now(), limits::BATCH_TIME / pushes.len().max(1) as u32);
        let is_late = |exchange: usize| begun.elapsed() >= share * (exchange as u32 + 1);
        let receipts = self.relay.writer(self.shard).write(pushes, (self.clock)(), &is_late);
        for (done, receipts) in waiting.into_iter().zip(receipts) {
            // Whoever went away pushes again.
            let _gone = done.send(receipts);
        }
    }
}
