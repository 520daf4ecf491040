//! The list of changes in columns: of a save, little more than its ids is new.

use std::iter::Peekable;
use std::sync::Arc;

use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::DecodeError;
use redwedding_wire::identity::{Actor, EditId};
use redwedding_wire::version::Place;
use serde_bytes::ByteBuf;

use crate::document::change::Settled;
use crate::document::{Change, ChangeKind, Changes, Hidden};
use crate::entry::{Client, Note};

/// The index of a change, and what it decided.
type SettledRow = (u32, u32, u32, Option<(u32, u32)>);

/// Changes, each column in their order. The last one is written only where there is something.
pub(in crate::document) struct ChangesWire {
    /// Eight bytes each, little-endian.
    actors: ByteBuf,
    /// Four bytes each, little-endian.
    checks: ByteBuf,
    /// LEB128: see [`Numbers`].
    numbers: ByteBuf,
    /// Of each edit made here.
    edits: ByteBuf,
    notes: Vec<Note>,
    /// Each with the index of its change.
    overlaps: Vec<(u32, u32, u32, u32)>,
    /// Each with the index of its change; `None` for nothing.
    hidden: Option<Vec<(u32, u32, u32, String)>>,
    /// Clients, each with the index of its change; `None` for nothing.
    clients: Option<Vec<(u32, u64, Vec<EditId>)>>,
    /// What was decided of open versions, each with the index of its change; `None` for nothing.
    settles: Option<Vec<SettledRow>>,
    /// Of what is hidden of a move, the other place: the index of the change, which of what is
    /// hidden of it, start and end; `None` for nothing.
    elsewhere: Option<Vec<(u32, u32, u32, u32)>>,
}

array_with_optional_last!(
    ChangesWire {
        actors, checks, numbers, edits, notes, overlaps;
        hidden, clients, settles, elsewhere
    }
);

/// Numbers that are near those of the change before.
struct Numbers(Vec<u8>);

impl Numbers {
    fn push(&mut self, number: u64) {
        let mut buffer = unsigned_varint::encode::u64_buffer();
        self.0.extend_from_slice(unsigned_varint::encode::u64(number, &mut buffer));
    }

    /// A number that may be less or more than another.
    fn push_near(&mut self, number: u64, other: u64) {
        let difference = number.wrapping_sub(other) as i64;
        self.push(((difference << 1) ^ (difference >> 63)) as u64);
    }
}

struct NumbersIn<'a>(&'a [u8]);

impl NumbersIn<'_> {
    fn next(&mut self) -> Result<u64, DecodeError> {
        let (number, rest) = unsigned_varint::decode::u64(self.0)
            .map_err(|error| DecodeError::Malformed(error.to_string()))?;
        self.0 = rest;
        Ok(number)
    }

    fn next_near(&mut self, other: u64) -> Result<u64, DecodeError> {
        let number = self.next()?;
        Ok(other.wrapping_add((number >> 1) ^ (number & 1).wrapping_neg()))
    }
}

impl ChangesWire {
    /// The columns of some changes, the first of which has this index.
    pub(in crate::document) fn of(changes: &[Arc<Change>], first: usize) -> Self {
        let mut numbers = Numbers(Vec::with_capacity(changes.len() * 8));
        let mut wire = Self {
            actors: ByteBuf::with_capacity(changes.len() * 8),
            checks: ByteBuf::with_capacity(changes.len() * 4),
            numbers: ByteBuf::new(),
            edits: ByteBuf::with_capacity(changes.len() * 16),
            notes: changes.iter().map(|change| change.note.clone()).collect(),
            overlaps: Vec::new(),
            hidden: None,
            clients: None,
            settles: None,
            elsewhere: None,
        };
        let mut before = (0, 0, 0);
        for (change, index) in changes.iter().zip(first as u32..) {
            wire.actors.extend_from_slice(&change.actor.0.to_le_bytes());
            wire.checks.extend_from_slice(&change.place.check.to_le_bytes());
            let by_edit = change.edit != EditId::default();
            numbers.push(u64::from(change.kind) << 1 | u64::from(by_edit));
            if by_edit {
                wire.edits.extend_from_slice(&change.edit.0);
            }
            numbers.push_near(change.place.position, before.0);
            numbers.push_near(change.time_ms, before.1);
            numbers.push_near(change.logged_ms, change.time_ms);
            numbers.push_near(change.bytes.into(), before.2);
            before = (change.place.position, change.time_ms, change.bytes.into());
            if change.kind != ChangeKind::Edit as u8 {
                numbers.push(change.about);
            }
            let overlaps = change.overlaps.iter();
            wire.overlaps.extend(overlaps.map(|met| (index, met.0, met.1, met.2)));
            let hidden = change.hidden.iter();
            let hidden = hidden.map(|it| (index, it.at.start, it.at.end, it.text.clone()));
            if hidden.len() > 0 {
                wire.hidden.get_or_insert_default().extend(hidden);
            }
            for (number, hidden) in (0..).zip(&change.hidden) {
                if let Some(at) = &hidden.elsewhere {
                    let row = (index, number, at.start, at.end);
                    wire.elsewhere.get_or_insert_default().push(row);
                }
            }
            let settles = change.settles.iter().map(|it| {
                let at = it.at.as_ref().map(|at| (at.start, at.end));
                (index, it.of.0, it.of.1, at)
            });
            if settles.len() > 0 {
                wire.settles.get_or_insert_default().extend(settles);
            }
            if let Some(client) = &change.client {
                let Client { number, earlier } = Client::clone(client);
                wire.clients.get_or_insert_default().push((index, number, earlier));
            }
        }
        wire.numbers = ByteBuf::from(numbers.0);
        wire
    }

    /// The last change below the floor, or none.
    pub(in crate::document) fn below(changes: &Changes) -> Self {
        let below = changes.below().map(std::slice::from_ref).unwrap_or_default();
        Self::of(below, changes.floor().saturating_sub(1))
    }

    /// How many there are.
    pub(in crate::document) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Who made them.
    pub(in crate::document) fn actors(&self) -> Result<Vec<u64>, DecodeError> {
        let (actors, rest) = self.actors.as_chunks::<8>();
        match rest.is_empty() && actors.len() == self.len() {
            true => Ok(actors.iter().map(|actor| u64::from_le_bytes(*actor)).collect()),
            false => Err(DecodeError::invalid("there are not as many actors as changes")),
        }
    }

    /// Whether a column is written in which there is nothing.
    fn has_empty_column(&self) -> bool {
        self.hidden.as_ref().is_some_and(Vec::is_empty)
            || self.clients.as_ref().is_some_and(Vec::is_empty)
            || self.settles.as_ref().is_some_and(Vec::is_empty)
            || self.elsewhere.as_ref().is_some_and(Vec::is_empty)
    }

    /// The changes, the first of which has this index.
    pub(in crate::document) fn read(self, first: usize) -> Result<Vec<Arc<Change>>, DecodeError> {
        if self.has_empty_column() {
            return Err(DecodeError::NotCanonical);
        }
        let uneven = || DecodeError::invalid("the columns of changes differ in length");
        let (actors, (checks, rest)) = (self.actors()?, self.checks.as_chunks::<4>());
        let (mut edits, rest_of_edits) = {
            let (edits, rest) = self.edits.as_chunks::<16>();
            (edits.iter(), rest)
        };
        if !rest.is_empty() || !rest_of_edits.is_empty() || checks.len() != actors.len() {
            return Err(uneven());
        }
        let mut numbers = NumbersIn(&self.numbers);
        let mut overlaps = self.overlaps.into_iter().peekable();
        let mut clients = self.clients.into_iter().flatten().peekable();
        let mut hidden = self.hidden.into_iter().flatten().peekable();
        let mut settled = self.settles.into_iter().flatten().peekable();
        let mut elsewhere = self.elsewhere.into_iter().flatten().peekable();
        let mut before = (0, 0, 0);
        let mut changes = Vec::with_capacity(actors.len());
        let rows = actors.into_iter().zip(checks).zip(self.notes);
        for (((actor, check), note), index) in rows.zip(first as u32..) {
            let kind = numbers.next()?;
            let edit = match kind & 1 == 1 {
                true => EditId(*edits.next().ok_or_else(uneven)?),
                false => EditId::default(),
            };
            let kind = u8::try_from(kind >> 1).map_err(|_| uneven())?;
            let position = numbers.next_near(before.0)?;
            let time_ms = numbers.next_near(before.1)?;
            let logged_ms = numbers.next_near(time_ms)?;
            let bytes = numbers.next_near(before.2)?;
            before = (position, time_ms, bytes);
            let bytes = u32::try_from(bytes).map_err(|_| uneven())?;
            let about = if kind == ChangeKind::Edit as u8 { 0 } else { numbers.next()? };
            let mut met = Vec::new();
            while let Some((_, start, length, with)) = overlaps.next_if(|met| met.0 == index) {
                met.push((start, length, with));
            }
            let settles = settles_of(index, &mut settled);
            let client = clients.next_if(|it| it.0 == index);
            changes.push(Arc::new(Change {
                actor: Actor(actor),
                place: Place { position, check: u32::from_le_bytes(*check) },
                kind,
                edit,
                note,
                client: client.map(client_of).transpose()?,
                time_ms,
                logged_ms,
                about,
                bytes,
                overlaps: met,
                hidden: hidden_of(index, &mut hidden, &mut elsewhere),
                settles,
            }));
        }
        let over = numbers.0.is_empty()
            && edits.next().is_none()
            && overlaps.next().is_none()
            && hidden.next().is_none()
            && clients.next().is_none()
            && settled.next().is_none()
            && elsewhere.next().is_none();
        if over { Ok(changes) } else { Err(uneven()) }
    }
}

/// What is not shown of the change with this index.
fn hidden_of(
    index: u32,
    hidden: &mut Peekable<impl Iterator<Item = (u32, u32, u32, String)>>,
    elsewhere: &mut Peekable<impl Iterator<Item = (u32, u32, u32, u32)>>,
) -> Vec<Hidden> {
    let mut hides = Vec::new();
    while let Some((_, start, end, text)) = hidden.next_if(|it| it.0 == index) {
        let other = elsewhere.next_if(|it| (it.0, it.1 as usize) == (index, hides.len()));
        let elsewhere = other.map(|(.., start, end)| start..end);
        hides.push(Hidden { at: start..end, text, elsewhere });
    }
    hides
}

/// What was decided by the change with this index.
fn settles_of(
    index: u32,
    settled: &mut Peekable<impl Iterator<Item = SettledRow>>,
) -> Vec<Settled> {
    let mut settles = Vec::new();
    while let Some((_, of, number, at)) = settled.next_if(|it| it.0 == index) {
        let at = at.map(|(start, end)| start..end);
        settles.push(Settled { of: (of, number), at });
    }
    settles
}

fn client_of((_, number, earlier): (u32, u64, Vec<EditId>)) -> Result<Box<Client>, DecodeError> {
    match number == 0 && earlier.is_empty() {
        true => Err(DecodeError::NotCanonical),
        false => Ok(Box::new(Client { number, earlier })),
    }
}
