//! Limits of the edge function alone, and those of the crates below.
//!
//! Sizes are bytes unless the name says otherwise, times are milliseconds.
//! [`redwedding_wire::limits`] says which limit stands where.

pub use redwedding_replica::limits::*;

/// Longest page title, in its canonical spelling.
pub const TITLE_BYTES: usize = 255;
/// Entity tags in one `If-Match`: each may cost a look at an old version.
pub const TAGS: usize = 8;
/// Largest request body; a form triples what is not ASCII.
pub const BODY_BYTES: usize = 8 << 20;
/// Rendered answers in a sandbox's render cache.
pub const RENDER_CACHE_ANSWERS: usize = 8;
/// Bytes of such answers, with the texts that they show.
pub const RENDER_CACHE_BYTES: usize = 8 << 20;
/// Bytes of texts to be saved that a page for choosing between versions holds.
pub const CHOICES_BYTES: usize = 8 << 20;

const _: () = assert!(BODY_BYTES >= PAGE_BYTES * 3, "a page must fit a form");
const _: () = assert!(CHOICES_BYTES >= PAGE_BYTES * 4, "the choices of a page must fit");
const _: () = assert!(TITLE_BYTES <= KEY_BYTES);
