//! What the fuzz targets do with bytes. What they found once runs in the tests.

use redwedding_crdt::testing::check;

use super::wire;

/// Entries of a log that one input may write: more only takes longer.
const ENTRIES: usize = 120;

/// Panics where something does not hold.
pub type Target = fn(&[u8]);

/// The targets by name, as their corpus folders are called.
pub const TARGETS: [(&str, Target); 4] =
    [("decoders", decoders), ("document", document), ("log", log), ("overlay", overlay)];

/// Every decoder.
///
/// # Panics
/// Where something decodes that nothing encodes, or cannot be worked with.
pub fn decoders(bytes: &[u8]) {
    check::decoders(bytes);
    wire::decoders(bytes);
}

/// A document that was put together wrongly.
///
/// # Panics
/// Where something decodes that cannot be worked with.
pub fn document(bytes: &[u8]) {
    check::wrong_document(bytes, ENTRIES);
}

/// The log of a document.
///
/// # Panics
/// Where it is not folded as it should be.
pub fn log(bytes: &[u8]) {
    check::fold(bytes, ENTRIES);
}

/// Saves that wait for the log.
///
/// # Panics
/// Where what is shown is not what is confirmed.
pub fn overlay(bytes: &[u8]) {
    check::overlay(bytes, ENTRIES);
}
