//! A document's history as pages show it: who changed it when, and what it was then.

use std::ops::Deref;

use redwedding_document::entry::Missing;
use redwedding_document::{Change, Document, Segment, Unresolved};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::{Place, VersionName};

use crate::context::{ClientRequest, Context};
use crate::limits;
use crate::load::{Freshness, LoadError};
use crate::ports::Ports;

/// A confirmed document, with as much of what it does not keep as was asked for.
#[derive(Debug)]
pub struct PageHistory {
    document: Document,
    parts: Vec<Segment>,
}

impl Deref for PageHistory {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.document
    }
}

impl PageHistory {
    /// Change `index`; `None` if it is not at hand.
    pub fn change(&self, index: usize) -> Option<&Change> {
        let kept = self.document.changes().get(index);
        let archived = || {
            self.parts.iter().find_map(|part| match index.checked_sub(part.first()) {
                Some(at) => part.changes().get(at),
                None => part.before().filter(|_| index + 1 == part.first()),
            })
        };
        kept.or_else(archived).map(AsRef::as_ref)
    }

    /// The number of the version right after change `index`.
    pub fn id(&self, index: usize) -> Option<u64> {
        let place = self.change(index).map(|change| change.place);
        let shard = self.document.key().shard(limits::SHARDS);
        let place = place.filter(|place| *place != Place::START)?;
        Some(VersionName::entry(place, shard).number().get())
    }

    /// The change after which the text has this number.
    pub fn index_of(&self, number: u64) -> Option<usize> {
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

    /// The text right after a version of the log.
    pub fn text(&self, number: u64) -> Option<String> {
        let index = self.index_of(number)?;
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
    /// with these numbers (`None` for the present one): `rows` changes before and after each.
    ///
    /// # Errors
    /// [`LoadError`]. Nothing changed.
    pub fn history(
        &mut self,
        key: &DocumentKey,
        around: &[Option<u64>],
        rows: usize,
    ) -> Result<PageHistory, LoadError> {
        let loaded = self.context.load(key, self.session, Freshness::Fresh)?;
        self.context.history_of(loaded.cached.confirmed(), around, rows)
    }
}

impl<P: Ports> Context<'_, P> {
    fn history_of(
        &mut self,
        document: &Document,
        around: &[Option<u64>],
        rows: usize,
    ) -> Result<PageHistory, LoadError> {
        let mut history = PageHistory { document: document.clone(), parts: Vec::new() };
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
