//! Every format of this crate as it was first written; and every golden file of
//! all crates against `docs/wire.cddl`.
//!
//! What lies in `v1` never changes again, see `redwedding_wire::testing::golden`.
//! A cache's bytes in an older format are as good as none.
//! `GOLDEN=write cargo test -p redwedding-replica --test golden` writes what is
//! not there yet; a file that is there has to be removed by hand.

#![allow(clippy::unwrap_used)]

mod cddl;

use std::path::{Path, PathBuf};

use redwedding_document::Document;
use redwedding_document::entry::{Body, Delta, Edit, Entry, Missing, Note, OriginPage};
use redwedding_replica::client_session::ClientSession;
use redwedding_replica::member::{Member, Members};
use redwedding_replica::outbox_report::BucketReport;
use redwedding_replica::page_snapshot::PageSnapshot;
use redwedding_replica::sync::{
    Answer, Lease, Pull, Pulled, Receipt, Record, Request, StoredRecord,
};
use redwedding_replica::testing::wire;
use redwedding_text::{Patch, diff};
use redwedding_wire::codec::{self, Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId};
use redwedding_wire::version::{
    Base, Cursor, ObjectId, OriginText, Place, Root, VersionName, VersionRef,
};
use serde_bytes::ByteBuf;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn golden(name: &str, bytes: Vec<u8>) {
    written(1, name, bytes);
}

fn file(of: &str, version: u8, name: &str) -> PathBuf {
    crates().join(format!("{of}/tests/golden/v{version}/{name}.cbor"))
}

fn written(version: u8, name: &str, bytes: Vec<u8>) {
    let path = file("replica", version, name);
    if std::env::var_os("GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(bytes, std::fs::read(&path).unwrap(), "{name} is written as it was");
    let kind = name.split('-').next().unwrap();
    assert!(wire::decoders(&bytes).contains(&kind), "{name} is read as it was");
}

/// A golden file of entries and documents.
fn of_document(version: u8, name: &str) -> Vec<u8> {
    std::fs::read(file("document", version, name)).unwrap()
}

fn key() -> DocumentKey {
    DocumentKey::new("wiki", "Red_Wedding").unwrap()
}

fn place() -> Place {
    Place { position: 1_234, check: 0xdead_beef }
}

fn cursor() -> Cursor {
    Cursor { epoch: 9, position: 1_234, prefix: Digest([0x77; 16]) }
}

fn members() -> Members {
    let mut members = Members::default();
    for (pop, heartbeat_ms) in [("FRA", 5), ("AMS", 1_790_000_000_000), ("a longer name", 7)] {
        let version = "1.0.0".to_owned();
        members.observe(pop, Member { heartbeat_ms, version, replica: u64::MAX, saves: 24 });
    }
    members
}

#[test]
fn exchanges() {
    let mut request = Request::new("wiki", "AMS", members());
    golden("request-empty", Request::new("wiki", "AMS", Members::default()).encode());
    request.pushes = vec![ByteBuf::from(of_document(1, "entry-edit")), ByteBuf::from(vec![0xff])];
    request.pulls = vec![
        Pull { document: key(), cursor: Some(cursor()) },
        Pull { document: key(), cursor: None },
    ];
    request.leases = 4;
    golden("request", request.encode());
    let mut reporting = Request::new("wiki", "AMS", Members::default());
    let reports = [BucketReport { bucket: 63, waiting: 2, oldest_ms: 1_790_000_000_000 }];
    reporting.report_outbox(&reports);
    golden("request-outbox", reporting.encode());
    assert_eq!(reporting.outbox_reports(), reports);
    assert_eq!(Request::decode(&request.encode()), Ok(request));

    let mut answer = Answer::new(1_790_000_000_123, members());
    golden("answer-empty", Answer::new(0, Members::default()).encode());
    let text = OriginText { revision: 70, text: Digest([0x22; 16]) };
    answer.receipts = vec![
        Receipt::Logged(place()),
        Receipt::Known(place()),
        Receipt::NotCounted,
        Receipt::Deferred(Missing::Actor(Actor(5))),
        Receipt::Deferred(Missing::Object(ObjectId(6))),
        Receipt::Deferred(Missing::Origin(text)),
        Receipt::Deferred(Missing::Position(7)),
        Receipt::Refused("not allowed".to_owned()),
        Receipt::Quarantined("its base does not exist".to_owned()),
        Receipt::Busy,
    ];
    let record = Record {
        position: 1_233,
        prefix: Digest([0x88; 16]),
        logged_ms: 1_790_000_000_000,
        entry: ByteBuf::from(of_document(1, "entry-base")),
    };
    answer.pulled = vec![
        Pulled::Entries { records: vec![record], upto: cursor(), more: true },
        Pulled::Snapshot(ByteBuf::from(of_document(1, "document"))),
        Pulled::Reset,
        Pulled::Behind,
        Pulled::NotNow,
    ];
    answer.due = vec![Lease { document: key(), until_ms: 1_790_000_030_000 }];
    golden("answer", answer.encode());
    assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
    let mut unmet = Answer::new(0, Members::default());
    unmet.receipts = vec![Receipt::Unmet];
    golden("answer-unmet", unmet.encode());
    assert_eq!(Answer::decode(&unmet.encode()), Ok(unmet));
}

#[test]
fn the_log() {
    let entry = ByteBuf::from(of_document(1, "entry-edit"));
    let record = StoredRecord { logged_ms: 1_790_000_000_000, entry };
    golden("record", codec::to_vec(&record));
    assert_eq!(codec::from_slice(&codec::to_vec(&record)), Ok(record));
}

#[test]
fn stores_and_caches() {
    let entry = Entry::decode(&of_document(1, "entry-edit")).unwrap();
    golden("outbox", wire::outbox_value(&entry, &[EditId([1; 16]), EditId([2; 16])]));
    golden("outbox-first", wire::outbox_value(&entry, &[]));
    let joined = [(entry.clone(), Vec::new()), (entry.clone(), vec![EditId([1; 16])])];
    golden("joined", wire::joined_values(&joined));
    let document = Document::decode(&of_document(2, "document")).unwrap();
    let note = Note { author: "Arya".to_owned(), ..Note::default() };
    let page = OriginPage { revision: 70, text: "Text.\n".to_owned(), time_ms: 7, note };
    written(4, "cached-document", wire::cached_document(&document, None, 11));
    let new = Document::new(key(), Cursor::start(9));
    written(4, "cached-origin", wire::cached_document(&new, Some(page.clone()), 12));
    overlays(&document, &new, &page);
    let cached = [1, 2, 3].map(|format| [(format, "cached-document"), (format, "cached-origin")]);
    let snapshots = [1, 2].map(|format| [(format, "snapshot"), (format, "snapshot-origin")]);
    let tails = [(1, "tail"), (1, "tail-empty")];
    let older = snapshots.into_iter().chain([tails]).chain(cached);
    for (format, name) in older.flatten() {
        let older = std::fs::read(file("replica", format, name)).unwrap();
        let kind = name.split('-').next().unwrap();
        assert!(!wire::decoders(&older).contains(&kind));
    }
    let entry = ByteBuf::from(of_document(1, "entry-edit"));
    let (position, prefix) = (document.cursor().position + 2, Digest([0x55; 16]));
    let record = Record { position, prefix, logged_ms: 9, entry };
    let (tail, extent) = wire::cached_tail(&document, vec![record], 15);
    written(2, "tail", tail);
    golden("extent", extent);
    written(2, "tail-empty", wire::cached_tail(&document, Vec::new(), 16).0);
    written(3, "snapshot", PageSnapshot::of_document(&document, 13).encode());
    let of_origin = PageSnapshot::of_origin(&page, cursor(), 14);
    written(3, "snapshot-origin", of_origin.encode());
    let mut object = of_origin.clone();
    object.id = VersionName::Object(ObjectId(5)).number().get();
    golden("head", wire::head(&of_origin, Some(&object), 17));
    golden("logged", wire::logged_save(3, (9, 1_234), object.id));
    golden("head-object", wire::head(&object, None, 18));
}

/// What waits is read only beside the document that it waits for.
fn overlays(document: &Document, new: &Document, page: &OriginPage) {
    let save = |number: u8, on: &Document, root: Root, patch: Patch| {
        let delta = Delta {
            edit: EditId([number; 16]),
            base: Base::Version(VersionRef::of_root(root)),
            patch,
            note: Note { author: "Arya".to_owned(), ..Note::default() },
            rules: 2,
        };
        let pop = "AMS".to_owned();
        let edit = Edit::new(delta, 20, pop);
        Entry::new(on.key().clone(), Body::Edit(edit))
    };
    let text = document.text();
    let on_log = [21, 22].map(|number| {
        let longer = format!("{text}writer {number}\n");
        save(number, document, document.version().root, diff::between(text, &longer))
    });
    // Two replace one word of it differently.
    let rest = &text[text.find(' ').unwrap()..];
    let of_word = [(24, "One"), (25, "Other")].map(|(number, other)| {
        let patch = diff::between(text, &[other, rest].concat());
        save(number, document, document.version().root, patch)
    });
    let on_log = [on_log, of_word].concat();
    // And so many write at its end that it is kept how they were merged.
    let crowd: Vec<Entry> = (30..100)
        .map(|number| {
            let longer = format!("{text}writer {number}\n");
            save(number, document, document.version().root, diff::between(text, &longer))
        })
        .collect();
    let on_origin = save(3, new, Root::Origin(page.name()), diff::between(&page.text, "Words.\n"));
    for (name, on, origin, saves) in [
        ("overlay-crowd", document, None, &crowd[..]),
        ("overlay-log", document, None, &on_log[..]),
        ("overlay-none", document, None, &[]),
        ("overlay-origin", new, Some(page.clone()), std::slice::from_ref(&on_origin)),
    ] {
        let path = file("replica", 6, name);
        let bytes = wire::overlay(on, origin.clone(), saves);
        if std::env::var_os("GOLDEN").is_some() && !path.exists() {
            std::fs::write(&path, &bytes).unwrap();
        }
        let kept = std::fs::read(&path).unwrap();
        assert_eq!(bytes, kept, "{name} is written as it was");
        assert!(wire::is_overlay(&kept, on, origin.clone()), "{name} is read as it was");
        let other = if on == new { document } else { new };
        assert!(!wire::is_overlay(&kept, other, None), "{name} is of one state");
        assert!(wire::decoders(&kept).is_empty(), "{name} is taken for nothing else");
        let first = if name == "overlay-crowd" { 6 } else { 1 };
        for format in first..6 {
            let before = std::fs::read(file("replica", format, name)).unwrap();
            let is_one = wire::is_overlay(&before, on, origin.clone());
            assert!(!is_one, "{name} of before is as good as none");
        }
    }
}

#[test]
fn client_sessions() {
    written(3, "session-new", wire::session_body(&ClientSession::new()));
    let mut session = ClientSession::new();
    session.see(3, cursor());
    session.see(11, Cursor { position: 1 << 35, ..cursor() });
    session.wrote(&key(), EditId([3; 16]), &[]);
    session.served(&key(), VersionName::Object(ObjectId(5)));
    written(3, "session-nameless", wire::session_body(&session));
    written(3, "session", wire::named_session_body(&session));
    golden("client", wire::client_record(&session, None));
    golden("client-tagged", wire::client_record(&session, Some(u32::MAX)));
    assert_eq!(ClientSession::open(SEALED_FIRST, &[7; 32]), Some(session.clone()));
    assert_eq!(ClientSession::open(&session.seal(&[7; 32]), &[7; 32]), Some(session.clone()));
    let (new, nameless) = (ClientSession::new(), session);
    for (version, name, as_read) in [
        (1, "session-new", &new),
        (1, "session", &nameless),
        (2, "session-new", &new),
        (2, "session-nameless", &nameless),
    ] {
        let older = std::fs::read(file("replica", version, name)).unwrap();
        assert_eq!(ClientSession::decode(&older).as_ref(), Ok(as_read));
    }
}

/// In the first format.
const SEALED_FIRST: &str = "rPe2As91Qg4bdL1UunahF4UBCYKCAxkE0oILGwAAAAgAAAAAgYIaY9XkhFADAwMDAwMDAwMDAwMDAwMDgYIaY9XkhBsACAAAAAAABQ";

#[test]
fn golden_files_are_what_the_formats_description_says() {
    let description = std::fs::read_to_string(crates().join("../docs/wire.cddl")).unwrap();
    let rules = cddl::Rules::parse(&description).unwrap();
    rules.check_names().unwrap();
    let mut seen = Vec::new();
    for of in [
        "wire/tests/golden/v1",
        "typed/tests/golden/v1",
        "document/tests/golden/v1",
        "document/tests/golden/v2",
        "replica/tests/golden/v1",
        "replica/tests/golden/v2",
        "replica/tests/golden/v3",
        "replica/tests/golden/v4",
        "replica/tests/golden/v5",
    ] {
        for file in std::fs::read_dir(crates().join(of)).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let rule = name.split('-').next().unwrap().to_owned();
            let bytes = std::fs::read(&path).unwrap();
            rules.check(&rule, &bytes).unwrap_or_else(|why| panic!("{name}: {why}"));
            // And the description is no description of everything.
            for at in [0, 1] {
                let mut other = bytes.clone();
                other[at] ^= 0x21;
                assert!(rules.check(&rule, &other).is_err(), "{name} with another byte {at}");
            }
            seen.push(rule);
        }
    }
    for rule in rules.alternatives("wire") {
        assert!(seen.contains(&rule), "no golden file of {rule}");
    }
}
