//! Limits of what is encoded, which all crates above share.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! The rule for all files of this name: a limit stands in the lowest crate that enforces it or
//! whose own limits are made of it, each file gives the limits of the crates below as well, and a
//! relation that must hold between limits is checked at compile time where all of them are visible.

/// Longest text of a page.
pub const PAGE_BYTES: usize = 2 << 20;
/// Longest key of a document.
pub const KEY_BYTES: usize = 512;
/// Longest site prefix.
pub const SITE_BYTES: usize = 64;
/// Largest encoded log entry: a page and what surrounds it.
pub const ENTRY_BYTES: usize = PAGE_BYTES * 2 + (64 << 10);
/// Largest encoded document that a decoder takes.
pub const DOCUMENT_BYTES: usize = 64 << 20;
/// Acknowledged edits of a document that may wait for the log: 16,384 of people who know nothing of
/// each other, and what brings their versions together, one for 15 of these.
pub const OVERLAY_EDITS: usize = 17_536;
/// Ranges of a text that a version may hide.
pub const HIDDEN_RANGES: usize = 64;
/// Texts that a version may show beside those of its changes,
pub const PUT_TEXTS: usize = 64;
/// and their bytes, all together.
pub const PUT_BYTES: usize = 32 << 10;
/// Largest encoded version object.
pub const VERSION_BYTES: usize = 256 << 10;
/// How many times as long as its compressed form a part of a segment may be.
pub const PACKED_TIMES: usize = 128;
/// Log partitions.
pub const SHARDS: u16 = 16;

const _: () = assert!(SHARDS.is_power_of_two() && SHARDS <= 32, "a version id has 5 bits of shard");
const _: () = assert!(
    OVERLAY_EDITS * 9 + HIDDEN_RANGES * 11 + PUT_TEXTS * 11 + PUT_BYTES + 1_024 <= VERSION_BYTES,
    "a version has so many dots, and hides and puts so much"
);
