//! A history as bytes: columns of numbers, each in as few bytes as it takes.
//!
//! Numbers are LEB128 (`n`), differences zigzag first (`z`). What stands in one column is alike, so
//! that what is archived compresses well. The lengths of the seven columns come first, then the
//! columns one after the other:
//!
//! ```text
//!  +-------------------------+-------+------+-------+--------+---------+-----+--------------+
//!  | 7 x n: bytes per column | LINKS | SEEN | KINDS | PLACES | LENGTHS | IDS | SUPPRESSIONS |
//!  +-------------------------+-------+------+-------+--------+---------+-----+--------------+
//!
//!  LINKS         n floor, then for each link: n changes
//!  SEEN          for each link:  n first change of the link - prefix of what it had seen;
//!                  if that is not 0: n stretches beyond the prefix, and for each, the last first:
//!                  n gap up to the one behind (or up to the link), n changes
//!  KINDS         for each row:   n (changes - 1) << 3 | kind << 1 | more
//!  PLACES        for each row:   z place - where the same writer's last row ended
//!  LENGTHS       for each row:   n bytes deleted (not INSERT), n bytes inserted (INSERT, OTHER)
//!  IDS           for each run of ids with counters in a row: n actor's number;
//!                  if it is new: n low 32 bits, n high 32 bits;
//!                  z first counter - the one expected, n changes
//!  SUPPRESSIONS  for each: n change - the first one behind the last suppression,
//!                  n (change - target) << 1 | whether it suppresses (else it releases);
//!                  of a part alone: before that a number 1 for edits, 0 for deletions; after it
//!                  n how many, and for each n edit - the first one behind the last,
//!                  or n where it begins - where the last ends, n length
//! ```
//!
//! Rows belong to links in order: a link's changes say when its rows end. `kind` is [`INSERT`],
//! [`DELETE`], [`DELETE_BACK`] (each change deletes what stands before the last one's place) or
//! [`OTHER`]. `more` says that the next row belongs to the same change. Changes that did nothing
//! are one row [`OTHER`] of lengths 0 and 0, without a place. The inserted text is not in the
//! columns.
//!
//! So the fields of a row of edits go to: `count` and `back` to KINDS; `at` to PLACES; `delete` and
//! `insert` to LENGTHS; `change`, `inserted_before` and `deleted_before` nowhere, they are sums of
//! what stands before.
//!
//! What changes came to ([`write_applied`]) uses the same frame: in KINDS for each change that came
//! to something else than it was made to do n changes skipped and n edits, in PLACES n place, in
//! LENGTHS n deleted and n inserted for each edit.
//!
//! May assume nothing about bytes that come from outside. Must never allocate by a number that it
//! only read.

use std::collections::BTreeMap;

use crate::history::{ChangeId, History, Part, RecordError, Suppression};
use crate::ops::{Edit, Op, Ops};
use crate::version::{Stretch, Version};

/// Why bytes are no columns. Whoever wrote them is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// They end too early, or a number is not one.
    #[error("the columns are cut off or hold no number")]
    Malformed,
    /// Something is left behind the last one.
    #[error("the columns do not end where their content does")]
    Trailing,
    /// There are not as many changes, or not as much text, as there should be.
    #[error("the columns do not fit what they are about")]
    Mismatch,
    /// A change cannot stand where it stands.
    #[error("change {0}: {1}")]
    Record(u32, RecordError),
}

/// Who made the changes.
pub(crate) enum Makers<'a> {
    /// It is written in the columns.
    Written,
    /// It is known elsewhere.
    Known(&'a [u64]),
}

/// Columns that are being written.
#[derive(Default)]
pub(crate) struct Writer {
    columns: [Vec<u8>; COLUMNS],
}

const COLUMNS: usize = 7;
/// Links: how many changes each has, and what its first one had seen.
const LINKS: usize = 0;
const SEEN: usize = 1;
/// Rows of edits: what kind and how many, where, how long.
const KINDS: usize = 2;
const PLACES: usize = 3;
const LENGTHS: usize = 4;
/// Who made them.
const IDS: usize = 5;
/// Which of them suppress others.
const SUPPRESSIONS: usize = 6;

impl Writer {
    pub(crate) fn push(&mut self, column: usize, number: u32) {
        let mut buffer = unsigned_varint::encode::u32_buffer();
        let bytes = unsigned_varint::encode::u32(number, &mut buffer);
        self.columns[column].extend_from_slice(bytes);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.columns.iter().map(Vec::len).sum::<usize>() + 16);
        let mut buffer = unsigned_varint::encode::usize_buffer();
        for column in &self.columns {
            bytes.extend_from_slice(unsigned_varint::encode::usize(column.len(), &mut buffer));
        }
        self.columns.iter().for_each(|column| bytes.extend_from_slice(column));
        bytes
    }
}

/// Columns that are being read.
pub(crate) struct Reader<'a> {
    columns: [&'a [u8]; COLUMNS],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(mut bytes: &'a [u8]) -> Result<Self, ColumnsError> {
        let mut lengths = [0; COLUMNS];
        for length in &mut lengths {
            (*length, bytes) =
                unsigned_varint::decode::usize(bytes).map_err(|_| ColumnsError::Malformed)?;
        }
        let mut columns = [[].as_slice(); COLUMNS];
        for (column, length) in columns.iter_mut().zip(lengths) {
            (*column, bytes) = bytes.split_at_checked(length).ok_or(ColumnsError::Malformed)?;
        }
        match bytes.is_empty() {
            true => Ok(Self { columns }),
            false => Err(ColumnsError::Trailing),
        }
    }

    pub(crate) fn next(&mut self, column: usize) -> Result<u32, ColumnsError> {
        // So are nearly all.
        if let [short @ ..0x80, rest @ ..] = self.columns[column] {
            self.columns[column] = rest;
            return Ok((*short).into());
        }
        let (number, rest) = unsigned_varint::decode::u32(self.columns[column])
            .map_err(|_| ColumnsError::Malformed)?;
        self.columns[column] = rest;
        Ok(number)
    }

    pub(crate) fn is_over(&self, column: usize) -> bool {
        self.columns[column].is_empty()
    }

    pub(crate) fn finish(self) -> Result<(), ColumnsError> {
        match self.columns.iter().all(|column| column.is_empty()) {
            true => Ok(()),
            false => Err(ColumnsError::Trailing),
        }
    }
}

pub(crate) fn zigzag(to: u32, from: u32) -> u32 {
    let difference = to.wrapping_sub(from) as i32;
    ((difference << 1) ^ (difference >> 31)) as u32
}

pub(crate) fn unzigzag(number: u32, from: u32) -> u32 {
    from.wrapping_add((number >> 1) ^ (number & 1).wrapping_neg())
}

/// What a row of edits is.
const INSERT: u32 = 0;
const DELETE: u32 = 1;
const DELETE_BACK: u32 = 2;
const OTHER: u32 = 3;

/// A history's columns.
pub(crate) fn write(history: &History, makers: &Makers<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.push(LINKS, history.floor());
    if let Makers::Written = makers {
        write_ids(history, &mut writer);
    }
    let mut places = Places::default();
    for link in 0..history.links().len() {
        let (first, end) = (history.links()[link].first, history.end_of(link));
        writer.push(LINKS, end - first);
        write_seen(history, link, &mut writer);
        if let Makers::Written = makers {
            places.switch(history.id(first).unwrap_or_default().actor);
        }
        write_rows(history.made(), (first, end), &mut places, &mut writer);
    }
    let mut at = history.floor();
    for suppression in history.suppressions() {
        write_suppression(&mut writer, suppression, at);
        at = suppression.change + 1;
    }
    writer.finish()
}

impl History {
    /// Its columns, with who made the changes; what they inserted is [`History::inserted_all`].
    #[must_use]
    pub fn columns(&self) -> Vec<u8> {
        write(self, &Makers::Written)
    }

    /// As [`History::columns`], without who made the changes: each is an actor's first.
    #[must_use]
    pub fn made_columns(&self) -> Vec<u8> {
        write(self, &Makers::Known(&[]))
    }

    /// What [`History::made_columns`] gave, with what the changes inserted and their actors.
    ///
    /// # Errors
    /// If the parts do not fit each other.
    pub fn from_made_columns(
        columns: &[u8],
        inserted: String,
        actors: &[u64],
    ) -> Result<Self, ColumnsError> {
        read(columns, inserted, &Makers::Known(actors))
    }

    /// What [`History::columns`] gave, with what the changes inserted.
    ///
    /// # Errors
    /// If the parts do not fit each other.
    pub fn from_columns(columns: &[u8], inserted: String) -> Result<Self, ColumnsError> {
        read(columns, inserted, &Makers::Written)
    }
}

/// What [`write()`] gave, with the text that the changes insert.
pub(crate) fn read(
    bytes: &[u8],
    inserted: String,
    makers: &Makers<'_>,
) -> Result<History, ColumnsError> {
    let mut reader = Reader::new(bytes)?;
    let floor = reader.next(LINKS)?;
    let ids = match makers {
        Makers::Written => read_ids(&mut reader)?,
        Makers::Known(actors) => actors.iter().map(|actor| (ChangeId::from(*actor), 1)).collect(),
    };
    let mut ids = ids.into_iter();
    let mut now = ids.next();
    let mut history = History::above(floor);
    history.reserve_inserted(inserted.len());
    let mut places = Places::default();
    let mut used = 0;
    let mut suppression = read_suppression(&mut reader, floor)?;
    while !reader.is_over(LINKS) {
        let first = history.len();
        let end = first.checked_add(reader.next(LINKS)?).filter(|end| *end > first);
        let end = end.ok_or(ColumnsError::Mismatch)?;
        let base = read_seen(&history, &mut reader)?;
        if let (Makers::Written, Some((id, _))) = (makers, now) {
            places.switch(id.actor);
        }
        if let Some(found) = suppression.take_if(|event| event.change < end) {
            let no_row = |_: Op, _: bool| Err(ColumnsError::Mismatch);
            read_rows((first, end), &mut places, &mut reader, no_row)?;
            let (id, count) = now.as_mut().ok_or(ColumnsError::Mismatch)?;
            if (found.change, end) != (first, first + 1) {
                return Err(ColumnsError::Mismatch);
            }
            suppress(&mut history, *id, &base, found)?;
            (id.counter, *count) = (id.counter.wrapping_add(1), *count - 1);
            if *count == 0 {
                now = ids.next();
            }
            suppression = read_suppression(&mut reader, end)?;
            continue;
        }
        history.open_link(&base).map_err(|error| ColumnsError::Record(first, error))?;
        let mut at = first;
        while at < end {
            let (id, count) = now.as_mut().ok_or(ColumnsError::Mismatch)?;
            let part = (*count).min(end - at);
            history.push_ids(*id, part);
            (id.counter, *count, at) = (id.counter.wrapping_add(part), *count - part, at + part);
            if *count == 0 {
                now = ids.next();
            }
        }
        read_rows((first, end), &mut places, &mut reader, |row, single| {
            let len = row.insert as usize * row.count as usize;
            let text = inserted.get(used..used + len).ok_or(ColumnsError::Mismatch)?;
            history.push_row(row, single, text);
            used += len;
            Ok(())
        })?;
    }
    let all = now.is_none() && used == inserted.len();
    if !all {
        return Err(ColumnsError::Mismatch);
    }
    reader.finish()?;
    history.settle_ids();
    Ok(history)
}

/// Appends a suppression that was read.
fn suppress(
    history: &mut History,
    id: ChangeId,
    base: &Version,
    found: Suppression,
) -> Result<(), ColumnsError> {
    let Suppression { target, part, suppressed, .. } = found;
    let closed = base.end() <= history.len() && history.is_closed(base);
    let closed = closed && base.prefix() >= history.floor();
    if !closed || !history.may_suppress(base, (target, &part, suppressed)) {
        return Err(ColumnsError::Mismatch);
    }
    history.push_suppression(id, base, (target, part, suppressed));
    Ok(())
}

fn write_suppression(writer: &mut Writer, suppression: &Suppression, at: u32) {
    writer.push(SUPPRESSIONS, suppression.change - at);
    // No target is so near that these could be one.
    match suppression.part {
        Part::All => {}
        Part::Edits(_) => writer.push(SUPPRESSIONS, EDITS),
        Part::Deletions(_) => writer.push(SUPPRESSIONS, DELETIONS),
    }
    let target = suppression.change - suppression.target;
    writer.push(SUPPRESSIONS, target << 1 | u32::from(suppression.suppressed));
    let mut behind = 0;
    match &suppression.part {
        Part::All => {}
        Part::Edits(edits) => {
            writer.push(SUPPRESSIONS, edits.len() as u32);
            for edit in edits.iter() {
                writer.push(SUPPRESSIONS, edit - behind);
                behind = edit + 1;
            }
        }
        Part::Deletions(parts) => {
            writer.push(SUPPRESSIONS, parts.len() as u32);
            for (from, to) in parts.iter() {
                writer.push(SUPPRESSIONS, from - behind);
                writer.push(SUPPRESSIONS, to - from);
                behind = *to;
            }
        }
    }
}

/// The next suppression, if there is one; the last one was before `at`.
fn read_suppression(reader: &mut Reader<'_>, at: u32) -> Result<Option<Suppression>, ColumnsError> {
    if reader.is_over(SUPPRESSIONS) {
        return Ok(None);
    }
    let change = at.checked_add(reader.next(SUPPRESSIONS)?).ok_or(ColumnsError::Mismatch)?;
    let what = reader.next(SUPPRESSIONS)?;
    let kind = (what <= EDITS).then_some(what);
    let what = if kind.is_some() { reader.next(SUPPRESSIONS)? } else { what };
    let target = change.checked_sub(what >> 1).filter(|target| *target < change);
    let target = target.ok_or(ColumnsError::Mismatch)?;
    let part = match kind {
        None => Part::All,
        Some(kind) => read_part(reader, kind)?,
    };
    Ok(Some(Suppression { change, target, part, suppressed: what & 1 == 1 }))
}

fn read_part(reader: &mut Reader<'_>, kind: u32) -> Result<Part, ColumnsError> {
    let count = reader.next(SUPPRESSIONS)?;
    let (mut edits, mut deletions, mut behind) = (Vec::new(), Vec::new(), 0u32);
    for _ in 0..count {
        let begins = behind.checked_add(reader.next(SUPPRESSIONS)?);
        let len = if kind == EDITS { 1 } else { reader.next(SUPPRESSIONS)? };
        let ends = begins.and_then(|begins| begins.checked_add(len));
        let (begins, ends) = begins.zip(ends).ok_or(ColumnsError::Mismatch)?;
        match kind {
            EDITS => edits.push(begins),
            _ => deletions.push((begins, ends)),
        }
        behind = ends;
    }
    match kind {
        EDITS => Ok(Part::Edits(edits.into())),
        _ => Ok(Part::Deletions(deletions.into())),
    }
}

/// In place of a target: what follows is of some edits of it alone, or of some deletions.
const EDITS: u32 = 1;
const DELETIONS: u32 = 0;

fn write_ids(history: &History, writer: &mut Writer) {
    let mut actors = BTreeMap::new();
    let rows = history.ids();
    for (at, row) in rows.iter().enumerate() {
        let end = rows.get(at + 1).map_or(history.len(), |next| next.change);
        let new = actors.len() as u32;
        let (index, next) = *actors.entry(row.first.actor).or_insert((new, 0));
        writer.push(IDS, index);
        if index == new {
            let (low, high) = (row.first.actor as u32, (row.first.actor >> 32) as u32);
            writer.push(IDS, low);
            writer.push(IDS, high);
        }
        writer.push(IDS, zigzag(row.first.counter, next));
        let count = end - row.change;
        writer.push(IDS, count);
        actors.insert(row.first.actor, (index, row.first.counter.wrapping_add(count)));
    }
}

/// Rows of ids, with how many follow one another.
fn read_ids(reader: &mut Reader<'_>) -> Result<Vec<(ChangeId, u32)>, ColumnsError> {
    let (mut actors, mut rows): (Vec<(u64, u32)>, Vec<_>) = Default::default();
    while !reader.is_over(IDS) {
        let index = reader.next(IDS)? as usize;
        if index == actors.len() {
            let (low, high) = (reader.next(IDS)?, reader.next(IDS)?);
            actors.push((u64::from(high) << 32 | u64::from(low), 0));
        }
        let (actor, next) = actors.get_mut(index).ok_or(ColumnsError::Mismatch)?;
        let counter = unzigzag(reader.next(IDS)?, *next);
        let count = reader.next(IDS)?;
        *next = counter.wrapping_add(count);
        if count == 0 {
            return Err(ColumnsError::Mismatch);
        }
        rows.push((ChangeId { actor: *actor, counter }, count));
    }
    Ok(rows)
}

fn write_seen(history: &History, link: usize, writer: &mut Writer) {
    let first = history.links()[link].first;
    let seen = history.seen_by(link);
    writer.push(SEEN, first - seen.prefix);
    if seen.prefix < first {
        writer.push(SEEN, seen.beyond.len() as u32);
        // From the link backwards: what is near is little.
        let mut at = first;
        for &(from, to) in seen.beyond.iter().rev() {
            writer.push(SEEN, at - to);
            writer.push(SEEN, to - from);
            at = from;
        }
    }
}

fn read_seen(history: &History, reader: &mut Reader<'_>) -> Result<Version, ColumnsError> {
    let first = history.len();
    let less = |from: u32, by: u32| from.checked_sub(by).ok_or(ColumnsError::Mismatch);
    let prefix = less(first, reader.next(SEEN)?)?;
    let mut stretches: Vec<Stretch> = Vec::new();
    if prefix < first {
        let mut at = first;
        for _ in 0..reader.next(SEEN)? {
            let to = less(at, reader.next(SEEN)?)?;
            at = less(to, reader.next(SEEN)?)?;
            stretches.push((at, to));
        }
    }
    Ok(Version::of_stretches(prefix, stretches.into_iter().rev()))
}

/// Where the next edit is likely to take place: where the last one of the same writer ended.
#[derive(Default)]
struct Places {
    now: u32,
    actor: Option<u64>,
    others: BTreeMap<u64, u32>,
}

impl Places {
    fn switch(&mut self, actor: u64) {
        if self.actor != Some(actor) {
            if let Some(before) = self.actor.replace(actor) {
                self.others.insert(before, self.now);
            }
            self.now = self.others.get(&actor).copied().unwrap_or(self.now);
        }
    }
}

fn write_rows(ops: &Ops, changes: Stretch, places: &mut Places, writer: &mut Writer) {
    let rows = ops.of(changes);
    let mut at = changes.0;
    // A link's rows are its own.
    for (index, row) in rows.iter().enumerate() {
        write_empty(row.change - at, writer);
        let more = rows.get(index + 1).is_some_and(|next| next.change < row.end());
        let kind = match (row.delete, row.insert) {
            (0, _) => INSERT,
            (_, 0) if row.back => DELETE_BACK,
            (_, 0) => DELETE,
            _ => OTHER,
        };
        writer.push(KINDS, (row.count - 1) << 3 | kind << 1 | u32::from(more));
        writer.push(PLACES, zigzag(row.at, places.now));
        if kind != INSERT {
            writer.push(LENGTHS, row.delete);
        }
        if kind == INSERT || kind == OTHER {
            writer.push(LENGTHS, row.insert);
        }
        places.now = row.cursor();
        at = if more { row.change } else { row.end() };
    }
    write_empty(changes.1 - at, writer);
}

/// Changes that did nothing.
fn write_empty(count: u32, writer: &mut Writer) {
    if count > 0 {
        writer.push(KINDS, (count - 1) << 3 | OTHER << 1);
        writer.push(LENGTHS, 0);
        writer.push(LENGTHS, 0);
    }
}

/// Gives each row, and whether its changes did nothing else.
fn read_rows(
    (first, end): Stretch,
    places: &mut Places,
    reader: &mut Reader<'_>,
    mut take: impl FnMut(Op, bool) -> Result<(), ColumnsError>,
) -> Result<(), ColumnsError> {
    let (mut change, mut goes_on) = (first, false);
    while change < end {
        let header = reader.next(KINDS)?;
        let (count, kind, more) = ((header >> 3) + 1, header >> 1 & 3, header & 1 == 1);
        let delete = if kind == INSERT { 0 } else { reader.next(LENGTHS)? };
        let both = kind == INSERT || kind == OTHER;
        let insert = if both { reader.next(LENGTHS)? } else { 0 };
        let within = count <= end - change && (count == 1 || !(more || goes_on));
        let long = u64::from(delete.max(insert)) * u64::from(count) > u64::from(u32::MAX);
        let empty = kind == OTHER && (delete, insert) == (0, 0);
        if !within || long || (count > 1 && kind == OTHER && !empty) || (empty && more) {
            return Err(ColumnsError::Mismatch);
        }
        if !empty {
            let at = unzigzag(reader.next(PLACES)?, places.now);
            let back = kind == DELETE_BACK;
            let row = Op { count, back, ..Op::edit(change, at, delete, insert) };
            if back && u64::from(at) < u64::from(delete) * u64::from(count - 1) {
                return Err(ColumnsError::Mismatch);
            }
            places.now = row.cursor();
            take(row, !more && !goes_on)?;
        } else if goes_on {
            return Err(ColumnsError::Mismatch);
        }
        goes_on = more;
        change += if more { 0 } else { count };
    }
    Ok(())
}

/// What changes came to where that is not what their authors did, as [`read_applied`] takes it.
pub(crate) fn write_applied(history: &History, applied: &Ops) -> Vec<u8> {
    if history.is_plain() {
        return Vec::new();
    }
    let mut writer = Writer::default();
    let (mut change, mut at) = (history.floor(), history.floor());
    while change < history.len() {
        let alike = history.made().alike(applied, change);
        if alike > 0 {
            change += alike;
            continue;
        }
        let done: Vec<Op> = applied.of_change(change).collect();
        writer.push(KINDS, change - at);
        writer.push(KINDS, done.len() as u32);
        for edit in done {
            writer.push(PLACES, edit.at);
            writer.push(LENGTHS, edit.delete);
            writer.push(LENGTHS, edit.insert);
        }
        change += 1;
        at = change;
    }
    if writer.columns.iter().all(Vec::is_empty) { Vec::new() } else { writer.finish() }
}

/// What all changes came to; `None` where that is what they were made to do.
pub(crate) fn read_applied(bytes: &[u8], history: &History) -> Result<Option<Ops>, ColumnsError> {
    if history.is_plain() {
        return if bytes.is_empty() { Ok(None) } else { Err(ColumnsError::Mismatch) };
    }
    let mut applied = Ops::default();
    let mut at = history.floor();
    if !bytes.is_empty() {
        let mut reader = Reader::new(bytes)?;
        while !reader.is_over(KINDS) {
            let change =
                at.checked_add(reader.next(KINDS)?).filter(|change| history.holds(*change));
            let change = change.ok_or(ColumnsError::Mismatch)?;
            applied.push_rows(history.made(), (at, change));
            let mut edits: Vec<Edit> = Vec::new();
            let mut inserted = 0u32;
            for _ in 0..reader.next(KINDS)? {
                let edit = (reader.next(PLACES)?, reader.next(LENGTHS)?, reader.next(LENGTHS)?);
                inserted = inserted.saturating_add(edit.2);
                edits.push(edit);
            }
            let suppresses = history.suppression(change).is_some();
            if !suppresses && inserted as usize != history.inserted_by(change).len() {
                return Err(ColumnsError::Mismatch);
            }
            applied.push(change, edits);
            at = change + 1;
        }
        reader.finish()?;
    }
    applied.push_rows(history.made(), (at, history.len()));
    Ok(Some(applied))
}
