//! Where lines of two writers would become one.
//!
//! The rule is ours: the beginning and the end of a text count as a line's.
//!
//! 1. Many an origin trims the end, and then what somebody wrote below the last line would stand in
//!    that line. The change that trimmed it may have come before or after the other.
//! 2. Two wrote at one place, each a line of their own, and neither wrote the line's end, since
//!    there was one, or the text's end.
//! 3. Somebody took the last lines away, and the end of the one before with them; what another one
//!    wrote below that would stand in it.
//!
//! All are found by what stands next to the change that was just applied; must never look further
//! than that.

use std::collections::{BTreeSet, HashSet};

use crate::overlap::{Contents, Effect, Touched};
use crate::sequence::{Byte, Cursor, NONE, Sequence, Span, SpanId};
use crate::walker::Walker;

/// The changes that may have trimmed what the change in front of others, or others in front of it.
pub(crate) fn trimming(
    contents: &Contents<'_>,
    walker: &Walker,
    change: u32,
    effect: &Effect,
) -> Vec<u32> {
    let mut found = BTreeSet::new();
    // Who was seen to delete it has not, where the author had it all the same: somebody took that
    // back. A walker may know of them or not.
    let deleters =
        |(first, len)| walker.deleters(first, len).filter(|by| !walker.has_prepared(*by));
    for inserted in effect.touched().iter().filter_map(|hunk| hunk.inserted) {
        found.extend(white_in_front(contents, inserted).into_iter().flat_map(deleters));
    }
    if let Some(last) = effect.touched().last()
        && stands_in_front(contents, last)
    {
        found.insert(change);
        let spans = last.deleted.iter().map(|(id, _)| contents.sequence.span(*id));
        found.extend(spans.flat_map(|span| deleters((span.first, span.len))));
    }
    found.into_iter().collect()
}

/// Places in the merged text where the change meets what a concurrent one inserted, each a line of
/// its own, and no line's end stands between; and where it begins a line at the end of the text
/// behind one whose end a concurrent change took away.
pub(crate) fn glued(contents: &Contents<'_>, effect: &Effect) -> Vec<u32> {
    let sequence = contents.sequence;
    // What the change deletes was there for the others.
    let gone = effect.touched().iter().flat_map(|hunk| hunk.deleted.iter().map(|(id, _)| *id));
    let gone: HashSet<SpanId> = gone.collect();
    let mut found = BTreeSet::new();
    for hunk in effect.touched() {
        let Some(id) = hunk.inserted else { continue };
        let own = sequence.span(id);
        let at = sequence.effect_len_before_span(id);
        let before = shown(
            std::iter::successors(sequence.before(sequence.cursor_of(id)), |(_, cursor)| {
                sequence.before(*cursor)
            }),
            sequence,
        );
        let behind = shown(
            std::iter::successors(
                sequence.at(sequence.after(sequence.cursor_of(id))),
                |(_, cursor)| sequence.at(sequence.after(*cursor)),
            ),
            sequence,
        );
        let met = |other: &Option<SpanId>| {
            let other = sequence.span((*other)?);
            (!other.prepare.is_known()).then_some(other)
        };
        let ended = |other: &Span| contents.ends_line(other, |id| gone.contains(&id));
        if met(&before).is_some_and(|other| ended(other) && contents.begins_line(own)) {
            found.insert(at);
        }
        let open = || contents.begins_line(own) && contents.is_gone(own.left_origin);
        if behind.is_none() && open() {
            found.insert(at);
        }
        let ends = || contents.ends_line(own, |_| false);
        if met(&behind).is_some_and(|other| ends() && contents.begins_line(other)) {
            found.insert(at + own.len);
        }
    }
    let broken = |at: u32| contents.text.as_bytes().get(at as usize) == Some(&b'\n');
    found.retain(|at| *at > 0 && !broken(*at) && !broken(*at - 1));
    found.into_iter().collect()
}

/// The first span that is shown.
fn shown(mut spans: impl Iterator<Item = (SpanId, Cursor)>, sequence: &Sequence) -> Option<SpanId> {
    spans.find(|(id, _)| sequence.span(*id).is_shown()).map(|(id, _)| id)
}

impl Contents<'_> {
    /// Whether a span's author had it at the beginning of a line.
    fn begins_line(&self, span: &Span) -> bool {
        self.is_line_end(span.left_origin)
    }

    /// Whether a span is the last of what its author inserted, at the end of a line. What is asked
    /// for is what stands there in the prepare version, since that is the same whatever a walker
    /// has seen of the past; and what does `too`.
    fn ends_line(&self, span: &Span, too: impl Fn(SpanId) -> bool) -> bool {
        let last = span.first + span.len - 1;
        let next = self.sequence.find_byte(last + 1).map(|id| self.sequence.span(id));
        if next.is_some_and(|next| next.left_origin == last) {
            return false;
        }
        let Some(right) = self.sequence.find_byte(span.right_origin) else { return true };
        let mut skipped = (span.right_origin - self.sequence.span(right).first) as usize;
        let mut found = self.sequence.at(self.sequence.cursor_of(right));
        while let Some((id, cursor)) = found {
            if self.sequence.span(id).prepare.is_there() || too(id) {
                return self.of(id).as_bytes().get(skipped) == Some(&b'\n');
            }
            skipped = 0;
            found = self.sequence.at(self.sequence.after(cursor));
        }
        true
    }

    /// Whether a byte was there for the author, and is not shown.
    fn is_gone(&self, byte: Byte) -> bool {
        let span = self.sequence.find_byte(byte).map(|id| self.sequence.span(id));
        span.is_some_and(|span| span.prepare.is_there() && !span.is_shown())
    }

    /// Whether a byte ends a line, or is none.
    fn is_line_end(&self, byte: Byte) -> bool {
        if byte == NONE {
            return true;
        }
        let Some(id) = self.sequence.find_byte(byte) else { return false };
        let at = (byte - self.sequence.span(id).first) as usize;
        self.of(id).as_bytes().get(at) == Some(&b'\n')
    }
}

/// White space that the author had right in front of what they inserted, and that is gone.
fn white_in_front(contents: &Contents<'_>, inserted: SpanId) -> Vec<(Byte, u32)> {
    let sequence = contents.sequence;
    let mut white = Vec::new();
    let mut next = sequence.before(sequence.cursor_of(inserted));
    while let Some((id, cursor)) = next {
        let span = sequence.span(id);
        if span.is_shown() {
            break;
        }
        if span.prepare.is_there() {
            let content = contents.of(id);
            let other = content.trim_end().len() as u32;
            // How much of it stands in one span depends on what the walker has seen of the past.
            if other < span.len {
                white.push((span.first + other, span.len - other));
            }
            if other > 0 {
                break;
            }
        }
        next = sequence.before(cursor);
    }
    white
}

/// Whether a hunk deleted white space alone at the end of its author's text, and something that
/// they had not seen stands behind it.
fn stands_in_front(contents: &Contents<'_>, hunk: &Touched) -> bool {
    let Some(&(last, _)) = hunk.deleted.last() else { return false };
    let white = || hunk.deleted.iter().all(|(id, _)| contents.of(*id).trim().is_empty());
    hunk.inserted.is_none() && followed(contents.sequence, last) && white()
}

fn followed(sequence: &Sequence, last: SpanId) -> bool {
    let mut shown = false;
    let mut next = sequence.at(sequence.after(sequence.cursor_of(last)));
    while let Some((id, cursor)) = next {
        let span = sequence.span(id);
        if span.prepare.is_there() {
            return false;
        }
        shown |= span.is_shown();
        next = sequence.at(sequence.after(cursor));
    }
    shown
}
