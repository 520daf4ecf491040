//! Bytes and values are one to one: what is written reads back, and what is not
//! written by us is refused, whichever way it is bent.

#![allow(clippy::unwrap_used)]

use std::fmt::Debug;

use proptest::prelude::*;
use redwedding_document::Document;
use redwedding_document::entry::{Body, Entry};
use redwedding_document::limits;
use redwedding_document::testing::{check, log, values};
use redwedding_wire::codec::{Decode, DecodeError, Encode};
use redwedding_wire::identity::EditId;
use redwedding_wire::testing::{Draw, canonical};
use redwedding_wire::version::{Base, REVISIONS, VersionRef};

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(default);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn drawn(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn comes_back<T: Encode + Decode + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = value.encode();
    assert_eq!(T::decode(&bytes).as_ref(), Ok(value));
    bytes
}

/// Cuts `bytes` at every place near the ends and at one in the middle.
fn no_part_decodes<T: Decode + Debug>(bytes: &[u8], middle: usize) {
    let cuts = (0..bytes.len().min(64)).chain([middle % bytes.len()]);
    for cut in cuts.chain(bytes.len().saturating_sub(64)..bytes.len()) {
        assert!(T::decode(&bytes[..cut]).is_err(), "{cut} of {} bytes", bytes.len());
    }
    let longer = [bytes, &[0]].concat();
    assert!(T::decode(&longer).is_err());
}

/// Changes some bytes: what still decodes is the canonical form of another value.
fn bent<T: Encode + Decode>(mut bytes: Vec<u8>, bends: &[(prop::sample::Index, u8, u8)]) {
    for (at, to, way) in bends {
        let at = at.index(bytes.len());
        match way % 4 {
            0 => bytes[at] = *to,
            1 => bytes[at] ^= 1 << (to % 8),
            2 => bytes.insert(at, *to),
            _ if bytes.len() > 1 => drop(bytes.remove(at)),
            _ => {}
        }
        canonical::<T>(&bytes);
    }
}

fn bends() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, u8)>> {
    prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..12)
}

proptest! {
    #![proptest_config(cases(1_500))]

    #[test]
    fn entries(bytes in drawn(400), middle: usize, bends in bends()) {
        let entry = values::entry(&mut Draw::new(&bytes));
        let encoded = comes_back(&entry);
        no_part_decodes::<Entry>(&encoded, middle);
        bent::<Entry>(encoded, &bends);
    }

    #[test]
    fn versions(bytes in drawn(400), middle: usize, bends in bends()) {
        let version = values::version(&mut Draw::new(&bytes), 40);
        let encoded = comes_back(&version);
        no_part_decodes::<VersionRef>(&encoded, middle);
        bent::<VersionRef>(encoded, &bends);
    }

    #[test]
    fn nonsense(bytes in drawn(200)) {
        check::decoders(&bytes);
    }

    #[test]
    fn equal_values_have_equal_bytes_and_actors(bytes in drawn(200), other in drawn(200)) {
        let one = values::entry(&mut Draw::new(&bytes));
        let two = values::entry(&mut Draw::new(&other));
        prop_assert_eq!(one == two, one.encode() == two.encode());
        if one.actor().is_some() && one.actor() == two.actor() {
            prop_assert_eq!(one.body.kind(), two.body.kind());
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn documents(bytes in drawn(900), middle: usize, bends in bends()) {
        let document = log::written(&bytes, 40).document;
        let encoded = comes_back(&document);
        no_part_decodes::<Document>(&encoded, middle);
        bent::<Document>(encoded, &bends);
    }
}

/// The same value in other CBOR. The third entry of the array is the kind.
#[test]
fn there_is_one_way_to_write_a_value() {
    let entry = values::entry(&mut Draw::new(&[7; 40]));
    let bytes = entry.encode();
    assert_eq!(&bytes[..3], [0x86, 0x01, 0x82]);
    let with = |head: &[u8], rest: usize| [head, &bytes[rest..]].concat();
    let other = [
        ("a longer number", with(&[0x86, 0x18, 0x01], 2)),
        ("a longer number still", with(&[0x86, 0x1b, 0, 0, 0, 0, 0, 0, 0, 1], 2)),
        ("a number in a big number's tag", with(&[0x86, 0xc2, 0x41, 1], 2)),
        ("a longer length", with(&[0x98, 0x06], 1)),
        ("a length that is too great", with(&[0x87], 1)),
        ("no length", [&[0x9f], &bytes[1..], &[0xff]].concat()),
        ("a tag", [&[0xd9, 0xd9, 0xf7], &bytes[..]].concat()),
        ("an inner length that is too great", with(&[0x86, 0x01, 0x83], 3)),
        ("bytes after the end", [&bytes[..], &[0xf6]].concat()),
        ("a float", with(&[0x86, 0xf9, 0x3c, 0x00], 2)),
    ];
    for (what, bytes) in other {
        assert!(Entry::decode(&bytes).is_err(), "{what}");
    }
}

fn refused(entry: &Entry) -> bool {
    matches!(Entry::decode(&entry.encode()), Err(DecodeError::Invalid(_)))
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    let entry = |body| Entry::new(log::key(), body);
    let edit = || values::edit(&mut Draw::new(&[9; 300]));
    assert!(!refused(&entry(Body::Edit(edit()))));

    let mut long = edit();
    long.delta.note.author = "a".repeat(limits::AUTHOR_BYTES + 1);
    assert!(refused(&entry(Body::Edit(long))));
    let mut long = edit();
    long.delta.note.comment = "a".repeat(limits::COMMENT_BYTES + 1);
    assert!(refused(&entry(Body::Edit(long))));
    let mut long = edit();
    long.pop = "a".repeat(limits::SITE_BYTES + 1);
    assert!(refused(&entry(Body::Edit(long))));
    let mut nobody = edit();
    nobody.delta.edit = EditId::default();
    assert!(refused(&entry(Body::Edit(nobody))));

    let mut many = values::version(&mut Draw::new(&[]), 0);
    many.extra = (0..=limits::INLINE_DOTS as u64).map(redwedding_wire::identity::Actor).collect();
    let mut based = edit();
    based.delta.base = Base::Version(many.clone());
    assert!(refused(&entry(Body::Edit(based))));
    assert!(!refused(&entry(Body::Version(many.clone()))));
    many.extra.swap(0, 1);
    assert!(refused(&entry(Body::Version(many.clone()))));
    assert!(VersionRef::decode(&many.encode()).is_err());

    for revision in [0, REVISIONS, u64::MAX] {
        let mut page = values::page(&mut Draw::new(&[]));
        page.revision = revision;
        assert!(refused(&entry(Body::Base(page))), "{revision}");
    }
    let mut page = values::page(&mut Draw::new(&[]));
    page.text = "a".repeat(limits::PAGE_BYTES + 1);
    assert!(refused(&entry(Body::Base(page))));
    let whole = Entry { extensions: vec![0; limits::ENTRY_BYTES], ..entry(Body::Edit(edit())) };
    assert!(matches!(Entry::decode(&whole.encode()), Err(DecodeError::TooLong(..))));
}

#[test]
fn another_format_is_said_to_be_one() {
    let mut bytes = values::entry(&mut Draw::new(&[])).encode();
    for format in [0, 2, 23] {
        bytes[1] = format;
        assert_eq!(Entry::decode(&bytes), Err(DecodeError::Format(format, 1)));
    }
}
