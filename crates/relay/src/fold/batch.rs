//! A batch: what many exchanges pushed to a shard, checked and folded
//! provisionally before it is appended.
//!
//! Nothing here can be seen by anyone until the log has taken the batch: entries
//! are folded into copies (one per document), which take the documents' place
//! afterwards, or are dropped. May assume that the state does not change
//! meanwhile. Must never append what could be refused.

use std::collections::HashMap;
use std::sync::Arc;

use redwedding_document::entry::{Body, Entry, Missing};
use redwedding_document::{Admission, Document, Unresolved, Verdict};
use redwedding_replica::sync::{Receipt, StoredRecord};
use redwedding_wire::codec;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Cursor, VersionName};
use serde_bytes::ByteBuf;

use super::materialized::{MaterializedDocument, ends_flush};
use super::segment_store::SegmentStore;
use super::shard::ShardState;
use crate::store::Store;

/// An entry as an exchange brought it.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The entry.
    pub entry: Entry,
    /// Its bytes as they came: what the log keeps.
    pub bytes: ByteBuf,
}

/// What is to be said of an entry.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Outcome {
    /// True whether or not the batch is appended.
    Certain(Receipt),
    /// The entry is the batch's record of this index; true once it is appended
    /// where it was expected.
    Appended(usize, Receipt),
    /// Not appended, but it may stand on what is: true once the batch is.
    DependsOnBatch(Receipt),
}

/// A copy that the batch changed.
#[derive(Debug)]
pub(super) struct Touched {
    /// The document with the batch's entries.
    pub materialized: MaterializedDocument,
    /// Whether the batch ended a flush of it.
    pub ends_flush: bool,
}

/// A batch under way.
pub(super) struct Batch<'a> {
    state: &'a ShardState,
    store: &'a dyn Store,
    head: Cursor,
    logged_ms: u64,
    touched: HashMap<DocumentKey, Touched>,
    records: Vec<Vec<u8>>,
}

/// A batch that is ready to be appended.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The head after it, if nothing comes between.
    pub head: Cursor,
    /// Its log time.
    pub logged_ms: u64,
    /// The changed copies.
    pub touched: HashMap<DocumentKey, Touched>,
    /// What to append.
    pub records: Vec<Vec<u8>>,
}

impl<'a> Batch<'a> {
    /// A batch on `state`, at the clock's `now_ms`; the store has the archives.
    pub(super) fn new(state: &'a ShardState, store: &'a dyn Store, now_ms: u64) -> Self {
        let (head, logged_ms) = (state.head, state.logged_ms.max(now_ms));
        Self { state, store, head, logged_ms, touched: HashMap::new(), records: Vec::new() }
    }

    /// Checks an entry and folds it in provisionally.
    pub(super) fn push(&mut self, pushed: Pushed) -> Outcome {
        let entry = &pushed.entry;
        if let Some(outcome) = self.known(entry).or_else(|| self.unfounded(entry)) {
            return outcome;
        }
        let record = StoredRecord { logged_ms: self.logged_ms, entry: pushed.bytes };
        let record_bytes = codec::to_vec(&record);
        let cursor = self.head.after(&record_bytes);
        let (logged_ms, segments) = (self.logged_ms, SegmentStore::of(self.store, &entry.document));
        let touched = self.copy_of(&entry.document);
        let admitted =
            touched.materialized.document.admit_with(&segments, cursor, logged_ms, entry);
        let Admission { verdict, changed } = match admitted {
            Ok(admission) => admission,
            Err(missing) => return Outcome::Certain(Receipt::Deferred(missing)),
        };
        if let Verdict::Quarantined(fault) = &verdict {
            return Outcome::Certain(Receipt::Refused(fault.to_string()));
        }
        if changed {
            touched.materialized.note(cursor.position, record.entry.len());
            touched.ends_flush |= ends_flush(entry, &verdict);
            self.head = cursor;
            self.records.push(record_bytes);
            return Outcome::Appended(self.records.len() - 1, receipt_of(&verdict, cursor));
        }
        Outcome::DependsOnBatch(receipt_of(&verdict, cursor))
    }

    /// Ends the batch: only copies that changed are kept.
    pub(super) fn finish(self) -> Prepared {
        let Self { state, head, logged_ms, mut touched, records, .. } = self;
        touched.retain(|_, touched| {
            touched.materialized.document.cursor().position > state.head.position
        });
        Prepared { head, logged_ms, touched, records }
    }

    fn document(&self, key: &DocumentKey) -> Option<&Document> {
        match self.touched.get(key) {
            Some(touched) => Some(&touched.materialized.document),
            None => self.state.documents.get(key).map(|materialized| &materialized.document),
        }
    }

    fn copy_of(&mut self, key: &DocumentKey) -> &mut Touched {
        let state = self.state;
        self.touched.entry(key.clone()).or_insert_with(|| {
            let materialized = state
                .documents
                .get(key)
                .map(|materialized| MaterializedDocument::clone(materialized));
            let materialized = materialized
                .unwrap_or_else(|| MaterializedDocument::new(key.clone(), state.head.epoch));
            Touched { materialized, ends_flush: false }
        })
    }

    /// A save that is in and brings nothing new is not appended again, nor is
    /// its document copied.
    fn known(&self, entry: &Entry) -> Option<Outcome> {
        let Body::Edit(edit) = &entry.body else { return None };
        let document = self.document(&entry.document)?;
        let first = document.change_of(edit.delta.edit)?;
        document.change_by(edit.delta.actor())?;
        let unknown = edit.served.as_ref().is_some_and(|served| {
            let name = VersionName::Object(served.object_id(&entry.document));
            document.named(name).is_err()
        });
        (!unknown).then_some(Outcome::DependsOnBatch(Receipt::Known(first.place)))
    }

    /// What the entry stands on has to be in the log, this batch included.
    fn unfounded(&self, entry: &Entry) -> Option<Outcome> {
        if matches!(&entry.body, Body::Edit(edit) if edit.delta.edit == EditId::default()) {
            return Some(refused("an edit's id cannot be zero"));
        }
        let nothing;
        let document = match self.document(&entry.document) {
            Some(document) => document,
            None => {
                nothing = Document::new(entry.document.clone(), Cursor::start(self.head.epoch));
                &nothing
            }
        };
        match document.missing(entry) {
            Ok(None) => None,
            // Where there is an archive, it may be there.
            Ok(Some(Missing::Segment(_) | Missing::Actor(_) | Missing::Origin(_)))
                if !document.archive().is_empty() =>
            {
                None
            }
            // Not an entry of this document: it never will be.
            Ok(Some(Missing::Position(position))) if position <= self.state.head.position => {
                Some(refused("it names a version that does not exist"))
            }
            Ok(Some(missing)) => Some(Outcome::Certain(Receipt::Deferred(missing))),
            Err(Unresolved::Missing(missing)) => Some(Outcome::Certain(Receipt::Deferred(missing))),
            Err(stale @ Unresolved::Stale) => Some(refused(&stale.to_string())),
        }
    }
}

fn refused(reason: &str) -> Outcome {
    Outcome::Certain(Receipt::Refused(reason.to_owned()))
}

/// What to say of an entry that was logged at `cursor` and got this verdict.
pub(super) fn receipt_of(verdict: &Verdict, cursor: Cursor) -> Receipt {
    match verdict {
        Verdict::Counted => Receipt::Logged(cursor.place()),
        Verdict::Duplicate { first } | Verdict::Alias { first } => Receipt::Known(*first),
        Verdict::Superseded => Receipt::NotCounted,
        Verdict::Below { segment } => Receipt::Deferred(Missing::Segment(*segment)),
        Verdict::Quarantined(fault) => Receipt::Quarantined(fault.to_string()),
    }
}

impl Prepared {
    /// Puts the copies in their documents' places, after the log took the batch.
    pub(super) fn install(self, state: &mut ShardState) -> Vec<(Arc<MaterializedDocument>, bool)> {
        state.head = self.head;
        state.logged_ms = self.logged_ms;
        let put = |(key, touched): (DocumentKey, Touched)| {
            let materialized = Arc::new(touched.materialized);
            state.dirty.insert(key.clone());
            state.documents.insert(key, Arc::clone(&materialized));
            (materialized, touched.ends_flush)
        };
        self.touched.into_iter().map(put).collect()
    }
}
