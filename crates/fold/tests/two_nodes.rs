//! What a relay node says of a batch holds, whatever another node over the same log appended in
//! between, and where there was no time for all of it.

use std::sync::Arc;

use redwedding_document::entry::{
    Body, Committed, Condition, Delta, Edit, Entry, Intent, Missing, Note, RULES,
};
use redwedding_document::limits::OBJECTS;
use redwedding_fold::batch::PushedEntry;
use redwedding_fold::log::Log;
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
    let edit = Edit::new(delta, 1, pop);
    pushed(Body::Edit(edit))
}

/// The same, if there is no page yet.
fn only_creation(number: u8, text: &str) -> PushedEntry {
    let mut entry = save(number, Place::START, "", text).entry;
    let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
    edit.condition = Some(Condition::Absent);
    pushed(entry.body)
}

/// Another save of `text` over `before`, the text that a save made of nothing.
fn on_save(number: u8, parent: &PushedEntry, before: &str, text: &str) -> PushedEntry {
    let mut entry = save(number, Place::START, before, text).entry;
    let Body::Edit(edit) = &mut entry.body else { panic!("it is an edit") };
    let extra = parent.entry.actor().into_iter().collect();
    edit.delta.base = Base::Version(VersionRef { extra, ..VersionRef::log(Place::START) });
    pushed(entry.body)
}

fn push(relay: &Relay, entries: Vec<PushedEntry>, now_ms: u64) -> Vec<Receipt> {
    let mut writer = relay.writer(page().shard(limits::SHARDS));
    writer.write(vec![entries], now_ms, &|_| false).pop().expect("an answer to the exchange")
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

/// Three saves, each made on the place of the one before, which the log has lost with its tail: it
/// keeps what it took at the same time as the first of them. A node whose clock is behind would log
/// that one at the same place with the same check.
fn lost_chain(log: &Arc<MemoryLog>) -> [PushedEntry; 3] {
    let relay = node(log);
    let before = save(1, Place::START, "", "a page\n");
    let one = save(2, Place::START, "", "one\n");
    let receipts = push(&relay, vec![before, one.clone()], 1_000);
    let [Receipt::Logged(_), Receipt::Logged(place)] = receipts[..] else { panic!("{receipts:?}") };
    let text = |relay: &Relay| {
        let state = relay.shard_of(&page()).read();
        state.documents[&page()].document.text().to_owned()
    };
    let now = text(&relay);
    let two = save(3, place, &now, &format!("{now}two\n"));
    let receipts = push(&relay, vec![two.clone()], 500);
    let [Receipt::Logged(place)] = receipts[..] else { panic!("{receipts:?}") };
    let now = text(&relay);
    let three = save(4, place, &now, &format!("{now}three\n"));
    let receipts = push(&relay, vec![three.clone()], 500);
    assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
    log.lose_tail(page().shard(limits::SHARDS), 2);
    [one, two, three]
}

fn is_nothing_kept_out(relay: &Relay) -> bool {
    let state = relay.shard_of(&page()).read();
    state.documents[&page()].document.quarantined().is_empty()
}

/// Of a batch that lands elsewhere nothing is kept out because it was made on a place of before:
/// not even where the batch would have had that very place.
#[test]
fn nothing_stands_on_a_place_that_the_log_does_not_have_yet() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let [one, two, three] = lost_chain(&log);
    let (first, second) = (node(&log), node(&log));
    let receipts = push(&first, vec![one.clone()], 2_000);
    assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
    let receipts = push(&second, vec![one, two.clone(), three.clone()], 500);
    assert!(matches!(receipts[0], Receipt::Known(_)), "{receipts:?}");
    assert!(!receipts[1..].iter().any(Receipt::is_settled), "{receipts:?}");
    // That place is another one's now.
    let receipts = push(&second, vec![two], 2_000);
    assert!(matches!(receipts[..], [Receipt::Refused(_)]), "{receipts:?}");
    assert!(first.writer(page().shard(limits::SHARDS)).catch_up().is_ok());
    assert!([first, second].iter().all(is_nothing_kept_out));
}

/// Nor where a node dies before it hears where its batch went.
#[test]
fn a_node_that_dies_leaves_nothing_in_the_log_that_is_kept_out() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let lost = lost_chain(&log);
    let (first, second) = (node(&log), node(&log));
    {
        let mut writer = second.writer(page().shard(limits::SHARDS));
        let prepared = writer.prepare(vec![lost.to_vec()], 500, &|_| false);
        let receipts = push(&first, lost[..1].to_vec(), 2_000);
        assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
        let _dies = writer.append(prepared);
    }
    assert!(is_nothing_kept_out(&node(&log)));
}

/// Where the batch comes where it was expected, its places are what they were, once the log has
/// them.
#[test]
fn a_lost_chain_goes_back_one_place_after_the_other() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let [one, two, three] = lost_chain(&log);
    let relay = node(&log);
    let all = vec![one, two, three];
    let waits = |position| Receipt::Deferred(Missing::Position(position));
    let receipts = push(&relay, all.clone(), 500);
    assert!(matches!(receipts[0], Receipt::Logged(_)), "{receipts:?}");
    assert_eq!(receipts[1..], [waits(2), waits(3)]);
    let receipts = push(&relay, all.clone(), 500);
    assert!(matches!(receipts[..2], [Receipt::Known(_), Receipt::Logged(_)]), "{receipts:?}");
    assert_eq!(receipts[2..], [waits(3)]);
    let receipts = push(&relay, all, 500);
    let there = matches!(receipts[..], [Receipt::Known(_), Receipt::Known(_), Receipt::Logged(_)]);
    assert!(there && is_nothing_kept_out(&relay), "{receipts:?}");
}

/// A save that met its condition in a log that was lost is sent again, and with it what was made on
/// it. The log has another page by now, so the condition is not met there.
#[test]
fn nothing_stands_on_what_the_log_may_not_take() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let (first, second) = (node(&log), node(&log));
    let created = only_creation(1, "one\n");
    let further = on_save(2, &created, "one\n", "one\nmore\n");
    let receipts = push(&first, vec![save(3, Place::START, "", "other\n")], 1_000);
    assert!(matches!(receipts[..], [Receipt::Logged(_)]), "{receipts:?}");
    let receipts = push(&second, vec![created.clone(), further.clone()], 1_000);
    assert_eq!(receipts, [Receipt::Unmet, Receipt::Busy]);
    assert!(is_nothing_kept_out(&second));
    // Put back without its condition it is taken, and what was made on it.
    let back = save(1, Place::START, "", "one\n");
    let receipts = push(&second, vec![back, further], 2_000);
    assert!(matches!(receipts[..], [Receipt::Logged(_), Receipt::Logged(_)]), "{receipts:?}");
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

/// Of each exchange that has had its time the first is taken; of the rest only what the log has
/// is answered.
#[test]
fn who_is_late_is_told_busy_of_what_is_left() {
    let log = Arc::new(MemoryLog::new(7, limits::SHARDS));
    let relay = node(&log);
    let saves: Vec<PushedEntry> =
        (1..=5).map(|number| save(number, Place::START, "", &format!("page {number}\n"))).collect();
    let [first, second, known, third, fourth] = &saves[..] else { panic!("five saves") };
    push(&relay, vec![known.clone()], 1_000);
    let pushes = vec![
        vec![first.clone(), second.clone(), known.clone()],
        vec![third.clone(), fourth.clone()],
    ];
    let mut writer = relay.writer(page().shard(limits::SHARDS));
    let receipts = writer.write(pushes, 2_000, &|exchange| exchange == 0);
    drop(writer);
    assert!(
        matches!(receipts[0][..], [Receipt::Logged(_), Receipt::Busy, Receipt::Known(_)]),
        "{receipts:?}"
    );
    assert!(matches!(receipts[1][..], [Receipt::Logged(_), Receipt::Logged(_)]), "{receipts:?}");
    assert_eq!(log.head(page().shard(limits::SHARDS)).expect("a log").position, 4);
    let receipts = push(&relay, saves[..3].to_vec(), 3_000);
    let [Receipt::Known(_), Receipt::Logged(_), Receipt::Known(_)] = receipts[..] else {
        panic!("{receipts:?}")
    };
}
