//! The state after a start: snapshots, then the log from where they end.
//!
//! May assume nothing about how the last run ended: snapshots can be old, partly
//! written, or of a log that has since lost its tail. Must never let a snapshot
//! stand against the log: one that does not fit is dropped, and the log replayed.

use std::collections::HashMap;
use std::sync::Arc;

use redwedding_replica::sync::StoredRecord;
use redwedding_wire::codec::{self, Decode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, Position};

use crate::event::Event;
use crate::fold_error::FoldError;
use crate::log::ReadError;
use crate::materialized::MaterializedDocument;
use crate::node::{ChangedDocument, RelayNode};
use crate::shard::Shard;
use crate::store::{DocumentSnapshot, NodeStoreError};
use crate::tail::tail;

/// Why the state could not be recovered. The program must not serve.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The log could not be read, or is damaged.
    #[error("shard {shard}: {error}")]
    Log {
        /// Which shard's.
        shard: u16,
        /// What the log says.
        error: ReadError,
    },
    /// What the log holds could not be folded.
    #[error("shard {shard}: {error}")]
    Fold {
        /// Which shard's.
        shard: u16,
        /// At which entry, and why.
        error: FoldError,
    },
    /// Snapshots could not be read.
    #[error("shard {shard}: {error}")]
    Store {
        /// Which shard's.
        shard: u16,
        /// What the store says.
        error: NodeStoreError,
    },
    /// What is needed was truncated, and no snapshot has it.
    #[error("shard {shard}: the log begins after position {folded}, and no snapshot goes that far")]
    Gap {
        /// Which shard's.
        shard: u16,
        /// How far snapshots go.
        folded: Position,
    },
}

/// The state of shard `shard`.
///
/// # Errors
/// If snapshots and log together do not give it.
pub(crate) fn recover(node: &RelayNode, shard: u16) -> Result<Shard, RecoveryError> {
    let failed = |error| RecoveryError::Log { shard, error };
    let head = node.log.head(shard).map_err(failed)?;
    let recovered = Shard::new(shard, node.log.epoch());
    if let Some(LoadedSnapshots { documents, folded }) = load(node, shard, head)? {
        let mut state = recovered.write();
        state.documents = documents;
        state.head = folded;
    }
    let from = recovered.read().head.position;
    let kept = node.log.read(shard, from + 1, 1).map_err(failed)?;
    // Documents without the entries of a gap would look whole and be wrong.
    if kept.first().is_some_and(|first| first.cursor.position > from + 1) {
        return Err(RecoveryError::Gap { shard, folded: from });
    }
    // A document whose snapshot is newer than `folded` meets entries that it has already; those
    // change nothing.
    tail(node, &recovered, |_| ()).map_err(|error| RecoveryError::Fold { shard, error })?;
    finish(node, &recovered, head, from)?;
    Ok(recovered)
}

/// What snapshots hold of a shard.
struct LoadedSnapshots {
    documents: HashMap<DocumentKey, Arc<MaterializedDocument>>,
    folded: Cursor,
}

/// The snapshots of a shard, and the cursor up to which they hold everything.
/// `None` where they do not fit the log, which is then replayed from its start.
fn load(
    node: &RelayNode,
    shard: u16,
    head: Cursor,
) -> Result<Option<LoadedSnapshots>, RecoveryError> {
    let failed = |error| RecoveryError::Store { shard, error };
    let Some(folded) = node.store.folded(shard).map_err(failed)? else { return Ok(None) };
    if !fits(node, shard, folded, head)? {
        node.tell(Event::SnapshotsOfAnotherLog { shard });
        return Ok(None);
    }
    let (mut documents, mut broken) = (HashMap::new(), None);
    let take =
        &mut |snapshot: DocumentSnapshot| match MaterializedDocument::decode(&snapshot.encoded) {
            Ok(materialized) => {
                documents.insert(materialized.document.key().clone(), Arc::new(materialized));
            }
            Err(error) => broken = Some((snapshot.document, error)),
        };
    node.store.snapshots(shard, take).map_err(failed)?;
    // Without one of them, what was folded into it before `folded` would be missing.
    if let Some((document, error)) = broken {
        node.tell(Event::UnreadableSnapshot { shard, document, why: &error.to_string() });
        return Ok(None);
    }
    // The snapshot of a document can be newer than `folded`, and so be of a tail that the log lost
    // since.
    for materialized in documents.values() {
        if !fits(node, shard, materialized.document.cursor(), head)? {
            let document = materialized.document.key();
            node.tell(Event::SnapshotOfAnotherLog { shard, document });
            return Ok(None);
        }
    }
    Ok(Some(LoadedSnapshots { documents, folded }))
}

/// Whether the log has this cursor, or had it: what was truncated cannot be
/// compared, but what follows it is when it is folded.
fn fits(node: &RelayNode, shard: u16, cursor: Cursor, head: Cursor) -> Result<bool, RecoveryError> {
    if cursor.epoch != head.epoch || cursor.position > head.position {
        return Ok(false);
    }
    let record = node.log.record(shard, cursor.position);
    let record = record.map_err(|error| RecoveryError::Log { shard, error })?;
    Ok(record.is_none_or(|logged| logged.cursor == cursor))
}

/// Log time goes on from the last record, and from what the documents know: the record can be
/// truncated, and the clock of this machine can be behind.
fn latest_ms(node: &RelayNode, shard: &Shard) -> Result<u64, RecoveryError> {
    let state = shard.read();
    let last = node.log.record(shard.number, state.head.position);
    let last = last.map_err(|error| RecoveryError::Log { shard: shard.number, error })?;
    let stored = last.and_then(|last| codec::from_slice::<StoredRecord>(&last.record).ok());
    let changes =
        state.documents.values().filter_map(|materialized| materialized.document.changes().last());
    let latest = changes.map(|change| change.logged_ms).max().unwrap_or_default();
    Ok(latest.max(stored.map_or(0, |stored| stored.logged_ms)).max(state.logged_ms))
}

/// Sets log time, and fills the due list, which is kept nowhere: it follows from the documents.
fn finish(
    node: &RelayNode,
    shard: &Shard,
    head: Cursor,
    from: Position,
) -> Result<(), RecoveryError> {
    let latest_ms = latest_ms(node, shard)?;
    node.go_on_from(latest_ms);
    let all: Vec<_> = {
        let mut state = shard.write();
        state.logged_ms = latest_ms;
        let all = state.documents.values().map(Arc::clone);
        all.map(|document| ChangedDocument { document, ends_flush: false }).collect()
    };
    node.note_changed(&all);
    let (documents, replayed) = (all.len(), head.position - from);
    node.tell(Event::Recovered { shard: shard.number, documents, replayed });
    Ok(())
}
