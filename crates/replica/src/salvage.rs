//! Saves that the log has lost with its tail, and this point of presence still has.
//!
//! When the relay says that a part of the log is gone, the saves that were known to be there go
//! back into the outbox before the state that knows of them is given up: from there they are
//! pushed as any other. One that stands on a place of the part that is gone cannot be taken: it is
//! set aside then, with an alarm, and kept. Where nothing but the point of presence's cache knows
//! of a save, no state is given up: it goes back once it was shown beside the log for long.
//!
//! Must never change a save: its dots would be others, and where those decide what comes first,
//! the text that later saves were made on would be another one.

use std::collections::BTreeSet;

use redwedding_document::entry::{Body, Entry};
use redwedding_document::{Document, View};
use redwedding_wire::codec::{Decode, Encode};
use redwedding_wire::identity::{Actor, DocumentKey, EditId};
use redwedding_wire::version::VersionName;

use crate::cached_document::CachedDocument;
use crate::confirmed_document::ConfirmedDocument;
use crate::context::Context;
use crate::keys;
use crate::limits;
use crate::outbox::OutboxEntry;
use crate::outbox::joined::JoinedEntries;
use crate::ports::{Level, Ports, Store};
use crate::reconcile::Found;
use crate::relay_client::Exchanged;

impl<P: Ports> Context<'_, P> {
    /// After an exchange: puts back into the outbox what it says to be lost. `false` where the
    /// store does not take it, or nobody can say whether it may go back: what was known must not
    /// be given up then.
    pub(crate) fn salvaged(&mut self, exchanged: &Exchanged) -> bool {
        let Some(before) = &exchanged.before else { return true };
        let lost = self.lost_saves(before, &exchanged.document);
        if lost.is_empty() {
            return true;
        }
        let (key, many) = (before.key(), lost.len());
        match self.holds_unknown_flush(before, &exchanged.document) {
            Found::No => {
                let what = format!("the log lost a part of {key}: {many} saves go back");
                self.ports.log(Level::Warning, &format!("{what} to the outbox"));
                self.write_salvaged(before, &lost)
            }
            Found::Yes => {
                // The origin may have them: put back they would be there twice.
                let what = format!("the log lost a part of {key}, and a flush with it");
                let event = format!("{what}: {many} saves are not put back");
                self.ports.log(Level::Alarm, &event);
                true
            }
            Found::Unanswered => false,
        }
    }

    /// After a view was shown, with the relay in reach: puts its saves that the log does not have
    /// back into the outbox, once they were not there for long. Those that wait as well are pushed
    /// once more: nothing comes of it.
    pub(crate) fn salvage_shown(&mut self, cached: &CachedDocument, view: &View) {
        let shown = view.overlay().take(limits::PEEKED_ENTRIES).map(|change| change.actor);
        let oldest = shown.clone().next().filter(|_| self.relay_client().has_answered());
        let what = oldest.map(|oldest| format!("shown-{oldest}"));
        let Some(what) = what.filter(|what| self.missing_for(what, limits::LET_GO_MS)) else {
            return;
        };
        self.seek_anew(&what);
        let shown = shown.collect();
        self.salvage_taken(cached, shown);
    }

    /// After what these versions hold was sought in vain, together or beside something else: puts
    /// back into the outbox what the log does not have of it, once that was so for long. Saves on
    /// two texts of the origin come together in the log alone.
    pub(crate) fn salvage_named(
        &mut self,
        key: &DocumentKey,
        versions: impl Iterator<Item = VersionName>,
    ) {
        let Some(cached) = self.document_cache().document(key) else { return };
        for name in versions {
            let VersionName::Object(id) = name else { continue };
            let version = self.version_store().object_of(cached.confirmed(), id);
            let newest = version.into_iter().flat_map(|version| version.extra);
            let lacks = |actor: &Actor| cached.confirmed().change_by(*actor).is_none();
            let newest: BTreeSet<Actor> = newest.filter(lacks).collect();
            let what = format!("named-{}", name.number());
            if !newest.is_empty() && self.missing_for(&what, limits::SALVAGED_MS) {
                self.seek_anew(&what);
                self.salvage_taken(&cached, newest);
            }
        }
    }

    /// Puts back into the outbox what this point of presence took of these changes, and what they
    /// were made on, as far as the log does not have it; a few.
    fn salvage_taken(&mut self, cached: &CachedDocument, changes: BTreeSet<Actor>) {
        if self.stopped(cached.confirmed()) != Found::No {
            // The origin may have them: put back they would be there twice.
            return;
        }
        let (mut sought, mut next) = (BTreeSet::new(), changes);
        while !next.is_empty() && sought.len() < limits::PEEKED_ENTRIES {
            let found = self.outbox().taken_here(cached.key(), &next);
            sought.append(&mut next);
            let parents = found.iter().flat_map(|save| save.parents().iter().copied());
            let parents = parents.filter(|it| cached.confirmed().change_by(*it).is_none());
            next = parents.filter(|parent| !sought.contains(parent)).collect();
            for save in found {
                if !self.is_set_aside(&save) {
                    self.put_into_outbox(&save);
                }
            }
        }
    }

    /// Whether the relay has refused a save, as far as the store tells.
    fn is_set_aside(&mut self, save: &OutboxEntry) -> bool {
        let Some(edit) = save.edit() else { return false };
        let name = keys::set_aside(save.document(), edit);
        !matches!(self.ports.store().get(&name), Ok(None))
    }

    /// Puts a save that is known here into the outbox once more.
    pub(crate) fn put_into_outbox(&mut self, save: &OutboxEntry) {
        let Some(edit) = save.edit() else { return };
        let name = keys::outbox(save.document(), edit);
        let pending = self.ports.store().begin_insert(&name, save.encode());
        // Who asks again tries again.
        let _ = self.ports.store().finish_insert(pending);
    }

    /// The saves that were known before and the log does not have, as far as they can be had here.
    fn lost_saves(&mut self, before: &ConfirmedDocument, after: &Document) -> Vec<OutboxEntry> {
        let lost = |edit: EditId| after.change_of(edit).is_none();
        // What the origin has, or may have, comes from there: put back it would be there twice.
        let (tip, open) = (before.origin().tip.as_ref(), before.origin().open());
        let written = open.map_or(0, |open| open.intent.upto.position);
        let at_origin = |index: usize, position| {
            tip.is_some_and(|tip| tip.version.contains(index as u32)) || position <= written
        };
        let known = before.changes().indexed().filter(|(index, change)| {
            let save = change.edit != EditId::default();
            save && lost(change.edit) && !at_origin(*index, change.place.position)
        });
        let known: BTreeSet<Actor> = known.map(|(_, change)| change.actor).collect();
        let mut found = self.outbox().taken_here(before.key(), &known);
        found.extend(before.tail_entries().filter_map(|entry| save_of(entry, &known)));
        if let Some(overlay) = self.replica.memory.overlay(before.key()) {
            // What waits as well is pushed once more: nothing comes of it.
            let waits = overlay.all().filter(|save| save.edit().is_some_and(lost));
            found.extend(waits.cloned());
        }
        let mut edits = BTreeSet::new();
        found.retain(|save| save.edit().is_some_and(|edit| edits.insert(edit)));
        found
    }

    /// Under names of their own: another sandbox that knew them in the log may still be about to
    /// delete the ones that they had.
    fn write_salvaged(&mut self, of: &Document, lost: &[OutboxEntry]) -> bool {
        let by = (self.replica.id(), self.ports.now_ms());
        let mut rest = lost;
        while !rest.is_empty() {
            let joined = JoinedEntries::of(rest);
            rest = &rest[joined.0.len()..];
            let encoded = joined.encode();
            let name = joined.fresh_name(of.key(), &encoded, by);
            let pending = self.ports.store().begin_insert(&name, encoded);
            if let Err(error) = self.ports.store().finish_insert(pending) {
                self.ports.log(Level::Warning, &error.to_string());
                return false;
            }
        }
        true
    }
}

/// The save that an encoded entry of the log is, if it is one of these. What was taken was
/// acknowledged, so it goes back whatever its condition was: that was met.
fn save_of(entry: &[u8], saves: &BTreeSet<Actor>) -> Option<OutboxEntry> {
    let mut entry = Entry::decode(entry).ok()?;
    let saved = saves.contains(&entry.actor()?);
    let Body::Edit(edit) = &mut entry.body else { return None };
    edit.condition = None;
    saved.then(|| OutboxEntry { entry, own: Vec::new() })
}
