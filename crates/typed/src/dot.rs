//! Dots and causal contexts: who made an event, and which events are known.
//!
//! A dot has two names in its life. While the log does not hold its entry it is
//! (actor, sequence), since nothing else is known everywhere; from then on it is
//! (position, sequence), which is short, and ordered for everyone alike.
//! [`Context::settle`] goes from the one to the other. Renaming is one to one, so
//! it commutes with every join: how late it is done cannot be seen in the result.
//!
//! A context is a set of dots, written as "all of this document's log up to a
//! position, and these dots beyond". The log is what makes it compact: a version
//! vector would need an entry for every actor there ever was.

use std::collections::BTreeMap;
use std::fmt;

use redwedding_wire::codec;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// The identity of one event of a document. Logged dots come first, in the order
/// of the log, then the others by actor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dot {
    /// The log holds its entry.
    Logged {
        /// Where in the log; greater than 0.
        position: Position,
        /// Which event of the entry.
        sequence: u32,
    },
    /// The log does not hold its entry, as far as is known.
    Open {
        /// Who makes that entry.
        actor: Actor,
        /// Which event of the entry.
        sequence: u32,
    },
}

impl Dot {
    /// Whether the log holds it at `position` or before.
    #[must_use]
    pub fn is_within(self, position: Position) -> bool {
        matches!(self, Self::Logged { position: at, .. } if at <= position)
    }

    /// Whether `actor` makes the entry that the log does not hold yet.
    #[must_use]
    pub fn is_of(self, actor: Actor) -> bool {
        matches!(self, Self::Open { actor: of, .. } if of == actor)
    }

    /// The dot under the name that `settled` gives it.
    #[must_use]
    pub fn settled(self, settled: &Settled) -> Self {
        match self {
            Self::Open { actor, sequence } => match settled.position(actor) {
                Some(position) => Self::Logged { position, sequence },
                None => self,
            },
            Self::Logged { .. } => self,
        }
    }
}

/// `[position, sequence]`, or `[0, sequence, actor]` while it has no position.
impl Serialize for Dot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Logged { position, sequence } => (position, sequence).serialize(serializer),
            Self::Open { actor, sequence } => (0u64, sequence, actor).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Dot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(DotVisitor)
    }
}

struct DotVisitor;

impl<'de> Visitor<'de> for DotVisitor {
    type Value = Dot;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a dot")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Dot, A::Error> {
        let missing = || A::Error::custom("a dot has two or three numbers");
        let position = items.next_element()?.ok_or_else(missing)?;
        let sequence = items.next_element()?.ok_or_else(missing)?;
        match (position, items.next_element()?) {
            (0, Some(actor)) => Ok(Dot::Open { actor, sequence }),
            (1.., None) => Ok(Dot::Logged { position, sequence }),
            _ => Err(A::Error::custom("a dot has either a position or an actor")),
        }
    }
}

/// Where the log holds actors' entries: each actor makes one entry. The first
/// position that is told of an actor stays.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Settled(BTreeMap<Actor, Position>);

impl Settled {
    /// Knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The entry of one actor.
    #[must_use]
    pub fn one(actor: Actor, position: Position) -> Self {
        Self(BTreeMap::from([(actor, position)]))
    }

    /// Where the log holds the entry of `actor`.
    #[must_use]
    pub fn position(&self, actor: Actor) -> Option<Position> {
        self.0.get(&actor).copied()
    }

    /// Notes that the log holds the entry of `actor` at `position`.
    pub fn insert(&mut self, actor: Actor, position: Position) {
        self.0.entry(actor).or_insert(position);
    }

    /// Forgets what lies at `floor` or before.
    pub fn forget(&mut self, floor: Position) {
        self.0.retain(|_, position| *position > floor);
    }

    /// All that is known, by actor.
    pub fn iter(&self) -> impl Iterator<Item = (Actor, Position)> {
        self.0.iter().map(|(actor, position)| (*actor, *position))
    }
}

/// A set of dots: everything that the document's log holds up to a position, and
/// some dots beyond. In canonical form: sorted, each once, none within the prefix.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Context {
    upto: Position,
    #[serde(deserialize_with = "codec::list")]
    beyond: Vec<Dot>,
}

impl Context {
    /// Everything in the log up to `position`.
    #[must_use]
    pub fn upto(position: Position) -> Self {
        Self { upto: position, beyond: Vec::new() }
    }

    /// Just this dot.
    #[must_use]
    pub fn of(dot: Dot) -> Self {
        Self { upto: 0, beyond: vec![dot] }
    }

    /// How far all of the log is in it; 0 for none.
    #[must_use]
    pub fn prefix(&self) -> Position {
        self.upto
    }

    /// The dots beyond the prefix, ascending.
    #[must_use]
    pub fn beyond(&self) -> &[Dot] {
        &self.beyond
    }

    /// Whether the dot is in it. Logarithmic in the dots beyond.
    #[must_use]
    pub fn contains(&self, dot: Dot) -> bool {
        dot.is_within(self.upto) || self.beyond.binary_search(&dot).is_ok()
    }

    /// Adds dots.
    pub fn extend(&mut self, dots: impl IntoIterator<Item = Dot>) {
        self.beyond.extend(dots);
        self.normalise();
    }

    /// The union with `other`.
    pub fn join(&mut self, other: &Self) {
        self.upto = self.upto.max(other.upto);
        self.extend(other.beyond.iter().copied());
    }

    /// Adds everything that the log holds up to `position`: what of it is not
    /// here by now was removed, or was never of this document.
    pub fn advance(&mut self, position: Position) {
        self.upto = self.upto.max(position);
        self.normalise();
    }

    /// Renames the dots of actors whose entries the log holds.
    pub fn settle(&mut self, settled: &Settled) {
        self.beyond.iter_mut().for_each(|dot| *dot = dot.settled(settled));
        self.normalise();
    }

    /// What is beyond the prefix here and not in `other`.
    pub(super) fn without(&self, other: &Self) -> Self {
        let beyond = self.beyond.iter().copied().filter(|dot| !other.contains(*dot)).collect();
        Self { upto: self.upto, beyond }
    }

    /// The actors of its dots that have no position.
    pub fn open_actors(&self) -> impl Iterator<Item = Actor> {
        self.beyond.iter().filter_map(|dot| match dot {
            Dot::Open { actor, .. } => Some(*actor),
            Dot::Logged { .. } => None,
        })
    }

    /// Whether its form is the canonical one.
    pub(super) fn is_canonical(&self) -> bool {
        let ascends = self.beyond.windows(2).all(|pair| pair[0] < pair[1]);
        ascends && !self.beyond.iter().any(|dot| dot.is_within(self.upto))
    }

    fn normalise(&mut self) {
        self.beyond.retain(|dot| !dot.is_within(self.upto));
        self.beyond.sort_unstable();
        self.beyond.dedup();
    }
}

/// A reading of a hybrid logical clock: milliseconds since 1970 in the upper 48
/// bits, a count of events within the millisecond in the lower 16 (Kulkarni et
/// al., "Logical Physical Clocks", 2014). It decides between concurrent writes
/// alone, so a wrong clock costs fairness and never a write that was observed.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize,
)]
pub struct Stamp(pub u64);

/// What operations are made with: whose they are, when, and their dots.
///
/// One writer makes one entry of the log, of one operation or of a whole
/// transaction. It is not `Clone`, so no dot is drawn twice.
#[derive(Debug)]
pub struct Writer {
    actor: Actor,
    stamp: Stamp,
    drawn: u32,
}

impl Writer {
    /// A writer that has drawn no dots. The actor MUST NOT have made another
    /// entry.
    #[must_use]
    pub fn new(actor: Actor, stamp: Stamp) -> Self {
        Self { actor, stamp, drawn: 0 }
    }

    /// Whose operations they are.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// When.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// A new dot. An entry is full of bytes long before its dots run out.
    pub fn dot(&mut self) -> Dot {
        self.drawn += 1;
        Dot::Open { actor: self.actor, sequence: self.drawn }
    }
}
