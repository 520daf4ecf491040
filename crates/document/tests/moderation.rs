//! Who wrote what, and suppressing, releasing and erasing it, as readers would see it.

#![allow(clippy::unwrap_used)]

use redwedding_document::entry::{
    Body, Committed, Delta, Edit, Entry, Import, Intent, Moderation, Note, OriginPage, RULES,
};
use redwedding_document::{Document, Erased, NoArchive, Verdict};
use redwedding_text::diff;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{Base, Cursor, OriginText, VersionRef};

/// A page and its log.
struct Page(Document);

impl Page {
    fn new(text: &str) -> Page {
        let key = DocumentKey::new("wiki", "Page").unwrap();
        let mut page = Page(Document::new(key, Cursor::start(1)));
        let (note, text) = (Note::default(), text.to_owned());
        let first = OriginPage { revision: 1, text, time_ms: 1, note };
        assert_eq!(page.put(Body::Base(first)), Verdict::Counted);
        page
    }

    fn put(&mut self, body: Body) -> Verdict {
        let cursor = self.0.cursor().after(b"entry");
        let entry = Entry::new(self.0.key().clone(), body);
        self.0.apply(cursor, cursor.position, &entry)
    }

    /// Saves `to` where `from` stood; who did, and what they saw then.
    fn save(&mut self, base: &VersionRef, from: &str, to: &str) -> Actor {
        let old = self.0.text_of(&self.0.resolve_version(base).unwrap()).unwrap();
        let patch = diff::between(&old, &old.replacen(from, to, 1));
        let edit = EditId([self.0.cursor().position as u8 + 1; 16]);
        let base = Base::Version(base.clone());
        let note = Note { comment: format!("about {to}"), ..Note::default() };
        let delta = Delta { edit, base, patch, note, rules: RULES };
        let actor = delta.actor();
        let pop = "AMS".into();
        let save = Edit::new(delta, 1, pop);
        assert_eq!(self.put(Body::Edit(save)), Verdict::Counted);
        actor
    }

    fn now(&self) -> VersionRef {
        self.0.version()
    }

    fn text(&self) -> &str {
        self.0.text()
    }

    fn holds_bytes(&self, what: &str) -> bool {
        let bytes = self.0.encode();
        bytes.windows(what.len()).any(|window| window == what.as_bytes())
    }
}

fn moderation(change: Actor) -> Moderation {
    Moderation { change, note: Note::default(), time_ms: 2 }
}

#[test]
fn what_is_suppressed_leaves_what_others_wrote_in_it() {
    let mut page = Page::new("The castle is old.\n");
    let before = page.now();
    let spam = page.save(&before, "castle", "castle, where swords are cheap,");
    let seen = page.now();
    page.save(&seen, "swords", "rusty swords");
    assert_eq!(page.put(Body::Suppress(moderation(spam))), Verdict::Counted);
    assert_eq!(page.text(), "The castlerusty  is old.\n");
    assert_eq!(page.put(Body::Suppress(moderation(spam))), Verdict::Superseded);
    // Whoever had the page open before merges as ever, and whoever opens it now, too.
    page.save(&seen, "castle", "great castle");
    let now = page.now();
    page.save(&now, "is old", "is very old");
    assert_eq!(page.text(), "The great castlerusty  is very old.\n");
    assert_eq!(page.put(Body::Release(moderation(spam))), Verdict::Counted);
    let text = "The great castle, where rusty swords are cheap, is very old.\n";
    assert_eq!(page.text(), text);
    assert_eq!(page.put(Body::Release(moderation(spam))), Verdict::Superseded);
}

#[test]
fn what_was_deleted_by_one_held_back_is_there_again() {
    let mut page = Page::new("One two three four five.\n");
    let before = page.now();
    let vandal = page.save(&before, "two three four ", "");
    let other = page.save(&before, "three ", "");
    assert_eq!(page.text(), "One five.\n");
    assert_eq!(page.put(Body::Suppress(moderation(vandal))), Verdict::Counted);
    assert_eq!(page.text(), "One two four five.\n");
    assert_eq!(page.put(Body::Suppress(moderation(other))), Verdict::Counted);
    assert_eq!(page.text(), "One two three four five.\n");
    assert_eq!(page.put(Body::Release(moderation(vandal))), Verdict::Counted);
    assert_eq!(page.text(), "One five.\n");
}

#[test]
fn what_is_erased_is_nowhere_and_moves_nothing() {
    let mut page = Page::new("Her number is unknown.\n");
    let before = page.now();
    let secret = page.save(&before, "unknown", "0123456789 (call her at night)");
    let seen = page.now();
    // Someone deletes a part, which is kept for going back; someone else is suppressed and
    // released.
    let part = page.save(&seen, "her at ", "");
    page.save(&seen, "(call", "(do not call");
    assert_eq!(page.put(Body::Suppress(moderation(part))), Verdict::Counted);
    assert_eq!(page.put(Body::Release(moderation(part))), Verdict::Counted);
    let (long, versions) = (page.text().len(), [&before, &seen]);
    assert!(
        page.holds_bytes("0123456789") && page.holds_bytes("her at") && page.holds_bytes("night")
    );
    let lengths = |page: &Page| {
        versions.map(|at| page.0.text_of(&page.0.resolve_version(at).unwrap()).unwrap().len())
    };
    let then = lengths(&page);
    assert_eq!(page.put(Body::Erase(moderation(secret))), Verdict::Counted);
    assert_eq!(page.text().len(), long);
    assert_eq!(lengths(&page), then);
    for readable in ["0123", "6789", "her at", "night", "about 0"] {
        assert!(!page.holds_bytes(readable), "{readable}");
    }
    assert!(page.text().contains("do not"), "what others wrote in it stays: {}", page.text());
    // A save on what was served before merges where it belongs.
    page.save(&before, "Her", "His");
    assert!(page.text().starts_with("His number is *"), "{}", page.text());
}

#[test]
fn what_was_erased_does_not_come_back_with_a_form_from_before() {
    let mut page = Page::new("Her number:\n* unknown\nAnother line.\n");
    let before = page.now();
    let written = "0123456789 (call her)\n* Wien, Gr\u{fc}ngasse";
    let secret = page.save(&before, "unknown", written);
    let open = page.now();
    let form = page.text().to_owned();
    page.save(&open, "(call", "(do not call");
    assert_eq!(page.put(Body::Erase(moderation(secret))), Verdict::Counted);
    assert_eq!(page.put(Body::Erase(moderation(secret))), Verdict::Superseded);
    assert_ne!(page.now(), open, "another text has another name");
    let saved = |page: &Page, on: &VersionRef, submitted: &str| {
        let on = page.0.resolve_version(on).unwrap();
        let base = page.0.text_of(&on).unwrap();
        let edit = page.0.edit(&on, &base, submitted);
        edit.map(|edit| edit.apply(&base).unwrap().text)
    };
    let stars = format!("{}\n{}\u{a4}{}", "*".repeat(21), "*".repeat(10), "*".repeat(6));
    let hidden = form.replacen(written, &stars, 1);
    assert_eq!(saved(&page, &open, &form).as_ref(), Ok(&hidden), "it stays as it was");
    // What they change elsewhere, and what they delete, is theirs.
    for (from, to) in [
        ("Another line", "Another good line"),
        ("Her number:", "* Her old number:"),
        ("Her number:", "Her\nsecret\nnumber:"),
    ] {
        let text = saved(&page, &open, &form.replacen(from, to, 1)).unwrap();
        assert_eq!(text, hidden.replacen(from, to, 1));
    }
    let without = saved(&page, &open, &form.replacen(written, "gone", 1));
    assert_eq!(without, Err(Erased), "it may be what was erased");
    let without = saved(&page, &open, &form.replacen(written, "", 1)).unwrap();
    assert_eq!(without, "Her number:\n* \nAnother line.\n");
    let moved = format!("{}{written}\n", form.replacen(written, "", 1));
    let copied = format!("{form}{written}\n");
    let rewritten = [("0123456789", "0123456780!"), ("(call", "(please call"), ("* 0", "* See 0")];
    let rewritten = rewritten.map(|(from, to)| form.replacen(from, to, 1));
    let pieces = form.replacen(written, "", 1).replacen("line", "0123456789 line (call her)", 1);
    for submitted in rewritten.into_iter().chain([moved, copied, pieces]) {
        assert_eq!(saved(&page, &open, &submitted), Err(Erased), "{submitted}");
    }
    // Who opens the page now writes what they want in its place.
    let (now, text) = (page.now(), page.text().replacen("**********", "0987654321", 1));
    assert_eq!(saved(&page, &now, &text).as_ref(), Ok(&text));
}

/// Somebody edits a text of the origin that holds what was erased here meanwhile. Their edit is
/// taken over, and of what was erased the log says nothing.
#[test]
fn an_edit_beside_what_was_erased_does_not_bring_it_back() {
    let mut page = Page::new("one\n");
    let secret = page.save(&page.now(), "one", "one secret");
    let (stored, made) = (page.text().to_owned(), "one secret\ntwo\n");
    let (upto, flush) = (page.0.place(), FlushId([1; 16]));
    let digest = Digest::of_text(&stored);
    page.put(Body::Intent(Intent { flush, upto, tip: 1, text: digest }));
    let (from, difference) = (1, None);
    let sent = Committed { flush, from, revision: 2, stored: digest, difference, time_ms: 2 };
    assert_eq!(page.put(Body::Committed(sent)), Verdict::Counted);
    page.put(Body::Erase(moderation(secret)));
    let (shown, patch) = page.0.edit_at_origin(Some(&stored), made).unwrap();
    let import = Import {
        from: page.0.origin().tip.as_ref().map(|tip| tip.stored),
        to: OriginText { revision: 3, text: Digest::of_text(made) },
        patch,
        time_ms: 3,
        note: Note::default(),
        rules: RULES,
        shown,
    };
    let import = Body::Import(import);
    assert!(!format!("{import:?}").contains("secret"), "{import:?}");
    assert_eq!(page.put(import), Verdict::Counted);
    assert_eq!(page.text(), "one*******\ntwo\n");
}

#[test]
fn what_nobody_wrote_cannot_be_moderated() {
    let mut page = Page::new("Text.\n");
    for body in [Body::Suppress, Body::Release, Body::Erase] {
        assert!(matches!(page.put(body(moderation(Actor(5)))), Verdict::Quarantined(_)));
    }
    assert_eq!(page.text(), "Text.\n");
}

#[test]
fn every_word_has_its_writer() {
    let mut page = Page::new("The cat sat.\n");
    let before = page.now();
    let one = page.save(&before, "cat", "black cat");
    let two = page.save(&before, "sat", "sat down");
    let attribution = page.0.attribution(&NoArchive).unwrap();
    let mut at = 0;
    let told = attribution.iter().map(|run| {
        let from = at;
        at += run.len as usize;
        (&page.text()[from..at], run.change.actor)
    });
    let found: Vec<_> = told.filter(|(_, actor)| [one, two].contains(actor)).collect();
    assert_eq!(page.text(), "The black cat sat down.\n");
    assert_eq!(found, [("black ", one), (" down", two)]);
}
