//! Limits of the fold, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where.

pub use redwedding_replica::limits::*;

/// Log time for which the changes of a document are kept: the forms that people have open.
pub const FLOOR_MS: u64 = 86_400_000;
/// Changes that are kept of a document however busy it is, and half of what there may be before
/// older ones are pruned. At 20 saves a second that is the last three to seven minutes; whoever
/// took longer merges through the archive. A new sandbox has to read all that is kept.
pub const FLOOR_CHANGES: usize = 4_096;
/// Changes that are worth a segment.
pub const FLOOR_LEAST: usize = 64;
/// Bytes of a segment that stands for older ones: it has to fit a sandbox beside its document.
pub const SEGMENT_BYTES: usize = 8 << 20;
/// Pending edits that make a document due at once.
pub const FLUSH_MAX_EDITS: usize = 1_000;
/// Largest record of a log: an entry and its frame.
pub const RECORD_BYTES: usize = ENTRY_BYTES + 64;
/// A read of a log ends with the record that passes this many bytes.
pub const READ_BYTES: usize = 4 << 20;
/// Entries after which a batch is closed.
pub const BATCH_ENTRIES: usize = 1_024;
/// Bytes of entries after which a batch is closed.
pub const BATCH_BYTES: usize = 16 << 20;
/// Refused entries that are retained; further ones are only counted.
pub const REFUSED_ENTRIES: usize = 4_096;
/// Bytes of refused entries that are retained.
pub const REFUSED_BYTES: u64 = 256 << 20;

const _: () = assert!(FLOOR_CHANGES * 2 <= RESTORED_CHANGES, "what was pruned at once comes back");
const _: () = assert!(SEGMENT_BYTES * 2 <= RESTORED_BYTES, "a segment can be taken back");
const _: () = assert!(ENTRY_BYTES <= BATCH_BYTES, "one entry must fit a batch");
