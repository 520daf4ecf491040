//! Starting again: after a crash, with old snapshots, on a log that lost its tail.

mod support;

use std::path::Path;
use std::sync::Arc;

use redwedding_document::Document;
use redwedding_fold::log::memory::MemoryLog;
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_fold::{FloorPolicy, Relay, RelayNode};
use redwedding_relay::embedded::Embedded;
use redwedding_relay::limits;
use redwedding_replica::sync::{Pulled, Receipt};
use redwedding_wire::codec::Encode;
use redwedding_wire::version::{Root, VersionRef};

use support::*;

const PAGES: u64 = 5;

/// Pushes `many` more saves, numbered from `from`, to several pages.
fn write(server: &Server, from: u64, many: u64) {
    for number in from..from + many {
        let page = key(&format!("Page {}", number % PAGES));
        logged(&server.push(&[create(&page, number, &format!("line {number}\n"))])[0]);
    }
}

fn documents(server: &Server) -> Vec<Document> {
    let page = |number| key(&format!("Page {number}"));
    (0..PAGES).map(|number| snapshot(server.pull(&page(number), None))).collect()
}

fn embedded(path: &Path) -> Arc<Embedded> {
    let open = Embedded::open(path, limits::SHARDS, 7, Box::new(|_| ()));
    Arc::new(open.expect("open"))
}

#[test]
fn whatever_was_snapshot_the_state_is_the_same() {
    let reference = Server::start();
    write(&reference, 1, 60);
    let expected = documents(&reference);
    for snapshots_at in [vec![], vec![0], vec![20], vec![20, 40], vec![60], vec![10, 60]] {
        let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
        let store = Arc::new(MemoryNodeStore::default());
        // A node that dies takes nothing along: its copy of the fold is dropped.
        let server = Server::over(Arc::clone(&log) as _, Arc::clone(&store) as _, TestClock::new());
        for number in 1..=60 {
            write(&server, number, 1);
            if snapshots_at.contains(&number) {
                server.service.relay.write_snapshots();
            }
        }
        let node = RelayNode::new(log, store, Arc::new(()), 1);
        let fold = Relay::recover(node, FloorPolicy::default()).expect("recovery");
        for document in &expected {
            let shard = &fold.shards[usize::from(document.key().shard(limits::SHARDS))];
            let mut found = shard.read().documents[document.key()].document.clone();
            found.advance(document.cursor());
            assert_eq!(found.encode(), document.encode(), "snapshots at {snapshots_at:?}");
        }
        let pending = fold.node.due().counts(0).pending;
        assert_eq!(pending as u64, PAGES, "the due list is there again");
    }
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("relay.redb");
    let clock = TestClock::new();
    let before = {
        let log = embedded(&path);
        let server = Server::over(Arc::clone(&log) as _, log, clock.clone());
        write(&server, 1, 20);
        server.service.relay.write_snapshots();
        write(&server, 21, 20);
        documents(&server)
    };
    let log = embedded(&path);
    let server = Server::over(Arc::clone(&log) as _, log, clock.clone());
    let after = documents(&server);
    assert_eq!(before, after);
    // Cursors from before are good, and saves from before are known.
    for document in &before {
        let pulled = server.pull(document.key(), Some(document.cursor()));
        assert_eq!(entries(pulled).0.len(), 0);
    }
    let again = server.push(&[create(&key("Page 1"), 1, "line 1\n")]);
    assert!(matches!(again[0], Receipt::Known(_)), "{again:?}");
    // All entries since the start can still be read.
    let first =
        entries(server.pull(&key("Page 1"), Some(redwedding_wire::version::Cursor::start(7))));
    assert_eq!(first.0.len(), 8);
}

#[test]
fn log_time_does_not_go_back() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (store, clock) = (Arc::new(MemoryNodeStore::default()), TestClock::new());
    clock.advance(1_000_000);
    let page = key("Page");
    let newest = {
        let server = Server::over(Arc::clone(&log) as _, Arc::clone(&store) as _, clock.clone());
        server.push(&[create(&page, 1, "a\n")]);
        snapshot(server.pull(&page, None)).changes().kept()[0].logged_ms
    };
    // The same log under a clock that is 1000 s behind.
    let server = Server::over(log, store, TestClock::new());
    server.push(&[create(&page, 2, "b\n")]);
    assert_eq!(snapshot(server.pull(&page, None)).changes().kept()[1].logged_ms, newest);
}

#[test]
fn a_log_that_lost_its_tail_resets_who_was_there() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let store = Arc::new(MemoryNodeStore::default());
    let page = key("Page");
    let (lost, cursor) = {
        let server = Server::over(Arc::clone(&log) as _, Arc::clone(&store) as _, TestClock::new());
        server.push(&[create(&page, 1, "kept\n")]);
        let lost = create(&page, 2, "lost\n");
        server.push(std::slice::from_ref(&lost));
        (lost, snapshot(server.pull(&page, None)).cursor())
    };
    log.lose_tail(page.shard(limits::SHARDS), 2);
    // Snapshots were written at the end; they must not stand against the log.
    let server = Server::over(log, store, TestClock::new());
    assert_eq!(snapshot(server.pull(&page, None)).text(), "kept\n");
    assert_eq!(server.pull(&page, Some(cursor)), Pulled::Reset);
    server.push(&[create(&page, 3, "other\n")]);
    assert_eq!(server.pull(&page, Some(cursor)), Pulled::Reset, "another entry has its position");
    // The outbox is pushed again.
    assert!(matches!(server.push(&[lost])[0], Receipt::Logged(_)));
    assert_eq!(snapshot(server.pull(&page, None)).changes().len(), 3);
    // What stood on the lost position is refused, never taken for another text.
    let base = VersionRef {
        root: Root::Log(cursor.place()),
        extra: vec![],
        check: None,
        hidden: None,
        put: None,
    };
    let receipt = server.push(&[edit(&page, 4, base, "", "x")]).remove(0);
    assert!(matches!(receipt, Receipt::Refused(_)), "{receipt:?}");
}
