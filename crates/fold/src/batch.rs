//! A batch: what many exchanges pushed to a shard, checked and folded
//! provisionally before it is appended.
//!
//! Nothing here can be seen by anyone until the log has taken the batch: entries
//! are folded into copies (one per document), which take the documents' place
//! afterwards, or are dropped. May assume that the state does not change
//! meanwhile. Must never append what could be refused, nor what stands on something that an
//! entry of the same batch has at this place in the log alone: after entries of another node the
//! batch comes elsewhere, and the fold would keep it out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, Missing};
use redwedding_document::{Admission, Document, Unresolved, Verdict};
use redwedding_replica::sync::{Receipt, StoredRecord};
use redwedding_wire::codec;
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{Cursor, Root, VersionName};
use serde_bytes::ByteBuf;

use crate::limits;
use crate::materialized::{MaterializedDocument, ends_flush};
use crate::node::{ChangedDocument, RelayNode};
use crate::segment_store::SegmentStore;
use crate::shard::ShardState;

/// An entry as an exchange brought it.
#[derive(Clone, Debug)]
pub struct PushedEntry {
    /// The entry.
    pub entry: Entry,
    /// Its bytes as they came: what the log keeps.
    pub bytes: ByteBuf,
}

/// How much a batch has gathered, which takes in whole exchanges until it is full.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BatchSize {
    entries: usize,
    bytes: usize,
}

impl BatchSize {
    /// Adds what an exchange pushed.
    pub fn add(&mut self, pushes: &[PushedEntry]) {
        self.entries += pushes.len();
        self.bytes += pushes.iter().map(|pushed| pushed.bytes.len()).sum::<usize>();
    }

    /// Whether the batch takes no more.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.entries >= limits::BATCH_ENTRIES || self.bytes >= limits::BATCH_BYTES
    }
}

/// What is to be said of an entry, as far as it is known before the append.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum ProvisionalReceipt {
    /// True whether or not the batch is appended: it rests on the entry alone.
    Certain(Receipt),
    /// The entry is the batch's record of this index; true once it is appended
    /// where it was expected.
    IfAppended {
        /// The record's number in the batch, from 0.
        index: usize,
        /// What to say then.
        receipt: Receipt,
    },
    /// The entry is not appended, but what is said may rest on entries of the batch that are: true
    /// once the batch is appended where it was expected.
    IfBatchAppended(Receipt),
}

/// A copy of a document that the batch works on.
#[derive(Debug)]
pub(crate) struct WorkingCopy {
    /// The document with the batch's entries.
    pub materialized: MaterializedDocument,
    /// Whether the batch ended a flush of it.
    pub ends_flush: bool,
}

/// A batch under way.
pub(crate) struct Batch<'a> {
    state: &'a ShardState,
    node: &'a RelayNode,
    head: Cursor,
    logged_ms: u64,
    copies: HashMap<DocumentKey, WorkingCopy>,
    /// The saves in it that are on a condition, which may not be met at another place.
    on_condition: HashSet<Actor>,
    records: Vec<Vec<u8>>,
}

/// A batch that is ready to be appended.
#[derive(Debug)]
#[must_use = "who pushed waits for receipts"]
pub struct PreparedBatch {
    /// The head that it stands on.
    pub(crate) base: Cursor,
    /// The head after it, if nothing comes between.
    head: Cursor,
    /// Its log time.
    logged_ms: u64,
    /// The changed copies.
    copies: HashMap<DocumentKey, WorkingCopy>,
    /// What to append.
    pub(crate) records: Vec<Vec<u8>>,
    /// What is to be said to each who pushed.
    pub(crate) receipts: Vec<Vec<ProvisionalReceipt>>,
}

impl<'a> Batch<'a> {
    /// A batch on `state`, at the clock's `now_ms`; the node's store has the archives.
    pub(crate) fn new(state: &'a ShardState, node: &'a RelayNode, now_ms: u64) -> Self {
        // The clock may have jumped back; log time does not.
        let (head, logged_ms) = (state.head, state.logged_ms.max(node.log_time(now_ms)));
        let (copies, on_condition, records) = (HashMap::new(), HashSet::new(), Vec::new());
        Self { state, node, head, logged_ms, copies, on_condition, records }
    }

    /// Checks an entry and folds it in provisionally.
    pub(crate) fn push(&mut self, pushed: &PushedEntry) -> ProvisionalReceipt {
        let entry = &pushed.entry;
        if let Some(receipt) = self.known(entry).or_else(|| self.unfounded(entry)) {
            return receipt;
        }
        // The record that the log would get, and its cursor there: the fold of it is the same as
        // the fold of the log, if the batch comes where it is expected.
        let record = StoredRecord { logged_ms: self.logged_ms, entry: pushed.bytes.clone() };
        let record_bytes = codec::to_vec(&record);
        let cursor = self.head.after(&record_bytes);
        let (logged_ms, segments) = (self.logged_ms, SegmentStore::of(self.node, &entry.document));
        let copy = self.copy_of(&entry.document);
        let admitted = copy.materialized.document.admit_with(&segments, cursor, logged_ms, entry);
        let Admission { verdict, changed } = match admitted {
            Ok(admission) => admission,
            // A parent, or a segment of the archive, is not here now.
            Err(missing) => return ProvisionalReceipt::IfBatchAppended(Receipt::Deferred(missing)),
        };
        // It would be kept out of the document for ever: the log does not take it in the first
        // place. In the log such an entry can only be if a node of another version appended it.
        if let Verdict::Quarantined(fault) = &verdict {
            return refused(&fault.to_string());
        }
        let receipt = receipt_of(&verdict, cursor);
        // What would not count is not appended: a base where there is one, an intent while one is
        // open, a retry.
        if !changed {
            return ProvisionalReceipt::IfBatchAppended(receipt);
        }
        copy.materialized.note(cursor.position, record.entry.len());
        copy.ends_flush |= ends_flush(entry, &verdict);
        if matches!(&entry.body, Body::Edit(edit) if edit.condition.is_some()) {
            self.on_condition.extend(entry.actor());
        }
        self.head = cursor;
        self.records.push(record_bytes);
        ProvisionalReceipt::IfAppended { index: self.records.len() - 1, receipt }
    }

    /// Ends the batch, which is answered with these receipts: only copies that changed are kept.
    pub(crate) fn finish(self, receipts: Vec<Vec<ProvisionalReceipt>>) -> PreparedBatch {
        let Self { state, head, logged_ms, mut copies, records, .. } = self;
        let base = state.head;
        copies.retain(|_, copy| copy.materialized.document.cursor().position > base.position);
        PreparedBatch { base, head, logged_ms, copies, records, receipts }
    }

    /// The document as this batch has it so far.
    fn document(&self, key: &DocumentKey) -> Option<&Document> {
        match self.copies.get(key) {
            Some(copy) => Some(&copy.materialized.document),
            None => self.state.documents.get(key).map(|materialized| &materialized.document),
        }
    }

    fn copy_of(&mut self, key: &DocumentKey) -> &mut WorkingCopy {
        let state = self.state;
        self.copies.entry(key.clone()).or_insert_with(|| {
            let there = state.documents.get(key);
            let materialized = match there {
                Some(materialized) => MaterializedDocument::clone(materialized),
                None => MaterializedDocument::new(key.clone(), state.head.epoch),
            };
            WorkingCopy { materialized, ends_flush: false }
        })
    }

    /// What is to be said of a save that is in and brings nothing new: it is not appended again,
    /// nor is its document copied. A sweep of the outbox pushes many such saves.
    pub(crate) fn known(&self, entry: &Entry) -> Option<ProvisionalReceipt> {
        let Body::Edit(edit) = &entry.body else { return None };
        let document = self.document(&entry.document)?;
        // The save is in, and with this delta: another delta of it would be an alias, which the
        // document has to learn.
        let first = document.change_of(edit.delta.edit)?;
        document.change_by(edit.delta.actor())?;
        // Nor does it bring the version that its author was served, where that is not known yet.
        let unknown = edit.served.as_ref().is_some_and(|served| {
            let name = VersionName::Object(served.object_id(&entry.document));
            document.named(name).is_err()
        });
        let receipt = Receipt::Known(first.place);
        (!unknown).then_some(ProvisionalReceipt::IfBatchAppended(receipt))
    }

    /// What the entry stands on has to be in the log, this batch included. So parents come before
    /// their children in every log.
    fn unfounded(&self, entry: &Entry) -> Option<ProvisionalReceipt> {
        // Zero is what changes have that no save made: imports.
        if matches!(&entry.body, Body::Edit(edit) if edit.delta.edit == EditId::default()) {
            let reason = "an edit's id cannot be zero".to_owned();
            return Some(ProvisionalReceipt::Certain(Receipt::Refused(reason)));
        }
        let nothing;
        let document = match self.document(&entry.document) {
            Some(document) => document,
            None => {
                nothing = Document::new(entry.document.clone(), Cursor::start(self.head.epoch));
                &nothing
            }
        };
        let deferred = |missing| ProvisionalReceipt::IfBatchAppended(Receipt::Deferred(missing));
        match document.missing(entry) {
            Ok(None) => self.provisional(document, entry).map(deferred),
            // It may lie below the floor. Then the archive has it, and folding finds out.
            Ok(Some(Missing::Segment(_) | Missing::Actor(_) | Missing::Origin(_)))
                if !document.archive().is_empty() =>
            {
                self.provisional(document, entry).map(deferred)
            }
            // The log is past that position, and no entry of this document is there: it never will
            // be.
            Ok(Some(Missing::Position(position))) if position <= self.state.head.position => {
                Some(refused("it names a version that does not exist"))
            }
            // It may still come: from another exchange, or from the outbox.
            Ok(Some(missing)) | Err(Unresolved::Missing(missing)) => Some(deferred(missing)),
            // The check bits are those of another log: it lost its tail, or a backup was restored.
            // Such a version is never resolved to another text.
            Err(stale @ Unresolved::Stale) => Some(refused(&stale.to_string())),
        }
    }

    /// What of this batch the entry stands on that another place in the log may take away. It waits
    /// until the log has that.
    fn provisional(&self, document: &Document, entry: &Entry) -> Option<Missing> {
        let version = document.stands_on(entry)?;
        match version.root {
            // Nobody was ever told of a place of this batch. But a log that lost its tail may have
            // had the same entries there, taken at the same time: then the check bits are the same,
            // and where the batch comes elsewhere they are not.
            Root::Log(place) if place.position > self.state.head.position => {
                Some(Missing::Position(place.position))
            }
            // The condition was met in a log that is gone. What comes before this batch may be in
            // its way.
            _ => {
                let mut extra = version.extra.into_iter();
                extra.find(|actor| self.on_condition.contains(actor)).map(Missing::Actor)
            }
        }
    }
}

/// Of an entry that does not fit the document. What it is compared with may be an entry of this
/// batch, which gets another place, and other check bits, if the batch comes elsewhere.
fn refused(reason: &str) -> ProvisionalReceipt {
    ProvisionalReceipt::IfBatchAppended(Receipt::Refused(reason.to_owned()))
}

/// What to say of an entry that was logged at `cursor` and got this verdict.
pub(crate) fn receipt_of(verdict: &Verdict, cursor: Cursor) -> Receipt {
    match verdict {
        Verdict::Counted => Receipt::Logged(cursor.place()),
        // A retry gets the answer that the first one got.
        Verdict::Duplicate { first } | Verdict::Alias { first } => Receipt::Known(*first),
        Verdict::Superseded => Receipt::NotCounted,
        Verdict::Unmet => Receipt::Unmet,
        Verdict::Below { segment } => Receipt::Deferred(Missing::Segment(*segment)),
        Verdict::Quarantined(fault) => Receipt::Quarantined(fault.to_string()),
    }
}

impl PreparedBatch {
    /// Puts the copies in their documents' places, after the log took the batch. Gives them.
    pub(crate) fn install(self, state: &mut ShardState) -> Vec<ChangedDocument> {
        state.head = self.head;
        state.logged_ms = self.logged_ms;
        let put = |(key, copy): (DocumentKey, WorkingCopy)| {
            let document = Arc::new(copy.materialized);
            state.dirty.insert(key.clone());
            state.documents.insert(key, Arc::clone(&document));
            ChangedDocument { document, ends_flush: copy.ends_flush }
        };
        self.copies.into_iter().map(put).collect()
    }
}
