//! Convergent documents: what an edit is, how edits merge, and how a log of
//! them folds into the one text that every point of presence agrees on.
//!
//! Read in this order: [`identity`] (names of things), [`version`] (which text
//! is meant), [`entry`] (what a log holds), [`text`] (how concurrent edits
//! merge), [`document`] (the fold), [`data`] (typed data beside text), [`codec`]
//! (bytes), [`limits`].
//!
//! The crate is pure. It knows no platform, clock, randomness or I/O: times,
//! ids and keys are arguments, so the same input gives the same bytes on every
//! machine.

pub mod codec;
pub mod data;
pub mod document;
pub mod entry;
pub mod identity;
pub mod limits;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
pub mod version;
