//! What has to be in the log before an entry that misses it.

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Entry, Missing, Note, OriginPage};
use redwedding_wire::identity::DocumentKey;
use redwedding_wire::version::OriginText;

use crate::context::Context;
use crate::ports::Ports;

impl<P: Ports> Context<'_, P> {
    /// The entry that brings into the log what another one misses; `None` where it
    /// cannot be had here, or nothing that a replica has would help.
    pub(crate) fn dependency(&mut self, key: &DocumentKey, missing: &Missing) -> Option<Entry> {
        match missing {
            Missing::Object(id) => {
                let version = self.version_store().object(key, *id)?;
                Some(Entry::new(key.clone(), Body::Version(version)))
            }
            Missing::Origin(text) => self.origin_text(key, *text),
            // The log may have lost what it once had.
            Missing::Actor(actor) => {
                let taken = self.outbox().taken_here(key, &BTreeSet::from([*actor]));
                let taken = taken.into_iter().next().map(|waiting| waiting.entry);
                let overlay = || self.replica.memory.overlay(key);
                let known = || overlay()?.all().find(|known| known.entry.actor() == Some(*actor));
                taken.or_else(|| known().map(|known| known.entry.clone()))
            }
            Missing::Position(_) | Missing::Segment(_) => None,
        }
    }

    /// A text of the origin: as the store has it, else as the origin has it.
    fn origin_text(&mut self, key: &DocumentKey, name: OriginText) -> Option<Entry> {
        if let Some(base) = self.version_store().detached_base(key, name) {
            return Some(base);
        }
        let text = self.origin_client().revision_text(key, name.revision).ok()?;
        let page = OriginPage { revision: name.revision, text, time_ms: 0, note: Note::default() };
        (page.name() == name).then(|| Entry::new(key.clone(), Body::Base(page)))
    }
}
