//! Scalar: a string that may be counted with, as a key or a field of Redis.
//!
//! *Meaning*: a base that was set, and increments since. Setting puts a new base
//! and resets the increments that it observed, so `SET` then `INCR` composes. A
//! base that is not a number shows as it is; without a base counting starts at
//! zero. Once a float was added the value shows as a float.
//!
//! *Concurrency*: of concurrent bases the last writer's shows. An increment that
//! no set has observed counts, on whichever base shows. Clearing takes base and
//! increments that it observed. For strings and for counters these are the rules of
//! Redis's Active-Active databases; how the two meet in one value is ours.
//!
//! *Cost*: as [`super::Register`] and [`super::Counter`].

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::Bytes;
use crate::causal::Causal;
use crate::counter::{Count, Counter, Overflow};
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::float::FloatCounter;
use crate::number::{Real, Sum};
use crate::register::Register;
use crate::store::product;

/// A register and counters that count on from it.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Scalar {
    base: Register<Bytes>,
    integers: Counter,
    floats: FloatCounter,
}

product!(Scalar { base, integers, floats });

/// What a [`Scalar`] shows.
#[derive(Clone, PartialEq, Debug)]
pub enum Shown {
    /// What was set, byte for byte: nothing was added since, or nothing can be.
    Text(Bytes),
    /// A sum of integers.
    Integer(Count),
    /// A sum with floats in it, finite.
    Float(f64),
}

/// Why a scalar cannot be incremented. The caller's fault; nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScalarError {
    /// It shows something else than an integer of 64 bits.
    #[error("value is not an integer or out of range")]
    NotAnInteger,
    /// It shows something else than a number.
    #[error("value is not a valid float")]
    NotAFloat,
    /// The result would be out of range.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Scalar {
    /// What it shows; `None` if nothing was ever set or added, or all was cleared.
    pub fn shown(&self) -> Option<Shown> {
        let base = self.base.value();
        let counting = !self.integers.is_empty() || self.floats.is_counting();
        if !counting {
            return base.cloned().map(Shown::Text);
        }
        if !self.floats.is_counting() {
            let Some(integer) = base.map_or(Some(0), |base| integer(base)) else {
                return self.fraction().map(Shown::Float).or(base.cloned().map(Shown::Text));
            };
            return Some(Shown::Integer(self.integers.sum().plus(integer.into()).into()));
        }
        self.fraction().map(Shown::Float).or(base.cloned().map(Shown::Text))
    }

    /// Sets it to `value`, on which later increments count on.
    pub fn set(&self, writer: &mut Writer, value: Bytes) -> Causal<Self> {
        let mut delta = self.base.write(writer, value).map(|base| Self { base, ..Self::default() });
        delta.removing(&self.observed());
        delta
    }

    /// Adds an integer.
    ///
    /// # Errors
    /// If the value shown here is not an integer, or the sum would not fit 64 bits.
    pub fn increment(&self, writer: &mut Writer, by: i64) -> Result<Causal<Self>, ScalarError> {
        let base = self.base.value().map_or(Some(0), |base| integer(base));
        let base = base.filter(|_| !self.floats.is_counting()).ok_or(ScalarError::NotAnInteger)?;
        let delta = self.integers.increment_on(Sum::from(base), writer, by)?;
        Ok(delta.map(|integers| Self { integers, ..Self::default() }))
    }

    /// Adds a float, which is finite.
    ///
    /// # Errors
    /// If the value shown here is not a number, or the sum would not be finite.
    pub fn increment_float(
        &self,
        writer: &mut Writer,
        by: f64,
    ) -> Result<Causal<Self>, ScalarError> {
        let sum = self.fraction().ok_or(ScalarError::NotAFloat)?;
        Real::finite(sum + by).ok_or(Overflow)?;
        let delta = self.floats.increment(writer, by)?;
        Ok(delta.map(|floats| Self { floats, ..Self::default() }))
    }

    /// Takes base and increments seen here.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    /// All of it as a float, if the base is a number.
    fn fraction(&self) -> Option<f64> {
        let base = self.base.value().map_or(Some(Real::default()), |base| real(base))?;
        let whole = Real::finite(self.integers.sum().saturated() as f64)?;
        Some(self.floats.sum_on(base.plus(whole)).get())
    }
}

/// An integer in the one way that it is written (Redis's `string2ll`).
fn integer(text: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == text).then_some(number)
}

fn real(text: &[u8]) -> Option<Real> {
    Real::finite(std::str::from_utf8(text).ok()?.parse().ok()?)
}
