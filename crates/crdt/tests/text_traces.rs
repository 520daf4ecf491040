//! Real concurrent editing sessions, keystroke by keystroke, must end in the text they ended in.
//!
//! `REDWEDDING_DATA` names the folder with the traces; if it is not set, nothing is checked.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use redwedding_crdt::text::{Patch, Text, Version, diff};
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
