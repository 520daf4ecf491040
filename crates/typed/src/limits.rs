//! Limits of typed data, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where.

pub use redwedding_wire::limits::*;

/// Largest typed value that a change may lead to, encoded.
pub const TYPED_BYTES: usize = 8 << 20;
/// Largest encoded change of typed data.
pub const TYPED_DELTA_BYTES: usize = 4 << 20;
/// How deep maps of typed data are nested.
pub const TYPED_DEPTH: usize = 8;

const _: () = assert!(TYPED_DELTA_BYTES + 1_024 <= ENTRY_BYTES, "a change must fit an entry");
const _: () = assert!(TYPED_BYTES * 4 <= DOCUMENT_BYTES, "concurrent changes add up");
