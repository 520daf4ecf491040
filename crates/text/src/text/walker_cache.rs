//! The walker of a document's last merge, kept because the next change is likely to be concurrent,
//! too; and its encoding, for a cache beside the document's.
//!
//! It only ever saves work, and is no part of a document's value: where there is none, or one that
//! does not fit, changes are replayed. May assume that whoever keeps one has applied the changes
//! of this very history. Must never be kept once an application went wrong halfway.

use std::fmt;
use std::sync::Arc;

use super::Text;
use crate::columns::{ColumnsError, Reader, Writer};
use crate::version::Version;
use crate::walker::{PREPARED, Walker};

/// A walker that has applied the changes from `anchor` to `end`.
#[derive(Clone, Debug)]
pub(super) struct Replayed {
    pub(super) anchor: u32,
    pub(super) end: u32,
    pub(super) walker: Walker,
}

/// The walker of the last merge.
#[derive(Clone, Default)]
pub(super) struct WalkerCache(Option<Arc<Replayed>>);

impl WalkerCache {
    /// Spans that a walker may hold for each change that is really needed, plus as many at least.
    const SPANS_PER_CHANGE: usize = 64;

    pub(super) fn put(&mut self, replayed: Replayed) {
        self.0 = Some(Arc::new(replayed));
    }

    /// The cached walker, if it is of use for replaying the changes from `anchor` to `end`.
    fn take_for(&mut self, anchor: u32, end: u32) -> Option<Replayed> {
        let cached = self.0.take()?;
        // It has to reach down to the anchor, to retreat that far; and it must not end below it, or
        // it would replay what a new one need not. One that has grown by much that is not needed
        // any more is slower than a new one.
        let fresh = cached.anchor <= anchor && cached.end >= anchor;
        (fresh && cached.is_small(end - anchor)).then(|| Arc::unwrap_or_clone(cached))
    }
}

impl Replayed {
    /// Whether it holds no more than is worth having for so many changes.
    fn is_small(&self, changes: u32) -> bool {
        let needed = changes as usize + WalkerCache::SPANS_PER_CHANGE;
        self.walker.sequence().span_count() <= needed * WalkerCache::SPANS_PER_CHANGE
    }
}

impl Text {
    /// A walker that has applied all changes so far, and can go to `base`.
    pub(super) fn replayed(&mut self, base: &Version) -> Replayed {
        self.replayed_from(self.history.anchor(base, self.history.len()))
    }

    /// A walker that has applied nothing beyond an anchor yet.
    pub(crate) fn walker_at(&self, anchor: u32) -> Walker {
        let removed = self.applied().deleted_before(anchor);
        Walker::new(&self.history, anchor, self.len_at(anchor), removed)
    }

    /// A walker that has applied all changes from an anchor on.
    pub(super) fn replayed_from(&mut self, anchor: u32) -> Replayed {
        let end = self.history.len();
        let mut replayed = self.walker_cache.take_for(anchor, end).unwrap_or_else(|| {
            let walker = self.walker_at(anchor);
            Replayed { anchor, end: anchor, walker }
        });
        replayed.walker.replay_exactly(&self.history, (replayed.end, end), &mut ());
        replayed.end = end;
        replayed
    }

    /// What to store beside [`Text::columns`], so that whoever merges into what is read need not
    /// replay concurrent changes first; `None` where that would be fewer than `least` changes. For a
    /// cache: it is no part of the document, and its encoding may change with any version. O(what
    /// is concurrent).
    #[must_use]
    pub fn replayed_columns(&self, least: u32) -> Option<Vec<u8>> {
        let replayed = self.walker_cache.0.as_ref()?;
        let Replayed { anchor, end, walker } = &**replayed;
        if end - anchor < least || !replayed.is_small(end - anchor) {
            return None;
        }
        let mut writer = Writer::default();
        writer.push(PREPARED, *anchor);
        writer.push(PREPARED, *end);
        walker.write(&mut writer);
        Some(writer.finish())
    }

    /// Takes what [`Text::replayed_columns`] gave of the same text and history.
    ///
    /// # Errors
    /// If it does not fit them; nothing is changed then.
    pub fn take_replayed(&mut self, columns: &[u8]) -> Result<(), ColumnsError> {
        let mut reader = Reader::new(columns)?;
        let (anchor, end) = (reader.next(PREPARED)?, reader.next(PREPARED)?);
        if anchor < self.history.floor() || anchor > end || end > self.history.len() {
            return Err(ColumnsError::Mismatch);
        }
        let (lens, removed) = ([anchor, end].map(|at| self.len_at(at)), self.applied());
        let of_text = (lens[0], lens[1], removed.deleted_before(end));
        let walker = Walker::read(&mut reader, &self.history, (anchor, end), of_text)?;
        reader.finish()?;
        self.walker_cache.put(Replayed { anchor, end, walker });
        Ok(())
    }
}

impl PartialEq for WalkerCache {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for WalkerCache {}

impl fmt::Debug for WalkerCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(cached) => write!(f, "WalkerCache({}..{})", cached.anchor, cached.end),
            None => f.write_str("WalkerCache(none)"),
        }
    }
}
