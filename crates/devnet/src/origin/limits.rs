//! Limits of the embedded wiki. The edge has its own; these are what an origin grants by itself.

/// Largest page text, in bytes.
pub const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Longest title, in bytes of UTF-8.
pub const MAX_TITLE_BYTES: usize = 255;

/// Longest summary or author, in bytes of UTF-8.
pub const MAX_SUMMARY_BYTES: usize = 1_000;

/// Longest `Idempotency-Key`, in bytes.
pub const MAX_KEY_BYTES: usize = 255;

/// Revisions in one answer of the history.
pub const MAX_LISTED: usize = 500;

const _: () = assert!(MAX_TITLE_BYTES < MAX_SUMMARY_BYTES);
