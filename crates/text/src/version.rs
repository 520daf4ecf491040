//! What a save had seen: a set of changes of one document.
//!
//! Changes are named by their index in the document's list. A version is nearly always a prefix of
//! that list with few stretches beyond it, and is kept so: its size does not grow with the number
//! of writers who know nothing of each other. (Eg-walker names a version by its frontier. Whoever
//! compares two of those walks the graph; two sets are compared as they stand.) Must never stand
//! unnormalised: equal sets are equal values.

/// Some changes in a row: from the first up to, and without, the second index.
pub(crate) type Stretch = (u32, u32);

/// A set of changes: all with an index below [`prefix`](Version::prefix), plus some beyond it.
///
/// A version that a text can be asked for is *closed*: with a change it contains all that the
/// change had seen. Indices mean something only within one document's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version {
    prefix: u32,
    /// Ascending, with a gap before each.
    beyond: Vec<Stretch>,
}

impl Version {
    /// No change at all.
    pub const EMPTY: Self = Self { prefix: 0, beyond: Vec::new() };

    /// The first `n` changes.
    #[must_use]
    pub const fn up_to(n: u32) -> Self {
        Self { prefix: n, beyond: Vec::new() }
    }

    /// The first `prefix` changes and those of `extra`, which may come in any order and repeat.
    #[must_use]
    pub fn new(prefix: u32, extra: Vec<u32>) -> Self {
        let stretches = extra.into_iter().map(|change| (change, change.saturating_add(1)));
        Self::of_stretches(prefix, stretches)
    }

    /// The first `prefix` changes and the stretches, which may overlap, and come in any order; in
    /// ascending order it takes less.
    pub(crate) fn of_stretches(prefix: u32, stretches: impl Iterator<Item = Stretch>) -> Self {
        let mut version = Self::up_to(prefix);
        stretches.for_each(|stretch| version.insert_stretch(stretch));
        version
    }

    /// How many changes at the list's beginning it contains without a gap.
    #[must_use]
    pub fn prefix(&self) -> u32 {
        self.prefix
    }

    /// The changes beyond the prefix, ascending; none equals the prefix or lies below it.
    #[must_use]
    pub fn extra(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.beyond.iter().flat_map(|&(from, to)| from..to)
    }

    /// As [`Version::extra`], in stretches with gaps between.
    pub(crate) fn beyond(&self) -> &[Stretch] {
        &self.beyond
    }

    /// Whether it has no changes beyond its prefix.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.beyond.is_empty()
    }

    /// The least list length that holds all its changes.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.beyond.last().map_or(self.prefix, |last| last.1)
    }

    /// Whether it contains the change.
    #[must_use]
    pub fn contains(&self, change: u32) -> bool {
        self.seen().contains(change)
    }

    /// Whether it contains all that `other` does.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.seen().includes(other.seen())
    }

    /// Takes in all that `other` contains.
    pub fn join(&mut self, other: &Self) {
        self.join_seen(other.seen());
    }

    /// Both together.
    #[must_use]
    pub fn joined(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Its changes that `other` lacks, ascending.
    #[must_use]
    pub fn minus(&self, other: &Self) -> impl DoubleEndedIterator<Item = u32> {
        let mut stretches = Vec::new();
        self.seen().minus(other.seen(), |stretch| stretches.push(stretch));
        stretches.into_iter().flat_map(|(from, to)| from..to)
    }

    /// Takes in one change.
    pub fn insert(&mut self, change: u32) {
        self.insert_stretch((change, change.saturating_add(1)));
    }

    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { prefix: self.prefix, beyond: &self.beyond }
    }

    /// Becomes the other.
    pub(crate) fn copy(&mut self, other: Seen<'_>) {
        self.prefix = other.prefix;
        self.beyond.clear();
        self.beyond.extend_from_slice(other.beyond);
    }

    pub(crate) fn join_seen(&mut self, other: Seen<'_>) {
        match (self.beyond.is_empty(), other.beyond.is_empty()) {
            // A prefix is a stretch from 0.
            (_, true) => self.insert_stretch((0, other.prefix)),
            // One that it contains.
            (true, false) if self.prefix <= other.prefix => *self = other.to_version(),
            _ => {
                let own = std::mem::take(&mut self.beyond);
                self.prefix = self.prefix.max(other.prefix);
                merge(&own, other.beyond).for_each(|stretch| self.append(stretch));
            }
        }
    }

    /// Takes in a stretch of changes.
    pub(crate) fn insert_stretch(&mut self, stretch: Stretch) {
        if stretch.0 >= stretch.1 {
            return;
        }
        // Changes are mostly taken in in the list's order: nothing before the last stretch moves.
        if stretch.0 >= self.end() || self.beyond.last().is_some_and(|last| stretch.0 >= last.0) {
            return self.append(stretch);
        }
        let own = std::mem::take(&mut self.beyond);
        merge(&own, &[stretch]).for_each(|stretch| self.append(stretch));
    }

    /// Takes in a stretch that begins no earlier than the last one.
    fn append(&mut self, (from, to): Stretch) {
        match self.beyond.last_mut() {
            None if from <= self.prefix => self.prefix = self.prefix.max(to),
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => self.beyond.push((from, to)),
        }
    }
}

/// Stretches of two ascending lists, ascending by where they begin.
fn merge<'a>(one: &'a [Stretch], two: &'a [Stretch]) -> impl Iterator<Item = Stretch> + 'a {
    let (mut one, mut two) = (one.iter().peekable(), two.iter().peekable());
    std::iter::from_fn(move || {
        let first = match (one.peek(), two.peek()) {
            (Some(a), Some(b)) => a <= b,
            (a, _) => a.is_some(),
        };
        if first { one.next() } else { two.next() }.copied()
    })
}

/// A version that stands somewhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen<'a> {
    pub(crate) prefix: u32,
    pub(crate) beyond: &'a [Stretch],
}

impl Seen<'_> {
    pub(crate) fn to_version(self) -> Version {
        Version { prefix: self.prefix, beyond: self.beyond.to_vec() }
    }

    pub(crate) fn contains(self, change: u32) -> bool {
        change < self.prefix || {
            let after = self.beyond.partition_point(|stretch| stretch.0 <= change);
            after.checked_sub(1).is_some_and(|at| change < self.beyond[at].1)
        }
    }

    pub(crate) fn includes(self, other: Seen<'_>) -> bool {
        let mut holds = true;
        other.minus(self, |_| holds = false);
        holds
    }

    /// Gives its changes that `other` lacks, in stretches, ascending.
    pub(crate) fn minus(self, other: Seen<'_>, mut give: impl FnMut(Stretch)) {
        // Both ascend, so each is gone through once.
        let mut others = other.beyond;
        let prefix = (self.prefix > other.prefix).then_some((other.prefix, self.prefix));
        for &(mut from, to) in prefix.iter().chain(self.beyond) {
            from = from.max(other.prefix);
            while from < to {
                let skipped = others.iter().take_while(|stretch| stretch.1 <= from).count();
                others = &others[skipped..];
                match others.first() {
                    Some(&(start, end)) if start <= from => from = end,
                    Some(&(start, _)) if start < to => {
                        give((from, start));
                        from = start;
                    }
                    _ => {
                        give((from, to));
                        from = to;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Version;

    fn versions() -> impl Strategy<Value = (Version, BTreeSet<u32>)> {
        (0u32..6, prop::collection::vec(0u32..24, 0..12)).prop_map(|(prefix, extra)| {
            let set = (0..prefix).chain(extra.iter().copied()).collect();
            (Version::new(prefix, extra), set)
        })
    }

    fn of_set(set: &BTreeSet<u32>) -> Version {
        Version::new(0, set.iter().copied().collect())
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_its_changes(
            (one, first) in versions(),
            (two, second) in versions(),
            change in 0u32..26,
        ) {
            prop_assert_eq!(&one, &of_set(&first));
            prop_assert_eq!(one.contains(change), first.contains(&change));
            prop_assert_eq!(one.includes(&two), first.is_superset(&second));
            prop_assert_eq!(one.clone().joined(&two), of_set(&(&first | &second)));
            let mut left = BTreeSet::new();
            one.seen().minus(two.seen(), |(from, to)| left.extend(from..to));
            prop_assert_eq!(left, &first - &second);
            let (mut with, mut more) = (one, first);
            with.insert(change);
            more.insert(change);
            prop_assert_eq!(with.end(), more.last().map_or(0, |last| last + 1));
            prop_assert_eq!((0..with.prefix()).chain(with.extra()).collect::<BTreeSet<_>>(), more);
        }
    }
}
