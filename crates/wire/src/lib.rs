//! What everything above is named and encoded by: names of things, versions of a document, the
//! canonical codec, and the limits of what is encoded.
//!
//! Read in this order: [`identity`] (names of things), [`version`] (which text is meant), [`codec`]
//! (bytes) and [`pieces`], [`limits`].
//!
//! The crate is pure. It knows no platform, clock, randomness or I/O: times, ids and keys are
//! arguments, so the same input gives the same bytes on every machine. It depends on no other
//! crate of this project.

pub mod codec;
pub mod identity;
pub mod limits;
pub mod pieces;
#[cfg(feature = "testing")]
pub mod testing;
pub mod version;
