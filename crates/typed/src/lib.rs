//! Typed data: counters, registers, sets, maps and the like that many replicas
//! change at once, without asking each other, and that come to the same.
//!
//! Read in this order: [`dot`] (identities of events, and sets of them), [`dot_store`] and
//! [`store`] (the three shapes and their join), [`causal`] (a store with its context), then any
//! type ([`list`] is the one that keeps more than dots), then [`value`] and [`item`] (what a key
//! holds), [`delta`] (what an entry changes), [`transaction`] (how it is made), [`confirmed`] (the
//! fold, and the overlay on it).
//!
//! Why this is right. Every type is a composition of dot stores, whose causal join
//! is a join of a lattice (Almeida, Shoker and Baquero, "Delta state replicated
//! data types", 2018): so deltas may come late, twice and in any order, and no
//! type has to be proved again. An operation is a function from what its writer
//! sees to a delta; it removes by naming the dots that it saw, so nothing that
//! it did not see is ever removed. The log adds what the theory has to assume: a
//! context that is one number, actors that retire (their dots become positions),
//! and causal stability (a floor that every delta to come was made behind), which
//! makes one content of many.
//!
//! The crate is pure. It knows no platform, clock, randomness or I/O: times, ids and keys are
//! arguments, so the same input gives the same bytes on every machine.

pub mod causal;
pub mod confirmed;
pub mod counter;
pub mod delta;
pub mod dot;
pub mod dot_store;
pub mod expiry;
pub mod flag;
pub mod float;
pub mod graph;
pub mod hyperloglog;
pub mod item;
pub mod limits;
pub mod list;
pub mod map;
pub mod number;
pub mod register;
pub mod scalar;
pub mod set;
pub mod sorted_set;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transaction;
pub mod value;

pub use causal::Causal;
pub use confirmed::{Confirmed, Folded, Unready, View};
pub use counter::{Count, Counter, Overflow};
pub use delta::Delta;
pub use dot::{Context, Dot, Settled, Stamp, Writer};
pub use dot_store::DotStore;
pub use expiry::{Deadline, Expiry};
pub use flag::Flag;
pub use float::FloatCounter;
pub use graph::{Edge, Graph};
pub use hyperloglog::HyperLogLog;
pub use item::Item;
pub use list::{List, OutOfRange};
pub use map::Map;
pub use number::{Real, Sum};
pub use register::{MultiRegister, Register};
pub use scalar::{Scalar, ScalarError, Shown};
pub use set::Set;
pub use sorted_set::SortedSet;
pub use transaction::{Transaction, Unfit};
pub use value::{Kind, Typed, Value, Values};

/// A name or a value of typed data: any bytes.
pub type Bytes = serde_bytes::ByteBuf;
