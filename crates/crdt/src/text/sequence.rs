//! The characters that a merge has to do with, as spans in document order.
//!
//! A list of chunks of spans, each chunk with its summed lengths, so that a place is found by either
//! of two lengths (in the version being replayed, and in the result) in a few hundred steps, however
//! long the list is. May assume that callers split only between characters. Must never move a span:
//! spans are split and change state, their order stays.

use std::collections::BTreeMap;

/// The `change` of bytes that stood in the text before all replayed changes.
pub(super) const GROUND: u32 = u32::MAX;

/// Spans per chunk at most.
const CHUNK: usize = 64;

/// One byte's identity: the `offset`-th of all that `change` inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Byte {
    pub(super) change: u32,
    pub(super) offset: u32,
}

impl Byte {
    pub(super) fn plus(self, len: u32) -> Byte {
        Byte { change: self.change, offset: self.offset + len }
    }
}

/// Index of a span; a span keeps it when its tail is split off.
pub(super) type SpanId = u32;

/// A run of bytes of one change that share a state.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) first: Byte,
    pub(super) len: u32,
    /// The id of the change, which orders concurrent siblings.
    pub(super) tie: u64,
    /// FugueMax's left origin: the byte before the first one when that was inserted.
    pub(super) left: Option<Byte>,
    /// FugueMax's right origin: the byte behind when it was inserted, deleted or not.
    pub(super) right: Option<Byte>,
    /// In the version being replayed: 0 not yet inserted, 1 there, `n` deleted `n - 1` times.
    pub(super) state: u32,
    /// In the result: who deleted it, and where in what that change removed its first byte stands.
    pub(super) gone: Option<Byte>,
    chunk: u32,
}

impl Span {
    /// A new span for [`Sequence::insert`], there in the version being replayed and in the result.
    pub(super) fn new(first: Byte, len: u32, tie: u64, origins: Origins) -> Span {
        let (left, right) = origins;
        Span { first, len, tie, left, right, state: 1, gone: None, chunk: 0 }
    }

    pub(super) fn seen_len(&self) -> u32 {
        if self.state == 1 { self.len } else { 0 }
    }

    pub(super) fn shown_len(&self) -> u32 {
        if self.gone.is_none() { self.len } else { 0 }
    }
}

/// Left and right origin.
pub(super) type Origins = (Option<Byte>, Option<Byte>);

/// Some neighbouring spans and what is known of all of them together.
#[derive(Clone, Debug, Default)]
struct Chunk {
    /// Its place among the chunks.
    rank: u32,
    spans: Vec<SpanId>,
    seen: u32,
    shown: u32,
    /// How many spans the version being replayed knows, deleted or not.
    known: u32,
    /// If all spans have the same origins: these, and the greatest tie.
    siblings: Option<(Origins, u64)>,
}

/// A place between spans: before the `index`-th span of the chunk at `rank`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    rank: usize,
    index: usize,
}

/// Spans in document order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequence {
    spans: Vec<Span>,
    chunks: Vec<Chunk>,
    /// Chunks in document order.
    order: Vec<u32>,
    by_byte: BTreeMap<Byte, SpanId>,
}

impl Sequence {
    /// A sequence of `len` bytes that stood there before.
    pub(super) fn new(len: u32) -> Sequence {
        let mut sequence =
            Sequence { chunks: vec![Chunk::default()], order: vec![0], ..Sequence::default() };
        if len > 0 {
            let ground = Span::new(Byte { change: GROUND, offset: 0 }, len, 0, (None, None));
            sequence.insert(sequence.start(), ground);
        }
        sequence
    }

    pub(super) fn span(&self, id: SpanId) -> &Span {
        &self.spans[id as usize]
    }

    /// How many spans; a measure of what the sequence costs.
    pub(super) fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// Length in the version being replayed.
    pub(super) fn seen_len(&self) -> u32 {
        self.chunks.iter().map(|chunk| chunk.seen).sum()
    }

    /// The span that holds the `at`-th byte of the version being replayed, and the byte's place in it.
    pub(super) fn find_seen(&self, mut at: u32) -> Option<(SpanId, u32)> {
        for &chunk in &self.order {
            let chunk = &self.chunks[chunk as usize];
            if at >= chunk.seen {
                at -= chunk.seen;
                continue;
            }
            for &id in &chunk.spans {
                let len = self.span(id).seen_len();
                if at < len {
                    return Some((id, at));
                }
                at -= len;
            }
        }
        None
    }

    /// How many bytes of the result stand before the span.
    pub(super) fn shown_before(&self, id: SpanId) -> u32 {
        let cursor = self.cursor_of(id);
        let chunk_len = |&chunk: &u32| self.chunks[chunk as usize].shown;
        let before: u32 = self.order[..cursor.rank].iter().map(chunk_len).sum();
        let spans = &self.chunk_at(cursor.rank).spans[..cursor.index];
        before + spans.iter().map(|&id| self.span(id).shown_len()).sum::<u32>()
    }

    /// The spans that hold the `len` bytes from `first` on, which must begin and end with spans.
    pub(super) fn spans_of(&self, first: Byte, len: u32) -> Vec<SpanId> {
        self.by_byte.range(first..first.plus(len)).map(|(_, &id)| id).collect()
    }

    /// The span that holds a byte, and the byte's place in it.
    pub(super) fn find_byte(&self, byte: Byte) -> Option<(SpanId, u32)> {
        let (&first, &id) = self.by_byte.range(..=byte).next_back()?;
        let offset = byte.offset - first.offset;
        (first.change == byte.change && offset < self.span(id).len).then_some((id, offset))
    }

    /// Where the span stands.
    pub(super) fn cursor_of(&self, id: SpanId) -> Cursor {
        let chunk = &self.chunks[self.span(id).chunk as usize];
        let index = chunk.spans.iter().position(|&other| other == id);
        Cursor { rank: chunk.rank as usize, index: index.unwrap_or(0) }
    }

    /// The beginning.
    pub(super) fn start(&self) -> Cursor {
        Cursor { rank: 0, index: 0 }
    }

    /// The place after the span that the cursor stands before.
    pub(super) fn after(&self, cursor: Cursor) -> Cursor {
        Cursor { rank: cursor.rank, index: cursor.index + 1 }
    }

    /// The span at the cursor and its exact place, looking into the next chunk at a chunk's end.
    pub(super) fn at(&self, cursor: Cursor) -> Option<(SpanId, Cursor)> {
        let Cursor { mut rank, mut index } = cursor;
        while rank < self.order.len() {
            if let Some(&id) = self.chunk_at(rank).spans.get(index) {
                return Some((id, Cursor { rank, index }));
            }
            (rank, index) = (rank + 1, 0);
        }
        None
    }

    /// The span before the cursor and its place.
    pub(super) fn before(&self, cursor: Cursor) -> Option<(SpanId, Cursor)> {
        let Cursor { mut rank, mut index } = cursor;
        loop {
            if index > 0 {
                let at = Cursor { rank, index: index - 1 };
                return self.chunk_at(rank).spans.get(index - 1).map(|&id| (id, at));
            }
            rank = rank.checked_sub(1)?;
            index = self.chunk_at(rank).spans.len();
        }
    }

    /// Puts a span there. Its state and `gone` count into the lengths.
    pub(super) fn insert(&mut self, cursor: Cursor, mut span: Span) -> SpanId {
        let chunk_id = self.order[cursor.rank];
        span.chunk = chunk_id;
        let id = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        let chunk = &mut self.chunks[chunk_id as usize];
        chunk.count(&span);
        chunk.spans.insert(cursor.index, id);
        let full = chunk.spans.len() > CHUNK;
        self.by_byte.insert(span.first, id);
        self.spans.push(span);
        if full {
            self.split_chunk(chunk_id);
        }
        id
    }

    /// Splits a span before its `at`-th byte; the tail's id. `at` must lie inside.
    pub(super) fn split(&mut self, id: SpanId, at: u32) -> SpanId {
        let cursor = self.cursor_of(id);
        let chunk = self.span(id).chunk;
        let span = &mut self.spans[id as usize];
        let mut tail = span.clone();
        tail.first = span.first.plus(at);
        tail.len -= at;
        tail.left = Some(span.first.plus(at - 1));
        tail.gone = span.gone.map(|gone| gone.plus(at));
        span.len = at;
        let (seen, shown) = (tail.seen_len(), tail.shown_len());
        let chunk = &mut self.chunks[chunk as usize];
        // The tail comes back in with `insert`.
        chunk.seen -= seen;
        chunk.shown -= shown;
        self.insert(self.after(cursor), tail)
    }

    /// Changes a span's state in the version being replayed.
    pub(super) fn set_state(&mut self, id: SpanId, state: u32) {
        let span = &mut self.spans[id as usize];
        let (len, known) = (span.seen_len(), u32::from(span.state > 0));
        span.state = state;
        let chunk = &mut self.chunks[span.chunk as usize];
        chunk.seen = chunk.seen - len + span.seen_len();
        chunk.known = chunk.known - known + u32::from(state > 0);
    }

    /// Takes a span out of the result.
    pub(super) fn set_gone(&mut self, id: SpanId, by: Byte) {
        let span = &mut self.spans[id as usize];
        let before = span.shown_len();
        span.gone = Some(by);
        self.chunks[span.chunk as usize].shown -= before;
    }

    fn chunk_at(&self, rank: usize) -> &Chunk {
        &self.chunks[self.order[rank] as usize]
    }

    /// The first span from the cursor on that the version being replayed knows, deleted or not.
    pub(super) fn next_known(&self, mut cursor: Cursor) -> Option<SpanId> {
        while let Some((id, at)) = self.at(cursor) {
            if at.index == 0 && self.chunk_at(at.rank).known == 0 {
                cursor = Cursor { rank: at.rank + 1, index: 0 };
                continue;
            }
            if self.span(id).state > 0 {
                return Some(id);
            }
            cursor = self.after(at);
        }
        None
    }

    /// The place after the chunk that begins at the cursor, if all that stands in it are siblings
    /// with these origins, unknown to the version being replayed, that go before `tie`.
    pub(super) fn after_siblings(&self, at: Cursor, origins: Origins, tie: u64) -> Option<Cursor> {
        let chunk = self.chunk_at(at.rank);
        let (all, greatest) = chunk.siblings?;
        let skips = at.index == 0 && chunk.known == 0 && all == origins && greatest < tie;
        skips.then_some(Cursor { rank: at.rank, index: chunk.spans.len() })
    }

    fn split_chunk(&mut self, chunk_id: u32) {
        let new_id = u32::try_from(self.chunks.len()).unwrap_or(u32::MAX);
        let old = std::mem::take(&mut self.chunks[chunk_id as usize]);
        let (head, tail) = old.spans.split_at(old.spans.len() / 2);
        self.chunks[chunk_id as usize] = self.chunk_of(chunk_id, old.rank, head);
        let tail = self.chunk_of(new_id, old.rank + 1, tail);
        self.chunks.push(tail);
        let from = old.rank as usize + 1;
        self.order.insert(from, new_id);
        for (rank, &chunk) in self.order.iter().enumerate().skip(from) {
            self.chunks[chunk as usize].rank = u32::try_from(rank).unwrap_or(u32::MAX);
        }
    }

    fn chunk_of(&mut self, chunk_id: u32, rank: u32, spans: &[SpanId]) -> Chunk {
        let mut chunk = Chunk { rank, ..Chunk::default() };
        for &id in spans {
            let span = &mut self.spans[id as usize];
            span.chunk = chunk_id;
            chunk.count(span);
            chunk.spans.push(id);
        }
        chunk
    }
}

impl Chunk {
    /// Counts in a span that is about to be put into the list of spans.
    fn count(&mut self, span: &Span) {
        let origins = (span.left, span.right);
        self.siblings = match self.siblings {
            _ if self.spans.is_empty() => Some((origins, span.tie)),
            Some((all, greatest)) if all == origins => Some((all, greatest.max(span.tie))),
            _ => None,
        };
        self.seen += span.seen_len();
        self.shown += span.shown_len();
        self.known += u32::from(span.state > 0);
    }
}
