//! Every format of this crate as it was first encoded; see `redwedding_wire::testing::golden`.
//!
//! `GOLDEN=write cargo test -p redwedding-document --test golden` writes what is not there yet.

#![allow(clippy::unwrap_used)]

use redwedding_document::entry::{
    Abandoned, Body, Checkpoint, Client, Closes, Committed, Condition, Delta, Edit, Entry, Floor,
    Import, Intent, Moderation, Moved, Note, OriginPage, RULES,
};
use redwedding_document::{Document, Segment, Verdict};
use redwedding_text::{Patch, diff};
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::testing::golden::Golden;
use redwedding_wire::version::{
    Base, Cursor, ObjectId, OriginText, Place, Root, TextParts, VersionName, VersionRef,
};

const GOLDEN: Golden = Golden::of(env!("CARGO_MANIFEST_DIR"));

fn key() -> DocumentKey {
    DocumentKey::new("wiki", "Red_Wedding").unwrap()
}

fn note(author: &str, comment: &str) -> Note {
    Note { author: author.to_owned(), comment: comment.to_owned(), minor: true, action: 6 }
}

fn place(position: u64) -> Place {
    Place { position, check: 0xdead_beef }
}

fn edit() -> Edit {
    let root = Root::Log(place(1_234));
    let base = Base::Version(VersionRef {
        root,
        extra: vec![Actor(5), Actor(u64::MAX)],
        check: None,
        hidden: None,
        put: None,
    });
    let patch =
        diff::between_by(1, "The cat sat.\nThe end.\n", "The black cat sat.\nDas Ende: 終.\n");
    let delta =
        Delta { edit: EditId([0x11; 16]), base, patch, note: note("Arya", "§ Röslin"), rules: 1 };
    let served = VersionRef {
        root: Root::EMPTY,
        extra: vec![Actor(24), Actor(65_536)],
        check: None,
        hidden: None,
        put: None,
    };
    let (accepted_ms, pop) = (1_790_000_000_123, "AMS".to_owned());
    Edit {
        delta,
        accepted_ms,
        pop,
        served: Some(served),
        condition: None,
        closes: None,
        after_ms: None,
        client: None,
    }
}

fn edit_of_client() -> Edit {
    let mut of_client = edit();
    of_client.delta.rules = 3;
    let earlier = vec![EditId([0x22; 16]), EditId([0x33; 16])];
    of_client.client = Some(Box::new(Client { number: 0x0123_4567_89ab_cdef, earlier }));
    of_client
}

/// A version that states its text, and what of it is not shown.
fn hides_something() -> VersionRef {
    VersionRef {
        root: Root::Log(place(1_234)),
        extra: vec![Actor(5), Actor(65_536)],
        check: Some(0x0bad_cafe),
        hidden: TextParts::of(vec![(0, 4), (300, 70_000)]),
        put: None,
    }
}

fn page(revision: u64, text: &str) -> OriginPage {
    OriginPage { revision, text: text.to_owned(), time_ms: 7, note: note("", "imported") }
}

fn entry(body: Body) -> Entry {
    Entry::new(key(), body)
}

#[test]
fn imports() {
    let on = OriginText { revision: 77, text: Digest([0x22; 16]) };
    let import = Import {
        from: Some(on),
        to: OriginText { revision: 78, text: Digest([0x33; 16]) },
        patch: diff::between_by(1, "a b c\n", "a c d\n"),
        time_ms: 8,
        note: note("Walder", "undid"),
        rules: 1,
        shown: Patch::empty(),
    };
    let as_meant = Import { rules: 2, ..import.clone() };
    let shown = diff::between_by(1, "a c\n", "a b c\n");
    let of_shown = Import { shown, ..as_meant.clone() };
    GOLDEN.holds(1, "entry-import-shown", &entry(Body::Import(of_shown)));
    GOLDEN.holds(1, "entry-import-rules", &entry(Body::Import(as_meant)));
    GOLDEN.holds(1, "entry-import", &entry(Body::Import(Import { from: None, ..import.clone() })));
    GOLDEN.holds(1, "entry-import-on-tip", &entry(Body::Import(import)));
}

#[test]
fn entries() {
    let traced = Entry { trace: 0x0123_4567_89ab_cdef, ..entry(Body::Edit(edit())) };
    GOLDEN.holds(1, "entry-edit", &traced);
    let mut as_meant = edit();
    as_meant.delta.rules = 2;
    GOLDEN.holds(1, "entry-edit-rules", &entry(Body::Edit(as_meant)));
    GOLDEN.holds(1, "entry-edit-client", &entry(Body::Edit(edit_of_client())));
    let after_ms = Some(edit().accepted_ms + 5);
    GOLDEN.holds(1, "entry-edit-after", &entry(Body::Edit(Edit { after_ms, ..edit_of_client() })));
    let mut on_object = edit();
    on_object.delta.base = Base::Object(ObjectId(0x7_ffff_ffff_ffff));
    on_object.served = None;
    GOLDEN.holds(1, "entry-edit-on-object", &entry(Body::Edit(on_object)));
    let extended = Entry { extensions: vec![0x81, 0x18, 0x2a], ..entry(Body::Edit(edit())) };
    GOLDEN.holds(1, "entry-edit-extended", &extended);
    let on = OriginText { revision: 77, text: Digest([0x22; 16]) };
    let version = VersionRef {
        root: Root::Origin(on),
        extra: (1..40).map(Actor).collect(),
        check: None,
        hidden: None,
        put: None,
    };
    GOLDEN.holds(1, "entry-version", &entry(Body::Version(version)));
    GOLDEN.holds(1, "entry-base", &entry(Body::Base(page(77, "Ein Text.\n"))));
    let flush = FlushId([0x44; 16]);
    let intent = Intent { flush, upto: place(1_300), tip: 78, text: Digest([0x55; 16]) };
    GOLDEN.holds(1, "entry-intent", &entry(Body::Intent(intent)));
    let committed = Committed {
        flush,
        from: 78,
        revision: 79,
        stored: Digest([0x66; 16]),
        difference: None,
        time_ms: 9,
    };
    GOLDEN.holds(1, "entry-committed", &entry(Body::Committed(committed.clone())));
    let difference = Some(diff::between_by(1, "a \n\n", "a\n"));
    let otherwise = Body::Committed(Committed { difference, ..committed });
    GOLDEN.holds(1, "entry-committed-otherwise", &entry(otherwise));
    let checkpoint = Checkpoint { revision: 79, upto: place(1_301) };
    GOLDEN.holds(1, "entry-checkpoint", &entry(Body::Checkpoint(checkpoint)));
    GOLDEN.holds(1, "entry-abandoned", &entry(Body::Abandoned(Abandoned { flush })));
    let moved = Moved { from: 79, to: on, flush: None };
    GOLDEN.holds(1, "entry-moved", &entry(Body::Moved(moved.clone())));
    let moved = Moved { flush: Some(flush), ..moved };
    GOLDEN.holds(1, "entry-moved-flush", &entry(Body::Moved(moved)));
    let segment = Digest([0x33; 16]);
    let floor = Floor { from: place(1_100), upto: place(1_302), segment, bytes: 70_000 };
    GOLDEN.holds(1, "entry-floor", &entry(Body::Floor(floor)));
    let note = note("Olenna", "not ours to tell");
    let moderation = Moderation { change: Actor(5), note, time_ms: 1_790_000_000_456 };
    GOLDEN.holds(1, "entry-suppress", &entry(Body::Suppress(moderation.clone())));
    GOLDEN.holds(1, "entry-release", &entry(Body::Release(moderation.clone())));
    GOLDEN.holds(1, "entry-erase", &entry(Body::Erase(moderation)));
    let unknown = Body::Unknown { kind: 200, payload: vec![1, 2, 3] };
    GOLDEN.holds(1, "entry-unknown", &entry(unknown));
}

#[test]
fn entries_of_a_version_that_hides_something() {
    let mut edit = edit_of_client();
    edit.delta.base = Base::Version(hides_something());
    GOLDEN.holds(1, "entry-edit-on-hidden", &entry(Body::Edit(edit)));
    GOLDEN.holds(1, "entry-version-hidden", &entry(Body::Version(hides_something())));
    let put = TextParts::of(vec![(0, "Alles ".to_owned()), (299, "neu".to_owned())]);
    let mut edit = edit_of_client();
    edit.delta.base = Base::Version(VersionRef { put, ..hides_something() });
    GOLDEN.holds(1, "entry-edit-on-put", &entry(Body::Edit(edit)));
}

#[test]
fn entries_of_saves_on_a_condition() {
    let conditions = [Condition::Unchanged(Digest([0x77; 16])), Condition::NoOverlap];
    let names = ["unchanged", "no-overlap", "absent"];
    for (condition, name) in conditions.into_iter().chain([Condition::Absent]).zip(names) {
        let conditional = Edit { condition: Some(condition), ..edit() };
        GOLDEN.holds(1, &format!("entry-edit-{name}"), &entry(Body::Edit(conditional)));
    }
}

/// A log as short as it can be with all of it in the document.
struct Log(Document);

impl Log {
    fn put(&mut self, body: Body) -> Verdict {
        let cursor = self.0.cursor();
        let entry = entry(body);
        let cursor = cursor.after(&entry.encode());
        self.0.apply(cursor, 1_000 + cursor.position, &entry)
    }

    fn save(&mut self, number: u8, on: &VersionRef, change: (&str, &str)) -> Verdict {
        let resolved = self.0.resolve_version(on).unwrap();
        let old = self.0.text_of(&resolved).unwrap();
        let patch = diff::between_by(1, &old, &old.replacen(change.0, change.1, 1));
        let base = Base::Version(on.clone());
        let delta = Delta {
            edit: EditId([number; 16]),
            base,
            patch,
            note: note("Robb", "saved"),
            rules: 1,
        };
        let served = Some(VersionRef { extra: vec![delta.actor()], ..on.clone() });
        let pop = "AMS".to_owned();
        self.put(Body::Edit(Edit { served, ..Edit::new(delta, 5, pop) }))
    }
}

impl Log {
    /// Tells that the origin has the present text.
    fn flush(&mut self, from: u64) {
        let (upto, text) = (place_of(&self.0.version()), Digest::of_text(self.0.text()));
        let flush = FlushId([from as u8; 16]);
        let intent = Intent { flush, upto, tip: from, text };
        assert_eq!(self.put(Body::Intent(intent)), Verdict::Counted);
        let (stored, revision) = (text, from + 1);
        let committed = Committed { flush, from, revision, stored, difference: None, time_ms: 12 };
        assert_eq!(self.put(Body::Committed(committed)), Verdict::Counted);
    }
}

fn document() -> Document {
    let mut log = Log(Document::new(key(), Cursor::start(9)));
    let first = page(70, "The cat sat on the mat.\n");
    assert_eq!(log.put(Body::Base(first)), Verdict::Counted);
    let base = log.0.version();
    assert_eq!(log.save(1, &base, ("cat", "dog")), Verdict::Counted);
    assert_eq!(log.save(2, &base, ("cat", "horse")), Verdict::Counted);
    assert_eq!(log.save(3, &base, ("mat", "roof")), Verdict::Counted);
    assert!(matches!(log.save(3, &base, ("mat", "tree")), Verdict::Alias { .. }));
    let other = page(72, "A cat sat on the mat, purring.\n");
    assert_eq!(log.put(Body::Base(other.clone())), Verdict::Superseded);
    let on = VersionRef {
        root: Root::Origin(other.name()),
        extra: Vec::new(),
        check: None,
        hidden: None,
        put: None,
    };
    assert_eq!(log.save(4, &on, ("purring", "softly purring")), Verdict::Counted);
    let head = log.0.version();
    let text = Digest::of_text(log.0.text());
    let intent = |flush, tip| {
        Body::Intent(Intent { flush: FlushId([flush; 16]), upto: place_of(&head), tip, text })
    };
    assert_eq!(log.put(intent(1, 70)), Verdict::Counted);
    let stored = log.0.text().trim_end().to_owned();
    let committed = Committed {
        flush: FlushId([1; 16]),
        from: 70,
        revision: 71,
        stored: Digest::of_text(&stored),
        difference: Some(diff::between_by(1, log.0.text(), &stored)),
        time_ms: 12,
    };
    assert_eq!(log.put(Body::Committed(committed)), Verdict::Counted);
    assert_eq!(log.put(intent(2, 71)), Verdict::Counted);
    let segment = Digest([0x33; 16]);
    let floor = Floor { from: place(1_100), upto: place(1_302), segment, bytes: 70_000 };
    GOLDEN.holds(1, "entry-floor", &entry(Body::Floor(floor)));
    let note = note("Olenna", "not ours to tell");
    let moderation = Moderation { change: Actor(5), note, time_ms: 1_790_000_000_456 };
    GOLDEN.holds(1, "entry-suppress", &entry(Body::Suppress(moderation.clone())));
    GOLDEN.holds(1, "entry-release", &entry(Body::Release(moderation.clone())));
    GOLDEN.holds(1, "entry-erase", &entry(Body::Erase(moderation)));
    let unknown = Body::Unknown { kind: 200, payload: vec![1] };
    assert!(matches!(log.put(unknown), Verdict::Quarantined(_)));
    log.0
}

fn place_of(version: &VersionRef) -> Place {
    match version.root {
        Root::Log(place) => place,
        Root::Origin(_) => unreachable!("a document's own version"),
    }
}

#[test]
fn documents() {
    let new = Document::new(key(), Cursor::start(9));
    GOLDEN.decodes(1, "document-new", &new);
    GOLDEN.holds(2, "document-new", &new);
    let document = document();
    assert!(document.changes().kept().iter().any(|change| !change.overlaps.is_empty()));
    assert!(document.origin().open().is_some() && document.origin().tip.is_some());
    assert_eq!(document.quarantined().len(), 1);
    GOLDEN.decodes(1, "document", &document);
    GOLDEN.holds(2, "document", &document);
}

/// A document that is pruned, and the segment with the rest.
#[test]
fn segments() {
    let mut document = document();
    let intent = document.origin().open().unwrap().intent.flush;
    let gone = Body::Abandoned(Abandoned { flush: intent });
    let cursor = document.cursor().after(b"abandoned");
    assert_eq!(document.apply(cursor, 2_000, &entry(gone)), Verdict::Counted);
    let floor = document.prunable(document.changes().len());
    assert!(floor > 0);
    let segment = document.prune(floor).unwrap();
    GOLDEN.holds(2, "document-pruned", &document);
    // Other versions of a library may compress to other bytes: what is in them is the same.
    let packed = GOLDEN.bytes_or(1, "segment", || segment.packed());
    let (name, length) = segment.name();
    assert_eq!(Segment::open(&packed, name), Ok(segment));
    assert_eq!((name.to_string().as_str(), length), SEGMENT);
}

/// A page of which two made something else at once.
fn two_at_once(text: &str, made: [&str; 2]) -> Log {
    let mut log = Log(Document::new(key(), Cursor::start(9)));
    assert_eq!(log.put(Body::Base(page(70, text))), Verdict::Counted);
    let base = log.0.version();
    for ((number, by), made) in [(1, "Robb"), (2, "Arya")].into_iter().zip(made) {
        let (patch, edit) = (diff::between(text, made), EditId([number; 16]));
        let on = Base::Version(base.clone());
        let delta = Delta { edit, base: on, patch, note: note(by, ""), rules: RULES };
        let (condition, closes, client, served) = (None, None, None, None);
        let save = Edit { delta, condition, closes, client, served, ..edit_of_client() };
        assert_eq!(log.put(Body::Edit(save)), Verdict::Counted);
    }
    log
}

/// What the page does not show of a move, in a document and below its floor.
#[test]
fn what_is_not_shown_of_a_move() {
    let made = ["B para.\n\nC para.\n\nA para.\n", "B para.\n\nA para.\n\nC para.\n"];
    let mut log = two_at_once("A para.\n\nB para.\n\nC para.\n", made);
    assert!(log.0.alternatives().iter().any(|it| it.elsewhere.is_some()));
    GOLDEN.holds(2, "document-moved", &log.0);
    log.flush(70);
    let floor = log.0.prunable(log.0.changes().len());
    log.0.prune(floor).unwrap();
    assert!(log.0.alternatives().iter().any(|it| it.elsewhere.is_some()));
    GOLDEN.holds(2, "document-moved-below", &log.0);
}

/// What was open at the floor of a document that is pruned, and of a segment that goes on there.
#[test]
fn what_is_open_below_the_floor() {
    let skies = ["The sky is crimson.\n", "The sky is azure.\n"];
    let mut log = two_at_once("The sky is blue.\n", skies);
    log.flush(70);
    let floor = log.0.prunable(log.0.changes().len());
    log.0.prune(floor).unwrap();
    GOLDEN.holds(2, "document-open-below", &log.0);
    let mut kept = Log(log.0.clone());
    let (patch, on) = (Patch::default(), Base::Version(kept.0.version()));
    let delta =
        Delta { edit: EditId([9; 16]), base: on, patch, note: note("Sansa", ""), rules: RULES };
    let closes = kept.0.alternatives().into_iter().filter_map(|it| it.name).collect();
    let save =
        Edit { delta, closes: Some(Box::new(Closes(closes))), served: None, ..edit_of_client() };
    GOLDEN.holds(1, "entry-edit-closes", &entry(Body::Edit(save.clone())));
    assert_eq!(kept.put(Body::Edit(save)), Verdict::Counted);
    assert_eq!(kept.0.alternatives(), []);
    GOLDEN.holds(2, "document-settled", &kept.0);
    let head = log.0.version();
    assert_eq!(log.save(3, &head, ("sky", "evening sky")), Verdict::Counted);
    log.flush(71);
    let floor = log.0.prunable(log.0.changes().len());
    let segment = log.0.prune(floor).unwrap();
    let packed = GOLDEN.bytes_or(1, "segment-open-below", || segment.packed());
    assert_eq!(Segment::unpacked(&packed), Ok(segment));
    assert_eq!(log.0.alternatives().len(), 1);
}

const SEGMENT: (&str, u32) = ("4f5b18b34c637c1137ae821326a41fe0", 125);

/// Names that are stored or sent elsewhere: others compute them too.
#[test]
fn names() {
    let version = VersionRef {
        root: Root::EMPTY,
        extra: vec![Actor(5)],
        check: None,
        hidden: None,
        put: None,
    };
    let flush = FlushId::new(&[7; 32], &key(), [1; 8]);
    let place = Cursor::start(9).after(b"record").place();
    let names = [
        EditId::of(&[7; 32], &key(), &[b"user", b"text"]).to_string(),
        edit().delta.actor().to_string(),
        page(77, "Ein Text.\n").actor(&key()).to_string(),
        key().digest().to_string(),
        key().shard(16).to_string(),
        Cursor::start(9).after(b"record").prefix.to_string(),
        VersionName::entry(place, 3).to_string(),
        VersionName::Object(version.object_id(&key())).to_string(),
        flush.to_string(),
        document().state_hash().to_string(),
    ];
    assert_eq!(names, NAMES);
}

const NAMES: [&str; 10] = [
    "ff0c7c3f198dda8ec4349150e01a34cc",
    "bdc7e6999cb9fd91",
    "b6006e30c17a7ccf",
    "84e4d5637e25f33f3276299dd0afba33",
    "4",
    "1d2bee028a948823ccabf98f4a74c6e1",
    "1125899906879261",
    "2516499289807172",
    "0101010101010101a57ece29af4d6469",
    "582a92fa0eee9dc97a825f2f2db8a640",
];
