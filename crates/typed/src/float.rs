//! Float counter: increments of doubles.
//!
//! *Concurrency*: as [`super::Counter`]: increments add up, a reset takes those
//! that it observed.
//!
//! *Order*: adding doubles is not associative, so they are added in one order:
//! that of the log, then, of those that it does not hold, that of their dots. So
//! equal states show equal sums; the last digits of a sum may change once, when
//! its increments reach the log. Sums stay within the finite range. This is ours.
//!
//! *Cost*: a dot for each increment since the floor; before it, one number.

use serde::{Deserialize, Serialize};

use crate::causal::Causal;
use crate::counter::Overflow;
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::number::Real;
use crate::store::{DotFun, product};

/// A counter of doubles.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FloatCounter {
    increments: DotFun<Real>,
}

product!(FloatCounter { increments });

impl FloatCounter {
    /// The sum, which is finite.
    #[must_use]
    pub fn sum(&self) -> Real {
        self.sum_on(Real::default())
    }

    /// The sum of `base` and all increments, in their order.
    pub(super) fn sum_on(&self, base: Real) -> Real {
        let increments = self.increments.contents().fold(Real::default(), |sum, by| sum.plus(*by));
        base.plus(increments)
    }

    /// Adds `by`.
    ///
    /// # Errors
    /// If `by`, or the sum seen here with it, is not finite.
    pub fn increment(&self, writer: &mut Writer, by: f64) -> Result<Causal<Self>, Overflow> {
        let by = Real::finite(by).ok_or(Overflow)?;
        Real::finite(self.sum().get() + by.get()).ok_or(Overflow)?;
        Ok(self.increments.add(writer, by).map(|increments| Self { increments }))
    }

    /// Takes back the increments seen here.
    #[must_use]
    pub fn reset(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    /// Whether there are increments.
    pub(super) fn is_counting(&self) -> bool {
        !self.increments.is_empty()
    }
}
