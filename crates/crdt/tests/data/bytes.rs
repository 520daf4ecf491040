//! Bytes and values are one to one, and bytes of others cost little.

use proptest::prelude::*;
use redwedding_crdt::codec::{Decode, DecodeError, Encode};
use redwedding_crdt::data::{Confirmed, Delta, Folded, Stamp, Transaction, View};
use redwedding_crdt::testing::check;
use redwedding_crdt::testing::typed::log::World;
use redwedding_crdt::testing::typed::{Operation, actor, shown};

use crate::{STEPS, cases, drawn};

/// Bytes held at once for each byte of input: a member of a set is six bytes, or
/// an entry of a map with two allocations.
const MULTIPLE: u64 = 40;
/// And whatever the input: what serde reserves for a list before it has read it.
const CONSTANT: u64 = (2 << 20) + (64 << 10);

/// Changes some bytes: what still decodes is canonical, and can be worked with.
fn bent(mut bytes: Vec<u8>, bends: &[(prop::sample::Index, u8, u8)]) {
    for (at, to, way) in bends {
        let at = at.index(bytes.len());
        match way % 4 {
            0 => bytes[at] = *to,
            1 => bytes[at] ^= 1 << (to % 8),
            2 => bytes.insert(at, *to),
            _ if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => {}
        }
        usable(&bytes);
    }
}

fn usable(bytes: &[u8]) {
    let measured = allocation_counter::measure(|| {
        let _ = (Delta::decode(bytes).is_ok(), Confirmed::decode(bytes).is_ok());
    });
    assert!(measured.bytes_max <= bytes.len() as u64 * MULTIPLE + CONSTANT, "{measured:?}");
    if let Some(delta) = check::canonical::<Delta>(bytes) {
        let mut confirmed = Confirmed::new();
        confirmed.skip(delta.made());
        let _ = View::of(&confirmed).add(&delta);
        if confirmed.fold(delta.made().saturating_add(1), &delta).is_ok() {
            shown(confirmed.item());
        }
    }
    if let Some(mut confirmed) = check::canonical::<Confirmed>(bytes) {
        shown(confirmed.item());
        confirmed.raise_floor(u64::MAX);
        let again = Confirmed::decode(&confirmed.encode());
        assert_eq!(again.as_ref(), Ok(&confirmed));
    }
}

fn bends() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..12)
}

proptest! {
    #![proptest_config(cases(700))]

    #[test]
    fn what_is_written_is_read(bytes in drawn(300), bends in bends()) {
        let world = World::of(&bytes, STEPS);
        for delta in world.deltas() {
            let encoded = delta.encode();
            prop_assert_eq!(&Delta::decode(&encoded).unwrap(), delta);
            bent(encoded, &bends);
        }
        let confirmed = world.folded(world.entries());
        let encoded = confirmed.encode();
        prop_assert_eq!(&Confirmed::decode(&encoded).unwrap(), &confirmed);
        for cut in 0..encoded.len().min(200) {
            prop_assert!(Confirmed::decode(&encoded[..cut]).is_err());
        }
        bent(encoded, &bends);
    }

    #[test]
    fn nonsense(bytes in drawn(200)) {
        usable(&bytes);
    }
}

#[test]
fn lengths_are_not_believed_and_nesting_is_bounded() {
    let world = World::of(&[77; 300], STEPS);
    let valid = world.folded(world.entries()).encode();
    let deltas = world.deltas().map(Encode::encode);
    for valid in deltas.chain([valid]) {
        for at in (0..valid.len()).filter(|at| (2..=5).contains(&(valid[*at] >> 5))) {
            let head = [valid[at] & 0xe0 | 26, 0xff, 0xff, 0xff, 0xff];
            usable(&[&valid[..at], &head[..], &valid[at + 1..]].concat());
        }
    }
    for open in [&[0x81][..], &[0x82, 0x81], &[0xa1, 0x61, b'm']] {
        usable(&[&[0x87, 1, 0, 0, 0, 0x80][..], &open.repeat(1 << 16)].concat());
        usable(&[&[0x85, 1, 0, 0, 0x80][..], &open.repeat(1 << 16)].concat());
    }
}

#[test]
fn many_small_things_cost_what_they_are() {
    let many = 30_000u16;
    let list = [&[0x99][..], &many.to_be_bytes()].concat();
    let presence = [0x81, 0x82, 0x82, 1, 1, 0xf6];
    let members =
        (0..many).map(|member| [&[0x82, 0x42][..], &member.to_be_bytes(), &presence].concat());
    let fields = (0..many).map(|field| {
        let name = &field.to_be_bytes();
        [&[0x82, 0x42][..], name, &[0x81, 0xa1, 0x61, b'e'], &presence].concat()
    });
    let dots =
        (1..=many).map(|dot| [&[0x82, 0x82, 1, 0x19][..], &dot.to_be_bytes(), &[0xf6]].concat());
    let start = [0x85, 1, 1, 0, 0x80, 0x82, 0x81, 0xa1, 0x61];
    for (kind, items) in
        [(b's', members.collect::<Vec<_>>()), (b'm', fields.collect()), (b'e', dots.collect())]
    {
        let bytes = [&start[..], &[kind], &list, &items.concat(), &[0x80]].concat();
        assert!(!matches!(Confirmed::decode(&bytes), Err(DecodeError::Malformed(_))), "{kind}");
        usable(&bytes);
    }
}

#[test]
fn another_format_is_said_to_be_one() {
    let mut bytes = Confirmed::new().encode();
    bytes[1] = 2;
    assert_eq!(Confirmed::decode(&bytes), Err(DecodeError::Format(2, 1)));
}

/// A document with one entry at position 5, and a delta that was made on it.
fn small() -> (Vec<u8>, Vec<u8>) {
    let made = |confirmed: &Confirmed, number: usize| {
        let mut transaction = Transaction::on(&View::of(confirmed), actor(number), Stamp(0));
        let added =
            transaction.apply(|item, writer| Operation::Count(1).on(item, writer).ok_or(()));
        assert_eq!(added, Ok(()));
        transaction.apply(|item, _| Ok::<_, ()>(item.clear())).unwrap();
        let added = transaction.apply(|item, writer| Operation::Add(1).on(item, writer).ok_or(()));
        assert_eq!(added, Ok(()));
        transaction.finish().unwrap().unwrap()
    };
    let mut confirmed = Confirmed::new();
    assert_eq!(confirmed.fold(5, &made(&confirmed, 1)), Ok(Folded::Counted));
    (confirmed.encode(), made(&confirmed, 2).encode())
}

fn is_invalid<T: Decode + std::fmt::Debug>(bytes: &[u8], at: usize, from: u8, to: u8) {
    assert!(T::decode(bytes).is_ok());
    assert_eq!(bytes[at], from);
    let mut wrong = bytes.to_vec();
    wrong[at] = to;
    let decoded = T::decode(&wrong);
    assert!(matches!(decoded, Err(DecodeError::Invalid(_))), "{at}: {to}: {decoded:?}");
}

#[test]
fn what_cannot_be_is_refused() {
    let (confirmed, delta) = small();
    // [format, cursor, floor, [[actor, position]], ...
    is_invalid::<Confirmed>(&confirmed, 2, 5, 4);
    is_invalid::<Confirmed>(&confirmed, 3, 0, 5);
    is_invalid::<Confirmed>(&confirmed, 3, 0, 6);
    is_invalid::<Confirmed>(&confirmed, 15, 5, 6);
    // [format, actor, made, floor, ...
    is_invalid::<Delta>(&delta, 11, 5, 4);
    is_invalid::<Delta>(&delta, 12, 0, 6);
    let empty_set = [&delta[..14], &[0x82, 0x81, 0xa1, 0x61, b's', 0x80, 0x80, 0x82, 0, 0x80]];
    assert!(Delta::decode(&empty_set.concat()).is_err(), "an empty value is none");
    let empty_member = [
        &delta[..14],
        &[0x82, 0x81, 0xa1, 0x61, b's', 0x81, 0x82, 0x40, 0x80, 0x80, 0x82, 0, 0x80],
    ];
    assert!(Delta::decode(&empty_member.concat()).is_err(), "a member without dots is none");
    let flag = |cursor| {
        let dots = [0x82, 0x81, 0xa1, 0x61, b'e', 0x81, 0x82, 0x82, 5, 1, 0xf6, 0x80];
        Confirmed::decode(&[&[0x85, 1, cursor, cursor, 0x80], &dots[..]].concat())
    };
    assert!(flag(5).is_ok() && flag(4).is_err(), "a dot beyond the cursor");
    let nothing = [&delta[..14], &[0x82, 0x80, 0x80, 0x82, 0, 0x80]];
    assert!(Delta::decode(&nothing.concat()).is_ok());
}
