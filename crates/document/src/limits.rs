//! Limits of entries, documents and segments, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where.

pub use redwedding_wire::limits::*;

/// Longest edit summary.
pub const COMMENT_BYTES: usize = 1_000;
/// Longest name of an author.
pub const AUTHOR_BYTES: usize = 255;
/// Dots that a delta names inline; more go into a version object.
pub const INLINE_DOTS: usize = 16;

/// The newest changes that are looked through for what a person had made of a text before.
pub const LOOKED_CHANGES: usize = 64;

/// Earlier saves that one names, as what its author had made of the same text.
pub const EARLIER_SAVES: usize = 8;
/// Alternatives, the newest, of which it is known how they were closed.
pub const KNOWN_CLOSED: usize = 16;
/// Alternatives that one save closes by name.
pub const CLOSED: usize = 256;
/// Changes since all that wrote one had seen the same text from which on a cache keeps how they
/// were merged: who starts would go through them one by one.
pub const REPLAY_STORED: u32 = 64;
/// Waiting saves that a view folds as the log will, where some were made beside others; beyond
/// them so many more that were,
pub const LOOKED_SAVES: usize = 32;
/// and the bytes of page, once for each of these: what folding costs grows with both.
pub const LOOKED_BYTES: usize = 1 << 20;
/// Versions that are open of what lies below a document's floor.
pub const OPEN_BELOW: usize = 256;
/// Different saves that wait of which a view knows when somebody has made the same.
pub const LOOKED_TWINS: usize = 64;
/// Served version objects that a document remembers.
pub const OBJECTS: usize = 512;
/// Retries whose delta came out different that a document remembers.
pub const ALIASES: usize = 4_096;
/// Detached bases that a document keeps although no edit was made on them.
pub const DETACHED_BASES: usize = 4;
/// Bytes of detached bases, edits on them included, beyond which a document takes no further one.
pub const DETACHED_BYTES: usize = 4 * PAGE_BYTES;
/// Log time after the last edit on a detached base from which it may make room for another.
pub const DETACHED_MS: u64 = 86_400_000;
/// Length that concurrent edits together may bring a text to. Each save is held
/// to [`PAGE_BYTES`] before it is acknowledged; after that nothing may refuse it.
pub const MERGED_BYTES: usize = 1 << 30;
/// Texts of the origin whose version a document remembers.
pub const ORIGIN_TEXTS: usize = 1_024;
/// Attempts to write to the origin that a document remembers.
pub const INTENTS: usize = 64;
/// Changes that are taken back from the archive for an edit made below the floor;
/// one from further down is carried over.
pub const RESTORED_CHANGES: usize = 16_384;
/// Bytes of segments that are taken back for such an edit.
pub const RESTORED_BYTES: usize = 16 << 20;
/// Segments that a document's archive is in.
pub const SEGMENTS: usize = 16;
/// Refused entries that a document lists.
pub const QUARANTINED: usize = 64;
/// Bytes of versions that the page does not show in which, for one edit, what went is looked for.
pub const SEARCHED_BYTES: usize = 4 << 20;
/// Saves that put something in one place, up to which each is compared with one that puts more
/// there.
pub const PARTS: usize = 64;
/// Overlaps recorded for one edit, but for those that tell whose version it hides.
pub const OVERLAPS: usize = 8;

const _: () =
    assert!(DETACHED_BYTES * 4 <= DOCUMENT_BYTES, "a detached base is stored as text and as edits");
const _: () = assert!(INLINE_DOTS < OVERLAY_EDITS);
