//! Item: what one key holds, its values and its deadline.
//!
//! *Concurrency*: values are as [`Values`] say, the deadline as [`Expiry`] says. Clearing
//! takes what it observed of both, so a write that is concurrent with it keeps the key, with
//! what that write brings. As in Redis, a key that is made anew does not inherit the deadline
//! of the one before.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::causal::Causal;
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::expiry::{Deadline, Expiry};
use crate::store::product;
use crate::value::{Typed, Values};

/// The values under a key and until when they live.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Item {
    values: Values,
    expiry: Expiry,
}

product!(Item { values, expiry });

impl Item {
    /// The values; none if the key does not exist.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// When the key expires.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.expiry.deadline()
    }

    /// Whether readers whose clock shows `now_ms` should see nothing.
    #[must_use]
    pub fn is_hidden(&self, now_ms: u64) -> bool {
        self.values.is_empty() || self.expiry.has_come(now_ms)
    }

    /// What `change` makes of the value of type `T`, or of an empty one. A key
    /// that comes to be by it has none of the deadlines seen here: they were those
    /// of its predecessor.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn update<T: Typed, E>(
        &self,
        change: impl FnOnce(&T) -> Result<Causal<T>, E>,
    ) -> Result<Causal<Self>, E> {
        let delta = self.values.update(change)?;
        let mut delta = delta.map(|values| Self { values, ..Self::default() });
        if self.values.is_empty() && !delta.store().is_empty() {
            delta.removing(&self.expiry.observed());
        }
        Ok(delta)
    }

    /// Gives the key this deadline.
    pub fn expire(&self, writer: &mut Writer, deadline: Deadline) -> Causal<Self> {
        self.expiry.set(writer, deadline).map(|expiry| Self { expiry, ..Self::default() })
    }

    /// Takes values and deadlines as far as they are seen here. Where all of the
    /// key is at hand, [`Causal::cleared`] says the same in fewer bytes.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    /// How deep maps are nested in it.
    pub(super) fn depth(&self) -> usize {
        self.values.depth()
    }
}
