//! How often each kind of fault really happened.
//!
//! A fault that may happen and never does tests nothing. Must never decide what happens.

use std::collections::BTreeMap;
use std::fmt;

/// Faults that happened, by kind.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Struck(BTreeMap<&'static str, u64>);

impl Struck {
    /// Counts one.
    pub fn count(&mut self, kind: &'static str) {
        self.count_many(kind, 1);
    }

    /// Counts several.
    pub fn count_many(&mut self, kind: &'static str, many: u64) {
        if many > 0 {
            *self.0.entry(kind).or_default() += many;
        }
    }

    /// Adds what others counted.
    pub fn add(&mut self, others: &Self) {
        others.0.iter().for_each(|(kind, many)| self.count_many(kind, *many));
    }
}

impl fmt::Display for Struck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.0.iter().map(|(kind, many)| format!("{kind} {many}"));
        f.write_str(&kinds.collect::<Vec<_>>().join(", "))
    }
}
