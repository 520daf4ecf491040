//! Any number of writers save what they made of one text: what must hold whatever they did.
//!
//! Each writer's words are their own, so that it can be told whose a word is and whether it is
//! still there.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use redwedding_document::Document;
use redwedding_document::entry::{Body, Delta, Edit, Entry, Note, OriginPage, RULES};
use redwedding_text::diff;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, VersionRef};

/// What a person does to a page; the words that they write are numbered.
#[derive(Clone, Debug)]
enum Act {
    Word(Index, Index, u8),
    Line(Index, u8),
    Delete(Index),
    Move(Index, Index),
}

fn act() -> impl Strategy<Value = Act> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), at(), 0u8..3).prop_map(|(line, word, many)| Act::Word(line, word, many)),
        2 => (at(), 1u8..5).prop_map(|(line, many)| Act::Line(line, many)),
        1 => at().prop_map(Act::Delete),
        1 => (at(), at()).prop_map(|(from, to)| Act::Move(from, to)),
    ]
}

fn page() -> impl Strategy<Value = Vec<String>> {
    let mark = prop_oneof![3 => Just(""), 1 => Just("* "), 1 => Just("== ")];
    let line = (mark, prop::collection::vec("[a-d]{1,2}", 0..7));
    let line = line.prop_map(|(mark, words)| format!("{mark}{}", words.join(" ")));
    prop::collection::vec(line, 1..9)
}

/// What a writer makes of some lines, with words of their own.
fn edited(lines: &[String], writer: usize, acts: &[Act]) -> String {
    let mut lines = lines.to_vec();
    for (number, act) in acts.iter().enumerate() {
        let own = |many: u8| -> Vec<String> {
            (0..many).map(|at| format!("w{writer}x{number}y{at}")).collect()
        };
        match act {
            Act::Word(at, word, many) if !lines.is_empty() => {
                let at = at.index(lines.len());
                let line = &mut lines[at];
                let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
                let word = word.index(words.len());
                words.splice(word..=word, own(*many));
                *line = words.join(" ");
            }
            Act::Line(at, many) => lines.insert(at.index(lines.len() + 1), own(*many).join(" ")),
            Act::Delete(at) if !lines.is_empty() => drop(lines.remove(at.index(lines.len()))),
            Act::Move(from, to) if !lines.is_empty() => {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
            }
            _ => {}
        }
    }
    lines.join("\n") + "\n"
}

fn apply(document: &mut Document, body: Body) {
    let cursor = document.cursor().after(b"entry");
    let entry = Entry::new(document.key().clone(), body);
    document.apply(cursor, cursor.position, &entry);
}

/// A page on which these texts were saved, in order, each made of the first one.
fn saved(base: &str, texts: &[(u8, &str)]) -> Document {
    let key = DocumentKey::new("wiki", "Page").unwrap();
    let mut document = Document::new(key, Cursor::start(1));
    let (text, note) = (base.to_owned(), Note::default());
    apply(&mut document, Body::Base(OriginPage { revision: 1, text, time_ms: 1, note }));
    let root: VersionRef = document.version();
    for (name, text) in texts {
        let (base, patch) = (Base::Version(root.clone()), diff::between(base, text));
        let (edit, note) = (EditId([name.wrapping_add(1); 16]), Note::default());
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let pop = "AMS".into();
        let edit = Edit::new(delta, 1, pop);
        apply(&mut document, Body::Edit(edit));
    }
    document
}

/// What is not shown of the saves.
fn hidden(document: &Document) -> Vec<String> {
    let changes = document.changes().kept().iter();
    changes.flat_map(|change| &change.hidden).map(|hidden| hidden.text.clone()).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

/// Cases: `PROPTEST_CASES`, or some hundreds, which are always the same: of ten thousand others one
/// may fail still.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = asked.unwrap_or(500);
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), ..default }
}

/// Saves of writers, each with a name that decides ties.
fn writers() -> impl Strategy<Value = Vec<(u8, Vec<Act>)>> {
    let acts = prop::collection::vec(prop::collection::vec(act(), 1..4), 3..7);
    (acts, any::<u8>()).prop_map(|(acts, salt)| {
        let names = (0u8..).map(move |name| name.wrapping_mul(37) ^ (salt & 0x7f));
        names.zip(acts).collect()
    })
}

proptest! {
    #![proptest_config(cases())]

    /// Nobody reads a word that nobody wrote, and whoever wrote one has it on the page or at hand.
    #[test]
    fn every_word_is_somebodys_and_none_is_lost_untold(page in page(), writers in writers()) {
        let base = page.join("\n") + "\n";
        let made = writers.iter().enumerate();
        let texts: Vec<String> = made.map(|(who, (_, acts))| edited(&page, who, acts)).collect();
        let named: Vec<(u8, &str)> =
            writers.iter().zip(&texts).map(|((name, _), text)| (*name, text.as_str())).collect();
        let document = saved(&base, &named);
        let written: BTreeSet<&str> =
            texts.iter().chain([&base]).flat_map(|text| words(text)).collect();
        let others = hidden(&document);
        let mut told = words(document.text());
        let foreign: Vec<_> = told.difference(&written).collect();
        prop_assert!(foreign.is_empty(), "{:?} in {:?}", foreign, document.text());
        told.extend(others.iter().flat_map(|text| words(text)));
        let base_words = words(&base);
        let mut lost = texts.iter().flat_map(|text| words(text));
        let lost = lost.find(|word| !told.contains(word) && !base_words.contains(word));
        prop_assert!(lost.is_none(), "{:?} of {:?} in {:?}", lost, texts, document.text());
    }

    /// A line that one of them added stands there as a line, or an alternative has it as one.
    #[test]
    fn a_whole_line_stays_one(page in page(), writers in writers(), at: Index, who: Index) {
        let base = page.join("\n") + "\n";
        let line = "zebra of one line";
        let mut with = page.clone();
        with.insert(at.index(with.len() + 1), line.to_owned());
        let who = who.index(writers.len());
        let texts: Vec<String> = writers
            .iter()
            .enumerate()
            .map(|(other, (_, acts))| match other == who {
                true => with.join("\n") + "\n",
                false => edited(&page, other, acts),
            })
            .collect();
        let named: Vec<(u8, &str)> =
            writers.iter().zip(&texts).map(|((name, _), text)| (*name, text.as_str())).collect();
        let document = saved(&base, &named);
        let others = hidden(&document);
        let mut all = others.iter().map(String::as_str).chain([document.text()]);
        let there = all.any(|text| text.lines().any(|it| it == line));
        prop_assert!(there, "{:?} in {:?}, {:?}", texts, document.text(), others);
    }

    /// Saves that are about different places come to the same in either order, and all of both is
    /// there.
    #[test]
    fn what_is_unrelated_comes_to_the_same_in_any_order(
        first in page(),
        last in page(),
        acts in prop::collection::vec(act(), 1..4),
        others in prop::collection::vec(act(), 1..4),
        names in any::<[u8; 2]>(),
    ) {
        let between = (0..4).map(|at| format!("line {at} between that nobody touches"));
        let between: Vec<String> = between.collect();
        let of = |first: &str, last: &str| [first, &between.join("\n"), "\n", last].concat();
        let base = of(&(first.join("\n") + "\n"), &(last.join("\n") + "\n"));
        let (one, two) = (edited(&first, 0, &acts), edited(&last, 1, &others));
        let both = of(&one, &two);
        let one = of(&one, &(last.join("\n") + "\n"));
        let two = of(&(first.join("\n") + "\n"), &two);
        prop_assume!(names[0] != names[1]);
        let saves = [(names[0], one.as_str()), (names[1], two.as_str())];
        for saves in [saves, [saves[1], saves[0]]] {
            let document = saved(&base, &saves);
            prop_assert_eq!(document.text(), &both);
            prop_assert!(hidden(&document).is_empty());
        }
    }
}
