//! A confirmed document, and what of it lies in the point of presence's cache:
//! a whole *base*, seldom written, and the *tail* of entries since.
//!
//! Who has news writes the tail alone, so that what a save costs does not grow
//! with the document's history. Sandboxes write over each other's; a tail that
//! does not begin just where the base that is found ends is left aside, and the
//! relay asked for what lies between.

use std::ops::Deref;
use std::sync::Arc;

use redwedding_crdt::codec::{self, Decode, DecodeError, Encode};
use redwedding_crdt::document::Document;
use redwedding_crdt::entry::Entry;
use redwedding_crdt::version::Cursor;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::sync::Record;

const FORMAT: u8 = 1;

/// Entries that a tail has at most; then the base is written anew.
const TAIL_ENTRIES: usize = 64;
/// Bytes of entries that a tail has at most.
const TAIL_BYTES: usize = 64 << 10;

/// A confirmed document, with the entries that its cached base lacks.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Confirmed {
    document: Document,
    /// Where the cached base ends; `None` where there is none to go on from.
    base: Option<Cursor>,
    since: Vec<Arc<Record>>,
    bytes: usize,
}

impl Deref for Confirmed {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl Confirmed {
    /// A document that the cache does not hold.
    pub(crate) fn new(document: Document) -> Self {
        Self { document, base: None, since: Vec::new(), bytes: 0 }
    }

    /// A document that is the cached base.
    pub(crate) fn cached(document: Document) -> Self {
        let mut cached = Self::new(document);
        cached.rebase();
        cached
    }

    /// Counts the cached base as written just now.
    pub(crate) fn rebase(&mut self) {
        self.base = Some(self.document.cursor());
        self.since.clear();
        self.bytes = 0;
    }

    /// Folds in the document's next entry.
    pub(crate) fn fold(&mut self, record: Arc<Record>) {
        let document = &mut self.document;
        let epoch = document.cursor().epoch;
        let cursor = Cursor { epoch, position: record.position, prefix: record.prefix };
        if cursor.position <= document.cursor().position {
            return;
        }
        match Entry::decode(&record.entry) {
            Ok(entry) => {
                document.apply(cursor, record.logged_ms, &entry);
            }
            Err(error) => document.carry(cursor, error.to_string()),
        }
        self.bytes += record.entry.len();
        if self.since.len() == TAIL_ENTRIES || self.bytes > TAIL_BYTES {
            (self.base, self.bytes) = (None, 0);
            self.since.clear();
        }
        if self.base.is_some() {
            self.since.push(record);
        }
    }

    /// Counts the log as folded in up to `cursor`.
    pub(crate) fn advance(&mut self, cursor: Cursor) {
        self.document.advance(cursor);
    }

    /// What the cache lacks beside its base; `None` where the base is to be
    /// written.
    pub(crate) fn tail(&self, exchanged_ms: u64) -> Option<Tail> {
        let since = self.since.clone();
        self.base.map(|base| Tail {
            format: FORMAT,
            base,
            upto: self.document.cursor(),
            exchanged_ms,
            since,
        })
    }

    /// Takes in the tail that was found beside the base that this is. `false`
    /// where it belongs to another base; nothing changed then.
    pub(crate) fn extend(&mut self, tail: Tail) -> bool {
        let fits = self.base == Some(tail.base) && self.document.cursor() == tail.base;
        if fits {
            tail.since.into_iter().for_each(|record| self.fold(record));
            self.advance(tail.upto);
        }
        fits
    }
}

/// The entries after a cached base, as they lie in the cache.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub(crate) struct Tail {
    format: u8,
    base: Cursor,
    upto: Cursor,
    /// When the state was exchanged with the relay, in ms since 1970.
    pub(crate) exchanged_ms: u64,
    since: Vec<Arc<Record>>,
}

impl Encode for Tail {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(self)
    }
}

impl Decode for Tail {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, TAIL_BYTES * 2)?;
        let tail: Self = codec::from_slice(bytes)?;
        codec::known_format(tail.format, FORMAT)?;
        let positions = tail.since.iter().map(|record| record.position);
        let positions: Vec<_> = std::iter::once(tail.base.position).chain(positions).collect();
        let ordered = positions.windows(2).all(|pair| pair[0] < pair[1]);
        let ends = positions.last().is_some_and(|last| *last <= tail.upto.position);
        match ordered && ends && tail.since.len() <= TAIL_ENTRIES {
            true => Ok(tail),
            false => Err(DecodeError::invalid("a tail's entries are not in order")),
        }
    }
}
