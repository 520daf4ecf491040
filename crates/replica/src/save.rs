//! A save: check all of it, merge, persist, answer; push after the answer.
//!
//! Success is answered only after the save is in the store or in the relay's
//! log. Until then nothing else descends from it: it is applied to a copy.

mod base;
mod durable;

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::sync::Arc;

use redwedding_document::entry::{Body, Delta, Edit, Entry, Missing, Note};
use redwedding_document::{Erased, Unresolved, Verdict, View};
use redwedding_text::Patch;
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::{Base, VersionName, VersionRef};

use crate::client_session::ClientSession;
use crate::limits;
use crate::load::{Freshness, LoadError};
use crate::outbox::OutboxEntry;
use crate::page_snapshot::PageSnapshot;
use crate::ports::{Level, Ports};
use crate::read::{ATTEMPTS, BasedView, PAUSE_MS};
use crate::replica::{CachedDocument, Replica};

pub use durable::PersistedSave;
use durable::Push;

/// A save as a client asks for it.
#[derive(Clone, Debug)]
pub struct Save {
    /// The number of the version that the client edited; `None` to create.
    pub base: Option<u64>,
    /// What the client submits.
    pub submitted: Submitted,
    /// Author, comment and so on.
    pub note: Note,
    /// The inputs of its edit id, which make this save itself and no other: user, base as
    /// sent, section, text, comment, start time, edit token or address.
    pub idempotency_inputs: Vec<Vec<u8>>,
    /// Connects log lines and entry with the request.
    pub trace: u64,
}

/// What a client submits.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// The whole text.
    Whole(String),
    /// One part of the text that it edited.
    Part {
        /// The part's new text.
        text: String,
        /// Which part.
        number: u32,
        /// Puts a part's new text into the whole; `None` where there is no such part.
        replace: fn(&str, u32, &str) -> Option<String>,
    },
}

impl Submitted {
    fn len(&self) -> usize {
        match self {
            Self::Whole(text) | Self::Part { text, .. } => text.len(),
        }
    }

    fn whole(&self, base: &str) -> Option<Cow<'_, str>> {
        match self {
            Self::Whole(text) => Some(Cow::Borrowed(text)),
            Self::Part { text, number, replace } => replace(base, *number, text).map(Cow::Owned),
        }
    }
}

/// Why a save was not taken. Nothing of it is kept, except where it says so.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SaveError {
    /// The page exists and the client names no version: it would overwrite.
    #[error("the page exists; name the version that you edited")]
    Exists {
        /// The version that it has now.
        latest: u64,
    },
    /// The version that the client names cannot be resolved.
    #[error("the version that you edited is not known any more; load the page again")]
    UnknownVersion,
    /// It changes text that was erased since that version was served.
    #[error(transparent)]
    Erased(#[from] Erased),
    /// The text, or the text that it merges into, is too long.
    #[error("the page would have {bytes} bytes; at most {most} are allowed", most = limits::PAGE_BYTES)]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// The text that the client edited has no such part.
    #[error("the version that you edited has no section {0}")]
    NoPart(u32),
    /// Too many acknowledged saves of the page wait for the log. Retry later.
    #[error("too many edits of this page are on their way; try again shortly")]
    Overloaded,
    /// The state needed is not to be had in time. Retry.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Neither store nor relay has taken it. Not acknowledged: it may still
    /// appear, whole and once, and a retry of it is the same save.
    #[error("the save could not be made durable; send it again")]
    NotAcknowledged,
}

/// A save that was taken.
pub struct Saved<P: Ports> {
    /// The text that came of it, with the number that names it.
    pub snapshot: Arc<PageSnapshot>,
    /// Where it met concurrent edits.
    pub overlaps: Vec<Overlapping>,
    /// Whether it brought the page into being.
    pub created: bool,
    /// What is left to do after the answer.
    pub after: Option<PersistedSave<P>>,
}

/// A span that a concurrent edit touched too.
#[derive(Clone, PartialEq, Debug)]
pub struct Overlapping {
    /// Where it begins in the text, in bytes.
    pub start: u32,
    /// How long it is, in bytes.
    pub length: u32,
    /// Author and comment of the other edit.
    pub note: Note,
    /// When the other edit was made, in ms since 1970.
    pub time_ms: u64,
    /// The number of the version right after the other edit, where it has one.
    pub id: Option<u64>,
}

/// A save that has passed every check and is merged into a copy.
struct Merged {
    held: Arc<CachedDocument>,
    view: View,
    outbox_entry: OutboxEntry,
    /// The text of the origin that the log needs before the save.
    base: Option<Entry>,
    edit: EditId,
    served: VersionRef,
    overlaps: Vec<Overlapping>,
    created: bool,
}

/// What a save comes to before anything is written.
enum Step {
    /// It is in already, or changes nothing: nothing is to be written.
    Done,
    /// The log needs this text of the origin first: how an edit that was made on
    /// it is carried over is for the log to say.
    Append(Box<Entry>),
    Go(Box<Merged>),
}

impl Replica {
    /// Takes a save. The session takes in what was written and served.
    pub fn save<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        save: &Save,
        session: &mut ClientSession,
    ) -> Result<Saved<P>, SaveError> {
        if save.submitted.len() > limits::PAGE_BYTES {
            return Err(SaveError::TooLong { bytes: save.submitted.len() });
        }
        self.fetched = 0;
        let Some(merged) = self.merge(ports, key, save, session)? else {
            let snapshot = self.read(ports, key, session)?;
            return Ok(Saved { snapshot, overlaps: Vec::new(), created: false, after: None });
        };
        let push = self.persist(ports, &merged)?;
        self.saved();
        Ok(self.answer(ports, merged, push, session))
    }

    /// `None`: nothing is to be written.
    fn merge<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        save: &Save,
        session: &mut ClientSession,
    ) -> Result<Option<Merged>, SaveError> {
        let inputs: Vec<&[u8]> = save.idempotency_inputs.iter().map(Vec::as_slice).collect();
        let edit = EditId::of(&self.config.edit_key, key, &inputs);
        let mut freshness = Freshness::Any;
        let (mut appended, mut waited) = (false, 0);
        // With what is held; where that does not do, with what the relay has; and
        // where the log holds nothing, after it has the origin's text.
        loop {
            let answers = self.complete_answers;
            let held = self.load(ports, key, session, freshness)?;
            // Only who has just heard the log can say that it lacks something.
            let authoritative = self.complete_answers > answers;
            let reaching = match save.base {
                Some(number) => {
                    let restored = self.reaching(ports, &held, number)?;
                    restored.ok_or(SaveError::UnknownVersion)?
                }
                None => held.clone(),
            };
            if reaching.document.change_of(edit).is_some() || self.created(ports, &held, save, edit)
            {
                // The read that answers must hold it, and what the client has seen:
                // more than the version recorded at another save of its own.
                session.see(key.shard(limits::SHARDS), held.document.cursor());
                session.confirmed(key);
                return Ok(None);
            }
            match self.merge_into(ports, &reaching, authoritative, save, edit, session) {
                Err(
                    SaveError::UnknownVersion
                    | SaveError::Exists { .. }
                    | SaveError::Load(LoadError::Behind),
                ) if freshness != Freshness::Now => {
                    freshness = Freshness::Now;
                }
                // What went from the outbox into the log between two looks was seen
                // in neither; and a store may show late what it has.
                Err(SaveError::Load(LoadError::Behind)) if waited < ATTEMPTS => {
                    waited += 1;
                    ports.pause(PAUSE_MS);
                }
                // A node of the relay may not have heard of what another has told.
                Err(SaveError::UnknownVersion)
                    if waited < ATTEMPTS && self.names_ahead(ports, &held, save) =>
                {
                    waited += 1;
                    ports.pause(PAUSE_MS);
                }
                Err(error) => return Err(error),
                Ok(Step::Done) => return Ok(None),
                // What was taken back was for this save alone.
                Ok(Step::Go(merged)) => return Ok(Some(Merged { held, ..*merged })),
                Ok(Step::Append(base)) => {
                    if appended || self.relay_in_backoff(ports) {
                        return Err(LoadError::Behind.into());
                    }
                    appended = true;
                    self.append(ports, held.document.clone(), base.body);
                }
            }
        }
    }

    fn merge_into<P: Ports>(
        &mut self,
        ports: &mut P,
        held: &Arc<CachedDocument>,
        authoritative: bool,
        save: &Save,
        edit: EditId,
        session: &ClientSession,
    ) -> Result<Step, SaveError> {
        let key = held.document.key();
        let unconfirmed = self.unconfirmed_saves_of(ports, held, authoritative, session)?;
        let (named, detached) = self.base_of(ports, held, authoritative, save)?;
        if let Some(base) = self.unknown_root(ports, held, &named, detached.as_ref()) {
            return Ok(Step::Append(Box::new(base)));
        }
        let seen = match session.unsettled(key) {
            Some(VersionName::Object(id)) => {
                Some(self.known_object(ports, held, id).ok_or(LoadError::Behind)?)
            }
            _ => None,
        };
        let seen = seen.filter(|seen| !self.holds(ports, &held.document, authoritative, seen));
        let asked: Vec<_> = seen.iter().chain([&named]).collect();
        let good = |view: &View| {
            // What is answered holds what the client has seen.
            view.resolve_version(&named).is_ok()
                && seen.as_ref().is_none_or(|seen| view.holds(seen))
                && view.origin().revision() >= session.revision(key)
        };
        let based = self.view_where(ports, held, &unconfirmed, detached.as_ref(), &asked, good);
        let Some(BasedView { mut view, base }) = based else {
            return match held.base_entry() {
                // With it in the log, more than one text can be stood on.
                Some(base) => Ok(Step::Append(Box::new(base))),
                None => Err(unresolved(held, authoritative, &named)),
            };
        };
        if let (None, Some(_), Some(seen)) = (save.base, &base, session.unsettled(key)) {
            // The client has seen it, if nobody here has.
            return Err(SaveError::Exists { latest: seen.number().get() });
        }
        if view.overlay().len() > limits::OVERLAY_EDITS {
            return Err(SaveError::Overloaded);
        }
        let created = held.id() == 0 && unconfirmed.is_empty();
        let on = view.resolve_version(&named).map_err(|_| SaveError::UnknownVersion)?;
        let base_text = view.text_of(&on).ok_or(SaveError::UnknownVersion)?;
        let submitted = save.submitted.whole(&base_text).ok_or_else(|| no_part(save))?;
        if submitted.len() > limits::PAGE_BYTES {
            return Err(SaveError::TooLong { bytes: submitted.len() });
        }
        let patch = view.edit(&on, &base_text, &submitted)?;
        if patch.is_empty() && !created {
            return Ok(Step::Done);
        }
        if named.extra.len() > limits::INLINE_DOTS {
            // The entry names it as an object, which the log need not hold yet.
            let object = Entry::new(key.clone(), Body::Version(named.clone()));
            view.add(&object).map_err(|_| SaveError::UnknownVersion)?;
        }
        let entry = self.entry(ports, key, save, edit, named, patch);
        let verdict = view.add(&entry).map_err(|_| SaveError::UnknownVersion)?;
        if let Verdict::Quarantined(fault) = verdict {
            ports.log(Level::Alarm, &format!("a save of {key} does not merge: {fault}"));
            return Err(SaveError::UnknownVersion);
        }
        if view.text().len() > limits::PAGE_BYTES {
            return Err(SaveError::TooLong { bytes: view.text().len() });
        }
        let served = view.version();
        let overlaps = entry.actor().map(|actor| overlapping(&view, actor)).unwrap_or_default();
        let outbox_entry = outbox_entry(entry, &served, &unconfirmed);
        let held = held.clone();
        let merged = Merged { held, view, outbox_entry, base, edit, served, overlaps, created };
        Ok(Step::Go(Box::new(merged)))
    }

    fn entry<P: Ports>(
        &mut self,
        ports: &mut P,
        key: &DocumentKey,
        save: &Save,
        edit: EditId,
        named: VersionRef,
        patch: Patch,
    ) -> Entry {
        // The base's form depends on what the client named alone, so that a
        // retry elsewhere makes the same dots.
        let base = match named.extra.len() <= limits::INLINE_DOTS {
            true => Base::Version(named),
            false => Base::Object(named.object_id(key)),
        };
        let edit = Edit {
            delta: Delta { edit, base, patch, note: save.note.clone() },
            accepted_ms: ports.now_ms(),
            pop: self.config.pop.clone(),
            served: None,
        };
        Entry { trace: save.trace, ..Entry::new(key.clone(), Body::Edit(edit)) }
    }

    fn answer<P: Ports>(
        &mut self,
        ports: &mut P,
        merged: Merged,
        push: Push<P>,
        session: &mut ClientSession,
    ) -> Saved<P> {
        let key = merged.held.document.key().clone();
        let id = merged.served.object_id(&key);
        let number = VersionName::Object(id).number().get();
        let now_ms = ports.now_ms();
        let mut snapshot = PageSnapshot::of_view(&merged.view, number, now_ms);
        snapshot.time_ms = now_ms;
        session.see(key.shard(limits::SHARDS), merged.held.document.cursor());
        session.wrote(&key, merged.edit);
        session.served(&key, VersionName::Object(id));
        let after = PersistedSave {
            key,
            edit: merged.edit,
            held: merged.held,
            outbox_entry: merged.outbox_entry,
            push,
        };
        let (snapshot, overlaps, created) = (Arc::new(snapshot), merged.overlaps, merged.created);
        Saved { snapshot, overlaps, created, after: Some(after) }
    }
}

/// Whether a version that does not resolve may still arrive.
fn unresolved(held: &CachedDocument, authoritative: bool, named: &VersionRef) -> SaveError {
    match held.view().resolve_version(named) {
        Err(Unresolved::Missing(Missing::Position(_))) if authoritative => {
            SaveError::UnknownVersion
        }
        Err(Unresolved::Stale) => SaveError::UnknownVersion,
        _ => LoadError::Behind.into(),
    }
}

fn no_part(save: &Save) -> SaveError {
    match save.submitted {
        Submitted::Part { number, .. } => SaveError::NoPart(number),
        Submitted::Whole(_) => SaveError::UnknownVersion,
    }
}

fn outbox_entry(entry: Entry, served: &VersionRef, unconfirmed: &[OutboxEntry]) -> OutboxEntry {
    let mut entry = entry;
    if let Body::Edit(edit) = &mut entry.body {
        edit.served = Some(served.clone());
    }
    let own = unconfirmed.iter().filter_map(|outbox_entry| match &outbox_entry.entry.body {
        Body::Edit(edit) => Some(edit.delta.edit),
        _ => None,
    });
    let mut own: Vec<_> = own.collect();
    let excess = own.len().saturating_sub(limits::OWN_UNCONFIRMED);
    own.drain(..excess);
    OutboxEntry { entry, own }
}

/// Where the change with these dots met concurrent ones.
pub(crate) fn overlapping(view: &View, actor: Actor) -> Vec<Overlapping> {
    let changes = view.changes();
    let Some(change) = view.change_by(actor) else { return Vec::new() };
    let spans = change.overlaps.iter().filter_map(|(start, length, with)| {
        let other = changes.get(*with as usize)?;
        Some(Overlapping {
            start: *start,
            length: *length,
            note: other.note.clone(),
            time_ms: other.time_ms,
            id: view.version_id(*with as usize).map(NonZeroU64::get),
        })
    });
    spans.collect()
}
