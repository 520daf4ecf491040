//! Exchanges over HTTP: what is logged, known, deferred, refused, and read back.

mod support;

use std::sync::Arc;

use redwedding_document::entry::{
    Abandoned, Body, Committed, Condition, Entry, Floor, Intent, Missing, Moderation, Note,
};
use redwedding_fold::log::Log;
use redwedding_fold::log::memory::{AppendFault, MemoryLog};
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_relay::limits;
use redwedding_replica::auth::{self, Grant};
use redwedding_replica::sync::{Pulled, Receipt};
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Actor, Digest, FlushId};
use redwedding_wire::version::{Cursor, Place, Root, VersionRef};

use support::*;

#[test]
fn a_push_is_logged_once_and_read_back() {
    let server = Server::start();
    let page = key("Page");
    let first = create(&page, 1, "one\n");
    let place = logged(&server.push(std::slice::from_ref(&first))[0]);
    assert_eq!(place.position, 1);
    let again = server.push(&[first.clone(), first.clone()]);
    assert_eq!(again, [Receipt::Known(place), Receipt::Known(place)], "a retry is recognised");
    let document = snapshot(server.pull(&page, None));
    assert_eq!(document.text(), "one\n");
    assert_eq!(document.cursor().position, 1);
    let second = edit(&page, 2, VersionRef::log(place), "one\n", "one\ntwo\n");
    assert_eq!(logged(&server.push(std::slice::from_ref(&second))[0]).position, 2);
    let (found, upto, more) = entries(server.pull(&page, Some(document.cursor())));
    assert_eq!((found, upto.position, more), (vec![second], 2, false));
    let (none, same, _) = entries(server.pull(&page, Some(upto)));
    assert_eq!((none.len(), same), (0, upto));
}

#[test]
fn parents_may_be_in_the_same_batch_but_not_after() {
    let server = Server::start();
    let page = key("Page");
    let parent = create(&page, 1, "a\n");
    let actor = parent.actor().expect("an actor");
    let on_parent =
        VersionRef { root: Root::EMPTY, extra: vec![actor], check: None, hidden: None, put: None };
    let child = edit(&page, 2, on_parent, "a\n", "a\nb\n");
    let receipts = server.push(&[child.clone(), parent.clone(), child.clone()]);
    assert_eq!(receipts[0], Receipt::Deferred(Missing::Actor(actor)));
    assert_eq!((logged(&receipts[1]).position, logged(&receipts[2]).position), (1, 2));
    assert_eq!(snapshot(server.pull(&page, None)).text(), "a\nb\n");
}

/// Whoever may push edits may not moderate those of others, nor move a document's floor.
#[test]
fn what_only_the_relay_may_log_is_refused() {
    let server = Server::start();
    let page = key("Page");
    let first = create(&page, 1, "text\n");
    let place = logged(&server.push(std::slice::from_ref(&first))[0]);
    let change = first.actor().expect("an actor");
    let moderation = Moderation { change, note: Note::default(), time_ms: 1 };
    let floor = Floor { from: Place::START, upto: place, segment: Digest([1; 16]), bytes: 9 };
    let said = [
        Body::Suppress(moderation.clone()),
        Body::Release(moderation.clone()),
        Body::Erase(moderation),
        Body::Floor(floor),
    ];
    let receipts = server.push(&said.map(|body| Entry::new(page.clone(), body)));
    assert!(receipts.iter().all(|receipt| matches!(receipt, Receipt::Refused(_))), "{receipts:?}");
    assert_eq!(snapshot(server.pull(&page, None)).cursor().position, 1);
}

#[test]
fn what_cannot_be_is_refused_and_kept() {
    let server = Server::start();
    let page = key("Page");
    let place = logged(&server.push(&[create(&page, 1, "text\n")])[0]);
    let wrong_place = VersionRef::log(Place { check: place.check ^ 1, ..place });
    let stale = edit(&page, 2, wrong_place, "text\n", "more\n");
    let misfit = edit(&page, 3, VersionRef::log(place), "another, longer text\n", "x");
    let ahead = edit(&page, 4, VersionRef::log(Place { position: 99, check: 1 }), "", "x");
    let zero = {
        let mut entry = create(&page, 5, "x");
        if let Body::Edit(edit) = &mut entry.body {
            edit.delta.edit = Default::default();
        }
        entry
    };
    let receipts = server.push(&[stale, misfit, ahead, zero]);
    assert!(matches!(receipts[0], Receipt::Refused(_)), "{:?}", receipts[0]);
    assert!(matches!(receipts[1], Receipt::Refused(_)), "{:?}", receipts[1]);
    assert_eq!(receipts[2], Receipt::Deferred(Missing::Position(99)));
    assert!(matches!(receipts[3], Receipt::Refused(_)), "{:?}", receipts[3]);
    let mut request = request();
    let foreign = redwedding_wire::identity::DocumentKey::new("other", "Page").expect("key");
    let foreign = create(&foreign, 9, "x").encode();
    request.pushes = vec![b"garbage".to_vec().into(), foreign.into(), Vec::new().into()];
    let answer = server.exchange(&request);
    assert!(answer.receipts.iter().all(|receipt| matches!(receipt, Receipt::Refused(_))));
    let document = snapshot(server.pull(&page, None));
    assert_eq!((document.text(), document.quarantined().len()), ("text\n", 0));
    assert_eq!(document.cursor().position, 1, "nothing refused is in the log");
    assert_eq!(server.service.relay.node.store.refused(), Ok(6), "every refused entry is kept");
    let metrics = get(&format!("{}/metrics", server.base)).1;
    assert!(metrics.contains("redwedding_relay_refused_kept 6"), "{metrics}");
}

#[test]
fn who_was_second_does_not_count() {
    let server = Server::start();
    let page = key("Page");
    logged(&server.push(&[base(&page, 10, "from the origin\n")])[0]);
    assert_eq!(server.push(&[base(&page, 10, "from the origin\n")]), [Receipt::NotCounted]);
    let head = entries(server.pull(&page, Some(Cursor::start(7)))).1;
    assert_eq!(head.position, 1, "the same base is not appended twice");
    // Another text of the origin is kept as a detached base: edits may stand on it.
    assert_eq!(server.push(&[base(&page, 11, "from the origin, later\n")]), [Receipt::NotCounted]);
    assert_eq!(server.push(&[base(&page, 11, "from the origin, later\n")]), [Receipt::NotCounted]);
    let head = entries(server.pull(&page, Some(head))).1;
    assert_eq!(head.position, 2, "a detached base is appended, once");
}

#[test]
fn a_save_whose_condition_is_not_met_leaves_nothing() {
    let server = Server::start();
    let page = key("Page");
    let conditional = |number, text: &str| {
        let mut entry = create(&page, number, text);
        let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
        edit.condition = Some(Condition::Absent);
        entry
    };
    let both = [conditional(1, "one\n"), conditional(2, "two\n")];
    let receipts = server.push(&both);
    assert!(matches!(receipts[..], [Receipt::Logged(_), Receipt::Unmet]), "{receipts:?}");
    let document = snapshot(server.pull(&page, None));
    assert_eq!((document.text(), document.cursor().position), ("one\n", 1));
    let metrics = get(&format!("{}/metrics", server.base)).1;
    assert!(metrics.contains(r#"receipts_total{kind="unmet"} 1"#), "{metrics}");
}

#[test]
fn a_cursor_of_another_log_is_reset() {
    let server = Server::start();
    let page = key("Page");
    server.push(&[create(&page, 1, "a")]);
    let good = snapshot(server.pull(&page, None)).cursor();
    let bad = [
        Cursor { epoch: 8, ..good },
        Cursor { position: 2, ..good },
        Cursor { prefix: Digest([9; 16]), ..good },
        Cursor { position: 0, ..good },
    ];
    for cursor in bad {
        assert_eq!(server.pull(&page, Some(cursor)), Pulled::Reset, "{cursor:?}");
    }
    assert_eq!(entries(server.pull(&page, Some(Cursor::start(7)))).0.len(), 1);
    let (none, upto, more) = entries(server.pull(&key("Unwritten"), None));
    assert_eq!((none.len(), upto.position, more), (0, 0, false));
}

/// Pushes a page of so many bytes and short changes of it, each on the one before; pulls from the
/// first on, in entries or as a whole, until nothing is missing. How many rounds that took, and
/// whether the page came whole.
fn pulled_after_the_first(bytes: usize, changes: usize) -> (usize, bool) {
    let server = Server::start();
    let page = key("Page");
    let long = "All work and no play makes a dull page.\n";
    let mut text = long.repeat(bytes / long.len() + 1);
    let base =
        VersionRef { root: Root::EMPTY, extra: vec![], check: None, hidden: None, put: None };
    let mut receipt = server.push(&[edit(&page, 1, base, "", &text)]).remove(0);
    let mut document = snapshot(server.pull(&page, None));
    for number in 2..2 + changes as u64 {
        let next = format!("{number}\n{text}");
        let base = VersionRef::log(logged(&receipt));
        receipt = server.push(&[edit(&page, number, base, &text, &next)]).remove(0);
        text = next;
    }
    let (mut rounds, mut whole, mut more) = (0, false, true);
    while more {
        rounds += 1;
        more = match server.pull(&page, Some(document.cursor())) {
            Pulled::Entries { records, upto, more } => {
                for record in records {
                    let entry =
                        redwedding_wire::codec::Decode::decode(&record.entry).expect("entry");
                    let cursor =
                        Cursor { epoch: 7, position: record.position, prefix: record.prefix };
                    document.apply(cursor, record.logged_ms, &entry);
                }
                document.advance(upto);
                more
            }
            Pulled::Snapshot(bytes) => {
                document = redwedding_wire::codec::Decode::decode(&bytes).expect("document");
                whole = true;
                false
            }
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(document.text(), text);
    assert_eq!(document, snapshot(server.pull(&page, None)), "the same state either way");
    (rounds, whole)
}

#[test]
fn many_entries_come_in_pieces_where_the_whole_page_is_more() {
    assert_eq!(pulled_after_the_first(1_500_000, limits::PULL_ENTRIES + 50), (2, false));
}

/// Whoever is far behind would have to merge each of them.
#[test]
fn the_whole_page_comes_where_that_is_less_work() {
    assert_eq!(pulled_after_the_first(1_000, 60), (1, false));
    assert_eq!(pulled_after_the_first(1_000, 100), (1, true));
}

#[test]
fn a_log_that_fails_is_busy_and_nothing_is_lost_or_doubled() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let server =
        Server::over(Arc::clone(&log) as _, Arc::new(MemoryNodeStore::default()), TestClock::new());
    let page = key("Page");
    // One for the push, one for the look at its health.
    log.inject(AppendFault::Lost);
    log.inject(AppendFault::Lost);
    log.inject(AppendFault::Unacknowledged);
    let (first, second) = (create(&page, 1, "one\n"), create(&page, 2, "two\n"));
    assert_eq!(server.push(std::slice::from_ref(&first)), [Receipt::Busy]);
    assert_eq!(get(&format!("{}/healthz", server.base)).0, 503);
    assert_eq!(
        server.push(std::slice::from_ref(&second)),
        [Receipt::Busy],
        "it is in all the same"
    );
    let receipts = server.push(&[first.clone(), second.clone()]);
    assert!(matches!(receipts[1], Receipt::Known(place) if place.position == 1), "{receipts:?}");
    assert_eq!(logged(&receipts[0]).position, 2);
    assert_eq!(get(&format!("{}/healthz", server.base)).0, 200);
    assert_eq!(snapshot(server.pull(&page, None)).changes().len(), 2);
}

#[test]
fn records_of_another_node_in_between_are_folded_first() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let one =
        Server::over(Arc::clone(&log) as _, Arc::new(MemoryNodeStore::default()), TestClock::new());
    let two =
        Server::over(Arc::clone(&log) as _, Arc::new(MemoryNodeStore::default()), TestClock::new());
    let page = key("Page");
    assert_eq!(logged(&one.push(&[create(&page, 1, "one\n")])[0]).position, 1);
    // The second node does not know of it yet, and appends the same save again.
    let receipts = two.push(&[create(&page, 1, "one\n"), create(&page, 2, "two\n")]);
    assert!(matches!(receipts[0], Receipt::Known(place) if place.position == 1), "{receipts:?}");
    assert_eq!(logged(&receipts[1]).position, 3);
    for number in (3..20).step_by(2) {
        logged(&one.push(&[create(&page, number, "odd\n")])[0]);
        logged(&two.push(&[create(&page, number + 1, "even\n")])[0]);
    }
    let shard = page.shard(limits::SHARDS);
    assert_eq!(log.head(shard).map(|head| head.position), Ok(21));
    // A third node that folds the log from its start comes to the same.
    let three =
        Server::over(Arc::clone(&log) as _, Arc::new(MemoryNodeStore::default()), TestClock::new());
    let document = snapshot(two.pull(&page, None));
    assert_eq!(document.changes().len(), 20);
    assert_eq!(document, snapshot(three.pull(&page, None)));
}

#[test]
fn due_documents_are_leased_one_at_a_time() {
    let server = Server::start();
    let page = key("Page");
    let place = logged(&server.push(&[create(&page, 1, "one\n")])[0]);
    assert_eq!(server.lease(4), [""; 0], "not due yet");
    server.clock.advance(limits::FLUSH_INTERVAL_MS);
    assert_eq!(server.lease(0), [""; 0], "nothing wished for");
    assert_eq!(server.lease(4), ["Page"]);
    assert_eq!(server.lease(4), [""; 0], "somebody has it");
    // The holder announces, and fails: others wait until the lease runs out.
    let flush = FlushId([1; 16]);
    let text = Digest::of_text("one\n");
    let intent = Intent { flush, upto: place, tip: 0, text };
    logged(&server.push(&[Entry::new(page.clone(), Body::Intent(intent.clone()))])[0]);
    let abandoned = Entry::new(page.clone(), Body::Abandoned(Abandoned { flush }));
    logged(&server.push(&[abandoned])[0]);
    assert_eq!(server.lease(4), [""; 0], "it is still somebody's");
    server.clock.advance(limits::LEASE_MS - 1);
    server.clock.advance(1);
    assert_eq!(server.lease(4), ["Page"], "the lease ran out");
    // The next one commits it.
    let flush = FlushId([2; 16]);
    let intent = Intent { flush, ..intent };
    logged(&server.push(&[Entry::new(page.clone(), Body::Intent(intent))])[0]);
    let committed =
        Committed { flush, from: 0, revision: 1, stored: text, difference: None, time_ms: 1 };
    logged(&server.push(&[Entry::new(page.clone(), Body::Committed(committed))])[0]);
    server.clock.advance(limits::LEASE_MS * 2);
    assert_eq!(server.lease(4), [""; 0], "the origin holds all of it");
    // New edits are due after the interval, whatever lease there was.
    let next = edit(&page, 2, VersionRef::log(place), "one\n", "one\ntwo\n");
    logged(&server.push(&[next])[0]);
    server.clock.advance(limits::FLUSH_INTERVAL_MS);
    assert_eq!(server.lease(4), ["Page"]);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_stops_nothing() {
    let server = Server::start();
    let page = key("Page");
    let jump_ms = 3_600_000;
    server.clock.advance(jump_ms);
    let place = logged(&server.push(&[create(&page, 1, "one\n")])[0]);
    server.clock.go_back(jump_ms);
    // A token that was good all the time, and ends before the log's time.
    let grant = Grant { aud: auth::RELAY.to_owned(), sub: "edge".to_owned(), site: None };
    let token = auth::sign(grant, KEY, server.clock.now_ms(), 300);
    let (status, _) = post(&server.base, Some(&token), &request().encode());
    assert_eq!(status, 200);
    server.clock.advance(limits::FLUSH_INTERVAL_MS * 2);
    assert_eq!(server.lease(4), ["Page"], "it is due in twice the time");
    server.clock.advance(limits::LEASE_MS * 2);
    assert_eq!(server.lease(4), ["Page"], "the lease runs out in twice the time");
    let next = edit(&page, 2, VersionRef::log(place), "one\n", "one\ntwo\n");
    logged(&server.push(&[next])[0]);
    let document = snapshot(server.pull(&page, None));
    let times: Vec<u64> = document.changes().kept().iter().map(|c| c.logged_ms).collect();
    assert!(times.is_sorted() && times[1] < server.clock.now_ms() + jump_ms, "{times:?}");
}

#[test]
fn an_open_intent_is_due_when_its_holder_is_silent() {
    let server = Server::start();
    let page = key("Page");
    let place = logged(&server.push(&[create(&page, 1, "one\n")])[0]);
    let flush = FlushId([1; 16]);
    let intent = Intent { flush, upto: place, tip: 0, text: Digest::of_text("one\n") };
    logged(&server.push(&[Entry::new(page.clone(), Body::Intent(intent.clone()))])[0]);
    let second = Intent { flush: FlushId([2; 16]), ..intent };
    let second = Entry::new(page.clone(), Body::Intent(second));
    assert_eq!(server.push(&[second]), [Receipt::NotCounted], "one at a time");
    server.clock.advance(limits::LEASE_MS - 1);
    assert_eq!(server.lease(1), [""; 0]);
    server.clock.advance(1);
    assert_eq!(server.lease(1), ["Page"]);
}

#[test]
fn a_missing_actor_is_named() {
    let server = Server::start();
    let orphan = VersionRef {
        root: Root::EMPTY,
        extra: vec![Actor(77)],
        check: None,
        hidden: None,
        put: None,
    };
    let orphan = edit(&key("Page"), 1, orphan, "", "x");
    assert_eq!(server.push(&[orphan]), [Receipt::Deferred(Missing::Actor(Actor(77)))]);
}
