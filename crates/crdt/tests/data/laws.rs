//! Joins, without a log: replicas that operate, and hear of each other's deltas
//! and states in any order, not even a causal one, and more than once.

use proptest::prelude::*;
use redwedding_crdt::codec;
use redwedding_crdt::data::{Causal, Item, Kind, Stamp, Writer};
use redwedding_crdt::identity::Actor;
use redwedding_crdt::testing::Draw;

use crate::history::{Events, History, shown};
use crate::operations::{KINDS, Operation};
use crate::{cases, drawn};

#[derive(Clone, Default)]
struct Replica {
    state: Causal<Item>,
    seen: Events,
}

#[derive(Default)]
struct World {
    history: History,
    deltas: Vec<Causal<Item>>,
    replicas: [Replica; 3],
}

/// Actors that do not come in the order of events.
pub(crate) fn actor(number: usize) -> Actor {
    Actor::of("test", &[&number.to_le_bytes()])
}

impl World {
    /// The world that `bytes` make, of operations on one type or on all.
    fn of(bytes: &[u8], kind: Option<Kind>) -> Self {
        let mut world = Self::default();
        let mut draw = Draw::new(bytes);
        while !draw.is_spent() {
            let at = draw.below(3);
            match draw.below(4) {
                0 if !world.deltas.is_empty() => {
                    let heard = draw.below(world.deltas.len());
                    world.replicas[at].state.join(&world.deltas[heard]);
                    world.replicas[at].seen.insert(heard);
                }
                1 => {
                    let other = world.replicas[draw.below(3)].clone();
                    world.replicas[at].state.join(&other.state);
                    world.replicas[at].seen.extend(other.seen);
                }
                _ => {
                    let operation = match kind {
                        Some(kind) if !draw.one_in(12) => Operation::of(kind, &mut draw, 2),
                        _ => Operation::drawn(&mut draw),
                    };
                    world.operate(at, operation, draw.below(4) as u64);
                }
            }
        }
        world
    }

    fn operate(&mut self, at: usize, operation: Operation, stamp: u64) {
        let replica = &mut self.replicas[at];
        let actor = actor(self.deltas.len());
        let mut writer = Writer::new(actor, Stamp(stamp));
        let delta = operation.on(replica.state.store(), &mut writer);
        let Some(delta) = delta.filter(|delta| !delta.is_bottom()) else { return };
        let event = self.history.happened(operation, actor, stamp, &replica.seen);
        replica.state.join(&delta);
        replica.seen.insert(event);
        self.deltas.push(delta);
    }
}

fn any_kind() -> impl Strategy<Value = Option<Kind>> {
    prop::option::weighted(0.9, prop::sample::select(&KINDS[..]))
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Commutative, associative, idempotent; and a delta is less than the state.
    #[test]
    fn joins_obey_the_laws(bytes in drawn(300), kind in any_kind(), pick: [prop::sample::Index; 3]) {
        let world = World::of(&bytes, kind);
        let states = world.replicas.iter().map(|replica| &replica.state);
        let all: Vec<&Causal<Item>> = states.chain(&world.deltas).collect();
        let [a, b, c] = pick.map(|at| all[at.index(all.len())]);
        let ab = a.clone().joined(b);
        prop_assert_eq!(&ab, &b.clone().joined(a));
        prop_assert_eq!(ab.clone().joined(c), a.clone().joined(&b.clone().joined(c)));
        prop_assert_eq!(&a.clone().joined(a), a);
        prop_assert_eq!(&ab.clone().joined(b), &ab);
        prop_assert_eq!(&Causal::default().joined(a), a);
        prop_assert_eq!(&a.clone().joined(&Causal::default()), a);
    }

    /// Deltas joined in any order, in groups, twice: the state that heard of them.
    #[test]
    fn deltas_come_to_the_state(bytes in drawn(300), kind in any_kind(), order in drawn(64)) {
        let world = World::of(&bytes, kind);
        let mut draw = Draw::new(&order);
        for replica in &world.replicas {
            let mut waiting: Vec<usize> = replica.seen.iter().copied().collect();
            let mut groups = [Causal::<Item>::default(), Causal::default()];
            while !waiting.is_empty() {
                let next = draw.below(waiting.len());
                let group = &mut groups[draw.below(2)];
                group.join(&world.deltas[waiting[next]]);
                if !draw.one_in(4) {
                    waiting.swap_remove(next);
                }
                if draw.is_spent() {
                    waiting.drain(..).for_each(|rest| groups[0].join(&world.deltas[rest]));
                }
            }
            let [one, two] = groups;
            let joined = one.joined(&two);
            prop_assert_eq!(codec::to_vec(&joined), codec::to_vec(&replica.state));
        }
    }

    /// What shows is what the whole history says.
    #[test]
    fn a_state_shows_what_its_history_says(bytes in drawn(300), kind in any_kind()) {
        let world = World::of(&bytes, kind);
        for replica in &world.replicas {
            prop_assert_eq!(shown(replica.state.store()), world.history.shown(&replica.seen));
        }
    }
}
