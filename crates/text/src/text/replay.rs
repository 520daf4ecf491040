//! How a document comes by a walker that has applied its changes: it keeps one, replays what that
//! lacks, or reads one that a cache has beside the document.
//!
//! May assume nothing about such bytes: what does not fit the document is refused. Must never
//! change the document.

use super::Text;
use super::walker_cache::Replayed;
use crate::columns::{ColumnsError, Reader, Writer};
use crate::version::Version;
use crate::walker::{PREPARED, Walker};

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
