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

use super::Node;
use super::batch::{Batch, Outcome, Prepared, Pushed, receipt_of};
use super::shard::{FoldError, Folded, Shard};
use crate::log::ReadError;

/// Entries after which a batch is closed.
const BATCH_ENTRIES: usize = 1_024;
/// Bytes after which a batch is closed.
const BATCH_BYTES: usize = 16 << 20;
/// Records read from the log at once.
const TAIL_RECORDS: usize = 512;

/// What one exchange pushes to one shard, in its order.
#[derive(Debug)]
pub(super) struct Submission {
    /// The entries.
    pub pushes: Vec<Pushed>,
    /// Where the receipts go, one per entry.
    pub done: oneshot::Sender<Vec<Receipt>>,
}

/// A shard's worker.
pub(super) struct Worker {
    node: Arc<Node>,
    shard: Arc<Shard>,
    queue: mpsc::Receiver<Submission>,
    /// Whether the log may hold more than was folded.
    unsure: bool,
}

impl Worker {
    pub(super) fn new(
        node: Arc<Node>,
        shard: Arc<Shard>,
        queue: mpsc::Receiver<Submission>,
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
                self.unsure = true;
                self.node.metrics.panics.inc();
                tracing::error!(shard = self.shard.number, "a batch ended in a panic");
            }
        }
    }

    fn gather(&mut self, first: Submission) -> Vec<Submission> {
        let size = |submission: &Submission| {
            let bytes = submission.pushes.iter().map(|pushed| pushed.bytes.len());
            (submission.pushes.len(), bytes.sum::<usize>())
        };
        let (mut entries, mut bytes) = size(&first);
        let mut submissions = vec![first];
        while entries < BATCH_ENTRIES && bytes < BATCH_BYTES {
            let Ok(next) = self.queue.try_recv() else { break };
            let (more_entries, more_bytes) = size(&next);
            entries += more_entries;
            bytes += more_bytes;
            submissions.push(next);
        }
        submissions
    }

    fn work(&mut self, submissions: Vec<Submission>) {
        if self.unsure && self.catch_up().is_err() {
            return answer_busy(submissions);
        }
        let (prepared, waiting) = self.prepare(submissions);
        let appended = self.append(prepared);
        for Answering { outcomes, done } in waiting {
            let receipts = outcomes.into_iter().map(|outcome| appended.receipt(outcome));
            // Whoever went away pushes again.
            let _gone = done.send(receipts.collect());
        }
    }

    fn prepare(&self, submissions: Vec<Submission>) -> (Prepared, Vec<Answering>) {
        let state = self.shard.read();
        let mut batch = Batch::new(&state, &*self.node.store, self.node.now_ms());
        let waiting = submissions.into_iter().map(|Submission { pushes, done }| {
            let outcomes = pushes.into_iter().map(|pushed| batch.push(pushed)).collect();
            Answering { outcomes, done }
        });
        let waiting = waiting.collect();
        (batch.finish(), waiting)
    }

    fn append(&mut self, mut prepared: Prepared) -> Appended {
        let records = std::mem::take(&mut prepared.records);
        if records.is_empty() {
            return Appended::AsExpected;
        }
        let expected = self.shard.read().head.position + 1;
        let many = records.len();
        let appended = self.node.log.append(self.shard.number, records);
        self.node.note_append(self.shard.number, many, appended.as_ref().err());
        match appended {
            Ok(first) if first == expected => {
                let changed = prepared.install(&mut self.shard.write());
                self.node.note_changed(
                    changed.iter().map(|(materialized, ended)| (&**materialized, *ended)),
                );
                Appended::AsExpected
            }
            // Another node's records came between: what was checked has to be
            // looked at again.
            Ok(first) => {
                self.unsure = true;
                self.catch_up().map_or(Appended::Failed, |at| Appended::Elsewhere { first, at })
            }
            Err(_) => {
                self.unsure = true;
                Appended::Failed
            }
        }
    }

    /// Folds in what the log holds beyond the head.
    fn catch_up(&mut self) -> Result<HashMap<Position, Receipt>, FoldError> {
        let mut receipts = HashMap::new();
        let mut ended = HashMap::new();
        let each = |folded: Folded| {
            *ended.entry(folded.document).or_default() |= folded.ends_flush;
            let receipt = receipt_of(&folded.verdict, folded.cursor);
            receipts.insert(folded.cursor.position, receipt);
        };
        tail(&self.node, &self.shard, each).inspect_err(|error| {
            tracing::error!(shard = self.shard.number, %error, "the log could not be folded");
        })?;
        let changed: Vec<_> = {
            let state = self.shard.read();
            let materialized =
                |(key, ended): (_, bool)| Some((Arc::clone(state.documents.get(&key)?), ended));
            ended.into_iter().filter_map(materialized).collect()
        };
        self.node
            .note_changed(changed.iter().map(|(materialized, ended)| (&**materialized, *ended)));
        self.unsure = false;
        Ok(receipts)
    }
}

/// An exchange that waits for its receipts.
struct Answering {
    outcomes: Vec<Outcome>,
    done: oneshot::Sender<Vec<Receipt>>,
}

/// What became of a batch.
enum Appended {
    /// It is in the log, where it was expected.
    AsExpected,
    /// It is in the log from `first` on, after records of other nodes.
    Elsewhere { first: Position, at: HashMap<Position, Receipt> },
    /// Nobody knows.
    Failed,
}

impl Appended {
    fn receipt(&self, outcome: Outcome) -> Receipt {
        match (self, outcome) {
            (_, Outcome::Certain(receipt)) => receipt,
            (
                Self::AsExpected,
                Outcome::Appended(_, receipt) | Outcome::DependsOnBatch(receipt),
            ) => receipt,
            (Self::Elsewhere { first, at }, Outcome::Appended(index, _)) => {
                at.get(&(first + index as u64)).cloned().unwrap_or(Receipt::Busy)
            }
            (Self::Elsewhere { .. } | Self::Failed, _) => Receipt::Busy,
        }
    }
}

fn answer_busy(submissions: Vec<Submission>) {
    for submission in submissions {
        let receipts = vec![Receipt::Busy; submission.pushes.len()];
        let _gone = submission.done.send(receipts);
    }
}

/// Folds the log's records beyond the shard's head in, one by one.
pub(super) fn tail(
    node: &Node,
    shard: &Shard,
    mut each: impl FnMut(Folded),
) -> Result<(), FoldError> {
    loop {
        let from = shard.read().head.position + 1;
        let records = node.log.read(shard.number, from, TAIL_RECORDS)?;
        if records.is_empty() {
            return Ok(());
        }
        let mut state = shard.write();
        for logged in &records {
            if logged.cursor != state.head.after(&logged.record) {
                let position = logged.cursor.position;
                let why = format!("position {position} breaks the chain");
                return Err(ReadError::Damaged(why).into());
            }
            if let Some(folded) = state.fold(logged, &*node.store)? {
                each(folded);
            }
        }
    }
}
