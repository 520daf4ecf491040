//! What every format of a document comes to, before its parts are checked against each other.
//!
//! Each format is read into [`Parts`]; what makes a [`Document`] of them holds for all formats.
//! Must never let parts through that the fold could not have come to.

use std::sync::Arc;

use redwedding_text::{Text, Version};
use redwedding_wire::codec::DecodeError;
use redwedding_wire::identity::{Actor, DocumentKey};
use redwedding_wire::version::{Cursor, ObjectId, OriginText, Place, VersionRef};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::document::change::OpenBelow;
use crate::document::state::DetachedBase;
use crate::document::{
    Announced, Changes, Document, IntentState, Known, Origin, Quarantined, SegmentRef, State, Tip,
};
use crate::limits;

/// A set of changes: all below an index, and stretches beyond, as (gap, length).
pub(super) type VersionWire = (u32, Vec<u32>);

/// The origin's tip.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub(super) struct TipWire {
    pub(super) stored: OriginText,
    pub(super) version: VersionWire,
    pub(super) exact: bool,
}

impl TipWire {
    pub(super) fn of(tip: &Tip) -> Self {
        Self { stored: tip.stored, version: version_wire(&tip.version), exact: tip.exact }
    }
}

/// What every format comes to before its parts are checked against each other.
pub(super) struct Parts {
    pub(super) key: DocumentKey,
    pub(super) cursor: Cursor,
    pub(super) place: Place,
    pub(super) text: Text,
    pub(super) changes: Changes,
    pub(super) archive: Vec<SegmentRef>,
    pub(super) tip: Option<TipWire>,
    pub(super) intents: Vec<Announced>,
    pub(super) known: Vec<(OriginText, VersionWire)>,
    pub(super) detached_bases: Vec<DetachedBaseParts>,
    pub(super) objects: Vec<(ObjectId, Arc<VersionRef>)>,
    pub(super) aliases: Vec<(Actor, u32)>,
    pub(super) quarantined: Vec<Quarantined>,
    pub(super) extensions: Vec<u8>,
    pub(super) open_below: Vec<Arc<OpenBelow>>,
}

/// A detached base, whose place in the document was not checked yet.
pub(super) struct DetachedBaseParts {
    pub(super) name: OriginText,
    pub(super) text: Text,
    pub(super) mapped: Vec<u32>,
    pub(super) onto: VersionWire,
}

pub(super) fn version_wire(version: &Version) -> VersionWire {
    (version.prefix(), version.extra().collect())
}

pub(super) fn version_from(wire: VersionWire, changes: usize) -> Result<Version, DecodeError> {
    let version = Version::new(wire.0, wire.1.clone());
    if version_wire(&version) != wire {
        return Err(DecodeError::NotCanonical);
    }
    let inside = version.end() as usize <= changes;
    inside.then_some(version).ok_or_else(|| DecodeError::invalid("a version names no change"))
}

impl DetachedBaseParts {
    fn check(self, changes: usize) -> Result<DetachedBase, DecodeError> {
        let fits = self.text.history().floor() == 0
            && self.text.history().len() as usize == self.mapped.len() + 1
            && self.mapped.iter().all(|index| (*index as usize) < changes);
        if !fits {
            return Err(DecodeError::invalid("a detached base's edits do not fit the document"));
        }
        let onto = version_from(self.onto, changes)?;
        Ok(DetachedBase { name: self.name, text: self.text, mapped: self.mapped, onto })
    }
}

impl Parts {
    pub(super) fn check_actors(&self) -> Result<(), DecodeError> {
        let mut actors: Vec<_> = self.changes.kept().iter().map(|change| change.actor).collect();
        actors.sort_unstable();
        match actors.windows(2).all(|pair| pair[0] != pair[1]) {
            true => Ok(()),
            false => Err(DecodeError::invalid("two changes have one actor")),
        }
    }

    /// What the fold itself never passes.
    fn check_bounds(&self) -> Result<(), DecodeError> {
        let within = self.intents.len() <= limits::INTENTS
            && self.known.len() <= limits::ORIGIN_TEXTS
            && self.detached_bases.iter().filter(|detached| detached.mapped.is_empty()).count()
                <= limits::DETACHED_BASES
            && self.objects.len() <= limits::OBJECTS
            && self.aliases.len() <= limits::ALIASES
            && self.archive.len() <= limits::SEGMENTS
            && self.quarantined.len() <= limits::QUARANTINED;
        if !within {
            return Err(DecodeError::invalid("a list is longer than it may be"));
        }
        let open = |known: &&Announced| known.state == IntentState::Open as u8;
        if self.intents.iter().filter(open).count() > 1 {
            return Err(DecodeError::invalid("more than one intent is open"));
        }
        match self.changes.greatest_met().is_none_or(|index| (index as usize) < self.changes.len())
        {
            true => Ok(()),
            false => Err(DecodeError::invalid("an overlap names no change")),
        }
    }

    pub(super) fn into_document(self) -> Result<Document, DecodeError> {
        let changes = self.changes.len();
        Ok(Document { state: Arc::new(self.into_state(changes)?) })
    }

    /// The state, if its first changes, so many, are in the log's order and the others in no log.
    pub(super) fn into_state(self, confirmed: usize) -> Result<State, DecodeError> {
        self.key.check().map_err(|error| DecodeError::Invalid(error.to_string()))?;
        self.check_bounds()?;
        let changes = self.changes.len();
        let confirmed = confirmed.checked_sub(self.changes.floor());
        let confirmed = confirmed.filter(|confirmed| self.changes.floor() + confirmed <= changes);
        let confirmed =
            confirmed.ok_or_else(|| DecodeError::invalid("more is confirmed than there is"))?;
        let logged = self.changes.places().take(confirmed).map(|place| place.position);
        let beyond = || self.changes.places().skip(confirmed);
        if !logged.is_sorted() || !beyond().all(|place| place == Place::START) {
            return Err(DecodeError::invalid("changes are not in the log's order"));
        }
        let mut objects: Vec<_> = self.objects.iter().map(|object| object.0).collect();
        objects.sort_unstable();
        if objects.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(DecodeError::invalid("a version object is listed twice"));
        }
        if !self.aliases.iter().all(|alias| (alias.1 as usize) < changes) {
            return Err(DecodeError::invalid("an alias names no change"));
        }
        let tip = self.tip.map(|tip| {
            let version = version_from(tip.version, changes)?;
            Ok(Tip { stored: tip.stored, version, exact: tip.exact })
        });
        let known = self
            .known
            .into_iter()
            .map(|(text, version)| Ok(Known { text, version: version_from(version, changes)? }));
        let detached = self.detached_bases.into_iter().map(|detached| detached.check(changes));
        Ok(State {
            key: self.key,
            cursor: self.cursor,
            place: self.place,
            text: self.text,
            changes: self.changes,
            archive: self.archive,
            open_below: self.open_below,
            open: Default::default(),
            origin: Origin {
                tip: tip.transpose()?,
                intents: self.intents,
                known: known.collect::<Result<_, DecodeError>>()?,
            },
            detached_bases: detached.collect::<Result<_, _>>()?,
            objects: self.objects,
            aliases: self.aliases,
            quarantined: self.quarantined,
            extensions: self.extensions,
        })
    }
}
