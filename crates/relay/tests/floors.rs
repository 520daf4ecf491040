//! Floors: which are chosen, what becomes of what lies below, and who can still have it.

mod support;

use std::sync::Arc;

use redwedding_document::entry::{Body, Committed, Edit, Entry, Intent, Missing};
use redwedding_document::{Document, Segment};
use redwedding_fold::log::memory::{AppendFault, MemoryLog};
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_fold::store::{DocumentSnapshot, NodeStore};
use redwedding_fold::{FloorPolicy, Relay, RelayNode};
use redwedding_relay::embedded::Embedded;
use redwedding_relay::limits;
use redwedding_replica::auth;
use redwedding_replica::sync::{Pulled, Receipt};
use redwedding_wire::codec::Decode;
use redwedding_wire::identity::{Actor, Digest, DocumentKey, FlushId};
use redwedding_wire::version::{Cursor, Place, Root, VersionRef};

use support::*;

/// Nothing is kept that the origin has, and everything is worth a segment.
fn eager() -> FloorPolicy {
    FloorPolicy { age_ms: 0, most: 1, keep: 0, least: 1, segment_bytes: 1 << 20 }
}

fn server(floors: FloorPolicy) -> Server {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    Server::with_floor_policy(log, Arc::new(MemoryNodeStore::default()), TestClock::new(), floors)
}

/// A page and who writes it, one save after the other.
struct Author {
    page: DocumentKey,
    text: String,
    base: VersionRef,
    saves: u64,
    revision: u64,
}

impl Author {
    fn new() -> Self {
        let base =
            VersionRef { root: Root::EMPTY, extra: vec![], check: None, hidden: None, put: None };
        Self { page: key("Page"), text: String::new(), base, saves: 0, revision: 0 }
    }

    fn next(&mut self) -> Entry {
        self.saves += 1;
        let text = format!("{}line {}\n", self.text, self.saves);
        let entry = edit(&self.page, self.saves, self.base.clone(), &self.text, &text);
        self.text = text;
        entry
    }

    /// A save; gives the version after it.
    fn save(&mut self, server: &Server) -> VersionRef {
        let entry = self.next();
        self.base = VersionRef::log(logged(&server.push(&[entry])[0]));
        self.base.clone()
    }

    fn flush(&mut self, server: &Server) {
        let Root::Log(upto) = self.base.root else { panic!("nothing is logged") };
        let text = Digest::of_text(&self.text);
        let (flush, from) = (FlushId([self.revision as u8; 16]), self.revision);
        self.revision += 1;
        let revision = self.revision;
        let intent = Intent { flush, upto, tip: from, text };
        let committed =
            Committed { flush, from, revision, stored: text, difference: None, time_ms: 1 };
        let entries = [Body::Intent(intent), Body::Committed(committed)]
            .map(|body| Entry::new(self.page.clone(), body));
        for receipt in server.push(&entries) {
            logged(&receipt);
        }
    }

    /// Saves, a flush, and a look at the floor after it.
    fn work(&mut self, server: &Server, saves: usize) -> usize {
        for _ in 0..saves {
            self.save(server);
        }
        self.flush(server);
        server.service.move_floors()
    }

    fn document(&self, server: &Server) -> Document {
        snapshot(server.pull(&self.page, None))
    }
}

fn floor(document: &Document) -> (usize, usize) {
    (document.changes().floor(), document.changes().len())
}

fn stored(server: &Server, document: &Document, name: Digest) -> Segment {
    let store = &server.service.relay.node.store;
    let found = store.segment(document.key().digest(), name).expect("read");
    Segment::open(&found.expect("it is kept"), name).expect("a segment")
}

#[test]
fn what_is_old_and_written_to_the_origin_is_pruned() {
    let floors = FloorPolicy { age_ms: 1_000, least: 4, ..FloorPolicy::default() };
    let (server, mut author) = (server(floors), Author::new());
    assert_eq!(author.work(&server, 5), 0, "too young");
    server.clock.advance(1_000);
    let written = author.text.clone();
    for _ in 0..3 {
        author.save(&server);
    }
    assert_eq!(server.service.move_floors(), 0, "nothing was flushed since");
    assert_eq!(author.work(&server, 0), 1);
    let document = author.document(&server);
    assert_eq!(floor(&document), (5, 8), "the young ones stay");
    let segment = stored(&server, &document, document.archive()[0].digest);
    assert_eq!(segment.text_after(5).as_deref(), Ok(written.as_str()));
    server.clock.advance(1_000);
    assert_eq!(author.work(&server, 0), 0, "three more are not worth a segment");
    author.save(&server);
    server.clock.advance(1_000);
    author.flush(&server);
    author.save(&server);
    assert_eq!(server.service.move_floors(), 1);
    let document = author.document(&server);
    assert_eq!(floor(&document), (9, 10), "what the origin lacks stays");
    assert_eq!(document.text(), author.text);
    let metrics = get(&format!("{}/metrics", server.base)).1;
    assert!(metrics.contains("redwedding_relay_floors_total 2"), "{metrics}");
}

#[test]
fn a_crowd_is_pruned_however_young() {
    let floors = FloorPolicy { most: 20, keep: 10, least: 4, ..FloorPolicy::default() };
    let (server, mut author) = (server(floors), Author::new());
    assert_eq!(author.work(&server, 20), 0);
    assert_eq!(author.work(&server, 1), 1);
    assert_eq!(floor(&author.document(&server)), (11, 21));
}

#[test]
fn an_archive_stays_in_few_segments_and_leaves_no_gap() {
    let (server, mut author) = (server(eager()), Author::new());
    let mut texts = vec![String::new()];
    let mut rewritten = 0;
    for round in 1..=100usize {
        author.save(&server);
        texts.push(author.text.clone());
        assert_eq!(author.work(&server, 0), 1);
        let document = author.document(&server);
        assert_eq!(floor(&document), (round, round));
        let ends: Vec<_> = document.archive().iter().map(|segment| segment.end as usize).collect();
        let mut begins = vec![0];
        begins.extend(&ends[..ends.len() - 1]);
        let lengths: Vec<_> = ends.iter().zip(&begins).map(|(end, begin)| end - begin).collect();
        let falls = lengths.windows(2).all(|pair| pair[0] > pair[1]);
        assert!(falls && lengths.len() <= 8, "after {round}: {lengths:?}");
        rewritten += lengths.last().expect("one");
    }
    assert!(rewritten <= 100 * 8, "{rewritten} changes were written for 100");
    let document = author.document(&server);
    for part in document.archive() {
        let segment = stored(&server, &document, part.digest);
        for (n, text) in texts.iter().enumerate().take(part.end as usize + 1).skip(segment.first())
        {
            assert_eq!(segment.text_after(n).as_deref(), Ok(text.as_str()));
        }
    }
}

#[test]
fn a_segment_has_a_bound_and_so_has_the_archive() {
    let floors = FloorPolicy { segment_bytes: 1, ..eager() };
    let (server, mut author) = (server(floors), Author::new());
    for round in 0..limits::SEGMENTS {
        assert_eq!(author.work(&server, 1), 1, "round {round}");
    }
    assert_eq!(author.document(&server).archive().len(), limits::SEGMENTS);
    assert_eq!(author.work(&server, 1), 0, "the archive is full");
    assert_eq!(floor(&author.document(&server)), (limits::SEGMENTS, limits::SEGMENTS + 1));
}

#[test]
fn with_floors_and_without_the_value_is_the_same() {
    let (server, mut author) = (server(eager()), Author::new());
    let mut late = 1_000;
    for round in 0..12u64 {
        let (base, then) = (author.base.clone(), author.text.clone());
        author.work(&server, 2);
        if round % 3 == 1 {
            late += 1;
            let text = format!("late {late}\n{then}");
            let entry = edit(&author.page, late, base, &then, &text);
            author.base = VersionRef::log(logged(&server.push(&[entry])[0]));
            author.text = author.document(&server).text().to_owned();
        }
    }
    let pruned = author.document(&server);
    let mut whole = Document::new(author.page.clone(), Cursor::start(7));
    let mut floors = 0;
    while whole.cursor().position < pruned.cursor().position {
        let Pulled::Entries { records, upto, .. } = server.pull(&author.page, Some(whole.cursor()))
        else {
            panic!("short enough for entries")
        };
        for record in records {
            let (position, prefix) = (record.position, record.prefix);
            let entry = Entry::decode(&record.entry).expect("an entry");
            let is_floor = matches!(entry.body, Body::Floor(_));
            floors += usize::from(is_floor);
            if !is_floor {
                whole.apply(Cursor { epoch: 7, position, prefix }, record.logged_ms, &entry);
            }
        }
        whole.advance(upto);
    }
    assert_eq!(floors, 12);
    assert_eq!((whole.changes().floor(), whole.changes().len()), (0, pruned.changes().len()));
    assert_eq!(whole.text(), pruned.text());
    assert_eq!(whole.value_hash(), pruned.value_hash());
}
#[test]
fn a_push_below_the_floor_counts_and_merges_exactly() {
    let (server, mut author) = (server(eager()), Author::new());
    let first = author.save(&server);
    let then = author.text.clone();
    for _ in 0..3 {
        author.work(&server, 2);
    }
    assert_eq!(author.document(&server).changes().kept().len(), 0);
    let late = edit(&author.page, 77, first.clone(), &then, &format!("late\n{then}"));
    let place = logged(&server.push(std::slice::from_ref(&late))[0]);
    let document = author.document(&server);
    assert_eq!(document.text(), format!("late\n{}", author.text));
    assert_eq!(document.changes().last().map(|change| change.place), Some(place));
    assert_eq!(server.push(&[late]), [Receipt::Known(place)]);
    // What stands on nothing that there is waits, and is not refused.
    let extra = vec![Actor(77)];
    let orphan = edit(&author.page, 78, VersionRef { extra, ..first }, &then, "x\n");
    assert_eq!(server.push(&[orphan]), [Receipt::Deferred(Missing::Actor(Actor(77)))]);
    assert_eq!(author.document(&server), document);
}

#[test]
fn a_retry_of_an_archived_save_is_known() {
    let (server, mut author) = (server(eager()), Author::new());
    let saved = author.next();
    let place = logged(&server.push(std::slice::from_ref(&saved))[0]);
    author.base = VersionRef::log(place);
    author.work(&server, 3);
    author.work(&server, 3);
    let before = author.document(&server);
    assert_eq!(server.push(std::slice::from_ref(&saved)), [Receipt::Known(place)]);
    // Accepted elsewhere with another delta, it is the same save.
    let Body::Edit(Edit { delta, .. }) = &saved.body else { panic!("a save") };
    let other = create(&author.page, 1, "another line 1\n");
    assert!(matches!(&other.body, Body::Edit(edit) if edit.delta.edit == delta.edit));
    assert_eq!(server.push(&[other]), [Receipt::Known(place)]);
    assert_eq!(author.document(&server).text(), before.text());
}

#[test]
fn a_relay_that_dies_between_segment_and_floor_loses_nothing() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let store = Arc::new(MemoryNodeStore::default());
    let mut author = Author::new();
    let start = |log: &Arc<MemoryLog>, store: &Arc<MemoryNodeStore>| {
        let (log, store) = (Arc::clone(log) as _, Arc::clone(store) as _);
        Server::with_floor_policy(log, store, TestClock::new(), eager())
    };
    {
        let server = start(&log, &store);
        author.save(&server);
        author.flush(&server);
        log.inject(AppendFault::Lost);
        assert_eq!(server.service.move_floors(), 0, "the log did not take it");
        assert_eq!(floor(&author.document(&server)), (0, 1));
    }
    let server = start(&log, &store);
    assert_eq!(author.document(&server).text(), author.text);
    assert_eq!(author.work(&server, 1), 1);
    assert_eq!(floor(&author.document(&server)), (2, 2));
}

#[test]
fn a_restart_comes_to_the_same_floor_with_or_without_snapshots() {
    for snapshot_after in [None, Some(0), Some(2), Some(4)] {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("relay.redb");
        let open = || {
            let open = Embedded::open(&path, limits::SHARDS, 7, Box::new(|_| ()));
            Arc::new(open.expect("open"))
        };
        let mut author = Author::new();
        let first;
        let before = {
            let log = open();
            let server =
                Server::with_floor_policy(Arc::clone(&log) as _, log, TestClock::new(), eager());
            first = author.save(&server);
            for round in 0..5 {
                author.work(&server, 2);
                if snapshot_after == Some(round) {
                    server.service.relay.write_snapshots();
                }
                if round == 2 {
                    let late = edit(&author.page, 99, first.clone(), "line 1\n", "line 1.\n");
                    author.base = VersionRef::log(logged(&server.push(&[late])[0]));
                    author.text = author.document(&server).text().to_owned();
                }
            }
            // A node that dies writes no snapshots at its end.
            let fold = &server.service.relay;
            let shard = &fold.shards[usize::from(author.page.shard(limits::SHARDS))];
            shard.write().dirty.clear();
            author.document(&server)
        };
        let log = open();
        let server =
            Server::with_floor_policy(Arc::clone(&log) as _, log, TestClock::new(), eager());
        assert_eq!(author.document(&server), before, "snapshot after {snapshot_after:?}");
        let late = edit(&author.page, 100, first, "line 1\n", "line one\n");
        logged(&server.push(&[late])[0]);
    }
}

#[test]
fn a_node_that_has_no_segments_keeps_them_as_it_folds() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let node = |store: &Arc<MemoryNodeStore>| {
        let (log, store) = (Arc::clone(&log) as _, Arc::clone(store) as _);
        Server::with_floor_policy(log, store, TestClock::new(), eager())
    };
    let (one, other) = (Arc::new(MemoryNodeStore::default()), Arc::new(MemoryNodeStore::default()));
    let (server, mut author) = (node(&one), Author::new());
    let first = author.save(&server);
    for _ in 0..6 {
        author.work(&server, 2);
    }
    let late = edit(&author.page, 99, first, "line 1\n", "line 1.\n");
    logged(&server.push(&[late])[0]);
    let expected = author.document(&server);
    let second = node(&other);
    assert_eq!(author.document(&second), expected);
    for part in expected.archive() {
        stored(&second, &expected, part.digest);
    }
}

#[test]
fn a_node_that_lost_its_segments_does_not_go_on() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (store, mut author) = (Arc::new(MemoryNodeStore::default()), Author::new());
    let snapshot;
    {
        let server =
            Server::with_floor_policy(Arc::clone(&log) as _, store, TestClock::new(), eager());
        let first = author.save(&server);
        author.work(&server, 1);
        let shard = author.page.shard(limits::SHARDS);
        let state = server.service.relay.shards[usize::from(shard)].read();
        snapshot = (shard, state.documents[&author.page].clone(), state.head);
        drop(state);
        let late = edit(&author.page, 99, first, "line 1\n", "line 1.\n");
        logged(&server.push(&[late])[0]);
    }
    // Snapshots without the segments that they stand on.
    let (shard, materialized, head) = snapshot;
    let other = Arc::new(MemoryNodeStore::default());
    let encoded = redwedding_wire::codec::Encode::encode(&*materialized);
    let snapshot = DocumentSnapshot { document: author.page.digest(), encoded };
    other.put_snapshots(shard, &[snapshot]).expect("put");
    other.set_folded(shard, head).expect("set");
    let error = Relay::recover(RelayNode::new(log, other, Arc::new(()), 1), FloorPolicy::default())
        .err()
        .map(|error| error.to_string())
        .unwrap_or_default();
    assert!(error.contains("needs segment"), "{error}");
}

#[test]
fn a_segment_is_given_to_who_may_have_the_document() {
    let (server, mut author) = (server(eager()), Author::new());
    author.work(&server, 3);
    let document = author.document(&server);
    let name = document.archive()[0].digest;
    let url = |name: &str, rest: &str| format!("{}/v1/segments/{name}?{rest}", server.base);
    let good = url(&name.to_string(), "key=Page");
    let ours = auth::sign(grant(auth::RELAY, Some(SITE)), KEY, 1_700_000_000_000, 1 << 32);
    let theirs = auth::sign(grant(auth::RELAY, Some("other")), KEY, 1_700_000_000_000, 1 << 32);
    let (status, bytes) = get_with(&good, Some(&ours));
    let opened = Segment::open_plain(&bytes, name).expect("a segment");
    assert_eq!((status, opened.key()), (200, &author.page));
    assert_eq!(get_with(&format!("{good}&site=w"), Some(&token())).0, 200);
    let refused = [
        (401, good.clone(), None),
        (404, good.clone(), Some(&theirs)),
        (403, format!("{good}&site=w"), Some(&theirs)),
        (400, good.clone(), Some(&token())),
        (404, url(&name.to_string(), "key=Other"), Some(&ours)),
        (404, url(&Digest([9; 16]).to_string(), "key=Page"), Some(&ours)),
        (400, url("nonsense", "key=Page"), Some(&ours)),
        (400, url(&name.to_string(), "nothing=else"), Some(&ours)),
    ];
    for (expected, url, token) in refused {
        let (status, body) = get_with(&url, token.map(String::as_str));
        assert_eq!(status, expected, "{url}: {}", String::from_utf8_lossy(&body));
    }
    let metrics = get(&format!("{}/metrics", server.base)).1;
    assert!(metrics.contains("redwedding_relay_segments_total{status=\"200\"} 2"), "{metrics}");
    // A title as the edge sends it.
    let mut author = Author { page: key("Ä & b/c?=+%"), ..Author::new() };
    author.work(&server, 1);
    let name = author.document(&server).archive()[0].digest;
    let url = url(&name.to_string(), "key=%C3%84%20%26%20b%2Fc%3F%3D%2B%25");
    assert_eq!(get_with(&url, Some(&ours)).0, 200);
}

#[test]
fn two_nodes_that_move_a_floor_at_once_leave_no_gap() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let node = || {
        let (log, store) = (Arc::clone(&log) as _, Arc::new(MemoryNodeStore::default()));
        Server::with_floor_policy(log, store, TestClock::new(), eager())
    };
    let (one, mut author) = (node(), Author::new());
    let first = author.save(&one);
    for _ in 0..6 {
        author.work(&one, 1);
    }
    author.save(&one);
    author.flush(&one);
    // Both look at it at once: the second knows more, and comes first.
    let two = node();
    author.save(&two);
    author.flush(&two);
    assert_eq!(two.service.move_floors(), 1);
    one.service.move_floors();
    let late = edit(&author.page, 99, first, "line 1\n", "line 1.\n");
    logged(&one.push(&[late])[0]);
    let text = author.text.replacen("line 1\n", "line 1.\n", 1);
    assert_eq!(author.document(&one).text(), text);
    assert_eq!(author.document(&node()), author.document(&one));
}
#[test]
fn a_longer_segment_takes_in_a_shorter_one() {
    let (server, mut author) = (server(eager()), Author::new());
    author.work(&server, 1);
    author.work(&server, 3);
    let document = author.document(&server);
    let [first] = document.archive() else { panic!("the longer takes in the shorter") };
    assert_ne!(first.upto, Place::START);
    assert_eq!(stored(&server, &document, first.digest).first(), 0);
}
