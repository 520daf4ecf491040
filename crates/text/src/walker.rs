//! Replays concurrent changes: Eg-walker's temporary structure and its three moves.
//!
//! A position in a patch means something only in the text at the change's base. The walker
//! therefore keeps every byte that it has met in one [`Sequence`], deleted or not, and two states
//! of each:
//!
//! - in the *prepare version*: the version in which the next change is to be read, its base. It
//!   moves to and fro. A change that comes into it *advances*, a change that goes out of it
//!   *retreats*;
//! - in the *effect version*: all that was applied so far. It only grows. Where it changes is the
//!   change's effect on the text.
//!
//! To apply a change, the walker first moves the prepare version to the change's base
//! ([`Walker::set_prepare_version`]), then finds the positions by lengths in the prepare version,
//! and then inserts and deletes in both ([`Walker::apply`]). After Gentle and Kleppmann,
//! "Collaborative Text Editing with Eg-walker" (EuroSys 2025), section 3. Concurrent insertions at
//! one place are ordered as FugueMax does (Weidner and Kleppmann, "The Art of the Fugue", 2023),
//! see [`Walker::integrate`]. `INTERNALS.md` works through an example.
//!
//! May assume that changes are applied in the history's order, each after all it had seen, that
//! they fit their bases ([`Walker::fits`]), and that each base contains all changes before the
//! walker's anchor, which is a critical version of the paper. Must never be kept once an
//! application went wrong halfway.

mod stored;

use std::cell::OnceCell;

use crate::history::{ChangeId, History, Part, Suppression};
use crate::ops::{Edit, Op};
use crate::patch::FitError;
use crate::sequence::{Byte, Count, Cursor, GROUND, NONE, Presence, Sequence, Shift, Span, SpanId};
use crate::version::{Seen, Stretch, Version};

pub(crate) use self::stored::PREPARED;

/// Who is told what an edit does to the effect version.
pub(crate) trait Observer {
    /// An edit begins.
    fn edit_begins(&mut self);

    /// A span has come in.
    fn inserted(&mut self, sequence: &Sequence, id: SpanId);

    /// A span is about to be deleted in the prepare version. If it is shown, it will stand at
    /// `removed_at` in all that was removed.
    fn deleting(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId, removed_at: u32);

    /// A span that is shown is about to be suppressed, and will stand at `removed_at`.
    fn hiding(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId, removed_at: u32);

    /// A span is shown again.
    fn showing(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId);
}

impl Observer for () {
    fn edit_begins(&mut self) {}

    fn inserted(&mut self, _: &Sequence, _: SpanId) {}

    fn deleting(&mut self, _: &Sequence, _: Cursor, _: SpanId, _: u32) {}

    fn hiding(&mut self, _: &Sequence, _: Cursor, _: SpanId, _: u32) {}

    fn showing(&mut self, _: &Sequence, _: Cursor, _: SpanId) {}
}

/// Bytes that changes deleted: each of `count` changes `unit` of them, the first change the first
/// ones, or if `back`, the last.
#[derive(Clone, Copy, Debug)]
struct Deleted {
    change: u32,
    count: u32,
    first: Byte,
    unit: u32,
    back: bool,
}

impl Deleted {
    fn end(&self) -> u32 {
        self.change + self.count
    }

    /// What those of some changes deleted, which must have a part in it.
    fn within(&self, (from, to): Stretch) -> (Byte, u32) {
        let (from, to) = (from.max(self.change), to.min(self.end()));
        let skipped = if self.back { self.end() - to } else { from - self.change };
        (self.first + skipped * self.unit, (to - from) * self.unit)
    }
}

/// Changes that were applied in a row.
#[derive(Clone, Copy, Debug)]
struct Applied {
    changes: Stretch,
    /// What they deleted, in `Walker::deleted`.
    deleted: (usize, usize),
}

/// Of how many spans one change is to be moved, at least, for all sums to be made anew rather than
/// corrected for each: to move it so takes about so much less.
const MANY: usize = 8;

/// Replays changes from an anchor on.
#[derive(Clone, Debug)]
pub(crate) struct Walker {
    sequence: Sequence,
    /// The prepare version.
    prepare_version: Version,
    /// By change.
    applied: Vec<Applied>,
    /// As it was applied: by change within each row of those.
    deleted: Vec<Deleted>,
    /// Bytes removed from the effect version by all changes so far, those before the anchor among
    /// them.
    removed: u32,
    /// Room for [`Walker::set_prepare_version`]: what retreats, and what advances.
    moves: (Vec<Stretch>, Vec<Stretch>),
}

impl Walker {
    /// A walker over the text of the first `anchor` changes, which has `len` bytes and of which
    /// `removed` bytes were removed.
    ///
    /// The anchor is a critical version: every change to be replayed, and every later one, had seen
    /// all before it. Which characters stand there does not matter for the order of what comes, so
    /// the whole text is one span without origins (the paper's placeholder).
    pub(crate) fn new(history: &History, anchor: u32, len: u32, removed: u32) -> Self {
        Self {
            sequence: Sequence::new(len, history.made().inserted_before(anchor)),
            prepare_version: Version::up_to(anchor),
            applied: Vec::new(),
            deleted: Vec::new(),
            removed,
            moves: Default::default(),
        }
    }

    pub(crate) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// How many changes have to retreat or advance until the prepare version is `target`.
    pub(crate) fn distance_to(&self, target: Seen<'_>) -> u32 {
        let mut count = 0;
        self.prepare_version.seen().minus(target, |(from, to)| count += to - from);
        target.minus(self.prepare_version.seen(), |(from, to)| count += to - from);
        count
    }

    /// Makes `target` the prepare version. All its changes beyond the anchor must be applied.
    pub(crate) fn set_prepare_version(&mut self, history: &History, target: Seen<'_>) {
        if self.prepare_version.seen() == target {
            return;
        }
        // The paper's two differences: events of the old version alone retreat, events of the new
        // one alone advance. As there, retreats come first.
        let (mut retreating, mut advancing) = std::mem::take(&mut self.moves);
        self.prepare_version.seen().minus(target, |changes| retreating.push(changes));
        target.minus(self.prepare_version.seen(), |changes| advancing.push(changes));
        let moved: u32 = retreating.iter().chain(&advancing).map(|(from, to)| to - from).sum();
        let many = moved as usize * MANY > self.sequence.span_count();
        if many {
            self.sequence.leave_sums();
        }
        retreating.drain(..).for_each(|changes| self.shift(history, changes, Shift::Retreat));
        advancing.drain(..).for_each(|changes| self.shift(history, changes, Shift::Advance));
        if many {
            self.sequence.sum_up();
        }
        self.prepare_version.copy(target);
        self.moves = (retreating, advancing);
    }

    /// Takes changes into the prepare version (Eg-walker's *advance*), or out of it (*retreat*).
    fn shift(&mut self, history: &History, changes: Stretch, shift: Shift) {
        // What changes in a row inserted has identities in a row: not inserted <-> there.
        let (from, to) = history.made().inserted_between(changes);
        if from < to {
            self.sequence.shift(from, to - from, Count::Inserted, shift);
        }
        // What they deleted, wherever that stands now: there <-> deleted once more.
        let from = self.applied.partition_point(|row| row.changes.1 <= changes.0);
        for row in self.applied[from..].iter().take_while(|row| row.changes.0 < changes.1) {
            for (first, len) in deleted_in(&self.deleted[row.deleted.0..row.deleted.1], changes) {
                self.sequence.shift(first, len, Count::Deleted, shift);
            }
        }
        // Our own event, not one of the paper's: a suppression counts as one more deletion of what
        // its target inserted, and takes its target's deletions back. A release does the opposite.
        let suppressions = history.suppressions();
        let from = suppressions.partition_point(|event| event.change < changes.0);
        for event in suppressions[from..].iter().take_while(|event| event.change < changes.1) {
            for (first, len, count, forth) in self.suppression_spans(history, event) {
                let shift = if forth { shift } else { shift.reversed() };
                self.sequence.shift(first, len, count, shift);
            }
        }
    }

    /// The bytes that a suppression is about, which of their counts it moves, and whether forth.
    fn suppression_spans(
        &self,
        history: &History,
        suppression: &Suppression,
    ) -> Vec<(Byte, u32, Count, bool)> {
        let Suppression { target, part, suppressed, .. } = suppression;
        let changes = (*target, target + 1);
        let inserted = |(from, to): Stretch| {
            (from < to).then_some((from, to - from, Count::Hidden, *suppressed))
        };
        let deleted = |(first, len): (Byte, u32)| (first, len, Count::Deleted, !suppressed);
        let mut spans = Vec::new();
        match part {
            Part::All => {
                spans.extend(inserted(history.made().inserted_between(changes)));
                spans.extend(self.deleted_by(*target).map(deleted));
            }
            Part::Edits(edits) => {
                let mut before = 0;
                for (at, edit) in history.made().of_change(*target).enumerate() {
                    let part = (before, before + edit.deleted_len());
                    before = part.1;
                    if edits.iter().any(|listed| *listed as usize == at) {
                        let bytes = edit.inserted();
                        spans.extend(inserted((bytes.start, bytes.end)));
                        spans.extend(self.deleted_within(*target, part).into_iter().map(deleted));
                    }
                }
            }
            Part::Deletions(parts) => {
                let parts = parts.iter().flat_map(|part| self.deleted_within(*target, *part));
                spans.extend(parts.map(deleted));
            }
        }
        spans
    }

    /// The bytes that a change deleted, in the order in which it did.
    fn deleted_by(&self, change: u32) -> impl Iterator<Item = (Byte, u32)> {
        let changes = (change, change + 1);
        let at = self.applied.partition_point(|row| row.changes.1 <= change);
        let rows = self.applied[at..].iter().take_while(move |row| row.changes.0 < changes.1);
        rows.flat_map(move |row| deleted_in(&self.deleted[row.deleted.0..row.deleted.1], changes))
    }

    /// Each byte of those.
    #[cfg(test)]
    pub(crate) fn deleted_bytes(&self, change: u32) -> Vec<Byte> {
        self.deleted_by(change).flat_map(|(first, len)| first..first + len).collect()
    }

    /// Those from one place to another in the row of them.
    fn deleted_within(&self, change: u32, (from, to): Stretch) -> Vec<(Byte, u32)> {
        let mut before = 0;
        let mut found = Vec::new();
        for (first, len) in self.deleted_by(change) {
            let (start, end) = (from.max(before), to.min(before + len));
            if start < end {
                found.push((first + start - before, end - start));
            }
            before += len;
        }
        found
    }

    /// Whether the prepare version has a change.
    pub(crate) fn has_prepared(&self, change: u32) -> bool {
        self.prepare_version.contains(change)
    }

    /// The changes that deleted some of these bytes, those among them whose deletion was taken
    /// back. O(what all changes since the anchor deleted).
    pub(crate) fn deleters(&self, first: Byte, len: u32) -> impl Iterator<Item = u32> + '_ {
        let meets = move |(from, unit): (Byte, u32)| first < from + unit && from < first + len;
        let rows = self.deleted.iter().filter(move |row| meets((row.first, row.count * row.unit)));
        // A row may hold what many changes deleted.
        let each = rows.flat_map(|row| (row.change..row.end()).map(move |change| (row, change)));
        let met = each.filter(move |(row, change)| meets(row.within((*change, change + 1))));
        met.map(|(_, change)| change)
    }

    /// The spans of what a change inserted.
    pub(crate) fn inserted_by(&mut self, history: &History, change: u32) -> Vec<SpanId> {
        let (from, to) = history.made().inserted_between((change, change + 1));
        let mut spans = Vec::new();
        self.sequence.cut_out(from, to - from, &mut spans);
        spans
    }

    /// Applies a suppression whose base is the prepare version.
    pub(crate) fn apply_suppression(
        &mut self,
        history: &History,
        suppression: &Suppression,
        observer: &mut impl Observer,
    ) {
        let spans = self.suppressed_in_order(history, suppression);
        for (id, count, shift) in spans {
            let cursor = self.sequence.cursor_of(id);
            let span = self.sequence.span(id);
            let (shown, len) = (span.is_shown(), span.len);
            let stays = span.is_shown_after(count, shift);
            if shown && !stays {
                observer.hiding(&self.sequence, cursor, id, self.removed);
            }
            self.sequence.count(cursor, count, shift, self.removed);
            match (shown, stays) {
                (true, false) => self.removed += len,
                (false, true) => observer.showing(&self.sequence, cursor, id),
                _ => {}
            }
        }
        self.applied((suppression.change, suppression.change + 1), self.deleted.len());
    }

    /// The spans that a suppression is about, in document order: the observer builds a patch, which
    /// goes from left to right.
    fn suppressed_in_order(
        &mut self,
        history: &History,
        suppression: &Suppression,
    ) -> Vec<(SpanId, Count, Shift)> {
        let mut spans = Vec::new();
        for (first, len, count, forth) in self.suppression_spans(history, suppression) {
            let mut found = Vec::new();
            self.sequence.cut_out(first, len, &mut found);
            let shift = if forth { Shift::Advance } else { Shift::Retreat };
            spans.extend(found.into_iter().map(|id| (id, count, shift)));
        }
        spans.sort_unstable_by(|one, two| match self.sequence.span_before(one.0, two.0) {
            true => std::cmp::Ordering::Less,
            false => std::cmp::Ordering::Greater,
        });
        spans
    }

    /// Tells the spans where they stand in all that was removed, for changes that were replayed in
    /// another order than the list's: what each of them took away follows from the list alone.
    /// `removed` bytes were removed before them. O(what they deleted and suppressed).
    pub(crate) fn settle_removed(&mut self, history: &History, (from, to): Stretch, removed: u32) {
        // Changes in a row were replayed as one: first all are cut apart.
        (from..to).for_each(|change| drop(self.taken_in_order(history, change)));
        // In the effect version, as it was when each of them was applied.
        let mut effect = vec![Presence::THERE; self.sequence.span_count()];
        self.removed = removed;
        for change in from..to {
            for (id, count, shift) in self.taken_in_order(history, change) {
                let effect = &mut effect[id as usize];
                let shown = effect.is_there();
                effect.shift(count, shift);
                if shown && !effect.is_there() {
                    self.sequence.set_removed_at(id, self.removed);
                    self.removed += self.sequence.span(id).len;
                }
            }
        }
    }

    /// The spans that a change took away, or brought back, in the order in which it did.
    fn taken_in_order(&mut self, history: &History, change: u32) -> Vec<(SpanId, Count, Shift)> {
        if let Some(suppression) = history.suppression(change) {
            return self.suppressed_in_order(history, suppression);
        }
        let deleted: Vec<(Byte, u32)> = self.deleted_by(change).collect();
        let mut spans = Vec::new();
        for (first, len) in deleted {
            self.sequence.cut_out(first, len, &mut spans);
        }
        spans.into_iter().map(|id| (id, Count::Deleted, Shift::Advance)).collect()
    }

    /// Notes that changes were applied, whose deletions begin with this one.
    fn applied(&mut self, changes: Stretch, from: usize) {
        let deleted = (from, self.deleted.len());
        self.prepare_version.insert_stretch(changes);
        match self.applied.last_mut() {
            Some(last) if last.changes.1 == changes.0 && last.deleted.1 == from => {
                (last.changes.1, last.deleted.1) = (changes.1, deleted.1);
            }
            _ => {
                let at = self.applied.partition_point(|row| row.changes.0 < changes.0);
                self.applied.insert(at, Applied { changes, deleted });
            }
        }
    }

    /// Whether edits fit the prepare version. `splits` says whether the byte at a place of a
    /// span begins a character.
    pub(crate) fn fits(
        &self,
        edits: &[Edit],
        splits: impl Fn(SpanId, u32) -> bool,
    ) -> Result<(), FitError> {
        let len = self.sequence.prepare_len();
        let (mut inserted, mut deleted) = (0, 0);
        for &(at, delete, insert) in edits {
            // Edits stand in order, so what was inserted and deleted before lies before the place.
            let start = (u64::from(at) + deleted).saturating_sub(inserted);
            (inserted, deleted) = (inserted + u64::from(insert), deleted + u64::from(delete));
            for at in [start, start + u64::from(delete)] {
                let at = u32::try_from(at).ok().filter(|at| *at <= len);
                let found = self.sequence.find_in_prepare(at.ok_or(FitError::PastEnd)?);
                let inside = found.filter(|&(_, _, offset)| offset > 0);
                if inside.is_some_and(|(_, span, offset)| !splits(span, offset)) {
                    return Err(FitError::InsideCharacter);
                }
            }
        }
        Ok(())
    }

    /// Applies changes that are in the history, in order.
    pub(crate) fn replay(&mut self, history: &History, changes: Stretch) {
        for link in history.links_of(changes) {
            let first = history.links()[link].first;
            let part = (first.max(changes.0), history.end_of(link).min(changes.1));
            if part.0 == first {
                self.set_prepare_version(history, history.seen_by(link));
            } else if let Some(base) = history.base(part.0) {
                self.set_prepare_version(history, base.seen());
            }
            if let Some(suppression) = history.suppression(part.0) {
                self.apply_suppression(history, suppression, &mut ());
                continue;
            }
            let from = self.deleted.len();
            for row in history.made().of(part) {
                self.apply_row(history, None, &row.within(part), &mut ());
            }
            self.applied(part, from);
        }
    }

    /// As [`Walker::replay`], but of changes in the list's order, and what is removed is in that
    /// order, too.
    pub(crate) fn replay_exactly(
        &mut self,
        history: &History,
        changes: Stretch,
        observer: &mut impl Observer,
    ) {
        for link in history.links_of(changes) {
            let first = history.links()[link].first;
            let part = (first.max(changes.0), history.end_of(link).min(changes.1));
            if let Some(base) = history.base(part.0) {
                self.set_prepare_version(history, base.seen());
            }
            if let Some(suppression) = history.suppression(part.0) {
                self.apply_suppression(history, suppression, observer);
                continue;
            }
            let from = self.deleted.len();
            for row in history.made().of(part) {
                let row = row.within(part);
                match row.back {
                    false => self.apply_row(history, None, &row, observer),
                    true => (row.change..row.end()).for_each(|change| {
                        self.apply_row(history, None, &row.within((change, change + 1)), observer);
                    }),
                }
            }
            self.applied(part, from);
        }
    }

    /// Applies the change that comes next in the history, and whose base is the prepare version.
    pub(crate) fn apply(
        &mut self,
        history: &History,
        id: ChangeId,
        edits: &[Edit],
        observer: &mut impl Observer,
    ) {
        let change = history.len();
        let from = self.deleted.len();
        let mut inserted_before = history.made().inserted_len();
        for &(at, delete, insert) in edits {
            observer.edit_begins();
            let row = Op {
                change,
                count: 1,
                at,
                delete,
                insert,
                back: false,
                inserted_before,
                deleted_before: 0,
            };
            self.apply_row(history, Some(id), &row, observer);
            inserted_before += insert;
        }
        self.applied((change, change + 1), from);
    }

    fn apply_row(
        &mut self,
        history: &History,
        id: Option<ChangeId>,
        row: &Op,
        observer: &mut impl Observer,
    ) {
        // The insertion stands in front of what the same edit deletes, so that a concurrent
        // insertion at the end of the deleted text stands behind it.
        if row.insert > 0 {
            self.insert(history, id, row, observer);
        }
        if row.delete > 0 {
            self.delete(row, observer);
        }
    }

    fn insert(
        &mut self,
        history: &History,
        id: Option<ChangeId>,
        row: &Op,
        observer: &mut impl Observer,
    ) {
        // The left origin is the byte before, in the prepare version; the right origin is the next
        // byte that the prepare version knows, deleted or not.
        let (left, cursor) = self.place_for(row.at);
        let right =
            self.sequence.next_known(cursor).map_or(NONE, |id| self.sequence.span(id).first);
        let id = || id.or_else(|| history.id(row.change));
        let cursor = self.integrate(history, id, (left, right), cursor);
        let bytes = row.inserted();
        let span = Span::new(bytes.start, bytes.end - bytes.start, left, right);
        let id = self.sequence.insert(cursor, span);
        observer.inserted(&self.sequence, id);
    }

    /// The byte before the `at`-th of the prepare version, and the place right behind it.
    fn place_for(&mut self, at: u32) -> (Byte, Cursor) {
        let found = at.checked_sub(1).and_then(|before| self.sequence.find_in_prepare(before));
        let Some((mut cursor, id, offset)) = found else {
            return (NONE, self.sequence.start());
        };
        let Span { first, len, .. } = *self.sequence.span(id);
        if offset + 1 < len {
            self.sequence.split(id, offset + 1);
            cursor = self.sequence.cursor_of(id);
        }
        (first + offset, self.sequence.after(cursor))
    }

    /// Where among concurrent insertions at one place a new one stands: FugueMax's order.
    ///
    /// `cursor` stands right behind the new span's left origin. From there up to the right origin
    /// stand only spans that the prepare version does not know, so that the author did not decide
    /// on which side of them to write. The rules are those of the algorithm's list form, known as
    /// YjsMod (the Eg-walker authors' reference integrates so, too). They compare places in the one
    /// sequence, not in any version:
    ///
    /// 1. At the first span that the author knew, stop: that is the right origin.
    /// 2. At a span whose left origin stands before ours, stop: it and what follows belong to
    ///    another place, behind ours.
    /// 3. A span whose left origin stands behind ours belongs to a span that was passed (it was
    ///    typed behind or inside that one), and goes where that goes.
    /// 4. A sibling, which has our left origin, with the same right origin: the smaller id comes
    ///    first. That is the tie, and the only place where ids matter.
    /// 5. A sibling whose right origin stands before ours: do not decide yet (`scanning`). If a
    ///    later sibling comes before us, this one does as well; if none does, it stays behind us.
    /// 6. A sibling whose right origin stands behind ours comes before us: siblings are in the
    ///    reverse order of their right origins. This is what FugueMax adds to Fugue, so that runs
    ///    which were written backwards (each insertion in front of the last) do not interleave
    ///    either.
    fn integrate(
        &self,
        history: &History,
        id: impl Fn() -> Option<ChangeId>,
        (left, right): (Byte, Byte),
        mut cursor: Cursor,
    ) -> Cursor {
        let sequence = &self.sequence;
        // Most insertions meet nobody, so the id is looked up only when there is a tie.
        let own = OnceCell::new();
        let goes_before = |other: &Span| id_of(history, other.first) < *own.get_or_init(&id);
        // `cursor` is the best place so far, `scan` goes on ahead of it while `scanning`.
        let mut scan = cursor;
        let mut scanning = false;
        while let Some((other, at)) = sequence.at(scan) {
            // Rule 4 for many at once: siblings with the same origins stand in the order of their
            // ids, so the place among a crowd of them is found by bisection.
            let passes = |span| goes_before(sequence.span(span));
            if let Some(passed) = sequence.pass_siblings(at, (left, right), passes) {
                if passed.0 != at {
                    cursor = passed.0;
                }
                if passed.1 {
                    break;
                }
                (scan, scanning) = (passed.0, false);
                continue;
            }
            let other = sequence.span(other);
            if other.prepare.is_known() {
                break; // Rule 1.
            }
            if other.left_origin == left {
                if other.right_origin == right {
                    // Rule 4.
                    if !goes_before(other) {
                        break;
                    }
                    scanning = false;
                } else {
                    // Rules 5 and 6.
                    scanning = sequence.is_before(other.right_origin, right);
                }
            } else {
                let behind = other.left_origin != NONE
                    && (left == NONE || sequence.is_before(left, other.left_origin));
                if !behind {
                    break; // Rule 2.
                }
                // Rule 3: `scanning` stays what the span that this one belongs to made it.
            }
            scan = sequence.after(at);
            if !scanning {
                cursor = scan;
            }
        }
        cursor
    }

    fn delete(&mut self, row: &Op, observer: &mut impl Observer) {
        let place = if row.count > 1 { row.lowest() } else { row.at.saturating_add(row.insert) };
        let Some((mut cursor, id, offset)) = self.sequence.find_in_prepare(place) else { return };
        if offset > 0 {
            let tail = self.sequence.split(id, offset);
            cursor = self.sequence.cursor_of(tail);
        }
        let (mut done, total) = (0, row.deleted_len());
        let from = self.deleted.len();
        while done < total {
            let Some((id, mut at)) = self.sequence.at(cursor) else { break };
            // A deletion is about bytes that its author saw. What stands between them but is not in
            // the prepare version, insertions by others above all, is left alone.
            if self.sequence.span(id).prepare.is_there() {
                if self.sequence.span(id).len > total - done {
                    self.sequence.split(id, total - done);
                    at = self.sequence.cursor_of(id);
                }
                observer.deleting(&self.sequence, at, id, self.removed);
                let Span { first, len, .. } = *self.sequence.span(id);
                // If somebody concurrent deleted the byte already, it is only counted once more:
                // the effect is nothing, and it takes two retreats until the byte is back.
                let shown = self.sequence.span(id).is_shown();
                self.sequence.count(at, Count::Deleted, Shift::Advance, self.removed);
                self.removed += if shown { len } else { 0 };
                self.note(row, done, first, len);
                done += len;
            }
            cursor = self.sequence.after(at);
        }
        if row.back {
            // The last change's stood first; what one deleted in parts stays from left to right.
            self.deleted[from..].reverse();
            let each = self.deleted[from..].chunk_by_mut(|one, two| one.change == two.change);
            each.for_each(<[Deleted]>::reverse);
        }
    }

    /// Notes that bytes from the `done`-th of a row's deletions on were these.
    fn note(&mut self, row: &Op, mut done: u32, mut first: Byte, mut len: u32) {
        if row.count == 1 {
            return match self.deleted.last_mut() {
                Some(last) if last.change == row.change && last.first + last.unit == first => {
                    last.unit += len;
                }
                _ => self.deleted.push(Deleted {
                    change: row.change,
                    count: 1,
                    first,
                    unit: len,
                    back: false,
                }),
            };
        }
        // Where a span ends within what one change deleted, that part stands alone.
        while len > 0 {
            let within = done % row.delete;
            let (count, unit) = match within == 0 && len >= row.delete {
                true => (len / row.delete, row.delete),
                false => (1, len.min(row.delete - within)),
            };
            let ahead = done / row.delete;
            let behind = if row.back { row.count - count - ahead } else { ahead };
            let change = row.change + behind;
            self.deleted.push(Deleted { change, count, first, unit, back: row.back });
            let taken = count * unit;
            (done, first, len) = (done + taken, first + taken, len - taken);
        }
    }
}

/// Bytes that some changes deleted, of rows in the order of changes.
fn deleted_in(rows: &[Deleted], changes: Stretch) -> impl Iterator<Item = (Byte, u32)> + '_ {
    let from = rows.partition_point(|deleted| deleted.end() <= changes.0);
    let rows = rows[from..].iter().take_while(move |next| next.change < changes.1);
    rows.map(move |deleted| deleted.within(changes))
}

fn id_of(history: &History, byte: Byte) -> Option<ChangeId> {
    if byte >= GROUND {
        return None;
    }
    history.id(history.made().that_inserted(byte)?)
}
