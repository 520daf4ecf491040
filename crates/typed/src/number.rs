//! Numbers that add up to the same everywhere: exact sums of integers, and
//! floating point with one form for each value.

use std::cmp::Ordering;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::store::Content;

/// An exact sum of 64-bit integers. Being exact it may pass 64 bits, and come
/// back, in whatever order its parts arrive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Sum(i128);

/// Far beyond what a document can hold in increments, far below what 128 bits can.
const SUM_BITS: u32 = 96;

impl Sum {
    /// The integer if it has 64 bits.
    #[must_use]
    pub fn exact(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// The nearest integer of 64 bits.
    #[must_use]
    pub fn saturated(self) -> i64 {
        self.0.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl From<i64> for Sum {
    fn from(integer: i64) -> Self {
        Self(integer.into())
    }
}

impl Content for Sum {
    fn folded(&self, later: &Self) -> Option<Self> {
        Some(self.plus(*later))
    }
}

/// `[low, high]`: 64 bits each of the zigzag form, so that what is near zero is
/// short whatever its sign.
impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let zigzag = ((self.0 << 1) ^ (self.0 >> 127)) as u128;
        (zigzag as u64, (zigzag >> 64) as u64).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (low, high) = <(u64, u64)>::deserialize(deserializer)?;
        let zigzag = u128::from(high) << 64 | u128::from(low);
        match zigzag >> SUM_BITS {
            0 => Ok(Self((zigzag >> 1) as i128 ^ -((zigzag & 1) as i128))),
            _ => Err(D::Error::custom("a sum beyond what increments can come to")),
        }
    }
}

/// A double (IEEE 754 binary64) that is a number, with one zero. Ordered as
/// numbers are; infinities are allowed, as Redis allows them for scores.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Real(f64);

impl Real {
    /// The number, unless it is none.
    #[must_use]
    pub fn new(number: f64) -> Option<Self> {
        // Adding zero turns minus zero into zero.
        (!number.is_nan()).then_some(Self(number + 0.0))
    }

    /// As [`Self::new`], and not infinite.
    #[must_use]
    pub fn finite(number: f64) -> Option<Self> {
        Self::new(number).filter(|number| number.0.is_finite())
    }

    /// The double.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The sum, within the finite range if `other` is finite.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match self.0.is_finite() && other.0.is_finite() {
            true => Self((self.0 + other.0).clamp(f64::MIN, f64::MAX) + 0.0),
            // Of infinities of two signs the first stays.
            false => Self::new(self.0 + other.0).unwrap_or(self),
        }
    }
}

impl Eq for Real {}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Real {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Content for Real {
    fn folded(&self, later: &Self) -> Option<Self> {
        Some(self.plus(*later))
    }
}

/// The 64 bits as an unsigned integer: CBOR's floats have several lengths.
impl Serialize for Real {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::from_bits(u64::deserialize(deserializer)?);
        Self::new(number).ok_or_else(|| D::Error::custom("not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redwedding_wire::codec;

    #[test]
    fn sums_come_back_exactly() {
        for number in [0, 1, -1, 23, i64::MAX, i64::MIN] {
            let sum = Sum::from(number).plus(Sum::from(number));
            assert_eq!(codec::from_slice::<Sum>(&codec::to_vec(&sum)), Ok(sum));
        }
        assert_eq!(codec::to_vec(&Sum::from(-5)), [0x82, 9, 0]);
        assert!(codec::from_slice::<Sum>(&codec::to_vec(&(u64::MAX, u64::MAX))).is_err());
    }

    #[test]
    fn there_is_one_zero_and_no_nan() {
        assert_eq!(Real::new(-0.0).map(Real::get).map(f64::to_bits), Some(0));
        assert_eq!(Real::new(f64::NAN), None);
        let bits = |number: f64| codec::to_vec(&number.to_bits());
        assert!(codec::from_slice::<Real>(&bits(f64::NAN)).is_err());
        assert!(codec::from_slice::<Real>(&bits(-0.0)).is_err());
        let infinite = Real::new(f64::INFINITY);
        assert_eq!(infinite.map(|it| it.plus(Real(f64::MIN))), infinite);
        assert_eq!(Real(f64::MAX).plus(Real(f64::MAX)), Real(f64::MAX));
    }
}
