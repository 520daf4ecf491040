//! Bytes of others: what decodes is canonical, and can be worked with.

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::testing::{Draw, canonical};

use super::log::World;
use super::{Operation, actor, shown};
use crate::{Confirmed, Delta, Folded, Stamp, Transaction, View};

/// Bytes of an input that say what is changed.
const CHANGES: usize = 16;
/// Operations on what decodes.
const OPERATIONS: usize = 4;

/// Every decoder of typed data takes `bytes`.
pub fn check(bytes: &[u8]) {
    if let Some(delta) = canonical::<Delta>(bytes) {
        let mut on = Confirmed::new();
        on.skip(delta.made());
        is_confirmed_as_shown(&on, &delta);
    }
    if let Some(confirmed) = canonical::<Confirmed>(bytes) {
        usable(confirmed, bytes);
    }
}

/// Only decodes, for who measures what that takes.
pub fn decode(bytes: &[u8]) {
    drop(Delta::decode(bytes));
    drop(Confirmed::decode(bytes));
}

/// What a world makes, with some bytes of its encoding changed, is refused or can be
/// worked with, there too.
pub fn check_wrong(bytes: &[u8], most: usize) {
    let (changes, bytes) = bytes.split_at(bytes.len().min(CHANGES));
    let world = World::of(bytes, most);
    let mut draw = Draw::new(changes);
    let mut confirmed = world.folded(world.entries()).encode();
    let mut deltas: Vec<_> = world.deltas().map(Encode::encode).collect();
    for _ in 0..=draw.below(4) {
        bend(&mut confirmed, &mut draw);
        check(&confirmed);
        let Some(last) = deltas.len().checked_sub(1) else { continue };
        let delta = &mut deltas[last - draw.below(last + 1)];
        bend(delta, &mut draw);
        check(delta);
        if let Ok(delta) = Delta::decode(delta) {
            let on = world.folded(draw.below(world.entries() + 1));
            is_confirmed_as_shown(&on, &delta);
        }
    }
}

/// Changes a byte, to anything or to something near, or takes one away or adds one.
fn bend(bytes: &mut Vec<u8>, draw: &mut Draw<'_>) {
    let at = draw.below(bytes.len());
    match draw.below(5) {
        0 => bytes[at] = draw.byte(),
        1 => bytes[at] ^= 1 << draw.below(8),
        2 => bytes[at] = bytes[at].wrapping_add(1),
        3 => bytes.insert(at, draw.byte()),
        _ if bytes.len() > 1 => drop(bytes.remove(at)),
        _ => {}
    }
}

/// What a view shows with the delta is what the log makes of it.
fn is_confirmed_as_shown(on: &Confirmed, delta: &Delta) {
    let Some(position) = on.cursor().checked_add(1) else { return };
    let (mut view, mut confirmed) = (View::of(on), on.clone());
    let added = view.add(delta);
    assert_eq!(added, confirmed.fold(position, delta), "{delta:?} on {on:?}");
    if added == Ok(Folded::Counted) {
        assert_eq!(shown(view.item()), shown(confirmed.item()), "{delta:?} on {on:?}");
        comes_back(&confirmed);
        confirmed.raise_floor(u64::MAX);
        comes_back(&confirmed);
    }
}

fn comes_back<T: Encode + Decode + PartialEq + std::fmt::Debug>(value: &T) {
    assert_eq!(T::decode(&value.encode()).as_ref(), Ok(value));
}

/// Operations on what came from elsewhere make deltas that can be sent.
fn usable(mut confirmed: Confirmed, bytes: &[u8]) {
    let mut draw = Draw::new(&bytes[bytes.len() / 2..]);
    for number in 0..OPERATIONS {
        let mut transaction = Transaction::on(&View::of(&confirmed), actor(number), Stamp(1));
        let operation = Operation::drawn(&mut draw);
        match operation {
            Operation::Wipe => transaction.clear(),
            // It is refused or not; what it made is to be seen.
            _ => drop(transaction.apply(|item, writer| operation.on(item, writer).ok_or(()))),
        }
        let Ok(Some(delta)) = transaction.finish() else { continue };
        comes_back(&delta);
        is_confirmed_as_shown(&confirmed, &delta);
    }
    confirmed.raise_floor(u64::MAX);
    comes_back(&confirmed);
    shown(confirmed.item());
}
