//! The characters that a merge has to do with, as spans in document order.
//!
//! A B+ tree. Its invariants:
//!
//! - All leaves are equally deep; a node has at most [`WIDTH`] children, and a full one is split in
//!   halves. Nothing is ever taken out, so nodes are never joined.
//! - A node holds, for each child, three sums over the spans below it: bytes in the prepare
//!   version, bytes in the effect version, and how many spans the prepare version knows (inserted
//!   there, deleted or not). A place is therefore found by either length, and spans that the
//!   prepare version does not know are skipped, in O(log spans).
//! - `parent` and `slot` of a node, and `leaf` of a span, say where it stands, so that a span's
//!   place is found from below, too.
//! - `origins` of a node is `Some` only if all spans below have these two origins. It may be `None`
//!   although they have: it only makes [`Sequence::pass_siblings`] quick.
//!
//! Beside the tree stands an index from a byte's identity to its span. May assume that callers
//! split only between characters. Must never move a span: spans are split and change state, their
//! order stays.

mod stored;

use std::collections::BTreeMap;
use std::ops::AddAssign;

use crate::predecessor::Predecessor;

/// A byte's identity: the how-manieth of all inserted bytes it was; from [`GROUND`] on, its place
/// in the text that stood there before all replayed changes.
pub(crate) type Byte = u32;

/// The identity of the first byte of the text that stood there before (the paper's placeholder).
pub(crate) const GROUND: Byte = 1 << 31;

/// No byte: the beginning, or the end.
pub(crate) const NONE: Byte = Byte::MAX;

/// Index of a span; a span keeps it when its tail is split off.
pub(crate) type SpanId = u32;

/// A run of bytes that share a state.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// The first byte's identity; the others follow it.
    pub(crate) first: Byte,
    /// Bytes; never 0.
    pub(crate) len: u32,
    /// FugueMax's left origin: the byte before the first one when that was inserted.
    pub(crate) left_origin: Byte,
    /// FugueMax's right origin: the byte behind when it was inserted, deleted or not.
    pub(crate) right_origin: Byte,
    /// In the prepare version.
    pub(crate) prepare: Presence,
    /// In the effect version.
    effect: Presence,
    /// While it is not shown, where in all that was removed it stands.
    pub(crate) removed_at: u32,
    leaf: u32,
}

impl Span {
    /// A new span for [`Sequence::insert`], there in the prepare version and in the effect version.
    pub(crate) fn new(first: Byte, len: u32, left_origin: Byte, right_origin: Byte) -> Self {
        Self {
            first,
            len,
            left_origin,
            right_origin,
            prepare: Presence::THERE,
            effect: Presence::THERE,
            removed_at: NONE,
            leaf: 0,
        }
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.effect.is_there()
    }

    /// Whether it is shown once a count has moved one step.
    pub(crate) fn is_shown_after(&self, count: Count, shift: Shift) -> bool {
        let mut effect = self.effect;
        effect.shift(count, shift);
        effect.is_there()
    }

    pub(crate) fn effect_len(&self) -> u32 {
        if self.is_shown() { self.len } else { 0 }
    }

    /// Whether it stands within so many bytes that were removed, if it is among them.
    pub(crate) fn fits_removed(&self, removed: u32) -> bool {
        let end = self.removed_at.checked_add(self.len);
        self.removed_at == NONE || end.is_some_and(|end| end <= removed)
    }

    fn sums(&self) -> Sums {
        Sums {
            prepare: if self.prepare.is_there() { self.len } else { 0 },
            effect: self.effect_len(),
            known: u32::from(self.prepare.is_known()),
            parted: u32::from(!(self.prepare.is_there() && self.is_shown())),
        }
    }
}

/// By how many events a span is in a version, and by how many it is out of it.
///
/// Eg-walker has one number: 0 is not yet inserted, 1 there, and each deletion adds one. Ours are
/// three, since several may have inserted the same span, and what they did can be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    /// Who inserted it, or made the same change.
    inserted: u32,
    /// Of those, whose insertion is hidden or suppressed.
    hidden: u32,
    /// Who deleted it, without those whose deletion was taken back.
    deleted: u32,
}

impl Presence {
    pub(crate) const THERE: Self = Self { inserted: 1, hidden: 0, deleted: 0 };

    /// Whether it was inserted, whatever became of it.
    pub(crate) fn is_known(self) -> bool {
        self.inserted > 0
    }

    /// Whether it stands in the version's text.
    pub(crate) fn is_there(self) -> bool {
        self.inserted > self.hidden && self.deleted == 0
    }

    /// How many events keep it out of the text.
    #[cfg(test)]
    pub(crate) fn removals(self) -> u32 {
        self.hidden + self.deleted
    }

    /// Moves a count one step. Between two events that are moved one after the other it may be
    /// below zero, hence wrapping arithmetic.
    pub(crate) fn shift(&mut self, count: Count, shift: Shift) {
        let count = match count {
            Count::Inserted => &mut self.inserted,
            Count::Hidden => &mut self.hidden,
            Count::Deleted => &mut self.deleted,
        };
        *count = count.wrapping_add(match shift {
            Shift::Advance => 1,
            Shift::Retreat => u32::MAX,
        });
    }
}

/// What of a [`Presence`] an event counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Inserted,
    Hidden,
    Deleted,
}

/// Which way the presence of a span moves when the prepare version moves past an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shift {
    /// Eg-walker's *advance*: the event comes into the prepare version.
    Advance,
    /// Eg-walker's *retreat*: the event goes out of it.
    Retreat,
}

impl Shift {
    /// The other way, for an event that takes another one back.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Advance => Self::Retreat,
            Self::Retreat => Self::Advance,
        }
    }
}

/// What is summed of spans. Differences wrap around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    /// Bytes in the prepare version.
    prepare: u32,
    /// Bytes in the effect version.
    effect: u32,
    /// Spans that the prepare version knows, deleted or not.
    known: u32,
    /// Spans that are not in both versions.
    parted: u32,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.prepare = self.prepare.wrapping_add(other.prepare);
        self.effect = self.effect.wrapping_add(other.effect);
        self.known = self.known.wrapping_add(other.known);
        self.parted = self.parted.wrapping_add(other.parted);
    }
}

impl Sums {
    fn less(self, other: Self) -> Self {
        Self {
            prepare: self.prepare.wrapping_sub(other.prepare),
            effect: self.effect.wrapping_sub(other.effect),
            known: self.known.wrapping_sub(other.known),
            parted: self.parted.wrapping_sub(other.parted),
        }
    }
}

/// Children of a node.
const WIDTH: usize = 32;

/// A node: of spans in a leaf, else of nodes.
#[derive(Clone, Debug)]
struct Node {
    parent: u32,
    /// Its place among the parent's children.
    slot: u8,
    len: u8,
    is_leaf: bool,
    /// The origins that all spans below have, where it is known that they have the same.
    origins: Option<(Byte, Byte)>,
    children: [u32; WIDTH],
    prepare: [u32; WIDTH],
    effect: [u32; WIDTH],
    known: [u32; WIDTH],
    parted: [u32; WIDTH],
}

impl Node {
    fn new(is_leaf: bool) -> Self {
        let none = [0; WIDTH];
        Self {
            parent: NONE,
            slot: 0,
            len: 0,
            is_leaf,
            origins: None,
            children: none,
            prepare: none,
            effect: none,
            known: none,
            parted: none,
        }
    }

    fn len(&self) -> usize {
        self.len as usize
    }

    fn children(&self) -> &[u32] {
        &self.children[..self.len()]
    }

    fn sums(&self, slot: usize) -> Sums {
        Sums {
            prepare: self.prepare[slot],
            effect: self.effect[slot],
            known: self.known[slot],
            parted: self.parted[slot],
        }
    }

    fn set(&mut self, slot: usize, sums: Sums) {
        self.prepare[slot] = sums.prepare;
        self.effect[slot] = sums.effect;
        self.known[slot] = sums.known;
        self.parted[slot] = sums.parted;
    }

    fn total(&self) -> Sums {
        let mut total = Sums::default();
        (0..self.len()).for_each(|slot| total += self.sums(slot));
        total
    }

    fn insert(&mut self, slot: usize, child: u32, sums: Sums) {
        let len = self.len();
        let Self { children, prepare, effect, known, parted, .. } = self;
        for column in [children, prepare, effect, known, parted] {
            column.copy_within(slot..len, slot + 1);
        }
        self.children[slot] = child;
        self.set(slot, sums);
        self.len += 1;
    }

    /// Cuts off the upper half.
    fn halve(&mut self) -> Self {
        let (half, len) = (self.len() / 2, self.len());
        let mut upper = Self::new(self.is_leaf);
        let (from, to) = (half..len, ..len - half);
        upper.children[to].copy_from_slice(&self.children[from.clone()]);
        upper.prepare[to].copy_from_slice(&self.prepare[from.clone()]);
        upper.effect[to].copy_from_slice(&self.effect[from.clone()]);
        upper.known[to].copy_from_slice(&self.known[from.clone()]);
        upper.parted[to].copy_from_slice(&self.parted[from]);
        // Both fit: a node has few children.
        (upper.len, self.len) = ((len - half) as u8, half as u8);
        upper
    }
}

/// A place between spans: before the span at a slot of a leaf, or at the leaf's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    leaf: u32,
    slot: usize,
}

/// Spans in document order.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    spans: Vec<Span>,
    nodes: Vec<Node>,
    root: u32,
    /// The first identity of `inserted`.
    from: Byte,
    /// For each inserted byte that a span begins with, counted from `from` on, the span.
    inserted: Predecessor,
    ground: BTreeMap<Byte, SpanId>,
    /// Whether the sums are left as they are for now.
    sums_left: bool,
}

impl Sequence {
    /// A sequence of `len` bytes that stood there before, into which come bytes of identities from
    /// `from` on.
    pub(crate) fn new(len: u32, from: Byte) -> Self {
        let mut sequence = Self {
            spans: Vec::new(),
            nodes: vec![Node::new(true)],
            root: 0,
            from,
            inserted: Predecessor::default(),
            ground: BTreeMap::new(),
            sums_left: false,
        };
        if len > 0 {
            sequence.insert(sequence.start(), Span::new(GROUND, len, NONE, NONE));
        }
        sequence
    }

    pub(crate) fn span(&self, id: SpanId) -> &Span {
        &self.spans[id as usize]
    }

    /// How many spans; a measure of what the sequence costs.
    pub(crate) fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// Length in the prepare version.
    pub(crate) fn prepare_len(&self) -> u32 {
        self.node(self.root).total().prepare
    }

    /// Length in the effect version.
    pub(crate) fn effect_len(&self) -> u32 {
        self.node(self.root).total().effect
    }

    fn node(&self, id: u32) -> &Node {
        &self.nodes[id as usize]
    }

    /// The span that holds the `at`-th byte of the prepare version, where it stands, and the
    /// byte's place in it.
    pub(crate) fn find_in_prepare(&self, mut at: u32) -> Option<(Cursor, SpanId, u32)> {
        let mut id = self.root;
        loop {
            let node = self.node(id);
            let slot = node.prepare[..node.len()].iter().position(|&len| {
                let inside = at < len;
                at -= if inside { 0 } else { len };
                inside
            })?;
            let child = node.children[slot];
            if node.is_leaf {
                return Some((Cursor { leaf: id, slot }, child, at));
            }
            id = child;
        }
    }

    /// How many bytes of the effect version stand before the cursor.
    pub(crate) fn effect_len_before(&self, cursor: Cursor) -> u32 {
        let (mut id, mut slot, mut before) = (cursor.leaf, cursor.slot, 0);
        loop {
            let node = self.node(id);
            before += node.effect[..slot].iter().sum::<u32>();
            if node.parent == NONE {
                return before;
            }
            (id, slot) = (node.parent, node.slot as usize);
        }
    }

    /// How many bytes of the effect version stand before the span.
    pub(crate) fn effect_len_before_span(&self, id: SpanId) -> u32 {
        self.effect_len_before(self.cursor_of(id))
    }

    /// The span that holds a byte.
    pub(crate) fn find_byte(&self, byte: Byte) -> Option<SpanId> {
        let id = if byte >= GROUND {
            *self.ground.range(..=byte).next_back()?.1
        } else {
            self.inserted.upto(byte.checked_sub(self.from)?)?
        };
        let span = self.span(id);
        (byte - span.first < span.len).then_some(id)
    }

    /// Where the span stands.
    pub(crate) fn cursor_of(&self, id: SpanId) -> Cursor {
        let leaf = self.span(id).leaf;
        let slot = self.node(leaf).children().iter().position(|&other| other == id);
        Cursor { leaf, slot: slot.unwrap_or(0) }
    }

    /// Whether one byte stands before another; [`NONE`] stands at the end.
    pub(crate) fn is_before(&self, one: Byte, two: Byte) -> bool {
        match (one, two) {
            (NONE, _) => false,
            (_, NONE) => true,
            _ => match (self.find_byte(one), self.find_byte(two)) {
                (Some(a), Some(b)) if a == b => one < two,
                (Some(a), Some(b)) => self.span_before(a, b),
                _ => false,
            },
        }
    }

    /// Whether one span stands before another.
    pub(crate) fn span_before(&self, one: SpanId, two: SpanId) -> bool {
        let (mut one, mut two) = (self.cursor_of(one), self.cursor_of(two));
        // All leaves are equally deep.
        while one.leaf != two.leaf {
            let up = |cursor: Cursor| {
                let node = self.node(cursor.leaf);
                Cursor { leaf: node.parent, slot: node.slot as usize }
            };
            (one, two) = (up(one), up(two));
        }
        one.slot < two.slot
    }

    /// The beginning.
    pub(crate) fn start(&self) -> Cursor {
        let mut leaf = self.root;
        while !self.node(leaf).is_leaf {
            leaf = self.node(leaf).children[0];
        }
        Cursor { leaf, slot: 0 }
    }

    /// The place after the span that the cursor stands before.
    pub(crate) fn after(&self, cursor: Cursor) -> Cursor {
        Cursor { slot: cursor.slot + 1, ..cursor }
    }

    /// The span at the cursor and its exact place, looking into the next leaf at a leaf's end.
    pub(crate) fn at(&self, cursor: Cursor) -> Option<(SpanId, Cursor)> {
        let node = self.node(cursor.leaf);
        if cursor.slot < node.len() {
            return Some((node.children[cursor.slot], cursor));
        }
        let leaf = self.next_leaf(cursor.leaf, |_, _| true)?;
        self.node(leaf).children().first().map(|&id| (id, Cursor { leaf, slot: 0 }))
    }

    /// The next leaf below children that `wanted` takes.
    fn next_leaf(&self, leaf: u32, wanted: impl Fn(&Node, usize) -> bool) -> Option<u32> {
        let mut id = leaf;
        loop {
            let Node { parent, slot, .. } = *self.node(id);
            if parent == NONE {
                return None;
            }
            let node = self.node(parent);
            let next = (slot as usize + 1..node.len()).find(|&slot| wanted(node, slot));
            if let Some(slot) = next {
                let mut id = node.children[slot];
                while !self.node(id).is_leaf {
                    let node = self.node(id);
                    let slot = (0..node.len()).find(|&slot| wanted(node, slot))?;
                    id = node.children[slot];
                }
                return Some(id);
            }
            id = parent;
        }
    }

    /// The span before the cursor and its place.
    pub(crate) fn before(&self, cursor: Cursor) -> Option<(SpanId, Cursor)> {
        let Cursor { mut leaf, mut slot } = cursor;
        if slot == 0 {
            leaf = self.leaf_before(leaf)?;
            slot = self.node(leaf).len();
        }
        let slot = slot.checked_sub(1)?;
        Some((self.node(leaf).children[slot], Cursor { leaf, slot }))
    }

    fn leaf_before(&self, leaf: u32) -> Option<u32> {
        let mut id = leaf;
        loop {
            let Node { parent, slot, .. } = *self.node(id);
            if parent == NONE {
                return None;
            }
            id = parent;
            if let Some(before) = slot.checked_sub(1) {
                let mut id = self.node(parent).children[before as usize];
                while !self.node(id).is_leaf {
                    id = *self.node(id).children().last()?;
                }
                return Some(id);
            }
        }
    }

    /// Puts a span there. O(log spans).
    pub(crate) fn insert(&mut self, cursor: Cursor, mut span: Span) -> SpanId {
        let Cursor { mut leaf, mut slot } = cursor;
        if self.node(leaf).len() == WIDTH {
            let upper = self.split_node(leaf);
            let lower = self.node(leaf).len();
            (leaf, slot) = if slot > lower { (upper, slot - lower) } else { (leaf, slot) };
        }
        let id = self.spans.len() as SpanId;
        let sums = span.sums();
        span.leaf = leaf;
        let node = &mut self.nodes[leaf as usize];
        // The first span of a leaf makes its common origins, one with others ends them all the way
        // up.
        let origins = Some((span.left_origin, span.right_origin));
        if node.len == 0 {
            node.origins = origins;
        } else if node.origins.is_some() && node.origins != origins {
            self.part_above(leaf);
        }
        match span.first >= GROUND {
            true => drop(self.ground.insert(span.first, id)),
            false => self.inserted.insert(span.first - self.from, id),
        }
        self.spans.push(span);
        self.nodes[leaf as usize].insert(slot, id, sums);
        self.add_above(leaf, sums);
        id
    }

    /// Splits a span before its `at`-th byte; the tail's id. `at` must lie inside.
    pub(crate) fn split(&mut self, id: SpanId, at: u32) -> SpanId {
        let Cursor { leaf, slot } = self.cursor_of(id);
        let span = &mut self.spans[id as usize];
        let whole = span.sums();
        let mut tail = span.clone();
        // Both parts keep their state. FugueMax reads a run as if its bytes were inserted one
        // behind the other: the tail's left origin is the last byte of the head, its right origin
        // the same.
        tail.first = span.first + at;
        tail.len -= at;
        tail.left_origin = span.first + at - 1;
        tail.removed_at = if span.removed_at == NONE { NONE } else { span.removed_at + at };
        span.len = at;
        let sums = span.sums();
        self.nodes[leaf as usize].set(slot, sums);
        self.add_above(leaf, sums.less(whole));
        self.insert(Cursor { leaf, slot: slot + 1 }, tail)
    }

    /// Moves a count of the span at a cursor one step, in the prepare version and in the effect
    /// version. If that takes it out of what is shown, it stands at `removed_at` in all that was
    /// removed.
    pub(crate) fn count(&mut self, cursor: Cursor, count: Count, shift: Shift, removed_at: u32) {
        self.change(cursor, |span| {
            let shown = span.is_shown();
            span.prepare.shift(count, shift);
            span.effect.shift(count, shift);
            if shown && !span.is_shown() {
                span.removed_at = removed_at;
            }
        });
    }

    /// Says where a span stands in all that was removed.
    pub(crate) fn set_removed_at(&mut self, id: SpanId, removed_at: u32) {
        self.spans[id as usize].removed_at = removed_at;
    }

    fn change(&mut self, Cursor { leaf, slot }: Cursor, change: impl FnOnce(&mut Span)) {
        let node = &mut self.nodes[leaf as usize];
        let span = &mut self.spans[node.children[slot] as usize];
        let before = span.sums();
        change(span);
        let sums = span.sums();
        node.set(slot, sums);
        self.add_above(leaf, sums.less(before));
    }

    /// The spans of some bytes, which then begin and end with spans.
    pub(crate) fn cut_out(&mut self, first: Byte, len: u32, give: &mut Vec<SpanId>) {
        let (mut byte, end) = (first, first + len);
        if let Some(id) = self.find_byte(byte).filter(|id| self.span(*id).first < byte) {
            self.split(id, byte - self.span(id).first);
        }
        while byte < end {
            let Some(id) = self.beginning_with(byte) else { break };
            if self.span(id).len > end - byte {
                self.split(id, end - byte);
            }
            give.push(id);
            byte += self.span(id).len;
        }
    }

    /// Leaves all sums as they are, right or wrong, until [`Sequence::sum_up`]: what is shifted
    /// meanwhile costs a fraction. Nothing else may be asked of it until then.
    pub(crate) fn leave_sums(&mut self) {
        self.sums_left = true;
    }

    /// Makes all sums right. O(spans), and a fraction of shifting each.
    pub(crate) fn sum_up(&mut self) {
        self.sum_below(self.root);
        self.sums_left = false;
    }

    fn sum_below(&mut self, id: u32) -> Sums {
        let mut total = Sums::default();
        for slot in 0..self.node(id).len() {
            let node = self.node(id);
            let child = node.children[slot];
            let sums = match node.is_leaf {
                true => self.span(child).sums(),
                false => self.sum_below(child),
            };
            self.nodes[id as usize].set(slot, sums);
            total += sums;
        }
        total
    }

    /// Moves a count of some bytes one step in the prepare version. The sums above a leaf are
    /// corrected once for all its spans that are neighbours.
    pub(crate) fn shift(&mut self, first: Byte, len: u32, count: Count, shift: Shift) {
        let (mut byte, end) = (first, first + len);
        if let Some(id) = self.find_byte(byte).filter(|id| self.span(*id).first < byte) {
            self.split(id, byte - self.span(id).first);
        }
        let mut cursor = Cursor { leaf: self.root, slot: 0 };
        let mut difference = Sums::default();
        while byte < end {
            let Some(id) = self.beginning_with(byte) else { break };
            if self.span(id).len > end - byte {
                self.add_above(cursor.leaf, std::mem::take(&mut difference));
                self.split(id, end - byte);
            }
            let span = &mut self.spans[id as usize];
            let before = span.sums();
            span.prepare.shift(count, shift);
            byte += span.len;
            if self.sums_left {
                continue;
            }
            let (sums, leaf) = (span.sums(), span.leaf);
            if leaf != cursor.leaf {
                self.add_above(cursor.leaf, std::mem::take(&mut difference));
            }
            cursor = self.cursor_near(id, cursor);
            self.nodes[cursor.leaf as usize].set(cursor.slot, sums);
            difference += sums.less(before);
        }
        self.add_above(cursor.leaf, difference);
    }

    /// The span that begins with a byte, if one does.
    fn beginning_with(&self, byte: Byte) -> Option<SpanId> {
        match byte >= GROUND {
            true => self.ground.get(&byte).copied(),
            false => self.inserted.get(byte.checked_sub(self.from)?),
        }
    }

    /// As [`Sequence::cursor_of`], but looks first behind a place.
    fn cursor_near(&self, id: SpanId, near: Cursor) -> Cursor {
        let next = self.after(near);
        let found = self.node(near.leaf).children().get(next.slot) == Some(&id);
        if found && self.node(near.leaf).is_leaf { next } else { self.cursor_of(id) }
    }

    /// The first span from the cursor on that the prepare version knows, deleted or not.
    pub(crate) fn next_known(&self, cursor: Cursor) -> Option<SpanId> {
        let mut leaf = cursor.leaf;
        let mut from = cursor.slot;
        loop {
            let node = self.node(leaf);
            if let Some(slot) = (from..node.len()).find(|&slot| node.known[slot] > 0) {
                return Some(node.children[slot]);
            }
            leaf = self.next_leaf(leaf, |node, slot| node.known[slot] > 0)?;
            from = 0;
        }
    }

    /// All spans, in document order.
    pub(crate) fn spans(&self) -> impl Iterator<Item = &Span> {
        self.named_spans().map(|(_, span)| span)
    }

    /// The same, with their names.
    pub(crate) fn named_spans(&self) -> impl Iterator<Item = (SpanId, &Span)> {
        let mut next = Some(self.start());
        std::iter::from_fn(move || {
            let (id, at) = self.at(next?)?;
            next = Some(self.after(at));
            Some((id, self.span(id)))
        })
    }

    /// The spans that are not in both versions, in document order, each with what stands before it
    /// in the prepare version and in the effect version. O(log spans) for each.
    pub(crate) fn parted_spans(&self) -> impl Iterator<Item = (SpanId, [u32; 2])> {
        // Nodes on the way down, each with its next child.
        let (mut path, mut before) = (vec![(self.root, 0)], Sums::default());
        std::iter::from_fn(move || {
            loop {
                let (id, slot) = path.last_mut()?;
                let (node, at) = (self.node(*id), *slot);
                *slot += 1;
                if at >= node.len() {
                    path.pop();
                } else if node.parted[at] == 0 || node.is_leaf {
                    let here = before;
                    before += node.sums(at);
                    if node.parted[at] > 0 {
                        return Some((node.children[at], [here.prepare, here.effect]));
                    }
                } else {
                    path.push((node.children[at], 0));
                }
            }
        })
    }

    /// Adds a difference to all nodes above one.
    fn add_above(&mut self, node: u32, difference: Sums) {
        if difference == Sums::default() {
            return;
        }
        let Node { mut parent, mut slot, .. } = self.nodes[node as usize];
        while parent != NONE {
            let node = &mut self.nodes[parent as usize];
            let mut sums = node.sums(slot as usize);
            sums += difference;
            node.set(slot as usize, sums);
            (parent, slot) = (node.parent, node.slot);
        }
    }

    /// Splits a full node; the id of its upper half.
    fn split_node(&mut self, id: u32) -> u32 {
        let mut parent = self.node(id).parent;
        // Above the root comes a new root (all leaves become one deeper at once); a full parent is
        // split first, which may give this node another parent.
        if parent == NONE {
            parent = self.nodes.len() as u32;
            let mut root = Node { origins: self.node(id).origins, ..Node::new(false) };
            root.insert(0, id, self.node(id).total());
            self.nodes.push(root);
            self.root = parent;
            self.adopt(parent, 0);
        } else if self.node(parent).len() == WIDTH {
            self.split_node(parent);
            parent = self.node(id).parent;
        }
        let upper = self.nodes[id as usize].halve();
        let (lower_sums, upper_sums) = (self.node(id).total(), upper.total());
        let upper_id = self.nodes.len() as u32;
        self.nodes.push(upper);
        // What stands in the upper half has to know its new parent.
        match self.node(upper_id).is_leaf {
            true => self.settle(upper_id),
            false => self.adopt(upper_id, 0),
        }
        // A half may have common origins where the whole had none.
        for half in [id, upper_id] {
            self.nodes[half as usize].origins = self.common_origins(half);
        }
        let slot = self.node(id).slot as usize;
        let above = &mut self.nodes[parent as usize];
        above.set(slot, lower_sums);
        above.insert(slot + 1, upper_id, upper_sums);
        self.adopt(parent, slot + 1);
        upper_id
    }

    fn common_origins(&self, node: u32) -> Option<(Byte, Byte)> {
        let node = self.node(node);
        let mut all = node.children().iter().map(|child| match node.is_leaf {
            true => Some((self.span(*child).left_origin, self.span(*child).right_origin)),
            false => self.node(*child).origins,
        });
        let first = all.next()??;
        all.all(|origins| origins == Some(first)).then_some(first)
    }

    /// The spans below a node have not the same origins any more.
    fn part_above(&mut self, node: u32) {
        let mut id = node;
        while id != NONE && self.nodes[id as usize].origins.take().is_some() {
            id = self.node(id).parent;
        }
    }

    /// If the cursor begins a crowd of siblings, spans with these origins that the prepare version
    /// does not know: the place behind all of them for which `holds` is true, and whether the crowd
    /// goes on there. Behind a sibling for which it is false it must be false for all. O(log²
    /// spans).
    ///
    /// This is no rule of FugueMax, only its tie among many at once: where a thousand people write
    /// at one place, each finds its own by bisection and not by looking at all others.
    pub(crate) fn pass_siblings(
        &self,
        at: Cursor,
        origins: (Byte, Byte),
        holds: impl Fn(SpanId) -> bool,
    ) -> Option<(Cursor, bool)> {
        let crowd = |id: u32| self.node(id).origins == Some(origins) && self.known_below(id) == 0;
        if at.slot != 0 || !crowd(at.leaf) {
            return None;
        }
        // Go up as long as all below is of the crowd, then over as many neighbours as are of it,
        // too.
        let mut id = at.leaf;
        while self.node(id).slot == 0 && self.node(id).parent != NONE && crowd(self.node(id).parent)
        {
            id = self.node(id).parent;
        }
        let neighbours = match self.node(id).parent {
            NONE => std::slice::from_ref(&id),
            parent => &self.node(parent).children()[self.node(id).slot as usize..],
        };
        let end = neighbours.iter().take_while(|node| crowd(**node)).count();
        // The first of them whose last span does not hold contains the place.
        let passed = neighbours[..end].partition_point(|node| holds(self.last_below(*node)));
        let Some(next) = neighbours[..end].get(passed) else {
            let (leaf, slot) = self.end_of(neighbours[end - 1]);
            return Some((Cursor { leaf, slot }, false));
        };
        id = *next;
        // Down again, by the same question in each node.
        loop {
            let children = self.node(id).children();
            if self.node(id).is_leaf {
                let slot = children.partition_point(|span| holds(*span));
                return Some((Cursor { leaf: id, slot }, true));
            }
            let passed = children.partition_point(|child| holds(self.last_below(*child)));
            id = children[passed.min(children.len() - 1)];
        }
    }

    /// The last leaf below a node, and its end.
    fn end_of(&self, mut id: u32) -> (u32, usize) {
        while !self.node(id).is_leaf {
            id = self.node(id).children[self.node(id).len() - 1];
        }
        (id, self.node(id).len())
    }

    /// How many spans below a node the prepare version knows.
    fn known_below(&self, id: u32) -> u32 {
        match self.node(id).parent {
            NONE => self.node(id).total().known,
            parent => self.node(parent).known[self.node(id).slot as usize],
        }
    }

    /// The last span below a node, which has one.
    fn last_below(&self, id: u32) -> SpanId {
        let (leaf, end) = self.end_of(id);
        self.node(leaf).children[end - 1]
    }

    /// Tells the spans of a leaf that they stand there.
    fn settle(&mut self, leaf: u32) {
        for slot in 0..self.node(leaf).len() {
            let span = self.node(leaf).children[slot];
            self.spans[span as usize].leaf = leaf;
        }
    }

    /// Tells the children from a slot on who their parent is, and where they stand.
    fn adopt(&mut self, parent: u32, from: usize) {
        for slot in from..self.node(parent).len() {
            let child = self.node(parent).children[slot];
            let child = &mut self.nodes[child as usize];
            (child.parent, child.slot) = (parent, slot as u8);
        }
    }
}
