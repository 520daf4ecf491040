//! Real concurrent editing sessions, keystroke by keystroke, must end in the text they ended in.
//!
//! `REDWEDDING_DATA` names the folder with the traces; if it is not set, nothing is checked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use redwedding_text::{ChangeId, History, Patch, Text, Version, diff};
use serde_json::Value;

/// A recorded session; each transaction refers to the text that its parents give together.
struct Trace {
    transactions: Vec<Value>,
    end: String,
}

fn trace(name: &str) -> Option<Trace> {
    let Some(data) = std::env::var_os("REDWEDDING_DATA") else {
        eprintln!("skipped: REDWEDDING_DATA is not set");
        return None;
    };
    let path = PathBuf::from(data).join("traces").join(format!("{name}.conc.json.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = BufReader::new(GzDecoder::new(file));
    let mut trace: Value = serde_json::from_reader(reader).expect("a trace is JSON");
    let Value::Array(transactions) = trace["txns"].take() else { panic!("no transactions") };
    Some(Trace { transactions, end: trace["endContent"].as_str().expect("a text").to_owned() })
}

fn number(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number")
}

/// Byte place of the `n`-th code point.
fn byte(text: &str, n: usize) -> usize {
    if text.is_ascii() { n } else { text.char_indices().nth(n).map_or(text.len(), |(at, _)| at) }
}

/// A transaction's edits as one patch of the text at its base.
fn patch(text: &str, edits: &[Value], ascii: bool) -> Patch {
    let mut after = String::new();
    if edits.len() > 1 || !ascii {
        after.push_str(text);
    }
    for edit in edits {
        let (at, deleted) = (number(&edit[0]), number(&edit[1]));
        let inserted = edit[2].as_str().expect("a text");
        let byte = |n: usize| if ascii { n } else { byte(&after, n) };
        let range = byte(at)..byte(at + deleted);
        if edits.len() == 1 {
            let builder = Patch::builder().keep(range.start as u32).delete(range.len() as u32);
            return builder.insert(inserted).build().expect("short");
        }
        after.replace_range(range, inserted);
    }
    diff::between(text, &after)
}

fn edits_of(transaction: &Value) -> &[Value] {
    transaction["patches"].as_array().expect("edits")
}

fn replay(name: &str) {
    let Some(trace) = trace(name) else { return };
    let inserted = |edit: &Value| edit[2].as_str().expect("a text").is_ascii();
    let ascii = trace.transactions.iter().all(|txn| edits_of(txn).iter().all(inserted));
    let mut text = Text::default();
    let mut versions: Vec<Version> = Vec::with_capacity(trace.transactions.len());
    for (index, transaction) in trace.transactions.iter().enumerate() {
        let mut base = Version::EMPTY;
        for parent in transaction["parents"].as_array().expect("parents") {
            base.join(&versions[number(parent)]);
        }
        // In plain ASCII a place is the same in bytes, whatever the text: no need to ask for it.
        let known = base == text.head() || (ascii && edits_of(transaction).len() == 1);
        let old = (!known).then(|| text.text_at(&base).expect("a known version"));
        let patch = patch(old.as_deref().unwrap_or(text.text()), edits_of(transaction), ascii);
        let id = (number(&transaction["agent"]) as u64) << 32 | index as u64;
        text.merge(id, &base, &patch).expect("it fits");
        base.insert(index as u32);
        versions.push(base);
    }
    assert!(text.text() == trace.end, "{name} ends in another text");
}

/// A transaction, keystroke by keystroke.
struct Typed {
    agent: usize,
    parents: Vec<usize>,
    /// Each an edit of the text that the one before left.
    keys: Vec<Patch>,
}

/// The transactions of a session, and the text that they lead to in the order of the recording.
fn typed(trace: &Trace) -> (Vec<Typed>, String) {
    let mut history = History::default();
    let mut versions: Vec<Version> = Vec::new();
    let mut all = Vec::new();
    for (index, transaction) in trace.transactions.iter().enumerate() {
        let parents = transaction["parents"].as_array().expect("parents");
        let parents: Vec<usize> = parents.iter().map(number).collect();
        let mut base = Version::EMPTY;
        parents.iter().for_each(|parent| base.join(&versions[*parent]));
        let mut text = history.text_at("", &base).expect("a known version");
        let mut keys = Vec::new();
        for edit in edits_of(transaction) {
            let (at, deleted) = (number(&edit[0]), number(&edit[1]));
            let range = byte(&text, at)..byte(&text, at + deleted);
            let inserted = edit[2].as_str().expect("a text");
            let patch = Patch::builder().keep(range.start as u32).delete(range.len() as u32);
            keys.push(patch.insert(inserted).build().expect("short"));
            text.replace_range(range, inserted);
        }
        let agent = number(&transaction["agent"]);
        all.push(Typed { agent, parents, keys });
        versions.push(recorded(&mut history, &all[index], index, base));
    }
    let text = history.checkout("").expect("it fits");
    (all, text)
}

/// Records a transaction; gives the version of its end.
fn recorded(history: &mut History, typed: &Typed, index: usize, mut base: Version) -> Version {
    for (key, patch) in (0..).zip(&typed.keys) {
        // Of an agent the earlier transaction has the lesser id, in whichever order they come.
        let id = ChangeId { actor: typed.agent as u64, counter: (index << 16) as u32 | key };
        history.record(id, &base, patch).expect("it can be recorded");
        base.insert(history.len() - 1);
    }
    base
}

/// An order in which a replica may have heard of them: its own agent's as early as they can come,
/// the others' at random, whole or late.
fn heard(all: &[Typed], agent: usize, seed: u64) -> Vec<usize> {
    let mut random = seed;
    let mut rank = |typed: &Typed| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        if typed.agent == agent { 0 } else { random >> 33 }
    };
    let ranks: Vec<u64> = all.iter().map(&mut rank).collect();
    let mut waits: Vec<usize> = all.iter().map(|typed| typed.parents.len()).collect();
    let mut followers = vec![Vec::new(); all.len()];
    for (index, typed) in all.iter().enumerate() {
        typed.parents.iter().for_each(|parent| followers[*parent].push(index));
    }
    let ready = (0..all.len()).filter(|index| waits[*index] == 0);
    let mut ready: BTreeSet<(u64, usize)> = ready.map(|index| (ranks[index], index)).collect();
    let mut order = Vec::new();
    while let Some((_, index)) = ready.pop_first() {
        order.push(index);
        for follower in &followers[index] {
            waits[*follower] -= 1;
            if waits[*follower] == 0 {
                ready.insert((ranks[*follower], *follower));
            }
        }
    }
    order
}

/// The text that a session leads to where it is heard of in this order: merged as one history, or
/// one change after the other.
fn merged(all: &[Typed], order: &[usize], one_by_one: bool) -> String {
    let mut history = History::default();
    let mut versions = vec![Version::EMPTY; all.len()];
    for &index in order {
        let mut base = Version::EMPTY;
        all[index].parents.iter().for_each(|parent| base.join(&versions[*parent]));
        versions[index] = recorded(&mut history, &all[index], index, base);
    }
    if !one_by_one {
        return history.checkout("").expect("it fits");
    }
    let mut text = Text::default();
    for change in 0..history.len() {
        let parts = (history.id(change), history.base(change), history.patch(change));
        let (Some(id), Some(base), Some(patch)) = parts else { panic!("change {change} is gone") };
        text.merge(id, &base, &patch).expect("it fits");
    }
    text.text().to_owned()
}

#[test]
fn a_session_of_two_hundred_writers_is_the_same_for_each_of_them() {
    let Some(trace) = trace("A1") else { return };
    let (all, text) = typed(&trace);
    assert!(text == trace.end, "A1 ends in another text");
    let agents: BTreeSet<usize> = all.iter().map(|typed| typed.agent).collect();
    assert!(agents.len() > 200);
    for (seed, agent) in (1..).zip(agents) {
        let order = heard(&all, agent, seed);
        let one_by_one = seed % 20 == 0;
        assert!(
            merged(&all, &order, one_by_one) == text,
            "agent {agent}, seed {seed}: {one_by_one}"
        );
    }
}

#[test]
fn two_friends_in_real_time() {
    replay("friendsforever");
}

#[test]
fn a_heavily_concurrent_session() {
    replay("C1");
}

#[test]
fn a_sequential_session() {
    replay("S1");
}
