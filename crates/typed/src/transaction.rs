//! Transactions: how a delta is made of operations.
//!
//! Everything that could ever speak against a delta is checked here, before it is stored anywhere.
//! Must never change what a delta was made on.

use std::io;

use redwedding_wire::codec::Encode;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::Serialize;

use crate::causal::Causal;
use crate::confirmed::View;
use crate::delta::Delta;
use crate::dot::{Stamp, Writer};
use crate::dot_store::DotStore;
use crate::item::Item;
use crate::limits;

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
