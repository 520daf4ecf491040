//! Dot stores: the three shapes that all typed data is made of, and their join.
//!
//! The formulation is that of Almeida, Shoker and Baquero, "Delta state
//! replicated data types" (J. Parallel Distrib. Comput. 111, 2018), section 7:
//! a state is a store of dots with a causal context; a dot that is in the
//! context but not in the store was removed. The join of (s, c) and (s', c')
//! keeps what both hold and what either holds and the other has never seen:
//!
//! > (s ∩ s') ∪ (s \ c') ∪ (s' \ c), with the context c ∪ c'
//!
//! that is, with what the other has removed, g = c' \ s',
//!
//! > (s \ g) ∪ (s' \ c)
//!
//! which is how it is computed: of the state only what a delta speaks of is touched,
//! unless it removes something elsewhere.
//!
//! Removed things leave no tombstone: the context says it all, and the context
//! is a position (see [`super::dot`]). (The order of a list is all that needs more:
//! [`super::list`].) A set of dots, a function from dots and a
//! map of further stores compose to every type, and each type inherits from here
//! that its join is commutative, associative and idempotent.
//!
//! **Stability.** Dots at or before a *floor* were observed by every delta that
//! is still to come. Those deltas cannot tell such dots of one place apart: they
//! remove all or none of them. So they may become one, with one content, under the
//! name of the newest: this is causal stability (Baquero, Almeida and Shoker,
//! "Pure operation-based replicated data types", 2017), which a total order
//! gives for nothing. [`DotStore::stabilise`] does it; that is how a counter
//! becomes one number again.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use redwedding_wire::codec;
use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::causal::Causal;
use crate::dot::{Context, Dot, Settled, Writer};
use crate::dot_store::DotStore;

/// What a dot of a [`DotFun`] stands for.
pub trait Content: Clone + Ord {
    /// Joins with what another replica has for the same dot. A dot has one
    /// content; should somebody break that, the greater stays, everywhere.
    fn join(&mut self, other: &Self) {
        if *other > *self {
            self.clone_from(other);
        }
    }

    /// Whether a delta of `actor` may give it to `dot`: its own dots alone get their
    /// content from it, unless others add to them by the meaning of the type.
    fn may_be_by(&self, dot: Dot, actor: Actor) -> bool {
        dot.is_of(actor)
    }

    /// The one content that stands for `self` and a `later` dot's, once both are
    /// stable; `None` where they stay apart.
    fn folded(&self, later: &Self) -> Option<Self>;
}

/// Dots without content. Being there is all they say, so stable ones are one.
impl Content for () {
    fn folded(&self, _: &Self) -> Option<Self> {
        Some(())
    }
}

/// A function from dots to contents, in the order of the dots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DotFun<V>(Vec<(Dot, V)>);

/// A set of dots.
pub type DotSet = DotFun<()>;

impl<V> Default for DotFun<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Content> DotFun<V> {
    /// Contents with their dots, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (Dot, &V)> {
        self.0.iter().map(|(dot, content)| (*dot, content))
    }

    /// The contents, in the order of their dots.
    pub fn contents(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, content)| content)
    }

    /// Just this.
    pub(super) fn one(dot: Dot, content: V) -> Self {
        Self(vec![(dot, content)])
    }

    /// What is here, if it is one.
    pub(super) fn only_mut(&mut self) -> Option<(Dot, &mut V)> {
        match &mut self.0[..] {
            [(dot, content)] => Some((*dot, content)),
            _ => None,
        }
    }

    /// Adds `content`; what is here stays.
    pub fn add(&self, writer: &mut Writer, content: V) -> Causal<Self> {
        let dot = writer.dot();
        Causal::new(Self(vec![(dot, content)]), Context::of(dot))
    }

    /// Puts `content` in the place of all that is here.
    pub fn replace(&self, writer: &mut Writer, content: V) -> Causal<Self> {
        let mut delta = self.add(writer, content);
        delta.removing(&self.observed());
        delta
    }

    /// Every dot that is here, with `content` for each.
    pub fn each(&self, content: &V) -> Causal<Self> {
        let store = self.0.iter().map(|(dot, _)| (*dot, content.clone())).collect();
        Causal::new(Self(store), self.observed())
    }

    /// Where `dot` is, or would be.
    fn find(&self, dot: Dot) -> Result<usize, usize> {
        self.0.binary_search_by_key(&dot, |(dot, _)| *dot)
    }
}

impl<V: Content> DotStore for DotFun<V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn dots(&self, into: &mut Vec<Dot>) {
        into.extend(self.0.iter().map(|(dot, _)| *dot));
    }

    fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) {
        self.0.retain(|(dot, _)| !gone(*dot));
    }

    fn merge(&mut self, other: &Self, seen: &Context, gone: &dyn Fn(Dot) -> bool) -> usize {
        let before = self.0.len();
        self.remove(gone);
        let removed = before - self.0.len();
        for (dot, content) in &other.0 {
            match self.find(*dot) {
                Ok(at) => self.0[at].1.join(content),
                Err(at) if !seen.contains(*dot) => self.0.insert(at, (*dot, content.clone())),
                Err(_) => {}
            }
        }
        removed
    }

    fn settle(&mut self, settled: &Settled) {
        self.0.iter_mut().for_each(|(dot, _)| *dot = dot.settled(settled));
        self.0.sort_unstable_by_key(|(dot, _)| *dot);
    }

    fn stabilise(&mut self, floor: Position) {
        let stable = self.0.partition_point(|(dot, _)| dot.is_within(floor));
        let Some(((newest, last), before)) = self.0[..stable].split_last() else { return };
        let Some((_, first)) = before.first() else { return };
        // In the order of the log, so that it comes to the same in several steps.
        let rest = before[1..].iter().map(|(_, content)| content).chain([last]);
        let folded = rest.into_iter().try_fold(first.clone(), |sum, next| sum.folded(next));
        if let Some(content) = folded {
            let newest = *newest;
            self.0.splice(..stable, [(newest, content)]);
        }
    }

    fn is_by(&self, actor: Actor) -> bool {
        self.0.iter().all(|(dot, content)| content.may_be_by(*dot, actor))
    }
}

/// A map to further stores, in the order of its keys. A bare store is no entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DotMap<K, S>(BTreeMap<K, S>);

impl<K, S> Default for DotMap<K, S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + Clone, S: DotStore + Default> DotMap<K, S> {
    /// What is under `key`.
    pub fn get(&self, key: &K) -> Option<&S> {
        self.0.get(key)
    }

    /// How many keys there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Keys and what is under them, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &S)> {
        self.0.iter()
    }

    /// What `change` makes of the store under `key`, or of an empty one.
    ///
    /// # Errors
    /// The error of `change`.
    pub fn update<E>(
        &self,
        key: K,
        change: impl FnOnce(&S) -> Result<Causal<S>, E>,
    ) -> Result<Causal<Self>, E> {
        let delta = match self.0.get(&key) {
            Some(store) => change(store)?,
            None => change(&S::default())?,
        };
        Ok(delta.map(|store| match store.is_bare() {
            true => Self::default(),
            false => Self(BTreeMap::from([(key, store)])),
        }))
    }

    /// Removes what is under `key`, as far as it is observed here.
    pub fn take(&self, key: &K) -> Causal<Self> {
        let observed = self.0.get(key).map(S::observed).unwrap_or_default();
        Causal::new(Self::default(), observed)
    }
}

impl<K: Ord + Clone, S: DotStore> DotStore for DotMap<K, S> {
    fn is_empty(&self) -> bool {
        self.0.values().all(S::is_empty)
    }

    fn is_bare(&self) -> bool {
        self.0.is_empty()
    }

    fn dots(&self, into: &mut Vec<Dot>) {
        self.0.values().for_each(|store| store.dots(into));
    }

    fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) {
        self.0.retain(|_, store| {
            store.remove(gone);
            !store.is_bare()
        });
    }

    fn merge(&mut self, other: &Self, seen: &Context, gone: &dyn Fn(Dot) -> bool) -> usize {
        let mut removed = 0;
        for (key, theirs) in &other.0 {
            if let Some(store) = self.0.get_mut(key) {
                removed += store.merge(theirs, seen, gone);
                if store.is_bare() {
                    self.0.remove(key);
                }
                continue;
            }
            let mut store = theirs.clone();
            store.remove(&|dot| seen.contains(dot));
            if !store.is_bare() {
                self.0.insert(key.clone(), store);
            }
        }
        removed
    }

    fn settle(&mut self, settled: &Settled) {
        self.0.values_mut().for_each(|store| store.settle(settled));
    }

    fn stabilise(&mut self, floor: Position) {
        self.0.retain(|_, store| {
            store.stabilise(floor);
            !store.is_bare()
        });
    }

    fn is_by(&self, actor: Actor) -> bool {
        self.0.values().all(|store| store.is_by(actor))
    }

    fn date(&mut self, removal: Option<Position>) {
        self.0.values_mut().for_each(|store| store.date(removal));
    }
}

/// A struct of stores is a store: everything goes part by part. Its dots are
/// those of all parts, so one removal can take them together.
macro_rules! product {
    ($name:ident $(<$($param:ident : $bound:path),+>)? { $($part:tt),+ }) => {
        impl $(<$($param: $bound),+>)? $crate::dot_store::DotStore
            for $name $(<$($param),+>)?
        {
            fn is_empty(&self) -> bool {
                true $(&& self.$part.is_empty())+
            }

            fn is_bare(&self) -> bool {
                true $(&& self.$part.is_bare())+
            }

            fn dots(&self, into: &mut Vec<$crate::dot::Dot>) {
                $(self.$part.dots(into);)+
            }

            fn remove(&mut self, gone: &dyn Fn($crate::dot::Dot) -> bool) {
                $(self.$part.remove(gone);)+
            }

            fn merge(
                &mut self,
                other: &Self,
                seen: &$crate::dot::Context,
                gone: &dyn Fn($crate::dot::Dot) -> bool,
            ) -> usize {
                0 $(+ self.$part.merge(&other.$part, seen, gone))+
            }

            fn settle(&mut self, settled: &$crate::dot::Settled) {
                $(self.$part.settle(settled);)+
            }

            fn stabilise(&mut self, floor: redwedding_wire::version::Position) {
                $(self.$part.stabilise(floor);)+
            }

            fn is_by(&self, actor: redwedding_wire::identity::Actor) -> bool {
                true $(&& self.$part.is_by(actor))+
            }

            fn date(&mut self, removal: Option<redwedding_wire::version::Position>) {
                $(self.$part.date(removal);)+
            }
        }
    };
}
pub(super) use product;

/// `[* [dot, content]]`, ascending.
impl<V: Serialize> Serialize for DotFun<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for DotFun<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ascends = |list: &[(Dot, V)], (dot, _): &(Dot, V)| {
            list.last().is_none_or(|(before, _)| before < dot)
        };
        codec::list_where(deserializer, ascends, "dots do not ascend").map(Self)
    }
}

/// `[* [key, store]]`, ascending.
impl<K: Serialize, T: Serialize> Serialize for DotMap<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, K, T> Deserialize<'de> for DotMap<K, T>
where
    K: Deserialize<'de> + Ord,
    T: Deserialize<'de> + DotStore,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MapVisitor(PhantomData))
    }
}

/// Reads entry by entry, without a list of them in between.
struct MapVisitor<K, T>(PhantomData<(K, T)>);

impl<'de, K, T> Visitor<'de> for MapVisitor<K, T>
where
    K: Deserialize<'de> + Ord,
    T: Deserialize<'de> + DotStore,
{
    type Value = DotMap<K, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of keys and stores")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, store)) = items.next_element::<(K, T)>()? {
            if store.is_bare() || map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(A::Error::custom("an entry is empty or keys do not ascend"));
            }
            map.insert(key, store);
        }
        Ok(DotMap(map))
    }
}
