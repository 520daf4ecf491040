//! Elements of a list: what they hold, and beside whom they were inserted.

use redwedding_wire::identity::Actor;
use redwedding_wire::version::Position;
use serde::{Deserialize, Serialize};

use crate::Bytes;
use crate::dot::{Context, Dot, Settled, Stamp, Writer};
use crate::dot_store::DotStore;
use crate::store::{Content, DotFun};

/// One element, or the trace of one that was removed. Small, since there are many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Element {
    /// Of its insertion; it names the element for ever.
    pub(super) id: Dot,
    /// Where it was inserted: none once that is stable, or while it is not known.
    pub(super) origin: Option<Box<Origin>>,
    pub(super) content: Holding,
}

/// What an element holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Holding {
    /// What it was inserted with, stable.
    Plain(Bytes),
    /// Anything else.
    Written(Box<Written>),
}

#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Written {
    /// It is there while there are any.
    pub(super) writes: DotFun<Write>,
    /// Where the log has the removal that took the last of them; 0 if it has none.
    pub(super) removed: Position,
}

/// Beside whom an element was inserted, and by whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    pub(super) actor: Actor,
    pub(super) left: Neighbour,
    pub(super) right: Neighbour,
}

/// The neighbour that an element was inserted beside, in one direction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Neighbour {
    /// The nearest stable element, or the end of the list if there is none.
    Near,
    /// A stable element further away: its writer had not seen the nearest one.
    Far,
    /// This element.
    Dot(Dot),
}

/// A value, and what decides between it and concurrent ones: nothing, once it stands alone
/// and is stable.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) struct Write(pub(super) Option<(Stamp, Actor)>, pub(super) Bytes);

impl Content for Write {
    fn may_be_by(&self, dot: Dot, actor: Actor) -> bool {
        dot.is_of(actor) && self.0.is_some_and(|(_, by)| by == actor)
    }

    fn folded(&self, later: &Self) -> Option<Self> {
        Some(self.max(later).clone())
    }
}

impl Element {
    pub(super) fn inserted(origin: Origin, writer: &mut Writer, value: Bytes) -> Self {
        let (writes, id) = written(writer, value);
        let content = Holding::Written(Box::new(Written { writes, removed: 0 }));
        Self { id, origin: Some(Box::new(origin)), content }
    }

    /// The element `id` with a new value, and the dot of that.
    pub(super) fn setting(id: Dot, writer: &mut Writer, value: Bytes) -> (Self, Dot) {
        let (writes, dot) = written(writer, value);
        let content = Holding::Written(Box::new(Written { writes, removed: 0 }));
        (Self { id, origin: None, content }, dot)
    }

    pub(super) fn value(&self) -> Option<&Bytes> {
        match &self.content {
            Holding::Plain(value) => Some(value),
            Holding::Written(written) => written.writes.contents().max().map(|it| &it.1),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        match &self.content {
            Holding::Plain(_) => true,
            Holding::Written(written) => !written.writes.is_empty(),
        }
    }

    pub(super) fn is_stable(&self) -> bool {
        self.origin.is_none()
    }

    /// Whether the log up to `floor` has removed it.
    pub(super) fn is_past(&self, floor: Position) -> bool {
        match &self.content {
            Holding::Plain(_) => false,
            Holding::Written(it) => it.writes.is_empty() && (1..=floor).contains(&it.removed),
        }
    }

    pub(super) fn dots(&self, into: &mut Vec<Dot>) {
        match &self.content {
            Holding::Plain(_) => into.push(self.id),
            Holding::Written(written) => written.writes.dots(into),
        }
    }

    /// Gives how many dots that removed.
    pub(super) fn remove(&mut self, gone: &dyn Fn(Dot) -> bool) -> usize {
        match &mut self.content {
            Holding::Plain(_) if !gone(self.id) => 0,
            Holding::Plain(_) => {
                self.content = Holding::Written(Box::default());
                1
            }
            Holding::Written(written) => {
                let before = written.writes.contents().count();
                written.writes.remove(gone);
                before - written.writes.contents().count()
            }
        }
    }

    /// This one for who has `seen` so much and does not have it.
    pub(super) fn without(&self, seen: &Context) -> Self {
        let mut element = self.clone();
        element.remove(&|dot| seen.contains(dot));
        element
    }

    pub(super) fn merge(&mut self, other: &Self, seen: &Context) {
        if self.origin.is_none() {
            self.origin.clone_from(&other.origin);
        }
        match (&mut self.content, &other.content) {
            (Holding::Written(mine), Holding::Written(theirs)) => {
                // What is gone has been removed already.
                mine.writes.merge(&theirs.writes, seen, &|_| false);
            }
            (Holding::Written(mine), Holding::Plain(value)) if !seen.contains(other.id) => {
                mine.writes.merge(&plain(other.id, value), seen, &|_| false);
            }
            (Holding::Plain(value), Holding::Written(theirs)) => {
                let mut writes = plain(self.id, value);
                writes.merge(&theirs.writes, seen, &|_| false);
                self.content = Holding::Written(Box::new(Written { writes, removed: 0 }));
            }
            _ => {}
        }
        self.simplify();
    }

    pub(super) fn settle(&mut self, settled: &Settled) {
        self.id = self.id.settled(settled);
        if let Some(origin) = &mut self.origin {
            for it in [&mut origin.left, &mut origin.right] {
                if let Neighbour::Dot(dot) = it {
                    *dot = dot.settled(settled);
                }
            }
        }
        if let Holding::Written(written) = &mut self.content {
            written.writes.settle(settled);
        }
    }

    /// Makes one write of those that are stable.
    pub(super) fn stabilise(&mut self, floor: Position) {
        if let Holding::Written(written) = &mut self.content {
            written.writes.stabilise(floor);
            if let Some((dot, write)) = written.writes.only_mut()
                && dot.is_within(floor)
            {
                write.0 = None;
            }
        }
        self.simplify();
    }

    /// Dates the removal if it is here and has no date; or forgets the date.
    pub(super) fn date(&mut self, removal: Option<Position>) {
        if let Holding::Written(written) = &mut self.content
            && written.writes.is_empty()
            && (written.removed == 0 || removal.is_none())
        {
            written.removed = removal.unwrap_or(0);
        }
    }

    pub(super) fn is_by(&self, actor: Actor) -> bool {
        let own = self.origin.as_ref().is_none_or(|origin| {
            let known = [origin.left, origin.right].iter().all(|it| *it != Neighbour::Far);
            known && origin.actor == actor && self.id.is_of(actor)
        });
        match &self.content {
            Holding::Plain(_) => false,
            Holding::Written(it) => own && it.removed == 0 && it.writes.is_by(actor),
        }
    }

    /// The one form for what it holds.
    fn simplify(&mut self) {
        let Holding::Written(written) = &mut self.content else { return };
        if !written.writes.is_empty() {
            written.removed = 0;
        }
        let stable = self.origin.is_none();
        match written.writes.only_mut() {
            Some((dot, Write(None, value))) if stable && dot == self.id => {
                self.content = Holding::Plain(std::mem::take(value));
            }
            _ => {}
        }
    }
}

fn written(writer: &mut Writer, value: Bytes) -> (DotFun<Write>, Dot) {
    let write = Write(Some((writer.stamp(), writer.actor())), value);
    let dot = writer.dot();
    (DotFun::one(dot, write), dot)
}

fn plain(id: Dot, value: &Bytes) -> DotFun<Write> {
    DotFun::one(id, Write(None, value.clone()))
}
