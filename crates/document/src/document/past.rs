//! Changes as a cache has them: rows of bytes, of which each is read once it is asked for.
//!
//! A page keeps thousands of changes, and a save asks for a few. So a sandbox that starts looks
//! through the rows, which makes nothing of them, and notes where each is and what is looked for.
//! May assume nothing about the bytes: rows that cannot be read are refused when they are looked
//! through. Must never be changed: clones of a document share it.

use std::sync::{Arc, OnceLock};

use redwedding_wire::codec::DecodeError;
use redwedding_wire::identity::{Actor, EditId};
use redwedding_wire::version::Place;

use super::change::{Change, Hidden, Settled};
use super::rows::{Rows, RowsIn};
use crate::entry::{Client, Note};

/// Changes in a row.
#[derive(Debug)]
pub(super) struct Past {
    rows: Vec<u8>,
    texts: String,
    listed: Vec<Listed>,
    read: Vec<OnceLock<Arc<Change>>>,
    first_hiding: Option<usize>,
    greatest_met: Option<u32>,
}

/// What is known of a change that was not read.
#[derive(Clone, Copy, Debug)]
struct Listed {
    actor: Actor,
    place: Place,
    edit_mark: u32,
    /// Where its row begins, and its texts.
    row: u32,
    texts: u32,
}

/// Some bits of an actor, by which it is looked for.
pub(super) fn mark_of_actor(Actor(actor): Actor) -> u32 {
    actor as u32
}

/// Some bits of an edit id.
pub(super) fn mark_of_edit(EditId([a, b, c, d, ..]): EditId) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}

impl Past {
    /// Looks through rows, and the texts that belong to them.
    ///
    /// # Errors
    /// If they are not the rows of changes.
    pub(super) fn of(rows: &[u8], texts: &str) -> Result<Self, DecodeError> {
        let mut past = Self {
            rows: rows.to_vec(),
            texts: texts.to_owned(),
            listed: Vec::with_capacity(rows.len() / LEAST),
            read: Vec::new(),
            first_hiding: None,
            greatest_met: None,
        };
        let mut left = RowsIn { bytes: rows, texts };
        while !left.bytes.is_empty() {
            let at = [rows.len() - left.bytes.len(), texts.len() - left.texts.len()];
            past.look_at(&mut left, at)?;
        }
        if !left.is_over() {
            return Err(DecodeError::invalid("a text belongs to no change"));
        }
        past.read.resize_with(past.listed.len(), OnceLock::new);
        Ok(past)
    }

    fn look_at(
        &mut self,
        rows: &mut RowsIn<'_>,
        [row, texts]: [usize; 2],
    ) -> Result<(), DecodeError> {
        let [there, _] = rows.name()?;
        let is = |flag: u8| there & flag != 0;
        let actor = Actor(read_number(rows)?);
        let place = read_place(rows)?;
        let [..]: [u8; TIMES_AND_LENGTH] = rows.name()?;
        let edit = if is(BY_EDIT) { EditId(rows.name()?) } else { EditId::default() };
        if is(NOTED) {
            rows.skip_text()?;
            rows.skip_text()?;
            let [_minor, _action] = rows.name()?;
        }
        if is(OF_CLIENT) {
            let [..]: [u8; 8] = rows.name()?;
            rows.each(|rows| rows.name::<16>().map(|_| ()))?;
        }
        if is(ABOUT) {
            let _about: u64 = rows.number()?;
        }
        let mut met = self.greatest_met;
        if is(OVERLAPPING) {
            rows.each(|rows| {
                let (_, _, with) = read_overlap(rows)?;
                met = met.max(Some(with));
                Ok(())
            })?;
        }
        if is(HIDING) {
            rows.each(|rows| {
                let (_start, _end): (u32, u32) = (rows.number()?, rows.number()?);
                rows.skip_text()?;
                rows.range_or_none().map(|_| ())
            })?;
            self.first_hiding = self.first_hiding.or(Some(self.listed.len()));
        }
        if is(SETTLING) {
            rows.each(|rows| read_settled(rows).map(|_| ()))?;
        }
        self.greatest_met = met;
        let edit_mark = mark_of_edit(edit);
        let (row, texts) = (row as u32, texts as u32);
        self.listed.push(Listed { actor, place, edit_mark, row, texts });
        Ok(())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    /// One of them, which must be there.
    pub(super) fn change(&self, at: usize) -> &Arc<Change> {
        self.read[at].get_or_init(|| {
            let Listed { row, texts, .. } = self.listed[at];
            let (bytes, texts) = (&self.rows[row as usize..], &self.texts[texts as usize..]);
            let change = read_change(&mut RowsIn { bytes, texts });
            // It was looked through.
            debug_assert!(change.is_ok());
            Arc::new(change.unwrap_or_default())
        })
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Change>> {
        (0..self.len()).map(|at| self.change(at))
    }

    /// Who made them.
    pub(super) fn actors(&self) -> impl Iterator<Item = u64> {
        self.listed.iter().map(|listed| listed.actor.0)
    }

    /// Where in the log they stand.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.listed.iter().map(|listed| listed.place)
    }

    /// How many there are up to the first whose place does not hold this.
    pub(super) fn count_upto(&self, upto: impl Fn(Place) -> bool) -> usize {
        self.listed.partition_point(|listed| upto(listed.place))
    }

    /// Marks of their actors and edit ids.
    pub(super) fn marks(&self) -> (Vec<u32>, Vec<u32>) {
        let actors = self.listed.iter().map(|listed| mark_of_actor(listed.actor));
        (actors.collect(), self.listed.iter().map(|listed| listed.edit_mark).collect())
    }

    /// The first one that hides something.
    pub(super) fn first_hiding(&self) -> Option<usize> {
        self.first_hiding
    }

    /// The greatest index that an overlap of theirs names.
    pub(super) fn greatest_met(&self) -> Option<u32> {
        self.greatest_met
    }
}

/// Bytes that each row has, or more.
const LEAST: usize = 42;
/// Bytes that most rows do not go beyond, and most of their texts.
const USUAL: usize = 128;
/// Two times and the text's length.
const TIMES_AND_LENGTH: usize = 20;

/// What there is of a change beside what each has.
const BY_EDIT: u8 = 1;
const NOTED: u8 = 2;
const OF_CLIENT: u8 = 4;
const ABOUT: u8 = 8;
const OVERLAPPING: u8 = 16;
const HIDING: u8 = 32;
const SETTLING: u8 = 64;

/// Writes changes: those that are rows already, and the others behind.
pub(super) fn write(past: Option<&Past>, newest: &[Arc<Change>]) -> Rows {
    let (bytes, texts) = past.map_or((&[][..], ""), |past| (&past.rows[..], &past.texts[..]));
    let mut rows = Rows {
        bytes: Vec::with_capacity(bytes.len() + newest.len() * USUAL),
        texts: String::with_capacity(texts.len() + newest.len() * USUAL),
    };
    rows.bytes.extend_from_slice(bytes);
    rows.texts.push_str(texts);
    newest.iter().for_each(|change| write_change(&mut rows, change));
    rows
}

fn write_change(rows: &mut Rows, change: &Change) {
    let there = [
        (BY_EDIT, change.edit != EditId::default()),
        (NOTED, change.note != Note::default()),
        (OF_CLIENT, change.client.is_some()),
        (ABOUT, change.about != 0),
        (OVERLAPPING, !change.overlaps.is_empty()),
        (HIDING, !change.hidden.is_empty()),
        (SETTLING, !change.settles.is_empty()),
    ];
    let there: u8 = there.iter().map(|(flag, there)| if *there { *flag } else { 0 }).sum();
    rows.name(&[there, change.kind]);
    rows.name(&change.actor.0.to_le_bytes());
    write_place(rows, change.place);
    rows.name(&change.time_ms.to_le_bytes());
    rows.name(&change.logged_ms.to_le_bytes());
    rows.name(&change.bytes.to_le_bytes());
    if there & BY_EDIT != 0 {
        rows.name(&change.edit.0);
    }
    if there & NOTED != 0 {
        rows.text(&change.note.author);
        rows.text(&change.note.comment);
        rows.name(&[change.note.minor.into(), change.note.action]);
    }
    if let Some(client) = &change.client {
        rows.name(&client.number.to_le_bytes());
        rows.count(client.earlier.len());
        client.earlier.iter().for_each(|edit| rows.name(&edit.0));
    }
    if there & ABOUT != 0 {
        rows.number(change.about);
    }
    if there & OVERLAPPING != 0 {
        rows.count(change.overlaps.len());
        let numbers = change.overlaps.iter().flat_map(|(start, len, with)| [*start, *len, *with]);
        numbers.for_each(|number| rows.number(number));
    }
    if there & HIDING != 0 {
        rows.count(change.hidden.len());
        for hidden in &change.hidden {
            rows.number(hidden.at.start);
            rows.number(hidden.at.end);
            rows.text(&hidden.text);
            rows.range_or_none(hidden.elsewhere.as_ref());
        }
    }
    if there & SETTLING != 0 {
        rows.count(change.settles.len());
        for Settled { of, at } in &change.settles {
            rows.number(of.0);
            rows.number(of.1);
            rows.range_or_none(at.as_ref());
        }
    }
}

fn read_change(rows: &mut RowsIn<'_>) -> Result<Change, DecodeError> {
    let [there, kind] = rows.name()?;
    let is = |flag: u8| there & flag != 0;
    let actor = Actor(read_number(rows)?);
    let place = read_place(rows)?;
    let (time_ms, logged_ms) = (read_number(rows)?, read_number(rows)?);
    let bytes = u32::from_le_bytes(rows.name()?);
    let edit = if is(BY_EDIT) { EditId(rows.name()?) } else { EditId::default() };
    let note = if is(NOTED) { read_note(rows)? } else { Note::default() };
    let client = is(OF_CLIENT).then(|| read_client(rows)).transpose()?;
    let about = if is(ABOUT) { rows.number()? } else { 0 };
    let overlaps = if is(OVERLAPPING) { rows.list(3, read_overlap)? } else { Vec::new() };
    let hidden = if is(HIDING) { rows.list(5, read_hidden)? } else { Vec::new() };
    let settles = if is(SETTLING) { rows.list(4, read_settled)? } else { Vec::new() };
    Ok(Change {
        actor,
        place,
        kind,
        edit,
        note,
        client,
        time_ms,
        logged_ms,
        about,
        bytes,
        overlaps,
        hidden,
        settles,
    })
}

fn read_note(rows: &mut RowsIn<'_>) -> Result<Note, DecodeError> {
    let (author, comment) = (rows.text()?, rows.text()?);
    let [minor, action] = rows.name()?;
    Ok(Note { author, comment, minor: minor != 0, action })
}

fn read_client(rows: &mut RowsIn<'_>) -> Result<Box<Client>, DecodeError> {
    let number = read_number(rows)?;
    let earlier = rows.list(16, |rows| Ok(EditId(rows.name()?)))?;
    Ok(Box::new(Client { number, earlier }))
}

fn read_overlap(rows: &mut RowsIn<'_>) -> Result<(u32, u32, u32), DecodeError> {
    Ok((rows.number()?, rows.number()?, rows.number()?))
}

fn read_hidden(rows: &mut RowsIn<'_>) -> Result<Hidden, DecodeError> {
    let (at, text) = (rows.number()?..rows.number()?, rows.text()?);
    Ok(Hidden { at, text, elsewhere: rows.range_or_none()? })
}

fn read_settled(rows: &mut RowsIn<'_>) -> Result<Settled, DecodeError> {
    let of = (rows.number()?, rows.number()?);
    Ok(Settled { of, at: rows.range_or_none()? })
}

/// Position and check, at full length: what each of many has is read faster so.
pub(super) fn write_place(rows: &mut Rows, place: Place) {
    rows.name(&place.position.to_le_bytes());
    rows.name(&place.check.to_le_bytes());
}

/// What [`write_place`] wrote.
pub(super) fn read_place(rows: &mut RowsIn<'_>) -> Result<Place, DecodeError> {
    Ok(Place { position: read_number(rows)?, check: u32::from_le_bytes(rows.name()?) })
}

/// A number at full length.
pub(super) fn read_number(rows: &mut RowsIn<'_>) -> Result<u64, DecodeError> {
    rows.name().map(u64::from_le_bytes)
}
