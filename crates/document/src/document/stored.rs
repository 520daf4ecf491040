//! The encoding of a confirmed document: what snapshots hold. Module `own` has the one for a cache
//! alone. And that of a view, which is another object, so that neither is ever taken for the other:
//! for a cache alone, too.
//!
//! What decodes is checked: a document whose parts do not fit each other is an
//! error, never a state.

mod changes;
mod first;
mod open_below;
mod own;
mod parts;
mod texts;

use std::sync::Arc;

use redwedding_text::shown;
use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey};
use redwedding_wire::version::{Cursor, ObjectId, OriginText, Place, VersionRef};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

pub(super) use self::changes::ChangesWire;
pub(super) use self::open_below::{OpenBelowWire, open_below_from, open_below_wire};
use self::parts::{Parts, TipWire, VersionWire, version_wire};
use self::texts::{DetachedBaseWire, TextWire};
use super::contested::{AllContested, Contested};
use super::hidden::{HiddenRanges, Looked};
use super::state::State;
use super::{Announced, Changes, Document, Quarantined, SegmentRef, View};
use crate::limits;

const FORMAT: u8 = 2;
const VIEW_FORMAT: u8 = 4;

/// Format, text, what goes with it, and detached bases.
#[derive(Serialize, Deserialize)]
struct DocumentWire<'a>(u8, TextWire<'a>, StateWire, Vec<DetachedBaseWire<'a>>);

/// Format, how many changes are confirmed, whether one beyond was made on a text of the origin,
/// what is hidden (start and length), of which passages it shows one of several versions, which
/// saves were held against the log; then as a document.
#[derive(Serialize, Deserialize)]
struct ViewWire<'a>(
    u8,
    u32,
    bool,
    Vec<(u32, u32)>,
    ContestedWire,
    (u32, Vec<u64>),
    TextWire<'a>,
    StateWire,
    Vec<DetachedBaseWire<'a>>,
);

/// What is hidden for the sake of other versions; then the passages (start and length), each with
/// the versions that are not shown, and the index of the newest save of each.
type ContestedWire = (Vec<(u32, u32)>, Vec<(u32, u32, Vec<(u32, String)>)>);

/// All but the texts. The last one is written only where there is something.
struct StateWire {
    key: DocumentKey,
    cursor: Cursor,
    place: Place,
    changes: ChangesWire,
    /// The last one below the floor, or none.
    below: ChangesWire,
    hash_below: Digest,
    archive: Vec<SegmentRef>,
    tip: Option<TipWire>,
    intents: Vec<Announced>,
    known: Vec<(OriginText, VersionWire)>,
    objects: Vec<(ObjectId, Arc<VersionRef>)>,
    aliases: Vec<(Actor, u32)>,
    quarantined: Vec<Quarantined>,
    extensions: ByteBuf,
    open_below: Option<OpenBelowWire>,
}

array_with_optional_last!(
    StateWire {
        key, cursor, place, changes, below, hash_below, archive, tip, intents, known, objects,
        aliases, quarantined, extensions; open_below
    }
);

impl Encode for Document {
    fn encode(&self) -> Vec<u8> {
        let (text, about, detached) = wire_of(&self.state);
        codec::to_vec(&DocumentWire(FORMAT, text, about, detached))
    }
}

fn wire_of(state: &State) -> (TextWire<'_>, StateWire, Vec<DetachedBaseWire<'_>>) {
    let origin = &state.origin;
    let about = StateWire {
        key: state.key.clone(),
        cursor: state.cursor,
        place: state.place,
        changes: ChangesWire::of(state.changes.kept(), state.changes.floor()),
        below: ChangesWire::below(&state.changes),
        hash_below: state.changes.hash_below(),
        archive: state.archive.clone(),
        tip: origin.tip.as_ref().map(TipWire::of),
        intents: origin.intents.clone(),
        known: origin.known.iter().map(|k| (k.text, version_wire(&k.version))).collect(),
        objects: state.objects.clone(),
        aliases: state.aliases.clone(),
        quarantined: state.quarantined.clone(),
        extensions: state.extensions.clone().into(),
        open_below: open_below_wire(&state.open_below),
    };
    let detached = state.detached_bases.iter().map(DetachedBaseWire::of).collect();
    (TextWire::of(&state.text), about, detached)
}

impl Decode for Document {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let format = format_of(bytes)?;
        let parts = match format {
            1 => first::read(bytes)?,
            _ => Parts::from_wire(codec::from_own(bytes)?)?,
        };
        parts.check_actors()?;
        let document = parts.into_document()?;
        // The columns have one form only, too.
        match format < FORMAT || document.encode() == bytes {
            true => Ok(document),
            false => Err(DecodeError::NotCanonical),
        }
    }
}

/// The format, from the second byte: the first begins the array.
fn format_of(bytes: &[u8]) -> Result<u8, DecodeError> {
    let format = bytes.get(1).copied().unwrap_or_default();
    codec::known_format(format, FORMAT).map(|()| format)
}

impl View {
    /// Its bytes, for a cache. Never those of a document.
    #[must_use]
    pub fn encode_own(&self) -> Vec<u8> {
        let (text, about, detached) = wire_of(&self.state);
        let (confirmed, hidden) = (self.confirmed as u32, self.hidden.stated().unwrap_or_default());
        let on_origin = self.on_origin;
        let looked = (self.looked.saves, self.looked.made.clone());
        codec::to_vec(&ViewWire(
            VIEW_FORMAT,
            confirmed,
            on_origin,
            hidden,
            self.contested.to_wire(),
            looked,
            text,
            about,
            detached,
        ))
    }

    /// The view with these bytes; see [`codec::from_own`]. Whoever reads it has to know that
    /// its confirmed part is the document that it is to be a view of.
    ///
    /// # Errors
    /// If the bytes are too long, malformed, of another format, or their parts do not fit each
    /// other.
    pub fn decode_own(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let format = bytes.get(1).copied().unwrap_or_default();
        if format != VIEW_FORMAT {
            return Err(DecodeError::Format(format, VIEW_FORMAT));
        }
        let ViewWire(
            _,
            confirmed,
            on_origin,
            hidden,
            contested,
            (saves, made),
            text,
            about,
            detached,
        ) = codec::from_own(bytes)?;
        let confirmed = confirmed as usize;
        let parts = Parts::from_wire(DocumentWire(FORMAT, text, about, detached))?;
        let state = parts.into_state(confirmed)?;
        if shown::without(state.text(), &hidden).is_none() {
            return Err(DecodeError::invalid("what is hidden does not fit the text"));
        }
        let contested = AllContested::from_wire(contested, &state)?;
        let (hidden, looked) = (HiddenRanges::of_stated(&hidden), Looked { saves, made });
        Ok(Self { state, confirmed, on_origin, hidden, contested, looked })
    }
}

impl AllContested {
    fn to_wire(&self) -> ContestedWire {
        let passage = |it: &Contested| (it.at.start, it.at.end - it.at.start, it.others.clone());
        (self.hides.pairs(usize::MAX), self.passages.iter().map(passage).collect())
    }

    fn from_wire((hides, passages): ContestedWire, state: &State) -> Result<Self, DecodeError> {
        let fits = |(start, length, others): &(u32, u32, Vec<(u32, String)>)| {
            let known = |(save, _): &(u32, String)| state.changes.get(*save as usize).is_some();
            start.checked_add(*length).is_some_and(|end| end <= state.text.len())
                && others.iter().all(known)
        };
        if shown::without(state.text(), &hides).is_none() || !passages.iter().all(fits) {
            return Err(DecodeError::invalid("what several changed does not fit the text"));
        }
        let passage = |(start, length, others)| Contested { at: start..start + length, others };
        let passages = passages.into_iter().map(passage).collect();
        Ok(Self { passages, hides: HiddenRanges::of_stated(&hides) })
    }
}

impl Parts {
    fn from_wire(wire: DocumentWire<'_>) -> Result<Self, DecodeError> {
        let DocumentWire(_, text, wire, detached) = wire;
        let actors = wire.changes.actors()?;
        let text = text.read(&actors)?;
        let floor = text.history().floor() as usize;
        let kept = wire.changes.read(floor)?;
        let below = wire.below.read(floor.saturating_sub(1))?;
        if text.history().len() as usize != floor + kept.len() {
            return Err(DecodeError::invalid("text and list of changes differ in length"));
        }
        if below.len() != floor.min(1) {
            return Err(DecodeError::invalid("the change below the floor is not as the floor"));
        }
        let detached = detached.into_iter().map(DetachedBaseWire::read);
        Ok(Self {
            key: wire.key,
            cursor: wire.cursor,
            place: wire.place,
            text,
            changes: Changes::above(floor, below.into_iter().next(), wire.hash_below, kept),
            archive: wire.archive,
            tip: wire.tip,
            intents: wire.intents,
            known: wire.known,
            detached_bases: detached.collect::<Result<_, _>>()?,
            objects: wire.objects,
            aliases: wire.aliases,
            quarantined: wire.quarantined,
            extensions: wire.extensions.into_vec(),
            open_below: open_below_from(wire.open_below, floor)?,
        })
    }
}
