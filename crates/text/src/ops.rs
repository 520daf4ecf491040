//! Edits in rows: what changes did, where a run of keystrokes is one row.
//!
//! A change is one or more edits, each placed in the text that the one before left behind. Changes
//! of one edit each that type on, delete on, or delete backwards are kept as one row, however many
//! they are. These runs are no rule of a paper; Yjs and diamond-types have them, too, since most
//! histories of keystrokes are little else. May assume that changes are pushed in order. Must never
//! change what a change did: a row is only another way to say it.

use std::ops::Range;

use crate::patch::{Patch, PatchBuilder};

/// What one or more changes did at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Op {
    /// The first change.
    pub(crate) change: u32,
    /// How many changes; more than one only if each did nothing else.
    pub(crate) count: u32,
    /// Where the first one took place.
    pub(crate) at: u32,
    /// Bytes that each change deleted there, after it inserted.
    pub(crate) delete: u32,
    /// Bytes that each change inserted there.
    pub(crate) insert: u32,
    /// Whether each change deleted what stood before the place of the last.
    pub(crate) back: bool,
    /// Bytes that all edits before inserted.
    pub(crate) inserted_before: u32,
    /// Bytes that all edits before deleted.
    pub(crate) deleted_before: u32,
}

impl Op {
    /// A single edit, wherever it stands among others.
    pub(crate) fn edit(change: u32, at: u32, delete: u32, insert: u32) -> Self {
        Self {
            change,
            count: 1,
            at,
            delete,
            insert,
            back: false,
            inserted_before: 0,
            deleted_before: 0,
        }
    }

    /// The first change behind.
    pub(crate) fn end(&self) -> u32 {
        self.change + self.count
    }

    pub(crate) fn inserted(&self) -> Range<u32> {
        self.inserted_before..self.inserted_before + self.insert * self.count
    }

    pub(crate) fn deleted_len(&self) -> u32 {
        self.delete * self.count
    }

    /// The change that inserted a byte of the row's.
    fn that_inserted(&self, byte: u32) -> Option<u32> {
        Some(self.change + (byte - self.inserted_before).checked_div(self.insert)?)
    }

    /// The change that deleted a byte of the row's.
    fn that_deleted(&self, byte: u32) -> Option<u32> {
        Some(self.change + (byte - self.deleted_before).checked_div(self.delete)?)
    }

    /// What remains of a row within some changes, which must have a part in it.
    pub(crate) fn within(&self, (from, to): (u32, u32)) -> Self {
        let skipped = from.saturating_sub(self.change);
        Self {
            change: self.change + skipped,
            count: self.end().min(to) - self.change - skipped,
            at: self.at_after(skipped),
            inserted_before: self.inserted_before + self.insert * skipped,
            deleted_before: self.deleted_before + self.delete * skipped,
            ..*self
        }
    }

    /// Where the `n`-th change of the row took place.
    fn at_after(&self, n: u32) -> u32 {
        match self.back {
            true => self.at.saturating_sub(n.saturating_mul(self.delete)),
            false => self.at.saturating_add(n.saturating_mul(self.insert)),
        }
    }

    /// The least place that the row deleted at.
    pub(crate) fn lowest(&self) -> u32 {
        if self.back { self.at_after(self.count - 1) } else { self.at }
    }

    /// Where typing goes on after it.
    pub(crate) fn cursor(&self) -> u32 {
        self.at_after(self.count - 1).saturating_add(self.insert)
    }

    /// The row with one change more, if that is a keystroke that continues it.
    fn continued(&self, next: &Self) -> Option<Self> {
        let alike = (self.delete, self.insert) == (next.delete, next.insert);
        let backwards = self.count == 1 || self.back;
        let back = match (self.delete, self.insert) {
            // Changes of other lengths, or not in a row: places could not be computed.
            _ if !alike || next.change != self.end() => return None,
            // Typing on: where the last insertion ended.
            (0, _) if next.at == self.cursor() => false,
            // Deleting on, as the delete key does: what stood behind has come to the same place.
            (_, 0) if next.at == self.at && (self.count == 1 || !self.back) => false,
            // Deleting backwards, as the backspace key does: what stood right before.
            (_, 0) if backwards && next.at.checked_add(self.delete) == Some(self.lowest()) => true,
            // A replacement, or another place.
            _ => return None,
        };
        Some(Self { count: self.count + 1, back, ..*self })
    }
}

/// Rows in the order of their changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ops {
    rows: Vec<Op>,
    inserted_len: u32,
    deleted_len: u32,
    /// Whether the last change did one edit alone, and a next one may continue its row.
    open: bool,
}

impl PartialEq for Ops {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Eq for Ops {}

impl Ops {
    pub(crate) fn rows(&self) -> &[Op] {
        &self.rows
    }

    /// Bytes that all edits inserted.
    pub(crate) fn inserted_len(&self) -> u32 {
        self.inserted_len
    }

    /// Bytes that all edits deleted.
    pub(crate) fn deleted_len(&self) -> u32 {
        self.deleted_len
    }

    /// The next change is not to continue a row.
    pub(crate) fn close(&mut self) {
        self.open = false;
    }

    /// Adds a change, as edits each in the text that the one before left.
    pub(crate) fn push(&mut self, change: u32, edits: impl IntoIterator<Item = Edit>) {
        let first = self.rows.len();
        for (at, delete, insert) in edits {
            let (inserted_before, deleted_before) = (self.inserted_len, self.deleted_len);
            self.rows.push(Op {
                change,
                count: 1,
                at,
                delete,
                insert,
                back: false,
                inserted_before,
                deleted_before,
            });
            self.inserted_len = inserted_before.saturating_add(insert);
            self.deleted_len = deleted_before.saturating_add(delete);
        }
        let single = self.rows.len() == first + 1;
        if let (true, true, Some(before)) = (single, self.open, first.checked_sub(1))
            && let Some(longer) = self.rows[before].continued(&self.rows[first])
        {
            self.rows.pop();
            self.rows[before] = longer;
        }
        self.open = single;
    }

    /// Adds a row as it stands, or as a continuation of the last one. `single`: its changes did
    /// nothing else.
    pub(crate) fn push_row(&mut self, row: Op, single: bool) {
        self.open &= single;
        self.push(row.change, [(row.at, row.delete, row.insert)]);
        self.open = single;
        let (Some(last), true) = (self.rows.last_mut(), row.count > 1) else { return };
        // Its direction shows with the second change.
        let more = row.count - 1;
        match last.count {
            1 => (last.back, last.count) = (row.back, row.count),
            _ if last.back == row.back => last.count += more,
            // The first change continues the last row, the others go the other way.
            _ => {
                let (inserted_before, deleted_before) = (self.inserted_len, self.deleted_len);
                let rest = row.within((row.change + 1, row.end()));
                self.rows.push(Op { inserted_before, deleted_before, ..rest });
            }
        }
        self.inserted_len = self.inserted_len.saturating_add(row.insert.saturating_mul(more));
        self.deleted_len = self.deleted_len.saturating_add(row.delete.saturating_mul(more));
    }

    /// Adds what some changes did elsewhere.
    pub(crate) fn push_rows(&mut self, from: &Self, changes: (u32, u32)) {
        if changes.0 < changes.1 {
            from.singles(changes).for_each(|(row, single)| self.push_row(row, single));
        }
    }

    /// The rows of some changes, cut to these, and whether each one's changes did nothing else.
    pub(crate) fn singles(&self, changes: (u32, u32)) -> impl Iterator<Item = (Op, bool)> + '_ {
        let rows = self.of(changes);
        (0..rows.len()).map(move |at| {
            let row = rows[at];
            let after = rows.get(at + 1).is_none_or(|next| next.change >= row.end());
            let before = at == 0 || rows[at - 1].end() <= row.change;
            (row.within(changes), after && before)
        })
    }

    /// How many changes from one on did the same here and there, as far as that is seen at a
    /// glance; 0 if the first one did not.
    pub(crate) fn alike(&self, other: &Self, change: u32) -> u32 {
        let changes = (change, u32::MAX);
        let (one, two) = (self.singles(changes).next(), other.singles(changes).next());
        let (Some((one, true)), Some((two, true))) = (one, two) else {
            let told = |op: Op| (op.at, op.delete, op.insert);
            return u32::from(
                self.of_change(change).map(told).eq(other.of_change(change).map(told)),
            );
        };
        let count = one.count.min(two.count);
        let told = |op: Op| (op.change, op.at, op.delete, op.insert);
        match told(one) == told(two) {
            true if one.change > change => one.change - change,
            true if count == 1 || one.back == two.back => count,
            same => u32::from(same),
        }
    }

    /// The rows that some changes have a part in.
    pub(crate) fn of(&self, changes: (u32, u32)) -> &[Op] {
        let from = self.rows.partition_point(|row| row.end() <= changes.0);
        let rows = &self.rows[from..];
        &rows[..rows.partition_point(|row| row.change < changes.1)]
    }

    /// What one change did.
    pub(crate) fn of_change(&self, change: u32) -> impl Iterator<Item = Op> + '_ {
        let changes = (change, change + 1);
        self.of(changes).iter().map(move |row| row.within(changes))
    }

    /// Bytes that all changes before this one inserted.
    pub(crate) fn inserted_before(&self, change: u32) -> u32 {
        let at = self.rows.partition_point(|row| row.end() <= change);
        let row = self.rows.get(at);
        row.map_or(self.inserted_len, |row| {
            row.inserted_before + change.saturating_sub(row.change) * row.insert
        })
    }

    /// Bytes that all changes before this one deleted.
    pub(crate) fn deleted_before(&self, change: u32) -> u32 {
        let at = self.rows.partition_point(|row| row.end() <= change);
        let row = self.rows.get(at);
        row.map_or(self.deleted_len, |row| {
            row.deleted_before + change.saturating_sub(row.change) * row.delete
        })
    }

    /// How long the text was before a change, if all together leave one of `len` bytes.
    pub(crate) fn len_before(&self, change: u32, len: u32) -> u32 {
        let inserted = self.inserted_len - self.inserted_before(change);
        let deleted = self.deleted_len - self.deleted_before(change);
        len.saturating_add(deleted).saturating_sub(inserted)
    }

    /// Of all inserted bytes, those that some changes inserted.
    pub(crate) fn inserted_between(&self, (from, to): (u32, u32)) -> (u32, u32) {
        (self.inserted_before(from), self.inserted_before(to))
    }

    /// The change that inserted the `byte`-th of all inserted bytes.
    pub(crate) fn that_inserted(&self, byte: u32) -> Option<u32> {
        self.row_inserting(byte)?.that_inserted(byte)
    }

    /// The changes that inserted the first and the last of some of all inserted bytes.
    pub(crate) fn that_inserted_ends(&self, bytes: &Range<u32>) -> Option<(u32, u32)> {
        let last = bytes.end.checked_sub(1)?;
        let row = self.row_inserting(bytes.start)?;
        let end = if last < row.inserted().end { row } else { self.row_inserting(last)? };
        Some((row.that_inserted(bytes.start)?, end.that_inserted(last)?))
    }

    /// The changes that deleted the first and the last of some of all deleted bytes.
    pub(crate) fn that_deleted_ends(&self, bytes: &Range<u32>) -> Option<(u32, u32)> {
        let last = bytes.end.checked_sub(1)?;
        let row = self.row_deleting(bytes.start)?;
        let within = last < row.deleted_before + row.deleted_len();
        let end = if within { row } else { self.row_deleting(last)? };
        Some((row.that_deleted(bytes.start)?, end.that_deleted(last)?))
    }

    fn row_inserting(&self, byte: u32) -> Option<&Op> {
        self.rows.get(self.rows.partition_point(|row| row.inserted().end <= byte))
    }

    fn row_deleting(&self, byte: u32) -> Option<&Op> {
        let end = |row: &Op| row.deleted_before + row.deleted_len();
        self.rows.get(self.rows.partition_point(|row| end(row) <= byte))
    }
}

/// Where, how many bytes go, how many come before those.
pub(crate) type Edit = (u32, u32, u32);

/// A patch's edits, each in the text that the one before left.
pub(crate) fn edits_of(patch: &Patch) -> impl Iterator<Item = Edit> + '_ {
    let mut at = 0u32;
    patch.hunks().iter().map(move |hunk| {
        let start = at.saturating_add(hunk.skip);
        at = start.saturating_add(hunk.insert);
        (start, hunk.delete, hunk.insert)
    })
}

/// The patch that does what these edits of one change do; `inserted` is all that came with them.
pub(crate) fn patch_of(edits: impl Iterator<Item = Op>, inserted: &str) -> Patch {
    let (mut inserted_so_far, mut deleted_so_far, mut used) = (0u32, 0u32, 0usize);
    let mut patch = PatchBuilder::default();
    for edit in edits {
        patch.keep_to(edit.at.saturating_add(deleted_so_far).saturating_sub(inserted_so_far));
        let next = used + edit.insert as usize;
        patch.push_insert(inserted.get(used..next).unwrap_or_default());
        patch.push_delete(edit.delete);
        used = next;
        inserted_so_far = inserted_so_far.saturating_add(edit.insert);
        deleted_so_far = deleted_so_far.saturating_add(edit.delete);
    }
    patch.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Edit, Ops};

    /// Keystrokes near one another, mostly of one kind in a row, and some changes of more edits.
    fn changes() -> impl Strategy<Value = Vec<Vec<Edit>>> {
        let keys = (0u32..6, 0u8..4, 1u32..3, 1u32..5).prop_map(|(at, kind, bytes, times)| {
            let mut at = at + 8;
            let key = |_| {
                let edit = match kind {
                    0 => (at, 0, bytes),
                    1 => (at, bytes, bytes),
                    _ => (at, bytes, 0),
                };
                match kind {
                    0 => at += bytes,
                    3 => at -= bytes,
                    _ => {}
                }
                vec![edit]
            };
            (0..times).map(key).collect::<Vec<_>>()
        });
        let many = prop::collection::vec((0u32..20, 0u32..3, 1u32..3), 0..3);
        let change = prop_oneof![4 => keys, 1 => many.prop_map(|edits| vec![edits])];
        prop::collection::vec(change, 0..8).prop_map(|changes| changes.concat())
    }

    fn pushed(changes: &[Vec<Edit>]) -> Ops {
        let mut ops = Ops::default();
        (0..).zip(changes).for_each(|(index, edits)| ops.push(index, edits.iter().copied()));
        ops
    }

    proptest! {
        #[test]
        fn rows_say_what_each_change_did(changes in changes()) {
            let ops = pushed(&changes);
            let (mut inserted, mut deleted) = (0, 0);
            for (index, edits) in (0..).zip(&changes) {
                prop_assert_eq!(ops.inserted_before(index), inserted);
                let found: Vec<_> = ops.of_change(index).collect();
                let told = found.iter().map(|op| (op.at, op.delete, op.insert));
                prop_assert_eq!(&told.collect::<Vec<_>>(), edits);
                for op in found {
                    prop_assert_eq!((op.inserted_before, op.deleted_before), (inserted, deleted));
                    for byte in inserted..inserted + op.insert {
                        prop_assert_eq!(ops.that_inserted(byte), Some(index));
                    }
                    for byte in deleted..deleted + op.delete {
                        let ends = ops.that_deleted_ends(&(byte..byte + 1));
                        prop_assert_eq!(ends, Some((index, index)));
                    }
                    (inserted, deleted) = (inserted + op.insert, deleted + op.delete);
                }
            }
            prop_assert_eq!((ops.inserted_len(), ops.deleted_len()), (inserted, deleted));
        }

        #[test]
        fn rows_pushed_whole_are_the_same_rows(changes in changes()) {
            let ops = pushed(&changes);
            let mut again = Ops::default();
            let all = (0, u32::MAX);
            ops.singles(all).for_each(|(row, single)| again.push_row(row, single));
            prop_assert_eq!(again.rows(), ops.rows());
            let changes = changes.len() as u32;
            let mut at = 0;
            while at < changes {
                let alike = ops.alike(&again, at);
                prop_assert!(alike > 0);
                at += alike;
            }
        }
    }

    #[test]
    fn keystrokes_in_a_row_are_one_row() {
        let typed: Vec<_> = (0..50).map(|at| vec![(at, 0, 1)]).collect();
        let deleted: Vec<_> = (20..50).rev().map(|at| vec![(at, 1, 0)]).collect();
        let ops = pushed(&[typed, deleted].concat());
        assert_eq!(ops.rows().len(), 2);
    }
}
