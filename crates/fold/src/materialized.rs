//! A document as the relay holds it: the folded state, and where its entries lie.
//!
//! May assume that entries are noted in the log's order. Must never differ
//! between two nodes that folded the same log as far.

use redwedding_document::entry::{Body, Entry};
use redwedding_document::{Document, Verdict};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Cursor, Position};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

const FORMAT: u8 = 1;

/// Where an entry of the document lies, and how many bytes it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntryAt {
    /// Its position.
    pub position: Position,
    /// The length of the encoded entry.
    pub bytes: u32,
}

/// A document and its place in the log.
#[derive(Clone, PartialEq, Debug)]
pub struct MaterializedDocument {
    /// The folded state.
    pub document: Document,
    /// All its entries, in order.
    pub entries: Vec<EntryAt>,
}

/// A snapshot as the store has it.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct MaterializedDocumentWire {
    format: u8,
    document: ByteBuf,
    /// Pairs of LEB128: distance from the position before, and length.
    entries: ByteBuf,
}

impl MaterializedDocument {
    /// The document `key` without entries, of a log of this epoch.
    #[must_use]
    pub fn new(key: DocumentKey, epoch: u64) -> Self {
        Self { document: Document::new(key, Cursor::start(epoch)), entries: Vec::new() }
    }

    /// Notes that the entry at `position` is the document's. One that was noted before, which a
    /// replay brings again, changes nothing.
    pub fn note(&mut self, position: Position, bytes: usize) {
        if self.entries.last().is_none_or(|last| last.position < position) {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.entries.push(EntryAt { position, bytes });
        }
    }

    /// The entries after `position`.
    #[must_use]
    pub fn after(&self, position: Position) -> &[EntryAt] {
        &self.entries[self.entries.partition_point(|entry| entry.position <= position)..]
    }
}

/// Whether an entry that got this verdict ended a flush well: the origin holds what it was given,
/// or held it already. A flush that was abandoned ends otherwise.
pub(crate) fn ends_flush(entry: &Entry, verdict: &Verdict) -> bool {
    *verdict == Verdict::Counted && matches!(entry.body, Body::Committed(_) | Body::Checkpoint(_))
}

impl Encode for MaterializedDocument {
    fn encode(&self) -> Vec<u8> {
        let mut entries = Vec::with_capacity(self.entries.len() * 4);
        let (mut buffer, mut before) = (unsigned_varint::encode::u64_buffer(), 0);
        for entry in &self.entries {
            for number in [entry.position - before, u64::from(entry.bytes)] {
                entries.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
            }
            before = entry.position;
        }
        let document = ByteBuf::from(self.document.encode());
        codec::to_vec(&MaterializedDocumentWire {
            format: FORMAT,
            document,
            entries: ByteBuf::from(entries),
        })
    }
}

impl Decode for MaterializedDocument {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wire: MaterializedDocumentWire = codec::from_slice(bytes)?;
        codec::known_format(wire.format, FORMAT)?;
        let document = Document::decode(&wire.document)?;
        let mut materialized = Self { document, entries: Vec::new() };
        let (mut rest, mut position) = (&wire.entries[..], 0u64);
        while !rest.is_empty() {
            let (distance, length);
            (distance, rest) = number(rest)?;
            (length, rest) = number(rest)?;
            position = position
                .checked_add(distance)
                .filter(|_| distance > 0)
                .ok_or_else(|| DecodeError::invalid("positions do not increase"))?;
            materialized.note(position, usize::try_from(length).unwrap_or(usize::MAX));
        }
        Ok(materialized)
    }
}

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), DecodeError> {
    unsigned_varint::decode::u64(bytes).map_err(|error| DecodeError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_comes_back() {
        let mut materialized =
            MaterializedDocument::new(DocumentKey::new("w", "Page").expect("key"), 3);
        for position in [1, 2, 500, 70_000] {
            materialized.note(position, position as usize * 3);
        }
        assert_eq!(MaterializedDocument::decode(&materialized.encode()), Ok(materialized.clone()));
        assert_eq!(materialized.after(2).len(), 2);
        assert!(MaterializedDocument::decode(b"nonsense").is_err());
    }
}
