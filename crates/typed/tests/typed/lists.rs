//! Lists: rules that are worth reading as stories, order, and what a list costs.

use proptest::prelude::*;
use redwedding_typed::testing::actor;
use redwedding_typed::{
    Bytes, Causal, Confirmed, Deadline, Delta, Folded, Item, List, Map, OutOfRange, Stamp,
    Transaction, View, Writer,
};
use redwedding_wire::codec::{Decode, Encode};

use crate::{bytes, cases, drawn};

type Change = Result<Causal<List>, OutOfRange>;

fn value(of: &str) -> Bytes {
    Bytes::from(of.as_bytes())
}

/// Each letter is a value.
fn values(of: &str) -> Vec<Bytes> {
    of.chars().map(|it| value(&it.to_string())).collect()
}

fn push(letters: &str) -> impl FnOnce(&List, &mut Writer) -> Change {
    let letters = values(letters);
    move |list, writer| Ok(list.push(writer, letters))
}

fn insert(at: usize, letters: &str) -> impl FnOnce(&List, &mut Writer) -> Change {
    let letters = values(letters);
    move |list, writer| list.insert(writer, at, letters)
}

fn set(at: usize, letter: &str) -> impl FnOnce(&List, &mut Writer) -> Change {
    let letter = value(letter);
    move |list, writer| list.set(writer, at, letter)
}

fn take(at: usize) -> impl FnOnce(&List, &mut Writer) -> Change {
    move |list, _| Ok(list.take(at..at + 1))
}

fn made(on: &View, number: usize, change: impl FnOnce(&List, &mut Writer) -> Change) -> Delta {
    let mut transaction = Transaction::on(on, actor(number), Stamp(number as u64));
    transaction.apply(|item, writer| item.update(|list| change(list, writer))).unwrap();
    transaction.finish().unwrap().unwrap()
}

fn together(deltas: &[&Delta]) -> View {
    let mut view = View::of(&Confirmed::new());
    deltas.iter().for_each(|delta| assert_eq!(view.add(delta), Ok(Folded::Counted)));
    view
}

fn shown(item: &Item) -> String {
    let list = item.values().get::<List>();
    list.map_or(String::new(), |list| {
        list.iter().map(|it| std::str::from_utf8(it).unwrap()).collect()
    })
}

fn letters(view: &View) -> String {
    shown(view.item())
}

#[test]
fn a_list_does_what_one_of_redis_does() {
    let mut writer = Writer::new(actor(1), Stamp(0));
    let mut state = Causal::<List>::default();
    let mut step = |change: &mut dyn FnMut(&List, &mut Writer) -> Change, expected: &str| {
        let delta = change(state.store(), &mut writer).unwrap();
        state.join(&delta);
        let shown: Vec<_> = state.store().iter().cloned().collect();
        assert_eq!(shown, values(expected));
        assert_eq!(state.store().count(), expected.len());
    };
    step(&mut |list, writer| Ok(list.push(writer, values("bcb"))), "bcb");
    step(&mut |list, writer| list.insert(writer, 0, values("xa")), "xabcb");
    step(&mut |list, writer| list.insert(writer, 4, values("y")), "xabcyb");
    step(&mut |list, writer| list.set(writer, 0, value("b")), "babcyb");
    step(&mut |list, _| Ok(list.take_equal(&value("b"), -1)), "babcy");
    step(&mut |list, _| Ok(list.take_equal(&value("b"), 1)), "abcy");
    step(&mut |list, writer| Ok(list.push(writer, values("bb"))), "abcybb");
    step(&mut |list, _| Ok(list.take_equal(&value("b"), 0)), "acy");
    step(&mut |list, _| Ok(list.take(7..9)), "acy");
    step(&mut |list, _| Ok(list.trim(1..9)), "cy");
    step(&mut |list, writer| list.insert(writer, 2, values("z")), "cyz");
    step(&mut |list, _| Ok(list.clear()), "");
    step(&mut |list, writer| Ok(list.push(writer, values("n"))), "n");
    let list = state.store();
    assert_eq!((list.get(0), list.get(1)), (Some(&value("n")), None));
    assert_eq!(list.insert(&mut writer, 2, values("o")).err(), Some(OutOfRange));
    assert_eq!(list.set(&mut writer, 1, value("o")).err(), Some(OutOfRange));
}

#[test]
fn rows_pushed_concurrently_do_not_mix() {
    let base = made(&together(&[]), 1, push("--"));
    let view = together(&[&base]);
    for at in 0..=2 {
        let one = made(&view, 2, insert(at, "abc"));
        let two = made(&view, 3, insert(at, "xyz"));
        let both = letters(&together(&[&base, &one, &two]));
        assert!(both.contains("abc") && both.contains("xyz"), "{both}");
        assert_eq!(both, letters(&together(&[&base, &two, &one])));
    }
}

/// Two write rows, entry by entry, forwards or backwards, where the others do not hear of it.
fn rows(backwards: [bool; 3], at: usize) -> String {
    let base = made(&together(&[]), 1, push("--"));
    let mut all = vec![base];
    let start = together(&[&all[0]]);
    for (writer, letters) in ["abcd", "wxyz", "klmn"].into_iter().enumerate() {
        let mut view = start.clone();
        for (number, letter) in letters.chars().enumerate() {
            let at = if backwards[writer] { at } else { at + number };
            let delta = made(&view, 10 * writer + number + 2, insert(at, &letter.to_string()));
            view.add(&delta).unwrap();
            all.push(delta);
        }
    }
    letters(&together(&all.iter().collect::<Vec<_>>()))
}

#[test]
fn rows_written_one_by_one_do_not_mix_in_either_direction() {
    for ways in 0..8 {
        let backwards = [0, 1, 2].map(|writer| ways >> writer & 1 == 1);
        for at in 0..=2 {
            let all = rows(backwards, at);
            for (writer, row) in ["abcd", "wxyz", "klmn"].into_iter().enumerate() {
                let back: String = row.chars().rev().collect();
                let row = if backwards[writer] { &back } else { row };
                assert!(all.contains(row), "{row} in {all}");
            }
        }
    }
}

#[test]
fn a_removal_takes_what_its_writer_saw() {
    let base = made(&together(&[]), 1, push("abc"));
    let view = together(&[&base]);
    let popped = made(&view, 2, take(0));
    let beside = made(&view, 3, insert(1, "x"));
    assert_eq!(letters(&together(&[&base, &popped, &beside])), "xbc");
    let cleared = made(&view, 4, |list, _| Ok(list.clear()));
    let mut all = together(&[&base, &cleared]);
    assert_eq!(all.item().values().shown(), None, "only traces");
    assert!(all.item().is_hidden(0) && all.item().values().hidden().next().is_none());
    all.add(&beside).unwrap();
    assert_eq!(letters(&all), "x");
}

#[test]
fn two_pops_of_one_element_take_it_once() {
    let base = made(&together(&[]), 1, push("abc"));
    let view = together(&[&base]);
    let (one, two) = (made(&view, 2, take(0)), made(&view, 3, take(0)));
    assert_eq!(letters(&together(&[&base, &one, &two])), "bc");
}

#[test]
fn setting_is_a_register_and_brings_back_what_is_removed_beside_it() {
    let base = made(&together(&[]), 1, push("abc"));
    let view = together(&[&base]);
    let (late, early) = (made(&view, 9, set(1, "L")), made(&view, 2, set(1, "E")));
    assert_eq!(letters(&together(&[&base, &late, &early])), "aLc");
    let knowing = made(&together(&[&base, &late]), 3, set(1, "K"));
    assert_eq!(letters(&together(&[&base, &late, &knowing])), "aKc", "whatever its stamp");
    let removed = made(&view, 4, take(1));
    for deltas in [[&base, &late, &removed], [&base, &removed, &late]] {
        assert_eq!(letters(&together(&deltas)), "aLc");
    }
    let knowing = made(&together(&[&base, &late]), 5, take(1));
    assert_eq!(letters(&together(&[&base, &late, &removed, &knowing])), "ac");
}

#[test]
fn a_list_is_a_value_like_others() {
    let nested = |item: &Item, writer: &mut Writer| {
        item.update(|map: &Map| {
            map.update(value("field"), |list: &List| Ok::<_, ()>(list.push(writer, values("ab"))))
        })
    };
    let mut transaction = Transaction::on(&together(&[]), actor(1), Stamp(0));
    transaction.apply(nested).unwrap();
    let made_nested = transaction.finish().unwrap().unwrap();
    let mut view = together(&[&made_nested]);
    let mut transaction = Transaction::on(&view, actor(2), Stamp(0));
    transaction
        .apply(|item, _| item.update(|map: &Map| Ok::<_, ()>(map.take(&value("field")))))
        .unwrap();
    view.add(&transaction.finish().unwrap().unwrap()).unwrap();
    assert_eq!(view.item().values().shown(), None);

    let base = made(&together(&[]), 1, push("ab"));
    let mut confirmed = Confirmed::new();
    assert_eq!(confirmed.fold(1, &base), Ok(Folded::Counted));
    let mut transaction = Transaction::on(&View::of(&confirmed), actor(2), Stamp(0));
    transaction.apply(|item, writer| Ok::<_, ()>(item.expire(writer, Deadline(100)))).unwrap();
    assert_eq!(confirmed.fold(2, &transaction.finish().unwrap().unwrap()), Ok(Folded::Counted));
    let unseen = made(&View::of(&confirmed), 3, insert(1, "x"));
    assert!(confirmed.expire(3, 100));
    assert_eq!(shown(confirmed.item()), "");
    let stored = Confirmed::decode(&confirmed.encode()).unwrap();
    assert_eq!(stored, confirmed);
    assert_eq!(confirmed.fold(4, &unseen), Ok(Folded::Counted));
    assert_eq!(shown(confirmed.item()), "x", "beside elements that have expired");
    confirmed.raise_floor(4);
    assert_eq!(shown(confirmed.item()), "x");
}

#[test]
fn a_trace_goes_once_the_floor_is_past_the_removal() {
    let mut confirmed = Confirmed::new();
    let base = made(&View::of(&confirmed), 1, push("abc"));
    confirmed.fold(1, &base).unwrap();
    let beside = made(&View::of(&confirmed), 2, insert(2, "x"));
    let removed = made(&View::of(&confirmed), 3, take(1));
    confirmed.fold(2, &removed).unwrap();
    confirmed.raise_floor(1);
    let with_trace = confirmed.encode().len();
    let mut other = confirmed.clone();
    other.raise_floor(2);
    assert!(other.encode().len() + 10 < with_trace);
    assert!(other.fold(3, &beside).is_err(), "made before the floor");
    confirmed.fold(3, &beside).unwrap();
    assert_eq!(shown(confirmed.item()), "axc");
    // What comes right behind the trace is not stable: the trace is its boundary.
    confirmed.raise_floor(2);
    let bounded = confirmed.encode().len();
    confirmed.raise_floor(3);
    assert_eq!(shown(confirmed.item()), "axc");
    assert!(confirmed.encode().len() + 20 < bounded);
}

/// Numbers of actors that ascend.
fn ascending() -> [usize; 4] {
    let mut numbers = [20, 21, 22, 23];
    numbers.sort_by_key(|number| actor(*number));
    numbers
}

/// What the log comes to, with the floor raised after each entry as the second number says.
fn folded(log: &[(&Delta, u64)], raises: bool) -> Confirmed {
    let mut confirmed = Confirmed::new();
    for (position, (delta, floor)) in (1..).zip(log) {
        assert_eq!(confirmed.fold(position, delta), Ok(Folded::Counted));
        confirmed.raise_floor(if raises { *floor } else { 0 });
    }
    confirmed
}

#[test]
fn who_had_not_seen_a_boundary_stays_beyond_those_who_had_though_it_is_gone() {
    let [late, first, boundary, _] = ascending();
    let base = made(&together(&[]), 1, push("s"));
    let on_base = View::of(&folded(&[(&base, 0)], false));
    let first = made(&on_base, first, push("o"));
    let boundary = made(&on_base, boundary, push("t"));
    let log = [(&base, 0), (&boundary, 0)];
    let removed = made(&View::of(&folded(&log, false)), 2, take(1));
    let log = [(&base, 0), (&boundary, 0), (&removed, 0)];
    // It has seen the boundary and its removal, and not the first.
    let late = made(&View::of(&folded(&log, false)), late, push("w"));
    let log = [(&base, 0), (&boundary, 0), (&removed, 0), (&first, 3), (&late, 3)];
    assert_eq!(shown(folded(&log, false).item()), "sow");
    assert_eq!(shown(folded(&log, true).item()), "sow");
}

#[test]
fn two_who_had_not_seen_a_boundary_stay_in_their_order() {
    let [y, x, b, c] = ascending();
    let base = made(&together(&[]), 1, push("sd"));
    let on_base = View::of(&folded(&[(&base, 0)], false));
    let x = made(&on_base, x, insert(1, "x"));
    let c = made(&on_base, c, insert(1, "c"));
    let on_c = View::of(&folded(&[(&base, 0), (&c, 0)], false));
    let (y, b) = (made(&on_c, y, insert(1, "y")), made(&on_c, b, insert(1, "b")));
    let log = [(&base, 0), (&c, 0), (&b, 0), (&x, 0), (&y, 3)];
    let end = made(&View::of(&folded(&log, false)), 2, push("e"));
    let log = [(&base, 0), (&c, 0), (&b, 0), (&x, 0), (&y, 3), (&end, 3)];
    assert_eq!(shown(folded(&log, false).item()), "sxybcde");
    assert_eq!(shown(folded(&log, true).item()), "sxybcde");
}

#[test]
fn a_neighbour_that_is_gone_is_what_stands_there() {
    let [first, second, ..] = ascending();
    let base = made(&together(&[]), 1, push("stb"));
    let removed = made(&View::of(&folded(&[(&base, 0)], false)), 2, take(1));
    // Both still have the trace for their neighbour; it is gone when the second comes.
    let on = View::of(&folded(&[(&base, 0), (&removed, 0)], false));
    let (one, two) = (made(&on, first, insert(1, "o")), made(&on, second, insert(1, "w")));
    for log in [[&one, &two], [&two, &one]] {
        let log = [(&base, 0), (&removed, 0), (log[0], 2), (log[1], 2)];
        assert_eq!(shown(folded(&log, false).item()), "sowb");
        assert_eq!(shown(folded(&log, true).item()), "sowb");
    }
}

/// Folds entries one on the other, with the floor so far behind.
fn queue(
    entries: u64,
    behind: u64,
    changes: impl Fn(u64, &List, &mut Writer) -> Change,
) -> Confirmed {
    let mut confirmed = Confirmed::new();
    for position in 1..=entries {
        let delta = made(&View::of(&confirmed), position as usize, |list, writer| {
            changes(position, list, writer)
        });
        assert_eq!(confirmed.fold(position, &delta), Ok(Folded::Counted));
        confirmed.raise_floor(position.saturating_sub(behind));
    }
    confirmed
}

#[test]
fn a_queue_does_not_grow_with_what_went_through() {
    let step = |position, list: &List, writer: &mut Writer| match position % 2 {
        0 => Ok(list.take(0..1)),
        _ => Ok(list.push(writer, values("v"))),
    };
    let once = queue(40, 10, step).encode().len();
    assert!(queue(2_000, 10, step).encode().len() <= once + 60);
    assert_eq!(queue(2_000, 0, step).item(), &Item::default());
    let stack = |position, list: &List, writer: &mut Writer| match position % 2 {
        0 => Ok(list.take(0..1)),
        _ => list.insert(writer, 0, values("v")),
    };
    let once = queue(40, 10, stack).encode().len();
    assert!(queue(2_000, 10, stack).encode().len() <= once + 60);
}

#[test]
fn a_plain_list_costs_its_elements_and_a_few_bytes_each() {
    let pushed = queue(1_000, 0, |_, list, writer| Ok(list.push(writer, values("v"))));
    assert!(pushed.encode().len() <= 1_000 * 4 + 40, "{}", pushed.encode().len());
    let headed = queue(1_000, 0, |_, list, writer| list.insert(writer, 0, values("v")));
    assert!(headed.encode().len() <= 1_000 * 4 + 40, "{}", headed.encode().len());
    let set = queue(1_001, 0, |position, list, writer| match position {
        1 => Ok(list.push(writer, vec![value("v"); 1_000])),
        _ => list.set(writer, position as usize - 2, value("w")),
    });
    assert!(set.encode().len() <= 1_000 * 24 + 40, "{}", set.encode().len());

    let row =
        made(&together(&[]), 1, |list, writer| Ok(list.push(writer, vec![value("v"); 1_000])));
    assert!(row.encode().len() <= 1_000 * 45, "{}", row.encode().len());
}

#[test]
fn long_rows_take_no_recursion_and_no_square_of_time() {
    let count = 30_000;
    let many = |_: &str| vec![value("v"); count];
    let one = made(&together(&[]), 1, |list, writer| Ok(list.push(writer, many("v"))));
    let mut writer = Writer::new(actor(2), Stamp(0));
    let mut state = Causal::<List>::default();
    // One by one at the head, as one delta.
    for _ in 0..300 {
        let delta = state.store().insert(&mut writer, 0, many("v").into_iter().take(100)).unwrap();
        state.join(&delta);
    }
    assert_eq!(state.store().count(), count);
    let mut view = together(&[&one]);
    let other = made(&together(&[]), 3, |list, writer| Ok(list.push(writer, many("w"))));
    view.add(&other).unwrap();
    assert_eq!(view.item().values().get::<List>().map(List::count), Some(2 * count));
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn bent_lists_are_refused_or_usable(bytes in drawn(300), at: prop::sample::Index, to: u8) {
        use redwedding_typed::Kind;
        use redwedding_typed::testing::log::World;
        let world = World::of_kind(&bytes, Some(Kind::List), crate::STEPS);
        let confirmed = world.folded(world.entries()).encode();
        for mut encoded in world.deltas().map(Encode::encode).chain([confirmed]) {
            let at = at.index(encoded.len());
            encoded[at] = to;
            bytes::usable(&encoded);
            encoded.remove(at);
            bytes::usable(&encoded);
        }
    }
}
