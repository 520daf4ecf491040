//! Typed data: operations drawn from bytes, replicas that do them and hear of each
//! other, and what must hold of them.
//!
//! [`operation`] is what is done, [`history`] says what it comes to without dots or joins, with
//! [`fugue`] for the order of lists, [`joins`] lets replicas hear of each other in any order,
//! [`log`] as a log and overlays allow it, [`bytes`] is what others may send.

pub mod bytes;
pub mod fugue;
pub mod history;
pub mod joins;
pub mod log;
pub mod operation;

pub use history::shown;
pub use operation::{KINDS, Operation, name};

use redwedding_wire::identity::Actor;

/// Actors that do not come in the order of their numbers.
pub fn actor(number: usize) -> Actor {
    Actor::of("test", &[&number.to_le_bytes()])
}
