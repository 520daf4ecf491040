//! Observed-remove map: fields with typed values, nested as deep as
//! [`crate::limits::TYPED_DEPTH`] (the map of Riak: Brown et al., "Riak DT map",
//! 2014; without its tombstones, by Almeida et al., 2018).
//!
//! *Concurrency*: what is under a field follows its own type. Removing a field
//! takes the dots that it observed in it, so an update that is concurrent with it
//! keeps the field, with what that update brings and nothing of what was removed.
//! A field written with two types concurrently is as [`Values`] say.
//!
//! *Cost*: that of the values; nothing for fields that were removed.

use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::causal::Causal;
use crate::dot_store::DotStore;
use crate::store::{DotMap, product};
use crate::value::{Typed, Values};

/// A map from byte strings to typed values.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Map {
    fields: DotMap<Bytes, Values>,
}

product!(Map { fields });

impl Map {
    /// What is under `field`.
    #[must_use]
    pub fn get(&self, field: &Bytes) -> Option<&Values> {
        self.fields.get(field).filter(|values| !values.is_empty())
    }

    /// Fields with what is under them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Values)> {
        self.fields.iter().filter(|(_, values)| !values.is_empty())
    }

    /// How many fields there are. Goes over all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// What `change` makes of the value of type `T` under `field`, or of an empty one.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn update<T: Typed, E>(
        &self,
        field: Bytes,
        change: impl FnOnce(&T) -> Result<Causal<T>, E>,
    ) -> Result<Causal<Self>, E> {
        let delta = self.fields.update(field, |values| values.update(change))?;
        Ok(delta.map(|fields| Self { fields }))
    }

    /// Removes `field`, as far as it is seen here.
    #[must_use]
    pub fn take(&self, field: &Bytes) -> Causal<Self> {
        self.fields.take(field).map(|fields| Self { fields })
    }
}
