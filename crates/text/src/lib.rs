//! Collaborative text: whole saves, each written against its own base version, merged into one.
//!
//! A [`Text`] is the current text plus the [changes](History) that led to it. The merge is
//! Eg-walker (Gentle and Kleppmann, EuroSys 2025) at the granularity of whole changes, with the
//! character order of FugueMax (Weidner and Kleppmann, "The Art of the Fugue"), so that concurrent
//! runs never interleave and the result depends on *which* changes were merged, never on the order
//! in which they arrived.
//!
//! May assume: parents are merged before children; ids are unique within a document. Must never:
//! read a clock, draw randomness, touch the outside world, or change anything when it returns an
//! error.
//!
//! Read in this order: [`patch`] (an edit as hunks), [`diff`] (a whole save into an edit),
//! [`version`] (what a save had seen), [`history`] (what was recorded, in rows of the inner `ops`),
//! [`mod@text`] (the merge), `checkout` (a whole history merged at once), then the inner `walker`
//! and `sequence`, and last `overlap` (which concurrent edits met) and [`transpose`] (an edit
//! carried onto a text unknown to the log).
//!
//! `INTERNALS.md` beside the README works one merge through, step by step.
#![doc = include_str!("../README.md")]

pub mod attribution;
mod checkout;
mod columns;
pub mod diff;
mod erase;
mod floor;
pub mod history;
#[cfg(test)]
mod internals;
mod line_end;
mod ops;
mod overlap;
pub mod patch;
mod predecessor;
mod rope;
mod sequence;
pub mod shown;
pub mod text;
pub mod three_way;
mod tokens;
pub mod transpose;
pub mod version;
mod walker;
mod words;

pub use columns::ColumnsError;
pub use erase::{PLACEHOLDERS, replaced};
pub use floor::RestoreError;
pub use history::{ChangeId, History, Part, RecordError, Suppression};
pub use overlap::Overlap;
pub use patch::{Applied, FitError, Hunk, Patch, PatchBuilder, PatchError, grown};
pub use text::{
    Columns, MergeError, Merged, PartsError, Record, Since, SpanSince, Text, VersionError,
};
pub use transpose::map_through;
pub use version::Version;
