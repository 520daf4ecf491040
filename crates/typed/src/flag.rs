//! Enable-wins flag (Almeida, Shoker and Baquero, "Delta state replicated data types",
//! 2018, section 7; Riak's flags follow the same rule).
//!
//! *Concurrency*: disabling takes the enablings that it observed, so an enabling
//! that is concurrent with it wins.
//!
//! *Cost*: a dot while enabled, more only for concurrent enablings since the floor.

use serde::{Deserialize, Serialize};

use crate::causal::Causal;
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::store::{DotSet, product};

/// On or off.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flag {
    enabled: DotSet,
}

product!(Flag { enabled });

impl Flag {
    /// Whether it is on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        !self.enabled.is_empty()
    }

    /// Turns it on.
    pub fn enable(&self, writer: &mut Writer) -> Causal<Self> {
        self.enabled.replace(writer, ()).map(|enabled| Self { enabled })
    }

    /// Turns it off, as far as is seen here.
    #[must_use]
    pub fn disable(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }
}
