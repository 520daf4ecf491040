//! What the log agreed about the origin: its tip, and the attempts to write.
//!
//! Everything here enters confirmed state only when it is read back from the
//! log and found to count, so nobody ever has to take anything back.

use redwedding_text::Version;
use redwedding_wire::identity::FlushId;
use redwedding_wire::version::{OriginText, Place};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::entry::Intent;
use crate::limits;

/// The origin's side of a document, as far as the log knows it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Origin {
    /// The newest revision known; `None` while the page does not exist there.
    pub tip: Option<Tip>,
    /// The last attempts to write, oldest first; at most one is open.
    pub intents: Vec<Announced>,
    /// Texts of the origin whose version is known, by ascending revision.
    pub known: Vec<Known>,
}

/// The origin's newest revision.
#[derive(Clone, PartialEq, Debug)]
pub struct Tip {
    /// Its revision and the digest of its stored bytes.
    pub stored: OriginText,
    /// The changes that it holds.
    pub version: Version,
    /// Whether the stored bytes are the text at `version`. They are not after
    /// the origin merged by itself; a flush is due then.
    pub exact: bool,
}

/// A text of the origin and the version it is.
#[derive(Clone, PartialEq, Debug)]
pub struct Known {
    /// Revision and digest.
    pub text: OriginText,
    /// The version with that text.
    pub version: Version,
}

/// An intent that counted.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Announced {
    /// What was announced.
    pub intent: Intent,
    /// Where in the log.
    pub place: Place,
    /// When the log took it, in ms since 1970.
    pub logged_ms: u64,
    /// What became of it, as [`IntentState`]'s number.
    pub state: u8,
}

/// What became of an intent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum IntentState {
    /// Not known yet: the origin may hold it.
    Open = 0,
    /// Committed at the origin.
    Committed = 1,
    /// Given up. It may still turn up at the origin.
    Abandoned = 2,
}

impl Origin {
    /// The tip's revision; 0 while the page does not exist at the origin.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.tip.as_ref().map_or(0, |tip| tip.stored.revision)
    }

    /// The first revision that is known to hold change `index`; `None` while the
    /// origin does not. Edits that took each other back make no revision: they
    /// are at the tip, and once that has moved on, at the next.
    #[must_use]
    pub fn revision_with(&self, index: u32) -> Option<u64> {
        let known = self.known.iter().map(|known| (known.text.revision, &known.version));
        let tip = self.tip.iter().map(|tip| (tip.stored.revision, &tip.version));
        let mut held = known.chain(tip).filter(|(_, version)| version.contains(index));
        held.next().map(|(revision, _)| revision)
    }

    /// The intent whose outcome is not known.
    #[must_use]
    pub fn open(&self) -> Option<&Announced> {
        self.intents.iter().rev().find(|announced| announced.state == IntentState::Open as u8)
    }

    /// The intent with this flush id, whatever became of it.
    #[must_use]
    pub fn announced(&self, flush: FlushId) -> Option<&Announced> {
        self.intents.iter().rev().find(|announced| announced.intent.flush == flush)
    }

    /// Says whether the tip's stored bytes are the text at its version.
    pub(super) fn set_exact(&mut self, exact: bool) {
        if let Some(tip) = &mut self.tip {
            tip.exact = exact;
        }
    }

    pub(super) fn close(&mut self, flush: FlushId, state: IntentState) {
        let found = self.intents.iter_mut().find(|announced| announced.intent.flush == flush);
        if let Some(announced) = found {
            announced.state = state as u8;
        }
    }

    pub(super) fn move_tip(&mut self, stored: OriginText, version: Version, exact: bool) {
        // The first version stays: what was served or made on it stands there,
        // and a checkpoint is another version with the same text.
        if exact && self.known.iter().all(|known| known.text != stored) {
            self.known.push(Known { text: stored, version: version.clone() });
            if self.known.len() > limits::ORIGIN_TEXTS {
                self.known.remove(0);
            }
        }
        self.tip = Some(Tip { stored, version, exact });
    }
}
