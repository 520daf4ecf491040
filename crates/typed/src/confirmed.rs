//! Confirmed and overlay: an item as its log has it, and as acknowledged deltas
//! that the log does not hold yet change it.
//!
//! [`Confirmed`] is the fold of a document's entries up to its cursor, the same
//! bytes everywhere. All its dots are positions, so its whole context is the
//! cursor. [`View`] adds deltas, in any order that their parents allow; it has no
//! encoding, so it cannot be stored in the place of what is confirmed.
//!
//! The two are the only ones that bring deltas and states together, and they make
//! sure of what [`Causal::join`] demands. Each dot has one name: an actor whose
//! entry is in the log is renamed in every delta before it is joined. A delta comes
//! after all that its maker knew, so what is here is closed under "happened
//! before". And it was made at the floor or later; before the floor actors are
//! forgotten and stable dots are one, so an entry that was made there cannot be
//! understood any more, and is refused. The floor is chosen, by the log, such that
//! none is left; a delta says which floor its maker had, and brings it along.

use std::collections::BTreeSet;

use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::causal::Causal;
use crate::delta::Delta;
use crate::dot::{Context, Settled};
use crate::dot_store::DotStore;
use crate::item::Item;
use crate::limits;

/// What became of a delta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Folded {
    /// It counts.
    Counted,
    /// It was there before; nothing changed.
    Duplicate,
}

/// Why a delta cannot be joined. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unready {
    /// The log has to be read up to here first.
    #[error("made at position {0}, which is not known here yet")]
    Behind(Position),
    /// The entry of this actor has to come first.
    #[error("made on a change of {0}, which is not known here yet")]
    Missing(Actor),
    /// It was made before the floor: for ever.
    #[error("made at position {made}, before the floor at {floor}")]
    TooOld {
        /// Where it was made.
        made: Position,
        /// The floor.
        floor: Position,
    },
}

/// An item as its log has it, up to a cursor.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Confirmed {
    /// The context is the cursor, without anything beyond.
    state: Causal<Item>,
    floor: Position,
    /// Actors whose entries lie between floor and cursor.
    logged: Settled,
}

impl Confirmed {
    /// Before every entry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the key holds.
    #[must_use]
    pub fn item(&self) -> &Item {
        self.state.store()
    }

    /// All of the document's log up to here is folded in.
    #[must_use]
    pub fn cursor(&self) -> Position {
        self.state.context().prefix()
    }

    /// Deltas made before are refused.
    #[must_use]
    pub fn floor(&self) -> Position {
        self.floor
    }

    /// Where the log holds the entry of `actor`, if that is behind the floor.
    #[must_use]
    pub fn logged(&self, actor: Actor) -> Option<Position> {
        self.logged.position(actor)
    }

    /// Folds in the entry at `position`, which MUST be the document's next: one at
    /// the cursor or before is a duplicate. The cursor moves to it unless it
    /// is refused. The floor becomes at least that of the delta's maker. As much
    /// work as [`Causal::join`].
    ///
    /// # Errors
    /// If the delta was made on entries that are not folded in yet; nothing changes then.
    pub fn fold(&mut self, position: Position, delta: &Delta) -> Result<Folded, Unready> {
        if position <= self.cursor() {
            return Ok(Folded::Duplicate);
        }
        if self.logged.position(delta.actor).is_some() {
            self.state.advance(position);
            return Ok(Folded::Duplicate);
        }
        in_reach(delta, self.cursor(), self.floor)?;
        needs(delta, |actor| self.logged.position(actor).is_some())?;
        let mut change = delta.change.clone();
        change.settle(&self.logged);
        change.settle(&Settled::one(delta.actor, position));
        self.raise_floor(delta.floor);
        self.logged.insert(delta.actor, position);
        self.state.join(&change);
        self.passed(position);
        Ok(Folded::Counted)
    }

    /// Folds in an entry at `position` that says that time has come: if at
    /// `logged_ms`, the log's time, the deadline has, everything confirmed is
    /// removed. Gives whether it was.
    pub fn expire(&mut self, position: Position, logged_ms: u64) -> bool {
        let expires = position > self.cursor()
            && !self.item().values().is_empty()
            && self.item().is_hidden(logged_ms);
        if expires {
            self.state.join(&self.state.cleared());
        }
        self.passed(position);
        expires
    }

    /// Passes an entry at `position` that changes nothing here.
    pub fn skip(&mut self, position: Position) {
        self.state.advance(position);
    }

    /// Says of what the entry at `position` has done that it stands in the log there.
    fn passed(&mut self, position: Position) {
        self.state.date(Some(position));
        self.state.advance(position);
        self.state.stabilise(self.floor);
    }

    /// Raises the floor, at most to the cursor: stable dots become one, and
    /// actors retire. In which steps it is raised cannot be seen in the result.
    pub fn raise_floor(&mut self, floor: Position) {
        self.floor = floor.min(self.cursor()).max(self.floor);
        self.state.stabilise(self.floor);
        self.logged.forget(self.floor);
    }
}

/// Whether a delta can be understood between these two.
fn in_reach(delta: &Delta, cursor: Position, floor: Position) -> Result<(), Unready> {
    match delta.made {
        made if made > cursor => Err(Unready::Behind(made)),
        made if made < floor => Err(Unready::TooOld { made, floor }),
        _ => Ok(()),
    }
}

/// Whether all that a delta was made on is known.
fn needs(delta: &Delta, known: impl Fn(Actor) -> bool) -> Result<(), Unready> {
    let dots = delta.change.context().open_actors().filter(|actor| *actor != delta.actor);
    match delta.parents.iter().copied().chain(dots).find(|actor| !known(*actor)) {
        Some(actor) => Err(Unready::Missing(actor)),
        None => Ok(()),
    }
}

/// A confirmed item with deltas that the log does not hold yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    confirmed: Confirmed,
    state: Causal<Item>,
    overlay: BTreeSet<Actor>,
    /// Those of the overlay that no other of it stands on.
    frontier: BTreeSet<Actor>,
    floor: Position,
}

impl View {
    /// What is confirmed, and nothing more.
    #[must_use]
    pub fn of(confirmed: &Confirmed) -> Self {
        Self {
            confirmed: confirmed.clone(),
            state: confirmed.state.clone(),
            overlay: BTreeSet::new(),
            frontier: BTreeSet::new(),
            floor: confirmed.floor,
        }
    }

    /// What the key holds.
    #[must_use]
    pub fn item(&self) -> &Item {
        self.state.store()
    }

    /// The item with its context. Its canonical bytes depend on the cursor, the
    /// floor and the overlay alone.
    #[must_use]
    pub fn state(&self) -> &Causal<Item> {
        &self.state
    }

    /// How far the log is known.
    #[must_use]
    pub fn cursor(&self) -> Position {
        self.confirmed.cursor()
    }

    /// Deltas made before are refused.
    #[must_use]
    pub fn floor(&self) -> Position {
        self.floor
    }

    /// Whose deltas are in the overlay.
    pub fn overlay(&self) -> impl Iterator<Item = Actor> {
        self.overlay.iter().copied()
    }

    /// Whose deltas of the overlay no other of it stands on, ascending.
    pub fn frontier(&self) -> impl Iterator<Item = Actor> {
        self.frontier.iter().copied()
    }

    /// Adds an acknowledged delta. One that the log or the overlay holds is a
    /// duplicate. As much work as [`Causal::join`].
    ///
    /// # Errors
    /// If the delta was made on others that are not here; nothing changes then.
    pub fn add(&mut self, delta: &Delta) -> Result<Folded, Unready> {
        let logged = &self.confirmed.logged;
        if logged.position(delta.actor).is_some() || self.overlay.contains(&delta.actor) {
            return Ok(Folded::Duplicate);
        }
        in_reach(delta, self.confirmed.cursor(), self.floor)?;
        let known = |actor| logged.position(actor).is_some() || self.overlay.contains(&actor);
        needs(delta, known)?;
        let mut change = delta.change.clone();
        change.settle(logged);
        self.frontier.retain(|actor| !delta.parents.contains(actor));
        self.frontier.insert(delta.actor);
        self.overlay.insert(delta.actor);
        self.floor = self.floor.max(delta.floor);
        self.state.stabilise(self.floor);
        self.state.expects(&change, delta.actor);
        self.state.join(&change);
        self.state.stabilise(self.floor);
        Ok(Folded::Counted)
    }
}

const FORMAT: u8 = 1;

#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    cursor: Position,
    floor: Position,
    #[serde(deserialize_with = "codec::list")]
    logged: Vec<(Actor, Position)>,
    item: Item,
}

impl Encode for Confirmed {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(&Wire {
            format: FORMAT,
            cursor: self.cursor(),
            floor: self.floor,
            logged: self.logged.iter().collect(),
            item: self.item().clone(),
        })
    }
}

impl Decode for Confirmed {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::DOCUMENT_BYTES)?;
        let wire: Wire = codec::from_slice(bytes)?;
        codec::known_format(wire.format, FORMAT)?;
        let between = |position| wire.floor < position && position <= wire.cursor;
        let ascend = wire.logged.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let mut positions: Vec<_> = wire.logged.iter().map(|(_, position)| *position).collect();
        positions.sort_unstable();
        let distinct = positions.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascend || !distinct || !positions.iter().all(|position| between(*position)) {
            return Err(DecodeError::invalid("actors or positions of the log are wrong"));
        }
        let state = Causal::new(wire.item, Context::upto(wire.cursor));
        if wire.floor > wire.cursor || !state.is_sound() {
            return Err(DecodeError::invalid("floor or dots are where they cannot be"));
        }
        let mut logged = Settled::new();
        wire.logged.into_iter().for_each(|(actor, position)| logged.insert(actor, position));
        Ok(Self { state, floor: wire.floor, logged })
    }
}
