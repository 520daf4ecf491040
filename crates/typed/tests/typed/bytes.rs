//! Bytes and values are one to one, and bytes of others cost little.

use proptest::prelude::*;
use redwedding_typed::testing::log::World;
use redwedding_typed::testing::{Operation, actor, bytes};
use redwedding_typed::{Confirmed, Delta, Folded, Stamp, Transaction, View};
use redwedding_wire::codec::{Decode, DecodeError, Encode};

use crate::{STEPS, cases, drawn};

/// Bytes held at once for each byte of input. An actor is one byte or, while its list
/// doubles, 24; a dot three or 48; a member of a set eleven or 160.
const MULTIPLE: u64 = 32;
/// And whatever the input: room for a few elements of each list that nests, and
/// the error's text.
const CONSTANT: u64 = 64 << 10;

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

pub(crate) fn usable(bytes: &[u8]) {
    let measured = allocation_counter::measure(|| bytes::decode(bytes));
    assert!(measured.bytes_max <= bytes.len() as u64 * MULTIPLE + CONSTANT, "{measured:?}");
    bytes::check(bytes);
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
    fn what_is_bent_is_refused_or_usable(bytes in drawn(300)) {
        bytes::check_wrong(&bytes, STEPS);
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
fn nested_lengths_are_not_believed_either() {
    let many = [0x9a, 0xff, 0xff, 0xff, 0xff];
    let within = [&many[..], &[0xa1, 0x61, b'm', 0x81, 0x82, 0x40]].concat();
    for start in [&[0x85, 1, 0, 0, 0x80, 0x82][..], &[0x87, 1, 0, 0, 0, 0x80, 0x82]] {
        for depth in [1, 8, 50, 200] {
            let lists = [start, &within.repeat(depth), &many].concat();
            usable(&lists);
            let flags = [start, &within.repeat(depth), &[0x81, 0xa1, 0x61, b'e'], &many].concat();
            usable(&flags);
        }
    }
}

#[test]
fn many_small_things_cost_what_they_are() {
    // One more than a list that doubles has room for; numbers of two bytes each.
    let many = (1u16 << 15) + 1;
    let list = [&[0x99][..], &many.to_be_bytes()].concat();
    let each = |item: &dyn Fn(&[u8; 2]) -> Vec<u8>| {
        (256..256 + many).flat_map(|number| item(&number.to_be_bytes())).collect::<Vec<_>>()
    };
    let dot =
        |number: &[u8; 2], content: &[u8]| [&[0x82, 0x82, 1, 0x19][..], number, content].concat();
    let member = |number: &[u8; 2], before: &[u8], content: &[u8]| {
        [&[0x82, 0x42][..], number, before, &[0x81], &dot(number, content)].concat()
    };
    for (kind, items) in [
        (b's', each(&|number| member(number, &[], &[0xf6]))),
        (b'm', each(&|number| member(number, &[0x81, 0xa1, 0x61, b'e'], &[0xf6]))),
        (b'z', each(&|number| member(number, &[0x82, 0x80], &[0]))),
        (b'e', each(&|number| dot(number, &[0xf6]))),
        (b'q', each(&|number| dot(number, &[0x40]))),
        (b'h', each(&|number| dot(number, &[0x40]))),
    ] {
        let start = [0x85, 1, 1, 0, 0x80, 0x82, 0x81, 0xa1, 0x61, kind];
        let bytes = [&start[..], &list, &items, &[0x80]].concat();
        assert!(Confirmed::decode(&bytes).is_ok(), "{kind}");
        usable(&bytes);
    }
    // Plain elements are columns: position, sequence, and a length of nothing.
    let plain = usize::from(many);
    let column = |bytes: Vec<u8>| match u16::try_from(bytes.len()) {
        Ok(length) => [&[0x59][..], &length.to_be_bytes(), &bytes].concat(),
        Err(_) => [&[0x5a][..], &(bytes.len() as u32).to_be_bytes(), &bytes].concat(),
    };
    let start = [0x85, 1, 1, 0, 0x80, 0x82, 0x81, 0xa1, 0x61, b'l', 0x85];
    let dots = [&[2, 0][..], &[0, 0].repeat(plain - 1)].concat();
    let columns = [column(dots), column(vec![0; plain]), vec![0x40, 0x80, 0x80, 0x80]].concat();
    let bytes = [&start[..], &columns].concat();
    assert!(Confirmed::decode(&bytes).is_ok());
    usable(&bytes);
    // Others one by one: as inserted at either end, and traces.
    for other in [&[0xa1, 0x61, b'i', 0x84][..], &[0xa1, 0x61, b'e', 0x84]] {
        let items = each(&|number| {
            let id = [&[0x82, 1, 0x19][..], number].concat();
            let rest = match other[2] {
                b'i' => &[0x83, 0, 0x61, b'n', 0x61, b'n', 0, 0x40][..],
                _ => &[0xf6, 1, 0x80],
            };
            [&[0x82, 0][..], other, &id, rest].concat()
        });
        let bytes = [&start[..], &[0x40, 0x40, 0x40], &list, &items, &[0x80, 0x80]].concat();
        assert!(Confirmed::decode(&bytes).is_ok());
        usable(&bytes);
    }
    let removed = each(&|number| [&[0x82, 1, 0x19][..], number].concat());
    let bytes = [&[0x87, 1, 0, 1, 0, 0x80, 0x82, 0x80, 0x80, 0x82, 0][..], &list, &removed];
    assert!(Delta::decode(&bytes.concat()).is_ok());
    usable(&bytes.concat());
}

#[test]
fn many_small_things_that_cannot_be_cost_no_more() {
    let many = (1u32 << 17) + 1;
    let list =
        |item: &[u8]| [&[0x9a][..], &many.to_be_bytes(), &item.repeat(many as usize)].concat();
    for (start, item) in [
        (&[0x85, 1, 1, 0][..], &[0x82, 0, 0][..]),
        (&[0x85, 1, 1, 0, 0x80, 0x82], &[0xa1, 0x61, b'e', 0x80]),
        (&[0x85, 1, 1, 0, 0x80, 0x82], &[0xa1, 0x61, b'e', 0x81, 0x82, 0x82, 1, 1, 0xf6]),
        (&[0x85, 1, 1, 0, 0x80, 0x82, 0x81, 0xa1, 0x61, b's'], &[0x82, 0x40, 0x80]),
        (&[0x85, 1, 1, 0, 0x80, 0x82, 0x80], &[0x82, 0x82, 1, 1, 0]),
        (&[0x87, 1, 0, 0, 0], &[0]),
        (&[0x87, 1, 0, 0, 0, 0x80, 0x82, 0x80, 0x80, 0x82, 0], &[0x82, 1, 1]),
        (&[0x87, 1, 0, 0, 0, 0x80, 0x82, 0x80, 0x80, 0x82, 0], &[0x83, 0, 1, 1]),
    ] {
        usable(&[start, &list(item)].concat());
        usable(&[start, &list(item), &[0x80; 3]].concat());
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
