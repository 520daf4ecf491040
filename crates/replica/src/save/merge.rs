//! Merging a save into a copy of the document. Everything that can be refused is
//! refused here, before anything is persisted.

use std::collections::BTreeSet;
use std::sync::Arc;

use redwedding_document::entry::{
    Body, Client, Closes, Condition, Delta, Edit, Entry, Missing, REPLACING_RULES,
};
use redwedding_document::{Document, Unresolved, Verdict, View};
use redwedding_text::Patch;
use redwedding_wire::identity::{DocumentKey, EditId};
use redwedding_wire::version::{Base, VersionName, VersionRef, text_check};

use crate::cached_document::CachedDocument;
use crate::context::{ClientRequest, Context};
use crate::limits;
use crate::load::{ATTEMPTS, Freshness, LoadError, Loaded, PAUSE_MS};
use crate::outbox::OutboxEntry;
use crate::overlap::{Overlapping, WouldMeet, shown_overlaps};
use crate::ports::{Level, Ports};
use crate::save::base::Named;
use crate::save::condition::{NamedTexts, condition, on_condition};
use crate::save::error::SaveError;
use crate::save::submission::{Save, Submitted};
use crate::view::{BasedView, Wanted};

/// A save that has passed every check and is merged into a copy.
pub(super) struct Merged {
    /// The document that it was merged into, as it is cached.
    pub(super) cached: Arc<CachedDocument>,
    /// The copy.
    pub(super) view: View,
    pub(super) outbox_entry: OutboxEntry,
    /// The text of the origin that the log needs before the save.
    pub(super) base: Option<Entry>,
    pub(super) edit: EditId,
    /// The client's own saves that wait for the log, too, and that this one was not made on.
    pub(super) apart: Vec<EditId>,
    /// The version that the client is answered with.
    pub(super) served: VersionRef,
    pub(super) overlaps: Vec<Overlapping>,
    /// Whether it brings the page into being.
    pub(super) created: bool,
    /// Whether others changed the same, so that what the page shows is for the log to say.
    pub(super) log_decides: bool,
    /// Where it has a condition: the client's own saves, which the log has to have before it.
    pub(super) first: Vec<Entry>,
}

impl Merged {
    /// Whether it has a condition, which only the log can say to be met: nobody may hold it before.
    pub(super) fn is_conditional(&self) -> bool {
        matches!(&self.outbox_entry.entry.body, Body::Edit(edit) if edit.condition.is_some())
    }
}

/// What a save comes to before anything is written.
pub(super) enum Outcome {
    /// It changes nothing: nothing is to be written.
    Done,
    /// It was sent before, and is in the log or waits for it.
    Again(EditId),
    /// It is not to be taken, as far as that is known here.
    Unmet(WouldMeet),
    /// It is to be written.
    Go(Box<Merged>),
}

/// What one attempt to merge a save comes to.
enum Attempted {
    /// The log needs this text of the origin first, or this save: how an edit that was made on
    /// it is carried over is for the log to say.
    Append(Box<Entry>),
    Came(Outcome),
}

/// What was tried so far to merge a save.
struct Attempts {
    /// How fresh the next state has to be.
    freshness: Freshness,
    /// Whether something was appended that has to be there first.
    appended: bool,
    /// How often something was waited for.
    waited: usize,
}

impl Attempts {
    /// Whether the same may succeed with a fresher state.
    fn asks_relay(&mut self, error: &SaveError) -> bool {
        let fresher = matches!(
            error,
            SaveError::UnknownVersion
                | SaveError::Exists { .. }
                | SaveError::Load(LoadError::Behind)
        );
        fresher && std::mem::replace(&mut self.freshness, Freshness::Now) != Freshness::Now
    }
}

impl<P: Ports> ClientRequest<'_, P> {
    /// Merges a save: with what is cached; where that does not do, with what the relay has;
    /// and where the log holds nothing, after it has the origin's text.
    pub(super) fn merge(&mut self, key: &DocumentKey, save: &Save) -> Result<Outcome, SaveError> {
        match self.attempt(key, save) {
            Err(error) if save.is_unmet_by(&error) => Ok(Outcome::Unmet(WouldMeet::default())),
            outcome => outcome,
        }
    }

    fn attempt(&mut self, key: &DocumentKey, save: &Save) -> Result<Outcome, SaveError> {
        let named = self.named_texts(key, save)?;
        let edit = save.edit_id(&self.context.replica.config.edit_key, key);
        let mut attempts = Attempts { freshness: Freshness::Any, appended: false, waited: 0 };
        loop {
            let loaded = self.context.load(key, self.session, attempts.freshness)?;
            // What is taken back of the archive is for this save alone.
            let reaching = Loaded { cached: self.reaching_base(&loaded, save)?, ..loaded };
            if self.is_retry(&loaded, &reaching, save, edit) {
                // The read that answers must hold it, and what the client has seen:
                // more than the version recorded at another save of its own.
                let document = loaded.cached.confirmed();
                self.session.see_document(key, document.cursor(), document.place());
                self.session.confirmed(key);
                return Ok(Outcome::Again(edit));
            }
            match self.merge_into(&reaching, save, (edit, &named)) {
                Ok(Attempted::Came(Outcome::Go(merged))) => {
                    let merged = Merged { cached: loaded.cached, ..*merged };
                    return Ok(Outcome::Go(Box::new(merged)));
                }
                Ok(Attempted::Came(outcome)) => return Ok(outcome),
                Ok(Attempted::Append(base)) => self.append_once(&mut attempts, &loaded, *base)?,
                Err(error) => self.wait_or_fail(&mut attempts, &loaded, save, error)?,
            }
        }
    }

    /// A state that keeps what the version needs that the client edited.
    fn reaching_base(
        &mut self,
        loaded: &Loaded,
        save: &Save,
    ) -> Result<Arc<CachedDocument>, SaveError> {
        let Some(number) = save.base else { return Ok(loaded.cached.clone()) };
        self.context.reaching(&loaded.cached, number)?.ok_or(SaveError::UnknownVersion)
    }

    /// Whether the save is in the document already: in what is kept and was taken back, or,
    /// where it made the page, at the beginning of the archive.
    fn is_retry(&mut self, loaded: &Loaded, reaching: &Loaded, save: &Save, edit: EditId) -> bool {
        if reaching.cached.confirmed().change_of(edit).is_some() {
            return true;
        }
        let document = loaded.cached.confirmed();
        let oldest = document.archive().first().filter(|_| save.base.is_none()).copied();
        let oldest = oldest.and_then(|part| self.context.archive().segment(document.key(), part));
        oldest.is_some_and(|oldest| oldest.knows(edit).is_some())
    }

    /// Appends what has to be there first to the log, at most once.
    fn append_once(
        &mut self,
        attempts: &mut Attempts,
        loaded: &Loaded,
        base: Entry,
    ) -> Result<(), SaveError> {
        if attempts.appended || self.context.relay_client().is_away() {
            return Err(LoadError::Behind.into());
        }
        attempts.appended = true;
        // What became of it, the next load tells.
        let _ = self.context.append_to_log(loaded.cached.confirmed().clone(), base.body);
        Ok(())
    }

    /// After an attempt failed: whether another one is worth it, after a pause or
    /// with a fresher state.
    fn wait_or_fail(
        &mut self,
        attempts: &mut Attempts,
        loaded: &Loaded,
        save: &Save,
        error: SaveError,
    ) -> Result<(), SaveError> {
        if attempts.asks_relay(&error) {
            return Ok(());
        }
        let may_arrive = attempts.waited < ATTEMPTS
            && match &error {
                // What went from the outbox into the log between two looks was seen
                // in neither; and a store may show late what it has.
                SaveError::Load(LoadError::Behind) => true,
                // A node of the relay may not have heard of what another has answered.
                SaveError::UnknownVersion => self.context.names_ahead(&loaded.cached, save),
                _ => false,
            };
        if !may_arrive {
            return Err(error);
        }
        attempts.waited += 1;
        match self.context.pause(PAUSE_MS) {
            true => Ok(()),
            false => Err(error),
        }
    }

    /// Merges a save into a copy of this state, or says what is in the way.
    fn merge_into(
        &mut self,
        loaded: &Loaded,
        save: &Save,
        (edit, named_texts): (EditId, &NamedTexts),
    ) -> Result<Attempted, SaveError> {
        let Loaded { cached, authoritative } = loaded;
        let own = self.unconfirmed_saves(loaded)?;
        if own.iter().any(|save| save.edit() == Some(edit)) {
            // Sent again. It waits for the log, and the client's later saves may stand on it.
            return Ok(Attempted::Came(Outcome::Again(edit)));
        }
        let right = self.context.found_full(cached.key(), edit)?;
        let created = cached.id() == 0 && own.is_empty();
        if save.is_unmet_beside_log(cached, created) {
            return match authoritative {
                true => Ok(Attempted::Came(Outcome::Unmet(WouldMeet::default()))),
                false => Err(LoadError::Behind.into()),
            };
        }
        let named = self.context.base_of(cached, *authoritative, save);
        let named = named.map_err(|error| match save.is_unmet_by(&error) && !authoritative {
            true if !cached.is_logged() => LoadError::Behind.into(),
            _ => error,
        })?;
        if let Some(base) = self.context.unknown_root(cached, &named) {
            return Ok(Attempted::Append(Box::new(base)));
        }
        let seen = self.seen_unconfirmed(loaded)?;
        let based = self.view_for(cached, &own, &named, &seen);
        let Some(BasedView { view, base, waiting }) = based else {
            return match cached.base_entry() {
                // With it in the log, more than one text can be stood on.
                Some(base) => Ok(Attempted::Append(Box::new(base))),
                None => Err(unresolved(loaded, &named.version)),
            };
        };
        if let Some(entry) = self.context.doubled(cached, &view) {
            return Ok(Attempted::Append(Box::new(entry)));
        }
        if let (None, Some(_), Some(seen)) =
            (save.base, &base, self.session.unsettled(cached.key()).last())
        {
            // The client has seen it, if nobody here has.
            return Err(SaveError::Exists { latest: seen.number().get() });
        }
        if waiting.is_full() && view.change_of(edit).is_none() {
            return Err(self.context.refuse_full(cached.key(), waiting, right));
        }
        let (patch, base_text) = patch((cached, &view), &named.version, save)?;
        let closes = closes(save, cached.confirmed());
        let changes = !patch.is_empty() || created || closes.is_some();
        let on = base_named(cached.key(), &named.version);
        let client = self.client_of(save, &view, &named.version);
        let (note, rules) = (save.note.clone(), self.context.replica.config.rules);
        let delta = Delta { edit, base: on, patch, note, rules };
        let entry = self.context.entry(&view, save.trace, delta, (client, closes));
        let document: &Document = cached.confirmed();
        let known = (document, &view);
        let condition = match condition(save, (&entry, &base_text), named_texts, known) {
            Ok(condition) => condition,
            Err(would_meet) => return Ok(Attempted::Came(Outcome::Unmet(would_meet))),
        };
        if !changes {
            return Ok(Attempted::Came(Outcome::Done));
        }
        let judged = (edit, entry, condition);
        let merged = self.merged(cached, (view, base), named.version, judged, (own, created))?;
        Ok(Attempted::Came(Outcome::Go(Box::new(merged))))
    }

    /// The entry of a save that is to be taken on a condition, merged into the view, which holds
    /// the client's own saves.
    fn merged(
        &mut self,
        cached: &Arc<CachedDocument>,
        (mut view, base): (View, Option<Entry>),
        named: VersionRef,
        (edit, entry, condition): (EditId, Entry, Option<Condition>),
        (own, created): (Vec<OutboxEntry>, bool),
    ) -> Result<Merged, SaveError> {
        // Nobody may refuse it once it is acknowledged.
        entry.check().map_err(|error| SaveError::Invalid(error.to_string()))?;
        let log_decides = self.context.add_save(&mut view, named, &entry)?;
        let served = view.version();
        let overlaps = entry.actor().map(|actor| shown_overlaps(&view, actor)).unwrap_or_default();
        let first = own.iter().filter(|_| condition.is_some()).map(|save| save.entry.clone());
        let first = first.collect();
        let (before, apart) = made_on(&view, edit, own);
        let latest = self.session.own(cached.key());
        let apart = apart.into_iter().filter(|edit| latest.contains(edit)).collect();
        let outbox_entry = outbox_entry(on_condition(entry, condition), &served, before);
        Ok(Merged {
            cached: cached.clone(),
            view,
            outbox_entry,
            base,
            edit,
            apart,
            served,
            overlaps,
            created,
            log_decides,
            first,
        })
    }

    /// Who it is that saves without a name, and what they had made of the same text before.
    fn client_of(&self, save: &Save, view: &View, named: &VersionRef) -> Option<Box<Client>> {
        let config = &self.context.replica.config;
        if config.rules < REPLACING_RULES {
            return None;
        }
        let number = match save.note.author.is_empty() {
            true => self.session.author_number(&config.edit_key),
            false => 0,
        };
        let mut client = Client { number, earlier: Vec::new() };
        client.earlier = view.earlier_saves(named, (&save.note, &client));
        (client != Client::default()).then(|| Box::new(client))
    }

    /// The client's own saves that are not confirmed. One that is not visible
    /// here must not be passed over: the client has seen it.
    fn unconfirmed_saves(&mut self, loaded: &Loaded) -> Result<Vec<OutboxEntry>, SaveError> {
        let Loaded { cached, authoritative } = loaded;
        let mut own = self.session.own(cached.key());
        own.retain(|edit| !self.context.has_save(cached.confirmed(), *authoritative, *edit));
        // Not visible: pull, then it is confirmed or the client has to wait.
        let saves = self.context.saves_of(cached, &own);
        let saves = saves.ok_or(SaveError::Load(LoadError::Behind))?;
        Context::<P>::note_superseded(self.session, cached.key(), &saves);
        Ok(saves)
    }

    /// The version objects that the client was served last, where the document does not
    /// hold all that they held.
    fn seen_unconfirmed(&mut self, loaded: &Loaded) -> Result<Vec<VersionRef>, SaveError> {
        let document = loaded.cached.confirmed();
        let mut unconfirmed = Vec::new();
        for seen in self.session.unsettled(document.key()) {
            let VersionName::Object(id) = seen else { continue };
            let seen = self.context.version_store().object_of(document, id);
            let seen = seen.ok_or(LoadError::Behind)?;
            if !self.context.holds(document, loaded.authoritative, &seen) {
                unconfirmed.push(seen);
            }
        }
        Ok(unconfirmed)
    }

    /// A view in which the named version resolves, and that holds what the client has
    /// seen: so will what is answered.
    fn view_for(
        &mut self,
        cached: &CachedDocument,
        own: &[OutboxEntry],
        named: &Named,
        seen: &[VersionRef],
    ) -> Option<BasedView> {
        let versions: Vec<_> = seen.iter().chain([&named.version]).collect();
        let revision = self.session.revision(cached.key());
        let good = |view: &View| {
            view.resolve_version(&named.version).is_ok()
                && seen.iter().all(|seen| view.holds(seen))
                && view.origin().revision() >= revision
        };
        let detached = named.detached.as_ref();
        let wanted = Wanted { own, versions: &versions, detached };
        self.context.view_where(cached, &wanted, good)
    }
}

/// Of the alternatives that a save is to close those that are open.
fn closes(save: &Save, document: &Document) -> Option<Box<Closes>> {
    if save.closes.is_empty() {
        return None;
    }
    let open = document.alternatives().into_iter().filter_map(|it| it.name);
    let closes: Vec<_> = open.filter(|name| save.closes.contains(name)).collect();
    (!closes.is_empty()).then(|| Box::new(Closes(closes)))
}

impl<P: Ports> Context<'_, P> {
    /// A save of this point of presence that a view may hold twice: it made the page, which the log
    /// has from the origin, and the log alone can tell whether that came of it. None while nobody
    /// can be asked.
    fn doubled(&mut self, cached: &CachedDocument, view: &View) -> Option<Entry> {
        let made = view.doubled().filter(|_| !self.relay_client().is_away())?;
        let taken = self.outbox().taken_here(cached.key(), &BTreeSet::from([made]));
        taken.into_iter().next().map(|save| save.entry)
    }

    /// The entry of a save that is to be added to a view. It stands behind what that shows, though
    /// a clock were set back.
    fn entry(
        &mut self,
        view: &View,
        trace: u64,
        delta: Delta,
        (client, closes): (Option<Box<Client>>, Option<Box<Closes>>),
    ) -> Entry {
        let accepted_ms = self.ports.now_ms();
        let pop = self.replica.config.pop.clone();
        let after_ms = view.newest_ms().filter(|newest| accepted_ms <= *newest);
        let edit = Edit { client, closes, after_ms, ..Edit::new(delta, accepted_ms, pop) };
        Entry { trace, ..Entry::new(view.key().clone(), Body::Edit(edit)) }
    }

    /// Adds a save's entry to the view, if it merges and the text stays short enough. Gives whether
    /// others changed the same, so that what the page shows is for the log to say; with the relay
    /// away that is not looked for.
    fn add_save(
        &mut self,
        view: &mut View,
        named: VersionRef,
        entry: &Entry,
    ) -> Result<bool, SaveError> {
        if named.extra.len() > limits::INLINE_DOTS {
            // The entry names it as an object, which the log need not hold yet.
            let object = Entry::new(entry.document.clone(), Body::Version(named));
            view.add(&object).map_err(|_| SaveError::UnknownVersion)?;
        }
        // Nobody waits for a log that cannot be asked, and to find out takes the longer the more
        // there is.
        let added = match self.relay_client().is_away() {
            true => view.add(entry).map(|verdict| (verdict, false)),
            false => view.add_save(entry),
        };
        let (verdict, log_decides) = added.map_err(|_| SaveError::UnknownVersion)?;
        if let Verdict::Quarantined(fault) = verdict {
            let event = format!("a save of {} does not merge: {fault}", entry.document);
            self.ports.log(Level::Alarm, &event);
            return Err(SaveError::UnknownVersion);
        }
        match view.text().len() {
            bytes if bytes > limits::PAGE_BYTES => Err(SaveError::TooLong { bytes }),
            _ => Ok(log_decides),
        }
    }
}

/// The base of a save. Its form depends on what the client named alone, so that a retry elsewhere
/// makes the same dots.
fn base_named(key: &DocumentKey, named: &VersionRef) -> Base {
    match named.extra.len() <= limits::INLINE_DOTS {
        true => Base::Version(named.clone()),
        false => Base::Object(named.object_id(key)),
    }
}

/// What a save changes of the version that it names, and that version's text.
fn patch(
    (cached, view): (&CachedDocument, &View),
    named: &VersionRef,
    save: &Save,
) -> Result<(Patch, String), SaveError> {
    let on = view.resolve_version(named).map_err(|_| SaveError::UnknownVersion)?;
    // What the log came to last is at hand: a view in which much waits would take all that back.
    let base_text = match view.is_of_confirmed(&on) {
        true => cached.confirmed().text().to_owned(),
        false => view.text_of(&on).ok_or(SaveError::UnknownVersion)?,
    };
    let is_entry = matches!(save.base.and_then(VersionName::of), Some(VersionName::Entry { .. }));
    if is_entry && save.base_check.is_some_and(|check| check != text_check(&base_text)) {
        return Err(SaveError::UnknownVersion);
    }
    let submitted = save.submitted.whole(&base_text).ok_or_else(|| no_part(save))?;
    if submitted.len() > limits::PAGE_BYTES {
        return Err(SaveError::TooLong { bytes: submitted.len() });
    }
    let patch = view.edit(&on, &base_text, &submitted)?;
    Ok((patch, base_text))
}

/// Whether a version that does not resolve may still arrive.
fn unresolved(loaded: &Loaded, named: &VersionRef) -> SaveError {
    match loaded.cached.view().resolve_version(named) {
        Err(Unresolved::Missing(Missing::Position(_))) if loaded.authoritative => {
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

/// The client's own saves that a save was made on, without those that one of them was made on,
/// and those that it was not made on.
fn made_on(view: &View, edit: EditId, own: Vec<OutboxEntry>) -> (Vec<EditId>, Vec<EditId>) {
    let (mut before, apart): (Vec<_>, Vec<_>) = own
        .into_iter()
        .partition(|save| save.edit().is_some_and(|earlier| view.had_seen(edit, earlier)));
    let earlier: BTreeSet<EditId> = before.iter().flat_map(|save| &save.own).copied().collect();
    before.retain(|save| save.edit().is_none_or(|edit| !earlier.contains(&edit)));
    let edits = |saves: Vec<OutboxEntry>| saves.iter().filter_map(OutboxEntry::edit).collect();
    (edits(before), edits(apart))
}

/// The save as it waits in the outbox, with the version that it is answered with and
/// the client's own saves that it was made on. One with a condition does not wait there: it is
/// answered with what the log has.
fn outbox_entry(entry: Entry, served: &VersionRef, before: Vec<EditId>) -> OutboxEntry {
    let mut entry = entry;
    if let Body::Edit(edit) = &mut entry.body {
        edit.served = edit.condition.is_none().then(|| served.clone());
    }
    let mut own = before;
    let excess = own.len().saturating_sub(limits::OWN_UNCONFIRMED);
    own.drain(..excess);
    OutboxEntry { entry, own }
}
