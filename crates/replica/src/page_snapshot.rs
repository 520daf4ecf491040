//! What a reader needs of a document: the text and its name, without history.
//!
//! It is cached apart from the whole document, so that a read need not decode
//! what it does not show.

use std::num::NonZeroU64;

use redwedding_document::entry::{Note, OriginPage};
use redwedding_document::{Alternative, Document, State, View};
use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::{Digest, digest};
use redwedding_wire::version::{Cursor, Place};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;

const FORMAT: u8 = 3;

/// One text of a document, with its name.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct PageSnapshot {
    format: u8,
    /// When the state behind it was exchanged with the relay, in ms since 1970.
    pub exchanged_ms: u64,
    /// How far the log is known.
    pub cursor: Cursor,
    /// The document's own last entry.
    pub place: Place,
    /// The newest revision of the origin that is known to be in it; 0 for none.
    pub revision: u64,
    /// The number that names exactly this text; 0 while the page does not exist.
    pub id: u64,
    /// Author and comment of the last change.
    pub note: Note,
    /// When the last change was made, in ms since 1970.
    pub time_ms: u64,
    /// Whether the origin does not hold it all yet.
    pub pending: bool,
    /// Whether it may be older than it should be: the relay cannot be reached.
    pub stale: bool,
    /// The text.
    pub text: String,
    /// Of how many passages of it there is another version: see
    /// [`State::alternatives`](redwedding_document::State::alternatives).
    pub alternatives: u32,
    /// Who made these, the newest [`limits::ALTERNATIVES_BY`] of them; 0 where nobody knows.
    alternatives_by: Vec<AuthorTag>,
}

/// Enough of an author to tell one from another: what the log knows of a client without a name, and
/// a digest of a name.
pub type AuthorTag = u64;

/// The author that the log knows by this name, or by this number where there is none.
pub(crate) fn author_tag(name: &str, number: u64) -> AuthorTag {
    if name.is_empty() {
        return number;
    }
    let Digest([a, b, c, d, e, f, g, h, ..]) = digest("author", &[name.as_bytes()]);
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Of how many passages there is another version, and who made it.
fn told(alternatives: &[Alternative<'_>]) -> (u32, Vec<AuthorTag>) {
    let newest = alternatives.len().saturating_sub(limits::ALTERNATIVES_BY);
    let by = alternatives.iter().skip(newest).map(|it| {
        let number = it.change.client.as_ref().map_or(0, |client| client.number);
        author_tag(&it.change.note.author, number)
    });
    (alternatives.len() as u32, by.collect())
}

impl PageSnapshot {
    /// Whether there is a page.
    pub fn exists(&self) -> bool {
        self.id != 0
    }

    /// Whether a reader sees the same of both: the same page at the same version.
    pub fn shows_same(&self, other: &Self) -> bool {
        let seen = |it: &Self| (it.id, it.time_ms, it.pending, it.stale, it.alternatives);
        self.exists() && seen(self) == seen(other) && self.note == other.note
    }

    /// In how many passages the page shows another version than this author's.
    pub fn not_shown_of(&self, author: AuthorTag) -> usize {
        self.alternatives_by.iter().filter(|by| author != 0 && **by == author).count()
    }

    /// Of a confirmed document.
    pub fn of_document(document: &Document, exchanged_ms: u64) -> Self {
        let id = document.id().map_or(0, NonZeroU64::get);
        let (alternatives, alternatives_by) = told(&document.alternatives());
        let (pending, text) = (!document.is_at_origin(), document.text().to_owned());
        let of_state = Self::of_state(document, id, exchanged_ms);
        Self { pending, text, alternatives, alternatives_by, ..of_state }
    }

    /// Of a view whose version was given `id`.
    pub fn of_view(view: &View, id: u64, exchanged_ms: u64) -> Self {
        let (alternatives, alternatives_by) = told(&view.alternatives());
        let text = view.shown().to_owned();
        let of_state = Self::of_state(view, id, exchanged_ms);
        Self { pending: true, text, alternatives, alternatives_by, ..of_state }
    }

    /// All but the text, and what is said of it.
    fn of_state(state: &State, id: u64, exchanged_ms: u64) -> Self {
        let last = state.changes().last_written();
        Self {
            format: FORMAT,
            exchanged_ms,
            cursor: state.cursor(),
            place: state.place(),
            revision: state.origin().revision(),
            id,
            note: last.map(|change| change.note.clone()).unwrap_or_default(),
            time_ms: last.map_or(0, |change| change.time_ms),
            pending: false,
            stale: false,
            text: String::new(),
            alternatives: 0,
            alternatives_by: Vec::new(),
        }
    }

    /// Of a text that only the origin has.
    pub fn of_origin(page: &OriginPage, cursor: Cursor, exchanged_ms: u64) -> Self {
        Self {
            format: FORMAT,
            exchanged_ms,
            cursor,
            place: Place::START,
            revision: page.revision,
            id: page.revision,
            note: page.note.clone(),
            time_ms: page.time_ms,
            pending: false,
            stale: false,
            text: page.text.clone(),
            alternatives: 0,
            alternatives_by: Vec::new(),
        }
    }
}

impl Encode for PageSnapshot {
    fn encode(&self) -> Vec<u8> {
        let others = self.note.author.len() + self.note.comment.len() + 160;
        codec::to_vec_of(self, self.text.len() + others)
    }
}

impl Decode for PageSnapshot {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let snapshot: Self = codec::from_own(bytes)?;
        codec::known_format(snapshot.format, FORMAT)?;
        Ok(snapshot)
    }
}
