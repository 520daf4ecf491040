//! List: values in an order, as a list of Redis is.
//!
//! *Order*: FugueMax (Weidner and Kleppmann, "The Art of the Fugue", 2023). An element is
//! inserted between two neighbours and remembers them: the element to its left that its
//! writer saw, and whatever came next there, removed or not. `order` makes the one order
//! of it: what one writer inserts in a row, forwards or backwards, stays in a row. Ties go
//! by actor, which an element has before and after the log has it.
//!
//! *Concurrency*: removing takes the elements that the writer saw, so what is concurrently
//! inserted stays. Setting replaces what it observed of an element; of concurrent settings
//! the last writer's shows. Setting is an update as that of a map's field: one that is
//! concurrent with the removal of its element brings the element back, with what was set. So
//! no acknowledged value is lost unseen; who pops has got the value before. Two concurrent
//! pops may give the same element, and take it once. For `DEL` and for pops these are the
//! rules of Redis's Active-Active lists; that for setting is ours, after the map's.
//!
//! *Cost*: a few bytes for each element behind the floor. An element that is removed leaves
//! a trace, since who has not seen the removal may insert beside it. Once the floor is past
//! the removal nobody can, and the trace goes, unless an element beyond the floor comes right
//! after it; neighbours of those are then whatever is left there (see `stable`).
//!
//! Must never be sorted or renamed other than by `order` and `stable`: what they hold of the
//! order is all there is of it.

mod element;
mod elements;
mod order;
mod stable;
mod wire;

pub use elements::List;

use std::ops::Range;

use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;

use crate::Bytes;
use crate::causal::Causal;
use crate::dot::{Context, Dot, Settled, Writer};
use crate::dot_store::DotStore;
use element::{Element, Neighbour, Origin};

/// There is no element at the index, or no place. The caller's fault; nothing changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("index out of range")]
pub struct OutOfRange;

impl List {
    /// The elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Bytes> {
        self.placed.iter().filter_map(Element::value)
    }

    /// How many elements there are. Goes over all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.iter().count()
    }

    /// The element at `index`, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Bytes> {
        self.iter().nth(index)
    }

    /// Inserts values in a row, the first of them at `index`, which may be the count.
    ///
    /// # Errors
    /// If the index is greater than the count.
    pub fn insert(
        &self,
        writer: &mut Writer,
        index: usize,
        values: impl IntoIterator<Item = Bytes>,
    ) -> Result<Causal<Self>, OutOfRange> {
        let before = index.checked_sub(1).map(|before| self.at(before)).transpose()?;
        Ok(self.insert_after(writer, before, values))
    }

    /// Inserts values in a row after all.
    pub fn push(
        &self,
        writer: &mut Writer,
        values: impl IntoIterator<Item = Bytes>,
    ) -> Causal<Self> {
        let last = self.placed.iter().rposition(Element::is_live);
        self.insert_after(writer, last, values)
    }

    /// Puts `value` in the place of the element at `index`.
    ///
    /// # Errors
    /// If there is no such element.
    pub fn set(
        &self,
        writer: &mut Writer,
        index: usize,
        value: Bytes,
    ) -> Result<Causal<Self>, OutOfRange> {
        let old = &self.placed[self.at(index)?];
        let (element, dot) = Element::setting(old.id, writer, value);
        let mut dots = vec![dot];
        old.dots(&mut dots);
        let mut context = Context::default();
        context.extend(dots);
        Ok(Causal::new(Self { placed: Vec::new(), loose: vec![element] }, context))
    }

    /// Takes the elements of these indices, as far as there are any.
    #[must_use]
    pub fn take(&self, range: Range<usize>) -> Causal<Self> {
        self.taking(|index, _| range.contains(&index))
    }

    /// Takes all elements but those of these indices.
    #[must_use]
    pub fn trim(&self, range: Range<usize>) -> Causal<Self> {
        self.taking(|index, _| !range.contains(&index))
    }

    /// Takes the elements that are equal to `value`: the first so many, or the last if `most`
    /// is negative, or all if it is 0.
    #[must_use]
    pub fn take_equal(&self, value: &Bytes, most: i64) -> Causal<Self> {
        let equal = self.iter().filter(|it| *it == value).count();
        let most_of = usize::try_from(most.unsigned_abs()).unwrap_or(usize::MAX);
        let range = match most {
            0 => 0..equal,
            1.. => 0..most_of,
            _ => equal.saturating_sub(most_of)..equal,
        };
        let mut number = 0..;
        self.taking(|_, it| it == value && number.next().is_some_and(|at| range.contains(&at)))
    }

    /// Takes all elements seen here.
    #[must_use]
    pub fn clear(&self) -> Causal<Self> {
        Causal::new(Self::default(), self.observed())
    }

    fn taking(&self, mut takes: impl FnMut(usize, &Bytes) -> bool) -> Causal<Self> {
        let (mut dots, mut context) = (Vec::new(), Context::default());
        let live = self.placed.iter().filter_map(|it| it.value().map(|value| (it, value)));
        for (index, (element, value)) in live.enumerate() {
            if takes(index, value) {
                element.dots(&mut dots);
            }
        }
        context.extend(dots);
        Causal::new(Self::default(), context)
    }

    /// Where the element with this index is.
    fn at(&self, index: usize) -> Result<usize, OutOfRange> {
        let live = self.placed.iter().enumerate().filter(|(_, it)| it.is_live());
        live.map(|(at, _)| at).nth(index).ok_or(OutOfRange)
    }

    fn insert_after(
        &self,
        writer: &mut Writer,
        before: Option<usize>,
        values: impl IntoIterator<Item = Bytes>,
    ) -> Causal<Self> {
        let name = |it: Option<&Element>| it.map_or(Neighbour::Near, |it| Neighbour::Dot(it.id));
        let mut left = name(before.map(|at| &self.placed[at]));
        let right = name(self.placed.get(before.map_or(0, |at| at + 1)));
        let (mut list, mut dots) = (Self::default(), Vec::new());
        for value in values {
            let origin = Origin { actor: writer.actor(), left, right };
            let element = Element::inserted(origin, writer, value);
            left = Neighbour::Dot(element.id);
            dots.push(element.id);
            list.loose.push(element);
        }
        order::arrange(&mut list, 0);
        let mut context = Context::default();
        context.extend(dots);
        Causal::new(list, context)
    }
}

impl DotStore for List {
    fn is_empty(&self) -> bool {
        !self.elements().any(Element::is_live)
    }

    fn is_bare(&self) -> bool {
        self.placed.is_empty() && self.loose.is_empty()
    }

    fn dots(&self, into: &mut Vec<Dot>) {
        into.reserve_exact(self.placed.len() + self.loose.len());
        self.elements().for_each(|it| it.dots(into));
    }

    fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) {
        self.elements_mut().for_each(|it| {
            it.remove(gone);
        });
    }

    fn merge(&mut self, other: &Self, seen: &Context, gone: &dyn Fn(Dot) -> bool) -> usize {
        let removed = self.elements_mut().map(|it| it.remove(gone)).sum();
        if other.is_bare() {
            return removed;
        }
        let names = order::names(self.elements());
        let placed = self.placed.len();
        let mut new = Vec::new();
        for theirs in other.elements() {
            match order::named(&names, theirs.id) {
                Some(at) if at < placed => self.placed[at].merge(theirs, seen),
                Some(at) => self.loose[at - placed].merge(theirs, seen),
                None => new.push(theirs.without(seen)),
            }
        }
        self.loose.append(&mut new);
        order::arrange(self, 0);
        removed
    }

    fn settle(&mut self, settled: &Settled) {
        self.elements_mut().for_each(|it| it.settle(settled));
        self.sort_loose();
    }

    fn stabilise(&mut self, floor: Position) {
        stable::stabilise(self, floor);
    }

    fn is_by(&self, actor: Actor) -> bool {
        let anew = self.placed.iter().all(|it| it.origin.is_some());
        anew && self.elements().all(|it| it.is_by(actor))
    }

    fn date(&mut self, removal: Option<Position>) {
        self.elements_mut().for_each(|it| it.date(removal));
    }
}
