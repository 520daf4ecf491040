//! Add-wins set (observed-remove set without tombstones; Bieniusa et al., "An
//! optimized conflict-free replicated set", 2012).
//!
//! *Concurrency*: removing takes the additions that it observed, so an addition
//! that is concurrent with it wins. The sets of Riak and of Redis's Active-Active
//! databases follow the same rule.
//!
//! *Cost*: a dot for each member, more only for concurrent additions of one
//! since the floor; nothing for those that were removed.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::causal::Causal;
use crate::dot::Writer;
use crate::store::{DotMap, DotSet, product};

/// A set of byte strings.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Set {
    members: DotMap<Bytes, DotSet>,
}

product!(Set { members });

impl Set {
    /// Whether `member` is in it.
    #[must_use]
    pub fn contains(&self, member: &Bytes) -> bool {
        self.members.get(member).is_some()
    }

    /// The members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.members.iter().map(|(member, _)| member)
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.members.count()
    }

    /// Adds `member`.
    pub fn insert(&self, writer: &mut Writer, member: Bytes) -> Causal<Self> {
        inserted(&self.members, writer, member).map(|members| Self { members })
    }

    /// Removes `member`, as far as it is seen here.
    #[must_use]
    pub fn take(&self, member: &Bytes) -> Causal<Self> {
        self.members.take(member).map(|members| Self { members })
    }
}

/// One new dot in the place of those that `key` had.
pub(super) fn inserted<K: Ord + Clone>(
    members: &DotMap<K, DotSet>,
    writer: &mut Writer,
    key: K,
) -> Causal<DotMap<K, DotSet>> {
    let added = members.update(key, |dots| Ok::<_, Infallible>(dots.replace(writer, ())));
    match added {
        Ok(delta) => delta,
    }
}
