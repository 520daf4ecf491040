//! Which text is meant: positions in a log, versions beyond them, and the
//! numbers by which clients name them.
//!
//! A version names exactly one text. Nothing here looks anything up: an id is
//! resolved by the document that folded the log.

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::codec::{self, Decode, DecodeError, Encode};
use crate::identity::{Actor, Digest, DocumentKey, digest};
use crate::limits;

/// An entry's place in its shard's log; the first entry has position 1, and 0
/// stands for "before everything".
pub type Position = u64;

/// A position and check bits of the log's prefix hash there, so that a position
/// of a log that lost its tail is noticed and never resolved to another text.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Debug,
    Serialize_tuple,
    Deserialize_tuple,
)]
pub struct Place {
    /// Where in the shard's log.
    pub position: Position,
    /// The first four bytes of the prefix hash after that entry; 0 at position 0.
    pub check: u32,
}

impl Place {
    /// Before every entry.
    pub const START: Self = Self { position: 0, check: 0 };

    /// The place of the entry after which the log's prefix hash is `prefix`.
    #[must_use]
    pub fn new(position: Position, prefix: Digest) -> Self {
        let check = u32::from_le_bytes([prefix.0[0], prefix.0[1], prefix.0[2], prefix.0[3]]);
        Self { position, check }
    }
}

/// How far a shard's log is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Cursor {
    /// Drawn when the log was created; another epoch is another log.
    pub epoch: u64,
    /// The last entry known.
    pub position: Position,
    /// The prefix hash after it.
    pub prefix: Digest,
}

impl Cursor {
    /// The start of the log of this epoch.
    #[must_use]
    pub fn start(epoch: u64) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// The cursor after appending `record` (its encoded bytes).
    #[must_use]
    pub fn after(&self, record: &[u8]) -> Self {
        let position = self.position + 1;
        let prefix = digest(
            "log",
            &[&self.epoch.to_le_bytes(), &position.to_le_bytes(), &self.prefix.0, record],
        );
        Self { epoch: self.epoch, position, prefix }
    }

    /// The place of the last entry known.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.position == 0 { Place::START } else { Place::new(self.position, self.prefix) }
    }
}

/// What a version stands on before its extra dots.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Root {
    /// The document as the log had it right after this entry.
    #[serde(rename = "l")]
    Log(Place),
    /// A text taken from the origin while the log could not be asked.
    #[serde(rename = "o")]
    Origin(OriginText),
}

impl Root {
    /// The document that does not exist yet.
    pub const EMPTY: Self = Self::Log(Place::START);

    /// How far the log has to be known for it; 0 for a text of the origin.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Log(place) => place.position,
            Self::Origin(_) => 0,
        }
    }
}

/// A text of the origin, by revision and content.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple,
)]
pub struct OriginText {
    /// The origin's revision id, greater than 0.
    pub revision: u64,
    /// [`Digest::of_text`] of the text.
    pub text: Digest,
}

/// A version in full: a root and the changes beyond it, by actor, sorted, and what of them it
/// hides. Together with a change, everything that it was made on is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct VersionRef {
    /// What it stands on.
    pub root: Root,
    /// The changes beyond, sorted, each once.
    pub extra: Vec<Actor>,
    /// [`text_check`] of the text of these changes, where a change beyond was made on a text of the
    /// origin (on what the log carries such a one over, and so what stands where, depends on what
    /// else it holds), and where something is hidden.
    pub check: Option<u32>,
    /// What is hidden of that text, in bytes: where each begins and how long it is, ascending, and
    /// something is shown between two. Never empty: `None` where all is shown.
    pub hidden: Option<Box<TextParts<(u32, u32)>>>,
    /// What is shown beside that, each in front of which byte of that text, ascending: in front of
    /// what is hidden there. Never empty: `None` where nothing is.
    pub put: Option<Box<TextParts<(u32, String)>>>,
}

/// Parts of a text: nearly all versions have none, so they lie apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TextParts<T>(pub Vec<T>);

impl<T> TextParts<T> {
    /// These, if there are some.
    #[must_use]
    pub fn of(parts: Vec<T>) -> Option<Box<Self>> {
        (!parts.is_empty()).then(|| Box::new(Self(parts)))
    }
}

/// Check bits of a text: the first four bytes of its digest.
#[must_use]
pub fn text_check(text: &str) -> u32 {
    let Digest(bytes) = Digest::of_text(text);
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

crate::array_with_optional_last!(VersionRef { root, extra; check, hidden, put });

impl VersionRef {
    /// The version right after the entry at `place`.
    #[must_use]
    pub fn log(place: Place) -> Self {
        Self::of_root(Root::Log(place))
    }

    /// The version that a root is, with nothing beyond.
    #[must_use]
    pub fn of_root(root: Root) -> Self {
        Self { root, extra: Vec::new(), check: None, hidden: None, put: None }
    }

    /// Whether the form is canonical and within `most` extra dots.
    #[must_use]
    pub fn is_canonical(&self, most: usize) -> bool {
        self.extra.len() <= most
            && self.extra.windows(2).all(|pair| pair[0] < pair[1])
            && (self.check.is_none() || !self.extra.is_empty())
            && (self.check.is_some() || !self.shows_another())
            && self.hidden.as_ref().is_none_or(|hidden| in_order(&hidden.0))
            && self.put.as_ref().is_none_or(|put| are_beside(&put.0, self.hidden_ranges()))
    }

    /// The ranges that it hides.
    #[must_use]
    pub fn hidden_ranges(&self) -> &[(u32, u32)] {
        self.hidden.as_ref().map_or(&[], |hidden| &hidden.0)
    }

    /// The texts that it puts beside those of its changes.
    #[must_use]
    pub fn put_texts(&self) -> &[(u32, String)] {
        self.put.as_ref().map_or(&[], |put| &put.0)
    }

    /// Whether it shows another text than its changes come to.
    #[must_use]
    pub fn shows_another(&self) -> bool {
        self.hidden.is_some() || self.put.is_some()
    }

    /// The name that this version of `document` is served under.
    #[must_use]
    pub fn object_id(&self, document: &DocumentKey) -> ObjectId {
        let mut dots = Vec::with_capacity(self.extra.len() * 8);
        self.extra.iter().for_each(|actor| dots.extend_from_slice(&actor.0.to_le_bytes()));
        let root = match self.root {
            Root::Log(place) => {
                [&[0][..], &place.position.to_le_bytes(), &place.check.to_le_bytes()].concat()
            }
            Root::Origin(text) => [&[1][..], &text.revision.to_le_bytes(), &text.text.0].concat(),
        };
        let check = self.check.map(u32::to_le_bytes);
        let document = document.digest();
        let mut parts = vec![&document.0[..], &root, &dots];
        parts.extend(check.as_ref().map(|check| &check[..]));
        let hidden: Vec<u8> = {
            let numbers = self.hidden_ranges().iter().flat_map(|(at, len)| [*at, *len]);
            numbers.flat_map(u32::to_le_bytes).collect()
        };
        parts.extend(self.shows_another().then_some(&hidden[..]));
        let put: Vec<u8> = {
            let texts = self.put_texts().iter().map(|(at, text)| {
                [&at.to_le_bytes()[..], &(text.len() as u32).to_le_bytes(), text.as_bytes()]
                    .concat()
            });
            texts.flatten().collect()
        };
        parts.extend(self.put.as_ref().map(|_| &put[..]));
        let name = digest("version", &parts);
        let mut first = [0; 8];
        first.copy_from_slice(&name.0[..8]);
        ObjectId(u64::from_le_bytes(first) & (OBJECT_FLAG.get() - 1))
    }
}

/// Whether ranges are not empty, ascending and apart, few enough, and end within 32 bits.
fn in_order(hidden: &[(u32, u32)]) -> bool {
    let mut free_from = Some(0);
    let fits = |(at, len): &(u32, u32)| {
        let fits = *len > 0 && free_from.is_some_and(|free| *at >= free);
        free_from = at.checked_add(*len).and_then(|end| end.checked_add(1));
        fits
    };
    (1..=limits::HIDDEN_RANGES).contains(&hidden.len()) && hidden.iter().all(fits)
}

/// Whether texts are not empty, ascending and apart, few and short enough, and none in or right
/// behind what is hidden.
fn are_beside(put: &[(u32, String)], hidden: &[(u32, u32)]) -> bool {
    let behind = |at: u32| {
        let before = hidden.partition_point(|(start, _)| *start < at).checked_sub(1);
        before.is_none_or(|before| hidden[before].0 + hidden[before].1 < at)
    };
    let bytes: usize = put.iter().map(|(_, text)| text.len()).sum();
    (1..=limits::PUT_TEXTS).contains(&put.len())
        && bytes <= limits::PUT_BYTES
        && put.windows(2).all(|pair| pair[0].0 < pair[1].0)
        && put.iter().all(|(at, text)| !text.is_empty() && behind(*at))
}

const FORMAT: u8 = 1;

/// A version object as a store has it. Within an entry, whose format says how to
/// read it, a version is its fields alone.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct ObjectWire {
    format: u8,
    version: VersionRef,
}

impl Encode for VersionRef {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(&ObjectWire { format: FORMAT, version: self.clone() })
    }
}

impl Decode for VersionRef {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::VERSION_BYTES)?;
        let wire: ObjectWire = codec::from_slice(bytes)?;
        codec::known_format(wire.format, FORMAT)?;
        match wire.version.is_canonical(limits::OVERLAY_EDITS) {
            true => Ok(wire.version),
            false => Err(DecodeError::invalid(
                "extra dots, or what is hidden or put, are too many or not sorted",
            )),
        }
    }
}

/// Names a version object: 51 bits of a hash of the version itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ObjectId(pub u64);

/// What a change was made on, as it travels.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Base {
    /// A version with few extra dots.
    #[serde(rename = "v")]
    Version(VersionRef),
    /// A version object, which is in the log before the change.
    #[serde(rename = "b")]
    Object(ObjectId),
}

/// The number by which a client names a version (`latest.id`, ETag, the form's
/// base): below 2^50 a revision of the origin, from 2^50 a position, from 2^51
/// a version object. All are exact in a JavaScript number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VersionName {
    /// A revision of the origin.
    Revision(NonZeroU64),
    /// The text right after an entry of the log.
    Entry {
        /// The entry's position.
        position: Position,
        /// Its shard.
        shard: u16,
        /// The low ten bits of its check.
        check: u16,
    },
    /// The text of a version object.
    Object(ObjectId),
}

/// The origin's revisions are below this, so that none is taken for an entry.
pub const REVISIONS: u64 = ENTRY_FLAG.get();
const ENTRY_FLAG: NonZeroU64 = NonZeroU64::new(1 << 50).expect("not 0");
const OBJECT_FLAG: NonZeroU64 = NonZeroU64::new(1 << 51).expect("not 0");
const CHECK_BITS: u32 = 10;
const SHARD_BITS: u32 = 5;
const CHECK_MASK: u64 = (1 << CHECK_BITS) - 1;
/// Positions beyond this cannot be named to a client: 2^35.
pub const POSITIONS: u64 = 1 << (50 - CHECK_BITS - SHARD_BITS);
const _: () = assert!(limits::SHARDS as u64 <= 1 << SHARD_BITS);

impl VersionName {
    /// The name of the text right after `place` in `shard`.
    #[must_use]
    pub fn entry(place: Place, shard: u16) -> Self {
        Self::Entry { position: place.position, shard, check: low_bits(place.check) }
    }

    /// The number that stands for it; later entries of a shard have greater ones. Never 0, which
    /// clients and stored formats use for "no version".
    #[must_use]
    pub fn number(self) -> NonZeroU64 {
        match self {
            Self::Revision(revision) => revision,
            Self::Entry { position, shard, check } => {
                ENTRY_FLAG
                    | (position << (SHARD_BITS + CHECK_BITS))
                    | (u64::from(shard) << CHECK_BITS)
                    | u64::from(check)
            }
            Self::Object(ObjectId(hash)) => OBJECT_FLAG | hash,
        }
    }

    /// What `number` names; `None` where no version can have this number.
    #[must_use]
    pub fn of(number: u64) -> Option<Self> {
        match number {
            _ if number < ENTRY_FLAG.get() => NonZeroU64::new(number).map(Self::Revision),
            _ if number < OBJECT_FLAG.get() => Some(Self::Entry {
                position: (number & (ENTRY_FLAG.get() - 1)) >> (SHARD_BITS + CHECK_BITS),
                shard: ((number >> CHECK_BITS) & ((1 << SHARD_BITS) - 1)) as u16,
                check: (number & CHECK_MASK) as u16,
            }),
            _ if number < OBJECT_FLAG.get() << 1 => {
                Some(Self::Object(ObjectId(number & (OBJECT_FLAG.get() - 1))))
            }
            _ => None,
        }
    }
}

impl fmt::Display for VersionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// The bits of a check that fit a client's id.
#[must_use]
pub fn low_bits(check: u32) -> u16 {
    (u64::from(check) & CHECK_MASK) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_names_one_version(position in 0..POSITIONS, shard in 0u16..32, check: u32) {
            let name = VersionName::entry(Place { position, check }, shard);
            prop_assert_eq!(VersionName::of(name.number().get()), Some(name));
            prop_assert!(name.number().get() < 1 << 53);
        }

        #[test]
        fn every_number_is_one_name_or_none(number: u64) {
            if let Some(name) = VersionName::of(number) {
                prop_assert_eq!(name.number().get(), number);
            }
        }

        #[test]
        fn later_entries_have_greater_numbers(a in 0..POSITIONS - 1, check: u32, other: u32) {
            let first = VersionName::entry(Place { position: a, check }, 3).number();
            let second = VersionName::entry(Place { position: a + 1, check: other }, 3).number();
            prop_assert!(first < second);
        }
    }

    #[test]
    fn a_prefix_depends_on_everything_before() {
        let start = Cursor::start(1);
        assert_ne!(start.after(b"a").after(b"c").prefix, start.after(b"b").after(b"c").prefix);
        assert_ne!(start.after(b"a").prefix, Cursor::start(2).after(b"a").prefix);
    }
}
