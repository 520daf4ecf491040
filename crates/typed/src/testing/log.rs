//! The log: replicas that make transactions on what they know, an order in which
//! the log takes them, and many ways to come to know it.

use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::testing::Draw;
use redwedding_wire::version::Position;

use super::actor;
use super::history::{Events, History, shown};
use super::operation::{KINDS, Operation};
use crate::{
    Causal, Confirmed, Delta, Folded, Item, Kind, Settled, Stamp, Transaction, Unready, View,
};

/// Bytes of an input that say how its log and overlays are put together.
const WAYS: usize = 64;

#[derive(Clone, Debug)]
struct Made {
    delta: Delta,
    events: Events,
    logged: Option<Position>,
}

/// One replica: how many entries of the log it has read, and its overlay.
#[derive(Clone, Default, Debug)]
struct Replica {
    read: usize,
    overlay: Vec<usize>,
}

/// A document's log as it grew, with everything that was ever made.
#[derive(Clone, Default, Debug)]
pub struct World {
    history: History,
    made: Vec<Made>,
    /// Position, what was logged there, and the floor from there on.
    log: Vec<(Position, usize, Position)>,
    replicas: [Replica; 3],
    drawn: usize,
    floors: bool,
    /// The type that most operations are about, if it is one.
    kind: Option<Kind>,
}

/// What must hold of the world that `bytes` make, in at most `most` steps.
pub fn check(bytes: &[u8], most: usize) {
    let (ways, bytes) = bytes.split_at(bytes.len().min(WAYS));
    let mut draw = Draw::new(ways);
    let kind = KINDS.get(draw.below(KINDS.len() * 2)).copied();
    let world = World::of_kind(bytes, kind, most);
    world.has_one_fold(&mut draw);
    world.has_one_state(&mut draw);
    world.confirms_what_it_shows();
    World::without_floors(bytes, kind, most).obeys_the_laws();
}

impl World {
    /// The world that `bytes` make, in at most `most` steps.
    pub fn of(bytes: &[u8], most: usize) -> Self {
        Self::with(bytes, most, Self { floors: true, ..Self::default() })
    }

    /// As [`Self::of`], of operations on one type or on all.
    pub fn of_kind(bytes: &[u8], kind: Option<Kind>, most: usize) -> Self {
        Self::with(bytes, most, Self { floors: true, kind, ..Self::default() })
    }

    /// As [`Self::of_kind`], but nothing ever becomes stable.
    pub fn without_floors(bytes: &[u8], kind: Option<Kind>, most: usize) -> Self {
        Self::with(bytes, most, Self { kind, ..Self::default() })
    }

    fn with(bytes: &[u8], most: usize, mut world: Self) -> Self {
        let mut draw = Draw::new(bytes);
        for _ in 0..most {
            if draw.is_spent() {
                break;
            }
            let at = draw.below(3);
            match draw.below(6) {
                0 => world.read(at, &mut draw),
                1 => world.hear(at, &mut draw),
                2 | 3 => world.append(&mut draw),
                _ => world.transact(at, &mut draw),
            }
        }
        world
    }

    /// How many entries the log has.
    pub fn entries(&self) -> usize {
        self.log.len()
    }

    /// Everything that was ever made.
    pub fn deltas(&self) -> impl Iterator<Item = &Delta> {
        self.made.iter().map(|made| &made.delta)
    }

    /// The log folded up to its first `entries`, without a floor before its end.
    pub fn folded(&self, entries: usize) -> Confirmed {
        let mut confirmed = Confirmed::new();
        for (position, made, _) in &self.log[..entries] {
            let folded = confirmed.fold(*position, &self.made[*made].delta);
            assert_eq!(folded, Ok(Folded::Counted));
        }
        confirmed.raise_floor(self.floor(entries));
        confirmed
    }

    fn floor(&self, entries: usize) -> Position {
        entries.checked_sub(1).map_or(0, |last| self.log[last].2)
    }

    fn cursor(&self, entries: usize) -> Position {
        entries.checked_sub(1).map_or(0, |last| self.log[last].0)
    }

    fn view(&self, at: usize) -> View {
        let mut view = View::of(&self.folded(self.replicas[at].read));
        for made in &self.replicas[at].overlay {
            assert_eq!(view.add(&self.made[*made].delta), Ok(Folded::Counted));
        }
        view
    }

    fn seen(&self, at: usize) -> Events {
        let replica = &self.replicas[at];
        let logged = self.log[..replica.read].iter().map(|(_, made, _)| *made);
        let made = logged.chain(replica.overlay.iter().copied());
        made.flat_map(|made| self.made[made].events.iter().copied()).collect()
    }

    fn read(&mut self, at: usize, draw: &mut Draw<'_>) {
        let replica = &mut self.replicas[at];
        replica.read += draw.below(self.log.len() - replica.read + 1);
        let upto = replica.read.checked_sub(1).map_or(0, |last| self.log[last].0);
        let made = &self.made;
        replica.overlay.retain(|it| made[*it].logged.is_none_or(|position| position > upto));
    }

    fn hear(&mut self, at: usize, draw: &mut Draw<'_>) {
        if self.made.is_empty() {
            return;
        }
        let heard = draw.below(self.made.len());
        let mut view = self.view(at);
        if view.add(&self.made[heard].delta) == Ok(Folded::Counted) {
            self.replicas[at].overlay.push(heard);
        }
    }

    /// Appends anything whose parents are in the log, and perhaps raises the floor
    /// to where everything that is still to come was or will be made.
    fn append(&mut self, draw: &mut Draw<'_>) {
        let position = self.cursor(self.log.len()) + 1 + draw.below(3) as Position;
        let mut confirmed = self.folded(self.log.len());
        let waiting: Vec<usize> =
            (0..self.made.len()).filter(|made| self.made[*made].logged.is_none()).collect();
        if waiting.is_empty() {
            return;
        }
        let next = *draw.pick(&waiting);
        match confirmed.fold(position, &self.made[next].delta) {
            Ok(folded) => assert_eq!(folded, Folded::Counted),
            Err(Unready::Missing(parent)) => {
                return assert!(self.made[next].delta.parents().contains(&parent));
            }
            Err(wrong) => panic!("{wrong}"),
        }
        self.made[next].logged = Some(position);
        let to_come = self.made.iter().filter(|made| made.logged.is_none());
        let made = to_come.map(|made| made.delta.made()).min().unwrap_or(position);
        let cursors = self.replicas.iter().map(|replica| self.cursor(replica.read));
        let floor = match self.floors && draw.one_in(2) {
            true => cursors.fold(made, Position::min),
            false => self.floor(self.log.len()),
        };
        self.log.push((position, next, floor));
    }

    fn transact(&mut self, at: usize, draw: &mut Draw<'_>) {
        let (view, before) = (self.view(at), self.seen(at));
        let mut seen = before.clone();
        let (actor, stamp) = (actor(self.drawn), draw.below(4) as u64);
        self.drawn += 1;
        let mut transaction = Transaction::on(&view, actor, Stamp(stamp));
        let mut events = Events::new();
        for _ in 0..=draw.below(3) {
            let operation = match self.kind {
                Some(kind) if !draw.one_in(12) => Operation::of(kind, draw, 2),
                _ => Operation::drawn(draw),
            };
            let done = match operation {
                Operation::Wipe => {
                    transaction.clear();
                    Ok(())
                }
                _ => transaction.apply(|item, writer| operation.on(item, writer).ok_or(())),
            };
            if done.is_ok() {
                let event = self.history.happened(operation, actor, stamp, &seen);
                seen.insert(event);
                events.insert(event);
            }
        }
        let finished = transaction.finish().unwrap_or_else(|error| panic!("{error}"));
        let Some(delta) = finished else {
            let (before, after) = (self.history.shown(&before), self.history.shown(&seen));
            return assert_eq!(before, after, "without a delta nothing changes");
        };
        assert_eq!(Delta::decode(&delta.encode()).as_ref(), Ok(&delta), "it can be sent");
        self.replicas[at].overlay.push(self.made.len());
        self.made.push(Made { delta, events, logged: None });
    }

    /// The log, folded with a floor that rises now and then, duplicates, and
    /// through bytes.
    fn folded_oddly(&self, entries: usize, draw: &mut Draw<'_>) -> Confirmed {
        let mut confirmed = Confirmed::new();
        for number in 0..entries {
            let (position, made, floor) = self.log[number];
            let delta = &self.made[made].delta;
            assert_eq!(confirmed.fold(position, delta), Ok(Folded::Counted));
            match draw.below(5) {
                0 => confirmed.raise_floor(floor),
                1 => confirmed.raise_floor(floor.saturating_sub(draw.below(3) as u64)),
                2 => assert_eq!(confirmed.fold(position, delta), Ok(Folded::Duplicate)),
                3 => {
                    let stored = Confirmed::decode(&confirmed.encode());
                    confirmed = stored.unwrap_or_else(|error| panic!("{error}"));
                }
                _ => {}
            }
        }
        confirmed.raise_floor(self.floor(entries));
        confirmed
    }

    /// What a replica has, by joining the deltas of log and overlay in any order,
    /// and giving dots their positions at any time after they have one. Up to where
    /// the log raised the floor it is folded: those that come later rely on that.
    fn joined_oddly(&self, at: usize, draw: &mut Draw<'_>) -> Causal<Item> {
        let replica = &self.replicas[at];
        let logged = &self.log[..replica.read];
        let floor = self.floor(replica.read);
        let folded = match floor {
            0 => 0,
            floor => logged.iter().take_while(|it| it.2 < floor).count() + 1,
        };
        let mut state = View::of(&self.folded(folded)).state().clone();
        let mut settled = Settled::new();
        let mut waiting: Vec<usize> =
            logged[folded..].iter().map(|it| it.1).chain(replica.overlay.iter().copied()).collect();
        let upto = |settled: &mut Settled, position: Position| {
            for (at, made, _) in logged.iter().filter(|it| it.0 <= position) {
                settled.insert(self.made[*made].delta.actor(), *at);
            }
        };
        upto(&mut settled, self.cursor(folded));
        while !waiting.is_empty() {
            let next = draw.below(waiting.len());
            let delta = &self.made[waiting[next]].delta;
            if !draw.one_in(4) || draw.is_spent() {
                waiting.swap_remove(next);
            }
            // Its maker named the dots of these by position, so they have one.
            upto(&mut settled, delta.made());
            if draw.one_in(3) {
                upto(&mut settled, draw.below(40) as u64);
            }
            let mut change = delta.change().clone();
            change.settle(&settled);
            state.settle(&settled);
            state.join(&change);
        }
        upto(&mut settled, Position::MAX);
        state.settle(&settled);
        state.advance(self.cursor(replica.read));
        state.stabilise(floor);
        state
    }

    /// The same log gives the same bytes, however it was folded; and it shows
    /// what the whole history says.
    pub fn has_one_fold(&self, draw: &mut Draw<'_>) {
        for entries in [self.log.len(), draw.below(self.log.len() + 1)] {
            let folded = self.folded(entries);
            assert_eq!(folded.encode(), self.folded_oddly(entries, draw).encode());
            let logged = self.log[..entries].iter();
            let events = logged.flat_map(|it| self.made[it.1].events.iter().copied()).collect();
            assert_eq!(shown(folded.item()), self.history.shown(&events));
        }
    }

    /// The same log and overlay give the same bytes, whatever the order in which
    /// the deltas were joined and however late they got their positions.
    pub fn has_one_state(&self, draw: &mut Draw<'_>) {
        for at in 0..self.replicas.len() {
            let view = self.view(at);
            let mut oddly = self.joined_oddly(at, draw);
            let mut state = view.state().clone();
            // Only who folds the log in its order knows which removal was the first.
            [&mut state, &mut oddly].into_iter().for_each(|it| it.date(None));
            assert_eq!(codec::to_vec(&state), codec::to_vec(&oddly));
            assert_eq!(shown(view.item()), self.history.shown(&self.seen(at)));
        }
    }

    /// The laws hold of states that know all of the log up to somewhere. There
    /// MUST NOT be floors.
    pub fn obeys_the_laws(&self) {
        let mut settled = Settled::new();
        for (position, made, _) in &self.log {
            settled.insert(self.made[*made].delta.actor(), *position);
        }
        let [a, b, c] = [0, 1, 2].map(|at| {
            let mut state = self.view(at).state().clone();
            state.settle(&settled);
            state.date(None);
            state
        });
        let ab = a.clone().joined(&b);
        assert_eq!(ab, b.clone().joined(&a), "commutative");
        let all = ab.clone().joined(&c);
        assert_eq!(all, a.clone().joined(&b.clone().joined(&c)), "associative");
        assert_eq!(a.clone().joined(&a), a, "idempotent");
        assert_eq!(ab.clone().joined(&b), ab, "idempotent");
        let seen = (0..3).flat_map(|at| self.seen(at)).collect();
        assert_eq!(shown(all.store()), self.history.shown(&seen));
    }

    /// An overlay already has what will be confirmed: settling commutes with it.
    pub fn confirms_what_it_shows(&self) {
        for at in 0..self.replicas.len() {
            let view = self.view(at);
            let mut confirmed = self.folded(self.replicas[at].read);
            let mut waiting = self.replicas[at].overlay.clone();
            while !waiting.is_empty() {
                let before = waiting.len();
                waiting.retain(|made| {
                    let position = confirmed.cursor() + 1;
                    confirmed.fold(position, &self.made[*made].delta).is_err()
                });
                assert!(waiting.len() < before, "parents come first");
            }
            assert_eq!(shown(confirmed.item()), shown(view.item()));
        }
    }
}
