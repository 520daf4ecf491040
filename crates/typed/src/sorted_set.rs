//! Sorted set: members with scores.
//!
//! *Meaning*: a score is a base that was put, and increments since, as a
//! [`super::Scalar`] is. A member is there while it has a base or an increment.
//!
//! *Concurrency*: putting takes the base and the increments that it observed; of
//! concurrent bases the last writer's counts; increments that no put has observed
//! add up, on whichever base counts. Removing takes what it observed, so a put or
//! an increment that is concurrent with it keeps the member, with what it brings.
//! These are the rules of Redis's Active-Active sorted sets: a `ZINCRBY` beside a
//! `ZREM` leaves the member with the increment alone.
//!
//! *Cost*: a dot for each member, one for each increment since the floor;
//! nothing for those that were removed. Members are kept by name: whoever needs
//! them by score sorts them.

use std::convert::Infallible;

use serde::{Deserialize, Serialize};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::Bytes;
use crate::causal::Causal;
use crate::counter::Overflow;
use crate::dot::Writer;
use crate::dot_store::DotStore;
use crate::float::FloatCounter;
use crate::number::Real;
use crate::register::Register;
use crate::store::{DotMap, product};

#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize_tuple, Deserialize_tuple)]
struct Score {
    base: Register<Real>,
    increments: FloatCounter,
}

product!(Score { base, increments });

impl Score {
    fn value(&self) -> Real {
        self.increments.sum_on(self.base.value().copied().unwrap_or_default())
    }
}

/// A set of byte strings with scores.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SortedSet {
    members: DotMap<Bytes, Score>,
}

product!(SortedSet { members });

impl SortedSet {
    /// The score of `member`; infinite only if that was put.
    pub fn score(&self, member: &Bytes) -> Option<Real> {
        self.members.get(member).map(Score::value)
    }

    /// Members with their scores, ascending by member.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, Real)> {
        self.members.iter().map(|(member, score)| (member, score.value()))
    }

    /// How many members there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.members.count()
    }

    /// Members with their scores, ascending by score, then by member.
    #[must_use]
    pub fn ranked(&self) -> Vec<(&Bytes, Real)> {
        let mut ranked: Vec<_> = self.iter().collect();
        ranked.sort_by_key(|(_, score)| *score);
        ranked
    }

    /// Gives `member` this score.
    pub fn put(&self, writer: &mut Writer, member: Bytes, score: Real) -> Causal<Self> {
        let put = self.members.update(member, |old| {
            let mut delta = old
                .base
                .write(writer, score)
                .map(|base| Score { base, increments: FloatCounter::default() });
            delta.removing(&old.observed());
            Ok::<_, Infallible>(delta)
        });
        match put {
            Ok(delta) => delta.map(|members| Self { members }),
        }
    }

    /// Adds `by` to the score of `member`, or to zero.
    ///
    /// # Errors
    /// If `by`, or the increments seen here with it, are not finite.
    pub fn increment(
        &self,
        writer: &mut Writer,
        member: Bytes,
        by: f64,
    ) -> Result<Causal<Self>, Overflow> {
        let delta = self.members.update(member, |old| {
            let delta = old.increments.increment(writer, by)?;
            Ok(delta.map(|increments| Score { base: Register::default(), increments }))
        })?;
        Ok(delta.map(|members| Self { members }))
    }

    /// Removes `member`, as far as it is seen here.
    #[must_use]
    pub fn take(&self, member: &Bytes) -> Causal<Self> {
        self.members.take(member).map(|members| Self { members })
    }
}
