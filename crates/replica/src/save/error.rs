//! Why a save is not taken.

use std::sync::Arc;

use redwedding_document::Erased;

use crate::limits;
use crate::load::LoadError;
use crate::overlap::Overlapping;
use crate::page_snapshot::PageSnapshot;

/// Why a save was not taken. Nothing of it is kept, except where it says so.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SaveError {
    /// The page exists and the client names no version: it would overwrite.
    #[error("the page exists; name the version that you edited")]
    Exists {
        /// The version that it has now.
        latest: u64,
    },
    /// The page is not as the client wants it to be for this save to be taken.
    #[error("the page is not as this save wants it to be; nothing was saved")]
    Unmet(Box<Unmet>),
    /// The version that the client names cannot be resolved.
    #[error("the version that you edited is not known any more; load the page again")]
    UnknownVersion,
    /// It changes text that was erased since that version was served.
    #[error(transparent)]
    Erased(#[from] Erased),
    /// The text, or the text that it merges into, is too long.
    #[error(
        "the page would have {bytes} bytes; at most {most} are allowed",
        most = limits::PAGE_BYTES
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// What it says about itself breaks a rule, which is named: a name or a summary that is too
    /// long.
    #[error("the save cannot be taken: {0}")]
    Invalid(String),
    /// The text that the client edited has no such part.
    #[error("the version that you edited has no section {0}")]
    NoPart(u32),
    /// Too many acknowledged saves of the page wait for the log. Retry later.
    #[error(
        "too many edits of this page are on their way ({saves}, {bytes} bytes); try again shortly"
    )]
    Overloaded {
        /// How many.
        saves: usize,
        /// About how many bytes they have.
        bytes: usize,
    },
    /// The state needed is not to be had in time. Retry: it is the same save, which the log may
    /// have already.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Neither store nor relay has taken it. Not acknowledged: it may still
    /// appear, whole and once, and a retry of it is the same save.
    #[error("the save could not be made durable; send it again")]
    NotAcknowledged,
}

/// What there is in the way of a save that was taken on a condition only.
#[derive(Clone, PartialEq, Debug)]
pub struct Unmet {
    /// The page as its client now sees it.
    pub shown: Arc<PageSnapshot>,
    /// What was submitted.
    pub submitted: String,
    /// Where the save would meet others in what is shown, if it was not to; nothing where the page
    /// shows something else by now.
    pub overlaps: Vec<Overlapping>,
}
