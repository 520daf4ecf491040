//! What a view shows of lines that several add at one place is what the log comes to, in that
//! order.
//!
//! A version says which of its text it hides, and cannot say that something stands elsewhere than
//! the merge by characters has it. So where people only add lines the log must not decide on
//! another order than that: a page at rest would change once the log has it. It does where it has
//! to keep what begins with an empty line, or with the heading of a section, behind what does not;
//! those are not tried here.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, OriginPage, RULES};
use redwedding_document::{Document, Verdict, View};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor};

/// Lines that somebody adds.
#[derive(Clone, Debug)]
struct Added {
    /// Which of the saves before they have before them,
    seen: u8,
    /// in front of which of the lines that several add,
    at: Index,
    /// how many,
    lines: usize,
    /// and what the save is named by: that decides which of two stands first.
    name: u64,
}

fn added() -> impl Strategy<Value = Added> {
    (any::<u8>(), any::<Index>(), 1..3usize, any::<u64>())
        .prop_map(|(seen, at, lines, name)| Added { seen, at, lines, name })
}

/// A page of which some lines are in front of the place, and some behind it.
fn page(before: usize, behind: usize) -> Document {
    let key = DocumentKey::new("wiki", "Page").unwrap();
    let mut document = Document::new(key, Cursor::start(1));
    let lines = |name: &str, many: usize| -> String {
        (0..many).map(|line| format!("{name}{line}\n")).collect()
    };
    let text = lines("before", before) + &lines("behind", behind);
    let note = Note::default();
    put(&mut document, Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
    document
}

fn put(document: &mut Document, body: Body) {
    let cursor = document.cursor().after(b"entry");
    let entry = Entry::new(document.key().clone(), body);
    assert_eq!(document.apply(cursor, cursor.position, &entry), Verdict::Counted);
}

/// What somebody makes of a text.
fn made(text: &str, number: usize, added: &Added) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let from = lines.iter().take_while(|line| line.starts_with("before")).count();
    let upto = lines.iter().position(|line| line.starts_with("behind")).unwrap_or(lines.len());
    let at = from + added.at.index(upto - from + 1);
    let new = (0..added.lines).map(|line| format!("w{number}x{line}"));
    lines.splice(at..at, new);
    lines.join("\n") + "\n"
}

/// A save on what a view shows.
fn save(view: &View, number: usize, added: &Added) -> Entry {
    let (version, shown) = (view.version(), view.shown());
    let on = view.resolve_version(&version).unwrap();
    let patch = view.edit(&on, &shown, &made(&shown, number, added)).unwrap();
    let mut edit = EditId([number as u8; 16]);
    edit.0[..8].copy_from_slice(&added.name.to_le_bytes());
    let (base, note) = (Base::Version(version), Note::default());
    let delta = Delta { edit, base, patch, note, rules: RULES };
    let (served, pop) = (Some(view.version()), "AMS".into());
    let edit = Edit { served, ..Edit::new(delta, 1, pop) };
    Entry::new(view.key().clone(), Body::Edit(edit))
}

/// The saves, each after those that its author had before them.
fn saves(document: &Document, all: &[Added]) -> Vec<Entry> {
    let (mut made, mut seen): (Vec<Entry>, Vec<u8>) = (Vec::new(), Vec::new());
    for (number, added) in all.iter().enumerate() {
        let earlier = (0..number).filter(|other| added.seen >> other & 1 == 1);
        let all = earlier.fold(0, |all, other| all | seen[other] | 1 << other);
        let mut view = View::of(document);
        for other in (0..number).filter(|other| all >> other & 1 == 1) {
            assert_eq!(view.add(&made[other]).unwrap(), Verdict::Counted);
        }
        made.push(save(&view, number, added));
        seen.push(all);
    }
    made
}

/// Cases: `PROPTEST_CASES`, or some hundreds, which are always the same.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(500);
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn lines_that_several_add_stand_in_a_view_as_in_the_log(
        // Two who create a page make two versions of it, so there is one.
        around in prop::sample::select(&[(0, 1), (1, 0), (2, 2)][..]),
        all in prop::collection::vec(added(), 2..7),
    ) {
        let mut log = page(around.0, around.1);
        let saves = saves(&log, &all);
        // One for each save that the log does not have yet.
        let mut views: Vec<View> = Vec::new();
        for entry in &saves {
            views.push(View::of(&log));
            for view in &mut views {
                prop_assert_eq!(view.add(entry).unwrap(), Verdict::Counted);
            }
            put(&mut log, entry.body.clone());
            for view in &views {
                let told = view.alternatives().len() + log.alternatives().len();
                prop_assert!(told == 0 && view.version().hidden.is_none());
                prop_assert_eq!(view.shown(), log.text());
            }
        }
    }
}
