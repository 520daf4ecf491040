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

    /// The key under which `encoded`, their encoding, is written: the same whoever joins them.
    pub(crate) fn name(&self, document: &DocumentKey, encoded: &[u8]) -> String {
        keys::outbox_joined(document, self.first_ms(), digest("joined", &[encoded]))
    }

    /// A key that nobody has known before, by the replica that writes it and when.
    pub(crate) fn fresh_name(
        &self,
        document: &DocumentKey,
        encoded: &[u8],
        (replica, now_ms): (u64, u64),
    ) -> String {
        let by = [replica.to_le_bytes(), now_ms.to_le_bytes()].concat();
        keys::outbox_joined(document, self.first_ms(), digest("joined again", &[encoded, &by]))
    }

    fn first_ms(&self) -> u64 {
        self.0.iter().map(OutboxEntry::accepted_ms).min().unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::example::{chain, page, save};
    use super::*;

    #[test]
    fn so_many_are_joined_as_go_under_one_key() {
        let many = chain(limits::JOINED_ENTRIES as u64 + 5);
        assert_eq!(JoinedEntries::of(&many).0, many[..limits::JOINED_ENTRIES]);
        let long = "x".repeat(limits::JOINED_BYTES / 2);
        let large: Vec<_> = (1..6).map(|number| save(number, 1, None, &long)).collect();
        assert_eq!(JoinedEntries::of(&large).0, large[..2], "none more from the bound on");
    }

    #[test]
    fn what_was_joined_is_read_back_and_nothing_else() {
        let joined = JoinedEntries(chain(3));
        assert_eq!(JoinedEntries::decode(&joined.encode()), Ok(joined));
        let decodes = |entries: Vec<OutboxEntry>| {
            JoinedEntries::decode(&JoinedEntries(entries).encode()).is_ok()
        };
        let most = limits::JOINED_ENTRIES as u64;
        assert!(decodes(chain(most)));
        assert!(!decodes(chain(most + 1)));
        assert!(!decodes(Vec::new()));
        let mut others = chain(2);
        others[1].entry.document = DocumentKey::new("wiki", "Other").expect("a key");
        assert!(!decodes(others), "of several documents");
        // The last may be as long as a save can be.
        let last = save(9, 1, None, &"y".repeat(limits::PAGE_BYTES));
        let nearly = save(8, 1, None, &"x".repeat(limits::JOINED_BYTES - 600));
        assert!(decodes(vec![nearly, last]));
    }

    #[test]
    fn a_name_begins_with_the_age_of_the_oldest() {
        let (older, younger) = (JoinedEntries(chain(2)), JoinedEntries(chain(5)[2..].to_vec()));
        let name = |joined: &JoinedEntries| joined.name(&page(), &joined.encode());
        assert!(name(&older) < name(&younger));
        assert!(keys::is_joined(&name(&older)));
        let fresh = |by| older.fresh_name(&page(), &older.encode(), by);
        let names = [name(&older), fresh((1, 5)), fresh((1, 6)), fresh((2, 5))];
        assert_eq!(BTreeSet::from(names.clone()).len(), 4, "none is another one");
        assert!(names.iter().all(|fresh| keys::is_joined(fresh) && *fresh < name(&younger)));
    }
}
