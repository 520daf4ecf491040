//! The one who writes a shard: it folds what was pushed provisionally, has it appended, and then
//! lets the state follow the log.
//!
//! The steps of a batch can be taken one by one, so that whoever runs a node may let others go on
//! between them: [`Writer::prepare`], [`Writer::append`], [`Writer::install`]. May assume that
//! nobody else changes the shard's state while a step is taken. Must never say of an entry what
//! the log has not taken.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use redwedding_replica::sync::Receipt;
use redwedding_wire::version::{Cursor, Position};

use crate::batch::{Batch, PreparedBatch, ProvisionalReceipt, PushedEntry, receipt_of};
use crate::event::Event;
use crate::fold_error::FoldError;
use crate::log::AppendError;
use crate::node::{ChangedDocument, RelayNode};
use crate::shard::{FoldedRecord, Shard};
use crate::tail::tail;

/// The right to write a shard: there is one at a time.
pub struct Writer<'a> {
    node: &'a RelayNode,
    shard: &'a Shard,
    /// Whether the log may hold more than was folded. Nothing is checked against the state then:
    /// it would be checked against too little.
    unsure: MutexGuard<'a, bool>,
}

/// A batch after the log was asked to take it.
#[must_use = "who pushed waits for receipts, and the state for what is in the log"]
pub struct AppendedBatch {
    batch: PreparedBatch,
    /// The position of its first record; `None` where there is nothing to append.
    appended: Option<Result<Position, AppendError>>,
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

impl<'a> Writer<'a> {
    /// The right to write `shard`. Waits until nobody else has it.
    pub(crate) fn of(node: &'a RelayNode, shard: &'a Shard) -> Self {
        Self { node, shard, unsure: shard.writing() }
    }

    /// Has entries appended that several exchanges pushed, in order: all three steps. Gives one
    /// receipt for each. Blocks.
    #[must_use = "who pushed waits for receipts"]
    pub fn write(
        &mut self,
        pushes: Vec<Vec<PushedEntry>>,
        now_ms: u64,
        is_late: &dyn Fn(usize) -> bool,
    ) -> Vec<Vec<Receipt>> {
        let prepared = self.prepare(pushes, now_ms, is_late);
        let appended = self.append(prepared);
        self.install(appended)
    }

    /// Checks a batch and folds it into copies. Readers of the shard go on meanwhile.
    ///
    /// Where the log may hold more than was folded, that is folded first; if that fails, everyone
    /// is told "busy". Who would be refused does not come again, so the log is looked at before
    /// that: another node may have appended what the entry rests on.
    ///
    /// Somebody waits for the answer, and to fold an entry can take milliseconds. `is_late` is
    /// asked after each that is to be appended whether the exchange of this number, from 0, has had
    /// its time: of the rest of it "busy" is said then, but for what the log has.
    pub fn prepare(
        &mut self,
        pushes: Vec<Vec<PushedEntry>>,
        now_ms: u64,
        is_late: &dyn Fn(usize) -> bool,
    ) -> PreparedBatch {
        let behind = *self.unsure && self.catch_up().is_err();
        let prepared = self.check(&pushes, behind, now_ms, is_late);
        let news = refuses(&prepared.receipts)
            && self.catch_up().is_ok()
            && self.shard.read().head != prepared.base;
        if news { self.check(&pushes, false, now_ms, is_late) } else { prepared }
    }

    fn check(
        &self,
        pushes: &[Vec<PushedEntry>],
        behind: bool,
        now_ms: u64,
        is_late: &dyn Fn(usize) -> bool,
    ) -> PreparedBatch {
        let state = self.shard.read();
        let mut batch = Batch::new(&state, self.node, now_ms);
        let busy = || ProvisionalReceipt::Certain(Receipt::Busy);
        let mut receipts = Vec::with_capacity(pushes.len());
        for (exchange, pushes) in pushes.iter().enumerate() {
            // Once late, all the rest is: it may stand on what is left out.
            let mut late = false;
            let all = pushes.iter().map(|pushed| match (behind, late) {
                (true, _) => busy(),
                (false, true) => batch.known(&pushed.entry).unwrap_or_else(busy),
                (false, false) => {
                    let receipt = batch.push(pushed);
                    late = matches!(receipt, ProvisionalReceipt::IfAppended { .. })
                        && is_late(exchange);
                    receipt
                }
            });
            receipts.push(all.collect());
        }
        batch.finish(receipts)
    }

    /// Has the log take the batch. Blocks.
    pub fn append(&mut self, mut batch: PreparedBatch) -> AppendedBatch {
        let records = std::mem::take(&mut batch.records);
        if records.is_empty() {
            return AppendedBatch { batch, appended: None };
        }
        // Whatever ends this one before the state has followed: the next one reads the log first.
        *self.unsure = true;
        let many = records.len();
        let appended = self.node.log.append(self.shard.number, records);
        self.node.note_append(self.shard.number, many, appended.as_ref().err());
        AppendedBatch { batch, appended: Some(appended) }
    }

    /// Lets the state follow the log. Gives the receipts.
    #[must_use = "who pushed waits for receipts"]
    pub fn install(&mut self, appended: AppendedBatch) -> Vec<Vec<Receipt>> {
        let AppendedBatch { mut batch, appended } = appended;
        let receipts = std::mem::take(&mut batch.receipts);
        let outcome = match appended {
            None if refuses(&receipts) => self.if_nothing_came(batch.base),
            None => AppendOutcome::AsExpected,
            // The log's order is the one in which the batch was folded: the copies are what every
            // node will come to.
            Some(Ok(first)) if first == batch.base.position + 1 => {
                self.follow(batch);
                AppendOutcome::AsExpected
            }
            // Another node's records came between: the copies were folded in another order than
            // the log's. They are dropped, and the log decides.
            Some(Ok(first)) => self
                .catch_up()
                .map_or(AppendOutcome::Uncertain, |at| AppendOutcome::Elsewhere { first, at }),
            // The records may be in the log all the same. Whoever pushed is told nothing and pushes
            // again, and what is in is then known.
            Some(Err(_)) => AppendOutcome::Uncertain,
        };
        let told = |receipts: Vec<_>| {
            receipts.into_iter().map(|receipt| outcome.receipt(receipt)).collect()
        };
        receipts.into_iter().map(told).collect()
    }

    /// Of a batch of which nothing was appended the log says nothing, and another node may have
    /// appended more since it was prepared.
    fn if_nothing_came(&mut self, base: Cursor) -> AppendOutcome {
        let reached = self.catch_up().is_ok();
        match reached && self.shard.read().head == base {
            true => AppendOutcome::AsExpected,
            false => AppendOutcome::Uncertain,
        }
    }

    /// Puts the batch's copies in their documents' places.
    fn follow(&mut self, batch: PreparedBatch) {
        let changed = {
            let mut state = self.shard.write();
            // Somebody has folded the batch from the log since, or a part of it.
            if state.head != batch.base {
                return;
            }
            batch.install(&mut state)
        };
        self.node.note_changed(&changed);
        *self.unsure = false;
    }

    /// Folds in what the log holds beyond the head; gives what became of each position. Blocks.
    ///
    /// # Errors
    /// If the log cannot be read or folded. What lies before that is folded.
    pub fn catch_up(&mut self) -> Result<HashMap<Position, Receipt>, FoldError> {
        let mut receipts = HashMap::new();
        let mut ended = HashMap::new();
        let each = |folded: FoldedRecord| {
            *ended.entry(folded.document).or_default() |= folded.ends_flush;
            let receipt = receipt_of(&folded.verdict, folded.cursor);
            receipts.insert(folded.cursor.position, receipt);
        };
        let shard = self.shard.number;
        tail(self.node, self.shard, each)
            .inspect_err(|error| self.node.tell(Event::NotFolded { shard, error }))?;
        let changed: Vec<ChangedDocument> = {
            let state = self.shard.read();
            let changed = |(key, ends_flush): (_, bool)| {
                let document = Arc::clone(state.documents.get(&key)?);
                Some(ChangedDocument { document, ends_flush })
            };
            ended.into_iter().filter_map(changed).collect()
        };
        self.node.note_changed(&changed);
        *self.unsure = false;
        Ok(receipts)
    }
}

/// Whether an entry is refused for what the state is.
fn refuses(receipts: &[Vec<ProvisionalReceipt>]) -> bool {
    let refused = |receipt: &ProvisionalReceipt| {
        matches!(receipt, ProvisionalReceipt::IfBatchAppended(Receipt::Refused(_)))
    };
    receipts.iter().flatten().any(refused)
}

impl AppendOutcome {
    /// What to say of an entry, now that it is known what became of its batch.
    fn receipt(&self, receipt: ProvisionalReceipt) -> Receipt {
        match (self, receipt) {
            // It rests on the entry alone.
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
