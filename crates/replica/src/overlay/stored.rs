//! The encoding of an overlay, for a cache: the view, and of the saves their names alone.
//!
//! What is parked is not in it: who reads it would take that for read. Must never give an overlay
//! that is not made on the very state it is asked for.

use std::collections::BTreeSet;

use redwedding_document::View;
use redwedding_wire::codec::{self, Encode};
use redwedding_wire::identity::EditId;
use redwedding_wire::version::Cursor;
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::cached_document::CachedDocument;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::overlay::Overlay;

const FORMAT: u8 = 2;

#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    cursor: Cursor,
    /// The text of the origin that it stands on, as an entry.
    base: Option<ByteBuf>,
    view: ByteBuf,
    /// Which saves are in the view, parents before children: sixteen bytes each.
    edits: ByteBuf,
    /// Of each, whether it is under a joined name: a byte each.
    joined: ByteBuf,
    /// The joined names that were read.
    names: Vec<String>,
    bytes: u64,
}

impl Overlay {
    /// Its bytes. `None` where something is parked, or it is too long.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        if !self.parked.is_empty() {
            return None;
        }
        let read = self.entries.iter().filter_map(|entry| OutboxEntry::edit(entry));
        let edits: Vec<EditId> = self.unread.iter().copied().chain(read).collect();
        let joined = edits.iter().map(|edit| u8::from(self.joined.contains(edit)));
        let encoded = codec::to_vec(&Wire {
            format: FORMAT,
            cursor: self.cursor,
            base: self.base.as_ref().map(|base| ByteBuf::from(base.encode())),
            view: ByteBuf::from(self.view.encode_own()),
            edits: edits.iter().flat_map(|edit| edit.0).collect::<Vec<u8>>().into(),
            joined: joined.collect::<Vec<u8>>().into(),
            names: self.names.iter().cloned().collect(),
            bytes: self.bytes as u64,
        });
        (encoded.len() <= limits::DOCUMENT_BYTES).then_some(encoded)
    }

    /// The overlay with these bytes, if it is one on this state.
    pub(crate) fn decode(bytes: &[u8], on: &CachedDocument) -> Option<Self> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES).ok()?;
        let wire: Wire = codec::from_own(bytes).ok()?;
        let base = on.base_entry();
        let based = base.as_ref().map(|base| ByteBuf::from(base.encode()));
        let cursor = on.confirmed().cursor();
        if wire.format != FORMAT || (wire.cursor, &wire.base) != (cursor, &based) {
            return None;
        }
        let view = View::decode_own(&wire.view, &on.view()).ok()?;
        let fits = view.key() == on.key() && view.cursor() == cursor;
        if !fits || view.confirmed() != on.confirmed().changes().len() {
            return None;
        }
        let (unread, rest) = wire.edits.as_chunks::<16>();
        let unread: Vec<EditId> = unread.iter().map(|edit| EditId(*edit)).collect();
        let edits: BTreeSet<EditId> = unread.iter().copied().collect();
        let even = rest.is_empty() && wire.joined.len() == unread.len();
        let most = limits::OVERLAY_EDITS + limits::OVERLAY_EXCESS_EDITS + limits::JOINED_ENTRIES;
        let named = wire.names.iter().all(|name| keys::is_joined(name));
        if !even || !named || edits.len() != unread.len() || edits.len() > most {
            return None;
        }
        let of = |joined: bool| {
            let all = unread.iter().zip(wire.joined.iter());
            all.filter(move |(_, flag)| (**flag == 1) == joined).map(|(edit, _)| *edit)
        };
        Some(Self {
            joined: of(true).collect(),
            unread_single: of(false).collect(),
            names: wire.names.into_iter().collect(),
            bytes: usize::try_from(wire.bytes).ok()?,
            base,
            view,
            unread,
            edits,
            ..Self::of(on)
        })
    }
}
