//! An edit carried from one text onto another that it was not written against.
//!
//! This transposes an operation as operational transformation does (Ellis and Gibbs, 1989). It is
//! for texts whose common history is not at hand: their difference stands for it, and who wrote
//! what is not known. With the history an edit is merged ([`Text::merge`](crate::Text::merge)).
//!
//! May assume two patches of which one leads to the text that the other was written against. Must
//! never lose an insertion.

use crate::patch::{Patch, PatchBuilder};

/// The edit `patch`, written against a text B, as an edit of a text A, where `through` leads from A
/// to B.
///
/// Insertions come at the corresponding place. Text that stands only in B cannot be deleted from A;
/// text that `through` deletes is not in B, so it stays. A place at the end of what `through`
/// inserted lies behind what it deleted, any other place in it before that. O(hunks of both).
///
/// If the patches do not belong together the result is some edit, which may not fit A.
#[must_use]
pub fn map_through(patch: &Patch, through: &Patch) -> Patch {
    let mut map = Map::new(through);
    let mut mapped = PatchBuilder::default();
    for (start, deleted, text) in patch.edits() {
        mapped.keep_to(map.place(start));
        mapped.push_insert(text);
        let (mut at, end) = (start, start.saturating_add(deleted));
        while at < end {
            let run = map.run_at(at);
            let stop = run.end.min(end);
            // What A has, too, goes there. What only B has cannot be found in A.
            if let Some(from) = run.from {
                mapped.keep_to(from + (at - run.start));
                mapped.push_delete(stop - at);
            }
            at = stop;
        }
    }
    // Too long only if the two do not belong together.
    mapped.build().unwrap_or_default()
}

/// A run of B: kept from A at `from`, or inserted in place of A's `replaced`.
#[derive(Clone, Copy)]
struct Run {
    start: u32,
    end: u32,
    from: Option<u32>,
    replaced: (u32, u32),
}

/// Walks over B from left to right.
struct Map {
    runs: Vec<Run>,
    index: usize,
}

impl Map {
    fn new(through: &Patch) -> Self {
        let mut runs = Vec::with_capacity(through.hunks().len() * 2 + 1);
        let (mut old, mut new) = (0u32, 0u32);
        for hunk in through.hunks() {
            let kept = new.saturating_add(hunk.skip);
            runs.push(Run { start: new, end: kept, from: Some(old), replaced: (0, 0) });
            let replaced = (old + hunk.skip, old + hunk.skip + hunk.delete);
            new = kept.saturating_add(hunk.insert);
            old = replaced.1;
            runs.push(Run { start: kept, end: new, from: None, replaced });
        }
        runs.push(Run { start: new, end: u32::MAX, from: Some(old), replaced: (0, 0) });
        Self { runs, index: 0 }
    }

    /// The run that holds a byte of B; bytes must be asked for in ascending order.
    fn run_at(&mut self, at: u32) -> Run {
        while self.index + 1 < self.runs.len() && self.runs[self.index].end <= at {
            self.index += 1;
        }
        self.runs[self.index]
    }

    /// The place in A for a place in B.
    fn place(&mut self, at: u32) -> u32 {
        let run = self.run_at(at);
        match run.from {
            Some(from) => from.saturating_add(at - run.start),
            // Inside what only B has: in front of what that replaced. The walker has the same rule,
            // an insertion stands in front of what the same edit deletes.
            None => run.replaced.0,
        }
    }
}
