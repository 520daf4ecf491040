//! What the simulation found in the fold, each as the shortest log that shows it.
//!
//! May assume nothing but the public fold. A test stays, whatever becomes of the
//! code around it.

use redwedding_document::entry::{
    Body, Checkpoint, Client, Committed, Delta, Edit, Entry, Import, Intent, Moved, Note,
    OriginPage, RULES,
};
use redwedding_document::{Document, Verdict, View};
use redwedding_text::{Patch, diff};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, OriginText, Place, Root, VersionRef};

/// A log of one document.
struct Log(Document);

impl Log {
    fn new() -> Self {
        let key = DocumentKey::new("wiki", "Page").expect("key");
        Self(Document::new(key, Cursor::start(7)))
    }

    fn append(&mut self, body: Body) -> Verdict {
        let entry = self.entry(body);
        let cursor = self.0.cursor().after(&[0]);
        self.0.apply(cursor, 0, &entry)
    }

    fn entry(&self, body: Body) -> Entry {
        Entry::new(self.0.key().clone(), body)
    }

    fn place(&self) -> Place {
        self.0.place()
    }
}

fn page(revision: u64, text: &str) -> OriginPage {
    OriginPage { revision, text: text.into(), time_ms: 0, note: Note::default() }
}

fn on(text: OriginText, extra: &[Actor]) -> VersionRef {
    VersionRef {
        root: Root::Origin(text),
        extra: extra.to_vec(),
        check: None,
        hidden: None,
        put: None,
    }
}

fn edit(name: u8, base: VersionRef, from: &str, to: &str) -> Body {
    let patch = diff::between(from, to);
    let (edit, note) = (EditId([name; 16]), Note::default());
    let delta = Delta { edit, base: Base::Version(base), patch, note, rules: RULES };
    let pop = "pop".into();
    Body::Edit(Edit::new(delta, 0, pop))
}

fn import(from: Option<&OriginPage>, to: &OriginPage) -> Body {
    let before = from.map_or("", |from| &from.text);
    let patch = diff::between(before, &to.text);
    let (from, note) = (from.map(OriginPage::name), Note::default());
    Body::Import(Import {
        from,
        to: to.name(),
        patch,
        time_ms: 0,
        note,
        rules: RULES,
        shown: Patch::empty(),
    })
}

fn empty() -> VersionRef {
    VersionRef { root: Root::EMPTY, extra: Vec::new(), check: None, hidden: None, put: None }
}

#[test]
fn a_base_that_may_hold_a_flush_of_ours_does_not_count() {
    let mut log = Log::new();
    log.append(edit(1, empty(), "", "ours\n"));
    // Written to the origin as revision 5, and taken from there again before
    // anybody logged that it was committed.
    assert_eq!(log.append(Body::Base(page(5, "ours\n"))), Verdict::Superseded);
    assert_eq!(log.0.text(), "ours\n");
}

#[test]
fn an_import_does_not_turn_the_origin_back() {
    let (one, two, three) = (page(1, "1\n"), page(2, "1\n2\n"), page(3, "1\n2\n3\n"));
    let mut log = Log::new();
    log.append(Body::Base(one.clone()));
    log.append(import(Some(&one), &two));
    log.append(import(Some(&two), &three));
    // One who reconciles and had read the list of revisions earlier.
    assert_eq!(log.append(import(Some(&three), &two)), Verdict::Superseded);
    assert_eq!((log.0.origin().revision(), log.0.text()), (3, "1\n2\n3\n"));
}

/// The origin had merged by itself, so what a person did there next was compared with a text that
/// nobody could name; before the log had it, it was found to be a text that the log names.
#[test]
fn an_import_made_before_a_checkpoint_said_what_the_text_is_gives_way() {
    let (one, merged, next) = (page(1, "a\n"), page(2, "a\nb\n"), page(3, "a\nb\nc\n"));
    let mut log = Log::new();
    log.append(Body::Base(one.clone()));
    let moved = Moved { from: 1, to: merged.name(), flush: None };
    assert_eq!(log.append(Body::Moved(moved)), Verdict::Counted);
    let inexact = Body::Import(Import {
        from: Some(merged.name()),
        to: next.name(),
        patch: diff::between("a\n", "a\nc\n"),
        time_ms: 0,
        note: Note::default(),
        rules: RULES,
        shown: Patch::empty(),
    });
    log.append(edit(1, on(one.name(), &[]), "a\n", "a\nb\n"));
    let checkpoint = Body::Checkpoint(Checkpoint { revision: 2, upto: log.place() });
    assert_eq!(log.append(checkpoint), Verdict::Counted);
    assert_eq!(log.append(inexact), Verdict::Superseded);
    assert_eq!(log.append(import(Some(&merged), &next)), Verdict::Counted);
    assert_eq!((log.0.origin().revision(), log.0.text()), (3, "a\nb\nc\n"));
}

#[test]
fn a_checkpoint_leaves_the_version_that_a_text_stood_for() {
    let base = page(1, "a\n");
    let mut log = Log::new();
    log.append(Body::Base(base.clone()));
    let first = edit(1, on(base.name(), &[]), "a\n", "a\nb\n");
    let actor = log.entry(first.clone()).actor().expect("an edit");
    let served = VersionRef {
        root: Root::Log(log.place()),
        extra: Vec::new(),
        check: None,
        hidden: None,
        put: None,
    };
    // Served with an edit on revision 1 that the log has not seen yet.
    let late = edit(9, on(base.name(), &[]), "a\n", "late\na\n");
    let late_actor = log.entry(late.clone()).actor().expect("an edit");
    let mut view = View::of(&log.0);
    view.add(&log.entry(late.clone())).expect("its base is known");
    let version = VersionRef { extra: vec![late_actor], ..served };
    let text = |state: &redwedding_document::State| {
        state.text_of(&state.resolve_version(&version).expect("resolves")).expect("a text")
    };
    let before = text(&view);

    log.append(first);
    log.append(edit(2, on(base.name(), &[actor]), "a\nb\n", "a\n"));
    let checkpoint = Body::Checkpoint(Checkpoint { revision: 1, upto: log.place() });
    assert_eq!(log.append(checkpoint), Verdict::Counted);
    log.append(late);
    assert_eq!(text(&log.0), before);
}

#[test]
fn edits_that_took_each_other_back_are_at_the_origin_too() {
    let base = page(1, "a\n");
    let mut log = Log::new();
    log.append(Body::Base(base.clone()));
    log.append(edit(1, VersionRef::log(log.place()), "a\n", "a\nb\n"));
    log.append(edit(2, VersionRef::log(log.place()), "a\nb\n", "a\n"));
    let held = |log: &Log| [0, 1, 2].map(|change| log.0.origin().revision_with(change));
    assert_eq!(held(&log), [Some(1), None, None]);
    let checkpoint = Body::Checkpoint(Checkpoint { revision: 1, upto: log.place() });
    assert_eq!(log.append(checkpoint), Verdict::Counted);
    assert_eq!(held(&log), [Some(1); 3]);
}

#[test]
fn a_flush_that_the_origin_would_store_as_what_it_has_lands() {
    let base = page(1, "a");
    let mut log = Log::new();
    log.append(Body::Base(base.clone()));
    for round in 1..3 {
        log.append(edit(round, VersionRef::log(log.place()), log.0.text(), "a\n"));
        let (flush, upto) = (FlushId([round; 16]), log.place());
        let text = Digest::of_text("a\n");
        log.append(Body::Intent(Intent { flush, upto, tip: 1, text }));
        let committed = Committed {
            flush,
            from: 1,
            revision: 1,
            stored: Digest::of_text("a"),
            difference: Some(diff::between("a\n", "a")),
            time_ms: 0,
        };
        assert_eq!(log.append(Body::Committed(committed)), Verdict::Counted);
        assert_eq!((log.0.text(), log.0.pending().count()), ("a", 0));
        assert!(log.0.origin().open().is_none());
    }
}

#[test]
fn what_an_edit_on_a_text_ahead_of_the_log_deleted_is_deleted() {
    let (one, two) = (page(1, "a\n"), page(2, "a\nb\n"));
    let mut log = Log::new();
    log.append(Body::Base(one.clone()));
    assert_eq!(log.append(Body::Base(two.clone())), Verdict::Superseded);
    log.append(edit(1, on(two.name(), &[]), "a\nb\n", "a\nc\n"));
    log.append(import(Some(&one), &two));
    let lines: Vec<&str> = log.0.text().split_whitespace().collect();
    assert_eq!(lines, ["a", "c"], "b was deleted by somebody who saw it");
}

#[test]
fn a_view_takes_no_edit_that_its_text_may_hold() {
    let log = Log::new();
    let mut view = View::of(&log.0);
    view.add(&log.entry(Body::Base(page(5, "flushed\n")))).expect("a base");
    // The very edit that revision 5 came of.
    let flushed = edit(1, empty(), "", "flushed\n");
    assert!(view.add(&log.entry(flushed)).is_err());
    assert_eq!(view.text(), "flushed\n");
}

/// Who edits at the origin sees what the origin shows: their version stands, and the other one is
/// offered.
#[test]
fn an_edit_at_the_origin_shows_against_what_the_origin_was_not_sent() {
    for (base, here, at_origin, shown, other) in [
        ("a\nw5 w2 w10\nb\n", "a\nw6 w7 w10\nb\n", "a\nw10\nb\n", "a\nw10\nb\n", "w6 w7 w10"),
        ("It is blue.\n", "It is crimson.\n", "It is azure.\n", "It is azure.\n", "crimson"),
    ] {
        let one = page(1, base);
        let mut log = Log::new();
        log.append(Body::Base(one.clone()));
        log.append(edit(1, on(one.name(), &[]), base, here));
        assert_eq!(log.append(import(Some(&one), &page(2, at_origin))), Verdict::Counted);
        assert_eq!(log.0.text(), shown);
        let told: Vec<_> = log.0.alternatives().iter().map(|it| (it.save, it.text)).collect();
        assert_eq!(told, [(1, other)]);
    }
}

/// Somebody whose save was made on an older text of the origin than the log begins with reads the
/// newer one without it, and deletes the line that it is in. They had not seen it there: it is no
/// second try at the same text.
#[test]
fn what_was_saved_on_another_text_of_the_origin_is_not_replaced_by_its_author() {
    let (older, newer) = (page(5, "ash\n"), page(9, "ash\nelm\n"));
    let mut log = Log::new();
    log.append(Body::Base(newer.clone()));
    log.append(Body::Base(older.clone()));
    let by_her = |body: Body, document: &Document| {
        let Body::Edit(mut edit) = body else { return body };
        edit.delta.note.author = "Arya".to_owned();
        let Base::Version(base) = &edit.delta.base else { return Body::Edit(edit) };
        let client = Client::default();
        let earlier = document.earlier_saves(base, (&edit.delta.note, &client));
        edit.client = Some(Box::new(Client { earlier, ..client }));
        Body::Edit(edit)
    };
    log.append(by_her(edit(1, on(older.name(), &[]), "ash\n", "oak ash\n"), &log.0));
    assert_eq!(log.0.text(), "oak ash\nelm\n");
    log.append(by_her(edit(2, on(newer.name(), &[]), &newer.text, "elm\n"), &log.0));
    let told: Vec<_> = log.0.alternatives().iter().map(|it| it.text.to_owned()).collect();
    let text = log.0.text();
    assert!(text.contains("oak") || told.iter().any(|it| it.contains("oak")), "{text:?} {told:?}");
}

/// However many passages an import replaces, each version that it hides is told as its author's.
#[test]
fn an_import_is_the_author_of_none_of_the_versions_that_it_hides() {
    const LINES: usize = 20;
    let line = |at: usize, word: &str| format!("{at} is {word}\n");
    let all = |words: &dyn Fn(usize) -> &'static str| -> String {
        (0..LINES).map(|at| line(at, words(at))).collect()
    };
    let base = all(&|_| "blue");
    let one = page(1, &base);
    let mut log = Log::new();
    log.append(Body::Base(one.clone()));
    for writer in 0..LINES {
        let here = all(&|at| if at == writer { "crimson" } else { "blue" });
        log.append(edit(writer as u8, on(one.name(), &[]), &base, &here));
    }
    let at_origin = all(&|_| "azure");
    assert_eq!(log.append(import(Some(&one), &page(2, &at_origin))), Verdict::Counted);
    assert_eq!(log.0.text(), at_origin);
    let told: Vec<_> = log.0.alternatives().iter().map(|it| (it.save, it.text)).collect();
    let writers: Vec<_> = (1..=LINES).map(|save| (save, "crimson")).collect();
    assert_eq!(told, writers);
}

/// Whatever the names of the two are, by which characters at one place are ordered.
#[test]
fn what_is_written_before_a_word_that_another_replaces_stays_in_its_line() {
    for (base, here, there, right) in [
        ("elm", "w1 elm", "oak", "w1 oak"),
        ("elm\n", "w1 elm\n", "oak\n", "w1 oak\n"),
        ("elm", "elm w1", "oak", "oak w1"),
    ] {
        for name in 0..40 {
            let one = page(1, base);
            let mut log = Log::new();
            log.append(Body::Base(one.clone()));
            log.append(edit(name, on(one.name(), &[]), base, here));
            log.append(edit(name + 100, on(one.name(), &[]), base, there));
            assert_eq!(log.0.text(), right);
        }
    }
}

/// Whichever the log has first, and whatever their names are.
#[test]
fn what_is_written_below_a_line_whose_end_went_with_the_next_is_a_line() {
    let base = page(1, "a\noak\nb\n");
    let of = |body: &Body| match body {
        Body::Edit(edit) => edit.delta.actor(),
        _ => unreachable!("a save"),
    };
    for name in 0..8 {
        let shorter = edit(name, on(base.name(), &[]), "a\noak\nb\n", "a\noak\n");
        let seen = on(base.name(), &[of(&shorter)]);
        let longer = edit(name + 50, seen, "a\noak\n", "a\noak\nsame\n");
        let open = edit(name + 100, on(base.name(), &[]), "a\noak\nb\n", "a\noak");
        for order in
            [[&shorter, &open, &longer], [&shorter, &longer, &open], [&open, &shorter, &longer]]
        {
            let mut log = Log::new();
            log.append(Body::Base(base.clone()));
            for save in order {
                log.append(save.clone());
            }
            assert_eq!(log.0.text(), "a\noak\nsame\n");
        }
    }
}
