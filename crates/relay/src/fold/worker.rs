//! The thread that owns a shard: it gathers what exchanges pushed, folds it
//! provisionally, has it appended, and answers.
//!
//! While one append is being synced to disk the next batch gathers, so the more
//! are waiting the fewer syncs each costs. May assume that nobody else writes
//! the shard's state. Must never answer before the log has taken what it says.

use std::collections::HashMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use redwedding_replica::sync::Receipt;
use redwedding_wire::version::Position;
use tokio::sync::{mpsc, oneshot};

use super::batch::{Batch, PreparedBatch, ProvisionalReceipt, receipt_of};
use super::node::{ChangedDocument, RelayNode};
use super::queues::QueuedPush;
use super::shard::{FoldError, FoldedRecord, Shard};
use super::tail::tail;
use crate::limits;

/// A shard's worker.
pub(super) struct Worker {
    node: Arc<RelayNode>,
    shard: Arc<Shard>,
    queue: mpsc::Receiver<QueuedPush>,
    /// Whether the log may hold more than was folded. Nothing is checked against the state then:
    /// it would be checked against too little.
    unsure: bool,
}

/// An exchange that waits for its receipts.
struct PendingReply {
    receipts: Vec<ProvisionalReceipt>,
    done: oneshot::Sender<Vec<Receipt>>,
}

/// What became of a batch.
enum AppendOutcome {
    /// It is in the log, where it was expected.
    AsExpected,
    /// It is in the log from `first` on, after records of other nodes. What the fold found at each
    /// position is in `at`.
    Elsewhere { first: Position, at: HashMap<Position, Receipt> },
    /// Nobody knows.
    Uncertain,
}

impl Worker {
    pub(super) fn new(
        node: Arc<RelayNode>,
        shard: Arc<Shard>,
        queue: mpsc::Receiver<QueuedPush>,
    ) -> Self {
        Self { node, shard, queue, unsure: false }
    }

    /// Works until the queue is closed and empty. A batch that panics changes
    /// nothing: it was folded into copies.
    pub(super) fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let submissions = self.gather(first);
            // Whoever waits is told "busy" when the batch is dropped.
            let worked = panic::catch_unwind(AssertUnwindSafe(|| self.work(submissions)));
            if worked.is_err() {
                // It may have come after the append.
                self.unsure = true;
                self.node.metrics.panics.inc();
                tracing::error!(shard = self.shard.number, "a batch ended in a panic");
            }
        }
    }

    /// What waits by now, within the bounds of a batch. Nobody is waited for: company comes by
    /// itself while an append is under way.
    fn gather(&mut self, first: QueuedPush) -> Vec<QueuedPush> {
        let size = |submission: &QueuedPush| {
            let bytes = submission.pushes.iter().map(|pushed| pushed.bytes.len());
            (submission.pushes.len(), bytes.sum::<usize>())
        };
        let (mut entries, mut bytes) = size(&first);
        let mut submissions = vec![first];
        while entries < limits::BATCH_ENTRIES && bytes < limits::BATCH_BYTES {
            let Ok(next) = self.queue.try_recv() else { break };
            let (more_entries, more_bytes) = size(&next);
            entries += more_entries;
            bytes += more_bytes;
            submissions.push(next);
        }
        submissions
    }

    fn work(&mut self, submissions: Vec<QueuedPush>) {
        if self.unsure && self.catch_up().is_err() {
            return answer_busy(submissions);
        }
        let (prepared, waiting) = self.prepare(submissions);
        let outcome = self.append(prepared);
        for PendingReply { receipts, done } in waiting {
            let receipts = receipts.into_iter().map(|receipt| outcome.receipt(receipt));
            // Whoever went away pushes again.
            let _gone = done.send(receipts.collect());
        }
    }

    /// Checks a batch and folds it into copies. Readers of the shard go on meanwhile.
    fn prepare(&self, submissions: Vec<QueuedPush>) -> (PreparedBatch, Vec<PendingReply>) {
        let state = self.shard.read();
        let mut batch = Batch::new(&state, &*self.node.store, self.node.now_ms());
        let waiting = submissions.into_iter().map(|QueuedPush { pushes, done }| {
            let receipts = pushes.into_iter().map(|pushed| batch.push(pushed)).collect();
            PendingReply { receipts, done }
        });
        let waiting = waiting.collect();
        (batch.finish(), waiting)
    }

    fn append(&mut self, mut prepared: PreparedBatch) -> AppendOutcome {
        let records = std::mem::take(&mut prepared.records);
        if records.is_empty() {
            return AppendOutcome::AsExpected;
        }
        let expected = self.shard.read().head.position + 1;
        let many = records.len();
        let appended = self.node.log.append(self.shard.number, records);
        self.node.note_append(self.shard.number, many, appended.as_ref().err());
        match appended {
            // The log's order is the one in which the batch was folded: the copies are what every
            // node will come to.
            Ok(first) if first == expected => {
                let changed = prepared.install(&mut self.shard.write());
                self.node.note_changed(&changed);
                AppendOutcome::AsExpected
            }
            // Another node's records came between: the copies were folded in another order than
            // the log's. They are dropped, and the log decides.
            Ok(first) => {
                self.unsure = true;
                self.catch_up()
                    .map_or(AppendOutcome::Uncertain, |at| AppendOutcome::Elsewhere { first, at })
            }
            // The records may be in the log all the same. Whoever pushed is told nothing and pushes
            // again, and what is in is then known.
            Err(_) => {
                self.unsure = true;
                AppendOutcome::Uncertain
            }
        }
    }

    /// Folds in what the log holds beyond the head; gives what became of each position.
    fn catch_up(&mut self) -> Result<HashMap<Position, Receipt>, FoldError> {
        let mut receipts = HashMap::new();
        let mut ended = HashMap::new();
        let each = |folded: FoldedRecord| {
            *ended.entry(folded.document).or_default() |= folded.ends_flush;
            let receipt = receipt_of(&folded.verdict, folded.cursor);
            receipts.insert(folded.cursor.position, receipt);
        };
        tail(&self.node, &self.shard, each).inspect_err(|error| {
            tracing::error!(shard = self.shard.number, %error, "the log could not be folded");
        })?;
        let changed: Vec<ChangedDocument> = {
            let state = self.shard.read();
            let changed = |(key, ends_flush): (_, bool)| {
                let document = Arc::clone(state.documents.get(&key)?);
                Some(ChangedDocument { document, ends_flush })
            };
            ended.into_iter().filter_map(changed).collect()
        };
        self.node.note_changed(&changed);
        self.unsure = false;
        Ok(receipts)
    }
}

impl AppendOutcome {
    /// What to say of an entry, now that it is known what became of its batch.
    fn receipt(&self, receipt: ProvisionalReceipt) -> Receipt {
        match (self, receipt) {
            // It stood on the log alone.
            (_, ProvisionalReceipt::Certain(receipt)) => receipt,
            (
                Self::AsExpected,
                ProvisionalReceipt::IfAppended { receipt, .. }
                | ProvisionalReceipt::IfBatchAppended(receipt),
            ) => receipt,
            // The fold saw it at its real position.
            (Self::Elsewhere { first, at }, ProvisionalReceipt::IfAppended { index, .. }) => {
                at.get(&(first + index as u64)).cloned().unwrap_or(Receipt::Busy)
            }
            // It was not appended, and what it was compared with turned out otherwise.
            (Self::Elsewhere { .. } | Self::Uncertain, _) => Receipt::Busy,
        }
    }
}

fn answer_busy(submissions: Vec<QueuedPush>) {
    for submission in submissions {
        let receipts = vec![Receipt::Busy; submission.pushes.len()];
        let _gone = submission.done.send(receipts);
    }
}
