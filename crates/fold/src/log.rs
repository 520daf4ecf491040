//! The port behind which the ordered logs lie: one log per shard.
//!
//! A log knows bytes, positions and prefix hashes; what the bytes mean is the
//! fold's business ([`crate::shard`]). May assume that callers append records
//! within [`RECORD_BYTES`]. Must never renumber, reorder or rewrite a record, and
//! never acknowledge one that a crash could take back.
//!
//! A module `memory` has logs that forget, for tests, and `conformance` holds what every
//! implementation has to pass (both behind the feature `testing`).

#[cfg(feature = "testing")]
pub mod conformance;
#[cfg(feature = "testing")]
pub mod memory;

use redwedding_wire::version::{Cursor, Position};

use crate::limits::RECORD_BYTES;

/// A record as the log holds it.
#[derive(Clone, PartialEq, Debug)]
pub struct Logged {
    /// Its position, and the prefix hash after it.
    pub cursor: Cursor,
    /// Its bytes, as they were appended.
    pub record: Vec<u8>,
}

/// Why records could not be appended.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AppendError {
    /// A record is longer than [`RECORD_BYTES`]. The caller's fault; nothing
    /// was appended.
    #[error("a record of {0} bytes is too long")]
    TooLong(usize),
    /// The log could not be reached or written. The records may be in it all the
    /// same: the caller must read on from the head it knew before it appends again.
    #[error("the log could not be written: {0}")]
    Uncertain(String),
}

/// Why a log could not be read. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// It could not be reached or read; it may be later.
    #[error("the log could not be read: {0}")]
    Unavailable(String),
    /// What was read is not what a log can hold. An operator has to look.
    #[error("the log is damaged: {0}")]
    Damaged(String),
}

/// Ordered logs of records, one per shard.
///
/// An implementation MUST give the records of a shard dense positions from 1 in
/// one total order, the records of one append one after the other, and MUST
/// return from [`append`](Log::append) only when they would survive the loss of
/// power (or of a minority of a broker's nodes). It MAY block, and MAY let many
/// appends share one write to disk.
///
/// It MAY report failure although the records are in; it MAY put records of
/// other nodes between two appends of this one. So a caller MUST compare the
/// position that it is given with the one that it expected, MUST read what lies
/// between, and MUST read on from the head it knew after an
/// [`AppendError::Uncertain`].
pub trait Log: Send + Sync {
    /// Drawn when the log was created; never changes.
    fn epoch(&self) -> u64;

    /// The cursor after the last record of `shard`; [`Cursor::start`] while it
    /// holds none. After a truncation it stays what it was.
    ///
    /// # Errors
    /// If the log cannot be read, or is damaged.
    fn head(&self, shard: u16) -> Result<Cursor, ReadError>;

    /// Appends `records` to `shard`, all or none, and returns the position of the
    /// first. Durable on return. No records: the next position, nothing written.
    ///
    /// # Errors
    /// If a record is too long, or the log could not be written. After the second the records may
    /// be in it all the same.
    fn append(&self, shard: u16, records: Vec<Vec<u8>>) -> Result<Position, AppendError>;

    /// Records of `shard` in order, from position `from` (or the first that is
    /// kept, if later), at most `limit`, and fewer where they are long: none
    /// means that the head is reached. It ends with the record that passes
    /// [`READ_BYTES`](crate::limits::READ_BYTES).
    ///
    /// # Errors
    /// If the log cannot be read, or is damaged.
    fn read(&self, shard: u16, from: Position, limit: usize) -> Result<Vec<Logged>, ReadError>;

    /// The record at `position`; `None` where there is none, or no longer.
    ///
    /// # Errors
    /// If the log cannot be read, or is damaged.
    fn record(&self, shard: u16, position: Position) -> Result<Option<Logged>, ReadError>;

    /// Drops the records of `shard` before position `before`. Positions and
    /// prefix hashes of the others stay. Not past the head.
    ///
    /// # Errors
    /// If the log cannot be read or written. Then all of them are kept.
    fn truncate(&self, shard: u16, before: Position) -> Result<(), ReadError>;
}

/// Refuses records that no log takes.
///
/// # Errors
/// With the length of the first one that is too long.
pub fn check_lengths(records: &[Vec<u8>]) -> Result<(), AppendError> {
    match records.iter().map(Vec::len).find(|length| *length > RECORD_BYTES) {
        Some(length) => Err(AppendError::TooLong(length)),
        None => Ok(()),
    }
}
