//! The state after a start: snapshots, then the log from where they end.
//!
//! May assume nothing about how the last run ended: snapshots can be old, partly
//! written, or of a log that has since lost its tail. Must never let a snapshot
//! stand against the log: one that does not fit is dropped, and the log replayed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use redwedding_replica::sync::StoredRecord;
use redwedding_wire::codec::{self, Decode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, Position};

use super::Node;
use super::materialized::MaterializedDocument;
use super::shard::{FoldError, Shard};
use super::worker::tail;
use crate::log::ReadError;
use crate::store::StoreError;

/// Why the state could not be recovered. The program must not serve.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The log could not be read, or is damaged.
    #[error("shard {0}: {1}")]
    Log(u16, ReadError),
    /// What the log holds could not be folded.
    #[error("shard {0}: {1}")]
    Fold(u16, FoldError),
    /// Snapshots could not be read.
    #[error("shard {0}: {1}")]
    Store(u16, StoreError),
    /// What is needed was truncated, and no snapshot has it.
    #[error("shard {0}: the log begins after position {1}, and no snapshot goes that far")]
    Gap(u16, Position),
    /// The system gives no more threads.
    #[error("a worker could not be started: {0}")]
    Thread(std::io::Error),
}

/// The state of shard `number`.
pub(super) fn recover(node: &Node, number: u16) -> Result<Shard, RecoveryError> {
    let failed = |error| RecoveryError::Log(number, error);
    let head = node.log.head(number).map_err(failed)?;
    let shard = Shard::new(number, node.log.epoch());
    if let Some(Loaded { documents, folded }) = load(node, number, head)? {
        let mut state = shard.write();
        state.documents = documents;
        state.head = folded;
    }
    let from = shard.read().head.position;
    let kept = node.log.read(number, from + 1, 1).map_err(failed)?;
    if kept.first().is_some_and(|first| first.cursor.position > from + 1) {
        return Err(RecoveryError::Gap(number, from));
    }
    tail(node, &shard, |_| ()).map_err(|error| RecoveryError::Fold(number, error))?;
    finish(node, &shard, head, from)?;
    Ok(shard)
}

/// What snapshots hold of a shard.
struct Loaded {
    documents: HashMap<DocumentKey, Arc<MaterializedDocument>>,
    folded: Cursor,
}

/// The snapshots of a shard, and the cursor up to which they hold everything.
/// `None` where the log does not know that cursor (any more).
fn load(node: &Node, number: u16, head: Cursor) -> Result<Option<Loaded>, RecoveryError> {
    let failed = |error| RecoveryError::Store(number, error);
    let Some(folded) = node.store.folded(number).map_err(failed)? else { return Ok(None) };
    if !fits(node, number, folded, head)? {
        tracing::error!(shard = number, "the snapshots are of another log");
        return Ok(None);
    }
    let (mut documents, mut broken) = (HashMap::new(), None);
    let take = &mut |(digest, bytes): (_, Vec<u8>)| match MaterializedDocument::decode(&bytes) {
        Ok(materialized) => {
            documents.insert(materialized.document.key().clone(), Arc::new(materialized));
        }
        Err(error) => broken = Some((digest, error)),
    };
    node.store.snapshots(number, take).map_err(failed)?;
    if let Some((digest, error)) = broken {
        tracing::error!(shard = number, %digest, %error, "a snapshot cannot be read");
        return Ok(None);
    }
    for materialized in documents.values() {
        if !fits(node, number, materialized.document.cursor(), head)? {
            let document = materialized.document.key();
            tracing::error!(shard = number, %document, "a snapshot is of another log");
            return Ok(None);
        }
    }
    Ok(Some(Loaded { documents, folded }))
}

/// Whether the log has this cursor, or had it: what was truncated cannot be
/// compared, but what follows it is when it is folded.
fn fits(node: &Node, number: u16, cursor: Cursor, head: Cursor) -> Result<bool, RecoveryError> {
    if cursor.epoch != head.epoch || cursor.position > head.position {
        return Ok(false);
    }
    let record = node.log.record(number, cursor.position);
    let record = record.map_err(|error| RecoveryError::Log(number, error))?;
    Ok(record.is_none_or(|logged| logged.cursor == cursor))
}

/// Log time goes on from the last record, and from what the documents know.
fn latest_ms(node: &Node, shard: &Shard) -> Result<u64, RecoveryError> {
    let state = shard.read();
    let last = node.log.record(shard.number, state.head.position);
    let last = last.map_err(|error| RecoveryError::Log(shard.number, error))?;
    let stored = last.and_then(|last| codec::from_slice::<StoredRecord>(&last.record).ok());
    let changes =
        state.documents.values().filter_map(|materialized| materialized.document.changes().last());
    let latest = changes.map(|change| change.logged_ms).max().unwrap_or_default();
    Ok(latest.max(stored.map_or(0, |stored| stored.logged_ms)).max(state.logged_ms))
}

fn finish(node: &Node, shard: &Shard, head: Cursor, from: Position) -> Result<(), RecoveryError> {
    let latest_ms = latest_ms(node, shard)?;
    node.latest_ms.fetch_max(latest_ms, Ordering::Relaxed);
    let all: Vec<_> = {
        let mut state = shard.write();
        state.logged_ms = latest_ms;
        state.documents.values().map(Arc::clone).collect()
    };
    node.note_changed(all.iter().map(|materialized| (&**materialized, false)));
    let (documents, replayed) = (all.len(), head.position - from);
    tracing::debug!(shard = shard.number, documents, replayed, "recovered");
    Ok(())
}
