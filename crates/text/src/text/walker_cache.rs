//! The walker of a document's last merge, kept because the next change is likely to be concurrent,
//! too.
//!
//! It only ever saves work, and is no part of a document's value: where there is none, changes are
//! replayed. May assume that whoever keeps one has applied the changes of this very history. Must
//! never be kept once an application went wrong halfway.

use std::fmt;
use std::sync::Arc;

use crate::walker::Walker;

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

    pub(super) fn get(&self) -> Option<&Replayed> {
        self.0.as_deref()
    }

    pub(super) fn put(&mut self, replayed: Replayed) {
        self.0 = Some(Arc::new(replayed));
    }

    /// The cached walker, if it is of use for replaying the changes from `anchor` to `end`.
    pub(super) fn take_for(&mut self, anchor: u32, end: u32) -> Option<Replayed> {
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
    pub(super) fn is_small(&self, changes: u32) -> bool {
        let needed = changes as usize + WalkerCache::SPANS_PER_CHANGE;
        self.walker.sequence().span_count() <= needed * WalkerCache::SPANS_PER_CHANGE
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
