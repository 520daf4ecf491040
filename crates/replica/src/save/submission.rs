//! A save as a client asks for it.

use std::borrow::Cow;

use redwedding_document::entry::{AlternativeName, Note};
use redwedding_wire::identity::{DocumentKey, EditId};

use crate::save::error::SaveError;

/// A save as a client asks for it.
#[derive(Clone, Debug)]
pub struct Save {
    /// The number of the version that the client edited; `None` to create.
    pub base: Option<u64>,
    /// [`text_check`](redwedding_wire::version::text_check) of its text, where the client sent it
    /// along. A position has room for few check bits of its own: of a log that lost its tail it
    /// may be taken for one of the log that there is, one time in 1,024.
    pub base_check: Option<u32>,
    /// What the client submits.
    pub submitted: Submitted,
    /// Author, comment and so on.
    pub note: Note,
    /// The inputs of its edit id, which make this save itself and no other: user, base as
    /// sent, section, text, comment, start time, edit token or address.
    pub idempotency_inputs: Vec<Vec<u8>>,
    /// Connects log lines and entry with the request.
    pub trace: u64,
    /// What has to be so, or nothing of it is taken. No part of what makes it itself: what was
    /// taken is taken, whatever is asked of a retry.
    pub only_if: Option<OnlyIf>,
    /// Alternatives that its author has decided about: they are none any more, whatever the page
    /// shows of them. With one of them a save needs to change nothing.
    pub closes: Vec<AlternativeName>,
}

/// What a client wants to be so of the page when its save is taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OnlyIf {
    /// No concurrent edit touches the same.
    NoOverlap,
    /// It shows the text of one of the versions with these numbers.
    Unchanged(Vec<u64>),
    /// There is none.
    Absent,
    /// There is one, whatever it shows.
    Present,
}

impl Save {
    /// The edit id, by which a retry is recognised.
    pub(super) fn edit_id(&self, edit_key: &[u8; 32], key: &DocumentKey) -> EditId {
        let inputs: Vec<&[u8]> = self.idempotency_inputs.iter().map(Vec::as_slice).collect();
        EditId::of(edit_key, key, &inputs)
    }

    /// Whether it cannot be taken for a reason that is what it was not to be taken for: the page is
    /// there; or it is not, as far as anybody knows, at a version that the client names.
    pub(super) fn is_unmet_by(&self, error: &SaveError) -> bool {
        match self.only_if {
            Some(OnlyIf::Absent) => matches!(error, SaveError::Exists { .. }),
            Some(OnlyIf::Unchanged(_)) => {
                matches!(error, SaveError::Exists { .. } | SaveError::UnknownVersion)
            }
            Some(OnlyIf::NoOverlap | OnlyIf::Present) | None => false,
        }
    }
}

/// What a client submits.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// The whole text.
    Whole(String),
    /// One part of the text that it edited.
    Part {
        /// The part's new text.
        text: String,
        /// Which part.
        number: u32,
        /// Puts a part's new text into the whole; `None` where there is no such part.
        replace: fn(&str, u32, &str) -> Option<String>,
    },
}

impl Submitted {
    /// What was submitted, whole or a part.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Whole(text) | Self::Part { text, .. } => text,
        }
    }

    /// The whole text that is submitted by one who edited `base`; `None` where that
    /// has no such part.
    pub(super) fn whole(&self, base: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Whole(text) => Some(Cow::Borrowed(text)),
            Self::Part { text, number, replace } => replace(base, *number, text).map(Cow::Owned),
        }
    }
}
