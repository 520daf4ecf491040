//! The encoding of a sequence: its spans in document order, for a cache.
//!
//! The tree is not in it. It is built anew, from below, which takes a fraction of inserting span
//! after span. Most of what a span has follows from the one before it; a byte of flags says what
//! does not.

use super::{Byte, GROUND, NONE, Node, Presence, Sequence, Span, SpanId, WIDTH};
use crate::columns::{ColumnsError, Reader, Writer, unzigzag, zigzag};

/// For each span: its flags.
const FLAGS: usize = 1;
/// For each: where it begins unless [`GOES_ON`]; how many bytes it has.
const BYTES: usize = 2;
/// For each: its left origin unless [`BEHIND`], its right origin unless [`SAME_RIGHT`].
const ORIGINS: usize = 3;
/// For each: its presences unless they are as they mostly are, and where it is among what was
/// removed unless it is not.
const STATES: usize = 4;

/// Its first byte is the one after the last span's last.
const GOES_ON: u32 = 1;
/// Its left origin is the byte before its first, as in a run that was split.
const BEHIND: u32 = 2;
/// Its left origin is that of the last span.
const SAME_LEFT: u32 = 4;
/// Its right origin is that of the last span.
const SAME_RIGHT: u32 = 8;
/// It is there in the prepare version, inserted once.
const PREPARED: u32 = 16;
/// It is shown, inserted once.
const SHOWN: u32 = 32;
/// It was never removed.
const KEPT: u32 = 64;

/// Children of a node that is built: some room is left, so that the next insertions split none.
const FILLED: usize = WIDTH * 3 / 4;

/// What a reader remembers of the span before.
struct Before {
    end: Byte,
    left_origin: Byte,
    right_origin: Byte,
    /// Where what was removed before ends.
    removed: u32,
}

impl Before {
    const NOTHING: Self = Self { end: GROUND, left_origin: NONE, right_origin: NONE, removed: 0 };

    fn span(&mut self, span: &Span) {
        self.end = span.first.wrapping_add(span.len);
        (self.left_origin, self.right_origin) = (span.left_origin, span.right_origin);
        if span.removed_at != NONE {
            self.removed = span.removed_at.wrapping_add(span.len);
        }
    }
}

impl Presence {
    fn write(self, writer: &mut Writer) {
        [self.inserted, self.hidden, self.deleted]
            .into_iter()
            .for_each(|count| writer.push(STATES, zigzag(count, 0)));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ColumnsError> {
        let mut count = || reader.next(STATES).map(|number| unzigzag(number, 0));
        Ok(Self { inserted: count()?, hidden: count()?, deleted: count()? })
    }
}

impl Sequence {
    pub(crate) fn write(&self, writer: &mut Writer) {
        let mut before = Before::NOTHING;
        for span in self.spans() {
            let flag = |holds: bool, flag: u32| if holds { flag } else { 0 };
            let behind = span.first != GROUND && span.left_origin == span.first.wrapping_sub(1);
            let flags = flag(span.first == before.end, GOES_ON)
                | flag(behind, BEHIND)
                | flag(span.left_origin == before.left_origin, SAME_LEFT)
                | flag(span.right_origin == before.right_origin, SAME_RIGHT)
                | flag(span.prepare == Presence::THERE, PREPARED)
                | flag(span.effect == Presence::THERE, SHOWN)
                | flag(span.removed_at == NONE, KEPT);
            writer.push(FLAGS, flags);
            if flags & GOES_ON == 0 {
                writer.push(BYTES, zigzag(span.first, before.end));
            }
            writer.push(BYTES, span.len);
            if flags & (BEHIND | SAME_LEFT) == 0 {
                writer.push(ORIGINS, zigzag(span.left_origin, before.left_origin));
            }
            if flags & SAME_RIGHT == 0 {
                writer.push(ORIGINS, zigzag(span.right_origin, before.right_origin));
            }
            if flags & PREPARED == 0 {
                span.prepare.write(writer);
            }
            if flags & SHOWN == 0 {
                span.effect.write(writer);
            }
            if flags & KEPT == 0 {
                writer.push(STATES, zigzag(span.removed_at, before.removed));
            }
            before.span(span);
        }
    }

    /// The sequence that was written, of `ground` bytes that stood there before and all that was
    /// inserted of identities from one up to, and without, another. Each of these bytes is in one
    /// span, or it is an error. O(spans).
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        ground: u32,
        (from, to): (Byte, Byte),
    ) -> Result<Self, ColumnsError> {
        let mut spans = Vec::new();
        let mut before = Before::NOTHING;
        while !reader.is_over(FLAGS) {
            let span = read_span(reader, &before)?;
            before.span(&span);
            spans.push(span);
        }
        let mut sequence = Self::new(0, from);
        for (id, span) in (0..).zip(&spans) {
            let end = span.first.checked_add(span.len).ok_or(ColumnsError::Mismatch)?;
            match span.first.checked_sub(GROUND) {
                Some(_) if end <= GROUND + ground => {
                    sequence.ground.insert(span.first, id);
                }
                None if span.first >= from && end <= to => {
                    sequence.inserted.insert(span.first - from, id);
                }
                _ => return Err(ColumnsError::Mismatch),
            }
        }
        sequence.spans = spans;
        sequence.build();
        let covers = |first, len| {
            let (mut byte, mut spans) = (first, 0);
            while byte < first + len {
                byte += sequence.span(sequence.beginning_with(byte)?).len;
                spans += 1;
            }
            Some(spans)
        };
        let all = covers(GROUND, ground).zip(covers(from, to - from));
        match all.is_some_and(|(one, two)| one + two == sequence.spans.len()) {
            true => Ok(sequence),
            false => Err(ColumnsError::Mismatch),
        }
    }

    /// Builds the tree over the spans, which are in document order.
    fn build(&mut self) {
        self.nodes.clear();
        let mut children: Vec<u32> = (0..self.spans.len() as SpanId).collect();
        let mut is_leaf = true;
        loop {
            let first = self.nodes.len() as u32;
            let groups = children.chunks(FILLED).map(|group| self.node_of(group, is_leaf));
            let built: Vec<Node> = groups.collect();
            self.nodes.extend(built);
            if is_leaf && self.nodes.is_empty() {
                self.nodes.push(Node::new(true));
            }
            let last = self.nodes.len() as u32;
            for node in first..last {
                self.nodes[node as usize].origins = self.common_origins(node);
                match is_leaf {
                    true => self.settle(node),
                    false => self.adopt(node, 0),
                }
            }
            if last - first == 1 {
                self.root = first;
                return;
            }
            (children, is_leaf) = ((first..last).collect(), false);
        }
    }

    fn node_of(&self, children: &[u32], is_leaf: bool) -> Node {
        let mut node = Node::new(is_leaf);
        for (slot, child) in children.iter().enumerate() {
            let sums = match is_leaf {
                true => self.span(*child).sums(),
                false => self.node(*child).total(),
            };
            node.insert(slot, *child, sums);
        }
        node
    }
}

fn read_span(reader: &mut Reader<'_>, before: &Before) -> Result<Span, ColumnsError> {
    let flags = reader.next(FLAGS)?;
    let is = |flag: u32| flags & flag != 0;
    let first = match is(GOES_ON) {
        true => before.end,
        false => unzigzag(reader.next(BYTES)?, before.end),
    };
    let len = reader.next(BYTES)?;
    if len == 0 {
        return Err(ColumnsError::Mismatch);
    }
    let left_origin = match (is(BEHIND), is(SAME_LEFT)) {
        (true, _) => first.wrapping_sub(1),
        (false, true) => before.left_origin,
        (false, false) => unzigzag(reader.next(ORIGINS)?, before.left_origin),
    };
    let right_origin = match is(SAME_RIGHT) {
        true => before.right_origin,
        false => unzigzag(reader.next(ORIGINS)?, before.right_origin),
    };
    let prepare = if is(PREPARED) { Presence::THERE } else { Presence::read(reader)? };
    let effect = if is(SHOWN) { Presence::THERE } else { Presence::read(reader)? };
    let removed_at = match is(KEPT) {
        true => NONE,
        false => unzigzag(reader.next(STATES)?, before.removed),
    };
    let span = Span::new(first, len, left_origin, right_origin);
    Ok(Span { prepare, effect, removed_at, ..span })
}
