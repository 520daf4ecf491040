//! Answers "what is new in this document?".
//!
//! Reads folded state and the log; never waits for a worker. May assume that a
//! cursor can be anything. Must never answer entries that do not continue
//! exactly what the asker has: a cursor that the log does not know is a reset.

use std::sync::Arc;

use redwedding_replica::sync::{Pull, Pulled, Record, StoredRecord};
use redwedding_wire::codec::{self, Encode};
use redwedding_wire::version::{Cursor, Position};
use serde_bytes::ByteBuf;

use super::materialized::{EntryAt, MaterializedDocument};
use super::{Fold, Node, Shard};
use crate::limits;
use crate::log::ReadError;

/// Entries up to this many bytes are sent as they are, whatever a snapshot has.
const SMALL_BYTES: usize = 16 << 10;
/// What surrounds an entry in an answer.
const FRAME_BYTES: usize = 64;

impl Fold {
    /// What is new for `pull`, in at most `budget` bytes, and how many it took.
    pub fn pull(&self, pull: &Pull, budget: usize) -> Result<(Pulled, usize), ReadError> {
        let shard = &self.shards[usize::from(pull.document.shard(limits::SHARDS))];
        let reading = Reading::of(&self.node, shard, pull);
        let Some(cursor) = pull.cursor else { return reading.whole(budget) };
        match reading.cursor_status(cursor)? {
            CursorStatus::Unknown => Ok((Pulled::Reset, FRAME_BYTES)),
            CursorStatus::Ahead => Ok((Pulled::Behind, FRAME_BYTES)),
            CursorStatus::Known => reading.since(cursor, budget),
        }
    }
}

/// A document at one moment, and the shard's head at the same moment.
struct Reading<'a> {
    node: &'a Node,
    shard: u16,
    materialized: Option<Arc<MaterializedDocument>>,
    head: Cursor,
}

/// What the log says of the cursor that somebody asks with.
enum CursorStatus {
    /// The log has exactly this prefix.
    Known,
    /// The log has it, this node has not folded so far yet.
    Ahead,
    /// The log has no such prefix.
    Unknown,
}

impl<'a> Reading<'a> {
    fn of(node: &'a Node, shard: &Shard, pull: &Pull) -> Self {
        let state = shard.read();
        let materialized = state.documents.get(&pull.document).map(Arc::clone);
        Self { node, shard: shard.number, materialized, head: state.head }
    }

    fn cursor_status(&self, cursor: Cursor) -> Result<CursorStatus, ReadError> {
        if cursor == self.head || cursor == Cursor::start(self.head.epoch) {
            return Ok(CursorStatus::Known);
        }
        if cursor.epoch != self.head.epoch || cursor.position == 0 {
            return Ok(CursorStatus::Unknown);
        }
        let record = self.node.log.record(self.shard, cursor.position)?;
        let known = record.is_some_and(|logged| logged.cursor == cursor);
        Ok(match known {
            true if cursor.position > self.head.position => CursorStatus::Ahead,
            true => CursorStatus::Known,
            false => CursorStatus::Unknown,
        })
    }

    /// The whole document.
    fn whole(&self, budget: usize) -> Result<(Pulled, usize), ReadError> {
        let Some(materialized) = &self.materialized else { return Ok(self.nothing()) };
        let snapshot = self.snapshot(materialized);
        match snapshot.len() {
            // No reader could decode it; its entries are small enough each.
            bytes if bytes > limits::DOCUMENT_BYTES => {
                self.entries(materialized.after(0), Cursor::start(self.head.epoch), budget)
            }
            bytes if bytes + FRAME_BYTES > budget => Ok((Pulled::NotNow, FRAME_BYTES)),
            bytes => Ok((Pulled::Snapshot(snapshot), bytes + FRAME_BYTES)),
        }
    }

    /// Entries, or the whole document where that is less.
    fn since(&self, cursor: Cursor, budget: usize) -> Result<(Pulled, usize), ReadError> {
        let Some(materialized) = &self.materialized else { return Ok(self.nothing()) };
        let news = materialized.after(cursor.position);
        let bytes: usize = news.iter().map(|entry| size(*entry)).sum();
        let long = bytes > SMALL_BYTES || news.len() > limits::PULL_ENTRIES;
        if long && bytes > materialized.document.text().len() {
            let snapshot = self.snapshot(materialized);
            let taken = snapshot.len() + FRAME_BYTES;
            if taken < bytes && taken <= budget && snapshot.len() <= limits::DOCUMENT_BYTES {
                return Ok((Pulled::Snapshot(snapshot), taken));
            }
        }
        self.entries(news, cursor, budget)
    }

    fn snapshot(&self, materialized: &MaterializedDocument) -> ByteBuf {
        let mut document = materialized.document.clone();
        document.advance(self.head);
        ByteBuf::from(document.encode())
    }

    fn nothing(&self) -> (Pulled, usize) {
        (Pulled::Entries { records: Vec::new(), upto: self.head, more: false }, FRAME_BYTES)
    }

    fn entries(
        &self,
        news: &[EntryAt],
        from: Cursor,
        budget: usize,
    ) -> Result<(Pulled, usize), ReadError> {
        let most = budget.min(limits::PULL_BYTES.max(limits::ENTRY_BYTES + FRAME_BYTES));
        let (mut records, mut upto, mut bytes) = (Vec::new(), from, FRAME_BYTES);
        for entry in news.iter().take(limits::PULL_ENTRIES) {
            if bytes + size(*entry) > most {
                break;
            }
            let (record, cursor) = self.record(entry.position)?;
            bytes += size(*entry);
            records.push(record);
            upto = cursor;
        }
        let more = records.len() < news.len();
        if more && records.is_empty() {
            return Ok((Pulled::NotNow, FRAME_BYTES));
        }
        let upto = if more { upto } else { self.head };
        Ok((Pulled::Entries { records, upto, more }, bytes))
    }

    fn record(&self, position: Position) -> Result<(Record, Cursor), ReadError> {
        let damaged = |why: &str| ReadError::Damaged(format!("position {position} {why}"));
        let found = self.node.log.record(self.shard, position)?;
        let logged = found.ok_or_else(|| damaged("is folded, but gone"))?;
        let stored: StoredRecord =
            codec::from_slice(&logged.record).map_err(|_| damaged("is no record"))?;
        let record = Record {
            position,
            prefix: logged.cursor.prefix,
            logged_ms: stored.logged_ms,
            entry: stored.entry,
        };
        Ok((record, logged.cursor))
    }
}

fn size(entry: EntryAt) -> usize {
    entry.bytes as usize + FRAME_BYTES
}
