//! Registers: one value, written whole.
//!
//! *Concurrency*: a write replaces what it observed, whatever the clocks say. Of
//! concurrent writes a [`Register`] (last writer wins) shows the one with the
//! greatest stamp, then actor; a [`MultiRegister`] shows all of them. Clearing
//! takes the writes that it observed.
//!
//! *Source*: last writer wins is of Johnson and Thomas (RFC 677, 1975). There clocks
//! decide alone; that they decide between concurrent writes alone is the rule of Redis's
//! Active-Active strings. The multi-value register is that of Almeida, Shoker and
//! Baquero ("Delta state replicated data types", 2018, section 7).
//!
//! *Cost*: a dot for each write that no other has observed, that is, one unless
//! there were concurrent ones; behind the floor a [`Register`] keeps the winner.

use redwedding_wire::identity::Actor;
use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::causal::Causal;
use crate::dot::{Dot, Stamp, Writer};
use crate::dot_store::DotStore;
use crate::store::{Content, DotFun, product};

/// What decides between concurrent values, and the value.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
struct Write<V>(Stamp, Actor, V);

impl<V: Ord + Clone> Content for Write<V> {
    fn may_be_by(&self, dot: Dot, actor: Actor) -> bool {
        dot.is_of(actor) && self.1 == actor
    }

    fn folded(&self, later: &Self) -> Option<Self> {
        Some(self.max(later).clone())
    }
}

/// A register in which the last writer wins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Register<V> {
    writes: DotFun<Write<V>>,
}

product!(Register<V: RegisterValue> { writes });

/// What a register can hold.
pub trait RegisterValue: Ord + Clone {}
impl<V: Ord + Clone> RegisterValue for V {}

impl<V> Default for Register<V> {
    fn default() -> Self {
        Self { writes: DotFun::default() }
    }
}

impl<V: RegisterValue> Register<V> {
    /// The value, if there is one.
    #[must_use]
    pub fn value(&self) -> Option<&V> {
        self.writes.contents().max().map(|Write(_, _, value)| value)
    }

    /// Puts `value` in the place of what is seen here.
    pub fn write(&self, writer: &mut Writer, value: V) -> Causal<Self> {
        let write = Write(writer.stamp(), writer.actor(), value);
        self.writes.replace(writer, write).map(|writes| Self { writes })
    }

    /// Takes what is seen here.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }
}

/// A value of a [`MultiRegister`]. Values never become one.
impl Content for Bytes {
    fn folded(&self, _: &Self) -> Option<Self> {
        None
    }
}

/// A register that shows all concurrent values.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MultiRegister {
    writes: DotFun<Bytes>,
}

product!(MultiRegister { writes });

impl MultiRegister {
    /// The values, ascending, each once.
    #[must_use]
    pub fn values(&self) -> Vec<&Bytes> {
        let mut values: Vec<_> = self.writes.contents().collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Puts `value` in the place of all that is seen here.
    pub fn write(&self, writer: &mut Writer, value: Bytes) -> Causal<Self> {
        self.writes.replace(writer, value).map(|writes| Self { writes })
    }

    /// Takes what is seen here.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }
}
