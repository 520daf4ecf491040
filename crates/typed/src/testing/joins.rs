//! Joins, without a log: replicas that operate, and hear of each other's deltas
//! and states in any order, not even a causal one, and more than once.

use redwedding_wire::codec;
use redwedding_wire::testing::Draw;

use super::actor;
use super::history::{Events, History, shown, sketch};
use super::operation::{KINDS, Operation};
use crate::{Causal, Item, Kind, Stamp, Writer};

/// Bytes of an input that say on which type and how deltas are put together.
const WAYS: usize = 32;

#[derive(Clone, Default, Debug)]
struct Replica {
    state: Causal<Item>,
    seen: Events,
}

/// Three replicas, and everything that they ever made.
#[derive(Clone, Default, Debug)]
pub struct World {
    history: History,
    deltas: Vec<Causal<Item>>,
    replicas: [Replica; 3],
}

/// What must hold of the world that `bytes` make, in at most `most` steps.
pub fn check(bytes: &[u8], most: usize) {
    let (ways, bytes) = bytes.split_at(bytes.len().min(WAYS));
    let mut draw = Draw::new(ways);
    let kind = KINDS.get(draw.below(KINDS.len() + 2)).copied();
    let world = World::of(bytes, kind, most);
    world.obeys_the_laws(&mut draw);
    world.shows_its_history();
    world.comes_of_its_deltas(&mut draw);
}

impl World {
    /// The world that `bytes` make, of operations on one type or on all.
    pub fn of(bytes: &[u8], kind: Option<Kind>, most: usize) -> Self {
        let mut world = Self::default();
        let mut draw = Draw::new(bytes);
        for _ in 0..most {
            if draw.is_spent() {
                break;
            }
            world.step(kind, &mut draw);
        }
        world
    }

    fn step(&mut self, kind: Option<Kind>, draw: &mut Draw<'_>) {
        let at = draw.below(3);
        match draw.below(4) {
            0 if !self.deltas.is_empty() => {
                let heard = draw.below(self.deltas.len());
                self.replicas[at].state.join(&self.deltas[heard]);
                self.replicas[at].seen.insert(heard);
            }
            1 => {
                let other = self.replicas[draw.below(3)].clone();
                self.replicas[at].state.join(&other.state);
                self.replicas[at].seen.extend(other.seen);
            }
            _ => {
                let operation = match kind {
                    Some(kind) if !draw.one_in(12) => Operation::of(kind, draw, 2),
                    _ => Operation::drawn(draw),
                };
                self.operate(at, operation, draw.below(4) as u64);
            }
        }
    }

    fn operate(&mut self, at: usize, operation: Operation, stamp: u64) {
        let replica = &mut self.replicas[at];
        let actor = actor(self.deltas.len());
        let mut writer = Writer::new(actor, Stamp(stamp));
        let Some(delta) = operation.on(replica.state.store(), &mut writer) else { return };
        // One that changes nothing has happened as well: the history says whether it
        // should have. But who hears of an addition to a sketch that had the element
        // need not have heard of the one that brought it.
        if delta.is_bottom() && sketch(&operation).is_some() {
            return;
        }
        let event = self.history.happened(operation, actor, stamp, &replica.seen);
        replica.state.join(&delta);
        replica.seen.insert(event);
        self.deltas.push(delta);
    }

    /// Joins are commutative, associative, idempotent; a delta is a state.
    pub fn obeys_the_laws(&self, draw: &mut Draw<'_>) {
        let states = self.replicas.iter().map(|replica| &replica.state);
        let all: Vec<&Causal<Item>> = states.chain(&self.deltas).collect();
        let [a, b, c] = std::array::from_fn(|_| *draw.pick(&all));
        let ab = a.clone().joined(b);
        assert_eq!(ab, b.clone().joined(a), "commutative");
        assert_eq!(ab.clone().joined(c), a.clone().joined(&b.clone().joined(c)), "associative");
        assert_eq!(a.clone().joined(a), *a, "idempotent");
        assert_eq!(ab.clone().joined(b), ab, "idempotent");
        assert_eq!(Causal::default().joined(a), *a);
        assert_eq!(a.clone().joined(&Causal::default()), *a);
    }

    /// Deltas joined in any order, in groups, twice, come to the state that heard
    /// of them.
    pub fn comes_of_its_deltas(&self, draw: &mut Draw<'_>) {
        for replica in &self.replicas {
            let mut waiting: Vec<usize> = replica.seen.iter().copied().collect();
            let mut groups = [Causal::<Item>::default(), Causal::default()];
            while !waiting.is_empty() {
                let next = draw.below(waiting.len());
                let group = &mut groups[draw.below(2)];
                group.join(&self.deltas[waiting[next]]);
                if !draw.one_in(4) {
                    waiting.swap_remove(next);
                }
                if draw.is_spent() {
                    waiting.drain(..).for_each(|rest| groups[0].join(&self.deltas[rest]));
                }
            }
            let [one, two] = groups;
            let joined = one.joined(&two);
            assert_eq!(codec::to_vec(&joined), codec::to_vec(&replica.state));
        }
    }

    /// What shows is what the whole history says.
    pub fn shows_its_history(&self) {
        for replica in &self.replicas {
            assert_eq!(shown(replica.state.store()), self.history.shown(&replica.seen));
        }
    }
}
