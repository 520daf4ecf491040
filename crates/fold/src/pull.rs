//! Answers "what is new in this document?".
//!
//! Reads folded state and the log; never waits for a writer. May assume that a
//! cursor can be anything. Must never answer entries that do not continue
//! exactly what the asker has: a cursor that the log does not know is a reset.

use std::sync::Arc;

use redwedding_replica::sync::{Pull, Pulled, Record, StoredRecord};
use redwedding_wire::codec::{self, Encode};
use redwedding_wire::version::{Cursor, Position};
use serde_bytes::ByteBuf;

use crate::limits;
use crate::log::ReadError;
use crate::materialized::{EntryAt, MaterializedDocument};
use crate::node::RelayNode;
use crate::shard::Shard;

/// Entries up to this many bytes are sent as they are, whatever a snapshot has.
const SMALL_BYTES: usize = 16 << 10;
/// So few entries are sent as they are, too: a snapshot has to be made, and is the page with its
/// whole history.
const FEW_ENTRIES: usize = 64;
/// To fold an entry costs the asker as much as to decode so many bytes of a snapshot, at the least:
/// one of a crowd's is merged with all that its author had not seen.
const FOLD_BYTES: usize = 4 << 10;
/// What surrounds an entry in an answer.
const FRAME_BYTES: usize = 64;

/// The answer to one pull, and the part of the exchange's budget that it takes.
pub(crate) struct PullAnswer {
    /// What is new.
    pub pulled: Pulled,
    /// Bytes that it has, encoded, at most.
    pub bytes: usize,
}

impl PullAnswer {
    /// An answer that holds nothing but what it says.
    fn bare(pulled: Pulled) -> Self {
        Self { pulled, bytes: FRAME_BYTES }
    }

    fn snapshot(snapshot: ByteBuf) -> Self {
        let bytes = snapshot.len() + FRAME_BYTES;
        Self { pulled: Pulled::Snapshot(snapshot), bytes }
    }
}

/// What is new for `pull`, in at most `budget` bytes.
pub(crate) fn answer(
    node: &RelayNode,
    shard: &Shard,
    pull: &Pull,
    budget: usize,
) -> Result<PullAnswer, ReadError> {
    let reading = Reading::of(node, shard, pull);
    // Who has nothing gets the whole document.
    let Some(cursor) = pull.cursor else { return reading.whole(budget) };
    match reading.cursor_status(cursor)? {
        CursorStatus::Unknown => Ok(PullAnswer::bare(Pulled::Reset)),
        CursorStatus::Ahead => Ok(PullAnswer::bare(Pulled::Behind)),
        CursorStatus::Known => reading.since(cursor, budget),
    }
}

/// A document at one moment, and the shard's head at the same moment.
struct Reading<'a> {
    node: &'a RelayNode,
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
    fn of(node: &'a RelayNode, shard: &Shard, pull: &Pull) -> Self {
        let state = shard.read();
        let materialized = state.documents.get(&pull.document).map(Arc::clone);
        Self { node, shard: shard.number, materialized, head: state.head }
    }

    /// A cursor counts only with its prefix hash: after a restored backup the same position can
    /// stand for other entries.
    fn cursor_status(&self, cursor: Cursor) -> Result<CursorStatus, ReadError> {
        // The two usual cases need no look into the log.
        if cursor == self.head || cursor == Cursor::start(self.head.epoch) {
            return Ok(CursorStatus::Known);
        }
        // Another life of the log; or its start with a prefix that nothing can have.
        if cursor.epoch != self.head.epoch || cursor.position == 0 {
            return Ok(CursorStatus::Unknown);
        }
        let record = self.node.log.record(self.shard, cursor.position)?;
        let known = record.is_some_and(|logged| logged.cursor == cursor);
        Ok(match known {
            // Another node appended it. The asker has seen it there, and must not go back.
            true if cursor.position > self.head.position => CursorStatus::Ahead,
            true => CursorStatus::Known,
            false => CursorStatus::Unknown,
        })
    }

    /// The whole document.
    fn whole(&self, budget: usize) -> Result<PullAnswer, ReadError> {
        let Some(materialized) = &self.materialized else { return Ok(self.nothing()) };
        let snapshot = self.snapshot(materialized);
        match snapshot.len() {
            // No reader could decode it; its entries are small enough each.
            bytes if bytes > limits::DOCUMENT_BYTES => {
                self.entries(materialized.after(0), Cursor::start(self.head.epoch), budget)
            }
            // Others in the same exchange took the room: it comes with the next one.
            bytes if bytes + FRAME_BYTES > budget => Ok(PullAnswer::bare(Pulled::NotNow)),
            _ => Ok(PullAnswer::snapshot(snapshot)),
        }
    }

    /// Entries, or the whole document where that is less, or less work.
    fn since(&self, cursor: Cursor, budget: usize) -> Result<PullAnswer, ReadError> {
        let Some(materialized) = &self.materialized else { return Ok(self.nothing()) };
        let news = materialized.after(cursor.position);
        let bytes: usize = news.iter().map(|entry| size(*entry)).sum();
        // A snapshot has to be made before its length is known, and that costs. So it is made only
        // where entries are many or long, and cost more than the text, which a snapshot contains.
        let many = news.len() > FEW_ENTRIES;
        let cost = if many { bytes + news.len() * FOLD_BYTES } else { bytes };
        if (many || bytes > SMALL_BYTES) && cost > materialized.document.text().len() {
            let snapshot = self.snapshot(materialized);
            let taken = snapshot.len() + FRAME_BYTES;
            if taken < cost && taken <= budget && snapshot.len() <= limits::DOCUMENT_BYTES {
                return Ok(PullAnswer::snapshot(snapshot));
            }
        }
        self.entries(news, cursor, budget)
    }

    fn snapshot(&self, materialized: &MaterializedDocument) -> ByteBuf {
        let mut document = materialized.document.clone();
        // Up to the head there is no other entry of it.
        document.advance(self.head);
        ByteBuf::from(document.encode())
    }

    fn nothing(&self) -> PullAnswer {
        let (records, upto) = (Vec::new(), self.head);
        PullAnswer::bare(Pulled::Entries { records, upto, more: false })
    }

    /// As many of the entries `news`, which follow `from`, as an answer may have.
    fn entries(
        &self,
        news: &[EntryAt],
        from: Cursor,
        budget: usize,
    ) -> Result<PullAnswer, ReadError> {
        // The longest entry always fits an empty answer, or a reader would wait for it for ever.
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
            return Ok(PullAnswer::bare(Pulled::NotNow));
        }
        // With all entries, the asker knows the log up to its head, entries of others included;
        // with some, up to the last of them.
        let upto = if more { upto } else { self.head };
        Ok(PullAnswer { pulled: Pulled::Entries { records, upto, more }, bytes })
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
