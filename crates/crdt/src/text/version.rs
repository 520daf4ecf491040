//! What a save had seen: a set of changes of one document.
//!
//! Changes are named by their index in the document's list. A version is nearly always a prefix of
//! that list with few further changes, and is stored so. May assume that the further ones are few.
//! Must never stand unnormalised: equal sets are equal values.

/// A set of changes: all with an index below [`prefix`](Version::prefix), plus some beyond it.
///
/// A version that a text can be asked for is *closed*: with a change it contains all that the change
/// had seen. Indices mean something only within one document's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    prefix: u32,
    extra: Vec<u32>,
}

impl Version {
    /// No change at all.
    pub const EMPTY: Version = Version { prefix: 0, extra: Vec::new() };

    /// The first `n` changes.
    #[must_use]
    pub const fn up_to(n: u32) -> Version {
        Version { prefix: n, extra: Vec::new() }
    }

    /// The first `prefix` changes and those of `extra`, which may come in any order and repeat.
    #[must_use]
    pub fn new(prefix: u32, mut extra: Vec<u32>) -> Version {
        extra.sort_unstable();
        extra.dedup();
        let mut version = Version { prefix, extra };
        version.normalise();
        version
    }

    /// How many changes at the list's beginning it contains without a gap.
    #[must_use]
    pub fn prefix(&self) -> u32 {
        self.prefix
    }

    /// The changes beyond the prefix, ascending; none equals the prefix or lies below it.
    #[must_use]
    pub fn extra(&self) -> &[u32] {
        &self.extra
    }

    /// Whether it has no changes beyond its prefix.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.extra.is_empty()
    }

    /// The least list length that holds all its changes.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.extra.last().map_or(self.prefix, |last| last.saturating_add(1))
    }

    /// Whether it contains the change.
    #[must_use]
    pub fn contains(&self, change: u32) -> bool {
        change < self.prefix || self.extra.binary_search(&change).is_ok()
    }

    /// Whether it contains all that `other` does.
    #[must_use]
    pub fn includes(&self, other: &Version) -> bool {
        (self.prefix..other.prefix).all(|change| self.contains(change))
            && other.extra.iter().all(|&change| self.contains(change))
    }

    /// Takes in all that `other` contains.
    pub fn join(&mut self, other: &Version) {
        self.prefix = self.prefix.max(other.prefix);
        self.extra.extend_from_slice(&other.extra);
        self.extra.sort_unstable();
        self.extra.dedup();
        self.normalise();
    }

    /// Both together.
    #[must_use]
    pub fn joined(mut self, other: &Version) -> Version {
        self.join(other);
        self
    }

    /// Takes in one change.
    pub fn insert(&mut self, change: u32) {
        if change == self.prefix {
            self.prefix += 1;
            self.normalise();
        } else if change > self.prefix
            && let Err(at) = self.extra.binary_search(&change)
        {
            self.extra.insert(at, change);
        }
    }

    /// Its changes that `other` lacks, ascending.
    pub fn minus<'a>(&'a self, other: &'a Version) -> impl DoubleEndedIterator<Item = u32> + 'a {
        let range = (other.prefix..self.prefix).filter(|&change| !other.contains(change));
        let beyond = self.extra.iter().copied().filter(|&change| !other.contains(change));
        range.chain(beyond)
    }

    fn normalise(&mut self) {
        let absorbed = self.extra.partition_point(|&change| change < self.prefix);
        let run = self.extra[absorbed..]
            .iter()
            .zip(self.prefix..)
            .take_while(|(change, expected)| **change == *expected)
            .count();
        self.extra.drain(..absorbed + run);
        self.prefix += u32::try_from(run).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn extras_that_continue_the_prefix_are_absorbed() {
        let version = Version::new(2, vec![5, 3, 2, 1, 5, 7]);
        assert_eq!((version.prefix(), version.extra()), (4, [5, 7].as_slice()));
        let mut version = version;
        version.insert(4);
        assert_eq!((version.prefix(), version.extra()), (6, [7].as_slice()));
        assert_eq!(version.end(), 8);
    }

    #[test]
    fn a_join_contains_both_and_no_more() {
        let one = Version::new(1, vec![4]);
        let two = Version::new(3, vec![6]);
        let both = one.clone().joined(&two);
        assert_eq!(both, Version::new(3, vec![4, 6]));
        assert!(both.includes(&one) && both.includes(&two) && !one.includes(&two));
        assert_eq!(both.minus(&one).collect::<Vec<_>>(), [1, 2, 6]);
    }
}
