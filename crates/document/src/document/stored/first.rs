//! Format 1, of before texts were stored in columns: read, and not written any more.

use std::sync::Arc;

use redwedding_text::{Patch, Record, Text};
use redwedding_wire::codec::{self, DecodeError};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{Cursor, ObjectId, OriginText, Place, Position, VersionRef};
use serde_tuple::Deserialize_tuple;

use super::parts::{DetachedBaseParts, Parts, TipWire, VersionWire, version_from};
use crate::document::{Announced, Change, Changes, Quarantined};
use crate::entry::Note;
use crate::patch_wire;

#[derive(Deserialize_tuple)]
struct DocumentV1 {
    format: u8,
    key: DocumentKey,
    cursor: Cursor,
    place: Place,
    floor: Position,
    text: TextV1,
    changes: Vec<ChangeV1>,
    tip: Option<TipWire>,
    intents: Vec<Announced>,
    known: Vec<(OriginText, VersionWire)>,
    detached_bases: Vec<DetachedBaseV1>,
    objects: Vec<(ObjectId, Arc<VersionRef>)>,
    aliases: Vec<(Actor, u32)>,
    quarantined: Vec<Quarantined>,
    #[serde(with = "serde_bytes")]
    extensions: Vec<u8>,
}

#[derive(Deserialize_tuple)]
struct ChangeV1 {
    actor: Actor,
    place: Place,
    kind: u8,
    edit: EditId,
    note: Note,
    time_ms: u64,
    logged_ms: u64,
    about: u64,
    bytes: u32,
    overlaps: Vec<(u32, u32, u32)>,
}

#[derive(Deserialize_tuple)]
struct TextV1 {
    text: String,
    records: Vec<RecordV1>,
}

#[derive(Deserialize_tuple)]
struct RecordV1 {
    id: u64,
    base: VersionWire,
    #[serde(with = "patch_wire")]
    patch: Patch,
    #[serde(with = "patch_wire::optional")]
    effect: Option<Patch>,
    removed: String,
}

#[derive(Deserialize_tuple)]
struct DetachedBaseV1 {
    name: OriginText,
    text: TextV1,
    mapped: Vec<u32>,
    onto: VersionWire,
}

/// The parts of a document in this format.
pub(super) fn read(bytes: &[u8]) -> Result<Parts, DecodeError> {
    let wire: DocumentV1 = codec::from_own(bytes)?;
    codec::known_format(wire.format, 1)?;
    if wire.floor != 0 {
        return Err(DecodeError::invalid("this format has no floor"));
    }
    let text = text_from(wire.text)?;
    if text.history().len() as usize != wire.changes.len() {
        return Err(DecodeError::invalid("text and list of changes differ in length"));
    }
    let detached = wire.detached_bases.into_iter().map(|detached| {
        let (name, mapped, onto) = (detached.name, detached.mapped, detached.onto);
        Ok(DetachedBaseParts { name, text: text_from(detached.text)?, mapped, onto })
    });
    Ok(Parts {
        key: wire.key,
        cursor: wire.cursor,
        place: wire.place,
        text,
        changes: Changes::above(
            0,
            None,
            Default::default(),
            wire.changes.into_iter().map(change_from).collect(),
        ),
        archive: Vec::new(),
        tip: wire.tip,
        intents: wire.intents,
        known: wire.known,
        detached_bases: detached.collect::<Result<_, DecodeError>>()?,
        objects: wire.objects,
        aliases: wire.aliases,
        quarantined: wire.quarantined,
        extensions: wire.extensions,
        open_below: Vec::new(),
    })
}

fn text_from(wire: TextV1) -> Result<Text, DecodeError> {
    let records = wire.records.into_iter().enumerate().map(|(index, record)| {
        if record.effect.as_ref() == Some(&record.patch) {
            return Err(DecodeError::NotCanonical);
        }
        Ok(Record {
            id: record.id.into(),
            base: version_from(record.base, index)?,
            patch: record.patch,
            effect: record.effect,
            removed: record.removed,
        })
    });
    let records = records.collect::<Result<Vec<_>, DecodeError>>()?;
    Text::from_changes(wire.text, records).map_err(|error| DecodeError::Invalid(error.to_string()))
}

fn change_from(wire: ChangeV1) -> Arc<Change> {
    Arc::new(Change {
        client: None,
        actor: wire.actor,
        place: wire.place,
        kind: wire.kind,
        edit: wire.edit,
        note: wire.note,
        time_ms: wire.time_ms,
        logged_ms: wire.logged_ms,
        about: wire.about,
        bytes: wire.bytes,
        overlaps: wire.overlaps,
        hidden: Vec::new(),
        settles: Vec::new(),
    })
}
