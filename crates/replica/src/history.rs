//! A document's history as pages show it: who changed it when, and what it was then.
//!
//! It holds what its client has saved, and what its point of presence has answered to
//! saves as soon as the log has it.

use std::ops::Deref;
use std::sync::Arc;

use redwedding_document::entry::{Body, Missing};
use redwedding_document::{Alternative, Change, Document, Segment, Unresolved, View};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Place, VersionName, VersionRef};

use crate::cached_document::CachedDocument;
use crate::context::{ClientRequest, Context};
use crate::lacking::Lacking;
use crate::limits;
use crate::load::{ATTEMPTS, Freshness, LoadError, PAUSE_MS};
use crate::outbox::OutboxEntry;
use crate::ports::Ports;

/// A confirmed document, with as much of what it does not keep as was asked for.
#[derive(Debug)]
pub struct PageHistory {
    document: Document,
    parts: Vec<Segment>,
    waiting: Option<Waiting>,
}

/// Saves that the log does not hold yet.
#[derive(Debug)]
struct Waiting {
    view: View,
    /// The client's own, each with the version that it was answered with; oldest first.
    saves: Vec<(Arc<Change>, VersionRef)>,
}

impl Deref for PageHistory {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl PageHistory {
    /// How many changes it has, the client's own that wait for the log included.
    pub fn len(&self) -> usize {
        self.document.changes().len() + self.waiting().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn waiting(&self) -> &[(Arc<Change>, VersionRef)] {
        self.waiting.as_ref().map_or(&[], |waiting| &waiting.saves)
    }

    /// The text that is shown while saves wait that the log does not hold, where some do.
    pub fn shown(&self) -> Option<&str> {
        self.waiting.as_ref().map(|waiting| waiting.view.shown())
    }

    /// Versions of its passages that it does not show, of saves that the log does not hold: which
    /// one stays is not decided. The client's own and what it has seen, and with the relay away
    /// those of all that waits here.
    pub fn undecided(&self) -> Vec<Alternative<'_>> {
        let waiting = self.waiting.iter();
        let all = waiting.flat_map(|waiting| waiting.view.alternatives());
        all.filter(|it| it.change.place == Place::START).collect()
    }

    /// Change `index`; `None` if it is not at hand.
    pub fn change(&self, index: usize) -> Option<&Change> {
        if let Some(at) = index.checked_sub(self.document.changes().len()) {
            return self.waiting().get(at).map(|(change, _)| change.as_ref());
        }
        let kept = self.document.changes().get(index);
        let archived = || {
            self.parts.iter().find_map(|part| match index.checked_sub(part.first()) {
                Some(at) => part.changes().get(at),
                None => part.before().filter(|_| index + 1 == part.first()),
            })
        };
        kept.or_else(archived).map(AsRef::as_ref)
    }

    /// The first change of the entry that made change `index`: what its author did. Others of it
    /// keep it apart from what people had done meanwhile.
    pub fn first_of_entry(&self, index: usize) -> usize {
        let place = |index: usize| self.change(index).map(|change| change.place);
        let Some(of) = place(index).filter(|place| *place != Place::START) else { return index };
        let same = (0..index).rev().take_while(|before| place(*before) == Some(of));
        same.last().unwrap_or(index)
    }

    /// Whether the entry that made change `index` made no further one.
    pub fn is_last_of_entry(&self, index: usize) -> bool {
        let next = self.change(index + 1).filter(|next| next.place != Place::START);
        next.is_none_or(|next| self.change(index).is_some_and(|change| change.place != next.place))
    }

    /// The number of the version right after change `index`.
    pub fn id(&self, index: usize) -> Option<u64> {
        if let Some(at) = index.checked_sub(self.document.changes().len()) {
            return self.waiting().get(at).map(|(_, served)| self.number(served));
        }
        let place = self.change(index).map(|change| change.place);
        let shard = self.document.key().shard(limits::SHARDS);
        let place = place.filter(|place| *place != Place::START)?;
        Some(VersionName::entry(place, shard).number().get())
    }

    fn number(&self, served: &VersionRef) -> u64 {
        VersionName::Object(served.object_id(self.document.key())).number().get()
    }

    /// The change after which the text has this number.
    pub fn index_of(&self, number: u64) -> Option<usize> {
        let waiting = self.waiting().iter().position(|(_, served)| self.number(served) == number);
        if let Some(at) = waiting {
            return Some(self.document.changes().len() + at);
        }
        let VersionName::Entry { position, .. } = VersionName::of(number)? else { return None };
        let is = |change: &Change| change.place.position == position;
        let kept = self.document.changes().kept().iter().rposition(|change| is(change));
        let archived = || {
            let found = |part: &Segment| {
                Some(part.first() + part.changes().iter().rposition(|change| is(change))?)
            };
            self.parts.iter().find_map(found)
        };
        let kept = kept.map(|at| self.document.changes().floor() + at);
        kept.or_else(archived).filter(|index| self.id(*index) == Some(number))
    }

    /// The text right after one of these changes.
    pub fn text(&self, number: u64) -> Option<String> {
        let index = self.index_of(number)?;
        if let (Some(waiting), Some(at)) =
            (&self.waiting, index.checked_sub(self.document.changes().len()))
        {
            let (_, served) = waiting.saves.get(at)?;
            return waiting.view.text_of(&waiting.view.resolve_version(served).ok()?);
        }
        if let Ok(version) = self.document.version_at(self.change(index)?.place) {
            return self.document.text_at(&version);
        }
        let has =
            |part: &&Segment| (part.first()..part.first() + part.changes().len()).contains(&index);
        self.parts.iter().find(has)?.text_after(index + 1).ok()
    }
}

impl<P: Ports> ClientRequest<'_, P> {
    /// The confirmed document that the client may see, with its history around the versions
    /// with these numbers (`None` for the present one): `rows` changes before and after each;
    /// and the client's own saves that wait for the log.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn history(
        &mut self,
        key: &DocumentKey,
        around: &[Option<u64>],
        rows: usize,
    ) -> Result<PageHistory, LoadError> {
        let session = self.session.clone();
        if let Some(head) = self.context.document_cache().head(key) {
            head.seen_by(key, self.session);
        }
        let mut found = self.history_held(key, around, rows);
        *self.session = session;
        if let Err(LoadError::Behind) = found {
            // What was shown to others is not to be had.
            found = self.history_held(key, around, rows);
        }
        let history = found?;
        let document = &history.document;
        self.session.see_document(key, document.cursor(), document.place());
        Ok(history)
    }

    /// The history with what the client has seen and written. Where the log does not hold
    /// that after some attempts, its own saves stand on top.
    fn history_held(
        &mut self,
        key: &DocumentKey,
        around: &[Option<u64>],
        rows: usize,
    ) -> Result<PageHistory, LoadError> {
        for attempt in 0..ATTEMPTS {
            let late = attempt > 1 && !self.context.pause(PAUSE_MS);
            let freshness = if attempt == 0 { Freshness::Fresh } else { Freshness::Now };
            let loaded = self.context.load(key, self.session, freshness)?;
            let away = self.context.relay_client().is_away();
            let last = late || away || attempt + 1 == ATTEMPTS;
            let lacking = self.context.lacking(self.session, &loaded.cached, attempt > 0);
            let lacking = lacking.filter(|lacking| last || lacking.is_nothing());
            let waiting =
                lacking.map(|lacking| self.context.waiting_saves(&loaded.cached, &lacking));
            if let Some(Ok(waiting)) = waiting {
                let mut history =
                    self.context.history_of(loaded.cached.confirmed(), around, rows)?;
                history.waiting = waiting;
                return Ok(history);
            }
        }
        Err(LoadError::Behind)
    }
}

impl<P: Ports> Context<'_, P> {
    /// The client's own saves that a document lacks, in a view, with what it has seen of others';
    /// while the relay is away, one of all that waits, if there is one.
    ///
    /// # Errors
    /// They cannot be shown here. A history without them would be taken for whole.
    fn waiting_saves(
        &mut self,
        cached: &CachedDocument,
        lacking: &Lacking,
    ) -> Result<Option<Waiting>, LoadError> {
        let Lacking { own, versions, revision } = lacking;
        if own.is_empty() {
            let waits = self.relay_client().is_away() || !versions.is_empty();
            let all = waits.then(|| self.view_with(cached, lacking)).flatten();
            return match all {
                None if !versions.is_empty() => Err(LoadError::Behind),
                all => Ok(all.map(|all| Waiting { view: all.view, saves: Vec::new() })),
            };
        }
        // What the client has seen tells which text of the origin they stand on; not all of it may
        // be visible here.
        let alone = Lacking { own: own.clone(), versions: Vec::new(), revision: *revision };
        let all = self.view_with(cached, lacking);
        let based = all.or_else(|| self.view_with(cached, &alone)).ok_or(LoadError::Behind)?;
        let view = based.view;
        let save = |entry: &OutboxEntry| {
            let Body::Edit(edit) = &entry.entry.body else { return None };
            let overlay = view.overlay();
            let mut change = overlay.filter(|change| change.edit == edit.delta.edit);
            Some((change.next()?.clone(), edit.served.clone()?))
        };
        let saves = own.iter().filter_map(save).collect();
        Ok(Some(Waiting { view, saves }))
    }

    fn history_of(
        &mut self,
        document: &Document,
        around: &[Option<u64>],
        rows: usize,
    ) -> Result<PageHistory, LoadError> {
        let mut history =
            PageHistory { document: document.clone(), parts: Vec::new(), waiting: None };
        for number in around {
            if let Some(VersionName::Entry { position, .. }) = number.and_then(VersionName::of) {
                let archive = document.archive();
                let at = archive.partition_point(|part| part.upto.position < position);
                self.add_part(&mut history, at)?;
            }
            let index = match number {
                Some(number) => history.index_of(*number),
                None => Some(document.changes().len()),
            };
            let Some(index) = index else { continue };
            let (first, end) = (index.saturating_sub(rows), index + rows);
            let mut begins = 0;
            for (at, part) in document.archive().iter().enumerate() {
                let ends = part.end as usize;
                if begins <= end && first < ends {
                    self.add_part(&mut history, at)?;
                }
                begins = ends;
            }
        }
        Ok(history)
    }

    fn add_part(&mut self, history: &mut PageHistory, at: usize) -> Result<(), LoadError> {
        let Some(part) = history.document.archive().get(at).copied() else { return Ok(()) };
        let ends = |has: &Segment| has.first() + has.changes().len() == part.end as usize;
        if !history.parts.iter().any(ends) {
            let part = self.archive().segment(history.document.key(), part);
            history.parts.push(part.ok_or(LoadError::Archived)?);
        }
        Ok(())
    }

    /// The text of a version of the log that is not kept; `None` if this is none.
    ///
    /// # Errors
    /// [`LoadError::Archived`] where its segment cannot be had now.
    pub(crate) fn archived_text(
        &mut self,
        document: &Document,
        number: u64,
    ) -> Result<Option<String>, LoadError> {
        let named = VersionName::of(number).map(|name| document.named(name));
        match named {
            Some(Err(Unresolved::Missing(Missing::Segment(_)))) => {
                Ok(self.history_of(document, &[Some(number)], 0)?.text(number))
            }
            _ => Ok(None),
        }
    }
}
