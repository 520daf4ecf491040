//! What every store has to pass, whatever it stands on.
//!
//! May assume that `open` gives an empty store. Must never know which implementation it runs on. It
//! panics where the contract of [`NodeStore`] is broken.

use redwedding_wire::identity::Digest;
use redwedding_wire::version::Cursor;

use super::{DocumentSnapshot, NodeStore, RefusedEntry, RetainedRefusals};

const A: Digest = Digest([1; 16]);
const B: Digest = Digest([0xff; 16]);

/// Runs the whole suite; `open` gives a fresh, empty store each time.
///
/// # Panics
/// Where the store breaks the contract.
pub fn check<S: NodeStore>(open: impl Fn() -> S) {
    snapshots_take_each_others_place(&open());
    segments_stay_as_they_are(&open());
    refusals_are_retained_once(&open());
}

/// What durable stores have to pass besides; `open` opens the same store each time, and the one
/// before was dropped.
///
/// # Panics
/// Where something was forgotten.
pub fn check_durable<S: NodeStore>(open: impl Fn() -> S) {
    {
        let store = open();
        snapshots_take_each_others_place(&store);
        segments_stay_as_they_are(&store);
        refusals_are_retained_once(&store);
    }
    let store = open();
    assert_eq!(snapshots(&store, 1), [snapshot(A, 2), snapshot(B, 3)]);
    assert_eq!(store.folded(1), Ok(Some(cursor())), "how far they go survives");
    assert_eq!(store.segment(A, B), Ok(Some(vec![1; 70_000])), "a segment survives");
    assert_eq!(store.segment(B, A), Ok(Some(vec![3])));
    assert_eq!(store.retain_refused(&[refusal("b")], 6), Ok(retained(0, 1)));
    assert_eq!(store.refused(), Ok(2));
}

fn cursor() -> Cursor {
    Cursor::start(7).after(b"a")
}

fn snapshot(document: Digest, byte: u8) -> DocumentSnapshot {
    DocumentSnapshot { document, encoded: vec![byte] }
}

fn snapshots(store: &impl NodeStore, shard: u16) -> Vec<DocumentSnapshot> {
    let mut found = Vec::new();
    store.snapshots(shard, &mut |snapshot| found.push(snapshot)).expect("snapshots");
    found
}

fn snapshots_take_each_others_place(store: &impl NodeStore) {
    assert_eq!((snapshots(store, 1), store.folded(1)), (vec![], Ok(None)));
    store.put_snapshots(1, &[snapshot(A, 1), snapshot(B, 3)]).expect("put");
    store.put_snapshots(1, &[snapshot(A, 2)]).expect("put");
    store.put_snapshots(2, &[snapshot(B, 4)]).expect("put");
    store.set_folded(1, cursor()).expect("set");
    assert_eq!(snapshots(store, 1), [snapshot(A, 2), snapshot(B, 3)]);
    assert_eq!(snapshots(store, 2), [snapshot(B, 4)], "shards are apart");
    assert_eq!((store.folded(1), store.folded(2)), (Ok(Some(cursor())), Ok(None)));
}

fn segments_stay_as_they_are(store: &impl NodeStore) {
    assert_eq!(store.segment(A, B), Ok(None));
    store.put_segment(A, B, &[1; 70_000]).expect("put");
    store.put_segment(A, B, &[2]).expect("put");
    store.put_segment(B, A, &[3]).expect("put");
    assert_eq!(store.segment(A, B), Ok(Some(vec![1; 70_000])), "the first stays");
    assert_eq!(store.segment(B, A), Ok(Some(vec![3])));
    assert_eq!(store.segment(B, B), Ok(None), "it is another document's");
}

fn refusal(text: &str) -> RefusedEntry {
    RefusedEntry { reason: "why".into(), bytes: text.into() }
}

fn retained(new: usize, known: usize) -> RetainedRefusals {
    RetainedRefusals { new, known, dropped: 0 }
}

fn refusals_are_retained_once(store: &impl NodeStore) {
    let refusals = [refusal("a"), refusal("a"), refusal("b")];
    assert_eq!(store.retain_refused(&refusals, 5), Ok(retained(2, 1)));
    assert_eq!(store.retain_refused(&refusals[..1], 6), Ok(retained(0, 1)));
    assert_eq!(store.refused(), Ok(2));
}
