//! For tests: choices drawn from bytes, and what must hold of whatever is encoded.
//!
//! Behind the feature `testing`, which nothing that serves requests may turn on. Property tests,
//! fuzz targets and kept crashers all go through here and through the `testing` modules of the
//! crates above, so that what one of them finds runs in the others.

mod draw;
pub mod golden;

pub use draw::Draw;

use crate::codec::{Decode, Encode};

/// Bytes decode to an error, or to a value that encodes to these very bytes.
///
/// # Panics
/// Where a value decodes from bytes that are not its encoding.
pub fn canonical<T: Encode + Decode>(bytes: &[u8]) -> Option<T> {
    let value = T::decode(bytes).ok()?;
    assert_eq!(value.encode(), bytes, "decoded bytes are the canonical ones");
    Some(value)
}
