//! Which concurrent changes touched the same words as a merged one.
//!
//! Nothing is refused because of an overlap; it is only reported, to the author and on the page.
//! The rules are ours: Eg-walker merges bytes, and what two people meant by them only they can
//! tell. A change overlaps a concurrent one if
//!
//! 1. both deleted the same text;
//! 2. one changed something inside what the other deleted;
//! 3. one changed a word (a run of letters and digits) that the other changed, or that only the two
//!    insertions together form.
//!
//! Whole words, lines or paragraphs inserted at the same place are no overlap: both stand there
//! whole. May assume a walker that has just applied the change, and the text with it. Must never
//! change what is merged, nor look further than the words that a change meets, past what is deleted
//! there.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::history::History;
use crate::ops::{Edit, Ops};
use crate::sequence::{Cursor, GROUND, NONE, Sequence, Span, SpanId};
use crate::tokens;
use crate::version::Version;
use crate::walker::Observer;

/// A place where a concurrent change touched the same words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Overlap {
    /// The words, in the merged text; empty where the change only deleted.
    pub range: Range<u32>,
    /// Index of the concurrent change. Of several that deleted the same text, the one that the list
    /// names first.
    pub with: u32,
}

/// Overlaps reported for one change at most.
const MAX_OVERLAPS: usize = 256;

/// Bytes of a word that are followed on each side of a hunk at most. Not a number of spans: those
/// are as many as the walker has seen of the past, and what is found must not depend on that.
const MAX_WORD: usize = 1_024;

/// What a change did to the effect version, in the order of its edits.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// Each in the text that the one before left.
    pub(crate) edits: Vec<Edit>,
    /// Spans that are shown again, in order.
    pub(crate) shown: Vec<SpanId>,
    touched: Vec<Touched>,
}

impl Effect {
    /// What each edit of the change touched.
    pub(crate) fn touched(&self) -> &[Touched] {
        &self.touched
    }

    /// What an edit inserts behind what the one before deleted stands with that one.
    fn insert(&mut self, at: u32, len: u32) {
        match self.edits.last_mut() {
            Some(last) if last.0 + last.2 == at => last.2 += len,
            _ => self.edits.push((at, 0, len)),
        }
    }

    fn delete(&mut self, at: u32, len: u32) {
        match self.edits.last_mut() {
            Some(last) if last.0 + last.2 == at => last.1 += len,
            _ => self.edits.push((at, len, 0)),
        }
    }
}

/// What an edit touched.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) inserted: Option<SpanId>,
    /// In order, and whether each was still shown.
    pub(crate) deleted: Vec<(SpanId, bool)>,
}

impl Observer for Effect {
    fn edit_begins(&mut self) {
        self.touched.push(Touched::default());
    }

    fn inserted(&mut self, sequence: &Sequence, id: SpanId) {
        let (at, len) = (sequence.effect_len_before_span(id), sequence.span(id).len);
        self.insert(at, len);
        if let Some(touched) = self.touched.last_mut() {
            touched.inserted = Some(id);
        }
    }

    fn deleting(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId, _: u32) {
        let span = sequence.span(id);
        if let Some(touched) = self.touched.last_mut() {
            touched.deleted.push((id, span.is_shown()));
        }
        if span.is_shown() {
            self.delete(sequence.effect_len_before(cursor), span.len);
        }
    }

    fn hiding(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId, _: u32) {
        self.delete(sequence.effect_len_before(cursor), sequence.span(id).len);
    }

    fn showing(&mut self, sequence: &Sequence, cursor: Cursor, id: SpanId) {
        self.shown.push(id);
        self.insert(sequence.effect_len_before(cursor), sequence.span(id).len);
    }
}

/// What stands in the spans of a sequence.
#[derive(Clone, Copy)]
pub(crate) struct Contents<'a> {
    /// Whose effect version is the text.
    pub(crate) sequence: &'a Sequence,
    /// What led to it,
    pub(crate) history: &'a History,
    /// what that came to,
    pub(crate) applied: &'a Ops,
    /// and what this removed.
    pub(crate) removed: &'a str,
    pub(crate) text: &'a str,
}

impl<'a> Contents<'a> {
    /// Whether the byte at a place of a span begins a character.
    pub(crate) fn splits(&self, id: SpanId, at: u32) -> bool {
        let (text, from) = self.source(id);
        text.is_char_boundary(from + at as usize)
    }

    /// What stands in a span.
    pub(crate) fn of(&self, id: SpanId) -> &'a str {
        let len = self.sequence.span(id).len as usize;
        let (text, from) = self.source(id);
        text.get(from..from + len).unwrap_or_default()
    }

    /// Where a span's characters can be read: a text and the place in it.
    fn source(&self, id: SpanId) -> (&'a str, usize) {
        let span = self.sequence.span(id);
        match span.first < GROUND {
            true => (self.history.inserted(), span.first as usize),
            // The walker knows no characters of what stood there before (the paper's placeholder).
            false if span.is_shown() => {
                (self.text, self.sequence.effect_len_before_span(id) as usize)
            }
            false => self.removed(id),
        }
    }

    /// Where the characters of a span that was removed can be read.
    fn removed(&self, id: SpanId) -> (&'a str, usize) {
        (self.removed, self.sequence.span(id).removed_at as usize)
    }

    /// What stands in a span that was removed, and is shown again.
    pub(crate) fn restored(&self, id: SpanId) -> &'a str {
        let span = self.sequence.span(id);
        let (text, from) = match span.first < GROUND {
            true => self.source(id),
            false => self.removed(id),
        };
        text.get(from..from + span.len as usize).unwrap_or_default()
    }

    /// The changes that deleted a part of a span which is not shown.
    fn deleters(&self, span: &Span, part: Range<u32>) -> impl Iterator<Item = u32> + 'a {
        let (applied, history) = (self.applied, self.history);
        let all = changes(part, span.removed_at, |bytes| applied.that_deleted_ends(bytes));
        // A moderator who takes a change out has not edited the words.
        all.filter(|change| history.suppression(*change).is_none())
    }

    /// The parts of a span, each with the change that inserted it, where it is shown, or took it
    /// away, where it is not: a span may hold what several did in a row. None of what stood there
    /// before all that was replayed.
    pub(crate) fn changed(&self, id: SpanId) -> impl Iterator<Item = (u32, Option<u32>)> + 'a {
        let (span, made, applied) = (self.sequence.span(id), self.history.made(), self.applied);
        let (len, shown) = (span.len, span.is_shown());
        let first = if shown { span.first } else { span.removed_at };
        let ends = move |from: u32| {
            let bytes = first.checked_add(from)?..first.checked_add(len)?;
            if shown { made.that_inserted_ends(&bytes) } else { applied.that_deleted_ends(&bytes) }
        };
        let end_of = move |change: u32| match shown {
            true => made.inserted_before(change + 1),
            false => applied.deleted_before(change + 1),
        };
        let mut at = 0;
        std::iter::from_fn(move || {
            let (from, ends) = (at, (at < len).then(|| ends(at))?);
            let alone = ends.is_none_or(|(first, last)| first == last);
            let by = ends.map(|(first, _)| first);
            at = by.filter(|_| !alone).map_or(len, |by| (end_of(by) - first).clamp(from + 1, len));
            Some((at - from, by))
        })
    }

    /// The changes that a version lacks by which a span is shown again: each took out one that had
    /// deleted it. O(changes since).
    pub(crate) fn restored_since(&self, version: &Version, id: SpanId) -> Vec<u32> {
        let (span, all) = (self.sequence.span(id), self.history.suppressions());
        if span.removed_at == NONE {
            return Vec::new();
        }
        let deleted =
            changes(0..span.len, span.removed_at, |bytes| self.applied.that_deleted_ends(bytes));
        let deleted: BTreeSet<u32> = deleted.collect();
        let since = all.partition_point(|event| event.change < version.prefix());
        let took = all[since..].iter().filter(|event| {
            event.suppressed && !version.contains(event.change) && deleted.contains(&event.target)
        });
        took.map(|event| event.change).collect()
    }

    /// What changes that a version lacks did to a span: who deleted it, or inserted it and which of
    /// all inserted bytes. Nothing where the version has it as it is.
    pub(crate) fn made_since(
        &self,
        version: &'a Version,
        id: SpanId,
    ) -> impl Iterator<Item = (u32, Range<u32>)> + 'a {
        let (span, made) = (self.sequence.span(id), self.history.made());
        let mut at = span.first;
        let end = if span.prepare.is_there() || at >= GROUND { at } else { at + span.len };
        let inserted = std::iter::from_fn(move || {
            let (by, last) = (at < end).then(|| made.that_inserted_ends(&(at..end)))??;
            let upto = if by == last { end } else { made.inserted_before(by + 1).min(end) };
            let inserted = at..upto;
            at = upto;
            Some((by, inserted))
        });
        let deleted = span.prepare.is_there() && !span.is_shown();
        let deleted = deleted.then(|| self.deleters(span, 0..span.len).map(|by| (by, 0..0)));
        let all = inserted.chain(deleted.into_iter().flatten());
        all.filter(|(by, _)| !version.contains(*by))
    }

    /// The changes that a version lacks by which a part of all inserted bytes, of a span, is not
    /// shown any more.
    pub(crate) fn undone_since(
        &self,
        version: &'a Version,
        id: SpanId,
        inserted: &Range<u32>,
    ) -> impl Iterator<Item = u32> + 'a {
        let (span, applied) = (self.sequence.span(id), self.applied);
        let is_gone = !span.is_shown() && span.removed_at != NONE && !inserted.is_empty();
        let part = is_gone.then(|| inserted.start - span.first..inserted.end - span.first);
        let by = part
            .map(|part| changes(part, span.removed_at, |bytes| applied.that_deleted_ends(bytes)));
        by.into_iter().flatten().filter(|by| !version.contains(*by))
    }

    /// The concurrent changes that inserted a part of a span still shown, or deleted one that the
    /// change knew. A span may hold what several did in a row.
    fn concurrent(&self, span: &Span, part: Range<u32>) -> Vec<u32> {
        match (span.prepare.is_known(), span.prepare.is_there(), span.is_shown()) {
            // The change's base lacks it, and the text has it.
            (false, _, true) => {
                changes(part, span.first, |bytes| self.history.made().that_inserted_ends(bytes))
                    .collect()
            }
            // The base has it, and the text lacks it. (What the change itself deleted, the prepare
            // version has not any more.)
            (true, true, false) => self.deleters(span, part).collect(),
            _ => Vec::new(),
        }
    }
}

/// The changes in a row that touched the bytes of a part, which begins at a byte.
fn changes(
    part: Range<u32>,
    first: u32,
    of: impl Fn(&Range<u32>) -> Option<(u32, u32)>,
) -> impl Iterator<Item = u32> {
    let some = part.start < part.end;
    let bytes = first.checked_add(part.start).zip(first.checked_add(part.end));
    let ends = bytes.filter(|_| some).and_then(|(start, end)| of(&(start..end)));
    ends.into_iter().flat_map(|(from, to)| from..=to)
}

/// The overlaps of the change that was just applied, ordered by place.
pub(crate) fn find(contents: &Contents<'_>, change: u32, effect: &Effect) -> Vec<Overlap> {
    let mut found = Vec::new();
    for hunk in &effect.touched {
        let Some(meeting) = Meeting::of(contents, change, hunk) else { continue };
        for with in meeting.with {
            if found.len() == MAX_OVERLAPS {
                return found;
            }
            found.push(Overlap { range: meeting.range.clone(), with });
        }
    }
    found
}

/// One hunk and whom it met.
struct Meeting<'a> {
    contents: &'a Contents<'a>,
    range: Range<u32>,
    with: BTreeSet<u32>,
}

impl<'a> Meeting<'a> {
    fn of(contents: &'a Contents<'a>, change: u32, hunk: &Touched) -> Option<Self> {
        let sequence = contents.sequence;
        let first = hunk.inserted.or(hunk.deleted.first().map(|deleted| deleted.0))?;
        let last = hunk.deleted.last().map(|deleted| deleted.0).or(hunk.inserted)?;
        let start = sequence.effect_len_before_span(first);
        let end = sequence.effect_len_before_span(last) + sequence.span(last).effect_len();
        let mut meeting = Meeting { contents, range: start..end, with: BTreeSet::new() };
        // Rule 2, where this change deleted around the other.
        meeting.inside(first, last);
        // Rule 1.
        let already_gone = hunk.deleted.iter().filter(|deleted| !deleted.1);
        let gone_by = |&(id, _): &(SpanId, bool)| {
            let span = sequence.span(id);
            contents.deleters(span, 0..span.len)
        };
        meeting.with.extend(already_gone.flat_map(gone_by));
        // Rule 3.
        meeting.sides(first, last);
        // Rule 2, where the other deleted around this change.
        meeting.surroundings(first, last);
        meeting.with.remove(&change);
        Some(meeting)
    }

    /// What concurrent changes inserted or deleted between the hunk's first and last span.
    fn inside(&mut self, first: SpanId, last: SpanId) {
        let sequence = self.contents.sequence;
        let mut next = sequence.at(sequence.cursor_of(first));
        while let Some((id, cursor)) = next {
            let span = sequence.span(id);
            self.with.extend(self.contents.concurrent(span, 0..span.len));
            next = sequence.at(sequence.after(cursor)).filter(|_| id != last);
        }
    }

    /// What concurrent changes did to the words that the hunk's ends belong to.
    fn sides(&mut self, first: SpanId, last: SpanId) {
        let sequence = self.contents.sequence;
        if self.contents.of(first).chars().next().is_some_and(tokens::is_word) {
            let from = sequence.cursor_of(first);
            self.range.start -= self.side(from, |cursor| sequence.before(cursor), Side::Left);
        }
        if self.contents.of(last).chars().next_back().is_some_and(tokens::is_word) {
            let from = sequence.after(sequence.cursor_of(last));
            let next = |cursor| sequence.at(cursor).map(|(id, at)| (id, sequence.after(at)));
            self.range.end += self.side(from, next, Side::Right);
        }
    }

    /// Follows a word away from the hunk; how many shown bytes of it there are.
    fn side(
        &mut self,
        mut cursor: Cursor,
        next: impl Fn(Cursor) -> Option<(SpanId, Cursor)>,
        side: Side,
    ) -> u32 {
        let (mut joined, mut followed) = (0, 0);
        while followed < MAX_WORD {
            let Some((id, after)) = next(cursor) else { break };
            cursor = after;
            let span = self.contents.sequence.span(id);
            // Neither text has it, so it does not part the word.
            if is_past(span) {
                continue;
            }
            let content = self.contents.of(id);
            let word = side.word_len(content);
            if word == 0 {
                break;
            }
            followed += word;
            let bytes = u32::try_from(word).unwrap_or(span.len);
            let part = match side {
                Side::Left => span.len - bytes..span.len,
                Side::Right => 0..bytes,
            };
            self.with.extend(self.contents.concurrent(span, part));
            // The range is one of the merged text, in which a part of the word may be gone.
            if span.is_shown() {
                joined += bytes;
            }
            if word < content.len() {
                break;
            }
        }
        joined
    }

    /// Whether the hunk lies inside what one concurrent change deleted.
    fn surroundings(&mut self, first: SpanId, last: SpanId) {
        let sequence = self.contents.sequence;
        let mut left = sequence.before(sequence.cursor_of(first));
        while let Some((_, at)) = left.filter(|(id, _)| is_past(sequence.span(*id))) {
            left = sequence.before(at);
        }
        let mut right = sequence.at(sequence.after(sequence.cursor_of(last)));
        while let Some((_, at)) = right.filter(|(id, _)| is_past(sequence.span(*id))) {
            right = sequence.at(sequence.after(at));
        }
        let deleter = |found: Option<(SpanId, Cursor)>, side: Side| {
            let span = sequence.span(found?.0);
            let nearest = match side {
                Side::Left => span.len - 1..span.len,
                Side::Right => 0..1,
            };
            let deleted = !span.is_shown() && span.prepare.is_there();
            deleted.then(|| self.contents.deleters(span, nearest).next()).flatten()
        };
        // Two changes that each deleted up to here from one side have not deleted around it.
        if let (Some(left), Some(right)) = (deleter(left, Side::Left), deleter(right, Side::Right))
            && left == right
        {
            self.with.insert(left);
        }
    }
}

/// Whether a span is out of the effect version and of no interest: the change had seen it deleted,
/// or never saw it at all.
fn is_past(span: &Span) -> bool {
    !span.is_shown() && !span.prepare.is_there()
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

impl Side {
    /// Bytes of the word that a text has at its end towards the hunk.
    fn word_len(self, content: &str) -> usize {
        let len = |chars: &mut dyn Iterator<Item = char>| {
            chars.take_while(|&c| tokens::is_word(c)).map(char::len_utf8).sum()
        };
        match self {
            Self::Left => len(&mut content.chars().rev()),
            Self::Right => len(&mut content.chars()),
        }
    }
}
