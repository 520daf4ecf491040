//! Segments of the archive: what a document had below its floor.
//!
//! A segment is immutable, named by the hash of its content, and stands for itself: from the text
//! below its first change it leads to every text up to its last. May assume that whoever fetches
//! one checks its name ([`Segment::open`]), and that whoever makes one stores it first: it is
//! durable before a floor that names it is logged, and each node stores it before it folds that
//! floor. Must never be changed or dropped while a document's archive names it. (A segment that no
//! floor names is harmless: it only takes up room.)

use std::sync::Arc;

use redwedding_text::attribution::Run;
use redwedding_text::{History, Version, VersionError};
use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::{self, DecodeError, Packed, pack, unpack};
use redwedding_wire::identity::{Digest, DocumentKey, EditId, digest};
use redwedding_wire::version::Place;
use serde_bytes::ByteBuf;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::Change;
use super::change::OpenBelow;
use super::stored::{ChangesWire, OpenBelowWire, open_below_from, open_below_wire};
use crate::limits;

const FORMAT: u8 = 1;

/// Changes in a row that a document does not keep any more.
#[derive(Clone, PartialEq, Debug)]
pub struct Segment {
    pub(super) key: DocumentKey,
    /// The text below the first change.
    pub(super) start: String,
    pub(super) history: History,
    pub(super) changes: Vec<Arc<Change>>,
    /// What was open before the first of them.
    pub(super) open: Vec<Arc<OpenBelow>>,
    /// The last change before, and the hash of all before.
    pub(super) before: Option<Arc<Change>>,
    pub(super) hash: Digest,
}

/// Where to find a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct SegmentRef {
    /// How many changes there were with the segment's last.
    pub end: u32,
    /// The entry of its last change.
    pub upto: Place,
    /// Names the segment's content.
    pub digest: Digest,
    /// Length of that content, before it is compressed.
    pub bytes: u32,
}

/// Where segments are kept. The fold asks it for what it needs of a document's past.
pub trait Archive {
    /// The segment with this name; `None` if it cannot be had here, or not now.
    fn segment(&self, name: Digest) -> Option<Segment>;
}

/// An archive out of reach.
#[derive(Clone, Copy, Debug)]
pub struct NoArchive;

impl Archive for NoArchive {
    fn segment(&self, _: Digest) -> Option<Segment> {
        None
    }
}

/// All but the texts.
struct HeadWire {
    format: u8,
    key: DocumentKey,
    /// The last one before, or none.
    before: ChangesWire,
    hash: Digest,
    changes: ChangesWire,
    made: ByteBuf,
    open: Option<OpenBelowWire>,
}

array_with_optional_last!(HeadWire { format, key, before, hash, changes, made; open });

/// The text below the first change, and all that the changes inserted.
type TextsWire = (String, String);

/// As it is stored: head and texts.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct PackedWire {
    format: u8,
    head: Packed,
    texts: Packed,
}

impl Segment {
    /// The document that it is of.
    #[must_use]
    pub fn key(&self) -> &DocumentKey {
        &self.key
    }

    /// Its changes.
    #[must_use]
    pub fn changes(&self) -> &[Arc<Change>] {
        &self.changes
    }

    /// The index of its first change in the document.
    #[must_use]
    pub fn first(&self) -> usize {
        self.history.floor() as usize
    }

    /// The last change before it; `None` where it begins with the document's first.
    #[must_use]
    pub fn before(&self) -> Option<&Arc<Change>> {
        self.before.as_ref()
    }

    /// The entry of a save that it holds.
    #[must_use]
    pub fn knows(&self, edit: EditId) -> Option<Place> {
        self.save(edit).map(|(_, change)| change.place)
    }

    /// The change that a save became, if it is here, with its index in the document.
    pub(super) fn save(&self, edit: EditId) -> Option<(usize, &Change)> {
        let at = self.changes.iter().position(|change| change.edit == edit);
        // Zero is what changes have that no save made, and so names none.
        let at = at.filter(|_| edit != EditId::default())?;
        Some((self.first() + at, &self.changes[at]))
    }

    /// The text of the document's first `n` changes, of which the segment must have the last.
    ///
    /// # Errors
    /// If it has not.
    pub fn text_after(&self, n: usize) -> Result<String, VersionError> {
        let n = u32::try_from(n).map_err(|_| VersionError::Unknown)?;
        self.history.text_at(&self.start, &Version::up_to(n))
    }

    /// Who wrote which part of the text after its last change.
    #[must_use]
    pub fn attribution(&self) -> Vec<Run> {
        self.history.attribution(u32::try_from(self.start.len()).unwrap_or(u32::MAX))
    }

    fn parts(&self) -> (Vec<u8>, Vec<u8>) {
        let before = self.before.as_slice();
        let head = HeadWire {
            format: FORMAT,
            key: self.key.clone(),
            before: ChangesWire::of(before, self.first().saturating_sub(1)),
            hash: self.hash,
            changes: ChangesWire::of(&self.changes, self.first()),
            made: self.history.made_columns().into(),
            open: open_below_wire(&self.open),
        };
        let texts = (self.start.as_str(), self.history.inserted_all());
        (codec::to_vec(&head), codec::to_vec(&texts))
    }

    /// Its name, and the length of its content.
    #[must_use]
    pub fn name(&self) -> (Digest, u32) {
        let (head, texts) = self.parts();
        let bytes = u32::try_from(head.len() + texts.len()).unwrap_or(u32::MAX);
        (digest("segment", &[&head, &texts]), bytes)
    }

    /// As it is stored, compressed. The same segment may come to other bytes elsewhere: its name is
    /// of what they hold.
    #[must_use]
    pub fn packed(&self) -> Vec<u8> {
        let (head, texts) = self.parts();
        codec::to_vec(&PackedWire { format: FORMAT, head: pack(head), texts: pack(texts) })
    }

    /// What [`Segment::packed`] gave, with nothing compressed: for who has little time to open it.
    ///
    /// # Errors
    /// If it is no such thing.
    pub fn plain(packed: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let (head, texts) = unpacked(packed)?;
        let whole = |part: Vec<u8>| (u32::try_from(part.len()).unwrap_or(u32::MAX), part.into());
        let (head, texts) = (whole(head), whole(texts));
        Ok(codec::to_vec(&PackedWire { format: FORMAT, head, texts }))
    }

    /// The segment with this name, from what [`Segment::packed`] gave.
    ///
    /// # Errors
    /// If it is another one, or none.
    pub fn open(bytes: &[u8], name: Digest) -> Result<Self, DecodeError> {
        let (head, texts) = unpacked(bytes)?;
        Self::named(&head, &texts, name)
    }

    /// The segment with this name, from what [`Segment::plain`] gave.
    ///
    /// # Errors
    /// If it is another one, or none.
    pub fn open_plain(bytes: &[u8], name: Digest) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let wire: PackedWire = codec::from_own(bytes)?;
        Self::named(&wire.head.1, &wire.texts.1, name)
    }

    /// What has this name was written here: it need not be compared with what would be written.
    fn named(head: &[u8], texts: &[u8], name: Digest) -> Result<Self, DecodeError> {
        match digest("segment", &[head, texts]) == name {
            true => Self::read(head, texts),
            false => Err(DecodeError::invalid("this is another segment")),
        }
    }

    /// As [`Segment::open`], whatever its name is.
    ///
    /// # Errors
    /// If it is none.
    pub fn unpacked(bytes: &[u8]) -> Result<Self, DecodeError> {
        let parts = unpacked(bytes)?;
        let segment = Self::read(&parts.0, &parts.1)?;
        // No name vouches for the bytes. If they could be written otherwise, one segment would have
        // two names.
        match segment.parts() == parts {
            true => Ok(segment),
            false => Err(DecodeError::NotCanonical),
        }
    }

    fn read(head: &[u8], texts: &[u8]) -> Result<Self, DecodeError> {
        let head: HeadWire = codec::from_own(head)?;
        let (start, inserted): TextsWire = codec::from_own(texts)?;
        codec::known_format(head.format, FORMAT)?;
        head.key.check().map_err(|error| DecodeError::Invalid(error.to_string()))?;
        let actors = head.changes.actors()?;
        let history = History::from_made_columns(&head.made, inserted, &actors)
            .map_err(|error| DecodeError::Invalid(error.to_string()))?;
        let (floor, len) = (history.floor() as usize, history.len() as usize);
        let changes = head.changes.read(floor)?;
        let before = head.before.read(floor.saturating_sub(1))?;
        // One change stands before, unless the segment begins with the document's first.
        if before.len() != floor.min(1) || len - floor != changes.len() {
            return Err(DecodeError::invalid("the changes are not those of the history"));
        }
        let open = open_below_from(head.open, floor)?;
        let (key, before, hash) = (head.key, before.into_iter().next(), head.hash);
        Ok(Self { key, start, history, changes, open, before, hash })
    }
}

/// Head and texts of what [`Segment::packed`] gave.
fn unpacked(bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DecodeError> {
    codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
    let wire: PackedWire = codec::from_slice(bytes)?;
    codec::known_format(wire.format, FORMAT)?;
    Ok((unpack(wire.head)?, unpack(wire.texts)?))
}
