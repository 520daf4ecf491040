//! What must hold of bytes and of logs. Each function panics where it does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, Digest, EditId};
use redwedding_wire::testing::{Draw, canonical};
use redwedding_wire::version::{Cursor, VersionName, VersionRef};

use super::log::{Logged, Writer, key};
use super::{log, values};
use crate::entry::{Body, Entry};
use crate::{Archive, Change, ChangeKind, Document, Segment, Unresolved, Verdict, View};

/// Every decoder of this crate and of those below takes `bytes`, and what they decode to can be
/// worked with.
pub fn decoders(bytes: &[u8]) {
    if let Some(entry) = canonical::<Entry>(bytes) {
        let mut document = Document::new(entry.document.clone(), Cursor::start(7));
        document.apply(Cursor::start(7).after(bytes), 1, &entry);
    }
    canonical::<VersionRef>(bytes);
    document(bytes);
    cached(bytes);
    segment(bytes);
}

/// Bytes of a document in any format are refused, or give one that can be worked with; the newest
/// format has one form only.
pub fn document(bytes: &[u8]) {
    let Ok(document) = Document::decode(bytes) else { return };
    let again = document.encode();
    if bytes.get(1) == again.get(1) {
        assert_eq!(again, bytes, "decoded bytes are the canonical ones");
    }
    usable(&document);
    cached(&document.encode_own());
}

/// Bytes of a document as a cache has it are refused, or give one that can be worked with. They are
/// no other bytes of a document.
fn cached(bytes: &[u8]) {
    let Ok(document) = Document::decode_own(bytes) else { return };
    assert_eq!(Document::decode_own(&document.encode_own()).as_ref(), Ok(&document));
    assert!(Document::decode(bytes).is_err(), "neither is taken for the other");
    usable(&document);
}

/// Bytes of a segment are refused, or give one that can be read.
fn segment(bytes: &[u8]) {
    let Ok(segment) = Segment::unpacked(bytes) else { return };
    let name = segment.name().0;
    assert_eq!(Segment::open(&segment.packed(), name).as_ref(), Ok(&segment));
    let plain = Segment::plain(&segment.packed()).expect("it is packed");
    assert_eq!(Segment::open_plain(&plain, name).as_ref(), Ok(&segment));
    for index in segment.first()..=segment.first() + segment.changes().len() {
        let _ = segment.text_after(index);
    }
    let _ = segment.attribution();
}

/// Only decodes, for who measures what that takes.
pub fn decode(bytes: &[u8]) {
    drop(Entry::decode(bytes));
    drop(VersionRef::decode(bytes));
    drop(Document::decode(bytes));
    drop(Document::decode_own(bytes));
    drop(Segment::unpacked(bytes));
}

/// A document that came from elsewhere and decodes may be wrong, and is never a
/// reason to panic.
pub fn usable(document: &Document) {
    let _ = (document.state_hash(), document.id(), document.version(), document.pending().count());
    for index in 0..document.changes().len() {
        let named = document.version_id(index).and_then(|id| VersionName::of(id.get()));
        let version = named.and_then(|name| document.named(name).ok());
        let resolved = version.and_then(|version| document.resolve_version(&version).ok());
        let _ = resolved.and_then(|resolved| document.text_of(&resolved));
    }
    if let Some(tip) = &document.origin().tip {
        let _ = document.text_at(&tip.version);
    }
    let mut view = View::of(document);
    let mut draw = Draw::new(&[3; 64]);
    for (number, change) in document.changes().indexed() {
        let version = VersionRef { extra: vec![change.actor], ..VersionRef::log(change.place) };
        let edit = EditId([number as u8 + 1; 16]);
        let saved = log::save_on(&view, &mut draw, edit, version);
        let Some(edit) = saved else { continue };
        let _ = view.add(&Entry::new(document.key().clone(), Body::Edit(edit)));
    }
    let _ = view.state_hash();
}

/// A document with some bytes of its encoding changed is refused, or can be
/// worked with.
pub fn wrong_document(bytes: &[u8], most: usize) {
    let (changes, rest) = bytes.split_at(bytes.len().min(16));
    let document = log::written(rest, most).document;
    for mut encoded in [document.encode(), document.encode_own()] {
        let mut draw = Draw::new(changes);
        for _ in 0..=draw.below(4) {
            let at = draw.below(encoded.len());
            encoded[at] = draw.byte();
            decoders(&encoded);
        }
    }
}

/// The log that `bytes` make is folded as it should be, however it is folded.
pub fn fold(bytes: &[u8], most: usize) -> Writer {
    let writer = log::written(bytes, most);
    let mut plain = Document::new(key(), Cursor::start(7));
    let mut stored = plain.clone();
    for (number, logged) in writer.log.iter().enumerate() {
        step(&mut plain, logged);
        if bytes.get(number).is_some_and(|byte| byte % 3 == 0) {
            let bytes = stored.encode();
            stored = Document::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(stored.encode(), bytes);
            stored = from_cache(&stored);
            assert_eq!(stored.encode(), bytes, "it is the same in a cache");
            stored = from_cache(&stored);
        }
        logged.apply_to(&mut stored);
    }
    assert_eq!(stored.encode(), plain.encode(), "folding through snapshots is folding");
    assert_eq!(writer.document.encode(), plain.encode(), "equal logs give equal bytes");
    assert_eq!(stored.state_hash(), plain.state_hash());
    let erases =
        |logged: &Logged| matches!(&logged.entry, Some(Entry { body: Body::Erase(_), .. }));
    if !writer.log.iter().any(erases) {
        versions(&plain, &writer);
    }
    writer
}

/// A document as a sandbox reads it that has put it into a cache.
fn from_cache(document: &Document) -> Document {
    Document::decode_own(&document.encode_own()).unwrap_or_else(|error| panic!("{error}"))
}

/// Folds one entry in and checks what every entry must leave as it was.
fn step(document: &mut Document, logged: &Logged) {
    let before = document.clone();
    if let Some(entry) = &logged.entry {
        assert_eq!(canonical::<Entry>(&entry.encode()).as_ref(), Some(entry));
    }
    let verdict = logged.apply_to(document);
    match &verdict {
        Some(Verdict::Counted) => {}
        Some(Verdict::Below { .. }) => panic!("nothing is below"),
        Some(Verdict::Duplicate { .. } | Verdict::Alias { .. }) => {
            assert_eq!(document.text(), before.text(), "a retry changes no text");
            assert_eq!(document.changes(), before.changes());
            assert_eq!(document.origin(), before.origin());
        }
        Some(Verdict::Superseded | Verdict::Unmet) => {
            assert_eq!(document.text(), before.text(), "who comes too late changes no text");
            assert_eq!(document.changes(), before.changes());
            assert_eq!(document.origin(), before.origin());
        }
        Some(Verdict::Quarantined(_)) | None => {
            assert_eq!(document.text(), before.text(), "what is kept out changes no text");
            assert_eq!(document.changes(), before.changes());
            assert_eq!(document.origin(), before.origin());
            let listed = document.quarantined().last().map(|one| one.position);
            let full = document.quarantined().len() == crate::limits::QUARANTINED;
            assert!(full || listed == Some(logged.cursor.position), "what is kept out is listed");
        }
    }
    origin_holds(document, logged);
    let once = document.clone();
    logged.apply_to(document);
    assert_eq!(*document, once, "an entry that was folded in is not folded in again");
}

/// What was agreed with the origin is true.
fn origin_holds(document: &Document, logged: &Logged) {
    let origin = document.origin();
    let open = origin.intents.iter().filter(|one| one.state == 0).count();
    assert!(open <= 1, "at most one attempt to write is open");
    if let Some(tip) = origin.tip.as_ref().filter(|tip| tip.exact) {
        let text = document.text_at(&tip.version).unwrap_or_else(|| panic!("the tip has no text"));
        assert_eq!(
            Digest::of_text(&text),
            tip.stored.text,
            "the tip's version has its bytes after {logged:?}"
        );
    }
    let revisions: Vec<u64> = origin.known.iter().map(|known| known.text.revision).collect();
    assert!(revisions.is_sorted(), "known texts ascend");
}

/// Every id names the text right after its change, for ever.
fn versions(document: &Document, writer: &Writer) {
    let mut past = Document::new(key(), Cursor::start(7));
    for logged in &writer.log {
        let had = past.changes().len();
        logged.apply_to(&mut past);
        if past.changes().len() == had {
            continue;
        }
        let id = document.version_id(had).and_then(|id| VersionName::of(id.get()));
        let version = id.map(|id| document.named(id));
        let Some(Ok(version)) = version else { panic!("change {had} has no name: {version:?}") };
        let resolved = document.resolve_version(&version);
        let text = resolved.ok().and_then(|resolved| document.text_of(&resolved));
        assert_eq!(text.as_deref(), Some(past.text()), "change {had}");
    }
}

/// Saves seen through an overlay, added in one order and confirmed in another,
/// all give one text. Gives how many there were.
pub fn overlay(bytes: &[u8], most: usize) -> usize {
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut writer = log::written(first, most);
    let document = writer.document.clone();
    let mut draw = Draw::new(rest);
    let mut view = View::of(&document);
    let mut entries = Vec::new();
    for number in 0..draw.below(12) {
        let Some(entry) = overlaid(&view, &mut draw, number) else { continue };
        if let Ok(Verdict::Counted) = view.add(&entry) {
            if entries.is_empty() {
                shows_what_the_log_will(&view, document.clone(), &entry);
            }
            entries.push(entry);
        }
    }
    let version = view.version();
    assert_eq!(canonical::<VersionRef>(&version.encode()).as_ref(), Some(&version));
    let mut other = View::of(&document);
    in_causal_order(&mut draw, &entries, |entry| other.add(entry));
    assert_eq!(other.text(), view.text(), "added in another order");
    assert_eq!(other.version().extra, view.version().extra);
    in_causal_order(&mut draw, &entries, |entry| match writer.document.missing(entry)? {
        Some(missing) => Err(Unresolved::Missing(missing)),
        None => Ok(writer
            .append(&mut Draw::new(&[]), entry.body.clone())
            .unwrap_or(Verdict::Superseded)),
    });
    // Only the log keeps a line's end that one trimmed and below which another wrote.
    let kept = log::kinds(&writer.document)[3] > log::kinds(&document)[3];
    // And only it decides what is shown where several changed the same.
    let is_meant = |change: &&Arc<Change>| change.kind == ChangeKind::Meant as u8;
    let meant = |of: &Document| of.changes().kept().iter().filter(is_meant).count();
    let decided = meant(&writer.document) > meant(&document);
    let told = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    if !decided {
        assert_eq!(told(writer.document.text()), told(view.text()), "confirmed");
    }
    if !kept && !decided {
        assert_eq!(writer.document.text(), view.text(), "confirmed");
    }
    for entry in &entries {
        assert!(writer.document.holds(&VersionRef {
            extra: entry.actor().into_iter().collect(),
            ..document.version()
        }));
    }
    entries.len()
}

/// A view with one save hides nothing that the log shows once it has it, or tells as an
/// alternative, but for what it tells so itself.
fn shows_what_the_log_will(view: &View, mut log: Document, entry: &Entry) {
    let cursor = log.cursor().after(&entry.encode());
    log.apply(cursor, 1, entry);
    // Words, not letters: another word has some of the same.
    let count = |text: &str| {
        let mut count = BTreeMap::new();
        let words = text.split_whitespace().map(str::to_owned);
        words.for_each(|word| *count.entry(word).or_insert(0) += 1);
        count
    };
    let alternatives = log.alternatives();
    let own = alternatives.iter().filter(|it| Some(it.change.actor) == entry.actor());
    let told: String = view.alternatives().iter().flat_map(|it| [" ", it.text]).collect();
    let (shown, all) = (count(&[view.shown(), &told].concat()), count(view.text()));
    let of = |count: &BTreeMap<String, i32>, word: &str| count.get(word).copied().unwrap_or(0);
    for text in own.map(|it| it.text).chain([log.text()]) {
        for (word, right) in count(text) {
            let enough = of(&shown, &word) >= right.min(of(&all, &word));
            assert!(enough, "{word} of {text:?} in {:?} of {:?}", view.shown(), view.text());
        }
    }
}

/// A save on what an overlay shows, or on less.
fn overlaid(view: &View, draw: &mut Draw<'_>, number: usize) -> Option<Entry> {
    let confirmed = view.changes().kept().len() - view.waiting();
    let mut version = match draw.one_in(3) {
        false => view.version(),
        true => {
            let mut places = view.changes().kept()[..confirmed].iter().map(|change| change.place);
            VersionRef::log(places.nth(draw.below(confirmed.max(1))).unwrap_or_default())
        }
    };
    let waiting: Vec<_> = view.overlay().collect();
    if draw.one_in(3) && !waiting.is_empty() {
        version.extra = vec![draw.pick(&waiting).actor];
    }
    let edit = EditId([200 - number as u8; 16]);
    let mut saved = log::save_on(view, draw, edit, version.clone())?;
    if version.extra.len() <= crate::limits::INLINE_DOTS {
        saved.delta.base = redwedding_wire::version::Base::Version(version);
    }
    saved.served = None;
    Some(Entry { trace: values::place(draw).position, ..Entry::new(key(), Body::Edit(saved)) })
}

/// Adds all entries, in any order that their parents allow.
fn in_causal_order(
    draw: &mut Draw<'_>,
    entries: &[Entry],
    mut add: impl FnMut(&Entry) -> Result<Verdict, Unresolved>,
) {
    let mut waiting: Vec<&Entry> = entries.iter().collect();
    while !waiting.is_empty() {
        let start = draw.below(waiting.len());
        waiting.rotate_left(start);
        let added = waiting.iter().position(|entry| match add(entry) {
            Ok(verdict) => {
                assert_eq!(verdict, Verdict::Counted, "{entry:?} of {entries:?}");
                true
            }
            Err(_) => false,
        });
        let Some(added) = added else { panic!("parents never come: {waiting:?}") };
        waiting.remove(added);
    }
}

/// A log folded while the document is pruned, and takes back what it needs, comes to what the same
/// log comes to where all is kept.
pub fn pruned(bytes: &[u8], most: usize) -> Pruned {
    let (cuts, rest) = bytes.split_at(bytes.len().min(40));
    let writer = log::written(rest, most);
    let mut draw = Draw::new(cuts);
    let mut plain = Document::new(key(), Cursor::start(7));
    let mut pruned = plain.clone();
    let mut archive = MemoryArchive::default();
    let mut found = Pruned::default();
    for logged in &writer.log {
        if archive.knows(logged, &pruned) {
            continue;
        }
        let verdict = logged.apply_to(&mut plain);
        let segments = pruned.archive().len();
        let same = logged.apply_from(&archive, &mut pruned);
        found.restored += usize::from(pruned.archive().len() < segments);
        assert_eq!(same, verdict, "{logged:?}");
        assert_eq!(pruned.text(), plain.text(), "{logged:?}");
        assert_eq!(pruned.state_hash(), plain.state_hash());
        assert_eq!(writers(&pruned, &archive), writers(&plain, &archive));
        let wanted = draw.below(plain.changes().len() + 1);
        let floor = if draw.one_in(2) { pruned.prunable(wanted) } else { 0 };
        if let Some(segment) = pruned.prune(floor) {
            found.pruned += 1;
            archive.keep(&segment);
            assert_eq!(pruned.text(), plain.text(), "pruning changes no text");
            assert_eq!(pruned.state_hash(), plain.state_hash());
            document(&pruned.encode());
            let mut back = pruned.clone();
            back.restore(&segment).unwrap_or_else(|error| panic!("{error}"));
            for index in segment.first()..=floor {
                let version = redwedding_text::Version::up_to(index as u32);
                let text = plain.text_at(&version);
                assert_eq!(back.text_at(&version), text, "what is taken back is what was");
                assert_eq!(segment.text_after(index).ok(), text);
            }
        }
        // What comes next is folded into rows that nobody has read.
        pruned = from_cache(&pruned);
    }
    while let Some(newest) = pruned.archive().last() {
        let segment = archive.segment(newest.digest).unwrap_or_else(|| panic!("it was kept"));
        pruned.restore(&segment).unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(pruned.encode(), plain.encode(), "taking all back leaves what was never pruned");
    found
}

/// Who wrote which byte of the text.
fn writers(document: &Document, archive: &MemoryArchive) -> Vec<(u32, Actor)> {
    let attribution =
        document.attribution(archive).unwrap_or_else(|name| panic!("{name} was kept"));
    let all: usize = attribution.iter().map(|run| run.len as usize).sum();
    assert_eq!(all, document.text().len(), "every byte has a writer");
    attribution.iter().map(|run| (run.len, run.change.actor)).collect()
}

/// How often [`pruned`] did what it is about.
#[derive(Clone, Copy, Default, Debug)]
pub struct Pruned {
    /// Floors that were moved up.
    pub pruned: usize,
    /// Entries that needed what was below.
    pub restored: usize,
}

/// Segments by name, as they are stored.
#[derive(Default)]
struct MemoryArchive(BTreeMap<Digest, Vec<u8>>);

impl MemoryArchive {
    fn keep(&mut self, segment: &Segment) {
        let name = segment.name().0;
        let packed = segment.packed();
        assert_eq!(Segment::open(&packed, name).as_ref(), Ok(segment));
        self.0.insert(name, packed);
    }

    /// Whether an entry is a retry of a save that is only in a segment: the relay knows those.
    fn knows(&self, logged: &Logged, document: &Document) -> bool {
        let Some(Entry { body: Body::Edit(edit), .. }) = &logged.entry else { return false };
        let id = edit.delta.edit;
        let there = |name| self.segment(name).is_some_and(|segment| segment.knows(id).is_some());
        document.archive().iter().any(|segment| there(segment.digest))
    }
}

impl Archive for MemoryArchive {
    fn segment(&self, name: Digest) -> Option<Segment> {
        Segment::open(self.0.get(&name)?, name).ok()
    }
}
