//! The encoding of a document's state for a cache alone: what a sandbox that starts reads first.
//!
//! A document keeps long lists of its past, of which a save needs next to nothing. Here they are
//! rows of bytes (modules `rows` and `past`), and the changes are read once they are asked for;
//! what is short is CBOR as everywhere. Must never leave a point of presence: other places read
//! [`Encode::encode`](codec::Encode::encode)'s bytes, and nobody may take these for those.

use std::borrow::Cow;
use std::sync::Arc;

use redwedding_text::Columns;
use redwedding_wire::codec::{self, DecodeError};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, FlushId};
use redwedding_wire::pieces::Pieces;
use redwedding_wire::version::{Cursor, ObjectId, OriginText, Place, Root, TextParts, VersionRef};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

use super::changes::ChangesWire;
use super::open_below::{OpenBelowWire, open_below_from, open_below_wire};
use super::parts::{Parts, TipWire, VersionWire, version_wire};
use super::texts::{DetachedBaseWire, replayed_wire, take_replayed, text_from};
use crate::document::open::AllOpen;
use crate::document::past::{self, Past, read_number, read_place, write_place};
use crate::document::rows::{Rows, RowsIn};
use crate::document::{Announced, Changes, Document, Known, Quarantined, SegmentRef, State};
use crate::entry::Intent;
use crate::limits;

/// No other encoding of a document has had it.
const FORMAT: u8 = 6;

/// Format; the text as [`Columns`] has it, and what of its concurrent changes was replayed, or
/// nothing; rows of changes, and their texts; rows of other lists; the rest.
#[derive(Serialize)]
struct OwnWire<'a>(
    u8,
    Cow<'a, str>,
    &'a Bytes,
    Cow<'a, str>,
    &'a Bytes,
    Cow<'a, str>,
    &'a Bytes,
    &'a Bytes,
    &'a str,
    &'a Bytes,
    RestWire<'a>,
);

/// How many elements the array has.
const PIECES: u64 = 11;

/// Key, cursor, place, the last change below the floor and the hash of all of them, archive, tip,
/// quarantined entries, extensions, what is open below the floor, detached bases.
#[derive(Serialize, Deserialize)]
struct RestWire<'a>(
    DocumentKey,
    Cursor,
    Place,
    ChangesWire,
    Digest,
    Vec<SegmentRef>,
    Option<TipWire>,
    Vec<Quarantined>,
    ByteBuf,
    Option<OpenBelowWire>,
    Vec<DetachedBaseWire<'a>>,
);

impl Document {
    /// Its bytes, for a cache. Never those of [`Encode::encode`](codec::Encode::encode).
    #[must_use]
    pub fn encode_own(&self) -> Vec<u8> {
        write(&self.state)
    }

    /// The document with these bytes. They are not compared with what would be written.
    ///
    /// # Errors
    /// If the bytes are too long, malformed, of another format, or their parts do not fit each
    /// other.
    pub fn decode_own(bytes: &[u8]) -> Result<Self, DecodeError> {
        read(bytes, None).map(|state| Document { state: Arc::new(state) })
    }
}

/// A state's bytes.
pub(super) fn write(state: &State) -> Vec<u8> {
    let Columns { text, made, inserted, applied, removed } = state.text.columns();
    let (made, applied) = (Bytes::new(&made), Bytes::new(&applied));
    let replayed = replayed_wire(&state.text);
    let replayed = Bytes::new(&replayed);
    let (past, newest) = state.changes.past_and_newest();
    let changes = past::write(past, newest);
    let lists = lists_of(state);
    let rest = RestWire(
        state.key.clone(),
        state.cursor,
        state.place,
        ChangesWire::below(&state.changes),
        state.changes.hash_below(),
        state.archive.clone(),
        state.origin.tip.as_ref().map(TipWire::of),
        state.quarantined.clone(),
        ByteBuf::from(&state.extensions[..]),
        open_below_wire(&state.open_below),
        state.detached_bases.iter().map(DetachedBaseWire::of).collect(),
    );
    let (rows, texts, lists) = (&changes.bytes, &changes.texts[..], Bytes::new(&lists.bytes));
    let texts_of_changes = [&text, &inserted, &removed].map(|text| text.len());
    let bytes = texts_of_changes.into_iter().sum::<usize>() + rows.len() + texts.len();
    let columns = made.len() + applied.len() + replayed.len();
    let room = bytes + columns + lists.len() + 1_024;
    let rows = Bytes::new(rows);
    let wire =
        OwnWire(FORMAT, text, made, inserted, applied, removed, replayed, rows, texts, lists, rest);
    codec::to_vec_of(&wire, room)
}

/// The state with these bytes, of which the first changes, so many, are in the log's order and the
/// others in no log; all of them where nothing is said.
pub(super) fn read(bytes: &[u8], confirmed: Option<usize>) -> Result<State, DecodeError> {
    codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
    let mut pieces = Pieces::of_array(bytes, PIECES)?;
    let format = pieces.number()?;
    if format != u64::from(FORMAT) {
        return Err(DecodeError::Format(format as u8, FORMAT));
    }
    let columns = Columns {
        text: pieces.text()?.into(),
        made: pieces.bytes()?.to_vec(),
        inserted: pieces.text()?.into(),
        applied: pieces.bytes()?.to_vec(),
        removed: pieces.text()?.into(),
    };
    let replayed = pieces.bytes()?;
    let past = Past::of(pieces.bytes()?, pieces.text()?)?;
    let mut lists = RowsIn { bytes: pieces.bytes()?, texts: "" };
    let rest = codec::from_own(pieces.rest())?;
    let mut parts = parts_of((columns, past), &mut lists, rest)?;
    take_replayed(&mut parts.text, replayed)?;
    let open = AllOpen::read(&mut lists, parts.changes.len())?;
    if !lists.is_over() {
        return Err(DecodeError::invalid("more rows than a document has"));
    }
    let confirmed = confirmed.unwrap_or(parts.changes.len());
    Ok(State { open, ..parts.into_state(confirmed)? })
}

fn lists_of(state: &State) -> Rows {
    let mut rows = Rows::default();
    rows.count(state.objects.len());
    for (id, version) in &state.objects {
        rows.name(&id.0.to_le_bytes());
        write_version_ref(&mut rows, version);
    }
    rows.count(state.aliases.len());
    for (actor, index) in &state.aliases {
        rows.name(&actor.0.to_le_bytes());
        rows.number(*index);
    }
    rows.count(state.origin.known.len());
    state.origin.known.iter().for_each(|known| write_known(&mut rows, known));
    rows.count(state.origin.intents.len());
    state.origin.intents.iter().for_each(|announced| write_announced(&mut rows, announced));
    state.open_upto(state.changes.len()).write(&mut rows);
    rows
}

/// The parts of a document, of which the lists are read in the order of [`lists_of`].
fn parts_of(
    (columns, past): (Columns<'_>, Past),
    rows: &mut RowsIn<'_>,
    rest: RestWire<'_>,
) -> Result<Parts, DecodeError> {
    let RestWire(
        key,
        cursor,
        place,
        below,
        hash,
        archive,
        tip,
        quarantined,
        extensions,
        open,
        detached,
    ) = rest;
    let actors: Vec<u64> = past.actors().collect();
    let text = text_from(columns, &actors)?;
    let floor = text.history().floor() as usize;
    let below = below.read(floor.saturating_sub(1))?;
    // The text has as many changes above its floor as it has actors.
    if below.len() != floor.min(1) {
        return Err(DecodeError::invalid("the change below the floor is not as the floor"));
    }
    let objects = rows
        .list(22, |rows| Ok((ObjectId(read_number(rows)?), Arc::new(read_version_ref(rows)?))))?;
    let alias = |rows: &mut RowsIn<'_>| Ok((Actor(read_number(rows)?), rows.number()?));
    Ok(Parts {
        key,
        cursor,
        place,
        text,
        changes: Changes::of_past(floor, below.into_iter().next(), hash, past),
        archive,
        tip,
        objects,
        aliases: rows.list(9, alias)?,
        known: rows.list(19, read_known)?,
        intents: rows.list(48, read_announced)?,
        detached_bases: detached
            .into_iter()
            .map(DetachedBaseWire::read)
            .collect::<Result<_, _>>()?,
        quarantined,
        extensions: extensions.into_vec(),
        open_below: open_below_from(open, floor)?,
    })
}

/// What a version stands on, and what it has beside.
const ON_ORIGIN: u8 = 1;
const CHECKED: u8 = 2;
const HIDES: u8 = 4;
const PUTS: u8 = 8;

fn write_version_ref(rows: &mut Rows, version: &VersionRef) {
    let on_origin = if let Root::Origin(_) = version.root { ON_ORIGIN } else { 0 };
    let checked = if version.check.is_some() { CHECKED } else { 0 };
    let hides = if version.hidden.is_some() { HIDES } else { 0 };
    let puts = if version.put.is_some() { PUTS } else { 0 };
    rows.name(&[on_origin | checked | hides | puts]);
    match version.root {
        Root::Log(place) => write_place(rows, place),
        Root::Origin(text) => write_origin_text(rows, text),
    }
    rows.count(version.extra.len());
    version.extra.iter().for_each(|actor| rows.name(&actor.0.to_le_bytes()));
    version.check.iter().for_each(|check| rows.name(&check.to_le_bytes()));
    if let Some(TextParts(hidden)) = version.hidden.as_deref() {
        rows.count(hidden.len());
        hidden.iter().flat_map(|(at, len)| [*at, *len]).for_each(|number| rows.number(number));
    }
    if let Some(TextParts(put)) = version.put.as_deref() {
        rows.count(put.len());
        for (at, text) in put {
            rows.number(*at);
            rows.text_in_row(text);
        }
    }
}

fn read_version_ref(rows: &mut RowsIn<'_>) -> Result<VersionRef, DecodeError> {
    let [there] = rows.name()?;
    let is = |flag: u8| there & flag != 0;
    let root = match is(ON_ORIGIN) {
        true => Root::Origin(read_origin_text(rows)?),
        false => Root::Log(read_place(rows)?),
    };
    let extra = rows.list(8, |rows| Ok(Actor(read_number(rows)?)))?;
    let check = is(CHECKED).then(|| rows.name().map(u32::from_le_bytes)).transpose()?;
    let pair = |rows: &mut RowsIn<'_>| Ok((rows.number()?, rows.number()?));
    let hidden =
        is(HIDES).then(|| rows.list(2, pair).map(|it| Box::new(TextParts(it)))).transpose()?;
    let text = |rows: &mut RowsIn<'_>| Ok((rows.number()?, rows.text_in_row()?));
    let put = is(PUTS).then(|| rows.list(2, text).map(|it| Box::new(TextParts(it)))).transpose()?;
    Ok(VersionRef { root, extra, check, hidden, put })
}

fn write_origin_text(rows: &mut Rows, text: OriginText) {
    rows.number(text.revision);
    rows.name(&text.text.0);
}

fn read_origin_text(rows: &mut RowsIn<'_>) -> Result<OriginText, DecodeError> {
    Ok(OriginText { revision: rows.number()?, text: Digest(rows.name()?) })
}

fn write_known(rows: &mut Rows, known: &Known) {
    write_origin_text(rows, known.text);
    let (prefix, extra) = version_wire(&known.version);
    rows.number(prefix);
    rows.count(extra.len());
    extra.into_iter().for_each(|change| rows.number(change));
}

fn read_known(rows: &mut RowsIn<'_>) -> Result<(OriginText, VersionWire), DecodeError> {
    let (text, prefix) = (read_origin_text(rows)?, rows.number()?);
    Ok((text, (prefix, rows.list(1, RowsIn::number)?)))
}

fn write_announced(rows: &mut Rows, announced: &Announced) {
    let Announced { intent, place, logged_ms, state } = announced;
    rows.name(&intent.flush.0);
    write_place(rows, intent.upto);
    rows.number(intent.tip);
    rows.name(&intent.text.0);
    write_place(rows, *place);
    rows.number(*logged_ms);
    rows.name(&[*state]);
}

fn read_announced(rows: &mut RowsIn<'_>) -> Result<Announced, DecodeError> {
    let intent = Intent {
        flush: FlushId(rows.name()?),
        upto: read_place(rows)?,
        tip: rows.number()?,
        text: Digest(rows.name()?),
    };
    let (place, logged_ms, [state]) = (read_place(rows)?, rows.number()?, rows.name()?);
    Ok(Announced { intent, place, logged_ms, state })
}
