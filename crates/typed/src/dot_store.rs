//! What every shape and every type is: a store of dots.
//!
//! The join and the stability that its methods are for are explained in [`crate::store`]. May
//! assume that whoever joins two stores gives the contexts that belong to them ([`crate::causal`]
//! does).

use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;

use crate::dot::{Context, Dot, Settled};

/// Something that holds dots, and joins as [`crate::store`] says.
pub trait DotStore: Clone + PartialEq {
    /// Whether it holds no dot.
    fn is_empty(&self) -> bool;

    /// Whether it holds nothing at all, not even traces of what was removed, which some
    /// types need for a while. What shows nothing and is not bare has to be kept.
    fn is_bare(&self) -> bool {
        self.is_empty()
    }

    /// Appends all dots that it holds.
    fn dots(&self, into: &mut Vec<Dot>);

    /// Removes every dot that is `gone`.
    fn remove(&mut self, gone: &dyn Fn(Dot) -> bool);

    /// Adds what `other` holds and `seen` does not contain, joins the contents of
    /// dots that both hold, and removes what is `gone` from the places that
    /// `other` has too. Gives how many dots that removed. Nothing that `other`
    /// holds is gone.
    fn merge(&mut self, other: &Self, seen: &Context, gone: &dyn Fn(Dot) -> bool) -> usize;

    /// Renames the dots of actors whose entries the log holds.
    fn settle(&mut self, settled: &Settled);

    /// Merges the dots of one place that lie at `floor` or before, where the
    /// meaning of the place allows.
    fn stabilise(&mut self, floor: Position);

    /// Whether a delta of `actor` may hold it (see [`crate::store::Content::may_be_by`]).
    fn is_by(&self, actor: Actor) -> bool;

    /// Says where the log has the removal of what left traces here that have no date; or
    /// forgets all dates. The log alone dates removals, as it is folded: joins do not.
    fn date(&mut self, _removal: Option<Position>) {}

    /// Everything it holds, as a context: what a removal has observed.
    fn observed(&self) -> Context {
        let (mut dots, mut context) = (Vec::new(), Context::default());
        self.dots(&mut dots);
        context.extend(dots);
        context
    }
}
