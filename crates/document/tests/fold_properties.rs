//! Random logs of one document, through every way of folding them.
//!
//! What must hold is in `redwedding_document::testing::check`; here it is asked for,
//! and it is made sure that the logs are worth asking.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use redwedding_document::entry::{
    Body, Delta, Edit, Entry, Import, Moved, Note, OriginPage, RULES,
};
use redwedding_document::testing::{check, log};
use redwedding_document::{Document, Unresolved, Verdict, View};
use redwedding_text::{Patch, diff};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, Cursor, Root, VersionName, VersionRef, text_check};

fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    // What fails is kept as a crasher of the fuzz targets, not as a seed.
    let cases = asked.unwrap_or(default);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn drawn(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_log_is_folded_the_same_way_by_everyone(bytes in drawn(1_200)) {
        check::fold(&bytes, 60);
    }

    #[test]
    fn pruning_changes_nothing_that_is_seen(bytes in drawn(1_200)) {
        check::pruned(&bytes, 60);
    }

    #[test]
    fn an_overlay_shows_what_will_be_confirmed(bytes in drawn(900)) {
        check::overlay(&bytes, 20);
    }

    #[test]
    fn a_document_of_the_wrong_parts_is_harmless(bytes in drawn(600)) {
        check::wrong_document(&bytes, 25);
    }

    #[test]
    fn a_word_written_on_an_unknown_text_survives_once(
        ours in "[a-d ]{0,20}",
        theirs in "[a-d ]{0,20}",
        at: prop::sample::Index,
        second: prop::sample::Index,
    ) {
        let (page, other) = (origin(1, &ours), origin(2, &theirs));
        prop_assume!(ours != theirs);
        let mut document = Document::new(log::key(), Cursor::start(7));
        apply(&mut document, Body::Base(page));
        prop_assert_eq!(apply(&mut document, Body::Base(other.clone())), Verdict::Superseded);
        let at = at.index(theirs.len() + 1);
        let text = format!("{}ZEBRA{}", &theirs[..at], &theirs[at..]);
        let on = VersionRef::of_root(Root::Origin(other.name()));
        let first = save(1, on.clone(), &theirs, &text);
        let actor = first.delta.actor();
        prop_assert_eq!(apply(&mut document, Body::Edit(first)), Verdict::Counted);
        prop_assert_eq!(document.text().matches("ZEBRA").count(), 1);
        // The same person goes on, before the log's line is known.
        let at = second.index(text.len() + 1);
        let again = format!("{}OKAPI{}", &text[..at], &text[at..]);
        let on = VersionRef { extra: vec![actor], ..on };
        let edit = Body::Edit(save(2, on, &text, &again));
        prop_assert_eq!(apply(&mut document, edit), Verdict::Counted);
        prop_assert_eq!(document.text().matches("OKAPI").count(), 1);
        let letters = |text: &str| text.matches(['Z', 'E', 'B', 'R', 'A']).count();
        prop_assert!(letters(document.text()) >= 5);
    }
}

fn origin(revision: u64, text: &str) -> OriginPage {
    OriginPage { revision, text: text.to_owned(), time_ms: 1, note: Note::default() }
}

fn save(number: u8, on: VersionRef, old: &str, new: &str) -> Edit {
    let (edit, note) = (EditId([number; 16]), Note::default());
    let delta =
        Delta { edit, base: Base::Version(on), patch: diff::between(old, new), note, rules: RULES };
    Edit {
        delta,
        accepted_ms: 1,
        pop: "AMS".to_owned(),
        served: None,
        condition: None,
        closes: None,
        after_ms: None,
        client: None,
    }
}

fn apply(document: &mut Document, body: Body) -> Verdict {
    let cursor = document.cursor().after(b"entry");
    document.apply(cursor, 1, &Entry::new(document.key().clone(), body))
}

#[test]
fn what_was_written_on_an_unknown_text_can_be_gone_on_with_however_many_come_after() {
    let mut document = Document::new(log::key(), Cursor::start(7));
    apply(&mut document, Body::Base(origin(1, "one two three\n")));
    let first = origin(2, "one two four\n");
    apply(&mut document, Body::Base(first.clone()));
    let on = VersionRef {
        root: Root::Origin(first.name()),
        extra: Vec::new(),
        check: None,
        hidden: None,
        put: None,
    };
    let edit = save(1, on.clone(), &first.text, "one two four five\n");
    let actor = edit.delta.actor();
    assert_eq!(apply(&mut document, Body::Edit(edit)), Verdict::Counted);
    for number in 3..40 {
        apply(&mut document, Body::Base(origin(number, &format!("other text {number}\n"))));
    }
    let on = VersionRef { extra: vec![actor], ..on };
    let next = save(2, on, "one two four five\n", "one two four five six\n");
    assert_eq!(apply(&mut document, Body::Edit(next)), Verdict::Counted);
    assert!(document.text().contains("five") && document.text().contains("six"));
}

/// The origin has merged by itself what was flushed, and the log has not heard of it: who reads
/// that text and deletes of it what came from here has deleted it here.
#[test]
fn what_is_deleted_of_a_text_that_the_origin_merged_is_deleted() {
    for [later, imported, passed] in (0..8).map(|drawn| [1, 2, 4].map(|bit| drawn & bit != 0)) {
        let mut document = Document::new(log::key(), Cursor::start(7));
        let first = origin(1, "one\n");
        apply(&mut document, Body::Base(first.clone()));
        let on = VersionRef::log(document.place());
        let ours = Body::Edit(save(1, on, "one\n", "ours one\n"));
        assert_eq!(apply(&mut document, ours), Verdict::Counted);
        let merged = origin(2, "ours one\ntwo\n");
        let edited = origin(3, "ours one\ntwo three\n");
        // The text that is read may be there, or one before it.
        let read = if imported && !passed { &edited } else { &merged };
        let moved = |document: &mut Document| {
            let moved = Moved { from: 1, to: merged.name(), flush: None };
            assert_eq!(apply(document, Body::Moved(moved)), Verdict::Counted);
            let (from, to) = (Some(merged.name()), edited.name());
            let patch = diff::between("one\n", "one\nthree");
            let note = Note::default();
            let import =
                Import { from, to, patch, time_ms: 2, note, rules: RULES, shown: Patch::empty() };
            if imported {
                assert_eq!(apply(document, Body::Import(import)), Verdict::Counted);
            }
        };
        if !later {
            moved(&mut document);
        }
        apply(&mut document, Body::Base(read.clone()));
        let on = VersionRef {
            root: Root::Origin(read.name()),
            extra: Vec::new(),
            check: None,
            hidden: None,
            put: None,
        };
        let edit = save(2, on, &read.text, &read.text.replace("ours ", "").replace("two", "2"));
        assert_eq!(apply(&mut document, Body::Edit(edit)), Verdict::Counted);
        if later {
            moved(&mut document);
        }
        let case = format!("{later} {imported} {passed} {:?}", document.text());
        assert!(!document.text().contains("ours"), "{case}");
        assert!(document.text().contains("one"), "{:?}", document.text());
    }
}

/// A log that lost its tail is told of an edit anew, after it took in more from the origin. A
/// version that was served with that edit is still the same text.
#[test]
fn an_edit_of_the_origins_text_stands_on_the_same_in_another_log() {
    let (read, first) = (origin(3, "two\n"), origin(11, "two four\n"));
    let on = VersionRef::of_root(Root::Origin(read.name()));
    let edit = save(1, on, "two\n", "ours two\n");
    let begun = || {
        let mut document = Document::new(log::key(), Cursor::start(7));
        apply(&mut document, Body::Base(first.clone()));
        document
    };
    let mut document = begun();
    let root = Root::Log(document.place());
    apply(&mut document, Body::Base(read.clone()));
    assert_eq!(apply(&mut document, Body::Edit(edit.clone())), Verdict::Counted);
    let (extra, check) = (vec![edit.delta.actor()], Some(text_check(document.text())));
    let served = VersionRef { root, extra, check, hidden: None, put: None };
    let text = document.text().to_owned();

    let mut other = begun();
    let (from, to) = (Some(first.name()), origin(15, "two three four\n").name());
    let patch = diff::between("two four\n", "two three four\n");
    let import = Import {
        from,
        to,
        patch,
        time_ms: 2,
        note: Note::default(),
        rules: RULES,
        shown: Patch::empty(),
    };
    assert_eq!(apply(&mut other, Body::Import(import)), Verdict::Counted);
    apply(&mut other, Body::Base(read));
    assert_eq!(apply(&mut other, Body::Edit(edit)), Verdict::Counted);
    assert_eq!(other.text(), "ours two three four\n");
    let resolved = other.resolve_version(&served).expect("the same text");
    assert_eq!(other.text_of(&resolved), Some(text));
}

/// Where that cannot be, since the log lacks the text that the edit was made on, the version is
/// none: never another text.
#[test]
fn a_version_is_the_text_that_it_was_served_for_or_none() {
    let (first, second) = (origin(6, "one two\n"), origin(7, "one four two\n"));
    let edit = |number, read: &OriginPage, text: &str| {
        save(number, VersionRef::of_root(Root::Origin(read.name())), &read.text, text)
    };
    let edits = [edit(1, &first, "one five two\n"), edit(2, &second, "one ten four two\n")];
    let mut document = Document::new(log::key(), Cursor::start(7));
    apply(&mut document, Body::Base(first.clone()));
    let root = Root::Log(document.place());
    apply(&mut document, Body::Base(second.clone()));
    for edit in edits.clone() {
        assert_eq!(apply(&mut document, Body::Edit(edit)), Verdict::Counted);
    }
    let mut extra: Vec<_> = edits.iter().map(|edit| edit.delta.actor()).collect();
    extra.sort_unstable();
    let served = VersionRef {
        root,
        extra,
        check: Some(text_check("one ten five four two\n")),
        hidden: None,
        put: None,
    };
    assert_ne!(document.text(), "one ten five four two\n");
    assert_eq!(document.resolve_version(&served), Err(Unresolved::Stale));
    let named = VersionRef { check: Some(text_check(document.text())), ..served };
    assert!(document.resolve_version(&named).is_ok());
}

#[test]
fn version_objects_are_forgotten_oldest_first_and_come_back() {
    let mut document = Document::new(log::key(), Cursor::start(7));
    apply(&mut document, Body::Base(origin(1, "text\n")));
    let mut actors = Vec::new();
    for number in 1..31 {
        let on = VersionRef::log(document.place());
        let edit = save(number, on, document.text(), &format!("{number} {}", document.text()));
        actors.push(edit.delta.actor());
        assert_eq!(apply(&mut document, Body::Edit(edit)), Verdict::Counted);
    }
    let named = |mask: u32| {
        let chosen = actors.iter().enumerate().filter(|(bit, _)| mask & 1 << bit != 0);
        let mut extra: Vec<_> = chosen.map(|(_, actor)| *actor).collect();
        extra.sort_unstable();
        VersionRef { root: Root::EMPTY, extra, check: None, hidden: None, put: None }
    };
    let resolves = |document: &Document, version: &VersionRef| {
        let id = version.object_id(document.key());
        document.named(VersionName::Object(id)).as_ref() == Ok(version)
    };
    for mask in 1..2_000 {
        assert_eq!(apply(&mut document, Body::Version(named(mask))), Verdict::Counted);
        assert!(resolves(&document, &named(mask)));
    }
    assert!(!resolves(&document, &named(1)), "there is a bound");
    assert!(resolves(&document, &named(1_900)));
    assert_eq!(apply(&mut document, Body::Version(named(1))), Verdict::Counted);
    assert!(resolves(&document, &named(1)));
    assert_eq!(Document::decode(&document.encode()).as_ref(), Ok(&document));
}

#[test]
fn the_logs_hold_everything_worth_testing() {
    let mut seen = Seen::default();
    let mut random = 0x9e37_79b9_u64;
    for _ in 0..400 {
        let mut bytes = vec![0; 1_200];
        for byte in &mut bytes {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (random >> 56) as u8;
        }
        let writer = log::written(&bytes, 60);
        seen.entries += writer.log.len();
        seen.overlaid += check::overlay(&bytes, 20);
        let pruned = check::pruned(&bytes, 60);
        seen.pruned += pruned.pruned;
        seen.restored += pruned.restored;
        for (seen, found) in seen.kinds.iter_mut().zip(log::kinds(&writer.document)) {
            *seen += found;
        }
        let mut document = Document::new(log::key(), Cursor::start(7));
        for logged in &writer.log {
            let Some(verdict) = logged.apply_to(&mut document) else { continue };
            let entry = logged.entry.as_ref().unwrap();
            let kind = usize::from(entry.body.kind()).min(14);
            let verdict = match verdict {
                Verdict::Counted => 0,
                Verdict::Duplicate { .. } => 1,
                Verdict::Alias { .. } => 2,
                Verdict::Superseded => 3,
                Verdict::Quarantined(_) => 4,
                Verdict::Unmet => panic!("no save has a condition"),
                Verdict::Below { .. } => panic!("nothing is below"),
            };
            seen.verdicts[kind][verdict] += 1;
            let place = document.place();
            let made = document.changes().kept().iter().rev();
            let made = made.take_while(|change| change.place == place);
            seen.overlaps += made.map(|change| change.overlaps.len()).sum::<usize>();
        }
        assert_eq!(Document::decode(&document.encode()).as_ref(), Ok(&document));
    }
    println!("{seen:?}");
    for kind in (1..10).chain(11..14) {
        assert!(seen.verdicts[kind][0] > 30, "kind {kind} seldom counts: {seen:?}");
    }
    assert!(seen.kinds.iter().all(|kind| *kind > 15), "{seen:?}");
    assert!(seen.verdicts[1].iter().take(3).all(|found| *found > 50), "{seen:?}");
    assert!(seen.verdicts[1][4] > 50 && seen.verdicts[14][4] > 10, "{seen:?}");
    assert!(seen.overlaps > 30 && seen.overlaid > 200, "{seen:?}");
    assert!(seen.pruned > 150 && seen.restored > 50, "{seen:?}");
}

#[derive(Default, Debug)]
struct Seen {
    entries: usize,
    overlaid: usize,
    overlaps: usize,
    pruned: usize,
    restored: usize,
    /// Changes by [`redwedding_document::ChangeKind`].
    kinds: [usize; 4],
    /// By kind of entry; counted, duplicate, alias, superseded, quarantined.
    verdicts: [[usize; 5]; 15],
}

#[test]
fn a_view_of_nothing_has_the_documents_hash() {
    let document = log::written(&[1; 200], 20).document;
    assert_eq!(View::of(&document).state_hash(), document.state_hash());
    assert_ne!(DocumentKey::new("w", "other").unwrap(), *document.key());
}
