//! A dot store with its causal context: the lattice that states and deltas share (Almeida,
//! Shoker and Baquero, "Delta state replicated data types", 2018, section 7).

use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::{Serialize, Serializer};

use crate::dot::{Context, Settled};
use crate::dot_store::DotStore;

/// A store and the dots that are known with it. A dot in the context that is not
/// in the store was removed. A delta is a `Causal` too: its context is what it
/// adds and what it removes, and so it may be joined in any order, and twice.
///
/// Two that are joined MUST name each dot alike, that is, both have been settled
/// as far as either was; and neither, unless they are the same, may have been
/// stabilised further than the other was made on. [`super::Confirmed`] and
/// [`super::View`] see to both.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Causal<S> {
    store: S,
    context: Context,
}

impl<S: DotStore> Causal<S> {
    /// A store with its context, which contains every dot of the store.
    pub(super) fn new(store: S, context: Context) -> Self {
        Self { store, context }
    }

    /// What is there.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// What is known.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether it neither holds nor removes anything.
    pub fn is_bottom(&self) -> bool {
        self.store.is_empty() && self.context == Context::default()
    }

    /// The least state that knows both: commutative, associative, idempotent. As
    /// much work as there is in `other`, and as there is here if it removes
    /// something from where it adds nothing.
    pub fn join(&mut self, other: &Self) {
        let theirs = other.store.observed();
        let gone = |dot| other.context.contains(dot) && !theirs.contains(dot);
        let removed = self.store.merge(&other.store, &self.context, &gone);
        let named = other.context.beyond().iter().filter(|dot| gone(**dot)).count();
        if other.context.prefix() > 0 || removed < named {
            self.store.remove(&gone);
        }
        self.context.join(&other.context);
    }

    /// As [`Self::join`], for chains.
    pub fn joined(mut self, other: &Self) -> Self {
        self.join(other);
        self
    }

    /// Renames the dots of actors whose entries the log holds, here and in the
    /// context. Commutes with [`Self::join`].
    pub fn settle(&mut self, settled: &Settled) {
        self.store.settle(settled);
        self.context.settle(settled);
    }

    /// Takes everything in the log up to `position` as known.
    pub fn advance(&mut self, position: Position) {
        self.context.advance(position);
    }

    /// Merges what every delta to come has observed (see [`super::store`]).
    pub fn stabilise(&mut self, floor: Position) {
        self.store.stabilise(floor);
    }

    /// Also removes `observed`, except what is put in here.
    pub(super) fn removing(&mut self, observed: &Context) {
        self.context.join(observed);
    }

    /// Dates what was removed (see [`DotStore::date`]).
    pub fn date(&mut self, removal: Option<Position>) {
        self.store.date(removal);
    }

    /// The same change in another place.
    pub(super) fn map<T: DotStore>(self, place: impl FnOnce(S) -> T) -> Causal<T> {
        Causal { store: place(self.store), context: self.context }
    }

    /// The context without what is here, of which nothing is within its prefix.
    pub(super) fn removed(&self) -> Context {
        self.context.without(&self.store.observed())
    }

    /// A store with what it `removed` beside; `None` if that is not canonical or
    /// contains something of the store.
    pub(super) fn adding(store: S, removed: Context) -> Option<Self> {
        let mut dots = Vec::new();
        store.dots(&mut dots);
        if !removed.is_canonical() || dots.iter().any(|dot| removed.contains(*dot)) {
            return None;
        }
        let mut context = removed;
        context.extend(dots);
        Some(Self { store, context })
    }

    /// Whether the context contains every dot of the store, and each is in one
    /// place: whoever removed it from one would remove it from the others.
    pub(super) fn is_sound(&self) -> bool {
        let mut dots = Vec::new();
        self.store.dots(&mut dots);
        dots.sort_unstable();
        let once = dots.windows(2).all(|pair| pair[0] < pair[1]);
        once && dots.iter().all(|dot| self.context.contains(*dot))
    }

    /// Takes the dots of `delta` that are not `actor`'s as known: it was made on
    /// them, so what is not here was removed, or nobody ever made it.
    pub(super) fn expects(&mut self, delta: &Self, actor: Actor) {
        let mut dots = Vec::new();
        delta.store.dots(&mut dots);
        self.context.extend(dots.into_iter().filter(|dot| !dot.is_of(actor)));
    }
}

impl<S: DotStore + Default> Causal<S> {
    /// Removes all that is observed here, by naming the whole context: its size
    /// does not depend on how much is removed.
    pub fn cleared(&self) -> Self {
        Self { store: S::default(), context: self.context.clone() }
    }
}

/// `[store, context]`, to hash and to compare: [`super::Confirmed`] and [`super::Delta`]
/// are what is stored and sent.
impl<T: Serialize> Serialize for Causal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.store, &self.context).serialize(serializer)
    }
}
