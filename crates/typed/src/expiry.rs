//! Expiry: until when a key lives.
//!
//! *Concurrency*: a deadline replaces those that it observed, be it longer or
//! shorter; of concurrent ones the longest holds. Persisting is a deadline that
//! never comes, so it wins. This is the rule of Redis's Active-Active databases for
//! `EXPIRE` and `PERSIST`.
//!
//! *Effect*: a local clock may hide what has expired from readers, and nothing
//! more. It is removed by an entry of the log, in the log's time
//! ([`super::Confirmed::expire`]), so that every replica removes the same. This part
//! is ours; in Redis the replica whose deadline won removes the key for all.
//!
//! *Cost*: a dot, more only for concurrent deadlines since the floor.

use serde::{Deserialize, Serialize};

use crate::causal::Causal;
use crate::dot::Writer;
use crate::store::{Content, DotFun, product};

/// A moment in milliseconds since 1970, or never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Deadline(pub u64);

impl Deadline {
    /// Later than every moment.
    pub const NEVER: Self = Self(u64::MAX);
}

impl Content for Deadline {
    fn folded(&self, later: &Self) -> Option<Self> {
        Some(*self.max(later))
    }
}

/// The deadline of a key.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Expiry {
    deadlines: DotFun<Deadline>,
}

product!(Expiry { deadlines });

impl Expiry {
    /// When it expires; [`Deadline::NEVER`] if nothing else was said.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadlines.contents().copied().max().unwrap_or(Deadline::NEVER)
    }

    /// Whether that has come.
    #[must_use]
    pub fn has_come(&self, now_ms: u64) -> bool {
        let deadline = self.deadline();
        deadline != Deadline::NEVER && deadline.0 <= now_ms
    }

    /// Puts `deadline` in the place of what is seen here.
    pub fn set(&self, writer: &mut Writer, deadline: Deadline) -> Causal<Self> {
        self.deadlines.replace(writer, deadline).map(|deadlines| Self { deadlines })
    }
}
