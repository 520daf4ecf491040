//! One conformance suite per port: what a replica relies on, asked of any
//! implementation. A suite panics where the contract is broken.
//!
//! The implementation must be in reach and free of injected faults; what its
//! contract leaves open (staleness, for one) is waited for, not forbidden.

use redwedding_document::Document;
use redwedding_document::entry::{Body, Delta, Edit, Entry, Missing, Note, RULES};
use redwedding_text::diff;
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, Root, VersionRef};
use serde_bytes::ByteBuf;

use crate::member::Members;
use crate::ports::{
    Cache, Origin, OriginError, Ports, Relay, RelayError, Store, Value, Write, Written,
};
use crate::sync::{Answer, Pull, Pulled, Receipt, Request};

/// How long an implementation that answers may take for that, in ms.
const PATIENCE_MS: u64 = 10_000;

/// Holds a store to its contract. `elsewhere` is the same store as another
/// point of presence reaches it; `wait` lets writes become visible there.
/// `prefix` must be one under which nothing lies.
pub fn store<S: Store>(here: &mut S, elsewhere: &mut S, prefix: &str, mut wait: impl FnMut()) {
    let key = |name: &str| format!("{prefix}/{name}");
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    assert_eq!(here.get(&key("absent")), Ok(None));
    assert_eq!(here.delete(&key("absent")), Ok(()), "removing what is absent is no error");
    let pending: Vec<_> = ["b", "a", "c/d"]
        .iter()
        .map(|name| here.begin_insert(&key(name), [name.as_bytes(), &bytes].concat()))
        .collect();
    for write in pending {
        assert_eq!(here.finish_insert(write), Ok(()));
    }
    wait();
    for store in [&mut *here, &mut *elsewhere] {
        for name in ["a", "b", "c/d"] {
            let found = store.get(&key(name)).expect("get");
            assert_eq!(found, Some([name.as_bytes(), &bytes].concat()), "the value of {name}");
        }
        let all = store.list(&key(""), None, 10).expect("list");
        assert_eq!(all, [key("a"), key("b"), key("c/d")], "in order");
        assert_eq!(store.list(&key(""), Some(&key("a")), 1).expect("list"), [key("b")]);
        assert_eq!(store.list(&key("c/"), None, 10).expect("list"), [key("c/d")]);
        assert_eq!(store.list(&key("x"), None, 10).expect("list"), Vec::<String>::new());
    }
    let write = here.begin_insert_for(&key("d"), bytes.clone(), 3_600_000);
    assert_eq!(here.finish_insert(write), Ok(()));
    wait();
    assert_eq!(elsewhere.get(&key("d")), Ok(Some(bytes)), "it is there for its time");
    assert_eq!(here.delete(&key("d")), Ok(()));
    assert_eq!(here.delete(&key("a")), Ok(()));
    wait();
    assert_eq!(elsewhere.get(&key("a")), Ok(None));
    assert_eq!(elsewhere.list(&key(""), None, 10).expect("list"), [key("b"), key("c/d")]);
    for name in ["b", "c/d"] {
        assert_eq!(elsewhere.delete(&key(name)), Ok(()));
    }
}

/// Holds a cache to its contract; `wait` lets so many ms pass. The cache must
/// not lose anything meanwhile, which its contract would allow.
pub fn cache<C: Cache>(cache: &mut C, prefix: &str, mut wait: impl FnMut(u64)) {
    let key = |name: &str| format!("{prefix}/{name}");
    let first = cache.lookup(&key("a"), 0);
    assert!(first.value.is_none() && !first.fresh);
    let revalidation = first.revalidation.expect("whoever asks first is to revalidate");
    cache.insert(Some(revalidation), &key("a"), vec![1], 100);
    let found = cache.lookup(&key("a"), 0);
    let plain = |bytes: Vec<u8>| Value { bytes, metadata: Vec::new() };
    assert_eq!((found.value, found.fresh), (Some(plain(vec![1])), true));
    assert!(found.revalidation.is_none(), "nobody is to revalidate a fresh value");
    assert_eq!(cache.peek(&key("a")), Some(vec![1]));
    assert_eq!(cache.peek(&key("b")), None, "keys are not mixed up");
    wait(200);
    let stale = cache.lookup(&key("a"), 0);
    if let Some(value) = stale.value {
        assert_eq!((value, stale.fresh), (plain(vec![1]), false));
    }
    assert!(stale.revalidation.is_some(), "the first caller is to revalidate a stale value");
    drop(stale.revalidation);
    assert!(
        cache.lookup(&key("a"), 0).revalidation.is_some(),
        "a dropped revalidation is handed on"
    );
    cache.insert(None, &key("a"), vec![2], 100);
    assert_eq!(cache.peek(&key("a")), Some(vec![2]), "a value can be replaced");
    assert_eq!(cache.metadata(&key("a")), Some(Vec::new()), "it has no metadata");
    assert_eq!(cache.metadata(&key("b")), None);
    for number in [3, 4] {
        let value = Value { bytes: vec![number; 70_000], metadata: vec![number; 300] };
        cache.insert_with(None, &key("a"), value.clone(), 0);
        assert_eq!(cache.metadata(&key("a")), Some(value.metadata.clone()));
        assert_eq!(cache.peek(&key("a")), Some(value.bytes.clone()));
        let found = cache.lookup(&key("a"), 0);
        assert!(!found.fresh && found.revalidation.is_some(), "fresh for no time at all");
        if let Some(found) = found.value {
            assert_eq!(found, value);
        }
    }
    let lock = cache.lock(&key("lock"));
    assert!(lock.is_some(), "nobody has the lock");
    assert!(cache.lock(&key("another lock")).is_some());
    drop(lock);
    assert!(cache.lock(&key("lock")).is_some(), "a lock is handed on");
    assert_eq!(cache.peek(&key("lock")), None, "a lock is no value");
}

/// Holds a relay, and the way to it, to the contract of [`crate::sync`].
/// `document` must be one that it does not know.
pub fn relay<R: Relay>(relay: &mut R, document: &DocumentKey) {
    let mut ask = |pushes: &[&Entry], cursor: Option<Cursor>| -> Answer {
        let mut request = Request::new(document.site(), "conformance", Members::default());
        request.pushes = pushes.iter().map(|entry| ByteBuf::from(entry.encode())).collect();
        request.pulls = vec![Pull { document: document.clone(), cursor }];
        let pending = relay.begin(request.encode());
        Answer::decode(&relay.finish(pending, PATIENCE_MS).expect("an exchange"))
            .expect("an answer")
    };
    let edit = |name: u8, base: VersionRef, from: &str, to: &str| {
        let patch = diff::between(from, to);
        let note = Note { author: "someone".into(), ..Note::default() };
        let edit = EditId([name; 16]);
        let delta = Delta { edit, base: Base::Version(base), patch, note, rules: RULES };
        let pop = "conformance".into();
        let body = Edit::new(delta, 5, pop);
        Entry::new(document.clone(), Body::Edit(body))
    };
    let dots = |entry: &Entry| vec![entry.actor().unwrap_or_default()];
    let empty = VersionRef::of_root(Root::EMPTY);

    let unknown = ask(&[], None);
    let Some(Pulled::Entries { records, upto, more: false }) = unknown.pulled.first() else {
        panic!("a document that the log does not hold has no entries: {unknown:?}");
    };
    assert!(records.is_empty());
    let start = *upto;

    let first = edit(1, empty, "", "one\n");
    let on_first =
        VersionRef { root: Root::EMPTY, extra: dots(&first), check: None, hidden: None, put: None };
    let second = edit(2, on_first, "one\n", "one\ntwo\n");
    let early = ask(&[&second], Some(start));
    assert_eq!(early.receipts, [Receipt::Deferred(Missing::Actor(dots(&first)[0]))]);

    let answer = ask(&[&first, &second], Some(start));
    let [Receipt::Logged(one), Receipt::Logged(two)] = answer.receipts[..] else {
        panic!("parents first, both are logged: {:?}", answer.receipts);
    };
    assert!(start.position < one.position && one.position < two.position);
    let mut held = Document::new(document.clone(), start);
    fold(&mut held, &answer);
    assert_eq!((held.text(), held.version()), ("one\ntwo\n", VersionRef::log(two)));

    let again = ask(&[&first], Some(held.cursor()));
    assert_eq!(again.receipts, [Receipt::Known(one)], "a retry is recognised");
    let mut whole = Document::new(document.clone(), Cursor::start(start.epoch));
    fold(&mut whole, &ask(&[], None));
    assert_eq!((whole.text(), whole.state_hash()), (held.text(), held.state_hash()));

    let orphan = VersionRef {
        root: Root::EMPTY,
        extra: vec![Actor(7)],
        check: None,
        hidden: None,
        put: None,
    };
    let orphan = edit(3, orphan, "", "x");
    let deferred = ask(&[&orphan], None);
    assert_eq!(deferred.receipts, [Receipt::Deferred(Missing::Actor(Actor(7)))]);
    let foreign = Cursor { epoch: start.epoch ^ 1, ..held.cursor() };
    assert_eq!(ask(&[], Some(foreign)).pulled, [Pulled::Reset], "another log's cursor");
    assert_eq!(
        relay.segment(document, Digest([7; 16]), PATIENCE_MS),
        Ok(None),
        "no segment has this name"
    );
    refuses(relay, document);
}

fn refuses<R: Relay>(relay: &mut R, document: &DocumentKey) {
    let mut request = Request::new(document.site(), "conformance", Members::default());
    let elsewhere = DocumentKey::new("another-site", document.key()).expect("key");
    let version = VersionRef::of_root(Root::EMPTY);
    let foreign = Entry::new(elsewhere, Body::Version(version)).encode();
    request.pushes = vec![ByteBuf::from(b"not an entry".to_vec()), ByteBuf::from(foreign)];
    let pending = relay.begin(request.encode());
    let answer = Answer::decode(&relay.finish(pending, PATIENCE_MS).expect("an exchange"))
        .expect("an answer");
    let refused = answer.receipts.iter().all(|receipt| matches!(receipt, Receipt::Refused(_)));
    assert!(refused && answer.receipts.len() == 2, "rubbish is refused, the exchange goes on");
}

fn fold(document: &mut Document, answer: &Answer) {
    match answer.pulled.first() {
        Some(Pulled::Snapshot(bytes)) => *document = Document::decode(bytes).expect("a document"),
        Some(Pulled::Entries { records, upto, more: false }) => {
            for record in records {
                let (position, prefix) = (record.position, record.prefix);
                let cursor = Cursor { epoch: upto.epoch, position, prefix };
                let entry = Entry::decode(&record.entry).expect("an entry");
                document.apply(cursor, record.logged_ms, &entry);
            }
            document.advance(*upto);
        }
        other => panic!("entries or a snapshot were expected: {other:?}"),
    }
}

/// Holds a compare-and-swap origin to its contract. `key` must be a page that
/// does not exist.
pub fn origin<O: Origin>(origin: &mut O, key: &str) {
    assert_eq!(origin.page(key, PATIENCE_MS), Ok(None));
    assert_eq!(origin.revisions(key, 0, PATIENCE_MS), Ok(Vec::new()));
    let write = |text: &str, on: u64, name: &str| Write {
        text: text.into(),
        on,
        summary: format!("[rw {name}] test"),
        idempotency: name.into(),
    };
    let create = write("one\n", 0, "a");
    let Ok(Written::Stored { revision: first, stored: None, .. }) =
        origin.write(key, &create, PATIENCE_MS)
    else {
        panic!("a page can be created");
    };
    let again = origin.write(key, &create, PATIENCE_MS).expect("write");
    assert!(matches!(again, Written::Stored { revision, .. } if revision == first), "{again:?}");
    let page = origin.page(key, PATIENCE_MS).expect("page").expect("exists");
    assert_eq!((page.revision, page.text.as_str()), (first, "one\n"));

    assert_eq!(origin.write(key, &write("x\n", 0, "b"), PATIENCE_MS), Ok(Written::Conflict));
    let unchanged = origin.write(key, &write("one\n", first, "c"), PATIENCE_MS);
    assert_eq!(unchanged, Ok(Written::Unchanged { revision: first }));
    let Ok(Written::Stored { revision: second, .. }) =
        origin.write(key, &write("one\ntwo\n", first, "d"), PATIENCE_MS)
    else {
        panic!("a page can be changed");
    };
    assert!(second > first, "revisions ascend");
    assert_eq!(origin.write(key, &write("y\n", first, "e"), PATIENCE_MS), Ok(Written::Conflict));

    let all = origin.revisions(key, 0, PATIENCE_MS).expect("revisions");
    assert_eq!(all.iter().map(|r| r.id).collect::<Vec<_>>(), [first, second], "oldest first");
    assert_eq!(all[1].note.comment, "[rw d] test");
    assert_eq!(origin.revisions(key, first, PATIENCE_MS).expect("revisions").len(), 1);
    assert_eq!(origin.revision_text(key, first, PATIENCE_MS).as_deref(), Ok("one\n"));
    assert!(origin.revision_text(key, second + 1_000, PATIENCE_MS).is_err());
}

/// Holds the way to a relay that never answers to its deadlines: who waits comes back in
/// time. `elapsed_ms` reads a clock.
pub fn silent_relay<R: Relay>(
    relay: &mut R,
    document: &DocumentKey,
    mut elapsed_ms: impl FnMut() -> u64,
) {
    let mut timed = |wait_ms: u64, wait: &mut dyn FnMut(u64) -> Option<RelayError>| {
        let begun_ms = elapsed_ms();
        assert_eq!(wait(wait_ms), Some(RelayError::TimedOut));
        in_time(elapsed_ms() - begun_ms, wait_ms);
    };
    let request = Request::new(document.site(), "conformance", Members::default()).encode();
    for wait_ms in [0, 50, 200] {
        let pending = &mut Some(relay.begin(request.clone()));
        timed(wait_ms, &mut |wait_ms| relay.finish(pending.take()?, wait_ms).err());
        timed(wait_ms, &mut |wait_ms| relay.segment(document, Digest([7; 16]), wait_ms).err());
    }
}

/// Holds the way to an origin that never answers to its deadlines.
pub fn silent_origin<O: Origin>(origin: &mut O, mut elapsed_ms: impl FnMut() -> u64) {
    let write =
        Write { text: "x".into(), on: 0, summary: "x".into(), idempotency: "silent".into() };
    let mut timed = |wait_ms: u64, waited: &mut dyn FnMut() -> Option<OriginError>| {
        let begun_ms = elapsed_ms();
        assert_eq!(waited(), Some(OriginError::TimedOut));
        in_time(elapsed_ms() - begun_ms, wait_ms);
    };
    for wait_ms in [50, 200] {
        timed(wait_ms, &mut || origin.page("Silent", wait_ms).err());
        timed(wait_ms, &mut || origin.write("Silent", &write, wait_ms).err());
        timed(wait_ms, &mut || origin.revisions("Silent", 0, wait_ms).err());
        timed(wait_ms, &mut || origin.revision_text("Silent", 1, wait_ms).err());
    }
}

/// What is allowed beyond a deadline, in ms: for a scheduler, not for another machine.
const MORE_MS: u64 = 100;

fn in_time(took_ms: u64, wait_ms: u64) {
    let allowed = wait_ms..=wait_ms + MORE_MS;
    assert!(allowed.contains(&took_ms), "{took_ms} ms instead of {wait_ms}");
}

/// Holds clock and entropy to their contract.
pub fn surroundings<P: Ports>(ports: &mut P) {
    let mut drawn = [[0; 16]; 2];
    drawn.iter_mut().for_each(|bytes| ports.draw(bytes));
    assert!(drawn[0] != drawn[1] && drawn[0] != [0; 16], "bytes are drawn afresh");
    let before = ports.now_ms();
    ports.pause(1);
    assert!(ports.now_ms() >= before && before > 1_600_000_000_000, "milliseconds since 1970");
    let begun_ms = ports.monotonic_ms();
    ports.pause(5);
    assert!(ports.monotonic_ms() - begun_ms >= 5, "milliseconds pass");
}
