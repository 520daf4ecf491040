//! What a shard's log holds: edits, texts of the origin, and what was agreed
//! about writing to it.
//!
//! Entries are immutable. Whoever pushes one never rewrites it; what an entry
//! means is decided by the fold alone ([`crate::Document`]), from the log's order.

use std::fmt;
use std::str::FromStr;

use redwedding_text::Patch;
use redwedding_wire::array_with_optional_last;
use redwedding_wire::codec::{self, Decode, DecodeError, Encode, Source};
use redwedding_wire::identity::{Actor, Digest, DocumentKey, EditId, FlushId};
use redwedding_wire::version::{
    Base, ObjectId, OriginText, Place, Position, REVISIONS, VersionRef,
};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Serialize, Serializer};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits;
use crate::patch_wire;

/// One entry of the log.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Which document it is about.
    pub document: DocumentKey,
    /// Connects the entry with the request that made it; 0 for none.
    pub trace: u64,
    /// What it says.
    pub body: Body,
    /// Fields of later versions, carried unread.
    pub extensions: Vec<u8>,
}

/// Makes [`Body`] and all that depends on a kind's number of one table, so that the number stands
/// once. It is in the wire format: a number is never given to another kind.
macro_rules! kinds_of_entries {
    ($($(#[doc = $doc:literal])+ $number:literal => $kind:ident($content:ty),)+) => {
        /// What an entry says.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Body {
            $($(#[doc = $doc])+ $kind($content),)+
            /// A kind that this version does not know: carried and listed, not applied.
            Unknown {
                /// Its number.
                kind: u8,
                /// Its content.
                payload: Vec<u8>,
            },
        }

        impl Body {
            /// The number of its kind, as in the wire format and in metrics.
            #[must_use]
            pub fn kind(&self) -> u8 {
                match self {
                    $(Self::$kind(_) => $number,)+
                    Self::Unknown { kind, .. } => *kind,
                }
            }

            fn payload(&self) -> Vec<u8> {
                match self {
                    $(Self::$kind(content) => codec::to_vec(content),)+
                    Self::Unknown { payload, .. } => payload.clone(),
                }
            }

            fn from_wire(
                kind: u8,
                payload: Vec<u8>,
                source: Source,
            ) -> Result<Self, DecodeError> {
                Ok(match kind {
                    $($number => Self::$kind(codec::read(&payload, source)?),)+
                    _ => Self::Unknown { kind, payload },
                })
            }
        }
    };
}

kinds_of_entries! {
    /// A save.
    1 => Edit(Edit),
    /// A version that somebody was served and may base an edit on.
    2 => Version(VersionRef),
    /// The first text taken from the origin. Counts if the document has none.
    3 => Base(OriginPage),
    /// An edit made at the origin. Counts if it extends the origin's tip.
    4 => Import(Import),
    /// "About to write to the origin." Counts if none is open and the tip matches.
    5 => Intent(Intent),
    /// Committed at the origin: it holds what an intent announced. Counts if the tip matches.
    6 => Committed(Committed),
    /// The tip's revision is the text at a position. Counts if the tip matches.
    7 => Checkpoint(Checkpoint),
    /// An intent came to nothing. Counts if it names the open one.
    8 => Abandoned(Abandoned),
    /// A revision of ours that the origin merged by itself. Only the tip moves.
    9 => Moved(Moved),
    /// What lies below an entry is in the archive, and need not be kept.
    10 => Floor(Floor),
    /// A change is suppressed, that is, out of the text until it is released: the origin does not
    /// take it.
    11 => Suppress(Moderation),
    /// A change that was suppressed is in the text again.
    12 => Release(Moderation),
    /// What a change wrote is made unreadable, for good.
    13 => Erase(Moderation),
}

impl Body {
    /// Whether only the relay may log it: whoever may push edits may not moderate those of
    /// others, nor say what need not be kept.
    #[must_use]
    pub fn is_relay_only(&self) -> bool {
        matches!(self, Self::Floor(_) | Self::Suppress(_) | Self::Release(_) | Self::Erase(_))
    }
}

/// A save: the change, and what its acceptance adds to it.
#[derive(Clone, PartialEq, Debug)]
pub struct Edit {
    /// The change: what its dots stand for.
    pub delta: Delta,
    /// When it was accepted, in milliseconds since 1970. Not part of the dots:
    /// a retry that is accepted elsewhere is the same change.
    pub accepted_ms: u64,
    /// The point of presence that accepted it.
    pub pop: String,
    /// The version that the answer to the save showed.
    pub served: Option<VersionRef>,
    /// What is known of the client that sent it, if anything is. Not part of the dots: a retry may
    /// be known less, or more.
    pub client: Option<Box<Client>>,
    /// On what it is taken at all. Not part of the dots either: it is about this entry's place in
    /// the log, and a save that met it once is the same change ever after.
    pub condition: Option<Condition>,
    /// Versions of passages that its author has decided about, whatever the page shows of them:
    /// they are no alternatives any more. Not part of the dots.
    pub closes: Option<Box<Closes>>,
    /// When the newest of the saves was accepted that waited and were shown to its author, where
    /// the clock was not past that: clocks are set back, and what was shown stands. Not part of the
    /// dots. From `accepted_ms` on.
    pub after_ms: Option<u64>,
}

/// Alternatives that a save closes: one or more, [`limits::CLOSED`] at most.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Closes(pub Vec<AlternativeName>);

/// Names a version of a passage that the page does not show, as long as there is a page.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize_tuple, Deserialize_tuple,
)]
pub struct AlternativeName {
    /// The dots of the change that says that it is not shown: of its save, or of the import that
    /// shows in its place.
    pub by: Actor,
    /// Which of those that that says so of.
    pub number: u32,
}

/// Sixteen hexadecimal digits, a hyphen, and a number.
impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.by.0, self.number)
    }
}

impl FromStr for AlternativeName {
    type Err = DecodeError;

    fn from_str(name: &str) -> Result<Self, DecodeError> {
        let parts = name.split_once('-').and_then(|(by, number)| {
            Some((u64::from_str_radix(by, 16).ok()?, number.parse().ok()?))
        });
        let (by, number) =
            parts.ok_or_else(|| DecodeError::invalid("no alternative is named so"))?;
        Ok(Self { by: Actor(by), number })
    }
}

/// What is known of a client that saves.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Client {
    /// Which one it is, of those that save without a name: a keyed hash of its session, shown to
    /// nobody. 0 where that is not known, and where the author has a name.
    pub number: u64,
    /// What its author had made of the same text before, which the log may have later: the newest
    /// ones, [`limits::EARLIER_SAVES`] at most.
    pub earlier: Vec<EditId>,
}

array_with_optional_last!(Edit {
    delta, accepted_ms, pop, served;
    client, condition, closes, after_ms
});

impl Edit {
    /// A save of which nothing is known but what it changed, when it was accepted, and where.
    #[must_use]
    pub fn new(delta: Delta, accepted_ms: u64, pop: String) -> Self {
        let (served, client, condition) = (None, None, None);
        let (closes, after_ms) = (None, None);
        Self { delta, accepted_ms, pop, served, client, condition, closes, after_ms }
    }

    /// Where it stands among the saves that wait, by time: behind all that its author was shown.
    #[must_use]
    pub fn stands_ms(&self) -> u64 {
        let after = self.after_ms.map_or(0, |after| after.saturating_add(1));
        self.accepted_ms.max(after)
    }

    /// Whether nobody made it: it stands for what it was made on, and changes nothing.
    #[must_use]
    pub fn is_merge_node(&self) -> bool {
        self.closes.is_none() && self.delta.is_merge_node()
    }

    /// It, if it replaces what the same person made of the same text before.
    pub(crate) fn replacing(&self) -> Option<&Self> {
        (self.delta.rules >= REPLACING_RULES).then_some(self)
    }
}

/// What has to be so right before a save, or nothing of it is taken: the fold decides it, from the
/// log's order, and does not know the save afterwards. Sent again, it is judged anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Condition {
    /// The page shows the text with this [`Digest::of_text`]: what the client has before it. A
    /// text, not a version: what stands on a text of the origin, or hides something, has it too.
    #[serde(rename = "u")]
    Unchanged(Digest),
    /// It meets no concurrent edit: nothing would be told as overlapping, all of it would show.
    #[serde(rename = "o")]
    NoOverlap,
    /// There is no page, neither by an edit nor by the origin.
    #[serde(rename = "a")]
    Absent,
}

/// By which rules saves are merged now: [`Delta::rules`].
pub const RULES: u8 = 3;

/// From these rules on a save replaces what the same person made of the same text before.
pub const REPLACING_RULES: u8 = 3;

/// The content of a save's dots.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(try_from = "DeltaWire")]
pub struct Delta {
    /// The save as the client sent it.
    pub edit: EditId,
    /// The text that the client edited.
    pub base: Base,
    /// What the client changed in it.
    pub patch: Patch,
    /// What the client said about it.
    pub note: Note,
    /// By which rules it is merged: 1 (not written) character by character; from 2 on as its author
    /// meant it ([`redwedding_text::three_way`]); from 3 on in place of what the same person made
    /// of the same text before.
    pub rules: u8,
}

/// A patch as it is written.
#[derive(Serialize, Deserialize)]
struct PatchWire(#[serde(with = "patch_wire")] Patch);

/// A delta as it is written.
struct DeltaWire {
    edit: EditId,
    base: Base,
    patch: PatchWire,
    note: Note,
    rules: Option<u8>,
}

array_with_optional_last!(DeltaWire { edit, base, patch, note; rules });

/// A patch about to be written.
#[derive(Serialize)]
struct PatchToWrite<'a>(#[serde(serialize_with = "patch_wire::serialize")] &'a Patch);

/// As [`DeltaWire`], of which it makes none: a save is encoded several times on its way, to be
/// named, to be checked and to be sent.
impl Serialize for Delta {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { edit, base, patch, note, rules } = self;
        let rules = written(*rules);
        let mut array = to.serialize_tuple(4 + usize::from(rules.is_some()))?;
        array.serialize_element(edit)?;
        array.serialize_element(base)?;
        array.serialize_element(&PatchToWrite(patch))?;
        array.serialize_element(note)?;
        if let Some(rules) = rules {
            array.serialize_element(&rules)?;
        }
        array.end()
    }
}

impl TryFrom<DeltaWire> for Delta {
    type Error = DecodeError;

    fn try_from(wire: DeltaWire) -> Result<Self, DecodeError> {
        let DeltaWire { edit, base, patch: PatchWire(patch), note, rules } = wire;
        Ok(Self { edit, base, patch, note, rules: read(rules)? })
    }
}

/// Rules as they are written: the first ones are not.
fn written(rules: u8) -> Option<u8> {
    Some(rules).filter(|rules| *rules > 1)
}

fn read(rules: Option<u8>) -> Result<u8, DecodeError> {
    match rules {
        // What is not written has one form.
        Some(0 | 1) => Err(DecodeError::invalid("the first rules are not written")),
        rules => Ok(rules.unwrap_or(1)),
    }
}

impl Delta {
    /// Names what it makes of which text: the same for whoever made the same of it.
    pub(crate) fn made(&self) -> u64 {
        let made = codec::to_vec(&(&self.base, PatchToWrite(&self.patch), self.rules));
        let Digest(bytes) = redwedding_wire::identity::digest("made", &[&made]);
        u64::from_le_bytes(std::array::from_fn(|at| bytes[at]))
    }

    /// Whether it is a *merge node*: it changes nothing, and has seen several changes that nobody
    /// who made them had seen together. So one dot stands for all of these in a version.
    fn is_merge_node(&self) -> bool {
        let beyond = match &self.base {
            Base::Version(version) => !version.extra.is_empty(),
            // It has more dots than are named inline.
            Base::Object(_) => true,
        };
        beyond && self.patch.is_empty()
    }

    /// Who made the dots of this change.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::of("delta", &[&self.edit.0, &codec::to_vec(self)])
    }
}

/// What is kept about a revision beside its text.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Note {
    /// The author's name; empty for an anonymous one.
    pub author: String,
    /// The edit summary.
    pub comment: String,
    /// Whether the author called it minor.
    pub minor: bool,
    /// What kind of action it was (see [`Action`]), as its number.
    pub action: u8,
}

/// Kinds of action that a revision can be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Action {
    /// Text was changed.
    Edit = 0,
    /// The page was blanked or deleted.
    Delete = 1,
    /// A deleted page was brought back.
    Restore = 2,
    /// The page was renamed.
    Move = 3,
    /// An earlier text was put back.
    Revert = 4,
    /// One earlier change was taken back.
    Undo = 5,
    /// One section was changed.
    Section = 6,
}

/// A text of the origin with what the origin says about it.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct OriginPage {
    /// The origin's revision id, greater than 0.
    pub revision: u64,
    /// The stored text.
    pub text: String,
    /// When the origin stored it, in milliseconds since 1970.
    pub time_ms: u64,
    /// Author, summary.
    pub note: Note,
}

impl OriginPage {
    /// Names this text.
    #[must_use]
    pub fn name(&self) -> OriginText {
        OriginText { revision: self.revision, text: Digest::of_text(&self.text) }
    }

    /// Who made the dots of its characters.
    #[must_use]
    pub fn actor(&self, document: &DocumentKey) -> Actor {
        let name = self.name();
        Actor::of("base", &[&document.digest().0, &name.revision.to_le_bytes(), &name.text.0])
    }
}

/// An edit that was made at the origin, on the tip's revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(into = "ImportWire", try_from = "ImportWire")]
pub struct Import {
    /// The tip that it extends; `None` where the page did not exist.
    pub from: Option<OriginText>,
    /// The revision with its text.
    pub to: OriginText,
    /// From the tip's text to the revision's.
    pub patch: Patch,
    /// When the origin stored it, in milliseconds since 1970.
    pub time_ms: u64,
    /// Author, summary.
    pub note: Note,
    /// By which rules it is merged, as [`Delta::rules`].
    pub rules: u8,
    /// How the tip's text differs from the text at its version: not at all, unless the origin had
    /// merged by itself. Who edited there had the tip's text before them.
    pub shown: Patch,
}

impl Import {
    /// Who made the dots of this change: the same for everyone who imports it by these rules.
    #[must_use]
    pub fn actor(&self, document: &DocumentKey) -> Actor {
        import_actor(document, self.from, self.to, self.rules)
    }
}

/// An import as it is written.
struct ImportWire {
    from: Option<OriginText>,
    to: OriginText,
    patch: PatchWire,
    time_ms: u64,
    note: Note,
    rules: Option<u8>,
    shown: Option<PatchWire>,
}

array_with_optional_last!(ImportWire { from, to, patch, time_ms, note; rules, shown });

impl From<Import> for ImportWire {
    fn from(import: Import) -> Self {
        let Import { from, to, patch, time_ms, note, rules, shown } = import;
        let shown = (!shown.is_empty()).then_some(PatchWire(shown));
        Self { from, to, patch: PatchWire(patch), time_ms, note, rules: written(rules), shown }
    }
}

impl TryFrom<ImportWire> for Import {
    type Error = DecodeError;

    fn try_from(wire: ImportWire) -> Result<Self, DecodeError> {
        let ImportWire { from, to, patch: PatchWire(patch), time_ms, note, rules, shown } = wire;
        if shown.as_ref().is_some_and(|shown| shown.0.is_empty()) {
            return Err(DecodeError::invalid("a difference from the tip's version that is none"));
        }
        let shown = shown.map_or_else(Patch::empty, |shown| shown.0);
        Ok(Self { from, to, patch, time_ms, note, rules: read(rules)?, shown })
    }
}

fn import_actor(
    document: &DocumentKey,
    from: Option<OriginText>,
    to: OriginText,
    rules: u8,
) -> Actor {
    let from = from.unwrap_or(OriginText { revision: 0, text: Digest::of_text("") });
    Actor::of(
        "import",
        &[
            &document.digest().0,
            &from.revision.to_le_bytes(),
            &from.text.0,
            &to.revision.to_le_bytes(),
            &to.text.0,
            &[rules],
        ],
    )
}

/// "About to write the text at `upto` to the origin, on revision `tip`."
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Intent {
    /// Names the attempt; it leads the summary of the revision.
    pub flush: FlushId,
    /// The entry right after which the text is written.
    pub upto: Place,
    /// The origin's revision that the write extends; 0 for none.
    pub tip: u64,
    /// [`Digest::of_text`] of the text.
    pub text: Digest,
}

/// Committed at the origin: it holds, as `revision`, what intent `flush` announced.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Committed {
    /// Which intent.
    pub flush: FlushId,
    /// The tip that the revision extends; 0 for none.
    pub from: u64,
    /// The revision that the origin made of it.
    pub revision: u64,
    /// [`Digest::of_text`] of the bytes that the origin stored.
    pub stored: Digest,
    /// From the text that was sent to the stored one, where the origin trimmed
    /// or transformed it. In the same entry, so that the tip's version always
    /// has the tip's bytes.
    #[serde(with = "patch_wire::optional")]
    pub difference: Option<Patch>,
    /// When the origin stored it, in milliseconds since 1970.
    pub time_ms: u64,
}

impl Committed {
    /// Who made the dots of the difference.
    #[must_use]
    pub fn actor(&self, document: &DocumentKey, sent: Digest) -> Actor {
        let from = OriginText { revision: self.revision, text: sent };
        let to = OriginText { revision: self.revision, text: self.stored };
        // What the origin makes of a text is nobody's version: it is merged character by character.
        import_actor(document, Some(from), to, 1)
    }
}

/// The pending edits came to no change: the tip's revision is the text at `upto`.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Checkpoint {
    /// The tip's revision.
    pub revision: u64,
    /// The entry right after which the text is the revision's.
    pub upto: Place,
}

/// The intent `flush` left nothing at the origin.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Abandoned {
    /// Which intent.
    pub flush: FlushId,
}

/// A revision with a flush id of ours but other bytes than were sent: the origin merged by itself
/// what was sent with what it had. Nothing is taken from it. Where it is not what the log makes of
/// the two, a flush is due.
#[derive(Clone, PartialEq, Debug)]
pub struct Moved {
    /// The tip that it extends; 0 for none.
    pub from: u64,
    /// The revision that is the tip now.
    pub to: OriginText,
    /// Whose text was merged in; entries of before do not say it.
    pub flush: Option<FlushId>,
}

array_with_optional_last!(Moved { from, to; flush });

/// What the document has up to an entry is in the archive. Counts if everything since had seen
/// that, and the segment is what lies there. Only the relay says so, once the segment is durable.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Floor {
    /// The entry after which the segment begins: where an older one ends, or the start. Those in
    /// between are in it, too, and are replaced.
    pub from: Place,
    /// The last entry of which nothing is kept.
    pub upto: Place,
    /// Names the segment.
    pub segment: Digest,
    /// Length of its content.
    pub bytes: u32,
}

/// What is done to a change by somebody who may. Counts if it is not done already. Only the relay
/// says so, for an operator or for the origin.
#[derive(Clone, PartialEq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Moderation {
    /// The change.
    pub change: Actor,
    /// Who decided it, and why.
    pub note: Note,
    /// When, in milliseconds since 1970.
    pub time_ms: u64,
}

const FORMAT: u8 = 1;

/// An entry on the wire: the body as bytes, so that a kind which is not known
/// is carried unchanged.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct Wire {
    format: u8,
    document: DocumentKey,
    kind: u8,
    #[serde(with = "serde_bytes")]
    payload: Vec<u8>,
    trace: u64,
    #[serde(with = "serde_bytes")]
    extensions: Vec<u8>,
}

impl Entry {
    /// An entry without trace or extensions.
    #[must_use]
    pub fn new(document: DocumentKey, body: Body) -> Self {
        Self { document, trace: 0, body, extensions: Vec::new() }
    }

    /// The change that the entry brings, if it is one by itself.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        match &self.body {
            Body::Edit(edit) => Some(edit.delta.actor()),
            Body::Base(page) => Some(page.actor(&self.document)),
            Body::Import(import) => Some(import.actor(&self.document)),
            _ => None,
        }
    }

    /// A name of the whole entry, for keys of stores.
    #[must_use]
    pub fn digest(&self) -> Digest {
        redwedding_wire::identity::digest("entry", &[&self.encode()])
    }

    /// Whether it keeps the rules that its decoder holds it to, its length aside.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check(&self) -> Result<(), DecodeError> {
        self.document.check().map_err(|error| DecodeError::Invalid(error.to_string()))?;
        match &self.body {
            Body::Edit(edit) => edit.check(),
            Body::Version(version) => check_version(version, limits::OVERLAY_EDITS),
            Body::Base(page) => page.note.check().and(check_text(&page.text, page.revision)),
            Body::Import(import) => import.note.check().and(check_revision(import.to.revision)),
            Body::Committed(committed) => check_revision(committed.revision),
            Body::Checkpoint(checkpoint) => check_revision(checkpoint.revision),
            Body::Moved(moved) => check_revision(moved.to.revision),
            Body::Suppress(moderation) | Body::Release(moderation) | Body::Erase(moderation) => {
                moderation.note.check()
            }
            Body::Intent(_) | Body::Abandoned(_) | Body::Floor(_) | Body::Unknown { .. } => Ok(()),
        }
    }
}

impl Edit {
    fn check(&self) -> Result<(), DecodeError> {
        self.delta.note.check()?;
        self.client.as_ref().map_or(Ok(()), |client| client.check())?;
        if self.delta.edit == EditId::default() {
            return Err(DecodeError::invalid("an edit id of zeros stands for no save"));
        }
        let closed = self.closes.as_ref().map(|closes| closes.0.len());
        if closed.is_some_and(|closed| !(1..=limits::CLOSED).contains(&closed)) {
            return Err(DecodeError::invalid("a save closes none, or too many, alternatives"));
        }
        if self.after_ms.is_some_and(|after| after < self.accepted_ms) {
            return Err(DecodeError::invalid("a save stands after what its clock was past"));
        }
        if self.pop.len() > limits::SITE_BYTES {
            return Err(DecodeError::invalid("the name of the point of presence is too long"));
        }
        if let Base::Version(version) = &self.delta.base {
            check_version(version, limits::INLINE_DOTS)?;
        }
        match &self.served {
            Some(version) => check_version(version, limits::OVERLAY_EDITS),
            None => Ok(()),
        }
    }
}

impl Client {
    fn check(&self) -> Result<(), DecodeError> {
        if self.earlier.len() > limits::EARLIER_SAVES {
            return Err(DecodeError::invalid("too many earlier saves are named"));
        }
        match *self == Self::default() {
            true => Err(DecodeError::invalid("of a client nothing is said")),
            false => Ok(()),
        }
    }
}

impl Note {
    fn check(&self) -> Result<(), DecodeError> {
        if self.author.len() > limits::AUTHOR_BYTES || self.comment.len() > limits::COMMENT_BYTES {
            return Err(DecodeError::invalid("author or comment is too long"));
        }
        Ok(())
    }
}

fn check_version(version: &VersionRef, most: usize) -> Result<(), DecodeError> {
    match version.is_canonical(most) {
        true => Ok(()),
        false => Err(DecodeError::invalid(
            "a version's extra dots, or what it hides, are too many or not sorted",
        )),
    }
}

fn check_revision(revision: u64) -> Result<(), DecodeError> {
    match (1..REVISIONS).contains(&revision) {
        true => Ok(()),
        false => Err(DecodeError::invalid("a revision is neither 0 nor beyond 50 bits")),
    }
}

fn check_text(text: &str, revision: u64) -> Result<(), DecodeError> {
    if text.len() > limits::PAGE_BYTES {
        return Err(DecodeError::invalid("the text is longer than a page may be"));
    }
    check_revision(revision)
}

impl Encode for Entry {
    fn encode(&self) -> Vec<u8> {
        codec::to_vec(&Wire {
            format: FORMAT,
            document: self.document.clone(),
            kind: self.body.kind(),
            payload: self.body.payload(),
            trace: self.trace,
            extensions: self.extensions.clone(),
        })
    }
}

impl Decode for Entry {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(bytes, Source::Any)
    }
}

impl Entry {
    /// As [`Decode::decode`], of bytes of a cache that are known to decode so: they are not
    /// compared with what would be written.
    ///
    /// # Errors
    /// If the bytes are malformed, or break a limit or a rule.
    pub fn decode_own(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(bytes, Source::Own)
    }

    fn read(bytes: &[u8], source: Source) -> Result<Self, DecodeError> {
        codec::bounded(bytes, limits::ENTRY_BYTES)?;
        let wire: Wire = codec::read(bytes, source)?;
        codec::known_format(wire.format, FORMAT)?;
        let entry = Self {
            document: wire.document,
            trace: wire.trace,
            body: Body::from_wire(wire.kind, wire.payload, source)?,
            extensions: wire.extensions,
        };
        entry.check()?;
        Ok(entry)
    }
}

/// What an entry may wait for: it is appended only when this is in the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Missing {
    /// A change.
    #[serde(rename = "a")]
    Actor(Actor),
    /// A version object.
    #[serde(rename = "b")]
    Object(ObjectId),
    /// A text of the origin.
    #[serde(rename = "o")]
    Origin(OriginText),
    /// The log as far as this position.
    #[serde(rename = "p")]
    Position(Position),
    /// What lies below the floor: a segment of the archive.
    #[serde(rename = "s")]
    Segment(Digest),
}
