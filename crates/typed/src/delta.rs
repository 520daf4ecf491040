//! Deltas: what one entry of the log changes in an item, and how it is made.

use std::io;

use redwedding_wire::codec::{self, Decode, DecodeError, Encode};
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::Serialize;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::causal::Causal;
use crate::confirmed::View;
use crate::dot::{Context, Dot, Stamp, Writer};
use crate::item::Item;
use crate::limits;
use crate::store::DotStore;

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
    fn is_own(&self) -> bool {
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

/// Why a transaction cannot become a delta. The caller's fault; nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unfit {
    /// The delta has this many bytes.
    #[error("a change has at most {max} bytes, this one {0}", max = limits::TYPED_DELTA_BYTES)]
    Change(usize),
    /// The item would have this many bytes.
    #[error("a value has at most {max} bytes, this one {0}", max = limits::TYPED_BYTES)]
    Item(usize),
    /// Maps would be nested so deep.
    #[error("maps are nested at most {max} deep, here {0}", max = limits::TYPED_DEPTH)]
    Depth(usize),
    /// An operation gave what another actor made.
    #[error("a change makes dots of its own actor alone")]
    Foreign,
}

/// Operations of one actor, each on what those before it made, all in one delta.
///
/// They are applied to a copy: nothing is changed until the delta is added.
#[derive(Debug)]
pub struct Transaction {
    writer: Writer,
    made: Position,
    floor: Position,
    parents: Vec<Actor>,
    state: Causal<Item>,
    change: Causal<Item>,
}

impl Transaction {
    /// A transaction on what `view` shows. The actor MUST NOT have made another
    /// delta.
    #[must_use]
    pub fn on(view: &View, actor: Actor, stamp: Stamp) -> Self {
        Self {
            writer: Writer::new(actor, stamp),
            made: view.cursor(),
            floor: view.floor(),
            parents: view.frontier().collect(),
            state: view.state().clone(),
            change: Causal::default(),
        }
    }

    /// What the operations so far have made.
    #[must_use]
    pub fn item(&self) -> &Item {
        self.state.store()
    }

    /// Does one operation. One that fails changes nothing.
    ///
    /// # Errors
    /// The error of the operation.
    pub fn apply<E>(
        &mut self,
        operation: impl FnOnce(&Item, &mut Writer) -> Result<Causal<Item>, E>,
    ) -> Result<(), E> {
        let change = operation(self.state.store(), &mut self.writer)?;
        self.add(&change);
        Ok(())
    }

    /// Removes everything that is seen here. The delta does not grow with it.
    pub fn clear(&mut self) {
        self.add(&self.state.cleared());
    }

    /// The delta; `None` if nothing changes. Everything that could ever speak
    /// against it is checked here, before it is stored anywhere.
    ///
    /// # Errors
    /// If the delta, or what it leads to, is longer or nested deeper than allowed.
    pub fn finish(self) -> Result<Option<Delta>, Unfit> {
        if self.change.is_bottom() {
            return Ok(None);
        }
        let Self { writer, made, floor, parents, change, state } = self;
        let delta = Delta { actor: writer.actor(), made, floor, parents, change };
        if !delta.is_own() {
            return Err(Unfit::Foreign);
        }
        let change = delta.encode().len();
        if change > limits::TYPED_DELTA_BYTES {
            return Err(Unfit::Change(change));
        }
        let depth = state.store().depth();
        if depth > limits::TYPED_DEPTH {
            return Err(Unfit::Depth(depth));
        }
        match encoded_bytes(state.store()) {
            item if item > limits::TYPED_BYTES && !delta.change.store().is_empty() => {
                Err(Unfit::Item(item))
            }
            _ => Ok(Some(delta)),
        }
    }

    fn add(&mut self, change: &Causal<Item>) {
        self.state.join(change);
        self.change.join(change);
    }
}

/// How long the encoding is, without keeping it.
fn encoded_bytes<T: Serialize>(value: &T) -> usize {
    struct Length(usize);

    impl io::Write for Length {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut length = Length(0);
    let written = ciborium::into_writer(value, &mut length);
    debug_assert!(written.is_ok());
    length.0
}
