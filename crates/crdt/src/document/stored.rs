//! The encoding of a confirmed document: what snapshots and caches hold.
//!
//! What decodes is checked: a document whose parts do not fit each other is an
//! error, never a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{
    Announced, Change, Document, IntentState, Known, Origin, Quarantined, Seed, State, Tip,
};
use crate::codec::{self, Decode, DecodeError, Encode, optional_patch_wire, patch_wire};
use crate::identity::{Actor, DocumentKey};
use crate::limits;
use crate::text::{Patch, Record, Text, Version};
use crate::version::{Cursor, ObjectId, OriginText, Place, Position, VersionRef};

const FORMAT: u8 = 1;

#[derive(Serialize_tuple, Deserialize_tuple)]
struct DocumentWire {
    format: u8,
    key: DocumentKey,
    cursor: Cursor,
    place: Place,
    floor: Position,
    text: TextWire,
    changes: Vec<Arc<Change>>,
    tip: Option<TipWire>,
    intents: Vec<Announced>,
    known: Vec<(OriginText, VersionWire)>,
    seeds: Vec<SeedWire>,
    objects: Vec<Arc<(ObjectId, VersionRef)>>,
    aliases: Vec<(Actor, u32)>,
    quarantined: Vec<Quarantined>,
    #[serde(with = "serde_bytes")]
    extensions: Vec<u8>,
}

type VersionWire = (u32, Vec<u32>);

#[derive(Serialize_tuple, Deserialize_tuple)]
struct TextWire {
    text: String,
    records: Vec<RecordWire>,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct RecordWire {
    id: u64,
    base: VersionWire,
    #[serde(with = "patch_wire")]
    patch: Patch,
    #[serde(with = "optional_patch_wire")]
    effect: Option<Patch>,
    removed: String,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct TipWire {
    stored: OriginText,
    version: VersionWire,
    exact: bool,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
struct SeedWire {
    name: OriginText,
    text: TextWire,
    mapped: Vec<u32>,
    onto: VersionWire,
}

fn version_wire(version: &Version) -> VersionWire {
    (version.prefix(), version.extra().to_vec())
}

fn version_from(wire: VersionWire, changes: usize) -> Result<Version, DecodeError> {
    let version = Version::new(wire.0, wire.1.clone());
    if version_wire(&version) != wire {
        return Err(DecodeError::NotCanonical);
    }
    let inside = version.end() as usize <= changes;
    inside.then_some(version).ok_or_else(|| DecodeError::invalid("a version names no change"))
}

fn text_wire(text: &Text) -> TextWire {
    let records = text.history().iter().map(|record| RecordWire {
        id: record.id,
        base: version_wire(&record.base),
        patch: record.patch.clone(),
        effect: record.effect.clone(),
        removed: record.removed.clone(),
    });
    TextWire { text: text.text().to_owned(), records: records.collect() }
}

fn text_from(wire: TextWire) -> Result<Text, DecodeError> {
    let records = wire.records.into_iter().enumerate().map(|(index, record)| {
        if record.effect.as_ref() == Some(&record.patch) {
            return Err(DecodeError::NotCanonical);
        }
        Ok(Record {
            id: record.id,
            base: version_from(record.base, index)?,
            patch: record.patch,
            effect: record.effect,
            removed: record.removed,
        })
    });
    let records = records.collect::<Result<_, DecodeError>>()?;
    Text::from_parts(wire.text, records).map_err(|error| DecodeError::Invalid(error.to_string()))
}

impl Encode for Document {
    fn encode(&self) -> Vec<u8> {
        let state = &self.state;
        let origin = &state.origin;
        codec::to_vec(&DocumentWire {
            format: FORMAT,
            key: state.key.clone(),
            cursor: state.cursor,
            place: state.place,
            floor: state.floor,
            text: text_wire(&state.text),
            changes: state.changes.clone(),
            tip: origin.tip.as_ref().map(|tip| TipWire {
                stored: tip.stored,
                version: version_wire(&tip.version),
                exact: tip.exact,
            }),
            intents: origin.intents.clone(),
            known: origin.known.iter().map(|k| (k.text, version_wire(&k.version))).collect(),
            seeds: state.seeds.iter().map(seed_wire).collect(),
            objects: state.objects.clone(),
            aliases: state.aliases.clone(),
            quarantined: state.quarantined.clone(),
            extensions: state.extensions.clone(),
        })
    }
}

fn seed_wire(seed: &Seed) -> SeedWire {
    SeedWire {
        name: seed.name,
        text: text_wire(&seed.text),
        mapped: seed.mapped.clone(),
        onto: version_wire(&seed.onto),
    }
}

fn seed_from(wire: SeedWire, changes: usize) -> Result<Seed, DecodeError> {
    let text = text_from(wire.text)?;
    let fits = text.history().len() as usize == wire.mapped.len() + 1
        && wire.mapped.iter().all(|index| (*index as usize) < changes);
    if !fits {
        return Err(DecodeError::invalid("a seed's edits do not fit the document"));
    }
    let onto = version_from(wire.onto, changes)?;
    Ok(Seed { name: wire.name, text, mapped: wire.mapped, onto })
}

/// What the fold itself never passes.
fn check_bounds(wire: &DocumentWire) -> Result<(), DecodeError> {
    let within = wire.intents.len() <= limits::INTENTS
        && wire.known.len() <= limits::ORIGIN_TEXTS
        && wire.seeds.iter().filter(|seed| seed.mapped.is_empty()).count() <= limits::SEEDS
        && wire.objects.len() <= limits::OBJECTS
        && wire.aliases.len() <= limits::ALIASES
        && wire.quarantined.len() <= limits::QUARANTINED;
    if !within {
        return Err(DecodeError::invalid("a list is longer than it may be"));
    }
    let open = wire.intents.iter().filter(|known| known.state == IntentState::Open as u8).count();
    if open > 1 {
        return Err(DecodeError::invalid("more than one intent is open"));
    }
    let met = wire.changes.iter().flat_map(|change| &change.overlaps).map(|overlap| overlap.2);
    match met.max().is_none_or(|index| (index as usize) < wire.changes.len()) {
        true => Ok(()),
        false => Err(DecodeError::invalid("an overlap names no change")),
    }
}

impl Decode for Document {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        Self::from_wire(codec::from_slice(bytes)?)
    }
}

impl Document {
    /// As [`Decode::decode`], but see [`codec::from_own`]: for a cache's bytes.
    pub fn decode_own(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        Self::from_wire(codec::from_own(bytes)?)
    }

    fn from_wire(wire: DocumentWire) -> Result<Self, DecodeError> {
        codec::known_format(wire.format, FORMAT)?;
        wire.key.check().map_err(|error| DecodeError::Invalid(error.to_string()))?;
        check_bounds(&wire)?;
        let text = text_from(wire.text)?;
        let changes = wire.changes.len();
        if text.history().len() as usize != changes {
            return Err(DecodeError::invalid("text and list of changes differ in length"));
        }
        if !wire.changes.windows(2).all(|pair| pair[0].place.position <= pair[1].place.position) {
            return Err(DecodeError::invalid("changes are not in the log's order"));
        }
        let distinct: BTreeSet<_> = wire.objects.iter().map(|object| object.0).collect();
        if distinct.len() < wire.objects.len() {
            return Err(DecodeError::invalid("a version object is listed twice"));
        }
        if !wire.aliases.iter().all(|alias| (alias.1 as usize) < changes) {
            return Err(DecodeError::invalid("an alias names no change"));
        }
        let tip = wire.tip.map(|tip| {
            let version = version_from(tip.version, changes)?;
            Ok(Tip { stored: tip.stored, version, exact: tip.exact })
        });
        let known = wire
            .known
            .into_iter()
            .map(|(text, version)| Ok(Known { text, version: version_from(version, changes)? }));
        let seeds = wire.seeds.into_iter().map(|seed| seed_from(seed, changes));
        Ok(Self {
            state: State {
                key: wire.key,
                cursor: wire.cursor,
                place: wire.place,
                floor: wire.floor,
                text,
                changes: wire.changes,
                origin: Origin {
                    tip: tip.transpose()?,
                    intents: wire.intents,
                    known: known.collect::<Result<_, DecodeError>>()?,
                },
                seeds: seeds.collect::<Result<_, _>>()?,
                objects: wire.objects,
                aliases: wire.aliases,
                quarantined: wire.quarantined,
                extensions: wire.extensions,
            },
        })
    }
}
