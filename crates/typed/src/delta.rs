//! Deltas: what one entry of the log changes in an item. How one is made is in
//! [`crate::transaction`].

use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::causal::Causal;
use crate::dot::{Context, Dot};
use crate::dot_store::DotStore;
use crate::item::Item;
use crate::limits;

/// The change that one actor's entry makes. Immutable once it is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delta {
    pub(super) actor: Actor,
    pub(super) made: Position,
    pub(super) floor: Position,
    pub(super) parents: Vec<Actor>,
    pub(super) change: Causal<Item>,
}

impl Delta {
    /// Whose it is.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// Its maker knew all of the document's log up to here.
    #[must_use]
    pub fn made(&self) -> Position {
        self.made
    }

    /// What it adds and removes.
    #[must_use]
    pub fn change(&self) -> &Causal<Item> {
        &self.change
    }

    /// Its maker's floor: dots that are stable there go by one name in it.
    #[must_use]
    pub fn floor(&self) -> Position {
        self.floor
    }

    /// Whose deltas beyond the log its maker knew, without those that others of
    /// them stand on; ascending. They have to be known before it. A removal may
    /// make no dot that a later delta could name, so the dots do not say it all.
    #[must_use]
    pub fn parents(&self) -> &[Actor] {
        &self.parents
    }

    fn check(&self) -> Result<(), DecodeError> {
        let context = self.change.context();
        let later = |dot: &Dot| matches!(dot, Dot::Logged { .. }) && !dot.is_within(self.made);
        if context.prefix().max(self.floor) > self.made || context.beyond().iter().any(later) {
            return Err(DecodeError::invalid("a delta knows more than its maker did"));
        }
        let ascend = self.parents.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascend || self.parents.contains(&self.actor) {
            return Err(DecodeError::invalid("parents do not ascend or are the delta itself"));
        }
        match self.change.is_sound() && self.is_own() {
            true => Ok(()),
            false => Err(DecodeError::invalid("a dot is another's or in two places")),
        }
    }

    /// Whether it makes dots of its actor alone.
    pub(crate) fn is_own(&self) -> bool {
        self.change.store().is_by(self.actor)
    }
}

const FORMAT: u8 = 1;

/// What is added is in the item; so of the context what is removed is enough.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    actor: Actor,
    made: Position,
    floor: Position,
    #[serde(deserialize_with = "codec::list")]
    parents: Vec<Actor>,
    item: Item,
    removed: Context,
}

impl Encode for Delta {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(&Wire {
            format: FORMAT,
            actor: self.actor,
            made: self.made,
            floor: self.floor,
            parents: self.parents.clone(),
            item: self.change.store().clone(),
            removed: self.change.removed(),
        })
    }
}

impl Decode for Delta {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::TYPED_DELTA_BYTES)?;
        let Wire { format, actor, made, floor, parents, item, removed } = codec::from_slice(bytes)?;
        codec::known_format(format, FORMAT)?;
        let change = Causal::adding(item, removed)
            .ok_or_else(|| DecodeError::invalid("what is removed is added or does not ascend"))?;
        let delta = Self { actor, made, floor, parents, change };
        delta.check()?;
        Ok(delta)
    }
}
