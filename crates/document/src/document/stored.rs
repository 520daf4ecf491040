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

use std::ops::Range;
use std::sync::Arc;

use redwedding_text::Patch;
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
use super::expected::{Expected, Few, Looked, Shown, Told, Waiting};
use super::state::State;
use super::{Announced, Changes, Document, Quarantined, SegmentRef, View};
use crate::entry::{AlternativeName, Edit};
use crate::{limits, patch_wire};

const FORMAT: u8 = 2;
const VIEW_FORMAT: u8 = 6;

/// Format, text, what goes with it, and detached bases.
#[derive(Serialize, Deserialize)]
struct DocumentWire<'a>(u8, TextWire<'a>, StateWire, Vec<DetachedBaseWire<'a>>);

/// Format, how many changes are confirmed, whether one beyond was made on a text of the origin,
/// what it shows, which saves were held against the log; and all of them, as module `own` has them.
#[derive(Serialize, Deserialize)]
struct ViewWire(u8, u32, bool, ShownWire, (u32, Vec<u64>), ByteBuf);

/// What a view shows.
#[derive(Serialize, Deserialize)]
enum ShownWire {
    /// What comes of few saves: whether some were made beside others; and each, with what says
    /// where it is folded.
    #[serde(rename = "f")]
    Few(bool, Vec<WaitingWire>),
    /// The text of its dots.
    #[serde(rename = "a")]
    All,
    /// From that to another text, and what is told beside it: the change that says that it is not
    /// shown and which of that, where the log has decided it; the save, its passage (start and
    /// length), what it made of it, and where else its lines stand, if it moved them.
    #[serde(rename = "o")]
    Other(#[serde(with = "patch_wire")] Patch, Vec<ToldWire>),
}

/// When it was accepted and how many it was made on, one on the other; and it.
type WaitingWire = ((u64, u32), Edit);

type ToldWire = (Option<(Actor, u32)>, u32, u32, u32, String, Option<(u32, u32)>);

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
        let Expected { few, looked, .. } = &self.expected;
        let shown = match (few, self.expected.shown(&self.state)) {
            (Some(few), _) => few.to_wire(),
            (None, Some(shown)) => shown.to_wire(),
            (None, None) => ShownWire::All,
        };
        let (confirmed, looked) = (self.confirmed as u32, (looked.saves, looked.made.clone()));
        let state = own::write(&self.state).into();
        codec::to_vec(&ViewWire(VIEW_FORMAT, confirmed, self.on_origin, shown, looked, state))
    }

    /// The view with these bytes; see [`codec::from_own`]. It was made of `base`: a view of the
    /// same confirmed document, with nothing added but the text of the origin that it stands on.
    /// Whoever reads it has to know that.
    ///
    /// # Errors
    /// If the bytes are too long, malformed, of another format, or their parts do not fit each
    /// other.
    pub fn decode_own(bytes: &[u8], base: &Self) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let format = bytes.get(1).copied().unwrap_or_default();
        if format != VIEW_FORMAT {
            return Err(DecodeError::Format(format, VIEW_FORMAT));
        }
        let ViewWire(_, confirmed, on_origin, shown, (saves, made), state) =
            codec::from_own(bytes)?;
        let confirmed = confirmed as usize;
        let state = Arc::new(own::read(&state, Some(confirmed))?);
        let looked = Looked { saves, made };
        let no_fit = || DecodeError::invalid("what is shown does not fit the text");
        let expected = match shown {
            ShownWire::Few(concurrent, saves) => {
                let few = Few::from_wire((concurrent, saves), Arc::clone(&base.state));
                Expected { few: Some(few), looked, ..Expected::on(Arc::clone(&base.state)) }
            }
            ShownWire::All => Expected::known(None, looked),
            ShownWire::Other(patch, told) => {
                let told = told.into_iter().map(Told::from_wire).collect();
                let shown = Shown::stored(&state, patch, told).ok_or_else(no_fit)?;
                Expected::known(Some(shown), looked)
            }
        };
        Ok(Self { state, confirmed, on_origin, expected })
    }
}

impl Few {
    fn to_wire(&self) -> ShownWire {
        let saves = self.saves.iter().map(|it| (it.when, Edit::clone(&it.edit)));
        ShownWire::Few(self.concurrent, saves.collect())
    }

    fn from_wire((concurrent, saves): (bool, Vec<WaitingWire>), base: Arc<State>) -> Self {
        let save = |(when, edit): WaitingWire| {
            let actor = edit.delta.actor();
            Waiting { when, actor, edit: Arc::new(edit) }
        };
        let saves = saves.into_iter().map(save).collect();
        Self { base, saves, concurrent, folded: (0, None) }
    }
}

impl Shown {
    fn to_wire(&self) -> ShownWire {
        let told = self.told.iter().map(|it| {
            let name = it.name.map(|name| (name.by, name.number));
            let range = |at: &Range<u32>| (at.start, at.end - at.start);
            let ((start, length), elsewhere) = (range(&it.at), it.elsewhere.as_ref().map(range));
            (name, it.save, start, length, it.text.clone(), elsewhere)
        });
        ShownWire::Other(self.patch.clone(), told.collect())
    }
}

impl Told {
    fn from_wire((name, save, start, length, text, elsewhere): ToldWire) -> Self {
        let name = name.map(|(by, number)| AlternativeName { by, number });
        let range = |(start, length): (u32, u32)| start..start.saturating_add(length);
        Self { name, save, at: range((start, length)), text, elsewhere: elsewhere.map(range) }
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
