//! PN counter: increments and decrements of 64-bit integers (Shapiro et al., "A
//! comprehensive study of convergent and commutative replicated data types", 2011;
//! there a number for each replica, here a dot for each increment).
//!
//! *Concurrency*: increments add up, whoever makes them. A reset takes the
//! increments that it observed; one that it did not observe stays and counts.
//! This is the rule of Redis's Active-Active databases for a `DEL` beside an `INCR`.
//!
//! *Bounds*: an increment that overflows what its writer sees is an error.
//! Increments that are valid each and overflow together are all kept; the value
//! then saturates, says so, and is right again once others bring it back.
//!
//! *Cost*: a dot for each increment since the floor; before it, one number.

use serde::{Deserialize, Serialize};

use crate::causal::Causal;
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::number::Sum;
use crate::store::{DotFun, product};

/// A counter of integers.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counter {
    increments: DotFun<Sum>,
}

product!(Counter { increments });

/// An increment leads out of the range that its writer may reach. The caller's
/// fault; nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("increment or decrement would overflow")]
pub struct Overflow;

/// What a counter shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    /// The sum, or the end of the range that it is beyond.
    pub value: i64,
    /// Whether concurrent increments together have passed the range.
    pub saturated: bool,
}

impl From<Sum> for Count {
    fn from(sum: Sum) -> Self {
        Self { value: sum.saturated(), saturated: sum.exact().is_none() }
    }
}

impl Counter {
    /// The exact sum.
    #[must_use]
    pub fn sum(&self) -> Sum {
        self.increments.contents().fold(Sum::default(), |sum, next| sum.plus(*next))
    }

    /// The sum within 64 bits.
    #[must_use]
    pub fn count(&self) -> Count {
        self.sum().into()
    }

    /// Adds `by`, which may be negative.
    ///
    /// # Errors
    /// If the sum seen here would then not fit 64 bits.
    pub fn increment(&self, writer: &mut Writer, by: i64) -> Result<Causal<Self>, Overflow> {
        self.increment_on(Sum::default(), writer, by)
    }

    /// As [`Self::increment`], where the counter counts on from `base`.
    pub(super) fn increment_on(
        &self,
        base: Sum,
        writer: &mut Writer,
        by: i64,
    ) -> Result<Causal<Self>, Overflow> {
        base.plus(self.sum()).plus(by.into()).exact().ok_or(Overflow)?;
        let delta = self.increments.add(writer, by.into());
        Ok(delta.map(|increments| Self { increments }))
    }

    /// Takes back the increments seen here.
    #[must_use]
    pub fn reset(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }
}
