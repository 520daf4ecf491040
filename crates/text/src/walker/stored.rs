//! The encoding of a walker that has applied changes, for a cache: so that who reads a document
//! need not replay what was replayed before.
//!
//! It says nothing that the document's history does not say, too, and is read beside that.
//! Columns as a history's, with another content:
//!
//! ```text
//!  PREPARED  n anchor, n end (module `text::replay`), n prefix of the prepare version;
//!              for each stretch beyond: n gap, n changes
//!  FLAGS, BYTES, ORIGINS, STATES   the sequence: module `sequence::stored`
//!  APPLIED   for each row: n gap, n changes;
//!              z first of its deletions - end of the last row's, n how many
//!  DELETED   for each: z change - the last one's, n count << 1 | back;
//!              z first byte - end of the last, n unit
//! ```
//!
//! May assume nothing about the bytes but where they lie. What is read has all its parts in each
//! other's bounds: whatever it is asked afterwards, it finds or misses, and does not fail.

use super::{Applied, Deleted, Walker};
use crate::columns::{ColumnsError, Reader, Writer, unzigzag, zigzag};
use crate::history::History;
use crate::sequence::{Byte, GROUND, Sequence};
use crate::version::{Stretch, Version};

/// Which changes were applied, and the prepare version.
pub(crate) const PREPARED: usize = 0;
/// What each of them deleted.
const APPLIED: usize = 5;
const DELETED: usize = 6;

impl Walker {
    pub(crate) fn write(&self, writer: &mut Writer) {
        let seen = self.prepare_version.seen();
        writer.push(PREPARED, seen.prefix);
        write_stretches(writer, PREPARED, seen.prefix, seen.beyond.iter().copied(), |_, _| ());
        self.sequence.write(writer);
        let (mut rows, mut upto) = (self.applied.iter(), 0);
        let changes = self.applied.iter().map(|row| row.changes);
        write_stretches(writer, APPLIED, 0, changes, |writer, _| {
            let (from, to) = rows.next().map_or((upto, upto), |row| row.deleted);
            writer.push(APPLIED, zigzag(from as u32, upto as u32));
            writer.push(APPLIED, (to - from) as u32);
            upto = to;
        });
        let (mut change, mut end) = (0, GROUND);
        for row in &self.deleted {
            writer.push(DELETED, zigzag(row.change, change));
            writer.push(DELETED, row.count << 1 | u32::from(row.back));
            writer.push(DELETED, zigzag(row.first, end));
            writer.push(DELETED, row.unit);
            change = row.change;
            end = row.first.wrapping_add(row.count.wrapping_mul(row.unit));
        }
    }

    /// The walker that was written: over the text of the first `anchor` changes of a history, which
    /// has `len` bytes, and the changes from there up to `end`. Those have removed `removed` bytes,
    /// together with all before them, and left a text of `effect_len`.
    ///
    /// # Errors
    /// If it is none, or not one of such changes. O(what was written).
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        history: &History,
        (anchor, end): Stretch,
        (len, effect_len, removed): (u32, u32, u32),
    ) -> Result<Self, ColumnsError> {
        let holds = |fits: bool| if fits { Ok(()) } else { Err(ColumnsError::Mismatch) };
        let prefix = reader.next(PREPARED)?;
        let beyond = read_stretches(reader, PREPARED, prefix, |_| Ok(()))?;
        let beyond = beyond.into_iter().map(|(stretch, ())| stretch);
        let prepare_version = Version::of_stretches(prefix, beyond);
        holds(prefix >= anchor && prepare_version.end() <= end)?;
        let made = history.made();
        let inserted = (made.inserted_before(anchor), made.inserted_before(end));
        holds(len <= Byte::MAX - GROUND && inserted.0 <= inserted.1)?;
        let sequence = Sequence::read(reader, len, inserted)?;
        let removed_fit = sequence.spans().all(|span| span.fits_removed(removed));
        holds(removed_fit && sequence.effect_len() == effect_len)?;
        let mut upto = 0;
        let applied = read_stretches(reader, APPLIED, 0, |reader| {
            let from = unzigzag(reader.next(APPLIED)?, upto);
            upto = from.checked_add(reader.next(APPLIED)?).ok_or(ColumnsError::Mismatch)?;
            Ok((from as usize, upto as usize))
        })?;
        let row = |(changes, deleted)| Applied { changes, deleted };
        let applied: Vec<Applied> = applied.into_iter().map(row).collect();
        let deleted = read_deleted(reader)?;
        let there = |row: &Deleted| {
            let ends = row.count.checked_mul(row.unit).and_then(|len| row.first.checked_add(len));
            let holds = |(from, to): Stretch| row.first >= from && ends.is_some_and(|it| it <= to);
            let changes = row.change.checked_add(row.count).is_some_and(|it| it <= end);
            row.count > 0 && changes && (holds((GROUND, GROUND + len)) || holds(inserted))
        };
        let within = |row: &Applied| {
            let rows = deleted.get(row.deleted.0..row.deleted.1).unwrap_or_default();
            let ordered = |pair: &[Deleted]| {
                pair[0].change <= pair[1].change && pair[0].end() <= pair[1].end()
            };
            let all = row.changes.1 <= end && row.deleted.1 <= deleted.len();
            all && rows.windows(2).all(ordered)
        };
        holds(deleted.iter().all(there) && applied.iter().all(within))?;
        Ok(Self { sequence, prepare_version, applied, deleted, removed, moves: Default::default() })
    }
}

fn read_deleted(reader: &mut Reader<'_>) -> Result<Vec<Deleted>, ColumnsError> {
    let mut deleted = Vec::new();
    let (mut change, mut end) = (0, GROUND);
    while !reader.is_over(DELETED) {
        change = unzigzag(reader.next(DELETED)?, change);
        let count = reader.next(DELETED)?;
        let first = unzigzag(reader.next(DELETED)?, end);
        let (count, back, unit) = (count >> 1, count & 1 == 1, reader.next(DELETED)?);
        end = first.wrapping_add(count.wrapping_mul(unit));
        deleted.push(Deleted { change, count, first, unit, back });
    }
    Ok(deleted)
}

/// Stretches of changes, ascending, each with what belongs to it.
fn write_stretches(
    writer: &mut Writer,
    column: usize,
    mut upto: u32,
    stretches: impl Iterator<Item = Stretch>,
    mut with: impl FnMut(&mut Writer, Stretch),
) {
    for (from, to) in stretches {
        writer.push(column, from - upto);
        writer.push(column, to - from);
        with(writer, (from, to));
        upto = to;
    }
}

fn read_stretches<T>(
    reader: &mut Reader<'_>,
    column: usize,
    mut upto: u32,
    mut with: impl FnMut(&mut Reader<'_>) -> Result<T, ColumnsError>,
) -> Result<Vec<(Stretch, T)>, ColumnsError> {
    let mut stretches = Vec::new();
    while !reader.is_over(column) {
        let from = upto.checked_add(reader.next(column)?).ok_or(ColumnsError::Mismatch)?;
        upto = from.checked_add(reader.next(column)?).ok_or(ColumnsError::Mismatch)?;
        stretches.push(((from, upto), with(reader)?));
    }
    Ok(stretches)
}
