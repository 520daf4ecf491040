//! The recorded changes of one document, in the order in which they were merged.
//!
//! May assume that whoever builds one from outside uses [`History::from_records`], which checks it.
//! Must never hold a change before one that it had seen, or two with one id.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::patch::Patch;
use super::version::Version;

/// One change as it was merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Identity within the document, and what orders concurrent insertions at one place.
    pub id: u64,
    /// What its author had seen; closed.
    pub base: Version,
    /// The edit, in coordinates of the text at `base`.
    pub patch: Patch,
    /// The edit as it changed the text of all changes before it in the list; `None`: as `patch`.
    pub effect: Option<Patch>,
    /// The text that the effect deleted.
    pub removed: String,
}

impl Record {
    /// The edit as it changed the text of all changes before it in the list.
    #[must_use]
    pub fn effect(&self) -> &Patch {
        self.effect.as_ref().unwrap_or(&self.patch)
    }
}

/// Why records do not make a history. The input is at fault; `at` is the first wrong record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// More records, or more text, than 32 bits count.
    #[error("too many records or too long a text")]
    TooMany,
    /// Another record before has this id.
    #[error("record {at} repeats an id")]
    DuplicateId {
        /// Index of the record.
        at: u32,
    },
    /// The base names the record itself or a later one.
    #[error("record {at}'s base is not before it")]
    UnknownBase {
        /// Index of the record.
        at: u32,
    },
    /// The base contains a change without all that this had seen.
    #[error("record {at}'s base is not closed")]
    OpenBase {
        /// Index of the record.
        at: u32,
    },
    /// The removed text is not as long as what the effect deletes.
    #[error("record {at}'s removed text does not match its effect")]
    Removed {
        /// Index of the record.
        at: u32,
    },
    /// The effect reaches past the end of the text that it can have met.
    #[error("record {at}'s effect is too long")]
    Length {
        /// Index of the record.
        at: u32,
    },
}

/// The changes of a document. Clones share the records.
#[derive(Clone, Debug, Default)]
pub struct History {
    records: Vec<Arc<Record>>,
    by_id: Index,
}

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        self.records == other.records
    }
}

impl Eq for History {}

/// Ids to indices. A clone shares all but the newest.
#[derive(Clone, Debug, Default)]
struct Index {
    settled: Arc<BTreeMap<u64, u32>>,
    newest: Vec<(u64, u32)>,
}

impl Index {
    /// How many ids a clone copies at most.
    const NEWEST: usize = 64;

    fn get(&self, id: u64) -> Option<u32> {
        let newest = self.newest.iter().find(|pair| pair.0 == id).map(|pair| pair.1);
        newest.or_else(|| self.settled.get(&id).copied())
    }

    fn insert(&mut self, id: u64, index: u32) {
        self.newest.push((id, index));
        if self.newest.len() > Self::NEWEST {
            Arc::make_mut(&mut self.settled).extend(self.newest.drain(..));
        }
    }
}

impl History {
    /// A history of these records.
    ///
    /// Checks ids, bases and lengths; that patches and effects fit their texts shows only when they
    /// are used, which then gives errors and never panics.
    ///
    /// # Errors
    /// At the first record that cannot stand where it stands.
    pub fn from_records(records: Vec<Record>) -> Result<History, HistoryError> {
        let mut history = History::default();
        for record in records {
            let at = history.len();
            if at == u32::MAX - 1 {
                return Err(HistoryError::TooMany);
            }
            if history.by_id.get(record.id).is_some() {
                return Err(HistoryError::DuplicateId { at });
            }
            if record.base.end() > at {
                return Err(HistoryError::UnknownBase { at });
            }
            if !history.is_closed(&record.base) {
                return Err(HistoryError::OpenBase { at });
            }
            if record.effect().inverse(&record.removed).is_err() {
                return Err(HistoryError::Removed { at });
            }
            history.push(record);
        }
        Ok(history)
    }

    /// How many changes.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The change at an index.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<&Record> {
        self.records.get(index as usize).map(Arc::as_ref)
    }

    /// All changes, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Record> + ExactSizeIterator {
        self.records.iter().map(Arc::as_ref)
    }

    /// Where the change with this id stands.
    #[must_use]
    pub fn index_of(&self, id: u64) -> Option<u32> {
        self.by_id.get(id)
    }

    /// The least closed version that contains `version`.
    ///
    /// `None` if it names changes that are not here.
    #[must_use]
    pub fn closure(&self, version: &Version) -> Option<Version> {
        if version.end() > self.len() {
            return None;
        }
        // Bases are closed, so one round is enough.
        let mut closed = version.clone();
        for &change in version.extra() {
            closed.join(&self.get(change)?.base);
        }
        Some(closed)
    }

    /// Whether with each change it contains all that the change had seen.
    #[must_use]
    pub fn is_closed(&self, version: &Version) -> bool {
        // Within the prefix this holds by itself: bases name earlier changes only.
        let seen = |change: &u32| self.get(*change).is_some_and(|r| version.includes(&r.base));
        version.prefix() <= self.len() && version.extra().iter().all(seen)
    }

    /// The greatest `k` such that all changes from `k` to the list's end, and one against `base`,
    /// had seen all changes before `k`. O(`len() - k`).
    pub(super) fn anchor(&self, base: &Version) -> u32 {
        self.anchor_within(base, self.len())
    }

    /// As [`History::anchor`], for the first `end` changes alone.
    pub(super) fn anchor_within(&self, base: &Version, end: u32) -> u32 {
        let mut anchor = base.prefix().min(end);
        let mut at = end;
        while at > anchor {
            at -= 1;
            if let Some(record) = self.get(at) {
                anchor = anchor.min(record.base.prefix());
            }
        }
        anchor
    }

    /// Whether the effects can lead to a text of `len` bytes, as far as lengths show it.
    pub(super) fn check_lengths(&self, len: usize) -> Result<(), HistoryError> {
        let mut after = u32::try_from(len).map_err(|_| HistoryError::TooMany)?;
        for (record, at) in self.iter().rev().zip((0..self.len()).rev()) {
            let effect = record.effect();
            after = u32::try_from(effect.inserted().len())
                .ok()
                .and_then(|inserted| after.checked_sub(inserted))
                .and_then(|kept| kept.checked_add(effect.deleted_len()))
                .filter(|&before| before >= effect.reach())
                .ok_or(HistoryError::Length { at })?;
        }
        Ok(())
    }

    /// Appends a record that has been checked.
    pub(super) fn push(&mut self, record: Record) {
        self.by_id.insert(record.id, self.len());
        self.records.push(Arc::new(record));
    }
}
