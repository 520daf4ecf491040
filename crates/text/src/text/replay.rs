//! How a document comes by a walker that has applied its changes: it keeps one, replays what that
//! lacks, or reads one that a cache has beside the document.
//!
//! May assume nothing about such bytes: what does not fit the document is refused. Must never
//! change the document.

use super::Text;
use super::walker_cache::Replayed;
use crate::checkout::Queue;
use crate::columns::{ColumnsError, Reader, Writer};
use crate::version::{Stretch, Version};
use crate::walker::{PREPARED, Walker};

/// Changes from which on a walker that begins replays them in the order that is least work.
const MANY: u32 = 8;

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
        let Replayed { end: from, walker, .. } = &mut replayed;
        if *from == anchor && end - anchor >= MANY {
            self.replay_in_best_order(walker, (anchor, end));
        } else {
            walker.replay_exactly(&self.history, (*from, end), &mut ());
        }
        *from = end;
        replayed
    }

    /// Replays changes from where a walker begins in the order that is least work.
    fn replay_in_best_order(&self, walker: &mut Walker, changes: Stretch) {
        let mut queue = Queue::new(&self.history, changes.0, &[changes]);
        while let Some(part) = queue.next(walker) {
            walker.replay(&self.history, part);
        }
        let removed = self.applied().deleted_before(changes.0);
        walker.settle_removed(&self.history, changes, removed);
    }

    /// What to store beside [`Text::columns`], so that whoever merges into what is read need not
    /// replay concurrent changes first; `None` where that would be fewer than `least` changes. For
    /// a cache: it is no part of the document, and its encoding may change with any version.
    /// O(what is concurrent).
    #[must_use]
    pub fn replayed_columns(&self, least: u32) -> Option<Vec<u8>> {
        let replayed = self.walker_cache.get()?;
        let Replayed { anchor, end, walker } = replayed;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::history::{ChangeId, Part};
    use crate::patch::Patch;
    use crate::sequence::{Byte, NONE};

    /// One of many who write: how many of the newest changes they lack, whether they know their
    /// own last one, where they write, how much they delete, what they insert; or whom they
    /// suppress, or release.
    type Writing = (u32, bool, u32, u32, String, Option<u32>);

    fn writings() -> impl Strategy<Value = Vec<Writing>> {
        let other = prop_oneof![4 => Just(None), 1 => (0u32..40).prop_map(Some)];
        let one = (0u32..12, any::<bool>(), 0u32..64, 0u32..6, "[a-c]{0,3}", other);
        prop::collection::vec(one, 1..40)
    }

    fn written(writings: &[Writing]) -> Text {
        let mut text = Text::default();
        let begin = Patch::builder().insert("one two three four").build().expect("a patch");
        text.merge(1u64, &Version::EMPTY, &begin).expect("a merge");
        for (number, (lacks, own, at, deleted, inserted, other)) in (2u64..).zip(writings) {
            let len = text.history().len();
            let prefix = len.saturating_sub(*lacks).max(1);
            let own = (*own && prefix < len).then(|| len - 1);
            let base = Version::new(prefix, own.into_iter().collect());
            // Who does not know what their own last one stands on writes on the prefix.
            let closed = text.text_at(&base).is_ok();
            let base = if closed { base } else { Version::up_to(prefix) };
            if let Some(other) = other {
                let suppresses = !text.history().is_suppressed(other % prefix);
                let part = (other % prefix, Part::All, suppresses);
                drop(text.suppress(ChangeId::from(number), &base, part));
                continue;
            }
            let bytes = text.text_at(&base).expect("a text").len() as u32;
            let at = at % (bytes + 1);
            let patch = Patch::builder().keep(at).delete((*deleted).min(bytes - at));
            let patch = patch.insert(inserted).build().expect("a patch");
            text.merge(number, &base, &patch).expect("a merge");
        }
        text
    }

    /// Each byte, in document order: whether it is shown, its origins as far as they are not the
    /// byte before, and where it stands in all that was removed.
    fn bytes(walker: &Walker) -> Vec<(Byte, bool, Byte, Option<u32>)> {
        let spans = walker.sequence().spans().flat_map(|span| {
            (0..span.len).map(move |at| {
                let removed = (span.removed_at != NONE).then(|| span.removed_at + at);
                (span.first + at, span.is_shown(), span.right_origin, removed)
            })
        });
        spans.collect()
    }

    proptest! {
        #[test]
        fn in_whatever_order_changes_are_replayed_the_same_is_there(writings in writings()) {
            let text = written(&writings);
            let (anchor, end) = (1, text.history().len());
            let mut exact = text.walker_at(anchor);
            exact.replay_exactly(text.history(), (anchor, end), &mut ());
            let mut ordered = text.walker_at(anchor);
            text.replay_in_best_order(&mut ordered, (anchor, end));
            prop_assert_eq!(bytes(&ordered), bytes(&exact));
            for change in anchor..end {
                let deleted = |walker: &Walker| walker.deleted_bytes(change);
                prop_assert_eq!(deleted(&ordered), deleted(&exact));
            }
        }
    }
}
