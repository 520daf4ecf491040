//! Typed data of every type, confirmed and on its way, as it was first encoded; see
//! `redwedding_wire::testing::golden`.
//!
//! `GOLDEN=write cargo test -p redwedding-typed --test golden` writes what is not there yet.

#![allow(clippy::unwrap_used)]

use redwedding_typed::{
    Bytes, Causal, Confirmed, Counter, Deadline, Delta, Flag, FloatCounter, Folded, Graph,
    HyperLogLog, Item, List, Map, MultiRegister, Overflow, Real, Register, Scalar, Set, SortedSet,
    Stamp, Transaction, View, Writer,
};
use redwedding_wire::identity::Actor;
use redwedding_wire::testing::golden::Golden;

const GOLDEN: Golden = Golden::of(env!("CARGO_MANIFEST_DIR"));

fn name(of: &str) -> Bytes {
    Bytes::from(of.as_bytes())
}

type Change = Result<Causal<Item>, Overflow>;
type Operation = fn(&Item, &mut Writer) -> Change;

/// Something of every type. That this is one key is why they are hidden.
const OPERATIONS: [Operation; 15] = [
    |item, writer| {
        item.update(|it: &Map| {
            it.update(name("inner"), |it: &Map| {
                it.update(name("field"), |it: &Scalar| Ok(it.set(writer, name("Röslin"))))
            })
        })
    },
    |item, writer| {
        let score = Real::new(f64::NEG_INFINITY).ok_or(Overflow)?;
        item.update(|it: &SortedSet| Ok(it.put(writer, name("one"), score)))
    },
    |item, writer| item.update(|it: &SortedSet| it.increment(writer, name("two"), 0.1)),
    |item, writer| item.update(|it: &Set| Ok(it.insert(writer, name("")))),
    |item, writer| item.update(|it: &Set| Ok(it.insert(writer, Bytes::from(vec![0xff; 30])))),
    |item, writer| item.update(|it: &Graph| Ok(it.add_vertex(writer, name("a")))),
    |item, writer| item.update(|it: &Graph| Ok(it.add_edge(writer, (name("a"), name("b"))))),
    |item, writer| item.update(|it: &HyperLogLog| Ok(it.insert(writer, [&b"x"[..], b"y"]))),
    |item, writer| item.update(|it: &Scalar| Ok(it.set(writer, name("10")))),
    |item, writer| item.update(|it: &Register<Bytes>| Ok(it.write(writer, name("last")))),
    |item, writer| item.update(|it: &MultiRegister| Ok(it.write(writer, name("beside")))),
    |item, writer| item.update(|it: &Counter| it.increment(writer, i64::MIN / 4)),
    |item, writer| item.update(|it: &FloatCounter| it.increment(writer, -2.5)),
    |item, writer| item.update(|it: &Flag| Ok(it.enable(writer))),
    |item, writer| Ok(item.expire(writer, Deadline(1_790_000_000_123))),
];

fn delta(view: &View, number: u64, operations: &[Operation]) -> Delta {
    let mut transaction = Transaction::on(view, Actor(u64::MAX / number), Stamp(number << 40));
    operations.iter().for_each(|operation| transaction.apply(operation).unwrap());
    transaction.finish().unwrap().unwrap()
}

#[test]
fn typed_data() {
    let mut confirmed = Confirmed::new();
    GOLDEN.holds(1, "typed-new", &confirmed);
    let first = delta(&View::of(&confirmed), 1, &OPERATIONS);
    GOLDEN.holds(1, "transaction", &first);
    assert_eq!(confirmed.fold(7, &first), Ok(Folded::Counted));
    let again = delta(&View::of(&confirmed), 2, &OPERATIONS);
    GOLDEN.holds(1, "transaction-on-log", &again);
    let mut view = View::of(&confirmed);
    assert_eq!(view.add(&again), Ok(Folded::Counted));
    let more = delta(&view, 3, &OPERATIONS);
    GOLDEN.holds(1, "transaction-on-overlay", &more);
    for (position, delta) in [(1_000, &again), (1_001, &more)] {
        assert_eq!(confirmed.fold(position, delta), Ok(Folded::Counted));
    }
    GOLDEN.holds(1, "typed", &confirmed);
    confirmed.raise_floor(1_000);
    GOLDEN.holds(1, "typed-floor", &confirmed);
    let mut clear = Transaction::on(&View::of(&confirmed), Actor(9), Stamp(0));
    clear.clear();
    GOLDEN.holds(1, "transaction-clear", &clear.finish().unwrap().unwrap());

    // Many elements, so that registers are written in the other way.
    let elements: Vec<[u8; 2]> = (0..20_000u16).map(u16::to_be_bytes).collect();
    let mut many = Transaction::on(&View::of(&Confirmed::new()), Actor(9), Stamp(0));
    let added = many.apply(|item, writer| {
        item.update(|it: &HyperLogLog| {
            Ok::<_, Overflow>(it.insert(writer, elements.iter().map(|element| &element[..])))
        })
    });
    assert_eq!(added, Ok(()));
    let many = many.finish().unwrap().unwrap();
    let sketch = many.change().store().values().get::<HyperLogLog>();
    assert_eq!(sketch.map(HyperLogLog::count), Some(COUNT));
    GOLDEN.holds(1, "transaction-sketch", &many);
}

/// Of 20,000 elements; what is estimated never changes either.
const COUNT: u64 = 20_133;

/// What a list can hold: what is stable, set, removed, and beside whom the rest stands.
#[test]
fn lists() {
    let mut confirmed = Confirmed::new();
    let first = delta(
        &View::of(&confirmed),
        1,
        &[
            |item, writer| {
                item.update(|it: &List| Ok(it.push(writer, ["a", "b", "c", "d"].map(name))))
            },
            |item, writer| {
                item.update(|it: &List| it.set(writer, 1, name("B")).map_err(|_| Overflow))
            },
            |item, _| item.update(|it: &List| Ok(it.take(2..3))),
        ],
    );
    GOLDEN.holds(1, "transaction-list", &first);
    assert_eq!(confirmed.fold(7, &first), Ok(Folded::Counted));
    let on = View::of(&confirmed);
    let insert: Operation =
        |item, writer| item.update(|it: &List| Ok(it.insert(writer, 1, [name("x")]).unwrap()));
    let beside = delta(&on, 2, &[insert, insert]);
    let other = delta(
        &on,
        3,
        &[
            |item, writer| {
                item.update(|it: &List| it.set(writer, 0, name("A")).map_err(|_| Overflow))
            },
            |item, _| item.update(|it: &List| Ok(it.take(2..3))),
        ],
    );
    GOLDEN.holds(1, "transaction-list-on-log", &beside);
    GOLDEN.holds(1, "transaction-list-set", &other);
    for (position, delta) in [(1_000, &beside), (1_001, &other)] {
        assert_eq!(confirmed.fold(position, delta), Ok(Folded::Counted));
    }
    GOLDEN.holds(1, "typed-list", &confirmed);
    confirmed.raise_floor(7);
    GOLDEN.holds(1, "typed-list-floor", &confirmed);
    confirmed.raise_floor(1_001);
    GOLDEN.holds(1, "typed-list-stable", &confirmed);
    let list = confirmed.item().values().get::<List>();
    let shown: Vec<_> = list.map(|list| list.iter().cloned().collect()).unwrap_or_default();
    assert_eq!(shown, ["A", "x", "x", "B"].map(name));
}
