//! Replays concurrent changes: Eg-walker's temporary structure and its moves.
//!
//! The walker stands at a *version being replayed* and knows the *result*, the text of everything
//! that it has applied. To apply a change it first takes back and puts forward others, until the
//! version being replayed is the change's base. After Gentle and Kleppmann, "Collaborative Text
//! Editing with Eg-walker" (EuroSys 2025), with right parents as in their reference.
//!
//! May assume that a change is applied after all it had seen, that it fits its base
//! ([`Walker::fits`]), and that each base contains all changes before the walker's anchor. Must
//! never be kept once an application went wrong halfway.

use std::collections::BTreeMap;

use super::patch::{FitError, Patch};
use super::sequence::{Byte, Cursor, Origins, Sequence, Span, SpanId};
use super::version::Version;

/// What an applied change did to the result, hunk by hunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// The span of what the hunk inserted.
    pub(super) inserted: Option<SpanId>,
    /// Where that stands, in the result before the change.
    pub(super) inserted_at: u32,
    /// What the hunk deleted, as spans in order: (span, where, in the result before the change;
    /// whether it was still shown).
    pub(super) deleted: Vec<(SpanId, u32, bool)>,
}

/// What has to be toggled to take a change back or put it forward.
#[derive(Clone, Debug, Default)]
struct Done {
    inserted: u32,
    deleted: Vec<(Byte, u32)>,
}

/// Replays changes from an anchor on.
#[derive(Clone, Debug)]
pub(super) struct Walker {
    sequence: Sequence,
    /// The version being replayed.
    now: Version,
    done: BTreeMap<u32, Done>,
}

impl Walker {
    /// A walker over the text of the first `anchor` changes, which has `len` bytes.
    pub(super) fn new(anchor: u32, len: u32) -> Walker {
        Walker { sequence: Sequence::new(len), now: Version::up_to(anchor), done: BTreeMap::new() }
    }

    pub(super) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// Makes `target` the version being replayed. All its changes beyond the anchor must be applied.
    pub(super) fn go_to(&mut self, target: &Version) {
        let back: Vec<u32> = self.now.minus(target).collect();
        for change in back.into_iter().rev() {
            self.toggle(change, false);
        }
        let forth: Vec<u32> = target.minus(&self.now).collect();
        for change in forth {
            self.toggle(change, true);
        }
        self.now.clone_from(target);
    }

    /// Whether a patch fits the version being replayed. `splits` says whether the byte at a place of
    /// a span begins a character.
    pub(super) fn fits(
        &self,
        patch: &Patch,
        splits: impl Fn(SpanId, u32) -> bool,
    ) -> Result<(), FitError> {
        let len = self.sequence.seen_len();
        if patch.reach() > len {
            return Err(FitError::PastEnd);
        }
        for (start, deleted, _) in patch.edits() {
            for at in [start, start + deleted] {
                let inside = self.sequence.find_seen(at).filter(|&(_, offset)| offset > 0);
                if inside.is_some_and(|(span, offset)| !splits(span, offset)) {
                    return Err(FitError::InsideCharacter);
                }
            }
        }
        Ok(())
    }

    /// Applies a change whose base is the version being replayed.
    pub(super) fn apply(&mut self, change: u32, id: u64, patch: &Patch) -> Vec<Touched> {
        let mut run = Run { change, id, ..Run::default() };
        let mut touched = Vec::with_capacity(patch.hunks().len());
        for hunk in patch.hunks() {
            run.at = run.at.saturating_add(hunk.skip);
            let mut hunk_touched = Touched::default();
            if hunk.insert > 0 {
                self.insert(&mut run, hunk.insert, &mut hunk_touched);
            }
            self.delete(&mut run, hunk.delete, &mut hunk_touched);
            touched.push(hunk_touched);
        }
        self.done.insert(change, Done { inserted: run.used, deleted: run.deleted });
        self.now.insert(change);
        touched
    }

    fn insert(&mut self, run: &mut Run, len: u32, touched: &mut Touched) {
        let (left, cursor) = self.place_for(run.at);
        let right = self.sequence.next_known(cursor).map(|id| self.sequence.span(id).first);
        let cursor = self.integrate(run.id, (left, right), cursor);
        let first = Byte { change: run.change, offset: run.used };
        let id = self.sequence.insert(cursor, Span::new(first, len, run.id, (left, right)));
        touched.inserted = Some(id);
        touched.inserted_at = run.before(self.sequence.shown_before(id));
        run.used += len;
        run.shown += len;
        run.at = run.at.saturating_add(len);
    }

    /// The byte before the `at`-th of the version being replayed, and the place right behind it.
    fn place_for(&mut self, at: u32) -> (Option<Byte>, Cursor) {
        let found = at.checked_sub(1).and_then(|before| self.sequence.find_seen(before));
        let Some((id, offset)) = found else {
            return (None, self.sequence.start());
        };
        if offset + 1 < self.sequence.span(id).len {
            self.sequence.split(id, offset + 1);
        }
        let left = self.sequence.span(id).first.plus(offset);
        (Some(left), self.sequence.after(self.sequence.cursor_of(id)))
    }

    /// Where among concurrent insertions at one place a new one stands.
    fn integrate(&self, tie: u64, origins: Origins, mut cursor: Cursor) -> Cursor {
        let (left, right) = origins;
        let mut scan = cursor;
        let mut scanning = false;
        while let Some((id, at)) = self.sequence.at(scan) {
            if let Some(after) = self.sequence.after_siblings(at, origins, tie) {
                (scan, cursor, scanning) = (after, after, false);
                continue;
            }
            let other = self.sequence.span(id);
            if other.state > 0 {
                break;
            }
            if other.left == left {
                if other.right == right && tie < other.tie {
                    break;
                }
                scanning = other.right != right && self.before_right(other.right, right);
            } else if !self.behind_left(other.left, left) {
                break;
            }
            scan = self.sequence.after(at);
            if !scanning {
                cursor = scan;
            }
        }
        cursor
    }

    /// Whether one right origin stands before another; none stands at the end.
    fn before_right(&self, one: Option<Byte>, two: Option<Byte>) -> bool {
        match (one, two) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(one), Some(two)) => self.place_of(one) < self.place_of(two),
        }
    }

    /// Whether one left origin stands behind another; none stands at the beginning.
    fn behind_left(&self, one: Option<Byte>, two: Option<Byte>) -> bool {
        match (one, two) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(one), Some(two)) => self.place_of(one) > self.place_of(two),
        }
    }

    fn place_of(&self, byte: Byte) -> Option<(Cursor, u32)> {
        let (id, offset) = self.sequence.find_byte(byte)?;
        Some((self.sequence.cursor_of(id), offset))
    }

    fn delete(&mut self, run: &mut Run, mut len: u32, touched: &mut Touched) {
        let found = if len > 0 { self.sequence.find_seen(run.at) } else { None };
        let Some((mut id, offset)) = found else { return };
        if offset > 0 {
            id = self.sequence.split(id, offset);
        }
        let mut at = self.sequence.shown_before(id);
        let mut cursor = self.sequence.cursor_of(id);
        while len > 0 {
            let Some((id, found)) = self.sequence.at(cursor) else { return };
            // Splitting invalidates cursors, but happens at the very end only.
            cursor = self.sequence.after(found);
            if self.sequence.span(id).state == 1 {
                if self.sequence.span(id).len > len {
                    self.sequence.split(id, len);
                }
                len -= self.delete_span(run, id, at, touched);
            } else {
                at += self.sequence.span(id).shown_len();
            }
        }
    }

    /// Deletes a span, which stands at `at` in the result; its length.
    fn delete_span(&mut self, run: &mut Run, id: SpanId, at: u32, touched: &mut Touched) -> u32 {
        let span = self.sequence.span(id);
        let (first, len, shown) = (span.first, span.len, span.gone.is_none());
        touched.deleted.push((id, run.before(at), shown));
        self.sequence.set_state(id, 2);
        if shown {
            self.sequence.set_gone(id, Byte { change: run.change, offset: run.gone });
            run.gone += len;
        }
        match run.deleted.last_mut() {
            Some((from, before)) if from.plus(*before) == first => *before += len,
            _ => run.deleted.push((first, len)),
        }
        len
    }

    /// Takes a change into the version being replayed, or out of it.
    fn toggle(&mut self, change: u32, forth: bool) {
        let Some(done) = self.done.remove(&change) else { return };
        let inserted = (Byte { change, offset: 0 }, done.inserted);
        for &(first, len) in [inserted].iter().chain(&done.deleted) {
            for id in self.sequence.spans_of(first, len) {
                let state = self.sequence.span(id).state;
                let next = if forth { state + 1 } else { state.saturating_sub(1) };
                self.sequence.set_state(id, next);
            }
        }
        self.done.insert(change, done);
    }
}

/// How far the application of a change has come.
#[derive(Default)]
struct Run {
    change: u32,
    id: u64,
    /// Place in the version being replayed.
    at: u32,
    /// Bytes inserted so far.
    used: u32,
    /// Of those inserted, how many shift the result.
    shown: u32,
    /// Bytes taken out of the result so far.
    gone: u32,
    deleted: Vec<(Byte, u32)>,
}

impl Run {
    /// A place in the result as it is now, in the result before the change. In a document that
    /// was put together wrongly it may be another.
    fn before(&self, now: u32) -> u32 {
        now.saturating_add(self.gone).saturating_sub(self.shown)
    }
}
