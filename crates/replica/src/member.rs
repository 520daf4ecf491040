//! Who takes part: a CRDT map from point of presence to its last heartbeat.
//!
//! Soft state: it rides on every exchange, both ways, and is never logged.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::config::Config;
use crate::limits;
use crate::outbox_report::BucketReport;

/// What a point of presence says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Member {
    /// When it last said so, in ms since 1970, by its own clock.
    pub heartbeat_ms: u64,
    /// The version of the program that it runs.
    pub version: String,
    /// The sandbox that spoke.
    pub replica: u64,
    /// Saves that this sandbox accepted.
    pub saves: u64,
}

/// All members known. Joining keeps, for each, the greatest heartbeat (then the
/// greatest content): commutative, associative, idempotent.
/// They travel as pairs of name and word, by ascending name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Members(BTreeMap<String, Member>);

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Vec::deserialize(deserializer)?;
        Ok(Self(members.into_iter().collect()))
    }
}

impl Members {
    /// Takes in one member's word.
    pub fn observe(&mut self, pop: &str, member: Member) {
        if pop.is_empty() || pop.len() > limits::SITE_BYTES || member.version.len() > 64 {
            return;
        }
        let known = self.0.get(pop);
        if known.is_none_or(|known| rank(known) < rank(&member)) {
            self.0.insert(pop.to_owned(), member);
        }
        while self.0.len() > limits::MEMBERS {
            let oldest = self.0.iter().min_by_key(|(_, member)| member.heartbeat_ms);
            let Some(pop) = oldest.map(|(pop, _)| pop.clone()) else { break };
            self.0.remove(&pop);
        }
    }

    /// Takes in all that `other` knows.
    pub fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|(pop, member)| self.observe(pop, member.clone()));
    }

    /// Forgets who has been silent since before `since_ms`.
    pub fn forget(&mut self, since_ms: u64) {
        self.0.retain(|_, member| member.heartbeat_ms >= since_ms);
    }

    /// The members, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(pop, member)| (pop.as_str(), member))
    }
}

/// What a sandbox says of itself, and the members that it knows.
pub(crate) struct Membership {
    replica: u64,
    saves: u64,
    members: Members,
    /// What sweeps found, until an exchange says it.
    reports: Vec<BucketReport>,
}

impl Membership {
    /// Of the sandbox with this id, which knows nobody yet.
    pub(crate) fn new(replica: u64) -> Self {
        Self { replica, saves: 0, members: Members::default(), reports: Vec::new() }
    }

    /// The sandbox's id.
    pub(crate) fn replica(&self) -> u64 {
        self.replica
    }

    /// The members that it knows.
    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// Counts a save that the sandbox accepted.
    pub(crate) fn count_save(&mut self) {
        self.saves += 1;
    }

    /// What a sweep found in a bucket: the next exchange says it.
    pub(crate) fn report(&mut self, report: BucketReport) {
        self.reports.retain(|other| other.bucket != report.bucket);
        self.reports.push(report);
    }

    /// What sweeps found since this was asked last.
    pub(crate) fn take_reports(&mut self) -> Vec<BucketReport> {
        std::mem::take(&mut self.reports)
    }

    /// The members, with the sandbox's own word as of now.
    pub(crate) fn heartbeat(&mut self, config: &Config, now_ms: u64) -> &Members {
        let member = Member {
            heartbeat_ms: now_ms,
            version: config.version.clone(),
            replica: self.replica,
            saves: self.saves,
        };
        self.members.observe(&config.pop, member);
        &self.members
    }

    /// Takes in what others know, and forgets who has been silent for long.
    pub(crate) fn meet(&mut self, members: &Members, now_ms: u64) {
        self.members.join(members);
        self.members.forget(now_ms.saturating_sub(limits::MEMBER_MS));
    }
}

fn rank(member: &Member) -> (u64, u64, u64, &str) {
    (member.heartbeat_ms, member.replica, member.saves, &member.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members() -> impl Strategy<Value = Members> {
        let member = (0u64..4, 0u64..3, 0u64..3);
        prop::collection::vec(("[a-c]", member), 0..6).prop_map(|list| {
            let mut members = Members::default();
            for (pop, (heartbeat_ms, replica, saves)) in list {
                members.observe(&pop, Member { heartbeat_ms, version: "1".into(), replica, saves });
            }
            members
        })
    }

    fn joined(a: &Members, b: &Members) -> Members {
        let mut result = a.clone();
        result.join(b);
        result
    }

    proptest! {
        #[test]
        fn joining_obeys_the_laws(a in members(), b in members(), c in members()) {
            prop_assert_eq!(joined(&a, &b), joined(&b, &a));
            prop_assert_eq!(joined(&joined(&a, &b), &c), joined(&a, &joined(&b, &c)));
            prop_assert_eq!(joined(&a, &a), a);
        }
    }

    #[test]
    fn members_are_bounded() {
        let mut members = Members::default();
        for index in 0..600u64 {
            let member = Member { heartbeat_ms: index, ..Member::default() };
            members.observe(&format!("pop-{index}"), member);
        }
        assert_eq!(members.iter().count(), limits::MEMBERS);
        assert!(members.iter().all(|(_, member)| member.heartbeat_ms >= 88));
    }
}
