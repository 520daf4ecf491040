//! Documents: what an entry of a log says, and how a log of them folds into the one text that every
//! point of presence agrees on.
//!
//! Read in this order: [`entry`] (what a log holds), [`Document`] and [`View`] (the state that
//! comes of it), [`limits`]. How concurrent edits merge is the text engine's, `redwedding_text`;
//! names, versions and the codec are in `redwedding_wire`.
//!
//! The crate is pure. It knows no platform, clock, randomness or I/O: times, ids and keys are
//! arguments, so the same log gives the same bytes on every machine.

mod document;
pub mod entry;
pub mod limits;
pub mod passage;
mod patch_wire;
#[cfg(feature = "testing")]
pub mod testing;

pub use document::{
    Admission, Alternative, Announced, Archive, Attribution, Change, ChangeKind, Changes, Document,
    Erased, Fault, Hidden, IntentState, Known, Meeting, NoArchive, Origin, Quarantined, Resolved,
    RestoreFault, Segment, SegmentRef, Settled, State, Tip, Unresolved, Verdict, View,
};
