//! Writes the log of one document, with everything in it that a log may hold:
//! saves on any version, retries, aliases, texts of the origin that are in the
//! log's line and that are not, attempts to write that end well and badly,
//! names that are stale or foreign, kinds of the future, and plain nonsense.
//!
//! Whoever writes knows what the log means so far ([`Writer::document`]), as
//! replicas do; but it also writes what no replica of ours would.

use redwedding_text::diff;
use redwedding_wire::codec::Encode;
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::testing::Draw;
use redwedding_wire::version::{
    Base, Cursor, ObjectId, OriginText, Place, REVISIONS, Root, VersionRef,
};

use super::values;
use crate::entry::{
    Abandoned, Body, Checkpoint, Committed, Delta, Edit, Entry, Import, Intent, Moderation, Moved,
    Note, OriginPage, RULES,
};
use crate::{Archive, ChangeKind, Document, NoArchive, State, Verdict};

/// An entry in its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Logged {
    /// The log after it.
    pub cursor: Cursor,
    /// When the log took it.
    pub logged_ms: u64,
    /// The entry; `None` for bytes that nobody can read.
    pub entry: Option<Entry>,
}

impl Logged {
    /// Folds it in.
    pub fn apply_to(&self, document: &mut Document) -> Option<Verdict> {
        self.apply_from(&NoArchive, document)
    }

    /// Folds it in, with an archive at hand.
    pub fn apply_from(&self, archive: &impl Archive, document: &mut Document) -> Option<Verdict> {
        match &self.entry {
            Some(entry) => Some(document.apply_with(archive, self.cursor, self.logged_ms, entry)),
            None => {
                document.carry(self.cursor, "unreadable".to_owned());
                None
            }
        }
    }
}

/// Writes the log of one document.
#[derive(Clone, Debug)]
pub struct Writer {
    /// The document as the log means it so far.
    pub document: Document,
    /// The log so far.
    pub log: Vec<Logged>,
    cursor: Cursor,
    edits: Vec<Edit>,
    /// Texts of the origin that some entry brought.
    pages: Vec<OriginPage>,
    /// What the origin made by itself, where the log may be told of it.
    merged: String,
    drawn: u64,
}

/// The document that all logs are about.
pub fn key() -> DocumentKey {
    DocumentKey::new("wiki", "Red_Wedding").unwrap_or_else(|_| unreachable!("within bounds"))
}

/// The log that `bytes` make, of at most `most` entries.
pub fn written(bytes: &[u8], most: usize) -> Writer {
    let mut draw = Draw::new(bytes);
    let mut writer = Writer::new();
    while writer.log.len() < most && !draw.is_spent() {
        writer.write(&mut draw);
    }
    writer
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// An empty log.
    pub fn new() -> Self {
        let cursor = Cursor::start(7);
        Self {
            document: Document::new(key(), cursor),
            log: Vec::new(),
            cursor,
            edits: Vec::new(),
            pages: Vec::new(),
            merged: String::new(),
            drawn: 0,
        }
    }

    /// Writes one entry, or lets other documents' entries pass.
    pub fn write(&mut self, draw: &mut Draw<'_>) {
        for _ in 0..draw.below(3) {
            self.cursor = self.cursor.after(b"another document's");
        }
        let body = match draw.below(29) {
            0..=9 => self.edit(draw),
            10 => self.again(draw),
            11 => self.alias(draw),
            12 => Some(Body::Version(self.version(draw))),
            13 | 14 => Some(self.base(draw)),
            15 | 16 => Some(self.import(draw)),
            17 => Some(self.intent(draw)),
            18 | 19 => self.committed(draw),
            20 => Some(self.checkpoint(draw)),
            21 => self.abandoned(draw),
            22 => Some(self.moved(draw)),
            23 | 24 => self.moderation(draw).map(Body::Suppress),
            25 | 26 => self.suppressed(draw).map(Body::Release),
            27 if draw.one_in(2) => self.moderation(draw).map(Body::Erase),
            _ => return self.nonsense(draw),
        };
        if let Some(body) = body {
            self.append(draw, body);
        }
    }

    /// Appends an entry.
    pub fn append(&mut self, draw: &mut Draw<'_>, body: Body) -> Option<Verdict> {
        if let Body::Edit(edit) = &body {
            self.edits.push(edit.clone());
        }
        if let Body::Base(page) = &body {
            self.pages.push(page.clone());
        }
        let entry = Entry { trace: draw.number(), ..Entry::new(key(), body) };
        self.cursor = self.cursor.after(&entry.encode());
        let logged_ms = 1_000 + self.cursor.position;
        self.push(Logged { cursor: self.cursor, logged_ms, entry: Some(entry) })
    }

    fn push(&mut self, logged: Logged) -> Option<Verdict> {
        let verdict = logged.apply_to(&mut self.document);
        self.log.push(logged);
        verdict
    }

    fn fresh<const N: usize>(&mut self) -> [u8; N] {
        self.drawn += 1;
        let mut bytes = [0xab; N];
        bytes[..8].copy_from_slice(&self.drawn.to_le_bytes());
        bytes
    }

    fn edit(&mut self, draw: &mut Draw<'_>) -> Option<Body> {
        let version = self.version(draw);
        let edit = EditId(self.fresh());
        save_on(&self.document, draw, edit, version).map(Body::Edit)
    }

    fn again(&mut self, draw: &mut Draw<'_>) -> Option<Body> {
        let edit = self.some_edit(draw)?;
        let accepted_ms = draw.number();
        let after_ms = edit.after_ms.filter(|after| accepted_ms <= *after);
        Some(Body::Edit(Edit { accepted_ms, after_ms, ..edit }))
    }

    /// The same save with another delta.
    fn alias(&mut self, draw: &mut Draw<'_>) -> Option<Body> {
        let edit = self.some_edit(draw)?;
        let version = self.version(draw);
        save_on(&self.document, draw, edit.delta.edit, version).map(Body::Edit)
    }

    fn some_edit(&self, draw: &mut Draw<'_>) -> Option<Edit> {
        (!self.edits.is_empty()).then(|| draw.pick(&self.edits).clone())
    }

    /// A version that somebody may name, rightly or not.
    fn version(&self, draw: &mut Draw<'_>) -> VersionRef {
        let changes = self.document.changes().kept();
        let actors: Vec<Actor> = changes.iter().map(|change| change.actor).collect();
        let mut extra = match actors.is_empty() {
            false => draw.list(3, |draw| *draw.pick(&actors)),
            true => Vec::new(),
        };
        extra.sort_unstable();
        extra.dedup();
        match draw.below(16) {
            0..=5 => self.document.version(),
            6..=9 => VersionRef::log(self.place(draw)),
            10..=11 => VersionRef { extra, ..VersionRef::log(self.place(draw)) },
            12 => VersionRef::of_root(Root::Origin(self.origin_text(draw))),
            13 => VersionRef {
                root: Root::Origin(self.origin_text(draw)),
                extra,
                check: None,
                hidden: None,
                put: None,
            },
            14 => VersionRef { extra, ..VersionRef::log(Place::START) },
            _ => values::version(draw, 3),
        }
    }

    /// A place of the log; seldom one that is none.
    fn place(&self, draw: &mut Draw<'_>) -> Place {
        let changes = self.document.changes().kept();
        match draw.below(12) {
            0..=4 => changes.last().map_or(Place::START, |change| change.place),
            5..=8 if !changes.is_empty() => draw.pick(changes).place,
            9 if !changes.is_empty() => Place { check: 1, ..draw.pick(changes).place },
            10 => Place { position: self.cursor.position + 1, check: 0 },
            11 => self.cursor.place(),
            _ => Place::START,
        }
    }

    fn origin_text(&self, draw: &mut Draw<'_>) -> OriginText {
        let known = &self.document.origin().known;
        match draw.below(4) {
            0 | 1 if !known.is_empty() => draw.pick(known).text,
            2 if !self.pages.is_empty() => draw.pick(&self.pages).name(),
            _ => values::origin_text(draw),
        }
    }

    fn base(&mut self, draw: &mut Draw<'_>) -> Body {
        if !self.pages.is_empty() && draw.one_in(4) {
            return Body::Base(draw.pick(&self.pages).clone());
        }
        let text = changed(draw, self.document.text(), "base");
        let revision = self.next_revision(draw, 4);
        Body::Base(OriginPage { revision, text, ..values::page(draw) })
    }

    fn import(&mut self, draw: &mut Draw<'_>) -> Body {
        let tip = self.document.origin().tip.clone();
        let version = tip.as_ref().map(|tip| tip.version.clone()).unwrap_or_default();
        let from = match draw.one_in(8) {
            false => tip.map(|tip| tip.stored),
            true => draw.option(|draw| self.origin_text(draw)),
        };
        let ours = self.document.text_at(&version).unwrap_or_default();
        let is_merged = from.is_some_and(|from| from.text == Digest::of_text(&self.merged));
        let old = if is_merged { self.merged.clone() } else { ours.clone() };
        let (revision, text) = match self.unknown_page(draw) {
            Some(page) => (page.revision, page.text),
            None => (self.next_revision(draw, 4), changed(draw, &old, "import")),
        };
        let to = OriginText { revision, text: digest(draw, &text) };
        let patch = diff::between(&old, &text);
        Body::Import(Import {
            from,
            to,
            patch,
            time_ms: draw.number(),
            note: values::note(draw),
            rules: RULES,
            shown: diff::between(&ours, &old),
        })
    }

    /// Sometimes a text that saves may stand on already, beyond the tip.
    fn unknown_page(&self, draw: &mut Draw<'_>) -> Option<OriginPage> {
        let tip = self.document.origin().revision();
        let mut beyond = self.pages.iter().filter(|page| page.revision > tip);
        draw.option(|draw| beyond.nth(draw.below(2)).cloned()).flatten()
    }

    fn intent(&mut self, draw: &mut Draw<'_>) -> Body {
        let upto = self.place(draw);
        let text = self.document.text_upto(upto).map(|(_, text)| text).unwrap_or_default();
        let text = digest(draw, &text);
        let tip = self.some_revision(draw);
        Body::Intent(Intent { flush: FlushId(self.fresh()), upto, tip, text })
    }

    /// Nearly always the tip's.
    fn some_revision(&self, draw: &mut Draw<'_>) -> u64 {
        match draw.one_in(8) {
            false => self.document.origin().revision(),
            true => draw.number(),
        }
    }

    /// Nearly always beyond the tip's.
    fn next_revision(&self, draw: &mut Draw<'_>, most: usize) -> u64 {
        (self.document.origin().revision() + draw.below(most) as u64).clamp(1, REVISIONS - 1)
    }

    fn some_flush(&self, draw: &mut Draw<'_>) -> Option<Intent> {
        let origin = self.document.origin();
        match (origin.open(), origin.intents.is_empty()) {
            (Some(open), _) if !draw.one_in(4) => Some(open.intent.clone()),
            (_, false) => Some(draw.pick(&origin.intents).intent.clone()),
            _ => None,
        }
    }

    fn committed(&mut self, draw: &mut Draw<'_>) -> Option<Body> {
        let intent = match draw.one_in(12) {
            false => self.some_flush(draw)?,
            true => Intent {
                flush: values::flush(draw),
                upto: Place::START,
                tip: 0,
                text: Digest::default(),
            },
        };
        let from = self.some_revision(draw);
        let sent = self.document.text_upto(intent.upto).map(|(_, text)| text).unwrap_or_default();
        let stored = match draw.one_in(3) {
            false => sent.clone(),
            true => changed(draw, &sent, "trimmed"),
        };
        let difference = (sent != stored && !draw.one_in(6)).then(|| diff::between(&sent, &stored));
        Some(Body::Committed(Committed {
            flush: intent.flush,
            from,
            revision: self.next_revision(draw, 3),
            stored: digest(draw, &stored),
            difference,
            time_ms: draw.number(),
        }))
    }

    fn checkpoint(&mut self, draw: &mut Draw<'_>) -> Body {
        let upto = match draw.one_in(3) {
            true => self.place(draw),
            false => self.place_of_tip().unwrap_or_default(),
        };
        let revision = self.some_revision(draw).clamp(1, REVISIONS - 1);
        Body::Checkpoint(Checkpoint { revision, upto })
    }

    /// The last place where the text is the tip's.
    fn place_of_tip(&self) -> Option<Place> {
        let tip = self.document.origin().tip.as_ref()?.stored;
        let places = self.document.changes().kept().iter().rev().map(|change| change.place);
        let text = |place| self.document.text_upto(place).map(|(_, text)| Digest::of_text(&text));
        places.into_iter().find(|place| text(*place) == Some(tip.text))
    }

    fn abandoned(&mut self, draw: &mut Draw<'_>) -> Option<Body> {
        Some(Body::Abandoned(Abandoned { flush: self.some_flush(draw)?.flush }))
    }

    fn moved(&mut self, draw: &mut Draw<'_>) -> Body {
        let from = self.some_revision(draw);
        let revision = self.next_revision(draw, 3);
        let flush = draw.option(values::flush);
        let flush = self.some_flush(draw).map(|intent| intent.flush).or(flush);
        let to = OriginText { revision, text: self.moved_text(draw, flush) };
        Body::Moved(Moved { from, to, flush })
    }

    /// What the origin makes of the text of a flush and its own: what the log does, or anything.
    fn moved_text(&mut self, draw: &mut Draw<'_>, flush: Option<FlushId>) -> Digest {
        let upto = flush.and_then(|flush| self.document.origin().announced(flush));
        let sent = upto.and_then(|it| self.document.version_at(it.intent.upto).ok());
        let tip = self.document.origin().tip.as_ref().map(|tip| tip.version.clone());
        let joined = tip.unwrap_or_default().joined(&sent.unwrap_or_default());
        match (self.document.text_at(&joined), draw.below(3)) {
            (Some(text), 0) => Digest::of_text(&text),
            (Some(text), 1) => {
                self.merged = changed(draw, &text, "merged");
                Digest::of_text(&self.merged)
            }
            _ => Digest(draw.bytes()),
        }
    }

    /// A change that somebody moderates.
    fn moderation(&self, draw: &mut Draw<'_>) -> Option<Moderation> {
        let changes = self.document.changes().kept();
        if changes.is_empty() {
            return None;
        }
        let change = match draw.one_in(12) {
            false => draw.pick(changes).actor,
            true => Actor(draw.number()),
        };
        Some(Moderation { change, note: values::note(draw), time_ms: draw.number() })
    }

    /// Mostly one that is suppressed.
    fn suppressed(&self, draw: &mut Draw<'_>) -> Option<Moderation> {
        let document = &self.document;
        let suppressed =
            document.changes().indexed().filter(|(index, _)| document.is_suppressed(*index));
        let suppressed: Vec<Actor> = suppressed.map(|(_, change)| change.actor).collect();
        let moderation = self.moderation(draw)?;
        match suppressed.is_empty() || draw.one_in(6) {
            false => Some(Moderation { change: *draw.pick(&suppressed), ..moderation }),
            true => Some(moderation),
        }
    }

    fn nonsense(&mut self, draw: &mut Draw<'_>) {
        if draw.one_in(4) {
            self.cursor = self.cursor.after(b"nonsense");
            let logged_ms = 1_000 + self.cursor.position;
            self.push(Logged { cursor: self.cursor, logged_ms, entry: None });
            return;
        }
        let body = values::body(draw);
        self.append(draw, body);
    }
}

/// A save of a changed text on `version`, in whichever form it travels; seldom
/// one that does not fit. `None` where nothing can be named so.
pub fn save_on(
    state: &State,
    draw: &mut Draw<'_>,
    edit: EditId,
    version: VersionRef,
) -> Option<Edit> {
    let resolved = state.resolve_version(&version).ok();
    let old = resolved.and_then(|resolved| state.text_of(&resolved));
    let patch = match (old, draw.below(16)) {
        (Some(old), 0..=14) => diff::between(&old, &changed(draw, &old, &edit.to_string()[..6])),
        _ => values::patch(draw),
    };
    let id = version.object_id(state.key());
    let base = match draw.below(8) {
        0 => Base::Object(id),
        1 => Base::Object(ObjectId(id.0 ^ 1)),
        _ => Base::Version(version),
    };
    let delta = Delta { edit, base, patch, note: note(draw), rules: RULES };
    let served = draw.option(|draw| values::version(draw, 3));
    let (accepted_ms, pop) = (draw.number(), "AMS".to_owned());
    Some(Edit { served, ..Edit::new(delta, accepted_ms, pop) })
}

fn note(draw: &mut Draw<'_>) -> Note {
    Note { author: draw.word().to_owned(), ..Note::default() }
}

/// Nearly always the text's.
fn digest(draw: &mut Draw<'_>, text: &str) -> Digest {
    match draw.one_in(10) {
        false => Digest::of_text(text),
        true => Digest(draw.bytes()),
    }
}

/// A text somewhat changed: what stood there may go, and a `mark` comes.
pub fn changed(draw: &mut Draw<'_>, text: &str, mark: &str) -> String {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let from = draw.below(ends.len());
    let to = match draw.one_in(3) {
        false => from,
        true => from + draw.below(ends.len() - from).min(24),
    };
    let came = match draw.below(4) {
        0 => format!(" {mark} "),
        1 => format!("{mark}\n{}", draw.word()),
        2 => draw.text(5),
        _ => String::new(),
    };
    format!("{}{came}{}", &text[..ends[from]], &text[ends[to]..])
}

/// How many changes of each kind a document has, for tests that want to know
/// what they have met.
pub fn kinds(document: &Document) -> [usize; 4] {
    let kinds = [ChangeKind::Edit, ChangeKind::Base, ChangeKind::Import, ChangeKind::Difference];
    kinds.map(|kind| document.changes().kept().iter().filter(|one| one.kind == kind as u8).count())
}
