//! Saves of one document that were joined under one key.

use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{DocumentKey, digest};
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::entry::OutboxEntry;
use crate::keys;
use crate::limits;

const FORMAT: u8 = 1;

/// Saves of one document, parents before children.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct JoinedEntries(pub(crate) Vec<OutboxEntry>);

#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    entries: Vec<ByteBuf>,
}

impl JoinedEntries {
    /// As many of these as go under one key: at most [`limits::JOINED_ENTRIES`], and none more
    /// from [`limits::JOINED_BYTES`] on.
    pub(crate) fn of<'a>(entries: impl IntoIterator<Item = &'a OutboxEntry>) -> Self {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for entry in entries {
            if taken.len() == limits::JOINED_ENTRIES || bytes >= limits::JOINED_BYTES {
                break;
            }
            bytes += entry.bytes();
            taken.push(entry.clone());
        }
        Self(taken)
    }

    /// The key under which `encoded`, their encoding, is written.
    pub(crate) fn name(&self, document: &DocumentKey, encoded: &[u8]) -> String {
        let first_ms = self.0.iter().map(OutboxEntry::accepted_ms).min().unwrap_or_default();
        keys::outbox_joined(document, first_ms, digest("joined", &[encoded]))
    }
}

impl Encode for JoinedEntries {
    fn encode(&self) -> Vec<u8> {
        let entries = self.0.iter().map(|entry| ByteBuf::from(entry.encode())).collect();
        codec::to_vec(&Wire { format: FORMAT, entries })
    }
}

impl Decode for JoinedEntries {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::JOINED_BYTES + limits::ENTRY_BYTES * 2)?;
        let wire: Wire = codec::from_slice(bytes)?;
        codec::known_format(wire.format, FORMAT)?;
        if wire.entries.is_empty() || wire.entries.len() > limits::JOINED_ENTRIES {
            return Err(DecodeError::invalid("joined saves are none or too many"));
        }
        let entries = wire.entries.iter().map(|bytes| OutboxEntry::decode(bytes));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        match entries.windows(2).all(|pair| pair[0].document() == pair[1].document()) {
            true => Ok(Self(entries)),
            false => Err(DecodeError::invalid("joined saves are of several documents")),
        }
    }
}
