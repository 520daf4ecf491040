//! Two relay nodes over one log: what one says of a batch holds whatever the other appended in
//! between.

use std::sync::Arc;

use redwedding_document::entry::{
    Body, Committed, Condition, Delta, Edit, Entry, Intent, Missing, Note, RULES,
};
use redwedding_document::limits::OBJECTS;
use redwedding_fold::batch::PushedEntry;
use redwedding_fold::log::memory::MemoryLog;
use redwedding_fold::store::memory::MemoryNodeStore;
use redwedding_fold::{FloorPolicy, Relay, RelayNode};
use redwedding_replica::limits;
use redwedding_replica::sync::Receipt;
use redwedding_text::diff;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Place, VersionRef};
use serde_bytes::ByteBuf;

fn node(log: &Arc<MemoryLog>) -> Relay {
    let (log, store) = (Arc::clone(log) as _, Arc::<MemoryNodeStore>::default() as _);
    let node = RelayNode::new(log, store, Arc::new(()), limits::FLUSH_INTERVAL_MS);
    Relay::recover(node, FloorPolicy::default()).expect("nothing is there")
}

fn page() -> DocumentKey {
    DocumentKey::new("wiki", "Page").expect("a key")
}

/// A save of `text` over `before`, the text right after `place`.
fn save(number: u8, place: Place, before: &str, text: &str) -> PushedEntry {
    let base = Base::Version(VersionRef::log(place));
    let patch = diff::between(before, text);
    let delta =
        Delta { edit: EditId([number; 16]), base, patch, note: Note::default(), rules: RULES };
    let pop = "AMS".to_owned();
    let edit = Edit { delta, accepted_ms: 1, pop, served: None, condition: None, client: None };
    pushed(Body::Edit(edit))
}

/// The same, if there is no page yet.
fn only_creation(number: u8, text: &str) -> PushedEntry {
    let mut entry = save(number, Place::START, "", text).entry;
    let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
    edit.condition = Some(Condition::Absent);
    pushed(entry.body)
}

fn push(relay: &Relay, entries: Vec<PushedEntry>, now_ms: u64) -> Vec<Receipt> {
    let mut writer = relay.writer(page().shard(limits::SHARDS));
    writer.write(vec![entries], now_ms).pop().expect("an answer to the exchange")
}

/// The second node has not heard of the first save, which it is pushed again with one that stands
/// on it. In its batch that save gets another place.
#[test]
fn what_a_batch_is_compared_with_may_turn_out_otherwise() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (first, second) = (node(&log), node(&log));
    let created = save(1, Place::START, "", "a page\n");
    let receipts = push(&first, vec![created.clone()], 1_000);
    let [Receipt::Logged(place)] = receipts[..] else { panic!("{receipts:?}") };
    let further = save(2, place, "a page\n", "a page\nmore\n");
    let both = vec![created, further];
    let receipts = push(&second, both, 2_000);
    assert!(matches!(receipts[..], [Receipt::Known(_), Receipt::Logged(_)]), "{receipts:?}");
}

/// Neither node has heard of the other's save. The log has both, and one of them counts.
#[test]
fn of_two_that_want_to_be_the_first_one_is() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (first, second) = (node(&log), node(&log));
    let receipts = push(&first, vec![only_creation(1, "one\n")], 1_000);
    assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
    let too_late = only_creation(2, "two\n");
    assert_eq!(push(&second, vec![too_late.clone()], 2_000), [Receipt::Unmet]);
    // Where it is known not to be met it is not even appended.
    let end = second.shard_of(&page()).read().head;
    assert_eq!(push(&second, vec![too_late.clone()], 3_000), [Receipt::Unmet]);
    assert_eq!(push(&first, vec![too_late], 3_000), [Receipt::Unmet]);
    assert_eq!((end.position, second.shard_of(&page()).read().head), (2, end));
    let again = push(&second, vec![only_creation(1, "one\n")], 4_000);
    assert!(matches!(again[..], [Receipt::Known(_)]), "{again:?}");
}

/// The second node has not heard of an intent, and is told what came of it.
#[test]
fn nothing_is_refused_for_what_another_node_has_appended() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (first, second) = (node(&log), node(&log));
    let receipts = push(&first, vec![save(1, Place::START, "", "a page\n")], 1_000);
    let [Receipt::Logged(upto)] = receipts[..] else { panic!("{receipts:?}") };
    let text = Digest::of_text("a page\n");
    let flush = FlushId([1; 16]);
    let intent = pushed(Body::Intent(Intent { flush, upto, tip: 0, text }));
    assert!(matches!(push(&first, vec![intent], 2_000)[..], [Receipt::Logged(_)]));
    let (from, revision, stored) = (0, 1, text);
    let committed = Committed { flush, from, revision, stored, difference: None, time_ms: 2_000 };
    let committed = pushed(Body::Committed(committed));
    let receipts = push(&second, vec![committed], 3_000);
    assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
}

/// The version that a save was made on is the oldest that the document keeps, and another node has
/// one more appended. What the log keeps out then is pushed again, with that version.
#[test]
fn what_the_log_kept_out_after_all_is_judged_anew() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let first = node(&log);
    let mut versions = Vec::new();
    for _ in 0..=OBJECTS {
        let number = versions.len() as u16;
        let mut entry = save(0, Place::START, "", "a line\n").entry;
        let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
        edit.delta.edit.0[..2].copy_from_slice(&(number + 1).to_le_bytes());
        let receipts = push(&first, vec![pushed(entry.body)], 1_000);
        let [Receipt::Logged(place)] = receipts[..] else { panic!("{receipts:?}") };
        versions.push(VersionRef::log(place));
    }
    let version = |of: &VersionRef| pushed(Body::Version(of.clone()));
    let (last, known) = versions.split_last().expect("there are some");
    let known: Vec<_> = known.iter().map(version).collect();
    assert!(push(&first, known, 1_000).iter().all(Receipt::is_settled));
    let second = node(&log);
    assert!(push(&first, vec![version(last)], 1_000)[0].is_settled());
    let mut entry = save(0, Place::START, "a line\n", "a line\nmore\n").entry;
    let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
    let object = versions[0].object_id(&page());
    edit.delta.base = Base::Object(object);
    edit.delta.edit = EditId([255; 16]);
    let further = pushed(entry.body);
    let receipts = push(&second, vec![further.clone()], 1_000);
    assert!(matches!(receipts[..], [Receipt::Quarantined(_)]), "{receipts:?}");
    assert!(!receipts[0].is_settled(), "whoever has it keeps it");
    let receipts = push(&second, vec![further.clone()], 1_000);
    assert_eq!(receipts, [Receipt::Deferred(Missing::Object(object))]);
    let receipts = push(&second, vec![version(&versions[0]), further], 1_000);
    assert!(matches!(receipts[1], Receipt::Logged(_)), "{receipts:?}");
}

fn pushed(body: Body) -> PushedEntry {
    let entry = Entry::new(page(), body);
    let bytes = ByteBuf::from(entry.encode());
    PushedEntry { entry, bytes }
}
