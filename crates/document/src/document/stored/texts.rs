//! Texts with their histories, as they lie within a document's bytes.

use std::borrow::Cow;

use redwedding_text::{Columns, Text};
use redwedding_wire::codec::DecodeError;
use redwedding_wire::version::OriginText;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::parts::{DetachedBaseParts, VersionWire, version_wire};
use crate::document::state::DetachedBase;
use crate::limits;

/// Text, what was made, all that this inserted, what it came to, all that this removed: as
/// [`Columns`] has them.
#[derive(Serialize, Deserialize)]
pub(super) struct TextWire<'a>(Cow<'a, str>, ByteBuf, Cow<'a, str>, ByteBuf, Cow<'a, str>);

/// Name, the actors of its changes (eight bytes each, little-endian), text, what they are in the
/// document, and what they stand on there.
#[derive(Serialize, Deserialize)]
pub(super) struct DetachedBaseWire<'a>(OriginText, ByteBuf, TextWire<'a>, Vec<u32>, VersionWire);

impl<'a> TextWire<'a> {
    pub(super) fn of(text: &'a Text) -> Self {
        let Columns { text, made, inserted, applied, removed } = text.columns();
        Self(text, made.into(), inserted, applied.into(), removed)
    }

    /// The text, whose changes these made.
    pub(super) fn read(self, actors: &[u64]) -> Result<Text, DecodeError> {
        let Self(text, made, inserted, applied, removed) = self;
        let (made, applied) = (made.into_vec(), applied.into_vec());
        text_from(Columns { text, made, inserted, applied, removed }, actors)
    }
}

pub(super) fn text_from(columns: Columns<'_>, actors: &[u64]) -> Result<Text, DecodeError> {
    Text::from_columns(columns, actors).map_err(|error| DecodeError::Invalid(error.to_string()))
}

/// What is kept in a cache of a text's replayed changes; nothing where they are few.
pub(super) fn replayed_wire(text: &Text) -> ByteBuf {
    text.replayed_columns(limits::REPLAY_STORED).unwrap_or_default().into()
}

/// Gives a text what [`replayed_wire`] has written of the same one.
pub(super) fn take_replayed(text: &mut Text, replayed: &[u8]) -> Result<(), DecodeError> {
    match replayed {
        [] => Ok(()),
        _ => text.take_replayed(replayed).map_err(|error| DecodeError::Invalid(error.to_string())),
    }
}

impl<'a> DetachedBaseWire<'a> {
    pub(super) fn of(detached: &'a DetachedBase) -> Self {
        let history = detached.text.history();
        let actors = (0..history.len()).filter_map(|change| history.id(change));
        let actors: Vec<u8> = actors.flat_map(|id| id.actor.to_le_bytes()).collect();
        let (text, onto) = (TextWire::of(&detached.text), version_wire(&detached.onto));
        Self(detached.name, actors.into(), text, detached.mapped.clone(), onto)
    }

    pub(super) fn read(self) -> Result<DetachedBaseParts, DecodeError> {
        let Self(name, actors, text, mapped, onto) = self;
        let (actors, rest) = actors.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(DecodeError::invalid("an actor is cut off"));
        }
        let actors: Vec<u64> = actors.iter().map(|actor| u64::from_le_bytes(*actor)).collect();
        Ok(DetachedBaseParts { name, text: text.read(&actors)?, mapped, onto })
    }
}
