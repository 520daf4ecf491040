//! Values: one of the types, and what to do where a place has several.
//!
//! **Two types in one place.** Nothing keeps two replicas from creating one key, or
//! one field, with two types. Then there are two values, and both are kept. (This rule
//! is no paper's; Riak makes the type a part of a field's name instead.) The
//! one whose type comes first in [`Kind`] shows, the others are hidden
//! and reported ([`Values::hidden`]). The order is fixed: it depends neither on
//! clocks nor on the order of arrival nor on the log, so what an overlay shows is
//! what will be confirmed. What has structure comes first, since it is more to
//! lose sight of. Removing the key or the field takes all that it observed, hidden
//! or not; once the shown value is removed alone, the hidden one shows.

use redwedding_wire::codec;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::causal::Causal;
use crate::counter::Counter;
use crate::dot::{Context, Dot, Settled};
use crate::dot_store::DotStore;
use crate::flag::Flag;
use crate::float::FloatCounter;
use crate::graph::Graph;
use crate::hyperloglog::HyperLogLog;
use crate::list::List;
use crate::map::Map;
use crate::register::{MultiRegister, Register};
use crate::scalar::Scalar;
use crate::set::Set;
use crate::sorted_set::SortedSet;
use crate::{Bytes, limits};

/// A type that a [`Value`] can have.
pub trait Typed: DotStore + Default {
    /// Its name.
    const KIND: Kind;

    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// A value of this type.
    fn into_value(self) -> Value;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $wire:literal,)+) => {
        /// The types, in the order in which they show.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        /// A value of one type.
        #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
        pub enum Value {
            $($(#[$doc])* #[serde(rename = $wire)] $name($type),)+
        }

        $(impl Typed for $type {
            const KIND: Kind = Kind::$name;

            fn of(value: &Value) -> Option<&Self> {
                match value {
                    Value::$name(value) => Some(value),
                    _ => None,
                }
            }

            fn into_value(self) -> Value {
                Value::$name(self)
            }
        })+

        impl Value {
            /// Its type.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)+
                }
            }
        }

        impl DotStore for Value {
            fn is_empty(&self) -> bool {
                match self {
                    $(Self::$name(value) => value.is_empty(),)+
                }
            }

            fn is_bare(&self) -> bool {
                match self {
                    $(Self::$name(value) => value.is_bare(),)+
                }
            }

            fn dots(&self, into: &mut Vec<Dot>) {
                match self {
                    $(Self::$name(value) => value.dots(into),)+
                }
            }

            fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) {
                match self {
                    $(Self::$name(value) => value.remove(gone),)+
                }
            }

            fn merge(
        &mut self,
        other: &Self,
        seen: &Context,
        gone: &dyn Fn(Dot) -> bool,
    ) -> usize {
                match (self, other) {
                    $((Self::$name(value), Self::$name(other)) => {
                        value.merge(other, seen, gone)
                    })+
                    // `Values` merges those of one kind alone.
                    _ => 0,
                }
            }

            fn settle(&mut self, settled: &Settled) {
                match self {
                    $(Self::$name(value) => value.settle(settled),)+
                }
            }

            fn stabilise(&mut self, floor: Position) {
                match self {
                    $(Self::$name(value) => value.stabilise(floor),)+
                }
            }

            fn is_by(&self, actor: Actor) -> bool {
                match self {
                    $(Self::$name(value) => value.is_by(actor),)+
                }
            }

            fn date(&mut self, removal: Option<Position>) {
                match self {
                    $(Self::$name(value) => value.date(removal),)+
                }
            }
        }
    };
}

kinds! {
    /// An observed-remove map.
    Map(Map) = "m",
    /// A list.
    List(List) = "l",
    /// A sorted set.
    SortedSet(SortedSet) = "z",
    /// An add-wins set.
    Set(Set) = "s",
    /// A graph.
    Graph(Graph) = "g",
    /// A HyperLogLog.
    HyperLogLog(HyperLogLog) = "h",
    /// A string that may be counted with.
    Scalar(Scalar) = "v",
    /// A last-writer-wins register.
    Register(Register<Bytes>) = "r",
    /// A multi-value register.
    MultiRegister(MultiRegister) = "q",
    /// A counter of integers.
    Counter(Counter) = "c",
    /// A counter of doubles.
    FloatCounter(FloatCounter) = "f",
    /// An enable-wins flag.
    Flag(Flag) = "e",
}

/// The values in one place: none, one, or several of different types.
/// In canonical form: ascending by kind, none of them bare. Those that are empty, but for
/// traces of what was removed, nobody is told of.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[serde(transparent)]
pub struct Values(Vec<Value>);

impl Values {
    /// The value that shows.
    #[must_use]
    pub fn shown(&self) -> Option<&Value> {
        self.seen().next()
    }

    /// The values that do not show, since concurrently another type was given to
    /// the place.
    pub fn hidden(&self) -> impl Iterator<Item = &Value> {
        self.seen().skip(1)
    }

    /// The value of this type, shown or hidden.
    pub fn get<T: Typed>(&self) -> Option<&T> {
        self.seen().find_map(T::of)
    }

    fn seen(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|value| !value.is_empty())
    }

    /// What `change` makes of the value of this type, or of an empty one. Whether
    /// another type shows is the caller's to ask.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn update<T: Typed, E>(
        &self,
        change: impl FnOnce(&T) -> Result<Causal<T>, E>,
    ) -> Result<Causal<Self>, E> {
        let delta = match self.0.iter().find_map(T::of) {
            Some(value) => change(value)?,
            None => change(&T::default())?,
        };
        Ok(delta.map(|value| match value.is_bare() {
            true => Self::default(),
            false => Self(vec![value.into_value()]),
        }))
    }

    /// Takes all values as far as they are seen here.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    /// How deep maps are nested in it; 0 if none is.
    pub(super) fn depth(&self) -> usize {
        let maps = self.0.iter().filter_map(Map::of);
        let depth = |map: &Map| map.iter().map(|(_, values)| values.depth()).max();
        maps.map(|map| 1 + depth(map).unwrap_or(0)).max().unwrap_or(0)
    }

    fn position(&self, kind: Kind) -> Result<usize, usize> {
        self.0.binary_search_by_key(&kind, Value::kind)
    }
}

impl DotStore for Values {
    fn is_empty(&self) -> bool {
        self.0.iter().all(Value::is_empty)
    }

    fn is_bare(&self) -> bool {
        self.0.is_empty()
    }

    fn dots(&self, into: &mut Vec<Dot>) {
        self.0.iter().for_each(|value| value.dots(into));
    }

    fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) {
        self.0.iter_mut().for_each(|value| value.remove(gone));
        self.0.retain(|value| !value.is_bare());
    }

    fn merge(&mut self, other: &Self, seen: &Context, gone: &dyn Fn(Dot) -> bool) -> usize {
        let mut removed = 0;
        for theirs in &other.0 {
            match self.position(theirs.kind()) {
                Ok(at) => removed += self.0[at].merge(theirs, seen, gone),
                Err(at) => {
                    let mut value = theirs.clone();
                    value.remove(&|dot| seen.contains(dot));
                    self.0.insert(at, value);
                }
            }
        }
        self.0.retain(|value| !value.is_bare());
        removed
    }

    fn settle(&mut self, settled: &Settled) {
        self.0.iter_mut().for_each(|value| value.settle(settled));
    }

    fn stabilise(&mut self, floor: Position) {
        self.0.iter_mut().for_each(|value| value.stabilise(floor));
        self.0.retain(|value| !value.is_bare());
    }

    fn is_by(&self, actor: Actor) -> bool {
        self.0.iter().all(|value| value.is_by(actor))
    }

    fn date(&mut self, removal: Option<Position>) {
        self.0.iter_mut().for_each(|value| value.date(removal));
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ascends = |list: &[Value], value: &Value| {
            let after = list.last().is_none_or(|before| before.kind() < value.kind());
            after && !value.is_bare()
        };
        let reason = "a value is empty or kinds do not ascend";
        let values = Self(codec::list_where(deserializer, ascends, reason)?);
        match values.depth() <= limits::TYPED_DEPTH {
            true => Ok(values),
            false => Err(D::Error::custom("maps are nested too deep")),
        }
    }
}
