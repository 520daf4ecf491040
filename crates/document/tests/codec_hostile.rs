//! What hostile bytes cost: memory within a small multiple of their length and
//! one constant, and little time. The constant is what the decoder reserves for
//! a list before it has seen the list's elements.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use redwedding_document::Document;
use redwedding_document::entry::Entry;
use redwedding_document::testing::{log, values};
use redwedding_text::{Hunk, Patch, Text};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::testing::Draw;
use redwedding_wire::version::VersionRef;

/// Bytes held at once for each byte of input.
const MULTIPLE: u64 = 10;
/// Bytes held at once whatever the input: two lists within each other, reserved
/// by at most a MiB each, and the error's text.
const CONSTANT: u64 = (2 << 20) + (64 << 10);
/// Bytes asked for in all, for each byte of input.
const IN_ALL: u64 = 16;

fn cost(what: &str, bytes: &[u8], decode: impl FnOnce(&[u8])) {
    let start = Instant::now();
    let info = allocation_counter::measure(|| decode(bytes));
    let (length, took) = (bytes.len() as u64, start.elapsed());
    println!(
        "{what}: {length} bytes, {} at once, {} in all, {took:?}",
        info.bytes_max, info.bytes_total
    );
    assert!(info.bytes_max <= length * MULTIPLE + CONSTANT, "{what}: {info:?} for {length}");
    assert!(info.bytes_total <= length * IN_ALL + CONSTANT, "{what}: {info:?} for {length}");
    assert!(took < Duration::from_secs(2), "{what} took {took:?}");
}

fn cost_of_all(what: &str, bytes: &[u8]) {
    cost(&format!("{what} as an entry"), bytes, |bytes| drop(Entry::decode(bytes)));
    cost(&format!("{what} as a version"), bytes, |bytes| drop(VersionRef::decode(bytes)));
    cost(&format!("{what} as a document"), bytes, |bytes| drop(Document::decode(bytes)));
    cost(&format!("{what} as a cached one"), bytes, |bytes| drop(Document::decode_own(bytes)));
}

/// A header of a major type with the greatest length that fits `bytes` bytes.
fn header(major: u8, bytes: usize) -> Vec<u8> {
    let info = [24, 25, 26, 27][bytes.trailing_zeros() as usize];
    [&[major << 5 | info][..], &vec![0xff; bytes]].concat()
}

#[test]
fn a_length_is_not_believed() {
    let document = log::written(&[200; 900], 40).document;
    let (document, cached) = (document.encode(), document.encode_own());
    let entry = values::entry(&mut Draw::new(&[7; 200])).encode();
    for valid in [&document, &cached, &entry] {
        for at in 0..valid.len() {
            // Wherever something with a length begins, one far too great.
            let major = valid[at] >> 5;
            if !(2..=5).contains(&major) {
                continue;
            }
            for bytes in [2, 4, 8] {
                let hostile = [&valid[..at], &header(major, bytes), &valid[at + 1..]].concat();
                cost_of_all("a great length", &hostile);
            }
        }
    }
}

#[test]
fn nesting_is_bounded() {
    for open in [&[0x81][..], &[0x9f], &[0xa1, 0x61, 0x61], &[0xd8, 0x20], &[0x5f], &[0x7f]] {
        let hostile = open.repeat(1 << 18);
        cost_of_all("nesting", &hostile);
        cost_of_all("nesting further in", &[&[0x86, 0x01][..], &hostile].concat());
        cost_of_all("in a document", &[&[0x8f, 0x01][..], &hostile].concat());
    }
}

#[test]
fn many_small_things_cost_what_they_are() {
    let list = |item: &[u8], count: u32| {
        [&[0x9a][..], &count.to_be_bytes(), &item.repeat(count as usize)].concat()
    };
    let many = 1 << 18;
    for item in [&[0x00][..], &[0x80], &[0x60], &[0xf6], &[0x82, 0x00, 0x80]] {
        let items = list(item, many);
        cost_of_all("items", &items);
        // As the changes, and as the records of the text, of an empty document.
        let empty = log::written(&[], 0).document.encode();
        for at in (0..empty.len()).filter(|at| empty[*at] == 0x80) {
            let hostile = [&empty[..at], &items, &empty[at + 1..]].concat();
            cost("items in a document", &hostile, |bytes| drop(Document::decode(bytes)));
        }
    }
}

#[test]
fn columns_cost_what_they_are() {
    let mut entry = values::entry(&mut Draw::new(&[]));
    assert_eq!(entry.body.kind(), 1);
    entry.extensions = vec![0; 10];
    let bytes = entry.encode();
    // The hunks of the patch, in the payload: an empty byte string before an empty text.
    let at = bytes.windows(3).position(|three| three == [0x82, 0x40, 0x60]).unwrap();
    for hunk in [&[1, 1, 0][..], &[0, 0, 0], &[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0], &[0x80]] {
        let columns = hunk.repeat((1 << 20) / hunk.len());
        let length = (columns.len() as u32).to_be_bytes();
        let patch = [&[0x82, 0x5a][..], &length, &columns, &[0x60]].concat();
        let grown = patch.len() - 3;
        let payload = bytes[..at].iter().rposition(|byte| *byte == 0x58).unwrap();
        let old = bytes[payload + 1] as usize;
        let head = [&[0x5a][..], &((old + grown) as u32).to_be_bytes()].concat();
        let hostile =
            [&bytes[..payload], &head, &bytes[payload + 2..at], &patch, &bytes[at + 3..]].concat();
        cost("columns", &hostile, |bytes| drop(Entry::decode(bytes)));
        if hunk == [1, 1, 0] {
            assert!(Entry::decode(&hostile).is_ok());
        }
    }
}

#[test]
fn what_is_valid_costs_little_too() {
    let document = log::written(&[200; 900], 60).document.encode();
    cost("a document", &document, |bytes| drop(Document::decode(bytes).unwrap()));
}

#[test]
fn rows_of_edits_cost_what_they_are() {
    let mut text = Text::from_text("ab".repeat(300_000));
    let hunks = vec![Hunk { skip: 1, delete: 1, insert: 0 }; 300_000];
    let patch = Patch::new(hunks, String::new()).unwrap();
    text.merge(1, &text.head(), &patch).unwrap();
    let written = text.columns();
    let bytes = written.text.len() + written.made.len() + written.removed.len();
    let held = allocation_counter::measure(|| {
        drop(Text::from_columns(written.clone(), &[1]).unwrap());
    });
    // Three bytes say what a row takes 32 for, while the list of them doubles.
    assert!(held.bytes_max as usize <= bytes * 20, "{} bytes for {bytes}", held.bytes_max);
}
