//! A save as a client asks for it.

use std::borrow::Cow;

use redwedding_document::entry::Note;
use redwedding_wire::identity::{DocumentKey, EditId};

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
}

impl Save {
    /// The edit id, by which a retry is recognised.
    pub(super) fn edit_id(&self, edit_key: &[u8; 32], key: &DocumentKey) -> EditId {
        let inputs: Vec<&[u8]> = self.idempotency_inputs.iter().map(Vec::as_slice).collect();
        EditId::of(edit_key, key, &inputs)
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
    /// How many bytes were submitted.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Whole(text) | Self::Part { text, .. } => text.len(),
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
