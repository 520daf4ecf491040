//! Rules that are worth reading as stories, and errors.

use redwedding_typed::limits;
use redwedding_typed::testing::{actor, name};
use redwedding_typed::{
    Bytes, Causal, Confirmed, Count, Counter, Deadline, Delta, FloatCounter, Folded, HyperLogLog,
    Item, Kind, Map, Overflow, Real, Scalar, ScalarError, Set, Shown, SortedSet, Stamp,
    Transaction, Unfit, Unready, View, Writer,
};
use redwedding_wire::codec::{Decode, DecodeError, Encode};

type Change = Result<Causal<Item>, ScalarError>;

fn made(on: &View, number: usize, change: impl FnOnce(&Item, &mut Writer) -> Change) -> Delta {
    let mut transaction = Transaction::on(on, actor(number), Stamp(number as u64));
    transaction.apply(change).unwrap();
    transaction.finish().unwrap().unwrap()
}

fn set(text: &str) -> impl FnOnce(&Item, &mut Writer) -> Change {
    let text = Bytes::from(text.as_bytes());
    move |item, writer| item.update(|it: &Scalar| Ok(it.set(writer, text)))
}

fn increment(by: i64) -> impl FnOnce(&Item, &mut Writer) -> Change {
    move |item, writer| item.update(|it: &Scalar| it.increment(writer, by))
}

fn scalar(view: &View) -> Option<Shown> {
    view.item().values().get::<Scalar>().and_then(Scalar::shown)
}

fn integer(value: i64) -> Option<Shown> {
    Some(Shown::Integer(Count { value, saturated: false }))
}

fn together(deltas: &[&Delta]) -> View {
    let mut view = View::of(&Confirmed::new());
    deltas.iter().for_each(|delta| assert_eq!(view.add(delta), Ok(Folded::Counted)));
    view
}

#[test]
fn set_then_increment_composes() {
    let base = made(&together(&[]), 1, set("10"));
    let view = together(&[&base]);
    let (one, two) = (made(&view, 2, increment(5)), made(&view, 3, increment(-2)));
    assert_eq!(scalar(&together(&[&base, &one, &two])), integer(13));
    let reset = made(&together(&[&base, &one]), 4, set("100"));
    // It has seen the one and not the other.
    assert_eq!(scalar(&together(&[&base, &one, &two, &reset])), integer(98));
    let gone = made(&together(&[&base, &one]), 5, |item, _| Ok(item.clear()));
    assert_eq!(scalar(&together(&[&base, &one, &two, &gone])), integer(-2));
}

#[test]
fn what_is_no_number_is_not_counted() {
    for text in ["abc", "", " 1", "+1", "01", "-0", "9223372036854775808", "1.0"] {
        let view = together(&[&made(&together(&[]), 1, set(text))]);
        let mut transaction = Transaction::on(&view, actor(2), Stamp(0));
        assert_eq!(transaction.apply(increment(1)), Err(ScalarError::NotAnInteger), "{text:?}");
        assert_eq!(transaction.finish(), Ok(None));
        assert_eq!(scalar(&view), Some(Shown::Text(Bytes::from(text.as_bytes()))));
    }
    let text = made(&together(&[]), 1, set("abc"));
    let counted = made(&together(&[]), 2, increment(1));
    assert_eq!(scalar(&together(&[&text, &counted])), Some(Shown::Text(Bytes::from(&b"abc"[..]))));
}

#[test]
fn an_overflow_that_is_seen_is_an_error_and_one_that_is_not_saturates() {
    let add = |by: i64| {
        move |item: &Item, writer: &mut Writer| {
            item.update(|it: &Counter| it.increment(writer, by).map_err(ScalarError::from))
        }
    };
    let count = |view: &View| view.item().values().get::<Counter>().map(Counter::count);
    let most = made(&together(&[]), 1, add(i64::MAX));
    let mut more = Transaction::on(&together(&[&most]), actor(2), Stamp(0));
    assert_eq!(more.apply(add(1)), Err(ScalarError::Overflow(Overflow)));
    let one = made(&together(&[]), 3, add(1));
    let view = together(&[&most, &one]);
    assert_eq!(count(&view), Some(Count { value: i64::MAX, saturated: true }));
    let back = made(&view, 4, add(-5));
    let exact = Some(Count { value: i64::MAX - 4, saturated: false });
    assert_eq!(count(&together(&[&most, &one, &back])), exact);
}

#[test]
fn counting_on_from_a_base_overflows_with_it() {
    let add = |by: f64| {
        move |item: &Item, writer: &mut Writer| {
            item.update(|it: &Scalar| it.increment_float(writer, by))
        }
    };
    let refused = |base: &str, change: &dyn Fn(&Item, &mut Writer) -> Change| {
        let mut transaction =
            Transaction::on(&together(&[&made(&together(&[]), 1, set(base))]), actor(2), Stamp(0));
        let refused = transaction.apply(change);
        assert_eq!(transaction.finish().map(|delta| delta.is_none()), Ok(refused.is_err()));
        refused
    };
    let overflow = Err(ScalarError::Overflow(Overflow));
    let (most, least) = (i64::MAX.to_string(), i64::MIN.to_string());
    assert_eq!(refused(&most, &|item, writer| increment(1)(item, writer)), overflow);
    assert_eq!(refused(&most, &|item, writer| increment(-1)(item, writer)), Ok(()));
    assert_eq!(refused(&least, &|item, writer| increment(-1)(item, writer)), overflow);
    assert_eq!(refused(&least, &|item, writer| increment(1)(item, writer)), Ok(()));
    assert_eq!(refused("1e308", &|item, writer| add(1e308)(item, writer)), overflow);
    assert_eq!(refused("1e308", &|item, writer| add(-1e308)(item, writer)), Ok(()));
    for text in ["abc", "", "nan", "inf"] {
        let not = Err(ScalarError::NotAFloat);
        assert_eq!(refused(text, &|item, writer| add(1.0)(item, writer)), not, "{text:?}");
    }
}

#[test]
fn scores_may_be_infinite_but_not_become_so() {
    let (mut writer, member) = (Writer::new(actor(1), Stamp(0)), name(0));
    let infinite = Real::new(f64::INFINITY).unwrap();
    let put = SortedSet::default().put(&mut writer, member.clone(), infinite);
    assert_eq!(put.store().score(&member), Some(infinite));
    let mut raise = |by| SortedSet::default().increment(&mut writer, member.clone(), by);
    for by in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert_eq!(raise(by), Err(Overflow));
    }
    let least = put.joined(&raise(f64::MIN).unwrap());
    assert_eq!(least.store().score(&member), Some(infinite));
}

#[test]
fn a_write_that_saw_another_wins_whatever_its_stamp() {
    let late = made(&together(&[]), 9, set("late"));
    let early = made(&together(&[&late]), 1, set("early"));
    let other = made(&together(&[]), 5, set("other"));
    let shown = |text: &str| Some(Shown::Text(Bytes::from(text.as_bytes())));
    assert_eq!(scalar(&together(&[&late, &early])), shown("early"));
    assert_eq!(scalar(&together(&[&late, &early, &other])), shown("other"));
    assert_eq!(scalar(&together(&[&late, &other])), shown("late"));
}

#[test]
fn a_concurrent_delete_of_a_sketch_wins() {
    let observe = |element: u8| {
        move |item: &Item, writer: &mut Writer| {
            item.update(|it: &HyperLogLog| Ok(it.insert(writer, [&[element][..]])))
        }
    };
    let first = made(&together(&[]), 1, observe(1));
    let view = together(&[&first]);
    let second = made(&view, 2, observe(2));
    let delete = made(&view, 3, |item, _| Ok(item.clear()));
    assert_eq!(second.parents(), [actor(1)]);
    let mut all = together(&[&first, &delete, &second]);
    assert_eq!(all.item(), &Item::default());
    let after = made(&all, 4, observe(3));
    all.add(&after).unwrap();
    assert_eq!(all.item().values().get::<HyperLogLog>().map(HyperLogLog::count), Some(1));
}

#[test]
fn of_two_types_one_shows_and_the_other_is_kept() {
    let text = made(&together(&[]), 1, set("text"));
    let member = made(&together(&[]), 2, |item, writer| {
        item.update(|it: &Set| Ok(it.insert(writer, name(0))))
    });
    let mut both = together(&[&text, &member]);
    assert_eq!(both.item().values().shown().map(|it| it.kind()), Some(Kind::Set));
    assert_eq!(both.item().values().hidden().count(), 1);
    let empty = made(&both, 3, |item, _| item.update(|it: &Set| Ok(it.take(&name(0)))));
    both.add(&empty).unwrap();
    assert_eq!(both.item().values().shown().map(|it| it.kind()), Some(Kind::Scalar));
}

fn until(deadline: Deadline) -> impl FnOnce(&Item, &mut Writer) -> Change {
    move |item, writer| Ok(item.expire(writer, deadline))
}

#[test]
fn the_longest_deadline_holds_and_the_log_decides_when_it_has_come() {
    let text = made(&together(&[]), 1, set("text"));
    let view = together(&[&text]);
    let short = made(&view, 2, until(Deadline(100)));
    let long = made(&view, 3, until(Deadline(200)));
    let both = together(&[&text, &short, &long]);
    assert_eq!(both.item().deadline(), Deadline(200));
    assert!(both.item().is_hidden(200) && !both.item().is_hidden(199));
    let never = made(&view, 4, until(Deadline::NEVER));
    assert!(!together(&[&text, &short, &long, &never]).item().is_hidden(u64::MAX));
    let shorter = made(&both, 5, until(Deadline(50)));
    assert_eq!(together(&[&text, &short, &long, &shorter]).item().deadline(), Deadline(50));

    let mut confirmed = Confirmed::new();
    for (position, delta) in (1..).zip([&text, &short, &long]) {
        assert_eq!(confirmed.fold(position, delta), Ok(Folded::Counted));
    }
    let added = made(&View::of(&confirmed), 6, increment_field());
    assert!(!confirmed.expire(4, 199), "not yet");
    assert!(confirmed.expire(5, 200));
    assert_eq!(confirmed.item(), &Item::default());
    assert!(!confirmed.expire(6, 300), "nothing is there any more");
    assert_eq!(confirmed.fold(7, &added), Ok(Folded::Counted));
    assert!(!confirmed.item().is_hidden(u64::MAX), "what it had not seen stays, without deadline");
}

fn increment_field() -> impl FnOnce(&Item, &mut Writer) -> Change {
    |item, writer| {
        item.update(|map: &Map| map.update(name(0), |it: &Scalar| it.increment(writer, 1)))
    }
}

#[test]
fn a_new_key_has_no_deadline_of_its_predecessor() {
    let deadline = made(&together(&[]), 1, until(Deadline(100)));
    let mut view = together(&[&deadline]);
    assert!(view.item().is_hidden(0), "there is nothing");
    view.add(&made(&view, 2, set("text"))).unwrap();
    assert_eq!(view.item().deadline(), Deadline::NEVER);
}

#[test]
fn a_delta_waits_for_what_it_was_made_on() {
    let first = made(&together(&[]), 1, set("1"));
    let second = made(&together(&[&first]), 2, set("2"));
    let mut confirmed = Confirmed::new();
    let mut view = View::of(&confirmed);
    assert_eq!(view.add(&second), Err(Unready::Missing(actor(1))));
    assert_eq!(confirmed.fold(1, &second), Err(Unready::Missing(actor(1))));
    assert_eq!(confirmed.cursor(), 0);
    assert_eq!(confirmed.fold(7, &first), Ok(Folded::Counted));
    let third = made(&View::of(&confirmed), 3, set("3"));
    assert_eq!(view.add(&third), Err(Unready::Behind(7)));
    assert_eq!(Confirmed::new().fold(1, &third), Err(Unready::Behind(7)));
    assert_eq!(confirmed.fold(8, &second), Ok(Folded::Counted));
    assert_eq!(confirmed.fold(9, &second), Ok(Folded::Duplicate));
    assert_eq!(confirmed.cursor(), 9);
    confirmed.raise_floor(100);
    assert_eq!((confirmed.floor(), confirmed.logged(actor(1))), (9, None));
    let old = Err(Unready::TooOld { made: 0, floor: 9 });
    assert_eq!(confirmed.fold(10, &second), old);
    assert_eq!(View::of(&confirmed).add(&second), old);
}

#[test]
fn what_is_too_large_is_refused_before_anyone_has_it() {
    let view = together(&[]);
    let mut transaction = Transaction::on(&view, actor(1), Stamp(0));
    let big = Bytes::from(vec![0; limits::TYPED_DELTA_BYTES]);
    transaction
        .apply(|item, writer| item.update(|it: &Scalar| Ok::<_, ()>(it.set(writer, big))))
        .unwrap();
    assert!(matches!(transaction.finish(), Err(Unfit::Change(_))));

    let nested = |depth: usize| {
        let mut transaction = Transaction::on(&view, actor(1), Stamp(0));
        let changed = transaction.apply(|item, writer| item.update(|map| deep(map, writer, depth)));
        changed.unwrap();
        transaction.finish()
    };
    assert!(matches!(nested(limits::TYPED_DEPTH), Ok(Some(_))));
    assert_eq!(nested(limits::TYPED_DEPTH + 1), Err(Unfit::Depth(limits::TYPED_DEPTH + 1)));
}

fn deep(map: &Map, writer: &mut Writer, depth: usize) -> Result<Causal<Map>, ScalarError> {
    match depth {
        1 => map.update(name(0), |it: &Scalar| it.increment(writer, 1)),
        _ => map.update(name(0), |it: &Map| deep(it, writer, depth - 1)),
    }
}

#[test]
fn floats_are_added_in_the_order_of_the_log_wherever_the_floor_was() {
    let numbers = [0.1, 0.2, 0.3, 1e16, -1e16, 0.7, 1e-9, -0.3];
    let in_order = numbers.iter().sum::<f64>();
    assert_ne!(in_order, numbers.iter().rev().sum::<f64>());
    for floors in 0..1u32 << numbers.len() {
        let mut confirmed = Confirmed::new();
        for (position, by) in (1..).zip(numbers) {
            let delta = made(&View::of(&confirmed), position as usize, |item, writer| {
                item.update(|it: &FloatCounter| it.increment(writer, by).map_err(ScalarError::from))
            });
            assert_eq!(confirmed.fold(position, &delta), Ok(Folded::Counted));
            confirmed.raise_floor(u64::from(floors >> (position - 1) & 1) * position);
        }
        let sum = confirmed.item().values().get::<FloatCounter>().map(FloatCounter::sum);
        assert_eq!(sum.map(Real::get), Some(in_order));
    }
}

#[test]
fn a_delta_brings_its_makers_floor_along() {
    let mut behind = Confirmed::new();
    for position in 1..=2 {
        let delta = made(&View::of(&behind), position as usize, increment(1));
        assert_eq!(behind.fold(position, &delta), Ok(Folded::Counted));
    }
    let mut ahead = behind.clone();
    ahead.raise_floor(2);
    // It names both increments by the newer one.
    let reset = made(&View::of(&ahead), 3, |item, _| Ok(item.clear()));
    let mut view = View::of(&behind);
    assert_eq!(view.add(&reset), Ok(Folded::Counted));
    assert_eq!((view.floor(), view.item()), (2, &Item::default()));
    assert_eq!(behind.fold(3, &reset), Ok(Folded::Counted));
    assert_eq!((behind.floor(), behind.item()), (2, &Item::default()));
}

fn member(number: u8) -> impl FnOnce(&Item, &mut Writer) -> Change {
    move |item, writer| item.update(|it: &Set| Ok(it.insert(writer, name(number))))
}

fn members(item: &Item) -> usize {
    item.values().get::<Set>().map_or(0, Set::count)
}

/// The encoding with one of the places that name an actor changed.
fn with_actor(bytes: &[u8], from: usize, to: usize, which: usize) -> Vec<u8> {
    let [from, to] = [from, to].map(|of| actor(of).0.to_be_bytes());
    let mut found = bytes.windows(8).enumerate().filter(|(_, eight)| *eight == from);
    let (at, _) = found.nth(which).unwrap();
    [&bytes[..at], &to, &bytes[at + 8..]].concat()
}

#[test]
fn a_delta_makes_dots_of_its_own_actor() {
    let one = made(&together(&[]), 1, member(1));
    let view = together(&[&one]);
    // The actor, then that of the dot.
    let bytes = made(&together(&[]), 2, member(2)).encode();
    assert!(Delta::decode(&bytes).is_ok());
    for which in 0..2 {
        let forged = Delta::decode(&with_actor(&bytes, 2, 1, which));
        assert!(matches!(forged, Err(DecodeError::Invalid(_))), "{forged:?}");
    }
    // And what decides between the writes of a register.
    let bytes = made(&together(&[]), 2, set("text")).encode();
    assert!(Delta::decode(&bytes).is_ok());
    for which in 0..3 {
        let forged = Delta::decode(&with_actor(&bytes, 2, 1, which));
        assert!(matches!(forged, Err(DecodeError::Invalid(_))), "{forged:?}");
    }

    let mut transaction = Transaction::on(&together(&[]), actor(3), Stamp(0));
    let given: Result<(), ()> = transaction.apply(|_, _| Ok(one.change().clone()));
    assert_eq!((given, transaction.finish()), (Ok(()), Err(Unfit::Foreign)));
    let mut transaction = Transaction::on(&view, actor(3), Stamp(0));
    let mut other = Writer::new(actor(4), Stamp(0));
    transaction.apply(|item, _| member(3)(item, &mut other)).unwrap();
    assert_eq!(transaction.finish(), Err(Unfit::Foreign));
}

#[test]
fn a_dot_is_in_one_place() {
    // A set of two members, each with one dot.
    let item = |second: u8| {
        let of = |member, dot| [0x82, 0x41, member, 0x81, 0x82, 0x82, 1, dot, 0xf6];
        [&[0x82, 0x81, 0xa1, 0x61, b's', 0x82][..], &of(b'a', 1), &of(b'b', second), &[0x80]]
            .concat()
    };
    let confirmed =
        |second| Confirmed::decode(&[&[0x85, 1, 1, 0, 0x80][..], &item(second)].concat());
    assert!(confirmed(2).is_ok());
    assert!(matches!(confirmed(1), Err(DecodeError::Invalid(_))));

    // The same of a delta: the sequence is before the actor.
    let mut transaction = Transaction::on(&together(&[]), actor(1), Stamp(0));
    (1..3).for_each(|number| transaction.apply(member(number)).unwrap());
    let bytes = transaction.finish().unwrap().unwrap().encode();
    let second = bytes.windows(3).position(|three| three == [0, 2, 0x1b]).unwrap();
    let twice = [&bytes[..second], &[0, 1], &bytes[second + 2..]].concat();
    assert!(Delta::decode(&bytes).is_ok());
    assert!(matches!(Delta::decode(&twice), Err(DecodeError::Invalid(_))));
}

#[test]
fn an_actor_makes_one_entry() {
    let (one, other) = (made(&together(&[]), 1, member(1)), made(&together(&[]), 1, member(2)));
    let mut confirmed = Confirmed::new();
    assert_eq!(confirmed.fold(1, &one), Ok(Folded::Counted));
    assert_eq!(View::of(&confirmed).add(&other), Ok(Folded::Duplicate));
    assert_eq!(confirmed.fold(2, &other), Ok(Folded::Duplicate));
    assert_eq!(members(confirmed.item()), 1);
    let mut view = together(&[&other]);
    assert_eq!(view.add(&one), Ok(Folded::Duplicate));
    assert_eq!(members(view.item()), 1);
    // Behind the floor nobody knows; but its dots are others there.
    confirmed.raise_floor(2);
    let late = made(&View::of(&confirmed), 1, member(2));
    assert_eq!(confirmed.fold(3, &late), Ok(Folded::Counted));
    assert_eq!(members(confirmed.item()), 2);
}

#[test]
fn an_epoch_that_nobody_began_is_none() {
    let observe = |element: u8| {
        move |item: &Item, writer: &mut Writer| {
            item.update(|it: &HyperLogLog| Ok(it.insert(writer, [&[element][..]])))
        }
    };
    let mut transaction = Transaction::on(&together(&[]), actor(1), Stamp(0));
    transaction.apply(member(1)).unwrap();
    transaction.apply(observe(1)).unwrap();
    let first = transaction.finish().unwrap().unwrap();
    let other = made(&together(&[]), 2, member(1));
    // It adds to the second dot of `first`; bent, to that of `other`, which has none.
    let adds = made(&together(&[&first]), 3, observe(2));
    let bytes = with_actor(&with_actor(&adds.encode(), 1, 2, 1), 1, 2, 0);
    let forged = Delta::decode(&bytes).unwrap();
    assert_eq!(forged.parents(), [actor(2)]);
    let mut confirmed = Confirmed::new();
    assert_eq!(confirmed.fold(1, &other), Ok(Folded::Counted));
    assert_eq!(confirmed.fold(2, &forged), Ok(Folded::Counted));
    let view = together(&[&other, &forged]);
    assert_eq!(view.item().values().get::<HyperLogLog>(), None);
    assert_eq!(confirmed.item().values().get::<HyperLogLog>(), None);
}
